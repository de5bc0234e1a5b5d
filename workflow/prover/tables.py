"""What the prover has to be told: who is who, which conditions ask for a clock, what is known from the first day.

Everything else it reads from the definition and from workflow.law. A line missing here makes a proof weaker or a
refutation false, so each table says what it assumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflow.permissions import PARTY, PARTY_OWNERS

SYSTEM = "system"
PARTIES = PARTY_OWNERS
WORKER_SIDE = frozenset({"worker", "relative", "union", "applicant", "recipient", PARTY})
OUTSIDE = frozenset({
    "health", "diagnosis_institution", "appraisal_body", "arbitration", "review_body", "court", "regional_committee",
})  # fmt: skip
"""Bodies that decide outside this system: our offices record for them, so they need no act of their own."""

KNOWN_BODIES: Mapping[str, frozenset[str]] = {
    "party": PARTIES,
    "applicant": PARTIES,
    "recipient": WORKER_SIDE,
    "bureau": frozenset({"bureau", "desk", "officer", "approver"}),
    "respondent": frozenset({"officer", "approver", "agency", "agency_head"}),
}
"""Owner in the law table → the people of the file who may carry that duty; any other owner is only itself."""

CASE_FACTS = frozenset({"diagnosed_on"})
"""What every case knows before any act."""
OPENED_FACTS = frozenset({"opened_on"})
"""What a matter opened by an act of another one (or taken in at the window) knows besides."""
SERVED_FACTS = frozenset({"received_on", "decision", "decision_kind", "decision_label", "addressee"})
"""What a matter opened for one addressee of a document knows besides."""
DELIVERY_FACTS = frozenset({"addressee", "way", "received_on", "delivery_note"})
"""What an act done for each addressee keeps in its delivery record, not with the matter."""


@dataclass(frozen=True)
class Look:
    """What a condition asks of clocks: one of `clocks` (all of those the act lengthens where none is named) must be
    running before its end, over, on (either) or off."""

    wanted: str
    clocks: tuple[str, ...] = ()


LOOKS: Mapping[str, Look] = {
    "before_due": Look("running"),
    "supplement_overdue": Look("over", ("supplement",)),
    "evidence_overdue": Look("over", ("evidence",)),
    "limit_passed": Look(
        "over", ("examine", "decide", "serve", "ordered_by", "reimburse", "dun_employer", "carry_out_by")
    ),
    "recheck_open": Look("over", ("recheck_from",)),
    "repay_lapsed": Look("over", ("repay_fund",)),
    "exclusion_sound": Look("on", ("worker_files", "former_files")),
    "on_ordinary_track": Look("off", ("decide_fast",)),
}
"""Condition → what it asks of clocks. Every other condition is assumed possible."""
ONLY_WAIT_FOR_CLOCKS = frozenset({"all_windows_over"})
"""Conditions of an act done at an expiry that hold as soon as no other clock with the same act has to run out."""
WAIT_ONLY_IN: Mapping[str, frozenset[str]] = {"rights_told": frozenset({"uninformed"})}
"""Condition of such an act → the states in which alone it does not hold."""
PREPARED_STOPS: Mapping[str, tuple[str, ...]] = {"choose_track": ("decide_fast",)}
"""Preparation → clocks it may stop (both ways are explored)."""
PERSONAL = frozenset({
    "own_application", "opinion_recorded", "not_the_officer", "second_person", "approved_by_others", "not_the_payer",
    "account_confirmed", "own_recheck",
})  # fmt: skip
"""Conditions that ask who did what before: the system alone cannot meet them."""

ASSUMPTIONS = (
    "时限只分六种：没有启动、在走、中止、已办、已停、已届满；具体日期不算，任何在走的时限随时可能届满，先后不限。",
    "条件（if）都算可能成立；只有“期满前才能延长”“补充期已过”这类只看时限的条件，按时限的状态判断。",
    "重新写了的起算日期，可能是新的，也可能还是原来那一天；中止着的、停掉的时限，两种都查。",
    "每个收件人的时限互不影响：只跟踪任意一位收件人，另一位只记有没有送到，结论对每一位都成立。",
    "已经送到的收件人，不会再对他登记送达失败或者公告。",
    "案件一开始只知道诊断之日；由别的事项开立的，还知道开立之日；按收件人开立的，还知道收到之日和文书。",
    "从表格导入、直接放进中间状态的案件不在证明之内，导入时另外提示补录。",
    "到期自动办的事，没有条件的届满当即办成；只等同样后果的时限的，最后一个届满时办成；别的条件，办成和等着两种都查。",
    "每次只跟踪一对上下级事项；同一文书开立的几个下级互不相等，逐个证明。",
    "人会去办：证明的是总有人被催、总有事可办、总走得到终点，不是某人一定会办。",
)
"""What a proof rests on; printed with every report."""
