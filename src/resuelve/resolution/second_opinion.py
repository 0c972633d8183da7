"""What a language model says of a row that scores and rules would act on: it can take the row away, and nothing else.

Three questions at most, each one call: which of the rows offered the ticket is a case of, if of any; what it is about;
and what speaks against the row that was chosen. The first no ends them. The score stays that of the ticket's own words.
It was different once, and a model that agreed with everything had wrong actions done (ADR 0014). A no takes away all,
unless a team's outcomes have shown that it is worth less; where no answer could take enough away, nothing is asked (ADR
0033).
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
from resuelve.resolution.votes import ABSOLUTE, CHOICE, MATTER, REVIEW, Votes
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

    Where the score leaves it nothing to change, it is not asked, and the verdict is ours.

    Args:
        search: finds and orders rows, and leaves its steps in the trace.
        query_limit: how many rows found with the model's words its review is shown besides.

    Raises:
        ModelUnavailable: the model is out of reach; later it may work.
    """
    case = asked.case
    # Only of such tickets does a replayed past tell what a no is worth.
    votes = case.scoring.votes_of(chat.name) if case.reading.fresh and not case.carried else ABSOLUTE
    if votes.certain(asked.ours.score, case.threshold):
        with trace.stage("decide", {"model": chat.name, "certain_from": votes.certain_from(case.threshold)}) as step:
            step.output = {"asked": False}
        return asked.ours
    ticket = depersonalised(case.reading, asked.identifiers, case.telling)
    try:
        # The list goes first: most noes are said to it, and then nothing else is asked.
        if no := _chosen(asked, votes, ticket, chat, trace, language):
            return no
        queries, failed = _restated(ticket, chat, trace)
        found, ranked = search(case.reading, queries) if queries else (NOTHING, ())
        held = {one.problem.id for one in asked.offered}
        asked = replace(asked, case=replace(case, beside=offer(ranked, {*held, *asked.avoid}, query_limit)))
        verdict = _reviewed(asked, votes, found, ticket, chat, trace, language)
        return _without(MATTER, verdict) if failed else verdict
    except ModelOutputInvalid as error:
        reason = say("resolution.model_failed", language, error=translated(error.what, language))
        return _against(asked.ours, case.problem, Doubt.MODEL_FAILED, reason, language)


def _no_of(choice: Choice, case: Case, language: str) -> tuple[Doubt, str] | None:
    """What speaks against the row when the model chose so, and why; None where it chose what leads to the same."""
    if choice.problem is None:
        return Doubt.NO_MATCH, choice.reason
    if consequence(choice.problem) == consequence(case.problem):
        return None
    slots = {"id": case.problem.id, "other": choice.problem.id, "why": choice.reason}
    return Doubt.MODEL_DISAGREES, say("resolution.doubt.model_disagrees", language, **slots)


def _weighed(verdict: Critique, last: str, asked: Asked, votes: Votes, language: str) -> Critique:
    """The verdict with the votes up to the last question among its features; a no that is worth too little is no veto.

    Args:
        verdict: as it is where nothing was learned of the model's votes.
        last: the vote on the last question; those before were for the row.
    """
    ours, case = asked.ours, asked.case
    accepted = verdict.verdict is Verdict.APPROVED and verdict.score >= case.threshold
    before = _ORDER[: _ORDER.index(last)]
    features = {**verdict.features, **dict.fromkeys(before, 1.0), last: 1.0 if accepted else -1.0}
    verdict = replace(verdict, features=features)
    tried = verdict.verdict is Verdict.ALREADY_TRIED
    if accepted or tried or not votes.spares(ours.score, last, case.threshold):
        return verdict
    left = votes.after_no(ours.score, last) or 0.0
    reason = say("resolution.outvoted", language, id=case.problem.id, score=f"{left:.0f}", why=verdict.reason)
    return replace(ours, score=left, reason=reason, features=features)


_ORDER = (CHOICE, MATTER, REVIEW)


def _without(vote: str, verdict: Critique) -> Critique:
    """No usable answer is no vote."""
    return replace(verdict, features={name: value for name, value in verdict.features.items() if name != vote})


def _restated(ticket: str, chat: ChatModel, trace: Trace) -> tuple[tuple[Query, ...], bool]:
    """What to search with, and whether there was no usable answer.

    The rows that the ticket's own words have found are there to choose from.
    """
    with trace.stage("reformulate", {"model": chat.name}) as step:
        try:
            queries, step.input["model"] = restate(ticket, chat)  # it may be a student of the model that was asked
            step.output = queries
        except ModelOutputInvalid:
            step.output = ()
            return (), True
    return queries, False


def _chosen(asked: Asked, votes: Votes, ticket: str, chat: ChatModel, trace: Trace, language: str) -> Critique | None:
    """The verdict where the model names no row of those offered, or another one; None where it names ours."""
    case, offered, avoid, advice = asked.case, asked.offered, asked.avoid, asked.advice
    given = {
        "model": chat.name,
        "offered": [one.problem.id for one in offered],
        "avoid": sorted(avoid),
        "advice": advice,
    }
    with trace.stage("decide", given) as step:
        choice = decide(offered, chat=chat, ticket=ticket, avoid=avoid, advice=advice, language=language)
        step.output = said = {"chosen": choice.problem.id if choice.problem else None, "reason": choice.reason}
        no = _no_of(choice, case, language)
        if no is None:
            return None
        verdict = _weighed(_against(asked.ours, case.problem, *no, language), CHOICE, asked, votes, language)
        step.output = {**said, "critique": verdict}
    return verdict


def _reviewed(
    asked: Asked, votes: Votes, found: Retrieved, ticket: str, chat: ChatModel, trace: Trace, language: str
) -> Critique:
    """The rules once more, now with the second matter that the model saw, and then the model's review."""
    case = asked.case
    aside = found.aside or case.found.aside
    # What a second matter costs to look for has been spent already.
    case = replace(case, found=replace(case.found, aside=aside), second=lambda: None)
    given = {"model": chat.name, "problem": case.problem.id, "threshold": case.threshold}
    with trace.stage("critique", given) as step:
        verdict = critique(case, chat, ticket=ticket, language=language)
        by_rule = "model_score" not in verdict.features  # one spoke again, and the model was not asked
        weighed = _weighed(verdict, MATTER if by_rule else REVIEW, asked, votes, language)
        step.output = {"problem": case.problem.id, "critique": weighed}
    if by_rule:
        trace.calls.criticised(case, verdict, step.seconds)
    return weighed


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
