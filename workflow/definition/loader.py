"""states.yaml → frozen Definition, or every fault of the file at once, each with its line and the cure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from workflow.definition import checks, sections
from workflow.definition.clocks import clocks as read_clocks
from workflow.definition.faults import DefinitionFaults, Fault
from workflow.definition.form import NAME_LIMIT, PERSON_LIMIT, Book, Form
from workflow.definition.matters import action_names
from workflow.definition.matters import matters as read_matters
from workflow.definition.model import Definition
from workflow.definition.nodes import Table, Text
from workflow.definition.reader import MAX_CHARACTERS, bytes_of, read

MAX_BYTES = 4 * MAX_CHARACTERS
SECTIONS = ("version", "people", "dates", "facts", "questions", "clocks", "papers", "instruments", "matters")
OPTIONAL = ("facts", "questions")
NEVER_EMPTY = ("people", "clocks", "matters")


def load(path: Path | str, *, check_law: bool = True) -> Definition:
    """Read the file at `path`; its own name stands before each fault. Raises DefinitionFaults and nothing else."""
    path = Path(path)
    name = path.name or str(path)
    try:
        raw = bytes_of(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = "没有这个文件" if isinstance(error, FileNotFoundError) else "打不开这个文件"
        raise DefinitionFaults(name, [Fault(1, f"{why}。请检查路径“{path}”和读取权限。")]) from None
    if len(raw) > MAX_BYTES:
        raise DefinitionFaults(name, [_too_large()])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        cure = "请用编辑器把文件另存为 UTF-8 编码"
        raise DefinitionFaults(name, [Fault(line, f"文件不是 UTF-8 编码。{cure}。")]) from None
    return loads(text, name=name, check_law=check_law)


def loads(text: str, *, name: str = "states.yaml", check_law: bool = True) -> Definition:
    """Read the text of a file called `name`.

    Raises DefinitionFaults with every fault, sorted by line, and nothing else. `check_law=False` leaves out whether
    citations and codes are known to workflow.law. Where some of the file is no YAML, the rest is still read; what
    can only be judged on the whole (reachability, unused entries) is then left for the next time.
    """
    if len(text) > MAX_CHARACTERS:
        raise DefinitionFaults(name, [_too_large()])
    reading = read(text)
    if reading.root is None:
        raise DefinitionFaults(name, reading.faults)
    root = reading.root
    book = _book(root, check_law)
    definition = _definition(book, root, text)
    if reading.whole:
        book.faults += checks.check(root, definition.facts, definition.clocks, definition.matters)
        book.faults += sections.unused(book, root, ("clocks", "papers", "instruments"))
    if faults := [*reading.faults, *book.faults]:
        raise DefinitionFaults(name, faults)
    return definition


def check_states_in_use(definition: Definition, used: Iterable[tuple[str, str]]) -> list[Fault]:
    """A fault for every (matter, state) found in the database that the file no longer has."""
    missing = [(m, s) for m, s in used if m not in definition.matters or s not in definition.matters[m].states]
    root = read(definition.text).root if missing else None
    return sorted(checks.gone(root or Table(1), definition.matters, missing))


def _too_large() -> Fault:
    return Fault(1, f"文件太大，超过 {MAX_CHARACTERS // 1024} K 字。请检查是不是选错了文件。")


def _book(root: Table, check_law: bool) -> Book:
    """Everything the file may name: what it declares itself, and what the engine has."""
    from workflow import guards, preparations  # they need the model, the model's package needs this module

    known = {name: sections.declared(root, name) for name in SECTIONS if name != "version"}
    dates, facts = known["dates"], known["facts"]
    known["facts"] = dates | {name: label or dates.get(name, "") for name, label in facts.items()}
    known["day_facts"] = dates | {n: facts[n] for n in facts if _is_date(root, n)}
    known["actions"] = action_names(root)
    known["guards"] = dict.fromkeys(guards.REGISTRY, "")
    known["preparations"] = dict.fromkeys(preparations.REGISTRY, "")
    known["marks"] = dict(guards.MARKS)
    cited, coded = _law() if check_law else (_anything, _anything)
    absent = frozenset(s for s in SECTIONS if s not in OPTIONAL and not isinstance(root.get(s), Table))
    return Book(known, cited, coded, absent=absent)


def _anything(_text: str) -> bool:
    return True


def _law() -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    from workflow import law

    return law.known_citation, law.has_code


def _is_date(root: Table, name: str) -> bool:
    """Whether a declared fact is a day, or may be one because it could not be read."""
    facts = root.get("facts")
    fact = facts.get(name) if isinstance(facts, Table) else None
    kind = fact.get("type") if isinstance(fact, Table) else None
    if isinstance(fact, Table) and kind is not None:
        return isinstance(kind, Text) and kind.value == "date"
    return not isinstance(fact, Table) or fact.broken


def _definition(book: Book, root: Table, text: str) -> Definition:
    Form(book, root, "文件", SECTIONS, [s for s in SECTIONS if s not in OPTIONAL])
    for name in NEVER_EMPTY:
        table = root.get(name)
        if isinstance(table, Table) and not table.pairs and not table.broken:
            book.say(root.pairs[name][0].line, f"{name} 是空的。请照样张写上内容。")
    dates = sections.labels(book, root, "dates", NAME_LIMIT)
    return Definition(
        version=sections.version(book, root),
        digest=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        text=text,
        people=sections.labels(book, root, "people", PERSON_LIMIT),
        dates=dates,
        facts=sections.facts(book, root, dates),
        questions=sections.questions(book, root),
        clocks=read_clocks(book, root),
        papers=sections.papers(book, root),
        instruments=sections.instruments(book, root),
        matters=read_matters(book, root),
    )
