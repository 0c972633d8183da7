"""From the ticket to what should be done with it: the stages read … authorise, in order. No ticket is touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from resuelve.agents import Agents
from resuelve.domain.decision import (
    Choice,
    Critique,
    Doubt,
    HandOff,
    Permission,
    Resolution,
    RunAgent,
    Verdict,
)
from resuelve.domain.errors import ModelOutputInvalid
from resuelve.domain.identifier import Identifier
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.models import ChatModel, Embedder, Usage
from resuelve.resolution.authorise import Authorisation, Policy, authorise
from resuelve.resolution.consult import consult, prescribed
from resuelve.resolution.critique import Case, critique, hopeless
from resuelve.resolution.decide import decide, offer
from resuelve.resolution.identify import identify
from resuelve.resolution.read import Reading, read
from resuelve.resolution.reformulate import Query, depersonalised, reformulate, sentences
from resuelve.resolution.rerank import Ranked, rerank
from resuelve.resolution.retrieve import NOTHING, Retrieved, retrieve
from resuelve.resolution.second_matter import second_matter
from resuelve.resolution.trace import MeteredChat, Trace
from resuelve.resolution.words import Lexicon
from resuelve.texts import say, translated
from resuelve.vectors import VectorIndex

_SHOWN = 8
"""Candidates that the trace shows."""

_ABOUT_THE_ROW = frozenset({Doubt.NO_MATCH, Doubt.WEAK_MATCH, Doubt.AMBIGUOUS, Doubt.MODEL_DISAGREES})
"""Doubts after which another row is tried; where the ticket itself is the reason, every row would be rejected."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the team sets.

    Attributes:
        threshold: 0 to 100; below it nothing is automatic.
        retries: how often another row is tried after a rejection.
        query_limit: rows that each query offers to the decision.
        language: of reasons and reports.
    """

    label: str = "[SPAI] "
    threshold: float = 65.0
    retries: int = 2
    query_limit: int = 2
    policy: Policy = field(default_factory=dict)
    language: str = "es"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The dictionary as the stages use it, built once a run."""

    problems: Mapping[str, KnownError]
    lexicon: Lexicon
    components: tuple[str, ...]
    index: VectorIndex
    embedder: Embedder

    @classmethod
    def of(cls, problems: Mapping[str, KnownError], index: VectorIndex, embedder: Embedder) -> Knowledge:
        """Knowledge from known errors and an index that was built from them."""
        lexicon = Lexicon(example for problem in problems.values() for example in problem.examples)
        components = tuple(sorted({problem.component for problem in problems.values() if problem.component}))
        return cls(problems, lexicon, components, index, embedder)


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice and what the critic said of it."""

    problem: KnownError
    critique: Critique


@dataclass(frozen=True, slots=True)
class Findings:
    """What the stages before the decision found; empty where they had no need to look."""

    reading: Reading
    identifiers: tuple[Identifier, ...]
    queries: tuple[Query, ...] = ()
    found: Retrieved = NOTHING
    ranked: tuple[Ranked, ...] = ()


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What was decided about a ticket, and how.

    Attributes:
        problem: the known error that was chosen, or the closest that the critic rejected; None when there is none.
        critique: what the critic said of it.
        rejections: every choice that the critic rejected, in order.
        resolution: what is to be done; an agent has answered already.
        consulted: the code of the agent that was asked; empty when none was.
        doubt: why a person gets it; `Doubt.NONE` otherwise.
        waiting: True when nothing is to be decided until somebody answers.
    """

    findings: Findings
    problem: KnownError | None
    critique: Critique | None
    rejections: tuple[Judged, ...]
    resolution: Resolution
    authorisation: Authorisation
    doubt: Doubt
    consulted: str
    waiting: bool
    usage: Usage
    trace: Trace


