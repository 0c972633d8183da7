"""What a person decided about a proposal holds, whatever is found again and whenever the process dies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import DictionaryError, EditConflict, WorkspaceError
from resuelve.domain.known_error import Prescription, ResolutionKind
from resuelve.knowledge.edits import AddExample
from resuelve.knowledge.maintenance.ledger import Ledger
from resuelve.knowledge.maintenance.proposal import Evidence, Grade, Near, Proposal, ProposalKind
from resuelve.knowledge.maintenance.stored import Act, Entry, State, entry_of, line_of
from resuelve.knowledge.version_log import Version
from resuelve.knowledge.versions import Dictionary
from tests.proposals import evidence, example, new_problem

AT = datetime(2026, 3, 1, 10, 0, 0, 123, tzinfo=UTC)
DICTIONARY = "DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA,ID PROBLEMA\nNo entra,Borre las cookies,cierre,W1\n"


@pytest.fixture
def book(tmp_path: Path) -> Dictionary:
    (tmp_path / "d.csv").write_text(DICTIONARY, encoding="utf-8")
    return Dictionary(tmp_path / "d.csv", tmp_path / "versions")


@pytest.fixture
def ledger(tmp_path: Path, book: Dictionary) -> Ledger:
    return Ledger(tmp_path / "proposals", history=book.history)


def states(ledger: Ledger) -> dict[str, str]:
    return {one.proposal.id: str(one.state) for one in ledger.entries()}


def reject(ledger: Ledger, *proposals: Proposal) -> None:
    ledger.reject([one.id for one in proposals], who="ana", why="es un caso suelto", at=AT)


def added(book: Dictionary, text: str = "No me deja pasar") -> Version:
    return book.apply([AddExample("W1", text)], who="ana", why="sí", at=AT)


def take(ledger: Ledger, book: Dictionary, proposal: Proposal, state: State = State.ACCEPTED) -> Version:
    entries = [ledger.entry(proposal.id)]
    return ledger.take(entries, Act(state, "ana", "sí", AT), {proposal.id: "W1"}, lambda: added(book))


def test_what_is_found_is_open_and_found_again_is_known(ledger: Ledger) -> None:
    one, two = new_problem("A", "B"), example("C")
    assert ledger.offer([one, two], at=AT).new == (one, two)
    again = ledger.offer([two, one], at=AT)
    assert (again.new, again.known, again.suppressed) == ((), (two, one), ())
    assert [(one.proposal, one.found) for one in ledger.entries()] == [(one, AT), (two, AT)]
    assert set(states(ledger).values()) == {"open"}


def test_a_rejected_one_does_not_come_back(ledger: Ledger) -> None:
    first = new_problem("A", "B", description="El mapa sale gris")
    ledger.offer([first], at=AT)
    reject(ledger, first)
    (entry,) = ledger.entries()
    assert (entry.state, entry.acts[-1].who, entry.acts[-1].why) == (State.REJECTED, "ana", "es un caso suelto")
    grown, worded = new_problem("B", "C", "D"), example("E", description="  el MAPA, sale grís. ")
    other = new_problem("F")
    offered = ledger.offer([first, grown, worded, other], at=AT)
    assert [one for one, _ in offered.suppressed] == [first, grown, worded]
    assert {why.proposal.id for _, why in offered.suppressed} == {first.id}
    assert offered.new == (other,)
    assert ledger.suppressed(grown) == entry
    assert ledger.suppressed(other) is None, "an open one is not decided about"


def test_a_rejection_needs_a_reason_and_an_open_proposal(ledger: Ledger) -> None:
    one, two = new_problem("A"), new_problem("B")
    ledger.offer([one, two], at=AT)
    with pytest.raises(DictionaryError, match="reason"):
        ledger.reject([one.id], who="ana", why=" ", at=AT)
    reject(ledger, one)
    with pytest.raises(DictionaryError, match="rejected already, by ana on 2026-03-01"):
        reject(ledger, two, one)
    assert states(ledger) == {one.id: "rejected", two.id: "open"}, "all or none"
    with pytest.raises(DictionaryError, match="no proposal P-0"):
        ledger.entry("P-0")


def test_rejected_ones_are_offered_again_on_demand(ledger: Ledger, book: Dictionary) -> None:
    one, two = new_problem("A", "B"), example("C")
    ledger.offer([one, two], at=AT)
    reject(ledger, one)
    take(ledger, book, two)
    again = ledger.offer([one, two], at=AT, again=True)
    assert again.new == (one,)
    assert [proposal for proposal, _ in again.suppressed] == [two], "it stands in the dictionary"
    entry = ledger.entry(one.id)
    assert (entry.state, [str(act.state) for act in entry.acts]) == (State.OPEN, ["rejected"]), "nothing is forgotten"
    grown = new_problem("A", "B", "D")
    reject(ledger, one)
    assert ledger.offer([grown], at=AT, again=True).new == (grown,)
    assert ledger.offer([grown], at=AT).known == (grown,)


def test_with_more_evidence_it_is_renewed_and_stays_edited(ledger: Ledger) -> None:
    first = new_problem("A", "B")
    ledger.offer([first], at=AT)
    ledger.edit(first.id, {"SOLUCIÓN": "Espere."}, who="ana", at=AT)
    grown = new_problem("A", "B", "C")
    offered = ledger.offer([grown], at=AT.replace(year=2027))
    assert offered.renewed == (grown,)
    (entry,) = ledger.entries()
    assert (entry.proposal, entry.state, entry.found) == (grown, State.EDITED, AT)
    assert entry.edits == {"SOLUCIÓN": "Espere."}
    with pytest.raises(DictionaryError, match=f"is {grown.id} now"):
        ledger.entry(first.id)
    less = new_problem("A", "D")
    assert ledger.offer([less], at=AT).known == (less,), "an incident more elsewhere takes none away"
    assert [one.proposal for one in ledger.entries()] == [grown]


def test_other_surroundings_are_noted(ledger: Ledger) -> None:
    first = new_problem("A", "B")
    ledger.offer([first], at=AT)
    near = replace(first, contradicts=(Near("W1", 0.9),))
    assert ledger.offer([near], at=AT).known == (near,)
    assert ledger.entry(first.id).proposal == near


def test_two_that_become_one_are_one(ledger: Ledger) -> None:
    one, two = new_problem("A", "B"), new_problem("C")
    ledger.offer([one, two], at=AT)
    both = new_problem("A", "B", "C")
    assert ledger.offer([both], at=AT).renewed == (both,)
    (entry,) = ledger.entries()
    assert set(entry.replaced) == {one.id, two.id}


def test_accepted_and_merged_ones_are_told(ledger: Ledger, book: Dictionary) -> None:
    one, two = new_problem("A", "B"), example("C")
    ledger.offer([one, two], at=AT)
    version = take(ledger, book, one)
    assert (version.number, states(ledger)[one.id]) == (2, "accepted")
    act = ledger.entry(one.id).acts[-1]
    assert (act.version, act.problem, act.who) == (2, "W1", "ana")
    assert ledger.told() == {"A", "B"}
    assert ledger.offer([new_problem("B", "D")], at=AT).new == ()
    with pytest.raises(DictionaryError, match="accepted already"):
        take(ledger, book, one)


def test_a_refused_change_leaves_it_open(ledger: Ledger, book: Dictionary, tmp_path: Path) -> None:
    one = example("A")
    ledger.offer([one], at=AT)
    entries, act = [ledger.entry(one.id)], Act(State.ACCEPTED, "ana", "sí", AT)
    with pytest.raises(DictionaryError, match="already a description"):
        ledger.take(entries, act, {one.id: "W1"}, lambda: added(book, "No entra"))
    assert states(ledger) == {one.id: "open"}
    assert not (tmp_path / "proposals" / "accepting.json").exists()
    ledger.edit(one.id, {"DESCRIPCION": "Otra"}, who="eva", at=AT)
    with pytest.raises(EditConflict, match="changed meanwhile"):
        ledger.take(entries, act, {one.id: "W1"}, lambda: added(book))
    assert len(book.history()) == 1


def test_a_process_that_dies_after_the_change_leaves_it_accepted(ledger: Ledger, book: Dictionary) -> None:
    one, two = example("A"), example("B")
    ledger.offer([one, two], at=AT)

    def dies_after() -> Version:
        added(book)
        raise KeyboardInterrupt

    entries, act = [ledger.entry(one.id)], Act(State.MERGED, "ana", "sí", AT)
    with pytest.raises(KeyboardInterrupt):
        ledger.take(entries, act, {one.id: "W1"}, dies_after)
    assert states(ledger) == {one.id: "merged", two.id: "open"}
    assert ledger.entry(one.id).acts[-1].version == 2


def test_a_process_that_dies_before_the_change_leaves_it_open(ledger: Ledger, book: Dictionary, tmp_path: Path) -> None:
    one = example("A")
    ledger.offer([one], at=AT)

    def dies_before() -> Version:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.take([ledger.entry(one.id)], Act(State.ACCEPTED, "ana", "sí", AT), {one.id: "W1"}, dies_before)
    assert (tmp_path / "proposals" / "accepting.json").exists()
    assert states(ledger) == {one.id: "open"}
    (tmp_path / "proposals" / "accepting.json").write_text('{"state": "acc')
    assert states(ledger) == {one.id: "open"}
    take(ledger, book, one)
    assert states(ledger) == {one.id: "accepted"}


def test_a_damaged_line_is_set_aside_and_kept(ledger: Ledger, tmp_path: Path) -> None:
    one, two, three = new_problem("A"), new_problem("B"), new_problem("C")
    ledger.offer([one, two, three], at=AT)
    file = tmp_path / "proposals" / "proposals.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    broken = [lines[0].replace(b'"state":"open"', b'"state":"rejected"'), b"{\n", lines[2], lines[2]]
    file.write_bytes(b"".join(broken))
    reasons = [(each.where, each.reason) for each in ledger.damaged()]
    assert [where for where, _ in reasons] == ["proposals.jsonl:1", "proposals.jsonl:2", "proposals.jsonl:4"]
    assert [text for _, why in reasons for text in ("checksum", "not JSON", "twice") if text in why] == [
        "checksum",
        "not JSON",
        "twice",
    ]
    assert states(ledger) == {three.id: "open"}
    reject(ledger, three)
    kept = file.read_bytes()
    assert all(line.strip() in kept for line in broken[:2])


def test_two_at_once_take_turns(tmp_path: Path, ledger: Ledger, book: Dictionary) -> None:
    one = example("A")
    ledger.offer([one], at=AT)
    other = Ledger(tmp_path / "proposals", history=book.history, wait=0)

    def meanwhile() -> Version:
        with pytest.raises(DictionaryError, match="another process"):
            reject(other, one)
        return added(book)

    ledger.take([ledger.entry(one.id)], Act(State.ACCEPTED, "ana", "sí", AT), {one.id: "W1"}, meanwhile)
    assert states(ledger) == {one.id: "accepted"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, book: Dictionary) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be read or written"):
        Ledger(tmp_path / "file" / "proposals", history=book.history).entries()


texts = st.text(max_size=30)
days = st.none() | st.dates()
done = st.builds(Prescription, st.sampled_from(ResolutionKind), texts, texts)
near = st.lists(st.builds(Near, texts, st.floats(0, 1)), max_size=2).map(tuple)
proposals = st.builds(
    Proposal,
    id=texts,
    kind=st.sampled_from(ProposalKind),
    problem=texts,
    component=texts,
    description=texts,
    kind_of_incident=texts,
    solution=texts,
    prescription=done,
    resolved_on=days,
    certainty=st.floats(0, 1) | st.just(1),
    grade=st.sampled_from(Grade),
    reasons=st.lists(texts, max_size=2).map(tuple),
    evidence=st.lists(st.builds(Evidence, texts, texts, texts, done, days, st.booleans()), max_size=2).map(tuple),
    duplicates=near,
    contradicts=near,
    worded_by=texts,
)
moments = st.datetimes(timezones=st.just(UTC))
acts = st.builds(Act, st.sampled_from(State), texts, texts, moments, st.integers(), texts)
entries = st.builds(
    Entry,
    proposals,
    moments,
    st.sampled_from(State),
    st.dictionaries(texts, texts, max_size=2),
    st.lists(acts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


@given(entries)
def test_an_entry_is_read_back_as_it_was_written(entry: Entry) -> None:
    line = line_of(entry)
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert entry_of(line) == entry


def test_half_characters_of_a_ticket_do_no_harm() -> None:
    entry = Entry(replace(new_problem("A"), evidence=(evidence("A", "\ud83d roto"),)), AT)
    assert entry_of(line_of(entry)) == entry


@given(st.binary(max_size=40) | st.builds(lambda entry, size: line_of(entry)[:size], entries, st.integers(0, 2000)))
def test_what_is_no_whole_entry_is_refused_with_a_reason(line: bytes) -> None:
    try:
        entry = entry_of(line)
    except ValueError as error:
        assert str(error)
    else:
        assert entry_of(line_of(entry)) == entry


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"extra": 1}, "extra is not known"),
        ({"format": 2}, "another version"),
        ({"format": True}, "format is no int"),
        ({"edits": {"SOLUCIÓN": 1}}, "edits are no texts"),
        ({"state": "lost"}, "not a valid State"),
        ({"replaced": [1]}, "no text"),
        ({"acts": ["x"]}, "no JSON object"),
        ({"proposal": {}}, "id is missing"),
    ],
)
def test_what_nobody_wrote_so_is_refused(change: dict[str, object], reason: str) -> None:
    from resuelve.knowledge.maintenance.stored import _check

    content = json.loads(line_of(Entry(new_problem("A"), AT))) | change
    del content["check"]
    with pytest.raises(ValueError, match=reason):
        entry_of(json.dumps({**content, "check": _check(content)}).encode())
