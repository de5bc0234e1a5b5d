"""The prover's picture of a matter is the engine's: every random life of the real clock book lies in the explored nodes."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from workflow import law
from workflow.cases.act import Act
from workflow.deadlines import ClockBook
from workflow.definition import load
from workflow.definition.model import ActionDef, Definition, MatterDef
from workflow.preparations import Prepared
from workflow.prover import search, tables
from workflow.prover.plan import plan
from workflow.settings import ROOT

LIVES = range(300 if os.environ.get("PROVE_ALL") == "1" else 12)
STEPS = 40
RARE = 0.6
SEEN = 0.7
"""The share of all states the walks must have come through, lest they prove nothing."""
FILES = {"sound": Path(__file__).with_name("definitions") / "sound.yaml", "states": ROOT / "states.yaml"}
SIDES = ("worker", "employer")
SETTLED = frozenset({search.NONE, search.MET, search.STOPPED})
ALIKE = {
    "unstarted": frozenset({search.UNKNOWN}), "paused": frozenset({search.PAUSED, search.PAUSED_LATE}),
    "met": SETTLED, "stopped": SETTLED,
}  # fmt: skip
"""Engine's word for a row → the prover's statuses it may be (settled rows nobody starts again are forgotten)."""


class Life:
    """One matter lived by the engine's own clock code, without a database."""

    def __init__(self, definition: Definition, matter: MatterDef, seed: str) -> None:
        self.d, self.m, self.rng = definition, matter, random.Random(seed)
        self.plan = plan(definition, matter)
        self.today = date(2026, 1, 5)
        self.facts: dict[str, Any] = {f: self.today for f in self.plan.initial if f in definition.dates}
        party = "worker" if matter.each else ""
        self.book = ClockBook(definition, law.calendar(), self.today, 1, 1, 1, party=party)
        self.state = matter.states[matter.start]
        self.book.move(None, self.state, self.facts, None, SIDES)
        self.to_serve: list[str] = []
        self.addressed: tuple[str, ...] = SIDES
        self.done: list[str] = []

    def step(self, seen: Counter[tuple[str, str]]) -> bool:
        """Let days pass, then do one act a person could, rather one that leads where few have been; False where none is left."""
        for _ in range(self.rng.choice((0, 1, 3, 20, 70))):
            self.today += timedelta(days=1)
            self.book.today = self.today
            self._run_out()
        choices = [
            (a, who, given) for a in self.state.actions.values() if self._may(a)
            for who in self._whom(a) for given in (True, False)
        ]  # fmt: skip
        if not choices:
            return False
        fewest = min(seen[self.m.name, c[0].to] for c in choices)
        rare = [c for c in choices if seen[self.m.name, c[0].to] == fewest]
        self._do(*self.rng.choice(rare if self.rng.random() < RARE else choices))
        return True

    def _may(self, a: ActionDef) -> bool:
        if a.automatic:
            return a.name in self.plan.fed
        running = {r["name"]: r["due_on"] >= self.today for r in self.book.rows if r["state"] == "running"}
        for look in (tables.LOOKS[g] for g in a.guards if g in tables.LOOKS):
            asked = [
                running.get(n) for n in (look.clocks or a.extend)
            ]  # None: does not run; else whether before its end
            holds = {"running": all(x is True for x in asked), "over": False in asked, "on": asked.count(None) < len(asked),
                     "off": None in asked}  # fmt: skip
            if not holds[look.wanted]:
                return False
        return all(self._lengthens(n) for n in a.extend)

    def _lengthens(self, name: str) -> bool:
        """Whether the law allows this clock to be lengthened (once more)."""
        ground = self.d.clocks[name].extends
        rows = [r for r in self.book.rows if r["name"] == name and r["state"] == "running"]
        most = ground.times if ground else 0
        return bool(rows) and all(most is None or r["extensions"] < most for r in rows)

    def _whom(self, a: ActionDef) -> list[str]:
        if a.each or "addressee" in a.ask:
            return list(self.to_serve)
        return [""]

    def _run_out(self) -> None:
        """What the file has the system do on the day after a clock's last."""
        for row in self.book.rows:
            clock = self.d.clocks[row["name"]]
            act = self.state.actions.get(clock.on_expiry.act)
            if row["state"] != "running" or row["due_on"] != self.today - timedelta(days=1) or act is None:
                continue
            if (act.guards and self._others_wait(row)) or (act.each and row["addressee"] not in self.to_serve):
                continue
            self._do(act, row["addressee"], True)

    def _others_wait(self, row: dict[str, Any]) -> bool:
        act = self.d.clocks[row["name"]].on_expiry.act
        others = [r for r in self.book.rows if r is not row and self.d.clocks[r["name"]].on_expiry.act == act]
        return any(r["state"] == "paused" or (r["state"] == "running" and r["due_on"] >= self.today) for r in others)

    def _do(self, a: ActionDef, who: str, optional: bool) -> None:
        given: dict[str, Any] = {f: self._value(f) for f in (*a.ask, *(a.may if optional else ()))}
        if who:
            given["addressee"] = who
        own = tables.DELIVERY_FACTS if a.each else frozenset()
        self.facts |= {f: v for f, v in given.items() if f not in own} | ({a.on: self.today} if a.on else {})
        last = True
        if a.each:
            self.to_serve.remove(who)
            last = not self.to_serve
        target = a.to if last else self.state.name
        to = list(self.d.instruments[a.issue].to) if a.issue else list(SIDES)
        addressees = [w for w in to if w in SIDES] or ["worker"]
        loaded = SimpleNamespace(
            book=lambda _: self.book, definition=self.d, today=self.today, state=lambda _, name: self.m.states[name],
        )  # fmt: skip
        act = SimpleNamespace(loaded=loaded, matter=None, facts=self.facts, action=a, on=self.today, old=self.state,
                              actor=SimpleNamespace(system=a.automatic))  # fmt: skip
        engine = cast(Act, act)
        act._of_addressee = lambda s, days, names: Act._of_addressee(engine, s, days, names)
        Act._clocks(engine, target, cast(Any, SimpleNamespace(given=given)), Prepared(shift_days=7), addressees)
        if a.issue:
            self.to_serve, self.addressed = list(addressees), tuple(addressees)
        self.state = self.m.states[target]
        if not any(x.each for x in self.state.actions.values()):
            self.to_serve = []
        self.done.append(a.name)

    def _value(self, fact: str) -> Any:
        if fact == "excluded_from":
            return self.today - timedelta(days=2)
        if fact == "extension_days":
            return 5
        known = self.d.facts.get(fact)
        later = known is not None and known.future
        return self.today + timedelta(days=10) if later else self.today

    # --- compared with the prover --------------------------------------------------------------------------------------

    def places(self, graph: search.Graph) -> Iterator[tuple[str, list[frozenset[int]]]]:
        """The same moment as the prover tells it: for each addressee of the last document the statuses each clock may have."""
        for focus in self.addressed:
            yield focus, [self._statuses(c.name, focus if c.each else "") for c in graph.plan.clocks]

    def _statuses(self, name: str, addressee: str) -> frozenset[int]:
        rows = [r for r in self.book.rows if r["name"] == name and r["addressee"] == addressee]
        live = next((r for r in rows if r["state"] not in ("met", "stopped")), None)
        if live is None:
            return SETTLED
        if live["state"] != "running":
            return ALIKE[live["state"]]
        if live["due_on"] >= self.today or self.d.clocks[name].repeat:
            return frozenset({search.RUNNING})
        return frozenset({search.EXPIRED, search.PASSED})


def lies_in(graph: search.Graph, state: str, statuses: list[frozenset[int]]) -> bool:
    return any(
        node[0] == state and all(own in allowed for own, allowed in zip(node[2], statuses, strict=True))
        for node in graph.nodes
    )


@pytest.mark.parametrize("file", FILES)
def test_every_life_of_the_engine_lies_in_what_the_prover_explored(file: str) -> None:
    definition = load(FILES[file])
    seen: Counter[tuple[str, str]] = Counter()
    for matter in definition.matters.values():
        graph = search.explore(plan(definition, matter))
        for seed in LIVES:
            life = Life(definition, matter, f"{file}:{matter.name}:{seed}")
            for _ in range(STEPS):
                for focus, statuses in life.places(graph):
                    told = f"{matter.name} seed {seed}, {focus}, after {life.done}: {life.state.name} {statuses}"
                    assert lies_in(graph, life.state.name, statuses), told
                seen[matter.name, life.state.name] += 1
                if not life.step(seen):
                    break
    every = {(m.name, s) for m in definition.matters.values() for s in m.states}
    assert len(seen) >= SEEN * len(every), f"the walks reach too little: {sorted(every - seen.keys())}"
