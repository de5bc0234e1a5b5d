"""Child matters (remedy), what kind of day a clock ends on, the legal day it was met; cases before their diagnosis."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = (
    "alter table matters add column parent_id integer references matters(id)",
    "alter table matters add column instrument_id integer references instruments(id)",
    "alter table matters add column addressee varchar(30) default '' not null",
    "alter table clocks add column done_on date",
    "alter table clocks add column kind varchar(12) default 'deadline' not null",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
        _nullable_on_sqlite()
    else:
        op.add_column("matters", sa.Column("parent_id", sa.BigInteger(), sa.ForeignKey("matters.id")))
        op.add_column("matters", sa.Column("instrument_id", sa.BigInteger(), sa.ForeignKey("instruments.id")))
        op.add_column("matters", sa.Column("addressee", sa.String(30), nullable=False, server_default=""))
        op.add_column("clocks", sa.Column("done_on", sa.Date()))
        op.add_column("clocks", sa.Column("kind", sa.String(12), nullable=False, server_default="deadline"))
        op.alter_column("cases", "diagnosed_on", nullable=True)
    op.execute("update clocks set done_on = closed_on where state = 'met'")


def _nullable_on_sqlite() -> None:
    """SQLite cannot alter a column, and copying the table would break every reference to it. Taking a NOT NULL out of the
    stored statement changes nothing on the disk: the way its own documentation gives for this."""
    bind = op.get_bind()
    text = bind.execute(sa.text("select sql from sqlite_master where type = 'table' and name = 'cases'")).scalar_one()
    changed = text.replace("diagnosed_on DATE NOT NULL", "diagnosed_on DATE", 1)
    if changed == text:
        raise RuntimeError("cases.diagnosed_on is not as migration 0001 made it")
    version = bind.exec_driver_sql("pragma schema_version").scalar_one()
    bind.exec_driver_sql("pragma writable_schema = on")
    bind.execute(
        sa.text("update sqlite_master set sql = :sql where type = 'table' and name = 'cases'"), {"sql": changed}
    )
    bind.exec_driver_sql(f"pragma schema_version = {version + 1}")
    bind.exec_driver_sql("pragma writable_schema = off")


def downgrade() -> None:
    raise RuntimeError("records are only added to: restore a backup instead")
