"""`greenchannel`: every command prints Chinese for people or, with --json, exactly one JSON document on stdout.

Exit codes: 0 done, 2 refused (a sentence says why and what to do), 1 broken down.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from workflow.errors import Conflict, Reason, Stopped

DONE, BROKEN, REFUSED = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in Chinese, and by JSON where JSON was asked for."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **given})  # a shortened --json would not be seen in a refusal

    def error(self, message: str) -> None:  # type: ignore[override]
        raise Stopped(f"命令写得不对：{_chinese(message)}。用 {self.prog} --help 看写法。")


def _chinese(message: str) -> str:
    words = {
        "the following arguments are required": "缺少参数", "unrecognized arguments": "不认识的参数", "expected one argument": "后面要跟一个值",
        "invalid choice": "没有这个选择", "choose from": "可以用", "argument": "参数", "expected at least one argument": "后面至少要跟一个值",
        "ambiguous option": "选项写得不全", "invalid int value": "不是整数", "not allowed with": "不能同时用",
    }  # fmt: skip
    for english, chinese in words.items():
        message = message.replace(english, chinese)
    return message


def parser() -> argparse.ArgumentParser:
    """The whole command line. Each group of commands lives in its own module and is loaded with it."""
    from web.commands import (
        cases,
        dates,
        definition,
        figures,
        forms,
        holidays,
        people,
        process_map,
        prove,
        registers,
        serving,
        spent,
        versions,
        whatif,
    )

    top = _Parser(prog="greenchannel", description="绿通：尘肺病职工工伤绿色通道")
    below = top.add_subparsers(dest="command", metavar="命令", parser_class=_Parser)
    for module in (
        serving, forms, cases, whatif, spent, dates, holidays, definition, prove, versions, process_map, figures, people, registers,
    ):  # fmt: skip
        module.register(below)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        if any(not _readable(word) for word in words):
            raise Stopped("命令里有读不出来的字符（不是 UTF-8）。请核对终端的编码后重新输入。")
        args = parser().parse_args(words)
        if not args.command:
            parser().print_help(sys.stderr)
            raise Stopped("请写明要做什么，上面列出了全部命令。")
        return int(args.run(args) or DONE)
    except Stopped as stopped:
        return _refused(stopped, as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return BROKEN
    except Exception as error:
        traceback.print_exc()
        return _broken(error, as_json)


def _readable(word: str) -> bool:
    """Whether the terminal's bytes were text: neither a database nor a JSON document takes what was none."""
    return not any("\ud800" <= c <= "\udfff" for c in word)


def _refused(stopped: Stopped, as_json: bool) -> int:
    for sentence in stopped.sentences():
        print(sentence, file=sys.stderr)
    if as_json:
        body: dict[str, object] = {"ok": False, "reasons": [r.as_dict() for r in stopped.reasons]}
        if isinstance(stopped, Conflict):
            body["changes"] = [dict(c) for c in stopped.changes]
        print(json.dumps(body, ensure_ascii=False))
    return REFUSED


def _broken(error: Exception, as_json: bool) -> int:
    text = f"程序出错了，什么都没有改动：{type(error).__name__}。请把上面的信息交给管理员。"
    print(text, file=sys.stderr)
    if as_json:
        print(json.dumps({"ok": False, "reasons": [Reason(text, "broken").as_dict()]}, ensure_ascii=False))
    return BROKEN
