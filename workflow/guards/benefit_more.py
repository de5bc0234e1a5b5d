"""Conditions of benefits beyond the plain way: who pays, papers, redetermination, differences, months.

No condition here asks whether the recognition is being challenged: that holds up no benefit (工伤保险条例#31, 行政复议法#42,
行政诉讼法#56). Only a recognition that has been revoked takes the ground away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.guards.benefit import graded, monthly_lines
from workflow.situation import Situation

REVOKED = frozenset({"revoked", "revocation_served"})
"""States of the recognition in which the decision has been taken back (工伤行政案件规定#9)."""
STANDING = frozenset({"decided", "delivered", "correcting", "final"})
"""States in which a decision of recognition, or of its refusal, stands; while one is redone nothing is settled."""
FUND_ITEMS = ("lump_sum", "disability_allowance", "care_allowance", "difference")
"""Beginnings of the item names that belong to the worker's own sheet."""
SET_AMOUNTS = ("set_lump_sum", "set_allowance", "set_care")
NEW_CONCLUSION = frozenset({"second", "recheck", "corrected"})
STOPPING, RECOVERING = frozenset({"stop_notice"}), frozenset({"recovery_order"})
SURVIVING = frozenset({"survivor_sheet", "survivor_refusal"})
WHO = "经办机构"


def money(value: Any) -> Decimal:
    """An amount as kept (Decimal, or its text inside a list) in 元; nothing is nought."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def month_of(day: date) -> str:
    """2026-05-03 → 2026-05."""
    return day.isoformat()[:7]


def next_month(day: date) -> str:
    """The month after that of `day` (工伤保险经办规程#80)."""
    return f"{day.year + day.month // 12:04d}-{day.month % 12 + 1:02d}"


def before(s: Situation, name: str) -> Any:
    """A fact as it stood before the act's own preparation: conditions are asked when that has been made."""
    noted = s.facts.get("replaced") or {}
    return noted[name] if name in noted and noted.get("at") == s.case.get("seed") else s.facts.get(name)


def paid(s: Situation, *prefixes: str) -> list[Mapping[str, Any]]:
    """The payments that stand, of items whose name begins so."""
    rows = s.case.get("payments") or []
    return [p for p in rows if p["state"] == "paid" and str(p["item"]).startswith(prefixes)]


# --- recognition, insurance, conclusion --------------------------------------------------------------------------------


def revoked(s: Situation) -> bool:
    """Whether the recognition has been taken back, or replaced by a decision that recognises no injury."""
    state, facts = s.others.get("recognition", ("", {}))
    yes = facts.get("recognised")
    if yes is None:  # placed from a form, or decided before this was noted
        yes = facts.get("opinion") != "refuse"
    return state in REVOKED or (state in STANDING and not yes)


@guard
def recognition_stands(s: Situation) -> Reason | None:
    if not revoked(s):
        return None
    return Reason(
        "工伤认定已经被撤销，没有认定就没有工伤待遇。重新认定为工伤以后再办。",
        "not_recognised",
        "工伤保险条例#55",
        "社会保险行政部门",
    )


@guard
def recognition_gone(s: Situation) -> Reason | None:
    if revoked(s):
        return None
    return Reason(
        "工伤认定没有被撤销，不能因此不核定待遇；认定在复议、诉讼的，待遇照常核定和支付。",
        "still_recognised",
        "行政复议法#42",
        WHO,
    )


@guard
def fund_liable(s: Situation) -> Reason | None:
    """Insured; or joined and paid up since, for what is new (工伤保险条例#62.3)."""
    if s.case.get("insured") != "no" or isinstance(_benefit_facts(s).get("arrears_paid_on"), date):
        return None
    return Reason(
        "单位没有参保，待遇由用人单位支付，基金不核定支付。请办“告知由单位支付”；单位不付的，可以申请先行支付。",
        "not_insured", "工伤保险条例#62", WHO,
    )  # fmt: skip


def _benefit_facts(s: Situation) -> Mapping[str, Any]:
    return s.facts if s.matter.name == "benefit" else s.others.get("benefit", ("", {}))[1]


@guard
def arrears_document(s: Situation) -> Reason | None:
    if str(s.given.get("document_received") or "").strip():
        return None
    return Reason(
        "请写明参保和缴清保险费、滞纳金的凭证（名称和号码）。没有缴清的，新发生的费用仍由单位支付。",
        "no_arrears_proof", "工伤保险条例#62.3", "用人单位", "document_received",
    )  # fmt: skip


def conclusion_day(facts: Mapping[str, Any]) -> date | None:
    """The day of the conclusion in force: a second appraisal takes the place of the first, a later re-check that of both."""
    first, second = facts.get("concluded_on"), facts.get("second_concluded_on")
    days = [d for d in (first, second) if isinstance(d, date)]
    return max(days) if days else None


@guard
def conclusion_served(s: Situation) -> Reason | None:
    """A conclusion has reached its addressees and stands; a re-check under way does not hold the old one up."""
    state, facts = s.others.get("appraisal", ("", {}))
    return graded(facts, served=state in ("delivered", "final") or isinstance(facts.get("final_on"), date))


# --- papers ------------------------------------------------------------------------------------------------------------


def claim_papers(s: Situation) -> tuple[str, ...]:
    """The papers a claim may be asked for: what the act `claim` receives, and nothing else (社会保险经办条例#31)."""
    return next((a.receive for state in s.matter.states.values() for n, a in state.actions.items() if n == "claim"), ())


@guard
def claim_papers_missing(s: Situation) -> Reason | None:
    if set(claim_papers(s)) - s.papers:
        return None
    return Reason(
        "依法可以要的材料已经齐了，不能再要求补充，请直接核定。", "nothing_missing", "社会保险经办条例#31", WHO
    )


@guard
def claim_papers_complete(s: Situation) -> Reason | None:
    missing = [s.definition.papers[n] for n in claim_papers(s) if n not in s.papers]
    if not missing:
        return None
    listed = "、".join(f"{p.label}（{p.law}）" for p in missing)
    return Reason(f"还缺材料：{listed}。请收齐后再登记。", "papers_missing", missing[0].law, "申请人、窗口", "papers")


# --- redetermination ---------------------------------------------------------------------------------------------------


def made_from(s: Situation) -> tuple[str, str, str]:
    """Grade, care and day of the conclusion the standing sheet was reckoned from."""
    told = (s.facts.get("determination") or {}).get("facts") or {}
    return str(told.get("grade") or "none"), str(told.get("care") or "none"), str(told.get("concluded_on") or "")


def concluded_now(s: Situation) -> tuple[str, str, str]:
    """The same of the conclusion now in force."""
    facts = s.others.get("appraisal", ("", {}))[1]
    return str(facts.get("grade") or "none"), str(facts.get("care") or "none"), str(conclusion_day(facts) or "")


@guard
def redo_grounded(s: Situation) -> Reason | None:
    """The cause somebody names has really happened."""
    cause = str(s.given.get("redo_cause") or "")
    if cause in _REDO and not _happened(s, cause):
        return Reason(_REDO[cause], "no_cause", "工伤保险条例#46", WHO, "redo_cause")
    return None


def _happened(s: Situation, cause: str) -> bool:
    if cause in NEW_CONCLUSION:
        now = concluded_now(s)
        return now[0] != "none" if s.state.name == "no_grade" else now != made_from(s)
    if cause == "payer":
        return s.case.get("insured") == ("yes" if s.state.name == "employer_liable" else "no")
    if cause == "figures":
        return bool(s.facts.get("determination"))
    items = {str(line["item"]) for line in monthly_lines(s)}
    return "disability_allowance" in items if cause == "retired" else bool(items)


_REDO = {
    **dict.fromkeys(
        NEW_CONCLUSION, "鉴定结论和原核定所依据的一样，没有新的结论。请等新结论作出并登记后再办，或者改选起因。"
    ),
    "figures": "没有核定过的待遇，谈不上数据更正。请改选起因。",
    "yearly": "核定表里没有按月发放的待遇，不适用定期待遇调整。请改选起因。",
    "retired": "核定表里没有伤残津贴，退休不影响其他待遇。请改选起因。",
    "payer": "参保情况没有变化。请先补录或者更正参保情况，或者改选起因。",
}


@guard
def amounts_grounded(s: Situation) -> Reason | None:
    """An amount taken from a document instead of reckoned: only for a yearly adjustment, retirement, or an order."""
    given = [n for n in SET_AMOUNTS if s.given.get(n) is not None]
    if not given:
        return None
    if s.facts.get("redo_cause") not in ("yearly", "retired") and not s.facts.get("redo"):
        text = "只有定期待遇调整、退休补差，或者执行复议决定、判决，才能直接填金额。其他情况由系统按规定计算，请把金额清空。"
        return Reason(text, "not_set_by_document", "工伤保险条例#64", WHO, given[0])
    if not str(s.given.get("set_by") or "").strip():
        return Reason(
            "填了金额，请写明定这个金额的文件或者裁判的名称和文号。", "no_document", "工伤保险条例#40", WHO, "set_by"
        )
    if not s.given.get("set_from") and given != ["set_lump_sum"]:
        return Reason("填了按月的金额，请填写从哪个月起发。", "no_month", "工伤保险经办规程#80", WHO, "set_from")
    return None


@guard
def order_followed(s: Situation) -> Reason | None:
    """A decision varied by a review body or court is determined as it was varied (行政复议法#63)."""
    redo = s.facts.get("redo") or {}
    if redo.get("act") != "vary_by_order" or any(s.given.get(n) is not None for n in SET_AMOUNTS):
        return None
    text = f"原核定已被{redo.get('ruling') or '复议决定或者判决'}变更，应当照变更后的金额核定。请填写文件或者裁判定的金额。"
    return Reason(text, "order_not_followed", "行政复议法#63", WHO, "set_lump_sum")


# --- paying ------------------------------------------------------------------------------------------------------------


def once_open(s: Situation) -> Decimal:
    """What of the once-only fund items of the sheet nothing has been paid for yet, 元."""
    done = {str(p["item"]) for p in paid(s, "lump_sum")}
    lines = s.facts.get("lines") or []
    return sum(
        (money(x["amount"]) for x in lines if x["per"] == "once" and x["payer"] == "fund" and x["item"] not in done),
        Decimal(0),
    )


@guard
def once_settled(s: Situation) -> Reason | None:
    if not once_open(s):
        return None
    return Reason("一次性待遇还没有支付。请先办“支付一次性待遇”。", "once_open", "工伤保险条例#35", "财务")


def differences(s: Situation) -> dict[str, Decimal]:
    """Once (""), by month paid already, and "back": what the sheet in force gives less what was paid, 元 (工伤保险条例意见一#14).

    A month counts from the sheet's own first month on; earlier ones were paid under the sheet before. What the worker has
    given back (`back`) is due to him again where the sheet still gives it.
    """
    lines = [x for x in s.facts.get("lines") or [] if x["payer"] == "fund"]
    if not lines:
        return {}
    since = min(
        (str(x["from"]) for x in lines if x["per"] == "month"), default=str(s.facts.get("changes_from") or "9999-12")
    )
    rows = [p for p in paid(s, *FUND_ITEMS[:3]) if not p["month"] or p["month"] >= since]
    prior = before(s, "differences") or []
    out = {m: _due(lines, m) - _sum(rows, m) - _sum(prior, m) for m in sorted({str(p["month"]) for p in rows})}
    out["back"] = money(before(s, "given_back"))
    return {m: amount for m, amount in out.items() if amount}


def _due(lines: Iterable[Mapping[str, Any]], month: str) -> Decimal:
    """What the sheet gives for one month, or once where `month` is empty."""
    wanted = [x for x in lines if (x["per"] == "once") != bool(month) and str(x["from"] or "") <= month]
    return sum((money(x["amount"]) for x in wanted), Decimal(0))


def _sum(rows: Iterable[Mapping[str, Any]], month: str) -> Decimal:
    return sum((money(r["amount"]) for r in rows if str(r["month"]) == month), Decimal(0))


def difference(s: Situation) -> Decimal:
    """The net of `differences`: positive is owed to the worker, negative was paid too much."""
    return sum(differences(s).values(), Decimal(0))


@guard
def difference_due(s: Situation) -> Reason | None:
    if difference(s) > 0:
        return None
    return Reason("已付的和核定的没有差额，不用补。", "no_difference", "工伤保险条例意见一#14", "财务")


@guard
def no_difference(s: Situation) -> Reason | None:
    if (owed := difference(s)) <= 0:
        return None
    return Reason(
        f"重新核定后还欠职工 {owed:.2f} 元。请先办“支付重新核定的补差”。",
        "difference_open",
        "工伤保险条例意见一#14",
        "财务",
    )


@guard
def difference_paid(s: Situation) -> Reason | None:
    if paid(s, "difference"):
        return None
    return Reason("没有付过补差。请核对银行退回的是哪一笔。", "no_payment", "工伤保险经办规程#97", "财务")


@guard
def month_not_stopped(s: Situation) -> Reason | None:
    """Nothing while stopped; afterwards from the month after the cause ended, the gap is not made up (工伤保险条例意见一#11)."""
    if s.facts.get("stopped"):
        return Reason(
            "待遇现在停发，不能支付。请先办“恢复支付”，或者登记仍然停发。",
            "stopped",
            "工伤保险条例#42",
            "经办机构审批人",
        )
    month = str(s.given.get("month") or "")
    for gap in s.facts.get("gaps") or []:
        if str(gap["after"]) < month <= str(gap["until"]):
            text = f"{month} 在停发期间（{gap['after']} 以后到 {gap['until']}），停发期间的待遇不补发。请改月份。"
            return Reason(text, "in_gap", "工伤保险条例意见一#11", "财务", "month")
    return None


def standing_lines(s: Situation) -> list[Mapping[str, str]]:
    """The monthly fund lines of the sheet that has been served and not replaced yet."""
    replaced = s.facts.get("lines_before") or (s.facts.get("lines") or [] if s.state.name == "ordered" else [])
    return [line for line in replaced if line["per"] == "month" and line["payer"] == "fund"]


@guard
def current_month_due(s: Situation) -> Reason | None:
    """While a sheet is made anew, the one before goes on being paid month by month."""
    lines, month = standing_lines(s), str(s.given.get("month") or "")
    if not lines or not isinstance(s.facts.get("sheet_served_on"), date):
        return Reason(
            "没有已经送达、按月发放的核定表，现在没有可以照发的待遇。", "no_standing_sheet", "工伤保险条例#35", "财务"
        )
    if s.facts.get("stopped"):  # whatever the month
        return month_not_stopped(s)
    if not month:
        return Reason("请填写发放月份，如 2026-12。", "month_missing", "工伤保险经办规程#80", "财务", "month")
    if month < min(str(line["from"]) for line in lines) or month > month_of(s.today):
        return Reason(
            f"{month} 不在可以发放的月份里。请改月份。", "wrong_month", "工伤保险经办规程#80", "财务", "month"
        )
    if any(p["month"] == month for p in paid(s, *FUND_ITEMS[:3])):
        return Reason(f"{month} 的待遇已经发过，不能重发。", "already_paid", "工伤保险条例#35", "财务", "month")
    return month_not_stopped(s)
