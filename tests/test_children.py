"""Matters of each addressee, what the system does at an expiry, what a remedy brings about on its parent, tasks of acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.builders import Life, Mailbox, Town, counts, fresh_town, swallow
from workflow import cases, clock, guards, worker
from workflow.errors import Forbidden, NotFound, Reason, Refused
from workflow.models import Instrument, Matter, Task
from workflow.situation import Actor

PARTIES = ("worker", "employer")


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def recognised(town: Town) -> Life:
    return town.life().recognised().served()


def children(life: Life) -> list[Matter]:
    with life.town.store.reading() as session:
        rows = session.scalars(select(Matter).where(Matter.parent_id.is_not(None)).order_by(Matter.id))
        return [m for m in rows if m.case_id == life.case().id]


def after_review(life: Life) -> Life:
    """The day after the last time to apply for review; the suits may still be brought."""
    return life.on(max(c.due_on for c in life.clocks("apply_review") if c.due_on) + timedelta(days=1))


def after_suit(life: Life) -> Life:
    return life.on(max(c.due_on for c in life.clocks("sue_direct") if c.due_on) + timedelta(days=1))


def refusing(text: str = "试验中不让办") -> Callable[[Any], Reason]:
    return lambda _: Reason(text, "tried", who="试验")


# --- opening ---------------------------------------------------------------------------------------------------------------


def test_each_addressee_gets_a_matter_about_the_document_he_was_served_with(town: Town) -> None:
    life = recognised(town)
    with town.store.reading() as session:
        paper = session.scalars(select(Instrument).where(Instrument.kind == "recognition")).one()
    parent = life.row("recognition")
    found = children(life)
    assert [(m.name, m.number, m.addressee, m.parent_id, m.instrument_id) for m in found] == [
        ("remedy", n, who, parent.id, paper.id) for n, who in enumerate(PARTIES, 1)
    ]
    for m in found:
        assert m.facts["decision"] == paper.number and m.facts["decision_kind"] == "recognition"
        assert m.facts["decision_label"] == "认定工伤决定书" and m.facts["opened_on"] == m.facts["received_on"]
        assert {c.owner for c in life.clocks() if c.matter_id == m.id} == {m.addressee}
        assert m.ball == m.addressee, "whose turn it is, is that side's"
    assert life.case().closed_on is None, "a case stays open until the windows have closed"


def test_the_acts_of_a_party_are_that_sides_alone(town: Town) -> None:
    life = recognised(town)
    of = life.remedies()
    facts: Any = {"review_got_on": life.day.isoformat()}
    with clock.frozen(life.day):
        with pytest.raises(Forbidden):
            cases.perform(town.store, town.people["firm"], life.case_no, of["worker"], "apply_review", facts=facts)
        cases.perform(town.store, town.people["firm"], life.case_no, of["employer"], "apply_review", facts=facts)
    assert (life.state(of["worker"]), life.state(of["employer"])) == ("window_open", "review_applied")
    assert life.refused("desk", of["worker"], "apply_review", behalf="employer", **facts)
    life.act("desk", of["worker"], "apply_review", behalf="relative", **facts)
    assert life.event()["behalf"] == "relative"


def test_what_is_complained_of_opens_one_more_matter_for_that_party_and_not_twice(town: Town) -> None:
    life = town.life().accepted().wait(70)
    asked: Any = {"addressee": "worker", "decision_kind": "inaction"}
    assert life.act("desk", "recognition", "complain_inaction", behalf="worker", **asked).opened == ("remedy",)
    assert "不能重复登记" in life.refused("desk", "recognition", "complain_inaction", behalf="worker", **asked)[0]
    life.act("desk", "recognition", "complain_inaction", behalf="employer", **{**asked, "addressee": "employer"})
    found = [(m.addressee, m.facts["decision_kind"], m.facts["decision"], m.instrument_id) for m in children(life)]
    assert found == [(who, "inaction", "", None) for who in PARTIES], "about no document, whatever the last one was"


def test_a_decision_made_again_opens_remedies_anew_and_no_second_appraisal(town: Town) -> None:
    life = recognised(town)
    life.as_system(
        "recognition",
        "redo_by_order",
        redo_from_on=life.day.isoformat(),
        ruling="巴政复决〔2026〕1号",
        procedural="yes",
    )
    assert life.state("recognition") == "redo"
    life.proposed().wait(1)
    assert life.act("approver", "recognition", "recognise").opened == (), "appraisal and benefit are gone on with"
    life.served()
    assert [(m.number, m.addressee) for m in children(life)] == [
        (1, "worker"),
        (2, "employer"),
        (3, "worker"),
        (4, "employer"),
    ]
    assert [name for name, _ in life.matters() if not name.startswith("remedy")] == [
        "recognition#1",
        "appraisal#1",
        "benefit#1",
    ]


# --- what the system does at an expiry ---------------------------------------------------------------------------------------


def test_of_two_windows_the_first_only_waits_and_the_last_closes_the_matter(town: Town) -> None:
    life = recognised(town)
    of = life.remedies()
    after_review(life).work()
    assert {life.state(of[who]) for who in PARTIES} == {"window_open"} and life.tasks("act") == []
    after_suit(life).work()
    assert {life.state(of[who]) for who in PARTIES} == {"window_closed"}
    closed = [e for e in life.since(0) if e.action == "close_window"]
    assert len(closed) == 2 and all(e.actor_id == town.system.id and e.to_state == "window_closed" for e in closed)
    assert (life.state("recognition"), life.row("recognition").facts["final_on"]) == (
        "final",
        life.row(of["employer"]).facts["window_closed_on"],
    )
    before = life.events()
    life.wait(400).work()
    assert not [e for e in life.since(before) if e.action == "close_window"]


def test_the_party_whose_window_it_is_is_warned_and_nobody_else(town: Town) -> None:
    life = recognised(town)
    near = min(c.near_on for c in life.clocks("apply_review") if c.near_on)
    for day in (near, near + timedelta(days=1)):
        life.work(day)
    after_review(life).work()
    told = [(m.to, m.text) for m in life.outbox("message") if "申请行政复议" in m.text and m.key.startswith("clock:")]
    assert sorted(to for to, text in told if "将于" in text) == ["employer", "worker"]
    assert sorted(to for to, text in told if "已于" in text) == ["employer", "worker"]


def test_what_could_not_be_done_at_an_expiry_is_one_task_with_its_reasons(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = after_suit(recognised(town))
    monkeypatch.setitem(guards.REGISTRY, "all_windows_over", refusing())
    for _ in range(3):
        with clock.frozen(life.day):
            worker.once(town.store, Mailbox(), swallow)
        life.wait(1)
    assert {life.state(remedy) for remedy in life.remedies().values()} == {"window_open"}
    with town.store.reading() as session:
        undone = session.scalars(select(Task).where(Task.key.like("undone:%"))).all()
    assert len(undone) == 4, "one for each of four windows, once"
    assert {(t.owner, t.kind) for t in undone} == {("supervisor", "act")}
    assert {t.text for t in undone} == {
        f"“{label}”届满后没有办成“救济期限届满”：试验中不让办" for label in ("申请行政复议", "直接起诉")
    }
    life.check()


def test_a_worker_process_that_was_away_does_all_of_it_when_it_comes_back(town: Town) -> None:
    life = recognised(town)
    after_suit(life).wait(30).work()
    assert life.state("recognition") == "final" and {life.state(r) for r in life.remedies().values()} == {
        "window_closed"
    }
    last = max(c.due_on for c in life.clocks("sue_direct") if c.due_on)
    assert life.row("recognition").facts["final_on"] == last.isoformat(), (
        "its day is the day the law says, not the day it ran"
    )


# --- what a child brings about on its parent ---------------------------------------------------------------------------------


def decided(life: Life, outcome: str, **facts: Any) -> Any:
    """The worker's review decided and served: what it brings about."""
    remedy = life.remedies()["worker"]
    life.wait(5).act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    life.wait(2).act("desk", remedy, "accept_review")
    life.wait(1).act("officer", remedy, "got_copy")
    life.wait(3).act("officer", remedy, "reply")
    life.wait(20).act("desk", remedy, "mediate_review", outcome=outcome, ruling="巴政复调〔2026〕3号", **facts)
    return life


