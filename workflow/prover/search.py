"""The search: every state of a matter with every combination of its clocks, breadth first, so the first way is the shortest.

A node is (state, phase of delivery, status of each clock, known facts). The rules are those of workflow.deadlines and
workflow.cases, without days: a running clock may run out at any moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

from workflow.definition.model import ActionDef, ClockDef
from workflow.prover import tables
from workflow.prover.plan import Move, Plan

NONE, UNKNOWN, RUNNING, EXPIRED, PAUSED, PAUSED_LATE, MET, STOPPED, PASSED = range(9)
"""No row · listed, start unknown · running · over · paused · paused when over · met · stopped · taken up again with its old
day, which may have passed already: nobody is told a second time."""
WORDS = ("没有启动", "起算日期不知道", "在走", "已届满", "中止", "中止（已届满）", "已办", "已停", "按原来的日子已过")
LIVE = frozenset({RUNNING, EXPIRED, PAUSED, PAUSED_LATE, PASSED})
ON = frozenset({RUNNING, EXPIRED, PASSED})
NOBODY, BOTH, OTHER, MINE = range(4)
"""Who still has to be served: nobody, both, only the other addressee, only ours."""
WANTED = {
    "running": frozenset({RUNNING}), "over": frozenset({EXPIRED, PASSED}), "on": ON,
    "off": frozenset({NONE, UNKNOWN, MET, STOPPED, PAUSED, PAUSED_LATE}),
}  # fmt: skip
"""What a condition may ask of a clock (see tables.Look) → the statuses that are it."""
MOST_NODES = 40_000
HUMAN, BY_ITSELF, FED = range(3)
"""A step done by a person, by the running out of a clock, by an act on another matter or something else not to be relied on."""

Node = tuple[str, int, tuple[int, ...], int]
Optional = tuple[str, int, int]


@dataclass(frozen=True)
class Step:
    """One step of a way. kind: act, expiry; `action` what is done (also by an expiry), `clock` what ran out, `note` how."""

    kind: str
    action: ActionDef | None = None
    clock: ClockDef | None = None
    note: str = ""


@dataclass
class Graph:
    """What the search found. `edges[i]`: (node, kind) reached from node i; `back[i]`: the node and step it was first reached
    by; `acts[i]`: names of the acts people can do there; `late`: (node, clock) started long after its day; `unserved`:
    nodes that wait for a delivery nobody is due; `missing`: (node, clock) whose act at expiry is not there;
    `touched`: (state, act, key, clock) of acts on clocks that did something."""

    plan: Plan
    nodes: list[Node] = field(default_factory=list)
    back: list[tuple[int, Step] | None] = field(default_factory=list)
    edges: list[list[tuple[int, int]]] = field(default_factory=list)
    acts: list[frozenset[str]] = field(default_factory=list)
    late: list[tuple[int, int]] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    touched: set[tuple[str, str, str, str]] = field(default_factory=set)
    done: set[tuple[str, str]] = field(default_factory=set)
    whole: bool = True

    def way(self, node: int) -> list[Step]:
        """The shortest way from the beginning to a node."""
        steps: list[Step] = []
        at = self.back[node]
        while at is not None:
            steps.append(at[1])
            at = self.back[at[0]]
        return steps[::-1]

    def walk(self, node: int) -> Iterator[tuple[Step, str]]:
        """The shortest way with the state each step leads to."""
        chain = [node]
        while (at := self.back[chain[-1]]) is not None:
            chain.append(at[0])
        for to in chain[-2::-1]:
            at = self.back[to]
            assert at is not None
            yield at[1], self.nodes[to][0]

    def at(self, node: int) -> Iterator[tuple[ClockDef, int]]:
        """The clocks of a node with their status."""
        return zip(self.plan.clocks, self.nodes[node][2], strict=True)

    def states(self) -> set[str]:
        return {n[0] for n in self.nodes}

    def first_in(self, state: str) -> int:
        """The first node of a state."""
        return next(i for i, n in enumerate(self.nodes) if n[0] == state)


class Search:
    """One search of one matter."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.graph = Graph(plan)
        self._found: dict[Node, int] = {}
        self._waiting: deque[int] = deque()
        self._repeat = tuple(c.repeat for c in plan.clocks)
        self._each = tuple(bool(c.each) for c in plan.clocks)
        self._happen = {plan.definition.clocks[n].on_expiry.act for n in plan.hidden} - {""}
        self._ends = {s.name for s in plan.matter.states.values() if s.end}

    def run(self) -> Graph:
        """Explore everything; a graph that grew past MOST_NODES is not `whole`."""
        plan, graph = self.plan, self.graph
        if plan.matter.start not in plan.matter.states:
            return graph
        for statuses, late in self._entered([NONE] * len(plan.clocks), plan.matter.start, plan.known, 0, True):
            self._add(plan.matter.start, NOBODY, statuses, plan.known, None, late)
        while self._waiting:
            if len(graph.nodes) > MOST_NODES:
                graph.whole = False
                break
            self._expand(self._waiting.popleft())
        graph.edges += [[] for _ in range(len(graph.nodes) - len(graph.edges))]
        graph.acts += [frozenset()] * (len(graph.nodes) - len(graph.acts))
        return graph

    # --- one node -------------------------------------------------------------------------------------------------------

    def _add(
        self, state: str, phase: int, statuses: list[int], facts: int, back: tuple[int, Step] | None, late: tuple[int, ...] = ()
    ) -> int:  # fmt: skip
        plan, remembered = self.plan, self.plan.remembers[state]
        listed = plan.listed[state]
        for i, status in enumerate(statuses):
            if (status in (MET, STOPPED) and not remembered >> i & 1) or (status == UNKNOWN and i not in listed):
                statuses[i] = NONE
        key = (state, phase if state in plan.serves else NOBODY, tuple(statuses), facts & plan.knows[state])
        at = self._found.get(key)
        if at is None:
            at = self._found[key] = len(self.graph.nodes)
            self.graph.nodes.append(key)
            self.graph.back.append(back)
            self._waiting.append(at)
        for clock in late:
            self.graph.late.append((at, clock))
        return at

    def _expand(self, at: int) -> None:
        graph, node = self.graph, self.graph.nodes[at]
        edges: dict[tuple[int, int], None] = {}
        doable = set()
        for m in self.plan.moves[node[0]]:
            if not self._possible(m, node):
                continue
            sure = m.human and not self._asks_hidden(m.action)
            kind = HUMAN if sure else FED
            anyhow = m.human or m.action.name in self.plan.fed or m.action.name in self._happen
            if not anyhow and not (m.action.each and node[1] in (BOTH, OTHER)):
                continue  # only a clock that runs out has the system do it
            if sure:
                doable.add(m.action.name)
            mine = (True, False) if m.focused else (True,)
            for ours in mine if anyhow else (False,):
                for to in self._do(at, m, node, ours):
                    edges[to, kind] = None
        for i, status in enumerate(node[2]):
            if status == RUNNING and not self._repeat[i]:
                for to in self._expire(at, node, i):
                    edges[to, BY_ITSELF] = None
        graph.edges.append(list(edges))
        graph.acts.append(frozenset(doable))

    def _possible(self, m: Move, node: Node) -> bool:
        """Whether the conditions we model allow the act; all others are assumed to."""
        if m.action.each and node[1] == NOBODY:
            return False
        return all(self._holds(tables.LOOKS[g], m, node[2]) for g in m.action.guards if g in tables.LOOKS)

    def _holds(self, look: tables.Look, m: Move, statuses: tuple[int, ...]) -> bool:
        """Whether a condition that looks at clocks may hold; about clocks that are not followed it may."""
        allowed = WANTED[look.wanted]
        if not look.clocks:
            return all(statuses[i] in allowed for i in m.clocks["extend"])
        followed = [self.plan.number[n] for n in look.clocks if n in self.plan.number]
        return (
            len(followed) < len(look.clocks) - self._absent(look)
            or not followed
            or any(statuses[i] in allowed for i in followed)
        )

    def _absent(self, look: tables.Look) -> int:
        """How many clocks of a condition this matter does not have at all."""
        return sum(n not in self.plan.number and n not in self.plan.hidden for n in look.clocks)

    def _asks_hidden(self, a: ActionDef) -> bool:
        """Whether a condition of the act looks at a clock left out of this search: possible, but not to be relied on."""
        looks = [tables.LOOKS[g] for g in a.guards if g in tables.LOOKS]
        return any(n in self.plan.hidden for look in looks for n in (look.clocks or a.extend))

    # --- acts -----------------------------------------------------------------------------------------------------------

    def _do(self, at: int, m: Move, node: Node, ours: bool, ran_out: int = -1) -> list[int]:
        """Do an act for our addressee (or for the other one); every node it may lead to."""
        state, phase, statuses, facts = node
        a, last = m.action, True
        if m.focused and m.serving and phase in (NOBODY, OTHER if ours else MINE):
            return []  # he has been served: nothing more is delivered to him, or announced for him
        if a.each:
            last = phase in (OTHER, MINE)
            phase = NOBODY if last else OTHER if ours else MINE
        target = m.target if last else state
        if self._issues(a):  # a document is delivered in the state its act leads to, any other on the side
            phase = self._to_serve(a)
        self.graph.done.add((state, a.name))
        reached = []
        for given in _choices(m.may):
            for stops in self._prepared(a):
                renews, known = m.renews, facts | m.sure
                for _, told, renewed in given:
                    renews, known = renews | renewed, known | told
                for after, late in self._clocks(m, state, target, list(statuses), known, renews, ours, stops):
                    step = self._step(m, given, ours, ran_out)
                    reached.append(self._add(target, phase, after, known, (at, step), late))
        return reached

    def _step(self, m: Move, given: tuple[Optional, ...], ours: bool, ran_out: int) -> Step:
        notes = []
        if blank := [self._label(o[0]) for o in m.may if o not in given]:
            notes.append(f"没有填“{'、'.join(blank)}”")
        if m.focused and not ours:
            notes.append("另一位收件人")
        clock = self.plan.clocks[ran_out] if ran_out >= 0 else None
        return Step("expiry" if clock else "act", m.action, clock, "，".join(notes))

    def _label(self, fact: str) -> str:
        d = self.plan.definition
        known = d.facts.get(fact)
        return known.label if known and known.label else d.dates.get(fact, fact)

    def _issues(self, a: ActionDef) -> bool:
        """Whether the act issues a document that has to be served (a public notice is itself a way of serving)."""
        issued = self.plan.definition.instruments.get(a.issue)
        return bool(a.issue) and not (issued and issued.aside)

    def _to_serve(self, a: ActionDef) -> int:
        issued = self.plan.definition.instruments.get(a.issue)
        return BOTH if issued is None or len(issued.to) > 1 else MINE

    def _prepared(self, a: ActionDef) -> list[tuple[int, ...]]:
        names = tables.PREPARED_STOPS.get(a.prepare, ())
        stops = tuple(self.plan.number[n] for n in names if n in self.plan.number)
        return [(), stops] if stops else [()]

    def _clocks(
        self, m: Move, state: str, target: str, statuses: list[int], facts: int, renews: int, ours: bool, stops: tuple[int, ...]
    ) -> Iterator[tuple[list[int], tuple[int, ...]]]:  # fmt: skip
        """The clocks after an act, in the order of the engine: pause … shift, leave, enter, serve, start, stop."""
        self._touch(m, statuses)
        self._leave(m, state, target, statuses)
        for entered, late in self._entered(statuses, target, facts, renews, state != target):
            after = entered
            for i in m.meets if ours else ():
                if self._each[i] and (after[i] in LIVE or after[i] == UNKNOWN):
                    after[i] = MET
            begins = [i for i in m.clocks["start"] if ours or not (self._each[i] and m.focused)]
            for started, more in self._begin(after, begins, facts | self._received(m), renews, True):
                for i in (*m.clocks["stop"], *stops):
                    if started[i] in LIVE or started[i] == UNKNOWN:
                        started[i] = STOPPED
                yield started, late + more

    def _received(self, m: Move) -> int:
        """A delivery tells the day of receipt to the clocks it starts."""
        return self.plan.bits.get("received_on", 0) if m.action.each else 0

    def _touch(self, m: Move, statuses: list[int]) -> None:
        for key, changes in TOUCHES.items():
            for i in m.clocks[key]:
                if statuses[i] in changes:
                    statuses[i] = changes[statuses[i]]
                    self.graph.touched.add((m.source, m.action.name, key, self.plan.clocks[i].name))
        for i in m.clocks["stop"]:
            if statuses[i] in LIVE:
                self.graph.touched.add((m.source, m.action.name, "stop", self.plan.clocks[i].name))

    def _leave(self, m: Move, state: str, target: str, statuses: list[int]) -> None:
        if state == target:
            return
        kept = {*self.plan.listed[target], *m.clocks["pause"]}
        mine, ending = self.plan.listed[state], target in self._ends
        for i, status in enumerate(statuses):
            if i in kept or not (status in LIVE or status == UNKNOWN):
                continue
            outlives = (self._each[i] and status in ON) or i in m.clocks["start"]
            if (i in mine and status in (*ON, UNKNOWN)) or status in (PAUSED, PAUSED_LATE) or (ending and not outlives):
                statuses[i] = MET

    def _entered(
        self, statuses: list[int], target: str, facts: int, renews: int, entered: bool
    ) -> Iterator[tuple[list[int], tuple[int, ...]]]:
        return self._begin(statuses, list(self.plan.listed[target]), facts, renews, entered)

    def _begin(
        self, statuses: list[int], which: list[int], facts: int, renews: int, entered: bool
    ) -> Iterator[tuple[list[int], tuple[int, ...]]]:
        """Start clocks; more than one outcome where a day taken up again may have passed."""
        late: list[int] = []
        choices: list[tuple[int, ...]] = []
        for i in which:
            outcome = self._begun(i, statuses[i], facts, renews, entered)
            if statuses[i] == NONE and outcome == (RUNNING,) and self._is_late(i, renews):
                late.append(i)
            choices.append(outcome)
        for chosen in product(*choices):
            after = list(statuses)
            for i, status in zip(which, chosen, strict=True):
                after[i] = status
            yield after, tuple(late)

    def _begun(self, i: int, status: int, facts: int, renews: int, entered: bool) -> tuple[int, ...]:
        plan = self.plan
        if not plan.always >> i & 1:
            if plan.untils[i] & ~facts:
                return (status,)  # the notice fixed no day
            if not plan.starts[i] & facts:
                return (status if status in LIVE else UNKNOWN,)
        if status in (NONE, UNKNOWN):
            return (RUNNING,)
        if renews >> i & 1:  # the new day may be the old one: then a clock that was held or stopped stays so
            return (RUNNING, status) if status in (PAUSED, PAUSED_LATE, STOPPED) else (RUNNING,)
        if status == MET and entered:
            return (RUNNING,) if self._repeat[i] else (RUNNING, PASSED)
        return (status,)

    def _is_late(self, i: int, renews: int) -> bool:
        """A legal clock that starts now from a day an earlier act has set."""
        clock = self.plan.clocks[i]
        return clock.legal and not renews >> i & 1 and not self.plan.starts[i] & self.plan.known

    # --- running out ----------------------------------------------------------------------------------------------------

    def _expire(self, at: int, node: Node, i: int) -> list[int]:
        plan, clock = self.plan, self.plan.clocks[i]
        statuses = list(node[2])
        statuses[i] = EXPIRED
        over: Node = (node[0], node[1], tuple(statuses), node[3])
        act = clock.on_expiry.act
        if act:
            move = next((m for m in plan.moves[node[0]] if m.action.name == act), None)
            if move is None or tables.SYSTEM not in move.action.by:
                self.graph.missing.append((at, i))
            elif self._possible(move, over):
                done = self._do(at, move, over, True, i)
                if done and not self._may_wait(node, i, move.action):
                    return done
                return [*done, self._add(node[0], node[1], statuses, node[3], (at, Step("expiry", None, clock)))]
        return [self._add(node[0], node[1], statuses, node[3], (at, Step("expiry", None, clock)))]

    def _may_wait(self, node: Node, i: int, a: ActionDef) -> bool:
        """Whether the conditions of an act done at an expiry may ask it to wait: for another clock with the same act, or,
        where they are not known to wait for clocks alone, for anything."""
        asked = {g for g in a.guards if node[0] in tables.WAIT_ONLY_IN.get(g, (node[0],))}
        if not asked <= tables.ONLY_WAIT_FOR_CLOCKS:
            return True
        clocks = self.plan.definition.clocks
        held = (RUNNING, UNKNOWN, PAUSED, PAUSED_LATE)
        return bool(asked) and (
            any(clocks[n].on_expiry.act == a.name for n in self.plan.hidden)
            or any(j != i and c.on_expiry.act == a.name and node[2][j] in held for j, c in enumerate(self.plan.clocks))
        )


TOUCHES = {
    "pause": {RUNNING: PAUSED, EXPIRED: PAUSED_LATE, PASSED: PAUSED_LATE},
    "resume": {PAUSED: RUNNING, PAUSED_LATE: EXPIRED},
    "extend": {RUNNING: RUNNING, EXPIRED: RUNNING, PASSED: RUNNING},
    "shift": {RUNNING: RUNNING, EXPIRED: RUNNING, PASSED: RUNNING},
    "exclude": {RUNNING: RUNNING, EXPIRED: RUNNING, PASSED: RUNNING},
}
"""What an act does to a clock, by its key: status before → after."""


def _choices(optional: tuple[Optional, ...]) -> list[tuple[Optional, ...]]:
    """Every choice of optional facts, all of them first."""
    return [chosen for n in range(len(optional), -1, -1) for chosen in combinations(optional, n)]


def explore(plan: Plan) -> Graph:
    """Search one matter."""
    return Search(plan).run()
