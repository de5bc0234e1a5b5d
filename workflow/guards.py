"""The conditions states.yaml may name under `if:`.

Each is None when it holds, else the Reason: what is missing, by which article, who cures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from workflow.definition.model import PaperDef
from workflow.errors import Reason
from workflow.situation import EventView, Situation

Guard = Callable[[Situation], Reason | None]
REGISTRY: dict[str, Guard] = {}
MARKS: Mapping[str, str] = {
    "employer_bears_costs": "单位逾期未申请，申请前发生的符合规定的费用由单位负担",
    "conclusion_stands": "没有申请再次鉴定，首次结论生效",
}
"""Legal effects a clock's expiry may mark, as shown to people."""


ASK_HISTORY = frozenset(
    {
        "own_application",
        "opinion_recorded",
        "not_the_officer",
        "second_person",
        "approved_by_others",
        "not_the_payer",
        "account_confirmed",
    }
)
"""Conditions that ask who did what before: the engine reads the matter's events only for them."""
ASK_PAPERS = frozenset({"papers_complete", "papers_missing_by_law"})
"""Conditions that ask which papers are in."""


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


# --- papers and standing ---------------------------------------------------------------------------------------------


@guard
def papers_complete(s: Situation) -> Reason | None:
    missing = missing_papers(s)
    if not missing:
        return None
    listed = "、".join(f"{p.label}（{p.law}）" for p in missing)
    return Reason(
        f"还缺材料：{listed}。请收齐后再办，或者一次告知补正。", "papers_missing", missing[0].law, "申请人、窗口"
    )


@guard
def papers_missing_by_law(s: Situation) -> Reason | None:
    if missing_papers(s):
        return None
    return Reason(
        "依法可以要的材料已经齐了，没有可以要求补正的，请直接办理。", "nothing_missing", "工伤认定办法#8.1", "窗口"
    )


@guard
def competent(s: Situation) -> Reason | None:
    if s.case.get("employer_office") == s.case.get("office"):
        return None
    return Reason(
        f"用人单位登记在{s.case.get('employer_county') or '别的旗县区'}，本局没有管辖权。请核对单位台账，或者移送有管辖权的局。",
        "not_competent", "工伤保险条例#17.1", "审批人",
    )  # fmt: skip


@guard
def within_filing_period(s: Situation) -> Reason | None:
    """A lapsed year goes to a person: his written judgement lets the case through, nothing is refused by itself."""
    clock, filed = s.clock("worker_files"), s.facts.get("filed_on")
    late = clock is not None and clock.due_on is not None and isinstance(filed, date) and filed > clock.due_on
    if not late or s.facts.get("late_judgement"):
        return None
    return Reason(
        f"申请日 {filed} 已过职工方一年期（{clock.due_on if clock else ''} 届满）。请查明应当扣除的时间，"
        "在“超过一年的判断”里写明可以受理的理由；不能受理的，由审批人作不予受理决定。系统不自动拒绝。",
        "year_lapsed", "工伤保险条例#17.2", "审批人", "late_judgement",
    )  # fmt: skip


@guard
def ground_given(s: Situation) -> Reason | None:
    return (
        None
        if s.given.get("ground")
        else Reason("请填写理由和依据。", "ground_missing", s.action.law, "办理人", "ground")
    )


@guard
def reason_recorded(s: Situation) -> Reason | None:
    if s.given.get("reason") or s.given.get("ground"):
        return None
    return Reason("请填写原因，原因会记入办理记录。", "reason_missing", s.action.law, "办理人", "reason")


@guard
def own_application(s: Situation) -> Reason | None:
    """Only the side that applied may withdraw: an employer cannot take back what the worker's side filed, nor the reverse."""
    filed = s.did("file")
    applied = str(filed.facts.get("applicant") or "") if filed else "worker"
    now = str(s.given.get("applicant") or s.behalf)
    if not applied or (applied == "employer") == (now == "employer"):
        return None
    side = {True: "用人单位", False: "职工方（本人、近亲属或者工会）"}[applied == "employer"]
    return Reason(
        f"这份申请是{side}提出的，只能由{side}撤回。", "not_your_application", "工伤保险条例#17.2", side, "applicant"
    )


# --- recognition -----------------------------------------------------------------------------------------------------


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
        if s.today > running.due_on:
            text = f"“{known.label}”时限已于 {running.due_on} 届满，期满后不能再延长。"
            return Reason(text, "past_due", known.law, "办理人")
        times = known.extends.times if known.extends else 0
        if times is not None and running.extensions >= times:
            law = known.extends.law if known.extends else known.law
            return Reason(f"“{known.label}”只能延长 {times} 次，已经延长过了。", "extended", law, "办理人")
    return None


