"""`make rivals`, or `python -m benchmarks.rivals [SET] [--limit N] [--model URL]`: ours against what people would pick.

The same cases, the same encoder and the same machine through the product, through pipelines of Haystack and, with a
language model, through the reference flow (one relevance call a row, one choice, one critic). Each way in a process of
its own, one after the other, with as many threads. Prints figures, and their ratios to the product's.

SET is an evaluation set's folder or a desk of the repository: demo (which is taken without any), telco, ayuntamiento.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rivals.cases import BUNDLED, ROOT, prepare
from benchmarks.rivals.figures import as_json, fastest, figures, table
from benchmarks.rivals.task import Returned, Task
from resuelve.replay.sets import Split

HAYSTACK = ROOT / ".venv-rivals/bin/python"
_OURS, _THEIRS = "benchmarks.rivals.one_way", "benchmarks.rivals.haystack_way"


def ways(*, model: bool, haystack: Path) -> Iterator[tuple[str, list[str]]]:
    """The name of each way, and the command that runs it; the product comes first."""
    ours, theirs = [sys.executable, "-m", _OURS], [str(haystack), "-m", _THEIRS]
    yield "product", [*ours, "product"]
    if haystack.exists():
        for way in ("generator",) if model else ("hybrid", "vectors"):
            yield f"Haystack {way}", [*theirs, way]
    if model:
        yield "reference flow", [*ours, "reference"]


def run(command: list[str], folder: Path) -> Returned:
    """Run a way on a prepared folder."""
    paths = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    done = subprocess.run(
        [*command, str(folder)], check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **paths}
    )
    return Returned.of(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    given = _arguments()
    most = {Split.TEST: given.limit, Split.CALIBRATION: given.calibration}
    if given.calibration is None:
        most[Split.CALIBRATION] = 0 if given.model else given.limit
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = prepare(given.set, folder, most, Task([], [], given.model, given.model_name))
        counts, rows = data.counts(), len(data.dictionary.problems)
        title = given.set if given.set in BUNDLED else Path(given.set).name
        unanswered = sum(1 for case in data.of(Split.TEST) if not case.expected)
        print(
            f"{title}: {rows} problems; {counts['test']} test cases ({unanswered} without an answer), "
            f"{counts['calibration']} for calibration; target precision {given.target:.0%}\n",
            flush=True,
        )
        returned: dict[str, list[Returned]] = {}
        for _ in range(given.repeat):
            for way, command in ways(model=bool(given.model), haystack=given.haystack):
                print(f"  {way} …", file=sys.stderr, flush=True)
                returned.setdefault(way, []).append(run(command, folder))
        found = {way: figures(data, fastest(runs), given.target) for way, runs in returned.items()}
    print(table(found))
    print(_remarks(given))
    if given.json:
        model = given.model_name if given.model else ""
        report = {"set": title, "cases": counts, "target": given.target, "model": model, **as_json(found)}
        given.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _remarks(given: argparse.Namespace) -> str:
    said = ["", "In brackets: times the product's figure."]
    if not given.haystack.exists():
        said.append("Haystack is not installed: scripts/environment.sh requirements/rivals.lock .venv-rivals")
    if not given.model:
        said.append("The reference flow cannot run without a language model: --model URL")
    if given.set in ("telco", "ayuntamiento"):
        said.append("The product's critic was fitted on these very cases: look at another set for its quality.")
    return "\n".join(said)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", default="demo", metavar="SET")
    parser.add_argument("--limit", type=int, help="test cases; all when not said")
    parser.add_argument("--calibration", type=int, help="calibration cases; LIMIT when not said, none with --model")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each way, in turns; the fastest counts")
    parser.add_argument("--target", type=float, default=0.95, help="precision that thresholds are sought for")
    parser.add_argument("--model", default="", metavar="URL", help="an OpenAI-compatible server, up to /v1")
    parser.add_argument("--model-name", default="default", help="the server's name for its model")
    parser.add_argument("--haystack", type=Path, default=HAYSTACK, help="the interpreter that has Haystack")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
