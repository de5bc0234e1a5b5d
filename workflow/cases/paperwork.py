"""Ordering a document with an act: its number (文号) is taken and its facts are frozen in the transaction; printing comes after."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from workflow import audit, sealed
from workflow.cases import typed
from workflow.cases.load import AnyRow, Loaded
from workflow.definition.model import ActionDef, InstrumentDef
from workflow.errors import Reason, Refused
from workflow.models import Counter, Instrument, Office, table

_instruments, _i = insert(table(Instrument)), table(Instrument).c
BODIES = {
    "appraisal": "劳动能力鉴定委员会",
    **dict.fromkeys(("benefit", "advance_payment", "reimbursement"), "工伤保险经办机构"),
}
"""Who signs where it is not the bureau itself; the office's own name for it is a setting still to be confirmed (待局确认)."""
BULK = frozenset({
    "sheet", "lines", "determination", "bank_account", "lines_before", "orders", "redo", "replaced", "differences", "gaps",
})  # fmt: skip
"""Facts that stand elsewhere in the document, or that no document prints."""


def next_number(connection: Connection, postgres: bool, office_id: int, series: str, year: int) -> int:
    """The next number of a series, gapless: the counter row is raised in the transaction, a rollback gives it back.

    A series of documents is called by its word (机关代字和文种), whichever matters share it; one that has no counter yet
    begins after the numbers given out under that word.
    """
    made = connection.execute(_raise[postgres], {"office_id": office_id, "series": series, "year": year})
    return int(made.scalar_one())


def _raising(make: Any) -> Any:
    named: dict[str, Any] = {name: bindparam(name) for name in ("office_id", "series", "year")}
    given_out = select(func.coalesce(func.max(_i.no), 0) + 1).where(
        _i.office_id == named["office_id"], _i.word == named["series"], _i.year == named["year"]
    )
    statement = make(table(Counter)).values(**named, last=given_out.scalar_subquery())
    return statement.on_conflict_do_update(
        index_elements=["office_id", "series", "year"], set_={"last": table(Counter).c.last + 1}
    ).returning(table(Counter).c.last)


_raise = {True: _raising(postgresql.insert), False: _raising(sqlite.insert)}
_recognition = (
    select(table(Instrument).c.number)
    .where(table(Instrument).c.case_id == bindparam("case"), table(Instrument).c.kind == "recognition")
    .order_by(table(Instrument).c.id.desc())
    .limit(1)
)
_office = select(table(Office)).where(table(Office).c.id == bindparam("office"))


