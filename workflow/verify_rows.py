"""What an edit of a row gives away beside the replay: papers, documents, days of payment, people, figures, accounts, gaps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from workflow import audit, clock, figures, holidays, identity, sealed
from workflow.definition.model import ClockDef
from workflow.errors import Stopped
from workflow.models import (
    Case,
    Clock,
    Counter,
    DefinitionVersion,
    DeliveryRecord,
    Event,
    Instrument,
    LocalFigure,
    Matter,
    Paper,
    Payment,
    User,
    Worker,
)  # fmt: skip
from workflow.permissions import PARTY
from workflow.store import Store
from workflow.versions import shelf

Found = tuple[str, int, str]
"""Chain, number of the event there (0: not an event), what is wrong."""


def of_cases(session: Session, store: Store, only: str) -> Iterator[Found]:
    """Rows of cases (of one case: `only`) that are not as their own events, documents or definition have them."""
    events = _payloads(session, only)
    yield from _people(session, store, events, only)
    yield from _names(session, store, events, only)
    yield from _papers(session, events, only)
    yield from _documents(session, events, only)
    yield from _days(session, events, only)
    yield from _clocks(session, store, events, only)


def of_system(session: Session) -> Iterator[Found]:
    """Numbers of cases that are missing, versions events name that are gone, edited figures and accounts."""
    yield from holidays.unlike(session)
    kept = set(session.scalars(select(DefinitionVersion.digest)))
    named = set(session.scalars(select(Event.definition).where(Event.definition != "").distinct()))
    for digest in sorted(named - kept):
        yield audit.SYSTEM, 0, f"办理记录用过的办理流程（指纹 {digest[:12]}）不见了，被删除或改动过。"
    have = set(session.scalars(select(Case.case_no)))
    for row in session.execute(select(Counter.year, Counter.last).where(Counter.series == "case")):
        for n in range(1, row.last + 1):
            if (case_no := f"{row.year}-{n:06d}") not in have:
                yield case_no, 0, "编号发过，案件却不见了，可能连同办理记录一起被删除。"
    yield from _accounts_and_figures(session)
    yield from shelf.edited(session)


Events = dict[tuple[str, int], tuple[Any, dict[str, Any]]]


def _payloads(session: Session, only: str) -> Events:
    """(chain, seq) → (row, payload); what cannot be read is left out, its own hash tells."""
    query = select(
        Event.chain, Event.seq, Event.kind, Event.on, Event.case_id, Event.matter_id, Event.definition, Event.payload
    )
    query = query.where(Event.chain == only) if only else query.where(Event.chain != audit.SYSTEM)
    out: Events = {}
    for row in session.execute(query.order_by(Event.chain, Event.seq)):
        try:
            payload = json.loads(row.payload)
        except ValueError:
            continue
        if isinstance(payload, dict):
            out[(row.chain, row.seq)] = row, payload
    return out


def _of(query: Any, only: str) -> Any:
    return query.where(Case.case_no == only) if only else query


def _people(session: Session, store: Store, events: Events, only: str) -> Iterator[Found]:
    """The worker's row opens under the key and fits its indexes; the case still hangs on the same people."""
    moved = {row.chain: payload.get("to") for row, payload in events.values() if row.kind == "definition:migrated"}
    query = select(Case.case_no, Case.source, Case.employer_id, Case.office_id, Worker, DefinitionVersion.digest)
    query = query.join(Worker, Worker.id == Case.worker_id, isouter=True).join(
        DefinitionVersion, DefinitionVersion.id == Case.definition_id, isouter=True
    )
    for c in session.execute(_of(query, only)):
        w = c.Worker
        if w is None:
            yield c.case_no, 0, "案件的职工不见了，职工行被删除或者案件行被改动过。"
            continue
        try:
            number = sealed.unseal(store.settings, w.id_sealed, f"workers.id_number|{w.uid}")
            person = identity.parse(number, today=clock.today())
            indexes = tuple(
                sealed.index(store.settings, kind, text) for kind, text in (("number", number), ("tail", number[-4:]))
            )
            fits = (*indexes, person.birth_on) == (w.id_index, w.tail_index, w.birth_on)
        except (Stopped, ValueError):
            fits = False
        if not fits:
            yield (
                c.case_no,
                0,
                "职工的身份证号码与检索用的指纹或出生日期不符：职工行被改动过，或者密钥不是录入时的那个。",
            )
        first, said = events.get((c.case_no, 1), (None, {}))
        if first is None:
            continue
        if moved.get(c.case_no, first.definition) != c.digest or said.get("source", c.source) != c.source:
            yield c.case_no, 0, "案件的来源或者办理流程版本与办理记录不符，案件行被改动过。"
        tied = said.get("tied")
        if tied is not None and tied != sealed.tied(store.settings, w.uid, w.name, c.employer_id, c.office_id):
            yield c.case_no, 0, "案件的职工（或其姓名）、用人单位或者机关与登记时不符，案件行或职工行被改动过。"


