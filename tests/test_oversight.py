"""Oversight: every number equals its list, a county sees its own, nothing can be changed, a broken chain shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, text, update

from tests.conftest import open_store
from tests.faces import TOKEN, faults_of_page, post, signed_in, soup, statements, token_of, words
from tests.many_cases import add_cases
from web.app import create_app
from workflow import accounts, board, clock, figures, spent, stalls, verify, worker
from workflow.board import KINDS, LIGHTS, PER_PAGE, Asked, Cell
from workflow.exchange.intake import import_file
from workflow.models import Case, Clock, Event, LocalFigure, Matter, Office, Outbox, User
from workflow.outbox import LogFile
from workflow.setup import machine_account
from workflow.stalls import Stall

if TYPE_CHECKING:
    from workflow.store import Store

SAMPLES = Path(__file__).parent / "samples"
PAGES = ("/oversight/", "/oversight/matters", "/oversight/stalled", "/oversight/spent", "/oversight/cases/2026-000006")
COUNTY = "150823"
MANY, MOST_STATEMENTS = 20_000, 8


@pytest.fixture(scope="module")
def city(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demonstration, a form taken in and some hundred cases, on both databases; two matters no clock watches."""
    store = open_store(database_url, tmp_path_factory.mktemp("city"), demo=True)
    for name in ("附件2", "附件3"):
        assert import_file(store, SAMPLES / f"{name}.xlsx").written
    add_cases(store, 150)
    with store.writing() as session:
        bare = session.scalars(
            select(Matter.id).join(Case, Case.id == Matter.case_id)
            .where(Case.case_no.like("2020-%"), Matter.closed_on.is_(None)).order_by(Matter.id).limit(2)
        ).all()  # fmt: skip
        session.execute(delete(Clock).where(Clock.matter_id.in_(bare)))
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(demo_store: Store) -> Flask:
    made = create_app(demo_store.settings, demo_store)
    made.testing = True
    return made


@pytest.fixture(scope="module")
def supervisor(app: Flask) -> FlaskClient:
    return signed_in(app, "city-supervisor")


def office_id(store: Store, code: str) -> int:
    with store.reading() as session:
        return session.scalars(select(Office.id).where(Office.code == code)).one()


def all_lines(store: Store, asked: Asked, today: date) -> list[board.Line]:
    """Every page of a list."""
    out: list[board.Line] = []
    with store.reading() as session:
        for page in range(1, 100):
            rows, total = board.lines(session, asked, today, page)
            out += rows
            if len(out) >= total:
                assert len(out) == total
                return out
    raise AssertionError("the list has no end")


def all_stalled(store: Store, asked: Asked, today: date) -> list[Stall]:
    out: list[Stall] = []
    with store.reading() as session:
        for page in range(1, 100):
            rows, total, _ = board.stalled(store, session, asked, today, page)
            out += rows
            if not rows:
                assert len(out) == total
                return out
    raise AssertionError("the list has no end")


def numbers_of(store: Store, asked: Asked, today: date) -> board.Board:
    with store.reading() as session:
        return board.board(store, session, asked, today)


# --- numbers and lists ------------------------------------------------------------------------------------------------


def test_every_number_of_the_board_is_the_length_of_its_list(city: Store) -> None:
    today = clock.today()
    cells = numbers_of(city, Asked(), today)
    lines, still = all_lines(city, Asked(), today), all_stalled(city, Asked(), today)
    codes = {county: code for code, county in _offices(city, Asked())}
    assert len(lines) == sum(c.total for c in cells.values()) > 150
    per_light = Counter((codes[n.county], (n.matter, n.state), n.light) for n in lines)
    per_stall = Counter((s.office_code, (s.matter, s.state)) for s in still)
    assert {(o, at, light) for (o, at), cell in cells.items() for light in LIGHTS if getattr(cell, light)} == set(
        per_light
    )
    for (office, at), cell in cells.items():
        assert cell.stalled == per_stall[(office, at)], (office, at)
        for light in LIGHTS:
            assert getattr(cell, light) == per_light[(office, at, light)], (office, at, light)
    assert sum(per_stall.values()) == sum(c.stalled for c in cells.values())


