"""The one door: what it refuses and how it says so, who is first, what is written once, what is unknown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.builders import FIRM, OTHER_FIRM, PAPERS, START, Life, Town, counts, dump, form, number, settle
from tests.conftest import open_store
from workflow import cases, clock
from workflow.cases import perform
from workflow.cases.load import NO_CASE, load_seen
from workflow.errors import BadInput, Conflict, Forbidden, NotFound, Refused, Stopped
from workflow.models import Case, Event, Idempotency, Instrument, Matter, Task, Worker
from workflow.reading import list_cases, show
from workflow.verify import verify


@pytest.fixture(scope="module")
def town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    store = open_store(database_url, tmp_path_factory.mktemp("town"))
    yield settle(store)
    store.close()


def do(life: Life, who: str, action: str, matter: str = "recognition", **more: Any) -> cases.Outcome:
    """perform() as it stands, on the life's day."""
    with clock.frozen(life.day):
        return perform(life.town.store, life.town.people[who], life.case_no, matter, action, **more)


def stopped(
    life: Life, kind: type[Stopped], who: str, action: str, matter: str = "recognition", **more: Any
) -> Stopped:
    """The answer to an act that must be stopped and change nothing at all."""
    before = dump(life.town.store)
    with pytest.raises(kind) as caught:
        do(life, who, action, matter, **more)
    assert dump(life.town.store) == before
    return caught.value


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_lists_every_reason_with_its_article_and_field_and_changes_nothing(town: Town) -> None:
    life = town.life(diagnosed_on="2024-06-03").filed(papers=["application"])
    answer = stopped(
        life, Refused, "approver", "accept", facts={"accepted_on": "2026-02-30", "nonsense": "x"}, papers=["diagnosis"]
    )
    assert [(r.field, r.code, r.law) for r in answer.reasons] == [
        ("nonsense", "", ""), ("accepted_on", "", ""), ("papers", "", ""), ("", "papers_missing", "工伤保险条例#18.1"),
        ("late_judgement", "year_lapsed", "工伤保险条例#17.2"),
    ]  # fmt: skip
    assert [r.text for r in answer.reasons[:3]] == [
        "“受理”不用填“nonsense”。可以填：accepted_on、late_judgement。", "“受理之日”填得不对：请填日期，如 2026-11-24。",
        "“受理”不收“职业病诊断证明书或诊断鉴定书”。可以收：无。",
    ]  # fmt: skip
    assert answer.sentences()[-1].endswith("（依据：工伤保险条例#17.2）")


def test_every_missing_fact_is_asked_for_at_once(town: Town) -> None:
    life = town.life().accepted()
    answer = stopped(life, Refused, "officer", "propose")
    assert [(r.field, r.code) for r in answer.reasons] == [
        (f, "fact_missing") for f in ("opinion", "findings", "exclusion")
    ]
    assert answer.reasons[1].sentence() == "请填写“经过、核实情况和医疗救治情况”。（依据：工伤认定办法#19）"


def test_an_unknown_figure_hides_no_other_reason(town: Town) -> None:
    life = town.life(insured="no", diagnosed_on="2016-05-03").wait(1)
    do(life, "desk", "file", facts={"applicant": "worker"}, papers=PAPERS)
    do(life, "approver", "accept", facts={"late_judgement": "经查明可以受理"})
    life.proposed()
    do(life, "approver", "recognise")
    life.served().appraised().claimed()
    answer = stopped(life, Refused, "agency", "determine", "benefit", facts={"own_wage": "6000"})
    assert [r.code for r in answer.reasons][-1] == "not_insured" and "2015年度" in answer.reasons[0].text


