"""Stall classes come from the process file: every one injected is found once, nothing is invented."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.stall_injection import clean, ground, inject, told
from workflow import clock, stalls
from workflow.definition import load
from workflow.definition.model import Definition
from workflow.rights import is_right
from workflow.stalls import KINDS, MORE, derive
from workflow.store import Store

PROVE_ALL = os.environ.get("PROVE_ALL") == "1"
EACH = 500 if PROVE_ALL else 3
"""Stalls of each class."""
ON = date(2026, 11, 25)


@pytest.fixture(scope="module")
def process() -> Definition:
    return load(Path(__file__).parent.parent / "states.yaml")


def test_every_class_injected_is_found_once_and_none_is_invented(make_store: Callable[..., Store]) -> None:
    with clock.frozen(ON):
        store = make_store()
        g = ground(store, ON)
        sound = clean(g, 20 if PROVE_ALL else 2)
        assert stalls.find(store, ON) == [], f"{sound} cases nothing is wrong with"
        injected = inject(g, EACH)
        found = stalls.find(store, ON)
    said = Counter(s.case_no for s in found)
    invented = [s for s in found if s.case_no not in g.expected]
    missed = [(no, was) for no, was in g.expected.items() if no not in said]
    wrong = [
        (told(s.as_dict()), g.expected[s.case_no])
        for s in found
        if s.case_no in g.expected and told(s.as_dict()) != g.expected[s.case_no]
    ]
    print(
        f"{len(derive(g.definition))} classes, {injected} injected, {injected - len(missed)} found, {len(invented)} invented"
    )
    assert not missed[:5] and not invented[:5] and not wrong[:5]
    assert max(said.values()) == 1 and len(found) == injected
    assert {s.class_id for s in found} == set(derive(g.definition)), "every class was tried"


def test_classes_name_clock_owner_and_article_and_the_acts_that_cure(process: Definition) -> None:
    classes = derive(process)
    late = classes["late:decide"]
    assert (late.owner, late.law, late.kind) == ("officer", "工伤保险条例#20.1", "late")
    assert ("recognition", "under_review", "propose") in late.acts
    assert classes["undone:public_notice"].law == "民事诉讼法#95"
    assert classes["unwatched:recognition.filed"].acts
    assert {c.kind for c in classes.values()} == {*KINDS, *MORE}


def test_no_class_calls_a_right_or_a_reminder_late(process: Definition) -> None:
    classes = derive(process)
    for name, known in process.clocks.items():
        blamed = f"late:{name}" in classes
        assert blamed == (
            known.legal and known.kind == "deadline" and not is_right(known) and not known.on_expiry.act
        ), name
        assert (f"reminded:{name}" in classes) == (not known.legal), name


def test_every_state_that_is_no_end_and_every_document_has_its_class(process: Definition) -> None:
    classes = derive(process)
    for matter in process.matters.values():
        for state in matter.states.values():
            assert (f"unwatched:{matter.name}.{state.name}" in classes) == (not state.end)
            assert all(f"unprinted:{a.issue}" in classes for a in state.actions.values() if a.issue)


def test_a_clock_the_process_no_longer_knows_is_still_found(make_store: Callable[..., Store]) -> None:
    with clock.frozen(ON):
        store = make_store()
        g = ground(store, ON)
        matter = g.definition.matters["recognition"]
        g.case((matter, matter.states["filed"]))
        g.clock(g.definition.clocks["examine"], -9, name="vanished")
        g.write()
        (found,) = stalls.find(store, ON)
    assert (found.clock, found.days_over, found.owner) == ("vanished", 9, "desk")


def test_a_finding_leads_to_the_act(make_store: Callable[..., Store]) -> None:
    with clock.frozen(ON):
        store = make_store()
        g = ground(store, ON)
        matter = g.definition.matters["recognition"]
        g.case((matter, matter.states["under_review"]))
        g.clock(g.definition.clocks["decide_fast"], -2)
        g.write()
        (found,) = stalls.find(store, ON + timedelta(days=1))
    assert (found.ref, found.act, found.days_over) == ("recognition", "to_ordinary", 3)
    assert "转普通程序" in found.sentence()