def _offices(store: Store, asked: Asked) -> list[tuple[str, str]]:
    with store.reading() as session:
        return board.offices(session, asked)


def test_each_narrowed_list_is_the_part_of_the_whole(city: Store) -> None:
    today = clock.today()
    codes = {county: code for code, county in _offices(city, Asked())}
    whole = all_lines(city, Asked(), today)
    for asked in (
        Asked(office=COUNTY), Asked(matter="appraisal"), Asked(matter="recognition", state="under_review"),
        Asked(light="late"), Asked(owner="officer"), Asked(office="150802", light="near", matter="recognition"),
        Asked(office="no-such-office"),
    ):  # fmt: skip
        wanted = [
            n for n in whole
            if asked.office in ("", codes[n.county]) and asked.matter in ("", n.matter) and asked.state in ("", n.state)
            and asked.light in ("", n.light) and asked.owner in ("", n.owner)
        ]  # fmt: skip
        assert all_lines(city, asked, today) == wanted, asked


def test_the_worst_stands_first(city: Store) -> None:
    lines = all_lines(city, Asked(), clock.today())
    ranks = [list(LIGHTS).index(n.light) for n in lines]
    assert ranks == sorted(ranks)
    late = [n.urgent_on for n in lines if n.light == "late"]
    assert late == sorted(late, key=lambda d: d or date.max)


def key(s: Stall) -> tuple[str, ...]:
    return (s.kind, s.case_no, s.matter, s.clock, s.addressee, s.due_on)


def test_what_stands_still_is_what_the_engine_says_stands_still(city: Store) -> None:
    today = clock.today()
    mine = all_stalled(city, Asked(), today)
    engines = [
        s for s in stalls.find(city, today) if s.kind in KINDS
    ]  # what the machine left undone has a list of its own
    assert Counter(map(key, mine)) == Counter(map(key, engines))
    assert {s.kind for s in mine} == set(KINDS), "the town has one of each kind"
    assert sorted(mine, key=key) == sorted(engines, key=key), "with the same remedy, owner and article"


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_kind_alone_is_its_part_of_the_whole_and_its_tally(city: Store, kind: str) -> None:
    today = clock.today()
    whole = [s for s in all_stalled(city, Asked(), today) if s.kind == kind]
    assert all_stalled(city, Asked(kind=kind), today) == whole
    with city.reading() as session:
        _, total, tally = board.stalled(city, session, Asked(), today, 1)
    assert tally[kind] == len(whole) and sum(tally.values()) == total


def test_the_stalled_list_narrows_by_office_stage_and_owner(city: Store) -> None:
    today = clock.today()
    whole = all_stalled(city, Asked(), today)
    narrow = (
        Asked(office=COUNTY), Asked(matter="recognition", state="to_apply"), Asked(owner="employer"),
        Asked(owner="officer", kind="late"),
    )  # fmt: skip
    for asked in narrow:
        wanted = [
            s for s in whole
            if asked.office in ("", s.office_code) and asked.matter in ("", s.matter) and asked.state in ("", s.state)
            and asked.owner in ("", s.owner) and asked.kind in ("", s.kind)
        ]  # fmt: skip
        assert wanted and all_stalled(city, asked, today) == wanted, asked


def test_a_county_sees_its_own_cases_only(city: Store) -> None:
    today, mine = clock.today(), Asked(seen=office_id(city, COUNTY))
    own = {n.county for n in all_lines(city, mine, today)} | {s.office for s in all_stalled(city, mine, today)}
    assert own == {"乌拉特前旗"} and {office for office, _ in numbers_of(city, mine, today)} == {COUNTY}
    assert _offices(city, mine) == [(COUNTY, "乌拉特前旗")]
    other = replace(mine, office="150802")
    assert all_lines(city, other, today) == [] and all_stalled(city, other, today) == []
    assert {"appraisal"} <= {n.matter for n in all_lines(city, mine, today)}, (
        "what the city does for its workers is its business too"
    )


