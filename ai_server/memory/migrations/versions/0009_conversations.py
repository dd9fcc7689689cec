"""Whose each conversation is, when it ended, and what is told of it in short."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

_UNREFLECTED = sa.text("reflected_at IS NULL")
_PEOPLE = sa.text(
    "SELECT DISTINCT conversation_id, user_id FROM turns WHERE user_id <> '' ORDER BY conversation_id, user_id"
)
_BEGIN = sa.text(
    "INSERT INTO conversations (device_id, user_id, started_at, ended_at) "
    "SELECT device_id, :user_id, started_at, ended_at FROM conversations WHERE id = :id RETURNING id"
)
_MOVE = sa.text("UPDATE turns SET conversation_id = :new_id WHERE conversation_id = :id AND user_id = :user_id")
_END_ALL_BUT_THE_NEWEST = sa.text(
    "UPDATE conversations SET ended_at = ended.at, reflected_at = ended.at "
    "FROM (SELECT conversation_id, max(replied_at) AS at FROM turns GROUP BY conversation_id) AS ended "
    "WHERE ended.conversation_id = conversations.id "
    "AND id NOT IN (SELECT max(id) FROM conversations GROUP BY device_id, user_id)"
)
_COUNT_ANEW = sa.text(
    "UPDATE turns SET history_end = anew.history_end FROM (SELECT id, "
    "sum(history_tokens) OVER (PARTITION BY conversation_id ORDER BY id) AS history_end FROM turns) AS anew "
    "WHERE anew.id = turns.id AND anew.history_end <> turns.history_end"
)


def upgrade() -> None:
    """Create what is needed, and give each person the conversations that were the robot's."""
    op.add_column("conversations", sa.Column("user_id", sa.String(), nullable=False, server_default=""))
    op.add_column("conversations", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.add_column("conversations", sa.Column("facts_until", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("conversations", sa.Column("reflected_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_conversations_device_id_id", "conversations")
    op.create_index("ix_conversations_device_id_user_id_id", "conversations", ["device_id", "user_id", "id"])
    op.create_index(
        "ix_conversations_unreflected",
        "conversations",
        ["id"],
        sqlite_where=_UNREFLECTED,
        postgresql_where=_UNREFLECTED,
    )
    op.execute("UPDATE turns SET user_id = '' WHERE user_id IS NULL")
    with op.batch_alter_table("turns", table_kwargs={"sqlite_autoincrement": True}) as turns:
        turns.alter_column("user_id", existing_type=sa.String(), nullable=False, server_default="")
        turns.add_column(sa.Column("person_emotion", sa.String()))
    op.create_table(
        "summaries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("from_turn_id", sa.Integer(), nullable=False),
        sa.Column("to_turn_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_summaries"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_summaries_conversation_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "conversation_id", "to_turn_id", "made_by", name="uq_summaries_conversation_id_to_turn_id_made_by"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_summaries_device_id_user_id_id", "summaries", ["device_id", "user_id", "id"])
    _divide_conversations(op.get_bind())


def _divide_conversations(connection: sa.Connection) -> None:
    """Move what each known person said into conversations of their own; those before the newest have ended."""
    for number, user_id in connection.execute(_PEOPLE).all():
        new = connection.execute(_BEGIN, {"id": number, "user_id": user_id}).scalar_one()
        connection.execute(_MOVE, {"new_id": new, "id": number, "user_id": user_id})
    connection.execute(_COUNT_ANEW)
    connection.execute(_END_ALL_BUT_THE_NEWEST)
