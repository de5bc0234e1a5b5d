"""What people type, as the definition says it should be; all faults at once. Stored as plain JSON, used as dates and Decimals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow.definition.model import ActionDef, Definition, FactDef
from workflow.errors import Reason

EARLIEST, FURTHEST = date(1950, 1, 1), timedelta(days=3 * 366)
"""No act of these cases has a day outside: a slip of the year is told, not reckoned with."""
LIMITS = {"text": 300, "longtext": 4000, "account": 60}
_DAY = re.compile(r"(\d{4})\s*[-./年]?\s*(\d{1,2})\s*[-./月]?\s*(\d{1,2})\s*日?")
_MONTH = re.compile(r"(\d{4})\s*[-./年]?\s*(\d{1,2})\s*月?")


def parse_day(text: str) -> date:
    """A day as people write it: 2024-03-12, 20240312, 2024年3月12日, full-width digits. ValueError otherwise."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not match:
        raise ValueError(text)
    return date(*map(int, match.groups()))


def read(definition: Definition, action: ActionDef, raw: Mapping[str, Any], today: date,
         known: Mapping[str, Any]) -> tuple[dict[str, Any], list[Reason]]:  # fmt: skip
    """The given facts typed by their FactDef, and every fault. `known`: typed facts of the matter, for not_before."""
    given: dict[str, Any] = {}
    faults: list[Reason] = []
    allowed = dict.fromkeys((*action.ask, *action.may, *((action.on,) if action.on else ())))
    for name in raw:
        if name not in allowed:
            faults.append(
                Reason(f"“{action.label}”不用填“{name}”。可以填：{'、'.join(sorted(allowed)) or '无'}。", field=name)
            )
    if action.on:
        known = {
            **known,
            action.on: _own_day(raw.get(action.on), today),
        }  # not the day of an earlier act of the same name
    for name in allowed:
        value = raw.get(name)
        if value is None or (isinstance(value, (str, list)) and not value):
            continue
        read, wrong = read_one(definition, definition.facts[name], value, today, {**known, **given})
        faults += wrong
        if read is not None:
            given[name] = read
    return given, faults


def _own_day(value: Any, today: date) -> date:
    """The day of the act itself, for facts that must not come before it; what cannot be read is told where it is read."""
    try:
        return parse_day(str(value)) if value else today
    except ValueError:
        return today


def read_one(
    definition: Definition, fact: FactDef, value: Any, today: date, known: Mapping[str, Any]
) -> tuple[Any, list[Reason]]:
    """One typed fact and what is wrong with it; the value is None where it cannot be read."""
    try:
        read = READERS[fact.type](fact, value)
    except (ValueError, InvalidOperation):
        return None, [Reason(f"“{fact.label}”填得不对：{HINTS[fact.type](fact)}", field=fact.name, law=fact.law)]
    fault = _day_fault(definition, fact, read, today, known) if isinstance(read, date) else None
    if isinstance(read, date) and not EARLIEST <= read <= today + FURTHEST:
        read = None  # told, and nothing is reckoned from it
    return read, [fault] if fault else []


def _day_fault(
    definition: Definition, fact: FactDef, day: date, today: date, known: Mapping[str, Any]
) -> Reason | None:
    if day > today and not fact.future:
        return Reason(f"“{fact.label}”{day} 还没有到，请填今天或以前的日期。", field=fact.name)
    if day < EARLIEST or day > today + FURTHEST:
        return Reason(f"“{fact.label}”{day} 离今天太远，请核对年份。", field=fact.name)
    earliest = known.get(fact.not_before) if fact.not_before else None
    if isinstance(earliest, date) and day < earliest:
        label = definition.dates.get(fact.not_before, fact.not_before)
        return Reason(f"“{fact.label}”{day} 早于{label} {earliest}，请核对日期。", field=fact.name)
    return None


