"""The clock rows of a matter: started, paused, lengthened, moved, taken up again, listed; reckoned days are daycount's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.builders import Town, fresh_town
from workflow import clock, deadlines, law
from workflow.deadlines import ClockBook, light
from workflow.definition import load
from workflow.definition.model import ActionDef
from workflow.errors import Refused
from workflow.law import shipped_years
from workflow.settings import ROOT

DEFINITION = load(ROOT / "states.yaml")
CALENDAR = law.build_calendar(shipped_years())
TODAY = date(2026, 3, 20)
BOTH = ("worker", "employer")
FILED, ACCEPTED = date(2026, 3, 2), date(2026, 3, 3)


def book(today: date = TODAY, unconfirmed: bool = False) -> ClockBook:
    return ClockBook(DEFINITION, CALENDAR, today, 1, 1, 1, unconfirmed)


def state(matter: str, name: str) -> Any:
    return DEFINITION.matters[matter].states[name]


def act(matter: str, name: str, action: str) -> ActionDef:
    found: ActionDef = state(matter, name).actions[action]
    return found


def rows(b: ClockBook, *names: str) -> list[tuple[Any, ...]]:
    return [(r["name"], r["state"], r["start_on"], r["unrolled_on"]) for r in b.rows if not names or r["name"] in names]


def under_review(**more: Any) -> ClockBook:
    b = book(**more)
    b.move(None, state("recognition", "under_review"), {"accepted_on": ACCEPTED}, None, BOTH)
    return b


def test_entering_a_state_starts_its_clocks_with_owner_article_and_reckoning() -> None:
    b = under_review()
    fast, slow = b.rows
    assert rows(b) == [
        ("decide_fast", "running", ACCEPTED, date(2026, 3, 18)),
        ("decide", "running", ACCEPTED, date(2026, 5, 2)),
    ]
    assert (slow["due_on"], slow["safe_on"], slow["provisional"]) == (date(2026, 5, 6), date(2026, 4, 30), False)
    assert (fast["owner"], fast["law"], fast["code"], fast["span"], fast["legal"]) == (
        "officer",
        "工伤保险条例#20.2",
        "GS-FAST",
        "15 日",
        True,
    )
    assert fast["explain"][0] == "起算：受理之日 2026-03-03。" and len(fast["explain"]) > 3
    assert (fast["fire_on"], fast["fire_stage"]) == (fast["near_on"], "near") and fast["near_on"] < fast["due_on"]


@pytest.mark.parametrize("counts", [True, False])
def test_an_unconfirmed_promise_counts_in_the_demonstration_only(counts: bool) -> None:
    fast = under_review(unconfirmed=counts).rows[0]
    assert fast["promise_on"] == date(2026, 3, 12)  # 7 working days
    assert fast["effective_on"] == (fast["promise_on"] if counts else fast["due_on"])


def test_every_addressee_has_a_clock_of_his_own() -> None:
    b = book()
    b.move(None, state("recognition", "decided"), {"decided_on": TODAY}, None, BOTH)
    assert [(r["addressee"], r["state"]) for r in b.rows] == [("worker", "running"), ("employer", "running")]
    b.meet("serve", "worker")
    assert [(r["addressee"], r["state"], r["closed_on"]) for r in b.rows] == [
        ("worker", "met", TODAY),
        ("employer", "running", None),
    ]
    b.move(state("recognition", "decided"), state("recognition", "decided"), {"decided_on": TODAY}, None, BOTH)
    assert [r["state"] for r in b.rows] == ["met", "running"], "what one addressee has received does not begin again"


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_pause_moves_the_end_by_exactly_its_days(before: int, days: int) -> None:
    b = under_review()
    since = ACCEPTED + timedelta(days=1 + before)
    end = b.rows[1]["unrolled_on"]
    b.pause("decide", since, "在仲裁")
    assert (b.rows[1]["state"], b.rows[1]["fire_on"]) == ("paused", None)
    b.resume("decide", since + timedelta(days=days))
    assert b.rows[1]["state"] == "running"
    assert b.rows[1]["unrolled_on"] == (end + timedelta(days=days) if since <= end else end)


def test_pausing_touches_running_clocks_only_and_resuming_paused_ones_only() -> None:
    b = under_review()
    b.stop("decide_fast")
    b.pause("decide_fast", TODAY, "x")
    b.pause("decide", TODAY, "x")
    b.pause("decide", TODAY + timedelta(days=3), "again")
    b.resume("decide_fast", TODAY)
    assert [r["state"] for r in b.rows] == ["stopped", "paused"] and len(b.rows[1]["pauses"]) == 1
    b.resume("decide", TODAY - timedelta(days=5))
    assert b.rows[1]["pauses"] == [["2026-03-20", "2026-03-20", "x"]], "it is never resumed before it was paused"


def test_a_stopped_clock_stays_stopped_and_a_met_one_is_taken_up_again() -> None:
    b = under_review()
    b.stop("decide_fast")
    here, there = state("recognition", "under_review"), state("recognition", "to_apply")
    b.move(
        here,
        there,
        {"accepted_on": ACCEPTED, "diagnosed_on": date(2026, 2, 16)},
        act("recognition", "under_review", "withdraw"),
        BOTH,
    )
    assert {r["name"]: r["state"] for r in b.rows} == {
        "decide_fast": "stopped", "decide": "met", "employer_files": "running", "worker_files": "running", "unfiled_check": "running",
    }  # fmt: skip
    b.move(there, here, {"accepted_on": ACCEPTED}, None, BOTH)
    assert {r["name"]: r["state"] for r in b.rows} == {
        "decide_fast": "stopped", "decide": "running", "employer_files": "met", "worker_files": "met", "unfiled_check": "met",
    }  # fmt: skip
    assert len(b.rows) == 5, "the same start is not started again"


def test_a_later_start_takes_the_place_of_the_one_before() -> None:
    paying = state("benefit", "paying")
    b = book()
    b.move(None, paying, {"paid_on": date(2026, 1, 20)}, None, BOTH)
    b.move(paying, paying, {"paid_on": date(2026, 2, 20)}, act("benefit", "paying", "pay_month"), BOTH)
    b.move(paying, paying, {"paid_on": date(2026, 2, 20)}, act("benefit", "paying", "pay_month"), BOTH)
    assert [(r["start_on"], r["state"]) for r in b.rows] == [(date(2026, 1, 20), "met"), (date(2026, 2, 20), "running")]


def test_corrections_begin_the_fifteen_days_again_unless_they_are_older_than_the_application() -> None:
    filed = state("recognition", "filed")
    for corrected, code, start in (
        (date(2026, 3, 12), "GS-SUPP", date(2026, 3, 12)),
        (FILED - timedelta(days=9), "GS-ACC", FILED),
    ):
        b = book()
        b.move(None, filed, {"filed_on": FILED, "corrected_on": corrected}, None, BOTH)
        assert [(r["code"], r["start_on"], r["unrolled_on"]) for r in b.rows] == [
            (code, start, start + timedelta(days=15))
        ]


def test_an_extension_is_one_run_and_goes_as_far_as_the_law_allows() -> None:
    filed = state("appraisal", "filed")
    b = book()
    b.move(None, filed, {"appraisal_filed_on": FILED}, None, BOTH)
    b.extend("conclude")
    row = next(r for r in b.rows if r["name"] == "conclude")
    assert (row["unrolled_on"], row["extend_days"], row["extensions"]) == (FILED + timedelta(days=90), 30, 1)
    with pytest.raises(Refused, match="只能延长 1 次，已经延长过了"):
        b.extend("conclude")
    with pytest.raises(Refused, match="时限现在没有在走"):
        b.extend("check_papers")


def test_where_the_law_names_no_length_the_given_one_is_asked_for() -> None:
    b = book()
    b.move(None, state("recognition", "to_apply"), {"diagnosed_on": FILED}, None, BOTH)
    for days in (None, 0, -3):
        with pytest.raises(Refused, match="请填写延长的天数"):
            b.extend("employer_files", days)
    b.extend("employer_files", 12)
    b.extend("employer_files", 3)
    assert b.rows[0]["unrolled_on"] == FILED + timedelta(days=45)


def test_a_moved_examination_lengthens_and_never_shortens() -> None:
    b = book()
    b.move(None, state("appraisal", "scheduled"), {"appraisal_filed_on": FILED}, None, BOTH)
    end = b.rows[0]["unrolled_on"]
    b.shift("conclude", 9)
    b.shift("conclude", -4)
    assert b.rows[0]["unrolled_on"] == end + timedelta(days=9)


def test_a_day_fixed_by_a_notice_is_taken_as_written() -> None:
    b = book()
    until = date(2026, 3, 28)  # a Saturday
    days = {"supplement_asked_on": TODAY, "supplement_by_on": until, "appraisal_filed_on": FILED}
    b.move(None, state("appraisal", "awaiting_supplement"), days, None, BOTH)
    row = b.rows[0]
    assert (row["name"], row["unrolled_on"], row["due_on"], row["safe_on"]) == (
        "supplement",
        until,
        date(2026, 3, 30),
        date(2026, 3, 27),
    )


# --- what is not known ------------------------------------------------------------------------------------------------


def test_a_clock_without_a_start_is_listed_and_begins_when_it_is_filled_in() -> None:
    b = book()
    b.move(None, state("recognition", "decided"), {}, None, BOTH)
    assert [(r["state"], r["start_on"], r["due_on"], r["fire_on"]) for r in b.rows] == [
        ("unstarted", None, None, None)
    ] * 2
    assert b.fill_start({"decided_on": TODAY}, "worker") == ["送达决定书"]
    assert [(r["addressee"], r["state"]) for r in b.rows] == [("worker", "running"), ("employer", "unstarted")]
    assert b.fill_start({"filed_on": TODAY}) == []


def test_what_was_over_when_it_became_known_warns_nobody() -> None:
    b = book()
    b.move(None, state("recognition", "decided"), {}, None, BOTH)
    b.fill_start({"decided_on": date(2026, 1, 5)})
    assert [(r["state"], r["fire_on"], r["expired_on"]) for r in b.rows] == [("running", None, TODAY)] * 2


def test_an_act_that_tells_the_start_begins_the_listed_clock_itself() -> None:
    paying = state("benefit", "paying")
    b = book()
    b.move(None, paying, {}, None, BOTH)
    assert [r["state"] for r in b.rows] == ["unstarted"]
    b.move(paying, paying, {"paid_on": TODAY}, act("benefit", "paying", "pay_month"), BOTH)
    assert [(r["state"], r["start_on"]) for r in b.rows] == [("running", TODAY)]


def test_a_state_entered_again_lists_its_unknown_clock_again() -> None:
    paying, stopped = state("benefit", "paying"), state("benefit", "stopped")
    b = book()
    b.move(None, paying, {}, None, BOTH)
    b.move(paying, stopped, {"stopped_on": TODAY}, act("benefit", "paying", "stop"), BOTH)
    b.move(stopped, paying, {"stopped_on": TODAY}, act("benefit", "stopped", "restart"), BOTH)
    assert [(r["name"], r["state"]) for r in b.rows] == [("pay_next", "unstarted"), ("check_stopped", "met")]


def test_a_repeated_reminder_taken_up_again_goes_on_with_its_next_round() -> None:
    paying, stopped = state("benefit", "paying"), state("benefit", "stopped")
    b = book(date(2026, 9, 1))
    b.move(None, paying, {"paid_on": date(2026, 3, 2)}, None, BOTH)
    b.move(paying, stopped, {"stopped_on": TODAY}, act("benefit", "paying", "stop"), BOTH)
    b.move(stopped, paying, {"paid_on": date(2026, 3, 2)}, act("benefit", "stopped", "restart"), BOTH)
    row = b.rows[0]
    assert row["state"] == "running" and row["due_on"] > date(2026, 9, 1)
    assert (row["fire_on"], row["fire_stage"], row["effective_on"]) == (row["due_on"], "remind", row["due_on"])


# --- what a matter and a page show ------------------------------------------------------------------------------------


def test_the_matter_shows_its_most_urgent_clock() -> None:
    b = under_review()
    assert b.summary() == {
        "urgent_on": date(2026, 3, 18), "ball": "officer", "near_on": b.rows[0]["near_on"], "late_on": date(2026, 3, 18),
        "judge_on": None, "paused": False,
    }  # fmt: skip
    b.pause("decide_fast", TODAY, "x")
    b.pause("decide", TODAY, "x")
    assert b.summary() == {
        "urgent_on": None,
        "ball": "",
        "near_on": None,
        "late_on": None,
        "judge_on": None,
        "paused": True,
    }


def test_only_a_legal_limit_is_ever_late() -> None:
    legal = {
        "state": "running",
        "kind": "deadline",
        "legal": True,
        "due_on": TODAY,
        "effective_on": TODAY,
        "near_on": TODAY,
    }
    reminder = {**legal, "legal": False}
    tomorrow = TODAY + timedelta(days=1)
    assert [light(legal, day) for day in (TODAY - timedelta(days=1), TODAY, tomorrow)] == ["normal", "near", "late"]
    assert light(reminder, tomorrow) == "near"
    assert light({**legal, "due_on": TODAY + timedelta(days=9), "near_on": None}, tomorrow) == "near", (
        "over the promise only"
    )
    assert [light({**legal, "state": s}, tomorrow) for s in ("paused", "unstarted", "met", "stopped")] == [
        "paused",
        "none",
        "none",
        "none",
    ]


def test_what_changed_is_told_for_the_history() -> None:
    b = under_review()
    b._touched.clear()
    b.pause("decide", TODAY, "在仲裁")
    assert b.changes() == [{
        "name": "decide", "addressee": "", "code": "GS-DEC", "owner": "officer", "done_on": None, "state": "paused",
        "start_on": ACCEPTED, "due_on": date(2026, 5, 6), "extend_days": 0, "pauses": [["2026-03-20", None, "在仲裁"]],
    }]  # fmt: skip


# --- what the database refuses ----------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


@pytest.mark.parametrize(
    "change",
    ["state = 'walking'", "start_on = null", "due_on = null", "state = 'unstarted'", "state = 'met'", "closed_on = '2026-03-20'",
     "legal = false", "law = ''"],
)  # fmt: skip
def test_an_impossible_clock_is_refused_by_the_database(town: Town, change: str) -> None:
    life = town.life().filed()
    (examine,) = life.clocks("examine", state="running")
    with pytest.raises(IntegrityError), town.store.writing() as session:
        session.execute(text(f"update clocks set {change} where id = {examine.id}"))
    assert life.due("examine") == date(2026, 3, 17)


def test_rows_come_back_as_they_were_written(town: Town) -> None:
    life = town.life().accepted()
    matter = life.row("recognition")
    with clock.frozen(life.day), town.store.writing() as session:
        loaded = ClockBook.load(session.connection(), definition=DEFINITION, calendar=CALENDAR, today=life.day, case_id=matter.case_id,
                                matter_id=matter.id, office_id=matter.office_id)  # fmt: skip
        before = [dict(r) for r in loaded.rows]
        for name in ("decide_fast", "decide"):
            loaded.pause(name, life.day, "x")
            loaded.resume(name, life.day)
        loaded.save(session.connection())
    with town.store.writing() as session:
        again = ClockBook.load(session.connection(), definition=DEFINITION, calendar=CALENDAR, today=life.day, case_id=matter.case_id,
                               matter_id=matter.id, office_id=matter.office_id)  # fmt: skip
    changed = {k for a, b in zip(before, again.rows, strict=True) for k in a if a[k] != b[k]}
    assert changed <= {"pauses", "effective_on", "near_on", "fire_on"}, changed
    assert set(deadlines.COLUMNS) <= set(again.rows[0])


@pytest.mark.parametrize("make", [lambda b: b.pause, lambda b: b.resume, lambda b: b.stop])
def test_a_name_without_a_row_changes_nothing(make: Callable[[ClockBook], Any]) -> None:
    b = book()
    done = make(b)
    done("decide", TODAY, "x") if done == b.pause else done("decide", TODAY) if done == b.resume else done("decide")
    assert b.rows == [] and b.changes() == []
