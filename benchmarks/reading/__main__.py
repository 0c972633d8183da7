"""`python -m benchmarks.reading [--each] [--save FOLDER]`: the drawn set, read by us and by the engine as it comes.

Prints the share of wrong letters, what was named and not found, seconds a picture and memory. Times depend on the
machine; the ratios travel. With other typefaces on a machine the pictures are others, too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.reading.drawn import every
from benchmarks.reading.one_way import WAYS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", action="store_true", help="what was read wrongly")
    parser.add_argument("--save", type=Path, help="a folder for the pictures")
    options = parser.parse_args()
    if options.save:
        _save(options.save)
    found = {way: _measured(way) for way in WAYS}
    own, engine = found.values()
    print(f"{own['pictures']} drawn screens, {own['letters']:,} letters, {own['named']} codes and numbers:\n")
    print(f"{'':>18} {'wrong':>7} {'missed':>7} {'median s':>9} {'most s':>7} {'core s':>7} {'peak MB':>8}")
    for way, one in found.items():
        print(
            f"{way:>18} {one['wrong']['all']:>7.2%} {len(one['missed']):>7} {one['median_s']:>9.2f} "
            f"{one['most_s']:>7.2f} {one['core_s']:>7.2f} {one['peak_mb']:>8.0f}"
        )
    ratios = ", ".join(
        f"{name} x{own[key] / engine[key]:.2f}"
        for name, key in (("core time", "core_s"), ("median", "median_s"), ("memory", "peak_mb"))
    )
    print(f"\nours against the engine as it comes: {ratios}")
    print("wrong by way: " + ", ".join(f"{way} {share:.2%}" for way, share in own["wrong"].items() if way != "all"))
    print("missed: " + (", ".join(own["missed"]) or "none"))
    for share, name, way, true, read in own["shown"] if options.each else ():
        if share:
            print(f"\n{share:.2%} {name} ({way})\n  true: {true}\n  read: {read}")


def _measured(way: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reading.one_way", way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _save(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(every()):
        kind = "jpg" if "JPEG" in case.way else "png"
        (folder / f"{number:02}-{case.name}.{kind}").write_bytes(case.data)


if __name__ == "__main__":
    main()
