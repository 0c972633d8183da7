"""`make bench`: incidents a second, memory, how much is approved, what index, pictures and being watched
cost. Asserts nothing.

Absolute times depend on the machine; the ratios (against the encoder alone, 2,000 against 200) travel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.incidents import write_world

SIZES = (200, 2000)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print("Embedded, durable, mock services on this machine, texts all different:\n")
        print(f"{'incidents':>10} {'start-up s':>11} {'run s':>8} {'per second':>11} {'of encoder':>11} {'peak MB':>8}")
        figures = [_measure(Path(folder) / str(size), size) for size in SIZES]
    small, large = figures
    print(f"\npeak memory, {SIZES[1]} against {SIZES[0]}: x{large['peak_mb'] / small['peak_mb']:.2f}")
    stages = sorted(small["stages"].items(), key=lambda pair: -pair[1])
    print("milliseconds an incident by stage: " + ", ".join(f"{n} {1000 * s / SIZES[0]:.1f}" for n, s in stages))
    subprocess.run([sys.executable, "-m", "benchmarks.outcomes"], check=True)
    print(flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.mining", "1000"], check=True)
    print(flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.indexing", "--rows", "2000"], check=True)
    print(flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.reading"], check=True)
    print(flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.watching"], check=True)


def _measure(folder: Path, size: int) -> dict[str, Any]:
    write_world(folder / "world", size)
    command = [sys.executable, "-m", "benchmarks.one_run", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figure: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    rate = size / figure["run_s"]
    print(
        f"{size:>10} {figure['startup_s']:>11.2f} {figure['run_s']:>8.1f} {rate:>11.1f} "
        f"{rate / figure['encoder_per_s']:>10.0%} {figure['peak_mb']:>8.0f}",
        flush=True,
    )
    return figure


if __name__ == "__main__":
    main()
