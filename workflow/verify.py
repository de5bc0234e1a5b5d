"""verify-audit: every chain link by link, every head, and what the tables say against what the events say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import audit
from workflow.models import Case, Clock, DefinitionVersion, DeliveryRecord, Event, Instrument, Matter, Meta, Payment, Print, table
from workflow.store import Store

TABLE = table(Event)


@dataclass(frozen=True)
class Finding:
    """Where something was edited: the chain (case number or system), the event's number there (0: not an event), what is wrong."""

    chain: str
    seq: int
    what: str

    def sentence(self) -> str:
        where = f"案件 {self.chain}" if self.chain != audit.SYSTEM else "系统记录"
        return f"{where}{f' 第 {self.seq} 条记录' if self.seq else ''}：{self.what}"


def verify(store: Store, only: str = "") -> tuple[int, list[Finding]]:
    """How many events were checked, and everything that does not fit, with its place; nothing when all is sound.

    `only`: one chain (a case number, or system) and what the tables say of that case, instead of everything.
    """
    with store.reading() as session:
        heads = {} if only not in ("", SYSTEM_HEAD) else {SYSTEM_HEAD: _system_head(session)}
        heads |= {
            c.case_no: (c.head_seq, c.head_hash)
            for c in session.execute(_of_case(select(Case.case_no, Case.head_seq, Case.head_hash), only))
        }
        checked, findings = _chains(session, heads, only)
        for check in (_states, _clocks, _records):
            findings += list(check(session, only))
        findings += list(_documents(session, store, only))
        findings += list(_definitions(session)) if only in ("", SYSTEM_HEAD) else []
    return checked, findings


def _of_case(query: Any, only: str) -> Any:
    """A query with Case, narrowed to one case where one is named."""
    return query.where(Case.case_no == only) if only else query


def _of_chain(query: Any, only: str) -> Any:
    """A query of events, narrowed to one chain where one is named."""
    return query.where(Event.chain == only) if only else query


SYSTEM_HEAD = audit.SYSTEM


def _system_head(session: Session) -> tuple[int, str]:
    seq, _, last = session.execute(select(Meta.value).where(Meta.name == "system-head")).scalar_one().partition(":")
    return int(seq), last


def _chains(session: Session, heads: dict[str, tuple[int, str]], only: str) -> tuple[int, list[Finding]]:
    findings: list[Finding] = []
    checked, chain, seq, last = 0, "", 0, ""
    left = dict(heads)

    def end(name: str, at: int, hash_: str) -> None:
        head = left.pop(name, None)
        if head is None:
            findings.append(Finding(name, at, "有办理记录，却没有这个案件，案件行可能被删除。"))
        elif head != (at, hash_):
            findings.append(Finding(name, at, f"最后一条与案件上记的不一致（案件记到第 {head[0]} 条），末尾的记录可能被删除或增加。"))

    for row in session.execute(_of_chain(select(TABLE).order_by(TABLE.c.chain, TABLE.c.seq), only)).mappings():
        if row["chain"] != chain:
            if chain:
                end(chain, seq, last)
            chain, seq, last = row["chain"], 0, ""
        checked += 1
        findings += _link(row, seq, last)
        seq, last = row["seq"], row["hash"]
    if chain:
        end(chain, seq, last)
    findings += [Finding(n, 0, f"应有 {h[0]} 条办理记录，一条也没有。") for n, h in left.items() if h[0]]
    return checked, findings


def _link(row: Any, seq: int, last: str) -> list[Finding]:
    found = []
    if row["seq"] != seq + 1:
        found.append(Finding(row["chain"], row["seq"], f"前面缺第 {seq + 1} 条。"))
    if row["prev_hash"] != last:
        found.append(Finding(row["chain"], row["seq"], "与前一条接不上，其中一条被改动过。"))
    try:
        same = audit.event_hash(row, row["prev_hash"]) == row["hash"]
    except (TypeError, ValueError, AttributeError):
        same = False
    if not same:
        found.append(Finding(row["chain"], row["seq"], f"内容与指纹不符，这条记录（{row['label'] or row['kind']}）被改动过。"))
    return found


def _states(session: Session, only: str) -> Iterator[Finding]:
    """Each matter stands where its last act left it."""
    last: dict[int, str] = {}
    for e in session.execute(
        _of_chain(select(Event.matter_id, Event.to_state).where(Event.kind == "matter:performed").order_by(Event.chain, Event.seq), only)
    ):
        last[e.matter_id] = e.to_state
    placed = _placed(session, only)
    for m in session.execute(_of_case(select(Matter.id, Matter.name, Matter.number, Matter.state, Case.case_no).join(Case, Case.id == Matter.case_id), only)):
        said = last.get(m.id) or placed.get((m.case_no, m.name, m.number))
        if said is not None and said != m.state:
            yield Finding(m.case_no, 0, f"事项 {m.name} 现在是 {m.state}，办理记录说的是 {said}，事项行被改动过。")


def _placed(session: Session, only: str) -> dict[tuple[str, str, int], str]:
    """The first state of every matter: from the opening, import and performing events."""
    out: dict[tuple[str, str, int], str] = {}
    for e in session.execute(_of_chain(select(Event.chain, Event.kind, Event.payload).where(Event.kind.in_(("case:opened", "case:imported", "matter:performed"))).order_by(Event.chain, Event.seq), only)):
        try:
            payload = json.loads(e.payload)
        except ValueError:
            continue
        for m in payload.get("matters") or payload.get("opened") or ():
            number = 1
            while (e.chain, m["name"], number) in out:
                number += 1
            out[(e.chain, m["name"], number)] = m["state"]
    return out


