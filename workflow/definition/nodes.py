"""The file as a tree that knows its lines. Scalars keep what was written: nothing becomes a date or a boolean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Text:
    """A scalar as written. `kind` is what YAML would have made of it: str, bool, null, int, float, timestamp."""

    line: int
    value: str
    kind: str = "str"
    plain: bool = False


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A mapping. `broken`: some of it could not be read; `lost`: the keys of what could not be read."""

    line: int
    pairs: dict[str, tuple[Text, Node]] = field(default_factory=dict)
    broken: bool = False
    lost: set[str] = field(default_factory=set)

    def get(self, key: str) -> Node | None:
        """The value under `key`, or None."""
        return self.pairs[key][1] if key in self.pairs else None

    def names(self) -> Iterator[str]:
        """Every key, those of unreadable parts too."""
        yield from self.pairs
        yield from self.lost


@dataclass(slots=True)
class Unreadable:
    """A value already complained about: nothing more is said of it."""

    line: int


Node = Text | Items | Table | Unreadable


def line_of(root: Table, *path: str) -> int:
    """The line of the deepest key of `path` that is there."""
    line, node = root.line, root
    for key in path:
        if key not in node.pairs:
            break
        name, value = node.pairs[key]
        line = name.line
        if not isinstance(value, Table):
            break
        node = value
    return line