def test_an_act_of_another_state_is_refused_with_what_can_be_done(town: Town) -> None:
    answer = stopped(town.life(), Refused, "approver", "recognise")
    assert answer.sentences() == [
        "“已诊断，待申请认定”时不能办“recognise”。现在能办：mark_former（登记离岗或退休职工）、file（提出工伤认定申请）、"
        "extend_filing（同意单位延长申请）、refuse_extension（不同意单位延长申请）、exclude_time（登记扣除的时间）、"
        "note_certificate（登记证明书出具和收到的日期）、"
        "close_unfiled（登记不再申请）、record_death（登记职工去世）。"
    ]
    life = town.life()
    life.act("desk", "recognition", "close_unfiled", behalf="worker", statement="书面声明")
    assert stopped(life, Refused, "approver", "accept").sentences() == [
        "“不再申请”时不能办“accept”。现在能办：file（提出工伤认定申请）。"
    ]


def test_the_wrong_person_is_told_whose_it_is(town: Town) -> None:
    life = town.life().filed()
    answer = stopped(life, Forbidden, "officer", "accept")
    assert answer.sentences() == ["您没有办“受理”的权限，这件事由审批人办理。请转给他们。"]
    assert (answer.reasons[0].code, answer.reasons[0].who) == ("not_yours", "审批人")
    assert stopped(life, Forbidden, "auditor", "accept").reasons == answer.reasons
    assert stopped(life, Forbidden, "firm", "add_papers").reasons[0].who == "一站式窗口"


@pytest.mark.parametrize("who", ["linhe-desk", "linhe-approver", "other-firm", "admin"])
def test_anothers_case_is_no_case_at_all(town: Town, who: str) -> None:
    life = town.life().filed()
    theirs = stopped(life, NotFound, who, "accept")
    nobodys = stopped(Life(town, "2026-999999", START), NotFound, who, "accept")
    assert theirs.reasons == nobodys.reasons and theirs.sentences() == [NO_CASE]
    with town.store.reading() as session, pytest.raises(NotFound, match="没有这个案件，或者您无权查看"):
        load_seen(town.store, session, life.case_no, town.people[who])
    with pytest.raises(NotFound, match="没有这个案件，或者您无权查看"):
        show(town.store, life.case_no, town.people[who])


def test_an_unknown_matter_names_those_there_are(town: Town) -> None:
    answer = stopped(town.life(), NotFound, "desk", "file", "appraisal")
    assert answer.sentences() == ["这个案件没有“appraisal”事项。现有：recognition（工伤认定）。"]
    assert stopped(town.life(), NotFound, "desk", "file", "recognition#2").status == 404


def test_a_matter_may_be_named_with_its_number(town: Town) -> None:
    assert (
        do(town.life(), "desk", "file", "recognition#1", facts={"applicant": "worker"}, papers=PAPERS).to_state
        == "filed"
    )


# --- on behalf --------------------------------------------------------------------------------------------------------


