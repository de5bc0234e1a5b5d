"""Writing what a form says: 附件2 into the ledger of employers, 附件3 as cases placed where their dates say they stand.

Placing writes one event per case. No act is replayed, no document ordered, no message sent; what the form does not tell
is unknown and becomes a task (补录).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from workflow import audit, clock, sealed
from workflow.cases.opening import NewCase, Placement, write_case
from workflow.exchange.faults import Fault, shown
from workflow.exchange.forms import Form, county_in, read_form
from workflow.exchange.rows import EMPLOYERS, EmployerRow, WorkerRow
from workflow.models import Case, Employer, ImportedFile, Matter, Office, Worker
from workflow.setup import machine_account
from workflow.situation import Actor
from workflow.store import Store

UNKNOWN_OF_EVERY_CASE = ("certificate_no", "institution", "dispute", "phone", "occupation")


@dataclass
class Imported:
    """What an import did, or would do (`dry_run`): counts, faults and warnings as lines, new case numbers."""

    kind: str
    file: str
    digest: str
    rows: int
    dry_run: bool
    skip_faulty: bool
    faults: list[str]
    warnings: list[str]
    new: int = 0
    changed: int = 0
    same: int = 0
    skipped: int = 0
    written: bool = False
    cases: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything sound was (or would be) written: no faults, or they were to be skipped."""
        return not self.faults or self.skip_faulty

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok, "kind": self.kind, "file": self.file, "digest": self.digest, "rows": self.rows, "dry_run": self.dry_run,
            "written": self.written, "new": self.new, "changed": self.changed, "same": self.same, "skipped": self.skipped,
            "faults": self.faults, "warnings": self.warnings, "cases": self.cases,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people: every fault and warning a line, then what was done."""
        told = [*self.faults, *(f"提示：{w}" for w in self.warnings)]
        if not self.ok:
            rest = f"改好后再导入，或者加 --skip-faulty 只导入没有错的 {self.rows - self.skipped} 行。"
            verdict = f"有 {self.skipped} 行要改，什么都没有写入。{rest}"
        else:
            verb = "可以导入" if self.dry_run else "已导入"
            verdict = f"{self.kind} {verb}：新增 {self.new}，更新 {self.changed}，已有 {self.same}，跳过有错的 {self.skipped} 行。"
        return [*told, verdict]


def import_file(
    store: Store, path: Path, *, dry_run: bool = False, skip_faulty: bool = False, operator: str = ""
) -> Imported:
    """Read a form and write it whole, or (with faults and without `skip_faulty`) not at all; a repeat changes nothing.

    `operator`: the operating system's user, noted in the events. Raises BadInput where there is no form to read.
    """
    with store.reading() as session:
        ledger = dict.fromkeys(session.scalars(select(Employer.name)))
        calendar = store.calendar(session)

    def rest(day: Any) -> bool | None:
        return calendar.is_rest(day) if calendar.announced(day) else None

    form = read_form(path, path.name, today=clock.today(), known_employers=ledger, is_rest_day=rest)
    with store.writing() as session:
        if store.postgres:  # one import after the other: a second of the same file must see what the first wrote
            session.execute(text("select pg_advisory_xact_lock(478001)"))
        writer = _Writer(store, session, machine_account(session, "import"), form, operator)
        lost = writer.without_county()
        done = writer.done = Imported(
            form.kind, form.filename, form.digest, form.total, dry_run, skip_faulty, [f.sentence() for f in (*form.faults, *lost)],
            [w.sentence() for w in form.warnings], skipped=len({*form.faulty_rows(), *(f.row for f in lost)}),
        )  # fmt: skip
        if done.ok:
            writer.write({f.row for f in lost})
        if dry_run or not done.ok:
            session.rollback()
            done.cases.clear()
            return done
    done.written = True
    return done


class _Writer:
    """One import inside one transaction. `done` is set before anything is written."""

    done: Imported

    def __init__(self, store: Store, session: Session, actor: Actor, form: Form, operator: str) -> None:
        self.store, self.session, self.actor, self.form, self.operator = store, session, actor, form, operator
        self.offices = {o.county: o for o in session.scalars(select(Office))}

    def write(self, leave_out: Collection[int]) -> None:
        """Write every sound row; the file itself is remembered where it changed anything."""
        if self.form.kind == EMPLOYERS:
            self.employers([r for r in self.form.employers if r.row not in leave_out])
        else:
            self.workers(self.form.workers)
        if self.done.new or self.done.changed:
            self.remember()

    def source(self, row: int) -> dict[str, Any]:
        return {"way": "import", "form": self.form.kind, "file": self.form.filename, "sheet": self.form.sheet, "row": row,
                "digest": self.form.digest, "operator": self.operator}  # fmt: skip

    def employers(self, rows: Sequence[EmployerRow]) -> None:
        known = {e.name: e for e in self.session.scalars(select(Employer))}
        for row in rows:
            office = self._office(row)
            assert office is not None  # the others were sorted out as faulty
            told = {"office_id": office.id, "industry": row.industry, "address": row.address, "headcount": row.headcount,
                    "contact": row.contact, "phone": row.phone, "remark": row.remark}  # fmt: skip
            old = known.get(row.name)
            if old is None:
                self.session.add(Employer(name=row.name, source=self.source(row.row), **told))
                self.done.new += 1
            elif any(getattr(old, k) != v for k, v in told.items()):
                for k, v in told.items():
                    setattr(old, k, v)
                old.source = self.source(row.row)
                self.done.changed += 1
            else:
                self.done.same += 1
        self.session.flush()

    def without_county(self) -> list[Fault]:
        """A fault for every employer that no county can be told for."""
        why = "看不出“{}”属于哪个旗县区，请在“填报单位”写明旗县区，或者在企业地址里写明"
        return [
            Fault(self.form.kind, r.row, "整行", f"A{r.row}", why.format(shown(r.name)))
            for r in self.form.employers if self._office(r) is None
        ]  # fmt: skip

    def _office(self, row: EmployerRow) -> Office | None:
        """The county that keeps the employer: who reported it, for a city form the county of its address or name."""
        county = self.form.county if self.form.county in self.offices else county_in(row.address, row.name)
        return self.offices.get(county)

    def workers(self, rows: Sequence[WorkerRow]) -> None:
        ledger = {e.name: e for e in self.session.execute(select(Employer.id, Employer.name, Employer.office_id))}
        present = self._present(rows)
        for row in rows:
            known = present.get((row.identity.number, row.diagnosed_on))
            if known is not None:
                self.done.same += 1
                self._differs(row, *known)
                continue
            employer = ledger[row.employer]
            office = self.offices.get(self.form.county)
            facts: dict[str, Any] = {"insured": row.insured, "drawing": row.drawing}
            if row.remark:
                facts["remark"] = row.remark
            new = NewCase(
                name=row.name, identity=row.identity, sex=row.sex, employer_id=employer.id,
                office_id=office.id if office and not office.city else employer.office_id, disease=row.disease,
                diagnosed_on=row.diagnosed_on, facts=facts, source=self.source(row.row),
            )  # fmt: skip
            unknown = [*UNKNOWN_OF_EVERY_CASE, *(n for n in ("insured", "drawing") if getattr(row, n) == "unknown")]
            self.done.cases.append(
                write_case(
                    self.store, self.session, self.actor, new, placements(row), kind="case:imported", unknown=unknown
                )
            )
            self.done.new += 1

    def _present(self, rows: Iterable[WorkerRow]) -> dict[tuple[str, Any], tuple[int, str]]:
        """(identity number, day of diagnosis) → (id, number) of the cases already there."""
        by_index = {sealed.index(self.store.settings, "number", r.identity.number): r.identity.number for r in rows}
        found = self.session.execute(
            select(Worker.id_index, Case.diagnosed_on, Case.id, Case.case_no)
            .join(Case, Case.worker_id == Worker.id)
            .where(Worker.id_index.in_(list(by_index)))
        )
        return {(by_index[f.id_index], f.diagnosed_on): (f.id, f.case_no) for f in found}

    def _differs(self, row: WorkerRow, case_id: int, case_no: str) -> None:
        """A form never changes a case that is there; dates it tells and the case does not know are said, for a person to enter."""
        facts: dict[str, Any] = {}
        for matter in self.session.execute(select(Matter.facts).where(Matter.case_id == case_id)).scalars():
            facts |= matter
        for column, told, name in (
            ("工伤认定时间", row.recognised_on, "decided_on"),
            ("劳动能力鉴定时间", row.appraised_on, "concluded_on"),
        ):
            if told is not None and facts.get(name) != told.isoformat():
                have = facts.get(name) or "没有"
                self.done.warnings.append(
                    f"附件3 第 {row.row} 行 {column}：表上是 {told}，案件 {case_no} 里{'是 ' if facts.get(name) else ''}{have}；"
                    "已有案件不由表格改动，请到案件里核对补登。"
                )

    def remember(self) -> None:
        """The file on the record, and one event on the system's chain."""
        counts = {
            "new": self.done.new,
            "changed": self.done.changed,
            "same": self.done.same,
            "skipped": self.done.skipped,
        }
        self.session.add(ImportedFile(digest=self.form.digest, name=self.form.filename, kind=self.form.kind, at=clock.now(),
                                      by=self.operator, counts=counts))  # fmt: skip
        audit.record(self.session, self.actor, kind="file:imported", label=f"导入{self.form.kind}",
                     payload={"file": self.form.filename, "digest": self.form.digest, "operator": self.operator, **counts})  # fmt: skip


