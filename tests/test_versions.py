"""Versions of the process: the typed difference, the plan, and publishing that moves every open case or nothing."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DatabaseError

from tests.builders import START, Life, Town, counts, settle
from web.commands import main
from workflow import clock, setup
from workflow.accounts import actor_of
from workflow.cases import perform
from workflow.cases.opening import current_definition
from workflow.definition import DefinitionFaults, loads
from workflow.definition.model import Definition
from workflow.errors import Conflict, Forbidden, Refused
from workflow.models import Case, Clock, DefinitionVersion, Event, User
from workflow.settings import from_environment
from workflow.store import Store
from workflow.verify import verify
from workflow.versions import diff, plan, publish, shelf
from workflow.versions.open_cases import read as open_cases
from workflow.versions.open_cases import use_of
from workflow.versions.use import Use

FILE = Path(__file__).with_name("definitions") / "versions.yaml"
BASE = FILE.read_text("utf-8")
TODAY = START + timedelta(days=5)
_version = iter(range(2, 10_000))
_settled: dict[str, str] = {}


def changed(*edits: tuple[str, str], version: str = "") -> Definition:
    """The process with texts replaced, each of which it must have, and a version of its own."""
    body = BASE.replace('"v-1"', f'"{version or f"v-{next(_version)}"}"')
    for old, new in edits:
        assert old in body, old
        body = body.replace(old, new)
    return loads(body, name="new.yaml")


def planned(body: str, new: Definition) -> plan.Plan:
    return plan.loads(body, new, [loads(BASE)])


SHORTER = ("label: 作出决定, within: 60 日", "label: 作出决定, within: 45 日")
OTHER_WORDS = ('public: "最迟在 {decide.due} 前作出决定。"', 'public: "正在审理，{decide.due} 前有结果。"')
RENAMED = [("      filed:\n", "      received:\n"), ("to: filed}", "to: received}")]


PROVE = publish.prove


@pytest.fixture(autouse=True)
def unproved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small process is not made to be proved; the proof itself is asked for where it is tested."""
    monkeypatch.setattr(publish, "prove", lambda definition: None)


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town under the small process, a copy of one made once for each kind of database."""
    kind, folder = str(request.param), tmp_path_factory.mktemp("town")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None

    def opened(url: str, folder: Path) -> Store:
        settings = {"ENV": "demo", "DATABASE_URL": url, "DATA_DIR": str(folder), "STATES": str(FILE)}
        return Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in settings.items()}))

    if kind not in _settled:
        base = tmp_path_factory.mktemp("settled")
        _settled[kind] = server.create() if server else f"sqlite:///{base / 'greenchannel.db'}"
        made = opened(_settled[kind], base)
        setup.init_db(made)
        settle(made)
        made.close()
    if server:
        url = server.create(_settled[kind].rpartition("/")[2])
    else:
        url = f"sqlite:///{shutil.copy(_settled[kind].removeprefix('sqlite:///'), folder)}"
    store = opened(url, folder)
    with store.reading() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User).where(~User.system))}
        system = setup.machine_account(session, "system")
    with clock.frozen(TODAY):
        yield Town(store, people, system)
    store.close()
    if server:
        server.drop(url)


def filed(town: Town, day: date = START) -> Life:
    life = town.life(day)
    life.act("desk", "recognition", "file", track="fast", behalf="worker", papers=["application"])
    return life


def reviewed(town: Town, day: date = START) -> Life:
    life = filed(town, day).wait(1)
    life.act("approver", "recognition", "accept")
    return life


def decided(town: Town) -> Life:
    life = reviewed(town).wait(1)
    life.act("approver", "recognition", "recognise")
    return life


def closed(town: Town) -> Life:
    life = decided(town)
    for who in ("worker", "employer"):
        life.wait(1).act(
            "desk", "recognition", "deliver", addressee=who, way="direct", received_on=life.day.isoformat()
        )
    return life


def published(town: Town, new: Definition, said: str = "", **rest: Any) -> publish.Published:
    return publish.publish(town.store, town.people["admin"], new, planned(said, new) if said else None, **rest)


def refused(town: Town, new: Definition, said: str = "", **rest: Any) -> list[str]:
    """The sentences of a refusal, which must write nothing."""
    before = counts(town.store)
    with pytest.raises(Refused) as stopped:
        published(town, new, said, **rest)
    assert counts(town.store) == before
    return stopped.value.sentences()


def version_of(life: Life) -> str:
    with life.town.store.reading() as session:
        return str(session.scalar(
            select(DefinitionVersion.version).join(Case, Case.definition_id == DefinitionVersion.id).where(Case.case_no == life.case_no)
        ))  # fmt: skip


def sound(town: Town) -> None:
    _, edited = verify(town.store)
    assert not edited, [f.sentence() for f in edited]


def levels(new: Definition, use: Use | None = None, old: Definition | None = None) -> dict[str, tuple[str, int]]:
    """Kind of change → (level, cases), the worst where there are several."""
    found = diff.diff(old or loads(BASE), new, use)
    return {c.kind: (c.level, c.cases) for c in reversed(found) if c.kind != "version"}


def standing(**used: Any) -> Use:
    """A use of one case, number 1: kind=key."""
    use = Use({1})
    for kind, key in used.items():
        use.add(1, kind, key)
    return use


# --- the typed difference ------------------------------------------------------------------------------------------

NEW_STATE = (
    "      closed: {label",
    '      archived: {label: 已归档, public: "归档了。", end: true}\n      closed: {label',
)
TO_ARCHIVE = (
    "to: closed}\n      under_review",
    "to: closed}\n          archive: {label: 归档, by: [desk], to: archived}\n      under_review",
)
AS_NUMBER = "ground: {label: 理由, type: text}", "ground: {label: 理由, type: int}"
NO_REMARK = "          remark: {label: 记一笔, by: [desk], ask: [ground]}\n", ""
FAST_GONE = "choices: {fast: 从快, ordinary: 普通}", "choices: {ordinary: 普通}"
WARNED = "on_expiry: {warn: [officer], escalate", "on_expiry: {warn: [approver], escalate"
SKIPPED = [
    ("on: accepted_on, to: under_review", "on: accepted_on, to: decided"),
    ("to: closed}\n      under", "to: under_review}\n      under"),
]
NO_DIAGNOSIS = [
    ("application, diagnosis]", "application]"),
    ("  diagnosis: {label: 诊断证明书, law: 工伤保险条例#18.1}\n", ""),
]
DIFFERENCES: list[tuple[str, list[tuple[str, str]], dict[str, Any], str, str]] = [
    # (what, edits, what case 1 stands on, kind, level)
    ("label", [("label: 待受理", "label: 等受理")], {"state": ("recognition", "filed")}, "state.words", "safe"),
    ("public", [OTHER_WORDS], {"state": ("recognition", "under_review")}, "state.words", "safe"),
    ("hint", [("ground: {label: 理由,", "ground: {label: 理由, hint: 写清楚,")], {"fact": "ground"}, "fact.words", "safe"),
    ("new optional fact", [("may: [certified_on]", "may: [certified_on, ground]")], {"state": ("recognition", "to_apply")}, "act.changed", "safe"),
    ("new state", [NEW_STATE, TO_ARCHIVE], {"state": ("recognition", "filed")}, "state.added", "safe"),
    ("new act", [NEW_STATE, TO_ARCHIVE], {"state": ("recognition", "filed")}, "act.added", "safe"),
    ("who is warned", [WARNED], {"clock": "decide"}, "clock.words", "safe"),
    ("length", [SHORTER], {"clock": "decide"}, "clock.length", "migration"),
    ("length of an idle clock", [SHORTER], {}, "clock.length", "safe"),
    ("start", [("within: 15 日, from: filed_on", "within: 15 日, from: certified_on")], {"clock": "examine"}, "clock.start", "migration"),
    ("owner", [("from: filed_on, owner: desk", "from: filed_on, owner: officer")], {"clock": "examine"}, "clock.owner", "migration"),
    ("kind", [("within: 15 日, from: filed_on", "kind: effect, within: 15 日, from: filed_on")], {"clock": "examine"}, "clock.kind", "migration"),
    ("pauses", [("pauses: {when: 等结论,", "pauses: {when: 等仲裁结论,")], {"clock": "decide"}, "clock.pauses", "migration"),
    ("law", [("owner: desk, law: 工伤认定办法#8.1", "owner: desk, law: 工伤认定办法#8")], {"clock": "examine"}, "clock.law", "migration"),
    ("clocks of a state", [("clocks: [decide]", "clocks: [decide, employer_files]")], {"state": ("recognition", "under_review")}, "state.clocks",
     "migration"),
    ("state gone", RENAMED, {"state": ("recognition", "filed")}, "state.removed", "forbidden"),
    ("state gone, empty", RENAMED, {}, "state.removed", "safe"),
    ("fact type", [AS_NUMBER], {"fact": "ground"}, "fact.type", "forbidden"),
    ("fact type, not stored", [AS_NUMBER], {}, "fact.type", "safe"),
    ("choice gone", [FAST_GONE], {"value": ("track", "fast")}, "fact.choice", "forbidden"),
    ("way of an act", SKIPPED, {"act": ("recognition", "filed", "accept")}, "act.to", "migration"),
    ("act gone", [NO_REMARK], {"act": ("recognition", "filed", "remark")}, "act.removed",
     "migration"),
    ("paper", NO_DIAGNOSIS, {"paper": "diagnosis"}, "paper.removed", "forbidden"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "edits", "used", "kind", "level"), DIFFERENCES, ids=[d[0] for d in DIFFERENCES])
def test_each_difference_has_its_level(
    what: str, edits: list[tuple[str, str]], used: dict[str, Any], kind: str, level: str
) -> None:
    found = levels(changed(*edits), standing(**used))
    assert found[kind][0] == level, found
    if level != "safe":
        assert found[kind][1] == 1


def test_a_paper_without_an_article_is_forbidden_whoever_uses_it() -> None:
    from dataclasses import replace

    old = loads(BASE)
    bare = replace(old, papers={**old.papers, "application": replace(old.papers["application"], law="")})
    (found,) = diff.diff(old, bare)
    assert (found.level, found.kind) == ("forbidden", "paper.law")
    assert BASE.splitlines()[found.line - 1].strip().startswith("application:")


def test_a_question_answered_otherwise_needs_a_migration() -> None:
    asked = (
        "papers:\n  application",
        "questions:\n  authority_rollover: {label: 机关的期限遇休假日是否顺延, choices: {rolled: 顺延, unrolled: 不顺延}, use: rolled, "
        "cautious: unrolled, law: 工伤保险条例#20.1, confidence: M}\npapers:\n  application",
    )
    old = changed(asked)
    new = changed((asked[0], asked[1].replace("use: rolled", "use: unrolled")))
    assert levels(new, standing(clock="decide"), old)["question.use"] == ("migration", 1)


def test_a_matter_taken_away_is_forbidden_only_where_it_is_used() -> None:
    more = (
        BASE
        + '  other:\n    label: 另一件\n    start: closed\n    states:\n      closed: {label: 完, public: "完了。", end: true}\n'
    )
    old, new = loads(more), loads(BASE)
    assert levels(new, standing(matter="other"), old) == {"matter.removed": ("forbidden", 1)}
    assert levels(new, None, old) == {"matter.removed": ("safe", 0)}


def test_nothing_differs_from_itself_and_every_change_names_its_line() -> None:
    assert diff.diff(loads(BASE), loads(BASE)) == []
    new = changed(SHORTER, OTHER_WORDS)
    for change in diff.diff(loads(BASE), new, standing(clock="decide")):
        line = new.text.splitlines()[change.line - 1]
        assert {"version": "version", "clock.length": "decide:", "state.words": "under_review:"}[change.kind] in line
        assert change.sentence().startswith(f"第 {change.line} 行") and change.why


# --- the plan ------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_plan_is_told_with_its_line() -> None:
    new = changed(*RENAMED)
    body = "clocks:\n  decode: keep\n  decide: guess\nstates:\n  recognition.filed: nowhere\nacts: 3\nwishes: {a: b}\n"
    with pytest.raises(DefinitionFaults) as refusal:
        planned(body, new)
    told = {f.line: f.text for f in refusal.value.lines}
    assert set(told) == {2, 3, 5, 6, 7}
    assert "是不是“decide”" in told[2] and "recompute（按新版本重算）" in told[3] and "nowhere" in told[5]


@pytest.mark.parametrize(
    "body", ["a: &x {b: c}\n", "clocks: !!python/object {}\n", "clocks: {decide: keep, decide: keep}\n", "\0", "- a\n"]
)
def test_a_malicious_plan_is_refused(body: str) -> None:
    with pytest.raises(DefinitionFaults):
        planned(body, loads(BASE))


# --- publishing ----------------------------------------------------------------------------------------------------


def test_the_shipped_process_is_the_first_version_and_valid_from_the_beginning(town: Town) -> None:
    with town.store.reading() as session:
        (row,) = shelf.listing(session)
        assert (row.state, row.valid_from, row.valid_until, row.to_move) == ("published", None, None, False)
        assert current_definition(session)[0] == shelf.valid_on(session, date(1999, 1, 1))[0] == row.id
    sound(town)


def test_a_safe_change_moves_every_open_case_and_no_closed_one(town: Town) -> None:
    open_one, ended = reviewed(town), closed(town)
    due, seen = open_one.due("decide"), open_one.row("recognition").version
    new = changed(OTHER_WORDS, ("label: 作出决定, within", "label: 依法作出决定, within"))
    done = published(town, new)
    assert (done.moved, done.pinned, done.clocks) == (1, 0, 0)
    assert (version_of(open_one), version_of(ended)) == (new.version, "v-1")
    assert open_one.due("decide") == due and open_one.clocks("decide")[0].label == "依法作出决定"
    assert open_one.row("recognition").version == seen, "a clerk's open form is not made stale by words"
    event = open_one.event()
    assert (event["kind"], event["definition"], event["payload"]["matters"]) == ("definition:migrated", new.digest, [])
    sound(town)
    open_one.wait(3).act("approver", "recognition", "recognise")
    assert open_one.event()["definition"] == new.digest


def test_a_shorter_limit_is_refused_with_every_case_and_its_dates_unless_planned(town: Town) -> None:
    first, second, aside = reviewed(town), reviewed(town), filed(town)
    told = refused(town, changed(SHORTER))
    assert "2 件在办案件" in told[0]
    for life in (first, second):
        (line,) = [t for t in told if life.case_no in t]
        assert "2026-05-02" not in told[0] and str(life.due("decide")) in line and "clocks: {decide" in line
        assert "工伤保险条例#20.1" in line
    assert not any(aside.case_no in t for t in told)


def test_recompute_reckons_anew_and_records_both_dates(town: Town) -> None:
    life = reviewed(town)
    old, seen = life.due("decide"), life.row("recognition")
    done = published(town, changed(SHORTER), "clocks: {decide: recompute}\n")
    assert (done.moved, done.clocks) == (1, 1)
    now = life.due("decide")
    assert now < old and life.row("recognition").late_on == now and life.row("recognition").version == seen.version + 1
    (said,) = life.event()["payload"]["matters"][0]["clocks"]
    assert (said["how"], said["due_on"], said["was"]["due_on"]) == ("recomputed", now.isoformat(), old.isoformat())
    life.check()


def test_a_clerk_with_an_older_page_is_told_that_the_version_changed(town: Town) -> None:
    life = reviewed(town)
    seen = life.row("recognition").version
    published(town, changed(SHORTER), "clocks: {decide: recompute}\n")
    with pytest.raises(Conflict, match="办理流程换版本"):
        perform(town.store, town.people["approver"], life.case_no, "recognition", "recognise", version=seen)


def test_kept_dates_stay_through_pause_and_resumption(town: Town) -> None:
    kept, twin = reviewed(town), reviewed(town)
    new = changed(SHORTER)
    published(town, new, f"clocks: {{decide: keep}}\ncases: {{{twin.case_no}: grandfather}}\n")
    assert kept.due("decide") == twin.due("decide") and (version_of(kept), version_of(twin)) == (new.version, "v-1")
    for life in (kept, twin):
        life.on(TODAY).act("approver", "recognition", "suspend")
        life.wait(12).act("approver", "recognition", "resume")
    assert kept.due("decide") == twin.due("decide"), "a pause lengthens the run of then, not the new one"
    fresh = reviewed(town, kept.day)
    assert (fresh.due("decide") - fresh.day).days < 52, "a new case runs under the new length"
    sound(town)


def test_grandfather_leaves_only_the_cases_with_that_clock(town: Town) -> None:
    old_one, other = reviewed(town), filed(town)
    new = changed(SHORTER)
    done = published(town, new, "clocks: {decide: grandfather}\n")
    assert (done.moved, done.pinned, done.reasons_pinned) == (1, 1, {"clocks.decide": 1})
    assert (version_of(old_one), version_of(other)) == ("v-1", new.version)
    old_one.wait(5).act("approver", "recognition", "recognise")
    sound(town)


def test_a_case_whose_dates_come_out_the_same_is_safe(town: Town) -> None:
    life = reviewed(town)
    dated = "within: [{until: 2027-12-31, is: 60 日}, {from: 2028-01-01, is: 45 日}]"
    new = changed(("label: 作出决定, within: 60 日", f"label: 作出决定, {dated}"))
    assert published(town, new).moved == 1 and version_of(life) == new.version
    sound(town)


def test_a_state_is_renamed_by_the_plan_and_the_history_still_walks(town: Town) -> None:
    life, past = filed(town), reviewed(town)
    new = changed(*RENAMED)
    told = refused(town, new)
    assert any("recognition.filed" in t and life.case_no in t for t in told)
    published(town, new, "states: {recognition.filed: received}\n")
    assert life.state("recognition") == "received" and past.state("recognition") == "under_review"
    sound(town)
    life.on(TODAY).act("approver", "recognition", "accept")
    # And once more: what happened before the first move is still walked, under its names of then.
    again = changed(("      filed:\n", "      taken:\n"), ("to: filed}", "to: taken}"))
    waiting = plan.loads("states: {recognition.received: taken}\n", again, [new])
    done = publish.publish(town.store, town.people["admin"], again, waiting)
    assert done.moved == 2
    sound(town)


def test_an_act_of_the_past_that_is_gone_asks_what_becomes_of_it(town: Town) -> None:
    life = filed(town)
    life.act("desk", "recognition", "remark", ground="电话问过")
    new = changed(NO_REMARK)
    (_, told) = refused(town, new)
    assert life.case_no in told and "acts: {recognition.remark" in told
    assert published(town, new, "acts: {recognition.remark: keep}\n").moved == 1
    assert life.event()["payload"]["let_stand"] == ["recognition.remark"]
    assert published(town, changed(NO_REMARK, OTHER_WORDS)).moved == 1
    sound(town)


def test_a_stored_fact_of_another_type_holds_the_case_back(town: Town) -> None:
    life = filed(town)
    life.act("desk", "recognition", "remark", ground="电话问过")
    new = changed(AS_NUMBER)
    told = refused(town, new, "acts: {recognition.remark: keep}\n")
    assert "ground" in told[1] and life.case_no in told[1]
    assert published(town, new, "facts: {ground: grandfather}\n").pinned == 1


def test_a_clock_new_to_a_state_is_started_by_recompute_only(town: Town) -> None:
    check = ("papers:\n  application", "  look_in: {code: IN-LOOK, label: 过问, remind: 20 日, from: accepted_on, owner: supervisor, "
             "on_expiry: {escalate: supervisor}}\npapers:\n  application")  # fmt: skip
    new = changed(check, ("clocks: [decide]", "clocks: [decide, look_in]"))
    life = reviewed(town)
    assert "过问" in refused(town, new)[1]
    published(town, new, "clocks: {look_in: recompute}\n")
    (row,) = life.clocks("look_in")
    assert (row.state, row.start_on, row.due_on) == ("running", life.day, life.day + timedelta(days=20))
    sound(town)
    # A version without it again: the running clock ends with the move, and never in silence.
    gone = changed(version="v-back")
    assert "没有了" in refused(town, gone, "")[1]
    done = publish.publish(
        town.store, town.people["admin"], gone, plan.loads("clocks: {look_in: recompute}\n", gone, [new])
    )
    assert done.clocks == 1 and life.clocks("look_in")[0].state == "stopped"
    sound(town)


def test_a_paused_clock_needs_an_act_that_takes_it_up_again(town: Town) -> None:
    life = reviewed(town)
    life.wait(1).act("approver", "recognition", "suspend")
    stuck = changed(
        ("suspend: {label: 中止, by: [approver], pause: [decide], on", "suspend: {label: 中止, by: [approver], on"),
        ("resume: {label: 恢复, by: [approver], resume: [decide], to", "resume: {label: 恢复, by: [approver], to"),
    )
    told = refused(town, stuck, "clocks: {decide: keep}\n")
    assert any("没有恢复它的办理事项" in t for t in told)
    shorter = changed(SHORTER)
    published(town, shorter, "clocks: {decide: recompute}\n")
    (row,) = life.clocks("decide")
    assert (row.state, row.fire_on) == ("paused", None)
    life.wait(3).act("approver", "recognition", "resume")
    assert life.due("decide") < START + timedelta(days=52)


def test_a_missed_day_is_not_made_a_met_one_and_none_is_missed_by_publishing(town: Town) -> None:
    late, running = reviewed(town), reviewed(town, START + timedelta(days=40))
    with clock.frozen(START + timedelta(days=75)):
        missed = late.due("decide")
        assert missed < clock.today()
        longer = changed(("label: 作出决定, within: 60 日", "label: 作出决定, within: 90 日"))
        assert published(town, longer, "clocks: {decide: recompute}\n").moved == 2
        assert late.due("decide") == missed and late.event()["payload"]["matters"][0]["clocks"][0]["how"] == "kept"
        assert running.due("decide") > START + timedelta(days=125)
        cut = changed(("label: 作出决定, within: 60 日", "label: 作出决定, within: 10 日"))
        told = refused(town, cut, "clocks: {decide: recompute}\n")
        assert any(running.case_no in t and "追溯" in t for t in told)
    sound(town)


def test_the_start_follows_where_the_case_knows_it_and_holds_it_back_where_not(town: Town) -> None:
    knows = town.life()
    knows.act(
        "desk", "recognition", "file", track="fast", behalf="worker", certified_on="2026-02-20", papers=["application"]
    )
    ignorant = filed(town)
    new = changed(("within: 15 日, from: filed_on", "within: 15 日, from: certified_on"))
    told = refused(town, new, "clocks: {examine: recompute}\n")
    assert any(ignorant.case_no in t and "定不下来" in t for t in told) and not any(knows.case_no in t for t in told)
    published(town, new, f"clocks: {{examine: recompute}}\ncases: {{{ignorant.case_no}: grandfather}}\n")
    (row,) = knows.clocks("examine", state="running")
    assert row.start_on == date(2026, 2, 20)
    sound(town)


def test_each_addressee_keeps_his_own_clock(town: Town) -> None:
    life = decided(town)
    life.wait(1).act(
        "desk", "recognition", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat()
    )
    new = changed(("label: 送达决定书, within: 20 日", "label: 送达决定书, within: 15 日"))
    done = published(town, new, "clocks: {serve: recompute}\n")
    assert done.clocks == 1
    assert {c.addressee: c.state for c in life.clocks("serve")} == {"worker": "met", "employer": "running"}
    life.on(TODAY).act(
        "desk", "recognition", "deliver", addressee="employer", way="direct", received_on=TODAY.isoformat()
    )
    assert life.state("recognition") == "closed"


def test_closed_cases_replay_under_their_own_stored_version(town: Town) -> None:
    life = closed(town)
    published(town, changed(*RENAMED, SHORTER))
    published(town, changed(SHORTER, NO_REMARK))
    assert version_of(life) == "v-1"
    sound(town)
    with town.store.reading() as session:
        case = session.scalars(select(Case).where(Case.case_no == life.case_no)).one()
        definition = town.store.definition(session, case.definition_id)
        acts = session.scalars(
            select(Event).where(Event.case_id == case.id, Event.kind == "matter:performed").order_by(Event.seq)
        ).all()
        at = "to_apply"
        for act in acts:
            way = definition.matters["recognition"].states[at].actions[act.action]
            assert act.from_state == at and act.to_state in ({way.to, at} if way.each else {way.to})
            at = act.to_state
        assert at == case.matters[0].state == "closed"


def test_every_case_of_the_demonstration_walks_through_its_own_process(make_store: Callable[..., Store]) -> None:
    """Real lives, many of them placed from a form: another version that differs by its name alone moves them all."""
    store = make_store(demo=True)
    shipped = store.settings.states_path.read_text("utf-8")
    renamed = loads(re.sub(r"^version: .*$", 'version: "renamed"', shipped, count=1, flags=re.M))
    with store.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Case).where(Case.closed_on.is_(None)))
        system = setup.machine_account(session, "system")
    done = publish.publish(store, system, renamed)
    assert (done.moved, done.pinned, done.clocks) == (waiting, 0, 0) and waiting
    assert [c.kind for c in done.changes] == ["version"]
    assert verify(store)[1] == []


def test_a_child_matter_keeps_its_party_and_its_history_walks(tmp_path: Path) -> None:
    """The process of the prover's tests: a decision opens one child for each addressee, whose clocks are the party's."""
    path = FILE.parent / "sound.yaml"
    body, length = path.read_text("utf-8"), "label: 申请行政复议, within: "
    settings = {
        "ENV": "demo",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "DATA_DIR": str(tmp_path),
        "STATES": str(path),
    }
    store = Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in settings.items()}))
    setup.init_db(store)
    town = settle(store)
    life = town.life()
    life.act("desk", "recognition", "file", behalf="worker", papers=["application"])
    life.wait(1).act("desk", "recognition", "accept")
    life.wait(1).act("approver", "recognition", "recognise")

    def served(who: str) -> None:
        day = life.wait(1).day.isoformat()
        life.act("desk", "recognition", "deliver", addressee=who, way="direct", received_on=day)

    def go_on(version: str, days: int, said: str) -> publish.Published:
        new = loads(body.replace("sound-1", version).replace(f"{length}60 日", f"{length}{days} 日"))
        with clock.frozen(life.day):
            return publish.publish(
                store, town.people["admin"], new, plan.loads(f"clocks: {{review_window: {said}}}", new, [])
            )

    served("worker")
    was = life.clocks("review_window")[0].due_on
    assert was and go_on("longer", 90, "recompute").clocks == 1
    (row,) = life.clocks("review_window")
    assert (row.owner, row.kept_id) == ("worker", None) and row.due_on and row.due_on > was
    life.check()
    served("employer")
    mine = {c.owner: c.due_on for c in life.clocks("review_window")}
    assert set(mine) == {"worker", "employer"} and go_on("shorter", 80, "keep").clocks == 2
    assert {c.owner: c.due_on for c in life.clocks("review_window")} == mine
    life.check()
    done = go_on("longer-again", 90, "recompute")
    assert (done.moved, done.clocks) == (1, 0), "what was kept comes out as it stands"
    assert verify(store)[1] == []
    store.close()


# --- days, drafts, twice, two at once --------------------------------------------------------------------------------


def test_new_cases_run_under_the_version_valid_on_their_day(town: Town) -> None:
    running = reviewed(town)
    new, day = changed(SHORTER), TODAY + timedelta(days=10)
    done = published(town, new, "clocks: {decide: keep}\n", valid_from=day)
    assert done.later and done.moved == 0 and version_of(running) == "v-1"
    assert version_of(town.life(day - timedelta(days=1))) == "v-1"
    assert version_of(town.life(day)) == new.version
    (again,) = refused(town, new)
    assert "生效" in again
    with clock.frozen(day):
        assert published(town, new, "clocks: {decide: keep}\n").moved == 2
        assert "没有要做的事" in refused(town, new)[0]
    with town.store.reading() as session:
        rows = {r.version: r for r in shelf.listing(session)}
    assert (rows["v-1"].state, rows["v-1"].valid_until) == ("retired", day - timedelta(days=1))
    assert (rows[new.version].state, rows[new.version].valid_from, rows[new.version].to_move) == (
        "published",
        day,
        False,
    )
    sound(town)


def test_what_is_published_is_not_published_again_and_nothing_reaches_back(town: Town) -> None:
    (told,) = refused(town, loads(BASE))
    assert "已经发布，没有要做的事" in told
    new = changed(OTHER_WORDS)
    assert "追溯" in refused(town, new, valid_from=TODAY - timedelta(days=1))[0]
    published(town, new)
    (told,) = refused(town, loads(BASE))
    assert "已经失效" in told and "改 version" in told


def test_a_draft_is_kept_and_then_published(town: Town) -> None:
    new = changed(OTHER_WORDS)
    kept = shelf.draft(town.store, town.people["admin"], new)
    assert kept.state == "draft" and "admin" in kept.stored_by
    with pytest.raises(Refused, match="不用再存"):
        shelf.draft(town.store, town.people["admin"], new)
    with town.store.reading() as session:
        assert current_definition(session)[1] != new.digest
    published(town, new)
    with town.store.reading() as session:
        assert current_definition(session) == (kept.id, new.digest)
    sound(town)


def test_init_db_keeps_a_later_file_as_a_draft(town: Town, tmp_path: Path) -> None:
    later = changed(OTHER_WORDS)
    path = tmp_path / "states.yaml"
    path.write_text(later.text, "utf-8")
    from dataclasses import replace

    told = setup.init_db(Store(replace(town.store.settings, states_path=path)))
    assert told["definition_state"] == "draft"
    with town.store.reading() as session:
        assert current_definition(session)[1] == loads(BASE).digest


def test_only_administrators_change_the_process(town: Town) -> None:
    for who in ("desk", "supervisor", "firm"):
        with pytest.raises(Forbidden):
            publish.publish(town.store, town.people[who], changed(OTHER_WORDS))
        with pytest.raises(Forbidden):
            shelf.draft(town.store, town.people[who], changed(OTHER_WORDS))


def test_a_rehearsal_writes_nothing(town: Town) -> None:
    reviewed(town)
    before = counts(town.store)
    done = published(town, changed(SHORTER), "clocks: {decide: recompute}\n", dry_run=True)
    assert (done.moved, done.clocks, done.dry_run) == (1, 1, True) and counts(town.store) == before


def test_two_publish_at_once_and_one_wins(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [reviewed(town) for _ in range(3)]
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(publish, "prove", lambda definition: both.wait())
    rivals = [changed(OTHER_WORDS), changed(OTHER_WORDS)]
    won: list[str] = []
    lost: list[str] = []

    def one(new: Definition) -> None:
        with clock.frozen(TODAY):
            try:
                won.append(published(town, new).version)
            except Conflict as slower:
                lost.extend(slower.sentences())

    threads = [threading.Thread(target=one, args=(new,)) for new in rivals]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(won) == len(lost) == 1 and "另有人发布" in lost[0]
    assert {version_of(life) for life in lives} == set(won)
    sound(town)


def test_a_case_touched_while_the_others_are_judged_is_judged_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile, still = filed(town), filed(town)
    new = changed(SHORTER)
    judge = publish._Publication.refuse_troubles

    def then_accepted(self: Any) -> None:
        judge(self)
        if meanwhile.state("recognition") == "filed":
            meanwhile.on(TODAY).act("approver", "recognition", "accept")

    monkeypatch.setattr(publish._Publication, "refuse_troubles", then_accepted)
    with pytest.raises(Refused) as stopped:
        published(town, new)
    assert meanwhile.case_no in stopped.value.sentences()[1] and version_of(still) == "v-1"
    with town.store.reading() as session:
        assert shelf.by_digest(session, new.digest) is None, "the version is rolled back with the rest"
    sound(town)


# --- what the database itself and verify-audit hold --------------------------------------------------------------------

UNDO = [
    "update definitions set text = text || ' ' where version = 'v-1'", "update definitions set state = 'draft' where version = 'v-1'",
    "update definitions set valid_from = '2020-01-01' where version = 'v-1'", "delete from definitions where version = 'v-1'",
    "update definitions set published_by = 'x' where version = 'v-1'",
]  # fmt: skip


@pytest.mark.parametrize("statement", UNDO)
def test_the_database_refuses_to_turn_a_version_back(town: Town, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only: definitions"), town.store.engine.begin() as connection:
        connection.execute(text(statement))


def test_only_one_validity_is_open(town: Town) -> None:
    with pytest.raises(DatabaseError), town.store.writing() as session:
        session.add(DefinitionVersion(digest="0" * 64, version="x", text="x", stored_at=clock.now(), state="published"))


def test_an_edited_validity_and_a_version_swapped_under_a_case_are_found(town: Town) -> None:
    from tests.builders import without_triggers

    life = reviewed(town)
    published(town, changed(SHORTER), "clocks: {decide: recompute}\n")
    without_triggers(town.store, "update definitions set valid_until = '2026-12-31' where version = 'v-1'")
    assert any("有效期" in f.what for f in verify(town.store)[1])
    without_triggers(
        town.store, f"update definitions set valid_until = '{TODAY - timedelta(days=1)}' where version = 'v-1'"
    )
    sound(town)
    without_triggers(town.store, "update cases set definition_id = 1")
    assert any(f.chain == life.case_no and "办理流程版本" in f.what for f in verify(town.store)[1])


def test_a_clock_edited_after_the_move_is_found(town: Town) -> None:
    life = reviewed(town)
    published(town, changed(SHORTER), "clocks: {decide: recompute}\n")
    with town.store.writing() as session:
        session.execute(update(Clock).where(Clock.id == life.clocks("decide")[0].id).values(due_on=date(2026, 9, 9)))
    assert any(f.chain == life.case_no and "decide" in f.what for f in verify(town.store)[1])


def test_use_counts_what_open_cases_stand_on(town: Town) -> None:
    reviewed(town), filed(town), closed(town)
    with town.store.reading() as session:
        use = use_of(open_cases(session), lambda i: town.store.definition(session, i))
    assert len(use.cases) == 2 and len(use.of("clock", "decide")) == 1 and len(use.of("value", ("track", "fast"))) == 2
    assert len(use.of("act", ("recognition", "to_apply", "file"))) == 2 and len(use.of("paper", "application")) == 2


# --- versions stored before there were states ---------------------------------------------------------------------------


def test_versions_stored_before_count_as_published(fresh_database_url: str, tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from workflow.store import MIGRATIONS

    settings = {"ENV": "demo", "DATABASE_URL": fresh_database_url, "DATA_DIR": str(tmp_path), "STATES": str(FILE)}
    store = Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in settings.items()}))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    texts = [loads(BASE), changed(OTHER_WORDS), changed(SHORTER)]
    moments = [datetime(2026, 1, 5, 1), datetime(2026, 2, 1, 17), datetime(2026, 3, 1, 2)]
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for d, at in zip(texts, moments, strict=True):
            row = {"d": d.digest, "v": d.version, "t": d.text, "at": at}
            connection.execute(
                text("insert into definitions (digest, version, text, stored_at) values (:d, :v, :t, :at)"), row
            )
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    with store.reading() as session:
        rows = [(r.state, r.valid_from, r.valid_until, r.to_move) for r in reversed(shelf.listing(session))]
        assert rows == [
            ("retired", None, date(2026, 2, 1), False), ("retired", date(2026, 2, 2), date(2026, 2, 28), False),
            ("published", date(2026, 3, 1), None, False),
        ]  # fmt: skip
        for day, of in ((date(2026, 2, 1), 0), (date(2026, 2, 2), 1), (date(2027, 1, 1), 2)):
            assert shelf.valid_on(session, day)[1] == texts[of].digest
    store.close()


# --- the prover, the command line -------------------------------------------------------------------------------------------


def test_what_the_prover_refutes_is_not_published() -> None:
    with pytest.raises(Refused) as stopped:
        PROVE(loads(BASE))
    assert {r.code for r in stopped.value.reasons} == {"refuted"} and len(stopped.value.reasons) > 1
    assert "greenchannel prove" in stopped.value.sentences()[0]


def test_what_the_prover_accepts_goes_on() -> None:
    PROVE(loads((FILE.parent / "sound.yaml").read_text("utf-8")))


def test_a_refuted_process_stops_before_any_case_is_judged(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "prove", PROVE)
    assert "证明不成立" in refused(town, changed(OTHER_WORDS))[0]


@pytest.fixture
def at_the_keyboard(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    for name, value in {
        "ENV": "demo",
        "DATABASE_URL": town.store.settings.database_url,
        "DATA_DIR": str(town.store.settings.data_dir),
    }.items():
        monkeypatch.setenv(f"GREENCHANNEL_{name}", value)
    return town


def test_the_commands(at_the_keyboard: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    life = reviewed(at_the_keyboard)
    path, said = tmp_path / "new.yaml", tmp_path / "plan.yaml"
    new = changed(SHORTER, OTHER_WORDS)
    path.write_text(new.text, "utf-8")
    said.write_text("clocks: {decide: recompute}\n", "utf-8")

    def ran(*words: str) -> tuple[int, dict[str, Any]]:
        code = main([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    code, body = ran("definition", "diff", str(path))
    assert code == 0 and body["counts"] == {"safe": 2, "migration": 1, "forbidden": 0}
    assert [c["cases"] for c in body["changes"] if c["kind"] == "clock.length"] == [1]
    code, body = ran("definition", "publish", str(path), "--as", "admin")
    assert code == 2 and body["ok"] is False and life.case_no in body["reasons"][1]["text"]
    code, body = ran("definition", "draft", str(path), "--as", "admin")
    assert code == 0 and body["definition"]["state"] == "draft"
    code, body = ran("definition", "publish", str(path), "--plan", str(said), "--dry-run", "--as", "admin")
    assert (code, body["moved"], body["clocks"], body["dry_run"]) == (0, 1, 1, True)
    code, body = ran("definition", "publish", str(path), "--plan", str(said), "--as", "admin")
    assert (code, body["moved"]) == (0, 1) and version_of(life) == new.version
    code, body = ran("definition", "list")
    assert [d["state"] for d in body["definitions"]] == ["published", "retired"]
    assert main(["definition", "publish", str(path), "--as", "admin"]) == 2
    assert "没有要做的事" in capsys.readouterr().err
    assert main(["definition", "list"]) == 0
    assert new.version in capsys.readouterr().out
