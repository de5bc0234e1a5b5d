"""`greenchannel due CODE --from DATE …`: a limit of the law reckoned and explained. Needs no database."""

from __future__ import annotations

import argparse
import json
from typing import Any

from workflow.due import due


def register(below: Any) -> None:
    """Add the command to the parser's subparsers."""
    p = below.add_parser("due", help="算一个法定时限到哪天，并说明怎么算的")
    p.add_argument("code", help="时限代号，如 GS-DEC")
    p.add_argument("--from", dest="start", required=True, metavar="DATE", help="起算日")
    p.add_argument("--pause", action="append", default=[], metavar="FROM..TO", help="不计入的时间，止日当天重新计算，可以写多次")
    p.add_argument("--extend", type=int, default=0, metavar="N", help="延长 N 日")
    p.add_argument("--promise", metavar="LENGTH", help="本局承诺，如 “7 个工作日”")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    answer = due(args.code, args.start, pauses=args.pause, extend=args.extend, promise=args.promise)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    words = {"deadline": "届满日", "earliest": "最早可以办的日期", "effect": "发生效果的日期", "start_month": "起发月的第一天"}
    print(f"{answer['code']}  {words[answer['kind']]}：{answer['due_on']}{'（暂估）' if answer['provisional'] else ''}")
    print(f"内控日：{answer['safe_on']}    依据：{answer['law']}")
    if "promise_on" in answer:
        print(f"承诺日：{answer['promise_on']}    以较早的为准：{answer['effective_on']}")
    for number, step in enumerate(answer["steps"], 1):
        print(f"{number}. {step}")
