"""What-if on the case page: an act or a pause chosen, the dates that would follow shown, nothing written."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from web.auth import current_actor, roles
from web.db import store
from web.window_base import blueprint, case_of, readable
from workflow import permissions, whatif
from workflow.cases.load import Loaded
from workflow.errors import Reason, Stopped


@blueprint.get("/cases/<case_no>/what-if")
@roles(*permissions.READERS)
def what_if(case_no: str) -> str:
    """The form and, once something is chosen, what would follow. A GET: it can be looked at again and changes nothing."""
    asked = {n: request.args.get(n, "").strip() for n in ("act", "on", "since", "until", "clock")}
    with store().reading() as session:
        loaded = case_of(session, case_no)
        acts, clocks = _acts(loaded), _clocks(loaded)
        worker = loaded.row.name
    result, faults = _result(case_no, asked, {a["value"]: a["on"] for a in acts})
    return render_template(
        "window_whatif.html", case_no=case_no, worker=worker, acts=acts, clocks=clocks, asked=asked, result=result, faults=faults,
    )  # fmt: skip


def _result(case_no: str, asked: dict[str, str], dated: dict[str, str]) -> tuple[dict[str, Any] | None, list[Reason]]:
    actor = current_actor()
    try:
        if asked["since"] or asked["until"]:
            matter, _, clock = asked["clock"].rpartition(".")
            p = whatif.PauseAsked.parse(f"{clock}={asked['since']}..{asked['until']}" if clock else f"{asked['since']}..{asked['until']}")
            return whatif.pause(store(), actor, case_no, [p], matter), []
        if asked["act"]:
            matter, _, action = asked["act"].rpartition(".")
            day = dated.get(asked["act"], "")
            given = {day: asked["on"]} if day and asked["on"] else {}
            return whatif.perform(store(), actor, case_no, matter, action, given), []
    except Stopped as stopped:
        return None, readable(stopped.reasons)
    return None, []


def _acts(loaded: Loaded) -> list[dict[str, str]]:
    """Every act of the open matters' present states, with the date fact that keeps its day."""
    found = []
    for row in loaded.matters:
        defined, state = loaded.place(row)
        name = row.name if row.number == 1 else f"{row.name}#{row.number}"
        found += [
            {"value": f"{name}.{a.name}", "label": f"{defined.label}：{a.label}", "on": a.on or ("received_on" if a.each else "")}
            for a in state.actions.values()
        ]
    return found


def _clocks(loaded: Loaded) -> list[dict[str, str]]:
    """Every running clock."""
    found = {}
    for row in loaded.matters:
        name = row.name if row.number == 1 else f"{row.name}#{row.number}"
        for r in loaded.book(row).rows:
            if r["state"] == "running":
                found[f"{name}.{r['name']}"] = f"{r['label']}（{r['code']}）"
    return [{"value": value, "label": label} for value, label in found.items()]
