"""`greenchannel definition list|diff|draft|publish`: versions of states.yaml, their differences, and moving running cases."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.commands.common import day, emit, open_store, signer

if TYPE_CHECKING:
    from workflow.versions.diff import Change
    from workflow.versions.publish import Published


def register(below: Any) -> None:
    """Add the command and its parts to the parser's subparsers."""
    parts = below.add_parser("definition", help="办理流程的版本").add_subparsers(
        dest="what", required=True, metavar="list|diff|draft|publish"
    )
    p = parts.add_parser("list", help="列出全部版本、有效期和各自的在办案件数")
    p.set_defaults(run=listing)
    d = parts.add_parser("diff", help="与最近发布的版本逐项比较，说明每项能不能改、涉及多少在办案件")
    d.set_defaults(run=compare)
    k = parts.add_parser("draft", help="检查后存为草案")
    k.set_defaults(run=draft)
    u = parts.add_parser("publish", help="对照每一件在办案件核对后发布，并把案件转到新版本")
    u.add_argument("--plan", type=Path, metavar="PLAN.yaml", help="过渡计划：每个时限 keep、recompute 或者 grandfather")
    u.add_argument("--from", dest="valid_from", default="", metavar="DATE", help="从哪天起有效，不写就是今天")
    u.add_argument("--dry-run", action="store_true", help="只核对，什么都不写")
    u.set_defaults(run=publish)
    for part in (d, k, u):
        part.add_argument("file", type=Path, metavar="FILE")
    for part in (k, u):
        part.add_argument("--as", dest="user", metavar="USER", help="以哪个管理员账号办理")
    for part in (p, d, k, u):
        part.add_argument("--json", action="store_true", help="在标准输出上只打印一份 JSON")


def listing(args: argparse.Namespace) -> None:
    """Every version."""
    from workflow import clock
    from workflow.versions import shelf

    with open_store().reading() as session:
        rows = shelf.listing(session)
    emit(
        args,
        {"definitions": [r.as_dict() for r in rows]},
        [r.line(clock.today()) for r in rows] or ["还没有任何版本。"],
    )


def compare(args: argparse.Namespace) -> None:
    """The typed difference. Raises DefinitionFaults."""
    from workflow.definition import load
    from workflow.versions.publish import compare as differences

    definition = load(args.file)
    changes = differences(open_store(), definition)
    body = {
        "version": definition.version,
        "digest": definition.digest,
        "counts": _counts(changes),
        "changes": [c.as_dict() for c in changes],
    }
    emit(args, body, [*(c.sentence() for c in changes), _told(changes)])


def draft(args: argparse.Namespace) -> None:
    """Store a draft. Raises what `workflow.versions.shelf.draft` raises."""
    from workflow.definition import load
    from workflow.versions import shelf

    definition = load(args.file)
    store = open_store()
    kept = shelf.draft(store, signer(store, args.user, "改办理流程"), definition)
    emit(args, {"ok": True, "definition": kept.as_dict()}, [f"已存为草案：第 {kept.id} 号，版本 {kept.version}。"])


def publish(args: argparse.Namespace) -> None:
    """Publish a file. Raises what `workflow.versions.publish.publish` raises."""
    from workflow.definition import load
    from workflow.versions import publish as publishing
    from workflow.versions.plan import Plan
    from workflow.versions.plan import load as load_plan

    definition = load(args.file)
    store = open_store()
    actor = signer(store, args.user, "改办理流程")
    plan = load_plan(args.plan, definition, publishing.versions_in_use(store)) if args.plan else Plan()
    valid_from = day(args.valid_from) if args.valid_from else None
    done = publishing.publish(store, actor, definition, plan, valid_from=valid_from, dry_run=args.dry_run)
    emit(args, {"ok": True, **done.as_dict()}, _outcome(done))


def _counts(changes: list[Change]) -> dict[str, int]:
    from workflow.versions.diff import LEVELS

    found = Counter(c.level for c in changes)
    return {level: found[level] for level in LEVELS}


def _told(changes: list[Change]) -> str:
    from workflow.versions.diff import LEVELS

    if not changes:
        return "与最近发布的版本没有差别。"
    return f"共 {len(changes)} 处改动：" + "，".join(f"{LEVELS[k]} {n} 处" for k, n in _counts(changes).items()) + "。"


def _outcome(done: Published) -> Iterator[str]:
    yield from (c.sentence() for c in done.changes if c.level != "safe")
    yield _told(list(done.changes)) if done.changes else "没有要比较的改动。"
    word = "核对通过，什么都没有写：版本" if done.dry_run else "已发布版本"
    yield f"{word} {done.version}，从 {done.valid_from} 起有效。"
    if done.later:
        yield f"运行中的案件现在不动。请在 {done.valid_from} 或者以后用同样的命令再运行一次，转入新版本。"
        return
    yield f"{'将转入' if done.dry_run else '转入'}新版本的在办案件 {done.moved} 件（变动的时限 {done.clocks} 个），留在旧版本的 {done.pinned} 件。"
    for why, n in sorted(done.reasons_pinned.items()):
        yield f"  按计划 {why} 留在旧版本：{n} 件"
