"""The map: fresh, the same bytes every time, nothing overlaps, nothing from the file gets out of its text, four readings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.definition import load, loads
from workflow.definition.model import Definition, StateDef
from workflow.process_map import LEVELS, files, outline, overview, page, picture, sheets, told
from workflow.process_map.diagram import LOOKS, Diagram
from workflow.process_map.layout import lay_out
from workflow.process_map.shapes import Block, Line, Page
from workflow.process_map.svg import number as svg_number
from workflow.process_map.text import NEVER_FIRST, NEVER_LAST, width, wrap
from workflow.process_map.way import EVERYWHERE, way_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser


ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"states": ROOT / "states.yaml", **{n: ROOT / f"tests/definitions/{n}.yaml" for n in ("good", "sound")}}
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "desc", "g", "rect", "circle", "text", "polyline", "polygon"}
EVIL = """<script>alert('1')</script> ]]> & "q" <!-- -- > {{ 7*7 }} | **a** `b` [c](https://x)"""


@cache
def definition(name: str) -> Definition:
    return load(SOURCES[name])


@cache
def made(name: str) -> Mapping[str, str]:
    return files(definition(name))


@cache
def diagrams(name: str) -> Mapping[str, Diagram]:
    d = definition(name)
    drawn = {f"{level}/{matter}": picture(d, level, matter) for level in LEVELS for matter in d.matters}
    return {**drawn, "overview": overview(d)}


@cache
def pages(name: str) -> tuple[tuple[str, Page], ...]:
    return tuple((which, p) for which, d in diagrams(name).items() for p in lay_out(d))


every_source = pytest.mark.parametrize("name", SOURCES)


# --- fresh and the same ----------------------------------------------------------------------------------------------


def test_what_lies_in_docs_is_what_the_process_file_gives() -> None:
    made_now = made("states")
    stale = [name for name, text in made_now.items() if not _same(ROOT / "docs" / name, text)]
    left = [
        p.relative_to(ROOT / "docs").as_posix()
        for p in (ROOT / "docs" / "process").rglob("*")
        if p.is_file() and p.relative_to(ROOT / "docs").as_posix() not in made_now
    ]
    assert (stale, left) == ([], []), "run `greenchannel map --out docs`"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


@every_source
def test_there_is_a_picture_for_every_matter_and_level(name: str) -> None:
    wanted = {f"process/{level}/{m}.svg" for level in LEVELS for m in definition(name).matters}
    assert set(made(name)) == wanted | {"process.md", "process/overview.svg"}


def test_the_same_definition_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib; from workflow.definition import load; from workflow.process_map import files\n"
        f"made = files(load({str(SOURCES['sound'])!r}))\n"
        "print(hashlib.sha256(repr(sorted(made.items())).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(seen) == 1 and len(seen.pop().strip()) == 64


def test_a_change_of_the_file_changes_the_map_and_a_remark_does_not() -> None:
    text = SOURCES["sound"].read_text("utf-8")
    changed = files(loads(text.replace("label: 决定是否受理, within: 15 日", "label: 决定是否受理, within: 16 日")))
    assert {n for n, t in changed.items() if t != made("sound")[n]} >= {
        "process.md", "process/desk/recognition.svg", "process/supervisor/recognition.svg", "process/worker/recognition.svg",
    }  # fmt: skip
    assert files(loads(text + "\n# a remark\n")) == made("sound")


# --- geometry --------------------------------------------------------------------------------------------------------


def meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    """Whether two rectangles (left, top, right, bottom) have area in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def around(block: Block) -> tuple[float, float, float, float]:
    return block.x, block.y, block.x + block.w, block.y + block.h


def ink(line: Line) -> tuple[float, float, float, float]:
    size = LOOKS[line.look].size
    return line.x, line.y - size * 0.88, line.x + width(line.text, size), line.y + size * 0.2


@every_source
def test_no_box_or_label_meets_another(name: str) -> None:
    wrong = [
        (which, p.number, a.lines[:1], b.lines[:1])
        for which, p in pages(name)
        for a, b in combinations(p.blocks, 2)
        if meet(around(a), around(b))
    ]
    assert wrong == []


@every_source
def test_everything_stands_on_its_page_and_every_line_in_its_block(name: str) -> None:
    for which, p in pages(name):
        for block in p.blocks:
            left, top, right, bottom = around(block)
            assert left >= 0 and top >= 0 and right <= p.width and bottom <= p.height, (which, block.lines[:1])
            for line in block.lines:
                x0, y0, x1, y1 = ink(line)
                assert x0 >= left and x1 <= right + 0.1 and y0 >= top - 2 and y1 <= bottom + 2, (which, line)
        for wire in p.wires:
            assert all(0 <= x <= p.width and 0 <= y <= p.height for x, y in wire.points), (which, wire)


@every_source
def test_no_arrow_runs_through_a_text_or_through_a_box(name: str) -> None:
    for which, p in pages(name):
        texts = [ink(line) for b in p.blocks for line in b.lines]
        boxes = [(b.x + 1, b.y + 1, b.x + b.w - 1, b.y + b.h - 1) for b in p.blocks if b.kind == "box"]
        for wire in p.wires:
            for (x0, y0), (x1, y1) in pairwise(wire.points):
                assert x0 == x1 or y0 == y1, "arrows run straight"
                segment = (min(x0, x1) - 0.5, min(y0, y1) - 0.5, max(x0, x1) + 0.5, max(y0, y1) + 0.5)
                assert not any(meet(segment, t) for t in texts), (which, p.number, wire)
                assert not any(meet(segment, b) for b in boxes), (which, p.number, wire)


@every_source
def test_lanes_of_different_targets_do_not_run_on_each_other(name: str) -> None:
    for which, p in pages(name):
        upright = [
            (wire, min(a[1], b[1]), max(a[1], b[1]), a[0])
            for wire in p.wires
            for a, b in pairwise(wire.points)
            if a[0] == b[0] and a[1] != b[1]
        ]
        for (v, t0, b0, x0), (w, t1, b1, x1) in combinations(upright, 2):
            if v.color != w.color or v.dashed != w.dashed:
                assert x0 != x1 or b0 < t1 or b1 < t0, (which, p.number, v, w)


@every_source
def test_every_arrow_ends_at_its_box_or_names_the_page_it_goes_on(name: str) -> None:
    for which, d in diagrams(name).items():
        laid = lay_out(d)
        where = {b.badge: p.number for p in laid for b in p.blocks if b.kind == "box"}
        numbers = {n.key: n.number for n in d.nodes}
        assert set(where) == set(numbers.values()), which
        texts = {p.number: "".join(line.text for b in p.blocks for line in b.lines) for p in laid}
        for a in d.arrows:
            here, there = where[numbers[a.source]], where[numbers[a.target]]
            if here != there:
                assert f"（第 {there} 页）" in texts[here] or f"接第 {there} 页" in texts[here], (which, a)
        edges = {(b.x + b.w, b.y, b.y + b.h, p.number) for p in laid for b in p.blocks if b.kind == "box"}
        for p in laid:
            into = [w.points[-1] for w in p.wires if w.head and len(w.points) == 4]
            assert all(any(x == r and t < y < u and n == p.number for r, t, u, n in edges) for x, y in into), which


def test_a_page_is_a_sheet_of_a3_or_a4_upright() -> None:
    for which, p in pages("states"):
        if which != "overview":
            assert p.width in (794, 1123) and p.height <= p.width * 1.415, (which, p.number)


def test_two_boxes_on_each_other_would_be_found() -> None:
    _, p = next((w, p) for w, p in pages("good") if w.startswith("desk"))
    boxes = [b for b in p.blocks if b.kind == "box"]
    assert meet(around(boxes[0]), around(replace(boxes[1], y=boxes[0].y)))


@pytest.mark.browser
def test_a_browser_sets_every_text_within_its_block_and_no_two_on_each_other(browser: Browser) -> None:
    tab = browser.new_page()
    for which in ("lawyer/recognition", "supervisor/appraisal", "worker/benefit", "overview"):
        d = diagrams("states")[which]
        for text, laid in zip(sheets(d), lay_out(d), strict=True):
            tab.set_content(f"<body style='margin:0'>{text}</body>")
            found = tab.evaluate(
                "[...document.querySelectorAll('svg > text')].map(t => { const b = t.getBBox();"
                " return [b.x, b.y + b.height * .2, b.x + b.width, b.y + b.height * .8,"
                " t.textContent, t.getAttribute('x') + ' ' + t.getAttribute('y')] })"
            )
            rights = {f"{svg_number(n.x)} {svg_number(n.y)}": b.x + b.w for b in laid.blocks for n in b.lines}
            assert set(rights) <= {where for *_, where in found}
            for left, top, right, bottom, words_, where in found:
                assert left >= 0 and top >= 0 and right <= rights.get(where, laid.width), (which, words_)
                assert bottom <= laid.height, (which, words_)
            for a, b in combinations(found, 2):
                assert not meet(tuple(a[:4]), tuple(b[:4])), (which, a[4], b[4])
    tab.close()


# --- what stands in it -----------------------------------------------------------------------------------------------


def said(d: Diagram) -> str:
    paras = [p for n in d.nodes for p in n.paras] + [p for a in d.arrows for p in a.paras]
    paras += [p for s in d.sections for item in s.items for p in item]
    return "\n".join(p.text for p in paras)


@every_source
def test_every_state_and_every_act_is_on_every_level_for_staff(name: str) -> None:
    for level in ("desk", "supervisor", "lawyer"):
        for matter in definition(name).matters.values():
            text = said(diagrams(name)[f"{level}/{matter.name}"])
            for state in matter.states.values():
                assert state.label in text
                assert [a.label for a in state.actions.values() if a.label not in text] == [], (level, state.name)


@every_source
def test_the_way_names_every_state_once_and_every_act_somewhere(name: str) -> None:
    for matter in definition(name).matters.values():
        way = way_of(matter)
        assert sorted(way.order) == sorted(matter.states) and way.main[0] == matter.start
        assert len(set(way.numbers.values())) == len(matter.states)
        assert [way.numbers[s] for s in way.main] == [str(n) for n in range(1, len(way.main) + 1)]
        drawn = {(g.source, a.name) for g in way.groups for a in g.acts}
        drawn |= {(s, a.name) for s, acts in way.inside.items() for a in acts}
        drawn |= {(s, c.act.name) for c in way.common for s in c.states}
        assert drawn == {(s.name, a) for s in matter.states.values() for a in s.actions}
        assert all(len(c.states) >= EVERYWHERE for c in way.common)


def test_the_supervisor_sees_length_owner_expiry_and_what_is_only_internal() -> None:
    text = said(diagrams("sound")["supervisor/recognition"])
    for words_ in (
        "GS-ACC 决定是否受理：15 日，从收到申请之日起（《工伤认定办法》第8条第1款）", "责任：一站式窗口", "到期：提醒审批人；报督办人",
        "承诺 3 个工作日（待局确认）", "【内部提醒】IN-PAUSE 核对中止原因：每 30 日提醒", "可中止：等待结论", "可以办“转普通程序”",
        "系统自动办“公告期满视为送达”", "中止时限：从快作出决定（GS-FAST）、作出认定决定（GS-DEC）",
    ):  # fmt: skip
        assert words_ in text, words_
    assert "【内部提醒】GS-" not in text


def test_the_lawyer_sees_articles_versions_marks_remedies_and_what_follows() -> None:
    text = said(diagrams("sound")["lawyer/recognition"])
    for words_ in (
        "依据：《工伤保险条例》第14条第(4)项", "【无明文】没有写", "版本（按公告之日）：到 2021-12-31 为止 60 日，《民事诉讼法》第95条",
        "版本（按公告之日）：2022-01-01 起 30 日，《民事诉讼法》第95条", "不服：另开“复议和诉讼”", "没有救济：中止是过程性的", "【不利】",
        "期满后果：系统自动办“公告期满视为送达”（《民事诉讼法》第95条）", "可中止：等待结论（《工伤保险条例》第20条第3款）",
    ):  # fmt: skip
        assert words_ in text, words_


QUESTION = """
questions:
  roll: {label: 期满日是休息日顺延吗, choices: {yes_: 顺延, no_: 不顺延}, use: yes_, cautious: no_, law: 民法典#203, confidence: M}
"""


def test_the_lawyer_sees_what_the_law_leaves_open_and_what_nobody_has_read() -> None:
    text = SOURCES["sound"].read_text("utf-8").replace("\nclocks:", QUESTION + "\nclocks:", 1)
    text = text.replace(
        "{code: GS-APP-IND, label: 职工方申请认定, within: 1 年, from: diagnosed_on, owner: worker, law: 工伤保险条例#17.2,",
        "{code: GS-APP-IND, label: 职工方申请认定, within: 1 年, from: diagnosed_on, owner: worker, law: 工伤保险条例#17.2,\n"
        "     unverified: 起算日有争议, depends: {question: roll, no_: filed_on},",
    )
    asked = loads(text)
    shown = said(picture(asked, "lawyer", "recognition"))
    assert "【未核实】起算日有争议" in shown and "【未决】期满日是休息日顺延吗，现在用：顺延" in shown
    assert "现在用：顺延；稳妥的：不顺延" in shown and "有关条文：《民法典》第203条；把握：中" in shown
    assert "期满日是休息日顺延吗" in page(asked, "lawyer")
    assert "【未核实】" not in said(picture(asked, "desk", "recognition"))


def test_the_window_sees_who_does_it_which_papers_and_which_documents() -> None:
    text = said(diagrams("sound")["desk/recognition"])
    for words_ in (
        "谁办：职工、用人单位",
        "收材料：工伤认定申请表",
        "发文书：认定工伤决定书（送职工、用人单位）",
        "另开事项：“复议和诉讼”",
    ):
        assert words_ in text, words_


def test_the_worker_reads_no_code_no_article_and_no_placeholder() -> None:
    for name in SOURCES:
        for matter in definition(name).matters:
            text = said(diagrams(name)[f"worker/{matter}"])
            assert not re.search(r"[A-Z]{2}-[A-Z]|《[^》]*》第|\{\w+\.due\}|#\d", text), re.findall(
                r"[A-Z]{2}-[A-Z]+", text
            )


def test_the_worker_is_told_what_to_do_until_when_and_whom_he_waits_for() -> None:
    steps = {s.title: s for s in told(definition("sound"), "recognition").main}
    first = steps["待申请认定"]
    assert first.says == "请申请工伤认定，最晚诊断之日起满 1 年那天。"
    assert first.do == ("提出认定申请（带上：工伤认定申请表）",) and first.until == (
        "职工方申请认定：诊断之日起 1 年内",
    )
    assert steps["已申请"].tell == ("撤回申请",) and steps["已申请"].who == "一站式窗口"
    assert steps["已申请"].says == "申请已收到，最晚收到申请之日起第 15 日告诉您。"


def test_what_many_states_share_is_told_once_and_the_plain_way_still_has_its_arrow() -> None:
    matter = definition("sound").matters["recognition"]
    way = way_of(matter)
    assert [(c.act.name, c.to) for c in way.common] == [("redo", "under_review")]
    assert not any(a.name == "redo" for g in way.groups for a in g.acts)
    assert way.main == ("to_apply", "filed", "under_review", "decided", "delivered")
    assert [(g.source, g.target) for g in way.groups if g.spine] == list(pairwise(way.main))
    assert way.numbers["evidence"] == "3.1" and way.numbers["suspended"] == "3.2"


def test_the_plain_way_of_every_matter_is_one_on_which_nothing_goes_wrong() -> None:
    ways = {m.name: way_of(m) for m in definition("states").matters.values()}
    ends = {name: way.main[-1] for name, way in ways.items()}
    assert ends["recognition"] == ends["appraisal"] == "delivered" and ends["benefit"] == "paid"
    assert set(ways["benefit"].main) >= {"claimed", "approved", "payable", "paid_once"}, (
        "the money comes before the end"
    )
    for name, way in ways.items():
        assert way.state(way.main[-1]).end and len(set(way.main)) == len(way.main) >= 3, name
        for here, there in pairwise(way.main):
            acts = [a for a in way.state(here).actions.values() if a.to == there]
            assert any(not a.automatic for a in acts) or there == way.main[-1], (name, here, there)
            assert not all("died_on" in a.ask for a in acts), (name, here, there)


def test_what_the_system_does_is_dashed_and_acts_to_the_same_place_share_an_arrow() -> None:
    arrows = diagrams("sound")["desk/recognition"].arrows
    deemed = next(a for a in arrows if any(p.text == "公告期满视为送达" for p in a.paras))
    assert deemed.dashed and not deemed.spine and deemed.target == "delivered"
    keys = [(a.source, a.target, a.dashed) for a in arrows]
    assert len(keys) == len(set(keys))
    assert 'stroke-dasharray="6 4"' in made("sound")["process/desk/recognition.svg"]


def test_the_overview_shows_what_opens_a_matter_and_what_comes_back() -> None:
    arrows = {(a.source, a.target, a.dashed): a for a in diagrams("sound")["overview"].arrows}
    assert set(arrows) == {("recognition", "remedy", False), ("remedy", "recognition", True)}
    back = "".join(p.text for p in arrows["remedy", "recognition", True].paras)
    assert "撤销 → “登记重新作出”" in back


@every_source
def test_the_list_beside_a_picture_says_all_that_stands_in_it(name: str) -> None:
    for which, d in diagrams(name).items():
        listed = outline(d)
        texts = [p.text for i in listed.items for p in i.paras] + [i.name for i in listed.items]
        texts += [p.text for i in listed.items for _, paras, _ in i.arrows for p in paras]
        texts += [p.text for s in listed.sections for item in s.items for p in item]
        for text in said(d).split("\n"):
            assert any(text in t for t in texts), (which, text)


# --- the file's words stay words -------------------------------------------------------------------------------------


def hostile() -> Definition:
    """A sound definition in which everything written is an attack."""
    sound = definition("sound")
    matters = {}
    for m in sound.matters.values():
        states: dict[str, StateDef] = {}
        for s in m.states.values():
            acts = {
                a.name: replace(a, label=f"{a.label}{EVIL}", hint=EVIL, unsettled=EVIL, law=a.law)
                for a in s.actions.values()
            }
            states[s.name] = replace(s, label=f"{s.label}{EVIL}", public=f"{s.public}{EVIL}\x07\u2028", actions=acts)
        matters[m.name] = replace(m, label=f"{m.label}{EVIL}", states=states)
    clocks = {c.name: replace(c, label=f"{EVIL}{'长' * 90}", unverified=EVIL) for c in sound.clocks.values()}
    papers = {p.name: replace(p, label=EVIL) for p in sound.papers.values()}
    people = {k: EVIL for k in sound.people}
    return replace(sound, matters=matters, clocks=clocks, papers=papers, people=people, version=EVIL)


def elements(text: str) -> Iterator[ET.Element]:
    yield from ET.fromstring(text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n')).iter()


@pytest.mark.parametrize("name", [*SOURCES, "hostile"])
def test_a_picture_is_xml_without_script_style_or_anything_from_outside(name: str) -> None:
    given = files(hostile()) if name == "hostile" else made(name)
    for path, text in given.items():
        if not path.endswith(".svg"):
            continue
        for e in elements(text):
            assert e.tag.removeprefix(SVG) in DRAWN, (path, e.tag)
            assert not [k for k in e.attrib if k.startswith("on") or "href" in k or k in ("style", "class", "id")], path
            assert not any("url(" in v for v in e.attrib.values()), path
        root = next(elements(text))
        heads = [(root.findtext(f"{SVG}{tag}") or "").strip() for tag in ("title", "desc")]
        assert all(heads) and root.get("aria-label") and len(root.findall(f".//{SVG}text")) > 5, path


def test_hostile_words_come_out_as_they_went_in() -> None:
    made_now = files(hostile())
    for path in ("process/worker/recognition.svg", "process/lawyer/recognition.svg"):
        text = "".join(e.text or "" for e in elements(made_now[path]) if e.tag == f"{SVG}text")
        assert "<script>alert('1')</script>" in text.replace(" ", ""), path
    assert "\\<script\\>" in made_now["process.md"] and "<script" not in made_now["process.md"].replace("\\<", "")
    for line in made_now["process.md"].splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line)) - 1
            assert cells in (2, 3, 5, 6), line[:80]


def test_hostile_words_break_no_layout() -> None:
    d = hostile()
    for level in LEVELS:
        for p in lay_out(picture(d, level, "recognition")):
            assert not any(meet(around(a), around(b)) for a, b in combinations(p.blocks, 2)), level
            for block in p.blocks:
                assert all(ink(line)[2] <= block.x + block.w + 0.1 for line in block.lines), level


def test_lines_break_where_chinese_may_break_and_never_run_over() -> None:
    text = (
        "依据《工伤保险条例》第17条第1款，单位在30日内没有申请的（含延长），费用由单位负担。GREENCHANNEL-UNBREAKABLE-WORD"
        * 4
    )
    for room in (60, 90, 140, 333):
        lines = wrap(text, room, 13)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(width(line, 13) <= room for line in lines)
        if room > 100:
            assert not any(line[0] in NEVER_FIRST or line[-1] in NEVER_LAST for line in lines)
            assert not any(re.search(r"第$|第\d+$", line) for line in lines)
    assert wrap("", 100, 13) == [] and wrap(" \n ", 100, 13) == []


def test_colours_can_be_read() -> None:
    for name, look in LOOKS.items():
        assert contrast(look.color, look.ground or "#ffffff") >= 4.5, name
    assert min(LOOKS[n].size for n in LOOKS if n.startswith("big")) >= 20 and min(k.size for k in LOOKS.values()) >= 13


def contrast(a: str, b: str) -> float:
    def light(color: str) -> float:
        parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
