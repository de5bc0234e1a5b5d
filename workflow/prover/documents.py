"""Papers, documents and their remedies, and what the worker is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow import law
from workflow.definition.model import ActionDef, InstrumentDef, MatterDef, StateDef
from workflow.prover import tables
from workflow.prover.findings import Counterexample, Subject, proves
from workflow.prover.search import EXPIRED, NOBODY, OTHER, PASSED, RUNNING, WORDS, Graph
from workflow.prover.watching import ISSUE, everywhere
from workflow.prover.words import found, of_act, state_label

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\.due\}")


def all_acts(s: Subject) -> Iterator[tuple[MatterDef, StateDef, ActionDef]]:
    """Every act of every state; a common one in each state it is merged into."""
    for m in s.definition.matters.values():
        for st in m.states.values():
            for a in st.actions.values():
                yield m, st, a


# --- papers and articles ------------------------------------------------------------------------------------------------


@proves("paper_law", "要的每份材料，都有可以要它的条文", ISSUE)
def _paper_law(s: Subject) -> Iterator[Counterexample]:
    told = set()
    for m, st, a in all_acts(s):
        for name in a.receive:
            paper = s.definition.papers.get(name)
            if name in told or (paper and law.known_citation(paper.law)):
                continue
            told.add(name)
            where = f"“{m.label}”的“{state_label(m, st.name)}”办“{a.label}”时要“{paper.label if paper else name}”"
            cited = f"依据“{(paper.law if paper else '') or '空'}”在法规表里查不到"
            yield Counterexample(m.name, f"{where}，{cited}，不得要求。", (), ("papers", name))


@proves("grounded", "发文书、开立事项、对当事人不利的办理，都写明条文，没有条文的写明无明文", ISSUE)
def _grounded(s: Subject) -> Iterator[Counterexample]:
    for m, st, a in all_acts(s):
        if (a.issue or a.open or a.adverse) and not (law.known_citation(a.law) or (a.unsettled and not a.law)):
            yield of_act(m, st.name, a, f"既没有查得到的依据（{a.law or '空'}），也没有写明无明文", "law")
    for i in s.definition.instruments.values():
        if not law.known_citation(i.law):
            text = f"文书“{i.label}”的依据“{i.law or '空'}”在法规表里查不到。"
            yield Counterexample("", text, (), ("instruments", i.name, "law"))


# --- remedies -----------------------------------------------------------------------------------------------------------


@proves("remedy_named", "每种文书都写明不服怎么办：有一条路，或者为什么没有", ISSUE)
def _remedy_named(s: Subject) -> Iterator[Counterexample]:
    d = s.definition
    for i in d.instruments.values():
        place = ("instruments", i.name)
        if bool(i.remedy) == bool(i.no_remedy):
            wrong = "两个都写了" if i.remedy else "两个都没有写"
            yield Counterexample("", f"文书“{i.label}”的 remedy 和 no_remedy {wrong}，要写一个。", (), place)
        elif i.remedy and i.remedy not in d.matters and i.remedy not in d.clocks:
            yield Counterexample(
                "", f"文书“{i.label}”的救济“{i.remedy}”既不是事项，也不是时限。", (), (*place, "remedy")
            )
        elif i.remedy in d.matters and not d.matters[i.remedy].each:
            text = f"文书“{i.label}”的救济“{d.matters[i.remedy].label}”不是每个收件人各开一件。"
            yield Counterexample("", text, (), (*place, "remedy"))


@proves("adverse_remedy", "每个对当事人不利的办理，都发一份写明救济的文书", ISSUE)
def _adverse_remedy(s: Subject) -> Iterator[Counterexample]:
    for m, st, a in all_acts(s):
        if not a.adverse:
            continue
        issued = s.definition.instruments.get(a.issue)
        if issued is None:
            yield of_act(m, st.name, a, "对当事人不利，却不发文书，当事人不知道怎么救济", "adverse")
        elif not issued.remedy:
            yield of_act(m, st.name, a, f"对当事人不利，所发的“{issued.label}”却没有救济", "issue")


@proves("remedy_opened", "写明救济的文书，送达的同时就开立救济、启动救济时限，每个收件人都有", ISSUE)
def _remedy_opened(s: Subject) -> Iterator[Counterexample]:
    for m, st, a in all_acts(s):
        issued = s.definition.instruments.get(a.issue)
        if issued is None or not issued.remedy or a.to not in m.states:
            continue
        serving = [x for x in m.states[a.to].actions.values() if x.each]
        to = state_label(m, a.to)
        if not any(p != tables.SYSTEM for x in serving for p in x.by):
            text = f"发“{issued.label}”，转到“{to}”，那里没有逐个收件人登记送达的办理事项，救济期限不会起算"
            yield of_act(m, st.name, a, text, "to")
        for x in serving:
            if issued.remedy not in (*x.open, *x.start):
                text = f"送达“{issued.label}”，却不开立（启动）它的救济“{_remedy_label(s, issued)}”"
                yield of_act(m, a.to, x, text, "open")


def _remedy_label(s: Subject, i: InstrumentDef) -> str:
    known = s.definition.matters.get(i.remedy) or s.definition.clocks.get(i.remedy)
    return known.label if known else i.remedy


@proves("remedy_of", "开立救济的事项，都在救济事项的 of 里", ISSUE)
def _remedy_of(s: Subject) -> Iterator[Counterexample]:
    for m, st, a in all_acts(s):
        for name in a.open:
            child = s.definition.matters.get(name)
            if child and child.each and m.name not in child.of:
                yield of_act(m, st.name, a, f"开立“{child.label}”，它的 of 里却没有“{m.label}”", "open")


# --- delivery -----------------------------------------------------------------------------------------------------------


@proves("served", "进入送达的状态时总有文书要送，每个收件人都登记得完", ISSUE)
def _served(s: Subject) -> Iterator[Counterexample]:
    for graph in s.graphs.values():
        told = set()
        for node, (state, phase, *_) in enumerate(graph.nodes):
            st = graph.plan.matter.states[state]
            if st.end or phase != NOBODY or state in told or not any(a.each for a in st.actions.values()):
                continue
            told.add(state)
            yield found(graph, node, "没有等着送达的文书：走到这里的路上没有发文书，或者都已经送完，送达登记不了")


@proves("serving_clock", "等着送达的每个收件人，都有一个自己的时限在走", ISSUE)
def _serving_clock(s: Subject) -> Iterator[Counterexample]:
    def wrong(graph: Graph, node: int) -> str:
        state, phase, *_ = graph.nodes[node]
        serving = any(a.each for a in graph.plan.matter.states[state].actions.values())
        if not serving or phase == NOBODY or any(c.each and st in (RUNNING, EXPIRED) for c, st in graph.at(node)):
            return ""
        return "还有收件人没有送到，却没有属于他的时限在走"

    return everywhere(s, wrong)


# --- what the worker reads ----------------------------------------------------------------------------------------------


@proves("public_days", "写给职工看的话里，每个日期都有时限在走，不会写“日期待定”", ISSUE)
def _public_days(s: Subject) -> Iterator[Counterexample]:
    for name, family in s.families.items():
        for st in s.definition.matters[name].states.values():
            for clock in dict.fromkeys(PLACE.findall(st.public)):
                graph = next((g for g in family if clock in g.plan.number), family[0])
                yield from _unknown_day(s, graph, st.name, clock)


def _unknown_day(s: Subject, graph: Graph, state: str, name: str) -> Iterator[Counterexample]:
    """The first node of the state in which the clock has no day to tell."""
    i = graph.plan.number.get(name, -1)
    for node, (where, phase, statuses, _) in enumerate(graph.nodes):
        status = statuses[i] if i >= 0 else 0
        served = phase == OTHER and i >= 0 and graph.plan.clocks[i].each  # our addressee has his document
        if where == state and status not in (RUNNING, EXPIRED, PASSED) and not served:
            clock = s.definition.clocks.get(name)
            text = f"写给职工的话里有“{clock.label if clock else name}”的日期，它却{WORDS[status]}"
            yield found(graph, node, text, "states", state, "public")
            return


@proves("public_said", "每个状态都有写给职工看的话", "design.md")
def _public_said(s: Subject) -> Iterator[Counterexample]:
    for m in s.definition.matters.values():
        for st in m.states.values():
            if not st.public.strip():
                text = f"“{m.label}”的“{state_label(m, st.name)}”没有写给职工看的话。"
                yield Counterexample(m.name, text, (), ("matters", m.name, "states", st.name))
