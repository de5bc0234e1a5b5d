"""Ways and findings in plain Chinese: 从“待申请认定”办“…”到“…”，此时……"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflow.definition.model import ActionDef, ClockDef, Definition, MatterDef
from workflow.prover.findings import Counterexample
from workflow.prover.search import RUNNING, WORDS, Graph, Step


def people(definition: Definition, names: Iterable[str]) -> str:
    """Their Chinese names."""
    return "、".join(definition.people.get(n, n) for n in names)


def state_label(matter: MatterDef, state: str) -> str:
    """The Chinese label of a state, its name where it has none."""
    known = matter.states.get(state)
    return known.label if known and known.label else state


def path(graph: Graph, node: int) -> tuple[str, ...]:
    """The shortest way to a node, a sentence each step."""
    matter = graph.plan.matter
    at = state_label(matter, matter.start)
    steps = [f"“{matter.label}”从“{at}”开始"]
    for step, state in graph.walk(node):
        to = state_label(matter, state)
        steps.append(step_words(step, at, to))
        at = to
    return tuple(steps)


def step_words(step: Step, at: str, to: str) -> str:
    """One step in words."""
    note = f"（{step.note}）" if step.note else ""
    where = f"到“{to}”" if to != at else ""
    if step.clock is None and step.action is not None:
        return f"从“{at}”办“{step.action.label}”{note}{where}" if where else f"在“{at}”办“{step.action.label}”{note}"
    over = f"在“{at}”时“{step.clock.label if step.clock else ''}”届满"
    if step.action is None:
        return over
    return f"{over}，系统自动办“{step.action.label}”{note}{where}"


def clocks_now(graph: Graph, node: int, leave_out: Sequence[int] = ()) -> str:
    """What the clocks of the node's state stand at: “作出认定决定”中止、“…”已届满."""
    listed = graph.plan.listed[graph.nodes[node][0]]
    told = [
        f"“{c.label}”{WORDS[s]}"
        for i, (c, s) in enumerate(graph.at(node))
        if s not in leave_out and (i in listed or s >= RUNNING) and s != 0
    ]
    return "、".join(told) or "没有任何时限"


def found(graph: Graph, node: int, now: str, *where: str) -> Counterexample:
    """A counter-example at a node: the way there, then what is wrong `now` (a clause without its full stop)."""
    matter, steps = graph.plan.matter, path(graph, node)
    place = where or ("states", graph.nodes[node][0])
    way = "；".join(steps)
    here = state_label(matter, graph.nodes[node][0])
    return Counterexample(matter.name, f"{way}。此时在“{here}”，{now}。", steps, ("matters", matter.name, *place))


def of_act(matter: MatterDef, state: str, action: ActionDef, text: str, key: str = "") -> Counterexample:
    """A fault of one act, without a way: `text` goes on after its name."""
    written = ("common",) if action.common else ("states", state, "actions")
    place = ("matters", matter.name, *written, action.name, *([key] if key else []))
    here = f"“{matter.label}”的“{state_label(matter, state)}”"
    return Counterexample(matter.name, f"{here}里的“{action.label}”{text}。", (), place)


def of_clock(clock: ClockDef, text: str, key: str = "") -> Counterexample:
    """A fault of one clock: `text` goes on after its name."""
    place = ("clocks", clock.name, *([key] if key else []))
    return Counterexample("", f"时限“{clock.label}”（{clock.code}）{text}。", (), place)
