"""Whose days they were: every day from the first to the last is one person's running time, a pause, or nobody's. Pure.

A day counts as in the law: the first day is out (民法典#201), so the day from `d` to `d + 1` belongs to who holds the matter
when `d` ends. It belongs to the owner of the most urgent running clock: one that is over the law first, then the earlier day
that counts, the law before a reminder, the older clock before the newer. What ran over before a case was placed from a form
stands behind everything else. A day on which only paused clocks stand is a pause with its ground, also where a reminder of the
same matter watches the pause: whoever looks whether it has ended is not at work on the matter. A day without any clock is
nobody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

ONE_DAY = timedelta(days=1)
Stretch = tuple[date, date | None]
"""From (in) to (out); None is open."""


@dataclass(frozen=True)
class Run:
    """One clock (`order`: its id) of a matter in its time: whose it is, when it ran, when it stood.

    `since`..`until`: the days it was there (half-open). `waits`: a day it waits for, nobody's duty (earliest, effect). `right`: a
    party's own period: after `due` it is gone, nobody is late with it. `judged`: over before the case was placed. `came`: the day
    it came to its owner, no day before is over. `pauses`: [from, to) with their ground; `gaps`: days another state was in force.
    """

    order: int
    matter: int
    label: str
    owner: str
    legal: bool
    since: date
    until: date | None
    due: date
    effective: date
    came: date
    waits: bool = False
    right: bool = False
    judged: bool = False
    pauses: tuple[tuple[date, date | None, str], ...] = ()
    gaps: tuple[Stretch, ...] = ()

    def there(self, d: date) -> bool:
        """Whether it ran or stood on the day that begins as `d` ends."""
        if not _within(d, self.since, self.until) or any(_within(d, a, b) for a, b in self.gaps):
            return False
        return not (self.right and d >= self.due)

    def ground(self, d: date) -> str | None:
        """The ground it is paused on that day for, None while it runs."""
        return next((ground for a, b, ground in self.pauses if _within(d + ONE_DAY, a, b)), None)

    def over(self, d: date) -> bool:
        """Whether that day is one past the law's own day, which only its owner answers for."""
        return self.legal and not (self.right or self.judged or self.waits) and d >= self.due and d >= self.came

    def turns(self) -> Iterable[date]:
        """The days on which anything said above may change."""
        yield from (self.since, self.due, self.came)
        if self.until:
            yield self.until
        for a, b, _ in self.pauses:
            yield from (x - ONE_DAY for x in (a, b) if x)
        for a, b in self.gaps:
            yield from (x for x in (a, b) if x)


@dataclass
class Share:
    """日 of one owner: `running` were his, `over` of them past the law's day; `paused` stood still and are nobody's work."""

    running: int = 0
    paused: int = 0
    over: int = 0


@dataclass
class Tally:
    """The days from first to last; `elapsed` is the sum of every share's running and paused days and of `nobody`."""

    elapsed: int = 0
    shares: dict[str, Share] = field(default_factory=dict)
    grounds: Counter[str] = field(default_factory=Counter)
    nobody: int = 0

    def take(self, other: Tally) -> None:
        """Add another tally."""
        self.elapsed += other.elapsed
        self.nobody += other.nobody
        self.grounds.update(other.grounds)
        for owner, share in other.shares.items():
            mine = self.shares.setdefault(owner, Share())
            mine.running += share.running
            mine.paused += share.paused
            mine.over += share.over


def tally(first: date, last: date, runs: Sequence[Run]) -> Tally:
    """The days of [first, last) shared out; nothing where `last` is not after `first`."""
    out = Tally()
    cuts = sorted({first, last, *(d for r in runs for d in r.turns() if first < d < last)}) if last > first else []
    for since, until in pairwise(cuts):
        days = (until - since).days
        out.elapsed += days
        _share(out, since, days, [r for r in runs if r.there(since)])
    return out


def _share(out: Tally, d: date, days: int, there: Sequence[Run]) -> None:
    paused = [r for r in there if not r.waits and r.ground(d) is not None]
    stopped = {r.matter for r in paused if r.legal}
    running = [r for r in there if not r.waits and r.ground(d) is None and (r.legal or r.matter not in stopped)]
    if running:
        holder = min(running, key=lambda r: _urgency(r, d))
        share = out.shares.setdefault(holder.owner, Share())
        share.running += days
        share.over += days if holder.over(d) else 0
    elif there:  # it stands still, or waits for a day the law names
        held = min(paused or there, key=lambda r: _urgency(r, d))
        out.shares.setdefault(held.owner, Share()).paused += days
        out.grounds[held.ground(d) or held.label] += days
    else:
        out.nobody += days


def _urgency(r: Run, d: date) -> tuple[int, date, bool, int]:
    return (0 if r.over(d) else 2 if r.judged else 1, r.effective, not r.legal, r.order)


def _within(d: date, since: date, until: date | None) -> bool:
    return since <= d and (until is None or d < until)
