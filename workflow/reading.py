"""Cases to look at: the list, and one case with everything a page or `show` tells. Writes nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import clock, rights, sealed, words
from workflow.cases import choices
from workflow.cases.load import Loaded, load_seen
from workflow.cases.now import Choice
from workflow.deadlines import COLUMNS, kept, light
from workflow.definition.model import ActionDef, Definition, MatterDef, StateDef
from workflow.models import (
    Case,
    DeliveryRecord,
    Employer,
    Event,
    Instrument,
    Matter,
    Office,
    Paper,
    Print,
    Task,
    Worker,
)
from workflow.situation import Actor
from workflow.stages import headline, public_sentence
from workflow.store import Store


def list_cases(
    store: Store, *, only_open: bool = False, limit: int | None = None, office: str | None = None
) -> list[dict[str, Any]]:
    """Cases in the order of their numbers: case_no, worker, office, stage, stage_label, employer, diagnosed_on, closed."""
    query = (
        select(Case.id, Case.case_no, Case.diagnosed_on, Case.definition_id, Worker.name, Office.county, Office.code,
               Employer.name.label("employer"))
        .join(Worker, Worker.id == Case.worker_id).join(Office, Office.id == Case.office_id)
        .join(Employer, Employer.id == Case.employer_id).order_by(Case.case_no)
    )  # fmt: skip
    if only_open:
        query = query.where(Case.closed_on.is_(None))
    if office:
        query = query.where(Office.code == office)
    if limit:
        query = query.limit(limit)
    with store.reading() as session:
        rows = session.execute(query).all()
        matters = _matters_of(session, [r.id for r in rows])
        out = []
        for r in rows:
            stage = headline(store.definition(session, r.definition_id), matters[r.id])
            out.append({
                "case_no": r.case_no, "worker": r.name, "office": r.county, "office_code": r.code, "stage": f"{stage.matter}.{stage.state}",
                "stage_label": stage.label, "employer": r.employer, "diagnosed_on": day_text(r.diagnosed_on), "closed": stage.closed,
            })  # fmt: skip
        return out


def _matters_of(session: Session, ids: Sequence[int]) -> Mapping[int, list[tuple[str, str]]]:
    """(name, state) of each case's matters; asked in portions, databases bound the number of parameters."""
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for i in range(0, len(ids), 5000):
        for m in session.execute(
            select(Matter.case_id, Matter.name, Matter.state)
            .where(Matter.case_id.in_(ids[i : i + 5000]))
            .order_by(Matter.id)
        ):
            found[m.case_id].append((m.name, m.state))
    return found


def show(store: Store, case_no: str, actor: Actor) -> dict[str, Any]:
    """Everything of one case, plain and JSON-able; identity number and telephone masked. Raises NotFound."""
    with store.reading() as session:
        loaded = load_seen(store, session, case_no, actor)
        row, definition = loaded.row, loaded.definition
        stage = headline(definition, [(m.name, m.state) for m in loaded.matters])
        office = session.get_one(Office, row.office_id)
        number = sealed.unseal(store.settings, row.id_sealed, f"workers.id_number|{row.uid}")
        return {
            "case_no": row.case_no, "stage": f"{stage.matter}.{stage.state}", "stage_label": stage.label, "closed": stage.closed,
            "office": office.county, "office_code": office.code, "office_phone": office.phone,
            "worker": {"name": row.name, "sex": row.sex, "birth_on": row.birth_on.isoformat(), "id_number": words.mask_id(number),
                       "phone": words.mask_phone(row.phone) if row.phone else "", "address": row.address, "occupation": row.occupation},
            "employer": row.employer_name, "disease": row.disease, "diagnosed_on": day_text(row.diagnosed_on),
            "facts": row.facts, "definition": {"version": definition.version, "digest": definition.digest},
            "matters": [matter_view(loaded, m, actor) for m in loaded.matters],
            "tasks": tasks_of(session, row.id), "documents": documents_of(session, row.id),
            "deliveries": deliveries_of(loaded), "payments": [{**p, "paid_on": p["paid_on"].isoformat()} for p in loaded.payments()],
            "events": events_of(session, row.case_no, definition),
        }  # fmt: skip


def day_text(day: date | None) -> str:
    """A day as ISO text; '' for one that is not known yet."""
    return day.isoformat() if day else ""


def matter_view(loaded: Loaded, matter: Any, actor: Actor) -> dict[str, Any]:
    """One matter: state, public sentence, clocks with their explanation, papers, what can be done and why not."""
    defined, state = loaded.place(matter)
    above = loaded.parent(matter)
    return {
        "matter": name_of(loaded, matter), "label": title_of(loaded.definition, matter),
        "state": state.name, "state_label": state.label, "end": state.end,
        "version": matter.version, "public": public_sentence(state, loaded.book(matter).rows),
        "about": name_of(loaded, above) if above else "", "addressee": matter.addressee,
        "elsewhere": loaded.definition.people.get(defined.elsewhere, defined.elsewhere),
        "facts": shown_facts(loaded, matter), "clocks": clocks_of(loaded, matter),
        "papers": [
            {"name": p.name, "label": loaded.definition.papers[p.name].label, "received_on": p.received_on.isoformat()}
            for p in loaded.session.scalars(select(Paper).where(Paper.matter_id == matter.id).order_by(Paper.id))
        ],
        "actions": [action_view(c, comes_first(c.action, defined, state)) for c in choices(loaded, matter, actor)],
    }  # fmt: skip


