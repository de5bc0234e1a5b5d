"""Definition → `transitions`: the judge of from → to. One machine per matter and definition, one reused proxy per thread.

`transitions` gets real state names and no conditions, no callbacks and no ORM row: why_not() asks the conditions
beforehand (a failed condition in `transitions` answers False without saying why), effects are written by the engine.
"""

from __future__ import annotations

import threading
from typing import Any

from transitions import Machine, MachineError

from workflow.definition.model import ActionDef, Definition, MatterDef
from workflow.errors import Reason, Refused
from workflow.guards import REGISTRY
from workflow.situation import Situation


class Proxy:
    """Stands for whichever matter is being asked about; never a database row."""

    state: str


class MatterMachine:
    """The machine of one matter of one definition."""

    def __init__(self, matter: MatterDef) -> None:
        self._local = threading.local()
        triggers = [
            {"trigger": f"do_{a.name}", "source": s.name, "dest": a.to}
            for s in matter.states.values()
            for a in s.actions.values()
        ]
        self._shape: dict[str, Any] = {
            "states": list(matter.states),
            "initial": matter.start,
            "transitions": triggers,
            "auto_transitions": False,
        }

    def step(self, state: str, action: str) -> str:
        """The state after `action` from `state`. Raises Refused when there is no such way."""
        proxy: Any = getattr(self._local, "proxy", None)
        if proxy is None:
            proxy = Proxy()
            self._local.machine = Machine(proxy, **self._shape)
            self._local.proxy = proxy
        self._local.machine.set_state(state, proxy)
        try:
            if not proxy.trigger(f"do_{action}"):
                raise Refused(Reason("状态没有转移成功，什么都没有改动。请刷新后再试。", "no_way"))
        except (MachineError, AttributeError) as error:
            raise Refused(Reason("现在的状态不能办这件事。请刷新页面看现在能办什么。", "no_way")) from error
        return str(proxy.state)


_machines: dict[tuple[str, str], MatterMachine] = {}


def step(definition: Definition, matter: str, state: str, action: str) -> str:
    """The state the machine gives after `action`; Refused where the definition has no such way."""
    key = (definition.digest, matter)
    machine = _machines.get(key)
    if machine is None:
        machine = _machines.setdefault(key, MatterMachine(definition.matters[matter]))
    return machine.step(state, action)


def why_not(s: Situation) -> list[Reason]:
    """Every condition of the act that does not hold, all at once; empty when it may be done."""
    missing = [_missing(s, name) for name in s.action.ask if s.given.get(name) in (None, "", [])]
    told = {r.field for r in missing}
    failed = [r for name in s.action.guards if (r := REGISTRY[name](s)) is not None]
    return [*missing, *(r for r in failed if not r.field or r.field not in told)]


def _missing(s: Situation, name: str) -> Reason:
    fact = s.definition.facts[name]
    return Reason(f"请填写“{fact.label}”。", "fact_missing", fact.law or s.action.law, "办理人", name)


def offered(action: ActionDef) -> str:
    """How an act is called on a button, with the mark 无明文 where the law is silent."""
    return f"{action.label}（无明文）" if action.unsettled else action.label
