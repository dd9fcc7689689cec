"""The tables, in types that SQLite and PostgreSQL share."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. It goes in with any time zone and comes out in UTC; SQLite, which has no zones, stores UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as the driver stores it.

        Raises:
            ValueError: if the value has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the stored value in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Index(None, "device_id", "id"),
)
"""A robot's conversations; the one with the highest id is the current one."""

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("device_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("user_id", String),
    Column("words", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("replied_at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("emotion", String, nullable=False),
    Column("intent", String, nullable=False),
    Column("language", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("source", String, nullable=False),
    Column("finish_reason", String, nullable=False),
    Column("actions", JSON, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("queue_ms", Float, nullable=False),
    Column("first_token_ms", Float),
    Column("total_ms", Float, nullable=False),
    Column("tokens_per_second", Float),
    Column("history_tokens", Integer, nullable=False),
    Column("history_end", Integer, nullable=False),
    UniqueConstraint("device_id", "request_id"),
    Index(None, "conversation_id", "history_end", "id"),
)
"""What was said and what was answered.

`facts` is the bracketed line of the moment that the words were sent with, so that a later prompt repeats the turn to
the letter and finds it in the model's cache. `history_tokens` is how many tokens the turn is
estimated to take there, 0 for one that history leaves out, and `history_end` their sum over the conversation up to and
with this turn.
"""
