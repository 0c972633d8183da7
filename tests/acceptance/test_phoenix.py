"""A real server takes the traces of a run: one an incident, a span a stage, calls of models with tokens and no text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.acceptance.product import Desk, demo_incidents, eventually
from tests.acceptance.test_language_models import TWO, agreeable
from tests.acceptance.test_watched import production
from tests.model_server import ModelServer
from tests.phoenix_server import receiving

NewDesk = Callable[..., Desk]

CODES = (*TWO, "INC1058")


def test_a_real_server_has_one_trace_an_incident(new_desk: NewDesk, tmp_path: Path) -> None:
    with receiving(tmp_path / "phoenix") as phoenix, ModelServer(agreeable) as model:
        desk = new_desk(demo_incidents(*CODES), **production(model))
        ended = desk.run("run", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=phoenix.traces_endpoint)
        assert (ended.status, ended.error) == (0, "")
        report = desk.report()
        expected = {entry["trace"]: entry for entry in report["incidents"]}
        assert len(expected) == len(CODES)
        # It takes spans at once, and puts them away a little later.
        eventually(lambda: {one["trace_id"] for one in phoenix.traces()} == set(expected))
        calls = report["totals"]["model"]["calls"]
        assert calls == len(model.requests) > 0
        eventually(lambda: sum(one["name"].startswith("chat ") for one in phoenix.spans()) == calls)
        eventually(lambda: len({one["context"]["trace_id"] for one in phoenix.spans() if is_root(one)}) == len(CODES))
        spans = phoenix.spans()
    for trace, entry in expected.items():
        has_a_span_for_each_stage([span for span in spans if span["context"]["trace_id"] == trace], entry)
    calls_have_tokens_and_no_text([span for span in spans if span["name"].startswith("chat ")])


def is_root(span: dict[str, Any]) -> bool:
    return not span["parent_id"]


def has_a_span_for_each_stage(spans: list[dict[str, Any]], entry: dict[str, Any]) -> None:
    (root,) = (span for span in spans if is_root(span))
    assert root["name"] == "incident"
    assert told(root)["resuelve.incident"] == entry["incident"]
    assert told(root)["resuelve.outcome"] == entry["outcome"]
    names = {span["context"]["span_id"]: span["name"] for span in spans}
    stages = {span["name"] for span in spans if not span["name"].startswith(("chat ", "embeddings ", "incident"))}
    assert stages == set(entry["seconds"])
    assert all(span["parent_id"] in names for span in spans if span is not root)
    assert {names[span["parent_id"]] for span in spans if span["name"] in stages} == {"incident"}
    assert all(names[span["parent_id"]] in stages for span in spans if span["name"].startswith("chat "))
    assert all(span["status_code"] != "ERROR" for span in spans)


def calls_have_tokens_and_no_text(chats: list[dict[str, Any]]) -> None:
    for span in chats:
        attributes = told(span)
        assert attributes["gen_ai.usage.input_tokens"] == 10
        assert attributes["gen_ai.usage.output_tokens"] == 5
        assert attributes["gen_ai.request.model"] == "gpt-4o-mini"
        assert "messages" not in json.dumps(attributes)


def told(span: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a span by their whole names; Phoenix may give them nested."""
    return dict(flat("", span["attributes"]))


def flat(above: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(above, value)]
    return [pair for name, inner in value.items() for pair in flat(f"{above}.{name}".lstrip("."), inner)]
