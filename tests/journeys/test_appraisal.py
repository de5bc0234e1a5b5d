"""Whole lives of an appraisal (劳动能力鉴定), from the recognition to its end, through the real engine on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.builders import APPRAISAL_PAPERS, FIRM, Life, Town
from workflow.models import Expert
from workflow.preparations import draw

STAGES = ("to_apply", "filed", "awaiting_supplement", "ready", "drawn", "scheduled")


def ready(town: Town) -> Life:
    """Recognised and served: the appraisal may be applied for."""
    return town.life().recognised().served()


def at(town: Town, stage: str) -> Life:
    """A case whose appraisal stands in that state."""
    life = ready(town)
    if stage == "awaiting_supplement":
        life.appraisal_filed(["appraisal_form"])
        by = (life.day + timedelta(days=20)).isoformat()
        life.wait(1).act("appraisal", "appraisal", "ask_supplement", supplement_by_on=by)
    elif stage == "scheduled":
        life.appraisal_filed().scheduled()
    elif stage != "to_apply":
        life.appraisal_filed()
        acts: list[tuple[str, dict[str, Any]]] = [("confirm", {}), ("draw", {"panel_size": "5"})]
        for action, facts in acts[: ("filed", "ready", "drawn").index(stage)]:
            life.wait(1).act("appraisal", "appraisal", action, **facts)
    assert life.state("appraisal") == stage
    return life


def standing(life: Life) -> dict[str, str]:
    matter = life.row("appraisal").id
    return {
        c.name: c.state
        for c in life.clocks()
        if c.matter_id == matter and c.state in ("running", "paused", "unstarted")
    }


def test_concluded_and_served(town: Town) -> None:
    life = ready(town)
    (reason,) = life.refused("desk", "appraisal", "file", papers=APPRAISAL_PAPERS, applicant="worker", stable="no")
    assert reason.startswith("伤病情还没有相对稳定")
    life.appraisal_filed()
    filed = life.day
    assert life.due("conclude") >= filed + timedelta(days=60)
    assert {c.office_id for c in life.clocks("conclude")} == {town.people["appraisal"].office_id}, (
        "appraisal is the city's"
    )
    life.scheduled()
    (early,) = life.refused("committee", "appraisal", "conclude", grade="3", care="part", condition="双肺", basis="标准",
                            votes_for="3", signed="yes")  # fmt: skip
    assert early.endswith("还没有进行，不能作出结论。需要提前的请先改期。（依据：劳动能力鉴定管理办法#12）")
    life.wait(3)
    reasons = life.refused("committee", "appraisal", "conclude", grade="3", care="part", condition="双肺", basis="标准",
                           votes_for="1", signed="no")  # fmt: skip
    assert [r[:11] for r in reasons] == ["鉴定组 3 人，同意的", "参加鉴定的专家还没有全"]
    life.act(
        "committee",
        "appraisal",
        "conclude",
        grade="3",
        care="part",
        condition="双肺",
        basis="标准",
        votes_for="2",
        signed="yes",
    )
    assert life.documents()[-1][0] == "conclusion"
    assert [m.to for m in life.outbox("message")][-3:] == ["bureau@150800", "agency@150800", "worker"]
    served = life.clocks("serve_result")
    assert [(c.addressee, c.span, c.unrolled_on) for c in served] == [
        (who, "15 日", life.day + timedelta(days=15)) for who in ("worker", "employer")
    ]
    life.served("appraisal", "appraisal")
    assert life.state("appraisal") == "delivered"
    again = {c.addressee: c for c in life.clocks("ask_again")}
    assert {who: c.start_on for who, c in again.items()} == {
        "worker": life.day - timedelta(days=1),
        "employer": life.day,
    }
    assert all(
        c.state == "running" and c.unrolled_on == c.start_on + timedelta(days=15) for c in again.values() if c.start_on
    )


def test_a_conclusion_before_july_2025_is_served_within_twenty_days(town: Town) -> None:
    life = town.life(date(2025, 3, 3), diagnosed_on="2025-02-17")
    life.recognised().served().appraisal_filed().scheduled().concluded()
    assert {c.span for c in life.clocks("serve_result")} == {"20 日"}


def test_the_draw_can_be_made_again_from_what_was_recorded(town: Town) -> None:
    life = at(town, "ready")
    life.act("appraisal", "appraisal", "draw", panel_size="3", conflicts="专家甲、专家丙")
    facts = life.row("appraisal").facts
    assert facts["excluded"] == ["专家丙", "专家甲"] and len(facts["experts"]) == 3 and facts["pool_size"] == 5
    assert not {e["name"] for e in facts["experts"]} & {"专家甲", "专家丙"}
    made = life.event()["payload"]["made"]
    assert (made["seed"], made["pool_digest"], made["experts"]) == (
        facts["seed"],
        facts["pool_digest"],
        facts["experts"],
    )
    pool = [
        {"id": n, "name": f"专家{c}", "unit": "演示医院", "specialty": "职业病科"}
        for n, c in enumerate("甲乙丙丁戊己庚", 1)
    ]
    left = [e for e in pool if e["name"] not in facts["excluded"]]
    assert draw(list(reversed(left)), 3, facts["seed"]) == facts["experts"]
    before = facts["seed"]
    life.wait(1).act("appraisal", "appraisal", "redraw", panel_size="5", reason="一名专家临时有事")
    facts = life.row("appraisal").facts
    assert facts["seed"] != before and len(facts["experts"]) == 5 and facts["excluded"] == []


def test_an_expert_of_the_employer_is_never_drawn(town: Town) -> None:
    with town.store.writing() as session:
        session.execute(update(Expert).where(Expert.name.in_(["专家戊", "专家己", "专家庚"])).values(unit=FIRM))
    try:
        for _ in range(4):
            life = at(town, "ready")
            life.act("appraisal", "appraisal", "draw", panel_size="3")
            facts = life.row("appraisal").facts
            assert set(facts["excluded"]) == {"专家戊", "专家己", "专家庚"}
            assert {e["name"] for e in facts["experts"]} <= {"专家甲", "专家乙", "专家丙", "专家丁"}
    finally:
        with town.store.writing() as session:
            session.execute(update(Expert).values(unit="演示医院"))


def test_a_pool_too_small_and_an_unknown_name_are_refused(town: Town) -> None:
    life = at(town, "ready")
    (reason,) = life.refused("appraisal", "appraisal", "draw", panel_size="5", conflicts="专家甲、专家乙、专家丙")
    assert reason == "专家库里除去应当回避的，只剩 4 名，抽不满 5 名。请先补充专家库。（依据：工伤保险条例#25）"
    (reason,) = life.refused("appraisal", "appraisal", "draw", panel_size="3", conflicts="专家甲、专家无")
    assert reason == "专家库里没有“专家无”，请核对应当回避的专家姓名。"
    reasons = life.refused("appraisal", "appraisal", "draw", panel_size="4")
    assert reasons[0] == "“抽取人数”填得不对：只能选 3（3 名）、5（5 名）。（依据：工伤保险条例#25）"


def test_supplemented(town: Town) -> None:
    life = ready(town).appraisal_filed(["appraisal_form", "identity_card"])
    conclude = life.due("conclude")
    assert life.refused("appraisal", "appraisal", "confirm")[0].startswith("还缺材料：有效的诊断证明")
    by = (life.day + timedelta(days=11)).isoformat()
    life.wait(1).act("appraisal", "appraisal", "ask_supplement", supplement_by_on=by, supplement_items="诊断证明、病历")
    assert standing(life) == {"supplement": "running", "conclude": "running"}
    (supplement,) = life.clocks("supplement")
    assert supplement.unrolled_on is not None and supplement.unrolled_on.isoformat() == by
    (reason,) = life.refused("appraisal", "appraisal", "abandon", ground="逾期没有补充")
    assert "还没有过，不能视为放弃" in reason
    life.wait(3).act("desk", "appraisal", "complete", papers=["diagnosis_proof", "medical_record"], behalf="worker")
    assert (life.state("appraisal"), standing(life)) == ("ready", {"conclude": "running"})
    assert life.due("conclude") == conclude


def test_abandoned_and_filed_again(town: Town) -> None:
    life = at(town, "awaiting_supplement")
    life.wait(25).act("appraisal", "appraisal", "abandon", ground="期满没有补充，也没有正当理由")
    assert (life.state("appraisal"), standing(life)) == ("to_apply", {"apply_appraisal": "running"})
    assert life.due("apply_appraisal") > life.day, "the reminder goes on with its next round"
    assert life.clocks("apply_appraisal")[0].fire_on == life.due("apply_appraisal")
    life.wait(10).appraisal_filed()
    (running,) = life.clocks("conclude", state="running")
    assert running.start_on == life.day, "the new application has its own 60 日"
    life.scheduled().concluded().served("appraisal", "appraisal")


def test_a_later_examination_moves_the_conclusion_and_an_earlier_one_does_not(town: Town) -> None:
    life = at(town, "scheduled")
    (before,) = life.clocks("conclude")
    exam = life.day + timedelta(days=3)
    later = (exam + timedelta(days=12)).isoformat()
    life.act("appraisal", "appraisal", "reschedule", exam_on=later, place="演示医院", reason="职工住院")
    (moved,) = life.clocks("conclude")
    assert before.unrolled_on and moved.unrolled_on == before.unrolled_on + timedelta(days=12)
    earlier = (exam + timedelta(days=5)).isoformat()
    life.wait(1).act("appraisal", "appraisal", "reschedule", exam_on=earlier, place="演示医院", reason="职工提前出院")
    assert life.clocks("conclude")[0].unrolled_on == moved.unrolled_on
    life.wait(1).act("appraisal", "appraisal", "reschedule", exam_on=later, place="演示医院", reason="又推迟")
    assert life.clocks("conclude")[0].unrolled_on == moved.unrolled_on, "there and back and there again counts once"
    latest = (exam + timedelta(days=19)).isoformat()
    life.wait(1).act("appraisal", "appraisal", "reschedule", exam_on=latest, place="演示医院", reason="再推迟")
    assert life.clocks("conclude")[0].unrolled_on == moved.unrolled_on + timedelta(days=7)
    assert [k for k, _ in life.documents()].count("exam_notice") == 5


@pytest.mark.parametrize("stage", ["filed", "awaiting_supplement", "ready", "scheduled"])
def test_lengthened_once_and_no_more(town: Town, stage: str) -> None:
    life = at(town, stage)
    (before,) = life.clocks("conclude")
    life.wait(1).act("committee", "appraisal", "extend", ground="伤病情复杂，涉及多个专业")
    (after,) = life.clocks("conclude")
    assert before.unrolled_on and after.unrolled_on == before.unrolled_on + timedelta(days=30)
    assert (after.extensions, life.state("appraisal")) == (1, stage)
    (reason,) = life.refused("committee", "appraisal", "extend", ground="还是复杂")
    assert reason == "“作出鉴定结论”只能延长 1 次，已经延长过了。（依据：劳动能力鉴定管理办法#10.2）"


def test_it_is_not_lengthened_after_the_last_day(town: Town) -> None:
    life = at(town, "ready")
    life.on(life.due("conclude"))
    life.wait(1)
    (reason,) = life.refused("committee", "appraisal", "extend", ground="伤病情复杂")
    assert "期满后不能再延长" in reason


def test_the_day_for_papers_is_put_off_before_it_has_passed(town: Town) -> None:
    life = at(town, "awaiting_supplement")
    (first,) = life.clocks("supplement")
    assert first.due_on is not None
    later = (first.due_on + timedelta(days=15)).isoformat()
    given: dict[str, Any] = {"supplement_by_on": later, "reason": "医院调档要时间"}
    assert "以后的日子另发告知书" in life.refused("appraisal", "appraisal", "extend_supplement", **given)[0]
    life.wait(3)
    earlier = {**given, "supplement_by_on": first.due_on.isoformat()}
    assert "要晚于原来的" in life.refused("appraisal", "appraisal", "extend_supplement", **earlier)[0]
    life.act("appraisal", "appraisal", "extend_supplement", **given)
    (running,) = life.clocks("supplement", state="running")
    assert running.unrolled_on is not None and running.unrolled_on.isoformat() == later
    assert [kind for kind, _ in life.documents()][-2:] == ["supplement_notice"] * 2
    life.on(first.due_on + timedelta(days=3))
    assert "不能视为放弃" in life.refused("appraisal", "appraisal", "abandon", ground="逾期没有补充")[0]
    assert standing(life) == {"supplement": "running", "conclude": "running"}


def test_terminated_and_filed_again(town: Town) -> None:
    life = at(town, "scheduled")
    given: dict[str, Any] = {"termination_ground": "no_show", "ground": "职工无正当理由不参加鉴定"}
    life.wait(3)
    assert "这一天还没有过完" in life.refused("appraisal", "appraisal", "terminate", **given)[0]
    life.wait(1).act(
        "appraisal", "appraisal", "terminate", termination_ground="no_show", ground="职工无正当理由不参加鉴定"
    )
    assert (life.state("appraisal"), standing(life)) == ("to_apply", {"apply_appraisal": "running"})
    assert life.documents()[-1][0] == "termination"
    life.appraisal_filed().scheduled().concluded("none", "none").served("appraisal", "appraisal")
    assert life.row("appraisal").facts["grade"] == "none"


@pytest.mark.parametrize("stage", ["filed", "awaiting_supplement", "ready"])
def test_withdrawn_and_filed_again_on_one_day(town: Town, stage: str) -> None:
    life = at(town, stage)
    life.act("desk", "appraisal", "withdraw", applicant="worker", ground="病情还不稳定")
    assert standing(life) == {"apply_appraisal": "running"}
    life.act("desk", "appraisal", "file", papers=APPRAISAL_PAPERS, applicant="worker", stable="yes")
    assert standing(life) == {"check_papers": "running", "conclude": "running"}


@pytest.mark.parametrize("stage", STAGES)
def test_death_ends_an_appraisal_at_every_stage(town: Town, stage: str) -> None:
    life = at(town, stage)
    life.wait(1).act("appraisal", "appraisal", "record_death", died_on=life.day.isoformat())
    assert (life.state("appraisal"), standing(life)) == ("ended_death", {})
    assert life.case().closed_on is None, "the survivors' benefits are still to be told"
    life.wait(1).act("agency", "benefit", "record_death", died_on=(life.day - timedelta(days=1)).isoformat())
    assert life.state("benefit") == "survivors"
    life.wait(1).act("agency", "benefit", "tell_survivors", reason="已电话告知配偶")
    assert life.case().closed_on is None, "the recognition may still be contested"
    life.windows_over()
    assert (life.case().closed_on, life.standing()) == (life.day, {})


def test_an_appraisal_is_not_the_countys(town: Town) -> None:
    life = at(town, "filed")
    assert life.refused("desk", "appraisal", "confirm") == [
        "您没有办“确认材料齐全”的权限，这件事由鉴定委办公室办理。请转给他们。"
    ]
