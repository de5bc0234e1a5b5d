"""The case page: where everything of one case stands, what can be done now and why the rest cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from web.auth import current_actor, roles
from web.db import settings, store
from web.window_base import beside, blueprint, case_of, posted_key, readable
from web.window_files import log_access, place_of
from web.window_served import served_view
from web.window_view import fact_pairs, fields_of, flat, history, matters_page
from workflow import cases, permissions, reading, sealed, spent, words
from workflow.cases.filling import CASE_FACTS, FILLERS, RECEIVED
from workflow.cases.load import Loaded
from workflow.definition.model import FactDef
from workflow.errors import Conflict, Reason, Refused
from workflow.models import Instrument, Office, Outbox, Print
from workflow.stages import headline

Answer = Response | str | tuple[str, int]


@blueprint.get("/cases/<case_no>")
@roles(*permissions.READERS)
def case(case_no: str) -> str:
    """One case."""
    return _page(case_no)


@blueprint.post("/cases/<case_no>/identity")
@roles(*permissions.READERS)
def unmask(case_no: str) -> str:
    """The same page with identity number and telephone in full, this once; who asked is kept."""
    with store().reading() as session:
        case_id = case_of(session, case_no).row.id
    log_access(case_id, "显示身份证号码和电话")
    return _page(case_no, unmasked=True)


@blueprint.post("/cases/<case_no>/fill")
@roles(*sorted(FILLERS))
def fill(case_no: str) -> Answer:
    """Fill in what was unknown (补录); blank fields stay unknown."""
    matter = request.form.get("matter", "")
    prefix = f"{matter or 'case'}-"
    typed = {k: v for k, v in request.form.items() if k.startswith(prefix)}
    facts = {k.removeprefix(prefix): v.strip() for k, v in typed.items() if v.strip()}
    try:
        done = cases.fill_in(store(), current_actor(), case_no, facts, matter, key=posted_key())
    except (Conflict, Refused) as error:
        faults = [Reason(r.text, r.code, r.law, r.who, prefix + r.field if r.field else "") for r in error.reasons]
        return _page(case_no, faults=readable(faults), given=typed), error.status
    started = f" 开始计时：{'、'.join(done['started'])}。" if done["started"] else ""
    flash(f"已补录 {len(done['filled'])} 项。{started}")
    return redirect(url_for("window.case", case_no=case_no), 303)


@blueprint.post("/cases/<case_no>/tasks/<int:task_id>")
@roles(*permissions.READERS)
def finish(case_no: str, task_id: int) -> Answer:
    """End a task an act gave to somebody, with what was done about it."""
    note = request.form.get(f"note-{task_id}", "")
    try:
        cases.finish_task(store(), current_actor(), case_no, task_id, note)
    except Refused as error:
        faults = [Reason(r.text, r.code, r.law, r.who, f"note-{task_id}" if r.field else "") for r in error.reasons]
        return _page(case_no, faults=readable(faults), note=note), error.status
    flash("这项待办已经办结，记入办理记录。")
    return redirect(url_for("window.case", case_no=case_no), 303)


def _page(
    case_no: str,
    *,
    unmasked: bool = False,
    faults: Sequence[Reason] = (),
    given: Mapping[str, str] | None = None,
    note: str = "",
) -> str:
    actor = current_actor()
    with store().reading() as session:
        loaded = case_of(session, case_no)
        row, definition = loaded.row, loaded.definition
        number = sealed.unseal(settings(), row.id_sealed, f"workers.id_number|{row.uid}")
        office = session.get_one(Office, row.office_id)
        tasks = reading.tasks_of(session, row.id)
        stage = headline(definition, [(m.name, m.state) for m in loaded.matters])
        fillable = bool(actor.roles & FILLERS)
        matters = matters_page(loaded, actor)
        pages = {x["id"]: x for x in flat(matters)}
        deliveries = _deliveries(loaded)
        return render_template(
            "window_case.html",
            case_no=case_no,
            row=row,
            office={"county": office.county, "phone": office.phone},
            unmasked=unmasked,
            stage=stage,
            stage_of=definition.matters[stage.matter].label,
            id_number=number if unmasked else words.mask_id(number),
            phone=row.phone if unmasked else words.mask_phone(row.phone),
            more=fact_pairs(definition, row.facts),
            matters=matters,
            documents=[{**d, **served_view(loaded, d, deliveries, pages, actor)} for d in _documents(loaded)],
            deliveries=deliveries,
            payments=[{**p, "amount": Decimal(p["amount"])} for p in loaded.payments()],
            fills=_fills(loaded, tasks, given or {}) if fillable else [],
            tasks=[
                {**t, "mine": t["kind"] == cases.TASK and t["owner"] in actor.roles}
                for t in tasks
                if t["kind"] != "fill" or not fillable
            ],
            note=note,
            people=definition.people,
            history=history(loaded),
            spent=spent.of_case(loaded),
            faults=faults,
            wrong=beside(faults),
        )


# --- parts -----------------------------------------------------------------------------------------------------------


def _documents(loaded: Loaded) -> list[dict[str, Any]]:
    """Each document with its parts (itself and its delivery returns): printed, waiting, or failed with the reason."""
    orders = select(Outbox.payload, Outbox.error).where(Outbox.case_id == loaded.row.id, Outbox.kind == "print")
    failed = {
        (int(r.payload["instrument"]), str(r.payload.get("part") or "")): r.error
        for r in loaded.session.execute(orders.where(Outbox.state == "failed"))
    }
    files = select(Print.id, Print.file).join(Instrument, Instrument.id == Print.instrument_id)
    sizes = {r.id: _size(r.file) for r in loaded.session.execute(files.where(Instrument.case_id == loaded.row.id))}
    people, out = loaded.definition.people, []
    for d in reading.documents_of(loaded.session, loaded.row.id):
        printed = {p["part"]: p for p in d["prints"]}
        parts = [
            {
                "part": part,
                "label": f"送达回证（{people.get(part, part)}）" if part else "正文",
                "print": printed.get(part),
                "size": sizes.get(printed[part]["id"], "") if part in printed else "",
                "error": failed.get((d["id"], part), ""),
            }
            for part in ("", *d["addressees"])
        ]
        out.append({**d, "parts": parts})
    return out


def _deliveries(loaded: Loaded) -> list[dict[str, Any]]:
    kinds = loaded.definition.instruments
    return [
        {**d, "label": kinds[d["kind"]].label if d["kind"] in kinds else "登记以前作出的文书"}
        for d in reading.deliveries_of(loaded)
    ]


def _fills(loaded: Loaded, tasks: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> list[dict[str, Any]]:
    """One form for what the case does not know, one for each of its matters."""
    wanted: defaultdict[str, list[FactDef]] = defaultdict(list)
    for task in tasks:
        if task["kind"] == "fill":
            wanted[task["matter"]].append(_fact(loaded, task["fact"]))
    return [
        {
            "matter": matter,
            "title": loaded.definition.matters[matter].label if matter else "案件",
            "fields": fields_of(facts, optional=True, given=given, only={}, prefix=f"{matter or 'case'}-"),
        }
        for matter, facts in wanted.items()
    ]


def _fact(loaded: Loaded, name: str) -> FactDef:
    if name in CASE_FACTS:
        return CASE_FACTS[name]
    if name in RECEIVED:
        return FactDef(name, RECEIVED[name][1], "date", hint="按送达回证上签收的日期")
    return loaded.definition.facts[name]


def _size(file: str) -> str:
    """How long the download of a stored print is; a file that is gone says so here already."""
    path = place_of(file)
    return f"{-(-path.stat().st_size // 1024)} KB" if path and path.is_file() else "文件不在"
