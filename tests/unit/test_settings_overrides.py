"""Settings that are given by name: what is taken, what is refused, and what is shown of them."""

from __future__ import annotations

import pytest

from resuelve.domain.decision import Permission
from resuelve.domain.errors import SettingsError
from resuelve.settings import load
from resuelve.settings.overrides import given, told


def test_they_stand_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRITIC_APPROVAL_THRESHOLD", "70")
    found = load(**given({"critic_approval_threshold": "80", "RESUELVE_POLICY": '{"cierre": "ask"}'}))
    assert found.critic_approval_threshold == 80
    assert found.policy == {"cierre": Permission.ASK}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("CRITIC_APROVAL_THRESHOLD", "1", "CRITIC_APPROVAL_THRESHOLD"),
        ("RESUELVE_POLICY", "{cierre", "JSON"),
        ("RESUELVE_WORKSPACE", "elsewhere", "RESUELVE_WORKSPACE"),
        ("resuelve_label", "[X]", "RESUELVE_LABEL"),
        ("MOCK_GESTOR_URL", "http://other", "MOCK_GESTOR_URL"),
    ],
)
def test_what_is_no_setting_or_cannot_differ_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        given({name: text})


def test_secrets_are_not_shown() -> None:
    shown = told(
        {
            "OPENAI_API_KEY": "sk-secret",
            "openai_api_key": "sk-secret",
            "OPENAI_BASE_URL": "https://ana:secret@example.com/v1?key=secret",
            "CRITIC_APPROVAL_THRESHOLD": "80",
        }
    )
    assert "secret" not in " ".join(shown)
    assert shown[-1] == "CRITIC_APPROVAL_THRESHOLD=80"
    assert shown[2] == "OPENAI_BASE_URL=https://example.com/v1"
