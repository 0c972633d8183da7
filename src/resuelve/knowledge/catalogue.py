"""The dictionary, ``PROBLEMAS_GLOBALES.csv``: from the file that people edit to known errors."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

from resuelve.domain.errors import DictionaryError, Rejected
from resuelve.domain.known_error import KnownError, Prescription, ResolutionKind
from resuelve.domain.message import Message, message
from resuelve.knowledge.dates import is_date
from resuelve.knowledge.table import Line, read_text, split

FILE_NAME = "PROBLEMAS_GLOBALES.csv"

COLUMN_NAMES = {
    "component": "COMPONENTE",
    "description": "DESCRIPCION",
    "kind": "TIPO INCIDENCIA",
    "solution": "SOLUCIÓN",
    "resolved_on": "FECHA DE RESOLUCIÓN",
    "resolution": "RESOLUCION AUTOMÁTICA",
    "queue": "BUZON REASIGNACION",
    "id": "ID PROBLEMA",
}
"""What the columns that are read are called when Resuelve writes them."""

_COLUMNS = {
    "id": ("ID PROBLEMA",),
    "component": ("COMPONENTE",),
    "description": ("DESCRIPCION",),
    "kind": ("TIPO INCIDENCIA",),
    "solution": ("SOLUCION",),
    "resolved_on": ("FECHA DE RESOLUCION", "FECHA RESOLUCION"),
    "resolution": ("RESOLUCION AUTOMATICA",),
    "queue": ("BUZON REASIGNACION", "BUZON DE REASIGNACION"),
}
_FIELDS = {name: field for field, names in _COLUMNS.items() for name in names}
_KEPT = "\n\t\u200d\u00a0"
"""Characters that cannot be printed and mean something in a text: U+200D joins the parts of an emoji."""

_REQUIRED = ("description", "resolution")
_WORDS = {
    "MANUAL": ResolutionKind.MANUAL,
    "CIERRE": ResolutionKind.CLOSE,
    "EN ESPERA": ResolutionKind.HOLD,
    "REASIGNACION": ResolutionKind.REASSIGN,
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The known errors by id, in the order of the file, and the rows that were set aside.

    Attributes:
        fields: what the file has a column for (see `COLUMN_NAMES`).
        remarks: what is odd about rows that are used all the same, with their lines.
    """

    problems: Mapping[str, KnownError]
    rejected: tuple[Rejected, ...] = ()
    fields: frozenset[str] = frozenset()
    remarks: tuple[Rejected, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when any known error changes, not when rows are only reordered (16 hex digits)."""
        digest = hashlib.sha256()
        for problem in sorted(self.problems.values(), key=lambda p: p.id):
            digest.update(problem.content.encode())
        return digest.hexdigest()[:16]


def read(path: Path) -> Catalogue:
    """Read a dictionary; rows that cannot be used are set aside with their line and reason.

    Raises:
        DictionaryError: the file is missing, not a text, or has no usable header.
    """
    records = split(read_text(path))
    return catalogue_of(path.name, columns_of(str(path), next(records, None)), records)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the header says.

    Attributes:
        fields: the place of each column that is read, by the name of its field (see `COLUMN_NAMES`).
        names: all columns as `plain` spells them.
    """

    fields: Mapping[str, int]
    names: tuple[str, ...]
    _pick: Callable[[Sequence[str]], tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A column that is missing stands for the empty cell that `texts` puts behind the others.
        object.__setattr__(self, "_pick", itemgetter(*(self.fields.get(name, -1) for name in COLUMN_NAMES)))

    def texts(self, cells: Sequence[str]) -> Iterable[str]:
        """The clean texts of a row in the order of `COLUMN_NAMES`, empty where it has no such cell."""
        picked = self._pick((*cells, *[""] * (len(self.names) - len(cells)), ""))
        if "".join(picked).isprintable():
            return map(str.strip, picked)  # as `clean` does with one that is printable
        return map(clean, picked)


def catalogue_of(file_name: str, columns: Columns, lines: Iterable[Line]) -> Catalogue:
    """The known errors of these records, and those that cannot be used."""
    rows: list[KnownError] = []
    rejected: list[Rejected] = []
    remarks: list[Rejected] = []
    for line in lines:
        parsed = row_of(line, columns)
        if isinstance(parsed, Message):
            rejected.append(Rejected(" ".join(line.cells)[:80], f"{file_name}:{line.number}", parsed))
        else:
            rows.append(parsed)
            if parsed.resolved_on and not is_date(parsed.resolved_on):
                remarks.append(_no_date(parsed, f"{file_name}:{line.number}"))
    problems, conflicts = group(file_name, rows)
    return Catalogue(problems, tuple(rejected) + conflicts, frozenset(columns.fields), tuple(remarks))


def _no_date(row: KnownError, where: str) -> Rejected:
    reason = message("{name} «{value}» is no date", name=COLUMN_NAMES["resolved_on"], value=row.resolved_on[:40])
    return Rejected(row.description[:80], where, reason)


def columns_of(where: str, line: Line | None) -> Columns:
    """The columns that the header of the file `where` names.

    Raises:
        DictionaryError: there is no header, or a column is missing without which no row can be used.
    """
    if line is None:
        raise DictionaryError("is empty", where=where, remedy="put the known problems in it, with the header line")
    names = [plain(clean(cell)) for cell in line.cells]
    columns = {field: names.index(name) for field, known in _COLUMNS.items() for name in known if name in names}
    missing = [_COLUMNS[field][0] for field in _REQUIRED if field not in columns]
    if missing:
        raise DictionaryError(
            message("has no column {names}", names=" / ".join(missing)),
            where=f"{where}:{line.number}",
            remedy="the first line must name the columns, such as COMPONENTE,DESCRIPCION,…,RESOLUCION AUTOMÁTICA",
        )
    return Columns(columns, tuple(names))


def row_of(line: Line, columns: Columns) -> KnownError | Message:
    """The known error of one row, or why there is none."""
    if line.problem:
        return message("the line cannot be read: {why}", why=line.problem)
    if len(line.cells) > len(columns.names) and "".join(line.cells[len(columns.names) :]).strip():
        return message("it has more cells than the header: is a text with a comma not in quotes?")
    component, description, kind, solution, resolved_on, resolution, queue, name = columns.texts(line.cells)
    if not description:
        return message("DESCRIPCION is empty")
    prescription = _prescription(resolution, queue)
    if isinstance(prescription, Message):
        return prescription
    problem = KnownError(
        name, component, (description,), kind, solution, prescription, resolved_on, lines=(line.number,)
    )
    return problem if name else replace(problem, id=_derived_id(problem))


@lru_cache(maxsize=1024)  # a dictionary has few of them, and many rows
def _prescription(word: str, queue: str) -> Prescription | Message:
    name, bar, code = (piece.strip() for piece in word.partition("|"))
    if bar and plain(name) == "API":
        return Prescription(ResolutionKind.AGENT, agent_code=code) if code else message("api| names no code")
    kind = _WORDS.get(plain(word))
    if kind is None:
        return message(
            "RESOLUCION AUTOMÁTICA «{word}» is none of manual, cierre, En espera, reasignacion, api|CODE",
            word=word[:40],
        )
    if kind is ResolutionKind.REASSIGN and not queue:
        return message("reasignacion needs a BUZON REASIGNACION")
    return Prescription(kind, queue=queue if kind is ResolutionKind.REASSIGN else "")


def group(file_name: str, rows: Sequence[KnownError]) -> tuple[dict[str, KnownError], tuple[Rejected, ...]]:
    """Rows that share an id become one known error with several examples."""
    problems: dict[str, KnownError] = {}
    conflicts: list[Rejected] = []
    for row in rows:
        first = problems.setdefault(row.id, row)
        if first is row:
            continue
        difference = _difference(first, row)
        if difference:
            reason = message(
                "{columns} differs from line {line}, which has the same ID PROBLEMA {id}",
                columns=difference,
                line=first.lines[0],
                id=row.id,
            )
            conflicts.append(Rejected(row.description[:80], f"{file_name}:{row.lines[0]}", reason))
            continue
        examples = first.examples if row.description in first.examples else (*first.examples, row.description)
        solution = first.solution or row.solution
        problems[row.id] = replace(first, examples=examples, solution=solution, lines=first.lines + row.lines)
    return problems, tuple(conflicts)


def _difference(first: KnownError, other: KnownError) -> Message | None:
    if first.prescription != other.prescription:
        return message("RESOLUCION AUTOMÁTICA or BUZON REASIGNACION")
    if other.solution and first.solution and other.solution != first.solution:
        return message("SOLUCIÓN")
    return None


def _derived_id(problem: KnownError) -> str:
    content = [problem.component, problem.description, problem.solution, problem.prescription.label]
    content.append(problem.prescription.queue)
    return "P-" + hashlib.sha256("\x1f".join(content).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def clean(cell: str) -> str:
    """The text of a cell without control characters, invisible ones and outer blanks."""
    if cell.isprintable():
        return cell.strip()  # nearly every cell, and many times as fast
    cell = cell.replace("\r", " ")
    if _without_kept(cell).isprintable():
        return cell.strip()  # nearly all others, which have lines
    return "".join(_shown(char) for char in cell).strip()


def _without_kept(cell: str) -> str:
    for char in _KEPT:
        cell = cell.replace(char, "")
    return cell


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if char in _KEPT or category[0] != "C":
        return char
    # Soft hyphens and zero-width blanks would split words.
    return "" if category == "Cf" else " "


def plain(name: str) -> str:
    """A header's name or a keyword: upper case, no accents, single blanks, `_` as a blank."""
    decomposed = unicodedata.normalize("NFKD", name.replace("_", " "))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).upper().split())


def field_of(name: str) -> str:
    """Which field the column of this name is read as, whatever its spelling; empty when it is not read."""
    return _FIELDS.get(plain(name), "")


def examples(problems: Mapping[str, KnownError]) -> Iterator[tuple[KnownError, str]]:
    """Every known error with each of its examples."""
    for problem in problems.values():
        for example in problem.examples:
            yield problem, example
