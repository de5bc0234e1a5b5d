"""Taking in a case on one screen, and the receipt (回执) the worker takes home."""

from __future__ import annotations

import re

import segno
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response

from web.auth import current_actor, roles
from web.db import store
from web.window_base import INTAKE, beside, blueprint, case_of, posted, posted_key, readable
from workflow import cases, clock
from workflow.cases.intake import FIELDS, INSURED
from workflow.cases.load import Loaded
from workflow.errors import BadInput, Reason, Refused
from workflow.models import Employer, Event, Office, Paper
from workflow.permissions import READERS
from workflow.search import only_case
from workflow.situation import Actor
from workflow.stages import public_sentence

MOST_EMPLOYERS = 300
NAMES = (*FIELDS, "diagnosed_on", "insured", "dispute", "diagnosing")
INSURED_WORDS = [("yes", "是"), ("no", "否"), ("unknown", "不清楚")]
assert [key for key, _ in INSURED_WORDS] == list(INSURED)
_CASE_NO = re.compile(r"\d{4}-\d{6}")
Answer = Response | str | tuple[str, int]


@blueprint.route("/intake", methods=["GET", "POST"])
@roles(*INTAKE)
def intake() -> Answer:
    """The form; sent, it opens the case or shows every fault beside its field with what was typed."""
    if request.method == "POST":
        return _take_in()
    return _form({**dict.fromkeys(NAMES, ""), "insured": "unknown"}, [])


def _take_in() -> Answer:
    given, actor = posted(NAMES), current_actor()
    try:
        answer = cases.open_case(store(), actor, given, key=posted_key())
    except BadInput as error:
        return _form(given, readable(error.reasons)), error.status
    except Refused as error:
        return _form(given, readable(error.reasons), _existing(actor, error.reasons)), error.status
    case_no = answer["case_no"]
    then = "再办“提出工伤认定申请”" if given["diagnosing"] != "yes" else "诊断有结果时在案件里登记"
    flash(f"已登记，案件编号 {case_no}。请打印回执交给来人，{then}。")
    for warning in answer["warnings"]:
        flash(f"请留意：{warning}")
    return redirect(url_for("window.case", case_no=case_no), 303)


@blueprint.get("/cases/<case_no>/receipt")
@roles(*READERS)
def receipt(case_no: str) -> str:
    """One page for the worker: the number in large letters, a code that opens the look-up, what next, whom to call."""
    with store().reading() as session:
        loaded = case_of(session, case_no)
        first, actor = loaded.matters[0], current_actor()
        office = session.get_one(Office, loaded.row.office_id)
        opened = session.execute(select(Event.at, Event.actor).where(Event.chain == case_no, Event.seq == 1)).one()
        lookup = url_for("portal.start", no=case_no, _external=True)
        return render_template(
            "window_receipt.html",
            case_no=case_no,
            worker=loaded.row.name,
            employer=loaded.row.employer_name,
            office={"name": office.name, "phone": office.phone, "address": office.address},
            papers=_papers(loaded),
            opened=clock.local(opened.at).date(),
            clerk=actor.name,
            sentence=public_sentence(loaded.place(first)[1], loaded.book(first).rows),
            label=loaded.place(first)[0].label,
            lookup=lookup,
            code=qr(lookup),
        )


def qr(text: str) -> Markup:
    """A QR code as inline SVG, read out as what it is for."""
    drawn = segno.make(text, error="m", micro=False)
    svg = drawn.svg_inline(scale=5, border=2, omitsize=True, title="查询进度的二维码", svgclass="qr", lineclass=None)
    return Markup(svg)


def _papers(loaded: Loaded) -> list[tuple[str, str]]:
    """What has been received, in all matters: label and day."""
    rows = loaded.session.execute(
        select(Paper.name, Paper.received_on).where(Paper.case_id == loaded.row.id).order_by(Paper.id)
    )
    return [(loaded.definition.papers[r.name].label, r.received_on.isoformat()) for r in rows]


def _existing(actor: Actor, reasons: tuple[Reason, ...]) -> str:
    """The number of the case that is already there, if this person may open it."""
    for reason in reasons:
        found = _CASE_NO.search(reason.text) if reason.code == "duplicate" else None
        if found:
            return only_case(store(), actor, case_no=found.group())
    return ""


def _form(given: dict[str, str], faults: list[Reason], existing: str = "") -> str:
    actor = current_actor()
    query = select(Employer.name).order_by(Employer.name).limit(MOST_EMPLOYERS)
    if not actor.city:
        query = query.where(Employer.office_id == actor.office_id)
    with store().reading() as session:
        employers = session.scalars(query).all()
    return render_template(
        "window_intake.html",
        given=given,
        faults=faults,
        wrong=beside(faults),
        employers=employers,
        existing=existing,
        insured=INSURED_WORDS,
    )
