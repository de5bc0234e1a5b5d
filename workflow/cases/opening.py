"""Opening a case: by hand at the window (open_case) or placed where a form's dates say it stands (place)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.orm import Session

from workflow import audit, clock, pinyin, sealed
from workflow.audit import Link
from workflow.cases import filling, outward, paperwork, typed
from workflow.cases.load import BOTH, MATTER_COLUMNS, AnyRow, Loaded, load
from workflow.definition.model import ActionDef, MatterDef
from workflow.errors import Reason, Refused
from workflow.identity import Identity
from workflow.models import Case, Employer, Matter, Office, Worker, table
from workflow.situation import Actor
from workflow.store import Store
from workflow.versions.shelf import valid_on


@dataclass(frozen=True)
class NewCase:
    """What opening a case needs. `facts`: insured (yes, no, unknown), certificate_no, institution, certificate_employer,
    dispute, remark … ; `source`: where it came from."""

    name: str
    identity: Identity
    sex: str
    employer_id: int
    office_id: int
    disease: str
    diagnosed_on: date | None
    phone: str = ""
    address: str = ""
    occupation: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Placement:
    """A matter put into a state with the facts known of it; `unknown` facts become 补录 tasks, `listed` clocks are not started."""

    matter: str
    state: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    listed: Sequence[str] = ()


def write_case(store: Store, session: Session, actor: Actor, new: NewCase, placements: Sequence[Placement], *, kind: str,
               unknown: Sequence[str] = ()) -> str:  # fmt: skip
    """Write worker, case, matters, clocks, tasks and the one event; the case number.

    `kind` is case:opened or case:imported. Raises Refused where this worker already has a case of that day of diagnosis.
    """
    worker_id = _worker(store, session, new)
    _only_once(session, worker_id, new.diagnosed_on)
    definition_id, digest = current_definition(session)
    case_no = _case_number(store, session)
    now = clock.now()
    session.execute(
        insert(table(Case)),
        {"case_no": case_no, "worker_id": worker_id, "employer_id": new.employer_id, "office_id": new.office_id,
         "definition_id": definition_id, "disease": new.disease, "diagnosed_on": new.diagnosed_on, "facts": dict(new.facts),
         "source": dict(new.source), "opened_at": now, "touched_at": now, "closed_on": None, "head_seq": 0, "head_hash": ""},
    )  # fmt: skip
    loaded = load(store, session, case_no)
    placed = [_place(loaded, p, quiet=kind == "case:imported") for p in placements]
    tasks = [(None, f) for f in unknown] + [(m, f) for m, p in zip(placed, placements, strict=True) for f in p.unknown]
    filling.ask(loaded, [(m["id"] if m else None, m["name"] if m else "", f) for m, f in tasks])
    payload = {
        "source": dict(new.source), "facts": {"disease": new.disease, "diagnosed_on": new.diagnosed_on, **new.facts},
        "matters": [{k: m[k] for k in ("id", "name", "state", "facts", "clocks")} for m in placed],
        "unknown": [f if m is None else f"{m['name']}.{f}" for m, f in tasks],
        "tied": sealed.tied(store.settings, loaded.row.uid, loaded.row.name, new.employer_id, new.office_id),
    }  # fmt: skip
    link = audit.append(
        session, Link(0, ""), case_no, actor, kind=kind, payload=payload, label="登记案件" if kind == "case:opened" else "导入",
        definition=digest, case_id=loaded.row.id, to_state=placements[0].state,
    )  # fmt: skip
    closed = all(loaded.definition.matters[p.matter].states[p.state].end for p in placements)
    session.execute(
        table(Case)
        .update()
        .where(Case.id == loaded.row.id)
        .values(head_seq=link.seq, head_hash=link.hash, closed_on=clock.today() if closed else None)
    )
    return case_no


def _only_once(session: Session, worker_id: int, diagnosed_on: date | None) -> None:
    """Raises Refused where this worker has a case of that day, or one still before its diagnosis."""
    same = select(Case.case_no).where(Case.worker_id == worker_id)
    if found := session.scalar(same.where(Case.diagnosed_on == diagnosed_on)):
        text = f"这名职工 {diagnosed_on} 诊断的案件已经有了：{found}。请打开那个案件办理，不要重复登记。"
        raise Refused(Reason(text, "duplicate"))
    if found := session.scalar(same.where(Case.diagnosed_on.is_(None), Case.closed_on.is_(None))):
        text = f"这名职工正在诊断的案件已经有了：{found}。请打开那个案件登记诊断结果，不要重复登记。"
        raise Refused(Reason(text, "duplicate"))


def open_by(
    loaded: Loaded, matter: AnyRow, action: ActionDef, on: date, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Open what an act opens: a matter the case has not got (open) yet, or one child for each addressee (only for the one a
    delivery names). Each with its clocks' changes, as the event keeps them."""
    opened = []
    for name, who in to_open(loaded, matter, action, given):
        defined = loaded.definition.matters[name]
        if defined.each:
            opened.append(_child(loaded, matter, defined, who, on, given))
        else:
            opened.append(_place(loaded, Placement(name, defined.start, {"opened_on": on})))
    return opened


