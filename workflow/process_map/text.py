"""How wide a text is and where its lines break. Reckoned, not measured: the same bytes on every machine, and never too narrow."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

NEVER_FIRST = frozenset("，。、；：！？）》」』】”’…·%,.;:!?)]}")
"""What may not begin a line (避头)."""
NEVER_LAST = frozenset("（《「『【“‘([{")
"""What may not end one (避尾)."""
COUNTED = frozenset("条款项日年月个次页")
"""What stays with the figure before it."""
_BROAD = frozenset("MW@%&mw")
_FULL, _BROAD_LATIN, _LATIN, _BLANK = 1.0, 0.95, 0.64, 0.34
LEADING = 1.45
"""Line height as a share of the type size."""


def em(char: str) -> float:
    """The width of one character in em, rather more than any usual font needs."""
    if unicodedata.combining(char):
        return 0.0
    if char == " ":
        return _BLANK
    if unicodedata.east_asian_width(char) in "WFA":
        return _FULL
    return _BROAD_LATIN if char in _BROAD or ord(char) > 0x24F else _LATIN


def width(text: str, size: float) -> float:
    """The width of a line in px at the type size `size` in px."""
    return sum(em(c) for c in text) * size


def clean(text: str) -> str:
    """One line of what XML can hold: blanks of any kind become one, control characters fall away."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())


def wrap(text: str, room: float, size: float) -> list[str]:
    """The lines of `text` in `room` px, each of at least one character; [] for an empty text."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(clean(text), room, size):
        if line and width(line + piece.rstrip(), size) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str, room: float, size: float) -> Iterator[str]:
    """What may not be torn apart: a word with its blank, a character with the punctuation that clings to it."""
    piece = ""
    for at, char in enumerate(text):
        piece += char
        after = text[at + 1 : at + 2]
        if not after or (_may_break(char, after) or width(piece + after, size) > room):
            yield piece
            piece = ""


def _may_break(char: str, after: str) -> bool:
    if after in NEVER_FIRST or char in NEVER_LAST or after == " ":
        return False
    if (char in "第共" and after.isdigit()) or (char.isdigit() and after in COUNTED):
        return False
    return char == " " or not (_latin(char) and _latin(after))


def _latin(char: str) -> bool:
    return char.isascii() and char != " "
