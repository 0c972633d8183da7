"""What every test gets: no network beyond this machine, a home and a folder of its own, one time zone, no settings."""

from __future__ import annotations

import fcntl
import gc
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
CONTRACT_SETTINGS = (
    "CRITIC_APPROVAL_THRESHOLD",
    "ENTORNO",
    "ETIQUETA",
    "MAX_RETRIES_CRITIC",
    "MLFLOW_TRACKING_URI",
    "MOCK_GESTOR_URL",
    "MOCK_SISTEMA_URL",
    "OLLAMA_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SERVICE_NAME",
    "QUERY_LIMIT_VECTORDB",
    "VECTOR_DB_URL",
)
MADRID = "CET-1CEST,M3.5.0,M10.5.0/3"
"""As a rule, so that no time zone database is needed."""

settings.register_profile(
    "resuelve",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("resuelve")

# Six thousand tests are many objects that stay: Python need not look for garbage among them, neither while they are
# collected, which takes a third of that time, nor later.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is looked for as ever, in what is made from here on."""
    gc.freeze()
    gc.enable()


class NetworkBlocked(AssertionError):
    """A test tried to reach another machine."""


def _stays_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1", "::") or str(name).startswith("127.") or name == "0.0.0.0"  # noqa: S104


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Sockets reach this machine only. A name under `.invalid` is not found, as everywhere."""
    connect, connect_ex, sendto, getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
        socket.getaddrinfo,
    )

    def check(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not _stays_here(address[0]):
            raise NetworkBlocked(f"a test tried to reach {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        check(self.family, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)  # anyio hands on bytes
        if name.rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _stays_here(host):
            raise NetworkBlocked(f"a test tried to look up {host!r}")
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(autouse=True, scope="session")
def fixed_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home of the test run's own, Madrid's time, a plain terminal of 120 columns, and nobody's settings."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("RESUELVE_", "XDG_")) or n in CONTRACT_SETTINGS]:
            patch.delenv(name)
        for name, value in {
            "HOME": home,
            "USERPROFILE": home,
            "TZ": MADRID,
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONUTF8": "1",
        }.items():
            patch.setenv(name, value)
        _set_clock()
        yield
    _set_clock()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is the test's own: no `.env` of a developer is read, and nothing is left in the project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The evaluation sets that lie beside the project on some machines; a test that needs them is skipped elsewhere."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the evaluation sets are not on this machine")
    return folder


def _set_clock() -> None:
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.fixture(scope="session")
def prometheus_tools() -> Path:
    """The folder with `prometheus` and `promtool`; a test that needs them is skipped where neither can be had."""
    (ROOT / ".tools").mkdir(exist_ok=True)
    with (ROOT / ".tools" / "lock").open("w") as lock:  # several processes test at once: one fetches them
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([ROOT / "scripts" / "prometheus.sh"], capture_output=True, text=True, timeout=300)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
