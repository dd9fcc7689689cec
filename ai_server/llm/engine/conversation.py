"""What the engine keeps of each conversation between its turns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache

from ai_server.llm.chat import ActionCall, EmotionTag, Message
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.speculation import Lookup
from ai_server.llm.engine.spill import Spill
from ai_server.llm.reply import ReplyParser


@dataclass(slots=True, eq=False)
class Prefix:
    """The system message that conversations begin with, in a sequence of its own from which theirs are copied.

    Attributes:
        tokens: all of it.
        sequence: where it is in the KV cache.
        forgotten: nothing of it is to stay once it leaves the cache.
    """

    tokens: list[int]
    sequence: Sequence
    forgotten: bool = False

    @property
    def is_read(self) -> bool:
        """Whether all of it is in the cache."""
        return len(self.sequence.tokens) == len(self.tokens)


@dataclass(slots=True, eq=False)
class Conversation:
    """One robot's conversation with one person.

    Attributes:
        id: the asker's choice.
        sequence: where it is in the KV cache; None where it is not.
        prefix: whose cells the sequence begins with; None where it shares none.
        spill: what was brought from memory or disk and is not in the cache yet.
        replies: the tokens that were generated, by the `form_of` what they say.
        turns: where turns begin in the sequence.
        lookup: guesses how a reply goes on.
        first: the user message that it begins with since its oldest turns were dropped; None where none were.
        busy: it is being answered.
        forgotten: nothing of it is to stay once it is answered.
    """

    id: str
    sequence: Sequence | None = None
    prefix: Prefix | None = None
    spill: Spill | None = None
    replies: dict[str, tuple[int, ...]] = field(default_factory=dict)
    turns: list[int] = field(default_factory=list)
    lookup: Lookup = field(default_factory=Lookup)
    first: Message | None = None
    busy: bool = False
    forgotten: bool = False

    @property
    def shared(self) -> int:
        """So many of its first tokens are in cells of the prefix."""
        return len(self.prefix.tokens) if self.prefix else 0

    @property
    def own_cells(self) -> int:
        """Cells of the KV cache that no other conversation uses."""
        return len(self.sequence.tokens) - self.shared if self.sequence else 0


@lru_cache(maxsize=1024)
def form_of(content: str) -> str:
    """Return what an assistant message says in one fixed form, however its spaces and brackets are set.

    What a model made and the message that it becomes in the history have the same form, unless some of it was left out.
    """
    parser = ReplyParser()
    events = parser.feed(content) + parser.close(truncated=False)
    emotion = next((event.emotion for event in events if isinstance(event, EmotionTag)), "neutral")
    actions = [[event.name, event.arguments] for event in events if isinstance(event, ActionCall)]
    return json.dumps([emotion, parser.text, actions], ensure_ascii=False)
