"""What a server says of files is data: names stay inside, sizes are bounded, addresses are its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.experiments.child_models import Refused, brought
from resuelve.experiments.versions import may_be_read, model_name, on_this_machine, safe

AWKWARD = ["..", ".", "", "a", "a.json", "-x", "~", "C:", "a\\b", "a\n", ".x"]
PARTS = st.text(max_size=6) | st.sampled_from(AWKWARD)


@given(st.lists(PARTS, min_size=1, max_size=4).map("/".join))
def test_a_name_that_is_taken_leads_inside(name: str) -> None:
    if safe(name):
        place = (Path("/base/folder") / name).resolve()
        assert place.is_relative_to("/base/folder/")
        assert place != Path("/base/folder")
        assert "\\" not in name and name.isprintable()


@pytest.mark.parametrize("name", ["weights.json", "whole/model.safetensors", "adapter/a b+c-1.txt"])
def test_names_of_models_are_taken(name: str) -> None:
    assert safe(name)


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", ".ssh/x", "a\\..\\x", "a\0", "a/" * 300]
)
def test_names_that_lead_elsewhere_are_not(name: str) -> None:
    assert not safe(name)


@pytest.mark.parametrize(
    ("source", "here", "right"),
    [
        ("mlflow-artifacts:/1/ab/artifacts/model", False, True),
        ("mlflow-artifacts://other.example/1/ab", False, False),
        ("mlflow-artifacts:/../../secret", False, False),
        ("file:///etc", False, False),
        ("/etc", False, False),
        ("http://other.example/x", False, False),
        ("s3://bucket/x", False, False),
        ("file:///shared/artifacts/model", True, True),
        ("http://other.example/x", True, False),
        ("mlflow-artifacts:/1/ab", True, False),
    ],
)
def test_only_what_the_store_keeps_itself_is_read(source: str, here: bool, right: bool) -> None:
    assert may_be_read(source, here=here) is right


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("sqlite:////office/mlflow.db", True),
        ("sqlite:///mlflow.db", True),
        ("/office/mlruns", True),
        ("./mlruns", True),
        ("file:///office/mlruns", True),
        ("http://mlflow.example", False),
        ("HTTPS://mlflow.example", False),
        ("postgresql://db.example/mlflow", False),
        ("mysql+pymysql://db.example/mlflow", False),
        ("mssql+pyodbc://db.example/mlflow", False),
        ("databricks", False),
        ("databricks-uc", False),
    ],
)
def test_a_disk_is_read_only_for_a_registry_of_this_machine(address: str, here: bool) -> None:
    assert on_this_machine(address) is here


def test_models_are_named_by_role() -> None:
    assert model_name("resuelve", "critic") == "resuelve-critic"


class Repository:
    """A server's files by name, each with the size that is said of it and what it really sends."""

    def __init__(
        self, files: Mapping[str, tuple[int | None, bytes]], folders: Mapping[str, list[str]] | None = None
    ) -> None:
        self.files, self.folders = files, folders or {"": list(files)}

    def list_artifacts(self, path: str | None) -> Iterator[SimpleNamespace]:
        for name in self.folders[path or ""]:
            size = self.files.get(name, (None, b""))[0]
            yield SimpleNamespace(path=name, is_dir=name in self.folders, file_size=size)

    def _download_file(self, name: str, place: str) -> None:
        Path(place).write_bytes(self.files[name][1])


def test_files_are_brought_with_their_folders(tmp_path: Path) -> None:
    offered = Repository(
        {"a.json": (2, b"{}"), "sub/b.txt": (None, b"xyz")}, {"": ["a.json", "sub"], "sub": ["sub/b.txt"]}
    )
    assert brought(offered, tmp_path, 5, 3) == 5
    assert (tmp_path / "sub" / "b.txt").read_bytes() == b"xyz"


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (Repository({"a": (6, b"")}), "too large"),
        (Repository({"a": (3, b"xxx"), "b": (3, b"xxx")}), "too large"),
        (Repository({"a": (1, b"x" * 9)}), "too large"),
        (Repository({"a": (None, b"x" * 9)}), "too large"),
        (Repository({f"a{n}": (0, b"") for n in range(9)}), "too many"),
        (Repository({}, {"": ["a"], "a": ["a/a"], "a/a": ["a"]}), "too many"),  # without end
        (Repository({"../a": (1, b"x")}), "lead elsewhere"),
        (Repository({}, {"": ["/etc"], "/etc": []}), "lead elsewhere"),
    ],
)
def test_what_is_too_much_or_ill_named_is_refused(offered: Repository, why: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=why):
        brought(offered, tmp_path / "in", 5, 8)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["in"])
