"""The field types that several messages share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def printable(value: str) -> str:
    """Return a text as it is.

    Raises:
        ValueError: if a character of it has no printed form, such as a line end.
    """
    if not value.isprintable():
        raise ValueError("must hold no control characters")
    return value


def _words(value: str) -> str:
    words = value.strip()
    if not words:
        raise ValueError("must hold at least one word")
    if "\0" in words:
        raise ValueError("must hold no NUL character")
    return words


Words = Annotated[str, Field(max_length=4000), AfterValidator(_words)]
"""What a person said: 1 to 4,000 characters that are not all white space, NUL excluded; trimmed."""

Id = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(printable)]
"""An id that a sender chose: 1 to 128 printable characters."""

DeviceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Confidence = Annotated[float, Field(ge=0, le=1)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")]
"""A language tag of BCP 47, such as `en` or `pt-BR`."""


class WireModel(BaseModel):
    """A message as it travels: immutable, strict. Unknown fields are ignored: old brains take new robots."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")
