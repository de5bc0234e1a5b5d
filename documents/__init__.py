"""Frozen facts in, PDF and its hash out. Importing this package loads neither Jinja nor WeasyPrint.

`render(kind, facts)` prints one instrument (文书); `check(kind, facts)` says beforehand why it could not be
printed; `required_facts(kind)` lists what it needs; `check_fonts()` is the start-up check.
"""

from __future__ import annotations

from documents.facts import chinese_date, format_number, return_facts
from documents.fonts import check_fonts
from documents.kinds import KINDS, required_facts
from documents.render import Rendered, check, render

__all__ = [
    "KINDS",
    "Rendered",
    "check",
    "check_fonts",
    "chinese_date",
    "format_number",
    "render",
    "required_facts",
    "return_facts",
]
