"""The worker's face: ask with case number and the last four of the identity number, without account or JavaScript.

The answer stands on the page the form is sent to and nowhere else: no address leads to it, nothing keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from web.auth import public
from web.db import store
from web.nav import NavItem
from web.shared import HOTLINE
from workflow import lookup
from workflow.errors import Reason
from workflow.lookup import Answer
from workflow.roadmap import Step
from workflow.stages import chinese_day

blueprint = Blueprint("portal", __name__)
NAV: tuple[NavItem, ...] = ()
LEAVE_AFTER = 600
"""Seconds an answer stays on a borrowed telephone before the browser goes back to the empty form."""
FOLD_FROM, STAY = 8, 3
NOTHING_FOUND = (
    "没有查到。编号或者后四位可能不对，也可能这一小时里试得太多。请对着回执再看一遍，过一小时再查，或者打下面的电话。"
)
NO_NUMBER = Reason("案件编号填得不对。编号是十位数字，例如 2026-000123。", field="case_no")
NO_TAIL = Reason("后四位填得不对。请填身份证号码最后四个字符，例如 123X。", field="tail")


@blueprint.get("/")
@public
def start() -> str:
    """The look-up form; `?no=` (from the receipt) fills in the number."""
    return _form(case_no=lookup.read_case_no(request.args.get("no", "")[:40]))


@blueprint.post("/")
@public
def look_up() -> Response | tuple[str, int]:
    """The answer, or one and the same page for every way of not finding it."""
    typed = request.form.get("case_no", "")[:40]
    case_no, tail = lookup.read_case_no(typed), lookup.read_tail(request.form.get("tail", "")[:40])
    faults = [f for f, read in ((NO_NUMBER, case_no), (NO_TAIL, tail)) if not read]
    if faults:
        return _form(case_no=case_no or typed, faults=faults), 400
    answer = lookup.look_up(store(), case_no, tail, request.remote_addr or "")
    if answer is None:
        return _form(said=NOTHING_FOUND), 404  # what was typed is not shown again: every such page is the same
    return _page(answer)


def _form(case_no: str = "", said: str = "", faults: list[Reason] | None = None) -> str:
    return render_template("portal_start.html", case_no=case_no, said=said, faults=faults or [])


def _page(answer: Answer) -> Response:
    def helpline() -> dict[str, str]:
        """The office that has the case, at the place where every public page has its telephone."""
        return {"name": answer.office, "phone": answer.phone, "hotline": HOTLINE}

    earlier, steps = _fold(answer.steps)
    response = make_response(
        render_template(
            "portal_answer.html", a=answer, earlier=earlier, steps=steps, helpline=helpline, chinese_day=chinese_day
        )
    )
    response.headers["Refresh"] = f"{LEAVE_AFTER}; url=/"
    return response


def _fold(steps: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
    """A long past is folded away, the last of it stays in sight; nothing is left out."""
    done = sum(step.kind == "done" for step in steps)
    fold = done - STAY if done > FOLD_FROM else 0
    return steps[:fold], steps[fold:]
