"""YAML with lines: text → tree of nodes, or every syntax fault in Chinese.

Built on PyYAML's events, not on its objects: no recursion, no tags, no aliases, and a bounded cost.
Where the file does not parse, its blocks are read one by one, so that one slip does not hide the faults elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from workflow.definition.faults import Fault
from workflow.definition.nodes import Items, Node, Table, Text, Unreadable
from workflow.definition.typing_slips import TAB_WIDTHS, UNSEEN, mend

MAX_CHARACTERS = 128 * 1024  # pure-Python YAML reads some 300,000 characters a second on a busy machine
MAX_EVENTS = 16_000
MAX_DEPTH = 12
SALVAGE_BELOW = 80_000
SALVAGE_DEPTH = 6
_HEADER = re.compile(r"\s*([^\s:#'\"{}\[\],]+)\s*:\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z_]\w*)\s*[:：]?", re.ASCII)
_LINES = "（从第 {line} 行开始）"


@dataclass
class Reading:
    """What was read. `root` is None where nothing could be; `whole` says whether everything could."""

    root: Table | None
    faults: list[Fault]
    whole: bool = True


class Unparsed(Exception):
    """The text is no YAML from this fault on."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.text)


class TooMuch(Unparsed):
    """Too deep or too long to go on reading."""


