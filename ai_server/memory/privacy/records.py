"""What is remembered as JSON objects, one a row: each names what it belongs to, so that it holds in any database."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)
from sqlalchemy import Select, Table, and_, select

from ai_server.memory.facts import Source as FactSource
from ai_server.memory.reminders import Kind
from ai_server.memory.schema import (
    chosen_personas,
    conversations,
    facts,
    names,
    personalities,
    reminders,
    summaries,
    turns,
    voice_settings,
)
from ai_server.memory.summaries import Maker
from ai_server.protocol.fields import Confidence, DeviceId, Id
from ai_server.protocol.reply import ActionMessage
from ai_server.protocol.scope import PersonId
from ai_server.protocol.terms import Emotion, FinishReason, Source

VERSION = 1
"""Of the format; a reader takes its own and older ones."""


class RecordError(ValueError):
    """A line is no record; the message says what is wrong with it."""


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must hold no NUL character")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Header(BaseModel):
    """The first line of an export: what it is, and of what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["header"] = "header"
    format: Literal["naila-memory"] = "naila-memory"
    version: Annotated[int, Field(ge=1, le=VERSION)] = VERSION
    exported_at: AwareDatetime
    scope: str


class Record(BaseModel):
    """A row of a table; the fields are its columns but for the ids, and links in their place.

    Attributes:
        device_id: the robot's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True)

    table: ClassVar[Table]
    query: ClassVar[Select[Any]]
    """Selects the fields, and the id."""
    key: ClassVar[tuple[str, ...]]
    """The fields that are the same in two records of one thing."""
    moment: ClassVar[str | None] = None
    """Of two records of one thing the one with the later moment holds; where there is none, the one that was first."""

    device_id: DeviceId


class PersonRecord(Record):
    """A record of one person; `user_id` is empty for whoever the robot does not know."""

    user_id: PersonId = ""


class ConversationRecord(PersonRecord):
    """A conversation. The moment at which it began stands for it in its turns and summaries."""

    table = conversations
    query = select(conversations)
    key = ("device_id", "user_id", "started_at")

    type: Literal["conversation"] = "conversation"
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    reflected_at: AwareDatetime | None = None


class TurnRecord(PersonRecord):
    """What was said and answered."""

    table = turns
    query = select(turns, conversations.c.started_at.label("conversation")).join(
        conversations, conversations.c.id == turns.c.conversation_id
    )
    key = ("device_id", "request_id")

    type: Literal["turn"] = "turn"
    conversation: AwareDatetime
    request_id: Id
    at: AwareDatetime
    words: Text
    facts: Text = ""
    person_emotion: Emotion | None = None
    replied_at: AwareDatetime
    text: Text
    emotion: Emotion
    intent: Text
    language: Text
    confidence: Confidence
    source: Source
    finish_reason: FinishReason
    actions: tuple[ActionMessage, ...] = ()
    prompt_tokens: Count = 0
    cached_tokens: Count = 0
    completion_tokens: Count = 0
    queue_ms: float = 0
    first_token_ms: float | None = None
    total_ms: float = 0
    tokens_per_second: float | None = None
    history_tokens: Count = 0
    trace: dict[str, JsonValue] | None = None


_first, _last = turns.alias(), turns.alias()


class SummaryRecord(PersonRecord):
    """A conversation in short, from one turn to another; these are named by their requests."""

    table = summaries
    query = (
        select(
            summaries,
            conversations.c.started_at.label("conversation"),
            _first.c.request_id.label("from_request"),
            _last.c.request_id.label("to_request"),
        )
        .join(conversations, conversations.c.id == summaries.c.conversation_id)
        .join(_last, _last.c.id == summaries.c.to_turn_id)
        .outerjoin(_first, _first.c.id == summaries.c.from_turn_id)
    )
    key = ("device_id", "user_id", "conversation", "to_request", "made_by")

    type: Literal["summary"] = "summary"
    conversation: AwareDatetime
    from_request: Id | None = None
    to_request: Id
    text: Text
    tokens: Count
    made_by: Maker
    made_at: AwareDatetime


class FactName(BaseModel):
    """What tells a fact from the others of its person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Text
    kind: Text
    value: Text
    learned_at: AwareDatetime


_next = facts.alias()


