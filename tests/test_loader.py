"""The loader: a sound file becomes a Definition, any other is refused with every fault, its line and the cure."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.definition import DefinitionFaults, Fault, check_states_in_use, load, loads
from workflow.definition.model import Definition
from workflow.errors import BadInput

MORE = 20 if os.environ.get("PROVE_ALL") == "1" else 1
ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).with_name("definitions")
GOOD = (FOLDER / "good.yaml").read_text("utf-8")
SENTENCE = re.compile(r"[^:]+:[1-9]\d*: .*[\u4e00-\u9fff].*。")
TOO_SLOW = 1.0  # seconds of processor time for any input, however hostile


def faults(text: str, *, check_law: bool = True) -> list[Fault]:
    try:
        loads(text, check_law=check_law)
    except DefinitionFaults as refused:
        assert all(SENTENCE.fullmatch(sentence) for sentence in refused.sentences()), refused.sentences()
        return refused.lines
    return []


def edit(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, f"{text.count(old)} × {old!r}"
    return text.replace(old, new)


def line_with(text: str, fragment: str) -> int:
    lines = [n for n, line in enumerate(text.split("\n"), 1) if fragment in line]
    assert len(lines) == 1, f"{fragment!r} on lines {lines}"
    return lines[0]


# --- a sound file ----------------------------------------------------------------------------------------------------


def test_a_sound_file_becomes_a_definition() -> None:
    got = load(FOLDER / "good.yaml")
    assert (got.version, list(got.matters)) == ("test-1", ["recognition", "appraisal"])
    assert got.digest == hashlib.sha256(GOOD.encode()).hexdigest()
    assert got.text == GOOD
    assert got.people["desk"] == "一站式窗口"


def test_clocks_carry_all_the_file_says() -> None:
    clocks = loads(GOOD).clocks
    examine = clocks["examine"]
    assert (examine.code, examine.start, examine.owner) == ("GS-ACC", "filed_on", "desk")
    assert (examine.label, examine.law) == ("决定是否受理", "工伤认定办法#8.1")
    assert examine.legal and not clocks["check_pause"].legal and clocks["check_pause"].repeat
    assert examine.again and (examine.again.code, examine.again.start) == ("GS-SUPP", "corrected_on")
    assert examine.promise and not examine.promise.confirmed and examine.promise.within.unit == "工作日"
    assert clocks["answer"].until == "hearing_on" and clocks["answer"].legal
    extends = clocks["conclude"].extends
    assert extends and extends.by and (extends.by.amount, extends.times) == (30, 1)
    mark = clocks["ask_again"].on_expiry
    assert (mark.mark, mark.law, clocks["ask_again"].each) == ("conclusion_stands", "工伤保险条例#26", "addressee")
    assert clocks["decide_fast"].on_expiry.route == "to_ordinary"


@pytest.mark.parametrize(("day", "length"), [(date(2025, 6, 30), 20), (date(2025, 7, 1), 15)])
def test_dated_lengths_hold_on_their_days(day: date, length: int) -> None:
    span = loads(GOOD).clocks["serve_result"].within_on(day)
    assert span is not None and span.amount == length


def test_every_date_is_a_fact_of_type_date() -> None:
    facts = loads(GOOD).facts
    assert (facts["accepted_on"].label, facts["accepted_on"].type) == ("受理之日", "date")
    assert (facts["filed_on"].label, facts["filed_on"].not_before) == ("收到申请之日", "diagnosed_on")
    assert facts["exam_on"].future
    assert facts["ground"].choices == {"no": "否", "1": "一级", "other": "其他"}


def test_an_act_without_to_stays_in_its_state() -> None:
    states = loads(GOOD).matters["recognition"].states
    ordinary = states["under_review"].actions["to_ordinary"]
    assert (ordinary.to, ordinary.stop, ordinary.guards) == ("under_review", ("decide_fast",), ("reason_recorded",))
    assert states["filed"].actions["withdraw"].unsettled
    assert loads(GOOD).matters["appraisal"].states["filed"].actions["move"].shift == ("conclude",)


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n")], ids=["mark", "windows"])
def test_files_saved_on_windows_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_bytes(text.encode())
    got = load(path)
    assert got.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert got.matters == loads(GOOD).matters


# --- one fault at a time ---------------------------------------------------------------------------------------------

ONE_FAULT: list[dict[str, str]] = yaml.safe_load((FOLDER / "faults.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", ONE_FAULT, ids=[case["case"] for case in ONE_FAULT])
def test_each_fault_is_told_once_with_its_line_and_cure(case: dict[str, str]) -> None:
    text = edit(case["old"], case["new"], (FOLDER / case.get("in", "good.yaml")).read_text("utf-8"))
    got = faults(text)
    assert [f.line for f in got] == [line_with(text, case["line"])], got
    assert case["says"] in got[0].text and "请" in got[0].text


def test_no_kind_of_fault_stands_in_the_table_twice() -> None:
    names = [case["case"] for case in ONE_FAULT]
    assert len(names) == len(set(names))


# --- all faults at once ----------------------------------------------------------------------------------------------


def test_all_faults_are_told_at_once_sorted_by_line() -> None:
    text = GOOD
    for old, new in [
        ("label: 撤回", "label：撤回"),
        ("by: [employer, worker]", "by: [employer, wroker]"),
        ("    law: 工伤认定办法#8.1\n", ""),
        ("clocks: [decide_fast, answer]", "clocks: [decide_fast, answer, never]"),
        ("number: 受", "number: &x 受"),
        ("until: 2025-06-30", "until: 2025-05-30"),
        ('"时限先停下。"', '""'),
        ("each: addressee, on: received_on, to: closed}", "each: addressee, on: received_on}"),
        ("mark: conclusion_stands, ", "mark: conclusion_falls, "),
        ("      closed: {", "      lost: {label: 甲, public: 乙, end: true}\n      closed: {"),
    ]:
        text = edit(old, new, text)
    blamed = ["examine:", "2025-07-01", "conclusion_falls", "&x", "wroker", "撤回", "never]", '""', "decided:", "lost:"]
    assert [f.line for f in faults(text)] == [line_with(text, b) for b in blamed]


def test_what_is_no_yaml_does_not_hide_the_rest() -> None:
    text = edit("label: 核对中止原因", "label: 核对: 中止原因")
    text = edit("label: 工伤认定申请表, law", "label: 工伤认定申请表; law", text)
    text = edit("label: 改期, by: [officer]", "label: 改期, by: [oficer", text)
    text = edit("issue: suspension", "isue: suspension", text)
    text = edit("owner: worker, each", "owner: wrker, each", text)
    blamed = ["核对: ", "wrker", "工伤认定申请表;", "isue", "oficer"]
    assert [f.line for f in faults(text)] == [line_with(text, b) for b in blamed]


def test_an_unreadable_part_is_no_reason_to_call_its_names_unknown() -> None:
    text = edit("  examine:\n    code: GS-ACC\n", "  examine:\n    code: 'GS-ACC\n")
    text = edit("      filed:\n        label: 待受理", "      filed:\n        label: 待: 受理", text)
    assert len(faults(text)) == 2


@pytest.mark.parametrize("tab", ["  ", "    "])
def test_a_file_indented_with_tabs_gets_one_fault_a_line_and_no_other(tab: str) -> None:
    text = re.sub(rf"(?m)^(?:{tab})+", lambda m: "\t" * (len(m.group()) // len(tab)), GOOD)
    assert {f.text for f in faults(text)} == {"这一行有制表符（Tab），请改成空格。"}
    assert len(faults(text)) == text.count("\n\t")


def test_an_empty_choice_between_sections_is_told_once() -> None:
    """A missing section is one fault, not one for every name that would stand in it."""
    text = re.sub(r"people:\n(?:  .*\n)+", "", GOOD)
    assert [f.text for f in faults(text)] == ["文件缺少 people。请补上。"]


# --- what is fine ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: 审理中", "label: 审理（从快）：甲、乙，丙"),
        ("label: 审理中", "label: “一站式”审理"),
        ("label: 审理中", "label: 审理，“从快”"),
        ('"时限先停下。"', '"时限先停下：desk：等，“结论”【】。"'),
        ("label: 审理中", "label: 审理中   # 说明：见 by：【desk】"),
        ("label: 审理中", "label: >-\n          审理\n          中"),
    ],
)
def test_full_width_marks_in_texts_and_comments_are_fine(old: str, new: str) -> None:
    assert faults(edit(old, new)) == []


# --- law -------------------------------------------------------------------------------------------------------------


def test_without_check_law_citations_and_codes_are_not_looked_up() -> None:
    text = edit("law: 工伤认定办法#8.1", "law: 某法#1", edit("code: GS-ACC", "code: GS-NEVER"))
    assert len(faults(text)) == 2
    assert faults(text, check_law=False) == []


# --- states in use ---------------------------------------------------------------------------------------------------


def test_states_in_use_that_the_file_no_longer_has_are_told() -> None:
    used = [("recognition", "filed"), ("recognition", "lost"), ("benefit", "opened"), ("recognition", "lost")]
    got = check_states_in_use(loads(GOOD), used)
    states = GOOD[: GOOD.index("states:")].count("\n") + 1
    assert [(f.line, f.text.count("lost"), f.text.count("benefit")) for f in got] == [
        (line_with(GOOD, "matters:"), 0, 1),
        (states, 1, 0),
    ]
    assert all("请" in f.text for f in got)


def test_states_in_use_that_are_all_there_are_no_fault() -> None:
    assert check_states_in_use(loads(GOOD), [("recognition", "filed"), ("appraisal", "delivered")]) == []


# --- files -----------------------------------------------------------------------------------------------------------


def test_faults_are_bad_input_and_carry_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(edit("number: 受", "number: 12"), "utf-8")
    with pytest.raises(BadInput) as caught:
        load(path)
    (sentence,) = caught.value.sentences()
    assert sentence.startswith(f"mine.yaml:{line_with(GOOD, 'number: 受')}: ")


@pytest.mark.parametrize(
    ("content", "line", "phrase"),
    [
        (b"", 1, "没有内容"),
        ("version: 甲\npeople: 乙".encode("gb18030"), 1, "UTF-8"),
        ("version: a\n# 说明\n".encode() + "# 乙".encode("gb18030"), 3, "UTF-8"),
        (b"x" * 2_000_000, 1, "文件太大"),
        (b"- a\n- b\n", 1, "没有内容"),
        (b"\x00\x01\x02", 1, "控制字符"),
    ],
    ids=["empty", "gbk", "gbk later", "large", "list", "binary"],
)
def test_other_files_are_refused_with_a_sentence(content: bytes, line: int, phrase: str, tmp_path: Path) -> None:
    path = tmp_path / "states.yaml"
    path.write_bytes(content)
    with pytest.raises(DefinitionFaults) as caught:
        load(path)
    assert any(f.line == line and phrase in f.text for f in caught.value.lines), caught.value.lines


def test_a_missing_file_and_a_folder_are_refused_with_a_sentence(tmp_path: Path) -> None:
    for path, phrase in [(tmp_path / "none.yaml", "没有这个文件"), (tmp_path, "打不开这个文件")]:
        with pytest.raises(DefinitionFaults, match=phrase):
            load(path)


# --- whatever comes --------------------------------------------------------------------------------------------------

CHARACTERS = "：，、“”【】{}[]&*!#|>'\"%@`:,-? \t\n\r\\\x00\u3000\ufeff\ud800a一0~=<"


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The sound file after some lines and characters were lost, doubled or changed."""
    lines = GOOD.split("\n")
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        spot = draw(st.integers(0, len(line)))
        match draw(st.sampled_from(["delete", "double", "move", "insert", "change", "cut", "indent"])):
            case "delete" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, line)
            case "move":
                lines.insert(draw(st.integers(0, len(lines))), line)
            case "insert":
                lines[at] = line[:spot] + draw(st.sampled_from(CHARACTERS)) + line[spot:]
            case "change":
                lines[at] = line[:spot] + draw(st.sampled_from(CHARACTERS)) + line[spot + 1 :]
            case "cut":
                lines[at] = line[:spot]
            case "indent":
                lines[at] = " " * draw(st.integers(1, 4)) + line
    return "\n".join(lines)


