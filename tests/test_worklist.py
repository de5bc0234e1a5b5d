"""The worklist: who sees which rows, their order, counts that equal the lists, searching, its cost at 20,000 cases."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from tests.conftest import open_store
from tests.faces import statements as counted
from tests.many_cases import add_cases, numbers
from web.app import create_app
from workflow import accounts, cases, clock, identity, permissions, search, turns, worklist
from workflow.models import Case, Matter, Office, Task, User
from workflow.situation import Actor
from workflow.worklist import PER_PAGE, TABS, Asked, look

if TYPE_CHECKING:
    from workflow.store import Store

TODAY = date(2026, 11, 24)
MANY = 20_000
MOST_STATEMENTS = 8


def actor(store: Store, username: str) -> Actor:
    with store.reading() as session:
        return accounts.actor_of(session.scalars(select(User).where(User.username == username)).one())


def person(store: Store, *roles: str, office: str = "150823", **more: Any) -> Actor:
    """Somebody with these roles at an office; no account is needed to look at a list."""
    with store.reading() as session:
        place = session.scalars(select(Office).where(Office.code == office)).one()
        return Actor(1, "x", "某人", frozenset(roles), place.id, place.city, **more)


def everything(store: Store, who: Actor, asked: Asked) -> list[worklist.Row]:
    """All pages of a list."""
    first = look(store, who, asked)
    rows = list(first.rows)
    for number in range(2, first.pages + 1):
        rows += look(store, who, replace(asked, page=number)).rows
    return rows


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Twenty thousand cases on SQLite."""
    folder = tmp_path_factory.mktemp("crowd")
    store = open_store(f"sqlite:///{folder / 'greenchannel.db'}", folder)
    add_cases(store, MANY)
    yield store
    store.close()


@pytest.fixture
def some(store: Store) -> Store:
    """Three hundred cases, on both databases."""
    add_cases(store, 300)
    return store


# --- what a row says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("legal", "due", "effective", "said"),
    [
        (True, 2, 2, "剩 2 日"),
        (True, 0, 0, "今天到期"),
        (True, -3, -3, "超期 3 日"),
        (True, 9, 4, "剩 4 日"),
        (True, 9, 0, "今天到承诺日"),
        (True, 9, -2, "过承诺 2 日，法定剩 9 日"),
        (True, -1, -5, "超期 1 日"),
        (False, 5, 5, "5 日后提醒"),
        (False, 0, 0, "今天提醒"),
        (False, -4, -4, "提醒已过 4 日"),
    ],
)
def test_days_left_in_words(legal: bool, due: int, effective: int, said: str) -> None:
    row = {
        "state": "running",
        "legal": legal,
        "kind": "deadline",
        "due_on": TODAY + timedelta(due),
        "effective_on": TODAY + timedelta(effective),
    }
    assert worklist.left_words(row, TODAY) == said


@pytest.mark.parametrize(("state", "said"), [("paused", "中止，不计时"), ("unstarted", "起算日待补录"), ("met", "")])
def test_a_clock_that_does_not_run_has_no_days_left(state: str, said: str) -> None:
    assert worklist.left_words({"state": state, "legal": True}, TODAY) == said


def test_a_reminder_is_never_called_late(some: Store) -> None:
    rows = everything(some, person(some, "desk", office="150800"), Asked())
    reminders = [r for r in rows if r.clock and not r.legal]
    assert any("已过" in r.left for r in reminders), "the crowd has reminders whose day is past"
    assert not any("超期" in (r.left + r.light_text) for r in reminders)
    assert {r.light_text for r in reminders if r.light == "near"} == {"提醒"}


def test_the_row_shows_the_most_urgent_clock(demo_store: Store) -> None:
    rows = everything(demo_store, person(demo_store, "desk", office="150800"), Asked())
    late = [r for r in rows if r.light == "late"]
    codes = {r.code for r in late}
    assert {"GS-APP-EMP", "GS-DEC"} <= codes and not codes & {"AR-APPLY", "AL-DIRECT"}, "nobody is late with a right"
    assert all(r.left.startswith("超期") and r.due_on and r.due_on < clock.today() for r in late)
    fast = next(r for r in rows if r.code == "GS-FAST")
    assert fast.promise_on and fast.due_on and fast.promise_on < fast.due_on and fast.ball == "承办人"


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_visibility_is_that_of_permissions(some: Store) -> None:
    with some.reading() as session:
        known = session.execute(select(Case.case_no, Case.office_id, Case.employer_id)).all()
    people = [
        person(some, "desk"), person(some, "officer", office="150802"), person(some, "agency", office="150800"),
        person(some, "committee", office="150800"), person(some, "supervisor"), person(some, "admin", office="150800"),
        person(some), person(some, "employer", employer_id=known[0].employer_id), person(some, system=True),
    ]  # fmt: skip
    for who in people:
        with some.reading() as session:
            seen = set(session.scalars(select(Case.case_no).where(search.visible(who))))
        assert seen == {c.case_no for c in known if permissions.sees_case(who, c.office_id, c.employer_id)}, who


