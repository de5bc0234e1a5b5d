"""Holding a new version against one open case: may it move, must it stay, and what becomes of its clocks. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workflow.cases import typed
from workflow.daycount import Calendar
from workflow.definition.model import ClockDef, Definition, MatterDef, StateDef
from workflow.errors import BadInput
from workflow.versions import aspects
from workflow.versions.open_cases import OpenCase
from workflow.versions.plan import GRANDFATHER, KEEP, RECOMPUTE, WAYS, Plan
from workflow.versions.reckon import Reckoner, Row, dates_of
from workflow.versions.walk import Moved, walk

NOW = 2**62
"""The move being tried comes after every event there is."""
ANY_WAY = (KEEP, RECOMPUTE)


@dataclass(frozen=True)
class Trouble:
    """Why a case may not move: the plan's section and name it is about, the sentence, the article."""

    section: str
    name: str
    text: str
    law: str = ""


@dataclass
class ClockMove:
    """What becomes of one clock row. `how`: recomputed, kept, started, stopped, or renamed (only its label follows)."""

    how: str
    before: Row | None
    after: Row


@dataclass
class MatterMove:
    """What becomes of one matter."""

    matter: dict[str, Any]
    to_state: str
    clocks: list[ClockMove] = field(default_factory=list)

    @property
    def moved(self) -> bool:
        """Whether a person who saw it before would see it changed: another state or another clock, not only words."""
        return self.to_state != self.matter["state"] or any(c.how != "renamed" for c in self.clocks)

    def rows(self, rows: list[Row]) -> list[Row]:
        """All clock rows of the matter as they will be."""
        after = {c.after["id"]: c.after for c in self.clocks if "id" in c.after}
        return [*(after.get(r["id"], r) for r in rows), *(c.after for c in self.clocks if "id" not in c.after)]


@dataclass
class Verdict:
    """What the new version means for a case. `pinned`: what of the plan leaves it under its own version ("" where nothing)."""

    case: OpenCase
    troubles: list[Trouble] = field(default_factory=list)
    pinned: str = ""
    same: bool = False
    matters: list[MatterMove] = field(default_factory=list)
    let_stand: set[str] = field(default_factory=set)

    @property
    def moves(self) -> bool:
        return not (self.troubles or self.pinned or self.same)


@dataclass(frozen=True)
class Trial:
    """What every case is held against. `version`: a definition by its id in the database."""

    new: Definition
    plan: Plan
    version: Callable[[int], Definition]
    calendar: Calendar
    today: date
    unconfirmed_count: bool

    def judge(self, case: OpenCase) -> Verdict:
        """The verdict on one case; the case itself is left as it is."""
        old = self.version(case.definition_id)
        verdict = Verdict(case, same=old.digest == self.new.digest)
        if not verdict.same and self.plan.pins(case.case_no):
            verdict.pinned = "cases"
        if not (verdict.same or verdict.pinned):
            for matter in case.matters:
                if (m := old.matters.get(matter["name"])) is None or matter["state"] not in m.states:
                    text = f"事项 {matter['name']} 的状态 {matter['state']} 在它自己的版本里也没有，请先运行 verify-audit 查明。"
                    verdict.troubles.append(Trouble("cases", case.case_no, text))
                    continue
                _Matter(self, verdict, old, matter).judge()
            self._file(verdict, old)
        if verdict.pinned:
            verdict.troubles.clear()
        return verdict

    def ask(self, verdict: Verdict, trouble: Trouble, ways: tuple[str, ...] = ()) -> str:
        """What the plan says of a trouble, of the `ways` it may be met; noted as a trouble where it says nothing that helps."""
        said = self.plan.of(trouble.section, trouble.name)
        if said == GRANDFATHER:
            verdict.pinned = f"{trouble.section}.{trouble.name}"
        elif said not in ways:
            listed = "、".join(f"{w}（{WAYS[w]}）" for w in (*ways, GRANDFATHER))
            name = f"{trouble.section}: {{{trouble.name}: …}}" if trouble.name else trouble.section
            tried = f"计划里写的 {said} 在这里不行。" if said else ""
            text = f"{trouble.text}。{tried}可以在计划里写 {name}：{listed}，或者 cases 里让本案留在旧版本。"
            verdict.troubles.append(Trouble(trouble.section, trouble.name, text, trouble.law))
        return said

    def _file(self, verdict: Verdict, old: Definition) -> None:
        """Papers received, documents issued and people served keep their names."""
        case, new = verdict.case, self.new
        people = {r["addressee"] for m in case.matters for r in case.live(m["id"])} - {""}
        for word, used, before, after in (
            ("在卷材料", case.papers, old.papers, new.papers), ("已出文书", case.instruments, old.instruments, new.instruments),
            ("收件人", people, old.people, new.people),
        ):  # fmt: skip
            for name in sorted(used):
                if name in before and name not in after:
                    self.ask(verdict, Trouble("cases", verdict.case.case_no, f"{word} {name} 在新版本里没有了"))


