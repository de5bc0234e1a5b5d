"""Every kind of document, ordered by the acts of one life and printed from the facts frozen then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from documents.issue import issue
from tests.builders import APPRAISAL_PAPERS, BANK, COSTS, SURVIVORS, Life, Mailbox, Town, settle
from workflow import clock, worker
from workflow.models import Instrument
from workflow.store import Store


def test_every_document_of_a_life_can_be_printed(make_store: Callable[..., Store]) -> None:
    town = settle(make_store())
    life = town.life().filed(papers=["application"])
    life.act("desk", "recognition", "correct")
    life.act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="worker")
    life.act("desk", "recognition", "withdraw", applicant="worker", ground="另行准备")
    life.act("desk", "recognition", "file", applicant="worker")
    life.act("approver", "recognition", "accept")
    life.act(
        "approver",
        "recognition",
        "suspend",
        ground="劳动关系在仲裁，工伤保险条例第二十条",
        suspension_kind="judicial",
        awaited="裁决书",
    )
    life.wait(3).act("approver", "recognition", "resume", document_received="裁决书1号", ground="裁决已生效")
    life.proposed()
    life.act("approver", "recognition", "recognise")
    life.served().appraisal_filed().scheduled()
    life.wait(4).act("appraisal", "appraisal", "terminate", termination_ground="no_show", ground="没有按时参加检查")
    life.appraised().claimed().payable()
    ordered = [kind for kind, _ in life.documents()]
    assert ordered == ["correction_list", "withdrawal_note", "acceptance", "suspension", "resumption", "recognition", "exam_notice",
                       "termination", "exam_notice", "conclusion", "benefit_sheet"]  # fmt: skip
    life.wait(1)
    with clock.frozen(life.day):
        done = worker.once(town.store, Mailbox(), lambda payload: issue(town.store, town.system, payload))
    assert done["failed"] == 0
    orders = life.outbox("print")
    assert {o.state for o in orders} == {"done"}
    assert len(orders) == 11 + 9 * 2 + 2, (
        "each with a delivery return for every addressee, two of them for the worker alone"
    )
    life.check()


# --- every kind -------------------------------------------------------------------------------------------------------


def handed(life: Life, matter: str, *addressees: str) -> Life:
    for who in addressees:
        life.act("agency", matter, "deliver", addressee=who, way="direct", received_on=life.day.isoformat())
    return life


def recognitions(town: Town) -> list[Life]:
    """Extended, asked for evidence, corrected, revoked; refused; declined; transferred; served in public."""
    a = town.life()
    a.act("approver", "recognition", "extend_filing", extension_days="5", ground="停产")
    a.act("approver", "recognition", "refuse_extension", ground="再次申请延长没有特殊情况")
    a.accepted().act("officer", "recognition", "to_ordinary", reason="单位不认为是工伤")
    by = (a.day + timedelta(days=10)).isoformat()
    a.act("officer", "recognition", "ask_evidence", evidence_by_on=by, ground="单位否认接尘")
    a.act("firm", "recognition", "receive_evidence", evidence_given="考勤表")
    a.proposed().act("approver", "recognition", "recognise")
    a.served().act(
        "approver",
        "recognition",
        "correct_slip",
        slip_kind="typo",
        slip_text="“二〇〇五”更正为“二〇〇六”",
        ground="笔误",
    )
    a.served().act("approver", "recognition", "revoke", revocation_kind="concealed", heard_worker="到场陈述",
                   heard_employer="书面陈述", ground="隐瞒事实")  # fmt: skip
    b = town.life().accepted().proposed("refuse")
    b.act("approver", "recognition", "refuse", ground="不在目录")
    b.act("desk", "recognition", "delivery_failed", addressee="employer", failed_on=b.day.isoformat(), failure="退件")
    b.act(
        "desk", "recognition", "announce", addressee="employer", announced_on=b.day.isoformat(), steps_tried="邮寄退回"
    )
    c, d = town.life().filed(), town.life().filed()
    c.act("approver", "recognition", "decline", decline_kind="no_standing", ground="申请人没有资格")
    d.act(
        "approver", "recognition", "transfer", competent_bureau="临河区人力资源和社会保障局", ground="单位登记在临河区"
    )
    return [a, b, c, d]


def appraisals(town: Town) -> list[Life]:
    """Abandoned; corrected and re-checked; appraised again by the region; revoked."""
    a = town.life().recognised().served().appraisal_filed(["appraisal_form"])
    by = (a.day + timedelta(days=10)).isoformat()
    a.act("appraisal", "appraisal", "ask_supplement", supplement_by_on=by)
    a.wait(15).act("appraisal", "appraisal", "abandon", ground="期满没有补充")
    told: dict[str, Any] = {"care": "none", "condition": "双肺弥漫性小阴影", "basis": "致残等级标准条目"}
    b = town.life().recognised().served().appraised("5", "none").windows_over()
    b.act(
        "committee", "appraisal", "correct_conclusion", grave_error="standard", grade="4", ground="适用条目错误", **told
    )
    b.served("appraisal", "appraisal").windows_over().on(max(b.day, b.due("recheck_from")))
    b.act(
        "desk",
        "appraisal",
        "apply_recheck",
        behalf="worker",
        papers=APPRAISAL_PAPERS,
        recheck_applicant="worker",
        change="肺功能下降",
    )
    b.scheduled().wait(3).act(
        "committee", "appraisal", "conclude_recheck", grade="3", votes_for="3", signed="yes", **told
    )
    c = town.life().recognised().served().appraised("5", "none")
    c.act("desk", "appraisal", "apply_again", applicant="worker")
    c.wait(20).act("appraisal", "appraisal", "conclude_second", grade="4", **told)
    d = town.life().recognised().served().appraised("5", "none")
    d.act(
        "committee",
        "appraisal",
        "revoke_conclusion",
        fraud="冒名顶替检查",
        heard_worker="到场陈述",
        ground="劳动能力鉴定管理办法第三十一条",
    )
    return [a, b, c, d]


def benefits(town: Town) -> list[Life]:
    """Asked for papers, stopped, recovered, the family's; without a grade; refused after a revocation; reimbursed."""
    a = town.life().recognised().served().appraised("3", "part").claimed()
    a.act("agency", "benefit", "ask_supplement", lacking="身份证件")
    a.act("desk", "benefit", "complete", behalf="worker", papers=["claim_identity"])
    a.payable().act("finance", "benefit", "pay_once")
    a.act("head", "benefit", "stop", stop_cause="appraisal", ground="两次通知不参加复查鉴定")
    handed(a, "benefit", "worker").act(
        "head", "benefit", "recover", recovery_cause="overpaid", recovery_sum="100", ground="重复计算"
    )
    a.act("agency", "benefit", "record_death", died_on=a.day.isoformat())
    a.act("desk", "benefit", "claim_survivor", **SURVIVORS)
    a.act(
        "agency",
        "benefit",
        "propose_survivor",
        died_in_leave="no",
        funeral_grant="42000",
        pension_month="2480",
        ground="配偶",
    )
    a.act("head", "benefit", "approve_survivor")
    handed(a, "benefit", "worker").act("finance", "benefit", "pay_survivor")
    a.act("agency", "benefit", "review_survivor", reason="供养条件变化")
    a.act("head", "benefit", "refuse_survivor", ground="不符合供养条件")
    b = town.life().recognised().served().appraised("none", "none").claimed()
    b.act("agency", "benefit", "close_no_grade")
    c = town.life().recognised().served().appraised().claimed()
    c.act(
        "approver",
        "recognition",
        "revoke",
        revocation_kind="false_papers",
        heard_worker="陈述",
        heard_employer="陈述",
        ground="伪造",
    )
    c.act("head", "benefit", "refuse_claim", ground="认定已撤销")
    d = town.life().recognised().served()
    for payable, act in (("80", "approve_part"), ("0", "refuse_reimb")):
        d.act("desk", "benefit", "apply_reimbursement", behalf="worker")
        d.act("agency", "reimbursement", "ask_supplement", lacking="收费票据等")
        d.act("desk", "reimbursement", "complete", behalf="worker", papers=COSTS)
        d.act("agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100", payable_sum=payable, **BANK)
        d.act("head", "reimbursement", act, ground="不在目录内")
    return [a, b, c, d]


