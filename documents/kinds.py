"""The templates and what each one cannot do without, by name in Chinese.

Most kinds of document have a template of their own; `notice` is the letter for the others, `public_notice` what is hung up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from documents.facts import (
    articles,
    care_words,
    grade_words,
    money,
    parse_day,
    party,
    payer_words,
    public_party,
    wording,
)
from workflow.errors import Reason, Refused

_COMMON = ("number", "label", "office.name", "issued_on", "case_no", "demo", "worker.name", "addressees", "copies")
_PERSON = ("worker.sex", "worker.id_number", "employer.name")
_DISEASE = ("diagnosis.disease", "diagnosis.diagnosed_on", "diagnosis.certificate_no", "diagnosis.institution")
_REMEDY = ("remedy.government", "remedy.court")
_CONTACT = ("office.phone", "office.address")

KINDS: Mapping[str, tuple[str, ...]] = {
    "acceptance": (*_COMMON, *_PERSON, *_DISEASE, *_CONTACT, "dates.filed_on", "dates.accepted_on"),
    "non_acceptance": (*_COMMON, *_PERSON, "dates.filed_on", "facts.ground", "law", *_REMEDY),
    "correction_list": (*_COMMON, *_CONTACT, "dates.filed_on", "facts.missing[].label", "facts.missing[].law"),
    "suspension": (*_COMMON, *_PERSON, *_CONTACT, "dates.suspended_on", "facts.ground", "law"),
    "resumption": (*_COMMON, *_PERSON, *_CONTACT, "dates.suspended_on", "dates.resumed_on", "facts.ground", "law"),
    # 工伤认定办法#19.1: everything it says the decision shall contain.
    "recognition": (
        *_COMMON, *_PERSON, *_DISEASE, *_REMEDY, "worker.age", "worker.occupation",
        "dates.filed_on", "dates.accepted_on", "facts.findings",
    ),
    "non_recognition": (
        *_COMMON, *_PERSON, *_REMEDY, "worker.age", "worker.occupation",
        "dates.filed_on", "dates.accepted_on", "facts.findings", "facts.ground", "law",
    ),
    "delivery_return": ("number", "label", "office.name", "issued_on", "case_no", "demo", "worker.name", "addressee"),
    "exam_notice": (*_COMMON, *_PERSON, *_CONTACT, "dates.exam_on", "facts.place"),
    # 劳动能力鉴定管理办法#16: person and employer, condition, basis, conclusion, notice of rights.
    "conclusion": (*_COMMON, *_PERSON, "diagnosis.disease", "facts.condition", "facts.basis", "facts.grade", "facts.care"),
    "benefit_sheet": (
        *_COMMON, *_PERSON, *_REMEDY, "law", "total", "total_upper",
        "lines[].label", "lines[].formula", "lines[].amount", "lines[].payer", "lines[].law",
    ),
    "withdrawal_note": (*_COMMON, *_PERSON, "dates.withdrawn_on", "facts.ground"),
    "termination": (*_COMMON, *_PERSON, "dates.terminated_on", "facts.ground"),
    "notice": (*_COMMON, *_PERSON, *_CONTACT, "said", "objection.kind"),
    "public_notice": (
        *(name for name in _COMMON if name != "addressees"), *_CONTACT,  # it is served on nobody
        "dates.announced_on", "facts.addressee", "facts.decision", "facts.decision_label",
    ),
}  # fmt: skip
"""Kind → the paths of the facts it prints; `a[].b` means: at least one, and `b` in each."""

LABELS: Mapping[str, str] = {
    "number": "文号", "label": "文书名称", "issued_on": "成文日期", "case_no": "案号", "demo": "是否演示数据",
    "addressees": "送达对象", "copies": "抄送", "addressee": "受送达人", "law": "法律依据",
    "office.name": "机关名称", "office.phone": "机关电话", "office.address": "机关地址",
    "worker.name": "职工姓名", "worker.sex": "性别", "worker.age": "年龄", "worker.id_number": "身份证号码",
    "worker.occupation": "职业、工种或者工作岗位", "employer.name": "用人单位全称",
    "diagnosis.disease": "职业病名称", "diagnosis.diagnosed_on": "诊断时间",
    "diagnosis.certificate_no": "诊断证明书编号", "diagnosis.institution": "诊断机构",
    "dates.filed_on": "收到申请之日", "dates.accepted_on": "受理之日", "dates.suspended_on": "中止之日",
    "dates.resumed_on": "恢复之日", "dates.exam_on": "鉴定日期", "dates.withdrawn_on": "撤回之日",
    "dates.terminated_on": "终止之日", "facts.place": "鉴定地点",
    "facts.ground": "事由和依据", "facts.findings": "受伤害经过、核实情况和医疗救治情况", "facts.condition": "伤病情",
    "facts.basis": "鉴定依据", "facts.grade": "伤残等级", "facts.care": "生活自理障碍等级",
    "facts.missing": "需补正的材料", "facts.missing[].label": "材料名称", "facts.missing[].law": "要求该材料的依据",
    "lines": "待遇项目", "lines[].label": "待遇名称", "lines[].formula": "计算式", "lines[].amount": "金额",
    "lines[].payer": "支付方", "lines[].law": "待遇依据", "lines[].figures": "所用数据",
    "total": "合计", "total_upper": "合计大写", "remedy.government": "行政复议机关", "remedy.court": "管辖法院",
    "said": "办理内容", "objection.kind": "异议途径", "dates.announced_on": "公告之日", "facts.addressee": "公告的受送达人",
    "facts.decision": "所送达文书的文号", "facts.decision_label": "所送达文书的名称",
}  # fmt: skip

_MAY_BE_EMPTY = frozenset({"copies", "said", "objection.kind"})
OBJECTIONS = ("remedy", "ask_again", "")
"""How one objects to a document: review and suit, the region's committee, not at all (then `why` says so)."""
THIRTY_DAYS_SINCE = "2022-01-01"
"""Public notices before it ran 60 日; the template prints the 30 日 of 民事诉讼法#95."""
_SOURCE = {
    "recognition": "工伤认定办法#19.1",
    "conclusion": "劳动能力鉴定管理办法#16",
    "correction_list": "工伤认定办法#8.1",
    "public_notice": "民事诉讼法#95",
}
_CHECKS = {
    "total": money, "lines[].amount": money, "lines[].law": articles, "facts.missing[].law": articles, "law": articles,
    "facts.grade": grade_words, "facts.care": care_words, "facts.ground": wording, "lines[].payer": payer_words,
}  # fmt: skip