def read(text: str) -> Reading:
    """Read a whole file. `text` may carry a byte-order mark and Windows line ends."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    budget = _Budget()
    mended, slips = _mend(text, budget)
    slipped = {fault.line for fault in slips}
    try:
        node, faults = _build(mended, 0, budget)
    except TooMuch as stop:
        return Reading(None, [*slips, stop.fault], whole=False)
    except Unparsed as stop:
        root, faults = _salvage_all(mended, stop.fault, budget)
        told = [f for f in faults if f.line not in slipped]  # a slip's consequence on its own line is no second fault
        return Reading(root, [*slips, *told], whole=False)
    if not isinstance(node, Table):
        return Reading(None, [*slips, *faults, Fault(1, "文件里没有内容，或者不是“名字: 内容”的写法。请照样张写。")])
    return Reading(node, [*slips, *faults])


def _mend(text: str, budget: _Budget) -> tuple[str, list[Fault]]:
    """The text mended with the first tab width it can be read with."""
    if "\t" in text and len(text) <= SALVAGE_BELOW:
        for tab in TAB_WIDTHS:
            mended, slips = mend(text, tab)
            try:
                _build(mended, 0, budget)
            except Unparsed:
                continue
            return mended, slips
    return mend(text)


@dataclass
class _Budget:
    events: int = MAX_EVENTS


# --- events to nodes -------------------------------------------------------------------------------------------------


@dataclass
class _Frame:
    """A collection being read; `key` is the mapping key whose value comes next."""

    node: Table | Items
    key: Text | None = None
    expects_key: bool = True


@dataclass
class _Builder:
    offset: int
    resolver: Any  # PyYAML's resolver is untyped
    faults: list[Fault] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    root: Node | None = None
    done: bool = False

    def say(self, line: int, text: str) -> None:
        self.faults.append(Fault(line, text))

    def take(self, event: yaml.Event) -> None:
        line = _line(event) + self.offset
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self.say(line, "一个文件里只能有一份内容，这里又开始了一份（---）。请删掉多余的部分。")
            self.done = True
        elif isinstance(event, yaml.AliasEvent):
            self.say(line, f"不能用引用（*{event.anchor}）。请把内容直接写出来。")
            self._put(Unreadable(line))
        elif isinstance(event, yaml.ScalarEvent):
            self._marks(event, line)
            self._put(self._scalar(event, line))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._marks(event, line)
            self._open(Table(line) if isinstance(event, yaml.MappingStartEvent) else Items(line), line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._put(self.stack.pop().node)

    def _marks(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor:
            self.say(line, f"不能用锚点（&{event.anchor}）。请删掉它，把内容直接写出来。")
        if getattr(event, "tag", None):
            self.say(line, "不能用类型标记（!）。请删掉它；内容以 ! 开头的，加半角引号。")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Text | Unreadable:
        if UNSEEN.search(event.value) or "\t" in event.value:
            self.say(line, "内容里有控制字符（反斜杠转义出来的）。请删掉，只写普通文字。")
            return Unreadable(line)
        plain = event.style is None
        kind = "str"
        if plain and not event.tag:
            kind = self.resolver.resolve(yaml.ScalarNode, event.value, (True, False)).rpartition(":")[2]
        return Text(line, event.value, kind, plain)

    def _open(self, node: Table | Items, line: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise TooMuch(Fault(line, f"层次太深，超过 {MAX_DEPTH} 层，后面的没有再读。请照样张的层次写。"))
        frame = self.stack[-1] if self.stack else None
        if frame and frame.key and not frame.expects_key:
            node.line = frame.key.line
        self.stack.append(_Frame(node))

    def _put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if isinstance(frame.node, Items):
            frame.node.items.append(node)
        elif frame.expects_key:
            frame.key = self._key(node)
            frame.expects_key = False
        else:
            self._pair(frame.node, frame.key, node)
            frame.expects_key = True

    def _key(self, node: Node) -> Text | None:
        if not isinstance(node, Text):
            self.say(node.line, "冒号前面要写一个名字，不能是列表、花括号或引用。请改成一个词。")
            return None
        if node.value == "<<" and node.plain:
            self.say(node.line, "不能用合并（<<）。请把内容直接写出来。")
            return None
        return node

    def _pair(self, table: Table, key: Text | None, node: Node) -> None:
        if key is None:
            table.broken = True
            return
        if key.value in table.pairs:
            first = table.pairs[key.value][0].line
            self.say(key.line, f"“{_short(key.value)}”写了两遍，第一遍在第 {first} 行。请只留一个，或改名。")
            return
        if isinstance(node, Text) and not node.value:
            node.line = key.line  # the place of an empty value is wherever the parser noticed
        table.pairs[key.value] = (key, node)


def _build(text: str, offset: int, budget: _Budget) -> tuple[Node | None, list[Fault]]:
    """One text to its node, with the faults that do not stop the reading; lines are counted from `offset`."""
    loader: Any = yaml.SafeLoader(text)
    builder = _Builder(offset, loader)
    try:
        while loader.check_event() and not builder.done:
            event = loader.get_event()
            budget.events -= 1
            if budget.events < 0:
                raise TooMuch(Fault(_line(event) + offset, "文件太长，后面的没有再读。请删减。"))
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise Unparsed(_explain(error, offset)) from None
    except (yaml.YAMLError, ValueError, OverflowError, IndexError):  # PyYAML lets "\UFFFFFFFF" and its like through
        raise Unparsed(Fault(loader.line + 1 + offset, "这里的反斜杠或百分号写法不对。请去掉，直接写文字。")) from None
    finally:
        loader.dispose()
    return builder.root, builder.faults


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


# --- reading on after a fault ----------------------------------------------------------------------------------------


def _salvage_all(text: str, first: Fault, budget: _Budget) -> tuple[Table | None, list[Fault]]:
    if len(text) > SALVAGE_BELOW:
        return None, [first]
    lines = text.split("\n")
    faults: list[Fault] = []
    try:
        root = _salvage(lines, 0, len(lines), 0, 0, budget, faults)
    except TooMuch as stop:
        return None, [*faults, stop.fault]
    if not faults:  # each block alone is sound, so the fault lies between them
        faults.append(first)
    return (root if root.pairs else None), (faults if root.pairs else [first])


def _salvage(
    lines: list[str], begin: int, end: int, indent: int, depth: int, budget: _Budget, faults: list[Fault]
) -> Table:
    """The mapping in lines[begin:end] whose keys stand at column `indent`, without the entries that do not parse."""
    table = Table(begin + 1, broken=True)
    before: Table | None = None
    starts = [i for i in range(begin, end) if _indent(lines[i]) == indent]
    if not starts or starts[0] > begin:
        starts.insert(0, begin)
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        if all(_indent(line) is None for line in lines[start:stop]):
            continue
        try:
            node, more = _build("\n".join(lines[start:stop]), start, budget)
        except TooMuch:
            raise
        except Unparsed as stopped:
            _salvage_entry(lines, start, stop, depth, budget, faults, table, stopped.fault)
            if before is not None:
                before.broken = True  # the entry may have been meant to belong to it
            continue
        faults += more
        if isinstance(node, Table):
            _merge(table, node, faults)
            before = next((v for _, v in node.pairs.values() if isinstance(v, Table)), None)
        elif node is not None:
            faults.append(Fault(start + 1, "这一行不是“名字: 内容”的写法。请补上半角冒号和内容，或删掉。"))
    return table


def _salvage_entry(
    lines: list[str], start: int, stop: int, depth: int, budget: _Budget, faults: list[Fault], table: Table,
    fault: Fault,
) -> None:  # fmt: skip
    """One entry that does not parse: read its children one by one, or give it up with its fault."""
    key = _KEY.match(lines[start])
    header = _HEADER.match(lines[start])
    child = next((i for i in range(start + 1, stop) if _indent(lines[i]) is not None), None)
    if header and child is not None and depth < SALVAGE_DEPTH and not lines[child].lstrip().startswith("-"):
        below, own = _indent(lines[child]) or 0, _indent(lines[start]) or 0
        if below > own:
            before = len(faults)
            inner = _salvage(lines, start + 1, stop, below, depth + 1, budget, faults)
            inner.line = start + 1
            _merge(table, Table(start + 1, {header[1]: (Text(start + 1, header[1]), inner)}), faults)
            if len(faults) == before:
                faults.append(fault)
            return
    faults.append(fault)
    if key:
        table.lost.add(key[1])


def _merge(table: Table, more: Table, faults: list[Fault]) -> None:
    for name, (key, node) in more.pairs.items():
        if name in table.pairs:
            first = table.pairs[name][0].line
            faults.append(Fault(key.line, f"“{_short(name)}”写了两遍，第一遍在第 {first} 行。请只留一个，或改名。"))
        else:
            table.pairs[name] = (key, node)


def _indent(line: str) -> int | None:
    """The column the line's content begins at; None for blank lines and comments."""
    content = line.lstrip(" ")
    return None if not content or content[0] == "#" else len(line) - len(content)


