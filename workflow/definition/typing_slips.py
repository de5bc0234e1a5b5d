"""Slips of typing that YAML itself cannot explain: full-width punctuation used as syntax, tabs, invisible characters.

They are found on the raw lines and mended in a working copy with the same lines, so that the rest of the file is still
read and all its faults are told at once. The file itself is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.definition.faults import Fault

# Control characters, invisible ones, those that turn the direction of writing, line ends only YAML knows, lone halves.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff]|\r(?!\n)"
)
_QUOTED = re.compile(r"""(?<=[\s\[{,:，：])(?:"(?:[^"\\]|\\.)*"|'[^']*')""")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_WORD = r"[A-Za-z_]\w*"
_BLOCK_COLON = re.compile(rf"^\s*(?:- )?{_WORD}\s*(：\s*)", re.ASCII)
_FLOW_COLON = re.compile(rf"[{{,，]\s*{_WORD}\s*(：\s*)", re.ASCII)
_FLOW_COMMA = re.compile(rf"(，)\s*{_WORD}\s*(?::\s|：)", re.ASCII)
_LIST = re.compile(rf"[\[【［]\s*{_WORD}(?:\s*[,，、]\s*{_WORD})*\s*[\]】］]", re.ASCII)
_WIDE_LIST = re.compile(r"[，、【】［］]")
_WIDE_QUOTES = re.compile(r"(?::\s+|\[\s*)(“[^“”\"\\]*”)(?=\s*(?:[,}\]]|$))")
_WIDE_INDENT = re.compile(r"^[ ]*[\u00a0\u3000][\s\u3000]*")


TAB_WIDTHS = (8, 4, 2)  # the widest first: a narrow one may be read as well, but wrongly


def mend(text: str, tab: int = TAB_WIDTHS[0]) -> tuple[str, list[Fault]]:
    """The text with typing slips mended (line for line the same lines), and a fault for each slip.

    `tab`: how many spaces a tab is taken for; which of TAB_WIDTHS was meant only the reading can show.
    """
    faults: list[Fault] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.isascii() and "\t" not in line and not UNSEEN.search(line):
            continue
        for sentence, mended in _slips(line, tab):
            faults.append(Fault(number, sentence))
            line = mended
        lines[number - 1] = line
    return "\n".join(lines), faults


def _slips(line: str, tab: int) -> Iterator[tuple[str, str]]:
    if found := UNSEEN.search(line):
        line = UNSEEN.sub(" ", line)
        yield f"这一行有看不见的控制字符（U+{ord(found.group()[0]):04X}），请删掉，重新输入这一行。", line
    if "\t" in line:
        line = line.replace("\t", " " * tab)
        yield "这一行有制表符（Tab），请改成空格。", line
    if _WIDE_INDENT.match(line):
        line = _WIDE_INDENT.sub(lambda m: m.group().replace("\u3000", "  ").replace("\u00a0", " "), line)
        yield "这一行开头用了全角空格，请改成半角空格。", line
    yield from _wide_marks(line)


def _wide_marks(line: str) -> Iterator[tuple[str, str]]:
    flow = "{" in line or "}" in line
    spots = [*_groups(_BLOCK_COLON, line)]
    if flow:
        spots += _groups(_FLOW_COLON, line)
    if spots:
        line = _put(line, dict.fromkeys(spots, ": "))
        yield "冒号用了全角“：”，请改成半角冒号，冒号后面空一格。", line
    spots = [*_groups(_FLOW_COMMA, line)] if flow else []
    lists = [m.span() for m in _LIST.finditer(_masked(line)) if _WIDE_LIST.search(m.group())]
    if spots or lists:
        narrow = str.maketrans({"，": ",", "、": ",", "【": "[", "［": "[", "】": "]", "］": "]"})
        line = _put(line, {**dict.fromkeys(spots, ", "), **{(a, b): line[a:b].translate(narrow) for a, b in lists}})
        yield "分隔各项用了全角的逗号、顿号或括号，请改成半角：[甲, 乙]、{甲: …, 乙: …}。", line
    if quotes := [*_groups(_WIDE_QUOTES, line)]:
        line = _put(line, {(a, b): f'"{line[a + 1 : b - 1]}"' for a, b in quotes})
        yield "引号用了全角“ ”，请改成半角引号 \" \"。", line  # fmt: skip


def _masked(line: str) -> str:
    """The line with quoted texts and the comment blanked, every other character where it was."""
    line = _QUOTED.sub(lambda m: " " * len(m.group()), line)
    return _COMMENT.sub(lambda m: " " * len(m.group()), line)


def _groups(pattern: re.Pattern[str], line: str) -> Iterator[tuple[int, int]]:
    return (m.span(1) for m in pattern.finditer(_masked(line)))


def _put(line: str, spots: dict[tuple[int, int], str]) -> str:
    for (begin, end), new in sorted(spots.items(), reverse=True):
        line = line[:begin] + new + line[end:]
    return line
