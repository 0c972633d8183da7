"""What reads attachments, built from settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING

from resuelve.domain.errors import TrainingError
from resuelve.readers import Limits
from resuelve.settings import Settings
from resuelve.telemetry import SILENT, Signals
from resuelve.texts import translated
from resuelve.tickets import TicketManager
from resuelve.wiring.watching import watched_chat

if TYPE_CHECKING:
    from resuelve.readers.sandbox import SandboxedReader
    from resuelve.resolution.attachments import Attachments, Describe
    from resuelve.training.describing import Describer

_PACKAGES = ("lxml", "olefile", "onnxruntime", "PIL", "pypdfium2", "rapidocr")
"""What the extra `reading` brings, by the names under which it is imported."""


_READ_BY = ("onnxruntime", "pypdfium2", "rapidocr")
"""Another version of these may read something else."""

VERSION = 1
"""Goes up when the same attachment reads differently, so that tickets are looked at again."""


def limits(settings: Settings) -> Limits:
    """What reading one file may cost."""
    usual = Limits()
    size = settings.attachment_mb * 1_000_000
    return replace(usual, bytes=size, seconds=settings.attachment_seconds, expanded=max(usual.expanded, 2 * size))


def reads(settings: Settings) -> tuple[object, ...]:
    """All of the reading that could change a decision."""
    if not settings.read_attachments:
        return ()
    limits_set = settings.attachment_mb, settings.attachment_seconds, sorted(settings.attachment_hosts)
    return (VERSION, missing(), [_version(name) for name in _READ_BY], settings.vision_model, *limits_set)


@contextmanager
def attachments(
    settings: Settings,
    tickets: TicketManager,
    on_note: Callable[[str], None] = lambda _: None,
    on_version: Callable[[str], None] = lambda _: None,
    signals: Signals = SILENT,
) -> Iterator[Attachments]:
    """What reads the attachments of a ticket, until the block ends; no process is started before the first one.

    Args:
        on_note: told why a learned version that is in use cannot be used.
        on_version: told the learned version that will describe pictures.
        signals: told of the calls of a model that describes pictures.
    """
    from resuelve.resolution.attachments import AttachmentReader, untouched

    if not settings.read_attachments:
        yield untouched
        return
    with ExitStack() as stack:
        describe = _describe(settings, stack, on_note, on_version, signals)
        one = AttachmentReader(tickets, reader(settings), limit=settings.attachment_mb * 1_000_000, describe=describe)
        stack.callback(one.close)
        yield one


def _describe(
    settings: Settings,
    stack: ExitStack,
    on_note: Callable[[str], None],
    on_version: Callable[[str], None],
    signals: Signals,
) -> Describe | None:
    """What says what a picture shows: a model on a server where one is set, else a fine-tuned one that is in use.

    Raises:
        SettingsError: the setting of the model and the environment do not go together.
    """
    from resuelve.resolution.calls import overhear, overheard, picture_as_json
    from resuelve.resolution.describe import Described, describe
    from resuelve.wiring.vision import vision

    if (seeing := vision(settings)) is not None:
        chat = overheard(watched_chat(settings, seeing, signals, ("describe",)))
        return lambda picture, media, read: describe(picture, media, chat, read=read)
    captions = _captions(settings, on_note)
    if captions is None:
        return None
    stack.callback(captions.close)
    on_version(captions.version)

    def caption(picture: bytes, media: str, read: str) -> Described | None:  # noqa: ARG001 - it looks at the picture alone
        given, begun = {"pictures": [picture_as_json(media, picture)]}, perf_counter()
        try:
            said = captions.caption(picture)
        except TrainingError as error:
            overhear("describe", captions.version, given, None, perf_counter() - begun, str(error))
            raise
        overhear("describe", captions.version, given, said, perf_counter() - begun)
        return Described(said, "", "", captions.version) if said else None

    return caption


def _captions(settings: Settings, on_note: Callable[[str], None]) -> Describer | None:
    from resuelve.wiring.captions import describer

    try:
        return describer(settings)
    except TrainingError as error:  # a model that only helps to search stops no run
        on_note(translated(error, settings.language))
        return None


def reader(settings: Settings) -> SandboxedReader:
    """The reader of attachments, in processes of its own. None is started before the first file."""
    from resuelve.readers.sandbox import SandboxedReader

    return SandboxedReader(limits(settings))


def held(settings: Settings) -> tuple[str, ...]:
    """What the process that reads has given up: tokens, each with its words in ``texts/*/readers.json``.

    Raises:
        ReaderUnavailable: it does not start.
    """
    one = reader(settings)
    try:
        return one.holds()
    finally:
        one.close()


def missing() -> tuple[str, ...]:
    """Packages of the extra `reading` that are not installed."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
