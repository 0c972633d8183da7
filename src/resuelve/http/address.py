"""Addresses of web services: read with care, shown without what is secret in them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2

from resuelve.domain.errors import SettingsError
from resuelve.domain.message import message

_EXAMPLE = message("http://HOST:PORT or https://HOST")


def base_address(text: str, setting: str, example: str = _EXAMPLE) -> httpx2.URL:
    """A base address without a trailing slash.

    Raises:
        SettingsError: it is not ``http://HOST…`` or ``https://HOST…``; `setting` names where it came from.
    """
    try:
        urlsplit(text)  # the stricter of the two about brackets
        url = httpx2.URL(text.strip().rstrip("/"))
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65_536:
        raise SettingsError(
            "not an address of a web service", where=setting, remedy=message("write it as {example}", example=example)
        )
    return url


def shown(url: httpx2.URL) -> str:
    """An address for messages: no user, no password, one line, bounded."""
    return str(url.copy_with(username="", password="") if url.userinfo else url)[:300]


def is_loopback(host: str) -> bool:
    """Is this name or number this machine itself?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
