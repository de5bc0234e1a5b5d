"""What-if: the dates that would follow from an act or a pause. Reads, reckons in memory, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflow.cases import typed
from workflow.cases.act import Act
from workflow.cases.load import BOTH, AnyRow, Loaded, load_seen
from workflow.cases.opening import to_open
from workflow.deadlines import ClockBook
from workflow.errors import BadInput, Reason, Refused
from workflow.situation import Actor
from workflow.store import Store

SHOWN = ("due_on", "safe_on", "promise_on", "effective_on")


@dataclass(frozen=True)
class PauseAsked:
    """Days the clocks would stand still: from `since` up to, not including, `until`; `clock` '' for every one that may."""

    since: date
    until: date
    clock: str = ""

    @classmethod
    def parse(cls, text: str) -> PauseAsked:
        """`[CLOCK=]FROM..TO`. Raises BadInput."""
        name, equals, days = text.rpartition("=")
        first, dots, last = (days if equals else text).partition("..")
        try:
            since, until = typed.parse_day(first), typed.parse_day(last)
        except ValueError:
            since = until = date.min
        if not dots or since >= until:
            how = "起日..止日，如 2026-08-03..2026-08-15（止日当天重新计算），前面可以写 时限名="
            raise BadInput(Reason(f"--pause 的“{text}”读不懂，请写成{how}。", field="pause"))
        return cls(since, until, name.strip())


def perform(
    store: Store, actor: Actor, case_no: str, matter: str, action: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What would follow if `action` were done now (or on the day its own date fact says).

    {"case_no", "matter", "action", "label", "from", "to", "to_label", "unmet": sentences, "opens" (matters, each with addressee
    and clocks), "document", "clocks": rows with name, label, owner, addressee, state and days before and after, "written": False}.
    Raises NotFound, Refused.
    """
    with store.reading() as session:
        loaded = load_seen(store, session, case_no, actor)
        row = loaded.matter(matter)
        before = _copy(loaded.book(row))
        act = Act(loaded, actor, row, action, supposed=True)
        to_name, unmet = act.suppose(facts)
        opened = [_would_open(loaded, act, name, who) for name, who in to_open(loaded, row, act.action, facts)]
        known = loaded.definition.instruments.get(act.action.issue)
        return {
            **_head(loaded, row), "action": action, "label": act.action.label, "from": act.old.name, "to": to_name,
            "to_label": loaded.definition.matters[row.name].states[to_name].label, "unmet": [r.sentence() for r in unmet],
            "document": known.label if known else "", "opens": opened, "clocks": _compared(loaded, before, loaded.book(row).rows),
        }  # fmt: skip


def pause(store: Store, actor: Actor, case_no: str, asked: Iterable[PauseAsked], matter: str = "") -> dict[str, Any]:
    """What would follow if the clocks stood still on those days. Without a clock's name: every running clock some article
    lets stand still. Raises NotFound, Refused where there is none, or the named one does not run."""
    with store.reading() as session:
        loaded = load_seen(store, session, case_no, actor)
        row = loaded.matter(matter) if matter else _with_pausable(loaded)
        book = loaded.book(row)
        before, notes = _copy(book), []
        for p in asked:
            names = [p.clock] if p.clock else sorted({r["name"] for r in _running(book) if _ground(loaded, r["name"])})
            for name in names:
                notes += _paused(loaded, book, name, p)
            if not names:
                raise Refused("这个事项现在没有依法可以中止的时限在走。要看别的时限，请写 时限名=起日..止日。")
        return {**_head(loaded, row), "notes": notes, "clocks": _compared(loaded, before, book.rows)}


def _paused(loaded: Loaded, book: ClockBook, name: str, p: PauseAsked) -> list[str]:
    mine = [r for r in _running(book) if r["name"] == name]
    if not mine:
        have = "、".join(dict.fromkeys(f"{r['name']}（{r['label']}）" for r in _running(book))) or "无"
        raise Refused(Reason(f"时限“{name}”现在没有在走。在走的有：{have}。", "not_running", field="pause"))
    notes = []
    for r in mine:
        if not _ground(loaded, name):
            notes.append(f"“{r['label']}”没有查到可以中止或者扣除的条文，这里只是试算。")
        if r["due_on"] < p.since:
            notes.append(f"“{r['label']}”在 {p.since} 以前已经于 {r['due_on']} 届满，之后的中止不影响它。")
    book.pause(name, p.since, "试算")
    book.resume(name, p.until)
    return notes


def _ground(loaded: Loaded, name: str) -> bool:
    known = loaded.definition.clocks[name]
    return bool(known.pauses or known.excludes)


def _running(book: ClockBook) -> list[dict[str, Any]]:
    return [r for r in book.rows if r["state"] == "running"]


def _with_pausable(loaded: Loaded) -> AnyRow:
    """The matter whose clocks may be paused; the newest open one where there is none."""
    fits = [m for m in loaded.matters if any(_ground(loaded, r["name"]) for r in _running(loaded.book(m)))]
    still_open = [m for m in loaded.matters if m.closed_on is None]
    found = fits or still_open
    if not found:
        raise Refused("这个案件没有还在办的事项。")
    return found[-1]


def _would_open(loaded: Loaded, act: Act, name: str, who: str) -> dict[str, Any]:
    """A matter the act would open (of a child: for whom), with the clocks that would begin."""
    defined = loaded.definition.matters[name]
    book = loaded.new_book(act.matter.office_id, who)
    known = {"diagnosed_on": loaded.row.diagnosed_on, "opened_on": act.on, "received_on": act.on}
    days = {k: v for k, v in known.items() if v is not None}
    book.move(None, defined.states[defined.start], days, None, BOTH)
    return {
        "matter": name, "label": defined.label, "addressee": who, "addressee_label": loaded.definition.people.get(who, ""),
        "clocks": _compared(loaded, [], book.rows),
    }  # fmt: skip


def _copy(book: ClockBook) -> list[dict[str, Any]]:
    return [dict(r) for r in book.rows]


def _head(loaded: Loaded, row: AnyRow) -> dict[str, Any]:
    defined = loaded.definition.matters[row.name]
    return {
        "case_no": loaded.row.case_no,
        "matter": row.name,
        "matter_label": defined.label,
        "version": row.version,
        "written": False,
    }


def _compared(
    loaded: Loaded, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every clock that is or would be open, with its days before and after."""
    was = {(r["name"], r["addressee"], r["start_on"]): r for r in before}
    people, out = loaded.definition.people, []
    for r in after:
        old = was.get((r["name"], r["addressee"], r["start_on"]))
        if old is not None and old["state"] in ("met", "stopped") and r["state"] == old["state"]:
            continue
        days = {k: {"before": _iso(old[k]) if old else "", "after": _iso(r[k])} for k in SHOWN}
        out.append({
            "name": r["name"], "label": r["label"], "code": r["code"], "law": r["law"], "owner": r["owner"],
            "owner_label": people.get(r["owner"], r["owner"]), "addressee": r["addressee"], "addressee_label": people.get(r["addressee"], ""),
            "state": {"before": old["state"] if old else "", "after": r["state"]}, **days, "provisional": bool(r["provisional"]),
            "moved_days": (r["due_on"] - old["due_on"]).days if old and old["due_on"] and r["due_on"] else 0, "explain": list(r["explain"] or ()),
        })  # fmt: skip
    return out


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
