"""`greenchannel spent CASE_NO`: whose days a case took, running and paused apart."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from web.commands.common import actor_named, emit, open_store


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("spent", help="一个案件的时间花在谁手里：用时、中止分开，谁的时限超了几日")
    parser.add_argument("case_no", metavar="CASE_NO", help="案件编号")
    parser.add_argument("--as", dest="user", help="以哪个账号看（只看得到自己有权看的案件）")
    parser.add_argument("--json", action="store_true", help="输出一个 JSON 文档")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the days of the case and of each matter. Raises NotFound."""
    from workflow import spent
    from workflow.cases.load import load, load_seen

    store = open_store()
    actor = actor_named(store, args.user) if args.user else None
    with store.reading() as session:
        loaded = load_seen(store, session, args.case_no, actor) if actor else load(store, session, args.case_no)
        found = spent.of_case(loaded)
    lines = [*_lines(f"案件 {found['case_no']}", found)]
    for matter in found["matters"]:
        number = f"（第 {matter['number']} 次）" if matter["number"] > 1 else ""
        lines += _lines(f"{matter['label']}{number}", matter)
    lines.append("案件的每一日只算给当天最急的时限的责任人，各事项同时在办，所以案件不是各事项之和。")
    emit(args, found, lines)


def _lines(title: str, part: Mapping[str, Any]) -> Iterator[str]:
    yield f"{title}：{part['since']} 至 {'今天' if part['open'] else part['until']}，共 {part['elapsed']} 日"
    for share in part["owners"].values():
        over = f"，其中超过法定时限 {share['over']} 日" if share["over"] else ""
        paused = f"；中止 {share['paused']} 日（不算用时）" if share["paused"] else ""
        yield f"  {share['label']}  {share['bar']}  用时 {share['running']} 日{over}{paused}"
    for ground in part["grounds"]:
        yield f"    中止：{ground['ground'] or '没有写明'}，{ground['days']} 日"
    if part["nobody"]:
        yield f"  没有时限在走  {part['nobody_bar']}  {part['nobody']} 日"
