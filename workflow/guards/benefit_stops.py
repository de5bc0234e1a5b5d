"""Conditions of stopping benefits (停发) and of getting back what was paid too much (追回)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.guards.benefit import monthly_lines
from workflow.guards.benefit_more import FUND_ITEMS, WHO, before, money, paid, revoked
from workflow.situation import Situation

# --- stopping ----------------------------------------------------------------------------------------------------------


@guard
def stop_sound(s: Situation) -> Reason | None:
    """Retirement stops the allowance alone: the care allowance goes on, and the fund makes up what the pension lacks."""
    if before(s, "stopped"):
        return Reason("待遇已经停发，不用再停。请登记仍然停发。", "stopped", "工伤保险条例#42", "经办机构审批人")
    if s.given.get("stop_cause") != "retired":
        return None
    if s.given.get("pension_amount") is None:
        return Reason(
            "退休停发伤残津贴的，请填写每月基本养老金。", "no_pension", "工伤保险条例#35.1.3", WHO, "pension_amount"
        )
    care = [x for x in monthly_lines(s) if x["item"] == "care_allowance"]
    lacks = sum((money(x["amount"]) for x in monthly_lines(s) if x["item"] == "disability_allowance"), Decimal(0))
    if not care and lacks <= money(s.given["pension_amount"]):
        return None
    text = "退休只停伤残津贴：生活护理费照发，养老金低于伤残津贴的由基金补差额。请不要停发，改办“启动重新核定”，起因选退休。"
    return Reason(text, "only_the_allowance", "工伤保险条例#35.1.3", WHO, "stop_cause")


@guard
def payment_stopped(s: Situation) -> Reason | None:
    if s.facts.get("stopped"):
        return None
    return Reason("待遇没有停发，不用登记仍然停发。", "not_stopped", "工伤保险条例#42", WHO)


@guard
def payment_runs(s: Situation) -> Reason | None:
    if not s.facts.get("stopped"):
        return None
    return Reason("待遇现在停发。请办“登记仍然停发”。", "stopped", "工伤保险条例#42", WHO)


@guard
def cannot_restart(s: Situation) -> Reason | None:
    """Refusing an appraisal or treatment can be made good at any time; losing the condition or retiring cannot."""
    if s.facts.get("stop_cause") in ("lost", "retired") or revoked(s):
        return None
    return Reason(
        "拒不接受鉴定、拒绝治疗的，随时可以恢复，不能了结。请等原因消除后办“恢复支付”。",
        "may_restart",
        "工伤保险条例#42",
        WHO,
    )


# --- recovery ----------------------------------------------------------------------------------------------------------


@guard
def recognition_revoked_or_overpaid(s: Situation) -> Reason | None:
    """What may be ordered back: after a revocation, what was paid too much, or got by fraud; never more than was paid."""
    if s.given.get("recovery_cause") == "revoked" and not revoked(s):
        return Reason(
            "工伤认定没有被撤销。请改选追回的起因。", "not_revoked", "社会保险经办条例#46", WHO, "recovery_cause"
        )
    wanted = money(s.given.get("recovery_sum"))
    had = sum((money(p["amount"]) for p in paid(s, *FUND_ITEMS, "survivor_")), Decimal(0)) - money(
        s.facts.get("given_back")
    )
    if Decimal(0) < wanted <= had:
        return None
    text = f"责令退回的金额应大于零，不超过已经支付、还没有退回的 {had:.2f} 元。请核对金额。"
    return Reason(text, "recovery_sum", "社会保险经办条例#46", WHO, "recovery_sum")


@guard
def still_entitled(s: Situation) -> Reason | None:
    if not (revoked(s) or s.facts.get("stopped") or isinstance(s.facts.get("died_on"), date)):
        return None
    return Reason(
        "认定已撤销、待遇已停发或者职工已去世，没有可以接着支付的待遇。", "not_entitled", "工伤保险条例#42", WHO
    )


def still_owed(s: Situation) -> Decimal:
    """What of the ordered sum has not come back, 元."""
    return (
        money(s.facts.get("recovery_sum")) - money(before(s, "recovery_back"))
        if s.facts.get("recovering")
        else Decimal(0)
    )


@guard
def repayment_sound(s: Situation) -> Reason | None:
    return _coming_back(s, "repaid_sum")


@guard
def set_off_sound(s: Situation) -> Reason | None:
    return _coming_back(s, "set_off_sum")


def _coming_back(s: Situation, name: str) -> Reason | None:
    if Decimal(0) < money(s.given.get(name)) <= still_owed(s):
        return None
    text = f"金额应大于零，不超过还没有退回的 {still_owed(s):.2f} 元。请核对金额。"
    return Reason(text, "too_much", "社会保险经办条例#46", "财务", name)


@guard
def recovery_complete(s: Situation) -> Reason | None:
    if still_owed(s) <= 0:
        return None
    return Reason(f"还有 {still_owed(s):.2f} 元没有退回，不能办结。", "still_owed", "社会保险经办条例#46", "财务")


@guard
def recovery_open(s: Situation) -> Reason | None:
    if still_owed(s) > 0:
        return None
    return Reason("没有还在追回的款项。", "nothing_owed", "社会保险经办条例#46", WHO)
