"""What acts of benefit, advance payment and reimbursement make themselves. Pure; registered by being imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from workflow import words
from workflow.benefits import FigureBook, FigureUsed
from workflow.benefits.determine import ITEMS
from workflow.errors import UnknownFigure
from workflow.guards.advance import advance_open, own_items, reimb_open
from workflow.guards.benefit_more import (
    FUND_ITEMS,
    claim_papers,
    conclusion_day,
    difference,
    differences,
    money,
    next_month,
    paid,
    standing_lines,
)
from workflow.guards.benefit_orders import PENSION, survivor_open
from workflow.preparations.base import Prepared, preparation
from workflow.preparations.common import benefit_lines
from workflow.situation import Situation

Line = dict[str, Any]


def replacing(s: Situation, facts: Mapping[str, Any]) -> dict[str, Any]:
    """These facts, and what they replace: conditions are asked afterwards and see the old ones by `before`."""
    old = {n: str(v) if isinstance(v := s.facts.get(n), Decimal) else v for n in facts}
    return {**facts, "replaced": {**old, "at": s.case.get("seed")}}


SET_ITEMS = {"set_lump_sum": "lump_sum", "set_allowance": "disability_allowance", "set_care": "care_allowance"}
OWN_LABELS = {
    "survivor_funeral": "丧葬补助金", "survivor_grant": "一次性工亡补助金", "survivor_arrears": "职工生前应得未付的待遇",
    PENSION: "供养亲属抚恤金",
}  # fmt: skip


# --- determination -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PreviousYear(FigureBook):
    """The figures with the year before standing in where a year's are not out yet (工伤保险条例意见一#14); each says so."""

    def find(
        self, kind: str, scope: str, year: int | None, *, purpose: str, law: str = "", at: date | None = None
    ) -> FigureUsed:
        """As FigureBook.find, one year earlier where it has none. Raises UnknownFigure where that is missing too."""
        try:
            return super().find(kind, scope, year, purpose=purpose, law=law, at=at)
        except UnknownFigure:
            if year is None:
                raise
            used = super().find(kind, scope, year - 1, purpose=purpose, law=law, at=at)
            return replace(used, label=f"{used.label}（{year}年度数据没有公布，先用{year - 1}年度）")


@preparation
def determined_lines(s: Situation) -> Prepared:
    """The determination, with what the plain reckoning does not know: joined later, graded anew, amounts set by a document.

    Raises UnknownFigure, BadInput (see workflow.benefits).
    """
    keep = () if s.given.get("prev_year_used") else ("prev_year",)
    base = benefit_lines(_as_reckoned(s))
    if not base.facts:
        return Prepared(stop=keep)
    appraisal = s.others.get("appraisal", ("", {}))[1]
    lines = _adjusted(s, [dict(x) for x in base.facts["lines"]], appraisal)
    frozen = {**base.facts["determination"], "lines": lines, **_totals(lines)}
    facts = {
        **base.facts, "lines": lines, "determination": frozen, "sheet": _sheet(lines),
        "changes_from": next_month(conclusion_day(appraisal) or s.today),
    }  # fmt: skip
    return Prepared(facts, stop=keep)


def _as_reckoned(s: Situation) -> Situation:
    """The situation as `benefit_lines` reads it: the conclusion in force, the fund as payer where arrears were paid."""
    state, appraisal = s.others.get("appraisal", ("", {}))
    others = {**s.others, "appraisal": (state, {**appraisal, "concluded_on": conclusion_day(appraisal)})}
    case = {**s.case, "insured": "yes"} if isinstance(s.facts.get("arrears_paid_on"), date) else s.case
    book = s.figures
    if s.given.get("prev_year_used") and isinstance(book, FigureBook):
        book = PreviousYear(**{f.name: getattr(book, f.name) for f in fields(FigureBook)})
    return replace(s, others=others, case=case, figures=book)


def _adjusted(s: Situation, lines: list[Line], appraisal: Mapping[str, Any]) -> list[Line]:
    joined, first = s.facts.get("arrears_paid_on"), appraisal.get("concluded_on")
    second = appraisal.get("second_concluded_on")
    if isinstance(joined, date) and s.case.get("insured") == "no":
        lines = [_from(x, next_month(joined)) for x in lines if x["per"] == "month"]
    regraded = isinstance(first, date) and isinstance(second, date) and second > first
    if regraded and s.definition.answer("start_month_after_change") == "first":
        lines = [
            {**x, "from": next_month(first)} if x["per"] == "month" and isinstance(first, date) else x for x in lines
        ]
    if s.facts.get("redo_cause") == "recheck":
        lines = _lump_kept(s, lines)
    for name, item in SET_ITEMS.items():
        if s.given.get(name) is not None:
            lines = _set(s, lines, item, money(s.given[name]))
    return lines


