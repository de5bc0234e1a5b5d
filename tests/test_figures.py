"""Local figures in the database: entered all or nothing, approved by a second person, used only when both are done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from web.commands import figures as command
from web.commands import main
from workflow import clock, figures
from workflow.benefits import determine, entry, read_facts
from workflow.errors import BadInput, Conflict, Forbidden, NotFound, Refused, UnknownFigure
from workflow.models import Base, Event, LocalFigure, Meta, Office, User
from workflow.settings import Settings
from workflow.situation import Actor
from workflow.store import Store

TODAY = date(2026, 11, 24)
NOTICE = "演示通知〔2026〕第1号"
AVERAGE: dict[str, Any] = {
    "kind": "average_wage", "scope": "city", "year": 2025, "effective_on": "2026-07-01", "value": "8000.00",
    "notice": NOTICE, "confidence": "verified", "demo": True,
}  # fmt: skip
MINIMUM: dict[str, Any] = {
    "kind": "minimum_wage", "scope": "演示甲县", "effective_on": "2024-12-01", "value": "2000", "notice": NOTICE,
    "confidence": "verified", "demo": True,
}  # fmt: skip
REAL = AVERAGE | {"notice": "测试用通知〔2026〕1号", "demo": False}


def person(number: int, username: str, *roles: str) -> Actor:
    return Actor(number, username, f"某{username}", frozenset(roles), office_id=1)


CLERK = person(1, "clerk", "agency")
REVIEWER = person(2, "reviewer", "agency_reviewer")
DESK = person(3, "desk", "desk")


@pytest.fixture
def store(fresh_database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A database with two counties, three accounts and no figures, on both kinds of database."""
    made = Store(Settings("demo", fresh_database_url, tmp_path, "x" * 40, tmp_path / "states.yaml"))
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        session.add(Meta(name="system-head", value="0:"))
        session.add_all(office(n, county) for n, county in enumerate(("演示甲县", "演示乙县", "演示市"), start=1))
        session.flush()
        session.add_all(User(id=a.id, username=a.username, name=a.name, roles=sorted(a.roles), office_id=1)
                        for a in (CLERK, REVIEWER, DESK))  # fmt: skip
    with clock.frozen(TODAY):
        yield made
    made.close()


def office(number: int, county: str) -> Office:
    return Office(id=number, code=f"15000{number}", name=f"{county}人社局", county=county, city=county.endswith("市"),
                  letter="", phone="", address="", government="", court="")  # fmt: skip


def production(store: Store) -> Store:
    """The same database opened by a process that runs as production."""
    return Store(replace(store.settings, env="production"))


def count(store: Store, table: type[Base] = LocalFigure) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def add(store: Store, *rows: dict[str, Any], actor: Actor = CLERK) -> figures.Added:
    return figures.add_figures(store, actor, rows)


