"""A dictionary of any size for measurements: invented short rows, every description another."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

_HEADER = (
    "COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,FECHA DE RESOLUCIÓN,"
    "RESOLUCION AUTOMÁTICA,BUZON REASIGNACION,ID PROBLEMA"
).split(",")
_COMPONENTS = ("Aplicación móvil", "Área privada", "Cuadro médico", "Recibos", "Reembolsos", "Correo", "Impresoras")
_THINGS = (
    "la clave",
    "el recibo de marzo",
    "la foto de la factura",
    "el volante de pruebas",
    "la tarjeta digital",
    "el buscador de centros",
    "la firma del contrato",
    "el código que llega al móvil",
    "la cita con el especialista",
    "el certificado de retenciones",
    "la cuenta de cargo",
)
_FAULTS = (
    "no se abre",
    "da un error al guardar",
    "aparece en blanco",
    "sale con los datos de otra persona",
    "se queda cargando",
    "ha desaparecido",
    "está caducada y no deja renovarla",
    "llega dos veces",
    "no coincide con lo que dice la web",
)
_WHEN = (
    "desde ayer",
    "solo en el navegador",
    "después de actualizar",
    "al entrar desde casa",
    "cuando hay dos asegurados",
    "en el teléfono nuevo",
    "a primera hora",
    "tras cambiar de domicilio",
)
_RESOLUTIONS = (
    ("cierre", ""),
    ("manual", ""),
    ("En espera", ""),
    ("reasignacion", "GR_GEN_INFRA"),
    ("cierre", ""),
)


def row(number: int) -> list[str]:
    """The cells of one row; another number gives another description."""
    thing, rest = _THINGS[number % len(_THINGS)], number // len(_THINGS)
    fault, rest = _FAULTS[rest % len(_FAULTS)], rest // len(_FAULTS)
    when, rest = _WHEN[rest % len(_WHEN)], rest // len(_WHEN)
    kind, queue = _RESOLUTIONS[number % len(_RESOLUTIONS)]
    description = f"{thing[0].upper()}{thing[1:]} {fault} {when}, puesto {rest}"
    end = "\n" if number % 5 == 0 else " "  # some cells have lines
    solution = f"Buenos días. Hemos revisado {thing} y ya funciona.{end}Si vuelve a ocurrir, indique el puesto {rest}."
    day = f"{1 + number % 28:02}/{1 + number % 12:02}/2026"
    component = _COMPONENTS[number % len(_COMPONENTS)]
    return [component, description, "Incidencia", solution, day, kind, queue, f"INV{number:06}"]


def rows(count: int) -> Iterator[list[str]]:
    """So many rows, the same ones each time."""
    return map(row, range(count))


def sheet(records: Iterator[list[str]]) -> str:
    """The rows as the text of a dictionary's file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    writer.writerows(records)
    return text.getvalue()
