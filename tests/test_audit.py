"""The history: nobody can change or delete it, and whoever does so behind the database's back is found, with the place."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.exc import DatabaseError

from tests.builders import START, Life, Town, settle
from tests.conftest import open_store
from workflow import audit, cases, clock
from workflow.audit import Link
from workflow.cases.printed import file_print
from workflow.models import Base, Event, Instrument
from workflow.situation import Actor
from workflow.verify import Finding, verify

APPEND_ONLY = ("events", "instruments", "prints", "deliveries", "definitions", "accesses")
PDF = b"%PDF-1.7 a print of the tests"


@dataclass
class Lived:
    """A town with one case that went through everything that leaves rows behind."""

    town: Town
    life: Life


@pytest.fixture(scope="module")
def lived(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    town = settle(open_store(database_url, tmp_path_factory.mktemp("audit")))
    life = town.life().accepted()
    life.wait(1).act(
        "approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    life.wait(4).act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    life.proposed()
    life.act("approver", "recognition", "recognise")
    life.served().appraised().claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    life.wait(1).act("finance", "benefit", "bank_return", returned_item="lump_sum", reason="户名不符")
    life.wait(1).act(
        "agency", "benefit", "confirm_account", account_holder="试大山", bank="演示银行", bank_account="62000000"
    )
    life.act("finance", "benefit", "repay")
    with town.store.reading() as session:
        document = session.scalars(select(Instrument).where(Instrument.kind == "recognition")).one()
    path = town.store.settings.data_dir / "documents" / "aa" / "one.pdf"
    path.parent.mkdir(parents=True)
    path.write_bytes(PDF)
    with clock.frozen(life.day):
        file_print(town.store, town.system, document.id, "", file="aa/one.pdf", sha256=hashlib.sha256(PDF).hexdigest(),
                   template_digest="0" * 64)  # fmt: skip
    assert verify(town.store)[1] == []
    yield Lived(town, life)
    town.store.close()


@contextmanager
def behind_its_back(lived: Lived) -> Iterator[Connection]:
    """The database in the hands of somebody who is not held by triggers; what he did is undone by the caller."""
    store = lived.town.store
    engine = create_engine(store.settings.database_url)
    with engine.begin() as connection:
        if store.postgres:
            connection.execute(text("set local session_replication_role = replica"))
        else:
            for (name,) in connection.execute(text("select name from sqlite_master where type = 'trigger'")).all():
                connection.execute(text(f"drop trigger {name}"))
        yield connection
    engine.dispose()


def flipped(value: Any) -> Any:
    """The value with the least there can be changed."""
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, Decimal)):
        return value + 1 if isinstance(value, int) else value + Decimal("0.01")
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, dict):
        key = sorted(k for k, v in value.items() if isinstance(v, str) and v)[0]
        return {**value, key: flipped(value[key])}
    assert isinstance(value, list)
    return [*value, "x"]


# (table, column, which row: by its order, expected event number or 0 or None for any, word in the finding)
EDITS = [
    *[("events", column, 7, 7, "被改动过") for column in (
        "payload", "label", "actor", "actor_id", "hash", "prev_hash", "at", "on", "kind", "action", "from_state", "to_state", "definition",
    )],
    ("matters", "state", 1, 0, "事项行被改动过"), ("matters", "facts", 1, 0, "事项行被改动过"),
    ("matters", "version", 2, 0, "事项行被改动过"),
    ("clocks", "due_on", 1, 0, "时限行被改动过"), ("clocks", "start_on", 2, 0, "时限行被改动过"),
    ("clocks", "extend_days", 3, 0, "时限行被改动过"), ("clocks", "pauses", 4, 0, "时限行被改动过"),
    ("instruments", "facts", 1, None, "被改动过"), ("instruments", "number", 2, None, "文书行被改动过"),
    ("instruments", "facts_digest", 3, None, "被改动过"), ("prints", "sha256", 1, 0, "打印行被改动过"),
    ("payments", "amount", 1, 0, "付款行被改动过"), ("payments", "month", 1, 0, "付款行被改动过"),
    ("deliveries", "received_on", 1, None, "送达行被改动过"), ("deliveries", "addressee", 2, None, "送达行被改动过"),
    ("deliveries", "way", 3, None, "送达行被改动过"), ("cases", "head_hash", 1, None, "与案件上记的不一致"),
    ("cases", "head_seq", 1, None, "与案件上记的不一致"), ("cases", "facts", 1, 0, "案件行被改动过"),
    ("cases", "diagnosed_on", 1, 0, "案件行被改动过"), ("cases", "disease", 1, 0, "案件行被改动过"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "nth", "seq", "word"), EDITS, ids=[f"{e[0]}.{e[1]}" for e in EDITS])
def test_one_edited_byte_is_found_where_it_was_edited(
    lived: Lived, table: str, column: str, nth: int, seq: int | None, word: str
) -> None:
    rows = Base.metadata.tables[table]
    order = [rows.c.seq] if table == "events" else [rows.c.id]
    query = select(rows).order_by(*order).offset(nth - 1).limit(1)
    if table == "events":
        query = query.where(rows.c.chain == lived.life.case_no)
    with behind_its_back(lived) as connection:
        row = connection.execute(query).one()
        connection.execute(rows.update().where(rows.c.id == row.id).values({column: flipped(getattr(row, column))}))
    try:
        found = verify(lived.town.store)[1]
        mine = [f for f in found if f.chain == lived.life.case_no and word in f.what and seq in (None, f.seq)]
        assert mine, [f.sentence() for f in found]
        others = {f.chain for f in found} - {lived.life.case_no}
        assert others <= ({"system"} if column == "definition" else set()), "and nobody else is accused"
        assert all(lived.life.case_no in f.sentence() for f in mine)
    finally:
        with behind_its_back(lived) as connection:
            connection.execute(rows.update().where(rows.c.id == row.id).values({column: getattr(row, column)}))
    assert verify(lived.town.store)[1] == []


@pytest.mark.parametrize("table", ["events", "clocks", "instruments", "prints", "payments", "deliveries", "matters"])
def test_a_deleted_row_is_missed(lived: Lived, table: str) -> None:
    rows = Base.metadata.tables[table]
    with behind_its_back(lived) as connection:
        query = (
            select(rows).where(rows.c.chain == lived.life.case_no).order_by(rows.c.seq.desc())
            if table == "events"
            else select(rows)
        )
        row = connection.execute(query.limit(1)).one()
        connection.execute(rows.delete().where(rows.c.id == row.id))
    try:
        found = verify(lived.town.store)[1]
        assert found and {f.chain for f in found} == {lived.life.case_no}
        if table == "events":
            assert f"案件记到第 {row.seq} 条" in found[0].what
    finally:
        with behind_its_back(lived) as connection:
            connection.execute(rows.insert().values(dict(row._mapping)))
    assert verify(lived.town.store)[1] == []


def test_an_event_rewritten_with_its_hash_breaks_the_next_link(lived: Lived) -> None:
    rows = Base.metadata.tables["events"]
    with behind_its_back(lived) as connection:
        row = connection.execute(select(rows).where(rows.c.chain == lived.life.case_no, rows.c.seq == 4)).one()
        forged = {**row._mapping, "actor": "某人（nobody）"}
        forged["hash"] = audit.event_hash(forged, row.prev_hash)
        connection.execute(rows.update().where(rows.c.id == row.id).values(actor=forged["actor"], hash=forged["hash"]))
    found = verify(lived.town.store)[1]
    assert found == [Finding(lived.life.case_no, 5, "与前一条接不上，其中一条被改动过。")]
    with behind_its_back(lived) as connection:
        connection.execute(rows.update().where(rows.c.id == row.id).values(actor=row.actor, hash=row.hash))
    assert verify(lived.town.store)[1] == []


def test_a_stored_file_with_one_other_byte_or_gone_is_found(lived: Lived) -> None:
    path = lived.town.store.settings.data_dir / "documents" / "aa" / "one.pdf"
    path.write_bytes(PDF[:-1] + b"S")
    (found,) = verify(lived.town.store)[1]
    assert found.chain == lived.life.case_no and "前人社工认〔2026〕1号" in found.what and "被改动过" in found.what
    path.unlink()
    (found,) = verify(lived.town.store)[1]
    assert found.what == "文书 前人社工认〔2026〕1号 的文件 aa/one.pdf 不见了。"
    path.write_bytes(PDF)
    assert verify(lived.town.store)[1] == []


@pytest.mark.parametrize(
    ("statement", "undo", "word"),
    [
        ("update definitions set text = text || ' '", "update definitions set text = substr(text, 1, length(text) - 1)", "存档的办理流程"),
        ("update meta set value = '1' || value where name = 'system-head'",
         "update meta set value = substr(value, 2) where name = 'system-head'", "与案件上记的不一致"),
        ("update events set actor = actor || 'x' where chain = 'system' and seq = 2",
         "update events set actor = substr(actor, 1, length(actor) - 1) where chain = 'system' and seq = 2", "被改动过"),
    ],
)  # fmt: skip
def test_the_systems_own_chain_and_the_stored_process_are_checked(
    lived: Lived, statement: str, undo: str, word: str
) -> None:
    with behind_its_back(lived) as connection:
        connection.execute(text(statement))
    found = verify(lived.town.store)[1]
    assert (
        [f.chain for f in found] == ["system"] and word in found[0].what and found[0].sentence().startswith("系统记录")
    )
    with behind_its_back(lived) as connection:
        connection.execute(text(undo))
    assert verify(lived.town.store)[1] == []


# --- what the database itself refuses ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(database_url: str, tmp_path_factory: pytest.TempPathFactory, lived: Lived) -> Iterator[Lived]:
    """The same lives in a database whose triggers nobody dropped."""
    if lived.town.store.postgres:
        yield lived
        return
    folder = tmp_path_factory.mktemp("guarded")
    store = open_store(f"sqlite:///{folder / 'guarded.db'}", folder)
    town = settle(store)
    life = town.life().recognised().served()
    with clock.frozen(life.day):
        document = life.documents()[0]
        assert document[0] == "acceptance"
        file_print(store, town.system, 1, "", file="x.pdf", sha256="1" * 64, template_digest="0" * 64)
    yield Lived(town, life)
    store.close()


def refuses(lived: Lived, statement: str) -> str:
    """The database's own word against it; the engine's own connection is used."""
    before = dump_of(lived)
    with pytest.raises(DatabaseError) as refused, lived.town.store.engine.begin() as connection:
        connection.execute(text(statement))
    assert dump_of(lived) == before
    return str(refused.value)


def dump_of(lived: Lived) -> list[Any]:
    with lived.town.store.engine.connect() as connection:
        return [connection.execute(text(f"select * from {t} order by 1")).all() for t in APPEND_ONLY]


@pytest.mark.parametrize("table", ["events", "instruments", "prints", "deliveries", "definitions"])
def test_the_history_is_append_only(guarded: Lived, table: str) -> None:
    column = {
        "events": "label",
        "instruments": "label",
        "prints": "file",
        "deliveries": "note",
        "definitions": "version",
    }[table]
    assert f"append-only: {table}" in refuses(guarded, f"update {table} set {column} = 'x'")
    assert f"append-only: {table}" in refuses(guarded, f"update {table} set {column} = {column} where id = 1")
    assert f"append-only: {table}" in refuses(guarded, f"delete from {table} where id = 1")
    if guarded.town.store.postgres:
        assert f"append-only: {table}" in refuses(guarded, f"truncate {table} cascade")
    else:
        columns = ", ".join(f'"{c.name}"' for c in Base.metadata.tables[table].columns)
        assert f"append-only: {table}" in refuses(
            guarded, f"insert or replace into {table} ({columns}) select {columns} from {table} where id = 1"
        )


@pytest.mark.parametrize(
    ("seq", "prev"),
    [("99", "head"), ("next", "''"), ("next", "'0000'"), ("1", "head")],
    ids=["a gap", "no link", "a wrong link", "again first"],
)
def test_an_event_that_does_not_join_the_last_one_is_refused(guarded: Lived, seq: str, prev: str) -> None:
    case = guarded.life.case()
    number = {"next": str(case.head_seq + 1)}.get(seq, seq)
    chain = guarded.life.case_no if seq != "1" else "2026-999999"
    columns = ("chain", "seq", "at", "kind", "action", "label", "from_state", "to_state", "actor_id", "actor", "behalf", "definition",
               "payload", "prev_hash", "hash")  # fmt: skip
    values = [f"'{chain}'", number, "'2026-03-02 00:00:00'", "'x'", *["''"] * 4, "1", "''", "''", "''", "'{}'",
              f"'{case.head_hash}'" if prev == "head" else prev, "'abc'"]  # fmt: skip
    said = refuses(
        guarded, f"insert into events ({', '.join(columns)}, \"on\") values ({', '.join(values)}, '2026-03-02')"
    )
    assert "chain broken: events" in said


# --- the chain --------------------------------------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_the_same_facts_always_give_the_same_bytes(value: Any) -> None:
    written = audit.canonical(value)
    assert audit.canonical(value) == written
    assert audit.canonical(json.loads(written)) == written, "reading it back and writing it again changes nothing"


@given(st.dictionaries(st.text(max_size=5), st.integers(), min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(facts: dict[str, int]) -> None:
    assert audit.canonical(dict(reversed(facts.items()))) == audit.canonical(facts)


def test_what_has_no_canonical_form_is_no_fact() -> None:
    with pytest.raises(TypeError, match="no canonical form for object"):
        audit.canonical({"a": object()})


@given(st.sampled_from(audit.FIELDS), st.text(min_size=1, max_size=4))
def test_every_field_is_in_the_hash(name: str, more: str) -> None:
    row = dict.fromkeys(audit.FIELDS, "x")
    assert audit.event_hash({**row, name: "x" + more}, "p") != audit.event_hash(row, "p") != audit.event_hash(row, "q")


def test_the_systems_chain_grows_one_by_one_under_many_writers(
    make_store: Callable[..., Any], fresh_database_url: str
) -> None:
    store = make_store(fresh_database_url)
    actor = Actor(1, "system", "系统", frozenset(), system=True)

    def write() -> None:
        for _ in range(6):
            with store.writing() as session:
                audit.record(session, actor, kind="test:noted", payload={})

    threads = [threading.Thread(target=write) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        seqs = list(
            session.scalars(
                select(Event.seq).where(Event.chain == "system", Event.kind == "test:noted").order_by(Event.seq)
            )
        )
    assert seqs == list(range(seqs[0], seqs[0] + 30))
    assert verify(store)[1] == []


def test_while_people_work_nobody_is_accused(make_store: Callable[..., Any], fresh_database_url: str) -> None:
    town = settle(make_store(fresh_database_url))
    done = threading.Event()
    wrong: list[Finding] = []

    def look() -> None:
        while not done.is_set():
            wrong.extend(verify(town.store)[1])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(3):
            life = town.life()
            with clock.frozen(START):
                cases.perform(
                    town.store, town.people["desk"], life.case_no, "recognition", "file", facts={"applicant": "worker"}
                )
                for n in range(6):
                    paper = ["application", "employment_proof", "diagnosis"][n % 3]
                    cases.perform(
                        town.store, town.people["desk"], life.case_no, "recognition", "add_papers", papers=[paper]
                    )
    finally:
        done.set()
        looking.join()
    assert wrong == []


def test_appending_needs_the_last_link(guarded: Lived) -> None:
    actor = Actor(1, "system", "系统", frozenset(), system=True)
    with pytest.raises(DatabaseError), guarded.town.store.writing() as session:
        audit.append(session, Link(1, "wrong"), guarded.life.case_no, actor, kind="x:y", payload={})
