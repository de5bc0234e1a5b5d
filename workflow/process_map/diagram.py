"""What is drawn, before anybody knows where: boxes with paragraphs, arrows with paragraphs, notes below."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """How a paragraph is set: type size in px, bold, colour, and for a tag the colours of its ground and edge."""

    size: float
    color: str = "#16202c"
    bold: bool = False
    ground: str = ""
    edge: str = ""
    dashed: bool = False


INK, MUTED, BLUE, RED, GREEN = "#16202c", "#515c69", "#083a75", "#a01a15", "#17633a"
LOOKS = {
    "head": Look(26, INK, True), "section": Look(18, BLUE, True), "title": Look(17, INK, True), "under": Look(13, MUTED),
    "act": Look(14.5, INK, True), "body": Look(13, INK), "law": Look(13, BLUE), "warn": Look(13, RED, True),
    "clock": Look(13, INK, ground="#e8f0fa", edge="#6b8fbf"),
    "remind": Look(13, INK, ground="#f1f2f4", edge="#8a94a1", dashed=True),
    "target": Look(13, BLUE, True),
    # the worker's sheet is read at arm's length, often without glasses
    "big-head": Look(38, INK, True), "big-title": Look(27, INK, True), "big": Look(23, INK), "big-do": Look(23, GREEN, True),
    "big-until": Look(23, RED, True), "big-next": Look(20, MUTED), "big-section": Look(28, BLUE, True),
}  # fmt: skip
"""The looks by name. Every pair of colour and ground has a contrast of 4.5 or more."""


@dataclass(frozen=True)
class Para:
    """A paragraph: the name of its look, its text, and how far it is set in (px)."""

    look: str
    text: str
    inset: float = 0


@dataclass(frozen=True)
class Node:
    """A box. `number` stands in its badge, `paras[0]` beside it; `end` has a double border, `side` is set in."""

    key: str
    number: str
    name: str
    paras: tuple[Para, ...]
    end: bool = False
    side: bool = False


@dataclass(frozen=True)
class Arrow:
    """An arrow with what is done. `spine` runs straight down to the next box of the plain way; `dashed` is the system's."""

    source: str
    target: str
    paras: tuple[Para, ...]
    dashed: bool = False
    spine: bool = False


@dataclass(frozen=True)
class Section:
    """Notes below the boxes, under a heading; `cut` keeps each tuple of paragraphs on one page."""

    title: Para
    items: tuple[tuple[Para, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """The paper: sizes in px at 96 to the inch. `label` 0 leaves no room beside the boxes (no arrows but the spine).

    `target` is the look of where an arrow leads.
    """

    width: float
    height: float
    margin: float
    box: float
    label: float
    badge: float
    target: str = "target"


A3 = Sheet(width=1123, height=1587, margin=36, box=440, label=430, badge=15)
A4 = Sheet(width=794, height=1123, margin=40, box=714, label=0, badge=24, target="big-next")


@dataclass(frozen=True)
class Diagram:
    """One picture. `title` and `desc` are its text alternative."""

    title: str
    desc: str
    head: tuple[Para, ...]
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    sections: tuple[Section, ...] = ()
    sheet: Sheet = A3
