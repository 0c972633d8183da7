"""From the ticket to what should be done with it: the stages read … authorise, in order. No ticket is touched.

Scores and rules decide first, on the ticket's own words. A language model, when there is one, is asked only about what
they would do, and can only take it away: whatever it answers, nothing is done that would not be done without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.models import ChatModel, Usage
from resuelve.resolution.attachments import Attachments, untouched
from resuelve.resolution.authorise import Authorisation, authorise, doubt_of
from resuelve.resolution.calls import HeardChat
from resuelve.resolution.case import Case
from resuelve.resolution.consult import consult, prescribed
from resuelve.resolution.critique import critique
from resuelve.resolution.decide import decide, offer
from resuelve.resolution.deliberation import (
    ABOUT_THE_ROW,
    MAY_BE_CARRIED,
    Deliberation,
    Findings,
    Judged,
    avoided,
    spoke,
)
from resuelve.resolution.identify import identify
from resuelve.resolution.in_short import SHOWN, attached_in_short, found_in_short, ranked_in_short
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.ladder import on_its_record
from resuelve.resolution.promise import holds, promised
from resuelve.resolution.read import Reading, read
from resuelve.resolution.reformulate import Query, reformulate, sentences
from resuelve.resolution.rerank import Ranked, reordered, rerank
from resuelve.resolution.retrieve import Retrieved, retrieve
from resuelve.resolution.rules import Rules
from resuelve.resolution.second_matter import second_matter
from resuelve.resolution.second_opinion import Asked, second_opinion
from resuelve.resolution.telling import own_words, says_much, telling_lines
from resuelve.resolution.trace import MeteredChat, Trace
from resuelve.texts import say

Fallen = Callable[[KnownError], str]

_BESIDE, _POINTING = 0.5, 0.15
"""What the ticket's own words weigh beside its attachments, where they alone had led to nothing; the second where they
only point at them."""


def deliberate(  # noqa: PLR0913 - each is one thing that a stage needs
    incident: Incident,
    *,
    knowledge: Knowledge,
    rules: Rules,
    agents: Agents,
    chat: ChatModel | None = None,
    fallen: Fallen = lambda _: "",
    stopped: Callable[[], str] = lambda: "",
    attachments: Attachments = untouched,
    trace: Trace | None = None,
) -> Deliberation:
    """Take a ticket through the stages. A language model without a usable answer means that a person gets the ticket.

    Args:
        fallen: why a row may not act by itself any more; empty when it may.
        attachments: reads what hangs on a ticket; by itself nothing is read.
        stopped: why nothing may be changed now. Then neither a model nor an agent is asked, since all is decided anew.
        trace: takes the stages, and what models are given and answer, also where this raises.

    Raises:
        ModelUnavailable: the embedder or the language model is out of reach; later it may work.
        AgentUnavailable, AgentRefused: the business system gave no usable answer.
        VectorIndexError: the index could not be searched.
    """
    trace = trace or Trace(time.perf_counter)
    heard = MeteredChat(HeardChat(chat, lambda: trace.calls)) if chat else None
    knowledge = replace(knowledge, embedder=trace.calls.embedder(knowledge.embedder))
    decided = _Deliberator(knowledge, rules, agents, heard, fallen, stopped, attachments, trace).run(incident)
    return replace(decided, versions=spoke(rules.versions, decided.findings, heard.stood_in if heard else ()))


@dataclass(slots=True)
class _Deliberator:
    knowledge: Knowledge
    rules: Rules
    agents: Agents
    chat: MeteredChat | None
    fallen: Fallen
    stopped: Callable[[], str]
    attachments: Attachments
    trace: Trace

    def run(self, incident: Incident) -> Deliberation:
        findings = self._look(incident)
        if findings.reading.waiting:
            return self._left_waiting(findings)
        findings = self._search(self._read_attachments(findings))
        chosen, rejections, reason = self._settle(findings)
        if chosen is None and (carried := self._carried(findings, rejections)):
            findings = carried
            chosen, rejections, reason = self._settle(findings)
        if not findings.queries:
            return self._hand_over(findings, Doubt.NOTHING_TO_DECIDE, self._say("nothing_to_decide"))
        if chosen is None:
            return self._refused(findings, rejections, reason)
        if not self._would_do_something(chosen):
            return self._prescribe(findings, chosen, rejections)
        if why := self.stopped():
            return self._paused(findings, chosen, rejections, why)
        if self.chat is None:
            return self._prescribe(findings, chosen, rejections)
        opinion = Judged(chosen.problem, self._second_opinion(self.chat, findings, chosen, rejections))
        if opinion.critique.verdict is Verdict.APPROVED:
            return self._prescribe(findings, opinion, rejections)
        # Its reason is told first: but for the model, this row would have been acted on.
        return self._refused(findings, (opinion, *rejections), reason)

    def _left_waiting(self, findings: Findings) -> Deliberation:
        """Nothing is decided while somebody is to answer; only a fix whose day no longer holds is for a person."""
        made, today = promised(findings.reading), self.rules.today
        if made and today and not holds(made, self.knowledge.problems, today):
            reason = self._say("promise_over", id=made.fix, date=f"{made.day:%d/%m/%Y}")
            return self._hand_over(findings, Doubt.FIX_OVERDUE, reason)
        return self._hand_over(findings, Doubt.NONE, self._say("waiting"), waiting=True)

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
            }
        return Findings(reading, ())

    def _read_attachments(self, findings: Findings) -> Findings:
        """What hangs on the ticket, and every identifier of both."""
        reading = findings.reading
        if reading.attached:
            given = [one.source() for one in reading.attached]
            with self.trace.stage("attachments", given) as step, self.trace.calls.listening():
                reading = replace(reading, attached=self.attachments(reading.incident))
                step.output = attached_in_short(reading)
        with self.trace.stage("identify", [part.source for part in (*reading.parts, *reading.seen)]) as step:
            step.output = identifiers = identify(reading)
        return Findings(reading, identifiers, telling=telling_lines(reading, identifiers, self.knowledge.lexicon))

    def _search(self, findings: Findings) -> Findings:
        reading, known = findings.reading, self.knowledge
        texts = {part.source: part.text for part in reading.parts}
        with self.trace.stage("reformulate", texts) as step:
            step.output = queries = reformulate(
                reading, findings.identifiers, components=known.components, terse=known.terse, reports=known.reports
            )
        self.trace.calls.reformulated(texts, queries, step.seconds)
        return self._rows(findings, queries)

    def _carried(self, findings: Findings, rejections: tuple[Judged, ...]) -> Findings | None:
        """The search once more, now with what the attachments tell; None where they cannot help.

        A ticket whose own words suffice is decided by them alone, and what speaks against the ticket itself stays. Two
        attachments may tell of two matters: only where a single one tells something does it carry the ticket.
        """
        if len(findings.telling) != 1 or any(one.critique.doubt not in MAY_BE_CARRIED for one in rejections):
            return None
        share = _POINTING if self._only_points(findings) else _BESIDE
        own = (replace(query, weight=query.weight * share) for query in findings.queries)
        seen = findings.reading.seen
        with self.trace.stage("reformulate", [part.source for part in seen]) as step:
            step.output = queries = (*findings.telling, *own)
        self.trace.calls.reformulated({part.source: part.text for part in seen}, queries, step.seconds)
        nearest = frozenset(one.problem.id for one in findings.ranked[: self.rules.query_limit])
        return self._rows(replace(findings, nearest=nearest), queries)

    def _only_points(self, findings: Findings) -> bool:
        """True when there is an attachment that tells something, and the ticket's own words say no more than that."""
        lexicon = self.knowledge.lexicon
        return bool(findings.telling) and not says_much(own_words(findings.reading.text), lexicon)

    def _rows(self, findings: Findings, queries: Sequence[Query]) -> Findings:
        """What is found with these queries, and its order."""
        known, reading = self.knowledge, findings.reading
        with self.trace.stage("retrieve", [query.text for query in queries]) as step:
            found = retrieve(queries, embedder=known.embedder, index=known.index, problems=known.problems)
            step.output = found_in_short(found)
        given = {"candidates": len(found.candidates), "queue": reading.incident.queue}
        with self.trace.stage("rerank", given) as step:
            ranked = rerank(
                reading, queries, found, metric=known.metric, lexicon=known.lexicon, components=known.components
            )
            ranked = reordered(ranked, self.rules.order)
            step.output = [ranked_in_short(one) for one in ranked[:SHOWN]]
        findings = replace(findings, queries=tuple(queries), found=found, ranked=ranked)
        any_case = self._case(findings, ranked[0].problem) if ranked else None
        self.trace.calls.ranked(queries, ranked, any_case, step.seconds)
        return findings

    def _settle(self, findings: Findings) -> tuple[Judged | None, tuple[Judged, ...], str]:
        """Choose and criticise, and again after a rejection, without a language model.

        Returns:
            The approved choice with its critique, or None; the rejected ones; the reason of the last choice.
        """
        rejections: list[Judged] = []
        choice = Choice(None, "")
        for _ in range(self.rules.retries + 1):
            choice = self._choose(findings, rejections)
            if choice.problem is None:
                break
            verdict = self._critique(self._case(findings, choice.problem))
            if verdict.verdict is Verdict.APPROVED:
                return Judged(choice.problem, verdict), tuple(rejections), choice.reason
            rejections.append(Judged(choice.problem, verdict))
            if verdict.doubt not in ABOUT_THE_ROW:
                break
        return None, tuple(rejections), choice.reason

    def _offered(self, findings: Findings, rejections: Sequence[Judged]) -> tuple[Ranked, ...]:
        limit = self.rules.query_limit * max(1, sum(1 for query in findings.queries if query.weight))
        return offer(findings.ranked, avoided(rejections), limit)

    def _would_do_something(self, chosen: Judged) -> bool:
        """False where a person gets the ticket whatever a model says, so that none is asked."""
        resolution = prescribed(chosen.problem, self.rules.language)
        return self._authorise(resolution, chosen).permission is not Permission.NEVER

    def _second_opinion(
        self, chat: ChatModel, findings: Findings, chosen: Judged, rejections: Sequence[Judged]
    ) -> Critique:
        asked = Asked(
            case=self._case(findings, chosen.problem),
            ours=chosen.critique,
            identifiers=findings.identifiers,
            offered=self._offered(findings, rejections),
            avoid=avoided(rejections),
            advice=rejections[-1].critique.advice if rejections else "",
        )
        rules = self.rules

        def search(_: Reading, queries: Sequence[Query]) -> tuple[Retrieved, tuple[Ranked, ...]]:
            again = self._rows(findings, queries)
            return again.found, again.ranked

        return second_opinion(
            asked, chat, search=search, trace=self.trace, query_limit=rules.query_limit, language=rules.language
        )

    def _case(self, findings: Findings, problem: KnownError) -> Case:
        chosen = next(one for one in findings.ranked if one.problem.id == problem.id)
        knowledge = self.knowledge
        return Case(
            reading=findings.reading,
            found=findings.found,
            ranked=findings.ranked,
            chosen=chosen,
            lexicon=knowledge.lexicon,
            threshold=self.rules.threshold_for(problem),
            today=self.rules.today,
            scoring=self.rules.scoring,
            record=self.rules.record,
            identifiers=findings.typed,
            telling="\n".join(query.text for query in findings.telling),
            carried=findings.carried,
            confirmed=problem.id in findings.nearest,
            second=lambda: second_matter(
                self._sentences(findings),
                problem,
                embedder=knowledge.embedder,
                index=knowledge.index,
                metric=knowledge.metric,
                problems=knowledge.problems,
                lexicon=knowledge.lexicon,
            ),
        )

    def _sentences(self, findings: Findings) -> tuple[str, ...]:
        """Those among which a second matter is looked for: not «me sale esto», and not what stands on a screen."""
        reading = findings.reading
        own = () if findings.carried and self._only_points(findings) else reading.parts
        letters = reading.letters if findings.carried else ()
        return sentences(replace(reading, parts=(*own, *letters)), findings.identifiers)

    def _choose(self, findings: Findings, rejections: Sequence[Judged]) -> Choice:
        offered = self._offered(findings, rejections)
        given = {"offered": [one.problem.id for one in offered], "avoid": sorted(avoided(rejections))}
        with self.trace.stage("decide", given) as step:
            choice = decide(offered, language=self.rules.language)
            step.output = {"chosen": choice.problem.id if choice.problem else None, "reason": choice.reason}
        self.trace.calls.decided(given, choice, step.seconds)
        return choice

    def _critique(self, case: Case) -> Critique:
        given = {"problem": case.problem.id, "threshold": case.threshold, "rivals": len(case.ranked) - 1}
        with self.trace.stage("critique", given) as step:
            verdict = critique(case, language=self.rules.language)
            step.output = {"problem": case.problem.id, "critique": verdict}
        self.trace.calls.criticised(case, verdict, step.seconds)
        return verdict

    def _prescribe(self, findings: Findings, chosen: Judged, rejections: tuple[Judged, ...]) -> Deliberation:
        """What the approved row leads to, after its agent was asked if it has one."""
        language, consulted = self.rules.language, ""
        resolution = prescribed(chosen.problem, language, requester=findings.reading.language)
        given = {"resolution": resolution, "verdict": chosen.critique.verdict, "policy": self.rules.policy}
        with self.trace.stage("authorise", given) as step:
            step.output = leave = self._authorise(resolution, chosen)
        if leave.permission is Permission.AUTOMATIC and isinstance(resolution, RunAgent):
            consulted = resolution.code
            with self.trace.stage("consult", {"code": consulted, "identifiers": findings.identifiers}) as step:
                step.output = resolution = consult(
                    consulted, findings.reading, findings.identifiers, self.agents, language=language
                )
            leave = self._authorise(resolution, chosen)
        return Deliberation(
            findings=findings,
            problem=chosen.problem,
            critique=chosen.critique,
            rejections=rejections,
            resolution=resolution,
            authorisation=leave,
            doubt=doubt_of(resolution, leave, consulted),
            consulted=consulted,
            waiting=False,
            usage=self._usage(),
            trace=self.trace,
        )

    def _paused(self, findings: Findings, chosen: Judged, rejections: tuple[Judged, ...], why: str) -> Deliberation:
        left = self._hand_over(findings, Doubt.NONE, why, rejections)
        return replace(left, problem=chosen.problem, critique=chosen.critique, paused=True)

    def _authorise(self, resolution: Resolution, chosen: Judged) -> Authorisation:
        rules, verdict = self.rules, chosen.critique
        threshold = rules.threshold_for(chosen.problem)
        leave = authorise(resolution, verdict, threshold=threshold, policy=rules.policy, language=rules.language)
        fallen = self.fallen(chosen.problem) if leave.permission is Permission.AUTOMATIC else ""
        return on_its_record(leave, chosen.problem, rules, fallen)

    def _refused(self, findings: Findings, rejections: tuple[Judged, ...], reason: str) -> Deliberation:
        """A person gets it. The first rejection is of the closest row, so its reason says most."""
        if not rejections:
            return self._hand_over(findings, Doubt.NO_MATCH, reason)
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
        if names := findings.not_seen(doubt):
            reason = f"{reason} {self._say('unread', names=names)}"
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

    def _say(self, key: str, **slots: object) -> str:
        return say(f"resolution.{key}", self.rules.language, **slots)
