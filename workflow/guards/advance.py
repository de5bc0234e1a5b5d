"""Conditions of advance payment (先行支付) and of hand-filed reimbursement (手工报销)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.guards.benefit import done_by_another, not_approved, same_person
from workflow.guards.benefit_more import before, money, month_of, paid
from workflow.situation import Situation

RULES = "社会保险基金先行支付暂行办法"
AGENCY = "经办机构"


def own_items(s: Situation) -> str:
    """How the payments of this very matter are named: survivors' items, or the matter's name and number."""
    if s.matter.name == "benefit":
        return "survivor_"
    return str(s.case.get("seed") or "").partition("|")[2].partition("|")[0].replace("#", "_") or s.matter.name


def own_paid(s: Situation) -> Decimal:
    """What this matter has paid out, 元."""
    return sum((money(p["amount"]) for p in paid(s, own_items(s))), Decimal(0))


# --- advance payment ---------------------------------------------------------------------------------------------------


@guard
def gateway_stands(s: Situation) -> Reason | None:
    """One of the four cases, each with what shows it (社会保险基金先行支付暂行办法#6)."""
    gateway = s.given.get("gateway")
    if gateway not in s.definition.facts["gateway"].choices:
        return Reason("请选择申请先行支付的情形（四种之一）。", "no_gateway", f"{RULES}#6", "职工", "gateway")
    if str(s.given.get("gateway_proof") or "").strip():
        return None
    text = "请写明能说明这种情形的材料：吊销决定、拒付答复、中止执行裁定的名称和文号，或者单位不支付的经过。"
    return Reason(text, "no_proof", f"{RULES}#6", "职工", "gateway_proof")


@guard
def no_open_advance(s: Situation) -> Reason | None:
    state, _ = s.others.get("advance_payment", ("", {}))
    defined = s.definition.matters["advance_payment"].states.get(state)
    if defined is None or defined.end:
        return None
    return Reason(f"先行支付正在办理（{defined.label}），办完以前不用再申请。", "already_open", f"{RULES}#6", AGENCY)


@guard
def payment_confirmed(s: Situation) -> Reason | None:
    if s.given.get("worker_confirmed") is True:
        return None
    text = "职工还没有确认收到单位支付的全部待遇，不能当作单位已经付清。只付一部分的，登记单位的答复，余下的接着办。"
    return Reason(text, "not_confirmed", f"{RULES}#7", "职工", "worker_confirmed")


def _over(s: Situation, clock: str) -> bool:
    running = s.clock(clock)
    return running is not None and running.over(s.today)


@guard
def dun_lapsed(s: Situation) -> Reason | None:
    """The employer has let its five working days pass, or has said that it does not pay."""
    if _over(s, "employer_pays") or s.facts.get("employer_answer") in ("refuses", "part"):
        return None
    running = s.clock("employer_pays")
    until = running.due_on if running and running.due_on else "未定"
    text = f"单位收到催告后还在五个工作日内（到 {until}），也没有登记它拒绝支付。请等期满，或者先登记单位的答复。"
    return Reason(text, "not_lapsed", f"{RULES}#7", AGENCY)


@guard
def advance_sound(s: Situation) -> Reason | None:
    if money(s.given.get("advance_sum")) + money(s.given.get("advance_month")) > 0:
        return None
    return Reason(
        "先行支付的金额是零。请填写金额；没有可以先付的项目的，办“不予先行支付”。",
        "no_sum",
        f"{RULES}#8",
        AGENCY,
        "advance_sum",
    )


@guard
def advance_by_another(s: Situation) -> Reason | None:
    return (
        None
        if done_by_another(s, "propose_advance")
        else same_person("先行支付是您本人拟定的，要由另一个人决定。请转给其他审批人。")
    )


@guard
def advance_paid_by_another(s: Situation) -> Reason | None:
    return None if done_by_another(s, "grant_advance") else not_approved("先行支付", "决定")


def advance_open(s: Situation) -> Decimal:
    """What of the once-only advance is not paid yet, 元."""
    had = sum((money(p["amount"]) for p in paid(s, own_items(s)) if not p["month"]), Decimal(0))
    return money(s.facts.get("advance_sum")) - had


@guard
def advance_unpaid(s: Situation) -> Reason | None:
    if advance_open(s) > 0:
        return None
    return Reason("决定先行支付的金额已经付清。请办“已经付过，接着追偿”。", "already_paid", f"{RULES}#8", "财务")


@guard
def advance_paid_up(s: Situation) -> Reason | None:
    if advance_open(s) <= 0:
        return None
    return Reason(f"还有 {advance_open(s):.2f} 元没有先行支付。请先支付。", "unpaid", f"{RULES}#8", "财务")


@guard
def advance_month_due(s: Situation) -> Reason | None:
    month, granted = str(s.given.get("month") or ""), s.facts.get("advanced_on")
    if money(s.facts.get("advance_month")) <= 0:
        return Reason("决定书里没有按月先行支付的金额。", "no_monthly", f"{RULES}#8", "财务")
    if not month or not isinstance(granted, date) or not month_of(granted) <= month <= month_of(s.today):
        return Reason(
            "只能从作出决定的当月起，按月先付到当月。请改月份。", "wrong_month", f"{RULES}#8", "财务", "month"
        )
    if any(p["month"] == month for p in paid(s, own_items(s))):
        return Reason(f"{month} 已经先行支付过，不能重付。", "already_paid", f"{RULES}#8", "财务", "month")
    return None


def owed(s: Situation) -> Decimal:
    """What the employer has to give back to the fund and has not, 元."""
    total = s.facts.get("owed_sum")
    return (own_paid(s) if total is None else money(total)) - money(before(s, "employer_back"))


@guard
def owed_sound(s: Situation) -> Reason | None:
    left = own_paid(s) - money(before(s, "employer_back"))
    if Decimal(0) < money(s.given.get("owed_sum")) <= left:
        return None
    text = f"责令偿还的金额应大于零，不超过已经先行支付、单位还没有偿还的 {left:.2f} 元。请核对金额。"
    return Reason(text, "owed_sum", f"{RULES}#13", AGENCY, "owed_sum")


@guard
def debt_paid(s: Situation) -> Reason | None:
    if money(s.given.get("employer_sum")) >= owed(s):
        return None
    text = f"单位还应偿还 {owed(s):.2f} 元，这次的金额不够。只还一部分的，办“登记单位支付（偿还）一部分”。"
    return Reason(text, "still_owed", f"{RULES}#13", AGENCY, "employer_sum")


@guard
def repay_lapsed(s: Situation) -> Reason | None:
    if _over(s, "repay_fund"):
        return None
    running = s.clock("repay_fund")
    until = running.due_on if running and running.due_on else "未定"
    return Reason(
        f"单位偿还的期限（到 {until}）还没有过，不能采取追偿措施。请等期满。", "not_lapsed", f"{RULES}#13", AGENCY
    )


# --- payments of this matter -------------------------------------------------------------------------------------------


@guard
def own_payment_made(s: Situation) -> Reason | None:
    month = str(s.given.get("returned_month") or "")
    if any(p["month"] == month for p in paid(s, own_items(s))):
        return None
    return Reason(
        "没有这个月份的付款记录。请核对退回的月份（一次性的不填）。",
        "no_payment",
        "工伤保险经办规程#97",
        "财务",
        "returned_month",
    )


@guard
def own_returned(s: Situation) -> Reason | None:
    rows = s.case.get("payments") or []
    if any(p["state"] == "returned" and not p["repaid"] and str(p["item"]).startswith(own_items(s)) for p in rows):
        return None
    return Reason("没有被银行退回、还没重付的款项。", "nothing_returned", "工伤保险经办规程#97", "财务")


# --- reimbursement -----------------------------------------------------------------------------------------------------


@guard
def sums_sound(s: Situation) -> Reason | None:
    claimed, payable = money(s.given.get("claimed_sum")), money(s.given.get("payable_sum"))
    if claimed > 0 and payable <= claimed:
        return None
    text = "申请的金额要大于零，应报销的金额不能超过申请的金额。请核对。"
    return Reason(text, "sums", "社会保险经办条例#22.2", AGENCY, "payable_sum")


def _sums(s: Situation) -> tuple[Decimal, Decimal]:
    return money(s.facts.get("claimed_sum")), money(s.facts.get("payable_sum"))


def _typed_sum(s: Situation) -> str:
    """The field to correct, where the sum itself was typed and not only kept."""
    return "payable_sum" if "payable_sum" in s.given else ""


@guard
def approved_in_full(s: Situation) -> Reason | None:
    claimed, payable = _sums(s)
    if payable == claimed:
        return None
    text = "审核的金额少于申请的金额，要写明不报的理由。请办“同意部分报销”或者“不予报销”。"
    return Reason(text, "not_in_full", "社会保险经办条例#22.2", "经办机构审批人", _typed_sum(s))


@guard
def approved_in_part(s: Situation) -> Reason | None:
    claimed, payable = _sums(s)
    if Decimal(0) < payable < claimed:
        return None
    text = "审核的金额不是申请金额的一部分。请办“同意全部报销”或者“不予报销”。"
    return Reason(text, "not_in_part", "社会保险经办条例#22.2", "经办机构审批人", _typed_sum(s))


@guard
def nothing_payable(s: Situation) -> Reason | None:
    if _sums(s)[1] == 0:
        return None
    text = "审核有应当报销的金额，不能全部不报。请办“同意部分报销”。"
    return Reason(text, "payable", "社会保险经办条例#22.2", "经办机构审批人", _typed_sum(s))


@guard
def reimb_by_another(s: Situation) -> Reason | None:
    return (
        None
        if done_by_another(s, "assess")
        else same_person("费用是您本人审核的，要由另一个人审批。请转给其他审批人。")
    )


@guard
def reimb_paid_by_another(s: Situation) -> Reason | None:
    return None if done_by_another(s, "approve_reimb", "approve_part") else not_approved("报销")


def reimb_open(s: Situation) -> Decimal:
    """What of the approved sum is not paid yet, 元."""
    return money(s.facts.get("payable_sum")) - own_paid(s)


@guard
def reimb_unpaid(s: Situation) -> Reason | None:
    if reimb_open(s) > 0:
        return None
    return Reason("核定的报销款已经付清。请办“没有要补付的，办结”。", "already_paid", "社会保险经办条例#22.2", "财务")


@guard
def reimb_paid_up(s: Situation) -> Reason | None:
    if reimb_open(s) <= 0:
        return None
    return Reason(f"还有 {reimb_open(s):.2f} 元报销款没有付。请先支付。", "unpaid", "社会保险经办条例#22.2", "财务")
