"""What stands still: legal clocks past their day, reminders past theirs, matters nobody's clock runs for, starts nobody knows.

Each finding names the clock, whose it is, the article, the days over, and what can be done about it. Its class is one of
those derived from the version the case runs under (classes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from workflow.deadlines import placed_day
from workflow.definition.model import ActionDef, ClockDef, Definition, MatterDef
from workflow.models import Case, Clock, Instrument, Matter, Office, Outbox, Worker
from workflow.rights import is_right
from workflow.stalls.classes import KINDS, MORE, cures
from workflow.store import Store


@dataclass(frozen=True)
class Stall:
    """One finding. `days_over`: 日 past the due day on the day looked at (0 where there is none). `class_id` names its class,
    `ref` the matter as acts are addressed (remedy#2), `act` the first act that takes it on ("" where there is none)."""

    kind: str
    case_no: str
    worker: str
    office: str
    office_code: str
    matter: str
    state: str
    stage: str
    clock: str
    label: str
    code: str
    owner: str
    owner_label: str
    addressee: str
    law: str
    due_on: str
    days_over: int
    remedy: str
    class_id: str = ""
    ref: str = ""
    act: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kind_label": label_of(self.kind)}

    def sentence(self) -> str:
        law = f"（{self.law}）" if self.law else ""
        over = f"，过了 {self.days_over} 日" if self.days_over else ""
        what = (
            f"“{self.label}”{self.code}，{self.due_on or '届满日未定'}{over}{law}，责任人：{self.owner_label}"
            if self.label
            else ""
        )
        return (
            f"{self.case_no}  {self.worker}  {self.office}  {self.stage}：{label_of(self.kind)}  {what}。{self.remedy}"
        )


NAMED = 4
"""Acts named in a remedy; the form lists them all."""


def label_of(kind: str) -> str:
    """What a kind is called."""
    return KINDS.get(kind) or MORE[kind]


def find(
    store: Store,
    on: date,
    *,
    office: str | None = None,
    offices: frozenset[int] | None = None,
    limit: int | None = None,
) -> list[Stall]:
    """Everything stalled on the day `on`, worst first. `offices`: only cases of these (what a person may see)."""
    order = [*KINDS, *MORE]
    with store.reading() as session:
        rows = _clock_rows(session, on, office, offices, limit)
        found = [clock_stall(store, session, r, on) for r in rows if not _lapsed(store, session, r)]
        found += _unwatched(store, session, office, offices)
        found += machine(store, session, on, office, offices)
    return sorted(found, key=lambda s: (order.index(s.kind), -s.days_over, s.case_no))


COLUMNS = (
    Case.case_no, Case.definition_id, Case.opened_at, Case.source, Case.office_id,
    Worker.name.label("worker"), Office.county, Office.code.label("office_code"),
    Matter.name.label("matter"), Matter.state, Matter.number,
)  # fmt: skip
CLOCK_COLUMNS = (
    Clock.name, Clock.label, Clock.code, Clock.owner, Clock.addressee, Clock.law, Clock.legal, Clock.due_on, Clock.expired_on,
    Clock.state.label("clock_state"),
)  # fmt: skip
"""What `clock_stall` needs of a row, beside COLUMNS."""


def _clock_rows(
    session: Session, on: date, office: str | None, offices: frozenset[int] | None, limit: int | None
) -> list[Any]:
    base = _from_clocks(office, offices)
    reminded = and_(~Clock.legal, Clock.expired_on < on)  # a repeated one has a new day, and is still not done
    over = base.where(Clock.state == "running", Clock.kind == "deadline", or_(Clock.due_on < on, reminded)).order_by(
        Clock.due_on, Clock.id
    )
    unknown = base.where(Clock.state == "unstarted").order_by(Clock.id)
    if limit:
        over, unknown = over.limit(limit), unknown.limit(limit)
    return [*session.execute(over), *session.execute(unknown)]


def _lapsed(store: Store, session: Session, r: Any) -> bool:
    return r.clock_state == "running" and only_settles(store.definition(session, r.definition_id).clocks.get(r.name))


def only_settles(known: ClockDef | None) -> bool:
    """A party's own period, or one after which the law does the next thing itself: its lapse holds nobody up (machine() finds
    what did not happen)."""
    return is_right(known) or bool(known and known.on_expiry.act)


def clock_stall(store: Store, session: Session, r: Any, on: date) -> Stall:
    """The finding for a row of COLUMNS and CLOCK_COLUMNS on the day `on`."""
    definition = store.definition(session, r.definition_id)
    return _stall(definition, r, _kind(r), on, r.law)


def _stall(definition: Definition, r: Any, kind: str, on: date, law: str) -> Stall:
    known = definition.clocks.get(r.name)
    state = definition.matters[r.matter].states[r.state]
    able = cures(definition.matters[r.matter], state, r.owner, known)
    if kind == "unknown":
        start = definition.dates.get(known.start, "") if known else ""
        remedy, able = f"请补录“{start}”，补录后开始计算。", []
    elif kind == "judge":
        remedy = "请核对原件：已经办过的补登日期，没有办的接着办。过期不自动拒绝。"
    elif kind == "undone":
        remedy = f"系统应当自动办“{able[0].label if able else ''}”。请管理员看后台进程是否在运行，再看这件案件的待办。"
    elif kind == "frozen":
        remedy = f"请核对中止原因是否消除，可以办：{_named(able)}。"
    else:
        offered = bool(known and able and known.on_expiry.route == able[0].name)
        remedy = (
            f"可以办“{able[0].label}”。"
            if offered
            else f"请督促办理：{_named(able)}。"
            if able
            else "事项已结束，时限只作记录。"
        )
    due = min(r.due_on, r.expired_on or r.due_on) if r.due_on and kind == "reminded" else r.due_on
    over = (on - due).days if due and kind not in ("unknown", "frozen") else 0
    return Stall(
        kind, r.case_no, r.worker, r.county, r.office_code, r.matter, r.state, state.label, r.name, r.label, r.code, r.owner,
        definition.people.get(r.owner, r.owner), definition.people.get(r.addressee, ""), law, due.isoformat() if due else "",
        over, remedy, f"{kind}:{r.name}", _ref(r, definition.matters[r.matter]), able[0].name if able else "",
    )  # fmt: skip


def _named(acts: Sequence[ActionDef]) -> str:
    return "、".join(a.label for a in acts[:NAMED]) + ("等" if len(acts) > NAMED else "") or "无"


def _ref(r: Any, defined: MatterDef) -> str:
    """The matter as acts are addressed: one of a kind that may be several always by its number."""
    return f"{r.matter}#{r.number}" if defined.each or defined.many or r.number > 1 else str(r.matter)


def _kind(r: Any) -> str:
    """A day that had passed before the case was placed from a form accuses nobody: the form does not tell what was done."""
    if r.clock_state == "unstarted":
        return "unknown"
    placed_on = placed_day(r.source.get("way"), r.opened_at)
    if placed_on and r.due_on < placed_on:
        return "judge"
    return "late" if r.legal else "reminded"


def _unwatched(store: Store, session: Session, office: str | None, offices: frozenset[int] | None) -> list[Stall]:
    """Open matters with no clock running, paused or listed: the engine never makes one, an edited database may."""
    live = exists().where(Clock.matter_id == Matter.id, Clock.state.in_(("running", "paused", "unstarted")))
    query = (
        select(*COLUMNS).join(Case, Case.id == Matter.case_id).join(Worker, Worker.id == Case.worker_id)
        .join(Office, Office.id == Case.office_id).where(Matter.closed_on.is_(None), ~live).order_by(Case.case_no)
    )  # fmt: skip
    return [unwatched_stall(store, session, r) for r in session.execute(_narrow(query, office, offices))]


def unwatched_stall(store: Store, session: Session, r: Any) -> Stall:
    """The finding for a row of COLUMNS whose matter has no clock."""
    matter = store.definition(session, r.definition_id).matters[r.matter]
    state = matter.states[r.state]
    able = cures(matter, state, "")
    return Stall("unwatched", r.case_no, r.worker, r.county, r.office_code, r.matter, r.state, state.label, "", "", "", "", "", "", "",
                 "", 0, f"请人工查看，可以办：{_named(able)}。", f"unwatched:{r.matter}.{r.state}", _ref(r, matter),
                 able[0].name if able else "")  # fmt: skip


# --- what a failure of the machine leaves behind ------------------------------------------------------------------------


def machine(
    store: Store, session: Session, on: date, office: str | None = None, offices: frozenset[int] | None = None
) -> list[Stall]:
    """Suspensions nobody watches, automatic acts that did not happen, documents that were not printed."""
    watcher, live = aliased(Clock), ("running", "unstarted")
    watched = exists().where(watcher.matter_id == Clock.matter_id, watcher.state.in_(live))
    frozen = (
        _from_clocks(office, offices)
        .where(Clock.state == "paused", Matter.closed_on.is_(None), ~watched)
        .order_by(Clock.id)
    )
    missed = (
        _from_clocks(office, offices)
        .where(Clock.state == "running", Clock.fire_stage == "late", Clock.fire_on < on)
        .order_by(Clock.id)
    )
    found = []
    for r in session.execute(frozen):
        found.append(_stall(store.definition(session, r.definition_id), r, "frozen", on, r.law))
    for r in session.execute(missed):
        definition = store.definition(session, r.definition_id)
        known = definition.clocks.get(r.name)
        if known and known.on_expiry.act in definition.matters[r.matter].states[r.state].actions:
            found.append(_stall(definition, r, "undone", on, known.on_expiry.law))
    return found + _unprinted(store, session, office, offices)


def _unprinted(store: Store, session: Session, office: str | None, offices: frozenset[int] | None) -> list[Stall]:
    """Print orders that were given up: the document exists and nobody has it."""
    order = aliased(Outbox)
    which = order.payload["instrument"].as_integer()
    query = (
        select(*COLUMNS, Instrument.kind, Instrument.label, Instrument.number.label("document"), order.error)
        .select_from(order).join(Instrument, Instrument.id == which).join(Matter, Matter.id == Instrument.matter_id)
        .join(Case, Case.id == Instrument.case_id).join(Worker, Worker.id == Case.worker_id).join(Office, Office.id == Case.office_id)
        .where(order.kind == "print", order.state == "failed", order.payload["part"].as_string() == "").order_by(order.id)
    )  # fmt: skip
    rows = session.execute(_narrow(query, office, offices))
    return [
        Stall("unprinted", r.case_no, r.worker, r.county, r.office_code, r.matter, r.state, _state_label(store, session, r), "",
              f"{r.label}{r.document}", "", "", "", "", "", "", 0, f"打印没有成功：{r.error}。请管理员排除原因后用 greenchannel outbox retry 重打。",
              f"unprinted:{r.kind}", _ref(r, store.definition(session, r.definition_id).matters[r.matter]))
        for r in rows
    ]  # fmt: skip


def _state_label(store: Store, session: Session, r: Any) -> str:
    return store.definition(session, r.definition_id).matters[r.matter].states[r.state].label


def _narrow(query: Any, office: str | None, offices: frozenset[int] | None) -> Any:
    if office:
        query = query.where(Office.code == office)
    return query.where(Case.office_id.in_(offices)) if offices is not None else query


def _from_clocks(office: str | None, offices: frozenset[int] | None) -> Any:
    base = (
        select(*COLUMNS, *CLOCK_COLUMNS)
        .join(Matter, Matter.id == Clock.matter_id).join(Case, Case.id == Clock.case_id)
        .join(Worker, Worker.id == Case.worker_id).join(Office, Office.id == Case.office_id)
    )  # fmt: skip
    return _narrow(base, office, offices)