class FactRecord(PersonRecord):
    """A fact, the request that it was said with, and what took its place."""

    table = facts
    query = (
        select(
            facts,
            turns.c.request_id.label("request"),
            _next.c.subject.label("next_subject"),
            _next.c.kind.label("next_kind"),
            _next.c.value.label("next_value"),
            _next.c.learned_at.label("next_learned_at"),
        )
        .outerjoin(turns, turns.c.id == facts.c.turn_id)
        .outerjoin(
            _next,
            and_(
                _next.c.id == facts.c.superseded_by,
                _next.c.device_id == facts.c.device_id,
                _next.c.user_id == facts.c.user_id,
            ),
        )
    )
    key = ("device_id", "user_id", "household", "subject", "kind", "value", "learned_at")

    type: Literal["fact"] = "fact"
    household: bool = False
    subject: Text
    kind: Text
    value: Text
    text: Text
    source: FactSource
    confidence: Confidence
    request: Id | None = None
    learned_at: AwareDatetime
    superseded_at: AwareDatetime | None = None
    superseded_by: FactName | None = None


class NameRecord(PersonRecord):
    """What a robot or a person is called."""

    table = names
    query = select(names)
    key = ("device_id", "bearer", "user_id")
    moment = "said_at"

    type: Literal["name"] = "name"
    bearer: Literal["robot", "person"]
    name: Text
    said_at: AwareDatetime


class PersonalityRecord(PersonRecord):
    """How a robot has come to speak with a person."""

    table = personalities
    query = select(personalities)
    key = ("device_id", "user_id")
    moment = "updated_at"

    type: Literal["personality"] = "personality"
    warmth: float
    energy: float
    formality: float
    humour: float
    directness: float
    moved: float
    updated_at: AwareDatetime
    levels: Text | None = None
    persona_levels: Text | None = None
    spoken_at: AwareDatetime | None = None


class ReminderRecord(PersonRecord):
    """A timer, an alarm or a reminder that is still to fire."""

    table = reminders
    query = select(reminders).where(reminders.c.due_at.is_not(None))
    key = ("device_id", "kind", "set_at", "name", "text")

    type: Literal["reminder"] = "reminder"
    kind: Kind
    name: Text | None = None
    text: Text | None = None
    language: Text
    set_at: AwareDatetime
    due_at: AwareDatetime
    elapsed: bool
    duration_s: float | None = None
    repeats: Text | None = None
    local_time: Text | None = None
    fired_at: AwareDatetime | None = None


class VoiceRecord(Record):
    """How a robot is to speak."""

    table = voice_settings
    query = select(voice_settings)
    key = ("device_id",)
    moment = "set_at"

    type: Literal["voice"] = "voice"
    set_at: AwareDatetime
    volume: Percent | None = None
    rate: Percent | None = None
    language: Text | None = None


class PersonaRecord(Record):
    """Which persona was chosen for a robot."""

    table = chosen_personas
    query = select(chosen_personas)
    key = ("device_id",)
    moment = "chosen_at"

    type: Literal["persona"] = "persona"
    chosen_at: AwareDatetime
    persona: Text


KINDS: tuple[type[Record], ...] = (
    ConversationRecord,
    TurnRecord,
    SummaryRecord,
    FactRecord,
    NameRecord,
    PersonalityRecord,
    ReminderRecord,
    VoiceRecord,
    PersonaRecord,
)
"""In the order in which an export holds them: what others refer to comes first."""

_Line = Annotated[
    Header
    | ConversationRecord
    | TurnRecord
    | SummaryRecord
    | FactRecord
    | NameRecord
    | PersonalityRecord
    | ReminderRecord
    | VoiceRecord
    | PersonaRecord,
    Field(discriminator="type"),
]
_LINE: TypeAdapter[Header | Record] = TypeAdapter(_Line)


def read_line(line: str) -> Header | Record:
    """Return what a line of an export holds.

    Raises:
        RecordError: if it holds something else.
    """
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"][1:]))
        raise RecordError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def record_of(kind: type[Record], row: dict[str, Any]) -> Record:
    """Return the record of a row that the kind's query selected.

    Raises:
        ValidationError: if the row holds what nobody wrote there.
    """
    fields = {name: row[name] for name in kind.model_fields if name in row}
    if kind is FactRecord:
        names_next = {name: row[f"next_{name}"] for name in FactName.model_fields}
        fields["superseded_by"] = names_next if row["next_subject"] is not None else None
    return kind.model_validate(fields)
