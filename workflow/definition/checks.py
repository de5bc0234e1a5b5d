"""What no single line can show: states nobody reaches or leaves, clocks paused for ever, acts on idle clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workflow.definition.faults import Fault
from workflow.definition.matters import CLOCK_ACTS, places
from workflow.definition.model import ActionDef, ClockDef, FactDef, MatterDef, StateDef
from workflow.definition.nodes import Table, line_of

NEEDS = {
    "pause": ("pauses", "中止"), "extend": ("extends", "延长"), "shift": ("shifts", "改期"), "exclude": ("excludes", "扣除"),
}  # fmt: skip
OUTCOME = "outcome"


def check(root: Table, facts: Mapping[str, FactDef], clocks: Mapping[str, ClockDef],
          matters: Mapping[str, MatterDef]) -> Iterator[Fault]:  # fmt: skip
    """Every fault of the whole, in no order."""
    for matter in matters.values():
        one = _Matter(root, clocks, matter)
        yield from one.reach()
        yield from one.leave()
        yield from one.clock_acts()
        yield from one.pauses()
        yield from one.addressees()
        yield from one.public()
    yield from _routes(root, clocks, matters)
    yield from _children(root, facts, matters)


@dataclass(frozen=True)
class _Matter:
    root: Table
    clocks: Mapping[str, ClockDef]
    matter: MatterDef

    def _acts(self) -> Iterator[tuple[StateDef, ActionDef]]:
        for state in self.matter.states.values():
            for action in state.actions.values():
                yield state, action

    def _state(self, state: StateDef, key: str, text: str) -> Fault:
        return Fault(line_of(self.root, "matters", self.matter.name, "states", state.name, key), text)

    def _act(self, state: StateDef, action: ActionDef, key: str, text: str) -> Fault:
        return Fault(act_line(self.root, self.matter, state, action, key), f"办理事项“{action.name}”{text}")

    def _running(self) -> set[str]:
        """The clocks that ever run in this matter."""
        found = {name for state in self.matter.states.values() for name in state.clocks}
        return found | {name for _, action in self._acts() for name in action.start}

    # --- ways -------------------------------------------------------------------------------------------------------

    def reach(self) -> Iterator[Fault]:
        """States no way leads to from the start."""
        states, start = self.matter.states, self.matter.start
        if start not in states:
            return
        seen, waiting = {start}, [start]
        while waiting:
            for action in states[waiting.pop()].actions.values():
                if action.to in states and action.to not in seen:
                    seen.add(action.to)
                    waiting.append(action.to)
        for state in states.values():
            if state.name not in seen:
                text = f"状态“{state.name}”从起点“{start}”走不到。请让某件办理事项的 to 指向它，或删掉这个状态。"
                yield self._state(state, "", text)

    def leave(self) -> Iterator[Fault]:
        """States from which no way leads to an end. Those that only lead into a blind one are cured with it."""
        states = self.matter.states
        ends = {s.name for s in states.values() if s.end}
        # A way to an unknown state is a fault of its own: here it counts as a way out.
        ends |= {state.name for state, action in self._acts() if action.to not in states}
        stuck = set(states) - self._leading_to(ends)
        blind = {name for name in stuck if all(a.to == name for a in states[name].actions.values())}
        told = blind | (stuck - self._leading_to(blind))
        cure = "请加一件 to 指向别的状态、最后能到终点的办理事项；它本身是终点的，写 end: true"
        for name in told:
            yield self._state(states[name], "", f"状态“{name}”没有出路，永远到不了终点。{cure}。")

    def _leading_to(self, names: set[str]) -> set[str]:
        """Those states and every state some way leads to them from."""
        back: dict[str, set[str]] = {}
        for state, action in self._acts():
            back.setdefault(action.to, set()).add(state.name)
        found, waiting = set(names), list(names)
        while waiting:
            new = back.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    # --- clocks -----------------------------------------------------------------------------------------------------

    def clock_acts(self) -> Iterator[Fault]:
        """Acts on clocks that do not run here, or that the law does not let anybody touch that way."""
        running = self._running()
        for state, action in self._acts():
            for key in CLOCK_ACTS:
                names: tuple[str, ...] = getattr(action, key)
                for name in names:
                    if name not in running:
                        text = f"的 {key} 写了时限“{name}”，但它在本事项里从来不走。"
                        yield self._act(state, action, key, text + "请改正，或在某个状态的 clocks 里写上它。")
                    ground, means = NEEDS.get(key, ("", ""))
                    if ground and name in self.clocks and not self._allows(name, ground):
                        text = f"要{means}时限“{name}”，但这个时限没有写 {ground}（凭哪一条可以{means}）。"
                        yield self._act(state, action, key, text + "请在 clocks 里补上，或删掉。")

    def _allows(self, clock: str, ground: str) -> bool:
        clocks = self.root.get("clocks")
        table = clocks.get(clock) if isinstance(clocks, Table) else None
        return isinstance(table, Table) and ground in table.names()

    def pauses(self) -> Iterator[Fault]:
        """A pause nobody ends, an end of a pause nobody began."""
        paused = {name for _, action in self._acts() for name in action.pause}
        resumed = {name for _, action in self._acts() for name in action.resume}
        for state, action in self._acts():
            for name in action.pause:
                if name not in resumed:
                    text = f"中止了时限“{name}”，本事项里却没有恢复它的。请在某件办理事项里写 resume: [{name}]。"
                    yield self._act(state, action, "pause", text)
            for name in action.resume:
                if name not in paused:
                    text = f"要恢复时限“{name}”，本事项里却没有中止它的。请在某件办理事项里写 pause: [{name}]，或删掉。"
                    yield self._act(state, action, "resume", text)

    def addressees(self) -> Iterator[Fault]:
        """A clock of each addressee needs an act that records each, and an instrument that has addressees."""
        issues = any(action.issue for _, action in self._acts())
        for state in self.matter.states.values():
            single = [n for n in state.clocks if n in self.clocks and self.clocks[n].each]
            if single and not state.end and not any(a.each for a in state.actions.values()):
                text = f"状态“{state.name}”的时限“{single[0]}”每个收件人各算各的，却没有逐人登记的办理事项。"
                yield self._state(state, "clocks", text + "请加一件带 each: addressee 的。")
            for action in state.actions.values():
                if action.each and not single:
                    text = f"逐人登记（each），状态“{state.name}”却没有逐人计算的时限。"
                    yield self._act(state, action, "each", text + "请给时限写 each: addressee，或删掉这里的 each。")
                elif action.each and not issues:
                    text = "逐人登记（each），本事项却不发任何文书，没有收件人。"
                    yield self._act(state, action, "each", text + "请在前面的办理事项里写 issue，或删掉这里的 each。")
                for name in action.start:
                    named = action.each or action.issue or "addressee" in action.ask
                    if name in self.clocks and self.clocks[name].each and not named:
                        text = f"要启动时限“{name}”，它按收件人各算各的，这里却没有收件人。"
                        yield self._act(state, action, "start", text + "请写 each: addressee 或 issue，或删掉。")

    def public(self) -> Iterator[Fault]:
        """Days promised to the worker that no clock of this matter has."""
        running = self._running()
        for state in self.matter.states.values():
            for name in places(state.public):
                if name in self.clocks and name not in running:
                    text = f"状态“{state.name}”的 public 写了 {{{name}.due}}，但这个时限在本事项里从来不走。"
                    yield self._state(state, "public", text + "请换成本事项的时限。")


def act_line(root: Table, matter: MatterDef, state: StateDef, action: ActionDef, key: str = "") -> int:
    """The line an act (or a key of it) is written on: with its state, or once for several."""
    where = ("common",) if action.common else ("states", state.name, "actions")
    return line_of(root, "matters", matter.name, *where, action.name, key)


def _routes(root: Table, clocks: Mapping[str, ClockDef], matters: Mapping[str, MatterDef]) -> Iterator[Fault]:
    for clock in clocks.values():
        for key, act in (("route", clock.on_expiry.route), ("do", clock.on_expiry.act)):
            states = [s for m in matters.values() for s in m.states.values() if clock.name in s.clocks]
            if act and states and not any(act in s.actions for s in states):
                text = f"时限“{clock.name}”到期后办“{act}”，用到它的状态里却没有这件办理事项。"
                yield Fault(line_of(root, "clocks", clock.name, "on_expiry", key), text + f"请在那里写上，或改 {key}。")
        for matter in matters.values():
            for state in matter.states.values():
                done = state.actions.get(clock.on_expiry.act) if clock.on_expiry.act else None
                if done is not None and "system" not in done.by:
                    text = (
                        f"由时限“{clock.name}”到期自动办理，by 里却没有 system（系统）。请补上，或改用 route 请人办。"
                    )
                    yield Fault(act_line(root, matter, state, done, "by"), f"办理事项“{done.name}”{text}")


def _children(root: Table, facts: Mapping[str, FactDef], matters: Mapping[str, MatterDef]) -> Iterator[Fault]:
    """Acts done on a parent: known outcomes, acts the parents have."""
    outcomes = facts[OUTCOME].choices if OUTCOME in facts else {}
    for matter in matters.values():
        parents = [matters[name] for name in matter.of if name in matters]
        for state in matter.states.values():
            for action in state.actions.values():
                for outcome, act in action.parent.items():
                    line = act_line(root, matter, state, action, "parent")
                    if outcome != "any" and outcome not in outcomes:
                        known = "、".join(outcomes) or "（先在 facts 里写 outcome）"
                        yield Fault(
                            line,
                            f"办理事项“{action.name}”的 parent 里没有“{outcome}”这个结果。请改成：{known}，或 any。",
                        )
                    for parent in parents:
                        if act and not any(act in s.actions for s in parent.states.values()):
                            text = f"要在上级事项“{parent.label}”办“{act}”，那里却没有这件。请补上，或改 parent。"
                            yield Fault(line, f"办理事项“{action.name}”{text}")
                if action.parent and not parents and not matter.each:  # each without of is told at the matter
                    text = f"写了 parent，事项“{matter.label}”却没有写 of（上级事项）。请补上，或删掉。"
                    yield Fault(act_line(root, matter, state, action, "parent"), f"办理事项“{action.name}”{text}")


def gone(root: Table, matters: Mapping[str, MatterDef], used: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    """Every (matter, state) in use that the file no longer has."""
    for matter, state in sorted(set(used)):
        if matter not in matters:
            text = f"数据库里有案件正在办事项“{matter}”（状态“{state}”），文件里却没有这个事项。"
            yield Fault(line_of(root, "matters"), text + "请恢复它，或先把这些案件办结。")
        elif state not in matters[matter].states:
            text = f"数据库里有案件停在事项“{matter}”的状态“{state}”，文件里却没有这个状态。"
            line = line_of(root, "matters", matter, "states")
            yield Fault(line, text + "请恢复它，或先把这些案件办到别的状态。")
