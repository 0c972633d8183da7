"""The log: what the rooms tell of their work, a line an event. Silent until `begin`."""

from resuelve.telemetry.logs.log import bound, log

__all__ = ["bound", "log"]
