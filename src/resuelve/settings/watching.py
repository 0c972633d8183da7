"""The settings of what is told to those who watch: logs, metrics, traces."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from resuelve.domain.message import message
from resuelve.settings.spelling import own

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
TerminalLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "OFF"]


class Price(BaseModel):
    """What a model's tokens cost, a million of them, in the currency of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    tokens_in: Annotated[float, Field(ge=0, alias="in")]
    tokens_out: Annotated[float, Field(ge=0, alias="out")]


class Watching(BaseSettings):
    """Names without the prefix `RESUELVE_` are those of OpenTelemetry."""

    model_config = SettingsConfigDict(populate_by_name=True)

    log_level: LogLevel = Field(
        "INFO",
        validation_alias=own("LOG_LEVEL"),
        description="From which level on lines go to the log in `logs/`: DEBUG (each stage), INFO (each incident), "
        "WARNING, ERROR.",
    )
    log_terminal: TerminalLevel = Field(
        "OFF",
        validation_alias=own("LOG_TERMINAL"),
        description="From which level on the log is shown on the error output too: in colour on a terminal, as JSON "
        "elsewhere.",
    )
    log_days: int = Field(
        30, ge=0, le=36_500, validation_alias=own("LOG_DAYS"), description="Days that the log is kept. 0: for ever."
    )
    otlp_endpoint: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where logs, metrics and traces are sent, by OTLP over HTTP: to `/v1/logs`, `/v1/metrics` and "
        "`/v1/traces` below this address. Empty: nowhere.",
    )
    otlp_logs: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        description="Where logs are sent, as a whole address: Loki's is `http://loki:3100/otlp/v1/logs`.",
    )
    otlp_metrics: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        description="Where metrics are sent, as a whole address.",
    )
    otlp_traces: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        description="Where traces are sent, as a whole address: Tempo's is `http://tempo:4318/v1/traces`.",
    )
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="Headers of everything that is sent by OTLP: `name=value,name=value`, percent-encoded.",
    )
    service_name: str = Field(
        "resuelve",
        min_length=1,
        max_length=100,
        validation_alias="OTEL_SERVICE_NAME",
        description="The name under which logs, metrics and traces come.",
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65_535,
        validation_alias=own("METRICS_PORT"),
        description="Port on which a run gives its metrics to Prometheus as long as it lives; 0 for none.",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        min_length=1,
        validation_alias=own("METRICS_HOST"),
        description="Address on which it does; others than this machine's let everybody read them who reaches it.",
    )
    trace_content: bool = Field(
        False,
        validation_alias=own("TRACE_CONTENT"),
        description="Whether traces hold what language models were asked and answered, personal data included.",
    )
    trace_url: str = Field(
        "",
        validation_alias=own("TRACE_URL"),
        description="Where a trace can be looked at, with `{trace}` for its id; reports link to it.",
    )
    prices: dict[str, Price] = Field(
        default_factory=dict,
        validation_alias=own("PRICES"),
        description='What a million tokens cost, by model, as JSON: `{"gpt-4o-mini": {"in": 0.15, "out": 0.6}}`.',
    )
    durable_days: int = Field(
        7,
        ge=1,
        le=365,
        validation_alias=own("DURABLE_DAYS"),
        description="Days within which what was done must not come back to count as durable.",
    )

    @field_validator("otlp_endpoint", "otlp_logs", "otlp_metrics", "otlp_traces")
    @classmethod
    def _where_to(cls, value: str) -> str:
        if value and not _is_web_address(value):
            raise ValueError(message("must begin with http:// or https://"))
        return value.rstrip("/")

    @field_validator("trace_url")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and not (_is_web_address(value) and "{trace}" in value):
            raise ValueError(message("must begin with http:// or https:// and hold {slot}", slot="{trace}"))
        return value

    @field_validator("otlp_headers")
    @classmethod
    def _name_and_value(cls, value: SecretStr) -> SecretStr:
        for pair in filter(None, value.get_secret_value().split(",")):
            name, _, text = pair.partition("=")
            if not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()) or not _may_be_sent(unquote(text)):
                raise ValueError(message("must be name=value, separated by commas"))
        return value


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address in them, a port that is no number
        return False


def _may_be_sent(text: str) -> bool:
    """True for what a header may hold: visible signs of Latin-1, and blanks between them."""
    return bool(text.strip()) and all(32 <= ord(sign) < 127 or 160 <= ord(sign) < 256 for sign in text)
