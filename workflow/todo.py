"""A task as it is written: something a person must do outside the states (补录、督办、核实、电话 …)."""

from __future__ import annotations

from typing import Any

from workflow import clock


def new_task(
    *, case_id: int, matter_id: int | None, office_id: int, kind: str, owner: str, text: str, key: str, fact: str = ""
) -> dict[str, Any]:
    """The row of an open task. `kind`: fill, press, act, judge, outbox; `owner`: a person of states.yaml; `key`: written once."""
    return {
        "case_id": case_id, "matter_id": matter_id, "office_id": office_id, "kind": kind, "owner": owner, "text": text, "fact": fact,
        "key": key, "created_at": clock.now(), "done_at": None, "done_by": "",
    }  # fmt: skip
