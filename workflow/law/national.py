"""The national benefit tables of `national.yaml`, read once and checked: months, percents, band, with articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLES = Path(__file__).with_name("national.yaml")
CONFIDENCES = ("H", "M-H")
GRADES = tuple(range(1, 11))
ALLOWANCE_GRADES = (1, 2, 3, 4)
CARE_LEVELS = ("full", "most", "part")


@dataclass(frozen=True)
class Rate:
    """One row of a table: `value` in months (个月) or percent (%), its article, how sure we are of it."""

    value: Decimal
    law: str
    confidence: str

    @property
    def share(self) -> Decimal:
        """A percent as a factor: 75 → 0.75."""
        return self.value / 100


@dataclass(frozen=True)
class Band:
    """Floor and cap of own wage as factors of the average wage; the mean is taken over at most `months` months."""

    floor: Decimal
    cap: Decimal
    months: int
    law: str


@dataclass(frozen=True)
class StartMonth:
    """From which month monthly benefits run; only `next_month` is known."""

    rule: str
    law: str
    confidence: str
    note: str


@dataclass(frozen=True)
class National:
    """All tables. They hold for conclusions from `since` on (工伤保险条例 as revised by 国务院令第586号)."""

    since: date
    since_law: str
    lump_sum: Mapping[int, Rate]
    disability_allowance: Mapping[int, Rate]
    care_allowance: Mapping[str, Rate]
    band: Band
    uninsured_law: str
    start_month: StartMonth


@cache
def national() -> National:
    """The tables of `national.yaml`, parsed once per process. Raises ValueError when the file is incomplete."""
    return parse(TABLES.read_text("utf-8"))


def parse(text: str) -> National:
    """Tables from the text of a file like `national.yaml`. Raises ValueError when a row or an article is missing."""
    raw = yaml.safe_load(text)
    band, start = raw["own_wage_band"], raw["start_month"]
    if start["rule"] != "next_month":
        raise ValueError(f"start_month: unknown rule {start['rule']!r}")
    return National(
        since=raw["since"],
        since_law=raw["since_law"],
        lump_sum=_table(raw, "lump_sum", "months", GRADES),
        disability_allowance=_table(raw, "disability_allowance", "percent", ALLOWANCE_GRADES),
        care_allowance=_table(raw, "care_allowance", "percent", CARE_LEVELS),
        band=Band(Decimal(band["floor_percent"]) / 100, Decimal(band["cap_percent"]) / 100, band["months"], _law(band)),
        uninsured_law=_law(raw["uninsured"]),
        start_month=StartMonth(start["rule"], _law(start), start["confidence"], start["note"]),
    )


def _table(raw: Mapping[str, Any], name: str, unit: str, keys: tuple[Any, ...]) -> Mapping[Any, Rate]:
    rows = raw[name]
    if tuple(rows) != keys:
        raise ValueError(f"{name}: rows {tuple(rows)}, wanted {keys}")
    return {key: Rate(_whole(row[unit]), _law(row), row["confidence"]) for key, row in rows.items()}


def _whole(value: Any) -> Decimal:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{value!r} is no positive whole number")
    return Decimal(value)


def _law(row: Mapping[str, Any]) -> str:
    if "#" not in row.get("law", "") or row.get("confidence") not in CONFIDENCES:
        raise ValueError(f"row without article or confidence: {row}")
    return str(row["law"])
