"""A database of the previous release brought to this one: every row is kept, and its cases go on under their own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, insert, inspect, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests.builders import PAPERS, Life, Town, settle
from workflow import clock, setup
from workflow.accounts import actor_of
from workflow.deadlines import kept
from workflow.errors import BadSetting
from workflow.models import Base, Clock, DefinitionVersion, Event, User
from workflow.settings import from_environment
from workflow.setup import machine_account
from workflow.store import MIGRATIONS, Store, migrate
from workflow.verify import verify

RELEASE_1 = Path(__file__).with_name("definitions") / "release_1.yaml"
PREVIOUS = "0002"
"""The last migration of the previous release."""
NEW = {
    "matters": {"parent_id", "instrument_id", "addressee"},
    "clocks": {"done_on", "kind", "kept_id"},
    "definitions": {
        "state", "valid_from", "valid_until", "stored_by", "published_at", "published_by", "retired_at", "retired_by", "moved_at",
    },
}  # fmt: skip


def store_at(url: str, folder: Path, states: Path | None = RELEASE_1) -> Store:
    settings = {
        "ENV": "demo",
        "DATABASE_URL": url,
        "DATA_DIR": str(folder),
        **({"STATES": str(states)} if states else {}),
    }
    return Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in settings.items()}))


def upgrade(engine: Engine, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def lived(town: Town) -> dict[str, Life]:
    """Cases in several places of the process of that release."""
    lives = {
        "waiting": town.life(name="试甲"),
        "suspended": town.life(name="试乙"),
        "late": town.life(name="试丙"),
        "paid": town.life(name="试丁"),
    }
    lives["suspended"].accepted().wait(2).act("approver", "recognition", "suspend", ground="等结论", awaited="结论书")
    lives["late"].filed().wait(30).act("approver", "recognition", "accept")
    lives["paid"].recognised().served().appraised("3").claimed().payable()
    return lives


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table as it is read back, but for alembic's own."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return {
            t.name: sorted((dict(r._mapping) for r in connection.execute(select(t))), key=str)
            for t in found.tables.values() if t.name != "alembic_version"
        }  # fmt: skip


def copied(source: Engine, target: Engine) -> None:
    """The rows of a database of today put into one of the previous release, without what that had no column for."""
    old = MetaData()
    old.reflect(target)
    with source.connect() as reading, target.begin() as writing:
        for t in [t for t in old.sorted_tables if t.name != "alembic_version"]:
            mine = Base.metadata.tables[t.name]
            columns = [mine.c[c.name] for c in t.columns]
            found = [dict(r._mapping) for r in reading.execute(select(*columns).order_by(*mine.primary_key.columns))]
            for row in found:
                writing.execute(insert(t), row)
        _sequences(writing, old)


def _sequences(connection: Connection, old: MetaData) -> None:
    """PostgreSQL counts on from what its own inserts have used."""
    if connection.dialect.name != "postgresql":
        return
    for t in old.sorted_tables:
        if "id" in t.columns and connection.scalar(text(f"select pg_get_serial_sequence('{t.name}', 'id')")):
            connection.execute(
                text(f"select setval(pg_get_serial_sequence('{t.name}', 'id'), coalesce(max(id), 1)) from {t.name}")
            )


@dataclass
class Old:
    """A database as the previous release left it, and the cases in it."""

    store: Store
    lives: dict[str, Life]

    def now(self, name: str) -> Life:
        """One of the cases, in this database."""
        with self.store.reading() as session:
            people = {u.username: actor_of(u) for u in session.query(User).filter(~User.system)}
            system = machine_account(session, "system")
        life = self.lives[name]
        return Life(Town(self.store, people, system), life.case_no, life.day)


@pytest.fixture
def old(fresh_database_url: str, make_store: Callable[..., Store], tmp_path: Path) -> Iterator[Old]:
    first = store_at(f"sqlite:///{tmp_path / 'today.db'}", tmp_path)
    setup.init_db(first)
    lives = lived(settle(first))
    store = store_at(fresh_database_url, tmp_path)
    upgrade(store.engine, PREVIOUS)
    copied(first.engine, store.engine)
    first.close()
    yield Old(store, lives)
    store.close()


def test_it_is_a_database_of_the_previous_release(old: Old) -> None:
    columns = {t: {c["name"] for c in inspect(old.store.engine).get_columns(t)} for t in NEW}
    assert all(not NEW[t] & columns[t] for t in NEW)
    with pytest.raises(BadSetting, match="版本较旧"):
        old.store.require_ready()
    with pytest.raises(IntegrityError), old.store.engine.begin() as connection:
        connection.execute(text("update cases set diagnosed_on = null"))
    assert len(rows(old.store.engine)["cases"]) == 4


def test_every_row_is_kept_and_what_is_new_says_what_was_meant(old: Old) -> None:
    before = rows(old.store.engine)
    migrate(old.store)
    after = rows(old.store.engine)
    assert set(after) == set(before)
    for name, was in before.items():
        new = NEW.get(name, set())
        assert sorted(({k: v for k, v in r.items() if k not in new} for r in after[name]), key=str) == was, name
    assert {(m["parent_id"], m["instrument_id"], m["addressee"]) for m in after["matters"]} == {(None, None, "")}
    assert {c["kind"] for c in after["clocks"]} == {"deadline"} and {c["kept_id"] for c in after["clocks"]} == {None}
    for c in after["clocks"]:
        assert c["done_on"] == (c["closed_on"] if c["state"] == "met" else None), "a limit met then was met that day"
    (definition,) = after["definitions"]
    assert (definition["state"], definition["version"], definition["valid_from"], definition["valid_until"]) == (
        "published",
        "2026-1",
        None,
        None,
    )
    old.store.require_ready()


def test_references_and_rules_of_the_tables_still_hold(old: Old) -> None:
    migrate(old.store)
    with old.store.engine.connect() as connection:
        if not old.store.postgres:
            assert connection.execute(text("pragma foreign_key_check")).all() == []
            assert connection.execute(text("pragma integrity_check")).scalar_one() == "ok"
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        flat = [one for d in differences for one in (d if isinstance(d, list) else [d])]
        assert [d for d in flat if d[0] != "modify_comment"] == [], (
            "the tables are those of today but for their comments"
        )
        (diagnosed,) = [c for c in inspect(connection).get_columns("cases") if c["name"] == "diagnosed_on"]
        assert diagnosed["nullable"]
    refused = (
        "insert into cases (case_no, worker_id) values ('x', 1)", "update matters set parent_id = 999999", "delete from events",
        "update events set label = 'x'", "update definitions set text = 'x'", "update cases set worker_id = 999999",
        "delete from instruments", "update clocks set state = 'walking'",
    )  # fmt: skip
    for statement in refused:
        with pytest.raises(DatabaseError), old.store.engine.begin() as connection:
            connection.execute(text(statement))
    with old.store.engine.begin() as connection:
        assert connection.execute(text("update cases set diagnosed_on = null")).rowcount == 4
        connection.rollback()


def test_the_history_is_whole_and_the_cases_go_on_under_their_own_process(old: Old) -> None:
    migrate(old.store)
    events, findings = verify(old.store)
    assert events and findings == []
    waiting, suspended, paid = old.now("waiting"), old.now("suspended"), old.now("paid")
    waiting.wait(1).act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    suspended.wait(9).act("approver", "recognition", "resume", document_received="结论书", ground="已收到")
    assert suspended.clocks("decide")[0].pauses[0][1] == suspended.day.isoformat()
    paid.work(paid.day + timedelta(days=40))
    with old.store.reading() as session:
        assert {d.version for d in session.query(DefinitionVersion)} == {"2026-1"}
        assert session.query(Event).filter(Event.chain == waiting.case_no).count() > 1
    assert verify(old.store)[1] == []


def test_how_limits_were_kept_is_told_of_old_cases_too(old: Old) -> None:
    migrate(old.store)
    with old.store.reading() as session:
        found = session.query(Clock).filter(Clock.name == "examine", Clock.state == "met").order_by(Clock.case_id).all()
        told = [kept({n.name: getattr(c, n.name) for n in Clock.__table__.columns}) for c in found]
    assert sorted(told) == ["late", "timely", "timely"]


def test_the_new_process_is_a_draft_until_somebody_publishes_it(old: Old, tmp_path: Path) -> None:
    migrate(old.store)
    now = store_at(old.store.settings.database_url, tmp_path, states=None)
    with clock.frozen(old.lives["paid"].day):
        setup.init_db(now)
    with now.reading() as session:
        found = {d.version: d.state for d in session.query(DefinitionVersion)}
    assert found == {"2026-1": "published", "2026-2": "draft"}
    with clock.frozen(old.lives["paid"].day):
        assert (
            old.now("waiting").act("desk", "recognition", "file", papers=PAPERS, applicant="worker").to_state == "filed"
        )
    now.close()


def test_to_bring_it_up_twice_changes_nothing(old: Old) -> None:
    migrate(old.store)
    before = rows(old.store.engine)
    migrate(old.store)
    assert rows(old.store.engine) == before
