"""A small town to test in: offices, employers, experts, figures, one account per duty; and lives of cases walked day by day.

`Life` checks after every act what must hold always: one event, nobody forgotten, the history whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from tests.conftest import open_store
from workflow import audit, cases, clock, figures, identity, stalls, worker
from workflow.accounts import actor_of
from workflow.cases import Outcome
from workflow.definition.model import Definition
from workflow.errors import Stopped
from workflow.models import Base, Case, Clock, Employer, Event, Expert, Instrument, Matter, Office, Outbox, Task, User
from workflow.settings import from_environment
from workflow.setup import machine_account
from workflow.situation import Actor
from workflow.store import Store
from workflow.verify import verify

FIRM = "试例矿业有限责任公司（演示）"
OTHER_FIRM = "试例冶炼有限责任公司（演示）"
PAPERS = ["application", "employment_proof", "diagnosis"]
APPRAISAL_PAPERS = ["appraisal_form", "diagnosis_proof", "medical_record", "identity_card"]
FINDINGS = "自2005年3月至2024年6月在该单位井下从事采掘作业，接触粉尘。单位没有异议。"
WAGE = "6200.00"
BANK: dict[str, Any] = {"account_holder": "试大山", "bank": "演示银行", "bank_account": "6200000000001234"}
COSTS = ["cost_receipts", "cost_list", "treatment_proof", "treatment_record"]
SURVIVORS: dict[str, Any] = {
    "behalf": "relative",
    "papers": ["death_proof", "kinship_proof"],
    "dependants": "配偶",
    **BANK,
}
"""What relatives hand in and tell when they claim."""
START = date(2026, 3, 2)
"""A Monday with no long holiday near."""
ACCOUNTS = (
    ("desk", ("desk",), "150823"), ("officer", ("officer",), "150823"), ("approver", ("approver",), "150823"),
    ("approver2", ("approver",), "150823"), ("both", ("officer", "approver"), "150823"),
    ("linhe-desk", ("desk",), "150802"), ("linhe-approver", ("approver",), "150802"), ("city-approver", ("approver",), "150800"),
    ("appraisal", ("appraisal_office",), "150800"), ("committee", ("committee",), "150800"), ("agency", ("agency",), "150800"),
    ("reviewer", ("agency_reviewer",), "150800"), ("head", ("agency_head",), "150800"), ("finance", ("finance",), "150800"),
    ("everything", ("agency", "agency_reviewer", "agency_head", "finance"), "150800"),
    ("supervisor", ("supervisor",), "150800"), ("auditor", ("auditor",), "150800"), ("admin", ("admin",), "150800"),
)  # fmt: skip
WINDOWS = ("apply_review", "sue_direct", "ask_again", "ask_again_recheck")
"""Clocks in which a party may object to what was served on it."""
PARENT_ACTS = ("become_final", "redo_by_order", "set_aside", "vary_by_order", "act_by_order")
"""What the end of a remedy does on the matter it is about."""
_numbers = iter(range(1, 100000))


def number(born: date = date(1968, 4, 12)) -> str:
    """A new identity number of the region nobody lives in."""
    n = next(_numbers)
    return identity.make(identity.DEMO_REGION, born + timedelta(days=n // 400), 2 * (n % 400) + 1)


def form(**changes: str) -> dict[str, str]:
    """The intake form of a new worker, diagnosed two weeks before START."""
    filled = {
        "name": "试大山", "id_number": number(), "employer": FIRM, "disease": "职业性尘肺病（矽肺壹期）", "diagnosed_on": "2026-02-16",
        "certificate_no": "演诊2026-0001", "institution": "演示职业病防治院", "certificate_employer": FIRM, "phone": "0478-0003001",
        "address": "演示镇一号", "occupation": "凿岩工", "insured": "yes", "dispute": "no",
    }  # fmt: skip
    return {**filled, **changes}


@dataclass
class Town:
    """A database with everything a case needs; `people` are the acting accounts by name, `system` the machine's."""

    store: Store
    people: dict[str, Actor]
    system: Actor

    def life(self, day: date = START, **changes: str) -> Life:
        """A new case taken in at the window of 乌拉特前旗 on `day`."""
        with clock.frozen(day):
            taken = cases.open_case(self.store, self.people["desk"], form(**changes))
        return Life(self, str(taken["case_no"]), day)


