"""`greenchannel cases | show | perform | fill | stalled | verify-audit`."""

from __future__ import annotations

import argparse
from typing import Any

from web.commands.common import actor_named, at, day, emit, open_store, pairs


def register(below: Any) -> None:
    """Add the commands to the parser's subparsers."""
    p = below.add_parser("cases", help="列出案件")
    p.add_argument("--open", action="store_true", help="只列没有办结的")
    p.add_argument("--limit", type=int, help="最多列几件")
    p.add_argument("--office", help="旗县区代码，如 150823")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=cases)

    p = below.add_parser("show", help="一个案件的全部情况")
    p.add_argument("case_no")
    p.add_argument("--as", dest="user", help="以这个账号的身份看能办什么")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=show)

    p = below.add_parser("perform", help="办一件事")
    p.add_argument("case_no")
    p.add_argument("matter", help="事项名，有几个时写 名称#2")
    p.add_argument("action")
    p.add_argument("--as", dest="user", required=True, help="办理人的账号")
    p.add_argument("--fact", action="append", default=[], metavar="K=V")
    p.add_argument("--paper", action="append", default=[], help="这次收到的材料，可以写多次")
    p.add_argument("--behalf", default="", help="代谁办：worker、relative、union、employer")
    p.add_argument("--version", type=int, help="您看到的事项版本，被人改过就不办")
    p.add_argument("--key", default="", help="防止重复提交的键")
    p.add_argument("--at", help="预演另一天（只限演示或测试数据库）")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=perform)

    p = below.add_parser("fill", help="补录不知道的内容")
    p.add_argument("case_no")
    p.add_argument("--matter", default="", help="事项名；不写就是案件本身")
    p.add_argument("--as", dest="user", required=True)
    p.add_argument("--fact", action="append", default=[], metavar="K=V")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=fill)

    p = below.add_parser("stalled", help="滞留和超期的案件：谁的时限、依据、超了几天、怎么办")
    p.add_argument("--at", dest="day", help="看另一天的情况，如 2027-01-15（只看，不改）")
    p.add_argument("--office", help="旗县区代码")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=stalled)

    p = below.add_parser("verify-audit", help="核对办理记录有没有被改动")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=verify_audit)


def cases(args: argparse.Namespace) -> None:
    from workflow import reading
    from workflow.errors import BadInput

    if args.limit is not None and not 1 <= args.limit <= 10**9:
        raise BadInput("--limit 要写大于 0 的整数。")
    rows = reading.list_cases(open_store(), only_open=args.open, limit=args.limit, office=args.office)
    emit(
        args,
        {"cases": rows},
        [f"{r['case_no']}  {r['worker']}  {r['office']}  {r['stage']}" for r in rows] or ["没有案件。"],
    )


def show(args: argparse.Namespace) -> None:
    from workflow import reading
    from workflow.setup import machine_account

    store = open_store()
    with store.reading() as session:
        actor = machine_account(session, "system")
    body = reading.show(store, args.case_no, actor_named(store, args.user) if args.user else actor)
    emit(args, body, reading.as_lines(body))


def perform(args: argparse.Namespace) -> None:
    from workflow import cases as door

    store = open_store()
    actor = actor_named(store, args.user)
    papers = [p for word in args.paper for p in word.replace("，", ",").split(",") if p]
    facts = pairs(args.fact)
    with at(store, args.at):
        done = door.perform(
            store, actor, args.case_no, args.matter, args.action, facts=facts, papers=papers, version=args.version,
            behalf=args.behalf, key=args.key,
        )  # fmt: skip
    number = [f"文书：{done.instrument}"] if done.instrument else []
    opened = [f"另开事项：{'、'.join(done.opened)}"] if done.opened else []
    emit(args, {"ok": True, **done.as_dict()}, [f"已办：{done.action}，现在是“{done.state_label}”。", *number, *opened])


def fill(args: argparse.Namespace) -> None:
    from workflow import cases as door

    store = open_store()
    done = door.fill_in(store, actor_named(store, args.user), args.case_no, pairs(args.fact), args.matter)
    started = [f"开始计算：{'、'.join(done['started'])}"] if done["started"] else []
    emit(args, {"ok": True, **done}, [f"已补录 {len(done['filled'])} 项。", *started])


def stalled(args: argparse.Namespace) -> None:
    from workflow import clock, stalls

    store = open_store()
    on = day(args.day) if args.day else clock.today()
    found = stalls.find(store, on, office=args.office)
    lines = [s.sentence() for s in found] or [f"{on} 没有滞留和超期的案件。"]
    emit(args, {"at": on, "count": len(found), "stalled": [{**s.as_dict(), "link": _link(s)} for s in found]}, lines)


def _link(s: Any) -> str:
    """Where the finding is taken on, below the address the office serves this under."""
    return f"/cases/{s.case_no}/{s.ref.replace('#', '-')}/{s.act}" if s.act else f"/cases/{s.case_no}"


def verify_audit(args: argparse.Namespace) -> int:
    from workflow.verify import verify

    checked, findings = verify(open_store())
    lines = [f.sentence() for f in findings] or [f"核对了 {checked} 条办理记录，没有被改动。"]
    emit(args, {"ok": not findings, "checked": checked,
                "findings": [{"chain": f.chain, "seq": f.seq, "what": f.what} for f in findings]}, lines)  # fmt: skip
    return 2 if findings else 0
