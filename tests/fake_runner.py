"""A runner without llama.cpp: it keeps exact account of every cell, and raises on whatever llama.cpp forbids."""

from __future__ import annotations

import json
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field

from ai_server.llm.chat import Message
from ai_server.llm.engine.conversation import form_of
from ai_server.llm.engine.runner import DecodeError, NoRoomError, Part
from ai_server.llm.engine.sampler import Sampler, SamplingRoom
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.template import Layout

END = 0
HEADERS = {"system": 1, "user": 2, "assistant": 3}
END_OF_TURN = 4
FIRST_LETTER = 5
LETTERS = "abcdefgh"
SIZE = FIRST_LETTER + len(LETTERS)


class FakeVocabulary:
    """Eight letters, and the tokens of the template."""

    size = SIZE
    bos = None

    def piece(self, token: int) -> bytes | None:
        if token in {END, END_OF_TURN}:
            return None
        return LETTERS[token - FIRST_LETTER].encode() if token >= FIRST_LETTER else b""

    def tokenise(self, text: str) -> list[int]:
        return [FIRST_LETTER + LETTERS.index(letter) for letter in text if letter in LETTERS]


class FakeTemplate:
    """A header, the letters of the words, an end of turn."""

    def __init__(self, vocabulary: FakeVocabulary) -> None:
        self._vocabulary = vocabulary

    def lay_out(self, messages: SequenceOf[Message], date: str, replies: dict[str, SequenceOf[int]] = {}) -> Layout:  # noqa: B006
        tokens: list[int] = []
        begins, ends = [], []
        for message in messages:
            tokens.append(HEADERS[message.role])
            begins.append(len(tokens))
            kept = replies.get(form_of(message.content)) if message.role == "assistant" else None
            tokens += kept or self._vocabulary.tokenise(message.content)
            ends.append(len(tokens))
            tokens.append(END_OF_TURN)
        return Layout([*tokens, HEADERS["assistant"]], begins, ends)

    def closing(self, date: str) -> list[int]:
        return [END_OF_TURN, HEADERS["user"]]


def next_token(tokens: SequenceOf[int]) -> int:
    """What the fake model says after these tokens."""
    value = hash(tuple(tokens[-2:])) >> 3
    return END if value % 11 == 0 else FIRST_LETTER + value % len(LETTERS)


def reply_to(prompt: SequenceOf[int], *, max_tokens: int, context_size: int) -> tuple[str, str]:
    """The text that the fake model makes of a prompt, and why it ends."""
    vocabulary, tokens, text = FakeVocabulary(), list(prompt), b""
    while True:
        token = next_token(tokens)
        if (piece := vocabulary.piece(token)) is None:
            return text.decode(), "stop"
        tokens.append(token)
        text += piece
        if len(tokens) - len(prompt) >= max_tokens or len(tokens) >= context_size:
            return text.decode(), "length"


class MisuseError(Exception):
    """llama.cpp would have failed, aborted the process or computed nonsense."""


@dataclass(eq=False)
class _Cell:
    token: int
    owners: set[int] = field(default_factory=set)


