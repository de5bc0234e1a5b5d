"""One year's rest days as people hand them in: a YAML file read and checked, every fault at once with its line. Pure.

The file is read with the reader of the process file, so that references, tags, doubled keys, depth and length are refused
there. A notice arranges the days of its own calendar year; days of the December before belong to that year's own entry.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from workflow.definition.faults import Fault
from workflow.definition.nodes import Items, Node, Table, Text
from workflow.definition.reader import read
from workflow.errors import BadInput, Reason
from workflow.periods import FIXED_REST, ONE_DAY, WEEKDAYS

COUNTRY, REGION = "country", "region"
SCOPES = {COUNTRY: "国务院办公厅的放假安排", REGION: "自治区另外放的假"}
CONFIDENCES = {"H": "逐日核对过", "M-H": "多处来源一致", "M": "没有逐日核对", "L": "没有见到原文"}
KEYS = {
    "year": "年份", "notice": "通知文号", "confidence": "可信度", "scope": "范围", "off": "放假的日子", "work": "调休上班的日子",
}  # fmt: skip
LARGEST_FILE = 64 * 1024
LONGEST_NOTICE = 120
LONGEST_BREAK = 15
"""日; the longest arrangement so far had ten, a longer stretch is a slip of typing."""
MOST_DAYS = 80
FIRST_YEAR = 2000
_NUMBER = re.compile(r"〔(\d{4})〕\s*第?\d{1,4}号")
_BRACKETS = re.compile(r"[\[(（【［](\d{4})[\])）】］]")
_DAY = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})", re.ASCII)


@dataclass(frozen=True)
class Notice:
    """A sound entry: `off` and `work` are days of `year`, in order; `scope` is country or region."""

    year: int
    scope: str
    notice: str
    confidence: str
    off: tuple[date, ...]
    work: tuple[date, ...]

    def as_dict(self) -> dict[str, Any]:
        """As the system's chain and JSON keep it."""
        return {"year": self.year, "scope": self.scope, "notice": self.notice, "confidence": self.confidence,
                "off": [d.isoformat() for d in self.off], "work": [d.isoformat() for d in self.work]}  # fmt: skip


def notice_of(kept: Mapping[str, Any]) -> Notice:
    """An entry from what `as_dict` gave. Raises KeyError, ValueError where it is none."""
    off, work = (tuple(map(date.fromisoformat, kept[name])) for name in ("off", "work"))
    return Notice(int(kept["year"]), kept["scope"], kept["notice"], kept["confidence"], off, work)


