"""The map as people get it: the command that writes and checks it, the page for everybody, the pages for staff."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import open_store
from tests.faces import faults_of_page, serving, signed_in, soup, weight, words
from web import commands
from web.app import create_app
from web.auth import PUBLIC, access_of
from workflow.accounts import DEMO_ACCOUNTS, STAFF, ensure_demo
from workflow.definition import load
from workflow.definition.model import Definition
from workflow.process_map import document, overview, page, picture, told
from workflow.process_map.layout import lay_out
from workflow.setup import machine_account

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
SOUND = ROOT / "tests/definitions/sound.yaml"
HEAVIEST, MOST_REQUESTS = 30 * 1024, 3


@pytest.fixture(scope="module")
def states() -> Definition:
    return load(ROOT / "states.yaml")


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(tmp_path: Path) -> str:
    path = tmp_path / "sound.yaml"
    path.write_bytes(SOUND.read_bytes())
    return str(path)


def test_the_command_writes_checks_and_tells_what_differs(
    sound: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "docs"
    command = ["map", sound, "--out", str(out)]
    assert commands.main([*command, "--check"]) == 2
    assert "process.md：没有这个文件" in capsys.readouterr().err
    assert commands.main(command) == 0 and commands.main([*command, "--check"]) == 0
    assert "10 个文件都和流程文件一致" in capsys.readouterr().out
    picture_, stray = out / "process/desk/recognition.svg", out / "process/lawyer/gone.svg"
    picture_.write_bytes(picture_.read_bytes() + b"\n")
    stray.write_text("<svg/>")
    assert commands.main([*command, "--check"]) == 2
    err = capsys.readouterr().err
    assert (
        "process/desk/recognition.svg：和流程文件给出的不一样" in err
        and "process/lawyer/gone.svg：流程文件里没有这个事项了" in err
    )
    assert "共 2 处" in err and "map --out docs" in err
    assert commands.main(command) == 0
    assert "写了 1 个，删了 1 个" in capsys.readouterr().out and not stray.exists()
    assert commands.main([*command, "--check"]) == 0


def test_the_command_writes_one_level_or_one_kind(sound: str, tmp_path: Path) -> None:
    assert commands.main(["map", sound, "--out", str(tmp_path / "a"), "--level", "desk", "--format", "svg"]) == 0
    assert {p.relative_to(tmp_path / "a").as_posix() for p in (tmp_path / "a").rglob("*.svg")} == {
        "process/overview.svg", "process/desk/recognition.svg", "process/desk/remedy.svg",
    }  # fmt: skip
    assert commands.main(["map", sound, "--out", str(tmp_path / "b"), "--format", "md"]) == 0
    assert [p.name for p in (tmp_path / "b").rglob("*") if p.is_file()] == ["process.md"]


def test_without_a_folder_the_command_prints_words(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["map", sound]) == 0
    assert capsys.readouterr().out == page(load(SOUND))
    assert commands.main(["map", sound, "--level", "worker"]) == 0
    out = capsys.readouterr().out
    assert "职工看" in out and "法律看" not in out and "GS-ACC" not in out
    assert commands.main(["map", sound, "--format", "svg"]) == 2
    assert "--out" in capsys.readouterr().err


def test_the_command_refuses_a_faulty_file_and_a_folder_it_cannot_write(
    sound: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\n", "utf-8")
    assert commands.main(["map", str(broken)]) == 2
    assert "没有生成" in capsys.readouterr().err
    assert commands.main(["map", sound, "--out", str(Path(sound) / "below")]) == 2
    assert "写不进文件夹" in capsys.readouterr().err


# --- the pages -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Accounts and no case: the pages show the process, not a case."""
    folder = tmp_path_factory.mktemp("map")
    store = open_store(f"sqlite:///{folder / 'map.db'}", folder)
    with store.writing() as session:
        actor = machine_account(session, "system")
    ensure_demo(store, actor)
    made_app = create_app(store.settings, store)
    made_app.testing = True
    yield made_app
    store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_everybody_reads_the_whole_way_without_account_script_or_picture(
    client: FlaskClient, states: Definition
) -> None:
    answer = client.get("/process")
    assert answer.status_code == 200 and faults_of_page(soup(answer)) == []
    text = words(answer)
    for name in states.matters:
        t = told(states, name)
        assert all(s.title in text and s.says in text for s in (*t.main, *t.other)), name
    assert "12333" in text and not re.search(r"[A-Z]{2}-[A-Z]", text)
    heavy, requests = weight(client, answer)
    assert heavy <= HEAVIEST and requests <= MOST_REQUESTS


