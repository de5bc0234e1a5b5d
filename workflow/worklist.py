"""The staff's worklist: one row per open matter, most urgent first, and the search for any case. Reads only.

The number of queries does not grow with the number of cases: the counters on the matter row (urgent_on, near_on,
late_on, paused, ball) do the sorting and counting in the database, the clocks are read for the rows of one page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from workflow import clock, permissions
from workflow.deadlines import light, over_when_placed, placed_day
from workflow.definition.model import ActionDef, Definition, MatterDef
from workflow.models import Case, Clock, DefinitionVersion, Employer, Matter, Office, Task, Worker
from workflow.search import matching, visible, worker_of
from workflow.situation import Actor
from workflow.store import Store

Conditions = Sequence[ColumnElement[bool]]
PER_PAGE = 50
NO_CLOCK: Mapping[str, Any] = {
    "state": "", "label": "", "code": "", "owner": "", "legal": False, "due_on": None, "safe_on": None,
    "promise_on": None,
}  # fmt: skip
TABS = {
    "all": "全部",
    "late": "超期",
    "near": "临近",
    "normal": "正常",
    "paused": "中止",
    "judge": "待核实",
    "fill": "待补录",
}
LIGHTS = {
    "late": "超期", "judge": "待核实", "near": "临近", "normal": "正常", "paused": "中止", "none": "未起算", "closed": "已办结",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see.

    `state` only with `matter`; `office` an office's code; `text` from the search box; `person` a worker's uid; `mine`:
    only what the person himself can move on.
    """

    tab: str = "all"
    matter: str = ""
    state: str = ""
    office: str = ""
    mine: bool = False
    text: str = ""
    person: str = ""
    page: int = 1


@dataclass(frozen=True)
class Row:
    """One line: a matter of a case with its most urgent clock; no dates where nothing runs, `left` in words."""

    case_no: str
    worker: str
    employer: str
    county: str
    matter: str
    matter_label: str
    state_label: str
    light: str
    left: str
    clock: str
    code: str
    legal: bool
    due_on: date | None
    safe_on: date | None
    promise_on: date | None
    ball: str
    to_fill: int

    @property
    def light_text(self) -> str:
        """The light in words; a reminder is never called late."""
        return "提醒" if self.light == "near" and not self.legal else LIGHTS[self.light]


@dataclass(frozen=True)
class Page:
    """One page of the list; `counts` holds the length of the list behind each tab under the same filters."""

    rows: Sequence[Row]
    counts: Mapping[str, int]
    page: int
    pages: int
    total: int = field(default=0)


# --- whose turn ------------------------------------------------------------------------------------------------------


def my_states(definition: Definition, actor: Actor, level: str) -> dict[str, frozenset[str]]:
    """For each matter the states in which this person's act moves it on.

    Acts open in most states (a death, a withdrawal) are nobody's turn, and neither are those the law has no procedure
    for; what a party does is recorded by the window.
    """
    found: dict[str, frozenset[str]] = {}
    for matter in definition.matters.values():
        everywhere = _everywhere(matter)
        states = frozenset(
            s.name for s in matter.states.values()
            if any(
                a.to != s.name and a.name not in everywhere and not a.unsettled and _turn(actor, matter.name, a, level)
                for a in s.actions.values()
            )
        )  # fmt: skip
        if states:
            found[matter.name] = states
    return found


def _everywhere(matter: MatterDef) -> frozenset[str]:
    """Acts that can be done in more than half of the states that are no end."""
    going = [s for s in matter.states.values() if not s.end]
    names = {name for s in going for name in s.actions}
    return frozenset(n for n in names if 2 * sum(n in s.actions for s in going) > len(going))


def _turn(actor: Actor, matter: str, action: ActionDef, level: str) -> bool:
    if not permissions.recognises_here(actor, matter, action, level):
        return False
    return bool(actor.roles & set(action.by)) or ("desk" in actor.roles and bool(permissions.parties_of(action)))


# --- lights and words ------------------------------------------------------------------------------------------------


def kind_of(today: date) -> ColumnElement[str]:
    """The light of a matter from its counters: late, judge, paused, near, normal, none; closed for an ended one.

    judge: a day had passed before the case was placed from a form, which accuses nobody (see stalls).
    """
    return case(
        (Matter.closed_on.is_not(None), "closed"),
        (Matter.late_on < today, "late"),
        (Matter.judge_on.is_not(None), "judge"),
        (Matter.paused, "paused"),
        (or_(Matter.urgent_on < today, Matter.near_on <= today), "near"),
        (Matter.urgent_on.is_not(None), "normal"),
        else_="none",
    )


def _rank(today: date) -> ColumnElement[int]:
    """Order of urgency; a paused matter, or one to be judged, stands among the near ones where another day is near, so
    that it is not lost."""
    return case(
        (Matter.closed_on.is_not(None), 6),
        (Matter.late_on < today, 0),
        (Matter.near_on <= today, 1),
        (Matter.judge_on.is_not(None), 2),
        (Matter.urgent_on < today, 1),
        (Matter.paused, 4),
        (Matter.urgent_on.is_not(None), 3),
        else_=5,
    )


