"""The screenshots of the shared evaluation set: nine in ten of the phrases that a person reads off them are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from resuelve.readers.formats import picture
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits, Passage

PHRASES = {
    "imagen001.png": (
        "Área de Clientes|NIF o NIE|Contraseña|Entrar|¿Has olvidado tu contraseña?|¿Aún no te has registrado?|"
        "Descárgatela ahora|Lee este código con tu móvil|Está disponible para|Todos los derechos reservados|"
        "Política de Cookies"
    ),
    "imagen002.png": "Área de Clientes|El formato no es correcto|Entrar|¿Has olvidado tu contraseña?|PRIVADA|oauth2",
    "imagen006.png": (
        "Área de clientes|Particulares|Autónomos|Ahorro e Inversión|Salud y Dental|Vida y Decesos|Otros seguros|"
        "Contacto|Terceros|al mejor precio|Más coberturas|Calcula tu precio"
    ),
    "imagen007.png": (
        "Empresas|Viajes|más económico|sin límites anuales|defensa jurídica|Coberturas incluidas|"
        "Coberturas opcionales|50.000.000 €|Asistencia en carretera|multas de tráfico"
    ),
}
"""General words only, a few of all that stands there."""


@pytest.mark.parametrize("name", PHRASES)
def test_nine_in_ten_phrases_are_read(name: str, shared_data: Path) -> None:
    data = (shared_data / "insurance-es" / "images" / name).read_bytes()
    found = picture.read(data, Scope(Limits(), 0, lambda *_: iter(()), lambda _: iter(())))
    text = " ".join(" ".join(one.text for one in found if isinstance(one, Passage)).split())
    phrases = PHRASES[name].split("|")
    missing = [phrase for phrase in phrases if phrase not in text]
    assert len(missing) <= 0.1 * len(phrases), missing
