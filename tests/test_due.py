"""`due`: the table an official can read, every fault at once, what the law does not carry, and the command itself."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from web.commands import dates, main
from workflow import law
from workflow.daycount import Pause, Span
from workflow.due import due
from workflow.errors import BadInput, Refused, Stopped

ROOT = Path(__file__).resolve().parent.parent
TABLE: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "tests/law/due.yaml").read_text("utf-8"))
ROWS = [row for rows in TABLE.values() for row in rows]
KEYS = ["code", "from", "due_on", "safe_on", "provisional", "kind", "law", "steps"]


def name(row: dict[str, Any]) -> str:
    extra = [*row.get("pauses", ()), *(f"+{row[k]}" for k in ("extend", "promise") if k in row)]
    return " ".join([row["code"], str(row["from"]), *extra])


def asked(row: dict[str, Any]) -> dict[str, Any]:
    return {k: row[k] for k in ("pauses", "extend", "promise") if k in row}


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_the_day_is_the_one_reckoned_by_hand(row: dict[str, Any]) -> None:
    want = {
        "due_on": row["due"],
        "safe_on": row["safe"],
        "provisional": row.get("provisional", False),
        "kind": row.get("kind", "deadline"),
    }
    if "promise" in row:
        want |= {"promise_on": row["promise_on"], "effective_on": row["effective"]}
    got = due(row["code"], row["from"], **asked(row))
    plain = {key: value.isoformat() if isinstance(value, date) else value for key, value in want.items()}
    assert {key: got.get(key) for key in plain} == plain, row["why"]
    assert list(got) == KEYS + (["promise_on", "effective_on"] if "promise" in row else [])
    assert got["from"] == row["from"].isoformat() and got["law"] and all(got["steps"])


def test_the_table_tells_why_and_covers_every_kind_of_case() -> None:
    assert len(ROWS) >= 130 and all(row["why"] for row in ROWS)
    assert len({name(row) for row in ROWS}) == len(ROWS)
    stages = {code.split("-")[0] for code in law.codes()} - {"UN"}
    assert {row["code"].split("-")[0] for row in ROWS} == stages
    assert {rule.code for rule in law.rules() if not rule.none} == {row["code"] for row in ROWS}


ROLLED = [row for row in ROWS if not row.get("provisional") and row.get("kind", "deadline") == "deadline"]


@pytest.mark.parametrize("row", ROLLED, ids=name)
def test_another_calendar_agrees_with_the_table(row: dict[str, Any]) -> None:
    """The hand-made dates against a package that knows the same notices: a slip in both would have to be the same."""
    assert chinese_calendar.is_workday(row["due"]) and chinese_calendar.is_workday(row["safe"])
    between = [row["safe"] + timedelta(days=n) for n in range(1, (row["due"] - row["safe"]).days)]
    assert [day for day in between if chinese_calendar.is_workday(day)] == []


@pytest.mark.parametrize("code", [rule.code for rule in law.rules() if not rule.none and rule.until is None])
@pytest.mark.parametrize("start", ["2026-11-24", "2026-12-31", "2027-02-28"])
def test_every_code_with_a_length_is_answered_and_explained(code: str, start: str) -> None:
    got = due(code, start)
    rule = law.rule(code, date.fromisoformat(start))
    text = "\n".join(got["steps"])
    assert got["due_on"] > start and got["provisional"] == (got["due_on"] >= "2027" or got["safe_on"] >= "2027")
    assert start in text and rule.start in text and rule.law in text and got["due_on"] in text


CODES = st.sampled_from([rule.code for rule in law.rules() if rule.kind != "start_month" and not rule.none])


@given(CODES, st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 40), st.integers(0, 30))
def test_words_and_values_give_the_same_answer(code: str, start: date, length: int, extend: int) -> None:
    stop = Pause(start, date.fromordinal(start.toordinal() + length + 1))
    by_words = due(code, str(start), pauses=[f"{stop.since}..{stop.until}"], extend=str(extend), promise="3 个月")
    assert by_words == due(code, start, pauses=[stop], extend=extend, promise=Span(3, "月"))
    assert by_words["effective_on"] == min(by_words["due_on"], by_words["promise_on"])


# --- what the law does not carry is said -----------------------------------------------------------------------------


def steps(code: str, start: str = "2026-03-02", **kwargs: Any) -> str:
    return "\n".join(due(code, start, **kwargs)["steps"])


def test_an_extension_says_what_carries_it() -> None:
    assert "劳动能力鉴定管理办法#10.2" in steps("LA-CON", extend=30) and "超过" not in steps("LA-CON", extend=30)
    over = steps("LA-CON", extend=31)
    assert "最多 30 日、1 次" in over and "31 日超过了" in over
    assert "没有查到这个时限可以延长的条文" in steps("GS-DEC", extend=10)
    assert "没有写上限" in steps("GS-APP-EMP", extend=90)


def test_an_extension_in_months_is_measured_on_the_calendar() -> None:
    assert "超过" not in steps("LA-PAY-LEAVE", "2026-03-02", extend=366), "2027-03-02 to 2028-03-02 has 366 days"
    assert "367 日超过了" in steps("LA-PAY-LEAVE", "2026-03-02", extend=367)


def test_a_pause_says_what_carries_it() -> None:
    stop = ["2026-03-10..2026-03-20"]
    assert "工伤保险条例#20.3" in steps("GS-DEC", pauses=stop)
    assert "劳动能力鉴定管理办法#12.2" in steps("LA-CON", pauses=stop)
    assert "没有查到这个时限可以中止或者扣除的条文" in steps("GS-ACC", pauses=stop)


def test_a_month_that_begins_is_not_moved_by_pauses_and_says_so() -> None:
    got = due("BN-ALLOWANCE-START", "2026-03-02", pauses=["2026-03-10..2026-04-20"], extend=30)
    assert got["due_on"] == "2026-04-01" and "不受中止、扣除和延长影响" in "".join(got["steps"])


def test_doubt_is_told() -> None:
    assert "可信度是 L" in steps("OD-SITE-DONE") and "待核实" not in steps("GS-DEC")
    assert "（L）" in steps("LA-CON")
    assert "自 2024-01-01 起施行" in steps("AR-EXAM", "2023-05-04") and "起施行" not in steps("AR-EXAM", "2024-01-01")


def test_a_promise_explains_which_day_counts() -> None:
    assert "以较早的 2026-03-11 为准（承诺）" in steps("GS-FAST", promise="7 个工作日")
    assert "以较早的 2026-03-17 为准（法定）" in steps("GS-FAST", promise="3 个月")


def test_a_promise_cannot_move_what_is_no_time_for_handling() -> None:
    for code in ("LA-RCK", "SV-PUBLIC", "BN-PENSION-START"):
        assert "承诺不能改变法定的日期" in steps(code, promise="3 日")
    assert "承诺不能改变法定的日期" not in steps("GS-FAST", promise="3 日")


def test_a_rolled_day_inside_a_pause_is_left_to_a_person() -> None:
    inside = steps("GS-DEC", pauses=["2026-05-06..2026-06-10"])
    assert "2026-05-06（星期三）又在 2026-05-06 至 2026-06-10（不含）里" in inside and "不影响" not in inside
    for stop in ("2026-05-07..2026-06-10", "2026-05-03..2026-05-06"):
        beside = steps("GS-DEC", pauses=[stop])
        assert "不影响" in beside and "由人判断" not in beside


def test_a_promise_that_falls_in_a_year_without_notice_is_provisional() -> None:
    assert not due("GS-FAST", "2026-12-14")["provisional"]
    assert due("GS-FAST", "2026-12-14", promise="15 个工作日")["provisional"]


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(code: str, start: str, **kwargs: Any) -> list[str]:
    with pytest.raises(Stopped) as stopped:
        due(code, start, **kwargs)
    return stopped.value.sentences()


def test_all_faults_are_told_at_once() -> None:
    told = refusal(
        "GS-DECC",
        "2026-02-30",
        pauses=["2026-03-20..2026-03-10", "2026-03-10", "2026-03-10..昨天", "2026-03-10..2026-03-10"],
        extend="-5",
        promise="一周",
    )
    wanted = [
        "2026-02-30",
        "2026-03-20..2026-03-10",
        "“2026-03-10”读不懂",
        "昨天",
        "2026-03-10..2026-03-10",
        "-5",
        "一周",
        "GS-DEC",
    ]
    assert len(told) == len(wanted)
    assert [part for part in wanted if not any(part in sentence for sentence in told)] == []


@pytest.mark.parametrize("text", ["", "2026/03/02", "20260302", "2026-3-2", "2026-W10-1", "2026-02-29", "明天"])
def test_a_start_that_is_no_day_is_refused(text: str) -> None:
    assert "2026-11-24" in refusal("GS-DEC", text)[0]


@pytest.mark.parametrize("extend", ["-1", "十", "1.5", "", "99999999999"])
def test_an_extension_that_is_no_number_of_days_is_refused(extend: str) -> None:
    assert "--extend" in refusal("GS-DEC", "2026-03-02", extend=extend)[0]


def test_a_code_in_small_letters_is_understood_and_an_unknown_one_is_not() -> None:
    assert due(" gs-dec ", "2026-03-02")["code"] == "GS-DEC"
    with pytest.raises(BadInput, match="LA-DLV"):
        due("LA-DVL", "2026-03-02")
    with pytest.raises(BadInput, match="没有“XYZ”"):
        due("XYZ", "2026-03-02")


def test_a_code_without_length_is_refused_with_the_reason_and_with_other_faults() -> None:
    with pytest.raises(Refused, match="全国规定没有写补正的天数"):
        due("GS-SUPP-PARTY", "2026-03-02")
    told = refusal("GS-SUPP-PARTY", "昨天", extend="-1")
    assert len(told) == 3 and any("没有规定天数" in sentence for sentence in told)


def test_a_date_beyond_the_year_9999_is_a_sentence() -> None:
    assert "超出能算的范围" in refusal("GS-ARCHIVE", "9990-01-01")[0]
    assert "超出能算的范围" in refusal("GS-DEC", "2026-03-02", pauses=["2026-03-03..9999-12-31"])[0]


@given(
    st.sampled_from(law.codes()),
    st.dates(),
    st.lists(st.tuples(st.dates(), st.dates()).filter(lambda p: p[0] < p[1]), max_size=3),
    st.integers(0, 10**9),
    st.none() | st.sampled_from(["7 个工作日", "99999 日", "99999 个月", "1 年"]),
)
def test_no_day_of_the_calendar_breaks_it(
    code: str, start: date, stops: list[tuple[date, date]], extend: int, promise: str | None
) -> None:
    words = [f"{since}..{until}" for since, until in stops]
    for longer in (0, extend):
        try:
            got = due(code, str(start), pauses=words, extend=longer, promise=promise)
        except Stopped as stopped:
            assert stopped.sentences()
        else:
            assert str(start) < got["due_on"] and got["provisional"] >= (got["due_on"] >= "2027")


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"])
@pytest.mark.parametrize("code", law.codes())
def test_the_first_and_the_last_days_of_time_are_answered_in_words(code: str, day: str) -> None:
    try:
        assert due(code, day)["provisional"]
    except Stopped as stopped:
        assert stopped.sentences()


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_registers_itself_and_prints_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    dates.register(parser.add_subparsers())
    args = parser.parse_args(["due", "GS-DEC", "--from", "2026-11-02", "--promise", "7 个工作日"])
    assert not args.run(args)
    shown = capsys.readouterr().out
    for part in (
        "届满日：2027-01-04（暂估）",
        "内控日：2026-12-31",
        "承诺日：2026-11-11",
        "工伤保险条例#20.1",
        "\n1. ",
    ):
        assert part in shown, part


def test_json_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["due", "LA-CON", "--from", "2026-03-02", "--pause", "2026-03-20..2026-03-27", "--pause",
             "2026-04-01..2026-04-03", "--extend", "30", "--json"]  # fmt: skip
    assert main(words) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == due(
        "LA-CON", "2026-03-02", pauses=["2026-03-20..2026-03-27", "2026-04-01..2026-04-03"], extend=30
    )
    assert shown.err == "" and json.loads(shown.out)["due_on"] == "2026-06-09"


def test_a_missing_code_and_start_are_told_with_every_other_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["due", "--pause", "昨天", "--extend", "x", "--promise", "一周", "--json"]) == 2
    shown = capsys.readouterr()
    (document,) = shown.out.splitlines()
    fields = [reason["field"] for reason in json.loads(document)["reasons"]]
    assert fields == ["--from", "--pause", "--extend", "--promise", "code"]
    assert len(shown.err.splitlines()) == 5 and "没有写 --from" in shown.err and "没有写时限代号" in shown.err


@pytest.mark.parametrize("words", [["GS-SUPP-PARTY", "--from", "2026-03-02"], ["GS-DEC", "--from", "2026-13-01"]])
def test_a_refusal_is_exit_2_with_sentences_on_stderr(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["due", *words]) == 2
    plain = capsys.readouterr()
    assert plain.out == "" and plain.err.strip()
    assert main(["due", *words, "--json"]) == 2
    shown = capsys.readouterr()
    assert [r["text"] for r in json.loads(shown.out)["reasons"]] and shown.err.strip()


def test_the_command_loads_neither_database_nor_web_framework() -> None:
    code = (
        "import sys; from web.commands import main; code = main(sys.argv[1:]);"
        "print(sorted({'sqlalchemy', 'flask', 'weasyprint'} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "due", "GS-DEC", "--from", "2026-03-02", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": ""},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.strip(), json.loads(ended.stdout)["due_on"]) == (0, "[]", "2026-05-06")
