"""The short sections of states.yaml: people, dates, facts, questions, papers, instruments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from workflow.definition.faults import Fault
from workflow.definition.form import Book, Form, shown
from workflow.definition.model import FactDef, InstrumentDef, PaperDef, QuestionDef
from workflow.definition.nodes import Table, Text, Unreadable

FACT_TYPES = {
    "text": "一行文字", "longtext": "一段文字", "date": "日期", "choice": "单选", "bool": "是否", "int": "整数",
    "money": "金额", "month": "月份", "papers": "材料", "account": "账号",
}  # fmt: skip
FACT_KEYS = ("label", "type", "choices", "hint", "not_before", "future", "law")
CONFIDENCES = ("H", "M-H", "M", "L")
_CHOICE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TEMPLATE = re.compile(r"[a-z][a-z0-9_]*")


def section(book: Book, root: Table, name: str) -> Table | None:
    """The mapping under a top-level key; a fault where it is none."""
    node = root.get(name)
    if node is None or isinstance(node, (Table, Unreadable)):
        return node if isinstance(node, Table) else None
    book.say(root.pairs[name][0].line, f"{name} 没有内容，或者不是“名字: 内容”的写法。请照样张写。")
    return None


def labels(book: Book, root: Table, name: str, limit: int) -> dict[str, str]:
    """people and dates: name → Chinese label."""
    table = section(book, root, name)
    if table is None:
        return {}
    form = Form(book, table, name, tuple(table.pairs))
    for key, _ in table.pairs.values():
        book.identifier(key, limit)
    return {key: form.text(key, 60) for key in table.pairs}


def entries(
    book: Book, root: Table, name: str, kind: str, keys: Collection[str], required: Collection[str] = ()
) -> Iterator[tuple[str, Form]]:
    """Each entry of a section as a form."""
    table = section(book, root, name)
    for key, node in table.pairs.values() if table else ():
        book.identifier(key)
        if isinstance(node, Table):
            yield key.value, Form(book, node, f"{kind}“{shown(key.value)}”", keys, required)
            continue
        book.used.add((name, key.value))  # one fault is enough for it
        if not isinstance(node, Unreadable):
            book.say(key.line, f"{kind}“{shown(key.value)}”要写 {'、'.join(keys)} 各项。请写成 {{label: …, …}}。")


def facts(book: Book, root: Table, dates: dict[str, str]) -> dict[str, FactDef]:
    """What acts may ask for; every date is one of them."""
    found = {name: FactDef(name, label, "date") for name, label in dates.items()}
    for name, form in entries(book, root, "facts", "填写项", FACT_KEYS, ()):
        found[name] = _fact(book, name, form, dates)
    return found


def _fact(book: Book, name: str, form: Form, dates: dict[str, str]) -> FactDef:
    missing = [k for k in ("label", "type") if not form.has(k) and name not in dates]
    if missing and not form.table.broken:
        form.say(form.table.line, f"{form.what}缺少 {'、'.join(missing)}。请补上。")
    kind = form.text("type", 20)
    if kind and kind not in FACT_TYPES:
        meant = book.nearest.to(kind, FACT_TYPES)
        guess = f"，是不是“{meant}”？" if meant else "。"
        form.say(form.line("type"), f"{form.what}没有“{shown(kind)}”这种类型{guess}请改成：{'、'.join(FACT_TYPES)}。")
        kind = meant
    if name in dates:
        if kind not in ("", "date"):
            form.say(form.line("type"), f"{form.what}已列在 dates 里，type 只能是 date。请改正，或改名。")
        kind = "date"
    _only_dates(form, kind)
    return FactDef(
        name, form.text("label", 60) or dates.get(name, ""), kind, _choices(form, kind), form.text("hint"),
        form.name("not_before", "dates"), form.flag("future"), form.law(),
    )  # fmt: skip


def _only_dates(form: Form, kind: str) -> None:
    for key in ("not_before", "future"):
        if kind and kind != "date" and form.has(key):
            form.say(form.line(key), f"{form.what}不是日期，不能写 {key}。请删掉，或把 type 改成 date。")


def _choices(form: Form, kind: str) -> dict[str, str]:
    if kind != "choice":
        if kind and form.has("choices"):
            form.say(form.line("choices"), f"{form.what}不是单选，不能写 choices。请删掉，或把 type 改成 choice。")
        return {}
    if not form.has("choices"):
        form.say(form.table.line, f"{form.what}是单选，缺少 choices。请写上 choices: {{代号: 文字, …}}。")
        return {}
    return _labelled(form)


def _labelled(form: Form) -> dict[str, str]:
    """The mapping `choices`: code → label."""
    node = form.table.get("choices")
    below = form.part("choices", tuple(node.pairs) if isinstance(node, Table) else ("代号", "文字"))
    if below is None:
        return {}
    if not below.table.pairs and not below.table.broken:
        form.say(form.line("choices"), f"{form.what}的 choices 是空的。请写上至少一项。")
    for key, _ in below.table.pairs.values():
        if not _CHOICE.fullmatch(key.value):
            form.say(key.line, f"{form.what}的选项代号“{shown(key.value)}”只能用英文字母、数字、_ 和 -。请改正。")
    return {key: below.text(key, 60) for key in below.table.pairs}


def papers(book: Book, root: Table) -> dict[str, PaperDef]:
    """The papers that may be asked for, each with the article that allows it."""
    keys = ("label", "law")
    return {name: PaperDef(name, form.text("label", 60), form.law())
            for name, form in entries(book, root, "papers", "材料", keys, keys)}  # fmt: skip


def instruments(book: Book, root: Table) -> dict[str, InstrumentDef]:
    """The instruments (文书) that may be issued."""
    keys = ("label", "number", "to", "copy", "law", "template", "remedy", "no_remedy", "aside")
    required = ("label", "number", "law")
    return {name: _instrument(name, form) for name, form in entries(book, root, "instruments", "文书", keys, required)}


def _instrument(name: str, form: Form) -> InstrumentDef:
    node, aside = form.table.get("to"), form.flag("aside")
    if node is not None and not getattr(node, "items", True):
        form.say(form.line("to"), f"{form.what}的 to 是空的。请写上送给谁，如 [worker]。")
    if aside == form.has("to") and not form.table.broken:
        cure = "公告（aside: true）不逐一送达，请删掉 to" if aside else "请写上 to（送给谁），如 [worker]"
        form.say(form.line("to"), f"{form.what}{'写了 to' if aside else '缺少 to'}。{cure}。")
    template = form.text("template", 40)
    if template and not _TEMPLATE.fullmatch(template):
        form.say(form.line("template"), f"{form.what}的 template 只能用小写英文字母、数字和下划线。请改正。")
    if form.has("remedy") and form.has("no_remedy"):  # neither: an older file; the prover asks for one
        cure = "不服时能走的路写 remedy（事项或者时限的名字），没有的写 no_remedy（为什么没有）"
        form.say(form.line("no_remedy"), f"{form.what}的 remedy 和 no_remedy 只能写一个。请删掉一个：{cure}。")
    return InstrumentDef(
        name, form.text("label", 60), form.text("number", 10), form.names("to", "people"), form.law(),
        form.names("copy", "people"), template, _remedy(form), form.text("no_remedy"), aside,
    )  # fmt: skip


def _remedy(form: Form) -> str:
    """A matter or a clock by name."""
    named = form.table.get("remedy")
    kind = "clocks" if isinstance(named, Text) and named.value in form.book.known["clocks"] else "matters"
    return form.name("remedy", kind)


def questions(book: Book, root: Table) -> dict[str, QuestionDef]:
    """The legally open questions, each a switch with its choices."""
    keys = ("label", "choices", "use", "cautious", "law", "confidence")
    found: dict[str, QuestionDef] = {}
    for name, form in entries(book, root, "questions", "没有定论的问题", keys, keys):
        choices = _labelled(form)
        confidence = form.text("confidence", 5)
        if confidence and confidence not in CONFIDENCES:
            form.say(form.line("confidence"), f"{form.what}的 confidence 只能是 {'、'.join(CONFIDENCES)}。请改正。")
        book.choices[name] = choices
        found[name] = QuestionDef(
            name, form.text("label", 120), choices, form.name("use", "choices", choices),
            form.name("cautious", "choices", choices), form.law(), confidence,
        )  # fmt: skip
    return found


def version(book: Book, root: Table) -> str:
    """The version a case is pinned to."""
    form = Form(book, Table(root.line, {k: v for k, v in root.pairs.items() if k == "version"}), "文件", ("version",))
    return form.text("version", 40)


def declared(root: Table, name: str) -> dict[str, str]:
    """Every name a section declares, readable or not, with its label where there is one."""
    table = root.get(name)
    found: dict[str, str] = {}
    if not isinstance(table, Table):
        return found
    for key in table.names():
        node = table.get(key)
        label = node.get("label") if isinstance(node, Table) else node
        found[key] = label.value if isinstance(label, Text) else ""
    return found


def unused(book: Book, root: Table, definition_kinds: Collection[str]) -> Iterator[Fault]:
    """Entries nothing in the file refers to."""
    named = {"clocks": "时限", "papers": "材料", "instruments": "文书"}
    for kind in definition_kinds:
        table = root.get(kind)
        for key, _ in table.pairs.values() if isinstance(table, Table) else ():
            if (kind, key.value) not in book.used:
                yield Fault(key.line, f"{named[kind]}“{shown(key.value)}”没有用到。请在 matters 里用上，或删掉这一条。")
