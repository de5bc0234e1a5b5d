"""The look-up as a worker, a stranger and an employer would try it: what is found, what is hidden, how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from tests.builders import FIRM, OTHER_FIRM, START, Life, Town, settle
from tests.conftest import open_store
from tests.faces import TOKEN, faults_of_page, numbers, post, signed_in, soup, statements, weight, words
from web.app import create_app
from web.portal import LEAVE_AFTER, NOTHING_FOUND
from workflow import clock, employees, lookup, roadmap
from workflow.attempts import Limit
from workflow.errors import NotFound
from workflow.exchange.intake import import_file
from workflow.lookup import Answer, look_up, read_case_no, read_tail
from workflow.models import Attempt, Case, Clock, Employer, Matter, Office, User, Worker
from workflow.stages import chinese_day, public_sentence

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from workflow.store import Store

SAMPLES = Path(__file__).parent / "samples"
HEAVIEST, MOST_REQUESTS = 30 * 1024, 3
DISEASE = re.compile("尘肺|矽肺")


@pytest.fixture(scope="module")
def app(demo_store: Store) -> Flask:
    made = create_app(demo_store.settings, demo_store)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(autouse=True)
def nothing_tried_yet(demo_store: Store) -> None:
    with demo_store.writing() as session:
        session.execute(delete(Attempt))


@pytest.fixture(scope="module")
def tails(demo_store: Store) -> dict[str, str]:
    """Case number → the last four."""
    return {case_no: number[-4:] for case_no, number in numbers(demo_store).items()}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    store = open_store(f"sqlite:///{folder / 'town.db'}", folder)
    yield settle(store)
    store.close()


def ask(client: FlaskClient, case_no: str, tail: str, address: str = "10.0.0.1") -> TestResponse:
    return post(client, "/", {"case_no": case_no, "tail": tail}, address=address)


def found(answer: TestResponse) -> bool:
    return answer.status_code == 200 and "退出查询" in words(answer)


def wrong_tail(tail: str) -> str:
    return "0000" if tail != "0000" else "1111"


def answer_of(town: Town, life: Life, day: date | None = None) -> Answer:
    with clock.frozen(day or life.day):
        got = look_up(town.store, life.case_no, numbers(town.store)[life.case_no][-4:], "10.0.0.9")
    assert got is not None
    return got


def last_day(life: Life, name: str, owner: str) -> date:
    """The due day of the first running clock of that name that is one side's."""
    return min(c.due_on for c in life.clocks(name, state="running") if c.owner == owner and c.due_on)


def future(answer: Answer) -> list[str]:
    return [s.title for s in answer.steps if s.kind == "todo"]


# --- what people type ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-000012",
        "2026000012",
        " 2026 000012 ",
        "２０２６－００００１２",
        "2026—000012",
        "2026 12",
        "编号2026-000012号",
    ],
)
def test_a_case_number_is_read_as_people_type_it(text: str) -> None:
    assert read_case_no(text) == "2026-000012"


@pytest.mark.parametrize("text", ["", "2026", "12", "abc", "2026-", "20260000000000012", "2026-1-2"])
def test_what_is_no_case_number_is_none(text: str) -> None:
    assert read_case_no(text) == ""


@pytest.mark.parametrize(
    ("text", "tail"), [("123X", "123X"), ("123x", "123X"), ("１２３ｘ", "123X"), (" 1 2 3 4 ", "1234")]
)
def test_the_last_four_are_read_in_either_case_and_any_width(text: str, tail: str) -> None:
    assert read_tail(text) == tail


@pytest.mark.parametrize("text", ["", "123", "12345", "X123", "12X4", "一二三四", "12.4"])
def test_what_cannot_end_an_identity_number_is_none(text: str) -> None:
    assert read_tail(text) == ""


def test_every_way_of_typing_it_finds_the_case(client: FlaskClient, tails: dict[str, str]) -> None:
    case_no = next(c for c, t in tails.items() if t.endswith("X"))
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in case_no)
    for number in (case_no, case_no.replace("-", ""), wide, f" {case_no} "):
        for tail in (tails[case_no], tails[case_no].lower(), tails[case_no].replace("X", "ｘ")):
            assert found(ask(client, number, tail)), (number, tail)


def test_the_receipt_may_fill_in_the_number_and_nothing_else(client: FlaskClient) -> None:
    page = soup(client.get("/?no=2026000123"))
    field = page.select_one("#case_no")
    assert field is not None and field["value"] == "2026-000123"
    assert soup(client.get("/?no=%22%3E%3Cb%3Ex")).select_one("#case_no")["value"] == ""  # type: ignore[index]


