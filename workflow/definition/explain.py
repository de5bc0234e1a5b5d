"""What is wrong with a text that is no YAML: PyYAML's words in Chinese, with the line to look at."""

from __future__ import annotations

from typing import Any

import yaml

from workflow.definition.faults import Fault

_LINES = "（从第 {line} 行开始）"
UNCLEAR = "这一行的写法不对，多半是缩进、冒号、括号或引号有误。请对照样张改正。"
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
    text = text or UNCLEAR
    return Fault((mark.line if mark else 0) + 1 + offset, text.replace("{since}", since))


def explained(text: str, offset: int, line: int) -> Fault:
    """What PyYAML's own parser says of a text that could not be read; in general words at `line` where it says nothing.

    `offset` lines come before the text. A text of no characters asks for the general words.
    """
    loader: Any = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            loader.get_event()
    except yaml.MarkedYAMLError as error:
        return _explain(error, offset)
    except (yaml.YAMLError, ValueError, OverflowError, IndexError):  # PyYAML lets "\UFFFFFFFF" and its like through
        return Fault(loader.line + 1 + offset, "这里的反斜杠或百分号写法不对。请去掉，直接写文字。")
    finally:
        loader.dispose()
    return Fault(line, UNCLEAR)
