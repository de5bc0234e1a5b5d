"""Advance payment (先行支付), reimbursement, recovery after a revocation, a sheet made anew after a re-check, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.builders import APPRAISAL_PAPERS, BANK, COSTS, SURVIVORS, WAGE, Life, Town
from workflow.models import Payment

SUM = "142600.00"
GATEWAY: dict[str, Any] = {"gateway": "refused", "gateway_proof": "单位拒付的书面答复"}


def payments(life: Life) -> list[tuple[str, str, Decimal, str]]:
    with life.town.store.reading() as session:
        rows = session.scalars(select(Payment).where(Payment.case_id == life.case().id).order_by(Payment.id))
        return [(p.item, p.month, p.amount, p.state) for p in rows]


def month(life: Life) -> str:
    return life.day.isoformat()[:7]


def handed(life: Life, matter: str, *addressees: str) -> Life:
    for who in addressees:
        life.wait(1).act("agency", matter, "deliver", addressee=who, way="direct", received_on=life.day.isoformat())
    return life


def liable(town: Town) -> Life:
    """Recognised, graded, the employer has not insured him and both have been told that it has to pay."""
    life = town.life(insured="no").recognised().served().appraised().claimed()
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    return handed(life, "benefit", "worker", "employer")


def dunned(town: Town) -> Life:
    """Advance payment asked for, the employer called on and its five working days running."""
    life = liable(town)
    life.wait(1).act("desk", "benefit", "apply_advance", behalf="worker", **GATEWAY)
    life.act("desk", "advance_payment", "add_papers", papers=["advance_form", "gateway_paper"])
    life.wait(1).act("agency", "advance_payment", "dun")
    return handed(life, "advance_payment", "employer")


def proposed(life: Life, **facts: Any) -> Life:
    life.act("agency", "advance_payment", "propose_advance",
             **{"advance_items": "一次性伤残补助金", "advance_sum": SUM, **BANK, **facts})  # fmt: skip
    return life


def advanced(town: Town, **facts: Any) -> Life:
    """Paid out by the fund."""
    life = dunned(town)
    life.work(life.due("employer_pays") + timedelta(days=1))
    proposed(life, **facts).act("head", "advance_payment", "grant_advance")
    handed(life, "advance_payment", "worker")
    life.wait(1).act("finance", "advance_payment", "pay_out")
    assert (life.state("advance_payment"), life.standing("advance_payment")) == ("advanced", {"order_repay": "running"})
    return life


def repay_due(town: Town) -> Life:
    """The employer has been ordered to give it back and its ten days run."""
    life = advanced(town)
    life.wait(2).act(
        "head", "advance_payment", "order_repay", owed_sum=SUM, ground="社会保险基金先行支付暂行办法第十三条"
    )
    return handed(life, "advance_payment", "employer")


# --- advance payment --------------------------------------------------------------------------------------------------


def test_the_liability_is_told_and_both_may_contest_it(town: Town) -> None:
    life = liable(town)
    assert (life.state("benefit"), set(life.remedies("benefit"))) == ("employer_liable", {"worker", "employer"})
    (reason,) = life.refused("desk", "benefit", "apply_advance", behalf="worker", gateway="refused")
    assert "请写明能说明这种情形的材料" in reason


def test_the_fund_pays_only_when_the_employer_has_had_its_five_working_days(town: Town) -> None:
    life = dunned(town)
    assert {c.span for c in life.clocks("employer_pays")} == {"5 个工作日"}
    given: dict[str, Any] = {"advance_items": "一次性伤残补助金", "advance_sum": SUM, **BANK}
    assert "五个工作日内" in life.refused("agency", "advance_payment", "propose_advance", **given)[0]
    life.act("agency", "advance_payment", "record_answer", employer_answer="refuses", reason="书面答复拒付")
    life.act("agency", "advance_payment", "propose_advance", **given)
    assert "不一样" in life.refused("head", "advance_payment", "grant_advance", advance_sum="1.00")[0]
    life.act("head", "advance_payment", "send_back_advance", reason="项目写错")
    assert life.state("advance_payment") == "dunned"


def test_ordered_back_and_given_back(town: Town) -> None:
    life = repay_due(town)
    assert {c.code for c in life.clocks("repay_fund", state="running")} == {"ADV-REPAY"}
    assert set(life.remedies("advance_payment")) == {"worker", "employer"}, (
        "each document has its own addressee's remedy"
    )
    life.wait(3).act("firm", "advance_payment", "report_payment", employer_sum="42600.00", reason="转账凭证1号")
    life.act("agency", "advance_payment", "record_part", employer_sum="42600.00")
    assert "还应偿还 100000.00" in life.refused("agency", "advance_payment", "repaid", employer_sum="99999.99")[0]
    life.act("agency", "advance_payment", "repaid", employer_sum="100000.00")
    assert (life.state("advance_payment"), life.standing("advance_payment")) == ("recovered", {})
    assert payments(life) == [("advance_payment_1", "", Decimal(SUM), "paid")]


@pytest.mark.parametrize("end", ["enforced", "written_off"])
def test_not_given_back_it_is_enforced_or_written_off_with_its_reasons(town: Town, end: str) -> None:
    life = repay_due(town)
    given: dict[str, Any] = {"enforce_means": "accounts", "ground": "逾期未偿还"}
    assert "还没有过" in life.refused("agency", "advance_payment", "enforce", **given)[0]
    life.work(life.due("repay_fund") + timedelta(days=1))
    life.act("agency", "advance_payment", "enforce", **given)
    life.wait(40).work().act("agency", "advance_payment", "enforce_more", enforce_means="court", ground="申请法院扣押")
    if end == "enforced":
        life.act("agency", "advance_payment", "enforced", employer_sum=SUM)
    else:
        life.act("head", "advance_payment", "write_off", ground="法院终结执行，单位已注销")
    assert (life.state("advance_payment"), life.standing("advance_payment")) == (end, {})
    life.windows_over()
    assert life.case().closed_on == life.day


def test_an_order_to_repay_that_is_annulled_is_dropped_and_costs_the_worker_nothing(town: Town) -> None:
    life = repay_due(town)
    remedy = life.remedies("advance_payment")["employer"]
    life.wait(5).act("firm", remedy, "apply_review", review_got_on=life.day.isoformat())
    life.wait(2).act("agency", remedy, "accept_review")
    life.wait(2).act("agency", remedy, "got_copy")
    life.wait(2).act("agency", remedy, "reply")
    life.wait(2).act("agency", remedy, "decide_review", outcome="annulled", ruling="巴政复决〔2026〕6号")
    life.wait(2).act("agency", remedy, "review_served")
    assert (life.state("advance_payment"), set(life.standing("advance_payment"))) == ("ordered", {"carry_out"})
    life.act("head", "advance_payment", "cancel_debt", ground="按复议决定")
    assert life.state("advance_payment") == "written_off"
    assert payments(life) == [("advance_payment_1", "", Decimal(SUM), "paid")]


def test_monthly_advances_and_what_the_bank_sends_back(town: Town) -> None:
    life = advanced(town, advance_month="4960.00")
    life.wait(3).act("finance", "advance_payment", "pay_advance_month", month=month(life))
    assert "已经先行支付过" in life.refused("finance", "advance_payment", "pay_advance_month", month=month(life))[0]
    life.act("finance", "advance_payment", "bank_return", reason="账号不符", returned_month=month(life))
    assert life.state("advance_payment") == "advance_returned"
    assert "还没有核实" in life.refused("finance", "advance_payment", "repay")[0]
    life.act("agency", "advance_payment", "confirm_account", **BANK)
    life.act("finance", "advance_payment", "repay")
    assert life.state("advance_payment") == "advanced"
    assert sorted(p[3] for p in payments(life)) == ["paid", "paid", "returned"]


def test_refused_and_asked_for_again(town: Town) -> None:
    life = liable(town)
    life.act("desk", "benefit", "apply_advance", behalf="worker", **GATEWAY)
    life.act("head", "advance_payment", "refuse_advance", ground="单位正在支付")
    handed(life, "advance_payment", "worker")
    assert (life.state("advance_payment"), list(life.remedies("advance_payment"))) == ("refused", ["worker"])
    life.act("desk", "benefit", "apply_advance", behalf="worker", **GATEWAY)
    assert life.row("advance_payment").number == 2
    life.act("desk", "advance_payment", "withdraw_advance", behalf="worker", ground="单位已付")
    life.act("desk", "benefit", "apply_advance", behalf="worker", **GATEWAY)
    assert (
        "还没有确认"
        in life.refused("agency", "advance_payment", "employer_paid", employer_sum=SUM, worker_confirmed="no")[0]
    )
    life.act("agency", "advance_payment", "employer_paid", employer_sum=SUM, worker_confirmed="yes")
    assert life.state("advance_payment") == "employer_paid"


def test_an_employer_that_cannot_be_found_is_called_on_in_public(town: Town) -> None:
    life = town.life(insured="no").recognised().served().appraised().claimed()
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    handed(life, "benefit", "worker")
    life.act("desk", "benefit", "apply_advance_early", behalf="worker", gateway="revoked", gateway_proof="吊销决定书")
    life.act("agency", "advance_payment", "dun")
    for matter in ("benefit", "advance_payment"):
        life.act(
            "agency",
            matter,
            "delivery_failed",
            addressee="employer",
            failed_on=life.day.isoformat(),
            failure="人去楼空",
        )
        life.act(
            "agency",
            matter,
            "announce",
            addressee="employer",
            announced_on=life.day.isoformat(),
            steps_tried="邮寄两次退回",
        )
    life.work(max(c.due_on for c in life.clocks("public_notice", state="running") if c.due_on) + timedelta(days=1))
    assert (life.state("benefit"), life.state("advance_payment")) == ("employer_liable", "dunned")
    assert "employer_pays" in life.standing("advance_payment")


def test_an_employer_that_joins_and_pays_up_leaves_the_fund_what_is_new(town: Town) -> None:
    life = liable(town)
    life.wait(20).act("agency", "benefit", "arrears_paid", document_received="完税证明001")
    life.act("agency", "benefit", "determine", own_wage=WAGE)
    assert {x["item"] for x in life.row("benefit").facts["lines"]} == {"disability_allowance", "care_allowance"}


# --- reimbursement ----------------------------------------------------------------------------------------------------


def test_costs_are_supplemented_refused_in_part_served_and_paid(town: Town) -> None:
    life = town.life().recognised().served()
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    due = life.due("reimburse")
    life.act("agency", "reimbursement", "ask_supplement", lacking="收费票据等（社会保险经办条例第二十二条）")
    assert set(life.standing("reimbursement")) == {"benefit_supplement", "reimburse"} and life.due("reimburse") == due
    life.wait(2).act("desk", "reimbursement", "take_papers", papers=COSTS[:2])
    assert "还缺材料" in life.refused("desk", "reimbursement", "complete", behalf="worker")[0]
    life.act("desk", "reimbursement", "complete", behalf="worker", papers=COSTS[2:])
    sums: dict[str, Any] = {"cost_kind": "medical", "claimed_sum": "100.00", "payable_sum": "80.00"}
    life.act("agency", "reimbursement", "assess", **sums, **BANK)
    life.act("head", "reimbursement", "approve_part", ground="自费药不在目录内")
    handed(life, "reimbursement", "worker")
    life.act("finance", "reimbursement", "pay_out")
    assert (life.state("reimbursement"), payments(life)[-1][2:]) == ("paid", (Decimal("80.00"), "paid"))
    assert [c.state for c in life.clocks("reimburse")] == ["met"]
    life.act("finance", "reimbursement", "bank_return", reason="账号不符")
    life.act("agency", "reimbursement", "confirm_account", **BANK)
    life.act("finance", "reimbursement", "repay")
    assert [p[3] for p in payments(life)] == ["returned", "paid"]


def test_costs_refused_altogether_may_be_contested(town: Town) -> None:
    life = town.life().recognised().served()
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    life.act("agency", "reimbursement", "add_papers", papers=COSTS)
    life.act("agency", "reimbursement", "assess", cost_kind="device", claimed_sum="100", payable_sum="0", **BANK)
    assert "不是申请金额的一部分" in life.refused("head", "reimbursement", "approve_part", ground="x")[0]
    life.act("head", "reimbursement", "refuse_reimb", ground="未经确认配置辅助器具")
    handed(life, "reimbursement", "worker")
    assert (life.state("reimbursement"), list(life.remedies("reimbursement"))) == ("refused", ["worker"])


def test_costs_not_settled_in_time_are_ordered_to_be_settled_and_then_settled(town: Town) -> None:
    life = town.life().recognised().served()
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    life.act("agency", "reimbursement", "add_papers", papers=COSTS)
    life.work(life.due("reimburse") + timedelta(days=1))
    life.act(
        "desk", "reimbursement", "complain_inaction", behalf="worker", addressee="worker", decision_kind="inaction"
    )
    remedy = life.remedies("reimbursement")["worker"]
    ended = (life.day - timedelta(days=1)).isoformat()
    life.act("desk", remedy, "record_inaction", duty_ended_on=ended, backdate_reason="期限昨天届满")
    life.act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    life.act("desk", remedy, "accept_review")
    by = (life.day + timedelta(days=30)).isoformat()
    life.act("desk", remedy, "decide_review", outcome="ordered_to_act", ruling="巴政复决〔2026〕7号", redo_by_on=by)
    life.act("desk", remedy, "review_served")
    assert (life.state("reimbursement"), set(life.standing("reimbursement"))) == (
        "ordered",
        {"carry_out", "carry_out_by"},
    )
    life.act("agency", "reimbursement", "reassess", reason="按复议决定办理")
    life.act("agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100", payable_sum="100", **BANK)
    life.act("head", "reimbursement", "approve_reimb")


# --- revocation, re-check, death --------------------------------------------------------------------------------------


def paying(town: Town) -> Life:
    life = town.life().recognised().served().appraised().claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
    return life


def revoked(life: Life) -> Life:
    life.wait(1).act("approver", "recognition", "revoke", revocation_kind="false_papers", heard_worker="电话陈述",
                     heard_employer="书面陈述", ground="证明书系伪造")  # fmt: skip
    return life.served()


def test_a_revoked_recognition_ends_the_payments_and_what_was_paid_comes_back(town: Town) -> None:
    life = revoked(paying(town))
    assert life.tasks("act"), "the agency is told to look into the benefits"
    given: dict[str, Any] = {"recovery_cause": "revoked", "recovery_sum": "149660.00", "ground": "认定已撤销"}
    assert "不超过已经支付" in life.refused("head", "benefit", "recover", **{**given, "recovery_sum": "149660.01"})[0]
    life.act("head", "benefit", "recover", **given)
    assert "没有可以接着支付的待遇" in life.refused("finance", "benefit", "pay_month", month=month(life))[0]
    handed(life, "benefit", "worker")
    assert life.standing("benefit") == {"collect": "running"}
    life.act("agency", "benefit", "agree_instalments", instalments="分两期")
    life.act("finance", "benefit", "record_repaid", repaid_sum="100000.00")
    life.wait(40).work()
    assert life.standing("benefit") == {"collect": "running"}, "the reminder goes on until it is settled"
    assert "没有可以接着支付的待遇" in life.refused("head", "benefit", "go_on_paying")[-1]
    life.act("finance", "benefit", "record_repaid", repaid_sum="49660.00")
    life.act("head", "benefit", "finish_recovery")
    assert (life.state("benefit"), life.standing("benefit")) == ("recovered", {})


def test_a_claim_after_a_revocation_is_refused_in_writing_and_goes_on_when_recognised_anew(town: Town) -> None:
    life = revoked(town.life().recognised().served().appraised().claimed())
    life.act("head", "benefit", "refuse_claim", ground="认定已撤销")
    handed(life, "benefit", "worker")
    assert (life.state("benefit"), list(life.remedies("benefit"))) == ("not_due", ["worker"])
    life.act("approver", "recognition", "decide_anew", ground="另有有效证明书")
    life.proposed().act("approver", "recognition", "recognise")
    life.act("agency", "benefit", "reopen", reason="重新认定为工伤")
    life.claimed().payable()


def test_a_recheck_makes_the_sheet_anew_and_the_month_by_month_goes_on_meanwhile(town: Town) -> None:
    life = paying(town).windows_over()
    assert life.state("appraisal") == "final"
    life.on(max(life.day, life.due("recheck_from")))
    life.act("desk", "appraisal", "apply_recheck", behalf="worker", papers=APPRAISAL_PAPERS, recheck_applicant="worker",
             change="肺功能下降，见新病历")  # fmt: skip
    life.scheduled().wait(3)
    life.act("finance", "benefit", "pay_month", month=month(life))
    life.act("committee", "appraisal", "conclude_recheck", grade="2", care="most", condition="双肺", basis="标准",
             votes_for="3", signed="yes")  # fmt: skip
    assert life.tasks("act"), "the agency is told of the new conclusion"
    life.served("appraisal", "appraisal").windows_over()
    life.act("agency", "benefit", "redetermine", redo_cause="recheck", reason="复查结论二级")
    life.wait(30).act("finance", "benefit", "pay_current", month=month(life))
    life.act("agency", "benefit", "determine", own_wage=WAGE)
    lines = {x["item"]: x for x in life.row("benefit").facts["lines"]}
    assert lines["lump_sum"]["amount"] == SUM, "the lump sum stays as it was paid"
    assert lines["disability_allowance"]["amount"] == "5270.00"  # 85 % of the own wage
    life.act("reviewer", "benefit", "review")
    life.act("head", "benefit", "approve")
    handed(life, "benefit", "worker")
    life.act("finance", "benefit", "pay_difference")
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))


def test_death_while_an_advance_is_asked_for_stops_nothing(town: Town) -> None:
    life = dunned(town)
    life.act("agency", "advance_payment", "record_death", died_on=life.day.isoformat())
    life.work(life.due("employer_pays") + timedelta(days=1))
    proposed(life).act("head", "advance_payment", "grant_advance")
    handed(life, "advance_payment", "worker")
    life.act("finance", "advance_payment", "pay_out")
    assert life.state("advance_payment") == "advanced"


def test_the_family_claims_is_paid_and_the_pension_goes_on(town: Town) -> None:
    life = paying(town)
    life.wait(2).act("agency", "benefit", "record_death", died_on=life.day.isoformat())
    life.act("desk", "benefit", "claim_survivor", **SURVIVORS)
    life.act(
        "agency",
        "benefit",
        "propose_survivor",
        died_in_leave="no",
        funeral_grant="42000",
        pension_month="2480",
        ground="配偶百分之四十",
    )
    life.act("head", "benefit", "approve_survivor")
    handed(life, "benefit", "worker")
    life.act("finance", "benefit", "pay_survivor")
    life.wait(31).act("finance", "benefit", "pay_pension", month=month(life))
    life.wait(5).act("agency", "benefit", "review_survivor", reason="配偶再婚")
    life.act("finance", "benefit", "pay_pension", month=month(life.wait(28)))
    life.act("head", "benefit", "refuse_survivor", ground="供养条件消失")
    handed(life, "benefit", "worker")
    assert (life.state("benefit"), life.standing("benefit")) == ("ended_death", {})
