"""A town hall's video codec; those that are there already keep VP8."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("town_halls", sa.Column("video_codec", sa.String(length=8), nullable=False, server_default="vp8"))
