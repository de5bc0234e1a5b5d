"""Versions of the process get states and days; a clock can be kept under the version it began in."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from workflow import clock

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MESSAGE = "append-only: definitions"
FIXED = "id, digest, version, text, stored_at, stored_by"
LIFE = (
    "(old.state = 'draft' and new.state = 'published') or (old.state = 'published' and new.state in ('published', 'retired') "
    "and new.valid_from {same} old.valid_from and new.published_at {same} old.published_at "
    "and new.published_by {same} old.published_by and (old.valid_until is null or new.valid_until {same} old.valid_until) "
    "and (old.moved_at is null or new.moved_at {same} old.moved_at))"
)
"""A draft is published, a published version gets its last day, takes over the running cases and is retired; nothing goes back."""
OPEN = (
    "create unique index uq_definitions_open on definitions (state) where state = 'published' and valid_until is null"
)
SQLITE = (
    "alter table definitions add column state varchar(10) default 'draft' not null "
    "constraint ck_definitions_known_state check (state in ('draft', 'published', 'retired'))",
    "alter table definitions add column valid_from date",
    "alter table definitions add column valid_until date",
    "alter table definitions add column stored_by varchar(80) default '' not null",
    "alter table definitions add column published_at datetime",
    "alter table definitions add column published_by varchar(80) default '' not null",
    "alter table definitions add column retired_at datetime",
    "alter table definitions add column retired_by varchar(80) default '' not null",
    "alter table definitions add column moved_at datetime",
    "alter table clocks add column kept_id integer references definitions(id)",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("drop trigger definitions_no_update" if sqlite else "drop trigger definitions_no_change on definitions")
    if sqlite:
        for statement in SQLITE:
            op.execute(statement)
    else:
        _columns()
    _those_before()
    op.execute(OPEN)
    (_sqlite if sqlite else _postgresql)(LIFE.format(same="is" if sqlite else "is not distinct from"))


def _columns() -> None:
    for column in (
        sa.Column("state", sa.String(10), nullable=False, server_default="draft"), sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()), sa.Column("stored_by", sa.String(80), nullable=False, server_default=""),
        sa.Column("published_at", sa.DateTime()), sa.Column("published_by", sa.String(80), nullable=False, server_default=""),
        sa.Column("retired_at", sa.DateTime()), sa.Column("retired_by", sa.String(80), nullable=False, server_default=""),
        sa.Column("moved_at", sa.DateTime()),
    ):  # fmt: skip
        op.add_column("definitions", column)
    op.create_check_constraint(
        op.f("ck_definitions_known_state"), "definitions", "state in ('draft', 'published', 'retired')"
    )
    op.add_column("clocks", sa.Column("kept_id", sa.BigInteger(), sa.ForeignKey("definitions.id")))


def _those_before() -> None:
    """Versions stored so far came into force with their storing, each ending the one before; the first always was."""
    table = sa.table(
        "definitions", sa.column("id"), sa.column("stored_at", sa.DateTime), sa.column("state"), sa.column("valid_from", sa.Date),
        sa.column("valid_until", sa.Date), sa.column("published_at", sa.DateTime), sa.column("retired_at", sa.DateTime),
        sa.column("moved_at", sa.DateTime),
    )  # fmt: skip
    bind = op.get_bind()
    rows = bind.execute(sa.select(table.c.id, table.c.stored_at).order_by(table.c.id)).all()
    for n, row in enumerate(rows):
        after = rows[n + 1] if n + 1 < len(rows) else None
        values = {
            "state": "retired" if after else "published", "valid_from": clock.local(row.stored_at).date() if n else None,
            "valid_until": clock.local(after.stored_at).date() - timedelta(days=1) if after else None,
            "published_at": row.stored_at, "retired_at": after.stored_at if after else None, "moved_at": row.stored_at,
        }  # fmt: skip
        bind.execute(sa.update(table).where(table.c.id == row.id).values(**values))


def _sqlite(life: str) -> None:
    op.execute(
        f"create trigger definitions_no_update before update of {FIXED} on definitions begin select raise(abort, '{MESSAGE}'); end"
    )
    op.execute(
        f"create trigger definitions_life before update on definitions when not ({life}) begin select raise(abort, '{MESSAGE}'); end"
    )


def _postgresql(life: str) -> None:
    op.execute(
        f"create trigger definitions_no_change before update of {FIXED} or delete on definitions "
        "for each row execute function refuse_change()"
    )
    op.execute(
        "create function definitions_live() returns trigger language plpgsql as $$ begin "
        f"if not ({life}) then raise exception '{MESSAGE}'; end if; return new; end $$"
    )
    op.execute(
        "create trigger definitions_life before update on definitions for each row execute function definitions_live()"
    )


def downgrade() -> None:
    raise RuntimeError("records are only added to: restore a backup instead")