def name_of(loaded: Loaded, matter: Any) -> str:
    """A matter as it is named in addresses and on the command line: recognition; remedy#1 where there are several."""
    several = sum(m.name == matter.name for m in loaded.matters) > 1
    return f"{matter.name}#{matter.number}" if several else str(matter.name)


def title_of(definition: Definition, matter: Any) -> str:
    """What a matter is called: its label; of a child also whose it is and what it is about."""
    label = definition.matters[matter.name].label
    if not matter.addressee:
        return label
    return f"{label}（{definition.people.get(matter.addressee, matter.addressee)}，针对 {about_of(matter)}）"


def about_of(matter: Any) -> str:
    """The decision a child matter is about, with its number; or that nothing was done in time."""
    facts = matter.facts
    if facts.get("decision_kind") == "inaction":
        return "超过期限没有办理"
    return " ".join(str(facts[n]) for n in ("decision_label", "decision") if facts.get(n)) or "登记以前作出的决定"


FEW = 3
"""An act that leaves the matter where it is and is open in no more states than this belongs to those states."""


def comes_first(action: ActionDef, matter: MatterDef, state: StateDef) -> bool:
    """Whether an act belongs to the state's own way on; the others (撤回、去世、送达不成、停发 …) stand under a fold.

    What is written for one state does. Of what is written for several (common): what moves the matter on, or is open in a few
    states only, where the law has a procedure for it and it takes nothing from anybody.
    """
    if not action.common:
        return True
    if action.unsettled or action.adverse:
        return False
    going = [s for s in matter.states.values() if not s.end]
    there = sum(action.name in s.actions for s in going)
    return there <= FEW or (action.to != state.name and 2 * there <= len(going))


HIDDEN = frozenset({"sheet", "determination", "seed", "pool_digest"})


def shown_facts(loaded: Loaded, matter: Any) -> dict[str, Any]:
    """A matter's facts for showing; of an account only the last four."""
    facts = {k: v for k, v in matter.facts.items() if k not in HIDDEN}
    if "bank_account" in facts:
        facts["bank_account"] = f"尾号 {str(facts['bank_account'])[-4:]}"
    return facts


def clocks_of(loaded: Loaded, matter: Any) -> list[dict[str, Any]]:
    """The clock rows of a matter with their lights; days as ISO text."""
    people, today = loaded.definition.people, loaded.today
    out = []
    for r in loaded.book(matter).rows:
        view = {
            k: r[k]
            for k in COLUMNS
            if k not in ("case_id", "matter_id", "office_id", "fire_on", "fire_stage", "unrolled_on")
        }
        plain = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in view.items()}
        plain |= {
            "light": light(r, today, loaded.placed_on),
            "owner_label": people.get(r["owner"], r["owner"]),
            "addressee_label": people.get(r["addressee"], ""),
            "right": rights.right_of(loaded.definition, r),
            "kept": kept(r),
        }
        if rights.gone(loaded.definition, r, today):
            plain["light"] = "none"  # a door that has closed; nobody is late with it
        left = (r["effective_on"] - today).days if r["state"] == "running" and r["effective_on"] else None
        out.append({**plain, "days_left": left})
    return out


def action_view(c: Choice, first: bool = True) -> dict[str, Any]:
    """One act for showing: what it asks, who does it, why it cannot be done now. `first`: see comes_first."""

    def fact(f: Any) -> dict[str, Any]:
        shown = {
            "name": f.name,
            "label": f.label,
            "type": f.type,
            "choices": dict(f.choices),
            "hint": f.hint,
            "law": f.law,
        }
        return {k: v for k, v in shown.items() if v}

    return {
        "action": c.action.name, "label": c.action.label, "by": list(c.by), "mine": c.mine, "possible": c.possible, "to": c.action.to,
        "ask": [fact(f) for f in c.ask], "may": [fact(f) for f in c.may],
        "papers": [{"name": p.name, "label": p.label, "law": p.law, "held": p.name in c.held} for p in c.papers],
        "issue": c.action.issue, "law": c.action.law, "unsettled": c.action.unsettled, "hint": c.action.hint,
        "why_not": [r.sentence() for r in c.why_not], "first": first, "adverse": c.action.adverse, "automatic": c.action.automatic,
        "task": c.action.task,
    }  # fmt: skip


