"""Holiday notices: entered by an identified person, shown with every live date they move, then followed by the clocks.

entry.py   the file read and checked (pure)
years.py   the table, the entries in the system's chain, the mark how far the clocks have followed
moves.py   which clocks move, and what that means for the people they belong to
follow.py  the clocks follow, in batches that can be run again
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from workflow import audit, clock
from workflow.benefits.entry import DEMO_WORD
from workflow.errors import Forbidden, Reason, Refused
from workflow.holidays import years
from workflow.holidays.entry import COUNTRY, LONGEST_NOTICE, Notice, read_file, stretches
from workflow.holidays.follow import Followed, finish, refresh, settle, would
from workflow.holidays.years import Mark, Years, in_force, unlike
from workflow.models import HolidayYear
from workflow.situation import Actor
from workflow.store import Store

__all__ = ["Followed", "Notice", "Plan", "add", "finish", "listing", "may_enter", "plan", "read_file", "unlike"]

NEW, SAME, CORRECTION = "new", "same", "correction"
WHO = "系统管理员或者市局的督办人"


@dataclass(frozen=True)
class Plan:
    """What entering a notice would do. `kind`: new, same (entered already) or correction; `differs` says in which days."""

    notice: Notice
    kind: str
    differs: tuple[str, ...]
    followed: Followed

    def as_dict(self) -> dict[str, Any]:
        return {
            "notice": self.notice.as_dict(),
            "kind": self.kind,
            "differs": list(self.differs),
            **self.followed.as_dict(),
        }


def may_enter(actor: Actor) -> bool:
    """Whether this person may enter a notice: it moves dates of every office, so administrators and the city's supervisor."""
    return actor.system or (
        actor.employer_id is None and ("admin" in actor.roles or ("supervisor" in actor.roles and actor.city))
    )


def plan(store: Store, notice: Notice) -> Plan:
    """What entering the notice would do; nothing is written. Raises Refused where it cannot be entered at all."""
    _real(store, notice)
    with store.reading() as session:
        row, kind, differs = _compared(session, notice)
        now = years.current(session)
        after = _with(now, row)
        mark = years.read_mark(session)
        before = [*(mark.before if mark else []), now]
        return Plan(notice, kind, differs, would(store, session, before, after))


def add(store: Store, actor: Actor, notice: Notice, *, correct: bool = False) -> Plan:
    """Enter the notice and let every live clock follow. The same notice again writes nothing, but finishes a run that was
    interrupted.

    Raises Forbidden, Refused where the year is entered with other content and `correct` is not set, or where the region's
    days come before the country's.
    """
    if not may_enter(actor):
        raise Forbidden(Reason(f"只有{WHO}可以录入放假安排。请转给他们。", "not_yours", who=WHO))
    _real(store, notice)
    left = finish(store) or Followed()  # what a change before left undone comes first
    with store.writing() as session:
        years.lock(session)
        row, kind, differs = _compared(session, notice)
        if kind == CORRECTION and not correct:
            raise Refused(
                Reason(
                    f"{'；'.join(differs)}。确实是更正的，请核对通知原文后加 --correct 再录入，更正会留下记录。",
                    "correction",
                )
            )
        was = years.current(session)
        if kind != SAME:
            years.store_row(session, row)
            replaces = next((y for y in was if y["year"] == notice.year), None)
            audit.record(session, actor, kind=years.ENTERED, label=f"录入 {notice.year} 年放假安排",
                         payload={**notice.as_dict(), "replaces": replaces, "correction": kind == CORRECTION})  # fmt: skip
        mark = years.read_mark(session) or Mark(was, since=clock.now().isoformat())
        if (fresh := years.changed(session, mark, years.current(session))) is not None:
            mark = fresh
        years.write_mark(session, mark)
    refresh(store, mark.current)
    if not mark.swept:
        left.odd.clear()  # they are found again
        left.take(settle(store, mark, actor))
    return Plan(notice, kind, differs, left)


def listing(session: Session) -> list[dict[str, Any]]:
    """Every year: year, notice, confidence, off, work (written as in a file), days_off (日), by, at, region (days of its own)."""
    found = years.entries(session)
    out = []
    for row in session.query(HolidayYear).order_by(HolidayYear.year):
        country, region = in_force(found, row.year)
        base = years.country_part(session, row.year)
        off, work = (base.off, base.work) if base else ((), ())
        out.append({
            "year": row.year, "notice": base.notice if base else row.notice, "confidence": row.confidence, "off": stretches(off),
            "work": stretches(work), "days_off": len(off), "by": country.by if country else "随系统收录",
            "at": clock.local(country.at).date().isoformat() if country else "",
            "region": [{"notice": e.notice.notice, "off": stretches(e.notice.off), "by": e.by} for e in region],
        })  # fmt: skip
    return out


# --- inside -----------------------------------------------------------------------------------------------------------


def _real(store: Store, notice: Notice) -> None:
    """An invented notice, marked as such, never moves a real date."""
    if DEMO_WORD in notice.notice and not store.settings.demo:
        raise Refused("文号里写着“演示”，正式环境不能录入。请照正式通知录入。")


def _compared(session: Session, notice: Notice) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """The year's row with the notice in it, what kind of entry it is, and how it differs from what is there."""
    found = years.entries(session)
    _, region = in_force(found, notice.year)
    country = years.country_part(session, notice.year)
    if notice.scope == COUNTRY:
        row = years.merged(notice, [e.notice for e in region])
        known = country
    else:
        if country is None:
            raise Refused(
                Reason(
                    f"{notice.year} 年国务院办公厅的放假安排还没有录入。请先录入它，再录自治区另外放的假。",
                    "country_first",
                )
            )
        known = next((e.notice for e in region if e.notice.notice == notice.notice), None)
        others = [e.notice for e in region if e.notice.notice != notice.notice]
        row = years.merged(country, [*others, notice])
        if worked := sorted(set(notice.off) & set(country.work)):
            told = "、".join(map(str, worked))
            raise Refused(
                Reason(f"{told} 按国务院办公厅的安排要上班（{country.notice}），不能录成放假。请核对。", "both")
            )
    if len(row["notice"]) > LONGEST_NOTICE:
        raise Refused(
            Reason(f"{notice.year} 年各项通知的文号合起来超过 {LONGEST_NOTICE} 字。请只写机关代字和文号。", "too_long")
        )
    if known is None:
        return row, NEW, ()
    differs = _differences(known, notice)
    return row, (CORRECTION if differs else SAME), differs


def _differences(old: Notice, new: Notice) -> tuple[str, ...]:
    """In which respects a notice says something else than what was entered; the confidence is no part of what it says."""
    said = []
    if old.notice != new.notice:
        said.append(f"{new.year} 年已按“{old.notice}”录入，这次是“{new.notice}”")
    for name, label in (("off", "放假"), ("work", "上班")):
        was, now = set(getattr(old, name)), set(getattr(new, name))
        if now - was:
            said.append(f"多了{label} {stretches(tuple(now - was))}")
        if was - now:
            said.append(f"少了{label} {stretches(tuple(was - now))}")
    if said and old.notice == new.notice:
        said.insert(0, f"{new.year} 年已按“{old.notice}”录入，内容不同")
    return tuple(said)


def _with(now: Years, row: Mapping[str, Any]) -> Years:
    """The years with one row in its place."""
    plain = {k: row[k] for k in ("year", "notice", "off", "work")}
    return sorted([*(y for y in now if y["year"] != row["year"]), plain], key=lambda y: int(y["year"]))
