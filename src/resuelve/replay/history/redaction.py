"""Calls without personal data, for what is exported of the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from resuelve.domain.known_error import KnownError
from resuelve.journal import History, ModelCall
from resuelve.knowledge.anonymous import Anonymous, small_words_of
from resuelve.knowledge.people import own_words

Redaction = Callable[[ModelCall], ModelCall]

_OURS = frozenset("problem state chosen offered avoid verdict doubt purpose features pictures".split())
"""Fields of calls in the process whose values are codes of rows, words of a list, or figures."""

_BY_PLACE = frozenset(("texts",))
"""The texts of a ticket by where they stand, which may be a file with somebody's name."""

_OURS_IN_CHAT = frozenset(("system", "pictures"))
"""What a language model is told by us, the same for every ticket."""


def as_it_is(call: ModelCall) -> ModelCall:
    """The call with all that was kept of it."""
    return call


def redaction(history: History, problems: Mapping[str, KnownError]) -> Redaction:
    """What takes personal data out of calls, by all that the history tells of who wrote.

    Args:
        problems: the dictionary, whose words are nobody's name.

    Raises:
        JournalError: the history cannot be read.
    """
    anonymous = Anonymous(frozenset(word for text in own_words(problems) for word in small_words_of(text)))
    for call in history.calls(role="reformulate"):
        if not call.prompt:
            anonymous.learn(call.incident, call.people, list(call.input["texts"].values()))

    def redacted(call: ModelCall) -> ModelCall:
        ours = _OURS_IN_CHAT if call.prompt else _OURS
        said = [call.input, call.output, call.error]  # at once, so that an identifier of one goes from all
        by_place = () if call.prompt else _BY_PLACE
        given, output, error = anonymous.value(said, call.incident, call.people, ours=ours, named_by_others=by_place)
        return replace(call, input=given, output=output, error=error, people=())

    return redacted
