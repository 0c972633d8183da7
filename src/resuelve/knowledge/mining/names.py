"""A name for a cluster: the words that tell it from the others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from resuelve.resolution.words import fold, stems

_ABBREVIATION = 5
"""Letters up to which a word in capitals keeps them: PDF, IBAN."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY = frozenset(
    "ademas ahora alguien algun alguna alguno alli antes aqui asi aun aunque bien buenas buenos cada casi como "
    "cosa creo cual cuales cualquier cuando cuanto debe decir desde despues dice dicen dia dias donde dos ella "
    "ellos entonces entre eran esa ese eso esos estaba estaban estoy favor fue gente hace hacer hago hasta "
    "haya hecho igual luego mal mejor mientras mio misma mismo mucho nada nadie ninguna ninguno nuestra "
    "nuestro nunca otra otras otro otros pasa pasado podeis podemos poder pone pongo porque puede pueden puedo "
    "pues que queremos quien quiere quiero sale salen segun sea ser sido siempre sigue sin sobre solo sois son "
    "soy sabe saber tambien tampoco tan tanto tener tengo tenia tenemos tiene tienen toda todas todavia todo "
    "todos tres tuve unas unos usted vale van vemos veo ver veces vez vosotros about after again all also any "
    "because before could did does doing done don every from get gets getting got had have her him his how "
    "into its just know let like make may more must need never nothing now off once one only other our out "
    "over says seems she should since some still such than their them then there these they thing those though "
    "three time too two until very want way well were what whatever where which while who whole why will would "
    "yet".split()
)
"""Words, without accents, that name no problem however often they stand in it."""

_SHARE = 0.34
"""A word that fewer of the incidents have than this says something of one of them, not of the cluster."""


def telling_words(
    clusters: Sequence[Sequence[str]], rest: Iterable[str] = (), *, count: int = 4
) -> list[tuple[str, ...]]:
    """For each cluster of texts its most telling words, the most telling first.

    Class-based TF-IDF (Grootendorst, "BERTopic", 2022, section 3.3): frequency in the cluster times
    ``log(1 + A / f)``, `f` the word's frequency everywhere and `A` the mean number of words in a cluster. Words are
    compared by their stems and given in the form in which they stand most often. Numbers are no words.

    Args:
        rest: the texts of no cluster; one more class, so that what every ticket says tells nothing.
    """
    forms: dict[str, Counter[str]] = {}
    counted = [[_stems(text, forms) for text in texts] for texts in clusters]
    classes = [_total(documents) for documents in counted]
    everywhere = Counter(_total(_stems(text, forms) for text in rest))
    sizes = [sum(everywhere.values())] if everywhere else []
    for frequency in classes:
        everywhere.update(frequency)
        sizes.append(sum(frequency.values()))
    mean = sum(sizes) / max(1, len(sizes))
    named = []
    for documents, frequency in zip(counted, classes, strict=True):
        present = Counter(stem for document in documents for stem in set(document))
        least = max(1 if len(documents) < 2 else 2, math.ceil(_SHARE * len(documents)))
        weight = {stem: n * math.log(1 + mean / everywhere[stem]) for stem, n in frequency.items()}
        ordered = sorted(weight, key=lambda stem: (present[stem] < least, -weight[stem], stem))
        named.append(tuple(forms[stem].most_common(1)[0][0] for stem in ordered[:count]))
    return named


def _total(documents: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for document in documents:
        total.update(document)
    return total


def _stems(text: str, forms: dict[str, Counter[str]]) -> Counter[str]:
    """How often each stem stands in a text; its spelling is remembered in `forms`."""
    found: Counter[str] = Counter()
    for word in _WORD.findall(text):
        if fold(word) in _EMPTY:
            continue
        spelling = word if word.isupper() and len(word) <= _ABBREVIATION else word.lower()
        for stem in stems(spelling):
            found[stem] += 1
            forms.setdefault(stem, Counter())[spelling] += 1
    return found
