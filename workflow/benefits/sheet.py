"""A determination as plain data: for the benefit sheet (待遇核定表), and for freezing in the audit event."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from workflow.benefits.determine import Determination, Line
from workflow.benefits.figures import FigureUsed
from workflow.words import amount_in_words


def to_document(determination: Determination) -> dict[str, Any]:
    """`lines`, `total`, `total_upper` as the benefit sheet prints them; total = one-time items and the first month."""
    return {
        "lines": [_printed(line) for line in determination.lines],
        "total": str(determination.total),
        "total_upper": amount_in_words(determination.total),
    }


def _printed(line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {"label": line.label}
    if line.from_month:
        year, month = line.from_month.split("-")
        row["period"] = f"按月，自{year}年{int(month)}月起"
    return row | {
        "formula": line.formula, "amount": str(line.amount), "payer": line.payer, "law": line.law,
        "figures": [
            {"label": f.label, "value": f"{f.value:.2f}元", "notice": f.notice, "demo": f.demo} for f in line.figures
        ],
    }  # fmt: skip


def as_json(determination: Determination) -> dict[str, Any]:
    """Everything, as JSON keeps it: amounts and dates as text. The same determination always gives the same data."""
    own = determination.own_wage
    return {
        "on": determination.on.isoformat(),
        "facts": {k: _plain(v) for k, v in asdict(determination.facts).items()},
        "own_wage": own and {
            "used": str(own.used), "raw": str(own.raw), "floor": str(own.floor), "cap": str(own.cap),
            "bound": own.bound, "months": own.months, "law": own.law, "average": _figure(own.average),
        },
        "lines": [_frozen(line) for line in determination.lines],
        "total_once": str(determination.total_once),
        "total_month": str(determination.total_month),
        "later": [asdict(x) for x in determination.later],
        "notes": list(determination.notes),
        "demo": determination.demo,
    }  # fmt: skip


def _frozen(line: Line) -> dict[str, Any]:
    return {
        "item": line.item, "label": line.label, "amount": str(line.amount), "per": line.per, "payer": line.payer,
        "from": line.from_month, "formula": line.formula, "law": line.law,
        "figures": [_figure(f) for f in line.figures],
    }  # fmt: skip


def _figure(figure: FigureUsed) -> dict[str, Any]:
    return {k: _plain(v) for k, v in asdict(figure).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