def _from(line: Line, month: str) -> Line:
    """Not before `month`: only what is new since the employer has joined is the fund's (工伤保险条例#62.3)."""
    later = max(str(line["from"]), month)
    return {**line, "from": later, "law": f"{line['law']};工伤保险条例#62.3"}


def _lump_kept(s: Situation, lines: list[Line]) -> list[Line]:
    """A re-check changes the monthly items; the lump sum stays as it was paid (practice elsewhere, the region's rule unread)."""
    before = [dict(x) for x in s.facts.get("lines_before") or [] if x["per"] == "once"]
    if not before:
        return lines
    mark = "；复查鉴定不改变一次性待遇（本区规定待核实）"
    kept = [x if str(x["formula"]).endswith(mark) else {**x, "formula": f"{x['formula']}{mark}"} for x in before]
    return [*kept, *(x for x in lines if x["per"] == "month")]


def _set(s: Situation, lines: list[Line], item: str, amount: Decimal) -> list[Line]:
    """One item by a document: its amount in place of the reckoned one; nought takes the item off."""
    old = next((x for x in lines if x["item"] == item), None)
    rest = [x for x in lines if x["item"] != item]
    if amount <= 0:
        return rest
    per = "once" if item == "lump_sum" else "month"
    law = "工伤保险条例#40" if s.facts.get("redo_cause") == "yearly" else "工伤保险条例#35.1.3"
    law = str(old["law"]) if old and s.facts.get("redo") else law
    line: Line = {
        "item": item, "label": ITEMS[item], "amount": f"{amount:.2f}", "per": per, "payer": "fund",
        "from": s.given.get("set_from") or (old["from"] if old else None) if per == "month" else None,
        "formula": f"按{s.given.get('set_by')}核定 = {amount:,.2f} 元", "law": law, "figures": [],
    }  # fmt: skip
    return [line, *rest] if per == "once" else [*rest, line]


def _totals(lines: Sequence[Line]) -> dict[str, str]:
    total = {per: sum((money(x["amount"]) for x in lines if x["per"] == per), Decimal(0)) for per in ("once", "month")}
    return {"total_once": f"{total['once']:.2f}", "total_month": f"{total['month']:.2f}"}


def _sheet(lines: Sequence[Line]) -> dict[str, Any]:
    """The lines as the sheet prints them (see workflow.benefits.sheet)."""
    total = sum((money(x["amount"]) for x in lines), Decimal("0.00"))
    return {"lines": [_printed(x) for x in lines], "total": f"{total:.2f}", "total_upper": words.amount_in_words(total)}


