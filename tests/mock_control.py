"""The mock services' own controls, as a test uses them."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


def call(url: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    """The status and the JSON of an answer; the text where it is none."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), content)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        kind = answer.getheader("Content-Type") or ""
        return answer.status, json.loads(text) if kind.startswith("application/json") else text
    finally:
        connection.close()


def control(base_url: str, name: str, body: object = None) -> Any:
    """Post to one of the controls below ``/__mock__/``."""
    status, answer = call(f"{base_url}/__mock__/{name}", "POST", body)
    assert status == 200, answer
    return answer
