"""Local figures as people hand them in: a YAML or JSON list read and checked, every fault at once with its row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from workflow.benefits.figures import CONFIDENCES, KINDS, SCOPES
from workflow.benefits.money import FEN
from workflow.errors import BadInput, Reason

FIELDS = {
    "kind": "种类", "scope": "适用范围", "year": "统计年度", "effective_on": "生效日期", "value": "数值",
    "notice": "通知文号", "confidence": "核实情况", "demo": "演示标记",
}  # fmt: skip
DEMO_WORD = "演示"
LONGEST_NOTICE = 120
_VALUE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class Entry:
    """One sound row: `value` in 元, `year` the statistic year where the kind goes by year."""

    kind: str
    scope: str
    year: int | None
    effective_on: date
    value: Decimal
    notice: str
    confidence: str
    demo: bool

    @property
    def place(self) -> tuple[str, str, int | None, date]:
        """What there can be only one valid value for."""
        return (self.kind, self.scope, self.year, self.effective_on)


@dataclass(frozen=True)
class Row:
    """One row as handed in; `where` is what a person looks for: 第 2 条（第 9 行）."""

    where: str
    values: Mapping[str, Any]


def rows_of(values: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows from plain mappings, counted from one."""
    return [Row(f"第 {number} 条", dict(row)) for number, row in enumerate(values, start=1)]


