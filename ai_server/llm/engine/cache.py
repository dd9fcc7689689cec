"""Which conversations are in the KV cache, and what leaves it where there is no room for all."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence as SequenceOf
from hashlib import blake2b

from ai_server.llm.engine.conversation import Conversation, Prefix
from ai_server.llm.engine.runner import Runner
from ai_server.llm.engine.sequence import Sequence, common_prefix, find_run
from ai_server.llm.engine.spill import Spill, SpillStore
from ai_server.llm.wire import MOST_PREFIXES


class Cache:
    """Gives conversations their sequences. The least recently used ones are spilled where others need room.

    Attributes:
        restored_tokens: that came back from memory or disk.
    """

    def __init__(self, runner: Runner, spills: SpillStore) -> None:
        self._runner = runner
        self._spills = spills
        self._free = [Sequence(number) for number in reversed(runner.sequences)]
        self._conversations: dict[str, Conversation] = {}  # the least recently used first
        self._prefixes: dict[tuple[int, ...], Prefix] = {}  # likewise
        self.restored_tokens = 0
        self._refused = 0
        self._roomy_cells = runner.context_size

    @property
    def is_crowded(self) -> bool:
        """Whether the cache would rather hold fewer conversations while nothing else is to be done."""
        can_spill = self._runner.passes_all_cells and self._runner.can_share and not self._runner.is_moving
        return can_spill and self._own_cells > self._roomy_cells and self._least_recent() is not None

    @property
    def cells_used(self) -> int:
        """Cells of the KV cache that hold something; those that prefixes share are counted for each."""
        return self._own_cells + sum(len(prefix.sequence.tokens) for prefix in self._prefixes.values())

    @property
    def resident(self) -> int:
        """How many conversations are in the KV cache."""
        return sum(conversation.sequence is not None for conversation in self._conversations.values())

    @property
    def spilled_bytes(self) -> int:
        """In memory."""
        return self._spills.memory_bytes_used

    @property
    def spilled_disk_bytes(self) -> int:
        """On disk."""
        return self._spills.disk_bytes_used

    @property
    def spills_refused(self) -> int:
        """What was found damaged or foreign, by us or by llama.cpp."""
        return self._spills.refused + self._refused

    # What is asked for.

    def conversation(self, conversation_id: str) -> Conversation:
        """Return what is kept of a conversation, wherever it is; it becomes the most recently used."""
        conversation = self._conversations.pop(conversation_id, None) or self._recall(conversation_id)
        self._conversations[conversation_id] = conversation
        return conversation

    def prefix(self, tokens: SequenceOf[int]) -> Prefix | None:
        """Return the prefix of these tokens, read or not, with a sequence of its own; None where there is no room."""
        key = tuple(tokens)
        prefix = self._prefixes.pop(key, None) or self._new_prefix(key)
        if prefix:
            self._prefixes[key] = prefix
        return prefix

    def attach(self, conversation: Conversation, tokens: list[int], turns: list[int]) -> bool:
        """Bring into the conversation's sequence what the cache has of these tokens; what else it held is forgotten.

        Args:
            conversation: its prefix, where it has one, is read and is how `tokens` begin.
            tokens: that are to be in its sequence.
            turns: where turns begin in them.

        Returns:
            Whether it has a sequence now; there may be no room for one.
        """
        sequence = conversation.sequence or self._place(conversation, tokens, turns)
        if sequence is None:
            return False
        if self._runner.can_shift and (end := _gap(sequence.tokens, conversation.turns, tokens, turns)):
            self._runner.take_out(sequence, turns[0], end)
        self._runner.cut(sequence, common_prefix(sequence.tokens, tokens))
        conversation.turns = turns
        return True

    def detach(self, conversation: Conversation) -> None:
        """Give the conversation's sequence back: what it held is forgotten."""
        if conversation.sequence:
            self._release(conversation.sequence)
        conversation.sequence, conversation.prefix, conversation.turns = None, None, []

    def keep(self, prefix: Prefix) -> None:
        """Have a prefix outlive this process, however it ends, unless it is forgotten."""
        name = _name(prefix.tokens)
        if prefix.is_read and not prefix.forgotten and not self._spills.holds(name):
            data = self._runner.save(prefix.sequence, 0)
            self._spills.put(name, Spill(tokens=tuple(prefix.tokens), start=0, data=data), at_once=True)

    def let_go(self, conversation: Conversation) -> None:
        """The conversation is not being answered any more."""
        conversation.busy = False
        if self._conversations.get(conversation.id) is not conversation:
            return  # it was spilled while it was being read ahead
        if conversation.forgotten:
            self.forget(conversation.id)
        elif conversation.sequence is None:
            self._put_away(conversation)

    def forget(self, conversation_id: str) -> None:
        """Erase what is kept of a conversation; one that is being answered is erased after that."""
        conversation = self._conversations.get(conversation_id)
        if conversation and conversation.busy:
            conversation.forgotten = True
            return
        if conversation:
            self.detach(conversation)
            del self._conversations[conversation_id]
        self._spills.drop(conversation_id)

    def forget_all(self) -> None:
        """Erase what is kept of all conversations and of what they begin with.

        One that is being answered is erased after that, and what it begins with once it leaves the cache.
        """
        for conversation_id in list(self._conversations):
            self.forget(conversation_id)
        for prefix in self._prefixes.values():
            prefix.forgotten = True
        while self._evict_prefix():
            pass
        self._spills.clear()

    def make_room(self, cells: int, held: Collection[Sequence] = ()) -> bool:
        """Spill what is not in use until so many cells are free; False where that is not enough."""
        while self._runner.cells - self.cells_used < cells:
            if not self.evict(held):
                return False
        return True

    def thin_out(self) -> None:
        """Spill the least recently used conversation to memory, for the sake of those that are used.

        Its own next turn has to bring it back, which takes less than all others' attention to go over it. Where memory
        has no room for it, it stays, and so do the others until there is room again.
        """
        conversation = self._least_recent()
        if conversation is None:
            return
        spill = self._spill_of(conversation)
        if spill and not self._spills.put_in_memory(conversation.id, spill):
            self._roomy_cells = self._own_cells
            return
        self.detach(conversation)
        del self._conversations[conversation.id]

    def evict(self, held: Collection[Sequence] = ()) -> bool:
        """Spill the least recently used conversation that is not in use, else a prefix; False where there is none.

        Args:
            held: sequences that stay, too.
        """
        if conversation := self._least_recent(held):
            self._put_away(conversation)
            return True
        return self._evict_prefix(held)

    def has(self, prefix: Prefix) -> bool:
        """Say whether a prefix has its sequence still."""
        return prefix in self._prefixes.values()

    def lose_all(self) -> None:
        """The context was made anew: nothing is in the cache any more."""
        for conversation in self._conversations.values():
            self._lose(conversation.sequence)
            conversation.sequence, conversation.prefix, conversation.turns = None, None, []
        for prefix in self._prefixes.values():
            self._lose(prefix.sequence)
        self._prefixes.clear()
        self._conversations = {each.id: each for each in self._conversations.values() if each.busy}

    def write_down(self) -> None:
        """Keep on disk what is in the cache and in memory, as far as it may; nothing is in the cache after that."""
        while self.evict():
            pass
        self._spills.write_down()

    # How a conversation comes in.

    def _recall(self, conversation_id: str) -> Conversation:
        spill = self._spills.take(conversation_id)
        if spill is None:
            return Conversation(conversation_id)
        self._roomy_cells = self._runner.context_size
        return Conversation(conversation_id, spill=spill, replies=dict(spill.replies), first=spill.first)

    def _place(self, conversation: Conversation, tokens: list[int], turns: list[int]) -> Sequence | None:
        """Give the conversation a sequence: with what was spilled of it, else with its prefix."""
        spill = conversation.spill
        if spill and not self._is_of_use(spill, conversation, tokens, turns):
            spill = conversation.spill = None
        if spill and not self.make_room(len(spill.tokens) - spill.start):
            spill = None
        sequence = self._take_sequence()
        if sequence is None:
            return None
        conversation.sequence, conversation.spill = sequence, None
        if spill and self._restore(conversation, spill, sequence):
            return sequence
        if conversation.prefix:
            self._runner.share(conversation.prefix.sequence, sequence, conversation.shared)
        return sequence

    def _is_of_use(self, spill: Spill, conversation: Conversation, tokens: list[int], turns: list[int]) -> bool:
        """Say whether something spilled goes on from the conversation's prefix, with some of these tokens."""
        start = conversation.shared
        if spill.start != start or list(spill.tokens[:start]) != tokens[:start]:
            return False
        goes_on = self._runner.can_shift and _gap(spill.tokens, spill.turns, tokens, turns)
        return bool(goes_on) or common_prefix(spill.tokens, tokens) > start

    def _restore(self, conversation: Conversation, spill: Spill, sequence: Sequence) -> bool:
        prefix = conversation.prefix.sequence if conversation.prefix else None
        if not self._runner.restore(sequence, spill.data, spill.tokens, prefix):
            self._refused += 1
            return False
        conversation.turns = list(spill.turns)
        self.restored_tokens += len(spill.tokens) - spill.start
        return True

    def _take_sequence(self) -> Sequence | None:
        while not self._free:
            if not self.evict():
                return None
        return self._free.pop()

    # How a prefix comes in.

    def _new_prefix(self, tokens: tuple[int, ...]) -> Prefix | None:
        if len(self._prefixes) >= MOST_PREFIXES and not self._evict_prefix():
            return None
        spill = self._spills.read(_name(tokens))
        if not self.make_room(len(tokens)) or (sequence := self._take_sequence()) is None:
            return None
        prefix = Prefix(list(tokens), sequence)
        if spill and self._runner.restore(sequence, spill.data, tokens, None):
            self.restored_tokens += len(tokens)
            return prefix
        self._refused += spill is not None
        self._share_best(prefix)
        return prefix

    def _share_best(self, prefix: Prefix) -> None:
        """Begin a prefix with what it has in common with another, such as the persona before other actions."""
        others = [(common_prefix(other.sequence.tokens, prefix.tokens), other) for other in self._prefixes.values()]
        length, best = max(others, key=lambda pair: pair[0], default=(0, None))
        if best and length:
            self._runner.share(best.sequence, prefix.sequence, length)

    # How they go out.

    @property
    def _own_cells(self) -> int:
        return sum(conversation.own_cells for conversation in self._conversations.values())

    def _least_recent(self, held: Collection[Sequence] = ()) -> Conversation | None:
        in_cache = (each for each in self._conversations.values() if each.sequence and each.sequence not in held)
        return next((each for each in in_cache if not each.busy), None)

    def _put_away(self, conversation: Conversation) -> None:
        """Spill a conversation, and have it in the cache no more."""
        if spill := self._spill_of(conversation):
            self._spills.put(conversation.id, spill)
        self.detach(conversation)
        del self._conversations[conversation.id]

    def _spill_of(self, conversation: Conversation) -> Spill | None:
        sequence = conversation.sequence
        if sequence is None:
            return conversation.spill
        if conversation.own_cells <= 0 or not self._runner.can_share or self._runner.is_moving:
            return None
        return Spill(
            tokens=tuple(sequence.tokens),
            start=conversation.shared,
            data=self._runner.save(sequence, conversation.shared),
            replies=conversation.replies,
            turns=tuple(conversation.turns),
            first=conversation.first,
        )

    def _evict_prefix(self, held: Collection[Sequence] = ()) -> bool:
        in_use = {id(each.prefix) for each in self._conversations.values()}
        for key, prefix in self._prefixes.items():
            if id(prefix) not in in_use and prefix.sequence not in held:
                self._put_away_prefix(prefix)
                del self._prefixes[key]
                return True
        return False

    def _put_away_prefix(self, prefix: Prefix) -> None:
        self.keep(prefix)
        self._release(prefix.sequence)

    def _release(self, sequence: Sequence) -> None:
        self._runner.cut(sequence, 0)
        self._free.append(sequence)

    def _lose(self, sequence: Sequence | None) -> None:
        if sequence:
            sequence.tokens.clear()
            self._free.append(sequence)


def _name(tokens: SequenceOf[int]) -> str:
    """Name a prefix by its tokens; no robot's id has a colon in it."""
    return f"prefix:{blake2b(repr(tuple(tokens)).encode(), digest_size=16).hexdigest()}"


def _gap(held: SequenceOf[int], held_turns: SequenceOf[int], tokens: list[int], turns: list[int]) -> int | None:
    """Return where the turns of `tokens` go on in what is held, if only older turns stand before them; or None."""
    first = turns[0]
    if list(held[:first]) != tokens[:first]:
        return None
    begin = find_run(held, held_turns, tokens[first:])
    return begin if begin and begin > first else None
