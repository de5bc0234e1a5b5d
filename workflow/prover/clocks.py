"""Each clock by itself: what follows when it runs out, whose it is, and that the law table says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from workflow import law
from workflow.daycount import Span
from workflow.definition.model import ClockDef, Definition, Ground
from workflow.law import Allowance, Rule
from workflow.permissions import PARTY
from workflow.prover import tables
from workflow.prover.findings import Counterexample, Subject, proves
from workflow.prover.search import RUNNING, Graph
from workflow.prover.watching import DESIGN, ISSUE
from workflow.prover.words import found, of_act, of_clock, people, state_label

GROUNDS = {"pauses": "中止", "excludes": "扣除", "shifts": "顺延", "extends": "延长"}
DAYS = {"日": (1.0, 1.0), "工作日": (1.4, 1.4), "月": (28.0, 31.0), "年": (365.0, 366.0)}
"""Least and most calendar days of one unit, holidays left aside."""


def runs_in(s: Subject, clock: ClockDef) -> Iterator[tuple[Graph, int]]:
    """Every (graph, node) in which a clock runs."""
    for graph in s.having(clock.name):
        i = graph.plan.number[clock.name]
        yield from ((graph, n) for n, node in enumerate(graph.nodes) if node[2][i] == RUNNING)


def waits_for(s: Subject, clock: ClockDef) -> bool:
    """Whether something is waited for by this clock: some state that is no end lists it."""
    return any(
        clock.name in st.clocks and not st.end for m in s.definition.matters.values() for st in m.states.values()
    )


# --- what follows -------------------------------------------------------------------------------------------------------


@proves("expiry_effect", "每个时限到期都有下文", ISSUE)
def _expiry_effect(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        e = clock.on_expiry
        if not (e.warn or e.escalate or e.mark or e.route or e.act):
            yield of_clock(clock, "到期以后什么都不发生：不提醒、不督办，也没有法律后果", "on_expiry")


@proves("owner_pressed", "经办人的时限到期报督办人；当事人的时限到期提醒到人", DESIGN)
def _owner_pressed(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        e = clock.on_expiry
        if clock.owner in tables.PARTIES:
            if not (e.warn or e.escalate or e.act) and waits_for(s, clock):
                yield of_clock(clock, f"归{people(s.definition, [clock.owner])}，到期却谁也不提醒", "on_expiry")
        elif not (e.escalate or e.act) and (waits_for(s, clock) or clock.each):
            yield of_clock(
                clock, f"归{people(s.definition, [clock.owner])}，到期却不报督办人（没有 escalate）", "on_expiry"
            )


@proves("automatic_law", "自动办的事都有条文依据，没有自动的决定", ISSUE)
def _automatic_law(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        e = clock.on_expiry
        if (e.act or e.mark) and not law.known_citation(e.law):
            what = "自动办理" if e.act else "发生法律后果"
            yield of_clock(clock, f"到期{what}，却没有写明凭哪一条（{e.law or '空'}）", "on_expiry")
    for m in s.definition.matters.values():
        for st in m.states.values():
            for a in st.actions.values():
                if a.automatic and not law.known_citation(a.law):
                    yield of_act(m, st.name, a, f"由系统自动办，却没有写明凭哪一条（{a.law or '空'}）", "law")


@proves("automatic_there", "到期要办的事（do、route），时限走到哪个状态，那里就有", ISSUE)
def _automatic_there(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        for key, name in (("do", clock.on_expiry.act), ("route", clock.on_expiry.route)):
            told = set()
            for graph, node in runs_in(s, clock) if name else ():
                state = graph.plan.matter.states[graph.nodes[node][0]]
                act = state.actions.get(name)
                right = act is not None and (key == "route" or tables.SYSTEM in act.by)
                if right or (graph.plan.matter.name, state.name) in told or (state.end and key == "route"):
                    continue
                told.add((graph.plan.matter.name, state.name))
                why = "系统办不了（by 里没有 system）" if act else "这里没有这件办理事项"
                yield found(graph, node, f"“{clock.label}”在走，到期要办“{name}”，{why}", "states", state.name)


@proves("triggered", "只由系统办的事，都有时限或者下级事项会触发它", ISSUE)
def _triggered(s: Subject) -> Iterator[Counterexample]:
    running = {
        (graph.plan.matter.name, graph.nodes[n][0], c.on_expiry.act)
        for c in s.definition.clocks.values() if c.on_expiry.act for graph, n in runs_in(s, c)
    }  # fmt: skip
    for graph in s.graphs.values():
        for state in graph.states():
            st = graph.plan.matter.states[state]
            for a in st.actions.values():
                if (
                    a.automatic
                    and a.name not in graph.plan.fed
                    and (graph.plan.matter.name, state, a.name) not in running
                ):
                    yield of_act(graph.plan.matter, state, a, "只有系统能办，却没有时限到期办它，也没有下级事项带出它")


@proves("reminder_modest", "内部提醒只提醒、督办，不产生法律后果，也不自动办事", DESIGN)
def _reminder_modest(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        e = clock.on_expiry
        if not clock.legal and (e.mark or e.act or e.route or e.law or clock.law):
            yield of_clock(clock, "是内部提醒，却写了法律后果、自动办理或者依据", "on_expiry")


@proves("owner_acts", "时限归谁，谁在那里就有事可办，不会责任在他、他却办不了", ISSUE)
def _owner_acts(s: Subject) -> Iterator[Counterexample]:
    side = {"worker": tables.WORKER_SIDE, "applicant": tables.PARTIES, "party": tables.PARTIES}
    for m in s.definition.matters.values():
        for st in m.states.values():
            doers = {p for a in st.actions.values() for p in a.by}
            for name in st.clocks if not st.end else ():
                clock = s.definition.clocks.get(name)
                if clock is None or clock.owner in tables.OUTSIDE or clock.owner == m.elsewhere:
                    continue
                if not doers & side.get(clock.owner, {clock.owner}):
                    who = people(s.definition, [clock.owner])
                    text = f"归{who}，可在“{m.label}”的“{state_label(m, st.name)}”里，{who}没有一件能办的事"
                    yield of_clock(clock, text, "owner")


@proves("promise_shorter", "承诺只能比法定的短，不能代替法定时限", DESIGN)
def _promise_shorter(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        if clock.promise is None:
            continue
        if not clock.within:
            yield of_clock(clock, "写了承诺，却没有法定的长短，承诺不能代替法定时限", "promise")
        elif any(_longest(clock.promise.within) > _shortest(d.span) for d in clock.within):
            yield of_clock(clock, f"承诺 {clock.promise.within} 比法定的 {clock.within[-1].span} 还长", "promise")


def _longest(span: Span) -> float:
    return span.amount * DAYS[span.unit][1]


def _shortest(span: Span) -> float:
    return span.amount * DAYS[span.unit][0]


# --- the law table ------------------------------------------------------------------------------------------------------


@proves("law_known", "法定时限和它的中止、扣除、延长、上限，都写明查得到的条文", DESIGN)
def _law_known(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        if clock.legal and not law.known_citation(clock.law):
            yield of_clock(clock, f"是法定时限，依据“{clock.law or '空'}”在法规表里查不到", "law")
        cited = [(key, getattr(clock, key).law) for key in GROUNDS if getattr(clock, key)]
        cited += [("at_most", clock.at_most.law)] if clock.at_most else []
        for key, citation in cited:
            if not law.known_citation(citation):
                yield of_clock(clock, f"的 {key} 的依据“{citation or '空'}”在法规表里查不到", key)


def versions(code: str) -> tuple[Rule, ...]:
    """Every version of a rule, none for an unknown code."""
    return tuple(r for r in law.rules() if r.code == code)


@proves("rule_known", "法定时限的代号在法规表里；法律有天数的，不写成内部提醒", ISSUE)
def _rule_known(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        known = versions(clock.code)
        if clock.legal and not known:
            yield of_clock(clock, "是法定时限，代号在法规表里查不到", "code")
        elif not clock.legal and known and any(r.span for r in known):
            yield of_clock(clock, f"法律有天数（{_lengths(known)}），不能只写成内部提醒", "remind")
        if clock.legal and clock.again and not versions(clock.again.code):
            yield of_clock(clock, f"重新起算的代号“{clock.again.code}”在法规表里查不到", "again")


def _lengths(known: tuple[Rule, ...]) -> str:
    return "、".join(str(r.span) for r in known if r.span)


@proves("rule_owner", "时限的责任人和法规表一致", ISSUE)
def _rule_owner(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        for r in versions(clock.code)[:1]:
            allowed = tables.KNOWN_BODIES.get(r.owner, frozenset({r.owner}))
            if clock.owner not in allowed and not (clock.owner == PARTY and r.owner in tables.PARTIES):
                who = people(s.definition, [clock.owner])
                yield of_clock(
                    clock, f"写的责任人是{who}，法规表上是{people(s.definition, [r.owner])}（{r.law}）", "owner"
                )


@proves("rule_length", "时限的长短、日还是工作日、哪一天起换规定，和法规表一致", ISSUE)
def _rule_length(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        known = versions(clock.code)
        if not clock.legal or not known:
            continue
        if clock.until and any(r.span for r in known):
            yield of_clock(clock, f"法律有天数（{_lengths(known)}），不能由通知定日", "until")
        elif clock.within and (wrong := _unlike(clock, known)):
            yield of_clock(clock, wrong, "within")
        if clock.again and (other := versions(clock.again.code)) and clock.within:
            ours, theirs = clock.within[-1].span, other[-1].span
            if theirs != ours:
                yield of_clock(clock, f"重新起算写作 {ours}，法规表上 {clock.again.code} 是 {theirs}", "again")


def _unlike(clock: ClockDef, known: tuple[Rule, ...]) -> str:
    """Where file and table differ on some day; "" where they agree on all."""
    for day in _days_that_matter(clock, known):
        ours, theirs = clock.dated_on(day), next((r for r in known if r.holds_on(day)), None)
        if theirs is None or theirs.kind == "start_month" or (theirs.span is None and ours is None):
            continue
        if theirs.span is None and len(clock.within) == 1 and ours and ours.since is None:
            continue  # before there was a rule: the file may say the one length it has
        if ours is None or ours.span != theirs.span:
            written = ours.span if ours else "没有"
            return f"{day} 起算的写作 {written}，法规表上是 {theirs.span or '没有天数'}（{theirs.law}）"
    return ""


def _days_that_matter(clock: ClockDef, known: tuple[Rule, ...]) -> list[date]:
    """Both ends of every version, and the days next to them."""
    ends = {d for v in clock.within for d in (v.since, v.until) if d} | {
        d for r in known for d in (r.since, r.until) if d
    }
    days = {d + timedelta(days=n) for d in ends for n in (-1, 0, 1)}
    return sorted(days | {law.VERSION_DAY})


@proves("rule_kind", "时限的性质（期限、最早、自动、起发月）和法规表一致", ISSUE)
def _rule_kind(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        for r in versions(clock.code)[:1] if clock.legal else ():
            if clock.kind != r.kind:
                yield of_clock(clock, f"写作 {clock.kind}，法规表上是 {r.kind}（{r.law}）", "kind")


@proves("rule_law", "时限的依据和法规表是同一条", ISSUE)
def _rule_law(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        known = versions(clock.code)
        if not clock.legal or not known:
            continue
        cited = [("law", clock.law), *(("within", d.law) for d in clock.within if d.law)]
        for key, citation in cited:
            if not any(_same_article(citation, r.law) for r in known):
                yield of_clock(clock, f"依据写作 {citation}，法规表上是 {known[-1].law}", key)


def _same_article(one: str, other: str) -> bool:
    """Whether two citations name the same article of the same law (paragraphs aside)."""
    if "#" not in other:  # an older text of which the table names no article
        return one.partition("#")[0] == other
    return _article(one) == _article(other)


def _article(citation: str) -> str:
    name, mark, number = citation.partition("#")
    digits = number.split(".")[0].split("(")[0]
    return f"{name}{mark}{digits}"


@proves("rule_grounds", "中止、扣除、顺延、延长，只有法规表准许的，延长不超过法定的次数和天数", ISSUE)
def _rule_grounds(s: Subject) -> Iterator[Counterexample]:
    for clock in s.definition.clocks.values():
        known = versions(clock.code)
        for key, word in GROUNDS.items() if clock.legal and known else ():
            ours: Ground | None = getattr(clock, key)
            theirs: Allowance | None = getattr(known[0], key)
            if ours and (wrong := _beyond(ours, theirs, word, _capped(clock, known[0]))):
                yield of_clock(clock, wrong, key)


def _capped(clock: ClockDef, known: Rule) -> bool:
    """Whether the clock's own cap (at_most) keeps a lengthening without a fixed length within the law."""
    theirs, cap = known.extends, clock.at_most
    if not (theirs and theirs.by and known.span and cap):
        return False
    return _longest(cap.within) <= _longest(known.span) + _longest(theirs.by) * (theirs.times or 1)


