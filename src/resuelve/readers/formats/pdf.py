"""PDF: the text that a person sees on each page; pages that are pictures, and pictures on pages, by OCR.

Nothing in the file is run, opened or followed: no script, no link, no embedded file. A page's invisible layer of text,
as scanners write it, is no evidence: nobody sees it, and it may say something else than the picture above it. The
picture is read instead, and the layer is told as hidden only where the two disagree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from resuelve.readers.agreement import agrees
from resuelve.readers.formats.scope import Found, Scope
from resuelve.readers.port import Obstacle, Passage, Unread

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from resuelve.readers.pdf_letters import Look
    from resuelve.readers.pdfium import Page

NEARLY_NONE = 20
"""Letters up to which a page counts as one without text: a page number, a stamp."""

PICTURED = 0.02
"""Part of a page with text from which its pictures are read too; a logo takes less."""

_LOOKED_AT = 8
"""Times the characters that are kept: what is not seen costs time too."""

_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5
"""Why PDFium does not open a file."""

_CATALOGUE = re.compile(rb"(\d{1,9}) (\d{1,5}) obj\s*<<[^>]{0,2000}?/Type\s*/Catalog\b")
_END = 2048
_XFA = (2, 3)


@dataclass(slots=True)
class _Spent:
    characters: int
    letters: int
    """That may still be looked at, seen or not."""
    scans: int
    unread: list[int] = field(default_factory=list)
    """Pages whose pictures were not read because there were too many."""
    damaged: list[int] = field(default_factory=list)


def read(data: bytes, scope: Scope) -> Found:
    """Page by page, as far as the limits go; then what stands for the whole file."""
    import pypdfium2

    try:
        document = _opened(data)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (_PASSWORD, _SECURITY)
        yield Obstacle("", Unread.ENCRYPTED if locked else Unread.DAMAGED)
        return
    with document:
        yield from _document(document, scope)
    if b"%%EOF" not in data.rstrip(b"\0\r\n\t ")[-_END:]:
        # PDFium mends a file that was cut off; what is gone shows nowhere else.
        yield Obstacle("", Unread.DAMAGED)


def _opened(data: bytes) -> PdfDocument:
    """The document; one whose end is missing gets a new one, and PDFium then looks for its objects.

    Raises:
        PdfiumError: it cannot be opened.
    """
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        root = _CATALOGUE.search(data)
        if error.err_code != _FORMAT or root is None:
            raise
        return pypdfium2.PdfDocument(data + b"\nendobj\ntrailer\n<< /Root %s %s R >>\n" % root.groups())


def _document(document: PdfDocument, scope: Scope) -> Found:
    limits = scope.limits
    document.init_forms()
    count, spent = len(document), _Spent(limits.characters, _LOOKED_AT * limits.characters, limits.scans)
    if count == 0:
        yield Obstacle("", Unread.DAMAGED)
    for number in range(1, min(count, limits.pages) + 1):
        if min(spent.characters, spent.letters) <= 0:
            yield Obstacle(_span(range(number, count + 1)), Unread.TOO_LONG, str(limits.characters))
            break
        yield from _page(document, number, scope, spent)
    if spent.damaged:
        yield Obstacle(_span(spent.damaged), Unread.DAMAGED)
    if spent.unread:
        yield Obstacle(f"{_span(spent.unread)} · OCR", Unread.TOO_MANY_PAGES, str(limits.scans))
    if count > limits.pages:
        yield Obstacle(_span(range(limits.pages + 1, count + 1)), Unread.TOO_MANY_PAGES, str(limits.pages))
    if document.get_formtype() in _XFA:
        yield Obstacle("", Unread.UNKNOWN_KIND, "XFA")
    yield from _embedded(document, limits.files)


def _embedded(document: PdfDocument, most: int) -> Found:
    """Files within the file: told, and never opened."""
    for index in range(min(document.count_attachments(), most)):
        yield Obstacle(document.get_attachment(index).get_name(), Unread.NESTED)


def _page(document: PdfDocument, number: int, scope: Scope, spent: _Spent) -> Found:
    import pypdfium2

    from resuelve.readers.pdfium import Page

    place = f"p. {number}"
    try:
        loaded = document.get_page(number - 1)
    except pypdfium2.PdfiumError:
        spent.damaged.append(number)
        return
    try:
        page = Page(loaded, scope.limits.pixels)
        look = page.look(min(spent.letters, _LOOKED_AT * scope.limits.characters // 2))
        spent.letters -= look.letters
        cut = look.cut or len(look.text) > spent.characters
        look.text = look.text[: spent.characters]
        spent.characters -= len(look.text)
        for pixels in look.huge:
            yield Obstacle(place, Unread.TOO_MANY_PIXELS, str(pixels))
        if look.text:
            yield Passage(place, look.text)
        if cut:
            yield Obstacle(place, Unread.TOO_LONG, str(scope.limits.characters))
        yield from _pictures(page, look, number, scope, spent)
    except pypdfium2.PdfiumError:
        spent.damaged.append(number)
    finally:
        loaded.close()


def _pictures(page: Page, look: Look, number: int, scope: Scope, spent: _Spent) -> Found:
    """What OCR reads on the page, and then what of its letters nobody sees."""
    place, seen = f"p. {number}", ""
    whole = _needs_ocr(page, look)
    if whole is not None and spent.scans <= 0:
        spent.unread.append(number)
    elif whole is not None:
        spent.scans -= 1
        for one in scope.picture(page.png(whole=whole, letters=look.garbled)):
            if isinstance(one, Passage):
                seen += f" {one.text}"
                spent.characters -= len(one.text)
            elif one.reason is Unread.NO_TEXT and look.text:
                continue  # a photograph on a page that says something
            yield replace(one, place=f"{place} · {one.place}" if one.place else place)
    if look.unseen and not agrees(look.unseen, seen):
        yield Obstacle(place, Unread.HIDDEN, str(len(look.unseen)))


def _needs_ocr(page: Page, look: Look) -> bool | None:
    """None for a page that its letters tell; else whether the whole of it is to be read, or only its pictures."""
    if look.garbled or (page.outlined and len("".join(look.text.split())) <= NEARLY_NONE):
        return True
    if page.pictured >= PICTURED:
        return False
    return None if look.text or page.blank else True


def _span(numbers: Sequence[int]) -> str:
    """Pages as people write them: ``p. 3``, ``p. 11–50``, ``p. 2–4, 9``; the first ten pieces."""
    pieces: list[tuple[int, int]] = []
    for number in numbers:
        if pieces and number == pieces[-1][1] + 1:
            pieces[-1] = (pieces[-1][0], number)
        else:
            pieces.append((number, number))
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in islice(pieces, 10)]
    return f"p. {', '.join(shown)}{'…' if len(pieces) > len(shown) else ''}"
