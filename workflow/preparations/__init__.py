"""What states.yaml may name under `prepare:`: facts an act makes itself (a draw, a list, a computation).

Pure, and made before the act's conditions are asked.
"""

from workflow.preparations import benefit, orders, recognition, remedy
from workflow.preparations.base import REGISTRY, Prepared, preparation
from workflow.preparations.common import draw

__all__ = ["REGISTRY", "Prepared", "benefit", "draw", "orders", "preparation", "recognition", "remedy"]
