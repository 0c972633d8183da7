"""The parent of a process that answers prompts, against children that do as they like."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from resuelve.domain.errors import TrainingError
from resuelve.models import Prompt
from resuelve.training.speaking import Speech

PROMPT = Prompt("reformulate", "v1", "Resume.", "No puedo entrar — «aquí»")
Make = Callable[..., Speech]

READY = 'import json, struct, sys, time\nprint(\'{"held": ["calls"]}\', flush=True)\n'
READ = "n, = struct.unpack('>I', sys.stdin.buffer.read(4)); asked = json.loads(sys.stdin.buffer.read(n))\n"


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Speech] = []

    def one(program: str, seconds: float = 20.0, start: float = 20.0) -> Speech:
        made.append(Speech([sys.executable, "-S", "-c", program], seconds=seconds, start=start))
        return made[-1]

    yield one
    for speech in made:
        speech.close()


def says(value: str) -> str:
    return f"{READY}while True:\n {READ} print({value}, flush=True)\n"


def test_a_prompt_goes_in_and_an_answer_comes_out(make: Make) -> None:
    said = make(says("json.dumps({'text': json.dumps(asked), 'tokens_in': 3, 'tokens_out': True})")).answer(PROMPT)
    assert said
    assert json.loads(said[0]) == {"system": PROMPT.system, "user": PROMPT.user}
    assert (said[1].tokens_in, said[1].tokens_out) == (3, 1)


def test_one_child_answers_all(make: Make) -> None:
    speech = make("import os\n" + says("json.dumps({'text': str(os.getpid()), 'tokens_in': -4})"))
    first, second = speech.answer(PROMPT), speech.answer(PROMPT)
    assert first
    assert first == second
    assert first[1].tokens_in == 0
    assert speech.child.held == ("calls",)


@pytest.mark.parametrize(
    "value",
    [
        "json.dumps({'refused': 'too long'})",
        "json.dumps({'text': 3})",
        "'3'",
        "'no JSON'",
        "'[' * 60000",
        "'x' * 70000",
    ],
)
def test_what_is_no_answer_is_nothing(make: Make, value: str) -> None:
    assert make(says(value)).answer(PROMPT) is None


@pytest.mark.parametrize("what", [f"{READ}sys.exit()", f"{READ}time.sleep(60)", "time.sleep(60)"])
def test_three_deaths_or_waits_are_enough(make: Make, what: str) -> None:
    speech = make(f"{READY}{what}", seconds=0.4)
    began = time.monotonic()
    assert [speech.answer(PROMPT) for _ in range(3)] == [None] * 3
    assert not speech.child.alive
    with pytest.raises(TrainingError, match="has died 3 times"):
        speech.answer(PROMPT)
    assert time.monotonic() - began < 20


def test_a_longer_question_than_a_pipe_holds_waits_no_longer(make: Make) -> None:
    speech = make(f"{READY}time.sleep(60)", seconds=0.4)
    assert speech.answer(Prompt("reformulate", "v1", "", "x" * 1_000_000)) is None


def test_nobody_waits_for_another_question_longer_than_for_an_answer(make: Make) -> None:
    speech = make(says("json.dumps({'text': 'x'})"), seconds=0.2)
    with ThreadPoolExecutor(1) as pool, speech.child._lock:
        assert pool.submit(speech.answer, PROMPT).result(10) is None
    speech.child._seconds = 20.0
    assert speech.answer(PROMPT), "it was not ended for that"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('print(\'{"error": "no weights"}\', flush=True)', "the fine-tuned model: no weights"),
        ("import time; time.sleep(60)", "does not start"),
        ("raise SystemExit(1)", "does not start"),
        ("print('[' * 60000)", "does not start"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_so(make: Make, program: str, said: str) -> None:
    speech = make(program, start=0.4 if "sleep" in program else 20.0)
    with pytest.raises(TrainingError, match=said):
        speech.answer(PROMPT)
    assert not speech.child.alive


def test_no_program_says_so() -> None:
    with pytest.raises(TrainingError, match="does not start"):
        Speech(["./nothing-of-that-name"]).answer(PROMPT)
