"""Where mutations go and how a frozen definition is changed there; and, apart from the prover, what a change leaves whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from workflow import law
from workflow.daycount import Span
from workflow.definition.model import (
    ActionDef,
    ClockDef,
    DatedSpan,
    Definition,
    Ground,
    InstrumentDef,
    MatterDef,
    PaperDef,
    QuestionDef,
    StateDef,
)
from workflow.prover.tables import CASE_FACTS, KNOWN_BODIES, OPENED_FACTS, OUTSIDE, PARTIES, SERVED_FACTS

__all__ = ["PARTIES"]
Apply = Callable[[Definition], Definition]


# --- changing -----------------------------------------------------------------------------------------------------------


def clock(name: str, how: Callable[..., ClockDef]) -> Apply:
    return lambda d: replace(d, clocks={**d.clocks, name: how(d.clocks[name])})


def paper(name: str, how: Callable[[PaperDef], PaperDef]) -> Apply:
    return lambda d: replace(d, papers={**d.papers, name: how(d.papers[name])})


def instrument(name: str, how: Callable[[InstrumentDef], InstrumentDef]) -> Apply:
    return lambda d: replace(d, instruments={**d.instruments, name: how(d.instruments[name])})


def question(name: str, how: Callable[[QuestionDef], QuestionDef]) -> Apply:
    return lambda d: replace(d, questions={**d.questions, name: how(d.questions[name])})


def matter(m: MatterDef, how: Callable[..., MatterDef]) -> Apply:
    return lambda d: replace(d, matters={**d.matters, m.name: how(d.matters[m.name])})


def state(m: MatterDef, s: StateDef, how: Callable[..., StateDef]) -> Apply:
    return matter(m, lambda x: replace(x, states={**x.states, s.name: how(x.states[s.name])}))


def act(m: MatterDef, s: StateDef, a: ActionDef, how: Callable[..., ActionDef]) -> Apply:
    return state(m, s, lambda x: replace(x, actions={**x.actions, a.name: how(x.actions[a.name])}))


def no_act(m: MatterDef, s: StateDef, a: ActionDef) -> Apply:
    return state(m, s, lambda x: replace(x, actions={n: b for n, b in x.actions.items() if n != a.name}))


def without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(n for n in names if n != name)


def misspelt(within: tuple[DatedSpan, ...]) -> tuple[DatedSpan, ...]:
    """15 日 → 51 日, in the last version; where that is no other length, one more."""
    span = within[-1].span
    turned = int(str(span.amount)[::-1])
    amount = turned if turned not in (0, span.amount) else span.amount + 1
    return (*within[:-1], replace(within[-1], span=replace(span, amount=amount)))


def other_unit(within: tuple[DatedSpan, ...]) -> tuple[DatedSpan, ...]:
    span = within[-1].span
    return (*within[:-1], replace(within[-1], span=replace(span, unit="工作日" if span.unit == "日" else "日")))


def other_switch(within: tuple[DatedSpan, ...]) -> tuple[DatedSpan, ...]:
    """The last version begins a month later than it does, the one before ends a month later."""
    before, last = within[-2], within[-1]
    assert before.until and last.since
    month = timedelta(days=30)
    return (*within[:-2], replace(before, until=before.until + month), replace(last, since=last.since + month))


def longer(span: Span) -> Span:
    return replace(span, amount=span.amount * 2 + 1)


def ground(citation: str) -> Ground:
    return Ground("遇有特殊情况", citation)


# --- looking ------------------------------------------------------------------------------------------------------------


def legal(d: Definition) -> Iterator[ClockDef]:
    return (c for c in d.clocks.values() if c.legal)


def states(d: Definition) -> Iterator[tuple[MatterDef, StateDef]]:
    return ((m, s) for m in d.matters.values() for s in m.states.values())


def acts(d: Definition) -> Iterator[tuple[MatterDef, StateDef, ActionDef]]:
    return ((m, s, a) for m, s in states(d) for a in s.actions.values())


def label(m: MatterDef, s: StateDef, a: ActionDef) -> str:
    return f"{m.name}.{s.name}.{a.name}"


def clocks_of(m: MatterDef) -> set[str]:
    listed = {c for s in m.states.values() for c in s.clocks}
    return listed | {c for s in m.states.values() for a in s.actions.values() for c in a.start}


def may_run(m: MatterDef, s: StateDef) -> set[str]:
    """Clocks that could possibly run in a state: listed there, started by an act, or paused on the way."""
    every = [a for x in m.states.values() for a in x.actions.values()]
    return {*s.clocks, *(c for a in every for c in (*a.start, *a.pause))}


def waits_for(d: Definition, c: ClockDef) -> bool:
    return any(c.name in s.clocks and not s.end for _, s in states(d))


def not_listed(d: Definition, c: ClockDef) -> str:
    return "" if any(c.name in s.clocks for _, s in states(d)) else "没有状态列着它，只由办理事项启动"


def reach(m: MatterDef, start: str, to: Mapping[tuple[str, str], str] | None = None) -> set[str]:
    """The states acts lead to from `start`; `to` turns some acts elsewhere ("" takes them away)."""
    found, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        for a in m.states[at].actions.values():
            target = (to or {}).get((at, a.name), a.to)
            if target in m.states and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def strangers(d: Definition, c: ClockDef) -> list[str]:
    """People who cannot be the owner: not by the law table, or without anything to do where the clock runs."""
    known = next((r for r in law.rules() if r.code == c.code), None)
    if known and c.legal:
        allowed = {known.owner, *KNOWN_BODIES.get(known.owner, ())}
        if known.owner in PARTIES:
            allowed.add("party")
        return sorted(set(d.people) - allowed)
    idle: set[str] = set()
    for m, s in states(d):
        if c.name in s.clocks and not s.end:
            doers = {p for a in s.actions.values() for p in a.by}
            idle |= set(d.people) - doers - PARTIES - OUTSIDE - {m.elsewhere}
    return sorted(idle)


def grounded_already(c: ClockDef, key: str) -> str:
    known = next((r for r in law.rules() if r.code == c.code), None)
    return "法规表准许，只是这里没有用" if known and getattr(known, key) else ""


def facts_of(d: Definition) -> set[str]:
    """Every fact some act asks for or keeps, and those known from the first."""
    told = {f for _, _, a in acts(d) for f in (*a.ask, *a.may, a.on)}
    return told | CASE_FACTS | OPENED_FACTS | SERVED_FACTS


def never_set(d: Definition, c: ClockDef) -> list[str]:
    """Date facts nothing ever sets in the matters this clock runs in."""
    mine = [m for m in d.matters.values() if c.name in clocks_of(m)]
    told = {f for m in mine for s in m.states.values() for a in s.actions.values() for f in (*a.ask, *a.may, a.on)}
    return sorted(set(d.dates) - told - CASE_FACTS - OPENED_FACTS - SERVED_FACTS)


def only_one(m: MatterDef, key: str, name: str) -> bool:
    """Whether one act alone has this clock under this key."""
    return sum(name in getattr(a, key) for s in m.states.values() for a in s.actions.values()) == 1


def day_unused(d: Definition, m: MatterDef, s: StateDef, a: ActionDef) -> str:
    """Why an act may do without its date: nobody starts from it, or others set it as well."""
    if a.on in a.ask:
        return "这个日期仍然是必填的"
    begun = [*(m.states[a.to].clocks if a.to in m.states else ()), *a.start]
    if not any(d.clocks[c].start == a.on and not d.clocks[c].depends for c in begun):
        return "没有时限从这个日期起算"
    others = [x for _, x in ((st, x) for st in m.states.values() for x in st.actions.values()) if x is not a]
    if any(a.on in (x.on, *x.ask) for x in others) or a.on in CASE_FACTS | OPENED_FACTS:
        return "别的办理事项也填这个日期"
    return ""


def spare(d: Definition, m: MatterDef, s: StateDef, a: ActionDef) -> str:
    """Why a state may do without an act: every state is still reached and left, and nothing hangs on it."""
    less = {(s.name, a.name): ""}
    if m.states.keys() - reach(m, m.start, less):
        return ""
    ends = {n for n, x in m.states.items() if x.end}
    if not s.end and not ends & reach(m, s.name, less):
        return ""
    if any(d.clocks[c].on_expiry.act == a.name or d.clocks[c].on_expiry.route == a.name for c in s.clocks):
        return "" if not s.end else "终点上的到期办理不是必须的"
    return "别处也走得到、走得出，没有时限到期要办它"


def untriggered(d: Definition, m: MatterDef, s: StateDef, a: ActionDef) -> str:
    fed = {n for _, _, x in acts(d) for n in x.parent.values()}
    done = any(d.clocks[c].on_expiry.act == a.name for c in (*s.clocks, *may_run(m, s)))
    return "" if a.name in fed or done else "没有时限和下级带出它"


def remedies_served(d: Definition, m: MatterDef, s: StateDef) -> set[str]:
    """The remedies of the documents delivered in a state."""
    issued = {a.issue for x in m.states.values() for a in x.actions.values() if a.to == s.name and a.issue}
    return {d.instruments[i].remedy for i in issued if i in d.instruments and d.instruments[i].remedy}


def opened_elsewhere(d: Definition, name: str) -> str:
    """Why a matter is still opened, or does not need to be."""
    ways = [a for _, _, a in acts(d) if name in a.open]
    if len(ways) > 1:
        return "还有别的办理事项开立它"
    child = d.matters[name]
    begins = {d.clocks[c].start for c in child.states[child.start].clocks}
    return "" if begins & OPENED_FACTS else "它不从开立之日起算，窗口也可以单独登记"


def fed(d: Definition) -> Iterator[tuple[MatterDef, StateDef, ActionDef, bool]]:
    """The acts children bring about on a parent, and whether a child can be open in that state."""
    for parent in d.matters.values():
        children = [c for c in d.matters.values() if parent.name in c.of]
        names = {
            n: c for c in children for s in c.states.values() for a in s.actions.values() for n in a.parent.values()
        }
        for s in parent.states.values():
            for a in s.actions.values():
                if a.name in names:
                    yield parent, s, a, s.name in _after_opening(parent, names[a.name].name)


def _after_opening(parent: MatterDef, child: str) -> set[str]:
    begun: set[str] = set()
    for s in parent.states.values():
        for a in s.actions.values():
            if child in a.open and a.to in parent.states:
                begun |= reach(parent, a.to) | ({s.name} if a.each else set())
    return begun
