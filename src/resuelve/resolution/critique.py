"""Stage 7, critique: try to refute the choice. The critic can only veto; nothing that it says can make an action.

Plain rules look for reasons that no score outweighs; the scored model (`score`) then says how likely the choice is
right; a language model, when there is one, is asked last, and only about what is still standing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from resuelve.domain.decision import Critique, Doubt, Verdict
from resuelve.domain.known_error import KnownError, ResolutionKind
from resuelve.models import ChatModel
from resuelve.resolution.attempts import told_before, tried_in_vain
from resuelve.resolution.case import Case
from resuelve.resolution.conversation import moved_on, much_new
from resuelve.resolution.decide import describe
from resuelve.resolution.gravity import grave_matter
from resuelve.resolution.identify import has_placeholder
from resuelve.resolution.orders import bids_to_close, gives_orders
from resuelve.resolution.promise import told
from resuelve.resolution.prompts import prompt
from resuelve.resolution.prompts.schemas import Review
from resuelve.resolution.rerank import consequence
from resuelve.resolution.telling import own_words, says_else
from resuelve.resolution.words import fold, stems
from resuelve.texts import say

_DECISIVE = 0.65
_ASIDE_CLOSENESS = 3.0
_LEAST_COVERAGE = 0.25
"""Of the natural tickets of the two invented desks that were acted on, 2 of 48 wrong ones and 1 of 145 right ones lay
below (`benchmarks/critic/natural.py`)."""

_RIVAL_WITHIN = 2.0
"""Standard deviations of closeness; rows that contradict each other lie well within."""

_TWIN_SHARE = 0.3
"""Of a row's examples, the share that must have twins in another row for the two to contradict each other."""

_SAME_TEXT = 0.8
_OTHERS_SHOWN = 4
VETOED = 49.0
"""The highest score of a choice against which a rule speaks."""

_EMPTY_TEXTS = frozenset({"cerra", "cierr", "strik", "incid", "dupli", "resue", "ok", "hecho", "3", "tres"})
"""Stems of notes such as «se cierra por strikes», which tell the person who opened the ticket nothing."""

_APART = re.compile(
    r"\b(?:por\s+otr[oa]\s+(?:lado|parte)|otra\s+cosa|aprovech(?:o|ando|amos)|ya\s+que\s+(?:os|estamos|estoy|hablamos|les?)"
    r"|igualmente|cambi(?:ad|en)\s+(?:por\s+favor\s+)?tambi[eé]n|tambi[eé]n\s+(?:quer|quier|necesit)\w+"
    r"|another\s+(?:thing|problem|issue)|by\s+the\s+way|while\s+you(?:'?re|\s+are)\s+at\s+it)\b",
    re.IGNORECASE,
)
"""Says in so many words that another matter begins, be it one of the dictionary or not."""

_ENCLOSED = re.compile(
    r"\b(?:adjunto|adjuntamos|se\s+adjunta\w*|(?:va|van|env[ií]o|mando|remito)\s+(?:adjunt\w+|copia|foto|la\s+copia|el\s+documento)"
    r"|(?:i\s+)?(?:attach(?:ed)?|enclose(?:d)?)|please\s+find)\b",
    re.IGNORECASE,
)
"""Says that something was sent along."""

_DOUBTS = {
    "NINGUNO": Doubt.NONE,
    "NO_ENCAJA": Doubt.NO_MATCH,
    "ENCAJE_DEBIL": Doubt.WEAK_MATCH,
    "AMBIGUO": Doubt.AMBIGUOUS,
    "CONTRADICTORIO": Doubt.CONTRADICTORY,
    "VARIOS_ASUNTOS": Doubt.SEVERAL_PROBLEMS,
    "YA_INTENTADO": Doubt.ALREADY_TRIED,
}


_Finding = tuple[Verdict, Doubt, dict[str, str]]


