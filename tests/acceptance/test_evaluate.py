"""`resuelve evaluate` through the command line: a small set made here, and the shared ones where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product
from tests.model_server import ModelServer, Reply, Request, chat

CONTRACT = (
    "set kb cases accuracy recall_at macro_f1 joint_accuracy coverage precision precision_lower_95 handover_recall "
    "auroc ece ms_per_incident model_calls tokens"
).split()
HOSTILE = '<script src="http://evil.example/x.js"></script><img src=x onerror=alert(1)>'
HOSTILE_ID = "<b onclick=alert(1)>P9</b>"

PROBLEMS = {
    "CONTRASENA": ("La contraseña ha caducado y no puedo entrar", "He olvidado la contraseña de mi usuario"),
    "IMPRESORA": ("La impresora no imprime los documentos", "La impresora de la planta está atascada de papel"),
    "CORREO": ("No recibo correos electrónicos en la bandeja", "El correo no se envía y queda en la bandeja de salida"),
    "RED": ("La conexión wifi se corta continuamente", "No tengo conexión a la red de la oficina"),
    "PANTALLA": ("El monitor parpadea y se queda negro", "La segunda pantalla no se detecta"),
    "NOMINA": ("La nómina de este mes tiene un importe incorrecto", "No puedo descargar la nómina"),
    "VACACIONES": ("Mi solicitud de vacaciones no aparece", "Los días de vacaciones están mal calculados"),
    HOSTILE_ID: ("El lector de tarjetas no abre la puerta del garaje", "Mi tarjeta no abre la puerta del edificio"),
}
ASKED = {
    "CONTRASENA": ("mi contraseña ha caducado, no puedo entrar", "he olvidado mi contraseña", "contraseña caducada"),
    "IMPRESORA": (
        "la impresora no imprime nada",
        "papel atascado en la impresora",
        "la impresora no imprime documentos",
    ),
    "CORREO": ("no recibo correos electrónicos", "mi correo no se envía, sigue en la bandeja", "bandeja sin correos"),
    "RED": ("la wifi se corta", "sin conexión a la red de la oficina", "la conexión wifi se corta continuamente"),
    "PANTALLA": ("el monitor parpadea", "no se detecta la segunda pantalla", "monitor negro que parpadea"),
    "NOMINA": ("importe incorrecto en la nómina", "no puedo descargar mi nómina", "la nómina está mal este mes"),
    "VACACIONES": ("no aparece mi solicitud de vacaciones", "días de vacaciones mal calculados", "vacaciones mal"),
    HOSTILE_ID: ("mi tarjeta no abre la puerta del garaje", "el lector no abre la puerta", f"tarjeta {HOSTILE}"),
}
OTHERS = (
    f"mi tarjeta no abre la puerta del parque {HOSTILE}",
    "recomiéndame una receta de cocido",
    "¿quién ganó el partido de ayer?",
    "me gustaría comprar un coche de segunda mano",
    "cuéntame un chiste",
    "traduce esta frase al alemán",
)


def cases() -> list[dict[str, Any]]:
    """Thirty: twenty-four with an answer and six without, half of them (by turns) for calibration."""
    asked = [(text, [problem]) for problem, texts in ASKED.items() for text in texts]
    asked += [(text, []) for text in OTHERS]
    return [
        {
            "id": f"c{number:02}",
            "split": "calibration" if number % 2 else "test",
            "incident": {"codIncidencia": f"c{number:02}", "titulo": "", "descripcion": text, "historial": []},
            "expected": expected,
            "tags": ["in-scope" if expected else "<i>far</i>-oos"],
        }
        for number, (text, expected) in enumerate(asked)
    ]


def write_set(folder: Path, lines: Sequence[object]) -> Path:
    folder.mkdir()
    rows = ["ID PROBLEMA,COMPONENTE,DESCRIPCION,TIPO INCIDENCIA,SOLUCIÓN,RESOLUCION AUTOMÁTICA,BUZON REASIGNACION"]
    for number, (problem, examples) in enumerate(PROBLEMS.items()):
        rows += [f'"{problem}",Puesto,"{text}",Incidencia,Respuesta número {number},cierre,' for text in examples]
    (folder / "kb.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (folder / "cases.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write_set(tmp_path / "oficina", cases())


def evaluate(product: Product, folder: Path, *more: object, **settings: str) -> tuple[str, Any]:
    out = folder.parent / "out.json"
    options = ("--no-mlflow", "--json", out, *more)
    ended = product.run("evaluate", folder, *options, settings=settings, folder=folder.parent)
    assert (ended.status, ended.error) == (0, "")
    return ended.out, json.loads(out.read_text(encoding="utf-8"))


def test_the_fields_of_the_contract(product: Product, labelled: Path) -> None:
    before = sorted(path.name for path in labelled.parent.iterdir())
    shown, report = evaluate(product, labelled, "--target", "0.8")
    assert sorted(path.name for path in labelled.parent.iterdir()) == sorted([*before, "out.json"])
    assert list(report)[: len(CONTRACT)] == CONTRACT
    assert (report["set"], report["kb"], report["cases"]) == ("oficina", "kb.csv", {"calibration": 15, "test": 15})
    assert list(report["recall_at"]) == ["1", "3", "5", "10"]
    assert report["accuracy"] == report["recall_at"]["1"] >= 0.8
    assert report["recall_at"]["1"] <= report["recall_at"]["3"] <= report["recall_at"]["10"] <= 1
    assert (report["model_calls"], report["tokens"]) == (0, 0)
    assert 0.5 < report["auroc"] <= 1
    assert report["ms_per_incident"] == pytest.approx(sum(report["ms_by_stage"].values()), abs=0.01)
    assert "oficina" in shown and "out.json" in shown


def test_figures_are_those_of_the_test_split(product: Product, labelled: Path) -> None:
    _, report = evaluate(product, labelled, "--target", "0.8")
    for one in (report["at_target"], report["at_joint"], report["as_set"]):
        assert one["coverage"] == pytest.approx(one["answered"] / 15, abs=1e-4)
        if one["answered"]:
            assert one["precision"] == pytest.approx(one["right"] / one["answered"], abs=1e-4)
            assert one["precision_lower_95"] < one["precision"]
    assert report["at_target"]["answered"] >= 5
    assert report["coverage"] == report["at_target"]["coverage"]
    assert sum(one["cases"] for one in report["tags"]) == sum(one["cases"] for one in report["reliability"]) == 15
    assert sum(report["not_approved"].values()) + report["as_set"]["answered"] == 15


def test_the_threshold_comes_from_the_calibration_split_alone(product: Product, labelled: Path) -> None:
    _, report = evaluate(product, labelled, "--target", "0.8")
    mislabelled = [{**one, "expected": [] if one["split"] == "test" else one["expected"]} for one in cases()]
    _, other = evaluate(product, write_set(labelled.parent / "otra", mislabelled), "--target", "0.8")
    assert other["at_target"]["threshold"] == report["at_target"]["threshold"] is not None
    assert (other["accuracy"], other["macro_f1"], other["auroc"]) == (None, None, None)
    assert (other["precision"], other["coverage"]) == (0.0, report["coverage"])


def test_the_risk_that_may_be_taken_and_what_is_missing_for_it(product: Product, labelled: Path) -> None:
    shown, report = evaluate(product, labelled, "--risk", "0.4", "--confidence", "0.8")
    every, close = report["guaranteed"]["by_resolution"]
    assert (report["guaranteed"]["risk"], report["guaranteed"]["confidence"]) == (0.4, 0.8)
    assert (every["resolution"], close["resolution"]) == ("", "cierre")
    assert close["answered"] >= 4 > close["wrong"]
    assert close["test"]["answered"] >= 4
    threshold = re.search(r'RESUELVE_THRESHOLDS=\{"cierre": ([0-9.]+)\}', shown)
    assert threshold is not None
    assert 100 * close["threshold"] <= float(threshold[1]) < 100 * close["threshold"] + 0.2
    policy = '{"api": "never"}'
    shown, report = evaluate(product, labelled, "--risk", "0.01", RESUELVE_POLICY=policy)
    _, close = report["guaranteed"]["by_resolution"]
    assert close["threshold"] is None
    assert close["more_labels"] > 100
    assert 'RESUELVE_POLICY={"api": "never", "cierre": "ask"}' in shown, "what is set stays when the line is copied"


def test_without_calibration_nothing_is_answered_but_as_it_is_set(product: Product, labelled: Path) -> None:
    only_test = write_set(labelled.parent / "sola", [{**one, "split": "test"} for one in cases()])
    _, report = evaluate(product, only_test, "--target", "0.8", CRITIC_APPROVAL_THRESHOLD="10")
    assert report["cases"] == {"calibration": 0, "test": 30}
    assert (report["coverage"], report["precision"], report["precision_lower_95"]) == (0, None, None)
    assert report["handover_recall"] == 1
    assert report["as_set"]["threshold"] == 0.1
    assert report["as_set"]["answered"] > 5


def test_several_sets_and_lines_that_cannot_be_read(product: Product, labelled: Path) -> None:
    other = write_set(labelled.parent / "otra", [*cases(), "{broken\n", {**cases()[0], "id": "x", "split": "dev"}])
    (other / "less.csv").write_bytes((other / "kb.csv").read_bytes())
    (labelled / "less.csv").write_bytes((labelled / "kb.csv").read_bytes())
    shown, reports = evaluate(product, labelled, other, "--kb", "less.csv", RESUELVE_LANGUAGE="en")
    assert [(one["set"], one["kb"]) for one in reports] == [("oficina", "less.csv"), ("otra", "less.csv")]
    assert [one["where"] for one in reports[1]["set_aside"]] == ["cases.jsonl:31", "cases.jsonl:32"]
    assert "cases.jsonl:31" in shown and "2 lines set aside" in shown
    same = "accuracy recall_at macro_f1 coverage auroc ece confusions mistakes risk_coverage".split()
    assert {key: reports[0][key] for key in same} == {key: reports[1][key] for key in same}


def test_the_page_escapes_what_it_shows_and_loads_nothing(product: Product, labelled: Path) -> None:
    page = labelled.parent / "page.html"
    evaluate(product, labelled, "--html", page, "--target", "0.8", CRITIC_APPROVAL_THRESHOLD="1")
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text, "the hostile ticket is among those shown"
    assert "&lt;b onclick=alert(1)&gt;P9" in text, "and so is the problem that it resembles"
    assert "&lt;i&gt;far&lt;/i&gt;-oos" in text
    body = text.partition("<body>")[2]
    assert not re.search(r"<(script|img|link|iframe|object|b|i)\b", body)
    assert not re.search(r"<[^>]*\son\w+\s*=", body)
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", body)
    for kind in ("reliability", "curve", "bars"):
        assert f'<svg class="{kind}"' in body


@pytest.mark.parametrize("problem", ["no folder", "no test", "no dictionary", "no place"])
def test_what_cannot_be_measured_is_told_in_one_line(product: Product, labelled: Path, problem: str) -> None:
    folder, out = labelled, labelled.parent / "out.json"
    match problem:
        case "no folder":
            folder = labelled.parent / "nowhere"
        case "no test":
            folder = write_set(labelled.parent / "none", [{**one, "split": "calibration"} for one in cases()])
        case "no dictionary":
            (labelled / "kb.csv").unlink()
        case _:
            out = labelled.parent / "nowhere" / "out.json"
    ended = product.run("evaluate", folder, "--json", out, folder=labelled.parent)
    assert ended.status == 1
    assert ended.error.startswith("resuelve: ") and ended.error.count("\n") == 1
    assert not out.exists()


def takes_the_first(request: Request) -> Reply:
    """A model that restates a ticket, takes the first row and is lukewarm about it."""
    answers: dict[str, dict[str, object]] = {
        "Reformulation": {"problema": "Algo del puesto de trabajo no funciona", "otro_asunto": ""},
        "Selection": {"eleccion": "A", "motivo": "Es esa."},
        "Review": {
            "veredicto": "APROBADO",
            "puntuacion": 70,
            "motivo": "Encaja.",
            "tipo_problema": "NINGUNO",
            "enfoque": "",
        },
    }
    return chat(json.dumps(answers[request.body["response_format"]["json_schema"]["name"]]))


def rejects_everything(request: Request) -> Reply:
    """The same, but as a critic it finds every match weak."""
    said = {
        "veredicto": "RECHAZADO",
        "puntuacion": 90,
        "motivo": "No me convence.",
        "tipo_problema": "ENCAJE_DEBIL",
        "enfoque": "",
    }
    review = request.body["response_format"]["json_schema"]["name"] == "Review"
    return chat(json.dumps(said)) if review else takes_the_first(request)


def test_what_a_language_model_rejects_is_answered_at_no_threshold(product: Product, labelled: Path) -> None:
    with ModelServer(rejects_everything) as server:
        _, report = evaluate(
            product,
            labelled,
            "--target",
            "0.5",
            ENTORNO="PROD",
            OPENAI_BASE_URL=server.url,
            OPENAI_API_KEY="sk-secret",
            RESUELVE_EMBEDDING_MODEL="embedded",
            CRITIC_APPROVAL_THRESHOLD="0",
        )
    assert [report[way]["answered"] for way in ("at_target", "at_joint", "as_set")] == [0, 0, 0]
    assert report["handover_recall"] == 1


def test_calls_and_tokens_of_a_language_model(product: Product, labelled: Path) -> None:
    only_test = write_set(labelled.parent / "sola", [{**one, "split": "test"} for one in cases()])
    with ModelServer(takes_the_first) as server:
        _, report = evaluate(
            product,
            only_test,
            ENTORNO="PROD",
            OPENAI_BASE_URL=server.url,
            OPENAI_API_KEY="sk-secret",
            RESUELVE_EMBEDDING_MODEL="embedded",
            RESUELVE_CHAT_MODEL="small",
        )
        asked = len(server.requests)
    assert report["model"] == "small"
    assert report["model_calls"] == asked >= 3
    assert report["model_calls_per_incident"] == pytest.approx(asked / 30, abs=1e-4)
    assert report["tokens"] > asked
    # Three questions about each row that would be acted on, and none about the others.
    assert asked == 3 * report["as_set"]["answered"]
    assert max(one["confidence"] for one in report["reliability"]) <= 0.7


def test_a_ticket_for_which_the_model_does_not_answer_is_set_aside(product: Product, labelled: Path) -> None:
    def silent_about_printers(request: Request) -> Reply:
        return Reply(status=503) if "impresora" in json.dumps(request.body) else takes_the_first(request)

    page = labelled.parent / "page.html"
    with ModelServer(silent_about_printers) as server:
        shown, report = evaluate(
            product,
            labelled,
            "--html",
            page,
            ENTORNO="PROD",
            OPENAI_BASE_URL=server.url,
            OPENAI_API_KEY="sk-secret",
            RESUELVE_EMBEDDING_MODEL="embedded",
            RESUELVE_MODEL_ATTEMPTS="1",
            CRITIC_APPROVAL_THRESHOLD="50",
        )
    undecided = report["undecided"]
    count = len(undecided["cases"])
    assert count == undecided["calibration"] + undecided["test"] > 0
    assert report["cases"] == {split: 15 - undecided[split] for split in ("calibration", "test")}
    assert sum(one["cases"] for one in report["reliability"]) == report["cases"]["test"]
    assert f"oficina: en {count} incidencias un modelo no respondió" in shown
    assert "503" in undecided["cases"][0]["reason"]
    assert f"no cuentan en ninguna cifra ({count})" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["hint3-sofmattress", "glpi-es"])
def test_a_shared_set(product: Product, shared_data: Path, tmp_path: Path, name: str) -> None:
    """What lay within reach when this was written; better is welcome."""
    out = tmp_path / "out.json"
    ended = product.run("evaluate", shared_data / name, "--no-mlflow", "--json", out, folder=tmp_path)
    assert (ended.status, ended.error) == (0, "")
    report = json.loads(out.read_text(encoding="utf-8"))
    assert set(CONTRACT) <= set(report)
    assert (report["set_aside"], report["rejected_rows"]) == ([], [])
    assert report["accuracy"] >= {"hint3-sofmattress": 0.72, "glpi-es": 0.49}[name]
