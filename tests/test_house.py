"""House rules a machine can check: sizes, no traces of machines, no real people, pages that tell the truth."""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import subprocess
import zipfile
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("workflow", "documents", "web")
NOT_OURS = {".git", ".venv", "var", "build", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache",
            ".ruff_cache", ".hypothesis"}  # fmt: skip
LONGEST = 500
MAY_BE_LONGER = {
    "workflow/models.py": "every table in one place, nothing but declarations",
    "workflow/migrations/versions/0001_first_tables.py": "the same tables as first made",
}
ONE_SCREEN = 60
GENERATED = {"requirements.txt", "requirements-dev.txt"}

# Written in pieces so that this file does not find itself.
TRACES = re.compile(
    r"(?<![\w.])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|op" r"t/(?:wheels|pypi)|Us" r"ers/\w+)/"
    r"|\.py" r"env\b"
    r"|py" r"pi\.org|python" r"hosted|npm" r"js\.|mir" r"rors\.[a-z]"
    r"|(?<!no-emit-)(?:index-u" r"rl|find-li" r"nks|trusted-ho" r"st)\b"
)  # fmt: skip
IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])\d{6}(?:(?:19|20)\d{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z.])15\d{4}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?![0-9A-Za-z])"
)
TELEPHONE = re.compile(
    r"(?<![0-9A-Za-z-])0478[-— ]?\d{7,8}(?!\d)"  # landlines of the city
    r"|(?<![0-9A-Za-z-])0\d{2,3}-\d{7,8}(?![\d-])"  # any other landline
    r"|(?<![0-9A-Za-z.-])1[3-9]\d{9}(?![0-9A-Za-z.])"  # mobile telephones
)
DEMO_REGION, DEMO_TELEPHONE = "159999", re.compile(r"0478-000\d{4}")


