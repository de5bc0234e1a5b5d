"""Benefits against the official's tables in tests/law/benefits.yaml, by properties, and what is refused and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from documents import facts as printed
from workflow.benefits import (
    BenefitFacts,
    Determination,
    Figure,
    FigureBook,
    as_json,
    determine,
    read_facts,
    to_document,
)
from workflow.benefits.figures import KINDS
from workflow.errors import BadInput, UnknownFigure
from workflow.law import national as tables
from workflow.words import amount_in_words

HERE = Path(__file__).parent
SPECIMEN = HERE.parent / "documents" / "specimens" / "benefit_sheet.json"
ON = date(2026, 12, 21)
NOTICE = "演示通知第1号"
BASE: dict[str, Any] = {
    "diagnosed_on": "2026-03-20", "concluded_on": "2026-11-05", "grade": 4, "care": "none", "insured": "yes",
    "own_wage": "6000.00",
}  # fmt: skip


@cache
def law_table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "law" / "benefits.yaml").read_text("utf-8"))
    return loaded


def average(year: int, value: str, **more: Any) -> Figure:
    settings: dict[str, Any] = {
        "confidence": "verified",
        "approved": True,
        "demo": True,
        "notice": NOTICE,
        "scope": "city",
    }
    settings |= {"effective_on": date(year + 1, 1, 1)} | more
    return Figure("average_wage", year=year, value=Decimal(value), **settings)


def minimum(county: str, value: str, since: date, figure_id: int | None = None) -> Figure:
    return Figure("minimum_wage", county, None, since, Decimal(value), NOTICE, "verified", True, True, figure_id)


def book(*figures: Figure, on: date = ON, allow_demo: bool = True, pooling: str = "city") -> FigureBook:
    return FigureBook(on, figures, allow_demo, pooling)


AVERAGE_2025 = average(2025, "8000.00")


def facts(**changes: Any) -> BenefitFacts:
    return read_facts(BASE | changes)


def amounts(result: Determination) -> dict[str, str]:
    return {line.item: str(line.amount) for line in result.lines}


def refused(*figures: Figure, **settings: Any) -> list[str]:
    """The sentences of the refusal for the base case under these figures."""
    with pytest.raises(UnknownFigure) as caught:
        determine(facts(), book(*figures, **settings))
    return caught.value.sentences()


# --- the official's tables -------------------------------------------------------------------------------------------


def grid_id(row: Mapping[str, Any]) -> str:
    return f"{row['grade']}-{row['wage']}-{row['care']}"


@pytest.mark.parametrize("row", law_table()["grid"], ids=grid_id)
def test_every_grade_and_care_level_at_every_border_of_the_band(row: Mapping[str, Any]) -> None:
    result = determine(facts(grade=row["grade"], care=row["care"], own_wage=row["wage"]), book(AVERAGE_2025))
    items = {
        "lump_sum": row["lump_sum"],
        "disability_allowance": row["allowance"],
        "care_allowance": row["care_allowance"],
    }
    assert amounts(result) == {item: amount for item, amount in items.items() if amount is not None}, row["why"]
    assert result.own_wage is not None and result.own_wage.used == Decimal(row["used"])
    assert {line.payer for line in result.lines} == {"fund"}
    assert {line.item: line.from_month for line in result.lines if line.per == "month"} == {
        item: "2026-12" for item in amounts(result) if item != "lump_sum"
    }


def test_the_grid_leaves_no_combination_out() -> None:
    grid = law_table()["grid"]
    seen = {(r["grade"], r["wage"], r["care"]) for r in grid}
    wages = {r["wage"] for r in grid}
    assert len(wages) == 5
    assert seen == {(g, w, c) for g in range(1, 11) for w in wages for c in ("none", "part", "most", "full")}


@pytest.mark.parametrize("case", law_table()["cases"], ids=lambda c: str(c["name"]))
def test_single_cases(case: Mapping[str, Any]) -> None:
    changes = {k: str(case[k]) for k in ("diagnosed_on", "concluded_on", "care", "insured") if k in case}
    wages = {"own_wage": case.get("wage"), "wages_12m": case.get("wages")}
    figures = [average(year, value) for year, value in case["averages"].items()]
    result = determine(facts(grade=case["grade"], **changes, **wages), book(*figures))
    assert amounts(result) == case["lines"], case["why"]
    assert list(amounts(result)) == list(case["lines"])
    assert (result.own_wage and str(result.own_wage.used.normalize())) == (
        case["used"] and str(Decimal(case["used"]).normalize())
    )
    assert {line.payer for line in result.lines} <= {case.get("payer", "fund")}
    months = {line.from_month for line in result.lines if line.per == "month"}
    assert months == ({str(case["from_month"])} if "from_month" in case else set())
    assert all(case.get("law", "") in line.law for line in result.lines)
    assert any(case.get("note", "") in note for note in result.notes)


@pytest.mark.parametrize("case", law_table()["faults"], ids=lambda c: str(c["why"]))
def test_bad_facts_are_refused_all_at_once(case: Mapping[str, Any]) -> None:
    changes = {k: str(v) if isinstance(v, date) else v for k, v in case["change"].items()}
    with pytest.raises(BadInput) as caught:
        determine(facts(**changes), book(AVERAGE_2025))
    assert [reason.field for reason in caught.value.reasons] == case["named"]
    assert all(reason.text.endswith("。") and "请" in reason.text for reason in caught.value.reasons)


# --- what a line says ------------------------------------------------------------------------------------------------


def test_a_line_carries_formula_article_and_figures() -> None:
    lump, allowance, care = determine(facts(grade=1, care="full"), book(average(2025, "8000.00", figure_id=7))).lines
    assert lump.formula == "本人工资 6,000.00 元 × 27 个月 = 162,000.00 元"
    assert allowance.formula == "本人工资 6,000.00 元 × 90% = 5,400.00 元"
    assert care.formula == "生活完全不能自理：2025年度全市职工月平均工资 8,000.00 元 × 50% = 4,000.00 元"
    assert [x.law for x in (lump, allowance, care)] == [
        "工伤保险条例#35.1.1",
        "工伤保险条例#35.1.2",
        "工伤保险条例#34.2",
    ]
    assert [(f.kind, f.value, f.year, f.notice, f.demo, f.figure_id) for f in care.figures] == [
        ("average_wage", Decimal("8000.00"), 2025, NOTICE, True, 7)
    ]
    assert [f.kind for f in lump.figures] == ["own_wage", "average_wage"]


@pytest.mark.parametrize(
    ("wage", "used", "band", "result"),
    [
        ("3000.00", "4,666.662", "低于平均工资 7,777.77 元的 60%，取 60%",
         "3,966.66 元（四舍五入到分）"),
        ("30000.00", "23,333.31", "高于平均工资 7,777.77 元的 300%，取 300%",
         "19,833.31 元（四舍五入到分）"),
    ],
)  # fmt: skip
def test_a_formula_says_what_the_band_did_and_that_it_rounded(wage: str, used: str, band: str, result: str) -> None:
    allowance = determine(facts(grade=2, own_wage=wage), book(average(2025, "7777.77"))).lines[1]
    mean = f"平均缴费工资 {Decimal(wage):,.2f} 元"
    assert allowance.formula == f"本人工资 {used} 元（{mean}{band}） × 85% = {result}"


def test_articles_of_the_lump_sum_follow_the_grade() -> None:
    laws = [determine(facts(grade=g), book(AVERAGE_2025)).lines[0].law for g in range(1, 11)]
    assert laws == ["工伤保险条例#35.1.1"] * 4 + ["工伤保险条例#36.1.1"] * 2 + ["工伤保险条例#37.1.1"] * 4


def test_what_is_not_determined_here_is_said_not_left_out() -> None:
    later = {g: [x.item for x in determine(facts(grade=g), book(AVERAGE_2025)).later] for g in (4, 5, 6, 7, 10)}
    grants = ["medical_termination_grant", "employment_termination_grant"]
    with_allowance = ["disability_allowance", *grants]
    assert later == {4: [], 5: with_allowance, 6: with_allowance, 7: grants, 10: grants}
    notes = determine(facts(grade=5), book(AVERAGE_2025)).notes
    assert any("伤残津贴：五级、六级由用人单位支付" in note for note in notes)


def test_monthly_items_say_the_start_month_awaits_confirmation() -> None:
    monthly, once_only = (determine(facts(grade=g), book(AVERAGE_2025)).notes for g in (4, 7))
    assert any("待局确认" in note and "工伤保险经办规程#80" in note for note in monthly)
    assert not any("工伤保险经办规程#80" in note for note in once_only)


@pytest.mark.parametrize(
    ("county", "figures", "said"),
    [
        ("", [], "不知道用人单位在哪个旗县区"),
        ("临河区", [], "缺少“临河区月最低工资标准”"),
        ("临河区", [minimum("临河区", "2000.00", date(2024, 12, 1))], "不低于最低工资标准，不用补差"),
        ("临河区", [minimum("临河区", "4500.00", date(2024, 12, 1))], "不低于最低工资标准，不用补差"),
        ("临河区", [minimum("临河区", "4500.01", date(2024, 12, 1))], "低于最低工资标准，差额应补足"),
        ("五原县", [minimum("临河区", "2000.00", date(2024, 12, 1))], "缺少“五原县月最低工资标准”"),
        ("临河区", [minimum("临河区", "2000.00", date(2024, 12, 1)), minimum("临河区", "5000.00", date(2026, 12, 1))],
         "低于最低工资标准，差额应补足"),
        ("临河区", [minimum("临河区", "2000.00", date(2024, 12, 1)), minimum("临河区", "5000.00", date(2026, 12, 2))],
         "不低于最低工资标准，不用补差"),
    ],
)  # fmt: skip
def test_the_minimum_wage_is_compared_or_said_to_be_unknown_and_never_blocks(
    county: str, figures: list[Figure], said: str
) -> None:
    result = determine(facts(county=county), book(AVERAGE_2025, *figures))
    assert amounts(result)["disability_allowance"] == "4500.00"
    about = [note for note in result.notes if "最低工资" in note]
    assert len(about) == 1
    assert said in about[0]


# --- figures that block ----------------------------------------------------------------------------------------------


def test_an_unknown_figure_refuses_with_its_name_year_scope_use_and_cure() -> None:
    assert refused() == [
        "缺少“2025年度全市职工月平均工资”（用于本人工资的下限和上限）：还没有录入。"
        "请经办机构录入通知文号和数值，由第二人批准。（依据：工伤保险条例#64.2）"
    ]
    with pytest.raises(UnknownFigure) as caught:
        determine(facts(), book())
    assert (caught.value.reasons[0].field, caught.value.reasons[0].who) == ("average_wage:city:2025", "经办机构")


def test_every_missing_figure_is_named_at_once() -> None:
    with pytest.raises(UnknownFigure) as caught:
        determine(facts(grade=1, care="full", diagnosed_on="2025-11-20", concluded_on="2026-03-02"), book())
    assert [r.field for r in caught.value.reasons] == ["average_wage:city:2024", "average_wage:city:2025"]
    with pytest.raises(UnknownFigure) as caught:
        determine(facts(grade=1, care="full"), book())
    assert len(caught.value.reasons) == 1
    assert "用于本人工资的下限和上限、生活护理费" in caught.value.reasons[0].text


@pytest.mark.parametrize(
    ("figure", "settings", "why"),
    [
        (average(2025, "8000", approved=False, figure_id=3), {}, "已录入（第 3 号），还没有第二人批准"),
        (average(2025, "8000", confidence="unverified", figure_id=3), {}, "已录入（第 3 号），但标着“待核实”"),
        (average(2025, "8000"), {"allow_demo": False}, "只有演示数据，正式环境不能用"),
        (average(2025, "8000", effective_on=date(2026, 12, 22)), {}, "自 2026-12-22 起才生效，2026-12-21 还不能用"),
        (average(2025, "8000", scope="region"), {}, "录入过自治区的，能不能用于本项待局确认，不替代使用"),
        (average(2025, "8000"), {"pooling": "region"}, "缺少“2025年度自治区职工月平均工资”"),
        (average(2024, "8000"), {}, "还没有录入"),
    ],
)  # fmt: skip
def test_a_figure_that_may_not_be_used_blocks_by_name(figure: Figure, settings: dict[str, Any], why: str) -> None:
    (sentence,) = refused(figure, **settings)
    assert "2025年度" in sentence and why in sentence and "请经办机构" in sentence


def test_two_notices_of_one_day_that_contradict_each_other_block() -> None:
    (sentence,) = refused(AVERAGE_2025, average(2025, "8001.00", notice="演示通知第2号"))
    assert "互相矛盾（演示通知第1号为 8000.00 元、演示通知第2号为 8001.00 元）" in sentence


def test_the_newest_effective_figure_of_a_year_is_used_and_unapproved_ones_are_not() -> None:
    corrected = average(2025, "9000.00", effective_on=date(2026, 9, 1))
    unapproved = average(2025, "9500.00", effective_on=date(2026, 10, 1), approved=False)
    tomorrow = average(2025, "9900.00", effective_on=date(2026, 12, 22))
    own = determine(facts(), book(AVERAGE_2025, corrected, unapproved, tomorrow)).own_wage
    assert own is not None and own.average.value == Decimal("9000.00")


def test_the_regional_average_is_used_where_the_region_is_the_pooling_area() -> None:
    result = determine(facts(), book(average(2025, "8430.00", scope="region"), pooling="region"))
    assert result.own_wage is not None and result.own_wage.average.label == "2025年度自治区职工月平均工资"


# --- plain data ------------------------------------------------------------------------------------------------------


def test_the_sheet_has_the_shape_the_document_prints() -> None:
    specimen = json.loads(SPECIMEN.read_text("utf-8"))
    sheet = to_document(determine(facts(own_wage="7000.00"), book(AVERAGE_2025)))
    assert set(sheet) == {"lines", "total", "total_upper"} <= set(specimen)
    assert [set(line) for line in sheet["lines"]] == [set(line) for line in specimen["lines"]]
    assert set(sheet["lines"][0]["figures"][0]) == set(specimen["lines"][0]["figures"][0])
    assert (sheet["total"], sheet["total_upper"]) == (specimen["total"], specimen["total_upper"])
    assert [line["amount"] for line in sheet["lines"]] == [line["amount"] for line in specimen["lines"]]
    assert sheet["lines"][1]["period"] == "按月，自2026年12月起"
    for line in sheet["lines"]:  # every word can be printed
        assert printed.money(line["amount"]) and printed.articles(line["law"]) and printed.payer_words(line["payer"])


def test_an_uninsured_line_prints_both_articles_and_the_employer() -> None:
    line = to_document(determine(facts(insured="no"), book(AVERAGE_2025)))["lines"][0]
    assert printed.articles(line["law"]) == "《工伤保险条例》第三十五条第一款第（一）项、第六十二条第二款"
    assert printed.payer_words(line["payer"]) == "用人单位"


def test_frozen_data_is_plain_json_complete_and_always_the_same() -> None:
    def frozen() -> dict[str, Any]:
        return as_json(
            determine(facts(grade=1, care="full", own_wage="3000.00"), book(average(2025, "7777.77", figure_id=9)))
        )

    kept = json.loads(json.dumps(frozen(), ensure_ascii=False))
    assert kept == frozen()
    assert kept["own_wage"]["used"] == kept["own_wage"]["floor"] == "4666.662"
    assert [line["item"] for line in kept["lines"]] == ["lump_sum", "disability_allowance", "care_allowance"]
    assert [line["from"] for line in kept["lines"]] == [None, "2026-12", "2026-12"]
    assert kept["lines"][2]["figures"][0]["figure_id"] == 9
    assert (kept["on"], kept["facts"]["grade"], kept["demo"]) == ("2026-12-21", 1, True)


def test_a_sheet_without_lines_adds_up_to_nothing() -> None:
    sheet = to_document(determine(facts(grade="none", own_wage=None), book()))
    assert sheet == {"lines": [], "total": "0.00", "total_upper": "零元整"}


def test_only_invented_figures_mark_a_determination_as_demo() -> None:
    real = book(average(2025, "8000.00", demo=False), allow_demo=False)
    assert (determine(facts(), real).demo, determine(facts(), book(AVERAGE_2025)).demo) == (False, True)


# --- reading facts ---------------------------------------------------------------------------------------------------


def test_facts_are_read_from_what_people_type() -> None:
    typed = facts(
        grade="4", own_wage=None, wages_12m="6,000.00、６１００ 6200.5", insured=True, diagnosed_on=date(2026, 3, 20)
    )
    assert typed == BenefitFacts(date(2026, 3, 20), date(2026, 11, 5), 4, "none", True, None,
                                 (Decimal("6000.00"), Decimal("6100"), Decimal("6200.5")))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"own_wage": 6000.1}, ["own_wage"]),
        ({"own_wage": "六千"}, ["own_wage"]),
        ({"own_wage": "1e4"}, ["own_wage"]),
        ({"own_wage": True}, ["own_wage"]),
        ({"wages_12m": "6000,6100"}, ["wages_12m"]),
        ({"wages_12m": [6000.5]}, ["wages_12m"]),
        ({"wages_12m": 6000}, ["wages_12m"]),
        ({"grade": "四级"}, ["grade"]),
        ({"grade": True}, ["grade"]),
        ({"grade": None, "care": ""}, ["grade", "care"]),
        ({"diagnosed_on": "2026-02-30", "concluded_on": None}, ["diagnosed_on", "concluded_on"]),
        ({"insured": "maybe"}, ["insured"]),
        ({"insured": 1}, ["insured"]),
        ({"salary": "6000"}, ["salary"]),
    ],
)
def test_what_cannot_be_read_is_named_and_never_guessed(changes: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        facts(**changes)
    assert [reason.field for reason in caught.value.reasons] == named


def test_not_a_number_is_no_wage() -> None:
    for odd in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(BadInput):
            determine(replace(facts(), own_wage=Decimal(odd)), book(AVERAGE_2025))


# --- properties ------------------------------------------------------------------------------------------------------

WAGES = st.integers(1, 10_000_000).map(lambda fen: Decimal(fen) / 100)
AVERAGES = st.integers(100_000, 5_000_000).map(lambda fen: Decimal(fen) / 100)
CARES = st.sampled_from(["none", "part", "most", "full"])
GRADES = st.integers(1, 10)
SHARES = {"part": 30, "most": 40, "full": 50}


def worked_out(grade: int, care: str, wage: Decimal, mean: Decimal, insured: str = "yes") -> Determination:
    return determine(facts(grade=grade, care=care, own_wage=wage, insured=insured), book(average(2025, str(mean))))


@given(GRADES, CARES, WAGES, AVERAGES, st.sampled_from(["yes", "no"]))
def test_sums_equal_lines_and_the_payers_cover_the_whole(
    grade: int, care: str, wage: Decimal, mean: Decimal, insured: str
) -> None:
    result = worked_out(grade, care, wage, mean, insured)
    by_hand = sum(int(line.amount * 100) for line in result.lines)
    assert int(result.total * 100) == by_hand == int((result.total_once + result.total_month) * 100)
    for per, total in (("once", result.total_once), ("month", result.total_month)):
        assert result.paid_by("fund", per) + result.paid_by("employer", per) == total
        assert result.paid_by("employer" if insured == "yes" else "fund", per) == 0
    assert to_document(result)["total_upper"] == amount_in_words(result.total)


@given(st.integers(1, 9), CARES, WAGES, AVERAGES)
def test_a_graver_grade_never_pays_less(grade: int, care: str, wage: Decimal, mean: Decimal) -> None:
    graver, lighter = (worked_out(g, care, wage, mean) for g in (grade, grade + 1))
    for item in ("lump_sum", "disability_allowance", "care_allowance"):
        more, less = ({x.item: x.amount for x in r.lines}.get(item, Decimal()) for r in (graver, lighter))
        assert more >= less


@given(GRADES, CARES, WAGES, AVERAGES)
def test_amounts_agree_with_a_second_working_in_fractions(grade: int, care: str, wage: Decimal, mean: Decimal) -> None:
    def fen(exact: Fraction) -> int:
        return int(exact * 100 + Fraction(1, 2))  # floor of a positive number: half-up

    used = min(max(Fraction(wage), Fraction(mean) * 60 / 100), Fraction(mean) * 3)
    months = (27, 25, 23, 21, 18, 16, 13, 11, 9, 7)[grade - 1]
    expected = {"lump_sum": fen(used * months)}
    if grade <= 4:
        expected["disability_allowance"] = fen(used * (95 - 5 * grade) / 100)
    if care != "none":
        expected["care_allowance"] = fen(Fraction(mean) * SHARES[care] / 100)
    result = worked_out(grade, care, wage, mean)
    assert {line.item: int(line.amount * 100) for line in result.lines} == expected


@given(st.lists(WAGES, min_size=1, max_size=12), AVERAGES)
def test_the_mean_of_the_months_does_not_depend_on_their_order(wages: list[Decimal], mean: Decimal) -> None:
    one, other = (
        determine(facts(own_wage=None, wages_12m=order), book(average(2025, str(mean)))).own_wage
        for order in (wages, sorted(wages))
    )
    assert one is not None and one == other
    assert one.floor <= one.used <= one.cap
    assert min(wages) - 1 < one.raw < max(wages) + 1


# --- the national tables ---------------------------------------------------------------------------------------------


def test_no_local_figure_stands_in_the_national_tables() -> None:
    text = tables.TABLES.read_text("utf-8")
    assert not any(kind in text for kind in KINDS)
    assert max(int(rate.value) for rate in tables.national().lump_sum.values()) == 27
    assert "演示" not in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  10: {months: 7,", "  11: {months: 7,"),
        ("months: 27", "months: 27.5"),
        ("months: 27", "months: -27"),
        ("percent: 90, law: \"工伤保险条例#35.1.2\"", "percent: 90, law: \"\""),
        ("percent: 50, law: \"工伤保险条例#34.2\", confidence: H",
         "percent: 50, law: \"工伤保险条例#34.2\", confidence: L"),
        ("rule: next_month ", "rule: same_month "),
    ],
)  # fmt: skip
def test_an_incomplete_national_table_is_refused(old: str, new: str) -> None:
    text = tables.TABLES.read_text("utf-8")
    assert text.count(old) == 1
    with pytest.raises(ValueError):
        tables.parse(text.replace(old, new))
