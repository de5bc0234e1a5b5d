"""What an employer's account sees of its own workers: where each claim stands, its own 30 日, what it must do.

No money, no bank, nothing medical beyond the name of the disease as certified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from workflow import clock, rights
from workflow.cases.load import Loaded, load_seen
from workflow.deadlines import light
from workflow.definition.model import ActionDef, Definition, StateDef
from workflow.guards import MARKS
from workflow.lookup import instruments_to, may_ask, window_open
from workflow.models import Case, Clock, DeliveryRecord, Event, Matter, Office, Paper, Worker
from workflow.reading import about_of
from workflow.roadmap import Step
from workflow.situation import Actor
from workflow.stages import headline, public_sentence
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
            select(Matter.id, Matter.case_id, Matter.name, Matter.state, Matter.addressee)
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
    """How many of the employer's own limits run, and how many of those are over; what it only may do is none of them."""
    mine = Case.employer_id == employer_id
    running = and_(
        Clock.state == "running",
        Clock.legal,
        Clock.kind == "deadline",
        _own_clock(),
        Matter.closed_on.is_(None),
        Matter.addressee == "",
        mine,
    )
    with store.reading() as session:
        versions = session.scalars(select(Case.definition_id).where(mine).distinct()).all()
        may = {c.name for v in versions for c in store.definition(session, v).clocks.values() if rights.is_right(c)}
        query = (
            select(func.count(), func.count().filter(Clock.due_on < clock.today()))
            .select_from(Clock).join(Matter, Matter.id == Clock.matter_id).join(Case, Case.id == Clock.case_id)
            .where(running, Clock.name.not_in(sorted(may)))
        )  # fmt: skip
        alive, over = session.execute(query).one()
    return alive, over


def file_of(store: Store, case_no: str, actor: Actor) -> File:
    """One case. Raises NotFound for what is another employer's exactly as for what nobody has."""
    with store.reading() as session:
        loaded = load_seen(store, session, case_no, actor)
        definition, today = loaded.definition, loaded.today
        row = session.execute(_columns().where(Case.id == loaded.row.id)).one()
        own = [(m, r) for m in loaded.matters for r in loaded.book(m).rows if _is_own(r)]
        person = _person(definition, row, loaded.matters, [r for _, r in own], today)
        duties = [_duty(definition, r, today, about_of(m) if m.addressee else "") for m, r in own if r["legal"]]
        return File(
            person=person, disease=loaded.row.disease, diagnosed_on=loaded.row.diagnosed_on,
            duties=tuple(sorted((d for d in duties if not d.right or (d.state in LIVE and (d.days_left or 0) >= 0)), key=_urgency)),
            bring=_bring(loaded),
            states=tuple(
                (_title(definition, m), loaded.place(m)[1].label)
                for m in _own(loaded.matters) if _concerns(definition, m.name, m.state)
            ),
            served=_served(loaded), objections=tuple(_objections(loaded)), steps=_steps(loaded),
        )  # fmt: skip


# --- inside -----------------------------------------------------------------------------------------------------------


def _own_clock() -> Any:
    """_is_own as a condition on Clock."""
    return or_(
        and_(Clock.owner == ROLE, Clock.addressee.in_(("", ROLE))),
        and_(Clock.owner == "worker", Clock.addressee == ROLE),
    )


def _is_own(row: Any) -> bool:
    """A clock that is the employer's: its own, or what each addressee may ask for (再次鉴定) as far as it is the addressee."""
    return (row["owner"] == ROLE and row["addressee"] in ("", ROLE)) or (
        row["owner"] == "worker" and row["addressee"] == ROLE
    )


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
    ahead = or_(Matter.addressee == "", Clock.due_on >= clock.today())  # a right that lapsed makes nothing urgent
    urgent = (
        select(Clock.case_id, func.min(Clock.due_on).label("due"))
        .join(Matter, Matter.id == Clock.matter_id)
        .where(Clock.state == "running", Clock.kind == "deadline", _own_clock(), Matter.closed_on.is_(None), ahead)
        .group_by(Clock.case_id)
        .subquery()
    )
    return (
        _columns().outerjoin(urgent, urgent.c.case_id == Case.id).where(Case.employer_id == employer_id)
        .order_by(urgent.c.due.is_(None), urgent.c.due, Case.closed_on.is_not(None), Case.case_no.desc())
    )  # fmt: skip


