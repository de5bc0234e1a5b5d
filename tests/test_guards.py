"""Every condition of the process file: when it holds, when it does not, and that the answer names article and cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests import test_guards_benefit, test_guards_recognition, test_guards_remedy
from workflow.definition import load
from workflow.guards import REGISTRY, RETIRED
from workflow.settings import ROOT
from workflow.situation import Actor, ClockView, EventView, LateNames, Situation

DEFINITION = load(ROOT / "states.yaml")
TODAY = date(2026, 3, 20)
ME, OTHER = 1, 2
ALL = frozenset({"application", "employment_proof", "diagnosis"})
EXPERTS = [{"id": n, "name": f"专家{n}", "unit": "某医院"} for n in range(3)]
ONCE = {"item": "lump_sum", "per": "once", "payer": "fund", "from": "2026-03"}
MONTHLY = {"item": "care_allowance", "per": "month", "payer": "fund", "from": "2026-03"}
PAID = {"item": "lump_sum", "month": "", "state": "paid", "repaid": False}


def clock(name: str, due: date | None, state: str = "running", extensions: int = 0) -> ClockView:
    return ClockView(name, "X", state, date(2026, 1, 1), due, "", extensions)


def did(action: str, by: int = OTHER, seq: int = 2, **facts: Any) -> EventView:
    return EventView(seq, action, "a", "b", by, TODAY, facts)


def others(state: str, **facts: Any) -> dict[str, Any]:
    return {"others": {"appraisal": (state, facts)}}


# guard, act it stands at, where it holds, where it does not, the code of the refusal
ROWS: list[tuple[str, str, list[dict[str, Any]], list[dict[str, Any]], str]] = [
    ("papers_complete", "recognition.filed.accept", [{"papers": ALL}], [{}, {"papers": ALL - {"diagnosis"}}], "papers_missing"),
    ("papers_missing_by_law", "recognition.filed.correct", [{}, {"papers": ALL - {"diagnosis"}}], [{"papers": ALL}], "nothing_missing"),
    ("competent", "recognition.filed.accept", [{"case": {"office": 1, "employer_office": 1}}],
     [{"case": {"office": 1, "employer_office": 2, "employer_county": "五原县"}}], "not_competent"),
    ("within_filing_period", "recognition.filed.accept",
     [{}, {"clocks": (clock("worker_files", TODAY),), "facts": {"filed_on": TODAY}},
      {"clocks": (clock("worker_files", date(2026, 3, 19)),), "facts": {"filed_on": TODAY, "late_judgement": "扣除住院期间"}},
      {"clocks": (clock("worker_files", None, "unstarted"),), "facts": {"filed_on": TODAY}}],
     [{"clocks": (clock("worker_files", date(2026, 3, 19), "met"),), "facts": {"filed_on": TODAY}}], "year_lapsed"),
    ("ground_given", "recognition.filed.decline", [{"given": {"ground": "x"}}],
     [{}, {"given": {"ground": ""}}, {"facts": {"ground": "old"}}],
     "ground_missing"),
    ("reason_recorded", "appraisal.scheduled.reschedule", [{"given": {"reason": "x"}}, {"given": {"ground": "x"}}], [{}], "reason_missing"),
    ("own_application", "recognition.filed.withdraw",
     [{}, {"events": (did("file", applicant="employer"),), "given": {"applicant": "employer"}},
      {"events": (did("file", applicant="worker"),), "given": {"applicant": "relative"}},
      {"events": (did("file", applicant="union"),), "behalf": "worker"},
      {"events": (did("file", applicant="employer"), did("file", seq=9, applicant="worker")), "given": {"applicant": "worker"}}],
     [{"events": (did("file", applicant="worker"),), "given": {"applicant": "employer"}},
      {"events": (did("file", applicant="employer"),), "given": {"applicant": "worker"}}], "not_your_application"),
    ("not_the_officer", "recognition.under_review.recognise", [{}, {"events": (did("propose", OTHER),)}],
     [{"events": (did("propose", ME),)}, {"events": (did("propose", OTHER), did("propose", ME, 5))}], "same_person"),
    ("no_exclusion", "recognition.under_review.recognise", [{"facts": {"exclusion": False}}],
     [{}, {"facts": {"exclusion": True}}], "exclusion"),
    ("awaited_document_received", "recognition.suspended.resume", [{"given": {"document_received": "裁决书"}}], [{}], "document_missing"),
    ("condition_stable", "appraisal.to_apply.file", [{"facts": {"stable": True}}], [{}, {"facts": {"stable": False}}], "not_stable"),
    ("supplement_overdue", "appraisal.awaiting_supplement.abandon", [{"clocks": (clock("supplement", date(2026, 3, 19)),)}],
     [{}, {"clocks": (clock("supplement", TODAY),)}, {"clocks": (clock("supplement", None),)}], "not_overdue"),
    ("no_conflict", "appraisal.ready.draw", [{"facts": {"experts": EXPERTS}}, {"facts": {"experts": EXPERTS, "excluded": ["专家9"]}}],
     [{"facts": {"experts": EXPERTS, "excluded": ["专家1"]}},
      {"facts": {"experts": EXPERTS}, "case": {"employer_name": "某医院"}}], "conflict"),
    ("exam_held", "appraisal.scheduled.conclude",
     [{"facts": {"exam_on": TODAY}}, {"facts": {"exam_on": date(2026, 3, 18), "concluded_on": date(2026, 3, 18)}}],
     [{}, {"facts": {"exam_on": date(2026, 3, 21)}}, {"facts": {"exam_on": TODAY, "concluded_on": date(2026, 3, 19)}}], "exam_not_held"),
    ("majority_opinion", "appraisal.scheduled.conclude", [{"facts": {"experts": EXPERTS, "votes_for": n}} for n in (2, 3)],
     [{"facts": {"experts": EXPERTS, "votes_for": n}} for n in (0, 1, 4, None)] + [{"facts": {"votes_for": 3}}], "no_majority"),
    ("all_experts_signed", "appraisal.scheduled.conclude", [{"facts": {"signed": True}}], [{}, {"facts": {"signed": False}}], "not_signed"),
    ("grade_settled", "benefit.to_claim.claim", [{"facts": {"provisional": True}}, {"case": {"again_open_until": date(2026, 3, 19)}}],
     [{}, {"case": {"again_open_until": TODAY}}, {"facts": {"provisional": False}, "case": {"again_open_until": None}}], "grade_open"),
    ("insured_known", "benefit.claimed.determine", [{"case": {"insured": "yes"}}, {"case": {"insured": "no"}}],
     [{}, {"case": {"insured": "unknown"}}], "insured_unknown"),
    ("fund_pays", "benefit.claimed.determine", [{"case": {"insured": "yes"}}, {"case": {"insured": "unknown"}}],
     [{"case": {"insured": "no"}}], "not_insured"),
    ("not_insured", "benefit.claimed.refer_employer", [{"case": {"insured": "no"}}], [{"case": {"insured": "yes"}}], "insured"),
    ("has_grade", "benefit.claimed.determine", [others("delivered", grade="10")], [{}, others("delivered", grade="none")], "no_grade"),
    ("no_grade", "benefit.claimed.close_no_grade", [others("delivered", grade="none")], [{}, others("delivered", grade="3")], "has_grade"),
    ("second_person", "benefit.reviewed.approve",
     [{"events": (did("determine"), did("review", 3, 3))}, {"events": (did("determine", ME), did("determine", OTHER, 4))}],
     [{"events": (did("determine", ME),)}, {"events": (did("determine"), did("review", ME, 3))}], "same_person"),
    ("approved_by_others", "benefit.payable.pay_once", [{"events": (did("approve"),)}],
     [{}, {"events": (did("approve", ME),)}], "not_approved"),
    ("once_unpaid", "benefit.payable.pay_once", [{"facts": {"lines": [ONCE]}}],
     [{"facts": {"lines": [ONCE]}, "case": {"payments": [PAID]}}],
     "already_paid"),
    ("paid_elsewhere", "benefit.paying.record_paid_elsewhere", [{}], [{"facts": {"lines": [MONTHLY]}}], "sheet_here"),
    ("not_the_payer", "benefit.returned.confirm_account", [{}, {"events": (did("bank_return"),)}], [{"events": (did("bank_return", ME),)}],
     "same_person"),
    ("no_monthly", "benefit.paid_once.finish", [{"facts": {"lines": [ONCE]}}, {}], [{"facts": {"lines": [ONCE, MONTHLY]}}], "has_monthly"),
    ("payment_made", "benefit.paying.bank_return", [{"facts": {"returned_item": "lump_sum"}, "case": {"payments": [PAID]}}],
     [{"facts": {"returned_item": "lump_sum"}},
      {"facts": {"returned_item": "lump_sum"}, "case": {"payments": [{**PAID, "state": "returned"}]}},
      {"facts": {"returned_item": "lump_sum"}, "given": {"returned_month": "2026-03"}, "case": {"payments": [PAID]}}], "no_payment"),
    ("payment_returned", "benefit.returned.repay", [{"case": {"payments": [{**PAID, "state": "returned"}]}}],
     [{}, {"case": {"payments": [PAID]}}, {"case": {"payments": [{**PAID, "state": "returned", "repaid": True}]}}], "nothing_returned"),
]  # fmt: skip

# guards with more than one answer: what stands there → the code, None where it holds
SEVERAL: dict[str, tuple[str, list[tuple[dict[str, Any], str | None]]]] = {
    "opinion_recorded": ("recognition.under_review.recognise", [
        ({}, "no_opinion"), ({"events": (did("propose"),), "facts": {"opinion": "recognise"}}, None),
        ({"events": (did("propose"),), "facts": {"opinion": "refuse"}}, "opinion_differs"),
        ({"events": (did("propose"), did("accept", seq=4)), "facts": {"opinion": "recognise"}}, "no_opinion"),
        ({"events": (did("accept", seq=1), did("propose")), "facts": {"opinion": "recognise"}}, None),
    ]),
    "account_confirmed": ("benefit.returned.repay", [
        ({}, "account_unconfirmed"), ({"events": (did("bank_return", seq=2),)}, "account_unconfirmed"),
        ({"events": (did("confirm_account", seq=1), did("bank_return", seq=2))}, "account_unconfirmed"),
        ({"events": (did("bank_return", seq=2), did("confirm_account", seq=3))}, None),
        ({"events": (did("bank_return", seq=2), did("confirm_account", ME, 3))}, "same_person"),
    ]),
    "before_due": ("appraisal.ready.extend", [
        ({}, "not_running"), ({"clocks": (clock("conclude", TODAY),)}, None),
        ({"clocks": (clock("conclude", date(2026, 3, 19)),)}, "past_due"),
        ({"clocks": (clock("conclude", TODAY, extensions=1),)}, "extended"),
        ({"clocks": (clock("conclude", TODAY, "met"),)}, "not_running"),
    ]),
    "three_or_five_drawn": ("appraisal.ready.draw", [
        ({"facts": {"panel_size": "3", "experts": EXPERTS}}, None), ({"facts": {"panel_size": "5", "experts": EXPERTS}}, "pool_too_small"),
        ({}, "pool_too_small"), ({"given": {"conflicts": "某人"}}, "no_such_expert"),
    ]),
    "appraisal_delivered": ("benefit.to_claim.claim", [
        ({}, "no_conclusion"), (others("concluded", grade="3"), "no_conclusion"), (others("delivered"), "grade_unknown"),
        (others("delivered", grade="none"), None),
    ]),
    "monthly_due": ("benefit.paying.pay_month", [
        ({}, "paid_elsewhere"), ({"facts": {"lines": [ONCE]}}, "no_monthly"),
        ({"facts": {"lines": [MONTHLY]}}, "month_missing"),
        ({"facts": {"lines": [MONTHLY], "month": "2026-02"}}, "too_early"),
        ({"facts": {"lines": [MONTHLY], "month": "2026-04"}}, "too_early"), ({"facts": {"lines": [MONTHLY], "month": "2026-03"}}, None),
        ({"facts": {"lines": [MONTHLY], "month": "2026-03"}, "case": {"payments": [{**PAID, "month": "2026-03"}]}}, "already_paid"),
        ({"facts": {"lines": [MONTHLY], "month": "2026-03"},
          "case": {"payments": [{**PAID, "month": "2026-03", "state": "returned"}]}}, None),
    ]),
}  # fmt: skip


def situation(place: str, **more: Any) -> Situation:
    matter, state, action = place.split(".")
    defined = DEFINITION.matters[matter]
    found = defined.states[state]
    plain = Situation(TODAY, DEFINITION, defined, found, found.actions[action], Actor(ME, "me", "我", frozenset()))
    return replace(plain, **more)


@pytest.mark.parametrize(("name", "place", "holds", "fails", "code"), ROWS, ids=[r[0] for r in ROWS])
def test_a_condition_holds_or_says_what_is_missing(
    name: str, place: str, holds: list[dict[str, Any]], fails: list[dict[str, Any]], code: str
) -> None:
    for more in holds:
        assert REGISTRY[name](situation(place, **more)) is None, more
    for more in fails:
        reason = REGISTRY[name](situation(place, **more))
        assert reason is not None and reason.code == code, more
        assert reason.text.endswith("。") and len(reason.text) > 8 and reason.who


@pytest.mark.parametrize("name", list(SEVERAL))
def test_a_condition_with_several_answers(name: str) -> None:
    place, rows = SEVERAL[name]
    for more, code in rows:
        reason = REGISTRY[name](situation(place, **more))
        assert (reason.code if reason else None) == code, more


def test_every_condition_has_its_rows_and_is_used() -> None:
    here = {r[0] for r in ROWS} | set(SEVERAL)
    tables = [
        set(test_guards_recognition.TABLE), set(test_guards_recognition.PAPERS_TABLE), set(test_guards_remedy.ROWS),
        {r[0] for r in test_guards_benefit.ROWS} | set(test_guards_benefit.SEVERAL),
    ]  # fmt: skip
    assert set().union(here, *tables) == set(REGISTRY)
    used = {
        g for m in DEFINITION.matters.values() for s in m.states.values() for a in s.actions.values() for g in a.guards
    }
    assert used == set(REGISTRY) - RETIRED, "only conditions of older files may stand unused"


def test_papers_read_late_can_be_taken_away_and_joined() -> None:
    """What the pages ask of papers not yet read: `asked - papers` must be plain names, not another late reading."""
    late = LateNames(lambda: iter(["application"]), ["diagnosis"])
    assert {"application", "identity_card"} - late == {"identity_card"}
    assert late - {"application"} == {"diagnosis"} and late | {"x"} == {"application", "diagnosis", "x"}
    assert late & {"diagnosis"} == {"diagnosis"} and len(late - {"application", "diagnosis"}) == 0
