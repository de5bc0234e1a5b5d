"""The only door for writes: open_case, perform, fill_in, record_delivery, finish_task. And what can be done now, and why the rest cannot."""

from __future__ import annotations

from workflow.cases.door import Outcome, perform
from workflow.cases.filling import fill_in
from workflow.cases.intake import open_case
from workflow.cases.now import Choice, choices
from workflow.cases.served import record_delivery
from workflow.cases.tasks import KIND as TASK
from workflow.cases.tasks import finish_task

__all__ = ["TASK", "Choice", "Outcome", "choices", "fill_in", "finish_task", "open_case", "perform", "record_delivery"]
