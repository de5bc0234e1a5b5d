"""Messages and print orders: carried out once after the commit, tried again, kept with their error, given back by a dead worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from documents.issue import issue, reprint
from tests.builders import FIRM, Life, Mailbox, Town, fresh_town, swallow
from workflow import cases, clock, outbox, worker
from workflow.cases.printed import file_print
from workflow.errors import BadInput, NotFound, Refused
from workflow.models import Employer, Instrument, Meta, Outbox, Print, Task
from workflow.verify import verify

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def run(town: Town, channel: Mailbox, printer: Callable[..., str] = swallow, at: datetime = NOON) -> dict[str, int]:
    with clock.frozen(at):
        return outbox.run_once(town.store, channel, printer)


def rows(town: Town, kind: str) -> list[Outbox]:
    with town.store.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))


def unreachable() -> None:
    raise OSError("no route")


def test_what_an_act_wrote_goes_out_once_and_to_whom_it_concerns(town: Town) -> None:
    life = town.life().accepted()
    box, printed = Mailbox(), list[dict[str, Any]]()

    def printer(payload: Any) -> str:
        printed.append(dict(payload))
        return ""

    counts = run(town, box, printer, life_time(life))
    assert counts == {"printed": 3, "sent": 3, "failed": 0}
    assert [to for to, _, _ in box.sent] == ["0478-0003001"] * 3
    assert all(len(text) <= 70 and "159999" not in text and "尘肺" not in text for _, text, _ in box.sent)
    assert [p["part"] for p in printed] == ["", "worker", "employer"] and len({p["instrument"] for p in printed}) == 1
    assert {r.state for r in (*rows(town, "message"), *rows(town, "print"))} == {"done"}
    assert run(town, box, at=life_time(life) + timedelta(days=400)) == {"printed": 0, "sent": 0, "failed": 0}


def life_time(life: Life) -> datetime:
    return datetime(life.day.year, life.day.month, life.day.day, 12, tzinfo=UTC)


def test_nothing_goes_out_of_an_act_that_was_rolled_back(town: Town) -> None:
    life = town.life()
    with clock.frozen(life.day), pytest.raises(Refused):
        cases.perform(town.store, town.people["desk"], life.case_no, "recognition", "close_unfiled", behalf="worker")
    assert len(rows(town, "message")) == 1


def test_an_error_is_kept_and_tried_again_later_and_later(town: Town) -> None:
    town.life()
    box, at = Mailbox(fails=unreachable), NOON
    waits = []
    for n in range(1, outbox.MOST_TRIES):
        assert run(town, box, at=at) == {"printed": 0, "sent": 0, "failed": 1}
        (row,) = rows(town, "message")
        assert (row.state, row.tries, row.error) == ("waiting", n, "OSError: no route")
        waits.append(row.next_at - at)
        assert run(town, box, at=row.next_at - timedelta(seconds=1)) == {"printed": 0, "sent": 0, "failed": 0}, (
            "not before"
        )
        at = row.next_at
    assert waits == [timedelta(minutes=2**n) for n in range(1, 8)]
    assert run(town, box, at=at)["failed"] == 1
    (row,) = rows(town, "message")
    assert (row.state, row.tries) == ("failed", 8)
    assert tasks(town) == [("消息没有发出：OSError: no route", False)]
    assert run(town, box, at=at + timedelta(days=30))["failed"] == 0, "a person's turn now"


def tasks(town: Town) -> list[tuple[str, bool]]:
    """(text, done) of the tasks failures left."""
    with town.store.reading() as session:
        return [
            (t.text, t.done_at is not None)
            for t in session.scalars(select(Task).where(Task.kind == "outbox").order_by(Task.id))
        ]


def test_what_never_works_is_a_task_at_once_and_can_be_taken_up_again(town: Town) -> None:
    life = town.life(phone="")
    box = Mailbox()
    assert run(town, box) == {"printed": 0, "sent": 0, "failed": 1}
    (row,) = rows(town, "message")
    told = "消息没有发出：没有职工的联系电话，短信发不出。请窗口补录电话，并用其他办法告知。"
    assert row.state == "failed" and tasks(town) == [(told, False)]
    with clock.frozen(NOON + timedelta(hours=1)):
        outbox.retry(town.store, row.id)
        assert outbox.run_once(town.store, box, swallow)["failed"] == 1
    assert tasks(town) == [(told, False)], "one task, however often it fails"
    with clock.frozen(NOON + timedelta(hours=2)):
        cases.fill_in(
            town.store, town.people["desk"], life.case_no, {"phone": "0478-0001234"}
        )  # gives the message back itself
        assert outbox.run_once(town.store, box, swallow)["sent"] == 1
    assert box.sent[0][0] == "0478-0001234" and tasks(town) == [(told, True)]
    assert rows(town, "message")[0].error == ""
    with pytest.raises(NotFound, match=f"没有编号为 {row.id} 的失败消息或打印"):
        outbox.retry(town.store, row.id)


def test_the_dead_are_not_written_to(town: Town) -> None:
    life, other = (town.life().filed(papers=["application"]) for _ in range(2))
    life.act("desk", "recognition", "record_death", died_on=life.day.isoformat())
    before = len(life.outbox("message"))
    for one in (life, other):
        one.act("desk", "recognition", "correct")
    with clock.frozen(life.day + timedelta(days=30)):
        worker.once(town.store, Mailbox(), swallow)
    assert {m.to for m in life.outbox("message")[before:]} == {"desk@150823"}
    assert "worker" in {m.to for m in other.outbox("message")[before:]}


def test_an_employer_is_told_at_its_own_telephone(town: Town) -> None:
    life = town.life()
    box = Mailbox()
    run(town, box)
    with town.store.writing() as session:
        session.add(Outbox(key="k", kind="message", case_id=life.case().id, to="employer", text="x", next_at=NOON))
    assert run(town, box)["failed"] == 1
    assert tasks(town) == [
        ("消息没有发出：没有用人单位的联系电话，短信发不出。请窗口补录电话，并用其他办法告知。", False)
    ]
    with town.store.writing() as session:
        session.execute(update(Employer).where(Employer.name == FIRM).values(phone="0478-0000009"))
        session.add(Outbox(key="k2", kind="message", case_id=life.case().id, to="employer", text="x", next_at=NOON))
    assert run(town, box)["sent"] == 1 and box.sent[-1][0] == "0478-0000009"


def test_a_dead_workers_row_is_given_back_after_its_lease(town: Town) -> None:
    town.life()
    (row,) = rows(town, "message")
    with clock.frozen(NOON):
        assert outbox._claim(town.store, row.id) is not None  # and here the worker dies
    box = Mailbox()
    assert run(town, box, at=NOON + outbox.LEASE - timedelta(seconds=1))["sent"] == 0
    assert run(town, box, at=NOON + outbox.LEASE)["sent"] == 1
    assert rows(town, "message")[0].tries == 2


def test_several_workers_send_everything_once(town: Town) -> None:
    for _ in range(8):
        town.life()
    box, barrier = Mailbox(), threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        run(town, box)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for _, _, key in box.sent) == sorted(r.key for r in rows(town, "message")) and len(box.sent) == 8


def test_a_printer_that_refuses_leaves_a_task_and_one_that_breaks_is_tried_again(town: Town) -> None:
    life = town.life().accepted()

    def broken(payload: Any) -> str:
        if payload["part"] == "":
            raise Refused("模板有变动")
        raise RuntimeError("out of paper")

    assert run(town, Mailbox(), broken, life_time(life))["failed"] == 3
    assert [(r.state, r.error) for r in rows(town, "print")] == [
        ("failed", "模板有变动"), ("waiting", "RuntimeError: out of paper"), ("waiting", "RuntimeError: out of paper"),
    ]  # fmt: skip
    assert tasks(town) == [("文书没有打印成：模板有变动", False)]


def test_the_log_file_has_a_line_for_every_message(tmp_path: Path) -> None:
    channel = outbox.LogFile(tmp_path / "below" / "messages.log")
    with clock.frozen(NOON):
        channel.send("desk@150823", "第一条\n还是第一条", "k1")
        channel.send("0478-0001234", "第二条", "k2")
    lines = [json.loads(line) for line in (tmp_path / "below" / "messages.log").read_text("utf-8").splitlines()]
    assert lines == [
        {"at": "2026-03-02T04:00:00+00:00", "to": "desk@150823", "text": "第一条\n还是第一条", "key": "k1"},
        {"at": "2026-03-02T04:00:00+00:00", "to": "0478-0001234", "text": "第二条", "key": "k2"},
    ]


# --- prints -----------------------------------------------------------------------------------------------------------


def test_printing_again_gives_the_same_bytes_and_is_filed_once(town: Town) -> None:
    life = town.life().accepted()
    with town.store.reading() as session:
        document = session.scalars(select(Instrument)).one()
    events = life.events()
    with clock.frozen(life.day):
        names = {issue(town.store, town.system, {"instrument": document.id, "part": ""}) for _ in range(2)}
    (name,) = names
    path = town.store.settings.data_dir / "documents" / name
    kept = path.read_bytes()
    assert kept.startswith(b"%PDF") and life.events() == events + 1 and life.event()["kind"] == "document:printed"
    with clock.frozen(life.wait(300).day):
        again = reprint(town.store, document.id, "")
    assert again.pdf == kept and again.sha256 == life.event()["payload"]["sha256"]
    assert not list(path.parent.glob("*.part"))
    life.check()


def test_an_issued_document_never_gets_another_print(town: Town) -> None:
    life = town.life().accepted()
    with clock.frozen(life.day):
        assert file_print(town.store, town.system, 1, "", file="a.pdf", sha256="1" * 64, template_digest="0" * 64)
        assert not file_print(town.store, town.system, 1, "", file="a.pdf", sha256="1" * 64, template_digest="0" * 64)
        with pytest.raises(Refused, match="重新打印得到的内容与存档的不同"):
            file_print(town.store, town.system, 1, "", file="a.pdf", sha256="2" * 64, template_digest="0" * 64)
    with town.store.reading() as session:
        assert [p.sha256 for p in session.scalars(select(Print))] == ["1" * 64]


def test_a_print_beside_an_act_disturbs_neither(town: Town) -> None:
    life = town.life().accepted()
    with clock.frozen(life.day):
        file_print(town.store, town.system, 1, "worker", file="b.pdf", sha256="1" * 64, template_digest="0" * 64)
        cases.perform(
            town.store,
            town.people["officer"],
            life.case_no,
            "recognition",
            "to_ordinary",
            facts={"reason": "x"},
            version=3,
        )
    assert [f.what for f in verify(town.store)[1]] == ["文书 前人社工受〔2026〕1号 的文件 b.pdf 不见了。"]


# --- the process ------------------------------------------------------------------------------------------------------


def test_one_round_does_everything_and_leaves_its_heartbeat(town: Town) -> None:
    life = town.life().filed()
    assert worker.last_seen(town.store) == ""
    with clock.frozen(datetime(2026, 4, 20, 4, tzinfo=UTC)):
        counts = worker.once(town.store, Mailbox(), swallow)
        assert counts["fired"] > 0 and counts["sent"] >= 3 and counts["failed"] == 0
        assert worker.once(town.store, Mailbox(), swallow) == {"fired": 0, "printed": 0, "sent": 0, "failed": 0}
    assert worker.last_seen(town.store) == "2026-04-20T04:00:00+00:00"
    life.check()


def test_the_process_waits_for_a_database_that_is_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, told, done = threading.Event(), list[str](), list[dict[str, Any]]()

    def once(*_: Any) -> dict[str, Any]:
        if not told:
            raise OperationalError("select 1", {}, Exception("server closed the connection"))
        stop.set()
        return {"fired": 1}

    monkeypatch.setattr(worker, "once", once)
    monkeypatch.setattr(worker, "AWAY", 0.0)
    worker.loop(town.store, Mailbox(), swallow, stop, done.append, told.append)
    assert told == ["数据库暂时用不了，0 秒后再试：server closed the connection"] and done == [{"fired": 1}]


def test_another_day_is_rehearsed_only_where_the_database_says_so(town: Town) -> None:
    assert worker.rehearsed(town.store, "2026-12-01") == datetime(2026, 12, 1, 1, tzinfo=UTC)
    assert worker.rehearsed(town.store, "2026-12-01T15:30") == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    for text in ("tomorrow", "2026-02-30", ""):
        with pytest.raises(BadInput, match="不是日期时间。请写成"):
            worker.rehearsed(town.store, text)
    for value in ("production", ""):
        with town.store.writing() as session:
            session.execute(update(Meta).where(Meta.name == "rehearsal").values(value=value))
        town.store.forget()
        with pytest.raises(Refused, match="只有演示或测试用的数据库可以预演别的日子"):
            worker.rehearsed(town.store, "2026-12-01")
