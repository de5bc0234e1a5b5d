"""The phrases of the map: citations, lengths, who, what an expiry does. From the definition alone; nothing is added to it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workflow.daycount import Span
from workflow.definition.model import ActionDef, ClockDef, DatedSpan, Definition, Expiry, Ground

INTERNAL, UNVERIFIED, UNSETTLED, ADVERSE, OPEN = "【内部提醒】", "【未核实】", "【无明文】", "【不利】", "【未决】"
KINDS = {"earliest": "期满才可以办", "effect": "期满自动发生效力，不顺延", "start_month": "次月起"}
CONFIDENCE = {"H": "高", "M-H": "较高", "M": "中", "L": "低"}
_CITATION = re.compile(r"([^#\s;；]+)#(\d+)(?:\.(\d+))?(?:\.(\d+)|\((\d+)\))?")
_MOVES = (
    ("start", "起算"), ("stop", "停掉"), ("pause", "中止"), ("resume", "恢复"), ("extend", "延长"), ("shift", "顺延"),
    ("exclude", "扣除"),
)  # fmt: skip


def cite(law: str) -> str:
    """`工伤认定办法#8.1` → `《工伤认定办法》第8条第1款`, several likewise; other text stands as it is."""

    def article(found: re.Match[str]) -> str:
        name, number, paragraph, *items = found.groups()
        item = next((i for i in items if i), "")
        text = f"《{name}》第{number}条" + (f"第{paragraph}款" if paragraph else "")
        return text + (f"第({item})项" if item else "")

    return "、".join(p for p in (part.strip() for part in re.split("[;；]", _CITATION.sub(article, law))) if p)


def people(definition: Definition, names: Iterable[str]) -> str:
    """The people's labels, joined; a name the file does not declare (`system`) has its own word."""
    return "、".join(definition.people.get(n, "系统" if n == "system" else n) for n in names)


def day_of(definition: Definition, name: str) -> str:
    """The label of a date fact."""
    fact = definition.facts.get(name)
    return definition.dates.get(name) or (fact.label if fact and fact.label else name)


def version(dated: DatedSpan) -> str:
    """`2025-07-01 起 15 日`; the plain length where it has always been the law."""
    since = f"{dated.since.isoformat()} 起" if dated.since else ""
    until = f"到 {dated.until.isoformat()} 为止" if dated.until else ""
    when = since + until
    return f"{when} {dated.span}" if when else str(dated.span)


def length(definition: Definition, clock: ClockDef) -> str:
    """How long it runs: the newest version, the older ones in brackets; a reminder says how often."""
    if clock.remind:
        return f"{'每 ' if clock.repeat else ''}{clock.remind}提醒{'' if clock.repeat else '一次'}"
    if clock.until:
        return f"到{day_of(definition, clock.until)}为止"
    if not clock.within:
        return KINDS.get(clock.kind, "")
    *older, newest = clock.within
    before = "；".join(version(d) for d in older)
    return str(newest.span) + (f"（{before}）" if before else "")


def run(definition: Definition, clock: ClockDef) -> str:
    """`15 日，从收到申请之日起`."""
    return f"{length(definition, clock)}，从{day_of(definition, clock.start)}起"


def expiry(definition: Definition, clock: ClockDef) -> str:
    """What follows when it runs out, in the order: who is told, whose desk, what effect, what act."""
    e: Expiry = clock.on_expiry
    parts = [f"提醒{people(definition, e.warn)}"] if e.warn else []
    parts += [f"报{people(definition, [e.escalate])}"] if e.escalate else []
    parts += [mark(e.mark)] if e.mark else []
    parts += [f"可以办“{act_label(definition, e.route)}”"] if e.route else []
    parts += [f"系统自动办“{act_label(definition, e.act)}”"] if e.act else []
    return "；".join(parts)


def mark(name: str) -> str:
    """The legal effect an expiry marks, as shown to people elsewhere."""
    from workflow.guards.base import MARKS

    return MARKS.get(name, name)


def act_label(definition: Definition, name: str) -> str:
    """The label of the first act with this name."""
    acts = (s.actions.get(name) for m in definition.matters.values() for s in m.states.values())
    return next((a.label for a in acts if a), name)


def ground(what: str, given: Ground | None, law: bool = False) -> str:
    """`可中止：等待……的结论`, with article where asked; "" for none."""
    if given is None:
        return ""
    by = f"，{given.by}" if given.by else ""
    times = f"，{given.times} 次" if given.times else ""
    return f"{what}：{given.when}{by}{times}" + (f"（{cite(given.law)}）" if law else "")


def allowances(clock: ClockDef, law: bool = False) -> list[str]:
    """Everything that stops, leaves out, moves or lengthens it, and the cap."""
    grounds = (
        ("可中止", clock.pauses),
        ("可扣除", clock.excludes),
        ("可延长", clock.extends),
        ("可顺延", clock.shifts),
    )
    return [text for what, given in grounds if (text := ground(what, given, law))]


def moves(definition: Definition, act: ActionDef) -> list[str]:
    """What an act does to clocks: `中止：作出认定决定（GS-DEC）`."""
    out = []
    for name, word in _MOVES:
        clocks = [definition.clocks[c] for c in getattr(act, name) if c in definition.clocks]
        if clocks:
            out.append(f"{word}时限：" + "、".join(f"{c.label}（{c.code}）" for c in clocks))
    return out


def due(definition: Definition, clock: ClockDef) -> str:
    """Until when, in a worker's words and without a case: `收到申请之日起第 15 日`."""
    start = day_of(definition, clock.start).replace("收件人", "您")
    start = "您" + start.removeprefix("职工") if start.startswith("职工") else start
    if clock.until:
        return "通知书上写的那一天"
    span = clock.within[-1].span if clock.within else None
    if span is None:
        return "窗口告诉您的日子"
    return f"{start}起{nth(span)}"


def nth(span: Span) -> str:
    """`第 15 日`, `第 5 个工作日`, `满 1 年那天`."""
    return f"第 {span}" if span.unit in ("日", "工作日") else f"满 {span}那天"
