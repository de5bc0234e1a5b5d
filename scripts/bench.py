"""make bench: durable acts per second against a bare sqlite3 loop that does the same writes, and other measured times.

The floor is exact: the writes of a run are recorded statement by statement and replayed through sqlite3 on a copy of the same
database, with the same commits and the same safety settings. Everything is measured in one run; ratios count, not seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, select

from workflow import accounts, cases, clock, demo, firing, identity, setup
from workflow.models import Clock, table
from workflow.settings import from_environment
from workflow.store import PRAGMAS, Store

ROUNDS = 3
ACTS: tuple[tuple[str, str, dict[str, str], list[str]], ...] = (
    ("qianqi-desk", "file", {"applicant": "worker"}, demo.ALL_PAPERS),
    ("qianqi-approver", "accept", {}, []),
    ("qianqi-officer", "propose", {"opinion": "recognise", "findings": demo.FINDINGS, "exclusion": "no"}, []),
    ("qianqi-approver", "suspend", {"suspension_kind": "judicial", "ground": "等待仲裁", "awaited": "裁决书"}, []),
    ("qianqi-approver", "resume", {"document_received": "裁决书", "ground": "已收到"}, []),
    ("qianqi-approver", "recognise", {}, []),
    ("qianqi-desk", "deliver", {"addressee": "worker", "way": "direct", "received_on": ""}, []),
    ("qianqi-desk", "deliver", {"addressee": "employer", "way": "post", "received_on": ""}, []),
)
"""One recognition from filing to the last delivery: three documents, two matters opened, clocks started, paused, resumed."""


def make_store(folder: Path) -> Store:
    settings = from_environment({"GREENCHANNEL_ENV": "demo", "GREENCHANNEL_DATA_DIR": str(folder)})
    return Store(settings)


def base(folder: Path, n: int) -> list[str]:
    """A demonstration database with `n` fresh cases; their numbers."""
    from documents.kinds import document_check

    store = make_store(folder)
    store.check_document = document_check
    setup.init_db(store)
    demo.fill(store)
    desk = demo.players(store)["qianqi-desk"]
    numbers = []
    for i in range(n):
        born = date(1950, 1, 1) + timedelta(days=i % 15000)
        form = {
            "name": f"测试{i}", "id_number": identity.make(identity.DEMO_REGION, born, i // 15000 + 100), "employer": demo.EMPLOYER,
            "disease": "矽肺壹期", "diagnosed_on": (clock.today() - timedelta(days=10)).isoformat(), "certificate_no": f"测{i}",
            "institution": "演示", "phone": "0478-0000001", "occupation": "采掘", "insured": "yes",
        }  # fmt: skip
        numbers.append(cases.open_case(store, desk, form)["case_no"])
    store.close()
    _checkpoint(folder)
    return numbers


def _checkpoint(folder: Path) -> None:
    with sqlite3.connect(folder / "greenchannel.db") as raw:
        raw.execute("pragma wal_checkpoint(truncate)")


def copy_of(folder: Path, name: str) -> Path:
    made = folder.parent / name
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(folder, made)
    return made


def walk(store: Store, numbers: list[str]) -> int:
    """Every act on every case; the number of acts."""
    people, today = demo.players(store), clock.today().isoformat()
    for number in numbers:
        for who, action, facts, papers in ACTS:
            given = {k: v or today for k, v in facts.items()}
            cases.perform(store, people[who], number, "recognition", action, facts=given, papers=papers)
    return len(numbers) * len(ACTS)


def recorded(folder: Path, numbers: list[str]) -> list[list[tuple[str, Any, bool]]]:
    """The writes of a walk, transaction by transaction."""
    from documents.kinds import document_check

    store = make_store(folder)
    store.check_document = document_check
    done: list[list[tuple[str, Any, bool]]] = []
    now: list[tuple[str, Any, bool]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE"):
            now.append((statement, parameters, many))

    def commit(_c: Any) -> None:
        if now:
            done.append(list(now))
        now.clear()

    event.listen(store.engine, "before_cursor_execute", note)
    event.listen(store.engine, "commit", commit)
    walk(store, numbers)
    store.close()
    return done


def replay(folder: Path, writes: list[list[tuple[str, Any, bool]]]) -> float:
    """Seconds the same writes take through sqlite3 alone."""
    raw = sqlite3.connect(folder / "greenchannel.db", isolation_level=None)
    for pragma in PRAGMAS:
        raw.execute(f"pragma {pragma}").fetchall()
    began = time.perf_counter()
    for transaction in writes:
        raw.execute("begin immediate")
        for statement, parameters, many in transaction:
            raw.executemany(statement, parameters) if many else raw.execute(statement, parameters)
        raw.execute("commit")
    spent = time.perf_counter() - began
    raw.close()
    return spent


def acts_per_second(folder: Path, n: int) -> dict[str, Any]:
    """Durable acts per second of perform(), and in a ratio to the floor."""
    from documents.kinds import document_check

    home = folder / "base"
    home.mkdir()
    numbers = base(home, n)
    writes = recorded(copy_of(home, "recorded"), numbers)
    engine, floor = [], []
    for _ in range(ROUNDS):
        store = make_store(copy_of(home, "engine"))
        store.check_document = document_check
        walk_first = numbers[:2]
        walk(store, walk_first)  # warm: definitions, calendar, compiled statements
        began = time.perf_counter()
        acts = walk(store, numbers[2:])
        engine.append(acts / (time.perf_counter() - began))
        store.close()
        floor.append(len(writes) / replay(copy_of(home, "floor"), writes))
    a, b = statistics.median(engine), statistics.median(floor)
    return {"acts_per_second": round(a), "floor_per_second": round(b), "ratio": round(a / b, 3), "writes_per_act": round(
        sum(len(t) for t in writes) / len(writes), 1)}  # fmt: skip


def firing_time(folder: Path, clocks: int, due: int) -> dict[str, Any]:
    """`work --once` with many open clocks: an idle round, and one in which some are due."""
    home = folder / "firing"
    home.mkdir()
    store = make_store(home)
    setup.init_db(store)
    demo.fill(store)
    today = clock.today()
    with store.writing() as session:
        row = dict(
            session.execute(
                select(table(Clock)).where(Clock.state == "running", Clock.legal, Clock.name == "decide").limit(1)
            )
            .mappings()
            .one()
        )
        row.pop("id")
        start = session.scalar(select(func.count()).select_from(Clock)) or 0
        many = [
            {**row, "name": "decide", "addressee": f"x{start + i}", "due_on": today + timedelta(days=60), "near_on": today + timedelta(days=50),
             "fire_on": today + timedelta(days=50) if i >= due else today, "fire_stage": "near", "expired_on": None}
            for i in range(clocks)
        ]  # fmt: skip
        session.execute(insert(table(Clock)), many)
    firing.run_once(store, 0)
    began = time.perf_counter()
    fired = firing.run_once(store)
    busy = time.perf_counter() - began
    idle = min(_timed(lambda: firing.run_once(store)) for _ in range(5))
    store.close()
    return {"open_clocks": clocks, "fired": fired, "fired_seconds": round(busy, 2), "us_per_fired": round(busy / max(fired, 1) * 1e6),
            "idle_ms": round(idle * 1000, 2)}  # fmt: skip


def documents_time() -> dict[str, Any]:
    """A one-page document in a warm process."""
    from documents import render

    facts = json.loads((Path("documents/specimens/recognition.json")).read_text("utf-8"))
    render("recognition", facts)
    return {"warm_ms": round(statistics.median(_timed(lambda: render("recognition", facts)) for _ in range(10)) * 1000)}


def worklist_time(folder: Path, n: int) -> dict[str, Any]:
    """Server time of the worklist and of the supervisor's board with many cases."""
    from tests.many_cases import add_cases
    from web.app import create_app

    home = folder / "worklist"
    home.mkdir()
    store = make_store(home)
    setup.init_db(store)
    demo.fill(store)
    add_cases(store, n)
    app = create_app(store.settings, store)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    told: dict[str, Any] = {"cases": n}
    for username, path in (
        ("city-agency", "/work?mine=0"),
        ("qianqi-desk", "/work"),
        ("city-supervisor", "/oversight/"),
    ):
        client = app.test_client()
        client.post("/login", data={"username": username, "password": accounts.DEMO_ACCOUNTS[0].password})
        if client.get(path).status_code != 200:
            raise RuntimeError(f"{path} did not answer")
        told[f"{username} {path} ms"] = round(
            statistics.median(_timed(partial(client.get, path)) for _ in range(15)) * 1000, 1
        )
    return told