def test_a_county_sees_the_citys_appraisal_of_its_own_cases_only(some: Store) -> None:
    rows = everything(some, person(some, "desk"), Asked(matter="appraisal"))
    assert rows and {r.county for r in rows} == {"乌拉特前旗"}


def test_another_countys_office_in_the_address_opens_nothing(some: Store) -> None:
    who = person(some, "desk")
    with_office = look(some, who, Asked(office="150802"))
    assert with_office.counts == look(some, who, Asked()).counts, "the filter is the city's; a county has its own cases"
    assert {r.county for r in with_office.rows} == {"乌拉特前旗"}


# --- order, counts, pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [Asked(), Asked(mine=True), Asked(matter="recognition"), Asked(office="150802"),
                                   Asked(matter="benefit", state="paying"), Asked(text="王")])  # fmt: skip
def test_the_counts_equal_the_lists(some: Store, asked: Asked) -> None:
    who = person(some, "desk", "agency", office="150800")
    counts = look(some, who, asked).counts
    assert counts["all"] > 0
    for tab in TABS:
        rows = everything(some, who, replace(asked, tab=tab))
        assert len(rows) == counts[tab], tab
        assert len({(r.case_no, r.matter) for r in rows}) == len(rows), "no row twice over the pages"
        if tab in ("late", "near", "normal", "paused"):
            assert {r.light for r in rows} <= {tab}


def test_most_urgent_first(some: Store) -> None:
    rows = everything(some, person(some, "desk", office="150800"), Asked())
    order = {"late": 0, "near": 1, "normal": 2, "paused": 3, "none": 4}
    places = [order[r.light] for r in rows]
    assert places == sorted(places) and set(places) == set(order.values())
    for light in ("late", "near", "normal"):
        days = [r.due_on for r in rows if r.light == light]
        assert days == sorted(days, key=lambda d: d or date.max), light


def test_a_paused_matter_whose_reminder_is_due_is_not_lost_at_the_end(some: Store) -> None:
    who = person(some, "officer", office="150800")
    last = everything(some, who, Asked(tab="paused"))[-1]
    with some.writing() as session:
        which = select(Matter.id).join(Case).where(Case.case_no == last.case_no, Matter.paused).scalar_subquery()
        session.execute(update(Matter).where(Matter.id == which).values(urgent_on=clock.today() - timedelta(days=1)))
    rows = everything(some, who, Asked())
    place = next(i for i, r in enumerate(rows) if r.case_no == last.case_no and r.light == "paused")
    assert place < next(i for i, r in enumerate(rows) if r.light == "normal")


@pytest.mark.parametrize("page", [0, -3, 999_999])
def test_a_page_there_is_none_of_is_the_nearest_there_is(some: Store, page: int) -> None:
    found = look(some, person(some, "desk", office="150800"), Asked(page=page))
    assert found.page == (1 if page < 1 else found.pages) and 0 < len(found.rows) <= PER_PAGE


def test_what_is_to_be_filled_in_has_one_row_for_each_case(some: Store) -> None:
    who = person(some, "desk", office="150800")
    with some.reading() as session:
        waiting = set(session.scalars(select(Case.case_no).join(Task, Task.case_id == Case.id)))
    rows = everything(some, who, Asked(tab="fill"))
    assert sorted(numbers(rows)) == sorted(waiting) and all(r.to_fill == 1 for r in rows)
    with some.writing() as session:
        session.execute(update(Task).values(done_at=clock.now()))
    assert look(some, who, Asked(tab="fill")).counts["fill"] == 0


