"""What an utterance was taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ai_server.brain.slots import SlotValue


@dataclass(frozen=True, slots=True)
class Intent:
    """What an utterance was taken for.

    Attributes:
        name: such as `time_query`; `conversation` where nothing simpler fits.
        confidence: the probability that it is right, from 0 to 1; 1 where a phrase is the whole utterance.
        slots: what exactly is wanted, such as which `sensor`, or a `duration` in seconds.
        rule: why: the phrase that matched, as it stands in the file; empty where none did.
        response: the owner's own answer to it, a template; empty where a skill answers.
    """

    name: str
    confidence: float
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    rule: str = ""
    response: str = ""

    @property
    def is_phrase(self) -> bool:
        """Whether it is known to the letter, and not judged by what it is like."""
        return self.rule not in {"", "classifier"}