class FakeRunner:
    """Its interface is that of `Runner`.

    Attributes:
        failures: raised by the next decode calls, one each.
        together: whether decode calls with more than one sequence work.
    """

    def __init__(
        self, *, cells: int, context_size: int, batch_size: int, sequences: int, can_shift: bool, can_share: bool
    ) -> None:
        self.cells, self.context_size, self.batch_size = cells, context_size, batch_size
        self.sequences = range(1, sequences + 1)
        self.can_shift, self.can_share = can_shift and can_share, can_share
        self.passes_all_cells = True
        self.vocabulary = FakeVocabulary()
        self.sampling_room = SamplingRoom(self.vocabulary)
        self.failures: list[DecodeError] = []
        self.together = True
        self.closed = False
        self.is_moving = False
        self._held: dict[int, list[_Cell]] = {number: [] for number in self.sequences}
        self._rows: dict[int, list[int]] = {}

    @property
    def cells_used(self) -> int:
        return len({id(cell) for held in self._held.values() for cell in held})

    def decode(self, parts: SequenceOf[Part]) -> None:
        self._rows = {}
        _require(0 < sum(len(part.tokens) for part in parts) <= self.batch_size, "the batch is too large or empty")
        _require(len({part.sequence.id for part in parts}) == len(parts), "a sequence is in the batch twice")
        for part in parts:
            self.verify(part.sequence)
            _require(0 <= part.outputs <= len(part.tokens) > 0, "outputs that are not there")
            _require(len(part.sequence.tokens) + len(part.tokens) <= self.context_size, "beyond the context")
        if self.failures:
            raise self.failures.pop(0)
        if len(parts) > 1 and not self.together:
            raise DecodeError("too much at once")
        if self.cells_used + sum(len(part.tokens) for part in parts) > self.cells:
            raise NoRoomError("no room")
        self.is_moving = False
        row = 0
        for part in parts:
            self._held[part.sequence.id] += [_Cell(token, {part.sequence.id}) for token in part.tokens]
            part.sequence.tokens += part.tokens
            row += len(part.tokens)
            part.row = row - part.outputs
            for offset in range(part.outputs):
                end = len(part.sequence.tokens) - part.outputs + offset + 1
                self._rows[part.row + offset] = part.sequence.tokens[:end]

    def wait(self) -> None:
        pass

    def sample(self, sampler: Sampler, row: int) -> int:
        _require(row in self._rows, "a row without logits")
        return next_token(self._rows[row])

    def cut(self, sequence: Sequence, length: int) -> None:
        self.verify(sequence)
        if length < len(sequence.tokens):
            del sequence.tokens[length if self.can_share else 0 :]
            self._drop(sequence.id, len(sequence.tokens), None)

    def share(self, source: Sequence, target: Sequence, length: int) -> None:
        self.verify(source)
        self.verify(target)
        _require(self.can_share, "this model cannot share")
        _require(not target.tokens, "the target is not empty")
        _require(length <= len(source.tokens), "more is shared than is there")
        self._held[target.id] = self._held[source.id][:length]
        for cell in self._held[target.id]:
            cell.owners.add(target.id)
        target.tokens += source.tokens[:length]

    def take_out(self, sequence: Sequence, begin: int, end: int) -> None:
        self.verify(sequence)
        _require(self.can_shift, "this model cannot shift")
        _require(0 <= begin < end <= len(sequence.tokens), "nothing to take out")
        _require(all(len(cell.owners) == 1 for cell in self._held[sequence.id][begin:]), "shared cells are moved")
        self._drop(sequence.id, begin, end)
        del sequence.tokens[begin:end]
        self.is_moving = True

    def save(self, sequence: Sequence, start: int) -> bytes:
        self.verify(sequence)
        _require(not self.is_moving or start == 0, "what is moved is not there yet")
        return json.dumps([start, sequence.tokens[start:]]).encode()

    def restore(self, sequence: Sequence, data: bytes, tokens: SequenceOf[int], prefix: Sequence | None) -> bool:
        self.verify(sequence)
        start, saved = json.loads(data)
        shared = prefix.tokens if prefix else []
        _require(not sequence.tokens, "the sequence is not empty")
        _require(start == len(shared), "what was saved does not go on from the prefix")
        _require([*shared, *saved] == list(tokens), "what was saved is something else")
        if self.cells_used + len(saved) > self.cells:
            return False
        if prefix:
            self.share(prefix, sequence, len(shared))
        self._held[sequence.id] += [_Cell(token, {sequence.id}) for token in saved]
        sequence.tokens += saved
        return True

    def renew(self) -> None:
        self._held = {number: [] for number in self.sequences}

    def close(self) -> None:
        _require(not self.closed, "closed twice")
        self.closed = True
        self.sampling_room.close()

    def verify(self, sequence: Sequence) -> None:
        """Check that a sequence holds what it says."""
        _require(sequence.id in self._held, "an unknown sequence")
        _require([cell.token for cell in self._held[sequence.id]] == sequence.tokens, "the cache holds something else")

    def _drop(self, number: int, begin: int, end: int | None) -> None:
        held = self._held[number]
        for cell in held[begin:end]:
            cell.owners.discard(number)
        del held[begin:end]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MisuseError(otherwise)
