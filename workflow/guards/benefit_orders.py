"""Conditions of carrying out orders of review bodies and courts, and of the survivors' benefits (近亲属待遇)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.guards.benefit import done_by_another, not_approved, same_person
from workflow.guards.benefit_more import RECOVERING, STOPPING, SURVIVING, WHO, before, money, month_of, next_month, paid
from workflow.situation import Situation

ANNULLED = frozenset({"set_aside", "redo_by_order"})
"""Orders after which the same decision on the same facts and grounds is barred."""
REDONE_BY = {
    "benefit_sheet": ("determine",), "employer_notice": ("refer_employer",), "no_grade_notice": ("close_no_grade",),
    "claim_refusal": ("refuse_claim",), "stop_notice": ("stop",), "recovery_order": ("recover",),
    "survivor_refusal": ("refuse_survivor",), "survivor_sheet": ("approve_survivor",), "advance_refusal": ("refuse_advance",),
    "repay_order": ("order_repay",), "reimb_decision": ("approve_part", "refuse_reimb"),
    "reimb_refusal": ("refuse_reimb",),
}  # fmt: skip
"""Kind of document → the acts by which the same could be decided once more."""


# --- orders ------------------------------------------------------------------------------------------------------------


def pending(
    s: Situation, *, only: frozenset[str] = frozenset(), but: frozenset[str] = frozenset()
) -> list[Mapping[str, Any]]:
    """The orders not carried out yet, about documents of these kinds (or of any kind but those)."""
    orders = before(s, "orders") or []
    return [o for o in orders if (o["kind"] in only if only else o["kind"] not in but)]


def _about(
    s: Situation, what: str, *, only: frozenset[str] = frozenset(), but: frozenset[str] = frozenset()
) -> Reason | None:
    if pending(s, only=only, but=but):
        return None
    others = "、".join(str(o["label"] or o["kind"]) for o in before(s, "orders") or []) or "没有"
    text = f"没有要执行的、关于{what}的复议决定或者判决（待执行的：{others}）。请办对应的事项。"
    return Reason(text, "no_such_order", "行政复议法#64", WHO)


@guard
def order_on_sheet(s: Situation) -> Reason | None:
    """About what is determined; what is ordered about stopping and recovery is carried out first."""
    if missing := _about(s, "待遇核定", but=STOPPING | RECOVERING | SURVIVING):
        return missing
    if pending(s, only=STOPPING | RECOVERING):
        return Reason(
            "还有关于停发或者追回的决定没有执行。请先办那一项，再重新核定。", "others_first", "行政复议法#64", WHO
        )
    return None


@guard
def order_on_stop(s: Situation) -> Reason | None:
    return _about(s, "停发待遇", only=STOPPING)


@guard
def order_on_recovery(s: Situation) -> Reason | None:
    return _about(s, "追回待遇", only=RECOVERING)


@guard
def order_on_survivor(s: Situation) -> Reason | None:
    return _about(s, "近亲属待遇", only=SURVIVING)


@guard
def order_on_advance(s: Situation) -> Reason | None:
    return _about(s, "先行支付", but=frozenset({"repay_order"}))


@guard
def order_on_repay(s: Situation) -> Reason | None:
    return _about(s, "责令偿还", only=frozenset({"repay_order"}))


@guard
def order_on_reimbursement(s: Situation) -> Reason | None:
    return _about(s, "报销")


@guard
def orders_settled(s: Situation) -> Reason | None:
    waiting = pending(s)
    if not waiting:
        return None
    listed = "、".join(str(o["label"] or o["kind"]) for o in waiting)
    return Reason(
        f"还有没有执行的复议决定或者判决（关于：{listed}）。请先照着办。", "orders_open", "行政复议法#64", WHO
    )


@guard
def sheet_served(s: Situation) -> Reason | None:
    if s.facts.get("lines") and isinstance(s.facts.get("sheet_served_on"), date):
        return None
    return Reason("没有已经送达的核定表，没有可以接着支付的待遇。请重新核定。", "no_sheet", "工伤保险条例#64", WHO)


# --- the bar on deciding the same again --------------------------------------------------------------------------------


def amounts(lines: Any) -> str:
    """What a sheet gives, so that two can be compared."""
    return ";".join(sorted(f"{x['item']}={money(x['amount']):.2f}@{x['from'] or ''}" for x in lines or []))


RESULTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "benefit_sheet": lambda f: amounts(f.get("lines")),
    "stop_notice": lambda f: str(f.get("stop_cause") or ""),
    "recovery_order": lambda f: f"{money(f.get('recovery_sum')):.2f}",
    "survivor_sheet": lambda f: "|".join(
        f"{money(f.get(n)):.2f}" for n in ("funeral_grant", "pension_month", "death_grant")
    ),
    "repay_order": lambda f: f"{money(f.get('owed_sum')):.2f}",
    "reimb_decision": lambda f: f"{money(f.get('payable_sum')):.2f}",
    "reimb_refusal": lambda f: f"{money(f.get('payable_sum')):.2f}",
}
"""Kind of document → its result in short; a refusal has only one."""


def result_of(kind: str, facts: Mapping[str, Any]) -> str:
    """The result a document of that kind has, or would have, by these facts."""
    return RESULTS[kind](facts) if kind in RESULTS else ""


def same_again(s: Situation) -> Reason | None:
    """The same result on the same facts and grounds is barred after an annulment, unless that was for procedure alone
    (行政复议法#64.2, 行政诉讼法#71, 行政诉讼法解释#90)."""
    redo = before(s, "redo") or {}
    kind = str(redo.get("kind") or "")
    if redo.get("act") not in ANNULLED or redo.get("procedural") or s.action.name not in REDONE_BY.get(kind, ()):
        return None
    if result_of(kind, s.facts) != redo.get("was") or str(s.given.get("new_grounds") or "").strip():
        return None
    text = f"原决定已被{redo.get('ruling') or '复议决定或者判决'}撤销，这次的结果和原决定一样。请写明新的事实或者理由，否则不能作出相同的决定。"
    return Reason(text, "same_again", "行政复议法#64.2", "作出决定的人", "new_grounds")


@guard
def not_same_decision(s: Situation) -> Reason | None:
    return same_again(s)


@guard
def survivor_not_same(s: Situation) -> Reason | None:
    return same_again(s)


# --- survivors ---------------------------------------------------------------------------------------------------------

SURVIVOR_PAPERS = ("death_proof", "kinship_proof")
SURVIVOR_ONCE = {
    "survivor_funeral": "funeral_grant",
    "survivor_grant": "death_grant",
    "survivor_arrears": "survivor_arrears",
}
"""Item of payment → the fact that says how much."""
PENSION = "survivor_pension"


@guard
def worker_died(s: Situation) -> Reason | None:
    if isinstance(s.facts.get("died_on"), date):
        return None
    return Reason("没有登记职工去世，不能申请近亲属待遇。请先办“登记职工去世”。", "alive", "工伤保险条例#39", "窗口")


@guard
def survivor_papers_in(s: Situation) -> Reason | None:
    missing = [s.definition.papers[n] for n in SURVIVOR_PAPERS if n not in s.papers]
    if not missing:
        return None
    listed = "、".join(f"{p.label}（{p.law}）" for p in missing)
    return Reason(f"还缺材料：{listed}。请收齐后再拟定。", "papers_missing", missing[0].law, "近亲属、窗口")


@guard
def survivor_sums_sound(s: Situation) -> Reason | None:
    """Death in the paid leave gives all three items; grades 1-4 afterwards the first two only (工伤保险条例#39.2, #39.3)."""
    in_leave, grant = s.given.get("died_in_leave"), money(s.given.get("death_grant"))
    grade = str(s.others.get("appraisal", ("", {}))[1].get("grade") or "")
    if in_leave is True and grant <= 0:
        return Reason(
            "在停工留薪期内因工伤去世的，有一次性工亡补助金。请填写金额。",
            "no_grant",
            "工伤保险条例#39.2",
            WHO,
            "death_grant",
        )
    if in_leave is False and grant > 0 and grade in ("1", "2", "3", "4"):
        text = "一级至四级在停工留薪期满后去世的，没有一次性工亡补助金。请填 0 或者清空。"
        return Reason(text, "no_grant_due", "工伤保险条例#39.3", WHO, "death_grant")
    own = ((s.facts.get("determination") or {}).get("own_wage") or {}).get("used")
    if own and money(s.given.get("pension_month")) > money(own):
        text = f"供养亲属抚恤金之和不能高于职工生前的工资（本人工资 {money(own):.2f} 元）。请核对。"
        return Reason(text, "pension_too_high", "工伤保险条例#39.1.2", WHO, "pension_month")
    return None


@guard
def survivor_by_another(s: Situation) -> Reason | None:
    return (
        None
        if done_by_another(s, "propose_survivor")
        else same_person("待遇是您本人拟定的，要由另一个人审批。请转给其他审批人。")
    )


@guard
def as_proposed(s: Situation) -> Reason | None:
    """Who approves changes nothing: another figure goes back to who reckons it."""
    made = s.did("propose_survivor", "propose_advance", "assess")
    told = made.facts if made is not None else {}
    for name in s.action.may:
        if name != "new_grounds" and name in s.given and str(s.given[name]) != str(told.get(name)):
            label = s.definition.facts[name].label
            return Reason(
                f"“{label}”和拟定的不一样。要改的请退回重新拟定。",
                "changed",
                "社会保险经办条例#37",
                "经办机构审批人",
                name,
            )
    return None


@guard
def survivor_paid_by_another(s: Situation) -> Reason | None:
    return None if done_by_another(s, "approve_survivor") else not_approved("待遇")


@guard
def survivor_approved_before(s: Situation) -> Reason | None:
    return None if done_by_another(s, "approve_survivor") else not_approved("抚恤金")


def survivor_open(s: Situation) -> dict[str, Decimal]:
    """Item → what of it is due and not paid, 元."""
    out = {}
    for item, fact in SURVIVOR_ONCE.items():
        had = sum((money(p["amount"]) for p in paid(s, item)), Decimal(0))
        if (left := money(s.facts.get(fact)) - had) > 0:
            out[item] = left
    return out


@guard
def survivor_once_unpaid(s: Situation) -> Reason | None:
    if survivor_open(s):
        return None
    return Reason("近亲属的一次性待遇已经付清。请办“接着按月支付”。", "already_paid", "工伤保险条例#39", "财务")


@guard
def survivor_once_paid(s: Situation) -> Reason | None:
    if not (left := survivor_open(s)):
        return None
    return Reason(
        f"近亲属的一次性待遇还有 {sum(left.values(), Decimal(0)):.2f} 元没有付。请先支付。",
        "once_open",
        "工伤保险条例#39",
        "财务",
    )


@guard
def pension_due(s: Situation) -> Reason | None:
    month, died = str(s.given.get("month") or ""), s.facts.get("died_on")
    standing = s.facts.get("pension_standing") if s.state.name == "survivor_claimed" else s.facts.get("pension_month")
    if money(standing) <= 0:
        return Reason("没有核定供养亲属抚恤金。", "no_pension", "工伤保险条例#39.1.2", "财务")
    if not month or not isinstance(died, date) or not next_month(died) <= month <= month_of(s.today):
        first = next_month(died) if isinstance(died, date) else "去世次月"
        return Reason(
            f"抚恤金从 {first} 起发，发到当月。请改月份。", "wrong_month", "工伤保险经办规程#80", "财务", "month"
        )
    if any(p["month"] == month for p in paid(s, PENSION)):
        return Reason(f"{month} 的抚恤金已经发过，不能重发。", "already_paid", "工伤保险条例#39.1.2", "财务", "month")
    return None


@guard
def pension_over(s: Situation) -> Reason | None:
    if money(s.facts.get("pension_month")) <= 0:
        return None
    return Reason(
        "供养亲属抚恤金还要按月发，不能办结。供养条件变化的，请办“重新核定近亲属待遇”。",
        "pension_runs",
        "工伤保险条例#39.1.2",
        WHO,
    )
