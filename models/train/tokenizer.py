"""The byte-level BPE vocabulary of the embedded model, and the encoding of a chat into Llama 3.1's format."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY_SIZE = 2048
BOS, END_OF_TEXT = "<|begin_of_text|>", "<|end_of_text|>"
START_HEADER, END_HEADER, EOT = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
SPECIAL_TOKENS = [BOS, END_OF_TEXT, START_HEADER, END_HEADER, EOT]

# llama.cpp's `llama-bpe` splits words like this but groups digits by three; without digit merges both give the same pieces.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Learn the vocabulary from dialogue texts. Special tokens take the last ids."""
    tokenizer = _with_words(models.BPE(ignore_merges=True))
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    # A value keeps the same pieces beside a bar, a quote or an underscore as alone.
    tokenizer.train_from_iterator((re.sub(r'[|_("]', " ", text) + "\n\n" for text in texts), trainer)
    return tokenizer


def tokenizer_of(pieces: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    """A vocabulary that was learnt before: its pieces in the order of their ids, without the special tokens."""
    return _with_words(models.BPE({piece: number for number, piece in enumerate(pieces)}, merges, ignore_merges=True))


def _with_words(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


class ChatEncoder:
    """Encodes chats piece by piece, as the daemon does: template text and contents are tokenised apart."""

    def __init__(self, tokenizer: Tokenizer, dropout: float = 0.0) -> None:
        """`dropout` is the share of merges skipped at random in what people say (BPE dropout)."""
        size = tokenizer.get_vocab_size()
        self.ids = {token: size + index for index, token in enumerate(SPECIAL_TOKENS)}
        self._tokenizer = tokenizer
        self._broken = Tokenizer.from_str(tokenizer.to_str())
        self._broken.model.ignore_merges = False
        self._broken.model.dropout = dropout or None
        self._blank = tokenizer.encode("\n\n").ids

    def header(self, role: str) -> list[int]:
        """The ids that open a message of `role`."""
        return [self.ids[START_HEADER], *self._tokenizer.encode(role).ids, self.ids[END_HEADER], *self._blank]

    def content(self, text: str, broken: bool = False) -> list[int]:
        """The ids of a message's text; `broken` applies the dropout."""
        return (self._broken if broken else self._tokenizer).encode(text).ids


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a vocabulary written by `Tokenizer.save`."""
    return Tokenizer.from_file(str(path))
