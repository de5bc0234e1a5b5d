"""The local figures (平均工资、最低工资): entered by one person with the number of the notice, approved by another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from web.auth import current_actor, roles
from web.db import settings, store
from web.nav import NavItem
from workflow import figures
from workflow.benefits.figures import CONFIDENCES, KINDS, SCOPES
from workflow.cases.typed import parse_day
from workflow.errors import BadInput, Reason
from workflow.figures import KEEPERS
from workflow.models import LocalFigure, Office

blueprint = Blueprint("figures", __name__)
NAV = (NavItem("figures.page", "地方数据", KEEPERS),)
FIELDS = ("kind", "scope", "year", "effective_on", "value", "notice", "confidence", "demo")
Answer = Response | str | tuple[str, int]
_WHERE = re.compile(r"^第 1 条")


@blueprint.get("/figures")
@roles(*KEEPERS)
def page() -> str:
    """All figures with their standing, and a form for one more."""
    return _page({"kind": next(iter(KINDS)), "scope": "city", "confidence": ""})


@blueprint.post("/figures")
@roles(*KEEPERS)
def add() -> Answer:
    """Enter one figure; it waits for a second person."""
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        done = figures.add_figures(store(), current_actor(), [_row(given)])
    except BadInput as error:
        return _page(given, [_without_row(r) for r in error.reasons]), 400
    if done.unchanged:
        flash("这条数据原来就有，没有重复录入。")
    else:
        flash("已录入，等另一人核对通知原文后批准。批准以前不能用于核定。")
    return redirect(url_for("figures.page"), 303)


@blueprint.post("/figures/<int:figure_id>/approve")
@roles(*KEEPERS)
def approve(figure_id: int) -> Answer:
    """Approve a figure another person entered."""
    row = figures.approve(store(), current_actor(), figure_id)
    flash(f"已批准：{row.label} {row.value} 元（{row.notice}）。")
    return redirect(url_for("figures.page"), 303)


def _row(given: dict[str, str]) -> dict[str, Any]:
    """The fields as the engine takes them: what people type in full width or with commas is the same number or day."""
    row: dict[str, Any] = dict(given)
    row["value"] = unicodedata.normalize("NFKC", given["value"]).replace(",", "").strip()
    row["year"] = unicodedata.normalize("NFKC", given["year"]).strip() or None
    row["demo"] = "true" if given["demo"] == "yes" else "false"
    try:
        row["effective_on"] = parse_day(given["effective_on"]).isoformat()
    except ValueError:
        row["effective_on"] = given["effective_on"]
    return row


def _without_row(reason: Reason) -> Reason:
    """A form has no first row to speak of."""
    return Reason(_WHERE.sub("", reason.text), reason.code, reason.law, reason.who, reason.field)


def _page(given: dict[str, str], faults: Sequence[Reason] = ()) -> str:
    me = current_actor()
    with store().reading() as session:
        rows = figures.listing(session)
        mine = set(session.scalars(select(LocalFigure.id).where(LocalFigure.entered_by == me.id)))
        counties = list(session.scalars(select(Office.county).where(~Office.city).order_by(Office.code)))
    return render_template(
        "figures_page.html", rows=rows, mine=mine, faults=list(faults), given={n: given.get(n, "") for n in FIELDS},
        kinds=[(k, f"{v.label}（{v.hint}）") for k, v in KINDS.items()],
        scopes=[*SCOPES.items(), *((c, c) for c in counties)], confidences=list(CONFIDENCES.items()),
        demo_allowed=settings().demo,
    )  # fmt: skip