def test_what_cannot_be_a_number_is_said_by_the_field_and_counts_as_no_try(
    client: FlaskClient, tails: dict[str, str]
) -> None:
    for _ in range(lookup.PER_CASE.times + 2):
        answer = ask(client, "2026-000001", "12")
        assert answer.status_code == 400 and "后四位填得不对" in words(answer)
    assert "十位数字" in words(ask(client, "你好", "1234"))
    assert soup(answer).title.string.startswith("错误：")  # type: ignore[union-attr]
    assert found(ask(client, "2026-000001", tails["2026-000001"]))


def test_the_form_needs_its_token(client: FlaskClient, tails: dict[str, str]) -> None:
    client.get("/")
    answer = client.post("/", data={"case_no": "2026-000001", "tail": tails["2026-000001"]})
    assert answer.status_code == 400 and "2026-000001" not in words(answer)


# --- one answer for everything that is not found ---------------------------------------------------------------------


def bare(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    body = TOKEN.sub("", answer.get_data(as_text=True)).encode()
    return (
        answer.status_code,
        body,
        sorted((k, v) for k, v in answer.headers if k not in ("Set-Cookie", "Content-Length")),
    )


def test_wrong_number_wrong_ending_and_too_many_tries_are_the_same_bytes(
    client: FlaskClient, tails: dict[str, str]
) -> None:
    right = tails["2026-000001"]
    unknown = ask(client, "2026-999999", right)
    wrong = ask(client, "2026-000001", wrong_tail(right), address="10.0.0.2")
    for n in range(lookup.PER_CASE.times):
        ask(client, "2026-000001", wrong_tail(right), address=f"10.0.1.{n}")
    locked_right = ask(client, "2026-000001", right, address="10.0.0.3")
    locked_wrong = ask(client, "2026-000001", wrong_tail(right), address="10.0.0.4")
    assert {answer.status_code for answer in (unknown, wrong, locked_right, locked_wrong)} == {404}
    assert NOTHING_FOUND in words(unknown)
    assert bare(unknown) == bare(wrong) == bare(locked_right) == bare(locked_wrong)
    assert "2026-000001" not in wrong.get_data(as_text=True), "nothing typed comes back"


def test_every_way_of_failing_asks_the_database_the_same(demo_store: Store, tails: dict[str, str]) -> None:
    asked = []
    tries = [("2026-999999", "1234"), ("2026-000001", wrong_tail(tails["2026-000001"]))]
    tries += [("2026-000001", tails["2026-000001"])] * 1
    with demo_store.writing() as session:
        session.execute(delete(Attempt))
    for n in range(lookup.PER_CASE.times):
        look_up(demo_store, "2026-000001", wrong_tail(tails["2026-000001"]), f"10.2.0.{n}")
    for case_no, tail in tries:
        with statements(demo_store) as sent:
            assert look_up(demo_store, case_no, tail, "10.2.1.1") is None
        asked.append(sent)
    assert asked[0] == asked[1] == asked[2]


def test_five_wrong_endings_close_a_case_for_the_hour_in_every_process(
    demo_store: Store, tails: dict[str, str]
) -> None:
    clients = [create_app(demo_store.settings, demo_store).test_client() for _ in range(2)]
    right = tails["2026-000002"]
    begun = datetime(2026, 11, 24, 10, 5, tzinfo=clock.SHANGHAI)
    with clock.frozen(begun):
        for n in range(4):
            ask(clients[n % 2], "2026-000002", wrong_tail(right), address=f"10.1.0.{n}")
        assert found(ask(clients[0], "2026-000002", right)), "four are not too many"
        ask(clients[1], "2026-000002", wrong_tail(right))
        assert not found(ask(clients[0], "2026-000002", right)), "five are"
        assert found(ask(clients[0], "2026-000003", tails["2026-000003"])), "other cases are not closed"
    with clock.frozen(begun + timedelta(hours=1)):
        assert found(ask(clients[1], "2026-000002", right))


def test_thirty_wrong_tries_close_an_address_and_no_other(client: FlaskClient, tails: dict[str, str]) -> None:
    with clock.frozen(datetime(2026, 11, 24, 10, 5, tzinfo=clock.SHANGHAI)):
        for n in range(lookup.PER_ADDRESS.times):
            ask(client, f"2025-{n:06d}", "0000", address="10.9.9.9")
        assert not found(ask(client, "2026-000001", tails["2026-000001"], address="10.9.9.9"))
        assert found(ask(client, "2026-000001", tails["2026-000001"], address="10.9.9.8"))


def test_who_finds_his_case_has_not_tried(client: FlaskClient, tails: dict[str, str]) -> None:
    for _ in range(lookup.PER_CASE.times + 3):
        assert found(ask(client, "2026-000001", tails["2026-000001"]))


def test_the_limits_are_those_of_the_house() -> None:
    assert (Limit(5, 3600), Limit(30, 3600)) == (lookup.PER_CASE, lookup.PER_ADDRESS)


def test_nobody_finds_a_case_with_another_workers_ending(client: FlaskClient, tails: dict[str, str]) -> None:
    for n, (case_no, tail) in enumerate(tails.items()):
        for other in set(tails.values()) - {tail}:
            with clock.frozen(datetime(2026, 11, 24, n, 5, tzinfo=clock.SHANGHAI)):
                assert not found(ask(client, case_no, other, address=f"10.3.{n}.1"))


# --- what is shown and what is not -----------------------------------------------------------------------------------


def test_no_page_shows_whose_case_it_is_or_what_the_worker_has(
    client: FlaskClient, demo_store: Store, tails: dict[str, str]
) -> None:
    with demo_store.reading() as session:
        people = session.execute(
            select(Case.case_no, Worker.name, Worker.phone, Worker.address).join(Worker, Worker.id == Case.worker_id)
        )
        rows = {r.case_no: r for r in people}
    for case_no, number in numbers(demo_store).items():
        answer = ask(client, case_no, tails[case_no])
        text = answer.get_data(as_text=True)
        assert found(answer), case_no
        assert number not in text and number[:14] not in text and number[6:14] not in text
        assert rows[case_no].name not in text and rows[case_no].phone not in text and rows[case_no].address not in text
        assert f"{rows[case_no].name[0]}*{rows[case_no].name[-1]}" in text
        assert not DISEASE.search(text), case_no
        assert soup(answer).title.string == "查进度 – 绿通"  # type: ignore[union-attr]
        assert "6200000000001234" not in text


def test_nothing_keeps_the_answer_and_no_address_leads_to_it(client: FlaskClient, tails: dict[str, str]) -> None:
    answer = ask(client, "2026-000001", tails["2026-000001"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Refresh"] == f"{LEAVE_AFTER}; url=/" and LEAVE_AFTER == 600
    assert "陈*林" not in words(client.get("/"))
    assert soup(answer).select_one('a.button[href="/"]').get_text() == "退出查询"  # type: ignore[union-attr]


def test_the_page_is_light_and_asks_nobody_else(client: FlaskClient, tails: dict[str, str]) -> None:
    pages = [client.get("/"), ask(client, "2026-999999", "0000"), *(ask(client, c, t) for c, t in tails.items())]
    for page in pages:
        size, requests = weight(client, page)
        assert size <= HEAVIEST and requests <= MOST_REQUESTS
        assert faults_of_page(soup(page)) == []


def test_the_telephone_of_the_cases_office_stands_where_every_public_page_has_one(
    client: FlaskClient, demo_store: Store, tails: dict[str, str]
) -> None:
    with demo_store.reading() as session:
        phones = dict(
            session.execute(select(Case.case_no, Office.phone).join(Office, Office.id == Case.office_id)).all()
        )
    start = soup(client.get("/"))
    for case_no, phone in phones.items():
        page = soup(ask(client, case_no, tails[case_no]))
        block = page.select_one("main > section.phone:last-child")
        assert block is not None and phone in block.get_text() and "12333" in block.get_text()
    assert start.select_one("main > section.phone:last-child") is not None


def test_the_first_thing_read_is_the_states_own_sentence(
    demo_store: Store, client: FlaskClient, tails: dict[str, str]
) -> None:
    page = soup(ask(client, "2026-000005", tails["2026-000005"]))
    top = page.select_one("main section.status")
    assert top is not None and top.h1 is not None and top.h1.get_text() == "已受理，正在认定。"
    with demo_store.reading() as session:
        due = session.scalar(
            select(Clock.due_on)
            .join(Case, Case.id == Clock.case_id)
            .where(Case.case_no == "2026-000005", Clock.name == "decide")
        )
    assert due is not None and f"我们最晚 {chinese_day(due)}" in top.get_text() and "作出决定" in top.get_text()
    assert "现在没有要您做的" in page.get_text(), "that an application is named asks him for nothing"


def test_every_sentence_of_the_process_is_short_enough_to_be_read_aloud(demo_store: Store) -> None:
    with demo_store.reading() as session:
        definition = demo_store.definition(session, 1)
    for matter in definition.matters.values():
        for state in matter.states.values():
            text = public_sentence(state, [])
            for clause in re.split("[。，；]", text.replace("（日期待定）", "")):
                assert len(clause) <= 25, f"{matter.name}.{state.name}: {clause}"
            assert text.endswith("。") and 0 < len(roadmap.plain(state)) <= roadmap.LONGEST_TITLE


# --- what to do, the way, the papers, the money -----------------------------------------------------------------------


def test_who_must_apply_is_told_the_last_day_and_what_to_bring(
    client: FlaskClient, demo_store: Store, tails: dict[str, str]
) -> None:
    with demo_store.reading() as session:
        due = session.scalar(
            select(Clock.due_on)
            .join(Case, Case.id == Clock.case_id)
            .where(Case.case_no == "2026-000001", Clock.name == "worker_files")
        )
    assert due is not None
    card = soup(ask(client, "2026-000001", tails["2026-000001"])).select_one(".cards > .card")
    assert card is not None
    text = card.get_text(" ", strip=True)
    assert "提出工伤认定申请" in text and chinese_day(due) in text and f"还有 {(due - clock.today()).days} 天" in text
    assert [li.get_text() for li in card.select("li")] == [
        "工伤认定申请表",
        "劳动关系（含事实劳动关系）证明",
        "职业病诊断证明书或诊断鉴定书",
    ]


def test_who_lacks_papers_is_told_which_and_that_no_day_is_set(client: FlaskClient, tails: dict[str, str]) -> None:
    card = soup(ask(client, "2026-000004", tails["2026-000004"])).select_one(".cards > .card")
    assert card is not None and "法律没有规定最后一天" in card.get_text()
    assert [li.get_text() for li in card.select("li")] == [
        "劳动关系（含事实劳动关系）证明",
        "职业病诊断证明书或诊断鉴定书",
    ]


def test_who_is_to_be_examined_is_told_when_and_where(client: FlaskClient, tails: dict[str, str]) -> None:
    card = soup(ask(client, "2026-000008", tails["2026-000008"])).select_one(".cards > .card")
    assert card is not None
    text = card.get_text(" ", strip=True)
    assert (
        "参加鉴定检查" in text
        and "还有 5 天" in text
        and "上午9时，巴彦淖尔演示医院鉴定室" in text
        and "最晚" not in text
    )


def test_the_way_shows_what_was_when_it_is_and_what_is_to_come(client: FlaskClient, tails: dict[str, str]) -> None:
    page = soup(ask(client, "2026-000003", tails["2026-000003"]))
    steps = page.select(".timeline li")
    kinds = [str(li["class"][0]) for li in steps]
    assert kinds == sorted(kinds, key=["done", "now", "todo"].index) and kinds.count("now") == 1
    for li, kind in zip(steps, kinds, strict=True):
        assert bool(li.select(".when")) == (kind != "todo") and ("还没到" in li.get_text()) == (kind == "todo")
    now = page.select_one('[aria-current="step"]')
    assert now is not None and "申请已收到" in now.get_text() and "现在在这里" in now.get_text()


def test_a_long_past_is_folded_away_but_whole(client: FlaskClient, tails: dict[str, str]) -> None:
    page = soup(ask(client, "2026-000009", tails["2026-000009"]))
    folded = page.select_one("details")
    assert folded is not None and len(folded.select("li")) > 5
    titles = [h.get_text() for h in page.select(".timeline h3")]
    assert (
        titles[0] == "窗口登记了您的情况"
        and "认定工伤决定书送到您手上" in titles
        and "一次性待遇已经付到您的账户" in titles
    )


def test_the_money_adds_up_and_of_the_account_only_the_end_is_shown(
    demo_store: Store, client: FlaskClient, tails: dict[str, str]
) -> None:
    answer = look_up(demo_store, "2026-000009", tails["2026-000009"], "10.0.0.1")
    assert answer is not None and len(answer.payments) == 3
    assert answer.total == sum(p.amount for p in answer.payments) and isinstance(answer.total, Decimal)
    text = words(ask(client, "2026-000009", tails["2026-000009"]))
    assert f"{answer.total:,.2f} 元" in text and "尾号 1234 的账户" in text
    for label in ("一次性伤残补助金", "伤残津贴", "生活护理费"):
        assert label in text


def test_documents_are_listed_with_number_and_day(
    demo_store: Store, client: FlaskClient, tails: dict[str, str]
) -> None:
    answer = look_up(demo_store, "2026-000009", tails["2026-000009"], "10.0.0.1")
    assert answer is not None
    labels = [p.label for p in answer.papers]
    assert {"认定工伤决定书", "劳动能力鉴定结论书", "工伤保险待遇核定表"} <= set(labels)
    text = words(ask(client, "2026-000009", tails["2026-000009"]))
    for paper in answer.papers:
        assert paper.number in text and chinese_day(paper.issued_on) in text


def test_after_a_decision_the_right_to_object_is_named_with_its_last_day(town: Town) -> None:
    life = town.life().recognised()
    assert any("还没有送到您手上" in t for t in answer_of(town, life).objections)
    life.served().appraisal_filed().scheduled().concluded().served("appraisal", "appraisal")
    got = answer_of(town, life)
    last = life.due("ask_again", "worker")
    assert f"申请再次鉴定：最晚 {chinese_day(last)}。" in got.objections
    review, suit = (last_day(life, name, "worker") for name in ("apply_review", "sue_direct"))
    (told,) = [t for t in got.objections if t.startswith("认定工伤决定书 ")]
    assert "您 2026年" in told and f"最晚 {chinese_day(review)}" in told and f"最晚 {chinese_day(suit)}" in told
    assert not any("复议" in p.label for p in got.parts), "a right that nobody has used is no matter on its way"
    later = answer_of(town, life, last + timedelta(days=1))
    assert f"申请再次鉴定：最晚 {chinese_day(last)}，已经过了。" in later.objections
    gone = answer_of(town, life, review + timedelta(days=1))
    assert any(f"{chinese_day(review)}（已过）" in t and f"最晚 {chinese_day(suit)}" in t for t in gone.objections)
    assert not any(t.until in (review, suit) for t in (*got.todos, *gone.todos)), "he may, and need not"


def test_a_returned_payment_is_said_and_not_added_up(town: Town) -> None:
    life = town.life().recognised().served().appraisal_filed().scheduled().concluded().served("appraisal", "appraisal")
    life.on(life.due("ask_again", "employer") + timedelta(days=1))
    life.act(
        "desk",
        "benefit",
        "claim",
        applicant="worker",
        account_holder="试大山",
        bank="演示银行",
        bank_account="6200000000005678",
    )
    life.act("agency", "benefit", "determine", own_wage="6200.00")
    life.wait(1).act("reviewer", "benefit", "review")
    life.wait(1).act("head", "benefit", "approve")
    life.wait(1).act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    life.wait(1).act("finance", "benefit", "pay_once")
    paid = answer_of(town, life)
    assert paid.total > 0 and paid.account == "5678"
    life.wait(1).act("finance", "benefit", "bank_return", returned_item="lump_sum", reason="账户不符")
    back = answer_of(town, life)
    assert (
        back.total == paid.total - back.payments[0].amount and back.payments[0].returned and not back.payments[0].repaid
    )
    assert back.asked and "银行把钱退回来了" in back.lead and not answer_of(town, town.life().accepted()).asked


def test_the_way_ahead_does_not_tell_a_refusal_before_it_is_served(town: Town) -> None:
    before = town.life().accepted().proposed("refuse")
    assert future(answer_of(town, before))[-1] == "算好待遇，钱付到您的账户"
    before.wait(1).act("approver", "recognition", "refuse", ground="不属于职业病诊断证明书所载情形")
    got = answer_of(town, before)
    assert got.lead == "决定已经作出。" and future(got) == ["决定书送到您手上"]
    assert not any("不予" in s.title + s.text for s in got.steps)


def test_what_officials_think_in_between_is_nobodys_business_but_theirs(town: Town) -> None:
    life = town.life().accepted()
    before = answer_of(town, life).steps
    life.proposed()
    assert answer_of(town, life).steps == before


def test_a_limit_that_has_gone_by_is_said_to_have(town: Town) -> None:
    life = town.life().accepted()
    due = life.due("decide")
    got = answer_of(town, life, due + timedelta(days=1))
    assert f"{chinese_day(due)}（已过）" in got.more
    late = town.life()
    gone = answer_of(town, late, late.due("worker_files") + timedelta(days=1))
    assert gone.todos[0].days_left == -1 and "由窗口判断" in gone.todos[0].note


def test_what_an_old_list_did_not_tell_is_called_unknown(tmp_path: Path, make_store: Callable[..., Store]) -> None:
    store = make_store()
    for name in ("附件2", "附件3"):
        assert import_file(store, SAMPLES / f"{name}.xlsx").written
    client = create_app(store.settings, store).test_client()
    texts = {c: words(ask(client, c, n[-4:])) for c, n in numbers(store).items()}
    assert texts and all("旧表" in t and "您的资料转进了本系统" in t and "补录" in t for t in texts.values())
    assert any("收到日期待补录" in t for t in texts.values())
    assert any("作出结论" in t and "作出决定" in t for t in texts.values()), "days the list knew are on the way"


def test_a_look_up_costs_a_bounded_number_of_questions(demo_store: Store, tails: dict[str, str]) -> None:
    for case_no, tail in tails.items():
        with statements(demo_store) as sent:
            assert look_up(demo_store, case_no, tail, "10.0.0.1") is not None
        assert len([s for s in sent if not s.startswith("BEGIN")]) <= 25, case_no


# --- the employer -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def firm(app: Flask) -> FlaskClient:
    return signed_in(app, "demo-employer")


def of_firm(store: Store) -> tuple[set[str], set[str]]:
    """Case numbers of the demonstration's employer, and of the others."""
    with store.reading() as session:
        own = session.scalar(select(User.employer_id).where(User.username == "demo-employer"))
        rows = session.execute(select(Case.case_no, Case.employer_id)).all()
    return {r.case_no for r in rows if r.employer_id == own}, {r.case_no for r in rows if r.employer_id != own}


def test_an_employer_sees_its_own_workers_only(demo_store: Store, firm: FlaskClient) -> None:
    own, others = of_firm(demo_store)
    text = firm.get("/employer/").get_data(as_text=True)
    assert own and others and all(c in text for c in own) and not any(c in text for c in others)
    for case_no in own:
        assert firm.get(f"/employer/cases/{case_no}").status_code == 200


def test_anothers_case_is_not_there_like_one_nobody_has(demo_store: Store, firm: FlaskClient) -> None:
    nothing = firm.get("/employer/cases/2026-999999")
    assert nothing.status_code == 404
    for case_no in of_firm(demo_store)[1]:
        other = firm.get(f"/employer/cases/{case_no}")
        assert other.status_code == 404
        assert TOKEN.sub("", other.get_data(as_text=True)) == TOKEN.sub("", nothing.get_data(as_text=True))


def test_the_employer_reads_its_thirty_days_and_what_follows(demo_store: Store, firm: FlaskClient) -> None:
    with demo_store.reading() as session:
        rows = session.execute(
            select(Case.case_no, Clock.due_on, Clock.safe_on).join(Clock, Clock.case_id == Case.id)
            .where(Clock.name == "employer_files", Clock.state == "running")
        ).all()  # fmt: skip
    assert len(rows) == 2
    listed = words(firm.get("/employer/"))
    for r in rows:
        left = (r.due_on - clock.today()).days
        said = f"还剩 {left} 天" if left >= 0 else f"已超过 {-left} 天"
        text = words(firm.get(f"/employer/cases/{r.case_no}"))
        assert said in listed and said in text
        assert chinese_day(r.due_on) in text and "《工伤保险条例》第十七条第四款" in text and "费用由单位负担" in text
        assert "提出工伤认定申请" in text and "劳动关系（含事实劳动关系）证明" in text
    first = soup(firm.get("/employer/")).select("tbody tr")[0].get_text()
    assert "已超过" in first, "the most urgent stands first"


def test_the_employer_sees_no_money_no_bank_and_nothing_medical_beyond_the_certificate(firm: FlaskClient) -> None:
    text = firm.get("/employer/cases/2026-000009").get_data(as_text=True)
    assert "职业性尘肺病（矽肺壹期）" in text and "劳动能力鉴定结论书" in text
    for hidden in (
        "142,600",
        "142600",
        "4,960",
        "1234",
        "演示银行",
        "双肺",
        "三级",
        "部分不能自理",
        "津贴",
        "补助金",
        "核定表",
        "按月发放",
        "6200",
    ):
        assert hidden not in text, hidden


def test_the_employer_may_ask_again_until_its_own_last_day(town: Town) -> None:
    life = town.life().recognised().served().appraisal_filed().scheduled().concluded().served("appraisal", "appraisal")
    with clock.frozen(life.day):
        mine = employees.file_of(town.store, life.case_no, town.people["firm"])
        with pytest.raises(NotFound):
            employees.file_of(town.store, life.case_no, town.people["other-firm"])
    assert f"申请再次鉴定：最晚 {chinese_day(life.due('ask_again', 'employer'))}。" in mine.objections
    assert (
        any(t.startswith("认定工伤决定书 ") and "申请行政复议" in t for t in mine.objections)
        and len(mine.objections) == 2
    )
    rights = [d for d in mine.duties if d.right]
    assert {d.label for d in rights} == {"申请再次鉴定", "申请行政复议", "直接起诉"} and not any(
        d.consequence for d in rights
    )
    assert [d.state for d in mine.duties if not d.right] == ["met"] and mine.person.waits == ""


def test_each_side_reads_its_own_window_and_never_the_others(town: Town) -> None:
    life = town.life().recognised()
    for who in ("worker", "employer"):
        life.wait(6).act(
            "desk", "recognition", "deliver", addressee=who, way="direct", received_on=life.day.isoformat()
        )
    mine, theirs = last_day(life, "apply_review", "worker"), last_day(life, "apply_review", "employer")
    assert mine != theirs, "the two were served on different days"
    told = " ".join(answer_of(town, life).objections)
    assert chinese_day(mine) in told and chinese_day(theirs) not in told
    with clock.frozen(life.day):
        file = employees.file_of(town.store, life.case_no, town.people["firm"])
    said = " ".join(file.objections)
    assert chinese_day(theirs) in said and chinese_day(mine) not in said
    (review,) = [d for d in file.duties if d.label == "申请行政复议"]
    assert review.right and review.due_on == theirs and review.light == "none" and "认定工伤决定书" in review.about


def test_the_employers_review_is_told_to_the_worker_as_the_employers(town: Town) -> None:
    life = town.life().recognised().served()
    name = life.remedies()["employer"]
    life.wait(5).act("desk", name, "apply_review", behalf="employer", review_got_on=life.day.isoformat())
    got = answer_of(town, life)
    (part,) = [p for p in got.parts if "复议" in p.label]
    assert part.sentence == "这是用人单位提出的，现在：已申请复议，待受理。有结果会告诉您。"
    assert any(s.title == "用人单位提出的复议诉讼：已申请复议，待受理" for s in got.steps)
    assert got.lead.startswith("病情稳定后"), "his own next step stays the headline"
    other = town.life().recognised().served()
    his = other.remedies()["worker"]
    other.wait(5).act("desk", his, "apply_review", behalf="worker", review_got_on=other.day.isoformat())
    with clock.frozen(other.day):
        file = employees.file_of(town.store, other.case_no, town.people["firm"])
    assert not any("已申请复议" in str(x) for x in (file.states, file.steps, file.person.stage, file.objections))
    assert any("复议申请已经提出" in p.sentence for p in answer_of(town, other).parts)


def test_a_review_that_is_all_there_is_stands_at_the_top(town: Town) -> None:
    life = town.life().accepted().proposed("refuse")
    life.act("approver", "recognition", "refuse", ground="不在目录")
    life.served()
    window = answer_of(town, life)
    assert window.lead.startswith("对这份决定不服的") and not window.closed and "不予认定工伤决定书" in window.stage
    life.wait(3).act(
        "desk", life.remedies()["worker"], "apply_review", behalf="worker", review_got_on=life.day.isoformat()
    )
    got = answer_of(town, life)
    assert got.lead == "复议申请已经提出。" and got.todos == () and "最上面写着" in got.objections[0]


def test_before_the_diagnosis_every_page_says_who_decides(town: Town) -> None:
    blank = dict.fromkeys(
        ("diagnosed_on", "disease", "certificate_no", "institution", "certificate_employer", "dispute"), ""
    )
    life = town.life(START, diagnosing="yes", **blank)
    got = answer_of(town, life)
    assert got.elsewhere == "职业病诊断机构" and "职业病诊断" in got.stage
    assert future(got)[0] == "诊断为职业病以后：工伤认定" and not got.todos
    life.wait(1).act("desk", "diagnosis", "request_data")
    with clock.frozen(life.day):
        file = employees.file_of(town.store, life.case_no, town.people["firm"])
        listed = next(
            p
            for p in employees.people(town.store, town.people["firm"].employer_id or 0, 1)[0]
            if p.case_no == life.case_no
        )
    assert file.diagnosed_on is None and file.disease == "待诊断"
    (duty,) = [d for d in file.duties if d.state == "running"]
    assert (duty.label, duty.right, duty.days_left) == (
        "单位提供诊断资料",
        False,
        10,
    ) and file.person.waits == "单位提供诊断资料"
    assert listed.duty == duty and listed.stage == "职业病诊断和诊断鉴定：等单位提供资料"


def test_an_employer_that_is_called_on_to_pay_counts_its_days(town: Town) -> None:
    life = town.life(insured="no").recognised().served().appraised("3", "part").claimed()
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    for who in ("worker", "employer"):
        life.wait(1).act("agency", "benefit", "deliver", addressee=who, way="direct", received_on=life.day.isoformat())
    life.wait(1).act(
        "desk", "benefit", "apply_advance", behalf="worker", gateway="refused", gateway_proof="单位拒付的书面答复"
    )
    assert any("先行支付" in p.label or "先行支付" in answer_of(town, life).stage for p in answer_of(town, life).parts)
    life.wait(1).act("agency", "advance_payment", "dun")
    life.wait(1).act(
        "agency", "advance_payment", "deliver", addressee="employer", way="direct", received_on=life.day.isoformat()
    )
    due = life.due("employer_pays")
    got = answer_of(town, life)
    assert got.lead.startswith(f"单位已经收到催告，最晚 {chinese_day(due)}") and "由经办机构审查" in got.more
    with clock.frozen(life.day):
        file = employees.file_of(town.store, life.case_no, town.people["firm"])
    assert (
        file.duties[0].label == "单位核实支付" and file.duties[0].due_on == due and file.person.waits == "单位核实支付"
    )
    assert "先行支付书面催告通知书" in [s.label for s in file.served] and file.person.stage == "先行支付：等单位支付"
    assert not any("试大山" in s or "6200" in s for s in file.objections)


def test_costs_and_a_second_appraisal_are_told_in_plain_words(town: Town) -> None:
    life = town.life().recognised().served().appraised("7", "none")
    life.wait(2).act("desk", "benefit", "apply_reimbursement", behalf="worker")
    life.act("desk", "appraisal", "apply_again", applicant="worker", again_filed_on=life.day.isoformat())
    got = answer_of(town, life)
    assert got.lead.startswith("再次鉴定申请已经交到自治区，最晚 ") and "自治区出再次鉴定结论" in future(got)
    assert any(p.label == "手工报销" and chinese_day(life.due("reimburse")) in p.sentence for p in got.parts)
    assert not any("再次鉴定：最晚" in t for t in got.objections), "he has asked already"
    assert not any("复查" in t.title for t in got.todos), "what he may do from a day on is nothing to do now"


def test_from_when_a_recheck_may_be_asked_for_is_told(town: Town) -> None:
    life = town.life().recognised().served().appraised("7", "none")
    (clock_row,) = life.clocks("recheck_from", state="running")
    assert clock_row.due_on is not None
    assert [t.removesuffix("起可以办。").replace("（暂估）", "") for t in answer_of(town, life).later] == [
        f"申请复查鉴定：{chinese_day(clock_row.due_on)}"
    ]


def test_a_guessed_day_is_called_so(town: Town) -> None:
    life = town.life(date(2026, 12, 7), diagnosed_on="2026-11-24")
    got = answer_of(town, life)
    (todo,) = got.todos
    assert (
        todo.until == life.due("worker_files") and todo.provisional and f"{chinese_day(todo.until)}（暂估）" in got.lead
    )
    with clock.frozen(life.day):
        file = employees.file_of(town.store, life.case_no, town.people["firm"])
    assert [d.provisional for d in file.duties] == [life.clocks("employer_files")[0].provisional]


def test_a_long_list_is_paged_with_a_bounded_number_of_questions(town: Town) -> None:
    with town.store.reading() as session:
        firm_id = session.scalars(select(Employer.id).where(Employer.name == FIRM)).one()
        other = session.scalars(select(Employer.id).where(Employer.name == OTHER_FIRM)).one()
    for _ in range(3):
        town.life()
    with clock.frozen(START), statements(town.store) as sent:
        page, total = employees.people(town.store, firm_id, 1)
    assert len(page) == total >= 3 and len([s for s in sent if not s.startswith("BEGIN")]) <= 6
    assert employees.people(town.store, other, 1) == ([], 0)
    assert employees.people(town.store, firm_id, 2) == ([], total)


def test_the_employers_pages_are_closed_to_everybody_else(app: Flask) -> None:
    assert app.test_client().get("/employer/").status_code == 302
    assert signed_in(app, "qianqi-desk").get("/employer/").status_code == 403


def test_an_employers_page_that_waits_for_papers_names_them(demo_store: Store, firm: FlaskClient) -> None:
    text = words(firm.get("/employer/cases/2026-000004"))
    assert "补齐材料" in text and "职业病诊断证明书或诊断鉴定书" in text and "工伤认定申请表" not in text
    with demo_store.reading() as session:
        state = session.scalar(
            select(Matter.state)
            .join(Case, Case.id == Matter.case_id)
            .where(Case.case_no == "2026-000004", Matter.name == "recognition")
        )
    assert state == "awaiting_corrections"


def test_an_account_whose_employer_was_taken_away_sees_nothing(demo_store: Store, app: Flask) -> None:
    client = signed_in(app, "demo-employer")
    with demo_store.writing() as session:
        kept = session.scalar(select(User.employer_id).where(User.username == "demo-employer"))
        session.execute(update(User).where(User.username == "demo-employer").values(employer_id=None))
    try:
        assert (
            client.get("/employer/").status_code == 404 and client.get("/employer/cases/2026-000001").status_code == 404
        )
    finally:
        with demo_store.writing() as session:
            session.execute(update(User).where(User.username == "demo-employer").values(employer_id=kept))


def test_both_databases_answer_alike(fresh_database_url: str, make_store: Callable[..., Store]) -> None:
    store = make_store(fresh_database_url, demo=True)
    for case_no, number in numbers(store).items():
        got = look_up(store, case_no, number[-4:], "10.0.0.1")
        assert got is not None and got.case_no == case_no and got.steps
        assert look_up(store, case_no, wrong_tail(number[-4:]), "10.0.0.2") is None
    with store.reading() as session:
        employer_id = session.scalars(select(User.employer_id).where(User.username == "demo-employer")).one()
    assert employer_id is not None
    listed, total = employees.people(store, employer_id, 1)
    urgent = [p for p in listed if p.duty and p.duty.days_left is not None and not p.duty.right]
    assert total == len(listed) >= 7 and {"2026-000002", "2026-000001"} <= {p.case_no for p in urgent}
    days = [p.duty.days_left for p in urgent if p.duty and p.duty.days_left is not None]
    assert days == sorted(days) and employees.counts(store, employer_id) == (len(days), sum(d < 0 for d in days))
