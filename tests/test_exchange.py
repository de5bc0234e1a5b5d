"""Reading the city's two forms: every fault at once with its cure, warnings that stop nothing, no file believed."""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from workflow import identity
from workflow.errors import BadInput
from workflow.exchange import Form, county_in, employer_key, layout, read_form, workbook
from workflow.exchange.cells import as_count, as_day
from workflow.exchange.rows import HEADERS, year_ends

MORE = 20 if os.environ.get("PROVE_ALL") == "1" else 1
SAMPLES = Path(__file__).parent / "samples"
TODAY = date(2026, 11, 24)
FIRM = "乌拉特后旗试例矿业有限责任公司（演示）"
LINE = re.compile(r"附件[23] 第 \d+ 行 \S[^（）]*（[A-Z]{1,3}\d+）：[^\n]+，请[^\n]+。")
REGION = "地区码 159999 不在本市的代码之内，外地户籍的不用修改，请对照居民身份证核对一次"


def person(seq: int = 1, born: date = date(1966, 2, 3)) -> str:
    return identity.make(identity.DEMO_REGION, born, seq)


def worker(**changes: Any) -> dict[str, Any]:
    row = {
        "序号": 1, "姓名": "试大山", "性别": "男", "身份证号码": person(), "职业病发病所在单位": FIRM,
        "职业病诊断病种": "矽肺壹期", "职业病诊断时间": date(2026, 9, 14), "是否参保": "是", "是否领取工伤待遇": "否",
    }  # fmt: skip
    return {**row, **changes}


def employer(**changes: Any) -> dict[str, Any]:
    row = {
        "序号": 1, "所属行业": "煤矿", "企业名称": FIRM, "企业地址": "试例工业园区1号", "职工人数": 12,
        "企业联系人": "试甲", "联系电话": "0478-0001001",
    }  # fmt: skip
    return {**row, **changes}


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "序号": number} for number, row in enumerate(rows, 1)]


def book(kind: str, rows: list[dict[str, Any]], then: Callable[[Worksheet], object] | None = None) -> bytes:
    """A form laid out as the city's: title, 填报单位, header in row 3, data from row 4, a blank row, the footer."""
    made = Workbook()
    sheet = made.worksheets[0]
    sheet.title = kind
    sheet.append(["表名"])
    sheet.append(["填报单位：乌拉特后旗人力资源和社会保障局        填报时间：2026年5月20日"])
    sheet.append(list(HEADERS[kind]))
    for row in rows:
        sheet.append([row.get(column) for column in HEADERS[kind]])
    sheet.append([])
    sheet.append(["单位负责人签字：          科室负责人签字：          经办人签字："])
    sheet.append(["备注：1.职业病诊断病种填写尘肺病、职业中毒、布病、森林脑炎等职业病名称；"])
    sheet.append(["      2.统计时间以职业病诊断时间为准进行统计。"])
    if then:
        then(sheet)
    return saved(made)


