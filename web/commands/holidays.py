"""`greenchannel holidays add|list`: a year's rest days with their notice, and the live dates that move with them.

The database is imported when a part runs: commands that need none must start quickly.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.commands.common import emit, open_store, signer
from workflow.errors import Refused

if TYPE_CHECKING:
    from workflow.holidays import Plan

SHOWN = 200
"""Lines of the table on a screen; --json gives all."""
YES = ("是", "y", "yes")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its two parts."""
    parser = subparsers.add_parser("holidays", help="录入、查看放假安排；先列出会改变的届满日")
    parts = parser.add_subparsers(dest="part", required=True, metavar="add|list")
    add = parts.add_parser("add", help="从 YAML 文件录入一年的放假安排，暂估的日期随之确定")
    add.add_argument("file", type=Path, metavar="FILE", help="year、notice、off、work，另可写 confidence、scope")
    add.add_argument("--as", dest="username", metavar="USER", help="以哪个账号录入（只看不录可以不写）")
    how = add.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="看过会改变的日期，直接录入")
    how.add_argument("--dry-run", action="store_true", help="只列出会改变的日期，什么都不写")
    add.add_argument("--correct", action="store_true", help="这一年已经录入过，这次是更正")
    add.set_defaults(run=run_add)
    listed = parts.add_parser("list", help="列出全部年份的放假安排")
    listed.set_defaults(run=run_list)
    for part in (add, listed):
        part.add_argument("--json", action="store_true", help="输出一个 JSON 文档")


def run_add(args: argparse.Namespace) -> None:
    """Show what moves, then enter. Raises what `workflow.holidays` raises; Refused where nobody has confirmed."""
    from workflow import clock, holidays

    store = open_store()
    notice = holidays.read_file(args.file, clock.today())
    plan = holidays.plan(store, notice)
    if args.dry_run:
        emit(args, {**plan.as_dict(), "written": False}, [*_table(plan), "只是预览，什么都没有写。"])
        return
    if not args.json:
        for line in _table(plan):
            print(line)
    actor = signer(store, args.username, "录入放假安排")
    correct = args.correct
    if not args.yes and plan.kind != "same":
        _confirmed(args, plan)
        correct = correct or plan.kind == "correction"  # the question itself named it a correction
    done = holidays.add(store, actor, notice, correct=correct)
    emit(args, {**done.as_dict(), "written": done.kind != "same"}, _done(done))


def run_list(args: argparse.Namespace) -> None:
    """List the years."""
    from workflow import holidays

    with open_store().reading() as session:
        rows = holidays.listing(session)
    emit(args, {"years": rows}, [line for row in rows for line in _year(row)] or ["还没有收录任何年份的放假安排。"])


# --- inside -----------------------------------------------------------------------------------------------------------


def _confirmed(args: argparse.Namespace, plan: Plan) -> None:
    """Ask the person at the screen. Raises Refused where there is none, or he says no."""
    if args.json or not sys.stdin.isatty():
        raise Refused("什么都没有写。看过会改变的日期以后，请加 --yes 录入；只想看，请加 --dry-run。")
    what = "这是对已录入年份的更正，" if plan.kind == "correction" else ""
    print(f"{what}确认录入并改变上面的日期吗？输入“是”继续：", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in YES:
        raise Refused("没有确认，什么都没有写。")


def _table(plan: Plan) -> Iterator[str]:
    from workflow.holidays.entry import SCOPES, stretches
    from workflow.holidays.moves import ordered

    n, found = plan.notice, plan.followed
    yield f"{n.year} 年，{n.notice}（{SCOPES[n.scope]}，可信度 {n.confidence}）"
    yield f"放假：{stretches(n.off)}；上班：{stretches(n.work) or '无'}"
    if plan.kind == "same":
        yield "这份安排已经录入过，内容相同。"
    yield from (f"与已录入的不同：{said}。" for said in plan.differs)
    if found.moved:
        yield f"会改变的届满日 {len(found.moved)} 个（案件、时限、责任人、原届满日 → 新届满日）："
        yield from (move.line() for move in ordered(found.moved)[:SHOWN])
        if len(found.moved) > SHOWN:
            yield f"还有 {len(found.moved) - SHOWN} 个没有列出，用 --json 看全部。"
    else:
        yield "没有届满日会改变。"
    yield f"另有 {found.confirmed} 个暂估的日期不变，成为确定的日期。已了结的时限保留办理时的日期，中止的在恢复时重算。"
    yield from (o.line() for o in found.odd[:SHOWN])


def _done(done: Plan) -> list[str]:
    if done.kind == "same" and not done.followed.moved:
        return ["这份安排已经录入过，没有再写；在办时限都已经按它计算。"]
    head = "没有再写安排，" if done.kind == "same" else "已更正，" if done.kind == "correction" else "已录入，"
    n = len(done.followed.moved)
    lines = [f"{head}{f'改变了 {n} 个届满日，每一个都记入了案件的办理记录' if n else '没有届满日改变'}。"]
    if done.followed.odd:
        lines.append(f"有 {len(done.followed.odd)} 个时限没有改动，请人工核对。")
    return lines


def _year(row: dict[str, Any]) -> Iterator[str]:
    at = f"，{row['at']}" if row["at"] else ""
    yield f"{row['year']}  {row['notice']}  可信度 {row['confidence']}  放假 {row['days_off']} 日  {row['by']}{at}"
    yield f"    放假：{row['off']}；上班：{row['work'] or '无'}"
    for more in row["region"]:
        yield f"    自治区：{more['off']}（{more['notice']}，{more['by']}）"
