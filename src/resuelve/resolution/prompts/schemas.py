"""What a model may answer, a closed vocabulary a role. Field names are Spanish, like the prompts.

The reason comes before what follows from it: servers write the fields in this order, and a small model that has to name
a letter first names one at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

NONE = "NINGUNO"


class Answer(BaseModel):
    """No field beyond those asked for."""

    model_config = ConfigDict(extra="forbid")


class Reformulation(Answer):
    """The ticket in one sentence, and a second matter if there is one."""

    problema: str
    otro_asunto: str


class Selection(Answer):
    """A letter of those offered, or none. `selection_among` narrows `eleccion` to them."""

    motivo: str
    eleccion: str


class Review(Answer):
    """The critic's answer. Bounds are checked here, because not every server keeps to them."""

    motivo: str
    veredicto: Literal["APROBADO", "RECHAZADO", "YA_INTENTADO"]
    puntuacion: int = Field(ge=0, le=100)
    tipo_problema: Literal[
        "NINGUNO", "NO_ENCAJA", "ENCAJE_DEBIL", "AMBIGUO", "CONTRADICTORIO", "VARIOS_ASUNTOS", "YA_INTENTADO"
    ]
    enfoque: str


class Description(Answer):
    """What a picture shows. Longer texts are no description of a screen, and are asked for again."""

    pantalla: str = Field(max_length=300)
    mensaje: str = Field(max_length=1000)
    haciendo: str = Field(max_length=300)


def selection_among(letters: Sequence[str]) -> type[Selection]:
    """The answer's type when these letters are offered: anything else does not validate."""
    return _selection(tuple(letters))


@lru_cache(maxsize=32)
def _selection(letters: tuple[str, ...]) -> type[Selection]:
    choices: Any = Literal[(*letters, NONE)]
    return create_model("Selection", __base__=Selection, eleccion=(choices, ...))
