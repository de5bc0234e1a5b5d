"""What-if: what it foretells is what then happens, and asking leaves the database as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.builders import APPRAISAL_PAPERS, PAPERS, Life, Town, dump, fresh_town
from web.commands import main
from workflow import clock, whatif
from workflow.cases import Outcome
from workflow.errors import BadInput, NotFound, Refused
from workflow.models import Clock, Matter
from workflow.whatif import SHOWN, PauseAsked

SETTLED = ("met", "stopped")
Key = tuple[str, str, str]


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    yield from fresh_town(request, tmp_path_factory)


def rows_of(life: Life, matter_id: int) -> dict[tuple[Any, ...], Clock]:
    return {(c.name, c.addressee, c.start_on): c for c in life.clocks() if c.matter_id == matter_id}


def days(row: Clock) -> dict[str, str]:
    return {n: getattr(row, n).isoformat() if getattr(row, n) else "" for n in SHOWN}


class Foreseen(Life):
    """A life in which every act is first asked about: the answer must be what then happens, and asking changes nothing."""

    def ask(self, who: str, matter: str, action: str, facts: dict[str, Any]) -> dict[str, Any]:
        before = dump(self.town.store)
        with clock.frozen(datetime.combine(self.day, time(9), clock.SHANGHAI)):
            told = whatif.perform(self.town.store, self.town.people[who], self.case_no, matter, action, facts)
        assert dump(self.town.store) == before and told["written"] is False
        return told

    def act(
        self, who: str, matter: str, action: str, *, papers: list[str] | None = None, behalf: str = "", **facts: Any
    ) -> Outcome:
        told, row = self.ask(who, matter, action, facts), self.row(matter)
        was = rows_of(self, row.id)
        outcome = super().act(who, matter, action, papers=papers, behalf=behalf, **facts)
        assert (told["from"], told["to"], told["to_label"]) == (
            outcome.from_state,
            outcome.to_state,
            outcome.state_label,
        )
        assert bool(told["document"]) == bool(outcome.instrument)
        self.same(told["clocks"], rows_of(self, row.id), was)
        self.opened(told["opens"], outcome)
        return outcome

    def same(
        self, told: list[dict[str, Any]], now: dict[tuple[Any, ...], Clock], was: dict[tuple[Any, ...], Clock]
    ) -> None:
        """Every clock the act touched was foretold, with its state and days."""
        said = {(c["name"], c["addressee"], c["due_on"]["after"]): c for c in told}
        for key, row in now.items():
            if row.state in SETTLED and key in was and was[key].state == row.state:
                continue
            one = said.pop((row.name, row.addressee, days(row)["due_on"]))
            assert one["state"]["after"] == row.state and one["state"]["before"] == (
                was[key].state if key in was else ""
            )
            assert {n: one[n]["after"] for n in SHOWN} == days(row), row.name
            due = was[key].due_on if key in was else None
            assert one["moved_days"] == ((row.due_on - due).days if due and row.due_on else 0)
            assert (one["law"], one["owner"], one["explain"]) == (row.law, row.owner, row.explain)
        assert not said, "nothing is foretold that does not happen"

    def opened(self, told: list[dict[str, Any]], outcome: Outcome) -> None:
        with self.town.store.reading() as session:
            rows = session.scalars(select(Matter).where(Matter.case_id == self.case().id).order_by(Matter.id)).all()
        new = rows[len(rows) - len(outcome.opened) :]
        assert [(m["matter"], m["addressee"]) for m in told] == [(m.name, m.addressee) for m in new]
        for foretold, m in zip(told, new, strict=True):
            self.same(foretold["clocks"], rows_of(self, m.id), {})


def foreseen(town: Town) -> Foreseen:
    life = town.life()
    return Foreseen(life.town, life.case_no, life.day)


# --- what is foretold happens -----------------------------------------------------------------------------------------------


def test_from_the_application_to_the_first_payment(town: Town) -> None:
    life = foreseen(town)
    life.recognised().served().appraised("3").claimed().payable()
    assert len(life.done) == 18


def test_suspended_and_resumed(town: Town) -> None:
    life = foreseen(town)
    life.accepted().wait(5).act(
        "approver", "recognition", "suspend", suspension_kind="judicial", ground="等结论", awaited="结论书"
    )
    life.wait(20).act("approver", "recognition", "resume", document_received="结论书", ground="已收到")
    assert life.clocks("decide")[0].pauses


def test_corrected_withdrawn_and_filed_again(town: Town) -> None:
    life = foreseen(town)
    life.filed(papers=["application"]).wait(1).act("desk", "recognition", "correct")
    life.wait(9).act("desk", "recognition", "resubmit", behalf="worker", papers=PAPERS[1:])
    assert [c.code for c in life.clocks("examine")] == ["GS-ACC", "GS-SUPP"]
    life.wait(1).act("desk", "recognition", "withdraw", applicant="worker", ground="想再准备材料")
    life.wait(3).filed()


def test_lengthened_and_with_days_left_out(town: Town) -> None:
    life = foreseen(town)
    life.act("approver", "recognition", "extend_filing", extension_days="30", ground="材料在外地")
    left: Any = {"excluded_from": "2026-02-18", "excluded_to": "2026-02-28", "exclusion_kind": "force_majeure"}
    life.act("approver", "recognition", "exclude_time", ground="住院", **left)
    (year,) = life.clocks("worker_files")
    assert year.pauses and year.extensions == 0 and life.clocks("employer_files")[0].extensions == 1


def test_appraised_with_a_supplement_and_put_off(town: Town) -> None:
    life = foreseen(town)
    life.recognised().appraisal_filed(papers=APPRAISAL_PAPERS[:1])
    by = (life.wait(1).day + timedelta(days=20)).isoformat()
    life.act("appraisal", "appraisal", "ask_supplement", supplement_by_on=by)
    life.wait(3).act("desk", "appraisal", "complete", behalf="worker", papers=APPRAISAL_PAPERS[1:])
    life.wait(1).act("appraisal", "appraisal", "draw", panel_size="3")
    exam = (life.day + timedelta(days=6)).isoformat()
    life.act("appraisal", "appraisal", "schedule", exam_on=exam, place="演示医院鉴定室")
    later = (life.day + timedelta(days=16)).isoformat()
    life.act("appraisal", "appraisal", "reschedule", exam_on=later, place="演示医院鉴定室", reason="职工住院")
    assert life.clocks("conclude")[0].extend_days == 10


def test_objected_to(town: Town) -> None:
    life = foreseen(town)
    life.recognised().served()
    remedy = life.remedies()["worker"]
    life.wait(5).act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
    life.wait(2).act("desk", remedy, "accept_review")
    life.wait(3).act("officer", remedy, "got_copy")
    life.wait(3).act("officer", remedy, "reply")
    life.wait(10).act("desk", remedy, "extend_review", ground="案情复杂")
    assert life.clocks("decide_review")[0].extend_days == 30


def test_an_act_of_an_earlier_day_with_its_reason(town: Town) -> None:
    life = foreseen(town)
    life.filed().wait(6).act(
        "approver", "recognition", "accept", accepted_on="2026-03-04", backdate_reason="停电，今天补记"
    )
    assert life.due("decide").isoformat() == "2026-05-06"


def test_a_day_still_to_come_is_foretold_as_it_will_be(town: Town) -> None:
    life = foreseen(town)
    life.filed().wait(1)
    day = life.day + timedelta(days=9)
    told = life.ask("approver", "recognition", "accept", {"accepted_on": day.isoformat()})
    life.on(day)
    Life.act(life, "approver", "recognition", "accept")
    here = rows_of(life, life.row("recognition").id)
    life.same(
        [c for c in told["clocks"] if c["state"]["after"] not in SETTLED],
        {k: c for k, c in here.items() if c.state not in SETTLED},
        {},
    )


# --- what stands in the way, and faults ---------------------------------------------------------------------------------------


def test_what_still_stands_in_the_way_is_told_beside_and_refuses_nothing(town: Town) -> None:
    life = foreseen(town)
    life.filed(papers=["application"])
    told = life.ask("auditor", "recognition", "accept", {})
    assert told["to"] == "under_review" and any("还缺材料" in s for s in told["unmet"])
    assert [c["name"] for c in told["clocks"] if not c["state"]["before"]] == ["decide_fast", "decide"]


Asks = list[tuple[str, str, str, dict[str, Any], type[Exception], str]]
FAULTS: Asks = [
    ("linhe-desk", "recognition", "accept", {}, NotFound, "没有这个案件"),
    ("desk", "benefit", "claim", {}, NotFound, "没有“benefit”事项"),
    ("desk", "recognition", "recognise", {}, Refused, "时不能办“recognise”"),
    ("desk", "recognition", "accept", {"accepted_on": "昨天"}, Refused, "受理之日"),
    ("desk", "recognition", "accept", {"accepted_on": "2026-02-30"}, Refused, "受理之日"),
    ("desk", "recognition", "accept", {"nonsense": "x"}, Refused, "nonsense"),
]


@pytest.mark.parametrize(("who", "matter", "action", "facts", "kind", "said"), FAULTS)
def test_what_cannot_be_reckoned_is_refused(
    town: Town, who: str, matter: str, action: str, facts: dict[str, Any], kind: type[Exception], said: str
) -> None:
    life = town.life().filed()
    before = dump(town.store)
    with clock.frozen(life.day), pytest.raises(kind, match=said):
        whatif.perform(town.store, town.people[who], life.case_no, matter, action, facts)
    assert dump(town.store) == before


# --- standing still -------------------------------------------------------------------------------------------------------------


def paused(life: Life, *words: str, who: str = "auditor", matter: str = "") -> dict[str, Any]:
    before = dump(life.town.store)
    with clock.frozen(life.day):
        told = whatif.pause(
            life.town.store, life.town.people[who], life.case_no, [PauseAsked.parse(w) for w in words], matter
        )
    assert dump(life.town.store) == before and told["written"] is False
    return told


def test_a_pause_with_a_ground_is_what_suspending_does(town: Town) -> None:
    life = town.life().accepted().wait(1)
    told = paused(life, "2026-03-10..2026-03-30")
    assert told["notes"] == [] and told["matter"] == "recognition"
    life.on("2026-03-10").act(
        "approver", "recognition", "suspend", suspension_kind="judicial", ground="等结论", awaited="结论书"
    )
    life.on("2026-03-30").act("approver", "recognition", "resume", document_received="结论书", ground="已收到")
    really = {c.name: days(c) for c in life.clocks("decide_fast", "decide")}
    assert {c["name"]: {n: c[n]["after"] for n in SHOWN} for c in told["clocks"]} == really
    assert {c["name"]: c["moved_days"] for c in told["clocks"]} == {"decide_fast": 20, "decide": 16}  # 05-06 was rolled


def test_several_pauses_add_up_and_one_after_the_end_changes_nothing(town: Town) -> None:
    life = town.life().accepted()
    one = {
        c["name"]: c for c in paused(life, "decide=2026-03-10..2026-03-20", "decide=2026-04-01..2026-04-11")["clocks"]
    }
    assert (
        one["decide"]["due_on"] == {"before": "2026-05-06", "after": "2026-05-22"}
        and one["decide_fast"]["moved_days"] == 0
    )
    told = paused(life, "decide_fast=2026-04-10..2026-05-10")
    assert told["notes"] == ["“从快作出决定”在 2026-04-10 以前已经于 2026-03-18 届满，之后的中止不影响它。"]
    assert all(c["moved_days"] == 0 for c in told["clocks"])


def test_without_an_article_it_is_only_a_trial_and_says_so(town: Town) -> None:
    life = town.life().filed()
    told = paused(life, "examine=2026-03-05..2026-03-10", matter="recognition")
    assert told["notes"] == ["“决定是否受理”没有查到可以中止或者扣除的条文，这里只是试算。"]
    assert told["clocks"][0]["name"] == "examine" and told["clocks"][0]["moved_days"] > 0


@pytest.mark.parametrize(
    ("word", "said"),
    [("2026-03-10", "读不懂"), ("2026-03-20..2026-03-10", "读不懂"), ("2026-03-10..2026-03-10", "读不懂"), ("x..y", "读不懂"), ("", "读不懂"),
     ("=..", "读不懂"), ("2026-02-30..2026-03-10", "读不懂")],
)  # fmt: skip
def test_a_pause_that_is_none_is_told_how_to_be_written(word: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as wrong:
        PauseAsked.parse(word)
    assert "如 2026-08-03..2026-08-15" in wrong.value.sentences()[0]


@pytest.mark.parametrize(
    ("word", "matter", "kind", "said"),
    [("never=2026-03-10..2026-03-20", "", Refused, "没有在走。在走的有：examine（决定是否受理）"),
     ("decide=2026-03-10..2026-03-20", "", Refused, "时限“decide”现在没有在走"),
     ("2026-03-10..2026-03-20", "", Refused, "没有依法可以中止的时限在走"), ("2026-03-10..2026-03-20", "benefit", NotFound, "没有“benefit”事项")],
)  # fmt: skip
def test_a_pause_of_what_does_not_run_is_refused(
    town: Town, word: str, matter: str, kind: type[Exception], said: str
) -> None:
    life = town.life().filed()
    with pytest.raises(kind, match=said):
        paused(life, word, matter=matter)
    with pytest.raises(NotFound, match="没有这个案件"):
        paused(life, word, who="linhe-desk")


# --- the command ------------------------------------------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in [n for n in os.environ if n.startswith("GREENCHANNEL_")]:
        monkeypatch.delenv(name)
    settings = {
        "ENV": "demo",
        "DATABASE_URL": town.store.settings.database_url,
        "DATA_DIR": str(town.store.settings.data_dir),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GREENCHANNEL_{name}", value)

    def go(*words: str, on: Life) -> tuple[int, str, str]:
        capsys.readouterr()
        with clock.frozen(on.day):
            code = main(["what-if", on.case_no, *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


def test_the_command_says_what_would_move_and_writes_nothing(town: Town, run: Run) -> None:
    life = town.life().filed().wait(1)
    before = dump(town.store)
    code, out, _ = run(
        "--perform", "recognition.accept", "--as", "approver", "--fact", "accepted_on=2026-03-03", on=life
    )
    assert (
        code == 0
        and "作出认定决定 GS-DEC，承办人：开始计算，届满 2026-05-06" in out
        and "决定是否受理 GS-ACC，一站式窗口：办结（原届满 2026-03-17）" in out
    )
    assert out.endswith("以上只是试算，什么都没有写入。\n") and "出具文书：工伤认定申请受理决定书" in out
    code, out, _ = run("--pause", "examine=2026-03-05..2026-03-10", "--json", on=life)
    body = json.loads(out)
    assert (code, body["ok"], body["written"], out.count("\n")) == (0, True, False, 1)
    code, out, _ = run("--pause", "examine=2026-03-05..2026-03-10", on=life)
    assert "2026-03-17 → 2026-03-23，顺推 6 日" in out and "注意：" in out
    assert dump(town.store) == before


@pytest.mark.parametrize(
    "words",
    [(), ("--perform", "accept"), ("--perform", "recognition.nothing"), ("--perform", "recognition.accept", "--pause", "2026-03-05..2026-03-06"),
     ("--pause", "gestern"), ("--pause", "2026-03-05..2026-03-10", "--fact", "a=b"), ("--perform", "recognition.accept", "--fact", "novalue"),
     ("--perform", "recognition.accept", "--as", "nobody"), ("--perform", "recognition.accept", "--as", "linhe-desk")],
    ids=" ".join,
)  # fmt: skip
def test_the_command_refuses_what_it_cannot_read(town: Town, run: Run, words: tuple[str, ...]) -> None:
    life = town.life().filed()
    code, out, err = run(*words, "--json", on=life)
    told = json.loads(out)
    assert code == 2 and told["ok"] is False and told["reasons"] and "Traceback" not in err
