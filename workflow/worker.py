"""The worker process: due clocks, print orders, messages; several may run on one database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from workflow import clock, firing, holidays, outbox
from workflow.errors import BadInput, Refused
from workflow.models import Meta
from workflow.outbox import Channel, Printer
from workflow.store import Store

PAUSE = 2.0
"""Seconds between two looks of the running process."""
AWAY = 10.0
"""Seconds to the next look when the database could not be used."""


def once(store: Store, channel: Channel, printer: Printer) -> dict[str, Any]:
    """One round: fire what is due, then print and send until nothing is waiting; the counts."""
    holidays.finish(store)  # dates a notice has moved come before what they let fall due
    fired = firing.run_once(store)
    total: dict[str, int] = {"printed": 0, "sent": 0, "failed": 0}
    while any((counts := outbox.run_once(store, channel, printer)).values()):
        total = {k: total[k] + counts[k] for k in total}
    _heartbeat(store)
    return {"fired": fired, **total}


def loop(store: Store, channel: Channel, printer: Printer, stop: threading.Event, report: Callable[[dict[str, Any]], None],
         trouble: Callable[[str], None]) -> None:  # fmt: skip
    """Rounds until `stop` is set. A database that is away or busy is waited for: `trouble` is told in a sentence."""
    while not stop.is_set():
        try:
            counts = once(store, channel, printer)
        except OperationalError as error:
            trouble(f"数据库暂时用不了，{AWAY:.0f} 秒后再试：{error.orig}")
            stop.wait(AWAY)
            continue
        if any(counts.values()):
            report(counts)
        stop.wait(PAUSE)


def rehearsed(store: Store, text: str) -> datetime:
    """The moment `--at` names. Raises BadInput for what is no moment, Refused where the database is not marked for rehearsal."""
    if not store.rehearsal:
        raise Refused("只有演示或测试用的数据库可以预演别的日子（--at）。这个数据库里是真的案件，请去掉 --at。")
    return moment(text)


def moment(text: str) -> datetime:
    """`2026-12-01` (nine in the morning) or `2026-12-01T15:30`, in the time of Bayannur. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"“{text}”不是日期时间。请写成 2026-12-01 或 2026-12-01T15:30。") from error
    if len(text) <= 10:
        at = at.replace(hour=9)
    return at if at.tzinfo else at.replace(tzinfo=clock.SHANGHAI)


def _heartbeat(store: Store) -> None:
    with store.writing() as session:
        session.execute(update(Meta).where(Meta.name == "heartbeat").values(value=clock.now().isoformat()))


def last_seen(store: Store) -> str:
    """When a worker process last finished a round (ISO, UTC); '' when none ever did."""
    with store.reading() as session:
        row = session.get(Meta, "heartbeat")
        return row.value if row else ""
