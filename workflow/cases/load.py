"""One case as the engine sees it inside a transaction: its rows, its pinned definition, the situation of one matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.orm import Session

from workflow import clock, figures, permissions
from workflow.audit import Link
from workflow.cases import typed
from workflow.deadlines import ClockBook, placed_day
from workflow.definition.model import ActionDef, Definition, MatterDef, StateDef
from workflow.errors import NotFound, Reason, Refused
from workflow.models import (
    Case,
    DeliveryRecord,
    Employer,
    Event,
    Expert,
    Instrument,
    Matter,
    Office,
    Paper,
    Payment,
    Worker,
    table,
)
from workflow.preparations import ASK_FIGURES
from workflow.situation import Actor, Delivery, EventView, LateEvents, LateNames, MatterView, Situation
from workflow.store import Store

AnyRow = Row[*tuple[Any, ...]]
PAYING = frozenset({"benefit", "advance_payment", "reimbursement"})
"""Matters whose conditions ask what has been paid."""
BOTH = ("worker", "employer")
NO_CASE = "没有这个案件，或者您无权查看。请核对案件编号。"
# Plain tables and one connection: the same statement through the ORM costs twice as much, and an act makes a dozen.
_c, _w, _e, _m = (table(x).c for x in (Case, Worker, Employer, Matter))
_ev, _d, _i, _p = (table(x).c for x in (Event, DeliveryRecord, Instrument, Paper))
_case = (
    select(
        _c.id, _c.case_no, _c.office_id, _c.definition_id, _c.disease, _c.diagnosed_on, _c.facts, _c.closed_on, _c.head_seq, _c.head_hash,
        _c.opened_at, _c.source["way"].as_string().label("way"), _c.worker_id, _c.employer_id,
        _w.uid, _w.name, _w.sex, _w.birth_on, _w.id_sealed, _w.phone, _w.address, _w.occupation,
        _e.name.label("employer_name"), _e.office_id.label("employer_office"), _e.address.label("employer_address"),
    )
    .join(table(Worker), _w.id == _c.worker_id)
    .join(table(Employer), _e.id == _c.employer_id)
    .where(_c.case_no == bindparam("case_no"))
)  # fmt: skip
_locked = _case.with_for_update(of=table(Case))
MATTER_COLUMNS = (
    "id", "name", "number", "state", "version", "facts", "office_id", "closed_on", "entered_on", "parent_id", "instrument_id", "addressee",
)  # fmt: skip
_diagnose = (
    update(table(Case))
    .where(_c.id == bindparam("key"))
    .values(diagnosed_on=bindparam("on"), disease=bindparam("disease_now"), facts=bindparam("facts_now"))
)
_matter = select(*(_m[n] for n in MATTER_COLUMNS)).where(_m.id == bindparam("key"))
_matters = select(*(_m[n] for n in MATTER_COLUMNS)).where(_m.case_id == bindparam("case")).order_by(_m.id)
_papers = select(_p.name).where(_p.matter_id == bindparam("matter"))
_events = (
    select(_ev.seq, _ev.action, _ev.from_state, _ev.to_state, _ev.actor_id, _ev.on, _ev.payload, _ev.at)
    .where(_ev.matter_id == bindparam("matter"), _ev.kind == "matter:performed")
    .order_by(_ev.seq)
)
_deliveries = (
    select(_d.kind, _d.addressee, _d.received_on, _d.instrument_id)
    .where(_d.matter_id == bindparam("matter"))
    .order_by(_d.id)
)
_payments = select(table(Payment)).where(table(Payment).c.case_id == bindparam("case")).order_by(table(Payment).c.id)
_instrument = (
    select(_i.id, _i.kind, _i.label, _i.number, _i.addressees, _i.issued_on)
    .where(_i.matter_id == bindparam("matter"), _i.kind.notin_(bindparam("aside", expanding=True)))
    .order_by(_i.id.desc())
    .limit(1)
)
_county = select(table(Office).c.county).where(table(Office).c.id == bindparam("office"))


@dataclass
class Loaded:
    """A case inside one transaction. `row` is the case with its worker and employer, `matters` all its matters."""

    store: Store
    session: Session
    row: AnyRow
    matters: list[AnyRow]
    definition: Definition
    head: Link
    _books: dict[int, ClockBook] = field(default_factory=dict)
    _instruments: dict[int, AnyRow | None] = field(default_factory=dict)

    @cached_property
    def connection(self) -> Connection:
        """The transaction's own connection, for plain statements."""
        return plain_connection(self.session)

    @cached_property
    def today(self) -> date:
        return clock.today()

    @cached_property
    def placed_on(self) -> date | None:
        """The day the case was placed from a form; None for one taken in at the window."""
        return placed_day(self.row.way, self.row.opened_at)

    def matter(self, name: str) -> AnyRow:
        """The matter called `name` (the newest of that name) or `name#2`. Raises NotFound."""
        base, _, number = name.partition("#")
        found = [m for m in self.matters if m.name == base and (not number or str(m.number) == number)]
        if not found:
            have = "、".join(f"{m.name}（{self.definition.matters[m.name].label}）" for m in self.matters)
            raise NotFound(f"这个案件没有“{name}”事项。现有：{have}。")
        return found[-1]

    def book(self, matter: AnyRow) -> ClockBook:
        """The clocks of one matter, loaded once."""
        if matter.id not in self._books:
            self._books[matter.id] = ClockBook.load(
                self.connection, definition=self.definition, calendar=self.store.calendar(self.session), today=self.today,
                case_id=self.row.id, matter_id=matter.id, office_id=matter.office_id,
                unconfirmed_count=self.store.settings.demo, placed_on=self.placed_on, party=matter.addressee,
                kept=lambda key: self.store.definition(self.session, key),
                dates=typed.days(self.definition, self.facts_of(matter)),
            )  # fmt: skip
        return self._books[matter.id]

    def new_book(self, office_id: int, party: str = "") -> ClockBook:
        """The clocks of a matter not yet written."""
        return ClockBook(
            definition=self.definition, calendar=self.store.calendar(self.session), today=self.today, case_id=self.row.id, matter_id=0,
            office_id=office_id, unconfirmed_count=self.store.settings.demo, placed_on=self.placed_on, party=party,
        )  # fmt: skip

    def facts_of(self, matter: AnyRow) -> dict[str, Any]:
        """The matter's facts in their types, with the case's date of diagnosis."""
        known = {"diagnosed_on": self.row.diagnosed_on} if self.row.diagnosed_on else {}
        return {**known, **typed.typed(self.definition, matter.facts)}

    def place(self, matter: AnyRow) -> tuple[MatterDef, StateDef]:
        """Where the matter stands in its definition; the acts of a child matter are those of the side it belongs to."""
        defined = self.definition.matters[matter.name]
        return defined, self.state(matter, matter.state)

    def state(self, matter: AnyRow, name: str) -> StateDef:
        """One state of the matter, as place() gives it."""
        state = self.definition.matters[matter.name].states[name]
        if not matter.addressee:
            return state
        return replace(state, actions={n: permissions.of_party(a, matter.addressee) for n, a in state.actions.items()})

    def again(self, matter: AnyRow) -> AnyRow:
        """The matter's row as it has been written meanwhile, in its place among the matters."""
        fresh = self.connection.execute(_matter, {"key": matter.id}).one()
        self.matters[next(i for i, m in enumerate(self.matters) if m.id == matter.id)] = fresh
        return fresh

    def diagnose(self, on: date, told: Mapping[str, Any]) -> None:
        """Keep with the case the day of the diagnosis (工伤保险条例#17: of the diagnosis or of its appraisal), the disease and the
        number of the paper that says so, where this act tells them: what an earlier, negative one was called counts no more."""
        number = told.get("certificate") or told.get("da_number")
        facts = {**self.row.facts, **({"certificate_no": number} if number else {})}
        values = {
            "key": self.row.id,
            "on": on,
            "disease_now": told.get("disease_name") or self.row.disease,
            "facts_now": facts,
        }
        self.connection.execute(_diagnose, values)
        self.row = self.connection.execute(_case, {"case_no": self.row.case_no}).one()

    def ordered(self, matter: AnyRow) -> None:
        """A document has been ordered: the newest one is asked for again."""
        self._instruments.pop(matter.id, None)

    def parent(self, matter: AnyRow) -> AnyRow | None:
        """The matter whose decision a child is about."""
        return next((m for m in self.matters if m.id == matter.parent_id), None) if matter.parent_id else None

    def _view(self, matter: AnyRow) -> MatterView:
        return MatterView(
            matter.name, matter.state, matter.addressee, matter.closed_on is not None, self.facts_of(matter)
        )

    def payments(self) -> list[dict[str, Any]]:
        """The payments of the case, each saying whether a returned one has been paid again."""
        rows = self.connection.execute(_payments, {"case": self.row.id}).all()
        top = {(r.item, r.month): r.round for r in rows}
        return [
            {"item": r.item, "label": r.label, "month": r.month, "amount": str(r.amount), "state": r.state, "round": r.round,
             "paid_on": r.paid_on, "repaid": r.round < top[(r.item, r.month)]}
            for r in rows
        ]  # fmt: skip

    def latest_instrument(self, matter: AnyRow) -> AnyRow | None:
        """The newest document of the matter that is served on somebody, asked once."""
        if matter.id not in self._instruments:
            aside = [i.name for i in self.definition.instruments.values() if i.aside]
            found = self.connection.execute(_instrument, {"matter": matter.id, "aside": aside}).first()
            self._instruments[matter.id] = found
        return self._instruments[matter.id]

    @property
    def died(self) -> bool:
        """Whether some matter knows of the worker's death: nobody writes to him any more."""
        return any("died_on" in m.facts for m in self.matters)

    def to_serve(self, matter: AnyRow) -> list[str]:
        """Who must be served with the newest document of the matter; both sides where the document is not ours (a decision
        taken before the case was placed)."""
        latest = self.latest_instrument(matter)
        return list(latest.addressees) if latest else list(BOTH)

    def case_facts(self, matter: AnyRow, payments: bool) -> dict[str, Any]:
        """What guards and preparations may know of the case beyond the matter."""
        row = self.row
        known = {
            "worker_name": row.name, "employer_name": row.employer_name, "employer_office": row.employer_office,
            "office": row.office_id, "employer_county": "", "diagnosed_on": row.diagnosed_on, "disease": row.disease,
            "insured": "unknown", "seed": f"{row.case_no}|{matter.name}#{matter.number}|{matter.version}|{row.head_hash}",
            **row.facts,
        }  # fmt: skip
        if row.employer_office != row.office_id:
            known["employer_county"] = self.connection.scalar(_county, {"office": row.employer_office})
        if payments:
            known["county"] = self.connection.scalar(_county, {"office": row.employer_office})
            known["payments"] = self.payments()
            known["again_open_until"] = self._again_until()
        return known

    def _again_until(self) -> date | None:
        """The last day on which somebody may still ask for a second appraisal; None where it is not known."""
        appraisal = next((m for m in reversed(self.matters) if m.name == "appraisal"), None)
        if appraisal is None:
            return None
        rows = [r for r in self.book(appraisal).rows if r["name"] == "ask_again"]
        if not rows or any(r["due_on"] is None for r in rows):
            return None
        last: date = max(r["due_on"] for r in rows)
        return last

    def situation(self, matter: AnyRow, action: ActionDef, actor: Actor, *, given: Mapping[str, Any] | None = None,
                  behalf: str = "", papers: frozenset[str] = frozenset()) -> Situation:  # fmt: skip
        """The matter at the moment somebody wants to do `action`."""
        defined, state = self.place(matter)
        given = given or {}
        held = LateNames(lambda: self.connection.scalars(_papers, {"matter": matter.id}))
        return Situation(
            today=self.today, definition=self.definition, matter=defined, state=state, action=action, actor=actor, behalf=behalf,
            case=self.case_facts(matter, matter.name in PAYING), facts={**self.facts_of(matter), **given}, given=given,
            papers=LateNames(lambda: held, papers), held=held, clocks=self.book(matter).views(),
            events=LateEvents(lambda: self._events(matter)),
            deliveries=self._delivered(matter) if action.each or "addressee" in action.ask else (),
            others={m.name: (m.state, self.facts_of(m)) for m in self.matters if m.id != matter.id},
            parent=self._view(above) if (above := self.parent(matter)) else None, party=matter.addressee,
            children=tuple(self._view(m) for m in self.matters if m.parent_id == matter.id),
            pool=self._pool() if action.prepare == "draw_experts" else (),
            figures=self._figures() if action.prepare in ASK_FIGURES else None,
        )  # fmt: skip

    def _events(self, matter: AnyRow) -> list[EventView]:
        """What has been done on the matter, oldest first."""
        return [
            EventView(e.seq, e.action, e.from_state, e.to_state, e.actor_id, e.on, json.loads(e.payload).get("facts", {}),
                      clock.local(e.at).date())
            for e in self.connection.execute(_events, {"matter": matter.id})
        ]  # fmt: skip

    def _delivered(self, matter: AnyRow) -> tuple[Delivery, ...]:
        """The recorded deliveries of the matter's newest document: one of the same kind made before is another document."""
        latest = self.latest_instrument(matter)
        newest = latest.id if latest else None
        found = self.connection.execute(_deliveries, {"matter": matter.id})
        return tuple(Delivery(d.kind, d.addressee, d.received_on) for d in found if d.instrument_id == newest)

    def _pool(self) -> tuple[Mapping[str, Any], ...]:
        rows = self.session.scalars(select(Expert).where(Expert.active).order_by(Expert.id))
        return tuple({"id": e.id, "name": e.name, "unit": e.unit, "specialty": e.specialty} for e in rows)

    def _figures(self) -> Any:
        return figures.figure_book(self.session, on=self.today, production=not self.store.settings.demo)


