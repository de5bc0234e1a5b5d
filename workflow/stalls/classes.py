"""The stall classes of a process file: derived from its clocks, states, pauses and automatic acts, none written by hand.

A class says what would stand still, whose it is, by which article, and which acts cure it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflow.definition.model import ActionDef, ClockDef, Definition, MatterDef, StateDef
from workflow.rights import is_right

KINDS = {
    "late": "法定时限已过", "judge": "导入时已过期，待人工核实",
    "reminded": "内部提醒到期", "unwatched": "没有时限或提醒在看", "unknown": "起算日待补录",
}  # fmt: skip
"""What the lists count and filter by."""
MORE = {"frozen": "中止着，没有时限在看", "undone": "到期应当自动办的没有办成", "unprinted": "文书没有打印成"}
"""What only a failure of the machine, or an edited database, can bring about."""


MANY = 6
"""An act written for more states than this is no state's own."""


@dataclass(frozen=True)
class StallClass:
    """One way a case of this process can stand still.

    `id`: kind and what it hangs on, e.g. late:decide, unwatched:recognition.filed. `owner` is a person of the file (""
    for a state or a document), `law` an article ("" where the law sets no time), `acts` the acts that cure it, by state.
    """

    id: str
    kind: str
    title: str
    clock: str = ""
    owner: str = ""
    law: str = ""
    acts: tuple[tuple[str, str, str], ...] = ()


def derive(definition: Definition) -> dict[str, StallClass]:
    """Every class of a definition by its id.

    A party's own period is no class of lateness: when it is over a right has lapsed and nobody stands still. Earliest days,
    effects and start months are never late either.
    """
    found = [c for clock in definition.clocks.values() for c in _of_clock(definition, clock)]
    for matter in definition.matters.values():
        found += [
            StallClass(f"unwatched:{matter.name}.{s.name}", "unwatched", f"{matter.label}“{s.label}”：{KINDS['unwatched']}",
                       acts=tuple((matter.name, s.name, a.name) for a in cures(matter, s, "")))
            for s in matter.states.values() if not s.end
        ]  # fmt: skip
    issued = {
        a.issue for m in definition.matters.values() for s in m.states.values() for a in s.actions.values() if a.issue
    }
    documents = [definition.instruments[name] for name in sorted(issued)]
    found += [
        StallClass(f"unprinted:{i.name}", "unprinted", f"{i.label}：{MORE['unprinted']}", law=i.law) for i in documents
    ]  # fmt: skip
    return {c.id: c for c in found}


def _of_clock(definition: Definition, clock: ClockDef) -> Iterator[StallClass]:
    places = list(_places(definition, clock))
    acts = tuple((m.name, s.name, a.name) for m, s in places for a in cures(m, s, clock.owner, clock))
    for kind in _kinds(definition, clock):
        label = KINDS.get(kind) or MORE[kind]
        law = clock.on_expiry.law if kind == "undone" else clock.law
        yield StallClass(
            f"{kind}:{clock.name}", kind, f"“{clock.label}”{clock.code}：{label}", clock.name, clock.owner, law, acts
        )


def _kinds(definition: Definition, clock: ClockDef) -> Iterator[str]:
    """The ways this clock can stand still."""
    if clock.kind == "deadline" and not is_right(clock) and not clock.on_expiry.act:
        if clock.legal:
            yield "late"
            yield "judge"
        else:
            yield "reminded"
    yield "unknown"
    if any(
        clock.name in a.pause
        for m in definition.matters.values()
        for s in m.states.values()
        for a in s.actions.values()
    ):
        yield "frozen"
    if clock.on_expiry.act:
        yield "undone"


def _places(definition: Definition, clock: ClockDef) -> Iterator[tuple[MatterDef, StateDef]]:
    """Every state in which the clock may run."""
    for matter in definition.matters.values():
        for state in matter.states.values():
            if clock.name in state.clocks or any(clock.name in a.start for a in state.actions.values()):
                yield matter, state


def cures(matter: MatterDef, state: StateDef, owner: str, clock: ClockDef | None = None) -> list[ActionDef]:
    """The acts that take a matter on from here, those that lead further first: the one the expiry offers, else those of the
    owner, else of anybody.

    What the system does, what the law says nothing of, and a death cure nothing; what can be done in many states comes last.
    """
    if clock and (offered := state.actions.get(clock.on_expiry.route or clock.on_expiry.act)):
        return [offered]
    able = [a for a in state.actions.values() if not a.automatic and not a.unsettled and "died_on" not in a.ask]
    own = [a for a in able if not _everywhere(matter, a)]
    for some in ([a for a in own if owner in a.by], own, able):
        if some:
            return sorted(some, key=lambda a: (a.to == state.name, a.adverse))
    return []


def _everywhere(matter: MatterDef, action: ActionDef) -> bool:
    """Whether an act belongs to no state in particular."""
    return action.common and sum(action.name in s.actions for s in matter.states.values()) > MANY
