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

from workflow import clock, permissions, rights
from workflow.cases import TASK
from workflow.deadlines import light, over_when_placed, placed_day
from workflow.definition.model import Definition
from workflow.models import Case, Clock, DefinitionVersion, Employer, Matter, Office, Task, Worker
from workflow.search import matching, visible, worker_of
from workflow.situation import Actor
from workflow.store import Store
from workflow.turns import ball_words, my_states, our_answers

Conditions = Sequence[ColumnElement[bool]]
PER_PAGE = 50
SIDES = tuple(permissions.SIDES)
NO_CLOCK: Mapping[str, Any] = {
    "name": "", "state": "", "label": "", "code": "", "owner": "", "legal": False, "due_on": None, "safe_on": None,
    "promise_on": None, "provisional": False, "kind": "deadline",
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
GONE = "期满"
"""The word for a day that has passed and with which nobody is late: a right that lapsed, a matter that has ended."""
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
    provisional: bool
    ball: str
    to_fill: int
    tasks: int

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


# --- lights and words ------------------------------------------------------------------------------------------------


def partys_window() -> ColumnElement[bool]:
    """A child matter that only waits for whether its own party objects: no work of ours, and nobody is late with it."""
    return and_(Matter.addressee != "", Matter.ball.in_(SIDES))


def kind_of(today: date) -> ColumnElement[str]:
    """The light of a matter from its counters: late, judge, paused, near, normal, none; closed for an ended one.

    judge: a day had passed before the case was placed from a form, which accuses nobody (see stalls). Where one of the days a
    party may object by has passed, the other still runs: normal.
    """
    return case(
        (Matter.closed_on.is_not(None), "closed"),
        (and_(Matter.late_on < today, partys_window()), "normal"),
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
        (and_(Matter.late_on < today, partys_window()), 3),
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
    if row["kind"] != "deadline":
        return _other_words(row["kind"], due, today)
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


def _other_words(kind: str, due: date, today: date) -> str:
    """What is no deadline: the first day something can be done, the day something takes effect, a month."""
    left = (due - today).days
    if kind == "start_month":
        return f"自 {due.year} 年 {due.month} 月起"
    if kind == "earliest":
        return "已经可以办" if left <= 0 else f"{left} 日后可以办"
    return f"{left} 日后生效" if left > 0 else "今天生效" if left == 0 else f"已到 {-left} 日"


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
        mine = [_mine(store, session, actor, today)] if asked.mine else []
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


def _mine(store: Store, session: Session, actor: Actor, today: date) -> ColumnElement[bool]:
    """Matters whose most urgent clock is this person's, or where his act moves it on under the case's own version."""
    found: list[ColumnElement[bool]] = [Matter.ball.in_(sorted(actor.roles))]
    ways: defaultdict[frozenset[tuple[str, frozenset[str], bool]], list[int]] = defaultdict(list)
    for number in session.scalars(select(DefinitionVersion.id)):
        ways[_ways(store.definition(session, number), actor, store.settings.recognition_level)].append(number)
    for way, numbers in ways.items():
        there = [
            _there(name, states, watched, today) for name, states, watched in sorted(way, key=lambda w: (w[0], w[2]))
        ]
        if there:
            found.append(or_(*there) if len(ways) == 1 else and_(Case.definition_id.in_(numbers), or_(*there)))
    known = select(Task.id).where(
        Task.matter_id == Matter.id, Task.kind == TASK, Task.owner.in_(sorted(actor.roles)), Task.done_at.is_(None)
    )
    return or_(*found, known.exists())


def _ways(definition: Definition, actor: Actor, level: str) -> frozenset[tuple[str, frozenset[str], bool]]:
    """(matter, states, only watched) in which it is this person's turn."""
    mine = [
        (name, states, bool(definition.matters[name].elsewhere))
        for name, states in my_states(definition, actor, level).items()
    ]
    answers = [(name, states, False) for name, states in our_answers(definition, actor).items() if states]
    return frozenset((*mine, *answers))


def _there(name: str, states: frozenset[str], watched: bool, today: date) -> ColumnElement[bool]:
    """What others decide is work only when a day there has come: then somebody asks, and notes the answer."""
    here = and_(Matter.name == name, Matter.state.in_(sorted(states)))
    return and_(here, Matter.urgent_on <= today, ~partys_window()) if watched else here


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
            Matter.id, Matter.case_id, Matter.name.label("matter"), Matter.number, Matter.addressee, Matter.state, Matter.closed_on,
            kind_of(today).label("kind"), Case.case_no, Case.definition_id, Case.opened_at,
            Case.source["way"].as_string().label("way"), Worker.name.label("worker"),
            Employer.name.label("employer"), Office.county,
        )
        .join(Case, Case.id == Matter.case_id).join(Worker, Worker.id == Case.worker_id)
        .join(Employer, Employer.id == Case.employer_id).join(Office, Office.id == Case.office_id)
        .where(Matter.id.in_(ids))
    ).all()  # fmt: skip
    clocks, tasks = _clocks_of(session, ids), _tasks(session, [r.case_id for r in found])
    by_id = {r.id: r for r in found}
    return [
        _row(store.definition(session, r.definition_id), r, clocks[r.id], tasks, today) for r in (by_id[i] for i in ids)
    ]


