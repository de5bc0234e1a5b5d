"""Taking the city's forms in: whole or not at all, once, with one event each; what the form does not tell becomes a task."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from tests.builders import Life, Mailbox, Town, dump, fresh_town, number, swallow
from workflow import cases, clock, stalls, worker
from workflow.errors import BadInput, Refused
from workflow.exchange.intake import Imported, import_file
from workflow.exchange.rows import HEADERS
from workflow.models import Employer, Event, ImportedFile, Office, Task, Worker
from workflow.verify import verify

TODAY = date(2026, 11, 24)
FIRM = "乌拉特后旗试例矿业有限责任公司（演示）"
SECOND = "乌拉特后旗试例石材厂（演示）"


@dataclass
class Desk:
    """Forms made and taken in on TODAY."""

    town: Town
    folder: Path

    def form(
        self, kind: str, rows: list[dict[str, Any]], unit: str = "乌拉特后旗人力资源和社会保障局", name: str = ""
    ) -> Path:
        book = Workbook()
        sheet = book.worksheets[0]
        sheet.title = kind
        sheet.append(["表名"])
        sheet.append([f"填报单位：{unit}        填报时间：2026年5月20日"])
        sheet.append(list(HEADERS[kind]))
        for n, row in enumerate(rows, 1):
            sheet.append([{**row, "序号": n}.get(column) for column in HEADERS[kind]])
        path = self.folder / (name or f"{kind}.xlsx")
        book.save(path)
        return path

    def take(self, path: Path, on: date = TODAY, **more: Any) -> Imported:
        with clock.frozen(on):
            return import_file(self.town.store, path, operator="wang", **more)

    def ledger(self) -> None:
        assert self.take(self.form("附件2", [employer(), employer(企业名称=SECOND)])).written

    def workers(self, *rows: dict[str, Any], **more: Any) -> Imported:
        return self.take(self.form("附件3", list(rows)), **more)

    def life(self, case_no: str) -> Life:
        return Life(self.town, case_no, TODAY)


def employer(**changes: Any) -> dict[str, Any]:
    row = {
        "所属行业": "煤矿",
        "企业名称": FIRM,
        "企业地址": "试例工业园区1号",
        "职工人数": 12,
        "企业联系人": "试甲",
        "联系电话": "0478-0001001",
    }
    return {**row, **changes}


def person(**changes: Any) -> dict[str, Any]:
    row = {
        "姓名": "试大山", "性别": "男", "身份证号码": number(date(1966, 2, 3)), "职业病发病所在单位": FIRM,
        "职业病诊断病种": "矽肺壹期", "职业病诊断时间": date(2026, 9, 14), "是否参保": "是", "是否领取工伤待遇": "否",
    }  # fmt: skip
    return {**row, **changes}


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Desk]:
    for town in fresh_town(request, tmp_path_factory):
        yield Desk(town, tmp_path)


def stands(life: Life) -> dict[str, str]:
    return {m: life.state(m) for m in ("recognition", "appraisal", "benefit") if life.state(m)}


# --- whole or not at all ----------------------------------------------------------------------------------------------


def test_all_faults_at_once_and_nothing_is_written(desk: Desk) -> None:
    desk.ledger()
    before = dump(desk.town.store)
    done = desk.workers(
        person(), person(性别="未知", 姓名=None), person(身份证号码=151234567890123), person(职业病诊断时间=date(2027, 1, 1)),
        person(工伤认定时间=date(2026, 9, 1)), person(职业病发病所在单位="没有的厂"),
    )  # fmt: skip
    assert not done.ok and not done.written and (done.rows, done.skipped, done.new, done.cases) == (6, 5, 0, [])
    assert len(done.faults) >= 6 and all(line.startswith("附件3 第 ") and "请" in line for line in done.faults)
    assert done.lines()[-1] == "有 5 行要改，什么都没有写入。改好后再导入，或者加 --skip-faulty 只导入没有错的 1 行。"
    assert dump(desk.town.store) == before


def test_faulty_rows_can_be_left_out(desk: Desk) -> None:
    desk.ledger()
    done = desk.workers(person(), person(性别="未知"), person(姓名="试二山"), skip_faulty=True)
    assert done.ok and done.written and (done.rows, done.skipped, done.new, len(done.cases)) == (3, 1, 2, 2)
    assert done.lines()[-1] == "附件3 已导入：新增 2，更新 0，已有 0，跳过有错的 1 行。"


@pytest.mark.parametrize("skip", [False, True])
def test_a_dry_run_tells_the_same_and_writes_nothing(desk: Desk, skip: bool) -> None:
    desk.ledger()
    before = dump(desk.town.store)
    rows = [person(), person(姓名="试二山"), *([person(性别="未知")] if skip else [])]
    done = desk.workers(*rows, dry_run=True, skip_faulty=skip)
    assert done.ok and not done.written and (done.new, done.skipped, done.cases) == (2, int(skip), [])
    assert done.lines()[-1] == f"附件3 可以导入：新增 2，更新 0，已有 0，跳过有错的 {int(skip)} 行。"
    assert dump(desk.town.store) == before


def test_a_second_import_of_the_same_file_changes_nothing_at_all(desk: Desk) -> None:
    ledger = desk.form("附件2", [employer(), employer(企业名称=SECOND)])
    assert desk.take(ledger).new == 2
    workers = desk.form(
        "附件3", [person(), person(工伤认定时间=date(2026, 10, 9)), person(劳动能力鉴定时间=date(2026, 11, 2))]
    )
    assert desk.take(workers).new == 3
    before = dump(desk.town.store)
    for path, count in ((ledger, 2), (workers, 3)):
        again = desk.take(path, on=date(2026, 12, 1))
        assert again.ok and (again.new, again.changed, again.same, again.cases) == (0, 0, count, [])
    assert dump(desk.town.store) == before


def test_later_dates_for_a_case_already_there_are_told_and_change_nothing(desk: Desk) -> None:
    desk.take(desk.form("附件2", [employer()]))
    known = person()
    assert not [w for w in desk.take(desk.form("附件3", [known])).warnings if "不由表格改动" in w]
    before = dump(desk.town.store)
    again = desk.take(desk.form("附件3", [{**known, "工伤认定时间": date(2026, 10, 9)}]))
    assert (again.new, again.same) == (0, 1)
    (said,) = [w for w in again.warnings if "不由表格改动" in w]
    assert said.startswith("附件3 第 4 行 工伤认定时间：表上是 2026-10-09") and "没有" in said
    assert dump(desk.town.store) == before


def test_no_form_is_no_import(desk: Desk) -> None:
    before = dump(desk.town.store)
    (desk.folder / "x.xlsx").write_bytes(b"no workbook")
    with pytest.raises(BadInput, match=r"不是 \.xlsx 表格"):
        desk.take(desk.folder / "x.xlsx")
    with pytest.raises(BadInput, match="找不到"):
        desk.take(desk.folder / "absent.xlsx")
    assert dump(desk.town.store) == before


# --- 附件2 ------------------------------------------------------------------------------------------------------------


def employers(desk: Desk) -> dict[str, tuple[str, Any, str]]:
    with desk.town.store.reading() as session:
        found = session.execute(
            select(Employer, Office.county).join(Office, Office.id == Employer.office_id).order_by(Employer.id)
        )
        return {e.name: (county, e.headcount, e.phone) for e, county in found if e.source}


def test_the_ledger_is_written_and_brought_up_to_date(desk: Desk) -> None:
    desk.ledger()
    assert employers(desk) == {FIRM: ("乌拉特后旗", 12, "0478-0001001"), SECOND: ("乌拉特后旗", 12, "0478-0001001")}
    rows = [employer(职工人数=15), employer(企业名称=SECOND), employer(企业名称="新厂（演示）", 联系电话=None)]
    done = desk.take(desk.form("附件2", rows, name="附件2-新.xlsx"))
    assert (done.new, done.changed, done.same) == (1, 1, 1)
    assert employers(desk)[FIRM] == ("乌拉特后旗", 15, "0478-0001001") and employers(desk)["新厂（演示）"][1:] == (
        12,
        "",
    )
    with desk.town.store.reading() as session:
        sources = {e.name: e.source for e in session.scalars(select(Employer)) if e.source}
        files = list(session.scalars(select(ImportedFile).order_by(ImportedFile.id)))
    assert (sources[FIRM]["file"], sources[FIRM]["row"], sources[FIRM]["operator"]) == ("附件2-新.xlsx", 4, "wang")
    assert sources[SECOND]["file"] == "附件2.xlsx"
    assert [(f.name, f.kind, f.by, f.counts["new"]) for f in files] == [
        ("附件2.xlsx", "附件2", "wang", 2),
        ("附件2-新.xlsx", "附件2", "wang", 1),
    ]
    assert files[1].digest == hashlib.sha256((desk.folder / "附件2-新.xlsx").read_bytes()).hexdigest()
    system = [e for e in events(desk, "system") if e.kind == "file:imported"]
    assert len(system) == 2 and system[1].actor == "导入（import）" and files[1].digest in system[1].payload
    assert verify(desk.town.store)[1] == []


def events(desk: Desk, chain: str) -> list[Event]:
    with desk.town.store.reading() as session:
        return list(session.scalars(select(Event).where(Event.chain == chain).order_by(Event.seq)))


def test_a_form_of_the_city_puts_every_employer_into_its_own_county(desk: Desk) -> None:
    rows = [employer(企业地址="五原县隆兴昌镇"), employer(企业名称="某厂（演示）", 企业地址="磴口县工业园")]
    assert desk.take(desk.form("附件2", rows, unit="巴彦淖尔市卫生健康委员会")).written
    assert {county for county, _, _ in employers(desk).values()} == {"五原县", "磴口县"}


def test_every_employer_no_county_is_told_for_is_a_faulty_row(desk: Desk) -> None:
    rows = [
        employer(企业名称="甲厂（演示）", 企业地址="某路"),
        employer(企业名称="乙厂（演示）", 企业地址="五原县"),
        employer(企业名称="丙厂（演示）", 企业地址=""),
    ]
    path = desk.form("附件2", rows, unit="巴彦淖尔市卫生健康委员会")
    before = dump(desk.town.store)
    done = desk.take(path)
    assert done.faults == [
        f"附件2 第 {row} 行 整行（A{row}）：看不出“{name}”属于哪个旗县区，请在“填报单位”写明旗县区，或者在企业地址里写明。"
        for row, name in ((4, "甲厂（演示）"), (6, "丙厂（演示）"))
    ]
    assert not done.ok and done.skipped == 2 and dump(desk.town.store) == before
    done = desk.take(path, skip_faulty=True)
    assert done.ok and (done.new, done.skipped) == (1, 2) and list(employers(desk)) == ["乙厂（演示）"]


# --- 附件3: where the dates say a case stands -------------------------------------------------------------------------


def placed(desk: Desk, **dates: Any) -> Life:
    desk.ledger()
    done = desk.workers(person(**dates))
    assert done.written and len(done.cases) == 1
    return desk.life(done.cases[0])


def test_diagnosed_only_waits_for_the_application(desk: Desk) -> None:
    life = placed(desk)
    assert life.state("recognition") == "to_apply"
    assert {c.name: (c.state, c.start_on) for c in life.clocks()} == {
        "employer_files": ("running", date(2026, 9, 14)), "worker_files": ("running", date(2026, 9, 14)),
        "unfiled_check": ("running", date(2026, 9, 14)),
    }  # fmt: skip
    assert life.tasks() == ["certificate_no", "institution", "dispute", "phone", "occupation"]


def test_recognised_is_decided_with_appraisal_and_benefit_opened(desk: Desk) -> None:
    life = placed(desk, 工伤认定时间=date(2026, 10, 20))
    assert stands(life) == {"recognition": "decided", "appraisal": "to_apply", "benefit": "to_claim"}
    assert [(c.name, c.addressee, c.state, c.start_on) for c in life.clocks("serve")] == [
        ("serve", who, "running", date(2026, 10, 20)) for who in ("worker", "employer")
    ]
    assert {"filed_on", "accepted_on"} <= set(life.tasks())


def test_appraised_but_not_drawing_waits_for_the_delivery_of_the_conclusion(desk: Desk) -> None:
    life = placed(
        desk, 工伤认定时间=date(2026, 6, 22), 职业病诊断时间=date(2026, 4, 20), 劳动能力鉴定时间=date(2026, 11, 10)
    )
    assert stands(life) == {"recognition": "delivered", "appraisal": "concluded", "benefit": "to_claim"}
    assert {(c.name, c.state) for c in life.clocks() if c.state != "met"} == {
        ("serve_result", "running"),
        ("claim_benefit", "running"),
    }
    assert {"grade", "care", "received_worker", "received_employer", "appraisal_filed_on"} <= set(life.tasks())


def test_drawing_benefits_is_paid_month_by_month_with_everything_unknown_listed(desk: Desk) -> None:
    life = placed(
        desk,
        工伤认定时间=date(2026, 6, 22),
        职业病诊断时间=date(2026, 4, 20),
        劳动能力鉴定时间=date(2026, 9, 10),
        是否领取工伤待遇="是",
    )
    assert stands(life) == {"recognition": "delivered", "appraisal": "delivered", "benefit": "paying"}
    assert {(c.name, c.addressee, c.state, c.start_on) for c in life.clocks() if c.state != "met"} == {
        ("ask_again", "worker", "unstarted", None), ("ask_again", "employer", "unstarted", None), ("pay_next", "", "unstarted", None),
    }  # fmt: skip
    with clock.frozen(TODAY):
        found = [s for s in stalls.find(desk.town.store, TODAY) if s.case_no == life.case_no]
    assert {s.kind for s in found} == {"unknown"} and all("补录后开始计算" in s.remedy for s in found)


def test_appraised_without_a_recognition_in_the_form_was_recognised_on_an_unknown_day(desk: Desk) -> None:
    life = placed(desk, 职业病诊断时间=date(2026, 4, 20), 劳动能力鉴定时间=date(2026, 9, 10))
    assert stands(life) == {"recognition": "delivered", "appraisal": "concluded", "benefit": "to_claim"}
    assert "decided_on" in life.tasks()


def test_placing_writes_one_event_and_nothing_goes_out(desk: Desk) -> None:
    life = placed(desk, 工伤认定时间=date(2026, 10, 20), 是否参保=None, 备注="已住院")
    (event,) = events(desk, life.case_no)
    assert (event.kind, event.label, event.actor, event.seq) == ("case:imported", "导入", "导入（import）", 1)
    payload = life.event()["payload"]
    path = desk.folder / "附件3.xlsx"
    assert payload["source"] == {
        "way": "import", "form": "附件3", "file": "附件3.xlsx", "sheet": "附件3", "row": 4,
        "digest": hashlib.sha256(path.read_bytes()).hexdigest(), "operator": "wang",
    }  # fmt: skip
    assert [m["state"] for m in payload["matters"]] == ["decided", "to_apply", "to_claim"]
    assert (
        payload["facts"]["remark"] == "已住院"
        and "insured" in payload["unknown"]
        and "recognition.filed_on" in payload["unknown"]
    )
    assert life.documents() == [] and life.outbox("message") == [] and life.outbox("print") == []
    tables = dump(desk.town.store)
    assert (
        tables["outbox"] == [] and tables["instruments"] == [] and tables["papers"] == [] and tables["deliveries"] == []
    )
    assert [row[1] for row in tables["counters"]] == ["case"], "no number but the case's own"
    life.check()


def test_the_same_worker_with_another_diagnosis_is_another_case(desk: Desk) -> None:
    desk.ledger()
    mine = number(date(1966, 2, 3))
    done = desk.workers(
        person(身份证号码=mine), person(身份证号码=mine, 职业病诊断时间=date(2025, 3, 3), 工伤认定时间=date(2025, 4, 1))
    )
    assert done.new == 2 and any("按两个案件导入" in w for w in done.warnings)
    with desk.town.store.reading() as session:
        assert len(list(session.scalars(select(Worker)))) == 1


def test_a_lapsed_year_is_shown_for_judgement_and_refuses_nothing(desk: Desk) -> None:
    desk.ledger()
    done = desk.workers(person(职业病诊断时间=date(2024, 9, 14)))
    assert done.ok and any("系统不会自动拒绝" in w for w in done.warnings)
    life = desk.life(done.cases[0])
    assert {c.name: (c.state, c.fire_on) for c in life.clocks()} == {
        "employer_files": ("running", None),
        "worker_files": ("running", None),
        "unfiled_check": ("running", date(2026, 12, 11)),
    }
    with clock.frozen(TODAY):
        assert {s.kind for s in stalls.find(desk.town.store, TODAY)} == {"judge"}
        assert worker.once(desk.town.store, Mailbox(), swallow)["fired"] == 0
    with clock.frozen(TODAY):
        at_window = replace(desk.town.people["city-approver"], roles=frozenset({"desk"}))
        done2 = cases.perform(desk.town.store, at_window, life.case_no, "recognition", "close_unfiled",
                              facts={"statement": "职工声明，附卷第3页"}, behalf="worker")  # fmt: skip
    assert done2.to_state == "unfiled"


# --- filling in -------------------------------------------------------------------------------------------------------


def fill(desk: Desk, life: Life, matter: str, **facts: str) -> dict[str, Any]:
    with clock.frozen(life.day):
        done = cases.fill_in(desk.town.store, desk.town.people["agency"], life.case_no, facts, matter)
    life.check()
    return done


def test_what_is_filled_in_starts_the_clocks_that_waited_for_it(desk: Desk) -> None:
    life = placed(
        desk,
        工伤认定时间=date(2026, 6, 22),
        职业病诊断时间=date(2026, 4, 20),
        劳动能力鉴定时间=date(2026, 9, 10),
        是否领取工伤待遇="是",
    )
    done = fill(desk, life, "benefit", paid_on="2026-11-02")
    assert done["started"] == ["下一次按月支付"] and life.due("pay_next") == date(2026, 12, 2)
    assert "paid_on" not in life.tasks()
    done = fill(desk, life, "appraisal", received_worker="2026-11-20")
    assert done["started"] == ["申请再次鉴定"]
    assert {(c.addressee, c.state) for c in life.clocks("ask_again")} == {
        ("worker", "running"),
        ("employer", "unstarted"),
    }
    fill(desk, life, "appraisal", received_employer="2026-09-15", grade="3", care="none")
    (long_ago,) = [c for c in life.clocks("ask_again") if c.addressee == "employer"]
    assert long_ago.state == "running" and long_ago.fire_on is None, "over long ago: nobody is warned"
    assert life.row("appraisal").facts["grade"] == "3" and life.row("appraisal").version == 3


def test_benefits_determined_elsewhere_go_on_being_recorded(desk: Desk) -> None:
    life = placed(
        desk,
        工伤认定时间=date(2026, 6, 22),
        职业病诊断时间=date(2026, 4, 20),
        劳动能力鉴定时间=date(2026, 9, 10),
        是否领取工伤待遇="是",
    )
    assert "不能在这里支付" in life.refused("finance", "benefit", "pay_month", month="2026-11")[0]
    life.act("finance", "benefit", "record_paid_elsewhere", month="2026-11")
    assert [(c.state, c.start_on) for c in life.clocks("pay_next")] == [("running", TODAY)]
    assert "paid_on" not in life.tasks() and life.row("benefit").facts["month"] == "2026-11"


def test_filling_in_silences_no_other_clock(desk: Desk) -> None:
    life = placed(desk, 工伤认定时间=date(2026, 11, 16))
    due = life.clocks("serve")[0].due_on
    assert due and due > TODAY
    life.on(date(2026, 12, 15))
    fill(desk, life, "recognition", filed_on="2026-09-20")
    assert {c.fire_stage for c in life.clocks("serve")} == {"near"} and all(c.fire_on for c in life.clocks("serve"))


def appraisal_tasks(desk: Desk, life: Life) -> list[str]:
    with desk.town.store.reading() as session:
        query = select(Task.fact).where(Task.matter_id == life.row("appraisal").id, Task.done_at.is_(None))
        return list(session.scalars(query))


def test_what_an_act_tells_needs_no_filling_in_any_more(desk: Desk) -> None:
    life = placed(
        desk, 工伤认定时间=date(2026, 6, 22), 职业病诊断时间=date(2026, 4, 20), 劳动能力鉴定时间=date(2026, 11, 10)
    )
    with clock.frozen(life.day):
        for who in ("worker", "employer"):
            cases.perform(desk.town.store, desk.town.people["appraisal"], life.case_no, "appraisal", "deliver",
                          facts={"addressee": who, "way": "direct", "received_on": "2026-11-20"})  # fmt: skip
    assert life.state("appraisal") == "delivered"
    assert not {"received_worker", "received_employer"} & set(appraisal_tasks(desk, life))
    assert {(c.addressee, c.state, c.start_on) for c in life.clocks("ask_again")} == {
        (who, "running", date(2026, 11, 20)) for who in ("worker", "employer")
    }  # fmt: skip
    life.check()


def test_faulty_fillings_are_refused_together(desk: Desk) -> None:
    life = placed(desk, 工伤认定时间=date(2026, 10, 20))
    before = dump(desk.town.store)
    with clock.frozen(TODAY), pytest.raises(Refused) as caught:
        cases.fill_in(desk.town.store, desk.town.people["agency"], life.case_no,
                      {"filed_on": "2026-09-01", "accepted_on": "2027-01-01", "decided_on": "2026-10-20", "grade": "3"},
                      "recognition")  # fmt: skip
    assert [r.field for r in caught.value.reasons] == ["filed_on", "accepted_on", "decided_on", "grade"]
    assert dump(desk.town.store) == before


def test_tasks_belong_to_the_office_that_has_the_case(desk: Desk) -> None:
    placed(desk, 工伤认定时间=date(2026, 10, 20))
    with desk.town.store.reading() as session:
        codes = set(session.scalars(select(Office.code).join(Task, Task.office_id == Office.id)))
    assert codes == {"150825"}


def test_two_imports_of_one_file_at_once_write_it_once(desk: Desk) -> None:
    desk.ledger()
    path = desk.form("附件3", [person(姓名=f"试{c}山") for c in "甲乙丙丁"])
    answers: list[Any] = []

    def take() -> None:
        try:
            answers.append(desk.take(path))
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.new if isinstance(a, Imported) else -1 for a in answers) == [0, 0, 4], answers
    assert verify(desk.town.store)[1] == []
