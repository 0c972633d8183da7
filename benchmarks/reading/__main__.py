"""`python -m benchmarks.reading [--each] [--save FOLDER]`: the drawn set, read by OCR in this process."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.reading.drawn import Drawn, every
from benchmarks.reading.error_rate import errors, spaced
from resuelve.readers.formats import picture
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits, Passage

_SCOPE = Scope(Limits(), 0, lambda *_: iter(()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", action="store_true", help="print what was read wrongly")
    parser.add_argument("--save", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    cases = list(every())
    if options.save:
        _save(cases, options.save)
    read_text(cases[0].data)  # the engine is built
    wrong: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    missed, named, seconds, worst = [], 0, [], []
    for case in cases:
        begun = time.perf_counter()
        text = read_text(case.data)
        seconds.append(time.perf_counter() - begun)
        count, size = errors(text, case.text), len(spaced(case.text))
        for group in ("all", *case.way.split(", ")):
            wrong[group] += count
            letters[group] += size
        worst.append((count / size, case))
        missed += [(case, one) for one in case.named if spaced(one) not in spaced(text)]
        named += len(case.named)
        if options.each and count:
            print(f"{count / size:7.2%}  {case.name} ({case.way})\n  true: {spaced(case.text)}\n  read: {spaced(text)}")
    print(f"{len(cases)} pictures, {letters['all']} letters: {wrong['all'] / letters['all']:.2%} wrong")
    print("  by way: " + ", ".join(f"{way} {wrong[way] / letters[way]:.2%}" for way in letters if way != "all"))
    worst.sort(key=lambda pair: -pair[0])
    print("  worst: " + "; ".join(f"{share:.1%} {case.name} ({case.way})" for share, case in worst[:5]))
    print(
        f"  named: {named - len(missed)} of {named}; missed: "
        + ", ".join(f"{o} ({c.name}, {c.way})" for c, o in missed)
    )
    seconds.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(f"  seconds a picture: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}; peak {peak:.0f} MB")


def read_text(data: bytes) -> str:
    return "\n".join(found.text for found in picture.read(data, _SCOPE) if isinstance(found, Passage))


def _save(cases: list[Drawn], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(cases):
        kind = "jpg" if "JPEG" in case.way else "png"
        (folder / f"{number:02}-{case.name}.{kind}").write_bytes(case.data)


if __name__ == "__main__":
    main()
