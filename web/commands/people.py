"""`greenchannel user add USERNAME`: accounts from the command line, above all the first administrator of a new office."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from typing import Any

from web.commands.common import actor_named, emit, open_store

PASSWORD = "GREENCHANNEL_NEW_PASSWORD"


def register(below: Any) -> None:
    """Add the command to the parser's subparsers."""
    top = below.add_parser("user", help="账号").add_subparsers(dest="what", required=True, metavar="add|list")
    p = top.add_parser("add", help=f"开立账号；口令取自环境变量 {PASSWORD}，没有就随机生成并显示一次")
    p.add_argument("username")
    p.add_argument("--name", required=True, help="姓名")
    p.add_argument("--role", action="append", required=True, help="角色，可以写多次，如 desk、admin")
    p.add_argument("--office", default="", help="机关代码，如 150823")
    p.add_argument("--employer", default="", help="用人单位全称（只限 employer 角色）")
    p.add_argument("--as", dest="user", default="", help="办理的管理员账号；还没有管理员时不写")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=add)
    p = top.add_parser("list", help="列出账号")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=listing)


def add(args: argparse.Namespace) -> None:
    from sqlalchemy import select

    from workflow import accounts
    from workflow.errors import BadInput, Forbidden
    from workflow.models import Employer, Office, User
    from workflow.setup import machine_account

    store = open_store()
    with store.reading() as session:
        system = machine_account(session, "system")
        office = session.scalar(select(Office.id).where(Office.code == args.office)) if args.office else None
        employer = session.scalar(select(Employer.id).where(Employer.name == args.employer)) if args.employer else None
        admins = [u.username for u in session.scalars(select(User).where(User.active)) if "admin" in u.roles]
    if args.office and office is None:
        raise BadInput(f"没有代码为“{args.office}”的机关。请写 150800 或者旗县区代码，如 150823。")
    if args.employer and employer is None:
        raise BadInput(f"企业台账里没有“{args.employer}”。请先导入附件2。")
    if admins and not args.user:
        raise Forbidden(f"已经有管理员（{'、'.join(admins[:3])}），请用 --as 写明由哪个管理员办理。")
    actor = actor_named(store, args.user) if args.user else system
    given = os.environ.get(PASSWORD, "")
    password = given or secrets.token_urlsafe(12)
    user = accounts.create_user(store, actor, username=args.username, name=args.name, roles=args.role, password=password,
                                office_id=office, employer_id=employer)  # fmt: skip
    if not given:
        print(f"口令（只显示这一次）：{password}", file=sys.stderr)
    emit(
        args,
        {"ok": True, "username": user.username, "name": user.name, "roles": list(user.roles)},
        [f"已开立账号 {user.username}。"],
    )


def listing(args: argparse.Namespace) -> None:
    from sqlalchemy import select

    from workflow.models import User

    with open_store().reading() as session:
        rows: list[dict[str, Any]] = [
            {"username": u.username, "name": u.name, "roles": list(u.roles), "office": u.office.code if u.office else "", "active": u.active}
            for u in session.scalars(select(User).where(~User.system).order_by(User.username))
        ]  # fmt: skip
    emit(
        args,
        {"users": rows},
        [f"{r['username']}  {r['name']}  {'、'.join(r['roles'])}  {r['office']}" for r in rows] or ["没有账号。"],
    )
