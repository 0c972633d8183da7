"""Names that look like a setting and are none, and lines of `.env` that cannot be read: said, never passed over."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import SettingsError
from resuelve.settings import Settings, load, misspelt, name_of
from resuelve.settings.env_file import names
from resuelve.settings.spelling import misspelt as misspelt_name
from resuelve.texts import translated

KNOWN = [name_of(field) for field in Settings.model_fields]


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def refused(**overrides: object) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        load(**overrides)
    return error.value


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("CRITIC_APROVAL_THRESHOLD", "CRITIC_APPROVAL_THRESHOLD"),
        ("critic_aproval_threshold", "CRITIC_APPROVAL_THRESHOLD"),
        ("MAX_RETRY_CRITIC", "MAX_RETRIES_CRITIC"),
        ("MOCK_GESTOR", "MOCK_GESTOR_URL"),
        ("MOCK_SISTEM_URL", "MOCK_SISTEMA_URL"),
        ("VECTORDB_URL", "VECTOR_DB_URL"),
        ("QUERY_LIMIT_VECTOR_DB", "QUERY_LIMIT_VECTORDB"),
        ("OPENAI_APIKEY", "OPENAI_API_KEY"),
        ("ENTORNOS", "ENTORNO"),
        ("ETIQETA", "ETIQUETA"),
        ("RESUELV_POLICY", "RESUELVE_POLICY"),
    ],
)
def test_a_misspelt_name_is_told_with_the_setting(
    name: str, setting: str, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(name, "1")
        assert misspelt() == ((name, setting),)
        load()
    assert misspelt() == ()
    env_file.write_text(f"# ours\n{name}=1\n", encoding="utf-8")
    error = refused()
    assert error.where == f"{env_file}:2"
    assert name in error.what
    assert setting in error.remedy


@pytest.mark.parametrize(
    "name",
    [
        *KNOWN, *map(str.lower, KNOWN),
        "PATH", "HOME", "PWD", "USER", "LANG", "TERM", "SHELL", "EDITOR", "DISPLAY", "HOSTNAME", "TMPDIR",
        "VIRTUAL_ENV",
        "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHON_VERSION", "LC_ALL", "NO_COLOR", "FORCE_COLOR", "http_proxy",
        "SSL_CERT_FILE", "XDG_CONFIG_HOME", "DATABASE_URL", "BASE_URL", "REDIS_URL", "API_KEY", "MAX_RETRIES",
        "LOG_LEVEL", "WORKERS", "LANGUAGE", "OPENAI_API_BASE", "OPENAI_API_TYPE", "OPENAI_ORG_ID",
        "MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME",
        "OPENAI_API_KEY_FILE",
        "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_BASE_URL", "OPENROUTER_API_KEY", "ANTHROPIC_BASE_URL", "OLLAMA_HOST",
        "OLLAMA_MODELS", "QDRANT_URL", "VECTOR_STORE_URL", "ENV", "ENVIRONMENT", "",
    ],
)  # fmt: skip
def test_other_names_are_nobodys_mistake(name: str) -> None:
    assert misspelt_name(name, KNOWN) == ""


@given(st.text(max_size=30))
def test_any_name_is_looked_at(name: str) -> None:
    assert misspelt_name(name, KNOWN) in ("", *KNOWN)


def test_a_setting_of_the_contract_with_our_prefix_is_told_as_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESUELVE_CRITIC_APPROVAL_THRESHOLD", "80")
    assert refused().remedy == "did you mean CRITIC_APPROVAL_THRESHOLD?"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ENTORNO=EMBEBIDO\nesto no va bien\n", 2),
        ('\n\n# nota\n\nETIQUETA="[X] \nENTORNO=EMBEBIDO\n', 5),
        ("CRITIC_APPROVAL_THRESHOLD: 70\n", 1),
        ("=1\n", 1),
        ("ETIQUETA='a' b\n", 1),
        ("\r\n\r\nhola a todos\r\n", 3),
    ],
)
def test_a_broken_line_is_one_clear_error(
    env_file: Path, text: str, line: int, caplog: pytest.LogCaptureFixture
) -> None:
    env_file.write_bytes(text.encode())
    with caplog.at_level(logging.DEBUG):
        error = refused()
    assert error.where == f"{env_file}:{line}"
    assert "NAME=value" in error.what
    assert "NOMBRE=valor" in translated(error, "es")
    assert caplog.text == "", "and it is said once"


def test_what_a_broken_line_holds_is_not_shown(env_file: Path) -> None:
    env_file.write_text('OPENAI_API_KEY="sk-secret\n', encoding="utf-8")
    assert "secret" not in str(refused())


def test_a_setting_without_a_value_is_refused_and_other_names_are_not(env_file: Path) -> None:
    env_file.write_text("export HOME_OFFICE\nENTORNO\n", encoding="utf-8")
    error = refused()
    assert error.where == f"{env_file}:2"
    assert error.what == "ENTORNO has no value"


def test_what_people_write_is_read(env_file: Path) -> None:
    lines = [
        "\ufeff# ours",
        "export ENTORNO=EMBEBIDO # here",
        "",
        "ETIQUETA='[Ñ] '",
        'X="a\nb"',
        "QUERY_LIMIT_VECTORDB = 3",
    ]
    text = "\r\n".join(lines)
    env_file.write_bytes(text.encode())
    assert [one.name for one in names()] == ["ENTORNO", "ETIQUETA", "X", "QUERY_LIMIT_VECTORDB"]
    settings = load()
    assert (settings.label, settings.query_limit) == ("[Ñ] ", 3)


@given(st.text(max_size=80))
def test_any_file_is_read_or_refused_with_its_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / ".env"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    try:
        found = names(path)
    except SettingsError as error:
        assert int(error.where.rpartition(":")[2]) >= 1
    else:
        assert all(one.name for one in found)
