"""The log of a command, begun and ended by the settings."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from resuelve import wiring
from resuelve.domain.message import system_said
from resuelve.settings import Settings
from resuelve.telemetry.logs import log
from resuelve.telemetry.logs.begin import Sink, begun
from resuelve.telemetry.logs.counts import counts
from resuelve.telemetry.logs.files import DayFiles
from resuelve.telemetry.logs.libraries import heard
from resuelve.telemetry.logs.line import Scrubbing
from resuelve.telemetry.logs.retention import remove_outdated
from resuelve.telemetry.logs.secrets import hiding
from resuelve.telemetry.logs.values import Words
from resuelve.telemetry.metrics import LOST
from resuelve.texts import say, translated
from resuelve.wiring.watching import address_of, logs_to, otlp_headers, resource

if TYPE_CHECKING:
    from resuelve.telemetry.logs.shipping.shipper import Shipper

_AT_THE_END, _AFTER_OTHERS = 1.8, 0.4
"""Seconds in which the last lines are shipped when a command ends; fewer where metrics and traces were sent before."""

_LONG_AS_A_SECRET = 8
_SECRET_BY_NAME = re.compile("auth|cookie|key|token|secret|pass", re.IGNORECASE)
"""Of headers: a short value under another name, as that of a tenant, is a word that the log may need."""

_EXITS = {0: "done", 3: "left"}
"""How a command ended, by its status."""

Note = Callable[[str], None]


@contextmanager
def logged(settings: Settings, command: str, on_note: Note) -> Iterator[None]:
    """Inside the block, what rooms log is written, and shipped where the settings say so. It ends within two seconds.

    Args:
        command: what is done, for the log: ``run``, ``dictionary edit``.
        on_note: told, in the settings' language, what cannot be, which stops nothing.
    """
    folder, to = wiring.workspace(settings).logs, logs_to(settings)
    with ExitStack() as stack:
        files = DayFiles(folder, trouble=_trouble(settings, on_note), on_day=_on_day(settings, folder))
        stack.callback(files.close)
        sinks = [Sink(settings.log_level, lambda _, data: files.write(data))]
        if settings.log_terminal != "OFF":
            from resuelve.telemetry.logs.terminal import on_error_output

            sinks.append(Sink(settings.log_terminal, on_error_output()))
        stack.enter_context(begun(sinks, Scrubbing(_hidden(settings), _scrubbed)))
        stack.enter_context(heard())
        if to:
            stack.enter_context(_shipped(settings, folder, to, on_note))
        with _told(settings, command):
            yield


def installed() -> bool:
    """True when what shipping stands on is."""
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        return False


def waiting(settings: Settings) -> int:
    """Bytes of the log that are still to be shipped."""
    from resuelve.telemetry.logs.shipping.backlog import pending

    return pending(wiring.workspace(settings).logs)


def answers(settings: Settings) -> str:
    """What is wrong with the server that logs are shipped to; empty when it answers as one does."""
    from resuelve.telemetry.logs.shipping.delivery import Delivery, Verdict
    from resuelve.telemetry.logs.shipping.encode import Origin, request

    deliver = Delivery(logs_to(settings), otlp_headers(settings))
    try:
        outcome = deliver(request((), Origin(settings.service_name, "", ""))[0])
    finally:
        deliver.close()
    return "" if outcome.verdict in (Verdict.TAKEN, Verdict.REFUSED) else outcome.reason  # Loki refuses what is empty


def secrets_of(settings: Settings) -> Iterator[str]:
    """What must not stand in a log, by its value: keys, passphrases, headers, passwords in addresses."""
    for value in (getattr(settings, name) for name in type(settings).model_fields):
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, str) and "://" in value:
            yield from _in_address(value)
    for name, value in otlp_headers(settings).items():
        if len(value) >= _LONG_AS_A_SECRET or _SECRET_BY_NAME.search(name):
            yield value
            yield value.rpartition(" ")[2]  # without the word before it: Bearer, Basic


def _in_address(value: str) -> Iterator[str]:
    try:
        password = urlsplit(value).password
    except ValueError:  # whoever needs the address says what is wrong with it
        return
    if password:
        yield from (password, unquote(password))


def _hidden(settings: Settings) -> Words:
    """Secrets, and where on this machine the workspace and the home of whoever works lie."""
    hide = hiding(secrets_of(settings))
    folders = [(str(wiring.workspace(settings).root.absolute()), "WORKSPACE"), (str(Path.home()), "~")]
    known = [(folder, shown) for folder, shown in folders if len(folder) > 4]

    def hidden(text: str) -> str:
        for folder, shown in known:
            if folder in text:
                text = text.replace(folder, shown)
        return hide(text)

    return hidden


def _scrubbed(text: str) -> str:
    from resuelve.knowledge.scrub import scrubbed  # numbers of all kinds take a moment to import

    return scrubbed(text)


def _trouble(settings: Settings, on_note: Note) -> Callable[[OSError | None, int], None]:
    noted: list[bool] = []

    def told(error: OSError | None, lost: int) -> None:
        if error is not None and noted:
            return
        if error is not None:
            noted.append(True)
            why = translated(system_said(error), settings.language)
            where = wiring.workspace(settings).logs
            on_note(say("watching.log_unwritable", settings.language, where=where, why=why))
        else:
            counts.add(LOST, lost, {"signal": "logs"})
            log.warning("log.gap", lines=lost)

    return told


def _on_day(settings: Settings, folder: Path) -> Callable[[date], None]:
    def begun_day(today: date) -> None:
        shipped = bool(logs_to(settings)) and installed()
        remove_outdated(folder, settings.log_days, today, counts, shipped=shipped)

    return begun_day


@contextmanager
def _told(settings: Settings, command: str) -> Iterator[None]:
    begun_at = time.monotonic()
    log.info("command.started", command=command, version=resource(settings)["service.version"])
    ended = partial(_ended, command, begun_at)
    try:
        yield
    except KeyboardInterrupt:
        ended("stopped")
        raise
    except Exception as error:
        status = getattr(error, "exit_code", None)  # typer ends a command by raising
        if status is None:
            log.error("command.failed", command=command, seconds=round(time.monotonic() - begun_at, 3), error=error)
        else:
            ended(_EXITS.get(status, "failed"))
        raise
    ended("done")


def _ended(command: str, begun_at: float, how: str) -> None:
    log.info("command.ended", command=command, seconds=round(time.monotonic() - begun_at, 3), exit=how)


@contextmanager
def _shipped(settings: Settings, folder: Path, to: str, on_note: Note) -> Iterator[None]:
    if not installed():
        on_note(say("watching.logs_not_installed", settings.language))
        yield
        return
    from resuelve.telemetry.logs.shipping.thread import Shipping

    shipping = Shipping(folder, partial(_shipper, settings, folder, to))
    shipping.start()
    try:
        yield
    finally:
        if left := shipping.close(_AFTER_OTHERS if counts.told else _AT_THE_END):
            on_note(say("watching.logs_pending", settings.language, size=-(-left // 1024), where=address_of(to)))
        if shipping.refused:
            on_note(say("watching.logs_refused", settings.language, count=shipping.refused, where=address_of(to)))


def _shipper(settings: Settings, folder: Path, to: str) -> Shipper:
    from resuelve.telemetry.logs.shipping.backlog import Backlog
    from resuelve.telemetry.logs.shipping.delivery import Delivery
    from resuelve.telemetry.logs.shipping.encode import Origin
    from resuelve.telemetry.logs.shipping.places import Places
    from resuelve.telemetry.logs.shipping.shipper import Shipper as Made
    from resuelve.telemetry.resource import surrounding

    places = Places(folder)
    ours = {**resource(settings), **surrounding()}
    # Not the instance that is given to a process: one ships the lines of all that work in the folder.
    origin = Origin(ours["service.name"], ours["service.version"], places.instance, ours)
    return Made(
        Backlog(folder, places, days=settings.log_days), Delivery(to, otlp_headers(settings)), origin, counts=counts
    )
