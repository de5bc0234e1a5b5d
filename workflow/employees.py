"""What an employer's account sees of its own workers: where each claim stands, its own 30 日, what it must do.

No money, no bank, nothing medical beyond the name of the disease as certified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from workflow import clock, rights
from workflow.cases.load import Loaded, load_seen
from workflow.deadlines import light
from workflow.definition.model import Definition, StateDef
from workflow.guards import MARKS
from workflow.lookup import instruments_to, may_ask, window_open
from workflow.models import Case, Clock, DeliveryRecord, Event, Matter, Office, Paper, Worker
from workflow.roadmap import Step
from workflow.situation import Actor
from workflow.stages import headline
from workflow.store import Store

ROLE = "employer"
PER_PAGE = 50
CONCERNED = ("diagnosis", "labour", "recognition", "appraisal", "remedy")
"""Matters an employer is a party of; of the others only what it has to do there itself."""
OWN_DUTY = "employer_liable"


@dataclass(frozen=True)
class Duty:
    """One clock of the employer. state: running, paused, unstarted, met, stopped; `days_left` is negative when over.

    `right`: a period in which it may object and need not, with nothing to follow from its end; `about` the decision.
    """

    name: str
    label: str
    state: str
    light: str
    start_on: date | None
    due_on: date | None
    safe_on: date | None
    days_left: int | None
    law: str
    consequence: str
    consequence_law: str
    explain: tuple[str, ...]
    right: bool = False
    provisional: bool = False
    about: str = ""


@dataclass(frozen=True)
class Person:
    """One line of the list. `waits` says what the matter waits for from the employer ('' for nothing)."""

    case_no: str
    name: str
    stage: str
    closed: bool
    duty: Duty | None
    waits: str
    office: str
    phone: str


@dataclass(frozen=True)
class Served:
    """A document addressed to the employer."""

    label: str
    number: str
    issued_on: date
    received_on: date | None


@dataclass(frozen=True)
class File:
    """One worker's case as far as it concerns the employer."""

    person: Person
    disease: str
    diagnosed_on: date | None
    duties: tuple[Duty, ...]
    bring: tuple[str, ...]
    states: tuple[tuple[str, str], ...]
    served: tuple[Served, ...]
    objections: tuple[str, ...]
    steps: tuple[Step, ...]


def people(store: Store, employer_id: int, page: int) -> tuple[list[Person], int]:
    """One page of the employer's workers, the most urgent duty first, and how many there are in all."""
    with store.reading() as session:
        total = session.scalar(select(func.count()).select_from(Case).where(Case.employer_id == employer_id)) or 0
        rows = session.execute(_list(employer_id).limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
        ids = [r.id for r in rows]
        matters: dict[int, list[Any]] = {i: [] for i in ids}
        for m in session.execute(
            select(Matter.id, Matter.case_id, Matter.name, Matter.state)
            .where(Matter.case_id.in_(ids))
            .order_by(Matter.id)
        ):
            matters[m.case_id].append(m)
        clocks: dict[int, list[Any]] = {i: [] for i in ids}
        for c in session.execute(
            select(Clock.__table__).where(Clock.case_id.in_(ids), _own_clock()).order_by(Clock.id)
        ).mappings():
            clocks[c["case_id"]].append(c)
        found = [
            _person(store.definition(session, r.definition_id), r, matters[r.id], clocks[r.id], clock.today())
            for r in rows
        ]
    return found, total


def counts(store: Store, employer_id: int) -> tuple[int, int]:
    """How many of the employer's own limits run, and how many of those are over."""
    running = and_(
        Clock.state == "running", Clock.legal, _own_clock(), Matter.closed_on.is_(None), Case.employer_id == employer_id
    )
    query = (
        select(func.count(), func.count().filter(Clock.due_on < clock.today()))
        .select_from(Clock).join(Matter, Matter.id == Clock.matter_id).join(Case, Case.id == Clock.case_id)
        .where(running)
    )  # fmt: skip
    with store.reading() as session:
        alive, over = session.execute(query).one()
    return alive, over


def file_of(store: Store, case_no: str, actor: Actor) -> File:
    """One case. Raises NotFound for what is another employer's exactly as for what nobody has."""
    with store.reading() as session:
        loaded = load_seen(store, session, case_no, actor)
        definition, today = loaded.definition, loaded.today
        row = session.execute(_columns().where(Case.id == loaded.row.id)).one()
        own = [
            r
            for m in loaded.matters
            for r in loaded.book(m).rows
            if r["owner"] == ROLE and r["addressee"] in ("", ROLE)
        ]
        person = _person(definition, row, loaded.matters, own, today)
        return File(
            person=person, disease=loaded.row.disease, diagnosed_on=loaded.row.diagnosed_on,
            duties=tuple(_duty(definition, r, today) for r in own if r["legal"]), bring=_bring(loaded),
            states=tuple(
                (definition.matters[m.name].label, loaded.place(m)[1].label)
                for m in loaded.matters if _concerns(m.name, m.state)
            ),
            served=_served(loaded), objections=tuple(t for m in loaded.matters for t in again_open(loaded, m, ROLE)),
            steps=_steps(loaded),
        )  # fmt: skip


# --- inside -----------------------------------------------------------------------------------------------------------


def _own_clock() -> Any:
    return and_(Clock.owner == ROLE, Clock.addressee.in_(("", ROLE)))


def _columns() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Case.id,
            Case.case_no,
            Case.definition_id,
            Worker.name,
            Office.county,
            Office.name.label("office"),
            Office.phone,
        )
        .join(Worker, Worker.id == Case.worker_id)
        .join(Office, Office.id == Case.office_id)
    )


