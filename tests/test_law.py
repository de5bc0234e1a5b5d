"""The law tables: holidays day by day against another source, limits with their articles, states.yaml in step."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
import yaml

from workflow import law
from workflow.daycount import Span
from workflow.errors import BadInput, Refused

ROOT = Path(__file__).resolve().parent.parent
STATES = yaml.safe_load((ROOT / "states.yaml").read_text("utf-8"))
YEARS = range(2019, 2027)
CITATION = re.compile(r"[一-鿿]+#\d+(?:\.\d+|\(\d+\))*")
CONFIDENCES = {"H", "M-H", "M", "L"}
PRINTED_WITHOUT = re.compile(r"（(?=人社部发|\d{4}).*）$")
NESTED = str.maketrans("《》", "〈〉")
_LENGTH = """
    OD-EMP OD-DISPUTE OD-SITE OD-SITE-DONE OD-DIAG OD-CERT OD-REPORT OD-LAB-ARB OD-LAB-SUIT-W OD-LAB-SUIT-EMP
    OD-APR OD-APPR-ACC OD-FILE OD-APPR OD-APPR-DLV OD-INFORM OD-RE
    GS-APP-EMP GS-APP-IND GS-APP-FORMER GS-ACC GS-SUPP GS-FAST GS-DEC GS-DLV GS-ARCHIVE
    LA-MAT LA-CON LA-DLV LA-RE LA-RE-CON LA-RE-DLV LA-RCK LA-RCK-RE LA-PAY-LEAVE
    BN-REIMB BN-ALLOWANCE-START BN-PENSION-START BN-STOP ADV-DUN ADV-EMP-PAY ADV-REPAY LR-TIME LR-ACC LR-AWARD LR-SUIT
    AR-APPLY AR-NOTINFORMED AR-EXAM AR-SUPPASK AR-SUPP AR-COPY AR-COPY-SIMPLE AR-REPLY AR-REPLY-SIMPLE AR-DEC
    AR-DEC-SIMPLE AL-REVIEW AL-DIRECT AL-NOTINFORMED AL-INACTION AL-ANSWER AL-JUDG AL-JUDG-SIMPLE AL-JUDG-APPEAL
    AL-APPEAL AL-APPEAL-ORDER SV-PUBLIC
"""
_NO_LENGTH = """
    OD-URGE GS-SUPP-PARTY GS-EVID-EMP LA-WHEN LA-SUPP LA-EXPERTS BN-DETERMINE BN-NOTIFY BN-MED-NOSTOP BN-PREV-YEAR
    BN-NO-LUMP UN-LIABLE UN-NEWCOST AR-REDO
"""
WITH_LENGTH, WITHOUT_LENGTH = _LENGTH.split(), _NO_LENGTH.split()
TODAY = date(2026, 11, 24)
NO_CLOCK = yaml.safe_load((ROOT / "tests" / "law" / "no_clock.yaml").read_text("utf-8"))
"""Codes of the table that states.yaml watches with no clock, each with its reason."""
REMINDERS_UNREAD = {"urging", "determine_benefit", "serve_sheet", "prev_year"}
"""Reminders of our own where an article read only in part gives no length: there is no length to mark as unread."""
NEXT_MONTH = Span.parse("1 个月")
"""How states.yaml writes the month after (次月), which is no length."""
LENGTHS = """
    10 日: OD-EMP OD-SITE OD-FILE OD-APPR-DLV OD-INFORM ADV-REPAY AL-APPEAL-ORDER
    15 日: OD-CERT OD-REPORT OD-LAB-SUIT-W OD-LAB-SUIT-EMP OD-RE GS-ACC GS-SUPP GS-FAST LA-DLV LA-RE LA-RE-DLV LA-RCK-RE
    15 日: LR-SUIT AL-REVIEW AL-ANSWER AL-APPEAL
    20 日: GS-DLV
    30 日: OD-DISPUTE OD-SITE-DONE OD-DIAG OD-LAB-ARB OD-APR GS-APP-EMP AR-DEC-SIMPLE SV-PUBLIC
    40 日: OD-APPR
    45 日: LR-AWARD AL-JUDG-SIMPLE
    60 日: GS-DEC LA-CON LA-RE-CON AR-APPLY AR-NOTINFORMED AR-DEC
    5 日: LR-ACC
    3 个工作日: ADV-DUN AR-COPY-SIMPLE
    5 个工作日: OD-APPR-ACC LA-MAT ADV-EMP-PAY AR-EXAM AR-SUPPASK AR-REPLY-SIMPLE
    7 个工作日: AR-COPY
    10 个工作日: AR-SUPP AR-REPLY
    20 个工作日: BN-REIMB BN-STOP
    3 个月: AL-JUDG-APPEAL
    6 个月: AL-DIRECT AL-NOTINFORMED AL-INACTION AL-JUDG
    12 个月: LA-PAY-LEAVE
    1 年: GS-APP-IND GS-APP-FORMER LA-RCK LR-TIME
    50 年: GS-ARCHIVE
    次月: BN-ALLOWANCE-START BN-PENSION-START
