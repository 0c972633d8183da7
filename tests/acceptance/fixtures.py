"""One command line and one indexed demo workspace for a whole test run; each test gets copies."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Desk, Product, build_workspace, command_line, desk_with, world_of
from tests.remembered import remembering, shared_folder

NewDesk = Callable[..., Desk]


@cache
def _helpers() -> ExitStack:
    return ExitStack()


@cache
def _product(remembered: Path) -> Product:
    # Two folders import these fixtures, and pytest gives each folder its own.
    return _helpers().enter_context(command_line(remembered))


@pytest.fixture(autouse=True, scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What these tests compute in their own process they remember too."""
    with remembering(shared_folder(tmp_path_factory, "remembered")):
        yield


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    yield _product(shared_folder(tmp_path_factory, "remembered"))
    _helpers().close()
    _product.cache_clear()


@pytest.fixture(scope="session")
def indexed(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shared_folder(tmp_path_factory, "indexed")
    with (folder / "lock").open("w") as lock:  # the first process of pytest-xdist builds, the others wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            build_workspace(product, folder / "workspace")
            (folder / "done").touch()
    return folder / "workspace"


@pytest.fixture
def new_desk(product: Product, indexed: Path, tmp_path: Path) -> Iterator[NewDesk]:
    with ExitStack() as stack:

        def make(incidents: Iterable[Any], **settings: str) -> Desk:
            return stack.enter_context(desk_with(product, indexed, tmp_path, world_of(incidents), **settings))

        yield make
