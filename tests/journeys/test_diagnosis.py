"""A case watched before its diagnosis (职业病诊断、诊断鉴定、劳动关系争议), until it opens the recognition, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import PAPERS, START, Life, Town, form
from workflow import cases, clock
from workflow.errors import Stopped

BEFORE: dict[str, Any] = {"diagnosing": "yes", "diagnosed_on": "", "disease": "", "certificate_no": "", "institution": "", "certificate_employer": "",
          "dispute": ""}  # fmt: skip
FOUND: dict[str, Any] = {"certificate": "演诊2026-0099", "disease_name": "职业性尘肺病（矽肺壹期）"}


def registered(town: Town) -> Life:
    """Taken in before the diagnosis."""
    return town.life(**BEFORE)


def examining(life: Life) -> Life:
    life.wait(1).act("desk", "diagnosis", "request_data")
    life.wait(3).act("desk", "diagnosis", "data_in")
    life.wait(1).act("desk", "diagnosis", "start_examining", data_basis="complete")
    return life


def positive(life: Life) -> Life:
    life.wait(20).act("desk", "diagnosis", "diagnose_positive", certified_on=life.day.isoformat(), **FOUND)
    return life


def negative(life: Life) -> Life:
    life.wait(20).act("desk", "diagnosis", "diagnose_negative", certificate="演诊2026-0098")
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"{who}_received")
    return life


def appraised(life: Life, outcome: str, **facts: Any) -> Life:
    """The diagnosis appraised (by the next level), its document not served yet."""
    life.wait(2).act("desk", "diagnosis", "accept_appraisal")
    life.wait(1).act("desk", "diagnosis", "ask_file")
    life.wait(4).act("desk", "diagnosis", "file_in")
    issued: dict[str, Any] = (
        {}
        if outcome == "conclude_upheld" or outcome == "conclude_negative"
        else {"da_issued_on": life.wait(20).day.isoformat()}
    )
    life.act("desk", "diagnosis", outcome, da_number="演鉴2026-01", **issued, **facts)
    return life


def told(life: Life) -> Life:
    """What only the certificate tells is asked for once there is one, and filled in."""
    assert set(life.tasks()) == {"institution", "dispute"}
    with clock.frozen(life.day):
        cases.fill_in(
            life.town.store, life.town.people["desk"], life.case_no, {"institution": "演示防治院", "dispute": "no"}
        )
    life.check()
    assert life.tasks() == []
    return life


def two_years(life: Life) -> None:
    """The recognition waits with both its clocks, counted from the case's own day of diagnosis."""
    day = life.case().diagnosed_on
    assert day is not None and life.state("recognition") == "to_apply"
    rows = {c.name: c for c in life.clocks("employer_files", "worker_files")}
    assert {n: (c.state, c.start_on) for n, c in rows.items()} == dict.fromkeys(rows, ("running", day)) and len(
        rows
    ) == 2
    assert rows["employer_files"].unrolled_on == day + timedelta(days=30)
    assert rows["worker_files"].unrolled_on == date(day.year + 1, day.month, day.day)


def test_a_case_is_taken_in_before_there_is_a_diagnosis(town: Town) -> None:
    life = registered(town)
    assert life.matters() == [("diagnosis#1", "registered")] and life.standing() == {"check_diagnosis": "running"}
    assert (life.case().diagnosed_on, life.case().disease) == (None, "待诊断")
    assert not {"certificate_no", "institution"} & set(life.tasks()), (
        "nobody is asked for a certificate there is not yet"
    )
    with clock.frozen(START), pytest.raises(Stopped) as both:
        cases.open_case(town.store, town.people["desk"], form(**{**BEFORE, "diagnosed_on": "2026-02-16"}))
    assert "就不要填诊断日期" in both.value.sentences()[0]


def test_the_same_person_is_not_taken_in_twice_before_the_diagnosis(town: Town) -> None:
    given = form(**BEFORE)
    with clock.frozen(START):
        first = cases.open_case(town.store, town.people["desk"], given)["case_no"]
        with pytest.raises(Stopped) as again:
            cases.open_case(town.store, town.people["desk"], given)
    assert first in again.value.sentences()[0]


