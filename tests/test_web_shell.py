"""The web shell: nothing open by default, sessions that end, headers, errors in Chinese, pages everybody can use."""

from __future__ import annotations

import gzip
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from bs4 import BeautifulSoup
from flask import Blueprint, Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, update
from werkzeug.routing import Rule

import web.app
from tests.faces import serving
from web import assets, auth, nav, shared
from web.app import create_app
from web.config import web_settings
from web.sessions import digest
from workflow import accounts, clock
from workflow.errors import BadInput, BadSetting, Conflict, Forbidden, NotFound, Reason, Refused
from workflow.models import Attempt, Base, Employer, Event, LocalFigure, LoginSession, Meta, Office, User
from workflow.settings import DEMO_SECRET, ROOT, Settings
from workflow.setup import init_db
from workflow.situation import Actor
from workflow.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

SYSTEM = Actor(900000, "system", "系统", frozenset(), system=True)
WHEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
GOOD = "一句很长的好密码呀呀"
PHONE = "0478-0000001"
WEB = Path(web.app.__file__).parent
names = (f"user{n}" for n in itertools.count())


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("web")
    opened = new_store(folder, "demo")
    yield opened
    opened.close()


def new_store(folder: Path, env: str, secret: str = "s" * 40) -> Store:
    """A database as init-db leaves it, with one employer and no accounts of people."""
    store = Store(Settings(env, f"sqlite:///{folder / 'web.db'}", folder, secret, ROOT / "states.yaml"))
    init_db(store)
    with store.writing() as session:
        session.add(Meta(name="rehearsal", value="test"))
        session.add(Employer(name="某矿业公司", office_id=office(session)))
        session.execute(update(Office).where(Office.city).values(phone=PHONE))
    return store


def office(session: Session, code: str = "150823") -> int:
    return session.scalars(select(Office.id).where(Office.code == code)).one()


@pytest.fixture(scope="module")
def app(store: Store) -> Flask:
    made = create_app(store.settings, store)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def make(store: Store, *roles: str, **given: Any) -> User:
    """An account with these roles at the county office (an employer's at the employer)."""
    with store.reading() as session:
        here, employer = office(session), session.scalars(select(Employer.id)).one()
    place: dict[str, Any] = {"employer_id": employer} if "employer" in roles else {"office_id": here}
    given = {"username": next(names), "name": "王某", "password": GOOD} | place | given
    return accounts.create_user(store, SYSTEM, roles=roles, **given)


def token_of(client: FlaskClient, path: str = "/login") -> str:
    page = client.get(path).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, f"{path} shows no form: {page[:300]}"
    return found.group(1)


def post(client: FlaskClient, path: str, data: dict[str, Any], form: str = "") -> TestResponse:
    """Fill in the form that stands on page `form` (default: the same path) and send it."""
    return client.post(path, data={"csrf_token": token_of(client, form or path)} | data)


def sign_in(client: FlaskClient, username: str, password: str = GOOD, **more: str) -> TestResponse:
    return post(client, "/login", {"username": username, "password": password, "next": ""} | more)


def signed(app: Flask, store: Store, *roles: str, **given: Any) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, make(store, *roles, **given).username).status_code == 303
    return client


def words(response: TestResponse) -> str:
    return BeautifulSoup(response.get_data(as_text=True), "html.parser").get_text(" ", strip=True)


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("lvtong")
    assert found
    return str(found.value)


def unmarked(response: TestResponse) -> str:
    """The page without what differs at every showing, or because of what was typed."""
    return re.sub(r'value="[^"]*"', "", response.get_data(as_text=True))


# --- deny by default -------------------------------------------------------------------------------------------------


def address(rule: Rule) -> str:
    return re.sub(r"<int:\w+>", "1", re.sub(r"<(?!int:)[^>]+>", "x", rule.rule))


def calls(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, address) of every route there is."""
    return [
        (rule.endpoint, method, address(rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def refused_as_stranger(response: TestResponse) -> bool:
    return response.status_code == 401 or (response.status_code == 302 and "/login" in response.headers["Location"])


def test_every_route_is_marked_public_or_refuses_strangers_and_people_without_the_role(
    app: Flask, store: Store
) -> None:
    nobody = app.test_client()  # an account without any role
    user = make(store, "desk")
    assert sign_in(nobody, user.username).status_code == 303
    with store.writing() as session:
        session.execute(update(User).where(User.id == user.id).values(roles=[]))
    walked = {True: 0, False: 0}
    for endpoint, method, path in calls(app):
        access = auth.access_of(app, endpoint)
        stranger = app.test_client().open(path, method=method)
        walked[access == auth.PUBLIC] += 1
        if access == auth.PUBLIC:
            assert not refused_as_stranger(stranger), f"{method} {path} is public but refuses"
            continue
        assert refused_as_stranger(stranger), f"{method} {path} lets strangers in: {stranger.status_code}"
        for refused in [nobody, *wrong_roles(app, store, access)]:
            status = refused.open(path, method=method).status_code
            assert status in (403, 404), f"{method} {path} lets a wrong role in: {status}"
    assert walked[True] >= 5 and walked[False] >= 8


def wrong_roles(app: Flask, store: Store, access: Any) -> list[FlaskClient]:
    """Somebody signed in with a role that is not let in, where there is such a role."""
    others = sorted(set(accounts.ROLES) - set(access))
    return [signed(app, store, others[0])] if others else []


def plain_pages(app: Flask, public: bool) -> list[tuple[str, str]]:
    """(endpoint, address) of every page that needs no arguments."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [(r.endpoint, r.rule) for r in rules if (auth.access_of(app, r.endpoint) == auth.PUBLIC) == public]


