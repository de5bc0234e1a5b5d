"""The plan of a publication: what becomes of running clocks and of places the new version no longer has. Read with every fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow.definition.faults import DefinitionFaults, Fault, Nearest
from workflow.definition.model import Definition
from workflow.definition.nodes import Node, Table, Text, Unreadable
from workflow.definition.reader import read

KEEP, RECOMPUTE, GRANDFATHER = "keep", "recompute", "grandfather"
WAYS = {KEEP: "保留原日期", RECOMPUTE: "按新版本重算", GRANDFATHER: "案件留在旧版本"}
ALLOWED = {
    "clocks": (KEEP, RECOMPUTE, GRANDFATHER), "acts": (KEEP, GRANDFATHER), "matters": (GRANDFATHER,), "facts": (GRANDFATHER,),
    "cases": (GRANDFATHER,),
}  # fmt: skip
SECTIONS = ("clocks", "states", "acts", "matters", "facts", "cases")
LARGEST = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What is said of each clock (keep, recompute, grandfather), act (matter.act: keep, grandfather), state (matter.state:
    another state of the matter, or grandfather), matter, fact and case (grandfather); `everybody`: no running case moves."""

    said: Mapping[tuple[str, str], str] = field(default_factory=dict)
    everybody: bool = False

    def of(self, section: str, name: str) -> str:
        """What is said of it; "" where nothing is."""
        return self.said.get((section, name), "")

    def state(self, matter: str, state: str) -> str:
        """Where a matter standing there goes; the same state where nothing is said."""
        return self.of("states", f"{matter}.{state}") or state

    def states(self) -> dict[str, str]:
        """matter.state → new state, without those that stay behind."""
        return {n: to for (s, n), to in self.said.items() if s == "states" and to != GRANDFATHER}

    def pins(self, case_no: str) -> bool:
        """Whether this case is said to stay under its version."""
        return self.everybody or self.of("cases", case_no) == GRANDFATHER

    def as_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {"cases": GRANDFATHER} if self.everybody else {}
        for (section, name), way in sorted(self.said.items()):
            out.setdefault(section, {})[name] = way
        return out


def load(path: Path, new: Definition, versions: Iterable[Definition]) -> Plan:
    """The plan in a file. `versions`: those open cases run under, whose names it may use.

    Raises DefinitionFaults (BadInput) with every fault and its line.
    """
    try:
        raw = path.read_bytes()
        text = raw[: LARGEST + 1].decode("utf-8")
    except OSError:
        raise DefinitionFaults(path.name, [Fault(1, f"打不开这个文件。请检查路径“{path}”和读取权限。")]) from None
    except UnicodeDecodeError:
        raise DefinitionFaults(path.name, [Fault(1, "文件不是 UTF-8 编码。请另存为 UTF-8 编码。")]) from None
    return loads(text, new, versions, name=path.name)


def loads(text: str, new: Definition, versions: Iterable[Definition], *, name: str = "plan.yaml") -> Plan:
    """The same from a text."""
    reading = read(text)
    faults = list(reading.faults)
    reader = _Reader(new, [new, *versions], faults)
    plan = reader.plan(reading.root) if reading.root is not None else Plan()
    if faults:
        raise DefinitionFaults(name, faults)
    return plan


class _Reader:
    def __init__(self, new: Definition, versions: list[Definition], faults: list[Fault]) -> None:
        self.new, self.faults, self.nearest = new, faults, Nearest()
        matters = [m for d in versions for m in d.matters.values()]
        states = [(m.name, s) for m in matters for s in m.states.values()]
        self.known: dict[str, dict[str, str]] = {
            "clocks": {c.name: c.label for d in versions for c in d.clocks.values()},
            "states": {f"{m}.{s.name}": s.label for m, s in states},
            "acts": {f"{m}.{a.name}": a.label for m, s in states for a in s.actions.values()},
            "matters": {m.name: m.label for m in matters},
            "facts": {n: "" for d in versions for n in (*d.facts, *d.dates)},
        }  # fmt: skip

    def say(self, line: int, text: str) -> None:
        self.faults.append(Fault(line, text))

    def plan(self, root: Table) -> Plan:
        said: dict[tuple[str, str], str] = {}
        everybody = False
        for key, node in root.pairs.values():
            if key.value not in SECTIONS:
                self.say(key.line, f"计划里不能写“{key.value[:40]}”。可以写：{'、'.join(SECTIONS)}。")
            elif key.value == "cases" and isinstance(node, Text):
                everybody = self._way("cases", "", node) == GRANDFATHER
            elif isinstance(node, Table):
                said |= {(key.value, n.value): way for n, way in self._entries(key.value, node)}
            elif not isinstance(node, Unreadable):
                self.say(key.line, f"{key.value} 下面要写“名字: 怎样过渡”各项。请照文档改正。")
        return Plan(said, everybody)

    def _entries(self, section: str, table: Table) -> Iterable[tuple[Text, str]]:
        for name, node in table.pairs.values():
            known = self.known.get(section)
            if known is not None and name.value not in known:
                meant = self.nearest.to(name.value, known)
                guess = f"是不是“{meant}”？" if meant else ""
                self.say(name.line, f"{section} 里的“{name.value[:60]}”新旧版本都没有。{guess}请改正或删掉。")
            elif way := self._way(section, name.value, node):
                yield name, way

    def _way(self, section: str, name: str, node: Node) -> str:
        value = node.value if isinstance(node, Text) else ""
        if section == "states" and value != GRANDFATHER:
            matter = self.new.matters.get(name.partition(".")[0])
            if matter is not None and value in matter.states:
                return value
            self.say(
                node.line,
                f"{name} 要写新版本里的一个状态，或者 grandfather（留在旧版本），现在是“{value[:40]}”。请改正。",
            )
            return ""
        ways = ALLOWED.get(section, (GRANDFATHER,))
        if value in ways:
            return value
        listed = "、".join(f"{w}（{WAYS[w]}）" for w in ways)
        self.say(node.line, f"{section} 的“{name or 'cases'}”只能写 {listed}，现在是“{value[:40]}”。请改正。")
        return ""
