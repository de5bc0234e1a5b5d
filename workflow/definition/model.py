"""What a loaded states.yaml is: frozen, plain, checked. The loader makes it, the engine and the prover read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from workflow.daycount import Span


@dataclass(frozen=True)
class DatedSpan:
    """A length and the days between which it is (or was) the law; both ends inclusive, None is open."""

    span: Span
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Ground:
    """Something that stops, leaves out or lengthens a clock: when, by which article; `by`/`times` for extensions."""

    when: str
    law: str
    by: Span | None = None
    times: int | None = None


@dataclass(frozen=True)
class Again:
    """The same duty under another code when another date fact is known (GS-SUPP after GS-ACC)."""

    code: str
    start: str
    law: str = ""


@dataclass(frozen=True)
class Promise:
    """The office's own shorter limit; unconfirmed ones are shown as 待局确认."""

    within: Span
    confirmed: bool


@dataclass(frozen=True)
class Expiry:
    """What follows when a clock runs out: never a decision."""

    warn: tuple[str, ...] = ()
    escalate: str = ""
    mark: str = ""
    mark_law: str = ""
    route: str = ""


@dataclass(frozen=True)
class ClockDef:
    """One kind of clock. Exactly one of `within` (legal), `until` (fact naming a day), `remind` (internal) is set.

    `start` is the date fact it runs from; `owner` a key of `people`; `each` is "" or "addressee".
    """

    name: str
    code: str
    label: str
    start: str
    owner: str
    on_expiry: Expiry
    within: tuple[DatedSpan, ...] = ()
    until: str = ""
    remind: Span | None = None
    repeat: bool = False
    each: str = ""
    law: str = ""
    pauses: Ground | None = None
    excludes: Ground | None = None
    extends: Ground | None = None
    shifts: Ground | None = None
    again: Again | None = None
    promise: Promise | None = None
    unverified: str = ""

    @property
    def legal(self) -> bool:
        """True for a statutory limit; False for an internal reminder (内部提醒), which is never 逾期."""
        return self.remind is None

    def within_on(self, day: date) -> Span | None:
        """The length in force on `day` (of the start date); None where the file has none for it."""
        return next((d.span for d in self.within if d.holds_on(day)), None)


@dataclass(frozen=True)
class FactDef:
    """Something an action asks for. type: text, longtext, date, choice, bool, int, money, month, papers, account.

    Dates: not in the future; `not_before` names a date fact they may not precede.
    """

    name: str
    label: str
    type: str
    choices: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    not_before: str = ""
    future: bool = False
    law: str = ""


@dataclass(frozen=True)
class PaperDef:
    name: str
    label: str
    law: str


@dataclass(frozen=True)
class InstrumentDef:
    """A document kind: `number` is the word in its 文号, `to` who must be served, `copy` who gets a copy (抄送)."""

    name: str
    label: str
    number: str
    to: tuple[str, ...]
    law: str
    copy: tuple[str, ...] = ()
    template: str = ""


@dataclass(frozen=True)
class ActionDef:
    """One thing that can be done in a state. `to` is always a state name (its own state where the file says none)."""

    name: str
    label: str
    by: tuple[str, ...]
    to: str
    guards: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    on: str = ""
    receive: tuple[str, ...] = ()
    prepare: str = ""
    issue: str = ""
    open: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    shift: tuple[str, ...] = ()
    each: str = ""
    unsettled: str = ""
    law: str = ""
    hint: str = ""


@dataclass(frozen=True)
class StateDef:
    name: str
    label: str
    public: str
    clocks: tuple[str, ...] = ()
    actions: Mapping[str, ActionDef] = field(default_factory=dict)
    end: bool = False


@dataclass(frozen=True)
class MatterDef:
    name: str
    label: str
    start: str
    states: Mapping[str, StateDef]


@dataclass(frozen=True)
class Definition:
    """One version of the process; `digest` is SHA-256 (hex) of the file's bytes, `text` the file itself."""

    version: str
    digest: str
    text: str
    people: Mapping[str, str]
    dates: Mapping[str, str]
    facts: Mapping[str, FactDef]
    clocks: Mapping[str, ClockDef]
    papers: Mapping[str, PaperDef]
    instruments: Mapping[str, InstrumentDef]
    matters: Mapping[str, MatterDef]
