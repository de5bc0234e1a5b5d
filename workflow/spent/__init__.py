"""Whose clock: the days of a case split by who held it, running and paused apart; nobody is given another's time.

tally.py   the rule, pure: every day of a matter is one owner's, a pause with its ground, or nobody's
rows.py    clock rows as runs
case.py    one case, exact, with what its events tell
office.py  many cases by office and owner, from the rows alone
"""

from __future__ import annotations

from workflow.spent.case import of_case
from workflow.spent.office import by_owner

__all__ = ["by_owner", "of_case"]
