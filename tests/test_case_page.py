"""The case page with many matters: what stands where, what is offered to whom, tasks, what-if, days that are no deadlines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.builders import Life, Town
from tests.faces import faults_of_page, post, signed_in, soup, words
from web.app import create_app
from workflow import cases, clock, demo, reading, rights
from workflow.cases.load import load
from workflow.definition.model import ActionDef, Definition
from workflow.errors import Forbidden, NotFound
from workflow.models import Case, Event, Matter, Task
from workflow.setup import machine_account

if TYPE_CHECKING:
    from workflow.store import Store

SEATS = {
    "desk": "qianqi-desk", "officer": "qianqi-officer", "approver": "qianqi-approver", "appraisal": "city-appraisal",
    "committee": "city-committee", "agency": "city-agency", "reviewer": "city-reviewer", "head": "city-head",
    "finance": "city-finance", "firm": "demo-employer",
}  # fmt: skip
BAD = "<b>退件</b>"


@pytest.fixture(scope="module")
def app(demo_store: Store) -> Flask:
    made = create_app(demo_store.settings, demo_store)
    made.testing = True
    return made


@pytest.fixture(scope="module")
def town(demo_store: Store) -> Town:
    """The demonstration's people in the seats a Life names."""
    players = demo.players(demo_store)
    with demo_store.reading() as session:
        system = machine_account(session, "system")
    return Town(demo_store, {seat: players[name] for seat, name in SEATS.items()}, system)


@pytest.fixture(scope="module")
def desk(app: Flask) -> FlaskClient:
    return signed_in(app, "qianqi-desk")


def ago(town: Town, days: int, **changes: str) -> Life:
    """A case taken in so many days ago, diagnosed two weeks before."""
    day = clock.today() - timedelta(days=days)
    given = {
        "employer": demo.EMPLOYER, "certificate_employer": demo.EMPLOYER, "name": "测某山",
        "diagnosed_on": (day - timedelta(days=14)).isoformat(), **changes,
    }  # fmt: skip
    return town.life(day, **given)


@pytest.fixture(scope="module")
def served(town: Town) -> Life:
    """Recognised and served: a window for each side, appraisal and benefit to come."""
    return ago(town, 40).recognised().served()


@pytest.fixture(scope="module")
def undelivered(town: Town) -> Life:
    """A decision that could not be served on the employer: a task for the window, told with a dangerous text."""
    life = ago(town, 30).recognised()
    life.wait(1).act(
        "desk", "recognition", "delivery_failed", addressee="employer", failed_on=life.day.isoformat(), failure=BAD
    )
    return life


def page_of(client: FlaskClient, life: Life) -> BeautifulSoup:
    answer = client.get(f"/cases/{life.case_no}")
    assert answer.status_code == 200
    return soup(answer)


def section(page: BeautifulSoup, name: str) -> Tag:
    found = page.select_one(f"section#{name}")
    assert found is not None, name
    return found


# --- what stands where -----------------------------------------------------------------------------------------------


def test_open_matters_come_first_and_children_stand_in_the_matter_they_are_about(
    desk: FlaskClient, served: Life
) -> None:
    page = page_of(desk, served)
    top = [s["id"] for s in page.select("main > section.matter")]
    assert top == ["appraisal", "benefit", "recognition"], "what has ended stands last"
    inside = [s["id"] for s in section(page, "recognition").select("section.matter.child")]
    assert inside == ["remedy-1", "remedy-2"]
    text = section(page, "recognition").get_text(" ", strip=True)
    number = served.documents()[-1][1]
    assert (
        f"复议诉讼（职工，针对 认定工伤决定书 {number}）" in text
        and f"复议诉讼（用人单位，针对 认定工伤决定书 {number}）" in text
    )


def test_a_partys_window_is_folded_with_its_last_days(desk: FlaskClient, served: Life) -> None:
    for fold in section(page_of(desk, served), "recognition").select(":scope > details"):
        if fold.select_one("section.child"):
            assert (
                fold.summary is not None
                and "申请行政复议最晚 20" in fold.summary.get_text()
                and not fold.has_attr("open")
            )