def test_an_office_says_for_whom_it_records_a_partys_act(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    do(life, "desk", "correct")
    answer = stopped(Life(town, town.life().case_no, START), Refused, "desk", "file", papers=PAPERS)
    assert answer.reasons[0].code == "behalf_missing" and answer.reasons[0].field == "applicant"
    do(life, "desk", "resubmit", papers=["employment_proof", "diagnosis"], behalf="relative")
    assert life.event()["behalf"] == "relative"
    life = town.life()
    for party, code in (("agency", "behalf_missing"), ("employer", "behalf_differs")):
        facts = {"applicant": "worker"} if party == "employer" else {}
        assert stopped(life, Refused, "desk", "file", facts=facts, papers=PAPERS, behalf=party).reasons[0].code == code


def test_an_employer_acts_for_nobody_but_itself(town: Town) -> None:
    life = town.life()
    answer = stopped(life, Refused, "firm", "file", facts={"applicant": "worker"}, papers=PAPERS)
    assert answer.sentences() == ["申请人只能是您自己这一方。请改选后再提交。"]
    do(life, "firm", "file", facts={"applicant": "employer"}, papers=PAPERS)
    assert life.event()["behalf"] == "" and life.event()["actor"] == "单位经办（firm）"


# --- who was first ----------------------------------------------------------------------------------------------------


def test_a_clerk_who_saw_an_older_version_is_shown_what_changed(town: Town) -> None:
    life = town.life().accepted()
    seen = life.row("recognition").version
    do(life, "officer", "propose", facts={"opinion": "recognise", "findings": "经过", "exclusion": "no"})
    answer = stopped(life, Conflict, "approver", "suspend", facts={"ground": "x", "awaited": "y"}, version=seen)
    assert isinstance(answer, Conflict)
    assert answer.sentences() == [
        "这件事刚被改动过：试officer（officer） 提出拟办意见。现在是“审理中”。请看清变动后再办，您填的内容没有丢。"
    ]
    assert [(c["actor"], c["label"], c["state"]) for c in answer.changes] == [
        ("试officer（officer）", "提出拟办意见", "审理中")
    ]
    assert do(life, "approver", "recognise", version=seen + 1).version == seen + 2
    two = stopped(life, Conflict, "desk", "deliver", version=seen)
    assert isinstance(two, Conflict) and [c["label"] for c in two.changes] == ["提出拟办意见", "认定为工伤"]


def test_what_the_machine_noted_meanwhile_is_no_change_of_the_matter(town: Town) -> None:
    from workflow import firing

    life = town.life().filed()
    seen = life.row("recognition").version
    life.wait(60)
    with clock.frozen(life.day):
        firing.run_once(town.store)
    assert life.event()["kind"] == "clock:expired"
    do(life, "desk", "add_papers", papers=["diagnosis"], version=seen)
    life.wait(1)
    answer = stopped(life, Conflict, "approver", "accept", version=seen)
    assert isinstance(answer, Conflict) and [c["label"] for c in answer.changes] == ["收下补交的材料"]


@pytest.mark.parametrize("version", [True, False])
def test_of_two_at_once_one_wins_and_no_update_is_lost(town: Town, version: bool) -> None:
    life = town.life().filed()
    seen = life.row("recognition").version if version else None
    answers = at_once(
        lambda: do(life, "approver", "accept", version=seen),
        lambda: do(
            life,
            "approver2",
            "decline",
            facts={"ground": "不属于受理范围", "decline_kind": "no_standing"},
            version=seen,
        ),
    )
    won = [a for a in answers if isinstance(a, cases.Outcome)]
    lost = [a for a in answers if isinstance(a, Stopped)]
    assert len(won) == len(lost) == 1 and isinstance(lost[0], Conflict if version else Refused)
    assert life.state("recognition") == won[0].to_state and life.events() == won[0].seq
    assert len(life.documents()) == 1
    life.check()


def test_eight_at_once_are_done_one_after_the_other(town: Town) -> None:
    life = town.life().filed()
    before = life.row("recognition").version
    answers = at_once(*[lambda: do(life, "desk", "add_papers", papers=["diagnosis"])] * 8)
    assert sorted(a.version for a in answers if isinstance(a, cases.Outcome)) == list(range(before + 1, before + 9))
    life.check()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of several acts at the same moment answered or raised."""
    barrier, answers = threading.Barrier(len(acts)), list[Any]([None] * len(acts))

    def run(n: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[n] = act()
        except Exception as error:
            answers[n] = error

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# --- a form is carried out once ---------------------------------------------------------------------------------------


def test_the_same_form_twice_gets_the_same_answer_and_is_written_once(town: Town) -> None:
    life = town.life()
    facts = {"applicant": "worker"}
    first = do(life, "desk", "file", facts=facts, papers=PAPERS, key=f"{life.case_no}-a")
    before = dump(town.store)
    life.wait(1)
    assert do(life, "desk", "file", facts=facts, papers=PAPERS, key=f"{life.case_no}-a") == first
    assert dump(town.store) == before


def test_a_key_used_again_for_something_else_is_a_conflict(town: Town) -> None:
    life = town.life()
    do(life, "desk", "file", facts={"applicant": "worker"}, papers=PAPERS, key=f"{life.case_no}-b")
    for applicant, papers in (("relative", PAPERS), ("worker", PAPERS[:1])):
        answer = stopped(
            life, Conflict, "desk", "file", key=f"{life.case_no}-b", facts={"applicant": applicant}, papers=papers
        )
        assert answer.sentences() == ["这张表单已经提交过，内容与这次不同。请刷新页面，看清现在的情况后再办。"]
    assert stopped(
        life, Conflict, "officer", "file", facts={"applicant": "worker"}, papers=PAPERS, key=f"{life.case_no}-b"
    )


def test_a_refused_form_may_be_sent_again_with_its_key(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    stopped(life, Refused, "approver", "accept", key=f"{life.case_no}-c")
    do(life, "desk", "add_papers", papers=["employment_proof", "diagnosis"])
    assert do(life, "approver", "accept", key=f"{life.case_no}-c").to_state == "under_review"


def test_one_form_sent_many_times_at_once_is_carried_out_once(town: Town) -> None:
    life = town.life().filed()
    answers = at_once(*[lambda: do(life, "approver", "accept", key=f"{life.case_no}-d")] * 6)
    assert len({str(a) for a in answers}) == 1 and isinstance(answers[0], cases.Outcome), answers
    assert [k for k, _ in life.documents()] == ["acceptance"]
    with town.store.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(Idempotency).where(Idempotency.key == f"{life.case_no}-d"))
            == 1
        )


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gap_even_where_acts_fail(fresh_database_url: str, make_store: Callable[..., Any]) -> None:
    town = settle(make_store(fresh_database_url))
    lives = [town.life().filed() for _ in range(24)]
    failing = iter(range(1000))

    def accept(life: Life) -> None:
        if next(failing) % 3 == 0:  # an act that breaks down after its number was taken
            with pytest.raises(ZeroDivisionError), clock.frozen(life.day), town.store.writing() as session:
                from workflow.cases import paperwork

                paperwork.next_number(session.connection(), town.store.postgres, 5, "前人社工受", 2026)
                raise ZeroDivisionError
        do(life, "approver", "accept")

    def some(n: int) -> Callable[[], None]:
        def run() -> None:
            for life in lives[n::8]:
                accept(life)

        return run

    assert at_once(*[some(n) for n in range(8)]) == [None] * 8
    with town.store.reading() as session:
        rows = session.execute(select(Instrument.no, Instrument.number, Instrument.office_id)).all()
    assert sorted(r.no for r in rows) == list(range(1, 25))
    assert {r.number for r in rows} == {f"前人社工受〔2026〕{n}号" for n in range(1, 25)}
    assert {r.office_id for r in rows} == {5}
    with town.store.reading() as session:
        assert sorted(session.scalars(select(Case.case_no))) == [f"2026-{n:06d}" for n in range(1, 25)]
    assert verify(town.store)[1] == []


def test_each_office_kind_and_year_counts_for_itself(town: Town) -> None:
    one = town.life()
    do(one, "desk", "file", facts={"applicant": "worker"}, papers=PAPERS)
    number_of_2026 = do(one, "approver", "accept").instrument
    other = town.life(START.replace(year=2025), diagnosed_on="2025-02-17")
    do(other, "desk", "file", facts={"applicant": "worker"}, papers=PAPERS)
    number_of_2025 = do(other, "approver", "accept").instrument
    assert "〔2026〕" in number_of_2026 and number_of_2025 == "前人社工受〔2025〕1号"


# --- taking in --------------------------------------------------------------------------------------------------------


def test_a_case_taken_in_by_hand(town: Town) -> None:
    with clock.frozen(START):
        taken = cases.open_case(town.store, town.people["desk"], form(phone="", certificate_no="", insured="unknown"))
    life = Life(town, taken["case_no"], START)
    assert life.tasks() == ["certificate_no", "phone", "insured"]
    (event,) = [life.event(1)]
    assert (event["kind"], event["label"], event["to_state"]) == ("case:opened", "登记案件", "to_apply")
    assert [m.text for m in life.outbox("message")] == [
        f"【绿通】您的案件{life.case_no}现在：已诊断，待申请认定。凭编号和身份证后四位查询，详询窗口。"
    ]
    assert life.documents() == []
    life.check()


def test_all_faults_of_the_form_at_once(town: Town) -> None:
    before = counts(town.store)
    bad = form(
        name="",
        id_number="159999196804120000",
        employer="无此企业",
        disease="",
        diagnosed_on="2027-01-01",
        insured="perhaps",
    )
    with pytest.raises(BadInput) as caught, clock.frozen(START):
        cases.open_case(town.store, town.people["desk"], bad)
    assert [r.field for r in caught.value.reasons] == [
        "name",
        "disease",
        "id_number",
        "diagnosed_on",
        "employer",
        "insured",
    ]
    assert counts(town.store) == before


def test_the_same_diagnosis_is_not_taken_in_twice_but_another_is(town: Town) -> None:
    filled = form()
    with clock.frozen(START):
        first = cases.open_case(town.store, town.people["desk"], filled)["case_no"]
        with pytest.raises(Refused, match=f"这名职工 2026-02-16 诊断的案件已经有了：{first}"):
            cases.open_case(town.store, town.people["desk"], filled)
        second = cases.open_case(town.store, town.people["desk"], {**filled, "diagnosed_on": "2025-02-17"})["case_no"]
    with town.store.reading() as session:
        workers = set(session.scalars(select(Case.worker_id).where(Case.case_no.in_([first, second]))))
        assert len(workers) == 1
        assert session.scalars(select(Worker.uid).where(Worker.id == workers.pop())).one()


def test_of_two_windows_taking_in_the_same_person_one_is_first(town: Town) -> None:
    for _ in range(3):

        def take(filled: dict[str, str] = form()) -> Any:  # noqa: B008 -- the same person for all three
            with clock.frozen(START):
                return cases.open_case(town.store, town.people["desk"], filled)

        answers = at_once(take, take, take)
        assert len([a for a in answers if isinstance(a, dict)]) == 1, answers
        assert all(isinstance(a, (dict, Conflict, Refused)) for a in answers), answers


def test_only_window_and_officers_take_in(town: Town) -> None:
    with pytest.raises(Forbidden, match="由一站式窗口登记"), clock.frozen(START):
        cases.open_case(town.store, town.people["approver"], form())


def test_the_intake_form_is_carried_out_once(town: Town) -> None:
    filled = form()
    with clock.frozen(START):
        first = cases.open_case(town.store, town.people["desk"], filled, key="intake-1")
        assert cases.open_case(town.store, town.people["desk"], filled, key="intake-1") == first
        with pytest.raises(Conflict):
            cases.open_case(town.store, town.people["desk"], {**filled, "name": "别人"}, key="intake-1")


def test_identity_numbers_are_sealed_and_shown_masked(town: Town) -> None:
    mine = number()
    life = town.life(id_number=mine)
    assert mine not in str(dump(town.store))
    shown = show(town.store, life.case_no, town.people["desk"])
    assert mine not in str(shown)
    assert shown["worker"]["id_number"] == f"{'*' * 14}{mine[-4:]}"


# --- filling in -------------------------------------------------------------------------------------------------------


def fill(life: Life, facts: dict[str, str], matter: str = "", who: str = "desk") -> dict[str, Any]:
    with clock.frozen(life.day):
        return cases.fill_in(life.town.store, life.town.people[who], life.case_no, facts, matter)


def test_what_was_unknown_is_filled_in_once(town: Town) -> None:
    life = town.life(phone="", occupation="", certificate_no="")
    assert life.tasks() == ["certificate_no", "phone", "occupation"]
    assert fill(life, {"phone": "0478-0001234", "certificate_no": "演诊9号"})["filled"] == ["certificate_no", "phone"]
    assert life.tasks() == ["occupation"] and life.event()["kind"] == "case:filled"
    before = dump(town.store)
    with pytest.raises(Refused, match="“联系电话”已经有记录，不能用补录改"):
        fill(life, {"phone": "0478-0009999"})
    with pytest.raises(Refused, match="“disease”不在可以补录的范围"):
        fill(life, {"disease": "x"})
    with pytest.raises(Refused, match="没有填任何内容"):
        fill(life, {})
    with pytest.raises(Forbidden, match="您没有补录的权限"):
        fill(life, {"occupation": "凿岩工"}, who="approver")
    with pytest.raises(NotFound):
        fill(life, {"occupation": "凿岩工"}, who="linhe-desk")
    assert dump(town.store) == before
    life.check()


def test_a_document_waits_for_the_facts_it_must_say(town: Town) -> None:
    life = town.life(occupation="").accepted().proposed()
    answer = stopped(life, Refused, "approver", "recognise")
    assert answer.sentences() == ["缺职业、工种或者工作岗位，文书不能打印，请补录后再出具（依据：工伤认定办法#19.1）"]
    fill(life, {"occupation": "凿岩工"})
    assert do(life, "approver", "recognise").instrument


# --- deliveries that move no matter -----------------------------------------------------------------------------------


def test_the_delivery_of_an_acceptance_is_recorded_and_moves_nothing(town: Town) -> None:
    life = town.life().accepted()
    with town.store.reading() as session:
        document = session.scalars(select(Instrument).where(Instrument.case_id == life.case().id)).one()
    version = life.row("recognition").version
    told = {"addressee": "worker", "way": "direct", "received_on": life.day.isoformat()}
    with clock.frozen(life.day):
        done = cases.record_delivery(town.store, town.people["desk"], life.case_no, document.id, told)
        assert done["number"] == document.number and life.event()["kind"] == "document:delivered"
        before = dump(town.store)
        with pytest.raises(Refused, match="送达已经登记过"):
            cases.record_delivery(town.store, town.people["desk"], life.case_no, document.id, told)
        with pytest.raises(Refused) as caught:
            cases.record_delivery(
                town.store, town.people["desk"], life.case_no, document.id, {"received_on": "2026-02-27"}
            )
        assert [r.field for r in caught.value.reasons] == ["addressee", "way", "received_on"]
        with pytest.raises(NotFound):
            cases.record_delivery(town.store, town.people["linhe-desk"], life.case_no, document.id, told)
        with pytest.raises(Forbidden):
            cases.record_delivery(town.store, town.people["approver"], life.case_no, document.id, told)
    assert dump(town.store) == before and life.row("recognition").version == version
    life.check()


def test_a_delivery_the_matter_waits_for_is_an_act_of_the_matter(town: Town) -> None:
    life = town.life().recognised()
    with town.store.reading() as session:
        query = select(Instrument).where(Instrument.case_id == life.case().id, Instrument.kind == "recognition")
        document = session.scalars(query).one()
    told = {"addressee": "worker", "way": "direct", "received_on": life.day.isoformat()}
    with pytest.raises(Refused, match="要在事项里办“登记送达”"), clock.frozen(life.day):
        cases.record_delivery(town.store, town.people["desk"], life.case_no, document.id, told)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_why_the_rest_cannot_be_done_is_told_with_every_choice(town: Town) -> None:
    life = town.life().filed(papers=["application"])
    with clock.frozen(life.day), town.store.reading() as session:
        loaded = load_seen(town.store, session, life.case_no, town.people["approver"])
        offered = {c.action.name: c for c in cases.choices(loaded, loaded.matters[0], town.people["approver"])}
    theirs = [name for name, c in offered.items() if not c.action.automatic]
    assert theirs == [
        "accept", "add_papers", "correct", "decline", "note_certificate", "record_death", "withdraw", "transfer", "complain_inaction",
    ]  # fmt: skip
    assert not any(c.mine for name, c in offered.items() if name not in theirs), (
        "what the system does is nobody's button"
    )
    assert not offered["accept"].possible and offered["accept"].why_not[0].code == "papers_missing"
    assert offered["decline"].possible, "what the form itself asks for is no obstacle"
    assert not offered["correct"].mine and offered["correct"].by == ("一站式窗口",)


def test_a_reason_without_a_field_stands_in_the_way_of_an_act_without_a_day(town: Town) -> None:
    life = town.life().recognised().served().appraised("3").claimed()
    with clock.frozen(life.day), town.store.reading() as session:
        loaded = load_seen(town.store, session, life.case_no, town.people["agency"])
        offered = {c.action.name: c for c in cases.choices(loaded, loaded.matter("benefit"), town.people["agency"])}
    assert [r.code for r in offered["close_no_grade"].why_not] == ["has_grade"]
    assert [r.code for r in offered["refer_employer"].why_not] == ["insured"]
    assert offered["determine"].possible


def test_the_list_and_one_case(town: Town) -> None:
    life = town.life().filed()
    (row,) = [r for r in list_cases(town.store) if r["case_no"] == life.case_no]
    assert (row["stage"], row["stage_label"], row["closed"], row["employer"]) == (
        "recognition.filed",
        "已申请，待受理",
        False,
        FIRM,
    )
    assert [r["case_no"] for r in list_cases(town.store, limit=1)] == ["2026-000001"] or len(
        list_cases(town.store, limit=1)
    ) == 1
    assert list_cases(town.store, office="150821") == []
    with clock.frozen(life.day):
        body = show(town.store, life.case_no, town.people["supervisor"])
    (matter,) = body["matters"]
    assert matter["public"] == (
        "申请已收到。我们最晚 2026年3月17日 告诉您是否受理。过了这一天没有答复的，可以申请行政复议，请到窗口问。"
    )
    assert [c["name"] for c in matter["clocks"]] == ["employer_files", "worker_files", "unfiled_check", "examine"]
    assert body["events"][-1]["label"] == "提出工伤认定申请" and body["events"][-1]["behalf_label"] == "职工"


def test_the_employers_account_sees_its_own_people_only(town: Town) -> None:
    life = town.life()
    assert show(town.store, life.case_no, town.people["firm"])["case_no"] == life.case_no
    with pytest.raises(NotFound):
        show(town.store, life.case_no, town.people["other-firm"])
    assert OTHER_FIRM != FIRM


def test_where_the_city_recognises_only_its_people_decide(
    fresh_database_url: str, make_store: Callable[..., Any]
) -> None:
    from dataclasses import replace

    town = settle(make_store(fresh_database_url))
    town.store.settings = replace(town.store.settings, recognition_level="city")
    life = town.life().filed()
    stopped(life, Forbidden, "approver", "accept")
    assert do(life, "city-approver", "accept").to_state == "under_review"


def test_nothing_is_written_outside_the_door(town: Town) -> None:
    """Every matter's version is one more than the acts and fillings on it: no other hand moved it."""
    with town.store.reading() as session:
        acts: dict[int, int] = {}
        for e in session.execute(select(Event.matter_id).where(Event.kind.in_(("matter:performed", "case:filled")))):
            acts[e.matter_id] = acts.get(e.matter_id, 0) + 1
        for m in session.execute(select(Matter.id, Matter.version)):
            assert m.version == 1 + acts.get(m.id, 0)
        assert session.scalar(select(func.count()).select_from(Task)) is not None