def _clocks_of(session: Session, ids: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    query = select(
        Clock.matter_id, Clock.name, Clock.label, Clock.code, Clock.owner, Clock.legal, Clock.state, Clock.due_on, Clock.safe_on,
        Clock.promise_on, Clock.effective_on, Clock.near_on, Clock.kind, Clock.provisional,
    )  # fmt: skip
    live = Clock.state.in_(("running", "paused", "unstarted"))
    for r in session.execute(query.where(Clock.matter_id.in_(ids), live).order_by(Clock.id)):
        found[r.matter_id].append(dict(r._mapping))
    return found


def _tasks(session: Session, cases: Sequence[int]) -> dict[tuple[int, str], int]:
    """(case, kind) → how many tasks are open."""
    query = (
        select(Task.case_id, Task.kind, func.count())
        .where(Task.case_id.in_(cases), Task.kind.in_(("fill", TASK)), Task.done_at.is_(None)).group_by(Task.case_id, Task.kind)
    )  # fmt: skip
    return {(case_id, kind): n for case_id, kind, n in session.execute(query)}


def _row(
    definition: Definition, r: Any, live: Sequence[Mapping[str, Any]], tasks: Mapping[tuple[int, str], int], today: date
) -> Row:
    matter = definition.matters[r.matter]
    placed_on = placed_day(r.way, r.opened_at)
    clocks = [c for c in live if not rights.gone(definition, c, today)] or live
    shown = (None if r.closed_on else most_urgent(clocks, today, placed_on)) or NO_CLOCK
    return Row(
        case_no=r.case_no, worker=r.worker, employer=r.employer, county=r.county,
        matter=r.matter if r.number == 1 else f"{r.matter}#{r.number}", matter_label=_label(definition, r),
        state_label=matter.states[r.state].label, light=r.kind, left=_left(definition, shown, clocks, today, placed_on), clock=shown["label"],
        code=shown["code"], legal=shown["legal"], due_on=shown["due_on"], safe_on=shown["safe_on"],
        promise_on=shown["promise_on"], provisional=bool(shown["provisional"]), ball=ball_words(definition, shown),
        to_fill=tasks.get((r.case_id, "fill"), 0), tasks=tasks.get((r.case_id, TASK), 0),
    )  # fmt: skip


def _label(definition: Definition, r: Any) -> str:
    label = definition.matters[r.matter].label
    if r.addressee:
        return f"{label}（{definition.people.get(r.addressee, r.addressee)}）"
    return label if r.number == 1 else f"{label}（第 {r.number} 次）"


def _left(
    definition: Definition,
    shown: Mapping[str, Any],
    clocks: Sequence[Mapping[str, Any]],
    today: date,
    placed_on: date | None,
) -> str:
    """The days left of the clock a line shows; beside one to be judged also another whose day is near."""
    if rights.gone(definition, shown, today):
        return f"已过 {(today - shown['due_on']).days} 日"
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
