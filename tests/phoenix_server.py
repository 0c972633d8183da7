"""Arize Phoenix, started for a test on this machine: a real server that takes traces by OTLP, asked by its REST API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.prometheus_server import free_port

_PYTHON = ROOT / ".venv-phoenix" / "bin" / "python"
_SECONDS = 120.0
_MOST = 1000
_QUIET = {
    "PHOENIX_TELEMETRY_ENABLED": "false",
    "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    "PHOENIX_ENABLE_MCP_SERVER": "false",
}
"""It tells nobody of itself, and asks no other machine."""


@dataclass(frozen=True, slots=True)
class Phoenix:
    """A Phoenix that runs."""

    address: str

    @property
    def traces_endpoint(self) -> str:
        """Where it takes traces."""
        return f"{self.address}/v1/traces"

    def spans(self) -> list[dict[str, Any]]:
        """Every span that it has, of which there must not be more than a page holds."""
        found: list[dict[str, Any]] = self._get(f"/v1/projects/default/spans?limit={_MOST}")
        assert len(found) < _MOST
        return found

    def traces(self) -> list[dict[str, Any]]:
        """Every trace that it has."""
        found: list[dict[str, Any]] = self._get(f"/v1/projects/default/traces?limit={_MOST}")
        return found

    def _get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.address}{what}", timeout=30) as answer:  # noqa: S310 - our own server
            return json.load(answer)["data"]


@contextmanager
def receiving(folder: Path) -> Iterator[Phoenix]:
    """A Phoenix that keeps everything below a folder; it is gone when the block ends.

    The test is skipped, with the reason, where Phoenix is not installed: it is 850 MB, and no other test needs it.
    """
    if not _PYTHON.exists():
        pytest.skip("Phoenix is not installed: make environment-phoenix")
    folder.mkdir()
    port = free_port()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        **_QUIET,
    }
    program = [str(_PYTHON), "-m", "phoenix.server.main", "serve"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(program, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(f"http://127.0.0.1:{port}/healthz", server, folder / "log")
            yield Phoenix(f"http://127.0.0.1:{port}")
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # the session is the server's own
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
