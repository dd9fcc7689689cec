"""The tables, in types that SQLite and PostgreSQL share."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
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


def _partial_index(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False, server_default=""),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("facts_until", Integer, nullable=False, server_default="0"),
    Column("reflected_at", UtcDateTime),
    Index(None, "device_id", "user_id", "id"),
    _partial_index("ix_conversations_unreflected", "reflected_at IS NULL", "id"),
)
"""What each robot speaks of with each person; of those of one robot and person the one with the highest id is current.

`user_id` is empty for somebody whom the robot does not know. `ended_at` is that of a conversation that nothing is added
to any more. The model has looked for facts in the turns up to the one with the id `facts_until`. At `reflected_at` all
was made of a conversation that had ended that is to be made of it.
"""

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("device_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("user_id", String, nullable=False, server_default=""),
    Column("words", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("person_emotion", String),
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
    Column("delivery", String),
    Column("trace", JSON),
    UniqueConstraint("device_id", "request_id"),
    Index(None, "conversation_id", "history_end", "id"),
    _partial_index("ix_turns_device_id_delivery", "delivery IS NOT NULL", "device_id", "delivery"),
    sqlite_autoincrement=True,
)
"""What was said and what was answered. Ids never come back.

`user_id` is that of the conversation. `person_emotion` is how the person seemed to feel, where that was known. `facts`
is the bracketed line of the moment that the words were sent with, so that a later prompt repeats the turn to the letter
and finds it in the model's cache. `history_tokens` is how many tokens the turn is estimated to take there, 0 for one
that history leaves out, and `history_end` their sum over the conversation up to and with this turn. `delivery` is that
of the `inbox`. `trace` says why it was answered so.
"""

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("delivery", String),
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    Column("language", String),
    Column("emotion", String),
    Column("user_id", String),
    Column("ttl_ms", Integer, nullable=False),
    Column("interrupt", Boolean, nullable=False),
    Column("response_topic", String),
    Column("correlation_data", LargeBinary),
    UniqueConstraint("device_id", "request_id"),
    _partial_index("ix_inbox_device_id_delivery", "delivery IS NOT NULL", "device_id", "delivery"),
    sqlite_autoincrement=True,
)
"""Utterances that are accepted and not answered; each leaves in the transaction that stores its turn.

`delivery` is the fingerprint of the MQTT delivery that brought an utterance without an id of its own. Ids never come
back, so that their order is that of the arrivals, whatever the clock does.
"""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("correlation_data", LargeBinary),
    Column("delivered_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("expired_at", UtcDateTime),
    _partial_index("ix_outbox_undelivered", "delivered_at IS NULL", "device_id", "request_id"),
    _partial_index("ix_outbox_undelivered_id", "delivered_at IS NULL", "id"),
    _partial_index("ix_outbox_delivered_at", "delivered_at IS NOT NULL", "delivered_at"),
    _partial_index("ix_outbox_expired_at", "expired_at IS NOT NULL", "expired_at"),
    sqlite_autoincrement=True,
)
"""What is published for the turns: undelivered until the broker has acknowledged it. Ids never come back.

What the broker did not have at `expires_at` is not published any more: `expired_at` is when that was noticed.
"""

declarations = Table(
    "declarations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("declared_at", UtcDateTime, nullable=False),
    Column("capabilities", JSON, nullable=False),
    UniqueConstraint("device_id"),
    sqlite_autoincrement=True,
)
"""What each robot last declared of itself. Ids never come back, so that their order is that of the declarations."""

chosen_personas = Table(
    "chosen_personas",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
    Column("persona", String, nullable=False),
    UniqueConstraint("device_id"),
    sqlite_autoincrement=True,
)
"""Which persona each robot's `control` last chose. Ids never come back, so that their order is that of the choices."""

