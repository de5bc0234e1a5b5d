"""What a proof says: properties that hold, and those refuted with the shortest way that breaks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from workflow.definition.model import Definition
from workflow.prover.search import Graph


@dataclass(frozen=True)
class Counterexample:
    """One break of a property. `path`: the shortest way there, a step each; `where`: the keys of the place in states.yaml
    that has to change; `matter` is "" where the fault belongs to no matter."""

    matter: str
    sentence: str
    path: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What properties look at: the definition and what was explored of each matter.

    Clocks only acts start (公告, 再次鉴定 …) depend on no state, so each is explored in a graph of its own, beside the clocks
    the states list. Every graph of a `family` covers every life of its matter: what holds in one of them holds. The first
    of a family is the one without any such clock.
    """

    definition: Definition
    families: Mapping[str, tuple[Graph, ...]]

    @property
    def graphs(self) -> Mapping[str, Graph]:
        """The first graph of each family, by matter."""
        return {name: family[0] for name, family in self.families.items()}

    def every(self) -> Iterator[Graph]:
        """All graphs."""
        for family in self.families.values():
            yield from family

    def having(self, clock: str) -> Iterator[Graph]:
        """Of each matter the graph that follows this clock."""
        for family in self.families.values():
            yield from [g for g in family if clock in g.plan.number][:1]


Check = Callable[[Subject], Iterable[Counterexample]]


@dataclass(frozen=True)
class Property:
    """One named property: Chinese `title`, `source` (where it is asked for), and the function that finds its breaks."""

    id: str
    title: str
    source: str
    check: Check


@dataclass(frozen=True)
class Verdict:
    """A property with what was found against it; it holds where nothing was."""

    asked: Property
    counterexamples: tuple[Counterexample, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.counterexamples


@dataclass(frozen=True)
class Proof:
    """All verdicts on one definition. `explored`: matter → (states, nodes, steps)."""

    version: str
    verdicts: tuple[Verdict, ...]
    assumptions: tuple[str, ...]
    explored: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(v.holds for v in self.verdicts)

    def refuted(self) -> tuple[str, ...]:
        """The ids of the properties that do not hold."""
        return tuple(v.asked.id for v in self.verdicts if not v.holds)


REGISTRY: dict[str, Property] = {}


def proves(id: str, title: str, source: str) -> Callable[[Check], Check]:
    """Register a check under its property's id."""

    def register(check: Check) -> Check:
        REGISTRY[id] = Property(id, title, source, check)
        return check

    return register


def judge(subject: Subject, only: Iterable[str] = ()) -> Iterator[Verdict]:
    """Ask every registered property (or `only` those ids)."""
    wanted = set(only) or set(REGISTRY)
    for found in REGISTRY.values():
        if found.id in wanted:
            yield Verdict(found, tuple(found.check(subject)))
