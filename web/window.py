"""The window's face: worklist, intake, case pages."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import func, select

from web.auth import current_actor, roles
from web.db import store
from web.nav import NavItem
from workflow.models import Matter
from workflow.permissions import READERS

blueprint = Blueprint("window", __name__, url_prefix="/window")
WORKERS = READERS - {"supervisor", "auditor"}
NAV = (NavItem("window.worklist", "我的待办", WORKERS),)


@blueprint.get("/")
@roles(*WORKERS)
def worklist() -> str:
    """How many matters are open at this person's office."""
    actor = current_actor()
    count = select(func.count()).select_from(Matter).where(Matter.closed_on.is_(None))
    if not actor.city:
        count = count.where(Matter.office_id == actor.office_id)
    with store().reading() as session:
        return render_template("window_worklist.html", open_matters=session.scalar(count))