# --- whose turn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "matter", "states"),
    [
        ("qianqi-desk", "recognition", {
            "to_apply", "to_apply_former", "filed", "redo_examine", "awaiting_corrections", "dormant", "awaiting_evidence", "decided",
            "declined", "correcting", "revoked",
        }),
        ("qianqi-officer", "recognition", {"under_review", "awaiting_evidence", "investigating"}),
        ("qianqi-approver", "recognition", {"filed", "under_review", "suspended", "redo", "redo_examine", "varied"}),
        ("city-appraisal", "appraisal", {
            "filed", "awaiting_supplement", "ready", "drawn", "scheduled", "examined", "testing", "concluded", "recheck_concluded",
            "with_region", "second_concluded", "revoked",
        }),
        ("city-committee", "appraisal", {"scheduled", "examined"}),
        ("city-finance", "benefit", {
            "payable", "paid_once", "paying", "returned", "survivor_payable", "survivor_paying", "survivor_returned",
        }),
        ("city-reviewer", "benefit", {"determined"}),
        ("city-head", "benefit", {
            "reviewed", "stopping", "stopped", "recovering", "ordered", "survivor_claimed", "survivor_proposed", "survivor_paying",
        }),
        ("city-head", "advance_payment", {"advance_proposed", "advanced", "enforcing", "ordered"}),
    ],
)  # fmt: skip
def test_where_somebodys_act_moves_a_matter_on(demo_store: Store, username: str, matter: str, states: set[str]) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)
    assert turns.my_states(definition, actor(demo_store, username), "county")[matter] == states


@pytest.mark.parametrize(
    ("kind", "left", "said"),
    [
        ("earliest", 5, "5 日后可以办"), ("earliest", 0, "已经可以办"), ("earliest", -9, "已经可以办"), ("effect", 3, "3 日后生效"),
        ("effect", 0, "今天生效"), ("effect", -2, "已到 2 日"), ("start_month", 20, "自 2026 年 "), ("start_month", -20, "自 2026 年 "),
    ],
)  # fmt: skip
def test_what_is_no_deadline_is_never_called_late(kind: str, left: int, said: str) -> None:
    row = {
        "state": "running",
        "legal": True,
        "kind": kind,
        "due_on": TODAY + timedelta(left),
        "effective_on": TODAY + timedelta(left),
    }
    told = worklist.left_words(row, TODAY)
    assert told.startswith(said) and "超期" not in told


def test_a_matter_that_has_ended_is_nobodys_turn_whatever_can_still_be_done(demo_store: Store) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)
    everybody = (
        "qianqi-desk",
        "qianqi-officer",
        "qianqi-approver",
        "city-appraisal",
        "city-committee",
        "city-agency",
        "city-head",
        "city-finance",
    )
    for username in everybody:
        for matter, states in turns.my_states(definition, actor(demo_store, username), "county").items():
            assert not any(definition.matters[matter].states[s].end for s in states), (username, matter)


def test_an_answer_our_side_owes_is_the_officers_turn(demo_store: Store) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)
    ours = turns.our_answers(definition, actor(demo_store, "qianqi-officer"))["remedy"]
    assert ours == {"review_answering", "simple_answering", "suit_answering", "simple_suit_answering"}
    assert not turns.our_answers(definition, actor(demo_store, "qianqi-desk"))["remedy"]


def test_what_a_party_may_do_is_nobodys_work_but_can_be_found(demo_store: Store) -> None:
    for username in ("qianqi-desk", "qianqi-officer", "city-agency"):
        mine = everything(demo_store, actor(demo_store, username), Asked(mine=True))
        assert not [r for r in mine if r.state_label == "可以申请复议或者起诉"], username
    found = everything(demo_store, actor(demo_store, "qianqi-desk"), Asked(matter="remedy", state="window_open"))
    assert found and all(r.light in ("normal", "near") and "超期" not in r.left for r in found)
    assert {r.ball for r in found} <= {"职工自己决定，不服才办", "用人单位自己决定，不服才办"}
    assert {r.matter_label for r in found} <= {"复议诉讼（职工）", "复议诉讼（用人单位）"}


def test_whose_turn_it_is_is_said_in_words(demo_store: Store) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)

    def said(clock_name: str, owner: str) -> str:
        return turns.ball_words(definition, {"name": clock_name, "owner": owner})

    assert (
        said("employer_files", "employer") == "等用人单位"
        and said("apply_review", "worker") == "职工自己决定，不服才办"
    )
    assert said("decide_review", "review_body") == "行政复议机关（系统外）" and said("decide", "officer") == "承办人"
    assert said("reply_review", "bureau").endswith("（我方答复）") and said(
        "second_conclude", "regional_committee"
    ).endswith("（系统外）")
    assert said("", "") == ""


