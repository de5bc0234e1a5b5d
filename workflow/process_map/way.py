"""The order in which a matter is told: its plain way from beginning to end, the side ways, what can be done everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from workflow.definition.model import ActionDef, MatterDef, StateDef

EVERYWHERE = 4
"""From how many states on the same act is told once for all of them instead of in each."""


@dataclass(frozen=True)
class Common:
    """One act that many states have: told once, with the states by name and where each leads ("" stays)."""

    act: ActionDef
    states: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Group:
    """Acts that lead from one state to another: one arrow. `automatic`: all of them are done by the system."""

    source: str
    target: str
    acts: tuple[ActionDef, ...]
    automatic: bool
    spine: bool


@dataclass(frozen=True)
class Way:
    """A matter in the order it is told. `main` is the plain way, `order` all states, `numbers` what each is called.

    The plain way is numbered 1, 2, 3; what branches off its second state 2.1, 2.2. `inside` are acts that stay in their
    state, `groups` the arrows, `common` what is told once.
    """

    matter: MatterDef
    main: tuple[str, ...]
    order: tuple[str, ...]
    numbers: Mapping[str, str]
    inside: Mapping[str, tuple[ActionDef, ...]]
    groups: tuple[Group, ...]
    common: tuple[Common, ...]

    def state(self, name: str) -> StateDef:
        """The state of that name."""
        return self.matter.states[name]

    def common_of(self, state: str) -> list[int]:
        """The numbers, from 1, of the common acts this state has."""
        return [n for n, c in enumerate(self.common, 1) if state in c.states]


def way_of(matter: MatterDef) -> Way:
    """Put one matter in order. The same matter gives the same order."""
    common = _common(matter)
    told = {(s, c.act.name) for c in common for s in c.states}
    main = _main(matter)
    spine = set(pairwise(main))
    order, numbers = _numbered(matter, main, told)
    groups: list[Group] = []
    inside: dict[str, tuple[ActionDef, ...]] = {}
    for name in order:
        acts = matter.states[name].actions.values()
        inside[name] = tuple(a for a in acts if a.to == name and (name, a.name) not in told)
        leaving = [a for a in acts if a.to != name and ((name, a.name) not in told or (name, a.to) in spine)]
        groups += _groups(name, leaving, spine)
    return Way(matter, main, order, numbers, inside, tuple(groups), common)


def _groups(source: str, acts: Iterable[ActionDef], spine: set[tuple[str, str]]) -> list[Group]:
    found: dict[tuple[str, bool], list[ActionDef]] = {}
    for act in acts:
        found.setdefault((act.to, act.automatic), []).append(act)
    return [
        Group(source, to, tuple(acts), automatic, (source, to) in spine and not (automatic and (to, False) in found))
        for (to, automatic), acts in found.items()
    ]


def _common(matter: MatterDef) -> tuple[Common, ...]:
    """Acts that are the same, but for the state, in EVERYWHERE states or more."""
    found: dict[tuple[str, ActionDef], list[str]] = {}
    for state in matter.states.values():
        for act in state.actions.values():
            to = "" if act.to == state.name else act.to
            same = replace(act, to=to, parent=_Frozen(act.parent), common=False)
            found.setdefault((act.name, same), []).append(state.name)
    return tuple(Common(act, tuple(s), act.to) for (_, act), s in found.items() if len(s) >= EVERYWHERE)


class _Frozen(dict[str, str]):
    """A mapping that can be compared as part of a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def _main(matter: MatterDef) -> tuple[str, ...]:
    """What happens when nothing goes wrong: the way with the most steps and the least out of the ordinary on it.

    To each end the most ordinary way is taken; of the ends the one whose way is longest, what is out of the ordinary
    counting against it; of equals the one the file names first.
    """
    ways: dict[str, _Path] = {matter.start: _Path((matter.start,))}
    waiting = [matter.start]
    while waiting:
        here = min(waiting, key=lambda s: ways[s].toll)
        waiting.remove(here)
        if matter.states[here].end:
            continue
        for act in matter.states[here].actions.values():
            longer = ways[here].by(act)
            if act.to not in ways or longer.toll < ways[act.to].toll:
                ways[act.to] = longer
                waiting += [act.to] if act.to not in waiting else []
    ends = [s for s in matter.states if matter.states[s].end and s in ways]
    return _unhurried(matter, max((ways[s] for s in ends), key=lambda w: w.worth, default=ways[matter.start]).states)


def _unhurried(matter: MatterDef, path: tuple[str, ...]) -> tuple[str, ...]:
    """Where the closing act can be done later too, what comes in between is done first: one is paid before it is over."""
    *_, here, end = ("", *path)
    if not here or not matter.states[end].end:
        return path
    order = list(matter.states)
    closing = {a.name for a in matter.states[here].actions.values() if a.to == end}
    for act in matter.states[here].actions.values():
        later = (
            matter.states[act.to].actions.values() if order.index(here) < order.index(act.to) < order.index(end) else ()
        )
        if act.to not in path and not _odd(act) and any(a.name in closing and a.to == end for a in later):
            return _unhurried(matter, (*path[:-1], act.to, end))
    return path


STEP = 10
TOLLS = {"automatic": (60, 10), "adverse": (30, 30), "common": (20, 12), "unsettled": (15, 15)}
"""What is out of the ordinary: what it adds to a way in choosing between ways, and takes from it in choosing an end.

An act of the system is nobody's plain way where people have one, but it may well be how a plain way ends.
"""


def _odd(act: ActionDef) -> list[str]:
    """What is out of the ordinary about an act (keys of TOLLS)."""
    odd = {"automatic": act.automatic, "adverse": act.adverse, "common": act.common,
           "unsettled": bool(act.unsettled and not act.law)}  # fmt: skip
    return [key for key, there in odd.items() if there]


@dataclass(frozen=True)
class _Path:
    states: tuple[str, ...]
    toll: int = 0
    worth: int = 0

    def by(self, act: ActionDef) -> _Path:
        """The same and one act more."""
        add, take = (sum(TOLLS[k][n] for k in _odd(act)) for n in (0, 1))
        return _Path((*self.states, act.to), self.toll + STEP + add, self.worth + STEP - take)


def _numbered(
    matter: MatterDef, main: tuple[str, ...], told: set[tuple[str, str]]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Each side state stands behind the state of the plain way it is first reached from, in the order of the file."""
    behind: dict[str, str] = {name: name for name in main}
    for root in main:
        waiting = [root]
        while waiting:
            here = waiting.pop(0)
            for act in matter.states[here].actions.values():
                if act.to not in behind and (here, act.name) not in told:
                    behind[act.to] = root
                    waiting.append(act.to)
    order: list[str] = []
    numbers: dict[str, str] = {}
    for n, root in enumerate(main, 1):
        sides = [s for s in matter.states if s not in main and behind.get(s, main[-1]) == root]
        order += [root, *sides]
        numbers |= {root: str(n), **{side: f"{n}.{k}" for k, side in enumerate(sides, 1)}}
    return tuple(order), numbers
