"""Accounts and the count of tries, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from argon2 import PasswordHasher
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from workflow import accounts, attempts, clock
from workflow.accounts import authenticate
from workflow.attempts import Counted, Limit
from workflow.errors import BadInput, Forbidden, NotFound
from workflow.models import Attempt, Base, Employer, Event, LocalFigure, Meta, Office, User
from workflow.settings import Settings
from workflow.situation import Actor
from workflow.store import Store

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = Actor(900000, "system", "系统", frozenset(), system=True)
GOOD = "一句很长的好密码呀呀"
WHEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="module")
def opened(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("data")
    store = Store(Settings("demo", database_url, folder, "s" * 40, folder / "states.yaml"))
    Base.metadata.create_all(store.engine)
    with store.writing() as session:
        session.add_all([Meta(name="system-head", value="0:"), Meta(name="rehearsal", value="test")])
        for code, county in (("150800", "市本级"), ("150802", "临河区"), ("150823", "乌拉特前旗")):
            session.add(Office(code=code, name=f"{county}人社局", county=county, city=code == "150800", letter="字",
                               phone="0478-0000001", address="某路", government="某政府", court="某法院"))  # fmt: skip
        session.flush()
        session.add(
            Employer(name="某矿业公司", office_id=session.scalar(select(Office.id).where(Office.code == "150823")))
        )
    yield store
    store.close()


@pytest.fixture
def store(opened: Store) -> Store:
    """The module's database without accounts, tries and history."""
    with opened.writing() as session:
        for table in (LocalFigure, User, Attempt, Event):
            session.execute(delete(table))
        session.execute(update(Meta).where(Meta.name == "system-head").values(value="0:"))
        session.add(User(id=SYSTEM.id, username="system", name="系统", roles=[], system=True, epoch=1))
    return opened


def office(store: Store, code: str = "150823") -> int:
    with store.reading() as session:
        return session.scalars(select(Office.id).where(Office.code == code)).one()


def make(store: Store, username: str = "wang", **given: Any) -> User:
    all_of_it: dict[str, Any] = {"name": "王某", "roles": ["desk"], "password": GOOD, "office_id": office(store)}
    return accounts.create_user(store, SYSTEM, username=username, **(all_of_it | given))


def row(store: Store, username: str) -> User:
    with store.reading() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        session.expunge_all()
    return user


