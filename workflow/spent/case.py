"""The days of one case, exact: its clock rows and what its events tell of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from workflow import clock
from workflow.cases.load import AnyRow, Loaded
from workflow.definition.model import Definition
from workflow.models import Event
from workflow.spent.rows import runs
from workflow.spent.tally import Run, Share, Stretch, Tally, tally

Key = tuple[int, str, str, str | None]
LIVE = ("running", "paused")
CELLS = 20
"""Signs of the longest bar."""


def of_case(loaded: Loaded) -> dict[str, Any]:
    """Whose days the case and each of its matters took, as plain values for pages and JSON.

    case_no, since, until (days), elapsed (日), owners {key: {label, running, paused, over, bar}}, grounds [{ground, days}], nobody
    (日 without any clock), open; the same of each matter under matters, with matter, label and number. running, paused of all owners
    and nobody together are elapsed. The case is its most urgent clock each day, so it is not the sum of its matters.
    """
    events = told(loaded.session, Event.case_id == loaded.row.id)
    found: list[tuple[AnyRow, date, list[Run]]] = []
    for m in loaded.matters:
        opened = opened_on(loaded, m)
        found.append((m, opened, events.runs(loaded.definition, m.id, loaded.book(m).rows, opened, loaded.placed_on)))
    first = clock.local(loaded.row.opened_at).date()
    whole = _plain(loaded, first, loaded.row.closed_on, [r for _, _, many in found for r in many])
    matters = [
        {"matter": m.name, "label": loaded.definition.matters[m.name].label, "number": m.number, **_plain(loaded, opened, m.closed_on, many)}
        for m, opened, many in found
    ]  # fmt: skip
    return {"case_no": loaded.row.case_no, **whole, "matters": matters}


def opened_on(loaded: Loaded, matter: AnyRow) -> date:
    """The day a matter began: the legal day of the act that opened it; of a first one the day the case came in."""
    return matter_opened(matter.facts.get("opened_on"), clock.local(loaded.row.opened_at).date())


def matter_opened(told: Any, case_opened: date) -> date:
    """The later of the day the facts tell (ISO) and the case's own."""
    return max(date.fromisoformat(told), case_opened) if isinstance(told, str) and told else case_opened


def _plain(loaded: Loaded, first: date, closed: date | None, many: Sequence[Run]) -> dict[str, Any]:
    last = closed or loaded.today
    return {
        "since": first.isoformat(),
        "until": last.isoformat(),
        "open": closed is None,
        **plain(tally(first, last, many), loaded.definition.people),
    }


def plain(found: Tally, people: Mapping[str, str]) -> dict[str, Any]:
    """A tally in plain values, the people in the order of the process file."""
    order = {name: n for n, name in enumerate(people)}
    owners = sorted(found.shares, key=lambda o: (order.get(o, len(order)), o))
    return {
        "elapsed": found.elapsed, "nobody": found.nobody, "nobody_bar": bar(Share(), found.elapsed, found.nobody),
        "owners": {
            o: {"label": people.get(o, o), "running": s.running, "paused": s.paused, "over": s.over, "bar": bar(s, found.elapsed)}
            for o in owners for s in (found.shares[o],)
        },
        "grounds": [{"ground": g, "days": n} for g, n in found.grounds.most_common()],
    }  # fmt: skip


def bar(share: Share, elapsed: int, nobody: int = 0) -> str:
    """A bar of signs: █ running, ▲ over the law, ░ paused, · nobody's; what took any time shows at least one sign."""
    parts = (("█", share.running - share.over), ("▲", share.over), ("░", share.paused), ("·", nobody))
    return "".join(sign * max(1, round(CELLS * days / elapsed)) for sign, days in parts if days and elapsed)


# --- what the events tell ---------------------------------------------------------------------------------------------


@dataclass
class Told:
    """By clock: `came` the day it first came into the books (later where an earlier end became known only then), `gaps` the days
    it was out of them before it was taken up again."""

    came: dict[Key, date] = field(default_factory=dict)
    gaps: defaultdict[Key, list[Stretch]] = field(default_factory=lambda: defaultdict(list))

    def runs(self, definition: Definition, matter_id: int, rows: Sequence[Mapping[str, Any]], opened: date,
             placed_on: date | None) -> list[Run]:  # fmt: skip
        """The clocks of a matter with what the events tell of them."""
        came = {r["id"]: self.came[key] for r in rows if (key := _key(matter_id, r)) in self.came}
        gaps = {r["id"]: self.gaps.get(_key(matter_id, r), ()) for r in rows}
        return runs(definition, rows, opened, placed_on, came, gaps)


def told(session: Session, condition: ColumnElement[bool]) -> Told:
    """Read the events of the cases a condition names, in the order of each chain; one that cannot be read is passed over, as
    verify-audit does."""
    found, out_since, excused = Told(), dict[Key, date](), dict[Key, date]()
    for day, kind, matter_id, payload in _events(session, condition):
        for matter, c in _changes(matter_id, payload):
            key = (matter, c["name"], c["addressee"], c["start_on"])
            if was := c.get("was"):  # another version of the process gave it another start
                found.came[key] = found.came.get((matter, c["name"], c["addressee"], was["start_on"]), day)
            if c["state"] in LIVE:
                found.came.setdefault(key, day)
                if key in out_since:
                    found.gaps[key].append((out_since.pop(key), day))
            elif key in found.came:
                out_since.setdefault(key, day)
        if kind == "clock:moved" and payload["days"] < 0:
            excused[(matter_id, payload["clock"], payload["addressee"], payload["start_on"])] = day
    for key, day in excused.items():
        found.came[key] = max(found.came.get(key, day), day)
    return found


def _events(session: Session, condition: ColumnElement[bool]) -> Iterator[tuple[date, str, int, dict[str, Any]]]:
    query = select(Event.at, Event.kind, Event.matter_id, Event.payload).where(condition)
    for row in session.execute(query.order_by(Event.case_id, Event.seq)):
        try:
            payload = json.loads(row.payload)
        except ValueError:
            continue
        if isinstance(payload, dict):
            yield clock.local(row.at).date(), row.kind, row.matter_id or 0, payload


def _changes(matter_id: int, payload: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(matter, clock as it stood after the event) of everything the event touched."""
    for c in payload.get("clocks") or ():
        yield matter_id, c
    for m in (*(payload.get("matters") or ()), *(payload.get("opened") or ())):
        for c in m.get("clocks") or ():
            yield m["id"], c


def _key(matter_id: int, row: Mapping[str, Any]) -> Key:
    return (matter_id, row["name"], row["addressee"], row["start_on"].isoformat() if row["start_on"] else None)
