"""Recording who received a document whose delivery moves no matter: the link on the case page and its small form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from web.auth import current_actor, roles
from web.db import store
from web.window_base import beside, blueprint, case_of, matter_in_url, posted, posted_key, readable
from web.window_view import fields_of
from workflow import cases
from workflow.cases.load import AnyRow, Loaded
from workflow.cases.served import ASKED, SERVERS, act_waiting, document_of, served
from workflow.errors import Conflict, Reason, Refused
from workflow.reading import name_of
from workflow.situation import Actor

Answer = Response | str | tuple[str, int]
NAMES = (*ASKED, "delivery_note")


@blueprint.get("/cases/<case_no>/documents/<int:document_id>/delivery")
@roles(*sorted(SERVERS))
def delivery(case_no: str, document_id: int) -> Answer:
    """The form; a delivery the matter waits for leads to that act, one recorded for everybody back to the case."""
    with store().reading() as session:
        loaded = case_of(session, case_no)
        document = document_of(loaded, document_id)
        if action := act_waiting(loaded, document.id, document.matter_id):
            return redirect(url_for("window.act", case_no=case_no, matter=_matter(loaded, document), action=action))
        if not _left(loaded, document):
            flash(f"《{document.label}》{document.number} 的收件人都登记过送达了。登错了请走更正，不能重登。")
            return redirect(_back(case_no))
        return _form(loaded, document, dict.fromkeys(NAMES, ""), [])


@blueprint.post("/cases/<case_no>/documents/<int:document_id>/delivery")
@roles(*sorted(SERVERS))
def record(case_no: str, document_id: int) -> Answer:
    """Record one delivery, or show the form again with every fault beside its field."""
    with store().reading() as session:
        document_of(case_of(session, case_no), document_id)
    typed = posted(NAMES)
    try:
        done = cases.record_delivery(store(), current_actor(), case_no, document_id, typed, key=posted_key())
    except (Conflict, Refused) as error:
        with store().reading() as session:
            loaded = case_of(session, case_no)
            faults = readable(error.reasons)
            return _form(loaded, document_of(loaded, document_id), typed, faults), error.status
    with store().reading() as session:
        people = case_of(session, case_no).definition.people
    flash(f"已登记送达：{done['number']}，{people.get(done['addressee'], done['addressee'])}。")
    return redirect(_back(case_no), 303)


def served_view(
    loaded: Loaded,
    document: Mapping[str, Any],
    deliveries: Sequence[Mapping[str, Any]],
    matters: Mapping[int, Mapping[str, Any]],
    actor: Actor,
) -> dict[str, Any]:
    """How a document stands with each addressee, and where this person records the next delivery ('' where he may not).

    `matters`: the case page's matters by their ids, with what this person can do there.
    """
    known = {d["addressee"]: d for d in deliveries if d["document"] == document["id"]}
    people = loaded.definition.people
    to = [
        {
            "label": people.get(who, who),
            "way": known[who]["way_label"] if who in known else "",
            "day": known[who]["received_on"] if who in known else "",
        }
        for who in document["addressees"]
    ]
    all_known = set(document["addressees"]) <= set(known)
    return {"to": to, "serve": "" if all_known else _where(loaded, document, matters, actor)}


def _where(loaded: Loaded, document: Mapping[str, Any], matters: Mapping[int, Mapping[str, Any]], actor: Actor) -> str:
    case_no = loaded.row.case_no
    if action := act_waiting(loaded, document["id"], document["matter_id"]):
        page = matters[document["matter_id"]]
        mine = any(a["action"] == action for a in (*page["own"]["can"], *page["more"]["can"]))
        return url_for("window.act", case_no=case_no, matter=page["url"], action=action) if mine else ""
    if not actor.roles & SERVERS:
        return ""
    return url_for("window.delivery", case_no=case_no, document_id=document["id"])


# --- the form --------------------------------------------------------------------------------------------------------


def _form(loaded: Loaded, document: AnyRow, typed: Mapping[str, str], faults: Sequence[Reason]) -> str:
    facts, left = loaded.definition.facts, _left(loaded, document)
    only = {"addressee": left}
    fields = fields_of([facts[n] for n in ASKED], optional=False, given=typed, only=only)
    fields += fields_of([facts["delivery_note"]], optional=True, given=typed, only={})
    return render_template(
        "window_served.html",
        case_no=loaded.row.case_no,
        row=loaded.row,
        document=document,
        fields=fields if left else [],
        faults=faults if left else [Reason(f.text, f.code) for f in faults],
        wrong=beside(faults),
    )


def _left(loaded: Loaded, document: AnyRow) -> list[str]:
    """The addressees not yet recorded, in the order of the document."""
    known = served(loaded, document.id)
    return [who for who in document.addressees if who not in known]


def _matter(loaded: Loaded, document: AnyRow) -> str:
    row = next(m for m in loaded.matters if m.id == document.matter_id)
    return matter_in_url(name_of(loaded, row))


def _back(case_no: str) -> str:
    return url_for("window.case", case_no=case_no, _anchor="documents")
