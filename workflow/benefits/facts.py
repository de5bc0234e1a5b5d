"""What a determination rests on, read from what people typed: every fault at once, none corrected silently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from workflow.benefits.money import FEN
from workflow.errors import BadInput, Reason
from workflow.law.national import CARE_LEVELS, GRADES, national

ABSURD_WAGE = Decimal(100_000)
"""Above this a monthly wage was most likely typed in 分 or with a slipped point; no law, only a catch."""
CARES = ("none", *CARE_LEVELS)
LABELS = {
    "diagnosed_on": "诊断日期", "concluded_on": "鉴定结论日期", "grade": "伤残等级", "care": "生活自理障碍等级",
    "insured": "是否参保", "own_wage": "本人工资", "wages_12m": "诊断前各月缴费工资", "county": "用人单位所在旗县区",
}  # fmt: skip
_MONEY = re.compile(r"-?(\d{1,12}|\d{1,3}(,\d{3}){1,3})(\.\d+)?")
_BETWEEN = re.compile(r"[、；;，\s]+")


@dataclass(frozen=True)
class BenefitFacts:
    """Facts of one worker. `grade` 1-10 or None (未达到伤残等级); `care` none, part, most, full.

    Own wage (本人工资, 元 a month, before the band) either as the mean `own_wage` or as the contribution wages
    `wages_12m` of the paid months (at most 12) before the diagnosis. `insured` None means unknown and is refused.
    `county` is the employer's 旗县区, only for the comparison with the minimum wage.
    """

    diagnosed_on: date
    concluded_on: date
    grade: int | None
    care: str
    insured: bool | None
    own_wage: Decimal | None = None
    wages_12m: tuple[Decimal, ...] = ()
    county: str = ""


def faults(facts: BenefitFacts, on: date) -> list[Reason]:
    """Everything wrong or contradictory in the facts on the day `on` of the determination; empty when sound."""
    return [*_day_faults(facts, on), *_grade_faults(facts), *_wage_faults(facts)]


def _fault(name: str, text: str, law: str = "") -> Reason:
    return Reason(f"“{LABELS[name]}”{text}", code="bad_fact", law=law, field=name)


def _day_faults(facts: BenefitFacts, on: date) -> list[Reason]:
    found = []
    if facts.concluded_on < facts.diagnosed_on:
        found.append(
            _fault("concluded_on", f"{facts.concluded_on} 早于诊断日期 {facts.diagnosed_on}。请核对这两个日期。")
        )
    if facts.concluded_on > on:
        found.append(
            _fault("concluded_on", f"{facts.concluded_on} 晚于核定日期 {on}。请核对日期，或在结论作出后再核定。")
        )
    if facts.diagnosed_on > on:
        found.append(_fault("diagnosed_on", f"{facts.diagnosed_on} 晚于核定日期 {on}。请核对日期。"))
    since = national().since
    if facts.concluded_on < since:
        found.append(_fault("concluded_on", f"{facts.concluded_on} 早于现行标准施行的 {since}，本系统没有更早的标准。"
                            "请核对日期；确属当时结论的，请人工核定。", national().since_law))  # fmt: skip
    return found


def _grade_faults(facts: BenefitFacts) -> list[Reason]:
    found = []
    if facts.grade is not None and facts.grade not in GRADES:
        found.append(_fault("grade", f"{facts.grade} 不在一级至十级之内。请按鉴定结论填 1 至 10，未达等级的填 none。",
                            "工伤保险条例#22.2"))  # fmt: skip
    if facts.care not in CARES:
        found.append(
            _fault("care", f"“{facts.care}”不是规定的等级。请填 full、most、part 或 none。", "工伤保险条例#22.3")
        )
    elif facts.grade is None and facts.care != "none":
        found.append(
            _fault("care", "与伤残等级矛盾：没有评定伤残等级的，没有生活护理费。请核对鉴定结论。", "工伤保险条例#34.1")
        )
    if facts.insured is None:
        found.append(_fault("insured", "还不清楚，不能确定由谁支付。请先补录参保情况。", "工伤保险条例#62.2"))
    return found


def _wage_faults(facts: BenefitFacts) -> list[Reason]:
    law = national().band.law
    found: list[Reason] = []
    if facts.own_wage is not None:
        found += _amount_faults("own_wage", "", facts.own_wage)
    for number, wage in enumerate(facts.wages_12m, start=1):
        found += _amount_faults("wages_12m", f"第 {number} 个月的 ", wage)
    if len(facts.wages_12m) > national().band.months:
        found.append(
            _fault("wages_12m", f"有 {len(facts.wages_12m)} 个月，最多 12 个月。请只填诊断前 12 个月内的。", law)
        )
    if facts.own_wage is not None and facts.wages_12m:
        found.append(_fault("own_wage", "和各月缴费工资只能填一种。请留下一种。", law))
    if facts.grade is not None and facts.own_wage is None and not facts.wages_12m:
        found.append(_fault("own_wage", "没有填。请填诊断前 12 个月的平均月缴费工资，或各月的缴费工资。", law))
    return found


def _amount_faults(name: str, which: str, amount: Decimal) -> list[Reason]:
    if not amount.is_finite() or amount <= 0:
        return [_fault(name, f"{which}{amount} 不是大于零的金额。没有缴费的月份不要填，其余请按缴费记录填写。")]
    if amount > ABSURD_WAGE:
        return [_fault(name, f"{which}{amount} 元高得不合常理，可能填成了分或点错了小数点。请按元填写。")]
    if amount != amount.quantize(FEN):
        return [_fault(name, f"{which}{amount} 超过两位小数。请填到分。")]
    return []


# --- reading what people typed ---------------------------------------------------------------------------------------


def read_facts(raw: Mapping[str, Any]) -> BenefitFacts:
    """Facts from plain values (texts, dates, Decimals, lists). Raises BadInput with every value that cannot be read.

    `grade` 1-10 or none; `insured` yes/no/unknown or bool; wages as Decimal, int or text, `wages_12m` a list of them or
    one text with 、 between them. Floats are refused. `county`, `own_wage` and `wages_12m` may be missing.
    """
    known = "、".join(LABELS)
    found = [
        Reason(f"不认识“{name}”。可以填：{known}。", code="bad_fact", field=str(name))
        for name in raw
        if name not in LABELS
    ]
    values = {name: _read(name, raw.get(name), found) for name in LABELS}
    if found:
        raise BadInput(found)
    return BenefitFacts(**values)


def _read(name: str, value: Any, found: list[Reason]) -> Any:
    if value is None or value == "":
        if name in OPTIONAL:
            return OPTIONAL[name]
        found.append(_fault(name, f"没有填。{HINTS[name]}"))
        return None
    try:
        return READERS[name](value)
    except (ValueError, TypeError):
        found.append(_fault(name, f"“{value}”填得不对。{HINTS[name]}"))
        return None


OPTIONAL: dict[str, Any] = {"own_wage": None, "wages_12m": (), "county": "", "insured": None}
HINTS = {
    "diagnosed_on": "请填日期，如 2026-09-08。", "concluded_on": "请填日期，如 2026-12-01。",
    "grade": "请填 1 至 10，未达等级的填 none。", "care": "请填 full、most、part 或 none。",
    "insured": "请填 yes（参保）或 no（未参保）。",
    "own_wage": "请填每月金额，如 6000.00。",
    "wages_12m": "请逐月填写金额，用顿号隔开，如 6000.00、6100.00。",
    "county": "请填旗县区名称。",
}  # fmt: skip


def _day(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(value)


def _grade(value: Any) -> int | None:
    text = str(value).strip()
    if text == "none":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise ValueError(value)
    return int(text)


def _insured(value: Any) -> bool | None:
    known: dict[Any, bool | None] = {True: True, False: False, "yes": True, "no": False, "unknown": None}
    if not isinstance(value, bool | str) or value not in known:
        raise ValueError(value)
    return known[value]


def _money(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):  # a float has already lost its 分
        raise ValueError(value)
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if not _MONEY.fullmatch(text):
        raise ValueError(value)
    return Decimal(text.replace(",", ""))


def _wages(value: Any) -> tuple[Decimal, ...]:
    if not isinstance(value, str | list | tuple):
        raise ValueError(value)
    parts = [p for p in _BETWEEN.split(value) if p] if isinstance(value, str) else value
    return tuple(_money(p) for p in parts)


READERS: dict[str, Callable[[Any], Any]] = {
    "diagnosed_on": _day, "concluded_on": _day, "grade": _grade, "care": str, "insured": _insured, "own_wage": _money,
    "wages_12m": _wages, "county": str,
}  # fmt: skip