def settle(store: Store) -> Town:
    """Fill an empty database; figures under a notice marked as demonstration."""
    with store.writing() as session:
        offices = {o.code: o for o in session.scalars(select(Office))}
        firm = Employer(name=FIRM, office_id=offices["150823"].id, address="乌拉特前旗演示工业园区1号")
        session.add_all([firm, Employer(name=OTHER_FIRM, office_id=offices["150802"].id)])
        session.add_all(Expert(name=f"专家{n}", specialty="职业病科", unit="演示医院") for n in "甲乙丙丁戊己庚")
        session.flush()
        users = [
            User(username=name, name=f"试{name}", roles=list(roles), office=offices[office], epoch=1, active=True)
            for name, roles, office in ACCOUNTS
        ]
        users += [
            User(username="firm", name="单位经办", roles=["employer"], employer_id=firm.id, epoch=1, active=True),
            User(
                username="other-firm",
                name="别家经办",
                roles=["employer"],
                employer_id=firm.id + 1,
                epoch=1,
                active=True,
            ),
        ]
        session.add_all(users)
        session.flush()
        people = {u.username: actor_of(u) for u in users}
        system = machine_account(session, "system")
    wages = [
        {"kind": "average_wage", "scope": "city", "year": year, "effective_on": f"{year + 1}-01-01", "value": "7000.00",
         "notice": f"演示〔{year + 1}〕1号", "confidence": "verified", "demo": True}
        for year in range(2018, 2027)
    ]  # fmt: skip
    figures.add_figures(store, people["agency"], wages)
    with store.reading() as session:
        waiting = [row.id for row in figures.pending(session)]
    for row_id in waiting:
        figures.approve(store, people["reviewer"], row_id)
    return Town(store, people, system)


def surroundings(monkeypatch: pytest.MonkeyPatch, town: Town, folder: Path) -> None:
    """Let commands run on the town's database."""
    settings = {"ENV": "demo", "DATABASE_URL": town.store.settings.database_url, "DATA_DIR": str(folder)}
    for name, value in settings.items():
        monkeypatch.setenv(f"GREENCHANNEL_{name}", value)


_settled: dict[str, str] = {}
"""Kind of database → one that is settled and never used itself: copying it is ten times faster than making it."""


def fresh_town(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own for one test, on the kind of database the fixture's parameter names (sqlite, postgres)."""
    from documents.kinds import document_check

    kind, folder = str(request.param), folders.mktemp("town")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    if kind not in _settled:
        base = folders.mktemp("settled")
        _settled[kind] = server.create() if server else f"sqlite:///{base / 'greenchannel.db'}"
        made = open_store(_settled[kind], base)
        settle(made)
        made.close()
    if server:
        url = server.create(_settled[kind].rpartition("/")[2])
    else:
        url = f"sqlite:///{shutil.copy(_settled[kind].removeprefix('sqlite:///'), folder)}"
    settings = {"ENV": "demo", "DATABASE_URL": url, "DATA_DIR": str(folder)}
    store = Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in settings.items()}))
    store.check_document = document_check
    with store.reading() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User).where(~User.system))}
        system = machine_account(session, "system")
    yield Town(store, people, system)
    store.close()
    if server:
        server.drop(url)


