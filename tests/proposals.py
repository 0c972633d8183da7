"""Proposals for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.knowledge.maintenance.proposal import Evidence, Grade, Proposal, ProposalKind, proposal_id

CLOSE = Prescription(ResolutionKind.CLOSE)


def evidence(code: str, title: str = "") -> Evidence:
    return Evidence(code, title or f"Asunto de {code}", "Buenos días. Ya está.", CLOSE, date(2026, 1, 31), False)


def new_problem(*codes: str, problem: str = "NEW1", description: str = "", **more: Any) -> Proposal:
    found = Proposal(
        id=proposal_id(ProposalKind.PROBLEM, codes),
        kind=ProposalKind.PROBLEM,
        problem=problem,
        component="Web",
        description=description or f"No carga el mapa de {' y '.join(codes)}",
        kind_of_incident="Error",
        solution="Buenos días. Recargue la página y vuelva a abrir el mapa.",
        prescription=CLOSE,
        resolved_on=date(2026, 2, 1),
        certainty=0.75,
        grade=Grade.GOOD,
        reasons=(),
        evidence=tuple(map(evidence, codes)),
    )
    return replace(found, **more)


def example(code: str, problem: str = "W1", description: str = "", **more: Any) -> Proposal:
    return new_problem(
        code,
        problem=problem,
        description=description or f"No me deja pasar {code}",
        **{"kind": ProposalKind.EXAMPLE, "id": proposal_id(ProposalKind.EXAMPLE, [code]), **more},
    )
