"""The counters kept on a matter: whose ball after a reminder came round again, and what was over before it was placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from tests.builders import Life, Town, settle
from tests.conftest import open_store
from workflow import board, clock, firing, stalls, worklist
from workflow.deadlines import light, placed_day, summarize
from workflow.exchange.intake import import_file
from workflow.models import Case, Clock, Matter, Office
from workflow.situation import Actor
from workflow.store import Store
from workflow.worklist import TABS, Asked

SAMPLES = Path(__file__).parent / "samples"
DAY = date(2026, 5, 4)


@pytest.fixture
def town(store: Store) -> Town:
    return settle(store)


def clock_row(owner: str, due: date, legal: bool = True, state: str = "running") -> dict[str, Any]:
    return {"state": state, "owner": owner, "legal": legal, "due_on": due, "effective_on": due,
            "near_on": due - timedelta(days=3), "kind": "deadline"}  # fmt: skip


# --- by themselves ---------------------------------------------------------------------------------------------------


def test_what_was_over_when_placed_is_neither_late_nor_urgent_while_something_runs() -> None:
    past, later = clock_row("employer", DAY - timedelta(days=9)), clock_row("worker", DAY + timedelta(days=90))
    kept = summarize([past, later], placed_on=DAY)
    assert kept == {
        "urgent_on": later["due_on"], "ball": "worker", "near_on": later["near_on"], "late_on": later["due_on"],
        "judge_on": past["due_on"], "paused": False,
    }  # fmt: skip
    alone = summarize([past, clock_row("officer", DAY, state="paused")], placed_on=DAY)
    assert alone == {
        "urgent_on": past["due_on"], "ball": "employer", "near_on": None, "late_on": None, "judge_on": past["due_on"],
        "paused": True,
    }  # fmt: skip
    at_the_window = summarize([past, later], placed_on=None)
    assert (at_the_window["late_on"], at_the_window["judge_on"]) == (past["due_on"], None)


@pytest.mark.parametrize(("due", "shown"), [(-1, "judge"), (0, "late"), (1, "late")])
def test_only_what_was_over_on_the_day_of_placing_is_for_a_person_to_judge(due: int, shown: str) -> None:
    row = clock_row("officer", DAY + timedelta(days=due))
    assert light(row, DAY + timedelta(days=40), DAY) == shown
    assert light(row, DAY + timedelta(days=40)) == "late"
    assert light({**row, "state": "paused"}, DAY + timedelta(days=40), DAY) == "paused"


def test_the_day_of_placing_is_the_day_there_and_only_a_forms() -> None:
    with clock.frozen(DAY):
        late_evening = clock.now() - timedelta(hours=8, minutes=30)  # 00:30 there, the day before in UTC
    assert placed_day("import", late_evening) == DAY and late_evening.date() == DAY - timedelta(days=1)
    assert placed_day("window", late_evening) is placed_day(None, late_evening) is None


# --- after a reminder came round -------------------------------------------------------------------------------------


def suspended(town: Town) -> Life:
    """A suspended case: the pause is looked after by a repeated reminder of the officer's."""
    life = town.life(date(2026, 7, 4)).accepted()  # thirty and sixty 日 on are working days
    life.wait(1).act(
        "approver", "recognition", "suspend", ground="等仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    return life


def beside(life: Life, owner: str, due: date, legal: bool) -> None:
    """Another clock on the same matter, written straight into the table: the process has no such pair today."""
    matter = life.row("recognition")
    with life.town.store.writing() as session:
        session.add(Clock(
            case_id=matter.case_id, matter_id=matter.id, office_id=matter.office_id, name="beside", code="X", label="另一时限",
            owner=owner, legal=legal, law="工伤保险条例#20.1" if legal else "", state="running", start_on=life.day, due_on=due,
            effective_on=due, near_on=due,
        ))  # fmt: skip


@pytest.mark.parametrize(("days", "legal", "ball"), [
    (45, True, "approver"), (45, False, "approver"), (60, True, "approver"), (60, False, "officer"), (75, True, "officer"),
])  # fmt: skip
def test_after_a_repeated_reminder_the_ball_is_with_the_most_urgent_clock_legal_first(
    town: Town, days: int, legal: bool, ball: str
) -> None:
    life = suspended(town)
    start, first = life.day, life.due("check_pause")
    assert (first, life.row("recognition").ball) == (start + timedelta(days=30), "officer")
    beside(life, "approver", start + timedelta(days=days), legal)
    with clock.frozen(first):
        assert firing.run_once(town.store) == 1
    kept = life.row("recognition")
    again = life.due("check_pause")
    assert again == start + timedelta(days=60) and kept.ball == ball
    assert kept.urgent_on == min(again, start + timedelta(days=days))
    assert kept.late_on == (start + timedelta(days=days) if legal else None) and kept.paused


def test_what_is_kept_is_what_the_book_would_say_after_any_round(town: Town) -> None:
    lives = [suspended(town), town.life().accepted(), town.life().filed(), town.life().recognised()]
    for days in (14, 20, 31, 61, 200):
        with clock.frozen(lives[0].day + timedelta(days=days)):
            firing.run_once(town.store)
        for life in lives:
            kept, rows = (
                life.row("recognition"),
                [vars(c) for c in life.clocks() if c.matter_id == life.row("recognition").id],
            )
            assert {n: getattr(kept, n) for n in summarize(rows)} == summarize(rows), (days, life.done)


def test_a_round_of_legal_limits_touches_no_matter(town: Town) -> None:
    life = town.life().accepted()
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE matters"):
            sent.append(statement)

    event.listen(town.store.engine, "before_cursor_execute", note)
    with clock.frozen(life.day + timedelta(days=100)):
        assert firing.run_once(town.store) > 1 and sent == []
    paused = suspended(town)
    sent.clear()
    with clock.frozen(paused.day + timedelta(days=100)):
        assert firing.run_once(town.store) > 0 and len(sent) == 1


# --- placed from a form ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def placed(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The sample forms taken in, on both databases."""
    store = open_store(database_url, tmp_path_factory.mktemp("placed"))
    for name in ("附件2", "附件3"):
        assert import_file(store, SAMPLES / f"{name}.xlsx").written
    yield store
    store.close()


def city(store: Store, *roles: str) -> Actor:
    with store.reading() as session:
        place = session.scalars(select(Office).where(Office.city)).one()
        return Actor(1, "x", "某人", frozenset(roles or ("desk",)), place.id, True)


def rows(store: Store, tab: str = "all") -> list[worklist.Row]:
    found: list[worklist.Row] = []
    for page in range(1, 50):
        seen = worklist.look(store, city(store), Asked(tab=tab, page=page))
        found += seen.rows
        if page >= seen.pages:
            return found
    raise AssertionError("the list has no end")


def stalled(store: Store, kind: str) -> set[tuple[str, str]]:
    return {(s.case_no, s.matter) for s in stalls.find(store, clock.today()) if s.kind == kind}


def open_matters(store: Store) -> set[tuple[str, str]]:
    with store.reading() as session:
        query = (
            select(Case.case_no, Matter.name).join(Matter, Matter.case_id == Case.id).where(Matter.closed_on.is_(None))
        )
        return {(no, name) for no, name in session.execute(query)}


def test_worklist_board_and_stalls_agree_on_what_a_person_has_to_judge(placed: Store) -> None:
    judged = (stalled(placed, "judge") - stalled(placed, "late")) & open_matters(placed)
    assert judged and not stalled(placed, "late"), "the sample was placed just now"
    listed = rows(placed, "judge")
    assert {(r.case_no, r.matter.partition("#")[0]) for r in listed} == judged
    assert {(r.light, r.light_text) for r in listed} == {("judge", "待核实")}
    assert all(r.left.startswith("已过 ") and r.due_on and r.due_on < clock.today() for r in listed)
    counts = worklist.look(placed, city(placed), Asked()).counts
    assert (
        TABS["judge"] == "待核实"
        and counts["judge"] == len(judged)
        and counts["late"] == 0 == len(rows(placed, "late"))
    )
    with placed.reading() as session:
        cells = board.board(placed, session, board.Asked(), clock.today())
        lines, total = board.lines(session, board.Asked(light="judge"), clock.today(), 1)
    assert sum(c.judge for c in cells.values()) == total == len(judged) and sum(c.late for c in cells.values()) == 0
    assert {(n.case_no, n.matter) for n in lines} == judged and {n.light for n in lines} == {"judge"}
    assert sum(c.total for c in cells.values()) == counts["all"]


def test_what_becomes_late_after_the_placing_is_late(placed: Store) -> None:
    far = clock.today() + timedelta(days=400)
    before = Counter(r.light for r in rows(placed))
    with clock.frozen(far):
        after = Counter(r.light for r in rows(placed))
        late = (stalled(placed, "late")) & open_matters(placed)
        assert after["late"] == len(late) > 0 and after["judge"] == len(
            stalled(placed, "judge") & open_matters(placed) - late
        )
        assert {(r.case_no, r.matter.partition("#")[0]) for r in rows(placed, "late")} == late
        assert all(r.left.startswith("超期") for r in rows(placed, "late"))
    assert before["late"] == 0


def test_one_to_be_judged_stands_after_the_near_ones_unless_another_day_of_its_is_near(placed: Store) -> None:
    listed = rows(placed)
    places = [r.light for r in listed]
    assert places.index("judge") < places.index("normal")
    row = next(r for r in reversed(listed) if r.light == "judge" and "；" not in r.left)
    with placed.writing() as session:
        which = (
            select(Matter.id).join(Case).where(Case.case_no == row.case_no, Matter.name == row.matter).scalar_subquery()
        )
        kept = session.scalars(select(Matter).where(Matter.id == which)).one()
        soon = clock.today() + timedelta(days=3)
        old = (kept.urgent_on, kept.near_on, kept.ball)
        added = Clock(
            case_id=kept.case_id, matter_id=kept.id, office_id=kept.office_id, name="beside", code="X", label="另一时限", owner="desk",
            legal=True, law="工伤保险条例#20.1", state="running", start_on=clock.today(), due_on=soon, effective_on=soon,
            near_on=clock.today(),
        )  # fmt: skip
        session.add(added)
        kept.urgent_on, kept.near_on, kept.ball = soon, clock.today(), "desk"
        session.flush()
        number = added.id
    try:
        listed = rows(placed)
        place = next(i for i, r in enumerate(listed) if (r.case_no, r.matter) == (row.case_no, row.matter))
        assert place < next(i for i, r in enumerate(listed) if r.light == "normal")
        assert all(r.light in ("near", "judge") and (r.light == "near" or "；" in r.left) for r in listed[:place])
        assert (listed[place].light, listed[place].code) == ("judge", row.code)
        assert listed[place].left == f"{row.left}；“另一时限”剩 3 日"
    finally:
        with placed.writing() as session:
            session.delete(session.get_one(Clock, number))
            values = {"urgent_on": old[0], "near_on": old[1], "ball": old[2]}
            session.execute(update(Matter).where(Matter.id == which).values(**values))
