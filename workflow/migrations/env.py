"""Alembic's entry: runs inside the transaction store.migrate() opened, so a failed migration leaves nothing behind."""

from alembic import context

from workflow.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