def required_facts(kind: str) -> tuple[str, ...]:
    """The paths (`worker.name`, `lines[].amount`) a document of that kind needs. Raises Refused for an unknown kind."""
    if kind not in KINDS:
        raise Refused(Reason(f"没有“{kind}”这种文书的模板，可以打印的有：{'、'.join(KINDS)}", code="unknown_kind"))
    return KINDS[kind]


def faults(kind: str, facts: Mapping[str, Any]) -> list[Reason]:
    """Everything missing from or unreadable in `facts` for a document of that kind, all at once; empty when sound."""
    reasons = []
    for path in required_facts(kind):
        for name, value in _values(facts, path):
            if (reason := _fault(kind, path, name, value)) is not None:
                reasons.append(reason)
    reasons += [*_figure_faults(facts), *_party_faults(kind, facts), *_objection_faults(kind, facts)]
    reasons += _letter_faults(facts) if kind == "notice" else _public_faults(facts) if kind == "public_notice" else ()
    return list({r.text: r for r in reasons}.values())


def _fault(kind: str, path: str, name: str, value: Any) -> Reason | None:
    if _blank(value) and not (path in _MAY_BE_EMPTY and value is not None):
        return Reason(
            f"缺{LABELS.get(name) or _labelled(path, name)}，文书不能打印，请补录后再出具",
            "fact_missing",
            _SOURCE.get(kind, ""),
            "承办人",
            name,
        )
    try:
        if path.endswith("_on"):
            parse_day(value)
        elif path in _CHECKS and not _blank(value):
            _CHECKS[path](value)
    except Refused as refused:
        return Reason(f"{_labelled(path, name)}：{refused.reasons[0].text}", "fact_faulty", who="承办人", field=name)
    except (TypeError, AttributeError):
        return Reason(f"{_labelled(path, name)}的格式不对，请改成文字", "fact_faulty", who="承办人", field=name)
    return None


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, list) and not value)


def _labelled(path: str, name: str) -> str:
    """`lines[2].amount` → 第 2 项金额 (of 待遇项目)."""
    number = name.partition("[")[2].partition("]")[0]
    if not number:
        return LABELS[path]
    return f"{LABELS[path.partition('[')[0]]}第 {number} 项的{LABELS[path]}"


