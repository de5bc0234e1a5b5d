"""What a hostile states.yaml may cost: so many events, characters gone over again and comparisons of names, never more.

Nothing here asks the clock: work is counted, seconds are measured in scripts/bench.py.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator

import pytest
import yaml

from tests.hostile import COSTLY, REAL, SENTENCE, Told, told_elsewhere
from workflow.definition import DefinitionFaults, faults, reader
from workflow.definition.explain import explained as really_explained
from workflow.definition.nodes import Items, Node, Table, Text, Unreadable


@pytest.fixture(scope="module")
def loaded_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("costly")
    for name, text in COSTLY.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    return told_elsewhere(folder)


@pytest.mark.parametrize("name", COSTLY)
def test_a_file_made_to_cost_is_refused_in_sentences(name: str, loaded_elsewhere: Told) -> None:
    said = loaded_elsewhere[name]
    assert said and len(said) <= DefinitionFaults.MOST + 1
    assert all(SENTENCE.fullmatch(sentence) and 1 <= line <= COSTLY[name].count("\n") + 2 for line, sentence in said)
    assert all(len(sentence) < 1_000 for _, sentence in said), "a sentence repeats what it was given only in part"


class Purse(reader._Budget):
    """A budget that remembers itself."""

    spent: list[Purse] = []  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        Purse.spent.append(self)


def nodes(node: Node | None) -> Iterator[Node]:
    """Every node of a tree; no recursion, so that a deep tree would be seen."""
    waiting = [node] if node else []
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at, Items):
            waiting += at.items
        elif isinstance(at, Table):
            waiting += [part for pair in at.pairs.values() for part in pair]
        else:
            assert isinstance(at, Text | Unreadable)


@pytest.mark.parametrize("name", COSTLY)
def test_reading_spends_no_more_than_its_budget(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events over all readings, characters explained, and what is handed on: each has its limit whatever is written."""
    text = COSTLY[name]
    explained: list[int] = []

    def explain(some: str, offset: int, line: int) -> faults.Fault:
        explained.append(len(some))
        return really_explained(some, offset, line)

    monkeypatch.setattr(reader, "_Budget", Purse)
    monkeypatch.setattr("workflow.definition.reader.explained", explain)
    Purse.spent.clear()
    reading = reader.read(text)
    assert all(purse.events >= -reader.PER_READING for purse in Purse.spent), "stopped as soon as it is spent"
    assert (
        sum(n + reader.PER_EXPLANATION for n in explained if n) <= 1.5 * reader.EXPLAINED + 2 * reader.PER_EXPLANATION
    )
    assert sum(1 for _ in nodes(reading.root)) <= reader.WORK
    if not Purse.spent:
        assert reading.root is None and len(reading.faults) == 1, "refused before anything was spent"


def test_the_limits_are_told_before_anything_is_read() -> None:
    assert "文件太大" in reader.read("a: b\n" * 100_000).faults[0].text
    fault = reader.read("a: b\n" * 7 + "c" * (reader.MAX_LINE + 1)).faults[0]
    assert fault.line == 8 and "这一行太长" in fault.text
    fault = reader.read("a: [b]\n" + "\n".join(f"k{i}: v" for i in range(reader.MAX_EVENTS // 2))).faults[0]
    assert "文件太长" in fault.text and fault.line > reader.MAX_EVENTS // 4
    deep = "\n".join(" " * i + f"k{i}:" for i in range(reader.MAX_DEPTH + 5))
    assert [f.line for f in reader.read(deep).faults] == [reader.MAX_DEPTH + 1]


def test_the_real_file_leaves_room_in_every_limit() -> None:
    """A refusal of the office's own next version must not come from a limit made against attackers."""
    text = REAL.read_text("utf-8")
    events = sum(1 for _ in yaml.parse(text, Loader=yaml.SafeLoader))
    assert 1.2 * len(text) < reader.MAX_CHARACTERS and 1.2 * events < reader.MAX_EVENTS
    assert 4 * max(map(len, text.split("\n"))) < reader.MAX_LINE


def test_comparing_names_stops_when_its_budget_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that only a close comparison tells apart: 300 × 300 of them took 19 seconds."""
    close: list[int] = []

    class Counting(difflib.SequenceMatcher[str]):
        def ratio(self) -> float:
            close.append(56 * 56)
            return super().ratio()

    monkeypatch.setattr(faults, "SequenceMatcher", Counting)
    rnd = random.Random(7)
    known = {"".join(rnd.choices("ab", k=56)) + str(i): "" for i in range(300)}
    nearest = faults.Nearest()
    answers = [nearest.to("".join(rnd.choices("ab", k=56)) + "x", known) for _ in range(300)]
    assert answers[0] in known and answers[-1] == "", "the first wrong names still get their hint"
    assert sum(close) <= faults.Nearest.WORK + 60 * 60
    assert faults.Nearest().to("wroker", {"desk": "窗口", "worker": "职工"}) == "worker"
    assert faults.Nearest().to("职工", {"desk": "窗口", "worker": "职工"}) == "worker"
    assert faults.Nearest().to("ＷＯＲＫＥＲ", {"worker": "职工"}) == "worker"
    assert faults.Nearest().to("xyz", {"desk": "窗口", "worker": "职工"}) == ""
    assert faults.Nearest().to("\ufdfa" * 60, {"desk": "窗口"}) == "", "one character may become eighteen"


def test_more_faults_than_anybody_reads_are_counted_not_listed() -> None:
    many = DefinitionFaults("x.yaml", [faults.Fault(n, "甲。") for n in range(1, 5_001)])
    assert (
        len(many.lines) == DefinitionFaults.MOST + 1
        and many.lines[: DefinitionFaults.MOST][-1].line == DefinitionFaults.MOST
    )
    assert many.lines[-1].line == DefinitionFaults.MOST + 1 and "还有 3000 处" in many.lines[-1].text
    few = DefinitionFaults("x.yaml", [faults.Fault(n, "甲。") for n in range(1, DefinitionFaults.MOST + 1)])
    assert len(few.lines) == DefinitionFaults.MOST
