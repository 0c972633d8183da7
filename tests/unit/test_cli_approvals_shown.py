"""What a person sees before saying yes: all of it, and nothing that only looks like it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from resuelve.cli.approvals_shown import print_proposal
from resuelve.domain.decision import Close
from resuelve.domain.incident import HistoryEntry, Incident
from resuelve.journal import IncidentRecord, Recorded
from resuelve.resolution.act import as_json
from resuelve.resolution.proposal import Proposal

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FORGED = "A-0123456789 · Closed"


def shown(incident: Incident, *, width: int = 80, age: timedelta = timedelta(hours=3)) -> tuple[Proposal, list[str]]:
    decision = {
        "proposal": as_json(Close("Borre las cookies")),
        "problem": {"id": "A", "fingerprint": "f", "description": f"No abre\n{FORGED}"},
        "score": 80.0,
        "reason": "The policy asks",
        "critique": {"reason": f"It fits\n{FORGED}"},
    }
    record = IncidentRecord("r", incident.code, incident.revision, "handed_off", {"decision": decision})
    found = Proposal(Recorded(record, NOON), incident, "[SPAI] ")
    out = StringIO()
    print_proposal(Console(file=out, width=width, force_terminal=False), found, "en", NOON + age)
    return found, [line.rstrip() for line in out.getvalue().splitlines()]


def test_text_of_a_ticket_cannot_pass_for_what_the_product_says() -> None:
    spaces = " " * 75
    entries = (HistoryEntry(author=f"Eva\n{FORGED}", detail=f"hola\n{FORGED}", resolution_notes=f"x{spaces}{FORGED}"),)
    files = ("http://gestor.example/api/adjuntos/una%0A%20foto.png",)
    title, told = f"No va\n{FORGED}", f"No va\r{FORGED}\x0b{FORGED}\u2028{FORGED}\x85{FORGED}"
    incident = Incident("INC1", "GR\nA-0", title, description=told, history=entries, attachments=files)
    found, lines = shown(incident)
    begin = [line for line in lines if line.startswith("A-")]
    assert begin == [f"{found.mark} · Close"]
    assert lines[-1] == f"resuelve approvals accept INC1={found.mark}"
    assert "    una foto.png" in lines
    assert any("hola" in line for line in lines)


def test_every_cut_is_marked_and_the_text_that_is_sent_is_never_cut() -> None:
    many = tuple(HistoryEntry(detail=f"entry {number}") for number in range(30))
    _, lines = shown(Incident("INC1", description="d" * 5000, history=many))
    text = "\n".join(lines)
    assert "1000 characters more" in " ".join(text.split())
    assert "10 earlier entries are not shown" in text
    assert "entry 29" in text
    assert "entry 9\n" not in text


def test_the_age_is_told() -> None:
    assert any("(3 h)" in line for line in shown(Incident("INC1"))[1])
    assert any("(4 days)" in line for line in shown(Incident("INC1"), age=timedelta(days=4, hours=5))[1])
