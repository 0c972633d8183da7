"""`resuelve doctor`: is everything there that a run needs? One line each, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel
from rich.text import Text

from resuelve import wiring
from resuelve.agents import AgentRequest
from resuelve.cli.surroundings import said_of_names, terminal
from resuelve.cli.tables import say_unknown
from resuelve.domain.errors import DictionaryError, JournalError, ResuelveError, TrainingError
from resuelve.domain.identifier import Identifier, IdentifierKind
from resuelve.domain.incident import Incident
from resuelve.domain.message import message
from resuelve.experiments.store import installed
from resuelve.knowledge.catalogue import COLUMN_NAMES, Catalogue
from resuelve.knowledge.correctives import overdue
from resuelve.knowledge.index import open_index
from resuelve.knowledge.soundness import solutions_wanted, unnamed_mailboxes
from resuelve.models import Prompt
from resuelve.pages.numbers import number
from resuelve.resolution.act import left_unknown
from resuelve.resolution.merits import proven
from resuelve.resolution.score import Scoring
from resuelve.settings import Environment, Settings
from resuelve.telemetry.logs.files import files
from resuelve.texts import say, translated
from resuelve.training import language as languages
from resuelve.training.students import CRITIC, ENCODER, RERANK
from resuelve.wiring import captions, following, logged, reading, speaking
from resuelve.wiring.approving import rules_on_record
from resuelve.wiring.students import Students, students_in_use
from resuelve.wiring.voting import counted, speaker
from resuelve.wiring.watching import address_of, logs_to

_NOBODY = "RESUELVE-DOCTOR-0000"
"""A policy number that no system knows: asking for it proves that the system answers."""

_WELL, _NOTED, _BROKEN = "✓", "!", "✗"
_STYLES = {_WELL: "green", _NOTED: "yellow", _BROKEN: "red"}


class _Pong(BaseModel):
    funciona: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `look` returns what it found, or raises with the remedy.

    What it returns as further lines does not keep a run from working, and wants to be seen to.
    """

    name: str
    look: Callable[[], str | tuple[str, ...]]


def run_doctor(settings: Settings) -> bool:
    """Look at everything, also when something before it failed. True when all is well."""
    console = terminal()
    marks: set[str] = set()
    for check in _checks(settings):
        name = say(f"cli.doctor.{check.name}", settings.language)
        for mark, text in _looked(check, settings.language):
            console.print(Text.assemble((f"{mark} {name}: ", _STYLES[mark]), text), soft_wrap=True)
            marks.add(mark)
    end = "unwell" if _BROKEN in marks else "noted" if _NOTED in marks else "well"
    console.print(say(f"cli.doctor.{end}", settings.language), markup=False)
    return _BROKEN not in marks


def _looked(check: Check, language: str) -> list[tuple[str, str]]:
    """What a check found, a line each, with its mark."""
    try:
        found = check.look()
    except ResuelveError as error:
        return [(_BROKEN, translated(error, language))]
    first, *notes = (found,) if isinstance(found, str) else found
    return [(_WELL, first), *((_NOTED, note) for note in notes)]


def _checks(settings: Settings) -> list[Check]:
    checks = [
        Check("settings", lambda: _settings(settings)),
        Check("workspace", lambda: _workspace(settings)),
        Check("dictionary", lambda: _dictionary(settings)),
        Check("fixes", lambda: _fixes(settings)),
        Check("index", lambda: _index(settings)),
        Check("versions", lambda: _versions(settings)),  # it may take a newer one into use
        Check("score", lambda: _score(settings)),
        Check("journal", lambda: _journal(settings)),
        Check("tickets", lambda: _tickets(settings)),
        Check("system", lambda: _system(settings)),
        Check("attachments", lambda: _attachments(settings)),
        Check("log", lambda: _log(settings)),
        Check("mlflow", lambda: _mlflow(settings)),
    ]
    if settings.environment is not Environment.EMBEDDED:
        checks.append(Check("model", lambda: _model(settings)))
    return checks


def _settings(settings: Settings) -> tuple[str, ...]:
    found = say("cli.doctor.settings_found", settings.language, environment=settings.environment.value)
    return found, *said_of_names(settings.language)


def _workspace(settings: Settings) -> str:
    place = wiring.workspace(settings)
    place.prepare()
    return str(place.root.absolute())


def _dictionary(settings: Settings) -> tuple[str, ...]:
    dictionary = wiring.catalogue(settings)
    _require_rows(dictionary, str(wiring.workspace(settings).dictionary))
    language = settings.language
    return _counted(dictionary, settings), *_unnamed(dictionary, language), *_remarks(dictionary, language)


