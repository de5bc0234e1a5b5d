"""Writing what was judged: the case's version, its matters and clocks, and one event in its chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from workflow import audit
from workflow.deadlines import COUNTERS, summarize
from workflow.definition.model import Definition
from workflow.models import Case, Clock, Matter, table
from workflow.situation import Actor
from workflow.versions.check import ClockMove, MatterMove, Trial, Verdict
from workflow.versions.open_cases import MIGRATED

LABEL = "办理流程换版本"
SAID = ("name", "addressee", "code", "owner", "state", "start_on", "due_on", "extend_days", "pauses", "done_on")
WAS = ("state", "start_on", "due_on", "code", "owner", "law")
_clocks, _matters, _cases = table(Clock), table(Matter), table(Case)
ALL = [
    c.name for c in _clocks.columns if c.name not in ("id", "case_id", "matter_id", "office_id", "name", "addressee")
]
_new_clock = insert(_clocks)
_clock = update(_clocks).where(_clocks.c.id == bindparam("key")).values({c: bindparam(c) for c in ALL})
_matter = (
    update(_matters)
    .where(_matters.c.id == bindparam("key"))
    .values({c: bindparam(c) for c in ("state", "version", *COUNTERS)})
)
_case = (
    update(_cases)
    .where(_cases.c.id == bindparam("key"))
    .values({c: bindparam(c) for c in ("definition_id", "head_seq", "head_hash")})
)


def apply(connection: Connection, actor: Actor, trial: Trial, definition_id: int, verdicts: Sequence[Verdict]) -> int:
    """Move these cases to the new version, whose id is `definition_id`; the number of clocks that changed.

    The caller holds the cases' locks and commits. `touched_at` stays: nobody worked on the case.
    """
    old_clocks: list[dict[str, Any]] = []
    new_clocks: list[dict[str, Any]] = []
    matters, cases, changed = [], [], 0
    for verdict in verdicts:
        case = verdict.case
        for move in verdict.matters:
            for c in move.clocks:
                row = {n: v for n, v in c.after.items() if n != "id"}
                if "id" in c.after:
                    old_clocks.append({"key": c.after["id"], **{n: row[n] for n in ALL}})
                else:
                    new_clocks.append(row)
                changed += c.how != "renamed"
            if move.moved:
                matters.append({
                    "key": move.matter["id"], "state": move.to_state, "version": move.matter["version"] + 1,
                    **summarize(move.rows(case.clocks[move.matter["id"]]), case.placed_on),
                })  # fmt: skip
        link = audit.append(
            connection, case.head, case.case_no, actor, kind=MIGRATED, label=LABEL, payload=_payload(trial, verdict),
            definition=trial.new.digest, case_id=case.id,
        )  # fmt: skip
        cases.append({"key": case.id, "definition_id": definition_id, "head_seq": link.seq, "head_hash": link.hash})
    for statement, rows in ((_clock, old_clocks), (_new_clock, new_clocks), (_matter, matters), (_case, cases)):
        if rows:
            connection.execute(statement, rows)
    return changed


def _payload(trial: Trial, verdict: Verdict) -> dict[str, Any]:
    old: Definition = trial.version(verdict.case.definition_id)
    names = {m.matter["name"] for m in verdict.matters}
    return {
        "from": old.digest, "to": trial.new.digest, "from_version": old.version, "to_version": trial.new.version,
        "states": {n: to for n, to in trial.plan.states().items() if n.partition(".")[0] in names},
        "let_stand": sorted(verdict.let_stand),
        "matters": [_said_of_matter(m) for m in verdict.matters if m.moved],
    }  # fmt: skip


def _said_of_matter(move: MatterMove) -> dict[str, Any]:
    m = move.matter
    return {
        "id": m["id"], "name": m["name"], "from_state": m["state"], "to_state": move.to_state, "version": m["version"] + 1,
        "clocks": [_said_of_clock(c) for c in move.clocks if c.how != "renamed"],
    }  # fmt: skip


def _said_of_clock(c: ClockMove) -> dict[str, Any]:
    was = {n: c.before[n] for n in WAS} if c.before else None
    return {**{n: c.after[n] for n in SAID}, "how": c.how, "was": was}
