"""One thing to put right in a form, said with sheet, row, column, cell and cure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from workflow.errors import Reason

_SHOWN = 40


@dataclass(frozen=True)
class Fault:
    """A fault, or a warning, of one cell. `row` 0 means the whole file; then `column` says what it is about.

    `text` is a Chinese clause that ends with its cure (…，请…), without a full stop; `law` its article.
    """

    form: str
    row: int
    column: str
    cell: str
    text: str
    law: str = ""
    position: int = 0

    def sentence(self) -> str:
        """The one line people read: 附件3 第 4 行 身份证号码（D4）：…，请…。"""
        place = (
            f"{self.form} 第 {self.row} 行 {self.column}（{self.cell}）" if self.row else f"{self.form} {self.column}"
        )
        return f"{place}：{self.text}{f'（依据：{self.law}）' if self.law else ''}。"

    def reason(self) -> Reason:
        """The same as a Reason, its field the cell."""
        return Reason(self.sentence(), "row", field=self.cell)

    def as_dict(self) -> dict[str, str | int]:
        """For --json: form, row, column, cell and the whole line."""
        return {
            "form": self.form, "row": self.row, "column": self.column, "cell": self.cell, "line": self.sentence(),
        }  # fmt: skip


def by_place(faults: list[Fault]) -> tuple[Fault, ...]:
    """Ordered by row, then from left to right; what is said of the whole file comes first."""
    return tuple(sorted(faults, key=lambda f: (f.row, f.position)))


def shown(value: object) -> str:
    """A value as it may stand inside a one-line sentence: short, no line breaks, nothing invisible."""
    text = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in str(value))
    text = re.sub(" +", " ", text).strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
