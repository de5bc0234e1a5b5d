"""Conditions of the appraisal (劳动能力鉴定)."""

from __future__ import annotations

from datetime import date

from workflow.errors import Reason
from workflow.guards.base import guard
from workflow.situation import Situation


@guard
def condition_stable(s: Situation) -> Reason | None:
    if s.facts.get("stable") is True:
        return None
    return Reason("伤病情还没有相对稳定，停工留薪期也没有满，现在不能申请鉴定。请病情稳定后再来。", "not_stable",
                  "劳动能力鉴定管理办法#7", "申请人", "stable")  # fmt: skip


@guard
def supplement_overdue(s: Situation) -> Reason | None:
    clock = s.clock("supplement")
    if clock is not None and clock.over(s.today):
        return None
    due = clock.due_on if clock else None
    return Reason(f"补充材料的期限（{due or '未定'}）还没有过，不能视为放弃。请等期满并查明有无正当理由。", "not_overdue",
                  "劳动能力鉴定管理办法#10.1", "鉴定委办公室")  # fmt: skip


def named_conflicts(s: Situation) -> set[str]:
    """The experts somebody says must stand aside, as typed."""
    typed = str(s.given.get("conflicts") or "").replace(",", "、").replace("，", "、")
    return {name.strip() for name in typed.split("、") if name.strip()}


@guard
def three_or_five_drawn(s: Situation) -> Reason | None:
    if strangers := named_conflicts(s) - {e["name"] for e in s.pool}:
        listed = "、".join(sorted(strangers))
        return Reason(f"专家库里没有“{listed}”，请核对应当回避的专家姓名。", "no_such_expert", field="conflicts")
    wanted, experts = int(str(s.facts.get("panel_size") or 0)), s.facts.get("experts") or []
    if wanted in (3, 5) and len(experts) == wanted:
        return None
    return Reason(
        f"专家库里除去应当回避的，只剩 {s.facts.get('pool_size', 0)} 名，抽不满 {wanted or '3 或 5'} 名。请先补充专家库。",
        "pool_too_small", "工伤保险条例#25", "鉴定委办公室", "panel_size",
    )  # fmt: skip


@guard
def no_conflict(s: Situation) -> Reason | None:
    barred = {*(s.facts.get("excluded") or [])}
    clash = [
        e["name"]
        for e in s.facts.get("experts") or []
        if e["name"] in barred or e["unit"] == s.case.get("employer_name")
    ]
    if not clash:
        return None
    return Reason(
        f"抽到应当回避的专家：{'、'.join(clash)}。请重新抽取。", "conflict", "劳动能力鉴定管理办法#11", "鉴定委办公室"
    )


@guard
def exam_held(s: Situation) -> Reason | None:
    day, done = s.facts.get("exam_on"), s.facts.get("concluded_on") or s.today
    if isinstance(day, date) and day <= done:
        return None
    return Reason(f"鉴定检查定在 {day}，还没有进行，不能作出结论。需要提前的请先改期。", "exam_not_held", "劳动能力鉴定管理办法#12",
                  "鉴定委办公室", "concluded_on")  # fmt: skip


@guard
def majority_opinion(s: Situation) -> Reason | None:
    size, votes = len(s.facts.get("experts") or []), s.facts.get("votes_for") or 0
    if size and size >= votes > size / 2:
        return None
    return Reason(f"鉴定组 {size} 人，同意的 {votes} 人，不成过半数的意见。请核对人数。", "no_majority", "劳动能力鉴定管理办法#15",
                  "劳动能力鉴定委员会", "votes_for")  # fmt: skip


@guard
def all_experts_signed(s: Situation) -> Reason | None:
    if s.facts.get("signed") is True:
        return None
    return Reason(
        "参加鉴定的专家还没有全部在鉴定意见上签名。请补齐签名。",
        "not_signed",
        "劳动能力鉴定管理办法#15",
        "专家组",
        "signed",
    )