def _printed(line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {"label": line["label"]}
    if line["from"]:
        year, month = str(line["from"]).split("-")
        row["period"] = f"按月，自{year}年{int(month)}月起"
    figures = [
        {"label": f["label"], "value": f"{money(f['value']):.2f}元", "notice": f["notice"], "demo": f["demo"]}
        for f in line["figures"]
    ]
    return row | {**{k: line[k] for k in ("formula", "amount", "payer", "law")}, "figures": figures}


@preparation
def list_claim_missing(s: Situation) -> Prepared:
    """The one-time list: papers of the claim not in, each with the article that allows asking (社会保险经办条例#31)."""
    missing = [s.definition.papers[n] for n in claim_papers(s) if n not in s.papers]
    return Prepared({"missing": [{"name": p.name, "label": p.label, "law": p.law} for p in missing]})


@preparation
def keep_lines(s: Situation) -> Prepared:
    """Made anew: the sheet in force goes on being paid until the new one is served; amounts of before bind nobody."""
    return Prepared({"lines_before": s.facts.get("lines_before") or s.facts.get("lines") or [], "redo": None})


@preparation
def adopt_lines(_s: Situation) -> Prepared:
    """The new sheet has been served: it takes the place of the one before."""
    return Prepared({"lines_before": [], "redo": None})


# --- paying ------------------------------------------------------------------------------------------------------------


def _paying(rows: Sequence[Mapping[str, Any]], **facts: Any) -> Prepared:
    told = [{k: r[k] for k in ("item", "month", "amount")} for r in rows]
    return Prepared({"last_payment": told, **facts}, payments=rows)


def _round(s: Situation, item: str, month: str) -> int:
    """The next round of an item and month: payments are never written over."""
    rows = s.case.get("payments") or []
    return 1 + max((int(p["round"]) for p in rows if p["item"] == item and p["month"] == month), default=0)


def _row(s: Situation, item: str, label: str, month: str, amount: Decimal) -> dict[str, Any]:
    return {"item": item, "label": label, "month": month, "amount": f"{amount:.2f}", "round": _round(s, item, month)}


@preparation
def pay_current(s: Situation) -> Prepared:
    """One month by the sheet that has not been replaced yet."""
    month = str(s.given.get("month") or "")
    return _paying([_row(s, x["item"], x["label"], month, money(x["amount"])) for x in standing_lines(s)])


@preparation
def pay_difference(s: Situation) -> Prepared:
    """What a new sheet gives more than was paid, in one payment; of what months it is made stays with the matter."""
    if (owed := difference(s)) <= 0:
        return Prepared()  # difference_due says so
    parts = [{"month": m, "amount": f"{a:.2f}"} for m, a in differences(s).items() if m != "back"]
    number = 1 + sum(str(p["item"]).startswith("difference") for p in s.case.get("payments") or [])
    row = _row(s, f"difference_{number}", "重新核定补差", "", owed)
    kept = {"differences": [*(s.facts.get("differences") or []), *parts], "given_back": "0.00"}
    return _paying([row], **replacing(s, kept))


@preparation
def difference_return(s: Situation) -> Prepared:
    """The newest paid difference came back from the bank."""
    rows = paid(s, "difference")
    return Prepared(returned=({"item": str(rows[-1]["item"]), "month": ""},) if rows else ())


@preparation
def repay_benefit(s: Situation) -> Prepared:
    """Pay again what came back of the worker's own sheet; survivors, advances and reimbursements have their own acts."""
    return _again(s, FUND_ITEMS)


@preparation
def own_return(s: Situation) -> Prepared:
    """This matter's payments of that month (or of once) came back."""
    month = str(s.given.get("returned_month") or "")
    items = dict.fromkeys(str(p["item"]) for p in paid(s, own_items(s)) if p["month"] == month)
    return Prepared(returned=tuple({"item": item, "month": month} for item in items))


@preparation
def own_repay(s: Situation) -> Prepared:
    """Pay again what came back of this matter's payments."""
    return _again(s, (own_items(s),))


def _again(s: Situation, prefixes: tuple[str, ...]) -> Prepared:
    back = [p for p in s.case.get("payments") or [] if p["state"] == "returned" and not p["repaid"]]
    rows = [
        {**{k: p[k] for k in ("item", "label", "month", "amount")}, "round": _round(s, p["item"], p["month"])}
        for p in back if str(p["item"]).startswith(prefixes)
    ]  # fmt: skip
    return _paying(rows)


@preparation
def pay_survivor(s: Situation) -> Prepared:
    """The once-only items of the survivors that are not paid yet."""
    return _paying([_row(s, item, OWN_LABELS[item], "", left) for item, left in survivor_open(s).items()])


@preparation
def pay_pension(s: Situation) -> Prepared:
    """The dependants' pension of one month; while it is reckoned anew, as approved before."""
    standing = s.facts.get("pension_standing") if s.state.name == "survivor_claimed" else s.facts.get("pension_month")
    return _paying(
        [_row(s, PENSION, OWN_LABELS[PENSION], str(s.given.get("month") or ""), money(standing))]
        if money(standing) > 0
        else []
    )


@preparation
def pay_advance(s: Situation) -> Prepared:
    """What of the advance decided on is not paid yet."""
    return _own(s, "先行支付款", "", advance_open(s))


@preparation
def pay_advance_month(s: Situation) -> Prepared:
    """The monthly part of the advance."""
    return _own(s, "按月先行支付款", str(s.given.get("month") or ""), money(s.facts.get("advance_month")))


@preparation
def pay_reimb(s: Situation) -> Prepared:
    """What of the approved reimbursement is not paid yet."""
    return _own(s, "手工报销", "", reimb_open(s))


def _own(s: Situation, label: str, month: str, amount: Decimal) -> Prepared:
    return _paying([_row(s, own_items(s), label, month, amount)] if amount > 0 else [])


@preparation
def note_employer_sum(s: Situation) -> Prepared:
    """What the employer has given back so far, 元."""
    total = money(s.facts.get("employer_back")) + money(s.given.get("employer_sum"))
    return Prepared(replacing(s, {"employer_back": f"{total:.2f}"}))
