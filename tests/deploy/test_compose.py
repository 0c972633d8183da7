"""compose.yaml: versions pinned, nothing open to the network, no password in it, nothing mounted that is not there."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from resuelve.settings import Settings
from tests.deploy.samples import DEPLOY, ROOT, read_yaml

SERVICES: dict[str, dict[str, Any]] = read_yaml("compose.yaml")["services"]
OUR_IMAGE = ("resuelve", "mocks", "demo-dictionary")
ONCE = {"demo-dictionary": "it ends when the index is built"}
"""Services that have no health check, with the reason."""

NOT_OURS = {"GRAFANA_PASSWORD", "POSTGRES_PASSWORD", "QDRANT_API_KEY", "COMMAND", "COMPOSE_PROFILES"}
"""Of the variables of .env those that are no settings of the product."""

every_service = pytest.mark.parametrize("name", SERVICES)


def _settings() -> set[str]:
    aliases = (field.validation_alias for field in Settings.model_fields.values())
    return {str(getattr(alias, "choices", [alias])[0]) for alias in aliases}


def _locked(lock: str, package: str) -> str:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    found = re.search(rf"^{package}==(\S+)", text, re.MULTILINE)
    assert found
    return found[1]


@every_service
def test_the_version_of_an_image_is_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), "a full version, no moving name"
    versions = {
        "resuelve": tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        "resuelve-mlflow": _locked("mlflow-server.lock", "mlflow"),
    }
    assert tag == versions.get(image, tag)
    assert image in versions or "build" not in SERVICES[name]


def test_the_servers_version_is_the_one_that_the_product_speaks_to() -> None:
    assert _locked("mlflow-server.lock", "mlflow") == _locked("mlflow.lock", "mlflow-skinny")


@every_service
def test_a_service_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"] == "no"
        return
    assert service["healthcheck"]["test"][0] == "CMD", "no shell: some images have none"
    assert service["healthcheck"].keys() >= {"interval", "timeout", "retries", "start_period"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize(
    ("told", "ago", "polls", "well"),
    [
        ("{name} {ended}", 60, None, True),
        ('{name}{{a="b"}} {ended}', 60, None, True),
        ("{name} {ended}", 1200, None, False),
        ("{name} {ended}", 1200, "300", True),
        ("{name} {ended}", 4000, "300", False),
        ("# HELP {name} When", 60, None, False),
    ],
    ids=["lately", "with labels", "long ago", "it seldom looks", "it seldom looks, and longer ago", "never"],
)
def test_the_product_is_well_when_a_run_ended_lately(told: str, ago: float, polls: str | None, well: bool) -> None:
    """The check that compose makes, run here against what the product would answer."""
    command, python, option, code = SERVICES["resuelve"]["healthcheck"]["test"]
    assert (command, python, option) == ("CMD", "python", "-c")
    line = told.format(name="resuelve_run_finished_timestamp_seconds", ended=time.time() - ago)
    with serving(f"resuelve_runs_total 3\n{line}\n") as port:
        code = code.replace("$$", "$").replace(":9464/", f":{port}/")
        environment = {**os.environ, **({"RESUELVE_POLL_SECONDS": polls} if polls else {})}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0 if well else 1, "")


@contextmanager
def serving(text: str) -> Iterator[int]:
    """A server that answers everything with a text, on this port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def test_prometheus_takes_what_short_runs_send() -> None:
    """The feature has this name from 3.7 on for what comes by OTLP (its change log)."""
    assert "--web.enable-otlp-receiver" in SERVICES["prometheus"]["command"]
    assert "--enable-feature=created-timestamp-zero-ingestion" in SERVICES["prometheus"]["command"]
    version = SERVICES["prometheus"]["image"].partition(":v")[2]
    assert tuple(map(int, version.split("."))) >= (3, 7)


def test_lokis_streams_are_those_of_services_and_folders() -> None:
    """What is told of every log, and is the same for all of its lines."""
    from resuelve.telemetry.logs.shipping.encode import Origin, request

    attributes = read_yaml("loki/loki.yaml")["limits_config"]["otlp_config"]["resource_attributes"]
    (labels,) = [one["attributes"] for one in attributes["attributes_config"] if one["action"] == "index_label"]
    assert attributes["ignore_defaults"] is True
    sent = gzip.decompress(request([b'{"event":"x"}'], Origin("name", "1", "number"))[0])
    assert labels == ["service.name", "service.instance.id"]
    assert all(label.encode() in sent for label in labels)


