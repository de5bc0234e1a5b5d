"""Facts the acts of diagnosis and remedy (职业病诊断、复议诉讼) make themselves. Pure; registered by being imported."""

from __future__ import annotations

from workflow.guards.remedy import is_inaction
from workflow.preparations.base import Prepared, preparation
from workflow.situation import Situation

NORMAL = {"review": ("apply_review",), "suit": ("sue_direct",), "both": ("apply_review", "sue_direct")}
"""What the document did not tell → the clocks that do not run from its receipt (行政复议法#20.3, 行政诉讼法解释#64)."""
LATER = {"review": ("sue_told",), "suit": ("review_told",), "both": ()}
"""What it did not tell → the clocks that have no need to run from being told."""


@preparation
def note_closed(s: Situation) -> Prepared:
    """Where the matter stood when it was closed: what was done in time and heard of late is measured by that."""
    return Prepared({"closed_in": s.state.name})


@preparation
def untold_clocks(s: Situation) -> Prepared:
    """Periods the document did not tell do not run from its receipt."""
    return Prepared(stop=NORMAL.get(str(s.given.get("untold") or ""), ()))


@preparation
def told_clocks(s: Situation) -> Prepared:
    """Only what had not been told runs from the day it was."""
    return Prepared(stop=LATER.get(str(s.facts.get("untold") or ""), ()))


@preparation
def suit_windows(s: Situation) -> Prepared:
    """What may still be done after a review that came to nothing: no second review once it was accepted (行政复议法#74.2),
    no direct suit against inaction (行政复议法#23.1(3))."""
    gone = ("apply_review",) if is_inaction(s) or s.facts.get("review_accepted_on") else ()
    return Prepared(stop=(*gone, "sue_direct") if is_inaction(s) else gone)


@preparation
def deemed_acceptance(_s: Situation) -> Prepared:
    """Accepted by silence (行政复议法#30.3): what the body really did in time may still come to light."""
    return Prepared({"deemed": True})


@preparation
def real_acceptance(_s: Situation) -> Prepared:
    return Prepared({"deemed": False})


@preparation
def note_review(s: Situation) -> Prepared:
    """The review's own outcome, kept beside what a court says of it later."""
    return Prepared({"review_outcome": s.given.get("outcome")})


def _result(s: Situation, result: str) -> Prepared:
    """The result, and the one before it: conditions are asked after this has been made."""
    return Prepared({"diagnosis_result": result, "result_before": s.facts.get("diagnosis_result", "")})


@preparation
def positive_diagnosis(s: Situation) -> Prepared:
    return _result(s, "positive")


@preparation
def negative_diagnosis(s: Situation) -> Prepared:
    return _result(s, "negative")


def _level(s: Situation, level: str) -> Prepared:
    return Prepared({"da_level": level, "da_level_before": s.facts.get("da_level", "")})


@preparation
def city_level(s: Situation) -> Prepared:
    """First appraisal of a diagnosis: the city's (职业病诊断与鉴定管理办法#35)."""
    return _level(s, "city")


@preparation
def region_level(s: Situation) -> Prepared:
    """Second and last appraisal of a diagnosis: the region's (职业病诊断与鉴定管理办法#35)."""
    return _level(s, "region")
