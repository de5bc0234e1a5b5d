"""Arrows beside the boxes: each target has a lane, lanes that do not meet share a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflow.process_map.shapes import Wire

COLORS = ("#0b4f9e", "#a01a15", "#17633a", "#6b2c91", "#7d4700", "#00646e", "#8a1550", "#3d4b5c")
"""Only to tell neighbours apart; each has a contrast of 4.5 or more on white."""
WIDEST = 15
CLEAR = 6


@dataclass(frozen=True)
class Stub:
    """Where an arrow leaves: at height `y`, from the box's edge `x` to the end of its label."""

    target: str
    dashed: bool
    y: float
    x: float
    label_end: float
    afar: bool


@dataclass(frozen=True)
class Entry:
    """Where lanes enter a box: from height `y` down, at its right edge `x`."""

    y: float
    x: float


@dataclass
class _Lane:
    target: str
    dashed: bool
    stubs: list[Stub]
    at: float
    column: int = 0

    @property
    def top(self) -> float:
        return min(self.at, *(s.y for s in self.stubs))

    @property
    def bottom(self) -> float:
        return max(self.at, *(s.y for s in self.stubs))


def draw(stubs: Sequence[Stub], entries: Mapping[str, Entry], left: float, right: float, step: float) -> list[Wire]:
    """The arrows of one page. `left`..`right` is the room for lanes, `step` between the two kinds that enter a box."""
    lanes = _lanes([s for s in stubs if not s.afar], entries, step)
    columns = 1 + max((lane.column for lane in lanes), default=0)
    apart = min(WIDEST, (right - left) / max(1, columns))
    wires: list[Wire] = []
    for n, lane in enumerate(lanes):
        wires += _drawn(lane, entries[lane.target].x, left + lane.column * apart, COLORS[n % len(COLORS)])
    for stub in stubs:
        if stub.afar:
            wires.append(Wire(((stub.x, stub.y), (stub.label_end, stub.y)), COLORS[-1], stub.dashed))
    return wires


def _lanes(stubs: Sequence[Stub], entries: Mapping[str, Entry], step: float) -> list[_Lane]:
    found: dict[tuple[str, bool], list[Stub]] = {}
    for stub in stubs:
        found.setdefault((stub.target, stub.dashed), []).append(stub)
    lanes = []
    for (target, dashed), mine in found.items():
        second = dashed and (target, False) in found
        lanes.append(_Lane(target, dashed, mine, entries[target].y + 6 + (step if second else 0)))
    taken: list[list[_Lane]] = []
    for lane in sorted(lanes, key=lambda a: (a.bottom - a.top, a.top)):  # short ones nearest to the boxes
        free = (n for n, others in enumerate(taken) if all(_apart(lane, o) for o in others))
        lane.column = next(free, len(taken))
        if lane.column == len(taken):
            taken.append([])
        taken[lane.column].append(lane)
    return lanes


def _apart(a: _Lane, b: _Lane) -> bool:
    return a.bottom + CLEAR < b.top or b.bottom + CLEAR < a.top


def _drawn(lane: _Lane, box: float, x: float, color: str) -> list[Wire]:
    """One arrow from the stub farthest away, the others joining it."""
    first = max(lane.stubs, key=lambda s: abs(s.y - lane.at))
    wires = [Wire(((first.x, first.y), (x, first.y), (x, lane.at), (box, lane.at)), color, lane.dashed)]
    farthest = {(s.y > lane.at): max(abs(t.y - lane.at) for t in lane.stubs if (t.y > lane.at) == (s.y > lane.at))
                for s in lane.stubs}  # fmt: skip
    for stub in lane.stubs:
        if stub is first:
            continue
        edge = abs(stub.y - lane.at) == farthest[stub.y > lane.at] and (stub.y > lane.at) != (first.y > lane.at)
        points = ((stub.x, stub.y), (x, stub.y), *(((x, lane.at),) if edge else ()))
        wires.append(Wire(points, color, lane.dashed, head=False, joint=not edge))
    return wires
