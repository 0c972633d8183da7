"""Draws the example of ``finetune/LLMImage``: invented dialogs of an invented application, and what each says."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parents[1] / "finetune" / "LLMImage"
WIDTH, HEIGHT = 320, 150
SCREENS = (
    ("acceso", "Acceso", "error", "Contraseña caducada", "E-1042"),
    ("poliza", "Póliza", "error", "No se puede emitir el recibo", "P-2201"),
    ("siniestro", "Alta de siniestro", "aviso", "Falta la fecha de ocurrencia", ""),
    ("informe", "Informes", "error", "Tiempo de espera agotado", "T-0504"),
    ("firma", "Firma", "aviso", "El certificado caduca en 3 días", ""),
    ("correo", "Correo", "error", "Buzón lleno: no se envía", "M-0552"),
)
COLOURS = {"error": (176, 32, 32), "aviso": (196, 140, 16)}


def main() -> None:
    """Write pictures and entries anew."""
    entries = []
    (FOLDER / "images").mkdir(parents=True, exist_ok=True)
    for name, window, kind, text, code in SCREENS:
        _draw(FOLDER / "images" / f"{name}.png", window, kind, text, code)
        said = f"Pantalla «{window}» con un {kind}: «{text}»" + (f", código {code}." if code else ".")
        entries.append({"imagen": f"{name}.png", "texto": said})
    lines = ",\n ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    (FOLDER / "entradas.json").write_text(f"[{lines}]\n", encoding="utf-8")


def _draw(path: Path, window: str, kind: str, text: str, code: str) -> None:
    picture = Image.new("RGB", (WIDTH, HEIGHT), (238, 240, 243))
    pen = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(13), ImageFont.load_default(15)
    pen.rectangle((0, 0, WIDTH, 26), fill=(44, 62, 96))
    pen.text((10, 5), window, fill="white", font=small)
    pen.ellipse((16, 48, 48, 80), fill=COLOURS[kind])
    pen.text((29, 53), "!" if kind == "aviso" else "x", fill="white", font=large)
    pen.text((64, 54), text, fill=(30, 30, 30), font=large)
    if code:
        pen.text((64, 80), f"Código {code}", fill=(90, 90, 90), font=small)
    pen.rounded_rectangle((WIDTH - 90, HEIGHT - 38, WIDTH - 14, HEIGHT - 12), 4, outline=(120, 120, 120))
    pen.text((WIDTH - 74, HEIGHT - 34), "Aceptar", fill=(40, 40, 40), font=small)
    picture.quantize(32).save(path, optimize=True)


if __name__ == "__main__":
    main()
