"""`due`: when a limit of the law ends, from its code and a start day alone. Pure; needs no database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from workflow import daycount, law
from workflow.daycount import Calendar, Due, Pause, Span
from workflow.errors import BadInput, Reason, Refused
from workflow.law import Allowance, Rule

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNT = re.compile(r"[+-]?\d{1,9}")
SURE = ("H", "M-H")


def due(code: str, on: str | date, *, pauses: Sequence[str | Pause] = (), extend: int | str = 0,
        promise: str | Span | None = None, calendar: Calendar | None = None) -> dict[str, Any]:  # fmt: skip
    """The end of the limit `code` from the day `on`, under the version in force that day.

    `pauses`: words `FROM..TO` (half-open: days the law does not count); `extend`: 日 added to the one run; `promise`:
    the office's own length, which gets the same pauses but no extension. Returns {"code", "from", "due_on", "safe_on",
    "provisional", "kind", "law", "steps"}, with a promise also "promise_on", "effective_on"; days as YYYY-MM-DD.
    An extension beyond what the law allows is reckoned, and the last steps say so. Raises BadInput with every fault at
    once, Refused where the law gives no length.
    """
    faults: list[Reason] = []
    start = on if isinstance(on, date) else _day(on, "--from", faults)
    stops = [p for word in pauses if (p := word if isinstance(word, Pause) else _pause(word, faults))]
    days = _days(extend, faults)
    own = promise if promise is None or isinstance(promise, Span) else _span(promise, faults)
    rule = _rule(code, start, faults)
    if faults or start is None or rule is None:
        raise BadInput(faults)
    known = calendar or law.calendar()
    reckoned = _reckon(rule, start, stops, days, known)
    first = f"{rule.code} {rule.label}，起算：{rule.start} {start}。"
    answer: dict[str, Any] = {
        "code": rule.code, "from": start.isoformat(), "due_on": reckoned.due_on.isoformat(),
        "safe_on": reckoned.safe_on.isoformat(), "provisional": reckoned.provisional, "kind": rule.kind,
        "law": rule.law, "steps": [first, *reckoned.steps, *_notes(rule, start, stops, days)],
    }  # fmt: skip
    if own is not None:
        answer |= _promised(rule, own, start, stops, reckoned, known, answer["steps"])
    return answer


def _reckon(rule: Rule, start: date, pauses: Sequence[Pause], extend: int, calendar: Calendar) -> Due:
    if rule.kind == "start_month":
        return daycount.next_month(start, calendar=calendar, law=rule.law)
    assert rule.span is not None
    return daycount.reckon(rule.span, start, calendar=calendar, pauses=pauses, extend_days=extend, law=rule.law,
                           kind=rule.kind)  # fmt: skip


def _promised(rule: Rule, own: Span, start: date, pauses: Sequence[Pause], by_law: Due, calendar: Calendar,
              steps: list[str]) -> dict[str, Any]:  # fmt: skip
    promised = daycount.reckon(own, start, calendar=calendar, pauses=pauses)
    counts = min(promised.due_on, by_law.due_on)
    which = "承诺" if promised.due_on < by_law.due_on else "法定"
    if rule.kind != "deadline":
        steps.append(f"注意：{rule.code} 不是办理的时限，承诺不能改变法定的日期，下面只是比较早晚。")
    steps.append(f"承诺 {own}，到 {promised.due_on}；与法定的 {by_law.due_on} 比，以较早的 {counts} 为准（{which}）。")
    return {"promise_on": promised.due_on.isoformat(), "effective_on": counts.isoformat(),
            "provisional": by_law.provisional or promised.provisional}  # fmt: skip


# --- what the law says about what was asked --------------------------------------------------------------------------


def _notes(rule: Rule, start: date, pauses: Sequence[Pause], extend: int) -> list[str]:
    """Whether the law carries the pauses and the extension asked for, and what is not settled."""
    said = []
    if rule.kind == "start_month" and (pauses or extend):
        said.append("按月起算的，不受中止、扣除和延长影响，没有算进去。")
    elif rule.kind != "start_month":
        said += [_pause_note(rule)] if pauses else []
        said += [_extension_note(rule, start, extend)] if extend else []
    if (since := law.in_force_since(rule.law)) and start < since:
        said.append(f"注意：所引条文自 {since} 起施行，起算日更早，请核对当时的规定。")
    if rule.confidence not in SURE:
        said.append(f"待核实：这条规定的可信度是 {rule.confidence}，作决定前请核对原文。")
    if rule.note:
        said.append(f"说明：{rule.note}。")
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
