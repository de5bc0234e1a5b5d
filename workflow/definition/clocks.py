"""The clocks of states.yaml: no legal limit without its article, no reminder with one."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

from workflow.daycount import Span
from workflow.definition.form import Book, Form, shown
from workflow.definition.model import Again, Cap, ClockDef, DatedSpan, Depends, Expiry, Ground, Promise
from workflow.definition.nodes import Items, Table, Text
from workflow.definition.sections import entries

KEYS = (
    "code", "label", "within", "until", "remind", "repeat", "from", "owner", "each", "law", "pauses", "excludes",
    "extends", "shifts", "again", "promise", "on_expiry", "unverified", "kind", "version_by", "at_most", "depends",
)  # fmt: skip
REQUIRED = ("code", "label", "from", "owner", "on_expiry")
LENGTHS = ("within", "until", "remind")
ONLY_LEGAL = ("law", "pauses", "excludes", "extends", "shifts", "promise", "kind", "version_by", "at_most", "depends")
KINDS = ("deadline", "earliest", "effect", "start_month")
EXPIRY_KEYS = ("warn", "escalate", "mark", "law", "route", "do")
OWN_CODE = re.compile(r"IN-[A-Z0-9][A-Z0-9-]{0,36}")


def clocks(book: Book, root: Table) -> dict[str, ClockDef]:
    """All clocks by name."""
    return {name: _clock(book, name, form) for name, form in entries(book, root, "clocks", "时限", KEYS, REQUIRED)}


def _clock(book: Book, name: str, form: Form) -> ClockDef:
    legal = not form.has("remind")
    _one_length(form)
    _legal_or_not(form, legal)
    each = form.text("each", 20)
    if each not in ("", "addressee"):
        form.say(form.line("each"), f"{form.what}的 each 只能写 addressee（每个收件人各算各的）。请改正或删掉。")
    return ClockDef(
        name=name, code=_code(book, form, "code", legal), label=form.text("label", 60),
        start=form.name("from", "dates"), owner=form.name("owner", "people"), on_expiry=_expiry(form, legal),
        within=_within(form), until=form.name("until", "facts", book.known["day_facts"]), remind=form.span("remind"),
        repeat=form.flag("repeat"), each=each, law=form.law(), pauses=_ground(form, "pauses"),
        excludes=_ground(form, "excludes"), extends=_ground(form, "extends"), shifts=_ground(form, "shifts"),
        again=_again(book, form, legal), promise=_promise(form), unverified=form.text("unverified"), kind=_kind(form),
        version_by=form.name("version_by", "dates"), at_most=_cap(form), depends=_depends(book, form),
    )  # fmt: skip


def _one_length(form: Form) -> None:
    given = [k for k in LENGTHS if form.has(k)]
    if not given and not form.table.broken:
        cure = "法定时限请写 within（如 15 日）或 until（通知定的日期），法律没写天数的请写 remind"
        form.say(form.table.line, f"{form.what}没有写多久。{cure}。")
    for extra in given[1:]:
        form.say(form.line(extra), f"{form.what}同时写了 {given[0]} 和 {extra}，只能写一个。请删掉一个。")


def _legal_or_not(form: Form, legal: bool) -> None:
    if legal and not form.has("law") and not form.table.broken:
        form.say(form.table.line, f"{form.what}是法定时限，缺少依据 law。请补上条号；法律没写天数的，改用 remind。")
    if legal and form.has("repeat"):
        form.say(form.line("repeat"), f"{form.what}是法定时限，不能写 repeat。请删掉，repeat 只用于 remind。")
    for key in ONLY_LEGAL if not legal else ():
        if form.has(key):
            cure = "请删掉；有法定天数的，改用 within"
            form.say(form.line(key), f"{form.what}是内部提醒（remind），不能写 {key}。{cure}。")


def _code(book: Book, form: Form, key: str, legal: bool) -> str:
    code = form.text(key, 40)
    if not code:
        return code
    if OWN_CODE.fullmatch(code):
        if legal:
            form.say(form.line(key), f"{form.what}是法定时限，代号不能用 IN-（内部提醒）。请改成法定时限的代号。")
    elif code.startswith("IN-"):
        form.say(form.line(key), f"{form.what}的代号“{code}”不对：IN- 后面用大写字母、数字和 -。请改正。")
    elif not book.coded(code):
        form.say(form.line(key), f"{form.what}的代号“{code}”不在法定时限表里。请核对代号；内部提醒请用 IN- 开头。")
    return code


# --- within ----------------------------------------------------------------------------------------------------------


def _within(form: Form) -> tuple[DatedSpan, ...]:
    node = form.table.get("within")
    if not isinstance(node, Items):
        span = form.span("within")
        return (DatedSpan(span),) if span else ()
    if not node.items:
        form.say(node.line, f"{form.what}的 within 是空的。请写多久，如 15 日。")
    keys = ("from", "until", "is", "law", "unverified")
    parts = [p for p in (form.part_of(i, "within", keys, ("is",)) for i in node.items) if p]
    found = [(p, _dated(p)) for p in parts]
    for (_, before), (part, after) in pairwise(found):
        _adjoin(part, before, after)
    return tuple(
        DatedSpan(span, d.since, d.until, part.law(), part.text("unverified"))
        for part, d in found if (span := d.span) is not None
    )  # fmt: skip


class _Dated:
    """One dated length while it is read; `span` may be faulty."""

    def __init__(self, form: Form) -> None:
        self.since, self.until, self.span = form.day("from"), form.day("until"), form.span("is")
        self.ends = form.has("until")


def _dated(part: Form) -> _Dated:
    dated = _Dated(part)
    if dated.since and dated.until and dated.since > dated.until:
        part.say(part.line("until"), f"{part.what}的 until 早于 from。请把日期改对。")
    return dated


def _adjoin(part: Form, before: _Dated, after: _Dated) -> None:
    """Successive lengths must follow each other day by day."""
    line = part.line("from")
    both = f"前一段到 {before.until}，这一段从 {after.since}。请改成前后相接"
    if not (part.has("from") and before.ends):
        part.say(line, f"{part.what}有几段，前一段要写 until，后一段要写 from。请补上日期。")
    elif after.since is None or before.until is None:
        return  # written, but no day: said already
    elif after.since <= before.until:
        part.say(line, f"{part.what}几段日期重叠或先后颠倒：{both}。")
    elif after.since > before.until + timedelta(days=1):
        part.say(line, f"{part.what}几段日期中间有空档：{both}。")


# --- the rest --------------------------------------------------------------------------------------------------------


def _ground(form: Form, key: str) -> Ground | None:
    lengthens = key == "extends"
    part = form.part(key, ("when", "law", "by", "times") if lengthens else ("when", "law"), ("when", "law"))
    if part is None:
        return None
    by: Span | None = part.span("by") if lengthens else None
    if by is not None and by.unit != "日":
        part.say(part.line("by"), f"{part.what}的 by 只能以日计，如 30 日。请改正。")
    return Ground(part.text("when", 200), part.law(), by, part.count("times") if lengthens else None)


def _again(book: Book, form: Form, legal: bool) -> Again | None:
    part = form.part("again", ("code", "from", "law"), ("code", "from"))
    if part is None:
        return None
    if not legal and part.has("law"):
        part.say(part.line("law"), f"{part.what}是内部提醒，不能写 law。请删掉。")
    return Again(_code(book, part, "code", legal), part.name("from", "dates"), part.law())


def _kind(form: Form) -> str:
    kind = form.text("kind", 20)
    if kind and kind not in KINDS:
        form.say(form.line("kind"), f"{form.what}的 kind 没有“{shown(kind)}”。请改成：{'、'.join(KINDS)}。")
    return kind if kind in KINDS else "deadline"


def _cap(form: Form) -> Cap | None:
    keys = ("within", "from", "law")
    part = form.part("at_most", keys, keys)
    if part is None or (span := part.span("within")) is None:
        return None
    return Cap(span, part.name("from", "dates"), part.law())


def _depends(book: Book, form: Form) -> Depends | None:
    """A start chosen by an open question: {question: name, choice: date fact, …}."""
    node = form.table.get("depends")
    if not isinstance(node, Table):
        form.part("depends", ("question", "选项"))
        return None
    asked = node.get("question")
    known = book.choices.get(asked.value, {}) if isinstance(asked, Text) else {}
    part = Form(book, node, f"{form.what}的 depends ", ("question", *known), ("question",))
    question = part.name("question", "questions")
    return Depends(question, {choice: part.name(choice, "dates") for choice in known if part.has(choice)})


def _promise(form: Form) -> Promise | None:
    part = form.part("promise", ("within", "confirmed"), ("within", "confirmed"))
    if part is None:
        return None
    span, confirmed = part.span("within"), part.flag("confirmed")
    return Promise(span, confirmed) if span else None


def _expiry(form: Form, legal: bool) -> Expiry:
    part = form.part("on_expiry", EXPIRY_KEYS)
    if part is None:
        return Expiry()
    for key in ("mark", "law", "route", "do") if not legal else ():
        if part.has(key):
            part.say(part.line(key), f"{part.what}是内部提醒的，不能写 {key}，只能写 warn 或 escalate。请删掉。")
    follows = [k for k in ("warn", "escalate", "mark", "route", "do") if part.has(k)]
    if not part.table.broken and (not follows or (not legal and not {"warn", "escalate"} & set(follows))):
        part.say(form.line("on_expiry"), f"{part.what}没有写到期怎么办。请写 warn（提醒谁）或 escalate（报给谁）。")
    effect = "do" if part.has("do") else "mark"
    if legal and part.has(effect) != part.has("law"):
        given, missing = (effect, "law（后果的依据）") if part.has(effect) else ("law", "mark 或 do（法律后果）")
        part.say(part.line(given), f"{part.what}缺少 {missing}。{effect} 和 law 要一起写，请补上。")
    warned = part.table.get("warn")
    if isinstance(warned, Items) and not warned.items:
        part.say(part.line("warn"), f"{part.what}的 warn 是空的。请写上提醒谁，或删掉 warn。")
    return Expiry(
        part.names("warn", "people"), part.name("escalate", "people"), part.name("mark", "marks"), part.law(),
        part.name("route", "actions"), part.name("do", "actions") if legal else "",
    )  # fmt: skip
