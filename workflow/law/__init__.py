"""What the law says, as dated data with articles and confidence: limits by code, articles, holidays.

Read once per process from the YAML files of this folder; pure from there on.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from workflow.daycount import Calendar, Span
from workflow.errors import BadInput, Reason, Refused

VERSION_DAY = date(2026, 11, 23)
VERSION = VERSION_DAY.isoformat()
"""The day the law was last gone through; frozen into every document."""
FOLDER = Path(__file__).parent
NEXT_MONTH = "次月"
KINDS = ("deadline", "earliest", "effect", "start_month")
_CITATION = re.compile(r"([^#\s]+)#(\d{1,3})((?:\.\d{1,2}|\(\d{1,2}\))*)")


@dataclass(frozen=True)
class Allowance:
    """What pauses, leaves out, moves or extends a limit: when, by which article; `by`/`times` for extensions."""

    when: str
    law: str
    by: Span | None = None
    times: int | None = None


@dataclass(frozen=True)
class Rule:
    """One statutory limit in one version, valid for start days from `since` to `until` (both in, None is open).

    `span` is None for start_month and where the law gives no length (`none` says why). `start` is the event it runs
    from, in words; `owner` a key of people; `kind` one of KINDS; `law` a citation; `expiry` what follows, in our words.
    """

    code: str
    version: int
    label: str
    stage: str
    start: str
    owner: str
    kind: str
    law: str
    confidence: str
    span: Span | None = None
    none: str = ""
    since: date | None = None
    until: date | None = None
    pauses: Allowance | None = None
    excludes: Allowance | None = None
    shifts: Allowance | None = None
    extends: Allowance | None = None
    expiry: str = ""
    note: str = ""

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


# --- limits ----------------------------------------------------------------------------------------------------------


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast where it is built in


def _read(name: str) -> Any:
    return yaml.load((FOLDER / name).read_text("utf-8"), Loader=_Loader)


@cache
def rules() -> tuple[Rule, ...]:
    """Every limit in every version, in the order of the procedure."""
    body = _read("rules.yaml")["rules"]
    return tuple(rule for code, row in body.items() for rule in _versions(code, row))


def _versions(code: str, row: Mapping[str, Any]) -> Iterator[Rule]:
    within = row.get("within")
    dated = within if isinstance(within, list) else [{"is": within, **({"none": row["none"]} if "none" in row else {})}]
    for number, v in enumerate(dated, 1):
        length = v.get("is")
        yield Rule(
            code=code, version=number, label=row["label"], stage=row["stage"], start=row["start"], owner=row["owner"],
            kind=row.get("kind", "deadline"), law=v.get("law", row["law"]),
            confidence=v.get("confidence", row["confidence"]),
            span=Span.parse(length) if length and length != NEXT_MONTH else None, none=v.get("none", ""),
            since=v.get("from"), until=v.get("until"), pauses=_allowance(row, "pauses"),
            excludes=_allowance(row, "excludes"), shifts=_allowance(row, "shifts"), extends=_allowance(row, "extends"),
            expiry=row.get("expiry", ""), note=row.get("note", ""),
        )  # fmt: skip


def _allowance(row: Mapping[str, Any], name: str) -> Allowance | None:
    given = row.get(name)
    if given is None:
        return None
    by = Span.parse(given["by"]) if "by" in given else None
    return Allowance(given["when"], given["law"], by, given.get("times"))


@cache
def codes() -> tuple[str, ...]:
    """Every code, in order."""
    return tuple(dict.fromkeys(rule.code for rule in rules()))


def has_code(code: str) -> bool:
    """Whether the procedure knows this code."""
    return code in codes()


def rule(code: str, on: date) -> Rule:
    """The version of a limit in force on the day `on` of its start.

    Raises BadInput for an unknown code (with the nearest ones), Refused where the law gives no length.
    """
    mine = [r for r in rules() if r.code == code]
    if not mine:
        near = difflib.get_close_matches(code.upper(), codes(), 3, 0.5)
        hint = f"相近的有：{'、'.join(near)}。" if near else "代号见办理流程和法规表。"
        raise BadInput(f"没有“{code}”这个时限代号。{hint}")
    found = next((r for r in mine if r.holds_on(on)), None)
    if found is None:
        raise Refused(f"{code}（{mine[0].label}）在 {on} 没有可以适用的规定。请核对起算日。")
    if found.none:
        why = f"{code}（{found.label}）算不出日期：法律没有规定天数，{found.none}"
        raise Refused(Reason(f"{why}。请按通知书或者本局规定的日期办。", code="no_length", law=found.law))
    return found


def table() -> Iterator[dict[str, Any]]:
    """The limits as rows of the database's reading table."""
    for r in rules():
        within = str(r.span) if r.span else NEXT_MONTH if r.kind == "start_month" and not r.none else ""
        yield {"code": r.code, "version": r.version, "label": r.label, "since": r.since, "until": r.until,
               "within": within, "kind": r.kind if not r.none else "none", "law": r.law,
               "confidence": r.confidence}  # fmt: skip


