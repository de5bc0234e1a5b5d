"""The employer's face: its own workers, its own 30 日, what it must do. Whatever is another's is not there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from documents.facts import article
from web.auth import current_actor, roles
from web.db import store
from web.nav import NavItem
from workflow import employees
from workflow.employees import PER_PAGE, ROLE, Duty
from workflow.errors import NotFound

blueprint = Blueprint("employer", __name__, url_prefix="/employer")
NAV = (NavItem("employer.people", "本单位职工", frozenset({ROLE})),)
MOST_PAGES = 100_000
"""A number beyond every list, and within what a database counts with."""
SETTLED = {"paused": "时限中止", "unstarted": "起算日待补录", "met": "已了结", "stopped": "已停止"}


@blueprint.get("/")
@roles(ROLE)
def people() -> str:
    """The employer's workers, the most urgent first."""
    page = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    found, total = employees.people(store(), _mine(), page)
    running, over = employees.counts(store(), _mine())
    return render_template(
        "employer_people.html", people=found, total=total, running=running, over=over, page=page,
        pages=max(1, -(-total // PER_PAGE)), href=_page_address, countdown=countdown,
    )  # fmt: skip


@blueprint.get("/cases/<case_no>")
@roles(ROLE)
def case(case_no: str) -> str:
    """One worker's case, as far as it is the employer's business."""
    _mine()
    found = employees.file_of(store(), case_no, current_actor())
    return render_template("employer_case.html", file=found, countdown=countdown, article=article)


def countdown(duty: Duty | None) -> dict[str, Any]:
    """The light and the words of the employer's own limit; kind '' for one that no longer runs."""
    if duty is None or duty.days_left is None:
        return {
            "kind": "paused" if duty and duty.state == "paused" else "",
            "text": SETTLED[duty.state] if duty else "—",
        }
    left = duty.days_left
    if duty.right:
        return {"kind": "", "text": f"还有 {left} 天可以提出" if left else "今天是最后一天"}
    text = f"还剩 {left} 天" if left > 0 else "今天到期" if left == 0 else f"已超过 {-left} 天"
    return {"kind": duty.light, "text": text}


def _page_address(page: int) -> str:
    return url_for("employer.people", page=page)


def _mine() -> int:
    """The employer this account belongs to; an account without one sees nothing."""
    employer_id = current_actor().employer_id
    if employer_id is None:
        raise NotFound("这个账号没有所属单位。")
    return employer_id
