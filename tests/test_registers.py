"""The pool of experts and the offices' own entries: all or nothing, by the right people, on the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from workflow import registers
from workflow.errors import BadInput, Forbidden, NotFound
from workflow.models import Event
from workflow.situation import Actor
from workflow.store import Store

OFFICE = Actor(1, "x", "鉴定办", frozenset({"appraisal_office"}))
ADMIN = Actor(1, "x", "管理员", frozenset({"admin"}))
DESK = Actor(1, "x", "窗口", frozenset({"desk"}))
ROWS: list[dict[str, Any]] = [
    {"name": "赵某", "specialty": "呼吸", "unit": "甲医院"},
    {"name": "钱某", "specialty": "影像", "unit": "乙医院"},
]


def kinds(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(Event.kind).where(Event.chain == "system").order_by(Event.seq)))


def test_experts_are_added_changed_and_left_alone(store: Store) -> None:
    assert registers.add_experts(store, OFFICE, ROWS) == {"added": 2, "changed": 0, "same": 0}
    again = [ROWS[0], {**ROWS[1], "active": False}]
    assert registers.add_experts(store, OFFICE, again) == {"added": 0, "changed": 1, "same": 1}
    assert [(e["name"], e["active"]) for e in registers.experts(store)] == [("赵某", True), ("钱某", False)]
    assert kinds(store).count("experts:changed") == 2
    assert registers.add_experts(store, OFFICE, again) == {"added": 0, "changed": 0, "same": 2}
    assert kinds(store).count("experts:changed") == 2


def test_every_fault_of_the_list_is_told_and_nothing_written(store: Store) -> None:
    with pytest.raises(BadInput) as stopped:
        registers.add_experts(
            store, OFFICE, [*ROWS, {"name": "", "unit": "丙"}, ROWS[0], {**ROWS[0], "unit": "丁", "age": 3}]
        )
    told = "".join(stopped.value.sentences())
    assert all(
        word in told
        for word in ("第 3 项：姓名", "第 3 项：专业", "第 4 项：赵某（甲医院）写了两遍", "第 5 项：不认识“age”")
    )
    assert registers.experts(store) == []


def test_only_the_right_people(store: Store) -> None:
    with pytest.raises(Forbidden):
        registers.add_experts(store, DESK, ROWS)
    with pytest.raises(Forbidden):
        registers.set_office(store, DESK, "150823", {"phone": "0478-0001234"})


def test_an_office_sets_its_letter_and_telephone(store: Store) -> None:
    registers.set_office(store, ADMIN, "150823", {"letter": "乌前人社", "phone": "0478-0001234"})
    mine = next(o for o in registers.offices(store) if o["code"] == "150823")
    assert (mine["letter"], mine["phone"]) == ("乌前人社", "0478-0001234")
    assert kinds(store)[-1] == "office:changed"
    with pytest.raises(NotFound, match="150899"):
        registers.set_office(store, ADMIN, "150899", {"phone": "1"})
    with pytest.raises(BadInput, match="没有要改的内容"):
        registers.set_office(store, ADMIN, "150823", {})


@pytest.mark.parametrize("body", ["not: a list", "- just text", "\x00", "[{"])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "x.yaml").write_text(body, "utf-8")
    with pytest.raises(BadInput):
        registers.read_experts(tmp_path / "x.yaml")


def test_the_commands(make_store: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                      capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    from web.commands import main

    store = make_store(demo=True)
    for name, value in (("ENV", "demo"), ("DATABASE_URL", store.settings.database_url), ("DATA_DIR", str(tmp_path))):
        monkeypatch.setenv(f"GREENCHANNEL_{name}", value)
    file = tmp_path / "experts.json"
    file.write_text(json.dumps(ROWS), "utf-8")
    assert main(["expert", "add", str(file), "--as", "city-appraisal", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == 2
    assert main(["office", "set", "150823", "--phone", "0478-0005555", "--as", "city-admin"]) == 0
    capsys.readouterr()
    assert main(["office", "list", "--json"]) == 0
    assert "0478-0005555" in capsys.readouterr().out
