"""Due clocks: the worker process warns when a day comes near, and warns, escalates or marks when it has passed.

`fire_on <= today`, no other filter. Whether a clock is overdue never depends on this: a stopped worker process delays
messages, not the law.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow import audit, clock
from workflow.audit import Link
from workflow.cases import outward
from workflow.cases.act import Act
from workflow.cases.load import load
from workflow.cases.outward import LONGEST
from workflow.cases.tasks import KIND as TASK
from workflow.deadlines import next_round, placed_day, summarize, write_counters
from workflow.definition.model import ClockDef
from workflow.errors import Stopped
from workflow.guards import ADVICE, MARKS, WAITS
from workflow.models import Base, Case, Clock, Matter, Office, Outbox, Task, table
from workflow.permissions import PARTIES
from workflow.setup import machine_account
from workflow.situation import Actor
from workflow.store import Store
from workflow.todo import new_task

BATCH = 500
_clocks = table(Clock)
_due = (
    select(
        Clock.id, Clock.case_id, Clock.matter_id, Clock.office_id, Clock.name, Clock.code, Clock.label, Clock.owner, Clock.addressee,
        Clock.legal, Clock.law, Clock.due_on, Clock.effective_on, Clock.fire_on, Clock.fire_stage, Clock.start_on, Clock.near_on, Clock.kept_id,
        Clock.provisional, Clock.expired_on,
        Case.case_no, Case.definition_id, Office.code.label("office_code"), Matter.addressee.label("party"),
    )
    .join(Case, Case.id == Clock.case_id)
    .join(Matter, Matter.id == Clock.matter_id)
    .join(Office, Office.id == Clock.office_id)
    .where(Clock.fire_on <= bindparam("today"))
    .order_by(Clock.fire_on, Clock.id)
    .limit(BATCH)
)  # fmt: skip
_next = (
    update(_clocks)
    .where(
        _clocks.c.id == bindparam("key"),
        _clocks.c.fire_on == bindparam("seen"),
        _clocks.c.fire_stage == bindparam("stage"),
    )
    .values(
        {c: bindparam("new_" + c) for c in ("fire_on", "fire_stage", "expired_on", "due_on", "effective_on", "near_on")}
    )
)
_live = (
    select(
        Clock.matter_id, Clock.state, Clock.kind, Clock.owner, Clock.legal, Clock.due_on, Clock.effective_on, Clock.near_on, Case.opened_at,
        Case.source["way"].as_string().label("way"),
    )
    .join(Case, Case.id == Clock.case_id)
    .where(Clock.matter_id.in_(bindparam("matters", expanding=True)), Clock.state.in_(("running", "paused")))
    .order_by(Clock.id)
)  # fmt: skip


def run_once(store: Store, most_batches: int = 1000) -> int:
    """Fire every due clock in batches, each batch one transaction; the number fired."""
    fired = 0
    for _ in range(most_batches):
        with store.writing() as session:
            n = _batch(store, session)
        fired += n
        if n < BATCH:
            break
    return fired


def _batch(store: Store, session: Session) -> int:
    today = clock.today()
    rows = session.execute(_due, {"today": today}).all()
    heads = _heads(session, sorted({r.case_id for r in rows}))
    if store.postgres:  # what others committed while we waited for their cases
        rows = [r for r in session.execute(_due, {"today": today}) if r.case_id in heads]
    actor, before, dead = machine_account(session, "system"), dict(heads), _dead(session, list(heads))
    _refresh(
        session, {row.matter_id for row in rows if _fire(store, session, row, today, actor, heads, row.case_id in dead)}
    )
    for case_id, link in heads.items():
        if link != before[case_id]:
            session.execute(update(Case).where(Case.id == case_id).values(head_seq=link.seq, head_hash=link.hash))
    return len(rows)


def _dead(session: Session, case_ids: Sequence[int]) -> set[int]:
    """The cases whose worker has died: nobody writes to him any more."""
    died = Matter.facts["died_on"].as_string().is_not(None)
    return set(session.scalars(select(Matter.case_id).where(Matter.case_id.in_(case_ids), died)))


def _heads(session: Session, case_ids: Sequence[int]) -> dict[int, Link]:
    """Where the chains of these cases end. The case is locked before its clocks, as in every act: two orders would deadlock."""
    query = (
        select(Case.id, Case.head_seq, Case.head_hash).where(Case.id.in_(case_ids)).order_by(Case.id).with_for_update()
    )
    return {r.id: Link(r.head_seq, r.head_hash) for r in session.execute(query)}


def _refresh(session: Session, matters: set[int]) -> None:
    """A repeated reminder has a new day: the counters kept on these matters (days and whose ball) follow their clocks.

    The matters are those of one batch, so their number is bounded; other expiries leave every counter as it is.
    """
    if not matters:
        return
    clocks: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in session.execute(_live, {"matters": sorted(matters)}).mappings():
        clocks[row["matter_id"]].append(dict(row))
    kept = [
        {"key": key, **summarize(rows, placed_day(rows[0]["way"], rows[0]["opened_at"]))}
        for key, rows in clocks.items()
    ]  # fmt: skip
    if kept:  # an act of the same batch may have ended the last of their clocks
        session.execute(write_counters, kept)


def _fire(
    store: Store, session: Session, row: Any, today: date, actor: Actor, heads: dict[int, Link], died: bool
) -> bool:
    """Fire one clock; whether it is a reminder that got its next day."""
    definition = store.definition(session, row.kept_id or row.definition_id)
    known = definition.clocks.get(row.name)
    near = row.fire_stage == "near" and today <= row.due_on
    changes: dict[str, Any] = {"fire_on": None, "fire_stage": "", "expired_on": None, "due_on": row.due_on,
                               "effective_on": row.effective_on, "near_on": row.near_on}  # fmt: skip
    repeated = row.fire_stage == "remind" and known is not None and known.repeat
    if near:
        changes |= {"fire_on": row.due_on + timedelta(days=1), "fire_stage": "late"}
    elif repeated and known is not None:
        again = next_round(known, row.due_on, today, store.calendar(session))
        changes |= {"expired_on": row.expired_on or today, "fire_on": again, "fire_stage": "remind"}
        changes |= {"due_on": again, "effective_on": again, "near_on": again}
    else:
        changes["expired_on"] = today
    taken = session.execute(
        _next,
        {"key": row.id, "seen": row.fire_on, "stage": row.fire_stage, **{f"new_{k}": v for k, v in changes.items()}},
    )
    if taken.rowcount != 1 or known is None:  # type: ignore[attr-defined]
        return False
    _tell(store, session, row, known, definition.people, near, died)
    if not near:  # coming near is only a message
        _record(session, row, known, changes["due_on"], today, actor, heads)
        if known.on_expiry.act:
            _let_happen(store, session, row, known, actor, heads)
    return bool(repeated)


def _let_happen(
    store: Store, session: Session, row: Any, known: ClockDef, actor: Actor, heads: dict[int, Link]
) -> None:
    """What the cited rule lets happen by itself at expiry (公告期满即视为送达, 救济期限届满): an act of the system.

    One that only has to wait is left for the next occasion; any other refusal becomes a task with its reasons.
    """
    loaded = load(store, session, row.case_no)
    loaded.head = heads[row.case_id]
    matter = next(m for m in loaded.matters if m.id == row.matter_id)
    action = loaded.place(matter)[1].actions.get(known.on_expiry.act)
    if action is None:
        return  # the matter has gone on meanwhile
    due = row.due_on.isoformat()
    told = {action.on: due} if action.on else {}
    if action.each:
        told = {"addressee": row.addressee, "way": "public", "received_on": due}
    try:
        with session.begin_nested():
            Act(loaded, actor, matter, action.name).run(told, [])
    except Stopped as stopped:
        if not all(r.code == WAITS for r in stopped.reasons):
            text = f"“{row.label}”届满后没有办成“{action.label}”：{'；'.join(stopped.sentences())}"
            task = new_task(
                case_id=row.case_id, matter_id=row.matter_id, office_id=row.office_id, kind=TASK,
                owner=known.on_expiry.escalate or "supervisor", text=text[:300], key=f"undone:{row.id}:{due}",
            )  # fmt: skip
            _ignore_known(store, session, Task, [task])
        return
    heads[row.case_id] = loaded.head


def _tell(
    store: Store, session: Session, row: Any, known: ClockDef, people: Mapping[str, str], near: bool, died: bool
) -> None:
    """Near: the owner. Expired: those the file warns, and the supervisor as a task (督办)."""
    if near:
        to, what = [_owner(row, known)], f"将于{row.due_on}届满"
    elif row.legal:
        to, what = list(known.on_expiry.warn), f"已于{row.due_on}届满"
    else:
        to, what = list(known.on_expiry.warn), "内部提醒"
    if row.provisional:
        what += "（日期暂估）"
    text = f"【绿通】案件{row.case_no}“{row.label}”{what}。"[:LONGEST]
    advice = "" if near else ADVICE.get(known.on_expiry.mark, "")
    advised = f"{text}{advice}。" if advice and len(text) + len(advice) < LONGEST else text
    stage = "near" if near else "expired"
    rows = [
        {"key": f"clock:{row.id}:{stage}:{row.due_on}:{who}", "kind": "message", "case_id": row.case_id,
         "to": outward.address(who, row.office_code), "text": advised if who in PARTIES else text, "payload": {"clock": row.id},
         "state": "waiting", "tries": 0, "error": "", "next_at": clock.now(), "done_at": None}
        for who in (outward.side(w, row.party) for w in to) if not (died and who == "worker")
    ]  # fmt: skip
    _ignore_known(store, session, Outbox, rows)
    if not near and known.on_expiry.escalate:
        word = "法定时限已过" if row.legal else "内部提醒到期"
        law = f"（{row.law}）" if row.law else ""
        task = new_task(
            case_id=row.case_id, matter_id=row.matter_id, office_id=row.office_id, kind="press", owner=known.on_expiry.escalate,
            text=f"督办：“{row.label}”{word}，{row.due_on} 届满，责任人：{people.get(row.owner, row.owner)}{law}",
            key=f"press:{row.id}:{row.due_on}",
        )  # fmt: skip
        _ignore_known(store, session, Task, [task])


def _owner(row: Any, known: ClockDef) -> str:
    """Whose turn it is: of a party's own period the party it runs for."""
    return str(row.addressee) if row.addressee and known.owner in PARTIES else known.owner


def _ignore_known(store: Store, session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        make = (postgresql if store.postgres else sqlite).insert(table(model))
        session.execute(make.on_conflict_do_nothing(), list(rows))


def _record(
    session: Session, row: Any, known: ClockDef, next_due: date, today: date, actor: Actor, heads: dict[int, Link]
) -> None:
    """One event in the case's chain for what follows an expiry; `next_due` is the clock's day from now on."""
    mark = known.on_expiry.mark
    payload = {
        "clock": row.name, "code": row.code, "addressee": row.addressee, "start_on": row.start_on, "due_on": row.due_on,
        "next_due": next_due, "legal": row.legal,
        "warned": list(known.on_expiry.warn), "escalated": known.on_expiry.escalate, "mark": mark,
        "mark_text": MARKS.get(mark, ""), "law": known.on_expiry.law, "route": known.on_expiry.route,
    }  # fmt: skip
    heads[row.case_id] = audit.append(
        session, heads[row.case_id], row.case_no, actor, kind="clock:expired" if row.legal else "clock:reminded", payload=payload, on=today,
        label=f"{row.label}：{'时限届满' if row.legal else '内部提醒'}", case_id=row.case_id, matter_id=row.matter_id,
    )  # fmt: skip