def to_open(loaded: Loaded, matter: AnyRow, action: ActionDef, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The matters the act opens: name, and the addressee of a child ("" for any other)."""
    found: list[tuple[str, str]] = []
    for name in action.open:
        defined = loaded.definition.matters[name]
        if defined.each:
            whose = [str(given["addressee"])] if given.get("addressee") else loaded.to_serve(matter)
            found += [(name, who) for who in whose]
        elif defined.many or not any(
            m.name == name and (m.closed_on is None or not _starts_again(defined)) for m in loaded.matters
        ):
            found.append((name, ""))
    return found


def _starts_again(defined: MatterDef) -> bool:
    """Whether a closed matter of this kind stands in the way of a new one: where its ends have acts, it is gone on with instead."""
    return not any(s.end and s.actions for s in defined.states.values())


def _child(
    loaded: Loaded, matter: AnyRow, defined: MatterDef, who: str, on: date, given: Mapping[str, Any]
) -> dict[str, Any]:
    # what was not done in time is about no document, whatever the last one was
    latest = None if given.get("decision_kind") else loaded.latest_instrument(matter)
    known = loaded.definition.instruments.get(latest.kind) if latest else None
    about = {
        "opened_on": on, "received_on": given.get("received_on", on), "decision": latest.number if latest else "",
        "decision_kind": given.get("decision_kind") or (latest.kind if latest else ""),
        "decision_label": known.label if known else _undocumented(loaded, given),
    }  # fmt: skip
    placed = Placement(defined.name, defined.start, about)
    return _place(loaded, placed, parent=matter, addressee=who, instrument=latest.id if latest else None)


def _undocumented(loaded: Loaded, given: Mapping[str, Any]) -> str:
    """What a child without a document of ours is about: an order that comes of it is told by this."""
    kinds = loaded.definition.facts["decision_kind"].choices if given.get("decision_kind") else {}
    return kinds.get(str(given.get("decision_kind")), "登记以前作出的决定")


def current_definition(session: Session) -> tuple[int, str]:
    """The version new cases run under: the one published and valid today. Raises Refused where there is none."""
    return valid_on(session, clock.today())


def _place(loaded: Loaded, p: Placement, quiet: bool = False, parent: AnyRow | None = None, addressee: str = "",
           instrument: int | None = None) -> dict[str, Any]:  # fmt: skip
    state = loaded.definition.matters[p.matter].states[p.state]
    number = 1 + sum(m.name == p.matter for m in loaded.matters)
    today, connection = clock.today(), loaded.connection
    office_id = _office_of(connection, p.matter, loaded.row.office_id)
    # The clocks come first: the matter's row carries their summary, and is written once.
    book = loaded.new_book(office_id, addressee)
    book.move(None, state, _days(loaded, p.facts), None, BOTH)
    for name in p.listed:
        book.start_unknown(name, BOTH)
    if quiet:
        book.quiet_past()
    values = {
        "case_id": loaded.row.id, "name": p.matter, "number": number, "state": p.state, "version": 1, "facts": typed.plain(p.facts),
        "office_id": office_id, "entered_on": today, "closed_on": today if state.end else None, **book.summary(),
        "parent_id": parent.id if parent else None, "instrument_id": instrument, "addressee": addressee,
    }  # fmt: skip
    matter_id = paperwork.key_of(connection.execute(_new_matter, values))
    book.belong_to(matter_id)
    book.save(connection)
    loaded.matters.append(connection.execute(_matter_row, {"key": matter_id}).one())
    return {
        "id": matter_id,
        "name": p.matter,
        "state": p.state,
        "facts": typed.plain(p.facts),
        "clocks": book.changes(),
        "addressee": addressee,
        "parent_id": parent.id if parent else None,
    }


_new_matter = insert(table(Matter))
_matter_row = select(*(table(Matter).c[n] for n in MATTER_COLUMNS)).where(table(Matter).c.id == bindparam("key"))
_city = select(table(Office).c.id).where(table(Office).c.city)


def _office_of(connection: Connection, matter: str, office_id: int) -> int:
    """Appraisal is the city's (工伤保险条例#24); everything else stays with the county that has the case."""
    if matter != "appraisal":
        return office_id
    return int(connection.execute(_city).scalar_one())


def _days(loaded: Loaded, facts: Mapping[str, Any]) -> dict[str, date]:
    known = {"diagnosed_on": loaded.row.diagnosed_on, **facts}
    return {k: v for k, v in known.items() if isinstance(v, date)}


def _case_number(store: Store, session: Session) -> str:
    """Digits only, so that they can be typed on any telephone: 2026-000123."""
    year = clock.today().year
    connection = session.connection()
    city = connection.execute(_city).scalar_one()
    return f"{year}-{paperwork.next_number(connection, store.postgres, city, 'case', year):06d}"


def _worker(store: Store, session: Session, new: NewCase) -> int:
    """The worker's row by identity number; made when new, blanks filled when known."""
    index = sealed.index(store.settings, "number", new.identity.number)
    known: Worker | None = session.scalar(select(Worker).where(Worker.id_index == index))
    if known is not None:
        for name in ("phone", "address", "occupation"):
            if getattr(new, name) and not getattr(known, name):
                setattr(known, name, getattr(new, name))
        session.flush()
        return known.id
    uid = secrets.token_hex(16)
    worker = Worker(
        uid=uid, name=new.name, pinyin=pinyin.search_key(new.name)[:200], sex=new.sex, birth_on=new.identity.birth_on,
        id_sealed=sealed.seal(store.settings, new.identity.number, f"workers.id_number|{uid}"), id_index=index,
        tail_index=sealed.index(store.settings, "tail", new.identity.number[-4:]), phone=new.phone, address=new.address,
        occupation=new.occupation,
    )  # fmt: skip
    session.add(worker)
    session.flush()
    return worker.id


def employer_named(session: Session, name: str) -> AnyRow | None:
    """An employer of the ledger by its full name; brackets of either width are the same."""
    for spelt in dict.fromkeys(
        (name, name.replace("(", "（").replace(")", "）"), name.replace("（", "(").replace("）", ")"))
    ):
        found = session.execute(
            select(Employer.id, Employer.office_id, Employer.name).where(Employer.name == spelt)
        ).first()
        if found is not None:
            return found
    return None


def announce(store: Store, session: Session, case_no: str) -> None:
    """Tell the worker that his case has been taken in (by hand only; placing a form's row sends nothing)."""
    loaded = load(store, session, case_no)
    first = loaded.matters[0]
    state = loaded.definition.matters[first.name].states[first.state]
    outward.write(
        session, [outward.message(loaded, "worker", outward.worker_text(case_no, state), f"{case_no}:1:worker")]
    )
