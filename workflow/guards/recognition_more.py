"""Further conditions of the recognition (工伤认定): former workers, evidence, suspension, redoing, correcting, finality."""

from __future__ import annotations

from datetime import date, timedelta

from workflow.errors import Reason
from workflow.guards.base import WAITS, guard
from workflow.situation import EventView, Situation

SILENT_ROUNDS = 2
"""Reminders that must have gone by before an unanswered application is listed apart: our own policy, no law."""
DUTIES = ("examine", "decide", "serve", "ordered_by", "reimburse", "dun_employer", "carry_out_by")
"""The authorities' own limits whose passing is inaction (行政复议法#11, #23). The fast track is not among them: past its 15 日
the case goes on to the ordinary 60 日, it is not yet left undone (工伤保险条例#20)."""
YEARS = ("worker_files", "former_files")
SERVED_STATES = ("delivered", "not_accepted", "revocation_served")
"""Where everybody has been served, so that a decision can become final."""
BACK_TO_WORK = ("redo_by_order", "set_aside", "vary_by_order", "decide_anew")
RESULTS = {
    "recognise": "yes", "carry_out_yes": "yes", "refuse": "no", "refuse_after_ruling": "no", "carry_out_no": "no", "decline": "declined",
}  # fmt: skip
"""Act → what it decided; acts with the same value come to the same result."""


@guard
def former_sound(s: Situation) -> Reason | None:
    """Retired or left, and no exposure since: only then 工伤保险条例意见一#8 carries the application."""
    if s.given.get("former") and s.given.get("later_exposure") is False:
        return None
    return Reason(
        "离岗、退休以后还接触过职业病危害，或者情况没有填清，不能按离岗、退休职工办。请核实后填写；不符合的，按一般职工申请。",
        "not_former", "工伤保险条例意见一#8", "窗口", "later_exposure",
    )  # fmt: skip


@guard
def exclusion_sound(s: Situation) -> Reason | None:
    """Days left out must lie in the year: begin on or after its start and before it is over."""
    since = s.given.get("excluded_from")
    year = next((c for c in reversed(s.clocks) if c.name in YEARS and c.state == "running"), None)
    if year is None or year.start_on is None or year.due_on is None:
        return Reason("职工方的一年现在没有在走，没有可以扣除的期限。请先补录诊断之日。", "not_running", "工伤行政案件规定#7", "窗口",
                      "excluded_from")  # fmt: skip
    if isinstance(since, date) and not year.start_on <= since <= year.due_on:
        text = f"扣除的起日 {since} 不在申请期限以内（{year.start_on} 至 {year.due_on}），扣除没有意义。请核对日期。"
        return Reason(text, "outside_year", "工伤行政案件规定#7", "审批人", "excluded_from")
    return None


@guard
def long_unanswered(s: Situation) -> Reason | None:
    """The reminders of our own policy have gone by without an answer."""
    asked, reminder = s.facts.get("asked_on"), s.definition.clocks["corrections"].remind
    days = SILENT_ROUNDS * (reminder.amount if reminder else 0)
    if isinstance(asked, date) and s.today >= asked + timedelta(days=days):
        return None
    text = f"通知补正（{asked or '日期未知'}）以后还没有提醒满 {SILENT_ROUNDS} 次（{days} 日），不能列为久未补正。请接着等。"
    return Reason(text, "too_soon", "工伤认定办法#8.1", "窗口")


@guard
def on_ordinary_track(s: Situation) -> Reason | None:
    if not any(c.name == "decide_fast" and c.state == "running" for c in s.clocks):
        return None
    return Reason(
        "这个案件还在从快（15 日）。单位有不同意见的，请先办“转普通程序”并写明原因。",
        "fast_track",
        "工伤保险条例#20.2",
        "承办人",
    )


@guard
def evidence_overdue(s: Situation) -> Reason | None:
    clock = s.clock("evidence")
    if clock is not None and clock.over(s.today):
        return None
    due = clock.due_on if clock else None
    return Reason(f"单位举证的期限（{due or '未定'}）还没有过，不能当作没有举证。请等期满，或者先登记单位提交的证据。", "not_overdue",
                  "工伤认定办法#17", "承办人")  # fmt: skip


@guard
def two_investigators(s: Situation) -> Reason | None:
    first, second = (str(s.given.get(n) or "").strip() for n in ("investigator_one", "investigator_two"))
    if not first or not second or first == second:
        return Reason("调查要由两名以上工作人员共同进行。请填写两个不同的人。", "one_investigator", "工伤认定办法#10", "承办人",
                      "investigator_two")  # fmt: skip
    if s.given.get("credentials_shown") is True:
        return None
    return Reason("调查时应当出示执行公务的证件。请出示证件后再调查登记。", "no_credentials", "工伤认定办法#10", "承办人",
                  "credentials_shown")  # fmt: skip