def _person(definition: Definition, row: Row[Any], matters: list[Any], clocks: list[Any], today: date) -> Person:
    mine = _own(matters)
    stage = headline(definition, [(m.name, m.state) for m in mine])
    state = definition.matters[stage.matter].states[stage.state]
    shown = _concerns(definition, stage.matter, stage.state)
    duties = sorted(
        (
            d
            for d in (_duty(definition, c, today) for c in clocks if c["legal"])
            if not d.right or (d.days_left or -1) >= 0
        ),
        key=_urgency,
    )
    waiting = "、".join(dict.fromkeys(d.label for d in duties if d.days_left is not None and not d.right))
    waits = _waits(state, shown) or waiting
    return Person(
        row.case_no, row.name, f"{definition.matters[stage.matter].label}：{stage.label}" if shown else BENEFIT_RUNS,
        stage.closed, duties[0] if duties else None, "" if stage.closed else waits, row.office, row.phone,
    )  # fmt: skip


BENEFIT_RUNS = "认定和鉴定已办完"
LIVE = ("running", "paused", "unstarted")


def _urgency(duty: Duty) -> tuple[bool, bool, date]:
    """What has to be done comes before what may be done, and both before what is settled."""
    return duty.state not in LIVE, duty.right, duty.due_on or date.max


def _own(matters: list[Any]) -> list[Any]:
    """The matters without the worker's own reviews and suits."""
    return [m for m in matters if m.addressee in ("", ROLE)]


def _concerns(definition: Definition, matter: str, state: str) -> bool:
    """Whether it is the employer's business: a matter it is a party of, or one in which it now has something to do."""
    clocks = definition.matters[matter].states[state].clocks
    return matter in CONCERNED or state == OWN_DUTY or any(definition.clocks[c].owner == ROLE for c in clocks)


def _title(definition: Definition, matter: Any) -> str:
    label = definition.matters[matter.name].label
    return f"{label}（针对{about_of(matter)}）" if matter.addressee else label


def _moving(state: StateDef) -> ActionDef | None:
    """What the employer can bring papers for to move the matter on."""
    return next(
        (a for a in state.actions.values() if ROLE in a.by and a.to != state.name and a.receive and not a.unsettled),
        None,
    )


def _waits(state: StateDef, shown: bool) -> str:
    """What the employer can do to move the matter on, '' where it is not its turn."""
    action = _moving(state)
    return action.label if action and shown else ""


def _bring(loaded: Loaded) -> tuple[str, ...]:
    """Papers still missing for what the employer may do now."""
    mine = _own(loaded.matters)
    matter = mine[headline(loaded.definition, [(m.name, m.state) for m in mine]).position]
    _, state = loaded.place(matter)
    action = _moving(state)
    if action is None:
        return ()
    held = set(loaded.session.scalars(select(Paper.name).where(Paper.matter_id == matter.id)))
    return tuple(loaded.definition.papers[p].label for p in action.receive if p not in held)


def _objections(loaded: Loaded) -> list[str]:
    """How it may object and until when, or what its objection has come to."""
    found = []
    for m in _own(loaded.matters):
        _, state = loaded.place(m)
        if not m.addressee:
            found += may_ask(loaded, m, ROLE)
        elif window_open(loaded, m):
            found.append(f"{about_of(m)}：{public_sentence(state, loaded.book(m).rows, ROLE)}")
        elif not state.end:
            found.append(f"{about_of(m)}：单位提出的{loaded.definition.matters[m.name].label}，现在是“{state.label}”。")
    return found


def _duty(definition: Definition, row: Any, today: date, about: str = "") -> Duty:
    known = definition.clocks.get(row["name"])
    right = rights.is_right(known)
    mark = known.on_expiry.mark if known and not right else ""
    left = (row["due_on"] - today).days if row["state"] == "running" and row["due_on"] else None
    return Duty(
        row["name"], row["label"], row["state"], "none" if right else light(row, today), row["start_on"], row["due_on"], row["safe_on"],
        left, row["law"], MARKS.get(mark, ""), known.on_expiry.law if known and mark else "", tuple(row["explain"] or ()),
        right, bool(row["provisional"]), about,
    )  # fmt: skip


def _served(loaded: Loaded) -> tuple[Served, ...]:
    days: dict[int | None, date] = {
        i: on
        for i, on in loaded.session.execute(
            select(DeliveryRecord.instrument_id, DeliveryRecord.received_on)
            .where(DeliveryRecord.case_id == loaded.row.id, DeliveryRecord.addressee == ROLE)
        )
    }  # fmt: skip
    issued = instruments_to(loaded.session, loaded.row.id, ROLE)
    return tuple(Served(i.label, i.number, i.issued_on, days.get(i.id)) for i in issued)


def _steps(loaded: Loaded) -> tuple[Step, ...]:
    """The moves of what the employer is a party of, by their official names."""
    names = {m.id: m.name for m in _own(loaded.matters)}
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
