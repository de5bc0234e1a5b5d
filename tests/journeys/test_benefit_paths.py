"""The further ways of benefit, advance payment and reimbursement (procedure B1-B16), through the real engine on both databases."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from tests.builders import BANK, COSTS, SURVIVORS, WAGE, Life, Mailbox, Town, swallow
from workflow import cases, clock, worker
from workflow.models import Matter, Payment


def standing(life: Life, matter: str = "benefit") -> dict[str, str]:
    """Clock → state, of the clocks of one matter that are not settled."""
    key = life.row(matter).id
    return {
        c.name: c.state for c in life.clocks() if c.matter_id == key and c.state in ("running", "paused", "unstarted")
    }


def payments(life: Life) -> list[tuple[str, str, Decimal, str, int]]:
    with life.town.store.reading() as session:
        rows = session.scalars(select(Payment).where(Payment.case_id == life.case().id).order_by(Payment.id))
        return [(p.item, p.month, p.amount, p.state, p.round) for p in rows]


def children(life: Life, matter: str = "benefit") -> list[tuple[str, str]]:
    """(addressee, kind of document) of every remedy opened about the matter."""
    with life.town.store.reading() as session:
        rows = session.scalars(select(Matter).where(Matter.parent_id == life.row(matter).id).order_by(Matter.id))
        return [(m.addressee, m.facts["decision_kind"]) for m in rows]


def system(life: Life, action: str, matter: str = "benefit", **facts: Any) -> cases.Outcome:
    """What the outcome of a remedy brings about."""
    with clock.frozen(datetime.combine(life.day, time(9), clock.SHANGHAI)):
        done = cases.perform(life.town.store, life.town.system, life.case_no, matter, action, facts=facts)
    life.check()
    return done


def work(life: Life) -> Life:
    """Let the worker process run at the end of the day."""
    with clock.frozen(datetime.combine(life.day, time(18), clock.SHANGHAI)):
        worker.once(life.town.store, Mailbox(), swallow)
    life.check()
    return life


def appraised(town: Town, grade: str = "3", care: str = "part", **changes: Any) -> Life:
    return town.life(**changes).recognised().served().appraised(grade, care)


def served(life: Life, matter: str = "benefit", *addressees: str) -> Life:
    for who in addressees or ("worker",):
        life.wait(1).act("agency", matter, "deliver", addressee=who, way="direct", received_on=life.day.isoformat())
    return life


def month(life: Life) -> str:
    return life.day.isoformat()[:7]


def paying(town: Town, grade: str = "3", care: str = "part") -> Life:
    life = appraised(town, grade, care).claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
    return life


def again(life: Life, **facts: Any) -> Life:
    """From claimed to payable once more."""
    life.wait(1).act("agency", "benefit", "determine", **{"own_wage": WAGE, **facts})
    life.wait(1).act("reviewer", "benefit", "review")
    life.wait(1).act("head", "benefit", "approve")
    return served(life)


def liable(town: Town) -> Life:
    life = appraised(town, insured="no").claimed()
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    return served(life, "benefit", "worker", "employer")


# --- B3, B7, B8, B10 -----------------------------------------------------------------------------------------------------


def test_an_uninsured_employers_duty_is_told_to_both_and_may_be_contested(town: Town) -> None:
    life = appraised(town, insured="no").claimed()
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    assert (life.state("benefit"), life.documents()[-1][0]) == ("telling_employer", "employer_notice")
    assert set(standing(life)) == {"serve_notice"}
    served(life, "benefit", "worker", "employer")
    assert (life.state("benefit"), standing(life)) == ("employer_liable", {})
    assert children(life) == [("worker", "employer_notice"), ("employer", "employer_notice")]


def test_what_is_new_after_the_arrears_is_the_funds(town: Town) -> None:
    life = liable(town)
    life.wait(20).act("agency", "benefit", "arrears_paid", document_received="完税证明001")
    (watching,) = life.clocks("determine_benefit", state="running")
    assert watching.code == "UN-NEWCOST"
    again(life)
    assert {x["item"] for x in life.row("benefit").facts["lines"]} == {"disability_allowance", "care_allowance"}
    life.wait(31).act("finance", "benefit", "pay_month", month=month(life))
    assert {p[0] for p in payments(life)} == {"disability_allowance", "care_allowance"}


def test_a_claim_asks_for_an_identity_paper_and_nothing_else(town: Town) -> None:
    life = appraised(town).claimed()
    life.act("agency", "benefit", "ask_supplement", lacking="身份证件（社会保险经办条例第三十一条）")
    assert standing(life) == {"benefit_supplement": "running"}
    assert "还缺材料" in life.refused("desk", "benefit", "complete", behalf="worker")[0]
    life.wait(3).act("desk", "benefit", "complete", behalf="worker", papers=["claim_identity"])
    assert life.state("benefit") == "claimed"
    assert "不能再要求补充" in life.refused("agency", "benefit", "ask_supplement", lacking="身份证件")[0]


def test_no_grade_is_told_in_writing(town: Town) -> None:
    life = appraised(town, "none", "none").claimed()
    life.act("agency", "benefit", "close_no_grade")
    served(life)
    assert (life.state("benefit"), children(life)) == ("no_grade", [("worker", "no_grade_notice")])
    assert "没有新的结论" in life.refused("agency", "benefit", "redetermine", redo_cause="recheck", reason="复查")[0]


def test_a_sheet_nobody_takes_is_served_by_public_notice(town: Town) -> None:
    life = appraised(town).claimed().approved()
    life.wait(1).act(
        "agency", "benefit", "delivery_failed", addressee="worker", failed_on=life.day.isoformat(), failure="地址不明"
    )
    assert set(standing(life)) == {"serve_sheet", "redeliver"}
    life.wait(5).act(
        "agency",
        "benefit",
        "announce",
        addressee="worker",
        announced_on=life.day.isoformat(),
        steps_tried="直接、邮寄各一次",
    )
    work(life.wait(31))
    assert (life.state("benefit"), standing(life), children(life)) == (
        "payable",
        {"pay_first": "running"},
        [("worker", "benefit_sheet")],
    )


# --- B12 -----------------------------------------------------------------------------------------------------------------


def test_a_sheet_made_anew_pays_on_meanwhile_and_then_the_difference(town: Town) -> None:
    life = paying(town)
    assert "没有新的结论" in life.refused("agency", "benefit", "redetermine", redo_cause="second", reason="再次鉴定")[0]
    life.wait(5).act("agency", "benefit", "redetermine", redo_cause="own", reason="本人工资取数有误")
    assert standing(life) == {"determine_benefit": "running"}
    life.wait(30).act("finance", "benefit", "pay_current", month=month(life))
    again(life, own_wage="6300.00")
    assert "还欠职工" in life.refused("finance", "benefit", "pay_month", month="2026-04")[0]
    life.act("finance", "benefit", "pay_difference")
    # 23 months' and for two months 80 % of 100 yuan more
    assert payments(life)[-1][:3] == ("difference_1", "", Decimal("2300.00") + 2 * Decimal("80.00"))
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
    assert payments(life)[-2][2] == Decimal("5040.00")


def test_figures_not_out_yet_are_watched_until_the_sheet_is_made_anew(town: Town) -> None:
    life = appraised(town).claimed()
    life.wait(1).act("agency", "benefit", "determine", own_wage=WAGE, prev_year_used="yes")
    assert set(standing(life)) == {"review_benefit", "prev_year"}
    life.wait(1).act("reviewer", "benefit", "review")
    life.wait(1).act("head", "benefit", "approve")
    served(life)
    life.wait(1).act("finance", "benefit", "pay_once")
    life.wait(30).act("agency", "benefit", "redetermine", redo_cause="figures", reason="上年度数据已公布")
    assert set(standing(life)) == {"determine_benefit"}


def test_a_yearly_adjustment_takes_its_amounts_from_the_document(town: Town) -> None:
    life = paying(town)
    life.wait(5).act("agency", "benefit", "redetermine", redo_cause="yearly", reason="定期待遇调整")
    refused = life.refused("agency", "benefit", "determine", own_wage=WAGE, set_allowance="5100.00", set_from="2026-07")
    assert refused == ["填了金额，请写明定这个金额的文件或者裁判的名称和文号。（依据：工伤保险条例#40）"]
    again(life, set_allowance="5100.00", set_from="2026-07", set_by="某人社发〔2026〕1号")
    lines = {x["item"]: x for x in life.row("benefit").facts["lines"]}
    assert (lines["disability_allowance"]["amount"], lines["disability_allowance"]["from"]) == ("5100.00", "2026-07")


# --- B13, B14 ------------------------------------------------------------------------------------------------------------


def test_stopped_by_notice_and_taken_up_from_the_next_month(town: Town) -> None:
    life = paying(town)
    life.wait(3).act("head", "benefit", "stop", stop_cause="appraisal", ground="两次通知不参加复查鉴定")
    assert (life.state("benefit"), life.documents()[-1][0], set(standing(life))) == (
        "stopping",
        "stop_notice",
        {"serve_stop"},
    )
    served(life)
    assert (life.state("benefit"), children(life)[-1]) == ("stopped", ("worker", "stop_notice"))
    life.wait(60).act("head", "benefit", "restart", ground="已接受鉴定")
    assert "停发期间的待遇不补发" in life.refused("finance", "benefit", "pay_month", month=month(life))[0]
    life.wait(31).act("finance", "benefit", "pay_month", month=month(life))


def test_a_benefit_stopped_for_good_is_told_so_and_not_that_all_was_paid(town: Town) -> None:
    life = paying(town)
    life.act("head", "benefit", "stop", stop_cause="lost", ground="不再符合领取条件")
    served(life)
    life.wait(1).act("head", "benefit", "end_stopped", ground="条件已经丧失")
    said = life.definition().matters["benefit"].states[life.state("benefit")].public
    assert (
        (life.state("benefit"), standing(life)) == ("stopped_for_good", {})
        and "不再发放" in said
        and "停发告知书" in said
    )
    assert ("worker", "stop_notice") in children(life), "the way to object stays open"
    life.wait(2).act("agency", "benefit", "redetermine", redo_cause="figures", reason="原核定数据有误")
    assert life.state("benefit") == "claimed"


def test_while_an_event_is_looked_into_payment_goes_on(town: Town) -> None:
    life = paying(town)
    life.wait(2).act("agency", "benefit", "note_event", stop_event_on=life.day.isoformat(), reason="数据比对")
    assert {c.code for c in life.clocks("report_stop", state="running")} == {"BN-STOP"}
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
    life.act("desk", "benefit", "report_event", behalf="worker", reason="没有再就业")
    life.act("agency", "benefit", "refute_event", reason="核实不属实")
    assert standing(life) == {"pay_next": "running"}


def test_retirement_stops_no_care_allowance(town: Town) -> None:
    life = paying(town)
    (reason,) = life.refused("head", "benefit", "stop", stop_cause="retired", pension_amount="9000", ground="已退休")
    assert "生活护理费照发" in reason
    life.act("agency", "benefit", "redetermine", redo_cause="retired", reason="已办退休")
    again(life, set_allowance="0", set_from="2026-07", set_by="退休审批表")
    assert {x["item"] for x in life.row("benefit").facts["lines"]} == {"lump_sum", "care_allowance"}


def test_what_was_paid_too_much_comes_back_in_instalments(town: Town) -> None:
    life = paying(town)
    assert (
        "工伤认定没有被撤销"
        in life.refused("head", "benefit", "recover", recovery_cause="revoked", recovery_sum="100", ground="x")[0]
    )
    life.act("head", "benefit", "recover", recovery_cause="overpaid", recovery_sum="1000.00", ground="本人工资重复计算")
    assert life.documents()[-1][0] == "recovery_order"
    served(life)
    assert (life.state("benefit"), set(standing(life)), children(life)[-1][1]) == (
        "recovering",
        {"collect"},
        "recovery_order",
    )
    life.wait(20).act("finance", "benefit", "pay_month", month="2026-05")
    life.act("agency", "benefit", "agree_instalments", instalments="分两期，每期 500 元")
    life.act("finance", "benefit", "record_repaid", repaid_sum="500.00")
    assert "还有 500.00 元没有退回" in life.refused("head", "benefit", "go_on_paying")[0]
    life.act("agency", "benefit", "set_off", set_off_sum="500.00", ground="职工同意从津贴中抵扣")
    life.act("head", "benefit", "go_on_paying")
    assert life.state("benefit") == "payable"


# --- B15 -----------------------------------------------------------------------------------------------------------------


def test_the_family_is_told_claims_and_is_paid(town: Town) -> None:
    life = paying(town)
    life.wait(2).act("agency", "benefit", "record_death", died_on=life.day.isoformat())
    assert {c.code: c.due_on and c.due_on.day for c in life.clocks("pension_starts")} == {"BN-PENSION-START": 1}
    life.act("agency", "benefit", "tell_survivors", reason="已当面告知配偶")
    life.wait(5).act("desk", "benefit", "claim_survivor", **SURVIVORS)
    (reason,) = life.refused("agency", "benefit", "propose_survivor", died_in_leave="no", funeral_grant="42000", pension_month="2480",
                             death_grant="1000", ground="x")  # fmt: skip
    assert "没有一次性工亡补助金" in reason
    life.act(
        "agency",
        "benefit",
        "propose_survivor",
        died_in_leave="no",
        funeral_grant="42000",
        pension_month="2480",
        ground="配偶百分之四十",
    )
    assert "不一样" in life.refused("head", "benefit", "approve_survivor", funeral_grant="43000")[0]
    life.act("head", "benefit", "approve_survivor")
    served(life)
    life.wait(1).act("finance", "benefit", "pay_survivor")
    life.wait(31).act("finance", "benefit", "pay_pension", month=month(life))
    assert [p[:3] for p in payments(life)][-2:] == [
        ("survivor_funeral", "", Decimal("42000.00")), ("survivor_pension", month(life), Decimal("2480.00"))]  # fmt: skip
    life.act("finance", "benefit", "bank_return", reason="账号不符", returned_month=month(life))
    life.act("agency", "benefit", "confirm_account", **BANK)
    life.act("finance", "benefit", "repay")
    assert payments(life)[-1][3:] == ("paid", 2)
    assert "还要按月发" in life.refused("head", "benefit", "finish_survivor", reason="x")[0]


# --- orders --------------------------------------------------------------------------------------------------------------


def test_an_annulled_sheet_is_made_anew_and_not_the_same(town: Town) -> None:
    life = paying(town)
    system(
        life, "redo_by_order", decision_label="工伤保险待遇核定表", ruling="某复议〔2026〕9号", redo_by_on="2026-07-31"
    )
    assert set(standing(life)) == {"carry_out", "carry_out_by"}
    life.wait(30).act("finance", "benefit", "pay_current", month=month(life))
    assert "还有没有执行" in life.refused("head", "benefit", "resume_payable")[0]
    life.act("agency", "benefit", "redo", reason="按复议决定重新核定")
    (reason,) = life.refused("agency", "benefit", "determine", own_wage=WAGE)
    assert reason.startswith("原决定已被某复议〔2026〕9号撤销，这次的结果和原决定一样")
    again(life, own_wage="6500.00")
    life.act("finance", "benefit", "pay_difference")
    life.wait(1).act("agency", "benefit", "redetermine", redo_cause="own", reason="再次核对")
    life.act("agency", "benefit", "determine", own_wage="6500.00")


def test_a_stop_that_was_annulled_never_counted(town: Town) -> None:
    life = paying(town)
    life.act("head", "benefit", "stop", stop_cause="treatment", ground="拒绝治疗")
    served(life)
    system(life.wait(40), "set_aside", decision_label="停发工伤保险待遇告知书", ruling="某判决")
    assert "没有要执行的" in life.refused("agency", "benefit", "redo", reason="x")[0]
    life.act("head", "benefit", "lift_stop", ground="按判决取消停发")
    life.act("head", "benefit", "resume_payable")
    life.act("finance", "benefit", "pay_month", month="2026-05")


def test_an_order_on_the_sheet_wakes_a_closed_matter(town: Town) -> None:
    life = appraised(town, "7", "none").claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    life.wait(1).act("finance", "benefit", "finish")
    assert life.row("benefit").closed_on == life.day
    system(life.wait(9), "vary_by_order", decision_label="工伤保险待遇核定表", ruling="某复议〔2026〕3号")
    assert (life.row("benefit").closed_on, set(standing(life))) == (None, {"carry_out"})
    life.act("agency", "benefit", "redo", reason="执行变更")
    assert "应当照变更后的金额核定" in life.refused("agency", "benefit", "determine", own_wage=WAGE)[0]
    again(life, set_lump_sum="90000.00", set_by="某复议〔2026〕3号")
    life.act("finance", "benefit", "pay_difference")
    life.act("finance", "benefit", "finish")
    assert sum(p[2] for p in payments(life)) == Decimal("90000.00")
    system(life, "become_final")
    assert life.state("benefit") == "paid"


# --- B4, B5, B6 ----------------------------------------------------------------------------------------------------------


def advanced(town: Town) -> Life:
    life = liable(town)
    life.wait(1).act(
        "desk", "benefit", "apply_advance", behalf="worker", gateway="refused", gateway_proof="单位拒付的书面答复"
    )
    assert {c.code for c in life.clocks("dun_employer", state="running")} == {"ADV-DUN"}
    life.wait(1).act("agency", "advance_payment", "dun")
    served(life, "advance_payment", "employer")
    assert {c.code for c in life.clocks("employer_pays", state="running")} == {"ADV-EMP-PAY"}
    assert (
        "五个工作日内"
        in life.refused(
            "agency", "advance_payment", "propose_advance", advance_items="x", advance_sum="100000", **BANK
        )[0]
    )
    work(life.wait(9))
    life.act(
        "agency",
        "advance_payment",
        "propose_advance",
        advance_items="一次性伤残补助金",
        advance_sum="142600.00",
        **BANK,
    )
    life.act("head", "advance_payment", "grant_advance")
    served(life, "advance_payment")
    life.wait(1).act("finance", "advance_payment", "pay_out")
    assert payments(life) == [("advance_payment_1", "", Decimal("142600.00"), "paid", 1)]
    return life


def test_the_fund_pays_first_and_gets_it_back(town: Town) -> None:
    life = advanced(town)
    assert (
        "正在办理"
        in life.refused("desk", "benefit", "apply_advance", behalf="worker", gateway="refused", gateway_proof="x")[0]
    )
    life.act("head", "advance_payment", "order_repay", owed_sum="142600.00", ground="先行支付后追偿")
    served(life, "advance_payment", "employer")
    assert {c.code for c in life.clocks("repay_fund", state="running")} == {"ADV-REPAY"}
    assert "还没有过" in life.refused("agency", "advance_payment", "enforce", enforce_means="accounts", ground="x")[0]
    work(life.wait(15))
    life.act("agency", "advance_payment", "enforce", enforce_means="accounts", ground="逾期未偿还")
    life.act("agency", "advance_payment", "record_part", employer_sum="42600.00")
    assert "还应偿还 100000.00" in life.refused("agency", "advance_payment", "enforced", employer_sum="99999.99")[0]
    life.act("agency", "advance_payment", "enforced", employer_sum="100000.00")
    assert (life.state("advance_payment"), standing(life, "advance_payment")) == ("enforced", {})
    life.act("desk", "benefit", "apply_advance", behalf="worker", gateway="refused", gateway_proof="又不付")
    assert life.row("advance_payment").number == 2


def test_a_refused_advance_is_examined_anew_by_order(town: Town) -> None:
    life = liable(town)
    life.act("desk", "benefit", "apply_advance", behalf="worker", gateway="believed", gateway_proof="单位停产")
    life.act("head", "advance_payment", "refuse_advance", ground="不属于先行支付的情形")
    served(life, "advance_payment")
    assert (life.state("advance_payment"), children(life, "advance_payment")) == (
        "refused",
        [("worker", "advance_refusal")],
    )
    system(life.wait(30), "redo_by_order", "advance_payment", decision_label="不予先行支付决定书", ruling="某复议")
    life.act("agency", "advance_payment", "readmit", reason="按复议决定重新审查")
    assert life.due("dun_employer") > life.day
    assert "不能作出相同的决定" in life.refused("head", "advance_payment", "refuse_advance", ground="同前")[0]


# --- B8 ------------------------------------------------------------------------------------------------------------------


def test_costs_are_reimbursed_in_twenty_working_days(town: Town) -> None:
    life = town.life().recognised().served()
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    (limit,) = life.clocks("reimburse", state="running")
    assert (limit.code, limit.span) == ("BN-REIMB", "20 个工作日")
    assert (
        "还缺材料"
        in life.refused(
            "agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100", payable_sum="100", **BANK
        )[0]
    )
    life.act("agency", "reimbursement", "ask_supplement", lacking="收费票据等（社会保险经办条例第二十二条）")
    life.wait(4).act("desk", "reimbursement", "complete", behalf="worker", papers=COSTS)
    life.act(
        "agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100.00", payable_sum="80.00", **BANK
    )
    assert "少于申请的金额" in life.refused("head", "reimbursement", "approve_reimb")[0]
    life.act("head", "reimbursement", "approve_part", ground="自费药不在目录内")
    served(life, "reimbursement")
    life.act("finance", "reimbursement", "pay_out")
    assert (life.state("reimbursement"), payments(life)) == (
        "paid",
        [("reimbursement_1", "", Decimal("80.00"), "paid", 1)],
    )
    assert [c.state for c in life.clocks("reimburse")] == ["met"] and children(life, "reimbursement") == [
        ("worker", "reimb_decision")
    ]
    system(life.wait(40), "set_aside", "reimbursement", decision_label="工伤费用报销审核决定书", ruling="某判决")
    life.act("agency", "reimbursement", "reassess", reason="按判决重新审核")
    life.act(
        "agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100.00", payable_sum="80.00", **BANK
    )
    assert "不能作出相同的决定" in life.refused("head", "reimbursement", "approve_part", ground="同前")[0]
    life.act("head", "reimbursement", "send_back_reimb", reason="照判决报销")
    life.act(
        "agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100.00", payable_sum="100.00", **BANK
    )
    life.act("head", "reimbursement", "approve_reimb")
    served(life, "reimbursement")
    life.act("finance", "reimbursement", "pay_out")
    assert payments(life)[-1] == ("reimbursement_1", "", Decimal("20.00"), "paid", 2)


def test_several_reimbursements_run_beside_each_other_and_beside_everything(town: Town) -> None:
    life = paying(town)
    for _ in range(2):
        life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    assert life.row("reimbursement").number == 2
    life.act("head", "benefit", "stop", stop_cause="appraisal", ground="拒不接受鉴定")
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
