"""Every kind of document, ordered by the acts of one life and printed from the facts frozen then."""

from __future__ import annotations

from collections.abc import Callable

from documents.issue import issue
from tests.builders import Mailbox, settle
from workflow import clock, worker
from workflow.store import Store


def test_every_document_of_a_life_can_be_printed(make_store: Callable[..., Store]) -> None:
    town = settle(make_store())
    life = town.life().filed(papers=["application"])
    life.act("desk", "recognition", "correct")
    life.act("desk", "recognition", "resubmit", papers=["diagnosis", "employment_proof"], behalf="worker")
    life.act("desk", "recognition", "withdraw", applicant="worker", ground="另行准备")
    life.act("desk", "recognition", "file", applicant="worker")
    life.act("approver", "recognition", "accept")
    life.act("approver", "recognition", "suspend", ground="劳动关系在仲裁，工伤保险条例第二十条", suspension_kind="judicial", awaited="裁决书")
    life.wait(3).act("approver", "recognition", "resume", document_received="裁决书1号", ground="裁决已生效")
    life.proposed()
    life.act("approver", "recognition", "recognise")
    life.served().appraisal_filed().scheduled()
    life.act("appraisal", "appraisal", "terminate", termination_ground="no_show", ground="没有按时参加检查")
    life.appraised().claimed().payable()
    ordered = [kind for kind, _ in life.documents()]
    assert ordered == ["correction_list", "withdrawal_note", "acceptance", "suspension", "resumption", "recognition", "exam_notice",
                       "termination", "exam_notice", "conclusion", "benefit_sheet"]  # fmt: skip
    life.wait(1)
    with clock.frozen(life.day):
        done = worker.once(town.store, Mailbox(), lambda payload: issue(town.store, town.system, payload))
    assert done["failed"] == 0
    orders = life.outbox("print")
    assert {o.state for o in orders} == {"done"}
    assert len(orders) == 11 + 9 * 2 + 2, (
        "each with a delivery return for every addressee, two of them for the worker alone"
    )
    life.check()
