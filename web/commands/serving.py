"""`greenchannel init-db | serve | work`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from web.commands.common import at, emit, open_store

if TYPE_CHECKING:
    from workflow.store import Store


def register(below: Any) -> None:
    """Add the commands to the parser's subparsers."""
    p = below.add_parser("init-db", help="建库或升级到最新，可以重复运行")
    p.add_argument("--demo", action="store_true", help="写入演示数据（只限 GREENCHANNEL_ENV=demo）")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=init_db)

    p = below.add_parser("serve", help="启动网页服务和后台进程")
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=8000)
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--demo", action="store_true", help="先建库并写入演示数据，等于先运行 init-db --demo")
    p.set_defaults(run=serve)

    p = below.add_parser("work", help="后台进程：到期时限、打印、发送")
    p.add_argument("--once", action="store_true", help="只做一轮")
    p.add_argument("--at", help="预演另一天或时刻（只限演示或测试数据库），如 2026-12-31 或 2026-12-31T15:00")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=work)

    top = below.add_parser("outbox", help="没有发出的消息和没有打印成的文书").add_subparsers(
        dest="what", required=True, metavar="list|retry"
    )
    p = top.add_parser("list", help="列出失败的")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=outbox_list)
    p = top.add_parser("retry", help="原因消除后再试一次")
    p.add_argument("id", type=int)
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=outbox_retry)


def outbox_list(args: argparse.Namespace) -> None:
    from workflow import outbox

    rows = outbox.failed(open_store())
    lines = [
        f"{r['id']}  {'打印' if r['kind'] == 'print' else '消息'}  案件 {r['case_no']}  {r['error']}" for r in rows
    ]
    emit(args, {"failed": rows}, lines or ["没有失败的消息和打印。"])


def outbox_retry(args: argparse.Namespace) -> None:
    from workflow import outbox

    outbox.retry(open_store(), args.id)
    emit(args, {"ok": True, "id": args.id}, ["已放回队列，后台进程会再试。"])


def _filled(store: Store) -> tuple[dict[str, Any], list[str]]:
    """The demonstration's database brought to head and filled; safe to repeat. What to tell, as JSON and as lines."""
    from workflow import demo, setup

    told = setup.init_db(store) | demo.fill(store)
    return told, [_ready(told), f"演示数据已就绪：{told['demo_cases']} 件案件。"]


def _ready(told: Mapping[str, Any]) -> str:
    return (
        f"数据库已就绪：{told['offices']} 个机关，{told['holiday_years']} 年节假日，办理流程版本 {told['definition']}。"
    )


def init_db(args: argparse.Namespace) -> None:
    from workflow import setup

    store = open_store(ready=False)
    if args.demo:
        told, lines = _filled(store)
    else:
        told = setup.init_db(store)
        lines = [_ready(told)]
    emit(args, told, lines)


def serve(args: argparse.Namespace) -> int:
    from web.serve import serve as run
    from workflow import accounts, demo

    store = open_store(ready=not args.demo)
    if args.demo:
        _filled(store)
    notice = []
    if store.settings.demo and store.rehearsal:
        notice = ["演示账号（都是虚构的人）："]
        notice += [
            f"  {a.username:<18}{a.password}  {a.name}" for a in (*accounts.DEMO_ACCOUNTS, accounts.DEMO_EMPLOYER)
        ]
        notice += [line for line in (demo.lookup_example(store),) if line]
    store.close()
    return run(args.host, args.port, args.workers, notice)


def work(args: argparse.Namespace) -> int:
    from documents.issue import issue
    from workflow import outbox, worker
    from workflow.setup import machine_account

    store = open_store()
    with store.reading() as session:
        actor = machine_account(session, "system")
    channel = outbox.LogFile(store.settings.data_dir / "messages.log")

    def printer(payload: Any) -> str:
        return issue(store, actor, payload)

    if args.once or args.at:
        with at(store, args.at):
            counts = worker.once(store, channel, printer)
        emit(args, {"ok": True, **counts}, [_counted(counts)])
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    total = {"fired": 0, "printed": 0, "sent": 0, "failed": 0}

    def report(counts: dict[str, Any]) -> None:
        print(_counted(counts), file=sys.stderr, flush=True)
        total.update({k: total[k] + counts[k] for k in total})

    worker.loop(
        store, channel, printer, stop, report, trouble=lambda sentence: print(sentence, file=sys.stderr, flush=True)
    )
    if args.json:
        emit(args, {"ok": True, **total}, [])
    return 0


def _counted(c: Any) -> str:
    return f"到期时限 {c['fired']} 个，打印 {c['printed']} 份，发送 {c['sent']} 条，没有办成 {c['failed']} 件。"
