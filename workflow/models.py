"""The tables. Legal dates are Date (Asia/Shanghai), moments are UTC; the database itself refuses what must never be."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

CLOCK_STATES = ("unstarted", "running", "paused", "met", "stopped")


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment, stored without zone (SQLite has none)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment, dict[str, Any]: JSON, list[Any]: JSON}


Key = BigInteger().with_variant(Integer, "sqlite")


class Meta(Base):
    """Marks of the database: demo, heartbeat of the worker process, the lock row of the system chain."""

    __tablename__ = "meta"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Office(Base):
    """A banner or county bureau (旗县区人社局), or the city's."""

    __tablename__ = "offices"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    county: Mapped[str] = mapped_column(String(20), unique=True)
    city: Mapped[bool] = mapped_column(Boolean)
    letter: Mapped[str] = mapped_column(String(10), comment="机关代字")
    phone: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(120))
    government: Mapped[str] = mapped_column(String(40), comment="复议机关")
    court: Mapped[str] = mapped_column(String(40))


class Employer(Base):
    """An enterprise of the ledger (附件2)."""

    __tablename__ = "employers"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), index=True)
    industry: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    headcount: Mapped[int | None] = mapped_column(Integer)
    contact: Mapped[str] = mapped_column(String(50), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    remark: Mapped[str] = mapped_column(String(500), default="")
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)


class User(Base):
    """An account. `roles` are keys of states.yaml people plus admin and auditor; `employer_id` for employers."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    roles: Mapped[list[Any]] = mapped_column(default=list)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    employer_id: Mapped[int | None] = mapped_column(ForeignKey("employers.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    system: Mapped[bool] = mapped_column(Boolean, default=False)
    demo: Mapped[bool] = mapped_column(Boolean, default=False)
    epoch: Mapped[int] = mapped_column(Integer, default=1, comment="raised to end all sessions")
    office: Mapped[Office | None] = relationship(lazy="joined")


class LoginSession(Base):
    """A server-side session: a stolen cookie dies at logout."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    epoch: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column()
    seen_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    address: Mapped[str] = mapped_column(String(60), default="")


class Attempt(Base):
    """Counts of tries per key and window, shared by all web processes."""

    __tablename__ = "attempts"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    window: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    n: Mapped[int] = mapped_column(Integer, default=0)


class Worker(Base):
    """A person. The identity number is AES-GCM, bound to this row and column; `id_index` is a keyed HMAC for search."""

    __tablename__ = "workers"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(50), index=True)
    pinyin: Mapped[str] = mapped_column(String(200), default="", index=True)
    sex: Mapped[str] = mapped_column(String(2))
    birth_on: Mapped[date] = mapped_column(Date)
    id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_index: Mapped[str] = mapped_column(String(64), unique=True)
    tail_index: Mapped[str] = mapped_column(String(64), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    occupation: Mapped[str] = mapped_column(String(80), default="")


_open_validity = text("state = 'published' and valid_until is null")


class DefinitionVersion(Base):
    """A version of states.yaml; its text is never changed. Days are inclusive, None is open; one validity is open at a time."""

    __tablename__ = "definitions"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column(String(10), default="draft")
    valid_from: Mapped[date | None] = mapped_column(Date, comment="of a published one None is from the beginning")
    valid_until: Mapped[date | None] = mapped_column(Date)
    stored_by: Mapped[str] = mapped_column(String(80), default="")
    published_at: Mapped[datetime | None] = mapped_column()
    published_by: Mapped[str] = mapped_column(String(80), default="")
    retired_at: Mapped[datetime | None] = mapped_column()
    retired_by: Mapped[str] = mapped_column(String(80), default="")
    moved_at: Mapped[datetime | None] = mapped_column(comment="when it took over the running cases")
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'retired')", name="known_state"),
        Index(
            "uq_definitions_open",
            "state",
            unique=True,
            sqlite_where=_open_validity,
            postgresql_where=_open_validity,
        ),
    )


