"""`resuelve calibrate`: what past tickets teach about the score, and what each row has shown."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resuelve import wiring
from resuelve.cli.past import Choice, Past
from resuelve.cli.surroundings import harmless, now, progress_bar, terminal
from resuelve.pages.numbers import number, percent
from resuelve.replay.calibrate import Calibration
from resuelve.replay.learned import Learned, forget, write
from resuelve.replay.outcomes import learn
from resuelve.replay.votes import LEAST, Heard
from resuelve.resolution.ladder import judged
from resuelve.resolution.merits import Merits
from resuelve.settings import Settings
from resuelve.texts import say
from resuelve.training.students import CRITIC
from resuelve.wiring.students import students_in_use
from resuelve.wiring.voting import speaker

_SHOWN = 30
_COMES_WITH = 65.0
"""The threshold that the product comes with; another one was chosen for the score of before."""


def run_calibrate(
    settings: Settings, choice: Choice, *, everything: bool = False, dry_run: bool = False, as_json: bool = False
) -> None:
    """Replay, learn, show what came of it, and keep it for the runs to come.

    Args:
        everything: also learn from tickets that were opened before the dictionary had a history.

    Raises:
        EvaluationError, SettingsError, DictionaryError, TicketUnavailable, ModelUnavailable, VectorIndexError,
        JournalError, WorkspaceError: nothing was kept.
    """
    console, language = terminal(), settings.language
    place = wiring.workspace(settings)
    place.prepare()
    with progress_bar(console) as bar:
        past = Past.of(settings, choice, bar)
        in_force = past.as_of_the_day()
        model = past.embedder(settings)
        seen = past.witnesses(in_force, model)
        rules = wiring.rules(settings)  # by the weights that come with the product: it does not learn from itself
        tickets = past.decided(say("replay.current", language), settings, rules, model, in_force, seen)
    dated = past.dated
    tickets = tuple(one for one in tickets if everything or one.witness.lesson.incident.code in dated)
    left_out = len(past.lessons) - len(tickets)
    with (
        closing(wiring.answers(settings, durable=False)) as answers,
        closing(wiring.acts(settings, durable=False)) as acts,
    ):
        answered = judged(answers.given(), acts.returned(ever=True)).keys()
    made = now().isoformat(timespec="seconds")
    found, learned = learn(
        tickets, rules, embedder=model.identity, made=made, answered=answered, speaker=speaker(settings)
    )
    if not dry_run:
        write(place.learned, learned)
    if as_json:
        rows = _rows(learned.merits, settings.right_before_acting)
        content = {"tickets": len(tickets), "left_out": left_out, **found.as_json(), "rows": rows, "kept": not dry_run}
        print(harmless(json.dumps(content, ensure_ascii=False, indent=1)))  # noqa: T201 - for other programs
        return
    if left_out:
        since = past.versions[0].at.date().isoformat()
        line = say("calibrate.left_out", language, count=number(left_out, language), since=since)
        console.print(line, style="yellow", markup=False)
    _print(console, settings, found, learned)
    key = "calibrate.dry" if dry_run else "calibrate.kept"
    console.print(say(key, language, path=place.learned), markup=False, soft_wrap=True)
    for version in students_in_use(settings, model.identity).versions:
        if version.role == CRITIC:
            console.print(say("students.before_calibration", language, name=version.name), style="yellow", markup=False)


def forget_all(settings: Settings) -> None:
    """Take out what was learned: the score is again the one that comes with the product, and no row has shown anything.

    Raises:
        WorkspaceError: the disk refuses.
    """
    forget(wiring.workspace(settings).learned)
    terminal().print(say("calibrate.forgotten", settings.language), markup=False)


def _rows(merits: Merits, needed: int) -> list[dict[str, Any]]:
    return [
        {
            "row": state.partition("\x1f")[0],
            "right": one.right,
            "wrong": one.wrong,
            "wanted": one.wanted(needed),
            "acts": one.proven(needed),
        }
        for state, one in sorted(merits.items(), key=lambda pair: (-pair[1].wrong, -pair[1].right, pair[0]))
    ]


def _print(console: Console, settings: Settings, found: Calibration, learned: Learned) -> None:
    language, merits = settings.language, learned.merits
    counts = {"tickets": learned.tickets, "outcomes": found.outcomes, "right": found.right}
    told = {name: number(count, language) for name, count in counts.items()}
    console.print(say("calibrate.outcomes", language, **told), style="bold", markup=False)
    if found.missing:
        line = say("calibrate.too_few", language, missing=number(found.missing, language))
        console.print(line, style="yellow", markup=False)
    elif found.before and found.after:
        key = "calibrate.learned" if found.scoring else "calibrate.no_better"
        console.print(say(key, language, **_qualities(found, language)), markup=False)
    if found.heard:
        console.print(_votes(found.heard, language), markup=False)
    if found.scoring and (settings.thresholds or settings.critic_approval_threshold != _COMES_WITH):
        console.print(say("calibrate.thresholds", language), style="yellow", markup=False)
    console.print()
    if not merits:
        return
    console.print(_table(merits, settings))
    console.print()
    if needed := settings.right_before_acting:
        console.print(say("calibrate.ladder", language, needed=number(needed, language)), markup=False)


def _qualities(found: Calibration, language: str) -> dict[str, str]:
    slots = {}
    for name, one in (("before", found.before), ("after", found.after)):
        if one:
            slots[f"loss_{name}"] = number(one.log_loss, language, 3)
            slots[f"ece_{name}"] = percent(one.ece, language, 1)
            slots[f"acted_{name}"] = number(one.acted, language)
            slots[f"right_{name}"] = number(one.acted_right, language)
            slots[f"auroc_{name}"] = "—" if one.auroc is None else number(one.auroc, language, 3)
    return slots


def _votes(heard: Heard, language: str) -> str:
    """What a language model's noes have shown, and what follows from it."""
    said, right = (sum(getattr(one, name) for one in heard.noes.values()) for name in ("said", "right"))
    counts = {"asked": heard.asked, "right": heard.right, "said": said, "said_right": right}
    told = say("calibrate.votes", language, **{name: number(count, language) for name, count in counts.items()})
    if heard.unasked:
        what = say("calibrate.votes_unasked", language, count=number(heard.unasked, language))
    elif (certain := heard.certain_from) is not None:
        what = say("calibrate.certain", language, score=number(certain, language, 1))
    else:
        key = "calibrate.votes_weighed" if heard.votes.weights else "calibrate.votes_absolute"
        what = say(key, language, least=number(LEAST, language))
    return f"{told} {what}"


def _table(merits: Merits, settings: Settings) -> Table:
    language, needed = settings.language, settings.right_before_acting
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("row", "right", "wrong", *(("acts",) if needed else ())):
        heading = say(f"calibrate.column.{name}", language)
        table.add_column(heading, justify="right" if name in ("right", "wrong") else "left")
    for one in _rows(merits, needed)[:_SHOWN]:
        acts = [say("calibrate.acts" if one["acts"] else "calibrate.proposes", language, **one)] if needed else []
        table.add_row(Text(one["row"]), number(one["right"], language), number(one["wrong"], language), *acts)
    return table
