"""Encrypted backups: nobody reads or changes one unnoticed, and its size does not matter."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.backup import encryption
from resuelve.backup.encryption import DecryptingReader, EncryptingWriter, read_head
from resuelve.backup.verify import label_of, verify
from resuelve.domain.errors import BackupError, BackupRefused
from tests.unit.backup_samples import AT, PASSPHRASE, backup_of, workspace

WORKSPACE = "ab" * 16
HEAD, PIECE = 76, 2**16 + 16


@pytest.fixture(autouse=True, scope="module")
def cheap_keys() -> Iterator[None]:
    """The same function with less work: 16 MB instead of 128."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "_LOG_N", 10)
        yield


def sealed(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    out = io.BytesIO()
    writer = EncryptingWriter(out, passphrase, created=AT, workspace=WORKSPACE)
    for start in range(0, len(data), 10_000):
        writer.write(data[start : start + 10_000])
    writer.finish()
    return out.getvalue()


def opened(data: bytes, passphrase: str = PASSPHRASE, at_once: int = 4096) -> bytes:
    reader = DecryptingReader(io.BytesIO(data), passphrase, "x")
    return b"".join(iter(lambda: reader.read(at_once), b""))


THREE = bytes(range(256)) * 700
"""Two whole pieces and a part."""


@pytest.fixture(scope="module")
def three() -> bytes:
    return sealed(THREE)


@pytest.mark.parametrize("size", [0, 1, 2**16 - 1, 2**16, 2**16 + 1, 2**17, len(THREE)])
def test_what_was_sealed_is_opened(size: int) -> None:
    data = (THREE * 2)[:size]
    assert opened(sealed(data)) == data
    assert len(sealed(data)) == HEAD + size + 16 * max(1, -(-size // 2**16))


def test_nothing_of_it_can_be_read_and_no_two_are_alike() -> None:
    one, other = sealed(b"a secret text " * 100), sealed(b"a secret text " * 100)
    assert b"secret" not in one
    assert one[HEAD:] != other[HEAD:]


def test_a_wrong_passphrase_is_told_from_damage(three: bytes) -> None:
    with pytest.raises(BackupRefused, match="the passphrase is not the one"):
        opened(three, "another passphrase")
    with pytest.raises(BackupRefused, match="changed or cut short"):
        opened(three[:-1] + bytes([three[-1] ^ 1]))


def pieces(data: bytes) -> list[bytes]:
    return [data[start : start + PIECE] for start in range(HEAD, len(data), PIECE)]


@pytest.mark.parametrize(
    "order",
    [(0, 1), (0, 2), (1, 0, 2), (0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2), (2,), (), (0, 1, 2, 0)],
    ids=str,
)
def test_pieces_left_out_moved_or_repeated_are_noticed(three: bytes, order: tuple[int, ...]) -> None:
    parts = pieces(three)
    assert len(parts) == 3
    with pytest.raises(BackupRefused, match="changed or cut short"):
        opened(three[:HEAD] + b"".join(parts[number] for number in order))


def test_a_piece_of_another_file_is_noticed(three: bytes) -> None:
    other = sealed(THREE)
    with pytest.raises(BackupRefused, match="changed or cut short"):
        opened(three[:HEAD] + pieces(other)[0] + b"".join(pieces(three)[1:]))


@given(data=st.data())
def test_any_changed_byte_is_noticed(three: bytes, data: st.DataObject) -> None:
    places = st.one_of(st.integers(0, HEAD - 1), st.integers(HEAD, len(three) - 1))
    place, bit = data.draw(places), 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupRefused):
        opened(three[:place] + bytes([three[place] ^ bit]) + three[place + 1 :])


@given(data=st.data())
def test_cut_anywhere_it_is_refused(three: bytes, data: st.DataObject) -> None:
    with pytest.raises(BackupRefused):
        opened(three[: data.draw(st.integers(0, len(three) - 1))])


def test_something_added_is_noticed(three: bytes) -> None:
    with pytest.raises(BackupRefused):
        opened(three + b"x")


@pytest.mark.parametrize(("place", "value", "reason"), [(17, 40, "damaged"), (17, 0, "damaged"), (16, 2, "format 2")])
def test_a_header_cannot_ask_for_anything(three: bytes, place: int, value: int, reason: str) -> None:
    with pytest.raises(BackupRefused, match=reason):
        opened(three[:place] + bytes([value]) + three[place + 1 :])


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(BackupError, match="fewer than 12 characters"):
        sealed(b"", "short")


def test_the_header_tells_what_rotation_needs(three: bytes) -> None:
    head = read_head(io.BytesIO(three), "x")
    assert (head.created, head.workspace) == (AT, WORKSPACE)


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.kdf.scrypt", None)
    with pytest.raises(BackupError, match="run `make encryption`"):
        sealed(b"")


def test_a_whole_backup_encrypted(tmp_path: Path) -> None:
    made = backup_of(workspace(tmp_path / "w"), passphrase=PASSPHRASE)
    assert made.path.name == "resuelve_20261125_103000.tar.gz.enc"
    assert verify(made.path, PASSPHRASE) == made.manifest
    assert label_of(made.path).encrypted
    assert label_of(made.path).workspace == made.manifest.workspace
    with pytest.raises(BackupError, match="no passphrase was given"):
        verify(made.path, "")
