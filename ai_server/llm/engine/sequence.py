"""What the KV cache holds, and what is being answered."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from ai_server.llm.engine.prompt import Prompt
from ai_server.llm.engine.sampler import Sampler
from ai_server.llm.engine.text import TextStream
from ai_server.llm.wire import Generate


@dataclass(slots=True)
class Sequence:
    """One of the KV cache's sequences. Only the runner changes its tokens, since it changes the cache with them."""

    id: int
    tokens: list[int] = field(default_factory=list)
    """What the cache holds, position by position."""

    def common_prefix(self, tokens: list[int]) -> int:
        """Return how many tokens at the start are the same as in the cache."""
        pairs = zip(self.tokens, tokens, strict=False)
        return next(
            (at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), min(len(self.tokens), len(tokens))
        )


@dataclass(slots=True)
class Reply:
    """One request while it is being answered; times in seconds of `time.monotonic()`."""

    request: Generate
    prompt: Prompt
    cached_tokens: int
    """So much of the prompt was in the KV cache already."""
    sampler: Sampler
    text: TextStream
    began: float = field(default_factory=time.monotonic)
    chunk_limit: int = sys.maxsize
    """The largest part of the prompt to decode at once; halved where there was no room."""
    last_token: int = -1
    """The newest token, which is not in the cache yet."""
    completion_tokens: int = 0
    first_token: float | None = None
    newest_token: float = 0
    unsent: str = ""
    unsent_tokens: int = 0
    sent: float = float("-inf")
    """When text was last sent."""

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
