"""What a language model says of a row that scores and rules would act on: it can take the row away, and nothing else.

Three questions at most: what the ticket is about, which of the rows offered it is a case of, and what speaks against
the one that was chosen. The score stays that of the ticket's own words. It was different once, and a model that agreed
with everything had wrong actions done (ADR 0014).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from resuelve.domain.decision import Choice, Critique, Doubt, Verdict
from resuelve.domain.errors import ModelOutputInvalid
from resuelve.domain.identifier import Identifier
from resuelve.domain.known_error import KnownError
from resuelve.models import ChatModel
from resuelve.resolution.case import Case
from resuelve.resolution.critique import VETOED, critique
from resuelve.resolution.decide import decide, offer
from resuelve.resolution.read import Reading
from resuelve.resolution.reformulate import Query, depersonalised, restate
from resuelve.resolution.rerank import Ranked, consequence
from resuelve.resolution.retrieve import NOTHING, Retrieved
from resuelve.resolution.trace import Trace
from resuelve.texts import say, translated

Search = Callable[[Reading, Sequence[Query]], tuple[Retrieved, tuple[Ranked, ...]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the model is asked about.

    Attributes:
        case: the row that scores and rules have approved, as the critic saw it.
        ours: what the critic said without a model.
        offered: the rows to choose from, the approved one among them.
        avoid, advice: the rows that were rejected before, and what the critic then said.
    """

    case: Case
    ours: Critique
    identifiers: Sequence[Identifier]
    offered: tuple[Ranked, ...]
    avoid: Collection[str] = ()
    advice: str = ""


def second_opinion(
    asked: Asked, chat: ChatModel, *, search: Search, trace: Trace, query_limit: int = 2, language: str = "es"
) -> Critique:
    """The critic's verdict after the model has been heard. Never better than without it; no usable answer is a veto.

    Args:
        search: finds and orders rows, and leaves its steps in the trace.
        query_limit: how many rows found with the model's words are offered besides.

    Raises:
        ModelUnavailable: the model is out of reach; later it may work.
    """
    case = asked.case
    ticket = depersonalised(case.reading, asked.identifiers, case.telling)
    queries = _restated(ticket, chat, trace)
    found, ranked = search(case.reading, queries) if queries else (NOTHING, ())
    held = {one.problem.id for one in asked.offered}
    offered = (*asked.offered, *offer(ranked, {*held, *asked.avoid}, query_limit))
    try:
        choice = _chosen(replace(asked, offered=offered), ticket, chat, trace, language)
        if choice.problem is None:
            return _against(asked.ours, case.problem, Doubt.NO_MATCH, choice.reason, language)
        if consequence(choice.problem) != consequence(case.problem):
            slots = {"id": case.problem.id, "other": choice.problem.id, "why": choice.reason}
            reason = say("resolution.doubt.model_disagrees", language, **slots)
            return _against(asked.ours, case.problem, Doubt.MODEL_DISAGREES, reason, language)
        return _reviewed(case, found, ticket, chat, trace, language)
    except ModelOutputInvalid as error:
        reason = say("resolution.model_failed", language, error=translated(error.what, language))
        return _against(asked.ours, case.problem, Doubt.MODEL_FAILED, reason, language)


def _restated(ticket: str, chat: ChatModel, trace: Trace) -> tuple[Query, ...]:
    with trace.stage("reformulate", {"model": chat.name}) as step:
        try:
            queries, step.input["model"] = restate(ticket, chat)  # it may be a student of the model that was asked
            step.output = queries
        except ModelOutputInvalid:
            # The rows that the ticket's own words have found are there to choose from.
            step.output = queries = ()
    return queries


def _chosen(asked: Asked, ticket: str, chat: ChatModel, trace: Trace, language: str) -> Choice:
    offered, avoid, advice = asked.offered, asked.avoid, asked.advice
    given = {
        "model": chat.name,
        "offered": [one.problem.id for one in offered],
        "avoid": sorted(avoid),
        "advice": advice,
    }
    with trace.stage("decide", given) as step:
        choice = decide(offered, chat=chat, ticket=ticket, avoid=avoid, advice=advice, language=language)
        step.output = {"chosen": choice.problem.id if choice.problem else None, "reason": choice.reason}
    return choice


def _reviewed(case: Case, found: Retrieved, ticket: str, chat: ChatModel, trace: Trace, language: str) -> Critique:
    """The rules once more, now with the second matter that the model saw, and then the model's review."""
    aside = found.aside or case.found.aside
    # What a second matter costs to look for has been spent already.
    case = replace(case, found=replace(case.found, aside=aside), second=lambda: None)
    given = {"model": chat.name, "problem": case.problem.id, "threshold": case.threshold}
    with trace.stage("critique", given) as step:
        verdict = critique(case, chat, ticket=ticket, language=language)
        step.output = {"problem": case.problem.id, "critique": verdict}
    if "model_score" not in verdict.features:  # a rule spoke again, and the model was not asked
        trace.calls.criticised(case, verdict, step.seconds)
    return verdict


def _against(ours: Critique, problem: KnownError, doubt: Doubt, reason: str, language: str) -> Critique:
    """A veto; the features of the row stay, so that a person sees what it rested on."""
    return replace(
        ours,
        verdict=Verdict.REJECTED,
        score=min(ours.score, VETOED),
        reason=reason,
        doubt=doubt,
        avoid=(problem.id,),
        advice=say(f"resolution.advice.{doubt.value}", language),
    )
