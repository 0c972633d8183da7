"""What the child does with versions of registered models. Names and files of a server are untrusted."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from resuelve.experiments.opened import Opened
from resuelve.experiments.versions import CARD, DIGEST, ROLE, may_be_read, safe

_NEWEST = 20
"""Versions of a model that are looked at; also where one with a certain digest is looked for."""

_LONGEST_TAG = 100_000
_TAGS = (ROLE, DIGEST, CARD)
"""What is handed on of all that a server may say."""


class Refused(Exception):
    """What a server offers is not taken."""


def newest(store: Opened, order: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By model, what is registered; see `Store.newest`."""
    of = _aliased if order["alias"] else _latest
    return {model: [_told(one) for one in of(store.client, model, order["alias"])] for model in order["models"]}


def _latest(client: Any, model: str, _: str) -> list[Any]:
    found = client.search_model_versions(f"name='{model}'", max_results=_NEWEST, order_by=["version_number DESC"])
    return sorted(found, key=lambda one: -int(one.version))


def _aliased(client: Any, model: str, alias: str) -> list[Any]:
    from mlflow.exceptions import MlflowException

    try:
        number = client.get_registered_model(model).aliases.get(alias)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise
    return [] if number is None else [client.get_model_version(model, number)]


def _told(version: Any) -> dict[str, Any]:
    return {
        "model": str(version.name),
        "number": str(version.version),
        "source": str(version.source),
        "tags": {name: str(version.tags[name])[:_LONGEST_TAG] for name in _TAGS if name in version.tags},
    }


def point(store: Opened, order: Mapping[str, Any]) -> str:
    """Move an alias; see `Store.point`."""
    client, model, alias, digest = store.client, order["model"], order["alias"], order["digest"]
    number = _number_of(client, model, digest) if digest else ""
    if number:
        client.set_registered_model_alias(model, alias, number)
    elif _latest(client, model, "") and alias in client.get_registered_model(model).aliases:
        client.delete_registered_model_alias(model, alias)  # those who follow it must not stay with what was taken back
    return number


def _number_of(client: Any, model: str, digest: str) -> str:
    """The newest version with this digest, however many have come since; empty where there is none."""
    wanted = f"name = '{model}' and tags.`{DIGEST}` = '{digest}'"
    found = client.search_model_versions(wanted, max_results=1, order_by=["version_number DESC"])
    return next((str(one.version) for one in found), "")


def fetch(store: Opened, order: Mapping[str, Any]) -> int:
    """Bring the files of a version; see `Store.fetch`. How many bytes there were."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    source, into, most = order["source"], Path(order["into"]), order["bytes"]
    if not may_be_read(source, here=store.here):
        raise Refused("its files are not kept by the store itself")
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    repository = get_artifact_repository(source, tracking_uri=store.address)
    return brought(repository, into, most, order["files"])


def brought(repository: Any, into: Path, most: int, files: int) -> int:
    """Bring every file of a repository into a folder. How many bytes there were.

    Raises:
        Refused: a name could lead elsewhere, or they are too many or too large.
    """
    total = 0
    for path, said in list(_offered(repository, files)):
        if total + said > most:
            raise Refused("its files are too large")
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            repository._download_file(path, str(place))  # all of `download_artifacts` trusts the names of a server
        except OSError as error:
            if error.errno == errno.EFBIG:  # our own limit, see `fetch`
                raise Refused("its files are too large") from error
            raise
        total += place.stat().st_size
        if total > most:
            raise Refused("its files are too large")
    return total


def _offered(repository: Any, most: int) -> Iterator[tuple[str, int]]:
    """Every file with the size that is said of it. Raises Refused for a name that is none of ours."""
    waiting, seen = [""], 0
    while waiting:
        for one in repository.list_artifacts(waiting.pop() or None):
            seen += 1
            if seen > most:
                raise Refused("it has too many files")
            if not safe(one.path):
                raise Refused("a file of it has a name that could lead elsewhere")
            if one.is_dir:
                waiting.append(one.path)
            else:
                yield one.path, int(one.file_size or 0)


ORDERS: dict[str, Callable[[Opened, Mapping[str, Any]], Any]] = {"newest": newest, "point": point, "fetch": fetch}