def saved(made: Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def weekend(day: date) -> bool:
    return day.weekday() > 4


def read(source: Path | str | bytes, known: Any = (FIRM,), **more: Any) -> Form:
    ledger = known if callable(known) else dict.fromkeys(known)
    return read_form(source, "" if isinstance(source, Path | str) else "报送.xlsx", today=TODAY,
                     known_employers=ledger, is_rest_day=more.get("rest", weekend))  # fmt: skip


def workers(*rows: dict[str, Any], **more: Any) -> Form:
    return read(book("附件3", numbered(list(rows)), more.pop("then", None)), **more)


def employers(*rows: dict[str, Any], **more: Any) -> Form:
    return read(book("附件2", numbered(list(rows)), more.pop("then", None)), **more)


def lines(form: Form) -> list[str]:
    return [fault.sentence() for fault in form.faults]


def told(form: Form) -> list[str]:
    """The warnings but that of the region, which every demonstration number has."""
    return [fault.sentence() for fault in form.warnings if fault.text != REGION]


def refused(source: Path | str | bytes) -> str:
    with pytest.raises(BadInput) as stopped:
        read(source)
    (sentence,) = stopped.value.sentences()
    assert "\n" not in sentence and "请" in sentence and sentence.endswith("。")
    return sentence


# --- sound forms ------------------------------------------------------------------------------------------------------


def test_the_form_of_enterprises_is_read_as_it_stands() -> None:
    form = read(SAMPLES / "附件2.xlsx", known=())
    assert (form.kind, form.sheet, form.filename) == ("附件2", "附件2", "附件2.xlsx")
    assert (form.unit, form.county, form.reported_on) == ("乌拉特后旗卫生健康委员会", "乌拉特后旗", date(2026, 5, 20))
    assert (form.declared, form.total, lines(form), told(form)) == (3, 3, [], [])
    first, second, third = form.employers
    assert (first.row, first.name, first.industry, first.headcount) == (4, FIRM, "非煤矿山", 120)
    assert (second.contact, second.phone, second.remark) == ("试乙", "0478-0001002", "停产")
    assert (third.headcount, third.address, third.remark) == (None, "巴彦淖尔市乌拉特后旗试例工业园区3号", "")
    assert form.sound_rows() == form.employers and form.workers == ()


def test_the_form_of_workers_is_read_as_it_stands() -> None:
    ledger = [e.name for e in read(SAMPLES / "附件2.xlsx").employers]
    form = read(SAMPLES / "附件3.xlsx", known=ledger)
    assert (form.kind, form.county, form.reported_on, form.total) == ("附件3", "乌拉特后旗", None, 5)
    assert form.faults == () and form.faulty_rows() == ()
    assert [w.row for w in form.workers] == [4, 5, 6, 7, 8] and form.sound_rows() == form.workers
    new, recognised, drawing, _, blank = form.workers
    assert (new.name, new.sex, new.identity.birth_on) == ("单试山", "男", date(1968, 3, 12))
    assert (new.employer, new.disease, new.diagnosed_on) == (FIRM, "矽肺壹期", date(2026, 9, 14))
    assert (new.recognised_on, new.appraised_on, new.insured, new.drawing) == (None, None, "yes", "no")
    assert (recognised.recognised_on, recognised.appraised_on) == (date(2026, 6, 23), None)
    assert (drawing.appraised_on, drawing.drawing, drawing.remark) == (date(2025, 11, 19), "yes", "已住院")
    assert (blank.name, blank.insured, blank.drawing) == ("䶮试𬭎", "unknown", "unknown")


def test_the_digest_is_that_of_the_bytes_and_path_text_and_bytes_read_alike() -> None:
    path = SAMPLES / "附件2.xlsx"
    forms = [read(path), read(str(path)), read(path.read_bytes())]
    assert {form.digest for form in forms} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert [form.filename for form in forms] == ["附件2.xlsx", "附件2.xlsx", "报送.xlsx"]
    assert len({form.employers for form in forms}) == 1


# --- faults: all at once, each with its place and cure ----------------------------------------------------------------


def test_all_faults_of_all_rows_are_told_at_once_in_the_order_of_the_sheet() -> None:
    form = read(SAMPLES / "附件3-有错.xlsx")
    assert lines(form) == [
        "附件3 第 5 行 身份证号码（D5）：被表格存成了数字，后几位已经靠不住，"
        "请把这一列的格式设为文本，再照证件重新录入。",
        "附件3 第 6 行 身份证号码（D6）：校验码不对，最后一位与前 17 位对不上，请对照居民身份证逐位核对。",
        "附件3 第 7 行 姓名（B7）：没有填写，请照居民身份证填写姓名。",
        "附件3 第 8 行 性别（C8）：“未知”不是男或女，请填“男”或“女”。",
        "附件3 第 9 行 备注（L9）：单元格里是公式，请改成固定内容（复制后选择性粘贴为数值）。",
        "附件3 第 10 行 职业病诊断时间（G10）：“二零二六年秋天”不是日期，请写成 2024-03-12 这样的日期，没有的留空。",
        "附件3 第 11 行 职业病诊断时间（G11）：2027-01-04 还没有到，请核对日期。",
        "附件3 第 12 行 工伤认定时间（H12）：2026-09-01 早于职业病诊断时间 2026-09-14，请核对两个日期。",
        "附件3 第 13 行 劳动能力鉴定时间（I13）：2026-10-12 早于工伤认定时间 2026-10-15，请核对两个日期。",
        "附件3 第 14 行 职业病发病所在单位（E14）：企业台账里没有“乌拉特后旗没有的公司（演示）”，"
        "请先导入附件2，或者把单位名称改成台账里的全称。",
        "附件3 第 15 行 身份证号码（D15）：与第 4 行（D4）是同一人同一诊断时间，请只保留一行。",
        "附件3 第 16 行 职业病诊断病种（F16）：没有填写，请照诊断证明书填写病种。",
        "附件3 第 17 行 性别（C17）：“女士”不是男或女，请填“男”或“女”。",
        "附件3 第 17 行 是否参保（J17）：“有”看不出是或否，请填“是”或“否”，不清楚的留空。",
    ]
    assert form.faulty_rows() == tuple(range(5, 18))
    assert [w.row for w in form.workers] == [4, 18] and form.total == 15
    assert all(LINE.fullmatch(line) for line in lines(form))


@pytest.mark.parametrize(
    ("column", "value", "clause"),
    [
        ("姓名", None, "没有填写，请照"),
        ("姓名", " \u3000 ", "没有填写，请照"),
        ("姓名", 12345, "“12345”不是文字，请"),
        ("姓名", "＊＊", "“＊＊”不是文字，请"),
        ("姓名", "试" * 51, "太长，有 51 个字，请"),
        ("姓名", "试_x0007_山", "控制字符，请"),
        ("姓名", "试\ue000", "本机自造的字，"),
        ("性别", None, "没有填写，请填“男”或“女”"),
        ("性别", "男性", "“男性”不是男或女，请"),
        ("性别", 1, "“1”不是男或女，请"),
        ("身份证号码", None, "没有填写，请填写 18 位"),
        ("身份证号码", 1.5999919660203e17, "存成了数字，后几位已经靠不住，请把这一列的格式设为文本"),
        ("身份证号码", int(person()[:17] + "1"), "存成了数字，"),
        ("身份证号码", date(2026, 1, 1), "存成了数字，"),
        ("身份证号码", person()[:17], "应当是 18 位，现在是 17 位，请"),
        ("身份证号码", "159999" + "20990101" + "0017", "出生日期 2099-01-01 还没有到，请"),
        ("职业病发病所在单位", None, "没有填写，请填写单位全称"),
        ("职业病发病所在单位", "没有的公司", "企业台账里没有“没有的公司”，请先导入附件2，"),
        ("职业病发病所在单位", "司" * 121, "太长，有 121 个字，请"),
        ("职业病诊断病种", None, "没有填写，请照诊断证明书"),
        ("职业病诊断病种", 45000, "“45000”不是文字，请"),
        ("职业病诊断病种", "肺" * 81, "太长，有 81 个字，请"),
        ("职业病诊断时间", None, "没有填写，请照诊断证明书"),
        ("职业病诊断时间", 45000, "“45000”是数字，看不出是哪一天，请"),
        ("职业病诊断时间", "2026-02-30", "“2026-02-30”不是日期，请"),
        ("职业病诊断时间", "2026年3月", "“2026年3月”不是日期，请"),
        ("职业病诊断时间", time(9, 30), "不是日期，请"),
        ("职业病诊断时间", timedelta(days=2, hours=1), "不是日期，请"),
        ("职业病诊断时间", True, "“True”不是日期，请"),
        ("职业病诊断时间", date(2026, 11, 25), "2026-11-25 还没有到，请"),
        ("职业病诊断时间", "0024-03-12", "太早，请核对年份"),
        ("职业病诊断时间", date(1966, 2, 3), "不晚于出生日期 1966-02-03，请"),
        ("工伤认定时间", "无", "“无”不是日期，请写成 2024-03-12 这样的日期，没有的留空"),
        ("工伤认定时间", date(2099, 1, 1), "2099-01-01 还没有到，请"),
        ("工伤认定时间", date(2026, 9, 13), "2026-09-13 早于职业病诊断时间 2026-09-14，请"),
        ("劳动能力鉴定时间", date(2026, 9, 13), "2026-09-13 早于职业病诊断时间 2026-09-14，请"),
        ("劳动能力鉴定时间", "下月", "“下月”不是日期，请"),
        ("是否参保", "参加", "“参加”看不出是或否，请"),
        ("是否参保", True, "“True”看不出是或否，请"),
        ("是否领取工伤待遇", "正在领", "“正在领”看不出是或否，请"),
        ("备注", "注" * 501, "太长，有 501 个字，请"),
        ("备注", "#REF!", "单元格里是错误值“#REF!”，请"),
        *((column, "=A1", "单元格里是公式，请改成固定内容") for column in HEADERS["附件3"]),
    ],
)  # fmt: skip
def test_one_faulty_cell_of_a_worker_is_told_once_with_its_place(column: str, value: Any, clause: str) -> None:
    rows = numbered([worker(身份证号码=person(3)), worker()])
    rows[1][column] = value
    form = read(book("附件3", rows))
    (line,) = lines(form)
    cell = f"{get_column_letter(HEADERS['附件3'].index(column) + 1)}5"
    assert line.startswith(f"附件3 第 5 行 {column}（{cell}）：") and clause in line
    assert LINE.fullmatch(line)
    assert form.faulty_rows() == (5,) and [w.row for w in form.workers] == [4]


@pytest.mark.parametrize(
    ("column", "value", "clause"),
    [
        ("企业名称", None, "没有填写，请填写企业全称"),
        ("企业名称", 7, "“7”不是文字，请"),
        ("企业名称", "司" * 121, "太长，有 121 个字，请"),
        ("职工人数", "很多", "“很多”不是人数，请填 0 以上的整数"),
        ("职工人数", -1, "“-1”不是人数，请"),
        ("职工人数", 12.5, "“12.5”不是人数，请"),
        ("职工人数", True, "“True”不是人数，请"),
        ("职工人数", 10**12, "不是人数，请"),
        ("职工人数", date(2026, 1, 1), "不是人数，请"),
        ("所属行业", "业" * 41, "太长，有 41 个字，请"),
        ("企业地址", "地" * 201, "太长，有 201 个字，请"),
        ("企业联系人", "人" * 51, "太长，有 51 个字，请"),
        ("联系电话", "1" * 41, "太长，有 41 个字，请"),
        ("备注", "注" * 501, "太长，有 501 个字，请"),
        *((column, "=A1", "单元格里是公式，请改成固定内容") for column in HEADERS["附件2"]),
    ],
)  # fmt: skip
def test_one_faulty_cell_of_an_enterprise_is_told_once_with_its_place(column: str, value: Any, clause: str) -> None:
    rows = numbered([employer(企业名称="试例一（演示）"), employer()])
    rows[1][column] = value
    form = read(book("附件2", rows))
    (line,) = lines(form)
    cell = f"{get_column_letter(HEADERS['附件2'].index(column) + 1)}5"
    assert line.startswith(f"附件2 第 5 行 {column}（{cell}）：") and clause in line
    assert LINE.fullmatch(line)
    assert form.faulty_rows() == (5,) and [e.row for e in form.employers] == [4]


def test_a_formula_is_seen_even_where_its_result_is_stored() -> None:
    cell = b'<c r="F4" t="str"><f>"x"&amp;1</f><v>x1</v></c>'
    data = repacked(
        book("附件3", [worker()]),
        {"xl/worksheets/sheet1.xml": lambda raw: re.sub(rb'<c r="F4".*?</c>', lambda _: cell, raw)},
    )
    assert ["（F4）：单元格里是公式，" in line for line in lines(read(data))] == [True]


def test_several_faults_of_a_row_are_all_told_and_the_row_is_listed_once() -> None:
    form = workers(worker(姓名=None, 性别="？", 是否参保="x", 职业病诊断时间="x"))
    assert [fault.cell for fault in form.faults] == ["B4", "C4", "G4", "J4"]
    assert form.faulty_rows() == (4,) and form.workers == ()


def test_a_fault_is_a_line_a_reason_and_a_plain_record() -> None:
    (fault,) = workers(worker(性别="？")).faults
    assert fault.reason().sentence() == fault.sentence() and fault.reason().field == "C4"
    assert fault.as_dict() == {"form": "附件3", "row": 4, "column": "性别", "cell": "C4", "line": fault.sentence()}


def test_the_same_person_and_day_twice_is_a_fault_that_names_both_rows() -> None:
    form = workers(worker(), worker(身份证号码=person(3)), worker(姓名="别的名字"), worker(姓名=None))
    assert lines(form)[0] == "附件3 第 6 行 身份证号码（D6）：与第 4 行（D4）是同一人同一诊断时间，请只保留一行。"
    assert [fault.cell for fault in form.faults] == ["D6", "B7", "D7"]  # a row faulty elsewhere is compared too
    assert [w.row for w in form.workers] == [4, 5]


def test_the_same_person_with_another_day_is_told_and_let_through() -> None:
    form = workers(worker(), worker(姓名="别的名字", 职业病诊断时间=date(2026, 10, 9)))
    assert told(form) == [
        "附件3 第 5 行 身份证号码（D5）：与第 4 行号码相同，诊断时间不同、姓名也不同，"
        "按两个案件导入，请核对是否同一次诊断。"
    ]
    assert len(form.workers) == 2


@pytest.mark.parametrize("again", ["试例（演示）", " 试例(演示) ", "试例（演示)"])
def test_the_same_enterprise_twice_is_a_fault(again: str) -> None:
    form = employers(employer(企业名称="试例（演示）"), employer(企业名称=again))
    assert lines(form) == ["附件2 第 5 行 企业名称（C5）：与第 4 行（C4）是同一家企业，请只保留一行。"]
    assert [e.row for e in form.employers] == [4]


def test_no_fault_or_warning_repeats_an_identity_number() -> None:
    numbers = [person(3)[:17] + c for c in "0123456789X"]
    form = workers(*(worker(身份证号码=n) for n in numbers), worker(), worker(性别="女"))
    said = "".join(f.sentence() for f in form.faults + form.warnings)
    assert form.faults and not re.search(r"\d{9}", said)


def test_what_somebody_typed_cannot_break_the_line_or_hide_in_it() -> None:
    form = workers(worker(性别="男\n附件3 第 9 行 x\u202e\u200b" + "长" * 60))
    (line,) = lines(form)
    assert LINE.fullmatch(line) and len(line) < 120 and "\u202e" not in line


# --- the ledger -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", [FIRM, f"  {FIRM}\u3000", FIRM.replace("（", "(").replace("）", ")"), f"{FIRM[:-1]})"]
)
def test_an_employer_is_found_whatever_its_brackets_and_kept_as_the_ledger_writes_it(written: str) -> None:
    assert [w.employer for w in workers(worker(职业病发病所在单位=written)).workers] == [FIRM]


