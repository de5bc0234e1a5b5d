"""The live clocks follow the calendar, in batches: each case whole, in one transaction, with one event for each move.

A batch that is done twice changes nothing the second time, so an interrupted run is simply run again: by the next
`holidays add`, or by `greenchannel work`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow import audit, clock
from workflow.audit import Link
from workflow.cases import outward
from workflow.cases.load import AnyRow, Loaded, load
from workflow.daycount import Calendar
from workflow.deadlines import write_counters
from workflow.holidays import moves, years
from workflow.holidays.moves import Move, Odd, Reckoned
from workflow.holidays.years import Mark, Years
from workflow.models import Case, Office, Task, table
from workflow.setup import machine_account
from workflow.situation import Actor
from workflow.store import Store
from workflow.todo import new_task

BATCH = 50
"""Cases of one transaction: others wait for a tenth of a second at most."""
SETTLES = timedelta(minutes=5)
"""After so long no act is under way any more that had read the arrangement before: then all clocks are looked at once again."""
_cases, _tasks = table(Case), table(Task)


@dataclass
class Followed:
    """What a run did, or would do: moves, how many provisional days became certain as they stood, what a person must look at."""

    moved: list[Move] = field(default_factory=list)
    confirmed: int = 0
    odd: list[Odd] = field(default_factory=list)

    def take(self, other: Followed) -> None:
        """Add what another part did."""
        self.moved += other.moved
        self.confirmed += other.confirmed
        self.odd += other.odd

    def as_dict(self) -> dict[str, Any]:
        return {"moved": [m.as_dict() for m in moves.ordered(self.moved)], "confirmed": self.confirmed,
                "odd": [{"case_no": o.case_no, "clock": o.clock, "due_on": o.due_on.isoformat()} for o in self.odd]}  # fmt: skip


def finish(store: Store) -> Followed | None:
    """Let the clocks follow a calendar that has changed, if they have not yet; None where there was nothing to do.

    For `greenchannel work`, before due clocks are fired: two short questions when nothing has changed. A run that was
    interrupted is finished; some minutes after a change everything is looked at a second time, for acts that were under way.
    """
    with store.reading() as session:
        mark, now = years.read_mark(session), years.current(session)
    refresh(store, now)
    if years.changed(session, mark, now) is not None:
        with store.writing() as session:
            years.lock(session)
            now = years.current(session)
            if (fresh := years.changed(session, years.read_mark(session), now)) is not None:
                years.write_mark(session, fresh)
            mark = years.read_mark(session)
    assert mark is not None
    if mark.swept and (not mark.before or clock.now() < mark.changed_at + SETTLES):
        return None
    return settle(store, mark)


def settle(store: Store, mark: Mark, actor: Actor | None = None) -> Followed:
    """Bring every live clock under `mark.current` and keep that it is done. `actor`: who entered the notice (else the system)."""
    begun = clock.now()
    done = _sweep(store, mark, actor)
    with store.writing() as session:
        years.lock(session)
        kept = years.read_mark(session)
        if kept is not None and kept.current == mark.current and kept.since == mark.since:
            over = begun >= mark.changed_at + SETTLES
            years.write_mark(session, Mark(kept.current, [] if over else kept.before, kept.since, swept=True))
        if done.moved or done.odd:
            payload = {
                "moved": len(done.moved),
                "confirmed": done.confirmed,
                "odd": [[o.case_no, o.clock, o.due_on] for o in done.odd],
            }
            audit.record(session, actor or machine_account(session, "system"), kind=years.SETTLED, payload=payload,
                         label="在办时限随放假安排重算")  # fmt: skip
    return done


def refresh(store: Store, now: Years) -> None:
    """Let this process read the calendar again where it had an older one."""
    if store.calendar() != years.calendar_of(now):
        store.forget()


def would(store: Store, session: Session, before: Sequence[Years], after: Years) -> Followed:
    """What would follow, nothing written."""
    found = Followed()
    condition = moves.touching(before, after)
    if condition is None:
        return found
    offices = _offices(session)
    for case_id in moves.candidates(session, condition):
        loaded = load(store, session, _case_no(session, case_id))
        for matter, reckoned in _reckoned(loaded, before, after):
            found.take(_told(loaded, matter, reckoned, offices))
    return found


# --- inside -----------------------------------------------------------------------------------------------------------


def _sweep(store: Store, mark: Mark, actor: Actor | None) -> Followed:
    done, last = Followed(), 0
    condition = moves.touching(mark.before, mark.current)
    while condition is not None:
        with store.reading() as session:
            batch = moves.candidates(session, condition, last, BATCH)
        if not batch:
            break
        with store.writing() as session:
            who = actor or machine_account(session, "system")
            offices = _offices(session)
            for (
                case_id
            ) in batch:  # in the order of their ids, as every other batch takes them: two orders would deadlock
                loaded = load(store, session, _case_no(session, case_id), lock=True)
                done.take(_case(loaded, mark, who, offices))
        last = batch[-1]
    return done


def _case(loaded: Loaded, mark: Mark, actor: Actor, offices: Mapping[int, tuple[str, str]]) -> Followed:
    """One case brought under the arrangement: rows, counters, tasks, messages and the events of its chain."""
    found = Followed()
    head = Link(loaded.row.head_seq, loaded.row.head_hash)
    for matter, reckoned in _reckoned(loaded, mark.before, mark.current):
        told = _told(loaded, matter, reckoned, offices)
        _write(loaded, matter, [r for r in reckoned if not r.odd], years.calendar_of(mark.current))
        for move in told.moved:
            head = _record(loaded, matter, move, head, actor, mark)
            _correct(loaded, matter, move, actor, offices, head.seq)
        found.take(told)
    if head.seq != loaded.row.head_seq:
        loaded.connection.execute(
            update(_cases).where(_cases.c.id == loaded.row.id).values(head_seq=head.seq, head_hash=head.hash)
        )
    return found


def _reckoned(loaded: Loaded, before: Sequence[Years], after: Years) -> list[tuple[AnyRow, list[Reckoned]]]:
    old, new = [years.calendar_of(b) for b in before], years.calendar_of(after)
    return [(m, found) for m in loaded.matters if (found := moves.reckon(loaded.book(m), old, new))]


def _told(
    loaded: Loaded, matter: AnyRow, reckoned: Sequence[Reckoned], offices: Mapping[int, tuple[str, str]]
) -> Followed:
    sound = [r for r in reckoned if not r.odd]
    office = offices[loaded.row.office_id][1]
    return Followed(
        [moves.described(loaded, matter, r, office) for r in sound if r.moved],
        sum(not r.moved and bool(r.row["provisional"]) and not r.new["provisional"] for r in sound),
        [moves.odd(loaded, r) for r in reckoned if r.odd],
    )


def _write(loaded: Loaded, matter: AnyRow, sound: Sequence[Reckoned], calendar: Calendar) -> None:
    """The rows, and the counters of the matter that follow them."""
    book = loaded.book(matter)
    book.calendar = calendar
    for r in sound:
        row = moves.followed(r, loaded.today)
        book.recompute(r.row)
        r.row.update(row)
    book.save(loaded.connection)
    loaded.connection.execute(write_counters, {"key": matter.id, **book.summary()})


def _record(loaded: Loaded, matter: AnyRow, move: Move, head: Link, actor: Actor, mark: Mark) -> Link:
    said = move.as_dict()
    keep = ("clock", "code", "addressee", "start_on", "legal", "law", "owner", "old", "new", "days", "over")
    payload = {k: said[k] for k in keep} | {"why": why(mark)}
    return audit.append(
        loaded.connection, head, loaded.row.case_no, actor, kind="clock:moved", payload=payload,
        label=f"{move.label}：届满日随放假安排改变"[:80], definition=loaded.definition.digest, case_id=loaded.row.id, matter_id=matter.id,
    )  # fmt: skip


def why(mark: Mark) -> str:
    """The notices that changed, in words."""
    old = {y["year"]: y for years_before in mark.before for y in years_before}
    told = [f"{y['year']} 年：{y['notice']}" for y in mark.current if old.get(y["year"]) != y]
    return f"放假安排公布或者更正（{'；'.join(told)}）" if told else "放假安排公布或者更正"


def _correct(
    loaded: Loaded, matter: AnyRow, move: Move, actor: Actor, offices: Mapping[int, tuple[str, str]], seq: int
) -> None:
    """Nobody stays accused, and nobody believes a window closed, by a day that no longer holds; whether somebody who saw a
    provisional day is to blame for missing an earlier one, a person judges."""
    if move.over == "rearmed":
        known = loaded.definition.clocks.get(move.clock)
        pressed = _tasks.c.key == f"press:{move.clock_id}:{move.old.due_on}"
        closed = update(_tasks).where(pressed, _tasks.c.done_at.is_(None))
        loaded.connection.execute(closed.values(done_at=clock.now(), done_by=actor.name))
        text = f"【绿通】案件{loaded.row.case_no}“{move.label}”最后一日改为{move.new.due_on}，原届满提醒作废。"
        outward.write(loaded.connection, [
            outward.message(loaded, _address(who, matter, offices), text[: outward.LONGEST], f"moved:{loaded.row.case_no}:{seq}:{who}")
            for who in (known.on_expiry.warn if known else ()) if not (who == "worker" and loaded.died)
        ])  # fmt: skip
    elif move.over == "became_over":
        text = (f"核实：“{move.label}”最后一日随放假安排由 {move.old.due_on} 提前到 {move.new.due_on}，已经过了；"
                f"{move.owner_label}原来看到的是暂估日期，是否算超期由人判断。")  # fmt: skip
        task = new_task(
            case_id=loaded.row.id, matter_id=matter.id, office_id=loaded.row.office_id, kind="judge", owner="supervisor", text=text[:300],
            key=f"moved:{loaded.row.case_no}:{seq}",
        )  # fmt: skip
        loaded.connection.execute(_tasks.insert(), task)


def _address(who: str, matter: AnyRow, offices: Mapping[int, tuple[str, str]]) -> str:
    return outward.address(outward.side(who, matter.addressee), offices[matter.office_id][0])


def _offices(session: Session) -> dict[int, tuple[str, str]]:
    return {o.id: (o.code, o.county) for o in session.execute(select(Office.id, Office.code, Office.county))}


def _case_no(session: Session, case_id: int) -> str:
    return str(session.scalar(select(Case.case_no).where(Case.id == case_id)))
