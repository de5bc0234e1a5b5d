"""The window's pages: who may open what, forms that keep what was typed, conflicts, repeats, documents."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from documents.issue import FOLDER, issue
from web import auth
from web.app import create_app
from workflow import accounts, cases, clock, identity, outbox, worker
from workflow.models import Access, Case, Event, Instrument, Outbox, Print, Task, User
from workflow.setup import machine_account
from workflow.situation import Actor

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from workflow.store import Store

EMPLOYER = "乌拉特前旗宏源煤业有限责任公司（演示）"
PAPERS = ["application", "employment_proof", "diagnosis"]
PASSWORDS = {a.username: a.password for a in accounts.DEMO_ACCOUNTS}
numbers = itertools.count(100)


@pytest.fixture(scope="module")
def app(demo_store: Store) -> Flask:
    made = create_app(demo_store.settings, demo_store)
    made.testing = True
    return made


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    return signed(app, "qianqi-desk")


def signed(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/login", data={
        "csrf_token": token(client, "/login"), "username": username, "password": PASSWORDS[username], "next": "",
    })  # fmt: skip
    assert answer.status_code == 303, username
    return client


def token(client: FlaskClient, path: str = "/account") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found, path
    return found.group(1)


def post(client: FlaskClient, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
    return client.post(path, data={"csrf_token": token(client), **(data or {})}, **more)


def soup(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def words(answer: TestResponse) -> str:
    return soup(answer).get_text(" ", strip=True)


def unmarked(answer: TestResponse) -> str:
    """A page without the tokens that differ at every showing."""
    return re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))


def typed(page: BeautifulSoup, name: str) -> str:
    """What a field of the page holds."""
    field = page.select_one(f'[name="{name}"]')
    assert isinstance(field, Tag), name
    return field.get_text() if field.name == "textarea" else str(field.get("value") or "")


def actor(store: Store, username: str) -> Actor:
    with store.reading() as session:
        return accounts.actor_of(session.scalars(select(User).where(User.username == username)).one())


def form(**more: str) -> dict[str, str]:
    """A sound intake form of somebody new."""
    n = next(numbers)
    return {
        "name": f"测某{n}", "id_number": identity.make(identity.DEMO_REGION, date(1970, 1, 1) + timedelta(days=n), 7),
        "employer": EMPLOYER, "disease": "职业性尘肺病（矽肺壹期）",
        "diagnosed_on": (clock.today() - timedelta(days=9)).isoformat(),
        "certificate_no": f"演诊测-{n}", "institution": "演示医院", "certificate_employer": EMPLOYER,
        "phone": "0478-0000399", "address": "演示镇", "occupation": "凿岩工", "remark": "", "insured": "yes",
        "dispute": "no",
        "form_key": f"k{n}", **more,
    }  # fmt: skip


def new_case(store: Store, **more: str) -> str:
    given = form(**more)
    given.pop("form_key")
    return str(cases.open_case(store, actor(store, "qianqi-desk"), given)["case_no"])


def done(store: Store, username: str, case_no: str, action: str, papers: list[str] | None = None, **facts: str) -> None:
    cases.perform(store, actor(store, username), case_no, "recognition", action, facts=facts, papers=papers)


def accepted_case(store: Store) -> str:
    """A case whose acceptance has been printed."""
    case_no = new_case(store)
    done(store, "qianqi-desk", case_no, "file", PAPERS, applicant="worker")
    done(store, "qianqi-approver", case_no, "accept")
    return case_no


def print_all(store: Store) -> dict[str, Any]:
    """One round of the worker process."""
    with store.reading() as session:
        machine = machine_account(session, "system")
    channel = outbox.LogFile(store.settings.data_dir / "messages.log")
    return worker.once(store, channel, lambda payload: issue(store, machine, payload))


def events(store: Store, case_no: str) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Event).where(Event.chain == case_no)) or 0


# --- who may open what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", "/receipt", "/documents/1.pdf", "/recognition/file", "/recognition/nothing", "/x/y"]
)
def test_another_countys_case_answers_exactly_like_no_case(app: Flask, path: str) -> None:
    stranger = signed(app, "linhe-desk")
    foreign, nothing = (stranger.get(f"/cases/{no}{path}") for no in ("2026-000001", "2026-999999"))
    assert foreign.status_code == nothing.status_code == 404
    assert unmarked(foreign) == unmarked(nothing)


@pytest.mark.parametrize("path", ["/identity", "/fill", "/recognition/file"])
def test_nothing_is_done_to_another_countys_case(app: Flask, demo_store: Store, path: str) -> None:
    stranger, before = signed(app, "linhe-desk"), events(demo_store, "2026-000001")
    data = {"applicant": "worker", "case-address": "x"}
    foreign, nothing = (post(stranger, f"/cases/{no}{path}", data) for no in ("2026-000001", "2026-999999"))
    assert foreign.status_code == nothing.status_code == 404 and unmarked(foreign) == unmarked(nothing)
    assert events(demo_store, "2026-000001") == before


@pytest.mark.parametrize(
    "username", ["city-agency", "city-appraisal", "city-committee", "city-supervisor", "city-auditor"]
)
def test_the_citys_people_see_every_countys_case(app: Flask, username: str) -> None:
    client = signed(app, username)
    for case_no in ("2026-000001", "2026-000006"):
        assert client.get(f"/cases/{case_no}").status_code == 200


@pytest.mark.parametrize("path", ["/work", "/intake", "/cases/2026-000001", "/cases/2026-000001/recognition/file"])
def test_an_administrator_sees_no_case(app: Flask, path: str) -> None:
    assert signed(app, "city-admin").get(path).status_code == 403


def test_only_the_window_and_the_officers_take_cases_in(app: Flask) -> None:
    assert {u for u in PASSWORDS if signed(app, u).get("/intake").status_code == 200} == {
        "qianqi-desk", "qianqi-officer", "linhe-desk", "linhe-officer",
    }  # fmt: skip


@pytest.mark.parametrize("case_no", ["2026-0000%00", "x", "2026-000001'", "%E2%80%AE", "2026-0000011111111111"])
def test_a_number_that_is_none_is_not_found(desk: FlaskClient, case_no: str) -> None:
    assert desk.get(f"/cases/{case_no}").status_code == 404


def test_every_act_and_every_page_of_the_demonstration_can_be_opened_by_whoever_may(
    app: Flask, demo_store: Store
) -> None:
    """No form breaks for any fact type, and no citation is left in its raw form."""
    opened = 0
    for username in PASSWORDS:
        if username == "city-admin":
            continue
        client = signed(app, username)
        listed = soup(client.get("/work?mine=0")).select("tbody th a")
        for path in sorted({str(a["href"]) for a in listed}):
            page = client.get(path)
            assert page.status_code == 200
            for button in soup(page).select("a.button"):
                answer = client.get(str(button["href"]))
                opened += 1
                assert answer.status_code == 200, button["href"]
                assert not re.search(r"[一-鿿]#\d", words(answer)), button["href"]
            assert not re.search(r"[一-鿿]#\d", words(page)), path
    assert opened > 50


# --- the worklist ----------------------------------------------------------------------------------------------------


def test_the_home_page_lists_what_is_mine_most_urgent_first(app: Flask, desk: FlaskClient) -> None:
    page = desk.get("/work")
    rows = [r.get_text(" ", strip=True) for r in soup(page).select("tbody tr")]
    assert "超期" in rows[0] and "GS-APP-EMP" in rows[0] and "用人单位" in rows[0]
    assert not any("审理中" in r for r in rows), "an officer's matter is not the window's"
    assert any("审理中" in r.get_text() for r in soup(desk.get("/work?mine=0")).select("tbody tr"))


def test_every_tab_leads_to_as_many_rows_as_it_says(app: Flask) -> None:
    client = signed(app, "city-agency")
    for tab in soup(client.get("/work?mine=0")).select(".tabs a"):
        count = tab.select_one(".count")
        assert count is not None
        assert len(soup(client.get(str(tab["href"]))).select("tbody tr")) == int(count.get_text())


def test_lights_have_a_shape_and_a_word(app: Flask) -> None:
    lights = soup(signed(app, "city-agency").get("/work?mine=0")).select(".light")
    shapes = {(light["class"][1], light.get_text()[0], light.get_text()[1:]) for light in lights}
    assert {("late", "■", "超期"), ("normal", "●", "正常"), ("paused", "‖", "中止")} <= shapes


def test_filters_stand_in_the_address_and_stay(app: Flask) -> None:
    client = signed(app, "city-agency")
    page = soup(client.get("/work?mine=0&stage=recognition.suspended&office=150802"))
    assert [r.select_one("th a").get_text() for r in page.select("tbody tr")] == ["2026-000006"]  # type: ignore[union-attr]
    assert {o["value"] for o in page.select("option[selected]")} == {"0", "recognition.suspended", "150802"}
    for tab in page.select(".tabs a"):
        assert parse_qs(urlsplit(str(tab["href"])).query)["stage"] == ["recognition.suspended"]


@pytest.mark.parametrize("query", ["page=x", "page=-1", "page=٣", "tab=<b>", "stage=..", "q=" + "a" * 3000, "mine=7"])  # fmt: skip
def test_nonsense_in_the_address_breaks_nothing(app: Flask, query: str) -> None:
    assert signed(app, "city-agency").get(f"/work?{query}").status_code == 200


@pytest.mark.parametrize("name", ["stage", "office", "person", "q"])
def test_a_nul_in_the_address_is_refused(app: Flask, name: str) -> None:
    assert signed(app, "city-agency").get(f"/work?{name}=%00").status_code == 400


def test_a_page_of_fifty_rows_is_small(app: Flask, demo_store: Store) -> None:
    page = signed(app, "city-agency").get("/work?mine=0").get_data()
    row = len(gzip.compress(page)) / 13
    assert 50 * row < 40_000


# --- searching -------------------------------------------------------------------------------------------------------


def person_of(store: Store, case_no: str) -> str:
    """The identity number as printed on the documents of a case."""
    from workflow import sealed

    with store.reading() as session:
        found = session.scalars(select(Case).where(Case.case_no == case_no)).one().worker
        return sealed.unseal(store.settings, found.id_sealed, f"workers.id_number|{found.uid}")


@pytest.mark.parametrize("way", ["{}", " {} ", "{}".lower()])
def test_an_identity_number_opens_the_case_and_stays_out_of_addresses(
    desk: FlaskClient, demo_store: Store, way: str
) -> None:
    number = person_of(demo_store, "2026-000003")
    answer = post(desk, "/search", {"q": way.format(number)})
    assert answer.status_code == 303 and answer.headers["Location"] == "/cases/2026-000003"


def test_an_identity_number_nobody_has_says_so_without_repeating_it(desk: FlaskClient) -> None:
    number = identity.make(identity.DEMO_REGION, date(1959, 1, 1), 1)
    answer = post(desk, "/search", {"q": number})
    assert answer.status_code == 303 and number not in answer.headers["Location"]
    page = desk.get(answer.headers["Location"])
    assert "没有找到这个身份证号码的案件" in words(page) and number not in page.get_data(as_text=True)


@pytest.mark.parametrize(("text", "place"), [
    ("2026-3", "/cases/2026-000003"), ("２０２６－０００００３", "/cases/2026-000003"), ("", "/work"),
])  # fmt: skip
def test_a_case_number_opens_the_case(desk: FlaskClient, text: str, place: str) -> None:
    assert post(desk, "/search", {"q": text}).headers["Location"] == place


def test_a_name_leads_to_the_list(desk: FlaskClient) -> None:
    answer = post(desk, "/search", {"q": "张某海"}, follow_redirects=True)
    assert "2026-000003" in words(answer) and typed(soup(answer), "q") == "张某海"


def test_another_countys_case_is_not_found_by_anything(app: Flask, demo_store: Store) -> None:
    stranger = signed(app, "linhe-desk")
    for text in ("张某海", "2026-000003", person_of(demo_store, "2026-000003")):
        page = words(post(stranger, "/search", {"q": text}, follow_redirects=True))
        assert "没有找到" in page or "没有要办的" in page
        assert "张某海 " not in page.replace("“张某海”", "")


# --- taking a case in ------------------------------------------------------------------------------------------------


def test_every_fault_at_once_beside_its_field_and_what_was_typed_is_kept(desk: FlaskClient, demo_store: Store) -> None:
    given = form(
        id_number="159999197001010000", name="", diagnosed_on="2999-1-1", employer="没有的单位", phone="0478-0000398"
    )
    with demo_store.reading() as session:
        before = session.scalar(select(func.count()).select_from(Case))
    answer = post(desk, "/intake", given)
    page = soup(answer)
    assert answer.status_code == 400
    wrong = {str(f["name"]) for f in page.select(".field.wrong [name]")}
    assert wrong == {"id_number", "name", "diagnosed_on", "employer"}
    assert {a["href"] for a in page.select(".errors a")} == {f"#{name}" for name in wrong}
    assert page.title and page.title.get_text().startswith("错误：")
    for name in ("id_number", "diagnosed_on", "employer", "phone", "address"):
        assert typed(page, name) == given[name]
    with demo_store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == before


def test_employers_of_the_own_ledger_are_offered(desk: FlaskClient, app: Flask) -> None:
    own = {o["value"] for o in soup(desk.get("/intake")).select("datalist option")}
    assert own == {EMPLOYER, "乌拉特前旗德岭山石材有限责任公司（演示）"}
    assert all(
        str(o["value"]).startswith("临河区")
        for o in soup(signed(app, "linhe-desk").get("/intake")).select("datalist option")
    )


def test_a_case_is_taken_in_with_warnings_and_a_receipt(desk: FlaskClient) -> None:
    answer = post(desk, "/intake", form(employer="临河区阴山煤业有限责任公司（演示）", phone="", insured="unknown"))
    assert answer.status_code == 303
    case_no = answer.headers["Location"].rpartition("/")[2]
    page = desk.get(answer.headers["Location"])
    assert f"已登记，案件编号 {case_no}" in words(page)
    assert "请留意：" in words(page) and "没有管辖权" in words(page) and "地区码" in words(page)
    assert {f["name"] for f in soup(page).select(".todo input[name^=case-]")} == {"case-phone", "case-insured"}
    receipt = desk.get(f"/cases/{case_no}/receipt")
    number = soup(receipt).select_one(".receipt .number")
    assert number is not None and number.get_text() == case_no
    assert f"http://localhost/?no={case_no}" in words(receipt) and soup(receipt).select_one("svg.qr path") is not None
    assert "0478-00001" in words(receipt) and "凭编号和身份证后四位查询" in words(receipt)


def test_the_receipts_code_opens_the_look_up_with_the_number_filled_in(desk: FlaskClient, app: Flask) -> None:
    assert typed(soup(app.test_client().get("/?no=2026-000003")), "case_no") == "2026-000003"


def test_the_same_form_twice_is_one_case(desk: FlaskClient, demo_store: Store) -> None:
    given = form()
    first, second = (post(desk, "/intake", given) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]


def test_a_duplicate_leads_to_the_case_there_is(desk: FlaskClient) -> None:
    given = form()
    first = post(desk, "/intake", given).headers["Location"]
    answer = post(desk, "/intake", {**given, "form_key": "another"})
    assert answer.status_code == 409 and typed(soup(answer), "name") == given["name"]
    assert [a["href"] for a in soup(answer).select(".banner.warn a")] == [first]


def test_a_duplicate_in_another_county_is_told_without_a_way_in(app: Flask, desk: FlaskClient) -> None:
    given = form()
    post(desk, "/intake", given)
    answer = post(signed(app, "linhe-desk"), "/intake", {**given, "form_key": "there"})
    assert answer.status_code == 409 and not soup(answer).select(".banner.warn a")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "'; drop table cases; --",
    "a\u202eb",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_everywhere(desk: FlaskClient, text: str) -> None:
    given = form(
        name=text[:50], disease=text, address=text, occupation=text, remark=text, institution=text, certificate_no=text
    )
    again = post(desk, "/intake", {**given, "diagnosed_on": ""})
    assert again.status_code == 400
    answer = post(desk, "/intake", given)
    assert answer.status_code == 303
    pages = [again, desk.get(answer.headers["Location"]), desk.get(answer.headers["Location"] + "/receipt"),
             desk.get(answer.headers["Location"] + "/recognition/file"), desk.get("/work?mine=0")]  # fmt: skip
    for page in pages:
        body = page.get_data(as_text=True)
        assert page.status_code in (200, 400) and "<script" not in body and "<img" not in body
    assert text in words(pages[1])


def test_a_control_character_is_a_fault_of_its_field(desk: FlaskClient) -> None:
    answer = post(desk, "/intake", form(employer="x\x00y", name="王\x00"))
    assert answer.status_code == 400 and words(answer).count("看不见的控制字符") >= 2


# --- the case page ---------------------------------------------------------------------------------------------------


def test_the_identity_number_is_masked_until_somebody_asks_and_that_is_kept(
    desk: FlaskClient, demo_store: Store
) -> None:
    case_no = new_case(demo_store)
    number = person_of(demo_store, case_no)
    page = words(desk.get(f"/cases/{case_no}"))
    assert number not in page and f"{'*' * 14}{number[-4:]}" in page and "0478-0000399" not in page
    shown = post(desk, f"/cases/{case_no}/identity")
    assert shown.status_code == 200 and number in words(shown) and "0478-0000399" in words(shown)
    with demo_store.reading() as session:
        case_id = session.scalars(select(Case.id).where(Case.case_no == case_no)).one()
        kept = session.scalars(select(Access).where(Access.case_id == case_id)).all()
    assert [(a.what, a.user_id) for a in kept] == [("显示身份证号码和电话", actor(demo_store, "qianqi-desk").id)]
    assert number not in words(desk.get(f"/cases/{case_no}"))


def test_clocks_explain_themselves_with_their_article(desk: FlaskClient) -> None:
    page = soup(desk.get("/cases/2026-000003"))
    text = " ".join(d.get_text(" ", strip=True) for d in page.select("tbody details"))
    assert "起算：收到申请之日" in text and "《工伤认定办法》第八条第一款" in text
    head = [h.get_text() for h in page.select(".matter thead th")]
    assert head[3:8] == ["起算", "届满日", "内控日", "承诺日", "以此日为准"]


def test_what_can_be_done_has_a_button_and_what_cannot_says_why_and_who(
    app: Flask, desk: FlaskClient, demo_store: Store
) -> None:
    case_no = new_case(demo_store)
    done(demo_store, "qianqi-desk", case_no, "file", ["application"], applicant="worker")
    page = soup(signed(app, "qianqi-approver").get(f"/cases/{case_no}"))
    matter = page.select_one("#recognition")
    assert matter is not None
    own, more = matter.find_all(recursive=False, class_="acts"), matter.select("details .acts")
    assert [a.get_text(" ", strip=True) for p in own for a in p.select("a.button")] == ["不予受理 不利决定，附救济途径"]
    assert [a.get_text() for p in more for a in p.select("a.button")] == ["移送有管辖权的机关（无明文）"]
    assert "登记生效" not in matter.get_text() and "决定被撤销" not in matter.get_text(), (
        "the system's own acts are offered to nobody"
    )
    reasons = [li.get_text() for li in matter.find_all(recursive=False, class_="reasons")[0].select("li")]
    assert (
        len(reasons) == 1
        and reasons[0].startswith("受理（审批人办）：还缺材料：")
        and "《工伤保险条例》第十八条第一款" in reasons[0]
    )
    assert "一次告知补正（一站式窗口）" in matter.get_text(" ", strip=True)


def test_a_late_entry_is_marked_and_so_is_what_has_no_procedure(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    day = (clock.today() - timedelta(days=3)).isoformat()
    why = "前几天停电<b>没有</b>登记"
    done(demo_store, "qianqi-desk", case_no, "file", PAPERS, applicant="union", filed_on=day, backdate_reason=why)
    done(demo_store, "qianqi-desk", case_no, "withdraw", applicant="union", ground="当事人书面撤回")
    told = [li.get_text(" ", strip=True) for li in soup(desk.get(f"/cases/{case_no}")).select(".history li")]
    assert "无明文" in told[0] and "代工会组织" in told[0] and "当事人书面撤回" in told[0]
    assert f"补记：{day} 的事，晚记 3 日，原因：{why}" in told[1] and "登记案件" in told[2]


def test_filling_in_closes_the_task_and_starts_nothing_it_should_not(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store, phone="", occupation="", insured="unknown")
    wrong = post(
        desk, f"/cases/{case_no}/fill", {"matter": "", "case-insured": "vielleicht", "case-phone": "0478-0000397"}
    )
    assert wrong.status_code == 409 and typed(soup(wrong), "case-phone") == "0478-0000397"
    assert [f["id"] for f in soup(wrong).select(".field.wrong")] == ["case-insured"]
    answer = post(
        desk,
        f"/cases/{case_no}/fill",
        {"matter": "", "case-insured": "no", "case-phone": "0478-0000397", "case-occupation": " "},
    )
    assert answer.status_code == 303
    page = desk.get(answer.headers["Location"])
    assert "已补录 2 项" in words(page)
    assert [f["name"] for f in soup(page).select(".todo input[name^=case-]")] == ["case-occupation"]


def test_whoever_may_not_fill_in_sees_what_is_missing_but_no_form(app: Flask, demo_store: Store) -> None:
    case_no = new_case(demo_store, phone="")
    approver = signed(app, "qianqi-approver")
    page = approver.get(f"/cases/{case_no}")
    assert "补录：联系电话 一站式窗口" in words(page) and not soup(page).select("form.todo")
    assert post(approver, f"/cases/{case_no}/fill", {"case-phone": "0478-0000396"}).status_code == 403


def test_a_message_that_could_not_be_sent_stands_among_the_tasks(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store, phone="")
    print_all(demo_store)
    assert "没有职工的联系电话" in words(desk.get(f"/cases/{case_no}"))


# --- acts ------------------------------------------------------------------------------------------------------------


def act_form(client: FlaskClient, case_no: str, action: str, matter: str = "recognition") -> tuple[str, dict[str, str]]:
    """Address and hidden fields of an act's form."""
    path = f"/cases/{case_no}/{matter}/{action}"
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return path, {str(i["name"]): str(i["value"]) for i in soup(answer).select("form.main input[type=hidden]")}


