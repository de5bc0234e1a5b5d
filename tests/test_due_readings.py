"""`due` asked with promises, caps, other versions and other readings of what the law leaves open."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_daycount_properties import CALENDAR, days, months, pauses_near, plain, working
from workflow import law
from workflow.daycount import NOT_COUNTED, Pause, Span, fixed, matching, near_day, next_month, reckon
from workflow.due import CAPS, CHOICES, due
from workflow.errors import BadInput

# --- by code, promise and reading ------------------------------------------------------------------------------------

CODES = [rule.code for rule in law.rules() if not rule.none and rule.until is None]
lengths = st.builds(str, plain | working | months)


@given(st.sampled_from(CODES), st.dates(date(2024, 1, 1), date(2027, 6, 30)), lengths, st.data())
def test_the_effective_day_is_the_earlier_of_law_and_promise(
    code: str, start: date, promise: str, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_near(start, most=2))
    got, alone = due(code, start, promise=promise, pauses=pauses), due(code, start, pauses=pauses)
    assert got["effective_on"] == min(got["due_on"], got["promise_on"]) and got["due_on"] == alone["due_on"]
    assert got["provisional"] >= alone["provisional"]


@given(st.sampled_from(CODES), st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.data())
def test_every_other_reading_is_told_where_it_gives_another_day(code: str, start: date, data: st.DataObject) -> None:
    pauses = data.draw(pauses_near(start, most=2))
    now = due(code, start, pauses=pauses)
    for question, (usual, other) in CHOICES.items():
        differently = due(code, start, pauses=pauses, answers={question: other})
        told = [step for step in now["steps"] if f"{question}={other}" in step]
        assert len(told) == (differently["due_on"] != now["due_on"])
        assert all(differently["due_on"] in step for step in told)
        assert due(code, start, pauses=pauses, answers={question: usual}) == now


@given(st.sampled_from(sorted(CAPS)), st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 2000))
def test_a_cap_by_code_is_never_later_and_told_where_it_could_be_asked_for(code: str, start: date, before: int) -> None:
    known = start - timedelta(days=before)
    free, capped = due(code, start), due(code, start, cap_from=str(known))
    assert capped["due_on"] <= free["due_on"] and "cap_on" not in free
    assert capped["cap_on"] == str(matching(known, CAPS[code][0]))
    assert any("--cap-from" in step for step in free["steps"]) and str(known) in "".join(capped["steps"])


# --- slips -----------------------------------------------------------------------------------------------------------


def test_slips_in_the_new_questions_are_told_with_every_other_fault() -> None:
    with pytest.raises(BadInput) as refused:
        due(
            "GS-DEC",
            "昨天",
            cap_from="2026-02-30",
            version_on="x",
            answers=["pause_boundary=maybe", "weather=fine", "x"],
        )
    told = refused.value.sentences()
    for part in (
        "“昨天”",
        "--cap-from 的“2026-02-30”",
        "--version-on 的“x”",
        "pause_boundary=maybe",
        "weather",
        "没有另外的最长期间",
    ):
        assert sum(part in sentence for sentence in told) == 1, part
    assert [r.field for r in refused.value.reasons].count("--answer") == 3


def test_a_reading_nobody_knows_is_a_slip_of_the_caller() -> None:
    with pytest.raises(ValueError, match="maybe"):
        reckon(Span(15, "日"), date(2026, 3, 2), calendar=CALENDAR, boundary="maybe")


def test_the_other_reading_beyond_the_end_of_time_is_left_out_or_refused_in_words() -> None:
    last = Pause(date(9999, 12, 1), date.max)
    assert reckon(Span(15, "日"), date(2026, 3, 2), calendar=CALENDAR, pauses=[last]).due_on == date(2026, 3, 17)
    with pytest.raises(BadInput, match="超出能算的范围"):
        reckon(Span(15, "日"), date(2026, 3, 2), calendar=CALENDAR, pauses=[last], boundary=NOT_COUNTED)
    assert "pause_boundary" not in "".join(due("GS-DEC", "2026-03-02", pauses=[last])["steps"])


def test_a_version_chosen_by_another_day_is_told() -> None:
    got = due("LA-DLV", "2025-06-20", version_on="2025-07-01")
    assert got["due_on"] == "2025-07-07" and "按另写的 2025-07-01 选用" in got["steps"][1]
    assert "按起算日 2025-06-20 选用" in due("LA-DLV", "2025-06-20")["steps"][1]


# --- the other dates -------------------------------------------------------------------------------------------------


@given(days, st.booleans())
def test_a_day_a_notice_fixed_rolls_unless_told_otherwise(day: date, roll: bool) -> None:
    due = fixed(day, calendar=CALENDAR, roll=roll)
    assert due.unrolled_on == day and due.safe_on <= day <= due.due_on
    assert due.due_on == day if not roll else not CALENDAR.is_rest(due.due_on)


@given(days, st.integers(0, 40))
def test_a_month_that_begins_later_is_never_an_earlier_one(start: date, later: int) -> None:
    first, second = (next_month(day, calendar=CALENDAR).due_on for day in (start, start + timedelta(days=later)))
    assert first <= second and first.day == 1 and start < first <= start + timedelta(days=31)


@given(days, st.integers(1, 400), st.integers(0, 60))
def test_yellow_never_comes_earlier_for_a_later_end(start: date, length: int, more: int) -> None:
    end = start + timedelta(days=length)
    assert start < near_day(start, end, CALENDAR) <= end
    assert near_day(start, end, CALENDAR) <= near_day(start, end + timedelta(days=more), CALENDAR)
