"""Texts that address a machine: a ticket that gives orders to an assistant is for a person to read."""

from __future__ import annotations

import re

_BID = (
    r"(?:ignor(?:a|ad|ar|e|en)|olvid(?:a|ad|ar|e|en)|om[ií]t(?:a|e|an|ir)|desatiend(?:a|e)|disregard|forget|override)"
    r"(?:te|lo|se)?\b"
)
_INSTRUCTIONS = r"\b(?:instruc\w+|[oó]rdenes|reglas|indicaciones|instructions?|rules|prompts?)\b"
_ALL_OF_THEM = (
    r"\b(?:tod[ao]s|tus?|cualquier|anterior(?:es)?|previ[ao]s|que\s+te|all|any|your|previous|prior|above|earlier)\b"
)
_MACHINE = (
    r"(?:asistente|modelo|ia|bot|robot|sistema\s+autom[aá]tico|agente(?:\s+autom[aá]tico)?|assistant|model|ai|llm)\b"
)
_ROLE = r"(?:^|\n)[^\S\n]*(?:#+[^\S\n]*)?(?:system|sistema|assistant|asistente)\s*:"
_ORDERS = re.compile(
    rf"\b{_BID}(?=[^.]{{0,60}}{_ALL_OF_THEM})[^.]{{0,40}}{_INSTRUCTIONS}"
    rf"|(?:^|[\n.,:;!?«»\"”)—-])\s{{0,3}}{_BID}[^.]{{0,40}}{_INSTRUCTIONS}"
    r"|\b(?:nota|mensaje|instrucci[oó]n(?:es)?|aviso|note|message|instructions?)\s+(?:para|al?|to|for)\s+"
    rf"(?:el\s+|la\s+|the\s+)?(?:\w+\s+)?{_MACHINE}(?:\s+\w+){{0,3}}\s*[:—–-]"
    r"|\bsystem\s+prompt\b"
    r"|\b(?:est[aá]s|you\s+are)\s+(?:ahora\s+|now\s+)?(?:en\s+|in\s+)?(?:modo\s+(?:mantenimiento|administrador|desarrollador)"
    r"|(?:maintenance|developer|admin)\s+mode)\b"
    rf"|{_ROLE}\s*(?:you\b|t[uú]\b|eres\b|debes\b|{_BID}|act[uú]a\b|act\s+as\b|cierra\b|close\b)"
    r"|(?:^|\n)[^\S\n]*#+[^\S\n]*(?:system|sistema|assistant)\s*:"
    r"|<\|[a-z_]{2,20}\|>|\[/?INST\]|<</?SYS>>",
    re.IGNORECASE,
)


_CLOSING = re.compile(
    r"\b(?:cierr[ae]n?|cerrad|close|resuelv[ae]n?|resolve|(?:marc|aprueb|rechaz|reasign)(?:a|e|ue)n?|mark|approve|reject|reassign)"
    r"\s+(?:(?:esta|este|la|el|this|the)\s+)(?:presente\s+)?(?:incidencia|ticket|caso|solicitud\s+de\s+soporte|incident|case)\b",
    re.IGNORECASE,
)


def bids_to_close(text: str) -> bool:
    """True when a text bids somebody to close or move a ticket. On a ticket people may; in a file that is odd."""
    return _CLOSING.search(text) is not None


def gives_orders(text: str) -> bool:
    """True when a text addresses an assistant or model, or bids it to ignore its instructions."""
    return _ORDERS.search(text) is not None
