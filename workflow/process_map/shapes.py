"""What a laid-out page is made of: placed shapes with plain numbers, ready to be written or measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from workflow.process_map.diagram import LOOKS, Para
from workflow.process_map.text import LEADING, wrap

TAG_PAD = 4
PARA_GAP = 3
ACT_GAP = 5


@dataclass(frozen=True)
class Line:
    """One line of text; `x`, `y` are where its baseline begins."""

    x: float
    y: float
    text: str
    look: str


@dataclass(frozen=True)
class Tag:
    """The ground behind a tag's lines."""

    x: float
    y: float
    w: float
    h: float
    look: str


@dataclass(frozen=True)
class Block:
    """A rectangle that holds its own text and nothing else's. kind: box, label, note, head."""

    kind: str
    x: float
    y: float
    w: float
    h: float
    lines: tuple[Line, ...]
    tags: tuple[Tag, ...] = ()
    end: bool = False
    side: bool = False
    badge: str = ""


@dataclass(frozen=True)
class Wire:
    """A line through points, horizontal and vertical; with an arrow head at its end where `head`."""

    points: tuple[tuple[float, float], ...]
    color: str
    dashed: bool = False
    thick: bool = False
    head: bool = True
    joint: bool = False


@dataclass
class Page:
    """One sheet of paper."""

    width: float
    height: float
    number: int
    blocks: list[Block] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)


@dataclass(frozen=True)
class Set:
    """Paragraphs broken into lines for a width, from the origin; `h` is their height."""

    lines: tuple[Line, ...]
    tags: tuple[Tag, ...]
    h: float

    def at(self, x: float, y: float) -> tuple[tuple[Line, ...], tuple[Tag, ...]]:
        """The same, moved."""
        return (
            tuple(Line(a.x + x, a.y + y, a.text, a.look) for a in self.lines),
            tuple(Tag(t.x + x, t.y + y, t.w, t.h, t.look) for t in self.tags),
        )


def set_paras(paras: tuple[Para, ...], room: float, first_inset: float = 0, first_height: float = 0) -> Set:
    """Break paragraphs for `room` px; the first one may be set in beside a badge of `first_height`."""
    lines: list[Line] = []
    tags: list[Tag] = []
    y = 0.0
    for n, para in enumerate(paras):
        look = LOOKS[para.look]
        y += ACT_GAP if n and para.look == "act" else 0
        pad = TAG_PAD if look.ground else 0
        inset = para.inset + (first_inset if n == 0 else 0)
        texts = wrap(para.text, room - inset - 2 * pad, look.size)
        step = look.size * LEADING
        top = y
        y += pad
        for text in texts:
            lines.append(Line(inset + pad, y + look.size * 1.05, text, para.look))
            y += step
        y += pad
        if look.ground and texts:
            tags.append(Tag(inset, top, room - inset, y - top, para.look))
        if n == 0:
            y = max(y, first_height)
        y += PARA_GAP
    return Set(tuple(lines), tuple(tags), max(0.0, y - PARA_GAP))