def test_the_exact_name_goes_before_one_that_differs_in_its_brackets() -> None:
    known = ["试例（演示）", "试例(演示)"]
    form = workers(worker(职业病发病所在单位="试例(演示)"), known=known)
    assert form.workers[0].employer == "试例(演示)"
    assert employer_key(known[0]) == employer_key(known[1])


def test_the_ledger_may_be_asked_by_a_function() -> None:
    def ask(name: str) -> str | None:
        return FIRM if name == "简称" else None

    form = workers(worker(职业病发病所在单位="简称"), worker(身份证号码=person(3)), known=ask)
    assert [w.employer for w in form.workers] == [FIRM] and form.faulty_rows() == (5,)


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"性别": "女"}, "性别（C4）：填的是“女”，身份证号码第 17 位表示“男”，请对照居民身份证核对。"),
        (
            {"工伤认定时间": date(2026, 10, 17)},
            "工伤认定时间（H4）：2026-10-17 是休息日，仍按这一天导入，请对照文书核对日期。",
        ),
        (
            {"工伤认定时间": date(2026, 10, 16), "劳动能力鉴定时间": date(2026, 11, 1)},
            "劳动能力鉴定时间（I4）：2026-11-01 是休息日，仍按这一天导入，请对照文书核对日期。",
        ),
        (
            {"是否参保": "否", "是否领取工伤待遇": "是", "工伤认定时间": date(2026, 10, 16),
             "劳动能力鉴定时间": date(2026, 11, 2)},
            "是否领取工伤待遇（K4）：没有参保却在领取工伤待遇，请核实由谁支付。",
        ),
        (
            {"是否领取工伤待遇": "是"},
            "劳动能力鉴定时间（I4）：已在领取工伤待遇却没有填写，请核实领取的是哪一项，做过鉴定的补录结论日期。",
        ),
        (
            {"劳动能力鉴定时间": date(2026, 11, 2)},
            "工伤认定时间（H4）：已有劳动能力鉴定时间却没有填写，请补录认定决定的日期（依据：工伤保险条例#23）。",
        ),
        (
            {"职业病诊断时间": date(2025, 11, 20)},
            "工伤认定时间（H4）：没有填写，职工方一年的申请期到 2026-11-20 可能已过，系统不会自动拒绝，"
            "请由工作人员核实是否申请过、有无应当扣除的时间（依据：工伤保险条例#17.2）。",
        ),
    ],
)  # fmt: skip
def test_a_warning_is_told_and_stops_nothing(changes: dict[str, Any], line: str) -> None:
    form = workers(worker(**changes))
    assert told(form) == [f"附件3 第 4 行 {line}"]
    assert form.faults == () and len(form.workers) == 1
    assert LINE.fullmatch(told(form)[0])


