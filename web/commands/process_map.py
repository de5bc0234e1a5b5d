"""`greenchannel map [FILE] [--level …] [--format md|svg] [--out DIR] [--check]`: the process drawn and told.

Needs no database and loads no SQLAlchemy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from web.commands.definition import ROOT, states_path
from workflow.errors import BadInput

if TYPE_CHECKING:
    from workflow.definition.model import Definition

DONE, REFUSED = 0, 2
DOCS = ROOT / "docs"
LEVELS = ("worker", "desk", "supervisor", "lawyer")
REFRESH = "请运行 greenchannel map --out docs 重新生成，再看一遍改动。"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `greenchannel`."""
    parser = subparsers.add_parser("map", help="从 states.yaml 生成流程图和流程说明（职工、窗口、督办、法律四种读法）")
    parser.add_argument("file", nargs="?", metavar="FILE", help="流程文件；不写就是本系统正在用的 states.yaml")
    parser.add_argument(
        "--level", choices=LEVELS, help="只要一种读法：worker 职工，desk 窗口，supervisor 督办，lawyer 法律"
    )
    parser.add_argument("--format", choices=("md", "svg"), help="只要文字（md）或者只要图（svg）")
    parser.add_argument("--out", metavar="DIR", help="写进这个文件夹；不写就把文字打印出来")
    parser.add_argument(
        "--check", action="store_true", help="不写，只核对文件夹（不写就是 docs）里的和流程文件给出的是不是一样"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 2 when the file cannot be read or, with --check, when what lies there is not what it gives."""
    from workflow.definition import DefinitionFaults, load
    from workflow.process_map import page

    try:
        definition = load(Path(args.file) if args.file else states_path())
    except DefinitionFaults as refused:
        print("\n".join([*refused.sentences(), "文件读不出来，没有生成。请先改好以上各处。"]), file=sys.stderr)
        return REFUSED
    if args.check:
        return _check(definition, args, Path(args.out) if args.out else DOCS)
    if args.out:
        return _write(definition, args, Path(args.out))
    if args.format == "svg":
        raise BadInput("图有好几个文件，不能打印在屏幕上。请用 --out 写明放在哪个文件夹。")
    print(page(definition, args.level or ""), end="")
    return DONE


def _made(definition: Definition, args: argparse.Namespace) -> Mapping[str, str]:
    from workflow.process_map import files

    return files(definition, [args.level] if args.level else LEVELS, [args.format] if args.format else ("md", "svg"))


def _write(definition: Definition, args: argparse.Namespace, folder: Path) -> int:
    """Write what is new or changed and remove pictures of matters the file no longer has."""
    made = _made(definition, args)
    changed = [name for name, text in made.items() if _held(folder / name) != text.encode()]
    left = _left(folder, made, args)
    try:
        for name in changed:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(made[name].encode())
        for name in left:
            (folder / name).unlink()
    except OSError as error:
        raise BadInput(f"写不进文件夹“{folder}”：{error.strerror}。请换一个文件夹，或者检查权限。") from error
    print(f"{folder}：共 {len(made)} 个文件，写了 {len(changed)} 个，删了 {len(left)} 个过时的。")
    return DONE


def _check(definition: Definition, args: argparse.Namespace, folder: Path) -> int:
    made = _made(definition, args)
    wrong = [f"{name}：{_fault(folder / name)}" for name, text in made.items() if _held(folder / name) != text.encode()]
    wrong += [f"{name}：流程文件里没有这个事项了" for name in _left(folder, made, args)]
    if not wrong:
        print(f"{folder}：{len(made)} 个文件都和流程文件一致。")
        return DONE
    print("\n".join([*wrong, f"流程图和流程文件不一致，共 {len(wrong)} 处。{REFRESH}"]), file=sys.stderr)
    return REFUSED


def _fault(path: Path) -> str:
    return "和流程文件给出的不一样" if path.exists() else "没有这个文件"


def _held(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _left(folder: Path, made: Collection[str], args: argparse.Namespace) -> list[str]:
    """Pictures in the folders of the levels asked for that no matter gives any more."""
    if args.format == "md":
        return []
    levels = [args.level] if args.level else LEVELS
    found = (p.relative_to(folder).as_posix() for v in levels for p in sorted((folder / "process" / v).glob("*.svg")))
    return [name for name in found if name not in made]