def test_diagnosed_and_the_recognition_opens_with_its_two_clocks_from_that_day(town: Town) -> None:
    life = registered(town)
    life.wait(1).act("desk", "diagnosis", "request_data")
    assert {c.code: c.span for c in life.clocks("employer_data")} == {"OD-EMP": "10 日"}
    life.wait(3).act("firm", "diagnosis", "data_in")
    life.act("desk", "diagnosis", "start_examining", data_basis="complete")
    day = life.wait(10).day
    life.wait(6).act("desk", "diagnosis", "diagnose_positive", diagnosed_on=day.isoformat(), certified_on=life.day.isoformat(),
                     backdate_reason="证明书今天才送来", **FOUND)  # fmt: skip
    case = life.case()
    assert (case.diagnosed_on, case.disease, case.facts["certificate_no"]) == (
        day,
        FOUND["disease_name"],
        FOUND["certificate"],
    )
    two_years(life)
    assert set(life.standing("diagnosis")) == {"serve_certificate", "report_case", "check_diagnosis"}
    life.act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    told(life.wait(1)).act("approver", "recognition", "accept")
    assert life.row("recognition").facts["track"] == "fast"
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"{who}_received")
    last = max(c.due_on for c in life.clocks("appraise_worker", "appraise_employer", state="running") if c.due_on)
    life.work(last)
    assert life.state("diagnosis") == "objection_open"
    life.work(last + timedelta(days=1))
    assert (life.state("diagnosis"), life.standing("diagnosis")) == ("settled", {}), (
        "nobody objected: it is settled by itself"
    )


def test_taken_in_with_a_certificate_already_made(town: Town) -> None:
    life = registered(town)
    day = (life.day - timedelta(days=40)).isoformat()
    life.act("desk", "diagnosis", "take_certificate", diagnosed_on=day, backdate_reason="以前诊断的", **FOUND)
    two_years(life)
    assert life.state("diagnosis") == "certified"
    life.wait(3).act("desk", "diagnosis", "settle_certified", ground="双方都没有异议")
    assert life.state("diagnosis") == "settled"


def test_an_employer_that_gives_nothing_is_pressed_and_then_done_without(town: Town) -> None:
    life = registered(town)
    life.act("desk", "diagnosis", "request_data")
    life.work(life.due("employer_data") + timedelta(days=1))
    assert life.state("diagnosis") == "collecting"
    (reason,) = life.refused("desk", "diagnosis", "start_examining", data_basis="default")
    assert "要先提请卫生健康部门督促" in reason
    life.act("desk", "diagnosis", "urge_data")
    life.wait(15).act("desk", "diagnosis", "request_survey")
    assert set(life.standing("diagnosis")) == {"site_start", "site_done", "check_diagnosis"}
    life.wait(5).act("desk", "diagnosis", "survey_begun")
    life.wait(9).act("desk", "diagnosis", "survey_done")
    life.act("desk", "diagnosis", "start_examining", data_basis="default")
    two_years(positive(life))


def test_disputed_data_stop_the_thirty_days_until_they_are_ruled_on(town: Town) -> None:
    life = examining(registered(town))
    before = life.clocks("make_diagnosis")[-1].unrolled_on
    life.wait(5).act("desk", "diagnosis", "dispute_data", ground="考勤表与工友证言不一致")
    assert life.standing("diagnosis") == {
        "make_diagnosis": "paused",
        "rule_data": "running",
        "check_diagnosis": "running",
    }
    life.wait(25).act("desk", "diagnosis", "data_ruled", document_received="判定书3号")
    assert before and life.clocks("make_diagnosis")[-1].unrolled_on == before + timedelta(days=25)
    two_years(positive(life))


