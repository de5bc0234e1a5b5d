"""Everything the engine may answer instead of doing what it was asked.

Each is a sentence someone can act on: what is missing, by which article, who can cure it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Reason:
    """Why something cannot be done: `text` (Chinese sentence with the cure), its article, who can cure it."""

    text: str
    code: str = ""
    law: str = ""
    who: str = ""
    field: str = ""

    def sentence(self) -> str:
        """The whole reason in one Chinese sentence, the article in brackets at its end."""
        return f"{self.text}（依据：{self.law}）" if self.law else self.text

    def as_dict(self) -> dict[str, str]:
        return {k: v for k, v in asdict(self).items() if v}


class Stopped(Exception):
    """Base of every answer that is not a breakdown; shown to the user, exit code 2 on the command line."""

    status = 409

    def __init__(self, reasons: Sequence[Reason] | Reason | str) -> None:
        if isinstance(reasons, str):
            reasons = [Reason(reasons)]
        elif isinstance(reasons, Reason):
            reasons = [reasons]
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        super().__init__("；".join(r.sentence() for r in self.reasons))

    def sentences(self) -> list[str]:
        return [r.sentence() for r in self.reasons]


class Refused(Stopped):
    """The law, the process or the file does not allow it now; nothing was written."""


class Forbidden(Stopped):
    """This person may not see or do it."""

    status = 403


class NotFound(Stopped):
    """No such case, matter, action, user: or none this person may know of."""

    status = 404


class BadInput(Stopped):
    """What was typed or uploaded is faulty; all faults at once."""

    status = 400


class Conflict(Stopped):
    """Somebody else was first; `changes` says what they did since the version this person saw."""

    def __init__(self, text: str, changes: Sequence[Mapping[str, Any]] = ()) -> None:
        self.changes = tuple(changes)
        super().__init__(text)


class BadSetting(Stopped):
    """A setting stops the start."""


class UnknownFigure(Refused):
    """A local figure a decision would rest on is not entered, not approved or not verified."""