def test_the_right_role_gets_in(app: Flask, store: Store) -> None:
    clients = {role: signed(app, store, role) for role in accounts.ROLES}
    for endpoint, path in plain_pages(app, public=False):
        access = auth.access_of(app, endpoint)
        assert isinstance(access, frozenset)
        for role in sorted(access):
            answer = clients[role].get(path)
            assert answer.status_code < 400 and not refused_as_stranger(answer), f"{path} as {role}: {answer.status}"


def page_module(view: Callable[[], str], path: str = "/bare") -> SimpleNamespace:
    blueprint = Blueprint("bare", __name__)
    blueprint.add_url_rule(path, "page", view)
    return SimpleNamespace(blueprint=blueprint, NAV=())


def test_an_application_with_an_unmarked_view_does_not_start(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.app, "BLUEPRINTS", (*web.app.BLUEPRINTS, page_module(lambda: "secret")))
    with pytest.raises(RuntimeError, match=r"bare\.page"):
        create_app(store.settings, store)


def test_a_view_that_comes_later_without_a_mark_is_no_page(store: Store) -> None:
    app = create_app(store.settings, store)
    app.add_url_rule("/late", "late", lambda: "secret")
    assert app.test_client().get("/late").status_code == 404
    assert signed(app, store, "admin").get("/late").status_code == 404


@pytest.mark.parametrize("names", [(), ("dsek",), ("desk", "")])
def test_a_mark_names_roles_that_exist(names: tuple[str, ...]) -> None:
    with pytest.raises(RuntimeError):
        auth.roles(*names)


