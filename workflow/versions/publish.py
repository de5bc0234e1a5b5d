"""Publishing a version: proved, held against every open case, then one transaction that moves all of them or nothing.

The long part, judging every case, reads without locks. The transaction then locks the open cases in their order, judges again
only those that were touched meanwhile, and writes. Nothing is left half done, and nobody waits for the judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import audit, clock, prover
from workflow.audit import Link
from workflow.definition.model import Definition
from workflow.errors import Conflict, Reason, Refused
from workflow.models import Case, DefinitionVersion, Meta
from workflow.situation import Actor
from workflow.store import Store
from workflow.versions import migrate, open_cases, shelf
from workflow.versions.check import Trial, Verdict
from workflow.versions.diff import Change, diff
from workflow.versions.plan import Plan
from workflow.versions.use import Use

WRITE_BATCH = 1000


@dataclass(frozen=True)
class Published:
    """What a publication did, or would do. `moved`, `pinned`: open cases; `clocks`: clock rows that changed with them;
    `later`: running cases move when the file is published again on that day; `reasons_pinned`: what of the plan left how many behind."""

    version: str
    digest: str
    valid_from: date
    moved: int
    pinned: int
    clocks: int
    dry_run: bool
    later: bool
    reasons_pinned: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        out = {n: v for n, v in vars(self).items() if n != "changes"}
        return {**out, "valid_from": self.valid_from.isoformat(), "changes": [c.as_dict() for c in self.changes]}


def compare(store: Store, definition: Definition) -> list[Change]:
    """The typed difference to the version published last, with how many open cases each change touches."""
    with store.reading() as session:
        base = _base(session)
        use = open_cases.use_of(open_cases.read(session), partial(store.definition, session))
        return diff(store.definition(session, base.id), definition, use)


def versions_in_use(store: Store) -> list[Definition]:
    """The versions open cases run under, whose names a plan may use."""
    with store.reading() as session:
        ids = session.scalars(
            select(Case.definition_id).where(Case.closed_on.is_(None)).distinct().order_by(Case.definition_id)
        )
        return [store.definition(session, i) for i in ids]


def publish(store: Store, actor: Actor, definition: Definition, plan: Plan | None = None, *, valid_from: date | None = None,
            dry_run: bool = False) -> Published:  # fmt: skip
    """Make a definition the one new cases run under from `valid_from` (today) on, and move the running cases to it.

    A day in the future is noted now; the running cases then move when the same file is published again on or after that day.
    Raises Forbidden; Refused where there is nothing to do, where the prover refutes it, and with every open case that is
    neither safe nor provided for in the plan; Conflict where somebody else published meanwhile. Then nothing is written.
    """
    shelf.require_admin(actor)
    one = _Publication(store, actor, definition, plan or Plan(), clock.today(), valid_from)
    with store.reading() as session:
        one.may_begin(session)
    prove(definition)
    with store.reading() as session:
        one.judge(session, open_cases.read(session))
        changes = diff(store.definition(session, one.base_id), definition, one.use(session)) if one.base_id else []
    one.refuse_troubles()
    if dry_run:
        return one.outcome(sum(_changed(v) for v in one.moving()), changes, dry_run=True)
    with store.writing() as session:
        clocks = one.write(session)
    return one.outcome(clocks, changes)


def prove(definition: Definition) -> None:
    """Raises Refused with every counter-example where the prover finds that a case can stand still under it."""
    proof = prover.prove(definition)
    if not proof.ok:
        found = [c.sentence for v in proof.verdicts for c in v.counterexamples]
        head = f"版本 {definition.version} 有 {len(found)} 处证明不成立，没有发布。请先运行 greenchannel prove 看清楚，改好再发布。"
        raise Refused([Reason(head, "refuted"), *(Reason(sentence, "refuted") for sentence in found)])


def _base(session: Session) -> DefinitionVersion:
    base = shelf.last_published(session)
    if base is None:
        raise Refused("还没有发布过办理流程。请先运行 greenchannel init-db。")
    return base


def _changed(verdict: Verdict) -> int:
    return sum(c.how != "renamed" for m in verdict.matters for c in m.clocks)


class _Publication:
    """One publication on its way."""

    def __init__(
        self, store: Store, actor: Actor, new: Definition, plan: Plan, today: date, valid_from: date | None
    ) -> None:
        self.store, self.actor, self.new, self.plan, self.today = store, actor, new, plan, today
        self.valid_from = valid_from or today
        self.base_id = 0
        """The version it follows; 0 where it is published already and only running cases move."""
        self.verdicts: dict[int, Verdict] = {}
        self._heads: dict[int, Link] = {}

    @property
    def later(self) -> bool:
        return self.valid_from > self.today

    # --- judging ----------------------------------------------------------------------------------------------------

    def may_begin(self, session: Session) -> None:
        """Raises Refused where there is nothing to do or the days do not go."""
        mine, base = shelf.by_digest(session, self.new.digest), _base(session)
        if mine is not None and mine.state != shelf.DRAFT:
            self._again(mine)
            return
        if self.valid_from < self.today:
            raise Refused(
                f"生效日期 {self.valid_from} 已经过了。新版本不能追溯既往，请写今天（{self.today}）或者以后的日期。"
            )
        if base.valid_from and base.valid_from > self.today and self.valid_from <= base.valid_from:
            raise Refused(f"版本 {base.version} 已定于 {base.valid_from} 生效。请把这一版的生效日期定在那天以后。")
        self.base_id = base.id

    def _again(self, mine: DefinitionVersion) -> None:
        """A file published before: only running cases it still has to take over are left to do."""
        if mine.state == shelf.RETIRED:
            days = f"{mine.valid_from or '启用'} 至 {mine.valid_until}"
            raise Refused(f"这份文件曾经发布过（{days}），已经失效。要恢复它的内容，请先改 version 再发布。")
        if mine.moved_at is not None:
            raise Refused(f"这份文件（版本 {mine.version}）已经发布，没有要做的事。")
        if mine.valid_from and mine.valid_from > self.today:
            raise Refused(
                f"这份文件（版本 {mine.version}）已经发布，{mine.valid_from} 生效。请在那天以后再运行一次，转入运行中的案件。"
            )
        self.base_id, self.valid_from = 0, mine.valid_from or self.today

    def trial(self, session: Session) -> Trial:
        """What every case is held against."""
        return Trial(self.new, self.plan, partial(self.store.definition, session), self.store.calendar(session), self.today,
                     self.store.settings.demo)  # fmt: skip

    def judge(self, session: Session, cases: Iterable[open_cases.OpenCase]) -> None:
        """Judge these cases, in place of what was said of them before."""
        trial = self.trial(session)
        for case in cases:
            self.verdicts[case.id] = trial.judge(case)
            self._heads[case.id] = case.head

    def use(self, session: Session) -> Use:
        """What the judged cases stand on."""
        return open_cases.use_of((v.case for v in self.verdicts.values()), partial(self.store.definition, session))

    def moving(self) -> list[Verdict]:
        """The cases that move, in the order of their ids."""
        return [self.verdicts[i] for i in sorted(self.verdicts) if self.verdicts[i].moves]

    def pinned(self) -> list[Verdict]:
        return [v for v in self.verdicts.values() if v.pinned]

    def refuse_troubles(self) -> None:
        """Raises Refused with every case that cannot move and every reason."""
        unsafe = [v for v in self.verdicts.values() if v.troubles]
        if not unsafe:
            return
        head = Reason(
            f"有 {len(unsafe)} 件在办案件换到版本 {self.new.version} 不安全，什么都没有发布。逐件列在下面。",
            "cases_unsafe",
        )
        raise Refused([head, *(
            Reason(f"案件 {v.case.case_no}：{t.text}", "case_unsafe", t.law, "管理员", v.case.case_no)
            for v in sorted(unsafe, key=lambda v: v.case.case_no) for t in v.troubles
        )])  # fmt: skip

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, session: Session) -> int:
        """Everything in this one transaction; the number of clocks that changed."""
        # One publication at a time, and before any case is locked: whoever comes second sees what the first has written.
        session.execute(select(Meta.value).where(Meta.name == "system-head").with_for_update()).scalar_one()
        row, ended = self._promote(session)
        clocks = 0 if self.later else self._move_all(session, row.id)
        if not self.later:
            row.moved_at = clock.now()
        session.flush()
        payload = {
            **shelf.said_of(row), "ended": [shelf.said_of(e) for e in ended], "plan": self.plan.as_dict(),
            "moved": 0 if self.later else len(self.moving()), "pinned": len(self.pinned()), "clocks": clocks, "later": self.later,
        }  # fmt: skip
        kind, label = (
            ("definition:published", "发布办理流程") if self.base_id else ("definition:moved", "运行中的案件转入新版本")
        )
        audit.record(session, self.actor, kind=kind, label=label, payload=payload)
        return clocks

    def _promote(self, session: Session) -> tuple[DefinitionVersion, list[DefinitionVersion]]:
        """The version's row, published, and the versions that ended with it. Raises Conflict where somebody was faster."""
        mine, base = shelf.by_digest(session, self.new.digest), _base(session)
        published = mine is not None and mine.state != shelf.DRAFT
        if (
            published == bool(self.base_id)
            or (self.base_id and base.id != self.base_id)
            or (published and mine and mine.moved_at)
        ):
            raise Conflict(
                f"这期间另有人发布了办理流程（现在是版本 {base.version}）。请重新运行 definition diff 看清差别后再发布。"
            )
        ended = []
        if self.base_id:
            base.valid_until = self.valid_from - timedelta(days=1)
            ended.append(base)
            session.flush()  # before the next one opens: the database allows one open validity
            mine = self._publish(session, mine)
        ended += self._retire(session)
        assert mine is not None
        return mine, list({e.id: e for e in ended}.values())

    def _publish(self, session: Session, mine: DefinitionVersion | None) -> DefinitionVersion:
        now, who = clock.now(), shelf.name_of(self.actor)
        if mine is None:
            mine = DefinitionVersion(
                digest=self.new.digest, version=self.new.version, text=self.new.text, stored_at=now, stored_by=who
            )
            session.add(mine)
        mine.state, mine.valid_from, mine.published_at, mine.published_by = shelf.PUBLISHED, self.valid_from, now, who
        session.flush()
        return mine

    def _retire(self, session: Session) -> list[DefinitionVersion]:
        """Versions whose last day has passed are retired."""
        v = DefinitionVersion
        over = list(session.scalars(select(v).where(v.state == shelf.PUBLISHED, v.valid_until < self.today)))
        for row in over:
            row.state, row.retired_at, row.retired_by = shelf.RETIRED, clock.now(), shelf.name_of(self.actor)
        session.flush()
        return over

    def _move_all(self, session: Session, definition_id: int) -> int:
        """Lock the open cases in their order (as the worker process does), judge again what was touched, move all."""
        query = (
            select(Case.id, Case.head_seq, Case.head_hash)
            .where(Case.closed_on.is_(None))
            .order_by(Case.id)
            .with_for_update()
        )
        now = {r.id: Link(r.head_seq, r.head_hash) for r in session.execute(query)}
        for closed in self.verdicts.keys() - now.keys():
            del self.verdicts[closed]
        if stale := [i for i, head in now.items() if self._heads.get(i) != head]:
            self.judge(session, open_cases.read(session, stale))
            self.refuse_troubles()
        moving, trial = self.moving(), self.trial(session)
        return sum(
            migrate.apply(session.connection(), self.actor, trial, definition_id, moving[i : i + WRITE_BATCH])
            for i in range(0, len(moving), WRITE_BATCH)
        )

    def outcome(self, clocks: int, changes: list[Change], dry_run: bool = False) -> Published:
        """What was done, or would be."""
        pinned: dict[str, int] = {}
        for v in self.pinned():
            pinned[v.pinned] = pinned.get(v.pinned, 0) + 1
        return Published(
            self.new.version, self.new.digest, self.valid_from, 0 if self.later else len(self.moving()), len(self.pinned()),
            0 if self.later else clocks, dry_run, self.later, pinned, tuple(changes),
        )  # fmt: skip
