"""The answers that owners write to their own intents: words, and names in braces that stand for what is known."""

from __future__ import annotations

import re
from collections.abc import Callable

KNOWN = frozenset({"person", "robot", "time", "date", "battery"})
"""What an answer may hold in braces beside the slots of its intent."""

_PLACEHOLDER = re.compile(r"(?P<before>,?\s*)\{(?P<name>\w+)\}")


def placeholders(response: str) -> list[str]:
    """Return what an owner's answer holds in braces, from the first on."""
    return [match["name"] for match in _PLACEHOLDER.finditer(response)]


def filled(response: str, value: Callable[[str], str]) -> str:
    """Return an owner's answer with `value` of each name in its place, and without the comma before what has none."""

    def fill(match: re.Match[str]) -> str:
        words = value(match["name"])
        return match["before"] + words if words else ""

    return _PLACEHOLDER.sub(fill, response).strip()