def test_an_act_says_what_follows_and_is_done(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    path, hidden = act_form(desk, case_no, "file")
    page = soup(desk.get(path))
    aside = page.select_one("aside")
    assert aside is not None and "由“已诊断，待申请认定”转为“已申请，待受理”" in aside.get_text()
    assert (
        "15 日" in aside.get_text() and "《工伤保险条例》第十七条" in aside.get_text() and "届满 20" in aside.get_text()
    )
    assert [c["value"] for c in page.select("input[name=papers]")] == PAPERS
    assert "《工伤保险条例》第十八条第一款" in page.select_one("#papers").get_text()  # type: ignore[union-attr]
    answer = desk.post(
        path, data={**hidden, "applicant": "worker", "filed_on": clock.today().strftime("%Y%m%d"), "papers": PAPERS}
    )
    assert answer.status_code == 303 and answer.headers["Location"] == f"/cases/{case_no}#recognition"
    page = soup(desk.get(f"/cases/{case_no}"))
    assert "已办“提出工伤认定申请”，现在是“已申请，待受理”" in page.get_text()


def test_the_track_is_told_before_the_case_is_accepted(app: Flask, demo_store: Store) -> None:
    clear, disputed = new_case(demo_store), new_case(demo_store, dispute="yes")
    approver = signed(app, "qianqi-approver")
    told = []
    for case_no in (clear, disputed):
        done(demo_store, "qianqi-desk", case_no, "file", PAPERS, applicant="worker")
        aside = soup(approver.get(f"/cases/{case_no}/recognition/accept")).select_one("aside")
        assert aside is not None
        told.append(aside.get_text(" ", strip=True))
    assert "走从快程序。" in told[0] and "“从快作出决定”开始计时：15 日" in told[0]
    assert "走普通程序，原因：劳动关系或者诊断结论有争议。" in told[1] and "从快作出决定" not in told[1]
    assert all("“作出认定决定”开始计时：60 日" in text for text in told)


def test_all_refusals_at_once_and_what_was_typed_stays(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    path, hidden = act_form(desk, case_no, "file")
    before = events(demo_store, case_no)
    answer = desk.post(path, data={**hidden, "filed_on": "2999-12-31", "papers": ["diagnosis"]})
    page = soup(answer)
    assert answer.status_code == 409 and events(demo_store, case_no) == before
    assert [a["href"] for a in page.select(".errors a")] == ["#filed_on", "#applicant"]
    assert typed(page, "filed_on") == "2999-12-31"
    assert [c["value"] for c in page.select("input[name=papers][checked]")] == ["diagnosis"]
    again = desk.post(path, data={**hidden, "applicant": "worker", "filed_on": "", "papers": PAPERS})
    assert again.status_code == 303, "the same form key may be used again after a refusal"


def test_papers_in_hand_are_shown_as_received(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    done(demo_store, "qianqi-desk", case_no, "file", ["application"], applicant="worker")
    page = soup(desk.get(f"/cases/{case_no}/recognition/add_papers"))
    held = page.select_one("#papers .held")
    assert held is not None and held.parent is not None and "工伤认定申请表" in held.parent.get_text()
    assert [c["value"] for c in page.select("input[name=papers]")] == ["employment_proof", "diagnosis"]
    listed = soup(desk.get(f"/cases/{case_no}/recognition/correct")).select_one("aside")
    assert listed is not None and "一次列出下面 2 份" in listed.get_text()


def test_the_same_form_twice_is_one_act(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    path, hidden = act_form(desk, case_no, "file")
    data = {**hidden, "applicant": "worker", "papers": PAPERS}
    first = desk.post(path, data=data)
    after = events(demo_store, case_no)
    second = desk.post(path, data=data)
    assert first.status_code == second.status_code == 303 and events(demo_store, case_no) == after


def test_two_people_one_wins_the_other_sees_what_changed_and_goes_on(app: Flask, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    officer, other = signed(app, "qianqi-officer"), signed(app, "qianqi-officer")
    path, hidden = act_form(officer, case_no, "propose")
    other_path, other_hidden = act_form(other, case_no, "to_ordinary")
    assert other.post(other_path, data={**other_hidden, "reason": "单位有不同说法"}).status_code == 303
    data = {**hidden, "opinion": "recognise", "findings": "打了很久的一大段经过", "exclusion": "no"}
    answer = officer.post(path, data=data)
    page = soup(answer)
    assert answer.status_code == 409
    change = page.select_one(".banner.stop")
    assert change is not None and "前旗承办（演示）" in change.get_text() and "转普通程序" in change.get_text()
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", change.get_text())
    assert typed(page, "findings").strip() == "打了很久的一大段经过"
    assert [c["value"] for c in page.select("form.main input[checked]")] == ["recognise", "no"]
    renewed = {str(i["name"]): str(i["value"]) for i in page.select("form.main input[type=hidden]")}
    assert renewed["version"] != hidden["version"] and renewed["form_key"] != hidden["form_key"]
    assert officer.post(path, data={**data, **renewed}).status_code == 303


def test_an_act_that_is_gone_keeps_what_was_typed_to_copy_from(app: Flask, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    officer = signed(app, "qianqi-officer")
    path, hidden = act_form(officer, case_no, "to_ordinary")
    done(
        demo_store, "qianqi-approver", case_no, "suspend", ground="等仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    answer = officer.post(path, data={**hidden, "reason": "打了很久的一大段经过"})
    text = words(answer)
    assert answer.status_code == 409 and "现在是“中止”" in text and "打了很久的一大段经过" in text
    assert "前旗审批（演示）" in text
    later = officer.get(path)
    assert later.status_code == 302 and "现在不能办了" in words(officer.get(later.headers["Location"]))


def test_whose_act_it_is_not_is_told_who_does_it(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    done(demo_store, "qianqi-desk", case_no, "file", PAPERS, applicant="worker")
    shown = desk.get(f"/cases/{case_no}/recognition/accept")
    assert shown.status_code == 403 and "由审批人办理" in words(shown)
    assert post(desk, f"/cases/{case_no}/recognition/accept").status_code == 403


def test_the_window_says_for_whom_it_records(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    done(demo_store, "qianqi-desk", case_no, "file", ["application"], applicant="union")
    done(demo_store, "qianqi-desk", case_no, "correct")
    path, hidden = act_form(desk, case_no, "resubmit")
    page = soup(desk.get(path))
    assert [c["value"] for c in page.select("input[name=behalf][checked]")] == ["union"]
    answer = desk.post(path, data={**hidden, "behalf": "relative", "papers": PAPERS[1:]})
    assert answer.status_code == 303
    first = soup(desk.get(f"/cases/{case_no}")).select_one(".history li")
    assert first is not None and "代近亲属" in first.get_text()


def test_only_who_has_not_been_served_is_offered(desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    done(demo_store, "qianqi-officer", case_no, "propose", opinion="recognise", findings="经过", exclusion="no")
    done(demo_store, "qianqi-approver", case_no, "recognise")
    path, hidden = act_form(desk, case_no, "deliver")
    assert [c["value"] for c in soup(desk.get(path)).select("input[name=addressee]")] == ["worker", "employer"]
    data = {**hidden, "addressee": "worker", "way": "direct", "received_on": clock.today().isoformat()}
    assert desk.post(path, data=data).status_code == 303
    left = soup(desk.get(path)).select("input[name=addressee]")
    assert [(c["value"], c.has_attr("checked")) for c in left] == [("employer", True)]


def test_fields_nobody_asked_for_are_not_taken(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    path, hidden = act_form(desk, case_no, "file")
    answer = desk.post(
        path, data={**hidden, "applicant": "worker", "state": "delivered", "grade": "1", "papers": PAPERS}
    )
    assert answer.status_code == 303
    with demo_store.reading() as session:
        facts = session.scalars(select(Case).where(Case.case_no == case_no)).one().matters[0].facts
    assert "state" not in facts and "grade" not in facts


@pytest.mark.parametrize("papers", [["nothing"], ["<script>"], ["medical_record"]])
def test_a_paper_that_may_not_be_asked_for_is_refused(desk: FlaskClient, demo_store: Store, papers: list[str]) -> None:
    path, hidden = act_form(desk, new_case(demo_store), "file")
    answer = desk.post(path, data={**hidden, "applicant": "worker", "papers": papers})
    assert answer.status_code == 409 and "不收" in words(answer) and "<script" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_an_act_is_shown_as_text(app: Flask, demo_store: Store, text: str) -> None:
    case_no = accepted_case(demo_store)
    officer = signed(app, "qianqi-officer")
    path, hidden = act_form(officer, case_no, "propose")
    refused = officer.post(path, data={**hidden, "findings": text})
    assert refused.status_code == 409 and typed(soup(refused), "findings").strip() == text
    answer = officer.post(path, data={**hidden, "opinion": "refuse", "findings": text, "exclusion": "no"})
    assert answer.status_code == 303
    for page in (refused, officer.get(f"/cases/{case_no}")):
        assert "<script" not in page.get_data(as_text=True) and "<img" not in page.get_data(as_text=True)


def test_no_act_without_the_token(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store)
    before = events(demo_store, case_no)
    assert desk.post(f"/cases/{case_no}/recognition/file", data={"applicant": "worker"}).status_code == 400
    assert events(demo_store, case_no) == before


# --- deliveries that move no matter ----------------------------------------------------------------------------------


def delivery_form(client: FlaskClient, case_no: str) -> tuple[str, dict[str, str]]:
    """Address and hidden fields of the delivery form the case page leads to (of its first document)."""
    link = next(
        a for a in soup(client.get(f"/cases/{case_no}")).select("#documents td a") if "登记送达" in a.get_text()
    )
    path = str(link["href"])
    return path, {
        str(i["name"]): str(i["value"]) for i in soup(client.get(path)).select("form.main input[type=hidden]")
    }


def served_cells(client: FlaskClient, case_no: str) -> list[list[str]]:
    """For each document the lines of its 送达 column."""
    rows = soup(client.get(f"/cases/{case_no}")).select("#documents table")[0].select("tbody tr")
    return [[li.get_text() for li in row.select("ul.to li")] for row in rows]


def test_a_delivery_is_recorded_from_the_case_page(desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    assert served_cells(desk, case_no) == [["职工：未登记", "用人单位：未登记"]]
    path, hidden = delivery_form(desk, case_no)
    page = soup(desk.get(path))
    assert page.select_one("h1").get_text() == "登记送达"  # type: ignore[union-attr]
    assert [c["value"] for c in page.select("input[name=addressee]")] == ["worker", "employer"]
    hints = " ".join(p.get_text() for p in page.select("form.main .hint"))
    assert "送达回证上签收的日期" in hints and "《工伤认定办法》第二十二条" in hints and "邮件单号" in hints
    assert "送达备注（可不填）" in page.get_text()
    today = clock.today().isoformat()
    data = {**hidden, "addressee": "worker", "way": "post", "received_on": today, "delivery_note": "<b>单号</b>"}
    answer = desk.post(path, data=data)
    assert answer.status_code == 303 and answer.headers["Location"] == f"/cases/{case_no}#documents"
    case = desk.get(f"/cases/{case_no}")
    assert (
        "已登记送达：" in words(case) and "<b>单号" not in case.get_data(as_text=True) and "<b>单号</b>" in words(case)
    )
    assert served_cells(desk, case_no) == [[f"职工：已送达（邮寄送达，{today}）", "用人单位：未登记"]]
    left = soup(desk.get(path)).select("input[name=addressee]")
    assert [(c["value"], c.has_attr("checked")) for c in left] == [("employer", True)]
    path, hidden = delivery_form(desk, case_no)
    assert (
        desk.post(
            path,
            data={
                **hidden,
                "addressee": "employer",
                "way": "left",
                "received_on": today,
                "delivery_note": "拒收，见证人在场",
            },
        ).status_code
        == 303
    )
    page = soup(desk.get(f"/cases/{case_no}"))
    assert not [a for a in page.select("#documents td a") if "登记送达" in a.get_text()]
    again = desk.get(path)
    assert again.status_code == 302 and "收件人都登记过送达了" in words(desk.get(again.headers["Location"]))


def test_every_fault_of_a_delivery_stands_beside_its_field_and_what_was_typed_stays(
    desk: FlaskClient, demo_store: Store
) -> None:
    case_no = accepted_case(demo_store)
    path, hidden = delivery_form(desk, case_no)
    before = events(demo_store, case_no)
    answer = desk.post(
        path, data={**hidden, "addressee": "employer", "received_on": "2999-1-1", "delivery_note": "单号 77"}
    )
    page = soup(answer)
    assert answer.status_code == 409 and events(demo_store, case_no) == before
    assert [a["href"] for a in page.select(".errors a")] == ["#way", "#received_on"]
    assert typed(page, "received_on") == "2999-1-1" and typed(page, "delivery_note") == "单号 77"
    assert [c["value"] for c in page.select("form.main input[checked]")] == ["employer"]
    assert page.title and page.title.get_text().startswith("错误：")


def test_the_same_delivery_form_twice_is_one_delivery(desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    path, hidden = delivery_form(desk, case_no)
    data = {**hidden, "addressee": "worker", "way": "direct", "received_on": clock.today().isoformat()}
    first = desk.post(path, data=data)
    after = events(demo_store, case_no)
    second = desk.post(path, data=data)
    assert first.status_code == second.status_code == 303 and events(demo_store, case_no) == after
    other = desk.post(path, data={**data, "addressee": "employer", "delivery_note": "留言"})
    assert (
        other.status_code == 409 and "内容与这次不同" in words(other) and typed(soup(other), "delivery_note") == "留言"
    )
    renewed = {str(i["name"]): str(i["value"]) for i in soup(other).select("form.main input[type=hidden]")}
    assert desk.post(path, data={**data, "addressee": "employer", **renewed}).status_code == 303
    late = desk.post(path, data={**data, "form_key": "quite another"})
    assert late.status_code == 409 and "已经登记过" in words(late) and not soup(late).select("form.main")
    assert not soup(late).select(".errors a"), "no field is left to lead to"


def test_a_delivery_the_matter_waits_for_leads_to_its_act(app: Flask, desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    done(demo_store, "qianqi-officer", case_no, "propose", opinion="recognise", findings="经过", exclusion="no")
    done(demo_store, "qianqi-approver", case_no, "recognise")
    page = soup(desk.get(f"/cases/{case_no}"))
    links = [str(a["href"]) for a in page.select("#documents td a") if "登记送达" in a.get_text()]
    acceptance, decision = links
    assert acceptance.endswith("/delivery") and decision == f"/cases/{case_no}/recognition/deliver"
    with demo_store.reading() as session:
        query = select(Instrument.id).join(Case, Case.id == Instrument.case_id).where(Case.case_no == case_no)
        number = session.scalars(query.where(Instrument.kind == "recognition")).one()
    path = f"/cases/{case_no}/documents/{number}/delivery"
    answer = desk.get(path)
    assert answer.status_code == 302 and answer.headers["Location"] == decision
    data = {"addressee": "worker", "way": "direct", "received_on": clock.today().isoformat()}
    refused = post(desk, path, data)
    assert refused.status_code == 409 and "在事项里办“登记送达”" in words(refused)
    officer = [
        str(a["href"])
        for a in soup(signed(app, "qianqi-officer").get(f"/cases/{case_no}")).select("#documents td a")
        if "登记送达" in a.get_text()
    ]
    assert officer == [acceptance], "the act is the window's, the acceptance may be recorded by the officer too"


def test_who_may_not_record_a_delivery_gets_neither_link_nor_form(
    app: Flask, demo_store: Store, desk: FlaskClient
) -> None:
    case_no = accepted_case(demo_store)
    path, _ = delivery_form(desk, case_no)
    for username in ("qianqi-approver", "city-supervisor", "city-finance"):
        client = signed(app, username)
        page = soup(client.get(f"/cases/{case_no}"))
        assert "未登记" in page.get_text() and not page.select('#documents a[href$="/delivery"]')
        assert client.get(path).status_code == post(client, path).status_code == 403
    stranger = signed(app, "linhe-desk")
    nothing = stranger.get(path.replace(case_no, "2026-999999"))
    assert stranger.get(path).status_code == nothing.status_code == post(stranger, path).status_code == 404
    assert unmarked(stranger.get(path)) == unmarked(nothing)


@pytest.mark.parametrize("number", ["0", "999999", "9" * 18])
def test_a_delivery_of_no_document_of_this_case_is_not_found(desk: FlaskClient, demo_store: Store, number: str) -> None:
    case_no = accepted_case(demo_store)
    path = f"/cases/{case_no}/documents/{number}/delivery"
    assert desk.get(path).status_code == post(desk, path).status_code == 404
    foreign, _ = delivery_form(desk, accepted_case(demo_store))
    assert desk.get(foreign.replace(foreign.split("/")[2], case_no)).status_code == 404


def test_filling_in_twice_with_one_form_is_told_once(desk: FlaskClient, demo_store: Store) -> None:
    case_no = new_case(demo_store, phone="")
    hidden = {
        str(i["name"]): str(i["value"])
        for i in soup(desk.get(f"/cases/{case_no}")).select("form.todo input[type=hidden]")
    }
    data = {**hidden, "case-phone": "0478-0000395"}
    first = desk.post(f"/cases/{case_no}/fill", data=data)
    after = events(demo_store, case_no)
    second = desk.post(f"/cases/{case_no}/fill", data=data)
    assert first.status_code == second.status_code == 303 and events(demo_store, case_no) == after


# --- documents -------------------------------------------------------------------------------------------------------


@pytest.fixture
def printed(demo_store: Store) -> tuple[str, int]:
    """A case with its printed acceptance: case number and the print's id."""
    case_no = accepted_case(demo_store)
    assert print_all(demo_store)["failed"] == 0
    query = select(Print.id).join(Instrument).join(Case, Case.id == Instrument.case_id)
    with demo_store.reading() as session:
        return case_no, session.scalars(query.where(Case.case_no == case_no, Print.part == "")).one()


def test_a_document_waits_is_printed_and_is_served_as_filed(desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    assert words(desk.get(f"/cases/{case_no}")).count("等待打印") == 3
    print_all(demo_store)
    links = [a for a in soup(desk.get(f"/cases/{case_no}")).select("a") if "PDF" in a.get_text()]
    assert [re.sub(r"（PDF，\d+ KB）", "", a.get_text()) for a in links] == [
        "正文",
        "送达回证（职工）",
        "送达回证（用人单位）",
    ]
    for link in links:
        answer = desk.get(str(link["href"]))
        assert answer.status_code == 200 and answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
        with demo_store.reading() as session:
            filed = session.get_one(Print, int(str(link["href"]).rpartition("/")[2].removesuffix(".pdf")))
        assert hashlib.sha256(answer.data).hexdigest() == filed.sha256
        assert answer.headers["Cache-Control"] == "no-store"
        assert "filename*=UTF-8''%E5%B7%A5" in answer.headers["Content-Disposition"]
    with demo_store.reading() as session:
        looked = session.scalars(select(Access.what).where(Access.what.startswith("打开文书"))).all()
    assert len(looked) >= 3


def test_a_print_of_another_case_is_not_served_under_this_one(
    desk: FlaskClient, app: Flask, printed: tuple[str, int]
) -> None:
    case_no, print_id = printed
    assert desk.get(f"/cases/{case_no}/documents/{print_id}.pdf").status_code == 200
    assert desk.get(f"/cases/2026-000003/documents/{print_id}.pdf").status_code == 404
    assert signed(app, "linhe-desk").get(f"/cases/{case_no}/documents/{print_id}.pdf").status_code == 404


def test_a_file_that_was_touched_is_refused(desk: FlaskClient, demo_store: Store, printed: tuple[str, int]) -> None:
    case_no, print_id = printed
    with demo_store.reading() as session:
        file = session.get_one(Print, print_id).file
    path = demo_store.settings.data_dir / FOLDER / file
    whole = path.read_bytes()
    path.write_bytes(whole[:-7] + b"x" + whole[-6:])
    answer = desk.get(f"/cases/{case_no}/documents/{print_id}.pdf")
    assert answer.status_code == 409 and "摘要不一致" in words(answer) and "%PDF" not in answer.get_data(as_text=True)
    path.unlink()
    answer = desk.get(f"/cases/{case_no}/documents/{print_id}.pdf")
    assert answer.status_code == 409 and "存档文件不在了" in words(answer)
    assert "文件不在" in words(desk.get(f"/cases/{case_no}"))
    path.write_bytes(whole)


@pytest.mark.parametrize("file", ["../greenchannel.db", "/etc/hostname", "../../x.pdf"])
def test_no_file_outside_the_folder_is_served(
    desk: FlaskClient, demo_store: Store, printed: tuple[str, int], file: str
) -> None:
    case_no, print_id = printed
    with demo_store.writing() as session:
        known = session.get_one(Print, print_id)
        planted = Print(
            instrument_id=known.instrument_id,
            part="planted",
            file=file,
            sha256=known.sha256,
            template_digest="",
            printed_at=clock.now(),
        )
        session.add(planted)
        session.flush()
        number = planted.id
    answer = desk.get(f"/cases/{case_no}/documents/{number}.pdf")
    assert answer.status_code == 409 and "摘要不一致" in words(answer)
    assert desk.get(f"/cases/{case_no}").status_code == 200


def test_a_print_that_failed_says_why(desk: FlaskClient, demo_store: Store) -> None:
    case_no = accepted_case(demo_store)
    with demo_store.writing() as session:
        case_id = session.scalars(select(Case.id).where(Case.case_no == case_no)).one()
        failed = update(Outbox).where(Outbox.case_id == case_id, Outbox.kind == "print")
        session.execute(failed.values(state="failed", error="字体不在，请安装"))
    assert "正文没有打印成：字体不在，请安装" in words(desk.get(f"/cases/{case_no}"))
    with demo_store.writing() as session:
        session.execute(delete(Task).where(Task.case_id == case_id))


def test_every_window_page_is_closed_to_strangers(app: Flask) -> None:
    ours = [rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("window.")]
    assert len(ours) >= 10 and all(auth.access_of(app, endpoint) != auth.PUBLIC for endpoint in ours)
