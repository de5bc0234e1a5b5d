"""The map in words: for each matter what the worker reads, and tables for window, supervisor and lawyer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from workflow.definition.model import ActionDef, ClockDef, Definition
from workflow.process_map import levels, pictures, words, worker
from workflow.process_map.levels import LEVELS
from workflow.process_map.text import clean
from workflow.process_map.way import Way, way_of

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")
HEAD = (
    "# 办理流程", "",
    "这一页和旁边的图由 `greenchannel map --out docs` 从 states.yaml 生成，不要手改；改了流程以后重新生成一次。",
)  # fmt: skip
READERS = {
    "worker": "职工看：到哪一步、要办什么、最晚哪天", "desk": "窗口看：办什么、谁办、收什么材料、发什么文书",
    "supervisor": "督办看：时限多久、谁的责任、到期怎么办", "lawyer": "法律看：依据、版本、没有核实的、没有明文的、救济",
}  # fmt: skip


def page(definition: Definition, wanted: Sequence[str]) -> str:
    """The page with these reading levels, ending in a line feed."""
    lines = [*HEAD, "", f"流程版本 {escape(definition.version)}。", ""]
    lines += ["## 各事项怎样接起来", "", "![各事项怎样接起来](process/overview.svg)", "", *_links(definition), ""]
    for number, name in enumerate(definition.matters, 1):
        lines += _matter(definition, number, name, wanted)
    if "lawyer" in wanted:
        lines += [*_questions(definition), *_instruments(definition), *_papers(definition)]
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """Text from the file as Markdown that shows just that."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of plain texts; nothing where there is no row."""
    written = ["| " + " | ".join(escape(cell) or "—" for cell in row) + " |" for row in rows]
    if written:
        yield "| " + " | ".join(heads) + " |"
        yield "|" + " --- |" * len(heads)
        yield from written
        yield ""


def _links(definition: Definition) -> Iterator[str]:
    for arrow in pictures.overview(definition).arrows:
        first, *rest = (p.text for p in arrow.paras)
        names = (definition.matters[arrow.source].label, definition.matters[arrow.target].label)
        yield f"- {escape(names[0])} → {escape(names[1])}（{escape(first)}）：{escape('；'.join(rest))}"


def _matter(definition: Definition, number: int, name: str, wanted: Sequence[str]) -> Iterator[str]:
    way = way_of(definition.matters[name])
    yield f"## {number} {escape(way.matter.label)}"
    yield ""
    yield "图：" + "、".join(f"[{LEVELS[level]}](process/{level}/{name}.svg)" for level in wanted)
    yield ""
    for level in wanted:
        yield f"### {READERS[level]}"
        yield ""
        yield from _TELL[level](definition, way)


# --- worker ----------------------------------------------------------------------------------------------------------


def _worker(definition: Definition, way: Way) -> Iterator[str]:
    told = worker.told(definition, way.matter.name)
    for step in told.main:
        yield from _step(step)
    if told.other:
        yield "也可能遇到："
        yield ""
        for step in told.other:
            yield from _step(step)
    if told.always:
        yield f"还没有办完时，您都可以：{escape('；'.join(told.always))}。"
        yield ""


def _step(step: worker.Step) -> Iterator[str]:
    yield f"**{escape(step.number)} {escape(step.title)}**　{escape(step.says)}"
    yield ""
    said = [f"您可以办：{text}" for text in step.do] + [f"您可以到窗口登记：{text}" for text in step.tell]
    said += [f"期限：{text}" for text in step.until] + (
        [f"现在等谁办：{step.who}"] if step.who and not step.end else []
    )
    yield from (f"- {escape(text)}" for text in said)
    if said:
        yield ""


# --- window ----------------------------------------------------------------------------------------------------------


def _desk(definition: Definition, way: Way) -> Iterator[str]:
    rows = []
    for where, act, to in _acts(way):
        issued = definition.instruments[act.issue].label if act.issue else ""
        opened = "".join(f"，另开“{definition.matters[m].label}”" for m in act.open)
        papers = "、".join(definition.papers[p].label for p in act.receive)
        rows.append((where, act.label, words.people(definition, act.by), papers, issued, to + opened))
    yield from table(("在哪个状态", "办什么", "谁办", "收材料", "发文书", "转到"), rows)


