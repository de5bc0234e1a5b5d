"""`due`: when a limit of the law ends, from its code and a start day alone. Pure; needs no database.

What the law leaves open is told with the other day it could be; `answers` reckons with the other reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from workflow import daycount, law
from workflow.daycount import COUNTS, NOT_COUNTED, AtMost, Calendar, Due, NextVersion, Pause, Span
from workflow.errors import BadInput, Reason, Refused
from workflow.law import Allowance, Rule

ROLLOVER, BOUNDARY, ACROSS = "authority_rollover", "pause_boundary", "delivery_across_2025"
CHOICES = {ROLLOVER: ("rolled", "unrolled"), BOUNDARY: (COUNTS, NOT_COUNTED), ACROSS: ("conclusion", "shorter")}
"""Open questions by the names states.yaml gives them; the first choice is the one reckoned with unless asked otherwise."""
READINGS = {
    "rolled": "顺延", "unrolled": "不顺延", COUNTS: "恢复当日算一天", NOT_COUNTED: "恢复当日不算", "conclusion": "按作出结论之日的规定",
    "shorter": "按两个规定中较短的",
}  # fmt: skip
CAPS = {
    "AR-NOTINFORMED": (Span(1, "年"), "知道或者应当知道行为内容", "行政复议法#20.3"),
    "AL-NOTINFORMED": (Span(1, "年"), "知道或者应当知道行为内容", "行政诉讼法解释#64"),
    "AL-DIRECT": (Span(5, "年"), "行为作出", "行政诉讼法#46.2"),
}
"""The longest each may run, and from which other event."""
ACROSS_CODES = ("LA-DLV", "LA-RE-DLV")
PARTIES = ("applicant", "employer", "party", "recipient", "worker")
OWN_RULES_OF_PERIODS = ("行政复议法", "行政诉讼法", "行政诉讼法解释", "民事诉讼法")
"""Laws under which a last day that is a rest day rolls for everybody (民事诉讼法#85.3 applies)."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNT = re.compile(r"[+-]?\d{1,9}")
SURE = ("H", "M-H")


@dataclass(frozen=True)
class _Asked:
    """What is to be reckoned, read and in order. `selected_on` is the day that selects the version of the rule."""

    rule: Rule
    start: date
    selected_on: date
    pauses: Sequence[Pause]
    extend: int
    cap_from: date | None
    answers: Mapping[str, str]
    calendar: Calendar

    def answer(self, question: str) -> str:
        return self.answers.get(question, CHOICES[question][0])

    def cap(self) -> AtMost | None:
        """The cap, where its own start is known."""
        if self.cap_from is None or self.rule.code not in CAPS:
            return None
        span, event, article = CAPS[self.rule.code]
        return AtMost(span, self.cap_from, article, event)

    def next_version(self) -> NextVersion | None:
        """The version that takes the place of the rule's own, where which one counts is open."""
        if self.rule.code not in ACROSS_CODES:
            return None
        later = [r for r in law.rules() if r.code == self.rule.code and r.since and r.since > self.selected_on]
        return NextVersion(r.span, r.since, r.law) if (r := next(iter(later), None)) and r.span and r.since else None

    def reckoned(self, span: Span | None, article: str = "") -> Due:
        """The end under the answers given."""
        if span is None:
            return daycount.next_month(self.start, calendar=self.calendar, law=article)
        return daycount.reckon(
            span, self.start, calendar=self.calendar, pauses=self.pauses, extend_days=self.extend, law=article,
            kind=self.rule.kind, roll=not _is_authority(self.rule) or self.answer(ROLLOVER) == "rolled",
            boundary=self.answer(BOUNDARY), at_most=self.cap(),
            shorter=self.next_version() if self.answer(ACROSS) == "shorter" else None,
        )  # fmt: skip

    def promised(self, own: Span) -> Due:
        """The end of the office's own length: the same start, pauses and readings, no extension."""
        return daycount.reckon(own, self.start, calendar=self.calendar, pauses=self.pauses, boundary=self.answer(BOUNDARY),
                               roll=not _is_authority(self.rule) or self.answer(ROLLOVER) == "rolled")  # fmt: skip


def due(code: str, on: str | date, *, pauses: Sequence[str | Pause] = (), extend: int | str = 0,
        promise: str | Span | None = None, calendar: Calendar | None = None, cap_from: str | date | None = None,
        version_on: str | date | None = None, answers: Mapping[str, str] | Sequence[str] = ()) -> dict[str, Any]:  # fmt: skip
    """The end of the limit `code` from the day `on`, under the version in force that day (or on the day `version_on`).

    `pauses`: words `FROM..TO` (half-open: days the law does not count); `extend`: 日 added to the one run; `promise`:
    the office's own length, which gets the same pauses but no extension; `cap_from`: the other day from which the longest
    run of the law is counted (codes of CAPS); `answers`: choices for open questions, {"pause_boundary": "not_counted"} or
    words `pause_boundary=not_counted` (see CHOICES). Returns {"code", "from", "due_on", "safe_on", "provisional", "kind",
    "law", "steps"}, with a promise also "promise_on", "effective_on", with `cap_from` also "cap_on" (before any roll); days
    as YYYY-MM-DD. An extension beyond what the law allows is reckoned, and the last steps say so. Raises BadInput with
    every fault at once, Refused where the law gives no length.
    """
    faults: list[Reason] = []
    start = _date(on, "--from", faults)
    stops = [p for word in pauses if (p := word if isinstance(word, Pause) else _pause(word, faults))]
    days = _days(extend, faults)
    own = promise if promise is None or isinstance(promise, Span) else _span(promise, faults)
    capped = None if cap_from is None else _date(cap_from, "--cap-from", faults)
    selected = start if version_on is None else _date(version_on, "--version-on", faults)
    chosen = _answers(answers, faults)
    rule = _rule(code, selected or start, faults)
    if rule and cap_from is not None and rule.code not in CAPS:
        why = f"{rule.code}（{rule.label}）没有另外的最长期间，不要写 --cap-from；有的是{'、'.join(CAPS)}。"
        faults.append(Reason(why, field="--cap-from"))
    if faults or start is None or selected is None or rule is None:
        raise BadInput(faults)
    asked = _Asked(rule, start, selected, stops, days, capped, chosen, calendar or law.calendar())
    reckoned = asked.reckoned(rule.span, rule.law)
    answer: dict[str, Any] = {
        "code": rule.code, "from": start.isoformat(), "due_on": reckoned.due_on.isoformat(),
        "safe_on": reckoned.safe_on.isoformat(), "provisional": reckoned.provisional, "kind": rule.kind,
        "law": rule.law, "steps": [*_first(asked, version_on is not None), *reckoned.steps, *_notes(asked, reckoned)],
    }  # fmt: skip
    if own is not None:
        answer |= _promised(asked, own, reckoned, answer["steps"])
    if reckoned.cap_on is not None:
        answer["cap_on"] = reckoned.cap_on.isoformat()
    return answer


def _promised(asked: _Asked, own: Span, by_law: Due, steps: list[str]) -> dict[str, Any]:
    promised = asked.promised(own)
    counts = min(promised.due_on, by_law.due_on)
    which = "承诺" if promised.due_on < by_law.due_on else "法定"
    if asked.rule.kind != "deadline":
        steps.append(f"注意：{asked.rule.code} 不是办理的时限，承诺不能改变法定的日期，下面只是比较早晚。")
    steps.append(f"承诺 {own}，到 {promised.due_on}；与法定的 {by_law.due_on} 比，以较早的 {counts} 为准（{which}）。")
    return {"promise_on": promised.due_on.isoformat(), "effective_on": counts.isoformat(),
            "provisional": by_law.provisional or promised.provisional}  # fmt: skip


def _first(asked: _Asked, by_other_day: bool) -> list[str]:
    """Which limit, from which event, and which version of it by which day."""
    rule = asked.rule
    said = [f"{rule.code} {rule.label}，起算：{rule.start} {asked.start}。"]
    versions = [r for r in law.rules() if r.code == rule.code]
    if len(versions) > 1 or by_other_day:
        by = f"另写的 {asked.selected_on}" if by_other_day else f"起算日 {asked.selected_on}"
        length = f"，期限 {rule.span}" if rule.span else ""
        said.append(
            f"适用的规定：第 {rule.version} 版，共 {len(versions)} 版（{_in_force(rule)}{length}），按{by} 选用。"
        )
    return said


def _in_force(rule: Rule) -> str:
    since, until = f"{rule.since} 起" if rule.since else "", f"到 {rule.until} 止" if rule.until else ""
    return since + until or "一直有效"


def _is_authority(rule: Rule) -> bool:
    """Whether no text says that this limit rolls: an authority's, under a law without rules of its own for periods.

    GS-ARCHIVE is no limit to act in but a time to keep files for; rolling it harms nobody.
    """
    own_rules = rule.law.partition("#")[0] in OWN_RULES_OF_PERIODS
    return rule.kind == "deadline" and rule.owner not in PARTIES and not own_rules and rule.code != "GS-ARCHIVE"


# --- what the law says about what was asked --------------------------------------------------------------------------


def _notes(asked: _Asked, reckoned: Due) -> list[str]:
    """Whether the law carries the pauses and the extension asked for, and what is not settled."""
    rule, said = asked.rule, []
    if rule.kind == "start_month" and (asked.pauses or asked.extend):
        said.append("按月起算的，不受中止、扣除和延长影响，没有算进去。")
    elif rule.kind != "start_month":
        said += [_pause_note(rule)] if asked.pauses else []
        said += [_extension_note(rule, asked.start, asked.extend)] if asked.extend else []
        said += _open_questions(asked, reckoned)
    if rule.code in CAPS and asked.cap_from is None:
        span, event, article = CAPS[rule.code]
        said.append(f"另有最长 {span}（{article}），从{event}之日起算；写上那一天（--cap-from）就一起比较。")
    if (since := law.in_force_since(rule.law)) and asked.selected_on < since:
        said.append(f"注意：所引条文自 {since} 起施行，起算日更早，请核对当时的规定。")
    if rule.confidence not in SURE:
        said.append(f"待核实：这条规定的可信度是 {rule.confidence}，作决定前请核对原文。")
    if rule.note:
        said.append(f"说明：{rule.note}。")
    return said


def _open_questions(asked: _Asked, reckoned: Due) -> list[str]:
    """The open questions another answer to which would give another day, each with that day."""
    said = []
    for question, doubt in (
        (ROLLOVER, "没有条文写明机关办事的期限遇休息日也顺延"),
        (BOUNDARY, "没有条文写明恢复当日算不算"),
        (ACROSS, "之前作出、之后送达的，没有条文写明按哪一个天数"),
    ):
        now, other = asked.answer(question), next(c for c in CHOICES[question] if c != asked.answer(question))
        differently = replace(asked, answers={**asked.answers, question: other})
        try:
            day = differently.reckoned(asked.rule.span).due_on
        except BadInput:  # the other reading lies beyond the year 9999
            continue
        if day != reckoned.due_on:
            if_other = f"如果{READINGS[other]}，是 {day}（选项 {question}={other}）"
            said.append(f"没有定论：{doubt}。这里{READINGS[now]}；{if_other}。")
    return said


def _pause_note(rule: Rule) -> str:
    grounds = [f"{a.when}（{a.law}）" for a in (rule.pauses, rule.excludes, rule.shifts) if a]
    if grounds:
        return f"不计入的理由应当是：{'；'.join(grounds)}。"
    return "注意：没有查到这个时限可以中止或者扣除的条文，不计入要另有依据。"


def _extension_note(rule: Rule, start: date, extend: int) -> str:
    allowed = rule.extends
    if allowed is None:
        return "注意：没有查到这个时限可以延长的条文，延长要另有依据。"
    if allowed.by is None:
        return f"延长的条件：{allowed.when}（{allowed.law}）；法律没有写上限。"
    most = f"{allowed.when}，最多 {allowed.by}{f'、{allowed.times} 次' if allowed.times else ''}（{allowed.law}）"
    if extend > _most_days(rule, allowed, start):
        return f"注意：延长的条件是{most}；这里填的 {extend} 日超过了，超过的部分没有依据。"
    return f"延长的条件：{most}。"


def _most_days(rule: Rule, allowed: Allowance, start: date) -> int:
    """The longest lawful extension in 日; one of months goes on from the matching day of the first run."""
    assert rule.span is not None and allowed.by is not None
    if allowed.by.unit == "日":
        return allowed.by.amount * (allowed.times or 1)
    end = daycount.matching(start, rule.span)
    return (daycount.matching(end, allowed.by) - end).days * (allowed.times or 1)


# --- reading what was asked ------------------------------------------------------------------------------------------


def _rule(code: str, start: date | None, faults: list[Reason]) -> Rule | None:
    """The rule; with other faults in hand (a start day that is none, too) a refusal of the law joins them."""
    if not code.strip():
        faults.append(Reason("没有写时限代号，请写一个，如 GS-DEC。", field="code"))
        return None
    try:
        return law.rule(code.strip().upper(), start or law.VERSION_DAY)
    except BadInput as unknown:
        faults += unknown.reasons
    except Refused as refused:
        if not faults:
            raise
        faults += refused.reasons
    return None


def _date(given: str | date, name: str, faults: list[Reason]) -> date | None:
    return given if isinstance(given, date) else _day(given, name, faults)


def _answers(given: Mapping[str, str] | Sequence[str], faults: list[Reason]) -> dict[str, str]:
    pairs = (
        given.items() if isinstance(given, Mapping) else [tuple(map(str.strip, w.partition("=")[::2])) for w in given]
    )
    chosen = {}
    for question, choice in pairs:
        if question not in CHOICES:
            what = f"--answer 的“{question}”不是没有定论的问题，可以写：{'、'.join(CHOICES)}。"
            faults.append(Reason(what, field="--answer"))
        elif choice not in CHOICES[question]:
            how = "、".join(f"{question}={c}" for c in CHOICES[question])
            faults.append(Reason(f"--answer 的“{question}={choice}”没有这个选项，请写：{how}。", field="--answer"))
        chosen[question] = choice
    return chosen


def _day(text: str, name: str, faults: list[Reason]) -> date | None:
    word = str(text).strip()
    if _DAY.fullmatch(word):
        try:
            return date.fromisoformat(word)
        except ValueError:
            pass  # 2025-02-30: the sentence below says it
    told = f"{name} 的“{word}”不是日期" if word else f"没有写 {name} 的日期"
    faults.append(Reason(f"{told}，请写成 2026-11-24 的样子。", field=name))
    return None


def _pause(word: str, faults: list[Reason]) -> Pause | None:
    first, dots, last = str(word).partition("..")
    if not dots:
        how = "起日..止日，如 2026-08-03..2026-08-15（止日当天重新计算）"
        faults.append(Reason(f"--pause 的“{word}”读不懂，请写成 {how}。", field="--pause"))
        return None
    since, until = _day(first, "--pause", faults), _day(last, "--pause", faults)
    if since is None or until is None:
        return None
    if until <= since:
        why = "起日不计、止日当天重新计算，止日要晚于起日"
        faults.append(Reason(f"--pause 的“{word}”没有一天：{why}。请改正。", field="--pause"))
        return None
    return Pause(since, until)


def _days(extend: int | str, faults: list[Reason]) -> int:
    word = str(extend).strip()
    if not _COUNT.fullmatch(word) or int(word) < 0:
        faults.append(Reason(f"--extend 的“{word}”不对，请写延长的日数：0 或者正整数。", field="--extend"))
        return 0
    return int(word)


def _span(text: str, faults: list[Reason]) -> Span | None:
    try:
        return Span.parse(text)
    except ValueError as error:
        faults.append(Reason(f"--promise 的{error}。", field="--promise"))
        return None
