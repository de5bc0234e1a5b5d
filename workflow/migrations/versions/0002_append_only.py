"""The history cannot be changed or deleted, and a new event must join the last one: refused by the database itself."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "instruments", "prints", "deliveries", "definitions", "accesses")
MESSAGE = "append-only"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for what in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{what} before {what} on {table} begin select raise(abort, '{MESSAGE}: {table}'); end"
            )
    op.execute(
        "create trigger events_joined before insert on events when "
        "(new.seq = 1 and new.prev_hash <> '') or (new.seq <> 1 and not exists "
        "(select 1 from events where chain = new.chain and seq = new.seq - 1 and hash = new.prev_hash)) "
        "begin select raise(abort, 'chain broken: events'); end"
    )


def _postgresql() -> None:
    op.execute(
        f"create function refuse_change() returns trigger language plpgsql as $$ begin raise exception '{MESSAGE}: %', tg_table_name; end $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger {table}_no_change before update or delete on {table} for each row execute function refuse_change()"
        )
        op.execute(
            f"create trigger {table}_no_truncate before truncate on {table} for each statement execute function refuse_change()"
        )
    op.execute(
        "create function events_join() returns trigger language plpgsql as $$ begin "
        "if (new.seq = 1 and new.prev_hash <> '') or (new.seq <> 1 and not exists "
        "(select 1 from events where chain = new.chain and seq = new.seq - 1 and hash = new.prev_hash)) "
        "then raise exception 'chain broken: events'; end if; return new; end $$"
    )
    op.execute("create trigger events_joined before insert on events for each row execute function events_join()")


def downgrade() -> None:
    raise NotImplementedError("the history stays append-only")