def test_a_reminder_is_never_called_late(city: Store) -> None:
    legal = {(s.clock): s.law for s in all_stalled(city, Asked(kind="late"), clock.today())}
    assert legal and all(legal.values())
    assert not any(s.law for s in all_stalled(city, Asked(kind="reminded"), clock.today()))


# --- the pages --------------------------------------------------------------------------------------------------------


def test_every_number_on_the_board_leads_to_a_list_of_that_length(supervisor: FlaskClient) -> None:
    page = soup(supervisor.get("/oversight/"))
    links = [a for a in page.select("main a") if re.fullmatch(r"(超 |滞留 )?\d+", a.get_text())]
    assert len(links) > 20
    for link in links:
        listed = soup(supervisor.get(str(link["href"])))
        caption = listed.caption
        assert caption is not None, link
        assert caption.get_text().startswith(f"共 {link.get_text().split()[-1]} "), link
        assert len(listed.select("tbody tr")) == min(int(link.get_text().split()[-1]), PER_PAGE)


def test_the_stalled_list_says_whose_by_which_article_how_long_and_what_to_do(supervisor: FlaskClient) -> None:
    rows = soup(supervisor.get("/oversight/stalled?kind=late")).select("tbody tr")
    text = next(r.get_text(" ", strip=True) for r in rows if "2026-000010" in r.get_text())
    for part in (
        "解*山",
        "临河区",
        "审理中",
        "作出认定决定",
        "GS-DEC",
        "《工伤保险条例》第二十条第一款",
        "承办人",
        "日",
        "请督促办理",
    ):
        assert part in text, part
    assert rows[0].select_one("a")["href"].startswith("/oversight/cases/")  # type: ignore[union-attr, index]
    assert "解某山" not in supervisor.get("/oversight/stalled").get_data(as_text=True)


def test_the_filter_keeps_what_was_chosen_and_the_pages_keep_the_filter(supervisor: FlaskClient) -> None:
    page = soup(
        supervisor.get("/oversight/matters?office=150802&stage=recognition.under_review&light=late&owner=officer")
    )
    chosen = [str(o["value"]) for o in page.select("option[selected]")]
    assert chosen == ["150802", "recognition.under_review", "late", "officer"]
    assert len(page.select("tbody tr")) == 1
    nothing = words(supervisor.get("/oversight/matters?office=zzz"))
    assert "没有这样的事项" in nothing
    assert supervisor.get("/oversight/stalled?kind=nonsense&page=-3").status_code == 200


def test_nothing_on_these_pages_changes_anything(app: Flask, supervisor: FlaskClient) -> None:
    rules = [r for r in app.url_map.iter_rules() if r.rule.startswith("/oversight")]
    assert len(rules) >= 5 and all((r.methods or set()) <= {"GET", "HEAD", "OPTIONS"} for r in rules)
    for path in PAGES:
        page = soup(supervisor.get(path))
        assert [f for f in page.select("main form") if f.get("method") != "get"] == [], path
        assert faults_of_page(page) == [], path


def test_who_is_no_watcher_sees_nothing_of_it(app: Flask) -> None:
    for name in ("qianqi-desk", "city-admin", "demo-employer", "city-agency"):
        client = signed_in(app, name)
        assert [client.get(path).status_code for path in (*PAGES, "/oversight/system")] == [403] * (len(PAGES) + 1), (
            name
        )
    assert app.test_client().get("/oversight/").status_code == 302


def county_watcher(store: Store, app: Flask) -> FlaskClient:
    """A supervisor of one county, made once."""
    with store.reading() as session:
        system = machine_account(session, "system")
        there = session.scalar(select(User.id).where(User.username == "qianqi-watch"))
    if there is None:
        accounts.create_user(
            store, system, username="qianqi-watch", name="前旗督办", roles=("supervisor",),
            password=accounts.DEMO_ACCOUNTS[0].password,
            office_id=office_id(store, COUNTY), demo=True,
        )  # fmt: skip
    return signed_in(app, "qianqi-watch")


