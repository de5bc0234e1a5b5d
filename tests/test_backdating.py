"""Acts of an earlier day: why they are recorded only now, what they may not undo, and how the limit counts as kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import PAPERS, Life, Town, fresh_town
from workflow import cases, clock
from workflow.cases.asking import BACKDATE
from workflow.cases.load import load_seen
from workflow.deadlines import kept
from workflow.errors import Refused
from workflow.models import Clock

WHY = "邮件晚到，按回证日期补记"
ASKED = "请写明补记的原因，原因会一直显示在办理记录里。"


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def codes(life: Life, who: str, action: str, matter: str = "recognition", **facts: Any) -> list[tuple[str, str]]:
    """(code, field) of every reason against an act that must be refused."""
    with clock.frozen(life.day), pytest.raises(Refused) as refused:
        cases.perform(life.town.store, life.town.people[who], life.case_no, matter, action, facts=facts)
    return [(r.code, r.field) for r in refused.value.reasons]


def verdicts(life: Life, name: str) -> dict[str, str]:
    """Addressee → how the limit was kept."""
    return {c.addressee: kept({n.name: getattr(c, n.name) for n in Clock.__table__.columns}) for c in life.clocks(name)}


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


# --- the reason ------------------------------------------------------------------------------------------------------------


def test_an_act_of_an_earlier_day_says_why_it_is_recorded_only_now(town: Town) -> None:
    life = town.life().filed().on("2026-03-10")
    nothing: list[dict[str, Any]] = [{}, {"backdate_reason": ""}, {"backdate_reason": "   "}]
    for empty in nothing:
        assert codes(life, "approver", "accept", accepted_on="2026-03-05", **empty) == [
            ("backdate_reason", "backdate_reason")
        ]
    assert ASKED in life.refused("approver", "recognition", "accept", accepted_on="2026-03-05")[0]
    life.act("approver", "recognition", "accept", accepted_on="2026-03-05", backdate_reason=f" {WHY} ")
    event = life.event()
    assert (event["on"], event["payload"]["backdated"], event["payload"]["backdate_reason"]) == (day("03-05"), 5, WHY)
    assert "backdate_reason" not in event["payload"]["facts"] and life.due("decide") == day("05-06")
    assert verdicts(life, "examine") == {"": "timely"}


def test_the_reason_stands_among_all_other_reasons(town: Town) -> None:
    life = town.life().filed(papers=["application"]).on("2026-03-10")
    found = codes(life, "approver", "accept", accepted_on="2026-03-05", backdate_reason="字" * 4001)
    assert ("papers_missing", "") in found and BACKDATE.name in {field for _, field in found}


def test_an_act_of_today_has_nothing_to_explain(town: Town) -> None:
    life = town.life().filed().wait(1)
    life.act("approver", "recognition", "accept", backdate_reason=WHY)
    assert not {"backdated", "backdate_reason"} & set(life.event()["payload"])


def test_acts_that_have_a_day_of_their_own_offer_the_reason(town: Town) -> None:
    life = town.life().filed()
    with clock.frozen(life.day), town.store.reading() as session:
        loaded = load_seen(town.store, session, life.case_no, town.people["approver"])
        offered = cases.choices(loaded, loaded.matters[0], town.people["approver"])
    dated = {c.action.name for c in offered if BACKDATE in c.may}
    assert dated == {c.action.name for c in offered if c.action.on or c.action.each} and "accept" in dated


# --- no document of ours is dated back over a missed limit -----------------------------------------------------------------

# today, the day written on the acceptance (the last was 03-17) → what stands in the way, how the limit was kept
ACCEPTANCES = [
    ("03-25", "03-16", [("dated_back_over_due", "accepted_on")], ""), ("03-25", "03-17", [("dated_back_over_due", "accepted_on")], ""),
    ("03-25", "03-18", [], "late"), ("03-25", "03-25", [], "late"), ("03-17", "03-10", [], "timely"), ("03-18", "03-18", [], "late"),
]  # fmt: skip


@pytest.mark.parametrize(("today", "dated", "against", "how"), ACCEPTANCES)
def test_our_own_document_is_not_dated_back_over_a_missed_limit(
    town: Town, today: str, dated: str, against: list[tuple[str, str]], how: str
) -> None:
    life = town.life().filed().on(f"2026-{today}")
    facts: dict[str, Any] = {"accepted_on": f"2026-{dated}", "backdate_reason": WHY}
    if against:
        assert codes(life, "approver", "accept", **facts) == against
        (said,) = life.refused("approver", "recognition", "accept", **facts)
        assert (
            said
            == "“决定是否受理”时限已于 2026-03-17 届满，不能补记成届满以前办的。请按实际日期登记。（依据：工伤认定办法#8.1）"
        )
        return
    life.act("approver", "recognition", "accept", **facts)
    assert verdicts(life, "examine") == {"": how}


def test_a_suspension_is_not_dated_back_over_a_limit_it_would_stop(town: Town) -> None:
    facts: dict[str, Any] = {
        "suspended_on": "2026-03-10", "suspension_kind": "judicial", "ground": "等待检察机关的结论", "awaited": "结论书", "backdate_reason": WHY,
    }  # fmt: skip
    life = town.life().accepted().on("2026-03-25")  # 从快 ended on 03-18, the sixty days run on
    assert codes(life, "approver", "suspend", **facts) == [("dated_back_over_due", "suspended_on")]
    ordinary = town.life(name="试小山").accepted()
    ordinary.act("officer", "recognition", "to_ordinary", reason="单位有异议")
    ordinary.on("2026-03-25").act("approver", "recognition", "suspend", **facts)
    assert ordinary.clocks("decide")[0].pauses[0][0] == "2026-03-10"


# --- what others did in time ------------------------------------------------------------------------------------------------


def test_a_partys_act_in_time_recorded_later_is_kept_as_backdated(town: Town) -> None:
    life = town.life(day("03-02")).on("2026-03-20")  # the employer's thirty days ended on 03-18
    given: dict[str, Any] = {"papers": PAPERS, "applicant": "employer", "filed_on": "2026-03-17"}
    assert life.refused("desk", "recognition", "file", **given) == [f"这件事的日期是 2026-03-17，今天才登记。{ASKED}"]
    life.act("desk", "recognition", "file", **given, backdate_reason=WHY)
    assert (verdicts(life, "employer_files"), verdicts(life, "worker_files")) == ({"": "backdated"}, {"": "timely"})


def test_a_delivery_recorded_late_is_kept_as_backdated_for_that_addressee_alone(town: Town) -> None:
    life = town.life().recognised()
    decided, due = life.day, life.due("serve", "worker")
    received = decided + timedelta(days=5)
    life.on(due + timedelta(days=3))
    facts: dict[str, Any] = {"addressee": "worker", "way": "post", "received_on": received.isoformat()}
    assert codes(life, "desk", "deliver", **facts) == [("backdate_reason", "backdate_reason")]
    life.act("desk", "recognition", "deliver", **facts, backdate_reason=WHY)
    assert life.event()["payload"]["backdate_reason"] == WHY
    assert verdicts(life, "serve") == {"worker": "backdated", "employer": ""} and life.state("recognition") == "decided"
    late = (due + timedelta(days=1)).isoformat()
    life.act("desk", "recognition", "deliver", addressee="employer", way="direct", received_on=late)
    assert verdicts(life, "serve") == {"worker": "backdated", "employer": "late"}
    begun = [c.start_on for c in life.clocks("apply_review")]
    assert begun == [received, date.fromisoformat(late)], "each party's time runs from its own receipt"


def test_a_delivery_before_the_limit_ended_needs_no_reason(town: Town) -> None:
    life = town.life().recognised().wait(4)
    received = (life.day - timedelta(days=2)).isoformat()
    life.act("desk", "recognition", "deliver", addressee="worker", way="post", received_on=received)
    assert (life.event()["payload"]["backdated"], life.event()["payload"]["backdate_reason"]) == (2, "")
    assert verdicts(life, "serve")["worker"] == "timely"


# --- the year -------------------------------------------------------------------------------------------------------------

# recorded on, dated → whether a person has to judge (the year ended on Monday 2026-03-02)
YEAR = [
    ("03-02", "03-02", False),
    ("03-02", "02-27", False),
    ("03-09", "02-27", True),
    ("03-09", "03-02", True),
    ("03-09", "03-03", True),
    ("03-09", "03-09", True),
]


@pytest.mark.parametrize(("recorded", "dated", "judged"), YEAR)
def test_a_filing_dated_within_the_year_but_recorded_after_it_goes_to_a_person(
    town: Town, recorded: str, dated: str, judged: bool
) -> None:
    life = town.life(day("03-02"), diagnosed_on="2025-03-02").on(f"2026-{recorded}")
    given: dict[str, Any] = {"applicant": "worker", "filed_on": f"2026-{dated}", "backdate_reason": WHY}
    life.act("desk", "recognition", "file", papers=PAPERS, **given)
    if judged:
        (said,) = life.refused("approver", "recognition", "accept")
        assert "请查明应当扣除的时间" in said and "系统不自动拒绝" in said and "工伤保险条例#17.2" in said
        life.act("approver", "recognition", "accept", late_judgement="回证证明二月底收到，期间在住院")
    else:
        life.act("approver", "recognition", "accept")
    assert life.state("recognition") == "under_review"
