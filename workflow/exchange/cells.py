"""One row of a form, cell by cell: typed values, and everything wrong with them at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from openpyxl.utils import get_column_letter

from workflow.exchange.faults import Fault, shown
from workflow.exchange.workbook import Cell, Sheet

FIRST_YEAR = 1949
MOST_PEOPLE = 1_000_000
_DAY = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?)", re.ASCII)
_COUNT = re.compile(r"(\d{1,9})\s*[人名]?", re.ASCII)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e]")
_AS_TEXT = "请把这一列的格式设为文本，再照证件重新录入"


class Row:
    """A row under its header. The readers return None for a blank or a faulty cell; `wrong` tells the two apart.

    `key` is what no two rows of a form may share, empty where the row does not say it; `who` the name beside it.
    """

    def __init__(self, form: str, sheet: Sheet, number: int, columns: Mapping[str, int]) -> None:
        self.form = form
        self.number = number
        self.columns = columns
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.key: tuple[str, ...] = ()
        self.who = ""
        self._cells = sheet.rows.get(number, {})
        self._merged = sheet.merged

    def cell_name(self, column: str) -> str:
        return f"{get_column_letter(self.columns[column])}{self.number}"

    def fault(self, column: str, text: str) -> None:
        """A clause with its cure: stops this row."""
        self.faults.append(self._said(column, text, ""))

    def warn(self, column: str, text: str, law: str = "") -> None:
        """A clause with its cure: stops nothing."""
        self.warnings.append(self._said(column, text, law))

    def wrong(self, column: str) -> bool:
        return any(f.column == column for f in self.faults)

    def _said(self, column: str, text: str, law: str) -> Fault:
        return Fault(self.form, self.number, column, self.cell_name(column), text, law, self.columns[column])

    def cell(self, column: str) -> Cell | None:
        """The cell, or None where it is blank or cannot be read (a formula, an error value, a covered cell)."""
        cell = self._cells.get(self.columns[column])
        if cell is None:
            if (self.number, self.columns[column]) in self._merged:
                self.fault(column, "单元格是合并的，读不出这一行的内容，请取消合并，每行单独填写")
            return None
        if cell.kind == "f" or (isinstance(cell.value, str) and cell.value.lstrip().startswith("=")):
            self.fault(column, "单元格里是公式，请改成固定内容（复制后选择性粘贴为数值）")
            return None
        if cell.kind == "e":
            self.fault(column, f"单元格里是错误值“{shown(cell.value)}”，请改成正确的内容")
            return None
        return cell

    def need(self, column: str, text: str) -> None:
        """A fault where a required cell is blank; a cell already found faulty is not told twice."""
        if not self.wrong(column):
            self.fault(column, text)

    # --- typed ------------------------------------------------------------------------------------------------------

    def text(self, column: str, longest: int, *, words: bool = False) -> str | None:
        """Text, NFC (never NFKC: it would rewrite registered names), one line, trimmed; '' where blank.

        `words`: a name of a person, a firm or a disease, which a number, a date or mere punctuation is not.
        """
        cell = self.cell(column)
        if cell is None:
            return None if self.wrong(column) else ""
        if words and not isinstance(cell.value, str):
            self.fault(column, f"“{shown(cell.value)}”不是文字，请填写{column}")
            return None
        text = tidy(as_text(cell.value))
        if len(text) > longest:
            self.fault(column, f"太长，有 {len(text)} 个字，请压缩到 {longest} 个字以内")
        elif any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
            self.fault(column, "里有看不见的控制字符，请删去后重新输入")
        elif any(unicodedata.category(c) == "Co" for c in text):
            self.fault(column, "里有本机自造的字，别的电脑看不到，请换成国家标准里的字")
        elif words and text and not any(unicodedata.category(c).startswith("L") for c in text):
            self.fault(column, f"“{shown(text)}”不是文字，请填写{column}")
        return None if self.wrong(column) else text

    def day(self, column: str, today: date) -> date | None:
        """A day that has come: a real date, or text such as 2024-3-12, 2024年3月12日, 20240312."""
        cell = self.cell(column)
        if cell is None:
            return None
        day = as_day(cell.value)
        if day is None:
            if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                self.fault(column, f"“{shown(cell.value)}”是数字，看不出是哪一天，请写成 2024-03-12 这样的日期")
            else:
                self.fault(column, f"“{shown(cell.value)}”不是日期，请写成 2024-03-12 这样的日期，没有的留空")
        elif day > today:
            self.fault(column, f"{day} 还没有到，请核对日期")
        elif day.year < FIRST_YEAR:
            self.fault(column, f"{day} 太早，请核对年份")
        return None if self.wrong(column) else day

    def yes_no(self, column: str) -> str:
        """yes, no, or unknown for a blank cell (it becomes a task to fill in)."""
        text = self.text(column, 200)
        if not text:
            return "unknown"
        if text not in ("是", "否"):
            self.fault(column, f"“{shown(text)}”看不出是或否，请填“是”或“否”，不清楚的留空")
        return {"是": "yes", "否": "no"}.get(text, "unknown")

    def number_text(self, column: str) -> str | None:
        """An identity number as written; a number cell has lost its last digits already."""
        cell = self.cell(column)
        if cell is None:
            return None
        if not isinstance(cell.value, str):
            self.fault(column, f"被表格存成了数字，后几位已经靠不住，{_AS_TEXT}")
            return None
        return cell.value

    def headcount(self, column: str) -> int | None:
        """A number of people, 0 or more."""
        cell = self.cell(column)
        if cell is None:
            return None
        count = as_count(cell.value)
        if count is None or count > MOST_PEOPLE:
            self.fault(column, f"“{shown(cell.value)}”不是人数，请填 0 以上的整数，不清楚的留空")
            return None
        return count


def tidy(text: str) -> str:
    """NFC, invisible marks gone, every run of blanks and line breaks one blank, trimmed."""
    return re.sub(r"[\s\u3000]+", " ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip()


def as_text(value: Any) -> str:
    """What a cell shows: whole numbers without .0, dates as YYYY-MM-DD."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    return str(value)


def as_day(value: Any) -> date | None:
    """The day a cell means, None where that is not certain (a bare serial number, a month without its day)."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 10**7 < value < 10**8:
        value = str(value)  # 20240312 typed as a number: no serial number of a date is that large
    if not isinstance(value, str):
        return None
    match = _DAY.fullmatch(tidy(unicodedata.normalize("NFKC", value)))
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def as_count(value: Any) -> int | None:
    """A whole number of 0 or more, also written 240人."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and value >= 0 else None
    match = _COUNT.fullmatch(tidy(unicodedata.normalize("NFKC", value))) if isinstance(value, str) else None
    return int(match.group(1)) if match else None
