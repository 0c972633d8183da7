"""The workspace: the folder with the dictionary and everything that Resuelve leaves behind."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resuelve.domain.errors import WorkspaceError
from resuelve.domain.message import Message, message, system_said


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where things are. The names are those that the system before had; what is new lies under `.resuelve`."""

    root: Path

    @property
    def dictionary(self) -> Path:
        """``PROBLEMAS_GLOBALES.csv``, which people edit."""
        return self.root / "PROBLEMAS_GLOBALES.csv"

    @property
    def correctives(self) -> Path:
        """``CORRECTIVOS_ABIERTOS.csv``: fixes under way, if there is such a file."""
        return self.root / "CORRECTIVOS_ABIERTOS.csv"

    @property
    def regression_tickets(self) -> Path:
        """``PRUEBAS_PROBLEMAS.jsonl``: incidents for which a row must, or must not, be chosen."""
        return self.root / "PRUEBAS_PROBLEMAS.jsonl"

    @property
    def reports(self) -> Path:
        """A report a run, as JSON."""
        return self.root / "reportes"

    @property
    def rejected(self) -> Path:
        """What the critic rejected, a CSV a day."""
        return self.root / "rejected"

    @property
    def index(self) -> Path:
        """The vector index; derived, may be deleted."""
        return self.root / ".resuelve" / "index"

    @property
    def regression_lock(self) -> Path:
        """Held while the regression tickets are written."""
        return self.root / ".resuelve" / "regression.lock"

    @property
    def versions(self) -> Path:
        """The versions of the dictionary: its history, which nothing else holds."""
        return self.root / ".resuelve" / "versions"

    @property
    def proposals(self) -> Path:
        """What closed incidents taught, and what people decided about it; nothing else holds that."""
        return self.root / ".resuelve" / "proposals"

    def proposed(self, day: date) -> Path:
        """``PROBLEMAS_GLOBALES_YYYYMMDD.csv``: the open proposals of that day."""
        return self.root / f"PROBLEMAS_GLOBALES_{day:%Y%m%d}.csv"

    def maintenance_report(self, day: date) -> Path:
        """``reporte_mantenimiento_globales_YYYYMMDD.json``: what the proposals of that day stand on."""
        return self.reports / f"reporte_mantenimiento_globales_{day:%Y%m%d}.json"

    @property
    def backups(self) -> Path:
        """A file a backup, unless another folder is named."""
        return self.root / "backup"

    @property
    def journal_file(self) -> Path:
        """The file of the journal's database."""
        return self.root / ".resuelve" / "journal.db"

    @property
    def journal_url(self) -> str:
        """The journal's database."""
        return f"sqlite:///{self.journal_file.absolute()}"

    @property
    def history(self) -> Path:
        """Every call of every model: a database, and what is exported of it."""
        return self.root / "historico"

    @property
    def history_file(self) -> Path:
        """The file of the history's database."""
        return self.history / "historico.db"

    @property
    def history_url(self) -> str:
        """The history's database."""
        return f"sqlite:///{self.history_file.absolute()}"

    @property
    def learned(self) -> Path:
        """What the past has taught about the score, and about each row."""
        return self.root / ".resuelve" / "calibration.json"

    @property
    def track_figures(self) -> Path:
        """What lasted of what was done, as it was counted last; derived, may be deleted."""
        return self.root / ".resuelve" / "track_figures.json"

    @property
    def models(self) -> Path:
        """Learned models, a folder a role and version; some are in use."""
        return self.root / ".resuelve" / "models"

    @property
    def experiments(self) -> Path:
        """What MLflow keeps of evaluations and trainings, unless it keeps it elsewhere."""
        return self.root / ".resuelve" / "mlflow"

    @property
    def logs(self) -> Path:
        """The log, a file a day."""
        return self.root / "logs"

    @property
    def locks(self) -> Path:
        """One file a living process."""
        return self.root / ".resuelve" / "locks"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            WorkspaceError: the folder cannot be made or written.
        """
        for folder in (self.root, self.reports, self.rejected, self.root / ".resuelve"):
            _make(folder)

    def make_history(self) -> None:
        """Make the folder of the history.

        Raises:
            WorkspaceError: it cannot be made or written.
        """
        _make(self.history)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, system_said(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, message("no right to write"))


def _unwritable(folder: Path, why: Message) -> WorkspaceError:
    return WorkspaceError(
        message("the workspace cannot be written ({why})", why=why),
        where=str(folder),
        remedy="give yourself the right, or name another folder with --workspace or RESUELVE_WORKSPACE",
    )
