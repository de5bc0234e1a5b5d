"""Facts, clocks and events of a case in the words people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from web.shared import money
from web.window_base import in_words, matter_in_url
from workflow import reading
from workflow.cases.filling import CASE_FACTS, RECEIVED
from workflow.cases.load import Loaded
from workflow.daycount import reckon
from workflow.deadlines import LEFT_OUT
from workflow.definition.model import ActionDef, ClockDef, Definition, FactDef
from workflow.errors import Stopped
from workflow.guards import MARKS
from workflow.permissions import PARTIES, PARTY_OWNERS
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.preparations import Prepared
from workflow.situation import Actor
from workflow.worklist import GONE, LIGHTS, left_words

MADE = {
    "experts": "抽取的专家",
    "excluded": "应当回避的专家",
    "pool_size": "抽取时的备选人数",
    "missing": "一次告知的材料",
    "track": "办理程序",
    "track_reasons": "走普通程序的原因",
    "exam_moved_days": "改期移动的天数",
    "second_exam_moved_days": "再次鉴定改期移动的天数",
    "recognised": "是否认定为工伤",
    "appraisal_kind": "哪一次鉴定",
    "diagnosis_result": "诊断结论",
    "da_level": "诊断鉴定是第几次",
    "review_outcome": "复议结果",
    "source": "来源",
    "disease": "诊断病种",
    "remark": "备注",
}
"""Facts the engine makes itself, and those of a case nobody fills in later."""
ELSEWHERE = frozenset({
    "lines", "last_payment", *reading.HIDDEN, "changes_from", "closed_in", "da_level_before", "deemed", "differences", "employer_back", "figures",
    "gaps", "given_back", "lines_before", "orders", "pension_standing", "recovering", "recovery_back", "redo", "replaced", "result_before",
    "stopped", "stopped_month",
})  # fmt: skip
"""Facts with a table of their own, or for the machine only."""
IN_TITLE = ("decision", "decision_label", "decision_kind")
"""Facts of a child matter that its title tells."""
WORDS = {
    "track": {"fast": "从快程序", "ordinary": "普通程序"}, "appraisal_kind": {"first": "初次鉴定", "recheck": "复查鉴定"},
    "diagnosis_result": {"positive": "诊断为职业病", "negative": "没有诊断为职业病"},
    "da_level": {"city": "首次鉴定（市级）", "region": "再次鉴定（自治区）"},
}  # fmt: skip
YES_NO = {"yes": "是", "no": "否", "unknown": "不清楚"}


# --- facts -----------------------------------------------------------------------------------------------------------


def fact_label(definition: Definition, name: str) -> str:
    """How a fact is called; a name nobody knows stands as it is, so that nothing is hidden."""
    if name in definition.facts:
        return definition.facts[name].label
    if name in CASE_FACTS:
        return CASE_FACTS[name].label
    if name in RECEIVED:
        return RECEIVED[name][1]
    return definition.dates.get(name) or MADE.get(name, name)


def fact_text(definition: Definition, name: str, value: Any) -> str:
    """A fact's value as people read it; of an account only the last four."""
    if name == "bank_account":
        return f"尾号 {str(value)[-4:]}"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        return "、".join(_one(v) for v in value) or "无"
    known = definition.facts.get("outcome" if name == "review_outcome" else name) or CASE_FACTS.get(name)
    if known and known.type == "money":
        return _money(str(value))
    choices = known.choices if known else WORDS.get(name, {})
    text = choices.get(str(value), str(value))
    return YES_NO.get(text, text) if name in CASE_FACTS else text


def _money(text: str) -> str:
    """An amount as shown; what was typed and is none stands as it was typed."""
    try:
        return money(Decimal(text))
    except InvalidOperation:
        return text


def _one(value: Any) -> str:
    """One item of a list: an expert with his unit, a paper with its article, a text."""
    if not isinstance(value, Mapping):
        return str(value)
    name = str(value.get("label") or value.get("name") or value.get("item") or "")
    more = in_words(str(value.get("law") or value.get("unit") or ""))
    return f"{name}（{more}）" if more else name