class _Matter:
    """One matter of the case under the new version."""

    def __init__(self, trial: Trial, verdict: Verdict, old: Definition, matter: dict[str, Any]) -> None:
        self.trial, self.verdict, self.old, self.matter = trial, verdict, old, matter
        self.new, self.name, self.case = trial.new, str(matter["name"]), verdict.case

    def judge(self) -> None:
        defined = self.new.matters.get(self.name)
        if defined is None:
            self._ask("matters", self.name, f"新版本没有事项“{self.old.matters[self.name].label}”")
            return
        self._facts()
        if (to := self._place(defined)) is None:
            return
        self._history(to)
        if self.verdict.pinned:
            return
        move = MatterMove(self.matter, to)
        self._clocks(defined, to, move)
        if not self._watched(defined.states[to], move):
            self.verdict.troubles.append(
                Trouble("clocks", "", f"“{defined.label}”换版本后没有任何时限看着，事情会搁住。请改计划或者新版本")
            )
        self.verdict.matters.append(move)

    def _ask(self, section: str, name: str, text: str, ways: tuple[str, ...] = (), law: str = "") -> str:
        return self.trial.ask(self.verdict, Trouble(section, name, text, law), ways)

    # --- where it stands --------------------------------------------------------------------------------------------

    def _place(self, defined: MatterDef) -> str | None:
        """The state it comes to; None where there is none, which has been said."""
        before = self.old.matters[self.name].states[self.matter["state"]]
        key = f"{self.name}.{before.name}"
        to = self.trial.plan.state(self.name, before.name)
        if to == GRANDFATHER:
            self.verdict.pinned = f"states.{key}"
            return None
        if to not in defined.states:
            self._ask("states", key, f"“{defined.label}”停在“{before.label}”，新版本没有这个状态，请写明改到哪个状态")
            return None
        if defined.states[to].end != before.end:
            self._ask("states", key, f"“{defined.label}”的“{before.label}”改了是否终点，换版本不能使事项办结或者重开")
            return None
        if defined.each != self.old.matters[self.name].each:
            self._ask("matters", self.name, f"“{defined.label}”改了是否一人一件，分不出已开立的是谁的")
            return None
        return to

    def _facts(self) -> None:
        for name, value in self.matter["facts"].items():
            before, after = aspects.fact_type(self.old, name), aspects.fact_type(self.new, name)
            if value is None or not before:
                continue  # made by a preparation: no version declares it
            if before != after:
                became = f"改成了 {after}" if after else "没有了"
                self._ask("facts", name, f"已经存下的填写项 {name}（{before}）在新版本里{became}")
            elif before == "choice" and name in self.new.facts:
                # what the system wrote itself (the kind of document a remedy is about) nobody has chosen
                chosen = str(value) in self.old.facts[name].choices
                if chosen and str(value) not in self.new.facts[name].choices:
                    self._ask("facts", name, f"已经选下的 {name}={value} 在新版本里没有这个选项")

    def _history(self, to: str) -> None:
        """Walk the recorded acts through the new machine: they must come to where the matter stands."""
        acts = self.case.acts[self.matter["id"]]
        opened = self.case.began.get(self.matter["id"]) or (acts[0].from_state if acts else self.matter["state"])
        moves = [*self.case.moves, Moved(NOW, self.trial.plan.states())]
        at, stumbles = walk(self.new, self.name, opened, acts, moves, lambda _: False)
        for act, text in {s.act: s.text for s in reversed(stumbles)}.items():
            if self._ask("acts", act, f"办过的事按新版本走不通：{text}", (KEEP,)) == KEEP:
                self.verdict.let_stand.add(act)
        if at != to:
            self._ask("cases", self.case.case_no, f"按办理记录走到“{at}”，案件却停在“{to}”，请先运行 verify-audit 查明")

    # --- clocks -----------------------------------------------------------------------------------------------------

    def _reckoner(self, definition: Definition) -> Reckoner:
        trial, case = self.trial, self.case
        facts = typed.typed(self.old, {k: v for k, v in self.matter["facts"].items() if aspects.fact_type(self.old, k)})
        known = {"diagnosed_on": case.diagnosed_on} if case.diagnosed_on else {}
        dates = typed.days(definition, {**known, **facts})
        return Reckoner(
            definition, trial.calendar, trial.today, self.matter, dates, trial.unconfirmed_count, case.placed_on
        )

    def _clocks(self, defined: MatterDef, to: str, move: MatterMove) -> None:
        rows, state = self.case.live(self.matter["id"]), defined.states[to]
        before = self.old.matters[self.name].states[self.matter["state"]]
        if not rows and set(state.clocks) <= set(before.clocks):
            return
        used = _used(defined)
        for row in rows:
            here = row["name"] in before.clocks and row["name"] not in state.clocks
            if row["name"] not in self.new.clocks or row["name"] not in used or here:
                self._leaves(row, move)
            else:
                self._stays(row, defined, move)
        running = {r["name"] for r in rows}
        for name in state.clocks:
            if not state.end and name not in running and name not in before.clocks:
                self._comes(self.new.clocks[name], state, move)

    def _leaves(self, row: Row, move: MatterMove) -> None:
        """A live clock the new version does not have here: it ends with the move, or the case stays."""
        text = f"时限“{row['label']}”（{_due(row)}）在新版本的这个状态里没有了"
        if self._ask("clocks", row["name"], text, (RECOMPUTE,), row["law"]) == RECOMPUTE:
            closed = {**row, "state": "stopped", "closed_on": self.trial.today, "fire_on": None, "done_on": None}
            move.clocks.append(ClockMove("stopped", row, closed))

    def _comes(self, clock: ClockDef, state: StateDef, move: MatterMove) -> None:
        """A clock the new version has in this state and the case does not."""
        ways = (KEEP,) if clock.each else ANY_WAY
        text = f"新版本在“{state.label}”多了时限“{clock.label}”，本案没有（keep 不起算，recompute 起算）"
        if self._ask("clocks", clock.name, text, ways, clock.law) != RECOMPUTE or clock.each:
            return
        rows = self.case.clocks[self.matter["id"]]
        for made in self._reckoner(self.new).started(clock.name, rows):
            if _missed(made, self.trial.today):
                self._refuse(
                    clock.name, f"时限“{clock.label}”一起算就已经过了（{made['due_on']}），等于追溯既往", clock.law
                )
            else:
                before = next((r for r in rows if r["id"] == made.get("id")), None)
                move.clocks.append(ClockMove("started", before, made))

    def _stays(self, row: Row, defined: MatterDef, move: MatterMove) -> None:
        """A live clock both versions have: reckoned under each, and compared."""
        version = self.trial.version(row["kept_id"]) if row["kept_id"] else self.old
        old, new = version.clocks[row["name"]], self.new.clocks[row["name"]]
        before = self.old.matters[self.name]
        if row["state"] == "paused" and row["name"] in _resumed(before) - _resumed(defined):
            self._refuse(row["name"], f"时限“{row['label']}”正在中止，新版本里却没有恢复它的办理事项", row["law"])
            return
        found = aspects.changed(old, new)
        if not found and not aspects.answers(version, self.new):
            if row["label"] != new.label:
                move.clocks.append(ClockMove("renamed", row, {**row, "label": new.label}))
            return
        try:
            after, clear = self._reckoned(row, version, old, new)
        except BadInput as unreckonable:
            self._refuse(row["name"], unreckonable.sentences()[0].rstrip("。"), row["law"])
            return
        self._compare(row, found, after, clear, move)

    def _reckoned(self, row: Row, version: Definition, old: ClockDef, new: ClockDef) -> tuple[tuple[Row, Row], bool]:
        """The row under the old and the new version, and whether its start could be told under both."""
        before, after = self._reckoner(version), self._reckoner(self.new)
        received = self.case.received.get((self.matter["id"], row["addressee"])) if row["addressee"] else None
        was, now = before.begins(old, received), after.begins(new, received)
        if row["state"] == "unstarted":
            begun = {**row, "state": "running"}
            return (row, after.row(begun, (now[0], now[1], now[2])) if now[0] and not was[0] else row), True
        same = before.row(row)
        if was[0] == now[0]:  # whatever round the row belongs to, it began on the same day
            code = now[1] if row["code"] == was[1] else row["code"]
            return (
                same,
                after.row(row, (row["start_on"], code, now[2] if row["law"] in (was[2], "") else row["law"])),
            ), True
        clear = was[0] == row["start_on"] and now[0] is not None
        return (same, after.row(row, (now[0], now[1], now[2]) if clear and now[0] else None)), clear

    def _compare(
        self, row: Row, found: tuple[str, ...], reckoned: tuple[Row, Row], clear: bool, move: MatterMove
    ) -> None:
        before, after = reckoned
        differs = dates_of(before) != dates_of(after)
        if not differs and clear and set(found) <= aspects.DATED:
            return
        what = f"改了{aspects.named(found)}" if found else "因没有定论的问题改了答案"
        text = f"时限“{row['label']}”{what}：{_due(row)}，按新版本{_due(after)}" if clear else (
            f"时限“{row['label']}”{what}，本案按新版本从哪天起算定不下来（现在{_due(row)}）"
        )  # fmt: skip
        missed, would = _missed(row, self.trial.today), _missed(after, self.trial.today)
        said = self._ask("clocks", row["name"], text, ANY_WAY if clear else (KEEP,), row["law"])
        if said == KEEP or (said == RECOMPUTE and missed and not would):  # a missed day is never made a met one
            move.clocks.append(ClockMove("kept", row, {**row, "kept_id": row["kept_id"] or self.case.definition_id}))
        elif said == RECOMPUTE and would and not missed:
            self._refuse(
                row["name"], f"时限“{row['label']}”重算后已经过了（{after['due_on']}），等于追溯既往", row["law"]
            )
        elif said == RECOMPUTE and clear:
            move.clocks.append(ClockMove("recomputed", row, _same_alarms(row, after) if not differs else after))

    def _refuse(self, clock: str, text: str, law: str = "") -> None:
        """What no recomputation can cure."""
        said = self.trial.plan.of("clocks", clock)
        if said == GRANDFATHER:
            self.verdict.pinned = f"clocks.{clock}"
            return
        text += f"。可以在计划里写 clocks: {{{clock}: {GRANDFATHER}}}，或者 cases 里让本案留在旧版本"
        self.verdict.troubles.append(Trouble("clocks", clock, text + "。", law))

    def _watched(self, state: StateDef, move: MatterMove) -> bool:
        """Whether somebody still watches the matter: a stand-still made by a new version would be seen by nobody."""
        rows = move.rows(self.case.clocks[self.matter["id"]])
        asked = any(t.section == "clocks" for t in self.verdict.troubles)  # said already, and cured with it
        before = bool(self.case.live(self.matter["id"]))
        return state.end or asked or not before or any(r["state"] in ("running", "paused", "unstarted") for r in rows)


def _used(defined: MatterDef) -> set[str]:
    """Every clock that may run in a matter."""
    states = defined.states.values()
    return {n for s in states for n in s.clocks} | {n for s in states for a in s.actions.values() for n in a.start}


def _resumed(defined: MatterDef) -> set[str]:
    """Every clock some act of the matter takes up again."""
    return {n for s in defined.states.values() for a in s.actions.values() for n in a.resume}


def _missed(row: Row, today: date) -> bool:
    """Whether the last day of a legal clock has passed."""
    return bool(row["legal"] and row["state"] == "running" and row["kind"] == "deadline" and row["due_on"] < today)


def _same_alarms(row: Row, after: Row) -> Row:
    """The row with what was already fired for the same day left fired."""
    return {**after, **{n: row[n] for n in ("fire_on", "fire_stage", "expired_on", "near_on")}}


def _due(row: Row) -> str:
    return f"{row['due_on']} 届满" if row["due_on"] else "还没有起算"
