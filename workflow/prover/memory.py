"""Searches kept for the next proof: a changed definition explores again only the matters whose change the search can see."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from workflow.prover.plan import Move, Plan
from workflow.prover.search import Graph, explore


@dataclass
class Memory:
    """Graphs by what their search depended on. Lives as long as its owner wants; nothing in it is ever changed."""

    graphs: dict[Hashable, Graph] = field(default_factory=dict)

    def explored(self, plan: Plan) -> Graph:
        """The graph of a plan, searched only where no equal search is known."""
        asked = depends_on(plan)
        known = self.graphs.get(asked)
        if known is None:
            known = self.graphs[asked] = explore(plan)
        return replace(known, plan=plan)


def depends_on(p: Plan) -> Hashable:
    """Everything of a plan that a search looks at; laws, owners, lengths, warnings and sentences are not among it."""
    d = p.definition
    return (
        p.matter.name, p.matter.start, p.known, p.starts, p.untils, tuple(sorted(p.bits.items())), tuple(sorted(p.fed)),
        tuple((c.name, c.label, c.repeat, c.each, c.legal, c.on_expiry.act) for c in p.clocks),
        tuple(sorted((n, d.clocks[n].on_expiry.act) for n in p.hidden)),
        tuple((s.name, s.end, p.listed[s.name], tuple(_of_move(p, m) for m in p.moves[s.name])) for s in p.matter.states.values()),
        tuple((f, d.facts[f].label if f in d.facts else d.dates.get(f)) for f in p.bits),
    )  # fmt: skip


def _of_move(p: Plan, m: Move) -> Hashable:
    a = m.action
    issued = p.definition.instruments.get(a.issue)
    clocks = tuple(sorted(m.clocks.items()))
    return (a.name, a.label, a.by, a.each, a.guards, a.extend, a.prepare, a.issue, (issued.to, issued.aside) if issued else (), m.target, m.sure,
            m.may, m.renews, m.focused, clocks, m.meets, m.serving)  # fmt: skip
