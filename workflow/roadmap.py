"""The way of a case as the worker sees it, like a parcel's: what has happened, where it is, what is to come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from workflow.cases.load import Loaded
from workflow.definition.model import Definition, StateDef
from workflow.models import DeliveryRecord, Event
from workflow.stages import Stage

LONGEST_TITLE = 25
ME = "worker"
SECOND, AT_REGION = "second_concluded", "with_region"
ROAD = (
    (
        "recognition", "工伤认定",
        (("filed", "收到认定申请"), ("under_review", "受理，开始认定"), ("decided", "作出认定决定"),
         ("delivered", "决定书送到您手上")),
    ),
    (
        "appraisal", "劳动能力鉴定",
        (("filed", "收到鉴定申请"), ("scheduled", "安排检查"), ("concluded", "出鉴定结论"),
         ("delivered", "结论书送到您手上"), (SECOND, "自治区出再次鉴定结论")),
    ),
    (
        "benefit", "算好待遇，钱付到您的账户",
        (("claimed", "收到待遇申请"), ("approved", "待遇算好"), ("paid_once", "钱付到您的账户")),
    ),
)  # fmt: skip
"""The plain way from applying to payment. A matter that has not begun is one step; a state the pinned process does not
have is left out."""


@dataclass(frozen=True)
class Step:
    """One step. kind: done, now, todo. `on` is None for what is to come and for days nobody has filled in."""

    title: str
    on: date | None
    text: str
    kind: str


def steps(loaded: Loaded, stage: Stage, received: Sequence[DeliveryRecord]) -> tuple[Step, ...]:
    """Past, present and future; the past in the order of its days."""
    past = _past(loaded, received)
    head = (stage.matter, stage.state)
    now = next((n for n in reversed(range(len(past))) if past[n][2] == head), None)
    out = [
        Step(s.title, s.on, s.text, "now" if n == now and not stage.closed else "done")
        for n, (_, s, _) in enumerate(past)
    ]
    if now is not None and not stage.closed:
        out.append(out.pop(now))
    elif not stage.closed:
        state = loaded.definition.matters[stage.matter].states[stage.state]
        out.append(Step(plain(state), None, _legal_name(loaded.definition, *head), "now"))
    return (*out, *_to_come(loaded, stage))


def plain(state: StateDef) -> str:
    """A state in a worker's words: the first sentence of its public text where that tells a fact, or its label."""
    first = state.public.partition("。")[0]
    if "{" in first or first.startswith("请") or len(first) > LONGEST_TITLE:
        return state.label
    return first


def _legal_name(definition: Definition, matter: str, state: str) -> str:
    """The official name beside the plain one: the matter, and the state where the title does not say it already."""
    defined = definition.matters[matter]
    label = defined.states[state].label
    return defined.label if plain(defined.states[state]) == label else f"{defined.label}：{label}"


_Past = tuple[tuple[date, int], Step, tuple[str, str]]


def _past(loaded: Loaded, received: Sequence[DeliveryRecord]) -> list[_Past]:
    """(sort key, step, place) of what has happened; only moves, nothing of what officials thought in between."""
    names = {m.id: m.name for m in loaded.matters}
    others = {
        m.id: loaded.definition.people.get(m.addressee, m.addressee)
        for m in loaded.matters
        if m.addressee not in ("", ME)
    }
    rows = loaded.session.execute(
        select(Event.seq, Event.on, Event.kind, Event.action, Event.from_state, Event.to_state, Event.matter_id,
               Event.payload)
        .where(Event.chain == loaded.row.case_no, Event.kind.in_(("case:opened", "case:imported", "matter:performed")))
        .order_by(Event.seq)
    ).all()  # fmt: skip
    found: list[_Past] = []
    for e in rows:
        if e.kind == "case:opened":
            found.append(((e.on, e.seq), Step("窗口登记了您的情况", e.on, "", "done"), ("", "")))
        elif e.kind == "case:imported":
            found += _imported(loaded.definition, e)
        elif _moved(loaded.definition, names[e.matter_id], e):
            place = (names[e.matter_id], e.to_state)
            state = loaded.definition.matters[place[0]].states[place[1]]
            if e.matter_id not in others:
                step = Step(plain(state), e.on, _legal_name(loaded.definition, *place), "done")
                found.append(((e.on, e.seq), step, place))
            elif not state.end:  # the other side's objection, without the sentence that speaks to that side
                label = loaded.definition.matters[place[0]].label
                found.append(
                    (
                        (e.on, e.seq),
                        Step(f"{others[e.matter_id]}提出的{label}：{state.label}", e.on, "", "done"),
                        ("", ""),
                    )
                )
    for d in received:
        kind = loaded.definition.instruments.get(d.kind)
        label = kind.label if kind else f"{loaded.definition.matters[names[d.matter_id]].label}的决定书"
        found.append(((d.received_on, d.seq), Step(f"{label}送到您手上", d.received_on, "", "done"), ("", "")))
    return sorted(found, key=lambda p: p[0])


def _moved(definition: Definition, matter: str, event: Any) -> bool:
    """Whether the act moved its matter; deliveries are told by the day each one arrived."""
    state = definition.matters[matter].states.get(event.from_state)
    action = state.actions.get(event.action) if state else None
    each = action is not None and bool(action.each)
    return event.from_state != event.to_state and not each and event.to_state in definition.matters[matter].states


def _imported(definition: Definition, event: Any) -> list[_Past]:
    """What the form knew: the days that happened before, and that the rest came with a list."""
    found: list[_Past] = [
        ((event.on, event.seq), Step("您的资料转进了本系统", event.on, "不全的日期，窗口正在补录。", "done"), ("", ""))
    ]
    for m in json.loads(event.payload)["matters"]:
        for name, value in m["facts"].items():
            if name in definition.dates and name != "opened_on" and isinstance(value, str):
                day = date.fromisoformat(value)
                title = definition.dates[name].removesuffix("之日")
                found.append(((day, 0), Step(title, day, definition.matters[m["name"]].label, "done"), ("", "")))
    return found


def _to_come(loaded: Loaded, stage: Stage) -> list[Step]:
    """The rest of the way. A matter not opened yet is to come only while the one before it may still lead there."""
    standing = {m.name: m.state for m in loaded.matters}
    out: list[Step] = []
    undiagnosed = "diagnosis" in standing and "recognition" not in standing
    leads_on = not (undiagnosed and stage.closed)
    for name, whole, milestones in ROAD:
        if name not in loaded.definition.matters:
            continue
        defined = loaded.definition.matters[name]
        order = list(defined.states)  # the file lists them in the order of the way
        here = order.index(standing.get(name, defined.start))
        begun = name == stage.matter or here > 0
        if begun:
            out += [
                Step(title, None, "", "todo")
                for state, title in milestones
                if state in order and order.index(state) > here and (state != SECOND or standing.get(name) == AT_REGION)
            ]
        elif name in standing or leads_on:
            out.append(Step(f"诊断为职业病以后：{whole}" if undiagnosed and not out else whole, None, "", "todo"))
        leads_on = leads_on and not ("decided" in order and here >= order.index("decided"))
    return out