def _list(employer_id: int) -> Select[*tuple[Any, ...]]:
    urgent = (
        select(Clock.case_id, func.min(Clock.due_on).label("due"))
        .join(Matter, Matter.id == Clock.matter_id)
        .where(Clock.state == "running", _own_clock(), Matter.closed_on.is_(None))
        .group_by(Clock.case_id)
        .subquery()
    )
    return (
        _columns().outerjoin(urgent, urgent.c.case_id == Case.id).where(Case.employer_id == employer_id)
        .order_by(urgent.c.due.is_(None), urgent.c.due, Case.closed_on.is_not(None), Case.case_no.desc())
    )  # fmt: skip


def _person(definition: Definition, row: Row[Any], matters: list[Any], clocks: list[Any], today: date) -> Person:
    stage = headline(definition, [(m.name, m.state) for m in matters])
    state = definition.matters[stage.matter].states[stage.state]
    shown = _concerns(stage.matter, stage.state)
    first = next((c for c in clocks if c["legal"]), None)
    return Person(
        row.case_no, row.name, f"{definition.matters[stage.matter].label}：{stage.label}" if shown else BENEFIT_RUNS,
        stage.closed, _duty(definition, first, today) if first else None, "" if stage.closed else _waits(state, shown),
        row.office, row.phone,
    )  # fmt: skip


BENEFIT_RUNS = "认定和鉴定已办完"


def _concerns(matter: str, state: str) -> bool:
    return matter in CONCERNED or state == OWN_DUTY


def _waits(state: StateDef, shown: bool) -> str:
    """What the employer can do to move the matter on, '' where it is not its turn."""
    action = next((a for a in state.actions.values() if ROLE in a.by and a.to != state.name and a.receive), None)
    return action.label if action and shown else ""


def _bring(loaded: Loaded) -> tuple[str, ...]:
    """Papers still missing for what the employer may do now."""
    stage = headline(loaded.definition, [(m.name, m.state) for m in loaded.matters])
    matter = loaded.matter(stage.matter)
    _, state = loaded.place(matter)
    action = next((a for a in state.actions.values() if ROLE in a.by and a.to != state.name and a.receive), None)
    if action is None:
        return ()
    held = set(loaded.session.scalars(select(Paper.name).where(Paper.matter_id == matter.id)))
    return tuple(loaded.definition.papers[p].label for p in action.receive if p not in held)


def _duty(definition: Definition, row: Any, today: date) -> Duty:
    known = definition.clocks.get(row["name"])
    mark = known.on_expiry.mark if known else ""
    left = (row["due_on"] - today).days if row["state"] == "running" and row["due_on"] else None
    return Duty(
        row["name"], row["label"], row["state"], light(row, today), row["start_on"], row["due_on"], row["safe_on"],
        left, row["law"],
        MARKS.get(mark, ""), known.on_expiry.law if known else "", tuple(row["explain"] or ()),
    )  # fmt: skip


def _served(loaded: Loaded) -> tuple[Served, ...]:
    days: dict[int | None, date] = {
        i: on
        for i, on in loaded.session.execute(
            select(DeliveryRecord.instrument_id, DeliveryRecord.received_on)
            .where(DeliveryRecord.case_id == loaded.row.id, DeliveryRecord.addressee == ROLE)
        )
    }  # fmt: skip
    names = {m.id: m.name for m in loaded.matters}
    found: list[Served] = []
    for i in instruments_to(loaded.session, loaded.row.id, ROLE):
        if names[i.matter_id] in CONCERNED:
            found.append(Served(i.label, i.number, i.issued_on, days.get(i.id)))
    return tuple(found)


def _steps(loaded: Loaded) -> tuple[Step, ...]:
    """The moves of recognition and appraisal, by their official names."""
    names = {m.id: m.name for m in loaded.matters}
    rows = _moves(loaded.session, loaded.row.case_no)
    out = []
    for e in rows:
        name = names.get(e.matter_id, "")
        state = loaded.definition.matters[name].states.get(e.to_state) if name in CONCERNED else None
        if state is not None and e.from_state != e.to_state:
            out.append(Step(state.label, e.on, loaded.definition.matters[name].label, "done"))
    return tuple(out)


def _moves(session: Session, case_no: str) -> list[Any]:
    return list(
        session.execute(
            select(Event.on, Event.matter_id, Event.from_state, Event.to_state)
            .where(Event.chain == case_no, Event.kind == "matter:performed")
            .order_by(Event.on, Event.seq)
        )
    )
