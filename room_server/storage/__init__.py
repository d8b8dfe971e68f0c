"""What outlives the process: SQLAlchemy, SQLite by default, migrations by alembic."""
