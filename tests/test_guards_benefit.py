"""Conditions and preparations of benefit, advance payment and reimbursement: when each holds, and what each answer names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from workflow import benefits
from workflow.benefits import Figure, FigureBook
from workflow.definition.model import (
    ActionDef,
    Definition,
    FactDef,
    InstrumentDef,
    MatterDef,
    PaperDef,
    QuestionDef,
    StateDef,
)
from workflow.errors import Reason, UnknownFigure
from workflow.guards import advance, benefit_more, benefit_orders, benefit_stops
from workflow.guards.base import REGISTRY
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.situation import Actor, ClockView, EventView, Situation

TODAY = date(2026, 5, 20)
ME, OTHER = 1, 2
MODULES = (benefit_more, benefit_stops, benefit_orders, advance)
PAPERS = ("claim_identity", "death_proof", "kinship_proof")
CLAIM = ActionDef("claim", "申请", ("worker",), "claimed", receive=("claim_identity",))
KINDS = (
    "benefit_sheet",
    "stop_notice",
    "recovery_order",
    "survivor_sheet",
    "advance_refusal",
    "repay_order",
    "reimb_decision",
)
PENDING = {
    "applied": StateDef("applied", "待催告", "x"), "refused": StateDef("refused", "不予先行支付", "x", end=True),
}  # fmt: skip


def open_question(use: str) -> QuestionDef:
    choices = {"first": "a", "last": "b"}
    return QuestionDef("start_month_after_change", "x", choices, use, "first", "工伤保险经办规程#80", "L")


def definition(regrade: str = "first") -> Definition:
    choice = FactDef("gateway", "情形", "choice", {"revoked": "吊销", "refused": "拒付"})
    names = ("advance_sum", "advance_items", "pension_month", "payable_sum", "death_grant")
    matters = {
        "benefit": MatterDef(
            "benefit", "待遇", "to_claim", {"to_claim": StateDef("to_claim", "x", "x", (), {"claim": CLAIM})}
        ),
        "advance_payment": MatterDef("advance_payment", "先行支付", "applied", PENDING),
        "reimbursement": MatterDef("reimbursement", "报销", "filed", {"filed": StateDef("filed", "x", "x")}),
    }
    return Definition(
        "t", "", "", {}, {}, {"gateway": choice, **{n: FactDef(n, n, "money") for n in names}}, {},
        {p: PaperDef(p, f"材料{p}", "工伤保险条例#39.1") for p in PAPERS},
        {k: InstrumentDef(k, f"文书{k}", "x", ("worker",), "工伤保险条例#64") for k in KINDS}, matters,
        {"start_month_after_change": open_question(regrade)},
    )  # fmt: skip


DEFINITION = definition()
_moments = count(1)


def situation(
    action: str = "act", state: str = "x", matter: str = "benefit", may: tuple[str, ...] = (), on: str = "", **more: Any
) -> Situation:
    act = ActionDef(action, action, ("agency",), state, may=may, on=on)
    place = StateDef(state, state, "x", (), {action: act})
    plain = Situation(TODAY, DEFINITION, DEFINITION.matters[matter], place, act, Actor(ME, "me", "我", frozenset()))
    more["case"] = {"seed": f"2026-000001|{matter}#1|{next(_moments)}|h", **more.get("case", {})}
    more["facts"] = {**more.get("facts", {}), **more.get("given", {})}
    return replace(plain, **more)


def did(action: str, by: int = OTHER, **facts: Any) -> dict[str, Any]:
    return {"events": (EventView(2, action, "a", "b", by, TODAY, facts),)}


def over(name: str, due: date) -> dict[str, Any]:
    return {"clocks": (ClockView(name, "X", "running", date(2026, 5, 1), due),)}


def line(item: str, amount: str, since: str | None = None, payer: str = "fund") -> dict[str, Any]:
    return {
        "item": item, "label": item, "amount": amount, "per": "month" if since else "once", "payer": payer, "from": since,
        "formula": "x", "law": "工伤保险条例#35.1", "figures": [],
    }  # fmt: skip


def paid(item: str, amount: str, month: str = "", state: str = "paid", round_: int = 1) -> dict[str, Any]:
    return {
        "item": item,
        "label": item,
        "amount": amount,
        "month": month,
        "state": state,
        "round": round_,
        "repaid": False,
    }


def recognition(state: str, **facts: Any) -> dict[str, Any]:
    return {"others": {"recognition": (state, facts)}}


def appraisal(state: str = "delivered", **facts: Any) -> dict[str, Any]:
    return {"others": {"appraisal": (state, facts)}}


def orders(*kinds: str) -> dict[str, Any]:
    return {"facts": {"orders": [{"kind": k, "label": f"文书{k}", "act": "redo_by_order"} for k in kinds]}}


def redo(kind: str, was: str = "", act: str = "redo_by_order", procedural: bool = False) -> dict[str, Any]:
    return {"redo": {"kind": kind, "act": act, "was": was, "procedural": procedural, "ruling": "某复议〔2026〕1号"}}


def told(*, matter: str = "benefit", number: int = 1, **case: Any) -> dict[str, Any]:
    return {"matter": DEFINITION.matters[matter], "case": {"seed": f"2026-000001|{matter}#{number}|3|h", **case}}


LUMP, ALLOWANCE, CARE = (
    line("lump_sum", "100.00"),
    line("disability_allowance", "50.00", "2026-03"),
    line("care_allowance", "20.00", "2026-03"),
)
SHEET: dict[str, Any] = {"lines": [LUMP, ALLOWANCE]}
MADE = {"determination": {"facts": {"grade": 3, "care": "part", "concluded_on": "2026-02-10"}}}
NOW: dict[str, Any] = {"grade": "3", "care": "part", "concluded_on": date(2026, 2, 10)}
PAID = [paid("lump_sum", "100.00"), paid("disability_allowance", "50.00", "2026-04")]
SERVED = {"sheet_served_on": date(2026, 3, 1)}
OWED = {"recovering": True, "recovery_sum": Decimal("90.00"), "recovery_back": "30.00"}
DIED = {"died_on": date(2026, 3, 9)}
ADVANCED = told(matter="advance_payment", payments=[paid("advance_payment_1", "100.00")])
REIMBURSED = told(
    matter="reimbursement", number=2, payments=[paid("reimbursement_2", "60.00"), paid("reimbursement_1", "500.00")]
)

Rows = list[dict[str, Any]]
# guard → where it holds, where it does not, the code of the refusal
ROWS: list[tuple[str, Rows, Rows, str]] = [
    ("recognition_stands",
     [{}, recognition("decided"), recognition("redo", recognised=False), recognition("delivered", recognised=True, opinion="refuse")],
     [recognition("revoked"), recognition("revocation_served"), recognition("final", recognised=False), recognition("delivered", opinion="refuse")],
     "not_recognised"),
    ("recognition_gone", [recognition("revoked")], [{}, recognition("final", recognised=True), recognition("redo")], "still_recognised"),
    ("fund_liable", [{"case": {"insured": "yes"}}, {"case": {"insured": "unknown"}}, {"case": {"insured": "no"}, "facts": {"arrears_paid_on": TODAY}},
                     {**told(matter="reimbursement", insured="no"), "others": {"benefit": ("x", {"arrears_paid_on": TODAY})}}],
     [{"case": {"insured": "no"}}, told(matter="reimbursement", insured="no")], "not_insured"),
    ("arrears_document", [{"given": {"document_received": "完税证"}}], [{}, {"given": {"document_received": " "}}], "no_arrears_proof"),
    ("claim_papers_missing", [{}], [{"papers": frozenset({"claim_identity"})}], "nothing_missing"),
    ("claim_papers_complete", [{"papers": frozenset({"claim_identity"})}], [{}, {"papers": frozenset({"death_proof"})}], "papers_missing"),
    ("order_followed", [{}, {"facts": redo("benefit_sheet")}, {"facts": redo("benefit_sheet", act="vary_by_order"),
     "given": {"set_care": Decimal(1)}}],
     [{"facts": redo("benefit_sheet", act="vary_by_order")}], "order_not_followed"),
    ("once_settled", [{}, {"facts": SHEET, "case": {"payments": PAID}}, {"facts": {"lines": [ALLOWANCE]}}],
     [{"facts": SHEET}, {"facts": SHEET, "case": {"payments": [paid("lump_sum", "100.00", state="returned")]}}], "once_open"),
    ("difference_due", [{"facts": {"lines": [line("lump_sum", "110.00")]}, "case": {"payments": PAID}}],
     [{}, {"facts": SHEET, "case": {"payments": PAID}}, {"facts": {"lines": [line("lump_sum", "90.00")]}, "case": {"payments": PAID}}],
      "no_difference"),
    ("no_difference", [{}, {"facts": SHEET, "case": {"payments": PAID}}, {"facts": {"lines": [line("lump_sum", "90.00")]},
     "case": {"payments": PAID}}],
     [{"facts": {"lines": [line("lump_sum", "110.00")]}, "case": {"payments": PAID}}], "difference_open"),
    ("difference_paid", [{"case": {"payments": [paid("difference_1", "3.00")]}}],
     [{}, {"case": {"payments": [paid("difference_1", "3.00", state="returned")]}}], "no_payment"),
    ("payment_stopped", [{"facts": {"stopped": True}}], [{}, {"facts": {"stopped": False}}], "not_stopped"),
    ("payment_runs", [{}, {"facts": {"stopped": False}}], [{"facts": {"stopped": True}}], "stopped"),
    ("cannot_restart", [{"facts": {"stop_cause": "lost"}}, {"facts": {"stop_cause": "retired"}}, recognition("revoked")],
     [{}, {"facts": {"stop_cause": "appraisal"}}, {"facts": {"stop_cause": "treatment"}}], "may_restart"),
    ("still_entitled", [{}, recognition("final", recognised=True)],
     [recognition("revoked"), {"facts": {"stopped": True}}, {"facts": DIED}], "not_entitled"),
    ("repayment_sound", [{"facts": OWED, "given": {"repaid_sum": Decimal(60)}}],
     [{"facts": OWED}, {"facts": OWED, "given": {"repaid_sum": Decimal("60.01")}}, {"given": {"repaid_sum": Decimal(1)}}], "too_much"),
    ("set_off_sound", [{"facts": OWED, "given": {"set_off_sum": Decimal(1)}}],
     [{"facts": OWED, "given": {"set_off_sum": Decimal(61)}}, {"facts": OWED, "given": {"set_off_sum": Decimal(0)}}], "too_much"),
    ("recovery_complete", [{}, {"facts": {**OWED, "recovery_back": "90.00"}}, {"facts": {**OWED, "recovering": False}}], [{"facts": OWED}],
     "still_owed"),
    ("recovery_open", [{"facts": OWED}], [{}, {"facts": {**OWED, "recovering": False}}], "nothing_owed"),
    ("order_on_stop", [orders("stop_notice", "benefit_sheet")], [{}, orders("benefit_sheet")], "no_such_order"),
    ("order_on_recovery", [orders("recovery_order")], [{}, orders("stop_notice")], "no_such_order"),
    ("order_on_survivor", [orders("survivor_refusal")], [{}, orders("benefit_sheet")], "no_such_order"),
    ("order_on_advance", [orders("advance_refusal"), orders("")], [{}, orders("repay_order")], "no_such_order"),
    ("order_on_repay", [orders("repay_order")], [{}, orders("advance_refusal")], "no_such_order"),
    ("order_on_reimbursement", [orders("reimb_refusal")], [{}, orders()], "no_such_order"),
    ("orders_settled", [{}, orders()], [orders("stop_notice")], "orders_open"),
    ("sheet_served", [{"facts": {**SHEET, **SERVED}}], [{}, {"facts": SHEET}, {"facts": SERVED}], "no_sheet"),
    ("survivor_not_same", [{}], [{"facts": {**redo("survivor_sheet", "1.00|2.00|0.00"), "funeral_grant": Decimal(1), "pension_month": Decimal(2)},
                                 "action": ActionDef("approve_survivor", "x", ("agency_head",), "x")}], "same_again"),
    ("worker_died", [{"facts": DIED}], [{}], "alive"),
    ("survivor_papers_in", [{"papers": frozenset(PAPERS)}], [{}, {"papers": frozenset({"death_proof"})}], "papers_missing"),
    ("survivor_by_another", [did("propose_survivor")], [{}, did("propose_survivor", ME)], "same_person"),
    ("survivor_paid_by_another", [did("approve_survivor")], [{}, did("approve_survivor", ME)], "not_approved"),
    ("survivor_approved_before", [did("approve_survivor")], [{}, did("approve_survivor", ME)], "not_approved"),
    ("survivor_once_unpaid", [{"facts": {"funeral_grant": Decimal(5)}}, {"facts": {"funeral_grant": Decimal(5)},
     "case": {"payments": [paid("survivor_funeral", "4.00")]}}],
     [{}, {"facts": {"funeral_grant": Decimal(5)}, "case": {"payments": [paid("survivor_funeral", "5.00")]}}], "already_paid"),
    ("survivor_once_paid", [{}, {"facts": {"death_grant": Decimal(5)}, "case": {"payments": [paid("survivor_grant", "5.00")]}}],
     [{"facts": {"death_grant": Decimal(5)}}], "once_open"),
    ("pension_over", [{}, {"facts": {"pension_month": Decimal(0)}}], [{"facts": {"pension_month": Decimal(1)}}], "pension_runs"),
    ("no_open_advance", [{}, {"others": {"advance_payment": ("refused", {})}}], [{"others": {"advance_payment": ("applied", {})}}], "already_open"),
    ("payment_confirmed", [{"given": {"worker_confirmed": True}}], [{}, {"given": {"worker_confirmed": False}}], "not_confirmed"),
    ("dun_lapsed", [over("employer_pays", date(2026, 5, 19)), {"facts": {"employer_answer": "refuses"}}, {"facts": {"employer_answer": "part"}}],
     [{}, over("employer_pays", TODAY)], "not_lapsed"),
    ("advance_sound", [{"given": {"advance_sum": Decimal(1)}}, {"given": {"advance_month": Decimal(1)}}], [{},
     {"given": {"advance_sum": Decimal(0)}}], "no_sum"),
    ("advance_by_another", [did("propose_advance")], [{}, did("propose_advance", ME)], "same_person"),
    ("advance_paid_by_another", [did("grant_advance")], [{}, did("grant_advance", ME)], "not_approved"),
    ("advance_unpaid", [{**ADVANCED, "facts": {"advance_sum": Decimal(101)}}], [{}, {**ADVANCED, "facts": {"advance_sum": Decimal(100)}}],
     "already_paid"),
    ("advance_paid_up", [{}, {**ADVANCED, "facts": {"advance_sum": Decimal(100)}}], [{**ADVANCED, "facts": {"advance_sum": Decimal(101)}}], "unpaid"),
    ("owed_sound", [{**ADVANCED, "given": {"owed_sum": Decimal(100)}}],
     [ADVANCED, {**ADVANCED, "given": {"owed_sum": Decimal(101)}}, {**ADVANCED, "given": {"owed_sum": Decimal(60)},
      "facts": {"employer_back": "50.00"}}], "owed_sum"),
    ("debt_paid", [{**ADVANCED, "given": {"employer_sum": Decimal(100)}}, {**ADVANCED, "given": {"employer_sum": Decimal(30)},
     "facts": {"owed_sum": Decimal(80), "employer_back": "50.00"}}],
     [ADVANCED, {**ADVANCED, "given": {"employer_sum": Decimal(99)}}], "still_owed"),
    ("repay_lapsed", [over("repay_fund", date(2026, 5, 19))], [{}, over("repay_fund", TODAY)], "not_lapsed"),
    ("own_payment_made", [ADVANCED, {"case": {"payments": [paid("survivor_pension", "1.00", "2026-04")]}, "given": {"returned_month": "2026-04"}}],
     [{}, {"case": {"payments": PAID}}, {**ADVANCED, "given": {"returned_month": "2026-04"}}], "no_payment"),
    ("own_returned", [told(matter="reimbursement", payments=[paid("reimbursement_1", "1.00", state="returned")])],
     [{}, ADVANCED, told(matter="reimbursement", payments=[paid("lump_sum", "1.00", state="returned")])], "nothing_returned"),
    ("sums_sound", [{"given": {"claimed_sum": Decimal(2), "payable_sum": Decimal(n)}} for n in (0, 1, 2)],
     [{}, {"given": {"claimed_sum": Decimal(2), "payable_sum": Decimal(3)}}, {"given": {"claimed_sum": Decimal(0), "payable_sum": Decimal(0)}}],
      "sums"),
    ("approved_in_full", [{"facts": {"claimed_sum": Decimal(2), "payable_sum": Decimal(2)}}], [{"facts": {"claimed_sum": Decimal(2),
     "payable_sum": Decimal(1)}}], "not_in_full"),
    ("approved_in_part", [{"facts": {"claimed_sum": Decimal(2), "payable_sum": Decimal(1)}}],
     [{"facts": {"claimed_sum": Decimal(2), "payable_sum": Decimal(n)}} for n in (0, 2)], "not_in_part"),
    ("nothing_payable", [{"facts": {"payable_sum": Decimal(0)}}], [{"facts": {"payable_sum": Decimal(1)}}], "payable"),
    ("reimb_by_another", [did("assess")], [{}, did("assess", ME)], "same_person"),
    ("reimb_paid_by_another", [did("approve_reimb"), did("approve_part")], [{}, did("approve_part", ME)], "not_approved"),
    ("reimb_unpaid", [{**REIMBURSED, "facts": {"payable_sum": Decimal(61)}}], [{**REIMBURSED, "facts": {"payable_sum": Decimal(60)}}],
     "already_paid"),
    ("reimb_paid_up", [{**REIMBURSED, "facts": {"payable_sum": Decimal(60)}}], [{**REIMBURSED, "facts": {"payable_sum": Decimal(61)}}], "unpaid"),
]  # fmt: skip

Answers = list[tuple[dict[str, Any], str | None]]
# guards with more than one answer: what stands there → the code, None where it holds
SEVERAL: dict[str, Answers] = {
    "conclusion_served": [
        ({}, "no_conclusion"), (appraisal("concluded", grade="3"), "no_conclusion"), (appraisal("with_region", grade="3"), "no_conclusion"),
        (appraisal("delivered"), "grade_unknown"), (appraisal("final", grade="none"), None), (appraisal("delivered", grade="3"), None),
        (appraisal("scheduled", grade="3", final_on=TODAY), None), (appraisal("revoked", final_on=TODAY), "grade_unknown"),
    ],
    "redo_grounded": [
        ({}, None), ({"given": {"redo_cause": "own"}}, None),
        ({"given": {"redo_cause": "second"}, "facts": MADE, **appraisal(**NOW)}, "no_cause"),
        ({"given": {"redo_cause": "second"}, "facts": MADE, **appraisal(**{**NOW, "second_concluded_on": date(2026, 4, 1)})}, None),
        ({"given": {"redo_cause": "recheck"}, "facts": MADE, **appraisal(**{**NOW, "grade": "2"})}, None),
        ({"given": {"redo_cause": "corrected"}, "state": StateDef("no_grade", "x", "x"), **appraisal(grade="none")}, "no_cause"),
        ({"given": {"redo_cause": "corrected"}, "state": StateDef("no_grade", "x", "x"), **appraisal(grade="9")}, None),
        ({"given": {"redo_cause": "figures"}}, "no_cause"), ({"given": {"redo_cause": "figures"}, "facts": MADE}, None),
        ({"given": {"redo_cause": "yearly"}, "facts": {"lines": [LUMP]}}, "no_cause"), ({"given": {"redo_cause": "yearly"},
         "facts": {"lines": [CARE]}}, None),
        ({"given": {"redo_cause": "retired"}, "facts": {"lines": [CARE]}}, "no_cause"), ({"given": {"redo_cause": "retired"}, "facts": SHEET}, None),
        ({"given": {"redo_cause": "payer"}, "case": {"insured": "yes"}}, "no_cause"), ({"given": {"redo_cause": "payer"},
         "case": {"insured": "no"}}, None),
        ({"given": {"redo_cause": "payer"}, "case": {"insured": "yes"}, "state": StateDef("employer_liable", "x", "x")}, None),
    ],
    "amounts_grounded": [
        ({}, None), ({"given": {"set_care": Decimal(1)}}, "not_set_by_document"), ({"given": {"set_allowance": Decimal(0)}}, "not_set_by_document"),
        ({"given": {"set_care": Decimal(1)}, "facts": {"redo_cause": "own"}}, "not_set_by_document"),
        ({"given": {"set_care": Decimal(1)}, "facts": {"redo_cause": "yearly"}}, "no_document"),
        ({"given": {"set_care": Decimal(1), "set_by": "某文"}, "facts": {"redo_cause": "yearly"}}, "no_month"),
        ({"given": {"set_care": Decimal(1), "set_by": "某文", "set_from": "2026-01"}, "facts": {"redo_cause": "retired"}}, None),
        ({"given": {"set_lump_sum": Decimal(1), "set_by": "某判决"}, "facts": redo("benefit_sheet", act="vary_by_order")}, None),
    ],
    "month_not_stopped": [
        ({}, None), ({"facts": {"stopped": True}}, "stopped"),
        *[({"facts": {"gaps": [{"after": "2026-01", "until": "2026-03"}]}, "given": {"month": m}}, code)
          for m, code in (("2026-01", None), ("2026-02", "in_gap"), ("2026-03", "in_gap"), ("2026-04", None))],
    ],
    "current_month_due": [
        ({}, "no_standing_sheet"), ({"facts": {"lines": [CARE], **SERVED}}, "no_standing_sheet"), ({"facts": {"lines_before": [CARE]}},
         "no_standing_sheet"),
        ({"facts": {"lines_before": [CARE], **SERVED}}, "month_missing"),
        *[({"facts": {"lines_before": [CARE], **SERVED}, "given": {"month": m}}, code)
          for m, code in (("2026-02", "wrong_month"), ("2026-06", "wrong_month"), ("2026-05", None), ("2026-03", None))],
        ({"facts": {"lines_before": [CARE], **SERVED}, "given": {"month": "2026-04"}, "case": {"payments": PAID}}, "already_paid"),
        ({"facts": {"lines_before": [CARE], **SERVED, "stopped": True}, "given": {"month": "2026-04"}}, "stopped"),
        ({"facts": {"lines_before": [CARE], **SERVED, "stopped": True}}, "stopped"),
        ({"facts": {"lines": [CARE], **SERVED}, "given": {"month": "2026-04"}, "state": StateDef("ordered", "x", "x")}, None),
    ],
    "stop_sound": [
        ({"given": {"stop_cause": "lost"}}, None), ({"given": {"stop_cause": "lost"}, "facts": {"stopped": True}}, "stopped"),
        ({"given": {"stop_cause": "retired"}, "facts": SHEET}, "no_pension"),
        ({"given": {"stop_cause": "retired", "pension_amount": Decimal("49.99")}, "facts": SHEET}, "only_the_allowance"),
        ({"given": {"stop_cause": "retired", "pension_amount": Decimal(50)}, "facts": SHEET}, None),
        ({"given": {"stop_cause": "retired", "pension_amount": Decimal(99)}, "facts": {"lines": [ALLOWANCE, CARE]}}, "only_the_allowance"),
    ],
    "recognition_revoked_or_overpaid": [
        ({"given": {"recovery_cause": "revoked", "recovery_sum": Decimal(1)}, "case": {"payments": PAID}}, "not_revoked"),
        ({"given": {"recovery_cause": "revoked", "recovery_sum": Decimal(150)}, "case": {"payments": PAID},
         **recognition("revocation_served")}, None),
        ({"given": {"recovery_cause": "overpaid", "recovery_sum": Decimal("150.01")}, "case": {"payments": PAID}}, "recovery_sum"),
        ({"given": {"recovery_cause": "fraud", "recovery_sum": Decimal(0)}, "case": {"payments": PAID}}, "recovery_sum"),
        ({"given": {"recovery_cause": "overpaid", "recovery_sum": Decimal(100)}, "facts": {"given_back": "60.00"}, "case": {"payments": PAID}},
         "recovery_sum"),
        ({"given": {"recovery_cause": "overpaid", "recovery_sum": Decimal(5)}, "case": {"payments": [paid("reimbursement_1", "9.00")]}},
         "recovery_sum"),
    ],
    "order_on_sheet": [
        ({}, "no_such_order"), (orders("stop_notice"), "no_such_order"), (orders("benefit_sheet"), None), (orders("employer_notice"), None),
        (orders("benefit_sheet", "stop_notice"), "others_first"), (orders(""), None),
    ],
    "not_same_decision": [
        ({}, None), ({"facts": redo("stop_notice", "lost"), "given": {"stop_cause": "lost"}}, None),
        *[({"action": ActionDef("stop", "x", ("agency_head",), "x"), "facts": redo("stop_notice", "lost", act, proc), "given": given}, code)
          for act, proc, given, code in (
              ("redo_by_order", False, {"stop_cause": "lost"}, "same_again"), ("set_aside", False, {"stop_cause": "lost"}, "same_again"),
              ("redo_by_order", True, {"stop_cause": "lost"}, None), ("act_by_order", False, {"stop_cause": "lost"}, None),
              ("redo_by_order", False, {"stop_cause": "appraisal"}, None),
              ("redo_by_order", False, {"stop_cause": "lost", "new_grounds": "另查明"}, None))],
        ({"action": ActionDef("determine", "x", ("agency",), "x"), "facts": {**redo("benefit_sheet", benefit_orders.amounts(SHEET["lines"])),
         **SHEET}}, "same_again"),
        ({"action": ActionDef("determine", "x", ("agency",), "x"), "facts": {**redo("benefit_sheet", benefit_orders.amounts([LUMP])),
         **SHEET}}, None),
        ({"action": ActionDef("refuse_advance", "x", ("agency_head",), "x"), "facts": redo("advance_refusal")}, "same_again"),
        ({"action": ActionDef("refuse_reimb", "x", ("agency_head",), "x"), "facts": {**redo("reimb_decision", "5.00"),
         "payable_sum": Decimal(0)}}, None),
    ],
    "as_proposed": [
        ({}, None), ({"action": ActionDef("a", "x", ("x",), "x", may=("advance_sum", "new_grounds")), "given": {"new_grounds": "x"}}, None),
        *[({"action": ActionDef("a", "x", ("x",), "x", may=("advance_sum",)), "given": {"advance_sum": Decimal(n)},
         **did("propose_advance", advance_sum="5")}, code)
          for n, code in ((5, None), (6, "changed"))],
        ({"action": ActionDef("a", "x", ("x",), "x", may=("death_grant",)), "given": {"death_grant": Decimal(1)}, **did("propose_survivor")},
         "changed"),
    ],
    "survivor_sums_sound": [
        ({"given": {"died_in_leave": True}}, "no_grant"), ({"given": {"died_in_leave": True, "death_grant": Decimal(1)}}, None),
        ({"given": {"died_in_leave": False, "death_grant": Decimal(1)}, **appraisal(grade="4")}, "no_grant_due"),
        ({"given": {"died_in_leave": False}, **appraisal(grade="4")}, None), ({"given": {"died_in_leave": False, "death_grant": Decimal(1)},
         **appraisal(grade="7")}, None),
        ({"given": {"died_in_leave": False, "pension_month": Decimal(9)}, "facts": {"determination": {"own_wage": {"used": "8.00"}}}},
         "pension_too_high"),
        ({"given": {"died_in_leave": False, "pension_month": Decimal(8)}, "facts": {"determination": {"own_wage": {"used": "8.00"}}}}, None),
    ],
    "pension_due": [
        ({}, "no_pension"), ({"facts": {"pension_month": Decimal(3)}}, "wrong_month"),
        *[({"facts": {"pension_month": Decimal(3), **DIED}, "given": {"month": m}}, code)
          for m, code in (("2026-03", "wrong_month"), ("2026-04", None), ("2026-05", None), ("2026-06", "wrong_month"))],
        ({"facts": {"pension_month": Decimal(3), **DIED}, "given": {"month": "2026-04"}, "case": {"payments": [paid("survivor_pension", "3.00",
         "2026-04")]}}, "already_paid"),
        ({"facts": {"pension_month": Decimal(3), **DIED}, "given": {"month": "2026-04"}, "state": StateDef("survivor_claimed", "x", "x")},
         "no_pension"),
        ({"facts": {"pension_standing": "3", **DIED}, "given": {"month": "2026-04"}, "state": StateDef("survivor_claimed", "x", "x")}, None),
    ],
    "gateway_stands": [
        ({}, "no_gateway"), ({"given": {"gateway": "believed"}}, "no_gateway"), ({"given": {"gateway": "revoked"}}, "no_proof"),
        ({"given": {"gateway": "revoked", "gateway_proof": "吊销决定"}}, None),
    ],
    "advance_month_due": [
        (ADVANCED, "no_monthly"), ({**ADVANCED, "facts": {"advance_month": Decimal(1)}}, "wrong_month"),
        *[({**told(matter="advance_payment", payments=[paid("advance_payment_1", "1.00", "2026-05")]),
            "facts": {"advance_month": Decimal(1), "advanced_on": date(2026, 4, 30)}, "given": {"month": m}}, code)
          for m, code in (("2026-03", "wrong_month"), ("2026-04", None), ("2026-05", "already_paid"), ("2026-06", "wrong_month"))],
    ],
}  # fmt: skip


def answer(name: str, more: dict[str, Any]) -> Reason | None:
    rest = {k: v for k, v in more.items() if k != "action"}
    s = situation(**rest)
    return REGISTRY[name](replace(s, action=more["action"]) if "action" in more else s)


def situated(more: dict[str, Any]) -> dict[str, Any]:
    """Rows name whole states and matters; `situation` takes their names."""
    return {k: v.name if k in ("state", "matter") else v for k, v in more.items()}


@pytest.mark.parametrize(("name", "holds", "fails", "code"), ROWS, ids=[r[0] for r in ROWS])
def test_a_condition_holds_or_says_what_is_missing(name: str, holds: Rows, fails: Rows, code: str) -> None:
    for more in holds:
        assert answer(name, situated(more)) is None, more
    for more in fails:
        reason = answer(name, situated(more))
        assert reason is not None and reason.code == code, more
        assert reason.text.endswith("。") and len(reason.text) > 8 and reason.who and reason.law


@pytest.mark.parametrize("name", list(SEVERAL))
def test_a_condition_with_several_answers(name: str) -> None:
    for more, code in SEVERAL[name]:
        reason = answer(name, situated(more))
        assert (reason.code if reason else None) == code, more
        assert reason is None or (reason.text.endswith("。") and reason.who and reason.law)


def test_every_condition_of_these_modules_has_its_rows() -> None:
    here = {n for n, f in REGISTRY.items() if f.__module__ in {m.__name__ for m in MODULES}}
    assert {r[0] for r in ROWS} | set(SEVERAL) == here


def test_no_condition_asks_whether_the_recognition_is_being_challenged() -> None:
    """Benefits go on while the recognition is under review (工伤保险条例#31, 行政复议法#42, 行政诉讼法#56)."""
    children: dict[str, Any] = {
        "children": (),
        "others": {
            "recognition": ("final", {"recognised": True}),
            "remedy": ("review_accepted", {}),
            "labour": ("accepted", {}),
        },
    }
    ready: dict[str, Any] = {
        "facts": {**SHEET, **SERVED},
        "case": {"payments": PAID, "insured": "yes"},
        "given": {"month": "2026-05"},
        **children,
    }
    for name in (
        "recognition_stands",
        "fund_liable",
        "month_not_stopped",
        "still_entitled",
        "once_settled",
        "no_difference",
    ):
        assert REGISTRY[name](situation(**ready)) is None, name


def test_a_condition_sees_what_stood_before_its_own_acts_preparation_and_nothing_older() -> None:
    s = situation("stop", given={"stop_cause": "lost"})
    made = replace(s, facts={**s.facts, **PREPARATIONS["note_stop"](s).facts})
    assert made.facts["stopped"] is True and REGISTRY["stop_sound"](made) is None
    later = situation("stop", given={"stop_cause": "lost"}, facts=dict(made.facts))
    reason = REGISTRY["stop_sound"](later)
    assert reason is not None and reason.code == "stopped"


# --- preparations ------------------------------------------------------------------------------------------------------

BOOK = FigureBook(
    TODAY,
    tuple(
        Figure(
            "average_wage", "city", year, date(year + 1, 1, 1), Decimal(7000), f"演示〔{year}〕1号", "verified", True
        )
        for year in (2023, 2024)
    ),
)
CASE = {"diagnosed_on": date(2025, 6, 1), "insured": "yes", "county": ""}
GRADED = {"grade": "3", "care": "part", "concluded_on": date(2026, 2, 10)}


def determined(facts: dict[str, Any] | None = None, given: dict[str, Any] | None = None, case: dict[str, Any] | None = None,
               asked: str = "first", **graded: Any) -> tuple[dict[str, dict[str, Any]], dict[str, Any], tuple[str, ...]]:  # fmt: skip
    s = situation(
        "determine", given={"own_wage": Decimal("6200.00"), "prev_year_used": True, **(given or {})}, facts=facts or {},
        case={**CASE, **(case or {})}, others={"appraisal": ("final", {**GRADED, **graded})},
        figures=replace(BOOK, allow_demo=True),
    )  # fmt: skip
    made = PREPARATIONS["determined_lines"](replace(s, definition=definition(asked)))
    return {x["item"]: x for x in made.facts.get("lines", [])}, dict(made.facts), made.stop


def test_the_year_before_stands_in_where_a_years_figures_are_not_out_and_is_said_so() -> None:
    lines, facts, stop = determined()
    assert lines["care_allowance"]["amount"] == "2100.00" and stop == ()
    assert any("没有公布，先用2024年度" in f["label"] for f in lines["care_allowance"]["figures"])
    assert facts["sheet"]["total"] == "149660.00" and facts["determination"]["total_month"] == "7060.00"
    with pytest.raises(UnknownFigure):
        determined(given={"prev_year_used": False})
    with pytest.raises(UnknownFigure):
        determined(case={"diagnosed_on": date(2023, 6, 1)})


def test_with_this_years_figures_nothing_waits_for_them() -> None:
    _, _, stop = determined(given={"prev_year_used": False}, concluded_on=date(2025, 7, 10))
    assert stop == ("prev_year",)


def test_a_second_conclusion_starts_where_the_open_question_says() -> None:
    second: dict[str, Any] = {"second_concluded_on": date(2026, 4, 3)}
    assert determined(**second)[0]["disability_allowance"]["from"] == "2026-03"
    assert determined(asked="final", **second)[0]["disability_allowance"]["from"] == "2026-05"


def test_a_recheck_leaves_the_lump_sum_as_it_was() -> None:
    before = [line("lump_sum", "9.00"), line("disability_allowance", "8.00", "2025-01")]
    lines, facts, _ = determined({"redo_cause": "recheck", "lines_before": before})
    assert lines["lump_sum"]["amount"] == "9.00" and "待核实" in lines["lump_sum"]["formula"]
    assert lines["disability_allowance"]["amount"] == "4960.00" and facts["sheet"]["total"] == "7069.00"


def test_an_employer_that_joined_later_leaves_the_fund_only_what_is_new() -> None:
    lines, _, _ = determined({"arrears_paid_on": date(2026, 4, 20)}, case={"insured": "no"})
    assert {(i, x["payer"], x["from"]) for i, x in lines.items()} == {
        ("disability_allowance", "fund", "2026-05"), ("care_allowance", "fund", "2026-05")}  # fmt: skip


def test_amounts_by_a_document_take_the_place_of_the_reckoned_ones() -> None:
    given = {
        "set_allowance": Decimal(0),
        "set_care": Decimal("3000.00"),
        "set_by": "某文〔2026〕1号",
        "set_from": "2026-07",
    }
    lines, facts, _ = determined({"redo_cause": "retired"}, given)
    assert set(lines) == {"lump_sum", "care_allowance"} and lines["care_allowance"]["from"] == "2026-07"
    printed = facts["sheet"]["lines"][-1]
    assert printed["period"] == "按月，自2026年7月起" and printed["formula"] == "按某文〔2026〕1号核定 = 3,000.00 元"


def test_without_a_grade_or_a_wage_nothing_is_reckoned() -> None:
    assert determined(grade="none", care="none")[1] == {}


def test_the_difference_is_what_the_new_sheet_gives_more_for_what_was_paid() -> None:
    new = {"lines": [line("lump_sum", "110.00"), line("disability_allowance", "60.00", "2026-04")]}
    rows = [
        *PAID,
        paid("disability_allowance", "50.00", "2026-03"),
        paid("reimbursement_1", "7.00"),
        paid("survivor_pension", "1.00", "2026-04"),
    ]
    s = situation(facts=new, case={"payments": rows})
    assert benefit_more.differences(s) == {"": Decimal("10.00"), "2026-04": Decimal("10.00")}
    made = PREPARATIONS["pay_difference"](s)
    assert [(p["item"], p["amount"]) for p in made.payments] == [("difference_1", "20.00")]
    after = situation(facts={**new, **made.facts}, case={"payments": [*rows, paid("difference_1", "20.00")]})
    assert benefit_more.difference(after) == 0 and PREPARATIONS["pay_difference"](after).payments == ()


def test_what_was_given_back_is_due_again_where_the_sheet_still_gives_it() -> None:
    s = situation(facts={**SHEET, "given_back": "40.00"}, case={"payments": PAID})
    assert benefit_more.differences(s) == {"back": Decimal("40.00")}
    assert PREPARATIONS["pay_difference"](s).facts["given_back"] == "0.00"


def test_only_the_matters_own_payments_come_back_and_are_paid_again() -> None:
    rows = [
        paid("reimbursement_2", "60.00"),
        paid("reimbursement_1", "5.00", state="returned"),
        paid("lump_sum", "9.00", state="returned"),
    ]
    s = situation(**situated({**told(matter="reimbursement", number=2, payments=rows)}))
    assert PREPARATIONS["own_return"](s).returned == ({"item": "reimbursement_2", "month": ""},)
    assert PREPARATIONS["own_repay"](s).payments == []
    s = situation(case={"payments": rows})
    assert [(p["item"], p["round"]) for p in PREPARATIONS["repay_benefit"](s).payments] == [("lump_sum", 2)]
    first = situation(**situated({**told(matter="reimbursement", number=1, payments=rows)}))
    assert [(p["item"], p["round"]) for p in PREPARATIONS["own_repay"](first).payments] == [("reimbursement_1", 2)]


@pytest.mark.parametrize(
    ("name", "more", "wanted"),
    [
        ("pay_current", {"facts": {"lines_before": [LUMP, CARE]}, "given": {"month": "2026-05"}}, [("care_allowance", "2026-05", "20.00", 1)]),
        ("pay_survivor", {"facts": {"funeral_grant": Decimal(5), "death_grant": Decimal(0)}, "case": {"payments": [paid("survivor_funeral",
         "2.00")]}},
         [("survivor_funeral", "", "3.00", 2)]),
        ("pay_pension", {"facts": {"pension_month": Decimal(3)}, "given": {"month": "2026-05"}}, [("survivor_pension", "2026-05", "3.00", 1)]),
        ("pay_advance", {**ADVANCED, "facts": {"advance_sum": Decimal(130)}}, [("advance_payment_1", "", "30.00", 2)]),
        ("pay_advance_month", {**ADVANCED, "facts": {"advance_month": Decimal(7)}, "given": {"month": "2026-05"}}, [("advance_payment_1", "2026-05",
         "7.00", 1)]),
        ("pay_reimb", {**REIMBURSED, "facts": {"payable_sum": Decimal("60.50")}}, [("reimbursement_2", "", "0.50", 2)]),
    ],
)  # fmt: skip
def test_what_is_paid(name: str, more: dict[str, Any], wanted: list[tuple[str, str, str, int]]) -> None:
    made = PREPARATIONS[name](situation(**situated(more)))
    assert [(p["item"], p["month"], p["amount"], p["round"]) for p in made.payments] == wanted
    assert made.facts["last_payment"] == [{"item": i, "month": m, "amount": a} for i, m, a, _ in wanted]


@pytest.mark.parametrize(
    "name", ["pay_survivor", "pay_pension", "pay_advance", "pay_advance_month", "pay_reimb", "own_repay", "pay_current"]
)
def test_where_nothing_is_due_nothing_is_paid(name: str) -> None:
    assert list(PREPARATIONS[name](situation()).payments) == []


def test_the_newest_difference_comes_back() -> None:
    rows = [paid("difference_1", "1.00"), paid("difference_2", "2.00")]
    assert PREPARATIONS["difference_return"](situation(case={"payments": rows})).returned == (
        {"item": "difference_2", "month": ""},
    )
    assert PREPARATIONS["difference_return"](situation()).returned == ()


def test_the_list_of_the_claim_asks_for_nothing_beyond_it() -> None:
    (missing,) = PREPARATIONS["list_claim_missing"](situation()).facts["missing"]
    assert missing["name"] == "claim_identity"
    assert PREPARATIONS["list_claim_missing"](situation(papers=frozenset({"claim_identity"}))).facts["missing"] == []


def test_the_months_of_a_stop_are_left_out_unless_it_never_counted() -> None:
    stopped = PREPARATIONS["note_stop"](situation(on="stopped_on", given={"stopped_on": date(2026, 1, 20)})).facts
    assert (stopped["stopped"], stopped["stopped_month"]) == (True, "2026-01")
    again = PREPARATIONS["note_restart"](
        situation(on="restarted_on", given={"restarted_on": date(2026, 3, 2)}, facts=stopped)
    ).facts
    assert again == {"stopped": False, "gaps": [{"after": "2026-01", "until": "2026-03"}]}
    lifted = PREPARATIONS["lift_stop"](situation(facts={**stopped, **orders("stop_notice")["facts"]})).facts
    assert lifted["stopped"] is False and lifted["orders"] == [] and "gaps" not in lifted


def test_what_comes_back_is_added_up() -> None:
    begun = PREPARATIONS["note_recovery"](situation()).facts
    first = PREPARATIONS["note_repaid"](situation(facts=begun, given={"repaid_sum": Decimal("10.50")})).facts
    then = PREPARATIONS["note_set_off"](situation(facts={**begun, **first}, given={"set_off_sum": Decimal(2)})).facts
    assert (then["recovery_back"], then["given_back"]) == ("12.50", "12.50")
    assert then["replaced"]["recovery_back"] == "10.50"
    assert PREPARATIONS["clear_recovery"](situation()).facts == {"recovering": False}
    back = PREPARATIONS["note_employer_sum"](
        situation(facts={"employer_back": "1.00"}, given={"employer_sum": Decimal(2)})
    ).facts
    assert back["employer_back"] == "3.00"


def ordered(kind: str, facts: dict[str, Any], act: str = "redo_by_order") -> dict[str, Any]:
    given = {"decision_label": f"文书{kind}", "ruling": "某判决", "procedural": False}
    made = PREPARATIONS["note_order"](situation(act, facts=facts, given=given))
    return {**facts, **made.facts}


@pytest.mark.parametrize(
    ("kind", "facts", "settle", "again"),
    [
        ("benefit_sheet", SHEET, "redo_sheet", "determine"), ("stop_notice", {"stop_cause": "lost", "stopped": True}, "redo_stop", "stop"),
        ("recovery_order", {"recovery_sum": Decimal(9), "recovering": True}, "cancel_recovery", "recover"),
        ("survivor_sheet", {"funeral_grant": Decimal(1), "pension_month": Decimal(2)}, "redo_survivor", "approve_survivor"),
        ("advance_refusal", {"employer_answer": "part"}, "redo_advance", "refuse_advance"), ("reimb_decision", {"payable_sum": Decimal(3)},
         "redo_reimbursement", "approve_part"),
    ],
)  # fmt: skip
def test_an_order_is_kept_carried_out_and_bars_the_same_decision(
    kind: str, facts: dict[str, Any], settle: str, again: str
) -> None:
    noted = ordered(kind, facts)
    assert [o["kind"] for o in noted["orders"]] == [kind] and noted["redo_by_on"] is None
    done = {**noted, **PREPARATIONS[settle](situation(facts=noted)).facts}
    assert done["orders"] == [] and done["redo"]["kind"] == kind
    repeated = benefit_orders.same_again(situation(again, facts={**done, **facts}))
    assert repeated is not None and "某判决" in repeated.text
    assert (
        benefit_orders.same_again(situation(again, facts={**done, **facts}, given={"new_grounds": "另有证据"})) is None
    )


def test_what_the_employer_owes_is_open_again_after_the_order_on_it() -> None:
    noted = ordered("repay_order", {"owed_sum": Decimal(5)})
    done = PREPARATIONS["redo_repay"](situation(facts=noted)).facts
    assert done["owed_sum"] is None and done["redo"]["was"] == "5.00"
    assert (
        benefit_orders.same_again(situation("order_repay", facts=dict(done), given={"owed_sum": Decimal(5)}))
        is not None
    )
    assert benefit_orders.same_again(situation("order_repay", facts=dict(done), given={"owed_sum": Decimal(4)})) is None


def test_carrying_out_one_order_leaves_the_others() -> None:
    noted = ordered("stop_notice", ordered("benefit_sheet", SHEET))
    done = PREPARATIONS["redo_stop"](situation(facts=noted)).facts
    assert [o["kind"] for o in done["orders"]] == ["benefit_sheet"]
    untouched = PREPARATIONS["cancel_recovery"](situation(facts=noted)).facts
    assert len(untouched["orders"]) == 2 and untouched["redo"] is None


def test_a_sheet_made_anew_keeps_the_one_before_until_it_is_served() -> None:
    kept = PREPARATIONS["keep_lines"](situation(facts={**SHEET, **redo("benefit_sheet")})).facts
    assert kept == {"lines_before": SHEET["lines"], "redo": None}
    assert PREPARATIONS["keep_lines"](situation(facts={"lines": [], **kept})).facts["lines_before"] == SHEET["lines"]
    assert PREPARATIONS["adopt_lines"](situation()).facts["lines_before"] == []
    assert (
        PREPARATIONS["review_survivor"](situation(facts={"pension_month": Decimal(3)})).facts["pension_standing"] == "3"
    )


def test_every_preparation_here_is_tried() -> None:
    here = {
        n
        for n, f in PREPARATIONS.items()
        if f.__module__ in ("workflow.preparations.benefit", "workflow.preparations.orders")
    }
    source = Path(__file__).read_text("utf-8")
    assert [n for n in sorted(here) if f'"{n}"' not in source] == []


def test_the_plain_reckoning_is_left_as_it_is() -> None:
    """Where nothing special is known the determination is that of workflow.benefits, line for line."""
    facts = benefits.read_facts({**CASE, **GRADED, "own_wage": Decimal("6200.00"), "concluded_on": date(2025, 7, 10)})
    plain = benefits.as_json(benefits.determine(facts, replace(BOOK, allow_demo=True)))["lines"]
    lines, _, _ = determined(given={"prev_year_used": False}, concluded_on=date(2025, 7, 10))
    assert list(lines.values()) == plain