class Case(Base):
    """One worker's claim (一件事). `head_seq`/`head_hash` are the last event of its chain."""

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_no: Mapped[str] = mapped_column(String(20), unique=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    employer_id: Mapped[int] = mapped_column(ForeignKey("employers.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), index=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"), index=True)
    disease: Mapped[str] = mapped_column(String(80))
    diagnosed_on: Mapped[date | None] = mapped_column(Date, comment="not yet, while the diagnosis is watched")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[datetime] = mapped_column()
    touched_at: Mapped[datetime] = mapped_column(index=True)
    closed_on: Mapped[date | None] = mapped_column(Date)
    head_seq: Mapped[int] = mapped_column(Integer, default=0)
    head_hash: Mapped[str] = mapped_column(String(64), default="")
    worker: Mapped[Worker] = relationship()
    employer: Mapped[Employer] = relationship()
    office: Mapped[Office] = relationship()
    matters: Mapped[list[Matter]] = relationship(order_by="Matter.id", back_populates="case")
    __table_args__ = (UniqueConstraint("worker_id", "diagnosed_on"),)


class Matter(Base):
    """One small flat state machine of a case. `version` counts its own events: what a clerk saw."""

    __tablename__ = "matters"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str] = mapped_column(String(40))
    number: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer, default=1)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), comment="who handles it")
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("matters.id"), comment="of a child: whose decision it is about"
    )
    instrument_id: Mapped[int | None] = mapped_column(
        ForeignKey("instruments.id", use_alter=True), comment="of a child: that document"
    )
    addressee: Mapped[str] = mapped_column(String(30), default="", comment="of a child: whose it is")
    entered_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)
    urgent_on: Mapped[date | None] = mapped_column(Date, comment="earliest effective day of its running clocks")
    near_on: Mapped[date | None] = mapped_column(Date, comment="yellow from this day")
    late_on: Mapped[date | None] = mapped_column(Date, comment="earliest due day of its running legal clocks")
    judge_on: Mapped[date | None] = mapped_column(
        Date, comment="earliest day that had passed before the case was placed"
    )
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    ball: Mapped[str] = mapped_column(String(30), default="", comment="owner of the most urgent clock")
    case: Mapped[Case] = relationship(back_populates="matters")
    __table_args__ = (
        UniqueConstraint("case_id", "name", "number"),
        Index("ix_matters_urgent", "office_id", "urgent_on"),
        Index("ix_matters_state", "office_id", "name", "state"),
    )


class Clock(Base):
    """One clock of a matter. Overdue is computed from `due_on`, so a dead worker process delays messages, never the law."""

    __tablename__ = "clocks"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matters.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    name: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    owner: Mapped[str] = mapped_column(String(30))
    addressee: Mapped[str] = mapped_column(String(30), default="")
    legal: Mapped[bool] = mapped_column(Boolean)
    law: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(12))
    start_on: Mapped[date | None] = mapped_column(Date)
    span: Mapped[str] = mapped_column(String(20), default="")
    due_on: Mapped[date | None] = mapped_column(Date)
    unrolled_on: Mapped[date | None] = mapped_column(Date)
    safe_on: Mapped[date | None] = mapped_column(Date)
    promise_on: Mapped[date | None] = mapped_column(Date)
    effective_on: Mapped[date | None] = mapped_column(Date, comment="the earlier of law and promise")
    near_on: Mapped[date | None] = mapped_column(Date, comment="yellow from this day")
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    pauses: Mapped[list[Any]] = mapped_column(default=list, comment="[[from, to or null, ground]]")
    extend_days: Mapped[int] = mapped_column(Integer, default=0)
    extensions: Mapped[int] = mapped_column(Integer, default=0)
    explain: Mapped[list[Any]] = mapped_column(default=list)
    fire_on: Mapped[date | None] = mapped_column(Date, comment="next day the worker process looks at it")
    fire_stage: Mapped[str] = mapped_column(String(10), default="")
    expired_on: Mapped[date | None] = mapped_column(Date, comment="day its expiry effect was carried out")
    closed_on: Mapped[date | None] = mapped_column(Date)
    done_on: Mapped[date | None] = mapped_column(
        Date, comment="legal day of the act that met it; closed_on is when it was recorded"
    )
    kind: Mapped[str] = mapped_column(String(12), default="deadline")
    kept_id: Mapped[int | None] = mapped_column(
        ForeignKey("definitions.id"), comment="version it is reckoned under, where not its case's"
    )
    __table_args__ = (
        CheckConstraint(f"state in {CLOCK_STATES!r}", name="known_state"),
        CheckConstraint("state <> 'unstarted' or start_on is null", name="unstarted_has_no_start"),
        CheckConstraint("state not in ('running', 'paused') or start_on is not null", name="live_has_start"),
        CheckConstraint("state not in ('running', 'paused') or due_on is not null", name="live_has_due"),
        CheckConstraint("(state in ('met', 'stopped')) = (closed_on is not null)", name="closed_has_day"),
        CheckConstraint("legal = (law <> '')", name="legal_has_law"),
        UniqueConstraint("matter_id", "name", "addressee", "start_on"),
        Index(
            "ix_clocks_fire",
            "fire_on",
            sqlite_where=text("fire_on is not null"),
            postgresql_where=text("fire_on is not null"),
        ),
        Index("ix_clocks_urgent", "office_id", "state", "effective_on"),
        Index("ix_clocks_matter", "matter_id", "state"),
        Index("ix_clocks_running", "state", "effective_on"),
    )


