"""Sessions as rows: the cookie carries a random token, the database its hash, so a stolen cookie dies at logout."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from workflow import clock
from workflow.accounts import actor_of
from workflow.models import LoginSession, User
from workflow.situation import Actor
from workflow.store import Store

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=10)
TOUCHED_EVERY = timedelta(seconds=60)  # reading a page must not write every time
KEPT = timedelta(days=190)


@dataclass(frozen=True)
class SignedIn:
    """Whoever sends this request, as Flask-Login wants it; `get_id` is the session's token, not the user's number."""

    actor: Actor
    office_name: str
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.token


def digest(token: str) -> str:
    """What the database knows of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(store: Store, user: User, address: str) -> SignedIn:
    """A new session for an authenticated account; long ended ones are cleared away."""
    token, now = secrets.token_urlsafe(32), clock.now()
    with store.writing() as session:
        session.add(
            LoginSession(token_hash=digest(token), user_id=user.id, epoch=user.epoch, created_at=now, seen_at=now,
                         address=address[:60])
        )  # fmt: skip
        session.execute(delete(LoginSession).where(LoginSession.created_at < now - KEPT))
    return _signed_in(user, token)


def find(store: Store, token: str) -> SignedIn | None:
    """Who this token stands for now: None when ended, idle or old too long, or the account was closed or changed."""
    now = clock.now()
    query = select(User, LoginSession.seen_at).join(LoginSession, LoginSession.user_id == User.id).where(
        LoginSession.token_hash == digest(token), LoginSession.ended_at.is_(None), LoginSession.epoch == User.epoch,
        LoginSession.created_at > now - ABSOLUTE, LoginSession.seen_at > now - IDLE, User.active, ~User.system,
    )  # fmt: skip
    with store.reading() as session:
        row = session.execute(query).first()
        if row is None:
            return None
        user, seen_at = row
        found = _signed_in(user, token)
    if now - seen_at >= TOUCHED_EVERY:
        _touch(store, token)
    return found


def _touch(store: Store, token: str) -> None:
    with store.writing() as session:
        mine = LoginSession.token_hash == digest(token)
        session.execute(update(LoginSession).where(mine).values(seen_at=clock.now()))


def end(store: Store, token: str) -> None:
    """End one session; ending it twice changes nothing."""
    with store.writing() as session:
        live = (LoginSession.token_hash == digest(token), LoginSession.ended_at.is_(None))
        session.execute(update(LoginSession).where(*live).values(ended_at=clock.now()))


def _signed_in(user: User, token: str) -> SignedIn:
    return SignedIn(actor_of(user), user.office.name if user.office else "", token)
