"""A states.yaml that was damaged or made to harm: refused with line and sentence, never a traceback.

The files as such are loaded in one other process with little memory; its time limit is a fuse, not a measurement.
What reading costs is bounded in test_hostile_cost.py.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import GOOD, GOOD_FILE, PROVE_ALL, REAL, SAFETY, SENTENCE, edit, line_of, told, told_elsewhere
from workflow.definition import DefinitionFaults, load, reader

MUTATIONS = {REAL: 1500, GOOD_FILE: 1500} if PROVE_ALL else {REAL: 60, GOOD_FILE: 240}
"""The real file takes a fifth of a second each time; the small one has every way of writing once."""


# --- one trick at a time: line and words -----------------------------------------------------------------------------

TRICKS: dict[str, tuple[str, str, str, str]] = {
    # name: what is replaced, by what, where the fault is seen, what it says
    "anchor": ("label: 审理中", "label: &x 审理中", "&x", "不能用锚点（&x）"),
    "alias": ("label: 审理中", "label: *x", "*x", "不能用引用（*x）"),
    "alias as key": ("  note: {", "  *x : {", "*x", "不能用引用"),
    "python object": ("label: 审理中", "label: !!python/object/apply:os.system [echo]", "!!python", "不能用类型标记"),
    "python name": ("label: 审理中", "label: !!python/name:os.system x", "!!python", "不能用类型标记"),
    "include": ("label: 审理中", "label: !include /etc/passwd", "!include", "不能用类型标记"),
    "binary": ("label: 审理中", "label: !!binary aGVsbG8=", "!!binary", "不能用类型标记"),
    "bare tag": ("label: 审理中", "label: ! 审理中", "! 审", "不能用类型标记"),
    "tag on a mapping": ("  under_review: null", "", "", ""),
    "merge": ("  note: {label", "  note: {<<: {label: 甲}, label", "<<", "不能用合并（<<）"),
    "second document": ("\npapers:", "\n---\npapers:", "---", "一份内容"),
    "unknown directive": ('version: "test-1"', '%HELLO x\nversion: "test-1"', "%HELLO", "请"),
    "nul": ("label: 审理中", "label: 审\x00理中", "\x00", "控制字符（U+0000）"),
    "bell": ("label: 审理中", "label: 审\x07理中", "\x07", "控制字符（U+0007）"),
    "escape": ("label: 审理中", "label: 审\x1b[31m理中", "\x1b", "控制字符（U+001B）"),
    "next line": ("label: 审理中", "label: 审\x85理中", "\x85", "控制字符（U+0085）"),
    "line separator": ("label: 审理中", "label: 审\u2028理中", "\u2028", "控制字符（U+2028）"),
    "zero width": ("label: 审理中", "label: 审\u200b理中", "\u200b", "控制字符（U+200B）"),
    "direction": ("label: 审理中", "label: 审\u202e理中", "\u202e", "控制字符（U+202E）"),
    "mark inside": ("label: 审理中", "label: \ufeff审理中", "\ufeff", "控制字符（U+FEFF）"),
    "old line end": ("label: 审理中", "label: 审理中\r# 甲", "\r", "控制字符（U+000D）"),
    "escaped nul": ("label: 审理中", 'label: "审\\0理中"', "\\0", "控制字符（反斜杠"),
    "escaped tab": ("label: 审理中", 'label: "审\\t理中"', "\\t", "控制字符（反斜杠"),
    "impossible escape": ("label: 审理中", 'label: "\\UFFFFFFFF"', "\\UFFFF", "反斜杠"),
    "half an escape": ("label: 审理中", 'label: "\\x4"', "\\x4", "反斜杠"),
    "tab": ("        label: 审理中", "\tlabel: 审理中", "\t", "制表符"),
    "tab after colon": ("label: 审理中", "label:\t审理中", "\t", "制表符"),
    "wide colon": ("label: 审理中", "label：审理中", "label：审", "全角“：”"),
    "wide colon in braces": ("{label: 撤回", "{label：撤回", "label：撤", "全角“：”"),
    "wide comma": ("by: [desk], each: addressee, on: received_on, to: closed}", "by: [desk]，each: addressee, on: received_on, to: closed}",
                   "]，each", "全角的逗号"),
    "wide brackets": ("by: [employer, worker]", "by: 【employer, worker】", "【employer", "全角"),
    "wide quotes": ('public: "时限先停下。"', "public: “时限先停下。”", "“时限", "全角“ ”"),
    "wide list comma": ("by: [employer, worker]", "by: [employer、worker]", "employer、", "全角"),
    "wide indent": ("        label: 审理中", "　　　　label: 审理中", "　　　　label", "全角空格"),
    "huge length": ("within: 60 日", f"within: {'9' * 40} 日", "9999", "请"),
    "huge number": ("times: 1,", f"times: {'9' * 1500},", "9999", "请"),
    "huge version": ('version: "test-1"', f"version: {'9' * 1500}", "9999", "请"),
    "number with bars": ("times: 1,", "times: 1_000_000_000_000,", "1_000", "请"),
    "octal": ("times: 1,", "times: 0o777,", "0o777", "请"),
    "infinity": ("times: 1,", "times: .inf,", ".inf", "请"),
    "far date": ("from: 2025-07-01, is", "from: 99999-07-01, is", "99999", "请"),
    "no such date": ("from: 2025-07-01, is", "from: 2025-02-30, is", "02-30", "请"),
    "question mark": ("{label: 撤回", "{label: 撤?回", "撤?", "半角问号"),
    "long line": ("label: 审理中", "label: 审理中" + "长" * 2000, "长长", "这一行太长"),
    "long key": ("  note: {label", f"  {'n' * 1900}: {{label", "nnn", "请"),
    "list as key": ("  note: {", "  ? [a, b]\n  : {", "? [a", "冒号前面要写一个名字"),
    "mapping as key": ("  note: {", "  ? {a: b}\n  : {", "? {a", "冒号前面要写一个名字"),
    "yes": ("label: 审理中", "label: yes", "label: yes", "请"),
    "null": ("label: 审理中", "label: ~", "label: ~", "请"),
    "unclosed quote": ('public: "时限先停下。"', 'public: "时限先停下。', '"时限', "引号"),
    "unclosed bracket": ("by: [employer, worker]", "by: [employer, worker", "employer, worker,", "请"),
    "unclosed brace": ("{label: 说明, type: longtext}", "{label: 说明, type: longtext", "label: 说明", "请"),
}  # fmt: skip
del TRICKS["tag on a mapping"]


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
def test_a_trick_is_told_with_its_line(trick: tuple[str, str, str, str]) -> None:
    old, new, seen, says = trick
    text = edit(old, new)
    got = told(text)
    there = [f for f in got if f.line == line_of(seen, text)]
    assert any(says in f.text for f in there), got
    assert all("请" in f.text for f in got)


def test_the_file_the_tricks_are_played_on_is_sound() -> None:
    assert told(GOOD) == [] and told("\ufeff" + GOOD) == [] and told(GOOD.replace("\n", "\r\n")) == []


DOUBLED = {  # what is written a second time, after which line
    "section": "people:\n  甲: 乙\n",
    "person": "  worker: 职工\n",
    "date": "  filed_on: 收到申请之日\n",
    "clock": "  examine:\n    code: GS-ACC\n",
    "key of a clock": "    code: GS-SUPP\n",
    "paper": "  diagnosis: {label: 甲, law: 工伤保险条例#18.1}\n",
    "matter": "  recognition:\n    label: 甲\n",
    "key of a matter": "    start: filed\n",
    "state": "      suspended:\n        label: 甲\n",
    "key of a state": "        clocks: [serve]\n",
    "act": "          deliver: {label: 甲, by: [desk]}\n",
}
AFTER = {
    "section": "\nclocks:\n", "person": "  supervisor: 督办人\n", "date": "  hearing_on: 通知定的日期\n",
    "clock": "  decide_fast:\n", "key of a clock": "    owner: officer\n    law: 工伤保险条例#25.2\n", "paper": "\ninstruments:\n",
    "matter": "\n  appraisal:\n", "key of a matter": "    start: to_apply\n", "state": "      decided:\n",
    "key of a state": '        public: "决定书最迟在 {serve.due} 前送到。"\n        clocks: [serve]\n',
    "act": "          deliver: {label: 登记送达, by: [desk], each: addressee, on: received_on, to: closed}\n",
}  # fmt: skip
BEFORE = ("section", "clock", "paper", "matter", "state")


@pytest.mark.parametrize("what", DOUBLED)
def test_a_key_written_twice_is_told_at_every_level(what: str) -> None:
    at = GOOD.index(AFTER[what]) + (1 if AFTER[what][0] == "\n" else 0)
    assert GOOD.count(AFTER[what]) == 1
    if what not in BEFORE:
        at = GOOD.index(AFTER[what]) + len(AFTER[what])
    text = GOOD[:at] + DOUBLED[what] + GOOD[at:]
    line = text.count("\n", 0, at) + 1
    twice = [f for f in told(text) if "写了两遍" in f.text]
    assert [f.line for f in twice] == [line]
    first = re.search(r"第一遍在第 (\d+) 行", twice[0].text)
    name = DOUBLED[what].split(":")[0].strip()
    assert first and int(first[1]) < line and text.split("\n")[int(first[1]) - 1].strip().startswith(name)


def test_a_key_written_twice_inside_braces_is_told() -> None:
    text = edit("{label: 撤回, by: [worker]", "{label: 撤回, by: [worker], label: 甲")
    assert ["写了两遍" in f.text for f in told(text)] == [True]


@pytest.mark.parametrize("part", range(1, 20))
def test_a_file_cut_off_anywhere_is_refused(part: int) -> None:
    assert told(GOOD[: len(GOOD) * part // 20])


@pytest.mark.parametrize("quote", ['"', "'", "“", "{", "[", "|", "&", "*", "!", "%", "@", "`", "\x00"])
def test_a_mark_at_the_end_of_any_line_is_told_or_harmless(quote: str) -> None:
    lines = GOOD.split("\n")
    for n in range(0, len(lines), 1 if PROVE_ALL else 9):
        told("\n".join([*lines[:n], lines[n] + quote, *lines[n + 1 :]]))


# --- files -----------------------------------------------------------------------------------------------------------

ENCODED = {
    "utf-16 with mark": GOOD.encode("utf-16"),
    "utf-16 little": GOOD.encode("utf-16-le"),
    "utf-16 big": GOOD.encode("utf-16-be"),
    "utf-32": GOOD.encode("utf-32"),
    "gb18030": GOOD.encode("gb18030"),
    "half a character": GOOD.encode()[: GOOD.encode().index("审".encode()) + 1],
    "lone half": GOOD.encode().replace("审".encode(), b"\xed\xa0\x80", 1),
    "overlong": GOOD.encode().replace(b"label", b"\xc1\xac\xc1\xa1bel", 1),
    "compressed": b"\x1f\x8b\x08\x00" + random.Random(3).randbytes(5000),
    "program": b"\x7fELF\x02\x01\x01" + bytes(3000),
    "ascii utf-16": "version: a\npeople: b\n".encode("utf-16-le"),
    "only a mark": b"\xef\xbb\xbf",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(),
}


def test_files_in_another_encoding_or_no_text_at_all_are_refused(tmp_path: Path) -> None:
    for name, content in ENCODED.items():
        (tmp_path / name).write_bytes(content)
    got = told_elsewhere(tmp_path)
    assert set(got) == set(ENCODED)
    for name, sentences in got.items():
        assert sentences and all(SENTENCE.fullmatch(said) for _, said in sentences), name
        coded = name not in ("program", "ascii utf-16", "only a mark", "two marks")
        assert coded == any("不是 UTF-8" in said for _, said in sentences), name


def test_what_is_no_regular_file_is_refused_and_a_pipe_does_not_keep_anybody_waiting(tmp_path: Path) -> None:
    pipe, loop, folder = tmp_path / "pipe", tmp_path / "loop", tmp_path / "folder"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    folder.mkdir()
    for path in (pipe, loop, folder, tmp_path / "missing", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(OSError):
            reader.bytes_of(path, 10)
    for name in ("with\0nul", "x" * 5000):
        with pytest.raises((OSError, ValueError)):
            reader.bytes_of(tmp_path / name, 10)
    (tmp_path / "good").write_text(GOOD, "utf-8")
    assert reader.bytes_of(tmp_path / "good", 10) == GOOD.encode()[:10]


def test_loading_what_is_no_regular_file_is_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/zero")
    got = told_elsewhere(tmp_path, within=30)
    assert set(got) == {"pipe", "loop", "folder", "device"}
    for name, sentences in got.items():
        assert [line for line, _ in sentences] == [1] and "打不开这个文件" in sentences[0][1], name


def test_a_path_that_can_be_no_file_is_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", "", "with\0nul", tmp_path / ("x" * 5000), tmp_path / "a" / ".." / "b"):
        with pytest.raises(DefinitionFaults, match="请检查路径"):
            load(path)


# --- any damage at all -----------------------------------------------------------------------------------------------

BITS = [b"\x00", b"\t", b"\r", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xae", "：".encode(), "，".encode(), "“".encode(), b"{", b"}", b"[", b"]",
        b"&a ", b"*a", b"!!x ", b"<<: ", b"---\n", b"...\n", b": ", b", ", b"#", b"|", b">", b"?", b"'", b'"', b"\\", b"%",
        b"\n", b"    "]  # fmt: skip


def damaged(content: bytes, rnd: random.Random) -> bytes:
    """Bytes changed, lost, doubled, moved, added; or the file cut off."""
    for _ in range(rnd.choice((1, 1, 1, 2, 4, 12))):
        at = rnd.randrange(len(content) + 1)
        to = min(len(content), at + rnd.choice((1, 1, 2, 10, 100, 1000)))
        match rnd.randrange(8):
            case 0:
                content = content[:at] + bytes([rnd.randrange(256)]) + content[at + 1 :]
            case 1:
                content = content[:at] + content[to:]
            case 2:
                content = content[:to] + content[at:]
            case 3:
                part, rest = content[at:to], content[:at] + content[to:]
                spot = rnd.randrange(len(rest) + 1)
                content = rest[:spot] + part + rest[spot:]
            case 4 | 5 | 6:
                content = content[:at] + rnd.choice(BITS) + content[at:]
            case 7 if rnd.random() < 0.1:
                content = content[:at]
    return content


@pytest.mark.parametrize("path", MUTATIONS, ids=lambda path: path.name)
def test_a_file_damaged_at_random_is_refused_in_sentences_or_loads(path: Path, tmp_path: Path) -> None:
    rnd = random.Random(20261123)
    content = path.read_bytes()
    made = {f"{n:05}": damaged(content, rnd) for n in range(MUTATIONS[path])}
    for name, damage in made.items():
        (tmp_path / name).write_bytes(damage)
    got = told_elsewhere(tmp_path, within=5 * SAFETY)
    assert set(got) == set(made)
    for name, sentences in got.items():
        lines = made[name].count(b"\n") + 2
        assert all(SENTENCE.fullmatch(said) and 1 <= line <= lines for line, said in sentences), (name, sentences[:3])
    assert sum(bool(sentences) for sentences in got.values()) > MUTATIONS[path] // 2, "most damage is seen"


# --- the same with and without libyaml -------------------------------------------------------------------------------


def scarred(rnd: random.Random) -> str:
    lines = GOOD.split("\n")
    for _ in range(rnd.choice((1, 1, 2, 3))):
        n = rnd.randrange(len(lines))
        at = rnd.randrange(len(lines[n]) + 1)
        sign = rnd.choice("：，、“”【】{}[]&*!#|>'\"%@`:,-? \\a一~=<\t\x00")
        keep = at + rnd.randrange(2)
        lines[n] = rnd.choice((lines[n][:at] + sign + lines[n][keep:], lines[n][:at], " " + lines[n]))
    return "\n".join(lines)


def both_ways(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    if not reader._Fast:
        pytest.skip("PyYAML was built without libyaml")
    fast = told(text)
    with monkeypatch.context() as slow:
        slow.setattr(reader, "_Fast", None)
        return fast, told(text)


def test_with_and_without_libyaml_the_same_files_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file must not be sound on the machine it was checked on and unsound on the one it is used on."""
    rnd = random.Random(11)
    apart = []
    for _ in range(3_000 if PROVE_ALL else 250):
        text = scarred(rnd)
        fast, slow = both_ways(text, monkeypatch)
        if bool(fast) != bool(slow):
            apart.append((text, fast, slow))
    assert apart == []


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
def test_with_and_without_libyaml_a_trick_is_told_on_the_same_line(
    trick: tuple[str, str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, seen, says = trick
    text = edit(old, new)
    fast, slow = both_ways(text, monkeypatch)
    line = line_of(seen, text)
    assert any(f.line == line and says in f.text for f in fast) and any(f.line == line for f in slow)
