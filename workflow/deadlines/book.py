"""The clock rows of one matter: started, paused, resumed, extended, stopped and closed with its acts.

A book is loaded, changed in memory and written back in the act's transaction. Dates come from `daycount` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from workflow import daycount
from workflow.daycount import Calendar
from workflow.deadlines.reckoning import LEFT_OUT, Reckoning
from workflow.deadlines.rows import COUNTERS, first_fire, next_round, summarize
from workflow.definition.model import ActionDef, ClockDef, Definition, StateDef
from workflow.errors import Reason, Refused
from workflow.models import Clock, Matter, table
from workflow.permissions import PARTY
from workflow.situation import ClockView

_clocks = table(Clock)
COLUMNS = [c.name for c in _clocks.columns if c.name != "id"]
CHANGING = (
    "state", "due_on", "unrolled_on", "safe_on", "promise_on", "effective_on", "near_on", "provisional", "pauses",
    "extend_days", "extensions", "explain", "fire_on", "fire_stage", "expired_on", "closed_on", "done_on", "start_on", "code", "span",
    "law",
)  # fmt: skip
_insert = insert(_clocks)
_update = update(_clocks).where(_clocks.c.id == bindparam("key")).values({c: bindparam(c) for c in CHANGING})
write_counters = (
    update(table(Matter)).where(table(Matter).c.id == bindparam("key")).values({c: bindparam(c) for c in COUNTERS})
)
"""Keeps the counters of a matter ({"key": its id, **summary}) on its row."""
_select = select(_clocks).where(_clocks.c.matter_id == bindparam("matter")).order_by(_clocks.c.id)
SETTLED = ("met", "stopped")


@dataclass
class ClockBook(Reckoning):
    """All clocks of one matter. `unconfirmed_count`: whether unconfirmed promises count (demo only); `placed_on`: see placed_day.

    `kept`: a version by its id, for clocks that go on under the one they began in.
    `party`: whose child matter it is; `dates`: the date facts known, for caps, versions and starts that depend on a question.
    """

    definition: Definition
    calendar: Calendar
    today: date
    case_id: int
    matter_id: int
    office_id: int
    unconfirmed_count: bool = False
    placed_on: date | None = None
    party: str = ""
    dates: Mapping[str, date] = field(default_factory=dict)
    kept: Callable[[int], Definition] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    _touched: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, connection: Connection | Session, **kwargs: Any) -> ClockBook:
        book = cls(**kwargs)
        book.rows = [dict(r._mapping) for r in connection.execute(_select, {"matter": book.matter_id})]
        return book

    def belong_to(self, matter_id: int) -> None:
        """Tie the rows of a new matter to it, once it has been written."""
        self.matter_id = matter_id
        for row in self.rows:
            row["matter_id"] = matter_id

    def views(self) -> tuple[ClockView, ...]:
        """The rows as guards see them."""
        return tuple(
            ClockView(r["name"], r["code"], r["state"], r["start_on"], r["due_on"], r["addressee"], r["extensions"])
            for r in self.rows
        )

    # --- what acts do -------------------------------------------------------------------------------------------

    def move(self, old: StateDef | None, new: StateDef, dates: Mapping[str, date], action: ActionDef | None = None,
             addressees: Sequence[str] = (), on: date | None = None) -> None:  # fmt: skip
        """Close what belonged to the old state (met by an act of the day `on`), start (or take up again) what belongs to the
        new one."""
        self.dates = {**self.dates, **dates}
        if old is not None and old.name != new.name:
            kept = set(new.clocks) | set(action.pause if action else ())
            for row in self._open():
                belongs = row["name"] in old.clocks and row["state"] in ("running", "unstarted")
                left_paused = row["state"] == "paused"
                if row["name"] not in kept and (
                    belongs or left_paused or (new.end and not self._outlives(row, action))
                ):
                    self._close(row, "met", on)
        entered = old is None or old.name != new.name
        for name in new.clocks:
            self.start(name, dates, addressees, entered)

    def start(self, name: str, dates: Mapping[str, date], addressees: Sequence[str] = (), entered: bool = True) -> None:
        """Start a clock by name, once per addressee where the file says so; the same start day is not started again.

        `entered`: the state is entered anew, so that a clock that was met there before is taken up again.
        """
        clock = self.definition.clocks[name]
        for addressee in addressees if clock.each else ("",):
            self._start_one(clock, dates, addressee, entered)

    def start_unknown(self, name: str, addressees: Sequence[str] = ()) -> None:
        """List a clock that cannot run because its start is not known."""
        clock = self.definition.clocks[name]
        for addressee in addressees if clock.each else ("",):
            if not any(r["name"] == name and r["addressee"] == addressee for r in self.rows):
                self._add(clock, clock.code, addressee, None, clock.law)

    def exclude(self, name: str, since: date, until: date, ground: str) -> None:
        """Leave the days from `since` up to, not including, `until` out of the running clocks of that name (扣除)."""
        for row in self._open(name):
            if row["state"] == "running":
                row["pauses"] = [*row["pauses"], [since.isoformat(), until.isoformat(), f"{LEFT_OUT}：{ground}"]]
                self._compute(row)

    def recompute(self, row: dict[str, Any]) -> None:
        """Reckon a running clock anew from what is recorded (after a holiday notice, or under another definition).

        What had been fired for a day that is still to come is armed again; a paused clock is reckoned when it resumes.
        """
        if row["state"] == "running":
            self._compute(row)
            if row["due_on"] >= self.today and row["legal"]:
                row["expired_on"] = None
            else:
                row["fire_stage"] = "late" if row["legal"] else row["fire_stage"]

    def pause(self, name: str, since: date, ground: str) -> None:
        """Pause the running clocks of that name from `since` on (half-open)."""
        for row in self._open(name):
            if row["state"] == "running":
                row["pauses"] = [*row["pauses"], [since.isoformat(), None, ground]]
                row["state"], row["fire_on"] = "paused", None
                self._touch(row)

    def resume(self, name: str, upon: date) -> None:
        """Let paused clocks of that name run again; `upon` counts again."""
        for row in self._open(name):
            if row["state"] == "paused":
                begun, _, ground = row["pauses"][-1]
                row["pauses"] = [*row["pauses"][:-1], [begun, max(begun, upon.isoformat()), ground]]
                row["state"] = "running"
                self._compute(row)

    def extend(self, name: str, given_days: int | None = None) -> None:
        """Lengthen the one run by what the law allows (or by `given_days` where the law leaves it open).

        Raises Refused when the clock does not run or may not be lengthened again.
        """
        clock = self.definition.clocks[name]
        ground = clock.extends
        rows = [r for r in self._open(name) if r["state"] == "running"]
        if not ground or not rows:
            raise Refused(Reason(f"“{clock.label}”时限现在没有在走，不能延长。", law=clock.law))
        for row in rows:
            if ground.times is not None and row["extensions"] >= ground.times:
                raise Refused(Reason(f"“{clock.label}”只能延长 {ground.times} 次，已经延长过了。", law=ground.law))
            days = ground.by.amount if ground.by else given_days
            if not days or days < 1:
                raise Refused(Reason("请填写延长的天数（大于 0 的整数）。", law=ground.law, field="extension_days"))
            row["extend_days"] += days
            row["extensions"] += 1
            self._compute(row)

    def shift(self, name: str, days: int) -> None:
        """Move the due day with a re-scheduled examination; earlier ones do not shorten, and a day already missed stays missed."""
        for row in self._open(name):
            if days > 0 and row["state"] == "running" and row["due_on"] >= self.today:
                row["extend_days"] += days
                self._compute(row)

    def stop(self, name: str, addressee: str | None = None) -> None:
        """Stop for good."""
        for row in self._open(name):
            if addressee is None or row["addressee"] == addressee:
                self._close(row, "stopped")

    def meet(self, name: str, addressee: str, on: date | None = None) -> None:
        """The duty toward one addressee is done, by an act of the day `on`."""
        for row in self._open(name):
            if row["addressee"] == addressee:
                self._close(row, "met", on)

    def fill_start(self, dates: Mapping[str, date], addressee: str | None = None) -> list[str]:
        """Start every listed clock (of one addressee, where given) whose start has become known; their labels."""
        begun = []
        for row in self.rows:
            clock = self.definition.clocks.get(row["name"])
            if addressee not in (None, row["addressee"]):
                continue
            if row["state"] == "unstarted" and clock and (start := self._start_of(clock)) in dates:
                row["start_on"], row["state"] = dates[start], "running"
                self._compute(row)
                self._quiet_if_past(row)
                begun.append(row["label"])
        return begun

    def quiet_past(self) -> None:
        """Clocks already over when a case is placed warn nobody: they are listed and judged by a person."""
        for row in self.rows:
            self._quiet_if_past(row)

    # --- what the matter shows ----------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """The counters kept on the matter row, see summarize."""
        return summarize(self.rows, self.placed_on)

    def changes(self) -> list[dict[str, Any]]:
        """What this act did to the clocks, for the audit event."""
        keep = ("name", "addressee", "code", "owner", "state", "start_on", "due_on", "extend_days", "pauses", "done_on")
        return [{k: r[k] for k in keep} for i, r in enumerate(self.rows) if i in self._touched]

    def save(self, connection: Connection | Session) -> None:
        """Write the new and the changed rows."""
        touched = [self.rows[i] for i in sorted(self._touched)]
        if new := [r for r in touched if "id" not in r]:
            connection.execute(_insert, new)
        if changed := [r for r in touched if "id" in r]:
            connection.execute(_update, [{"key": r["id"], **{c: r[c] for c in CHANGING}} for r in changed])

    # --- inside -------------------------------------------------------------------------------------------------

    def _open(self, name: str | None = None) -> Iterable[dict[str, Any]]:
        return [r for r in self.rows if r["state"] not in SETTLED and name in (None, r["name"])]

    def _outlives(self, row: Mapping[str, Any], action: ActionDef | None) -> bool:
        """A clock a delivery starts (再次鉴定 15 日) goes on after the matter itself has ended."""
        clock = self.definition.clocks.get(row["name"])
        return bool(clock and clock.each and row["state"] == "running") or bool(action and row["name"] in action.start)

    def _touch(self, row: dict[str, Any]) -> None:
        self._touched.add(next(i for i, r in enumerate(self.rows) if r is row))

    def _close(self, row: dict[str, Any], how: str, on: date | None = None) -> None:
        row["state"], row["closed_on"], row["fire_on"] = how, self.today, None
        row["done_on"] = (on or self.today) if how == "met" else None
        self._touch(row)

    def _start_one(self, clock: ClockDef, dates: Mapping[str, date], addressee: str, entered: bool) -> None:
        start, code, law = self._begins(clock, dates)
        mine = [r for r in self.rows if r["name"] == clock.name and r["addressee"] == addressee]
        live = [r for r in mine if r["state"] not in SETTLED]
        if clock.until and dates.get(clock.until) is None:
            return None  # the notice fixed no day: another clock watches
        if start and not self._in_force(clock, start):
            return None  # no length was law on that day: likewise
        if start is None:
            return None if live else self._list(clock, code, addressee, law, mine)
        same = next((r for r in mine if r["start_on"] == start), None)
        waiting = next((r for r in live if r["state"] == "unstarted"), None)
        if same is None and waiting is not None:
            waiting["start_on"], waiting["state"], waiting["code"] = start, "running", code
            return self._compute(waiting)
        for row in live:
            if row is not same:  # a later start takes the place of the one before
                self._close(row, "met")
        if same is None:
            return self._add(clock, code, addressee, start, law, dates)
        if same["state"] == "met" and entered:  # taken up again with its own dates; a stopped one stays stopped
            same["state"], same["closed_on"], same["done_on"] = "running", None, None
            if not clock.legal:
                same["expired_on"] = None  # reminded of in an earlier stay
            self._compute(same)
            self._quiet_if_past(same)
        return None

    def _begins(self, clock: ClockDef, dates: Mapping[str, date]) -> tuple[date | None, str, str]:
        """Start, code and article; what began again before the start itself belongs to an earlier round."""
        start, again = dates.get(self._start_of(clock)), clock.again
        later = dates.get(again.start) if again else None
        if again and later and (start is None or later >= start):
            return later, again.code, again.law or clock.law
        return start, clock.code, clock.law

    def _list(self, clock: ClockDef, code: str, addressee: str, law: str, mine: Sequence[dict[str, Any]]) -> None:
        """List a clock whose start is not known, the row of before where there is one."""
        listed = next((r for r in mine if r["start_on"] is None), None)
        if listed is None:
            return self._add(clock, code, addressee, None, law)
        listed["state"], listed["closed_on"] = "unstarted", None
        return self._touch(listed)

    def _add(self, clock: ClockDef, code: str, addressee: str, start: date | None, law: str,
             dates: Mapping[str, date] | None = None) -> None:  # fmt: skip
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {
            "case_id": self.case_id, "matter_id": self.matter_id, "office_id": self.office_id, "name": clock.name,
            "code": code, "label": clock.label, "owner": self._owner(clock), "addressee": addressee, "legal": clock.legal,
            "kind": clock.kind, "law": law if clock.legal else "", "state": "running" if start else "unstarted", "start_on": start, "span": "",
            "provisional": False, "pauses": [], "extend_days": 0, "extensions": 0, "explain": [], "fire_stage": "",
        }  # fmt: skip
        self.rows.append(row)
        if start:
            if clock.until:
                row["due_on"] = (dates or {}).get(clock.until)
            self._compute(row)
        self._touch(row)

    def _owner(self, clock: ClockDef) -> str:
        return self.party if clock.owner == PARTY and self.party else clock.owner

    def _compute(self, row: dict[str, Any]) -> None:
        """Due, safe, promised and near days from start, pauses and extension; the explanation with them."""
        if row["kept_id"] and self.kept:
            replace(self, definition=self.kept(row["kept_id"]), kept=None)._compute(
                row
            )  # shares the rows and what is touched
            return
        clock = self.definition.clocks[row["name"]]
        start = row["start_on"]
        pauses = self._pauses(row)
        due = self._reckon(clock, row, pauses)
        row["due_on"], row["unrolled_on"], row["safe_on"] = due.due_on, due.unrolled_on, due.safe_on
        row["provisional"], row["explain"] = due.provisional, [*self._preface(clock, row), *due.steps]
        row["promise_on"], row["effective_on"] = self._promised(clock, start, pauses, due.due_on)
        begun = start + timedelta(
            days=sum((p.until - p.since).days for p in pauses)
        )  # paused days are no part of the length
        row["near_on"] = daycount.near_day(begun, row["effective_on"], self.calendar)
        row["fire_on"], row["fire_stage"] = first_fire(clock, row)
        self._touch(row)

    def _quiet_if_past(self, row: dict[str, Any]) -> None:
        """What was over before anybody here could act is not warned of; a repeated reminder goes on with its next round."""
        if row["state"] != "running" or row["kind"] != "deadline" or row["due_on"] >= self.today:
            return
        clock = self.definition.clocks[row["name"]]
        if clock.repeat:
            day = next_round(clock, row["due_on"], self.today, self.calendar)
            row |= {"due_on": day, "effective_on": day, "near_on": day, "fire_on": day, "fire_stage": "remind"}
        else:
            row["fire_on"], row["fire_stage"], row["expired_on"] = None, "", self.today
        self._touch(row)
