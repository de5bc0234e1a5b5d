"""Whole lives of a benefit (待遇), from the conclusion to the monthly payment, through the real engine on both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.builders import WAGE, Life, Town
from workflow import cases, clock
from workflow.models import Payment

STAGES = (
    "to_claim",
    "claimed",
    "determined",
    "reviewed",
    "approved",
    "payable",
    "paid_once",
    "paying",
    "returned",
    "stopped",
)


def appraised(town: Town, grade: str = "3", care: str = "part", **changes: Any) -> Life:
    return town.life(**changes).recognised().served().appraised(grade, care)


def payments(life: Life) -> list[tuple[str, str, Decimal, str, int]]:
    with life.town.store.reading() as session:
        rows = session.scalars(select(Payment).where(Payment.case_id == life.case().id).order_by(Payment.id))
        return [(p.item, p.month, p.amount, p.state, p.round) for p in rows]


def standing(life: Life) -> list[tuple[str, str]]:
    """(clock, state) of the benefit's clocks that are not settled."""
    matter = life.row("benefit").id
    return [
        (c.name, c.state)
        for c in life.clocks()
        if c.matter_id == matter and c.state in ("running", "paused", "unstarted")
    ]


def month(life: Life) -> str:
    return life.day.isoformat()[:7]


def paid_once(life: Life) -> Life:
    life.claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    return life


def paying(life: Life) -> Life:
    paid_once(life)
    life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
    return life


def at(town: Town, stage: str) -> Life:
    """A case whose benefit stands in that state."""
    life = appraised(town)
    if stage in ("claimed", "determined", "reviewed", "approved"):
        life.claimed()
        acts: list[tuple[str, str, dict[str, Any]]] = [
            ("agency", "determine", {"own_wage": WAGE}),
            ("reviewer", "review", {}),
            ("head", "approve", {}),
        ]
        for who, action, facts in acts[: ("claimed", "determined", "reviewed", "approved").index(stage)]:
            life.wait(1).act(who, "benefit", action, **facts)
    elif stage == "payable":
        life.claimed().payable()
    elif stage == "paid_once":
        paid_once(life)
    elif stage != "to_claim":
        paying(life)
    if stage == "returned":
        life.wait(1).act("finance", "benefit", "bank_return", returned_item="lump_sum", reason="账号户名不符")
    if stage == "stopped":
        life.wait(1).act("head", "benefit", "stop", stop_cause="appraisal", ground="拒不接受鉴定")
        life.wait(1).act(
            "agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat()
        )
    assert life.state("benefit") == stage
    return life


def test_recognised_appraised_and_paid_month_by_month(town: Town) -> None:
    life = appraised(town)
    (reason,) = life.refused(
        "desk", "benefit", "claim", applicant="worker", account_holder="试大山", bank="演示银行", bank_account="62"
    )
    assert "申请再次鉴定的期限要到" in reason and "工伤保险条例#26" in reason
    life.claimed()
    assert standing(life) == [("determine_benefit", "running")]
    life.wait(1).act("agency", "benefit", "determine", own_wage=WAGE)
    lines = {line["item"]: line for line in life.row("benefit").facts["lines"]}
    # Grade 3: 23 months' own wage once, 80 % of it each month; partly unable to care for himself: 30 % of the city's average.
    assert {i: (x["amount"], x["per"], x["payer"]) for i, x in lines.items()} == {
        "lump_sum": ("142600.00", "once", "fund"), "disability_allowance": ("4960.00", "month", "fund"),
        "care_allowance": ("2100.00", "month", "fund"),
    }  # fmt: skip
    (reason,) = life.refused("everything", "benefit", "approve")
    assert reason.startswith("“已核定，待复核”时不能办“approve”。现在能办：review（复核）、send_back（退回重新核定）、")
    life.wait(1).act("reviewer", "benefit", "review")
    life.wait(1).act("head", "benefit", "approve")
    assert life.documents()[-1] == ("benefit_sheet", life.documents()[-1][1])
    life.wait(1).act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    assert (life.state("benefit"), standing(life)) == ("payable", [("pay_first", "running")])
    life.wait(1).act("finance", "benefit", "pay_once")
    assert payments(life) == [("lump_sum", "", Decimal("142600.00"), "paid", 1)]
    assert standing(life) == [("pay_next", "running")]
    assert life.refused("finance", "benefit", "finish") == [
        "核定表里有按月发放的待遇，还要按月发，不能办结。（依据：工伤保险条例#35）"
    ]
    for _ in range(3):
        life.wait(30).act("finance", "benefit", "pay_month", month=month(life))
        assert standing(life) == [("pay_next", "running")], "one reminder, from the last payment"
        assert life.clocks("pay_next", state="running")[0].start_on == life.day
        assert life.refused("finance", "benefit", "pay_month", month=month(life)) == [
            f"{month(life)} 的待遇已经发过，不能重发。（依据：工伤保险条例#35）"
        ]
    assert [p[:3] for p in payments(life)][1:3] == [
        ("disability_allowance", payments(life)[1][1], Decimal("4960.00")), ("care_allowance", payments(life)[1][1], Decimal("2100.00")),
    ]  # fmt: skip
    ahead = f"{life.day.year + 1}-01"
    assert life.refused("finance", "benefit", "pay_month", month=ahead) == [
        f"{ahead} 还没有到，不能提前发放。请改月份。（依据：工伤保险条例#35）"
    ]
    assert life.refused("finance", "benefit", "pay_month", month="2026-01")[0].endswith(
        "请改月份。（依据：工伤保险条例#35）"
    )
    assert life.case().closed_on is None


