"""One case as the engine sees it inside a transaction: its rows, its pinned definition, the situation of one matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from workflow import clock, figures
from workflow.cases import typed
from workflow.deadlines import ClockBook
from workflow.definition.model import ActionDef, Definition, MatterDef, StateDef
from workflow.errors import NotFound, Reason, Refused
from workflow.models import Case, DeliveryRecord, Employer, Event, Expert, Instrument, Matter, Office, Paper, Payment, Worker
from workflow.situation import Actor, Delivery, EventView, Situation
from workflow.store import Store

NO_CASE = "没有这个案件，或者您无权查看。请核对案件编号。"
_case = (
    select(
        Case.id, Case.case_no, Case.office_id, Case.definition_id, Case.disease, Case.diagnosed_on, Case.facts,
        Case.closed_on, Case.head_seq, Case.head_hash, Case.worker_id, Case.employer_id,
        Worker.uid, Worker.name, Worker.sex, Worker.birth_on, Worker.id_sealed, Worker.phone, Worker.address, Worker.occupation,
        Employer.name.label("employer_name"), Employer.office_id.label("employer_office"), Employer.address.label("employer_address"),
    )
    .join(Worker, Worker.id == Case.worker_id)
    .join(Employer, Employer.id == Case.employer_id)
    .where(Case.case_no == bindparam("case_no"))
)  # fmt: skip
_locked = _case.with_for_update(of=Case)
_matters = (
    select(Matter.id, Matter.name, Matter.number, Matter.state, Matter.version, Matter.facts, Matter.office_id, Matter.closed_on)
    .where(Matter.case_id == bindparam("case"))
    .order_by(Matter.id)
)
_papers = select(Paper.name).where(Paper.matter_id == bindparam("matter"))
_events = (
    select(Event.seq, Event.action, Event.from_state, Event.to_state, Event.actor_id, Event.on, Event.payload)
    .where(Event.matter_id == bindparam("matter"), Event.kind == "matter:performed")
    .order_by(Event.seq)
)
_deliveries = (
    select(DeliveryRecord.kind, DeliveryRecord.addressee, DeliveryRecord.received_on)
    .where(DeliveryRecord.matter_id == bindparam("matter"))
    .order_by(DeliveryRecord.id)
)
_payments = select(Payment).where(Payment.case_id == bindparam("case")).order_by(Payment.id)
_instrument = (
    select(Instrument.id, Instrument.kind, Instrument.addressees)
    .where(Instrument.matter_id == bindparam("matter"))
    .order_by(Instrument.id.desc())
    .limit(1)
)


@dataclass
class Loaded:
    """A case inside one transaction. `row` is the case with its worker and employer, `matters` all its matters."""

    store: Store
    session: Session
    row: Row[Any]
    matters: list[Row[Any]]
    definition: Definition
    _books: dict[int, ClockBook] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        return clock.today()

    def matter(self, name: str) -> Row[Any]:
        """The matter called `name` (the newest of that name) or `name#2`. Raises NotFound."""
        base, _, number = name.partition("#")
        found = [m for m in self.matters if m.name == base and (not number or str(m.number) == number)]
        if not found:
            have = "、".join(f"{m.name}（{self.definition.matters[m.name].label}）" for m in self.matters)
            raise NotFound(f"这个案件没有“{name}”事项。现有：{have}。")
        return found[-1]

    def book(self, matter: Row[Any]) -> ClockBook:
        """The clocks of one matter, loaded once."""
        if matter.id not in self._books:
            self._books[matter.id] = ClockBook.load(
                self.session, definition=self.definition, calendar=self.store.calendar(self.session), today=self.today,
                case_id=self.row.id, matter_id=matter.id, office_id=matter.office_id,
                unconfirmed_count=self.store.settings.demo,
            )  # fmt: skip
        return self._books[matter.id]

    def facts_of(self, matter: Row[Any]) -> dict[str, Any]:
        """The matter's facts in their types, with the case's date of diagnosis."""
        return {"diagnosed_on": self.row.diagnosed_on, **typed.typed(self.definition, matter.facts)}

    def place(self, matter: Row[Any]) -> tuple[MatterDef, StateDef]:
        """Where the matter stands in its definition."""
        defined = self.definition.matters[matter.name]
        return defined, defined.states[matter.state]

    def payments(self) -> list[dict[str, Any]]:
        """The payments of the case, each saying whether a returned one has been paid again."""
        rows = self.session.scalars(_payments, {"case": self.row.id}).all()
        top = {(r.item, r.month): r.round for r in rows}
        return [
            {"item": r.item, "label": r.label, "month": r.month, "amount": str(r.amount), "state": r.state, "round": r.round,
             "paid_on": r.paid_on, "repaid": r.round < top[(r.item, r.month)]}
            for r in rows
        ]  # fmt: skip

    def latest_instrument(self, matter: Row[Any]) -> Row[Any] | None:
        """The newest document of the matter."""
        return self.session.execute(_instrument, {"matter": matter.id}).first()

    def case_facts(self, matter: Row[Any], payments: bool) -> dict[str, Any]:
        """What guards and preparations may know of the case beyond the matter."""
        row = self.row
        known = {
            "worker_name": row.name, "employer_name": row.employer_name, "employer_office": row.employer_office,
            "office": row.office_id, "employer_county": "", "diagnosed_on": row.diagnosed_on, "disease": row.disease,
            "insured": "unknown", "seed": f"{row.case_no}|{matter.name}#{matter.number}|{matter.version}|{row.head_hash}",
            **row.facts,
        }  # fmt: skip
        if row.employer_office != row.office_id:
            known["employer_county"] = self.session.scalar(select(Office.county).where(Office.id == row.employer_office))
        if payments:
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
        return max(r["due_on"] for r in rows)

    def situation(self, matter: Row[Any], action: ActionDef, actor: Actor, *, given: Mapping[str, Any] | None = None,
                  behalf: str = "", papers: frozenset[str] = frozenset(), history: bool | None = None) -> Situation:  # fmt: skip
        """The matter at the moment somebody wants to do `action`."""
        defined, state = self.place(matter)
        given = given or {}
        needs_history = (history if history is not None else bool(action.guards) or bool(action.prepare)) or bool(action.each)
        benefit = matter.name == "benefit"
        session, key = self.session, {"matter": matter.id}
        return Situation(
            today=self.today, definition=self.definition, matter=defined, state=state, action=action, actor=actor, behalf=behalf,
            case=self.case_facts(matter, benefit), facts={**self.facts_of(matter), **given}, given=given,
            papers=papers | frozenset(session.scalars(_papers, key)), clocks=self.book(matter).views(),
            events=tuple(
                EventView(e.seq, e.action, e.from_state, e.to_state, e.actor_id, e.on, json.loads(e.payload).get("facts", {}))
                for e in session.execute(_events, key)
            ) if needs_history else (),
            deliveries=tuple(Delivery(*d) for d in session.execute(_deliveries, key)) if action.each else (),
            others={m.name: (m.state, self.facts_of(m)) for m in self.matters if m.id != matter.id},
            pool=self._pool() if action.prepare == "draw_experts" else (),
            figures=self._figures() if action.prepare == "benefit_lines" else None,
        )  # fmt: skip

    def _pool(self) -> tuple[Mapping[str, Any], ...]:
        rows = self.session.scalars(select(Expert).where(Expert.active).order_by(Expert.id))
        return tuple({"id": e.id, "name": e.name, "unit": e.unit, "specialty": e.specialty} for e in rows)

    def _figures(self) -> Any:
        return figures.figure_book(self.session, on=self.today, production=not self.store.settings.demo)


def load(store: Store, session: Session, case_no: str, *, lock: bool = False) -> Loaded:
    """The case by its number; `lock` takes the row first (PostgreSQL; on SQLite the transaction is already alone).

    Raises NotFound with a sentence that says the same for what is absent and what is another's.
    """
    row = session.execute(_locked if lock and store.postgres else _case, {"case_no": case_no}).first()
    if row is None:
        raise NotFound(NO_CASE)
    matters = list(session.execute(_matters, {"case": row.id}))
    return Loaded(store, session, row, matters, store.definition(session, row.definition_id))


def action_of(state: StateDef, name: str) -> ActionDef:
    """The act called `name` in `state`. Raises Refused, naming what can be done there."""
    if name in state.actions:
        return state.actions[name]
    offer = "、".join(f"{a.name}（{a.label}）" for a in state.actions.values()) or "无（事项已经结束）"
    raise Refused(Reason(f"“{state.label}”时不能办“{name}”。现在能办：{offer}。", "not_now"))
