"""The help desk of the shared evaluation set: 21 incidents, read one by one as a careful colleague would."""

from __future__ import annotations

from pathlib import Path

from resuelve.mocks.world import load_world
from tests.acceptance.product import LABEL, Product, build_workspace, desk_with, message

DATA = "insurance-es"
DERIVED = ("reasignar", "MOCK_BUZON")

MAY = {
    # documents cannot be seen, attached or downloaded: the rows of all three derive them
    "MOCK_INC0003": {DERIVED},
    "MOCK_INC0005": {DERIVED},
    "MOCK_INC0011": {DERIVED},
    # a file comes instead of a page: the row derives it
    "MOCK_INC0008": {DERIVED},
    # an account or a number is to be checked, and is given as a placeholder: ask for it
    "MOCK_INC0006": {("en_espera", "")},
    "MOCK_INC0013": {("en_espera", "")},
    # data exchanged between insured persons: the row waits for the person
    "MOCK_INC0012": {("en_espera", "")},
    # policy and holder are named and belong together: the business system's answer may be told
    "MOCK_INC0018": {("resolver", "")},
    "MOCK_INC0019": {("resolver", "")},
    "MOCK_INC0020": {("resolver", "")},
    "MOCK_INC0021": {("resolver", "")},
}
"""What may be done, by incident. The others are for a person: rows that contradict each other, rows for a person,
an agent that does not exist, a colleague who has the ticket in hand, or more than the normal days in provision."""

SAID = {
    "MOCK_INC0018": "POL003-FX-ACTIVA",
    "MOCK_INC0019": "POL004-DISCONF-RECHAZADA",
    "MOCK_INC0020": "POL005-DISCONF-ACTIVA",
    "MOCK_INC0021": "POL006-DISCONF-RECHAZADA",
}


def test_nothing_wrong_and_ten_right(product: Product, shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / DATA
    indexed = build_workspace(product, tmp_path / "indexed", data / "kb.csv")
    with desk_with(product, indexed, tmp_path, load_world(data)) as desk:
        ended = desk.run("run")
        assert (ended.status, ended.error) == (0, "")
        ledger = desk.ledger()
        done = {change["incident"]: (change["action"], change["body"].get("buzonDestino", "")) for change in ledger}
        wrong = {code: what for code, what in done.items() if what not in MAY.get(code, set())}
        assert not wrong
        desk.nothing_twice()
        assert len(done) >= 10
        for change in ledger:
            assert message(change).startswith(LABEL)
            assert SAID.get(change["incident"], "") in message(change)
        assert len(desk.report()["incidents"]) == 21
        assert desk.report()["totals"]["executed"] == len(done)
        desk.run("run")
        assert desk.ledger() == ledger