def accepted_or_refused(text: str) -> None:
    began = time.process_time()
    try:
        assert isinstance(loads(text), Definition)
    except DefinitionFaults as refused:
        assert refused.lines and refused.lines == sorted(refused.lines)
        assert all(1 <= fault.line <= len(text.splitlines()) + 1 for fault in refused.lines)
    assert time.process_time() - began < TOO_SLOW


@settings(max_examples=200 * MORE, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_damaged_file_is_accepted_or_refused_and_never_breaks(text: str) -> None:
    accepted_or_refused(text)


@settings(max_examples=100 * MORE)
@given(st.text(st.sampled_from(CHARACTERS), max_size=200))
def test_noise_is_accepted_or_refused_and_never_breaks(text: str) -> None:
    accepted_or_refused(text)


HOSTILE = {
    "lists": "[" * 200_000,
    "mappings": "{" * 200_000,
    "pairs": "a: b\n" * 50_000,
    "spaces": " " * 250_000,
    "ten megabytes": "a: b\n" * 2_000_000,
    "ten million characters": "时" * 10_000_000,
    "quotes": '"' + "a\n" * 120_000,
    "deep": "\n".join(" " * i + "a:" for i in range(700)),
    "blocks": "a: |\n" + " a\n" * 80_000,
    "laughs": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnop")),
    "unclosed": "a:\n b:\n  c:\n   d:\n    e:\n     f:\n      g: [\n" * 2_400,
    "version": f"%YAML 1.{'9' * 5000}\n---\na: b",
    "names": GOOD.replace("by: [employer, worker]", f"by: [{', '.join(f'wrker{i}' for i in range(9_000))}]"),
    "keys": GOOD + "".join(f"k{i}: v\n" for i in range(8_000)),
    "wide": "{a，" * 80_000,
    "tabs": "\t" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_is_refused_in_under_a_second(text: str) -> None:
    began = time.process_time()
    assert faults(text)
    assert time.process_time() - began < TOO_SLOW


# --- greenchannel check ----------------------------------------------------------------------------------------------

CALL = (
    "import argparse, sys; from web.commands import definition; parser = argparse.ArgumentParser();"
    "definition.register(parser.add_subparsers()); args = parser.parse_args();"
    "code = args.run(args); assert 'sqlalchemy' not in sys.modules, 'check loads SQLAlchemy'; sys.exit(code)"
)


def check(*arguments: str, states: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    if states:
        environment["GREENCHANNEL_STATES"] = str(states)
    command = [sys.executable, "-c", CALL, "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.yaml"
    path.write_text(edit("number: 受", "number: 12", edit("label: 审理中", "label: yes")), "utf-8")
    return path


def test_check_passes_a_sound_file_and_says_what_it_holds() -> None:
    ended = check(str(FOLDER / "good.yaml"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "事项 2 个" in ended.stdout and "法定时限 8 个" in ended.stdout and "内部提醒 1 个" in ended.stdout


def test_check_lists_every_fault_on_stderr(faulty: Path) -> None:
    ended = check(str(faulty))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [line.split(": ")[0] for line in ended.stderr.splitlines()[:2]] == [
        f"faulty.yaml:{line_with(GOOD, 'number: 受')}",
        f"faulty.yaml:{line_with(GOOD, 'label: 审理中')}",
    ]
    assert "共 2 处要改" in ended.stderr


def test_check_prints_one_json_document(faulty: Path) -> None:
    ended = check(str(FOLDER / "good.yaml"), "--json")
    digest = hashlib.sha256(GOOD.encode()).hexdigest()
    assert json.loads(ended.stdout) == {"ok": True, "version": "test-1", "digest": digest, "faults": []}
    ended = check("--json", str(faulty))
    told = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, told["ok"], told["version"], told["digest"]) == (2, "", False, None, None)
    assert told["faults"][0]["line"] == line_with(GOOD, "number: 受") and "请加半角引号" in told["faults"][0]["text"]


def test_check_without_a_file_reads_the_one_the_environment_names(faulty: Path) -> None:
    assert check(states=FOLDER / "good.yaml").returncode == 0
    assert check(states=faulty).returncode == 2


def test_the_first_release_can_still_be_read() -> None:
    """Cases run on under the version they were opened with: what it names must stay known."""
    old = loads((FOLDER / "release_1.yaml").read_text("utf-8"), check_law=False)
    assert (old.version, set(old.matters)) == ("2026-1", {"recognition", "appraisal", "benefit"})
