"""`greenchannel what-if`: the dates that would follow from an act or a pause; nothing is written."""

from __future__ import annotations

import argparse
from typing import Any

from web.commands.common import actor_named, emit, open_store, pairs


def register(below: Any) -> None:
    """Add the command to the parser's subparsers."""
    p = below.add_parser("what-if", help="试算：办了某件事或者中止几天，日期会怎么变；什么都不写入")
    p.add_argument("case_no")
    how = p.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--pause", action="append", metavar="[时限名=]起日..止日", help="中止或扣除的日子，止日当天重新计算；可以写多次"
    )
    how.add_argument("--perform", metavar="事项.办理事项", help="例如 recognition.accept，事项有几个时写 remedy#2.sue")
    p.add_argument("--matter", default="", help="--pause 用于哪个事项；不写就是有可中止时限在走的那个")
    p.add_argument(
        "--fact", action="append", default=[], metavar="K=V", help="试算时填的内容，例如 accepted_on=2026-12-01"
    )
    p.add_argument("--as", dest="user", help="以这个账号看")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from workflow import whatif
    from workflow.errors import BadInput
    from workflow.setup import machine_account

    store = open_store()
    with store.reading() as session:
        actor = machine_account(session, "system")
    if args.user:
        actor = actor_named(store, args.user)
    if args.perform:
        matter, dot, action = args.perform.rpartition(".")
        if not dot:
            raise BadInput(f"--perform 的“{args.perform}”读不懂，请写成 事项.办理事项，如 recognition.accept。")
        body = whatif.perform(store, actor, args.case_no, matter, action, pairs(args.fact))
    else:
        if args.fact:
            raise BadInput("--fact 只和 --perform 一起用。请删掉，或改用 --perform。")
        asked = [whatif.PauseAsked.parse(word) for word in args.pause]
        body = whatif.pause(store, actor, args.case_no, asked, args.matter)
    emit(args, {"ok": True, **body}, lines(body))


def lines(body: dict[str, Any]) -> list[str]:
    """For people: what would move, what still stands in the way, and that nothing was written."""
    if "label" in body:
        first = f"试算：案件 {body['case_no']}“{body['matter_label']}”办“{body['label']}”，到“{body['to_label']}”。"
    else:
        first = f"试算：案件 {body['case_no']}“{body['matter_label']}”中止。"
    said = [first, *(f"  {one_clock(c)}" for c in body["clocks"])]
    for opened in body.get("opens", []):
        whose = f"（{opened['addressee_label']}）" if opened["addressee_label"] else ""
        said += [f"另开事项“{opened['label']}”{whose}：", *(f"  {one_clock(c)}" for c in opened["clocks"])]
    said += [f"出具文书：{body['document']}"] if body.get("document") else []
    said += [f"现在还办不了：{sentence}" for sentence in body.get("unmet", [])]
    said += [f"注意：{note}" for note in body.get("notes", [])]
    return [*said, "以上只是试算，什么都没有写入。"]


def one_clock(c: dict[str, Any]) -> str:
    """One clock before and after."""
    who = f"（{c['addressee_label']}）" if c["addressee_label"] else ""
    due = c["due_on"]
    name = f"{c['label']}{who} {c['code']}，{c['owner_label']}："
    mark = "（暂估）" if c["provisional"] else ""
    ended = {"met": "办结", "stopped": "停止", "paused": "中止"}.get(c["state"]["after"], "")
    if not c["state"]["before"]:
        return f"{name}开始计算，届满 {due['after'] or '未定'}{mark}"
    if ended and c["state"]["before"] != c["state"]["after"]:
        return f"{name}{ended}（原届满 {due['before'] or '未定'}）"
    if due["before"] == due["after"]:
        return f"{name}不变，届满 {due['after'] or '未定'}{mark}"
    return f"{name}{due['before']} → {due['after']}，顺推 {c['moved_days']} 日{mark}"
