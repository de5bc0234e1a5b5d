"""The only door for writes: open_case, perform, fill_in, record_delivery. And what can be done now, and why the rest cannot."""

from __future__ import annotations

from workflow.cases.door import Outcome, perform
from workflow.cases.filling import fill_in
from workflow.cases.intake import open_case
from workflow.cases.now import Choice, choices
from workflow.cases.served import record_delivery

__all__ = ["Choice", "Outcome", "choices", "fill_in", "open_case", "perform", "record_delivery"]
