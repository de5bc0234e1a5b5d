"""The whole holds together: every name is there, every state and act can be reached, acts on clocks do something."""

from __future__ import annotations

from collections.abc import Iterator

from workflow.definition.model import ClockDef, Definition
from workflow.prover import tables
from workflow.prover.documents import all_acts
from workflow.prover.findings import Counterexample, Subject, proves
from workflow.prover.search import MOST_NODES
from workflow.prover.watching import DESIGN, ISSUE
from workflow.prover.words import of_act, of_clock, state_label

SECTIONS = {"people": "人员", "dates": "日期", "facts": "填写项", "clocks": "时限", "papers": "材料", "instruments": "文书",
            "matters": "事项"}  # fmt: skip
TOUCHING = {"pause": "中止", "resume": "恢复", "extend": "延长", "shift": "顺延", "exclude": "扣除", "stop": "停掉"}


@proves("names", "每个名字都有：人员、日期、时限、材料、文书、事项、状态、办理事项", "design.md")
def _names(s: Subject) -> Iterator[Counterexample]:
    d = s.definition
    for m, st, a in all_acts(s):
        used = [("people", a.by), ("clocks", sum((getattr(a, k) for k in (*TOUCHING, "start")), ())), ("papers", a.receive),
                ("instruments", (a.issue,)), ("matters", a.open), ("people", (a.task,))]  # fmt: skip
        used.append(("facts", (*a.ask, *a.may, a.on)))
        for section, names in used:
            for name in names:
                if name and not _known(d, section, name):
                    yield of_act(m, st.name, a, f"写的{SECTIONS[section]}“{name}”没有")
        if a.to not in m.states:
            yield of_act(m, st.name, a, f"要转到的状态“{a.to}”没有", "to")
        if not a.by:
            yield of_act(m, st.name, a, "没有写由谁办", "by")
    for m in d.matters.values():
        place = ("matters", m.name)
        for name in (x for st in m.states.values() for x in st.clocks if x not in d.clocks):
            yield Counterexample(m.name, f"“{m.label}”的状态里写的时限“{name}”没有。", (), place)
        if m.start not in m.states:
            yield Counterexample(m.name, f"“{m.label}”的起点“{m.start}”没有。", (), place)
        for name in (x for x in m.of if x not in d.matters):
            yield Counterexample(m.name, f"“{m.label}”的 of 里写的事项“{name}”没有。", (), place)
    for clock in d.clocks.values():
        yield from _clock_names(d, clock)


def _known(d: Definition, section: str, name: str) -> bool:
    if section == "facts":
        return name in d.facts or name in d.dates
    return name in getattr(d, section)


def _clock_names(d: Definition, clock: ClockDef) -> Iterator[Counterexample]:
    people = (*clock.on_expiry.warn, clock.on_expiry.escalate, clock.owner)
    for name in (p for p in people if p and p not in d.people):
        yield of_clock(clock, f"写的人员“{name}”没有")
    if not clock.owner:
        yield of_clock(clock, "没有责任人", "owner")
    days = [clock.start, clock.until, clock.version_by, *(clock.depends.starts.values() if clock.depends else ())]
    days += [clock.again.start] if clock.again else []
    days += [clock.at_most.start] if clock.at_most else []
    for name in (f for f in days if f and not _known(d, "facts", f)):
        yield of_clock(clock, f"写的日期“{name}”没有", "from")


@proves("reached", "每个状态都走得到，每件办理事项都有办得到的时候", DESIGN)
def _reached(s: Subject) -> Iterator[Counterexample]:
    for graph in s.graphs.values():
        m, reached = graph.plan.matter, graph.states()
        done = {d for g in s.families[m.name] for d in g.done}
        for state in m.states.values():
            place = ("matters", m.name, "states", state.name)
            if state.name not in reached:
                yield Counterexample(
                    m.name, f"“{m.label}”的“{state_label(m, state.name)}”没有一条路走得到。", (), place
                )
                continue
            for a in state.actions.values():
                if (state.name, a.name) not in done and not a.automatic:
                    yield of_act(m, state.name, a, "什么时候都办不了：条件要看的时限在这里不会是那样，或者没有文书可送")


@proves("acts_on_clocks", "中止、恢复、延长、扣除、停掉时限的办理事项，那里都有这样的时限可动", ISSUE)
def _acts_on_clocks(s: Subject) -> Iterator[Counterexample]:
    """An act written once for several states has to find its clock in one of them."""
    for graph in s.graphs.values():
        m, reached = graph.plan.matter, graph.states()
        touched = {t for g in s.families[m.name] for t in g.touched}
        somewhere = {(act, key, name) for _, act, key, name in touched}
        for state in (st for st in m.states.values() if st.name in reached):
            for a in state.actions.values():
                for key, name in ((k, n) for k in TOUCHING for n in getattr(a, k) if n in s.definition.clocks):
                    here = (state.name, a.name, key, name) in touched
                    if here or (a.common and (a.name, key, name) in somewhere):
                        continue
                    word, label = TOUCHING[key], s.definition.clocks[name].label
                    yield of_act(m, state.name, a, f"要{word}“{label}”，这个时限在这里从来没有可以{word}的时候", key)


@proves("clock_ground", "中止、延长、顺延、扣除某个时限的办理事项，那个时限写明凭哪一条可以", ISSUE)
def _clock_ground(s: Subject) -> Iterator[Counterexample]:
    needs = {"pause": "pauses", "extend": "extends", "shift": "shifts", "exclude": "excludes"}
    for m, st, a in all_acts(s):
        for key, ground in needs.items():
            for name in getattr(a, key):
                clock = s.definition.clocks.get(name)
                if clock and getattr(clock, ground) is None:
                    yield of_act(m, st.name, a, f"要{TOUCHING[key]}“{clock.label}”，这个时限却没有写 {ground}", key)


@proves("used", "写了的时限都在某处启动，没有摆着不用的", ISSUE)
def _used(s: Subject) -> Iterator[Counterexample]:
    running = {c.name for g in s.every() for n in range(len(g.nodes)) for c, st in g.at(n) if st}
    for clock in s.definition.clocks.values():
        if clock.name not in running:
            yield of_clock(clock, "在哪个状态都不会启动")


@proves("ends", "每个事项都有终点", DESIGN)
def _ends(s: Subject) -> Iterator[Counterexample]:
    for graph in s.graphs.values():
        m = graph.plan.matter
        if not any(m.states[name].end for name in graph.states()):
            yield Counterexample(m.name, f"“{m.label}”走不到任何终点。", (), ("matters", m.name))


@proves("explored", "每个事项都查完了，没有因为太大而半途停下", "任务 3 第 5 项")
def _explored(s: Subject) -> Iterator[Counterexample]:
    for graph in s.every():
        m = graph.plan.matter
        if not graph.whole:
            text = f"“{m.label}”的状态和时限组合超过 {MOST_NODES} 种，没有查完，不能算证明。请把事项拆小，或减少同时走的时限。"
            yield Counterexample(m.name, text, (), ("matters", m.name))


@proves("human_first", "需要人判断的事，不由系统单独办", ISSUE)
def _human_first(s: Subject) -> Iterator[Counterexample]:
    for m, st, a in all_acts(s):
        if not a.automatic:
            continue
        if personal := [g for g in a.guards if g in tables.PERSONAL]:
            yield of_act(m, st.name, a, f"由系统自动办，条件“{personal[0]}”却要看人先前办过什么，系统满足不了", "if")
        if a.receive:
            yield of_act(m, st.name, a, "由系统自动办，却要当面收材料", "receive")
