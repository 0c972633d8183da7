"""The settings as a backup keeps them: by their names, and without anything that opens a door."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from resuelve.settings import Settings, load, name_of


def test_every_setting_that_is_no_secret_is_shown_by_its_name() -> None:
    shown = load().shown()
    secret = {name for name in Settings.model_fields if isinstance(getattr(load(), name), SecretStr)}
    assert secret == {"openai_api_key", "backup_passphrase", "otlp_headers"}
    assert set(shown) == {name_of(field) for field in Settings.model_fields if field not in secret}
    assert (shown["ENTORNO"], shown["RESUELVE_WORKERS"], shown["MOCK_GESTOR_URL"]) == (
        "EMBEBIDO",
        4,
        "http://localhost:3000",
    )
    json.dumps(shown)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://ana:secret@desk.example.com:3000/api", "http://desk.example.com:3000/api"),
        ("https://desk.example.com/x?token=secret#secret", "https://desk.example.com/x"),
        ("http://a@secret@desk.example.com", "http://desk.example.com"),
        ("http://[::1", ""),
    ],
)
def test_addresses_lose_what_may_be_a_secret(address: str, expected: str) -> None:
    assert load(ticket_manager_url=address).shown()["MOCK_GESTOR_URL"] == expected


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="/?#[]\\"), min_size=8))
def test_no_user_of_an_address_is_shown(secret: str) -> None:
    shown = load(ticket_manager_url=f"http://{secret}@desk.example.com").shown()["MOCK_GESTOR_URL"]
    assert shown == "http://desk.example.com"
