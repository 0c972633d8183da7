"""HTTP calls bounded in time, size and number, for the adapters that speak to services."""

from resuelve.http.address import base_address, is_loopback, shown
from resuelve.http.answer import Answer, NoAnswer, one_line
from resuelve.http.calls import Calls, Limits, passing

__all__ = ["Answer", "Calls", "Limits", "NoAnswer", "base_address", "is_loopback", "one_line", "passing", "shown"]
