"""The matters of states.yaml: states, what is said to the worker in each, and what can be done there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from workflow.definition.form import Book, Form, shown
from workflow.definition.model import ActionDef, MatterDef, StateDef
from workflow.definition.nodes import Items, Table, Text, Unreadable
from workflow.definition.sections import entries

MATTER_KEYS = ("label", "start", "states", "common", "each", "of", "many", "elsewhere")
STATE_KEYS = ("label", "public", "clocks", "actions", "end")
ACTION_KEYS = (
    "label", "by", "if", "ask", "may", "on", "receive", "prepare", "issue", "open", "stop", "pause", "resume", "start",
    "extend", "shift", "exclude", "each", "to", "parent", "task", "adverse", "unsettled", "law", "hint",
)  # fmt: skip
CLOCK_ACTS = ("stop", "pause", "resume", "start", "extend", "shift", "exclude")
PUBLIC_LIMIT = 400
_PLACE = re.compile(r"\{([^{}]*)\}")
_DUE = re.compile(r"([a-z][a-z0-9_]*)\.due")


def matters(book: Book, root: Table) -> dict[str, MatterDef]:
    """All matters by name."""
    required = ("label", "start", "states")
    found = entries(book, root, "matters", "事项", MATTER_KEYS, required)
    return {name: _matter(book, name, form) for name, form in found}


def _matter(book: Book, name: str, form: Form) -> MatterDef:
    table = form.table.get("states")
    states: dict[str, StateDef] = {}
    names: dict[str, str] = {}
    if table is not None and not isinstance(table, Table):
        form.part_of(table, "states", ("状态名", "内容"))
    elif isinstance(table, Table):
        names = state_names(table)
        if not names:
            form.say(table.line, f"{form.what}没有状态。请在 states 里写上各个状态。")
        for key, state in _tables(book, table, f"{form.what}的状态", STATE_KEYS):
            states[key] = _state(book, key, Form(book, state, f"状态“{key}”", STATE_KEYS, ("label", "public")), names)
        _common(book, form, states, names)
    each = form.text("each", 20)
    if each not in ("", "addressee"):
        form.say(form.line("each"), f"{form.what}的 each 只能写 addressee（每个收件人各开一件）。请改正或删掉。")
    if bool(each) != form.has("of"):
        form.say(form.line("each"), f"{form.what}的 each 和 of（从哪些事项的文书开出）要一起写。请补上或删掉。")
    start = form.name("start", "states", names) if isinstance(table, Table) else form.text("start", 40)
    return MatterDef(
        name, form.text("label", 60), start, states, each, form.names("of", "matters"), form.flag("many"),
        form.name("elsewhere", "people"),
    )  # fmt: skip


def _common(book: Book, form: Form, states: dict[str, StateDef], names: dict[str, str]) -> None:
    """Acts written once, put into each state their `in` names, after that state's own."""
    table = form.table.get("common")
    if not isinstance(table, Table):
        form.part("common", ("办理事项名", "内容"))
        return
    keys = (*ACTION_KEYS, "in")
    for name, node in _tables(book, table, f"{form.what}的共同事项", ("in", *ACTION_KEYS)):
        below = Form(book, node, f"共同事项“{name}”", keys, ("label", "by", "in"))
        act = replace(_action(name, below, "", names), common=True)
        within = below.names("in", "states", names)
        if below.has("in") and not within and not below.table.broken:
            below.say(
                below.line("in"),
                f"{below.what}的 in 没有写在哪些状态能办。请写上状态名，如 [{next(iter(names), '')}]。",
            )
        for state in within:
            if state not in states:
                continue
            if name in states[state].actions:
                below.say(below.line("in"), f"状态“{state}”自己已经有“{name}”。请在 in 里去掉它，或删掉那里的一件。")
                continue
            own = replace(act, to=act.to or state)
            states[state] = replace(states[state], actions={**states[state].actions, name: own})


def _tables(book: Book, table: Table, what: str, keys: tuple[str, ...]) -> Iterator[tuple[str, Table]]:
    """The entries of `table` that are mappings; the others are faults."""
    for key, node in table.pairs.values():
        book.identifier(key)
        if isinstance(node, Table):
            yield key.value, node
        elif not isinstance(node, Unreadable):
            book.say(key.line, f"{what}“{shown(key.value)}”没有内容。请写上 {'、'.join(keys[:4])} 等各项。")


def state_names(table: Table) -> dict[str, str]:
    """State name → label, those of unreadable states too."""
    found: dict[str, str] = {}
    for name in table.names():
        node = table.get(name)
        label = node.get("label") if isinstance(node, Table) else None
        found[name] = label.value if isinstance(label, Text) else ""
    return found


