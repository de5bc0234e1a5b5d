"""Whose clock: every day of a case is somebody's, a pause, or nobody's, and nobody is given another's."""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import render_template_string
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from tests.builders import FIRM, START, Life, Town, dump, fresh_town, number, surroundings
from tests.conftest import PROVE_ALL
from tests.many_cases import add_cases
from web.app import create_app
from web.commands import spent as command
from workflow import clock, holidays, identity, spent
from workflow.cases.load import load
from workflow.cases.opening import NewCase, Placement, write_case
from workflow.definition import load as load_definition
from workflow.errors import NotFound, Stopped
from workflow.holidays.entry import parse
from workflow.models import Employer
from workflow.settings import ROOT
from workflow.setup import machine_account
from workflow.spent.case import bar
from workflow.spent.rows import runs
from workflow.spent.tally import Run, Share, Tally, tally
from workflow.store import Store

LATE: dict[str, Any] = {"backdate_reason": "邮件晚到，按回证日期补记"}


# --- the rule, pure ---------------------------------------------------------------------------------------------------

FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n))
LATER = DAYS | st.none()


@st.composite
def a_run(draw: Any) -> Run:
    since = draw(DAYS)
    pauses = [
        (a, None if b is None else max(a, b), "在等") for a, b in draw(st.lists(st.tuples(DAYS, LATER), max_size=2))
    ]
    gaps = [(a, max(a, b)) for a, b in draw(st.lists(st.tuples(DAYS, DAYS), max_size=1))]
    until = draw(LATER)
    return Run(
        draw(st.integers(1, 9)), draw(st.integers(1, 2)), "某时限", draw(st.sampled_from("甲乙丙")), draw(st.booleans()), since,
        until and max(since, until), draw(DAYS), draw(DAYS), draw(DAYS), waits=draw(st.integers(0, 5)) == 0,
        right=draw(st.integers(0, 4)) == 0, judged=draw(st.integers(0, 4)) == 0, pauses=tuple(pauses), gaps=tuple(gaps),
    )  # fmt: skip


def urgency(late: dict[int, bool], r: Run) -> Any:
    """Over the law first, what was over when the case was placed last."""
    return (not late[id(r)], r.judged and not late[id(r)], r.effective, not r.legal, r.order)


def day_by_day(first: date, last: date, runs: list[Run]) -> Tally:
    """The same rule written down again, one day after the other, from the law's side: the day counted is the one after `d`."""
    out = Tally()
    for n in range(max(0, (last - first).days)):
        d = first + timedelta(days=n)
        counted = d + timedelta(days=1)
        out.elapsed += 1
        there = [
            r for r in runs
            if r.since < counted and (r.until is None or counted <= r.until) and not (r.right and counted > r.due)
            and not any(a < counted <= b for a, b in r.gaps if b)
        ]  # fmt: skip
        still = {id(r): [g for a, b, g in r.pauses if a <= counted and (b is None or counted < b)] for r in there}
        late = {
            id(r): r.legal and counted > r.due and counted > r.came and not (r.right or r.judged or r.waits)
            for r in there
        }

        def first_of(of: list[Run], late: dict[int, bool] = late) -> Run:
            return sorted(of, key=partial(urgency, late))[0]

        asleep = [r for r in there if still[id(r)] and not r.waits]
        awake = [r for r in there if not still[id(r)] and not r.waits]
        awake = [r for r in awake if r.legal or not any(p.legal and p.matter == r.matter for p in asleep)]
        if awake:
            mine = out.shares.setdefault(first_of(awake).owner, Share())
            mine.running += 1
            mine.over += late[id(first_of(awake))]
        elif there:
            out.shares.setdefault(first_of(asleep or there).owner, Share()).paused += 1
        else:
            out.nobody += 1
    return out


@given(DAYS, DAYS, st.lists(a_run(), max_size=5))
def test_the_shares_are_those_of_every_single_day_and_their_sum_is_the_time(
    first: date, last: date, runs: list[Run]
) -> None:
    for n, r in enumerate(runs):  # ids are unique
        object.__setattr__(r, "order", n)
    got, want = tally(first, last, runs), day_by_day(first, last, runs)
    assert (got.elapsed, got.nobody, got.shares) == (want.elapsed, want.nobody, want.shares)
    assert got.elapsed == max(0, (last - first).days)
    assert got.elapsed == got.nobody + sum(s.running + s.paused for s in got.shares.values())
    assert got.grounds.total() == sum(s.paused for s in got.shares.values())
    assert all(0 <= s.over <= s.running for s in got.shares.values())