def tasks_of(session: Session, case_id: int) -> list[dict[str, Any]]:
    """Open tasks of a case: to fill in, to press, to telephone."""
    rows = session.execute(
        select(Task.id, Task.kind, Task.owner, Task.text, Task.fact, Matter.name)
        .join(Matter, Matter.id == Task.matter_id, isouter=True)
        .where(Task.case_id == case_id, Task.done_at.is_(None)).order_by(Task.id)
    )  # fmt: skip
    return [
        {"id": t.id, "kind": t.kind, "owner": t.owner, "text": t.text, "fact": t.fact, "matter": t.name or ""}
        for t in rows
    ]


def documents_of(session: Session, case_id: int) -> list[dict[str, Any]]:
    """Documents of a case with their prints (part: '' the document, else the delivery return of that addressee)."""
    prints: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = session.execute(
        select(Print.id, Print.instrument_id, Print.part, Print.sha256)
        .join(Instrument, Instrument.id == Print.instrument_id).where(Instrument.case_id == case_id).order_by(Print.id)
    )  # fmt: skip
    for p in rows:
        prints[p.instrument_id].append({"id": p.id, "part": p.part, "sha256": p.sha256})
    found = session.scalars(select(Instrument).where(Instrument.case_id == case_id).order_by(Instrument.id))
    return [
        {"id": i.id, "kind": i.kind, "label": i.label, "number": i.number, "issued_on": i.issued_on.isoformat(), "matter_id": i.matter_id,
         "addressees": i.addressees, "copies": i.copies, "prints": prints[i.id]}
        for i in found
    ]  # fmt: skip


def deliveries_of(loaded: Loaded) -> list[dict[str, Any]]:
    """Recorded deliveries of a case."""
    people = loaded.definition.people
    rows = loaded.session.scalars(
        select(DeliveryRecord).where(DeliveryRecord.case_id == loaded.row.id).order_by(DeliveryRecord.id)
    )
    return [
        {"kind": d.kind, "document": d.instrument_id, "addressee": d.addressee, "addressee_label": people.get(d.addressee, d.addressee), "way": d.way,
         "way_label": loaded.definition.facts["way"].choices.get(d.way, d.way) if "way" in loaded.definition.facts else d.way,
         "received_on": d.received_on.isoformat(), "note": d.note}
        for d in rows
    ]  # fmt: skip


def events_of(session: Session, case_no: str, definition: Any) -> list[dict[str, Any]]:
    """The case's events, oldest first, with their payload and hashes."""
    rows = session.execute(
        select(Event, Matter.name)
        .join(Matter, Matter.id == Event.matter_id, isouter=True)
        .where(Event.chain == case_no)
        .order_by(Event.seq)
    )
    out = []
    for e, matter in rows:
        states = definition.matters[matter].states if matter in definition.matters else {}
        out.append({
            "seq": e.seq, "at": clock.local(e.at).isoformat(timespec="seconds"), "on": e.on.isoformat(), "kind": e.kind, "matter": matter or "",
            "action": e.action, "label": e.label, "from": e.from_state, "to": e.to_state,
            "to_label": states[e.to_state].label if e.to_state in states else "", "actor": e.actor, "behalf": e.behalf,
            "behalf_label": definition.people.get(e.behalf, ""), "payload": json.loads(e.payload), "hash": e.hash,
        })  # fmt: skip
    return out


def as_lines(body: Mapping[str, Any]) -> list[str]:
    """`show` for people."""
    lines = [f"案件 {body['case_no']}  {body['worker']['name']}  {body['office']}  {body['stage_label']}",
             f"单位：{body['employer']}    诊断：{body['disease']}，{body['diagnosed_on'] or '还没有作出'}"]  # fmt: skip
    for m in body["matters"]:
        lines += [f"[{m['label']}] {m['state_label']}（第 {m['version']} 版）", f"  {m['public']}"]
        for c in m["clocks"]:
            who = f"（{c['addressee_label']}）" if c["addressee_label"] else ""
            guessed = "（暂估）" if c["provisional"] else ""
            lines.append(
                f"  时限 {c['label']}{who} {c['code']}：{STATES[c['state']]}，{ENDS[c['kind']]} {c['due_on'] or '未定'}{guessed}，"
                f"内控 {c['safe_on'] or '未定'}"
            )
        for a in m["actions"]:
            lines.append(
                f"  可办 {a['action']}（{a['label']}）由{'、'.join(a['by'])}"
                + "".join(f"；现在不能：{w}" for w in a["why_not"])
            )
    lines += [f"待办：{t['text']}" for t in body["tasks"]]
    lines += [f"记录 {e['seq']}  {e['at'][:16]}  {e['actor']}  {e['label']}  {e['to_label']}" for e in body["events"]]
    return lines


STATES = {"unstarted": "起算日待补录", "running": "在走", "paused": "中止", "met": "已了结", "stopped": "已停"}
ENDS = {"deadline": "届满", "earliest": "最早可以办", "effect": "届时生效", "start_month": "起发月"}
"""What the day of a clock means, by its kind; only a deadline can be late."""
KEPT = {"timely": "按时", "late": "超期", "backdated": "届满后补记"}
"""How a settled limit of the law was kept (workflow.deadlines.kept)."""