def test_the_actor_of_a_page_everybody_sees_cannot_be_asked_for(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(RuntimeError):
        auth.current_actor()


# --- signing in and out ----------------------------------------------------------------------------------------------


def test_signing_in_leads_to_the_page_asked_for_or_to_the_first_of_the_role(app: Flask, store: Store) -> None:
    for role in accounts.ROLES:
        client, user = app.test_client(), make(store, role)
        first = sign_in(client, user.username).headers["Location"]
        with app.test_request_context("/"):
            assert first == nav.home_of(accounts.actor_of(user))
        assert client.get(first).status_code == 200
    client = app.test_client()
    asked = client.get("/account?x=1").headers["Location"]
    assert asked == "/login?next=/account?x%3D1"
    page = BeautifulSoup(client.get(asked).data, "html.parser")
    kept = page.select_one("input[name=next]")
    assert kept is not None and kept["value"] == "/account?x=1"
    assert sign_in(client, make(store, "desk").username, next="/account?x=1").headers["Location"] == "/account?x=1"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", "/\t/evil.example",
     "/\n/evil.example", "http:/evil.example"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(app: Flask, store: Store, wanted: str) -> None:
    assert sign_in(app.test_client(), make(store, "admin").username, next=wanted).headers["Location"] == "/accounts"


def test_the_database_knows_only_the_hash_of_a_session_and_the_cookie_is_closed_to_scripts(
    app: Flask, store: Store
) -> None:
    client = app.test_client()
    user = make(store, "desk")
    answer = sign_in(client, user.username)
    assert re.search(r"lvtong=.*HttpOnly; Path=/; SameSite=Lax", answer.headers["Set-Cookie"])
    with client.session_transaction() as kept:
        token = kept["_user_id"]
    assert len(token) >= 43
    with store.reading() as session:
        hashes = session.scalars(select(LoginSession.token_hash).where(LoginSession.user_id == user.id)).all()
    assert list(hashes) == [digest(token)] and token not in hashes


def test_signing_in_again_begins_a_new_session_and_ends_the_old_one(app: Flask, store: Store) -> None:
    client = signed(app, store, "desk")
    before = cookie(client)
    token = token_of(client, "/account")
    answer = client.post(
        "/login", data={"csrf_token": token, "username": make(store, "desk").username, "password": GOOD}
    )
    assert answer.status_code == 303
    with client.session_transaction() as kept:
        assert kept.get("csrf_token") is None  # nothing of before the sign-in lives on
    thief = app.test_client()
    thief.set_cookie("lvtong", before)
    assert refused_as_stranger(thief.get("/account"))
    assert client.get("/account").status_code == 200


def test_a_stolen_cookie_dies_at_logout(app: Flask, store: Store) -> None:
    client = signed(app, store, "desk")
    thief = app.test_client()
    thief.set_cookie("lvtong", cookie(client))
    assert thief.get("/account").status_code == 200
    assert post(client, "/logout", {}, form="/account").headers["Location"] == "/login"
    assert "您已退出" in words(client.get("/login"))
    assert refused_as_stranger(client.get("/account"))
    again = app.test_client()
    again.set_cookie("lvtong", cookie(thief))
    assert refused_as_stranger(again.get("/account"))


@pytest.mark.parametrize(
    "act",
    [
        lambda store, user: accounts.set_password(store, SYSTEM, user.id, "另一句很长的好密码哦"),
        lambda store, user: accounts.deactivate(store, SYSTEM, user.id),
        lambda store, user: accounts.change_user(
            store, SYSTEM, user.id, name="某", roles=["officer"], office_id=user.office_id
        ),
    ],
)
def test_closing_changing_or_a_new_password_ends_every_session_at_once(app: Flask, store: Store, act: Any) -> None:
    user = make(store, "desk")
    clients = [app.test_client(), app.test_client()]
    for client in clients:
        sign_in(client, user.username)
        assert client.get("/account").status_code == 200
    act(store, user)
    for client in clients:
        assert refused_as_stranger(client.get("/account"))


def test_a_session_ends_after_fifteen_idle_minutes_and_says_so(app: Flask, store: Store) -> None:
    with clock.frozen(WHEN):
        client = signed(app, store, "desk")
    for minutes in (14, 28, 42):  # every page looked at begins the quarter of an hour anew
        with clock.frozen(WHEN + timedelta(minutes=minutes)):
            assert client.get("/account").status_code == 200
    with clock.frozen(WHEN + timedelta(minutes=57, seconds=1)):
        answer = client.get("/account")
        assert refused_as_stranger(answer)
        assert "登录已过期" in words(client.get(answer.headers["Location"]))


def test_a_session_ends_after_ten_hours_whatever_is_done(app: Flask, store: Store) -> None:
    with clock.frozen(WHEN):
        client = signed(app, store, "desk")
    for n in range(1, 60):
        with clock.frozen(WHEN + timedelta(minutes=10 * n)):
            assert client.get("/account").status_code == 200
    with clock.frozen(WHEN + timedelta(hours=10)):
        assert refused_as_stranger(client.get("/account"))


def test_looking_at_pages_writes_at_most_once_a_minute(app: Flask, store: Store) -> None:
    client = signed(app, store, "desk")
    written: list[str] = []

    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN")):
            written.append(statement)

    event.listen(store.engine, "before_cursor_execute", watch)
    try:
        for _ in range(5):
            assert client.get("/account").status_code == 200
    finally:
        event.remove(store.engine, "before_cursor_execute", watch)
    assert written == []


def test_every_failed_sign_in_gets_the_same_answer(app: Flask, store: Store) -> None:
    known, closed, tried = make(store, "desk"), make(store, "desk"), make(store, "desk")
    accounts.deactivate(store, SYSTEM, closed.id)
    for _ in range(12):
        accounts.authenticate(store, tried.username, "wrong", "10.9.9.9")
    answers = [
        sign_in(app.test_client(), username, password)
        for username, password in (
            (known.username, "wrong"), ("nobody", GOOD), (closed.username, GOOD), (tried.username, GOOD), ("", ""),
            ("system", ""),
        )
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {401}
    assert len({unmarked(answer) for answer in answers}) == 1
    assert "用户名或密码不对" in words(answers[0]) and words(answers[0]).startswith("错误：")


def test_a_try_is_counted_by_the_callers_address_and_a_forged_header_does_not_help(store: Store) -> None:
    app = create_app(store.settings, store)
    with store.writing() as session:
        session.execute(delete(Attempt))
    for n in range(61):
        client = app.test_client()
        client.post("/login", data={"csrf_token": token_of(client), "username": f"x{n}", "password": "wrong"},
                    headers={"X-Forwarded-For": f"10.1.1.{n}"})  # fmt: skip
    try:
        assert sign_in(app.test_client(), make(store, "desk").username).status_code == 401
    finally:
        with store.writing() as session:
            session.execute(delete(Attempt))


def test_behind_our_own_proxy_the_address_is_the_callers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENCHANNEL_PROXIES", "1")
    app = create_app(store.settings, store)
    user = make(store, "desk")
    client = app.test_client()
    client.post("/login", data={"csrf_token": token_of(client), "username": user.username, "password": GOOD},
                headers={"X-Forwarded-For": "10.6.6.6, 10.7.7.7"})  # fmt: skip
    with store.reading() as session:
        addresses = session.scalars(select(LoginSession.address).where(LoginSession.user_id == user.id)).all()
    assert list(addresses) == ["10.7.7.7"]


# --- forms -----------------------------------------------------------------------------------------------------------


def test_no_form_is_taken_without_its_token(app: Flask, store: Store) -> None:
    for client, path in (
        (app.test_client(), "/login"),
        (app.test_client(), "/"),
        (signed(app, store, "desk"), "/account"),
    ):
        answer = client.post(path, data={"username": "x", "password": "y"})
        assert answer.status_code == 400 and "页面已过期" in words(answer)
    client = signed(app, store, "desk")
    assert client.post("/logout").status_code == 400 and client.get("/account").status_code == 200


def test_every_form_that_acts_carries_token_and_form_key(app: Flask, store: Store) -> None:
    admin = signed(app, store, "admin")
    someone = make(store, "desk")
    seen = 0
    for client, path in (
        (app.test_client(), "/"), (app.test_client(), "/login"), (admin, "/account"), (admin, "/accounts/new"),
        (admin, f"/accounts/{someone.id}"),
    ):  # fmt: skip
        for form in BeautifulSoup(client.get(path).data, "html.parser").select("form[method=post]"):
            keys = [str(field["value"]) for field in form.select("input[name=form_key]")]
            assert form.select("input[name=csrf_token]"), path
            # Leaving and looking up change nothing, and every look-up that finds nothing is the same page.
            assert str(form["action"]) in ("/", "/logout") or [len(key) for key in keys] == [32], path
            seen += 1
    assert seen >= 7


def test_a_form_sent_after_the_session_ended_is_told_so(app: Flask, store: Store) -> None:
    client = signed(app, store, "admin")
    token = token_of(client, "/accounts/new")
    with store.writing() as session:
        session.execute(update(LoginSession).values(ended_at=clock.now()))
    answer = client.post("/accounts/new", data={"csrf_token": token, "username": "lost"})
    assert answer.status_code == 401 and "没有保存" in words(answer)


# --- headers, caching, size ------------------------------------------------------------------------------------------


def every_page(app: Flask, store: Store) -> Iterator[tuple[str, TestResponse]]:
    """What every page without arguments answers to strangers and to each role, refusals too."""
    paths = ["/no-such-page", *(path for public in (True, False) for _, path in plain_pages(app, public))]
    for role in ("admin", "desk", "supervisor", "employer"):
        client = signed(app, store, role)
        yield from ((f"{path} as {role}", client.get(path)) for path in paths)
    yield from ((path, app.test_client().get(path)) for path in paths)


def test_every_page_carries_the_security_headers_and_is_kept_nowhere(app: Flask, store: Store) -> None:
    csp = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
    wanted = {"Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
              "Cache-Control": "no-store"}  # fmt: skip
    for name, answer in every_page(app, store):
        assert {key: answer.headers.get(key) for key in wanted} == wanted, name


def test_no_page_holds_scripts_inline_styles_or_foreign_addresses(app: Flask, store: Store) -> None:
    for name, answer in every_page(app, store):
        if answer.status_code == 302:
            continue  # Werkzeug's own few words, which no browser shows
        page = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
        assert not page.select("script, style, [style], iframe"), name
        assert not [tag for tag in page.find_all(True) if any(key.startswith("on") for key in tag.attrs)], name
        links = [str(tag.get(key)) for tag in page.find_all(True) for key in ("href", "src", "action") if tag.get(key)]
        assert [link for link in links if not re.match(r"/(?!/)|#|tel:", link)] == [], name
        assert page.html is not None and page.html["lang"] == "zh-CN", name


def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        url = assets.static_url("style.css")
        with pytest.raises(LookupError):
            assets.static_url("missing.css")
    answer = client.get(url)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.data == (WEB / "static" / "style.css").read_bytes() and answer.mimetype == "text/css"
    assert client.get("/static/style.css").headers["Cache-Control"] == "no-cache"
    assert client.get("/static/style.css?v=000000000000").headers["Cache-Control"] == "no-cache"
    assert client.get("/static/../app.py").status_code == 404
    assert client.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_answers_are_packed_for_browsers_that_take_it(client: FlaskClient) -> None:
    for path in ("/", "/login", "/static/style.css", "/no-such-page"):
        plain, packed = client.get(path), client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
        assert unpacked(packed) == re.sub(r'value="[^"]*"', "", plain.get_data(as_text=True))
        assert "Accept-Encoding" in packed.headers["Vary"] and int(packed.headers["Content-Length"]) == len(packed.data)
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": "gzip;q=0"}).headers
    head = client.head("/", headers={"Accept-Encoding": "gzip"})
    assert head.status_code == 200 and head.data == b""


def unpacked(answer: TestResponse) -> str:
    return re.sub(r'value="[^"]*"', "", gzip.decompress(answer.data).decode())


def test_a_public_page_is_three_requests_and_thirty_kilobytes(client: FlaskClient) -> None:
    for path in ("/", "/login", "/no-such-page"):
        first = client.get(path, headers={"Accept-Encoding": "gzip"})
        page = BeautifulSoup(gzip.decompress(first.data), "html.parser")
        more = [str(tag.get("href") or tag.get("src")) for tag in page.select("link[href], script[src], img[src]")]
        sizes = [len(first.data), *(len(client.get(url, headers={"Accept-Encoding": "gzip"}).data) for url in more)]
        assert len(sizes) <= 3 and sum(sizes) <= 30_000, (path, sizes)


def test_production_speaks_https_only(tmp_path: Path) -> None:
    store = new_store(tmp_path, "production")
    try:
        answer = create_app(store.settings, store).test_client().get("/", base_url="https://localhost")
        assert answer.headers["Set-Cookie"].startswith("__Host-lvtong=") and "; Secure;" in answer.headers["Set-Cookie"]
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    finally:
        store.close()


def test_the_demonstration_works_without_https(client: FlaskClient) -> None:
    answer = client.get("/")
    assert "Secure" not in answer.headers["Set-Cookie"] and "Strict-Transport-Security" not in answer.headers
    assert "演示系统" in words(answer)


# --- what stops the start --------------------------------------------------------------------------------------------


def test_production_refuses_what_the_demonstration_left(tmp_path: Path) -> None:
    store = new_store(tmp_path, "production")
    try:
        accounts.ensure_demo(store, SYSTEM)
        with pytest.raises(BadSetting, match="演示账号"):
            create_app(store.settings, store)
        with store.writing() as session:
            session.execute(update(User).where(User.demo).values(active=False))
        create_app(store.settings, store)
        with store.writing() as session:
            somebody = session.scalars(select(User.id).limit(1)).one()
            session.add(LocalFigure(office_id=office(session), kind="avg", scope="city", effective_on=WHEN.date(),
                                    value=Decimal(1), notice="演示", confidence="low", entered_by=somebody,
                                    entered_at=WHEN, demo=True))  # fmt: skip
        with pytest.raises(BadSetting, match="演示数据"):
            create_app(store.settings, store)
    finally:
        store.close()


def test_production_refuses_the_demo_secret_and_the_demonstration_does_not(tmp_path: Path) -> None:
    store = new_store(tmp_path, "production", DEMO_SECRET)
    try:
        with pytest.raises(BadSetting, match="演示密钥"):
            create_app(store.settings, store)
    finally:
        store.close()
    (tmp_path / "demo").mkdir()
    store = new_store(tmp_path / "demo", "demo", DEMO_SECRET)
    accounts.ensure_demo(store, SYSTEM)
    page = create_app(store.settings, store).test_client().get("/login").get_data(as_text=True)
    assert all(account.username in page for account in accounts.DEMO_ACCOUNTS)
    store.close()


def test_production_shows_no_demo_accounts(tmp_path: Path) -> None:
    store = new_store(tmp_path, "production")
    page = create_app(store.settings, store).test_client().get("/login").get_data(as_text=True)
    store.close()
    assert not [account for account in accounts.DEMO_ACCOUNTS if account.username in page]
    assert accounts.DEMO_ACCOUNTS[0].password not in page and "演示" not in page


def test_a_database_that_was_never_made_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENCHANNEL_ENV", "demo")
    monkeypatch.setenv("GREENCHANNEL_DATA_DIR", str(tmp_path))
    with pytest.raises(BadSetting, match="init-db"):
        create_app()


def test_faulty_web_settings_are_told_all_at_once(store: Store) -> None:
    with pytest.raises(BadSetting) as refused:
        web_settings(store.settings, {"GREENCHANNEL_SECURE_COOKIES": "maybe", "GREENCHANNEL_PROXIES": "-1"})
    assert len(refused.value.reasons) == 2
    read = web_settings(store.settings, {"GREENCHANNEL_SECURE_COOKIES": "yes", "GREENCHANNEL_PROXIES": "2"})
    assert read.secure_cookies and read.proxies == 2


def test_the_engine_asks_whether_a_document_can_be_printed(app: Flask, store: Store) -> None:
    assert store.check_document is not None and store.check_document("acceptance", {}) != []


# --- errors ----------------------------------------------------------------------------------------------------------


def failing(store: Store, error: Exception) -> FlaskClient:
    app = create_app(store.settings, store)

    @auth.public
    def fail() -> str:
        raise error

    app.add_url_rule("/fail", "fail", fail)
    return app.test_client()


CHANGE = {"at": "2026-11-24T02:00:00+00:00", "actor": "李某（li）", "label": "受理", "state": "已受理"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused([Reason("缺诊断证明书，请补交。", law="工伤保险条例#18.1"), Reason("缺申请表，请补交。")]), 409),
        (Forbidden("这件事要由审批人来办。"), 403),
        (BadInput("日期填得不对。"), 400),
        (Conflict("这件事刚被改动过。", [CHANGE]), 409),
    ],
)  # fmt: skip
def test_what_the_engine_answers_is_shown_in_its_own_sentences(store: Store, error: Any, status: int) -> None:
    answer = failing(store, error).get("/fail")
    assert answer.status_code == status
    for sentence in error.sentences():
        assert sentence in words(answer)
    if isinstance(error, Conflict):
        assert "2026-11-24 10:00 李某（li） 受理，现在是“已受理”" in words(answer)


