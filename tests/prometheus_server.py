"""A real Prometheus, started for a test on this machine: what it fetched is asked by its HTTP API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 60.0
_PROBLEMS = ("level=warn", "level=error", "level=WARN", "level=ERROR")


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus that runs."""

    address: str
    log: Path

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What an expression is now: labels and value of each series."""
        found = self._get("query", {"query": expression})["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def last(self, selector: str) -> list[tuple[dict[str, str], float]]:
        """What it fetched last of each series, whether or not the last attempt came too late on a busy machine."""
        return self.query(f"last_over_time({selector}[5m])")

    def by(self, selector: str, label: str) -> dict[str, float]:
        """The last values that are not 0, by a label."""
        return {labels.get(label, ""): value for labels, value in self.last(selector) if value}

    def series(self, selector: str) -> list[dict[str, str]]:
        """The labels of every series of a selector."""
        found: list[dict[str, str]] = self._get("series", {"match[]": selector})
        return found

    def targets(self) -> list[dict[str, Any]]:
        """What it fetches from, with the last error."""
        found: list[dict[str, Any]] = self._get("targets", {"state": "active"})["activeTargets"]
        return found

    def problems(self) -> list[str]:
        """What it warned of in its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if any(level in line for level in _PROBLEMS)]

    def _get(self, what: str, how: Mapping[str, str]) -> Any:
        url = f"{self.address}/api/v1/{what}?{urllib.parse.urlencode(how)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
            content = json.load(answer)
        assert content["status"] == "success", content
        return content["data"]


@contextmanager
def fetching(tools: Path, folder: Path, port: int) -> Iterator[Prometheus]:
    """A Prometheus that fetches from a port of this machine every second; it is gone when the block ends.

    Args:
        tools: where its program is.
        folder: below which it keeps everything.
    """
    folder.mkdir()
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: resuelve, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n",
        encoding="utf-8",
    )
    address = f"127.0.0.1:{free_port()}"
    program = [
        str(tools / "prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(program, cwd=folder, stdout=out, stderr=out, start_new_session=True)
        try:
            _wait(f"http://{address}/-/ready", process, log)
            yield Prometheus(f"http://{address}", log)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the session is its own
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
