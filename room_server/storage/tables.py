"""The tables as they are now. How they came to be is in `migrations/`; a test compares the two.

Times are seconds since 1970. Secrets are stored as SHA-256 in hex and nowhere else.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# Named, so that a later migration can drop them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(24)
_HASH = String(64)

accounts = Table(
    "accounts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(256), nullable=False),
    Column("totp_secret", String(64), nullable=False),
    # The time step of the last code used: a code works once.
    Column("totp_step", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

setups = Table(
    "setups",
    metadata,
    Column("token_hash", _HASH, primary_key=True),
    Column("totp_secret", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", _HASH, primary_key=True),
    Column("account", _ID, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Float, nullable=False),
)

town_halls = Table(
    "town_halls",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("language", String(35), nullable=False),
    Column("seats", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("starts_at", Float),
    Column("created_at", Float, nullable=False),
    Column("video_codec", String(8), nullable=False, server_default="vp8"),
)

links = Table(
    "links",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("town_hall", _ID, ForeignKey("town_halls.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", _HASH, nullable=False, unique=True),
    # Sorted role names with a space between them.
    Column("roles", String(200), nullable=False),
    Column("name", String(64), nullable=False),
    # A personal link works on the first device that opens it.
    Column("personal", Boolean, nullable=False),
    Column("device_hash", _HASH),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
    Index("ix_links_town_hall", "town_hall"),
)

participants = Table(
    "participants",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("link", _ID, ForeignKey("links.id", ondelete="CASCADE"), nullable=False),
    Column("device_hash", _HASH, nullable=False),
    Column("name", String(64), nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("link", "device_hash"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("participant", _ID, ForeignKey("participants.id", ondelete="CASCADE"), nullable=False),
    # How many rotations lie before it; using one retires all with a smaller number.
    Column("generation", Integer, nullable=False),
    Column("speaks", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("ix_credentials_participant", "participant"),
)

running_states = Table(
    "running_states",
    metadata,
    Column("town_hall", _ID, ForeignKey("town_halls.id", ondelete="CASCADE"), primary_key=True),
    # "stage", "revision", or a participant's id behind "p:".
    Column("key", String(32), primary_key=True),
    # JSON, as `townhall/kept.py` has written it.
    Column("value", Text, nullable=False),
)