def _require_rows(dictionary: Catalogue, where: str) -> None:
    """Raise DictionaryError when no run could do anything with it, although it can be read."""
    if not dictionary.problems and not dictionary.rejected:
        raise DictionaryError("holds no known problem", where=where, remedy="write them below the header, a row each")
    if not dictionary.problems:
        first = dictionary.rejected[0]
        raise DictionaryError(
            message("holds no known problem (rows set aside: {count})", count=len(dictionary.rejected)),
            where=where,
            remedy=message("mend {line}: {why}", line=first.where, why=first.reason),
        )
    wanted = solutions_wanted(dictionary.problems.values())
    if wanted and "solution" not in dictionary.fields:
        raise DictionaryError(
            message("has no column {names}", names=COLUMN_NAMES["solution"]),
            where=where,
            remedy=message("add it with what is to be sent: {count} problems are cierre or En espera", count=wanted),
        )


def _unnamed(dictionary: Catalogue, language: str) -> tuple[str, ...]:
    rows = unnamed_mailboxes(dictionary.problems.values())
    if not rows:
        return ()
    first = rows[0]
    slots = {"count": len(rows), "problem": first.id, "line": first.lines[0], "queue": first.prescription.queue}
    return (say("cli.doctor.unnamed_mailboxes", language, **slots),)


def _remarks(dictionary: Catalogue, language: str) -> tuple[str, ...]:
    if not dictionary.remarks:
        return ()
    first = translated(dictionary.remarks[0], language)
    return (f"{say('cli.remarks', language, count=len(dictionary.remarks))} {first}",)


def _counted(dictionary: Catalogue, settings: Settings) -> str:
    found = say("cli.doctor.dictionary_found", settings.language, problems=len(dictionary.problems))
    if not dictionary.rejected:
        return found
    first = dictionary.rejected[0]
    rejected = say("cli.rejected_rows", settings.language, count=len(dictionary.rejected))
    return f"{found}. {rejected} {translated(first, settings.language)}"


def _fixes(settings: Settings) -> tuple[str, ...]:
    found, language = wiring.fixes(settings), settings.language
    key = "cli.doctor.fixes_found" if found.problems else "cli.doctor.fixes_none"
    remarks = [translated(one, language) for one in found.rejected]
    if late := overdue(found.problems.values(), wiring.today()):
        remarks.append(say("cli.doctor.fixes_late", language, ids=", ".join(late)))
    return say(key, language, count=len(found.problems)), *remarks


def _index(settings: Settings) -> str:
    index = open_index(wiring.known_problems(settings), wiring.embedder(settings), wiring.store(settings))
    try:
        identity = index.identity
        return say("cli.doctor.index_found", settings.language, entries=identity.entries, built=identity.built_at)
    finally:
        index.close()


def _void(settings: Settings, scoring: Scoring) -> bool:
    """True where there is a language model, and what was learned of noes does not count for it."""
    if not scoring.votes.weights or not speaker(settings):
        return False
    thresholds = {settings.critic_approval_threshold, *settings.thresholds.values()}
    return not counted(settings, scoring).votes.weights or scoring.votes.threshold not in thresholds


def _score(settings: Settings) -> tuple[str, ...]:
    """Where the score comes from, and whether rows that have to earn it can act at all."""
    language, found, notes = settings.language, wiring.learned(settings), []
    told = {"outcomes": number(found.outcomes, language), "made": found.made[:10]} if found else {}
    if found and found.scoring and found.scoring_for(wiring.embedder(settings).identity) is None:
        notes.append(say("cli.doctor.score_foreign", language))
    if found and found.scoring and _void(settings, found.scoring):
        notes.append(say("cli.doctor.votes_foreign", language))
    needed = settings.right_before_acting
    if needed and not proven(rules_on_record(settings).merits, needed):
        notes.append(say("cli.doctor.score_unproven", language, needed=needed))
    key = "learned" if found and found.weighs_anew else "few" if found else "shipped"
    score, students = say(f"cli.doctor.score_{key}", language, **told), _students(settings)
    if names := ", ".join(one.name for one in students.versions):
        score = say("cli.doctor.score_students", language, names=names, score=score)
    return score, *students.notes(language), *notes


def _students(settings: Settings) -> Students:
    """The learned versions that are in use, and why others cannot be used."""
    models = wiring.workspace(settings).models
    if not any((models / role).is_dir() for role in (CRITIC, ENCODER, RERANK)):
        return Students()
    return students_in_use(settings, wiring.embedder(settings).identity)


def _journal(settings: Settings) -> tuple[str, ...]:
    journal = wiring.journal(settings, extend=False)
    try:
        found = say("cli.doctor.journal_found", settings.language, failures=len(journal.failures()))
    finally:
        journal.close()
    return found, *_stopped(settings)


def _stopped(settings: Settings) -> tuple[str, ...]:
    """What came back, and stops a row or everything."""
    acts = wiring.acts(settings, extend=False)
    try:
        return wiring.breakers(settings, acts).concerns(wiring.known_problems(settings).problems)
    except DictionaryError:
        return ()  # the check of the dictionary says so
    finally:
        acts.close()


