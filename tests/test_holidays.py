"""Holiday notices: a faulty file refused with every fault, the live dates shown first, then moved with one event each."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.builders import Life, Town, dump, fresh_town, surroundings, without_triggers
from web.commands import holidays as command
from workflow import audit, clock, firing, holidays, law, verify
from workflow.errors import BadInput, Forbidden, Refused, Stopped
from workflow.holidays import entry, follow, moves, years
from workflow.holidays.entry import Notice, parse
from workflow.models import Event, HolidayYear, Meta, Outbox, Task
from workflow.store import Store

TODAY = date(2026, 12, 16)
FILE = """year: 2027
notice: 演示国办发明电〔2026〕1号
confidence: L
"off": [01-01..01-03, 02-05..02-11, 04-03..04-05, 05-01..05-05, 10-01..10-07]
work: [02-14, 02-20]
"""


def notice(content: str = FILE) -> Notice:
    return parse(content, TODAY)


def faults(content: str, today: date = TODAY) -> list[str]:
    with pytest.raises(BadInput) as refused:
        parse(content, today, "f.yaml")
    return refused.value.sentences()


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_sound_file_is_read_day_by_day() -> None:
    read = notice()
    assert (read.year, read.scope, read.confidence, read.notice) == (2027, "country", "L", "演示国办发明电〔2026〕1号")
    assert len(read.off) == 3 + 7 + 3 + 5 + 7 and read.off[0] == date(2027, 1, 1)
    assert read.work == (date(2027, 2, 14), date(2027, 2, 20))
    assert entry.notice_of(json.loads(audit.canonical(read.as_dict()))) == read


@pytest.mark.parametrize("shipped", list(law.shipped_years()), ids=lambda y: str(y["year"]))
def test_every_arrangement_there_has_been_would_be_accepted(shipped: dict[str, Any]) -> None:
    off, work = (
        entry.stretches(tuple(map(date.fromisoformat, shipped[k]))).replace("、", ", ") for k in ("off", "work")
    )
    read = parse(f'year: {shipped["year"]}\nnotice: {shipped["notice"]}\n"off": [{off}]\nwork: [{work}]\n', TODAY)
    assert [d.isoformat() for d in read.off] == shipped["off"] and [d.isoformat() for d in read.work] == shipped["work"]


FAULTY = [
    (FILE.replace("year: 2027", "year: 2029"), 1, "2029 年的放假通知还不会公布"),
    (FILE.replace("year: 2027", "year: 1999"), 1, "1999 年太早"),
    (FILE.replace("year: 2027", "year: 明年"), 1, "“明年”不对"),
    (FILE.replace("year: 2027\n", ""), 1, "没有写 year"),
    (FILE.replace("notice: 演示国办发明电〔2026〕1号\n", ""), 1, "没有写 notice"),
    (FILE.replace("〔2026〕1号", ""), 2, "没有文号"),
    (FILE.replace("〔2026〕", "〔2023〕"), 2, "对不上"),
    (FILE.replace("演示国办", "演" * 120), 2, "超过 120 字"),
    (FILE.replace("confidence: L", "confidence: 高"), 3, "“高”不对"),
    (FILE.replace("confidence: L", "scope: 全国"), 3, "“全国”不对"),
    (FILE.replace("01-01..01-03", "2026-12-31, 01-01"), 4, "2026-12-31 不在 2027 年里。属于 2026 年的，请作为更正录入那一年"),
    (FILE.replace("01-01..01-03", "2028-01-02, 01-01"), 4, "2028-01-02 不在 2027 年里。请核对"),
    (FILE.replace("02-05..02-11", "02-29"), 4, "2027 年没有 02 月 29 日"),
    (FILE.replace("02-05..02-11", "02-11..02-05"), 4, "止日早于起日"),
    (FILE.replace("02-05..02-11", "02-05..03-11"), 4, "一连 35 日"),
    (FILE.replace("02-05..02-11", "春节"), 4, "“春节”看不懂"),
    (FILE.replace("02-05..02-11", "{a: b}"), 4, "只写日子"),
    (FILE.replace("02-05..02-11", "01-02"), 4, "2027-01-02 写了两遍"),
    (FILE.replace("10-01..10-07", "10-02..10-07"), 4, "没有法定节假日 2027-10-01"),
    (FILE.replace("02-14", "02-07"), 5, "又放假又上班"),
    (FILE.replace("02-14", "02-16"), 5, "是星期二，本来就是工作日"),
    (FILE.replace("work: [02-14, 02-20]\n", ""), 1, "没有写 work"),
    (FILE.replace("work: [02-14, 02-20]", "work: 02-14"), 5, "要写成列表"),
    (FILE.replace('"off": [', '"off": [] #'), 1, "是空的"),
    (FILE + "year: 2026\n", 6, "“year”写了两遍，第一遍在第 1 行"),
    (FILE + "extra: 1\n", 6, "“extra”不是这个文件里的项目"),
    (FILE.replace("year: 2027", "year：2027"), 1, "全角"),
    (FILE.replace("confidence: L", "scope: region"), 5, "不安排调休上班"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "told"), FAULTY, ids=[t for _, _, t in FAULTY])
def test_each_fault_is_told_with_its_line(content: str, line: int, told: str) -> None:
    said = faults(content)
    assert any(s.startswith(f"f.yaml:{line}: ") and told in s for s in said), said


def test_all_faults_are_told_at_once() -> None:
    content = (
        FILE.replace("year: 2027", "year: 2027\nnonsense: 1")
        .replace("02-05..02-11", "春节")
        .replace("02-14", "02-16")
        .replace("L", "高")
    )
    assert {int(told.split(":")[1]) for told in faults(content)} >= {2, 4, 5, 6}


HOSTILE = [
    "a: &a [x]\nb: [*a, *a]\n" * 3, "year: !!python/object:os.system 2027\n", "[" * 400, "- " * 2000, "{" * 3000, "\x00", "year: 2027\x00",
    "a" * 70_000, "", "- 1\n- 2\n", "null", "off: [" + "01-01, " * 5000 + "]", "---\nyear: 2027\n---\nyear: 2028\n", "%YAML 9\n---\n", "\ud800",
    "year: 2027\nnotice: [a]\noff: {a: 1}\nwork: 3\n",
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_refused_with_sentences(content: str) -> None:
    assert all(s.startswith("f.yaml:") for s in faults(content))


@settings(max_examples=150)
@given(st.text(max_size=300) | st.lists(st.sampled_from(FILE.splitlines()), max_size=8).map("\n".join))
def test_any_text_is_read_or_refused(content: str) -> None:
    try:
        assert isinstance(parse(content, TODAY), Notice)
    except BadInput as refused:
        assert refused.reasons


def test_what_is_no_readable_small_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b"#" * 10_000_000)
    (tmp_path / "latin.yaml").write_bytes("year: 2027\nnotice: é".encode("latin-1"))
    for name, told in (
        ("big.yaml", "超过 64 KB"),
        ("latin.yaml", "UTF-8"),
        ("absent.yaml", "没有这个文件"),
        (".", "没有这个文件"),
    ):
        with pytest.raises(BadInput, match=told):
            holidays.read_file(tmp_path / name, TODAY)
    (tmp_path / "good.yaml").write_text(FILE, "utf-8")
    assert holidays.read_file(tmp_path / "good.yaml", TODAY) == notice()


# --- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    for made in fresh_town(request, tmp_path_factory):
        yield looked_at(made)


def looked_at(town: Town) -> Town:
    """A new database is looked at once; from then on only what changes is."""
    with clock.frozen(date(2026, 11, 1)):
        holidays.finish(town.store)
    with clock.frozen(date(2026, 11, 2)):
        holidays.finish(town.store)
        assert holidays.finish(town.store) is None
    return town


@pytest.fixture
def small_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    request.param = "sqlite"
    for made in fresh_town(request, tmp_path_factory):
        yield looked_at(made)


def reviewed(town: Town, accepted: date) -> Life:
    """A case accepted on that day; the decision is due 60 日 later."""
    day = accepted - timedelta(days=1)
    life = town.life(day, diagnosed_on=(day - timedelta(days=10)).isoformat())
    life.act("desk", "recognition", "file", papers=["application", "employment_proof", "diagnosis"], applicant="worker")
    life.wait(1).act("approver", "recognition", "accept")
    return life


def enter(town: Town, day: date, content: str = FILE, correct: bool = False, who: str = "admin") -> holidays.Plan:
    with clock.frozen(day):
        return holidays.add(town.store, town.people[who], parse(content, day), correct=correct)


def fire(town: Town, day: date) -> None:
    with clock.frozen(datetime.combine(day, time(18), clock.SHANGHAI)):
        firing.run_once(town.store)


def row(life: Life, name: str = "decide") -> Any:
    (found,) = life.clocks(name)
    return found


def moved_events(town: Town) -> list[tuple[str, dict[str, Any]]]:
    with town.store.reading() as session:
        query = select(Event.chain, Event.payload).where(Event.kind == "clock:moved").order_by(Event.id)
        return [(chain, json.loads(payload)) for chain, payload in session.execute(query)]


def sound(town: Town) -> None:
    _, findings = verify.verify(town.store)
    assert not findings, [f.sentence() for f in findings]
    with town.store.reading() as session:
        assert not list(holidays.unlike(session))


def test_the_moves_are_shown_first_and_nothing_is_written(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    before = dump(town.store)
    with clock.frozen(TODAY):
        plan = holidays.plan(town.store, notice())
    assert dump(town.store) == before
    (move,) = plan.followed.moved
    assert (move.case_no, move.code, move.owner, move.days) == (life.case_no, "GS-DEC", "officer", 4)
    assert (move.old.due_on, move.old.provisional) == (date(2027, 2, 8), True)
    assert (move.new.due_on, move.new.provisional) == (date(2027, 2, 12), False)
    assert "2027-02-08（暂估） → 2027-02-12  +4 日" in move.line()


def test_entering_moves_the_clock_its_counters_and_the_chain_together(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    other = reviewed(town, date(2026, 12, 8))  # due 2027-02-06, a Saturday
    done = enter(town, TODAY)
    assert done.kind == "new" and {m.case_no for m in done.followed.moved} == {life.case_no, other.case_no}
    decide = row(life)
    assert (decide.due_on, decide.provisional, decide.safe_on) == (date(2027, 2, 12), False, date(2027, 2, 4))
    assert any("放假（演示国办发明电〔2026〕1号）" in step for step in decide.explain)
    assert decide.near_on < decide.due_on and decide.fire_on == decide.near_on
    assert life.row("recognition").late_on == row(life, "decide_fast").due_on
    said = life.event()
    assert (said["kind"], said["actor"]) == ("clock:moved", "试admin（admin）")
    assert said["payload"]["old"]["due_on"] == "2027-02-08" and said["payload"]["new"]["due_on"] == "2027-02-12"
    assert "演示国办发明电〔2026〕1号" in said["payload"]["why"] and said["payload"]["over"] == ""
    assert len(moved_events(town)) == 2
    sound(town)
    version = life.row("recognition").version
    life.on(TODAY).proposed()
    life.wait(1).act("approver", "recognition", "recognise")
    assert life.row("recognition").version == version + 2
    sound(town)


def test_the_same_notice_again_writes_nothing(town: Town) -> None:
    reviewed(town, date(2026, 12, 10))
    enter(town, TODAY)
    before = dump(town.store)
    assert enter(town, TODAY).kind == "same"
    assert dump(town.store) == before


def test_only_administrators_and_the_citys_supervisor_may(town: Town) -> None:
    before = dump(town.store)
    for who in ("desk", "approver", "firm", "auditor", "city-approver"):
        with pytest.raises(Forbidden, match="系统管理员"):
            enter(town, TODAY, who=who)
    assert dump(town.store) == before
    assert enter(town, TODAY, who="supervisor").kind == "new"


def test_another_content_is_a_correction_that_has_to_be_asked_for_and_is_recorded(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    enter(town, TODAY)
    other = FILE.replace("02-05..02-11", "02-05..02-10")
    before = dump(town.store)
    with pytest.raises(Refused, match=r"少了放假 02-11.*--correct"):
        enter(town, TODAY, other)
    assert dump(town.store) == before
    done = enter(town, TODAY, other, correct=True)
    assert done.kind == "correction" and done.differs
    assert row(life).due_on == date(2027, 2, 11)
    with town.store.reading() as session:
        entered = [e for e in years.entries(session) if e.notice.year == 2027]
        last = session.scalars(
            select(Event).where(Event.kind == years.ENTERED).order_by(Event.seq.desc()).limit(1)
        ).one()
    assert len(entered) == 2 and "2027-02-11" in json.loads(last.payload)["replaces"]["off"]
    sound(town)


def test_a_wrong_number_of_the_notice_is_corrected_too(small_town: Town) -> None:
    enter(small_town, TODAY)
    with pytest.raises(Refused, match="已按“演示国办发明电〔2026〕1号”录入"):
        enter(small_town, TODAY, FILE.replace("1号", "2号"))
    assert enter(small_town, TODAY, FILE.replace("1号", "2号"), correct=True).kind == "correction"
    sound(small_town)


# --- days already missed ----------------------------------------------------------------------------------------------


def test_a_limit_over_under_the_old_day_only_runs_again_and_nobody_stays_accused(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    life.act("officer", "recognition", "to_ordinary", reason="需要调查")
    fire(town, date(2027, 2, 9))
    assert row(life).expired_on == date(2027, 2, 9) and life.tasks("press")
    told = len(life.outbox("message"))
    done = enter(town, date(2027, 2, 10))
    (move,) = done.followed.moved
    assert move.over == "rearmed" and life.event()["payload"]["over"] == "rearmed"
    decide = row(life)
    assert (decide.due_on, decide.expired_on, decide.fire_stage) == (date(2027, 2, 12), None, "near")
    assert not life.tasks("press"), "what is no longer true presses nobody"
    fresh = [o for o in life.outbox("message")[told:]]
    with town.store.reading() as session:
        warned = town.store.definition(session, 1).clocks["decide"].on_expiry.warn
    assert len(fresh) == len(warned) and all("原届满提醒作废" in o.text for o in fresh)
    fire(town, date(2027, 2, 15))
    assert row(life).expired_on == date(2027, 2, 15), "missed under the new day too, it expires once more"
    sound(town)


def test_a_limit_still_over_is_not_fired_twice(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    fire(town, date(2027, 2, 9))
    pressed, events = life.tasks("press"), life.events()
    enter(town, date(2027, 3, 1))
    decide = row(life)
    assert (decide.due_on, decide.expired_on, decide.fire_on) == (date(2027, 2, 12), date(2027, 2, 9), None)
    assert life.event()["payload"]["over"] == "still_over"
    fire(town, date(2027, 3, 2))
    assert life.tasks("press") == pressed and life.events() == events + 1
    sound(town)


def test_a_day_that_comes_earlier_than_people_saw_is_left_to_a_person(town: Town) -> None:
    life = reviewed(
        town, date(2026, 12, 16)
    )  # due 2027-02-14, a Sunday: Monday, until the notice makes it a working day
    assert row(life).due_on == date(2027, 2, 15)
    enter(town, date(2027, 2, 15))
    assert row(life).due_on == date(2027, 2, 14)
    assert life.event()["payload"]["over"] == "became_over" and life.event()["payload"]["days"] == -1
    (task,) = life.tasks("judge")
    assert "由 2027-02-15 提前到 2027-02-14" in task and "由人判断" in task
    sound(town)


def test_a_day_that_only_becomes_certain_is_not_told_again(town: Town) -> None:
    life = reviewed(town, date(2026, 11, 21))  # due 2027-01-20 before and after the notice
    near = row(life).near_on
    fire(town, near)
    assert (row(life).fire_stage, row(life).fire_on) == ("late", date(2027, 1, 21))
    told, events = len(life.outbox("message")), life.events()
    done = enter(town, near + timedelta(days=1))
    assert not done.followed.moved and done.followed.confirmed >= 1
    decide = row(life)
    assert (decide.due_on, decide.provisional) == (date(2027, 1, 20), False)
    assert (decide.fire_stage, decide.fire_on) == ("late", date(2027, 1, 21))
    fire(town, near + timedelta(days=2))
    assert len(life.outbox("message")) == told and life.events() == events
    sound(town)


def test_settled_and_paused_clocks_keep_their_days(town: Town) -> None:
    done, paused = reviewed(town, date(2026, 12, 10)), reviewed(town, date(2026, 12, 10))
    done.proposed()
    done.wait(1).act("approver", "recognition", "recognise")
    paused.wait(1).act(
        "approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    enter(town, TODAY)
    assert row(done).due_on == row(paused).due_on == date(2027, 2, 8)
    paused.on(TODAY).act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    assert row(paused).due_on == date(2027, 2, 14) and not row(paused).provisional
    sound(town)


# --- interrupted, and late --------------------------------------------------------------------------------------------


def test_an_interrupted_run_is_finished_by_the_next_round(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [reviewed(town, date(2026, 12, 10)) for _ in range(3)]
    monkeypatch.setattr(follow, "BATCH", 1)
    real, seen = follow._case, list[Any]()

    def dies(*given: Any) -> Any:
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(given)
        return real(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(follow, "_case", dies)
        enter(town, TODAY)
    assert sorted(row(life).due_on for life in lives) == [date(2027, 2, 8), date(2027, 2, 8), date(2027, 2, 12)]
    sound(town)  # no half state: what is moved is recorded
    with clock.frozen(TODAY):
        done = holidays.finish(town.store)
    assert done is not None and len(done.moved) == 2
    assert all(row(life).due_on == date(2027, 2, 12) for life in lives)
    assert sorted(chain for chain, _ in moved_events(town)) == sorted(life.case_no for life in lives), "each once"
    with clock.frozen(TODAY):
        assert holidays.finish(town.store) is None
    sound(town)


def test_the_same_command_again_finishes_it_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    life = reviewed(town, date(2026, 12, 10))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(follow, "_sweep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        enter(town, TODAY)
    assert row(life).due_on == date(2027, 2, 8)
    again = enter(town, TODAY)
    assert again.kind == "same" and [m.case_no for m in again.followed.moved] == [life.case_no]
    sound(town)


def test_several_worker_processes_at_once_move_each_clock_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [reviewed(town, date(2026, 12, 10)) for _ in range(4)]
    monkeypatch.setattr(follow, "BATCH", 1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(follow, "_sweep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        enter(town, TODAY)

    def one(_: int) -> Any:
        with clock.frozen(TODAY):
            return holidays.finish(town.store)

    with ThreadPoolExecutor(3) as pool:
        done = [d for d in pool.map(one, range(3)) if d is not None]
    assert sorted(m.case_no for d in done for m in d.moved) == sorted(life.case_no for life in lives)
    assert sorted(chain for chain, _ in moved_events(town)) == sorted(life.case_no for life in lives)
    sound(town)


def test_a_refusing_batch_leaves_the_case_as_it_was(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    life = reviewed(town, date(2026, 12, 10))
    before = dump(town.store)["clocks"], dump(town.store)["matters"], dump(town.store)["cases"]
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(follow, "_record", lambda *_: (_ for _ in ()).throw(RuntimeError()))
        enter(town, TODAY)
    assert (dump(town.store)["clocks"], dump(town.store)["matters"], dump(town.store)["cases"]) == before
    assert row(life).provisional


def test_an_act_that_had_read_the_old_days_is_caught_some_minutes_later(town: Town) -> None:
    with clock.frozen(TODAY):
        old = Store(town.store.settings)
        old.check_document = town.store.check_document
        assert 2027 not in old.calendar().notices
    enter(town, date(2026, 12, 9))
    late = reviewed(Town(old, town.people, town.system), date(2026, 12, 10))  # by a process that had not heard of it
    old.close()
    assert row(late).provisional and row(late).due_on == date(2027, 2, 8)
    with clock.frozen(TODAY):
        done = holidays.finish(town.store)
        assert done is not None and [m.case_no for m in done.moved] == [late.case_no]
        assert holidays.finish(town.store) is None
    assert row(late).due_on == date(2027, 2, 12)
    assert late.event()["actor"] == "系统（system）"
    sound(town)


def test_a_year_that_came_with_a_new_release_is_followed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    life = reviewed(town, date(2026, 12, 10))
    came = years.merged(notice(), [])
    with clock.frozen(TODAY):
        with town.store.writing() as session:
            session.add(HolidayYear(**came))
        done = holidays.finish(town.store)
    assert done is not None and [m.case_no for m in done.moved] == [life.case_no]
    assert row(life).due_on == date(2027, 2, 12)
    _, findings = verify.verify(town.store)
    assert [f.what for f in findings] == ["2027 年的放假安排与录入时的记录不符，放假安排行被改动过。"], (
        "nobody entered or shipped it"
    )
    shipped = [*law.shipped_years(), came]
    monkeypatch.setattr(law, "shipped_years", lambda: shipped)
    _, findings = verify.verify(town.store)
    assert not findings


def test_a_database_without_a_mark_is_looked_at_once(small_town: Town) -> None:
    life = reviewed(small_town, date(2026, 12, 10))
    with small_town.store.writing() as session:
        session.delete(session.get_one(Meta, years.MARK))
        session.add(HolidayYear(**years.merged(notice(), [])))
    with clock.frozen(TODAY):
        done = holidays.finish(small_town.store)
    assert done is not None and [m.case_no for m in done.moved] == [life.case_no]


def test_a_day_that_came_about_otherwise_is_left_to_a_person(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    kept = row(life)
    with town.store.writing() as session:
        session.execute(
            text("update clocks set due_on = '2027-02-03', effective_on = '2027-02-03' where id = :id"), {"id": kept.id}
        )
    done = enter(town, TODAY)
    assert not done.followed.moved and [(o.case_no, o.due_on) for o in done.followed.odd] == [
        (life.case_no, date(2027, 2, 3))
    ]
    assert "请人工核对" in done.followed.odd[0].line()
    assert row(life).due_on == date(2027, 2, 3)


def test_a_later_round_of_a_reminder_keeps_its_day_unless_it_has_become_a_rest_day(town: Town) -> None:
    life = town.life(date(2026, 11, 2), diagnosed_on="2026-10-20").recognised().served()
    reminder = row(life, "apply_appraisal")
    on = reminder.due_on
    while on <= date(2027, 1, 10):
        fire(town, on)
        on = row(life, "apply_appraisal").due_on
    enter(town, date(2027, 1, 11), FILE.replace("02-05..02-11", f"{on:%m-%d}..{on:%m-%d}"))
    moved = row(life, "apply_appraisal")
    assert moved.due_on > on and moved.effective_on == moved.fire_on == moved.due_on and moved.fire_stage == "remind"
    assert life.row("appraisal").urgent_on == moved.due_on
    sound(town)


@pytest.mark.parametrize("seed", range(4))
def test_after_a_notice_every_running_clock_is_what_it_would_be_reckoned_anew(small_town: Town, seed: int) -> None:
    town = small_town
    first = date(2026, 11, 20) + timedelta(days=seed)
    town.life(first, diagnosed_on="2026-11-10").filed()
    town.life(first, diagnosed_on="2026-11-11").recognised().served()
    town.life(first, diagnosed_on="2026-11-12").recognised().served().appraised()
    reviewed(town, date(2026, 12, 5 + seed))
    enter(town, date(2026, 12, 20))
    with clock.frozen(date(2026, 12, 20)), town.store.reading() as session:
        now = years.current(session)
        again = follow.would(town.store, session, [now[:-1], now], now)
        condition = moves.touching([now[:-1]], now)
        assert condition is not None and moves.candidates(session, condition)
    assert not again.moved and not again.odd and not again.confirmed
    sound(town)


# --- the region's own days --------------------------------------------------------------------------------------------

REGION = 'year: 2027\nscope: region\nnotice: 演示内政办〔2027〕3号\n"off": [02-12]\n'


def test_the_regions_days_come_on_top_with_their_own_citation(town: Town) -> None:
    life = reviewed(town, date(2026, 12, 10))
    with pytest.raises(Refused, match="先录入它"):
        enter(town, TODAY, REGION)
    enter(town, TODAY)
    done = enter(town, TODAY, REGION)
    assert done.kind == "new" and [m.days for m in done.followed.moved] == [2]
    assert row(life).due_on == date(2027, 2, 14)  # Saturday is a rest day, Sunday is worked
    assert any("演示内政办〔2027〕3号（自治区）" in step for step in row(life).explain)
    enter(town, TODAY, FILE.replace("1号", "2号"), correct=True)  # correcting the country's part keeps the region's
    with town.store.reading() as session:
        last = holidays.listing(session)[-1]
    assert last["notice"] == "演示国办发明电〔2026〕2号" and last["by"] == "试admin（admin）"
    assert last["region"] == [{"notice": "演示内政办〔2027〕3号", "off": "02-12", "by": "试admin（admin）"}]
    assert row(life).due_on == date(2027, 2, 14)
    sound(town)


def test_the_region_cannot_rest_on_a_day_the_country_works(small_town: Town) -> None:
    enter(small_town, TODAY)
    with pytest.raises(Refused, match="2027-02-14 按国务院办公厅的安排要上班"):
        enter(small_town, TODAY, REGION.replace("02-12", "02-14"))


def test_an_edited_year_is_found(town: Town) -> None:
    enter(town, TODAY)
    sound(town)
    off = '["2027-01-01"]'
    without_triggers(town.store, f"update holiday_years set off = '{off}' where year = 2027")
    with town.store.reading() as session:
        ((chain, _, said),) = holidays.unlike(session)
    assert chain == audit.SYSTEM and "2027 年的放假安排与录入时的记录不符" in said


def test_an_invented_notice_moves_nothing_in_production(make_store: Callable[..., Store]) -> None:
    store = make_store(env="production")
    with pytest.raises(Refused, match="正式环境不能录入"):
        holidays.plan(store, notice())


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(
    small_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run the command on the town's database, on TODAY; what it prints."""
    surroundings(monkeypatch, small_town, tmp_path)
    (tmp_path / "2027.yaml").write_text(FILE, "utf-8")
    monkeypatch.chdir(tmp_path)

    def go(*words: str) -> str:
        top = argparse.ArgumentParser()
        command.register(top.add_subparsers())
        args = top.parse_args(["holidays", *words])
        capsys.readouterr()
        try:
            with clock.frozen(TODAY):
                args.run(args)
        finally:
            go.told = capsys.readouterr().out  # type: ignore[attr-defined]
        return str(go.told)  # type: ignore[attr-defined]

    return go


