"""The door: perform() for people. One act, one transaction; printing and sending come after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow.cases.act import Act, Outcome
from workflow.cases.load import load_seen
from workflow.cases.once import claim, keep_answer
from workflow.situation import Actor
from workflow.store import Store

__all__ = ["Outcome", "perform"]


def perform(
    store: Store,
    actor: Actor,
    case_no: str,
    matter: str,
    action: str,
    *,
    facts: Mapping[str, Any] | None = None,
    papers: list[str] | None = None,
    version: int | None = None,
    behalf: str = "",
    key: str = "",
) -> Outcome:
    """Do one act on one matter of a case, or refuse with every reason and change nothing.

    `facts` as typed by people (see typed.read), `papers` the names handed in now, `version` the matter's version the clerk
    saw, `behalf` the party an office records the act for, `key` the submitted form's own key (a repeat gets the same answer).
    Raises NotFound (also for what this person may not see), Forbidden, Conflict (with what changed), Refused (all reasons).
    """
    asked = {"case": case_no, "matter": matter, "action": action, "facts": dict(facts or {}), "papers": papers or [],
             "version": version, "behalf": behalf, "actor": actor.id}  # fmt: skip
    with store.acting() as session:
        if key and (stored := claim(store, session, key, asked)):
            return Outcome(**{**stored, "opened": tuple(stored["opened"]), "followed": tuple(stored["followed"])})
        loaded = load_seen(store, session, case_no, actor, lock=True)
        outcome = Act(loaded, actor, loaded.matter(matter), action, behalf, version).run(facts or {}, papers or [])
        if key:
            keep_answer(session, key, outcome.as_dict())
    return outcome