class Paper(Base):
    """A paper (材料) received."""

    __tablename__ = "papers"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    matter_id: Mapped[int] = mapped_column(ForeignKey("matters.id"))
    name: Mapped[str] = mapped_column(String(40))
    received_on: Mapped[date] = mapped_column(Date)
    seq: Mapped[int] = mapped_column(Integer, comment="event of the case that recorded it")
    __table_args__ = (UniqueConstraint("matter_id", "name"),)


class Task(Base):
    """Something a person must do outside the states: fill in (补录), judge, press (督办), telephone."""

    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matters.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    kind: Mapped[str] = mapped_column(String(20))
    owner: Mapped[str] = mapped_column(String(30))
    text: Mapped[str] = mapped_column(String(300))
    fact: Mapped[str] = mapped_column(String(40), default="")
    key: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column()
    done_at: Mapped[datetime | None] = mapped_column()
    done_by: Mapped[str] = mapped_column(String(50), default="")
    __table_args__ = (Index("ix_tasks_open", "office_id", "done_at"),)


class Counter(Base):
    """Gapless numbers: the row is raised inside the transaction, so a rollback gives the number back."""

    __tablename__ = "counters"
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(30), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class Instrument(Base):
    """A document (文书) ordered with an act: its facts are frozen, its number is taken, the print comes after."""

    __tablename__ = "instruments"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matters.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    seq: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    word: Mapped[str] = mapped_column(String(10))
    year: Mapped[int] = mapped_column(Integer)
    no: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(String(40))
    issued_on: Mapped[date] = mapped_column(Date)
    addressees: Mapped[list[Any]] = mapped_column(default=list)
    copies: Mapped[list[Any]] = mapped_column(default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts_digest: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("office_id", "word", "year", "no"),)


class Print(Base):
    """A printed instrument: where the file is and its SHA-256. One row per instrument and addressee part."""

    __tablename__ = "prints"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id"))
    part: Mapped[str] = mapped_column(String(40), default="", comment="empty, or the addressee of a delivery return")
    file: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    template_digest: Mapped[str] = mapped_column(String(64))
    printed_at: Mapped[datetime] = mapped_column()
    __table_args__ = (UniqueConstraint("instrument_id", "part"),)


