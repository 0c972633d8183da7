"""The reading process: gives up what it can, then reads one file after the other until its parent goes."""

from __future__ import annotations

import json
import os
import sys
from typing import BinaryIO

from resuelve.readers.extract import found
from resuelve.readers.kinds import kind_of
from resuelve.readers.port import Limits
from resuelve.readers.process import frames
from resuelve.readers.process.isolation import allow_seconds, give_up


def main() -> None:
    """Read what stands on the standard input; the first argument is the limits as JSON."""
    limits = Limits(**json.loads(sys.argv[1]))
    orders, answers = _own_pipes()
    held = give_up(limits.memory)
    _say(answers, frames.ready(held))
    serve(orders, answers, limits)


def serve(orders: BinaryIO, answers: BinaryIO, limits: Limits) -> None:
    """Read files until no more come."""
    while (order := frames.requested(orders)) is not None:
        name, data = order
        del order  # a large file is not kept twice
        allow_seconds(limits.seconds)
        _say(answers, frames.kind(kind_of(data, name)))
        for one in found(name, data, limits):
            _say(answers, frames.item(one))
        _say(answers, frames.END)


def _say(answers: BinaryIO, line: bytes) -> None:
    answers.write(line)
    answers.flush()  # what has been said is not lost when the process dies


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent, where no library finds them: what one prints goes nowhere."""
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return orders, answers


if __name__ == "__main__":
    main()