def test_a_countys_supervisor_opens_no_other_countys_case(demo_store: Store, app: Flask) -> None:
    client = county_watcher(demo_store, app)
    assert client.get("/oversight/cases/2026-000001").status_code == 200
    other, nobodys = client.get("/oversight/cases/2026-000006"), client.get("/oversight/cases/2026-999999")
    assert other.status_code == nobodys.status_code == 404
    assert TOKEN.sub("", other.get_data(as_text=True)) == TOKEN.sub("", nobodys.get_data(as_text=True))
    board_page = words(client.get("/oversight/"))
    assert "乌拉特前旗" in board_page and "临河区" not in board_page
    assert "2026-000006" not in words(client.get("/oversight/matters?office=150802"))


# --- the trail --------------------------------------------------------------------------------------------------------


def test_the_trail_tells_who_did_what_when_from_where_to_where(demo_store: Store, supervisor: FlaskClient) -> None:
    page = soup(supervisor.get("/oversight/cases/2026-000006"))
    with demo_store.reading() as session:
        events = session.scalars(select(Event).where(Event.chain == "2026-000006").order_by(Event.seq)).all()
        hashes = [e.hash for e in events]
    rows = page.select("table")[-1].select("tbody tr")
    assert [str(r.select_one("code").get_text()) for r in rows] == [h[:12] for h in hashes]  # type: ignore[union-attr]
    last = rows[-1].get_text(" ", strip=True)
    for part in ("临河审批（演示）（linhe-approver）", "工伤认定", "中止", "审理中", "文书 临人社工中"):
        assert part in last, part
    assert "代职工" in rows[1].get_text()


def test_running_and_paused_days_are_told_apart_and_add_up(demo_store: Store, supervisor: FlaskClient) -> None:
    with demo_store.reading() as session:
        row = session.execute(
            select(Clock.start_on, Clock.pauses).join(Case, Case.id == Clock.case_id)
            .where(Case.case_no == "2026-000006", Clock.name == "decide")
        ).one()  # fmt: skip
    page = soup(supervisor.get("/oversight/cases/2026-000006"))
    line = next(r for r in page.select("tbody tr") if "作出认定决定" in r.get_text())
    run, stood = (int(re.match(r"(\d+) 日", td.get_text()).group(1)) for td in line.select("td.num"))  # type: ignore[union-attr]
    assert (
        run + stood == (clock.today() - row.start_on).days
        and stood == (clock.today() - date.fromisoformat(row.pauses[0][0])).days
    )
    assert "劳动关系有争议" in line.get_text() and "中止" in line.get_text()


def test_a_right_that_lapsed_is_called_so_and_not_late(supervisor: FlaskClient) -> None:
    page = soup(supervisor.get("/oversight/cases/2026-000009"))
    lines = [r.get_text(" ", strip=True) for r in page.select("tbody tr") if "LA-RE" in r.get_text()]
    assert len(lines) == 2 and all("期限已过" in line and "超期" not in line for line in lines)


def break_event(store: Store, case_no: str, seq: int) -> None:
    """Edit one record behind the engine's back."""
    with store.writing() as session:
        session.execute(text("drop trigger if exists events_no_update"))
        for (name,) in session.execute(
            text("select name from sqlite_master where type = 'trigger' and tbl_name = 'events'")
        ).all():
            session.execute(text(f'drop trigger "{name}"'))
        session.execute(update(Event).where(Event.chain == case_no, Event.seq == seq).values(payload="{not json"))


def test_whose_days_they_were_is_told_by_office_and_owner(demo_store: Store, supervisor: FlaskClient) -> None:
    page = soup(supervisor.get("/oversight/spent"))
    want = spent.by_owner(demo_store)
    rows = [[c.get_text() for c in r.select("th, td")] for r in page.select("tbody tr")]
    assert rows == [
        [
            r["county"],
            r["label"],
            f"{r['running']} 日",
            f"{r['over']} 日" if r["over"] else "—",
            f"{r['paused']} 日" if r["paused"] else "—",
        ]
        for r in want["rows"]
    ]
    assert page.select_one("nav [aria-current]").get_text() == "时间花在谁手里"  # type: ignore[union-attr]
    one = soup(supervisor.get("/oversight/spent?office=150802"))
    assert {r.td.get_text() for r in one.select("tbody tr") if r.td} == {"临河区"}
    assert one.select_one("option[selected]")["value"] == "150802"  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=vielleicht", "读不懂"), ("since=2026-5-1&until=2026-4-1", "止日要晚于起日"), ("until=<script>", "读不懂"),
        ("office=%27", "没有事项在办"), ("since=2099-1-1", "没有事项在办"),
    ],
)  # fmt: skip
def test_a_period_that_is_none_is_told(supervisor: FlaskClient, query: str, said: str) -> None:
    answer = supervisor.get(f"/oversight/spent?{query}")
    assert answer.status_code == 200 and said in words(answer) and not faults_of_page(soup(answer))