def test_what_is_foreign_looks_exactly_like_what_does_not_exist(store: Store) -> None:
    foreign = failing(store, NotFound("案件 LT2026-0001 归临河区。")).get("/fail")
    missing = failing(store, NotFound("没有案件 LT2026-0002。")).get("/fail")
    nowhere = failing(store, NotFound("x")).get("/nowhere")
    assert foreign.status_code == missing.status_code == nowhere.status_code == 404
    assert foreign.data == missing.data == nowhere.data
    assert dict(foreign.headers) == dict(missing.headers) == dict(nowhere.headers)


@pytest.mark.parametrize("error", [ZeroDivisionError("secret words"), RuntimeError("身份证")])
def test_a_breakdown_shows_a_number_and_nothing_else(
    store: Store, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failing(store, error).get("/fail")
    assert answer.status_code == 500
    assert str(error) not in words(answer) and type(error).__name__ not in words(answer)
    number = re.search(r"出错编号 (\w{8})", words(answer))
    assert number and f"breakdown {number.group(1)}" in caplog.text
    assert answer.headers["Content-Security-Policy"] and answer.headers["Cache-Control"] == "no-store"


def test_a_broken_database_still_gives_a_page(tmp_path: Path) -> None:
    store = new_store(tmp_path, "demo")
    client = signed(create_app(store.settings, store), store, "desk")
    Base.metadata.drop_all(store.engine)
    for path in ("/", "/account"):
        answer = client.get(path)
        assert answer.status_code == 500 and "系统故障" in words(answer) and "12333" in words(answer)
    store.close()


def test_wrong_methods_and_large_bodies_are_told_in_chinese(app: Flask, store: Store) -> None:
    answer = app.test_client().delete("/login")
    assert answer.status_code == 405 and "不能这样打开" in words(answer) and "POST" in answer.headers["Allow"]
    client = signed(app, store, "desk")
    answer = post(client, "/account", {"old": "x" * (6 * 1024 * 1024 + 1)})
    assert answer.status_code == 413 and "6 MB" in words(answer)


def test_staff_see_errors_inside_their_own_pages(app: Flask, store: Store) -> None:
    answer = signed(app, store, "desk").get("/accounts")
    assert answer.status_code == 403 and "退出" in words(answer) and "王某" in words(answer)


# --- account pages ---------------------------------------------------------------------------------------------------


def test_an_administrator_opens_changes_and_closes_an_account(app: Flask, store: Store) -> None:
    admin = signed(app, store, "admin")
    name = next(names)
    with store.reading() as session:
        here, there = str(office(session)), str(office(session, "150802"))
    given = {"username": name, "name": "李某", "roles": "desk", "office_id": here, "employer": "", "password": GOOD}
    assert post(admin, "/accounts/new", given).status_code == 303
    assert name in words(admin.get("/accounts"))
    clerk = app.test_client()
    assert sign_in(clerk, name).status_code == 303
    with store.reading() as session:
        user_id = session.scalars(select(User.id).where(User.username == name)).one()
    page = f"/accounts/{user_id}"
    assert post(admin, page, given | {"roles": "officer", "office_id": there}).status_code == 303
    assert refused_as_stranger(clerk.get("/account"))
    assert post(admin, f"{page}/password", {"password": "另一句很长的好密码哦"}, form=page).status_code == 303
    assert sign_in(clerk, name).status_code == 401
    assert sign_in(clerk, name, "另一句很长的好密码哦").status_code == 303
    assert "临河区人力资源和社会保障局" in words(clerk.get("/account")) and "承办人" in words(clerk.get("/account"))
    assert post(admin, f"{page}/active", {"active": "no"}, form=page).status_code == 303
    assert refused_as_stranger(clerk.get("/account"))
    assert post(admin, f"{page}/active", {"active": "yes"}, form=page).status_code == 303
    with store.reading() as session:
        kinds = session.scalars(select(Event.kind).where(Event.payload.contains(f'"{name}"')).order_by(Event.seq)).all()
    assert list(kinds) == ["user:created", "user:changed", "user:password-set", "user:deactivated", "user:activated"]


def test_a_faulty_form_comes_back_as_typed_with_the_fault_beside_the_field(app: Flask, store: Store) -> None:
    admin = signed(app, store, "admin")
    given = {
        "username": "Bad Name",
        "name": "李某",
        "roles": "employer",
        "office_id": "",
        "employer": "不存在的公司",
        "password": "x",
    }
    answer = post(admin, "/accounts/new", given)
    page = BeautifulSoup(answer.data, "html.parser")
    assert answer.status_code == 400 and page.title and page.title.get_text().startswith("错误：")
    assert "企业台账里没有" in words(answer)
    field = page.select_one("#employer")
    assert field and field["value"] == "不存在的公司" and field["aria-invalid"] == "true"
    described = str(field["aria-describedby"]).split()
    assert [target for target in described if not page.find(id=target)] == []
    assert page.select('.errors a[href="#employer"]') and page.select('input[value="employer"][checked]')
    assert not page.select('input[type="password"][value]:not([value=""])')
    answer = post(admin, "/accounts/new", given | {"employer": "某矿业公司"})
    page = BeautifulSoup(answer.data, "html.parser")
    assert {str(link["href"]) for link in page.select(".errors a")} == {"#username", "#password"}


def test_an_unknown_account_and_the_machines_own_are_no_pages(app: Flask, store: Store) -> None:
    admin = signed(app, store, "admin")
    with store.reading() as session:
        machine = session.scalars(select(User.id).where(User.username == "system")).one()
    for user_id in (machine, 123456789):
        assert admin.get(f"/accounts/{user_id}").status_code == 404


def test_one_changes_ones_own_password(app: Flask, store: Store) -> None:
    client, elsewhere = app.test_client(), app.test_client()
    user = make(store, "desk")
    sign_in(client, user.username)
    sign_in(elsewhere, user.username)
    new = "另一句很长的好密码哦"
    for old, password, again, field in (
        ("wrong", new, new, "old"),
        (GOOD, "x", "x", "password"),
        (GOOD, new, "y", "again"),
    ):
        answer = post(client, "/account", {"old": old, "password": password, "again": again})
        assert answer.status_code == 400 and f'href="#{field}"' in answer.get_data(as_text=True)
    assert post(client, "/account", {"old": GOOD, "password": new, "again": new}).status_code == 303
    assert "密码已修改" in words(client.get("/account"))
    assert refused_as_stranger(elsewhere.get("/account"))
    assert sign_in(elsewhere, user.username, new).status_code == 303


# --- templates -------------------------------------------------------------------------------------------------------


def test_dates_and_money_read_as_people_write_them() -> None:
    day, moment = date(2027, 1, 15), datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    assert shared.day(day) == "2027-01-15" and shared.day_long(day) == "2027年1月15日（星期五）"
    assert shared.moment(moment) == "2027-01-01 00:30"
    assert shared.money(Decimal("1234567.5")) == "1,234,567.50 元"
    assert {shared.day(None), shared.day_long(None), shared.moment(None), shared.money(None)} == {"—"}
    assert shared.role_labels(["approver", "desk"]) == "一站式窗口、审批人"


def test_a_name_nobody_gave_breaks_the_page(app: Flask) -> None:
    from jinja2 import UndefinedError

    with app.test_request_context("/"), pytest.raises(UndefinedError):
        render_template_string("{{ nobody_gave_this }}")


def macro(app: Flask, call: str, **context: Any) -> BeautifulSoup:
    with app.test_request_context("/"):
        return BeautifulSoup(render_template_string('{% import "macros.html" as m %}' + call, **context), "html.parser")


def test_lights_differ_in_shape_and_words(app: Flask) -> None:
    kinds = ("late", "near", "normal", "paused")
    shown = [macro(app, "{{ m.light(kind, '剩 3 日') }}", kind=kind).get_text() for kind in kinds]
    assert len({text.removesuffix("剩 3 日") for text in shown}) == 4
    with pytest.raises(Exception, match="amber"):
        macro(app, "{{ m.light('amber', 'x') }}")


def test_macros_escape_what_people_typed(app: Flask) -> None:
    bad = '"><script>alert(1)</script>'
    for call in ("{{ m.field(x, 'a', x, x, x) }}", "{{ m.area(x, 'a', x, x, x) }}",
                 "{{ m.select(x, 'a', [(x, x)], x) }}",
                 "{{ m.checks(x, 'a', [(x, x)], [x], x, x) }}", "{{ m.facts([(x, x)]) }}", "{{ m.light('late', x) }}",
                 "{{ m.timeline([{'title': x, 'when': x, 'text': x, 'kind': 'now'}]) }}",
                 "{{ m.tabs([{'href': '#', 'label': x, 'count': x, 'here': true}]) }}",
                 "{% call m.table(x) %}{{ x }}{% endcall %}",
                 "{% call m.status(x) %}{{ x }}{% endcall %}"):  # fmt: skip
        assert not macro(app, call, x=bad).select("script"), call


def test_a_field_is_tied_to_its_label_hint_and_error(app: Flask) -> None:
    page = macro(app, "{{ m.field('姓名', 'name', '王', '请填写姓名。', '按身份证写') }}")
    field = page.select_one("input")
    assert field and field["id"] == "name" and page.select('label[for="name"]')
    assert field["aria-describedby"] == "name-hint name-error" and field["aria-invalid"] == "true"
    assert page.find(id="name-error") and page.find(id="name-hint")
    plain = macro(app, "{{ m.field('姓名', 'name') }}").select_one("input")
    assert plain and not plain.has_attr("aria-describedby") and not plain.has_attr("aria-invalid")


def test_the_timeline_says_in_words_what_is_done_now_and_to_come(app: Flask) -> None:
    items = [{"title": kind, "when": "", "text": "", "kind": kind} for kind in ("done", "now", "todo")]
    page = macro(app, "{{ m.timeline(items) }}", items=items)
    assert [tag.get_text() for tag in page.select("small")] == ["已办", "正在办", "还没到"]
    assert [tag.get_text(strip=True) for tag in page.select('[aria-current="step"] h3')] == ["now正在办"]


def test_the_pager_leads_on_and_back(app: Flask) -> None:
    page = macro(app, "{{ m.pager(href, 2, 3) }}", href=lambda n: f"?page={n}")
    assert [str(link["href"]) for link in page.select("a")] == ["?page=1", "?page=3"]
    assert macro(app, "{{ m.pager(href, 1, 1) }}", href=str).get_text(strip=True) == ""


# --- the style sheet -------------------------------------------------------------------------------------------------


def sheet() -> str:
    return (WEB / "static" / "style.css").read_text("utf-8")


def test_the_sheet_is_small_and_asks_nobody_else() -> None:
    assert len(sheet().encode()) <= 12 * 1024
    assert not re.search(r"url\(|@import|@font-face|//[a-z]", sheet())


def luminance(colour: str) -> float:
    full = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    parts = [int(full[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        *[(ink, ground, 4.5) for ink in ("ink", "muted", "blue", "red")
          for ground in ("paper", "ground", "grey-pale", "blue-pale")],
        ("amber", "amber-pale", 4.5), ("green", "green-pale", 4.5), ("ink", "green-pale", 4.5),
        ("ink", "red-pale", 4.5), ("paper", "blue", 4.5), ("paper", "blue-dark", 4.5), ("paper", "red", 4.5),
        ("paper", "green", 4.5), ("ink", "focus", 4.5),
        ("edge", "paper", 3), ("edge", "ground", 3), ("focus", "blue-dark", 3),
    ],
)  # fmt: skip
def test_colours_stand_out_enough(ink: str, ground: str, least: float) -> None:
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", sheet()))
    assert contrast(tokens[ink], tokens[ground]) >= least


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@contextmanager
def page_of(browser: Browser, width: int, scripts: bool = False) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 720}, java_script_enabled=scripts)
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in_there(page: Page, url: str, username: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(GOOD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)


@pytest.mark.browser
def test_signing_in_and_out_works_without_scripts(browser: Browser, url: str, store: Store) -> None:
    user = make(store, "admin")
    with page_of(browser, 1366) as page:
        sign_in_there(page, url, user.username)
        assert page.get_by_role("heading", level=1).inner_text() == "账号管理"
        page.get_by_role("button", name="退出").click()
        assert "您已退出" in page.get_by_role("status").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 320])
