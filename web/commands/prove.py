"""`greenchannel prove [FILE] [--json]`: can no case stall? Needs no database and loads no SQLAlchemy."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.commands.definition import states_path

if TYPE_CHECKING:
    from workflow.definition import DefinitionFaults
    from workflow.definition.model import Definition
    from workflow.prover import Counterexample, Proof

DONE, REFUSED = 0, 2


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `greenchannel`."""
    parser = subparsers.add_parser("prove", help="证明 states.yaml 里没有案件会卡住，不成立的给出最短的走法")
    parser.add_argument("file", nargs="?", metavar="FILE", help="要证明的文件；不写就是本系统正在用的 states.yaml")
    parser.add_argument("--json", action="store_true", help="在标准输出上只打印一份 JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when every property holds, 2 when one is refuted or the file cannot be read."""
    from workflow.definition import DefinitionFaults, load
    from workflow.prover import prove

    path = Path(args.file) if args.file else states_path()
    try:
        definition = load(path)
    except DefinitionFaults as refused:
        return _unreadable(refused, args.json)
    since = time.perf_counter()
    proof = prove(definition)
    seconds = round(time.perf_counter() - since, 3)
    if args.json:
        print(json.dumps(document(definition, proof, seconds), ensure_ascii=False))
    else:
        print("\n".join(report(path.name, definition, proof, seconds)))
    return DONE if proof.ok else REFUSED


def _unreadable(refused: DefinitionFaults, as_json: bool) -> int:
    if as_json:
        faults = [{"line": fault.line, "text": fault.text} for fault in refused.lines]
        print(json.dumps({"ok": False, "version": None, "properties": [], "assumptions": [], "explored": {}, "seconds": 0.0,
                          "faults": faults}, ensure_ascii=False))  # fmt: skip
    else:
        print("\n".join([*refused.sentences(), "文件读不出来，没有证明。请先改好以上各处。"]), file=sys.stderr)
    return REFUSED


def document(definition: Definition, proof: Proof, seconds: float) -> dict[str, Any]:
    """The proof as one JSON document; `line` is where states.yaml has to change."""
    lines = _Lines(definition)
    return {
        "ok": proof.ok,
        "version": proof.version,
        "digest": definition.digest,
        "properties": [
            {
                "id": v.asked.id, "title": v.asked.title, "source": v.asked.source, "holds": v.holds,
                "counterexamples": [
                    {"matter": c.matter, "path": list(c.path), "sentence": c.sentence, "line": lines.of(c)}
                    for c in v.counterexamples
                ],
            }
            for v in proof.verdicts
        ],
        "assumptions": list(proof.assumptions),
        "explored": _explored(proof),
        "seconds": seconds,
    }  # fmt: skip


def _explored(proof: Proof) -> dict[str, Any]:
    matters = {m: {"states": s, "nodes": n, "steps": e} for m, (s, n, e) in proof.explored.items()}
    total = {key: sum(m[key] for m in matters.values()) for key in ("states", "nodes", "steps")}
    return {**total, "matters": matters}


def report(name: str, definition: Definition, proof: Proof, seconds: float) -> Iterator[str]:
    """The proof for people, a line each."""
    lines, explored = _Lines(definition), _explored(proof)
    yield (
        f"{name}（版本 {proof.version}）：{len(proof.explored)} 个事项，查了 {explored['states']} 个状态、"
        f"{explored['nodes']} 种状态和时限的组合、{explored['steps']} 步，用时 {seconds:.2f} 秒。"
    )
    for v in proof.verdicts:
        yield f"{'成立　' if v.holds else '不成立'} {v.asked.title}（{v.asked.id}，{v.asked.source}）"
        for c in v.counterexamples:
            yield f"        第 {lines.of(c)} 行：{c.sentence}"
    yield "证明的前提："
    yield from (f"  {n}. {text}" for n, text in enumerate(proof.assumptions, 1))
    broken = sum(not v.holds for v in proof.verdicts)
    if proof.ok:
        yield f"{len(proof.verdicts)} 条性质全部成立：没有案件会卡住。"
    else:
        yield f"{len(proof.verdicts)} 条性质里 {broken} 条不成立。请按上面的走法核对，改好后再证明一次。"


class _Lines:
    """Where in the file a counter-example's place is written."""

    def __init__(self, definition: Definition) -> None:
        from workflow.definition.reader import read

        self._root = read(definition.text).root

    def of(self, c: Counterexample) -> int:
        """The line of the deepest key of `where` that the file has; 1 where it has none."""
        from workflow.definition.nodes import line_of

        return line_of(self._root, *c.where) if self._root is not None else 1
