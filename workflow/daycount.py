"""期间计算: when a period ends, and why. Pure; dates and the calendar come in as arguments.

Rules: the first day is out (民法典#201, 民事诉讼法#85.2); months and years end on the matching day, or on the last
day of a month that has none (民法典#202); a last day that is a rest day rolls to the first day after the rest days
(民法典#203.1, 民事诉讼法#85.3); a weekend day made a working day is no rest day; a bare 日 is a calendar day. A pause
[from, to) is not counted, an extension lengthens the one run, and only then the end is rolled.
"""

from __future__ import annotations

import calendar as _calendar
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from workflow.errors import BadInput

UNITS = {"日": "日", "天": "日", "工作日": "工作日", "个工作日": "工作日", "月": "月", "个月": "月", "年": "年"}
_SPAN = re.compile(r"(\d{1,5})\s*(个工作日|工作日|个月|月|日|天|年)")
FIXED_REST = {(1, 1): 0, (5, 1): 0, (5, 2): 2025, (10, 1): 0, (10, 2): 0, (10, 3): 0}
"""Statutory rest days on fixed dates and the first year of each: what is known of a year whose notice is not in."""
WEEKDAYS = "一二三四五六日"
NEAR_SHARE = 5
NEAR_WORKDAYS = 3
ONE_DAY = timedelta(days=1)
FIRST_DAY = date.min + ONE_DAY
CIVIL_CODE = date(2021, 1, 1)
GENERAL_PART = date(2017, 10, 1)


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


@dataclass(frozen=True)
class Due:
    """A reckoned end.

    `due_on` counts; `unrolled_on` is before the roll, `safe_on` (内控日) the last working day on or before that;
    `provisional` where a year's notice is not out; `steps` explain it in Chinese, in order.
    """

    due_on: date
    unrolled_on: date
    safe_on: date
    provisional: bool
    steps: list[str]


def reckon(span: Span, start: date, *, calendar: Calendar, pauses: Sequence[Pause] = (), extend_days: int = 0,
           law: str = "", kind: str = "deadline") -> Due:  # fmt: skip
    """The end of `span` from `start`.

    `kind`: deadline (rolled), earliest (`due_on` is the first admissible day, the day after the end; not rolled),
    effect (not rolled). For the last two `unrolled_on` is `due_on` itself: `safe_on` is then the last working day to
    have everything ready. `extend_days`: 日 added to the one run before any roll; months and years get paused days
    as so many 日. Raises BadInput where the end lies beyond the year 9999 or `extend_days` is negative, ValueError
    for another kind (start_month is `next_month`).
    """
    if kind not in ("deadline", "earliest", "effect"):
        raise ValueError(f"no run of days: {kind}")
    if extend_days < 0:
        raise BadInput("延长的天数不能是负数，请填 0 或正整数。")
    try:
        return _reckon(span, start, calendar, merged(pauses), extend_days, law, kind)
    except (OverflowError, ValueError) as error:
        raise BadInput(f"从 {start} 起算 {span}，日期超出能算的范围。请核对起算日和天数。") from error


def _reckon(span: Span, start: date, calendar: Calendar, pauses: Sequence[Pause], extend: int, law: str,
            kind: str) -> Due:  # fmt: skip
    cited = f"（{law}）" if law else ""
    first = f"从 {_day(start)}起算，当日不计入，第一天是 {_day(start + ONE_DAY)}（{_civil(start, '201')}）"
    steps = [f"期限 {span}{cited}，{first}。"]
    end = _run(span, start, calendar, pauses, extend, steps)
    counted_to = end
    if kind == "earliest":
        end += ONE_DAY
        steps.append(f"这是最早日期：满期的次日 {_day(end)}起可以办，不顺延。")
    elif kind == "effect":
        steps.append(f"期满 {_day(end)}即发生效果，不顺延。")
    due = _rolled(end, calendar, steps) if kind == "deadline" else end
    idle = [p for p in pauses if p.until <= start + ONE_DAY or p.since > counted_to]
    steps += [_idle(p, due) for p in idle]
    counted = range((start + ONE_DAY).year, end.year + 1) if span.unit == "工作日" else ()
    return _finished(due, end, calendar, steps, counted, rolls=kind == "deadline")