def placements(row: WorkerRow) -> list[Placement]:
    """Where the dates of a row of 附件3 say its matters stand.

    Diagnosed only: to apply. Recognised: decided (whether it was served is not told), appraisal and benefit opened.
    Appraised: the recognition must have been served; the conclusion was made, and was served too where benefits are drawn.
    """
    opened = {"opened_on": clock.today()}
    if not row.recognised_on and not row.appraised_on:
        return [Placement("recognition", "to_apply")]
    decided = {"decided_on": row.recognised_on} if row.recognised_on else {}
    before = ["filed_on", "accepted_on", *([] if row.recognised_on else ["decided_on"])]
    if not row.appraised_on:
        return [
            Placement("recognition", "decided", decided, before),
            Placement("appraisal", "to_apply", opened),
            Placement("benefit", "to_claim", opened),
        ]
    recognition = Placement("recognition", "delivered", decided, [*before, "received_worker", "received_employer"])
    concluded = {"concluded_on": row.appraised_on}
    if row.drawing != "yes":
        return [
            recognition,
            Placement("appraisal", "concluded", concluded, ["appraisal_filed_on", "grade", "care"]),
            Placement("benefit", "to_claim", opened),
        ]
    return [
        recognition,
        Placement("appraisal", "delivered", concluded, ["appraisal_filed_on", "grade", "care", "received_worker", "received_employer"],
                  listed=["ask_again"]),
        Placement("benefit", "paying", {}, ["paid_on"]),
    ]  # fmt: skip
