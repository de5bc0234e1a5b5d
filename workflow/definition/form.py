"""Reading one mapping of the file key by key: types, lengths, names that must be known, each fault with its cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from workflow.daycount import Span
from workflow.definition.faults import Fault, Nearest
from workflow.definition.nodes import Items, Node, Table, Text, Unreadable

NAME = re.compile(r"[a-z][a-z0-9_]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNT = re.compile(r"[1-9][0-9]?")
LONGEST_SPAN = 999
NAME_LIMIT, PERSON_LIMIT = 40, 30  # columns of workflow.models
KINDS = {
    "people": "人员", "dates": "日期", "facts": "填写项", "clocks": "时限", "papers": "材料", "instruments": "文书",
    "matters": "事项", "states": "状态", "actions": "办理事项", "questions": "没有定论的问题", "choices": "选项",
}  # fmt: skip
BUILT_IN = {"guards": "条件", "preparations": "准备步骤", "marks": "法律后果"}
SWALLOWED = {"bool": "是/否", "int": "数字", "float": "数字", "timestamp": "日期", "null": "空"}
_WIDE = re.compile(r"[：，、【】［］｛｝]")


@dataclass
class Book:
    """The whole file while it is read: its faults so far and every name it declares.

    `known`: kind (a key of KINDS or BUILT_IN) → name → Chinese label. `cited`: whether a citation is known;
    `coded`: whether a limit's code is known.
    """

    known: dict[str, dict[str, str]]
    cited: Callable[[str], bool]
    coded: Callable[[str], bool]
    faults: list[Fault] = field(default_factory=list)
    nearest: Nearest = field(default_factory=Nearest)
    absent: frozenset[str] = frozenset()  # sections that are not there: complained of once, not at every name
    choices: dict[str, dict[str, str]] = field(default_factory=dict)  # open question → its choices
    used: set[tuple[str, str]] = field(default_factory=set)

    def say(self, line: int, text: str) -> None:
        self.faults.append(Fault(line, text))

    def known_name(self, line: int, name: str, kind: str, known: Mapping[str, str] | None = None) -> str:
        """The name if it is known; else a fault, and the name most likely meant, or "", so that reading can go on."""
        if kind in self.absent:
            return name
        known = self.known[kind] if known is None else known
        meant = name if name in known else self.nearest.to(name, known)
        if meant != name:
            self.say(line, _unknown(name, kind, meant))
        self.used.add((kind, meant))
        return meant

    def identifier(self, key: Text, limit: int = NAME_LIMIT) -> bool:
        """Whether a declared name is written as names must be; a fault where not."""
        if NAME.fullmatch(key.value) and len(key.value) <= limit:
            return True
        rule = f"小写英文字母开头，只用小写字母、数字和下划线，最多 {limit} 个"
        self.say(key.line, f"名字“{shown(key.value)}”不合规矩：{rule}。请改名。")
        return False


def _unknown(name: str, kind: str, meant: str) -> str:
    guess = f"，是不是“{meant}”？" if meant else "。"
    if wide := _WIDE.search(name):
        return f"“{shown(name)}”里用了全角“{wide.group()}”。请改成半角符号，各项之间用半角逗号。"
    if kind in BUILT_IN:
        return f"系统里没有叫“{shown(name)}”的{BUILT_IN[kind]}{guess}请改成已有的名字；要新的，请找系统维护人员。"
    where = {"states": "本事项的 states", "actions": "用到这个时限的状态", "choices": "这个问题的 choices"}.get(
        kind, kind
    )
    return f"{where} 里没有叫“{shown(name)}”的{KINDS[kind]}{guess}请改成已有的名字，或先在那里写上。"


def shown(text: str) -> str:
    """A text of the file short enough for a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:40] + "…"


