"""Further conditions of the appraisal (劳动能力鉴定): first and re-check rounds, second appraisal, finality."""

from __future__ import annotations

from datetime import date

from workflow.errors import Reason
from workflow.guards.base import WAITS, guard
from workflow.situation import ClockView, Situation

WINDOWS = ("ask_again", "ask_again_recheck")
"""The periods in which somebody may ask the region to appraise again."""
STANDING = ("decided", "delivered", "correcting", "final")
"""States of the recognition in which its decision stands."""
RECHECK = "recheck"
CONCLUDING = ("conclude", "conclude_recheck", "correct_conclusion", "conclude_second", "region_corrects")
"""Acts that make the conclusion now in force."""
REGIONAL = frozenset({"conclude_second", "region_corrects"})


@guard
def recognised_as_injury(s: Situation) -> Reason | None:
    """The recognition has been decided, and positively; one that was annulled, revoked or is being redone carries nothing."""
    state, facts = s.others.get("recognition", ("", {}))
    yes = facts.get("recognised")
    if yes is None:  # placed from a form, or decided before this was noted
        yes = facts.get("opinion") != "refuse"
    if state in STANDING and yes:
        return None
    why = "工伤认定没有认定为工伤" if state in STANDING else "没有现在有效的认定工伤决定"
    return Reason(f"{why}，不能申请劳动能力鉴定。请先办结工伤认定。", "not_recognised", "工伤保险条例#23", "申请人")


@guard
def first_round(s: Situation) -> Reason | None:
    if s.facts.get("appraisal_kind") != RECHECK:
        return None
    return Reason(
        "现在办的是复查鉴定，请办名称里写着“复查”的那一件。", "recheck_round", "劳动能力鉴定管理办法#20", "鉴定委办公室"
    )


@guard
def recheck_round(s: Situation) -> Reason | None:
    if s.facts.get("appraisal_kind") == RECHECK:
        return None
    return Reason(
        "现在办的不是复查鉴定，请办名称里没有“复查”的那一件。", "first_round", "劳动能力鉴定管理办法#20", "鉴定委办公室"
    )


@guard
def own_recheck(s: Situation) -> Reason | None:
    """Only who asked for the re-check may take it back; worker and relatives are one side."""
    asked = s.did("apply_recheck")
    sides = {"relative": "worker"}
    before, now = (
        str(v or "")
        for v in ((asked.facts if asked else {}).get("recheck_applicant"), s.given.get("recheck_applicant"))
    )
    if sides.get(before, before) == sides.get(now, now):
        return None
    return Reason("复查申请不是这一方提出的，只能由提出的一方撤回。请核对申请人。", "not_your_application", "工伤保险条例#28", "申请人",
                  "recheck_applicant")  # fmt: skip


@guard
def visit_sound(s: Situation) -> Reason | None:
    if s.given.get("critically_ill") is not True:
        return Reason("上门或者委托鉴定只用于病情危重、行动不便的职工。其他情况请办改期。", "not_ill", "劳动能力鉴定管理办法#12.3", "鉴定委办公室",
                      "critically_ill")  # fmt: skip
    if s.given.get("exam_way") != "entrusted" or s.given.get("entrusted_to"):
        return None
    return Reason(
        "委托鉴定的，请填写受委托的机构。",
        "nobody_entrusted",
        "劳动能力鉴定管理办法#12.3",
        "鉴定委办公室",
        "entrusted_to",
    )


@guard
def identity_verified(s: Situation) -> Reason | None:
    if s.given.get("identity_checked") is True:
        return None
    return Reason("还没有核对参加检查的是不是职工本人。请核对身份证或者社会保障卡后再登记。", "not_identified", "劳动能力鉴定管理办法#12",
                  "鉴定委办公室", "identity_checked")  # fmt: skip


@guard
def exam_done(s: Situation) -> Reason | None:
    """The examination lies on or before the day of this act; an earlier round's conclusion says nothing about it."""
    day, own = s.facts.get("exam_on"), s.given.get(s.action.on) if s.action.on else None
    upon = own if isinstance(own, date) else s.today
    if isinstance(day, date) and day <= upon:
        return None
    return Reason(f"鉴定检查定在 {day or '（未定）'}，还没有进行。请等检查做完；需要提前的请先改期。", "exam_not_held", "劳动能力鉴定管理办法#12",
                  "鉴定委办公室", s.action.on)  # fmt: skip


@guard
def absence_shown(s: Situation) -> Reason | None:
    """Nobody has failed to come before the appointed day of the examination is over (劳动能力鉴定管理办法#14)."""
    if s.given.get("termination_ground") != "no_show":
        return None
    day, own = s.facts.get("exam_on"), s.given.get(s.action.on) if s.action.on else None
    upon = own if isinstance(own, date) else s.today
    if isinstance(day, date) and day < upon:
        return None
    text = (
        f"检查定在 {day or '（未定）'}，这一天还没有过完，不能以不参加鉴定终止。请等检查日过后，查明有无正当理由再办。"
    )
    return Reason(text, "exam_day_not_over", "劳动能力鉴定管理办法#14", "鉴定委办公室", "termination_ground")


