"""Names of people, kept out of what is reported. No list of names is shipped: the past itself tells which they are.

`reformulate` takes out identifiers, form fields, greetings and signatures. What is left may still name somebody in the
middle of a sentence. A word is taken for a name when it is written like one and nothing speaks for another reading; in
doubt it goes, for the report is about problems and loses little.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.resolution.words import fold

HIDDEN = "…"
"""Stands where a name was."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ENDS_SENTENCE = re.compile(r"[.!?:;\n«»“”\"(¿¡>•…]\s*$")
_JOINS = re.compile(r"\s+(?:(?:de|del|la|las|los|y|da|dos|van|von)\s+){0,2}$")
_TITLES = frozenset("d da dna don dona doctor doctora dr dra miss mr mrs ms senor senora sr sra srta".split())
_SAYS_ITS_NAME = re.compile(
    r"\b(?:me\s+llamo|se\s+llama|my\s+name\s+is|nombre\s+es|a\s+nombre\s+de)\s+$", re.IGNORECASE
)
_ALWAYS_CAPITAL = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday english spanish french german italian portuguese catalan british i".split()
)
"""Words that English writes with a capital anywhere."""

_ABBREVIATION = 5
"""Letters up to which a word in capitals is an abbreviation (PDF, IBAN) and no name."""

_MANY = 3
"""So many different people who write a word with a capital, and it is a product or a place, not somebody they know."""

_SHORTEST = 3
"""Letters of the shortest part of a name that is looked for by itself."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A word in its text."""

    word: str
    plain: str
    start: int
    end: int
    begins: bool
    """True at the beginning of a sentence, where a capital tells nothing."""

    @property
    def capital(self) -> bool:
        return self.word[0].isupper() and not (self.word.isupper() and len(self.word) <= _ABBREVIATION)


class People:
    """Who is named in the past of a desk.

    Args:
        incidents: the past; their requesters and authors are names for certain, their texts show which words are
            written without a capital too.
        vocabulary: texts of the team itself, such as the dictionary's; no word of theirs is a name.
    """

    def __init__(self, incidents: Iterable[Incident], vocabulary: Iterable[str]) -> None:
        self._common = _ALWAYS_CAPITAL.union(seen.plain for text in vocabulary for seen in _words(text))
        lower: Counter[str] = Counter()
        writers: defaultdict[str, set[str]] = defaultdict(set)
        named: set[str] = set()
        for incident in incidents:
            named |= _parts(incident.requester)
            named.update(*(_parts(entry.author) for entry in incident.history))
            for seen in _words(f"{incident.title}\n{incident.description}"):
                if seen.word[0].islower():
                    lower[seen.plain] += 1
                elif not seen.begins and len(writers[seen.plain]) < _MANY:
                    writers[seen.plain].add(fold(incident.requester))
        self._lower = frozenset(lower)
        self._names = frozenset(named) - self._common - self._lower
        self._widespread = frozenset(word for word, who in writers.items() if len(who) >= _MANY) - frozenset(named)

    def hide(self, text: str, requester: str = "") -> str:
        """The text with an ellipsis where somebody is named.

        Args:
            requester: who wrote it; the parts of that name go in any spelling.
        """
        own = _parts(requester) - self._common
        hidden: list[tuple[int, int]] = []
        # Where everything is in capitals, a capital tells nothing: only what is known to be a name goes.
        plain_capitals = _shouts(text)
        for seen in _words(text):
            certain = seen.plain in own or seen.plain in self._names
            if certain if plain_capitals else self._is_name(seen, text, own, hidden):
                follows = hidden and _JOINS.fullmatch(text, hidden[-1][1], seen.start)
                hidden[-1:] = [(hidden[-1][0], seen.end)] if follows else [*hidden[-1:], (seen.start, seen.end)]
        pieces, position = [], 0
        for start, end in hidden:
            pieces += [text[position:start], HIDDEN]
            position = end
        return "".join([*pieces, text[position:]])

    def _is_name(self, seen: _Seen, text: str, own: Set[str], hidden: list[tuple[int, int]]) -> bool:
        if seen.plain in own:
            return True
        if not seen.capital or seen.plain in _TITLES:
            return False
        if seen.plain in self._names or self._introduced(seen, text):
            return True
        follows = bool(hidden) and _JOINS.fullmatch(text, hidden[-1][1], seen.start) is not None
        usual = seen.plain in self._common or seen.plain in self._lower
        if seen.begins:
            return not usual and self._names_follow(seen, text)
        return not usual and (follows or seen.plain not in self._widespread)

    def _introduced(self, seen: _Seen, text: str) -> bool:
        """It follows «Dr.», «me llamo» and the like."""
        before = text[max(0, seen.start - 30) : seen.start]
        words = _WORD.findall(before.rstrip(" ."))
        titled = bool(words) and fold(words[-1]) in _TITLES and not re.search(r"[^\w\s.]\s*$", before)
        return titled or _SAYS_ITS_NAME.search(before) is not None

    def _names_follow(self, seen: _Seen, text: str) -> bool:
        """The next word is a name too: «Silvano Peñafalsa ya no pasa consulta»."""
        after = re.match(r"\s+([^\W\d_]+)", text[seen.end : seen.end + 40])
        if not after or not after[1][0].isupper() or after[1].isupper():
            return False
        plain = fold(after[1])
        return plain not in self._common and plain not in self._lower and plain not in self._widespread


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(char.isupper() for char in letters) > len(letters)


def _words(text: str) -> Iterator[_Seen]:
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 4) : match.start()]
        begins = not before.strip() and match.start() < 4
        begins = begins or _ENDS_SENTENCE.search(before) is not None
        yield _Seen(match[0], fold(match[0]), match.start(), match.end(), begins)


def _parts(name: str) -> set[str]:
    """The parts of a person's name, for looking up."""
    return {plain for match in _WORD.finditer(name) if len(plain := fold(match[0])) >= _SHORTEST}


def own_words(problems: Mapping[str, KnownError]) -> Iterator[str]:
    """The texts of a dictionary: the vocabulary of its team."""
    for problem in problems.values():
        yield from (problem.component, problem.kind, problem.solution, *problem.examples)
