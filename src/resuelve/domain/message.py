"""Sentences for people that keep their parts: readable English here, another language where they are shown.

The English sentence is the key of its translations (``texts/es/errors.json``); what differs each time stands in slots.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping


class Message(str):
    """An English sentence; a `str` for everything that does not ask how it was made.

    Attributes:
        template: the sentence with its slots open; without slots, the sentence itself.
        slots: what stands in them: texts, which are never read as a template, or messages of their own.
    """

    __slots__ = ("slots", "template")

    template: str
    slots: Mapping[str, str]

    def __new__(cls, template: str, slots: Mapping[str, object]) -> Message:
        kept = {name: value if isinstance(value, Message) else str(value) for name, value in slots.items()}
        made = super().__new__(cls, template.format(**kept) if kept else template)
        made.template, made.slots = template, kept
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return (Message, (self.template, dict(self.slots)))

    @classmethod
    def of(cls, text: str) -> Message:
        """A text as a message: itself when it is one, else a sentence without slots."""
        return text if isinstance(text, Message) else cls(text, {})


def message(template: str, /, **slots: object) -> Message:
    """The sentence of this template. Give the template as it stands: a law test looks for its Spanish."""
    return Message(template, slots)


_SYSTEM = {
    errno.EACCES: "Permission denied",
    errno.EPERM: "Operation not permitted",
    errno.ENOENT: "No such file or directory",
    errno.EISDIR: "Is a directory",
    errno.ENOTDIR: "Not a directory",
    errno.EEXIST: "File exists",
    errno.ENOSPC: "No space left on device",
    errno.EDQUOT: "Disk quota exceeded",
    errno.EROFS: "Read-only file system",
    errno.EMFILE: "Too many open files",
    errno.EIO: "Input/output error",
    errno.ENAMETOOLONG: "File name too long",
    errno.EADDRINUSE: "Address already in use",
}


def system_said(error: OSError) -> Message:
    """What the operating system says of a failure."""
    if error.errno in _SYSTEM:
        return message(_SYSTEM[error.errno])
    return Message.of(error.strerror or str(error))
