"""Whose turn a matter is: from the process file alone, for the worklist. Reads no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow import accounts, permissions, rights
from workflow.definition.model import ActionDef, Definition, MatterDef, StateDef
from workflow.situation import Actor

BUREAU = "bureau"
"""Our own side as a party of a review or a suit; no account has this role."""


def my_states(definition: Definition, actor: Actor, level: str) -> dict[str, frozenset[str]]:
    """For each matter the states in which this person's act moves it on.

    Acts open in most states (a death, a withdrawal) are nobody's turn, and neither are those the law has no procedure
    for; what a party does is recorded by the window. An act written for several states (common: 停发、重新核定) is waited for
    only where a clock of the state belongs to who does it. A matter that has ended waits for nobody, whatever can still be done.
    """
    found: dict[str, frozenset[str]] = {}
    for matter in definition.matters.values():
        everywhere = _everywhere(matter)
        states = frozenset(
            s.name for s in matter.states.values()
            if not s.end and any(
                a.to != s.name and a.name not in everywhere and not a.unsettled and _awaited(definition, s, a)
                and _turn(actor, matter, a, level)
                for a in s.actions.values()
            )
        )  # fmt: skip
        if states:
            found[matter.name] = states
    return found


def our_answers(definition: Definition, actor: Actor) -> dict[str, frozenset[str]]:
    """In matters decided elsewhere the states in which our own side owes an answer (复议答复、答辩) that this person may give."""
    return {
        m.name: frozenset(
            s.name for s in m.states.values()
            if any(definition.clocks[c].owner == BUREAU and definition.clocks[c].legal for c in s.clocks)
            and any(BUREAU in a.by and actor.roles & set(a.by) for a in s.actions.values())
        )
        for m in definition.matters.values() if m.elsewhere
    }  # fmt: skip


def _everywhere(matter: MatterDef) -> frozenset[str]:
    """Acts that can be done in more than half of the states that are no end."""
    going = [s for s in matter.states.values() if not s.end]
    names = {name for s in going for name in s.actions}
    return frozenset(n for n in names if 2 * sum(n in s.actions for s in going) > len(going))


def _awaited(definition: Definition, state: StateDef, action: ActionDef) -> bool:
    return not action.common or any(definition.clocks[c].owner in action.by for c in state.clocks)


def _turn(actor: Actor, matter: MatterDef, action: ActionDef, level: str) -> bool:
    if not permissions.recognises_here(actor, matter.name, action, level):
        return False
    if matter.elsewhere:  # what others did is only noted: see _mine for when that is work
        return bool(actor.roles & set(action.by))
    return bool(actor.roles & set(action.by)) or ("desk" in actor.roles and bool(permissions.parties_of(action)))


def ball_words(definition: Definition, row: Mapping[str, Any]) -> str:
    """Whose turn it is, in words: a party is waited for or free to choose, another authority is not ours to hurry."""
    owner = row["owner"]
    who: str = definition.people.get(owner, owner)
    if owner and rights.right_of(definition, row):
        return f"{who}自己决定，不服才办"
    if owner in permissions.PARTIES or owner == "applicant":
        return f"等{who}"
    if owner == BUREAU:
        return f"{who}（我方答复）"
    if owner and owner not in accounts.ROLES:
        return f"{who}（系统外）"
    return who
