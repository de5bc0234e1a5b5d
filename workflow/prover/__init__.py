"""The prover: no case can stall. Every state of every matter with every combination of its clocks is explored, and each
property either holds or is refuted with the shortest way there, in words.

Pure: no database, no clock, no figures of time; it imports the definition's model and workflow.law alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from workflow.definition.model import Definition
from workflow.prover import clocks, documents, pairs, structure, tables, watching
from workflow.prover.findings import REGISTRY, Counterexample, Proof, Property, Subject, Verdict, judge
from workflow.prover.memory import Memory
from workflow.prover.plan import loose, plan
from workflow.prover.search import Graph

__all__ = [
    "Counterexample",
    "Graph",
    "Memory",
    "Proof",
    "Property",
    "Subject",
    "Verdict",
    "properties",
    "prove",
    "subject",
]
_CHECKS = (watching, clocks, documents, structure, pairs)  # loading them registers their properties


def properties() -> tuple[Property, ...]:
    """Every property, in the order of the report."""
    return tuple(REGISTRY.values())


def subject(definition: Definition, memory: Memory | None = None) -> Subject:
    """The definition with each of its matters explored; `memory` spares what an earlier proof has explored alike."""
    memory = memory or Memory()
    families = {
        name: tuple(memory.explored(plan(definition, m, clock)) for clock in (None, *loose(definition, m)))
        for name, m in definition.matters.items()
    }
    return Subject(definition, families)


def prove(definition: Definition, only: Iterable[str] = (), memory: Memory | None = None) -> Proof:
    """Ask every property (or `only` those ids) of a definition; nothing is raised for one that does not hold."""
    explored = subject(definition, memory)
    verdicts = tuple(judge(explored, only))
    sizes = {
        name: (len(f[0].states()), sum(len(g.nodes) for g in f), sum(len(e) for g in f for e in g.edges))
        for name, f in explored.families.items()
    }
    return Proof(definition.version, verdicts, tables.ASSUMPTIONS, sizes)
