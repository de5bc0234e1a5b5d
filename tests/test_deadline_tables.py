"""deadlines.yaml: every code, holiday border, version and reading, against a walk of its own and against the engine.

The walk shares nothing with the engine: it takes the length from the row itself, rest days from a package that knows
the State Council's notices, and goes from day to day. A wrong table, a wrong rule and a wrong engine all show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
import yaml

from workflow import law
from workflow.due import CHOICES, due
from workflow.errors import Refused

Row = dict[str, Any]
FILE = Path(__file__).with_name("law") / "deadlines.yaml"
TABLE: dict[str, list[Row]] = yaml.safe_load(FILE.read_text("utf-8"))
ALL = [row for rows in TABLE.values() for row in rows]
DATED = [row for row in ALL if "none" not in row]
SILENT = [row for row in ALL if "none" in row]
ONE = timedelta(days=1)
NOTICES = range(2019, 2027)
ALWAYS_OFF = {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}
SWITCHES = {
    "OD-APPR": date(2021, 1, 4), "SV-PUBLIC": date(2022, 1, 1), "BN-REIMB": date(2023, 12, 1),
    "AR-REPLY": date(2024, 1, 1), "AR-SUPP": date(2024, 1, 1), "AR-NOTINFORMED": date(2024, 1, 1),
    "AR-COPY-SIMPLE": date(2024, 1, 1), "AR-REPLY-SIMPLE": date(2024, 1, 1), "AR-DEC-SIMPLE": date(2024, 1, 1),
    "LA-MAT": date(2025, 7, 1), "LA-DLV": date(2025, 7, 1), "LA-RE-DLV": date(2025, 7, 1),
}  # fmt: skip
ASKED = ("pauses", "extend", "promise", "cap_from", "version_on", "answers")


def name(row: Row) -> str:
    extra = [f"{key}={row[key]}" for key in (*ASKED, "none") if key in row]
    return " ".join([row["code"], str(row["from"]), *extra])


# --- the walk --------------------------------------------------------------------------------------------------------


def rest(day: date) -> bool:
    if day.year in NOTICES:
        return not chinese_calendar.is_workday(day)
    fixed = (day.month, day.day) in ALWAYS_OFF or ((day.month, day.day) == (5, 2) and day.year >= 2025)
    return fixed or day.weekday() >= 5


def first_working(day: date, step: timedelta) -> date:
    while rest(day):
        day += step
    return day


def reading(row: Row, question: str) -> str:
    chosen: str = row.get("answers", {}).get(question, "")
    return chosen


def left_out(row: Row) -> set[date]:
    """Every day of the pauses; under one reading the day of taking up again with them."""
    days: set[date] = set()
    for word in row.get("pauses", ()):
        day, until = (date.fromisoformat(part) for part in word.split(".."))
        days |= {day + timedelta(days=n) for n in range((until - day).days)}
        days |= {until} if reading(row, "pause_boundary") == "not_counted" else set()
    return days


def walked(start: date, length: str, out: set[date], extend: int = 0) -> date:
    """The last day of the run, day by day."""
    found = re.fullmatch(r"(\d+) (日|个工作日|个月|年)", length)
    assert found, length
    left, unit, day = int(found[1]), found[2], start
    if unit == "个工作日":
        while left:
            day += ONE
            left -= day not in out and not rest(day)
        left = extend
    elif unit == "日":
        left += extend
    else:
        left = (same_day(start, left * (12 if unit == "年" else 1)) - start).days + extend
    while left:
        day += ONE
        left -= day not in out
    return day


def same_day(start: date, months: int) -> date:
    """The same day so many months on, or the last day before it that exists."""
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for day in range(start.day, 0, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    raise AssertionError(start)


def unrolled(row: Row) -> tuple[date, date]:
    """The last day before any roll, and how far the run itself had to be counted."""
    start, out, extend = row["from"], left_out(row), row.get("extend", 0)
    if row.get("kind") == "start_month":
        day = start + ONE
        while day.day != 1:
            day += ONE
        return day, day
    reached = end = walked(start, row["within"], out, extend)
    if reading(row, "delivery_across_2025") == "shorter" and start < row["then_from"] <= end:
        end = min(end, walked(start, row["then"], out, extend))
    if "at_most" in row:
        end = min(end, walked(row["cap_from"], row["at_most"], set()))
    return (end + ONE if row.get("kind") == "earliest" else end), reached


def answered(row: Row) -> Row:
    """What the row should say."""
    end, reached = unrolled(row)
    rolls = row.get("kind", "deadline") == "deadline" and reading(row, "authority_rollover") != "unrolled"
    due_on = first_working(end, ONE) if rolls else end
    safe_on = first_working(end, -ONE)
    years = {end.year, due_on.year, safe_on.year}
    years |= counted_years(row["from"], row.get("within", ""), reached)
    says: Row = {"due_on": due_on, "safe_on": safe_on}
    if "promise" in row:
        last = walked(row["from"], row["promise"], left_out(row))
        says["promise_on"] = first_working(last, ONE) if reading(row, "authority_rollover") != "unrolled" else last
        says["effective_on"] = min(says["promise_on"], due_on)
        years |= {last.year, says["promise_on"].year, first_working(last, -ONE).year}
        years |= counted_years(row["from"], row["promise"], last)
    return says | {"provisional": bool(years - set(NOTICES))}


def counted_years(start: date, length: str, end: date) -> set[int]:
    return set(range((start + ONE).year, end.year + 1)) if length.endswith("工作日") else set()


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", DATED, ids=name)
def test_the_stored_days_are_those_a_walk_comes_to(row: Row) -> None:
    stored = {"provisional": False} | {key: row[key] for key in row if key.endswith("_on") and key != "version_on"}
    stored |= {"provisional": row.get("provisional", False)}
    assert stored == answered(row), row["why"]


@pytest.mark.parametrize("row", DATED, ids=name)
def test_the_engine_comes_to_the_stored_days(row: Row) -> None:
    got = due(row["code"], row["from"], **{key: row[key] for key in ASKED if key in row})
    plain = {key: str(row[key]) for key in ("due_on", "safe_on", "promise_on", "effective_on") if key in row}
    assert {key: got.get(key) for key in plain} == plain, row["why"]
    assert (got["provisional"], got["kind"]) == (row.get("provisional", False), row.get("kind", "deadline"))
    assert ("cap_on" in got) == ("at_most" in row) and ("effective_on" in got) == ("promise" in row)
    text = "\n".join(got["steps"])
    assert got["law"] in text and str(row["due_on"]) in text and str(row["from"]) in text


@pytest.mark.parametrize("row", DATED, ids=name)
def test_the_length_written_in_the_row_is_the_one_of_the_rules(row: Row) -> None:
    """So that a wrong figure in rules.yaml is seen where no rest day hides it."""
    on: date = row["version_on"] if "version_on" in row else row["from"]
    assert str(law.rule(row["code"], on).span or "") == row.get("within", "")


@pytest.mark.parametrize("row", SILENT, ids=name)
def test_where_the_law_gives_no_length_the_answer_says_why(row: Row) -> None:
    with pytest.raises(Refused, match=re.escape(row["none"])) as refused:
        due(row["code"], row["from"])
    assert refused.value.reasons[0].law


# --- what the table covers -------------------------------------------------------------------------------------------


def test_there_are_enough_examples_each_with_its_reasoning_and_none_twice() -> None:
    names = [name(row) for row in ALL]
    assert len(DATED) >= 160 and len(set(names)) == len(names)
    other = yaml.safe_load(FILE.with_name("due.yaml").read_text("utf-8"))
    assert not set(names) & {name(row) for rows in other.values() for row in rows}
    for row in ALL:
        assert re.search(r"[\u4e00-\u9fff]{5}", row["why"]), row
        if "none" not in row:
            last = row["due_on"]
            assert f"{last.month}月{last.day}日" in row["why"], "the reasoning must arrive at the day"


def test_every_code_with_a_length_has_an_example_and_every_other_one_an_answer() -> None:
    assert {row["code"] for row in DATED} == {rule.code for rule in law.rules() if not rule.none}
    assert {row["code"] for row in SILENT} == {rule.code for rule in law.rules() if rule.none}


def test_every_version_has_an_example_on_both_sides_of_its_switch() -> None:
    dated = {rule.code: rule.since for rule in law.rules() if rule.since}
    assert dated == SWITCHES, "a version of rules.yaml this table does not know, or the other way round"
    for code, switch in SWITCHES.items():
        starts = {row["from"] for row in ALL if row["code"] == code}
        assert any(switch - timedelta(days=5) <= day < switch for day in starts), (code, "before")
        assert any(switch <= day <= switch + timedelta(days=5) for day in starts), (code, "after")


def breaks() -> Iterator[tuple[date, date]]:
    """Every unbroken stretch of rest days with a holiday in it: its first and its last day."""
    day = date(2019, 1, 1)
    while day.year in NOTICES:
        first = day
        while rest(day):
            day += ONE
        stretch = [first + timedelta(days=n) for n in range((day - first).days)]
        if any(day.year in NOTICES and chinese_calendar.is_holiday(day) and holiday(day) for day in stretch):
            yield first, stretch[-1]
        day += ONE


def holiday(day: date) -> bool:
    off, why = chinese_calendar.get_holiday_detail(day)
    return bool(off and why)


ENDS = {unrolled(row)[0] for row in DATED if row.get("kind", "deadline") == "deadline"}


@pytest.mark.parametrize(("first", "last"), list(breaks()), ids=str)
def test_a_last_day_falls_on_the_first_and_on_the_last_day_of_every_break(first: date, last: date) -> None:
    assert {first, last} <= ENDS


def test_a_last_day_falls_on_every_weekend_day_that_was_worked() -> None:
    days = [date(2019, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2019, 1, 1)).days)]
    worked = [day for day in days if day.weekday() >= 5 and not rest(day)]
    assert len(worked) == 52 and [day for day in worked if day not in ENDS] == []


def test_new_years_eve_was_worked_in_2024_and_is_off_since_2025() -> None:
    eves = {date(2024, 2, 9): False, date(2025, 1, 28): True, date(2026, 2, 16): True}
    assert {day: rest(day) for day in eves} == eves and set(eves) <= ENDS


def test_leap_days_month_ends_year_ends_and_years_without_notice_are_there() -> None:
    both = {row["from"] for row in DATED} | {row["due_on"] for row in DATED}
    assert {date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28)} <= both
    assert {date(year, 12, 31) for year in (2022, 2023, 2025, 2026)} <= ENDS | both
    assert sum(row["due_on"].year == 2027 and row["provisional"] for row in DATED) >= 10
    assert any(row["due_on"].year == 2018 for row in DATED)
    assert date(2020, 2, 2) in ENDS, "the prolonged break of 2020"


def test_every_kind_of_question_is_asked() -> None:
    assert {row.get("kind", "deadline") for row in DATED} == set(law.KINDS)
    for key, least in (("pauses", 20), ("extend", 10), ("promise", 8), ("at_most", 15), ("version_on", 2)):
        assert sum(key in row for row in DATED) >= least, key
    asked = {(question, choice) for row in DATED for question, choice in row.get("answers", {}).items()}
    others = {(question, choices[1]) for question, choices in CHOICES.items()}
    assert others <= asked, "every reading that is not today's needs examples"
