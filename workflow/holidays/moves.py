"""Which live clocks move when the rest days of a year become known, and what that means for the people they belong to.

Open, running clocks only: a settled one keeps the day it was judged by, a paused one is reckoned when it runs again. A clock
is moved only where its day is what the arrangement before gave; a day that came about otherwise is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from workflow import daycount
from workflow.cases.load import AnyRow, Loaded
from workflow.daycount import Calendar
from workflow.deadlines import ClockBook
from workflow.errors import Stopped
from workflow.holidays.years import Years
from workflow.models import Clock

LOOKS_BACK = timedelta(days=31)
"""日 before a clock's start that its days may depend on (the last working day before an early end)."""
DAYS = ("due_on", "effective_on", "safe_on", "provisional")
KINDS = {
    "": "", "rearmed": "原来已届满，改后没有届满，重新计时", "still_over": "改后仍然已届满",
    "became_over": "改后变成已届满，原来看到的是暂估日期，责任由人判断",
}  # fmt: skip


@dataclass(frozen=True)
class Dates:
    """The days of one clock under one arrangement."""

    due_on: date
    effective_on: date
    safe_on: date | None
    provisional: bool


@dataclass(frozen=True)
class Move:
    """One clock whose day that counts is another now. `over`: a key of KINDS; `days`: 日, negative where it comes earlier."""

    case_no: str
    office: str
    matter: str
    matter_label: str
    clock: str
    label: str
    code: str
    legal: bool
    law: str
    owner: str
    owner_label: str
    addressee: str
    addressee_label: str
    start_on: date
    old: Dates
    new: Dates
    over: str
    clock_id: int

    @property
    def days(self) -> int:
        return (self.new.due_on - self.old.due_on).days

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for the event."""
        kept = asdict(self)
        for name in ("old", "new"):
            kept[name] = {k: v.isoformat() if isinstance(v, date) else v for k, v in kept[name].items()}
        return {**kept, "start_on": self.start_on.isoformat(), "days": self.days, "over_label": KINDS[self.over]}

    def line(self) -> str:
        """One line of the table people read."""
        whose = f"（{self.addressee_label}）" if self.addressee_label else ""
        old, new = (f"{d.due_on}{'（暂估）' if d.provisional else ''}" for d in (self.old, self.new))
        told = f"，{KINDS[self.over]}" if self.over else ""
        return f"{self.case_no}  {self.label}{whose} {self.code}  {self.owner_label}  {old} → {new}  {self.days:+d} 日{told}"


@dataclass(frozen=True)
class Odd:
    """A clock whose day is not what the arrangement before gives: it is not touched, a person looks at it."""

    case_no: str
    clock: str
    label: str
    due_on: date

    def line(self) -> str:
        return f"{self.case_no}  {self.label}  {self.due_on}：这一天不是按放假安排算出来的，没有改动，请人工核对。"


def touching(before: Sequence[Years], after: Years) -> ColumnElement[bool] | None:
    """Which clocks can depend on what has changed; None where nothing has."""
    spans = [span for years in before for span in _changed(years, after)]
    if not spans:
        return None
    last = func.coalesce(Clock.promise_on, Clock.due_on)
    reaches = [
        and_(Clock.start_on <= until + LOOKS_BACK, or_(Clock.due_on >= since, last >= since)) for since, until in spans
    ]
    return and_(Clock.state == "running", or_(*reaches))


def _changed(old: Years, new: Years) -> list[tuple[date, date]]:
    """The first and last day that changed, year by year; a year that came in (or went) changes as a whole."""
    was, now = ({y["year"]: y for y in years} for years in (old, new))
    spans = []
    for year in sorted(was.keys() ^ now.keys()):
        spans.append((date(year, 1, 1), date(year, 12, 31)))
    for year in sorted(was.keys() & now.keys()):
        days = {d for kind in ("off", "work") for d in set(was[year][kind]) ^ set(now[year][kind])}
        if days:
            spans.append((date.fromisoformat(min(days)), date.fromisoformat(max(days))))
    return spans


def candidates(
    session: Session, condition: ColumnElement[bool], after_id: int = 0, most: int | None = None
) -> list[int]:
    """The cases with such a clock, by id, from `after_id` on."""
    query = select(Clock.case_id).where(condition, Clock.case_id > after_id).distinct().order_by(Clock.case_id)
    return list(session.scalars(query.limit(most) if most else query))


@dataclass
class Reckoned:
    """A running row under the new arrangement. `odd`: its day is not what any arrangement before gives."""

    row: dict[str, Any]
    new: dict[str, Any]
    odd: bool

    @property
    def moved(self) -> bool:
        """Whether the day that counts is another; else only its certainty (or its internal days) changed."""
        return any(self.row[n] != self.new[n] for n in ("due_on", "effective_on"))


def reckon(book: ClockBook, before: Sequence[Calendar], after: Calendar) -> list[Reckoned]:
    """Every running row of the book that is another under `after`; the book itself is left as it is."""
    out = []
    for row in book.rows:
        if row["state"] != "running":
            continue
        new = _under(book, row, after)
        if new is None:
            out.append(Reckoned(row, row, odd=True))
            continue
        old = [r for c in before if (r := _under(book, row, c)) is not None]
        explained = any(r["due_on"] == row["due_on"] for r in old) or new["due_on"] == row["due_on"]
        if not explained and (later := _later_round(book, row, after)):
            new, explained = later, True
        if any(new[n] != row[n] for n in (*DAYS, "near_on")):
            out.append(Reckoned(row, new, odd=not explained))
    return out


def _under(book: ClockBook, row: Mapping[str, Any], calendar: Calendar) -> dict[str, Any] | None:
    """The row as the engine reckons it under a calendar; None where it cannot (an edited row)."""
    alone = replace(book, calendar=calendar, rows=[dict(row)], _touched=set())
    try:
        alone.recompute(alone.rows[0])
    except (KeyError, TypeError, AssertionError, Stopped):
        return None
    return alone.rows[0]


def _later_round(book: ClockBook, row: Mapping[str, Any], calendar: Calendar) -> dict[str, Any] | None:
    """A later round of a repeated reminder keeps its day unless that has become a rest day; its own start is not kept."""
    known = book.definition.clocks.get(row["name"])
    if known is None or not known.repeat:
        return None
    due = daycount.fixed(row["due_on"], calendar=calendar)
    if due.due_on == row["due_on"]:
        return {**row, "provisional": due.provisional}
    days = dict.fromkeys(("due_on", "effective_on", "near_on", "fire_on"), due.due_on)
    return {**row, **days, "provisional": due.provisional, "fire_stage": "remind"}


def followed(found: Reckoned, today: date) -> dict[str, Any]:
    """The new row with its next firing: what is due anew is fired anew, what was fired for the same day is not fired twice."""
    row, new = found.row, dict(found.new)
    if new["due_on"] == row["due_on"]:
        waits_for_near = row["fire_stage"] == "near" and row["fire_on"] is not None
        keep = ("expired_on",) if waits_for_near else ("expired_on", "fire_on", "fire_stage")
        return new | {n: row[n] for n in keep}
    if (
        new["due_on"] < today and row["expired_on"] is not None
    ):  # carried out once; its days over are another number only
        return new | {"expired_on": row["expired_on"], "fire_on": None, "fire_stage": ""}
    return new


def over(found: Reckoned, today: date) -> str:
    """What the move does to a limit that is over under the old or the new day (a key of KINDS)."""
    if found.row["kind"] in ("earliest", "start_month"):  # a day from which something may be done is never missed
        return ""
    was, now = found.row["due_on"] < today, found.new["due_on"] < today
    if was:
        return "still_over" if now else "rearmed"
    return "became_over" if now else ""


def described(loaded: Loaded, matter: AnyRow, found: Reckoned, office: str) -> Move:
    """The move in words for table, JSON and event."""
    row, new, people = found.row, found.new, loaded.definition.people
    defined = loaded.definition.matters.get(matter.name)
    return Move(
        loaded.row.case_no, office, matter.name, defined.label if defined else matter.name, row["name"], row["label"], row["code"],
        row["legal"], row["law"], row["owner"], people.get(row["owner"], row["owner"]), row["addressee"],
        people.get(row["addressee"], ""), row["start_on"], _dates(row), _dates(new), over(found, loaded.today), row["id"],
    )  # fmt: skip


def odd(loaded: Loaded, found: Reckoned) -> Odd:
    """A row that is left to a person."""
    return Odd(loaded.row.case_no, found.row["name"], found.row["label"], found.row["due_on"])


def _dates(row: Mapping[str, Any]) -> Dates:
    return Dates(row["due_on"], row["effective_on"], row["safe_on"], bool(row["provisional"]))


def ordered(moves: Iterable[Move]) -> list[Move]:
    """The widest moves of the law's own limits first."""
    return sorted(moves, key=lambda m: (not m.legal, -abs(m.days), m.case_no, m.clock_id))
