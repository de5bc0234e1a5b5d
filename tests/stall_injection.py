"""Stalls of every class of a process file, written straight into the tables beside cases nothing is wrong with."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, select

from tests.many_cases import _case, _worker
from workflow.cases.opening import current_definition
from workflow.definition.model import ClockDef, Definition, MatterDef, StateDef
from workflow.models import Case, Clock, Employer, Instrument, Matter, Office, Outbox, Worker
from workflow.stalls import StallClass, derive
from workflow.store import Store

TABLES = (Employer, Worker, Case, Matter, Clock, Instrument, Outbox)
BULK = 4000
Place = tuple[MatterDef, StateDef]


@dataclass
class Ground:
    """What is being written: rows by table, the next number, and what each injected case must be found as."""

    store: Store
    definition: Definition
    definition_id: int
    on: date
    office: int
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=lambda: {t: [] for t in TABLES})
    number: int = 0
    expected: dict[str, tuple[str, str, str, str, int]] = field(default_factory=dict)
    draw: random.Random = field(default_factory=lambda: random.Random(20261125))

    def case(self, place: Place, imported: bool = False) -> dict[str, Any]:
        """A case with one matter standing in `place`; its rows, to be changed before they are written."""
        self.number += 1
        n, (matter, state) = self.number, place
        self.rows[Worker].append(_worker(self.store, self.draw, n))
        case = _case(n, n, {"id": 1, "office_id": self.office}, self.definition_id, self.on)
        case["source"] = {"way": "import"} if imported else {}
        self.rows[Case].append(case)
        row = {
            "id": n, "case_id": n, "name": matter.name, "number": 1, "state": state.name, "version": 1, "facts": {}, "office_id": self.office,
            "entered_on": self.on, "closed_on": self.on if state.end else None, "addressee": "worker" if matter.each else "",
        }  # fmt: skip
        self.rows[Matter].append(row)
        return case

    def clock(self, known: ClockDef, days_left: int, **changes: Any) -> dict[str, Any]:
        """A clock of the newest case that ends `days_left` 日 after the day looked at (negative: before it)."""
        due = self.on + timedelta(days=days_left)
        running = changes.get("state", "running") in ("running", "paused")
        row = {
            "case_id": self.number, "matter_id": self.number, "office_id": self.office, "name": known.name, "code": known.code,
            "label": known.label, "owner": "worker" if known.owner == "party" else known.owner,
            "addressee": "worker" if known.each else "", "legal": known.legal, "law": known.law if known.legal else "", "kind": known.kind,
            "state": "running", "start_on": due - timedelta(days=30) if running else None, "due_on": due if running else None,
            "safe_on": due, "effective_on": due, "near_on": due, "pauses": [], "explain": [], "fire_stage": "", "fire_on": None,
        } | changes  # fmt: skip
        self.rows[Clock].append(row)
        return row

    def write(self) -> None:
        """Put everything into the tables, in bulk."""
        with self.store.writing() as session:
            for table, rows in self.rows.items():
                for begin in range(0, len(rows), BULK):
                    session.execute(insert(cast(Table, table.__table__)), rows[begin : begin + BULK])
        for rows in self.rows.values():
            rows.clear()


def ground(store: Store, on: date) -> Ground:
    """An empty ground under the version new cases run under."""
    with store.writing() as session:
        definition_id, _ = current_definition(session)
        definition = store.definition(session, definition_id)
        office = session.scalars(select(Office.id).where(~Office.city).order_by(Office.code)).first()
        assert office is not None
        session.add(Employer(id=1, name="一号矿业公司", office_id=office))
    return Ground(store, definition, definition_id, on, office)


def clean(g: Ground, copies: int) -> int:
    """Cases in every state that is no end, each watched by a clock that is not over, and some in ends; how many."""
    before = g.number
    for matter in g.definition.matters.values():
        for state in matter.states.values():
            for _ in range(copies):
                g.case((matter, state))
                if not state.end:
                    g.clock(g.definition.clocks[state.clocks[0]], 20)
    g.write()
    return g.number - before


def inject(g: Ground, copies: int) -> int:
    """`copies` stalls of every class, each in a case of its own; how many."""
    classes = derive(g.definition)
    for stall in classes.values():
        for copy in range(copies):
            places = list(_places(g.definition, stall))
            if places:
                _one(g, stall, places[copy % len(places)], 1 + copy % 400)
        if g.number > BULK:
            g.write()
    g.write()
    return len(g.expected)


def _one(g: Ground, stall: StallClass, place: Place, over: int) -> None:
    known = g.definition.clocks.get(stall.clock)
    case = g.case(place, imported=stall.kind == "judge")
    owner, law = "", stall.law
    if known:
        owner = "worker" if known.owner == "party" else known.owner
        _stand_still(g, stall, known, over)
    if stall.kind == "judge":
        day = datetime.combine(g.on, time(3), UTC)
        case["opened_at"] = day
    if stall.kind == "unprinted":
        _unprinted(g, stall)
        law = ""
    days = over if stall.kind in ("late", "judge", "reminded", "undone") else 0
    g.expected[case["case_no"]] = (stall.id, stall.clock, owner, law, days)


def _stand_still(g: Ground, stall: StallClass, known: ClockDef, over: int) -> None:
    if stall.kind == "unknown":
        g.clock(known, 0, state="unstarted", safe_on=None, effective_on=None, near_on=None)
    elif stall.kind == "frozen":
        since = g.on - timedelta(days=over)
        g.clock(known, 20, state="paused", pauses=[[since.isoformat(), None, "在仲裁"]])
    elif stall.kind == "undone":
        g.clock(known, -over, fire_stage="late", fire_on=g.on - timedelta(days=1))
    else:
        g.clock(known, -over)


def _unprinted(g: Ground, stall: StallClass) -> None:
    n, kind = g.number, g.definition.instruments[stall.id.partition(":")[2]]
    state = g.definition.matters[g.rows[Matter][-1]["name"]].states[g.rows[Matter][-1]["state"]]
    if not state.end:
        g.clock(g.definition.clocks[state.clocks[0]], 20)
    g.rows[Instrument].append({
        "id": n, "uid": f"{n:032x}", "case_id": n, "matter_id": n, "office_id": g.office, "seq": 1, "kind": kind.name, "label": kind.label,
        "word": "演", "year": 2026, "no": n, "number": f"演〔2026〕{n}号", "issued_on": g.on, "addressees": [], "copies": [], "facts": {},
        "facts_digest": "0" * 64,
    })  # fmt: skip
    moment = datetime.combine(g.on, time(1), UTC)
    g.rows[Outbox].append({
        "key": f"print:{n}", "kind": "print", "case_id": n, "to": "", "text": "", "payload": {"instrument": n, "part": ""},
        "state": "failed", "tries": 5, "error": "打印程序被终止", "next_at": moment, "done_at": None,
    })  # fmt: skip


def _places(definition: Definition, stall: StallClass) -> Iterator[Place]:
    """Where a class can stand still."""
    kind, _, name = stall.id.partition(":")
    for matter in definition.matters.values():
        for state in matter.states.values():
            runs = name in state.clocks or any(name in a.start for a in state.actions.values())
            if kind == "unwatched":
                fits = f"{matter.name}.{state.name}" == name
            elif kind == "unprinted":
                fits = any(a.issue == name for a in state.actions.values())
            elif kind == "undone":
                fits = runs and definition.clocks[name].on_expiry.act in state.actions
            elif kind == "frozen":
                fits = not state.end
            else:
                fits = runs
            if fits and (not state.end or kind not in ("frozen", "unwatched")):
                yield matter, state


def told(found: Mapping[str, Any]) -> tuple[str, str, str, str, int]:
    """A finding as it was expected."""
    return found["class_id"], found["clock"], found["owner"], found["law"], found["days_over"]