def _beyond(ours: Ground, theirs: Allowance | None, word: str, capped: bool) -> str:
    if theirs is None:
        return f"准许{word}（{ours.law}），法规表上没有这样的规定"
    if not _same_article(ours.law, theirs.law):
        return f"{word}的依据写作 {ours.law}，法规表上是 {theirs.law}"
    if theirs.times is not None and (ours.times is None or ours.times > theirs.times):
        return f"可以{word} {'不限' if ours.times is None else ours.times} 次，超过法定的 {theirs.times} 次（{theirs.law}）"
    unlimited = ours.by is None and not capped
    if theirs.by and (unlimited or (ours.by is not None and _longest(ours.by) > _longest(theirs.by))):
        return f"每次{word} {ours.by or '不限'}，超过法定的 {theirs.by}（{theirs.law}）"
    return ""


# --- open questions -----------------------------------------------------------------------------------------------------


@proves("questions", "没有定论的问题，有依据、有选项，默认值在选项里，时限的起算跟得上", ISSUE)
def _questions(s: Subject) -> Iterator[Counterexample]:
    d = s.definition
    for q in d.questions.values():
        place = ("questions", q.name)
        for wrong in (f"选定的“{q.use}”不在选项里" if q.use not in q.choices else "",
                      f"默认的“{q.cautious}”不在选项里" if q.cautious not in q.choices else "",
                      "" if law.known_citation(q.law) else f"依据“{q.law or '空'}”在法规表里查不到"):  # fmt: skip
            if wrong:
                yield Counterexample("", f"没有定论的问题“{q.label}”{wrong}。", (), place)
    for clock in d.clocks.values():
        yield from _depends(d, d.questions, clock)


def _depends(d: Definition, questions: Mapping[str, object], clock: ClockDef) -> Iterator[Counterexample]:
    if clock.depends is None:
        return
    if clock.depends.question not in questions:
        yield of_clock(clock, f"要看“{clock.depends.question}”怎么定，却没有这个问题", "depends")
        return
    choices = d.questions[clock.depends.question].choices
    for choice in clock.depends.starts:
        if choice not in choices:
            yield of_clock(clock, f"写了选项“{choice}”的起算日，问题里却没有这个选项", "depends")
