"""Every command as a user types it: what it does, what it prints, with which status it ends."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resuelve.cli.explained import FEATURES, label
from resuelve.mocks.world import demo_folder
from tests.acceptance.product import (
    ACTING,
    DICTIONARY,
    KILLED,
    SOURCES,
    Desk,
    Product,
    copy_of,
    demo_incidents,
    eventually,
)
from tests.mock_control import call

NewDesk = Callable[..., Desk]

BAD_USE, FAILED = 2, 1
COMMANDS = ("demo", "index", "run", "explain", "doctor", "mocks", "check", "mine")
STAGES = ("read", "identify", "reformulate", "retrieve", "rerank", "decide", "critique", "authorise")
NOWHERE = "http://127.0.0.1:1"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def one_line(error: str) -> str:
    """The only line of an error message."""
    (line,) = error.splitlines()
    assert line.startswith("resuelve: ")
    return line


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(product: Product, command: str) -> None:
    ended = product.run(*command.split(), "--help")
    assert (ended.status, ended.error) == (0, "")
    assert all(name in ended.out for name in (COMMANDS if not command else ("--help",)))


def test_help_in_english_and_as_a_module() -> None:
    environment = {"PYTHONPATH": str(SOURCES), "RESUELVE_LANGUAGE": "en", "PATH": ""}
    ended = subprocess.run(
        [sys.executable, "-m", "resuelve", "run", "--help"], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "Resolve what is open" in ended.stdout


@pytest.mark.parametrize(
    "arguments", [["--nothing"], ["walk"], ["run", "--limit", "x"], ["run", "--limit", "-1"], ["explain"]]
)
def test_wrong_arguments(product: Product, arguments: list[str]) -> None:
    ended = product.run(*arguments)
    assert ended.status == BAD_USE
    assert "Traceback" not in ended.error


def test_shadow_touches_nothing(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:3]))
    ended = desk.run("run", "--shadow")
    assert ended.status == 0, ended.error
    assert desk.ledger() == []
    report = desk.report()
    assert report["mode"] == "shadow"
    assert {entry["outcome"] for entry in report["incidents"]} == {"shadowed"}
    assert all(entry["sent"]["text"] and not entry["changed"] for entry in report["incidents"])
    assert report["totals"]["executed"] == 0
    # A shadow leaves nothing that would keep the real run from acting.
    assert desk.run("run").status == 0
    assert {change["incident"] for change in desk.ledger()} == set(ACTING[:3])


def test_limit(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:5]))
    for changed in (3, 5):  # those put on hold or reassigned come back once, changed by us, and are not counted
        assert desk.run("run", "--limit", 3).status == 0
        assert len(desk.ledger()) == changed
    assert {change["incident"] for change in desk.ledger()} == set(ACTING[:5])
    desk.nothing_twice()


@pytest.mark.parametrize(
    "command", [("run",), ("demo",), ("maintain",), ("dictionary", "history")], ids=lambda command: command[0]
)
def test_a_limit_of_none_is_refused(product: Product, own_folder: Path, command: tuple[str, ...]) -> None:
    ended = product.run(*command, "--limit", "0", "-w", own_folder / "none", folder=own_folder)
    assert ended.status == BAD_USE
    assert "tiene que ser 1 o más" in ended.error
    assert not (own_folder / "none").exists()


def test_one_incident(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:3]))
    assert desk.run("run", "--incident", ACTING[1]).status == 0
    assert [change["incident"] for change in desk.ledger()] == [ACTING[1]]
    unknown = desk.run("run", "--incident", "INC9999")
    assert unknown.status == FAILED
    assert "INC9999" in one_line(unknown.error)
    assert len(desk.ledger()) == 1


def test_one_queue(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:4]))
    queues = {one["codIncidencia"]: one["buzon"] for one in demo_incidents(*ACTING[:4])}
    wanted = queues[ACTING[0]]
    assert desk.run("run", "--queue", wanted).status == 0
    assert {change["incident"] for change in desk.ledger()} == {
        code for code, queue in queues.items() if queue == wanted
    }
    assert len(set(queues.values())) > 1


def test_index_again_and_by_force(product: Product, indexed: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    copy_of(indexed, workspace)
    small = (workspace / DICTIONARY).read_text(encoding="utf-8").splitlines(keepends=True)
    (workspace / DICTIONARY).write_text("".join(small[:4]), encoding="utf-8")
    first = product.run("index", "-w", workspace)
    again, forced = product.run("index", "-w", workspace), product.run("index", "-w", workspace, "--force")
    assert [ended.status for ended in (first, again, forced)] == [0, 0, 0]
    reports = [json.loads(f.read_text(encoding="utf-8")) for f in workspace.glob("reportes/reporte_batch_*.json")]
    assert reports
    assert all(report["problems"] and report["entries"] and not report["rejected_rows"] for report in reports)
    assert "ya estaba al día" in again.out
    assert "ya estaba al día" not in forced.out


def test_no_index_and_a_changed_dictionary(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]))
    with (desk.workspace / DICTIONARY).open("a", encoding="utf-8") as file:
        file.write("NEW001,Nuevo,La impresora de la oficina no imprime,Dato,Reiníciela.,,cierre,\n")
    for command in (["run"], ["explain", ACTING[0]]):
        changed = desk.run(*command)
        assert changed.status == FAILED
        assert "ha cambiado" in one_line(changed.error)
        assert "resuelve index" in changed.error
    shutil.rmtree(desk.workspace / ".resuelve" / "index")
    missing = desk.run("run")
    assert missing.status == FAILED
    assert "resuelve index" in one_line(missing.error)
    assert desk.ledger() == []


def test_a_new_solution_needs_no_new_index_but_a_new_look(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents("INC1018"), RESUELVE_POLICY='{"En espera": "ask"}')
    assert desk.run("run").status == 0
    file = desk.workspace / DICTIONARY
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("necesitamos comprobarlo con un documento", "nos hace falta un documento"), "utf-8")
    assert file.read_text(encoding="utf-8") != before
    assert desk.run("run").status == 0
    assert "nos hace falta un documento" in desk.entries()["INC1018"]["decision"]["proposed_text"]
    assert desk.ledger() == []


def test_policy(new_desk: NewDesk) -> None:
    codes = ("INC1001", "INC1003", "INC1040")
    desk = new_desk(demo_incidents(*codes), RESUELVE_POLICY='{"reasignacion": "ask", "api|comprobarIban": "never"}')
    assert desk.run("run").status == 0
    assert desk.ledger() == []
    permissions = {code: entry["decision"]["permission"] for code, entry in desk.entries().items()}
    assert permissions == dict(zip(codes, ("ask", "ask", "never"), strict=True))


def test_explain(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]))
    text, data = desk.run("explain", ACTING[0]), desk.run("explain", ACTING[0], "--json")
    assert (text.status, data.status) == (0, 0)
    assert ACTING[0] in text.out
    content = json.loads(data.out)
    assert tuple(step["stage"] for step in content["stages"]) == STAGES
    assert all(step["output"] is not None for step in content["stages"])
    assert content["decision"]["critique"]["features"]
    assert content["before"] is None
    assert desk.ledger() == []
    desk.run("run")
    assert json.loads(desk.run("explain", ACTING[0], "--json").out)["before"]["changed"]
    unknown = desk.run("explain", "INC9999")
    assert unknown.status == FAILED
    assert "INC9999" in one_line(unknown.error)


def test_explain_speaks_the_language_that_is_set(new_desk: NewDesk) -> None:
    """Every label has its word, but for the names of features; a new field of a stage needs one."""
    desk = new_desk(demo_incidents("INC2040", "INC1002", ACTING[0]))
    for code in ("INC2040", "INC1002", ACTING[0]):
        keys = keys_of(json.loads(desk.run("explain", code, "--json").out)["stages"])
        assert {key for key in keys if label(key, "es") == key} <= FEATURES
        out = desk.run("explain", code).out
        english = {label(key, "en") for key in keys} - {label(key, "es") for key in keys}
        found = re.findall(r"(?:^|·) *([^·:\n]+):", out, re.MULTILINE)
        assert english.isdisjoint(one.strip() for one in found)
        assert not re.search(r"\b(?:True|False|approved|rejected|automatic|never|weak_match)\b", out)


def keys_of(stages: list[dict[str, Any]]) -> set[str]:
    """The names of all fields that the stages were given and gave out."""
    found: set[str] = set()
    rest: list[Any] = [step[side] for step in stages for side in ("input", "output")]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            found |= value.keys()
        rest += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found


def test_doctor_finds_all_well(new_desk: NewDesk) -> None:
    ended = new_desk(demo_incidents(*ACTING[:1])).run("doctor")
    assert (ended.status, ended.error) == (0, "")
    assert sum(not line.startswith("!") for line in ended.out.splitlines()) == 13
    assert "✗" not in ended.out


@pytest.mark.parametrize(
    ("thing", "what"),
    [
        ("dictionary", "compruebe la ruta"),
        ("index", "resuelve index"),
        ("journal", "journal.db"),
        ("tickets", "MOCK_GESTOR_URL"),
        ("system", "MOCK_SISTEMA_URL"),
        ("model", "OPENAI_BASE_URL"),
        ("workspace", "RESUELVE_WORKSPACE"),
    ],
)
def test_doctor_says_what_is_broken(new_desk: NewDesk, thing: str, what: str) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]), RESUELVE_HTTP_ATTEMPTS="1", RESUELVE_MODEL_ATTEMPTS="1")
    settings: dict[str, str] = {}
    match thing:
        case "dictionary":
            (desk.workspace / DICTIONARY).unlink()
        case "index":
            shutil.rmtree(desk.workspace / ".resuelve" / "index")
        case "journal":
            (desk.workspace / ".resuelve" / "journal.db").write_bytes(b"no database" * 500)
        case "tickets":
            settings = {"MOCK_GESTOR_URL": NOWHERE}
        case "system":
            settings = {"MOCK_SISTEMA_URL": NOWHERE}
        case "model":
            settings = {"ENTORNO": "PROD", "OPENAI_BASE_URL": NOWHERE, "RESUELVE_EMBEDDING_MODEL": "embedded"}
        case _:
            shutil.rmtree(desk.workspace)
            desk.workspace.write_text("a file, not a folder", encoding="utf-8")
    ended = desk.run("doctor", **settings)
    assert (ended.status, ended.error) == (FAILED, "")
    lines = [line for line in ended.out.splitlines() if line.startswith("✗")]
    assert any(what in line or (thing in ("tickets", "system", "model") and NOWHERE in line) for line in lines)
    assert all("→" in line for line in lines)
    # One line a check, whatever is broken, besides what only wants to be seen to.
    checks = [line for line in ended.out.splitlines() if not line.startswith("!")]
    assert len(checks) == (14 if thing == "model" else 13)


HEADER = "COMPONENTE,DESCRIPCION,SOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (HEADER, "no contiene ningún problema conocido → escríbalos debajo de la cabecera"),
        (f"{HEADER}\nWeb,No carga,Pulse F5.,quizás,", "(filas apartadas: 1) → corrija PROBLEMAS_GLOBALES.csv:2"),
        (
            "DESCRIPCION,RESOLUCION AUTOMÁTICA\nNo carga,cierre\nNo abre,En espera\nNo va,manual",
            "no tiene la columna SOLUCIÓN → añádala con lo que hay que enviar: 2 problemas son cierre o En espera",
        ),
    ],
    ids=["header only", "no usable row", "no solutions"],
)
def test_doctor_says_that_a_dictionary_is_of_no_use(new_desk: NewDesk, rows: str, told: str) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]))
    (desk.workspace / DICTIONARY).write_text(rows + "\n", encoding="utf-8")
    assert desk.run("index").status == 0
    ended = desk.run("doctor")
    assert ended.status == FAILED
    (line,) = (line for line in ended.out.splitlines() if line.startswith("✗"))
    assert line.startswith("✗ Diccionario: ")
    assert told in line


def test_no_solution_is_missed_where_none_is_sent(new_desk: NewDesk) -> None:
    desk = new_desk([])
    (desk.workspace / DICTIONARY).write_text(
        "DESCRIPCION,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION\nNo carga,reasignacion,GR_WEB\n", encoding="utf-8"
    )
    assert desk.run("index").status == 0
    assert desk.run("doctor").status == 0


def test_a_mailbox_that_seems_never_to_have_been_filled_in_is_told(new_desk: NewDesk) -> None:
    (incident,) = demo_incidents(ACTING[0])
    desk = new_desk([incident])
    assert desk.run("run", "--shadow").out.count("en sombra →") == 1
    path = desk.workspace / DICTIONARY
    text = path.read_text(encoding="utf-8")
    queue = desk.entries()[ACTING[0]]["sent"]["queue"]
    path.write_text(text.replace(queue, "MOCK_BUZON"), encoding="utf-8")
    assert desk.run("index").status == 0
    doctor = desk.run("doctor")
    assert doctor.status == 0
    (note,) = (line for line in doctor.out.splitlines() if line.startswith("!") and "«MOCK_BUZON»" in line)
    assert "BUZON REASIGNACION" in note
    assert "Todo funciona; mire los avisos (!)." in doctor.out


def test_a_resolution_has_its_own_threshold(new_desk: NewDesk) -> None:
    codes = ("INC1001", "INC1017")  # one is reassigned, the other closed
    desk = new_desk(list(demo_incidents(*codes)))
    assert desk.run("run", RESUELVE_THRESHOLDS='{"reasignacion": 100}').status == 0
    assert [change["incident"] for change in desk.ledger()] == ["INC1017"]
    assert desk.report()["thresholds"] == {"reasignacion": 100.0}
    assert desk.run("run").status == 0
    assert sorted(change["incident"] for change in desk.ledger()) == sorted(codes)


@pytest.mark.parametrize("nowhere", [NOWHERE, "http://resuelve.invalid"])
def test_no_ticket_manager(new_desk: NewDesk, nowhere: str) -> None:
    ended = new_desk([]).run("run", MOCK_GESTOR_URL=nowhere, RESUELVE_HTTP_ATTEMPTS="1")
    assert ended.status == FAILED
    assert nowhere in one_line(ended.error)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("ENTORNO", "FOO", "ENTORNO"),
        ("MOCK_GESTOR_URL", "localhost:3000", "MOCK_GESTOR_URL"),
        ("MOCK_SISTEMA_URL", "ftp://x", "MOCK_SISTEMA_URL"),
        ("CRITIC_APPROVAL_THRESHOLD", "200", "CRITIC_APPROVAL_THRESHOLD"),
        ("CRITIC_APPROVAL_THRESHOLD", "much", "CRITIC_APPROVAL_THRESHOLD"),
        ("MAX_RETRIES_CRITIC", "-1", "MAX_RETRIES_CRITIC"),
        ("RESUELVE_POLICY", "{", "RESUELVE_POLICY"),
        ("RESUELVE_POLICY", '{"cierre": "perhaps"}', "POLICY"),
        ("RESUELVE_WORKERS", "0", "RESUELVE_WORKERS"),
        ("RESUELVE_THRESHOLDS", '{"cierres": 80}', "THRESHOLDS"),
        ("RESUELVE_THRESHOLDS", '{"cierre": 101}', "THRESHOLDS"),
        ("VECTOR_DB_URL", "http://localhost:6333", "VECTOR_DB_URL"),
        ("ETIQUETA", "", "ETIQUETA"),
    ],
)
def test_a_wrong_setting_is_one_line(product: Product, name: str, value: str, named: str) -> None:
    ended = product.run("run", settings={name: value})
    assert ended.status == BAD_USE, ended.error
    assert named in one_line(ended.error)


@pytest.mark.parametrize("name", ["MOCK_GESTOR_URL", "MOCK_SISTEMA_URL"])
def test_an_address_that_is_none(new_desk: NewDesk, name: str) -> None:
    desk = new_desk(demo_incidents("INC2040"))
    ended = desk.run("run", **{name: "http://["})
    assert (ended.status, name in one_line(ended.error)) == (BAD_USE, True)


def test_production_without_a_key(new_desk: NewDesk) -> None:
    ended = new_desk([]).run("run", ENTORNO="PROD")
    assert ended.status == BAD_USE
    assert "OPENAI_API_KEY" in one_line(ended.error)


def test_settings_from_a_file(product: Product, own_folder: Path) -> None:
    (own_folder / ".env").write_text("CRITIC_APPROVAL_THRESHOLD=200\n", encoding="utf-8")
    ended = product.run("doctor", folder=own_folder)
    assert ended.status == BAD_USE
    assert "CRITIC_APPROVAL_THRESHOLD" in one_line(ended.error)


def test_a_broken_line_of_the_file_is_one_line(product: Product, own_folder: Path) -> None:
    (own_folder / ".env").write_text("ENTORNO=EMBEBIDO\nesto no va bien\n", encoding="utf-8")
    ended = product.run("run", folder=own_folder)
    assert ended.status == BAD_USE
    assert one_line(ended.error).startswith(f"resuelve: {own_folder / '.env'}:2: la línea no es NOMBRE=valor")


def test_a_misspelt_name_in_the_environment_is_told_once(new_desk: NewDesk) -> None:
    desk = new_desk(demo_incidents(*ACTING[:1]), CRITIC_APROVAL_THRESHOLD="99")
    ended = desk.run("run")
    assert ended.status == 0
    told = "CRITIC_APROVAL_THRESHOLD no es un ajuste de Resuelve, y no se tiene en cuenta: "
    assert one_line(ended.error) == f"resuelve: {told}¿quería decir CRITIC_APPROVAL_THRESHOLD?"
    doctor = desk.run("doctor")
    assert (doctor.status, doctor.error) == (0, "")
    assert f"! Ajustes: {told}" in doctor.out


@pytest.mark.parametrize("command", [["run"], ["index"], ["explain", "X"]])
def test_a_workspace_that_cannot_be_written(product: Product, own_folder: Path, command: list[str]) -> None:
    file = own_folder / "file"
    file.write_text("", encoding="utf-8")
    for place in (file, file / "below"):
        ended = product.run(*command, "--workspace", place)
        assert ended.status == FAILED
        assert str(place) in one_line(ended.error)
        assert "--workspace" in ended.error


def test_the_demo_keeps_to_a_folder_of_its_own(product: Product, own_folder: Path) -> None:
    (own_folder / "mine").mkdir()
    (own_folder / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    ended = product.run("demo", "-w", own_folder / "mine")
    assert ended.status == FAILED
    assert "mine" in one_line(ended.error)
    assert [file.name for file in (own_folder / "mine").iterdir()] == ["letter.txt"]


def test_demo(product: Product, indexed: Path, own_folder: Path) -> None:
    copy_of(indexed, own_folder / "demo")
    (own_folder / "demo" / ".resuelve-demo").touch()
    for _ in range(2):
        ended = product.run("demo", "--limit", 2, folder=own_folder)
        assert (ended.status, ended.error) == (0, "")
        assert "Incidencias: 2;" in ended.out
        assert "http://127.0.0.1" in ended.out
    assert len(list((own_folder / "demo" / "reportes").glob("reporte[0-9]*.json"))) == 2


def test_mocks_on_free_ports_with_a_ledger(product: Product, own_folder: Path) -> None:
    command = product.start("mocks", "--gestor-port", 0, "--sistema-port", 0, "--ledger", own_folder / "ledger.jsonl")
    eventually(lambda: len(ADDRESS.findall(command.out)) == 2)
    gestor = ADDRESS.findall(command.out)[0]
    status, listed = call(f"{gestor}/api/incidencias")
    assert (status, len(listed)) == (200, len(demo_incidents()))
    call(f"{gestor}/api/incidencias/{ACTING[0]}", "PATCH", {"action": "en_espera", "detalle": "¿?"})
    # What was done outlives a kill.
    command.send(signal.SIGKILL)
    assert command.wait().status == KILLED
    (line,) = (own_folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["incident"] == ACTING[0]


def test_mocks_for_others(product: Product) -> None:
    """As in a container: attachments are named where others find the manager; without being asked, nobody else does."""
    ports = ("--gestor-port", 0, "--sistema-port", 0)
    command = product.start("mocks", *ports, "--gestor-address", "http://gestor:3000/")
    eventually(lambda: len(ADDRESS.findall(command.out)) == 2)
    _, listed = call(f"{ADDRESS.findall(command.out)[0]}/api/incidencias")
    assert "http://gestor:3000/api/adjuntos/" in json.dumps(listed)
    assert "http://localhost:3000/" not in json.dumps(listed)
    elsewhere = product.run("mocks", *ports, "--host", "192.0.2.1")  # of no machine
    assert elsewhere.status == BAD_USE
    assert "192.0.2.1:0" in one_line(elsewhere.error)


def test_mocks_end_when_told_and_name_a_bad_world(product: Product, own_folder: Path) -> None:
    command = product.start("mocks", "--gestor-port", 0, "--sistema-port", 0, "--world", demo_folder())
    eventually(lambda: len(ADDRESS.findall(command.out)) == 2)
    command.send(signal.SIGTERM)
    assert command.wait().status == 0
    bad = product.run("mocks", "--gestor-port", 0, "--sistema-port", 0, "--world", own_folder)
    assert bad.status == BAD_USE
    assert str(own_folder) in one_line(bad.error)