def critique(case: Case, chat: ChatModel | None = None, *, ticket: str = "", language: str = "es") -> Critique:
    """The verdict on a choice, with score, reason, the kind of doubt, what to avoid and what to try.

    Raises:
        ModelUnavailable, ModelOutputInvalid: the model gave no answer that may be used.
    """
    values = case.features_of(case.chosen, case.rivals)
    points = case.scoring.score(values)
    for rule in _RULES:
        finding = rule(case)
        if finding:
            verdict, doubt, slots = finding
            reason = say(f"resolution.doubt.{doubt.value}", language, id=case.problem.id, **slots)
            # A veto leaves no chance that acting is right, whatever the likeness.
            return _critique(case, verdict, min(points, VETOED), reason, doubt, values, language)
    if points < case.threshold:
        reason = say("resolution.doubt.weak_match", language, id=case.problem.id, score=f"{points:.0f}")
        return _critique(case, Verdict.REJECTED, points, reason, Doubt.WEAK_MATCH, values, language)
    if second := case.second():
        slots = {"id": case.problem.id, "other": second.problem.id}
        reason = say("resolution.doubt.several_problems", language, **slots)
        told = {**values, **{f"second_{name}": value for name, value in second.features.items()}}
        return _critique(case, Verdict.REJECTED, VETOED, reason, Doubt.SEVERAL_PROBLEMS, told, language)
    if chat is None:
        reason = say("resolution.approved", language, id=case.problem.id, score=f"{points:.0f}")
        return _critique(case, Verdict.APPROVED, points, reason, Doubt.NONE, values, language)
    return _ask(case, chat, ticket, points, values)


def _ask(case: Case, chat: ChatModel, ticket: str, points: float, values: dict[str, float]) -> Critique:
    nearest = [one for one in case.ranked if one.problem.id != case.problem.id][:_OTHERS_SHOWN]
    shown = {case.problem.id, *(one.problem.id for one in nearest)}
    others = [*nearest, *(one for one in case.beside if one.problem.id not in shown)]
    question = prompt(
        "critique",
        ticket=ticket,
        proposal=describe(case.chosen, solution=600),
        others="\n".join(f"- {describe(one)}" for one in others),
        attempts="\n".join(f"- {attempt.text[:400]}" for attempt in case.reading.attempts),
    )
    answer = chat.complete(question, Review).output
    verdict = {
        "APROBADO": Verdict.APPROVED,
        "RECHAZADO": Verdict.REJECTED,
        "YA_INTENTADO": Verdict.ALREADY_TRIED,
    }[answer.veredicto]
    doubt = Doubt.NONE if verdict is Verdict.APPROVED else _DOUBTS[answer.tipo_problema]
    if verdict is not Verdict.APPROVED and doubt is Doubt.NONE:
        doubt = Doubt.MODEL_DISAGREES
    return Critique(
        verdict=verdict,
        score=min(points, float(answer.puntuacion)),
        reason=answer.motivo,
        doubt=doubt,
        avoid=() if verdict is Verdict.APPROVED else (case.problem.id,),
        advice="" if verdict is Verdict.APPROVED else answer.enfoque,
        features={**values, "model_score": float(answer.puntuacion)},
    )


def _critique(
    case: Case, verdict: Verdict, points: float, reason: str, doubt: Doubt, values: dict[str, float], language: str
) -> Critique:
    approved = verdict is Verdict.APPROVED
    return Critique(
        verdict=verdict,
        score=points,
        reason=reason,
        doubt=doubt,
        avoid=() if approved else (case.problem.id, *_beaten(case, doubt)),
        advice="" if approved else say(f"resolution.advice.{doubt.value}", language),
        features=values,
    )


def _beaten(case: Case, doubt: Doubt) -> tuple[str, ...]:
    """With a row that is too weak goes the one whose examples, heard together with its own, spoke for it.

    The score knows nothing of the run-off; asked about the one that lost, it would turn the two round again.
    """
    if doubt is not Doubt.WEAK_MATCH or case.chosen.runoff <= 0:
        return ()
    return tuple(one.problem.id for one in case.ranked if one.runoff < 0)


