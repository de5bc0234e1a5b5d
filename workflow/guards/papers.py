"""Conditions on papers, standing, grounds: for every matter."""

from __future__ import annotations

from datetime import date

from workflow.errors import Reason
from workflow.guards.base import guard, missing_papers
from workflow.situation import Situation


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
    clocks = [c for c in (s.clock("worker_files"), s.clock("former_files")) if c is not None and c.due_on]
    last, filed = max((c.due_on for c in clocks if c.due_on), default=None), s.facts.get("filed_on")
    late = last is not None and isinstance(filed, date) and (filed > last or _recorded_late(s, filed, last))
    if not late or s.facts.get("late_judgement"):
        return None
    return Reason(
        f"申请日 {filed} 已过职工方一年期（{last} 届满），或者是期满以后才补记的。请查明应当扣除的时间，"
        "在“超过一年的判断”里写明可以受理的理由；不能受理的，由审批人作不予受理决定。系统不自动拒绝。",
        "year_lapsed", "工伤保险条例#17.2", "审批人", "late_judgement",
    )  # fmt: skip


def _recorded_late(s: Situation, filed: date, last: date) -> bool:
    """Whether an application dated within the year was only recorded after it: a written day alone does not keep a period."""
    found = s.did("file")
    return found is not None and found.recorded_on is not None and filed <= last < found.recorded_on


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


# --- service (送达) ----------------------------------------------------------------------------------------------------


@guard
def other_ways_failed(s: Situation) -> Reason | None:
    """Serving in public is the last way: somebody must have failed to serve this addressee the present document (民事诉讼法#95)."""
    who, known = s.given.get("addressee"), s.definition.instruments
    issuing = {
        a.name for st in s.matter.states.values() for a in st.actions.values() if a.issue and not known[a.issue].aside
    }
    issued = s.did(*issuing)
    since = issued.seq if issued else 0
    if any(e.action == "delivery_failed" and e.facts.get("addressee") == who and e.seq > since for e in s.events):
        return None
    return Reason(
        "这份文书还没有对这个收件人登记过送达失败，不能公告。公告只用于下落不明或者别的方式都送不到。请先直接、邮寄等方式送达，"
        "送不到的登记送达失败。", "not_tried", "民事诉讼法#95", "窗口、经办机构", "addressee",
    )  # fmt: skip


@guard
def way_sound(s: Situation) -> Reason | None:
    """What each way of service needs on record; the end of a public notice is recorded by the system alone."""
    way, note = s.given.get("way"), str(s.given.get("delivery_note") or "").strip()
    if way == "public":
        return Reason("公告送达不能由人直接登记为送达。请先办“公告送达”，公告期满由系统登记。", "public_by_hand", "民事诉讼法#95",
                      "窗口、经办机构", "way")  # fmt: skip
    if way == "left" and not note:
        return Reason("留置送达的，请在送达备注里写明拒收的理由和日期，见证人是谁，或者拍照、录像在哪里。", "no_witness", "民事诉讼法#89",
                      "窗口、经办机构", "delivery_note")  # fmt: skip
    if way == "electronic" and not any(w in note for w in ("同意", "确认书")):
        return Reason("电子送达要经受送达人同意。请在送达备注里写明同意记在哪份送达地址确认书或者笔录上。", "no_consent", "民事诉讼法#90",
                      "窗口、经办机构", "delivery_note")  # fmt: skip
    return None
