"""The window's face: the worklist and the search; intake, case pages and acts stand in the window_* modules."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from web import window_act, window_case, window_files, window_intake, window_served, window_whatif
from web.auth import current_actor, roles
from web.db import store
from web.nav import NavItem
from web.window_base import INTAKE, WORKERS, blueprint
from workflow import search, worklist
from workflow.cases.opening import current_definition
from workflow.definition.model import Definition
from workflow.models import Office
from workflow.permissions import READERS
from workflow.situation import Actor
from workflow.worklist import Asked

__all__ = [
    "NAV",
    "blueprint",
    "window_act",
    "window_case",
    "window_files",
    "window_intake",
    "window_served",
    "window_whatif",
]
NAV = (NavItem("window.work", "我的待办", WORKERS), NavItem("window.intake", "登记案件", INTAKE))
PARAMETERS = ("tab", "stage", "office", "mine", "q", "person", "page")


@blueprint.get("/work")
@roles(*READERS)
def work() -> str:
    """The worklist: what is asked for stands in the address, so that a list can be kept and handed on."""
    actor = current_actor()
    asked = _asked(actor)
    page = worklist.look(store(), actor, asked)
    with store().reading() as session:
        definition = store().definition(session, current_definition(session)[0])
        offices = session.execute(select(Office.code, Office.county).order_by(Office.code)).all() if actor.city else []
    tabs = [
        {"label": label, "count": page.counts[tab], "here": tab == asked.tab, "href": _href(asked, tab=tab, page=1)}
        for tab, label in worklist.TABS.items()
    ]
    return render_template(
        "window_work.html",
        asked=asked,
        page=page,
        tabs=tabs,
        stage=_stage(asked),
        stages=_stages(definition),
        offices=[("", "全市"), *((o.code, o.county) for o in offices)] if offices else [],
        href=lambda number: _href(asked, page=number),
        everything=_href(asked, mine=False, page=1),
        mine_only=_href(asked, mine=True, page=1),
        turns=bool(actor.roles & WORKERS),
    )


@blueprint.post("/search")
@roles(*READERS)
def find() -> Response:
    """One box for everything. A whole identity number is looked up here and never gets into an address."""
    actor, text = current_actor(), search.tidy(request.form.get("q", ""))
    if search.looks_like_identity(text):
        person = search.find_person(store(), text)
        case_no = search.only_case(store(), actor, person=person) if person else ""
        if case_no:
            return redirect(url_for("window.case", case_no=case_no), 303)
        if not person:
            flash("没有找到这个身份证号码的案件，或者它不归本局查看。请核对号码；还没有登记的，请登记案件。")
            return redirect(url_for("window.work"), 303)
        return redirect(url_for("window.work", person=person, mine="0"), 303)
    number = search.case_number(text)
    if number and search.only_case(store(), actor, case_no=number):
        return redirect(url_for("window.case", case_no=number), 303)
    return redirect(url_for("window.work", q=text, mine="0") if text else url_for("window.work"), 303)


# --- what stands in the address --------------------------------------------------------------------------------------


def _asked(actor: Actor) -> Asked:
    """The filters of the address; what makes no sense there is left out."""
    args = {name: search.tidy(request.args.get(name, "")) for name in PARAMETERS}
    matter, _, state = args["stage"].partition(".")
    searching = bool(args["q"] or args["person"])
    mine = (args["mine"] or ("0" if searching else "1")) == "1"
    page = args["page"]
    return Asked(
        tab=args["tab"] if args["tab"] in worklist.TABS else "all",
        matter=matter,
        state=state,
        office=args["office"],
        mine=mine and bool(actor.roles & WORKERS),
        text=args["q"],
        person=args["person"],
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _stage(asked: Asked) -> str:
    return f"{asked.matter}.{asked.state}" if asked.state else asked.matter


def _href(asked: Asked, **other: Any) -> str:
    """The address of the same list with something else asked."""
    given = {
        "tab": asked.tab,
        "stage": _stage(asked),
        "office": asked.office,
        "mine": asked.mine,
        "q": asked.text,
        "person": asked.person,
        "page": asked.page,
        **other,
    }
    shown = {k: v for k, v in given.items() if v and (k, v) not in (("tab", "all"), ("page", 1))}
    return url_for("window.work", **{**shown, "mine": "1" if given["mine"] else "0"})


def _stages(definition: Definition) -> list[tuple[str, str]]:
    """Every matter and every state of it that is no end, for the filter."""
    found = [("", "全部")]
    for m in definition.matters.values():
        found.append((m.name, f"{m.label}：全部"))
        found += [(f"{m.name}.{s.name}", f"{m.label}：{s.label}") for s in m.states.values() if not s.end]
    return found