reminders = Table(
    "reminders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False, server_default=""),
    Column("kind", String, nullable=False),
    Column("name", String),
    Column("text", Text),
    Column("language", String, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("elapsed", Boolean, nullable=False),
    Column("duration_s", Float),
    Column("repeats", String),
    Column("local_time", String),
    Column("fired_at", UtcDateTime),
    _partial_index("ix_reminders_due_at", "due_at IS NOT NULL", "elapsed", "due_at"),
    Index(None, "device_id", "due_at"),
    sqlite_autoincrement=True,
)
"""Timers, alarms and reminders that people set. Ids never come back.

`user_id` is of who set it, empty for somebody whom the robot did not know.
`due_at` is when one fires next; NULL once it has fired for the last time. One that counts `elapsed` time is moved with
the wall clock when that is set; the others stay. `repeats` and `local_time` are of those that fire again and again, at
that time of day where the robot's host is. `fired_at` is when it fired last and nobody put it off.
"""

said_rules = Table(
    "said_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    Column("holds", Boolean, nullable=False),
    UniqueConstraint("device_id", "rule"),
    sqlite_autoincrement=True,
)
"""When each rule last made a robot speak; `holds` until its sensor is back where the rule may speak again."""

voice_settings = Table(
    "voice_settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("volume", Integer),
    Column("rate", Integer),
    Column("language", String),
    UniqueConstraint("device_id"),
    sqlite_autoincrement=True,
)
"""How each robot is to speak. Ids never come back, so that their order is that of the settings."""

names = Table(
    "names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("bearer", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    UniqueConstraint("device_id", "bearer", "user_id"),
    sqlite_autoincrement=True,
)
"""What each robot and the people who speak with it are called; `bearer` is `robot` or `person`.

`user_id` is empty for the robot, and for a person whom it does not know. Ids never come back.
"""

facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("household", Boolean, nullable=False),
    Column("subject", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("turn_id", ForeignKey(turns.c.id, ondelete="SET NULL"), index=True),
    Column("learned_at", UtcDateTime, nullable=False),
    Column("superseded_at", UtcDateTime),
    Column(
        "superseded_by", ForeignKey("facts.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"), index=True
    ),
    Index(None, "device_id", "user_id", "subject", "kind"),
    _partial_index("ix_facts_household", "household AND superseded_at IS NULL", "subject", "kind"),
    sqlite_autoincrement=True,
)
"""What is known for good. Ids never come back.

`user_id` is empty for a person whom the robot does not know. What was said for everybody is of the `household`. A fact
that another one contradicts is `superseded_at` that moment and kept; `turn_id` is the turn it was said in last.
"""

fact_turns = Table(
    "fact_turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fact_id", ForeignKey(facts.c.id, ondelete="CASCADE"), nullable=False),
    Column("turn_id", ForeignKey(turns.c.id, ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("fact_id", "turn_id"),
    sqlite_autoincrement=True,
)
"""Each turn that a fact was said in, so that it can be forgotten with them. Ids never come back."""

summaries = Table(
    "summaries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("from_turn_id", Integer, nullable=False),
    Column("to_turn_id", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    UniqueConstraint("conversation_id", "to_turn_id", "made_by"),
    Index(None, "device_id", "user_id", "id"),
    sqlite_autoincrement=True,
)
"""What was said in a conversation from its first turn up to another, in short. Ids never come back.

`from_turn_id` and `to_turn_id` are of the turns table, both within; a summary that was made of the one before it covers
what that covers, too. `tokens` is how many it is estimated to take in a prompt. `made_by` is `model` or `extract`.
"""

operator_answers = Table(
    "operator_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("command", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    UniqueConstraint("command", "request_id"),
    sqlite_autoincrement=True,
)
"""What operators asked and was done, so that it is done once. Ids never come back, so that their order is that in which
it was done."""

personalities = Table(
    "personalities",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("warmth", Float, nullable=False),
    Column("energy", Float, nullable=False),
    Column("formality", Float, nullable=False),
    Column("humour", Float, nullable=False),
    Column("directness", Float, nullable=False),
    Column("moved", Float, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("levels", String),
    Column("persona_levels", String),
    Column("spoken_at", UtcDateTime),
    UniqueConstraint("device_id", "user_id"),
    sqlite_autoincrement=True,
)
"""How far each robot's personality has drifted from its persona's towards each person.

The five traits are differences, and `moved` is how far they moved on the day of `updated_at`. `levels` is what prompts
say of them since `spoken_at`, and `persona_levels` what they would say of the persona alone. `user_id` is empty for
whoever the robot does not know. Ids never come back, so that their order is that of the last changes.
"""

Index("ix_turns_at", turns.c.at)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("count", Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""Who read, exported or erased how much of what. `scope` is of ids and times, never of what was said."""

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("touched", JSON, nullable=False),
    Column("all_touched", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""What is erased and not yet gone from the write-ahead log and from what the engine keeps.

`touched` are the pairs of `device_id` and `user_id` of whom something was erased; `all_touched` where that was of
everybody.
"""

search_entries = Table(
    "search_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("turn_id", ForeignKey(turns.c.id, ondelete="CASCADE")),
    Column("fact_id", ForeignKey(facts.c.id, ondelete="CASCADE")),
    Column("terms", Text),
    Column("said", Integer),
    Column("replied", Integer),
    Column("asks", Boolean),
    UniqueConstraint("turn_id"),
    UniqueConstraint("fact_id"),
    _partial_index("ix_search_entries_pending", "terms IS NULL", "id"),
    sqlite_autoincrement=True,
)
"""What each turn and each fact is found by. Ids never come back.

Triggers make an entry with every turn and fact, and a new one with every change to it; an entry goes with what it is
of. `terms` are digests, separated by spaces, NULL until they are made: the first `said` of them of the words or of the
fact, the next `replied` of the reply, the rest of how words sound. A turn `asks` where its words are a question. The
index over the terms is FTS5's `search_index` in SQLite and a GIN index in PostgreSQL.
"""

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry_id", ForeignKey(search_entries.c.id, ondelete="CASCADE"), nullable=False),
    Column("model", String, nullable=False),
    Column("device_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("entry_id"),
    Index(None, "device_id", "user_id", "entry_id"),
    sqlite_autoincrement=True,
)
"""What each entry means, as far as an embedding model can tell: a vector of length 1, of little-endian halves.

`model` is the fingerprint of the model's file; `device_id` and `user_id` are those of the turn or the fact, both empty
for a fact of the household.
"""
