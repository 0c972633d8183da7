"""Every setting, read once from the environment and from a `.env` file, here and nowhere else."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from resuelve.domain.decision import Permission
from resuelve.domain.errors import SettingsError
from resuelve.domain.known_error import ResolutionKind
from resuelve.domain.message import message
from resuelve.settings import env_file, spelling
from resuelve.settings.problems import problem
from resuelve.settings.spelling import PREFIX, own
from resuelve.settings.watching import Watching
from resuelve.texts import Language


class Environment(StrEnum):
    """Where the models run."""

    EMBEDDED = "EMBEBIDO"
    OLLAMA = "DESA"
    OPENAI = "PROD"


class Settings(Watching):
    """The settings of Resuelve.

    Names without the prefix `RESUELVE_` are those of the system that it grew from, of MLflow and of
    OpenTelemetry.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True, frozen=True
    )

    environment: Environment = Field(
        Environment.EMBEDDED,
        validation_alias="ENTORNO",
        description="EMBEBIDO: no server, no language model. DESA: Ollama. PROD: OpenAI or any compatible server.",
    )
    workspace: Path = Field(
        Path("resources"),
        validation_alias=own("WORKSPACE"),
        description="Folder with the dictionary and everything that Resuelve leaves behind.",
    )
    ticket_manager_url: str = Field(
        "http://localhost:3000", validation_alias="MOCK_GESTOR_URL", description="Base address of the ticket manager."
    )
    business_system_url: str = Field(
        "http://localhost:3001",
        validation_alias="MOCK_SISTEMA_URL",
        description="Base address of the business system that answers `api|CODE`.",
    )
    system_codes: Annotated[tuple[str, ...], NoDecode] = Field(
        ("fxprovicion", "disconformidad"),
        validation_alias=own("SYSTEM_CODES"),
        description="Codes of `api|CODE` that the business system answers, separated by commas.",
    )
    queue: str = Field(
        "", validation_alias=own("QUEUE"), description="Only the incidents of this mailbox; empty for all."
    )
    label: str = Field(
        "[SPAI] ",
        min_length=1,
        validation_alias="ETIQUETA",
        description="Every message on a ticket begins with this; by it an earlier automatic attempt is recognised.",
    )
    openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias="OPENAI_API_KEY", description="Key of the model server (PROD)."
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1",
        validation_alias="OPENAI_BASE_URL",
        description="Address of the OpenAI-compatible server (PROD).",
    )
    ollama_base_url: str = Field(
        "http://localhost:11434", validation_alias="OLLAMA_BASE_URL", description="Address of Ollama (DESA)."
    )
    chat_model: str = Field(
        "",
        validation_alias=own("CHAT_MODEL"),
        description="Name of the language model; empty for gemma3 (DESA) or gpt-4o-mini (PROD).",
    )
    vision_model: str = Field(
        "",
        validation_alias=own("VISION_MODEL"),
        description="Name of a model on the server that describes pictures; empty for none. It is sent whole pictures.",
    )
    embedding_model: str = Field(
        "",
        validation_alias=own("EMBEDDING_MODEL"),
        description="Name of the embedding model on the server; empty for all-minilm (DESA) or text-embedding-3-small "
        "(PROD). In every ENTORNO: `embedded` for the one in the process, `embedded+use` for two (`make pair`).",
    )
    model_timeout: float = Field(
        120.0, gt=0, validation_alias=own("MODEL_TIMEOUT"), description="Seconds that one model call may take."
    )
    model_attempts: int = Field(
        3, ge=1, le=10, validation_alias=own("MODEL_ATTEMPTS"), description="How often a failed model call is tried."
    )
    vector_db_url: str = Field(
        "",
        validation_alias="VECTOR_DB_URL",
        description="Address of a Qdrant server; empty for the embedded engine, the only one so far.",
    )
    critic_approval_threshold: float = Field(
        65.0,
        ge=0,
        le=100,
        validation_alias="CRITIC_APPROVAL_THRESHOLD",
        description="Below this score nothing is done automatically.",
    )
    thresholds: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(
        default_factory=dict,
        validation_alias=own("THRESHOLDS"),
        description='Scores in the place of `CRITIC_APPROVAL_THRESHOLD`, as JSON: `{"cierre": 80, "api|comprobarIban": '
        "70}`; keys as those of `RESUELVE_POLICY`. `resuelve evaluate` finds them.",
    )
    max_retries_critic: int = Field(
        2,
        ge=0,
        le=10,
        validation_alias="MAX_RETRIES_CRITIC",
        description="How often another known problem is tried after scores and rules have rejected one.",
    )
    query_limit: int = Field(
        2,
        ge=1,
        le=50,
        validation_alias="QUERY_LIMIT_VECTORDB",
        description="Known problems that each query offers to the decision.",
    )
    policy: dict[str, Permission] = Field(
        default_factory=dict,
        validation_alias=own("POLICY"),
        description='Who may act, as JSON: `{"cierre": "ask", "api|comprobarIban": "never"}`; keys are the words of '
        "the dictionary, values `automatic`, `ask` (a person approves) and `never`. What is not named is automatic.",
    )
    most_per_hour: int = Field(
        1000,
        ge=0,
        validation_alias=own("MOST_PER_HOUR"),
        description="Changes to tickets that may be made by itself in an hour; the rest waits. 0 for any number.",
    )
    most_returned: float = Field(
        10.0,
        ge=0,
        le=100,
        validation_alias=own("MOST_RETURNED"),
        description="Percentage of closures and reassignments that may have come back. Above it, and from three on, "
        "nothing more is done by itself until somebody has seen to them; 100 never stops.",
    )
    language: Language = Field(
        "es", validation_alias=own("LANGUAGE"), description="Language of the command line and the reports: es or en."
    )
    workers: int = Field(
        4, ge=1, le=64, validation_alias=own("WORKERS"), description="Incidents resolved at the same time."
    )
    http_timeout: float = Field(
        10.0,
        gt=0,
        validation_alias=own("HTTP_TIMEOUT"),
        description="Seconds that one call to the ticket manager or the business system may take.",
    )
    http_attempts: int = Field(
        4, ge=1, le=10, validation_alias=own("HTTP_ATTEMPTS"), description="How often a safe call is tried."
    )
    attachment_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias=own("ATTACHMENT_HOSTS"),
        description="Other hosts, separated by commas, from which attachments may be fetched.",
    )
    read_attachments: bool = Field(
        True, validation_alias=own("READ_ATTACHMENTS"), description="Whether attachments are fetched and read."
    )
    attachment_mb: int = Field(
        25, ge=1, le=500, validation_alias=own("ATTACHMENT_MB"), description="Megabytes that an attachment may have."
    )
    attachment_seconds: float = Field(
        60.0, gt=0, le=600, validation_alias=own("ATTACHMENT_SECONDS"), description="Seconds to read one attachment."
    )
    max_failures: int = Field(
        3,
        ge=1,
        validation_alias=own("MAX_FAILURES"),
        description="An incident that failed this often is set aside until somebody changes it.",
    )
    poll_seconds: float = Field(
        30.0, gt=0, validation_alias=own("POLL_SECONDS"), description="Seconds between two looks in `run --watch`."
    )
    fresh_seconds: float = Field(
        0.5,
        ge=0,
        validation_alias=own("FRESH_SECONDS"),
        description="Right before acting the ticket is read again; an answer at most this old will do.",
    )

    mlflow_tracking_uri: str = Field(
        "",
        validation_alias="MLFLOW_TRACKING_URI",
        description="Where MLflow, if installed, keeps runs and versions of models; empty for `.resuelve/mlflow` in "
        "the workspace.",
    )
    mlflow_prefix: str = Field(
        "resuelve",
        validation_alias=own("MLFLOW_PREFIX"),
        description="With what the names of models in MLflow's registry begin: `resuelve-critic`.",
    )
    model_source: str = Field(
        "local",
        validation_alias=own("MODEL_SOURCE"),
        description="Which learned versions are used: `local`, those promoted here; `latest`, at each start the newest "
        "in MLflow's registry that is not worse than its teacher; `alias:NAME`, the one with that alias there.",
    )
    backup_keep: int = Field(
        10,
        ge=0,
        validation_alias=own("BACKUP_KEEP"),
        description="Backups of a workspace that stay in a folder when a new one was made; 0 keeps all.",
    )
    right_before_acting: int = Field(
        0,
        ge=0,
        validation_alias=own("RIGHT_BEFORE_ACTING"),
        description="Tickets on which a row must have been right before it acts by itself, and as many again for each "
        "on which it was wrong: past ones (`resuelve calibrate`) and those about which a person said yes or no "
        "(`resuelve approvals`). Until then a person is asked. 0: none.",
    )
    history: bool = Field(
        True,
        validation_alias=own("HISTORY"),
        description="Whether every call of every model is kept in `historico/historico.db`, with the ticket's texts.",
    )
    history_days: int = Field(
        365,
        ge=0,
        le=36_500,
        validation_alias=own("HISTORY_DAYS"),
        description="Days that calls are kept; older ones are forgotten at the end of a run. 0: for ever.",
    )
    backup_passphrase: SecretStr = Field(
        SecretStr(""),
        validation_alias=own("BACKUP_PASSPHRASE"),
        description="What backups are encrypted with, at least 12 characters. Without it nobody can read them.",
    )

    def shown(self) -> dict[str, Any]:
        """The settings by their names in the environment, without secrets: no keys, and addresses without their users
        and queries.
        """
        values = self.model_dump(mode="json")
        return {
            name_of(field): address_alone(value) if isinstance(value, str) and "://" in value else value
            for field, value in values.items()
            if not isinstance(getattr(self, field), SecretStr)
        }

    @field_validator("system_codes", "attachment_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("mlflow_prefix")
    @classmethod
    def _name_of_models(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,60}", value):
            raise ValueError(message("may hold small letters, digits, - and _ only"))
        return value

    @field_validator("model_source")
    @classmethod
    def _source_of_models(cls, value: str) -> str:
        if not re.fullmatch(r"local|latest|alias:[A-Za-z][A-Za-z0-9_-]{0,60}", value):
            raise ValueError(message("must be local, latest or alias:NAME"))
        return value

    @field_validator("policy", "thresholds")
    @classmethod
    def _words_of_the_dictionary(cls, value: dict[str, Any]) -> dict[str, Any]:
        """A misspelt word would leave its resolution automatic without anybody noticing."""
        known = {str(kind).casefold() for kind in ResolutionKind}
        for word in value:
            if word.casefold() not in known and not word.casefold().startswith("api|"):
                raise ValueError(
                    message("«{word}» is none of {known}, api|CODE", word=word, known=", ".join(ResolutionKind))
                )
        return value

    @field_validator("ticket_manager_url", "business_system_url", "openai_base_url", "ollama_base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(message("must begin with http:// or https://"))
        return value.rstrip("/")

    @field_validator("vector_db_url")
    @classmethod
    def _embedded_only(cls, value: str) -> str:
        if value:
            raise ValueError(message("a Qdrant server is not supported yet; leave it empty for the embedded engine"))
        return value


def load(**overrides: object) -> Settings:
    """The settings, with `overrides` (by field name) above environment and `.env`.

    Raises:
        SettingsError: names the first setting that is wrong, and how; also one of our prefix that does not exist,
            because a misspelt policy would leave everything automatic without anybody noticing.
    """
    _refuse_unknown()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            message("{name}: {problem}", name=name, problem=problem(first["type"], first["msg"], first.get("ctx", {}))),
            where="settings",
            remedy=message("correct {name} in the environment or in .env", name=name),
        ) from error


class _Language(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True)

    language: Language = Field("es", validation_alias=own("LANGUAGE"))


def language() -> Language:
    """The language of the settings, whether or not the others can be used; Spanish when it is itself wrong."""
    try:
        return _Language().language
    except (ValidationError, UnicodeDecodeError, OSError):
        return "es"


def name_of(field: str) -> str:
    """The name that a field of the settings has in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias)


def address_alone(text: str) -> str:
    """An address without what may be a secret in it."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def misspelt() -> tuple[tuple[str, str], ...]:
    """Names in the environment that look like a setting and are none, each with the setting; they are ignored."""
    known = _names()
    return tuple((name, near) for name in sorted(os.environ) if (near := spelling.misspelt(name, known)))


def _refuse_unknown() -> None:
    """Refuse names of our prefix that are no settings; in `.env`, which is ours, also names that look like one."""
    known = _names()
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise unknown(name, "settings", spelling.meant(name, known))
    for one in env_file.names():
        ours, near = one.name.upper().startswith(PREFIX), spelling.misspelt(one.name, known)
        if (ours and one.name.upper() not in known) or near:
            raise unknown(one.name, one.where, spelling.meant(one.name, known) if ours else near)
        if one.name.upper() in known and not one.valued:
            raise SettingsError(
                message("{name} has no value", name=one.name),
                where=one.where,
                remedy=message("write {name}=value, or take the line out", name=one.name),
            )


def unknown(name: str, where: str, near: str) -> SettingsError:
    """The error for a name that is no setting; `near` is the one that was perhaps meant."""
    return SettingsError(
        message("{name} is no setting of Resuelve", name=name),
        where=where,
        remedy=message("did you mean {near}?", near=near) if near else "take it out, or see docs/reference/settings.md",
    )


def _names() -> list[str]:
    return [name_of(field) for field in Settings.model_fields]