def faults(store: Store, *rows: dict[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        add(store, *rows)
    assert count(store) == count(store, Event) == 0
    return [reason.text for reason in caught.value.reasons]


def worked_out(store: Store, env: str = "demo") -> Decimal:
    """The own wage's floor of a sound case under the figures of the database."""
    facts = read_facts({
        "diagnosed_on": "2026-03-20", "concluded_on": "2026-11-05", "grade": 4, "care": "none", "insured": "yes",
        "own_wage": "6000.00",
    })  # fmt: skip
    with store.reading() as session:
        own = determine(facts, figures.figure_book(session, on=TODAY, production=env == "production")).own_wage
    assert own is not None
    return own.floor


# --- entering --------------------------------------------------------------------------------------------------------


def test_figures_are_entered_with_who_when_and_an_event(store: Store) -> None:
    result = add(store, AVERAGE, MINIMUM)
    assert [(r.label, r.value, r.entered_by, r.approved_by, r.status) for r in result.added] == [
        ("2025年度全市职工月平均工资", Decimal("8000.00"), "某clerk", "", "待第二人批准"),
        ("演示甲县月最低工资标准", Decimal("2000.00"), "某clerk", "", "待第二人批准"),
    ]
    with store.reading() as session:
        (event,) = session.scalars(select(Event)).all()
        assert (event.chain, event.kind, event.actor_id, event.on) == ("system", "figure:added", 1, TODAY)
        assert [row["value"] for row in json.loads(event.payload)["added"]] == ["8000.00", "2000.00"]
        assert [f.office_id for f in session.scalars(select(LocalFigure))] == [1, 1]


def test_the_same_rows_again_change_nothing(store: Store) -> None:
    add(store, AVERAGE, MINIMUM)
    again = add(store, AVERAGE, MINIMUM, actor=REVIEWER)
    assert (again.added, again.changed, again.unchanged) == ((), (), 2)
    assert (count(store), count(store, Event)) == (2, 1)
    with store.reading() as session:
        assert {f.entered_by for f in session.scalars(select(LocalFigure))} == {CLERK.id}


def test_the_same_file_taken_in_twice_at_once_is_entered_once(store: Store) -> None:
    def once(actor: Actor) -> int:
        return len(add(store, AVERAGE, MINIMUM, actor=actor).added)

    with ThreadPoolExecutor(4) as pool:
        brought = list(pool.map(once, [CLERK, REVIEWER] * 4))
    assert sorted(brought) == [0] * 7 + [2]
    assert (count(store), count(store, Event)) == (2, 1)


def test_all_faults_of_all_rows_come_at_once_and_nothing_is_written(store: Store) -> None:
    wrong = [
        AVERAGE,
        AVERAGE | {"kind": "average", "value": "8,000.00", "effective_on": "2026-7-1"},
        MINIMUM | {"scope": "演示丙县", "year": 2025, "confidence": "sure"},
        {"kind": "minimum_wage", "remark": "x"},
    ]
    said = faults(store, *wrong)
    assert [tuple(text.split("”")[0].split("“")) for text in said] == [
        ("第 2 条", "种类"), ("第 2 条", "生效日期"), ("第 2 条", "数值"),
        ("第 3 条", "核实情况"), ("第 3 条", "适用范围"), ("第 3 条", "统计年度"),
        ("第 4 条", "remark"), ("第 4 条", "适用范围"), ("第 4 条", "生效日期"), ("第 4 条", "数值"),
        ("第 4 条", "通知文号"), ("第 4 条", "核实情况"),
    ]  # fmt: skip
    assert all(text.endswith("。") for text in said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": 8000.5}, "“数值”“8000.5”填得不对"),
        ({"value": "8000.005"}, "最多两位小数"),
        ({"value": "-8000"}, "“数值”“-8000”填得不对"),
        ({"value": "NaN"}, "“数值”“NaN”填得不对"),
        ({"value": "98148"}, "请填月平均，不填年平均"),
        ({"value": "800000"}, "不在 1000 至 50000 元之间"),
        ({"year": None}, "“统计年度”没有填"),
        ({"year": 2026}, "2026 应早于生效的 2026 年"),
        ({"year": "25"}, "请填四位年份"),
        ({"scope": "演示甲县"}, "职工月平均工资的范围只能填：city、region"),
        ({"effective_on": "2026-02-30"}, "“生效日期”“2026-02-30”填得不对"),
        ({"notice": " "}, "“通知文号”“ ”填得不对"),
        ({"notice": "演示\n通知"}, "写在一行里"),
        ({"notice": "演" * 121}, "最多 120 字"),
        ({"notice": "某通知"}, "没有“演示”二字"),
        ({"demo": False}, "没有标记，通知却写着“演示”"),
        ({"demo": "perhaps"}, "请填 true 或 false"),
    ],
)
def test_a_faulty_figure_is_refused_with_its_cure(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        entry.check(entry.rows_of([AVERAGE | change]), counties=["演示甲县"], allow_demo=True)
    (text,) = (reason.text for reason in caught.value.reasons)
    assert text.startswith("第 1 条“") and said in text and ("请" in text or "要写" in text or "只能填" in text)


def test_two_rows_for_the_same_place_are_refused(store: Store) -> None:
    assert faults(store, AVERAGE, AVERAGE | {"value": "8100.00"}) == [
        "第 2 条与第 1 条是同一种类、范围、年度和生效日期。请只留一条。"
    ]


def test_a_value_that_contradicts_an_approved_one_of_the_same_day_is_refused(store: Store) -> None:
    figures.approve(store, REVIEWER, add(store, AVERAGE).added[0].id)
    with pytest.raises(BadInput, match=r"与已批准的第 1 号.*数值不同.*按更正通知的文号和生效日期录入"):
        add(store, AVERAGE | {"value": "8100.00"})
    corrected = add(store, AVERAGE | {"value": "8100.00", "effective_on": "2026-09-01", "notice": "演示更正通知"})
    figures.approve(store, REVIEWER, corrected.added[0].id)
    assert worked_out(store) == Decimal("4860")
    with store.reading() as session:
        before = figures.figure_book(session, on=date(2026, 8, 31), production=False)
    assert before.find("average_wage", "city", 2025, purpose="核对").value == Decimal("8000.00")


def test_a_slip_can_be_entered_anew_while_it_waits_but_only_one_of_both_is_approved(store: Store) -> None:
    slip = add(store, AVERAGE | {"value": "8080.00"}).added[0]
    right = add(store, AVERAGE).added[0]
    figures.approve(store, REVIEWER, right.id)
    with pytest.raises(Refused, match="与已批准的第"):
        figures.approve(store, REVIEWER, slip.id)
    assert worked_out(store) == Decimal("4800")


def test_a_changed_confidence_needs_a_new_approval(store: Store) -> None:
    first = add(store, AVERAGE | {"confidence": "unverified"}).added[0]
    figures.approve(store, REVIEWER, first.id)
    with pytest.raises(UnknownFigure, match="待核实"):
        worked_out(store)
    (changed,) = add(store, AVERAGE, actor=REVIEWER).changed
    assert (changed.id, changed.approved_by, changed.entered_by) == (first.id, "", "某reviewer")
    with pytest.raises(UnknownFigure, match="还没有第二人批准"):
        worked_out(store)
    with pytest.raises(Forbidden, match="是您录入的"):
        figures.approve(store, REVIEWER, first.id)
    figures.approve(store, CLERK, first.id)
    assert worked_out(store) == Decimal("4800")


@pytest.mark.parametrize("actor", [DESK, replace(CLERK, employer_id=5)])
def test_only_the_agencys_people_enter_and_approve(store: Store, actor: Actor) -> None:
    figure = add(store, AVERAGE).added[0]
    with pytest.raises(Forbidden, match="只有经办机构人员和管理员"):
        add(store, MINIMUM, actor=actor)
    with pytest.raises(Forbidden, match="只有经办机构人员和管理员"):
        figures.approve(store, actor, figure.id)
    assert count(store) == 1


def test_an_account_without_an_office_cannot_enter(store: Store) -> None:
    with pytest.raises(Refused, match="没有所属机关"):
        add(store, AVERAGE, actor=replace(CLERK, office_id=None))


# --- approving and using ---------------------------------------------------------------------------------------------


def test_a_figure_counts_from_its_approval_by_a_second_person(store: Store) -> None:
    figure = add(store, AVERAGE).added[0]
    with pytest.raises(UnknownFigure, match=rf"2025年度全市职工月平均工资.*第 {figure.id} 号.*还没有第二人批准"):
        worked_out(store)
    with pytest.raises(Forbidden, match="是您录入的，不能由您批准"):
        figures.approve(store, CLERK, figure.id)
    row = figures.approve(store, REVIEWER, figure.id)
    assert (row.approved_by, row.status) == ("某reviewer", "演示数据")
    assert worked_out(store) == Decimal("4800")
    with store.reading() as session:
        kinds = session.scalars(select(Event.kind).order_by(Event.seq)).all()
    assert kinds == ["figure:added", "figure:approved"]


def test_approving_twice_or_nothing_is_said(store: Store) -> None:
    figure = add(store, AVERAGE).added[0]
    figures.approve(store, REVIEWER, figure.id)
    with pytest.raises(Conflict, match="已经批准过"):
        figures.approve(store, REVIEWER, figure.id)
    with pytest.raises(NotFound, match="没有第 999 号数据"):
        figures.approve(store, REVIEWER, 999)
    assert count(store, Event) == 2


def test_lists_show_what_waits(store: Store) -> None:
    one, two = add(store, AVERAGE, MINIMUM).added
    figures.approve(store, REVIEWER, two.id)
    with store.reading() as session:
        assert [r.id for r in figures.pending(session)] == [one.id]
        assert [r.id for r in figures.listing(session)] == [one.id, two.id]


def test_production_takes_no_demo_figure_in_approves_none_and_uses_none(store: Store) -> None:
    figure = add(store, AVERAGE).added[0]
    live = production(store)
    with pytest.raises(BadInput, match="是演示数据，正式环境不能录入"):
        add(live, MINIMUM)
    with pytest.raises(BadInput, match="是演示数据，正式环境不能录入"):
        add(live, MINIMUM | {"demo": False})
    with pytest.raises(Refused, match="是演示数据，正式环境不能批准"):
        figures.approve(live, REVIEWER, figure.id)
    figures.approve(store, REVIEWER, figure.id)
    with pytest.raises(UnknownFigure, match="只有演示数据，正式环境不能用"):
        worked_out(store, "production")
    real = add(live, REAL | {"value": "8100.00"}).added[0]
    assert figures.approve(live, REVIEWER, real.id).status == "可用于核定"
    assert worked_out(store, "production") == Decimal("4860")
    live.close()


# --- files and commands ----------------------------------------------------------------------------------------------

YAML_FILE = """
- kind: average_wage
  scope: city
  year: 2025
  effective_on: 2026-07-01
  value: 8000.10
  notice: 演示通知〔2026〕第1号
  confidence: verified
  demo: true
- {kind: minimum_wage, scope: 演示乙县, effective_on: 2024-12-01, value: 2000, notice: 演示通知,
   confidence: verified, demo: true}
"""


@pytest.mark.parametrize("name", ["figures.yaml", "figures.json"])
def test_a_file_is_read_to_the_fen(store: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    as_json = json.dumps([AVERAGE | {"value": "8000.10"}, MINIMUM | {"scope": "演示乙县"}], indent="\t")
    path.write_text(YAML_FILE if name.endswith("yaml") else as_json, "utf-8-sig")
    assert [r.value for r in figures.add_figures(store, CLERK, path).added] == [Decimal("8000.10"), Decimal("2000.00")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "文件里应是一个列表"),
        ("kind: average_wage", "文件里应是一个列表"),
        ("- [", "不是 YAML 或 JSON"),
        ("[" * 5000, "不是 YAML 或 JSON"),
        ("- 8000", "第 1 条（第 1 行）不是一条数据"),
        ("- kind: [average_wage]", "第 1 条（第 1 行）的字段只能填一个值"),
        ("- kind: average_wage\n  kind: minimum_wage", "第 1 条（第 1 行）的“kind”写了两次"),
        ("- kind: ~", "第 1 条（第 1 行）“种类”没有填"),
    ],
)
def test_a_file_that_is_no_list_of_figures_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=r"请") as caught:
        entry.check(entry.parse(text), counties=[], allow_demo=True)
    assert said in caught.value.reasons[0].text


