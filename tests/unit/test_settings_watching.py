"""The settings of what is told to those who watch: what is refused, in the reader's language."""

from __future__ import annotations

import json

import pytest

from resuelve.domain.errors import SettingsError
from resuelve.settings import load
from resuelve.texts import translated
from resuelve.wiring.watching import logs_to, metrics_to, otlp_headers, traces_to

WRONG = [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "loki:3100", "debe empezar por http:// o https://"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1", "debe empezar por http:// o https://"),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://127.0.0.1:abc/x", "debe empezar por http:// o https://"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "authorization", "debe ser nombre=valor"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "x-name=%0D%0Ay: z", "debe ser nombre=valor"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "x-name=%E2%82%AC", "debe ser nombre=valor"),
    ("RESUELVE_TRACE_URL", "javascript:{trace}", "debe empezar por http:// o https:// y contener {trace}"),
    ("RESUELVE_TRACE_URL", "https://tempo.example/", "debe empezar por http:// o https:// y contener {trace}"),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_what_cannot_be_is_refused(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert said in translated(refused.value, "es")


def test_each_signal_goes_below_the_common_address_or_to_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://loki:3100/otlp/v1/logs")
    settings = load()
    assert (logs_to(settings), metrics_to(settings), traces_to(settings)) == (
        "http://loki:3100/otlp/v1/logs",
        "http://collector:4318/v1/metrics",
        "http://collector:4318/v1/traces",
    )


def test_headers_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20YTpi, x-scope=uno")
    assert otlp_headers(load()) == {"authorization": "Basic YTpi", "x-scope": "uno"}


def test_prices_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESUELVE_PRICES", json.dumps({"gpt": {"in": 0.15, "out": 0.6}}))
    assert load().prices["gpt"].tokens_out == 0.6
    monkeypatch.setenv("RESUELVE_PRICES", json.dumps({"gpt": {"in": -1, "out": 0}}))
    with pytest.raises(SettingsError):
        load()