def test_unusual_numbers_are_warnings() -> None:
    made = identity.make("152801", date(1966, 2, 3), 1)
    form = workers(worker(身份证号码=made[:6] + made[8:17]), worker(身份证号码=f" {person(3).lower()} "))
    assert [f.text for f in form.warnings] == [
        "这是 15 位旧号码，已经换算成 18 位，请对照居民身份证核对",
        "地区码 152801 是原临河市的旧代码，仍然有效，不用修改，请对照居民身份证核对一次",
        REGION,
    ]
    assert form.workers[0].identity.number == made and form.workers[1].identity.number == person(3)


def test_no_rest_day_is_claimed_where_no_notice_says_so() -> None:
    assert told(workers(worker(工伤认定时间=date(2026, 10, 17)), rest=lambda _day: None)) == []


@pytest.mark.parametrize(
    ("diagnosed", "last"),
    [
        (date(2024, 11, 24), date(2025, 11, 24)),
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2024, 8, 30), date(2025, 9, 1)),  # 30 August 2025 is a Saturday
    ],
)
def test_the_worker_s_year_ends_on_the_matching_day_rolled_past_rest_days(diagnosed: date, last: date) -> None:
    assert year_ends(diagnosed, weekend) == last
    assert year_ends(diagnosed, lambda _day: True) > last  # a calendar gone wrong does not hang the import


