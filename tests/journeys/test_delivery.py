"""Delivery (送达) of what somebody must be served: failed, in public, one addressee after the other, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import Life, Town


def decided(town: Town) -> Life:
    return town.life().recognised()


def failed(life: Life, addressee: str = "employer", who: str = "desk", matter: str = "recognition") -> Life:
    life.wait(1).act(
        who, matter, "delivery_failed", addressee=addressee, failed_on=life.day.isoformat(), failure="退件"
    )
    return life


def announced(life: Life, addressee: str = "employer", who: str = "desk", matter: str = "recognition") -> Life:
    life.wait(1).act(
        who, matter, "announce", addressee=addressee, announced_on=life.day.isoformat(), steps_tried="邮寄、上门各两次"
    )
    return life


def handed(life: Life, addressee: str, way: str = "direct", **more: Any) -> Life:
    life.wait(1).act(
        "desk", "recognition", "deliver", addressee=addressee, way=way, received_on=life.day.isoformat(), **more
    )
    return life


def live(life: Life, name: str) -> dict[str, str]:
    """Addressee → state of the clocks of that name that are not settled."""
    return {c.addressee: c.state for c in life.clocks(name) if c.state in ("running", "paused", "unstarted")}


def test_a_delivery_that_failed_gives_a_task_and_a_reminder_until_it_succeeds(town: Town) -> None:
    life = failed(decided(town))
    assert life.tasks("act") == ["employer"] and live(life, "redeliver") == {"employer": "running"}
    handed(life, "worker")
    assert live(life, "serve") == {"employer": "running"} and live(life, "redeliver") == {"employer": "running"}
    day = life.day + timedelta(days=20)
    life.work(day)
    assert life.due("redeliver", "employer") > day, "reminded of again and again"
    handed(life, "employer", "left", delivery_note="拒收，见证人某某签字")
    assert (life.state("recognition"), life.tasks("act"), life.standing("recognition")) == ("delivered", [], {})


def test_each_addressees_remedy_opens_with_his_own_receipt(town: Town) -> None:
    life = handed(decided(town), "worker")
    assert list(life.remedies()) == ["worker"] and life.state("recognition") == "decided"
    first = life.row(life.remedies()["worker"]).facts["received_on"]
    handed(life.wait(9), "employer", "post")
    assert list(life.remedies()) == ["worker", "employer"]
    assert life.row(life.remedies()["employer"]).facts["received_on"] == life.day.isoformat() != first


@pytest.mark.parametrize("late", [0, 40])
def test_a_public_notice_serves_at_the_end_of_thirty_days_by_the_worker_process(town: Town, late: int) -> None:
    life = announced(failed(handed(decided(town), "worker")))
    (notice,) = life.clocks("public_notice")
    over = life.day + timedelta(days=30)
    assert (notice.code, notice.kind, notice.span, notice.due_on, notice.addressee) == (
        "SV-PUBLIC",
        "effect",
        "30 日",
        over,
        "employer",
    )
    assert life.documents()[-1][0] == "public_notice"
    life.work(over)
    assert (life.state("recognition"), list(life.remedies())) == ("decided", ["worker"]), "the last day is not over"
    life.work(over + timedelta(days=1 + late))
    assert (life.state("recognition"), life.standing("recognition")) == ("delivered", {}) and life.tasks("act") == []
    remedy = life.row(life.remedies()["employer"])
    assert remedy.facts["received_on"] == over.isoformat(), "however late the machine looked"
    rows = {c.name: c for c in life.clocks("apply_review", "sue_direct") if c.matter_id == remedy.id}
    assert {c.start_on for c in rows.values()} == {over}
    assert rows["apply_review"].unrolled_on == over + timedelta(days=60)
    assert "认定工伤决定书" in remedy.facts["decision_label"], "the remedy is about the decision, not about the notice"


def test_who_turns_up_during_the_notice_is_served_that_day_and_the_notice_does_nothing_more(town: Town) -> None:
    life = announced(failed(handed(decided(town), "worker")))
    over = life.due("public_notice", "employer")
    handed(life.wait(8), "employer")
    received = life.day.isoformat()
    life.work(over + timedelta(days=1))
    assert life.row(life.remedies()["employer"]).facts["received_on"] == received
    assert [n for n, _ in life.matters() if n.startswith("remedy")] == ["remedy#1", "remedy#2"]


def test_a_notice_for_both_serves_both(town: Town) -> None:
    life = announced(announced(failed(failed(decided(town), "worker")), "worker"), "employer")
    life.work(max(c.due_on for c in life.clocks("public_notice") if c.due_on) + timedelta(days=1))
    assert (life.state("recognition"), set(life.remedies())) == ("delivered", {"worker", "employer"})
    assert life.tasks("act") == []


def test_a_conclusion_served_in_public_has_its_fifteen_days_from_the_end_of_the_notice(town: Town) -> None:
    life = town.life().recognised().served().appraisal_filed().scheduled().concluded()
    life.wait(1).act(
        "appraisal", "appraisal", "deliver", addressee="employer", way="direct", received_on=life.day.isoformat()
    )
    announced(failed(life, "worker", "appraisal", "appraisal"), "worker", "appraisal", "appraisal")
    over = life.due("public_notice", "worker")
    life.work(over + timedelta(days=1))
    assert life.state("appraisal") == "delivered"
    windows = {c.addressee: c for c in life.clocks("ask_again")}
    assert windows["worker"].start_on == over and windows["worker"].unrolled_on == over + timedelta(days=15)
    assert windows["employer"].start_on and windows["employer"].start_on < over
    life.windows_over()
    assert life.state("appraisal") == "final"


def test_the_limit_to_serve_is_missed_all_the_same_where_the_notice_comes_late(town: Town) -> None:
    life = handed(decided(town), "worker")
    limit = life.due("serve", "employer")
    life.work(limit + timedelta(days=3))
    announced(failed(life))
    life.work(life.due("public_notice", "employer") + timedelta(days=1))
    (served,) = [c for c in life.clocks("serve") if c.addressee == "employer"]
    assert served.state == "met" and served.done_on is not None and served.done_on > limit


def test_notices_of_several_matters_share_one_series_of_numbers(town: Town) -> None:
    life = announced(failed(handed(decided(town), "worker")))
    other = town.life(life.day).recognised().served().appraisal_filed().scheduled().concluded()
    announced(failed(other, "worker", "appraisal", "appraisal"), "worker", "appraisal", "appraisal")
    benefit = town.life(life.day).recognised().served().appraised().claimed().approved()
    for _ in range(2):
        announced(failed(benefit, "worker", "agency", "benefit"), "worker", "agency", "benefit")
    numbers = [n for each in (life, other, benefit) for k, n in each.documents() if k == "public_notice"]
    assert len(set(numbers)) == 4


def test_a_reminder_and_the_act_that_ends_it_may_fall_due_in_one_round(town: Town) -> None:
    life = town.life().accepted().proposed("refuse")
    life.act("approver", "recognition", "refuse", ground="不在目录")
    announced(failed(handed(life, "worker")))
    life.work(life.due("public_notice", "employer") + timedelta(days=1))
    assert (life.state("recognition"), life.standing("recognition")) == ("delivered", {})