# --- appraisal -------------------------------------------------------------------------------------------------------


@guard
def condition_stable(s: Situation) -> Reason | None:
    if s.facts.get("stable") is True:
        return None
    return Reason("伤病情还没有相对稳定，停工留薪期也没有满，现在不能申请鉴定。请病情稳定后再来。", "not_stable",
                  "劳动能力鉴定管理办法#7", "申请人", "stable")  # fmt: skip


@guard
def supplement_overdue(s: Situation) -> Reason | None:
    clock = s.clock("supplement")
    if clock is not None and clock.due_on is not None and s.today > clock.due_on:
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


# --- benefit ---------------------------------------------------------------------------------------------------------


@guard
def appraisal_delivered(s: Situation) -> Reason | None:
    state, facts = s.others.get("appraisal", ("", {}))
    if state != "delivered":
        return Reason(
            "劳动能力鉴定结论还没有送达，不能申请核定待遇。请等结论书送达。",
            "no_conclusion",
            "工伤保险条例#46",
            "鉴定委办公室",
        )
    if not facts.get("grade"):
        return Reason("鉴定结论的等级还没有补录。请窗口按结论书补录伤残等级和生活自理障碍。", "grade_unknown", "工伤保险条例#22.2",
                      "窗口", "grade")  # fmt: skip
    return None


@guard
def grade_settled(s: Situation) -> Reason | None:
    """First conclusion final, or the worker asks to be determined provisionally meanwhile."""
    until = s.case.get("again_open_until")
    if s.facts.get("provisional") is True or (isinstance(until, date) and s.today > until):
        return None
    when = f"要到 {until} 才过" if isinstance(until, date) else "还不知道从哪天起算（送达日期待补录）"
    return Reason(f"申请再次鉴定的期限{when}。职工要求先按首次结论核定的，请在“职工是否要求先按首次结论核定”选“是”。", "grade_open",
                  "工伤保险条例#26", "申请人", "provisional")  # fmt: skip


@guard
def insured_known(s: Situation) -> Reason | None:
    if s.case.get("insured") in ("yes", "no"):
        return None
    return Reason(
        "是否参保还不清楚，支付人定不下来。请先补录参保情况。", "insured_unknown", "工伤保险条例#62", "窗口", "insured"
    )


@guard
def fund_pays(s: Situation) -> Reason | None:
    if s.case.get("insured") != "no":
        return None
    return Reason(
        "单位没有参保，待遇由用人单位支付，基金不核定支付。请办“登记由单位支付”。",
        "not_insured",
        "工伤保险条例#62",
        "经办机构",
    )


@guard
def not_insured(s: Situation) -> Reason | None:
    if s.case.get("insured") == "no":
        return None
    return Reason("单位已经参保，待遇由基金支付，不能登记由单位支付。", "insured", "工伤保险条例#62", "经办机构")


def _grade(s: Situation) -> str:
    return str(s.others.get("appraisal", ("", {}))[1].get("grade") or "")


@guard
def has_grade(s: Situation) -> Reason | None:
    if _grade(s) not in ("", "none"):
        return None
    return Reason(
        "鉴定结论未达到伤残等级（或等级未补录），没有可以核定的伤残待遇。", "no_grade", "工伤保险条例#37", "经办机构"
    )


@guard
def no_grade(s: Situation) -> Reason | None:
    if _grade(s) == "none":
        return None
    return Reason("鉴定结论有伤残等级，应当核定待遇。", "has_grade", "工伤保险条例#35", "经办机构")


@guard
def second_person(s: Situation) -> Reason | None:
    """Maker, checker and approver of one sheet are three people; what a new determination replaced does not count."""
    made = s.did("determine")
    names = [e for e in s.events if made and e.seq >= made.seq and e.action in ("determine", "review")]
    if all(e.actor_id != s.actor.id for e in names):
        return None
    return Reason(
        "这份待遇是您本人核定或复核的，要由另一个人办。请转给其他人。",
        "same_person",
        "社会保险经办条例#37",
        "另一位经办人",
    )


@guard
def approved_by_others(s: Situation) -> Reason | None:
    approved = s.did("approve")
    if approved is not None and approved.actor_id != s.actor.id:
        return None
    return Reason("待遇还没有由另一个人审批，不能支付。", "not_approved", "社会保险经办条例#37", "经办机构审批人")


