"""The clocks of matters: their rows (ClockBook), their days (Reckoning), and what rows tell (summarize, light, kept)."""

from workflow.deadlines.book import CHANGING, COLUMNS, PARTY, SETTLED, ClockBook
from workflow.deadlines.reckoning import LEFT_OUT, PARTY_OWNERS, Reckoning
from workflow.deadlines.rows import kept, light, next_round, over_when_placed, placed_day, summarize

__all__ = [
    "CHANGING",
    "COLUMNS",
    "LEFT_OUT",
    "PARTY",
    "PARTY_OWNERS",
    "SETTLED",
    "ClockBook",
    "Reckoning",
    "kept",
    "light",
    "next_round",
    "over_when_placed",
    "placed_day",
    "summarize",
]
