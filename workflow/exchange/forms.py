"""Reading a form: which of the two it is, where its rows are, and every fault of every row at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from openpyxl.utils import get_column_letter

from workflow.exchange.cells import Row, as_count, as_day, as_text, tidy
from workflow.exchange.faults import Fault, by_place, shown
from workflow.exchange.layout import Found, data_rows, find
from workflow.exchange.rows import (
    EMPLOYERS,
    EmployerRow,
    Employers,
    RestDay,
    WorkerRow,
    finder,
    read_employer,
    read_worker,
)
from workflow.exchange.workbook import Book, Cell, open_book
from workflow.identity import CITY, COUNTIES

_SHORT_NAMES = {"临河": "临河区", "五原": "五原县", "磴口": "磴口县", "乌前旗": "乌拉特前旗", "乌中旗": "乌拉特中旗",
                "乌后旗": "乌拉特后旗", "杭后": "杭锦后旗"}  # fmt: skip
_UNIT = re.compile(r"填报单位[:：]?\s*(.*?)\s*(?:填报(?:时间|日期)|$)")
_REPORTED = re.compile(
    r"填报(?:时间|日期)[:：]?\s*(\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|\d{4}[-./]\d{1,2}[-./]\d{1,2})"
)


@dataclass(frozen=True)
class Form:
    """A form as read. `employers` or `workers` are its sound rows; a faulty row is in neither.

    `unit` is what 填报单位 says, `county` the 旗县区 (or the city) in it, '' where none is certain; `total` counts the
    data rows, sound and faulty; `declared` is the highest 序号 (None where the form numbers nothing).
    """

    kind: str
    filename: str
    digest: str
    sheet: str
    unit: str
    county: str
    reported_on: date | None
    declared: int | None
    total: int
    employers: tuple[EmployerRow, ...]
    workers: tuple[WorkerRow, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]

    def sound_rows(self) -> tuple[EmployerRow, ...] | tuple[WorkerRow, ...]:
        return self.employers if self.kind == EMPLOYERS else self.workers

    def faulty_rows(self) -> tuple[int, ...]:
        """Sheet rows with a fault, each once, in order."""
        return tuple(sorted({f.row for f in self.faults}))


def read_form(source: Path | str | bytes, filename: str = "", *, today: date, known_employers: Employers,
              is_rest_day: RestDay) -> Form:  # fmt: skip
    """Read 附件2 or 附件3 with every fault and warning at once; writes nothing.

    `today` is the legal day dates are judged on; `known_employers` the ledger of 附件2 (not asked for 附件2 itself).
    Raises BadInput where there is no form to read: see open_book; no header, a wrong one, two forms, over 5 000 rows.
    """
    book = open_book(source, filename)
    found = find(book)
    rows, warnings = data_rows(found)
    employers, workers = _read(found.kind, rows, today, finder(known_employers), is_rest_day)
    faults = [fault for row in rows for fault in row.faults]
    faulty = {fault.row for fault in faults}
    unit, reported_on = _head(found)
    county, declared = county_in(unit), _declared(rows)
    warnings += [warning for row in rows for warning in row.warnings]
    warnings += _of_the_file(book, found, rows, declared, county)
    return Form(
        found.kind, book.filename, book.digest, found.sheet.title, unit, county, reported_on, declared, len(rows),
        tuple(e for e in employers if e.row not in faulty), tuple(w for w in workers if w.row not in faulty),
        by_place(faults), by_place(warnings),
    )  # fmt: skip


def _read(kind: str, rows: list[Row], today: date, ledger: Callable[[str], str | None],
          rest_day: RestDay) -> tuple[list[EmployerRow], list[WorkerRow]]:  # fmt: skip
    """The rows sound in themselves; faults and warnings, those of repetition too, are left on `rows`."""
    employers: list[EmployerRow] = []
    workers: list[WorkerRow] = []
    for row in rows:
        row.cell("序号")  # not kept, but a formula in it is told like any other
        if kind == EMPLOYERS:
            employers += [employer] if (employer := read_employer(row)) else []
        else:
            workers += [worker] if (worker := read_worker(row, today, ledger, rest_day)) else []
    if kind == EMPLOYERS:
        _repeated(rows, "企业名称", "同一家企业")
    else:
        _repeated(rows, "身份证号码", "同一人同一诊断时间")
        _same_person(rows)
    return employers, workers


def county_in(*texts: str) -> str:
    """The one 旗县区 named in the first text that names any, else the city where it is named, else ''."""
    for text in texts:
        named = {county for county in COUNTIES.values() if county in text}
        named |= {county for short, county in _SHORT_NAMES.items() if short in text}
        if named:
            return named.pop() if len(named) == 1 else ""
    return CITY if any(CITY in text or text.startswith("市") for text in texts) else ""


# --- within the file ------------------------------------------------------------------------------------------------


def _repeated(rows: list[Row], column: str, what: str) -> None:
    """Of rows with the same key the first stands, the later ones are faulty; rows faulty elsewhere are compared too."""
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        first = seen.setdefault(row.key, row) if row.key else row
        if first is not row:
            row.fault(column, f"与第 {first.number} 行（{first.cell_name(column)}）是{what}，请只保留一行")


def _same_person(rows: list[Row]) -> None:
    """The same number with another day of diagnosis is another case: told, and let through."""
    seen: dict[str, Row] = {}
    for row in rows:
        first = seen.setdefault(row.key[0], row) if row.key else row
        if first is not row and first.key != row.key:
            names = "" if first.who == row.who else "、姓名也不同"
            row.warn(
                "身份证号码",
                f"与第 {first.number} 行号码相同，诊断时间不同{names}，按两个案件导入，请核对是否同一次诊断",
            )


def _declared(rows: list[Row]) -> int | None:
    counts = [as_count(cell.value) for row in rows if not row.wrong("序号") and (cell := row.cell("序号"))]
    return max((count for count in counts if count is not None), default=None)


# --- of the whole file ------------------------------------------------------------------------------------------------


def _head(found: Found) -> tuple[str, date | None]:
    """填报单位 and 填报时间 from the lines above the header."""
    for number, cells in found.sheet.rows.items():
        if number >= found.header:
            break
        line = tidy(" ".join(as_text(cell.value) for cell in cells.values()))
        if "填报单位" in line:
            unit = _UNIT.search(line)
            day = _REPORTED.search(line)
            text = day.group(1).replace("年", "-").replace("月", "-").replace("日", "").replace(" ", "") if day else ""
            return (unit.group(1) if unit else ""), as_day(text)
    return "", None


def _of_the_file(book: Book, found: Found, rows: list[Row], declared: int | None, county: str) -> list[Fault]:
    def about(what: str, text: str) -> Fault:
        return Fault(found.kind, 0, what, "", text)

    said = [
        about(f"工作表“{shown(sheet.title)}”", "没有读取，只读要报送的那一张表，请核对里面有没有要导入的内容")
        for sheet in book.sheets
        if sheet is not found.sheet and sheet.rows
    ]
    if not county:
        said.append(about("填报单位", "看不出是哪个旗县区，请在表头上方写明填报单位"))
    if not rows:
        said.append(about("整张表", "一行数据也没有，请核对是否漏填"))
    elif declared is not None and declared != len(rows):
        said.append(about("序号", f"编到 {declared}，读到 {len(rows)} 行，请核对有没有漏行或者重号"))
    return said + _hidden(found, rows) + _outside(found, rows)


def _hidden(found: Found, rows: list[Row]) -> list[Fault]:
    return [
        Fault(found.kind, row.number, "整行", row.cell_name("序号"), "在表里是隐藏的，仍然读取，请核对是否要报送")
        for row in rows
        if row.number in found.sheet.hidden_rows
    ]


def _outside(found: Found, rows: list[Row]) -> list[Fault]:
    """Cells of data rows under no header of the form: one warning a column."""
    seen: dict[int, Cell] = {}
    known = set(found.columns.values())
    for row in rows:
        for column, cell in found.sheet.rows[row.number].items():
            if column not in known:
                seen.setdefault(column, cell)
    return [
        Fault(
            found.kind,
            cell.row,
            f"{get_column_letter(column)} 列",
            cell.name,
            "不是表样里的列，没有读取，请把内容移到备注里",
            position=column,
        )
        for column, cell in seen.items()
    ]
