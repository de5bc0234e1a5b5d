"""YAML with lines: text → tree of nodes, or every syntax fault in Chinese.

Built on PyYAML's events, not on its objects: no recursion, no tags, no aliases, and a bounded cost: of characters, of
the length of a line, of depth, of events in all and of characters gone over again to explain a fault. Where the file does
not parse, its blocks are read one by one, so that one slip does not hide the faults elsewhere. The events come from
libyaml where PyYAML was built with it (ten times as fast), what is wrong from PyYAML's own parser, which says it better.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workflow.definition.explain import explained
from workflow.definition.faults import Fault
from workflow.definition.nodes import Items, Node, Table, Text, Unreadable
from workflow.definition.typing_slips import TAB_WIDTHS, UNSEEN, mend

MAX_CHARACTERS = 384 * 1024
MAX_LINE = 2_000
MAX_BRACKETS = 50  # on one line: what looking ahead costs grows with their square
MAX_EVENTS = 48_000
MAX_DEPTH = 12
SALVAGE_DEPTH = 6
_Fast: Any = getattr(yaml, "CSafeLoader", None)
WORK = (
    160_000 if _Fast else 60_000
)  # events over all readings of one file: the whole, tab widths tried, blocks one by one
PER_READING = 10 if _Fast else 50  # what beginning to read a block costs, in events
EXPLAINED = 128 * 1024  # characters that PyYAML's own parser goes over to say what is wrong
PER_EXPLANATION = 100  # what beginning to say it costs, in characters
_HEADER = re.compile(r"\s*([^\s:#'\"{}\[\],]+)\s*:\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z_]\w*)\s*[:：]?", re.ASCII)


@dataclass
class Reading:
    """What was read. `root` is None where nothing could be; `whole` says whether everything could."""

    root: Table | None
    faults: list[Fault]
    whole: bool = True


class Unparsed(Exception):
    """The text is no YAML from `line` on; why is only found out where it is told."""

    def __init__(self, line: int, text: str = "", offset: int = 0, fault: Fault | None = None) -> None:
        self.line, self.text, self.offset, self.fault = line, text, offset, fault
        super().__init__(line)

    def told(self, budget: _Budget) -> Fault:
        """The fault in words."""
        if self.fault is None:
            budget.explained -= len(self.text) + PER_EXPLANATION
            self.fault = explained(self.text if budget.explained >= 0 else "", self.offset, self.line)
        return self.fault


class TooMuch(Unparsed):
    """Too deep or too long to go on reading."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.line, fault=fault)


def bytes_of(path: Path, most: int) -> bytes:
    """The first `most` bytes of a regular file. Raises OSError for anything else there: a pipe would wait for ever."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(f"no regular file: {path}")
        return file.read(most)


def read(text: str) -> Reading:
    """Read a whole file. `text` may carry a byte-order mark and Windows line ends."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if long := _too_long(text):
        return Reading(None, [long], whole=False)
    budget = _Budget()
    mended, slips = _mend(text, budget)
    slipped = {fault.line for fault in slips}
    try:
        node, faults = _build(mended, 0, budget)
    except TooMuch as stop:
        return Reading(None, [*slips, stop.told(budget)], whole=False)
    except Unparsed as stop:
        root, faults = _salvage_all(mended, stop, budget)
        told = [f for f in faults if f.line not in slipped]  # a slip's consequence on its own line is no second fault
        return Reading(root, [*slips, *told], whole=False)
    if not isinstance(node, Table):
        return Reading(None, [*slips, *faults, Fault(1, "文件里没有内容，或者不是“名字: 内容”的写法。请照样张写。")])
    return Reading(node, [*slips, *faults])


def _too_long(text: str) -> Fault | None:
    if len(text) > MAX_CHARACTERS:
        return Fault(1, f"文件太大，超过 {MAX_CHARACTERS // 1024} K 字。请检查是不是选错了文件。")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            what = f"这一行太长，超过 {MAX_LINE} 个字"
        elif len(line) > MAX_BRACKETS and line.count("{") + line.count("[") > MAX_BRACKETS:
            what = f"这一行的括号太多，超过 {MAX_BRACKETS} 个"
        else:
            continue
        return Fault(number, f"{what}，文件没有读。请检查是不是选错了文件，或者分成几行写。")
    return None


