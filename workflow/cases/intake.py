"""Taking a new case in by hand at the window: everything typed is read at once, every fault is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow import clock, identity
from workflow.cases import opening, typed
from workflow.cases.once import claim, keep_answer
from workflow.cases.opening import NewCase, Placement
from workflow.errors import BadInput, Conflict, Forbidden, Reason, Stopped
from workflow.models import Employer, Office
from workflow.situation import Actor
from workflow.store import Store

FIELDS: Mapping[str, tuple[str, int]] = {
    "name": ("姓名", 50), "id_number": ("身份证号码", 40), "employer": ("用人单位", 120), "disease": ("诊断病种", 80),
    "certificate_no": ("诊断证明书编号", 80), "institution": ("诊断机构", 120),
    "certificate_employer": ("诊断证明书上的用人单位", 120), "phone": ("联系电话", 40), "address": ("住址", 200),
    "occupation": ("职业、工种或者工作岗位", 80), "remark": ("备注", 500),
}  # fmt: skip
"""Text fields of the intake form with their labels and longest length; beside them diagnosed_on, insured, dispute."""
REQUIRED = ("name", "id_number", "employer", "disease")
INSURED = ("yes", "no", "unknown")
SAME_PERSON = ("uq_workers_id_index", "uq_cases_worker_id")
OF_CERTIFICATE = ("certificate_no", "institution", "certificate_employer", "dispute")
TO_FILL = ("certificate_no", "institution", "phone", "occupation")
"""Facts later documents need: left blank at intake they become 补录 tasks."""


def open_case(store: Store, actor: Actor, form: Mapping[str, str], *, key: str = "") -> dict[str, Any]:
    """Open a case in `to_apply` of recognition (or with its diagnosis to be watched); {"case_no", "warnings"}.

    `form`: FIELDS plus diagnosed_on (a day as people write it), insured (yes, no, unknown), dispute (yes, no); `diagnosing`
    yes: not diagnosed yet, the diagnosis is watched (职业病防治法#44) and recognition opens with it.
    Raises Forbidden, BadInput with every fault and its field, Refused where the case is already there, Conflict.
    """
    if not actor.roles & {"desk", "officer"}:
        raise Forbidden("您没有登记案件的权限，由一站式窗口登记。")
    try:
        with store.writing() as session:
            asked = {"intake": dict(form), "actor": actor.id}
            if key and (stored := claim(store, session, key, asked)):
                return stored
            new, warnings = _read(session, actor, form)
            unknown = [n for n in TO_FILL if not (new.facts.get(n) or getattr(new, n, ""))]
            unknown += ["insured"] if new.facts["insured"] == "unknown" else []
            unknown += ["dispute"] if "dispute" not in new.facts else []
            first = Placement("recognition", "to_apply")
            if new.diagnosed_on is None:
                first = Placement("diagnosis", "registered", {"opened_on": clock.today()})
                unknown = [n for n in unknown if n not in OF_CERTIFICATE]
            case_no = opening.write_case(store, session, actor, new, [first], kind="case:opened", unknown=unknown)
            opening.announce(store, session, case_no)
            answer = {"case_no": case_no, "warnings": warnings}
            if key:
                keep_answer(session, key, answer)
    except IntegrityError as error:  # PostgreSQL: two windows took in the same person at the same moment
        if not any(name in str(error.orig) for name in SAME_PERSON):
            raise
        raise Conflict("同一名职工的登记刚由别人提交过。请先查案件列表，没有这个案件的再登记一次。") from error
    return answer


def _read(session: Session, actor: Actor, form: Mapping[str, str]) -> tuple[NewCase, list[str]]:
    faults: list[Reason] = []
    text = {name: _text(form, name, faults) for name in FIELDS}
    diagnosing = form.get("diagnosing") == "yes"
    faults += [
        Reason(f"请填写{FIELDS[n][0]}。", field=n)
        for n in REQUIRED
        if not text[n] and str(form.get(n, "")).strip() == "" and not (diagnosing and n == "disease")
    ]
    person, warnings = _identity(text["id_number"], faults)
    diagnosed_on = None if diagnosing else _diagnosed(form, person, faults)
    if diagnosing and str(form.get("diagnosed_on") or "").strip():
        faults.append(Reason("选了“还没有诊断”，就不要填诊断日期。请核对后留一项。", field="diagnosed_on"))
    employer = _employer(session, text["employer"], faults)
    insured = form.get("insured") or "unknown"
    if insured not in INSURED:
        faults.append(Reason("是否参保只能选：是、否、不清楚。", field="insured"))
    if employer is not None and not actor.city and actor.office_id != employer.office_id:
        county = session.scalar(select(Office.county).where(Office.id == employer.office_id))
        warnings.append(f"用人单位登记在{county}，本局可能没有管辖权（工伤保险条例#17.1）。")
    if faults or person is None or employer is None or (diagnosed_on is None and not diagnosing):
        raise BadInput(faults)
    facts: dict[str, Any] = {
        n: text[n] for n in ("certificate_no", "institution", "certificate_employer", "remark") if text[n]
    }
    facts |= {"insured": insured, **_dispute(form)}
    office_id = employer.office_id if actor.city or actor.office_id is None else actor.office_id
    return NewCase(
        name=text["name"], identity=person, sex=person.sex, employer_id=employer.id, office_id=office_id,
        disease=text["disease"] or "待诊断", diagnosed_on=diagnosed_on, phone=text["phone"], address=text["address"],
        occupation=text["occupation"], facts=facts, source={"way": "window"},
    ), warnings  # fmt: skip


def _dispute(form: Mapping[str, str]) -> dict[str, bool]:
    """Known only when somebody answered: unanswered it is to be filled in, and the case takes the ordinary track."""
    answer = str(form.get("dispute") or "")
    return {"dispute": answer == "yes"} if answer in ("yes", "no") else {}


def _text(form: Mapping[str, str], name: str, faults: list[Reason]) -> str:
    label, longest = FIELDS[name]
    text, wrong = typed.clean(str(form.get(name) or ""), longest)
    if wrong:
        faults.append(Reason(f"{label}{wrong}", field=name))
    return "" if wrong else text  # nothing looks up what is not sound


def _identity(text: str, faults: list[Reason]) -> tuple[identity.Identity | None, list[str]]:
    if not text:
        return None, []
    try:
        person = identity.parse(text, today=clock.today())
    except Stopped as stopped:
        faults += [Reason(r.text, r.code, r.law, r.who, "id_number") for r in stopped.reasons]
        return None, []
    return person, list(person.warnings)


def _diagnosed(form: Mapping[str, str], person: identity.Identity | None, faults: list[Reason]) -> date | None:
    raw = str(form.get("diagnosed_on") or "").strip()
    if not raw:
        faults.append(Reason("请填写诊断日期，如 2026-11-24。", field="diagnosed_on"))
        return None
    try:
        day = typed.parse_day(raw)
    except ValueError:
        faults.append(Reason("诊断日期填得不对，请填日期，如 2026-11-24。", field="diagnosed_on"))
        return None
    if day > clock.today():
        faults.append(Reason(f"诊断日期 {day} 还没有到，请核对诊断证明书。", field="diagnosed_on"))
    elif person is not None and day <= person.birth_on:
        faults.append(Reason(f"诊断日期 {day} 早于出生日期 {person.birth_on}，请核对。", field="diagnosed_on"))
    return day


def _employer(session: Session, name: str, faults: list[Reason]) -> Any:
    if not name:
        return None
    found = opening.employer_named(session, name)
    if found is None:
        near = session.scalars(
            select(Employer.name).where(Employer.name.contains(name[:6], autoescape=True)).limit(3)
        ).all()
        hint = f"台账里相近的有：{'、'.join(near)}。" if near else "请先导入附件2，或者核对名称。"
        faults.append(Reason(f"企业台账里没有“{name}”。{hint}", field="employer"))
    return found
