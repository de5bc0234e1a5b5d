"""Nobody is forgotten: in every reachable node somebody will be told, has something to do, and can still reach an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workflow.definition.model import ClockDef
from workflow.prover import tables
from workflow.prover.findings import Counterexample, Subject, proves
from workflow.prover.plan import start_fact
from workflow.prover.search import (
    BY_ITSELF,
    EXPIRED,
    HUMAN,
    MET,
    NONE,
    OTHER,
    PASSED,
    PAUSED,
    PAUSED_LATE,
    RUNNING,
    STOPPED,
    UNKNOWN,
    Graph,
)
from workflow.prover.words import clocks_now, found, people

DESIGN = "design.md 证明器"
ISSUE = "任务 3 第 5 项"


def open_nodes(graph: Graph) -> Iterator[int]:
    """The nodes of states in which something is waited for, but for those where our addressee has been served and only
    the other is left: the same holds for him as for ours, in another node."""
    states = graph.plan.matter.states
    for i, (state, phase, _, _) in enumerate(graph.nodes):
        served = phase == OTHER and any(m.action.each for m in graph.plan.moves[state])
        if not states[state].end and not served:
            yield i


def rouses(clock: ClockDef) -> bool:
    """Whether somebody is told, or something happens, when it runs out."""
    e = clock.on_expiry
    return bool(e.escalate or e.warn or e.act)


def watches(graph: Graph, clock: ClockDef, status: int) -> bool:
    """Whether a clock in this status still makes somebody act: it runs and will tell, or is over and lies with the supervisor."""
    owned = clock.owner in graph.plan.definition.people
    return owned and ((status == RUNNING and rouses(clock)) or (status == EXPIRED and bool(clock.on_expiry.escalate)))


def watched(graph: Graph, node: int) -> bool:
    return any(watches(graph, c, s) for c, s in graph.at(node))


def everywhere(s: Subject, wrong: Callable[[Graph, int], str]) -> Iterator[Counterexample]:
    """Of each open state the first (so the nearest) node where `wrong` says something; a state is sound when it is in one
    graph of the family."""
    for first, *others in s.families.values():
        found_bad = _bad_states(first, wrong)
        for graph in others if found_bad else ():
            bad = _bad_states(graph, wrong)
            found_bad = {state: at for state, at in found_bad.items() if state in bad}
        for node, text in found_bad.values():
            yield found(first, node, text)


def _bad_states(graph: Graph, wrong: Callable[[Graph, int], str]) -> dict[str, tuple[int, str]]:
    """State → its first node where `wrong` says something, and what."""
    bad: dict[str, tuple[int, str]] = {}
    for node in open_nodes(graph):
        state = graph.nodes[node][0]
        if state not in bad and (text := wrong(graph, node)):
            bad[state] = (node, text)
    return bad


# --- somebody is told ---------------------------------------------------------------------------------------------------


def _begins(s: Subject, clock: ClockDef) -> str:
    """The label of the day a clock runs from."""
    fact = start_fact(s.definition, clock)
    return s.definition.dates.get(fact, fact)


def _taken_up(graph: Graph, node: int) -> bool:
    """Whether a clock the state lists stands at an old day, or does not run any more."""
    listed = graph.plan.listed[graph.nodes[node][0]]
    return any(graph.nodes[node][2][i] in (PASSED, STOPPED, MET) for i in listed)


@proves("watched", "每个未办结的状态，任何时候都有在走的时限或者内部提醒，有责任人", DESIGN)
def _watched(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        if watched(graph, node) or _taken_up(graph, node):
            return ""
        return f"没有在走、到期会叫人的时限或者提醒：{clocks_now(graph, node)}，事情会搁住没人管"

    return everywhere(s, wrong)


@proves("rearmed", "再次进入一个状态，它的时限重新走起来，或者另有时限看着", DESIGN)
def _rearmed(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        if watched(graph, node) or not _taken_up(graph, node):
            return ""
        return f"再次进入时起算日期没有变，没有时限重新走起来：{clocks_now(graph, node)}，过了也不会再提醒"

    return everywhere(s, wrong)


@proves("escalated", "到期有人接着管：报督办人；当事人的时限，至少提醒一名工作人员", DESIGN)
def _escalated(s: Subject) -> Iterator[Counterexample]:
    def raises(clock: ClockDef) -> bool:
        e = clock.on_expiry
        staff = any(p not in tables.PARTIES and p in s.definition.people for p in e.warn)
        return e.escalate in s.definition.people or (clock.owner in tables.PARTIES and (staff or bool(e.act)))

    def wrong(graph: Graph, node: int) -> str:
        if not watched(graph, node) or any(watches(graph, c, st) and raises(c) for c, st in graph.at(node)):
            return ""
        return f"在走的时限到期都不报督办人，也不提醒工作人员：{clocks_now(graph, node)}"

    return everywhere(s, wrong)


@proves("known_start", "走到哪个状态，哪个状态的时限就知道从哪一天起算，每条路都是", DESIGN)
def _known_start(s: Subject) -> Iterator[Counterexample]:
    for graph in s.graphs.values():
        told = set()
        for node, (state, *_) in enumerate(graph.nodes):
            for i, (clock, status) in enumerate(graph.at(node)):
                if status == UNKNOWN and i in graph.plan.listed[state] and (state, i) not in told:
                    told.add((state, i))
                    day = _begins(s, clock)
                    text = f"“{clock.label}”从“{day}”起算，一路上却没有办理事项填过这个日期，时限走不起来"
                    yield found(graph, node, text, "states", state, "clocks")


@proves("not_only_until", "由通知定日的时限，日子可以不填的，不是唯一看着的时限", DESIGN)
def _not_only_until(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        listed = graph.plan.listed[graph.nodes[node][0]]
        idle = [c for i, (c, st) in enumerate(graph.at(node)) if c.until and st == NONE and i in listed]
        if not idle or watched(graph, node):
            return ""
        return f"“{idle[0].label}”的日子没有填，没有启动，又没有别的时限看着"

    return everywhere(s, wrong)


@proves("not_late", "法定时限从起算日就走：起算日期一填，时限当即启动，不拖到后面的状态", ISSUE)
def _not_late(s: Subject) -> Iterator[Counterexample]:
    for graph in s.every():
        told = set()
        for node, i in graph.late:
            state, clock = graph.nodes[node][0], graph.plan.clocks[i]
            if (state, i) not in told and graph in s.having(clock.name):
                told.add((state, i))
                day = _begins(s, clock)
                text = f"“{clock.label}”才启动，可它的起算日“{day}”前面早就填了，中间这段没有时限看着"
                yield found(graph, node, text, "states", state, "clocks")


@proves("warned", "只等当事人办的状态，有时限提醒他本人", ISSUE)
def _warned(s: Subject) -> Iterator[Counterexample]:
    def reaches(clock: ClockDef, party: frozenset[str]) -> bool:
        return bool(party & set(clock.on_expiry.warn)) or (clock.legal and clock.owner in party)

    def wrong(graph: Graph, node: int) -> str:
        state = graph.nodes[node][0]
        moving = [
            m for m in graph.plan.moves[state] if m.target != state and m.human and m.action.name in graph.acts[node]
        ]
        onward = [m for m in moving if not m.action.common]
        doers = {p for m in onward for p in m.action.by}
        if not onward or not doers & tables.WORKER_SIDE or doers - tables.PARTIES - {tables.SYSTEM}:
            return ""
        told = doers & tables.PARTIES | ({"party"} if graph.plan.matter.each else frozenset())
        if any(reaches(c, frozenset(told)) for c, st in graph.at(node) if st in (RUNNING, EXPIRED)):
            return ""
        return f"只等{people(s.definition, sorted(doers))}办，却没有时限提醒他们：{clocks_now(graph, node)}"

    return everywhere(s, wrong)


# --- something can be done ----------------------------------------------------------------------------------------------


@proves("act", "时限不论走到哪一步，未办结的状态里总有人能办的事", DESIGN)
def _act(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        if graph.acts[node] or any(kind == BY_ITSELF and to != node for to, kind in graph.edges[node]):
            return ""
        return f"没有任何人能办的事：{clocks_now(graph, node)}"

    return everywhere(s, wrong)


def leading_to(graph: Graph, goal: set[int], kinds: frozenset[int]) -> set[int]:
    """The nodes from which some way of steps of these kinds leads to a node of `goal`."""
    back: list[list[int]] = [[] for _ in graph.nodes]
    for at, steps in enumerate(graph.edges):
        for to, kind in steps:
            if kind in kinds:
                back[to].append(at)
    reached, waiting = set(goal), list(goal)
    while waiting:
        for at in back[waiting.pop()]:
            if at not in reached:
                reached.add(at)
                waiting.append(at)
    return reached


def _ends(graph: Graph) -> set[int]:
    return {i for i, n in enumerate(graph.nodes) if graph.plan.matter.states[n[0]].end}


@proves("way_out", "从走得到的每一处，都走得到终点", DESIGN)
def _way_out(s: Subject) -> Iterator[Counterexample]:
    out: dict[int, set[int]] = {}

    def wrong(graph: Graph, node: int) -> str:
        if id(graph) not in out:
            out[id(graph)] = leading_to(graph, _ends(graph), frozenset({HUMAN, BY_ITSELF}))
        return "" if node in out[id(graph)] else "再怎么办也走不到终点"

    return everywhere(s, wrong)


@proves("over_and_out", "时限全部届满，也还有人能办到终点，不是死路", DESIGN)
def _over_and_out(s: Subject) -> Iterator[Counterexample]:
    out: dict[int, set[int]] = {}

    def wrong(graph: Graph, node: int) -> str:
        if id(graph) not in out:
            out[id(graph)] = leading_to(graph, _ends(graph), frozenset({HUMAN}))
        running = any(st == RUNNING and not c.repeat for c, st in graph.at(node))
        if running or EXPIRED not in graph.nodes[node][2] or node in out[id(graph)]:
            return ""
        return f"时限都已届满，没有人能把它办到终点：{clocks_now(graph, node)}"

    return everywhere(s, wrong)


# --- pauses -------------------------------------------------------------------------------------------------------------


@proves("pause_ends", "中止的时限都能恢复或者了结，没有只停不走的", ISSUE)
def _pause_ends(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        for graph in s.having(clock.name):
            i = graph.plan.number[clock.name]
            held = {n for n, node in enumerate(graph.nodes) if node[2][i] in (PAUSED, PAUSED_LATE)}
            if not held:
                continue
            out = leading_to(graph, set(range(len(graph.nodes))) - held, frozenset({HUMAN}))
            if stuck := held - out:
                yield found(graph, min(stuck), f"“{clock.label}”中止着，往后没有办理事项能恢复它或者了结它")


@proves("pause_watched", "时限中止期间，另有提醒看着", ISSUE)
def _pause_watched(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        held = [c for c, st in graph.at(node) if st in (PAUSED, PAUSED_LATE)]
        if not held or watched(graph, node):
            return ""
        return f"“{held[0].label}”中止着，没有别的提醒看着什么时候该恢复"

    return everywhere(s, wrong)


@proves("pause_resumed", "恢复办理以后，中止过的时限接着走，不会停着不算", ISSUE)
def _pause_resumed(s: Subject) -> Iterator[Counterexample]:
    """A clock that stands still in a state where nobody can take it up again, though the state's own clocks run."""
    for graph in s.every():
        resumed = {(m.source, i) for ms in graph.plan.moves.values() for m in ms if m.human for i in m.clocks["resume"]}
        told: set[tuple[str, int]] = set()
        for node in open_nodes(graph):
            state = graph.nodes[node][0]
            for i, (clock, status) in enumerate(graph.at(node)):
                if (
                    status in (PAUSED, PAUSED_LATE)
                    and (state, i) not in resumed | told
                    and graph in s.having(clock.name)
                ):
                    told.add((state, i))
                    yield found(graph, node, f"“{clock.label}”还中止着，这里却没有恢复它的办理事项")
