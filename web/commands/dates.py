"""`greenchannel due CODE --from DATE …`: a limit of the law reckoned and explained. Needs no database."""

from __future__ import annotations

import argparse
import json

from workflow.due import due

WORDS = {
    "deadline": "届满日",
    "earliest": "最早可以办的一日",
    "effect": "发生效果的一日",
    "start_month": "起发月的第一日",
}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `greenchannel`. Words are read by `due` itself, so that all faults are told at once."""
    parser = subparsers.add_parser("due", help="算一个法定时限到哪一天，并说明怎么算的")
    parser.add_argument("code", nargs="?", default="", metavar="CODE", help="时限代号，如 GS-DEC")
    parser.add_argument("--from", dest="start", default="", metavar="DATE", help="起算日，如 2026-11-24；当日不计入")
    stop = "法律不计入的时间（中止、扣除、改期），止日当天重新计算，可以写多次"
    parser.add_argument("--pause", action="append", default=[], metavar="FROM..TO", help=stop)
    parser.add_argument("--extend", default="0", metavar="N", help="延长 N 日，与原期限连成一段")
    parser.add_argument("--promise", metavar="LENGTH", help="本局承诺，如 “7 个工作日”")
    parser.add_argument("--cap-from", metavar="DATE", help="最长期间自己的起算日")
    parser.add_argument("--version-on", metavar="DATE", help="按哪一天选用规定")
    parser.add_argument("--answer", action="append", default=[], metavar="NAME=CHOICE", help="没有定论的问题选哪种读法")
    parser.add_argument("--json", action="store_true", help="在标准输出上只打印一份 JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the day and how it was reckoned. Raises BadInput, Refused."""
    answer = due(
        args.code, args.start, pauses=args.pause, extend=args.extend, promise=args.promise, cap_from=args.cap_from,
        version_on=args.version_on, answers=args.answer,
    )  # fmt: skip
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    estimated = "（暂估）" if answer["provisional"] else ""
    print(f"{answer['code']}  {WORDS[answer['kind']]}：{answer['due_on']}{estimated}")
    print(f"内控日：{answer['safe_on']}    依据：{answer['law']}")
    if "promise_on" in answer:
        print(f"承诺日：{answer['promise_on']}    以较早的为准：{answer['effective_on']}")
    for number, step in enumerate(answer["steps"], 1):
        print(f"{number}. {step}")