def parse(text: str) -> list[Row]:
    """Rows of a YAML or JSON list; every scalar stays the text that stands there, so no amount passes through a float.

    Raises BadInput where the text is no list of rows, or a row names a field twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise BadInput(f"文件{line}读不懂：不是 YAML 或 JSON。请按样例逐条填写。") from error
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise BadInput("文件里应是一个列表，每条一个数据（以“- kind: average_wage”开头）。请按样例填写。")
    faults: list[Reason] = []
    rows = [_row(number, item, faults) for number, item in enumerate(node.value, start=1)]
    if faults:
        raise BadInput(faults)
    return rows


def _row(number: int, node: yaml.Node, faults: list[Reason]) -> Row:
    where = f"第 {number} 条（第 {node.start_mark.line + 1} 行）"
    values: dict[str, Any] = {}
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    if not pairs:
        faults.append(Reason(f"{where}不是一条数据。请写成“kind: average_wage”这样的字段。", code="bad_figure"))
    for key, value in pairs:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            faults.append(Reason(f"{where}的字段只能填一个值。请按样例填写。", code="bad_figure"))
        elif key.value in values:
            faults.append(Reason(f"{where}的“{key.value}”写了两次。请留下一个。", code="bad_figure"))
        else:
            values[key.value] = None if value.tag.endswith(":null") else value.value
    return Row(where, values)


def check(rows: Sequence[Row], *, counties: Sequence[str], allow_demo: bool) -> list[Entry]:
    """The rows as entries. Raises BadInput with every fault of every row; `counties` are the names of the 旗县区."""
    faults: list[Reason] = []
    entries: list[Entry] = []
    seen: dict[tuple[str, str, int | None, date], str] = {}
    for row in rows:
        entry = _entry(row, counties, allow_demo, faults)
        if entry is None:
            continue
        if entry.place in seen:
            text = f"{row.where}与{seen[entry.place]}是同一种类、范围、年度和生效日期。请只留一条。"
            faults.append(Reason(text, code="bad_figure"))
        seen.setdefault(entry.place, row.where)
        entries.append(entry)
    if faults:
        raise BadInput(faults)
    return entries


def _entry(row: Row, counties: Sequence[str], allow_demo: bool, faults: list[Reason]) -> Entry | None:
    """The row typed; None, and its faults added, where anything is wrong."""
    found: list[Reason] = []

    def fault(field: str, text: str) -> None:
        found.append(Reason(f"{row.where}“{FIELDS.get(field, field)}”{text}", code="bad_figure", field=field))

    for name in row.values:
        if name not in FIELDS:
            fault(str(name), f"不是规定的字段。可以填：{'、'.join(FIELDS)}。")
    read = {name: _read(name, row.values.get(name), fault) for name in FIELDS}
    if read["kind"] is not None:
        _fits_kind(read, row.values.get("year") in (None, ""), counties, fault)
    _fits_notice(read, allow_demo, fault)
    faults += found
    return None if found else Entry(**read)


def _read(name: str, value: Any, fault: Callable[[str, str], None]) -> Any:
    if value is None or value == "":
        if name not in ("year", "demo"):
            fault(name, f"没有填。{HINTS[name]}")
        return False if name == "demo" else None
    try:
        return READERS[name](value)
    except (ValueError, TypeError):
        fault(name, f"“{value}”填得不对。{HINTS[name]}")
        return None


def _fits_kind(
    read: Mapping[str, Any], yearless: bool, counties: Sequence[str], fault: Callable[[str, str], None]
) -> None:
    kind, year, effective, value = KINDS[read["kind"]], read["year"], read["effective_on"], read["value"]
    scopes = list(counties) if kind.by_county else list(SCOPES)
    if read["scope"] is not None and read["scope"] not in scopes:
        fault("scope", f"“{read['scope']}”不对，{kind.label}的范围只能填：{'、'.join(scopes)}。")
    if kind.by_year and yearless:
        fault("year", f"没有填，{kind.label}要写统计年度（数据所属的年份，不是使用的年份）。")
    if not kind.by_year and year is not None:
        fault("year", f"不用填，{kind.label}按生效日期使用。请删去。")
    if kind.by_year and year is not None and effective is not None and year >= effective.year:
        fault("year", f"{year} 应早于生效的 {effective.year} 年。请填数据所属的年份，不是使用的年份。")
    if value is not None and not kind.low <= value <= kind.high:
        fault("value", f"{value} 不在 {kind.low} 至 {kind.high} 元之间，请{kind.hint}，以元为单位。")


def _fits_notice(read: Mapping[str, Any], allow_demo: bool, fault: Callable[[str, str], None]) -> None:
    marked = read["notice"] is not None and DEMO_WORD in read["notice"]
    if (read["demo"] is True or marked) and not allow_demo:
        fault("demo", "是演示数据，正式环境不能录入。请按正式通知录入。")
    elif read["demo"] is True and not marked and read["notice"] is not None:
        fault("notice", "没有“演示”二字。演示数据的通知请写明“演示”。")
    elif read["demo"] is False and marked:
        fault("demo", "没有标记，通知却写着“演示”。请写 demo: true，或改填正式通知。")


def _kind(value: Any) -> str:
    return _one_of(value, KINDS)


def _confidence(value: Any) -> str:
    return _one_of(value, CONFIDENCES)


def _one_of(value: Any, known: Mapping[str, Any]) -> str:
    if value not in known:
        raise ValueError(value)
    return str(value)


def _line(value: Any) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > LONGEST_NOTICE or any(unicodedata.category(c) == "Cc" for c in text):
        raise ValueError(value)
    return text


def _year(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"20\d\d", str(value)):
        raise ValueError(value)
    return int(value)


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(value)
    return date.fromisoformat(value)


def _value(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):  # a float has already lost its 分
        raise ValueError(value)
    text = str(value).strip()
    if not _VALUE.fullmatch(text):
        raise ValueError(value)
    return Decimal(text).quantize(FEN)


def _demo(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError(value)
    return text == "true"


HINTS = {
    "kind": f"请填 {'、'.join(f'{k}（{v.label}）' for k, v in KINDS.items())}。",
    "scope": "请填 city（全市）、region（自治区）或旗县区名称。",
    "year": "请填四位年份，如 2025。",
    "effective_on": "请填日期，如 2026-07-01。",
    "value": "请填以元为单位、最多两位小数的数，如 8000.00，不用千分号。",
    "notice": f"请填通知的文号，最多 {LONGEST_NOTICE} 字，写在一行里。",
    "confidence": f"请填 {'、'.join(f'{k}（{v}）' for k, v in CONFIDENCES.items())}。",
    "demo": "请填 true 或 false。",
}
READERS: dict[str, Callable[[Any], Any]] = {
    "kind": _kind, "scope": _line, "year": _year, "effective_on": _day, "value": _value, "notice": _line,
    "confidence": _confidence, "demo": _demo,
}  # fmt: skip