@guard
def once_unpaid(s: Situation) -> Reason | None:
    wanted = {line["item"] for line in s.facts.get("lines") or [] if line["per"] == "once"}
    paid = {p["item"] for p in s.case.get("payments") or [] if p["state"] == "paid"}
    if wanted - paid:
        return None
    return Reason("一次性待遇已经支付过，不能再付。", "already_paid", "工伤保险条例#35", "财务")


def monthly_lines(s: Situation) -> list[Mapping[str, str]]:
    """The determined lines that are paid each month by the fund."""
    return [line for line in s.facts.get("lines") or [] if line["per"] == "month" and line["payer"] == "fund"]


@guard
def monthly_due(s: Situation) -> Reason | None:
    lines, month = monthly_lines(s), s.facts.get("month")
    if not lines:
        if not s.facts.get("lines"):
            return Reason("这个案件的待遇是导入以前核定的，本系统没有核定表，不能在这里支付。请仍由原来的渠道发放，并办“登记原渠道已发”。",
                          "paid_elsewhere", "", "财务")  # fmt: skip
        return Reason("核定表里没有按月发放的待遇，请办“支付完毕”。", "no_monthly", "工伤保险条例#35", "财务")
    if not isinstance(month, str):
        return Reason("请填写发放月份，如 2026-12。", "month_missing", "", "财务", "month")
    first = min(str(line["from"]) for line in lines)
    if month < first:
        return Reason(f"待遇从 {first} 起发，{month} 不发。请改月份。", "too_early", "工伤保险条例#35", "财务", "month")
    if month > s.today.isoformat()[:7]:
        return Reason(f"{month} 还没有到，不能提前发放。请改月份。", "too_early", "工伤保险条例#35", "财务", "month")
    if any(p["month"] == month and p["state"] == "paid" for p in s.case.get("payments") or []):
        return Reason(f"{month} 的待遇已经发过，不能重发。", "already_paid", "工伤保险条例#35", "财务", "month")
    return None


@guard
def paid_elsewhere(s: Situation) -> Reason | None:
    """Only for benefits determined before the case was placed here: their payments come another way."""
    if not s.facts.get("lines"):
        return None
    return Reason("这个案件在本系统有核定表，请办“支付当月待遇”。", "sheet_here", "工伤保险条例#35", "财务")


@guard
def no_monthly(s: Situation) -> Reason | None:
    if not monthly_lines(s):
        return None
    return Reason("核定表里有按月发放的待遇，还要按月发，不能办结。", "has_monthly", "工伤保险条例#35", "财务")


@guard
def payment_made(s: Situation) -> Reason | None:
    item, month = s.facts.get("returned_item"), s.given.get("returned_month") or ""
    if any(p["item"] == item and p["month"] == month and p["state"] == "paid" for p in s.case.get("payments") or []):
        return None
    return Reason(
        "没有这个项目和月份的付款记录。请核对退回的项目和月份（一次性的不填月份）。",
        "no_payment",
        "",
        "财务",
        "returned_item",
    )


@guard
def not_the_payer(s: Situation) -> Reason | None:
    """Who recorded the return and pays again does not choose the account."""
    back = s.did("bank_return")
    if back is None or back.actor_id != s.actor.id:
        return None
    return Reason("银行退回是您本人登记的，收款账户要由另一个人核实更正。请转给其他经办人。", "same_person", "社会保险经办条例#37",
                  "另一位经办人")  # fmt: skip


@guard
def account_confirmed(s: Situation) -> Reason | None:
    back, confirmed = s.did("bank_return"), s.did("confirm_account")
    if confirmed is None or (back is not None and confirmed.seq < back.seq):
        return Reason("退回以后收款账户还没有核实。请经办机构先办“核实并更正收款账户”。", "account_unconfirmed", "社会保险经办条例#37",
                      "经办机构")  # fmt: skip
    if confirmed.actor_id == s.actor.id:
        return Reason(
            "收款账户是您本人改的，重新支付要由另一个人办。请转给其他财务人员。",
            "same_person",
            "社会保险经办条例#37",
            "另一位财务",
        )
    return None


@guard
def payment_returned(s: Situation) -> Reason | None:
    if any(p["state"] == "returned" and not p["repaid"] for p in s.case.get("payments") or []):
        return None
    return Reason("没有被银行退回、还没重付的款项。", "nothing_returned", "", "财务")
