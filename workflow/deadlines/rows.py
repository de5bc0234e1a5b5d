"""What one clock row, or the rows of a matter, tell: pure, on rows as dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from workflow import clock as time
from workflow import daycount
from workflow.daycount import Calendar
from workflow.definition.model import ClockDef


def first_fire(clock: ClockDef, row: Mapping[str, Any]) -> tuple[date | None, str]:
    """When the worker process first looks at a clock: near its day, on it, or when it is over."""
    if not clock.legal:
        return row["due_on"], "remind"
    if clock.kind == "start_month":
        return None, ""
    if clock.kind == "earliest":
        return row["due_on"], "late"
    if clock.kind == "effect":
        return row["due_on"] + timedelta(days=1), "late"
    return row["near_on"], "near"


def kept(row: Mapping[str, Any]) -> str:
    """How a settled limit of the law was kept: timely, late, or backdated (the act's own day lies within it, but it was
    recorded after it had passed: shown as such, never counted as timely); '' for what is no such limit or not met."""
    if not row["legal"] or row["kind"] != "deadline" or row["state"] != "met" or row["due_on"] is None:
        return ""
    if (row["done_on"] or row["closed_on"]) > row["due_on"]:
        return "late"
    return "timely" if row["closed_on"] <= row["due_on"] else "backdated"


def next_round(clock: ClockDef, due: date, today: date, calendar: Calendar) -> date:
    """The first day of a repeated reminder after today; missed rounds are not made up."""
    assert clock.remind is not None
    while due <= today:
        due = daycount.reckon(clock.remind, due, calendar=calendar).due_on
    return due


def placed_day(way: str | None, opened_at: datetime) -> date | None:
    """The day a case was placed from a form; None for one taken in at the window (`way` of its source)."""
    return time.local(opened_at).date() if way == "import" else None


def over_when_placed(row: Mapping[str, Any], placed_on: date | None) -> bool:
    """Whether a running clock's day had passed before the case was placed: that accuses nobody, a person has to judge."""
    due = row["kind"] == "deadline" and row["state"] == "running" and row["due_on"]
    return bool(placed_on and due and due < placed_on)


COUNTERS = ("urgent_on", "ball", "near_on", "late_on", "judge_on", "paused")
"""What `summarize` gives, kept on the matter's row for the lists."""


def summarize(rows: Iterable[Mapping[str, Any]], placed_on: date | None = None) -> dict[str, Any]:
    """The counters of a matter from its clock rows: most urgent days, whose ball, what is to be judged, whether anything is
    paused. What was over when the case was placed makes nothing late, and is the most urgent only where nothing else runs."""
    rows = list(rows)
    judged = [r for r in rows if over_when_placed(r, placed_on)]
    live = [
        r for r in rows if r["state"] == "running" and r["kind"] == "deadline" and not over_when_placed(r, placed_on)
    ]
    urgent = min(live or judged, key=lambda r: (r["effective_on"], not r["legal"]), default=None)
    return {
        "urgent_on": urgent["effective_on"] if urgent else None,
        "ball": urgent["owner"] if urgent else "",
        "near_on": min((r["near_on"] for r in live if r["near_on"]), default=None),
        "late_on": min((r["due_on"] for r in live if r["legal"]), default=None),
        "judge_on": min((r["due_on"] for r in judged), default=None),
        "paused": any(r["state"] == "paused" for r in rows),
    }


def light(row: Mapping[str, Any], today: date, placed_on: date | None = None) -> str:
    """The light of one clock row: judge (over before the case was placed, see placed_day), late (over the law), near (over
    the promise or close), normal, paused, none."""
    if row["state"] == "paused":
        return "paused"
    if row["state"] != "running" or row["kind"] != "deadline":
        return "none"
    if over_when_placed(row, placed_on):
        return "judge"
    if row["legal"] and row["due_on"] < today:
        return "late"
    if row["effective_on"] < today or (row["near_on"] and row["near_on"] <= today):
        return "near"
    return "normal"