def test_the_command_writes_only_when_told_to(run: Callable[..., str], small_town: Town) -> None:
    reviewed(small_town, date(2026, 12, 10))
    before = dump(small_town.store)
    body = json.loads(run("add", "2027.yaml", "--dry-run", "--json"))
    assert body["written"] is False and len(body["moved"]) == 1
    assert "2027-02-08（暂估） → 2027-02-12" in run("add", "2027.yaml", "--dry-run")
    for words in (
        ["add", "2027.yaml"],
        ["add", "2027.yaml", "--as", "admin"],
        ["add", "2027.yaml", "--as", "admin", "--json"],
    ):
        with pytest.raises(Refused):
            run(*words)
    with pytest.raises(Stopped):
        run("add", "2027.yaml", "--as", "nobody", "--yes")
    assert dump(small_town.store) == before
    body = json.loads(run("add", "2027.yaml", "--as", "admin", "--yes", "--json"))
    assert body["written"] is True and body["kind"] == "new" and len(body["moved"]) == 1
    assert "没有再写" in run("add", "2027.yaml", "--as", "admin", "--yes")
    assert "2027  演示国办发明电〔2026〕1号  可信度 L  放假 25 日  试admin（admin）" in run("list")
    assert json.loads(run("list", "--json"))["years"][-1]["work"] == "02-14、02-20"


@pytest.mark.parametrize(("answer", "written"), [("是\n", True), ("不\n", False), ("", False)])
def test_a_person_at_the_screen_is_asked(
    run: Callable[..., str], small_town: Town, monkeypatch: pytest.MonkeyPatch, answer: str, written: bool
) -> None:
    screen = io.StringIO(answer)
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", screen)
    if written:
        assert "已录入" in run("add", "2027.yaml", "--as", "admin")
    else:
        with pytest.raises(Refused, match="没有确认"):
            run("add", "2027.yaml", "--as", "admin")
    with small_town.store.reading() as session:
        assert (session.get(HolidayYear, 2027) is not None) is written


def test_the_mark_is_small_and_nothing_waits_in_it(small_town: Town) -> None:
    enter(small_town, TODAY)
    with clock.frozen(TODAY + timedelta(days=1)):
        holidays.finish(small_town.store)
    with small_town.store.reading() as session:
        mark = years.read_mark(session)
        assert mark is not None and mark.swept and not mark.before and mark.current == years.current(session)
        assert len(session.get_one(Meta, years.MARK).value) < 20_000
        assert not session.scalars(select(Task)).all() and not session.scalars(select(Outbox)).all()