class Form:
    """One mapping being read. `what` names it in sentences; every fault goes to the book with its line."""

    def __init__(self, book: Book, table: Table, what: str, keys: Collection[str], required: Collection[str] = ()):
        self.book, self.table, self.what = book, table, what
        known = dict.fromkeys(keys, "")
        for name, (key, _) in table.pairs.items():
            if name not in known:
                self.say(key.line, self._unknown_key(name, known))
        missing = [k for k in required if k not in table.pairs and k not in table.lost]
        if missing and not table.broken:
            self.say(table.line, f"{what}缺少 {'、'.join(missing)}。请补上。")

    def _unknown_key(self, name: str, known: Mapping[str, str]) -> str:
        if wide := _WIDE.search(name):
            return f"{self.what}里的“{shown(name)}”用了全角“{wide.group()}”。请改成半角符号。"
        meant = self.book.nearest.to(name, known)
        guess = f"，是不是“{meant}”？请改正" if meant else "。请删掉"
        return f"{self.what}里不能写“{shown(name)}”{guess}；这里可以写：{'、'.join(known)}。"

    def say(self, line: int, text: str) -> None:
        self.book.say(line, text)

    def has(self, key: str) -> bool:
        return key in self.table.pairs or key in self.table.lost

    def line(self, key: str) -> int:
        """The line of `key`, or of the mapping where it is absent."""
        return self.table.pairs[key][0].line if key in self.table.pairs else self.table.line

    # --- values -----------------------------------------------------------------------------------------------------

    def text(self, key: str, limit: int = 300) -> str:
        """A text of one to `limit` characters; "" where absent or faulty."""
        node = self.table.get(key)
        return "" if node is None else self.text_of(node, key, limit)

    def text_of(self, node: Node, key: str, limit: int) -> str:
        """The same for a value already in hand."""
        if not isinstance(node, Text):
            self._wrong(node, key, "一段文字")
        elif node.kind in SWALLOWED and not (node.kind == "null" and not node.value):
            value = shown(node.value)
            taken = SWALLOWED[node.kind]
            self.say(node.line, f'{self.what}的 {key} 写了 {value}，会被当成{taken}。请加半角引号："{value}"。')
        elif not node.value.strip():
            self.say(node.line, f"{self.what}的 {key} 没有内容。请补上。")
        elif len(node.value) > limit:
            self.say(node.line, f"{self.what}的 {key} 有 {len(node.value)} 字，最多 {limit} 字。请写短些。")
        else:
            return node.value.strip()
        return ""

    def _wrong(self, node: Node, key: str, wanted: str) -> None:
        if isinstance(node, Unreadable):
            return
        wide = isinstance(node, Text) and _WIDE.search(node.value)
        if isinstance(node, Text) and not node.value:
            self.say(node.line, f"{self.what}的 {key} 没有内容，这里要写{wanted}。请补上。")
        elif wide:
            self.say(node.line, f"{self.what}的 {key} 要写{wanted}，这里用了全角“{wide.group()}”。请改成半角符号。")
        else:
            had = {Text: "一段文字", Items: "列表 […]", Table: "“名字: 内容”"}[type(node)]
            self.say(node.line, f"{self.what}的 {key} 要写{wanted}，现在是{had}。请改正。")

    def name(self, key: str, kind: str, known: Mapping[str, str] | None = None) -> str:
        """One known name; "" where absent or faulty."""
        node = self.table.get(key)
        return "" if node is None else self._one(node, key, kind, known)

    def names(self, key: str, kind: str, known: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """A list of known names, none twice; faulty ones are left out."""
        node = self.table.get(key)
        if node is None:
            return ()
        if not isinstance(node, Items):
            self._wrong(node, key, "列表，如 [甲, 乙]")
            return ()
        found: dict[str, None] = {}
        for item in node.items:
            name = self._one(item, key, kind, known)
            if name in found and isinstance(item, Text) and item.value == name:
                self.say(item.line, f"{self.what}的 {key} 里“{name}”写了两遍。请删掉一个。")
            elif name:
                found[name] = None
        return tuple(found)

    def _one(self, node: Node, key: str, kind: str, known: Mapping[str, str] | None) -> str:
        if not isinstance(node, Text) or not node.value:
            self._wrong(node, key, "一个名字")
            return ""
        return self.book.known_name(node.line, node.value, kind, known)

    def flag(self, key: str) -> bool:
        """true or false; False where absent or faulty."""
        node = self.table.get(key)
        if isinstance(node, Text) and node.plain and node.value in ("true", "false"):
            return node.value == "true"
        if node is not None and not isinstance(node, Unreadable):
            self.say(node.line, f"{self.what}的 {key} 只能写 true（是）或 false（否），不加引号。请改正。")
        return False

    def count(self, key: str) -> int | None:
        """A whole number from 1 to 99; None where absent or faulty."""
        node = self.table.get(key)
        if isinstance(node, Text) and _COUNT.fullmatch(node.value):
            return int(node.value)
        if node is not None and not isinstance(node, Unreadable):
            self.say(node.line, f"{self.what}的 {key} 要写 1 到 99 的整数。请改正。")
        return None

    def day(self, key: str) -> date | None:
        """A day written YYYY-MM-DD; None where absent or faulty."""
        node = self.table.get(key)
        if isinstance(node, Text) and _DAY.fullmatch(node.value):
            try:
                return date.fromisoformat(node.value)
            except ValueError:
                pass  # 2025-02-30: the sentence below says it
        if node is not None and not isinstance(node, Unreadable):
            self.say(node.line, f"{self.what}的 {key} 要写日历上有的日期，如 2025-07-01。请改正。")
        return None

    def span(self, key: str) -> Span | None:
        """A length such as 15 日, 5 个工作日, 1 年; None where absent or faulty."""
        node = self.table.get(key)
        if isinstance(node, Text) and len(node.value) <= 20:
            try:
                span = Span.parse(node.value)
            except ValueError:
                span = None
            if span is not None and 0 < span.amount <= LONGEST_SPAN:
                return span
        if node is not None and not isinstance(node, Unreadable):
            how = f"如“15 日”“5 个工作日”“1 年”，数字 1 到 {LONGEST_SPAN}"
            self.say(node.line, f"{self.what}的 {key} 要写多久，{how}。请改正。")
        return None

    def law(self, key: str = "law") -> str:
        """A citation that is known, such as 工伤保险条例#17.1; "" where absent or faulty."""
        cited = self.text(key, 80)
        if cited and not self.book.cited(cited):
            cure = "请写成“法规名#条.款”，如 工伤保险条例#17.1，并核对条号"
            self.say(self.line(key), f"查不到依据“{shown(cited)}”。{cure}。")
        return cited

    # --- parts ------------------------------------------------------------------------------------------------------

    def part(self, key: str, keys: Collection[str], required: Collection[str] = ()) -> Form | None:
        """The mapping under `key`; None where absent or no mapping."""
        node = self.table.get(key)
        return None if node is None else self.part_of(node, key, keys, required)

    def part_of(self, node: Node, key: str, keys: Collection[str], required: Collection[str] = ()) -> Form | None:
        """The same for a value already in hand."""
        if isinstance(node, Table):
            return Form(self.book, node, f"{self.what}的 {key} ", keys, required)
        self._wrong(node, key, f"“{'、'.join(keys)}”各项")
        return None