def chain(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.reading() as session:
        query = select(Event.kind, Event.payload).where(Event.chain == "system").order_by(Event.seq)
        return [(kind, json.loads(payload)) for kind, payload in session.execute(query)]


# --- roles -----------------------------------------------------------------------------------------------------------


def test_every_role_is_one_the_process_file_knows_under_the_same_label() -> None:
    people = yaml.safe_load((ROOT / "states.yaml").read_text("utf-8"))["people"]
    ours = {role: label for role, label in accounts.ROLES.items() if role not in ("admin", "auditor")}
    assert ours == {role: people.get(role) for role in ours}


# --- signing in ------------------------------------------------------------------------------------------------------


def test_name_and_password_let_in_as_typed_on_any_keyboard(store: Store) -> None:
    made = make(store, password="abc de-2026 fg")
    for username, password in (
        ("wang", "abc de-2026 fg"),
        (" WANG ", "abc de-2026 fg"),
        ("ｗａｎｇ", "ａｂｃ de-２０２６ fg"),
    ):
        user = authenticate(store, username, password, "10.0.0.1")
        assert user is not None and user.id == made.id


@pytest.mark.parametrize(
    ("username", "password"),
    [("wang", "abc"), ("wang", ""), ("nobody", GOOD), ("", ""), ("wang", "x" * 5000), ("system", "")],
)
def test_anything_else_does_not(store: Store, username: str, password: str) -> None:
    make(store)
    assert authenticate(store, username, password, "10.0.0.1") is None


def test_an_actor_knows_roles_office_and_level(store: Store) -> None:
    make(store, office_id=office(store, "150800"), roles=["agency", "finance"])
    user = authenticate(store, "wang", GOOD, "10.0.0.1")
    assert user is not None
    actor = accounts.actor_of(user)
    assert (actor.username, actor.city, actor.employer_id) == ("wang", True, None)
    assert actor.roles == {"agency", "finance"}


def test_an_unknown_name_is_hashed_for_as_well(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            seen.append(password)
            return super().verify(hash, password)

    monkeypatch.setattr(accounts, "HASHER", Watched(time_cost=1, memory_cost=8, parallelism=1))
    assert authenticate(store, "nobody", GOOD, "10.0.0.1") is None
    assert seen == [GOOD]


def test_a_hash_with_older_costs_is_renewed_at_sign_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make(store)
    before = row(store, "wang").password_hash
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert authenticate(store, "wang", GOOD, "10.0.0.1") is not None
    after = row(store, "wang").password_hash
    assert after != before and ",t=2," in after
    assert authenticate(store, "wang", GOOD, "10.0.0.1") is not None


def test_the_costs_are_those_owasp_asks_for() -> None:
    """Asked of a fresh process: the tests put a cheaper hasher in their own."""
    script = "from workflow.accounts import HASHER as h; print(h.memory_cost, h.time_cost, h.parallelism)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.split() == ["19456", "2", "1"]


# --- how often -------------------------------------------------------------------------------------------------------


def test_after_ten_wrong_tries_the_right_password_waits_for_the_next_window(store: Store) -> None:
    make(store)
    with clock.frozen(WHEN):
        for n in range(10):
            assert authenticate(store, "wang", "wrong", f"10.0.1.{n}") is None
        assert authenticate(store, "wang", GOOD, "10.0.2.1") is None
    with clock.frozen(WHEN + timedelta(minutes=15)):
        assert authenticate(store, "wang", GOOD, "10.0.2.1") is not None


def test_an_unknown_account_is_counted_just_the_same(store: Store) -> None:
    with clock.frozen(WHEN):
        for _ in range(10):
            authenticate(store, "later", "wrong", "10.0.0.1")
        make(store, "later")
        assert authenticate(store, "later", GOOD, "10.0.0.1") is None


def test_one_address_may_not_try_all_accounts_but_a_busy_hall_may_sign_in(store: Store) -> None:
    make(store)
    with clock.frozen(WHEN):
        for _ in range(100):
            assert authenticate(store, "wang", GOOD, "10.0.0.9") is not None
        for n in range(60):
            authenticate(store, f"somebody{n}", "wrong", "10.0.0.9")
        assert authenticate(store, "wang", GOOD, "10.0.0.9") is None
        assert authenticate(store, "wang", GOOD, "10.0.0.8") is not None


def test_a_success_forgets_the_slips_before(store: Store) -> None:
    make(store)
    with clock.frozen(WHEN):
        for _ in range(3):
            for _ in range(9):
                authenticate(store, "wang", "wrong", "10.0.0.1")
            assert authenticate(store, "wang", GOOD, "10.0.0.1") is not None


def test_tries_at_the_same_moment_are_all_counted(store: Store) -> None:
    item = Counted("at-once", Limit(5, 3600))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: attempts.allowed(store, item), range(24)))
    assert answers.count(True) == 5
    with store.reading() as session:
        assert session.scalar(select(Attempt.n).where(Attempt.key == "at-once")) == 24


def test_old_windows_are_cleared_and_nobody_reads_what_was_typed(store: Store) -> None:
    make(store)
    with clock.frozen(WHEN - timedelta(days=3)):
        authenticate(store, "my-secret-typed-here", "wrong", "10.0.0.1")
    with store.reading() as session:
        keys = session.scalars(select(Attempt.key)).all()
    assert keys and not [key for key in keys if "secret" in key or "10.0" in key]
    with clock.frozen(WHEN):
        authenticate(store, "wang", GOOD, "10.0.0.1")
    with store.reading() as session:
        oldest = session.scalar(select(func.min(Attempt.window)))
    assert oldest is not None and oldest >= (WHEN - timedelta(days=2)).timestamp()


# --- keeping accounts ------------------------------------------------------------------------------------------------


