"""Alembic's entry: runs on the connection it is given, by `database.migrate` and by tests."""

from alembic import context

from room_server.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters by copying the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
