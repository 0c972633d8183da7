"""Who watches: signals and watched models, built from settings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resuelve.domain.errors import ResuelveError
from resuelve.models import ChatModel, Embedder
from resuelve.settings import Environment, Settings
from resuelve.telemetry import SILENT, Signals
from resuelve.texts import say
from resuelve.wiring import embedding_model, proposals

if TYPE_CHECKING:
    from resuelve.models.watched import Price
    from resuelve.telemetry.export import Exported

_AT_THE_END = 1.2
"""Seconds in which what is left is sent when a process ends."""

_PROVIDERS = {Environment.EMBEDDED: "resuelve", Environment.OLLAMA: "ollama", Environment.OPENAI: "openai"}
_PACKAGES = (
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.exporter.prometheus",
    "prometheus_client",
    "requests",
)
"""What the extra `telemetry` brings, by the names under which it is imported."""


@contextmanager
def watched(settings: Settings, on_note: Callable[[str], None]) -> Iterator[Signals]:
    """Signals on their way to where the settings say, until the block ends; silent where they say nothing.

    Args:
        on_note: told, in the settings' language, what is wanted and cannot be, which stops nothing.
    """
    if not (traces_to(settings) or metrics_to(settings) or settings.metrics_port):
        yield SILENT
        return
    if not installed():
        on_note(say("watching.not_installed", settings.language))
        yield SILENT
        return
    exported = None
    try:
        exported = _exported(settings, on_note)
    except Exception as error:  # noqa: BLE001 - the boundary: a variable that OpenTelemetry cannot read stops no run
        on_note(say("watching.unusable", settings.language, why=f"{type(error).__name__}: {error}"))
    if exported is None:
        yield SILENT
        return
    try:
        yield exported.signals
    finally:
        if lost := exported.close(_AT_THE_END):
            on_note(say("watching.lost", settings.language, count=lost, where=address_of(traces_to(settings))))


def installed() -> bool:
    """True when the extra `telemetry` is."""
    try:
        return all(find_spec(name) is not None for name in _PACKAGES)
    except ModuleNotFoundError:  # the package above one of them is missing
        return False


def traces_to(settings: Settings) -> str:
    """Where traces are sent; empty for nowhere."""
    return settings.otlp_traces or _below(settings, "traces")


def metrics_to(settings: Settings) -> str:
    """Where metrics are sent; empty for nowhere."""
    return settings.otlp_metrics or _below(settings, "metrics")


def logs_to(settings: Settings) -> str:
    """Where logs are sent; empty for nowhere."""
    return settings.otlp_logs or _below(settings, "logs")


def otlp_headers(settings: Settings) -> dict[str, str]:
    """The headers of everything that is sent by OTLP."""
    pairs = (pair.partition("=") for pair in settings.otlp_headers.get_secret_value().split(",") if pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def address_of(address: str) -> str:
    """Host and port of an address, for messages."""
    return urlsplit(address).netloc.rpartition("@")[2]


def resource(settings: Settings) -> dict[str, str]:
    """What the process says of itself, by OpenTelemetry's names.

    `OTEL_RESOURCE_ATTRIBUTES` adds to it and has the last word.

    The instance is the machine: a run that begins anew each time goes on in the series of the one before.
    """
    try:
        ours = version("resuelve")
    except PackageNotFoundError:  # run from its sources
        ours = ""
    return {
        "service.name": settings.service_name,
        "service.version": ours,
        "service.instance.id": socket.gethostname(),
        "deployment.environment.name": settings.environment.value,
    }


def waiting_proposals(settings: Settings) -> int | None:
    """How many proposals nobody has decided on; None where that cannot be told: for who watches, no run stops."""
    try:
        return sum(1 for one in proposals(settings).entries() if one.waiting)
    except ResuelveError:
        return None


def watched_chat(settings: Settings, chat: ChatModel, signals: Signals, roles: Iterable[str]) -> ChatModel:
    """A language model whose calls, in these roles, are told to those who watch."""
    from resuelve.models.watched import Watch, WatchedChat

    watch = Watch(signals, _PROVIDERS[settings.environment], _prices(settings), settings.trace_content)
    return WatchedChat(chat, watch, roles)


def watched_embedder(settings: Settings, embedder: Embedder, signals: Signals) -> Embedder:
    """An embedder whose calls are told to those who watch."""
    from resuelve.models.watched import Watch, WatchedEmbedder

    embedded = settings.environment is Environment.EMBEDDED or settings.embedding_model.startswith("embedded")
    provider = _PROVIDERS[Environment.EMBEDDED if embedded else settings.environment]
    billed = "" if embedded else embedding_model(settings)
    return WatchedEmbedder(embedder, Watch(signals, provider, _prices(settings), here=embedded, billed=billed))


def _prices(settings: Settings) -> dict[str, Price]:
    from resuelve.models.watched import Price as Told

    return {model: Told(one.tokens_in, one.tokens_out) for model, one in settings.prices.items()}


def _exported(settings: Settings, on_note: Callable[[str], None]) -> Exported:
    from resuelve.telemetry.export import Exported, To

    to = To(
        traces_to(settings),
        metrics_to(settings),
        otlp_headers(settings),
        settings.metrics_host,
        settings.metrics_port,
        resource(settings),
    )
    try:
        return Exported(to)
    except (OSError, UnicodeError) as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        why = getattr(error, "strerror", "") or type(error).__name__
        on_note(say("watching.no_port", settings.language, where=where, why=why))
        return Exported(To(to.traces, to.metrics, to.headers, resource=to.resource))


def _below(settings: Settings, signal: str) -> str:
    return f"{settings.otlp_endpoint}/v1/{signal}" if settings.otlp_endpoint else ""
