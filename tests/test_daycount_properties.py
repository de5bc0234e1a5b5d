"""What must hold of every period, whatever its length, pauses, extension, cap and reading of the law's open questions.

`make test` tries a fixed sample, PROVE_ALL=1 thousands at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflow import law
from workflow.daycount import (
    COUNTS,
    NOT_COUNTED,
    AtMost,
    Calendar,
    Due,
    NextVersion,
    Pause,
    Span,
    bounded,
    matching,
    merged,
    reckon,
)
from workflow.due import due

ONE = timedelta(days=1)
CALENDAR = law.calendar()
KINDS = ("deadline", "earliest", "effect")
days = st.dates(date(2018, 10, 1), date(2027, 6, 30))
plain = st.builds(Span, st.integers(1, 120), st.just("日"))
working = st.builds(Span, st.integers(1, 40), st.just("工作日"))
months = st.builds(Span, st.integers(1, 15), st.just("月")) | st.builds(Span, st.integers(1, 3), st.just("年"))


@dataclass(frozen=True)
class Run:
    """A period with everything that bears on it."""

    span: Span
    start: date
    pauses: tuple[Pause, ...] = ()
    extend: int = 0
    kind: str = "deadline"
    roll: bool = True
    boundary: str = COUNTS
    cap: AtMost | None = None
    shorter: NextVersion | None = None
    calendar: Calendar = field(default=CALENDAR, repr=False)

    def end(self, **changed: Any) -> Due:
        r = replace(self, **changed)
        return reckon(
            r.span, r.start, calendar=r.calendar, pauses=r.pauses, extend_days=r.extend, kind=r.kind, roll=r.roll,
            boundary=r.boundary, at_most=r.cap, shorter=r.shorter,
        )  # fmt: skip


def three(due: Due) -> tuple[date, date, date]:
    return due.safe_on, due.unrolled_on, due.due_on


def none_earlier(before: Due, after: Due) -> bool:
    return all(a <= b for a, b in zip(three(before), three(after), strict=True))


@st.composite
def pauses_near(draw: st.DrawFn, start: date, most: int = 3) -> tuple[Pause, ...]:
    """In any order, overlapping, touching, empty; before, in and after the run."""
    begun = draw(st.lists(st.tuples(st.integers(-15, 130), st.integers(0, 45)), max_size=most))
    return tuple(Pause(a := start + timedelta(days=n), a + timedelta(days=k)) for n, k in begun)


@st.composite
def runs(draw: st.DrawFn, spans: st.SearchStrategy[Span] = plain | working | months, bare: bool = False) -> Run:
    """`bare`: no cap and no other version."""
    start = draw(days)
    cap = later = None
    if not bare:
        cap = draw(st.none() | st.builds(AtMost, plain | months, st.dates(start - timedelta(days=500), start)))
        later = draw(st.none() | st.builds(NextVersion, spans, st.dates(start - ONE, start + timedelta(days=150))))
    return Run(
        draw(spans), start, draw(pauses_near(start)), draw(st.integers(0, 40)), draw(st.sampled_from(KINDS)), draw(st.booleans()),
        draw(st.sampled_from((COUNTS, NOT_COUNTED))), cap, later,
    )  # fmt: skip


# --- the order of the days -------------------------------------------------------------------------------------------


@given(runs())
def test_safe_day_unrolled_day_and_due_day_stand_in_this_order(run: Run) -> None:
    due = run.end()
    assert due.safe_on <= due.unrolled_on <= due.due_on
    assert not CALENDAR.is_rest(due.safe_on)
    between = [due.safe_on + timedelta(days=n) for n in range(1, (due.unrolled_on - due.safe_on).days + 1)]
    assert all(CALENDAR.is_rest(day) for day in between), "a working day lies between the safe and the unrolled day"


@given(runs())
def test_a_rolled_day_is_no_rest_day_and_no_working_day_was_passed_over(run: Run) -> None:
    due = run.end(kind="deadline", roll=True)
    passed = [due.unrolled_on + timedelta(days=n) for n in range((due.due_on - due.unrolled_on).days)]
    assert not CALENDAR.is_rest(due.due_on) and all(CALENDAR.is_rest(day) for day in passed)


@given(runs())
def test_an_unrolled_reading_is_never_later_and_moves_nothing_else(run: Run) -> None:
    rolled, unrolled = run.end(kind="deadline", roll=True), run.end(kind="deadline", roll=False)
    assert unrolled.due_on == unrolled.unrolled_on == rolled.unrolled_on <= rolled.due_on
    assert unrolled.safe_on == rolled.safe_on


@given(runs())
def test_only_deadlines_roll_and_the_switch_does_not_touch_the_others(run: Run) -> None:
    for kind in ("earliest", "effect"):
        assert three(run.end(kind=kind, roll=True)) == three(run.end(kind=kind, roll=False))
    assert run.end(kind="earliest").due_on == run.end(kind="effect").due_on + ONE


# --- pauses ----------------------------------------------------------------------------------------------------------


@given(runs(), st.data())
def test_another_pause_never_brings_a_day_forward(run: Run, data: st.DataObject) -> None:
    more = data.draw(pauses_near(run.start))
    assert none_earlier(run.end(shorter=None), run.end(shorter=None, pauses=run.pauses + more))


@given(runs(), st.integers(0, 3), st.integers(1, 30), st.booleans())
def test_a_longer_pause_never_brings_a_day_forward(run: Run, which: int, by: int, at_its_end: bool) -> None:
    if not run.pauses:
        return
    at = which % len(run.pauses)
    old, more = run.pauses[at], timedelta(days=by)
    new = replace(old, until=old.until + more) if at_its_end else replace(old, since=old.since - more)
    changed = (*run.pauses[:at], new, *run.pauses[at + 1 :])
    assert none_earlier(run.end(shorter=None), run.end(shorter=None, pauses=changed))


def test_a_pause_can_carry_a_run_over_to_the_next_version_and_so_to_an_earlier_day() -> None:
    """Why the two properties above leave `shorter` out: crossing the switch changes the length itself."""
    run = Run(Span(20, "日"), date(2025, 6, 10), shorter=NextVersion(Span(15, "日"), date(2025, 7, 1)), cap=None)
    stopped = run.end(pauses=(Pause(date(2025, 6, 12), date(2025, 6, 13)),))
    assert (run.end().due_on, stopped.due_on) == (date(2025, 6, 30), date(2025, 6, 26))


@given(runs(), st.data())
def test_splitting_a_pause_changes_nothing(run: Run, data: st.DataObject) -> None:
    pieces: list[Pause] = []
    for p in run.pauses:
        cut = p.since + timedelta(days=data.draw(st.integers(0, (p.until - p.since).days)))
        pieces += [Pause(p.since, cut), Pause(cut, p.until)]
    order = data.draw(st.permutations(pieces))
    assert three(run.end(pauses=tuple(order))) == three(run.end())


@given(st.data())
def test_merged_pauses_leave_out_the_union_of_their_days(data: st.DataObject) -> None:
    pauses = data.draw(pauses_near(date(2026, 3, 2), most=8))

    def out(some: Any) -> set[date]:
        return {p.since + timedelta(days=n) for p in some for n in range((p.until - p.since).days)}

    joined = merged(pauses)
    assert out(joined) == out(pauses) and sum((p.until - p.since).days for p in joined) == len(out(pauses))
    assert merged(joined) == joined and merged(reversed(pauses)) == merged(pauses)


@given(runs(plain | months, bare=True))
def test_the_run_grows_by_exactly_the_days_left_out_inside_it(run: Run) -> None:
    end = run.end(kind="effect").due_on
    out = {
        p.since + timedelta(days=n) for p in bounded(run.pauses, run.boundary) for n in range((p.until - p.since).days)
    }
    inside = [day for day in out if run.start < day <= end]
    assert end == matching(run.start, run.span) + timedelta(days=run.extend + len(inside)) and end not in out


@given(runs())
def test_not_counting_the_day_of_taking_up_again_is_never_earlier_and_at_most_a_day_a_pause(run: Run) -> None:
    counts, not_counted = run.end(boundary=COUNTS, shorter=None), run.end(boundary=NOT_COUNTED, shorter=None)
    assert none_earlier(counts, not_counted)
    if run.span.unit != "工作日" and run.cap is None and len(run.pauses) <= 1:
        assert (not_counted.unrolled_on - counts.unrolled_on).days in (0, 1)


def test_not_counting_is_exactly_one_day_more_for_each_pause_that_lies_apart() -> None:
    run = Run(Span(60, "日"), date(2026, 3, 2), (Pause(date(2026, 3, 10), date(2026, 3, 20)),))
    two = (*run.pauses, Pause(date(2026, 4, 1), date(2026, 4, 1)))
    assert run.end(boundary=NOT_COUNTED).unrolled_on == run.end().unrolled_on + ONE
    assert run.end(boundary=NOT_COUNTED, pauses=two).unrolled_on == run.end(pauses=two).unrolled_on + 2 * ONE
    assert bounded(two, COUNTS) == list(two)
    assert "恢复当日 2026-03-20 也不计入" in "".join(run.end(boundary=NOT_COUNTED).steps)


# --- extension, start, length ----------------------------------------------------------------------------------------


@given(runs(), st.integers(1, 60))
def test_a_longer_extension_is_never_earlier(run: Run, more: int) -> None:
    assert none_earlier(run.end(shorter=None), run.end(shorter=None, extend=run.extend + more))


@given(runs(bare=True), st.integers(1, 60))
def test_a_longer_extension_is_later_where_nothing_caps_it(run: Run, more: int) -> None:
    assert run.end().unrolled_on < run.end(extend=run.extend + more).unrolled_on


@given(runs(plain | working), st.integers(1, 40))
def test_a_later_start_never_ends_earlier(run: Run, later: int) -> None:
    assert none_earlier(run.end(shorter=None), run.end(shorter=None, start=run.start + timedelta(days=later)))


@given(runs(months), st.integers(1, 40))
def test_a_later_start_never_ends_a_month_or_a_year_earlier_without_pauses(run: Run, later: int) -> None:
    moved = run.start + timedelta(days=later)
    assert none_earlier(run.end(shorter=None, pauses=()), run.end(shorter=None, pauses=(), start=moved))


def test_with_a_pause_a_month_begun_later_may_end_earlier() -> None:
    """Why the property above leaves pauses out: both months end on 28 February, and only one of them has lost a day."""
    run = Run(Span(1, "月"), date(2026, 1, 30), (Pause(date(2026, 1, 31), date(2026, 2, 1)),))
    assert (run.end(roll=False).due_on, run.end(roll=False, start=date(2026, 1, 31)).due_on) == (
        date(2026, 3, 1),
        date(2026, 2, 28),
    )


def test_a_start_on_the_other_side_of_a_switch_may_end_earlier() -> None:
    """The length is another one: 20 日 from 30 June 2025, 15 日 from 1 July."""
    assert due("LA-DLV", "2025-06-30")["due_on"] > due("LA-DLV", "2025-07-01")["due_on"]


@given(runs(), st.integers(1, 50))
def test_a_longer_length_of_the_same_unit_never_ends_earlier(run: Run, more: int) -> None:
    longer = Span(run.span.amount + more, run.span.unit)
    assert none_earlier(run.end(shorter=None), run.end(shorter=None, span=longer))


# --- caps and versions -----------------------------------------------------------------------------------------------


@given(runs())
def test_a_cap_never_makes_anything_later_and_is_never_outlasted(run: Run) -> None:
    free, capped = run.end(cap=None), run.end()
    assert none_earlier(capped, free)
    if run.cap is None:
        assert capped.cap_on is None and three(capped) == three(free)
        return
    alone = reckon(run.cap.span, run.cap.start, calendar=CALENDAR, kind="effect").due_on
    extra = ONE if run.kind == "earliest" else timedelta()
    assert capped.cap_on == alone and capped.unrolled_on == min(free.unrolled_on, alone + extra)


@given(runs(), st.data())
def test_no_pause_and_no_extension_lengthens_a_cap_that_decides(run: Run, data: st.DataObject) -> None:
    if run.cap is None or (first := run.end(kind="deadline", shorter=None)).unrolled_on != first.cap_on:
        return
    more = data.draw(pauses_near(run.start))
    again = run.end(kind="deadline", shorter=None, pauses=run.pauses + more, extend=run.extend + 30)
    assert three(again) == three(first)


@given(runs())
def test_the_earlier_of_two_rolled_ends_is_the_earlier_end_rolled(run: Run) -> None:
    """Why the cap is compared before the roll: it makes no difference, and the safe day comes out right too."""
    if run.cap is None:
        return
    own = run.end(cap=None, kind="deadline", roll=True).due_on
    cap = reckon(run.cap.span, run.cap.start, calendar=CALENDAR).due_on
    assert run.end(kind="deadline", roll=True).due_on == min(own, cap)


def test_a_cap_that_decides_against_working_days_of_a_year_without_notice_is_provisional() -> None:
    """The run goes on into 2027; where its end will be, and so whether the cap decides, the notice will say."""
    run = Run(Span(20, "工作日"), date(2026, 12, 10), cap=AtMost(Span(1, "年"), date(2025, 12, 30)))
    assert (run.end().due_on, run.end().provisional, run.end(cap=None).due_on.year) == (date(2026, 12, 30), True, 2027)


@given(runs())
def test_the_shorter_of_two_versions_is_never_later_and_only_counts_across_the_switch(run: Run) -> None:
    own, got = run.end(cap=None, shorter=None), run.end(cap=None)
    assert none_earlier(got, own)
    if run.shorter is None or run.start >= run.shorter.since:
        assert three(got) == three(own)
        return
    extra = ONE if run.kind == "earliest" else timedelta()
    if own.unrolled_on - extra < run.shorter.since:
        assert three(got) == three(own)
    else:
        other = run.end(cap=None, shorter=None, span=run.shorter.span)
        assert got.unrolled_on == min(own.unrolled_on, other.unrolled_on)


# --- the calendar ----------------------------------------------------------------------------------------------------


@given(runs(), st.sets(st.integers(-40, 400), min_size=1, max_size=6))
def test_another_rest_day_never_brings_a_deadline_forward(run: Run, at: set[int]) -> None:
    off = CALENDAR.off | {run.start + timedelta(days=n) for n in at}
    fewer = Calendar(off, CALENDAR.work - off, CALENDAR.notices)
    before, after = (run.end(kind="deadline", shorter=None, cap=None, calendar=c) for c in (CALENDAR, fewer))
    assert before.due_on <= after.due_on and before.unrolled_on <= after.unrolled_on
    if run.span.unit != "工作日":
        assert before.unrolled_on == after.unrolled_on and after.safe_on <= before.safe_on


@given(runs(), st.sets(st.integers(-40, 400), min_size=1, max_size=6))
def test_another_working_day_never_makes_a_deadline_later(run: Run, at: set[int]) -> None:
    work = CALENDAR.work | {run.start + timedelta(days=n) for n in at}
    more = Calendar(CALENDAR.off - work, work, CALENDAR.notices)
    before, after = (run.end(kind="deadline", shorter=None, cap=None, calendar=c) for c in (CALENDAR, more))
    assert after.due_on <= before.due_on


@given(runs())
def test_a_day_in_a_year_without_notice_is_provisional_and_says_so(run: Run) -> None:
    due = run.end()
    unknown = {day.year for day in three(due)} - set(CALENDAR.notices)
    assert due.provisional or not unknown
    assert due.provisional == any("暂估" in step for step in due.steps)
    for year in unknown:
        assert any(str(year) in step and "暂估" in step for step in due.steps)


@given(runs(), st.sets(st.sampled_from(range(2019, 2027)), min_size=1))
def test_forgetting_a_notice_can_only_make_more_days_provisional(run: Run, years: set[int]) -> None:
    known = {year: notice for year, notice in CALENDAR.notices.items() if year not in years}
    fewer = Calendar(CALENDAR.off, CALENDAR.work, known)
    due = run.end(calendar=fewer)
    assert due.provisional or not {day.year for day in three(due)} & years


@given(runs(plain | months))
def test_a_calendar_day_run_looks_at_no_year_but_those_of_its_end(run: Run) -> None:
    due = run.end(shorter=None)
    assert due.provisional == bool({day.year for day in three(due)} - set(CALENDAR.notices))


# --- explanations ----------------------------------------------------------------------------------------------------


@given(runs())
def test_every_step_is_a_sentence_and_the_days_reckoned_stand_in_them(run: Run) -> None:
    due = run.end()
    assert all(step.endswith("。") and "  " not in step for step in due.steps)
    text = "".join(due.steps)
    assert all(str(day) in text for day in (run.start, *three(due)))
    if due.cap_on:
        assert str(due.cap_on) in text and "最长" in text


@given(runs())
def test_the_same_question_gets_the_same_answer(run: Run) -> None:
    assert run.end() == run.end()
