"""Which part of what is remembered is meant."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from ai_server.protocol.fields import WireModel, Words, printable

PersonId = Annotated[str, Field(max_length=128), AfterValidator(printable)]
"""A `user_id`; empty for whoever a robot does not know."""


class Scope(WireModel):
    """A part of what is remembered: all that is set must hold.

    Attributes:
        user_id: of this person; empty for whoever a robot does not know.
        about: turns and facts that speak of these words.
        since: from this moment on.
        until: before this moment.
    """

    user_id: PersonId | None = None
    about: Words | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anything is set."""
        return any(getattr(self, field) is not None for field in Scope.model_fields)

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("until: must be after since")
        return self
