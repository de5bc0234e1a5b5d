"""The append-only history: one hash chain per case, one for the system, written inside the act's transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from workflow import clock
from workflow.models import Event, Meta, table
from workflow.situation import Actor

SYSTEM = "system"
FIELDS = (
    "chain", "seq", "at", "on", "kind", "action", "label", "from_state", "to_state",
    "actor_id", "actor", "behalf", "definition", "payload", "case_id", "matter_id",
)  # fmt: skip
_events = table(Event)
_insert = insert(_events)


@dataclass(frozen=True)
class Link:
    """Where a chain ends: its last sequence number and hash."""

    seq: int
    hash: str


def canonical(value: Any) -> str:
    """JSON with fixed key order and no spaces: the same facts always give the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


def event_hash(row: Mapping[str, Any], prev_hash: str) -> str:
    """SHA-256 over every field of the row and the hash before it."""
    fields = [row[name] if row[name] is not None else "" for name in FIELDS]
    return hashlib.sha256(canonical(["sha256/1", prev_hash, *fields]).encode()).hexdigest()


def append(
    connection: Connection | Session,
    last: Link,
    chain: str,
    actor: Actor,
    *,
    kind: str,
    payload: Mapping[str, Any],
    on: date | None = None,
    action: str = "",
    label: str = "",
    from_state: str = "",
    to_state: str = "",
    behalf: str = "",
    definition: str = "",
    case_id: int | None = None,
    matter_id: int | None = None,
) -> Link:
    """Add one event after `last`; the caller keeps the returned link as the chain's head in the same transaction."""
    row: dict[str, Any] = {
        "chain": chain, "seq": last.seq + 1, "at": clock.now(), "on": on or clock.today(), "kind": kind, "action": action,
        "label": label, "from_state": from_state, "to_state": to_state, "actor_id": actor.id,
        "actor": f"{actor.name}（{actor.username}）", "behalf": behalf, "definition": definition,
        "payload": canonical(payload), "case_id": case_id, "matter_id": matter_id, "prev_hash": last.hash,
    }  # fmt: skip
    row["hash"] = event_hash(row, last.hash)
    connection.execute(_insert, row)
    return Link(row["seq"], row["hash"])


def record(session: Session, actor: Actor, *, kind: str, payload: Mapping[str, Any], label: str = "") -> Link:
    """Add one event to the system's own chain (users, figures, files taken in); its head is a locked row."""
    head = session.execute(select(Meta.value).where(Meta.name == "system-head").with_for_update()).scalar_one()
    seq, _, last_hash = head.partition(":")
    link = append(session, Link(int(seq), last_hash), SYSTEM, actor, kind=kind, payload=payload, label=label)
    session.execute(update(Meta).where(Meta.name == "system-head").values(value=f"{link.seq}:{link.hash}"))
    return link