def advances(town: Town) -> list[Life]:
    """Refused once, then paid and ordered back."""
    a = town.life(insured="no").recognised().served().appraised().claimed()
    a.act("agency", "benefit", "refer_employer", ground="未参保")
    handed(a, "benefit", "worker", "employer")
    asked: dict[str, Any] = {"behalf": "worker", "gateway": "refused", "gateway_proof": "拒付答复"}
    a.act("desk", "benefit", "apply_advance", **asked)
    a.act("head", "advance_payment", "refuse_advance", ground="单位正在支付")
    handed(a, "advance_payment", "worker").act("desk", "benefit", "apply_advance", **asked)
    a.act("agency", "advance_payment", "dun")
    handed(a, "advance_payment", "employer").wait(12)
    a.act("agency", "advance_payment", "propose_advance", advance_items="一次性伤残补助金", advance_sum="1000", **BANK)
    a.act("head", "advance_payment", "grant_advance")
    handed(a, "advance_payment", "worker").act("finance", "advance_payment", "pay_out")
    a.act("head", "advance_payment", "order_repay", owed_sum="1000", ground="先行支付后追偿")
    return [a]


def test_every_kind_of_document_is_ordered_by_some_act_and_can_be_printed(make_store: Callable[..., Store]) -> None:
    town = settle(make_store())
    lives = [*recognitions(town), *appraisals(town), *benefits(town), *advances(town)]
    ordered = {kind for life in lives for kind, _ in life.documents()}
    own = {"correction_list", "suspension", "resumption", "withdrawal_note", "termination"}  # printed of the life above
    assert ordered | own == set(lives[0].definition().instruments)
    with town.store.reading() as session:
        one_of_each = {i.kind: i.id for i in session.scalars(select(Instrument))}
    with clock.frozen(max(life.day for life in lives)):
        for instrument in one_of_each.values():
            assert issue(town.store, town.system, {"instrument": instrument, "part": ""})
    for life in lives:
        life.check()
