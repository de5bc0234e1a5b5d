"""The conditions states.yaml may name under `if:`, registered by name when this package is loaded."""

from workflow.guards import (
    advance,
    appraisal,
    appraisal_more,
    benefit,
    benefit_more,
    benefit_orders,
    benefit_stops,
    diagnosis,
    papers,
    recognition,
    recognition_more,
    remedy,
)
from workflow.guards.appraisal import named_conflicts
from workflow.guards.base import ADVICE, MARKS, REGISTRY, RETIRED, WAITS, asked_papers, guard, missing_papers
from workflow.guards.benefit import monthly_lines
from workflow.guards.recognition import proposal

__all__ = [
    "ADVICE",
    "MARKS",
    "REGISTRY",
    "RETIRED",
    "WAITS",
    "advance",
    "appraisal",
    "appraisal_more",
    "asked_papers",
    "benefit",
    "benefit_more",
    "benefit_orders",
    "benefit_stops",
    "diagnosis",
    "guard",
    "missing_papers",
    "monthly_lines",
    "named_conflicts",
    "papers",
    "proposal",
    "recognition",
    "recognition_more",
    "remedy",
]
