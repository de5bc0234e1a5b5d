"""Conditions of the recognition (工伤认定), and of every lengthening."""

from __future__ import annotations

from datetime import date

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.situation import EventView, Situation


def proposal(s: Situation) -> EventView | None:
    """The officer's latest proposal on the application now before us; one on a withdrawn application does not count."""
    found, accepted = s.did("propose"), s.did("accept")
    return None if found and accepted and found.seq < accepted.seq else found


@guard
def opinion_recorded(s: Situation) -> Reason | None:
    wanted = "recognise" if s.action.name == "recognise" else "refuse"
    found = proposal(s)
    if found is None:
        return Reason(
            "承办人还没有提出拟办意见。请承办人先填写经过、核实情况和意见。", "no_opinion", "工伤认定办法#19", "承办人"
        )
    if s.facts.get("opinion") != wanted:
        return Reason(
            "承办人的拟办意见与这个决定不同。请承办人重新提出意见后再决定。",
            "opinion_differs",
            "工伤认定办法#19",
            "承办人",
        )
    decided = s.given.get("decided_on")
    if isinstance(decided, date) and decided < found.on:
        text = f"作出决定之日 {decided} 早于承办人提出拟办意见的 {found.on}。请核对决定书的日期。"
        return Reason(text, "before_opinion", "工伤认定办法#19", "审批人", "decided_on")
    return None


@guard
def not_the_officer(s: Situation) -> Reason | None:
    found = proposal(s)
    if found is None or found.actor_id != s.actor.id:
        return None
    return Reason(
        "拟办意见是您本人提出的，决定要由另一个人审批。请转给其他审批人。",
        "same_person",
        "工伤保险条例#20.4",
        "另一位审批人",
    )


@guard
def no_exclusion(s: Situation) -> Reason | None:
    if s.facts.get("exclusion") is False:
        return None
    text = (
        "记录有条例第十六条的情形，不能认定。" if s.facts.get("exclusion") else "还没有查明是否有条例第十六条的情形。"
    )
    return Reason(f"{text}请承办人核实后重新提出意见。", "exclusion", "工伤保险条例#16", "承办人", "exclusion")


@guard
def awaited_document_received(s: Situation) -> Reason | None:
    if s.given.get("document_received"):
        return None
    return Reason("所等的结论或生效文书还没有登记。请填写收到的文书名称和文号。", "document_missing", "工伤认定办法#20", "承办人",
                  "document_received")  # fmt: skip


@guard
def before_due(s: Situation) -> Reason | None:
    """A clock is lengthened while it runs, before its last day has passed, and as often as the law allows."""
    for name in s.action.extend:
        known = s.definition.clocks[name]
        running = next((c for c in s.clocks if c.name == name and c.state == "running"), None)
        if running is None or running.due_on is None:
            return Reason(f"“{known.label}”时限现在没有在走，不能延长。", "not_running", known.law, "办理人")
        if running.over(s.today):
            text = f"“{known.label}”时限已于 {running.due_on} 届满，期满后不能再延长。"
            return Reason(text, "past_due", known.law, "办理人")
        times = known.extends.times if known.extends else 0
        if times is not None and running.extensions >= times:
            law = known.extends.law if known.extends else known.law
            return Reason(f"“{known.label}”只能延长 {times} 次，已经延长过了。", "extended", law, "办理人")
    return None
