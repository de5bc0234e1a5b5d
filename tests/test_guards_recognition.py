"""The further conditions of recognition and appraisal, as tables; and what their acts prepare. No process file is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from workflow.daycount import Span
from workflow.definition.model import (
    ActionDef,
    ClockDef,
    Definition,
    Expiry,
    InstrumentDef,
    MatterDef,
    QuestionDef,
    StateDef,
)
from workflow.guards import appraisal_more, papers, recognition_more
from workflow.guards.base import REGISTRY, WAITS
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.situation import Actor, ClockView, EventView, MatterView, Situation

TODAY = date(2026, 3, 20)
YESTERDAY, TOMORROW = date(2026, 3, 19), date(2026, 3, 21)
QUESTION = "suspend_for_diagnosis_appraisal"


def defined(use: str = "by_choice") -> Definition:
    """The little of a process these conditions look at: a reminder of 15 日 and one open question."""
    corrections = ClockDef(
        "corrections", "GS-SUPP-PARTY", "等申请人补正", "asked_on", "worker", Expiry(), remind=Span(15, "日")
    )
    question = QuestionDef(
        QUESTION, "中止", {"by_choice": "可以", "never": "不"}, use, "by_choice", "工伤保险条例#20.3", "L"
    )
    papers_of = {
        n: InstrumentDef(n, n, "x", ("worker",), "工伤认定办法#19", aside=n == "notice") for n in ("ruling", "notice")
    }
    return Definition("t", "", "", {}, {}, {}, {"corrections": corrections}, {}, papers_of, {}, {QUESTION: question})


def clock(name: str, due: date | None, state: str = "running", who: str = "", start: date | None = None) -> ClockView:
    return ClockView(name, "X", state, start or date(2026, 1, 1), due, who)


def did(action: str, seq: int, to: str = "b", **facts: Any) -> EventView:
    return EventView(seq, action, "a", to, 2, TODAY, facts)


def child(closed: bool, who: str = "worker", kind: str = "recognition", name: str = "remedy") -> MatterView:
    return MatterView(name, "x", who, closed, {"decision_kind": kind})


def situation(state: str = "here", action: str = "act", on: str = "", use: str = "by_choice", issue: str = "",
              **more: Any) -> Situation:  # fmt: skip
    act = ActionDef(action, "办理", ("approver",), state, on=on, issue=issue, law="工伤认定办法#18")
    place = StateDef(state, "这里", "。", (), {action: act})
    matter = MatterDef("recognition", "工伤认定", state, {state: place})
    plain = Situation(TODAY, defined(use), matter, place, act, Actor(1, "me", "我", frozenset()))
    return replace(plain, **more)


def again(action: str, before: tuple[EventView, ...], back: EventView, **given: Any) -> dict[str, Any]:
    return {"action": action, "events": (*before, back), "given": given}


INVESTIGATORS = {"investigator_one": "甲 001", "investigator_two": "乙 002", "credentials_shown": True}
WORKER_YEAR = clock("worker_files", date(2027, 1, 1))
REFUSED, RECOGNISED, DECLINED = did("refuse", 3), did("recognise", 3), did("decline", 3)
ORDER = did("redo_by_order", 5)
BOTH_OVER = (clock("ask_again", YESTERDAY, who="worker"), clock("ask_again", date(2026, 3, 9), who="employer"))

PAST_YEAR = clock("worker_files", YESTERDAY, "met")
THREE_DAYS = dict.fromkeys(("diagnosed_on", "certificate_issued_on", "certificate_received_on"), date(2025, 3, 19))


def late(**facts: Any) -> dict[str, Any]:
    """An application a day after the year, with everything said that refusing it for that needs."""
    known = {**THREE_DAYS, "filed_on": TODAY, "late_judgement": "三个日期都是 2025-03-19，没有应当扣除的时间", **facts}
    return {"given": {"decline_kind": "late"}, "facts": known, "clocks": (PAST_YEAR,)}


# condition → what stands there → the code of the refusal, None where it holds
TABLE: dict[str, list[tuple[dict[str, Any], str | None]]] = {
    "former_sound": [
        ({"given": {"former": "retired", "later_exposure": False}}, None),
        ({"given": {"former": "retired", "later_exposure": True}}, "not_former"),
        ({"given": {"former": "ended"}}, "not_former"),
        ({"given": {"later_exposure": False}}, "not_former"),
    ],
    "exclusion_sound": [
        ({"clocks": (WORKER_YEAR,), "given": {"excluded_from": date(2026, 1, 1)}}, None),
        ({"clocks": (WORKER_YEAR,), "given": {"excluded_from": date(2027, 1, 1)}}, None),
        ({"clocks": (WORKER_YEAR,), "given": {"excluded_from": date(2027, 1, 2)}}, "outside_year"),
        ({"clocks": (WORKER_YEAR,), "given": {"excluded_from": date(2025, 12, 31)}}, "outside_year"),
        ({"clocks": (clock("worker_files", date(2027, 1, 1), "met"), clock("former_files", date(2027, 1, 1))),
          "given": {"excluded_from": TODAY}}, None),
        ({"clocks": (clock("worker_files", date(2027, 1, 1), "met"),), "given": {"excluded_from": TODAY}}, "not_running"),
        ({"given": {"excluded_from": TODAY}}, "not_running"),
    ],
    "long_unanswered": [
        ({"facts": {"asked_on": date(2026, 2, 18)}}, None), ({"facts": {"asked_on": date(2026, 2, 19)}}, "too_soon"), ({}, "too_soon"),
    ],
    "on_ordinary_track": [
        ({}, None), ({"clocks": (clock("decide_fast", TOMORROW, "stopped"),)}, None), ({"clocks": (clock("decide", TOMORROW),)}, None),
        ({"clocks": (clock("decide_fast", TOMORROW),)}, "fast_track"),
    ],
    "evidence_overdue": [
        ({"clocks": (clock("evidence", YESTERDAY),)}, None), ({"clocks": (clock("evidence", TODAY),)}, "not_overdue"), ({}, "not_overdue"),
    ],
    "two_investigators": [
        ({"given": INVESTIGATORS}, None), ({}, "one_investigator"),
        ({"given": {**INVESTIGATORS, "investigator_two": " 甲 001 "}}, "one_investigator"),
        ({"given": {**INVESTIGATORS, "investigator_two": " "}}, "one_investigator"),
        ({"given": {**INVESTIGATORS, "credentials_shown": False}}, "no_credentials"),
    ],
    "not_the_certificate": [
        ({"given": {"investigated_about": "relationship"}}, None), ({"given": {"investigated_about": "certificate"}}, "certificate_stands"),
    ],
    "suspension_sound": [
        ({"given": {"suspension_kind": "judicial"}}, None), ({"given": {"suspension_kind": "authority"}}, None),
        ({"given": {"suspension_kind": "relationship", "told_arbitration": True}}, None),
        ({"given": {"suspension_kind": "relationship", "told_arbitration": False}}, "not_told"),
        ({"given": {"suspension_kind": "relationship"}}, "not_told"),
        ({"given": {"suspension_kind": "diagnosis_appraisal"}}, None),
        ({"given": {"suspension_kind": "diagnosis_appraisal"}, "use": "never"}, "never_for_appraisal"),
        ({"given": {"suspension_kind": "judicial"}, "use": "never"}, None),
    ],
    "waits_for_labour": [
        ({"facts": {"suspension_kind": "relationship"}}, None), ({"facts": {"suspension_kind": "judicial"}}, "not_labour"), ({}, "not_labour"),
        ({"facts": {"suspension_kind": "relationship"}, "others": {"labour": ("to_file", {})}}, "labour_open"),
    ],
    "decline_grounded": [
        ({"given": {"decline_kind": "no_standing"}}, None), ({"given": {"decline_kind": "not_competent"}}, None),
        ({"given": {"decline_kind": "no_certificate"}}, None),
        ({"given": {"decline_kind": "no_certificate"}, "papers": frozenset({"diagnosis"})}, "certificate_here"),
        (late(), None), (late(filed_on=YESTERDAY), "not_late"), (late(filed_on=None), "not_late"),
        ({**late(), "clocks": ()}, "not_late"), ({**late(), "clocks": (PAST_YEAR, clock("former_files", TODAY))}, "not_late"),
        (late(certificate_received_on=None), "days_unknown"), (late(late_judgement=""), "no_judgement"),
    ],
    "ruling_denies": [
        ({"given": {"relationship_denied": True}}, None), ({"given": {"relationship_denied": False}}, "relationship_stands"),
        ({}, "relationship_stands"),
    ],
    "limit_passed": [
        ({"clocks": (clock("decide", YESTERDAY),)}, None), ({"clocks": (clock("examine", YESTERDAY),)}, None),
        ({"clocks": (clock("decide_fast", YESTERDAY), clock("decide", TOMORROW))}, "not_overdue"),
        *[({"clocks": (clock(n, YESTERDAY),)}, None) for n in ("serve", "ordered_by", "reimburse", "dun_employer", "carry_out_by")],
        ({"clocks": (clock("serve", YESTERDAY, who="worker"),), "given": {"addressee": "worker"}}, None),
        ({"clocks": (clock("serve", YESTERDAY, who="worker"),), "given": {"addressee": "employer"}}, "not_overdue"),
        ({"clocks": (clock("decide", TODAY),)}, "not_overdue"), ({}, "not_overdue"),
        ({"clocks": (clock("decide", YESTERDAY, "paused"),)}, "not_overdue"),
        ({"clocks": (clock("employer_files", YESTERDAY),)}, "not_overdue"),
        ({"clocks": (clock("decide", YESTERDAY),), "given": {"addressee": "worker"}, "children": (child(False, kind="inaction"),)},
         "already_complained"),
        ({"clocks": (clock("decide", YESTERDAY),), "given": {"addressee": "employer"}, "children": (child(False, kind="inaction"),)}, None),
        ({"clocks": (clock("decide", YESTERDAY),), "given": {"addressee": "worker"}, "children": (child(True, kind="inaction"),)}, None),
        ({"clocks": (clock("decide", YESTERDAY),), "given": {"addressee": "worker"}, "children": (child(False),)}, None),
    ],
    "proposed_again": [
        ({"events": (did("propose", 2), REFUSED, ORDER)}, "no_new_opinion"), ({"events": (REFUSED, ORDER)}, "no_new_opinion"),
        ({"events": (did("propose", 2), REFUSED, ORDER, did("propose", 6))}, None),
        ({"events": (did("propose", 6), did("set_aside", 7))}, "no_new_opinion"), ({"events": (did("propose", 6),)}, None),
    ],
    "not_the_same_again": [
        (again("refuse", (REFUSED,), ORDER), "same_again"), (again("recognise", (RECOGNISED,), ORDER), "same_again"),
        (again("recognise", (REFUSED,), ORDER), None), (again("refuse", (RECOGNISED,), ORDER), None),
        (again("refuse", (did("refuse_after_ruling", 3),), ORDER), "same_again"),
        (again("refuse", (RECOGNISED, did("carry_out_no", 4)), ORDER), "same_again"),
        (again("refuse", (REFUSED,), did("set_aside", 5)), "same_again"),
        (again("refuse", (REFUSED,), did("redo_by_order", 5, procedural=True)), None),
        (again("refuse", (REFUSED,), did("redo_by_order", 5, procedural=False)), "same_again"),
        (again("refuse", (REFUSED,), ORDER, new_grounds="新取得的证据"), None),
        (again("refuse", (REFUSED,), did("decide_anew", 5)), None),
        (again("recognise", (), did("set_aside", 5, "redo")), "same_again"), (again("refuse", (), did("set_aside", 5, "redo")), None),
        (again("recognise", (), did("redo_by_order", 5, "a")), None), (again("recognise", (), did("vary_by_order", 5, "varied")), "same_again"),
        (again("refuse", (REFUSED,), did("vary_by_order", 5)), "same_again"), (again("refuse", (DECLINED,), ORDER), None),
        (again("decline", (DECLINED,), ORDER), "same_again"), (again("decline", (), did("set_aside", 5, "redo_examine")), "same_again"),
        (again("decline", (), ORDER), None), ({"action": "decline"}, None),
        (again("accept", (DECLINED,), ORDER), None), ({"action": "refuse", "events": (REFUSED,)}, None),
    ],
    "varied_to_yes": [
        ({}, None), ({"facts": {"varied_to": "recognised"}}, None), ({"facts": {"varied_to": "not_recognised"}}, "varied_otherwise"),
    ],
    "varied_to_no": [
        ({}, None), ({"facts": {"varied_to": "not_recognised"}}, None), ({"facts": {"varied_to": "recognised"}}, "varied_otherwise"),
    ],
    "slip_only": [
        ({"given": {"slip_kind": "typo"}}, None), ({"given": {"slip_kind": "particulars"}}, None),
        ({"given": {"slip_kind": "content"}}, "content_change"), ({}, "content_change"),
    ],
    "remedies_closed": [
        ({"state": "delivered", "children": (child(True), child(True, "employer"))}, None),
        ({"state": "delivered", "children": (child(True), child(False, "employer"))}, WAITS),
        ({"state": "delivered"}, WAITS), ({"state": "delivered", "children": (child(True, name="other"),)}, WAITS),
        ({"state": "not_accepted", "children": (child(True),)}, None), ({"state": "revocation_served", "children": (child(True),)}, None),
        ({"state": "decided", "children": (child(True),)}, WAITS), ({"state": "redo", "children": (child(True),)}, WAITS),
    ],
    "recognised_as_injury": [
        ({"others": {"recognition": ("decided", {"recognised": True})}}, None), ({"others": {"recognition": ("delivered", {})}}, None),
        ({"others": {"recognition": ("final", {"opinion": "recognise"})}}, None),
        ({"others": {"recognition": ("delivered", {"opinion": "refuse"})}}, "not_recognised"),
        ({"others": {"recognition": ("delivered", {"opinion": "refuse", "recognised": True})}}, None),
        ({"others": {"recognition": ("delivered", {"opinion": "recognise", "recognised": False})}}, "not_recognised"),
        ({"others": {"recognition": ("redo", {"recognised": True})}}, "not_recognised"),
        ({"others": {"recognition": ("revoked", {"recognised": True})}}, "not_recognised"), ({}, "not_recognised"),
    ],
    "first_round": [
        ({}, None), ({"facts": {"appraisal_kind": "first"}}, None), ({"facts": {"appraisal_kind": "recheck"}}, "recheck_round"),
    ],
    "recheck_round": [
        ({"facts": {"appraisal_kind": "recheck"}}, None), ({}, "first_round"), ({"facts": {"appraisal_kind": "first"}}, "first_round"),
    ],
    "own_recheck": [
        ({"events": (did("apply_recheck", 2, recheck_applicant=one),), "given": {"recheck_applicant": other}}, code)
        for one, other, code in (
            ("worker", "worker", None), ("worker", "relative", None), ("relative", "worker", None), ("agency", "agency", None),
            ("employer", "worker", "not_your_application"), ("agency", "employer", "not_your_application"),
            ("worker", "agency", "not_your_application"),
        )
    ],
    "visit_sound": [
        ({"given": {"critically_ill": True, "exam_way": "home"}}, None), ({"given": {"critically_ill": False, "exam_way": "home"}}, "not_ill"),
        ({"given": {"critically_ill": True, "exam_way": "entrusted"}}, "nobody_entrusted"),
        ({"given": {"critically_ill": True, "exam_way": "entrusted", "entrusted_to": "某院"}}, None),
    ],
    "identity_verified": [
        ({"given": {"identity_checked": True}}, None), ({"given": {"identity_checked": False}}, "not_identified"), ({}, "not_identified"),
    ],
    "exam_done": [
        ({"facts": {"exam_on": TODAY}}, None), ({"facts": {"exam_on": TOMORROW}}, "exam_not_held"), ({}, "exam_not_held"),
        ({"facts": {"exam_on": TODAY, "concluded_on": date(2025, 1, 6)}, "on": "concluded_on"}, None),
        ({"facts": {"exam_on": TODAY}, "given": {"concluded_on": YESTERDAY}, "on": "concluded_on"}, "exam_not_held"),
        ({"facts": {"exam_on": YESTERDAY}, "given": {"concluded_on": YESTERDAY}, "on": "concluded_on"}, None),
    ],
    "absence_shown": [
        ({"given": {"termination_ground": "no_show"}, "facts": {"exam_on": YESTERDAY}}, None),
        ({"given": {"termination_ground": "no_show"}, "facts": {"exam_on": TODAY}}, "exam_day_not_over"),
        ({"given": {"termination_ground": "no_show"}}, "exam_day_not_over"),
        ({"given": {"termination_ground": "no_show", "terminated_on": YESTERDAY}, "facts": {"exam_on": YESTERDAY}, "on": "terminated_on"},
         "exam_day_not_over"),
        ({"given": {"termination_ground": "deception"}, "facts": {"exam_on": TOMORROW}}, None),
    ],
    "supplement_longer": [
        ({"clocks": (clock("supplement", TODAY),), "given": {"supplement_by_on": TOMORROW}}, None),
        ({"clocks": (clock("supplement", TODAY),), "given": {"supplement_by_on": TODAY}}, "not_longer"),
        ({"clocks": (clock("supplement", YESTERDAY),), "given": {"supplement_by_on": TOMORROW}}, "past_due"),
        ({"clocks": (clock("supplement", TODAY, start=TODAY),), "given": {"supplement_by_on": TOMORROW}}, "same_day"), ({}, "past_due"),
    ],
    "own_conclusion": [
        ({"events": (did("conclude", 2),)}, None), ({"events": (did("conclude", 2), did("conclude_second", 3))}, "regional_conclusion"),
        ({"events": (did("conclude_second", 3), did("conclude_recheck", 4))}, None), ({}, None),
        ({"facts": {"second_concluded_on": TODAY}}, "regional_conclusion"), ({"events": (did("region_corrects", 5),)}, "regional_conclusion"),
        ({"events": (did("conclude_second", 3), did("conclude_recheck", 4)), "facts": {"second_concluded_on": YESTERDAY}}, None),
    ],
    "regional_conclusion": [
        ({"events": (did("conclude", 2), did("conclude_second", 3))}, None), ({"events": (did("conclude", 2),)}, "own_conclusion"),
        ({}, "own_conclusion"),
    ],
    "again_in_time": [
        ({"clocks": (clock("ask_again", TODAY, who="worker"),), "given": {"applicant": "relative"}}, None),
        ({"clocks": (clock("ask_again", YESTERDAY, who="worker"),), "given": {"applicant": "worker"}}, "past_due"),
        ({"clocks": (clock("ask_again", YESTERDAY, who="worker"),), "given": {"applicant": "worker", "again_filed_on": YESTERDAY}}, None),
        ({"clocks": (clock("ask_again", YESTERDAY, who="worker"),), "given": {"applicant": "worker", "again_asked_on": YESTERDAY}}, None),
        ({"clocks": (clock("ask_again", YESTERDAY, who="worker"),),
          "given": {"applicant": "worker", "again_asked_on": TODAY, "again_filed_on": TODAY}}, "past_due"),
        ({"clocks": (clock("ask_again", TODAY, who="worker"),), "given": {"again_asked_on": TODAY, "again_filed_on": YESTERDAY}},
         "asked_after_receipt"),
        ({"clocks": (clock("ask_again", YESTERDAY, who="worker"),), "given": {"applicant": "worker", "late_again": "住院"}}, None),
        ({"clocks": (clock("ask_again", TODAY, who="worker"),), "given": {"applicant": "employer"}}, "receipt_unknown"),
        ({"clocks": (clock("ask_again", TODAY, who="worker"), clock("ask_again", YESTERDAY, who="employer")), "behalf": "employer"},
         "past_due"),
        ({"clocks": (clock("ask_again", date(2025, 1, 6), who="worker"), clock("ask_again_recheck", TODAY, who="worker"))}, None),
        ({"clocks": (clock("ask_again", None, "unstarted", "worker"),)}, "receipt_unknown"),
    ],
    "windows_over": [
        ({"state": "delivered", "clocks": BOTH_OVER}, None), ({"state": "delivered"}, WAITS), ({"state": "with_region", "clocks": BOTH_OVER}, WAITS),
        ({"state": "delivered", "clocks": (BOTH_OVER[0], clock("ask_again", TODAY, who="employer"))}, WAITS),
        ({"state": "delivered", "clocks": (BOTH_OVER[0], clock("ask_again", None, "unstarted", "employer"))}, WAITS),
        ({"state": "delivered", "clocks": (*BOTH_OVER, clock("ask_again_recheck", TOMORROW, who="worker"))}, WAITS),
    ],
    "recheck_open": [
        ({"clocks": (clock("recheck_from", TODAY),)}, None), ({"clocks": (clock("recheck_from", TOMORROW),)}, "too_early"),
        ({"clocks": (clock("recheck_from", TODAY),), "given": {"appraisal_filed_on": YESTERDAY}}, "too_early"), ({}, "concluded_unknown"),
        ({"clocks": (clock("recheck_from", None, "unstarted"),)}, "concluded_unknown"),
    ],
}  # fmt: skip


PAPERS_TABLE: dict[str, list[tuple[dict[str, Any], str | None]]] = {
    "way_sound": [
        ({"given": {"way": "direct"}}, None), ({"given": {"way": "post"}}, None), ({"given": {"way": "public"}}, "public_by_hand"),
        ({"given": {"way": "left"}}, "no_witness"), ({"given": {"way": "left", "delivery_note": " "}}, "no_witness"),
        ({"given": {"way": "left", "delivery_note": "拒收，见证人甲"}}, None),
        ({"given": {"way": "electronic"}}, "no_consent"), ({"given": {"way": "electronic", "delivery_note": "发到邮箱"}}, "no_consent"),
        ({"given": {"way": "electronic", "delivery_note": "送达地址确认书第2页"}}, None),
    ],
    "other_ways_failed": [
        ({"given": {"addressee": "worker"}}, "not_tried"),
        ({"given": {"addressee": "worker"}, "events": (did("delivery_failed", 2, addressee="worker"),)}, None),
        ({"given": {"addressee": "worker"}, "events": (did("delivery_failed", 2, addressee="employer"),)}, "not_tried"),
        ({"given": {"addressee": "worker"}, "action": "issue_it", "issue": "ruling",
          "events": (did("delivery_failed", 2, addressee="worker"), did("issue_it", 3))}, "not_tried"),
        ({"given": {"addressee": "worker"}, "action": "issue_it", "issue": "ruling",
          "events": (did("issue_it", 3), did("delivery_failed", 4, addressee="worker"))}, None),
        ({"given": {"addressee": "worker"}, "action": "issue_it", "issue": "notice",
          "events": (did("delivery_failed", 2, addressee="worker"), did("issue_it", 3))}, None),
    ],
}  # fmt: skip
"""The conditions of service; those on papers and grounds have their rows in test_guards.py."""


@pytest.mark.parametrize("name", list(PAPERS_TABLE))
def test_service_is_sound_or_says_what_is_missing(name: str) -> None:
    assert REGISTRY[name].__module__ == papers.__name__
    for more, code in PAPERS_TABLE[name]:
        reason = REGISTRY[name](situation(**more))
        assert (reason.code if reason else None) == code, more
        assert reason is None or (reason.text.endswith("。") and reason.who and "#" in reason.law)


@pytest.mark.parametrize("name", list(TABLE))
def test_a_condition_holds_or_says_what_is_missing(name: str) -> None:
    for more, code in TABLE[name]:
        reason = REGISTRY[name](situation(**more))
        assert (reason.code if reason else None) == code, more
        if reason is not None:
            assert reason.text.endswith("。") and len(reason.text) > 8 and reason.who and "#" in reason.law


def test_every_condition_of_these_modules_has_its_rows() -> None:
    modules = {recognition_more.__name__, appraisal_more.__name__}
    assert {n for n, f in REGISTRY.items() if f.__module__ in modules} == set(TABLE)
    for name, rows in TABLE.items():
        codes = {code for _, code in rows}
        assert None in codes and len(codes) > 1, f"{name} needs a row where it holds and one where it does not"


def test_a_later_examination_of_the_region_moves_its_limit_and_an_earlier_one_does_not() -> None:
    move = PREPARATIONS["move_second_exam"]
    for was, new, days in (
        (TODAY, date(2026, 3, 27), 7),
        (TODAY, date(2026, 3, 10), 0),
        (TODAY, TODAY, 0),
        (TODAY, None, 0),
    ):
        assert move(situation(given={"second_exam_was": was, "second_exam_on": new})).shift_days == days


def test_a_grade_ends_the_paid_leave_and_no_grade_does_not() -> None:
    end = PREPARATIONS["end_leave"]
    assert end(situation(given={"grade": "4"})).stop == ("paid_leave",)
    assert end(situation(given={"grade": "none"})).stop == () == end(situation()).stop


@pytest.mark.parametrize(
    ("asked", "kept"), [("worker", "worker"), ("employer", "employer"), ("agency", "worker"), ("relative", "relative")]
)
def test_a_recheck_writes_to_who_asked_and_to_the_worker_where_the_agency_did(asked: str, kept: str) -> None:
    made = PREPARATIONS["recheck_appraisal"](situation(given={"recheck_applicant": asked})).facts
    assert made == {"appraisal_kind": "recheck", "applicant": kept}


def test_what_a_decision_leaves_for_the_appraisal_to_read() -> None:
    assert PREPARATIONS["result_yes"](situation()).facts == {"recognised": True}
    assert PREPARATIONS["result_no"](situation()).facts == {"recognised": False}
    assert PREPARATIONS["first_appraisal"](situation()).facts == {"appraisal_kind": "first"}
    left = PREPARATIONS["void_conclusion"](situation(facts={"grade": "3", "concluded_on": YESTERDAY})).facts
    assert left == {"grade": None, "care": None, "concluded_on": None, "second_concluded_on": None}
