"""Every event of the log, with its level and its fields. The reference page is written from it.

A field is a code, a count, a kind, a name of ours: never a sentence that somebody wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much an event matters."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Event:
    """What may be told.

    Attributes:
        fields: what it tells beside what every line has, by names of `FIELDS`; each may be missing.
    """

    name: str
    level: Level
    meaning: str
    fields: tuple[str, ...] = ()


CONTEXT = {
    "run": "the run, as its report names it",
    "incident": "the incident's code",
    "stage": "the stage, or the command, that was at work",
    "worker": "process and thread",
    "trace": "the id of the trace",
}
"""What every line may have, in this order, behind `time`, `level` and `event`."""

FIELDS = {
    "action": "what was done: resolution and, for an agent, its code",
    "agent": "the code of `api|CODE`",
    "alone": "how many are like no other",
    "answer": "one of the words that an agent answers with",
    "attachment": "its place among the ticket's",
    "attempts": "how often it was tried",
    "bytes": "bytes",
    "changed": "how many were changed",
    "changes": "changes of that kind",
    "command": "the command",
    "count": "how many",
    "created": "when it was made",
    "doubt": "why a person gets it: a kind of doubt, or of reason",
    "embedder": "the embedder's name",
    "encrypted": "whether a backup is",
    "error": "an error: `kind`, and of ours `what`, `where`, `remedy`, of others `place`",
    "examples": "how many examples a model learned from",
    "exit": "how a command ended: `done`, `left`, `failed`, `stopped`",
    "file": "a file of the workspace, by its name",
    "found": "how many were found",
    "handed_over": "how many were left to a person",
    "held_out": "for the test",
    "index": "whether the index is in it",
    "kept": "how many were kept",
    "kind": "what kind of it",
    "learned": "whether something was learned",
    "left_out": "lines of the same kind that were not written",
    "lines": "lines",
    "logger": "the library's logger",
    "message": "what the library said, with its slots open; nothing when it had none",
    "missing": "how many more are needed",
    "mode": "`live` or `shadow`",
    "model": "the model's name",
    "new": "how many are new",
    "outcome": "what became of an incident, as in the report",
    "outcomes": "incidents by what became of them",
    "place": "file, line and function",
    "problems": "known problems",
    "queue": "a mailbox",
    "reason": "a kind of reason",
    "reference": "the reference that the message on the ticket ends with",
    "rejected": "how many were rejected",
    "removed": "how many were removed",
    "role": "what a model is asked for",
    "row": "a row of the dictionary",
    "score": "the critic's, 0 to 100",
    "seconds": "how long it took",
    "status": "the status of the answer",
    "stopped": "what stops acting: `everything`, `hour` or a row",
    "system": "which system: `tickets`, `agents`, `models`, `index`, `resuelve`",
    "tickets": "how many incidents",
    "tokens": "tokens in and out",
    "tokens_in": "tokens of the question",
    "tokens_out": "tokens of the answer",
    "total": "of how many",
    "unchanged": "how many had not changed since the last run",
    "unknown": "changes of which nobody can tell whether they were made",
    "version": "a number of a version",
    "workers": "how many incidents at the same time",
}
"""What events tell, by name."""


def _debug(name: str, meaning: str, *fields: str) -> Event:
    return Event(name, Level.DEBUG, meaning, fields)


def _info(name: str, meaning: str, *fields: str) -> Event:
    return Event(name, Level.INFO, meaning, fields)


def _warning(name: str, meaning: str, *fields: str) -> Event:
    return Event(name, Level.WARNING, meaning, fields)


def _error(name: str, meaning: str, *fields: str) -> Event:
    return Event(name, Level.ERROR, meaning, fields)


ALL: tuple[Event, ...] = (
    # a command
    _info("command.started", "A command began to work in the workspace.", "command", "version"),
    _info("command.ended", "It ended.", "command", "seconds", "exit"),
    _error("command.failed", "It ended with an error.", "command", "seconds", "error"),
    # the log itself
    _warning("log.gap", "Lines could not be written to the disk: it was full, or not to be written on.", "lines"),
    _warning("log.waiting", "Lines cannot be shipped now; they wait on the disk.", "reason", "bytes"),
    _info("log.shipped_again", "Lines can be shipped again, and what waited is on its way.", "attempts"),
    _warning("log.refused", "The server took lines and threw them away, or never will take them.", "lines", "reason"),
    _warning("log.lost", "A file was removed, or replaced, before all of it was shipped.", "file", "lines", "bytes"),
    _error("log.broken", "Shipping broke off; it is tried again every minute.", "error"),
    _warning("library.warned", "A library said something.", "logger", "message", "place", "left_out", "error"),
    _error("library.failed", "A library said: failed.", "logger", "message", "place", "left_out", "error"),
    # a run
    _info("run.started", "A run began.", "mode", "queue", "workers", "problems", "model"),
    _info(
        "run.ended",
        "It ended, and its report is written.",
        "mode", "seconds", "total", "changed", "outcomes", "unchanged", "rejected", "unknown", "file",
    ),
    _debug("run.idle", "A further look of a watch found nothing to do, and nothing that had changed.", "mode"),
    _error("run.failed", "It could not be carried to its end.", "mode", "seconds", "error"),
    _warning("breaker.stopped", "Something stops acting until a person has looked.", "stopped", "row", "reason"),
    _warning("record.uncounted", "What lasted of what was done could not be counted.", "error"),
    _warning("history.lost", "Calls of models could not be kept in the history.", "count", "error"),
    # an incident
    _debug("incident.started", "Work on an incident began."),
    _debug("stage.ended", "A stage ended.", "seconds"),
    _info(
        "incident.ended",
        "An incident was recorded.",
        "outcome", "doubt", "row", "score", "seconds", "action",
    ),
    _error("incident.failed", "It failed, and is tried again.", "system", "kind", "count", "error"),
    _warning("incident.set_aside", "It failed too often, and is left alone until somebody changes it.", "count"),
    _warning("listing.rejected", "Entries of the ticket manager's list are no incidents.", "count", "reason"),
    _warning("attachment.unread", "An attachment was not read, or not all of it.", "attachment", "reason"),
    _debug("agent.asked", "An agent answered.", "agent", "answer"),
    _debug(
        "model.called",
        "A model was asked.",
        "role", "model", "seconds", "tokens", "tokens_in", "tokens_out", "attempts",
    ),
    _warning("model.failed", "A model gave nothing that may be used.", "role", "model", "seconds", "attempts", "error"),
    _info("change.sent", "A change was made on a ticket.", "action", "row", "reference"),
    _error("change.unknown", "Nobody can tell whether a change was made.", "action", "reference", "error"),
    # what the work stands on
    _debug("tickets.listed", "The ticket manager listed incidents.", "count", "bytes"),
    _warning(
        "call.repeated", "A call went through, or not, after several attempts.", "system", "model", "attempts", "status"
    ),
    _warning("database.waited", "A transaction of the journal or the history took long.", "seconds"),
    _error("database.failed", "The journal or the history cannot be read or written.", "kind"),
    _warning("reader.ended", "The process that reads attachments was ended, or ended itself.", "reason", "bytes"),
    _warning("version.refused", "A learned version was not taken from MLflow.", "role", "model", "version", "error"),
    _warning("following.unanswered", "MLflow's registry did not answer.", "error"),
    # knowledge
    _info("index.built", "The index was brought up to date.", "embedder", "new", "removed", "kept"),
    _warning("rows.set_aside", "Rows of the dictionary cannot be used.", "count"),
    _info("dictionary.changed", "The dictionary has a new version.", "version", "kind", "changes"),
    _info("maintenance.ended", "Closed incidents were looked at for proposals.", "tickets", "found", "outcomes"),
    _info("mining.ended", "Closed incidents were mined.", "tickets", "found", "alone", "handed_over"),
    _warning("mining.unread", "Files of rejected choices, or lines of them, could not be read.", "count"),
    _info("calibration.ended", "The score was learned, if outcomes were enough.", "examples", "missing", "learned"),
    _info("training.ended", "A model was learned.", "role", "examples", "held_out", "learned"),
    _info("version.registered", "A learned version was kept.", "role", "version"),
    _info("version.promoted", "A learned version was taken into use.", "role", "version"),
    _info("version.demoted", "The version before is in use again, or none.", "role", "version"),
    # backups
    _info("backup.made", "A backup was made.", "file", "bytes", "encrypted"),
    _warning("backup.incomplete", "Something is not in it.", "file", "count", "index"),
    _info("backup.restored", "A backup was restored.", "file", "created"),
    _info("backup.put_back", "What a restore had set aside was put back.", "file"),
)  # fmt: skip
"""In the order in which they come."""

BY_NAME = {event.name: event for event in ALL}