"""
MAY_BE_LONGER = {
    "GS-APP-EMP": (None, None), "LA-CON": ("30 日", 1), "LA-RE-CON": ("30 日", 1), "LA-PAY-LEAVE": ("12 个月", 1),
    "LR-AWARD": ("15 日", 1), "AR-DEC": ("30 日", 1), "AR-SUPP": (None, None), "AL-JUDG": (None, None),
    "AL-JUDG-APPEAL": (None, None),
}  # fmt: skip
MAY_STAND_STILL = [
    "OD-DIAG",
    "OD-APPR",
    "GS-APP-IND",
    "GS-APP-FORMER",
    "GS-FAST",
    "GS-DEC",
    "LA-CON",
    "LA-RE-CON",
    "LR-TIME",
    "AR-APPLY",
    "AR-DEC",
    "AL-DIRECT",
    "AL-JUDG",
    "AL-JUDG-APPEAL",
]
UNSURE = {
    "M": ["OD-EMP", "OD-DIAG", "OD-LAB-SUIT-W", "OD-APPR-ACC", "OD-FILE", "OD-APPR", "OD-APPR-DLV", "OD-INFORM"],
    "M-H": ["OD-RE", "BN-ALLOWANCE-START", "BN-PENSION-START", "ADV-DUN", "ADV-EMP-PAY", "ADV-REPAY"],
    "L": ["OD-SITE-DONE"],
}


def versions(code: str) -> list[law.Rule]:
    return [rule for rule in law.rules() if rule.code == code]


# --- holidays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_day_rests_or_works_as_the_other_source_says(year: int) -> None:
    calendar = law.calendar()
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    assert [d for d in days if calendar.is_rest(d) == chinese_calendar.is_workday(d)] == []


@pytest.mark.parametrize("row", list(law.shipped_years()), ids=lambda row: str(row["year"]))
def test_every_shipped_year_has_its_notice_and_only_days_of_its_own(row: dict[str, Any]) -> None:
    assert re.match(r"国办发明电〔\d{4}〕\d+号", row["notice"]) and row["confidence"] in CONFIDENCES
    days = [date.fromisoformat(day) for day in [*row["off"], *row["work"]]]
    assert {day.year for day in days} == {row["year"]} and len(set(days)) == len(days)
    assert all(date.fromisoformat(day).weekday() >= 5 for day in row["work"]), "only weekend days are made working days"


def test_the_shipped_years_are_those_with_a_notice() -> None:
    assert [row["year"] for row in law.shipped_years()] == list(YEARS)
    assert law.calendar().announced(date(2026, 12, 31)) and not law.calendar().announced(date(2027, 1, 1))


def test_a_calendar_of_database_rows_is_the_shipped_one() -> None:
    rows = [{k: row[k] for k in ("year", "notice", "off", "work")} for row in law.shipped_years()]
    assert law.build_calendar(rows) == law.calendar()


def test_a_day_both_off_and_worked_is_refused() -> None:
    with pytest.raises(ValueError, match="both off and worked"):
        law.build_calendar([{"year": 2027, "notice": "", "off": ["2027-01-02"], "work": ["2027-01-02"]}])


# --- limits ----------------------------------------------------------------------------------------------------------


def test_the_table_has_every_code_of_the_procedure_and_no_other() -> None:
    assert sorted(law.codes()) == sorted(WITH_LENGTH + WITHOUT_LENGTH)
    assert all(map(law.has_code, law.codes())) and not law.has_code("GS-NEVER") and not law.has_code("gs-dec")


@pytest.mark.parametrize("code", WITH_LENGTH)
def test_every_code_with_a_length_has_one_now(code: str) -> None:
    rule = law.rule(code, TODAY)
    assert (rule.span is None) == (rule.kind == "start_month") and not rule.none


def test_the_lengths_are_those_of_the_procedure() -> None:
    """Written down a second time, by length: a slip in the table cannot hide behind a roll."""
    wanted: dict[str, str] = {}
    for line in filter(None, map(str.strip, LENGTHS.splitlines())):
        length, _, codes = line.partition(": ")
        wanted |= dict.fromkeys(codes.split(), length)
    now = {code: law.rule(code, TODAY) for code in WITH_LENGTH}
    assert {code: str(rule.span or law.NEXT_MONTH) for code, rule in now.items()} == wanted


def test_what_may_be_longer_stand_still_or_is_unsure_is_that_of_the_procedure() -> None:
    now = {code: law.rule(code, TODAY) for code in WITH_LENGTH}
    longer = {c: (str(r.extends.by) if r.extends.by else None, r.extends.times) for c, r in now.items() if r.extends}
    assert longer == MAY_BE_LONGER
    assert [c for c, r in now.items() if r.pauses or r.excludes or r.shifts] == MAY_STAND_STILL
    for confidence in ("M", "M-H", "L"):
        assert [c for c, r in now.items() if r.confidence == confidence] == UNSURE[confidence]


@pytest.mark.parametrize("code", WITHOUT_LENGTH)
def test_where_the_law_gives_no_length_the_reason_and_the_article_are_told(code: str) -> None:
    with pytest.raises(Refused) as refused:
        law.rule(code, TODAY)
    (sentence,) = refused.value.sentences()
    assert "法律没有规定天数" in sentence and versions(code)[0].none in sentence and versions(code)[0].law in sentence


@pytest.mark.parametrize("rule", law.rules(), ids=lambda rule: f"{rule.code}-{rule.version}")
def test_every_row_is_whole(rule: law.Rule) -> None:
    assert rule.label and rule.stage and rule.start and rule.owner and rule.kind in law.KINDS
    assert rule.confidence in CONFIDENCES
    assert bool(rule.none) + bool(rule.span) + (rule.kind == "start_month") == 1
    grounds = [a for a in (rule.pauses, rule.excludes, rule.shifts, rule.extends) if a]
    assert all(a.when and law.known_citation(a.law) for a in grounds)
    written = CITATION.findall(f"{rule.law} {rule.expiry} {rule.note}")
    assert [c for c in written if not law.known_citation(c)] == []
    assert CITATION.fullmatch(rule.law) or re.search(r"（\d{4}）$", rule.law), (
        "an article, or a repealed text by its year"
    )


@pytest.mark.parametrize("code", law.codes())
def test_the_versions_of_a_limit_follow_each_other_without_gap(code: str) -> None:
    mine = versions(code)
    assert [r.version for r in mine] == list(range(1, len(mine) + 1))
    assert mine[0].since is None and mine[-1].until is None
    assert all(a.until and b.since == a.until + timedelta(days=1) for a, b in pairwise(mine))


@pytest.mark.parametrize(
    ("code", "last_old", "old", "new"),
    [
        ("LA-DLV", date(2025, 6, 30), "20 日", "15 日"),
        ("LA-RE-DLV", date(2025, 6, 30), "20 日", "15 日"),
        ("LA-MAT", date(2025, 6, 30), "5 个工作日", "5 个工作日"),
        ("SV-PUBLIC", date(2021, 12, 31), "60 日", "30 日"),
        ("OD-APPR", date(2021, 1, 3), "60 日", "40 日"),
        ("AR-REPLY", date(2023, 12, 31), "10 日", "10 个工作日"),
    ],
)
def test_the_start_day_chooses_the_version(code: str, last_old: date, old: str, new: str) -> None:
    before, after = law.rule(code, last_old), law.rule(code, last_old + timedelta(days=1))
    assert (before.span, after.span) == (Span.parse(old), Span.parse(new)) and before.law != after.law


@pytest.mark.parametrize("code", ["AR-SUPP", "AR-NOTINFORMED", "AR-COPY-SIMPLE", "AR-REPLY-SIMPLE", "AR-DEC-SIMPLE"])
def test_before_the_review_law_of_2024_no_length_is_made_up(code: str) -> None:
    with pytest.raises(Refused):
        law.rule(code, date(2023, 12, 31))
    assert law.rule(code, date(2024, 1, 1)).span


def test_before_the_handling_regulation_a_reimbursement_has_no_national_length() -> None:
    with pytest.raises(Refused, match="2023-12-01 以前没有全国统一的天数"):
        law.rule("BN-REIMB", date(2023, 11, 30))


def test_only_these_are_no_deadlines() -> None:
    assert {r.code: r.kind for r in law.rules() if r.kind != "deadline"} == {
        "LA-RCK": "earliest",
        "SV-PUBLIC": "effect",
        "BN-ALLOWANCE-START": "start_month",
        "BN-PENSION-START": "start_month",
    }


def test_an_unknown_code_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(BadInput, match="GS-DEC"):
        law.rule("GS-DECC", TODAY)


def test_the_rows_for_the_database_fit_their_columns() -> None:
    from workflow.models import LawRule

    rows = list(law.table())
    assert len(rows) == len(law.rules()) == len({(row["code"], row["version"]) for row in rows})
    for row in rows:
        assert set(row) == {column.name for column in LawRule.__table__.columns}
        for column in LawRule.__table__.columns:
            limit = getattr(column.type, "length", None)
            assert limit is None or len(row[column.name]) <= limit, (row["code"], column.name)
    lengths = {row["code"]: (row["within"], row["kind"]) for row in rows}
    assert lengths["GS-DEC"] == ("60 日", "deadline") and lengths["LA-WHEN"] == ("", "none")
    assert lengths["BN-ALLOWANCE-START"] == ("次月", "start_month")


# --- articles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "citation",
    [
        "工伤保险条例#17.1",
        "工伤保险条例#14(4)",
        "工伤保险条例#35.1(1)",
        "工伤保险条例#39.1.2",
        "工伤认定办法#8",
        " 民法典#203.1 ",
    ],
)
def test_an_article_of_the_table_is_known_with_any_paragraph(citation: str) -> None:
    assert law.known_citation(citation) and law.article(citation)


@pytest.mark.parametrize(
    "citation",
    [
        "工伤认定办法#999",
        "某法#1",
        "工伤保险条例",
        "工伤保险条例#",
        "#17",
        "工伤保险条例第17条",
        "工伤保险条例#17.",
        "工伤保险条例#17a",
        "",
    ],
)
def test_anything_else_is_unknown(citation: str) -> None:
    assert not law.known_citation(citation) and law.article(citation) == ""


@pytest.mark.parametrize("name", list(law.laws()))
def test_every_law_has_title_date_confidence_and_says_what_each_article_is_about(name: str) -> None:
    row = law.laws()[name]
    assert set(row) == {"title", "since", "confidence", "articles"}
    assert row["title"] and isinstance(row["since"], date) and row["confidence"] in CONFIDENCES
    assert all(isinstance(number, int) and str(text).strip() for number, text in row["articles"].items())
    assert list(row["articles"]) == sorted(row["articles"])


def test_short_names_are_those_documents_print_in_full() -> None:
    """Printed between 《》, so a name inside one stands in 〈〉; the number of a paper and the edition are for the table only."""
    from documents.facts import LAWS

    assert {name: PRINTED_WITHOUT.sub("", law.laws()[name]["title"]).translate(NESTED) for name in LAWS} == LAWS


# --- states.yaml in step with the tables -----------------------------------------------------------------------------


def test_every_article_states_yaml_cites_is_in_the_table() -> None:
    cited = set(CITATION.findall((ROOT / "states.yaml").read_text("utf-8")))
    assert len(cited) > 30 and [c for c in sorted(cited) if not law.known_citation(c)] == []


@pytest.mark.parametrize("name", [n for n, c in STATES["clocks"].items() if "within" in c])
def test_every_legal_clock_has_the_lengths_of_its_code(name: str) -> None:
    """A version without a length (the text before is not recorded, or had none) is a gap in states.yaml: no clock starts."""
    clock = STATES["clocks"][name]
    within = clock["within"] if isinstance(clock["within"], list) else [{"is": clock["within"]}]
    in_states = [(v.get("from"), v.get("until"), Span.parse(v["is"])) for v in within]
    rows = [r for r in versions(clock["code"]) if not r.none]
    in_law = [(r.since, r.until, r.span or NEXT_MONTH) for r in rows]
    if len({span for *_, span in in_law}) == 1 and in_law[0][0] is None:  # the same length under another text
        in_law = [(None, None, in_law[0][2])]
    assert in_states == in_law and {clock.get("kind", "deadline")} == {r.kind for r in rows}
    again = clock.get("again")
    assert not again or law.rule(again["code"], TODAY).span == in_states[-1][2]


@pytest.mark.parametrize("name", [n for n, c in STATES["clocks"].items() if not c["code"].startswith("IN-")])
def test_every_clock_with_a_code_rests_on_the_articles_of_its_code(name: str) -> None:
    clock = STATES["clocks"][name]
    rule = versions(clock["code"])[-1]
    if "law" in clock or not rule.none:
        assert clock["law"] == rule.law
    for ground in ("pauses", "excludes", "shifts", "extends"):
        stated, known = clock.get(ground), getattr(rule, ground)
        assert (stated or {}).get("law") == (known.law if known else None), ground
    if "law" in (again := clock.get("again", {})) or ("law" in clock and again):
        assert again.get("law", clock.get("law")) == versions(again["code"])[-1].law


@pytest.mark.parametrize(
    ("name", "version", "unverified"),
    [
        (name, n, version)
        for name, clock in STATES["clocks"].items()
        if isinstance(clock.get("within"), list)
        for n, version in enumerate(clock["within"])
    ],
)
def test_a_version_of_a_length_rests_on_its_own_article_or_says_that_it_was_not_read(
    name: str, version: int, unverified: dict[str, Any]
) -> None:
    """A repealed text of which no article was read is named under `unverified` and cites nothing."""
    rule = [r for r in versions(STATES["clocks"][name]["code"]) if not r.none][version]
    if CITATION.fullmatch(rule.law):
        assert unverified.get("law", STATES["clocks"][name]["law"]) == rule.law
    else:
        assert "law" not in unverified or law.known_citation(unverified["law"])
        assert unverified.get("unverified"), f"{name}: {rule.law}"


def test_an_owner_of_states_yaml_is_the_one_of_the_table() -> None:
    """Where the table says 'the party', states.yaml names the worker or the employer whose clock it is; where it says the
    authority of whatever kind (bureau, respondent), the part of the office that does it."""
    other = {
        (clock["owner"], rule.owner)
        for clock in STATES["clocks"].values()
        for rule in versions(clock["code"])[-1:]
        if clock["owner"] != rule.owner
    }
    assert other == {
        ("worker", "applicant"), ("worker", "party"), ("employer", "party"), ("worker", "recipient"),
        ("desk", "bureau"), ("officer", "respondent"), ("agency", "respondent"),
    }  # fmt: skip


@pytest.mark.parametrize("name", [n for n, c in STATES["clocks"].items() if not c["code"].startswith("IN-")])
def test_a_clock_whose_article_was_not_read_in_full_says_so(name: str) -> None:
    """Confidence below H is shown to whoever looks at the limit; a reminder claims no length, so it has nothing to mark."""
    clock = STATES["clocks"][name]
    if versions(clock["code"])[-1].confidence != "H":
        assert clock.get("unverified") or ("remind" in clock and name in REMINDERS_UNREAD), name


def test_the_reminders_excused_from_saying_so_are_those_named() -> None:
    low = {
        n
        for n, c in STATES["clocks"].items()
        if not c["code"].startswith("IN-") and versions(c["code"])[-1].confidence != "H"
    }
    assert {n for n in low if not STATES["clocks"][n].get("unverified")} == REMINDERS_UNREAD


def test_every_code_of_the_table_is_a_clock_or_has_a_reason_why_not() -> None:
    stated = {code for c in STATES["clocks"].values() for code in (c["code"], c.get("again", {}).get("code")) if code}
    assert {rule.code for rule in law.rules()} - stated == set(NO_CLOCK) and all(NO_CLOCK.values())


@pytest.mark.parametrize("name", [n for n, c in STATES["clocks"].items() if "extends" in c])
def test_every_extension_of_states_yaml_is_the_one_of_the_table(name: str) -> None:
    """The length that may be added, or, where somebody fixes it, the longest it may all come to (at_most)."""
    clock = STATES["clocks"][name]
    allowed, by, most = law.rule(clock["code"], TODAY).extends, clock["extends"].get("by"), clock.get("at_most")
    assert allowed and allowed.times == clock["extends"].get("times")
    if allowed.by is None or by:
        assert allowed.by == (Span.parse(by) if by else None)
    else:
        within, longest = Span.parse(clock["within"]), Span.parse(most["within"])
        assert (within.unit, allowed.by.unit, most["from"], most["law"]) == (
            longest.unit,
            longest.unit,
            clock["from"],
            allowed.law,
        )
        assert longest.amount == within.amount + allowed.by.amount


@pytest.mark.parametrize("name", [n for n, c in STATES["clocks"].items() if "remind" in c])
def test_a_reminder_stands_only_where_the_law_gives_no_length(name: str) -> None:
    code = STATES["clocks"][name]["code"]
    assert code.startswith("IN-") or versions(code)[0].none
