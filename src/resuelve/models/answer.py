"""Reading what a language model says: exactly one JSON value that fits its schema, or nothing.

A decision may be read, never repaired. Prose, a Markdown fence or a leading ``<think>`` block around the one value are
set aside; whatever else is not plain JSON (cut, a key given twice, a second value, NaN, a number out of range) is
refused, for a lenient reader would turn it into a decision that the model did not make.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from resuelve.domain.errors import ModelOutputInvalid
from resuelve.domain.message import Message, message
from resuelve.models.port import OutputT

_THINKING = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
# A bracket or a quoted key outside the value is a second value, or the rest of one that was cut.
_MORE_JSON = r"""[{}\[\]]|["']\s*:"""
_BEFORE = re.compile(rf"{_MORE_JSON}|<think>")
_AFTER = re.compile(rf"{_MORE_JSON}|</?think>|\A\s*[,:]")
# Keywords that strict modes refuse; pydantic checks the lengths all the same.
_NOT_SENT = frozenset({"default", "discriminator", "minLength", "maxLength"})


def read_json(document: bytes | str) -> Any:
    """The value of a strict JSON document (RFC 8259; UTF-8; unique keys; finite numbers).

    Raises:
        ModelOutputInvalid: it is not one, or is nested too deep; `what` says why.
    """
    try:
        return _DECODER.decode(document.decode("utf-8") if isinstance(document, bytes) else document)
    except (ValueError, RecursionError) as error:
        raise ModelOutputInvalid(_why(error)) from None


def read_answer(text: str, output: type[OutputT]) -> OutputT:
    """What the model said, as an `output`.

    Raises:
        ModelOutputInvalid: there is not exactly one whole JSON value in it, or it is off the schema: wrong types,
            a field too many, or one left out (also one with a default: nothing is decided on the model's behalf).
    """
    # Written anew, so that pydantic cannot read the text in another way than the strict reader did.
    value = find_value(text)
    try:
        answer = output.model_validate_json(json.dumps(value), strict=True, extra="forbid")
    except RecursionError as error:
        raise ModelOutputInvalid(_why(error)) from None
    except ValidationError as error:
        raise ModelOutputInvalid(message("off the schema: {problems}", problems=_problems(error))) from None
    if left_out := _left_out(answer):
        raise ModelOutputInvalid(message("off the schema: {names} left out", names=", ".join(left_out)))
    return answer


def find_value(text: str) -> Any:
    """The one JSON object or array in a text, with at most prose, a fence or a ``<think>`` block around it.

    Raises:
        ModelOutputInvalid: there is none, it is not whole, or there may be another.
    """
    body = text
    while thinking := _THINKING.match(body):
        body = body[thinking.end() :]
    opening = _OPENING.search(body)
    if opening is None:
        raise ModelOutputInvalid("no JSON in it" if body.strip() else "empty")
    try:
        value, end = _DECODER.raw_decode(body, opening.start())
    except (ValueError, RecursionError) as error:
        raise ModelOutputInvalid(_why(error)) from None
    if _BEFORE.search(body[: opening.start()]) or _AFTER.search(body[end:]):
        raise ModelOutputInvalid("more than one JSON value in it, or pieces of one")
    return value


def wire_schema(output: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `output` as strict modes want it: every property required, no others allowed."""
    return _strict_schema(output.model_json_schema())


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    return _strict_schema(node) if isinstance(node, dict) else node


def _strict_schema(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:  # its siblings are refused
        return {"$ref": node["$ref"]}
    strict: dict[str, Any] = {}
    for key, value in node.items():
        if key in _NOT_SENT:
            continue
        if key in ("properties", "$defs"):  # here the keys are names, not keywords
            strict[key] = {name: _strict(schema) for name, schema in value.items()}
        elif key in ("enum", "const", "required"):
            strict[key] = value
        else:
            strict["anyOf" if key == "oneOf" else key] = _strict(value)
    if "properties" in strict:
        strict |= {"required": list(strict["properties"]), "additionalProperties": False}
    return strict


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)


def _why(error: ValueError | RecursionError) -> Message:
    if isinstance(error, RecursionError):
        return message("JSON nested too deep")
    if isinstance(error, json.JSONDecodeError):
        return message("malformed or cut JSON ({said}, at character {place})", said=error.msg, place=error.pos)
    return message("malformed JSON ({why})", why=error)


def _problems(error: ValidationError) -> str:
    """The first problems in a line, without the values, which are the model's."""
    shown = [
        f"{'.'.join(str(part) for part in problem['loc'])[:60] or 'the value'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:3]
    ]
    return "; ".join(shown)


def _left_out(value: Any) -> list[str]:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        nested = [name for field in fields for name in _left_out(getattr(value, field))]
        return [field for field in fields if field not in value.model_fields_set] + nested
    if isinstance(value, list | tuple):
        return [name for item in value for name in _left_out(item)]
    return []
