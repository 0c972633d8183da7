"""What tries things out: labelled and past tickets, regression tickets, and dictionaries that are not in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from resuelve.domain.known_error import KnownError
from resuelve.knowledge.catalogue import Catalogue
from resuelve.knowledge.index import build_index, built_with, open_index
from resuelve.models import Embedder
from resuelve.replay.sets import EvaluationSet, read_set
from resuelve.settings import Settings
from resuelve.wiring import chat, embedder, store, tickets, workspace
from resuelve.wiring.students import rules_in_force

if TYPE_CHECKING:
    from resuelve.knowledge.guard import Guard
    from resuelve.knowledge.impact import PastTicket
    from resuelve.knowledge.regression import RegressionFile, RegressionTicket
    from resuelve.resolution.knowledge import Knowledge


def evaluation_set(folder: Path, kb: Path | None = None) -> EvaluationSet:
    """A folder with labelled tickets and a dictionary.

    Raises:
        EvaluationError, DictionaryError: it cannot be read.
    """
    from resuelve.tickets.wire import incident_from

    return read_set(folder, incident_from, kb)


@contextmanager
def passing_knowledge(dictionary: Catalogue, model: Embedder) -> Iterator[Knowledge]:
    """A dictionary as the stages use it, with an index of its own that is gone when the block ends.

    Raises:
        VectorIndexError, ModelUnavailable: the index could not be built.
    """
    from resuelve.resolution.knowledge import Knowledge
    from resuelve.vectors.edge import EdgeStore

    with TemporaryDirectory(prefix="resuelve-") as folder:
        passing = EdgeStore(Path(folder))
        build_index(dictionary.problems, model, passing)
        index = open_index(dictionary, model, passing)
        try:
            yield Knowledge.of(dictionary.problems, index, model)
        finally:
            index.close()


@contextmanager
def drafts(
    settings: Settings, model: Embedder
) -> Iterator[Callable[[Mapping[str, KnownError]], AbstractContextManager[Knowledge]]]:
    """Gives knowledge of dictionaries that are not in force; see `knowledge.impact.tried_out`.

    What the index in force holds already is not embedded again, where it is one of this embedder.
    """
    from resuelve.knowledge.impact import tried_out
    from resuelve.vectors.edge import EdgeStore

    with TemporaryDirectory(prefix="resuelve-") as folder:
        base = store(settings)
        if built_with(base) != model.identity:
            base = EdgeStore(Path(folder))
        yield lambda problems: tried_out(problems, model, base)


def regression_file(settings: Settings) -> RegressionFile:
    """The regression tickets beside the dictionary."""
    from resuelve.knowledge.regression import RegressionFile
    from resuelve.tickets.wire import incident_from, incident_to

    place = workspace(settings)
    return RegressionFile(place.regression_tickets, place.regression_lock, reader=incident_from, writer=incident_to)


def past(settings: Settings, most: int) -> tuple[PastTicket, ...]:
    """The newest tickets of the ticket manager, at most so many, as a run would have met them.

    Raises:
        TicketUnavailable: they cannot be had.
    """
    from resuelve.knowledge.impact import past_tickets

    manager = tickets(settings)
    try:
        closed, still_open = manager.closed_incidents(), manager.open_incidents()
    finally:
        manager.close()
    return past_tickets(closed.incidents, still_open.incidents, label=settings.label, most=most)


def guard(settings: Settings, regression: Sequence[RegressionTicket], compared: Sequence[PastTicket]) -> Guard:
    """What judges a change of the dictionary by these regression tickets and past tickets, before it is made.

    Raises:
        ModelUnavailable: the embedder cannot be loaded.
    """
    from resuelve.knowledge.guard import Guard

    model = embedder(settings)
    return Guard(
        embedder=model,
        store=store(settings),
        rules=rules_in_force(settings, model.identity),
        tickets=regression,
        past=compared,
        chat=chat(settings),
        workers=settings.workers,
    )
