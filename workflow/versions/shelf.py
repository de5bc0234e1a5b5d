"""The versions kept in the database: which is in force on a day, drafts, and what init-db stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from workflow import audit, clock
from workflow.definition.model import Definition
from workflow.errors import Forbidden, Refused
from workflow.models import Case, DefinitionVersion, Event
from workflow.situation import Actor
from workflow.store import Store

DRAFT, PUBLISHED, RETIRED = "draft", "published", "retired"
STATES = {DRAFT: "草案", PUBLISHED: "已发布", RETIRED: "已失效"}
V = DefinitionVersion


@dataclass(frozen=True)
class Shelved:
    """One version as lists show it; days inclusive, None is open. `open_cases`: how many open cases run under it."""

    id: int
    version: str
    digest: str
    state: str
    valid_from: date | None
    valid_until: date | None
    stored_by: str
    published_by: str
    retired_by: str
    to_move: bool
    open_cases: int

    def line(self, today: date) -> str:
        """One line for a list."""
        days = ""
        if self.state != DRAFT:
            days = f"{self.valid_from or '启用'} 至 {self.valid_until or '现在'}  "
        word = (
            "待生效" if self.state == PUBLISHED and self.valid_from and self.valid_from > today else STATES[self.state]
        )
        rest = "  运行中的案件还没有转入" if self.to_move else ""
        return f"{self.id}  {self.version}  {word}  {days}在办 {self.open_cases} 件  {self.digest[:12]}{rest}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def valid_on(session: Session, day: date) -> tuple[int, str]:
    """Id and digest of the version published and valid on `day`. Raises Refused where there is none."""
    row = session.execute(
        select(V.id, V.digest)
        .where(V.state != DRAFT, or_(V.valid_from.is_(None), V.valid_from <= day), or_(V.valid_until.is_(None), V.valid_until >= day))
        .order_by(V.id.desc()).limit(1)
    ).first()  # fmt: skip
    if row is None:
        raise Refused(f"{day} 没有已发布并且有效的办理流程。请管理员用 greenchannel definition publish 发布。")
    return row.id, row.digest


def last_published(session: Session) -> DefinitionVersion | None:
    """The version whose validity is still open: the one in force, or the one waiting for its day."""
    return session.scalar(select(V).where(V.state == PUBLISHED, V.valid_until.is_(None)))


def by_digest(session: Session, digest: str) -> DefinitionVersion | None:
    """The version that is byte for byte this file."""
    return session.scalar(select(V).where(V.digest == digest))


def listing(session: Session) -> list[Shelved]:
    """Every version, the newest first."""
    query = select(Case.definition_id, func.count()).where(Case.closed_on.is_(None)).group_by(Case.definition_id)
    counts: dict[int, int] = {number: n for number, n in session.execute(query)}
    return [
        Shelved(v.id, v.version, v.digest, v.state, v.valid_from, v.valid_until, v.stored_by, v.published_by, v.retired_by,
                v.state == PUBLISHED and v.moved_at is None, counts.get(v.id, 0))
        for v in session.scalars(select(V).order_by(V.id.desc()))
    ]  # fmt: skip


def require_admin(actor: Actor) -> None:
    """Raises Forbidden: the process is changed by administrators (and by init-db)."""
    if "admin" not in actor.roles and not actor.system:
        raise Forbidden("您没有改办理流程的权限，由管理员办理。")


def draft(store: Store, actor: Actor, definition: Definition) -> Shelved:
    """Keep a sound file as a draft, to be looked at and published later.

    Raises Forbidden, Refused where the same file is here already.
    """
    require_admin(actor)
    with store.writing() as session:
        known = by_digest(session, definition.digest)
        if known is not None:
            raise Refused(
                f"同样的文件已经在库里了（第 {known.id} 号，版本 {known.version}，{STATES[known.state]}），不用再存。"
            )
        kept = store_version(session, actor, definition, DRAFT)
        return next(s for s in listing(session) if s.id == kept.id)


def shipped(session: Session, actor: Actor, definition: Definition) -> str:
    """What init-db does with the file it ships: the first is published from the beginning, a later one kept as a draft.

    The state of that file here: draft, published or retired.
    """
    known = by_digest(session, definition.digest)
    if known is None:
        first = last_published(session) is None
        known = store_version(session, actor, definition, PUBLISHED if first else DRAFT)
    return known.state


def store_version(session: Session, actor: Actor, definition: Definition, state: str) -> DefinitionVersion:
    """Write the version and its event in the system's chain. PUBLISHED: valid from the beginning, which only the first is."""
    now, who = clock.now(), name_of(actor)
    row = V(
        digest=definition.digest,
        version=definition.version,
        text=definition.text,
        stored_at=now,
        state=state,
        stored_by=who,
    )
    if state == PUBLISHED:
        row.published_at, row.published_by, row.moved_at = now, who, now
    session.add(row)
    session.flush()
    label = "办理流程入库" if state == PUBLISHED else "办理流程存为草案"
    audit.record(session, actor, kind="definition:stored", label=label, payload=said_of(row))
    return row


def name_of(actor: Actor) -> str:
    """As events write who acted, cut to its column."""
    return f"{actor.name}（{actor.username}）"[:80]


def said_of(row: DefinitionVersion) -> dict[str, Any]:
    """A version as the system's chain tells of it."""
    return {
        "version": row.version,
        "digest": row.digest,
        "state": row.state,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
    }


def edited(session: Session) -> Iterator[tuple[str, int, str]]:
    """Versions whose state or days are not as the system's chain last told: (chain, 0, what is wrong), for verify-audit."""
    said: dict[str, dict[str, Any]] = {}
    query = (
        select(Event.payload)
        .where(Event.chain == audit.SYSTEM, Event.kind.startswith("definition:"))
        .order_by(Event.seq)
    )
    for text in session.scalars(query):
        try:
            payload = json.loads(text)
            for told in (payload, *payload.get("ended", ())):
                if "state" in told:  # what was stored before versions had states tells none
                    said[told["digest"]] = {n: told.get(n) for n in ("state", "valid_from", "valid_until")}
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # its own hash tells
    for row in session.scalars(select(V).order_by(V.id)):
        now = {"state": row.state, "valid_from": _iso(row.valid_from), "valid_until": _iso(row.valid_until)}
        if row.digest in said and said[row.digest] != now:
            yield audit.SYSTEM, 0, f"办理流程（版本 {row.version}）的状态或者有效期与发布时的记录不符，被改动过。"
    for digest in said.keys() - set(session.scalars(select(V.digest))):
        yield audit.SYSTEM, 0, f"记录里的办理流程（指纹 {digest[:12]}）不见了，被删除过。"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
