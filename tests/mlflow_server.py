"""MLflow's own server, started for a test on this machine, and a store whose tables are made already."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resuelve.experiments.store import DATABASE, Store

_SECONDS = 90.0


def tables(folder: Path) -> Path:
    """The database of a store that nobody has used; making it takes seconds, copying it none."""
    store = Store(f"sqlite:///{folder / DATABASE}", folder)
    assert store._asked("reached", {}, _SECONDS) == 0  # the product waits 15 s: few where others use the machine
    return folder / DATABASE


@contextmanager
def serving(folder: Path, database: Path) -> Iterator[str]:
    """The address of a server that keeps everything below a folder; it is gone when the block ends."""
    folder.mkdir()
    shutil.copyfile(database, folder / DATABASE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    program += [
        "--backend-store-uri",
        f"sqlite:///{folder / DATABASE}",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    address = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            program, cwd=folder, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(address, server, folder / "log")
            yield address
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # the session is the server's own
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - our own server
                if answer.read() == b"OK":
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