class DeliveryRecord(Base):
    """A delivery (送达) to one addressee."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matters.id"))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instruments.id"))
    kind: Mapped[str] = mapped_column(String(40))
    addressee: Mapped[str] = mapped_column(String(30))
    way: Mapped[str] = mapped_column(String(20))
    received_on: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(String(300), default="")
    seq: Mapped[int] = mapped_column(Integer)
    __table_args__ = (UniqueConstraint("matter_id", "kind", "addressee", "instrument_id"),)


class Payment(Base):
    """A payment: exactly once per case, item and month ('' for once)."""

    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matters.id"))
    item: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    month: Mapped[str] = mapped_column(String(7), default="")
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    state: Mapped[str] = mapped_column(String(10), default="paid")
    paid_on: Mapped[date] = mapped_column(Date)
    round: Mapped[int] = mapped_column(Integer, default=1, comment="raised when paid again after a return")
    __table_args__ = (
        UniqueConstraint("matter_id", "item", "month", "round"),
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("state in ('paid', 'returned')", name="known_state"),
    )


class Event(Base):
    """What was done: append-only, hash-chained per case (`chain` = case number) and once for the system."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chain: Mapped[str] = mapped_column(String(20))
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column()
    on: Mapped[date] = mapped_column(Date)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matters.id"))
    kind: Mapped[str] = mapped_column(String(30), comment="subject:act, e.g. matter:performed")
    action: Mapped[str] = mapped_column(String(40), default="")
    label: Mapped[str] = mapped_column(String(80), default="")
    from_state: Mapped[str] = mapped_column(String(40), default="")
    to_state: Mapped[str] = mapped_column(String(40), default="")
    actor_id: Mapped[int] = mapped_column(Integer)
    actor: Mapped[str] = mapped_column(String(60))
    behalf: Mapped[str] = mapped_column(String(30), default="")
    definition: Mapped[str] = mapped_column(String(64), default="")
    payload: Mapped[str] = mapped_column(Text, comment="canonical JSON")
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        Index("ix_events_matter", "matter_id"),
        Index("ix_events_case", "case_id", "seq"),
    )


class Outbox(Base):
    """Written with the change, carried out after it, kept with its error. kind: message, print."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    to: Mapped[str] = mapped_column(String(40), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    tries: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    next_at: Mapped[datetime] = mapped_column()
    done_at: Mapped[datetime | None] = mapped_column()
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'done', 'failed')", name="known_state"),
        Index("ix_outbox_waiting", "state", "next_at"),
    )


class Idempotency(Base):
    """A submitted form: claimed first, answered in the same transaction."""

    __tablename__ = "idempotency"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column()


class ImportedFile(Base):
    """A form taken in: its digest keeps a second import from changing anything."""

    __tablename__ = "imported_files"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column()
    by: Mapped[str] = mapped_column(String(80))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class LocalFigure(Base):
    """A local figure: entered by one person, approved by another."""

    __tablename__ = "figures"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    kind: Mapped[str] = mapped_column(String(40))
    scope: Mapped[str] = mapped_column(String(40), comment="city, region or a county's name")
    year: Mapped[int | None] = mapped_column(Integer, comment="statistic year, where the kind goes by year")
    effective_on: Mapped[date] = mapped_column(Date)
    value: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    notice: Mapped[str] = mapped_column(String(120))
    confidence: Mapped[str] = mapped_column(String(12))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[datetime] = mapped_column()
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None] = mapped_column()
    demo: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        UniqueConstraint("kind", "scope", "year", "effective_on", "value", "notice"),
        CheckConstraint("(approved_by is null) = (approved_at is null)", name="approval_whole"),
        CheckConstraint("approved_by is null or approved_by <> entered_by", name="second_person"),
        CheckConstraint("value > 0", name="positive"),
    )


class Expert(Base):
    """An expert of the city's pool (专家库)."""

    __tablename__ = "experts"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    specialty: Mapped[str] = mapped_column(String(40))
    unit: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    __table_args__ = (UniqueConstraint("name", "unit"),)


class HolidayYear(Base):
    """One year's arrangement by notice (国办发明电)."""

    __tablename__ = "holiday_years"
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice: Mapped[str] = mapped_column(String(120))
    confidence: Mapped[str] = mapped_column(String(10))
    off: Mapped[list[Any]] = mapped_column(default=list)
    work: Mapped[list[Any]] = mapped_column(default=list)


class LawRule(Base):
    """A statutory limit by code and version, as shipped in workflow/law/rules.yaml."""

    __tablename__ = "law_rules"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    label: Mapped[str] = mapped_column(String(80))
    since: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    within: Mapped[str] = mapped_column(String(20), default="")
    kind: Mapped[str] = mapped_column(String(20), default="")
    law: Mapped[str] = mapped_column(String(200))
    confidence: Mapped[str] = mapped_column(String(10))


class Access(Base):
    """Who unmasked or exported whose data, and when."""

    __tablename__ = "accesses"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    what: Mapped[str] = mapped_column(String(80))


def table(model: type[Base]) -> Table:
    """The plain table of a model, for statements that need no ORM."""
    return cast(Table, model.__table__)
