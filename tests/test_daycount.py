"""Periods: written lengths, rest days, runs with pauses and extensions, against a day-by-day oracle of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import daycount, law
from workflow.daycount import Calendar, Due, Pause, Span, fixed, merged, near_day, next_month, reckon
from workflow.errors import BadInput

ONE = timedelta(days=1)
CALENDAR = law.calendar()

days = st.dates(date(2018, 11, 1), date(2027, 3, 31))
amounts = st.integers(1, 120)
plain = st.builds(Span, amounts, st.just("日"))
working = st.builds(Span, st.integers(1, 40), st.just("工作日"))
months = st.builds(Span, st.integers(1, 15), st.just("月")) | st.builds(Span, st.integers(1, 3), st.just("年"))
spans = plain | working | months


@dataclass(frozen=True)
class Run:
    """What is to be reckoned."""

    span: Span
    start: date
    stops: list[Pause]
    extend: int

    def end(self, kind: str = "deadline", **changed: Any) -> Due:
        run = replace(self, **changed)
        return reckon(run.span, run.start, calendar=CALENDAR, pauses=run.stops, extend_days=run.extend, kind=kind)


@st.composite
def stops_near(draw: st.DrawFn, start: date, most: int = 4) -> list[Pause]:
    """Pauses in any order, overlapping, touching or empty; before, in and after the run."""
    begun = draw(st.lists(st.tuples(st.integers(-15, 130), st.integers(0, 45)), max_size=most))
    return [Pause(since := start + timedelta(days=n), since + timedelta(days=length)) for n, length in begun]


@st.composite
def runs(draw: st.DrawFn, lengths: st.SearchStrategy[Span] = spans) -> Run:
    start = draw(days)
    return Run(draw(lengths), start, draw(stops_near(start)), draw(st.integers(0, 60)))


def oracle(run: Run) -> date:
    """The unrolled end by walking day by day; the matching day by trying."""
    span, start, stops, extend = run.span, run.start, run.stops, run.extend
    out = {p.since + timedelta(days=n) for p in stops for n in range((p.until - p.since).days)}
    day, need = start, span.amount
    if span.unit == "工作日":
        while need:
            day += ONE
            need -= day not in out and not CALENDAR.is_rest(day)
        need = extend
    elif span.unit == "日":
        need += extend
    else:
        year, month = start.year, start.month
        for _ in range(span.amount * (12 if span.unit == "年" else 1)):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        need = (last_that_exists(year, month, start.day) - start).days + extend
    while need:
        day += ONE
        need -= day not in out
    return day


def last_that_exists(year: int, month: int, day: int) -> date:
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


# --- lengths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount", "unit", "written"),
    [
        ("15 日", 15, "日", "15 日"),
        ("15日", 15, "日", "15 日"),
        ("5 个工作日", 5, "工作日", "5 个工作日"),
        ("5工作日", 5, "工作日", "5 个工作日"),
        ("3 个月", 3, "月", "3 个月"),
        ("3 月", 3, "月", "3 个月"),
        (" 1 年 ", 1, "年", "1 年"),
        ("１５ 日", 15, "日", "15 日"),
    ],
)
def test_a_length_is_read_as_the_law_writes_it(text: str, amount: int, unit: str, written: str) -> None:
    span = Span.parse(text)
    assert (span.amount, span.unit, str(span)) == (amount, unit, written)


@pytest.mark.parametrize(
    "text",
    ["", "日", "15", "-3 日", "0 日", "1.5 年", "十五日", "15 周", "15 日内", "3 个日", "1 年 2 个月", "999999 日"],
)
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="15 日"):
        Span.parse(text)


@given(spans)
def test_a_written_length_reads_back(span: Span) -> None:
    assert Span.parse(str(span)) == span


# --- rest days -------------------------------------------------------------------------------------------------------


def test_a_year_without_notice_knows_weekends_and_fixed_holidays() -> None:
    assert not CALENDAR.announced(date(2027, 1, 1))
    rest = [date(2027, 1, 1), date(2027, 1, 2), date(2027, 5, 1), date(2028, 5, 2), date(2028, 10, 3)]
    assert all(CALENDAR.is_rest(day) for day in rest)
    assert not CALENDAR.is_rest(date(2027, 1, 4)) and not CALENDAR.is_rest(date(2027, 4, 5))


def test_the_second_of_may_is_a_holiday_only_since_2025() -> None:
    assert CALENDAR.is_rest(date(2028, 5, 2)) and not CALENDAR.is_rest(date(2018, 5, 2))


def test_why_a_day_is_a_rest_day_names_the_notice() -> None:
    assert "国办发明电〔2025〕7号" in CALENDAR.why_rest(date(2026, 2, 16))
    assert CALENDAR.why_rest(date(2026, 3, 7)) == "星期六"
    assert "没有收录" in CALENDAR.why_rest(date(2027, 1, 1))


def test_a_notice_may_arrange_the_end_of_the_year_before() -> None:
    calendar = Calendar(off=frozenset({date(2026, 12, 31)}), notices={2026: "", 2027: "二〇二七年通知"})
    assert calendar.is_rest(date(2026, 12, 31)) and "二〇二七年通知" in calendar.why_rest(date(2026, 12, 31))


# --- runs, against the oracle ----------------------------------------------------------------------------------------


@given(runs())
def test_a_run_ends_where_walking_day_by_day_ends(run: Run) -> None:
    assert run.end().unrolled_on == oracle(run)


@given(runs())
def test_a_deadline_ends_on_the_first_working_day_from_there(run: Run) -> None:
    due = run.end()
    between = [due.unrolled_on + timedelta(days=n) for n in range((due.due_on - due.unrolled_on).days)]
    assert not CALENDAR.is_rest(due.due_on) and all(map(CALENDAR.is_rest, between))


@given(runs(), st.sampled_from(["deadline", "earliest", "effect"]))
def test_the_safe_day_is_the_last_working_day_up_to_the_unrolled_one(run: Run, kind: str) -> None:
    due = run.end(kind)
    after = [due.safe_on + timedelta(days=n) for n in range(1, (due.unrolled_on - due.safe_on).days + 1)]
    assert due.safe_on <= due.unrolled_on <= due.due_on
    assert not CALENDAR.is_rest(due.safe_on) and all(map(CALENDAR.is_rest, after))


@given(runs())
def test_earliest_is_the_day_after_the_effect_and_neither_is_rolled(run: Run) -> None:
    earliest, effect = run.end("earliest"), run.end("effect")
    assert effect.due_on == effect.unrolled_on == oracle(run)
    assert earliest.due_on == earliest.unrolled_on == effect.due_on + ONE


@given(runs(plain | working), st.integers(1, 40))
def test_a_later_start_never_ends_earlier(run: Run, later: int) -> None:
    first, second = run.end(), run.end(start=run.start + timedelta(days=later))
    assert first.due_on <= second.due_on and first.safe_on <= second.safe_on


@given(runs(months), st.integers(1, 40))
def test_a_later_start_never_ends_a_month_or_year_earlier(run: Run, later: int) -> None:
    # Without pauses: one that covers 31 January counts for a month from the 30th and not for one from the 31st.
    assert run.end(stops=[]).due_on <= run.end(stops=[], start=run.start + timedelta(days=later)).due_on


@given(runs(), st.data())
def test_another_pause_never_brings_the_day_forward(run: Run, data: st.DataObject) -> None:
    more = data.draw(stops_near(run.start, most=1))
    without, with_it = run.end(), run.end(stops=[*more, *run.stops])
    assert without.due_on <= with_it.due_on and without.unrolled_on <= with_it.unrolled_on


@given(runs(), st.integers(1, 20))
def test_a_pause_after_the_unrolled_end_changes_no_day(run: Run, gap: int) -> None:
    due = run.end()
    late = Pause(due.unrolled_on + timedelta(days=gap), due.unrolled_on + timedelta(days=gap + 30))
    again = run.end(stops=[*run.stops, late])
    assert (again.due_on, again.unrolled_on, again.safe_on) == (due.due_on, due.unrolled_on, due.safe_on)


@given(runs(), st.integers(1, 30))
def test_a_longer_extension_ends_later(run: Run, more: int) -> None:
    short, long = run.end(), run.end(extend=run.extend + more)
    assert short.unrolled_on < long.unrolled_on and short.due_on <= long.due_on


@given(runs())
def test_only_a_year_without_notice_makes_a_date_provisional(run: Run) -> None:
    due = run.end()
    looked_at = {due.due_on.year, due.unrolled_on.year, due.safe_on.year}
    if run.span.unit == "工作日":
        looked_at |= set(range((run.start + ONE).year, due.unrolled_on.year + 1))
    assert due.provisional == bool(looked_at - set(range(2019, 2027)))


@given(stops_near(date(2026, 3, 2), most=8))
def test_joined_pauses_lie_apart_and_leave_out_the_same_days(stops: list[Pause]) -> None:
    def left_out(some: list[Pause]) -> set[date]:
        return {p.since + timedelta(days=n) for p in some for n in range((p.until - p.since).days)}

    joined = merged(stops)
    assert left_out(joined) == left_out(stops)
    assert all(a.until < b.since for a, b in pairwise(joined))


def test_pauses_that_touch_are_one_and_keep_both_grounds() -> None:
    first, second = Pause(date(2026, 3, 10), date(2026, 3, 15), "甲"), Pause(date(2026, 3, 15), date(2026, 3, 20), "乙")
    assert merged([second, first]) == [Pause(date(2026, 3, 10), date(2026, 3, 20), "甲；乙")]
    assert merged([Pause(date(2026, 3, 10), date(2026, 3, 10))]) == []


def test_a_roll_or_a_safe_day_into_a_year_without_notice_is_provisional() -> None:
    back = reckon(Span(15, "日"), date(2018, 12, 17), calendar=CALENDAR)
    assert (back.unrolled_on, back.safe_on, back.provisional) == (date(2019, 1, 1), date(2018, 12, 31), True)
    calendar = Calendar(off=frozenset({date(2026, 12, 31)}), notices={2026: ""})
    on = reckon(Span(1, "日"), date(2026, 12, 30), calendar=calendar)
    assert (on.unrolled_on, on.due_on, on.provisional) == (date(2026, 12, 31), date(2027, 1, 4), True)


# --- explanations ----------------------------------------------------------------------------------------------------


def said(span: str, start: date, *stops: Pause, extend: int = 0) -> str:
    due = reckon(Span.parse(span), start, calendar=CALENDAR, pauses=stops, extend_days=extend, law="工伤保险条例#20.1")
    return "\n".join(due.steps)


def test_a_rolled_day_explains_start_article_notice_and_roll() -> None:
    text = said("60 日", date(2026, 3, 2))
    for part in ("工伤保险条例#20.1", "2026-03-02", "2026-03-03", "民法典#201", "2026-05-01", "国办发明电〔2025〕7号",
                 "2026-05-06", "民法典#203.1", "2026-04-30"):  # fmt: skip
        assert part in text, part


def test_counted_working_days_explain_what_was_skipped_and_which_weekend_was_worked() -> None:
    text = said("5 个工作日", date(2026, 2, 12))
    for part in ("2026-02-15 至 2026-02-23", "2026-02-14 计入", "国办发明电〔2025〕7号", "2026-02-26"):
        assert part in text, part
    assert "周末 2 天" in said("5 个工作日", date(2026, 3, 2))


def test_a_worked_weekend_explains_why_it_is_not_rolled() -> None:
    text = said("15 日", date(2026, 9, 5))
    assert "2026-09-20（星期日）调休上班（国办发明电〔2025〕7号），不顺延" in text


def test_pauses_and_extension_explain_themselves() -> None:
    text = said("60 日", date(2026, 3, 2), Pause(date(2026, 3, 10), date(2026, 3, 20), "等待仲裁裁决"), extend=30)
    for part in ("延长 30 日", "等待仲裁裁决", "共 10 日", "2026-06-10"):
        assert part in text, part
    assert "不影响" in said("60 日", date(2026, 3, 2), Pause(date(2027, 3, 10), date(2027, 3, 20)))
    assert "等待" in said("5 个工作日", date(2026, 3, 2), Pause(date(2026, 3, 4), date(2026, 3, 9), "等待"))


@pytest.mark.parametrize("span", ["15 日", "5 个工作日", "1 年"])
def test_a_pause_of_the_start_day_alone_leaves_out_nothing_and_says_so(span: str) -> None:
    text = said(span, date(2026, 3, 2), Pause(date(2026, 3, 2), date(2026, 3, 3)))
    assert "不影响" in text and "不计入。" not in text and "不计入，" not in text.replace("当日不计入，", "")


def test_a_provisional_day_says_which_years_notice_is_missing() -> None:
    assert "2027 年" in said("60 日", date(2026, 12, 1)) and "暂估" in said("60 日", date(2026, 12, 1))


def test_before_the_civil_law_in_the_tables_no_forerunner_is_made_up() -> None:
    text = said("60 日", date(2012, 3, 2))
    assert "民法典#201，当时的规定没有收录" in text and "民法典#203.1，当时的规定没有收录" in text
    assert "当时的规定没有收录" not in said("15 日", date(2017, 10, 1))
    assert "民法典#201" in said("15 日", date(2021, 1, 1)) and "民法总则" not in said("15 日", date(2021, 1, 1))


def test_the_new_year_break_in_december_names_next_years_notice() -> None:
    assert "国办发明电〔2022〕16号" in CALENDAR.why_rest(date(2022, 12, 31))
    assert "国办发明电〔2021〕11号" in CALENDAR.why_rest(date(2022, 10, 3))


def test_before_the_civil_code_its_forerunner_is_cited() -> None:
    assert "民法总则#201" in said("15 日", date(2020, 1, 17)) and "民法总则#203.1" in said("15 日", date(2020, 1, 17))


# --- the other dates -------------------------------------------------------------------------------------------------


def test_a_day_a_notice_fixed_rolls_like_any_last_day() -> None:
    due = fixed(date(2026, 10, 3), calendar=CALENDAR, law="劳动能力鉴定管理办法#10.1")
    assert (due.due_on, due.unrolled_on, due.safe_on) == (date(2026, 10, 8), date(2026, 10, 3), date(2026, 9, 30))
    assert fixed(date(2026, 10, 10), calendar=CALENDAR).due_on == date(2026, 10, 10)


@given(days)
def test_the_next_month_begins_on_its_first_day_rest_day_or_not(start: date) -> None:
    due = next_month(start, calendar=CALENDAR)
    assert due.due_on.day == 1 and start < due.due_on and (due.due_on - ONE).month == start.month


@pytest.mark.parametrize(
    ("start", "end", "near", "why"),
    [
        (date(2026, 3, 2), date(2026, 5, 1), date(2026, 4, 19), "a fifth of 60 days: 12 days before the end"),
        (date(2026, 3, 2), date(2026, 3, 17), date(2026, 3, 12), "three working days left: 13, 16, 17; a fifth is 14"),
        (
            date(2026, 9, 24),
            date(2026, 10, 9),
            date(2026, 9, 29),
            "30, 8 and 9 are left: the holiday brings it forward",
        ),
        (date(2026, 3, 9), date(2026, 3, 11), date(2026, 3, 10), "never on the start day itself"),
        (date(2026, 3, 9), date(2026, 3, 9), date(2026, 3, 9), "no time at all"),
    ],
)
def test_yellow_begins_at_a_fifth_or_three_working_days(start: date, end: date, near: date, why: str) -> None:
    assert near_day(start, end, CALENDAR) == near, why


@given(days, st.integers(1, 400))
def test_yellow_lies_inside_the_run(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    assert start < near_day(start, end, CALENDAR) <= end


# --- the ends of time, and slips -------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", ["90 日", "40 个工作日", "3 个月", "1 年"])
def test_a_day_beyond_the_year_9999_is_refused_in_words(span: str) -> None:
    with pytest.raises(BadInput, match="超出能算的范围"):
        reckon(Span.parse(span), date(9999, 12, 1), calendar=CALENDAR)


def test_the_first_days_of_time_have_no_working_day_before_them() -> None:
    first = date.min
    assert daycount.last_working(first, CALENDAR) == first and fixed(first, calendar=CALENDAR).safe_on == first
    assert near_day(first, first + timedelta(days=2), CALENDAR) == first + ONE
    assert fixed(date.max, calendar=CALENDAR).due_on == date.max


def test_the_month_after_the_last_one_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="超出能算的范围"):
        next_month(date(9999, 12, 3), calendar=CALENDAR)


def test_an_endless_pause_or_extension_is_refused_in_words() -> None:
    endless = Pause(date(2026, 3, 3), date.max)
    for span in ("15 日", "5 个工作日"):
        with pytest.raises(BadInput, match="超出能算的范围"):
            reckon(Span.parse(span), date(2026, 3, 2), calendar=CALENDAR, pauses=[endless])
    with pytest.raises(BadInput, match="超出能算的范围"):
        reckon(Span(15, "日"), date(2026, 3, 2), calendar=CALENDAR, extend_days=10**12)


def test_slips_of_the_caller_are_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Pause(date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(BadInput, match="负数"):
        reckon(Span(15, "日"), date(2026, 3, 2), calendar=CALENDAR, extend_days=-1)
    with pytest.raises(ValueError, match="start_month"):
        reckon(Span(1, "月"), date(2026, 3, 2), calendar=CALENDAR, kind="start_month")
    with pytest.raises(ValueError, match="calendar"):
        daycount.matching(date(2026, 3, 2), Span(5, "工作日"))
