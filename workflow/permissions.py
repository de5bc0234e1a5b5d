"""Who may see and do what: role, office, relation. Pure; the engine and the pages ask here."""

from __future__ import annotations

from dataclasses import replace

from workflow.definition.model import ActionDef
from workflow.situation import Actor

PARTIES = ("worker", "relative", "union", "employer")
PARTY = "party"
"""In a child matter the side it belongs to: the addressee of the decision it is about."""
PARTY_OWNERS = frozenset({*PARTIES, "applicant", "recipient", PARTY})
"""Owners of a clock that are a party's and no authority's."""
SIDES = {"worker": ("worker", "relative"), "employer": ("employer",)}
"""Who acts for the addressee of a decision."""
RECORDERS = frozenset({"desk", "appraisal_office", "agency", "officer"})
READERS = frozenset({"desk", "officer", "approver", "appraisal_office", "committee", "agency", "agency_reviewer",
                     "agency_head", "finance", "supervisor", "auditor"})  # fmt: skip


def sees_case(actor: Actor, office_id: int, employer_id: int) -> bool:
    """A county sees its own cases, the city all, an employer its own people; an administrator none."""
    if actor.system:
        return True
    if actor.employer_id is not None:
        return actor.employer_id == employer_id
    return bool(actor.roles & READERS) and (actor.city or actor.office_id == office_id)


def parties_of(action: ActionDef) -> tuple[str, ...]:
    """The parties (worker, relative, union, employer) whose act this is; empty for an office's own act."""
    return tuple(p for p in action.by if p in PARTIES)


def of_party(action: ActionDef, addressee: str) -> ActionDef:
    """The act of a child matter with `party` made the people of the side it belongs to."""
    if PARTY not in action.by:
        return action
    side = SIDES.get(addressee, ())
    return replace(action, by=tuple(dict.fromkeys(p for by in action.by for p in (side if by == PARTY else (by,)))))


def may_do(actor: Actor, action: ActionDef) -> bool:
    """Whether the actor's roles allow the act, by himself or by recording it for a party."""
    if actor.system and "system" in action.by:
        return True
    return bool(actor.roles & set(action.by)) or bool(parties_of(action) and actor.roles & RECORDERS)


def acts_for_party(actor: Actor, action: ActionDef) -> bool:
    """Whether the actor would record the act for a party (then `behalf` must say whom)."""
    return bool(parties_of(action)) and not (actor.roles & set(action.by)) and not actor.system


def recognises_here(actor: Actor, matter: str, action: ActionDef, level: str) -> bool:
    """Where the city recognises (a setting, 待局确认), only the city's people take the decisions."""
    decides = matter == "recognition" and set(action.by) <= {"officer", "approver"}
    return not decides or level == "county" or actor.city
