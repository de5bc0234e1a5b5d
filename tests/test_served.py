"""Recording the delivery of documents whose delivery moves no matter: who may, every fault at once, a form sent twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.builders import Life, Town, counts, settle
from workflow import cases, clock, verify
from workflow.errors import Conflict, Forbidden, NotFound, Refused, Stopped
from workflow.models import DeliveryRecord, Idempotency, Instrument
from workflow.store import Store


@pytest.fixture
def town(store: Store) -> Town:
    return settle(store)


def document(life: Life, kind: str = "acceptance") -> int:
    """The newest document of a kind in the case."""
    with life.town.store.reading() as session:
        query = select(Instrument.id).where(Instrument.case_id == life.case().id, Instrument.kind == kind)
        return session.scalars(query.order_by(Instrument.id.desc())).first() or 0


def receipt(life: Life, **more: Any) -> dict[str, Any]:
    return {"addressee": "worker", "way": "direct", "received_on": life.day.isoformat(), **more}


def record(life: Life, facts: dict[str, Any], who: str = "desk", document_id: int = 0, key: str = "") -> dict[str, Any]:
    with clock.frozen(life.day):
        return cases.record_delivery(
            life.town.store, life.town.people[who], life.case_no, document_id or document(life), facts, key=key
        )


def refused(life: Life, kind: type[Stopped], facts: dict[str, Any], **more: Any) -> Stopped:
    """A delivery that is stopped in that way and changes nothing."""
    before = counts(life.town.store)
    with pytest.raises(kind) as stopped:
        record(life, facts, **more)
    assert counts(life.town.store) == before
    return stopped.value


def recorded(life: Life) -> list[DeliveryRecord]:
    with life.town.store.reading() as session:
        query = select(DeliveryRecord).where(DeliveryRecord.case_id == life.case().id).order_by(DeliveryRecord.id)
        return list(session.scalars(query))


def test_a_delivery_is_one_record_and_one_event_and_moves_nothing(town: Town) -> None:
    life = town.life().accepted()
    before, matter = life.events(), life.row("recognition")
    running = [(c.name, c.state, c.due_on) for c in life.clocks()]
    life.wait(2)
    answer = record(life, receipt(life, way="post", delivery_note=" 邮件单号 1234 "))
    number = dict(life.documents())["acceptance"]
    assert answer == {"case_no": life.case_no, "number": number, "addressee": "worker", "seq": before + 1}
    (row,) = recorded(life)
    assert (row.instrument_id, row.kind, row.addressee, row.way) == (document(life), "acceptance", "worker", "post")
    assert (row.received_on, row.note, row.seq) == (life.day, "邮件单号 1234", before + 1)
    event = life.event()
    assert (event["kind"], event["label"], event["on"]) == ("document:delivered", "登记送达", life.day)
    assert event["payload"] == {"number": number, "kind": "acceptance", "facts": {
        "addressee": "worker", "way": "post", "received_on": life.day.isoformat(), "delivery_note": "邮件单号 1234",
    }}  # fmt: skip
    after = life.row("recognition")
    assert (after.state, after.version, after.facts) == (matter.state, matter.version, matter.facts)
    assert [(c.name, c.state, c.due_on) for c in life.clocks()] == running
    life.check()


def test_each_addressee_once(town: Town) -> None:
    life = town.life().accepted()
    record(life, receipt(life))
    told = refused(life, Refused, receipt(life, way="post"))
    assert told.sentences() == ["职工的送达已经登记过，不能重登。"] and told.reasons[0].field == "addressee"
    record(life, receipt(life, addressee="employer"))
    assert [d.addressee for d in recorded(life)] == ["worker", "employer"]
    life.check()


def test_everything_wrong_is_told_at_once_beside_its_field(town: Town) -> None:
    life = town.life().accepted()
    none = refused(life, Refused, {"received_on": "  "})
    assert {r.field: r.sentence() for r in none.reasons} == {
        "addressee": "请填写“收件人”。", "way": "请填写“送达方式”。（依据：工伤认定办法#22）",
        "received_on": "请填写“收到之日”。（依据：工伤认定办法#22）",
    }  # fmt: skip
    wrong = refused(
        life, Refused, receipt(life, addressee="agency", way="pigeon", received_on="2999-1-1", delivery_note="x" * 301)
    )
    assert [r.field for r in wrong.reasons] == ["addressee", "way", "received_on", "delivery_note"]
    early = refused(life, Refused, receipt(life, received_on=(life.day - timedelta(days=1)).isoformat()))
    assert early.sentences() == [f"收到之日 {life.day - timedelta(days=1)} 早于文书日期 {life.day}。请核对送达回证。"]


def test_who_is_no_addressee_of_this_document_is_not_served_with_it(town: Town) -> None:
    life = town.life().filed(["application"])
    life.wait(1).act("desk", "recognition", "correct")
    (kind, _), *_ = life.documents()
    with town.store.reading() as session:
        to = session.get_one(Instrument, document(life, kind)).addressees
    assert "employer" not in to
    told = refused(life, Refused, receipt(life, addressee="employer"), document_id=document(life, kind))
    assert [r.field for r in told.reasons] == ["addressee"] and "不用送达用人单位" in told.sentences()[0]
    record(life, receipt(life), document_id=document(life, kind))


def test_what_the_matter_waits_for_is_its_act_and_becomes_free_when_it_has_moved_on(town: Town) -> None:
    life = town.life().recognised()
    told = refused(life, Refused, receipt(life), document_id=document(life, "recognition"))
    assert [r.code for r in told.reasons] == ["use_action"] and "办“登记送达”" in told.sentences()[0]
    record(life, receipt(life), document_id=document(life, "acceptance"))
    life.served()
    told = refused(life, Refused, receipt(life), document_id=document(life, "recognition"))
    assert told.sentences() == ["职工的送达已经登记过，不能重登。"], "the act's own record counts"


@pytest.mark.parametrize(("who", "kind"), [
    ("approver", Forbidden), ("supervisor", Forbidden), ("finance", Forbidden), ("firm", Forbidden),
    ("linhe-desk", NotFound), ("other-firm", NotFound), ("admin", NotFound),
])  # fmt: skip
def test_who_may_not_is_told_so_and_a_strangers_case_is_no_case(town: Town, who: str, kind: type[Stopped]) -> None:
    life = town.life().accepted()
    told = refused(life, kind, receipt(life), who=who)
    assert ("没有登记送达的权限" in told.sentences()[0]) == (kind is Forbidden)


@pytest.mark.parametrize("who", ["desk", "officer", "appraisal", "agency"])
def test_whoever_serves_may_record_it(town: Town, who: str) -> None:
    life = town.life().accepted()
    assert record(life, receipt(life), who=who)["addressee"] == "worker"


@pytest.mark.parametrize("number", [10**6, 2**63, 10**40, -1])
def test_a_document_there_is_none_of(town: Town, number: int) -> None:
    life = town.life().accepted()
    assert "没有这份文书" in refused(life, NotFound, receipt(life), document_id=number).sentences()[0]


def test_another_cases_document_is_none_of_this_case(town: Town) -> None:
    life, other = town.life().accepted(), town.life().accepted()
    refused(life, NotFound, receipt(life), document_id=document(other))


# --- a form sent twice -----------------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_delivery_and_one_answer(town: Town) -> None:
    life = town.life().accepted()
    first = record(life, receipt(life), key="k1")
    events = life.events()
    assert record(life, receipt(life), key="k1") == first
    assert (life.events(), len(recorded(life))) == (events, 1)
    told = refused(life, Conflict, receipt(life, addressee="employer"), key="k1")
    assert "已经提交过，内容与这次不同" in told.sentences()[0]
    refused(life, Conflict, receipt(life), key="k1", who="officer")


def test_a_refusal_leaves_the_key_free(town: Town) -> None:
    life = town.life().accepted()
    refused(life, Refused, receipt(life, way=""), key="k2")
    assert record(life, receipt(life), key="k2")["addressee"] == "worker"


@pytest.mark.parametrize("same_key", [True, False])
def test_eight_at_once_are_one_delivery(town: Town, same_key: bool) -> None:
    life = town.life().accepted()
    facts, which = receipt(life), document(life)
    answers: list[Any] = []

    def send(n: int) -> None:
        try:
            answers.append(record(life, facts, document_id=which, key="k" if same_key else f"k{n}"))
        except Stopped as stopped:
            answers.append(stopped)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done = [a for a in answers if isinstance(a, dict)]
    assert len(answers) == 8 and len(recorded(life)) == 1
    assert len(done) == (8 if same_key else 1) and all(a == done[0] for a in done)
    assert all(isinstance(a, Refused) for a in answers if not isinstance(a, dict))
    assert verify.verify(town.store, life.case_no)[1] == []


def test_filling_in_twice_with_one_form_is_one_record(town: Town) -> None:
    life = town.life(phone="", insured="unknown")
    facts, desk = {"phone": "0478-0003009"}, town.people["desk"]
    first = cases.fill_in(town.store, desk, life.case_no, facts, key="f1")
    events = life.events()
    assert cases.fill_in(town.store, desk, life.case_no, facts, key="f1") == first
    assert first["filled"] == ["phone"] and life.events() == events
    with pytest.raises(Conflict):
        cases.fill_in(town.store, desk, life.case_no, {"insured": "yes"}, key="f1")
    with pytest.raises(Refused):
        cases.fill_in(town.store, desk, life.case_no, facts)
    with town.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Idempotency).where(Idempotency.key == "f1")) == 1