def deliberate(
    incident: Incident,
    *,
    knowledge: Knowledge,
    rules: Rules,
    agents: Agents,
    chat: ChatModel | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Deliberation:
    """Take a ticket through the stages. A language model without a usable answer means that a person gets the ticket.

    Raises:
        ModelUnavailable: the embedder or the language model is out of reach; later it may work.
        AgentUnavailable, AgentRefused: the business system gave no usable answer.
        VectorIndexError: the index could not be searched.
    """
    return _Deliberator(knowledge, rules, agents, MeteredChat(chat) if chat else None, Trace(clock)).run(incident)


@dataclass(slots=True)
class _Deliberator:
    knowledge: Knowledge
    rules: Rules
    agents: Agents
    chat: MeteredChat | None
    trace: Trace

    def run(self, incident: Incident) -> Deliberation:
        findings = self._look(incident)
        if findings.reading.waiting:
            return self._hand_over(findings, Doubt.NONE, self._say("waiting"), waiting=True)
        findings = self._search(findings)
        if not findings.queries:
            return self._hand_over(findings, Doubt.NOTHING_TO_DECIDE, self._say("nothing_to_decide"))
        chosen, rejections, refusal = self._settle(findings)
        if chosen is None:
            return self._refused(findings, rejections, refusal)
        return self._prescribe(findings, chosen, rejections)

    def _look(self, incident: Incident) -> Findings:
        given = {
            "history": len(incident.history),
            "attachments": len(incident.all_attachments()),
            "label": self.rules.label,
        }
        with self.trace.stage("read", given) as step:
            reading = read(incident, label=self.rules.label)
            step.output = {
                "parts": [part.source for part in reading.parts],
                "language": reading.language,
                "attempts": reading.attempts,
                "waiting": reading.waiting,
                "unread": reading.unread,
            }
        with self.trace.stage("identify", [part.source for part in reading.parts]) as step:
            step.output = identifiers = identify(reading)
        return Findings(reading, identifiers)

    def _search(self, findings: Findings) -> Findings:
        reading, knowledge = findings.reading, self.knowledge
        queries = self._queries(findings)
        with self.trace.stage("retrieve", [query.text for query in queries]) as step:
            found = retrieve(queries, embedder=knowledge.embedder, index=knowledge.index, problems=knowledge.problems)
            step.output = _shown_found(found)
        given = {"candidates": len(found.candidates), "queue": reading.incident.queue}
        with self.trace.stage("rerank", given) as step:
            ranked = rerank(reading, queries, found, knowledge.lexicon, knowledge.components)
            step.output = [_shown(one) for one in ranked[:_SHOWN]]
        return replace(findings, queries=queries, found=found, ranked=ranked)

    def _queries(self, findings: Findings) -> tuple[Query, ...]:
        components = self.knowledge.components
        with self.trace.stage("reformulate", {part.source: part.text for part in findings.reading.parts}) as step:
            try:
                queries = reformulate(findings.reading, findings.identifiers, self.chat, components=components)
            except ModelOutputInvalid:
                # The ticket's own words serve: a model's sentence would only have been one more query.
                queries = reformulate(findings.reading, findings.identifiers, components=components)
            step.output = queries
        return queries

    def _settle(self, findings: Findings) -> tuple[Judged | None, tuple[Judged, ...], Choice]:
        """Choose and criticise, again with the critic's advice after a rejection.

        Returns:
            The approved choice with its critique, or None; the rejected ones; the last choice.
        """
        ticket = depersonalised(findings.reading, findings.identifiers)
        limit = self.rules.query_limit * max(1, sum(1 for query in findings.queries if query.weight))
        chat = None if self._hopeless(findings, limit) else self.chat
        rejections: list[Judged] = []
        choice = Choice(None, "")
        for _ in range(self.rules.retries + 1):
            avoid = frozenset(one for rejection in rejections for one in rejection.critique.avoid)
            advice = rejections[-1].critique.advice if rejections else ""
            choice = self._choose(chat, offer(findings.ranked, avoid, limit), ticket, avoid, advice)
            if choice.problem is None:
                break
            verdict = self._critique(chat, self._case(findings, choice.problem), ticket)
            if verdict.verdict is Verdict.APPROVED:
                return Judged(choice.problem, verdict), tuple(rejections), choice
            rejections.append(Judged(choice.problem, verdict))
            if verdict.doubt not in _ABOUT_THE_ROW:
                break
        return None, tuple(rejections), choice

    def _hopeless(self, findings: Findings, limit: int) -> bool:
        """No row can be approved whatever a model says, so none is asked."""
        return all(hopeless(self._case(findings, one.problem)) for one in offer(findings.ranked, (), limit))

    def _case(self, findings: Findings, problem: KnownError) -> Case:
        chosen = next(one for one in findings.ranked if one.problem.id == problem.id)
        knowledge = self.knowledge
        return Case(
            reading=findings.reading,
            found=findings.found,
            ranked=findings.ranked,
            chosen=chosen,
            lexicon=knowledge.lexicon,
            threshold=self.rules.threshold,
            second=lambda: second_matter(
                sentences(findings.reading, findings.identifiers),
                problem,
                embedder=knowledge.embedder,
                index=knowledge.index,
                problems=knowledge.problems,
                lexicon=knowledge.lexicon,
            ),
        )

    def _choose(
        self,
        chat: ChatModel | None,
        offered: Sequence[Ranked],
        ticket: str,
        avoid: Collection[str],
        advice: str,
    ) -> Choice:
        given = {"offered": [one.problem.id for one in offered], "avoid": sorted(avoid), "advice": advice}
        with self.trace.stage("decide", given) as step:
            language = self.rules.language
            try:
                choice = decide(offered, chat=chat, ticket=ticket, avoid=avoid, advice=advice, language=language)
            except ModelOutputInvalid as error:
                choice = Choice(None, self._model_failed(error), Doubt.MODEL_FAILED)
            step.output = {
                "chosen": choice.problem.id if choice.problem else None,
                "reason": choice.reason,
            }
        return choice

    def _critique(self, chat: ChatModel | None, case: Case, ticket: str) -> Critique:
        given = {"problem": case.problem.id, "threshold": case.threshold, "rivals": len(case.ranked) - 1}
        with self.trace.stage("critique", given) as step:
            try:
                verdict = critique(case, chat, ticket=ticket, language=self.rules.language)
            except ModelOutputInvalid as error:
                reason = self._model_failed(error)
                verdict = Critique(Verdict.REJECTED, 0.0, reason, Doubt.MODEL_FAILED, (case.problem.id,))
            step.output = {"problem": case.problem.id, "critique": verdict}
        return verdict

    def _prescribe(self, findings: Findings, chosen: Judged, rejections: tuple[Judged, ...]) -> Deliberation:
        """What the approved row leads to, after its agent was asked if it has one."""
        language, consulted = self.rules.language, ""
        resolution = prescribed(chosen.problem, language)
        given = {"resolution": resolution, "verdict": chosen.critique.verdict, "policy": self.rules.policy}
        with self.trace.stage("authorise", given) as step:
            step.output = leave = self._authorise(resolution, chosen.critique)
        if leave.permission is Permission.AUTOMATIC and isinstance(resolution, RunAgent):
            consulted = resolution.code
            with self.trace.stage("consult", {"code": consulted, "identifiers": findings.identifiers}) as step:
                step.output = resolution = consult(
                    consulted, findings.reading, findings.identifiers, self.agents, language=language
                )
            leave = self._authorise(resolution, chosen.critique)
        return Deliberation(
            findings=findings,
            problem=chosen.problem,
            critique=chosen.critique,
            rejections=rejections,
            resolution=resolution,
            authorisation=leave,
            doubt=_doubt(resolution, leave, consulted),
            consulted=consulted,
            waiting=False,
            usage=self._usage(),
            trace=self.trace,
        )

    def _authorise(self, resolution: Resolution, verdict: Critique) -> Authorisation:
        rules = self.rules
        return authorise(resolution, verdict, threshold=rules.threshold, policy=rules.policy, language=rules.language)

    def _refused(self, findings: Findings, rejections: tuple[Judged, ...], choice: Choice) -> Deliberation:
        """A person gets it. The first rejection is of the closest row, so its reason says most."""
        if choice.doubt is Doubt.MODEL_FAILED or not rejections:
            return self._hand_over(findings, choice.doubt, choice.reason, rejections)
        first = rejections[0].critique
        return self._hand_over(findings, first.doubt, first.reason, rejections)

    def _hand_over(
        self,
        findings: Findings,
        doubt: Doubt,
        reason: str,
        rejections: tuple[Judged, ...] = (),
        *,
        waiting: bool = False,
    ) -> Deliberation:
        return Deliberation(
            findings=findings,
            problem=rejections[0].problem if rejections else None,
            critique=rejections[0].critique if rejections else None,
            rejections=rejections,
            resolution=HandOff(reason),
            authorisation=Authorisation(Permission.NEVER, reason),
            doubt=doubt,
            consulted="",
            waiting=waiting,
            usage=self._usage(),
            trace=self.trace,
        )

    def _usage(self) -> Usage:
        return self.chat.usage if self.chat else Usage()

    def _model_failed(self, error: ModelOutputInvalid) -> str:
        return self._say("model_failed", error=translated(error.what, self.rules.language))

    def _say(self, key: str, **slots: object) -> str:
        return say(f"resolution.{key}", self.rules.language, **slots)


def _doubt(resolution: Resolution, leave: Authorisation, consulted: str) -> Doubt:
    """Why an approved choice still goes to a person."""
    if leave.permission is Permission.AUTOMATIC:
        return Doubt.NONE
    if isinstance(resolution, HandOff):
        return Doubt.AGENT_HANDS_OFF if consulted else Doubt.MANUAL_ROW
    return Doubt.POLICY


def _shown_found(found: Retrieved) -> dict[str, object]:
    return {
        "found": [
            {"problem": one.problem.id, "dense": one.dense, "lexical": one.lexical, "score": one.score}
            for one in found.candidates[:_SHOWN]
        ],
        "mean": found.mean,
        "spread": found.spread,
        "aside": found.aside.problem.id if found.aside else None,
    }


def _shown(one: Ranked) -> dict[str, object]:
    shown = {name: getattr(one, name) for name in ("relevance", "closeness", "coverage", "echo", "named", "queue")}
    return {"problem": one.problem.id, "example": one.candidate.example, **shown}
