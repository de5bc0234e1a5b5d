"""Due clocks: who is told when, once each; reminders again and again; what is marked, what becomes a task, and that nothing is decided."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.builders import PAPERS, Life, Mailbox, Town, fresh_town, swallow
from workflow import cases, clock, firing, stalls, worker
from workflow.models import Clock, Event, Matter, Outbox, Task
from workflow.verify import verify


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def fire(town: Town, day: date) -> int:
    with clock.frozen(day):
        return firing.run_once(town.store)


def told(life: Life, since: int = 0) -> list[tuple[str, str]]:
    """(to, text) of the messages clocks wrote."""
    return [(m.to, m.text) for m in life.outbox("message")[since:] if m.key.startswith("clock:")]


def test_a_legal_limit_warns_when_it_comes_near_and_when_it_has_passed_once_each(town: Town) -> None:
    life = town.life().filed()
    (examine,) = life.clocks("examine", state="running")
    assert examine.near_on and examine.due_on == date(2026, 3, 17)
    assert fire(town, examine.near_on - timedelta(days=1)) == 0
    events = life.events()
    assert fire(town, examine.near_on) == 1
    near = [("desk@150823", f"【绿通】案件{life.case_no}“决定是否受理”将于2026-03-17届满。")]
    assert (told(life), life.events(), life.tasks("press")) == (near, events, [])
    for day in (examine.near_on, examine.near_on + timedelta(days=1), examine.due_on):
        assert fire(town, day) == 0, "the last day is not over before it is over"
    late = examine.due_on + timedelta(days=1)
    assert fire(town, late) == 1
    over = f"【绿通】案件{life.case_no}“决定是否受理”已于2026-03-17届满。"
    assert told(life)[1:] == [("worker", f"{over}可以申请行政复议，请到窗口问。"), ("approver@150823", over)]
    assert life.tasks("press") == [
        "督办：“决定是否受理”法定时限已过，2026-03-17 届满，责任人：一站式窗口（工伤认定办法#8.1）"
    ]
    event = life.event()
    assert (event["kind"], event["label"], event["on"], event["actor"]) == (
        "clock:expired",
        "决定是否受理：时限届满",
        late,
        "系统（system）",
    )
    assert (life.state("recognition"), life.clocks("examine")[0].expired_on) == ("filed", late)
    for day in (late, late + timedelta(days=200)):
        assert fire(town, day) == 0
    life.on(late).check()
    life.act("approver", "recognition", "accept")


def test_a_worker_process_that_was_away_warns_of_the_end_only(town: Town) -> None:
    life = town.life().filed()
    assert fire(town, date(2026, 7, 1)) == 1
    over = f"【绿通】案件{life.case_no}“决定是否受理”已于2026-03-17届满。"
    assert [text for _, text in told(life)] == [f"{over}可以申请行政复议，请到窗口问。", over]


def test_an_expired_limit_marks_its_legal_effect_with_the_article_and_decides_nothing(town: Town) -> None:
    life = town.life()
    fire(town, date(2026, 3, 19))
    (event,) = history(town, life, "clock:expired")
    payload = json.loads(event.payload)
    assert (payload["mark"], payload["mark_text"], payload["law"]) == (
        "employer_bears_costs", "单位逾期未申请，申请前发生的符合规定的费用由单位负担", "工伤保险条例#17.4",
    )  # fmt: skip
    assert [to for to, text in told(life) if "单位申请认定" in text] == ["worker", "union@150823"]
    assert not [t for t in life.tasks("press") if "单位申请认定" in t]
    assert life.state("recognition") == "to_apply"
    life.on("2026-03-20").act("firm", "recognition", "file", papers=PAPERS, applicant="employer")


def test_the_end_of_the_second_appraisals_days_is_only_marked(town: Town) -> None:
    life = town.life().recognised().served().appraised()
    last = max(c.due_on for c in life.clocks("ask_again") if c.due_on)
    before = len(life.outbox("message"))
    fire(town, last + timedelta(days=1))
    marks = [e for e in history(town, life, "clock:expired") if "conclusion_stands" in e.payload]
    assert len(marks) == 2
    assert not [t for t in told(life, before) if "已于" in t[1] and "再次鉴定" in t[1]]
    assert not [s for s in stalls.find(town.store, last + timedelta(days=9)) if s.clock == "ask_again"]


def test_each_party_is_told_of_its_own_days(town: Town) -> None:
    life = town.life().recognised().served().appraised()
    before = len(life.outbox("message"))
    fire(town, max(c.near_on for c in life.clocks("ask_again") if c.near_on))
    near = [m for m in life.outbox("message")[before:] if "申请再次鉴定" in m.text]
    assert {m.to for m in near} == {"worker", "employer"} and len(near) == 2


def history(town: Town, life: Life, kind: str) -> list[Event]:
    with town.store.reading() as session:
        return list(
            session.scalars(select(Event).where(Event.chain == life.case_no, Event.kind == kind).order_by(Event.seq))
        )


def test_a_reminder_comes_again_every_round_and_missed_rounds_are_not_made_up(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    life.act("desk", "recognition", "correct")
    days = [life.due("corrections")]
    for wait in (0, 0, 40):
        day = days[-1] + timedelta(days=wait)
        assert fire(town, day) >= 1
        assert fire(town, day) == 0
        days.append(life.due("corrections"))
        assert days[-1] > day and life.row("recognition").urgent_on == days[-1], "the list shows the next round"
    assert len(history(town, life, "clock:reminded")) == 3
    assert {to for to, text in told(life) if "内部提醒" in text} == {"worker", "desk@150823"}
    assert all("届满" not in text or "内部提醒" not in text for _, text in told(life)), (
        "a reminder is never called overdue"
    )
    life.on(days[-1]).check()
    assert life.clocks("corrections")[0].expired_on == days[0], "since when it has been reminded of"


def test_a_reminder_that_escalates_is_a_task_of_each_round(town: Town) -> None:
    life = town.life().accepted()
    life.act("approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书")
    for _ in range(2):
        fire(town, life.due("check_pause"))
    assert len(life.tasks("press")) == 2 and all("内部提醒到期" in t for t in life.tasks("press"))


def test_a_paused_clock_does_not_fire(town: Town) -> None:
    life = town.life().accepted()
    life.act("approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书")
    fire(town, date(2026, 12, 1))
    assert history(town, life, "clock:expired") == []
    life.on("2026-12-02").act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    assert all(c.fire_on and c.fire_on > date(2026, 12, 1) for c in life.clocks("decide", "decide_fast"))


def test_a_lengthened_clock_warns_again_before_its_new_end(town: Town) -> None:
    life = town.life().recognised().served().appraisal_filed()
    (conclude,) = life.clocks("conclude")
    assert conclude.near_on
    fire(town, conclude.near_on)
    life.on(conclude.near_on).act("committee", "appraisal", "extend", ground="伤病情复杂")
    (longer,) = life.clocks("conclude")
    assert longer.near_on and longer.fire_on == longer.near_on > conclude.near_on
    fire(town, longer.near_on)
    assert len([t for t in told(life) if "作出鉴定结论" in t[1] and "将于" in t[1]]) == 2


def test_several_workers_fire_everything_once(town: Town) -> None:
    lives = [town.life().filed() for _ in range(6)]
    barrier, fired = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        fired.append(fire(town, date(2026, 3, 20)))

    run_all([threading.Thread(target=work) for _ in range(4)])
    assert [len(history(town, life, "clock:expired")) for life in lives] == [1] * 6
    with town.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Task).where(Task.kind == "press")) == 6
        keys = list(session.scalars(select(Outbox.key)))
    assert len(keys) == len(set(keys)) and verify(town.store)[1] == []


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_firing_and_acting_at_once_neither_deadlock_nor_lose_anything(town: Town) -> None:
    lives = [town.life().filed() for _ in range(10)]
    errors: list[BaseException] = []

    def guarded(act: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            try:
                act()
            except BaseException as error:
                errors.append(error)

        return run

    def acting() -> None:
        for life in lives:
            with clock.frozen(date(2026, 3, 20)):
                cases.perform(town.store, town.people["approver"], life.case_no, "recognition", "accept")

    def firing_on() -> None:
        for n in range(12):
            fire(town, date(2026, 3, 16) + timedelta(days=n))

    run_all([threading.Thread(target=guarded(f)) for f in (acting, firing_on)])
    assert errors == [] and verify(town.store)[1] == []
    assert {life.state("recognition") for life in lives} == {"under_review"}


def test_more_than_one_batch_is_fired(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [town.life().filed() for _ in range(7)]
    monkeypatch.setattr(firing, "_due", firing._due.limit(3))
    monkeypatch.setattr(firing, "BATCH", 3)
    assert fire(town, date(2026, 3, 20)) == 7
    assert all(len(history(town, life, "clock:expired")) == 1 for life in lives)


# --- what stands still ------------------------------------------------------------------------------------------------


def found(town: Town, day: str) -> list[stalls.Stall]:
    return stalls.find(town.store, date.fromisoformat(day))


def test_what_stands_still_names_clock_owner_article_days_and_cure(town: Town) -> None:
    life = town.life().filed()
    assert found(town, "2026-03-17") == []
    (late,) = found(town, "2026-03-27")
    assert (late.kind, late.clock, late.code, late.owner_label, late.law, late.days_over) == (
        "late", "examine", "GS-ACC", "一站式窗口", "工伤认定办法#8.1", 10,
    )  # fmt: skip
    assert late.sentence().startswith(
        f"{life.case_no}  试大山  乌拉特前旗  已申请，待受理：法定时限已过  “决定是否受理”GS-ACC，2026-03-17，"
        "过了 10 日（工伤认定办法#8.1），"
        "责任人：一站式窗口。请督促办理：一次告知补正、收下补交的材料"
    )
    assert stalls.find(town.store, date(2026, 3, 27), office="150802") == []
    assert stalls.find(town.store, date(2026, 3, 27), offices=frozenset({1})) == []


def test_whether_a_day_has_passed_never_depends_on_the_worker_process(town: Town) -> None:
    town.life().filed()
    before = found(town, "2026-03-27")
    with clock.frozen(date(2026, 3, 27)):
        worker.once(town.store, Mailbox(), swallow)
    assert found(town, "2026-03-27") == before != []


def test_a_route_is_offered_and_not_taken(town: Town) -> None:
    life = town.life().accepted()
    (fast,) = [s for s in found(town, "2026-03-19") if s.clock == "decide_fast"]
    assert fast.remedy == "可以办“转普通程序”。" and life.state("recognition") == "under_review"


def test_a_matter_an_edited_database_left_without_a_clock_is_found(town: Town) -> None:
    life = town.life().filed()
    with town.store.writing() as session:
        session.execute(update(Clock).where(Clock.state == "running").values(state="met", closed_on=life.day))
    (alone,) = found(town, "2026-03-03")
    assert alone.kind == "unwatched" and "请人工查看" in alone.remedy
    with town.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Matter).where(Matter.closed_on.is_(None))) == 1