def test_a_county_reads_its_own_days_only(demo_store: Store, app: Flask) -> None:
    with demo_store.writing() as session:
        key = session.scalars(select(User.id).where(User.username == "linhe-officer")).one()
        kept = list(session.scalars(select(User.roles).where(User.id == key)).one())
        session.execute(update(User).where(User.id == key).values(roles=["supervisor"]))
    try:
        client = signed_in(app, "linhe-officer")
        for query in ("", "?office=150823", "?office=150802"):
            counties = {
                r.td.get_text() for r in soup(client.get(f"/oversight/spent{query}")).select("tbody tr") if r.td
            }
            assert counties == (set() if "150823" in query else {"临河区"}), query
    finally:
        with demo_store.writing() as session:
            session.execute(update(User).where(User.id == key).values(roles=kept))
    assert signed_in(app, "qianqi-desk").get("/oversight/spent").status_code == 403


def test_guessed_days_are_called_so_on_the_lists(demo_store: Store, supervisor: FlaskClient) -> None:
    with demo_store.reading() as session:
        guessed = set(session.scalars(
            select(Case.case_no).join(Matter, Matter.case_id == Case.id).join(Clock, Clock.matter_id == Matter.id)
            .where(Clock.provisional, Clock.state == "running", Matter.closed_on.is_(None), Clock.effective_on == Matter.urgent_on)
        ))  # fmt: skip
    page = soup(supervisor.get("/oversight/matters"))
    marked = {r.th.get_text() for r in page.select("tbody tr") if r.th and "（暂估）" in r.get_text()}
    assert marked == guessed
    for case_no in sorted(guessed)[:2]:
        assert "暂估" in words(supervisor.get(f"/oversight/cases/{case_no}"))


def test_verification_says_sound_or_where_it_is_broken(make_store: Callable[..., Store]) -> None:
    store = make_store(demo=True)
    client = signed_in(create_app(store.settings, store), "city-supervisor")
    assert "完好：" in words(client.get("/oversight/cases/2026-000006?verify=1"))
    assert "完好：" not in words(client.get("/oversight/cases/2026-000006"))
    break_event(store, "2026-000006", 2)
    broken = words(client.get("/oversight/cases/2026-000006?verify=1"))
    assert "从下面这里断开" in broken and "第 2 条记录" in broken and "被改动过" in broken and "完好" not in broken
    assert "完好：" in words(client.get("/oversight/cases/2026-000005?verify=1")), (
        "another case's chain is another chain"
    )
    with store.writing() as session:
        session.execute(
            update(Matter).where(Matter.name == "recognition", Matter.case_id == 5).values(state="no_such_state")
        )
    assert "事项行被改动过" in words(client.get("/oversight/cases/2026-000005?verify=1")), (
        "an edited row is found too, and shown"
    )


def test_one_chain_is_verified_as_the_whole_would_be(make_store: Callable[..., Store]) -> None:
    store = make_store(demo=True)
    with store.reading() as session:
        chains = [*session.scalars(select(Case.case_no)), "system"]
    whole, findings = verify.verify(store)
    assert findings == [] and sum(verify.verify(store, chain)[0] for chain in chains) == whole
    break_event(store, "2026-000009", 3)
    _, findings = verify.verify(store)
    assert findings and sorted(findings, key=str) == sorted(
        (f for c in chains for f in verify.verify(store, c)[1]), key=str
    )