def test_a_new_account_is_on_the_system_chain_without_its_hash(store: Store) -> None:
    user = make(store)
    [(kind, payload)] = chain(store)
    assert kind == "user:created"
    assert payload["username"] == "wang" and payload["roles"] == ["desk"] and payload["user_id"] == user.id
    assert "argon2" not in json.dumps(payload)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"username": "W ang"}, "username"), ({"username": "王"}, "username"), ({"username": "w"}, "username"),
        ({"name": ""}, "name"), ({"name": "王" * 31}, "name"), ({"name": "a\u202eb"}, "name"),
        ({"password": "short"}, "password"), ({"password": "x" * 129}, "password"),
        ({"password": "Password123"}, "password"), ({"username": "wang-wang-w", "password": "WANG-wang-w"}, "password"),
        ({"roles": []}, "roles"), ({"roles": ["boss"]}, "roles"), ({"office_id": None}, "office_id"),
        ({"office_id": 9999}, "office_id"), ({"roles": ["employer"], "office_id": None}, "employer"),
        ({"roles": ["employer", "desk"], "office_id": None}, "roles"), ({"roles": ["employer"]}, "office_id"),
        ({"employer_id": 9999}, "employer"),
        ({"roles": ["employer"], "office_id": None, "employer_id": 9999}, "employer"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_account_is_refused_beside_its_field(store: Store, given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        make(store, **({"username": "wang"} | given))
    assert field in [reason.field for reason in refused.value.reasons]
    assert chain(store) == []


def test_all_faults_are_told_at_once(store: Store) -> None:
    with pytest.raises(BadInput) as refused:
        make(store, "?", name="", roles=[], password="x")
    assert {reason.field for reason in refused.value.reasons} == {"username", "name", "roles", "password"}


def test_a_user_name_is_given_once(store: Store) -> None:
    make(store)
    with pytest.raises(BadInput, match="已经有人用了"):
        make(store, "Wang")
    assert len(chain(store)) == 1


def test_a_long_sentence_is_a_good_password_without_any_puzzle(store: Store) -> None:
    assert accounts.password_faults("黄河边上有三棵老榆树", "wang") == []
    assert accounts.password_faults("lvtong-yanshi-2026", "city-admin") == []


def test_only_an_administrator_or_the_system_keeps_accounts(store: Store) -> None:
    user = make(store)
    clerk = accounts.actor_of(user)
    admin = accounts.actor_of(make(store, "chief", roles=["admin"]))
    before = len(chain(store))
    refused: list[Any] = [
        lambda: accounts.create_user(
            store, clerk, username="li", name="李", roles=["desk"], password=GOOD, office_id=1
        ),
        lambda: accounts.change_user(store, clerk, user.id, name="王", roles=["admin"], office_id=1),
        lambda: accounts.set_password(store, clerk, admin.id, GOOD),
        lambda: accounts.deactivate(store, clerk, admin.id),
        lambda: accounts.activate(store, clerk, admin.id),
    ]
    for act in refused:
        with pytest.raises(Forbidden):
            act()
    assert len(chain(store)) == before
    assert accounts.set_password(store, admin, user.id, "另一句很长的好密码哦").id == user.id


def test_changing_closing_and_a_new_password_end_the_sessions_and_are_recorded(store: Store) -> None:
    user = make(store)
    epochs = [user.epoch]
    acts: list[Callable[[], User]] = [
        lambda: accounts.change_user(
            store, SYSTEM, user.id, name="王小某", roles=["officer"], office_id=office(store, "150802")
        ),
        lambda: accounts.set_password(store, SYSTEM, user.id, "另一句很长的好密码哦"),
        lambda: accounts.deactivate(store, SYSTEM, user.id),
        lambda: accounts.activate(store, SYSTEM, user.id),
    ]
    for act in acts:
        epochs.append(act().epoch)
    assert epochs == [1, 2, 3, 4, 5]
    told = chain(store)
    assert [kind for kind, _ in told][1:] == ["user:changed", "user:password-set", "user:deactivated", "user:activated"]
    assert told[1][1]["before"]["roles"] == ["desk"] and told[1][1]["after"]["roles"] == ["officer"]
    assert accounts.actor_of(row(store, "wang")).roles == {"officer"}


def test_a_closed_account_lets_nobody_in(store: Store) -> None:
    user = make(store)
    accounts.deactivate(store, SYSTEM, user.id)
    assert authenticate(store, "wang", GOOD, "10.0.0.1") is None
    accounts.activate(store, SYSTEM, user.id)
    assert authenticate(store, "wang", GOOD, "10.0.0.1") is not None


def test_an_administrator_cannot_lock_himself_out(store: Store) -> None:
    admin = accounts.actor_of(make(store, "chief", roles=["admin"]))
    with pytest.raises(BadInput):
        accounts.deactivate(store, admin, admin.id)
    with pytest.raises(BadInput):
        accounts.change_user(store, admin, admin.id, name="某", roles=["desk"], office_id=office(store))
    assert row(store, "chief").active and row(store, "chief").roles == ["admin"]


def test_the_machines_own_accounts_cannot_be_touched(store: Store) -> None:
    acts: list[Callable[[], User]] = [
        lambda: accounts.set_password(store, SYSTEM, SYSTEM.id, GOOD),
        lambda: accounts.deactivate(store, Actor(77, "chief", "某", frozenset({"admin"})), SYSTEM.id),
        lambda: accounts.activate(store, SYSTEM, 424242),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()


def test_ones_own_new_password_needs_the_present_one(store: Store) -> None:
    me = accounts.actor_of(make(store))
    with pytest.raises(BadInput) as refused:
        accounts.change_own_password(store, me, "wrong", "另一句很长的好密码哦", "10.0.0.1")
    assert [reason.field for reason in refused.value.reasons] == ["old"]
    accounts.change_own_password(store, me, GOOD, "另一句很长的好密码哦", "10.0.0.1")
    assert authenticate(store, "wang", GOOD, "10.0.0.1") is None
    assert authenticate(store, "wang", "另一句很长的好密码哦", "10.0.0.1") is not None


# --- the demonstration -----------------------------------------------------------------------------------------------


def test_demo_accounts_are_made_once_and_let_in(store: Store) -> None:
    made = accounts.ensure_demo(store, SYSTEM)
    assert accounts.DEMO_EMPLOYER not in made and set(made) == set(accounts.DEMO_ACCOUNTS)
    count = len(chain(store))
    assert accounts.DEMO_EMPLOYER in accounts.ensure_demo(store, SYSTEM, "某矿业公司")
    assert accounts.DEMO_EMPLOYER in accounts.ensure_demo(store, SYSTEM)
    assert len(chain(store)) == count + 1
    for account in (*accounts.DEMO_ACCOUNTS, accounts.DEMO_EMPLOYER):
        user = authenticate(store, account.username, account.password, "10.0.0.1")
        assert user is not None and tuple(user.roles) == account.roles and user.demo
        assert accounts.password_faults(account.password, account.username) == []


def test_the_demo_has_every_role_and_three_people_in_two_counties() -> None:
    everyone = (*accounts.DEMO_ACCOUNTS, accounts.DEMO_EMPLOYER)
    assert {role for account in everyone for role in account.roles} == set(accounts.ROLES)
    for code in ("150823", "150802"):
        assert {r for a in everyone if a.office == code for r in a.roles} == {"desk", "officer", "approver"}


def test_demo_accounts_come_into_no_other_database(store: Store) -> None:
    with store.writing() as session:
        session.execute(update(Meta).where(Meta.name == "rehearsal").values(value=""))
    try:
        with pytest.raises(BadInput):
            accounts.ensure_demo(store, SYSTEM)
    finally:
        with store.writing() as session:
            session.execute(update(Meta).where(Meta.name == "rehearsal").values(value="test"))
    assert chain(store) == []


def test_what_demo_left_behind_is_named(store: Store) -> None:
    with store.reading() as session:
        assert accounts.demo_left(session) == []
    accounts.ensure_demo(store, SYSTEM)
    with store.writing() as session:
        session.add(demo_figure(session))
    with store.reading() as session:
        texts = [reason.text for reason in accounts.demo_left(session)]
    assert len(texts) == 2 and "演示账号" in texts[0] and "演示数据" in texts[1]
    with store.writing() as session:
        session.execute(update(User).where(User.demo).values(active=False))
    with store.reading() as session:
        assert len(accounts.demo_left(session)) == 1


def demo_figure(session: Session) -> LocalFigure:
    place = session.scalars(select(Office.id).limit(1)).one()
    return LocalFigure(office_id=place, kind="avg", scope="city", effective_on=WHEN.date(), value=Decimal(1), demo=True,
                       notice="演示", confidence="low", entered_by=SYSTEM.id, entered_at=WHEN)  # fmt: skip
