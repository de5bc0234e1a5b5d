"""`greenchannel expert add|list` and `greenchannel office set|list`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from web.commands.common import actor_named, emit, open_store


def register(below: Any) -> None:
    """Add the commands to the parser's subparsers."""
    top = below.add_parser("expert", help="劳动能力鉴定专家库").add_subparsers(
        dest="what", required=True, metavar="add|list"
    )
    p = top.add_parser("add", help="从文件加入或修改专家：- {name: 姓名, specialty: 专业, unit: 单位, active: true}")
    p.add_argument("file")
    p.add_argument("--as", dest="user", required=True)
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=add_experts)
    p = top.add_parser("list", help="列出专家库")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=list_experts)

    top = below.add_parser("office", help="机关信息").add_subparsers(dest="what", required=True, metavar="set|list")
    p = top.add_parser("set", help="改机关代字、电话、地址")
    p.add_argument("code")
    for name in ("letter", "phone", "address"):
        p.add_argument(f"--{name}")
    p.add_argument("--as", dest="user", required=True)
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=set_office)
    p = top.add_parser("list", help="列出机关")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=list_offices)


def add_experts(args: argparse.Namespace) -> None:
    from workflow import registers

    store = open_store()
    done = registers.add_experts(store, actor_named(store, args.user), registers.read_experts(Path(args.file)))
    emit(args, {"ok": True, **done}, [f"专家库：新增 {done['added']}，修改 {done['changed']}，不变 {done['same']}。"])


def list_experts(args: argparse.Namespace) -> None:
    from workflow import registers

    rows = registers.experts(open_store())
    lines = [f"{r['name']}  {r['specialty']}  {r['unit']}{'' if r['active'] else '（停用）'}" for r in rows]
    emit(args, {"experts": rows}, lines or ["专家库是空的。"])


def set_office(args: argparse.Namespace) -> None:
    from workflow import registers

    store = open_store()
    given = {n: getattr(args, n) for n in registers.OFFICE_FIELDS if getattr(args, n) is not None}
    done = registers.set_office(store, actor_named(store, args.user), args.code, given)
    emit(args, {"ok": True, "code": args.code, **done}, [f"{args.code} 已改：{'、'.join(done.values())}。"])


def list_offices(args: argparse.Namespace) -> None:
    from workflow import registers

    rows = registers.offices(open_store())
    emit(
        args,
        {"offices": rows},
        [f"{r['code']}  {r['name']}  {r['letter']}  {r['phone']}  {r['address']}" for r in rows],
    )
