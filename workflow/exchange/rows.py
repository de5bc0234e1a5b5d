"""What a row of 附件2 or 附件3 says, and whether it can be true."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from workflow import identity
from workflow.errors import BadInput
from workflow.exchange.cells import Row, tidy
from workflow.exchange.faults import shown
from workflow.identity import Identity

EMPLOYERS, WORKERS = "附件2", "附件3"
HEADERS: Mapping[str, tuple[str, ...]] = {
    EMPLOYERS: ("序号", "所属行业", "企业名称", "企业地址", "职工人数", "企业联系人", "联系电话", "备注"),
    WORKERS: ("序号", "姓名", "性别", "身份证号码", "职业病发病所在单位", "职业病诊断病种", "职业病诊断时间",
              "工伤认定时间", "劳动能力鉴定时间", "是否参保", "是否领取工伤待遇", "备注"),
}  # fmt: skip
"""The columns of each form as its own header prints them."""

Employers = Mapping[str, object] | Callable[[str], str | None]
"""The ledger: full names as keys, or a function from a name as written to the ledger's own spelling (None: unknown)."""
RestDay = Callable[[date], bool | None]
"""True on a rest day, False on a working day, None where no notice covers the year."""
LONGEST_REST = 30
WITHIN_THE_YEAR = "工伤保险条例#17.2"


@dataclass(frozen=True)
class EmployerRow:
    """A sound row of 附件2. Blank texts are '', an unknown headcount is None."""

    row: int
    name: str
    industry: str
    address: str
    headcount: int | None
    contact: str
    phone: str
    remark: str


@dataclass(frozen=True)
class WorkerRow:
    """A sound row of 附件3. `employer` in the ledger's spelling; `insured`, `drawing`: yes, no, unknown (blank)."""

    row: int
    name: str
    sex: str
    identity: Identity
    employer: str
    disease: str
    diagnosed_on: date
    recognised_on: date | None
    appraised_on: date | None
    insured: str
    drawing: str
    remark: str


def employer_key(name: str) -> str:
    """A firm's name as it is compared: NFC, trimmed, brackets in one width."""
    return tidy(name).replace("(", "（").replace(")", "）")


def finder(known: Employers) -> Callable[[str], str | None]:
    """From a name as written to the ledger's spelling; the exact name goes before one that differs in its brackets."""
    if not isinstance(known, Mapping):
        return known
    by_key = {employer_key(name): name for name in known}
    return lambda name: name if name in known else by_key.get(employer_key(name))


def read_employer(row: Row) -> EmployerRow | None:
    """The row, or None where it is faulty; its faults and warnings stay on `row`."""
    name = row.text("企业名称", 120, words=True)
    if not name:
        row.need("企业名称", "没有填写，请填写企业全称")
    row.key = (employer_key(name),) if name else ()
    industry = row.text("所属行业", 40)
    address = row.text("企业地址", 200)
    headcount = row.headcount("职工人数")
    contact = row.text("企业联系人", 50)
    phone = row.text("联系电话", 40)
    remark = row.text("备注", 500)
    if phone is not None and (cell := row.cell("联系电话")) and not isinstance(cell.value, str):
        row.warn("联系电话", "被表格存成了数字，开头的 0 可能已经丢失，请核对电话")
    if row.faults:
        return None
    return EmployerRow(
        row.number, name or "", industry or "", address or "", headcount, contact or "", phone or "", remark or ""
    )


def read_worker(row: Row, today: date, ledger: Callable[[str], str | None], rest_day: RestDay) -> WorkerRow | None:
    """The row, or None where it is faulty; its faults and warnings stay on `row`."""
    name, employer = _name(row), _employer(row, ledger)
    disease = row.text("职业病诊断病种", 80, words=True)
    if not disease:
        row.need("职业病诊断病种", "没有填写，请照诊断证明书填写病种")
    remark = row.text("备注", 500)
    told = _Told(
        _sex(row), _identity(row, today), row.day("职业病诊断时间", today), row.day("工伤认定时间", today),
        row.day("劳动能力鉴定时间", today), row.yes_no("是否参保"), row.yes_no("是否领取工伤待遇"),
    )  # fmt: skip
    if told.diagnosed is None:
        row.need("职业病诊断时间", "没有填写，请照诊断证明书填写日期")
    elif told.person:
        row.key, row.who = (told.person.number, told.diagnosed.isoformat()), name or ""
    _impossible(row, told)
    _doubtful(row, told, today, rest_day)
    if row.faults or not (name and employer and disease and told.sex and told.person and told.diagnosed):
        return None
    return WorkerRow(
        row.number, name, told.sex, told.person, employer, disease, told.diagnosed, told.recognised, told.appraised,
        told.insured, told.drawing, remark or "",
    )  # fmt: skip


