"""The address at which the trace of an incident is shown, if the team names one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PLACE = "{trace}"
_TRACE = re.compile("[0-9a-f]{32}")
_ADDRESS = re.compile(r"[!-~]+")


def trace_address(template: str, trace: object) -> str:
    """Where to look at a trace; empty where there is none, and for every template that is no web address.

    Args:
        template: an http or https address in which ``{trace}`` stands for the 32 hex digits.
    """
    if not isinstance(trace, str) or not _TRACE.fullmatch(trace):
        return ""
    if _PLACE not in template or not _ADDRESS.fullmatch(template):
        return ""
    address = template.replace(_PLACE, trace)
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.hostname else ""
