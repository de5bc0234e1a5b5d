"""One act on its way through the eight steps, inside one transaction; an act of a child may be followed by one of its parent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select, update

from workflow import audit, clock, machine
from workflow.cases import asking, filling, opening, outward, paperwork, tasks, typed
from workflow.cases.load import AnyRow, Loaded, action_of
from workflow.deadlines import COUNTERS, write_counters
from workflow.definition.model import ActionDef
from workflow.errors import Conflict, Reason, Refused
from workflow.guards import WAITS
from workflow.models import Case, DeliveryRecord, Event, Matter, Paper, Payment, table
from workflow.preparations import Prepared
from workflow.setup import machine_account
from workflow.situation import Actor, Situation

_move = (
    update(table(Matter))
    .where(table(Matter).c.id == bindparam("key"), table(Matter).c.version == bindparam("seen"))
    .values({c: bindparam(c) for c in (
        "state", "version", "facts", "entered_on", "closed_on", *COUNTERS,
    )})
)  # fmt: skip
_head = (
    update(table(Case))
    .where(table(Case).c.id == bindparam("key"))
    .values({c: bindparam(c) for c in ("head_seq", "head_hash", "touched_at", "closed_on")})
)
_paper_rows, _delivery_row = insert(table(Paper)), insert(table(DeliveryRecord))
OF_ONE_ADDRESSEE = frozenset({"addressee", "way", "received_on", "delivery_note"})
"""Facts of a delivery: they stay in its record, the matter keeps none of them."""


@dataclass(frozen=True)
class Outcome:
    """What an act did: the state before and after, the event's number in the case, the document's number if one was ordered,
    the matters opened, and the acts it brought about on the matter it is about."""

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
    followed: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "opened": list(self.opened), "followed": list(self.followed)}


class Act:
    """Lives for one transaction. After `run`: `seq` and `on` of its event, `facts` of the matter as they now stand."""

    def __init__(
        self, loaded: Loaded, actor: Actor, matter: AnyRow, action: str, behalf: str = "", version: int | None = None,
        supposed: bool = False,
    ) -> None:  # fmt: skip
        self.loaded, self.actor, self.matter = loaded, actor, matter
        self.defined, self.old = loaded.place(matter)
        self._same_version(version)  # 1: the version the clerk saw
        self.action: ActionDef = action_of(self.old, action)
        if not supposed:  # what-if: anybody who sees the case may ask
            asking.check_role(loaded, actor, matter.name, self.action)
        self.behalf, self.backdate_reason = behalf, ""

    def run(self, raw: Mapping[str, Any], papers: list[str]) -> Outcome:
        """Do it, or raise Refused with every reason and nothing written."""
        situation, prepared = asking.ask(self, raw, papers)  # 2
        to_name = machine.step(self.loaded.definition, self.matter.name, self.old.name, self.action.name)  # 3
        if self.action.each and not self._last_addressee(situation):
            to_name = self.old.name
        self.seq = self.loaded.head.seq + 1
        self.on = self.day(situation)
        self.facts = self._kept_facts(situation, prepared)
        instrument = self._order(self.facts)  # 5, before the clocks: a refusal costs nothing
        if instrument is not None:
            self.loaded.ordered(self.matter)
        self._clocks(to_name, situation, prepared, self._addressees(instrument))  # 4
        self.loaded.book(self.matter).save(self.loaded.connection)
        self._records(situation, papers, prepared)
        self._known(situation)
        moved = self._diagnosed(situation.given)
        opened = opening.open_by(self.loaded, self.matter, self.action, self.on, situation.given)
        died = "died_on" in self.facts or self.loaded.died
        outward.tell(self.loaded, self.matter, self.defined.states[to_name], self.seq, instrument, died)  # 6
        tasks.follow(self.loaded, self.matter, self.action, self.seq, situation.given, self.actor)
        self._write_matter(to_name)
        self._append(situation, prepared, to_name, instrument, opened, moved)  # 7; the commit is 8
        followed = self._feed()
        return Outcome(
            self.loaded.row.case_no, self.matter.name, self.action.name, self.old.name, to_name,
            self.defined.states[to_name].label, self.matter.version + 1, self.seq,
            instrument["number"] if instrument else "", tuple(m["name"] for m in opened), followed,
        )  # fmt: skip

    def suppose(self, raw: Mapping[str, Any]) -> tuple[str, list[Reason]]:
        """Move the clocks in memory as the act would, write nothing: the state it would lead to, and what still stands in the
        way (missing facts and unmet conditions do not hinder supposing). Raises Refused where a given fact cannot be read."""
        situation, prepared, unmet = asking.suppose(self, raw)
        to_name = self.action.to
        if self.action.each and not (situation.given.get("addressee") and self._last_addressee(situation)):
            to_name = self.old.name
        self.on = self.day(situation)
        self.facts = self._kept_facts(situation, prepared)
        known = self.loaded.definition.instruments.get(self.action.issue)
        to = paperwork.addressees(known, self.facts) if known else self.loaded.to_serve(self.matter)
        self._clocks(to_name, situation, prepared, to)
        return to_name, unmet

    # --- what the checks ask ------------------------------------------------------------------------------------------

    def day(self, s: Situation) -> date:
        """The legal day of the act: as given, for a delivery the day of receipt, else today."""
        given = s.given.get(self.action.on) if self.action.on else None
        received = s.given.get("received_on") if self.action.each else None
        day = given or received or self.loaded.today
        assert isinstance(day, date)
        return day

    # --- steps --------------------------------------------------------------------------------------------------------

    def _same_version(self, seen: int | None) -> None:
        if seen is None or seen == self.matter.version:
            return
        changes = self.loaded.session.execute(
            select(Event.at, Event.actor, Event.label, Event.to_state)
            .where(
                or_(
                    and_(Event.matter_id == self.matter.id, Event.kind.in_(("matter:performed", "case:filled"))),
                    and_(Event.case_id == self.loaded.row.id, Event.kind == "definition:migrated"),
                )
            )
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

    def _last_addressee(self, s: Situation) -> bool:
        served = {d.addressee for d in s.deliveries} | {str(s.given["addressee"])}
        return served >= set(self.loaded.to_serve(self.matter))

    def _kept_facts(self, s: Situation, prepared: Prepared) -> dict[str, Any]:
        """The matter's facts after the act; what belongs to one addressee stays in its delivery record."""
        own = OF_ONE_ADDRESSEE if self.action.each else frozenset()
        kept = {k: v for k, v in s.given.items() if k not in own}
        if self.action.on:
            kept[self.action.on] = self.on
        return {**self.loaded.facts_of(self.matter), **kept, **prepared.facts}

    def _order(self, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self.action.issue:
            return None
        return paperwork.order(self.loaded, self.matter, self.action, facts, facts.get("sheet", {}), self.on, self.seq)

    def _addressees(self, instrument: Mapping[str, Any] | None) -> list[str]:
        return (
            list(instrument["addressees"])
            if instrument and instrument["addressees"]
            else self.loaded.to_serve(self.matter)
        )

    def _clocks(self, to_name: str, s: Situation, prepared: Prepared, addressees: list[str]) -> None:
        book, days = self.loaded.book(self.matter), typed.days(self.loaded.definition, self.facts)
        ground = str(s.given.get("ground") or s.given.get("reason") or "")
        for name in self.action.pause:
            book.pause(name, self.on, ground)
        for name in self.action.resume:
            book.resume(name, self.on)
        for name in self.action.extend:
            book.extend(name, s.given.get("extension_days"))
        for name in self.action.exclude if "excluded_to" in s.given else ():
            book.exclude(name, s.given["excluded_from"], s.given["excluded_to"], ground)
        for name in self.action.shift:
            book.shift(name, prepared.shift_days)
        done_on = (
            self.loaded.today if self.actor.system else self.on
        )  # what the system does at an expiry was not done in time
        book.move(self.old, self.loaded.state(self.matter, to_name), days, self.action, addressees, done_on)
        self._of_addressee(s, days, addressees)
        for name in (*self.action.stop, *prepared.stop):
            book.stop(name)

    def _of_addressee(self, s: Situation, days: Mapping[str, date], addressees: list[str]) -> None:
        """The duty toward the one served is done; what the act starts runs for the addressee it names, or for everybody."""
        book, who = self.loaded.book(self.matter), str(s.given.get("addressee") or "")
        if self.action.each and who:
            trouble = [n for a in self.old.actions.values() if not a.each for n in a.start]
            for name in (*self.old.clocks, *trouble):
                book.meet(name, who, self.on)
            days = {**days, "received_on": s.given.get("received_on", self.on)}
        for name in self.action.start:
            each = self.loaded.definition.clocks[name].each
            book.start(name, days, (who,) if who and each else addressees)

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

    def _diagnosed(self, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A diagnosis (or its appraisal) made here is the case's own day; clocks of other matters that run from it follow."""
        if self.action.on != "diagnosed_on":
            return []
        self.loaded.diagnose(self.on, told)
        filling.ask_certificate(self.loaded)
        moved = []
        for row in [m for m in self.loaded.matters if m.id != self.matter.id and m.closed_on is None]:
            book, (_, state) = self.loaded.book(row), self.loaded.place(row)
            for name in state.clocks:
                if self.loaded.definition.clocks[name].start == "diagnosed_on":
                    days = typed.days(self.loaded.definition, self.loaded.facts_of(row))
                    book.dates = days
                    book.start(name, days, self.loaded.to_serve(self.matter), entered=False)
            if changes := book.changes():
                book.save(self.loaded.connection)
                self.loaded.connection.execute(write_counters, {"key": row.id, **book.summary()})
                moved.append({"id": row.id, "clocks": changes})
        return moved

    def _feed(self) -> tuple[str, ...]:
        """The outcome of a child acts on the matter it is about: by the system, in the same transaction, or not at all."""
        name = self.action.parent.get(str(self.facts.get("outcome") or "")) or self.action.parent.get("any", "")
        above = self.loaded.parent(self.matter)
        if not name or above is None:
            return ()
        self.loaded.again(self.matter)
        system = machine_account(self.loaded.session, "system")
        try:
            act = Act(self.loaded, system, above, name)
            wanted = {*act.action.ask, *act.action.may}
            told = {n: v for n, v in self.facts.items() if n in wanted}
            done = act.run(typed.plain({**told, **({act.action.on: self.on} if act.action.on else {})}), [])
        except Refused as refused:
            if refused.reasons and all(r.code == WAITS for r in refused.reasons):
                return ()
            label = self.loaded.definition.matters[above.name].label
            raise Refused(
                [replace(r, text=f"“{label}”要跟着办的事办不了：{r.text}") for r in refused.reasons]
            ) from refused
        return (f"{above.name}:{done.action}",)

    def _write_matter(self, to_name: str) -> None:
        to = self.defined.states[to_name]
        values = {
            "key": self.matter.id, "seen": self.matter.version, "state": to_name, "version": self.matter.version + 1,
            "facts": typed.plain({k: v for k, v in self.facts.items() if k != "diagnosed_on"}),
            "entered_on": self.on if to_name != self.old.name else self.matter.entered_on,
            "closed_on": self.loaded.today if to.end else None, **self.loaded.book(self.matter).summary(),
        }  # fmt: skip
        if self.loaded.connection.execute(_move, values).rowcount != 1:
            raise Conflict("这件事刚被别人改动过。请刷新页面，看清变动后再办。")

    def _append(
        self,
        s: Situation,
        prepared: Prepared,
        to_name: str,
        instrument: Mapping[str, Any] | None,
        opened: Any,
        moved: Any,
    ) -> None:
        loaded, row = self.loaded, self.loaded.row
        payload = {
            "facts": typed.plain({**s.given, **({self.action.on: self.on} if self.action.on else {})}),
            "made": typed.plain(prepared.facts), "papers": sorted(s.papers), "clocks": loaded.book(self.matter).changes(),
            "version": self.matter.version + 1,
        }  # fmt: skip
        if self.on < loaded.today:
            payload |= {"backdated": (loaded.today - self.on).days, "backdate_reason": self.backdate_reason}
        if moved:
            payload["moved"] = moved
        if instrument:
            payload["instrument"] = {
                "number": instrument["number"],
                "kind": instrument["kind"],
                "facts": instrument["facts_digest"],
            }
        if opened:
            payload["opened"] = [
                {k: m[k] for k in ("id", "name", "state", "facts", "clocks", "addressee", "parent_id")} for m in opened
            ]
        if prepared.returned:
            payload["returned"] = [dict(r) for r in prepared.returned]
        if self.action.unsettled:
            payload["unsettled"] = self.action.unsettled
        link = audit.append(
            loaded.connection, loaded.head, row.case_no, self.actor, kind="matter:performed", payload=payload,
            on=self.on, action=self.action.name, label=self.action.label, from_state=self.old.name, to_state=to_name,
            behalf=self.behalf, definition=loaded.definition.digest, case_id=row.id, matter_id=self.matter.id,
        )  # fmt: skip
        loaded.head = link
        still_open = opened or any(
            not self.loaded.definition.matters[m.name].states[to_name if m.id == self.matter.id else m.state].end
            for m in loaded.matters
        )
        loaded.connection.execute(
            _head, {"key": row.id, "head_seq": link.seq, "head_hash": link.hash, "touched_at": clock.now(),
                    "closed_on": None if still_open else loaded.today},
        )  # fmt: skip
