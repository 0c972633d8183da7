"""What a model may answer, a closed vocabulary a role. Field names are Spanish, like the prompts."""

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

    eleccion: str
    motivo: str


class Review(Answer):
    """The critic's answer. Bounds are checked here, because not every server keeps to them."""

    veredicto: Literal["APROBADO", "RECHAZADO", "YA_INTENTADO"]
    puntuacion: int = Field(ge=0, le=100)
    motivo: str
    tipo_problema: Literal[
        "NINGUNO", "NO_ENCAJA", "ENCAJE_DEBIL", "AMBIGUO", "CONTRADICTORIO", "VARIOS_ASUNTOS", "YA_INTENTADO"
    ]
    enfoque: str


def selection_among(letters: Sequence[str]) -> type[Selection]:
    """The answer's type when these letters are offered: anything else does not validate."""
    return _selection(tuple(letters))


@lru_cache(maxsize=32)
def _selection(letters: tuple[str, ...]) -> type[Selection]:
    choices: Any = Literal[(*letters, NONE)]
    return create_model("Selection", __base__=Selection, eleccion=(choices, ...))