@guard
def supplement_longer(s: Situation) -> Reason | None:
    """The day fixed for papers is put off before it has passed, to a later one, by a notice of another day."""
    clock, law = s.clock("supplement"), "劳动能力鉴定管理办法#10.1"
    own, until = s.given.get(s.action.on), s.given.get("supplement_by_on")
    upon = own if isinstance(own, date) else s.today
    if clock is None or clock.due_on is None or clock.start_on is None or s.today > clock.due_on:
        due = clock.due_on if clock else None
        text = f"补充材料的期限（{due or '未定'}）已经过了，不能再延长。有正当理由的，接着收材料，不要登记视为放弃。"
        return Reason(text, "past_due", law, "鉴定委办公室")
    if upon <= clock.start_on:
        text = f"上一份告知书是 {clock.start_on} 发出的，延长期限要在以后的日子另发告知书。请核对日期。"
        return Reason(text, "same_day", law, "鉴定委办公室", s.action.on)
    if isinstance(until, date) and until <= clock.due_on:
        text = f"新的期满之日要晚于原来的 {clock.due_on}。请改日期。"
        return Reason(text, "not_longer", law, "鉴定委办公室", "supplement_by_on")
    return None


def _from_region(s: Situation) -> bool:
    """Whether the conclusion now in force is the region's; a matter placed from a form has no acts, only the day."""
    made = s.did(*CONCLUDING)
    return made.action in REGIONAL if made else isinstance(s.facts.get("second_concluded_on"), date)


@guard
def own_conclusion(s: Situation) -> Reason | None:
    """Who made a conclusion corrects it (劳动能力鉴定管理办法#31)."""
    if not _from_region(s):
        return None
    text = "现在有效的是自治区的再次鉴定结论，本市不能更正。请报自治区鉴定委，更正以后办“登记自治区更正再次鉴定结论”。"
    return Reason(text, "regional_conclusion", "劳动能力鉴定管理办法#31", "自治区鉴定委")


@guard
def regional_conclusion(s: Situation) -> Reason | None:
    if _from_region(s):
        return None
    text = "现在有效的是本市的鉴定结论，不由自治区更正。确有重大失误的，请办“更正鉴定结论”。"
    return Reason(text, "own_conclusion", "劳动能力鉴定管理办法#31", "鉴定委办公室")


# --- second appraisal and finality -----------------------------------------------------------------------------------


def _window(s: Situation, who: str) -> ClockView | None:
    """The newest period of one addressee to ask for a second appraisal."""
    return next((c for c in reversed(s.clocks) if c.name in WINDOWS and c.addressee == who), None)


@guard
def again_in_time(s: Situation) -> Reason | None:
    """Within 15 日 of the own receipt, measured by the day the party asked (the region's receipt where that is not told); a later
    application goes on only with a person's written judgement."""
    who = "employer" if (s.given.get("applicant") or s.behalf) == "employer" else "worker"
    side = {"worker": "职工方", "employer": "用人单位"}[who]
    window, got = _window(s, who), s.given.get("again_filed_on")
    asked = s.given.get("again_asked_on")
    reached = got if isinstance(got, date) else s.today
    if isinstance(asked, date) and asked > reached:
        text = f"提出申请之日（{asked}）晚于自治区收到之日（{reached}）。请核对两个日期。"
        return Reason(text, "asked_after_receipt", "工伤保险条例#26", "鉴定委办公室", "again_asked_on")
    upon = asked if isinstance(asked, date) else reached
    if s.given.get("late_again"):
        return None
    if window is None or window.due_on is None:
        text = f"还没有登记{side}收到结论书的日期，不知道再次鉴定的期限。请先登记送达，或者在“超过十五日的判断”里写明可以申请的理由。"
        return Reason(text, "receipt_unknown", "工伤保险条例#26", "鉴定委办公室", "late_again")
    if upon <= window.due_on:
        return None
    text = (
        f"{side}申请再次鉴定的期限已于 {window.due_on} 届满。期满以前已经提出的，请填写“提出再次鉴定申请之日”；"
        "确有正当理由的，请在“超过十五日的判断”里写明，由自治区决定是否受理；系统不自动拒绝。"
    )
    return Reason(text, "past_due", "工伤保险条例#26", "鉴定委办公室", "late_again")


@guard
def windows_over(s: Situation) -> Reason | None:
    """The conclusion is final when everybody has received it and the last of the periods is over."""
    if s.state.name != "delivered":
        return Reason(
            f"“{s.state.label}”时结论还不能生效。请等送达、再次鉴定都办完。", WAITS, "工伤保险条例#26", "鉴定委办公室"
        )
    found = [_window(s, who) for who in dict.fromkeys(c.addressee for c in s.clocks if c.name in WINDOWS)]
    if not found or any(c is None or c.due_on is None for c in found):
        return Reason(
            "还不知道收件人收到结论书的日期，再次鉴定的期限没有起算。请补录送达日期。",
            WAITS,
            "工伤保险条例#26",
            "鉴定委办公室",
        )
    last = max(c.due_on for c in found if c is not None and c.due_on is not None)
    if s.today > last:
        return None
    return Reason(
        f"申请再次鉴定的期限到 {last} 才过，结论还没有生效。请等期满。", WAITS, "工伤保险条例#26", "鉴定委办公室"
    )


@guard
def recheck_open(s: Situation) -> Reason | None:
    """One year from the conclusion is over on the day of application (the clock's day is the first that is admissible)."""
    clock, own = s.clock("recheck_from"), s.given.get("appraisal_filed_on")
    upon = own if isinstance(own, date) else s.today
    if clock is None or clock.due_on is None:
        return Reason(
            "作出结论的日期未知，不知道从哪天起可以复查。请先补录作出结论之日。",
            "concluded_unknown",
            "工伤保险条例#28",
            "鉴定委办公室",
        )
    if upon >= clock.due_on:
        return None
    return Reason(f"自作出结论之日起还不满一年，最早 {clock.due_on} 可以申请复查鉴定。请到时再来。", "too_early", "工伤保险条例#28", "申请人",
                  "appraisal_filed_on")  # fmt: skip
