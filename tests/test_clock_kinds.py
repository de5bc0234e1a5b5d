"""What kind of day a limit ends on, which version of it holds, how an open legal question moves it, and how it was kept.

The tables are days worked out by hand with a calendar of 2025 and 2026; daycount's own rules have their own tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from workflow import law
from workflow.daycount import Span
from workflow.deadlines import ClockBook, kept, light, summarize
from workflow.definition import load
from workflow.definition.model import ClockDef, DatedSpan, Definition
from workflow.settings import ROOT

DEFINITION = load(ROOT / "states.yaml")
CALENDAR = law.build_calendar(law.shipped_years())
TODAY = date(2026, 3, 20)
BOTH = ("worker", "employer")


def day(text: str) -> date:
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def days(**told: str) -> dict[str, date]:
    return {name: day(text) for name, text in told.items()}


def answered(**choices: str) -> Definition:
    """The process with other answers to open questions, as another version of the file would have them."""
    questions = {n: replace(q, use=choices.get(n, q.use)) for n, q in DEFINITION.questions.items()}
    assert all(choices[n] in questions[n].choices for n in choices)
    return replace(DEFINITION, questions=questions)


def book(definition: Definition = DEFINITION, today: date = TODAY, **more: Any) -> ClockBook:
    return ClockBook(definition, CALENDAR, today, 1, 1, 1, **more)


def run(name: str, dates: Mapping[str, date], definition: Definition = DEFINITION, **more: Any) -> dict[str, Any]:
    """One clock started from these days; of those for each addressee the worker's."""
    b = book(definition, dates=dates, **more)
    b.start(name, dates, ("worker",))
    (row,) = b.rows
    return row


# --- days that are no deadlines ------------------------------------------------------------------------------------------

# clock, from, the day, when the worker process looks at it
NO_DEADLINES = [
    ("recheck_from", {"concluded_on": "2025-10-03"}, "10-04", "10-04"),  # the day after the year, in the national holidays
    ("recheck_from", {"concluded_on": "2025-02-28"}, "03-01", "03-01"),  # a Sunday
    ("public_notice", {"announced_on": "01-17"}, "02-16", "02-17"),  # New Year's eve of the old calendar: nothing rolls
    ("public_notice", {"announced_on": "2021-12-10"}, "2022-02-08", "2022-02-09"),  # 60 日 before the law of 2022
    ("allowance_starts", {"concluded_on": "01-31"}, "02-01", ""),
    ("allowance_starts", {"concluded_on": "2025-12-01"}, "01-01", ""),
    ("pension_starts", {"died_on": "02-28"}, "03-01", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "start", "due", "looked_at"), NO_DEADLINES)
def test_such_a_day_is_not_rolled_and_never_late(name: str, start: dict[str, str], due: str, looked_at: str) -> None:
    row = run(name, days(**start))
    assert (row["state"], row["due_on"], row["unrolled_on"]) == ("running", day(due), day(due))
    assert (row["kind"], row["legal"]) == (DEFINITION.clocks[name].kind, True) != ("deadline", True)
    assert (row["fire_on"], row["fire_stage"]) == ((day(looked_at), "late") if looked_at else (None, ""))
    for today in (day(due), day(due) + timedelta(days=1), day(due) + timedelta(days=900)):
        assert light(row, today) == "none"
    assert set(summarize([row]).values()) == {None, "", False}, "it is nobody's ball and makes nothing urgent"
    assert kept({**row, "state": "met", "done_on": day("2030-01-01"), "closed_on": day("2030-01-01")}) == ""


# --- which version ---------------------------------------------------------------------------------------------------------

