"""Messages and print orders: claimed, carried out after the commit, kept with their error, tried again, never dropped silently."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow import clock
from workflow.errors import NotFound, Stopped
from workflow.models import Case, Employer, Outbox, Task, Worker, table
from workflow.store import Store
from workflow.todo import new_task

MOST_TRIES = 8
LEASE = timedelta(minutes=5)
Printer = Callable[[Mapping[str, Any]], str]
"""Carries out one print order (payload: instrument id, part) and returns what it did in words; set by the layer above."""


class Channel(Protocol):
    """One way to send a message; e-mail and SMS will be others. Raises OSError (try again) or Stopped (will never work)."""

    def send(self, to: str, text: str, key: str) -> None: ...


class LogFile:
    """The one channel for now: a line of JSON per message in the data folder. Sending the same key twice writes it twice;
    the key lets a reader see it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, to: str, text: str, key: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": clock.now().isoformat(), "to": to, "text": text, "key": key}, ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def run_once(store: Store, channel: Channel, printer: Printer, most: int = 200) -> dict[str, int]:
    """Carry out what is due, at most `most` rows; counts of {"printed", "sent", "failed"}."""
    counts = {"printed": 0, "sent": 0, "failed": 0}
    for row_id in _waiting(store, most):
        row = _claim(store, row_id)
        if row is not None:
            _carry_out(store, row, channel, printer, counts)
    return counts


def _waiting(store: Store, most: int) -> list[int]:
    with store.reading() as session:
        return list(
            session.scalars(
                select(Outbox.id)
                .where(Outbox.state == "waiting", Outbox.next_at <= clock.now())
                .order_by(Outbox.next_at, Outbox.id)
                .limit(most)
            )
        )


def _claim(store: Store, row_id: int) -> Outbox | None:
    """Take one row for a few minutes: a worker that dies gives it back by itself. Compare-and-set, right on both databases."""
    now = clock.now()
    with store.writing() as session:
        taken = session.execute(
            update(Outbox)
            .where(Outbox.id == row_id, Outbox.state == "waiting", Outbox.next_at <= now)
            .values(next_at=now + LEASE, tries=Outbox.tries + 1)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return session.get_one(Outbox, row_id)


def _carry_out(store: Store, row: Outbox, channel: Channel, printer: Printer, counts: dict[str, int]) -> None:
    try:
        if row.kind == "print":
            printer(row.payload)
            counts["printed"] += 1
        else:
            channel.send(_address(store, row), row.text, row.key)
            counts["sent"] += 1
    except Stopped as stopped:
        _failed(store, row, str(stopped), final=True)
        counts["failed"] += 1
    except Exception as error:
        _failed(store, row, f"{type(error).__name__}: {error}", final=row.tries >= MOST_TRIES)
        counts["failed"] += 1
    else:
        _done(store, row)


def _done(store: Store, row: Outbox) -> None:
    with store.writing() as session:
        session.execute(update(Outbox).where(Outbox.id == row.id).values(state="done", done_at=clock.now(), error=""))
        if row.error:  # it had failed before: the task that failure left is done with it
            session.execute(
                update(Task)
                .where(Task.key == _task_key(row), Task.done_at.is_(None))
                .values(done_at=clock.now(), done_by="系统")
            )


def _address(store: Store, row: Outbox) -> str:
    """Where it goes: the telephone of worker or employer; a role at an office is its own address."""
    query, label = {
        "worker": (select(Worker.phone).join(Case, Case.worker_id == Worker.id), "职工"),
        "employer": (select(Employer.phone).join(Case, Case.employer_id == Employer.id), "用人单位"),
    }.get(row.to, (None, ""))
    if query is None:
        return row.to
    with store.reading() as session:
        phone = session.scalar(query.where(Case.id == row.case_id))
    if not phone:
        raise Stopped(f"没有{label}的联系电话，短信发不出。请窗口补录电话，并用其他办法告知。")
    return str(phone)


def _failed(store: Store, row: Outbox, why: str, final: bool) -> None:
    """Keep the error on the row; what will never work becomes a task for a person."""
    wait = timedelta(minutes=min(2**row.tries, 240))
    with store.writing() as session:
        session.execute(
            update(Outbox).where(Outbox.id == row.id)
            .values(error=why, state="failed" if final else "waiting", next_at=clock.now() + wait)
        )  # fmt: skip
        if final and row.case_id is not None:
            _ask_a_person(store, session, row, why)


def _ask_a_person(store: Store, session: Session, row: Outbox, why: str) -> None:
    """One task for a row that will not go out by itself; the same one again where it fails once more."""
    case = session.get_one(Case, row.case_id)
    what = "文书没有打印成" if row.kind == "print" else "消息没有发出"
    text = f"{what}：{why}"[:300]
    task = new_task(
        case_id=case.id,
        matter_id=None,
        office_id=case.office_id,
        kind="outbox",
        owner="desk",
        text=text,
        key=_task_key(row),
    )
    make = (postgresql if store.postgres else sqlite).insert(table(Task)).values(task)
    session.execute(
        make.on_conflict_do_update(index_elements=["key"], set_={"text": text, "done_at": None, "done_by": ""})
    )


def _task_key(row: Outbox) -> str:
    return f"outbox:{row.key}"[:120]


def retry(store: Store, row_id: int) -> None:
    """Put a failed row back to be tried again (after a person cured the cause). Raises NotFound."""
    with store.writing() as session:
        taken = session.execute(
            update(Outbox)
            .where(Outbox.id == row_id, Outbox.state == "failed")
            .values(state="waiting", tries=0, next_at=clock.now())
            .returning(Outbox.id)
        ).first()
        if taken is None:
            raise NotFound(f"没有编号为 {row_id} 的失败消息或打印。用 greenchannel outbox list 看现有的。")


def failed(store: Store) -> list[dict[str, Any]]:
    """What was given up: id, kind, case number, text, error."""
    with store.reading() as session:
        rows = session.execute(
            select(Outbox.id, Outbox.kind, Outbox.to, Outbox.text, Outbox.error, Case.case_no)
            .join(Case, Case.id == Outbox.case_id, isouter=True)
            .where(Outbox.state == "failed").order_by(Outbox.id)
        )  # fmt: skip
        return [
            {"id": r.id, "kind": r.kind, "case_no": r.case_no or "", "to": r.to, "text": r.text, "error": r.error}
            for r in rows
        ]
