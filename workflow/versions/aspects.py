"""What of a clock has changed between two versions of the process, sorted by what it does to a running clock. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workflow.definition.model import ClockDef, Definition

ASPECTS: Mapping[str, tuple[str, Callable[[ClockDef], Any]]] = {
    "length": ("期限长短", lambda c: (
        [(str(d.span), d.since, d.until, d.law) for d in c.within], c.until, str(c.remind or ""), c.repeat, c.at_most, c.version_by,
        c.promise and (str(c.promise.within), c.promise.confirmed),
    )),
    "start": ("从哪天起算", lambda c: (c.start, c.again, c.each, c.depends and (c.depends.question, dict(c.depends.starts)))),
    "owner": ("由谁负责", lambda c: c.owner),
    "kind": ("届满日的算法", lambda c: c.kind),
    "pauses": ("中止、扣除、延长或者改期", lambda c: (c.pauses, c.excludes, c.extends, c.shifts)),
    "law": ("代号或者依据", lambda c: (c.code, c.law)),
    "effect": ("届满的后果", lambda c: (c.on_expiry.mark, c.on_expiry.law, c.on_expiry.act)),
}  # fmt: skip
"""Aspect → how it is called, what of the clock it is. Each touches a running clock; all else of a clock is words and reminders."""
DATED = frozenset({"length", "start", "kind"})
"""Aspects that touch a running clock only where its dates come out differently."""


def changed(old: ClockDef, new: ClockDef) -> tuple[str, ...]:
    """The aspects of a clock that differ, in the order of ASPECTS; empty where only words or reminders do."""
    return tuple(name for name, (_, of) in ASPECTS.items() if of(old) != of(new))


def named(aspects: tuple[str, ...]) -> str:
    """Aspects in words."""
    return "、".join(ASPECTS[a][0] for a in aspects)


def answers(old: Definition, new: Definition) -> tuple[str, ...]:
    """The open legal questions that are answered differently, those one version does not ask among them."""
    return tuple(q for q in sorted({*old.questions, *new.questions}) if old.answer(q) != new.answer(q))


def fact_type(definition: Definition, name: str) -> str:
    """The type of a fact as it is stored: date for the days of `dates` too, "" where the file does not know it."""
    if name in definition.dates:
        return "date"
    return definition.facts[name].type if name in definition.facts else ""
