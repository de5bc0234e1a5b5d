"""Whole lives of a recognition, from the diagnosis to its end, through the real engine on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import PAPERS, START, Life, Town, form
from workflow import cases, clock
from workflow.models import Clock


def standing(life: Life) -> dict[str, str]:
    return life.standing()


def test_recognised_on_the_fast_track_and_served(town: Town) -> None:
    life = town.life()
    assert (life.due("employer_files"), life.due("worker_files")) == (date(2026, 3, 18), date(2027, 2, 16))
    life.filed()
    assert standing(life) == {"examine": "running"}
    assert life.due("examine") == date(2026, 3, 17)
    life.wait(1).act("approver", "recognition", "accept")
    assert life.row("recognition").facts["track"] == "fast"
    assert (life.due("decide_fast"), life.due("decide")) == (date(2026, 3, 18), date(2026, 5, 6))  # 2 May is a holiday
    life.proposed()
    assert life.refused("both", "recognition", "refuse") == [
        "请填写“理由和依据”。（依据：工伤认定办法#18）",
        "承办人的拟办意见与这个决定不同。请承办人重新提出意见后再决定。（依据：工伤认定办法#19）",
    ]
    life.wait(1).act("approver", "recognition", "recognise")
    assert [m for m in ("recognition", "appraisal", "benefit") if life.state(m)] == [
        "recognition",
        "appraisal",
        "benefit",
    ]
    assert (life.state("recognition"), life.state("appraisal"), life.state("benefit")) == (
        "decided",
        "to_apply",
        "to_claim",
    )
    assert {(c.addressee, c.due_on) for c in life.clocks("serve")} == {
        ("worker", date(2026, 3, 25)),
        ("employer", date(2026, 3, 25)),
    }
    life.wait(1).act("desk", "recognition", "deliver", addressee="employer", way="post", received_on="2026-03-06")
    assert life.state("recognition") == "decided"
    assert {c.addressee: c.state for c in life.clocks("serve")} == {"worker": "running", "employer": "met"}
    again = life.refused("desk", "recognition", "deliver", addressee="employer", way="post", received_on="2026-03-06")
    assert again == ["用人单位的送达已经登记过。登错了请走更正，不能重登。"]
    life.wait(1).act("desk", "recognition", "deliver", addressee="worker", way="direct", received_on="2026-03-07")
    assert life.state("recognition") == "delivered"
    assert life.row("recognition").closed_on == date(2026, 3, 7) and life.case().closed_on is None
    assert life.documents() == [("acceptance", "前人社工受〔2026〕1号"), ("recognition", "前人社工认〔2026〕1号")]


def test_the_proposer_does_not_decide(town: Town) -> None:
    life = town.life().accepted()
    life.act("both", "recognition", "propose", opinion="recognise", findings="经过和核实情况", exclusion="no")
    (reason,) = life.refused("both", "recognition", "recognise")
    assert "另一个人审批" in reason and "工伤保险条例#20.4" in reason
    life.act("approver", "recognition", "recognise")


def test_corrections_start_a_fresh_fifteen_days(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    assert life.refused("approver", "recognition", "accept") == [
        "还缺材料：劳动关系（含事实劳动关系）证明（工伤保险条例#18.1）、职业病诊断证明书或诊断鉴定书（工伤保险条例#18.1）。"
        "请收齐后再办，或者一次告知补正。（依据：工伤保险条例#18.1）"
    ]
    life.wait(2).act("desk", "recognition", "correct")
    assert [m["name"] for m in life.row("recognition").facts["missing"]] == ["employment_proof", "diagnosis"]
    assert standing(life) == {"corrections": "running"}
    half = life.refused("desk", "recognition", "resubmit", papers=["diagnosis"], behalf="worker")
    assert half == [
        "还缺材料：劳动关系（含事实劳动关系）证明（工伤保险条例#18.1）。请收齐后再办，或者一次告知补正。（依据：工伤保险条例#18.1）"
    ]
    life.wait(40).act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="worker")
    (fresh,) = life.clocks("examine", state="running")
    assert (fresh.code, fresh.start_on, fresh.due_on) == ("GS-SUPP", life.day, life.day + timedelta(days=15))
    assert [c.code for c in life.clocks("examine")] == ["GS-ACC", "GS-SUPP"]
    life.wait(3).act("approver", "recognition", "accept")
    assert life.event()["payload"]["facts"]["accepted_on"] == life.day.isoformat()


def test_declined_and_served(town: Town) -> None:
    life = town.life().filed()
    assert life.refused("approver", "recognition", "decline") == [
        "请填写“不予受理的原因”。（依据：工伤认定办法#8）",
        "请填写“理由和依据”。（依据：工伤认定办法#8）",
    ]
    life.wait(2).act(
        "approver",
        "recognition",
        "decline",
        decline_kind="not_competent",
        ground="不属于本局管辖，工伤保险条例第十七条",
    )
    assert standing(life) == {"serve_declined": "running"} and len(life.clocks("serve_declined")) == 2
    life.served()
    assert (life.state("recognition"), life.standing("recognition")) == ("not_accepted", {})
    assert life.case().closed_on is None, "both may still object"
    life.windows_over()
    assert life.state("recognition") == "not_accepted", (
        "a refusal to accept that stands ends nothing: he may file again"
    )
    assert (life.case().closed_on, standing(life)) == (life.day, {})


@pytest.mark.parametrize("paused", [1, 45])
def test_suspension_moves_every_day_by_exactly_the_days_it_lasted(town: Town, paused: int) -> None:
    life = town.life().accepted()
    before = {c.name: c.unrolled_on for c in life.clocks(state="running")}
    assert set(before) == {"decide_fast", "decide"}
    life.wait(4).act(
        "approver", "recognition", "suspend", ground="劳动关系在仲裁", suspension_kind="judicial", awaited="仲裁裁决书"
    )
    assert standing(life) == {"decide_fast": "paused", "decide": "paused", "check_pause": "running"}
    assert life.row("recognition").paused
    missing = life.refused("approver", "recognition", "resume")
    assert missing == [
        "请填写“收到的生效文书”。（依据：工伤认定办法#20）",
        "请填写“理由和依据”。（依据：工伤认定办法#20）",
    ]
    life.wait(paused).act("approver", "recognition", "resume", document_received="裁决书1号", ground="裁决已生效")
    after = {c.name: c.unrolled_on for c in life.clocks(state="running")}
    assert after == {name: day and day + timedelta(days=paused) for name, day in before.items()}
    assert not life.row("recognition").paused
    life.proposed()
    life.act("approver", "recognition", "recognise")


def test_two_suspensions_add_up(town: Town) -> None:
    life = town.life().accepted()
    before = {c.name: c.unrolled_on for c in life.clocks(state="running")}
    for days in (3, 10):
        life.wait(2).act(
            "approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书"
        )
        life.wait(days).act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    assert {c.name: c.unrolled_on for c in life.clocks(state="running")} == {
        name: day and day + timedelta(days=13) for name, day in before.items()
    }


def test_the_ordinary_track_keeps_only_the_sixty_days(town: Town) -> None:
    life = town.life(dispute="yes").accepted()
    assert life.row("recognition").facts["track"] == "ordinary"
    assert life.row("recognition").facts["track_reasons"] == ["劳动关系或者诊断结论有争议"]
    assert {c.name: c.state for c in life.clocks("decide", "decide_fast")} == {
        "decide_fast": "stopped",
        "decide": "running",
    }
    life.wait(3).act(
        "approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书"
    )
    life.wait(9).act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    assert {c.name: c.state for c in life.clocks("decide", "decide_fast")} == {
        "decide_fast": "stopped",
        "decide": "running",
    }


def test_leaving_the_fast_track_stops_the_fifteen_days_for_good(town: Town) -> None:
    life = town.life().accepted()
    life.act("officer", "recognition", "to_ordinary", reason="单位对接尘工龄有不同说法")
    assert standing(life) == {"decide": "running"}
    life.act("officer", "recognition", "propose", opinion="recognise", findings="经过", exclusion="no")
    assert standing(life) == {"decide": "running"}, "a stopped clock stays stopped"


def test_refused_and_served(town: Town) -> None:
    life = town.life().accepted().proposed("refuse")
    life.wait(1).act("approver", "recognition", "refuse", ground="诊断的疾病不在目录，工伤保险条例第十四条")
    assert [kind for kind, _ in life.documents()] == ["acceptance", "non_recognition"]
    life.served()
    assert life.state("recognition") == "delivered" and life.case().closed_on is None
    life.windows_over()
    assert life.state("recognition") == "final" and life.case().closed_on == life.day


def test_what_a_person_must_exclude_is_asked(town: Town) -> None:
    life = town.life().accepted()
    life.act("officer", "recognition", "propose", opinion="recognise", findings="经过", exclusion="yes")
    (reason,) = life.refused("approver", "recognition", "recognise")
    assert reason == "记录有条例第十六条的情形，不能认定。请承办人核实后重新提出意见。（依据：工伤保险条例#16）"
    life.act("officer", "recognition", "propose", opinion="recognise", findings="再次核实", exclusion="no")
    life.act("approver", "recognition", "recognise")


def test_the_employers_withdrawal_leaves_the_workers_year_running(town: Town) -> None:
    life = town.life()
    year = life.clocks("worker_files")[0]
    life.act("firm", "recognition", "file", papers=PAPERS, applicant="employer")
    assert standing(life) == {"examine": "running"}
    life.wait(5).act("firm", "recognition", "withdraw", applicant="employer", ground="单位认为应由职工申请")
    assert life.state("recognition") == "to_apply"
    (again,) = life.clocks("worker_files")
    assert (again.id, again.state, again.start_on, again.due_on) == (year.id, "running", year.start_on, year.due_on)
    assert life.documents() == [("withdrawal_note", life.documents()[0][1])]
    life.wait(3).act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    assert (life.state("recognition"), life.due("examine")) == ("filed", life.day + timedelta(days=15))


def test_nobody_takes_back_what_the_other_side_filed(town: Town) -> None:
    life = town.life().filed()
    (reason,) = life.refused("firm", "recognition", "withdraw", applicant="employer", ground="单位不同意")
    assert reason.startswith("这份申请是职工方（本人、近亲属或者工会）提出的，只能由职工方")
    life.act("desk", "recognition", "withdraw", applicant="relative", ground="另行准备")
    life.act("firm", "recognition", "file", papers=PAPERS, applicant="employer")
    assert "只能由用人单位撤回" in life.refused("desk", "recognition", "withdraw", applicant="worker", ground="x")[0]


@pytest.mark.parametrize("stage", ["filed", "awaiting_corrections", "under_review", "suspended"])
def test_withdrawn_and_filed_again_on_one_day_is_never_unwatched(town: Town, stage: str) -> None:
    life = town.life()
    life.filed(papers=["application"] if stage == "awaiting_corrections" else None)
    if stage == "awaiting_corrections":
        life.act("desk", "recognition", "correct")
    if stage in ("under_review", "suspended"):
        life.act("approver", "recognition", "accept")
    if stage == "suspended":
        life.act("approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书")
    assert life.state("recognition") == stage
    life.act("desk", "recognition", "withdraw", applicant="worker", ground="材料另行准备")
    assert set(standing(life)) == {"employer_files", "worker_files", "unfiled_check"}
    life.act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    assert standing(life) == {"examine": "running"} and life.due("examine") == life.day + timedelta(days=15)
    life.act("approver", "recognition", "accept")
    assert standing(life) == {"decide_fast": "running", "decide": "running"}


def test_what_belonged_to_a_withdrawn_application_does_not_carry_over(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    life.wait(1).act("desk", "recognition", "correct")
    life.wait(1).act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="worker")
    life.wait(1).act("approver", "recognition", "accept")
    life.proposed()
    life.act("desk", "recognition", "withdraw", applicant="worker", ground="另行准备")
    life.wait(60).act("desk", "recognition", "file", applicant="worker")
    (running,) = life.clocks("examine", state="running")
    assert (running.code, running.start_on) == ("GS-ACC", life.day), "the old correction does not start the new 15 日"
    life.wait(1).act("approver", "recognition", "accept")
    assert standing(life) == {"decide_fast": "running", "decide": "running"}
    (reason,) = life.refused("approver", "recognition", "recognise")
    assert "承办人还没有提出拟办意见" in reason
    life.proposed()
    life.act("approver", "recognition", "recognise")


@pytest.mark.parametrize("stage", ["to_apply", "filed", "awaiting_corrections", "under_review", "suspended"])
def test_death_while_a_recognition_goes_on_stops_nothing(town: Town, stage: str) -> None:
    life = town.life()
    if stage != "to_apply":
        life.filed(papers=["application"] if stage == "awaiting_corrections" else None)
    if stage == "awaiting_corrections":
        life.act("desk", "recognition", "correct")
    if stage in ("under_review", "suspended"):
        life.act("approver", "recognition", "accept")
    if stage == "suspended":
        life.act("approver", "recognition", "suspend", ground="在仲裁", suspension_kind="judicial", awaited="裁决书")
    before = standing(life)
    life.wait(2).act("desk", "recognition", "record_death", died_on=life.day.isoformat())
    assert life.event()["payload"]["unsettled"].startswith("条例没有写认定期间去世的程序")
    assert (life.state("recognition"), standing(life)) == (stage, before)
    if stage == "to_apply":
        life.act("desk", "recognition", "file", papers=PAPERS, applicant="relative")
        life.act("approver", "recognition", "accept")
    elif stage == "filed":
        life.act("approver", "recognition", "accept")
    elif stage == "awaiting_corrections":
        life.act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="relative")
        life.act("approver", "recognition", "accept")
    elif stage == "suspended":
        life.act("approver", "recognition", "resume", document_received="裁决书", ground="已生效")
    life.proposed()
    life.act("approver", "recognition", "recognise")
    life.served()


def test_a_worker_who_does_not_want_to_file_has_a_way_out(town: Town) -> None:
    life = town.life()
    life.act("desk", "recognition", "close_unfiled", behalf="worker", statement="2026-03-02 声明，附卷第3页")
    assert (life.state("recognition"), life.case().closed_on, standing(life)) == (
        "unfiled",
        START,
        {"worker_files": "running"},
    )
    life.filed()
    assert life.state("recognition") == "filed", "within the year he may change his mind"


def test_the_employers_thirty_days_are_lengthened_with_consent(town: Town) -> None:
    life = town.life().wait(10)
    assert life.refused("approver", "recognition", "extend_filing", extension_days="0", ground="停产") == [
        "请填写延长的天数（大于 0 的整数）。（依据：工伤保险条例#17.1）"
    ]
    life.act("approver", "recognition", "extend_filing", extension_days="20", ground="单位停产，资料在外地")
    assert life.due("employer_files") == date(2026, 4, 7)
    assert life.due("worker_files") == date(2027, 2, 16)
    life.on("2026-04-08")
    (reason,) = life.refused("approver", "recognition", "extend_filing", extension_days="5", ground="还没准备好")
    assert reason == "“单位申请认定”时限已于 2026-04-07 届满，期满后不能再延长。（依据：工伤保险条例#17.1）"


def test_a_lapsed_year_waits_for_a_persons_judgement_and_is_never_refused_by_itself(town: Town) -> None:
    life = town.life(diagnosed_on="2024-11-01")
    life.filed()
    (reason,) = life.refused("approver", "recognition", "accept")
    assert "申请日 2026-03-02 已过职工方一年期（2025-11-03 届满）" in reason and "系统不自动拒绝" in reason
    life.act("approver", "recognition", "accept", late_judgement="住院治疗期间扣除，工伤行政案件规定第七条")
    assert life.row("recognition").facts["track_reasons"] == ["申请超过一年，经人工判断受理"]


def test_the_wrong_county_cannot_accept(town: Town) -> None:
    with clock.frozen(START):
        taken = cases.open_case(town.store, town.people["linhe-desk"], form())
    assert taken["warnings"][-1] == "用人单位登记在乌拉特前旗，本局可能没有管辖权（工伤保险条例#17.1）。"
    life = Life(town, taken["case_no"], START)
    life.act("linhe-desk", "recognition", "file", papers=PAPERS, applicant="worker")
    (reason,) = life.refused("linhe-approver", "recognition", "accept")
    assert (
        reason
        == "用人单位登记在乌拉特前旗，本局没有管辖权。请核对单位台账，或者移送有管辖权的局。（依据：工伤保险条例#17.1）"
    )


def test_an_act_recorded_later_counts_from_its_own_day(town: Town) -> None:
    life = town.life().wait(6)
    given: dict[str, Any] = {"papers": PAPERS, "applicant": "worker", "filed_on": "2026-03-04"}
    why = life.refused("desk", "recognition", "file", **given)
    assert why == ["这件事的日期是 2026-03-04，今天才登记。请写明补记的原因，原因会一直显示在办理记录里。"]
    life.act("desk", "recognition", "file", **given, backdate_reason="周三收件，系统停电，今天补录")
    assert life.due("examine") == date(2026, 3, 19)
    event = life.event()
    assert (event["on"], event["payload"]["backdated"]) == (date(2026, 3, 4), 4)
    assert event["payload"]["backdate_reason"] == "周三收件，系统停电，今天补录"
    why = life.refused("approver", "recognition", "accept", accepted_on="2026-03-03", backdate_reason="补录")
    assert why == ["“受理之日”2026-03-03 早于收到申请之日 2026-03-04，请核对日期。"]
    assert life.refused("approver", "recognition", "accept", accepted_on="2026-03-09") == [
        "“受理之日”2026-03-09 还没有到，请填今天或以前的日期。"
    ]


def test_every_running_clock_names_owner_article_and_day(town: Town) -> None:
    with town.store.reading() as session:
        rows = session.query(Clock).filter(Clock.state.in_(("running", "paused"))).all()
    assert len(rows) > 20
    for row in rows:
        assert row.owner and row.start_on and row.due_on and row.safe_on and row.effective_on and row.explain, row.name
        assert bool(row.law) is row.legal, row.name


@pytest.mark.parametrize(
    ("filed_by", "asked_by"), [("worker", "employer"), ("employer", "relative"), ("employer", "worker")]
)
def test_only_the_side_that_applied_may_withdraw(town: Town, filed_by: str, asked_by: str) -> None:
    life = town.life()
    life.act("desk", "recognition", "file", papers=PAPERS, applicant=filed_by)
    (reason,) = life.refused("desk", "recognition", "withdraw", applicant=asked_by, ground="想撤回")
    assert "只能由" in reason and "工伤保险条例#17.2" in reason
    life.act("desk", "recognition", "withdraw", applicant=filed_by, ground="想撤回")
    assert life.state("recognition") == "to_apply"
