"""What-if on the case page: an act or a pause chosen, the dates that would follow shown, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date
from typing import Any

from flask import render_template, request

from web.auth import current_actor, roles
from web.db import store
from web.window_base import beside, blueprint, case_of, readable
from workflow import permissions, reading, whatif
from workflow.cases.load import Loaded
from workflow.cases.typed import parse_day
from workflow.errors import Reason, Refused, Stopped

FIELDS = ("act", "on", "since", "until", "clock")


@blueprint.get("/cases/<case_no>/what-if")
@roles(*permissions.READERS)
def what_if(case_no: str) -> str:
    """The form and, once something is chosen, what would follow. A GET: it can be looked at again and changes nothing."""
    asked = {n: request.args.get(n, "").strip()[:80] for n in FIELDS}
    with store().reading() as session:
        loaded = case_of(session, case_no)
        acts, clocks = _acts(loaded), _clocks(loaded)
        worker = loaded.row.name
    days = {a["value"]: a["on"] for _, group in acts for a in group}
    known = {c["value"] for _, group in clocks for c in group}
    result, faults = _result(case_no, asked, days, known)
    return render_template(
        "window_whatif.html", case_no=case_no, worker=worker, acts=acts, clocks=clocks, asked=asked, result=result, faults=faults,
        wrong=beside(faults),
    )  # fmt: skip


def _result(
    case_no: str, asked: Mapping[str, str], dated: Mapping[str, str], clocks: Set[str]
) -> tuple[dict[str, Any] | None, list[Reason]]:
    """What would follow, or why it cannot be said; nothing where nothing was chosen."""
    faults = [
        Reason(f"日期“{asked[n]}”读不懂，请写成 2026-3-12 或 20260312。", field=n)
        for n in ("on", "since", "until") if asked[n] and _day(asked[n]) is None
    ]  # fmt: skip
    pausing = bool(asked["since"] or asked["until"])
    if pausing and not (asked["since"] and asked["until"]):
        faults.append(Reason("请把停的起日和恢复的日子都填上。", field="until" if asked["since"] else "since"))
    if (asked["clock"] and asked["clock"] not in clocks) or (asked["act"] and asked["act"] not in dated):
        faults.append(Reason("选的这一项现在没有了，请重新选。"))
    if faults:
        return None, faults
    try:
        if pausing:
            return _paused(case_no, asked), []
        if asked["act"]:
            matter, _, action = asked["act"].rpartition(".")
            day = dated[asked["act"]]
            given = {day: asked["on"]} if day and asked["on"] else {}
            return whatif.perform(store(), current_actor(), case_no, matter, action, given), []
    except Stopped as stopped:
        return None, readable(stopped.reasons)
    return None, []


def _paused(case_no: str, asked: Mapping[str, str]) -> dict[str, Any]:
    since, until = _day(asked["since"]), _day(asked["until"])
    if since is None or until is None or since >= until:
        raise Refused(Reason("恢复的日子要晚于起停的日子（恢复当天重新计算）。请改正。", field="until"))
    matter, _, name = asked["clock"].rpartition(".")
    return whatif.pause(store(), current_actor(), case_no, [whatif.PauseAsked(since, until, name)], matter)


def _day(text: str) -> date | None:
    try:
        return parse_day(text)
    except ValueError:
        return None


Groups = list[tuple[str, list[dict[str, str]]]]


def _acts(loaded: Loaded) -> Groups:
    """Every act a person can do in the matters' present states, by matter, with the date fact that keeps its day."""
    found = []
    for row in loaded.matters:
        _, state = loaded.place(row)
        name = reading.name_of(loaded, row)
        group = [
            {"value": f"{name}.{a.name}", "label": a.label, "on": a.on or ("received_on" if a.each else "")}
            for a in state.actions.values() if not a.automatic
        ]  # fmt: skip
        if group:
            found.append((reading.title_of(loaded.definition, row), group))
    return found


def _clocks(loaded: Loaded) -> Groups:
    """Every running clock by matter; one line for those of several addressees, who stand still together."""
    found = []
    for row in loaded.matters:
        name = reading.name_of(loaded, row)
        running = {r["name"]: r for r in loaded.book(row).rows if r["state"] == "running" and r["kind"] == "deadline"}
        group = [{"value": f"{name}.{key}", "label": f"{r['label']}（{r['code']}）"} for key, r in running.items()]
        if group:
            found.append((reading.title_of(loaded.definition, row), group))
    return found
