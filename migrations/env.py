"""Alembic's environment: always inside the transaction of `coordination.upgrade`, never offline."""

from alembic import context

from coordination.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=False,
    compare_server_default=True,
)
context.run_migrations()
