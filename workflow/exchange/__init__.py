"""The city's two forms, 附件2 (enterprises) and 附件3 (diagnosed workers): read here, written by `intake`."""

from __future__ import annotations

from workflow.exchange.faults import Fault
from workflow.exchange.forms import Form, county_in, read_form
from workflow.exchange.rows import EmployerRow, WorkerRow, employer_key

__all__ = ["EmployerRow", "Fault", "Form", "WorkerRow", "county_in", "employer_key", "read_form"]