def test_the_systems_chain_is_the_auditors(demo_store: Store, app: Flask) -> None:
    auditor = signed_in(app, "city-auditor")
    page = auditor.get("/oversight/system?verify=1")
    assert "完好：" in words(page) and "开立账号" in words(page) and "批准数据" in words(page)
    assert "password" not in page.get_data(as_text=True)
    assert signed_in(app, "city-supervisor").get("/oversight/system").status_code == 403
    assert auditor.get("/oversight/cases/2026-000006").status_code == 200


# --- the machine ------------------------------------------------------------------------------------------------------


def test_the_board_says_when_the_worker_process_was_last_seen(make_store: Callable[..., Store], tmp_path: Path) -> None:
    store = make_store(demo=True)
    client = signed_in(create_app(store.settings, store), "city-supervisor")
    assert "计时服务还没有运行过" in words(client.get("/oversight/"))
    worker.once(store, LogFile(tmp_path / "out.log"), lambda _payload: "printed")
    page = client.get("/oversight/")
    assert "计时服务最后运行：不到 1 分钟前" in words(page) and "banner stop" not in page.get_data(as_text=True)
    seen = clock.now()
    with clock.frozen(seen + timedelta(minutes=12)):
        page = client.get("/oversight/")
    assert "12 分钟前" in words(page) and "banner stop" in page.get_data(as_text=True)


def test_what_could_not_be_printed_or_sent_is_on_the_board(make_store: Callable[..., Store]) -> None:
    store = make_store(demo=True)
    app = create_app(store.settings, store)
    with store.writing() as session:
        linhe = session.scalars(select(Case.id).where(Case.case_no == "2026-000006")).one()
        session.execute(
            insert(Outbox),
            {"key": "x:1", "kind": "message", "case_id": linhe, "to": "worker", "text": "秘密的话", "payload": {},
             "state": "failed",
             "tries": 8, "error": "没有职工的联系电话", "next_at": clock.now()},
        )  # fmt: skip
    page = words(signed_in(app, "city-supervisor").get("/oversight/"))
    assert (
        "有 1 条打印或消息没有办成" in page
        and "没有职工的联系电话" in page
        and "8 次" in page
        and "秘密的话" not in page
    )
    assert "没有办成" not in words(county_watcher(store, app).get("/oversight/")), (
        "another county's failure is not its business"
    )


# --- the cost at 20,000 cases -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("many")
    store = open_store(f"sqlite:///{folder / 'many.db'}", folder, demo=True)
    add_cases(store, MANY)
    yield store
    store.close()


