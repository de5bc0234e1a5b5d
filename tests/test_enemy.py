"""Attacks that once worked: each must stay refused, told in a sentence, or found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from tests import faces
from tests.builders import APPRAISAL_PAPERS, PAPERS, Life, Town, settle
from tests.test_import import Desk, placed
from web.app import create_app
from web.commands import main
from workflow import cases, clock
from workflow.errors import Refused
from workflow.models import Case, Instrument, Matter
from workflow.store import Store
from workflow.verify import verify

HUGE = "9" * 30


@pytest.fixture
def town(make_store: Callable[..., Store]) -> Town:
    return settle(make_store())


@pytest.fixture
def app(fresh_database_url: str, make_store: Callable[..., Store]) -> Any:
    store = make_store(fresh_database_url, demo=True)
    return create_app(store.settings, store)


# --- addresses: never a breakdown, on either database -----------------------------------------------------------------


def test_hostile_addresses_are_no_breakdown(app: Any) -> None:
    case_no = "2026-000001"
    asked = {
        "qianqi-desk": ["/login?next=//[", f"/cases/{case_no}/documents/{HUGE}.pdf", "/work?office=%00", "/?no=%00"],
        "demo-employer": [f"/employer/?page={HUGE}", "/employer/cases/nul%00nul"],
        "city-auditor": ["/oversight/cases/nul%00nul", *(f"/oversight/{p}?{a}=x%00" for p in ("matters", "stalled")
                         for a in ("office", "stage", "owner"))],
        "city-admin": [f"/accounts/{HUGE}"],
    }  # fmt: skip
    for who, addresses in asked.items():
        client = faces.signed_in(app, who)
        for address in addresses:
            assert client.get(address).status_code < 500, address
    admin = faces.signed_in(app, "city-admin")
    for path in (
        f"/accounts/{HUGE}",
        f"/accounts/{HUGE}/active",
        f"/accounts/{HUGE}/password",
        f"/figures/{HUGE}/approve",
    ):
        assert faces.post(admin, path, {}, form="/account").status_code in (404, 405), path
    desk = faces.signed_in(app, "qianqi-desk")
    assert faces.post(desk, "/cases/nul%00nul/fill", {}, form="/work").status_code == 404


def test_hostile_fields_are_no_breakdown(app: Any) -> None:
    anonymous = app.test_client()
    assert faces.post(anonymous, "/login", {"username": "a\0b", "password": "x"}).status_code == 401
    admin = faces.signed_in(app, "city-admin")
    given = {"username": "someone", "name": "某人", "roles": "desk", "password": "a long enough one"}
    for field in ({"office_id": "9" * 10_000}, {"office_id": "1", "employer": "a\0b"}):
        assert faces.post(admin, "/accounts/new", {**given, **field}).status_code == 400, field


@pytest.mark.parametrize(
    "wanted", ["//[", "//evil.example", "/\\evil.example", "http://evil.example", "/\t/evil.example", "//"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(app: Any, wanted: str) -> None:
    client = app.test_client()
    answer = faces.post(client, "/login", {"username": "qianqi-desk", "password": faces.PASSWORD, "next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/work")


# --- acts: for whom, and when -----------------------------------------------------------------------------------------


def test_the_party_acted_for_is_the_applicant(town: Town) -> None:
    life = town.life()
    said = life.refused("desk", "recognition", "file", papers=PAPERS, behalf="employer", applicant="worker")
    assert any("不是同一方" in s for s in said)


def test_a_decision_is_not_dated_before_the_opinion_it_rests_on(town: Town) -> None:
    life = town.life().accepted().proposed()
    day = life.day - timedelta(days=1)
    life.wait(100)
    assert any(
        "拟办意见" in s for s in life.refused("approver", "recognition", "recognise", decided_on=day.isoformat())
    )


def test_a_limit_that_ran_out_is_not_stopped_afterwards(town: Town) -> None:
    life = town.life().accepted()
    due, begun = life.due("decide"), life.day
    given: dict[str, Any] = {
        "suspension_kind": "relationship", "told_arbitration": "yes", "ground": "等待劳动仲裁机构的结论。", "awaited": "仲裁裁决书",
    }  # fmt: skip
    life.wait(100)
    said = life.refused("approver", "recognition", "suspend", suspended_on=begun.isoformat(), **given)
    assert any(str(due) in s and "届满" in s for s in said)
    life.act("approver", "recognition", "suspend", **given)  # as of today it may be written down
    assert life.clocks("decide")[0].due_on == due


def _appraising(town: Town, papers: list[str]) -> Life:
    life = town.life().recognised().wait(1)
    life.act("appraisal", "appraisal", "file", papers=papers, applicant="worker", stable="yes")
    return life


def test_a_supplement_cannot_be_due_before_it_is_asked_for(town: Town) -> None:
    life = _appraising(town, APPRAISAL_PAPERS[:1])
    for day in (life.day - timedelta(days=1), "0001-01-01", "9999-12-31"):
        assert life.refused("appraisal", "appraisal", "ask_supplement", supplement_by_on=str(day)), day
    life.act("appraisal", "appraisal", "ask_supplement", supplement_by_on=str(life.day + timedelta(days=10)))


def test_moving_the_examination_to_and_fro_lengthens_the_limit_once(town: Town) -> None:
    life = _appraising(town, APPRAISAL_PAPERS)
    life.act("appraisal", "appraisal", "confirm")
    life.act("appraisal", "appraisal", "draw", panel_size="3")
    first = life.day + timedelta(days=5)
    life.act("appraisal", "appraisal", "schedule", exam_on=str(first), place="演示医院")
    (clock,) = life.clocks("conclude")
    for days in (10, 0, 10, 3, 10):
        life.act(
            "appraisal",
            "appraisal",
            "reschedule",
            exam_on=str(first + timedelta(days=days)),
            place="演示医院",
            reason="本人要求改期",
        )
    (moved,) = life.clocks("conclude")
    assert clock.unrolled_on and moved.unrolled_on == clock.unrolled_on + timedelta(days=10)
    assert life.refused("appraisal", "appraisal", "reschedule", exam_on="9999-12-31", place="演示医院", reason="改期")


@pytest.mark.parametrize("day", ["0001-01-01", "1949-12-31", "9999-12-31", "1900-02-29"])
def test_a_slip_of_the_year_is_told(town: Town, day: str) -> None:
    life = town.life()
    assert life.refused("desk", "recognition", "record_death", died_on=day)


def test_nobody_received_a_conclusion_before_it_was_drawn(make_store: Callable[..., Store], tmp_path: Path) -> None:
    """A day of receipt long ago would end the time for asking again (再次鉴定) before it began."""
    desk = Desk(settle(make_store()), tmp_path)
    life = placed(desk, 工伤认定时间=date(2026, 6, 22), 职业病诊断时间=date(2026, 4, 20), 劳动能力鉴定时间=date(2026, 9, 10),
                  是否领取工伤待遇="是")  # fmt: skip
    with clock.frozen(life.day), pytest.raises(Refused) as refused:
        cases.fill_in(
            desk.town.store, desk.town.people["agency"], life.case_no, {"received_worker": "2026-09-09"}, "appraisal"
        )
    assert "2026-09-10" in str(refused.value.sentences())


# --- edited rows ------------------------------------------------------------------------------------------------------

EDITS = {
    "a paper is added": "insert into papers (case_id, matter_id, name, received_on, seq)"
                        " select case_id, id, 'medical_record', entered_on, 1 from matters where name = 'appraisal'",
    "a paper is gone": "delete from papers where name = 'diagnosis'",
    "a paper came earlier": "update papers set received_on = '2026-01-01' where name = 'application'",
    "a document is for others": """update instruments set addressees = '["worker"]' where kind = 'recognition'""",
    "a document is older": "update instruments set issued_on = '2026-01-01' where kind = 'recognition'",
    "a document's number": "update instruments set no = 99 where kind = 'recognition'",
    "a delivery of something else": "update deliveries set kind = 'acceptance', instrument_id = (select min(id) from instruments)",
    "another tail": "update workers set tail_index = 'x'",
    "another number": "update workers set id_sealed = x'7631303030303030303030303030303030'",
    "another name": "update workers set name = '别人'",
    "another employer": "update cases set employer_id = employer_id + 1",
    "another office": "update cases set office_id = office_id + 1",
    "nobody's case": "update cases set worker_id = 999",
    "another process": "update cases set definition_id = 999",
    "the process is gone": "delete from definitions",
    "closed": "update cases set closed_on = '2026-05-01'",
    "a matter is closed": "update matters set closed_on = '2026-05-01' where name = 'benefit'",
    "a clock looks later": "update clocks set effective_on = '2027-01-01' where name = 'claim_benefit'",
    "a clock is another's": "update clocks set owner = 'employer' where name = 'claim_benefit'",
    "a figure": "update figures set value = 9999 where id = 1",
    "a figure is gone": "delete from figures where id = 1",
    "an account is more": """update users set roles = '["admin"]' where username = 'wanderer'""",
    "an account is open again": "update users set active = 1 where username = 'wanderer'",
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_row_is_found(make_store: Callable[..., Store], edit: str) -> None:
    from workflow import accounts

    store = make_store()
    town = settle(store)
    town.life().recognised().served()
    with store.reading() as session:
        office = session.scalar(select(Case.office_id))
    user = accounts.create_user(store, town.system, username="wanderer", name="某人", roles=["desk"], password="a long enough one",
                                office_id=office)  # fmt: skip
    accounts.deactivate(store, town.system, user.id)
    assert verify(store)[1] == []
    with store.engine.connect() as connection:
        for (name,) in connection.execute(text("select name from sqlite_master where type = 'trigger'")).all():
            connection.execute(text(f"drop trigger {name}"))
        connection.execute(text("commit"))
        connection.exec_driver_sql("pragma foreign_keys = off")
        connection.exec_driver_sql("begin")
        assert connection.exec_driver_sql(edit).rowcount > 0
        connection.commit()
    fresh = Store(store.settings)
    try:
        assert verify(fresh)[1], edit
    finally:
        fresh.close()


def test_a_case_removed_with_its_whole_history_leaves_a_gap(make_store: Callable[..., Store]) -> None:
    store = make_store()
    town = settle(store)
    gone, last = town.life(), town.life()
    with store.reading() as session:
        key = session.scalar(select(Case.id).where(Case.case_no == gone.case_no))
        assert session.scalar(select(Matter.id).where(Matter.case_id == key)) and not session.scalar(
            select(Instrument.id)
        )
    with store.engine.connect() as connection:
        for (name,) in connection.execute(text("select name from sqlite_master where type = 'trigger'")).all():
            connection.execute(text(f"drop trigger {name}"))
        connection.execute(text("commit"))
        connection.exec_driver_sql("pragma foreign_keys = off")
        connection.exec_driver_sql("begin")
        for name in ("events", "clocks", "papers", "tasks", "outbox", "matters"):
            connection.exec_driver_sql(f"delete from {name} where case_id = {key}")
        connection.exec_driver_sql(f"delete from cases where id = {key}")
        connection.commit()
    assert {f.chain for f in verify(store)[1]} == {gone.case_no} != {last.case_no}


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["show", "\udcff"], ["cases", "--limit", "9" * 20]])
def test_hostile_words_are_refused_in_one_document(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GREENCHANNEL_ENV", "demo")
    monkeypatch.setenv("GREENCHANNEL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("GREENCHANNEL_DATABASE_URL", raising=False)
    assert main(["init-db"]) == 0
    capsys.readouterr()
    assert main([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_no_folder_and_no_database_are_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GREENCHANNEL_ENV", "demo")
    monkeypatch.delenv("GREENCHANNEL_DATABASE_URL", raising=False)
    monkeypatch.setenv("GREENCHANNEL_DATA_DIR", "/proc/nowhere")
    assert main(["init-db"]) == 2
    assert "GREENCHANNEL_DATA_DIR" in capsys.readouterr().err
    monkeypatch.setenv("GREENCHANNEL_DATA_DIR", str(tmp_path))
    (tmp_path / "greenchannel.db").write_bytes(bytes(range(1, 256)) * 40)
    assert main(["cases"]) == 2
    assert "连不上数据库" in capsys.readouterr().err