def test_files_that_cannot_be_read_are_refused(store: Store, tmp_path: Path) -> None:
    latin, large = tmp_path / "gbk.yaml", tmp_path / "large.yaml"
    latin.write_bytes("- notice: 演示".encode("gbk"))
    large.write_bytes(b"#" * 1_000_001)
    for path, said in (
        (tmp_path / "none.yaml", "打不开"),
        (tmp_path, "打不开"),
        (latin, "不是 UTF-8"),
        (large, "超过 1 MB"),
    ):
        with pytest.raises(BadInput, match=said):
            figures.add_figures(store, CLERK, path)


def test_the_command_adds_approves_and_lists(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people = {a.username: a for a in (CLERK, REVIEWER)}
    monkeypatch.setattr(command, "open_store", lambda: store)
    monkeypatch.setattr(command, "actor_named", lambda _store, name: people[name])
    path = tmp_path / "figures.yaml"
    path.write_text(YAML_FILE, "utf-8")

    def run(*words: str) -> tuple[int, str]:
        code = main(["figure", *words])
        return code, capsys.readouterr().out

    code, said = run("add", str(path), "--as", "clerk")
    assert code == 0 and "录入 2 条" in said and "请另一人核对" in said
    code, said = run("add", str(path), "--as", "clerk", "--json")
    assert (code, json.loads(said)) == (0, {"added": [], "changed": [], "unchanged": 2})
    code, said = run("approve", "1", "--as", "clerk", "--json")
    assert code == 2 and "是您录入的" in json.loads(said)["reasons"][0]["text"]
    code, said = run("approve", "1", "--as", "reviewer", "--json")
    assert code == 0 and json.loads(said)["figure"]["approved_by"] == "某reviewer"
    code, said = run("list", "--json")
    assert [(f["id"], f["value"], f["status"]) for f in json.loads(said)["figures"]] == [
        (1, "8000.10", "演示数据"), (2, "2000.00", "待第二人批准"),
    ]  # fmt: skip
    code, said = run("list")
    assert code == 0 and said.splitlines()[0].startswith("1  2025年度全市职工月平均工资 8000.10 元  自 2026-07-01")