class _Told(NamedTuple):
    """What a row says that must agree with itself; None where blank or faulty."""

    sex: str | None
    person: Identity | None
    diagnosed: date | None
    recognised: date | None
    appraised: date | None
    insured: str
    drawing: str


# --- cells ------------------------------------------------------------------------------------------------------------


def _name(row: Row) -> str | None:
    name = row.text("姓名", 50, words=True)
    if not name:
        row.need("姓名", "没有填写，请照居民身份证填写姓名")
        return None
    # 王 山 is spread out to fill the column; names in other scripts keep their blanks.
    spread = all(c == " " or "CJK" in unicodedata.name(c, "") for c in name)
    return name.replace(" ", "") if spread else name


def _sex(row: Row) -> str | None:
    sex = row.text("性别", 200)
    if sex in ("男", "女"):
        return sex
    row.need("性别", f"“{shown(sex)}”不是男或女，请填“男”或“女”" if sex else "没有填写，请填“男”或“女”")
    return None


def _identity(row: Row, today: date) -> Identity | None:
    written = row.number_text("身份证号码")
    if written is None:
        row.need("身份证号码", "没有填写，请填写 18 位公民身份号码")
        return None
    try:
        person = identity.parse(written, today)
    except BadInput as refused:
        row.fault("身份证号码", refused.reasons[0].text.rstrip("。"))
        return None
    for text in person.warnings:
        row.warn("身份证号码", text.rstrip("。"))
    return person


def _employer(row: Row, ledger: Callable[[str], str | None]) -> str | None:
    written = row.text("职业病发病所在单位", 120, words=True)
    if not written:
        row.need("职业病发病所在单位", "没有填写，请填写单位全称")
        return None
    found = ledger(written)
    if found is None:
        row.fault(
            "职业病发病所在单位", f"企业台账里没有“{shown(written)}”，请先导入附件2，或者把单位名称改成台账里的全称"
        )
    return found


# --- what cannot be, and what a person should look at -----------------------------------------------------------------


def _impossible(row: Row, told: _Told) -> None:
    born = told.person.birth_on if told.person else None
    if born and told.diagnosed and told.diagnosed <= born:
        row.fault("职业病诊断时间", f"{told.diagnosed} 不晚于出生日期 {born}，请核对两个日期")
    if told.diagnosed and told.recognised and told.recognised < told.diagnosed:
        row.fault("工伤认定时间", f"{told.recognised} 早于职业病诊断时间 {told.diagnosed}，请核对两个日期")
    for column, day in (("工伤认定时间", told.recognised), ("职业病诊断时间", told.diagnosed)):
        if told.appraised and day and told.appraised < day:
            row.fault("劳动能力鉴定时间", f"{told.appraised} 早于{column} {day}，请核对两个日期")
            break


def _doubtful(row: Row, told: _Told, today: date, rest_day: RestDay) -> None:
    if told.person and told.sex and told.person.sex != told.sex:
        row.warn("性别", f"填的是“{told.sex}”，身份证号码第 17 位表示“{told.person.sex}”，请对照居民身份证核对")
    for column, day in (("工伤认定时间", told.recognised), ("劳动能力鉴定时间", told.appraised)):
        if day and rest_day(day):
            row.warn(column, f"{day} 是休息日，仍按这一天导入，请对照文书核对日期")
    if not told.recognised and not row.wrong("工伤认定时间"):
        _without_recognition(row, told, today, rest_day)
    if told.drawing == "yes" and not told.appraised and not row.wrong("劳动能力鉴定时间"):
        row.warn("劳动能力鉴定时间", "已在领取工伤待遇却没有填写，请核实领取的是哪一项，做过鉴定的补录结论日期")
    if told.drawing == "yes" and told.insured == "no":
        row.warn("是否领取工伤待遇", "没有参保却在领取工伤待遇，请核实由谁支付")


def _without_recognition(row: Row, told: _Told, today: date, rest_day: RestDay) -> None:
    if told.appraised:
        # The application for an appraisal carries the decision of recognition: it exists, only the form leaves it out.
        row.warn("工伤认定时间", "已有劳动能力鉴定时间却没有填写，请补录认定决定的日期", "工伤保险条例#23")
    elif told.diagnosed and today > (last := year_ends(told.diagnosed, rest_day)):
        row.warn(
            "工伤认定时间",
            f"没有填写，职工方一年的申请期到 {last} 可能已过，系统不会自动拒绝，"
            "请由工作人员核实是否申请过、有无应当扣除的时间",
            WITHIN_THE_YEAR,
        )


def year_ends(diagnosed: date, rest_day: RestDay) -> date:
    """The last day of the worker's year: the matching day (in February the 28th for the 29th), past rest days."""
    day = diagnosed.day
    if (diagnosed.month, day) == (2, 29):
        day = 28
    last = date(diagnosed.year + 1, diagnosed.month, day)
    for _ in range(LONGEST_REST):
        if not rest_day(last):
            break
        last += timedelta(days=1)
    return last
