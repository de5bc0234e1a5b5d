"""The prover's score: seeded mutations of states.yaml, how many of them it catches, and why others were spared."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutations import SEED, WANTED, pick, score  # noqa: E402
from workflow.definition import load  # noqa: E402


def main() -> int:
    """Exit code 0 when every mutation is caught, 2 when one is missed."""
    parser = argparse.ArgumentParser(description="证明器的得分：按固定种子改坏流程，看抓住多少")
    parser.add_argument("file", nargs="?", default=str(ROOT / "states.yaml"), metavar="FILE", help="流程文件")
    parser.add_argument("--wanted", type=int, default=WANTED, help="试多少处")
    parser.add_argument("--seed", type=int, default=SEED, help="种子")
    parser.add_argument("--spared", action="store_true", help="列出没有试的和原因")
    args = parser.parse_args()
    definition = load(args.file)
    chosen, spared = pick(definition, args.wanted, args.seed)
    since = time.perf_counter()
    result = score(definition, chosen)
    print(
        f"抓住 {result}（种子 {args.seed}，{len({m.kind for m in chosen})} 种改法），用时 {time.perf_counter() - since:.1f} 秒。"
    )
    for prop, count in Counter(p for found in result.caught.values() for p in found).most_common():
        print(f"  {prop}: {count}")
    for name in result.missed:
        print(f"没有抓住：{name}")
    print(f"不一定破坏什么、没有试的 {len(spared)} 处：")
    for why, count in Counter(m.spared for m in spared).most_common():
        print(f"  {count} 处：{why}")
    if args.spared:
        print("\n".join(f"  {m.name}：{m.spared}" for m in spared))
    return 2 if result.missed else 0


if __name__ == "__main__":
    sys.exit(main())
