"""Seeded mutations of a process: each breaks what the prover has to see, so the score of the prover is a number.

A mutation is made of the parsed definition, so that it also says what the loader would have let through; those made of the
text are judged by the loader first and counted apart. A site whose change need not break anything is not dropped in
silence: it carries the reason in `spared`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tests import mutation_sites as at
from workflow.definition.model import Definition
from workflow.prover import Memory, Proof, prove

SEED = 20261125
WANTED = 240
"""How many a full run tries; the issue asks for at least 200."""

Apply = Callable[[Definition], Definition]


@dataclass(frozen=True)
class Mutation:
    """`kind` what is changed, `site` where; `apply` makes the changed definition; `spared` why it need not break anything."""

    kind: str
    site: str
    apply: Apply
    spared: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}：{self.site}"


KINDS: dict[str, Callable[[Definition, random.Random], Iterator[Mutation]]] = {}
Sites = Iterator[tuple[str, Apply, str]]


def kind(title: str) -> Callable[[Callable[[Definition, random.Random], Sites]], None]:
    """Register a family of mutations: (site, how, why it need not break anything or "")."""

    def register(sites: Callable[[Definition, random.Random], Sites]) -> None:
        KINDS[title] = lambda d, r: (Mutation(title, site, how, why) for site, how, why in sites(d, r))

    return register


def everywhere(d: Definition, seed: int = SEED) -> list[Mutation]:
    """Every mutation of every kind, in an order fixed by the seed."""
    return [m for title in sorted(KINDS) for m in KINDS[title](d, random.Random(f"{seed}:{title}"))]


def pick(d: Definition, wanted: int = WANTED, seed: int = SEED) -> tuple[list[Mutation], list[Mutation]]:
    """`wanted` mutations that break something, spread evenly over the kinds; and all that were left out with their reasons."""
    by_kind: dict[str, list[Mutation]] = {}
    left_out = []
    for m in everywhere(d, seed):
        if m.spared:
            left_out.append(m)
        else:
            by_kind.setdefault(m.kind, []).append(m)
    for title, mutations in by_kind.items():
        random.Random(f"{seed}:{title}:order").shuffle(mutations)
    chosen: list[Mutation] = []
    for turn in range(max(map(len, by_kind.values()), default=0)):
        chosen += [ms[turn] for ms in by_kind.values() if turn < len(ms)]
    return chosen[:wanted], left_out


def refutations(proof: Proof) -> set[tuple[str, str]]:
    """What a proof found: (property, sentence)."""
    return {(v.asked.id, c.sentence) for v in proof.verdicts for c in v.counterexamples}


@dataclass(frozen=True)
class Score:
    """`caught`: mutation → the properties that refuted it; `missed`: those nothing refuted."""

    caught: dict[str, tuple[str, ...]]
    missed: tuple[str, ...]

    def __str__(self) -> str:
        return f"{len(self.caught)}/{len(self.caught) + len(self.missed)}"


def score(d: Definition, mutations: Iterable[Mutation]) -> Score:
    """Prove each mutated definition; a mutation is caught by a refutation the definition itself does not have."""
    memory = Memory()
    before = refutations(prove(d, memory=memory))
    caught: dict[str, tuple[str, ...]] = {}
    missed = []
    for m in mutations:
        new = refutations(prove(m.apply(d), memory=memory)) - before
        if new:
            caught[m.name] = tuple(sorted({p for p, _ in new}))
        else:
            missed.append(m.name)
    return Score(caught, tuple(missed))


# --- clocks -------------------------------------------------------------------------------------------------------------


@kind("到期不报督办人")
def _no_escalate(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        if c.on_expiry.escalate:
            why = "当事人的时限，到期另有提醒，督办不是必须的" if c.owner in at.PARTIES else ""
            why = why or ("到期系统自动办，不用督办" if c.on_expiry.act else "")
            why = why or ("只在终点列着，没有事在等它" if not at.waits_for(d, c) and not c.each else "")
            yield c.name, at.clock(c.name, lambda x: replace(x, on_expiry=replace(x.on_expiry, escalate=""))), why


@kind("到期没有下文")
def _no_effect(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        yield c.name, at.clock(c.name, lambda x: replace(x, on_expiry=type(x.on_expiry)())), ""


@kind("去掉时限的依据")
def _no_law(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        yield c.name, at.clock(c.name, lambda x: replace(x, law="")), ""


@kind("依据换成别的条文")
def _other_law(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        other = "民法典#204" if not c.law.startswith("民法典#204") else "民法典#202"
        yield c.name, at.clock(c.name, lambda x, o=other: replace(x, law=o)), ""


@kind("天数写错")
def _other_length(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.within:
            yield c.name, at.clock(c.name, lambda x: replace(x, within=at.misspelt(x.within))), ""


@kind("日和工作日弄混")
def _other_unit(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.within and c.within[-1].span.unit in ("日", "工作日"):
            yield c.name, at.clock(c.name, lambda x: replace(x, within=at.other_unit(x.within))), ""


@kind("新旧规定换错日子")
def _other_day(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if len(c.within) > 1 and c.within[0].span != c.within[-1].span:
            yield c.name, at.clock(c.name, lambda x: replace(x, within=at.other_switch(x.within))), ""


@kind("责任人写错")
def _other_owner(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        strangers = at.strangers(d, c)
        why = "" if strangers else "这个时限所在的状态，人人都有事可办"
        who = r.choice(strangers) if strangers else c.owner
        yield f"{c.name} → {who}", at.clock(c.name, lambda x, w=who: replace(x, owner=w)), why


@kind("代号写错")
def _other_code(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        yield c.name, at.clock(c.name, lambda x: replace(x, code="GS-NONE")), ""


@kind("性质写错")
def _other_kind(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        other = "effect" if c.kind == "deadline" else "deadline"
        yield c.name, at.clock(c.name, lambda x, o=other: replace(x, kind=o)), ""


@kind("法定时限改成内部提醒")
def _reminded(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.within:
            yield c.name, at.clock(c.name, lambda x: replace(x, within=(), remind=x.within[-1].span)), ""


@kind("内部提醒产生法律后果")
def _strong_reminder(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        if not c.legal:
            marked = at.clock(
                c.name,
                lambda x: replace(x, on_expiry=replace(x.on_expiry, mark="conclusion_stands", law="工伤保险条例#26")),
            )
            yield c.name, marked, ""


@kind("延长超过法定")
def _extended(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.extends and c.extends.times is not None:
            yield (
                c.name,
                at.clock(c.name, lambda x: replace(x, extends=replace(x.extends, times=x.extends.times + 1))),
                "",
            )
        if c.extends and c.extends.by:
            yield (
                f"{c.name}（天数）",
                at.clock(c.name, lambda x: replace(x, extends=replace(x.extends, by=at.longer(x.extends.by)))),
                "",
            )


@kind("凭空可以延长")
def _may_extend(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.extends is None:
            yield c.name, at.clock(c.name, lambda x: replace(x, extends=at.ground(x.law))), ""


@kind("凭空可以中止")
def _may_pause(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.pauses is None:
            yield (
                c.name,
                at.clock(c.name, lambda x: replace(x, pauses=at.ground(x.law))),
                at.grounded_already(c, "pauses"),
            )


@kind("承诺比法定还长")
def _long_promise(d: Definition, r: random.Random) -> Sites:
    for c in at.legal(d):
        if c.promise:
            yield (
                c.name,
                at.clock(c.name, lambda x: replace(x, promise=replace(x.promise, within=at.longer(x.within[-1].span)))),
                "",
            )


@kind("起算日期没人填")
def _no_start(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        for other in at.never_set(d, c):
            yield (
                f"{c.name} ← {other}",
                at.clock(c.name, lambda x, o=other: replace(x, start=o, again=None, depends=None)),
                at.not_listed(d, c),
            )
            break


@kind("自动后果没有依据")
def _no_effect_law(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        if c.on_expiry.act or c.on_expiry.mark:
            yield c.name, at.clock(c.name, lambda x: replace(x, on_expiry=replace(x.on_expiry, law=""))), ""


@kind("到期要办的事不在")
def _no_expiry_act(d: Definition, r: random.Random) -> Sites:
    for c in d.clocks.values():
        if c.on_expiry.act:
            yield c.name, at.clock(c.name, lambda x: replace(x, on_expiry=replace(x.on_expiry, act="nothing"))), ""
        if c.on_expiry.route and at.waits_for(d, c):
            yield (
                f"{c.name}（route）",
                at.clock(c.name, lambda x: replace(x, on_expiry=replace(x.on_expiry, route="nothing"))),
                "",
            )


@kind("没有定论的问题定错")
def _other_answer(d: Definition, r: random.Random) -> Sites:
    for q in d.questions.values():
        yield q.name, at.question(q.name, lambda x: replace(x, use="nothing")), ""
        yield f"{q.name}（依据）", at.question(q.name, lambda x: replace(x, law="")), ""
    for c in d.clocks.values():
        if c.depends:
            yield c.name, at.clock(c.name, lambda x: replace(x, depends=replace(x.depends, question="nothing"))), ""


# --- states -------------------------------------------------------------------------------------------------------------


@kind("状态少了时限")
def _less_clocks(d: Definition, r: random.Random) -> Sites:
    for m, s in at.states(d):
        for name in s.clocks:
            alone = len(s.clocks) == 1 and not s.end
            said = f"{{{name}.due}}" in s.public
            why = "" if alone or said else "另有时限看着这个状态，写给职工的话也没有用到它"
            yield (
                f"{m.name}.{s.name} {name}",
                at.state(m, s, lambda x, n=name: replace(x, clocks=at.without(x.clocks, n))),
                why,
            )


@kind("话里写了别处的日期")
def _other_day_said(d: Definition, r: random.Random) -> Sites:
    for m, s in at.states(d):
        foreign = [c for c in d.clocks if c not in at.clocks_of(m)]
        if foreign:
            name = r.choice(foreign)
            yield (
                f"{m.name}.{s.name} {name}",
                at.state(m, s, lambda x, n=name: replace(x, public=f"{x.public}{{{n}.due}}")),
                "",
            )


@kind("状态没有话")
def _silent(d: Definition, r: random.Random) -> Sites:
    for m, s in at.states(d):
        yield f"{m.name}.{s.name}", at.state(m, s, lambda x: replace(x, public="")), ""


@kind("终点不算终点")
def _no_end(d: Definition, r: random.Random) -> Sites:
    for m, s in at.states(d):
        if s.end:
            why = "它自己列着在走的时限，也还有事可办" if s.clocks and s.actions else ""
            yield f"{m.name}.{s.name}", at.state(m, s, lambda x: replace(x, end=False)), why


@kind("起点写错")
def _other_start(d: Definition, r: random.Random) -> Sites:
    for m in d.matters.values():
        for s in m.states.values():
            if s.name != m.start:
                gone = m.states.keys() - at.reach(m, s.name)
                why = "" if gone else "从这里也走得到每个状态"
                yield f"{m.name} → {s.name}", at.matter(m, lambda x, n=s.name: replace(x, start=n)), why


# --- acts ---------------------------------------------------------------------------------------------------------------


@kind("少了一件办理事项")
def _less_acts(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        yield at.label(m, s, a), at.no_act(m, s, a), at.spare(d, m, s, a)


@kind("办完转错状态")
def _other_target(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.to == s.name:
            continue
        others = [n for n in m.states if n not in (a.to, s.name)]
        to = r.choice(others) if others else s.name
        lost = m.states.keys() - at.reach(m, m.start, {(s.name, a.name): to})
        why = "" if lost else "原来的状态另有路走得到，转到的状态时限也走得起来"
        yield f"{at.label(m, s, a)} → {to}", at.act(m, s, a, lambda x, t=to: replace(x, to=t)), why


@kind("办完转到没有的状态")
def _no_target(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, to="nowhere")), ""


@kind("没有人办")
def _nobody(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, by=())), ""


@kind("只让系统办")
def _system_only(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if "system" not in a.by:
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, by=("system",))), ""


@kind("系统办的事改由人办")
def _no_system(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.automatic:
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, by=("desk",))), at.untriggered(d, m, s, a)


@kind("不记日期")
def _no_day(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.on:
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, on="")), at.day_unused(d, m, s, a)


@kind("不恢复")
def _no_resume(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        for name in a.resume:
            why = "" if at.only_one(m, "resume", name) else "还有别的办理事项恢复它"
            yield (
                f"{at.label(m, s, a)} {name}",
                at.act(m, s, a, lambda x, n=name: replace(x, resume=at.without(x.resume, n))),
                why,
            )


@kind("不中止")
def _no_pause(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        for name in a.pause:
            why = "" if at.only_one(m, "pause", name) else "还有别的办理事项中止它"
            yield (
                f"{at.label(m, s, a)} {name}",
                at.act(m, s, a, lambda x, n=name: replace(x, pause=at.without(x.pause, n))),
                why,
            )


@kind("动不该动的时限")
def _touch_other(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        quiet = [c for c in at.clocks_of(m) if c not in at.may_run(m, s)]
        if quiet and not a.stop:
            name = r.choice(sorted(quiet))
            yield (
                f"{at.label(m, s, a)} {name}",
                at.act(m, s, a, lambda x, n=name: replace(x, stop=(n,))),
                "" if not a.common else "共同事项在别处停得到它",
            )


@kind("自动办的事没有依据")
def _no_act_law(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.automatic:
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, law="")), ""


@kind("发文书没有依据")
def _no_issue_law(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.issue or a.open or a.adverse:
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, law="", unsettled="")), ""


# --- papers, documents, remedies, children ------------------------------------------------------------------------------


@kind("材料没有依据")
def _no_paper_law(d: Definition, r: random.Random) -> Sites:
    received = {p for _, _, a in at.acts(d) for p in a.receive}
    for p in d.papers.values():
        yield (
            p.name,
            at.paper(p.name, lambda x: replace(x, law="")),
            "" if p.name in received else "没有办理事项要这份材料",
        )


@kind("文书没有依据")
def _no_document_law(d: Definition, r: random.Random) -> Sites:
    for i in d.instruments.values():
        yield i.name, at.instrument(i.name, lambda x: replace(x, law="")), ""


@kind("文书没有写救济")
def _no_remedy(d: Definition, r: random.Random) -> Sites:
    for i in d.instruments.values():
        yield i.name, at.instrument(i.name, lambda x: replace(x, remedy="", no_remedy="")), ""


@kind("不利的决定写成没有救济")
def _remedy_denied(d: Definition, r: random.Random) -> Sites:
    adverse = {a.issue for _, _, a in at.acts(d) if a.adverse}
    for i in d.instruments.values():
        if i.remedy:
            why = "" if i.name in adverse else "没有不利的办理发这种文书"
            yield i.name, at.instrument(i.name, lambda x: replace(x, remedy="", no_remedy="没有")), why


@kind("送达不开立救济")
def _not_opened(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        wanted = at.remedies_served(d, m, s) if a.each else set()
        for name in wanted & {*a.open, *a.start}:
            less = at.act(
                m, s, a, lambda x, n=name: replace(x, open=at.without(x.open, n), start=at.without(x.start, n))
            )
            yield f"{at.label(m, s, a)} {name}", less, ""


@kind("不开立下一个事项")
def _next_not_opened(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        for name in a.open:
            if not d.matters[name].each:
                less = at.act(m, s, a, lambda x, n=name: replace(x, open=at.without(x.open, n)))
                yield f"{at.label(m, s, a)} {name}", less, at.opened_elsewhere(d, name)


@kind("送达前不发文书")
def _not_issued(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        serves = a.to in m.states and any(x.each for x in m.states[a.to].actions.values())
        if a.issue and serves:
            why = "公告是一种送达方式，不是要送的文书" if d.instruments[a.issue].aside else ""
            why = why or ("在送达的状态里重发，原来的一份还在送" if a.to == s.name else "")
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, issue="")), why


@kind("送达不逐个收件人登记")
def _not_each(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.each and at.remedies_served(d, m, s):
            people = [x for x in s.actions.values() if x.each and not x.automatic]
            why = "" if a in people and len(people) == 1 else "还有别的办理事项逐个登记"
            yield at.label(m, s, a), at.act(m, s, a, lambda x: replace(x, each="")), why


@kind("救济不认这个上级")
def _not_of(d: Definition, r: random.Random) -> Sites:
    for child in d.matters.values():
        for name in child.of:
            opened = any(child.name in a.open for m, _, a in at.acts(d) if m.name == name)
            why = "" if opened else "这个上级没有办理事项开立它"
            yield f"{child.name} {name}", at.matter(child, lambda x, n=name: replace(x, of=at.without(x.of, n))), why


@kind("上级少了要跟着办的事")
def _no_fed(d: Definition, r: random.Random) -> Sites:
    for m, s, a, live in at.fed(d):
        yield at.label(m, s, a), at.no_act(m, s, a), "" if live else "走到这个状态时还没有开立下级"


@kind("下级要办上级没有的事")
def _feeds_nothing(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        for outcome in a.parent:
            wrong = at.act(m, s, a, lambda x, o=outcome: replace(x, parent={**x.parent, o: "nothing"}))
            yield f"{at.label(m, s, a)} {outcome}", wrong, ""


@kind("下级的结果没有这个选项")
def _unknown_outcome(d: Definition, r: random.Random) -> Sites:
    for m, s, a in at.acts(d):
        if a.parent:
            yield (
                at.label(m, s, a),
                at.act(m, s, a, lambda x: replace(x, parent={**x.parent, "nothing": "nothing"})),
                "",
            )


@kind("上级要填下级没有的")
def _asks_more(d: Definition, r: random.Random) -> Sites:
    told = at.facts_of(d)
    missing = next(iter(sorted(f for f in d.facts if f not in told)), "nothing")
    for m, s, a, live in at.fed(d):
        if live:
            yield at.label(m, s, a), at.act(m, s, a, lambda x, f=missing: replace(x, ask=(*x.ask, f))), ""