def _values(facts: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """The value at a path, None where there is none; one for each element (counted from 1) below `[]`."""
    head, many, tail = path.partition("[].")
    value: Any = facts
    for key in head.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not many:
        yield head, value
    elif not isinstance(value, list) or not value:
        yield head, None
    else:
        for number, item in enumerate(value, 1):
            yield f"{head}[{number}].{tail}", item.get(tail) if isinstance(item, Mapping) else None


def _figure_faults(facts: Mapping[str, Any]) -> Iterator[Reason]:
    """A figure a benefit rests on is printed with its notice or not at all."""
    lines = facts.get("lines")
    for number, line in enumerate(lines if isinstance(lines, list) else (), 1):
        for figure in (line.get("figures") or ()) if isinstance(line, Mapping) else ():
            blank = [k for k in ("label", "value", "notice", "demo") if _blank(figure.get(k))]
            if blank:
                name = figure.get("label") or "未写名称"
                yield Reason(
                    f"待遇项目第 {number} 项所用数据“{name}”缺{'、'.join(_FIGURE[k] for k in blank)}，请补录后再出具",
                    "figure_incomplete", who="经办机构", field=f"lines[{number}].figures",
                )  # fmt: skip


_FIGURE = {"label": "名称", "value": "数值", "notice": "公布文件", "demo": "是否演示的标记"}


def _party_faults(kind: str, facts: Mapping[str, Any]) -> Iterator[Reason]:
    named = [*(facts.get("addressees") or ()), *(facts.get("copies") or ()), facts.get("addressee")]
    for who in dict.fromkeys(w for w in named if w):
        try:
            party(str(who), facts)
        except Refused as refused:
            yield from refused.reasons
        except (KeyError, TypeError):
            if f"{who}.name" in KINDS[kind]:
                continue  # told already as a missing fact of the document
            yield Reason(f"收件人“{who}”的名称没有给出，请补录后再出具", "fact_missing", who="承办人", field=str(who))


def _objection_faults(kind: str, facts: Mapping[str, Any]) -> Iterator[Reason]:
    """What is told about objecting must be whole: whom to turn to, or why there is nothing to turn against."""
    told = facts.get("objection")
    if not isinstance(told, Mapping) or kind in ("delivery_return", "public_notice"):
        return
    way = told.get("kind")
    if way not in OBJECTIONS:
        yield Reason(
            "异议途径只能是复议和诉讼、申请再次鉴定或者没有，请在办理流程的文书设置中更正",
            "fact_faulty", who="系统管理员", field="objection.kind",
        )  # fmt: skip
    if way == "remedy":
        yield from (r for path in _REMEDY if (r := _fault(kind, path, path, next(_values(facts, path))[1])))
    if way == "" and kind == "notice" and _blank(told.get("why")):
        yield Reason(
            "没有写明为什么对本文书不能提出异议，请在办理流程的文书设置中补写后再出具",
            "fact_missing", who="系统管理员", field="objection.why",
        )  # fmt: skip


def _letter_faults(facts: Mapping[str, Any]) -> Iterator[Reason]:
    """The letter prints whatever was asked, so every line of it has a name and an answer."""
    said = facts.get("said")
    for number, pair in enumerate(said if isinstance(said, list | tuple) else (), 1):
        name, value = pair if isinstance(pair, list | tuple) and len(pair) == 2 else ("", "")
        if not isinstance(name, str) or not isinstance(value, str) or not name.strip():
            text = f"办理内容第 {number} 项的格式不对，请写明名称和内容"
        elif not value.strip():
            text = f"缺{name}，文书不能打印，请补录后再出具"
        else:
            continue
        yield Reason(text, "fact_missing", who="承办人", field=f"said[{number}]")
    inner = facts.get("facts")
    ground = inner.get("ground") if isinstance(inner, Mapping) else None
    yield from (
        r for path, v in (("law", facts.get("law")), ("facts.ground", ground))
        if not _blank(v) and (r := _fault("notice", path, path, v))
    )  # fmt: skip


def _public_faults(facts: Mapping[str, Any]) -> Iterator[Reason]:
    inner, dates = facts.get("facts"), facts.get("dates")
    who = inner.get("addressee") if isinstance(inner, Mapping) else None
    try:
        if not _blank(who):
            public_party(str(who), facts)
    except Refused as refused:
        yield from refused.reasons
    except (KeyError, TypeError):
        yield Reason(
            "公告的受送达人的名称没有给出，请补录后再出具", "fact_missing", who="承办人", field="facts.addressee"
        )
    day = dates.get("announced_on") if isinstance(dates, Mapping) else None
    if isinstance(day, str) and day and day < THIRTY_DAYS_SINCE:
        yield Reason(
            f"公告之日 {day} 在2022年以前，当时的公告期不是30日，不能用现在的文书出具，请核对日期",
            "fact_faulty", "民事诉讼法#95", "承办人", "dates.announced_on",
        )  # fmt: skip


def document_check(kind: str, facts: Mapping[str, Any]) -> list[Reason]:
    """Why a document could not be printed for want of facts; what the engine asks before an act is committed."""
    return faults(kind, facts)