def read_file(path: Path, today: date) -> Notice:
    """The entry a file holds. Raises BadInput with every fault, each as `FILE:LINE: sentence`."""
    if not path.is_file():
        raise _bad(path.name, [Fault(1, f"没有这个文件，或者它不是普通文件。请检查路径“{path}”。")])
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError:
        raise _bad(path.name, [Fault(1, "打不开这个文件。请检查读取权限。")]) from None
    if len(raw) > LARGEST_FILE:
        raise _bad(
            path.name, [Fault(1, f"文件超过 {LARGEST_FILE // 1024} KB，不像一年的放假安排。请检查是不是选错了文件。")]
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _bad(path.name, [Fault(line, "文件不是 UTF-8 编码。请用编辑器另存为 UTF-8 编码。")]) from None
    return parse(text, today, path.name)


def parse(text: str, today: date, name: str = "放假安排") -> Notice:
    """The entry a text holds; `today` bounds the year. Raises BadInput with every fault of the text."""
    if len(text) > LARGEST_FILE:
        raise _bad(
            name, [Fault(1, f"内容超过 {LARGEST_FILE // 1024} K 字，不像一年的放假安排。请检查是不是选错了文件。")]
        )
    reading = read(text)
    if reading.root is None:
        raise _bad(name, reading.faults)
    form = _Form(reading.root, today, list(reading.faults))
    entry = form.read()
    if form.faults or entry is None:
        raise _bad(name, form.faults)
    return entry


def _bad(name: str, faults: list[Fault]) -> BadInput:
    return BadInput([Reason(f"{name}:{f.line}: {f.text}", "bad_holidays") for f in sorted(set(faults))])


@dataclass
class _Form:
    """The file being checked; faults gather, nothing stops at the first."""

    root: Table
    today: date
    faults: list[Fault] = field(default_factory=list)

    def say(self, line: int, text: str) -> None:
        self.faults.append(Fault(line, text))

    def read(self) -> Notice | None:
        self._keys()
        scope = self._one_of("scope", SCOPES, COUNTRY)
        confidence = self._one_of("confidence", CONFIDENCES, "M")
        year = self._year()
        notice = self._notice(year, scope)
        off, work = self._days("off", year), self._days("work", year)
        if year is None or notice is None or off is None or work is None:
            return None
        self._fit(year, scope, off, work)
        return Notice(year, scope, notice, confidence, tuple(sorted(off)), tuple(sorted(work)))

    def _keys(self) -> None:
        for key, (text, _) in self.root.pairs.items():
            if key not in KEYS:
                known = "、".join(f"{k}（{v}）" for k, v in KEYS.items())
                self.say(text.line, f"“{key[:40]}”不是这个文件里的项目。可以写：{known}。")

    def _text(self, key: str) -> tuple[int, str]:
        """Line and text of a single value; '' where it is absent or (with a fault) no single value."""
        if key not in self.root.pairs:
            return self.root.line, ""
        label, node = self.root.pairs[key]
        if isinstance(node, Text):
            return label.line, unicodedata.normalize("NFC", node.value).strip()
        if isinstance(node, Table | Items):
            self.say(label.line, f"{key}（{KEYS[key]}）只能写一个值。")
        return label.line, ""

    def _one_of(self, key: str, known: Mapping[str, str], otherwise: str) -> str:
        line, value = self._text(key)
        if not value:
            return otherwise
        if value not in known:
            self.say(
                line,
                f"{key}（{KEYS[key]}）“{value[:20]}”不对。可以写：{'、'.join(f'{k}（{v}）' for k, v in known.items())}。",
            )
        return value

    def _year(self) -> int | None:
        line, value = self._text("year")
        latest = self.today.year + 1
        if not re.fullmatch(r"\d{4}", value, re.ASCII):
            self.say(line, f"year（年份）“{value[:20]}”不对。请写四位年份，如 year: {latest}。" if value else
                     f"没有写 year（年份）。请写四位年份，如 year: {latest}。")  # fmt: skip
        elif int(value) > latest:
            self.say(line, f"{value} 年的放假通知还不会公布，最晚只能录到 {latest} 年。请核对年份。")
        elif int(value) < FIRST_YEAR:
            self.say(line, f"{value} 年太早，最早录到 {FIRST_YEAR} 年。请核对年份。")
        else:
            return int(value)
        return None

    def _notice(self, year: int | None, scope: str) -> str | None:
        line, value = self._text("notice")
        written = _BRACKETS.sub(r"〔\1〕", value)
        numbers = _NUMBER.findall(written)
        example = f"国办发明电〔{(year or self.today.year + 1) - 1}〕1号"
        if not value:
            self.say(line, f"没有写 notice（通知文号），没有文号的安排不能录入。请照通知写，如 {example}。")
        elif not numbers:
            self.say(line, f"notice“{value[:40]}”里没有文号。请照通知写上，如 {example}。")
        elif len(written) > LONGEST_NOTICE:
            self.say(line, f"notice 超过 {LONGEST_NOTICE} 字。请只写机关代字和文号。")
        elif year is not None and scope == COUNTRY and not all(year - 1 <= int(n) <= year for n in numbers):
            self.say(
                line,
                f"文号的年份（{'、'.join(numbers)}）与 {year} 年的安排对不上，应是 {year - 1} 或 {year} 年发的。请核对。",
            )
        else:
            return written
        return None

    def _days(self, key: str, year: int | None) -> dict[date, int] | None:
        """Every day named under `key` with its line; None where the list is missing or no list."""
        if key not in self.root.pairs:
            if key == "work" and self._text("scope")[1] == REGION:
                return {}
            hint = "没有调休上班的写 work: []。" if key == "work" else "例如 off: [01-01..01-03, 05-01..05-05]。"
            self.say(self.root.line, f"没有写 {key}（{KEYS[key]}）。{hint}")
            return None
        label, node = self.root.pairs[key]
        if not isinstance(node, Items):
            if isinstance(node, Text | Table):
                self.say(label.line, f"{key}（{KEYS[key]}）要写成列表，如 {key}: [01-01, 10-01..10-07]。")
            return None
        found: dict[date, int] = {}
        for item in node.items[: MOST_DAYS + 1]:
            for day in self._stretch(key, item, year):
                if day in found:
                    self.say(item.line, f"{key} 里 {day} 写了两遍，第一遍在第 {found[day]} 行。请只留一处。")
                found.setdefault(day, item.line)
        if len(node.items) > MOST_DAYS or len(found) > MOST_DAYS:
            self.say(label.line, f"{key} 里的日子超过 {MOST_DAYS} 个，不像一年的安排。请核对。")
        return found

    def _stretch(self, key: str, item: Node, year: int | None) -> list[date]:
        """The days of one item: `02-14` or `02-15..02-23`, both ends in."""
        if not isinstance(item, Text):
            if isinstance(item, Table | Items):
                self.say(item.line, f"{key} 里只写日子，如 02-14 或者 02-15..02-23。")
            return []
        first, dots, last = unicodedata.normalize("NFKC", item.value).strip().partition("..")
        since = self._day(item, first.strip(), year)
        until = self._day(item, last.strip(), year) if dots else since
        if since is None or until is None:
            return []
        if until < since:
            self.say(item.line, f"“{item.value}”的止日早于起日。请写成 起日..止日。")
            return []
        days = (until - since).days + 1
        if days > LONGEST_BREAK:
            self.say(item.line, f"“{item.value}”一连 {days} 日，超过 {LONGEST_BREAK} 日，不像一次放假。请核对。")
            return []
        return [since + timedelta(days=n) for n in range(days)]

    def _day(self, item: Text, word: str, year: int | None) -> date | None:
        match = _DAY.fullmatch(word)
        if not match:
            self.say(item.line, f"“{item.value[:30]}”看不懂。请写成 月-日（02-14）或者 月-日..月-日（02-15..02-23）。")
            return None
        if year is None:
            return None  # the year itself is already complained about
        if match.group(1) and int(match.group(1)) != year:
            before = (
                f"属于 {match.group(1)} 年的，请作为更正录入那一年。" if int(match.group(1)) == year - 1 else "请核对。"
            )
            self.say(item.line, f"{word} 不在 {year} 年里。{before}")
            return None
        try:
            return date(year, int(match.group(2)), int(match.group(3)))
        except ValueError:
            self.say(item.line, f"{year} 年没有 {match.group(2)} 月 {match.group(3)} 日。请核对。")
            return None

    def _fit(self, year: int, scope: str, off: Mapping[date, int], work: Mapping[date, int]) -> None:
        """What the days say together."""
        for day in sorted(off.keys() & work.keys()):
            self.say(work[day], f"{day} 又放假又上班（放假写在第 {off[day]} 行）。请核对通知，只留一处。")
        for day, line in work.items():
            if day.weekday() < 5:
                self.say(line, f"{day} 是星期{WEEKDAYS[day.weekday()]}，本来就是工作日，不是调休上班。请核对。")
        if not off:
            self.say(self.root.line, "off（放假的日子）是空的。请照通知写上。")
        elif scope == COUNTRY:
            missing = [d for d in fixed_days(year) if d not in off]
            if missing:
                told = "、".join(map(str, missing))
                self.say(self.root.pairs["off"][0].line, f"off 里没有法定节假日 {told}。请照通知补上。")
        if scope == REGION and work:
            self.say(min(work.values()), "自治区另外放的假不安排调休上班，work 请写 [] 或删去。")


def fixed_days(year: int) -> list[date]:
    """The statutory rest days of the year that stand on fixed dates (全国年节及纪念日放假办法)."""
    return [date(year, month, day) for (month, day), since in FIXED_REST.items() if since <= year]


def stretches(days: tuple[date, ...]) -> str:
    """Days in words: 02-15..02-23、04-05."""
    out: list[list[date]] = []
    for day in sorted(days):
        if out and out[-1][-1] + ONE_DAY == day:
            out[-1].append(day)
        else:
            out.append([day])
    return "、".join(f"{s[0]:%m-%d}" + (f"..{s[-1]:%m-%d}" if len(s) > 1 else "") for s in out)
