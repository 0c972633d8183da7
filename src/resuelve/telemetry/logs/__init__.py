"""The log: what the rooms tell of their work, a line an event. Silent until somebody begins it (`begin.begun`)."""

from resuelve.telemetry.logs.log import bound, log

__all__ = ["bound", "log"]