def fixed(day: date, *, calendar: Calendar, law: str = "") -> Due:
    """A day a notice has fixed; rolled when it is a rest day."""
    cited = f"（{law}）" if law else ""
    steps = [f"通知书写明的最后一日是 {_day(day)}{cited}。"]
    return _finished(_rolled(day, calendar, steps), day, calendar, steps)


def next_month(start: date, *, calendar: Calendar, law: str = "") -> Due:
    """The first day of the month after `start` (next-month rules). Raises BadInput beyond the year 9999."""
    if (start.year, start.month) == (date.max.year, 12):
        raise BadInput(f"{start} 的次月超出能算的范围。请核对起算日。")
    first = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    cited = f"（{law}）" if law else ""
    step = f"{_day(start)}所在月份的次月起{cited}，即 {first.year}年{first.month}月，第一日是 {first}。"
    return _finished(first, first, calendar, [step], rolls=False)


def near_day(start: date, effective_on: date, calendar: Calendar) -> date:
    """Yellow from this day: a fifth of the time left or three working days left, whichever comes first."""
    share = effective_on - timedelta(days=max((effective_on - start).days // NEAR_SHARE, 0))
    working = effective_on
    for _ in range(NEAR_WORKDAYS):
        working = last_working(max(working, FIRST_DAY) - ONE_DAY, calendar)
    return max(min(share, working), start + ONE_DAY) if effective_on > start else effective_on


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


# --- inside ----------------------------------------------------------------------------------------------------------


def _run(span: Span, start: date, calendar: Calendar, pauses: Sequence[Pause], extend: int, steps: list[str]) -> date:
    """The unrolled end of the one run, pauses and extension included."""
    if span.unit == "工作日":
        end = _workdays(span.amount, start, calendar, pauses, steps)
        return _longer(end, extend, pauses, steps) if extend else end
    end = matching(start, span)
    steps.append(_plain_end(span, start, end))
    if extend:
        end += timedelta(days=extend)
        steps.append(f"延长 {extend} 日，与原期限连成一段计算，到 {_day(end)}。")
    return _paused(start, end, pauses, steps)


def _idle(p: Pause, due: date) -> str:
    """Why a pause changed nothing; one that takes the rolled day itself is a gap in the law, left to a person."""
    if p.since <= due < p.until:
        doubt = "法律没有写怎么算；这里按较早的一天，请由人判断"
        return f"注意：算出的 {_day(due)}又在 {p.since} 至 {p.until}（不含）里，{doubt}。"
    return f"{p.since} 至 {p.until}（不含）不在计算的日子里，不影响。"


def _plain_end(span: Span, start: date, end: date) -> str:
    if span.unit == "日":
        return f"按日历日连续计算，节假日不扣除，到 {_day(end)}。"
    shift = "" if end.day == start.day else "，该月没有对应日，以月末为准"
    return f"按对应日计算{shift}，到 {_day(end)}（{_civil(start, '202')}）。"


def _paused(start: date, end: date, pauses: Sequence[Pause], steps: list[str]) -> date:
    """Add the days of every pause that begins before the run ends; a later one changes nothing."""
    for p in pauses:
        since = max(p.since, start + ONE_DAY)
        if since > end or p.until <= since:
            continue
        days = (p.until - since).days
        end += timedelta(days=days)
        ground = f"（{p.ground}）" if p.ground else ""
        steps.append(f"{_day(since)}至 {_day(p.until)}（不含）不计入{ground}，共 {days} 日，顺推到 {_day(end)}。")
    return end


def _workdays(amount: int, start: date, calendar: Calendar, pauses: Sequence[Pause], steps: list[str]) -> date:
    """The `amount`-th working day after `start` that is in no pause."""
    day, left, waiting = start, amount, list(pauses)
    rested: list[date] = []
    worked: list[date] = []
    stopped: list[str] = []
    while left:
        day += ONE_DAY
        while waiting and waiting[0].until <= day:
            waiting.pop(0)
        if waiting and waiting[0].since <= day:
            gone = waiting.pop(0)
            ground = f"（{gone.ground}）" if gone.ground else ""
            stopped.append(f"{_day(day)}至 {_day(gone.until)}（不含）不计入{ground}。")
            day = gone.until - ONE_DAY
        elif calendar.is_rest(day):
            rested.append(day)
        else:
            left -= 1
            worked += [day] if day in calendar.work else []
    steps += [*stopped, f"只数工作日，数到 {_day(day)}{_skipped(rested, calendar)}。"]
    if worked:
        notices = "、".join(dict.fromkeys(map(calendar.notice, worked)))
        steps.append(f"调休上班的 {'、'.join(map(str, worked))} 计入（{notices}）。")
    return day


def _skipped(rested: Sequence[date], calendar: Calendar) -> str:
    """`，跳过 …`: the holidays with their notice, the weekends by number."""
    holidays = [d for d in rested if not calendar.why_rest(d).startswith("星期")]
    said = []
    for first, last in _stretches(holidays):
        said.append(f"{first}{f' 至 {last}' if last != first else ''} {calendar.why_rest(first)}")
    weekends = len(rested) - len(holidays)
    said += [f"周末 {weekends} 天"] if weekends else []
    return f"，跳过 {'、'.join(said)}" if said else ""


def _stretches(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days in order as (first, last) of each unbroken stretch."""
    out: list[tuple[date, date]] = []
    for day in days:
        if out and out[-1][1] + ONE_DAY == day:
            out[-1] = (out[-1][0], day)
        else:
            out.append((day, day))
    return out


def _longer(end: date, extend: int, pauses: Sequence[Pause], steps: list[str]) -> date:
    """Working days lengthened by 日: from the last working day on, pauses leave out calendar days."""
    longer = end + timedelta(days=extend)
    steps.append(f"延长 {extend} 日，与原期限连成一段计算，到 {_day(longer)}。")
    return _paused(end, longer, pauses, steps)


def _rolled(end: date, calendar: Calendar, steps: list[str]) -> date:
    due = end
    while calendar.is_rest(due):
        due += ONE_DAY
    if due != end:
        reasons = "、".join(dict.fromkeys(calendar.why_rest(end + timedelta(days=n)) for n in range((due - end).days)))
        rolled = f"顺延到休息日后的第一日 {_day(due)}（{_civil(end, '203.1')}）"
        steps.append(f"最后一日 {_day(end)}是休息日（{reasons}），{rolled}。")
    elif end in calendar.work:
        steps.append(f"最后一日 {_day(end)}调休上班（{calendar.notice(end)}），不顺延。")
    return due


def _finished(due: date, end: date, calendar: Calendar, steps: list[str], counted: Iterable[int] = (), *,
              rolls: bool = True) -> Due:  # fmt: skip
    safe = last_working(end, calendar)
    before = "顺延前最后一日当天或者之前" if rolls else "这一日当天或者之前"
    steps.append(f"内控日 {_day(safe)}：{before}的最后一个工作日{'' if rolls else '，供提前准备'}。")
    unknown = sorted({y for y in (*counted, due.year, end.year, safe.year) if y not in calendar.notices})
    if unknown:
        steps.append(f"{'、'.join(map(str, unknown))} 年的放假安排没有收录，日期是暂估的，公布后重算。")
    return Due(due, end, safe, bool(unknown), steps)


def _day(day: date) -> str:
    return f"{day}（星期{WEEKDAYS[day.weekday()]}）"


def _civil(day: date, article: str) -> str:
    """Where the rule of reckoning stood on that day (the content is the same); earlier texts are not in the tables."""
    if day < GENERAL_PART:
        return f"民法典#{article}，当时的规定没有收录"
    return f"{'民法典' if day >= CIVIL_CODE else '民法总则'}#{article}"
