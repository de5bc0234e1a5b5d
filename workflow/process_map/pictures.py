"""Definition → diagrams: one for each matter and level, and one of how matters open each other and answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from workflow.definition.model import ActionDef, Definition, MatterDef
from workflow.process_map import levels, words, worker
from workflow.process_map.diagram import A3, A4, Arrow, Diagram, Node, Para, Section
from workflow.process_map.way import Common, Way, way_of

KEY = (
    "读法：一个方框是一个状态，双线框表示办结；左边粗箭头是一般的走法，右边的箭头是其他去向，箭头边写着办什么；"
    "虚线是系统自动办的；彩色的线只为看清去向，颜色没有别的意思。"
)


ONE_PAGE = 100_000
"""The overview is one picture, however high (px)."""


def of_matter(definition: Definition, matter: str, level: str) -> Diagram:
    """The picture of one matter at one level (a key of levels.LEVELS). KeyError for another."""
    if level == "worker":
        return _for_worker(definition, matter)
    way = way_of(definition.matters[matter])
    nodes = tuple(_node(definition, level, way, name) for name in way.order)
    arrows = tuple(
        Arrow(g.source, g.target, _acts(definition, level, g.acts), g.automatic, g.spine) for g in way.groups
    )
    label, reader = way.matter.label, levels.LEVELS[level]
    count = f"{len(way.order)} 个状态，一般的走法 {len(way.main)} 步：" + "、".join(
        way.state(s).label for s in way.main
    )
    return Diagram(
        title=f"{label} · {reader}用图", desc=f"{label}，{reader}用。{count}。同样的内容另有文字列表。",
        head=(Para("head", f"{label} · {reader}用图"), Para("under", _about(definition, way.matter, True)), Para("under", KEY)),
        nodes=nodes, arrows=arrows, sections=tuple(_sections(definition, level, way)),
    )  # fmt: skip


def _about(definition: Definition, matter: MatterDef, version: bool = False) -> str:
    parts = [f"流程版本 {definition.version}"] if version else []
    if matter.elsewhere:
        parts.append(f"由{words.people(definition, [matter.elsewhere])}在系统以外决定，这里只登记、提醒、盯办")
    if matter.each:
        of = "、".join(definition.matters[m].label for m in matter.of)
        parts.append(f"“{of}”的文书每送达一个收件人，各开一件")
    if matter.many:
        parts.append("可以同时有几件")
    return "；".join(parts) + ("。" if parts else "")


def _node(definition: Definition, level: str, way: Way, name: str) -> Node:
    state = way.state(name)
    paras = [Para("title", state.label)]
    for clock in state.clocks:
        whole, first = levels.clock(definition, level, definition.clocks[clock]), _first(way, clock)
        paras += whole if first == name or len(whole) == 1 else levels.again(whole, way.numbers[first])
    if way.inside[name]:
        paras.append(Para("under", "不换状态，可以办："))
        for act in way.inside[name]:
            paras += levels.act(definition, level, act, 10)
    if codes := way.common_of(name):
        paras.append(
            Para("under", f"另可办（写在后面）：{'、'.join(f'共{n} {way.common[n - 1].act.label}' for n in codes)}")
        )
    into = [n for n, c in enumerate(way.common, 1) if c.to == name]
    if into:
        paras.append(Para("under", f"也由{'、'.join(f'共{n} {way.common[n - 1].act.label}' for n in into)}进入"))
    if state.end:
        paras.append(Para("under", "办结，没有等着办的" + ("；有新情况才办" if state.actions else "")))
    return Node(name, way.numbers[name], state.label, tuple(paras), state.end, name not in way.main)


def _first(way: Way, clock: str) -> str:
    """The state a clock is told in whole."""
    return next(s for s in way.order if clock in way.state(s).clocks)


def _acts(definition: Definition, level: str, acts: Iterable[ActionDef]) -> tuple[Para, ...]:
    return tuple(p for a in acts for p in levels.act(definition, level, a))


def _sections(definition: Definition, level: str, way: Way) -> Iterable[Section]:
    if way.common:
        items = tuple(_common(definition, level, way, n, c) for n, c in enumerate(way.common, 1))
        yield Section(Para("section", "共用的办理（许多状态都能办，只写一次）"), items)
    started = {c for s in way.order for a in way.state(s).actions.values() for c in a.start}
    waiting = {c for s in way.order for c in way.state(s).clocks}
    if level != "desk" and (extra := [c for c in definition.clocks if c in started - waiting]):
        items = tuple(levels.clock(definition, level, definition.clocks[c]) for c in extra)
        yield Section(Para("section", "由某一项办理起算的时限"), items)
    if level == "lawyer" and (asked := _questions(definition, way)):
        yield Section(Para("section", "法律上没有定论的问题"), asked)


def _common(definition: Definition, level: str, way: Way, number: int, c: Common) -> tuple[Para, ...]:
    where = "、".join(way.numbers[s] for s in way.order if s in c.states)
    where = "任何状态" if len(c.states) == len(way.order) else where
    to = f"转到 {way.numbers[c.to]} {way.state(c.to).label}" if c.to else "状态不变"
    first, *rest = levels.act(definition, level, c.act)
    auto = "（系统自动）" if c.act.automatic else ""
    return (Para("act", f"共{number} {first.text}{auto} → {to}"), *rest, Para("under", f"在这些状态：{where}"))


def _questions(definition: Definition, way: Way) -> tuple[tuple[Para, ...], ...]:
    clocks = {c for s in way.order for c in way.state(s).clocks}
    clocks |= {c for s in way.order for a in way.state(s).actions.values() for c in a.start}
    names = dict.fromkeys(
        d.question for c in definition.clocks if c in clocks and (d := definition.clocks[c].depends) is not None
    )
    return tuple(question(definition, n) for n in names if n in definition.questions)


def question(definition: Definition, name: str) -> tuple[Para, ...]:
    """One open question: what is in force, what we advise, how sure."""
    q = definition.questions[name]
    sure = words.CONFIDENCE.get(q.confidence, q.confidence)
    return (
        Para("act", q.label), Para("body", f"可以选：{'；'.join(q.choices.values())}"),
        Para("body", f"现在用：{q.choices.get(q.use, q.use)}；稳妥的：{q.choices.get(q.cautious, q.cautious)}"),
        Para("law", f"有关条文：{words.cite(q.law)}；把握：{sure}"),
    )  # fmt: skip


# --- the worker's sheet ----------------------------------------------------------------------------------------------


def _for_worker(definition: Definition, matter: str) -> Diagram:
    told = worker.told(definition, matter)
    nodes = tuple(_step(told.way, name, s) for name, s in zip(told.way.main, told.main, strict=True))
    arrows = tuple(Arrow(a, b, (), spine=True) for a, b in pairwise(told.way.main))
    sections = []
    if told.other:
        items = tuple(_told(s, numbered=True) for s in told.other)
        sections.append(Section(Para("big-section", "也可能遇到"), items))
    if told.always:
        items = (tuple(Para("big", f"· {text}") for text in told.always),)
        sections.append(Section(Para("big-section", "还没有办完时，您都可以"), items))
    desc = "；".join(f"{s.number} {s.title}" for s in told.main)
    return Diagram(
        title=f"{told.label}：一步一步怎么走", desc=f"{told.label}，给职工看的。{desc}。同样的内容另有文字列表。",
        head=(Para("big-head", told.label), Para("big-next", "一步一步怎么走、您要办什么、最晚哪天。日子从哪天算，窗口会写给您。")),
        nodes=nodes, arrows=arrows, sections=tuple(sections), sheet=A4,
    )  # fmt: skip


def _step(way: Way, name: str, s: worker.Step) -> Node:
    return Node(name, s.number, s.title, _told(s), s.end)


def _told(s: worker.Step, numbered: bool = False) -> tuple[Para, ...]:
    """The paragraphs of one stage."""
    paras = [Para("big-title", f"{s.number} {s.title}" if numbered else s.title), Para("big", s.says)]
    if s.do:
        paras.append(Para("big-do", f"您可以办：{'；'.join(s.do)}"))
    if s.tell:
        paras.append(Para("big-do", f"您可以到窗口登记：{'；'.join(s.tell)}"))
    paras += [Para("big-until", f"期限：{text}") for text in s.until]
    if s.who and not s.end:
        paras.append(Para("big-next", f"现在等谁办：{s.who}"))
    if s.leads and (numbered or len(s.leads) > 1):
        paras.append(Para("big-next", f"接下来可能是：{'；'.join(s.leads)}"))
    return tuple(paras)


# --- how matters open each other -------------------------------------------------------------------------------------


def overview(definition: Definition) -> Diagram:
    """Matters as boxes; what opens a matter as arrows, what comes back from it dashed."""
    nodes = tuple(
        Node(m.name, str(n), m.label, (Para("title", m.label), Para("under", _about(definition, m)), *_span(m)))
        for n, m in enumerate(definition.matters.values(), 1)
    )
    arrows = tuple(
        a for m in definition.matters.values() for a in (*_openings(definition, m), *_answers(definition, m))
    )
    return Diagram(
        title="各事项怎样接起来", desc="各事项由哪些办理另开，结果怎样回到原事项。同样的内容另有文字列表。",
        head=(
            Para("head", "各事项怎样接起来"),
            Para("under", "读法：一个方框是一个事项，箭头是一个事项里办什么就另开下一个事项，虚线是结果由系统带回原事项。"),
        ),
        nodes=nodes, arrows=arrows, sheet=replace(A3, height=ONE_PAGE),
    )  # fmt: skip


def _span(matter: MatterDef) -> tuple[Para, ...]:
    ends = [s.label for s in matter.states.values() if s.end]
    return (
        Para("body", f"从“{matter.states[matter.start].label}”开始，共 {len(matter.states)} 个状态"),
        Para("body", f"办结：{'；'.join(ends)}"),
    )


def _openings(definition: Definition, matter: MatterDef) -> Iterable[Arrow]:
    """Own openings stand in their own box no less than others: an arrow that returns."""
    found: dict[str, dict[str, list[str]]] = {}
    for state in matter.states.values():
        for act in state.actions.values():
            for opened in act.open:
                found.setdefault(opened, {}).setdefault(act.label, []).append(state.label)
    for opened, acts in found.items():
        paras = tuple(Para("body", f"办“{label}”（{_where(where)}）") for label, where in acts.items())
        yield Arrow(matter.name, opened, (Para("act", "另开"), *paras))


def _where(states: list[str]) -> str:
    return f"{len(states)} 个状态" if len(states) > 2 else "、".join(dict.fromkeys(states))


def _answers(definition: Definition, matter: MatterDef) -> Iterable[Arrow]:
    fact = definition.facts.get("outcome")
    said: dict[str, str] = {}
    for state in matter.states.values():
        for act in state.actions.values():
            for value, name in act.parent.items():
                result = "任何结果" if value == "any" else fact.choices.get(value, value) if fact else value
                said[f"{result} → “{words.act_label(definition, name)}”"] = name
    first: dict[tuple[Para, ...], str] = {}
    for parent in matter.of:
        has = {name for s in definition.matters[parent].states.values() for name in s.actions}
        told = tuple(Para("body", text) for text, name in said.items() if name in has)
        same = first.setdefault(told, parent)
        if told and same != parent:
            told = (Para("body", f"和带回“{definition.matters[same].label}”的一样"),)
        if told:
            yield Arrow(matter.name, parent, (Para("act", "结果带回"), *told), dashed=True)
