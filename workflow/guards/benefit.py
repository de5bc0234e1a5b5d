"""Conditions of determining and paying benefits (待遇核定支付)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.situation import Situation


@guard
def appraisal_delivered(s: Situation) -> Reason | None:
    state, facts = s.others.get("appraisal", ("", {}))
    return graded(facts, served=state == "delivered")


def graded(appraisal: Mapping[str, Any], *, served: bool) -> Reason | None:
    """A conclusion that has reached its addressees, with its grade."""
    if not served:
        return Reason(
            "劳动能力鉴定结论还没有送达，不能申请核定待遇。请等结论书送达。",
            "no_conclusion",
            "工伤保险条例#46",
            "鉴定委办公室",
        )
    if not appraisal.get("grade"):
        return Reason("鉴定结论的等级还没有补录。请窗口按结论书补录伤残等级和生活自理障碍。", "grade_unknown", "工伤保险条例#22.2",
                      "窗口", "grade")  # fmt: skip
    return None


@guard
def grade_settled(s: Situation) -> Reason | None:
    """First conclusion final, or the worker asks to be determined provisionally meanwhile."""
    until = s.case.get("again_open_until")
    if s.facts.get("provisional") is True or (isinstance(until, date) and s.today > until):
        return None
    when = f"要到 {until} 才过" if isinstance(until, date) else "还不知道从哪天起算（送达日期待补录）"
    return Reason(f"申请再次鉴定的期限{when}。职工要求先按首次结论核定的，请在“职工是否要求先按首次结论核定”选“是”。", "grade_open",
                  "工伤保险条例#26", "申请人", "provisional")  # fmt: skip


@guard
def insured_known(s: Situation) -> Reason | None:
    if s.case.get("insured") in ("yes", "no"):
        return None
    return Reason(
        "是否参保还不清楚，支付人定不下来。请先补录参保情况。", "insured_unknown", "工伤保险条例#62", "窗口", "insured"
    )


@guard
def fund_pays(s: Situation) -> Reason | None:
    if s.case.get("insured") != "no":
        return None
    return Reason(
        "单位没有参保，待遇由用人单位支付，基金不核定支付。请办“登记由单位支付”。",
        "not_insured",
        "工伤保险条例#62",
        "经办机构",
    )


@guard
def not_insured(s: Situation) -> Reason | None:
    if s.case.get("insured") == "no":
        return None
    return Reason("单位已经参保，待遇由基金支付，不能登记由单位支付。", "insured", "工伤保险条例#62", "经办机构")


def _grade(s: Situation) -> str:
    return str(s.others.get("appraisal", ("", {}))[1].get("grade") or "")


@guard
def has_grade(s: Situation) -> Reason | None:
    if _grade(s) not in ("", "none"):
        return None
    return Reason(
        "鉴定结论未达到伤残等级（或等级未补录），没有可以核定的伤残待遇。", "no_grade", "工伤保险条例#37", "经办机构"
    )


@guard
def no_grade(s: Situation) -> Reason | None:
    if _grade(s) == "none":
        return None
    return Reason("鉴定结论有伤残等级，应当核定待遇。", "has_grade", "工伤保险条例#35", "经办机构")


def done_by_another(s: Situation, *actions: str) -> bool:
    """Whether the latest of these acts was done, and by somebody else (社会保险经办条例#37)."""
    found = s.did(*actions)
    return found is not None and found.actor_id != s.actor.id


def same_person(text: str, who: str = "另一位审批人") -> Reason:
    return Reason(text, "same_person", "社会保险经办条例#37", who)


def not_approved(what: str, done: str = "审批") -> Reason:
    return Reason(f"{what}还没有由另一个人{done}，不能支付。", "not_approved", "社会保险经办条例#37", "经办机构审批人")


@guard
def second_person(s: Situation) -> Reason | None:
    """Maker, checker and approver of one sheet are three people; what a new determination replaced does not count."""
    made = s.did("determine")
    names = [e for e in s.events if made and e.seq >= made.seq and e.action in ("determine", "review")]
    if all(e.actor_id != s.actor.id for e in names):
        return None
    return same_person("这份待遇是您本人核定或复核的，要由另一个人办。请转给其他人。", "另一位经办人")


@guard
def approved_by_others(s: Situation) -> Reason | None:
    return None if done_by_another(s, "approve") else not_approved("待遇")


@guard
def once_unpaid(s: Situation) -> Reason | None:
    wanted = {line["item"] for line in s.facts.get("lines") or [] if line["per"] == "once"}
    paid = {p["item"] for p in s.case.get("payments") or [] if p["state"] == "paid"}
    if wanted - paid:
        return None
    return Reason("一次性待遇已经支付过，不能再付。", "already_paid", "工伤保险条例#35", "财务")


def monthly_lines(s: Situation) -> list[Mapping[str, str]]:
    """The determined lines that are paid each month by the fund."""
    return [line for line in s.facts.get("lines") or [] if line["per"] == "month" and line["payer"] == "fund"]


@guard
def monthly_due(s: Situation) -> Reason | None:
    lines, month = monthly_lines(s), s.facts.get("month")
    if not lines:
        if not s.facts.get("lines"):
            return Reason("这个案件的待遇是导入以前核定的，本系统没有核定表，不能在这里支付。请仍由原来的渠道发放，并办“登记原渠道已发”。",
                          "paid_elsewhere", "", "财务")  # fmt: skip
        return Reason("核定表里没有按月发放的待遇，请办“支付完毕”。", "no_monthly", "工伤保险条例#35", "财务")
    if not isinstance(month, str):
        return Reason("请填写发放月份，如 2026-12。", "month_missing", "", "财务", "month")
    first = min(str(line["from"]) for line in lines)
    if month < first:
        return Reason(f"待遇从 {first} 起发，{month} 不发。请改月份。", "too_early", "工伤保险条例#35", "财务", "month")
    if month > s.today.isoformat()[:7]:
        return Reason(f"{month} 还没有到，不能提前发放。请改月份。", "too_early", "工伤保险条例#35", "财务", "month")
    if any(p["month"] == month and p["state"] == "paid" for p in s.case.get("payments") or []):
        return Reason(f"{month} 的待遇已经发过，不能重发。", "already_paid", "工伤保险条例#35", "财务", "month")
    return None


@guard
def paid_elsewhere(s: Situation) -> Reason | None:
    """Only for benefits determined before the case was placed here: their payments come another way."""
    if not s.facts.get("lines"):
        return None
    return Reason("这个案件在本系统有核定表，请办“支付当月待遇”。", "sheet_here", "工伤保险条例#35", "财务")


@guard
def no_monthly(s: Situation) -> Reason | None:
    if not monthly_lines(s):
        return None
    return Reason("核定表里有按月发放的待遇，还要按月发，不能办结。", "has_monthly", "工伤保险条例#35", "财务")


@guard
def payment_made(s: Situation) -> Reason | None:
    item, month = s.facts.get("returned_item"), s.given.get("returned_month") or ""
    if any(p["item"] == item and p["month"] == month and p["state"] == "paid" for p in s.case.get("payments") or []):
        return None
    return Reason(
        "没有这个项目和月份的付款记录。请核对退回的项目和月份（一次性的不填月份）。",
        "no_payment",
        "",
        "财务",
        "returned_item",
    )


@guard
def not_the_payer(s: Situation) -> Reason | None:
    """Who recorded the return and pays again does not choose the account."""
    back = s.did("bank_return")
    if back is None or back.actor_id != s.actor.id:
        return None
    return Reason("银行退回是您本人登记的，收款账户要由另一个人核实更正。请转给其他经办人。", "same_person", "社会保险经办条例#37",
                  "另一位经办人")  # fmt: skip


@guard
def account_confirmed(s: Situation) -> Reason | None:
    back, confirmed = s.did("bank_return"), s.did("confirm_account")
    if confirmed is None or (back is not None and confirmed.seq < back.seq):
        return Reason("退回以后收款账户还没有核实。请经办机构先办“核实并更正收款账户”。", "account_unconfirmed", "社会保险经办条例#37",
                      "经办机构")  # fmt: skip
    if confirmed.actor_id == s.actor.id:
        return Reason(
            "收款账户是您本人改的，重新支付要由另一个人办。请转给其他财务人员。",
            "same_person",
            "社会保险经办条例#37",
            "另一位财务",
        )
    return None


@guard
def payment_returned(s: Situation) -> Reason | None:
    if any(p["state"] == "returned" and not p["repaid"] for p in s.case.get("payments") or []):
        return None
    return Reason("没有被银行退回、还没重付的款项。", "nothing_returned", "", "财务")
