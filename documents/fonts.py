"""Which faces answer, and whether every character has a glyph; asked of fontconfig under our own fonts.conf.

A page of empty boxes still has a correct text layer, so nothing later would notice: hence the check before printing.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflow.errors import Reason, Refused

CONF = Path(__file__).with_name("fonts") / "fonts.conf"
BODY = ("FangSong", "FandolFang R", "Noto Serif CJK SC")
"""The chain of the style sheet, first choice first. The last one is required: only it draws rare names."""
REQUIRED = BODY[-1]
_SUBSETTER = "libharfbuzz-subset.so.0"


@dataclass(frozen=True)
class Face:
    """One installed face of the chain and the code points it draws."""

    family: str
    covers: frozenset[int]


@contextmanager
def own_fontconfig() -> Iterator[None]:
    """Point fontconfig at our file while WeasyPrint reads its fonts, and no longer: browsers we start need theirs."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(CONF)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before


@cache
def faces() -> tuple[Face, ...]:
    """The installed faces of the chain, in its order; read once per process. Raises Refused without fontconfig."""
    found: dict[str, set[int]] = {}
    for line in _list_fonts().splitlines():
        names, _, ranges = line.partition("\t")
        for family in set(names.split(",")) & set(BODY):
            found.setdefault(family, set()).update(_code_points(ranges))
    return tuple(Face(f, frozenset(found[f])) for f in BODY if f in found)


def check_fonts() -> tuple[str, ...]:
    """The families documents will be set in, first choice first; for the start-up check.

    Raises Refused with the line that cures it when the required face or the subsetting library is missing
    (without the library a page takes 15 to 76 times as long).
    """
    reasons = []
    families = tuple(face.family for face in faces())
    if REQUIRED not in families:
        reasons.append(
            Reason(
                f"没有可用的中文字体（{REQUIRED}），文书会印成空框，因此不打印。请运行 apt-get install fonts-noto-cjk",
                code="font_missing",
                who="系统管理员",
            )
        )
    if not _subsetter_loads():
        reasons.append(
            Reason(
                f"缺少字体裁剪库 {_SUBSETTER}，因此不打印。请运行 apt-get install libharfbuzz-subset0",
                code="subsetter_missing",
                who="系统管理员",
            )
        )
    if reasons:
        raise Refused(reasons)
    return families


def uncovered(text: str) -> list[str]:
    """The characters of `text` no installed face draws, each once, in order of appearance; line breaks do not count."""
    known = _covered()
    return [c for c in dict.fromkeys(text) if ord(c) not in known and c not in "\n\r\t"]


@cache
def _covered() -> frozenset[int]:
    return frozenset().union(*(face.covers for face in faces()))


def _list_fonts() -> str:
    """Families, a tab, charset ranges: one line per face. Raises Refused when fontconfig is not installed."""
    command = ["fc-list", "--format", "%{family}\t%{charset}\n"]
    try:
        answer = subprocess.run(
            command, env={**os.environ, "FONTCONFIG_FILE": str(CONF)}, capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError as error:
        raise Refused(
            Reason("没有 fc-list，查不到字体。请运行 apt-get install fontconfig", code="font_missing", who="系统管理员")
        ) from error
    return answer.stdout


def _code_points(ranges: str) -> Iterator[int]:
    """Read fontconfig's charset notation: hexadecimal code points and ranges, parted by spaces."""
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def _subsetter_loads() -> bool:
    try:
        ctypes.CDLL(_SUBSETTER)
    except OSError:
        return False
    return True
