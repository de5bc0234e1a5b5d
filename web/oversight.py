"""The supervisor's face: overdue and stalled cases, the audit trail."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import func, select

from web.auth import current_actor, roles
from web.db import store
from web.nav import NavItem
from workflow import clock
from workflow.models import Matter

blueprint = Blueprint("oversight", __name__, url_prefix="/oversight")
WATCHERS = frozenset({"supervisor", "auditor"})
NAV = (NavItem("oversight.overview", "督办总览", WATCHERS),)


@blueprint.get("/")
@roles(*WATCHERS)
def overview() -> str:
    """How many open matters this person oversees, and how many of them are past their day."""
    actor = current_actor()
    query = select(func.count(), func.count().filter(Matter.late_on < clock.today())).where(Matter.closed_on.is_(None))
    if not actor.city:
        query = query.where(Matter.office_id == actor.office_id)
    with store().reading() as session:
        total, late = session.execute(query).one()
    return render_template("oversight_overview.html", total=total, late=late)