@guard
def not_the_certificate(s: Situation) -> Reason | None:
    """A certificate lawfully obtained is not investigated again; one in the wrong form is asked for anew."""
    if s.given.get("investigated_about") != "certificate":
        return None
    return Reason("依法取得的诊断证明书不再调查核实。证明书不符合规定格式的，请办“请出具机构重新提供证明书”。", "certificate_stands",
                  "工伤保险条例#19.1", "承办人", "investigated_about")  # fmt: skip


@guard
def suspension_sound(s: Situation) -> Reason | None:
    """A dispute about the relationship: told of arbitration. A diagnosis under appraisal: only where the switch allows it."""
    kind = s.given.get("suspension_kind")
    if kind == "relationship" and s.given.get("told_arbitration") is not True:
        return Reason("因劳动关系争议中止的，要告知申请人可以申请劳动仲裁。请告知后再办中止。", "not_told", "工伤保险条例意见一#5", "审批人",
                      "told_arbitration")  # fmt: skip
    question = "suspend_for_diagnosis_appraisal"
    if kind == "diagnosis_appraisal" and s.definition.answer(question) != "by_choice":
        return Reason("诊断鉴定正在进行，没有条文写明可以中止，本流程定为不中止。请接着办理。", "never_for_appraisal", "工伤保险条例#20.3",
                      "审批人", "suspension_kind")  # fmt: skip
    return None


@guard
def waits_for_labour(s: Situation) -> Reason | None:
    """Only a suspension because of the labour relationship has a labour dispute to follow, and one is enough."""
    if s.facts.get("suspension_kind") != "relationship":
        return Reason(
            "不是因劳动关系争议中止的，没有要跟进的劳动关系争议。", "not_labour", "工伤保险条例意见一#5", "承办人"
        )
    if any(c.name == "labour" and not c.closed for c in s.children) or "labour" in s.others:
        return Reason("劳动关系争议事项已经开立，请在那件事里接着办。", "labour_open", "工伤保险条例意见一#5", "承办人")
    return None


LATE_DAYS = ("diagnosed_on", "certificate_issued_on", "certificate_received_on")
"""The days a year may be counted from, all of them looked at before an application is called late (工伤保险条例#17.2)."""


@guard
def decline_grounded(s: Situation) -> Reason | None:
    """Not accepting must rest on what the record shows: lateness on a written judgement and a year that is really over, a
    missing certificate on a certificate that is not there (工伤保险条例#17, #18; 工伤认定办法#8)."""
    kind = s.given.get("decline_kind")
    if kind == "late":
        return _really_late(s)
    if kind == "no_certificate" and "diagnosis" in s.papers:
        return Reason("诊断证明书（鉴定书）已经收到，不能以没有诊断证明不予受理。请受理，或者按实际的原因办。", "certificate_here",
                      "工伤保险条例#18.1", "审批人", "decline_kind")  # fmt: skip
    return None


def _really_late(s: Situation) -> Reason | None:
    years, filed = [c.due_on for c in s.clocks if c.name in YEARS and c.due_on], s.facts.get("filed_on")
    last = max(years, default=None)
    if last is None or not isinstance(filed, date) or filed <= last:
        text = f"职工方的一年到 {last or '（没有记录）'}，申请日 {filed or '（没有记录）'} 没有超过，不能以超过一年不予受理。"
        return Reason(f"{text}请受理，或者按实际的原因办。", "not_late", "工伤保险条例#17.2", "审批人", "decline_kind")
    unknown = [s.definition.dates.get(n, n) for n in LATE_DAYS if not s.facts.get(n)]
    if unknown:
        text = f"还没有查明{'、'.join(unknown)}。一年从哪天起算有争议，请先办“登记证明书出具和收到的日期”再判断。"
        return Reason(text, "days_unknown", "工伤保险条例#17.2", "窗口、审批人", "decline_kind")
    if s.facts.get("late_judgement"):
        return None
    return Reason(
        "以超过一年不予受理的，请在“超过一年的判断”里写明诊断、出证、收到证明书三个日期各是哪天，以及有没有应当扣除的时间。",
        "no_judgement", "工伤行政案件规定#7", "审批人", "late_judgement",
    )  # fmt: skip


@guard
def ruling_denies(s: Situation) -> Reason | None:
    if s.given.get("relationship_denied") is True:
        return None
    return Reason("生效文书没有否定劳动关系，不能依它不予认定。请恢复办理，查清后再决定。", "relationship_stands", "工伤认定办法#18", "审批人",
                  "relationship_denied")  # fmt: skip