def test_the_last_day_of_the_year_has_not_passed_yet() -> None:
    assert told(workers(worker(职业病诊断时间=date(2025, 11, 24)))) == []
    assert len(told(workers(worker(职业病诊断时间=date(2025, 11, 21))))) == 1  # ended on Monday the 23rd


def test_a_telephone_stored_as_a_number_is_kept_and_told() -> None:
    form = employers(employer(联系电话=4780001001))
    assert form.employers[0].phone == "4780001001"
    assert told(form) == ["附件2 第 4 行 联系电话（G4）：被表格存成了数字，开头的 0 可能已经丢失，请核对电话。"]


# --- text and dates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("试　山", "试山"), ("试 山\n", "试山"), ("\u200b试山", "试山"), ("巴试·Bat Er", "巴试·Bat Er"),
        ("ᠪᠠᠲᠤ", "ᠪᠠᠲᠤ"), ("𠮷试", "𠮷试"), ("e\u0301试", "é试"), ("试﨑", "试﨑"), ("试" * 50, "试" * 50),
    ],
)  # fmt: skip
def test_names_are_trimmed_but_never_rewritten(typed: str, kept: str) -> None:
    assert [w.name for w in workers(worker(姓名=typed)).workers] == [kept]


def test_text_is_one_line_and_numbers_and_dates_become_text() -> None:
    form = employers(
        employer(
            企业地址="园区\n 1 号\u3000", 备注=2026.0, 所属行业=date(2026, 1, 2), 职工人数="240 人",
            企业联系人=datetime(2026, 1, 2, 9),
        )
    )  # fmt: skip
    (read_,) = form.employers
    assert (read_.address, read_.remark, read_.industry) == ("园区 1 号", "2026", "2026-01-02")
    assert (read_.headcount, read_.contact) == (240, "2026-01-02 09:00:00")


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 3, 12), datetime(2024, 3, 12, 14, 30), "2024-3-12", "2024-03-12", " 2024/03/12 ", "2024.3.12",
        "2024年3月12日", "2024 年 3 月 12 日", "2024年3月12", "20240312", "２０２４－０３－１２", 20240312,
    ],
)  # fmt: skip
def test_a_day_as_people_write_it(value: object) -> None:
    assert as_day(value) == date(2024, 3, 12)