# outcome → the act on the recognition, and where that stands
OUTCOMES = [
    ("redo", "redo_by_order", "redo"), ("annulled", "set_aside", "redo"), ("varied", "vary_by_order", "varied"),
    ("ordered_to_act", "act_by_order", "delivered"), ("upheld", "", "delivered"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "act", "state"), OUTCOMES)
def test_an_outcome_acts_on_the_decision_in_the_same_transaction(
    town: Town, outcome: str, act: str, state: str
) -> None:
    more = {"varied": {"varied_to": "not_recognised"}, "redo": {"procedural": "yes"}}
    life = decided(recognised(town), outcome, **more.get(outcome, {}))
    child, *parent = life.since(life.events() - (2 if act else 1))
    assert child.action == "mediate_review" and [e.action for e in parent] == ([act] if act else [])
    assert all(e.actor_id == town.system.id for e in parent), "upheld: the other party's window is still open, it waits"
    assert (life.state("recognition"), life.state(life.remedies()["worker"])) == (state, "closed")
    assert len([t for t in life.tasks("act") if t.startswith("责令限期办理")]) == (outcome == "ordered_to_act")


def test_where_the_decision_cannot_follow_nothing_is_written(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    life = after_suit(recognised(town)).wait(60)
    remedy = life.remedies()["worker"]
    monkeypatch.setitem(guards.REGISTRY, "remedies_closed", refusing())
    before = counts(town.store)
    with clock.frozen(life.day), pytest.raises(Refused) as refused:
        cases.perform(town.store, town.people["officer"], life.case_no, remedy, "close_expired", facts={})
    assert [(r.code, r.text) for r in refused.value.reasons] == [
        ("tried", "“工伤认定”要跟着办的事办不了：试验中不让办")
    ]
    assert counts(town.store) == before and life.state(remedy) == "window_open"
    monkeypatch.undo()
    life.act("officer", remedy, "close_expired")
    assert life.state("recognition") == "delivered", "the other window is still there: the decision waits for it"
    assert life.act("officer", life.remedies()["employer"], "close_expired").followed == ("recognition:become_final",)


# --- tasks ------------------------------------------------------------------------------------------------------------------


def failing(life: Life, *whom: str) -> Life:
    for who in whom:
        life.act(
            "desk", "recognition", "delivery_failed", addressee=who, failed_on=life.day.isoformat(), failure="退件"
        )
    return life


def task_of(life: Life) -> Task:
    with life.town.store.reading() as session:
        return session.scalars(
            select(Task).where(Task.kind == "act", Task.case_id == life.case().id).order_by(Task.id)
        ).all()[-1]


def test_a_task_names_what_for_whom_and_why_and_ends_with_that_addressees_delivery(town: Town) -> None:
    life = failing(town.life().recognised(), "worker", "employer")
    task = task_of(life)
    assert (task.owner, task.fact, task.text) == ("desk", "employer", "登记送达失败（用人单位）：退件")
    assert life.tasks("act") == ["worker", "employer"]
    life.wait(1).act(
        "desk", "recognition", "deliver", addressee="employer", way="post", received_on=life.day.isoformat()
    )
    assert life.tasks("act") == ["worker"] and task_of(life).done_by == "试desk"


def test_a_long_reason_is_cut_to_what_a_task_holds(town: Town) -> None:
    life = recognised(town)
    life.act(
        "approver",
        "recognition",
        "revoke",
        revocation_kind="concealed",
        heard_worker="x",
        heard_employer="x",
        ground="长" * 2000,
    )
    assert len(task_of(life).text) == 300 and task_of(life).text.endswith("长…") and task_of(life).owner == "agency"


def finish(life: Life, who: str | Actor, note: str = "已经上门送到", key: int = 0) -> int:
    actor = life.town.people[who] if isinstance(who, str) else who
    with clock.frozen(life.day):
        return cases.finish_task(life.town.store, actor, life.case_no, key or task_of(life).id, note)


def test_a_task_is_finished_by_its_owner_with_a_note(town: Town) -> None:
    life = failing(town.life().recognised(), "worker").wait(1)
    seq, task = finish(life, "desk", "  已经上门送到  "), task_of(life)
    event = life.event()
    assert (event["seq"], event["kind"], event["label"], event["actor"]) == (
        seq,
        "task:done",
        "办结待办",
        "试desk（desk）",
    )
    assert event["payload"] == {"task": task.key, "text": task.text, "note": "已经上门送到"}
    assert task.done_by == "试desk" and life.tasks("act") == []
    life.check()


# who, what is written → the refusal
NOT_SO: list[tuple[str, str, int, type[Exception], str]] = [
    ("officer", "办好了", 0, Forbidden, "由一站式窗口办"), ("linhe-desk", "办好了", 0, NotFound, "没有这个案件"),
    ("firm", "办好了", 0, Forbidden, "由一站式窗口办"), ("other-firm", "办好了", 0, NotFound, "没有这个案件"),
    ("desk", "办好了", 999999, NotFound, "没有这项待办"), ("desk", "  ", 0, Refused, "请写明办了什么"),
    ("desk", "办" * 301, 0, Refused, "最多 300 字"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "note", "key", "kind", "said"), NOT_SO, ids=[f"{r[0]}-{r[1][:2]}" for r in NOT_SO])
def test_a_task_is_not_finished_by_others_or_without_a_note(
    town: Town, who: str, note: str, key: int, kind: type[Exception], said: str
) -> None:
    life = failing(town.life().recognised(), "worker")
    before = counts(town.store)
    with pytest.raises(kind, match=said):
        finish(life, who, note, key)
    assert counts(town.store) == before and life.tasks("act") == ["worker"]


def test_a_finished_task_is_not_finished_again_and_one_of_another_case_is_none(town: Town) -> None:
    life = failing(town.life().recognised(), "worker")
    finish(life, "desk")
    with pytest.raises(Refused, match="已经由试desk办了"):
        finish(life, "desk")
    other = failing(town.life(name="试小山").recognised(), "worker")
    with pytest.raises(NotFound, match="没有这项待办"):
        finish(life, "desk", key=task_of(other).id)
    assert other.tasks("act") == ["worker"]
