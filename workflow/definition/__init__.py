"""The process: states.yaml read into frozen dataclasses, or refused with every fault at once."""

from workflow.definition.faults import DefinitionFaults, Fault
from workflow.definition.loader import check_states_in_use, load, loads

__all__ = ["DefinitionFaults", "Fault", "check_states_in_use", "load", "loads"]
