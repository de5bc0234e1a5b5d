"""The years as the database has them, who entered what (the system's chain), and how far the clocks have followed.

`holiday_years` holds what the calendar reads: one row a year, regional days joined to the country's. The entries themselves,
each with its own citation, stand in the system's chain. The mark `holidays` says under which arrangements live clocks may
still stand: it is written with the entry, so that an interrupted run is finished by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import audit, clock, law
from workflow.daycount import Calendar
from workflow.holidays.entry import COUNTRY, REGION, Notice, notice_of
from workflow.models import Event, HolidayYear, Meta

ENTERED = "holidays:entered"
SETTLED = "holidays:settled"
MARK = "holidays"
Years = list[dict[str, Any]]


@dataclass
class Mark:
    """How far the clocks have followed: `current` is the arrangement the rows are brought under, `before` those under which
    some may still have been reckoned, `since` the moment of the last change, `swept` whether all were looked at since."""

    current: Years
    before: list[Years] = field(default_factory=list)
    since: str = ""
    swept: bool = True

    @property
    def changed_at(self) -> datetime:
        return datetime.fromisoformat(self.since)


def current(session: Session) -> Years:
    """Every year as the table has it, in order."""
    rows = session.scalars(select(HolidayYear).order_by(HolidayYear.year).execution_options(populate_existing=True))
    return [{"year": r.year, "notice": r.notice, "off": sorted(r.off), "work": sorted(r.work)} for r in rows]


def calendar_of(years: Iterable[Mapping[str, Any]]) -> Calendar:
    """The calendar of these years."""
    return law.build_calendar(years)


def read_mark(session: Session) -> Mark | None:
    """The mark, None where the database never had one."""
    text = session.scalar(select(Meta.value).where(Meta.name == MARK))
    return Mark(**json.loads(text)) if text else None


def write_mark(session: Session, mark: Mark) -> None:
    """Keep the mark. The caller holds the lock of the system's chain (see lock)."""
    row = session.get(Meta, MARK)
    if row is None:
        session.add(Meta(name=MARK, value=json.dumps(asdict(mark))))
    else:
        row.value = json.dumps(asdict(mark))
    session.flush()


def lock(session: Session) -> None:
    """One writer of years and mark at a time."""
    session.execute(select(Meta.value).where(Meta.name == "system-head").with_for_update()).scalar_one()


def changed(session: Session, mark: Mark | None, now: Years) -> Mark | None:
    """The mark after the years have become `now`: what is to be done, or None where nothing has changed.

    A database without a mark may hold clocks reckoned before its newest year came in (with a new release).
    """
    if mark is None:
        return Mark(now, [now[:-1]] if now else [], clock.now().isoformat(), swept=False)
    if mark.current == now:
        return None
    return Mark(now, [*mark.before, mark.current], clock.now().isoformat(), swept=False)


# --- entries ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entered:
    """One entry of the system's chain: what, by whom, when."""

    notice: Notice
    by: str
    at: datetime
    seq: int


def entries(session: Session) -> list[Entered]:
    """Everything entered by people, oldest first; an entry that cannot be read is passed over (its hash tells)."""
    query = select(Event.payload, Event.actor, Event.at, Event.seq).where(
        Event.chain == audit.SYSTEM, Event.kind == ENTERED
    )
    found = []
    for row in session.execute(query.order_by(Event.seq)):
        try:
            found.append(Entered(notice_of(json.loads(row.payload)), row.actor, row.at, row.seq))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def in_force(found: Iterable[Entered], year: int) -> tuple[Entered | None, list[Entered]]:
    """Of the entries of a year the country's (the last one) and the region's (the last of each citation)."""
    country: Entered | None = None
    region: dict[str, Entered] = {}
    for e in found:
        if e.notice.year != year:
            continue
        if e.notice.scope == COUNTRY:
            country = e
        else:
            region[e.notice.notice] = e
    return country, list(region.values())


def country_part(session: Session, year: int) -> Notice | None:
    """The country's arrangement of a year: as entered, else as shipped in the table; None where there is none."""
    found = entries(session)
    entered, _ = in_force(found, year)
    if entered is not None:
        return entered.notice
    row = session.get(HolidayYear, year, populate_existing=True)
    if row is None:
        return None
    off, work = (tuple(sorted(map(date.fromisoformat, days))) for days in (row.off, row.work))
    first = next((e for e in found if e.notice.year == year and e.notice.scope == REGION), None)
    if first is None:
        return Notice(year, COUNTRY, row.notice, row.confidence, off, work)
    shipped = next((y for y in law.shipped_years() if y["year"] == year), None)
    if shipped is None:
        return None
    return notice_of({**shipped, "scope": COUNTRY})


def merged(country: Notice, region: Sequence[Notice]) -> dict[str, Any]:
    """The row of a year: the region's days joined to the country's, all citations named."""
    off = sorted({*country.off, *(d for r in region for d in r.off)} - set(country.work))
    notice = "；".join([country.notice, *(f"{r.notice}（自治区）" for r in region)])
    return {"year": country.year, "notice": notice, "confidence": country.confidence,
            "off": [d.isoformat() for d in off], "work": [d.isoformat() for d in sorted(country.work)]}  # fmt: skip


def store_row(session: Session, row: Mapping[str, Any]) -> None:
    """Write a year's row."""
    kept = session.get(HolidayYear, row["year"])
    if kept is None:
        session.add(HolidayYear(**row))
    else:
        kept.notice, kept.confidence, kept.off, kept.work = (row[n] for n in ("notice", "confidence", "off", "work"))
    session.flush()


def unlike(session: Session) -> Iterator[tuple[str, int, str]]:
    """Years whose row is not as it was entered (or shipped): (chain, 0, sentence), for verify-audit."""
    found, shipped = entries(session), {y["year"]: y for y in law.shipped_years()}
    rows = {r["year"]: r for r in current(session)}
    for year in sorted({e.notice.year for e in found} | shipped.keys() | rows.keys()):
        country, region = in_force(found, year)
        base = (
            country.notice if country else notice_of({**shipped[year], "scope": COUNTRY}) if year in shipped else None
        )
        due = merged(base, [e.notice for e in region]) if base else None
        if year not in rows and (country or region):
            yield audit.SYSTEM, 0, f"{year} 年的放假安排录入过，现在不见了，放假安排行被删除过。"
        elif year in rows and (due is None or any(rows[year][k] != due[k] for k in ("notice", "off", "work"))):
            yield audit.SYSTEM, 0, f"{year} 年的放假安排与录入时的记录不符，放假安排行被改动过。"
