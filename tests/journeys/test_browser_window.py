"""The window in a real browser: a new case is taken in by keyboard and walked to its payment, account by account."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from documents.issue import issue
from web.app import create_app
from workflow import accounts, clock, identity, outbox, verify, worker
from workflow.setup import machine_account

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from workflow.store import Store

pytestmark = pytest.mark.browser
EMPLOYER = "乌拉特前旗宏源煤业有限责任公司（演示）"
PASSWORDS = {a.username: a.password for a in accounts.DEMO_ACCOUNTS}
NAME = "韩某㛃"
FINDINGS = "自2005年3月至2024年6月在该单位井下从事采掘作业，接触粉尘。已取得职业病诊断证明书。"


@pytest.fixture(scope="module")
def url(demo_store: Store) -> Iterator[str]:
    """The application served on a free port of this machine."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, create_app(demo_store.settings, demo_store), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@contextmanager
def seat(browser: Browser, url: str, username: str, scripts: bool = False) -> Iterator[Page]:
    """Somebody signed in at a screen of 1366×768, without scripts: every page works without."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{url}/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORDS[username])
    page.click("main button")
    assert "/login" not in page.url, page.inner_text("main")
    try:
        yield page
    finally:
        context.close()


class Life:
    """One case on its way, seen by whoever acts next."""

    def __init__(self, browser: Browser, url: str, store: Store) -> None:
        self.browser, self.url, self.store, self.case_no = browser, url, store, ""

    def act(self, username: str, matter: str, label: str, fill: dict[str, str] | None = None,
            choose: dict[str, str] | None = None, papers: bool = False) -> str:  # fmt: skip
        """Open the case from the list of cases, press the act's button, fill in its form, send it; the page after."""
        with seat(self.browser, self.url, username) as page:
            assert page.url == f"{self.url}/work", "the worklist is their first page"
            page.fill("#q", self.case_no)
            page.click("text=查找")
            assert page.url == f"{self.url}/cases/{self.case_no}"
            page.click(f"#{matter} a.button:text-is('{label}')")
            for name, value in (fill or {}).items():
                page.fill(f"[name={name}]", value)
            for name, value in (choose or {}).items():
                if page.locator(f"select[name={name}]").count():
                    page.select_option(f"select[name={name}]", value)
                else:
                    page.check(f"[name={name}][value='{value}']")
            if papers:
                for box in page.locator("[name=papers]").all():
                    box.check()
            page.click("form.main button")
            text = page.inner_text("main")
            assert f"已办“{label}”" in text, text
            return text

    def refused(self, username: str, matter: str, label: str, fill: dict[str, str]) -> str:
        """The same, where the act cannot be done: what the page says, with what was typed still there."""
        with seat(self.browser, self.url, username) as page:
            page.goto(f"{self.url}/cases/{self.case_no}")
            page.click(f"#{matter} a.button:text-is('{label}')")
            for name, value in fill.items():
                page.fill(f"[name={name}]", value)
            page.click("form.main button")
            for name, value in fill.items():
                assert page.input_value(f"[name={name}]") == value
            return page.inner_text(".errors")

    def served(self, username: str, matter: str, *addressees: str) -> str:
        """Record the delivery to each addressee, received today."""
        text = ""
        for who in addressees:
            text = self.act(username, matter, "登记送达", {"received_on": clock.today().strftime("%Y%m%d")},
                            {"addressee": who, "way": "direct"})  # fmt: skip
        return text

    def printed(self) -> None:
        """One round of the worker process."""
        with self.store.reading() as session:
            machine = machine_account(session, "system")
        channel = outbox.LogFile(self.store.settings.data_dir / "messages.log")
        done = worker.once(self.store, channel, lambda payload: issue(self.store, machine, payload))
        assert done["failed"] == 0 and done["printed"] > 0

    def documents(self, username: str) -> dict[str, str]:
        """Every document the case page offers, opened: its name to the text of its pages."""
        from pypdf import PdfReader

        texts = {}
        with seat(self.browser, self.url, username) as page:
            page.goto(f"{self.url}/cases/{self.case_no}")
            assert "等待打印" not in page.inner_text("main")
            for row in page.locator("tr", has=page.locator("a", has_text="PDF")).all():
                for link in row.locator("a").all():
                    answer = page.request.get(f"{self.url}{link.get_attribute('href')}")
                    assert answer.status == 200 and answer.headers["content-type"] == "application/pdf"
                    reader = PdfReader(io.BytesIO(answer.body()))
                    name = f"{row.locator('th').inner_text()} {link.inner_text().split('（PDF')[0]}"
                    texts[name] = "".join(p.extract_text() for p in reader.pages)
        return texts