def order(loaded: Loaded, matter: AnyRow, action: ActionDef, facts: Mapping[str, Any], document: Mapping[str, Any],
          issued_on: date, seq: int) -> dict[str, Any]:  # fmt: skip
    """Take the number, freeze the facts, write the row; the row as a dict with its id.

    Raises Refused with every fact the document cannot do without (asked of the store's document check).
    """
    kind = loaded.definition.instruments[action.issue]
    connection, store = loaded.connection, loaded.store
    office = connection.execute(_office, {"office": matter.office_id}).one()
    letter = office.letter + ("" if matter.name in BODIES else "工")
    no = next_number(connection, store.postgres, office.id, letter + kind.number, issued_on.year)
    number = f"{letter}{kind.number}〔{issued_on.year}〕{no}号"
    frozen = {**_facts(loaded, matter, action, kind, office, facts, issued_on), "number": number, **document}
    if store.check_document is not None and (faults := store.check_document(kind.template or kind.name, frozen)):
        raise Refused(faults)
    uid = secrets.token_hex(16)
    kept = sealed.close(store.settings, frozen, uid)
    text = audit.canonical(kept)
    row = {
        "uid": uid, "case_id": loaded.row.id, "matter_id": matter.id, "office_id": office.id, "seq": seq,
        "kind": kind.name, "label": kind.label, "word": letter + kind.number, "year": issued_on.year, "no": no, "number": number,
        "issued_on": issued_on, "addressees": frozen["addressees"], "copies": list(kind.copy), "facts": kept,
        "facts_digest": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
    made = connection.execute(_instruments, row)
    return {**row, "id": key_of(made), "office_code": office.code}


def _facts(loaded: Loaded, matter: AnyRow, action: ActionDef, kind: InstrumentDef, office: AnyRow,
           facts: Mapping[str, Any], on: date) -> dict[str, Any]:  # fmt: skip
    row, given = loaded.row, loaded.row.facts
    plain = typed.plain(facts)
    dates = {k: v for k, v in plain.items() if k in loaded.definition.dates}
    name = (
        office.name
        if matter.name not in BODIES
        else f"{'巴彦淖尔市' if office.city else office.county}{BODIES[matter.name]}"
    )
    number = sealed.unseal(loaded.store.settings, row.id_sealed, f"workers.id_number|{row.uid}")
    return {
        "kind": kind.name, "label": kind.label, "issued_on": on.isoformat(), "case_no": row.case_no,
        "office": {"name": name, "phone": office.phone, "address": office.address, "government": office.government},
        "worker": {"name": row.name, "sex": row.sex, "birth_on": row.birth_on.isoformat(), "age": _age(row.birth_on, on),
                   "id_number": number, "phone": row.phone, "address": row.address, "occupation": row.occupation},
        "employer": {"name": row.employer_name, "address": row.employer_address},
        "diagnosis": {"disease": row.disease, "diagnosed_on": row.diagnosed_on.isoformat() if row.diagnosed_on else "",
                      "certificate_no": given.get("certificate_no", ""), "institution": given.get("institution", "")},
        "addressees": addressees(kind, facts), "copies": list(kind.copy), "law": list(dict.fromkeys(x for x in (kind.law, action.law) if x)),
        "remedy": {"government": office.government, "court": office.court}, "dates": dates,
        "objection": _objection(loaded, kind), "said": _said(loaded, action, plain), "template": kind.template or kind.name,
        "facts": {k: v for k, v in plain.items() if k not in dates and k not in BULK} | _earlier(loaded, matter, kind),
        "demo": loaded.store.rehearsal, "definition_version": loaded.definition.version,
        "definition_digest": loaded.definition.digest, "law_version": loaded.store.law_version,
    }  # fmt: skip


def _objection(loaded: Loaded, kind: InstrumentDef) -> dict[str, str]:
    """How one objects to the document: review or suit, an appraisal once more (a clock of the party's own), or why not at all."""
    known = "" if not kind.remedy else "ask_again" if kind.remedy in loaded.definition.clocks else "remedy"
    return {"kind": known, "why": kind.no_remedy}


def _said(loaded: Loaded, action: ActionDef, plain: Mapping[str, Any]) -> list[list[str]]:
    """What the act told, as [label, words]: choices by their labels, yes and no in Chinese."""
    told = []
    for name in dict.fromkeys((*action.ask, *action.may, action.on)):
        fact, value = loaded.definition.facts.get(name), plain.get(name)
        if fact is None or value in (None, "", []) or fact.type in ("account", "papers"):
            continue
        words = (
            {True: "是", False: "否"}[value] if isinstance(value, bool) else fact.choices.get(str(value), str(value))
        )
        told.append([fact.label, words])
    return told


def addressees(kind: InstrumentDef, facts: Mapping[str, Any]) -> list[str]:
    """Who must be served; the applicant is the employer, or else the worker's side."""
    applicant = "employer" if facts.get("applicant") == "employer" else "worker"
    return list(dict.fromkeys(applicant if who == "applicant" else who for who in kind.to))


def _earlier(loaded: Loaded, matter: AnyRow, kind: InstrumentDef) -> dict[str, str]:
    """What a document says of the case's earlier ones: the conclusion names the decision of recognition, a public notice the
    document it serves."""
    if kind.aside and (latest := loaded.latest_instrument(matter)):
        return {"decision": latest.number, "decision_label": latest.label}
    if matter.name != "appraisal":
        return {}
    number = loaded.connection.scalar(_recognition, {"case": loaded.row.id})
    return {"recognition_number": number} if number else {}


def unprintable(loaded: Loaded, matter: AnyRow, action: ActionDef, facts: Mapping[str, Any]) -> list[Reason]:
    """What the document of an act lacks of worker, employer and diagnosis: asked beforehand, so that it can be filled in first."""
    check, kind = loaded.store.check_document, loaded.definition.instruments.get(action.issue)
    if check is None or kind is None:
        return []
    office = loaded.connection.execute(_office, {"office": matter.office_id}).one()
    frozen = _facts(loaded, matter, action, kind, office, facts, loaded.today)
    return [
        r
        for r in check(kind.template or kind.name, frozen)
        if r.field.partition(".")[0] in ("worker", "employer", "diagnosis")
    ]


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def key_of(made: CursorResult[Any]) -> int:
    return int(cast(Any, made.inserted_primary_key)[0])