def test_a_task_brings_a_matter_to_its_owners_list(demo_store: Store) -> None:
    who = actor(demo_store, "city-agency")
    before = {(r.case_no, r.matter) for r in everything(demo_store, who, Asked(mine=True))}
    with demo_store.writing() as session:
        matter = session.scalars(
            select(Matter)
            .join(Case, Case.id == Matter.case_id)
            .where(Case.case_no == "2026-000003", Matter.name == "recognition")
        ).one()
        session.add(Task(case_id=matter.case_id, matter_id=matter.id, office_id=matter.office_id, kind="act", owner="agency", text="核查",
                         fact="", key="act:test", created_at=clock.now(), done_by=""))  # fmt: skip
    try:
        (more,) = {(r.case_no, r.matter) for r in everything(demo_store, who, Asked(mine=True))} - before
        assert more == ("2026-000003", "recognition")
        assert [r.tasks for r in everything(demo_store, who, Asked(text="2026-000003"))] == [1]
    finally:
        with demo_store.writing() as session:
            session.execute(delete(Task).where(Task.key == "act:test"))


def test_where_the_city_recognises_a_countys_approver_has_no_turn(demo_store: Store) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)
    assert "recognition" not in turns.my_states(definition, actor(demo_store, "qianqi-approver"), "city")


def test_mine_are_the_matters_whose_clock_or_next_act_is_mine(demo_store: Store) -> None:
    mine = {
        (r.matter, r.state_label) for r in everything(demo_store, actor(demo_store, "linhe-officer"), Asked(mine=True))
    }
    assert ("recognition", "审理中") in mine and ("recognition", "中止") in mine
    assert ("benefit", "待申请待遇") not in mine


# --- searching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["单某雄", "某雄", "shan", "danmou", "smx", "2026-7", "2026-000007", "２０２６－７", "SHANMOUXIONG"]
)
def test_a_case_is_found_by_number_name_and_pinyin(demo_store: Store, text: str) -> None:
    rows = everything(demo_store, actor(demo_store, "linhe-desk"), Asked(text=text))
    assert set(numbers(rows)) == {"2026-000007"}, text


@pytest.mark.parametrize(
    ("text", "name"), [("zeng", "曾某柱"), ("xie", "解某山"), ("阴山煤业", ""), ("河套冶炼", "单某雄")]
)
def test_surnames_with_two_readings_and_employers(demo_store: Store, text: str, name: str) -> None:
    found = {r.worker for r in everything(demo_store, actor(demo_store, "linhe-desk"), Asked(text=text))}
    assert (name in found) if name else not found


def number_of(store: Store, name: str) -> str:
    """The identity number the demonstration made for somebody."""
    from workflow.demo import PEOPLE

    n, birth = next((i, b) for i, (who, b) in enumerate(PEOPLE) if who == name)
    return identity.make(identity.DEMO_REGION, birth, 2 * n + 11)


def test_a_case_is_found_by_the_identity_number_whole_or_its_tail(demo_store: Store) -> None:
    who, number = actor(demo_store, "linhe-desk"), number_of(demo_store, "单某雄")
    person_uid = search.find_person(demo_store, f" {number[:6]} {number[6:]} ")
    assert person_uid and search.only_case(demo_store, who, person=person_uid) == "2026-000007"
    assert set(numbers(everything(demo_store, who, Asked(person=person_uid)))) == {"2026-000007"}
    assert "2026-000007" in numbers(everything(demo_store, who, Asked(text=number[-4:].lower())))
    assert search.find_person(demo_store, "159999196001010018"[:17] + "0") == ""
    stranger = actor(demo_store, "qianqi-desk")
    assert search.only_case(demo_store, stranger, person=person_uid) == ""
    assert not everything(demo_store, stranger, Asked(person=person_uid))


@pytest.mark.parametrize("text", ["%", "_", "' or 1=1 --", "\\", "a" * 500, "🜲", "x\x00y"])
def test_a_hostile_search_finds_nothing_and_breaks_nothing(some: Store, text: str) -> None:
    assert look(some, person(some, "desk", office="150800"), Asked(text=search.tidy(text))).counts["all"] == 0