def _names(session: Session, store: Store, events: Events, only: str) -> Iterator[Found]:
    """Matters are called as they were opened, and closed exactly where their state is an end."""
    called = {}
    for row, payload in events.values():
        if row.kind in ("case:opened", "case:imported", "matter:performed"):
            called.update({m["id"]: m["name"] for m in (*payload.get("matters", ()), *payload.get("opened", ()))})
    query = select(Matter.id, Matter.name, Matter.state, Matter.closed_on, Case.id.label("case"), Case.case_no,
                   Case.definition_id, Case.closed_on.label("case_closed")).join(Case, Case.id == Matter.case_id)  # fmt: skip
    open_cases: dict[str, tuple[bool, bool]] = {}
    for m in session.execute(_of(query, only)):
        if called.get(m.id, m.name) != m.name:
            yield m.case_no, 0, f"事项 {called[m.id]} 的名称被改动过。"
            continue
        try:
            end = store.definition(session, m.definition_id).matters[m.name].states[m.state].end
        except (LookupError, Stopped, NoResultFound):
            continue  # found by what the events say of state and version
        if end != (m.closed_on is not None):
            yield m.case_no, 0, f"事项 {m.name} 的办结日期与它的状态不符，事项行被改动过。"
        any_open, _ = open_cases.get(m.case_no, (False, False))
        open_cases[m.case_no] = any_open or not end, m.case_closed is not None
    for case_no, (any_open, closed) in open_cases.items():
        if any_open == closed:
            yield case_no, 0, "案件的办结日期与各事项不符，案件行被改动过。"


def _papers(session: Session, events: Events, only: str) -> Iterator[Found]:
    said: defaultdict[int, set[str]] = defaultdict(set)
    for row, payload in events.values():
        if row.kind == "matter:performed":
            said[row.matter_id] |= set(payload.get("papers", ()))
    held: defaultdict[int, set[str]] = defaultdict(set)
    chains: dict[int, str] = {r.matter_id: r.chain for r, _ in events.values() if r.matter_id is not None}
    query = select(Paper.name, Paper.matter_id, Paper.received_on, Paper.seq, Case.case_no).join(
        Case, Case.id == Paper.case_id
    )
    for p in session.execute(_of(query, only)):
        held[p.matter_id].add(p.name)
        row, _ = events.get((p.case_no, p.seq), (None, None))
        if row is None or row.matter_id != p.matter_id or row.on != p.received_on:
            yield p.case_no, p.seq, "材料的收到日期或者所属事项与这条办理记录不符，材料行被改动过。"
    for matter_id in sorted({*said, *held}):
        if matter_id in chains and said[matter_id] != held[matter_id]:
            listed = "、".join(sorted(said[matter_id] ^ held[matter_id]))
            yield chains[matter_id], 0, f"在卷材料（{listed}）与办理记录不符，材料行被删除、增加或改动过。"


def _documents(session: Session, events: Events, only: str) -> Iterator[Found]:
    """A document's row says what its own frozen facts say; a delivery hangs on the document it says."""
    query = select(Instrument, Case.case_no).join(Case, Case.id == Instrument.case_id)
    issued: list[Instrument] = []
    for i, case_no in session.execute(_of(query, only)):
        issued.append(i)
        row, _ = events.get((case_no, i.seq), (None, None))
        frozen = i.facts if isinstance(i.facts, dict) else {}
        wrong = [n for n in ("label", "addressees", "copies") if frozen.get(n) != getattr(i, n)]
        wrong += ["issued_on"] if frozen.get("issued_on") != i.issued_on.isoformat() else []
        wrong += ["no"] if i.number != f"{i.word}〔{i.year}〕{i.no}号" else []
        wrong += ["matter_id"] if row is None or row.matter_id != i.matter_id else []
        if wrong:
            yield case_no, i.seq, f"文书 {i.number} 的 {'、'.join(wrong)} 与它的内容不符，文书行被改动过。"
    served = select(DeliveryRecord, Case.case_no).join(Case, Case.id == DeliveryRecord.case_id)
    for d, case_no in session.execute(_of(served, only)):
        row, payload = events.get((case_no, d.seq), (None, {}))
        found = _delivered(issued, row, payload)
        if row is None or (d.instrument_id, d.kind, d.matter_id) != (*found, row.matter_id):
            yield case_no, d.seq, "送达记录所属的文书或者事项被改动过。"


