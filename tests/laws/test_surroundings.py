"""Tests reach nothing but this machine, and find the same surroundings everywhere."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CONTRACT_SETTINGS
from tests.laws.repository import ROOT


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1"])
def test_other_machines_are_out_of_reach(address: str) -> None:
    with socket.socket() as tcp, pytest.raises(AssertionError, match="tried to reach"):
        tcp.connect((address, 80))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(AssertionError, match="tried to reach"):
        udp.sendto(b"x", (address, 80))
    with pytest.raises(AssertionError, match="tried to look up"):
        socket.create_connection((address, 80), timeout=0.1)


def test_names_are_not_looked_up() -> None:
    with pytest.raises(AssertionError, match="tried to look up"):
        socket.getaddrinfo("example.com", 80)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"x")
        assert server.accept()[0].recv(1) == b"x"


def test_surroundings_are_the_same_everywhere() -> None:
    assert ROOT not in [Path.cwd(), *Path.cwd().parents]
    assert Path.home().name.startswith("home")  # the test run's own
    assert list(Path.home().iterdir()) == []
    assert not [name for name in os.environ if name.startswith("RESUELVE_") or name in CONTRACT_SETTINGS]
    assert time.localtime(1_750_000_000).tm_gmtoff == 2 * 3600


@given(st.integers())
def test_properties_get_them_too(_: int) -> None:
    assert Path.cwd() != ROOT


def test_every_setting_of_the_contract_is_taken_away() -> None:
    from resuelve.settings import Settings

    names = {str(f.validation_alias) for f in Settings.model_fields.values() if isinstance(f.validation_alias, str)}
    assert names == set(CONTRACT_SETTINGS)
