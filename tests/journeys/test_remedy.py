"""Objecting to decisions (行政复议、行政诉讼): windows, reviews and suits, and what comes of them, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import WAGE, Life, Town

PARTIES = ("worker", "employer")
REFUSAL = "诊断的疾病不在目录"


def recognised(town: Town, **changes: Any) -> Life:
    return town.life(**changes).recognised().served()


def refused(town: Town) -> Life:
    """Not recognised and served: worker and employer may object."""
    life = town.life().accepted().proposed("refuse")
    life.act("approver", "recognition", "refuse", ground=REFUSAL)
    return life.served()


def reviewing(life: Life, who: str = "worker", matter: str = "recognition") -> str:
    """The review applied for by one addressee and answered; its `remedy#n`."""
    remedy = life.remedies(matter)[who]
    answering = "agency" if matter == "benefit" else "officer"
    life.wait(5).act("desk", remedy, "apply_review", behalf=who, review_got_on=life.day.isoformat())
    life.wait(2).act("desk", remedy, "accept_review")
    life.wait(3).act(answering, remedy, "got_copy")
    life.wait(3).act(answering, remedy, "reply")
    return remedy


def reviewed(life: Life, outcome: str, who: str = "worker", matter: str = "recognition", **facts: Any) -> str:
    """Decided by the review body and served; its `remedy#n`."""
    remedy = reviewing(life, who, matter)
    life.wait(20).act("desk", remedy, "decide_review", outcome=outcome, ruling="巴政复决〔2026〕3号", **facts)
    life.wait(4).act("desk", remedy, "review_served")
    return remedy


def sued(life: Life, who: str = "worker") -> str:
    """Before the court and answered; its `remedy#n`."""
    remedy = life.remedies()[who]
    life.wait(5).act("desk", remedy, "sue", behalf=who)
    life.wait(5).act("desk", remedy, "docket", complaint_got_on=life.day.isoformat())
    life.wait(10).act("officer", remedy, "answer")
    return remedy


def followed(life: Life, matter: str = "recognition") -> str:
    """The last act the system did on a matter because of a remedy."""
    key = life.row(matter).id
    return next(
        (e.action for e in reversed(life.since(0)) if e.matter_id == key and e.actor_id == life.town.system.id), ""
    )


# --- windows ----------------------------------------------------------------------------------------------------------


def test_windows_close_by_themselves_and_the_decision_is_final_with_the_last(town: Town) -> None:
    life = recognised(town)
    remedies = life.remedies()
    assert set(remedies) == set(PARTIES) and life.standing(remedies["worker"]) == {
        "apply_review": "running",
        "sue_direct": "running",
    }
    received: dict[str, Any] = {d: life.row(remedies[d]).facts["received_on"] for d in PARTIES}
    assert received["employer"] > received["worker"], "each counts from his own receipt"
    for who in PARTIES:
        rows = {
            c.name: c for c in life.clocks("apply_review", "sue_direct") if c.matter_id == life.row(remedies[who]).id
        }
        assert {c.owner for c in rows.values()} == {who}
        assert rows["apply_review"].unrolled_on == date.fromisoformat(received[who]) + timedelta(days=60)
    first = max(c.due_on for c in life.clocks("apply_review") if c.due_on)
    life.work(first + timedelta(days=1))
    assert life.state(remedies["worker"]) == "window_open", "the six months to sue are not over"
    suits = sorted(c.due_on for c in life.clocks("sue_direct", state="running") if c.due_on)
    life.work(suits[0] + timedelta(days=1))
    if suits[0] < suits[1]:
        assert (life.state(remedies["worker"]), life.state("recognition")) == ("window_closed", "delivered")
    life.work(suits[1] + timedelta(days=1))
    assert (life.state("recognition"), followed(life)) == ("final", "become_final")
    assert life.row("recognition").facts["final_on"] == suits[1].isoformat(), "of the day of law, not of the machine"
    assert life.case().closed_on is None, "the appraisal is still to be asked for"


def test_a_stopped_worker_process_changes_no_day(town: Town) -> None:
    life = recognised(town)
    last = max(c.due_on for c in life.clocks("sue_direct") if c.due_on)
    life.work(last + timedelta(days=90))
    assert (life.state("recognition"), life.row("recognition").facts["final_on"]) == ("final", last.isoformat())


def test_what_was_sent_in_time_is_heard_of_late_and_decided_by_the_review_body(town: Town) -> None:
    life = recognised(town).windows_over()
    remedy = life.remedies()["worker"]
    given: dict[str, Any] = {"behalf": "worker", "review_got_on": life.day.isoformat()}
    (reason,) = life.refused("desk", remedy, "apply_review", **given)
    assert "已过期限" in reason and "系统不自动拒绝" in reason
    life.act("desk", remedy, "apply_review", late_reason="期内邮寄，复议机关已经受理", **given)
    assert (life.state(remedy), life.row(remedy).closed_on) == ("review_applied", None)
    assert set(life.standing(remedy)) == {"exam_review", "ask_supp", "check_remedy"}


def test_a_window_lost_without_fault_is_opened_again_and_the_days_left_out(town: Town) -> None:
    life = recognised(town).windows_over()
    remedy, made = life.remedies()["worker"], life.row("recognition").facts["decided_on"]
    life.act("officer", remedy, "reopen_window", ground="住院隔离", made_on=made)
    assert set(life.standing(remedy)) == {"apply_review", "sue_direct", "check_reopened"}
    since, until = life.due("apply_review") - timedelta(days=20), life.day - timedelta(days=10)
    life.act(
        "officer",
        remedy,
        "exclude_review",
        excluded_from=since.isoformat(),
        excluded_to=until.isoformat(),
        ground="住院隔离",
        made_on=made,
    )
    assert life.due("apply_review") > life.day
    life.act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())


@pytest.mark.parametrize("made", ["9999-12-31", "0001-01-01"])
def test_an_impossible_year_is_told_and_nothing_is_reckoned_from_it(town: Town, made: str) -> None:
    life = recognised(town).windows_over()
    told = life.refused("officer", life.remedies()["worker"], "reopen_window", ground="住院隔离", made_on=made)
    assert len(told) == 1 and made in told[0]


def test_who_was_not_told_of_his_rights_has_his_time_from_being_told(town: Town) -> None:
    life = recognised(town)
    remedy = life.remedies()["worker"]
    received = date.fromisoformat(life.row(remedy).facts["received_on"])
    life.act("desk", remedy, "record_not_informed", untold="both")
    assert set(life.standing(remedy)) == {"tell_rights", "content_year"}
    life.work(life.day + timedelta(days=200))
    assert life.state(remedy) == "uninformed", "no window closes on somebody who was not told"
    life.act("desk", remedy, "rights_known", how_informed="补充告知书签收")
    told = {c.name: c for c in life.clocks("review_told", "sue_told", state="running")}
    assert told["review_told"].unrolled_on == life.day + timedelta(days=60)
    assert told["sue_told"].unrolled_on == date(received.year + 1, received.month, received.day), (
        "at most a year in all"
    )
    life.work(max(c.due_on for c in told.values() if c.due_on) + timedelta(days=1))
    assert life.state(remedy) == "window_closed"


# --- reviews ----------------------------------------------------------------------------------------------------------


def test_a_review_that_upholds_leaves_fifteen_days_and_then_the_decision_is_final(town: Town) -> None:
    life = recognised(town)
    remedy = reviewed(life, "upheld", "employer")
    assert (life.state("recognition"), life.standing(remedy)) == ("delivered", {"sue_after_review": "running"})
    assert life.clocks("sue_after_review")[-1].unrolled_on == life.day + timedelta(days=15)
    life.work(life.due("sue_after_review") + timedelta(days=1))
    assert (life.state(remedy), life.state("recognition")) == ("closed", "delivered"), (
        "the worker's window is open still"
    )
    life.windows_over()
    assert life.state("recognition") == "final"


def test_a_decision_annulled_with_an_order_to_redo_is_not_made_again_on_the_same_grounds(town: Town) -> None:
    life = refused(town)
    by = (life.day + timedelta(days=120)).isoformat()
    remedy = reviewed(life, "redo", procedural="no", redo_by_on=by)
    assert (life.state("recognition"), followed(life)) == ("redo", "redo_by_order")
    assert life.standing("recognition") == {"ordered_by": "running", "redo_check": "running"}
    assert life.due("ordered_by") >= date.fromisoformat(by)
    life.proposed("refuse")
    (reason,) = life.refused("approver", "recognition", "refuse", ground=REFUSAL)
    assert "不能作出相同的决定" in reason and "行政复议法#64.2" in reason
    life.proposed().act("approver", "recognition", "recognise")
    life.served()
    assert [s for n, s in life.matters() if n.startswith("remedy")] == ["review_served", *["window_open"] * 3]
    assert life.remedies()["worker"] != remedy, "the new decision has windows of its own"
    life.windows_over()
    life.work(life.day + timedelta(days=1))
    assert (life.state(remedy), life.state("recognition")) == ("closed", "final")


def test_new_grounds_and_a_procedural_annulment_allow_the_same_result(town: Town) -> None:
    ways: list[tuple[str, dict[str, Any]]] = [("no", {"new_grounds": "新取得的病理诊断"}), ("yes", {})]
    for procedural, facts in ways:
        life = refused(town)
        reviewed(life, "redo", procedural=procedural)
        assert life.standing("recognition") == {"redo_check": "running"}, "no day was fixed: none is invented"
        life.proposed("refuse").act("approver", "recognition", "refuse", ground=REFUSAL, **facts)
        assert life.standing("recognition") == {"serve": "running"}


def test_a_decision_annulled_without_an_order_leaves_an_application_without_a_result(town: Town) -> None:
    life = refused(town)
    reviewed(life, "annulled")
    assert (life.state("recognition"), followed(life)) == ("redo", "set_aside")
    life.proposed().act("approver", "recognition", "recognise")
    assert life.state("appraisal") == "to_apply"


def test_a_varied_decision_is_carried_out_by_a_person(town: Town) -> None:
    life = refused(town)
    remedy = reviewing(life)
    (reason,) = life.refused("desk", remedy, "decide_review", outcome="varied", ruling="巴政复决〔2026〕3号")
    assert "请填写变更成什么" in reason
    life.act("desk", remedy, "decide_review", outcome="varied", ruling="巴政复决〔2026〕3号", varied_to="recognised")
    life.wait(2).act("desk", remedy, "review_served")
    assert (life.state("recognition"), life.standing("recognition")) == ("varied", {"after_ruling": "running"})
    life.act("approver", "recognition", "carry_out_yes", ruling="巴政复决〔2026〕3号", ground="按复议决定")
    assert (life.state("recognition"), life.state("appraisal"), life.state("benefit")) == (
        "delivered",
        "to_apply",
        "to_claim",
    )


def test_a_recognition_varied_to_a_refusal_takes_the_ground_from_the_benefit(town: Town) -> None:
    life = recognised(town)
    reviewed(life, "varied", "employer", varied_to="not_recognised")
    life.act("approver", "recognition", "carry_out_no", ruling="巴政复决〔2026〕3号", ground="按复议决定")
    (reason,) = life.refused("desk", "benefit", "apply_reimbursement", behalf="worker")
    assert "没有认定就没有工伤待遇" in reason
    life.act("agency", "benefit", "close_unrecognised", ground="认定被复议变更")
    assert life.state("benefit") == "nothing_due"


def test_the_review_body_that_says_nothing_has_accepted_and_one_that_does_not_decide_can_be_sued(town: Town) -> None:
    life = refused(town)
    remedy = life.remedies()["worker"]
    life.wait(5).act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    life.work(life.due("exam_review") + timedelta(days=1))
    assert life.state(remedy) == "review_accepted" and life.row(remedy).facts["deemed"] is True
    assert life.due("decide_review") >= date.fromisoformat(life.row(remedy).facts["review_accepted_on"]) + timedelta(
        days=60
    )
    life.work(life.due("decide_review") + timedelta(days=1))
    assert (life.state(remedy), set(life.standing(remedy))) == ("review_overdue", {"sue_after_lapse", "check_remedy"})
    life.act("desk", remedy, "decide_review", outcome="upheld", ruling="巴政复决〔2026〕3号")
    life.act("desk", remedy, "review_served")


def test_the_time_a_review_is_suspended_is_not_counted(town: Town) -> None:
    life = refused(town)
    remedy = reviewing(life)
    before = life.clocks("decide_review")[-1].unrolled_on
    life.act("desk", remedy, "suspend_review", ground="等待劳动关系的结论")
    assert life.standing(remedy) == {
        "decide_review": "paused",
        "check_review_pause": "running",
        "check_remedy": "running",
    }
    life.wait(70).act("desk", remedy, "resume_review", ground="结论已出")
    assert before and life.clocks("decide_review")[-1].unrolled_on == before + timedelta(days=70)


def test_the_simple_review_has_its_shorter_days(town: Town) -> None:
    life = refused(town)
    remedy = life.remedies()["worker"]
    life.wait(5).act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    life.wait(2).act("desk", remedy, "accept_simple")
    assert {c.code for c in life.clocks("decide_review_simple", state="running")} == {"AR-DEC-SIMPLE"}
    life.wait(1).act("officer", remedy, "got_copy")
    assert {c.span for c in life.clocks("reply_review_simple", state="running")} == {"5 个工作日"}
    life.wait(1).act("officer", remedy, "reply")
    life.wait(3).act("desk", remedy, "to_ordinary_review", ground="案情复杂")
    assert set(life.standing(remedy)) == {"decide_review", "check_remedy"}


@pytest.mark.parametrize("end", ["refuse_review", "take_back", "end_review", "dismiss_review", "deem_abandoned"])
def test_a_review_that_came_to_nothing_leaves_the_suit(town: Town, end: str) -> None:
    life = refused(town)
    remedy = life.remedies()["worker"]
    life.wait(5).act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    if end in ("end_review", "dismiss_review"):
        life.wait(1).act("desk", remedy, "accept_review")
    if end == "deem_abandoned":
        life.wait(1).act("desk", remedy, "ask_review_supplement")
    given: dict[str, Any] = {"behalf": "worker"} if end == "take_back" else {"ground": "按复议机关的文书"}
    life.wait(3).act("desk", remedy, end, **given)
    assert "sue_direct" in life.standing(remedy)
    again = life.clocks("apply_review", state="running")
    mine = [c for c in again if c.matter_id == life.row(remedy).id]
    assert bool(mine) is (end in ("take_back", "deem_abandoned")), "one accepted and ended is not asked for again"
    life.act("desk", remedy, "sue", behalf="worker")


# --- suits ------------------------------------------------------------------------------------------------------------


def test_a_suit_judged_and_not_appealed_binds_when_the_last_party_let_its_time_pass(town: Town) -> None:
    life = refused(town)
    remedy = sued(life)
    assert set(life.standing(remedy)) == {"try_suit", "check_remedy"}
    life.wait(30).act("desk", remedy, "judge", outcome="redo", ruling="行政判决书12号", procedural="no")
    life.wait(3).act("desk", remedy, "judgment_served")
    assert (life.state("recognition"), set(life.standing(remedy))) == (
        "delivered",
        {"appeal_judgment", "check_all_served"},
    )
    life.wait(5).act("desk", remedy, "all_served")
    life.work(life.due("appeal_judgment") + timedelta(days=1))
    assert life.state(remedy) == "appeal_all_served", "the party served last may still appeal"
    over = life.due("appeal_last")
    life.work(over + timedelta(days=1))
    assert (life.state(remedy), life.state("recognition")) == ("judgment_effective", "redo")
    assert life.row("recognition").facts["redo_from_on"] == over.isoformat()
    life.proposed("refuse")
    assert "不能作出相同的决定" in life.refused("approver", "recognition", "refuse", ground=REFUSAL)[0]


def test_a_judgment_on_appeal_feeds_the_decision_at_once(town: Town) -> None:
    life = recognised(town)
    remedy = sued(life, "employer")
    life.wait(30).act("desk", remedy, "judge", outcome="upheld", ruling="行政判决书12号")
    life.wait(3).act("desk", remedy, "judgment_served")
    life.wait(3).act("desk", remedy, "appeal", behalf="employer", appeal_got_on=life.day.isoformat())
    assert set(life.standing(remedy)) == {"try_appeal", "check_remedy"}
    life.wait(40).act("desk", remedy, "judge_appeal", outcome="annulled", ruling="行政判决书88号")
    assert (life.state(remedy), life.state("recognition")) == ("closed", "redo")
    (reason,) = life.refused("desk", "appraisal", "file", applicant="worker", stable="yes")
    assert "没有现在有效的认定工伤决定" in reason
    life.proposed()
    (reason,) = life.refused("approver", "recognition", "recognise")
    assert "不能作出相同的决定" in reason


@pytest.mark.parametrize("way", ["withdraw_suit", "order"])
def test_a_suit_that_is_withdrawn_or_not_taken_leaves_the_decision_to_become_final(town: Town, way: str) -> None:
    life = recognised(town)
    remedy = life.remedies()["employer"]
    life.wait(5).act("firm", remedy, "sue")
    if way == "withdraw_suit":
        life.wait(5).act("desk", remedy, "withdraw_suit", ground="裁定准许撤诉")
    else:
        life.wait(5).act("desk", remedy, "refuse_docket", ground="超过起诉期限")
        life.work(life.due("appeal_order") + timedelta(days=1))
    assert (life.state(remedy), life.state("recognition")) == ("closed", "delivered")
    life.windows_over()
    assert life.state("recognition") == "final"


def test_review_and_suit_are_never_both_under_way(town: Town) -> None:
    life = refused(town)
    remedy = reviewing(life)
    assert "时不能办“sue”" in life.refused("desk", remedy, "sue", behalf="worker")[0]
    other = life.remedies()["employer"]
    life.act("firm", other, "sue")
    assert (
        "时不能办“apply_review”" in life.refused("firm", other, "apply_review", review_got_on=life.day.isoformat())[0]
    )


def test_only_the_addressees_own_side_objects(town: Town) -> None:
    life = recognised(town)
    mine = life.remedies()["worker"]
    (reason,) = life.refused("firm", mine, "apply_review", review_got_on=life.day.isoformat())
    assert "没有办“登记已申请行政复议”的权限" in reason
    assert life.refused("desk", mine, "apply_review", behalf="employer", review_got_on=life.day.isoformat())
    life.act("desk", mine, "apply_review", behalf="relative", review_got_on=life.day.isoformat())


def test_a_suit_after_a_review_that_changed_the_decision_is_about_the_review(town: Town) -> None:
    life = refused(town)
    remedy = reviewed(life, "redo", procedural="no")
    life.wait(3).act("desk", remedy, "sue", behalf="worker")
    life.wait(3).act("desk", remedy, "docket", complaint_got_on=life.day.isoformat())
    life.wait(3).act("officer", remedy, "answer")
    (reason,) = life.refused("desk", remedy, "judge", outcome="upheld", ruling="判决")
    assert "请选“维持复议决定”" in reason
    life.act("desk", remedy, "judge", outcome="review_annulled", ruling="判决")
    life.act("desk", remedy, "judgment_served")
    life.act("desk", remedy, "all_served")
    life.work(life.due("appeal_last") + timedelta(days=1))
    assert life.state(remedy) == "judgment_effective"


# --- inaction ---------------------------------------------------------------------------------------------------------


def test_against_inaction_the_review_comes_first_and_its_order_sets_the_bureau_a_day(town: Town) -> None:
    life = town.life().accepted()
    life.work(life.due("decide") + timedelta(days=1))
    life.act("desk", "recognition", "complain_inaction", behalf="worker", addressee="worker", decision_kind="inaction")
    remedy = life.remedies()["worker"]
    life.act(
        "desk",
        remedy,
        "record_inaction",
        duty_ended_on=(life.day - timedelta(days=1)).isoformat(),
        backdate_reason="期限昨天届满",
    )
    assert set(life.standing(remedy)) == {"review_inaction", "sue_inaction", "check_remedy"}
    (reason,) = life.refused("desk", remedy, "sue", behalf="worker")
    assert "要先申请行政复议" in reason and "行政复议法#23.1(3)" in reason
    reviewing(life)
    assert (
        "没有可以变更、撤销的决定" in life.refused("desk", remedy, "decide_review", outcome="annulled", ruling="x")[0]
    )
    by = (life.day + timedelta(days=20)).isoformat()
    life.act("desk", remedy, "decide_review", outcome="ordered_to_act", ruling="巴政复决〔2026〕5号", redo_by_on=by)
    life.act("desk", remedy, "review_served")
    assert (life.state("recognition"), followed(life)) == ("under_review", "act_by_order")
    assert life.standing("recognition")["ordered_by"] == "running" and life.tasks("act")
    life.proposed().act("approver", "recognition", "recognise")
    assert life.standing("recognition") == {"serve": "running"}
    life.act("desk", remedy, "sue", behalf="worker")


# --- benefits ---------------------------------------------------------------------------------------------------------


def test_a_sheet_under_review_is_paid_meanwhile_and_then_made_anew(town: Town) -> None:
    life = recognised(town).appraised().claimed().payable()
    remedy = reviewing(life, matter="benefit")
    life.act("finance", "benefit", "pay_once")
    life.wait(30).act("finance", "benefit", "pay_month", month=life.day.isoformat()[:7])
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    life.act("desk", remedy, "decide_review", outcome="redo", ruling="巴政复决〔2026〕9号", procedural="no")
    life.wait(2).act("desk", remedy, "review_served")
    assert (life.state("benefit"), followed(life, "benefit")) == ("ordered", "redo_by_order")
    assert life.row("benefit").facts["orders"][0]["kind"] == "benefit_sheet"
    assert life.standing("benefit") == {"carry_out": "running"} and life.tasks("act")
    life.act("agency", "benefit", "redo", reason="按复议决定重新核定")
    assert "这次的结果和原决定一样" in life.refused("agency", "benefit", "determine", own_wage=WAGE)[0]
    life.act("agency", "benefit", "determine", own_wage="6500.00")
    life.act("reviewer", "benefit", "review")
    life.act("head", "benefit", "approve")
    life.wait(1).act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    life.act("finance", "benefit", "pay_difference")
    assert life.remedies("benefit")["worker"] != remedy


def test_a_recognition_under_review_stops_neither_appraisal_nor_payment(town: Town) -> None:
    life = recognised(town)
    remedy = reviewing(life, "employer")
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    assert life.state("reimbursement") == "filed"
    life.appraised().claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    assert life.state(remedy) == "review_hearing"


@pytest.mark.parametrize("outcome", ["upheld", "unlawful"])
def test_an_upheld_sheet_stays_as_it_is(town: Town, outcome: str) -> None:
    life = recognised(town).appraised("7", "none").claimed().payable()
    remedy = reviewed(life, outcome, matter="benefit")
    assert life.state("benefit") == "payable"
    life.work(life.due("sue_after_review") + timedelta(days=1))
    assert (life.state(remedy), life.state("benefit"), followed(life, "benefit")) == (
        "closed",
        "payable",
        "become_final",
    )
