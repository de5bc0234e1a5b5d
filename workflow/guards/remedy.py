"""Conditions of objecting to a decision (行政复议、行政诉讼), and of every window that closes by itself.

The review body and the courts decide; these conditions keep the record consistent, and send what looks late to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from workflow.daycount import Span, matching
from workflow.errors import Reason
from workflow.guards.base import WAITS, guard
from workflow.situation import ClockView, Situation

FILED: Mapping[str, frozenset[str]] = {
    "review_filed_on": frozenset({"AR-APPLY", "AR-NOTINFORMED"}),
    "suit_filed_on": frozenset({"AL-DIRECT", "AL-NOTINFORMED", "AL-REVIEW", "AL-INACTION"}),
    "appeal_filed_on": frozenset({"AL-APPEAL", "AL-APPEAL-ORDER"}),
    "da_filed_on": frozenset({"OD-APR", "OD-RE"}),
}
"""The day an act keeps → the codes of the limits it must keep."""
CHANGED = frozenset({"annulled", "redo", "ordered_to_act"})
"""Outcomes after which the first decision no longer stands as it was."""
OF_INACTION = frozenset({"upheld", "unlawful", "ordered_to_act", "review_upheld", "review_annulled"})
ABOUT_REVIEW = frozenset({"review_upheld", "review_annulled"})
WITH_TERM = frozenset({"redo", "ordered_to_act"})
REVIEW_FIRST = date(2024, 1, 1)
"""Suits against inaction brought from this day on need a review first (行政复议法#23.1(3))."""
REPLACED_BY: Mapping[str, tuple[str, ...]] = {
    "recognition": ("decided_on", "revoked_on"), "non_recognition": ("decided_on",), "revocation_decision": ("decided_on", "revoked_on"),
    "non_acceptance": ("accepted_on", "declined_on", "decided_on"),
    **dict.fromkeys(("benefit_sheet", "employer_notice", "no_grade_notice", "claim_refusal"), ("approved_on", "noticed_on")),
    "stop_notice": ("stopped_on", "restarted_on"), "recovery_order": ("recovery_ordered_on",),
    **dict.fromkeys(("survivor_sheet", "survivor_refusal"), ("survivor_decided_on",)),
    **dict.fromkeys(("advance_decision", "advance_refusal"), ("advanced_on", "advance_refused_on")),
    "repay_order": ("repay_ordered_on",), **dict.fromkeys(("reimb_decision", "reimb_refusal"), ("reimb_decided_on",)),
}  # fmt: skip
"""Kind of document → the days of the parent's acts that put another decision in its place."""
DEEDS = (
    "accepted_on", "asked_on", "declined_on", "decided_on", "transferred_on", "dunned_on", "readmitted_on", "redone_on",
    "reimb_decided_on", "advanced_on", "advance_refused_on", "claimed_on", "determined_on", "paid_on",
)  # fmt: skip
"""The days of the acts whose absence is complained of."""
SERVED = frozenset({"delivered", "final", "not_accepted", "revocation_served"})
"""States of the recognition in which what had to be served has been served."""
FIVE_YEARS, ONE_YEAR = Span(5, "年"), Span(1, "年")


def is_inaction(s: Situation) -> bool:
    """Whether it is about not having acted in time, not about a decision (行政复议法#11(11))."""
    return s.facts.get("decision_kind") == "inaction" or "duty_ended_on" in s.facts


def window_clocks(s: Situation) -> Iterator[ClockView]:
    """The running or waiting clocks of this state that would do this act when they run out."""
    known = s.definition.clocks
    wanted = {name for name in s.state.clocks if known[name].on_expiry.act == s.action.name}
    return (c for c in s.clocks if c.name in wanted and c.state in ("running", "paused", "unstarted"))


@guard
def all_windows_over(s: Situation) -> Reason | None:
    """A matter is over with the last of its windows, whichever of them has just run out."""
    given = s.given.get(s.action.on) if s.action.on else None
    day = given if isinstance(given, date) else s.today
    for clock in window_clocks(s):
        known = s.definition.clocks[clock.name]
        if clock.due_on is None or clock.state != "running" or clock.due_on > day:
            when = f"到 {clock.due_on} 才届满" if clock.due_on else "还没有起算"
            return Reason(f"“{known.label}”的期限{when}，要等它。", WAITS, known.law, "系统")
    return None


@guard
def decision_replaced(s: Situation) -> Reason | None:
    """A window is closed early only where what it is about is really gone: another decision made since it was received, or
    the thing not done in time done since (行政复议法#20: nobody else ends a party's period)."""
    if s.parent is None:
        return Reason(
            "查不到这件救济所涉的事项，不能登记。期限届满由系统办理。", "no_parent", "行政复议法#20", "承办人"
        )
    if is_inaction(s):
        return None if _done_since(s, s.facts.get("opened_on")) else Reason(
            "原来没有办的事情现在还没有办，期限不能提前结束。请先把事情办了，或者等期限届满。", "not_done", "行政复议法#20.1", "承办人",
        )  # fmt: skip
    days, received = REPLACED_BY.get(str(s.facts.get("decision_kind") or ""), ()), s.facts.get("received_on")
    later = (s.parent.facts.get(n) for n in days)
    if isinstance(received, date) and any(isinstance(d, date) and d > received for d in later):
        return None
    text = f"{received or '（收到之日不明）'}收到的这份决定以后，没有作出新的决定代替它，期限不能提前结束。请等新的决定作出，或者等期限届满。"
    return Reason(text, "not_replaced", "行政复议法#20.1", "承办人")


def _done_since(s: Situation, opened: object) -> bool:
    assert s.parent is not None
    if s.parent.name == "recognition" and s.parent.state in SERVED:
        return True
    days = (s.parent.facts.get(n) for n in DEEDS)
    return isinstance(opened, date) and any(isinstance(d, date) and d >= opened for d in days)


@guard
def windows_past(s: Situation) -> Reason | None:
    """A person may close what the system no longer looks at, never a window that is still open."""
    known = s.definition.clocks
    names = {n for n in s.state.clocks if known[n].on_expiry.act == "close_window"}
    for clock in s.clocks:
        if clock.name in names and clock.state == "running" and clock.due_on is not None and clock.due_on >= s.today:
            law = known[clock.name].law
            text = f"“{known[clock.name].label}”的期限到 {clock.due_on} 才届满，现在不能登记届满。请等期满。"
            return Reason(text, "window_open", law, "承办人")
    return None


@guard
def rights_told(s: Situation) -> Reason | None:
    """No window closes on somebody who has not been told of it; the year's end is a person's to record."""
    if s.state.name != "uninformed":
        return None
    text = "救济权利还没有补充告知，期限不能届满。请先补充告知并登记，或者满一年后登记满一年。"
    return Reason(text, WAITS, "行政复议法#20.3", "窗口")


@guard
def year_over(s: Situation) -> Reason | None:
    """One year from knowing what was decided is the longest, told or not (行政复议法#20.3, 行政诉讼法解释#64)."""
    received = s.facts.get("received_on")
    last = matching(received, ONE_YEAR) if isinstance(received, date) else None
    if last is not None and s.today > last:
        return None
    text = f"从收到决定起满一年是 {last or '（收到之日不明）'}，还没有过。请先补充告知救济权利。"
    return Reason(text, "year_not_over", "行政诉讼法解释#64", "窗口")


def _where(s: Situation) -> str:
    """The state the matter stands in, or, at an end, the one it was closed in."""
    return str(s.facts.get("closed_in") or "") if s.state.end else s.state.name


@guard
def still_possible(s: Situation) -> Reason | None:
    """At an end only what was open when it was closed can have been done in time and be heard of late."""
    if not s.state.end:
        return None
    before = s.matter.states.get(_where(s))
    if before is not None and s.action.name in before.actions:
        return None
    label = f"结束以前是“{before.label}”" if before else "不知道结束以前在哪一步"
    retrial = "；法院决定再审的，办“登记法院再审”" if "retrial" in s.state.actions else ""
    return Reason(
        f"{label}，那时不能办“{s.action.label}”。请核对文书{retrial}。", "not_open_then", s.action.law, "承办人"
    )


@guard
def filed_in_time(s: Situation) -> Reason | None:
    """What looks late is not refused here: a written note lets it through, who decides it decides that too."""
    filed = s.given.get(s.action.on) or s.today
    codes, place = FILED[s.action.on], s.matter.states.get(_where(s))
    rows = [c for c in s.clocks if s.definition.clocks[c.name].code in codes and c.due_on and c.state != "stopped"]
    here = [c for c in rows if place is not None and c.name in place.clocks] or rows
    last = max((c.due_on for c in here if c.due_on), default=None)
    if last is None or not isinstance(filed, date) or filed <= last or s.given.get("late_reason"):
        return None
    text = f"日期 {filed} 已过期限（{last} 届满）。请在“超过期限的说明”里写明耽误的理由，或者复议机关、法院、鉴定机构已经受理。"
    return Reason(f"{text}系统不自动拒绝。", "filed_late", s.action.law, "当事人、窗口", "late_reason")


@guard
def first_review(s: Situation) -> Reason | None:
    """A review taken back or refused is not asked for again on the same facts (行政复议法#74.2, #30.1(7))."""
    if _where(s) == "review_refused":
        text = "这份决定已经申请过复议，没有受理或者被驳回，不能再次申请。可以到法院起诉。"
        return Reason(text, "review_used", "行政复议法#30.1(7)", "当事人")
    if _where(s) == "suit_only" and s.facts.get("review_ended_on"):
        text = "这份决定的复议已经撤回或者终止，不能以同一事实和理由再次申请。还在期限里的可以到法院起诉。"
        return Reason(text, "review_used", "行政复议法#74.2", "当事人")
    return None


@guard
def review_before_suit(s: Situation) -> Reason | None:
    """Against inaction: review first (行政复议法#23.1(3)), unless it was decided, refused or let lapse (行政复议法#34)."""
    filed = s.given.get("suit_filed_on") or s.today
    reviewed = any(s.facts.get(n) for n in ("review_served_on", "refusal_served_on", "review_lapsed_on"))
    if not is_inaction(s) or reviewed or (isinstance(filed, date) and filed < REVIEW_FIRST):
        return None
    text = "超过期限没有办的，2024-01-01 起要先申请行政复议，对复议不服再起诉。请先登记申请复议。"
    return Reason(text, "review_first", "行政复议法#23.1(3)", "当事人")


@guard
def about_inaction(s: Situation) -> Reason | None:
    kind = s.facts.get("decision_kind")
    if kind in (None, "", "inaction"):
        return None
    text = f"这一件是对文书“{s.facts.get('decision_label') or kind}”的救济，不是不作为。请直接登记复议或者起诉。"
    return Reason(text, "has_decision", "行政复议法#23.1(3)", "窗口")


@guard
def about_decision(s: Situation) -> Reason | None:
    if not is_inaction(s):
        return None
    text = "这一件是不作为，没有可以重新打开的决定期限。请登记申请复议，由复议机关决定是否受理。"
    return Reason(text, "inaction", "行政复议法#23.1(3)", "当事人")


@guard
def within_five_years(s: Situation) -> Reason | None:
    """Whatever the obstacle: nothing is heard five years after the act (行政复议法#21, 行政诉讼法#46.2)."""
    made = s.facts.get("made_on")
    if not isinstance(made, date) or s.today <= matching(made, FIVE_YEARS):
        return None
    law = "行政诉讼法#46.2" if "sue_direct" in s.action.exclude else "行政复议法#21"
    text = f"原决定 {made} 作出，已经超过五年，扣除耽误的时间也不再受理。请核对日期。"
    return Reason(text, "five_years", law, "承办人", "made_on")


@guard
def supplement_not_asked(s: Situation) -> Reason | None:
    asked = s.facts.get("supp_filed_on")
    if asked is None:
        return None
    text = f"复议申请已经补正过（{asked}），补正通知只能一次。请登记受理或者不予受理。"
    return Reason(text, "asked_before", "行政复议法#31.1", "复议机关")


@guard
def only_deemed(s: Situation) -> Reason | None:
    """What the review body really did in time replaces an acceptance the system had to presume."""
    if s.facts.get("deemed") is True:
        return None
    text = "复议机关已经明确受理，不能再登记期内的补正或者不予受理。驳回申请的，办“登记驳回复议申请”。"
    return Reason(text, "really_accepted", "行政复议法#30.3", "复议机关")


@guard
def judged_here(s: Situation) -> Reason | None:
    if s.facts.get("docketed_on"):
        return None
    return Reason("这一件没有经过法院审理，没有可以再审的裁判。", "no_judgment", "行政诉讼法#90", "法院")


@guard
def review_was_annulled(s: Situation) -> Reason | None:
    if s.facts.get("outcome") == "review_annulled":
        return None
    return Reason(
        "复议决定没有被法院撤销，复议机关不重新审理。请核对生效裁判。", "review_stands", "行政诉讼法#79", "复议机关"
    )


@guard
def ruling_fits(s: Situation) -> Reason | None:
    """The outcome recorded must be one this case can have, and say what the next decision needs to know."""
    outcome = str(s.facts.get("outcome") or "")
    if is_inaction(s) and outcome not in OF_INACTION:
        text = "这一件是不作为，没有可以变更、撤销的决定。请选责令履行、确认违法或者驳回请求。"
        return Reason(text, "wrong_kind", "行政复议法#66", "登记人", "outcome")
    return _against_review(s, outcome) or _next_decision(s, outcome)


def _against_review(s: Situation, outcome: str) -> Reason | None:
    """Outcomes about the review decision come from a court, after a review."""
    court, reviewed = "docketed_on" in s.facts, s.facts.get("review_served_on")
    if outcome in ABOUT_REVIEW and not (court and reviewed):
        text = "没有经过复议，或者这是复议决定，不会有这个结果。请按文书的主文另选。"
        return Reason(text, "no_review", s.action.law, "登记人", "outcome")
    if court and outcome == "upheld" and s.facts.get("review_outcome") in CHANGED:
        text = "复议已经撤销原决定或者责令重作、履行，法院驳回请求是维持复议决定。请选“维持复议决定”。"
        return Reason(text, "review_changed_it", "行政诉讼法#69", "登记人", "outcome")
    return None


def _next_decision(s: Situation, outcome: str) -> Reason | None:
    recognised = s.parent is not None and s.parent.name == "recognition"
    if outcome == "varied" and recognised and not s.given.get("varied_to"):
        text = "决定被变更的，请填写变更成什么，工伤认定要跟着改。"
        return Reason(text, "varied_to_missing", "行政复议法#63", "登记人", "varied_to")
    if outcome == "redo" and not isinstance(s.given.get("procedural"), bool):
        text = "责令重新作出的，请填写是否只因程序违法撤销：不是的，重作时不能以同一事实和理由作出基本相同的决定。"
        return Reason(text, "procedural_missing", "行政诉讼法#71", "登记人", "procedural")
    if outcome not in WITH_TERM and s.given.get("redo_by_on"):
        text = "没有责令重新作出或者履行，不会有办理期限。请删去“限期办理的最后一日”，或者改处理结果。"
        return Reason(text, "no_term", "行政复议法#64", "登记人", "redo_by_on")
    return None