def left_words(row: Mapping[str, Any], today: date, placed_on: date | None = None) -> str:
    """How long one clock row still has: 剩 2 日, 今天到期, 超期 3 日; a reminder is never 超期, and neither is what was over
    when the case was placed from a form."""
    if row["state"] == "paused":
        return "中止，不计时"
    if row["state"] == "unstarted":
        return "起算日待补录"
    if row["state"] != "running":
        return ""
    due, effective = row["due_on"], row["effective_on"]
    if over_when_placed(row, placed_on):
        return f"已过 {(today - due).days} 日"
    if not row["legal"]:
        return _reminder_words((due - today).days)
    if due < today:
        return f"超期 {(today - due).days} 日"
    if effective < today:
        return f"过承诺 {(today - effective).days} 日，法定剩 {(due - today).days} 日"
    left = (effective - today).days
    return f"剩 {left} 日" if left else ("今天到期" if effective == due else "今天到承诺日")


def _reminder_words(left: int) -> str:
    if left < 0:
        return f"提醒已过 {-left} 日"
    return f"{left} 日后提醒" if left else "今天提醒"


# --- the list --------------------------------------------------------------------------------------------------------


def look(store: Store, actor: Actor, asked: Asked) -> Page:
    """One page of the worklist and the length of every tab; six queries, whatever the number of cases."""
    today = clock.today()
    with store.reading() as session:
        conditions = [visible(actor), *_filters(store, session, actor, asked)]
        mine = [_mine(store, session, actor)] if asked.mine else []
        open_ones = [*conditions, *mine, _standing(asked)]
        to_fill = [*conditions, Matter.id.in_(_fill_matters())]
        counts = _counts(session, open_ones, to_fill, today)
        total = counts[asked.tab]
        pages = max(1, -(-total // PER_PAGE))
        page = min(max(1, asked.page), pages)
        tabs = {"fill": to_fill, "all": open_ones}
        chosen = tabs.get(asked.tab) or [*open_ones, kind_of(today) == asked.tab]
        rows = _rows(store, session, chosen, page, today) if total else []
    return Page(rows, counts, page, pages, total)


def _filters(store: Store, session: Session, actor: Actor, asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.matter:
        found.append(Matter.name == asked.matter)
    if asked.matter and asked.state:
        found.append(Matter.state == asked.state)
    if asked.office and actor.city:
        found.append(Case.office_id == select(Office.id).where(Office.code == asked.office).scalar_subquery())
    if asked.person:
        found.append(Case.worker_id == worker_of(asked.person))
    if asked.text:
        found.append(matching(store, asked.text))
    return found


def _standing(asked: Asked) -> ColumnElement[bool]:
    """Open matters; a search also finds a case that has ended, by its last matter."""
    if not (asked.text or asked.person):
        return Matter.closed_on.is_(None)
    other = Matter.__table__.alias("other")
    last = select(func.max(other.c.id)).where(other.c.case_id == Case.id).scalar_subquery()
    return or_(Matter.closed_on.is_(None), and_(Case.closed_on.is_not(None), Matter.id == last))


def _fill_matters() -> Select[tuple[int]]:
    """For each case with something to fill in the matter that stands for it: its first open one, else its last."""
    waiting = select(Task.case_id).where(Task.kind == "fill", Task.done_at.is_(None))
    other = Matter.__table__.alias("other")
    first_open = func.min(case((other.c.closed_on.is_(None), other.c.id)))
    chosen = func.coalesce(first_open, func.max(other.c.id))
    return select(chosen).where(other.c.case_id.in_(waiting)).group_by(other.c.case_id)


def _mine(store: Store, session: Session, actor: Actor) -> ColumnElement[bool]:
    """Matters whose most urgent clock is this person's, or where his act moves it on under the case's own version."""
    found: list[ColumnElement[bool]] = [Matter.ball.in_(sorted(actor.roles))]
    level = store.settings.recognition_level
    ways: defaultdict[frozenset[tuple[str, frozenset[str]]], list[int]] = defaultdict(list)
    for number in session.scalars(select(DefinitionVersion.id)):
        ways[frozenset(my_states(store.definition(session, number), actor, level).items())].append(number)
    for way, numbers in ways.items():
        there = [and_(Matter.name == name, Matter.state.in_(sorted(states))) for name, states in sorted(way)]
        if there:
            found.append(or_(*there) if len(ways) == 1 else and_(Case.definition_id.in_(numbers), or_(*there)))
    return or_(*found)


def _from_case(columns: Sequence[Any]) -> Select[Any]:
    return select(*columns).select_from(Matter).join(Case, Case.id == Matter.case_id)


def _counts(session: Session, open_ones: Conditions, to_fill: Conditions, today: date) -> dict[str, int]:
    kind = kind_of(today).label("kind")
    by_kind: dict[str, int] = dict(
        session.execute(_from_case([kind, func.count()]).where(*open_ones).group_by(kind)).all()
    )
    counts = {tab: by_kind.get(tab, 0) for tab in TABS}
    counts["all"] = sum(by_kind.values())
    counts["fill"] = session.execute(_from_case([func.count()]).where(*to_fill)).scalar_one()
    return counts


def _rows(store: Store, session: Session, conditions: Conditions, page: int, today: date) -> list[Row]:
    # The page's ids first: sorting twenty thousand narrow rows is quick, sorting their names with them is not.
    ids = session.scalars(
        _from_case([Matter.id]).where(*conditions)
        .order_by(_rank(today), Matter.urgent_on.is_(None), Matter.urgent_on, Matter.id)
        .limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    ).all()  # fmt: skip
    found = session.execute(
        select(
            Matter.id, Matter.case_id, Matter.name.label("matter"), Matter.number, Matter.state, Matter.closed_on,
            kind_of(today).label("kind"), Case.case_no, Case.definition_id, Case.opened_at,
            Case.source["way"].as_string().label("way"), Worker.name.label("worker"),
            Employer.name.label("employer"), Office.county,
        )
        .join(Case, Case.id == Matter.case_id).join(Worker, Worker.id == Case.worker_id)
        .join(Employer, Employer.id == Case.employer_id).join(Office, Office.id == Case.office_id)
        .where(Matter.id.in_(ids))
    ).all()  # fmt: skip
    clocks, to_fill = _clocks_of(session, ids), _to_fill(session, [r.case_id for r in found])
    by_id = {r.id: r for r in found}
    return [
        _row(store.definition(session, r.definition_id), r, clocks[r.id], to_fill.get(r.case_id, 0), today)
        for r in (by_id[i] for i in ids)
    ]


def _clocks_of(session: Session, ids: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    query = select(
        Clock.matter_id, Clock.label, Clock.code, Clock.owner, Clock.legal, Clock.state, Clock.due_on, Clock.safe_on,
        Clock.promise_on, Clock.effective_on, Clock.near_on, Clock.kind,
    )  # fmt: skip
    live = Clock.state.in_(("running", "paused", "unstarted"))
    for r in session.execute(query.where(Clock.matter_id.in_(ids), live).order_by(Clock.id)):
        found[r.matter_id].append(dict(r._mapping))
    return found


def _to_fill(session: Session, cases: Sequence[int]) -> dict[int, int]:
    query = (
        select(Task.case_id, func.count())
        .where(Task.case_id.in_(cases), Task.kind == "fill", Task.done_at.is_(None)).group_by(Task.case_id)
    )  # fmt: skip
    return dict(session.execute(query).all())


def _row(definition: Definition, r: Any, clocks: Sequence[Mapping[str, Any]], to_fill: int, today: date) -> Row:
    matter = definition.matters[r.matter]
    again = "" if r.number == 1 else f"（第 {r.number} 次）"
    placed_on = placed_day(r.way, r.opened_at)
    shown = (None if r.closed_on else most_urgent(clocks, today, placed_on)) or NO_CLOCK
    return Row(
        case_no=r.case_no, worker=r.worker, employer=r.employer, county=r.county,
        matter=r.matter if r.number == 1 else f"{r.matter}#{r.number}", matter_label=matter.label + again,
        state_label=matter.states[r.state].label, light=r.kind, left=_left(shown, clocks, today, placed_on), clock=shown["label"],
        code=shown["code"], legal=shown["legal"], due_on=shown["due_on"], safe_on=shown["safe_on"],
        promise_on=shown["promise_on"], ball=definition.people.get(shown["owner"], shown["owner"]), to_fill=to_fill,
    )  # fmt: skip


def _left(shown: Mapping[str, Any], clocks: Sequence[Mapping[str, Any]], today: date, placed_on: date | None) -> str:
    """The days left of the clock a line shows; beside one to be judged also another whose day is near."""
    said = left_words(shown, today, placed_on)
    if not over_when_placed(shown, placed_on):
        return said
    near = most_urgent((c for c in clocks if light(c, today, placed_on) == "near"), today)
    return f"{said}；“{near['label']}”{left_words(near, today)}" if near else said


def most_urgent(
    clocks: Iterable[Mapping[str, Any]], today: date, placed_on: date | None = None
) -> Mapping[str, Any] | None:
    """The clock a line shows: one over the law, else one to be judged, else the earliest that runs, else a paused, else
    an unstarted one."""
    order = {"late": 0, "judge": 1, "running": 2, "paused": 3, "unstarted": 4}

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        kind = light(row, today, placed_on)
        over = kind in ("late", "judge")
        day = row["due_on"] if over else row["effective_on"]
        return (order[kind if over else row["state"]], day or date.max, not row["legal"])

    return min(clocks, key=place, default=None)
