"""How a clock of the definition becomes days: version, kind, cap, open questions, promise, and the explanation. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from workflow import daycount
from workflow.daycount import AtMost, Calendar, Due, NextVersion, Pause
from workflow.definition.model import ClockDef, DatedSpan, Definition
from workflow.permissions import PARTY_OWNERS

LEFT_OUT = "扣除"


class Reckoning:
    """The reckoning half of a ClockBook: what it needs stands in the book's own fields."""

    definition: Definition
    calendar: Calendar
    dates: Mapping[str, date]
    unconfirmed_count: bool

    def _start_of(self, clock: ClockDef) -> str:
        """The date fact a clock runs from: its own, or the one an open legal question has been answered with."""
        chosen = clock.depends.starts.get(self.definition.answer(clock.depends.question)) if clock.depends else None
        return chosen or clock.start

    def _reckon(self, clock: ClockDef, row: dict[str, Any], pauses: Sequence[Pause]) -> Due:
        """The end of one run under the version the selecting date names, with its kind, cap and the open questions."""
        start: date = row["start_on"]
        if clock.until:
            return daycount.fixed(row["unrolled_on"] or row["due_on"], calendar=self.calendar, law=row["law"])
        if clock.kind == "start_month":
            return daycount.next_month(start, calendar=self.calendar, law=row["law"])
        dated = self._dated(clock, start)
        span = clock.remind if dated is None else dated.span
        assert span is not None
        row["span"] = str(span)
        if dated is not None and dated.law:
            row["law"] = dated.law
        # a version whose text was not read cites nothing, least of all the article that came after it
        unread = dated is not None and dated.unverified and not dated.law
        cap, capped = clock.at_most, self.dates.get(clock.at_most.start) if clock.at_most else None
        return daycount.reckon(
            span, start, calendar=self.calendar, pauses=pauses, extend_days=row["extend_days"], law="" if unread else row["law"],
            kind=clock.kind, roll=self._rolls(clock), shorter=self._shorter(clock, start),
            at_most=AtMost(cap.within, capped, cap.law, self.definition.dates[cap.start]) if cap and capped else None,
        )  # fmt: skip

    def _dated(self, clock: ClockDef, start: date) -> DatedSpan | None:
        """The version of the length; None for a reminder."""
        if clock.remind:
            return None
        return (
            self._version(clock, start) or clock.within[-1]
        )  # a row begun under an older file keeps the newest length

    def _in_force(self, clock: ClockDef, start: date) -> bool:
        """Whether the file has a length for that day (BN-REIMB before 2023-12-01 has none)."""
        return not clock.within or self._version(clock, start) is not None

    def _version(self, clock: ClockDef, start: date) -> DatedSpan | None:
        """The version the selecting date names: the start, unless the file says which."""
        return clock.dated_on(self.dates.get(clock.version_by, start))

    def _shorter(self, clock: ClockDef, start: date) -> NextVersion | None:
        """The length that takes over while the run is under way, where an open question was answered with the shorter one."""
        asked = clock.depends.question if clock.depends else ""
        if not asked or self.definition.answer(asked) != "shorter":
            return None
        later = next((d for d in clock.within if d.since and d.since > start), None)
        return NextVersion(later.span, later.since, later.law or clock.law) if later and later.since else None

    def _rolls(self, clock: ClockDef) -> bool:
        """Whether a last day that is a rest day rolls; for authorities that is an open question."""
        return clock.owner in PARTY_OWNERS or self.definition.answer("authority_rollover") != "unrolled"

    def _pauses(self, row: Mapping[str, Any]) -> list[Pause]:
        """The ended pauses; whether the day a suspension ends counts is an open question, days left out by name end as named."""
        boundary = (
            daycount.NOT_COUNTED if self.definition.answer("pause_boundary") == "not_counted" else daycount.COUNTS
        )
        ended = [Pause(date.fromisoformat(a), date.fromisoformat(b), g) for a, b, g in row["pauses"] if b]
        left_out = [p for p in ended if p.ground.startswith(LEFT_OUT)]
        return [*left_out, *daycount.bounded([p for p in ended if p not in left_out], boundary)]

    def _preface(self, clock: ClockDef, row: Mapping[str, Any]) -> list[str]:
        start = self._start_of(clock)
        lines = [f"起算：{self.definition.dates.get(start, start)} {row['start_on']}。"]
        if not clock.legal:
            lines.append("内部提醒：法律没有规定天数，只提醒，没有法律后果。")
        if clock.unverified:
            lines.append(f"待核实：{clock.unverified}")
        if clock.depends and (asked := self.definition.questions.get(clock.depends.question)):
            said = asked.choices.get(asked.use, asked.use)
            lines.append(f"没有定论：{asked.label}。这里按“{said}”（可信度 {asked.confidence}，{asked.law}）。")
        dated = self._dated(clock, row["start_on"]) if clock.version_by or len(clock.within) > 1 else None
        if dated is not None:
            chosen = self.definition.dates.get(clock.version_by or clock.start, clock.start)
            lines.append(
                f"适用的版本按{chosen}确定：{dated.span}。{f'待核实：{dated.unverified}' if dated.unverified else ''}"
            )
        return lines

    def _promised(
        self, clock: ClockDef, start: date, pauses: Sequence[Pause], due_on: date
    ) -> tuple[date | None, date]:
        """The office's promise and the day that counts: the earlier of law and promise."""
        if clock.promise is None:
            return None, due_on
        promised = daycount.reckon(clock.promise.within, start, calendar=self.calendar, pauses=pauses).due_on
        counts = clock.promise.confirmed or self.unconfirmed_count
        return promised, min(due_on, promised) if counts else due_on
