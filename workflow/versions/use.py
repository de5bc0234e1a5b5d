"""What open cases stand on: which states, clocks, facts and acts a new version must not pull away. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class Use:
    """For each kind of thing (matter, state, clock, act, fact, value, paper, instrument, person) and its key the open cases
    that use it, by case id; `cases` are all of them.

    Keys: state (matter, state); act (matter, state, act) as recorded; value (fact, choice); clock its name, where one is
    running, paused or listed; all else the name.
    """

    cases: set[int] = field(default_factory=set)
    _used: defaultdict[tuple[str, Hashable], set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, case: int, kind: str, key: Hashable) -> None:
        self._used[(kind, key)].add(case)

    def of(self, kind: str, *keys: Hashable) -> set[int]:
        """The cases that use any of these."""
        return set().union(*(self._used[(kind, key)] for key in keys if (kind, key) in self._used))
