"""The worker's reading of a matter: plain sentences, what he can do, until when. No articles, no codes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.definition.model import ActionDef, ClockDef, Definition, StateDef
from workflow.process_map import words
from workflow.process_map.way import Way, way_of

PARTY = frozenset({"applicant", "worker", "relative", "union", "party"})
"""Whose acts and limits are the worker's side's."""
RECORDED = "登记"
_DUE = re.compile(r"\s*\{(\w+)\.due\}\s*")


@dataclass(frozen=True)
class Step:
    """One stage. `says` where it stands; `do` what the worker's side can do, `tell` what it has the window record;
    `until` its limits; `who` has it now; `leads` where it may go on."""

    number: str
    title: str
    says: str
    do: tuple[str, ...]
    tell: tuple[str, ...]
    until: tuple[str, ...]
    who: str
    leads: tuple[str, ...]
    end: bool


@dataclass(frozen=True)
class Told:
    """A matter for the worker: the plain way, what else may happen, what he can do at any time."""

    label: str
    way: Way
    main: tuple[Step, ...]
    other: tuple[Step, ...]
    always: tuple[str, ...]


def told(definition: Definition, matter: str) -> Told:
    """Tell one matter, in the order of its way."""
    way = way_of(definition.matters[matter])
    steps = {name: _step(definition, way, name) for name in way.order}
    other = tuple(steps[n] for n in way.order if n not in way.main)
    always = [
        _can(definition, c.act) for c in way.common if _mine(c.act) and not all(_here(way, s, c.act) for s in c.states)
    ]
    return Told(way.matter.label, way, tuple(steps[n] for n in way.main), other, tuple(dict.fromkeys(always)))


def sentence(definition: Definition, state: StateDef) -> str:
    """The state's public sentence with each day told as a rule: `最晚收到申请之日起第 15 日`."""

    def day(found: re.Match[str]) -> str:
        clock = definition.clocks.get(found.group(1))
        return words.due(definition, clock) if clock else "窗口告诉您的日子"

    return _DUE.sub(day, state.public)


def _step(definition: Definition, way: Way, name: str) -> Step:
    state = way.state(name)
    acts = [a for a in state.actions.values() if _mine(a) and _here(way, name, a)]
    limits = [c for c in _clocks(definition, state) if c.owner in PARTY and c.legal]
    owners = dict.fromkeys(
        "您" if c.owner in PARTY else words.people(definition, [c.owner]) for c in _clocks(definition, state)
    )
    leads = dict.fromkeys(g.target for g in way.groups if g.source == name)
    return Step(
        number=way.numbers[name], title=state.label, says=sentence(definition, state),
        do=tuple(_can(definition, a) for a in acts if not _recorded(a)),
        tell=tuple(_can(definition, a) for a in acts if _recorded(a)),
        until=tuple(f"{c.label}：{_until(definition, c)}" for c in limits),
        who="、".join(owners), leads=tuple(f"{way.numbers[t]} {way.state(t).label}" for t in leads),
        end=state.end,
    )  # fmt: skip


def _here(way: Way, state: str, act: ActionDef) -> bool:
    """Whether an act is told in its state: what takes him on, or back in from an end. What can be done all along and
    leads back or nowhere (withdrawing) is told once.
    """
    if not any(c.act.name == act.name and state in c.states for c in way.common) or way.state(state).end:
        return True
    to = way.state(state).actions[act.name].to
    return way.order.index(to) > way.order.index(state)


def _until(definition: Definition, clock: ClockDef) -> str:
    span = clock.within[-1].span if clock.within else None
    if clock.until or span is None:
        return f"最晚{words.due(definition, clock)}"
    start = words.due(definition, clock).removesuffix(words.nth(span))
    return f"{start} {span}内"


def _clocks(definition: Definition, state: StateDef) -> list[ClockDef]:
    return [definition.clocks[c] for c in state.clocks if c in definition.clocks]


def _mine(act: ActionDef) -> bool:
    return bool(PARTY & set(act.by))


def _recorded(act: ActionDef) -> bool:
    """What somebody else did or he declares: the window only writes it down."""
    return act.label.startswith(RECORDED)


def _can(definition: Definition, act: ActionDef) -> str:
    papers = "、".join(definition.papers[p].label for p in act.receive if p in definition.papers)
    return act.label.removeprefix(RECORDED) + (f"（带上：{papers}）" if papers else "")
