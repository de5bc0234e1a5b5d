"""What acts of stopping, recovery and carrying out orders make themselves. Pure; registered by being imported."""

from __future__ import annotations

from datetime import date
from typing import Any

from workflow.guards.benefit_more import RECOVERING, STOPPING, SURVIVING, money, month_of
from workflow.guards.benefit_orders import result_of
from workflow.preparations.base import Prepared, preparation
from workflow.preparations.benefit import replacing
from workflow.situation import Situation


def _day(s: Situation) -> date:
    """The legal day of the act, as the engine reckons it."""
    given = s.given.get(s.action.on) if s.action.on else None
    return given if isinstance(given, date) else s.today


# --- stopping and recovery ---------------------------------------------------------------------------------------------


@preparation
def note_stop(s: Situation) -> Prepared:
    """Nothing is paid for months after that of the stop."""
    return Prepared(replacing(s, {"stopped": True, "stopped_month": month_of(_day(s)), "redo": None}))


@preparation
def note_restart(s: Situation) -> Prepared:
    """From the month after the cause has ended; the months between are not made up (工伤保险条例意见一#11)."""
    gap = {"after": str(s.facts.get("stopped_month") or month_of(_day(s))), "until": month_of(_day(s))}
    return Prepared({"stopped": False, "gaps": [*(s.facts.get("gaps") or []), gap]})


@preparation
def note_recovery(s: Situation) -> Prepared:
    return Prepared(replacing(s, {"recovering": True, "recovery_back": "0.00", "redo": None}))


@preparation
def note_repaid(s: Situation) -> Prepared:
    """Money the worker's side has brought back."""
    return _came_back(s, "repaid_sum")


@preparation
def note_set_off(s: Situation) -> Prepared:
    """Money kept back from later benefits (社会保险经办条例#46)."""
    return _came_back(s, "set_off_sum")


def _came_back(s: Situation, name: str) -> Prepared:
    sums = {n: f"{money(s.facts.get(n)) + money(s.given.get(name)):.2f}" for n in ("recovery_back", "given_back")}
    return Prepared(replacing(s, sums))


@preparation
def clear_recovery(_s: Situation) -> Prepared:
    return Prepared({"recovering": False})


# --- orders of review bodies and courts --------------------------------------------------------------------------------


@preparation
def note_order(s: Situation) -> Prepared:
    """An order has come: about which document, to do what. What was decided there is kept, so that it is not decided again."""
    label = str(s.given.get("decision_label") or "")
    kind = next((k.name for k in s.definition.instruments.values() if k.label == label), "")
    order = {
        "kind": kind, "label": label, "act": s.action.name, "procedural": bool(s.given.get("procedural")),
        "ruling": str(s.given.get("ruling") or ""), "was": _was(s, kind),
    }  # fmt: skip
    # The day this order fixes, not one an earlier order had fixed.
    return Prepared({"orders": [*(s.facts.get("orders") or []), order], "redo_by_on": s.given.get("redo_by_on")})


def _was(s: Situation, kind: str) -> str:
    lines = s.facts.get("lines_before") or s.facts.get("lines")
    return result_of(kind, {**s.facts, "lines": lines} if kind == "benefit_sheet" else s.facts)


def _carried_out(s: Situation, mine: frozenset[str], but: bool = False) -> dict[str, Any]:
    """The orders left when those about `mine` (or about anything but them) are carried out, and the last of them as the bar."""
    orders = s.facts.get("orders") or []
    done = [o for o in orders if (o["kind"] in mine) != but]
    return {"orders": [o for o in orders if o not in done], "redo": dict(done[-1]) if done else s.facts.get("redo")}


@preparation
def redo_sheet(s: Situation) -> Prepared:
    """Determine anew: the sheet in force goes on being paid meanwhile."""
    left = _carried_out(s, STOPPING | RECOVERING | SURVIVING, but=True)
    kept = s.facts.get("lines_before") or s.facts.get("lines") or []
    return Prepared(replacing(s, {**left, "lines_before": kept, "redo_cause": None}))


@preparation
def lift_stop(s: Situation) -> Prepared:
    """The stop never counted: nothing is left out."""
    return Prepared(replacing(s, {**_carried_out(s, STOPPING), "stopped": False}))


@preparation
def redo_stop(s: Situation) -> Prepared:
    """The stop is gone; whether to stop again is decided anew."""
    return Prepared(replacing(s, {**_carried_out(s, STOPPING), "stopped": False}))


@preparation
def cancel_recovery(s: Situation) -> Prepared:
    """The recovery is gone; what has come back under it is due to the worker again (see difference)."""
    return Prepared(replacing(s, {**_carried_out(s, RECOVERING), "recovering": False}))


@preparation
def redo_survivor(s: Situation) -> Prepared:
    """Survivors' benefits anew; the pension goes on as it stood."""
    return Prepared(
        replacing(s, {**_carried_out(s, SURVIVING), "pension_standing": str(s.facts.get("pension_month") or "0")})
    )


@preparation
def review_survivor(s: Situation) -> Prepared:
    """Survivors' benefits reckoned anew for a change of the family; the pension goes on as it stood."""
    return Prepared({"pension_standing": str(s.facts.get("pension_month") or "0"), "redo": None})


@preparation
def redo_advance(s: Situation) -> Prepared:
    """The application is examined anew from the start; an answer of the employer to the demand before says nothing now."""
    return Prepared(replacing(s, {**_carried_out(s, frozenset({"repay_order"}), but=True), "employer_answer": None}))


@preparation
def redo_repay(s: Situation) -> Prepared:
    """What the employer owes is decided anew."""
    return Prepared(replacing(s, {**_carried_out(s, frozenset({"repay_order"})), "owed_sum": None}))


@preparation
def redo_reimbursement(s: Situation) -> Prepared:
    return Prepared(replacing(s, _carried_out(s, frozenset(), but=True)))
