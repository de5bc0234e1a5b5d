"""What can be done on a matter now, by whom, and why the rest cannot: for pages and for `show`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workflow import machine, permissions
from workflow.cases import paperwork
from workflow.cases.asking import BACKDATE
from workflow.cases.load import AnyRow, Loaded
from workflow.definition.model import ActionDef, FactDef, PaperDef
from workflow.errors import Reason, Stopped
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.situation import Actor, Situation


@dataclass(frozen=True)
class Choice:
    """One act of the present state. `mine`: the actor may do it. `why_not`: what stands in the way beside what the form asks."""

    action: ActionDef
    ask: tuple[FactDef, ...]
    may: tuple[FactDef, ...]
    papers: tuple[PaperDef, ...]
    held: frozenset[str]
    mine: bool
    by: tuple[str, ...]
    why_not: tuple[Reason, ...]

    @property
    def possible(self) -> bool:
        return self.mine and not self.why_not


def choices(loaded: Loaded, matter: AnyRow, actor: Actor) -> list[Choice]:
    """Every act of the matter's present state, in the order of the process file.

    A condition that only waits for something the form itself asks for is no obstacle yet; papers the form may take in are
    not held against it either.
    """
    _, state = loaded.place(matter)
    return [_choice(loaded, matter, action, actor) for action in state.actions.values()]


def _prepared(situation: Situation) -> Situation:
    """With the facts the act makes itself: its conditions ask of them. What is wrong only for want of what the form asks for
    is no obstacle yet. Raises Stopped otherwise."""
    action = situation.action
    if not action.prepare:
        return situation
    try:
        made = PREPARATIONS[action.prepare](situation).facts
    except Stopped:
        if action.ask:
            return situation
        raise
    return replace(situation, facts={**situation.facts, **made})


def _choice(loaded: Loaded, matter: AnyRow, action: ActionDef, actor: Actor) -> Choice:
    definition = loaded.definition
    level = loaded.store.settings.recognition_level
    mine = permissions.may_do(actor, action) and permissions.recognises_here(actor, str(matter.name), action, level)
    situation = loaded.situation(matter, action, actor)
    try:
        situation = _prepared(situation)
        reasons = [*machine.why_not(situation), *paperwork.unprintable(loaded, matter, action, situation.facts)]
    except Stopped as stopped:
        reasons = list(stopped.reasons)
    asked = {*action.ask, *action.may, action.on} - {""}
    standing = [r for r in reasons if r.field not in asked and not (r.code == "papers_missing" and action.receive)]
    days = (action.on,) if action.on and action.on not in action.ask else ()
    late = (BACKDATE,) if action.on or action.each else ()
    return Choice(
        action, tuple(definition.facts[n] for n in action.ask), (*(definition.facts[n] for n in (*action.may, *days)), *late),
        tuple(definition.papers[n] for n in action.receive), frozenset(situation.papers), mine,
        tuple(definition.people[p] for p in action.by), tuple(standing),
    )  # fmt: skip
