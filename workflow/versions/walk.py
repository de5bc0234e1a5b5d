"""Walking what a case has done through the machine of another version, to see whether it ends where the case stands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflow.definition.model import Definition, MatterDef


@dataclass(frozen=True)
class Act:
    """One recorded act of a matter: its event's number in the case, from where to where."""

    seq: int
    matter: int
    action: str
    from_state: str
    to_state: str


@dataclass(frozen=True)
class Moved:
    """A move of the case to another version: which states were called otherwise from then on, which acts were let stand."""

    seq: int
    states: Mapping[str, str]
    acts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stumble:
    """An act the new machine does not take that way: act (as matter.act), its event's number, what is wrong."""

    act: str
    seq: int
    text: str


def walk(definition: Definition, matter: str, began: str, acts: Sequence[Act], moves: Iterable[Moved],
         let_stand: Callable[[str], bool]) -> tuple[str, list[Stumble]]:  # fmt: skip
    """The state a matter comes to under `definition`, and every act that does not go that way there.

    `began`: the state it was opened in; `moves`: earlier moves of the case and, last, the one being tried: each renames
    states for what happened before it. `let_stand`: whether an act (matter.act) counts as it was recorded.
    """
    renames = sorted(moves, key=lambda m: m.seq)
    machine = definition.matters[matter]
    at = _called(matter, began, 0, renames)
    found: list[Stumble] = []
    for act in acts:
        key, to = f"{matter}.{act.action}", _called(matter, act.to_state, act.seq, renames)
        wrong = _wrong(machine, at, _called(matter, act.from_state, act.seq, renames), act, to)
        if wrong and not (let_stand(key) or any(key in m.acts for m in renames if m.seq > act.seq)):
            found.append(Stumble(key, act.seq, wrong))
        at = to
    return at, found


def _called(matter: str, state: str, seq: int, moves: Iterable[Moved]) -> str:
    """How a state of the time of event `seq` is called now."""
    for move in moves:
        if move.seq > seq:
            state = move.states.get(f"{matter}.{state}", state)
    return state


def _wrong(machine: MatterDef, at: str, began: str, act: Act, to: str) -> str:
    state = machine.states.get(at)
    if at != began or state is None:
        return f"第 {act.seq} 条“{act.action}”从“{began}”办起，按新版本走到的却是“{at}”"
    action = state.actions.get(act.action)
    if action is None:
        return f"第 {act.seq} 条“{act.action}”，新版本在“{state.label}”没有这件办理事项"
    if to != action.to and not (action.each and to == at):
        return f"第 {act.seq} 条“{act.action}”办到了“{to}”，新版本却办到“{action.to}”"
    return ""
