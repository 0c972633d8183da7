"""A screen to draw on: what is written on it is remembered as its true text, in the order of writing."""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from benchmarks.reading.fonts import Face


@dataclass(frozen=True, slots=True)
class Theme:
    ground: str
    surface: str
    text: str
    faint: str
    edge: str
    bar: str
    bar_text: str
    accent: str
    accent_text: str
    alarm: str


THEMES = {
    "light": Theme(
        "#f3f3f3", "#ffffff", "#1b1b1b", "#666666", "#c8c8c8", "#ffffff", "#1b1b1b", "#005fb8", "#ffffff", "#b3261e"
    ),
    "dark": Theme(
        "#1e1e1e", "#2b2b2b", "#f0f0f0", "#a0a0a0", "#4a4a4a", "#202020", "#ffffff", "#4cc2ff", "#0b0b0b", "#ff99a4"
    ),
    "classic": Theme(
        "#d4d0c8", "#ece9d8", "#000000", "#505050", "#8a867a", "#0a246a", "#ffffff", "#c0bcb0", "#000000", "#a00000"
    ),
    "insurer": Theme(
        "#f5f6f7", "#ffffff", "#2d373d", "#7a858c", "#d5d9dc", "#d81e05", "#ffffff", "#d81e05", "#ffffff", "#c0392b"
    ),
}


@dataclass(slots=True)
class Canvas:
    """Positions and sizes are those of a screen at 100 %; `scale` is that of the screen."""

    width: int
    height: int
    theme: Theme
    face: Face
    mono: Face
    scale: float = 1.0
    lines: list[str] = field(default_factory=list)
    picture: Image.Image = field(init=False)
    _brush: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.picture = Image.new("RGB", (self._at(self.width), self._at(self.height)), self.theme.ground)
        self._brush = ImageDraw.Draw(self.picture)

    def _at(self, length: float) -> int:
        return round(length * self.scale)

    def box(self, x: float, y: float, width: float, height: float, fill: str = "", edge: str = "", r: int = 0) -> None:
        corners = (self._at(x), self._at(y), self._at(x + width), self._at(y + height))
        self._brush.rounded_rectangle(corners, self._at(r), fill or None, edge or None, max(1, self._at(1)))

    def text(
        self, x: float, y: float, text: str, size: int = 14, colour: str = "", *, bold: bool = False, mono: bool = False
    ) -> float:
        """Writes a line, remembers it, and gives the x where it ends."""
        self._write(x, y, text, size, colour or self.theme.text, bold=bold, mono=mono)
        self.lines.append(text)
        return x + self.measure(text, size, bold=bold, mono=mono)

    def cells(self, cells: list[tuple[float, str]], y: float, size: int = 14, *, bold: bool = False) -> None:
        """Texts in one row, remembered as one line."""
        for x, text in cells:
            self._write(x, y, text, size, self.theme.text, bold=bold, mono=False)
        self.lines.append("  ".join(text for _, text in cells))

    def measure(self, text: str, size: int, *, bold: bool = False, mono: bool = False) -> float:
        face = self.mono if mono else self.face
        return face.width(text, self._at(size), bold=bold) / self.scale

    def wrapped(self, x: float, y: float, width: float, text: str, size: int = 14, colour: str = "") -> float:
        """A paragraph; gives the y below it."""
        line = ""
        for word in text.split():
            if line and self.measure(f"{line} {word}", size) > width:
                self.text(x, y, line, size, colour)
                line, y = word, y + size * 1.45
            else:
                line = f"{line} {word}".strip()
        self.text(x, y, line, size, colour)
        return y + size * 1.45

    def buttons(self, right: float, y: float, labels: list[str], size: int = 14) -> None:
        """In one row, the first of them coloured, the last ending at `right`."""
        widths = [self.measure(label, size) + 36 for label in labels]
        x = right - sum(widths) - 10 * (len(labels) - 1)
        for number, (label, width) in enumerate(zip(labels, widths, strict=True)):
            fill, colour = (self.theme.accent, self.theme.accent_text) if not number else ("", self.theme.text)
            self.box(x, y, width, size + 18, fill, self.theme.edge, 4)
            self._write(x + 18, y + 8, label, size, colour, bold=False, mono=False)
            x += width + 10
        self.lines.append("  ".join(labels))

    def cross(self, x: float, y: float, size: int = 10, colour: str = "") -> None:
        """The sign that closes a window: nobody reads it."""
        for ends in ((x, y, x + size, y + size), (x, y + size, x + size, y)):
            self._brush.line([self._at(end) for end in ends], colour or self.theme.bar_text, max(1, self._at(1.2)))

    def round(self, x: float, y: float, size: int, fill: str) -> None:
        self._brush.ellipse((self._at(x), self._at(y), self._at(x + size), self._at(y + size)), fill)

    def _write(self, x: float, y: float, text: str, size: int, colour: str, *, bold: bool, mono: bool) -> None:
        face = self.mono if mono else self.face
        face.draw(self.picture, (self._at(x), self._at(y)), text, self._at(size), colour, bold=bold)
