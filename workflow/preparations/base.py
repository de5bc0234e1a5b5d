"""What a preparation is, and where it is registered under the name states.yaml calls it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow.situation import Situation


@dataclass(frozen=True)
class Prepared:
    """facts: kept with the matter. stop: clocks not to run. shift_days: 日 the shifted clocks move. payments: rows to write
    ({item, label, month, amount, round}). returned: payments to mark as sent back ({item, month})."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    shift_days: int = 0
    payments: Sequence[Mapping[str, Any]] = ()
    returned: Sequence[Mapping[str, str]] = ()


ASK_FIGURES = frozenset({"benefit_lines", "determined_lines"})
"""Preparations that reckon with the approved local figures: the engine reads them only for these."""
RETIRED = frozenset({"repay"})
"""Preparations only older versions of states.yaml name."""
REGISTRY: dict[str, Callable[[Situation], Prepared]] = {}


def preparation(function: Callable[[Situation], Prepared]) -> Callable[[Situation], Prepared]:
    """Register a preparation under its own name."""
    REGISTRY[function.__name__] = function
    return function
