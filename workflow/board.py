"""The supervisor's numbers: what is in hand, near, late, paused and stalled, by office and stage, and the lists behind.

A number and its list are one expression asked twice, so they cannot part. Nothing is loaded case by case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from workflow import stalls
from workflow.models import Case, Clock, Matter, Office, Outbox, Worker
from workflow.situation import Actor
from workflow.stalls import Stall
from workflow.store import Store
from workflow.worklist import kind_of

LIGHTS = {"late": "超期", "near": "临近", "judge": "待核实", "paused": "中止", "normal": "正常", "none": "未起算"}
KINDS = stalls.KINDS
PER_PAGE = 50
OUTBOX_SHOWN = 20
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Asked:
    """What a list is narrowed to; empty means everything. `seen` is the only office whose cases this person may see."""

    seen: int | None = None
    office: str = ""
    matter: str = ""
    state: str = ""
    light: str = ""
    owner: str = ""
    kind: str = ""

    @classmethod
    def by(cls, actor: Actor) -> Asked:
        """Everything this person may see: the city all, a county its own."""
        return cls(seen=None if actor.city else actor.office_id or 0)


@dataclass(frozen=True)
class Line:
    """One open matter of a list. `days_in`: 日 since it came into this state; `days_left` to its most urgent day."""

    case_no: str
    worker: str
    county: str
    matter: str
    state: str
    definition_id: int
    owner: str
    light: str
    urgent_on: date | None
    days_left: int | None
    days_in: int
    provisional: bool = False
    addressee: str = ""


@dataclass(frozen=True)
class Cell:
    """The numbers of one office (its code) and one stage. `stalled` counts findings, one for each clock."""

    late: int = 0
    near: int = 0
    paused: int = 0
    normal: int = 0
    none: int = 0
    stalled: int = 0
    judge: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, light) for light in LIGHTS)

    def plus(self, other: Cell) -> Cell:
        return Cell(**{n: getattr(self, n) + getattr(other, n) for n in (*LIGHTS, "stalled")})


Stage = tuple[str, str]
Board = Mapping[tuple[str, Stage], Cell]


# --- in hand ----------------------------------------------------------------------------------------------------------


def _places(query: Query, asked: Asked) -> Query:
    """Narrow to what may be seen and what is asked for; the query has Case, Office and Matter."""
    if asked.seen is not None:
        query = query.where(Case.office_id == asked.seen)
    for column, wanted in ((Office.code, asked.office), (Matter.name, asked.matter), (Matter.state, asked.state)):
        if wanted:
            query = query.where(column == wanted)
    return query


def _open(query: Query, asked: Asked, today: date) -> Query:
    query = _places(query.where(Matter.closed_on.is_(None)), asked)
    if asked.light:
        query = query.where(kind_of(today) == asked.light)
    return query.where(Matter.ball == asked.owner) if asked.owner else query


def board(store: Store, session: Session, asked: Asked, today: date) -> Board:
    """The numbers of every office and stage that has any."""
    light = kind_of(today).label("light")
    query = (
        select(Office.code, Matter.name, Matter.state, light, func.count().label("n")).select_from(Matter)
        .join(Case, Case.id == Matter.case_id).join(Office, Office.id == Case.office_id)
        .group_by(Office.code, Matter.name, Matter.state, light)
    )  # fmt: skip
    cells: dict[tuple[str, Stage], Cell] = {}
    for code, matter, state, kind, n in session.execute(_open(query, asked, today)):
        at = (code, (matter, state))
        cells[at] = cells.get(at, Cell()).plus(Cell(**{kind: n}))
    for code, matter, state, _, _, n in _stalled_counts(store, session, asked, today):
        at = (code, (matter, state))
        cells[at] = cells.get(at, Cell()).plus(Cell(stalled=n))
    return cells


def lines(session: Session, asked: Asked, today: date, page: int) -> tuple[list[Line], int]:
    """One page of open matters, the worst first, and how many there are in all."""
    light = kind_of(today)
    base = (
        select(func.count())
        .select_from(Matter)
        .join(Case, Case.id == Matter.case_id)
        .join(Office, Office.id == Case.office_id)
    )
    total = session.scalar(_open(base, asked, today)) or 0
    rank = case(*((light == kind, n) for n, kind in enumerate(LIGHTS)), else_=len(LIGHTS))
    query = (
        select(Case.case_no, Case.definition_id, Worker.name.label("worker"), Office.county, Matter.name, Matter.state,
               Matter.ball, Matter.urgent_on, Matter.entered_on, Matter.addressee, light.label("light"),
               _guessed().label("provisional"))
        .select_from(Matter).join(Case, Case.id == Matter.case_id).join(Office, Office.id == Case.office_id)
        .join(Worker, Worker.id == Case.worker_id)
        .order_by(rank, Matter.urgent_on.is_(None), Matter.urgent_on, Matter.id)
        .limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    )  # fmt: skip
    found = [
        Line(r.case_no, r.worker, r.county, r.name, r.state, r.definition_id, r.ball, r.light, r.urgent_on,
             (r.urgent_on - today).days if r.urgent_on else None, (today - r.entered_on).days,
             bool(r.provisional), r.addressee)
        for r in session.execute(_open(query, asked, today))
    ]  # fmt: skip
    return found, total


def _guessed() -> ColumnElement[bool]:
    """Whether the most urgent day of a matter hangs on a holiday notice that is not out yet."""
    return exists().where(
        Clock.matter_id == Matter.id,
        Clock.state == "running",
        Clock.effective_on == Matter.urgent_on,
        Clock.provisional,
    )


# --- stalled ----------------------------------------------------------------------------------------------------------


def _clock_kind() -> ColumnElement[str]:
    """The kind of a clock that stands still, as `stalls` names it."""
    # The end of the due day there is 16:00 UTC, and moments are stored in UTC: texts of one form compare as moments do.
    before_placing = cast(Clock.due_on, String) + " 16:00:00" <= cast(Case.opened_at, String)
    return case(
        (Clock.state == "unstarted", "unknown"),
        (and_(Case.source["way"].as_string() == "import", before_placing), "judge"),
        (Clock.legal, "late"),
        else_="reminded",
    )


def _lapsing(store: Store, session: Session) -> list[ColumnElement[bool]]:
    """Which clocks only settle something when they run out, in each version of the process that cases run under."""
    found = []
    for version in session.scalars(select(Case.definition_id).distinct()):
        names = [c.name for c in store.definition(session, version).clocks.values() if stalls.only_settles(c)]
        if names:
            found.append(and_(Case.definition_id == version, Clock.name.in_(names)))
    return found


def _standing(store: Store, session: Session, query: Query, asked: Asked, today: date) -> Query:
    """Clocks that stand still, as `stalls.find` finds them; the query has Case, Office, Matter and Clock."""
    past = and_(Clock.effective_on < today, Clock.due_on < today)
    reminded = and_(~Clock.legal, Clock.expired_on < today)  # a repeated one has a new day, and is still not done
    over = and_(Clock.state == "running", Clock.kind == "deadline", or_(past, reminded))
    if lapsing := _lapsing(store, session):
        over = and_(over, ~or_(*lapsing))
    query = _places(query.where(or_(over, Clock.state == "unstarted")), asked)
    if asked.kind:
        query = query.where(_clock_kind() == asked.kind)
    return query.where(Clock.owner == asked.owner) if asked.owner else query


def _unwatched(query: Query, asked: Asked) -> Query:
    live = exists().where(Clock.matter_id == Matter.id, Clock.state.in_(("running", "paused", "unstarted")))
    return _places(query.where(Matter.closed_on.is_(None), ~live), asked)


def _from_clocks(*columns: Any) -> Query:
    return (
        select(*columns).select_from(Clock).join(Matter, Matter.id == Clock.matter_id)
        .join(Case, Case.id == Clock.case_id).join(Office, Office.id == Case.office_id)
    )  # fmt: skip


def _from_matters(*columns: Any) -> Query:
    return (
        select(*columns)
        .select_from(Matter)
        .join(Case, Case.id == Matter.case_id)
        .join(Office, Office.id == Case.office_id)
    )


def _stalled_counts(
    store: Store, session: Session, asked: Asked, today: date
) -> list[tuple[str, str, str, str, str, int]]:
    """(office code, matter, state, kind, owner, how many)."""
    place = (Office.code, Matter.name, Matter.state)
    kind = _clock_kind().label("kind")
    clocks = _from_clocks(*place, kind, Clock.owner, func.count()).group_by(*place, kind, Clock.owner)
    found = [tuple(r) for r in session.execute(_standing(store, session, clocks, asked, today))]
    if asked.kind in ("", "unwatched") and not asked.owner:
        bare = _from_matters(*place, literal("unwatched"), literal(""), func.count()).group_by(*place)
        found += [tuple(r) for r in session.execute(_unwatched(bare, asked))]
    return found


def stalled(
    store: Store, session: Session, asked: Asked, today: date, page: int
) -> tuple[list[Stall], int, Mapping[str, int]]:
    """One page of what stands still: matters nobody's clock watches, limits over, reminders over, starts unknown, the
    longest over first; how many there are in all; and how many of each kind when the kind is left open."""
    tally = dict.fromkeys(KINDS, 0)
    for *_, kind, _owner, n in _stalled_counts(store, session, replace(asked, kind=""), today):
        tally[kind] += n
    total = tally[asked.kind] if asked.kind else sum(tally.values())
    skip, rows = (page - 1) * PER_PAGE, []
    bare = _unwatched_rows(session, asked, skip)
    if asked.kind != "unwatched":
        left, first = PER_PAGE - len(bare), 0 if asked.kind or asked.owner else tally["unwatched"]
        rows = _clock_rows(store, session, asked, today, left, max(0, skip - first)) if left else []
    found = [stalls.unwatched_stall(store, session, r) for r in bare] + [
        stalls.clock_stall(store, session, r, today) for r in rows
    ]
    return found, total, tally


def _unwatched_rows(session: Session, asked: Asked, skip: int) -> list[Any]:
    if asked.kind not in ("", "unwatched") or asked.owner:
        return []
    query = _from_matters(*stalls.COLUMNS).join(Worker, Worker.id == Case.worker_id).order_by(Matter.id)
    return list(session.execute(_unwatched(query, asked).limit(PER_PAGE).offset(skip)))


def _clock_rows(store: Store, session: Session, asked: Asked, today: date, most: int, skip: int) -> list[Any]:
    kind = _clock_kind()
    rank = case(*((kind == name, n) for n, name in enumerate(KINDS)), else_=len(KINDS))
    query = (
        _from_clocks(*stalls.COLUMNS, *stalls.CLOCK_COLUMNS).join(Worker, Worker.id == Case.worker_id)
        .order_by(rank, Clock.due_on, Clock.id).limit(most).offset(skip)
    )  # fmt: skip
    return list(session.execute(_standing(store, session, query, asked, today)))


# --- the machine ------------------------------------------------------------------------------------------------------


def offices(session: Session, asked: Asked) -> list[tuple[str, str]]:
    """(code, county) of the offices whose cases may be seen, the city first."""
    query = select(Office.code, Office.county).order_by(Office.code)
    if asked.seen is not None:
        query = query.where(Office.id == asked.seen)
    return [(code, county) for code, county in session.execute(query)]


def failed_outbox(session: Session, asked: Asked) -> tuple[list[Any], int]:
    """Messages and prints that will not go out by themselves (the newest first, at most twenty), and how many.

    Neither the text nor the address: who must act sees them with the case.
    """
    base = (
        select(func.count())
        .select_from(Outbox)
        .outerjoin(Case, Case.id == Outbox.case_id)
        .where(Outbox.state == "failed")
    )
    query = (
        select(Outbox.id, Outbox.kind, Outbox.tries, Outbox.error, Outbox.next_at, Case.case_no)
        .outerjoin(Case, Case.id == Outbox.case_id).where(Outbox.state == "failed")
        .order_by(Outbox.id.desc()).limit(OUTBOX_SHOWN)
    )  # fmt: skip
    if asked.seen is not None:
        base, query = base.where(Case.office_id == asked.seen), query.where(Case.office_id == asked.seen)
    return list(session.execute(query)), session.scalar(base) or 0