def plain_connection(session: Session) -> Connection:
    """The connection of the session's transaction (see Store.acting)."""
    known: Connection | None = session.info.get("connection")
    return known if known is not None else session.connection()


def load(store: Store, session: Session, case_no: str, *, lock: bool = False) -> Loaded:
    """The case by its number; `lock` takes the row first (PostgreSQL; on SQLite the transaction is already alone).

    Raises NotFound with a sentence that says the same for what is absent and what is another's.
    """
    connection = plain_connection(session)
    row = connection.execute(_locked if lock and store.postgres else _case, {"case_no": case_no}).first()
    if row is None:
        raise NotFound(NO_CASE)
    matters = list(connection.execute(_matters, {"case": row.id}))
    definition = store.definition(session, row.definition_id)
    return Loaded(store, session, row, matters, definition, Link(row.head_seq, row.head_hash))


def load_seen(store: Store, session: Session, case_no: str, actor: Actor, *, lock: bool = False) -> Loaded:
    """The case, if this person may see it; else NotFound with the same sentence as for a number nobody has."""
    loaded = load(store, session, case_no, lock=lock)
    if not permissions.sees_case(actor, loaded.row.office_id, loaded.row.employer_id):
        raise NotFound(NO_CASE)
    return loaded


def action_of(state: StateDef, name: str) -> ActionDef:
    """The act called `name` in `state`. Raises Refused, naming what can be done there."""
    if name in state.actions:
        return state.actions[name]
    nobody = "无（事项已经结束）" if state.end else "无（等时限届满或者别处的结果）"
    offer = "、".join(f"{a.name}（{a.label}）" for a in state.actions.values() if not a.automatic) or nobody
    raise Refused(Reason(f"“{state.label}”时不能办“{name}”。现在能办：{offer}。", "not_now"))