def _delivered(issued: list[Instrument], row: Any, payload: dict[str, Any]) -> tuple[int | None, str]:
    """The document an event delivered: the one it names, else the newest of the matter before it (none: an imported decision)."""
    if row is None:
        return None, ""
    mine = [i for i in issued if i.case_id == row.case_id]
    if row.kind == "document:delivered":
        mine = [i for i in mine if i.number == payload.get("number")]
    else:
        mine = [i for i in mine if i.matter_id == row.matter_id and i.seq < row.seq and i.addressees]
    newest = max(mine, key=lambda i: i.id, default=None)
    return (newest.id, newest.kind) if newest else (None, "")


def _days(session: Session, events: Events, only: str) -> Iterator[Found]:
    """A payment was made on the day of the act that made it."""
    days: defaultdict[tuple[int, str, str], list[Any]] = defaultdict(list)
    for row, payload in events.values():
        for paid in (payload.get("made") or {}).get("last_payment") or () if row.kind == "matter:performed" else ():
            days[(row.matter_id, paid["item"], paid["month"])].append(row.on)
    query = select(Payment, Case.case_no).join(Case, Case.id == Payment.case_id)
    for p, case_no in session.execute(_of(query, only)):
        if p.paid_on not in days[(p.matter_id, p.item, p.month)][p.round - 1 : p.round]:
            yield case_no, 0, f"付款 {p.item} {p.month} 的支付日期或者所属事项与办理记录不符，付款行被改动过。"


def _clocks(session: Session, store: Store, events: Events, only: str) -> Iterator[Found]:
    """What a clock row copies from a version its case has run under, and the day the lists sort by."""
    ids = {v.digest: v.id for v in session.execute(select(DefinitionVersion.id, DefinitionVersion.digest))}
    ran: defaultdict[str, set[int]] = defaultdict(set)
    for row, _ in events.values():
        if row.definition in ids:
            ran[row.chain].add(ids[row.definition])
    query = select(Clock, Case.case_no, Case.definition_id, Matter.addressee).join(Case, Case.id == Clock.case_id)
    for c, case_no, definition_id, party in session.execute(
        _of(query.join(Matter, Matter.id == Clock.matter_id), only)
    ):
        try:
            versions = [store.definition(session, i) for i in sorted({definition_id, *ran[case_no]})]
        except (Stopped, NoResultFound):
            continue
        known = [v.clocks[c.name] for v in versions if c.name in v.clocks]
        same = not known or any(_copied(c, k, party) for k in known)
        settled = (c.closed_on is not None) == (c.state in ("met", "stopped"))
        shown = c.effective_on == c.due_on or (c.effective_on == c.promise_on and c.effective_on < c.due_on)
        if not (same and settled and shown):
            yield case_no, 0, f"时限 {c.name} 与办理流程或者它自己的届满日不符，时限行被改动过。"


def _copied(c: Clock, known: ClockDef, party: str) -> bool:
    codes = {known.code, *([known.again.code] if known.again else [])}
    owner = party if known.owner == PARTY and party else known.owner
    return c.code in codes and (c.label, c.owner, c.legal, c.kind) == (known.label, owner, known.legal, known.kind)


def _accounts_and_figures(session: Session) -> Iterator[Found]:
    """The last thing the system's chain says of each account and figure it knows."""
    users: dict[int, dict[str, Any]] = {}
    said: dict[int, dict[str, Any]] = {}
    query = select(Event.kind, Event.payload).where(Event.chain == audit.SYSTEM).order_by(Event.seq)
    for kind, text in session.execute(query):
        try:
            payload = json.loads(text)
            if kind.startswith("user:"):
                _account(users.setdefault(payload["user_id"], {"active": True}), kind, payload)
            elif kind.startswith("figure:"):
                rows_said = (payload.get("figure"), *payload.get("added", ()), *payload.get("changed", ()))
                said.update({row["id"]: row for row in rows_said if row})
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    rows = {u.id: u for u in session.scalars(select(User).where(User.id.in_(users)))}
    for key, known in users.items():
        u = rows.get(key)
        now = None if u is None else {n: getattr(u, n) for n in known}
        if now != known:
            yield (
                audit.SYSTEM,
                0,
                f"账号 {u.username if u else key} 的身份、机关或者状态与记录不符，账号行被改动或删除过。",
            )
    for key in sorted({*said, *session.scalars(select(LocalFigure.id))}):
        row = figures.row_of(session, key)
        if key in said and (row is None or row.as_dict() != said[key]):
            yield audit.SYSTEM, 0, f"第 {key} 号地方数据与录入、批准时的记录不符，数据行被改动或删除过。"


def _account(known: dict[str, Any], kind: str, payload: dict[str, Any]) -> None:
    standing = payload.get("after") or payload
    known.update({n: standing[n] for n in ("username", "roles", "office_id", "employer_id") if n in standing})
    if kind in ("user:activated", "user:deactivated"):
        known["active"] = kind == "user:activated"
