"""Engine, transactions, migrations. Commit is one `with` block; rollback is the default."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from workflow import law
from workflow.daycount import Calendar
from workflow.definition import loads
from workflow.definition.model import Definition
from workflow.errors import BadSetting, Reason
from workflow.models import DefinitionVersion, HolidayYear, Meta
from workflow.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=15000",
    "recursive_triggers=ON",
    "trusted_schema=OFF",
)


def make_engine(url: str) -> Engine:
    """An engine with the safe settings of either database; SQLite writers begin IMMEDIATE."""
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    options = "-c lock_timeout=8s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"options": options},
    )


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _sqlite_begin(connection: Connection) -> None:
    """The driver's own BEGIN is DEFERRED, which loses updates silently when two read and then write."""
    readonly = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


CALENDAR_SECONDS = 60
"""How long a process trusts the calendar it has read; workflow.holidays looks again for longer than that."""


class Store:
    """One database: its engine, its keys, the definitions it holds, its calendar.

    `check_document(kind, facts)` is set by the layer above (documents): why a document could not be printed, asked before
    an act is committed. `law_version` is frozen into every document.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = make_engine(settings.database_url)
        self.readers = self.engine.execution_options(readonly=True)
        self.postgres = self.engine.dialect.name == "postgresql"
        self.check_document: Callable[[str, Mapping[str, Any]], list[Reason]] | None = None
        self.law_version = law.VERSION
        self._definitions: dict[int, Definition] = {}
        self._calendar: Calendar | None = None
        self._calendar_at = 0.0
        self._marks: dict[str, str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        self.engine.dispose()

    def forget(self) -> None:
        """Read calendar and marks again at the next question (after init-db changed them)."""
        self._calendar = None
        self._marks.clear()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in a write transaction; commits when the block ends well, else rolls back."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def acting(self) -> Iterator[Session]:
        """As writing(), for plain statements on `session.connection()`: the transaction is the connection's own, the session
        joins it only where somebody asks it something (an act does not, and saves its cost)."""
        with self.engine.begin() as connection, Session(connection, expire_on_commit=False) as session:
            session.info["connection"] = connection
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing."""
        with Session(self.readers, expire_on_commit=False) as session:
            yield session  # closing rolls back, and leaves what was read usable

    def require_ready(self) -> None:
        """Raise BadSetting with the cure when the database cannot be reached or is not migrated to head."""
        try:
            with self.engine.connect() as connection:
                ready = inspect(connection).has_table("alembic_version") and (
                    connection.execute(text("select version_num from alembic_version")).scalar() == head_revision()
                )
        except DatabaseError as error:  # also a file that is no database
            raise BadSetting(f"连不上数据库：{error.orig}。请检查 GREENCHANNEL_DATABASE_URL 和数据库服务。") from error
        if not ready:
            raise BadSetting("数据库还没有建好或版本较旧。请先运行 greenchannel init-db。")

    def mark(self, name: str) -> str:
        """A mark of the database ('' where there is none); only present marks are remembered."""
        if name not in self._marks:
            with self.reading() as session:
                value = session.scalar(select(Meta.value).where(Meta.name == name))
            if value is None:
                return ""
            self._marks[name] = value
        return self._marks[name]

    @property
    def rehearsal(self) -> bool:
        """True where the database carries the demo or test mark that only `init-db --demo` or the tests write."""
        return self.mark("rehearsal") in ("demo", "test")

    def calendar(self, session: Session | None = None) -> Calendar:
        """The calendar as the database has it, read again after a minute: another process may have entered a notice."""
        if self._calendar is None or time.monotonic() - self._calendar_at > CALENDAR_SECONDS:
            if session is None:
                with self.reading() as own:
                    return self.calendar(own)
            rows = session.scalars(select(HolidayYear)).all()
            self._calendar = law.build_calendar(
                {"year": r.year, "notice": r.notice, "off": r.off, "work": r.work} for r in rows
            )
            self._calendar_at = time.monotonic()
        return self._calendar

    def definition(self, session: Session, definition_id: int) -> Definition:
        """The process version a case is pinned to, parsed once per process."""
        if definition_id not in self._definitions:
            row = session.get_one(DefinitionVersion, definition_id)
            parsed = loads(row.text, check_law=False)
            with self._lock:
                self._definitions.setdefault(definition_id, parsed)
        return self._definitions[definition_id]


def head_revision() -> str:
    """The newest migration's number."""
    return sorted(p.stem for p in (MIGRATIONS / "versions").glob("[0-9]*.py"))[-1].split("_")[0]


def migrate(store: Store) -> None:
    """Bring the database to head; safe to repeat and to run twice at once."""
    if not store.postgres and store.engine.url.database:
        folder = Path(store.engine.url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(
                f"建不了文件夹“{folder}”：{error.strerror}。请检查 GREENCHANNEL_DATA_DIR 和文件夹权限。"
            ) from error
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with store.engine.begin() as connection:  # IMMEDIATE on SQLite: the second one waits
            if store.postgres:
                connection.exec_driver_sql("select pg_advisory_xact_lock(478000)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise BadSetting(
            f"数据库建不起来：{error.orig}。请检查 GREENCHANNEL_DATABASE_URL、文件夹权限和数据库服务。"
        ) from error
