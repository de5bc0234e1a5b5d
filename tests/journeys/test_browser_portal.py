"""In a real browser: the look-up on a small telephone without scripts, oversight and employer pages at a desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy import delete

from tests.faces import PASSWORD, numbers, serving
from web.app import create_app
from workflow.models import Attempt

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from workflow.store import Store

pytestmark = pytest.mark.browser
NARROW, DESK = 320, 1366
SMALLEST_LETTER, SMALLEST_TARGET = 18, 60
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SMALL_LETTERS = """least => [...document.querySelectorAll('body *')]
  .filter(e => e.getClientRects().length && [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim()))
  .filter(e => parseFloat(getComputedStyle(e).fontSize) < least).map(e => e.outerHTML.slice(0, 80))"""
SMALL_TARGETS = """least => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
  .filter(e => e.getClientRects().length && !e.matches('.skip') && e.getBoundingClientRect().height < least)
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def app(demo_store: Store) -> Flask:
    return create_app(demo_store.settings, demo_store)


@pytest.fixture(scope="module")
def url(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture(autouse=True)
def nothing_tried_yet(demo_store: Store) -> None:
    with demo_store.writing() as session:
        session.execute(delete(Attempt))


@contextmanager
def page_of(browser: Browser, width: int, scripts: bool = False) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 720}, java_script_enabled=scripts)
    try:
        yield context.new_page()
    finally:
        context.close()


def look_up(page: Page, url: str, case_no: str, tail: str) -> None:
    page.goto(url + "/")
    page.get_by_label("案件编号").fill(case_no)
    page.get_by_label("身份证号码后四位").fill(tail)
    page.get_by_role("button", name="查询").click()
    page.wait_for_load_state()


def sign_in(page: Page, url: str, username: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)


def test_a_worker_finds_his_case_on_a_small_telephone_without_scripts(
    browser: Browser, url: str, demo_store: Store
) -> None:
    case_no, number = next((c, n) for c, n in numbers(demo_store).items() if n.endswith("X"))
    asked: list[str] = []
    with page_of(browser, NARROW) as page:
        page.on("request", lambda request: asked.append(request.url))
        look_up(page, url, case_no.replace("-", ""), number[-4:].lower())
        assert page.get_by_role("heading", level=1).inner_text().endswith("。")
        assert page.get_by_role("heading", name="您要做什么").is_visible()
        assert page.get_by_text("参加鉴定检查").is_visible() and page.locator("[aria-current=step]").is_visible()
        assert page.locator(".phone a").first.is_visible()
        page.get_by_role("link", name="退出查询").click()
        assert page.url == f"{url}/" and page.get_by_label("案件编号").input_value() == ""
        page.go_back()
        assert "参加鉴定检查" not in page.content(), "going back shows nothing without asking again"
    assert all(request.startswith(url) for request in asked)


def test_a_stranger_reads_one_sentence(browser: Browser, url: str) -> None:
    with page_of(browser, NARROW) as page:
        look_up(page, url, "2026-000001", "9999")
        assert "没有查到" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("案件编号").input_value() == ""


def test_letters_and_targets_are_large_and_nothing_scrolls_sideways(
    browser: Browser, url: str, demo_store: Store
) -> None:
    def measure(page: Page, name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, name
        assert page.evaluate(SMALL_LETTERS, SMALLEST_LETTER) == [], name
        assert page.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == [], name

    with page_of(browser, NARROW, scripts=True) as page:  # measuring needs scripts, the page does not
        page.goto(url + "/")
        measure(page, "form")
        look_up(page, url, "2026-000001", "99")
        measure(page, "faults")
        for case_no, number in numbers(demo_store).items():
            look_up(page, url, case_no, number[-4:])
            for folded in page.locator("details").all():
                folded.locator("summary").click()
            assert case_no in page.content()
            measure(page, case_no)


def test_one_page_is_at_most_three_requests(browser: Browser, url: str, demo_store: Store) -> None:
    number = numbers(demo_store)["2026-000009"]
    asked: list[str] = []
    with page_of(browser, NARROW) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url + "/")
        assert 1 <= len(asked) <= 3
        asked.clear()
        look_up(page, url, "2026-000009", number[-4:])
        assert len([a for a in asked if "/static/" not in a]) == 2  # the form again, then the answer


@pytest.mark.parametrize("width", [NARROW, DESK])
def test_axe_finds_no_fault_on_the_look_up(browser: Browser, url: str, demo_store: Store, width: int) -> None:
    with page_of(browser, width, scripts=True) as page:
        for case_no in ("2026-000001", "2026-000008", "2026-000009"):
            look_up(page, url, case_no, numbers(demo_store)[case_no][-4:])
            assert violations(page) == [], case_no
        look_up(page, url, "2026-000001", "9999")
        assert violations(page) == []


def violations(page: Page) -> list[Any]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=AXE).response["violations"]
    return [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        (
            "city-supervisor",
            ("/oversight/", "/oversight/matters", "/oversight/stalled", "/oversight/cases/2026-000006?verify=1"),
        ),
        ("city-auditor", ("/oversight/system",)),
        ("demo-employer", ("/employer/", "/employer/cases/2026-000002", "/employer/cases/2026-000009")),
        ("city-agency", ("/figures",)),
    ],
)
def test_the_staff_pages_fit_a_desk_and_axe_finds_no_fault(
    browser: Browser, url: str, username: str, paths: tuple[str, ...]
) -> None:
    with page_of(browser, DESK, scripts=True) as page:
        sign_in(page, url, username)
        for path in paths:
            page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= DESK, path
            assert violations(page) == [], path


def test_a_supervisor_goes_from_a_number_to_its_list_to_the_case_to_its_chain(browser: Browser, url: str) -> None:
    with page_of(browser, DESK) as page:
        sign_in(page, url, "city-supervisor")
        row = page.get_by_role("row").filter(has_text="审理中")
        row.get_by_role("link", name="超 1").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "在办事项"
        page.get_by_role("link", name="2026-000010").click()
        page.get_by_role("button", name="核对记录有没有被改动").click()
        assert "完好" in page.get_by_role("status").inner_text()
        assert page.locator("main form[method=post]").count() == 0


def test_a_figure_goes_from_one_persons_form_to_anothers_approval(browser: Browser, url: str) -> None:
    with page_of(browser, DESK) as page:
        sign_in(page, url, "city-agency")
        page.goto(url + "/figures")
        for label, value in (
            ("统计年度", "2017"),
            ("生效日期", "2018-07-01"),
            ("数值（元）", "6100"),
            ("通知文号", "演示〔2018〕3号"),
        ):
            page.get_by_role("textbox", name=label).fill(value)
        page.get_by_label("已核实", exact=True).check()
        page.get_by_label("这是演示数据").check()
        page.get_by_role("button", name="录入").click()
        assert "等另一人" in page.get_by_role("status").inner_text()
        assert page.get_by_role("row").filter(has_text="演示〔2018〕3号").get_by_role("button").count() == 0
    with page_of(browser, DESK) as page:
        sign_in(page, url, "city-head")
        page.goto(url + "/figures")
        page.get_by_role("row").filter(has_text="演示〔2018〕3号").get_by_role("button").click()
        assert "已批准" in page.get_by_role("status").inner_text()
