"""Many texts about many tickets without what says who: for what leaves the house.

Identifiers become samples of their kind (`depersonalise`). Names are those of the people who wrote on the tickets, each
looked for in the texts of all; in doubt a word goes. Who is only talked about, and never wrote, is not recognised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from resuelve.knowledge.depersonalise import NOBODY, PARTICLES, SHORTEST, samples_for, with_samples
from resuelve.knowledge.personal_numbers import without_personal_numbers
from resuelve.resolution.words import fold

_WORD = re.compile(r"[^\W\d_]+")
_BEFORE_A_FILE = " · "
_SHORTEST_LOGIN, _TELLING_LOGIN = 5, 6
_MOST_PARTS = 6
"""Of a name that are looked for two by two; more are no name."""

Personal = Mapping[str, str]
"""Identifiers as they were written, each with the sample that takes its place."""


@dataclass(slots=True)
class Anonymous:
    """What is known of who wrote and how they write; built up ticket by ticket, then asked.

    Args:
        vocabulary: the words that the dictionary writes small, folded. A part of a name that is among them («Luz»)
            goes as part of the whole name, and from its owner's own tickets where it is written as a name. A name of
            such words alone («Portal de clientes») is nobody's.
    """

    vocabulary: frozenset[str] = frozenset()
    _personal: dict[str, dict[str, str]] = field(default_factory=dict)
    _names: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    _logins: set[str] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)
    _aliases: dict[str, str] = field(default_factory=dict)

    def learn(self, ticket: str, people: Iterable[str], texts: Collection[str]) -> None:
        """Take note of a ticket: its code, who wrote on it, and all that they wrote."""
        for name in people:
            self._add(name)
        self._personal.setdefault(ticket, {}).update(samples_for(texts))

    def text(self, text: str, ticket: str = "", people: Iterable[str] = (), others: Personal | None = None) -> str:
        """The text without what says who.

        Args:
            ticket: whose text it is; its identifiers go also where they are not recognised.
            people: who wrote on it; their names go in any spelling.
            others: further identifiers that go everywhere.
        """
        personal = {**self._personal.get(ticket, {}), **(others or {})}
        persons = [_parts(name) for name in people if not self._is_no_person(name)]
        own = {word for parts in persons for word in (*parts, *_logins(parts[:_MOST_PARTS]))}
        longest_first = dict(sorted(personal.items(), key=lambda pair: -len(pair[0])))
        numberless = without_personal_numbers(unicodedata.normalize("NFC", text))
        return self._nameless(with_samples(numberless, longest_first), own)

    def value(
        self,
        value: Any,
        ticket: str,
        people: Collection[str],
        *,
        ours: Collection[str] = (),
        named_by_others: Collection[str] = (),
    ) -> Any:
        """A JSON value whose texts are without what says who. Fields keep their names, which are ours.

        Args:
            ours: fields whose values are no texts of anybody's: codes of rows, words of a list.
            named_by_others: fields that hold texts by where each stands, which ends with the name of a file.
        """
        for name in people:
            self._add(name)  # what was learned of the ticket may have been forgotten by its age
        others = samples_for([*_texts(value, ours, named_by_others)])

        def without(text: str) -> str:
            return self.text(text, ticket, people, others)

        return _mapped(value, without, ours, named_by_others)

    def _add(self, name: str) -> None:
        if name in self._known:
            return
        self._known.add(name)
        words, parts = words_of(name), _parts(name)
        for number, part in enumerate(parts):
            self._aliases.setdefault(part, NOBODY[number % len(NOBODY)])
        if len(words) > 1 and not self._is_no_person(name):
            # Of three names people use two; no two words of the dictionary, which may stand side by side by chance.
            pairs = {pair for pair in permutations(parts[:_MOST_PARTS], 2) if not self.vocabulary.issuperset(pair)}
            for whole in {words, *pairs}:
                self._names.setdefault(whole[0], set()).add(whole)
            self._logins |= _logins(parts[:_MOST_PARTS]) - self.vocabulary

    def _is_no_person(self, name: str) -> bool:
        return self.vocabulary.issuperset(_parts(name))

    def _nameless(self, text: str, own: Collection[str]) -> str:
        words = [(match, fold(match.group())) for match in _WORD.finditer(text)]
        whole = self._in_whole_names([plain for _, plain in words])
        pieces, position = [], 0
        for number, (match, plain) in enumerate(words):
            alias = self._aliases.get(plain)
            named = alias and (number in whole or self._names_alone(match.group(), plain, own))
            if named or self._is_login(plain, text[match.end() : match.end() + 1], own):
                pieces += [text[position : match.start()], alias or NOBODY[0]]
                position = match.end()
        return "".join([*pieces, text[position:]])

    def _in_whole_names(self, words: list[str]) -> set[int]:
        """The places of the words that stand in somebody's whole name."""
        found: set[int] = set()
        for start, word in enumerate(words):
            for name in self._names.get(word, ()):
                if tuple(words[start : start + len(name)]) == name:
                    found.update(range(start, start + len(name)))
        return found

    def _names_alone(self, word: str, plain: str, own: Collection[str]) -> bool:
        # That many write it small says nothing: «gracias carlos» is written by many.
        if plain in self.vocabulary:
            return plain in own and word[0].isupper()
        return plain in own or word[0].isupper()

    def _is_login(self, plain: str, next_sign: str, own: Collection[str]) -> bool:
        """Short ones may be words («costa»): elsewhere than with their owner they go before a digit or ``_`` only."""
        return plain in self._logins and (
            len(plain) >= _TELLING_LOGIN or next_sign.isdigit() or next_sign == "_" or plain in own
        )


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded."""
    return tuple(fold(word) for word in _WORD.findall(unicodedata.normalize("NFC", text)))


def small_words_of(text: str) -> tuple[str, ...]:
    """The words of a text that are written small there, and so are no names; folded."""
    found = _WORD.findall(unicodedata.normalize("NFC", text))
    return tuple(fold(word) for word in found if word[0].islower())


def _parts(name: str) -> tuple[str, ...]:
    """The words of a name that are looked for by themselves."""
    return tuple(dict.fromkeys(word for word in words_of(name) if len(word) >= SHORTEST and word not in PARTICLES))


def _logins(parts: Sequence[str]) -> set[str]:
    """What users are called in systems, of the parts of a name: ``jperez``, ``jpgomez``, ``perezj``, ``juanp``…"""
    if len(parts) < 2:
        return set()
    first, *others = parts
    found = {f"{first}{one}" for one in others} | {f"{one}{first}" for one in others}
    found |= {made for one in others for made in (f"{first[0]}{one}", f"{one}{first[0]}")}
    found |= {f"{first}{one[0]}" for one in others}
    found |= {f"{first[0]}{one[0]}{other}" for one, other in permutations(others, 2)}
    return {one for one in found if len(one) >= _SHORTEST_LOGIN}


def _texts(value: Any, ours: Collection[str], named_by_others: Collection[str]) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, ours, named_by_others)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in named_by_others and isinstance(one, dict):
                yield from one
            if name not in ours:
                yield from _texts(one, ours, named_by_others)


def _mapped(value: Any, without: Callable[[str], str], ours: Collection[str], named_by_others: Collection[str]) -> Any:
    if isinstance(value, str):
        return without(value)
    if isinstance(value, list):
        return [_mapped(one, without, ours, named_by_others) for one in value]
    if isinstance(value, dict):
        mapped = {
            name: one if name in ours else _mapped(one, without, ours, named_by_others) for name, one in value.items()
        }
        for name in mapped.keys() & set(named_by_others):
            if isinstance(mapped[name], dict):
                mapped[name] = _renamed(mapped[name], without)
        return mapped
    return value


def _renamed(texts: Mapping[str, Any], without: Callable[[str], str]) -> dict[str, Any]:
    """Texts by where they stand, without what the names of files tell: ``history[2] · Obdulia.pdf · page 3``."""
    renamed: dict[str, Any] = {}
    for place, one in texts.items():
        ours, dot, theirs = place.partition(_BEFORE_A_FILE)
        shown, number = f"{ours}{dot}{without(theirs)}", 1
        first = shown
        while shown in renamed:  # two files whose names told no more than who
            number += 1
            shown = f"{first} ({number})"
        renamed[shown] = one
    return renamed