@pytest.mark.parametrize(
    "value",
    [
        45000, 45363.5, 2024, 20241301, True, None, "", "2024-13-01", "2023-02-29", "2024-3", "2024年", "12-3-2024",
        "240312", "2024112", "2024-3-12 至今", "约2024-3-12", "٢٠٢٤-٠٣-١٢", time(1),
        timedelta(1), float("inf"), float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_certain_day_is_none(value: object) -> None:
    assert as_day(value) is None


@pytest.mark.parametrize(
    ("value", "count"),
    [(0, 0), (12, 12), (12.0, 12), ("12", 12), ("１２人", 12), ("12 名", 12), ("-1", None), ("1.5", None),
     ("约12", None), (None, None), (float("nan"), None), (float("inf"), None), (False, None)],
)  # fmt: skip
def test_a_number_of_people(value: object, count: int | None) -> None:
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("text", "county"),
    [
        ("乌拉特中旗人力资源和社会保障局", "乌拉特中旗"), ("巴彦淖尔市临河区卫健委", "临河区"),
        ("杭后人社局", "杭锦后旗"), ("巴彦淖尔市人力资源和社会保障局", "巴彦淖尔市"), ("市人社局", "巴彦淖尔市"), 
        ("五原县、磴口县联合", ""), ("别处的局", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_county_is_read_from_the_unit(text: str, county: str) -> None:
    assert county_in(text) == county
    assert county_in("", text) == county


# --- layout -----------------------------------------------------------------------------------------------------------


def changed(change: Callable[[Worksheet], object], *rows: dict[str, Any]) -> Form:
    return workers(*(rows or (worker(),)), then=change)


def test_a_header_further_down_with_blanks_and_line_breaks_is_known() -> None:
    def spread(sheet: Worksheet) -> None:
        sheet["D3"] = " 身份证\n号码＊"
        sheet["B3"] = "姓　名"
        sheet.insert_rows(1, 4)

    form = changed(spread, worker(性别="？"))
    assert lines(form) == ["附件3 第 8 行 性别（C8）：“？”不是男或女，请填“男”或“女”。"]
    assert form.county == "乌拉特后旗"


def test_columns_in_another_order_are_read_under_their_own_header() -> None:
    order = list(reversed(HEADERS["附件3"]))
    made = Workbook()
    sheet = made.worksheets[0]
    sheet.append(order)
    sheet.append([worker(备注="尾").get(column) for column in order])
    (row,) = read(saved(made)).workers
    assert (row.name, row.remark, row.identity.number) == ("试大山", "尾", person())


def test_a_wrong_header_is_one_sentence_with_the_columns_expected() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet["D3"] = "证件号"
        sheet["L3"] = None

    assert refused(book("附件3", [worker()], spoil)) == (
        "附件3 第 3 行 表头（A3:K3）：缺少“身份证号码”“备注”，多出“证件号”，请把这一行改成这 12 列："
        "序号、姓名、性别、身份证号码、职业病发病所在单位、职业病诊断病种、职业病诊断时间、工伤认定时间、劳动能力鉴定时间、"
        "是否参保、是否领取工伤待遇、备注。"
    )


def test_a_column_printed_twice_is_not_guessed_at() -> None:
    assert "重复了“姓名”" in refused(book("附件3", [worker()], lambda sheet: sheet.cell(3, 13, "姓名")))


def test_a_workbook_without_either_header_says_what_both_are() -> None:
    sentence = refused(saved(Workbook()))
    assert "附件2是序号、所属行业、" in sentence and "附件3是序号、姓名、" in sentence


def test_two_forms_in_one_workbook_are_not_guessed_at() -> None:
    made = load_workbook(io.BytesIO(book("附件3", [worker()])))
    made.copy_worksheet(made.worksheets[0])
    assert refused(saved(made)).startswith("“报送.xlsx”里有 2 张要导入的表（“附件3”、“附件3 Copy”），请")


def test_rows_after_a_blank_row_and_after_the_footer_are_not_lost() -> None:
    def later(sheet: Worksheet) -> None:
        for number, seq in ((20, 3), (30, 5)):
            for column, title in enumerate(HEADERS["附件3"], 1):
                sheet.cell(number, column, worker(身份证号码=person(seq)).get(title))

    form = changed(later)
    assert [w.row for w in form.workers] == [4, 20, 30] and form.total == 3


def test_footers_printed_numbers_and_repeated_headers_are_no_data() -> None:
    def add(sheet: Worksheet) -> None:
        sheet["A6"], sheet["E6"], sheet["I6"] = "单位负责人签字：", "科室负责人签字：", "经办人签字："
        sheet["A10"], sheet["A11"], sheet["A12"] = 9, "10", "=ROW()-3"
        for column, title in enumerate(HEADERS["附件3"], 1):
            sheet.cell(13, column, title)

    form = changed(add)
    assert (form.total, lines(form), told(form)) == (1, [], [])


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"A12": "合计", "B12": "40人"}, "附件3 第 12 行 整行（A12）：是合计，没有读取，请核对合计与导入的行数。"),
        ({"A12": "此处漏抄"}, "附件3 第 12 行 整行（A12）：只有“此处漏抄”，没有读取，请核对是否漏填了这一行。"),
        ({"N12": "旁注"}, "附件3 第 12 行 整行（N12）：只有“旁注”，没有读取，请核对是否漏填了这一行。"),
        ({"N4": "旁注", "N5": "又"}, "附件3 第 4 行 N 列（N4）：不是表样里的列，没有读取，请把内容移到备注里。"),
        ({"A4": 7}, "附件3 序号：编到 7，读到 1 行，请核对有没有漏行或者重号。"),
        (
            {"A2": "填报单位：          填报时间：   年   月   日"},
            "附件3 填报单位：看不出是哪个旗县区，请在表头上方写明填报单位。",
        ),
    ],
)  # fmt: skip
def test_what_is_not_read_is_told(cells: Mapping[str, str | int], line: str) -> None:
    def add(sheet: Worksheet) -> None:
        for name, value in cells.items():
            sheet[name] = value

    form = changed(add)
    assert line in told(form) and form.faults == () and len(form.workers) == 1


