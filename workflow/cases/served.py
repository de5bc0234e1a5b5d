"""Recording the delivery (送达) of a document whose delivery moves no matter: acceptance, correction list, notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update

from workflow import audit, clock
from workflow.audit import Link
from workflow.cases import typed
from workflow.cases.load import AnyRow, Loaded, load_seen
from workflow.cases.once import claim, keep_answer
from workflow.errors import Forbidden, NotFound, Reason, Refused
from workflow.models import Case, DeliveryRecord, Instrument, table
from workflow.situation import Actor
from workflow.store import Store

ASKED = ("addressee", "way", "received_on")
SERVERS = frozenset({"desk", "officer", "appraisal_office", "agency"})


def record_delivery(
    store: Store, actor: Actor, case_no: str, instrument_id: int, facts: Mapping[str, Any], *, key: str = ""
) -> dict[str, Any]:
    """Record that one addressee received a document; {"case_no", "number", "addressee", "seq"}.

    `facts`: addressee, way, received_on and, where wanted, delivery_note, as people type them; `key`: the submitted
    form's own key (a repeat gets the same answer). Raises NotFound, Forbidden, Conflict (the key with other content), Refused
    with every fault (also where the matter itself waits for this delivery: then it is an act of the matter).
    """
    asked = {"record_delivery": case_no, "document": instrument_id, "facts": dict(facts), "actor": actor.id}
    with store.writing() as session:
        if key and (stored := claim(store, session, key, asked)):
            return stored
        loaded = load_seen(store, session, case_no, actor, lock=True)
        if not actor.roles & SERVERS and not actor.system:
            raise Forbidden("您没有登记送达的权限。由窗口、承办人、鉴定委办公室或者经办机构登记。")
        found = document_of(loaded, instrument_id)
        answer = _write(loaded, actor, found, _read(loaded, found, facts))
        if key:
            keep_answer(session, key, answer)
        return answer


def document_of(loaded: Loaded, instrument_id: int) -> AnyRow:
    """One document of this case: id, kind, label, number, issued_on, addressees, matter_id. Raises NotFound."""
    found = None
    if instrument_id < 2**63:  # larger than any key, and than what the databases take
        i = Instrument
        query = select(i.id, i.kind, i.label, i.number, i.issued_on, i.addressees, i.matter_id)
        found = loaded.session.execute(query.where(i.id == instrument_id, i.case_id == loaded.row.id)).first()
    if found is None:
        raise NotFound("这个案件没有这份文书。请刷新页面再看。")
    return found


def served(loaded: Loaded, instrument_id: int) -> frozenset[str]:
    """The addressees whose receipt of a document is recorded."""
    query = select(DeliveryRecord.addressee).where(DeliveryRecord.instrument_id == instrument_id)
    return frozenset(loaded.session.scalars(query))


def _read(loaded: Loaded, document: AnyRow, facts: Mapping[str, Any]) -> dict[str, Any]:
    definition, faults = loaded.definition, []
    given: dict[str, Any] = {}
    for name in (*ASKED, "delivery_note"):
        fact = definition.facts[name]
        if not str(facts.get(name) or "").strip():
            faults += [Reason(f"请填写“{fact.label}”。", "fact_missing", fact.law, field=name)] if name in ASKED else []
            continue
        read, wrong = typed.read_one(definition, fact, facts[name], loaded.today, {})
        faults += wrong
        given[name] = read
    who, day = given.get("addressee"), given.get("received_on")
    people = definition.people
    if who and who not in document.addressees:
        faults.append(
            Reason(
                f"这份文书不用送达{people.get(who, who)}，收件人是{'、'.join(people[a] for a in document.addressees)}。",
                field="addressee",
            )
        )
    if day and day < document.issued_on:
        faults.append(
            Reason(f"收到之日 {day} 早于文书日期 {document.issued_on}。请核对送达回证。", field="received_on")
        )
    if who and who in served(loaded, document.id):
        faults.append(Reason(f"{people[who]}的送达已经登记过，不能重登。", field="addressee"))
    if act_waiting(loaded, document.id, document.matter_id):
        faults.append(Reason("这份文书的送达要在事项里办“登记送达”，登记后事项才会往下走。", "use_action"))
    if faults:
        raise Refused(faults)
    return given


def act_waiting(loaded: Loaded, instrument_id: int, matter_id: int) -> str:
    """The act by which the matter waits for the delivery of this document; '' where delivering it moves nothing."""
    matter = next(m for m in loaded.matters if m.id == matter_id)
    _, state = loaded.place(matter)
    latest = loaded.latest_instrument(matter)
    if latest is None or latest.id != instrument_id:
        return ""
    return next((a.name for a in state.actions.values() if a.each), "")


def _write(loaded: Loaded, actor: Actor, document: AnyRow, given: Mapping[str, Any]) -> dict[str, Any]:
    row, plain = loaded.row, typed.plain(given)
    link = audit.append(
        loaded.connection, Link(row.head_seq, row.head_hash), row.case_no, actor, kind="document:delivered", label="登记送达",
        payload={"number": document.number, "kind": document.kind, "facts": plain}, on=given["received_on"],
        definition=loaded.definition.digest, case_id=row.id, matter_id=document.matter_id,
    )  # fmt: skip
    loaded.connection.execute(
        insert(table(DeliveryRecord)),
        {"case_id": row.id, "matter_id": document.matter_id, "instrument_id": document.id, "kind": document.kind,
         "addressee": given["addressee"], "way": given["way"], "received_on": given["received_on"],
         "note": given.get("delivery_note", ""), "seq": link.seq},
    )  # fmt: skip
    loaded.connection.execute(
        update(table(Case)).where(table(Case).c.id == row.id)
        .values(head_seq=link.seq, head_hash=link.hash, touched_at=clock.now())
    )  # fmt: skip
    return {"case_no": row.case_no, "number": document.number, "addressee": given["addressee"], "seq": link.seq}
