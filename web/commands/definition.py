"""`greenchannel check [FILE] [--json]`: is states.yaml sound? Needs no database and loads no SQLAlchemy."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflow.definition.model import Definition

DONE, REFUSED = 0, 2
ROOT = Path(__file__).resolve().parents[2]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `greenchannel`."""
    parser = subparsers.add_parser("check", help="检查 states.yaml，一次指出所有有问题的行和改法")
    parser.add_argument("file", nargs="?", metavar="FILE", help="要检查的文件；不写就是本系统正在用的 states.yaml")
    parser.add_argument("--json", action="store_true", help="在标准输出上只打印一份 JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when the file is sound, 2 when it is refused; faults on stderr, or in the JSON document."""
    from workflow.definition import DefinitionFaults, load

    path = Path(args.file) if args.file else states_path()
    try:
        definition = load(path)
    except DefinitionFaults as refused:
        if args.json:
            faults = [{"line": fault.line, "text": fault.text} for fault in refused.lines]
            _print({"ok": False, "version": None, "digest": None, "faults": faults})
        else:
            print("\n".join([*refused.sentences(), f"共 {len(refused.lines)} 处要改，文件没有通过。"]), file=sys.stderr)
        return REFUSED
    if args.json:
        _print({"ok": True, "version": definition.version, "digest": definition.digest, "faults": []})
    else:
        print(summary(path, definition))
    return DONE


def states_path() -> Path:
    """As in workflow.settings, which this command must not import because it loads SQLAlchemy."""
    return Path(os.environ.get("GREENCHANNEL_STATES", "") or ROOT / "states.yaml")


def summary(path: Path, definition: Definition) -> str:
    """One line of what the file holds."""
    states = [state for matter in definition.matters.values() for state in matter.states.values()]
    legal = sum(clock.legal for clock in definition.clocks.values())
    counts = {
        "事项": len(definition.matters), "状态": len(states), "办理事项": sum(len(s.actions) for s in states),
        "法定时限": legal, "内部提醒": len(definition.clocks) - legal, "材料": len(definition.papers),
        "文书": len(definition.instruments),
    }  # fmt: skip
    counted = "，".join(f"{what} {count} 个" for what, count in counts.items())
    return f"{path.name} 没有问题（版本 {definition.version}）：{counted}。"


def _print(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False))