def test_a_row_begun_and_not_finished_is_faulty_not_lost() -> None:
    def begin(sheet: Worksheet) -> None:
        sheet["B12"] = "只有姓名"

    form = changed(begin)
    assert [fault.cell for fault in form.faults] == ["C12", "D12", "E12", "F12", "G12"]


def test_an_empty_form_is_told() -> None:
    form = workers()
    assert (form.total, form.workers, form.faults) == (0, (), ())
    assert told(form) == ["附件3 整张表：一行数据也没有，请核对是否漏填。"]


def test_a_hidden_row_is_read_and_told() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[4].hidden = True

    form = changed(hide)
    assert told(form) == ["附件3 第 4 行 整行（A4）：在表里是隐藏的，仍然读取，请核对是否要报送。"]
    assert len(form.workers) == 1


def test_only_the_sheet_with_the_form_is_read_and_others_with_content_are_told() -> None:
    made = load_workbook(io.BytesIO(book("附件3", [worker()])))
    made.create_sheet("空表")
    made.create_sheet("底稿", 0)["C3"] = "x"
    form = read(saved(made))
    assert (form.sheet, len(form.workers)) == ("附件3", 1)
    assert told(form) == ["附件3 工作表“底稿”：没有读取，只读要报送的那一张表，请核对里面有没有要导入的内容。"]


def test_a_merged_cell_is_told_as_what_it_is() -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("E4:E5")

    form = changed(merge, worker(), worker(身份证号码=person(3)))
    assert lines(form) == [
        "附件3 第 5 行 职业病发病所在单位（E5）：单元格是合并的，读不出这一行的内容，请取消合并，每行单独填写。"
    ]


