"""The worker's face: ask with case number and the last four of the identity number, without account or JavaScript."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.auth import public
from web.nav import NavItem

blueprint = Blueprint("portal", __name__)
NAV: tuple[NavItem, ...] = ()


@blueprint.get("/")
@public
def start() -> str:
    """The look-up form."""
    return render_template("portal_start.html", answer="")


@blueprint.post("/")
@public
def look_up() -> tuple[str, int]:
    """The search is not built yet, and the page says so."""
    return render_template("portal_start.html", answer="网上查询还没有开通。请打下面的电话，报案件编号就可以问。"), 503
