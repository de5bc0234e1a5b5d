"""`greenchannel figure add|approve|list`: local figures (average wage, minimum wage) with their notices.

The database is imported when a part runs: commands that need none must start quickly.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from web.commands.common import actor_named, emit, open_store


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its three parts."""
    parser = subparsers.add_parser("figure", help="录入、批准、查看地方数据（平均工资、最低工资）")
    parts = parser.add_subparsers(dest="part", required=True, metavar="add|approve|list")
    add = parts.add_parser("add", help="从 YAML 或 JSON 文件录入，由第二人批准后使用")
    add.add_argument("file", type=Path, metavar="FILE", help="数据文件")
    add.set_defaults(run=run_add)
    approve = parts.add_parser("approve", help="批准另一人录入的数据")
    approve.add_argument("id", type=int, metavar="ID", help="数据编号（见 figure list）")
    approve.set_defaults(run=run_approve)
    for part in (add, approve):
        part.add_argument("--as", dest="username", required=True, metavar="USER", help="以哪个账号办理")
    listed = parts.add_parser("list", help="列出全部数据")
    listed.set_defaults(run=run_list)
    for part in (add, approve, listed):
        part.add_argument("--json", action="store_true", help="输出一个 JSON 文档")


def run_add(args: argparse.Namespace) -> None:
    """Enter a file. Raises what `workflow.figures.add_figures` raises."""
    from workflow import figures

    store = open_store()
    result = figures.add_figures(store, actor_named(store, args.username), args.file)
    payload = {
        "added": [row.as_dict() for row in result.added],
        "changed": [row.as_dict() for row in result.changed],
        "unchanged": result.unchanged,
    }
    lines = [row.line() for row in (*result.added, *result.changed)]
    lines.append(f"录入 {len(result.added)} 条，改变 {len(result.changed)} 条，原来就有 {result.unchanged} 条。")
    if result.added or result.changed:
        lines.append("请另一人核对通知原文后批准：greenchannel figure approve 编号 --as 账号")
    emit(args, payload, lines)


def run_approve(args: argparse.Namespace) -> None:
    """Approve one figure. Raises what `workflow.figures.approve` raises."""
    from workflow import figures

    store = open_store()
    row = figures.approve(store, actor_named(store, args.username), args.id)
    emit(args, {"figure": row.as_dict()}, [f"已批准：{row.line()}"])


def run_list(args: argparse.Namespace) -> None:
    """List all figures."""
    from workflow import figures

    with open_store().reading() as session:
        rows = figures.listing(session)
    emit(args, {"figures": [row.as_dict() for row in rows]}, [row.line() for row in rows] or ["还没有录入任何数据。"])
