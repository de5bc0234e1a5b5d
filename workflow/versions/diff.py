"""The typed difference of two versions of the process: every change with its line, what it does to open cases, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workflow.definition.model import ActionDef, ClockDef, Definition, MatterDef, StateDef
from workflow.definition.nodes import Table, line_of
from workflow.definition.reader import read
from workflow.versions import aspects
from workflow.versions.use import Use

SAFE, MIGRATION, FORBIDDEN = "safe", "migration", "forbidden"
LEVELS = {SAFE: "可直接改", MIGRATION: "须写明过渡", FORBIDDEN: "不能改"}
NOBODY = "没有在办案件用到它"
WORDS = "只改文字，不动任何案件的状态、时限和历史"
AHEAD = "只管以后的办理，不动已经办过的事和在走的时限"


@dataclass(frozen=True)
class Change:
    """One change. `level`: safe, migration, forbidden; `line` in the new file (of what is above it where it is gone there);
    `cases`: how many open cases it touches."""

    level: str
    kind: str
    path: str
    line: int
    text: str
    why: str
    cases: int = 0

    def sentence(self) -> str:
        touched = f"涉及在办案件 {self.cases} 件。" if self.cases else ""
        return f"第 {self.line} 行 [{LEVELS[self.level]}] {self.text}。{self.why}。{touched}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence()}


def diff(old: Definition, new: Definition, use: Use | None = None) -> list[Change]:
    """Every change from `old` to `new`, what is forbidden first, then by line; `use`: what open cases stand on."""
    found = list(_Diff(old, new, use or Use()).all())
    return sorted(found, key=lambda c: (list(LEVELS).index(c.level) * -1, c.line, c.path))


class _Diff:
    def __init__(self, old: Definition, new: Definition, use: Use) -> None:
        self.old, self.new, self.use = old, new, use
        self.root = read(new.text).root or Table(1)

    def all(self) -> Iterator[Change]:
        if self.old.version != self.new.version:
            yield self.say(SAFE, "version", ("version",), f"版本从 {self.old.version} 改为 {self.new.version}", WORDS)
        yield from self._people()
        yield from self._facts()
        yield from self._questions()
        yield from self._papers()
        yield from self._instruments()
        yield from self._section("clocks", "clock", "时限", self.old.clocks, self.new.clocks, self._clock)
        yield from self._section("matters", "matter", "事项", self.old.matters, self.new.matters, self._matter)

    def say(
        self, level: str, kind: str, path: tuple[str, ...], text: str, why: str, cases: set[int] | None = None
    ) -> Change:
        return Change(level, kind, ".".join(path), line_of(self.root, *path), text, why, len(cases or ()))

    def _section(self, section: str, kind: str, what: str, old: Mapping[str, Any], new: Mapping[str, Any],
                 both: Callable[[Any, Any], Iterator[Change]]) -> Iterator[Change]:  # fmt: skip
        """Entries that came, went, and what changed of those that stayed."""
        for name, entry in new.items():
            if name not in old:
                yield self.say(
                    SAFE, f"{kind}.added", (section, name), f"新增{what}“{entry.label}”（{name}）", "还没有案件在里面"
                )
            elif entry != old[name]:
                yield from both(old[name], entry)
        for name, entry in old.items():
            if name not in new:
                cases = self.use.of(kind, name)
                yield self._gone(kind, (section, name), f"删去{what}“{entry.label}”（{name}）", cases)

    def _gone(self, kind: str, path: tuple[str, ...], text: str, cases: set[int]) -> Change:
        """What is taken away: forbidden in use; a clock may be taken away by a plan that says so."""
        if not cases:
            return self.say(SAFE, f"{kind}.removed", path, text, NOBODY)
        if kind == "clock":
            why = "有案件的这个时限还在，须在计划里写明：重算（就此停止）或者留在旧版本"
            return self.say(MIGRATION, "clock.removed", path, text, why, cases)
        return self.say(
            FORBIDDEN,
            f"{kind}.removed",
            path,
            text,
            "有在办案件用到它，删去后这些案件无处可去；要么保留，要么让它们留在旧版本",
            cases,
        )

    # --- short sections ---------------------------------------------------------------------------------------------

    def _people(self) -> Iterator[Change]:
        for name in sorted({*self.old.people, *self.new.people}):
            before, after, path = self.old.people.get(name), self.new.people.get(name), ("people", name)
            if after is None:
                yield self._gone("person", path, f"删去人员“{before}”（{name}）", self.use.of("person", name))
            elif before is None:
                yield self.say(SAFE, "person.added", path, f"新增人员“{after}”（{name}）", "还没有人用它")
            elif before != after:
                yield self.say(SAFE, "person.label", path, f"人员“{before}”改称“{after}”", WORDS)

    def _facts(self) -> Iterator[Change]:
        names = {**self.old.dates, **self.old.facts, **self.new.dates, **self.new.facts}
        for name in names:
            path = ("facts", name) if name in self.new.facts or name in self.old.facts else ("dates", name)
            before, after = aspects.fact_type(self.old, name), aspects.fact_type(self.new, name)
            cases = self.use.of("fact", name)
            if not before:
                yield self.say(SAFE, "fact.added", path, f"新增填写项 {name}", "原有案件没有它，也不用补")
            elif not after:
                yield self._gone("fact", path, f"删去填写项 {name}", cases)
            elif before != after:
                level, why = (FORBIDDEN, "已经存下的内容会读不成新类型；请另起一个名字") if cases else (SAFE, NOBODY)
                yield self.say(level, "fact.type", path, f"填写项 {name} 的类型从 {before} 改为 {after}", why, cases)
            else:
                yield from self._fact_details(name, path)

    def _fact_details(self, name: str, path: tuple[str, ...]) -> Iterator[Change]:
        before, after = self.old.facts.get(name), self.new.facts.get(name)
        lost = [c for c in before.choices if c not in after.choices] if before and after else []
        for choice in lost:
            cases = self.use.of("value", (name, choice))
            level, why = (FORBIDDEN, "有案件选的就是它；请保留这个选项") if cases else (SAFE, NOBODY)
            yield self.say(level, "fact.choice", path, f"填写项 {name} 删去选项 {choice}", why, cases)
        if not lost and (before != after or self.old.dates.get(name) != self.new.dates.get(name)):
            yield self.say(SAFE, "fact.words", path, f"填写项 {name} 的名称、提示、选项或者检查有改动", AHEAD)

    def _questions(self) -> Iterator[Change]:
        for name in sorted({*self.old.questions, *self.new.questions}):
            before, after, path = self.old.questions.get(name), self.new.questions.get(name), ("questions", name)
            label = (after or before).label  # type: ignore[union-attr]
            if self.old.answer(name) != self.new.answer(name):
                text = f"没有定论的问题“{label}”从 {self.old.answer(name) or '（没有问）'} 改按 {self.new.answer(name) or '（不再问）'}"
                why = "在走的时限可能因此改期，发布时逐件重算比较，有变化的须在计划里写明"
                yield self.say(MIGRATION, "question.use", path, text, why, self._asking(name))
            elif before != after:
                yield self.say(SAFE, "question.words", path, f"没有定论的问题“{label}”的说明有改动", WORDS)

    def _asking(self, name: str) -> set[int]:
        """Cases with a live clock that names the question; where none does, the engine itself asks it of every clock."""
        asking = [
            c.name for d in (self.old, self.new) for c in d.clocks.values() if c.depends and c.depends.question == name
        ]
        return self.use.of("clock", *(asking or self.old.clocks))

    def _papers(self) -> Iterator[Change]:
        for name in {**self.old.papers, **self.new.papers}:
            before, after, path = self.old.papers.get(name), self.new.papers.get(name), ("papers", name)
            if after is None:
                yield self._gone(
                    "paper", path, f"删去材料“{before.label if before else name}”（{name}）", self.use.of("paper", name)
                )
            elif not after.law:
                why = "没有依据的材料不能要求当事人提交；请写上 law"
                yield self.say(
                    FORBIDDEN, "paper.law", path, f"材料“{after.label}”没有写依据", why, self.use.of("paper", name)
                )
            elif before is None:
                yield self.say(SAFE, "paper.added", path, f"新增材料“{after.label}”（{name}），依据 {after.law}", AHEAD)
            elif before != after:
                yield self.say(SAFE, "paper.words", path, f"材料“{after.label}”的名称或者依据有改动", AHEAD)

    def _instruments(self) -> Iterator[Change]:
        def both(before: Any, after: Any) -> Iterator[Change]:
            path = ("instruments", after.name)
            yield self.say(
                SAFE,
                "instrument.changed",
                path,
                f"文书“{after.label}”有改动",
                "已经出具的文书内容早已固定，只管以后出具的",
            )

        yield from self._section("instruments", "instrument", "文书", self.old.instruments, self.new.instruments, both)

    # --- clocks -----------------------------------------------------------------------------------------------------

    def _clock(self, before: ClockDef, after: ClockDef) -> Iterator[Change]:
        path, found = ("clocks", after.name), aspects.changed(before, after)
        cases = self.use.of("clock", after.name)
        for aspect in found:
            text = f"时限“{after.label}”（{after.name}）改了{aspects.named((aspect,))}{_from_to(aspect, before, after)}"
            if cases:
                why = "有案件的这个时限还在，须在计划里写明：保留原日期、重算，或者留在旧版本"
                yield self.say(MIGRATION, f"clock.{aspect}", path, text, why, cases)
            else:
                yield self.say(SAFE, f"clock.{aspect}", path, text, NOBODY)
        if not found:
            yield self.say(
                SAFE, "clock.words", path, f"时限“{after.label}”（{after.name}）的名称、说明或者提醒谁有改动", WORDS
            )

    # --- matters ----------------------------------------------------------------------------------------------------

    def _matter(self, before: MatterDef, after: MatterDef) -> Iterator[Change]:
        path, cases = ("matters", after.name), self.use.of("matter", after.name)
        if before.each != after.each:
            level, why = (FORBIDDEN, "已经开立的事项分不出是谁的；请另起一个事项") if cases else (SAFE, NOBODY)
            yield self.say(level, "matter.each", path, f"事项“{after.label}”改了是否一人一件", why, cases)
        if before.label != after.label:
            yield self.say(SAFE, "matter.label", path, f"事项“{before.label}”改称“{after.label}”", WORDS)
        if (before.start, before.of, before.many, before.elsewhere) != (
            after.start,
            after.of,
            after.many,
            after.elsewhere,
        ):
            yield self.say(
                SAFE, "matter.opening", path, f"事项“{after.label}”改了从哪里开始、怎样开立或者由谁决定", AHEAD
            )
        for name, state in after.states.items():
            here = (*path, "states", name)
            if name not in before.states:
                yield self.say(
                    SAFE, "state.added", here, f"“{after.label}”新增状态“{state.label}”（{name}）", "还没有案件停在这里"
                )
            elif state != before.states[name]:
                yield from self._state(after, before.states[name], state, here)
        for name, state in before.states.items():
            if name not in after.states:
                yield self._state_gone(after, state, (*path, "states", name))

    def _state_gone(self, matter: MatterDef, state: StateDef, path: tuple[str, ...]) -> Change:
        cases, text = (
            self.use.of("state", (matter.name, state.name)),
            f"“{matter.label}”删去状态“{state.label}”（{state.name}）",
        )
        if not cases:
            return self.say(SAFE, "state.removed", path, text, NOBODY)
        why = f"有案件停在这里，除非计划里写明改到哪个状态（states: {{{matter.name}.{state.name}: 新状态}}），或者让它们留在旧版本"
        return self.say(FORBIDDEN, "state.removed", path, text, why, cases)

    def _state(self, matter: MatterDef, before: StateDef, after: StateDef, path: tuple[str, ...]) -> Iterator[Change]:
        place, cases = f"“{matter.label}”的“{after.label}”", self.use.of("state", (matter.name, after.name))
        if before.end != after.end:
            level, why = (
                (FORBIDDEN, "案件不能因为改文件就办结或者重开；请另设状态，用办理事项走过去")
                if cases
                else (SAFE, NOBODY)
            )
            yield self.say(level, "state.end", path, f"{place}改了是否终点", why, cases)
        if (before.label, before.public) != (after.label, after.public):
            yield self.say(SAFE, "state.words", path, f"{place}的名称或者告诉职工的话有改动", WORDS)
        for name in sorted({*before.clocks} ^ {*after.clocks}):
            came = name in after.clocks
            text = f"{place}{'新增' if came else '不再有'}时限 {name}"
            if not cases:
                yield self.say(SAFE, "state.clocks", (*path, "clocks"), text, NOBODY)
                continue
            why = (
                "有案件停在这里，须在计划里写明："
                + ("重算（起算）、保留（不起算）" if came else "重算（就此停止）")
                + "，或者留在旧版本"
            )
            yield self.say(MIGRATION, "state.clocks", (*path, "clocks"), text, why, cases)
        yield from self._acts(matter, before, after, path)

    def _acts(self, matter: MatterDef, before: StateDef, after: StateDef, path: tuple[str, ...]) -> Iterator[Change]:
        for name in {**before.actions, **after.actions}:
            old, new = before.actions.get(name), after.actions.get(name)
            here = self._act_path(matter.name, path, name, new)
            if new is None:
                yield self._act_moved("act.removed", here, matter, before, name, "没有了这件办理事项")
            elif old is None:
                yield self.say(SAFE, "act.added", here, f"“{after.label}”新增办理事项“{new.label}”（{name}）", AHEAD)
            elif old.to != new.to or bool(old.each) != bool(new.each):
                yield self._act_moved("act.to", here, matter, before, name, f"办完后从到“{old.to}”改为到“{new.to}”")
            if old and new and _without_way(old) != _without_way(new):
                cases = self.use.of("state", (matter.name, after.name))
                yield self.say(
                    SAFE, "act.changed", here, f"“{after.label}”的办理事项“{new.label}”（{name}）有改动", AHEAD, cases
                )

    def _act_path(self, matter: str, path: tuple[str, ...], name: str, act: ActionDef | None) -> tuple[str, ...]:
        return ("matters", matter, "common", name) if act and act.common else (*path, "actions", name)

    def _act_moved(
        self, kind: str, path: tuple[str, ...], matter: MatterDef, state: StateDef, act: str, what: str
    ) -> Change:
        """An act that is gone or leads elsewhere: who has done it did so under the rules of then."""
        done, text = self.use.of("act", (matter.name, state.name, act)), f"“{state.label}”的办理事项 {act}：{what}"
        if not done:
            return self.say(SAFE, kind, path, text, "没有在办案件办过它，" + AHEAD)
        why = f"有案件办过它，按新版本走不通这段历史，须在计划里写明：acts: {{{matter.name}.{act}: keep}}（以当时为准），或者留在旧版本"
        return self.say(MIGRATION, kind, path, text, why, done)


def _without_way(act: ActionDef) -> dict[str, Any]:
    return {k: v for k, v in vars(act).items() if k not in ("to", "each", "common")}


def _from_to(aspect: str, before: ClockDef, after: ClockDef) -> str:
    """The two values, where they are short."""
    if aspect == "length":
        return f"：{_length(before)} → {_length(after)}"
    shown = {"owner": "owner", "kind": "kind", "start": "start", "law": "law"}.get(aspect)
    if shown and getattr(before, shown) != getattr(after, shown):
        return f"：{getattr(before, shown)} → {getattr(after, shown)}"
    return ""


def _length(clock: ClockDef) -> str:
    if clock.until:
        return f"到 {clock.until}"
    return str(clock.remind) if clock.remind else "、".join(str(d.span) for d in clock.within)
