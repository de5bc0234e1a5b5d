"""Random lives: whoever does whatever, in whatever order, no act breaks the engine and no open matter is forgotten."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from tests.beginnings import BEGINNINGS
from tests.builders import START, WAGE, Life, Town, counts, fresh_town
from workflow import cases, clock, permissions
from workflow.cases import Choice
from workflow.cases.load import Loaded, load_seen
from workflow.definition.model import Definition, FactDef
from workflow.errors import Stopped

PROVE_ALL = os.environ.get("PROVE_ALL") == "1"
SEEDS = range(440 if PROVE_ALL else 22)
STEPS = 60 if PROVE_ALL else 25
WAITS = (0, 0, 0, 0, 1, 1, 2, 5, 9, 25, 70)
"""日 between two steps; rarely much longer (see Walk.step)."""
RARE = frozenset({
    "record_death", "withdraw", "close_unfiled", "decline", "refuse", "terminate", "stop", "abandon", "withdraw_diagnosis", "end_labour",
    "transfer", "close_unrecognised", "set_moot", "withdraw_reimbursement", "withdraw_advance",
})  # fmt: skip
"""Acts that end or turn a life; done now and then only, else no life comes far."""
PARTIES = ("worker", "relative", "union", "employer")


# --- the walk ---------------------------------------------------------------------------------------------------------


@dataclass
class Walk:
    """One random life. `rng` decides everything; `done` counts acts over all lives, so that rare ones get their turn."""

    town: Town
    rng: random.Random
    life: Life
    done: Counter[str] = field(default_factory=Counter)
    picked: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def step(self) -> None:
        """Let some time pass, perhaps let the worker process run, and try one act."""
        rng, life = self.rng, self.life
        life.wait(rng.choice(WAITS) if rng.random() < 0.97 else rng.choice([200, 370]))
        if rng.random() < 0.25:
            self.counting(life.work)
        for _ in range(5):
            if found := self.offered():
                self.attempt(*found)
                return

    def counting(self, what: Callable[[], Any]) -> Any:
        """Do it, and count what the system did by itself with it."""
        before = self.life.events()
        result = what()
        names = {m.id: m.name for m in self.rows()}
        for e in self.life.since(before):
            if e.kind == "matter:performed" and e.actor_id == self.town.system.id:
                self.done[f"{names[e.matter_id or 0]}.{e.from_state}.{e.action}"] += 1
        return result

    def rows(self) -> list[Any]:
        with self.town.store.reading() as session:
            return list(load_seen(self.town.store, session, self.life.case_no, self.town.system).matters)

    def offered(self) -> tuple[str, str, Choice] | None:
        """(who, matter, act): something little tried in the present states, by one who may do it, or now and then may not."""
        rng = self.rng
        with clock.frozen(self.life.day), self.town.store.reading() as session:
            loaded = load_seen(self.town.store, session, self.life.case_no, self.town.system)
            tried = {m.id: [self.weight(m, a) for a in loaded.place(m)[1].actions] for m in loaded.matters}
            open_ones = [m for m in loaded.matters if any(tried[m.id])]
            if not open_ones:
                return None
            matter = rng.choices(open_ones, [sum(tried[m.id]) for m in open_ones])[0]
            actions = loaded.place(matter)[1].actions.values()
            action = rng.choices(list(actions), tried[matter.id])[0]
            self.picked[f"{matter.name}.{matter.state}.{action.name}"] += 1
            able = [n for n, a in self.town.people.items() if permissions.may_do(a, action) and self.sees(loaded, a)]
            who = (
                rng.choice(able or sorted(self.town.people))
                if rng.random() < 0.97
                else rng.choice(sorted(self.town.people))
            )
            if not self.sees(loaded, self.town.people[who]):
                return None
            choices = [
                c for c in cases.choices(loaded, matter, self.town.people[who]) if c.possible or rng.random() < 0.004
            ]
        if not choices:
            return None
        choice = rng.choices(choices, [self.weight(matter, c.action.name) or 1e-9 for c in choices])[0]
        return who, f"{matter.name}#{matter.number}", choice

    def sees(self, loaded: Loaded, actor: Any) -> bool:
        return permissions.sees_case(actor, loaded.row.office_id, loaded.row.employer_id)

    def weight(self, matter: Any, action: str) -> float:
        """What has been done little comes first, what could not be done when it was tried comes less; what ends lives seldom."""
        seldom, key = 0.05 if action in RARE else 1.0, f"{matter.name}.{matter.state}.{action}"
        return float(seldom / (1 + self.done[key]) ** 2 / (1 + self.picked[key] / 4))

    def attempt(self, who: str, matter: str, choice: Choice) -> None:
        sound = self.rng.random() < 0.85
        parties = [p for p in PARTIES if p in choice.action.by]
        facts = self.facts(matter, choice, sound, parties)
        papers = [p.name for p in choice.papers if self.rng.random() < 0.8]
        before, events, state = counts(self.town.store), self.life.events(), self.life.state(matter)
        behalf = self.rng.choice(parties) if parties and "applicant" not in facts else ""

        def perform() -> cases.Outcome:
            with clock.frozen(datetime.combine(self.life.day, time(9), clock.SHANGHAI)):
                return cases.perform(
                    self.town.store, self.town.people[who], self.life.case_no, matter, choice.action.name,
                    facts=facts, papers=papers, behalf=behalf,
                )  # fmt: skip

        try:
            outcome = self.counting(perform)
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
        self.life.grown(events, outcome)
        self.done[f"{matter.partition('#')[0]}.{state}.{choice.action.name}"] += 1
        self.life.check()

    def only_the_form(self, choice: Choice, stopped: Stopped) -> None:
        """An act shown as possible is refused for nothing but what is typed into its own form."""
        form = {f.name for f in (*choice.ask, *choice.may)} | {"papers", "behalf"}
        other = [
            r for r in stopped.reasons if r.field not in form and r.code not in ("papers_missing", "unknown_figure")
        ]
        assert not other, (choice.action.name, [r.sentence() for r in other])

    # --- what people type ---------------------------------------------------------------------------------------------

    def facts(self, matter: str, choice: Choice, sound: bool, parties: list[str]) -> dict[str, Any]:
        diagnosed = self.life.case().diagnosed_on
        known = {**self.life.row(matter).facts, **({"diagnosed_on": diagnosed.isoformat()} if diagnosed else {})}
        told: dict[str, Any] = {}
        for f in choice.ask:
            if (v := self.value(f, sound, parties, {**known, **told})) is not None and (
                sound or self.rng.random() < 0.7
            ):
                told[f.name] = v
        for f in choice.may:
            wanted = 0.6 if f.name in ("varied_to", "procedural", "told_arbitration") else 0.2
            if self.rng.random() < wanted and (v := self.value(f, sound, parties, {**known, **told})) is not None:
                told[f.name] = v
        if sound and any(f.name == "backdate_reason" for f in choice.may):
            told["backdate_reason"] = "补记"
        return told

    def value(self, fact: FactDef, sound: bool, parties: list[str], known: Mapping[str, Any]) -> Any:
        """Something a person might type; not `sound`: perhaps nonsense."""
        rng = self.rng
        if not sound and rng.random() < 0.4:
            return rng.choice(["", "不知道", "-1", "2026-02-30", "9999-12-31", " ", "a" * 5000, "\x00", "0"])
        if fact.name in LIKELY:
            return rng.choice(LIKELY[fact.name])
        if fact.name == "applicant":
            return rng.choice(parties or PARTIES)
        if fact.type == "month" or fact.name == "returned_month":
            return rng.choice([self.life.day.isoformat()[:7], self.life.day.isoformat()[:7], "2026-06"])
        if fact.type == "date":
            return self.day_of(fact, known)
        if fact.type == "choice":
            return rng.choice(list(fact.choices))
        plain = {"text": "某内容", "longtext": "写明的理由，工伤保险条例第二十条", "account": "6200000000001234",
                 "bool": rng.choice(["yes", "yes", "no"]), "int": "10", "money": rng.choice(["0", "80.00", "100.00", "1000.00"])}  # fmt: skip
        return plain.get(fact.type)

    def day_of(self, fact: FactDef, known: Mapping[str, Any]) -> str:
        """A day on which it may have been, mostly today, not before what it must come after."""
        day = self.life.day
        if fact.future:
            return (day + timedelta(days=self.rng.choice([0, 3, 8, 15]))).isoformat()
        earliest = known.get(fact.not_before) or "1950-01-01"
        back = day - timedelta(days=self.rng.choice([0, 0, 0, 0, 1, 3]))
        return min(max(back.isoformat(), str(earliest)), day.isoformat())


LIKELY: Mapping[str, tuple[str, ...]] = {
    "stable": ("yes",), "signed": ("yes",), "exclusion": ("no",), "opinion": ("recognise", "recognise", "refuse"),
    "addressee": ("worker", "employer"), "votes_for": ("3", "5"), "panel_size": ("3", "5"), "conflicts": ("", "专家甲", "专家甲、专家乙"),
    "own_wage": (WAGE, WAGE, "6300.00"), "provisional": ("yes",), "returned_item": ("lump_sum", "disability_allowance"),
    "grade": ("1", "3", "7", "none"), "care": ("none", "part", "full"), "later_exposure": ("no",), "credentials_shown": ("yes",),
    "investigator_one": ("甲 001",), "investigator_two": ("乙 002",), "critically_ill": ("yes",), "identity_checked": ("yes",),
    "told_arbitration": ("yes",), "relationship_denied": ("yes",), "advance_sum": ("1000.00",), "owed_sum": ("1000.00", "500.00"),
    "claimed_sum": ("100.00",), "payable_sum": ("0", "80.00", "100.00"), "recovery_sum": ("100.00",), "repaid_sum": ("50.00", "100.00"),
    "set_off_sum": ("50.00",), "funeral_grant": ("42000.00",), "pension_month": ("0", "1000.00"), "death_grant": ("0",),
    "survivor_arrears": ("0",), "died_in_leave": ("no",), "worker_confirmed": ("yes",), "set_by": ("某文件〔2026〕1号",),
    "set_lump_sum": ("90000.00",), "set_allowance": ("0", "5000.00"), "set_care": ("2000.00",), "set_from": ("2026-07",),
    "advance_month": ("500.00",), "employer_sum": ("80.00", "1000.00", "2000.00"), "pension_amount": ("9000.00",),
    "diagnosed_on": (START.isoformat(),),
}  # fmt: skip


def walk(town: Town, seed: int, done: Counter[str], picked: Counter[str]) -> Walk:
    rng = random.Random(seed)
    walked = Walk(town, rng, BEGINNINGS[seed % len(BEGINNINGS)](town, rng), done, picked)
    for _ in range(STEPS):
        walked.step()
        if walked.life.case().closed_on and rng.random() < 0.3:
            break
    return walked


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def everything(definition: Definition) -> set[str]:
    """matter.state.act of everything that may ever be done."""
    return {f"{m.name}.{s.name}.{a}" for m in definition.matters.values() for s in m.states.values() for a in s.actions}


def kinds(entries: set[str]) -> set[tuple[str, str]]:
    """(matter, act) whatever the state."""
    return {(e.split(".")[0], e.split(".")[2]) for e in entries}


def test_no_random_life_breaks_the_engine_or_is_forgotten(town: Town) -> None:
    done: Counter[str] = Counter()
    picked: Counter[str] = Counter()
    seeds = SEEDS[: len(SEEDS) // 4] if town.store.postgres else SEEDS
    refused = sum(walk(town, seed, done, picked).refused for seed in seeds)
    with town.store.reading() as session:
        all_acts = everything(town.store.definition(session, 1))
    assert set(done) <= all_acts
    share = len(kinds(set(done))) / len(kinds(all_acts))
    print(
        f"{len(done)} of {len(all_acts)} acts, {share:.0%} of the kinds of acts, {refused} refusals in {len(seeds)} lives"
    )
    enough = (0.75 if town.store.postgres else 0.85) if PROVE_ALL else 0.1  # more lives reach more
    assert refused > len(seeds) and share > enough, sorted(kinds(all_acts) - kinds(set(done)))