# --- articles --------------------------------------------------------------------------------------------------------


@cache
def laws() -> Mapping[str, Mapping[str, Any]]:
    """Laws by their short name: title, since, confidence, articles (number → what it says, in our words)."""
    body: Mapping[str, Mapping[str, Any]] = _read("articles.yaml")["laws"]
    return body


def in_force_since(citation: str) -> date | None:
    """From which day the cited law (in the text the articles are numbered by) is in force; None where not known."""
    since: date | None = laws().get(citation.partition("#")[0], {}).get("since")
    return since


def known_citation(text: str) -> bool:
    """Whether `law#article` (with paragraph and item: #17.1, #14(4), #35.1(1)) names an article of the table."""
    match = _CITATION.fullmatch(text.strip())
    return bool(match and int(match.group(2)) in laws().get(match.group(1), {}).get("articles", {}))


def article(citation: str) -> str:
    """What the cited article is about, in our words; '' for an unknown one."""
    match = _CITATION.fullmatch(citation.strip())
    if not match:
        return ""
    return str(laws().get(match.group(1), {}).get("articles", {}).get(int(match.group(2)), ""))


# --- holidays --------------------------------------------------------------------------------------------------------


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple({**y, **{k: _days(y["year"], y[k]) for k in ("off", "work")}} for y in _read("holidays.yaml")["years"])


def shipped_years() -> Iterator[dict[str, Any]]:
    """The years shipped: year, notice, confidence, off and work as ISO dates."""
    return iter(_shipped())


def _days(year: int, words: Iterable[str]) -> list[str]:
    """`02-14` and `02-15..02-23` of a year as ISO dates, the last one in."""
    days = []
    for word in words:
        first, _, last = word.partition("..")
        since, until = (date.fromisoformat(f"{year}-{w}") for w in (first, last or first))
        days += [(since + timedelta(days=n)).isoformat() for n in range((until - since).days + 1)]
    return days


def build_calendar(years: Iterable[Mapping[str, Any]]) -> Calendar:
    """A calendar of rows {"year", "notice", "off", "work"} (ISO dates).

    Raises ValueError for a day that is both off and worked.
    """
    off: set[date] = set()
    work: set[date] = set()
    notices: dict[int, str] = {}
    for y in years:
        notices[int(y["year"])] = y["notice"]
        off |= {date.fromisoformat(d) for d in y["off"]}
        work |= {date.fromisoformat(d) for d in y["work"]}
    if both := off & work:
        raise ValueError(f"both off and worked: {sorted(both)}")
    return Calendar(frozenset(off), frozenset(work), notices)


@cache
def calendar() -> Calendar:
    """The shipped calendar, for commands without a database."""
    return build_calendar(shipped_years())
