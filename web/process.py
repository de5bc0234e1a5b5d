"""The process drawn and told: for everybody what a worker needs, for staff the same matters as they read them.

What is shown is the version new cases run under; docs/process.md is made from the same definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from flask import Blueprint, Response, render_template, request, url_for
from markupsafe import Markup

from web.auth import public, roles
from web.db import store
from web.nav import NavItem
from workflow import process_map
from workflow.accounts import STAFF
from workflow.cases.opening import current_definition
from workflow.definition.model import Definition
from workflow.errors import NotFound

blueprint = Blueprint("process", __name__, url_prefix="/process")
READERS: Mapping[str, str] = {k: v for k, v in process_map.LEVELS.items() if k != "worker"}
NAV = (NavItem("process.staff", "流程图", frozenset(STAFF)),)


@blueprint.get("")
@public
def worker() -> str:
    """Every matter as a worker reads it: a list, no picture and no script needed."""
    definition = _definition()
    told = [(name, process_map.told(definition, name)) for name in definition.matters]
    return render_template("process_public.html", told=told)


@blueprint.get("/worker/<matter>.svg")
@public
def worker_picture(matter: str) -> Response:
    """One matter as a sheet to print and hang up."""
    return _svg(_drawn(_asked("worker", matter)).document)


@blueprint.get("/staff")
@roles(*STAFF)
def staff() -> str:
    """The first page for staff: the picture of how matters open each other, and the way to the rest."""
    return _page("desk", "")


@blueprint.get("/<level>")
@roles(*STAFF)
def read(level: str) -> str:
    """One matter at one reading level, `?matter=`; how matters open each other where none is named."""
    if level not in READERS:
        raise NotFound("没有这种读法。请从页面上的“窗口、督办、法律”里选。")
    return _page(level, request.args.get("matter", "")[:80])


@blueprint.get("/<level>/<matter>.svg")
@roles(*STAFF)
def picture(level: str, matter: str) -> Response:
    """The same picture as one file."""
    if level not in READERS:
        raise NotFound("没有这种读法。请从页面上的“窗口、督办、法律”里选。")
    return _svg(_drawn(_asked(level, matter)).document)


# --- inside -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Key:
    """What a picture depends on; the definition itself goes by its digest."""

    digest: str
    level: str
    matter: str
    definition: Definition = field(compare=False)


@dataclass(frozen=True)
class _Drawing:
    title: str
    sheets: tuple[str, ...]
    document: str
    outline: process_map.Outline


@lru_cache(maxsize=64)
def _drawn(key: _Key) -> _Drawing:
    drawn = (
        process_map.overview(key.definition)
        if not key.matter
        else process_map.picture(key.definition, key.level, key.matter)
    )
    sheets, whole = process_map.sheets(drawn), process_map.document(drawn)
    return _Drawing(drawn.title, tuple(sheets), whole, process_map.outline(drawn))


def _definition() -> Definition:
    with store().reading() as session:
        return store().definition(session, current_definition(session)[0])


def _asked(level: str, matter: str) -> _Key:
    definition = _definition()
    if matter and matter not in definition.matters:
        raise NotFound("流程里没有这个事项。请从页面上的事项里选。")
    return _Key(definition.digest, level, matter, definition)


def _page(level: str, matter: str) -> str:
    key = _asked(level, matter)
    drawing = _drawn(key)
    labels = {"": "全部怎样接起来", **{m.name: m.label for m in key.definition.matters.values()}}
    readers = [{"href": _href(k, matter), "label": label, "here": k == level} for k, label in READERS.items()]
    matters = [{"href": _href(level, m), "label": label, "here": m == matter} for m, label in labels.items()]
    return render_template(
        "process_staff.html", title=drawing.title, sheets=[Markup(s) for s in drawing.sheets], outline=drawing.outline,
        readers=readers, matters=matters, level=level, matter=matter, version=key.definition.version,
    )  # fmt: skip


def _href(level: str, matter: str) -> str:
    return url_for("process.read", level=level, matter=matter or None)  # None leaves it out of the address


def _svg(text: str) -> Response:
    return Response(text, mimetype="image/svg+xml")
