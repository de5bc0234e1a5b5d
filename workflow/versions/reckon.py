"""The one place where versions touch the clock book: a clock row as a version reckons it, the row itself left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflow.daycount import Calendar
from workflow.deadlines import ClockBook, next_round
from workflow.definition.model import ClockDef, Definition

Row = dict[str, Any]
DATES = ("start_on", "due_on", "unrolled_on", "safe_on", "promise_on", "effective_on")
"""What two reckonings of a clock are compared by."""


@dataclass(frozen=True)
class Reckoner:
    """Reckons the clocks of one matter. `dates`: the date facts the matter knows; `party`: whose child matter it is."""

    definition: Definition
    calendar: Calendar
    today: date
    matter: Mapping[str, Any]
    dates: Mapping[str, date]
    unconfirmed_count: bool
    placed_on: date | None

    def book(self, rows: Sequence[Row]) -> ClockBook:
        """A book of copies of these rows."""
        m = self.matter
        return ClockBook(
            definition=self.definition, calendar=self.calendar, today=self.today, case_id=m["case_id"], matter_id=m["id"],
            office_id=m["office_id"], unconfirmed_count=self.unconfirmed_count, placed_on=self.placed_on, party=m["addressee"],
            dates=self.dates, rows=[dict(r) for r in rows],
        )  # fmt: skip

    def begins(self, clock: ClockDef, received: date | None) -> tuple[date | None, str, str]:
        """Start, code and article of a clock from the dates known; `received`: the addressee's own day of receipt."""
        dates = {**self.dates, "received_on": received} if received else self.dates
        return self.book(())._begins(clock, dates)

    def row(self, row: Row, begun: tuple[date, str, str] | None = None) -> Row:
        """A running or paused row as this version has it, everything recorded kept; `begun`: another start, code, article.

        Raises BadInput where its end lies beyond what can be reckoned.
        """
        clock = self.definition.clocks[row["name"]]
        book = self.book([row])
        (made,) = book.rows
        made |= {
            "state": "running", "kept_id": None, "label": clock.label, "owner": book._owner(clock), "legal": clock.legal, "kind": clock.kind,
            "law": row["law"] if clock.legal else "",
        }  # fmt: skip
        if begun:
            made["start_on"], made["code"], made["law"] = begun[0], begun[1], begun[2] if clock.legal else ""
        if clock.until:
            made["due_on"], made["unrolled_on"] = self.dates.get(clock.until, row["due_on"]), None
        book.recompute(made)
        if clock.repeat and made["due_on"] < self.today:
            day = next_round(clock, made["due_on"], self.today, self.calendar)
            made |= {"due_on": day, "effective_on": day, "near_on": day, "fire_on": day, "fire_stage": "remind"}
        if row["state"] == "paused":
            made |= {"state": "paused", "fire_on": None}
        return made

    def started(self, name: str, rows: Sequence[Row]) -> list[Row]:
        """The rows a clock that is new to the matter's state begins with (one met before is taken up again); listed without a
        start where that is not known."""
        book = self.book(rows)
        book.start(name, self.dates)
        return [r for i, r in enumerate(book.rows) if i in book._touched]


def dates_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two reckonings are compared by."""
    return tuple(row[n] for n in DATES)
