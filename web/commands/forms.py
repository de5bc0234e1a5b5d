"""`greenchannel import FILE.xlsx [--dry-run] [--skip-faulty]`: the city's forms 附件2 and 附件3."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

from web.commands.common import emit, open_store


def register(below: Any) -> None:
    """Add the command to the parser's subparsers."""
    p = below.add_parser("import", help="导入附件2（企业）或附件3（职业病人员）")
    p.add_argument("file")
    p.add_argument("--dry-run", action="store_true", help="只检查，不写入")
    p.add_argument("--skip-faulty", action="store_true", help="有错的行不导入，其余照导")
    p.add_argument("--json", action="store_true")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from workflow.exchange.intake import import_file

    done = import_file(
        open_store(), Path(args.file), dry_run=args.dry_run, skip_faulty=args.skip_faulty, operator=_operator()
    )
    emit(args, done.as_dict(), done.lines())
    return 0 if done.ok else 2


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