def test_an_ended_matter_is_folded_with_what_can_still_be_done(app: Flask, served: Life) -> None:
    recognition = section(page_of(signed_in(app, "qianqi-approver"), served), "recognition")
    fold = recognition.select_one(":scope > details")
    assert fold is not None and fold.summary is not None and fold.summary.get_text() == "结束以后还可以办的"
    assert not fold.has_attr("open")
    labels = [a.get_text(" ", strip=True) for a in fold.select("a.button")]
    assert labels == ["更正笔误（无明文）", "撤销认定决定（无明文） 不利决定，附救济途径"], labels
    assert not recognition.select(":scope > .acts")


def test_each_remedy_is_opened_under_its_own_number(desk: FlaskClient, served: Life) -> None:
    page = page_of(desk, served)
    for name, who in (("remedy-1", "职工"), ("remedy-2", "用人单位")):
        link = next(a for a in section(page, name).select("a.button") if "登记已申请行政复议" in a.get_text())
        form = desk.get(str(link["href"]))
        assert f"/{name}/apply_review" in str(link["href"]) and form.status_code == 200
        assert [str(i["value"]) for i in soup(form).select("[name=behalf]")][-1:] in (
            [["employer"]] if who == "用人单位" else [["relative"]]
        )


def test_what_is_decided_elsewhere_says_so_and_is_only_noted(app: Flask, desk: FlaskClient, town: Town) -> None:
    blank = dict.fromkeys(
        ("diagnosed_on", "disease", "certificate_no", "institution", "certificate_employer", "dispute"), ""
    )
    life = ago(town, 5, diagnosing="yes", **blank)
    text = section(page_of(desk, life), "diagnosis").get_text(" ", strip=True)
    assert "由职业病诊断机构决定，本系统只登记、提醒。" in text
    for path in (
        f"/cases/{life.case_no}/receipt",
        f"/cases/{life.case_no}/what-if",
        "/work?mine=0",
        f"/work?q={life.case_no}&mine=0",
    ):
        assert desk.get(path).status_code == 200, path
    for username, path in (("demo-employer", "/employer/"), ("demo-employer", f"/employer/cases/{life.case_no}"),
                           ("city-supervisor", f"/oversight/cases/{life.case_no}"), ("city-supervisor", "/oversight/matters")):  # fmt: skip
        assert signed_in(app, username).get(path).status_code == 200, path
    assert "还没有诊断" in words(signed_in(app, "demo-employer").get(f"/employer/cases/{life.case_no}"))


def test_acts_written_for_many_states_stand_under_a_fold(desk: FlaskClient, undelivered: Life) -> None:
    recognition = section(page_of(desk, undelivered), "recognition")
    own = [a.get_text(" ", strip=True) for p in recognition.select(":scope > .acts") for a in p.select("a.button")]
    fold = next(
        d
        for d in recognition.select(":scope > details")
        if d.summary and d.summary.get_text().startswith("其他可以办的")
    )
    more = [a.get_text(" ", strip=True) for a in fold.select("a.button")]
    assert "登记送达" in own and {"登记送达失败", "公告送达"} <= set(more) and not set(own) & set(more)
    assert not any("视为送达" in x for x in (*own, *more)), "what only the system does is offered to nobody"


def test_the_way_on_is_never_hidden(town: Town) -> None:
    """What is written for several states and moves them on stands in front: applying, concluding, suing."""
    with town.store.reading() as session:
        definition = town.store.definition(session, 1)
    for matter, state, action in (
        ("recognition", "to_apply", "file"), ("recognition", "under_review", "propose"), ("recognition", "under_review", "suspend"),
        ("appraisal", "examined", "conclude"), ("remedy", "window_open", "apply_review"), ("remedy", "review_hearing", "decide_review"),
    ):  # fmt: skip
        assert first(definition, matter, state, action), f"{matter}.{state}.{action}"
    for matter, state, action in (
        ("recognition", "under_review", "withdraw"), ("recognition", "under_review", "record_death"), ("benefit", "paying", "stop"),
        ("recognition", "decided", "delivery_failed"), ("benefit", "claimed", "refuse_claim"), ("benefit", "paying", "recover"),
    ):  # fmt: skip
        assert not first(definition, matter, state, action), f"{matter}.{state}.{action}"