CLOCK_FIELDS = ("state", "start_on", "due_on", "extend_days")


def _clocks(session: Session, only: str) -> Iterator[Finding]:
    """Each clock row says what the last event that touched it said."""
    said: dict[tuple[Any, ...], dict[str, Any]] = {}
    moved: set[tuple[Any, ...]] = set()
    for e in session.execute(_of_chain(select(Event.chain, Event.matter_id, Event.kind, Event.payload).order_by(Event.chain, Event.seq), only)):
        try:
            payload = json.loads(e.payload)
        except ValueError:
            continue
        own = {"id": e.matter_id, "clocks": payload.get("clocks") or ()}
        for m in (own, *(payload.get("matters") or ()), *(payload.get("opened") or ())):
            for c in m["clocks"]:
                said[(m["id"], c["name"], c["addressee"], c["start_on"])] = c
        if e.kind == "clock:reminded":
            moved.add((e.matter_id, payload["clock"]))
    rows = session.execute(_of_case(
        select(Clock.matter_id, Clock.name, Clock.addressee, Clock.start_on, Clock.state, Clock.due_on, Clock.extend_days, Case.case_no)
        .join(Case, Case.id == Clock.case_id), only)
    )  # fmt: skip
    for r in rows:
        start = r.start_on.isoformat() if r.start_on else None
        c = said.get((r.matter_id, r.name, r.addressee, start))
        if c is None:
            continue
        now = {"state": r.state, "start_on": start, "due_on": r.due_on.isoformat() if r.due_on else None, "extend_days": r.extend_days}
        wrong = [f for f in CLOCK_FIELDS if now[f] != c[f] and not (f == "due_on" and (r.matter_id, r.name) in moved)]
        if wrong:
            yield Finding(r.case_no, 0, f"时限 {r.name} 的 {'、'.join(wrong)} 与办理记录不符，时限行被改动过。")


def _documents(session: Session, store: Store, only: str) -> Iterator[Finding]:
    for i in session.execute(_of_case(select(Instrument.number, Instrument.facts, Instrument.facts_digest, Case.case_no).join(Case, Case.id == Instrument.case_id), only)):
        if hashlib.sha256(audit.canonical(i.facts).encode()).hexdigest() != i.facts_digest:
            yield Finding(i.case_no, 0, f"文书 {i.number} 的事实与存档指纹不符，被改动过。")
    rows = session.execute(_of_case(
        select(Print.file, Print.sha256, Instrument.number, Case.case_no)
        .join(Instrument, Instrument.id == Print.instrument_id).join(Case, Case.id == Instrument.case_id), only)
    )  # fmt: skip
    for p in rows:
        path: Path = store.settings.data_dir / "documents" / p.file
        if not path.is_file():
            yield Finding(p.case_no, 0, f"文书 {p.number} 的文件 {p.file} 不见了。")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != p.sha256:
            yield Finding(p.case_no, 0, f"文书 {p.number} 的文件 {p.file} 与存档指纹不符，被改动过。")


def _definitions(session: Session) -> Iterator[Finding]:
    for d in session.execute(select(DefinitionVersion.version, DefinitionVersion.digest, DefinitionVersion.text)):
        if hashlib.sha256(d.text.encode()).hexdigest() != d.digest:
            yield Finding(audit.SYSTEM, 0, f"存档的办理流程（版本 {d.version}）与指纹不符，被改动过。")


def _records(session: Session, only: str) -> Iterator[Finding]:
    """Deliveries and payments against the acts that made them."""
    acts: dict[tuple[str, int], dict[str, Any]] = {}
    paid: dict[tuple[int, str, str, int], str] = {}
    for e in session.execute(_of_chain(select(Event.chain, Event.seq, Event.case_id, Event.payload).where(Event.kind.in_(("matter:performed", "document:delivered"))).order_by(Event.chain, Event.seq), only)):
        try:
            payload = json.loads(e.payload)
        except ValueError:
            continue
        acts[(e.chain, e.seq)] = payload.get("facts", {})
        for p in payload.get("made", {}).get("last_payment") or ():
            n = 1 + sum(k[:3] == (e.case_id, p["item"], p["month"]) for k in paid)
            paid[(e.case_id, p["item"], p["month"], n)] = p["amount"]
    for d in session.execute(_of_case(select(DeliveryRecord.seq, DeliveryRecord.addressee, DeliveryRecord.received_on, Case.case_no).join(Case, Case.id == DeliveryRecord.case_id), only)):
        said = acts.get((d.case_no, d.seq), {})
        if (said.get("addressee"), said.get("received_on")) != (d.addressee, d.received_on.isoformat()):
            yield Finding(d.case_no, d.seq, "送达记录与这条办理记录不符，送达行被改动过。")
    for p in session.execute(_of_case(select(Payment.case_id, Payment.item, Payment.month, Payment.round, Payment.amount, Case.case_no).join(Case, Case.id == Payment.case_id), only)):
        if paid.get((p.case_id, p.item, p.month, p.round)) != f"{p.amount:.2f}":
            yield Finding(p.case_no, 0, f"付款 {p.item} {p.month} 与办理记录不符，付款行被改动过。")
