"""The further ways of a recognition and an appraisal (procedure R2-R31, L3-L18), through the real engine on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import APPRAISAL_PAPERS, PAPERS, Life, Town
from workflow import cases

CONCLUDED = {"serve_result": "running", "recheck_from": "running", "allowance_starts": "running"}
"""What runs once a conclusion is made: its delivery, the year to a re-check, the month from which allowances are due."""


def standing(life: Life, matter: str = "recognition") -> dict[str, str]:
    return life.standing(matter)


def work(life: Life, day: date | None = None) -> Life:
    return life.work(day)


def suspended(life: Life, kind: str = "relationship", **more: Any) -> Life:
    life.accepted()
    life.wait(2).act("approver", "recognition", "suspend", suspension_kind=kind, awaited="仲裁裁决书", ground="劳动关系有争议",
                     told_arbitration="yes", **more)  # fmt: skip
    return life


def system(life: Life, action: str, **facts: Any) -> cases.Outcome:
    return life.as_system("recognition", action, **facts)


# --- recognition ------------------------------------------------------------------------------------------------------


def test_a_retired_worker_files_within_his_own_year(town: Town) -> None:
    life = town.life().wait(1)
    (reason,) = life.refused("desk", "recognition", "mark_former", former="retired", later_exposure="yes")
    assert "不能按离岗、退休职工办" in reason
    life.act("desk", "recognition", "mark_former", former="retired", later_exposure="no")
    assert standing(life) == {"employer_files": "running", "former_files": "running", "unfiled_check": "running"}
    (mine,) = life.clocks("former_files")
    before = mine.unrolled_on
    life.act("approver", "recognition", "exclude_time", excluded_from="2026-02-20", excluded_to="2026-02-27",
             exclusion_kind="liberty", ground="住院隔离七日")  # fmt: skip
    (mine,) = life.clocks("former_files")
    assert before and (mine.code, mine.unrolled_on) == ("GS-APP-FORMER", before + timedelta(days=7))
    life.act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    life.act("desk", "recognition", "withdraw", applicant="worker", ground="另行准备")
    life.act("desk", "recognition", "mark_former", former="retired", later_exposure="no")
    (mine,) = life.clocks("former_files", state="running")
    assert mine.unrolled_on == before + timedelta(days=7), "the same year is taken up again with what was left out"


def test_unanswered_supplements_never_close_and_are_reminded_of_for_ever(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    life.act("desk", "recognition", "correct")
    assert "还没有提醒满 2 次" in life.wait(20).refused("desk", "recognition", "rest", reason="没有来")[0]
    life.wait(10).act("desk", "recognition", "rest", reason="两次提醒都没有来")
    assert (life.state("recognition"), standing(life)) == ("dormant", {"corrections": "running"})
    work(life, life.day + timedelta(days=200))
    assert (
        life.state("recognition") == "dormant" and life.due("corrections") > life.day and life.case().closed_on is None
    )
    life.act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="worker")
    assert (life.state("recognition"), life.clocks("examine", state="running")[0].code) == ("filed", "GS-SUPP")


def test_transferred_to_the_competent_bureau_and_sent_back(town: Town) -> None:
    life = town.life().filed()
    life.act(
        "approver", "recognition", "transfer", competent_bureau="临河区人力资源和社会保障局", ground="单位登记在临河区"
    )
    assert (life.state("recognition"), standing(life)) == ("transferred", {})
    life.wait(3).act("desk", "recognition", "sent_back", reason="对方认为仍由本局管")
    assert (life.state("recognition"), standing(life)) == ("redo_examine", {"redo_check": "running"})
    life.act("approver", "recognition", "accept")


def test_the_employer_is_asked_for_evidence_only_off_the_fast_track(town: Town) -> None:
    life = town.life().accepted()
    by = (life.day + timedelta(days=15)).isoformat()
    (reason,) = life.refused("officer", "recognition", "ask_evidence", evidence_by_on=by, ground="单位否认")
    assert "先办“转普通程序”" in reason
    life.act("officer", "recognition", "to_ordinary", reason="单位不认为是工伤")
    life.act("officer", "recognition", "ask_evidence", evidence_by_on=by, ground="单位否认接尘")
    assert standing(life) == {"decide": "running", "evidence": "running", "evidence_check": "running"}
    assert "还没有过" in life.refused("officer", "recognition", "evidence_over")[0]
    life.wait(16).act("officer", "recognition", "evidence_over")
    life.act(
        "officer",
        "recognition",
        "ask_evidence",
        evidence_by_on=(life.day + timedelta(days=5)).isoformat(),
        ground="补充举证",
    )
    life.act("firm", "recognition", "receive_evidence", evidence_given="考勤表")
    assert standing(life) == {"decide": "running"}


def test_two_people_investigate_and_never_the_certificate(town: Town) -> None:
    life = town.life().accepted()
    given: dict[str, Any] = {"investigator_one": "甲 001", "investigator_two": "乙 002", "credentials_shown": "yes"}
    assert (
        "不再调查核实"
        in life.refused("officer", "recognition", "investigate", investigated_about="certificate", **given)[0]
    )
    life.act("officer", "recognition", "investigate", investigated_about="relationship", **given)
    assert standing(life) == {"decide_fast": "running", "decide": "running", "investigation_check": "running"}
    life.wait(4).act("officer", "recognition", "end_investigation", investigation_result="工友证明在该单位接尘")
    assert standing(life) == {"decide_fast": "running", "decide": "running"}


def test_an_award_that_denies_the_relationship_ends_in_a_refusal_with_its_remedy(town: Town) -> None:
    life = suspended(town.life())
    life.proposed("refuse")
    given: dict[str, Any] = {"document_received": "裁决书9号", "ground": "裁决否定劳动关系"}
    (reason,) = life.refused("approver", "recognition", "refuse_after_ruling", relationship_denied="no", **given)
    assert "没有否定劳动关系" in reason
    life.act("approver", "recognition", "refuse_after_ruling", relationship_denied="yes", **given)
    assert (life.state("recognition"), standing(life)) == ("decided", {"serve": "running"})
    assert life.documents()[-1][0] == "non_recognition"
    life.served()
    with town.store.reading() as session:
        loaded = cases.load.load(session=session, store=town.store, case_no=life.case_no)
        assert [m.addressee for m in loaded.matters if m.name == "remedy"] == ["worker", "employer"]


def test_a_missed_limit_may_be_complained_of_and_an_order_to_act_has_its_day(town: Town) -> None:
    life = town.life().accepted()
    asked: dict[str, Any] = {"addressee": "worker", "decision_kind": "inaction"}
    assert "还没有过" in life.refused("desk", "recognition", "complain_inaction", behalf="worker", **asked)[0]
    work(life, life.due("decide") + timedelta(days=1))
    assert life.state("recognition") == "under_review", "nothing is decided by itself"
    life.act("desk", "recognition", "complain_inaction", behalf="worker", **asked)
    assert life.row("remedy").facts["decision_kind"] == "inaction"
    assert "不能重复登记" in life.refused("desk", "recognition", "complain_inaction", behalf="worker", **asked)[0]
    system(life, "act_by_order", redo_by_on=(life.day + timedelta(days=20)).isoformat())
    assert standing(life)["ordered_by"] == "running"
    life.proposed().act("approver", "recognition", "recognise")
    assert standing(life) == {"serve": "running"}


def annulled(life: Life, action: str, **facts: Any) -> Life:
    life.accepted().proposed("refuse")
    life.act("approver", "recognition", "refuse", ground="不在目录")
    life.served().wait(30)
    system(life, action, **facts)
    return life


@pytest.mark.parametrize("action", ["redo_by_order", "set_aside"])
def test_an_annulled_decision_is_not_made_again(town: Town, action: str) -> None:
    life = annulled(town.life(), action)
    assert (life.state("recognition"), standing(life)) == ("redo", {"redo_check": "running"})
    (reason, *_) = life.refused("approver", "recognition", "recognise")
    assert "还没有重新提出拟办意见" in reason
    life.proposed("refuse")
    (reason,) = life.refused("approver", "recognition", "refuse", ground="不在目录")
    assert "不能作出相同的决定" in reason and "行政复议法#64.2" in reason
    life.proposed().act("approver", "recognition", "recognise")
    assert life.state("recognition") == "decided" and life.state("appraisal") == "to_apply"


def test_the_same_kind_of_decision_made_again_is_served_again(town: Town) -> None:
    life = town.life().recognised().served().wait(20)
    system(life, "redo_by_order", procedural="yes")
    life.proposed().act("approver", "recognition", "recognise")
    assert [n for n in life.done if n == "recognition.recognise"] == ["recognition.recognise"] * 2
    life.served()
    assert life.state("recognition") == "delivered" and [k for k, _ in life.documents()].count("recognition") == 2


def test_the_ruling_fixes_the_day_and_a_procedural_one_allows_the_same_result(town: Town) -> None:
    by = date(2026, 7, 1)
    life = annulled(town.life(), "redo_by_order", redo_by_on=by.isoformat(), procedural="yes")
    assert life.due("ordered_by") == by
    life.proposed("refuse").act("approver", "recognition", "refuse", ground="程序已补正，理由同前")
    assert standing(life) == {"serve": "running"}


def test_a_refusal_to_accept_that_was_annulled_is_examined_again(town: Town) -> None:
    life = town.life().filed()
    life.act("approver", "recognition", "decline", decline_kind="no_standing", ground="没有资格")
    life.served().wait(20)
    system(life, "redo_by_order")
    assert (life.state("recognition"), standing(life)) == ("redo_examine", {"redo_check": "running"})
    assert (
        "不能作出相同的决定"
        in life.refused("approver", "recognition", "decline", decline_kind="no_standing", ground="没有资格")[0]
    )
    life.act("approver", "recognition", "accept")
    assert standing(life) == {"decide_fast": "running", "decide": "running"}


def test_a_varied_decision_is_carried_out_by_a_person(town: Town) -> None:
    life = annulled(town.life(), "vary_by_order", varied_to="recognised", ruling="巴政复〔2026〕3号")
    assert (life.state("recognition"), standing(life)) == ("varied", {"after_ruling": "running"})
    (reason,) = life.refused("approver", "recognition", "carry_out_no", ruling="巴政复〔2026〕3号", ground="按复议决定")
    assert "登记的变更内容不是不予认定" in reason
    life.act("approver", "recognition", "carry_out_yes", ruling="巴政复〔2026〕3号", ground="按复议决定")
    assert (life.state("recognition"), life.state("appraisal")) == ("delivered", "to_apply")


def test_a_slip_is_corrected_and_served_and_a_change_of_content_is_not_a_slip(town: Town) -> None:
    life = town.life().recognised().served()
    given: dict[str, Any] = {"slip_text": "“二〇〇五”更正为“二〇〇六”", "ground": "笔误"}
    assert "不能更正" in life.refused("approver", "recognition", "correct_slip", slip_kind="content", **given)[0]
    life.act("approver", "recognition", "correct_slip", slip_kind="particulars", **given)
    assert standing(life) == {"serve_correction": "running"}
    life.served()
    assert life.state("recognition") == "delivered"


def test_a_recognition_won_by_deceit_is_revoked_after_hearing_both_and_may_be_decided_anew(town: Town) -> None:
    life = town.life().recognised().served().wait(1)
    told = life.refused(
        "approver",
        "recognition",
        "revoke",
        revocation_kind="false_papers",
        heard_worker="电话陈述",
        ground="证明书系伪造",
    )
    assert told == ["请填写“用人单位陈述意见的情况”。（依据：工伤行政案件规定#9）"]
    life.act("approver", "recognition", "revoke", revocation_kind="false_papers", heard_worker="电话陈述", heard_employer="书面陈述",
             ground="证明书系伪造")  # fmt: skip
    assert len(life.tasks("act")) == 1 and standing(life) == {"serve_revocation": "running"}
    (reason,) = life.refused("desk", "appraisal", "file", papers=APPRAISAL_PAPERS, applicant="worker", stable="yes")
    assert "没有现在有效的认定工伤决定" in reason
    life.served()
    assert life.state("recognition") == "revocation_served"
    life.act("approver", "recognition", "decide_anew", ground="另有有效证明书")
    life.proposed().act("approver", "recognition", "recognise")


def test_a_decision_served_by_public_notice_is_served_when_the_notice_is_over(town: Town) -> None:
    life = town.life().recognised()
    life.wait(1).act(
        "desk", "recognition", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat()
    )
    life.act(
        "desk",
        "recognition",
        "delivery_failed",
        addressee="employer",
        failed_on=life.day.isoformat(),
        failure="人去楼空",
    )
    life.wait(1).act(
        "desk",
        "recognition",
        "announce",
        addressee="employer",
        announced_on=life.day.isoformat(),
        steps_tried="邮寄两次退回",
    )
    over = life.due("public_notice", "employer")
    work(life, over)
    assert life.state("recognition") == "decided"
    work(life, over + timedelta(days=1))
    assert (life.state("recognition"), standing(life)) == ("delivered", {})


# --- appraisal --------------------------------------------------------------------------------------------------------


def at_exam(town: Town) -> Life:
    return town.life().recognised().served().appraisal_filed().scheduled()


def test_examined_with_outside_tests_that_stop_nothing(town: Town) -> None:
    life = at_exam(town)
    due = life.due("conclude")
    assert "只用于病情危重" in life.refused("appraisal", "appraisal", "change_way", exam_way="home", critically_ill="no", place="家中",
                                       ground="行动不便")[0]  # fmt: skip
    life.act(
        "appraisal", "appraisal", "change_way", exam_way="home", critically_ill="yes", place="家中", ground="卧床吸氧"
    )
    assert (
        "还没有进行"
        in life.refused("appraisal", "appraisal", "record_exam", identity_checked="yes", exam_findings="双肺")[0]
    )
    life.wait(3).act("appraisal", "appraisal", "record_exam", identity_checked="yes", exam_findings="双肺弥漫")
    life.act("appraisal", "appraisal", "send_for_tests", test_place="演示医院", reason="肺功能")
    assert (
        standing(life, "appraisal") == {"conclude": "running", "tests_back": "running"} and life.due("conclude") == due
    )
    life.wait(5).act("appraisal", "appraisal", "tests_received", test_result="中度受限")
    life.concluded()
    assert standing(life, "appraisal") == CONCLUDED


def test_paid_leave_ends_with_the_grade_and_never_lasts_more_than_two_years(town: Town) -> None:
    life = town.life().recognised().served()
    life.act("appraisal", "appraisal", "record_leave", leave_began_on="2026-02-16", backdate_reason="补记住院")
    assert life.due("paid_leave") == date(2027, 2, 16)
    life.act("committee", "appraisal", "extend_leave", extension_days="3000", ground="伤情严重")
    assert life.due("paid_leave") == date(2028, 2, 16)
    life.appraisal_filed().scheduled()
    assert standing(life, "appraisal") == {"conclude": "running", "paid_leave": "running"}
    life.concluded()
    assert {c.state for c in life.clocks("paid_leave")} == {"stopped"}


def test_a_conclusion_nobody_objects_to_is_final_when_the_last_window_closes(town: Town) -> None:
    life = at_exam(town).concluded("none", "none").served("appraisal", "appraisal")
    windows = {c.addressee: c.due_on for c in life.clocks("ask_again")}
    first, last = sorted(d for d in windows.values() if d)[0], max(d for d in windows.values() if d)
    if first < last:
        work(life, first + timedelta(days=1))
        assert life.state("appraisal") == "delivered"
    work(life, last + timedelta(days=1))
    assert life.state("appraisal") == "final" and life.row("appraisal").facts["final_on"] == last.isoformat()
    assert standing(life, "appraisal")["recheck_from"] == "running"


@pytest.mark.parametrize("all_served", [True, False])
def test_the_region_appraises_again_and_its_conclusion_is_final(town: Town, all_served: bool) -> None:
    life = at_exam(town).concluded()
    if all_served:
        life.served("appraisal", "appraisal")
    else:
        assert "还没有登记职工方收到" in life.refused("desk", "appraisal", "apply_again", applicant="worker")[0]
        life.wait(1).act(
            "appraisal", "appraisal", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat()
        )
    life.wait(3).act("desk", "appraisal", "apply_again", applicant="worker")
    (region,) = life.clocks("second_conclude")
    assert (region.owner, region.unrolled_on) == ("regional_committee", life.day + timedelta(days=60))
    assert region.unrolled_on is not None
    life.wait(1).act("appraisal", "appraisal", "extend_second", ground="涉及多个专业")
    was, new = life.day.isoformat(), (life.day + timedelta(days=4)).isoformat()
    life.act("appraisal", "appraisal", "move_second", second_exam_was=was, second_exam_on=new, reason="职工住院")
    assert life.clocks("second_conclude")[0].unrolled_on == region.unrolled_on + timedelta(days=34)
    work(life, life.day + timedelta(days=40))
    assert life.state("appraisal") == "with_region", "the closed window of the other side makes nothing final meanwhile"
    life.act("appraisal", "appraisal", "conclude_second", grade="2", care="most", condition="双肺", basis="标准")
    assert {c.span for c in life.clocks("serve_second")} == {"15 日"}
    life.served("appraisal", "appraisal")
    assert (life.state("appraisal"), life.row("appraisal").facts["grade"]) == ("final", "2")
    assert life.clocks("recheck_from", state="running")[0].start_on == date.fromisoformat(
        life.row("appraisal").facts["second_concluded_on"]
    )
    told: dict[str, Any] = {
        "grade": "1",
        "care": "most",
        "condition": "双肺",
        "basis": "标准",
        "ground": "适用条目错误",
    }
    assert (
        "本市不能更正"
        in life.refused("committee", "appraisal", "correct_conclusion", grave_error="standard", **told)[0]
    )
    life.wait(9).act("appraisal", "appraisal", "region_corrects", **told)
    life.served("appraisal", "appraisal")
    assert (life.state("appraisal"), life.row("appraisal").facts["grade"]) == ("final", "1")
    corrected = date.fromisoformat(life.row("appraisal").facts["second_concluded_on"])
    assert [c.start_on for c in life.clocks("recheck_from", state="running")] == [corrected]


def test_who_asked_in_time_is_in_time_however_late_the_region_has_it(town: Town) -> None:
    life = at_exam(town).concluded().served("appraisal", "appraisal")
    due = max(c.due_on for c in life.clocks("ask_again") if c.due_on)
    work(life, due)
    life.on(due + timedelta(days=1))
    late: dict[str, Any] = {"applicant": "employer", "again_filed_on": life.day.isoformat()}
    assert "提出再次鉴定申请之日" in life.refused("desk", "appraisal", "apply_again", **late)[0]
    life.act("desk", "appraisal", "apply_again", again_asked_on=due.isoformat(), **late)
    (region,) = life.clocks("second_conclude")
    assert region.start_on == life.day, "the region's own 60 days run from its receipt"


def final(town: Town) -> Life:
    life = at_exam(town).concluded().served("appraisal", "appraisal")
    return work(life, max(c.due_on for c in life.clocks("ask_again") if c.due_on) + timedelta(days=1))


def test_a_recheck_after_a_year_has_its_own_windows(town: Town) -> None:
    life = final(town)
    asked: dict[str, Any] = {
        "papers": APPRAISAL_PAPERS,
        "recheck_applicant": "worker",
        "change": "肺功能下降，见新病历",
    }
    assert "还不满一年" in life.refused("desk", "appraisal", "apply_recheck", behalf="worker", **asked)[0]
    life.on(life.due("recheck_from"))
    life.act("desk", "appraisal", "apply_recheck", behalf="worker", **asked)
    kept = {"allowance_starts": "running"}  # what the first conclusion gave goes on meanwhile
    assert standing(life, "appraisal") == {"check_papers": "running", "conclude": "running"} | kept
    assert (
        "请办名称里写着“复查”的那一件"
        in life.refused("desk", "appraisal", "withdraw", applicant="worker", ground="x")[0]
    )
    life.scheduled().wait(3)
    life.act(
        "committee",
        "appraisal",
        "conclude_recheck",
        grade="2",
        care="part",
        condition="双肺",
        basis="标准",
        votes_for="3",
        signed="yes",
    )
    assert standing(life, "appraisal") == CONCLUDED
    life.served("appraisal", "appraisal")
    assert {c.code for c in life.clocks("ask_again_recheck")} == {"LA-RCK-RE"}
    work(life, max(c.due_on for c in life.clocks("ask_again_recheck") if c.due_on) + timedelta(days=1))
    assert life.state("appraisal") == "final"


def test_a_recheck_taken_back_leaves_the_conclusion_as_it_was(town: Town) -> None:
    life = final(town)
    life.on(life.due("recheck_from"))
    life.act(
        "agency", "appraisal", "apply_recheck", papers=APPRAISAL_PAPERS, recheck_applicant="agency", change="复工多年"
    )
    told = life.refused(
        "desk", "appraisal", "withdraw_recheck", behalf="worker", recheck_applicant="worker", ground="x"
    )
    assert "只能由提出的一方撤回" in told[0]
    life.act("agency", "appraisal", "withdraw_recheck", recheck_applicant="agency", ground="查明没有变化")
    assert (life.state("appraisal"), life.row("appraisal").facts["grade"]) == ("final", "3")


def test_a_gravely_wrong_conclusion_is_corrected_and_served_with_new_windows(town: Town) -> None:
    life = final(town)
    life.act("committee", "appraisal", "correct_conclusion", grave_error="standard", grade="4", care="none", condition="双肺", basis="标准",
             ground="适用条目错误")  # fmt: skip
    assert standing(life, "appraisal") == CONCLUDED
    life.served("appraisal", "appraisal")
    assert (
        len(
            [
                c
                for c in life.clocks("ask_again", state="running")
                if c.start_on and c.start_on >= life.day - timedelta(days=1)
            ]
        )
        == 2
    )


def test_a_conclusion_won_by_fraud_is_revoked_and_may_be_applied_for_anew(town: Town) -> None:
    life = at_exam(town).concluded().served("appraisal", "appraisal")
    life.act(
        "committee",
        "appraisal",
        "revoke_conclusion",
        fraud="冒名顶替检查",
        heard_worker="电话陈述",
        ground="劳动能力鉴定管理办法第三十一条",
    )
    assert (life.state("appraisal"), life.row("appraisal").facts["grade"]) == ("revoked", None)
    life.served("appraisal", "appraisal")
    assert standing(life, "appraisal") == {"apply_appraisal": "running"}
    life.appraisal_filed().scheduled().concluded("5", "none").served("appraisal", "appraisal")
    assert life.row("appraisal").facts["grade"] == "5"
