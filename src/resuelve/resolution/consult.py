"""Between authorise and act: what the chosen row leads to, and what a business system's agent makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from resuelve.agents import AgentRequest, Agents
from resuelve.domain.decision import AgentAnswer, Close, HandOff, Hold, Reassign, Resolution, RunAgent
from resuelve.domain.identifier import PERSON_KINDS, Identifier, IdentifierKind
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.resolution.critique import same_text
from resuelve.resolution.identify import has_placeholder
from resuelve.resolution.promise import told
from resuelve.resolution.read import OCR, Reading
from resuelve.telemetry.logs import log
from resuelve.texts import say


def prescribed(problem: KnownError, language: str = "es", *, requester: str = "es") -> Resolution:
    """The resolution that a row prescribes; the text is the row's own.

    Args:
        language: of the reason for a hand-over.
        requester: the language in which a day is told; what people wrote is never translated.
    """
    prescription = problem.prescription
    match prescription.kind:
        case ResolutionKind.CLOSE:
            return Close(problem.solution)
        case ResolutionKind.HOLD:
            return Hold(told(problem, requester))
        case ResolutionKind.REASSIGN:
            # Colleagues need no solution: where it was never filled in, what the problem is tells them enough.
            filled_in = problem.solution and not has_placeholder(problem.solution)
            return Reassign(prescription.queue, problem.solution if filled_in else problem.description)
        case ResolutionKind.AGENT:
            return RunAgent(prescription.agent_code)
        case ResolutionKind.MANUAL:
            return HandOff(say("resolution.manual_row", language, id=problem.id))


def consult(
    code: str, reading: Reading, identifiers: Sequence[Identifier], agents: Agents, *, language: str = "es"
) -> AgentAnswer:
    """Ask the agent of a code. No such agent, or an answer that the ticket has seen before: a person gets it.

    Args:
        language: of the reasons for hand-overs; what goes to the ticket is in the ticket's language.

    Raises:
        AgentRefused, AgentUnavailable: the business system gave no answer that may be used.
    """
    build = agents.get(code)
    if build is None:
        return HandOff(say("resolution.no_agent", language, code=code))
    usable, misread = _usable(reading, identifiers)
    lost = sorted({one.kind.upper() for one in misread})
    if {_sort(one.kind) for one in misread} & {_sort(one.kind) for one in usable}:
        # Of several the one that could be read is not the one that is meant.
        return HandOff(say("resolution.misread", language, kind=", ".join(lost)))
    request = AgentRequest(code, reading.incident.code, usable, reading.language, language)
    answer = build().answer(request)
    log.debug("agent.asked", agent=code, answer=type(answer).__name__.lower())
    if misread and isinstance(answer, Hold):
        return HandOff(say("resolution.misread", language, kind=", ".join(lost)))
    if isinstance(answer, HandOff):
        return answer
    if has_placeholder(answer.text):
        return HandOff(say("resolution.agent_placeholder", language, code=code))
    if any(same_text(answer.text, attempt.text) for attempt in reading.attempts):
        return HandOff(say("resolution.agent_repeats", language, code=code))
    return answer


def _usable(
    reading: Reading, identifiers: Sequence[Identifier]
) -> tuple[tuple[Identifier, ...], tuple[Identifier, ...]]:
    """The identifiers that an agent is told, and those that may have been misread.

    What people typed goes before what stands in a file: only where no identifier of a kind was typed, those of the
    attachments count. One that was read off a picture and fails its check may be right on the picture.
    """
    attached = {part.source for part in reading.seen}
    typed = {_sort(one.kind) for one in identifiers if one.source not in attached}
    told = [one for one in identifiers if one.source not in attached or _sort(one.kind) not in typed]
    misread = tuple(one for one in told if one.source in attached and f" · {OCR}" in one.source and not one.valid)
    return tuple(one for one in told if one not in misread), misread


def _sort(kind: IdentifierKind) -> str:
    """NIF, NIE and CIF all say who somebody is."""
    return "person" if kind in PERSON_KINDS else kind.value
