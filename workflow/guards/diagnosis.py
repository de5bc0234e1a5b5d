"""Conditions of watching a diagnosis (职业病诊断、诊断鉴定): health authorities decide, we record in the right order."""

from __future__ import annotations

from datetime import date

from workflow.errors import Reason
from workflow.guards.base import WAITS, guard
from workflow.situation import Situation

LONGEST_LEFT_OUT = 30
"""日: the longest a medical examination or a site survey is left out of the appraisal's time (职业病诊断与鉴定管理办法#44)."""


@guard
def data_complete_or_default(s: Situation) -> Reason | None:
    """Without the employer's data only after the health authority has been asked to press it (职业病防治法#47.1, #48.1)."""
    if s.given.get("data_basis") != "default" or s.facts.get("urged_on"):
        return None
    text = "单位不提供资料的，要先提请卫生健康部门督促，仍不提供才能按接触史等作诊断。请先登记提请督促。"
    return Reason(text, "not_urged", "职业病诊断与鉴定管理办法#24", "诊断机构", "data_basis")


@guard
def result_was_negative(s: Situation) -> Reason | None:
    if s.facts.get("result_before") == "negative":
        return None
    text = "现在的结论就是职业病，不会改为职业病。请办“登记鉴定维持原结论”。"
    return Reason(text, "is_positive", "职业病诊断与鉴定管理办法#43.3", "鉴定机构")


@guard
def result_was_positive(s: Situation) -> Reason | None:
    """A case taken in after its diagnosis rests on a positive one, recorded here or not."""
    if s.facts.get("result_before") != "negative":
        return None
    text = "现在的结论就不是职业病，不会改为不是职业病。请办“登记鉴定维持原结论”。"
    return Reason(text, "is_negative", "职业病诊断与鉴定管理办法#43.3", "鉴定机构")


@guard
def not_appraised(s: Situation) -> Reason | None:
    if not s.facts.get("da_level_before"):
        return None
    text = "已经申请过诊断鉴定。对首次鉴定不服的，请办“登记申请再次诊断鉴定”；再次鉴定是最终的。"
    return Reason(text, "appraised", "职业病诊断与鉴定管理办法#35", "申请人")


@guard
def first_level(s: Situation) -> Reason | None:
    """Asked of the level before the act: one that asks for the next level has set it already."""
    if s.facts.get("da_level_before" if s.action.prepare == "region_level" else "da_level") == "city":
        return None
    text = "这已经是自治区的再次鉴定，是最终的，不能再申请鉴定。请办“登记双方收到再次鉴定书”。"
    return Reason(text, "final_level", "职业病诊断与鉴定管理办法#35", "鉴定机构")


@guard
def second_level(s: Situation) -> Reason | None:
    if s.facts.get("da_level") == "region":
        return None
    text = "这是首次鉴定，双方各有 15 日申请再次鉴定。请分别登记职工、单位收到诊断鉴定书。"
    return Reason(text, "not_final_level", "职业病诊断与鉴定管理办法#35.2", "鉴定机构")


@guard
def excluded_within_30(s: Situation) -> Reason | None:
    since, until = s.given.get("excluded_from"), s.given.get("excluded_to")
    if not (isinstance(since, date) and isinstance(until, date)) or (until - since).days <= LONGEST_LEFT_OUT:
        return None
    text = f"一次扣除了 {(until - since).days} 日，医学检查、现场调查各不超过 {LONGEST_LEFT_OUT} 日。请核对起止日期。"
    return Reason(text, "too_long", "职业病诊断与鉴定管理办法#44", "鉴定机构", "excluded_to")


@guard
def own_time_to_sue(s: Situation) -> Reason | None:
    """An employer may sue over a relationship disputed during the diagnosis only when that procedure is over (职业病防治法#49.4)."""
    side = s.behalf or ("employer" if "employer" in s.actor.roles else "worker")
    state, _ = s.others.get("diagnosis", ("", {}))
    diagnosing = s.definition.matters["diagnosis"].states.get(state)
    over = diagnosing is not None and diagnosing.end
    if side != "employer" or s.state.name != "special_award" or over:
        return None
    text = "诊断、鉴定中的劳动关系争议，单位要等诊断、鉴定程序结束以后 15 日内才能起诉；现在只有职工方可以。请等程序结束再登记。"
    return Reason(text, "too_early", "职业病防治法#49.4", "用人单位", "behalf" if s.behalf else "")


@guard
def both_have_it(s: Situation) -> Reason | None:
    """The result stands only when both sides have had it and let their time pass."""
    sheet = "da_on" if s.state.name.startswith("da_") else "received_on"
    names = {"worker": "职工", "employer": "单位"}
    missing = [label for who, label in names.items() if not s.facts.get(f"{who}_{sheet}")]
    if not missing:
        return None
    text = f"{'、'.join(missing)}还没有收到证明书（鉴定书），异议期没有起算，要等。"
    return Reason(text, WAITS, "职业病诊断与鉴定管理办法#34", "诊断机构")
