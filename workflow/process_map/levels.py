"""What each reading level says of a state and of an act. The same boxes and arrows for all; only the words differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from workflow.definition.model import ActionDef, ClockDef, Definition
from workflow.process_map import words
from workflow.process_map.diagram import Para

LEVELS = {"worker": "职工", "desk": "窗口", "supervisor": "督办", "lawyer": "法律"}
"""Reading levels: key → label."""


def act(definition: Definition, level: str, a: ActionDef, inset: float = 0) -> tuple[Para, ...]:
    """An act as paragraphs."""
    return (Para("act", a.label, inset), *(Para(p.look, p.text, inset) for p in _ACT[level](definition, a)))


def clock(definition: Definition, level: str, c: ClockDef) -> tuple[Para, ...]:
    """A clock as a tag and what follows."""
    return tuple(_CLOCK[level](definition, c))


def again(told: tuple[Para, ...], number: str) -> tuple[Para, ...]:
    """A clock that runs on in another state: its tag, and where the rest stands."""
    return (replace(told[0], text=f"{told[0].text}；详见 {number}"),)


# --- acts ------------------------------------------------------------------------------------------------------------


def _desk(definition: Definition, a: ActionDef) -> Iterable[Para]:
    papers = "、".join(definition.papers[p].label for p in a.receive)
    yield _joined("body", [f"谁办：{words.people(definition, a.by)}", "每个收件人分别登记" if a.each else ""])
    if papers:
        yield Para("body", f"收材料：{papers}")
    if a.issue:
        yield Para("body", f"发文书：{_document(definition, a.issue)}")
    yield from _opened(definition, a)
    if a.task:
        yield Para("body", f"生成任务，交给{words.people(definition, [a.task])}")
    yield from _returned(definition, a)
    if a.hint:
        yield Para("under", f"提示：{a.hint}")


def _supervisor(definition: Definition, a: ActionDef) -> Iterable[Para]:
    yield Para("body", f"谁办：{words.people(definition, a.by)}")
    if moved := words.moves(definition, a):
        yield _joined("body", moved)
    if a.task:
        yield Para("body", f"生成任务，交给{words.people(definition, [a.task])}")
    yield from _opened(definition, a)
    yield from _returned(definition, a)


def _lawyer(definition: Definition, a: ActionDef) -> Iterable[Para]:
    if a.law:
        yield Para("law", f"依据：{words.cite(a.law)}")
    if a.unsettled:
        yield Para("warn", f"{words.UNSETTLED}{a.unsettled}")
    if not a.law and not a.unsettled:
        yield Para("under", "文件没有写依据，是内部办理")
    if a.adverse:
        yield Para("warn", f"{words.ADVERSE}对当事人不利，文书要写明救济")
    if a.issue:
        yield Para("body", f"文书：{_document(definition, a.issue)}")
        yield from remedy(definition, a.issue)
    if moved := words.moves(definition, a):
        yield _joined("body", moved)
    yield from _opened(definition, a)
    yield from _returned(definition, a)


def _document(definition: Definition, name: str) -> str:
    document = definition.instruments[name]
    copy = f"，抄送{words.people(definition, document.copy)}" if document.copy else ""
    return f"{document.label}（送{words.people(definition, document.to)}{copy}）"


def remedy(definition: Definition, instrument: str) -> Iterable[Para]:
    """How one objects to a document, or why there is nothing to object to."""
    document = definition.instruments[instrument]
    yield Para("law", f"文书依据：{words.cite(document.law)}")
    if document.remedy:
        yield Para("body", f"不服：{remedy_label(definition, document.remedy)}")
    if document.no_remedy:
        yield Para("under", f"没有救济：{document.no_remedy}")


def remedy_label(definition: Definition, name: str) -> str:
    """A matter to open, or a clock that runs for it."""
    if name in definition.matters:
        return f"另开“{definition.matters[name].label}”"
    c = definition.clocks.get(name)
    return f"{c.label}，{words.run(definition, c)}（{words.cite(c.law)}）" if c else name


def _opened(definition: Definition, a: ActionDef) -> Iterable[Para]:
    if opened := "、".join(f"“{definition.matters[m].label}”" for m in a.open):
        yield Para("body", f"另开事项：{opened}")


def _returned(definition: Definition, a: ActionDef) -> Iterable[Para]:
    if a.parent:
        fact = definition.facts.get("outcome")
        said = [
            f"{'任何结果' if value == 'any' else fact.choices.get(value, value) if fact else value}"
            f"→“{words.act_label(definition, name)}”"
            for value, name in a.parent.items()
        ]
        yield Para("body", f"结果回到原事项：{'；'.join(said)}")


def _joined(look: str, parts: Iterable[str]) -> Para:
    return Para(look, "；".join(p for p in parts if p))


_ACT: dict[str, Callable[[Definition, ActionDef], Iterable[Para]]] = {
    "desk": _desk, "supervisor": _supervisor, "lawyer": _lawyer,
}  # fmt: skip


# --- clocks ----------------------------------------------------------------------------------------------------------


def _tag(definition: Definition, c: ClockDef, text: str) -> Para:
    mark = "" if c.legal else words.INTERNAL
    return Para("clock" if c.legal else "remind", f"{mark}{c.code} {c.label}：{text}")


def _law(c: ClockDef) -> str:
    return f"（{words.cite(c.law)}）" if c.law else ""


def _clock_desk(definition: Definition, c: ClockDef) -> Iterable[Para]:
    yield _tag(definition, c, f"{words.length(definition, c)}{_law(c)}")


def _clock_supervisor(definition: Definition, c: ClockDef) -> Iterable[Para]:
    yield _tag(definition, c, f"{words.run(definition, c)}{_law(c)}")
    each = "，每个收件人各算各的" if c.each else ""
    kind = f"；{words.KINDS[c.kind]}" if c.kind in words.KINDS else ""
    yield Para("body", f"责任：{words.people(definition, [c.owner])}{each}{kind}", 8)
    if told := words.expiry(definition, c):
        yield Para("body", f"{'到期' if c.legal else '到日子'}：{told}", 8)
    if allowed := words.allowances(c):
        yield Para("body", "；".join(allowed), 8)
    if c.promise:
        unsure = "" if c.promise.confirmed else "（待局确认）"
        yield Para("body", f"承诺 {c.promise.within}{unsure}，和法定的比，早的算", 8)


def _clock_lawyer(definition: Definition, c: ClockDef) -> Iterable[Para]:
    yield _tag(definition, c, f"{words.run(definition, c)}{_law(c)}")
    for dated in c.within if len(c.within) > 1 or c.version_by else ():
        law = f"，{words.cite(dated.law or c.law)}" if dated.law or c.law else ""
        unsure = f"，{words.UNVERIFIED}{dated.unverified}" if dated.unverified else ""
        by = words.day_of(definition, c.version_by or c.start)
        yield Para("body", f"版本（按{by}）：{words.version(dated)}{law}{unsure}", 8)
    if c.kind in words.KINDS:
        yield Para("body", words.KINDS[c.kind], 8)
    for allowed in words.allowances(c, law=True):
        yield Para("body", allowed, 8)
    if c.again:
        law = f"（{words.cite(c.again.law)}）" if c.again.law else ""
        yield Para("body", f"{words.day_of(definition, c.again.start)}以后从那天重新计算，代号 {c.again.code}{law}", 8)
    if c.at_most:
        cap = f"最长 {c.at_most.within}，从{words.day_of(definition, c.at_most.start)}起"
        yield Para("body", f"{cap}（{words.cite(c.at_most.law)}）", 8)
    yield from _effects(definition, c)
    if c.depends and (asked := definition.questions.get(c.depends.question)):
        now = asked.choices.get(asked.use, asked.use)
        yield Para("warn", f"{words.OPEN}{asked.label}，现在用：{now}", 8)
    if c.unverified:
        yield Para("warn", f"{words.UNVERIFIED}{c.unverified}", 8)


def _effects(definition: Definition, c: ClockDef) -> Iterable[Para]:
    e = c.on_expiry
    law = f"（{words.cite(e.law)}）" if e.law else ""
    if told := words.expiry(definition, c):
        yield Para("body", f"期满后果：{told}{law}" if c.legal else f"到日子：{told}，没有法律后果", 8)


_CLOCK: dict[str, Callable[[Definition, ClockDef], Iterable[Para]]] = {
    "desk": _clock_desk, "supervisor": _clock_supervisor, "lawyer": _clock_lawyer,
}  # fmt: skip
