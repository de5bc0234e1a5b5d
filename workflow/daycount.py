"""期间计算: when a period ends, and why. Pure; dates and the calendar come in as arguments.

Rules: the first day is out (民法典#201, 民事诉讼法#85.2); months and years end on the matching day, or on the last
day of a month that has none (民法典#202); a last day that is a rest day rolls to the first day after the rest days
(民法典#203.1, 民事诉讼法#85.3); a weekend day made a working day is no rest day; a bare 日 is a calendar day. A pause
[from, to) is not counted, an extension lengthens the one run, a cap then cuts it, and only then the end is rolled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from workflow.errors import BadInput
from workflow.periods import COUNTS as COUNTS
from workflow.periods import NOT_COUNTED as NOT_COUNTED
from workflow.periods import ONE_DAY, WEEKDAYS
from workflow.periods import AtMost as AtMost
from workflow.periods import Calendar as Calendar
from workflow.periods import NextVersion as NextVersion
from workflow.periods import Pause as Pause
from workflow.periods import Span as Span
from workflow.periods import bounded as bounded
from workflow.periods import last_working as last_working
from workflow.periods import matching as matching
from workflow.periods import merged as merged

NEAR_SHARE = 5
NEAR_WORKDAYS = 3
FIRST_DAY = date.min + ONE_DAY
CIVIL_CODE = date(2021, 1, 1)
GENERAL_PART = date(2017, 10, 1)


@dataclass(frozen=True)
class Due:
    """A reckoned end.

    `due_on` counts; `unrolled_on` is before the roll, `safe_on` (内控日) the last working day on or before that;
    `provisional` where a year's notice is not out; `steps` explain it in Chinese, in order. `cap_on` is the unrolled
    end of the cap asked for, whether or not it was the earlier one.
    """

    due_on: date
    unrolled_on: date
    safe_on: date
    provisional: bool
    steps: list[str]
    cap_on: date | None = None


def reckon(span: Span, start: date, *, calendar: Calendar, pauses: Sequence[Pause] = (), extend_days: int = 0,
           law: str = "", kind: str = "deadline", roll: bool = True, boundary: str = COUNTS,
           at_most: AtMost | None = None, shorter: NextVersion | None = None) -> Due:  # fmt: skip
    """The end of `span` from `start`.

    `kind`: deadline (rolled), earliest (`due_on` is the first admissible day, the day after the end; not rolled),
    effect (not rolled). For the last two `unrolled_on` is `due_on` itself: `safe_on` is then the last working day to
    have everything ready. `extend_days`: 日 added to the one run before any roll; months and years get paused days
    as so many 日.

    Readings of what the law leaves open, each with today's rule as its default: `roll` False leaves a deadline on its
    last day even when that is a rest day (no text of 工伤保险条例 rolls an authority's own deadline); `boundary`
    NOT_COUNTED leaves out the day of taking up again too, one day more for every pause (see `bounded`); `shorter`: a run
    that began before `shorter.since` and would end on or after it ends with the shorter of the two lengths.
    `at_most` is no reading but law: the earlier of the run's end and the cap's counts (行政复议法#20.3).

    Raises BadInput where the end lies beyond the year 9999 or `extend_days` is negative, ValueError for another kind
    (start_month is `next_month`) or boundary.
    """
    if kind not in ("deadline", "earliest", "effect"):
        raise ValueError(f"no run of days: {kind}")
    if boundary not in (COUNTS, NOT_COUNTED):
        raise ValueError(f"no reading of a pause's end: {boundary}")
    if extend_days < 0:
        raise BadInput("延长的天数不能是负数，请填 0 或正整数。")
    try:
        run = _Run(start, calendar, merged(bounded(pauses, boundary)), extend_days)
        return _reckon(run, span, law, kind, roll and kind == "deadline", at_most, shorter)
    except (OverflowError, ValueError) as error:
        raise BadInput(f"从 {start} 起算 {span}，日期超出能算的范围。请核对起算日和天数。") from error


@dataclass(frozen=True)
class _Run:
    """What lengthens a run: pauses in order and apart, days of extension."""

    start: date
    calendar: Calendar
    pauses: Sequence[Pause] = ()
    extend: int = 0

    def end(self, span: Span, steps: list[str]) -> date:
        """The unrolled end, pauses and extension included."""
        if span.unit == "工作日":
            end = _workdays(span.amount, self.start, self.calendar, self.pauses, steps)
            return _longer(end, self.extend, self.pauses, steps) if self.extend else end
        end = matching(self.start, span)
        steps.append(_plain_end(span, self.start, end))
        if self.extend:
            end += timedelta(days=self.extend)
            steps.append(f"延长 {self.extend} 日，与原期限连成一段计算，到 {_day(end)}。")
        return _paused(self.start, end, self.pauses, steps)


def _reckon(run: _Run, span: Span, law: str, kind: str, rolls: bool, cap: AtMost | None,
            later: NextVersion | None) -> Due:  # fmt: skip
    start, calendar = run.start, run.calendar
    first = f"从 {_day(start)}起算，当日不计入，第一天是 {_day(start + ONE_DAY)}（{_civil(start, '201')}）"
    steps = [f"期限 {span}{_cited(law)}，{first}。"]
    reached = end = run.end(span, steps)
    if later:
        end = _shorter(run, end, later, steps)
    cap_on = _Run(cap.start, calendar).end(cap.span, []) if cap else None
    if cap and cap_on:
        end = _capped(end, cap, cap_on, bool(run.pauses or run.extend), steps)
    counted_to = end
    if kind == "earliest":
        end += ONE_DAY
        steps.append(f"这是最早日期：满期的次日 {_day(end)}起可以办，不顺延。")
    elif kind == "effect":
        steps.append(f"期满 {_day(end)}即发生效果，不顺延。")
    elif not rolls and calendar.is_rest(end):
        why = calendar.why_rest(end)
        steps.append(f"最后一日 {_day(end)}是休息日（{why}）；没有条文写明机关办事的期限也顺延，这里选的是不顺延。")
    due = _rolled(end, calendar, steps) if rolls else end
    idle = [p for p in run.pauses if p.until <= start + ONE_DAY or p.since > counted_to]
    steps += [_idle(p, due) for p in idle]
    counted = range((start + ONE_DAY).year, max(reached, end).year + 1) if span.unit == "工作日" else ()
    return _finished(due, end, calendar, steps, counted, rolls=rolls, cap_on=cap_on)


def fixed(day: date, *, calendar: Calendar, law: str = "", roll: bool = True) -> Due:
    """A day a notice has fixed; rolled when it is a rest day, unless `roll` is False."""
    steps = [f"通知书写明的最后一日是 {_day(day)}{_cited(law)}。"]
    return _finished(_rolled(day, calendar, steps) if roll else day, day, calendar, steps, rolls=roll)


def next_month(start: date, *, calendar: Calendar, law: str = "") -> Due:
    """The first day of the month after `start` (next-month rules). Raises BadInput beyond the year 9999."""
    if (start.year, start.month) == (date.max.year, 12):
        raise BadInput(f"{start} 的次月超出能算的范围。请核对起算日。")
    first = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    step = f"{_day(start)}所在月份的次月起{_cited(law)}，即 {first.year}年{first.month}月，第一日是 {first}。"
    return _finished(first, first, calendar, [step], rolls=False)


def near_day(start: date, effective_on: date, calendar: Calendar) -> date:
    """Yellow from this day: a fifth of the time left or three working days left, whichever comes first."""
    share = effective_on - timedelta(days=max((effective_on - start).days // NEAR_SHARE, 0))
    working = effective_on
    for _ in range(NEAR_WORKDAYS):
        working = last_working(max(working, FIRST_DAY) - ONE_DAY, calendar)
    return max(min(share, working), start + ONE_DAY) if effective_on > start else effective_on


# --- inside ----------------------------------------------------------------------------------------------------------


def _shorter(run: _Run, end: date, later: NextVersion, steps: list[str]) -> date:
    """The shorter of two lengths where the run reaches over the day the next one came in."""
    if run.start >= later.since or end < later.since:
        return end
    other = run.end(later.span, [])
    reach = f"这一段跨过 {later.since}，那天起是 {later.span}{_cited(later.law)}，从同一天算到 {_day(other)}"
    steps.append(f"{reach}；没有条文写明按哪一个，这里选的是较短的，到 {_day(min(end, other))}。")
    if other < min(end, later.since):
        steps.append(f"这一日早于 {later.since}，只是谨慎的办理日，不能只凭它说逾期。")
    return min(end, other)


def _capped(end: date, cap: AtMost, cap_on: date, lengthened: bool, steps: list[str]) -> date:
    """The earlier of the run's end and the cap's, both before any roll: rolling keeps their order."""
    longest = f"最长 {cap.span}{_cited(cap.law)}，从{cap.event or '另一日期'} {_day(cap.start)}起算（当日不计入），到 {_day(cap_on)}"
    if cap_on >= end:
        steps.append(f"{longest}，不早于上面的 {_day(end)}，不改变。")
        return end
    steps.append(f"{longest}，早于上面的 {_day(end)}，以它为准；它也是期间，最后一日是休息日的一样顺延。")
    if lengthened:
        steps.append("中止、扣除、延长都不加长最长的期间；另有不可抗力等正当理由的，请由人判断。")
    return cap_on


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
              rolls: bool = True, cap_on: date | None = None) -> Due:  # fmt: skip
    safe = last_working(end, calendar)
    before = "顺延前最后一日当天或者之前" if rolls else "这一日当天或者之前"
    steps.append(f"内控日 {_day(safe)}：{before}的最后一个工作日{'' if rolls else '，供提前准备'}。")
    unknown = sorted({y for y in (*counted, due.year, end.year, safe.year) if y not in calendar.notices})
    if unknown:
        steps.append(f"{'、'.join(map(str, unknown))} 年的放假安排没有收录，日期是暂估的，公布后重算。")
    return Due(due, end, safe, bool(unknown), steps, cap_on)


def _cited(law: str) -> str:
    return f"（{law}）" if law else ""


def _day(day: date) -> str:
    return f"{day}（星期{WEEKDAYS[day.weekday()]}）"


def _civil(day: date, article: str) -> str:
    """Where the rule of reckoning stood on that day (the content is the same); earlier texts are not in the tables."""
    if day < GENERAL_PART:
        return f"民法典#{article}，当时的规定没有收录"
    return f"{'民法典' if day >= CIVIL_CODE else '民法总则'}#{article}"
