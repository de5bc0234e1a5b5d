"""The set-up scripts, with a pretended Debian: what is missing is installed, or the exact line is printed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "dpkg": 'case " $HAVE " in *" $2 "*) echo "Status: install ok installed";; *) exit 1;; esac',
    "apt-get": 'echo "apt-get $*" >> "$LOG"; case "$1" in "$FAIL") exit 100;; esac',
    "id": 'echo "$ID"',
    "sudo": '[ "$SUDO" = yes ] || exit 1; shift; exec "$@"',
}


class Debian:
    """A folder of pretended commands, put before the real ones."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        for name, body in COMMANDS.items():
            command = folder / name
            command.write_text(f"#!/bin/bash\n{body}\n")
            command.chmod(0o755)

    def ask(self, *packages: str, have: str = "", uid: int = 0, sudo: str = "no", fail: str = "", **more: str) -> int:
        environ = os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}", "LOG": str(self.log)}
        environ |= {"HAVE": have, "ID": str(uid), "SUDO": sudo, "FAIL": fail} | more
        ended = subprocess.run(
            [ROOT / "scripts" / "sysdeps", *packages], env=environ, capture_output=True, encoding="utf-8"
        )
        self.words = ended.stderr
        return ended.returncode

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    return Debian(tmp_path)


def test_nothing_is_done_when_all_packages_are_there(debian: Debian) -> None:
    assert (debian.ask("fontconfig", "tzdata", have="tzdata fontconfig"), debian.calls()) == (0, [])


def test_root_installs_only_what_is_missing_after_fetching_the_lists(debian: Debian) -> None:
    assert debian.ask("fontconfig", "tzdata", have="tzdata") == 0
    assert debian.calls() == ["apt-get update -q", "apt-get install -y -q --no-install-recommends fontconfig"]


def test_without_a_network_what_apt_has_in_its_cache_is_still_tried(debian: Debian) -> None:
    assert debian.ask("fontconfig", fail="update") == 0
    assert len(debian.calls()) == 2


def test_another_user_with_sudo_installs_too(debian: Debian) -> None:
    assert debian.ask("fontconfig", uid=1000, sudo="yes") == 0
    assert len(debian.calls()) == 2


def test_another_user_without_sudo_is_told_the_exact_line(debian: Debian) -> None:
    assert debian.ask("fontconfig", "tzdata", "chromium", have="tzdata", uid=1000) == 3
    assert debian.calls() == []
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends fontconfig chromium"
    assert line in debian.words.splitlines()


def test_an_installation_that_fails_ends_with_the_line_to_type(debian: Debian) -> None:
    assert debian.ask("fontconfig", fail="install") == 3
    assert "sudo apt-get install -y --no-install-recommends fontconfig" in debian.words


def test_who_brought_the_packages_another_way_may_say_so(debian: Debian) -> None:
    assert (debian.ask("fontconfig", uid=1000, GREENCHANNEL_SKIP_SYSDEPS="1"), debian.calls()) == (0, [])


def test_the_demonstration_refuses_to_run_on_production_settings() -> None:
    ended = subprocess.run(
        [ROOT / "scripts" / "run"], env=os.environ | {"GREENCHANNEL_ENV": "production"}, capture_output=True,
        encoding="utf-8",
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith("make run 只用于演示")