def test_everybody_may_print_the_workers_picture(client: FlaskClient, states: Definition) -> None:
    for link in soup(client.get("/process")).select('a[href$=".svg"]'):
        answer = client.get(str(link["href"]))
        assert answer.status_code == 200 and answer.mimetype == "image/svg+xml"
        name = str(link["href"]).rpartition("/")[2].removesuffix(".svg")
        assert answer.get_data(as_text=True) == document(picture(states, "worker", name))
    assert client.get("/process/worker/none.svg").status_code == 404


def test_the_other_levels_are_for_staff(app: Flask, client: FlaskClient) -> None:
    for path in ("/process/desk", "/process/staff", "/process/lawyer?matter=benefit", "/process/lawyer/benefit.svg"):
        answer = client.get(path)
        assert answer.status_code == 302 and "/login" in answer.headers["Location"], path
    assert access_of(app, "process.worker") == access_of(app, "process.worker_picture") == PUBLIC
    assert access_of(app, "process.read") == access_of(app, "process.picture") == frozenset(STAFF)


@pytest.mark.parametrize("username", [DEMO_ACCOUNTS[0].username, "city-auditor"])
def test_staff_choose_level_and_matter_and_have_the_same_as_a_list(
    app: Flask, username: str, states: Definition
) -> None:
    client = signed_in(app, username)
    first = client.get("/process/staff")
    assert "流程图" in words(first)
    for level in ("desk", "supervisor", "lawyer"):
        for matter in ("", *states.matters):
            answer = client.get(f"/process/{level}", query_string={"matter": matter} if matter else {})
            found = soup(answer)
            assert answer.status_code == 200 and faults_of_page(found) == []
            drawn = overview(states) if not matter else picture(states, level, matter)
            assert len(found.select(".sheet > svg")) == len(lay_out(drawn))
            assert len(found.select(".outline > li")) == len(drawn.nodes)
            here = [a.get_text() for a in found.select('.tabs a[aria-current="page"]')]
            assert len(here) == 2 and {a.get_text() for a in found.select(".tabs")[0].select("a")} == {
                "窗口",
                "督办",
                "法律",
            }
    whole = client.get("/process/lawyer/benefit.svg")
    assert whole.get_data(as_text=True) == document(picture(states, "lawyer", "benefit"))


def test_a_level_or_matter_that_is_not_there_is_no_page(app: Flask) -> None:
    client = signed_in(app, DEMO_ACCOUNTS[0].username)
    for path in ("/process/judge", "/process/desk?matter=none", "/process/judge/benefit.svg", "/process/desk/none.svg"):
        answer = client.get(path)
        assert answer.status_code == 404 and "没有" in words(answer), path


WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
UNFOLD = "document.querySelectorAll('details').forEach(d => d.open = true)"


@pytest.mark.browser
def test_the_public_page_fits_a_narrow_telephone_and_axe_finds_no_fault(app: Flask, browser: Browser) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with serving(app) as address:
        tab = browser.new_page(viewport={"width": 320, "height": 700})
        tab.goto(f"{address}/process")
        tab.evaluate(UNFOLD)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        assert Axe().run(tab, options=WCAG).response["violations"] == []
        tab.close()


@pytest.mark.browser
def test_the_pages_of_staff_scroll_no_way_but_down_and_axe_finds_no_fault(app: Flask, browser: Browser) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with serving(app) as address:
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        tab.goto(f"{address}/login")
        tab.fill("#username", DEMO_ACCOUNTS[0].username)
        tab.fill("#password", DEMO_ACCOUNTS[0].password)
        tab.click("main button")
        for path in ("/process/staff", "/process/lawyer?matter=recognition"):
            answer = tab.goto(f"{address}{path}")
            assert answer is not None and answer.status == 200
            for width in (640, 1366):
                tab.set_viewport_size({"width": width, "height": 768})
                assert tab.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert Axe().run(tab, options=WCAG).response["violations"] == [], path
        tab.close()
