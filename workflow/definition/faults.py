"""What is wrong with a states.yaml, line by line, and how a wrong name is met with the right one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from workflow.errors import BadInput, Reason


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: the line (from 1) and a Chinese sentence that says the cure."""

    line: int
    text: str


class DefinitionFaults(BadInput):
    """The file cannot be used. `lines` are all its faults by line; each sentence reads `states.yaml:LINE: …`.

    Of more faults than anybody would go through (MOST) the first are told, and how many there are besides.
    """

    MOST = 2_000

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.lines: list[Fault] = sorted(set(faults))
        if more := self.lines[self.MOST :]:
            self.lines[self.MOST :] = [
                Fault(more[0].line, f"从这一行起还有 {len(more)} 处没有列出。请先改前面的，再检查一遍。")
            ]
        super().__init__([Reason(f"{name}:{fault.line}: {fault.text}") for fault in self.lines])


class Nearest:
    """The known name a wrong one most likely meant. Bounded in all, so that a hostile file cannot make it slow."""

    LONGEST = 60
    WORK = 5_000_000
    """Characters gone over for one file, and pairs of characters where two names are compared closely."""

    def __init__(self) -> None:
        self._work = self.WORK

    def to(self, wrong: str, known: Mapping[str, str]) -> str:
        """A key of `known` (name → Chinese label) like `wrong`, written in full width, or under its label; else ""."""
        if not wrong or len(wrong) > self.LONGEST:
            return ""
        narrow = unicodedata.normalize("NFKC", wrong).strip().lower()
        if narrow in known:
            return narrow
        self._work -= len(known)
        if self._work < 0 or len(narrow) > self.LONGEST:  # a single character may become eighteen
            return ""
        by_label = next((name for name, label in known.items() if label == wrong), "")
        return by_label or self._closest(narrow, known)

    def _closest(self, wrong: str, known: Iterable[str]) -> str:
        """The name at least 0.6 alike that is most alike, as difflib counts it; what is cheap to rule out is ruled out first."""
        matcher = SequenceMatcher(b=wrong)
        best, alike = "", 0.6
        for name in known:
            self._work -= len(name) + len(wrong)
            if self._work < 0:
                break
            matcher.set_seq1(name)
            if matcher.real_quick_ratio() < alike or matcher.quick_ratio() < alike:
                continue
            self._work -= len(name) * len(wrong)
            if (ratio := matcher.ratio()) > alike or (not best and ratio == alike):
                best, alike = name, ratio
        return best
