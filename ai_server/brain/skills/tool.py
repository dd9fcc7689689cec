"""How skills describe themselves to language models, and read what they are asked with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ai_server.brain.skills.skill import Question
from ai_server.brain.slots import reading
from ai_server.brain.wording import plain

NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
"""The parameters of a skill that takes none."""


def takes(*required: str, **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON Schema of a flat object with these properties; those that are not required may be left out."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def text(description: str, longest: int = 60) -> Mapping[str, Any]:
    """Return the schema of a text of at most so many characters."""
    return {"type": "string", "maxLength": longest, "description": description}


def whole(description: str, least: int, most: int) -> Mapping[str, Any]:
    """Return the schema of a whole number in a range."""
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def one_of(description: str, *values: str) -> Mapping[str, Any]:
    """Return the schema of a choice."""
    return {"type": "string", "enum": list(values), "description": description}


def words_of(question: Question, slot: str) -> str:
    """Return a slot's words in one short line that can be spoken; empty where there are none."""
    return plain(str(question.slots.get(slot, "")))


def day_of(question: Question) -> str:
    """Return the slot `date`, or else the date that a person's own words hold, as YYYY-MM-DD; empty for neither."""
    if said := words_of(question, "date"):
        return said
    found = reading.find("date", question.text, question.language, question.now) if question.intent else None
    return str(found[2]["date"]) if found else ""


def number_of(question: Question, slot: str) -> float | None:
    """Return a slot's number; None where there is none, or it is no number."""
    value = question.slots.get(slot)
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
