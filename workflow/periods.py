"""What a period is made of: written lengths, pauses, caps, rest days. Pure; `daycount` reckons with them.

Everything here is also found in `workflow.daycount`, the door the rest of the project uses.
"""

from __future__ import annotations

import calendar as _calendar
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

UNITS = {"日": "日", "天": "日", "工作日": "工作日", "个工作日": "工作日", "月": "月", "个月": "月", "年": "年"}
_SPAN = re.compile(r"(\d{1,5})\s*(个工作日|工作日|个月|月|日|天|年)")
FIXED_REST = {(1, 1): 0, (5, 1): 0, (5, 2): 2025, (10, 1): 0, (10, 2): 0, (10, 3): 0}
"""Statutory rest days on fixed dates and the first year of each: what is known of a year whose notice is not in."""
WEEKDAYS = "一二三四五六日"
COUNTS, NOT_COUNTED = "counts", "not_counted"
"""Whether the day a proceeding is taken up again counts: the two readings of a pause's end (中止的止日)."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A length as the law writes it: `15 日`, `5 个工作日`, `3 个月`, `1 年`."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read a written length. Raises ValueError for anything else, and for nought."""
        match = _SPAN.fullmatch(unicodedata.normalize("NFKC", str(text)).strip())
        if not match or int(match.group(1)) == 0:
            raise ValueError(f"“{text}”不是期限，请写成 15 日、5 个工作日、3 个月或 1 年")
        return cls(int(match.group(1)), UNITS[match.group(2)])

    def __str__(self) -> str:
        words = {"日": "日", "工作日": "个工作日", "月": "个月", "年": "年"}
        return f"{self.amount} {words[self.unit]}"


@dataclass(frozen=True)
class Pause:
    """Days the law does not count: from `since` up to, not including, `until`. Raises ValueError when reversed."""

    since: date
    until: date
    ground: str = ""

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError(f"pause ends {self.until} before it begins {self.since}")


@dataclass(frozen=True)
class AtMost:
    """A cap (最长期间): the run ends with `span` from `start` at the latest; `event` says in words what happened then.

    No pause and no extension lengthens it. It is a period like any other, so its own last day is rolled with the rest.
    """

    span: Span
    start: date
    law: str = ""
    event: str = ""


@dataclass(frozen=True)
class NextVersion:
    """The length that takes the place of another on the day `since`; see `shorter` of reckon."""

    span: Span
    since: date
    law: str = ""


@dataclass(frozen=True)
class Calendar:
    """Rest days and make-up working days by the State Council's notices. `notices`: year → notice number."""

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    notices: dict[int, str] = field(default_factory=dict)

    def announced(self, day: date) -> bool:
        """Whether the notice for the day's year is known."""
        return day.year in self.notices

    def is_rest(self, day: date) -> bool:
        """A weekend or holiday that is not a make-up working day; a best estimate in a year without a notice."""
        if day in self.off:
            return True
        if day in self.work:
            return False
        return day.weekday() >= 5 or self._fixed(day)

    def notice(self, day: date) -> str:
        """The notice that arranged the day: its year's; for December (only New Year's days) the next year's."""
        return self.notices.get(day.year + (day.month == 12)) or self.notices.get(day.year, "")

    def _fixed(self, day: date) -> bool:
        return not self.announced(day) and FIXED_REST.get((day.month, day.day), day.year + 1) <= day.year

    def why_rest(self, day: date) -> str:
        """The reason in words, with the notice."""
        if day in self.off:
            return f"放假（{self.notice(day)}）"
        if self._fixed(day):
            return "法定节假日（当年放假安排没有收录）"
        return f"星期{WEEKDAYS[day.weekday()]}"


def matching(start: date, span: Span) -> date:
    """The last day of a bare run of 日, 月 or 年: the matching day, or the month's last day where there is none.

    Raises ValueError for 工作日, and where the day lies beyond the year 9999 (or OverflowError).
    """
    if span.unit == "工作日":
        raise ValueError("working days need a calendar")
    if span.unit == "日":
        return start + timedelta(days=span.amount)
    months = start.year * 12 + start.month - 1 + span.amount * (12 if span.unit == "年" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(start.day, _calendar.monthrange(year, month + 1)[1]))


def last_working(day: date, calendar: Calendar) -> date:
    """The last working day on or before `day`; the first day of time has none before it and is taken as it is."""
    while day > date.min and calendar.is_rest(day):
        day -= ONE_DAY
    return day


def bounded(pauses: Iterable[Pause], boundary: str = COUNTS) -> list[Pause]:
    """Pauses under a reading of their end: under NOT_COUNTED the day of taking up again is left out too.

    For suspensions (中止) only; days taken out by name (扣除) have no such day. Raises OverflowError on the last day of
    time.
    """
    if boundary == COUNTS:
        return list(pauses)
    return [Pause(p.since, p.until + ONE_DAY, _also_out(p)) for p in pauses]


def _also_out(p: Pause) -> str:
    said = f"恢复当日 {p.until} 也不计入"
    return f"{p.ground}；{said}" if p.ground else said


def merged(pauses: Iterable[Pause]) -> list[Pause]:
    """Pauses in order, overlapping ones joined, empty ones gone."""
    out: list[Pause] = []
    for p in sorted((p for p in pauses if p.since < p.until), key=lambda p: (p.since, p.until)):
        if out and p.since <= out[-1].until:
            ground = "；".join(dict.fromkeys(g for g in (out[-1].ground, p.ground) if g))
            out[-1] = Pause(out[-1].since, max(out[-1].until, p.until), ground)
        else:
            out.append(p)
    return out
