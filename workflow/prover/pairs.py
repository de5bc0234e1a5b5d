"""Two matters together: what one opens in the other, and what the child's outcome has the system do on its parent.

States only: how long either stays where it is is open, so every order of their steps is explored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflow.definition.model import ActionDef, MatterDef
from workflow.prover import tables
from workflow.prover.findings import Counterexample, Subject, proves
from workflow.prover.plan import begins_with, openers
from workflow.prover.watching import ISSUE
from workflow.prover.words import of_act, path, state_label

Pair = tuple[str, str]
OUTCOME = "outcome"
ANY = "any"


@proves("opened", "要开立的事项都有，开立以后一开始就有人看着", ISSUE)
def _opened(s: Subject) -> Iterator[Counterexample]:
    for m in s.definition.matters.values():
        for st in m.states.values():
            for a in st.actions.values():
                for name in a.open:
                    child = s.definition.matters.get(name)
                    if child is None:
                        yield of_act(m, st.name, a, f"要开立的事项“{name}”没有", "open")
                    elif child.start in child.states and child.states[child.start].end:
                        yield of_act(m, st.name, a, f"开立的“{child.label}”一开始就是终点，没有人看着", "open")
    for child in s.definition.matters.values():
        if child.each and not openers(s.definition, child.name):
            text = f"“{child.label}”按收件人开立，却没有办理事项开立它。"
            yield Counterexample(child.name, text, (), ("matters", child.name))


@proves("fed_there", "下级事项的结果要在上级事项办的事，上级那时不论在哪个状态都有这件事", ISSUE)
def _fed_there(s: Subject) -> Iterator[Counterexample]:
    for parent, child in _feeding(s):
        yield from _Together(s, parent, child).gaps()


@proves("fed_by_system", "下级带出来的事由系统办，不用别人再办一次", ISSUE)
def _fed_by_system(s: Subject) -> Iterator[Counterexample]:
    told = set()
    for parent, child in _feeding(s):
        wanted = {n for _, a in _acts(child) for n in a.parent.values()}
        for st in parent.states.values():
            for a in st.actions.values():
                key = (parent.name, a.name, a.by)
                if a.name in wanted and tables.SYSTEM not in a.by and key not in told:
                    told.add(key)
                    yield of_act(
                        parent, st.name, a, f"由“{child.label}”的结果带出来，系统却办不了（by 里没有 system）", "by"
                    )


@proves("fed_facts", "下级带出来的事要填的，下级都填过，不会缺一项办不成", ISSUE)
def _fed_facts(s: Subject) -> Iterator[Counterexample]:
    for parent, child in _feeding(s):
        known = _surely_known(s, child)
        told = set()
        for state, a in _acts(child):
            for name in a.parent.values():
                above = [st.actions[name] for st in parent.states.values() if name in st.actions]
                have = known.get(state, frozenset()) | set(a.ask) | ({a.on} if a.on else set())
                missing = sorted({f for x in above for f in x.ask} - have)
                if missing and (state, a.name, name) not in told:
                    told.add((state, a.name, name))
                    labels = "、".join(_label(s, f) for f in missing)
                    text = f"要在“{parent.label}”办“{above[0].label}”，那里必填的“{labels}”这里却不一定填过"
                    yield of_act(child, state, a, text, "parent")


@proves("outcomes", "下级事项的每个结果，写的都是有的选项，而且填了结果", ISSUE)
def _outcomes(s: Subject) -> Iterator[Counterexample]:
    asked = s.definition.facts.get(OUTCOME)
    for child in s.definition.matters.values():
        known = _surely_known(s, child) if any(a.parent for _, a in _acts(child)) else {}
        for state, a in _acts(child):
            chosen = [k for k in a.parent if k != ANY]
            for k in chosen:
                if asked is None or k not in asked.choices:
                    yield of_act(child, state, a, f"的 parent 写了结果“{k}”，没有这个选项", "parent")
            if chosen and OUTCOME not in {*a.ask, *known.get(state, frozenset())}:
                yield of_act(child, state, a, "要按结果带出上级的事，却不一定填过“结果”", "parent")
            if a.parent and not child.of:
                yield of_act(child, state, a, f"要在上级办事，“{child.label}”却没有上级（of）", "parent")


def _feeding(s: Subject) -> Iterator[tuple[MatterDef, MatterDef]]:
    """(parent, child) of every child whose outcome acts on that parent and that it opens."""
    for child in s.definition.matters.values():
        if any(a.parent for _, a in _acts(child)):
            for name in child.of:
                if name in s.graphs and child.name in s.graphs:
                    yield s.definition.matters[name], child


def _acts(m: MatterDef) -> Iterator[tuple[str, ActionDef]]:
    for st in m.states.values():
        for a in st.actions.values():
            yield st.name, a


def _label(s: Subject, fact: str) -> str:
    known = s.definition.facts.get(fact)
    return known.label if known and known.label else s.definition.dates.get(fact, fact)


def _surely_known(s: Subject, child: MatterDef) -> Mapping[str, frozenset[str]]:
    """Per state the facts set on every way into it."""
    known: dict[str, frozenset[str]] = {child.start: begins_with(s.definition, child)}
    waiting = deque([child.start])
    while waiting:
        state = waiting.popleft()
        for a in child.states[state].actions.values() if state in child.states else ():
            kept = tables.DELIVERY_FACTS if a.each else frozenset()
            after = known[state] | (set(a.ask) - kept) | ({a.on} if a.on else set())
            before = known.get(a.to)
            met = after if before is None else before & after
            if met != before:
                known[a.to] = frozenset(met)
                waiting.append(a.to)
    return known


@dataclass
class _Together:
    """The search of one pair: all (parent state, child state) after the child has been opened."""

    s: Subject
    parent: MatterDef
    child: MatterDef

    def gaps(self) -> Iterator[Counterexample]:
        """Where the child would act on the parent and the parent has no such act; the shortest way each."""
        found: dict[Pair, tuple[Pair, str] | None] = {}
        begun: dict[Pair, tuple[str, ...]] = {}
        waiting: deque[Pair] = deque()
        for pair, way in self._begins():
            if pair not in found:
                found[pair], begun[pair] = None, way
                waiting.append(pair)
        told = set()
        while waiting:
            at = waiting.popleft()
            for to, words, lacks in self._steps(at):
                if lacks and (lacks, at[0]) not in told:
                    told.add((lacks, at[0]))
                    yield self._gap(at, words, lacks, found, begun)
                elif not lacks and to not in found:
                    found[to] = (at, words)
                    waiting.append(to)

    def _begins(self) -> Iterator[tuple[Pair, tuple[str, ...]]]:
        """Where the pair may stand right after an opening, with the parent's way there."""
        graph = self.s.graphs[self.parent.name]
        firsts: list[tuple[int, ActionDef, str]] = []
        for state in graph.states():
            for a in self.parent.states[state].actions.values():
                if self.child.name in a.open and (state, a.name) in graph.done:
                    firsts.append((graph.first_in(state), a, state))
        for node, a, state in sorted(firsts, key=lambda f: f[0]):
            here = path(graph, node)
            to = a.to if a.to in self.parent.states else state
            label = state_label(self.parent, state)
            for after in dict.fromkeys((state, to) if a.each else (to,)):
                moved = "" if after == state else f"到“{state_label(self.parent, after)}”"
                step = f"从“{label}”办“{a.label}”{moved}，开立“{self.child.label}”"
                yield (after, self.child.start), (*here, step)

    def _steps(self, at: Pair) -> Iterator[tuple[Pair, str, str]]:
        """Every next step of either: (where to, in words, the parent's act that is not there)."""
        above, below = at
        for to, words in self._own(above):
            yield (to, below), words, ""
        graph = self.s.graphs[self.child.name]
        for a in self.child.states[below].actions.values():
            if (below, a.name) not in graph.done:
                continue
            to = a.to if a.to in self.child.states else below
            words = f"“{self.child.label}”从“{state_label(self.child, below)}”办“{a.label}”到“{state_label(self.child, to)}”"
            names = set(a.parent.values())
            if not a.parent or ANY not in a.parent:
                yield (above, to), words, ""
            for name in sorted(names):
                act = self.parent.states[above].actions.get(name)
                if act is None:
                    yield (above, to), words, name
                else:
                    goes = act.to if act.to in self.parent.states else above
                    yield (goes, to), f"{words}，系统在“{self.parent.label}”办“{act.label}”", ""

    def _own(self, state: str) -> Iterator[tuple[str, str]]:
        """The parent's own next steps."""
        m, graph = self.parent, self.s.graphs[self.parent.name]
        for a in m.states[state].actions.values():
            if (state, a.name) in graph.done and a.to in m.states and a.to != state:
                yield a.to, f"“{m.label}”从“{state_label(m, state)}”办“{a.label}”到“{state_label(m, a.to)}”"

    def _gap(
        self, at: Pair, words: str, lacks: str, found: Mapping[Pair, tuple[Pair, str] | None],
        begun: Mapping[Pair, tuple[str, ...]],
    ) -> Counterexample:  # fmt: skip
        steps = [words]
        where = at
        while (came := found[where]) is not None:
            steps.append(came[1])
            where = came[0]
        way = (*begun[where], *reversed(steps))
        here = state_label(self.parent, at[0])
        text = f"此时“{self.parent.label}”在“{here}”，要由系统办“{lacks}”，那里却没有这件办理事项"
        place = ("matters", self.parent.name, "states", at[0], "actions")
        return Counterexample(self.parent.name, f"{'；'.join(way)}。{text}。", way, place)
