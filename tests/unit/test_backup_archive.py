"""Archives that somebody damaged or made up: refused with the reason, and nothing is written outside."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resuelve.backup.contents import kind_of, place_of, places
from resuelve.backup.manifest import parse
from resuelve.backup.verify import label_of, unpack, verify
from resuelve.domain.errors import BackupError, BackupRefused
from tests.unit.backup_samples import backup_of, manifest_of, packed, plain, workspace

NAME = ".resuelve/proposals/one.json"
DATA = b"[1]"
GOOD = {NAME: DATA}


def manifest(**changed: object) -> tuple[tarfile.TarInfo, bytes]:
    return plain("manifest.json", manifest_of(GOOD, **changed))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "resuelve_20261125_103000.tar.gz"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backup_of(workspace(tmp_path_factory.mktemp("made") / "w")).path


def test_what_the_samples_build_would_be_accepted(file: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    unpack(packed([manifest(), plain(NAME, DATA)], file), None, tmp_path / "new")
    assert (tmp_path / "new" / NAME).read_bytes() == DATA


LISTED = {"name": NAME, "bytes": 3, "sha256": "0" * 64, "kind": "state"}


def listing(*names: str, **changed: object) -> dict[str, object]:
    return {"files": [{**LISTED, "name": name, **changed} for name in names]}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([manifest(), plain(NAME, b"[2]")], "is damaged"),
        ([manifest(), plain(NAME, b"[1]more")], "not where it should be"),
        ([manifest()], "a file is missing"),
        ([manifest(), plain(NAME, DATA), plain("rejected/x.csv", b"")], "follows after its end"),
        ([manifest(), plain("rejected/x.csv", DATA)], "not where it should be"),
        ([plain(NAME, DATA), manifest()], "not a backup of Resuelve"),
        ([], "header is damaged"),
        ([manifest(), plain(NAME, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "no regular file"),
        ([manifest(), plain(NAME, b"", type=tarfile.LNKTYPE, linkname="manifest.json")], "no regular file"),
        ([manifest(), plain(NAME, b"", type=tarfile.DIRTYPE)], "no regular file"),
        ([manifest(), plain(NAME, b"", type=tarfile.FIFOTYPE)], "no regular file"),
        ([manifest(), plain(NAME, b"", type=tarfile.CHRTYPE)], "no regular file"),
        ([plain("manifest.json", b"", type=tarfile.SYMTYPE, linkname="x")], "no regular file"),
        ([plain("manifest.json", b"{}")], "list of contents is damaged"),
        ([plain("manifest.json", b"[" * 100_000)], "list of contents is damaged"),
        ([manifest(product="something else")], "list of contents is damaged"),
        ([manifest(format=2)], "has format 2"),
        ([manifest(format=0)], "list of contents is damaged"),
        ([manifest(created="2026-11-25T10:30:00")], "list of contents is damaged"),
        ([manifest(**listing("../outside.json"))], "no place in a workspace"),
        ([manifest(**listing("reportes/../../outside.json"))], "no place in a workspace"),
        ([manifest(**listing("/etc/cron.d/x"))], "no place in a workspace"),
        ([manifest(**listing("reportes//x.json"))], "no place in a workspace"),
        ([manifest(**listing("reportes\\x.json"))], "no place in a workspace"),
        ([manifest(**listing("reportes/x\u0000.json"))], "no place in a workspace"),
        ([manifest(**listing(".env"))], "no place in a workspace"),
        ([manifest(**listing("backup/resuelve_20200101_000000.tar.gz"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/workspace.lock"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/restored.json"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/before_restore/x/journal.db"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/journal.db-wal"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/mlflow/mlflow.db"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/ASIDE/restore/plan.json"))], "no place in a workspace"),
        ([manifest(**listing(".resuelve/x.lock/y"))], "no place in a workspace"),
        ([manifest(**listing(NAME, NAME))], "names a file twice"),
        ([manifest(**listing("reportes/a", "reportes/a/b"))], "as a file and as a folder"),
        ([manifest(**listing(NAME, bytes=-1))], "list of contents is damaged"),
        ([manifest(**listing(NAME, bytes=2**50))], "list of contents is damaged"),
        ([manifest(**listing(NAME, bytes=True))], "list of contents is damaged"),
        ([manifest(**listing(NAME, sha256="x"))], "list of contents is damaged"),
        ([manifest(files=[])], "empty"),
    ],
)
def test_refused_with_the_reason(
    members: list[tuple[tarfile.TarInfo, bytes]], reason: str, file: Path, tmp_path: Path
) -> None:
    packed(members, file)
    with pytest.raises(BackupRefused, match=reason):
        verify(file, None)
    new = tmp_path / "new"
    new.mkdir()
    with pytest.raises(BackupRefused, match=reason):
        unpack(file, None, new)
    assert {path.name for path in tmp_path.iterdir()} <= {"new", file.name}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("begin", [b"", b"PK\x03\x04", b"\x1f\x8b", b"\x1f\x8b\x08\x00rest", b"SQLite format 3\x00"])
def test_what_is_no_backup_at_all(begin: bytes, file: Path) -> None:
    file.write_bytes(begin)
    with pytest.raises(BackupRefused):
        verify(file, None)
    with pytest.raises(BackupRefused):
        label_of(file)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be read"):
        verify(tmp_path / "none.tar.gz", None)
    with pytest.raises(BackupError, match="cannot be read"):
        verify(tmp_path, None)


def test_a_bomb_is_stopped_by_what_was_announced(file: Path, tmp_path: Path) -> None:
    """A gigabyte of zeros behind the announced three bytes: nothing of it is unpacked or held."""
    head, data = plain(NAME, b"")
    head.size = 2**30
    bomb = gzip.compress(head.tobuf(tarfile.PAX_FORMAT) + data + bytes(2**24))
    announced, listed = manifest()
    begin = gzip.compress(announced.tobuf(tarfile.PAX_FORMAT) + listed + bytes(-len(listed) % 512))
    file.write_bytes(begin + bomb)
    (tmp_path / "new").mkdir()
    with pytest.raises(BackupRefused, match="not where it should be"):
        unpack(file, None, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_more_than_the_disk_holds_is_refused_before_anything_is_written(file: Path, tmp_path: Path) -> None:
    announced, listed = manifest(**listing(NAME, bytes=2**40))
    head, _ = plain(NAME, b"")
    head.size = 2**40
    heads = [announced.tobuf(tarfile.PAX_FORMAT), listed, bytes(-len(listed) % 512), head.tobuf(tarfile.PAX_FORMAT)]
    file.write_bytes(gzip.compress(b"".join(heads)))
    (tmp_path / "new").mkdir()
    with pytest.raises(BackupError, match="are needed and"):
        unpack(file, None, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_long_header_is_refused(file: Path) -> None:
    info, _ = plain("x" * 2**15, b"")
    file.write_bytes(gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024)))
    with pytest.raises(BackupRefused, match="header is too long"):
        verify(file, None)


@given(data=st.data())
def test_cut_short_it_is_refused(made: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = made.read_bytes()
    file = tmp_path_factory.mktemp("cut") / "x.tar.gz"
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(BackupRefused):
        verify(file, None)


@given(data=st.data())
def test_a_changed_byte_is_noticed_or_changes_nothing(
    made: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A few bits of gzip mean nothing; what comes out is what was put in, to the byte, or it is refused."""
    whole = made.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))])
    file = tmp_path_factory.mktemp("changed") / "x.tar.gz"
    file.write_bytes(whole[:place] + changed + whole[place + 1 :])
    try:
        assert verify(file, None) == verify(made, None)
    except BackupRefused:
        assert gzipped(file) != gzipped(made)


def gzipped(file: Path) -> bytes | None:
    try:
        return gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None


@given(st.binary(max_size=300))
def test_any_list_of_contents_is_refused_or_read(data: bytes) -> None:
    with pytest.raises(BackupRefused):
        parse(data, "x")


BEGINNINGS = ("", "reportes/", ".resuelve/", ".resuelve/x/", ".resuelve/index/", "PROBLEMAS_GLOBALES_20261125")


@given(begin=st.sampled_from(BEGINNINGS), end=st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_name_with_a_place_stays_in_the_workspace(
    begin: str, end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = begin + end
    if kind_of(name) is not None:
        path = Path("/workspace") / name
        assert path.is_relative_to("/workspace")
        assert ".." not in path.parts
        unpacked = tmp_path_factory.mktemp("names")
        (unpacked / name).parent.mkdir(parents=True)
        (unpacked / name).touch()
        assert places(unpacked) == [place_of(name)], "or it would be unpacked and not put in place"
    assert kind_of(f"../{name}") is None
    assert kind_of(f"reportes/../{name}") is None
    assert kind_of(f"/{name}") is None
