"""verify-audit: every chain link by link, every head, and what the tables say against what the events say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import audit, verify_rows
from workflow.models import (
    Case,
    Clock,
    DefinitionVersion,
    DeliveryRecord,
    Event,
    Instrument,
    Matter,
    Meta,
    Payment,
    Print,
    table,
)
from workflow.replay import Replay
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
        if store.postgres:  # people go on working meanwhile: everything is compared as of one moment
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        heads = {} if only not in ("", SYSTEM_HEAD) else {SYSTEM_HEAD: _system_head(session)}
        heads |= {
            c.case_no: (c.head_seq, c.head_hash)
            for c in session.execute(_of_case(select(Case.case_no, Case.head_seq, Case.head_hash), only))
        }
        checked, findings = _chains(session, heads, only)
        said = _replayed(session, only)
        for check in (_cases, _matters, _clocks, _deliveries, _payments):
            findings += list(check(session, said, only))
        findings += list(_documents(session, said, store, only))
        findings += list(_definitions(session)) if only in ("", SYSTEM_HEAD) else []
        findings += [Finding(*f) for f in verify_rows.of_cases(session, store, only)] if only != SYSTEM_HEAD else []
        findings += [Finding(*f) for f in verify_rows.of_system(session)] if only in ("", SYSTEM_HEAD) else []
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
            findings.append(
                Finding(
                    name, at, f"最后一条与案件上记的不一致（案件记到第 {head[0]} 条），末尾的记录可能被删除或增加。"
                )
            )

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
        found.append(
            Finding(row["chain"], row["seq"], f"内容与指纹不符，这条记录（{row['label'] or row['kind']}）被改动过。")
        )
    return found


def _replayed(session: Session, only: str) -> Replay:
    columns = (Event.chain, Event.seq, Event.kind, Event.case_id, Event.matter_id, Event.to_state, Event.payload)
    return Replay().read(session.execute(_of_chain(select(*columns).order_by(Event.chain, Event.seq), only)))


def _cases(session: Session, said: Replay, only: str) -> Iterator[Finding]:
    for c in session.execute(
        _of_case(select(Case.id, Case.case_no, Case.facts, Case.disease, Case.diagnosed_on), only)
    ):
        if said.case_facts.get(c.id) != {
            **c.facts,
            "disease": c.disease,
            "diagnosed_on": c.diagnosed_on.isoformat() if c.diagnosed_on else None,
        }:
            yield Finding(c.case_no, 0, "案件的内容与办理记录不符，案件行被改动过。")


def _matters(session: Session, said: Replay, only: str) -> Iterator[Finding]:
    """Each matter stands where its last act left it, with the facts its acts gave it."""
    query = select(Matter.id, Matter.name, Matter.state, Matter.version, Matter.facts, Case.case_no).join(
        Case, Case.id == Matter.case_id
    )
    left = set(said.states)
    for m in session.execute(_of_case(query, only)):
        left.discard(m.id)
        if m.state != said.states.get(m.id):
            yield Finding(
                m.case_no,
                0,
                f"事项 {m.name} 现在是 {m.state}，办理记录说的是 {said.states.get(m.id, '没有')}，事项行被改动过。",
            )
        if m.version != said.versions.get(m.id):
            yield Finding(m.case_no, 0, f"事项 {m.name} 的版本与办理记录不符，事项行被改动过。")
        known = said.facts.get(m.id, {})
        if wrong := sorted(k for k in {*m.facts, *known} if m.facts.get(k) != known.get(k)):
            yield Finding(m.case_no, 0, f"事项 {m.name} 的 {'、'.join(wrong)} 与办理记录不符，事项行被改动过。")
    yield from _gone(said, left, "事项")


CLOCK_FIELDS = ("state", "due_on", "extend_days", "pauses")


def _clocks(session: Session, said: Replay, only: str) -> Iterator[Finding]:
    """Each clock row says what the last event that touched it said."""
    query = select(Clock.matter_id, Clock.name, Clock.addressee, Clock.start_on, Clock.state, Clock.due_on, Clock.extend_days,
                   Clock.pauses, Case.case_no).join(Case, Case.id == Clock.case_id)  # fmt: skip
    left = set(said.clocks)
    for r in session.execute(_of_case(query, only)):
        key = (r.matter_id, r.name, r.addressee, _iso(r.start_on))
        left.discard(key)
        known = said.clocks.get(key)
        now = {"state": r.state, "due_on": _iso(r.due_on), "extend_days": r.extend_days, "pauses": r.pauses}
        wrong = [f for f in CLOCK_FIELDS if known is not None and now[f] != known[f]]
        if known is None or wrong:
            yield Finding(
                r.case_no, 0, f"时限 {r.name} 的 {'、'.join(wrong) or '起算日'} 与办理记录不符，时限行被改动过。"
            )
    yield from _gone(said, {key[0] for key in left}, "时限")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _gone(said: Replay, matters: Iterable[int], what: str) -> Iterator[Finding]:
    """Rows the events made that are not there, by the matter they belonged to."""
    for matter in sorted(matters):
        yield Finding(said.chains[matter], 0, f"办理记录里有的{what}不见了，{what}行被删除或改动过。")


def _documents(session: Session, said: Replay, store: Store, only: str) -> Iterator[Finding]:
    query = select(
        Instrument.seq, Instrument.kind, Instrument.number, Instrument.facts, Instrument.facts_digest, Case.case_no
    )
    left = set(said.instruments)
    for i in session.execute(_of_case(query.join(Case, Case.id == Instrument.case_id), only)):
        left.discard((i.case_no, i.seq))
        if hashlib.sha256(audit.canonical(i.facts).encode()).hexdigest() != i.facts_digest:
            yield Finding(i.case_no, i.seq, f"文书 {i.number} 的事实与存档指纹不符，被改动过。")
        known = said.instruments.get((i.case_no, i.seq), {})
        if (i.number, i.kind, i.facts_digest) != tuple(known.get(k) for k in ("number", "kind", "facts")):
            yield Finding(i.case_no, i.seq, f"文书 {i.number} 与这条办理记录不符，文书行被改动过。")
    for chain, seq in sorted(left):
        yield Finding(chain, seq, f"这条办理记录出具的文书 {said.instruments[(chain, seq)]['number']} 不见了。")
    yield from _prints(session, said, store, only)


def _prints(session: Session, said: Replay, store: Store, only: str) -> Iterator[Finding]:
    query = select(Print.part, Print.file, Print.sha256, Instrument.number, Case.case_no)
    query = query.join(Instrument, Instrument.id == Print.instrument_id).join(Case, Case.id == Instrument.case_id)
    left = set(said.prints)
    for p in session.execute(_of_case(query, only)):
        left.discard((p.case_no, p.number, p.part))
        if said.prints.get((p.case_no, p.number, p.part)) != p.sha256:
            yield Finding(p.case_no, 0, f"文书 {p.number} 的打印记录与办理记录不符，打印行被改动过。")
        path: Path = store.settings.data_dir / "documents" / p.file
        if not path.is_file():
            yield Finding(p.case_no, 0, f"文书 {p.number} 的文件 {p.file} 不见了。")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != p.sha256:
            yield Finding(p.case_no, 0, f"文书 {p.number} 的文件 {p.file} 与存档指纹不符，被改动过。")
    for chain, number, _ in sorted(left):
        yield Finding(chain, 0, f"文书 {number} 的打印记录不见了。")


def _definitions(session: Session) -> Iterator[Finding]:
    for d in session.execute(select(DefinitionVersion.version, DefinitionVersion.digest, DefinitionVersion.text)):
        if hashlib.sha256(d.text.encode()).hexdigest() != d.digest:
            yield Finding(audit.SYSTEM, 0, f"存档的办理流程（版本 {d.version}）与指纹不符，被改动过。")


def _deliveries(session: Session, said: Replay, only: str) -> Iterator[Finding]:
    query = select(DeliveryRecord.seq, DeliveryRecord.addressee, DeliveryRecord.way, DeliveryRecord.received_on, DeliveryRecord.note,
                   Case.case_no).join(Case, Case.id == DeliveryRecord.case_id)  # fmt: skip
    left = set(said.deliveries)
    for d in session.execute(_of_case(query, only)):
        left.discard((d.case_no, d.seq))
        known = said.deliveries.get((d.case_no, d.seq), {})
        told = (known.get("addressee"), known.get("way"), known.get("received_on"), known.get("delivery_note", ""))
        if told != (d.addressee, d.way, d.received_on.isoformat(), d.note):
            yield Finding(d.case_no, d.seq, "送达记录与这条办理记录不符，送达行被改动过。")
    for chain, seq in sorted(left):
        yield Finding(chain, seq, "这条办理记录的送达行不见了。")


def _payments(session: Session, said: Replay, only: str) -> Iterator[Finding]:
    query = select(
        Payment.case_id, Payment.item, Payment.month, Payment.round, Payment.amount, Payment.state, Case.case_no
    )
    left = dict(said.payments)
    for p in session.execute(_of_case(query.join(Case, Case.id == Payment.case_id), only)):
        if left.pop((p.case_id, p.item, p.month, p.round), None) != (f"{p.amount:.2f}", p.state):
            yield Finding(p.case_no, 0, f"付款 {p.item} {p.month} 与办理记录不符，付款行被改动过。")
    for case_id, item, month, _ in sorted(left):
        yield Finding(said.case_nos[case_id], 0, f"付款 {item} {month} 不见了，付款行被删除或改动过。")