def _acts(way: Way) -> Iterator[tuple[str, ActionDef, str]]:
    """(states, act, where it leads), common acts once at the end."""
    told = {(s, c.act.name) for c in way.common for s in c.states}
    for name in way.order:
        for act in way.state(name).actions.values():
            if (name, act.name) not in told:
                yield _called(way, name), act, "不变" if act.to == name else _called(way, act.to)
    for c in way.common:
        yield (
            "、".join(way.numbers[s] for s in way.order if s in c.states),
            c.act,
            _called(way, c.to) if c.to else "不变",
        )


def _called(way: Way, state: str) -> str:
    return f"{way.numbers[state]} {way.state(state).label}"


# --- supervisor ------------------------------------------------------------------------------------------------------


def _supervisor(definition: Definition, way: Way) -> Iterator[str]:
    rows = []
    for clock, where in _clocks(definition, way):
        mark = "" if clock.legal else words.INTERNAL
        rows.append((
            f"{mark}{clock.code} {clock.label}", where, words.run(definition, clock), words.people(definition, [clock.owner]),
            words.expiry(definition, clock), "；".join(words.allowances(clock)),
        ))  # fmt: skip
    yield from table(("时限", "在哪个状态", "多久", "责任", "到期", "中止、扣除、延长"), rows)


def _clocks(definition: Definition, way: Way) -> Iterator[tuple[ClockDef, str]]:
    """The clocks of a matter in the order of the file, with the states they run in or the act that starts them."""
    for clock in definition.clocks.values():
        states = [way.numbers[s] for s in way.order if clock.name in way.state(s).clocks]
        acts = dict.fromkeys(
            a.label for s in way.order for a in way.state(s).actions.values() if clock.name in a.start
        )  # fmt: skip
        if states or acts:
            yield clock, "；".join([*(["、".join(states)] if states else []), *(f"办“{a}”起" for a in acts)])


# --- lawyer ----------------------------------------------------------------------------------------------------------


def _lawyer(definition: Definition, way: Way) -> Iterator[str]:
    rows = []
    for where, act, _ in _acts(way):
        marks = [words.cite(act.law)] if act.law else []
        marks += [f"{words.UNSETTLED}{act.unsettled}"] if act.unsettled else []
        marks += [words.ADVERSE] if act.adverse else []
        rows.append(
            (where, act.label, "；".join(marks), "；".join(words.moves(definition, act)), _objection(definition, act))
        )
    yield from table(("在哪个状态", "办什么", "依据和标记", "对时限", "文书和救济"), rows)
    clocks = [(c.code, c.label, _paras(definition, c)) for c, _ in _clocks(definition, way) if c.legal]
    yield from table(("代号", "法定时限", "依据、版本、期满后果、没有核实的"), clocks)


def _objection(definition: Definition, act: ActionDef) -> str:
    if not act.issue:
        return ""
    told = "；".join(p.text for p in levels.remedy(definition, act.issue))
    return f"{definition.instruments[act.issue].label}。{told}"


def _paras(definition: Definition, clock: ClockDef) -> str:
    first, *rest = levels.clock(definition, "lawyer", clock)
    return "；".join([first.text.removeprefix(f"{clock.code} {clock.label}："), *(p.text for p in rest)])


_TELL: dict[str, Callable[[Definition, Way], Iterable[str]]] = {
    "worker": _worker, "desk": _desk, "supervisor": _supervisor, "lawyer": _lawyer,
}  # fmt: skip


def _questions(definition: Definition) -> Iterator[str]:
    if not definition.questions:
        return
    yield "## 法律上没有定论的问题"
    yield ""
    for name in definition.questions:
        first, *rest = pictures.question(definition, name)
        yield f"**{escape(first.text)}**"
        yield ""
        yield from (f"- {escape(p.text)}" for p in rest)
        yield ""


def _instruments(definition: Definition) -> Iterator[str]:
    rows = [
        (i.label, words.people(definition, i.to), words.people(definition, i.copy), words.cite(i.law),
         levels.remedy_label(definition, i.remedy) if i.remedy else f"没有：{i.no_remedy}" if i.no_remedy else "")
        for i in definition.instruments.values()
    ]  # fmt: skip
    yield from ("## 文书和救济", "")
    yield from table(("文书", "送达", "抄送", "依据", "救济"), rows)


def _papers(definition: Definition) -> Iterator[str]:
    yield from ("## 材料和依据", "")
    yield from table(("材料", "凭什么可以要"), [(p.label, words.cite(p.law)) for p in definition.papers.values()])
