"""What stands still: legal clocks past their day, reminders past theirs, matters nobody's clock runs for, starts nobody knows.

Each finding names the clock, whose it is, the article, the days over, and what can be done about it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from workflow.deadlines import placed_day
from workflow.definition.model import ClockDef
from workflow.models import Case, Clock, Matter, Office, Worker
from workflow.store import Store

KINDS = {
    "late": "法定时限已过", "judge": "导入时已过期，待人工核实",
    "reminded": "内部提醒到期", "unwatched": "没有时限或提醒在看", "unknown": "起算日待补录",
}  # fmt: skip


@dataclass(frozen=True)
class Stall:
    """One finding. `days_over`: 日 past the due day on the day looked at (0 where there is none)."""

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

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kind_label": KINDS[self.kind]}

    def sentence(self) -> str:
        law = f"（{self.law}）" if self.law else ""
        over = f"，过了 {self.days_over} 日" if self.days_over else ""
        what = (
            f"“{self.label}”{self.code}，{self.due_on or '届满日未定'}{over}{law}，责任人：{self.owner_label}"
            if self.label
            else ""
        )
        return f"{self.case_no}  {self.worker}  {self.office}  {self.stage}：{KINDS[self.kind]}  {what}。{self.remedy}"


def find(
    store: Store,
    on: date,
    *,
    office: str | None = None,
    offices: frozenset[int] | None = None,
    limit: int | None = None,
) -> list[Stall]:
    """Everything stalled on the day `on`, worst first. `offices`: only cases of these (what a person may see)."""
    with store.reading() as session:
        rows = _clock_rows(session, on, office, offices, limit)
        found = [clock_stall(store, session, r, on) for r in rows if not _only_a_right_ended(store, session, r)]
        found += _unwatched(store, session, office, offices)
    return sorted(found, key=lambda s: (list(KINDS).index(s.kind), -s.days_over, s.case_no))


COLUMNS = (
    Case.case_no, Case.definition_id, Case.opened_at, Case.source, Case.office_id,
    Worker.name.label("worker"), Office.county, Office.code.label("office_code"),
    Matter.name.label("matter"), Matter.state, Matter.number,
)  # fmt: skip
CLOCK_COLUMNS = (
    Clock.name, Clock.label, Clock.code, Clock.owner, Clock.addressee, Clock.law, Clock.legal, Clock.due_on, Clock.state.label("clock_state"),
)  # fmt: skip
"""What `clock_stall` needs of a row, beside COLUMNS."""


def _clock_rows(
    session: Session, on: date, office: str | None, offices: frozenset[int] | None, limit: int | None
) -> list[Any]:
    base = (
        select(*COLUMNS, *CLOCK_COLUMNS)
        .join(Matter, Matter.id == Clock.matter_id).join(Case, Case.id == Clock.case_id)
        .join(Worker, Worker.id == Case.worker_id).join(Office, Office.id == Case.office_id)
    )  # fmt: skip
    if office:
        base = base.where(Office.code == office)
    if offices is not None:
        base = base.where(Case.office_id.in_(offices))
    over = base.where(Clock.state == "running", Clock.due_on < on).order_by(Clock.due_on, Clock.id)
    unknown = base.where(Clock.state == "unstarted").order_by(Clock.id)
    if limit:
        over, unknown = over.limit(limit), unknown.limit(limit)
    return [*session.execute(over), *session.execute(unknown)]


def _only_a_right_ended(store: Store, session: Session, r: Any) -> bool:
    known = store.definition(session, r.definition_id).clocks.get(r.name)
    return bool(known and r.clock_state == "running" and only_settles(known))


def only_settles(known: ClockDef) -> bool:
    """A period whose lapse only settles something (the conclusion stands) holds nobody up."""
    return bool(known.on_expiry.mark and not (known.on_expiry.warn or known.on_expiry.escalate))


def clock_stall(store: Store, session: Session, r: Any, on: date) -> Stall:
    """The finding for a row of COLUMNS and CLOCK_COLUMNS on the day `on`."""
    definition = store.definition(session, r.definition_id)
    kind = _kind(r)
    known = definition.clocks.get(r.name)
    state = definition.matters[r.matter].states[r.state]
    if kind == "unknown":
        start = definition.dates.get(known.start, "") if known else ""
        remedy = f"请补录“{start}”，补录后开始计算。"
    elif kind == "judge":
        remedy = "请核对原件：已经办过的补登日期，没有办的接着办。过期不自动拒绝。"
    else:
        everything = [a for a in state.actions.values() if not a.unsettled and "died_on" not in a.ask]
        acts = "、".join(a.label for a in ([a for a in everything if r.owner in a.by] or everything))
        route = state.actions.get(known.on_expiry.route) if known and known.on_expiry.route else None
        remedy = (
            f"可以办“{route.label}”。" if route else f"请督促办理：{acts}。" if acts else "事项已结束，时限只作记录。"
        )
    return Stall(
        kind, r.case_no, r.worker, r.county, r.office_code, r.matter, r.state, state.label, r.name, r.label, r.code, r.owner,
        definition.people.get(r.owner, r.owner), definition.people.get(r.addressee, ""), r.law, r.due_on.isoformat() if r.due_on else "",
        (on - r.due_on).days if r.due_on and kind != "unknown" else 0, remedy,
    )  # fmt: skip


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
    if office:
        query = query.where(Office.code == office)
    if offices is not None:
        query = query.where(Case.office_id.in_(offices))
    return [unwatched_stall(store, session, r) for r in session.execute(query)]


def unwatched_stall(store: Store, session: Session, r: Any) -> Stall:
    """The finding for a row of COLUMNS whose matter has no clock."""
    state = store.definition(session, r.definition_id).matters[r.matter].states[r.state]
    acts = "、".join(a.label for a in state.actions.values())
    return Stall("unwatched", r.case_no, r.worker, r.county, r.office_code, r.matter, r.state, state.label, "", "", "", "", "", "", "",
                 "", 0, f"请人工查看，可以办：{acts}。")  # fmt: skip
