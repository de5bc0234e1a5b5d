"""Random lives: whoever does whatever, in whatever order, no act breaks the engine and no open matter is forgotten."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from tests.builders import START, Life, Mailbox, Town, counts, fresh_town, swallow
from workflow import cases, clock, worker
from workflow.cases import Choice
from workflow.cases.load import load_seen
from workflow.definition.model import FactDef
from workflow.errors import Stopped

SEEDS = range(400 if os.environ.get("PROVE_ALL") == "1" else 12)
STEPS = 45
RARE = frozenset({"record_death", "withdraw", "close_unfiled", "decline", "refuse", "terminate", "stop", "abandon"})
PARTIES = ("worker", "relative", "union", "employer")


@dataclass
class Walk:
    """One random life. `rng` decides everything; `done` counts acts over all lives, so that rare ones get their turn."""

    town: Town
    rng: random.Random
    life: Life
    done: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def step(self) -> None:
        """Let some time pass, perhaps let the worker process run, and try one act."""
        self.life.wait(self.rng.choice([0, 0, 1, 1, 2, 5, 9, 25]))
        if self.rng.random() < 0.2:
            self.work()
        last_things = self.rng.random() < 0.06
        offered = [o for o in self.offered() if last_things or o[2].action.name not in RARE]
        if not offered:  # nobody who was asked has anything to do
            return
        states = {m: self.life.state(m) for _, m, _ in offered}
        tried = [self.done[f"{m}.{states[m]}.{c.action.name}"] for _, m, c in offered]
        weights = [1 / (1 + n) ** 2 for n in tried]
        ((who, matter, choice),) = self.rng.choices(offered, weights)
        sound = self.rng.random() < 0.85
        facts = {
            f.name: v
            for f in choice.ask
            if (v := self.value(f, sound)) is not None and (sound or self.rng.random() < 0.7)
        }
        facts |= {f.name: v for f in choice.may if self.rng.random() < 0.2 and (v := self.value(f, sound)) is not None}
        papers = [p.name for p in choice.papers if self.rng.random() < 0.8]
        self.attempt(who, matter, choice, facts, papers, sound)

    def work(self) -> None:
        with clock.frozen(datetime.combine(self.life.day, time(18), clock.SHANGHAI)):
            worker.once(self.town.store, Mailbox(), swallow)
        self.life.check()

    def offered(self) -> list[tuple[str, str, Choice]]:
        """(who, matter, act) of everything in the present states, those who may not do it included now and then."""
        out = []
        with clock.frozen(self.life.day), self.town.store.reading() as session:
            for who in self.rng.sample(sorted(self.town.people), 9):
                actor = self.town.people[who]
                if actor.employer_id is None and not (
                    actor.city or actor.office_id == self.town.people["desk"].office_id
                ):
                    continue
                try:
                    loaded = load_seen(self.town.store, session, self.life.case_no, actor)
                except Stopped:
                    continue
                for matter in loaded.matters:
                    for c in cases.choices(loaded, matter, actor):
                        if c.possible or self.rng.random() < 0.004:
                            out.append((who, matter.name, c))
        return out

    def attempt(
        self, who: str, matter: str, choice: Choice, facts: dict[str, Any], papers: list[str], sound: bool
    ) -> None:
        before, events, state = counts(self.town.store), self.life.events(), self.life.state(matter)
        behalf = (
            self.rng.choice(PARTIES)
            if {"worker", "employer"} & set(choice.action.by) and "applicant" not in facts
            else ""
        )
        try:
            with clock.frozen(datetime.combine(self.life.day, time(9), clock.SHANGHAI)):
                outcome = cases.perform(
                    self.town.store, self.town.people[who], self.life.case_no, matter, choice.action.name,
                    facts=facts, papers=papers, behalf=behalf,
                )  # fmt: skip
        except Stopped as stopped:
            assert stopped.reasons and all(len(s) > 5 for s in stopped.sentences())
            assert counts(self.town.store) == before, "a refusal writes nothing"
            assert self.life.state(matter) == state
            self.refused += 1
            if sound and choice.possible:
                self.only_the_form(choice, stopped)
            return
        assert outcome.from_state == state
        assert outcome.to_state == choice.action.to or (choice.action.each and outcome.to_state == state)
        assert self.life.state(matter) == outcome.to_state
        assert self.life.events() == events + 1
        self.done[f"{matter}.{state}.{choice.action.name}"] += 1
        self.life.check()

    def only_the_form(self, choice: Choice, stopped: Stopped) -> None:
        """An act shown as possible is refused for nothing but what is typed into its own form."""
        form = {f.name for f in (*choice.ask, *choice.may)} | {"papers", "behalf"}
        other = [r for r in stopped.reasons if r.field not in form and r.code != "papers_missing"]
        assert not other, (choice.action.name, [r.sentence() for r in other])

    def value(self, fact: FactDef, sound: bool) -> Any:
        """Something a person might type; not `sound`: perhaps nonsense."""
        rng, day = self.rng, self.life.day
        if not sound and rng.random() < 0.4:
            return rng.choice(["", "不知道", "-1", "2026-02-30", "9999-12-31", " ", "a" * 5000, "\x00", "0"])
        likely = {
            "stable": "yes", "signed": "yes", "exclusion": "no", "opinion": rng.choice(["recognise", "recognise", "refuse"]),
            "applicant": rng.choice(PARTIES), "addressee": rng.choice(["worker", "employer"]), "votes_for": "3",
            "panel_size": rng.choice(["3", "5"]), "conflicts": rng.choice(["", "专家甲", "专家甲、专家乙"]), "own_wage": "6200.00",
            "month": day.isoformat()[:7], "returned_month": rng.choice(["", day.isoformat()[:7]]), "extension_days": "10",
            "provisional": "yes", "exam_on": (day + timedelta(days=rng.choice([0, 3, 8]))).isoformat(),
            "supplement_by_on": (day + timedelta(days=rng.choice([2, 10]))).isoformat(), "returned_item": "lump_sum",
            "grade": rng.choice(["1", "3", "7", "none"]), "care": rng.choice(["none", "part", "full"]),
        }  # fmt: skip
        if fact.name in likely:
            return likely[fact.name]
        if fact.type == "date":
            return (day - timedelta(days=rng.choice([0, 0, 0, 1, 3]))).isoformat()
        if fact.type == "choice":
            return rng.choice(list(fact.choices))
        return {"text": "某内容", "longtext": "写明的理由，工伤保险条例第二十条", "account": "6200000000001234"}.get(
            fact.type
        )


def walk(town: Town, seed: int, done: Counter[str]) -> Walk:
    rng = random.Random(seed)
    changes = {
        "dispute": rng.choice(["no", "no", "yes"]), "insured": rng.choice(["yes", "yes", "yes", "no"]),
        "diagnosed_on": rng.choice(["2026-02-16", "2026-02-16", "2024-06-03"]) if seed % 3 == 0 else "2026-02-16",
    }  # fmt: skip
    life = town.life(START, **changes)
    if seed % 3:
        life.recognised().served()
    if seed % 3 == 2:
        life.appraised(rng.choice(["1", "3", "8"]), rng.choice(["none", "most"]))
    walked = Walk(town, rng, life, done)
    for _ in range(STEPS):
        walked.step()
        if walked.life.case().closed_on:
            break
    return walked


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def test_no_random_life_breaks_the_engine_or_is_forgotten(town: Town) -> None:
    done: Counter[str] = Counter()
    seeds = SEEDS[:3] if town.store.postgres else SEEDS
    refused = sum(walk(town, seed, done).refused for seed in seeds)
    with town.store.reading() as session:
        definition = town.store.definition(session, 1)
    all_acts = {
        f"{m.name}.{s.name}.{a}" for m in definition.matters.values() for s in m.states.values() for a in s.actions
    }
    assert set(done) <= all_acts
    enough = min(
        len(all_acts) * len(seeds) // 25, len(all_acts) * 9 // 10
    )  # more lives reach more acts, nearly all in the end
    assert refused > 2 * len(seeds) and len(done) > enough, sorted(all_acts - set(done))