def test_a_wrong_dimension_drops_no_row() -> None:
    data = book("附件3", numbered([worker(身份证号码=person(seq)) for seq in range(1, 11)]))
    lied = repacked(
        data,
        {"xl/worksheets/sheet1.xml": lambda raw: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:L6"', raw)},
    )
    assert lied != data and len(read(lied).workers) == 10


def test_the_number_of_rows_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert layout.MOST_ROWS == 5000
    monkeypatch.setattr(layout, "MOST_ROWS", 3)
    rows = [worker(身份证号码=person(seq)) for seq in range(1, 5)]
    assert len(workers(*rows[:3]).workers) == 3
    assert refused(book("附件3", rows)) == "附件3 有 4 行，一次最多导入 3 行，请分成几个文件后再导入。"


# --- files that are no form -------------------------------------------------------------------------------------------


def repacked(data: bytes, parts: Mapping[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """The workbook with some parts replaced, changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *parts]):
            part = parts.get(name)
            if part is None:
                new.writestr(name, old.read(name))
            else:
                new.writestr(name, part if isinstance(part, bytes) else part(old.read(name)))
    return out.getvalue()


def in_sheet(before: bytes, added: bytes) -> bytes:
    def put(raw: bytes) -> bytes:
        assert before in raw
        return raw.replace(before, added + before, 1)

    return repacked(book("附件3", [worker()]), {"xl/worksheets/sheet1.xml": put})


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
DTD = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "是空文件"),
        (OLE, "是旧格式（.xls 或 .et）"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "设了打开密码"),
        ("序号,姓名\n1,试山\n".encode("gbk"), "不是 .xlsx 表格"),
        (b"%PDF-1.7", "不是 .xlsx 表格"),
        (b"PK\x03\x04", "已经损坏"),
        (b"PK" + bytes(workbook.MOST_BYTES), "超过 5 MB"),
        (repacked(book("附件3", []), {"xl/vbaProject.bin": b"x"}), "里有宏"),
        (repacked(book("附件3", []), {"xl/worksheets/sheet1.xml": b"<worksheet"}), "已经损坏"),
        (repacked(book("附件3", []), {"xl/_rels/workbook.xml.rels": b"<x/>"}), "已经损坏"),
        (repacked(book("附件3", []), {"xl/media/a.png": bytes(workbook.MOST_UNPACKED)}), "展开后太大"),
        (repacked(book("附件3", []), {f"x{n}": b"" for n in range(workbook.MOST_PARTS)}), "展开后太大"),
        (repacked(book("附件3", []), {"xl/workbook.xml": lambda raw: DTD + raw}), "里有表格不该有的内容（DTD）"),
        (repacked(book("附件3", []), {"docProps/app.xml": DTD + b"<x>&e;</x>"}), "里有表格不该有的内容（DTD）"),
        (
            repacked(book("附件3", []), {"xl/x.bin": "\ufeff<!DOCTYPE x [<!ENTITY e 'x'>]><x/>".encode("utf-16-le")}),
            "里有表格不该有的内容（DTD）",
        ),
        (in_sheet(b"</sheetData>", b"<row/>" * (workbook.MOST_ELEMENTS + 1)), "格子太多"),
        (in_sheet(b"<pageMargins", b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'), "格子太多"),
        (in_sheet(b"<pageMargins", b'<mergeCells><mergeCell ref="A:XFD"/></mergeCells>'), "格子太多"),
        (in_sheet(b"<pageMargins", b'<hyperlinks><hyperlink ref="A1:XFD9999"/></hyperlinks>'), "格子太多"),
        (in_sheet(b"<pageMargins", b"<a>" * 101 + b"</a>" * 101), "格子太多"),
        (in_sheet(b"<pageMargins", b'<mergeCells><mergeCell ref="!"/></mergeCells>'), "已经损坏"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sound_workbook_is_refused_in_one_sentence(data: bytes, what: str) -> None:
    sentence = refused(data)
    assert sentence.startswith("“报送.xlsx”") and what in sentence


def test_other_packed_files_are_no_workbooks() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("word/document.xml", "<x/>")
    assert "不是 .xlsx 表格" in refused(out.getvalue())


def test_a_packed_file_with_a_password_is_refused() -> None:
    data = bytearray(book("附件3", []))
    for start in [m.start() for m in re.finditer(b"PK\x01\x02", bytes(data))]:
        data[start + 8] |= 1
    assert "是加密的压缩包" in refused(bytes(data))


def test_one_cell_in_the_farthest_corner_costs_nothing() -> None:
    def far(sheet: Worksheet) -> None:
        sheet["XFD1048576"] = "x"

    form = changed(far)
    assert told(form) == ["附件3 第 1048576 行 整行（XFD1048576）：只有“x”，没有读取，请核对是否漏填了这一行。"]


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    assert refused(tmp_path / "没有.xlsx") == "找不到“没有.xlsx”，请核对文件名和所在的文件夹。"
    assert refused(tmp_path).startswith(f"“{tmp_path.name}”是文件夹，请")
    os.mkfifo(tmp_path / "管道.xlsx")
    assert refused(tmp_path / "管道.xlsx").startswith("“管道.xlsx”不是普通文件，请")
    assert refused("a\0b.xlsx").startswith("找不到“a b.xlsx”，请")
    assert refused("长" * 300 + ".xlsx").endswith("…”读不出来，请核对文件名和读取权限。")
    (tmp_path / "大.xlsx").write_bytes(b"PK" + bytes(workbook.MOST_BYTES))
    assert "超过 5 MB" in refused(tmp_path / "大.xlsx")


# --- nothing breaks it ------------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1900, 1, 1)), st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1)),
    st.times(), st.timedeltas(timedelta(0), timedelta(9999)),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30), st.sampled_from(
        ["=1/0", "#N/A", "是", "男", "2024-2-30", "附件3", "合计", "备注：", "姓名", "1、x", FIRM, person(), "0" * 18,
         "\u3000"]),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "make"), [("附件2", employer), ("附件3", worker)])
@settings(max_examples=150 * MORE, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_stands_in_a_cell_is_told_and_never_breaks(
    kind: str, make: Callable[[], dict[str, Any]], data: st.DataObject
) -> None:
    changes = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 14), VALUES), min_size=1, max_size=6))

    def mutate(sheet: Worksheet) -> None:
        for row, column, value in changes:
            sheet.cell(row, column).value = value

    try:
        form = read(book(kind, [make(), make()], mutate))
    except BadInput as stopped:
        assert all("请" in sentence for sentence in stopped.sentences())
        return
    assert all(LINE.fullmatch(fault.sentence()) for fault in form.faults)
    assert all("，请" in fault.sentence() and "\n" not in fault.sentence() for fault in form.warnings)
    assert [(f.row, f.position) for f in form.faults] == sorted((f.row, f.position) for f in form.faults)
    assert len({(f.row, f.column) for f in form.faults}) == len(form.faults)  # one line a cell
    assert len(form.sound_rows()) + len(form.faulty_rows()) == form.total
    assert not {row.row for row in form.sound_rows()} & set(form.faulty_rows())


PARTS = (
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
)


@settings(max_examples=200 * MORE, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(("", *PARTS)),
    st.lists(
        st.tuples(st.integers(0, 20_000), st.sampled_from(b'<>/"=&; A1XsntrEe9-.\x00\xff')), min_size=1, max_size=4
    ),
    st.integers(0, 500),
)
def test_whatever_happens_to_the_bytes_is_a_form_or_a_sentence(
    part: str, edits: list[tuple[int, int]], cut: int
) -> None:
    def spoil(raw: bytes) -> bytes:
        spoilt = bytearray(raw)
        for place, value in edits:
            spoilt[place % len(spoilt)] = value
        return bytes(spoilt[: len(spoilt) - (cut if cut > 450 else 0)])

    whole = (SAMPLES / "附件3.xlsx").read_bytes()
    try:
        form = read(repacked(whole, {part: spoil}) if part else spoil(whole))
    except BadInput as stopped:
        assert len(stopped.sentences()) == 1
    else:
        assert len(form.sound_rows()) + len(form.faulty_rows()) == form.total