def test_once_only_benefits_are_paid_and_the_case_is_closed(town: Town) -> None:
    life = appraised(town, "7", "none")
    paid_once(life)
    assert payments(life) == [("lump_sum", "", Decimal("80600.00"), "paid", 1)]  # 13 months' own wage
    assert life.refused("finance", "benefit", "pay_month", month=month(life))[0].startswith(
        "核定表里没有按月发放的待遇"
    )
    life.wait(1).act("finance", "benefit", "finish")
    assert (life.state("benefit"), life.case().closed_on, standing(life)) == ("paid", None, [])
    life.windows_over()
    assert life.case().closed_on == life.day, "with the last window to object the case is over"
    assert [s for _, s in life.matters() if s not in ("paid", "final")] == ["window_closed"] * 3


def test_without_a_grade_nothing_is_determined(town: Town) -> None:
    life = appraised(town, "none", "none").claimed()
    (reason,) = life.refused("agency", "benefit", "determine", own_wage=WAGE)
    assert reason.startswith("鉴定结论未达到伤残等级")
    life.act("agency", "benefit", "close_no_grade")
    assert (life.state("benefit"), standing(life)) == ("telling_no_grade", [("serve_notice", "running")])
    life.wait(1).act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    assert life.state("benefit") == "no_grade"
    assert life.windows_over().case().closed_on == life.day


def test_an_employer_that_did_not_insure_pays_itself(town: Town) -> None:
    life = appraised(town, insured="no").claimed()
    (reason,) = life.refused("agency", "benefit", "determine", own_wage=WAGE)
    assert reason.startswith("单位没有参保，待遇由用人单位支付")
    life.act("agency", "benefit", "refer_employer", ground="参保记录查询为未参保")
    life.served("benefit", "agency")
    assert life.state("benefit") == "employer_liable"
    assert life.windows_over().case().closed_on == life.day


def test_where_nobody_knows_whether_he_was_insured_it_is_asked_first(town: Town) -> None:
    life = appraised(town, insured="unknown").claimed()
    assert life.tasks() == ["insured"]
    assert "还不清楚，不能确定由谁支付" in life.refused("agency", "benefit", "determine", own_wage=WAGE)[0]
    assert "是否参保还不清楚" in life.refused("agency", "benefit", "refer_employer", ground="不明")[0]
    with clock.frozen(life.day):
        cases.fill_in(town.store, town.people["desk"], life.case_no, {"insured": "yes"})
    life.check()
    assert life.tasks() == []
    life.act("agency", "benefit", "determine", own_wage=WAGE)


def test_after_the_second_appraisals_days_nobody_needs_to_ask_for_a_provisional_determination(town: Town) -> None:
    life = appraised(town).wait(30)
    life.claimed(provisional="")
    assert life.state("benefit") == "claimed"


def test_three_people_make_a_sheet(town: Town) -> None:
    life = appraised(town).claimed()
    life.act("everything", "benefit", "determine", own_wage=WAGE)
    same = "这份待遇是您本人核定或复核的，要由另一个人办。请转给其他人。（依据：社会保险经办条例#37）"
    assert life.refused("everything", "benefit", "review") == [same]
    life.act("reviewer", "benefit", "review")
    assert life.refused("everything", "benefit", "approve") == [same]
    life.act("head", "benefit", "approve")
    life.act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    life.act("everything", "benefit", "pay_once")


def test_the_approver_does_not_pay(town: Town) -> None:
    life = appraised(town).claimed()
    life.act("agency", "benefit", "determine", own_wage=WAGE)
    life.act("reviewer", "benefit", "review")
    life.act("everything", "benefit", "approve")
    life.act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    assert life.refused("everything", "benefit", "pay_once") == [
        "待遇还没有由另一个人审批，不能支付。（依据：社会保险经办条例#37）"
    ]


