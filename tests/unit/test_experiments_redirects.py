"""A server that sends us to another host: nobody is asked there. MLflow itself is the client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from resuelve.domain.errors import ExperimentsUnavailable
from resuelve.experiments.store import Store

LISTED = json.dumps({"files": [{"path": "weights.json", "is_dir": False, "file_size": 5}]}).encode()


@contextmanager
def answering(elsewhere: str = "", moved: str = "weights.json") -> Iterator[tuple[str, list[str]]]:
    """A server with one file, and what it was asked; what `moved` stands in lies elsewhere, if anywhere."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if elsewhere and moved in self.path:
                self.send_response(302)
                self.send_header("Location", elsewhere + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = b"inner" if "weights.json" in self.path else LISTED
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def fetched(address: str, folder: Path) -> bytes:
    into = folder / "into"
    into.mkdir()
    Store(address, folder).fetch("mlflow-artifacts:/1/model", into)
    return (into / "weights.json").read_bytes()


@pytest.mark.parametrize("moved", ["weights.json", "/artifacts?"])
def test_nobody_else_is_asked(moved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_HTTP_REDIRECTS", "true")
    with answering() as (inner, asked), answering(inner, moved) as (address, first):
        with suppress(ExperimentsUnavailable):
            assert fetched(address, tmp_path) != b"inner"
        assert any(moved in one for one in first), "it was sent elsewhere"
        assert asked == []


def test_what_the_server_has_itself_is_fetched(tmp_path: Path) -> None:
    with answering() as (address, _):
        assert fetched(address, tmp_path) == b"inner"
