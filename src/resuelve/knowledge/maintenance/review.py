"""From proposals that a person accepts to edits of the dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from resuelve.domain.errors import DictionaryError
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import message
from resuelve.knowledge.catalogue import COLUMN_NAMES, Catalogue, columns_of, row_of
from resuelve.knowledge.draft import clean_text
from resuelve.knowledge.edits import AddExample, AddProblem, Edit
from resuelve.knowledge.maintenance.proposal import Proposal, ProposalKind
from resuelve.knowledge.maintenance.stored import Entry
from resuelve.knowledge.sheet import Sheet, contract_name
from resuelve.knowledge.table import Line
from resuelve.resolution.report import is_formula

_NAMES = tuple(COLUMN_NAMES.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """What accepting proposals would do.

    Attributes:
        edits: of the dictionary, to be made as one version.
        problems: whose row or example each proposal becomes, by its id.
    """

    edits: tuple[Edit, ...]
    problems: Mapping[str, str]


def fields_of(proposal: Proposal) -> dict[str, str]:
    """The columns that a proposal of a new problem has, by the contract's names."""
    return {
        "COMPONENTE": proposal.component,
        "DESCRIPCION": proposal.description,
        "TIPO INCIDENCIA": proposal.kind_of_incident,
        "SOLUCIÓN": proposal.solution,
        "FECHA DE RESOLUCIÓN": f"{proposal.resolved_on:%d/%m/%Y}" if proposal.resolved_on else "",
        "RESOLUCION AUTOMÁTICA": proposal.prescription.label,
        "BUZON REASIGNACION": proposal.prescription.queue,
        "ID PROBLEMA": proposal.problem,
    }


def row_fields(entry: Entry, dictionary: Catalogue) -> dict[str, str]:
    """The row that a proposal would add, with what a person wrote into it.

    An example's row leads where its problem leads, whatever was done with that one incident.
    """
    fields = {name: clean_text(text) for name, text in {**fields_of(entry.proposal), **entry.edits}.items()}
    problem = dictionary.problems.get(fields["ID PROBLEMA"])
    if entry.proposal.kind is not ProposalKind.EXAMPLE or problem is None:
        return fields
    return fields | {
        "COMPONENTE": problem.component,
        "TIPO INCIDENCIA": problem.kind,
        "SOLUCIÓN": problem.solution,
        "FECHA DE RESOLUCIÓN": problem.resolved_on,
        "RESOLUCION AUTOMÁTICA": problem.prescription.label,
        "BUZON REASIGNACION": problem.prescription.queue,
    }


def checked_edits(entry: Entry, fields: Mapping[str, str]) -> dict[str, str]:
    """What a person writes into a proposal, by the contract's names of the columns, as it will be read back.

    Raises:
        DictionaryError: there is no such column, a text is a formula, or an example would get more than a description.
    """
    named = {contract_name(name): clean_text(text) for name, text in fields.items()}
    for name, text in named.items():
        if name not in _NAMES:
            _refuse(
                entry,
                message("there is no column {name}", name=name[:60]),
                message("name one of {names}", names=", ".join(_NAMES)),
            )
        if is_formula(text):
            _refuse(
                entry,
                message("{name} begins with «{sign}», as a formula does", name=name, sign=text[0]),
                "begin it with a word or with «•»",
            )
    if entry.proposal.kind is ProposalKind.EXAMPLE and named.keys() - {"DESCRIPCION"}:
        _refuse(
            entry,
            message(
                "it is an example of {problem}, and has only a DESCRIPCION of its own", problem=entry.proposal.problem
            ),
            message(
                "change {problem} in the dictionary, or merge the proposal into another problem",
                problem=entry.proposal.problem,
            ),
        )
    return named


def accepting(entries: Sequence[Entry], sheet: Sheet, *, examples: bool = False) -> Plan:
    """The edits that accept proposals.

    Args:
        examples: a new problem also gets the titles of its other incidents as examples.

    Raises:
        DictionaryError: the row of one could not be used.
    """
    edits: list[Edit] = []
    problems: dict[str, str] = {}
    said = {text for known in sheet.catalogue().problems.values() for text in known.examples}
    for entry in entries:
        fields = {name: clean_text(text) for name, text in {**fields_of(entry.proposal), **entry.edits}.items()}
        if entry.proposal.kind is ProposalKind.EXAMPLE:
            problem = entry.proposal.problem
            edits.append(AddExample(problem, fields["DESCRIPCION"]))
        else:
            if sheet.place("ID PROBLEMA") is None:
                del fields["ID PROBLEMA"]  # such a file derives ids from the content, and gets no column for one row
            problem = _known(entry, fields).id
            edits.append(AddProblem(fields))
        problems[entry.proposal.id] = problem
        said.add(fields["DESCRIPCION"])
        if examples and entry.proposal.kind is ProposalKind.PROBLEM:
            edits += [AddExample(problem, text) for text in _titles(entry, said)]
    return Plan(tuple(edits), problems)


def merging(entries: Sequence[Entry], problem: str) -> Plan:
    """The edits that make proposals examples of a problem that a person names."""
    edits = [
        AddExample(problem, clean_text(entry.edits.get("DESCRIPCION", entry.proposal.description))) for entry in entries
    ]
    return Plan(tuple(edits), {entry.proposal.id: problem for entry in entries})


def _known(entry: Entry, fields: Mapping[str, str]) -> KnownError:
    """The problem as it will be read back. Raises DictionaryError when it could not be used."""
    columns = columns_of(entry.proposal.id, Line(1, _NAMES))
    known = row_of(Line(2, tuple(fields.get(name, "") for name in _NAMES)), columns)
    if isinstance(known, str):
        _refuse(entry, message("the row could not be used: {known}", known=known), "edit the proposal")
    return known


def _titles(entry: Entry, said: set[str]) -> Iterator[str]:
    """The titles of its incidents that say something new; none that the dictionary would refuse."""
    for one in entry.proposal.evidence:
        title = clean_text(one.title)
        if title and title not in said and not is_formula(title):
            said.add(title)
            yield title


def _refuse(entry: Entry, what: str, remedy: str) -> NoReturn:
    raise DictionaryError(what, where=entry.proposal.id, remedy=remedy)
