"""Every error that Resuelve raises, in one tree.

    ResuelveError
    ├── SettingsError               a setting is missing or wrong
    ├── WorkspaceError              the workspace cannot be read or written
    │   └── WorkspaceBusy           other processes work in it
    ├── BackupError                 a backup cannot be made or restored
    │   └── BackupRefused           the file is damaged, foreign or unsafe; nothing was changed
    ├── DictionaryError             the dictionary of known problems cannot be read, or not be changed like that
    │   └── EditConflict            somebody else changed the same row meanwhile
    ├── VectorIndexError
    │   ├── IndexMissing            no index has been built
    │   ├── IndexMismatch           built by another embedder or another version, or from something else
    │   └── IndexDamaged            its files are not what was written
    ├── TicketError
    │   ├── TicketNotFound          the manager does not know the incident
    │   ├── TicketRefused           the manager understood the change and refused it; nothing was done
    │   │   └── AttachmentTooLarge  an attachment has more bytes than were allowed
    │   └── TicketUnavailable       no usable answer; what was done may be unknown
    ├── AgentError
    │   ├── AgentRefused            the business system refused the call
    │   └── AgentUnavailable        no usable answer
    ├── ModelError
    │   ├── ModelUnavailable        the model server did not answer
    │   └── ModelOutputInvalid      it answered something that may not be used
    ├── ReaderUnavailable           no file can be read now
    ├── TrainingError               a model cannot be learned, kept or taken into use
    ├── NotWaiting                  a ticket does not, or no longer, wait for what a person is asked
    ├── JournalError                the journal cannot be read or written
    ├── EvaluationError             an evaluation set cannot be read, or holds nothing to measure on
    └── ExperimentError             what was measured was not logged; everything else is done

A row or an incident that cannot be processed is not an error of the run: it is set aside with its reason
(`Rejected`), and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resuelve.domain.message import Message


class ResuelveError(Exception):
    """Base of the tree: what happened, where, and what to do about it.

    Its texts are English. What varies in them goes into the slots of a `message`, so that whoever shows the error can
    translate it (`texts.translated`).

    Attributes:
        what: one sentence about what happened.
        where: a file and line, a ticket, a stage or an address; empty when there is no better place.
        remedy: what the reader can do; empty when nothing can be advised.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = Message.of(what)
        self.where = Message.of(where)
        self.remedy = Message.of(remedy)
        super().__init__(str(self))

    def __str__(self) -> str:
        return self.worded(str)

    def worded(self, words: Callable[[str], str]) -> str:
        """The whole text, with each of its three parts put through `words`."""
        where, what, remedy = words(self.where), words(self.what), words(self.remedy)
        text = f"{where}: {what}" if where else what
        return f"{text} → {remedy}" if remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(cls: type[ResuelveError], state: dict[str, object]) -> ResuelveError:
    error = cls.__new__(cls)
    Exception.__init__(error, state.get("what", ""))
    error.__dict__.update(state)
    return error


class SettingsError(ResuelveError):
    """A setting is missing or has a value that cannot be used."""


class WorkspaceError(ResuelveError):
    """The workspace folder cannot be read or written."""


class WorkspaceBusy(WorkspaceError):
    """Other processes work in the workspace, or it is being restored."""


class BackupError(ResuelveError):
    """A backup cannot be made, or not be restored."""


class BackupRefused(BackupError):
    """The file is damaged, foreign, of a newer format or unsafe; nothing was changed."""


class DictionaryError(ResuelveError):
    """The dictionary of known problems cannot be read at all, or a change would make it unusable."""


class EditConflict(DictionaryError):
    """What was to be changed is no longer what the editor saw; nothing was changed.

    Attributes:
        current: what stands there now, by column name; empty when it is gone.
    """

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", current: Mapping[str, str] | None = None
    ) -> None:
        self.current = dict(current or {})
        super().__init__(what, where=where, remedy=remedy)


class VectorIndexError(ResuelveError):
    """The vector index cannot be used."""


class IndexMissing(VectorIndexError):
    """No index has been built yet."""


class IndexMismatch(VectorIndexError):
    """The index was built by another embedder or another version of Resuelve."""


class IndexDamaged(VectorIndexError):
    """The files of the index are not what was written; it has to be built again."""


class TicketError(ResuelveError):
    """A call to the ticket manager failed."""


class TicketNotFound(TicketError):
    """The ticket manager does not know this incident."""


class TicketRefused(TicketError):
    """The ticket manager refused the change; nothing was changed."""


class AttachmentTooLarge(TicketRefused):
    """An attachment has more bytes than were allowed; none of them is given."""


class TicketUnavailable(TicketError):
    """The ticket manager gave no usable answer.

    Attributes:
        outcome_unknown: True when a change was sent and may or may not have been carried out.
        answered: True when the manager answered (with an error), so that it is not still working on the change.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        outcome_unknown: bool = False,
        answered: bool = False,
    ) -> None:
        self.outcome_unknown = outcome_unknown
        self.answered = answered
        super().__init__(what, where=where, remedy=remedy)


class AgentError(ResuelveError):
    """A business system's agent could not answer."""


class AgentRefused(AgentError):
    """The business system understood the request and refused it."""


class AgentUnavailable(AgentError):
    """The business system gave no usable answer."""


class ModelError(ResuelveError):
    """A language model or an embedder could not be used.

    Attributes:
        calls, tokens_in, tokens_out: what was spent before giving up.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        calls: int = 0,
        tokens_in: int = 0,
        tokens_out: int = 0,
    ) -> None:
        self.calls = calls
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out
        super().__init__(what, where=where, remedy=remedy)


class ModelUnavailable(ModelError):
    """The model server did not answer, or answered with an error."""


class ModelOutputInvalid(ModelError):
    """The model's answer was cut, malformed, off-schema or outside what was offered."""


class ReaderUnavailable(ResuelveError):
    """No file can be read now: the reading process does not start."""


class TrainingError(ResuelveError):
    """A model cannot be learned, kept or taken into use."""


class JournalError(ResuelveError):
    """The journal cannot be read or written."""


class NotWaiting(ResuelveError):
    """A ticket does not, or no longer, wait for a person's yes or no; nothing was done."""


class EvaluationError(ResuelveError):
    """An evaluation set cannot be read, or holds nothing to measure on."""


class ExperimentError(ResuelveError):
    """What was measured was not logged as a run of an experiment; everything else is done."""


class ExperimentsUnavailable(ResuelveError):
    """Runs and registered models cannot be asked for: MLflow is not installed, or its store does not answer."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that could not be processed and was set aside.

    Attributes:
        what: the incident code, or the text of the thing.
        where: file and line, or the system it came from.
        reason: why it was set aside, for a person to read.
    """

    what: str
    where: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", Message.of(self.reason))

    def worded(self, words: Callable[[str], str]) -> str:
        """Where and why, each put through `words`."""
        return f"{words(self.where)}: {words(self.reason)}"
