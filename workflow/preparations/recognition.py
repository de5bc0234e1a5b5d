"""What acts of the recognition and the appraisal make themselves: the result noted, the round, a shift of the region's limit."""

from __future__ import annotations

from datetime import date

from workflow.preparations.base import Prepared, preparation
from workflow.situation import Situation


@preparation
def result_yes(_s: Situation) -> Prepared:
    """The decision that now stands recognises an injury; the appraisal asks for it."""
    return Prepared({"recognised": True})


@preparation
def result_no(_s: Situation) -> Prepared:
    """The decision that now stands recognises none."""
    return Prepared({"recognised": False})


@preparation
def first_appraisal(_s: Situation) -> Prepared:
    """An application for a grade, as against one for a re-check."""
    return Prepared({"appraisal_kind": "first"})


@preparation
def recheck_appraisal(s: Situation) -> Prepared:
    """A re-check (工伤保险条例#28); lists of missing papers go to who asked, to the worker where the agency did."""
    asked = str(s.given.get("recheck_applicant") or "worker")
    return Prepared({"appraisal_kind": "recheck", "applicant": "worker" if asked == "agency" else asked})


@preparation
def end_leave(s: Situation) -> Prepared:
    """A grade ends the paid leave (停工留薪期, 工伤保险条例#33.2); a conclusion without a grade does not."""
    graded = str(s.given.get("grade") or "none") != "none"
    return Prepared(stop=("paid_leave",) if graded else ())


@preparation
def void_conclusion(_s: Situation) -> Prepared:
    """A revoked conclusion leaves no grade behind; what it said stays in the history."""
    return Prepared(dict.fromkeys(("grade", "care", "concluded_on", "second_concluded_on"), None))


@preparation
def move_second_exam(s: Situation) -> Prepared:
    """The region's due day moves with a later examination (劳动能力鉴定管理办法#22); an earlier one shortens nothing."""
    old, new = s.given.get("second_exam_was"), s.given.get("second_exam_on")
    moved = (new - old).days if isinstance(old, date) and isinstance(new, date) else 0
    return Prepared({"second_exam_moved_days": moved}, shift_days=max(moved, 0))