def test_a_disputed_relationship_goes_to_arbitration_and_is_watched_beside(town: Town) -> None:
    life = examining(registered(town))
    life.wait(2).act("desk", "diagnosis", "refer_labour", ground="单位否认劳动关系")
    assert (life.state("diagnosis"), life.state("labour")) == ("examining_labour", "to_file")
    assert set(life.standing("labour")) == {"labour_time", "check_labour"}
    known = life.day - timedelta(days=200)
    life.act(
        "desk",
        "labour",
        "known_labour",
        labour_known_on=known.isoformat(),
        ground="单位去年已经否认劳动关系",
        backdate_reason="职工讲的当时情况",
    )
    assert life.standing("labour")["labour_time_known"] == "running" and life.standing("labour").get("labour_time") in (
        None,
        "stopped",
    )
    assert life.clocks("labour_time_known")[-1].start_on == known, (
        "the year runs from the day he knew, not from the day he was told to apply"
    )
    life.wait(5).act("desk", "labour", "file_labour", behalf="worker")
    assert life.clocks("accept_labour")[-1].unrolled_on == life.day + timedelta(days=5)
    life.wait(4).act("desk", "labour", "accept_special")
    assert {c.code for c in life.clocks("award_special", state="running")} == {"OD-LAB-ARB"}
    life.wait(28).act("desk", "labour", "award_special_in", award="劳人仲案〔2026〕7号，确认劳动关系")
    assert life.tasks("act"), "who waits for the award is told"
    assert "诊断、鉴定程序结束" in life.refused("firm", "labour", "sue_labour")[0]
    life.act("desk", "diagnosis", "labour_settled", document_received="裁决书7号")
    assert life.standing("diagnosis")["make_diagnosis"] == "running"
    life.work(life.due("suit_worker") + timedelta(days=1))
    assert (life.state("labour"), life.standing("labour")) == ("employer_waits", {"check_labour": "running"})
    two_years(positive(life))
    life.act("desk", "labour", "procedure_over")
    life.work(life.due("suit_employer") + timedelta(days=1))
    assert (life.state("labour"), life.standing("labour")) == ("final", {})


def test_an_ordinary_dispute_may_be_lengthened_and_sued_over(town: Town) -> None:
    life = examining(registered(town))
    life.act("desk", "diagnosis", "refer_labour", ground="对工种有争议")
    life.act("desk", "labour", "interrupt_labour", ground="职工书面主张权利")
    life.wait(1).act("desk", "labour", "file_labour", behalf="worker")
    life.wait(1).act("desk", "labour", "accept_ordinary")
    before = life.clocks("award_ordinary")[-1].unrolled_on
    life.wait(9).act("desk", "labour", "extend_award", ground="案情复杂")
    assert before and life.clocks("award_ordinary")[-1].unrolled_on == before + timedelta(days=15)
    life.wait(9)
    received: dict[str, Any] = {
        "award_received_on": (life.day - timedelta(days=4)).isoformat(),
        "employer_award_on": life.day.isoformat(),
    }
    life.act(
        "desk",
        "labour",
        "award_ordinary_in",
        award="劳人仲案〔2026〕8号",
        backdate_reason="单位收到以后一并登记",
        **received,
    )
    mine, theirs = life.clocks("suit_labour")[-1], life.clocks("suit_labour_employer")[-1]
    assert mine.unrolled_on and theirs.unrolled_on == mine.unrolled_on + timedelta(days=4), "each from his own receipt"
    life.work(life.due("suit_labour") + timedelta(days=1))
    assert life.state("labour") == "ordinary_award", "the award is not final before both have let their time pass"
    life.act("firm", "labour", "sue_labour")
    life.wait(90).act("desk", "labour", "labour_judged", document_received="民事判决书5号")
    assert life.state("labour") == "final"


def test_a_negative_diagnosis_turned_positive_by_the_appraisal_opens_the_recognition(town: Town) -> None:
    life = negative(examining(registered(town)))
    assert life.state("diagnosis") == "objection_open" and life.case().diagnosed_on is None
    assert [n for n, _ in life.matters()] == ["diagnosis#1"], "nothing to recognise yet"
    life.wait(5).act("desk", "diagnosis", "apply_appraisal", behalf="worker")
    assert life.clocks("accept_da")[-1].span == "5 个工作日"
    appraised(life, "conclude_positive", disease_name=FOUND["disease_name"])
    assert (life.state("diagnosis"), life.case().diagnosed_on) == ("appraisal_concluded", life.day)
    two_years(life)
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"da_{who}_received")
    life.act("desk", "diagnosis", "tell_institution")
    last = max(c.due_on for c in life.clocks("again_worker", "again_employer", state="running") if c.due_on)
    life.work(last + timedelta(days=1))
    assert life.state("diagnosis") == "settled"


