"""A matter made ready for the search: clocks and facts by number, and what is worth remembering in which state.

Remembering less keeps the search small and is sound: a settled clock is forgotten where no way leads to starting it again
from the same day, a known day where no clock can start from it any more, who has been served once nothing is delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from workflow.definition.model import ActionDef, ClockDef, Definition, MatterDef
from workflow.prover import tables

CLOCK_KEYS = ("start", "stop", "pause", "resume", "extend", "shift", "exclude")


@dataclass(frozen=True)
class Move:
    """One act of one state as the search sees it.

    `sure` are bits of what it lets be known, `renews` bits of the clocks whose start day it sets; `may` the optional facts that
    do either: (name, known, renewed). `focused`: it asks for which addressee, or is done for each; `meets`: the clocks of that
    addressee it settles; `serving`: its state is one where documents are delivered.
    """

    action: ActionDef
    source: str
    target: str
    sure: int
    may: tuple[tuple[str, int, int], ...]
    renews: int
    human: bool
    focused: bool
    clocks: Mapping[str, tuple[int, ...]]
    meets: tuple[int, ...] = ()
    serving: bool = False


@dataclass(frozen=True)
class Plan:
    """One matter. `initial`: facts known when it begins (all names); `bits`: fact → what its being set
    lets be known: two bits a clock, its start (`starts`; either of two days may do) and the day it runs until (`untils`, 0
    where a length is given). `fed`: acts other matters bring about; `hidden`:
    the clocks left out of this search; `always`: bits of the clocks whose start is known on every way to where they start."""

    definition: Definition
    matter: MatterDef
    clocks: tuple[ClockDef, ...]
    number: Mapping[str, int]
    bits: Mapping[str, int]
    initial: frozenset[str]
    starts: tuple[int, ...]
    untils: tuple[int, ...]
    fed: frozenset[str]
    hidden: frozenset[str]
    moves: Mapping[str, tuple[Move, ...]]
    listed: Mapping[str, tuple[int, ...]]
    remembers: Mapping[str, int] = field(default_factory=dict)
    knows: Mapping[str, int] = field(default_factory=dict)
    serves: frozenset[str] = frozenset()
    always: int = 0

    @property
    def known(self) -> int:
        """The facts known from the beginning, as bits."""
        return _or(bit for name, bit in self.bits.items() if name in self.initial)


def start_fact(definition: Definition, clock: ClockDef) -> str:
    """The date fact a clock runs from under the answers in force."""
    if clock.depends is None:
        return clock.start
    return clock.depends.starts.get(definition.answer(clock.depends.question), clock.start)


def openers(definition: Definition, child: str) -> list[tuple[str, str, ActionDef]]:
    """(matter, state, act) of everything that opens `child`."""
    return [
        (m.name, s.name, a)
        for m in definition.matters.values() for s in m.states.values() for a in s.actions.values() if child in a.open
    ]  # fmt: skip


def begins_with(definition: Definition, matter: MatterDef) -> frozenset[str]:
    """The facts a matter knows before its first act."""
    acts = [a for s in matter.states.values() for a in s.actions.values()]
    finds = {a.on for a in acts} & tables.CASE_FACTS  # the matter that finds the day does not know it from the first
    known = set(tables.CASE_FACTS - finds)
    if matter.each or finds or openers(definition, matter.name):
        known |= tables.OPENED_FACTS
    if matter.each:
        known |= tables.SERVED_FACTS
    return frozenset(known)


def fed_acts(definition: Definition, matter: MatterDef) -> frozenset[str]:
    """The acts other matters may have the system do on this one."""
    return frozenset(
        name
        for child in definition.matters.values()
        if not child.of or matter.name in child.of
        for s in child.states.values() for a in s.actions.values() for name in a.parent.values()
    )  # fmt: skip


def loose(definition: Definition, matter: MatterDef) -> list[str]:
    """The clocks only acts start, which no state lists: they run on beside whatever happens."""
    listed = {n for s in matter.states.values() for n in s.clocks}
    return [n for n in _clock_names(definition, matter) if n not in listed]


def plan(definition: Definition, matter: MatterDef, with_loose: str | None = None) -> Plan:
    """Everything of one matter by number, of the loose clocks only `with_loose`. Names nobody knows are left out (the
    property on names tells them)."""
    out = frozenset(loose(definition, matter)) - {with_loose}
    names = [n for n in _clock_names(definition, matter) if n not in out]
    clocks = tuple(definition.clocks[n] for n in names)
    number = {n: i for i, n in enumerate(names)}
    begun = [[start_fact(definition, c), *([c.again.start] if c.again else [])] for c in clocks]
    bits = _bits(clocks, begun)
    moves = {
        s.name: tuple(_move(s.name, a, matter, bits, number, begun) for a in s.actions.values())
        for s in matter.states.values()
    }
    made = Plan(
        definition, matter, clocks, number, bits, begins_with(definition, matter),
        starts=tuple(1 << 2 * i for i in range(len(clocks))),
        untils=tuple(2 << 2 * i if c.until else 0 for i, c in enumerate(clocks)), fed=fed_acts(definition, matter), hidden=out, moves=moves,
        listed={s.name: tuple(number[c] for c in s.clocks if c in number) for s in matter.states.values()},
    )  # fmt: skip
    made = replace(made, always=_always(made))
    return replace(made, remembers=_remembers(made), knows=_knows(made), serves=_serves(made))


def _clock_names(definition: Definition, matter: MatterDef) -> list[str]:
    names = [n for s in matter.states.values() for n in s.clocks]
    names += [n for s in matter.states.values() for a in s.actions.values() for n in a.start]
    return [n for n in dict.fromkeys(names) if n in definition.clocks]


def _bits(clocks: tuple[ClockDef, ...], begun: list[list[str]]) -> dict[str, int]:
    """Fact → what it lets be known of the clocks it starts, and of those that run until it."""
    bits: dict[str, int] = {}
    for i, (clock, starts) in enumerate(zip(clocks, begun, strict=True)):
        for fact in starts:
            bits[fact] = bits.get(fact, 0) | 1 << 2 * i
        if clock.until:
            bits[clock.until] = bits.get(clock.until, 0) | 2 << 2 * i
    return bits


def _renewed(begun: list[list[str]], facts: set[str]) -> int:
    """The clocks whose start one of the facts is, as bits."""
    return _or(1 << i for i, starts in enumerate(begun) if facts & set(starts))


def _or(bits: Iterable[int]) -> int:
    total = 0
    for bit in bits:
        total |= bit
    return total


def _move(
    state: str,
    a: ActionDef,
    matter: MatterDef,
    bits: Mapping[str, int],
    number: Mapping[str, int],
    begun: list[list[str]],
) -> Move:
    kept = tables.DELIVERY_FACTS if a.each else frozenset()
    told = {*a.ask, *([a.on] if a.on else [])}
    sure = {f for f in told if f not in kept}
    may = dict.fromkeys(f for f in a.may if f not in kept and f not in sure)
    target = a.to if a.to in matter.states else state
    return Move(
        a, state, target, _or(bits[f] for f in sure if f in bits), tuple((f, bits[f], _renewed(begun, {f})) for f in may if f in bits),
        _renewed(begun, told),
        any(p != tables.SYSTEM for p in a.by), bool(a.each) or "addressee" in a.ask,
        {k: tuple(number[n] for n in getattr(a, k) if n in number) for k in CLOCK_KEYS}, _meets(state, a, matter, number),
        any(other.each for other in matter.states[state].actions.values()),
    )  # fmt: skip


def _meets(state: str, a: ActionDef, matter: MatterDef, number: Mapping[str, int]) -> tuple[int, ...]:
    """What a delivery settles for its addressee: the clocks of the state, and those of earlier trouble with delivering."""
    if not a.each:
        return ()
    here = matter.states[state]
    trouble = [n for other in here.actions.values() if not other.each for n in other.start]
    return tuple(number[n] for n in dict.fromkeys((*here.clocks, *trouble)) if n in number)


# --- what is worth remembering ------------------------------------------------------------------------------------------


def _begun_by(p: Plan, m: Move) -> int:
    """The clocks an act may start, as bits."""
    return _or(1 << i for i in (*p.listed[m.target], *m.clocks["start"]))


def _remembers(p: Plan) -> dict[str, int]:
    """Per state the clocks whose end (met, stopped) still matters: some way starts them again from the same day."""
    found = dict.fromkeys(p.matter.states, 0)
    for state, m in _until_still(p, found):
        found[state] |= (_begun_by(p, m) | found[m.target]) & ~m.renews
    return found


def _always(p: Plan) -> int:
    """The clocks that can start wherever they do, whatever way was taken: their facts need not be followed."""
    sure = _surely(p)
    doubtful = _doubtful(p, p.listed.get(p.matter.start, ()), p.known)
    for state, known in sure.items():
        for m in p.moves[state]:
            after = known | m.sure
            received = p.bits.get("received_on", 0) if m.action.each else 0
            for target in {m.target, *([state] if m.action.each else [])}:
                doubtful |= _doubtful(p, p.listed[target], after) | _doubtful(p, m.clocks["start"], after | received)
    return ~doubtful & ((1 << len(p.clocks)) - 1)


def _doubtful(p: Plan, clocks: Iterable[int], known: int) -> int:
    """Those of the clocks that cannot be told to start with these facts, as bits."""
    return _or(1 << i for i in clocks if not p.starts[i] & known or p.untils[i] & ~known)


def _surely(p: Plan) -> dict[str, int]:
    """Per reachable state the facts every way into it has set."""
    sure = {p.matter.start: p.known}
    waiting = [p.matter.start] if p.matter.start in p.moves else []
    while waiting:
        state = waiting.pop()
        for m in p.moves[state]:
            after = sure[state] | m.sure
            known = after & sure.get(m.target, after)
            if sure.get(m.target) != known:
                sure[m.target] = known
                waiting.append(m.target)
    return {state: known for state, known in sure.items() if state in p.moves}


def _knows(p: Plan) -> dict[str, int]:
    """Per state the facts some clock may still start from before they are set anew."""
    found = dict.fromkeys(p.matter.states, 0)
    for state, m in _until_still(p, found):
        begun = _begun_by(p, m)
        used = _or(p.starts[i] | p.untils[i] for i in range(len(p.clocks)) if (begun & ~p.always) >> i & 1)
        found[state] |= (used | found[m.target]) & ~m.sure
    return found


def _until_still(p: Plan, found: Mapping[str, int]) -> Iterable[tuple[str, Move]]:
    """Every move again and again until a whole round changes nothing."""
    before: dict[str, int] = {}
    while before != found:
        before = dict(found)
        for state, moves in p.moves.items():
            for m in moves:
                yield state, m


def _serves(p: Plan) -> frozenset[str]:
    """The states in which a document is delivered."""
    return frozenset(s for s, moves in p.moves.items() if any(m.action.each for m in moves))
