"""What goes out after the commit: messages and print orders, written with the change into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from workflow import clock
from workflow.cases.load import AnyRow, Loaded
from workflow.definition.model import StateDef
from workflow.models import Outbox, table
from workflow.permissions import PARTY

LONGEST = 70
REACHED = ("worker", "employer")
"""Who is told at his own address; every other is a role at an office."""
_rows = insert(table(Outbox))


def tell(loaded: Loaded, matter: AnyRow, to: StateDef, seq: int, instrument: Mapping[str, Any] | None,
         died: bool = False) -> None:  # fmt: skip
    """Order the print of a document with its delivery returns, and tell the worker when his case has moved.

    Nobody writes to a man who has died: his relatives are told by a person.
    """
    rows: list[dict[str, Any]] = []
    if instrument is not None:
        parts = ["", *instrument["addressees"]]
        rows += [_print(loaded, instrument, part) for part in parts]
        rows += [
            message(loaded, f"{who}@{instrument['office_code']}", f"抄送：{instrument['label']}{instrument['number']}，案件 {loaded.row.case_no}。",
                    f"{loaded.row.case_no}:{seq}:copy:{who}")
            for who in instrument["copies"]
        ]  # fmt: skip
    if to.name != matter.state and not died:
        rows.append(
            message(loaded, "worker", worker_text(loaded.row.case_no, to), f"{loaded.row.case_no}:{seq}:worker")
        )
    write(loaded.connection, rows)


def worker_text(case_no: str, to: StateDef) -> str:
    """One short message (at most 70 characters): number and stage, no identity, no disease."""
    text = f"【绿通】您的案件{case_no}现在：{to.label}。凭编号和身份证后四位查询，详询窗口。"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def side(who: str, party: str) -> str:
    """Whom a file's `party` means in a child matter of that side; anybody else is himself."""
    return party or who if who == PARTY else who


def address(who: str, office_code: str) -> str:
    """Where a person of the file is reached: worker, employer, or role@office code."""
    return who if who in REACHED else f"{who}@{office_code}"


def message(loaded: Loaded, to: str, text: str, key: str, **payload: Any) -> dict[str, Any]:
    """One message row; `to` is worker, employer or role@office code."""
    return _row(loaded.row.id, "message", to, text, key, payload)


def write(connection: Connection | Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows into the outbox."""
    if rows:
        connection.execute(_rows, list(rows))


def _print(loaded: Loaded, instrument: Mapping[str, Any], part: str) -> dict[str, Any]:
    return _row(
        loaded.row.id,
        "print",
        "",
        "",
        f"print:{instrument['uid']}:{part}",
        {"instrument": instrument["id"], "part": part},
    )


def _row(case_id: int, kind: str, to: str, text: str, key: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    now = clock.now()
    return {"key": key, "kind": kind, "case_id": case_id, "to": to, "text": text, "payload": dict(payload), "state": "waiting",
            "tries": 0, "error": "", "next_at": now, "done_at": None}  # fmt: skip