@dataclass
class Life:
    """One case on its way. `day` is the present day there; `act` does one act on it and checks what must always hold."""

    town: Town
    case_no: str
    day: date
    done: list[str] = field(default_factory=list)

    # --- time ---------------------------------------------------------------------------------------------------------

    def on(self, day: date | str) -> Life:
        """Go on to that day."""
        self.day = date.fromisoformat(day) if isinstance(day, str) else day
        return self

    def wait(self, days: int) -> Life:
        """Let `days` 日 pass."""
        return self.on(self.day + timedelta(days=days))

    # --- acts ---------------------------------------------------------------------------------------------------------

    def act(
        self, who: str, matter: str, action: str, *, papers: list[str] | None = None, behalf: str = "", **facts: Any
    ) -> Outcome:
        """Do an act that must succeed."""
        before = self.events()
        with clock.frozen(datetime.combine(self.day, time(9), clock.SHANGHAI)):
            outcome = cases.perform(
                self.town.store,
                self.town.people[who],
                self.case_no,
                matter,
                action,
                facts=facts,
                papers=papers,
                behalf=behalf,
            )
        self.done.append(f"{matter.partition('#')[0]}.{action}")
        self.grown(before, outcome)
        self.check()
        return outcome

    def as_system(self, matter: str, action: str, **facts: Any) -> Outcome:
        """What the outcome of a remedy would bring about on the matter it is about, without the remedy."""
        before = self.events()
        with clock.frozen(datetime.combine(self.day, time(9), clock.SHANGHAI)):
            outcome = cases.perform(self.town.store, self.town.system, self.case_no, matter, action, facts=facts)
        self.grown(before, outcome)
        self.check()
        return outcome

    def grown(self, before: int, outcome: Outcome) -> None:
        """One act is one event of the one who did it; each act it brought about is one more, the system's, on its parent."""
        new = self.since(before)
        assert [e.seq for e in new] == list(range(before + 1, before + 2 + len(outcome.followed))), "one act, one event"
        assert (new[0].seq, new[0].action) == (outcome.seq, outcome.action)
        with self.town.store.reading() as session:
            matters = {m.id: m for m in session.scalars(select(Matter).where(Matter.case_id == self.case().id))}
        above = matters[new[0].matter_id or 0].parent_id
        assert [f"{matters[e.matter_id or 0].name}:{e.action}" for e in new[1:]] == list(outcome.followed)
        assert all(e.actor_id == self.town.system.id and e.matter_id == above for e in new[1:])
        opened = [json.loads(e.payload).get("opened", ()) for e in new]
        assert [m["name"] for m in opened[0]] == list(outcome.opened)
        assert all(matters[m["id"]].name == m["name"] for ms in opened for m in ms), "what is told as opened is there"

    def work(self, day: date | None = None) -> Life:
        """Let the worker process run at the end of that day; the system does by itself only what an article lets happen."""
        if day is not None:
            self.on(day)
        before = self.events()
        with clock.frozen(datetime.combine(self.day, time(18), clock.SHANGHAI)):
            worker.once(self.town.store, Mailbox(), swallow)
        self.by_law(before)
        self.check()
        return self

    def by_law(self, before: int) -> None:
        """Each act of the worker process follows the expiry of a clock that orders it by an article, or is its act's on a parent."""
        definition, expired, done = self.definition(), None, False
        for e in self.since(before):
            assert e.actor_id == self.town.system.id
            if e.kind.startswith("clock:"):
                expired, done = definition.clocks[json.loads(e.payload)["clock"]].on_expiry, False
            elif e.kind == "matter:performed" and done:
                assert e.action in PARENT_ACTS
            elif e.kind == "matter:performed":
                assert expired and e.action == expired.act and expired.law, e.action
                done = True

    def refused(
        self, who: str, matter: str, action: str, *, papers: list[str] | None = None, behalf: str = "", **facts: Any
    ) -> list[str]:
        """Try an act that must be refused and change nothing; the reasons as sentences."""
        before = counts(self.town.store)
        try:
            with clock.frozen(self.day):
                cases.perform(
                    self.town.store,
                    self.town.people[who],
                    self.case_no,
                    matter,
                    action,
                    facts=facts,
                    papers=papers,
                    behalf=behalf,
                )
        except Stopped as stopped:
            assert counts(self.town.store) == before, "a refusal writes nothing"
            return stopped.sentences()
        raise AssertionError(f"{matter}.{action} was not refused")

    def check(self) -> None:
        """Nobody is forgotten, and the history is whole."""
        found = [s for s in stalls.find(self.town.store, self.day) if s.kind == "unwatched"]
        assert not found, found
        _, edited = verify(self.town.store, self.case_no)
        assert not edited, [f.sentence() for f in edited]

    # --- looking ------------------------------------------------------------------------------------------------------

    def events(self) -> int:
        with self.town.store.reading() as session:
            return session.scalar(select(func.count()).select_from(Event).where(Event.chain == self.case_no)) or 0

    def since(self, seq: int) -> list[Event]:
        """The events of the chain after that number, in order."""
        with self.town.store.reading() as session:
            query = select(Event).where(Event.chain == self.case_no, Event.seq > seq).order_by(Event.seq)
            return list(session.scalars(query))

    def definition(self) -> Definition:
        """The process the case runs under."""
        with self.town.store.reading() as session:
            return self.town.store.definition(session, self.case().definition_id)

    def event(self, seq: int = 0) -> dict[str, Any]:
        """One event of the chain (the last by default) with its payload read."""
        with self.town.store.reading() as session:
            query = select(Event).where(Event.chain == self.case_no)
            row = session.scalars(
                query.where(Event.seq == seq) if seq else query.order_by(Event.seq.desc()).limit(1)
            ).one()
            return {c.name: getattr(row, c.name) for c in Event.__table__.columns} | {
                "payload": json.loads(row.payload)
            }

    def state(self, matter: str) -> str:
        return str(self.row(matter).state)

    def row(self, matter: str) -> Matter:
        """The newest matter of that name, or `name#2`."""
        name, _, number = matter.partition("#")
        with self.town.store.reading() as session:
            query = select(Matter).join(Case, Case.id == Matter.case_id).where(Case.case_no == self.case_no)
            query = query.where(Matter.name == name, *([Matter.number == int(number)] if number else []))
            return session.scalars(query.order_by(Matter.id.desc()).limit(1)).one()

    def matters(self) -> list[tuple[str, str]]:
        """(name#number, state) of every matter in order of opening."""
        with self.town.store.reading() as session:
            rows = session.scalars(select(Matter).where(Matter.case_id == self.case().id).order_by(Matter.id))
            return [(f"{m.name}#{m.number}", m.state) for m in rows]

    def remedies(self, matter: str = "recognition") -> dict[str, str]:
        """Addressee → `remedy#n` of the newest remedies about a matter."""
        with self.town.store.reading() as session:
            rows = session.scalars(select(Matter).where(Matter.parent_id == self.row(matter).id).order_by(Matter.id))
            return {m.addressee: f"remedy#{m.number}" for m in rows}

    def standing(self, matter: str = "") -> dict[str, str]:
        """Clock → state, of the clocks (of one matter, where named) that are not settled."""
        key = self.row(matter).id if matter else None
        live = [c for c in self.clocks() if c.state in ("running", "paused", "unstarted")]
        return {c.name: c.state for c in live if key in (None, c.matter_id)}

    def case(self) -> Case:
        with self.town.store.reading() as session:
            return session.scalars(select(Case).where(Case.case_no == self.case_no)).one()

    def clocks(self, *names: str, state: str = "") -> list[Clock]:
        """Clock rows of the case in order of their making."""
        with self.town.store.reading() as session:
            query = select(Clock).where(Clock.case_id == self.case().id).order_by(Clock.id)
            query = query.where(Clock.name.in_(names)) if names else query
            return list(session.scalars(query.where(Clock.state == state) if state else query))

    def due(self, name: str, addressee: str = "") -> date:
        """The due day of the one running clock of that name."""
        (row,) = [c for c in self.clocks(name, state="running") if c.addressee == addressee]
        assert row.due_on is not None
        return row.due_on

    def documents(self) -> list[tuple[str, str]]:
        """(kind, number) of every document ordered."""
        with self.town.store.reading() as session:
            query = select(Instrument).where(Instrument.case_id == self.case().id).order_by(Instrument.id)
            return [(i.kind, i.number) for i in session.scalars(query)]

    def tasks(self, kind: str = "fill") -> list[str]:
        """Open tasks of that kind: the fact of a 补录, the text of any other."""
        with self.town.store.reading() as session:
            query = select(Task).where(Task.case_id == self.case().id, Task.kind == kind, Task.done_at.is_(None))
            return [t.fact or t.text for t in session.scalars(query.order_by(Task.id))]

    def outbox(self, kind: str) -> list[Outbox]:
        with self.town.store.reading() as session:
            query = select(Outbox).where(Outbox.case_id == self.case().id, Outbox.kind == kind).order_by(Outbox.id)
            return list(session.scalars(query))

    # --- remedies -----------------------------------------------------------------------------------------------------

    def windows_over(self) -> Life:
        """Go on until every period in which somebody may object has run out, and let the worker process close them."""
        while ends := [c.due_on for c in self.clocks(*WINDOWS, state="running") if c.due_on and c.due_on >= self.day]:
            self.work(max(ends) + timedelta(days=1))
        return self

    # --- stretches of the way -----------------------------------------------------------------------------------------

    def filed(self, papers: list[str] | None = None, applicant: str = "worker") -> Life:
        self.act("desk", "recognition", "file", papers=PAPERS if papers is None else papers, applicant=applicant)
        return self

    def accepted(self) -> Life:
        self.filed()
        self.wait(1).act("approver", "recognition", "accept")
        return self

    def proposed(self, opinion: str = "recognise") -> Life:
        self.wait(1).act("officer", "recognition", "propose", opinion=opinion, findings=FINDINGS, exclusion="no")
        return self

    def recognised(self) -> Life:
        self.accepted().proposed()
        self.wait(1).act("approver", "recognition", "recognise")
        return self

    def served(self, matter: str = "recognition", who: str = "desk") -> Life:
        for addressee in ("worker", "employer"):
            self.wait(1).act(
                who, matter, "deliver", addressee=addressee, way="direct", received_on=self.day.isoformat()
            )
        return self

    def appraisal_filed(self, papers: list[str] | None = None) -> Life:
        papers = APPRAISAL_PAPERS if papers is None else papers
        self.wait(1).act("desk", "appraisal", "file", papers=papers, applicant="worker", stable="yes")
        return self

    def scheduled(self, days: int = 3) -> Life:
        """From filed to the notice of an examination `days` later."""
        self.wait(1).act("appraisal", "appraisal", "confirm")
        self.wait(1).act("appraisal", "appraisal", "draw", panel_size="3")
        exam_on = self.wait(1).day + timedelta(days=days)
        self.act(
            "appraisal",
            "appraisal",
            "schedule",
            exam_on=exam_on.isoformat(),
            place="演示医院鉴定室",
            exam_time="上午9时",
        )
        return self

    def concluded(self, grade: str = "3", care: str = "part") -> Life:
        self.wait(3).act("committee", "appraisal", "conclude", grade=grade, care=care, condition="双肺弥漫性小阴影",
                         basis="致残等级标准条目", votes_for="3", signed="yes")  # fmt: skip
        return self

    def appraised(self, grade: str = "3", care: str = "part") -> Life:
        return self.appraisal_filed().scheduled().concluded(grade, care).served("appraisal", "appraisal")

    def claimed(self, **facts: str) -> Life:
        told: dict[str, Any] = {"applicant": "worker", "account_holder": "试大山", "bank": "演示银行",
                                "bank_account": "6200000000001234", "provisional": "yes"}  # fmt: skip
        self.wait(1).act("desk", "benefit", "claim", **{**told, **facts})
        return self

    def approved(self) -> Life:
        self.wait(1).act("agency", "benefit", "determine", own_wage=WAGE)
        self.wait(1).act("reviewer", "benefit", "review")
        self.wait(1).act("head", "benefit", "approve")
        return self

    def payable(self) -> Life:
        self.approved()
        self.wait(1).act(
            "agency", "benefit", "deliver", addressee="worker", way="direct", received_on=self.day.isoformat()
        )
        return self


