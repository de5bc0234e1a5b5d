"""The headline of a case, derived from its matters and never stored; and the sentence its worker reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflow.definition.model import Definition, StateDef

PLACEHOLDER = re.compile(r"\{(\w+)\.due\}")


@dataclass(frozen=True)
class Stage:
    """Where a case stands: `matter` and `state` by name, `label` in Chinese, whether every matter has ended; `position`: which
    of the matters given it is."""

    matter: str
    state: str
    label: str
    closed: bool
    position: int = 0


def headline(definition: Definition, matters: Iterable[tuple[str, str]]) -> Stage:
    """The first matter, in the order of the process file, that has not ended; the last one when all have.

    What is only watched here (复议诉讼、诊断) is the headline where nothing of our own is open. Of several matters of one name
    the first open one counts.
    """
    order = {name: n for n, name in enumerate(definition.matters)}
    standing = [(n, name, state) for n, (name, state) in enumerate(matters) if name in order]
    standing.sort(key=lambda m: (order[m[1]], m[0]))
    open_ones = [m for m in standing if not definition.matters[m[1]].states[m[2]].end]
    open_ones.sort(key=lambda m: bool(definition.matters[m[1]].elsewhere))
    ended = sorted(standing, key=lambda m: not definition.matters[m[1]].elsewhere)
    position, name, state = (open_ones or ended[-1:])[0]
    return Stage(name, state, definition.matters[name].states[state].label, not open_ones, position)


def chinese_day(day: date) -> str:
    """2026-11-24 → 2026年11月24日."""
    return f"{day.year}年{day.month}月{day.day}日"


def public_sentence(state: StateDef, clocks: Iterable[Mapping[str, Any]], addressee: str = "worker") -> str:
    """The state's sentence with the days of its clocks; a day nobody knows yet is said so, never guessed."""
    due: dict[str, date | None] = {}
    guessed: dict[str, bool] = {}
    for row in clocks:
        if row["addressee"] in ("", addressee) and row["state"] in ("running", "paused", "unstarted"):
            due[row["name"]] = row["due_on"] if row["state"] == "running" else None
            guessed[row["name"]] = bool(row["provisional"])

    def day(match: re.Match[str]) -> str:
        known = due.get(match.group(1))
        return f"{chinese_day(known)}{'（暂估）' if guessed[match.group(1)] else ''}" if known else "（日期待定）"

    return PLACEHOLDER.sub(day, state.public)
