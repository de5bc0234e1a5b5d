"""The conditions and preparations of diagnosis and remedy: when each holds, when not, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from workflow.definition import load
from workflow.definition.model import Definition
from workflow.guards import REGISTRY, WAITS, diagnosis, remedy
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.settings import ROOT
from workflow.situation import Actor, ClockView, MatterView, Situation

DEFINITION: Definition = load(ROOT / "states.yaml")
TODAY = date(2026, 3, 20)
EARLIER, LATER = date(2026, 3, 10), date(2026, 3, 30)
RECOGNITION = MatterView("recognition", "delivered", "worker", False)
APPLY, SUE = "remedy.window_open.apply_review", "remedy.window_open.sue"
CLOSE, DECIDE = "remedy.window_open.close_window", "remedy.review_hearing.decide_review"
JUDGE = "remedy.suit_hearing.judge"
FIRM = Actor(3, "firm", "单位", frozenset({"employer"}), employer_id=1)
INACTION = {"decision_kind": "inaction"}
REVIEWED = {"docketed_on": EARLIER, "review_served_on": EARLIER}


def clock(name: str, due: date | None, state: str = "running") -> ClockView:
    known = DEFINITION.clocks[name]
    return ClockView(name, known.code, state, date(2026, 1, 1) if due else None, due)


def about(kind: str, state: str = "decided", **known: Any) -> dict[str, Any]:
    """A remedy about a document of that kind received today, and what its parent knows."""
    facts = {"decision_kind": kind, "received_on": TODAY, "opened_on": TODAY}
    return {"facts": facts, "parent": MatterView("recognition", state, "", False, known)}


def situation(place: str, **more: Any) -> Situation:
    matter, state, action = place.split(".")
    defined = DEFINITION.matters[matter]
    found = defined.states[state]
    plain = Situation(TODAY, DEFINITION, defined, found, found.actions[action], Actor(1, "me", "我", frozenset()))
    facts = {**more.pop("facts", {}), **more.get("given", {})}
    return replace(plain, facts=facts, **more)


def asked(place: str, **more: Any) -> Situation:
    """As the engine asks: what the act prepares is there before its conditions."""
    plain = situation(place, **more)
    made = PREPARATIONS[plain.action.prepare](plain) if plain.action.prepare else None
    return replace(plain, facts={**plain.facts, **made.facts}) if made else plain


Rows = list[tuple[dict[str, Any], str | None]]

# guard → the act it stands at, and what stands there → the code of its answer (None: it holds)
ROWS: dict[str, list[tuple[str, Rows]]] = {
    "all_windows_over": [
        (CLOSE, [
            ({"clocks": (clock("apply_review", EARLIER), clock("sue_direct", LATER)), "given": {"window_closed_on": EARLIER}}, WAITS),
            ({"clocks": (clock("apply_review", EARLIER), clock("sue_direct", LATER)), "given": {"window_closed_on": LATER}}, None),
            ({"clocks": (clock("apply_review", EARLIER), clock("sue_direct", LATER, "stopped")), "given": {"window_closed_on": EARLIER}}, None),
            ({"clocks": (clock("apply_review", EARLIER), clock("sue_direct", None, "unstarted")), "given": {"window_closed_on": EARLIER}}, WAITS),
            ({"clocks": (clock("sue_direct", LATER),)}, WAITS),
            ({}, None),
        ]),
        # a clock of another state, and one that would do another act, are not waited for
        ("remedy.review_served.close_after_review", [
            ({"clocks": (clock("sue_after_review", EARLIER), clock("sue_direct", LATER)), "given": {"window_closed_on": EARLIER}}, None),
        ]),
        ("diagnosis.objection_open.settle", [
            ({"clocks": (clock("appraise_worker", EARLIER), clock("appraise_employer", LATER)), "given": {"settled_on": EARLIER}}, WAITS),
            ({"clocks": (clock("appraise_worker", EARLIER), clock("appraise_employer", LATER)), "given": {"settled_on": LATER}}, None),
        ]),
    ],
    "windows_past": [("remedy.suit_only.close_expired", [
        ({"clocks": (clock("sue_direct", EARLIER),)}, None), ({"clocks": (clock("sue_direct", TODAY),)}, "window_open"),
        ({"clocks": (clock("sue_direct", LATER, "stopped"),)}, None), ({"clocks": (clock("sue_after_refusal", LATER),)}, None),
    ])],
    "decision_replaced": [("remedy.window_open.set_moot", [
        ({}, "no_parent"),
        (about("recognition", decided_on=LATER), None), (about("recognition", decided_on=TODAY), "not_replaced"),
        (about("recognition", decided_on=EARLIER), "not_replaced"), (about("recognition", revoked_on=LATER), None),
        (about("recognition"), "not_replaced"), (about("non_recognition", revoked_on=LATER), "not_replaced"),
        (about("non_acceptance", accepted_on=LATER), None), (about("stop_notice", approved_on=LATER), "not_replaced"),
        (about("benefit_sheet", approved_on=LATER), None), (about("", approved_on=LATER), "not_replaced"),
        (about("inaction"), "not_done"), (about("inaction", decided_on=EARLIER), "not_done"), (about("inaction", decided_on=TODAY), None),
        (about("inaction", "delivered"), None),
    ])],
    "rights_told": [("remedy.uninformed.close_window", [({}, WAITS)]), (CLOSE, [({}, None)])],
    "year_over": [("remedy.uninformed.close_year", [
        ({"facts": {"received_on": date(2025, 3, 19)}}, None), ({"facts": {"received_on": date(2025, 3, 20)}}, "year_not_over"),
        ({}, "year_not_over"),
    ])],
    "still_possible": [
        (APPLY, [({}, None)]),
        ("remedy.window_closed.apply_review", [
            ({"facts": {"closed_in": "window_open"}}, None), ({"facts": {"closed_in": "review_refused"}}, "not_open_then"),
            ({}, "not_open_then"),
        ]),
        ("remedy.closed.sue", [
            ({"facts": {"closed_in": "review_served"}}, None), ({"facts": {"closed_in": "suit_hearing"}}, "not_open_then"),
        ]),
        ("diagnosis.settled.apply_again", [
            ({"facts": {"closed_in": "da_open"}}, None), ({"facts": {"closed_in": "objection_open"}}, "not_open_then"),
        ]),
    ],
    "filed_in_time": [
        (APPLY, [
            ({"given": {"review_filed_on": TODAY}, "clocks": (clock("apply_review", TODAY),)}, None),
            ({"given": {"review_filed_on": TODAY}, "clocks": (clock("apply_review", EARLIER), clock("sue_direct", LATER))}, "filed_late"),
            ({"given": {"review_filed_on": TODAY, "late_reason": "洪水"}, "clocks": (clock("apply_review", EARLIER),)}, None),
            ({"given": {"review_filed_on": TODAY}, "clocks": (clock("apply_review", EARLIER, "stopped"),)}, None),
            ({"clocks": (clock("apply_review", EARLIER),)}, "filed_late"),
        ]),
        # heard of after the window has closed: measured by the window it was closed in
        ("remedy.window_closed.sue", [
            ({"given": {"suit_filed_on": EARLIER}, "facts": {"closed_in": "window_open"}, "clocks": (clock("sue_direct", EARLIER, "met"),)}, None),
            ({"given": {"suit_filed_on": TODAY}, "facts": {"closed_in": "review_refused"},
              "clocks": (clock("sue_direct", LATER, "stopped"), clock("sue_after_refusal", EARLIER, "met"))}, "filed_late"),
        ]),
        ("remedy.review_served.sue", [
            ({"given": {"suit_filed_on": TODAY}, "clocks": (clock("sue_direct", LATER, "met"), clock("sue_after_review", EARLIER))}, "filed_late"),
        ]),
        ("remedy.appeal_window.appeal", [
            ({"given": {"appeal_filed_on": TODAY}, "clocks": (clock("appeal_judgment", TODAY),)}, None),
            ({"given": {"appeal_filed_on": TODAY}, "clocks": (clock("appeal_judgment", EARLIER),)}, "filed_late"),
        ]),
        ("diagnosis.objection_open.apply_appraisal", [
            ({"given": {"da_filed_on": TODAY}, "clocks": (clock("appraise_worker", LATER),)}, None),
            ({"given": {"da_filed_on": TODAY}, "clocks": (clock("appraise_worker", EARLIER),)}, "filed_late"),
        ]),
    ],
    "first_review": [
        (APPLY, [({}, None), ({"facts": {"review_ended_on": EARLIER}}, None)]),
        ("remedy.suit_only.apply_review", [({}, None), ({"facts": {"review_ended_on": EARLIER}}, "review_used")]),
        ("remedy.window_closed.apply_review", [
            ({"facts": {"closed_in": "review_refused"}}, "review_used"),
            ({"facts": {"closed_in": "suit_only", "review_ended_on": EARLIER}}, "review_used"),
            ({"facts": {"closed_in": "window_open"}}, None),
        ]),
    ],
    "review_before_suit": [(SUE, [
        ({}, None), ({"facts": INACTION}, "review_first"), ({"facts": {"duty_ended_on": EARLIER}}, "review_first"),
        ({"facts": INACTION, "given": {"suit_filed_on": date(2023, 12, 31)}}, None),
        ({"facts": INACTION, "given": {"suit_filed_on": date(2024, 1, 1)}}, "review_first"),
        ({"facts": {**INACTION, "review_served_on": EARLIER}}, None), ({"facts": {**INACTION, "refusal_served_on": EARLIER}}, None),
        ({"facts": {**INACTION, "review_lapsed_on": EARLIER}}, None), ({"facts": {**INACTION, "review_ended_on": EARLIER}}, "review_first"),
    ])],
    "about_inaction": [("remedy.window_open.record_inaction", [
        ({}, None), ({"facts": INACTION}, None), ({"facts": {"decision_kind": "recognition"}}, "has_decision"),
    ])],
    "about_decision": [("remedy.window_closed.reopen_window", [
        ({"facts": {"decision_kind": "recognition"}}, None), ({"facts": INACTION}, "inaction"),
    ])],
    "within_five_years": [
        ("remedy.window_open.exclude_suit", [
            ({"given": {"made_on": date(2021, 3, 20)}}, None), ({"given": {"made_on": date(2021, 3, 19)}}, "five_years"), ({}, None),
        ]),
        ("remedy.window_closed.reopen_window", [({"given": {"made_on": date(2020, 1, 1)}}, "five_years")]),
    ],
    "supplement_not_asked": [("remedy.review_accepted.ask_review_supplement", [({}, None), ({"facts": {"supp_filed_on": EARLIER}}, "asked_before")])],
    "only_deemed": [("remedy.review_accepted.refuse_review", [
        ({"facts": {"deemed": True}}, None), ({"facts": {"deemed": False}}, "really_accepted"), ({}, "really_accepted"),
    ])],
    "judged_here": [("remedy.closed.retrial", [({"facts": {"docketed_on": EARLIER}}, None), ({}, "no_judgment")])],
    "review_was_annulled": [("remedy.closed.review_again", [
        ({"facts": {"outcome": "review_annulled"}}, None), ({"facts": {"outcome": "annulled"}}, "review_stands"), ({}, "review_stands"),
    ])],
    "ruling_fits": [
        (DECIDE, [
            *[({"given": {"outcome": o}}, None) for o in ("upheld", "annulled", "unlawful", "ordered_to_act")],
            ({"given": {"outcome": "redo"}}, "procedural_missing"), ({"given": {"outcome": "redo", "procedural": False}}, None),
            ({"given": {"outcome": "redo", "procedural": True, "redo_by_on": LATER}}, None),
            ({"given": {"outcome": "ordered_to_act", "redo_by_on": LATER}}, None),
            ({"given": {"outcome": "upheld", "redo_by_on": LATER}}, "no_term"),
            ({"given": {"outcome": "varied"}}, None), ({"given": {"outcome": "varied"}, "parent": RECOGNITION}, "varied_to_missing"),
            ({"given": {"outcome": "varied", "varied_to": "recognised"}, "parent": RECOGNITION}, None),
            ({"given": {"outcome": "review_upheld"}}, "no_review"), ({"given": {"outcome": "review_annulled"}}, "no_review"),
            *[({"given": {"outcome": o}, "facts": INACTION}, "wrong_kind") for o in ("varied", "annulled", "redo")],
            *[({"given": {"outcome": o}, "facts": INACTION}, None) for o in ("upheld", "unlawful", "ordered_to_act")],
        ]),
        (JUDGE, [
            ({"given": {"outcome": "review_annulled"}, "facts": REVIEWED}, None), ({"given": {"outcome": "review_upheld"}, "facts": REVIEWED}, None),
            ({"given": {"outcome": "review_upheld"}, "facts": {"docketed_on": EARLIER}}, "no_review"),
            ({"given": {"outcome": "upheld"}, "facts": {**REVIEWED, "review_outcome": "redo"}}, "review_changed_it"),
            ({"given": {"outcome": "upheld"}, "facts": {**REVIEWED, "review_outcome": "upheld"}}, None),
            ({"given": {"outcome": "upheld"}, "facts": {**REVIEWED, "review_outcome": "varied"}}, None),
        ]),
    ],
    "data_complete_or_default": [("diagnosis.weighing.start_examining", [
        ({"given": {"data_basis": "complete"}}, None), ({"given": {"data_basis": "default"}}, "not_urged"),
        ({"given": {"data_basis": "default"}, "facts": {"urged_on": EARLIER}}, None),
    ])],
    "result_was_negative": [("diagnosis.appraisal_accepted.conclude_positive", [
        ({"facts": {"diagnosis_result": "negative"}}, None), ({"facts": {"diagnosis_result": "positive"}}, "is_positive"), ({}, "is_positive"),
    ])],
    "result_was_positive": [("diagnosis.appraisal_accepted.conclude_negative", [
        ({"facts": {"diagnosis_result": "negative"}}, "is_negative"), ({"facts": {"diagnosis_result": "positive"}}, None), ({}, None),
    ])],
    "not_appraised": [("diagnosis.objection_open.apply_appraisal", [({}, None), ({"facts": {"da_level": "city"}}, "appraised")])],
    "first_level": [("diagnosis.da_open.apply_again", [
        ({"facts": {"da_level": "city"}}, None), ({"facts": {"da_level": "region"}}, "final_level"), ({}, "final_level"),
    ])],
    "second_level": [("diagnosis.appraisal_concluded.final_da_served", [
        ({"facts": {"da_level": "region"}}, None), ({"facts": {"da_level": "city"}}, "not_final_level"),
    ])],
    "excluded_within_30": [("diagnosis.appraisal_accepted.exclude_exam", [
        ({"given": {"excluded_from": date(2026, 1, 1), "excluded_to": date(2026, 1, 31)}}, None),
        ({"given": {"excluded_from": date(2026, 1, 1), "excluded_to": date(2026, 2, 1)}}, "too_long"),
    ])],
    "own_time_to_sue": [
        ("labour.special_award.sue_labour", [
            ({"behalf": "worker"}, None), ({"behalf": "employer"}, "too_early"), ({"actor": FIRM}, "too_early"),
            ({"behalf": "employer", "others": {"diagnosis": ("examining_labour", {})}}, "too_early"),
            ({"behalf": "employer", "others": {"diagnosis": ("settled", {})}}, None),
        ]),
        ("labour.employer_window.sue_labour", [({"behalf": "employer"}, None), ({"actor": FIRM}, None)]),
        ("labour.ordinary_award.sue_labour", [({"behalf": "employer"}, None)]),
    ],
    "both_have_it": [
        ("diagnosis.served_worker.settle", [
            ({"facts": {"worker_received_on": EARLIER}}, WAITS),
            ({"facts": {"worker_received_on": EARLIER, "employer_received_on": EARLIER}}, None),
        ]),
        ("diagnosis.da_served_worker.settle", [
            ({"facts": {"worker_received_on": EARLIER, "employer_received_on": EARLIER, "worker_da_on": EARLIER}}, WAITS),
            ({"facts": {"worker_da_on": EARLIER, "employer_da_on": EARLIER}}, None),
        ]),
    ],
}  # fmt: skip

# preparation → the act it stands at, what stands there, the facts it makes, the clocks it stops
MADE: list[tuple[str, str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("note_closed", CLOSE, {}, {"closed_in": "window_open"}, ()),
    ("untold_clocks", "remedy.window_open.record_not_informed", {"given": {"untold": "both"}}, {}, ("apply_review", "sue_direct")),
    ("untold_clocks", "remedy.window_open.record_not_informed", {"given": {"untold": "review"}}, {}, ("apply_review",)),
    ("untold_clocks", "remedy.window_open.record_not_informed", {"given": {"untold": "suit"}}, {}, ("sue_direct",)),
    ("told_clocks", "remedy.uninformed.rights_known", {"facts": {"untold": "both"}}, {}, ()),
    ("told_clocks", "remedy.uninformed.rights_known", {"facts": {"untold": "review"}}, {}, ("sue_told",)),
    ("told_clocks", "remedy.uninformed.rights_known", {"facts": {"untold": "suit"}}, {}, ("review_told",)),
    ("suit_windows", "remedy.review_hearing.end_review", {}, {}, ()),
    ("suit_windows", "remedy.review_hearing.end_review", {"facts": {"review_accepted_on": EARLIER}}, {}, ("apply_review",)),
    ("suit_windows", "remedy.review_hearing.end_review", {"facts": INACTION}, {}, ("apply_review", "sue_direct")),
    ("deemed_acceptance", "remedy.review_applied.deem_accepted", {}, {"deemed": True}, ()),
    ("real_acceptance", "remedy.review_applied.accept_review", {}, {"deemed": False}, ()),
    ("note_review", DECIDE, {"given": {"outcome": "redo"}}, {"review_outcome": "redo"}, ()),
    ("positive_diagnosis", "diagnosis.examining.diagnose_positive", {}, {"diagnosis_result": "positive", "result_before": ""}, ()),
    ("negative_diagnosis", "diagnosis.examining.diagnose_negative", {}, {"diagnosis_result": "negative", "result_before": ""}, ()),
    ("city_level", "diagnosis.objection_open.apply_appraisal", {}, {"da_level": "city", "da_level_before": ""}, ()),
    ("region_level", "diagnosis.da_open.apply_again", {"facts": {"da_level": "city"}}, {"da_level": "region", "da_level_before": "city"}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "rows"), [(n, p, r) for n, parts in ROWS.items() for p, r in parts])
def test_a_condition_answers_as_the_table_says(name: str, place: str, rows: Rows) -> None:
    for more, code in rows:
        reason = REGISTRY[name](asked(place, **more))
        assert (reason.code if reason else None) == code, more
        if reason is not None:
            assert reason.text.endswith("。") and reason.law and reason.who


def test_a_condition_stands_at_every_act_it_is_tried_at() -> None:
    for name, parts in ROWS.items():
        for place, _ in parts:
            assert name in situation(place).action.guards, place


def test_every_condition_of_the_two_modules_has_rows_and_is_used() -> None:
    mine = {g for g in REGISTRY if REGISTRY[g].__module__ in (remedy.__name__, diagnosis.__name__)}
    used = {
        g for m in DEFINITION.matters.values() for s in m.states.values() for a in s.actions.values() for g in a.guards
    }
    assert mine == set(ROWS) and mine <= used


@pytest.mark.parametrize(("name", "place", "more", "facts", "stop"), MADE)
def test_a_preparation_makes_what_the_table_says(
    name: str, place: str, more: dict[str, Any], facts: dict[str, Any], stop: tuple[str, ...]
) -> None:
    made = PREPARATIONS[name](situation(place, **more))
    assert (dict(made.facts), made.stop) == (facts, stop)
    assert situation(place).action.prepare == name


def test_every_preparation_of_the_module_has_rows() -> None:
    mine = {n for n, f in PREPARATIONS.items() if f.__module__ == "workflow.preparations.remedy"}
    assert mine == {row[0] for row in MADE}


# --- what the file itself must keep -----------------------------------------------------------------------------------


@pytest.mark.parametrize("matter", ["diagnosis", "labour", "remedy"])
def test_what_a_clock_does_by_itself_is_there_wherever_it_runs(matter: str) -> None:
    for state in DEFINITION.matters[matter].states.values():
        for name in state.clocks:
            expiry = DEFINITION.clocks[name].on_expiry
            assert {expiry.act, expiry.route} - {""} <= set(state.actions), (state.name, name)


def test_review_and_suit_are_never_open_at_once() -> None:
    """行政复议法#29: no suit while an accepted review is pending, no review once a court has the case."""
    states = DEFINITION.matters["remedy"].states
    reviewing = {n for n in states if n.startswith(("review_", "simple_")) and "decide_review" in states[n].clocks}
    suing = {n for n in states if {"try_suit", "try_appeal", "appeal_order"} & set(states[n].clocks)}
    assert len(reviewing) == 6 and len(suing) == 7
    assert not any("sue" in states[n].actions for n in reviewing)
    assert not any("apply_review" in states[n].actions for n in suing)


def test_every_ruling_that_changes_the_decision_reaches_the_parent() -> None:
    changing = {"varied", "annulled", "redo", "ordered_to_act"}
    feeding = [
        "review_decided.review_served",
        "appeal_all_served.take_effect",
        "on_appeal.judge_appeal",
        "review_hearing.mediate_review",
    ]
    for place in feeding:
        state, action = place.split(".")
        assert changing <= set(DEFINITION.matters["remedy"].states[state].actions[action].parent), place


def test_a_judgment_changes_nothing_before_it_is_effective() -> None:
    """行政诉讼法#85: given and served it still can be appealed against."""
    states = DEFINITION.matters["remedy"].states
    for place in (
        "suit_hearing.judge",
        "judged.judgment_served",
        "appeal_window.all_served",
        "review_hearing.decide_review",
    ):
        state, action = place.split(".")
        assert not states[state].actions[action].parent, place
