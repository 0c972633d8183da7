"""Addresses of web services as the log shows them."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)(?P<rest>\S*)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d+)?/", re.IGNORECASE)
_BEHIND = re.compile(r"[?#]")


def bare(text: str) -> str:
    """The text whose addresses have scheme, host and port only: anything behind may be somebody's."""
    if "://" not in text:
        return text
    return _ADDRESS.sub(lambda found: found["scheme"] + _alone(found["rest"]), text)


def _alone(rest: str) -> str:
    path = _BEHIND.split(rest, maxsplit=1)[0]
    if "@" in path or not _HOST.match(path):  # a password may hold any sign, if whoever wrote it did not know better
        path = _BEHIND.split(rest.rpartition("@")[2], maxsplit=1)[0]
    host, slash, behind = path.partition("/")
    return f"{host}{slash}…" if behind else f"{host}{slash}"
