"""The drawn set read in one way, in a process of its own: `python -m benchmarks.reading.one_way WAY`; prints JSON."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.reading.drawn import every
from benchmarks.reading.error_rate import errors, spaced
from resuelve.readers.formats.scope import Scope
from resuelve.readers.port import Limits, Passage

Read = Callable[[bytes], str]


def ours(data: bytes) -> str:
    """As the product reads a picture, without the process around it."""
    from resuelve.readers.formats import picture

    found = picture.read(data, Scope(Limits(), 0, lambda *_: iter(()), lambda _: iter(())))
    return "\n".join(one.text for one in found if isinstance(one, Passage))


def as_it_comes() -> Read:
    """The engine with its own settings, and its lines in its own order."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import rapidocr

    engine = rapidocr.RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 2})
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)

    def read(data: bytes) -> str:
        return "\n".join(getattr(engine(data), "txts", None) or ())

    return read


WAYS: dict[str, Callable[[], Read]] = {"ours": lambda: ours, "engine as it comes": as_it_comes}


def measured(read: Read) -> dict[str, Any]:
    """Letters wrong, as a share, by all and by each way of drawing; what was named and missed; seconds; memory."""
    cases = list(every())
    read(cases[0].data)  # the engine is built
    wrong: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    seconds: list[float] = []
    missed, cores = [], time.process_time()
    shown = []
    for case in cases:
        begun = time.perf_counter()
        text = read(case.data)
        seconds.append(time.perf_counter() - begun)
        count, size = errors(text, case.text), len(spaced(case.text))
        for group in ("all", *case.way.split(", ")):
            wrong[group] += count
            letters[group] += size
        missed += [f"{one} ({case.name}, {case.way})" for one in case.named if spaced(one) not in spaced(text)]
        shown.append((count / size, case.name, case.way, spaced(case.text), spaced(text)))
    return {
        "pictures": len(cases),
        "letters": letters["all"],
        "wrong": {group: wrong[group] / letters[group] for group in letters},
        "named": sum(len(case.named) for case in cases),
        "missed": missed,
        "median_s": sorted(seconds)[len(seconds) // 2],
        "most_s": max(seconds),
        "core_s": (time.process_time() - cores) / len(cases),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2),
        "shown": sorted(shown, reverse=True),
    }


if __name__ == "__main__":
    print(json.dumps(measured(WAYS[sys.argv[1]]()), ensure_ascii=False))
