"""From the ticket to what should be done with it: the stages read … authorise, in order. No ticket is touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
from resuelve.domain.errors import ModelError
from resuelve.domain.identifier import Identifier
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.models import ChatModel, Embedder, Usage
from resuelve.resolution.authorise import Authorisation, Policy, authorise
from resuelve.resolution.consult import consult, prescribed
from resuelve.resolution.critique import Case, critique
from resuelve.resolution.decide import decide, offer
from resuelve.resolution.identify import identify
from resuelve.resolution.read import Reading, read
from resuelve.resolution.reformulate import Query, depersonalised, reformulate
from resuelve.resolution.rerank import Ranked, rerank
from resuelve.resolution.retrieve import Retrieved, retrieve
from resuelve.resolution.trace import MeteredChat, Trace
from resuelve.resolution.words import Lexicon
from resuelve.texts import say
from resuelve.vectors import VectorIndex


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
class Rejection:
    """A choice that the critic rejected, for ``rejected/``."""

    problem: KnownError
    critique: Critique


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What was decided about a ticket, and how.

    Attributes:
        resolution: what is to be done; an agent has answered already.
        problem: the known error that it comes from, None when there is none.
        consulted: the code of the agent that was asked; empty when none was.
        doubt: why a person gets it; `Doubt.NONE` otherwise.
        waiting: True when nothing is to be decided until somebody answers.
    """

    reading: Reading
    identifiers: tuple[Identifier, ...]
    ranked: tuple[Ranked, ...]
    problem: KnownError | None
    critique: Critique | None
    rejections: tuple[Rejection, ...]
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
    """Take a ticket through the stages. A model that fails means that a person gets the ticket.

    Raises:
        ModelUnavailable: the embedder or the model server is out of reach; later it may work.
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
    rejections: list[Rejection] = field(default_factory=list)
    doubt: Doubt = Doubt.NONE

    def run(self, incident: Incident) -> Deliberation:
        with self.trace.stage("read") as step:
            reading = read(incident, label=self.rules.label)
            step.output = {
                "parts": [part.source for part in reading.parts],
                "language": reading.language,
                "attempts": reading.attempts,
                "waiting": reading.waiting,
                "unread": reading.unread,
            }
        with self.trace.stage("identify") as step:
            step.output = identifiers = identify(reading)
        if reading.waiting:
            return self._end(reading, identifiers, HandOff(self._say("waiting")), waiting=True)
        queries = self._queries(reading, identifiers)
        found = self._found(queries)
        with self.trace.stage("rerank") as step:
            ranked = rerank(reading, queries, found, self.knowledge.lexicon, self.knowledge.components)
            step.output = [_shown(one) for one in ranked[:8]]
        if not queries:
            self.doubt = Doubt.NOTHING_TO_DECIDE
            return self._end(reading, identifiers, HandOff(self._say("nothing_to_decide")))
        return self._settle(reading, identifiers, queries, found, ranked)

    def _queries(self, reading: Reading, identifiers: Sequence[Identifier]) -> tuple[Query, ...]:
        with self.trace.stage("reformulate") as step:
            try:
                step.output = queries = reformulate(reading, identifiers, self.chat)
            except ModelError:
                # The ticket's own words serve: a model's sentence would only have been one more query.
                step.output = queries = reformulate(reading, identifiers)
        return queries

    def _found(self, queries: Sequence[Query]) -> Retrieved:
        knowledge = self.knowledge
        with self.trace.stage("retrieve") as step:
            found = retrieve(queries, embedder=knowledge.embedder, index=knowledge.index, problems=knowledge.problems)
            step.output = {
                "found": [
                    {"problem": c.problem.id, "dense": c.dense, "lexical": c.lexical, "score": c.score}
                    for c in found.candidates[:8]
                ],
                "mean": found.mean,
                "spread": found.spread,
                "aside": found.aside.problem.id if found.aside else None,
            }
        return found

    def _settle(
        self,
        reading: Reading,
        identifiers: tuple[Identifier, ...],
        queries: Sequence[Query],
        found: Retrieved,
        ranked: tuple[Ranked, ...],
    ) -> Deliberation:
        ticket = depersonalised(reading, identifiers)
        limit = self.rules.query_limit * max(1, sum(1 for query in queries if query.weight))
        avoid: set[str] = set()
        advice = ""
        choice, verdict = Choice(None, ""), None
        for _ in range(self.rules.retries + 1):
            choice = self._choose(offer(ranked, avoid, limit), ticket, avoid, advice)
            if choice.problem is None:
                break
            chosen = next(one for one in ranked if one.problem.id == choice.problem.id)
            case = Case(reading, found, ranked, chosen, self.knowledge.lexicon, self.rules.threshold)
            verdict = self._critique(case, ticket)
            if verdict.verdict is Verdict.APPROVED or not self._worth_another(verdict):
                break
            avoid.update(verdict.avoid)
            advice = verdict.advice
        return self._conclude(reading, identifiers, ranked, choice, verdict)

    def _choose(self, offered: Sequence[Ranked], ticket: str, avoid: set[str], advice: str) -> Choice:
        with self.trace.stage("decide") as step:
            try:
                choice = decide(
                    offered,
                    chat=self.chat,
                    ticket=ticket,
                    avoid=avoid,
                    advice=advice,
                    language=self.rules.language,
                )
            except ModelError as error:
                choice = Choice(None, self._say("model_failed", error=error.what), Doubt.MODEL_FAILED)
            step.output = {
                "offered": [one.problem.id for one in offered],
                "chosen": choice.problem.id if choice.problem else None,
                "reason": choice.reason,
            }
        return choice

    def _critique(self, case: Case, ticket: str) -> Critique:
        with self.trace.stage("critique") as step:
            try:
                verdict = critique(case, self.chat, ticket=ticket, language=self.rules.language)
            except ModelError as error:
                reason = self._say("model_failed", error=error.what)
                verdict = Critique(Verdict.REJECTED, 0.0, reason, Doubt.MODEL_FAILED, (case.problem.id,))
            step.output = {"problem": case.problem.id, "critique": verdict}
        if verdict.verdict is not Verdict.APPROVED:
            self.rejections.append(Rejection(case.problem, verdict))
        return verdict

    def _worth_another(self, verdict: Critique) -> bool:
        """Another row is tried only where a model can change its mind, and where the fault lay with the row.

        Without a model the next row scores lower than the one rejected; where the ticket itself is the reason, every
        row would be rejected.
        """
        about_the_row = verdict.doubt in (
            Doubt.NO_MATCH,
            Doubt.WEAK_MATCH,
            Doubt.AMBIGUOUS,
            Doubt.MODEL_DISAGREES,
        )
        return self.chat is not None and about_the_row

    def _conclude(
        self,
        reading: Reading,
        identifiers: tuple[Identifier, ...],
        ranked: tuple[Ranked, ...],
        choice: Choice,
        verdict: Critique | None,
    ) -> Deliberation:
        if choice.problem is None or verdict is None:
            # After a rejection the critic's reason says more than "none of the rest".
            rejected = self.rejections[-1].critique if self.rejections else None
            self.doubt = rejected.doubt if rejected else choice.doubt
            reason = rejected.reason if rejected else choice.reason
            return self._end(reading, identifiers, HandOff(reason), ranked, None, rejected)
        problem, language = choice.problem, self.rules.language
        resolution = prescribed(problem, language)
        with self.trace.stage("authorise") as step:
            step.output = leave = self._authorise(resolution, verdict)
        consulted = ""
        if leave.permission is Permission.AUTOMATIC and isinstance(resolution, RunAgent):
            consulted = resolution.code
            with self.trace.stage("consult") as step:
                step.output = resolution = consult(consulted, reading, identifiers, self.agents, language=language)
            leave = self._authorise(resolution, verdict)
        self.doubt = verdict.doubt if verdict.verdict is not Verdict.APPROVED else _doubt(resolution, leave, consulted)
        return self._end(reading, identifiers, resolution, ranked, problem, verdict, leave, consulted)

    def _authorise(self, resolution: Resolution, verdict: Critique) -> Authorisation:
        rules = self.rules
        return authorise(resolution, verdict, threshold=rules.threshold, policy=rules.policy, language=rules.language)

    def _end(  # noqa: PLR0913 - the parts of one value
        self,
        reading: Reading,
        identifiers: tuple[Identifier, ...],
        resolution: Resolution,
        ranked: tuple[Ranked, ...] = (),
        problem: KnownError | None = None,
        verdict: Critique | None = None,
        leave: Authorisation | None = None,
        consulted: str = "",
        waiting: bool = False,
    ) -> Deliberation:
        reason = resolution.reason if isinstance(resolution, HandOff) else ""
        return Deliberation(
            reading=reading,
            identifiers=identifiers,
            ranked=ranked,
            problem=problem,
            critique=verdict,
            rejections=tuple(self.rejections),
            resolution=resolution,
            authorisation=leave or Authorisation(Permission.NEVER, reason),
            doubt=self.doubt,
            consulted=consulted,
            waiting=waiting,
            usage=self.chat.usage if self.chat else Usage(),
            trace=self.trace,
        )

    def _say(self, key: str, **slots: object) -> str:
        return say(f"resolution.{key}", self.rules.language, **slots)


def _doubt(resolution: Resolution, leave: Authorisation, consulted: str) -> Doubt:
    """Why an approved choice still goes to a person."""
    if leave.permission is Permission.AUTOMATIC:
        return Doubt.NONE
    if isinstance(resolution, HandOff):
        return Doubt.AGENT_HANDS_OFF if consulted else Doubt.MANUAL_ROW
    return Doubt.POLICY


def _shown(one: Ranked) -> dict[str, object]:
    return {
        "problem": one.problem.id,
        "example": one.candidate.example,
        "relevance": one.relevance,
        "closeness": one.closeness,
        "coverage": one.coverage,
        "echo": one.echo,
        "named": one.named,
        "queue": one.queue,
    }