def first(definition: Definition, matter: str, state: str, action: str) -> bool:
    there = definition.matters[matter]
    act: ActionDef = there.states[state].actions[action]
    return reading.comes_first(act, there, there.states[state])


def test_an_adverse_act_says_that_its_document_tells_how_to_object(app: Flask, town: Town) -> None:
    life = ago(town, 3).filed()
    answer = signed_in(app, "qianqi-approver").get(f"/cases/{life.case_no}/recognition/decline")
    assert "这是对当事人不利的决定" in words(answer) and "不服的途径和期限" in words(answer)
    plain = signed_in(app, "qianqi-approver").get(f"/cases/{life.case_no}/recognition/accept")
    assert "不利的决定" not in words(plain)


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_days_that_are_no_deadlines_are_named_for_what_they_are_and_never_coloured(app: Flask, town: Town) -> None:
    life = ago(town, 60).recognised().served().appraisal_filed().scheduled().concluded()
    rows = clock_rows(page_of(signed_in(app, "city-agency"), life))
    (recheck,) = [r for r in rows if "最早申请复查鉴定" in r.get_text()]
    (month,) = [r for r in rows if "起发月" in r.get_text()]
    for row, said in ((recheck, "最早可以办"), (month, "起发月")):
        light = row.select_one(".light")
        assert light is not None and light["class"] == ["light", "none"] and light.get_text().endswith(said)
    assert "日后可以办" in recheck.get_text()
    assert "没有定论" in month.get_text() and "这里按“首次结论的次月，等级按最终结论”" in month.get_text()
    assert "待核实" in month.get_text(), "what was not read in the original is marked"


def clock_rows(page: BeautifulSoup) -> list[Tag]:
    return [r for r in page.select(".matter tbody tr") if r.select_one(".lights")]


def test_a_partys_day_that_has_passed_is_not_called_late(desk: FlaskClient, town: Town) -> None:
    life = ago(town, 90).recognised().served()
    child = section(page_of(desk, life), "remedy-1")
    passed, running = (r for r in child.select("tbody tr") if r.select_one(".lights"))
    assert "期满" in passed.get_text() and "超期" not in child.get_text() and "剩 " in running.get_text()
    with town.store.reading() as session:
        loaded = load(town.store, session, life.case_no)
        rows = loaded.book(loaded.matter("remedy#1")).rows
    assert all(rights.right_of(loaded.definition, r) for r in rows if r["legal"])


def test_how_a_limit_was_kept_stays_with_it(desk: FlaskClient, town: Town) -> None:
    life = ago(town, 70)
    life.accepted().wait(1).act("officer", "recognition", "to_ordinary", reason="单位另有说法")
    life.proposed().wait(1).act("approver", "recognition", "recognise")
    late = life.wait(25)
    for who in ("worker", "employer"):
        received = late.day - timedelta(days=20)
        late.act("desk", "recognition", "deliver", addressee=who, way="direct", received_on=received.isoformat(),
                 backdate_reason="回证刚寄回")  # fmt: skip
    text = "".join(li.get_text() for li in section(page_of(desk, life), "recognition").select("details li"))
    assert "决定是否受理 GS-ACC：按时" in text and "送达决定书（职工） GS-DLV：届满后补记" in text
    assert f"{received} 办" in text and f"{late.day} 登记" in text
    assert "晚记 20 日，原因：回证刚寄回" in words(desk.get(f"/cases/{life.case_no}"))


# --- the reason of an earlier day -------------------------------------------------------------------------------------


def test_the_reason_of_an_earlier_day_is_asked_only_of_who_needs_it(desk: FlaskClient, town: Town) -> None:
    life = ago(town, 4)
    path = f"/cases/{life.case_no}/recognition/file"
    page = soup(desk.get(path))
    fold = page.select_one("details.late")
    assert fold is not None and not fold.has_attr("open") and fold.select_one("textarea[name=backdate_reason]")
    before = fold.find_previous("input", attrs={"name": "filed_on"})
    assert before is not None, "it stands behind the day it is about"
    hidden = {str(i["name"]): str(i["value"]) for i in page.select("form.main input[type=hidden]")}
    day = (clock.today() - timedelta(days=1)).isoformat()
    given = {
        **hidden,
        "applicant": "worker",
        "filed_on": day,
        "papers": ["application", "employment_proof", "diagnosis"],
    }
    refused = desk.post(path, data=given)
    again = soup(refused).select_one("details.late")
    assert (
        refused.status_code == 409 and again is not None and again.has_attr("open") and "补记的原因" in again.get_text()
    )


