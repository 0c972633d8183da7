"""What was said after a ticket was opened: does the first description still hold, or has the matter moved on?

The choice rests on what the requester first wrote. A correction, a cure, a fruitless attempt, one more matter or a
colleague who is at work make it doubtful in ways that likeness of meaning does not show: «it works now» is very much
like «it does not work». Where such a turn is heard, or a comment tells much that neither the ticket's beginning nor the
row speaks of, a person reads on: what is not recognised as harmless is not taken for it.
"""

from __future__ import annotations

import re

from resuelve.resolution.read import Reading
from resuelve.resolution.words import fold, stems

_QUOTED = 8
"""Words of a comment that a reason quotes."""

_PENDING = ("pendiente implantar", "pendiente de implantar")

_CORRECTED = (
    r"me (?:he )?(?:equivo|confund)\w+",
    r"en realidad|al final (?:no|era|es)|no (?:era|es) eso|no se trata de",
    r"perd\w+,? (?:era|es|queria)|rectific\w+|corrijo",
    r"i was wrong|my mistake|actually|it turns out|not what i",
)
_CURED = (
    r"ya (?:(?:me|nos|se|lo|la|le|esta|ha) )*(?:funciona|descarga|arregla|solucion|resuelt|entra)\w*",
    r"ya (?:(?:me|nos|se|lo|la|le|ha) )*(?:va bien|deja|puedo|podemos|sale bien|llegado|abre)",
    r"se ha (?:arreglado|solucionado|resuelto)|(?:esta|queda)\w* (?:resuelt|solucionad|arreglad)\w+",
    r"(?:puede|pueden|podeis|podrian?|pueda|favor|se puede) cerrar",
    r"ya no (?:hace falta|es necesario|ocurre|pasa)",
    r"works now|(?:is|it'?s|been) (?:now )?(?:fixed|solved|resolved|sorted)|no longer (?:need|happen)\w*",
    r"never mind|(?:you can|please) close",
)
_TRIED = (
    r"tampoco|(?:he|hemos) (?:probado|intentado)|ya lo (?:he |hemos )?(?:hecho|hice|hicimos|prob\w+|intent\w+)",
    r"sigue (?:igual|sin|dando|fallando|pasando)|no (?:ha )?(?:funcion|serv|sirv)\w+|reabr\w+|reapertura",
    r"neither|(?:i|we) (?:have |already )?tried|still (?:not|fails|the same|happening|doesn)",
    r"did(?:n't| not) (?:work|help)|reopen\w*",
)
_MORE = (
    r"ademas|tambien (?:me|tengo|quer|quier|necesit)\w*|otra cosa|por otr[oa] (?:lado|parte)|aparte de|de paso",
    r"also|another (?:thing|problem|issue)|besides|on top of",
)
_IN_HAND = (
    r"no (?:la |lo )?(?:cerrar|cerreis|cierren|cierre|reasignar|reasigneis|tocar|toqueis)\b",
    r"(?:lo|la) (?:esta|estan|estamos) \w+ndo|l[oa] (?:lleva|llevan|llevamos) ",
    r"(?:estamos|estoy) (?:con|trabajando|mirando|revisando)",
    r"se esta\w* (?:trabajando|revisando|mirando|analizando|implementando)|implementando",
    r"lo (?:miro|reviso|consulto|estudio|escalo)|habria que|escalad[oa]",
    r"(?:do not|don'?t) (?:close|touch|reassign)|(?:we are|we're|i'?m|i am) (?:working|looking|on it)",
    r"(?:pendiente|a la espera) de (?:que|una?|l[ao]s?|su|respuesta|confirm\w+|implant\w+)",
    r"waiting for (?:the|an?|our|their)",
)
_WITHDRAWN = (
    r"ya (?:(?:me|nos|se|lo|la|le|esta|ha) )*(?:funciona(?! mal)|arregla|solucion|resuelt)\w*",
    r"se ha (?:arreglado|solucionado|resuelto)|(?:hoy|ahora|por fin) (?:ya )?(?:va|funciona)\b(?! mal| peor| lent)",
    r"(?:pueden|podeis|puede|pueden?) (?:ignorar|cerrar|olvidar)\w*|olvid(?:ad|en)lo|ignor(?:ad|en)lo|no hagan caso",
    r"no hace falta que (?:hag|cambi|mir|contest)\w*|^solucionado\b|ya no (?:la|lo) (?:quiero|necesito)",
    r"(?:please|you can) (?:ignore|disregard|close)|never mind|(?:all good|works|fixed|solved) now|turns out",
    r"(?:solo|nada mas|simplemente) (?:queria|era|es|para) (?:avis|decir|inform)\w*",
    r"(?:era|es) por avisar|lo digo para que no",
    r"cierr(?:en|ad|a|e) (?:esto|la|el|este|esta)\b|a la primera\b|just (?:so you know|letting you know)",
)
_REFRAMED = (
    r"no (?:es|era|fue) es[oae]\b|justo es[oae]\b|el caso es que|(?:al|del) reves",
    r"(?<!por )lo que (?:(?:me|nos|le) )?(?:pasa|ocurre|falla|falta|quiero|quiere|no)\b",
    r"the other way|the (?:real|actual) (?:problem|issue)",
)
_ONLY_ASKED = (
    r"lo pregunto|por ir sabiend\w+|dejar constancia|felicit\w+|enhorabuena",
    r"que (?:significa|papeles|criterios|derecho)\b|cuantas veces (?:puede|se puede|podemos)",
    r"just curious|(?:i am|i'?m|was) wondering (?:what|how|who|whether)",
)
_TURNS = re.compile(rf"\b(?:{'|'.join((*_CORRECTED, *_CURED, *_TRIED, *_MORE, *_IN_HAND))})")

_TAKEN_BACK = re.compile(rf"(?:\b|^)(?:{'|'.join((*_WITHDRAWN, *_REFRAMED, *_ONLY_ASKED))})")
"""What takes a ticket back in its own title or description, turns it into another matter, or only asks how things are
done. There «ya no puedo» and «también» are how a fault is told."""

_NOT_WORDS = re.compile(r"\S*[@\d]\S*")
"""Numbers, dates, codes and addresses: they say who and which, not what."""

_MUCH = 7
"""New words from which on a comment says more than a remark: those of the demo bring six at most, comments that change
everything twelve and more (`benchmarks/critic`)."""


def moved_on(reading: Reading) -> str:
    """The words with which the matter has moved on, or was taken back from the start; empty when there are none.

    An answer to a question of ours is looked at as well: it may say that the question was beside the point.
    """
    if fold(reading.incident.state) in _PENDING:
        return reading.incident.state
    for part in reading.parts:
        taken_back = _TAKEN_BACK.search(fold(part.text))
        if taken_back:
            return taken_back.group().strip()
    for part in reading.comments:
        turn = _TURNS.search(fold(part.text))
        if turn:
            return turn.group().strip()
    return ""


def much_new(reading: Reading, row: str) -> str:
    """The beginning of a comment that tells much of which neither the ticket's beginning nor the row speaks.

    Args:
        row: all texts of the chosen row.
    """
    known = stems(row) | stems(reading.text_of("title")) | stems(reading.text_of("description"))
    for part in reading.comments:
        if len(stems(_NOT_WORDS.sub(" ", part.text)) - known) > _MUCH:
            return " ".join(part.text.split()[:_QUOTED])
    return ""
