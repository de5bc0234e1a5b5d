"""The judge of from → to: it moves along the definition and nowhere else, in every thread, without remembering anything."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import date

import pytest

from workflow import machine
from workflow.definition import load
from workflow.definition.model import ActionDef, MatterDef, StateDef
from workflow.errors import Refused
from workflow.settings import ROOT
from workflow.situation import Actor, Situation

DEFINITION = load(ROOT / "states.yaml")
WAYS = [
    (m.name, s.name, a.name, a.to)
    for m in DEFINITION.matters.values()
    for s in m.states.values()
    for a in s.actions.values()
]
NAMES = sorted({w[2] for w in WAYS})


@pytest.mark.parametrize(("matter", "state", "action", "to"), WAYS)
def test_every_act_leads_where_the_file_says(matter: str, state: str, action: str, to: str) -> None:
    assert machine.step(DEFINITION, matter, state, action) == to


@pytest.mark.parametrize("matter", list(DEFINITION.matters))
def test_there_is_no_other_way(matter: str) -> None:
    for state in DEFINITION.matters[matter].states.values():
        for action in [*NAMES, "to_decided", "is_filed", "trigger", "nonsense", ""]:
            if action not in state.actions:
                with pytest.raises(Refused, match="现在的状态不能办这件事"):
                    machine.step(DEFINITION, matter, state.name, action)


@pytest.mark.parametrize("matter", list(DEFINITION.matters))
def test_random_walks_stay_inside_the_definition_and_can_always_end(matter: str) -> None:
    defined = DEFINITION.matters[matter]
    for seed in range(60):
        rng, at = random.Random(seed), defined.start
        for _ in range(200):
            if defined.states[at].end:
                break
            action = rng.choice(list(defined.states[at].actions))
            at = machine.step(DEFINITION, matter, at, action)
            assert at in defined.states
        else:
            assert matter == "benefit" or not defined.states[at].end


@pytest.mark.parametrize("matter", list(DEFINITION.matters))
def test_every_state_is_reached_and_every_open_one_leads_to_an_end(matter: str) -> None:
    defined = DEFINITION.matters[matter]
    assert reached(defined, defined.start) == set(defined.states)
    for state in defined.states.values():
        assert any(defined.states[s].end for s in reached(defined, state.name))
        assert state.end or state.actions
        assert state.end or state.clocks, "an open matter always has a clock"


def reached(matter: MatterDef, start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        for action in matter.states[todo.pop()].actions.values():
            if action.to not in seen:
                seen.add(action.to)
                todo.append(action.to)
    return seen


def test_many_threads_do_not_disturb_each_other() -> None:
    wrong: list[object] = []

    def walk(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(400):
            matter, state, action, to = rng.choice(WAYS)
            if (got := machine.step(DEFINITION, matter, state, action)) != to:
                wrong.append((matter, state, action, got))

    threads = [threading.Thread(target=walk, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- why not ----------------------------------------------------------------------------------------------------------

ACTOR = Actor(1, "a", "甲", frozenset({"approver"}))


def situation(matter: str, state: str, action: str, **more: object) -> Situation:
    defined = DEFINITION.matters[matter]
    found: StateDef = defined.states[state]
    return replace(
        Situation(date(2026, 3, 2), DEFINITION, defined, found, found.actions[action], ACTOR),
        **more,  # type: ignore[arg-type]
    )


def test_every_condition_that_does_not_hold_is_told_at_once() -> None:
    reasons = machine.why_not(situation("recognition", "under_review", "recognise"))
    assert [r.code for r in reasons] == ["no_opinion", "exclusion"]


def test_a_missing_fact_is_asked_for_once_although_a_condition_wants_it_too() -> None:
    reasons = machine.why_not(situation("recognition", "under_review", "suspend"))
    assert [(r.code, r.field) for r in reasons] == [
        ("fact_missing", "suspension_kind"), ("fact_missing", "awaited"), ("fact_missing", "ground"),
    ]  # fmt: skip
    given = {"suspension_kind": "judicial", "ground": "x", "awaited": "y"}
    assert machine.why_not(situation("recognition", "under_review", "suspend", given=given, facts=given)) == []


@pytest.mark.parametrize("empty", [None, "", []])
def test_nothing_is_no_answer(empty: object) -> None:
    given = {"suspension_kind": "judicial", "ground": empty, "awaited": "y"}
    assert [r.field for r in machine.why_not(situation("recognition", "under_review", "suspend", given=given))] == [
        "ground"
    ]


def test_a_button_says_where_the_law_is_silent() -> None:
    action: ActionDef = DEFINITION.matters["recognition"].states["filed"].actions["withdraw"]
    assert machine.offered(action) == "登记撤回申请（无明文）"
    assert machine.offered(DEFINITION.matters["recognition"].states["filed"].actions["accept"]) == "受理"
