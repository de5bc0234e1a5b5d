"""What may import what, and who may ask for the time. Read from the source, so nothing has to run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("workflow", "documents", "web")
UPWARD = {"workflow": ("documents", "web"), "documents": ("web",), "web": ()}
NOT_IN_RULES = ("sqlalchemy", "alembic", "flask", "flask_login", "flask_wtf", "wtforms", "werkzeug", "weasyprint",
                "workflow.clock", "workflow.models", "workflow.store")  # fmt: skip
CLOCK = "workflow.clock"
PRINTING = "documents."
TIME_OF_DAY = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.asctime",
    "sqlalchemy.func.now", "sqlalchemy.func.current_timestamp", "sqlalchemy.func.current_date",
    "sqlalchemy.sql.func.now",
}  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> dict[str, tuple[Path, ast.Module]]:
    """Every module of the packages with its parsed source."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {module_name(path): (path, ast.parse(path.read_text("utf-8"))) for path in paths}


def imports(tree: ast.AST, module: str, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """(line, absolute name) of everything imported anywhere in the tree; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: None if is_package and node.level == 1 else -(node.level - is_package)]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def of(module: str) -> list[tuple[int, str]]:
    path, tree = sources()[module]
    return list(imports(tree, module, path.name == "__init__.py"))


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def rule_modules() -> list[str]:
    """The rules as docs/architecture.md names them, so page and test cannot part."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = re.search(r"Rules \((.*?)\)\s+import no", page, re.DOTALL)
    assert listed, "docs/architecture.md no longer says which modules are rules"
    return [f"workflow.{name}" for name in re.findall(r"`(\w+)`", listed.group(1))]


def ours(name: str) -> str | None:
    """The module of ours an imported name lies in, None for a foreign one."""
    while name and name not in sources():
        name = name.rpartition(".")[0]
    return name or None


def reached(module: str) -> dict[str, list[str]]:
    """Every name `module` imports, by itself or through our own modules, with the way to it."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, list[str]]] = [(module, [module])]
    while waiting:
        at, way = waiting.pop(0)
        for _, name in of(at):
            if name in found:
                continue
            found[name] = [*way, name]
            next_one = ours(name)
            if next_one and next_one != at:
                waiting.append((next_one, [*way, next_one]))
    return found


def moments(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, what) of every use of the machine's or the database's own time of day."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                (a.asname or a.name.split(".")[0]): (a.name if a.asname else a.name.split(".")[0]) for a in node.names
            }
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {(a.asname or a.name): f"{node.module}.{a.name}" for a in node.names}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            head, _, tail = ast.unparse(node).partition(".")
            full = f"{names.get(head, '')}.{tail}".strip(".")
            if full in TIME_OF_DAY:
                found.append((node.lineno, full))
    return found


# --- the house -------------------------------------------------------------------------------------------------------


def test_imports_run_from_web_to_documents_to_workflow_and_never_back() -> None:
    wrong = [
        f"{module}:{line} imports {name}"
        for module in sources()
        for line, name in of(module)
        if any(within(name, upper) for upper in UPWARD[module.split(".")[0]])
    ]
    assert wrong == []


def test_every_rule_the_architecture_page_names_is_there() -> None:
    assert set(rule_modules()) >= {"workflow.daycount", "workflow.benefits", "workflow.law", "workflow.guards"}
    assert [name for name in rule_modules() if name not in sources()] == []


def test_rules_reach_no_database_no_web_and_no_clock_not_even_through_others() -> None:
    rules = [name for name in sources() if any(within(name, rule) for rule in rule_modules())]
    wrong = [
        " → ".join(way)
        for rule in rules
        for name, way in reached(rule).items()
        if any(within(name, banned) for banned in NOT_IN_RULES)
    ]
    assert wrong == []


def test_nobody_but_the_clock_asks_for_the_time_of_day() -> None:
    wrong = [
        f"{module}:{line} uses {what}"
        for module, (_, tree) in sources().items()
        if module != CLOCK
        for line, what in moments(tree)
    ]
    assert wrong == []


def lines_of(nodes: Iterable[ast.stmt]) -> set[int]:
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def test_only_printing_imports_weasyprint_and_only_when_it_prints() -> None:
    for module, (_, tree) in sources().items():
        lines = {line for line, name in of(module) if within(name, "weasyprint")}
        assert not lines or module.startswith(PRINTING), f"{module}:{lines} imports WeasyPrint outside documents"
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        for_types = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
        assert lines <= lines_of(functions) | lines_of(for_types), f"{module} imports WeasyPrint when it is loaded"


def test_loading_every_module_loads_no_weasyprint() -> None:
    modules = [name for name in sources() if ".migrations" not in name]  # alembic alone runs those
    check = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        "raise SystemExit('weasyprint was loaded' if 'weasyprint' in sys.modules else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


# --- the readers see what they should --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import web.app", ["web.app"]),
        ("def f():\n    from web import auth", ["web.auth"]),
        ("from . import clock", ["workflow.clock"]),
        ("from .law import rules", ["workflow.law.rules"]),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, names: list[str]) -> None:
    assert [name for _, name in imports(ast.parse(source), "workflow.cases")] == names


@pytest.mark.parametrize(
    ("source", "name"),
    [("from . import typed", "workflow.cases.typed"), ("from ..law import rules", "workflow.law.rules")],
)
def test_relative_imports_of_a_package_are_seen(source: str, name: str) -> None:
    assert [found for _, found in imports(ast.parse(source), "workflow.cases", is_package=True)] == [name]


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import date as d\nd.today()",
        "import time\ntime.time()",
        "from time import time\ntime()",
        "from datetime import datetime\nfield(default_factory=datetime.utcnow)",
        "from sqlalchemy import func\nfunc.now()",
    ],
)
def test_every_way_to_ask_for_the_time_is_seen(source: str) -> None:
    assert len(moments(ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from workflow import clock\nclock.now()",
        "import time\ntime.monotonic()",
        "from datetime import datetime\ndatetime(2026, 1, 1)",
    ],
)
def test_our_clock_and_stop_watches_are_allowed(source: str) -> None:
    assert moments(ast.parse(source)) == []