def test_axe_finds_no_fault(browser: Browser, url: str, store: Store, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    user = make(store, "admin")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    with page_of(browser, width, scripts=True) as page:
        for path in ("/", "/login", "/no-such-page"):
            page.goto(url + path)
            assert Axe().run(page, options=rules).response["violations"] == [], path
        sign_in_there(page, url, user.username)
        for path in ("/accounts", "/accounts/new", f"/accounts/{user.id}", "/account"):
            page.goto(url + path)
            assert Axe().run(page, options=rules).response["violations"] == [], path


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 640, 320])  # 640 and 320 are what 1280 leaves at 200 % and 400 %
def test_no_page_scrolls_sideways(browser: Browser, url: str, store: Store, width: int) -> None:
    user = make(store, "admin", name="名字很长的一位管理员名字很长的一位管理员")
    with page_of(browser, width, scripts=True) as page:
        for path in ("/", "/login", "/no-such-page"):
            page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        sign_in_there(page, url, user.username)
        for path in ("/accounts", "/accounts/new", "/account"):
            page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


TARGETS = """() => [...document.querySelectorAll(
    "button, .button, input:not([type=hidden]), select, summary, .phone a, .foot a")]
  .filter(e => e.offsetParent && !["checkbox", "radio"].includes(e.type))
  .map(e => [e.tagName + " " + (e.name || e.textContent), Math.round(e.getBoundingClientRect().height)])"""
