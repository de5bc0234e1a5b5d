"""What states.yaml may name under `prepare:`: facts an act makes itself (a draw, a list, a computation).

Pure, and made before the act's conditions are asked.
"""

from workflow.preparations import benefit, orders, recognition, remedy
from workflow.preparations.base import ASK_FIGURES, REGISTRY, RETIRED, Prepared, preparation
from workflow.preparations.common import draw

__all__ = [
    "ASK_FIGURES",
    "REGISTRY",
    "RETIRED",
    "Prepared",
    "benefit",
    "draw",
    "orders",
    "preparation",
    "recognition",
    "remedy",
]