@given(DAYS, DAYS, DAYS, st.lists(a_run(), max_size=4))
def test_a_stretch_in_two_parts_is_the_whole(first: date, middle: date, last: date, runs: list[Run]) -> None:
    first, middle, last = sorted((first, middle, last))
    whole, parts = tally(first, last, runs), tally(first, middle, runs)
    parts.take(tally(middle, last, runs))
    assert whole == parts


def run(owner: str, since: int, until: int | None, due: int, **more: Any) -> Run:
    d = [FIRST + timedelta(days=n) for n in (since, due)]
    given = {"order": 1, "matter": 1, "label": "某", "legal": True, "effective": d[1], "came": d[0], **more}
    return Run(
        owner=owner, since=d[0], until=None if until is None else FIRST + timedelta(days=until), due=d[1], **given
    )


def shares(days: int, *runs: Run) -> dict[str, tuple[int, int, int]]:
    found = tally(FIRST, FIRST + timedelta(days=days), runs)
    return {o: (s.running, s.paused, s.over) for o, s in found.shares.items()} | (
        {"": (found.nobody, 0, 0)} if found.nobody else {}
    )


def test_the_day_of_the_end_is_in_time_and_the_next_one_is_over() -> None:
    assert shares(10, run("甲", 0, 10, due=10)) == {"甲": (10, 0, 0)}
    assert shares(12, run("甲", 0, 12, due=10)) == {"甲": (12, 0, 2)}


def test_a_pause_is_exactly_its_days_and_never_over() -> None:
    paused = ((FIRST + timedelta(days=4), FIRST + timedelta(days=9), "仲裁"),)
    assert shares(12, run("甲", 0, 12, due=5, pauses=paused)) == {"甲": (7, 5, 4)}


def test_nothing_is_over_before_it_came_to_its_owner() -> None:
    assert shares(20, run("甲", 0, 20, due=5, came=FIRST + timedelta(days=15))) == {"甲": (20, 0, 5)}


def test_a_right_that_has_passed_holds_nobody_up() -> None:
    assert shares(20, run("职工", 0, None, due=15, right=True), run("窗口", 0, 20, due=30, order=2)) == {
        "职工": (15, 0, 0),
        "窗口": (5, 0, 0),
    }
    assert shares(20, run("职工", 0, None, due=15, right=True)) == {"职工": (15, 0, 0), "": (5, 0, 0)}


def test_who_watches_a_pause_is_not_at_work() -> None:
    paused = ((FIRST + timedelta(days=1), None, "仲裁"),)
    stopped = run("承办人", 0, None, due=60, pauses=paused)
    reminder = run("承办人", 0, None, due=30, legal=False, order=2)
    assert shares(10, stopped, reminder) == {"承办人": (0, 10, 0)}
    elsewhere = run("职工", 0, None, due=30, legal=False, order=3, matter=2)
    assert shares(10, stopped, reminder, elsewhere) == {"职工": (10, 0, 0)}


def test_bars_show_every_part_as_a_sign_of_its_own() -> None:
    assert bar(Share(10, 5, 4), 20) == "██████▲▲▲▲░░░░░"
    assert bar(Share(1, 0, 0), 1000) == "█" and bar(Share(), 0) == "" and bar(Share(), 10, 5) == "··········"


# --- whole lives ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


@pytest.fixture
def small_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    request.param = "sqlite"
    yield from fresh_town(request, tmp_path_factory)


def of(life: Life, day: date | None = None) -> dict[str, Any]:
    with clock.frozen(day or life.day), life.town.store.reading() as session:
        return spent.of_case(load(life.town.store, session, life.case_no))


