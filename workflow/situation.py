"""What a guard, a preparation or a why-not sees: plain facts, no database. Built by the engine, pure from here on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar, overload

from workflow.definition.model import ActionDef, Definition, MatterDef, StateDef

_T = TypeVar("_T")


@dataclass(frozen=True)
class Actor:
    """Who acts. `roles` are keys of states.yaml `people` plus admin and auditor; `employer_id` only for employers' accounts."""

    id: int
    username: str
    name: str
    roles: frozenset[str]
    office_id: int | None = None
    city: bool = False
    employer_id: int | None = None
    system: bool = False


@dataclass(frozen=True)
class ClockView:
    """One clock row. state: unstarted, running, paused, met, stopped. Dates are legal dates in Asia/Shanghai."""

    name: str
    code: str
    state: str
    start_on: date | None
    due_on: date | None
    addressee: str = ""
    extensions: int = 0

    def over(self, today: date) -> bool:
        """Whether its last day has passed; False where that day is not known."""
        return self.due_on is not None and today > self.due_on


@dataclass(frozen=True)
class EventView:
    """One past act on this matter: `on` its legal day, `recorded_on` the day it was entered."""

    seq: int
    action: str
    from_state: str
    to_state: str
    actor_id: int
    on: date
    facts: Mapping[str, Any] = field(default_factory=dict)
    recorded_on: date | None = None


class LateEvents(Sequence[EventView]):
    """Past acts, read when a condition first asks for them: most acts ask nobody who did what."""

    def __init__(self, read: Callable[[], Sequence[EventView]]) -> None:
        self._read = read
        self._known: Sequence[EventView] | None = None

    def _all(self) -> Sequence[EventView]:
        if self._known is None:
            self._known = self._read()
        return self._known

    @overload
    def __getitem__(self, index: int) -> EventView: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[EventView]: ...
    def __getitem__(self, index: int | slice) -> EventView | Sequence[EventView]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())


class LateNames(AbstractSet[str]):
    """Names of papers, read when a condition first asks for them; `more` are there from the start."""

    def __init__(self, read: Callable[[], Iterable[str]], more: Iterable[str] = ()) -> None:
        self._read, self._more = read, more
        self._known: frozenset[str] | None = None

    def _all(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset((*self._read(), *self._more))
        return self._known

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    @classmethod
    def _from_iterable(cls, names: Iterable[_T]) -> frozenset[_T]:
        """What set operators (papers - asked) make: names that are known already."""
        return frozenset(names)


@dataclass(frozen=True)
class Delivery:
    """One recorded delivery (送达) of the latest instrument of `kind` to `addressee`."""

    kind: str
    addressee: str
    received_on: date


@dataclass(frozen=True)
class MatterView:
    """Another matter of the case, as a parent or a child is seen: `addressee` whose child it is, `closed` at an end."""

    name: str
    state: str
    addressee: str
    closed: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """A matter at the moment somebody wants to do something.

    `facts`: what the matter knows plus what is given now (given wins), already typed by their FactDef.
    `given`: only what is given now. `case`: case-level facts: worker_name, sex, birth_on, employer_name, insured
    ("yes"/"no"/"unknown"), diagnosed_on, disease, certificate_no, certificate_employer, dispute (bool), office_level …
    `papers`: names of papers received in this matter (with those handed in now), `held` those received before; both
    only where the act or its conditions ask for papers, `events` only where they ask who did what. `others`: for each
    other matter of the case its name → (state, facts); `parent` and `children` are the matter this one is about and those
    about it, `party` whose child it is. `pool`: the experts of the pool as plain dicts, `figures`: the
    approved local figures; either only where a preparation needs it.
    """

    today: date
    definition: Definition
    matter: MatterDef
    state: StateDef
    action: ActionDef
    actor: Actor
    behalf: str = ""
    case: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    papers: AbstractSet[str] = frozenset()
    held: AbstractSet[str] = frozenset()
    clocks: tuple[ClockView, ...] = ()
    events: Sequence[EventView] = ()
    deliveries: tuple[Delivery, ...] = ()
    others: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    parent: MatterView | None = None
    children: tuple[MatterView, ...] = ()
    party: str = ""
    pool: tuple[Mapping[str, Any], ...] = ()
    figures: Any = None

    def clock(self, name: str, addressee: str = "") -> ClockView | None:
        """The newest clock of that name, or None."""
        return next((c for c in reversed(self.clocks) if c.name == name and c.addressee == addressee), None)

    def did(self, *actions: str) -> EventView | None:
        """The latest event of any of these actions on this matter, or None."""
        return next((e for e in reversed(self.events) if e.action in actions), None)