LETTERS = """() => [...document.querySelectorAll(
    "main p, main label, main h1, main h2, main button, main input, main a, main li")]
  .filter(e => e.offsetParent).map(e => [e.textContent, parseFloat(getComputedStyle(e).fontSize),
     parseFloat(getComputedStyle(e).lineHeight) / parseFloat(getComputedStyle(e).fontSize), e.tagName])"""


@pytest.mark.browser
def test_public_pages_have_large_letters_and_large_buttons(browser: Browser, url: str) -> None:
    with page_of(browser, 320, scripts=True) as page:
        for path in ("/", "/login", "/no-such-page"):
            page.goto(url + path)
            small = [target for target in page.evaluate(TARGETS) if target[1] < 60]
            assert small == [], path
            letters = page.evaluate(LETTERS)
            assert letters and [item for item in letters if item[1] < 18] == [], path
            assert [item for item in letters if item[3] in ("P", "LI") and item[2] < 1.5] == [], path


@pytest.mark.browser
def test_staff_pages_have_targets_of_44_pixels(browser: Browser, url: str, store: Store) -> None:
    user = make(store, "admin")
    with page_of(browser, 1366, scripts=True) as page:
        sign_in_there(page, url, user.username)
        for path in ("/accounts", "/accounts/new", "/account"):
            page.goto(url + path)
            assert [target for target in page.evaluate(TARGETS) if target[1] < 44 and "foot" not in target[0]] == [], (
                path
            )