def clean(raw: str, longest: int) -> tuple[str, str]:
    """Text as kept (NFC, trimmed) and what is wrong with it ('' when nothing). Never NFKC: it would rewrite registered names."""
    text = unicodedata.normalize("NFC", raw).strip().strip("\u3000")
    if len(text) > longest:
        return text, f"太长，最多 {longest} 字。"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co") and c not in "\r\n\t" for c in text):
        return text, "里有看不见的控制字符，请重新输入。"
    return text, ""


def _text(fact: FactDef, value: Any) -> str:
    text, wrong = clean(str(value), LIMITS[fact.type])
    if wrong:
        raise ValueError(wrong)
    return text


def _choice(fact: FactDef, value: Any) -> str:
    if str(value) not in fact.choices:
        raise ValueError(value)
    return str(value)


def _bool(_fact: FactDef, value: Any) -> bool:
    known = {"yes": True, "是": True, "on": True, "true": True, "no": False, "否": False, "false": False}
    if str(value).lower() not in known:
        raise ValueError(value)
    return known[str(value).lower()]


def _int(_fact: FactDef, value: Any) -> int:
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if not re.fullmatch(r"\d{1,6}", text):
        raise ValueError(value)
    return int(text)


def _money(_fact: FactDef, value: Any) -> Decimal:
    text = unicodedata.normalize("NFKC", str(value)).replace(",", "").strip()
    if not re.fullmatch(r"\d{1,10}(\.\d{1,2})?", text):
        raise ValueError(value)
    return Decimal(text)


def _month(_fact: FactDef, value: Any) -> str:
    match = _MONTH.fullmatch(unicodedata.normalize("NFKC", str(value)).strip())
    if not match:
        raise ValueError(value)
    year, month = map(int, match.groups())
    return date(year, month, 1).isoformat()[:7]


def _papers(_fact: FactDef, value: Any) -> list[str]:
    return [
        str(v)
        for v in (value if isinstance(value, list) else str(value).replace("，", ",").split(","))
        if str(v).strip()
    ]


READERS: dict[str, Callable[[FactDef, Any], Any]] = {
    "text": _text, "longtext": _text, "account": _text, "choice": _choice, "bool": _bool, "int": _int, "money": _money,
    "month": _month, "papers": _papers, "date": lambda _f, v: parse_day(str(v)),
}  # fmt: skip
HINTS: dict[str, Callable[[FactDef], str]] = {
    "text": lambda f: "最多 300 字，不能有控制字符。", "longtext": lambda f: "最多 4000 字，不能有控制字符。",
    "account": lambda f: "最多 60 个字符。", "choice": lambda f: f"只能选 {'、'.join(f'{k}（{v}）' for k, v in f.choices.items())}。",
    "bool": lambda f: "只能填 yes（是）或 no（否）。", "int": lambda f: "请填整数。", "money": lambda f: "请填金额，最多两位小数，如 6000.00。",
    "month": lambda f: "请填月份，如 2026-11。", "papers": lambda f: "请填材料代号。", "date": lambda f: "请填日期，如 2026-11-24。",
}  # fmt: skip


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Typed facts as JSON keeps them: dates ISO, amounts as text."""
    return {
        k: v.isoformat() if isinstance(v, date) else str(v) if isinstance(v, Decimal) else v for k, v in facts.items()
    }


def typed(definition: Definition, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored facts with their dates and amounts back in their types."""
    out: dict[str, Any] = {}
    for name, value in stored.items():
        kind = "date" if name in definition.dates else definition.facts[name].type if name in definition.facts else ""
        if kind == "date" and isinstance(value, str):
            out[name] = date.fromisoformat(value)
        else:
            out[name] = Decimal(value) if kind == "money" and isinstance(value, str) else value
    return out


def days(definition: Definition, facts: Mapping[str, Any]) -> dict[str, date]:
    """The date facts among typed facts."""
    return {k: v for k, v in facts.items() if isinstance(v, date) and (k in definition.dates or k in definition.facts)}
