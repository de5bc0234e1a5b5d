"""Fixtures every test may use: throw-away PostgreSQL, both databases, a real browser.

Nothing of the application is imported here at collection time. Engine-level fixtures go to the marked place below.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from workflow.store import Store

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
POSTGRES_STARTS_WITHIN = 30.0

# A developer's own settings must never reach a test: it could write into a real database.
for _name in [name for name in os.environ if name.startswith("GREENCHANNEL_")]:
    del os.environ[_name]

# One machine is slower than the next: an example's time is no reason to fail, and a failure prints how to repeat it.
# `make test` tries a fixed sample of each property, `make prove-all` (PROVE_ALL=1) many more, at random.
PROVE_ALL = os.environ.get("PROVE_ALL") == "1"
hypothesis.settings.register_profile("house", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile("prove", deadline=None, print_blob=True, max_examples=5000)
hypothesis.settings.load_profile("prove" if PROVE_ALL else "house")


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


class Postgres:
    """A throw-away server of one test process: trust on 127.0.0.1, no fsync, all data dropped at the end."""

    def __init__(self) -> None:
        self.bin = _postgres_bin()
        # initdb refuses root; then everything runs as the user Debian's package made.
        self.user: str | None = "postgres" if os.geteuid() == 0 else None
        # Not below pytest's own folder: that one is closed to other users, and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="greenchannel-pg-"))
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the data folder and start the server; raises with the server's own words when it does not come up."""
        if self.user:
            shutil.chown(self.folder, self.user)
        arguments = ["-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(
            [self.bin / "initdb", *arguments], user=self.user, cwd=self.folder, capture_output=True, text=True
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        for _ in range(3):  # the port is free when we ask, but somebody else may take it before the server does
            self.port = _free_port()
            if self._run():
                return
        raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text('utf-8', 'replace')}")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def _run(self) -> bool:
        settings = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self.folder),
            "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", str(self.data), *options],
                user=self.user, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + POSTGRES_STARTS_WITHIN
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._conninfo()).close()
        except psycopg.OperationalError:
            return False
        # Another server may hold the port we were given; ours writes this file with its own port.
        return str(self.port) in (self.data / "postmaster.pid").read_text().split()

    def _conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template1") -> str:
        """A new empty database (or a copy of the database named `template`); returns its SQLAlchemy URL."""
        name = f"t_{uuid.uuid4().hex[:16]}"
        self._execute(f'create database "{name}" template "{template}"')
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Drop a database made by `create`, whoever is still connected."""
        self._execute(f'drop database if exists "{url.rpartition("/")[2]}" with (force)')

    def stop(self) -> None:
        """End the server and remove its data."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(3)  # SIGQUIT: immediate shutdown, the data is thrown away anyway
            self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def _postgres_bin() -> Path:
    """The folder of initdb and postgres, the newest version where there are several."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which("initdb")
    found = versions[-1:] or ([Path(on_path).resolve()] if on_path else [])
    if not found:
        raise RuntimeError(f"no PostgreSQL server programs for {getpass.getuser()}: run `make sys-test`")
    return found[0].parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The server of this test process (one per pytest-xdist worker); `create()` and `drop()` databases on it."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """SQLAlchemy URL of an empty PostgreSQL database, fresh for each test module."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


# --- both databases --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an empty database, fresh for each test module; every test that asks for it runs on both kinds."""
    yield from _empty_database(request, tmp_path_factory)


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same, fresh for each single test."""
    yield from _empty_database(request, tmp_path_factory)


def _empty_database(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{folders.mktemp('database') / 'greenchannel.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


# --- browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window; a machine without it fails here (`make test` installs it)."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is not there: run `make sys-test`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield started
        started.close()


# --- the engine ------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Open a migrated database at a URL (or a new SQLite file) with the test mark; closed at the end.

    `env`: demo (figures and accounts of the demonstration allowed) or production; `demo=True` fills the demonstration.
    """
    opened: list[Store] = []

    def make(
        url: str = "", *, env: str = "demo", demo: bool = False, mark: str = "test", folder: Path | None = None
    ) -> Store:
        folder = folder or tmp_path
        store = open_store(url or f"sqlite:///{folder / 'greenchannel.db'}", folder, env=env, demo=demo, mark=mark)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


def open_store(url: str, folder: Path, *, env: str = "demo", demo: bool = False, mark: str = "test") -> Store:
    """A migrated database with cheap password hashing; `demo` fills the demonstration (under the demo mark)."""
    from argon2 import PasswordHasher

    from documents.kinds import document_check
    from workflow import accounts, setup
    from workflow import demo as demonstration
    from workflow.models import Meta
    from workflow.settings import from_environment
    from workflow.store import Store

    accounts.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    settings = from_environment({
        "GREENCHANNEL_ENV": env, "GREENCHANNEL_DATABASE_URL": url, "GREENCHANNEL_DATA_DIR": str(folder),
        "GREENCHANNEL_SECRET_KEY": "" if env == "demo" else "a secret of the tests, long enough for it",
    })  # fmt: skip
    store = Store(settings)
    store.check_document = document_check
    setup.init_db(store)
    if demo:
        demonstration.fill(store)
    elif mark:
        with store.writing() as session:
            session.add(Meta(name="rehearsal", value=mark))
    return store


@pytest.fixture
def store(fresh_database_url: str, make_store: Callable[..., Store]) -> Store:
    """An empty, migrated database with the test mark, on SQLite and on PostgreSQL."""
    return make_store(fresh_database_url)


@pytest.fixture(scope="module")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demonstration on SQLite, one for each test module."""
    folder = tmp_path_factory.mktemp("demo")
    store = open_store(f"sqlite:///{folder / 'greenchannel.db'}", folder, demo=True)
    yield store
    store.close()