def test_a_search_also_finds_a_case_that_has_ended(demo_store: Store) -> None:
    who = actor(demo_store, "qianqi-desk")
    with demo_store.writing() as session:
        case_id = session.scalars(select(Case.id).where(Case.case_no == "2026-000002")).one()
        session.execute(update(Matter).where(Matter.case_id == case_id).values(closed_on=clock.today()))
        session.execute(update(Case).where(Case.id == case_id).values(closed_on=clock.today()))
    try:
        assert "2026-000002" not in numbers(everything(demo_store, who, Asked()))
        (row,) = everything(demo_store, who, Asked(text="2026-2"))
        assert (row.case_no, row.light, row.light_text, row.left) == ("2026-000002", "closed", "已办结", "")
    finally:
        with demo_store.writing() as session:
            session.execute(update(Matter).where(Matter.case_id == case_id).values(closed_on=None))
            session.execute(update(Case).where(Case.id == case_id).values(closed_on=None))


# --- cost ------------------------------------------------------------------------------------------------------------

ASKED: dict[str, Callable[[], Asked]] = {
    "all": Asked, "mine": lambda: Asked(mine=True), "fill": lambda: Asked(tab="fill"),
    "late": lambda: Asked(tab="late", page=3), "county": lambda: Asked(office="150823", mine=True),
    "stage": lambda: Asked(matter="recognition", state="filed"), "search": lambda: Asked(text="wang"),
}  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_the_number_of_queries_does_not_grow_with_the_number_of_cases(some: Store, asked: str) -> None:
    who = person(some, "desk", "agency", office="150800")
    look(some, who, ASKED[asked]())  # the definition is parsed once per process
    sent = []
    for more in (0, 900):
        if more:
            add_cases(some, more, seed=2)
        with counted(some) as statements:
            assert look(some, who, ASKED[asked]()).total > 0
        sent.append(len(statements))
    assert sent[0] == sent[1] <= MOST_STATEMENTS, statements


@pytest.mark.parametrize("office", ["150800", "150823"])
@pytest.mark.parametrize("asked", ASKED)
def test_a_page_of_twenty_thousand_cases_asks_few_questions(crowd: Store, asked: str, office: str) -> None:
    """Its time stands in `make bench`."""
    who = person(crowd, "desk", "agency", office=office)
    with counted(crowd) as statements:
        assert look(crowd, who, ASKED[asked]()).rows
    assert len(statements) <= MOST_STATEMENTS, statements


def test_the_whole_page_as_the_server_answers_it(crowd: Store) -> None:
    """From the request to the packed answer, session and all, for somebody of the city."""
    accounts.ensure_demo(crowd, person(crowd, system=True))
    client = create_app(crowd.settings, crowd).test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert found
    login = accounts.DEMO_ACCOUNTS[8]
    data = {"csrf_token": found.group(1), "username": login.username, "password": login.password}
    assert client.post("/login", data=data).status_code == 303
    with counted(crowd) as statements:
        answer = client.get("/work?mine=0", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and len(statements) <= 2 * MOST_STATEMENTS, statements
    assert len(answer.data) < 40_000 and gzip.decompress(answer.data).count(b"</tr>") == PER_PAGE + 1


# --- with the engine -------------------------------------------------------------------------------------------------


def test_a_new_case_stands_in_the_list_with_what_is_to_be_filled_in(demo_store: Store, tmp_path: Path) -> None:
    who = actor(demo_store, "qianqi-desk")
    form = {
        "name": "韩某", "id_number": identity.make(identity.DEMO_REGION, date(1970, 3, 3), 501),
        "disease": "职业性尘肺病（煤工尘肺贰期）",
        "employer": "乌拉特前旗宏源煤业有限责任公司（演示）", "diagnosed_on": clock.today().isoformat(),
        "insured": "unknown",
    }  # fmt: skip
    case_no = cases.open_case(demo_store, who, form)["case_no"]
    (row,) = everything(demo_store, who, Asked(text=case_no))
    assert (row.matter_label, row.state_label, row.code, row.to_fill) == (
        "工伤认定",
        "已诊断，待申请认定",
        "GS-APP-EMP",
        6,
    )
    assert case_no in numbers(everything(demo_store, who, Asked(tab="fill")))
