"""How often something may be tried: counts in the database, so all web processes share them."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow import clock
from workflow.models import Attempt
from workflow.settings import Settings
from workflow.store import Store

KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Limit:
    """At most `times` tries in one fixed window of `seconds` seconds."""

    times: int
    seconds: int

    def window(self) -> int:
        """The present window: its first second since 1970, so windows of all sizes can be cleaned up together."""
        return int(clock.now().timestamp()) // self.seconds * self.seconds


@dataclass(frozen=True)
class Counted:
    """One thing that is counted: `key` from `key_for`, and how often it may happen."""

    key: str
    limit: Limit


def key_for(settings: Settings, kind: str, *parts: str) -> str:
    """A key that fits the column and tells nobody what was typed: people type passwords into the wrong field."""
    text = "\0".join(parts).encode()
    return f"{kind}:{hmac.new(settings.key('attempts'), text, 'sha256').hexdigest()}"


def allowed(store: Store, *counted: Counted) -> bool:
    """Count one try of each, at once and for all processes; False when any of them was tried too often.

    Writes in a transaction of its own, before the thing itself is tried: two tries at the same moment are two.
    """
    with store.writing() as session:
        tries = [_add(session, item, store.postgres) for item in counted]
    return all(n <= item.limit.times for n, item in zip(tries, counted, strict=True))


def _add(session: Session, item: Counted, postgres: bool) -> int:
    insert = postgresql.insert if postgres else sqlite.insert
    statement = insert(Attempt).values(key=item.key, window=item.limit.window(), n=1)
    counting = statement.on_conflict_do_update(index_elements=["key", "window"], set_={"n": Attempt.n + 1})
    return int(session.execute(counting.returning(Attempt.n)).scalar_one())


def forgive(store: Store, clear: Sequence[Counted] = (), give_back: Sequence[Counted] = ()) -> None:
    """After a success: forget the tries of `clear`, take one from those of `give_back`; old windows are dropped."""
    with store.writing() as session:
        for item in clear:
            session.execute(delete(Attempt).where(Attempt.key == item.key))
        for item in give_back:
            here = (Attempt.key == item.key, Attempt.window == item.limit.window(), Attempt.n > 0)
            session.execute(update(Attempt).where(*here).values(n=Attempt.n - 1))
        session.execute(delete(Attempt).where(Attempt.window < int((clock.now() - KEPT).timestamp())))