@pytest.mark.browser
def test_the_telephone_stands_at_the_same_place_on_public_pages(browser: Browser, url: str) -> None:
    with page_of(browser, 320, scripts=True) as page:
        for path in ("/", "/login", "/no-such-page"):
            page.goto(url + path)
            assert page.locator("main > .phone:last-child").count() == 1, path
            assert "12333" in page.locator(".phone").inner_text() and PHONE in page.locator(".phone").inner_text()


@pytest.mark.browser
def test_the_keyboard_reaches_the_text_first_and_focus_is_seen(browser: Browser, url: str) -> None:
    with page_of(browser, 1366, scripts=True) as page:
        page.goto(url)
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "跳到正文" and skip.is_visible()
        box = skip.bounding_box()
        assert box and box["x"] >= 0 and box["height"] >= 24
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "case_no"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.browser
def test_after_a_fault_the_reader_is_at_the_list_of_faults(browser: Browser, url: str) -> None:
    with page_of(browser, 1366, scripts=True) as page:
        page.goto(f"{url}/login")
        page.get_by_label("用户名").fill("nobody")
        page.get_by_label("密码").fill("wrong")
        page.get_by_role("button", name="登录").click()
        page.wait_for_selector(".errors")
        assert page.evaluate("document.activeElement.className") == "errors"
        assert page.title().startswith("错误：") and page.get_by_label("用户名").input_value() == "nobody"


@pytest.mark.browser
def test_browsers_find_nothing_to_complain_of(browser: Browser, url: str, store: Store) -> None:
    user = make(store, "admin")
    said: list[str] = []
    with page_of(browser, 1366, scripts=True) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(url) else said.append(request.url))
        sign_in_there(page, url, user.username)
        for path in ("/", "/accounts", "/accounts/new", "/account"):
            page.goto(url + path)
    assert said == []
