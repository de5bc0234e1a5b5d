"""What a loaded states.yaml is: frozen, plain, checked. The loader makes it, the engine and the prover read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from workflow.daycount import Span


@dataclass(frozen=True)
class DatedSpan:
    """A length and the days between which it is (or was) the law; both ends inclusive, None is open.

    `law` and `unverified` are this version's own where it has its own article or its text has not been read.
    """

    span: Span
    since: date | None = None
    until: date | None = None
    law: str = ""
    unverified: str = ""

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
class Cap:
    """The longest a clock may run whatever else holds: `within` from the date fact `start`; the earlier end counts."""

    within: Span
    start: str
    law: str


@dataclass(frozen=True)
class Depends:
    """A legally open question (see QuestionDef) that decides from which date fact a clock runs.

    `starts`: choice → date fact; a choice it does not name leaves the clock's own start.
    """

    question: str
    starts: Mapping[str, str]


@dataclass(frozen=True)
class Promise:
    """The office's own shorter limit; unconfirmed ones are shown as 待局确认."""

    within: Span
    confirmed: bool


@dataclass(frozen=True)
class Expiry:
    """What follows when a clock runs out: never a decision without a cited rule.

    `act` (key `do`) is done by the system itself, which only the rule `law` can order (deemed service, a window that has
    closed); `mark` is a legal effect, `route` an act offered to a person.
    """

    warn: tuple[str, ...] = ()
    escalate: str = ""
    mark: str = ""
    law: str = ""
    route: str = ""
    act: str = ""


@dataclass(frozen=True)
class ClockDef:
    """One kind of clock. Exactly one of `within` (legal), `until` (fact naming a day), `remind` (internal) is set.

    `start` is the date fact it runs from; `owner` a key of `people` (`party` in a child matter: the addressee it belongs
    to); `each` is "" or "addressee". `kind`: deadline (rolled past rest days), earliest (before it nothing is admissible),
    effect (something happens by itself, not rolled), start_month. `version_by` is the date fact that selects the
    version of a dated length ("" for `start`), `at_most` a cap, `depends` an open legal question about the start.
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
    kind: str = "deadline"
    version_by: str = ""
    at_most: Cap | None = None
    depends: Depends | None = None

    @property
    def legal(self) -> bool:
        """True for a statutory limit; False for an internal reminder (内部提醒), which is never 逾期."""
        return self.remind is None

    def dated_on(self, day: date) -> DatedSpan | None:
        """The version in force on `day` (of the start, or of `version_by`); None where the file has none for it."""
        return next((d for d in self.within if d.holds_on(day)), None)

    def within_on(self, day: date) -> Span | None:
        """The length of that version."""
        dated = self.dated_on(day)
        return dated.span if dated else None


@dataclass(frozen=True)
class QuestionDef:
    """A question the law leaves open, as a named switch. `use` is the choice in force, `cautious` the default we advise.

    `confidence` is H, M-H, M or L; `law` the article that leaves it open. Another `use` is another version of the file.
    """

    name: str
    label: str
    choices: Mapping[str, str]
    use: str
    cautious: str
    law: str
    confidence: str


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
    """A document kind: `number` is the word in its 文号, `to` who must be served, `copy` who gets a copy (抄送).

    `remedy`: how one objects to it — a matter opened with its delivery (remedy) or a clock its delivery starts
    (ask_again); `no_remedy`: why there is nothing to object to. At most one is set; the prover asks for one. `aside`: it is
    put up in public about another document (公告), served on nobody itself.
    """

    name: str
    label: str
    number: str
    to: tuple[str, ...]
    law: str
    copy: tuple[str, ...] = ()
    template: str = ""
    remedy: str = ""
    no_remedy: str = ""
    aside: bool = False


@dataclass(frozen=True)
class ActionDef:
    """One thing that can be done in a state. `to` is always a state name (its own state where the file says none).

    `common`: written once for several states (a matter's `common` section). `parent`: in a child matter, outcome (value of
    the fact `outcome`, or `any`) → act done on the parent matter by the system in the same transaction. `task`: the person
    who gets a task. `adverse`: it takes or refuses something, so it must issue a document that says how to object.
    `exclude`: clocks from which the days excluded_from..excluded_to (half-open) are left out.
    """

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
    exclude: tuple[str, ...] = ()
    parent: Mapping[str, str] = field(default_factory=dict)
    task: str = ""
    adverse: bool = False
    common: bool = False

    @property
    def automatic(self) -> bool:
        """Whether the system does it without a person."""
        return self.by == ("system",)


@dataclass(frozen=True)
class StateDef:
    """One place a matter can stand in. `end`: nothing is waited for; it may still have acts (re-check, revocation, redo)."""

    name: str
    label: str
    public: str
    clocks: tuple[str, ...] = ()
    actions: Mapping[str, ActionDef] = field(default_factory=dict)
    end: bool = False


@dataclass(frozen=True)
class MatterDef:
    """One small flat state machine.

    `each` "addressee": a child matter, opened once for every addressee of a document of one of its parents (`of`).
    `many`: it may be opened again while another of its kind is open. `elsewhere`: the person who decides it outside this
    system, which only records, reminds and watches ("" where we decide).
    """

    name: str
    label: str
    start: str
    states: Mapping[str, StateDef]
    each: str = ""
    of: tuple[str, ...] = ()
    many: bool = False
    elsewhere: str = ""


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
    questions: Mapping[str, QuestionDef] = field(default_factory=dict)

    def answer(self, question: str) -> str:
        """The choice in force for an open legal question; "" where the file does not ask it."""
        asked = self.questions.get(question)
        return asked.use if asked else ""
