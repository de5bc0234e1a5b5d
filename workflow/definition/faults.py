"""What is wrong with a states.yaml, line by line, and how a wrong name is met with the right one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from workflow.errors import BadInput, Reason


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: the line (from 1) and a Chinese sentence that says the cure."""

    line: int
    text: str


class DefinitionFaults(BadInput):
    """The file cannot be used. `lines` are all its faults by line; each sentence reads `states.yaml:LINE: …`."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.lines: list[Fault] = sorted(set(faults))
        super().__init__([Reason(f"{name}:{fault.line}: {fault.text}") for fault in self.lines])


class Nearest:
    """The known name a wrong one most likely meant. Bounded, so that a hostile file cannot make it slow."""

    ASKED_AT_MOST = 300
    LONGEST = 60
    MOST_CANDIDATES = 300

    def __init__(self) -> None:
        self._asked = 0

    def to(self, wrong: str, known: Mapping[str, str]) -> str:
        """A key of `known` (name → Chinese label) like `wrong`, written in full width, or under its label; else ""."""
        if not wrong or len(wrong) > self.LONGEST:
            return ""
        narrow = unicodedata.normalize("NFKC", wrong).strip().lower()
        if narrow in known:
            return narrow
        if self._asked >= self.ASKED_AT_MOST or len(known) > self.MOST_CANDIDATES:
            return ""
        self._asked += 1
        by_label = next((name for name, label in known.items() if label == wrong), "")
        close = get_close_matches(narrow, known, n=1, cutoff=0.6)
        return by_label or (close[0] if close else "")