def action_names(root: Table) -> dict[str, str]:
    """Every action of the file → label."""
    found: dict[str, str] = {}
    for matter in _below(root.get("matters")):
        states, common = matter.get("states"), matter.get("common")
        found |= state_names(common) if isinstance(common, Table) else {}
        for state in _below(states):
            actions = state.get("actions")
            found |= state_names(actions) if isinstance(actions, Table) else {}
    return found


def _below(node: object) -> Iterator[Table]:
    if isinstance(node, Table):
        yield from (value for _, value in node.pairs.values() if isinstance(value, Table))


def _state(book: Book, name: str, form: Form, names: dict[str, str]) -> StateDef:
    end = form.flag("end")
    actions: dict[str, ActionDef] = {}
    table = form.table.get("actions")
    if table is not None and not isinstance(table, Table):
        form.part_of(table, "actions", ("办理事项名", "内容"))
    elif isinstance(table, Table):
        for key, action in _tables(book, table, "办理事项", ACTION_KEYS):
            below = Form(book, action, f"办理事项“{key}”", ACTION_KEYS, ("label", "by"))
            actions[key] = _action(key, below, name, names)
    if not end:
        _watched(form)
    return StateDef(name, form.text("label", 60), _public(book, form), form.names("clocks", "clocks"), actions, end)


def _watched(form: Form) -> None:
    """Every state that is not final needs a clock with an owner, and something to do."""
    if form.table.broken:
        return
    listed = form.table.get("clocks")
    if listed is None or (isinstance(listed, Items) and not listed.items):
        cure = "请在 clocks 里写上法定时限；法律没写天数的，写一个内部提醒（remind）"
        form.say(form.line("clocks"), f"{form.what}没有时限也没有提醒，事情会搁住没人管。{cure}。")


def _public(book: Book, form: Form) -> str:
    text = form.text("public", PUBLIC_LIMIT)
    line = form.line("public")
    for place in _PLACE.findall(text):
        named = _DUE.fullmatch(place.strip())
        if named:
            book.known_name(line, named[1], "clocks")
        else:
            cure = "花括号里只能写 时限名.due，如 {decide.due}。请改正"
            form.say(line, f"{form.what}的 public 里“{{{shown(place)}}}”看不懂。{cure}。")
    if "{" in (rest := _PLACE.sub("", text)) or "}" in rest:
        form.say(line, f"{form.what}的 public 里花括号没有配成对。请写成 {{时限名.due}}。")
    return text


def places(public: str) -> list[str]:
    """The clocks a public sentence names."""
    return [named[1] for place in _PLACE.findall(public) if (named := _DUE.fullmatch(place.strip()))]


def _action(name: str, form: Form, state: str, names: dict[str, str]) -> ActionDef:
    by = form.table.get("by")
    if isinstance(by, Items) and not by.items:
        form.say(form.line("by"), f"{form.what}的 by 是空的，没有人能办。请写上由谁办。")
    each = form.text("each", 20)
    if each not in ("", "addressee"):
        form.say(form.line("each"), f"{form.what}的 each 只能写 addressee（每个收件人各登记一次）。请改正或删掉。")
    ask, may = form.names("ask", "facts"), form.names("may", "facts")
    for both in [n for n in may if n in ask]:
        form.say(form.line("may"), f"{form.what}的“{both}”既写在 ask（必填）又写在 may（可填）。请只留一处。")
    return ActionDef(
        name=name, label=form.text("label", 60), by=form.names("by", "people"),
        to=form.name("to", "states", names) if form.has("to") else state, guards=form.names("if", "guards"),
        ask=ask, may=may, on=form.name("on", "facts", form.book.known["day_facts"]),
        receive=form.names("receive", "papers"), prepare=form.name("prepare", "preparations"),
        issue=form.name("issue", "instruments"), open=form.names("open", "matters"), each=each,
        unsettled=form.text("unsettled"), law=form.law(), hint=form.text("hint"), parent=_parent(form),
        task=form.name("task", "people"), adverse=form.flag("adverse"),
        stop=form.names("stop", "clocks"), pause=form.names("pause", "clocks"), resume=form.names("resume", "clocks"),
        start=form.names("start", "clocks"), extend=form.names("extend", "clocks"), shift=form.names("shift", "clocks"),
        exclude=form.names("exclude", "clocks"),
    )  # fmt: skip


def _parent(form: Form) -> dict[str, str]:
    """Outcome → the act done on the parent matter."""
    node = form.table.get("parent")
    part = form.part("parent", tuple(node.pairs) if isinstance(node, Table) else ("结果", "办理事项"))
    return {key: part.name(key, "actions") for key in part.table.pairs} if part else {}
