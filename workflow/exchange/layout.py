"""Where a form stands in a workbook: its sheet, its header row, its columns, and which rows below are data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from workflow.errors import BadInput
from workflow.exchange.cells import Row, as_count, as_text, tidy
from workflow.exchange.faults import Fault, shown
from workflow.exchange.rows import HEADERS
from workflow.exchange.workbook import Book, Cell, Sheet

MOST_ROWS = 5000
_HEADER_WITHIN = 20
_FOOTER = re.compile(
    r"(单位|部门|科室)?负责人|(填表|经办|审核|制表)人|(填报|填表|报送)(单位|时间|日期)|联系电话|备注|附?注|说明"
)
_NOTE = re.compile(r"\d+\s*[.、．)）]\s*\D")
_TOTAL = re.compile(r"[合总小]\s*计")


@dataclass(frozen=True)
class Found:
    """A form found; `columns`: the form's own header → column number, in whatever order they stand."""

    kind: str
    sheet: Sheet
    header: int
    columns: Mapping[str, int]


def find(book: Book) -> Found:
    """The one form in a workbook. Raises BadInput where there is none, a spoilt header, or more than one."""
    whole: list[Found] = []
    nearest: tuple[int, str, Sheet, int] | None = None
    for sheet in book.sheets:
        here: list[Found] = []
        for number in [n for n in sheet.rows if n <= _HEADER_WITHIN]:
            titles = {column: _title(cell.value) for column, cell in sheet.rows[number].items()}
            for kind, wanted in HEADERS.items():
                score = len(set(wanted) & set(titles.values()))
                if score == len(wanted) and not _twice(wanted, titles.values()):
                    columns = {title: column for column, title in titles.items() if title in wanted}
                    here.append(Found(kind, sheet, number, columns))
                elif score * 2 >= len(wanted) and (nearest is None or score > nearest[0]):
                    nearest = (score, kind, sheet, number)
        whole += here[:1]  # a header printed again further down belongs to the same form
    if len(whole) > 1:
        names = "、".join(f"“{shown(f.sheet.title)}”" for f in whole)
        raise BadInput(
            f"“{shown(book.filename)}”里有 {len(whole)} 张要导入的表（{names}），请每张表单独存成一个文件后再导入。"
        )
    if whole:
        return whole[0]
    raise BadInput(_wrong_header(*nearest[1:]) if nearest else _no_header(book))


def _title(value: object) -> str:
    """A header as compared: no blanks or line breaks, no full-width letters, no star or colon."""
    return re.sub(r"[\s*:]", "", unicodedata.normalize("NFKC", str(value)))


def _twice(wanted: Iterable[str], titles: Iterable[str]) -> list[str]:
    there = list(titles)
    return [title for title in wanted if there.count(title) > 1]


def _wrong_header(kind: str, sheet: Sheet, number: int) -> str:
    wanted = HEADERS[kind]
    titles = {column: _title(cell.value) for column, cell in sheet.rows[number].items()}
    missing = [title for title in wanted if title not in titles.values()]
    foreign = [shown(title) for title in titles.values() if title not in wanted]
    said = []
    if missing:
        said.append("缺少" + "".join(f"“{title}”" for title in missing))
    if foreign:
        said.append("多出" + "".join(f"“{title}”" for title in foreign))
    if twice := _twice(wanted, titles.values()):
        said.append("重复了" + "".join(f"“{title}”" for title in twice))
    place = f"{get_column_letter(min(titles))}{number}:{get_column_letter(max(titles))}{number}"
    cure = f"请把这一行改成这 {len(wanted)} 列：{'、'.join(wanted)}"
    return f"{kind} 第 {number} 行 表头（{place}）：{'，'.join(said)}，{cure}。"


def _no_header(book: Book) -> str:
    expected = "；".join(f"{kind}是{'、'.join(titles)}" for kind, titles in HEADERS.items())
    return f"“{shown(book.filename)}”里找不到附件2或者附件3的表头，请用市里下发的表样填写。表头：{expected}。"


# --- which rows are data ----------------------------------------------------------------------------------------------


def data_rows(found: Found) -> tuple[list[Row], list[Fault]]:
    """The data rows, and a warning for every row with content that was not read. Raises BadInput past MOST_ROWS."""
    rows: list[Row] = []
    left: list[Fault] = []
    for number, cells in found.sheet.rows.items():
        if number <= found.header:
            continue
        why_not = _not_read(found, cells)
        if why_not is None:
            rows.append(Row(found.kind, found.sheet, number, found.columns))
        elif why_not:
            first = cells[min(cells)]
            left.append(Fault(found.kind, number, "整行", first.name, why_not, position=first.column))
    if len(rows) > MOST_ROWS:
        raise BadInput(f"{found.kind} 有 {len(rows)} 行，一次最多导入 {MOST_ROWS} 行，请分成几个文件后再导入。")
    return rows, left


def _not_read(found: Found, cells: Mapping[int, Cell]) -> str | None:
    """None for a data row; "" for what is plainly none (footer, repeated header, lone number); else what to look at."""
    numbers = found.columns["序号"]
    told = [c for c in cells.values() if c.column in found.columns.values() and c.column != numbers]
    first = cells[min(cells)]
    text = tidy(as_text(first.value))
    if {_title(c.value): c.column for c in cells.values()} == found.columns:
        return ""
    if len(told) < 4 and isinstance(first.value, str):
        if _FOOTER.match(text) or (len(cells) == 1 and _NOTE.match(text)):
            return ""
        if _TOTAL.match(text):
            return "是合计，没有读取，请核对合计与导入的行数"
    if told:
        return None
    if len(cells) == 1 and first.column == numbers and (first.kind == "f" or as_count(first.value) is not None):
        return ""  # a form printed with its numbers, not filled in to the end
    return f"只有“{shown(text)}”，没有读取，请核对是否漏填了这一行"
