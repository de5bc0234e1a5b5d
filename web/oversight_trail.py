"""The audit trail: everything done to one case, or to the system, link by link, and whether the chain holds."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from documents.facts import article
from web.auth import current_actor, roles
from web.db import store
from web.oversight_base import AUDITORS, WATCHERS, blueprint, page_number
from workflow import audit, clock, reading, verify, words
from workflow.cases.load import Loaded, load_seen
from workflow.deadlines import kept, light
from workflow.models import Event
from workflow.reading import ENDS, KEPT, STATES
from workflow.rights import gone
from workflow.stalls import only_settles

PER_PAGE = 100
HASH_SHOWN = 12


@blueprint.get("/cases/<case_no>")
@roles(*WATCHERS)
def case(case_no: str) -> str:
    """One case: where its matters stand, its clocks running and paused, what is asked of people, and its chain."""
    with store().reading() as session:
        loaded = load_seen(store(), session, case_no, current_actor())
        definition = loaded.definition
        events = _case_events(loaded)
        matters = [
            {**_named(loaded, m.name, m.state), **_about(loaded, m), "clocks": [_clock(loaded, r) for r in loaded.book(m).rows]}
            for m in loaded.matters
        ]  # fmt: skip
        tasks = reading.tasks_of(session, loaded.row.id)
        people, name = definition.people, words.mask_name(loaded.row.name)
    return render_template(
        "oversight_case.html", case_no=case_no, worker=name, matters=matters, tasks=tasks, people=people, events=events,
        article=article, states=STATES, verdict=_verdict(case_no),
    )  # fmt: skip


@blueprint.get("/system")
@roles(*AUDITORS)
def system() -> str:
    """The system's own chain: accounts, figures, files taken in; the newest first."""
    page = page_number()
    with store().reading() as session:
        total = session.scalar(select(func.count()).select_from(Event).where(Event.chain == audit.SYSTEM)) or 0
        events = _system_events(session, page)
    return render_template(
        "oversight_system.html", events=events, total=total, page=page, pages=max(1, -(-total // PER_PAGE)),
        href=lambda number: url_for("oversight.system", page=number), verdict=_verdict(audit.SYSTEM),
    )  # fmt: skip


# --- inside -----------------------------------------------------------------------------------------------------------


def _verdict(chain: str) -> dict[str, Any] | None:
    """What a verification of this chain says, where one was asked for."""
    if request.args.get("verify") != "1":
        return None
    checked, findings = verify.verify(store(), chain)
    return {"checked": checked, "findings": [f.sentence() for f in findings], "at": clock.now()}


def _named(loaded: Loaded, matter: str, state: str) -> dict[str, str]:
    """Labels of a place; an edited database may name one the process does not have, which then stands for itself."""
    defined = loaded.definition.matters.get(matter)
    known = defined.states.get(state) if defined else None
    return {"matter": defined.label if defined else matter, "state": known.label if known else state}


def _about(loaded: Loaded, matter: Any) -> dict[str, str]:
    """Of a child matter whose it is and about what; of one decided elsewhere by whom."""
    defined = loaded.definition.matters.get(matter.name)
    if defined is None:
        return {"elsewhere": ""}
    by = "" if matter.addressee else loaded.definition.people.get(defined.elsewhere, "")
    return {"matter": reading.title_of(loaded.definition, matter), "elsewhere": by}


def _case_events(loaded: Loaded) -> list[dict[str, Any]]:
    """Who did what when, from where to where, oldest first; an edited record is shown as it stands."""
    names = {m.id: m.name for m in loaded.matters}
    rows = loaded.session.scalars(select(Event).where(Event.chain == loaded.row.case_no).order_by(Event.seq))
    out = []
    for e in rows:
        matter = names.get(e.matter_id or 0, "")
        place = _named(loaded, matter, e.to_state)
        out.append({
            "seq": e.seq, "at": e.at, "on": e.on, "matter": place["matter"], "label": e.label or e.kind,
            "actor": e.actor,
            "behalf": loaded.definition.people.get(e.behalf, ""), "from": _named(loaded, matter, e.from_state)["state"],
            "to": place["state"] if matter else "", "moved": e.from_state != e.to_state,
            "notes": _notes(_payload(e.payload)),
            "short": e.hash[:HASH_SHOWN],
        })  # fmt: skip
    return out


def _payload(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _notes(payload: dict[str, Any]) -> list[str]:
    """What an auditor looks for first: acts dated back, acts the law is silent about, documents, effects of time."""
    notes = (
        [f"补记 {payload['backdated']} 日：{payload.get('backdate_reason') or '没有写原因'}"]
        if payload.get("backdated")
        else []
    )
    if payload.get("unsettled"):
        notes.append(f"无明文：{payload['unsettled']}")
    if isinstance(payload.get("instrument"), dict):
        notes.append(f"文书 {payload['instrument'].get('number', '')}")
    if payload.get("mark_text"):
        notes.append(str(payload["mark_text"]))
    if payload.get("unknown"):
        notes.append(f"待补录 {len(payload['unknown'])} 项")
    return notes


def _clock(loaded: Loaded, row: dict[str, Any]) -> dict[str, Any]:
    """A clock with the days it ran and the days it stood: together they are the days since its start."""
    end = row["closed_on"] or loaded.today
    paused = sum(_days(a, b, end) for a, b, _ in row["pauses"])
    total = max(0, (end - row["start_on"]).days) if row["start_on"] else 0
    known = loaded.definition.clocks.get(row["name"])
    shown = light(row, loaded.today, loaded.placed_on)
    if gone(loaded.definition, row, loaded.today) or (shown in ("late", "judge") and known and only_settles(known)):
        shown = "gone"  # a right that lapsed; nobody is late with it
    return {
        **{n: row[n] for n in ("label", "code", "state", "legal", "law", "start_on", "due_on", "safe_on", "provisional", "kind")},
        "ends": ENDS.get(row["kind"], ""), "kept": KEPT.get(kept(row), ""),
        "owner": loaded.definition.people.get(row["owner"], row["owner"]),
        "addressee": loaded.definition.people.get(row["addressee"], ""), "light": shown,
        "paused_days": paused, "run_days": total - paused, "pauses": row["pauses"],
    }  # fmt: skip


def _days(begun: str, ended: str | None, until: date) -> int:
    last = min(date.fromisoformat(ended), until) if ended else until
    return max(0, (last - date.fromisoformat(begun)).days)


def _system_events(session: Session, page: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Event.seq, Event.at, Event.kind, Event.label, Event.actor, Event.payload, Event.hash)
        .where(Event.chain == audit.SYSTEM).order_by(Event.seq.desc()).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    )  # fmt: skip
    return [
        {"seq": e.seq, "at": e.at, "kind": e.kind, "label": e.label, "actor": e.actor, "short": e.hash[:HASH_SHOWN],
         "payload": e.payload}
        for e in rows
    ]  # fmt: skip