def split(part: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {o: (s["running"], s["paused"], s["over"]) for o, s in part["owners"].items()}


def matter(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(m for m in found["matters"] if m["matter"] == name)


def whole(found: dict[str, Any]) -> None:
    """Of the case and of each matter the parts are the elapsed days, and nobody is over for longer than it was his."""
    for part in (found, *found["matters"]):
        days = (date.fromisoformat(part["until"]) - date.fromisoformat(part["since"])).days
        assert part["elapsed"] == max(0, days)
        assert part["elapsed"] == part["nobody"] + sum(s["running"] + s["paused"] for s in part["owners"].values())
        assert sum(g["days"] for g in part["grounds"]) == sum(s["paused"] for s in part["owners"].values())
        assert all(0 <= s["over"] <= s["running"] for s in part["owners"].values())


def test_every_day_goes_to_who_had_to_act(town: Town) -> None:
    life = town.life()
    life.wait(5).filed()  # five days of the employer and the worker: the employer's 30 日 come first
    life.wait(18).act("approver", "recognition", "accept")  # the desk's 15 日 had ended on Monday the 23rd
    life.proposed()
    life.wait(3).act("approver", "recognition", "recognise")
    life.served()
    found = of(life)
    whole(found)
    assert split(matter(found, "recognition")) == {"employer": (5, 0, 0), "desk": (20, 0, 2), "officer": (4, 0, 0)}
    assert matter(found, "recognition")["open"] is False and found["open"] is True


def test_a_suspension_is_nobodys_work_and_names_its_ground(town: Town) -> None:
    life = town.life().accepted()
    life.wait(4).act(
        "approver", "recognition", "suspend", ground="劳动关系在仲裁", suspension_kind="judicial", awaited="仲裁裁决书"
    )
    life.wait(100).act("approver", "recognition", "resume", document_received="裁决书1号", ground="裁决已生效")
    found = of(life.wait(2))
    whole(found)
    recognition = matter(found, "recognition")
    assert split(recognition) == {"desk": (1, 0, 0), "officer": (6, 100, 0)}
    assert recognition["grounds"] == [{"ground": "劳动关系在仲裁", "days": 100}]


def test_a_suspension_still_going_on_counts_to_today(town: Town) -> None:
    life = town.life().accepted()
    life.wait(4).act(
        "approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    found = of(life, life.day + timedelta(days=400))
    whole(found)
    assert split(found) == {"desk": (1, 0, 0), "officer": (3, 401, 0)}


def test_a_partys_period_is_the_partys_and_he_is_never_late_with_it(town: Town) -> None:
    life = town.life().recognised().served()
    life.appraised(grade="8", care="none")
    found = of(life.wait(60))
    whole(found)
    assert all(s[2] == 0 for o, s in split(found).items() if o in ("worker", "relative", "union"))
    windows = [
        c for c in life.clocks() if c.addressee and c.legal and c.owner in ("worker", "employer", "applicant", "party")
    ]
    assert windows and split(found)["worker"][0] > 0


def test_a_delivery_recorded_late_is_in_time_by_its_day_of_receipt(town: Town) -> None:
    life = town.life().recognised()
    received = (life.day + timedelta(days=10)).isoformat()
    life.wait(45)
    for who in ("worker", "employer"):
        life.act("desk", "recognition", "deliver", addressee=who, way="post", received_on=received, **LATE)
    found = of(life)
    whole(found)
    assert split(matter(found, "recognition")).get("desk", (0, 0, 0))[2] == 0


def test_a_late_act_recorded_later_still_is_over_until_it_is_recorded(town: Town) -> None:
    life = town.life().filed()
    examine, recorded = life.due("examine"), life.day + timedelta(days=45)
    on = examine + timedelta(days=5)
    life.on(recorded).act("approver", "recognition", "accept", accepted_on=on.isoformat(), **LATE)
    fast = life.due("decide_fast")
    assert fast < recorded, "over before it came to the officer"
    found = of(life.wait(3))
    whole(found)
    desk, officer = split(matter(found, "recognition"))["desk"], split(matter(found, "recognition"))["officer"]
    assert desk == (45, 0, (recorded - examine).days), "it lay with the desk until it was recorded"
    assert officer == (3, 0, 3), "over from the day it came to him, not from the day that had passed"
    with clock.frozen(life.day):
        assert_same(spent.by_owner(town.store), [found])


def imported(town: Town, state: str, **facts: date) -> Life:
    """A case placed on START where a form's dates say it stands."""
    with clock.frozen(START), town.store.writing() as session:
        employer = session.query(Employer).filter(Employer.name == FIRM).one()
        new = NewCase("试大山", identity.parse(number(), START), "男", employer.id, employer.office_id, "职业性尘肺病（矽肺壹期）",
                      date(2025, 6, 2), facts={"insured": "yes"}, source={"way": "import"})  # fmt: skip
        place = Placement("recognition", state, facts)
        return Life(
            town,
            write_case(town.store, session, machine_account(session, "import"), new, [place], kind="case:imported"),
            START,
        )


def test_an_imported_case_accuses_nobody_of_what_was_over_before(town: Town) -> None:
    life = imported(town, "under_review", filed_on=date(2025, 7, 1), accepted_on=date(2025, 7, 3))
    found = of(life.wait(90))
    whole(found)
    assert found["since"] == START.isoformat() and split(found) == {"officer": (90, 0, 0)}
    running_on = imported(town, "under_review", filed_on=date(2026, 2, 1), accepted_on=date(2026, 2, 10))
    after = running_on.due("decide")
    assert split(of(running_on, after + timedelta(days=7)))["officer"][2] >= 7, (
        "what was not over then may be over since"
    )


def test_a_clock_whose_start_is_not_known_runs_for_nobody(town: Town) -> None:
    found = of(imported(town, "under_review").wait(30))
    whole(found)
    assert split(found) == {} and found["nobody"] == 30 and found["nobody_bar"]


def test_a_clock_taken_up_again_is_not_charged_with_the_time_between(town: Town) -> None:
    life = town.life(diagnosed_on="2026-02-06")  # the employer's 30 日 end on 2026-03-09
    life.wait(2).filed()  # and are met
    life.wait(10).act("desk", "recognition", "withdraw", behalf="worker", applicant="worker", ground="材料要重新准备")
    assert life.due("employer_files") == date(2026, 3, 9), "taken up again with its own dates"
    found = of(life.wait(40))
    whole(found)
    assert split(matter(found, "recognition")) == {"employer": (42, 0, 40), "desk": (10, 0, 0)}, (
        "the ten days were the desk's"
    )
    with clock.frozen(life.day):
        assert_same(spent.by_owner(town.store), [found])


def test_what_came_late_to_its_owner_is_over_from_then_on_only() -> None:
    on, recorded = date(2026, 3, 4), date(2026, 3, 20)
    same: dict[str, Any] = {
        "matter_id": 1,
        "label": "某",
        "addressee": "",
        "legal": True,
        "kind": "deadline",
        "pauses": [],
    }
    before = {**same, "id": 1, "name": "a", "owner": "desk", "state": "met", "start_on": START, "due_on": date(2026, 3, 30),
              "effective_on": date(2026, 3, 30), "closed_on": recorded, "done_on": on}  # fmt: skip
    after = {**same, "id": 2, "name": "b", "owner": "officer", "state": "running", "start_on": on, "due_on": date(2026, 3, 10),
             "effective_on": date(2026, 3, 10), "closed_on": None, "done_on": None}  # fmt: skip
    first, second = runs(load_definition(ROOT / "states.yaml"), [before, after], START, None)
    assert (first.until, second.since, second.came) == (on, on, recorded)
    found = tally(START, date(2026, 3, 25), [first, second])
    assert found.shares == {"desk": Share(2), "officer": Share(21, 0, 5)}


def test_a_day_moved_earlier_by_a_notice_is_not_over_before_it_was_known(town: Town) -> None:
    notice = """year: 2027
notice: 演示国办发明电〔2026〕1号
"off": [01-01..01-03, 02-05..02-11, 04-03..04-05, 05-01..05-05, 10-01..10-07]
work: [02-14]
"""
    life = town.life(date(2026, 12, 15), diagnosed_on="2026-12-01").filed()
    life.wait(1).act("approver", "recognition", "accept")  # due 2027-02-14, a Sunday: Monday the 15th until the notice
    life.act("officer", "recognition", "to_ordinary", reason="需要调查")
    with clock.frozen(date(2027, 2, 18)):
        holidays.add(town.store, town.people["admin"], parse(notice, date(2027, 2, 18)))
    assert life.due("decide") == date(2027, 2, 14)
    found = of(life, date(2027, 2, 20))
    whole(found)
    assert split(found)["officer"][2] == 2, "over since it was known, not since the day nobody could know"
    with clock.frozen(date(2027, 2, 20)):
        assert_same(spent.by_owner(town.store), [found])


# --- random lives, and many of them -----------------------------------------------------------------------------------


def random_life(town: Town, rng: random.Random) -> Life:
    """A case that goes some way, now fast, now slow, some of it recorded late, paused, withdrawn or begun again."""
    life = town.life(START + timedelta(days=rng.randint(0, 40)))
    steps: list[Callable[[], Any]] = [
        life.filed,
        lambda: rng.random() < 0.3 and life.act("desk", "recognition", "withdraw", behalf="worker", applicant="worker", ground="重新准备"),
        lambda: life.state("recognition") == "to_apply" and life.wait(rng.choice([1, 40])).filed(),
        lambda: life.act("approver", "recognition", "accept", **late("accepted_on")),
        lambda: rng.random() < 0.5 and pause(),
        lambda: life.proposed(),
        lambda: life.act("approver", "recognition", "recognise", **late("decided_on")),
        lambda: [deliver("recognition", "desk", who) for who in ("worker", "employer")],
        life.appraisal_filed, life.scheduled, life.concluded,
        lambda: [deliver("appraisal", "appraisal", who) for who in ("worker", "employer")],
        life.claimed, life.approved,
    ]  # fmt: skip

    def late(name: str) -> dict[str, Any]:
        if rng.random() < 0.6:
            return {}
        return {name: (life.day - timedelta(days=rng.choice([1, 2]))).isoformat(), **LATE}

    def pause() -> Any:
        life.act(
            "approver",
            "recognition",
            "suspend",
            ground=rng.choice(["在仲裁", "等裁决"]),
            suspension_kind="judicial",
            awaited="裁决书",
            **late("suspended_on"),
        )
        return life.wait(rng.randint(1, 90)).act(
            "approver", "recognition", "resume", document_received="裁决书", ground="已生效"
        )

    def deliver(which: str, who: str, to: str) -> Any:
        received = life.day - timedelta(days=rng.choice([0, 0, 1]))
        told = LATE if received < life.day else {}
        return life.wait(1).act(
            who, which, "deliver", addressee=to, way="post", received_on=received.isoformat(), **told
        )

    for step in steps[: rng.randint(3, len(steps))]:
        life.wait(rng.choice([2, 2, 3, 9, 35]))
        try:
            step()
        except Stopped:
            break  # the life ends where the engine refuses
    return life


def assert_same(many: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """The supervisor's sums are those of the cases' own pages."""
    want: Counter[tuple[str, str]] = Counter()
    for part in (m for case in found for m in case["matters"]):
        want["", "elapsed"] += part["elapsed"]
        want["", "nobody"] += part["nobody"]
        for owner, share in part["owners"].items():
            want.update({(owner, k): share[k] for k in ("running", "paused", "over")})
    got: Counter[tuple[str, str]] = Counter({("", k): many[k] for k in ("elapsed", "nobody")})
    for row in many["rows"]:
        got.update({(row["owner"], k): row[k] for k in ("running", "paused", "over")})
    assert {k: n for k, n in got.items() if n} == {k: n for k, n in want.items() if n}


SEEDS = range(60 if PROVE_ALL else 10)


def test_random_lives_are_shared_out_whole_and_the_sums_agree(town: Town) -> None:
    lives = [random_life(town, random.Random(seed)) for seed in (SEEDS[:4] if town.store.postgres else SEEDS)]
    day = max(life.day for life in lives) + timedelta(days=20)
    found = [of(life, day) for life in lives]
    for case in found:
        whole(case)
    if not town.store.postgres:
        reached = {k for case in found for s in case["owners"].values() for k in ("running", "paused", "over") if s[k]}
        assert reached == {"running", "paused", "over"} and {m["matter"] for c in found for m in c["matters"]} >= {
            "recognition",
            "appraisal",
        }
    before = dump(town.store)
    with clock.frozen(day):
        assert_same(spent.by_owner(town.store), found)
        halves = [
            spent.by_owner(town.store, until=START + timedelta(days=60)),
            spent.by_owner(town.store, since=START + timedelta(days=60)),
        ]
        assert sum(h["elapsed"] for h in halves) == sum(m["elapsed"] for case in found for m in case["matters"])
    assert dump(town.store) == before


def test_a_county_sees_its_own_and_the_statements_do_not_grow(town: Town) -> None:
    office = town.people["desk"].office_id
    assert office is not None
    counts: list[int] = []
    for _ in range(2):
        add_cases(town.store, 60, seed=len(counts) + 1)
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(town.store.engine, "before_cursor_execute", note)
        everything = spent.by_owner(town.store)
        event.remove(town.store.engine, "before_cursor_execute", note)
        counts.append(len([s for s in seen if "events.payload" not in s]))
    assert counts[0] == counts[1] <= 6
    own = spent.by_owner(town.store, offices=frozenset({office}))
    assert {r["office"] for r in own["rows"]} == {"150823"} < {r["office"] for r in everything["rows"]}
    assert 0 < own["elapsed"] < everything["elapsed"]
    assert everything["elapsed"] == everything["nobody"] + sum(r["running"] + r["paused"] for r in everything["rows"])


# --- what people see --------------------------------------------------------------------------------------------------


@pytest.fixture
def go(
    small_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    surroundings(monkeypatch, small_town, tmp_path)

    def run_it(*words: str) -> str:
        top = argparse.ArgumentParser()
        command.register(top.add_subparsers())
        args = top.parse_args(["spent", *words])
        capsys.readouterr()
        with clock.frozen(datetime.combine(START + timedelta(days=120), time(9), clock.SHANGHAI)):
            args.run(args)
        return capsys.readouterr().out

    return run_it


def paused_life(town: Town) -> Life:
    life = town.life().filed()
    life.wait(20).act("approver", "recognition", "accept")
    life.wait(4).act(
        "approver", "recognition", "suspend", ground="<b>仲裁</b>", suspension_kind="judicial", awaited="裁决书"
    )
    return life


def test_the_command_tells_people_and_machines(go: Callable[..., str], small_town: Town) -> None:
    life = paused_life(small_town)
    told = go(life.case_no)
    assert (
        "一站式窗口  " in told
        and "其中超过法定时限 5 日" in told
        and "中止：<b>仲裁</b>" in told
        and "▲" in told
        and "░" in told
    )
    assert json.loads(go(life.case_no, "--json")) == of(life, START + timedelta(days=120))
    assert json.loads(go(life.case_no, "--json", "--as", "desk"))["case_no"] == life.case_no
    for words in (["2026-999999"], [life.case_no, "--as", "linhe-desk"]):
        with pytest.raises(NotFound):
            go(*words)


def test_the_partial_shows_it_in_words_and_shapes_and_escapes(small_town: Town) -> None:
    store: Store = small_town.store
    found = of(paused_life(small_town), START + timedelta(days=120))
    app = create_app(store.settings, store)
    with app.test_request_context("/"), clock.frozen(START + timedelta(days=120)):
        page = render_template_string(
            '{% import "spent.html" as s %}{{ s.section(spent) }}{{ s.offices(many) }}',
            spent=found,
            many=spent.by_owner(store),
        )
    soup = BeautifulSoup(page, "html.parser")
    assert "<b>仲裁</b>" not in page and "style=" not in page
    rows = {
        tr.select("th")[0].text.strip(): [td.text.strip() for td in tr.find_all("td")]
        for tr in soup.select("table")[0].select("tbody tr")
    }
    assert rows["一站式窗口"][:3] == ["20 日", "5 日", "—"] and set(rows["一站式窗口"][3]) == {"█", "▲"}
    assert "共 120 日" in soup.select("caption")[0].text and all(
        t.find("caption") and t.find("th", scope="col") for t in soup.find_all("table")
    )
    assert all(t.find_parent(class_="table") for t in soup.find_all("table")), "a wide table scrolls by itself"


def test_an_event_nobody_can_read_hides_nothing_else(small_town: Town) -> None:
    life = small_town.life().accepted()
    with small_town.store.engine.begin() as connection:
        connection.execute(text("drop trigger events_no_update"))
        connection.execute(text("update events set payload = 'x' where seq = 2 and chain = :c"), {"c": life.case_no})
    whole(of(life.wait(30)))


def test_no_case_is_opened_for_nothing(small_town: Town) -> None:
    life = small_town.life()
    found = of(life)
    whole(found)
    assert found["elapsed"] == 0 and found["owners"] == {}
    with clock.frozen(life.day):
        assert spent.by_owner(small_town.store)["matters"] == 0
