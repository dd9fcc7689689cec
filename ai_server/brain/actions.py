"""Whether a model that copies badly has a number from what the person said."""

from __future__ import annotations

import re

from text_to_num import alpha2digit

from ai_server.llm.chat import ActionCall

_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?!\d|st|nd|rd|th)")
_AND_A_HALF = re.compile(r"(\d+) and a half\b")
_ONE = frozenset({1.0})


def unsaid_number(call: ActionCall, words: str) -> str | None:
    """Return why an action's number must not leave the brain: the person said numbers, and not this one.

    Numbers count in digits and in English words, without their sign. A spoken "one" alone is not taken for a number:
    it stands for too much else.

    For small models, which copy badly; larger ones may turn "1.5 metres" into 150 cm.
    """
    written = _numbers(words)
    in_digits = _AND_A_HALF.sub(r"\1.5", alpha2digit(words, "en", threshold=0))
    said = written | _numbers(in_digits)
    if not written and said == _ONE:
        return None
    for name, value in call.arguments.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and said and abs(value) not in said:
            return f"{call.name}.{name}: the person did not say {value}"
    return None


def _numbers(words: str) -> set[float]:
    return set(map(float, _NUMBER.findall(words)))
