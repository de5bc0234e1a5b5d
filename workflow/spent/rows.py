"""Clock rows as runs: from when to when each counted, and for whom.

Days are those the record names: a clock runs from its start, an act that was in time ends it on its own day, one recorded only
after the limit ends it on the day of recording (a backdated act does not turn a missed date into a met one), except a delivery,
whose day somebody else has signed for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from workflow.definition.model import ClockDef, Definition
from workflow.models import Clock
from workflow.permissions import PARTY_OWNERS
from workflow.rights import is_right
from workflow.spent.tally import Run, Stretch

COLUMNS = (
    Clock.id, Clock.matter_id, Clock.name, Clock.label, Clock.owner, Clock.addressee, Clock.legal, Clock.kind, Clock.state,
    Clock.start_on, Clock.due_on, Clock.effective_on, Clock.pauses, Clock.closed_on, Clock.done_on,
)  # fmt: skip
RIGHTS_ONLY = frozenset({"worker", "relative", "union", "applicant"})
"""Who has periods of his own but no duty to the office; an employer has both."""
SETTLED = ("met", "stopped")


def runs(definition: Definition, rows: Sequence[Mapping[str, Any]], opened: date, placed_on: date | None,
         came: Mapping[int, date] | None = None, gaps: Mapping[int, Sequence[Stretch]] | None = None) -> list[Run]:  # fmt: skip
    """The clocks of one matter that ever ran.

    `came` and `gaps` by clock id are what the events tell (see case.py); without them a clock came to its owner when the
    act that started it was recorded, as far as the rows show.
    """
    out = []
    for row in rows:
        if row["start_on"] is None or row["due_on"] is None:
            continue
        known = definition.clocks.get(row["name"])
        owner = holder(row, known)
        since, due = max(row["start_on"], opened), row["due_on"]
        out.append(Run(
            row["id"], row["matter_id"], row["label"], owner, row["legal"], since, _until(row, since), due, row["effective_on"] or due,
            came.get(row["id"], since) if came is not None else _came(row, rows, since), waits=row["kind"] != "deadline",
            right=_right(row, known, owner), judged=bool(placed_on and due < placed_on), pauses=_pauses(row),
            gaps=tuple(gaps.get(row["id"], ())) if gaps else (),
        ))  # fmt: skip
    return out


def holder(row: Mapping[str, Any], known: ClockDef | None) -> str:
    """Who holds the matter while this clock runs: of a party's own period the party it runs for."""
    own = row["owner"] if known is None else known.owner
    return str(row["addressee"]) if row["addressee"] and own in PARTY_OWNERS else str(row["owner"])


def _right(row: Mapping[str, Any], known: ClockDef | None, owner: str) -> bool:
    """A period somebody may use or not: nobody is late with it, and after its end it holds nothing up."""
    if not row["legal"]:
        return False
    if owner in RIGHTS_ONLY or (row["addressee"] and owner in PARTY_OWNERS):
        return True
    return is_right(known)


def _until(row: Mapping[str, Any], since: date) -> date | None:
    if row["state"] not in SETTLED:
        return None
    closed: date = row["closed_on"]
    in_time = not row["legal"] or closed <= row["due_on"]
    ended: date = row["done_on"] if row["done_on"] and (in_time or row["addressee"]) else closed
    return max(ended, since)


def _came(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], since: date) -> date:
    """The day the act that started the clock was recorded: that act also ended what ran before, on the same day of its own."""
    recorded = [
        r["closed_on"] for r in rows if r["state"] == "met" and r["done_on"] == row["start_on"] and r["id"] != row["id"]
    ]
    latest: date = max([since, *recorded])
    return latest


def _pauses(row: Mapping[str, Any]) -> tuple[tuple[date, date | None, str], ...]:
    return tuple(
        (date.fromisoformat(a), date.fromisoformat(b) if b else None, ground) for a, b, ground in row["pauses"]
    )
