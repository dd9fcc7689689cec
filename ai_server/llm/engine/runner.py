"""The only place that changes llama.cpp's model, context and memory."""

from __future__ import annotations

import ctypes
import hashlib
import time
from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llama_cpp import llama_cpp

from ai_server.llm.engine.batch import Batch
from ai_server.llm.engine.ggml import build
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.sampler import Sampler, SamplingRoom
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.vocabulary import Vocabulary
from ai_server.llm.wire import MOST_PREFIXES, Load

MAX_DRAFT: Final = 8
"""Tokens that speculation may guess in one step, for all replies together."""

_GGML_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}  # ggml_type of ggml/include/ggml.h
_SCRATCH = 0
_IDLE_PER_ACTIVE = 1  # each sequence costs a row of logits, twice: 1 MiB with Llama 3's vocabulary
_MOST_SEQUENCES = 256  # LLAMA_MAX_SEQ of src/llama-cparams.h
_FLASH_ATTENTION = {"auto": -1, "on": 1}  # llama_flash_attn_type of include/llama.h
_MIB = 1 << 20
_WARM_UP_S = 1.0
_WARM_UP_TOKENS = 16
# What llama_decode's return codes mean: include/llama.h and src/llama-context.cpp.
_NO_ROOM = 1
_INVALID = -1
_FAILURES = {
    2: "was aborted",
    _INVALID: "refused the batch as invalid",
    -2: "could not allocate memory",
    -3: "failed to compute",
}


class LoadError(Exception):
    """The model cannot be loaded; the message is one sentence that says why."""


class DecodeError(Exception):
    """A decode call failed; the sequences are as they were before it.

    Attributes:
        invalid: llama.cpp did not take the batch, rather than fail to compute it.
    """

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        self.invalid = invalid


class ContextLostError(Exception):
    """llama.cpp cannot decode anything any more with this context; the message says what it did last."""


class NoRoomError(DecodeError):
    """The KV cache has no room for these tokens; the sequences are as they were before."""


@dataclass(slots=True)
class Part:
    """What one sequence contributes to a decode call.

    Attributes:
        sequence: the tokens are appended to it.
        tokens: at least one.
        outputs: so many of the last tokens get logits.
        row: in the batch, of the first of those; set by `Runner.decode`.
    """

    sequence: Sequence
    tokens: SequenceOf[int]
    outputs: int = 0
    row: int = field(default=-1)