def _orders(case: Case) -> _Finding | None:
    """A text that gives orders to a machine is for a person to read."""
    attached = [part.text for part in (*case.reading.seen, *case.reading.described)]
    orders = any(map(gives_orders, [case.text, *attached])) or any(map(bids_to_close, attached))
    return (Verdict.REJECTED, Doubt.INSTRUCTIONS_IN_TEXT, {}) if orders else None


def _tried(case: Case) -> _Finding | None:
    """The solution was sent before, and the ticket is back."""
    if case.problem.prescription.kind is ResolutionKind.AGENT or not case.problem.solution:
        return None
    own = told(case.problem, case.reading.language)
    if any(same_text(own, attempt.text) for attempt in case.reading.attempts):
        return Verdict.ALREADY_TRIED, Doubt.ALREADY_TRIED, {}
    return None


def same_text(one: str, other: str) -> bool:
    """True when two messages say the same: one holds the other, or nearly all their telling words are shared."""
    a, b = fold(one).strip(), fold(other).strip()
    if a and b and (a in b or b in a):
        return True
    x, y = stems(one), stems(other)
    return bool(x and y) and len(x & y) / max(len(x), len(y)) >= _SAME_TEXT


def _reopened(case: Case) -> _Finding | None:
    """An automatic closure was answered: what was understood then may have been wrong, a person looks at it."""
    closed = any(not attempt.question for attempt in case.reading.attempts)
    return (Verdict.ALREADY_TRIED, Doubt.ALREADY_TRIED, {}) if closed else None


def _unrelated(case: Case) -> _Finding | None:
    """Meaning alone is not enough: a row alone with its topic attracts whatever else is asked about it."""
    if not case.words_tell:
        return None
    alike = (case.lexicon.coverage(example, case.searched) >= _LEAST_COVERAGE for example in case.problem.examples)
    return None if case.chosen.coverage >= _LEAST_COVERAGE or any(alike) else (Verdict.REJECTED, Doubt.NO_MATCH, {})


def _says_else(case: Case) -> _Finding | None:
    """A ticket that its attachments carry must not itself speak of what neither they nor the row's problem know.

    What the row's solution happens to speak of is no matter of the ticket's.
    """
    if case.confirmed or not case.carried:
        return None
    problem = stems("\n".join((*case.problem.examples, case.problem.component)))
    else_said = own_words(case.text) - problem - stems(case.telling)
    return (Verdict.REJECTED, Doubt.NO_MATCH, {}) if says_else(else_said, case.lexicon) else None


def _already_there(case: Case) -> _Finding | None:
    """To move a ticket to the mailbox that it is in does nothing, and would look like an answer."""
    wanted, here = (fold(queue).strip() for queue in (case.problem.prescription.queue, case.reading.incident.queue))
    return (
        (Verdict.REJECTED, Doubt.ALREADY_THERE, {"queue": case.reading.incident.queue})
        if wanted and wanted == here
        else None
    )


def _unusable(case: Case) -> _Finding | None:
    doubt = unusable(case.problem)
    return None if doubt is Doubt.NONE else (Verdict.REJECTED, doubt, {})


def unusable(problem: KnownError) -> Doubt:
    """Why a row's text cannot be sent: it must say something to the requester, and must hold no placeholder.

    `Doubt.NONE` when it can be, and for rows that send none. Names of mailboxes are for the ticket manager to judge,
    which refuses what it does not know.
    """
    if problem.prescription.kind not in (ResolutionKind.CLOSE, ResolutionKind.HOLD):
        return Doubt.NONE
    if has_placeholder(problem.solution):
        return Doubt.PLACEHOLDER_TEXT
    return Doubt.NONE if stems(problem.solution) - _EMPTY_TEXTS else Doubt.NO_USABLE_SOLUTION


def _several(case: Case) -> _Finding | None:
    """The ticket says that it holds a second matter, or holds one that another row would solve otherwise."""
    if apart := _APART.search(case.heard.text):
        return Verdict.REJECTED, Doubt.SEVERAL_PROBLEMS, {"other": f"«{apart.group()}…»"}
    aside = case.found.aside
    if aside is None or consequence(aside.problem) == consequence(case.problem):
        return None
    if case.found.standardise(aside.dense) < _ASIDE_CLOSENESS:
        return None
    return Verdict.REJECTED, Doubt.SEVERAL_PROBLEMS, {"other": aside.problem.id}