@guard
def limit_passed(s: Situation) -> Reason | None:
    """Inaction is complained of only when a limit of the bureau's own is really over, and not twice at once."""
    who = s.given.get("addressee")
    mine = [c for c in s.clocks if c.name in DUTIES and c.state == "running" and (not who or c.addressee in ("", who))]
    if not any(c.over(s.today) for c in mine):
        due = mine[-1].due_on if mine else None
        return Reason(
            f"法定期限（{due or '已停下或者没有起算'}）还没有过，不是超期不办。请等期限过后再来。",
            "not_overdue",
            "行政复议法#11",
            "申请人",
            "addressee" if who else "",
        )
    live = (c for c in s.children if not c.closed and c.addressee == who)
    if any(c.facts.get("decision_kind") == "inaction" for c in live):
        return Reason("这一方对超期不办的复议已经登记，还没有结束，不能重复登记。请在那件事里接着办。", "already_complained", "行政复议法#23",
                      "窗口", "addressee")  # fmt: skip
    return None


# --- redoing ---------------------------------------------------------------------------------------------------------


def sent_back(s: Situation) -> EventView | None:
    """What last put the matter back to be decided anew; None where nothing did."""
    return s.did(*BACK_TO_WORK)


@guard
def proposed_again(s: Situation) -> Reason | None:
    """The opinion on the decision that is gone does not carry the new one."""
    back, proposed = sent_back(s), s.did("propose")
    if proposed is not None and (back is None or proposed.seq > back.seq):
        return None
    return Reason(
        "原决定撤销以后，承办人还没有重新提出拟办意见。请承办人重新核实并提出意见。",
        "no_new_opinion",
        "工伤认定办法#19",
        "承办人",
    )


@guard
def not_the_same_again(s: Situation) -> Reason | None:
    """The same result on the same facts and grounds is barred, except after a purely procedural annulment (行政诉讼法解释#90)."""
    back = sent_back(s)
    free = back is None or back.action == "decide_anew" or back.facts.get("procedural") is True
    if back is None or free or s.given.get("new_grounds"):
        return None
    if RESULTS.get(s.action.name) != _annulled(s, back):
        return None
    return Reason(
        "这个结果与被撤销的决定相同。没有新的事实或者理由，不能作出相同的决定。请写明新的事实或者理由，或者作出不同的决定。",
        "same_again", "行政复议法#64.2", "审批人", "new_grounds",
    )  # fmt: skip


def _annulled(s: Situation, back: EventView) -> str:
    """What the ruling set aside had decided; "" where nothing was. A decision made before the case was placed here is told by
    the state the ruling put the matter in: one to examine again was a refusal to accept, one to decide again a recognition."""
    before = [RESULTS[e.action] for e in s.events if e.seq < back.seq and e.action in RESULTS]
    if before:
        return before[-1]
    moved = back.to_state if back.to_state != back.from_state else ""
    return {"redo_examine": "declined", "redo": "yes", "varied": "yes"}.get(moved, "")


def _varied(s: Situation, wanted: str, said: str) -> Reason | None:
    found = s.facts.get("varied_to")
    if found in (None, "", wanted):
        return None
    return Reason(
        f"登记的变更内容不是{said}。请按复议决定、判决核对后再办。", "varied_otherwise", "行政复议法#63", "审批人"
    )


@guard
def varied_to_yes(s: Situation) -> Reason | None:
    return _varied(s, "recognised", "认定为工伤")


@guard
def varied_to_no(s: Situation) -> Reason | None:
    return _varied(s, "not_recognised", "不予认定")


# --- after the decision ----------------------------------------------------------------------------------------------


@guard
def slip_only(s: Situation) -> Reason | None:
    if s.given.get("slip_kind") in ("typo", "particulars"):
        return None
    return Reason("更正只能改文字笔误。要改认定结论、疾病、用人单位或者依据的，不能更正，请依法撤销后重新作出决定。", "content_change",
                  "工伤认定办法#19", "审批人", "slip_kind")  # fmt: skip


@guard
def remedies_closed(s: Situation) -> Reason | None:
    """A decision is final when everybody has been served and every remedy (window, review, suit) about it is closed."""
    if s.state.name not in SERVED_STATES:
        return Reason(
            f"“{s.state.label}”时还谈不上生效。送达以后、救济都结束了，系统会登记。", WAITS, "行政复议法#20", "窗口"
        )
    remedies = [c for c in s.children if c.name == "remedy"]
    if remedies and all(c.closed for c in remedies):
        return None
    text = (
        f"还有 {sum(not c.closed for c in remedies)} 件复议、诉讼（或者它们的申请期限）没有结束"
        if remedies
        else "没有救济期限的记录"
    )
    return Reason(f"{text}，决定还没有生效。请等它们结束。", WAITS, "行政复议法#20", "窗口")