def files() -> Iterator[Path]:
    """Every file of the project, whether git knows it already or not."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in NOT_OURS and not name.endswith(".egg-info")]
        yield from (Path(folder, name) for name in names)


@cache
def texts() -> dict[str, str]:
    """The text of every text file, and of the sheets inside every workbook, by the path a person would write."""
    found = {}
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                sheets = [book.read(part).decode("utf-8") for part in book.namelist() if part.endswith(".xml")]
            found[name] = re.sub(r"<[^>]+>", "\n", "\n".join(sheets))
        elif b"\0" not in (raw := path.read_bytes()):
            found[name] = raw.decode("utf-8")
    return found


def hits(pattern: re.Pattern[str], leave_out: Collection[str] = ()) -> list[tuple[str, str]]:
    """(file:line, what was found) in all texts."""
    return [
        (f"{name}:{text.count(chr(10), 0, match.start()) + 1}", match.group())
        for name, text in sorted(texts().items())
        if name not in leave_out
        for match in pattern.finditer(text)
    ]


def pages() -> dict[str, str]:
    """The pages people read: those at the top and those under docs/."""
    return {name: text for name, text in texts().items() if re.fullmatch(r"(docs/.*|[^/]*)\.md", name)}


def makefile() -> str:
    return (ROOT / "Makefile").read_text("utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", makefile(), re.MULTILINE))


def setup() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read(ROOT / "setup.cfg", "utf-8")
    return parsed


# --- code ------------------------------------------------------------------------------------------------------------


def test_no_module_grows_past_five_hundred_lines() -> None:
    sizes = {p.relative_to(ROOT).as_posix(): len(p.read_text("utf-8").splitlines())
             for package in PACKAGES for p in (ROOT / package).rglob("*.py")}  # fmt: skip
    too_long = {name: size for name, size in sizes.items() if size > LONGEST}
    assert set(too_long) <= set(MAY_BE_LONGER), too_long


# --- traces and people -----------------------------------------------------------------------------------------------


def test_no_file_names_a_path_of_somebodys_machine_or_a_registry() -> None:
    assert hits(TRACES) == []


def test_every_identity_number_is_of_the_region_nobody_lives_in() -> None:
    assert [hit for hit in hits(IDENTITY, GENERATED) if not hit[1].startswith(DEMO_REGION)] == []


def test_every_telephone_is_one_nobody_has() -> None:
    assert [hit for hit in hits(TELEPHONE, GENERATED) if not DEMO_TELEPHONE.fullmatch(hit[1])] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (TRACES, "see /wo" + "rk/main/x.py"),
        (TRACES, "cd /ho" + "me/somebody/x"),
        (TRACES, "--extra-index-u" + "rl=x"),
        (TRACES, "https://py" + "pi.org/simple"),
        (IDENTITY, "身份证号码：" + "152801" + "19580312" + "001X。"),
        (IDENTITY, "旧号 " + "152801" + "580312" + "001"),
        (TELEPHONE, "电话" + "0478-" + "8527000"),
        (TELEPHONE, "手机" + "138" + "00138000"),
        (TELEPHONE, "010-" + "12345678"),
    ],
)
def test_what_must_not_stand_anywhere_is_found(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (TRACES, "/usr/bin/chromium and network/paths"),
        (IDENTITY, "2026-01-01 20260101000000 a" + "152801" + "19580312" + "001Xb"),
        (TELEPHONE, "2026-11-24 0.13800138000 12333"),
    ],
)
def test_what_only_looks_alike_is_left_alone(pattern: re.Pattern[str], text: str) -> None:
    assert not pattern.search(text)


# --- set-up ----------------------------------------------------------------------------------------------------------


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    explained = set(re.findall(r"^([a-z][a-z-]*):.*?## \S", makefile(), re.MULTILINE))
    assert targets() == explained
    phony = re.search(r"^\.PHONY:(.*)$", makefile(), re.MULTILINE)
    assert phony and set(phony.group(1).split()) == targets()


def test_make_help_prints_every_target() -> None:
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z-]+) ", shown, re.MULTILINE)) == targets()


def test_every_make_command_a_page_names_is_a_target() -> None:
    named = [(name, target) for name, text in pages().items()
             for target in re.findall(r"(?<![\w-])make ([a-z][a-z-]+)(?=[`\s])", text)]  # fmt: skip
    assert {target for _, target in named} >= {"run", "test"}
    assert [hit for hit in named if hit[1] not in targets()] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_is_one_screen_with_the_two_commands(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert len(text.splitlines()) <= ONE_SCREEN
    assert "make run" in text and "make test" in text


def test_every_file_a_readme_or_page_links_to_is_there() -> None:
    missing = [
        f"{name} → {link}"
        for name, text in pages().items()
        for link in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in link and not (ROOT / name).parent.joinpath(link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("section", "option", "lock"),
    [
        ("options", "install_requires", "requirements.txt"),
        ("options", "install_requires", "requirements-dev.txt"),
        ("options.extras_require", "dev", "requirements-dev.txt"),
    ],
)
def test_the_locked_versions_are_those_setup_cfg_asks_for(section: str, option: str, lock: str) -> None:
    wanted = [re.sub(r"\[.*?\]", "", line).lower() for line in setup()[section][option].split()]
    locked = re.findall(r"^([a-z0-9._-]+==[^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    assert wanted and [pin for pin in wanted if pin not in locked] == []


@pytest.mark.parametrize("lock", sorted(GENERATED))
def test_every_locked_package_carries_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert packages and [p.split()[0] for p in packages if "--hash=sha256:" not in p] == []


def test_a_built_package_would_hold_every_file_the_packages_need() -> None:
    data = {package: patterns.split() for package, patterns in setup()["options.package_data"].items()}
    left_behind = []
    for path in files():
        package, _, inside = path.relative_to(ROOT).as_posix().partition("/")
        if package not in PACKAGES or (path.suffix == ".py" and (path.parent / "__init__.py").exists()):
            continue
        patterns = [pattern.replace("**/", "*") for pattern in data[package]]
        if not any(fnmatch.fnmatchcase(inside, pattern) for pattern in patterns):
            left_behind.append(f"{package}/{inside}")
    assert left_behind == []
