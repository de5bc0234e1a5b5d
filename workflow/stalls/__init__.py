"""What stands still, by classes derived from the process file (classes.py), and where it is found (found.py)."""

from workflow.stalls.classes import KINDS, MORE, StallClass, derive
from workflow.stalls.found import (
    CLOCK_COLUMNS,
    COLUMNS,
    Stall,
    clock_stall,
    find,
    label_of,
    machine,
    only_settles,
    unwatched_stall,
)

__all__ = [
    "CLOCK_COLUMNS",
    "COLUMNS",
    "KINDS",
    "MORE",
    "Stall",
    "StallClass",
    "clock_stall",
    "derive",
    "find",
    "label_of",
    "machine",
    "only_settles",
    "unwatched_stall",
]
