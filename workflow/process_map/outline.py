"""A diagram as a list: the text alternative of a picture, with everything that stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.process_map.diagram import Diagram, Para, Section


@dataclass(frozen=True)
class Item:
    """One box: its name with number, what stands in it, and for each arrow where it leads and what is done."""

    name: str
    paras: tuple[Para, ...]
    arrows: tuple[tuple[str, tuple[Para, ...], bool], ...]


@dataclass(frozen=True)
class Outline:
    """All boxes in order and the notes below."""

    items: tuple[Item, ...]
    sections: tuple[Section, ...]


def outline(diagram: Diagram) -> Outline:
    """The same content in the same order; an arrow is (where to, what is done, whether the system does it)."""
    names = {n.key: f"{n.number} {n.name}" for n in diagram.nodes}
    items = tuple(
        Item(
            names[n.key],
            n.paras[1:],
            tuple((names[a.target], a.paras, a.dashed) for a in diagram.arrows if a.source == n.key),
        )
        for n in diagram.nodes
    )
    return Outline(items, diagram.sections)
