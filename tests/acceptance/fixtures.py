"""One command line and one indexed demo workspace for a whole test run; each test gets copies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Desk, Product, build_workspace, command_line, desk_with, world_of

NewDesk = Callable[..., Desk]


@cache
def _helpers() -> ExitStack:
    return ExitStack()


@cache
def _product() -> Product:
    # Two folders import these fixtures, and pytest gives each folder its own.
    return _helpers().enter_context(command_line())


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    yield _product()
    _helpers().close()
    _product.cache_clear()


@pytest.fixture(scope="session")
def indexed(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have folders of their own below a common one: the first builds, the others wait.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "indexed"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
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
