"""A workbook from somebody else's hands: guarded before any parser sees it, then loaded whole, formulas as formulas.

openpyxl's read-only mode believes the dimension a file declares and drops rows without a word, so it is not used; its
full mode walks every cell of a merged or linked range, so ranges are measured first.
"""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

import openpyxl
from openpyxl.cell import MergedCell
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from workflow.errors import BadInput
from workflow.exchange.faults import shown

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 24 * 1024 * 1024
MOST_PARTS = 500
MOST_ELEMENTS = 400_000
MOST_SPANNED = 50_000
DEEPEST = 100

_SAVE_AS = "请用 Excel 或者 WPS 打开，另存为“Excel 工作簿（*.xlsx）”后再导入"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class Cell:
    """A cell that holds something. `kind` is openpyxl's: n number, s text, d date, b truth, e error, f formula."""

    row: int
    column: int
    value: Any
    kind: str

    @property
    def name(self) -> str:
        return f"{get_column_letter(self.column)}{self.row}"


@dataclass(frozen=True)
class Sheet:
    """`rows`: row number → column number → cell that holds something; `merged`: the covered cells of merged ones."""

    title: str
    rows: Mapping[int, Mapping[int, Cell]]
    merged: frozenset[tuple[int, int]]
    hidden_rows: frozenset[int]


@dataclass(frozen=True)
class Book:
    """A file as read; `digest` is the SHA-256 of its bytes, in hexadecimal."""

    filename: str
    digest: str
    sheets: tuple[Sheet, ...]


def open_book(source: Path | str | bytes, filename: str = "") -> Book:
    """Read a workbook from a path or from bytes; `filename` is what people call it (by default the path's name).

    Raises BadInput, one Chinese sentence, for everything that is no sound .xlsx: missing, a folder, more than 5 MB
    (or 24 MB unpacked), older or other formats, a password, macros, a DTD, damage.
    """
    name = shown(filename or ("" if isinstance(source, bytes) else Path(source).name)) or "文件"
    data = source if isinstance(source, bytes) else _read(source, name)
    if len(data) > MOST_BYTES:
        raise _too_big(name)
    _guard(data, name)
    return Book(filename or name, hashlib.sha256(data).hexdigest(), _load(data, name))


def _read(source: Path | str, name: str) -> bytes:
    path = Path(source)
    try:
        if path.is_dir():
            raise BadInput(f"“{name}”是文件夹，请写明其中的一个 .xlsx 文件。")
        if not path.exists():
            raise BadInput(f"找不到“{name}”，请核对文件名和所在的文件夹。")
        if not path.is_file():
            raise BadInput(f"“{name}”不是普通文件，请写明一个 .xlsx 文件。")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"“{name}”读不出来，请核对文件名和读取权限。") from error


# --- before any parser ------------------------------------------------------------------------------------------------


def _guard(data: bytes, name: str) -> None:
    if not data.startswith(b"PK"):
        raise BadInput(_what_it_is(data, name))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            _guard_parts(parts, name)
            counted = _Counted(name)
            for part in parts:
                counted.read(packed, part)
    except _BROKEN as error:
        raise _damaged(name) from error


def _what_it_is(data: bytes, name: str) -> str:
    if not data:
        return f"“{name}”是空文件，请重新导出表格后再导入。"
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return f"“{name}”设了打开密码，请取消密码，另存后再导入。"
        return f"“{name}”是旧格式（.xls 或 .et），{_SAVE_AS}。"
    return f"“{name}”不是 .xlsx 表格，{_SAVE_AS}。"


def _guard_parts(parts: list[zipfile.ZipInfo], name: str) -> None:
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise BadInput(f"“{name}”是加密的压缩包，请取消密码，另存后再导入。")
    if "xl/workbook.xml" not in names:
        raise BadInput(f"“{name}”不是 .xlsx 表格，{_SAVE_AS}。")
    if any(n.endswith("vbaproject.bin") for n in names):
        raise BadInput(f"“{name}”里有宏，{_SAVE_AS}。")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise BadInput(
            f"“{name}”展开后太大（最多 {MOST_UNPACKED // 1024 // 1024} MB），请只保留要报送的表，删去图片后再导入。"
        )


class _Counted:
    """Walks the XML of all parts: no DTD, no bottomless nesting, no more of anything than a form can have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.elements = 0
        self.spanned = 0

    def read(self, packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Raises BadInput; a part that is no XML at all (a picture) is left alone, unless it claims to be."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        self.depth = 0
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            with packed.open(part) as stream:
                while chunk := stream.read(1 << 16):
                    parser.Parse(chunk, False)
                parser.Parse(b"", True)
        except expat.ExpatError as error:
            if part.filename.lower().endswith((".xml", ".rels")):
                raise _damaged(self.name) from error

    def _doctype(self, *_: object) -> None:
        raise BadInput(f"“{self.name}”里有表格不该有的内容（DTD），{_SAVE_AS}。")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if tag.rpartition(" ")[2] in ("mergeCell", "hyperlink"):
            left, top, right, bottom = range_boundaries(attributes.get("ref", ""))
            self.spanned += _span(left, right) * _span(top, bottom)
        if self.elements > MOST_ELEMENTS or self.spanned > MOST_SPANNED or self.depth > DEEPEST:
            raise BadInput(f"“{self.name}”里的格子太多，请只保留要报送的行和列，删去其余格子的格式后再导入。")

    def _end(self, _tag: str) -> None:
        self.depth -= 1


def _span(first: int | None, last: int | None) -> int:
    """How many rows or columns; a range without bounds (A:C) counts as too many."""
    return MOST_SPANNED + 1 if first is None or last is None else abs(last - first) + 1


def _too_big(name: str) -> BadInput:
    return BadInput(f"“{name}”超过 {MOST_BYTES // 1024 // 1024} MB，请只保留要报送的表，删去图片后再导入。")


def _damaged(name: str) -> BadInput:
    return BadInput(f"“{name}”已经损坏或者不是完整的表格，{_SAVE_AS}。")


# --- loading ----------------------------------------------------------------------------------------------------------


def _load(data: bytes, name: str) -> tuple[Sheet, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions; what matters here is told cell by cell
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
        return tuple(_sheet(sheet) for sheet in book.worksheets)
    # The file is foreign and openpyxl raises whatever it stumbles over: KeyError, TypeError, ParseError and more.
    except Exception as error:
        raise _damaged(name) from error


def _sheet(sheet: Worksheet) -> Sheet:
    rows: dict[int, dict[int, Cell]] = {}
    merged: set[tuple[int, int]] = set()
    # `_cells` holds the cells that are there; the public iterators fill the whole rectangle up to the farthest one.
    for (row, column), cell in sorted(sheet._cells.items()):
        if isinstance(cell, MergedCell):
            merged.add((row, column))
        elif (value := _value(cell.value)) is not None:
            rows.setdefault(row, {})[column] = Cell(row, column, value, cell.data_type)
    hidden = {number for number, dimension in sheet.row_dimensions.items() if dimension.hidden}
    return Sheet(sheet.title, rows, frozenset(merged), frozenset(hidden))


def _value(value: Any) -> Any:
    """The value, or None where there is nothing but blanks."""
    if isinstance(value, str):
        value = unescape(value)
        return value if value.strip() else None
    return value
