"""The clocks of matters: their rows (ClockBook), their days (Reckoning), and what rows tell (summarize, light, kept)."""

from workflow.deadlines.book import CHANGING, COLUMNS, SETTLED, ClockBook, write_counters
from workflow.deadlines.reckoning import LEFT_OUT, Reckoning
from workflow.deadlines.rows import COUNTERS, kept, light, next_round, over_when_placed, placed_day, summarize

__all__ = [
    "CHANGING",
    "COLUMNS",
    "COUNTERS",
    "LEFT_OUT",
    "SETTLED",
    "ClockBook",
    "Reckoning",
    "kept",
    "light",
    "next_round",
    "over_when_placed",
    "placed_day",
    "summarize",
    "write_counters",
]