def _tickets(settings: Settings) -> tuple[str, ...]:
    manager = wiring.tickets(settings)
    try:
        listed = manager.open_incidents(settings.queue).incidents
    finally:
        manager.close()
    slots = {"url": settings.ticket_manager_url, "count": len(listed)}
    return say("cli.doctor.tickets_found", settings.language, **slots), *_unknown(listed, settings)


def _unknown(listed: Iterable[Incident], settings: Settings) -> tuple[str, ...]:
    try:
        journal = wiring.journal(settings, extend=False)
    except JournalError:
        return ()  # the check of the journal says so
    try:
        unknown = left_unknown(journal, listed)
    finally:
        journal.close()
    return (say_unknown(unknown, settings.language),) if unknown else ()


def _system(settings: Settings) -> str:
    agents = wiring.agents(settings)
    for code in settings.system_codes[:1]:
        nobody = (
            Identifier(IdentifierKind.POLICY, _NOBODY, _NOBODY, "doctor", 0, len(_NOBODY)),
            Identifier(IdentifierKind.NIF, "99999999R", "99999999R", "doctor", 0, 9),
        )
        agents[code]().answer(AgentRequest(code, "doctor", nobody, settings.language))
    return say("cli.doctor.system_found", settings.language, url=settings.business_system_url)


def _model(settings: Settings) -> tuple[str, ...]:
    """Whether it answers, and which version of a student of it speaks in its place."""
    chat, language = wiring.chat(settings), settings.language
    if chat is None:
        return ("",)
    question = Prompt("doctor", "", "Contesta con el esquema pedido.", "¿Funcionas?")
    usage = chat.complete(question, _Pong).usage
    found = say("cli.doctor.model_found", language, model=chat.name, seconds=f"{usage.seconds:.1f}")
    try:
        version = speaking.speaking_in_use(settings)
    except TrainingError as error:
        return found, say("finetune.not_used", language, role=languages.ROLE, why=translated(error, language))
    return (f"{found}; {say('finetune.in_use', language, name=version.name)}" if version else found,)


def _attachments(settings: Settings) -> tuple[str, ...]:
    """How what is read is kept in, what says what pictures show, and what cannot be read or said yet."""
    language = settings.language
    held = ", ".join(say(f"readers.holds.{token}", language) for token in reading.held(settings))
    found = say("readers.held", language, held=held)
    packages = ", ".join(reading.missing())
    notes = [say("readers.missing", language, packages=packages)] if packages else []
    try:
        if version := captions.captions_in_use(settings):
            found = f"{found}; {say('readers.describer', language, name=version.name)}"
    except TrainingError as error:
        notes.append(translated(error, language))
    return found, *notes


def _mlflow(settings: Settings) -> str:
    """Where runs are kept, and whether it answers; where MLflow is not installed nothing is missing."""
    language, store = settings.language, wiring.experiments(settings)
    if not installed():
        return say("cli.doctor.mlflow_absent", language)
    if not store.begun:
        return say("cli.doctor.mlflow_empty", language, place=store.place)
    return say("cli.doctor.mlflow_found", language, place=store.place, runs=number(store.reached(), language))


def _log(settings: Settings) -> tuple[str, ...]:
    """Where the log is, and whether it reaches whom it is shipped to."""
    language, place, to = settings.language, wiring.workspace(settings).logs, logs_to(settings)
    found = say("cli.doctor.log_found", language, where=place, level=settings.log_level, files=len(files(place)))
    if not to:
        return (f"{found}; {say('cli.doctor.log_not_shipped', language)}",)
    slots = {"to": address_of(to), "size": number(-(-logged.waiting(settings) // 1024), language)}
    if not logged.installed():
        return found, say("cli.doctor.log_no_extra", language, size=slots["size"])
    if why := logged.answers(settings):
        return found, say("cli.doctor.log_shipping_fails", language, why=why, **slots)
    return (f"{found}; {say('cli.doctor.log_shipped', language, **slots)}",)


def _versions(settings: Settings) -> tuple[str, ...]:
    """Which learned versions are in use and where they come from, after newer ones were looked for as a run does."""
    language = settings.language
    notes: list[str] = []
    following.follow(settings, notes.append)
    found, wrong = following.in_use(settings)
    told = [f"{one.name} ({_origin(one.card.origin, language)})" for one in found]
    source = say("cli.doctor.versions_source", language, source=settings.model_source)
    names = ", ".join(told) or say("cli.doctor.versions_none", language)
    return f"{names}; {source}", *notes, *(translated(error, language) for error in wrong)


def _origin(origin: str, language: str) -> str:
    return origin or say("cli.doctor.versions_here", language)
