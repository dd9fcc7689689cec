"""What there is to do for the model: replies, and what is read ahead."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ai_server.llm.engine.conversation import Conversation, Prefix
from ai_server.llm.engine.prompt import Prompt
from ai_server.llm.engine.sampler import Sampler
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.text import TextStream
from ai_server.llm.wire import Generate


@dataclass(slots=True, eq=False)
class PrefixReading:
    """A prefix that is to be in the cache."""

    prefix: Prefix

    @property
    def sequence(self) -> Sequence:
        """Where its tokens go."""
        return self.prefix.sequence

    @property
    def tokens(self) -> list[int]:
        """All of them, from the first position on."""
        return self.prefix.tokens

    @property
    def position(self) -> int:
        """How many of the tokens are in the cache."""
        return len(self.sequence.tokens)

    @property
    def pending(self) -> int:
        """How many are not."""
        return len(self.tokens) - self.position


@dataclass(slots=True, eq=False)
class Reading:
    """What is known of a conversation before it is to be answered.

    Attributes:
        conversation: whose sequence the tokens go to.
        prompt: what it begins as.
        tokens: all of them, from the first position on.
        attached: whether its sequence holds their beginning and nothing else.
    """

    conversation: Conversation
    prompt: Prompt
    tokens: list[int]
    attached: bool = False

    @property
    def sequence(self) -> Sequence | None:
        """Where its tokens go; None where the conversation is not in the cache."""
        return self.conversation.sequence

    @property
    def position(self) -> int:
        """How many of the tokens are in the cache."""
        return len(self.sequence.tokens) if self.sequence else 0

    @property
    def pending(self) -> int:
        """How many are not."""
        return len(self.tokens) - self.position


@dataclass(slots=True, eq=False)
class Reply:
    """One request while it is being answered; times in seconds of `time.monotonic()`.

    Attributes:
        request: what is asked.
        conversation: it belongs to.
        prompt: what the model reads first.
        tokens: the prompt's and those that were generated; the newest is not in the cache yet.
        attached: whether the conversation's sequence holds their beginning and nothing else.
    """

    request: Generate
    conversation: Conversation
    prompt: Prompt
    sampler: Sampler
    text: TextStream
    tokens: list[int]
    attached: bool = False
    began: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    newest_token: float = 0
    raw: list[bytes] = field(default_factory=list)
    """What was generated, token by token."""
    unsent: str = ""
    unsent_tokens: int = 0
    sent: float = float("-inf")
    """When text was last sent."""
    ended: bool = False
    """Whether the model ended it."""
    rebuilds: int = 0
    """How often the context was lost under it."""

    @property
    def sequence(self) -> Sequence | None:
        """Where its tokens go; None where the conversation is not in the cache."""
        return self.conversation.sequence

    @property
    def position(self) -> int:
        """How many of the tokens are in the cache."""
        return len(self.sequence.tokens) if self.sequence else 0

    @property
    def pending(self) -> int:
        """How many are not: one while it generates, more while it reads."""
        return len(self.tokens) - self.position

    @property
    def completion_tokens(self) -> int:
        """How many tokens were generated."""
        return len(self.raw)

    @property
    def is_late(self) -> bool:
        """Whether it has taken as long as it may."""
        timeout_s = self.request.timeout_s
        return timeout_s is not None and time.monotonic() - self.began >= timeout_s

    @property
    def prefill_ms(self) -> float:
        """From the first decode call to the first token, or to now."""
        return ((self.first_token or time.monotonic()) - self.began) * 1000

    @property
    def decode_ms(self) -> float:
        """From the first token to the newest."""
        return 0 if self.first_token is None else (self.newest_token - self.first_token) * 1000


Work = Reply | Reading | PrefixReading