@pytest.mark.parametrize(("stage", "who"), [("determined", "reviewer"), ("reviewed", "head")])
def test_sent_back_and_determined_again(town: Town, stage: str, who: str) -> None:
    life = at(town, stage)
    assert life.refused(who, "benefit", "send_back")[0] == "请填写“原因”。"
    life.wait(15).act(who, "benefit", "send_back", reason="本人工资取数有误")
    assert (life.state("benefit"), standing(life)) == ("claimed", [("determine_benefit", "running")])
    assert life.due("determine_benefit") > life.day, "the reminder goes on with its next round"
    life.wait(1).act("agency", "benefit", "determine", own_wage="6000.00")
    assert {x["item"]: x["amount"] for x in life.row("benefit").facts["lines"]}["lump_sum"] == "138000.00"
    life.wait(1).act("reviewer", "benefit", "review")
    life.wait(1).act("head", "benefit", "approve")
    life.wait(1).act("agency", "benefit", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    life.wait(1).act("finance", "benefit", "pay_once")
    assert payments(life) == [("lump_sum", "", Decimal("138000.00"), "paid", 1)]


def test_what_the_bank_sends_back_is_paid_again_once(town: Town) -> None:
    life = at(town, "paid_once")
    assert life.refused(
        "finance",
        "benefit",
        "bank_return",
        returned_item="care_allowance",
        reason="账号不符",
        returned_month=month(life),
    ) == ["没有这个项目和月份的付款记录。请核对退回的项目和月份（一次性的不填月份）。"]
    life.wait(2).act("finance", "benefit", "bank_return", returned_item="lump_sum", reason="账号户名不符")
    assert (life.state("benefit"), standing(life)) == ("returned", [("pay_returned", "running")])
    assert payments(life) == [("lump_sum", "", Decimal("142600.00"), "returned", 1)]
    assert "还没有核实" in life.refused("finance", "benefit", "repay")[0]
    life.wait(3).act(
        "agency",
        "benefit",
        "confirm_account",
        account_holder="试大山",
        bank="演示银行二",
        bank_account="6200000000005678",
    )
    life.act("finance", "benefit", "repay")
    assert payments(life) == [
        ("lump_sum", "", Decimal("142600.00"), "returned", 1), ("lump_sum", "", Decimal("142600.00"), "paid", 2),
    ]  # fmt: skip
    assert (life.state("benefit"), standing(life)) == ("paid_once", [("pay_next", "running")])
    life.wait(10).act("finance", "benefit", "pay_month", month=month(life))
    life.wait(1).act(
        "finance",
        "benefit",
        "bank_return",
        returned_item="care_allowance",
        returned_month=month(life),
        reason="账户冻结",
    )
    life.wait(1).act(
        "agency",
        "benefit",
        "confirm_account",
        account_holder="试大山",
        bank="演示银行三",
        bank_account="6200000000009999",
    )
    life.act("finance", "benefit", "repay")
    assert [(p[0], p[3], p[4]) for p in payments(life)][2:] == [
        ("disability_allowance", "paid", 1), ("care_allowance", "returned", 1), ("care_allowance", "paid", 2),
    ]  # fmt: skip
    assert sum(p[2] for p in payments(life) if p[3] == "paid") == Decimal("142600.00") + Decimal("4960.00") + Decimal(
        "2100.00"
    )


def test_stopped_and_taken_up_again_is_reminded_of(town: Town) -> None:
    life = at(town, "stopped")
    assert standing(life) == [("check_stopped", "running")]
    life.wait(100).act("head", "benefit", "restart", ground="已接受鉴定")
    assert standing(life) == [("pay_next", "running")]
    (pay,) = life.clocks("pay_next", state="running")
    assert pay.fire_on is not None and pay.fire_on == pay.due_on and pay.due_on > life.day
    assert "停发期间" in life.refused("finance", "benefit", "pay_month", month=month(life))[0]
    life.wait(31).act("finance", "benefit", "pay_month", month=month(life))


@pytest.mark.parametrize("stage", STAGES)
def test_death_leads_to_the_survivors_at_every_stage(town: Town, stage: str) -> None:
    life = at(town, stage)
    life.wait(1).act("agency", "benefit", "record_death", died_on=life.day.isoformat())
    watching = dict(standing(life))
    assert life.state("benefit") == "survivors" and set(watching) == {"survivors_told", "pension_starts"}
    life.wait(1).act("agency", "benefit", "tell_survivors", reason="已当面告知配偶")
    assert (life.state("benefit"), standing(life)) == ("ended_death", [])
    assert life.windows_over().case().closed_on == life.day