# --- tasks -----------------------------------------------------------------------------------------------------------


def task_of(life: Life) -> int:
    with life.town.store.reading() as session:
        query = (
            select(Task.id).join(Case, Case.id == Task.case_id).where(Case.case_no == life.case_no, Task.kind == "act")
        )
        return session.scalars(query).one()


def events(store: Store, case_no: str) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Event).where(Event.chain == case_no)) or 0


def test_a_task_is_shown_to_all_and_finished_by_its_owner(app: Flask, desk: FlaskClient, undelivered: Life) -> None:
    key, path = task_of(undelivered), f"/cases/{undelivered.case_no}"
    shown = desk.get(path)
    tasks = soup(shown).select_one("#tasks")
    assert (
        tasks is not None
        and f"登记送达失败（用人单位）：{BAD}" in tasks.get_text()
        and "一站式窗口" in tasks.get_text()
    )
    assert "<b>退件" not in shown.get_data(as_text=True) and not faults_of_page(soup(shown))
    approver = signed_in(app, "qianqi-approver")
    assert "登记送达失败（用人单位）" in words(approver.get(path)) and not soup(approver.get(path)).select(
        "#tasks form"
    )
    blank = post(desk, f"{path}/tasks/{key}", {f"note-{key}": "  "}, form=path)
    assert blank.status_code == 409 and [f.get_text() for f in soup(blank).select("#tasks .error")] == [
        "错误：请写明办了什么（最多 300 字）。"
    ]
    kept = post(desk, f"{path}/tasks/{key}", {f"note-{key}": "<i>" + "长" * 300}, form=path)
    field = soup(kept).select_one(f"#note-{key}")
    assert kept.status_code == 409 and field is not None and str(field["value"]).startswith("<i>长")
    done = post(desk, f"{path}/tasks/{key}", {f"note-{key}": "改寄<u>注册地址</u>"}, form=path)
    assert done.status_code == 303
    after = desk.get(path)
    assert (
        not soup(after).select("#tasks form")
        and "办结待办" in words(after)
        and "<u>注册" not in after.get_data(as_text=True)
    )


def test_who_does_not_own_a_task_cannot_end_it(app: Flask, town: Town) -> None:
    life = ago(town, 20).recognised()
    life.wait(1).act(
        "desk", "recognition", "delivery_failed", addressee="worker", failed_on=life.day.isoformat(), failure="外出"
    )
    key, path = task_of(life), f"/cases/{life.case_no}"
    before = events(town.store, life.case_no)
    for username, status in (
        ("qianqi-approver", 403),
        ("city-agency", 403),
        ("linhe-desk", 404),
        ("demo-employer", 403),
        ("city-admin", 403),
    ):
        client = signed_in(app, username)
        assert post(client, f"{path}/tasks/{key}", {f"note-{key}": "办了"}, form="/account").status_code == status, (
            username
        )
    other = ago(town, 20)
    assert (
        post(
            signed_in(app, "qianqi-desk"), f"/cases/{other.case_no}/tasks/{key}", {f"note-{key}": "x"}, form=path
        ).status_code
        == 404
    )
    assert events(town.store, life.case_no) == before and task_of(life) == key
    with pytest.raises(Forbidden):
        cases.finish_task(town.store, town.people["approver"], life.case_no, key, "办了")
    with pytest.raises(NotFound):
        cases.finish_task(town.store, demo.players(town.store)["linhe-desk"], life.case_no, key, "办了")


# --- what-if ---------------------------------------------------------------------------------------------------------


