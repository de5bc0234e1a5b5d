"""`due`: when a limit of the law ends, from its code and a start day alone. Pure; needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from workflow import daycount, law
from workflow.daycount import Calendar, Due, Pause, Span
from workflow.errors import BadInput, Reason, Stopped
from workflow.law import Allowance, Rule


def due(code: str, on: str | date, *, pauses: Sequence[str] = (), extend: int = 0, promise: str | None = None,
        calendar: Calendar | None = None) -> dict[str, Any]:  # fmt: skip
    """The end of the limit `code` from the day `on`, under the version in force that day.

    `pauses`: words `FROM..TO` (half-open: days the law does not count); `extend`: 日 added to the one run; `promise`: the
    office's own length. Returns {"code", "from", "due_on", "safe_on", "provisional", "kind", "law", "steps"} and with a
    promise "promise_on", "effective_on"; days as YYYY-MM-DD. Raises BadInput with every fault at once, Refused where the law
    gives no length.
    """
    known = calendar or law.calendar()
    faults: list[Reason] = []
    start = on if isinstance(on, date) else _day(on, "--from", faults)
    stops = [p for word in pauses if (p := _pause(word, faults))]
    own = _span(promise, faults) if promise is not None else None
    if extend < 0:
        faults.append(Reason("--extend 不能是负数，请写 0 或正整数。", field="extend"))
    rule = _rule(code.strip().upper(), start, faults)
    if faults or start is None or rule is None:
        raise BadInput(faults)
    reckoned = _reckon(rule, start, stops, extend, known)
    notes = _notes(rule, stops, extend)
    answer: dict[str, Any] = {
        "code": rule.code, "from": start.isoformat(), "due_on": reckoned.due_on.isoformat(), "safe_on": reckoned.safe_on.isoformat(),
        "provisional": reckoned.provisional, "kind": rule.kind, "law": rule.law,
        "steps": [f"{rule.code} {rule.label}，起算：{rule.start} {start}。", *reckoned.steps, *notes],
    }  # fmt: skip
    if own is not None:
        answer |= _promised(own, start, stops, reckoned, known, answer["steps"])
    return answer


def _reckon(rule: Rule, start: date, pauses: Sequence[Pause], extend: int, calendar: Calendar) -> Due:
    if rule.kind == "start_month":
        return daycount.next_month(start, calendar=calendar, law=rule.law)
    assert rule.span is not None
    return daycount.reckon(rule.span, start, calendar=calendar, pauses=pauses, extend_days=extend, law=rule.law, kind=rule.kind)


def _promised(own: Span, start: date, pauses: Sequence[Pause], by_law: Due, calendar: Calendar, steps: list[str]) -> dict[str, Any]:
    promised = daycount.reckon(own, start, calendar=calendar, pauses=pauses)
    effective = min(promised.due_on, by_law.due_on)
    which = "承诺" if promised.due_on < by_law.due_on else "法定"
    steps.append(f"承诺时限 {own}，到 {promised.due_on}；与法定的 {by_law.due_on} 比，以较早的 {effective} 为准（{which}）。")
    return {"promise_on": promised.due_on.isoformat(), "effective_on": effective.isoformat(),
            "provisional": by_law.provisional or promised.provisional}  # fmt: skip


def _notes(rule: Rule, pauses: Sequence[Pause], extend: int) -> list[str]:
    """What the law says about the pauses and the extension asked for, and what is not settled."""
    said = []
    if rule.kind == "start_month" and (pauses or extend):
        said.append("按月起算的，不受中止和延长影响。")
    if pauses and rule.kind != "start_month":
        grounds = [f"{a.when}（{a.law}）" for a in (rule.pauses, rule.excludes, rule.shifts) if a]
        said.append(f"不计入的理由应当是：{'；'.join(grounds)}。" if grounds else "注意：法律没有写这个时限可以中止或者扣除，不计入要有依据。")
    if extend and rule.kind != "start_month":
        said.append(_extension_note(rule.extends, extend))
    if rule.confidence not in ("H", "M-H"):
        said.append(f"待核实：这条规定的依据可信度为 {rule.confidence}，用于决定前请核对原文。")
    if rule.note:
        said.append(f"未决：{rule.note}。")
    return said


def _extension_note(allowed: Allowance | None, extend: int) -> str:
    if allowed is None:
        return "注意：法律没有写这个时限可以延长，延长要有依据。"
    if allowed.by is None:
        return f"延长的条件：{allowed.when}（{allowed.law}）。"
    most = allowed.by.amount * (allowed.times or 1)
    over = f"；现在填了 {extend} 日，超过了" if allowed.by.unit == "日" and extend > most else ""
    return f"延长的条件：{allowed.when}，最多 {allowed.by}{f'、{allowed.times} 次' if allowed.times else ''}（{allowed.law}）{over}。"


def _rule(code: str, start: date | None, faults: list[Reason]) -> Rule | None:
    try:
        return law.rule(code, start or date(2026, 1, 1))
    except Stopped as stopped:
        if not faults and not isinstance(stopped, BadInput):
            raise
        faults += stopped.reasons
        return None


def _day(text: str, name: str, faults: list[Reason]) -> date | None:
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError:
        faults.append(Reason(f"{name} 的“{text}”不是日期，请写成 2026-11-24。", field=name))
        return None


def _pause(word: str, faults: list[Reason]) -> Pause | None:
    first, dots, last = str(word).partition("..")
    if not dots:
        faults.append(Reason(f"--pause 的“{word}”要写成 起日..止日，如 2026-08-03..2026-08-15（止日当天重新计算）。", field="pause"))
        return None
    since, until = _day(first, "--pause", faults), _day(last, "--pause", faults)
    if since is None or until is None:
        return None
    if until <= since:
        faults.append(Reason(f"--pause 的“{word}”止日要晚于起日（起日不计，止日当天重新计算）。", field="pause"))
        return None
    return Pause(since, until)


def _span(text: str, faults: list[Reason]) -> Span | None:
    try:
        return Span.parse(text)
    except ValueError as error:
        faults.append(Reason(f"--promise 的{error}。", field="promise"))
        return None