def test_a_positive_diagnosis_turned_negative_asks_the_officer_to_look_and_decides_nothing(town: Town) -> None:
    life = positive(examining(registered(town)))
    day = life.case().diagnosed_on
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"{who}_received")
    life.act("desk", "recognition", "file", papers=PAPERS, applicant="worker")
    told(life).act("approver", "recognition", "accept")
    life.wait(2).act("firm", "diagnosis", "apply_appraisal")
    assert life.state("recognition") == "under_review", "an appraisal of the diagnosis stops no recognition by itself"
    appraised(life, "conclude_negative")
    assert (life.case().diagnosed_on, life.state("recognition")) == (day, "under_review") and life.tasks("act")
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"da_{who}_received")
    life.wait(3).act("desk", "diagnosis", "apply_again", behalf="worker")
    appraised(life, "conclude_positive", disease_name=FOUND["disease_name"])
    assert life.case().diagnosed_on == life.day, "the day it became an occupational disease (for good)"
    received: dict[str, Any] = {n: life.wait(1).day.isoformat() for n in ("worker_da_on", "employer_da_on")}
    why = life.refused("desk", "diagnosis", "da_worker_received")
    assert "自治区的再次鉴定" in why[0]
    life.act("desk", "diagnosis", "final_da_served", **received)
    assert life.state("diagnosis") == "settled"
    told_why = life.refused("firm", "diagnosis", "apply_again")
    assert any("不能再申请鉴定" in w for w in told_why) and not any("再审" in w for w in told_why)


def test_the_clocks_of_a_recognition_not_yet_applied_for_follow_the_new_day(town: Town) -> None:
    life = positive(examining(registered(town)))
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"{who}_received")
    life.wait(2).act("firm", "diagnosis", "apply_appraisal")
    appraised(life, "conclude_negative")
    for who in ("worker", "employer"):
        life.wait(1).act("desk", "diagnosis", f"da_{who}_received")
    life.wait(3).act("desk", "diagnosis", "apply_again", behalf="worker")
    appraised(life, "conclude_positive", disease_name=FOUND["disease_name"])
    moved = life.event()["payload"]["moved"]
    assert [m["id"] for m in moved] == [life.row("recognition").id]
    running = {c.name: c.start_on for c in life.clocks("employer_files", "worker_files", state="running")}
    assert running == dict.fromkeys(("employer_files", "worker_files"), life.day)


def test_what_is_left_out_of_an_appraisal_is_at_most_thirty_days_at_once(town: Town) -> None:
    life = negative(examining(registered(town)))
    life.act("desk", "diagnosis", "apply_appraisal", behalf="worker")
    life.wait(1).act("desk", "diagnosis", "accept_appraisal")
    (before,) = life.clocks("conclude_da")
    since, until = life.wait(30).day - timedelta(days=20), life.day
    given: dict[str, Any] = {
        "excluded_from": (since - timedelta(days=20)).isoformat(),
        "excluded_to": until.isoformat(),
        "ground": "复查胸片",
    }
    assert "各不超过 30 日" in life.refused("desk", "diagnosis", "exclude_exam", **given)[0]
    life.act("desk", "diagnosis", "exclude_exam", **{**given, "excluded_from": since.isoformat()})
    (after,) = life.clocks("conclude_da")
    assert before.unrolled_on and after.unrolled_on == before.unrolled_on + timedelta(days=20)


def test_taken_back_and_taken_in_anew(town: Town) -> None:
    life = registered(town)
    life.act("desk", "diagnosis", "withdraw_diagnosis", behalf="worker", ground="先回老家")
    assert (life.state("diagnosis"), life.case().closed_on, life.standing()) == ("withdrawn", life.day, {})


def test_death_before_the_diagnosis_stops_nothing(town: Town) -> None:
    life = examining(registered(town))
    before = life.standing()
    life.act("desk", "diagnosis", "record_death", died_on=life.day.isoformat())
    assert life.standing() == before
    two_years(positive(life))