@pytest.mark.parametrize("what", ["board", "county", "lines", "far", "stalled"])
def test_a_question_to_twenty_thousand_cases_is_bounded(many: Store, what: str) -> None:
    today, county = clock.today(), Asked(seen=office_id(many, COUNTY))

    def once() -> int:
        with many.reading() as session, statements(many) as sent:
            if what in ("board", "county"):
                cells = board.board(many, session, county if what == "county" else Asked(), today)
                assert sum(c.total for c in cells.values()) > (MANY if what == "board" else MANY // 8)
            elif what == "stalled":
                assert board.stalled(many, session, Asked(), today, 1)[1] > 1000
            else:
                assert board.lines(session, Asked(), today, 300 if what == "far" else 1)[0]
            return len([s for s in sent if not s.startswith("BEGIN")])

    assert once() <= MOST_STATEMENTS


def test_a_page_asks_no_more_for_twenty_thousand_cases_than_for_ten(many: Store, demo_store: Store, app: Flask) -> None:
    def asked(store: Store, client: FlaskClient, path: str) -> int:
        with statements(store) as sent:
            assert client.get(path).status_code == 200
        return len([s for s in sent if not s.startswith("BEGIN")])

    few, full = signed_in(app, "city-supervisor"), signed_in(create_app(many.settings, many), "city-supervisor")
    for path in ("/oversight/", "/oversight/matters", "/oversight/stalled"):
        few.get(path), full.get(path)
        assert asked(many, full, path) <= asked(demo_store, few, path), path


def test_a_cell_adds_up() -> None:
    one = Cell(late=1, near=2, paused=3, normal=4, none=5, stalled=6)
    assert one.total == 15 and one.plus(one) == Cell(2, 4, 6, 8, 10, 12)


# --- local figures ----------------------------------------------------------------------------------------------------

FIGURE = {
    "kind": "average_wage", "scope": "city", "year": "２０１９", "effective_on": "2020年7月1日", "value": "6,500.00",
    "notice": "演示〔2020〕9号",
    "confidence": "verified", "demo": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def agency(app: Flask) -> FlaskClient:
    return signed_in(app, "city-agency")


@pytest.fixture(scope="module")
def reviewer(app: Flask) -> FlaskClient:
    return signed_in(app, "city-reviewer")


def figure(store: Store, notice: str) -> LocalFigure | None:
    with store.reading() as session:
        found = session.scalar(select(LocalFigure).where(LocalFigure.notice == notice))
        session.expunge_all()
    return found


def test_a_figure_is_entered_by_one_and_approved_by_another(
    demo_store: Store, agency: FlaskClient, reviewer: FlaskClient
) -> None:
    answer = post(agency, "/figures", FIGURE)
    assert answer.status_code == 303 and "批准以前不能用于核定" in words(agency.get("/figures"))
    row = figure(demo_store, "演示〔2020〕9号")
    assert row is not None and (row.year, row.effective_on, str(row.value)) == (2019, date(2020, 7, 1), "6500.00")
    mine, theirs = soup(agency.get("/figures")), soup(reviewer.get("/figures"))
    approve = f"/figures/{row.id}/approve"
    assert "您录入的，由另一人批准" in mine.get_text() and not mine.select(f'form[action="{approve}"]')
    assert post(agency, approve, {}, form="/figures").status_code == 403, "not by writing the address either"
    assert len(theirs.select(f'form[action="{approve}"]')) == 1
    assert post(reviewer, approve, {}, form="/figures").status_code == 303
    assert "已批准：" in words(reviewer.get("/figures"))
    row = figure(demo_store, "演示〔2020〕9号")
    assert row is not None and row.approved_by not in (None, row.entered_by)
    assert post(reviewer, approve, {}, form="/figures").status_code == 409


def test_the_same_figure_twice_is_one(demo_store: Store, agency: FlaskClient) -> None:
    given = FIGURE | {"notice": "演示〔2020〕10号", "year": "2018", "effective_on": "2019-07-01"}
    post(agency, "/figures", given)
    post(agency, "/figures", given)
    assert "原来就有" in words(agency.get("/figures"))
    with demo_store.reading() as session:
        assert len([r for r in figures.listing(session) if r.notice == "演示〔2020〕10号"]) == 1


def test_every_fault_stands_by_its_field_and_nothing_typed_is_lost(demo_store: Store, agency: FlaskClient) -> None:
    given = FIGURE | {"value": "六千五", "effective_on": "明年", "notice": "", "confidence": ""}
    answer = post(agency, "/figures", given)
    page = soup(answer)
    assert answer.status_code == 400 and str(page.title).startswith("<title>错误：")
    for field in ("value", "effective_on", "notice"):
        assert page.select_one(f"#{field}-error") is not None, field
        assert page.select_one(f'.errors a[href="#{field}"]') is not None
    assert page.select_one("#value")["value"] == "六千五"  # type: ignore[index]
    assert "第 1 条" not in words(answer)
    assert figure(demo_store, "") is None


def test_only_the_agency_and_administrators_keep_figures(app: Flask) -> None:
    for name in ("qianqi-desk", "city-supervisor", "demo-employer", "city-finance"):
        assert signed_in(app, name).get("/figures").status_code == 403, name
    assert signed_in(app, "city-admin").get("/figures").status_code == 200
    assert faults_of_page(soup(signed_in(app, "city-head").get("/figures"))) == []


def test_a_figure_needs_its_token(agency: FlaskClient, demo_store: Store) -> None:
    assert token_of(agency, "/figures")
    assert agency.post("/figures", data=FIGURE | {"notice": "演示〔2020〕11号"}).status_code == 400
    assert figure(demo_store, "演示〔2020〕11号") is None