def tab_to(page: Page, name: str, most: int = 12) -> None:
    """Press Tab until the field called `name` has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"{name} is not reached by {most} presses of Tab")


def take_in_by_keyboard(browser: Browser, url: str) -> str:
    """A new case without touching the mouse, from the list to the receipt; its number."""
    diagnosed = clock.today() - timedelta(days=10)
    number = identity.make(identity.DEMO_REGION, diagnosed.replace(year=1972), 611)
    with seat(browser, url, "qianqi-desk", scripts=True) as page:
        page.goto(f"{url}/intake")
        typed = [
            ("id_number", number), ("name", NAME), ("phone", "0478-0000388"), ("address", "演示镇二号"),
            ("occupation", "凿岩工"), ("remark", ""), ("employer", EMPLOYER), ("insured", "ArrowLeft ArrowLeft"),
            ("diagnosing", ""), ("disease", "职业性尘肺病（矽肺壹期）"),
            ("diagnosed_on", diagnosed.strftime("%Y%m%d")), ("certificate_no", "演诊2026-0611"),
            ("institution", "演示医院"),            ("certificate_employer", EMPLOYER),
        ]  # fmt: skip
        for step, (name, text) in enumerate(typed):
            tab_to(page, name, most=12 if step == 0 else 1)
            if text.startswith("Arrow"):
                for key in text.split():
                    page.keyboard.press(key)
            else:
                page.keyboard.insert_text(text)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/cases/*")
        assert "已登记，案件编号" in page.inner_text("main"), page.inner_text("main")
        page.get_by_role("link", name="打印回执").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".receipt .number")
        case_no = page.inner_text(".receipt .number")
        assert page.locator("svg.qr").bounding_box()["width"] >= 150  # type: ignore[index]
        return case_no


def test_a_case_is_walked_from_the_window_to_the_payment(browser: Browser, url: str, demo_store: Store) -> None:
    life = Life(browser, url, demo_store)
    life.case_no = take_in_by_keyboard(browser, url)
    today = clock.today()

    life.act("qianqi-desk", "recognition", "提出工伤认定申请", choose={"applicant": "worker"}, papers=True)
    life.act("qianqi-approver", "recognition", "受理")
    life.act("qianqi-officer", "recognition", "提出拟办意见", {"findings": FINDINGS},
             {"opinion": "recognise", "exclusion": "no"})  # fmt: skip
    text = life.act("qianqi-approver", "recognition", "认定为工伤")
    assert "同时开立：劳动能力鉴定、待遇核定支付" in text and "等待打印" in text
    life.printed()
    life.served("qianqi-desk", "recognition", "worker", "employer")

    life.act("qianqi-desk", "appraisal", "提出鉴定申请", choose={"applicant": "worker", "stable": "yes"}, papers=True)
    life.act("city-appraisal", "appraisal", "确认材料齐全")
    text = life.act("city-appraisal", "appraisal", "随机抽取专家", choose={"panel_size": "3"})
    assert "抽取的专家" in text
    life.act(
        "city-appraisal", "appraisal", "排定鉴定时间地点", {"exam_on": today.isoformat(), "place": "演示医院鉴定室"}
    )
    life.act(
        "city-committee", "appraisal", "作出鉴定结论",
        {"condition": "双肺弥漫性小阴影", "basis": "标准条目由专家组注明", "votes_for": "3"},
        {"grade": "3", "care": "part", "signed": "yes"},
    )  # fmt: skip
    life.served("city-appraisal", "appraisal", "worker", "employer")

    life.act(
        "qianqi-desk", "benefit", "申请核定待遇",
        {"account_holder": NAME, "bank": "演示银行", "bank_account": "6200000000004321"},
        {"applicant": "worker", "provisional": "yes"},
    )  # fmt: skip
    text = life.act("city-agency", "benefit", "核定", {"own_wage": "6200.00"})
    assert "一次性伤残补助金" in text and "142,600.00" in text and "6200000000004321" not in text
    life.act("city-reviewer", "benefit", "复核")
    life.act("city-head", "benefit", "审批")
    life.printed()
    life.served("city-agency", "benefit", "worker")
    text = life.act("city-finance", "benefit", "支付一次性待遇")
    assert "现在是“一次性待遇已支付”" in text and "142,600.00 元" in text
    following = (today.replace(day=1) + timedelta(days=31)).isoformat()[:7]
    said = life.refused("city-finance", "benefit", "支付当月待遇", {"month": today.isoformat()[:7]})
    assert f"待遇从 {following} 起发" in said

    documents = life.documents("city-supervisor")
    assert [n.split()[0] for n in documents if n.endswith("正文")] == [
        "工伤认定申请受理决定书", "认定工伤决定书", "劳动能力鉴定时间地点通知书",
        "劳动能力鉴定结论书", "工伤保险待遇核定表",
    ]  # fmt: skip
    assert len(documents) == 5 + 4 * 2 + 1
    assert all(NAME in text for text in documents.values())
    assert "142,600.00" in documents["工伤保险待遇核定表 正文"] and "演示" in documents["工伤保险待遇核定表 正文"]
    checked, findings = verify.verify(demo_store, life.case_no)
    assert checked > 25 and findings == []


def test_two_screens_one_case_the_second_sees_what_the_first_did(browser: Browser, url: str) -> None:
    with seat(browser, url, "linhe-officer") as first, seat(browser, url, "linhe-officer") as second:
        for page in (first, second):
            page.goto(f"{url}/cases/2026-000010/recognition/propose")
            page.check("[name=opinion][value=refuse]")
            page.check("[name=exclusion][value=no]")
        first.fill("[name=findings]", "先写的")
        second.fill("[name=findings]", "后写的，不能丢")
        first.click("form.main button")
        second.click("form.main button")
        told = second.inner_text("main")
        assert "临河承办（演示）" in told and "提出拟办意见" in told and "您填的内容都在下面" in told
        assert second.input_value("[name=findings]").strip() == "后写的，不能丢"
        second.click("form.main button")
        assert "已办“提出拟办意见”" in second.inner_text("main")


WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAGES: list[tuple[str, str]] = [
    ("qianqi-desk", "/work?mine=0"), ("qianqi-desk", "/intake"), ("qianqi-desk", "/cases/2026-000004"),
    ("qianqi-desk", "/cases/2026-000004/receipt"), ("qianqi-desk", "/cases/2026-000004/recognition/resubmit"),
    ("city-supervisor", "/cases/2026-000009"), ("city-committee", "/cases/2026-000008/appraisal/conclude"),
]  # fmt: skip


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_axe_finds_no_fault_and_nothing_scrolls_sideways(browser: Browser, url: str, username: str, path: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with seat(browser, url, username, scripts=True) as page:
        answer = page.goto(f"{url}{path}")
        assert answer is not None and answer.status == 200
        for summary in page.locator("summary").all():
            summary.click()
        assert Axe().run(page, options=WCAG).response["violations"] == []
        for width in (1366, 1024, 640):
            page.set_viewport_size({"width": width, "height": 768})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("qianqi-desk", ("/work", "/intake", "/cases/2026-000009", "/cases/2026-000003/recognition/correct", "/cases/2026-000009/what-if")),
        ("city-supervisor", ("/oversight/spent", "/oversight/matters", "/oversight/cases/2026-000009")),
    ],
)  # fmt: skip
def test_on_a_narrow_screen_only_tables_scroll_sideways(
    browser: Browser, url: str, username: str, paths: tuple[str, ...]
) -> None:
    with seat(browser, url, username) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        for path in paths:
            assert page.goto(f"{url}{path}").ok, path  # type: ignore[union-attr]
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
