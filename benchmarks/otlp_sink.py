"""A server that takes whatever is sent by OTLP, in a process of its own: `python -m benchmarks.otlp_sink MODE [PORT]`.

Prints its address. MODE is `takes`, or `silent`: it listens and never answers. With PORT it fetches the metrics of that
port every five seconds, three times as often as the Prometheus of `deploy`. Prints what it got, as one line of JSON,
when its input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_GOT: Counter[str] = Counter()
_END = threading.Event()


class _Takes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.rfile.read(size)
        _GOT[self.path] += size
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Silent(_Takes):
    def do_POST(self) -> None:
        _END.wait()


def _fetch(port: int) -> None:
    while not _END.wait(5):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1) as answer:
                _GOT["fetched"] += len(answer.read())
        except OSError:  # the run has not begun, or has ended
            continue


def main() -> None:
    mode = sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent if mode == "silent" else _Takes)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    if len(sys.argv) > 2:
        threading.Thread(target=_fetch, args=(int(sys.argv[2]),), daemon=True).start()
    sys.stdin.read()
    _END.set()
    print(json.dumps(_GOT))


if __name__ == "__main__":
    main()
