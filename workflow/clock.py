"""The one source of time. Legal dates are Asia/Shanghai, stored moments are UTC; nothing else calls now()."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_frozen: ContextVar[datetime | None] = ContextVar("frozen_moment", default=None)


def now() -> datetime:
    """The present moment, aware, UTC, whole microseconds."""
    return _frozen.get() or datetime.now(UTC)


def today() -> date:
    """The present legal day in Asia/Shanghai."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """A stored moment as people in Bayannur read it; a naive moment is taken as UTC (SQLite returns those)."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(SHANGHAI)


@contextmanager
def frozen(at: datetime | date) -> Iterator[None]:
    """Stand still at `at` (a date means nine in the morning there); for tests and for rehearsing a future day."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(9), SHANGHAI)
    token = _frozen.set((at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