def _contradicted(case: Case) -> _Finding | None:
    """Another row says nearly the same and leads elsewhere, and the ticket has no word that decides between them.

    One pair of examples is no proof where rows have many; and a row from which the ticket is far is no rival.
    """
    own = consequence(case.problem)
    said = stems(case.searched)
    for rival in case.rivals:
        if consequence(rival.problem) == own or case.chosen.closeness - rival.closeness > _RIVAL_WITHIN:
            continue
        undecided = sum(_undecided(case, example, rival.problem, said) for example in case.problem.examples)
        if undecided > _TWIN_SHARE * len(case.problem.examples):
            return Verdict.REJECTED, Doubt.CONTRADICTORY, {"other": rival.problem.id}
    return None


def _undecided(case: Case, example: str, rival: KnownError, said: frozenset[str]) -> bool:
    """True when an example is a twin of one of the rival's, and the ticket does not tell them apart."""
    for other in rival.examples:
        if not case.lexicon.nearly_same(example, other):
            continue
        mine, theirs = stems(example), stems(other)
        if case.lexicon.telling((mine - theirs) & said) <= case.lexicon.telling((theirs - mine) & said) + _DECISIVE:
            return True
    return False


def _too_long(case: Case) -> _Finding | None:
    """A text that was not read to its end may hold anything."""
    return (Verdict.REJECTED, Doubt.TOO_LONG, {}) if case.reading.too_long else None


def _moved_on(case: Case) -> _Finding | None:
    """What was said after the ticket was opened puts its first description in doubt."""
    turn = moved_on(case.heard) or much_new(case.reading, case.row)
    return (Verdict.REJECTED, Doubt.MOVED_ON, {"turn": turn}) if turn else None


def _told_before(case: Case) -> _Finding | None:
    """The desk has answered, or its remedy was tried: the same once more helps nobody."""
    told = told_before(case.heard)
    if told or tried_in_vain(case.problem, case.heard):
        return Verdict.ALREADY_TRIED, Doubt.TOLD_BEFORE, {"told": told or case.problem.id}
    return None


def _overdue(case: Case) -> _Finding | None:
    """The fix should be there by now, or nobody has said when it will be: nobody can be told to wait for it."""
    fix = case.problem.fix
    if fix is None or (case.today and fix.ahead(case.today)):
        return None
    return Verdict.REJECTED, Doubt.FIX_OVERDUE, {"date": f"{fix.expected:%d/%m/%Y}" if fix.expected else "—"}


def _grave(case: Case) -> _Finding | None:
    """Something happened that a person must see, whatever the ticket is filed as."""
    word = grave_matter(case.problem, f"{case.heard.text}\n{case.telling}")
    return (Verdict.REJECTED, Doubt.GRAVE_MATTER, {"word": word}) if word else None


def _untimely(case: Case) -> _Finding | None:
    """The row is for matters of more, or of less, than so many days; an agent looks the dates up itself."""
    if case.problem.prescription.kind is ResolutionKind.AGENT:
        return None
    return None if case.timely(case.problem) else (Verdict.REJECTED, Doubt.UNMET_CONDITION, {})


def _perhaps_answered(case: Case) -> _Finding | None:
    """A question to somebody who sent something may ask for that very thing, whether or not it could be read."""
    if case.problem.prescription.kind is not ResolutionKind.HOLD or case.problem.fix:
        return None
    sent = case.reading.attached or _ENCLOSED.search(case.text)
    return (Verdict.REJECTED, Doubt.PERHAPS_ANSWERED, {}) if sent else None


_RULES: tuple[Callable[[Case], _Finding | None], ...] = (
    _orders,
    _too_long,
    _tried,
    _reopened,
    _moved_on,
    _grave,
    _told_before,
    _several,
    _untimely,
    _overdue,
    _contradicted,
    _unrelated,
    _says_else,
    _already_there,
    _unusable,
    _perhaps_answered,
)
