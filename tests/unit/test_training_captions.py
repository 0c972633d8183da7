"""`entradas.json` and its pictures: what cannot be used is set aside with its reason."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.domain.errors import TrainingError
from resuelve.training.captions import Captions, read_captions, split
from resuelve.training.pictures import PictureRefused, opened

Image = pytest.importorskip("PIL.Image", reason="needs Pillow: the extra `reading`")


def picture(colour: str = "red", size: tuple[int, int] = (8, 8), kind: str = "PNG", mode: str = "RGB") -> bytes:
    data = BytesIO()
    Image.new(mode, size, colour if mode == "RGB" else 0).save(data, kind)
    return data.getvalue()


BOMBS = {"large": (7_000, 7_000), "bomb": (20_000, 20_000)}
"""Beyond our limit; and beyond what Pillow itself opens."""


@cache
def bomb(name: str) -> bytes:
    return picture(size=BOMBS[name], mode="1")


def folder(tmp_path: Path, entries: Any, **pictures: bytes) -> Path:
    (tmp_path / "images").mkdir(exist_ok=True)
    for name, data in pictures.items():
        (tmp_path / "images" / f"{name}.png").write_bytes(data)
    (tmp_path / "entradas.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


def aside(found: Captions) -> list[str]:
    return [str(one.reason) for one in found.aside]


def test_what_is_good_is_kept(tmp_path: Path) -> None:
    entries = [{"imagen": "a.png", "texto": " un  error "}, {"imagen": "b.png", "texto": "un aviso"}]
    found = read_captions(folder(tmp_path, entries, a=picture("red"), b=picture("blue")))
    assert [(one.name, one.text) for one in found.kept] == [("a.png", "un error"), ("b.png", "un aviso")]
    assert found.aside == ()
    (tmp_path / "entradas.json").write_text(json.dumps(entries[::-1]), encoding="utf-8")
    assert read_captions(tmp_path).digest == found.digest, "the order of entries changes nothing"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (3, "it has no text under «imagen»"),
        ({"imagen": "a.png"}, "it has no text under «texto»"),
        ({"imagen": "a.png", "texto": "  "}, "it has no text under «texto»"),
        ({"imagen": "a.png", "texto": ["x"]}, "it has no text under «texto»"),
        ({"imagen": "a.png", "texto": "x" * 5000}, "the text has more than 4000 characters"),
        ({"imagen": "none.png", "texto": "x"}, "images/none.png is missing"),
        ({"imagen": "../entradas.json", "texto": "x"}, "it leads out of the folder images"),
        ({"imagen": "/etc/hostname", "texto": "x"}, "it leads out of the folder images"),
        ({"imagen": "link.png", "texto": "x"}, "it leads out of the folder images"),
        ({"imagen": "a\u202e.png", "texto": "x"}, "it leads out of the folder images"),
        ({"imagen": "text.png", "texto": "x"}, "it is no picture that can be read, or it is damaged"),
        ({"imagen": "half.png", "texto": "x"}, "it is no picture that can be read, or it is damaged"),
        ({"imagen": "large.png", "texto": "x"}, "it has more than 40 million pixels"),
        ({"imagen": "bomb.png", "texto": "x"}, "it has more than 40 million pixels"),
    ],
)
def test_what_is_not_is_set_aside(tmp_path: Path, entry: Any, reason: str) -> None:
    whole = picture("green", (64, 64))
    pictures = {"text": b"MZ no picture", "half": whole[:80], **{name: bomb(name) for name in BOMBS}}
    place = folder(tmp_path, [entry, {"imagen": "a.png", "texto": "un error"}], a=picture(), **pictures)
    (tmp_path / "images" / "link.png").symlink_to(tmp_path / "entradas.json")
    found = read_captions(place)
    assert aside(found) == [reason]
    assert "entry 1" in str(found.aside[0].where)
    assert [one.name for one in found.kept] == ["a.png"]


def test_the_same_picture_counts_once(tmp_path: Path) -> None:
    entries = [{"imagen": name, "texto": "un error"} for name in ("a.png", "a.png", "b.png")]
    found = read_captions(folder(tmp_path, entries, a=picture(), b=picture()))
    assert [one.name for one in found.kept] == ["a.png"]
    assert aside(found) == ["a.png stands in entry 1 already", "it is the same picture as a.png"]


@pytest.mark.parametrize("content", [b"", b"{}", b'"x"', b"[", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "entradas.json").write_bytes(content)
    with pytest.raises(TrainingError, match="entradas"):
        read_captions(tmp_path)


def test_no_file_at_all_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="write a list of entries"):
        read_captions(tmp_path)


@given(st.lists(st.recursive(st.none() | st.integers() | st.text(max_size=8), st.lists, max_leaves=4) | st.dictionaries(
    st.sampled_from(["imagen", "texto", "x"]), st.text(max_size=12) | st.none() | st.integers(), max_size=3
), max_size=5))  # fmt: skip
def test_any_list_is_survived(tmp_path_factory: pytest.TempPathFactory, entries: list[Any]) -> None:
    found = read_captions(folder(tmp_path_factory.mktemp("entries"), entries))
    assert len(found.kept) + len(found.aside) == len(entries)


@given(st.binary(max_size=200), st.sampled_from(["PNG", "GIF", "BMP", "TIFF", "JPEG", "WEBP"]))
def test_a_damaged_picture_is_refused_or_opened(noise: bytes, kind: str) -> None:
    whole = picture(kind=kind)
    for data in (whole[: len(noise)] + noise, whole + noise):
        try:
            assert opened(data).mode == "RGB"
        except PictureRefused as refused:
            assert refused.why


def test_a_split_is_the_same_whatever_the_order(tmp_path: Path) -> None:
    colours = ["red", "green", "blue", "white", "black"]
    entries = [{"imagen": f"{c}.png", "texto": c} for c in colours]
    kept = read_captions(folder(tmp_path, entries, **{c: picture(c) for c in colours})).kept
    learnt, held = split(kept, 0.2)
    assert (len(learnt), len(held)) == (4, 1)
    assert {o.name for o in split(kept[::-1], 0.2)[1]} == {o.name for o in held}
    assert not {o.pixels for o in learnt} & {o.pixels for o in held}
    with pytest.raises(TrainingError, match="two are the least"):
        split(kept[:1], 0.2)
