"""perform(): the only door through which a matter moves. Eight steps, one transaction; printing and sending come after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from workflow import audit, clock, machine, permissions
from workflow.audit import Link
from workflow.cases import filling, opening, outward, paperwork, typed
from workflow.cases.load import AnyRow, Loaded, action_of, load_seen
from workflow.cases.once import claim, keep_answer
from workflow.definition.model import ActionDef
from workflow.errors import Conflict, Forbidden, Reason, Refused, Stopped
from workflow.models import Case, DeliveryRecord, Event, Matter, Paper, Payment, table
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.preparations import Prepared
from workflow.situation import Actor, Situation
from workflow.store import Store

_move = (
    update(table(Matter))
    .where(table(Matter).c.id == bindparam("key"), table(Matter).c.version == bindparam("seen"))
    .values({c: bindparam(c) for c in (
        "state", "version", "facts", "entered_on", "closed_on", "urgent_on", "near_on", "late_on", "judge_on", "paused", "ball",
    )})
)  # fmt: skip
_head = (
    update(table(Case))
    .where(table(Case).c.id == bindparam("key"))
    .values({c: bindparam(c) for c in ("head_seq", "head_hash", "touched_at", "closed_on")})
)
_paper_rows, _delivery_row = insert(table(Paper)), insert(table(DeliveryRecord))
IMPORTED_ADDRESSEES = ("worker", "employer")
"""Who must be served where the document itself is not ours (a decision taken before the case was placed)."""


@dataclass(frozen=True)
class Outcome:
    """What an act did: the state before and after, the event's number in the case, the document's number if one was ordered."""

    case_no: str
    matter: str
    action: str
    from_state: str
    to_state: str
    state_label: str
    version: int
    seq: int
    instrument: str = ""
    opened: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "opened": list(self.opened)}


def perform(
    store: Store,
    actor: Actor,
    case_no: str,
    matter: str,
    action: str,
    *,
    facts: Mapping[str, Any] | None = None,
    papers: list[str] | None = None,
    version: int | None = None,
    behalf: str = "",
    key: str = "",
) -> Outcome:
    """Do one act on one matter of a case, or refuse with every reason and change nothing.

    `facts` as typed by people (see typed.read), `papers` the names handed in now, `version` the matter's version the clerk
    saw, `behalf` the party an office records the act for, `key` the submitted form's own key (a repeat gets the same answer).
    Raises NotFound (also for what this person may not see), Forbidden, Conflict (with what changed), Refused (all reasons).
    """
    asked = {"case": case_no, "matter": matter, "action": action, "facts": dict(facts or {}), "papers": papers or [],
             "version": version, "behalf": behalf, "actor": actor.id}  # fmt: skip
    with store.acting() as session:
        if key and (stored := claim(store, session, key, asked)):
            return Outcome(**{**stored, "opened": tuple(stored["opened"])})
        loaded = load_seen(store, session, case_no, actor, lock=True)
        outcome = _Act(loaded, actor, matter, action, behalf, version).run(facts or {}, papers or [])
        if key:
            keep_answer(session, key, outcome.as_dict())
    return outcome


class _Act:
    """One act on its way through the eight steps; lives for one transaction."""

    def __init__(
        self, loaded: Loaded, actor: Actor, matter: str, action: str, behalf: str, version: int | None
    ) -> None:
        self.loaded, self.actor = loaded, actor
        self.matter = loaded.matter(matter)
        self.defined, self.old = loaded.place(self.matter)
        self._same_version(version)  # 1: the version the clerk saw
        self.action = action_of(self.old, action)
        check_role(loaded, actor, self.matter.name, self.action)
        self.behalf = behalf

    def run(self, raw: Mapping[str, Any], papers: list[str]) -> Outcome:
        situation, prepared = self._ask(raw, papers)  # 2
        to_name = machine.step(self.loaded.definition, self.matter.name, self.old.name, self.action.name)  # 3
        if self.action.each and not self._last_addressee(situation):
            to_name = self.old.name
        self.seq = self.loaded.row.head_seq + 1
        self.on = self._day(situation)
        facts = self._kept_facts(situation, prepared)
        instrument = self._order(facts)  # 5, before the clocks: a refusal costs nothing
        addressees = self._addressees(instrument)
        self._clocks(to_name, situation, facts, prepared, addressees)  # 4
        self._records(situation, papers, prepared)
        self._known(situation)
        opened = tuple(
            opening.open_matter(self.loaded, name, self.on) for name in self.action.open if not self._has(name)
        )
        died = "died_on" in facts or any("died_on" in m.facts for m in self.loaded.matters)
        outward.tell(self.loaded, self.matter, self.defined.states[to_name], self.seq, instrument, died)  # 6
        self._write_matter(to_name, facts)
        self._append(situation, prepared, to_name, instrument, opened)  # 7; the commit is 8
        return Outcome(
            self.loaded.row.case_no, self.matter.name, self.action.name, self.old.name, to_name,
            self.defined.states[to_name].label, self.matter.version + 1, self.seq,
            instrument["number"] if instrument else "", tuple(m["name"] for m in opened),
        )  # fmt: skip

    # --- steps ------------------------------------------------------------------------------------------------------

    def _same_version(self, seen: int | None) -> None:
        if seen is None or seen == self.matter.version:
            return
        changes = self.loaded.session.execute(
            select(Event.at, Event.actor, Event.label, Event.to_state)
            .where(Event.matter_id == self.matter.id, Event.kind.in_(("matter:performed", "case:filled")))
            .order_by(Event.seq.desc())
            .limit(max(self.matter.version - seen, 1))
        ).all()
        states = self.defined.states
        told = [
            {"at": c.at.isoformat(), "actor": c.actor, "label": c.label, "state": states[c.to_state].label if c.to_state in states else ""}
            for c in reversed(changes)
        ]  # fmt: skip
        who = "、".join(dict.fromkeys(f"{c['actor']} {c['label']}" for c in told))
        raise Conflict(f"这件事刚被改动过：{who}。现在是“{self.old.label}”。请看清变动后再办，您填的内容没有丢。", told)

    def _ask(self, raw: Mapping[str, Any], papers: list[str]) -> tuple[Situation, Prepared]:
        """Everything against the act at once: bad input, missing facts, conditions that do not hold."""
        definition, today = self.loaded.definition, self.loaded.today
        given, faults = typed.read(definition, self.action, raw, today, self.loaded.facts_of(self.matter))
        try:
            self.behalf = on_behalf(self.loaded, self.matter, self.actor, self.action, self.behalf, raw)
        except Refused as unsaid:  # for whom is asked together with everything else
            faults += [r for r in unsaid.reasons if r.field not in {f.field for f in faults}]
        faults += self._paper_faults(papers)
        situation = self.loaded.situation(
            self.matter, self.action, self.actor, given=given, behalf=self.behalf, papers=frozenset(papers)
        )
        prepared = Prepared()
        if self.action.prepare and not faults:
            try:
                prepared = PREPARATIONS[self.action.prepare](situation)
            except Stopped as stopped:  # an unknown figure hides no other reason
                faults += stopped.reasons
            situation = replace(situation, facts={**situation.facts, **prepared.facts})
        told = {f.field for f in faults}
        faults += [r for r in machine.why_not(situation) if not r.field or r.field not in told]
        faults += self._addressee_faults(situation) + self._pause_faults(situation)
        if faults:
            raise Refused(faults)
        return situation, prepared

    def _paper_faults(self, papers: list[str]) -> list[Reason]:
        known = self.loaded.definition.papers
        allowed_ones = "、".join(f"{n}（{known[n].label}）" for n in self.action.receive) or "无"
        return [
            Reason(f"“{self.action.label}”不收“{known[p].label if p in known else p}”。可以收：{allowed_ones}。", field="papers")
            for p in papers if p not in self.action.receive
        ]  # fmt: skip

    def _addressee_faults(self, s: Situation) -> list[Reason]:
        if not self.action.each or not s.given.get("addressee"):
            return []
        who, people = str(s.given["addressee"]), self.loaded.definition.people
        wanted = self._to_serve()
        if who not in wanted:
            return [
                Reason(
                    f"这份文书不用送达{people.get(who, who)}。收件人是：{'、'.join(people[w] for w in wanted)}。",
                    field="addressee",
                )
            ]
        if any(d.addressee == who for d in self._served(s)):
            return [Reason(f"{people[who]}的送达已经登记过。登错了请走更正，不能重登。", field="addressee")]
        received = s.given.get("received_on")
        issued = self._issued_on()
        if isinstance(received, date) and issued and received < issued:
            return [Reason(f"收到之日 {received} 早于文书日期 {issued}。请核对送达回证。", field="received_on")]
        return []

    def _pause_faults(self, s: Situation) -> list[Reason]:
        """A notice that comes into being today did not stop a limit that had already run out."""
        day, known = self._day(s), self.loaded.definition.clocks
        return [
            Reason(f"“{known[c.name].label}”时限已于 {c.due_on} 届满，中止不能补记到届满以前。请按实际日期登记。",
                   "paused_after_due", known[c.name].law, field=self.action.on)
            for c in s.clocks
            if c.name in self.action.pause and c.state == "running" and c.due_on and day <= c.due_on < self.loaded.today
        ]  # fmt: skip

    def _to_serve(self) -> list[str]:
        latest = self.loaded.latest_instrument(self.matter)
        if latest is not None:
            return list(latest.addressees)
        return list(IMPORTED_ADDRESSEES)

    def _issued_on(self) -> date | None:
        known = self.loaded.facts_of(self.matter)
        days = [
            known[n]
            for n in ("decided_on", "declined_on", "concluded_on", "approved_on")
            if isinstance(known.get(n), date)
        ]
        return max(days) if days else None

    def _served(self, s: Situation) -> list[Any]:
        latest = self.loaded.latest_instrument(self.matter)
        kind = latest.kind if latest else ""
        return [d for d in s.deliveries if d.kind == kind]

    def _last_addressee(self, s: Situation) -> bool:
        served = {d.addressee for d in self._served(s)} | {str(s.given["addressee"])}
        return served >= set(self._to_serve())

    def _day(self, s: Situation) -> date:
        """The legal day of the act: as given, for a delivery the day of receipt, else today."""
        given = s.given.get(self.action.on) if self.action.on else None
        received = s.given.get("received_on") if self.action.each else None
        day = given or received or self.loaded.today
        assert isinstance(day, date)
        return day

    def _kept_facts(self, s: Situation, prepared: Prepared) -> dict[str, Any]:
        """The matter's facts after the act; what belongs to one addressee stays in its delivery record."""
        own = {"addressee", "way", "received_on", "delivery_note"} if self.action.each else set()
        kept = {k: v for k, v in s.given.items() if k not in own}
        if self.action.on:
            kept[self.action.on] = self.on
        return {**self.loaded.facts_of(self.matter), **kept, **prepared.facts}

    def _order(self, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self.action.issue:
            return None
        return paperwork.order(self.loaded, self.matter, self.action, facts, facts.get("sheet", {}), self.on, self.seq)

    def _addressees(self, instrument: Mapping[str, Any] | None) -> list[str]:
        return list(instrument["addressees"]) if instrument else self._to_serve()

    def _clocks(
        self, to_name: str, s: Situation, facts: Mapping[str, Any], prepared: Prepared, addressees: list[str]
    ) -> None:
        book, days = self.loaded.book(self.matter), typed.days(self.loaded.definition, facts)
        ground = str(s.given.get("ground") or s.given.get("reason") or "")
        for name in self.action.pause:
            book.pause(name, self.on, ground)
        for name in self.action.resume:
            book.resume(name, self.on)
        for name in self.action.extend:
            book.extend(name, s.given.get("extension_days"))
        for name in self.action.shift:
            book.shift(name, prepared.shift_days)
        book.move(self.old, self.defined.states[to_name], days, self.action, addressees)
        if self.action.each:
            who, received = str(s.given["addressee"]), s.given["received_on"]
            for name in self.old.clocks:
                book.meet(name, who)
            for name in self.action.start:
                book.start(name, {**days, "received_on": received}, (who,))
        for name in (*self.action.stop, *prepared.stop):
            book.stop(name)
        book.save(self.loaded.connection)

    def _records(self, s: Situation, papers: list[str], prepared: Prepared) -> None:
        connection, case, matter = self.loaded.connection, self.loaded.row, self.matter
        ids = {"case_id": case.id, "matter_id": matter.id}
        if fresh := [p for p in dict.fromkeys(papers) if p not in s.held]:
            self.loaded.connection.execute(
                _paper_rows, [{**ids, "name": p, "received_on": self.on, "seq": self.seq} for p in fresh]
            )
        if self.action.each:
            latest = self.loaded.latest_instrument(matter)
            record = {
                **ids, "instrument_id": latest.id if latest else None, "kind": latest.kind if latest else "",
                "addressee": s.given["addressee"], "way": s.given["way"], "received_on": s.given["received_on"],
                "note": s.given.get("delivery_note", ""), "seq": self.seq,
            }  # fmt: skip
            self.loaded.connection.execute(_delivery_row, record)
        for r in prepared.returned:
            connection.execute(
                update(Payment)
                .where(
                    Payment.case_id == case.id,
                    Payment.item == r["item"],
                    Payment.month == r["month"],
                    Payment.state == "paid",
                )
                .values(state="returned")
            )
        if prepared.payments:
            rows = [
                {"state": "paid", **ids, **p, "amount": Decimal(p["amount"]), "paid_on": self.on}
                for p in prepared.payments
            ]
            connection.execute(insert(table(Payment)), rows)

    def _known(self, s: Situation) -> None:
        """What an act tells of a case placed from a form needs no filling in any more."""
        if self.loaded.row.way == "import":
            told = [*s.given, self.action.on, *([f"received_{s.given['addressee']}"] if self.action.each else [])]
            filling.close_tasks(self.loaded, self.actor, told, self.matter.name)

    def _has(self, name: str) -> bool:
        return any(m.name == name and m.closed_on is None for m in self.loaded.matters)

    def _write_matter(self, to_name: str, facts: dict[str, Any]) -> None:
        to = self.defined.states[to_name]
        values = {
            "key": self.matter.id, "seen": self.matter.version, "state": to_name, "version": self.matter.version + 1,
            "facts": typed.plain({k: v for k, v in facts.items() if k != "diagnosed_on"}),
            "entered_on": self.on if to_name != self.old.name else self.matter.entered_on,
            "closed_on": self.loaded.today if to.end else None, **self.loaded.book(self.matter).summary(),
        }  # fmt: skip
        if self.loaded.connection.execute(_move, values).rowcount != 1:
            raise Conflict("这件事刚被别人改动过。请刷新页面，看清变动后再办。")

    def _append(
        self, s: Situation, prepared: Prepared, to_name: str, instrument: Mapping[str, Any] | None, opened: Any
    ) -> None:
        loaded, row = self.loaded, self.loaded.row
        payload = {
            "facts": typed.plain({**s.given, **({self.action.on: self.on} if self.action.on else {})}),
            "made": typed.plain(prepared.facts), "papers": sorted(s.papers), "clocks": loaded.book(self.matter).changes(),
            "version": self.matter.version + 1,
        }  # fmt: skip
        if self.on < loaded.today:
            payload["backdated"] = (loaded.today - self.on).days
        if instrument:
            payload["instrument"] = {
                "number": instrument["number"],
                "kind": instrument["kind"],
                "facts": instrument["facts_digest"],
            }
        if opened:
            payload["opened"] = [{k: m[k] for k in ("id", "name", "state", "facts", "clocks")} for m in opened]
        if prepared.returned:
            payload["returned"] = [dict(r) for r in prepared.returned]
        if self.action.unsettled:
            payload["unsettled"] = self.action.unsettled
        link = audit.append(
            loaded.connection, Link(row.head_seq, row.head_hash), row.case_no, self.actor, kind="matter:performed", payload=payload,
            on=self.on, action=self.action.name, label=self.action.label, from_state=self.old.name, to_state=to_name,
            behalf=self.behalf, definition=loaded.definition.digest, case_id=row.id, matter_id=self.matter.id,
        )  # fmt: skip
        still_open = opened or any(
            not self.loaded.definition.matters[m.name].states[to_name if m.id == self.matter.id else m.state].end
            for m in loaded.matters
        )
        loaded.connection.execute(
            _head, {"key": row.id, "head_seq": link.seq, "head_hash": link.hash, "touched_at": clock.now(),
                    "closed_on": None if still_open else loaded.today},
        )  # fmt: skip


def check_role(loaded: Loaded, actor: Actor, matter: str, action: ActionDef) -> None:
    """Raises Forbidden, naming who may do it."""
    level = loaded.store.settings.recognition_level
    if permissions.may_do(actor, action) and permissions.recognises_here(actor, matter, action, level):
        return
    who = "、".join(loaded.definition.people[p] for p in action.by)
    raise Forbidden(Reason(f"您没有办“{action.label}”的权限，这件事由{who}办理。请转给他们。", "not_yours", who=who))


def on_behalf(
    loaded: Loaded, matter: AnyRow, actor: Actor, action: ActionDef, behalf: str, raw: Mapping[str, Any]
) -> str:
    """The party an office records the act for ('' for the actor's own act): as said, else the applicant on file.

    Raises Refused where it is nobody who may do it.
    """
    if not permissions.acts_for_party(actor, action):
        own = str(raw.get("applicant") or "")
        if own and own in permissions.PARTIES and own not in actor.roles and not actor.system:
            raise Refused(Reason("申请人只能是您自己这一方。请改选后再提交。", "not_you", field="applicant"))
        return ""
    parties = permissions.parties_of(action)
    said = str(raw.get("applicant") or "")
    if behalf and said in permissions.PARTIES and said != behalf:
        raise Refused(
            Reason("代办的一方和填写的申请人不是同一方。请核对后再提交。", "behalf_differs", field="applicant")
        )
    party = behalf or said or str(matter.facts.get("applicant") or "")
    if party in parties:
        return party
    people = loaded.definition.people
    listed = "、".join(f"{p}（{people[p]}）" for p in parties)
    raise Refused(
        Reason(
            f"请写明代谁办“{action.label}”：{listed}。",
            "behalf_missing",
            field="applicant" if "applicant" in action.ask else "behalf",
        )
    )
