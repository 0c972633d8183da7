"""What is wrong with a value, in sentences that are translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resuelve.domain.message import Message, message

_PYDANTIC_SAYS = {
    "int_parsing": "Input should be a valid integer, unable to parse string as an integer",
    "float_parsing": "Input should be a valid number, unable to parse string as a number",
    "bool_parsing": "Input should be a valid boolean, unable to interpret input",
    "greater_than": "Input should be greater than {gt}",
    "greater_than_equal": "Input should be greater than or equal to {ge}",
    "less_than_equal": "Input should be less than or equal to {le}",
    "enum": "Input should be one of {expected}",
    "literal_error": "Input should be one of {expected}",
}
"""What pydantic says about the values that people get wrong, by its type of error; other types stay English."""


def problem(kind: str, said: str, context: Mapping[str, Any]) -> Message:
    """What is wrong with a value: in our words (of a `ValueError`), or in those of pydantic that are translated."""
    if isinstance(context.get("error"), ValueError):
        return Message.of(context["error"].args[0])
    if kind in _PYDANTIC_SAYS:
        allowed = {name: str(value).replace(" or ", ", ") for name, value in context.items()}
        return message(_PYDANTIC_SAYS[kind], **allowed)
    return Message.of(said)