def _mend(text: str, budget: _Budget) -> tuple[str, list[Fault]]:
    """The text mended with the first tab width it can be read with."""
    if "\t" in text:
        for tab in TAB_WIDTHS:
            mended, slips = mend(text, tab)
            try:
                _build(mended, 0, budget)
            except TooMuch:
                break
            except Unparsed:
                continue
            return mended, slips
    return mend(text)


@dataclass
class _Budget:
    """What may still be spent on one file."""

    events: int = WORK
    explained: int = EXPLAINED


# --- events to nodes -------------------------------------------------------------------------------------------------


@dataclass
class _Frame:
    """A collection being read; `key` is the mapping key whose value comes next."""

    node: Table | Items
    key: Text | None = None
    expects_key: bool = True
    flow: bool = False


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
            self._question_mark(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._marks(event, line)
            node = Table(line) if isinstance(event, yaml.MappingStartEvent) else Items(line)
            self._open(node, line, bool(event.flow_style))
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
        plain = not event.style
        kind = "str"
        if plain and not event.tag:
            kind = self.resolver.resolve(yaml.ScalarNode, event.value, (True, False)).rpartition(":")[2]
        return Text(line, event.value, kind, plain)

    def _question_mark(self, event: yaml.ScalarEvent, line: int) -> None:
        """libyaml reads an unquoted `?` between brackets, PyYAML's own parser does not: refused whichever of them read it."""
        if self.stack and self.stack[-1].flow and not event.style and "?" in event.value:
            self.say(line, "花括号、方括号里的内容有半角问号。请改成全角“？”，或给整段内容加半角引号。")

    def _open(self, node: Table | Items, line: int, flow: bool) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise TooMuch(Fault(line, f"层次太深，超过 {MAX_DEPTH} 层，后面的没有再读。请照样张的层次写。"))
        frame = self.stack[-1] if self.stack else None
        if frame and frame.key and not frame.expects_key:
            node.line = frame.key.line
        self.stack.append(_Frame(node, flow=flow))

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
    try:
        return _events(text, offset, budget, _Fast or yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unparsed((mark.line if mark else 0) + 1 + offset, text, offset) from None
    except (yaml.YAMLError, ValueError, OverflowError, IndexError):
        raise Unparsed(1 + offset, text, offset) from None


def _events(text: str, offset: int, budget: _Budget, parser: Any) -> tuple[Node | None, list[Fault]]:
    loader = parser(text)
    builder = _Builder(offset, loader)
    most = MAX_EVENTS
    budget.events -= PER_READING
    try:
        while loader.check_event() and not builder.done:
            event = loader.get_event()
            most -= 1
            budget.events -= 1
            if most < 0 or budget.events < 0:
                raise TooMuch(Fault(_line(event) + offset, "文件太长，后面的没有再读。请删减。"))
            builder.take(event)
    finally:
        loader.dispose()
    return builder.root, builder.faults


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


# --- reading on after a fault ----------------------------------------------------------------------------------------


def _salvage_all(text: str, first: Unparsed, budget: _Budget) -> tuple[Table | None, list[Fault]]:
    lines = text.split("\n")
    faults: list[Fault] = []
    try:
        root = _salvage(lines, 0, len(lines), 0, 0, budget, faults)
    except TooMuch as stop:
        return None, [*faults, stop.told(budget)]
    if not faults:  # each block alone is sound, so the fault lies between them
        faults.append(first.told(budget))
    if root.pairs:
        return root, faults
    return None, [
        first.told(_Budget()) if len(text) <= EXPLAINED // 2 else faults[0]
    ]  # no YAML at all: one fault is enough


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
            _salvage_entry(lines, start, stop, depth, budget, faults, table, stopped)
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
    stopped: Unparsed,
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
                faults.append(stopped.told(budget))
            return
    faults.append(stopped.told(budget))
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
