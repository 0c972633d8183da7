"""Where runs and versions are kept. Each question is a process that has an end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from resuelve.domain.errors import ExperimentError, ExperimentsUnavailable, TrainingError
from resuelve.domain.message import Message, message
from resuelve.experiments.runs import Kept, Logged, Run
from resuelve.experiments.versions import MOST_BYTES, MOST_FILES, Announced

DATABASE = "mlflow.db"
REFUSED = "Refused: "
"""How the child begins to say that it does not take what a server offers."""

_MODULE = "resuelve.experiments.child"
_LOG, _ASK, _WAIT, _FETCH = 120.0, 15.0, 60.0, 120.0
"""Seconds: to keep runs; to answer what a start waits for (loading MLflow takes two of them, and more on a machine that
is busy); to answer what a person waits for; to bring
files, for all that one `Store` brings.
"""

_BYTES_A_SECOND = 1_000_000
"""The slowest that files of a model may go to a server: ten times less than an old network."""

_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""For one request, unless the environment says otherwise. By itself MLflow tries for some twenty minutes."""

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",  # a server would name the hosts that are asked
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",  # so would it here
}


def installed() -> bool:
    """Whether MLflow is here; it is not imported. A folder that happens to have its name is none."""
    found = find_spec("mlflow")
    return found is not None and found.origin is not None


def without_secrets(text: str) -> str:
    """The text without users, passwords and what is asked for in its addresses.

    A password may hold any sign. Where nobody can tell what of an address is the host, only its kind is left.
    """
    return re.sub(r"\?[^\s'\")]*=[^\s'\")]*", "", re.sub(r"(?<![\w+.-])([\w+.-]+)://(\S+)", _shown, text))


def _shown(address: re.Match[str]) -> str:
    kind, rest = address.groups()
    if kind in ("sqlite", "file"):
        return address[0]
    place, *asked = re.split(r"[?#]", rest, maxsplit=1)
    if asked and "@" in asked[0]:
        return f"{kind}://…"
    return f"{kind}://{place.rpartition('@')[2]}"


@dataclass(slots=True)
class _Allowance:
    """Seconds that are left of what all fetching may take."""

    left: float = _FETCH

    @contextmanager
    def spent(self) -> Iterator[float]:
        began = time.monotonic()
        try:
            yield max(self.left, 0.0)
        finally:
            self.left -= time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Store:
    """Where runs and versions are kept.

    Attributes:
        server: MLflow's tracking URI; empty for a store of our own in `folder`, a SQLite database and files.
        allowance: what fetching may still take; a start makes one `Store`, and waits no longer for all its roles.
    """

    server: str
    folder: Path
    allowance: _Allowance = field(default_factory=_Allowance, compare=False, repr=False)

    @property
    def place(self) -> str:
        """For people to read."""
        return without_secrets(self.server) or str(self.folder)

    @property
    def begun(self) -> bool:
        """Whether there is anything to ask: a store of our own is made by the first run."""
        return bool(self.server) or (self.folder / DATABASE).exists()

    def log(self, runs: Sequence[Run], *, seconds: float = _LOG) -> list[Logged]:
        """Keep runs, in their order, and the versions of models that they leave.

        Args:
            seconds: what it may take, beside the time for the files of models.

        Raises:
            ExperimentError: they, or some of them, were not kept.
        """
        seconds += sum(_size(run.model.folder) for run in runs if run.model) / _BYTES_A_SECOND
        try:
            found = self._told("log", {"runs": [asdict(run) for run in runs]}, seconds)
        except _Unanswered as error:
            raise ExperimentError(
                message("not logged to MLflow ({why})", why=error.why),
                where=self.place,
                remedy="everything else is done; look at MLFLOW_TRACKING_URI and at that place, or take --no-mlflow",
            ) from error
        return [Logged(**one) for one in found]

    def listed(self, most: int) -> list[Kept]:
        """The newest runs, the newest first. Raises ExperimentsUnavailable."""
        return [Kept(**one) for one in self._asked("listed", {"most": most})] if self.begun else []

    def found(self, names: Sequence[str]) -> list[list[Kept]]:
        """For each name the runs whose id begins so, or that are called so. Raises ExperimentsUnavailable."""
        if not self.begun:
            return [[] for _ in names]
        return [[Kept(**one) for one in some] for some in self._asked("found", {"names": list(names)})]

    def newest(self, models: Sequence[str], alias: str = "", *, seconds: float = _ASK) -> dict[str, list[Announced]]:
        """By registered model, its versions, the newest first; with an alias, the one that has it.

        Raises:
            ExperimentsUnavailable: there is no answer in time.
        """
        if not self.begun:
            return {}
        found = self._asked("newest", {"models": list(models), "alias": alias}, seconds)
        return {model: [Announced(**one) for one in some] for model, some in found.items()}

    def fetch(self, source: str, into: Path, *, most: int = MOST_BYTES) -> None:
        """Bring the files of a version into a folder that is there.

        Raises:
            TrainingError: they are refused: too many, too large, ill named, or not the store's own.
            ExperimentsUnavailable: they are not to be had in the time that is left for all.
        """
        order = {"source": source, "into": str(into.absolute()), "bytes": most, "files": MOST_FILES}
        with self.allowance.spent() as seconds:
            try:
                self._told("fetch", order, seconds)
            except _Unanswered as error:
                if error.refused:
                    raise TrainingError(message("not fetched ({why})", why=error.why), where=self.place) from error
                raise self._unavailable(error) from error

    def point(self, model: str, alias: str, digest: str) -> str:
        """Give an alias to the version with this digest; without a digest, to none any more.

        Returns:
            Its number; empty where the store has no such version.

        Raises:
            ExperimentsUnavailable: it was not done.
        """
        if not self.begun:
            return ""
        return str(self._asked("point", {"model": model, "alias": alias, "digest": digest}))

    def reached(self) -> int:
        """How many runs there are, up to a thousand. Raises ExperimentsUnavailable."""
        return int(self._asked("reached", {}, _ASK)) if self.begun else 0

    def _asked(self, what: str, order: Mapping[str, Any], seconds: float = _WAIT) -> Any:
        try:
            return self._told(what, order, seconds)
        except _Unanswered as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: _Unanswered) -> ExperimentsUnavailable:
        return ExperimentsUnavailable(
            message("MLflow does not answer ({why})", why=error.why),
            where=self.place,
            remedy="look at MLFLOW_TRACKING_URI and at that place",
        )

    def _told(self, what: str, order: Mapping[str, Any], seconds: float) -> Any:
        """What the child answers. Raises _Unanswered."""
        whole = {**order, "what": what, "server": self.server, "folder": str(self.folder.absolute())}
        try:
            done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-P", "-m", _MODULE],
                input=json.dumps(whole).encode(),
                env={**_PATIENCE, **os.environ, **_QUIET},
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _Unanswered(message("no answer in {seconds} s", seconds=f"{seconds:g}")) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            last = said[-1] if said else f"status {done.returncode}"
            raise _Unanswered(Message.of(last), refused=last.startswith(REFUSED))
        return json.loads(done.stdout)


class _Unanswered(Exception):
    """No answer, and why; or a refusal, which the same question would find again."""

    def __init__(self, why: Message, *, refused: bool = False) -> None:
        super().__init__(why)
        self.why, self.refused = why, refused


def _size(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
