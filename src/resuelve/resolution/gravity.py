"""Matters that a person must see whatever the ticket is filed as: deaths, crimes, injuries, courts.

No dictionary has rows for all of them, and likeness of meaning passes them over: «mi marido falleció y ahora me cobran
la permanencia» is very much like any other complaint about a charge. A row that speaks of such a matter itself knows
what it is about.
"""

from __future__ import annotations

import re

from resuelve.domain.known_error import KnownError
from resuelve.resolution.words import fold

_GRAVE = re.compile(
    r"\b(?:fallec|falleci|difunt|defuncion|cadaver|suicid|ambulancia|policia|guardia civil|denunci|abogad|juzgado|"
    r"tribunal|demanda (?:judicial|el|ante|contra)|presentar\w* (?:una )?demanda|querella|robo\b|robad|robaron|roban|"
    r"hurto|estafa|estafad|fraude|fraudulent|suplanta|hacke|amenaza\w* (?:con|de)\b(?! corta)|maltrat|acoso|acosa|"
    r"orden de (?:proteccion|alejamiento)|proteccion de datos|gravisim|demencia|alzheimer|claves? de la tarjeta|"
    r"agresi|incendi|ardiendo|quemadura|quemado|explosi|chispas|herid[oa]s?\b|lesion|"
    r"died\b|death\b|passed away|deceased|funeral|suicid|ambulance|police|lawyer|solicitor|attorney|lawsuit|court\b|"
    r"stolen|theft|robbed|scam|fraud|hacked|injur|threaten|on fire|burnt|sparks?\b)\w*"
)
_ROOT = 6
"""Letters by which a grave word of the ticket is looked for in the row."""


def grave_matter(problem: KnownError, text: str) -> str:
    """The first word of the ticket that names such a matter and has no counterpart in the row; empty without one."""
    own = fold("\n".join((*problem.examples, problem.solution)))
    found = (match.group() for match in _GRAVE.finditer(fold(text)))
    return next((word for word in found if word[:_ROOT] not in own), "")