def proof_time() -> dict[str, Any]:
    """One proof of the whole process file (aim: under 10 s), and refusing the files made to cost (aim: under a second each)."""
    from tests.hostile import COSTLY
    from workflow.definition import DefinitionFaults, load, loads
    from workflow.prover import prove

    states = load(Path(__file__).resolve().parent.parent / "states.yaml")
    began = time.perf_counter()
    proof = prove(states)
    told: dict[str, Any] = {"proof s": round(time.perf_counter() - began, 2), "ok": proof.ok, **proof.explored}
    spent = {}
    for name, text in COSTLY.items():
        began = time.process_time()
        with contextlib.suppress(DefinitionFaults):
            loads(text)
        spent[name] = round(time.process_time() - began, 2)
    return told | {"slowest refusals s": dict(sorted(spent.items(), key=lambda item: -item[1])[:5])}


def _timed(what: Callable[[], Any]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--cases", type=int, default=200, help="cases walked through eight acts each")
    p.add_argument("--clocks", type=int, default=100_000)
    p.add_argument("--list", type=int, default=20_000, help="cases behind the worklist page")
    p.add_argument("--only", choices=("acts", "firing", "documents", "worklist", "proof"))
    args = p.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="greenchannel-bench-", dir=os.environ.get("TMPDIR")))
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "acts": lambda: acts_per_second(folder, args.cases), "firing": lambda: firing_time(folder, args.clocks, 2000),
        "documents": documents_time, "worklist": lambda: worklist_time(folder, args.list),
        "proof": proof_time,
    }  # fmt: skip
    try:
        for name, part in parts.items():
            if args.only in (None, name):
                print(json.dumps({name: part()}, ensure_ascii=False), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    raise SystemExit(main())
