"""E-mail: what was written, what was quoted, what was attached."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resuelve.readers import Limits, Obstacle, Passage, Unread
from resuelve.readers.formats.mail import read
from resuelve.readers.formats.scope import Found, Scope
from tests.unit.office_samples import png
from tests.unit.outlook_samples import ole, properties, wide


def inner(name: str, data: bytes) -> Found:
    yield Passage(name, f"{len(data)} bytes")


def no_picture(data: bytes) -> Found:
    raise AssertionError("a message has no pages that are pictures")


def said(data: bytes, limits: Limits | None = None, depth: int = 0) -> list[tuple[str, str]]:
    where = Scope(limits or Limits(), depth, inner, no_picture)
    return [
        (one.place, one.text if isinstance(one, Passage) else f"{one.reason.value} {one.detail}".strip())
        for one in read(data, where)
    ]


def letter(fill: Callable[[EmailMessage], object], text: str = "No se emite la póliza.") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Error al emitir: «póliza»"
    message["From"] = "Ana Nadie <ana@example.com>"
    message["To"] = "soporte@example.com"
    message["Date"] = "Thu, 26 Nov 2026 10:00:00 +0100"
    message.set_content(text)
    fill(message)
    return message.as_bytes()


HEAD = "Error al emitir: «póliza»\nThu, 26 Nov 2026 10:00:00 +0100"
BODY = f"{HEAD}\n\nNo se emite la póliza."


def test_subject_date_and_text_are_read_and_nobody_is_named() -> None:
    assert said(letter(lambda message: None)) == [("", BODY)]


@pytest.mark.parametrize(
    "mark",
    [
        "-----Mensaje original-----",
        "El jue, 26 nov 2026 a las 9:00, Luis Nadie <luis@example.com> escribió:",
        "On Thu, Nov 26, 2026 at 9:00 AM Luis wrote:",
        "De: Luis Nadie\nEnviado: jueves, 26 de noviembre de 2026",
    ],
)
def test_what_is_quoted_stands_apart(mark: str) -> None:
    told = said(letter(lambda message: None, f"Sigue igual.\n\n{mark}\nPruebe otra vez."))
    assert told == [("", f"{HEAD}\n\nSigue igual."), ("quoted", f"{mark}\nPruebe otra vez.")]


def test_lines_with_angles_are_quoted() -> None:
    told = said(letter(lambda message: None, "> ¿Qué error?\nEl E-4410\n> ¿Cuándo?\nHoy"))
    assert told == [("", f"{HEAD}\n\nEl E-4410\nHoy"), ("quoted", "¿Qué error?\n¿Cuándo?")]


def test_of_a_text_and_its_page_the_text_is_read() -> None:
    data = letter(lambda message: message.add_alternative("<p>No se <b>emite</b> la póliza.</p>", subtype="html"))
    assert said(data) == [("", BODY)]


def test_a_text_that_the_page_does_not_say_is_hidden() -> None:
    data = letter(lambda message: message.add_alternative("<p>Todo va bien, gracias.</p>", subtype="html"))
    assert said(data) == [("", f"{HEAD}\n\nTodo va bien, gracias."), ("text/plain", "hidden 18")]


def test_a_page_alone_is_read_as_a_page() -> None:
    message = EmailMessage()
    message.set_content("<p>uno</p><p style='display:none'>dos</p>", subtype="html")
    assert said(message.as_bytes()) == [("", "uno"), ("", "hidden 3")]


def test_attachments_and_pictures_in_the_text_are_given_on() -> None:
    def fill(message: EmailMessage) -> None:
        message.add_attachment(b"datos", maintype="application", subtype="pdf", filename="recibo nº 1.pdf")
        message.add_attachment("a;b\n", subtype="csv", filename="tabla.csv")
        message.add_attachment(
            png(300, 300) + bytes(900), maintype="image", subtype="png", disposition="inline", cid="<a>"
        )
        message.add_attachment(b"GIF89a", maintype="image", subtype="gif", disposition="inline", cid="<dot>")

    told = said(letter(fill))
    assert told[0] == ("", BODY)
    assert [place for place, _ in told[1:]] == ["recibo nº 1.pdf", "tabla.csv", "part3.png"]


def test_an_attached_message_is_one_file() -> None:
    within = EmailMessage()
    within["Subject"] = "Dentro"
    within.set_content("hola")
    told = said(letter(lambda message: message.add_attachment(within)))
    assert told[0] == ("", BODY)
    assert [place for place, _ in told[1:]] == ["part1.eml"]


def test_more_attachments_than_allowed_are_told() -> None:
    def fill(message: EmailMessage) -> None:
        for number in range(5):
            message.add_attachment(b"x" * 100, maintype="application", subtype="pdf", filename=f"{number}.pdf")

    told = said(letter(fill), replace(Limits(), files=2))
    assert [place for place, _ in told] == ["", "0.pdf", "1.pdf", ""]
    assert told[-1][1].startswith("too_many_files")
    assert said(letter(fill), replace(Limits(), expanded=150))[2] == ("1.pdf", "expands")


@pytest.mark.parametrize(
    "kind",
    [
        "application/pkcs7-mime; smime-type=enveloped-data",
        "multipart/encrypted; boundary=x",
        "application/x-pkcs7-mime",
    ],
)
def test_a_sealed_message_is_encrypted(kind: str) -> None:
    data = f"Subject: hola\nContent-Type: {kind}\nContent-Transfer-Encoding: base64\n\nMIIB\n".encode()
    assert said(data) == [("", "hola"), ("", "encrypted")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Subject: =?utf-8?B?!!!?=\n\nhola", "hola"),
        (b"Subject: =?klingon?Q?a=F1o?=\nContent-Type: text/plain; charset=klingon\n\na\xf1o", "año"),
        ("Subject: año\n\npóliza".encode("cp1252"), "año\n\npóliza"),
        ("Subject: año\n\npóliza".encode(), "año\n\npóliza"),
        (b"Subject: x\nContent-Transfer-Encoding: base64\n\n@@@", "x"),
        (
            b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nca=C3=B1a=ZZ",
            "caña",
        ),
        (b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\nno boundary", "x"),
        (b"Subject: a\n b\nDate: nonsense\n\n", "a b\nnonsense"),
    ],
)
def test_broken_encodings_never_raise(data: bytes, expected: str) -> None:
    assert expected in "".join(text for _, text in said(data))


def test_parts_within_parts_come_to_an_end() -> None:
    data = b"Subject: x\n"
    for number in range(3000):
        data += f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n".encode()
    told = said(data + b"\nhola")
    assert ("", "damaged") in told or told[0][1].startswith("x")
    assert len(told) < 10


def test_a_long_text_is_cut() -> None:
    told = said(letter(lambda message: None, "palabra " * 1000), replace(Limits(), characters=500))
    assert len(told[0][1]) == 500
    assert told[1:] == [("", "too_long 500")]


def outlook(**more: bytes | dict[str, bytes]) -> bytes:
    tree = {
        "__properties_version1.0": properties(32, {(0x0039, 0x0040): 134_088_480_000_000_000}),
        **wide(subject="Error al emitir", body="No se emite.\r\n\r\n-----Mensaje original-----\r\nPruebe."),
        **more,
    }
    return ole(tree)


def test_an_outlook_message_is_read() -> None:
    told = said(outlook())
    assert told[0][0] == ""
    subject, date, _, body = told[0][1].split("\n")
    assert (subject, body) == ("Error al emitir", "No se emite.")
    assert date.endswith("UTC")
    assert told[1:] == [("quoted", "-----Mensaje original-----\nPruebe.")]


def test_attachments_and_messages_of_outlook_are_read_one_level_deep() -> None:
    file = {
        "__properties_version1.0": bytes(8),
        **wide(name="captura.png"),
        "__substg1.0_37010102": png() + bytes(5000),
    }
    message = {"__properties_version1.0": bytes(24), **wide(subject="Dentro", body="Otro error")}
    held = {"__properties_version1.0": bytes(8), **wide(short="dentro.msg"), "__substg1.0_3701000D": message}
    data = outlook(**{"__attach_version1.0_#00000000": file, "__attach_version1.0_#00000001": held})  # type: ignore[arg-type]
    told = said(data)
    assert told[2:] == [("captura.png", f"{len(png()) + 5000} bytes"), ("dentro.msg", "Dentro\n\nOtro error")]
    assert said(data, depth=1)[3:] == [("dentro.msg", "nested")]


def test_eight_bit_texts_and_pages_of_outlook_are_read_in_their_code_page() -> None:
    texts = {
        "__properties_version1.0": properties(32, {(0x3FFD, 3): 1252, (0x3FDE, 3): 28591}),
        "__substg1.0_0037001E": "año".encode("cp1252"),
        "__substg1.0_10130102": "<p>caña</p>".encode("latin-1"),
    }
    assert said(ole(texts)) == [("", "año\n\ncaña")]
    texts["__properties_version1.0"] = properties(32, {(0x3FFD, 3): 99_999})
    assert said(ole(texts)) == [("", "año\n\ncaña")]


def test_streams_of_outlook_that_lie_on_the_same_bytes_expand_to_no_more_than_is_allowed() -> None:
    file = {"__properties_version1.0": bytes(8), **wide(name="a.bin"), "__substg1.0_37010102": bytes(90_000)}
    tree = {f"__attach_version1.0_#{number:08X}": file for number in range(4)}
    told = said(outlook(**tree), replace(Limits(), expanded=250_000))
    assert told[2:] == [
        *(("a.bin", "expands"), ("part4", "expands")),
        *(("a.bin", "90000 bytes"), ("a.bin", "90000 bytes")),
    ]


def test_an_encrypted_message_of_outlook_is_told() -> None:
    assert said(outlook(**wide(kind="IPM.Note.SMIME")))[-1] == ("", "encrypted")


MAIL = letter(lambda message: message.add_attachment(b"x", maintype="image", subtype="png", filename="a.png"))
OUTLOOK = outlook()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_message_raises(data: st.DataObject) -> None:
    sample = bytearray(data.draw(st.sampled_from([MAIL, OUTLOOK])))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(0, 255)), max_size=8)
    ):
        sample[place] = value
    told = said(bytes(sample[: data.draw(st.integers(0, len(sample)))]), replace(Limits(), characters=50))
    assert len(told) < 20


PIECES = (
    *(b"Subject: ", b"=?utf-8?B?", b"?=", b"\n", b"\n\n", b"Content-Type: ", b"multipart/mixed", b"; boundary=", b"a"),
    *(b"--a", b"--", b"text/html", b"; charset=", b"utf-8", b'"', b"\xff", b"\0", b";name*0*=x''%", b"Date: ", b"> "),
    *(b"Content-Disposition: attachment", b"; filename=", b"Content-Transfer-Encoding: ", b"base64", b"message/rfc822"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_headers_raise(pieces: list[bytes]) -> None:
    assert len(said(b"".join(pieces))) < 50


def test_what_is_no_ole_file_is_damaged() -> None:
    assert list(read(b"\xd0\xcf\x11\xe0" + b"x" * 100, Scope(Limits(), 0, inner, no_picture))) == [
        Obstacle("", Unread.DAMAGED)
    ]


def test_a_page_in_a_message_keeps_its_pictures() -> None:
    message = EmailMessage()
    message.set_content(
        f'<p>ver</p><img src="data:image/png;base64,{base64.b64encode(png()).decode()}">', subtype="html"
    )
    assert said(message.as_bytes()) == [("", "ver"), ("img1.png", f"{len(png())} bytes")]