# concluded on, what was answered, due, unrolled
ACROSS_2025 = [
    ("2025-06-10", "shorter", "2025-06-30", "2025-06-30"),  # 20 日, over before the new law
    ("2025-06-20", "shorter", "2025-07-07", "2025-07-05"),  # 15 日 from the same day end on a Saturday
    ("2025-06-30", "shorter", "2025-07-15", "2025-07-15"),
    ("2025-06-20", "by_conclusion", "2025-07-10", "2025-07-10"),  # 20 日
    ("2025-06-30", "by_conclusion", "2025-07-21", "2025-07-20"),  # 20 日, to a Sunday
    ("2025-07-01", "by_conclusion", "2025-07-16", "2025-07-16"),  # 15 日
    ("2025-07-01", "shorter", "2025-07-16", "2025-07-16"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["serve_result", "serve_second"])
@pytest.mark.parametrize(("concluded", "answer", "due", "unrolled"), ACROSS_2025)
def test_a_delivery_across_the_change_of_2025(name: str, concluded: str, answer: str, due: str, unrolled: str) -> None:
    clock = DEFINITION.clocks[name]
    row = run(name, {clock.start: day(concluded)}, answered(delivery_across_2025=answer))
    assert (row["due_on"], row["unrolled_on"]) == (day(due), day(unrolled))
    old = concluded < "2025-07-01"
    assert row["span"] == ("20 日" if old else "15 日")
    told = "".join(row["explain"])
    assert "没有定论" in told and ("待核实：依据是已废止的" in told) == old
    first = next(step for step in row["explain"] if step.startswith("期限"))
    assert ("#" in first.partition("，")[0]) != old, "an article that was not read is not cited"


def test_a_named_date_chooses_the_version_and_the_start_still_begins_it() -> None:
    lengths = (
        DatedSpan(Span.parse("20 日"), None, date(2025, 6, 30)),
        DatedSpan(Span.parse("15 日"), date(2025, 7, 1)),
    )
    own = replace(DEFINITION.clocks["serve"], within=lengths, version_by="accepted_on")
    definition = with_clock(own)
    for accepted, due in (("2025-06-30", "2025-07-30"), ("2025-07-01", "2025-07-25")):
        row = run("serve", days(decided_on="2025-07-10", accepted_on=accepted), definition)
        assert row["unrolled_on"] == day(due)
        assert any("受理之日" in step and "适用的版本" in step for step in row["explain"])
    assert run("serve", days(decided_on="2025-07-10"), definition)["unrolled_on"] == day("2025-07-25"), (
        "else its own start does"
    )


def with_clock(own: ClockDef) -> Definition:
    return replace(DEFINITION, clocks={**DEFINITION.clocks, own.name: own})


@pytest.mark.parametrize(
    ("name", "start", "runs"),
    [("reimburse", "2023-11-30", False), ("reimburse", "2023-12-01", True), ("review_told", "2023-12-31", False),
     ("review_told", "2024-01-01", True), ("supplement_review", "2023-12-31", False), ("supplement_review", "2024-01-01", True)],
)  # fmt: skip
def test_where_no_length_was_law_nothing_runs(name: str, start: str, runs: bool) -> None:
    b = book()
    b.start(name, {DEFINITION.clocks[name].start: day(start)}, BOTH)
    assert [r["state"] for r in b.rows] == (["running"] if runs else [])


# --- the longest -----------------------------------------------------------------------------------------------------------

# received on, told on, due: 60 日 from the telling, one year from the receipt at most
TOLD_LATE = [
    ("2025-03-10", "02-20", "03-10"),
    ("2025-03-10", "2025-12-01", "01-30"),
    ("2025-03-08", "02-20", "03-09"),  # the cap ends on a Sunday and rolls like any period
    ("", "02-20", "04-21"),  # when it was received is not known
]


@pytest.mark.parametrize(("received", "told", "due"), TOLD_LATE)
def test_the_earlier_of_limit_and_cap_counts(received: str, told: str, due: str) -> None:
    dates = days(informed_on=told, **({"received_on": received} if received else {}))
    row = run("review_told", dates, party="worker")
    assert (row["due_on"], row["owner"]) == (day(due), "worker")
    assert any("最长 1 年" in step for step in row["explain"]) == bool(received)


def test_an_extension_does_not_reach_beyond_the_cap() -> None:
    b = book(dates=days(leave_began_on="2025-01-15"))
    b.start("paid_leave", b.dates)
    assert b.rows[0]["due_on"] == day("01-15")
    b.extend("paid_leave", 300)
    assert b.rows[0]["due_on"] == day("11-11")
    other = book(dates=days(leave_began_on="2025-01-15"))
    other.start("paid_leave", other.dates)
    other.extend("paid_leave", 500)
    assert other.rows[0]["due_on"] == day("2027-01-15"), "twenty-four months are the longest (工伤保险条例#33.2)"


# --- open questions --------------------------------------------------------------------------------------------------------

# question, answer, clock, unrolled day
STARTS = [
    ("year_starts", "diagnosed", "worker_files", "2027-02-16"), ("year_starts", "issued", "worker_files", "2027-02-25"),
    ("year_starts", "received", "worker_files", "2027-03-03"), ("year_starts", "received", "former_files", "2027-03-03"),
    ("incomplete_file", "received", "conclude", "05-01"), ("incomplete_file", "complete", "conclude", "05-09"),
]  # fmt: skip
KNOWN = days(diagnosed_on="02-16", certificate_issued_on="02-25", certificate_received_on="03-03",
             appraisal_filed_on="03-02", ready_on="03-10")  # fmt: skip


@pytest.mark.parametrize(("question", "answer", "name", "unrolled"), STARTS)
def test_an_answer_chooses_the_day_a_limit_runs_from(question: str, answer: str, name: str, unrolled: str) -> None:
    definition = answered(**{question: answer})
    row = run(name, KNOWN, definition)
    assert row["unrolled_on"] == day(unrolled)
    assert any(DEFINITION.questions[question].label in step and "可信度" in step for step in row["explain"])
    clock = definition.clocks[name]
    start = clock.depends.starts.get(answer, clock.start) if clock.depends else ""
    lacking = run(name, {k: v for k, v in KNOWN.items() if k != start}, definition)
    assert (lacking["state"], lacking["due_on"]) == ("unstarted", None), "it is listed until that day is known"


def test_a_later_known_start_begins_a_listed_limit() -> None:
    b = book(answered(year_starts="received"))
    b.start("worker_files", days(diagnosed_on="02-16"))
    assert b.fill_start(days(certificate_received_on="03-03")) == ["职工方申请认定"]
    assert (b.rows[0]["state"], b.rows[0]["unrolled_on"]) == ("running", day("2027-03-03"))


def test_of_an_authority_the_last_day_may_be_said_not_to_roll_of_a_party_it_always_does() -> None:
    for answer, due in (("both", "05-06"), ("unrolled", "05-02")):
        definition = answered(authority_rollover=answer)
        row = run("decide", days(accepted_on="03-03"), definition)
        assert (row["due_on"], row["unrolled_on"], row["safe_on"]) == (day(due), day("05-02"), day("04-30"))
        assert run("employer_files", days(diagnosed_on="04-01"), definition)["due_on"] == day("05-06")
        row = run("apply_review", days(received_on="03-02"), definition, party="employer")
        assert (row["owner"], row["due_on"]) == ("employer", day("05-06"))


@pytest.mark.parametrize(("answer", "unrolled"), [("counts", "05-12"), ("not_counted", "05-13")])
def test_whether_the_day_a_suspension_ends_counts_is_answered(answer: str, unrolled: str) -> None:
    b = book(answered(pause_boundary=answer))
    b.start("decide", days(accepted_on="03-03"))  # to 05-02
    b.pause("decide", day("03-10"), "在仲裁")
    b.resume("decide", day("03-20"))
    assert b.rows[0]["unrolled_on"] == day(unrolled)


# --- days left out ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["counts", "not_counted"])
def test_days_left_out_by_name_end_as_named(answer: str) -> None:
    b = book(answered(pause_boundary=answer), today=TODAY)
    b.start("worker_files", days(diagnosed_on="2025-03-02"))
    b.exclude("worker_files", day("2025-06-01"), day("2025-07-01"), "住院")
    b.exclude("worker_files", day("2025-06-20"), day("2025-07-11"), "不可抗力")  # ten days of it are new
    assert b.rows[0]["unrolled_on"] == day("2026-04-11")
    assert [p[2] for p in b.rows[0]["pauses"]] == ["扣除：住院", "扣除：不可抗力"]
    assert any("住院" in step for step in b.rows[0]["explain"])


def test_only_what_runs_can_have_days_left_out() -> None:
    b = book()
    b.start("worker_files", days(diagnosed_on="2025-03-02"))
    b.stop("worker_files")
    b.exclude("worker_files", day("2025-06-01"), day("2025-07-01"), "住院")
    assert (b.rows[0]["pauses"], b.rows[0]["unrolled_on"]) == ([], day("03-02"))


# --- how it was kept -------------------------------------------------------------------------------------------------------

DUE = day("03-10")
# the act's own day, the day it was recorded → the verdict
KEPT = [
    ("03-09", "03-09", "timely"), ("03-10", "03-10", "timely"), ("03-11", "03-11", "late"), ("03-10", "03-11", "backdated"),
    ("03-01", "04-20", "backdated"), ("03-11", "04-20", "late"), ("", "03-10", "timely"), ("", "03-11", "late"),
]  # fmt: skip


@pytest.mark.parametrize(("done", "recorded", "verdict"), KEPT)
def test_how_a_limit_was_kept(done: str, recorded: str, verdict: str) -> None:
    row = {"legal": True, "kind": "deadline", "state": "met", "due_on": DUE, "done_on": day(done) if done else None,
           "closed_on": day(recorded)}  # fmt: skip
    assert kept(row) == verdict
    for other in ({"legal": False}, {"kind": "effect"}, {"state": "stopped"}, {"state": "running"}, {"due_on": None}):
        assert kept({**row, **other}) == ""


def test_the_act_of_an_earlier_day_is_kept_apart_from_the_day_it_was_recorded() -> None:
    b = book(today=day("04-20"))
    decided = DEFINITION.matters["recognition"].states["decided"]
    b.move(None, decided, days(decided_on="03-02"), None, BOTH)
    b.meet("serve", "worker", day("03-10"))
    b.meet("serve", "employer", day("04-01"))
    assert [(r["done_on"], r["closed_on"], kept(r)) for r in b.rows] == [
        (day("03-10"), day("04-20"), "backdated"), (day("04-01"), day("04-20"), "late"),
    ]  # fmt: skip


# --- reckoned anew ---------------------------------------------------------------------------------------------------------


def longer_holiday(last: date) -> list[dict[str, Any]]:
    """2026 as if the May holidays went on until `last`."""
    off = [(day("05-01") + timedelta(days=n)).isoformat() for n in range((last - day("05-01")).days + 1)]
    year = next(y for y in law.shipped_years() if y["year"] == 2026)
    return [
        {
            **year,
            "off": [*(d for d in year["off"] if d not in off), *off],
            "work": [d for d in year["work"] if d not in off],
        }
    ]


def test_a_day_that_has_come_nearer_to_come_is_armed_again() -> None:
    today = day("05-07")
    row = run("decide", days(accepted_on="03-03"))
    assert row["due_on"] == day("05-06")
    row |= {"fire_on": None, "fire_stage": "", "expired_on": today}  # it has been told as expired
    b = book(today=today)
    b.rows = [row]
    b.calendar = law.build_calendar(longer_holiday(day("05-08")))
    b.recompute(row)
    assert (row["due_on"], row["expired_on"]) == (day("05-09"), None)
    assert row["fire_on"] and row["fire_stage"] == "near"


def test_a_day_already_past_is_told_as_past_only() -> None:
    row = run("decide", days(accepted_on="03-03"))
    b = book(today=day("06-01"))
    b.rows = [row]
    b.recompute(row)
    assert row["fire_on"] and row["fire_stage"] == "late"


@pytest.mark.parametrize("state", ["paused", "met", "stopped", "unstarted"])
def test_only_a_running_limit_is_reckoned_anew(state: str) -> None:
    row = {**run("decide", days(accepted_on="03-03")), "state": state}
    b = book()
    b.rows = [row]
    b.calendar = law.build_calendar(longer_holiday(day("05-08")))
    before = dict(row)
    b.recompute(row)
    assert row == before
