"""What operators ask of the brain's memory, and what it answers; what it answers never quotes what people said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator

from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.fields import DeviceId, Id, WireModel, Words
from ai_server.protocol.reply import Outgoing
from ai_server.protocol.scope import PersonId, Scope

BackupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$")]
"""A file name without a folder."""

_MOST_LINES = 10_000
_MOST_FACTS = 1000


class OperatorRequest(WireModel):
    """The payload of `naila/system/request/{command}`; a field that the command does not know is refused.

    Attributes:
        id: the asker's choice; the answer carries it, and the same again is answered and not done again.
        by: who asks: the audit log has it with `mqtt:` before it.
    """

    model_config = ConfigDict(extra="forbid")

    id: Id
    by: Annotated[str, Field(min_length=1, max_length=64)] = "operator"


class ForgetRequest(Scope, OperatorRequest):
    """`memory.forget`: erase for good.

    Attributes:
        device_id: of this robot; None for all.
        facts: these facts, by their ids, with the turns in which they were said or told back, and nothing else.
        everything: stands where nothing else says what to forget.
    """

    device_id: DeviceId | None = None
    facts: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=_MOST_FACTS)] = Field(default_factory=list)
    everything: bool = False

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        limited = self.is_limited or self.device_id is not None
        if [limited, bool(self.facts), self.everything].count(True) != 1:
            raise ValueError(
                "device_id, user_id, about, since and until say what to forget, or else facts, or else everything: true"
            )
        return self


class CorrectRequest(OperatorRequest):
    """`memory.correct`: give a fact another value; what it was before is kept as its history.

    Attributes:
        fact: its id.
        value: what is right.
        text: the sentence to tell it back with; None for the old one with the new value in it.
    """

    fact: Annotated[int, Field(ge=1)]
    value: Words
    text: Words | None = None


class RememberRequest(OperatorRequest):
    """`memory.remember`: keep a fact in the owner's words.

    Attributes:
        device_id: the robot that is to know it.
        user_id: the person it is of; None for whoever that robot does not know.
        text: the sentence.
        household: it reaches every robot and person.
    """

    device_id: DeviceId
    user_id: Id | None = None
    text: Words
    household: bool = False


class ImportRequest(OperatorRequest):
    """`memory.import`: take in lines of an export; what is known already stays as it is.

    Attributes:
        lines: all of them are taken, or none.
        first: the number of the first one in its file, for what is said of a line that cannot be taken.
        device_id: into this robot, instead of those in the lines.
        user_id: into this person, instead of those in the lines.
    """

    device_id: DeviceId | None = None
    user_id: PersonId | None = None
    first: Annotated[int, Field(ge=1)] = 1
    lines: Annotated[list[str], Field(min_length=1, max_length=_MOST_LINES)]


class StatsRequest(OperatorRequest):
    """`memory.stats`: how much is remembered."""


class BackupRequest(OperatorRequest):
    """`memory.backup`: write a copy of the database into NAILA_BACKUP_DIR.

    Attributes:
        name: of the file, which must not be there yet; None for one with the date.
    """

    name: BackupName | None = None


class ResetPersonalityRequest(OperatorRequest):
    """`personality.reset`: a robot, or all, are again to a person, or to all, what their personas say."""

    device_id: DeviceId | None = None
    user_id: PersonId | None = None


REQUESTS: Mapping[str, type[OperatorRequest]] = MappingProxyType(
    {
        "memory.forget": ForgetRequest,
        "memory.correct": CorrectRequest,
        "memory.remember": RememberRequest,
        "memory.import": ImportRequest,
        "memory.stats": StatsRequest,
        "memory.backup": BackupRequest,
        "personality.reset": ResetPersonalityRequest,
    }
)
"""Each command, as the last level of the topic names it."""


def command_of(request: OperatorRequest) -> str:
    """Return the command of a request."""
    return next(command for command, kind in REQUESTS.items() if type(request) is kind)


class OperatorResponse(Outgoing):
    """The payload of `naila/system/response/{command}`.

    Attributes:
        id: of the request.
        ok: it was done; else `error_code` and `error_message` say why not, and nothing was.
        result: figures, by their names.
    """

    id: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    ok: bool = True
    error_code: ErrorCode | None = None
    error_message: str | None = None
    result: dict[str, JsonValue] = Field(default_factory=dict)
