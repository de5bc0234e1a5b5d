"""The conditions states.yaml may name under `if:`.

Each is None when it holds, else the Reason: what is missing, by which article, who cures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workflow.definition.model import PaperDef
from workflow.errors import Reason
from workflow.situation import Situation

Guard = Callable[[Situation], Reason | None]
REGISTRY: dict[str, Guard] = {}
MARKS: Mapping[str, str] = {
    "employer_bears_costs": "单位逾期未申请，申请前发生的符合规定的费用由单位负担",
    "conclusion_stands": "没有申请再次鉴定，首次结论生效",
    "no_evidence_review": "逾期没有答复、没有交证据，视为没有证据，决定可能被撤销",
    "no_evidence_suit": "逾期没有交证据，视为没有相应证据",
    "may_seek_review": "法定期限已过还没有办，可以申请行政复议",
}
"""Legal effects a clock's expiry may mark, as shown to people."""


ADVICE: Mapping[str, str] = {
    "employer_bears_costs": "您、家属或工会现在就可以申请认定，请到窗口",
    "may_seek_review": "可以申请行政复议，请到窗口问",
}
"""What those a mark's expiry warns are told they may do now; short enough for a message."""
RETIRED = frozenset({"fund_pays", "appraisal_delivered"})
"""Conditions only older versions of states.yaml name: cases still run under them, so they stay."""
WAITS = "waits"
"""Code of a reason that only says: not yet. What the system would do by itself is then left for the next occasion."""


def guard(function: Guard) -> Guard:
    """Register a condition under its own name."""
    REGISTRY[function.__name__] = function
    return function


def asked_papers(s: Situation) -> tuple[PaperDef, ...]:
    """The papers this matter may ask for: those its acts receive, each with the article that allows asking."""
    names = dict.fromkeys(p for state in s.matter.states.values() for a in state.actions.values() for p in a.receive)
    return tuple(s.definition.papers[n] for n in names)


def missing_papers(s: Situation) -> tuple[PaperDef, ...]:
    """The papers not yet in."""
    return tuple(p for p in asked_papers(s) if p.name not in s.papers)
