"""Benefits (待遇核定): facts and dated figures → cited lines in Decimal. Pure; no database, no clock, never a float.

`determine` answers with lines or raises: `BadInput` with every fault, `UnknownFigure` naming every figure it lacks.
"""

from workflow.benefits.determine import Determination, Later, Line, OwnWage, determine
from workflow.benefits.facts import BenefitFacts, read_facts
from workflow.benefits.figures import KINDS, Figure, FigureBook, FigureUsed, Kind
from workflow.benefits.sheet import as_json, to_document

__all__ = [
    "KINDS",
    "BenefitFacts",
    "Determination",
    "Figure",
    "FigureBook",
    "FigureUsed",
    "Kind",
    "Later",
    "Line",
    "OwnWage",
    "as_json",
    "determine",
    "read_facts",
    "to_document",
]
