"""Closed incidents for measurements: those of the demo and of the two invented desks, told in many ways.

Each text is different, so that no cache helps; each has a date, a closure and an answer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.incidents import demo

_DESKS = Path(__file__).parent / "critic"
_BEFORE = (
    "Buenos días. ",
    "Otra vez lo mismo. ",
    "Lo he probado dos veces. ",
    "Es urgente para nosotros. ",
    "Llamo de parte de un compañero. ",
    "Desde la semana pasada. ",
    "No sé si es cosa mía. ",
    "Me han dicho que escriba aquí. ",
    "",
)
_AFTER = (
    " Quedo a la espera.",
    " Ya lo comenté por teléfono.",
    " En otro equipo ocurre igual.",
    " Ayer funcionaba sin problema.",
    " ¿Me lo podéis mirar?",
    " Adjunto una captura.",
    "",
)
_QUEUES = ("GR_NEG_COBROS", "GR_GEN_DATOS", "GR_GEN_INFRA")
_FORMAT = "%d/%m/%Y %H:%M:%S UTC"


def closed_incidents(size: int, seed: int = 7) -> list[dict[str, Any]]:
    """So many closed incidents in the contract's shape, the same ones each time."""
    chance = random.Random(seed)
    stories = list(_stories())
    # A few problems make most of the work, as on a real desk.
    weights = [1.0 / (1 + rank) ** 0.6 for rank in range(len(stories))]
    chance.shuffle(stories)
    return [_told(number, *story, chance) for number, story in enumerate(chance.choices(stories, weights, k=size))]


def _stories() -> Iterator[tuple[dict[str, Any], str, str]]:
    """An incident, the answer that its problem gets, and the mailbox that it is moved to (often none)."""
    for position, one in enumerate([*demo("incidencias_cerradas.json"), *demo("incidencias_abiertas.json")]):
        written = (entry.get("NotasResolucion") for entry in one.get("historial", ()))
        notes = next((text for text in written if text), "")
        yield one, notes or f"Revisado el caso «{one['titulo']}» y explicado al solicitante.", _moved(position)
    for folder in sorted(_DESKS.glob("*/cases.jsonl")):
        for position, line in enumerate(folder.read_text(encoding="utf-8").splitlines()):
            one = json.loads(line)["incident"]
            yield one, f"Corregido «{one['titulo']}» y avisado el solicitante.", _moved(position)


def _moved(position: int) -> str:
    return _QUEUES[position % len(_QUEUES)] if position % 4 == 0 else ""


def _told(number: int, one: dict[str, Any], answer: str, queue: str, chance: random.Random) -> dict[str, Any]:
    opened = datetime(2025, 11, 3, 8, tzinfo=UTC) + timedelta(minutes=chance.randrange(365 * 24 * 60))
    closed = opened + timedelta(hours=chance.lognormvariate(2.2, 1.2))
    text = f"{chance.choice(_BEFORE)}{_shortened(one['descripcion'], chance)}{chance.choice(_AFTER)} Caso {number}."
    history = [_entry(closed, "Equipo", "Resuelta", answer, queue)]
    if chance.random() < 0.04:
        again = closed + timedelta(hours=20)
        history.append(_entry(again, "Persona Inventada", "En curso", "", ""))
        history.append(_entry(again + timedelta(hours=5), "Equipo", "Resuelta", answer, ""))
    return {
        **one,
        "codIncidencia": f"MIN{number:06d}",
        "solicitante": f"Persona Inventada {number % 400}",
        "estado": "Resuelta",
        "apertura": opened.strftime(_FORMAT),
        "descripcion": text,
        "historial": history,
    }


def _shortened(text: str, chance: random.Random) -> str:
    """The text with one of its sentences left out, if it has several."""
    sentences = text.split(". ")
    if len(sentences) > 2:
        del sentences[chance.randrange(1, len(sentences))]
    return ". ".join(sentences)


def _entry(at: datetime, author: str, state: str, notes: str, queue: str) -> dict[str, Any]:
    return {
        "Fecha": at.strftime(_FORMAT),
        "Autor": author,
        "CodigoResolucion": "REASIGNADO" if queue else "RESUELTO",
        "NotasResolucion": notes,
        "buzonComentario": "GR_MESA",
        "buzonAsignado": queue or "GR_MESA",
        "estado": state,
        "detalle": None,
    }
