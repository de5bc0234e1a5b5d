"""A form's own key: the same form submitted twice acts once, and both times gets the same answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow import audit, clock
from workflow.errors import Conflict
from workflow.models import Idempotency, table
from workflow.store import Store


def claim(store: Store, session: Session, key: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Claim a form's key before anything else; the stored answer when the same form was already carried out."""
    request = hashlib.sha256(audit.canonical(asked).encode()).hexdigest()
    make = (postgresql if store.postgres else sqlite).insert(table(Idempotency))
    row = {"key": key, "request": request, "answer": "", "at": clock.now()}
    # What was written is asked back: a row count is not known everywhere.
    claimed = make.values(row).on_conflict_do_nothing().returning(table(Idempotency).c.key)
    if session.execute(claimed).first() is not None:
        return None
    known = session.execute(select(Idempotency.request, Idempotency.answer).where(Idempotency.key == key)).one()
    if known.request != request:
        raise Conflict("这张表单已经提交过，内容与这次不同。请刷新页面，看清现在的情况后再办。")
    answer: dict[str, Any] = json.loads(known.answer)
    return answer


def keep_answer(session: Session, key: str, answer: Mapping[str, Any]) -> None:
    """Store the answer beside the claimed key, in the same transaction."""
    session.execute(update(Idempotency).where(Idempotency.key == key).values(answer=audit.canonical(answer)))