def test_what_if_shows_the_days_and_writes_nothing(app: Flask, town: Town) -> None:
    life = ago(town, 6).accepted()
    client, before = signed_in(app, "qianqi-approver"), events(town.store, life.case_no)
    path = f"/cases/{life.case_no}/what-if"
    page = soup(client.get(path))
    assert [g["label"] for g in page.select("#act optgroup")] == ["工伤认定"] and not page.select("#result")
    assert not [o for o in page.select("#act option") if "become_final" in str(o["value"])], (
        "the system's acts are no choice"
    )
    result = words(client.get(f"{path}?act=recognition.suspend"))
    assert "工伤认定会到“中止”" in result and "真要办的时候还要" in result and "恢复后再算" in result
    paused = soup(client.get(f"{path}?clock=&since=2026-12-01&until=2026-12-11"))
    assert "顺推" in paused.select_one("#result").get_text()  # type: ignore[union-attr]
    assert events(town.store, life.case_no) == before and life.state("recognition") == "under_review"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("act=recognition.suspend&on=昨天", "日期“昨天”读不懂"), ("since=2026-12-01", "请把停的起日和恢复的日子都填上"),
        ("since=2026-12-11&until=2026-12-01", "恢复的日子要晚于起停的日子"), ("act=recognition.nothing", "现在没有了"),
        ("act=<script>", "现在没有了"), ("clock=recognition.nothing&since=2026-12-01&until=2026-12-02", "现在没有了"),
        ("act=remedy.apply_review", "现在没有了"), ("on=<b>", "读不懂"),
    ],
)  # fmt: skip
def test_nonsense_in_what_if_is_told_and_breaks_nothing(desk: FlaskClient, query: str, said: str) -> None:
    answer = desk.get(f"/cases/2026-000003/what-if?{query}")
    assert answer.status_code == 200 and said in words(answer) and not faults_of_page(soup(answer))
    assert not soup(answer).select("#result")


def test_another_countys_case_has_no_what_if(app: Flask, served: Life) -> None:
    stranger = signed_in(app, "linhe-desk")
    there, nowhere = (
        stranger.get(f"/cases/{n}/what-if?act=recognition.accept") for n in (served.case_no, "2026-999999")
    )
    assert there.status_code == nowhere.status_code == 404
    assert signed_in(app, "demo-employer").get(f"/cases/{served.case_no}/what-if").status_code == 403


# --- every place can be shown ----------------------------------------------------------------------------------------


def test_every_act_of_every_matter_has_a_form_that_opens(
    app: Flask, town: Town, served: Life, undelivered: Life
) -> None:
    """Through every button of cases with children, tasks and other bodies, as whoever may: nothing breaks, no raw citation."""
    opened = 0
    for username in SEATS.values():
        client = signed_in(app, username)
        for life in (served, undelivered):
            for link in soup(client.get(f"/cases/{life.case_no}")).select("a.button"):
                answer = client.get(str(link["href"]))
                opened += 1
                assert answer.status_code == 200, link["href"]
                assert "decision_kind" not in words(answer)
    assert opened > 30


def test_the_matters_cost_a_bounded_number_of_questions(
    town: Town, desk: FlaskClient, served: Life, counted: Callable[[], int]
) -> None:
    assert counted() <= 130


@pytest.fixture
def counted(town: Town, desk: FlaskClient, served: Life) -> Callable[[], int]:
    from tests.faces import statements

    def count() -> int:
        with statements(town.store) as sent:
            assert desk.get(f"/cases/{served.case_no}").status_code == 200
        return len(sent)

    return count


def test_a_name_with_several_matters_is_never_used_alone(town: Town, served: Life) -> None:
    with town.store.reading() as session:
        loaded = load(town.store, session, served.case_no)
        names = [reading.name_of(loaded, m) for m in loaded.matters]
        assert names == ["recognition", "appraisal", "benefit", "remedy#1", "remedy#2"]
        assert [loaded.matter(n).id for n in names] == [m.id for m in loaded.matters]
        assert session.scalar(select(func.count()).select_from(Matter).where(Matter.case_id == loaded.row.id)) == len(
            names
        )


def test_the_page_of_many_matters_has_no_script_and_its_ids_are_unique(desk: FlaskClient, served: Life) -> None:
    page = page_of(desk, served)
    ids = [t["id"] for t in page.select("[id]")]
    assert not faults_of_page(page) and len(ids) == len(set(ids))
    assert date.fromisoformat(served.day.isoformat()) <= clock.today()