def fact_pairs(definition: Definition, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of every fact worth showing, in the order they were written."""
    shown = {k: v for k, v in facts.items() if k not in ELSEWHERE and v not in (None, "", [], {})}
    return [(fact_label(definition, k), fact_text(definition, k, v)) for k, v in shown.items()]


# --- one matter ------------------------------------------------------------------------------------------------------


def matters_page(loaded: Loaded, actor: Actor) -> list[dict[str, Any]]:
    """The matters as the case page shows them, each with its children behind it.

    Our own open ones come first, then what is open elsewhere, then what has ended, each in the order of the process.
    """
    order = list(loaded.definition.matters)
    pages = {m.id: matter_page(loaded, m, actor) for m in loaded.matters}
    for m in loaded.matters:
        if m.parent_id in pages:
            pages[m.parent_id]["children"].append(pages[m.id])

    def rank(m: Any) -> tuple[bool, bool, int, int]:
        return pages[m.id]["end"], bool(pages[m.id]["elsewhere"]), order.index(m.name), m.number

    for page in pages.values():
        page["children"].sort(key=lambda c: c["end"])
    return [pages[m.id] for m in sorted((m for m in loaded.matters if m.parent_id not in pages), key=rank)]


def flat(matters: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Every matter of the page, parents before their children."""
    return [x for m in matters for x in (m, *flat(m["children"]))]


def matter_page(loaded: Loaded, row: Any, actor: Actor) -> dict[str, Any]:
    """One matter as the case page shows it: facts in words, clocks that run and past ones, its acts in heaps."""
    view = reading.matter_view(loaded, row, actor)
    clocks = clock_rows(loaded, row)
    acts = [a for a in view["actions"] if not a["automatic"]]
    for act in acts:
        act["why_not"] = [in_words(text) for text in act["why_not"]]
    facts = {k: v for k, v in view["facts"].items() if not (row.addressee and k in IN_TITLE)}
    return {
        **view,
        "id": row.id,
        "url": matter_in_url(view["matter"]),
        "number": 1 if row.addressee else row.number,
        "pairs": fact_pairs(loaded.definition, facts),
        "lines": row.facts.get("lines") or [],
        "live": [c for c in clocks if c["live"]],
        "past": [c for c in clocks if not c["live"]],
        "own": heaps([a for a in acts if a["first"]]),
        "more": heaps([a for a in acts if not a["first"]]),
        "window": bool(row.addressee) and _only_rights(clocks),
        "children": [],
    }


def _only_rights(clocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing of the law runs but the days by which a party may object."""
    legal = [c for c in clocks if c["live"] and c["legal"]]
    return bool(legal) and all(c["right"] for c in legal)


def heaps(acts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Acts in three heaps: can (by this person, now), cannot (with the reasons), others (somebody else can)."""
    return {
        "can": [a for a in acts if a["possible"]],
        "cannot": [a for a in acts if a["why_not"]],
        "others": [a for a in acts if not a["mine"] and not a["why_not"]],
        "any": bool(acts),
    }


def clock_rows(loaded: Loaded, row: Any) -> list[dict[str, Any]]:
    """The clocks of a matter with light, days left in words, promise and explanation."""
    views = zip(reading.clocks_of(loaded, row), loaded.book(row).rows, strict=True)
    return [_clock(loaded, row, view, raw) for view, raw in views]


def _clock(loaded: Loaded, row: Any, view: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    known = loaded.definition.clocks.get(raw["name"])
    over = raw["state"] == "running" and raw["kind"] == "deadline" and raw["due_on"] < loaded.today
    steps = [in_words(str(step)) for step in raw["explain"]]
    steps += [f"自 {since} 起中止，到恢复之日不计：{ground}" for since, until, ground in raw["pauses"] if not until]
    steps += _open_questions(loaded.definition, raw)
    if over and known and known.on_expiry.mark:
        steps.append(in_words(f"届满的后果：{MARKS[known.on_expiry.mark]}（{known.on_expiry.law}）。"))
    return {
        **view,
        **_lights(loaded, row, view, raw, over),
        "owner_label": view["addressee_label"] if raw["owner"] in PARTIES and raw["addressee"] else view["owner_label"],
        "live": raw["state"] in ("running", "paused", "unstarted"),
        "state_label": reading.KEPT.get(view["kept"], reading.STATES[raw["state"]]),
        "ends": reading.ENDS[raw["kind"]],
        "day": view["due_on"][:7] if raw["kind"] == "start_month" and view["due_on"] else view["due_on"],
        "steps": steps,
        "law_words": in_words(raw["law"] or ""),
        "promise_open": bool(known and known.promise and not known.promise.confirmed),
        "unverified": bool(known and (known.unverified or any(d.unverified for d in known.within))),
        "unsettled": bool(known and known.depends),
    }


def _lights(loaded: Loaded, row: Any, view: Mapping[str, Any], raw: Mapping[str, Any], over: bool) -> dict[str, str]:
    """Light, its word and the days left; what is no deadline is named for what it is and never coloured."""
    left = left_words(raw, loaded.today, loaded.placed_on)
    if raw["kind"] != "deadline":
        return {"light": "none", "light_text": reading.ENDS[raw["kind"]], "left": left}
    if over and (row.closed_on is not None or view["right"]):  # the day is past, but nobody is late with it
        return {"light": "none", "light_text": GONE, "left": f"已过 {(loaded.today - raw['due_on']).days} 日"}
    text = "提醒" if view["light"] == "near" and not raw["legal"] else LIGHTS[view["light"]]
    return {"light": view["light"], "light_text": text, "left": left}


def _open_questions(definition: Definition, raw: Mapping[str, Any]) -> list[str]:
    """The switches that decided this day and are not tied to one clock: rolling for an authority, the day a pause ends."""
    asked = []
    if raw["legal"] and raw["owner"] not in PARTY_OWNERS and raw["unrolled_on"] and raw["unrolled_on"] != raw["due_on"]:
        asked.append("authority_rollover")
    if any(until and not ground.startswith(LEFT_OUT) for _, until, ground in raw["pauses"]):
        asked.append("pause_boundary")
    found = [definition.questions[n] for n in asked if n in definition.questions]
    return [
        in_words(f"没有定论：{q.label}。这里按“{q.choices.get(q.use, q.use)}”（可信度 {q.confidence}，{q.law}）。")
        for q in found
    ]


def consequence(loaded: Loaded, row: Any, action: ActionDef, actor: Actor) -> list[str]:
    """What follows when the act is done, in sentences: the next state, the document, the clocks."""
    definition = loaded.definition
    defined, old = loaded.place(row)
    new = defined.states[action.to]
    people = definition.people
    lines = [f"由“{old.label}”转为“{new.label}”。" if new.name != old.name else f"仍在“{old.label}”。"]
    if action.each:
        lines = [f"登记这一位收件人的送达；所有收件人都登记了，才转为“{new.label}”。"]
    if action.issue:
        kind = definition.instruments[action.issue]
        copies = f"，抄送{'、'.join(people[c] for c in kind.copy)}" if kind.copy else ""
        to = "、".join(people[t] for t in kind.to)
        lines.append(f"出具《{kind.label}》，编文号，打印后送达{to}{copies}。出具后不能改，只能另行更正。")
    lines += [f"同时开立“{definition.matters[name].label}”。" for name in action.open]
    if action.task:
        lines.append(f"同时给{people.get(action.task, action.task)}派一项待办。")
    for verb, names in (
        ("停止", action.stop),
        ("中止", action.pause),
        ("恢复", action.resume),
        ("延长", action.extend),
    ):
        lines += [f"“{definition.clocks[name].label}”时限{verb}。" for name in names]
    prepared = _prepared(loaded, row, action, actor)
    if track := prepared.facts.get("track"):
        why = "；".join(prepared.facts["track_reasons"])
        lines.append(f"走{WORDS['track'][track]}" + (f"，原因：{why}。" if why else "。"))
    if new.name != old.name and not action.resume:
        fresh = [name for name in new.clocks if name not in old.clocks and name not in prepared.stop]
        lines += [_starts(loaded, definition.clocks[name], action) for name in fresh]
    return lines


def _prepared(loaded: Loaded, row: Any, action: ActionDef, actor: Actor) -> Prepared:
    """What the act would work out by itself; nothing where it first needs what the form asks for."""
    if not action.prepare or action.ask:
        return Prepared()
    try:
        return PREPARATIONS[action.prepare](loaded.situation(row, action, actor))
    except Stopped:
        return Prepared()  # the reason stands at the top of the form already


def _starts(loaded: Loaded, known: ClockDef, action: ActionDef) -> str:
    """What starts to run, how long, and the day it would end if the act's day is today."""
    span = known.remind or known.within_on(loaded.today)
    what = f"“{known.label}”{'开始计时' if known.legal else '开始提醒（内部提醒）'}"
    length = f"：{span}" if span else ""
    again = known.again if known.again and known.again.start == action.on else None
    law = f"（{in_words(again.law if again and again.law else known.law)}）" if known.law else ""
    if span and known.legal and (again or known.start == action.on):
        due = reckon(span, loaded.today, calendar=loaded.store.calendar(loaded.session))
        return f"{what}{length}{law}，从今天起算届满 {due.due_on}{'（暂估）' if due.provisional else ''}。"
    return f"{what}{length}{law}。"


# --- history ---------------------------------------------------------------------------------------------------------


def history(loaded: Loaded) -> list[dict[str, Any]]:
    """The case's events, newest first: when, who, for whom, what became of it, what was given, what stands out."""
    definition, out = loaded.definition, []
    for e in reversed(reading.events_of(loaded.session, loaded.row.case_no, definition)):
        payload = e["payload"]
        matter = definition.matters[e["matter"]].label if e["matter"] in definition.matters else ""
        out.append(
            {
                "seq": e["seq"],
                "at": datetime.fromisoformat(e["at"]).strftime("%Y-%m-%d %H:%M"),
                "on": e["on"],
                "actor": e["actor"],
                "behalf": e["behalf_label"],
                "matter": matter,
                "label": e["label"],
                "to": e["to_label"] if e["from"] != e["to"] else "",
                "backdated": payload.get("backdated", 0),
                "backdate_reason": payload.get("backdate_reason", ""),
                "unsettled": payload.get("unsettled", ""),
                "notes": _notes(payload),
                "pairs": _given(definition, payload),
            }
        )
    return out


def _notes(payload: Mapping[str, Any]) -> list[str]:
    notes = []
    if instrument := payload.get("instrument"):
        notes.append(f"文号 {instrument['number']}")
    elif payload.get("number"):
        notes.append(f"文号 {payload['number']}" + ("（送达回证）" if payload.get("part") else ""))
    if payload.get("mark_text"):
        notes.append(in_words(f"{payload['mark_text']}（{payload.get('law', '')}）"))
    if payload.get("started"):
        notes.append(f"开始计时：{'、'.join(payload['started'])}")
    return notes


def _given(definition: Definition, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts, papers = payload.get("facts"), payload.get("papers") or []
    pairs = fact_pairs(definition, facts) if isinstance(facts, Mapping) else []
    if made := payload.get("made"):
        pairs += fact_pairs(definition, made)
    if papers:
        pairs.append(("在卷材料", "、".join(definition.papers[p].label for p in papers if p in definition.papers)))
    return pairs


# --- fields of forms -------------------------------------------------------------------------------------------------


def fields_of(facts: Sequence[FactDef], *, optional: bool, given: Mapping[str, Any], only: Mapping[str, Sequence[str]],
              prefix: str = "") -> list[dict[str, Any]]:  # fmt: skip
    """Form fields for facts. `only`: for a choice the keys still open. `given`: what was typed, by field name."""
    out = []
    for f in facts:
        choices = [(k, YES_NO.get(v, v)) for k, v in f.choices.items() if f.name not in only or k in only[f.name]]
        name = prefix + f.name
        value = given.get(name, "")
        if not value and len(choices) == 1 and not optional:
            value = choices[0][0]
        hint = "；".join(x for x in (f.hint, in_words(f.law)) if x)
        out.append(
            {
                "name": name,
                "fact": f.name,
                "label": f.label,
                "type": f.type,
                "choices": choices,
                "hint": hint,
                "optional": optional,
                "value": value,
            }
        )
    return out