# --- whole databases --------------------------------------------------------------------------------------------------


def counts(store: Store) -> dict[str, int]:
    """Rows of every table."""
    with store.reading() as session:
        return {
            name: session.execute(text(f"select count(*) from {name}")).scalar_one() for name in Base.metadata.tables
        }


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with store.reading() as session:
        return {
            name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
            for name, table in Base.metadata.tables.items()
        }


def without_triggers(store: Store, *statements: str) -> None:
    """Run statements as somebody would who has the database itself in his hands."""
    with store.engine.begin() as connection:
        if store.postgres:
            connection.execute(text("set local session_replication_role = replica"))
        else:
            for name in (
                connection.execute(text("select name from sqlite_master where type = 'trigger'")).scalars().all()
            ):
                connection.execute(text(f"drop trigger {name}"))
        for statement in statements:
            done = connection.execute(text(statement))
            assert done.rowcount, f"nothing changed: {statement}"


def swallow(*_: object) -> str:
    """A printer that prints nothing."""
    return ""


@dataclass
class Mailbox:
    """A channel that keeps what was sent, or fails as `fails` says."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    fails: Callable[[], None] | None = None

    def send(self, to: str, text: str, key: str) -> None:
        if self.fails is not None:
            self.fails()
        self.sent.append((to, text, key))


def canonical(value: Mapping[str, Any]) -> str:
    """As the chain writes it."""
    return audit.canonical(value)