@every_service
def test_a_service_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.keys() >= {"mem_limit", "cpus", "pids_limit"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service.keys().isdisjoint({"privileged", "network_mode", "pid", "devices"})
    assert "docker.sock" not in str(service)


@every_service
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)


def test_no_password_stands_in_it_and_none_is_preset() -> None:
    secret = re.compile(r"PASSWORD|API_KEY|TOKEN|SECRET")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable):
                assert re.fullmatch(r"\$\{\w+(:\?[^}]+|:-)\}", value), f"{name}: {variable}"
                if not value.startswith("${OPENAI_API_KEY"):
                    assert ":?" in value, f"{variable} is demanded"
    preset = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    assert {line for line in preset.splitlines() if secret.search(line) and not line.startswith("#")} == {
        "GRAFANA_PASSWORD=",
        "POSTGRES_PASSWORD=",
        "QDRANT_API_KEY=",
        "OPENAI_API_KEY=",
    }


def test_grafana_asks_who_it_is_and_tells_nobody() -> None:
    settings = SERVICES["grafana"]["environment"]
    for name in ("AUTH_ANONYMOUS_ENABLED", "ANALYTICS_REPORTING_ENABLED", "ANALYTICS_CHECK_FOR_UPDATES"):
        assert settings[f"GF_{name}"] == "false"
    assert read_yaml("loki/loki.yaml")["analytics"]["reporting_enabled"] is False
    assert read_yaml("tempo/tempo.yaml")["usage_report"]["reporting_enabled"] is False
    assert SERVICES["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert SERVICES["mlflow"]["environment"]["MLFLOW_DISABLE_TELEMETRY"] == "true"


@every_service
def test_what_is_mounted_is_there(name: str) -> None:
    volumes = read_yaml("compose.yaml")["volumes"]
    for mount in SERVICES[name].get("volumes", ()):
        source, target, *mode = mount.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).exists()
            assert mode == ["ro"], "configuration is not for the container to change"
        else:
            assert source in volumes


def test_configurations_that_are_named_are_mounted() -> None:
    for name, flag in (("loki", "-config.file="), ("tempo", "-config.file="), ("prometheus", "--config.file=")):
        (given,) = [word.removeprefix(flag) for word in SERVICES[name]["command"] if word.startswith(flag)]
        (mount,) = [m.split(":") for m in SERVICES[name]["volumes"] if m.startswith("./")]
        assert (DEPLOY / mount[0] / Path(given).relative_to(mount[1])).is_file()


def test_every_volume_is_used() -> None:
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert set(read_yaml("compose.yaml")["volumes"]) == {name for name in used if not name.startswith(".")}


def test_names_of_ours_are_settings() -> None:
    known = _settings()
    for name in OUR_IMAGE:
        assert SERVICES[name].get("environment", {}).keys() <= known
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert used <= known | NOT_OURS
    offered = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert used == offered - {"COMPOSE_PROFILES"}


