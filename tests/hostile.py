"""What the tests of hostile states.yaml files share: the sound file, what is told of a text, and files made to cost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from workflow.definition import DefinitionFaults, faults, loads

PROVE_ALL = os.environ.get("PROVE_ALL") == "1"
ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT / "states.yaml"
GOOD_FILE = Path(__file__).with_name("definitions") / "good.yaml"
GOOD = GOOD_FILE.read_text("utf-8")
SENTENCE = re.compile(r"[^:]+:[1-9]\d*: .*[\u4e00-\u9fff].*。")
SAFETY = 300.0  # seconds after which the other process is given up: a fuse, not a measurement
MEMORY = 2 * 1024**3

CHILD = """
import json, pathlib, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from workflow.definition import DefinitionFaults, load
for path in sorted(pathlib.Path(sys.argv[2]).iterdir(), key=lambda p: p.name):
    try:
        load(path)
        told = []
    except DefinitionFaults as refused:
        told = [[f.line, s] for f, s in zip(refused.lines, refused.sentences(), strict=True)]
    print(json.dumps([path.name, told]), flush=True)
"""
Told = dict[str, list[tuple[int, str]]]


def told_elsewhere(folder: Path, within: float = SAFETY) -> Told:
    """What another process makes of every file of the folder; [] for one it loads."""
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(MEMORY), str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=within
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    return {name: [(line, sentence) for line, sentence in told] for name, told in rows}


def told(text: str) -> list[faults.Fault]:
    """The faults of a text; [] where it loads."""
    try:
        loads(text)
    except DefinitionFaults as refused:
        assert refused.lines and all(SENTENCE.fullmatch(s) for s in refused.sentences()), refused.sentences()[:3]
        assert refused.lines == sorted(refused.lines)
        assert all(1 <= f.line <= text.count("\n") + 2 for f in refused.lines)
        return refused.lines
    return []


def edit(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, f"{text.count(old)} × {old!r}"
    return text.replace(old, new)


def line_of(fragment: str, text: str) -> int:
    found = [n for n, line in enumerate(text.split("\n"), 1) if fragment in line]
    assert len(found) == 1, (fragment, found)
    return found[0]


COSTLY: dict[str, str] = {
    "laughs": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnop")),
    "anchors": "".join(f"k{i}: &a{i} v\n" for i in range(17_000)),
    "tags": "".join(f"k{i}: !!python/object/apply:os.system [x]\n" for i in range(6_000)),
    "tag directives": "%TAG ! tag:x,2000:\n" * 5_000 + "---\na: b",
    "brackets on a line": "[" * 100_000,
    "brackets": "[\n" * 190_000,
    "brackets under a key": "people:\n  a: " + "[\n" * 190_000,
    "braces": "{a:\n" * 60_000,
    "braces closed": "{a:\n" * 30_000 + "}\n" * 30_000,
    "nested mappings": "\n".join(" " * i + "a:" for i in range(700)),
    "nested sequences": "\n".join(" " * i + "-" for i in range(700)),
    "many small trees": "".join("".join(" " * i + f"k{n}_{i}:\n" for i in range(11)) for n in range(1500)),
    "ten megabytes": "a: b\n" * 2_000_000,
    "ten megabytes on a line": "a" * 10_000_000,
    "a quarter megabyte on a line": "a" * 255_000,
    "comment lines": ("# " + "a" * 1_990 + "\n") * 120 + "a: b",
    "blank lines": "\n" * 390_000,
    "the file twice": GOOD + GOOD,
    "one key again and again": "a: b\n" * 75_000,
    "many keys": "".join(f"k{i:05}: v\n" for i in range(22_000)),
    "100,000 keys": "".join(f"k{i}: v\n" for i in range(100_000)),
    "list": "- a\n" * 60_000,
    "wide marks": "a：，“”【】\n" * 43_000,
    "wide braces on lines": ("{a，" * 660 + "\n") * 120,
    "fewer wide braces on lines": ("{a，" * 50 + "\n") * 2_500,
    "fewer brackets on lines": ("[" * 50 + "\n") * 7_500,
    "wide brackets on lines": ("【a，" * 660 + "\n") * 120,
    "wide list on lines": ("[" + "a，" * 990 + "\n") * 120,
    "spaces": (": " + " " * 1_900 + "\n") * 200,
    "quotes on lines": (' "' * 990 + "\n") * 120,
    "backslashes on lines": (' "\\' * 660 + "\n") * 120,
    "both quotes on lines": (" '\"" * 660 + "\n") * 120,
    "tabs": ("\t" * 1_900 + "\n") * 200,
    "a tab on each line": "".join(f"\tk{i}: v\n" for i in range(32_000)),
    "merge keys": "".join(f"k{i}:\n  <<: *a\n" for i in range(10_000)),
    "documents": "---\na: b\n" * 20_000,
    "long number": "version: " + "9" * 1_900 + "\n" + GOOD,
    "version directive": f"%YAML 1.{'9' * 1_900}\n---\na: b",
    "double quote never closed": 'a: "' + "x\n" * 190_000,
    "single quote never closed": "a: '" + "x\n" * 190_000,
    "each quote never closed": "".join(f'k{i}: "\n' for i in range(20_000)),
    "brackets never closed deep down": "a:\n b:\n  c:\n   d:\n    e:\n     f:\n      g: [\n" * 8_000,
    "other brackets never closed": "".join(f"a{i}:\n b:\n  c:\n   d:\n    e:\n     f:\n      g: [\n" for i in range(7_500)),
    "wrong at the very end": "".join(f"k{i}:\n  a: v\n  b: v\n" for i in range(7_500)) + "x: [",
    "wrong deep down at the very end": "a:\n b:\n  c:\n   d:\n    e:\n     f:\n" + "".join(f"      k{i}: v\n" for i in range(20_000)) + "      x: [",
    "block text": "a: |\n" + " a\n" * 125_000,
    "folded text": "a: >\n" + " a\n" * 125_000,
    "plain text": "a: b\n" + " c\n" * 80_000,
    "only one parser reads it": "x: {a:}\n" + "[\n" * 60_000,
    "explicit keys": "".join(f"? k{i}\n: v\n" for i in range(20_000)),
    "lists as keys": "? [a, b]\n: v\n" * 8_000,
    "impossible escapes": 'a: "\\UFFFFFFFF"\n' * 10_000,
    "half characters": GOOD.replace("label", "\ud800label"),
    "wrong names": GOOD.replace("by: [", "by: [" + ",\n   ".join(f"wrker{i}" for i in range(350)) + ", "),
    "names hard to tell apart": GOOD.replace("by: [", "by: [" + ",\n   ".join("deks" * 12 + str(i) for i in range(60)) + ", ").replace(
        "\npeople:\n", "\npeople:\n" + "".join(f"  {'desk' * 12}{i}: 甲\n" for i in range(3_000)), 1),
    "many clocks": GOOD.replace("\nclocks:\n", "\nclocks:\n" + "".join(
        f"  c{i}: {{code: GS-ACC, label: 甲, from: filed_on, owner: desk, within: 15 日, law: 工伤认定办法#8.1}}\n" for i in range(1_500)), 1),
    "many states in a chain": GOOD.replace("    states:\n", "    states:\n" + "".join(
        f"      s{i}: {{label: 甲, public: 乙, actions: {{go: {{label: 甲, by: [desk], to: s{i + 1}}}}}}}\n" for i in range(1_500)), 1),
}  # fmt: skip
