"""What happens in running town halls outlives the process."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "running_states",
        sa.Column("town_hall", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["town_hall"], ["town_halls.id"], name=op.f("fk_running_states_town_hall_town_halls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("town_hall", "key", name=op.f("pk_running_states")),
    )