def test_the_product_takes_these_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose hands them on, with what .env.example names."""
    offered = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    for name, value in SERVICES["resuelve"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{(\w+)[^}]*\}", lambda match: offered[match[1]], value))
    settings = Settings()
    assert settings.ticket_manager_url.rstrip("/") == "http://gestor:3000"
    assert settings.metrics_port == 9464
    assert settings.trace_url.startswith("http://127.0.0.1:3000/explore?")
    assert "{trace}" in settings.trace_url
    assert " " not in settings.trace_url


def test_what_is_not_used_yet_comes_up_only_when_asked_for() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    assert profiles["qdrant"] == profiles["postgres"] == ["later"]
    assert profiles["ollama"] == ["desa"]
    assert profiles["mocks"] == profiles["demo-dictionary"] == ["demo"]
    always = [name for name, wanted in profiles.items() if not wanted]
    assert sorted(always) == ["grafana", "loki", "mlflow", "prometheus", "resuelve", "tempo"]


def test_commands_of_the_product_exist() -> None:
    from typing import cast

    import click
    from typer.main import get_command

    from resuelve.cli import app

    group = cast("click.Group", get_command(app))
    preset = re.search(r"^COMMAND=(.*)$", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert preset
    by_default = re.sub(r"\$\{COMMAND:-(.*)\}", r"\1", SERVICES["resuelve"]["command"])
    for words in (preset[1].split(), by_default.split(), SERVICES["mocks"]["command"]):
        command = group.commands[words[0]]
        known = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words[1:] if word.startswith("-")} <= known
    assert "--shadow" in by_default, "without being told otherwise it changes nothing"


def test_the_demo_dictionary_is_put_where_none_is(own_folder: Path) -> None:
    """What the service runs, run here: by the same shell, in an empty folder, with an index that only says so."""
    tools = own_folder / "bin"
    workspace = own_folder / "workspace"
    tools.mkdir()
    workspace.mkdir()
    (tools / "resuelve").write_text('#!/bin/sh\necho "resuelve $*"\n')
    (tools / "resuelve").chmod(0o755)
    path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    service = SERVICES["demo-dictionary"]
    words = [*service["entrypoint"], service["command"][0].replace("$$", "$")]
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    (workspace / "PROBLEMAS_GLOBALES.csv").write_text("mine\n")
    done = subprocess.run(words, cwd=workspace, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "resuelve index\n"), done.stderr
    names = {path.name for path in workspace.iterdir()}
    assert names == {"PROBLEMAS_GLOBALES.csv", "CORRECTIVOS_ABIERTOS.csv", "PRUEBAS_PROBLEMAS.jsonl"}
    assert (workspace / "PROBLEMAS_GLOBALES.csv").read_text() == "mine\n", "what is there stays"


def test_passwords_are_made_once(own_folder: Path) -> None:
    for name in ("passwords.sh", ".env.example"):
        shutil.copy(DEPLOY / name, own_folder)
    first = subprocess.run([own_folder / "passwords.sh"], capture_output=True, text=True, timeout=30)
    assert first.returncode == 0, first.stderr
    made = (own_folder / ".env").read_text(encoding="utf-8")
    values = re.findall(r"^(?:\w+_PASSWORD|QDRANT_API_KEY)=([0-9a-f]{48})$", made, re.MULTILINE)
    assert len(set(values)) == 3
    assert "OPENAI_API_KEY=\n" in made
    assert (own_folder / ".env").stat().st_mode & 0o077 == 0
    again = subprocess.run([own_folder / "passwords.sh"], capture_output=True, text=True, timeout=30)
    assert again.returncode == 1
    assert (own_folder / ".env").read_text(encoding="utf-8") == made


def _compose() -> list[str]:
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]):
            found = subprocess.run([*words, "version"], capture_output=True, timeout=60)
            if found.returncode == 0:
                return words
    return []


@pytest.mark.parametrize("profiles", ["", "demo", "demo,desa,later"])
def test_docker_compose_takes_it(profiles: str, own_folder: Path) -> None:
    words = _compose()
    if not words:
        pytest.skip("neither docker compose nor docker-compose is on this machine")
    environment = {**os.environ, "COMPOSE_PROFILES": profiles, "MOCK_GESTOR_URL": "http://gestor.example"}
    environment |= {"MOCK_SISTEMA_URL": "http://sistema.example", "GRAFANA_PASSWORD": "a"}
    complete = environment | {"POSTGRES_PASSWORD": "b", "QDRANT_API_KEY": "c"}
    nothing = own_folder / "nothing.env"  # not a developer's own .env
    nothing.touch()
    ask = [*words, "--env-file", str(nothing), "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(ask, env=complete, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    refused = subprocess.run(ask, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0
    assert "deploy/.env" in refused.stderr


def sent_to_the_builder(source: str) -> bool:
    """By .dockerignore at the top, the only place where every builder looks: what is not let in stays out."""
    first, *others = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert first == "*"
    return any(fnmatch(source, other.removeprefix("!")) for other in others if other.startswith("!"))


def test_the_images_are_made_of_the_locks() -> None:
    """Every file that the recipe copies is there and is sent to the builder, and every install asks for hashes."""
    recipe = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", recipe, re.MULTILINE):
        *sources, _ = line.split()
        assert [source for source in sources if not (ROOT / source).exists()] == []
        assert [source for source in sources if not sent_to_the_builder(source)] == []
    for lock in re.findall(r"for lock in ([\w ]+);", recipe)[0].split():
        assert f"requirements/{lock}.lock" in recipe
        assert (ROOT / "requirements" / f"{lock}.lock").is_file()
    for install in re.findall(r"pip install (.*)", recipe):
        assert "--require-hashes" in install or "--no-index" in install
    stages = set(re.findall(r" AS ([\w-]+)$", recipe, re.MULTILINE))
    wanted = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert wanted <= stages
    last = {stage: recipe.partition(f" AS {stage}\n")[2].partition("\nFROM")[0] for stage in wanted}
    assert all(re.search(r"^USER (?!root)\w+$", text, re.MULTILINE) for text in last.values())
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim-\w+$", recipe, re.MULTILINE)