class Runner:
    """A loaded model with its context.

    Attributes:
        vocabulary: of the model.
        sampling_room: which its samplers share.
        chat_template: the Jinja source that the file carries, or None.
        context_size: tokens of the longest conversation.
        cells: of the KV cache, which llama.cpp may have rounded up.
        batch_size: tokens in one decode call at most.
        sequences: ids that can be used, from 1 on.
        can_shift: whether tokens can be taken out of the middle of a sequence.
        can_share: whether sequences can share their first tokens, and be cut anywhere.
        passes_all_cells: attention goes over all cells of the cache, of whichever conversation, and that takes its
            time: on a CPU, a third of a turn's where eight robots have 1,300 tokens each (1B shape, 2 cores of a Xeon).
        is_moving: tokens were taken out of a sequence; the later ones are moved by the next decode call.
        identity: of everything that saved parts of the KV cache depend on, hashed.
    """

    def __init__(self, load: Load, log: NativeLog, report: Callable[[float], bool]) -> None:
        """Load a model.

        Args:
            load: which, and how.
            log: where llama.cpp's reasons are found.
            report: is told the progress, 0 to 1; returns whether to go on.

        Raises:
            LoadError: llama.cpp refused the file or had no memory for it.
        """
        log.forget_errors()
        self._load = load
        self._log = log
        self._model = _load_model(load, log, report)
        try:
            self._context = _create_context(self._model, load, log)
        except LoadError:
            llama_cpp.llama_model_free(self._model)
            raise
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.vocabulary = Vocabulary(self._model)
        self.sampling_room = SamplingRoom(self.vocabulary)
        template = llama_cpp.llama_model_chat_template(self._model, None)
        self.chat_template: str | None = template.decode("utf-8", errors="replace") if template else None
        self.cells: int = llama_cpp.llama_n_ctx(self._context)
        self.context_size = min(load.context_size, self.cells)
        self.batch_size: int = llama_cpp.llama_n_batch(self._context)
        self.sequences = range(_SCRATCH + 1, llama_cpp.llama_n_seq_max(self._context))
        stateful = llama_cpp.llama_model_is_recurrent(self._model) or llama_cpp.llama_model_is_hybrid(self._model)
        self.passes_all_cells = load.gpu_layers == 0
        self.can_share = not stateful
        self.can_shift: bool = self.can_share and llama_cpp.llama_memory_can_shift(self._memory)
        self.is_moving = False
        self.identity = _identity(load)
        self._ubatch_size: int = llama_cpp.llama_n_ubatch(self._context)
        self._batch = Batch(self.batch_size)

    def decode(self, parts: SequenceOf[Part]) -> None:
        """Append each part's tokens to its sequence, all in one call; all together are at most `batch_size`.

        Raises:
            NoRoomError: the KV cache is full.
            DecodeError: llama.cpp failed.
        """
        rows = self._batch.fill(
            (part.sequence.id, len(part.sequence.tokens), part.tokens, part.outputs) for part in parts
        )
        code = llama_cpp.llama_decode(self._context, self._batch.native)
        self.is_moving = False
        if code != 0:
            for part in parts:
                self._take_back(part.sequence)
            if code == _NO_ROOM:
                raise NoRoomError("the KV cache has no room")
            what = f"llama.cpp {_FAILURES.get(code, 'failed')} (llama_decode returned {code})"
            raise DecodeError(what, invalid=code == _INVALID)
        for part, row in zip(parts, rows, strict=True):
            part.sequence.tokens += part.tokens
            part.row = row

    def wait(self) -> None:
        """Return once the last decode call is computed: a GPU computes while Python goes on."""
        llama_cpp.llama_synchronize(self._context)

    def sample(self, sampler: Sampler, row: int) -> int:
        """Return the token that follows a row of the last decode call, which must have logits."""
        return sampler.sample(self._context, row)

    def cut(self, sequence: Sequence, length: int) -> None:
        """Forget a sequence's tokens from `length` on; all of them where the model cannot forget only some."""
        if length < len(sequence.tokens):
            del sequence.tokens[length:]
            self._take_back(sequence)

    def share(self, source: Sequence, target: Sequence, length: int) -> None:
        """Let an empty sequence begin with the first tokens of another, in the same cells."""
        llama_cpp.llama_memory_seq_cp(self._memory, source.id, target.id, 0, length)
        target.tokens += source.tokens[:length]

    def take_out(self, sequence: Sequence, begin: int, end: int) -> None:
        """Forget tokens in the middle of a sequence and move the later ones up; their cells must not be shared.

        What stays was computed in the presence of what goes, as in every context shift.
        """
        llama_cpp.llama_memory_seq_rm(self._memory, sequence.id, begin, end)
        llama_cpp.llama_memory_seq_add(self._memory, sequence.id, end, -1, begin - end)
        del sequence.tokens[begin:end]
        self.is_moving = True

    def save(self, sequence: Sequence, start: int) -> bytes:
        """Return what the cache holds of a sequence from position `start` on; nothing of use while it `is_moving`."""
        llama_cpp.llama_memory_seq_cp(self._memory, sequence.id, _SCRATCH, start, -1)
        try:
            size = llama_cpp.llama_state_seq_get_size(self._context, _SCRATCH)
            data = (ctypes.c_uint8 * size)()
            written = llama_cpp.llama_state_seq_get_data(self._context, data, size, _SCRATCH)
            return memoryview(data).cast("B")[:written].tobytes()
        finally:
            llama_cpp.llama_memory_seq_rm(self._memory, _SCRATCH, -1, -1)

    def restore(self, sequence: Sequence, data: bytes, tokens: SequenceOf[int], prefix: Sequence | None) -> bool:
        """Put back into an empty sequence what `save` returned; False where llama.cpp does not take it.

        Args:
            sequence: stays empty on failure.
            data: from the end of `prefix` on.
            tokens: of the whole sequence.
            prefix: whose tokens come before; None for none.
        """
        pointer = ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_uint8))
        if not llama_cpp.llama_state_seq_set_data(self._context, pointer, len(data), sequence.id):
            self._take_back(sequence)
            return False
        if prefix:
            llama_cpp.llama_memory_seq_cp(self._memory, prefix.id, sequence.id, 0, len(prefix.tokens))
        sequence.tokens += tokens
        return True

    def renew(self) -> None:
        """Make the context anew: its cache is empty, and so must be all sequences.

        Raises:
            LoadError: there is no memory for it any more; the runner can then only be closed.
        """
        llama_cpp.llama_free(self._context)
        self._context = None
        self._log.forget_errors()
        self._context = _create_context(self._model, self._load, self._log)
        self._memory = llama_cpp.llama_get_memory(self._context)

    def warm_up(self) -> float:
        """Run every kind of decode call once, so that no request pays for it; return tokens a second of a prompt.

        A whole micro-batch is decoded where that takes at most 1 s, else as much of one as does.
        """
        sequence = Sequence(self.sequences[0])
        self._time(sequence, 1)
        few = min(_WARM_UP_TOKENS, self.batch_size)
        rate = few / self._time(sequence, few)
        many = min(self._ubatch_size, self.batch_size, self.context_size, int(rate * _WARM_UP_S))
        return max(rate, many / self._time(sequence, many)) if many > few else rate

    def close(self) -> None:
        """Free everything, in the order that llama.cpp wants. Samplers must be closed before."""
        self.sampling_room.close()
        if self._context:
            llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _time(self, sequence: Sequence, count: int) -> float:
        start = time.perf_counter()
        self.decode([Part(sequence, [self.vocabulary.bos or 0] * count, outputs=1)])
        self.wait()
        elapsed = time.perf_counter() - start
        self.cut(sequence, 0)
        return elapsed

    def _take_back(self, sequence: Sequence) -> None:
        """Bring the cache back to what the sequence says."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, sequence.id, len(sequence.tokens), -1):
            llama_cpp.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)
            sequence.tokens.clear()


def _load_model(load: Load, log: NativeLog, report: Callable[[float], bool]) -> llama_cpp.llama_model_p:
    progress = llama_cpp.llama_progress_callback(lambda fraction, _user_data: report(fraction))
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = load.gpu_layers
    parameters.load_mode = llama_cpp.llama_load_mode_from_str(load.load_mode.encode())
    parameters.progress_callback = progress
    model = llama_cpp.llama_model_load_from_file(load.path.encode(), parameters)
    if not model:
        raise LoadError(_reason(f"llama.cpp cannot load {load.path}", log, "check it with `naila models verify`"))
    if llama_cpp.llama_model_has_encoder(model) or not llama_cpp.llama_model_has_decoder(model):
        llama_cpp.llama_model_free(model)
        raise LoadError(f"{load.path} is not a model that writes text: choose one with `naila models list`.")
    return model


def _create_context(model: llama_cpp.llama_model_p, load: Load, log: NativeLog) -> llama_cpp.llama_context_p:
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = load.cells
    parameters.n_batch = load.batch_size
    parameters.n_ubatch = load.ubatch_size
    parameters.n_seq_max = min(_MOST_SEQUENCES, 1 + MOST_PREFIXES + load.parallel * (1 + _IDLE_PER_ACTIVE))
    # By default there is room for the logits of every row; one for each sequence is the least that llama.cpp takes.
    parameters.n_outputs_max = max(parameters.n_seq_max, load.parallel + MAX_DRAFT)
    parameters.kv_unified = True
    parameters.swa_full = True  # so that sequences can be cut, whatever kind of attention a model has
    parameters.n_threads = load.threads
    parameters.n_threads_batch = load.threads_batch
    parameters.type_k = parameters.type_v = _GGML_TYPES[load.kv_type]
    parameters.flash_attn_type = _FLASH_ATTENTION[load.flash_attention]
    context = llama_cpp.llama_init_from_model(model, parameters)
    if not context:
        what = f"llama.cpp cannot make a KV cache of {load.cells} tokens"
        raise LoadError(_reason(what, log, "set a smaller LLM_KV_CELLS or LLM_CONTEXT_SIZE"))
    return context


def _reason(what: str, log: NativeLog, remedy: str) -> str:
    """Put llama.cpp's first error into a sentence: the later ones only say that the load failed."""
    said = f": {log.errors[0]}" if log.errors else ""
    return f"{what}{said}; {remedy}."


def _identity(load: Load) -> bytes:
    """Hash what a saved part of the KV cache depends on. The weights are known by the file's start, size and time."""
    path = Path(load.path)
    seen = path.stat()
    with path.open("rb") as file:
        digest = hashlib.blake2b(file.read(_MIB), digest_size=16)
    rest = (seen.st_size, seen.st_mtime_ns, load.kv_type, load.gpu_layers, load.cells, build())
    digest.update(repr(rest).encode())
    return digest.digest()
