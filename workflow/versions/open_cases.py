"""Open cases with all a new version must be held against, read in batches; and what they stand on together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from workflow.audit import Link
from workflow.deadlines import SETTLED, placed_day
from workflow.definition.model import Definition
from workflow.models import Case, Clock, DeliveryRecord, Event, Instrument, Matter, Paper, table
from workflow.versions.use import Use
from workflow.versions.walk import Act, Moved

BATCH = 500
MIGRATED = "definition:migrated"
_opening = '"opened":['
"""How an event that opened matters says so in its canonical JSON; other payloads need not be read."""


@dataclass
class OpenCase:
    """One open case as it stands: its rows as plain mappings, its acts by matter, how it was moved before.

    `began`: matter id → the state it was opened in; `received`: (matter id, addressee) → last day of receipt;
    `papers`, `instruments`: the kinds in its file.
    """

    id: int
    case_no: str
    definition_id: int
    head: Link
    diagnosed_on: date | None
    placed_on: date | None
    matters: list[dict[str, Any]] = field(default_factory=list)
    clocks: defaultdict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    acts: defaultdict[int, list[Act]] = field(default_factory=lambda: defaultdict(list))
    began: dict[int, str] = field(default_factory=dict)
    moves: list[Moved] = field(default_factory=list)
    received: dict[tuple[int, str], date] = field(default_factory=dict)
    papers: set[str] = field(default_factory=set)
    instruments: set[str] = field(default_factory=set)

    def live(self, matter_id: int) -> list[dict[str, Any]]:
        """The matter's clocks that run, are paused or wait for their start."""
        return [r for r in self.clocks[matter_id] if r["state"] not in SETTLED]


def read(session: Session, ids: Iterable[int] | None = None) -> Iterator[OpenCase]:
    """All open cases by id, or those of `ids` that are open. Each batch is read head first: what is written to a case while its
    other rows are being read shows by its head."""
    wanted = sorted(ids) if ids is not None else None
    after = 0
    while True:
        query = select(
            Case.id, Case.case_no, Case.definition_id, Case.head_seq, Case.head_hash, Case.diagnosed_on, Case.opened_at,
            Case.source["way"].as_string().label("way"),
        ).where(Case.closed_on.is_(None), Case.id > after).order_by(Case.id).limit(BATCH)  # fmt: skip
        if wanted is not None:
            query = query.where(Case.id.in_(wanted[:BATCH]))
            wanted = wanted[BATCH:]
        rows = session.execute(query).all()
        yield from _filled(session, {
            r.id: OpenCase(r.id, r.case_no, r.definition_id, Link(r.head_seq, r.head_hash), r.diagnosed_on, placed_day(r.way, r.opened_at))
            for r in rows
        })  # fmt: skip
        if (wanted is None and len(rows) < BATCH) or wanted == []:
            return
        after = rows[-1].id if rows else after


def _filled(session: Session, cases: dict[int, OpenCase]) -> Iterable[OpenCase]:
    ids = list(cases)
    if not ids:
        return ()
    matter, clock = table(Matter), table(Clock)
    for row in session.execute(select(matter).where(matter.c.case_id.in_(ids)).order_by(matter.c.id)).mappings():
        cases[row["case_id"]].matters.append(dict(row))
    for row in session.execute(select(clock).where(clock.c.case_id.in_(ids)).order_by(clock.c.id)).mappings():
        cases[row["case_id"]].clocks[row["matter_id"]].append(dict(row))
    for event in session.execute(_events(ids)):
        _take(cases[event.case_id], event)
    d = DeliveryRecord
    for r in session.execute(
        select(d.case_id, d.matter_id, d.addressee, d.received_on).where(d.case_id.in_(ids)).order_by(d.id)
    ):
        cases[r.case_id].received[(r.matter_id, r.addressee)] = r.received_on
    for case_id, name in session.execute(select(Paper.case_id, Paper.name).where(Paper.case_id.in_(ids))):
        cases[case_id].papers.add(name)
    for case_id, kind in session.execute(
        select(Instrument.case_id, Instrument.kind).where(Instrument.case_id.in_(ids))
    ):
        cases[case_id].instruments.add(kind)
    return cases.values()


def _events(ids: Sequence[int]) -> Any:
    e = Event
    kinds = ("case:opened", "case:imported", "matter:performed", MIGRATED)
    return (
        select(e.case_id, e.matter_id, e.seq, e.kind, e.action, e.from_state, e.to_state, e.payload)
        .where(e.case_id.in_(ids), or_(e.kind.in_(kinds), e.payload.contains(_opening)))
        .order_by(e.case_id, e.seq)
    )


def _take(case: OpenCase, event: Any) -> None:
    if event.kind == "matter:performed":
        case.acts[event.matter_id].append(
            Act(event.seq, event.matter_id, event.action, event.from_state, event.to_state)
        )
        if _opening not in event.payload:
            return
    payload = json.loads(event.payload)
    if event.kind == MIGRATED:
        case.moves.append(Moved(event.seq, payload["states"], frozenset(payload["let_stand"])))
        return
    for matter in (*payload.get("matters", ()), *payload.get("opened", ())):
        case.began[matter["id"]] = matter["state"]


def use_of(cases: Iterable[OpenCase], version: Callable[[int], Definition]) -> Use:
    """What these cases stand on together. `version`: the definition of a case by its id in the database."""
    use = Use()
    for case in cases:
        use.cases.add(case.id)
        definition = version(case.definition_id)
        for matter in case.matters:
            use.add(case.id, "matter", matter["name"])
            use.add(case.id, "state", (matter["name"], matter["state"]))
            for act in case.acts[matter["id"]]:
                use.add(case.id, "act", (matter["name"], act.from_state, act.action))
            _facts(use, case.id, definition, matter["facts"])
            for row in case.live(matter["id"]):
                use.add(case.id, "clock", row["name"])
                for person in {row["addressee"], row["owner"]} - {""}:
                    use.add(case.id, "person", person)
        for name in case.papers:
            use.add(case.id, "paper", name)
        for name in case.instruments:
            use.add(case.id, "instrument", name)
    return use


def _facts(use: Use, case: int, definition: Definition, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if value is None:
            continue
        use.add(case, "fact", name)
        if name in definition.facts and definition.facts[name].choices:
            use.add(case, "value", (name, str(value)))
