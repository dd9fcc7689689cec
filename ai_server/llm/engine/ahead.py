"""What is read while nobody waits for a reply."""

from __future__ import annotations

from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.conversation import Prefix
from ai_server.llm.engine.placement import Placement
from ai_server.llm.engine.prompt import PromptTooLongError
from ai_server.llm.engine.template import TemplateError
from ai_server.llm.engine.work import PrefixReading, Reading
from ai_server.llm.wire import Listen


class Ahead:
    """A queue: what is being said, then what follows replies, then prefixes that are to be kept.

    Args:
        placement: lays out and places what is its turn.
        cache: that it is read into.
    """

    def __init__(self, placement: Placement, cache: Cache) -> None:
        self._placement = placement
        self._cache = cache
        self._queue: dict[str, Listen | Reading | PrefixReading] = {}  # by conversation, the most urgent first

    def __bool__(self) -> bool:
        return bool(self._queue)

    def hear(self, heard: Listen) -> None:
        """Have what is being said read next, in place of what was to be read of that conversation."""
        self.drop(heard.conversation_id)
        self._queue = {heard.conversation_id: heard, **self._queue}

    def add(self, reading: Reading) -> None:
        """Have more of a conversation read."""
        self._queue[reading.conversation.id] = reading

    def keep(self, prefix: Prefix) -> None:
        """Have a prefix read, and kept for other processes."""
        self._queue[f"prefix {prefix.sequence.id}"] = PrefixReading(prefix)  # no robot's id has a space

    def drop(self, conversation_id: str) -> None:
        """Read no more of a conversation."""
        item = self._queue.pop(conversation_id, None)
        if isinstance(item, Reading):
            self._cache.let_go(item.conversation)

    def drop_prefix(self, prefix: Prefix) -> None:
        """Read neither a prefix nor what begins with it."""
        for name, item in list(self._queue.items()):
            match item:
                case PrefixReading() if item.prefix is prefix:
                    del self._queue[name]
                case Reading() if item.conversation.prefix is prefix:
                    self.drop(name)

    def clear(self) -> None:
        """Read nothing of all this."""
        for name in list(self._queue):
            self.drop(name)

    def next(self) -> Reading | PrefixReading | None:
        """Return what is to be read now; what is read is done with."""
        while self._queue:
            name, item = next(iter(self._queue.items()))
            match item:
                case Listen():
                    self._lay_out(item)
                case PrefixReading() if not self._cache.has(item.prefix):
                    del self._queue[name]
                case PrefixReading() if not item.pending:
                    del self._queue[name]
                    self._cache.keep(item.prefix)
                case Reading() if not self._placement.place(item):
                    prefix = item.conversation.prefix
                    if prefix and not prefix.is_read:
                        self.keep(prefix)
                        return PrefixReading(prefix)
                    self.drop(name)
                case Reading() if not item.pending:
                    del self._queue[name]
                case _:
                    return item
        return None

    def _lay_out(self, heard: Listen) -> None:
        conversation = self._cache.conversation(heard.conversation_id)
        try:
            reading = self._placement.beginning(conversation, heard.messages, heard.date, heard.max_tokens)
        except (TemplateError, PromptTooLongError):  # the request itself will be told
            del self._queue[conversation.id]
            self._cache.let_go(conversation)
        else:
            self._queue[conversation.id] = reading
