"""A scripted model server for tests: the two OpenAI-compatible endpoints, on loopback, on a free port.

    with ModelServer([error(429, headers={"Retry-After": "0"}), chat('{"answer": true}')]) as server:
        OpenAICompatibleChat(base_url=server.url, model="m")...
        server.requests[0].body["messages"]

The script is a list of replies, one a request, or a function that is given the request and makes the reply. It can
be as ill-behaved as a reply needs: never answer, answer slowly, drip for ever, break off, or send rubbish.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was sent; `body` is the parsed JSON."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with a request.

    Attributes:
        wait_s: seconds of silence before the first byte.
        drip: sent again and again, every `drip_s` seconds, after the body and for ever.
        drip_headers: the drip goes into the headers, which then never end.
        never: read the request and never answer.
        declared_length: a Content-Length that differs from the body, to break off in the middle.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip: bytes = b""
    drip_s: float = 0.02
    drip_headers: bool = False
    never: bool = False
    declared_length: int | None = None


Script = Sequence[Reply] | Callable[[Request], Reply]


def raw(body: bytes | str, *, status: int = 200, **how: Any) -> Reply:
    """Any bytes at all."""
    return Reply(status=status, body=body.encode() if isinstance(body, str) else body, **how)


def chat(
    content: str | None, *, finish: str = "stop", tokens_in: int = 10, tokens_out: int = 5, **message: Any
) -> Reply:
    """A chat completion; further keywords (``refusal``, ``reasoning_content``) go into the message."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    answer = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return raw(json.dumps(answer))


def embeddings(vectors: Iterable[Iterable[float]], *, tokens_in: int = 4) -> Reply:
    """An embeddings answer, in this order; NaN and inf are written as Python does."""
    data = [{"object": "embedding", "index": i, "embedding": list(v)} for i, v in enumerate(vectors)]
    usage = {"prompt_tokens": tokens_in, "total_tokens": tokens_in}
    return raw(json.dumps({"object": "list", "model": "m", "data": data, "usage": usage}))


def error(status: int, message: str = "no", *, headers: Mapping[str, str] | None = None, **fields: Any) -> Reply:
    """An error in the shape that the OpenAI API has."""
    return raw(json.dumps({"error": {"message": message, **fields}}), status=status, headers=headers or {})


NEVER = Reply(never=True)


class ModelServer:
    """Serves a script; use it as a context manager.

    Attributes:
        requests: everything received so far.
    """

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self._script = script
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """The base URL, ending in ``/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def reply_to(self, request: Request) -> Reply:
        """The next reply of the script; a 500 once it has run out."""
        with self._lock:
            self.requests.append(request)
            place = len(self.requests) - 1
        if callable(self._script):
            return self._script(request)
        return self._script[place] if place < len(self._script) else error(500, "the script has run out")

    def pause(self, seconds: float | None) -> bool:
        """Wait (None: until the server is closed); True when the server is being closed."""
        return self._closing.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, model: ModelServer) -> None:
        self.model = model
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        reply = self.server.model.reply_to(Request(self.path, dict(self.headers), body))
        if self.server.model.pause(None if reply.never else reply.wait_s):
            self.close_connection = True
            return
        try:
            self._send_headers(reply)
            self._send_body(reply)
        except OSError:  # the client has given up, as many tests want it to
            self.close_connection = True

    def _send_headers(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        if reply.drip_headers:
            self.flush_headers()
            self._drip(b"X-Drip: x\r\n", reply.drip_s)
        elif not reply.drip:
            length = len(reply.body) if reply.declared_length is None else reply.declared_length
            self.send_header("Content-Length", str(length))
            self.close_connection = length != len(reply.body)
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        self.wfile.write(reply.body)
        if reply.drip:
            self._drip(reply.drip, reply.drip_s)

    def _drip(self, data: bytes, every_s: float) -> None:
        self.close_connection = True
        while not self.server.model.pause(every_s):
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