# --- what PyYAML says, in Chinese ------------------------------------------------------------------------------------

_PROBLEMS = (
    ("mapping values are not allowed", "这里多了一个冒号，或没有对齐。请对齐缩进；内容里有冒号的，整段加半角引号。"),
    ("could not find expected ':'", "这一行缺少半角冒号。请写成“名字: 内容”，冒号后面空一格。"),
    ("expected ',' or '}'", "花括号 {…} 里缺少逗号或右花括号{since}。请补上；内容里有冒号、逗号的，加半角引号。"),
    ("expected ',' or ']'", "方括号 […] 里缺少逗号或右方括号{since}。请补上。"),
    ("expected <block end>", "缩进没有对齐，或者引号、括号后面多了字。请与同级的行对齐，删掉多余的字。"),
    ("expected the node content", "这里少了内容，或者多了括号{since}。请补上内容，或把括号配成对。"),
    ("unexpected end of stream", "引号没有配成对{since}。请补上半角引号。"),
    ("unexpected document separator", "引号没有配成对{since}。请补上半角引号。"),
    ("cannot start any token", "内容不能以这个符号开头。请给整段内容加半角引号。"),
    ("unknown escape", "双引号里的反斜杠写法不对。请删掉反斜杠。"),
    ("hexadecimal", "双引号里的反斜杠写法不对。请删掉反斜杠。"),
    ("expected '<document start>'", "从这里起缩进比前面少，或者多了一份内容。请与同级的行对齐。"),
    ("chomping", "竖线或大于号后面不能写字。请给整段内容加半角引号。"),
    ("expected alphabetic", "内容不能以 * 或 & 开头。请给整段内容加半角引号。"),
)  # fmt: skip
_FLOW_END = ("<stream end>", "end of stream", "document separator")


def _explain(error: yaml.MarkedYAMLError, offset: int) -> Fault:
    problem = error.problem or ""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    since = ""
    if context and mark and context.line != mark.line:
        since = _LINES.format(line=context.line + 1 + offset)
        if any(word in problem for word in _FLOW_END):
            mark, since = context, ""  # what is missing is missing where it began, not at the end of the file
    text = next((said for word, said in _PROBLEMS if word in problem), "")
    text = text or "这一行的写法不对，多半是缩进、冒号、括号或引号有误。请对照样张改正。"
    return Fault((mark.line if mark else 0) + 1 + offset, text.replace("{since}", since))
