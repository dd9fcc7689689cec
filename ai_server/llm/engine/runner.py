"""The only place that changes llama.cpp's model, context and memory."""

from __future__ import annotations

import ctypes
import time
from collections import abc
from collections.abc import Callable

import llama_cpp

from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.sampler import Sampler
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.vocabulary import Vocabulary
from ai_server.llm.wire import Load

_GGML_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}  # ggml_type of ggml/include/ggml.h
_SEQUENCES = 1
_WARM_UP_S = 2.0
_WARM_UP_TOKENS = 16
# What llama_decode's return codes mean: include/llama.h and src/llama-context.cpp.
_NO_ROOM = 1
_FAILURES = {
    2: "was aborted",
    -1: "refused the batch as invalid",
    -2: "could not allocate memory",
    -3: "failed to compute",
}


class LoadError(Exception):
    """The model cannot be loaded; the message is one sentence that says why."""


class DecodeError(Exception):
    """A decode call failed; the sequence is as it was before it."""


class NoRoomError(DecodeError):
    """The KV cache has no room for these tokens; the sequence is as it was before."""


class Runner:
    """A loaded model with its context.

    Attributes:
        vocabulary: of the model.
        chat_template: the Jinja source that the file carries, or None.
        context_size: tokens that fit, which llama.cpp may have rounded up.
        batch_size: tokens in one decode call at most.
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
        self._model = _load_model(load, log, report)
        try:
            self._context = _create_context(self._model, load, log)
        except LoadError:
            llama_cpp.llama_model_free(self._model)
            raise
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.vocabulary = Vocabulary(self._model)
        template = llama_cpp.llama_model_chat_template(self._model, None)
        self.chat_template: str | None = template.decode("utf-8", errors="replace") if template else None
        self.context_size: int = llama_cpp.llama_n_ctx_seq(self._context)
        self.batch_size: int = llama_cpp.llama_n_batch(self._context)
        self._ubatch_size: int = llama_cpp.llama_n_ubatch(self._context)
        self._batch = _Batch(self.batch_size)

    def decode(self, sequence: Sequence, tokens: abc.Sequence[int], *, logits: bool) -> None:
        """Append tokens to a sequence, at most `batch_size`; with `logits`, the last one's can be sampled.

        Raises:
            NoRoomError: the KV cache is full.
            DecodeError: llama.cpp failed.
        """
        self._batch.fill(sequence.id, len(sequence.tokens), tokens, logits=logits)
        code = llama_cpp.llama_decode(self._context, self._batch.native)
        if code != 0:
            self._take_back(sequence)
            if code == _NO_ROOM:
                raise NoRoomError("the KV cache has no room")
            raise DecodeError(f"llama.cpp {_FAILURES.get(code, 'failed')} (llama_decode returned {code})")
        sequence.tokens += tokens

    def sample(self, sampler: Sampler) -> int:
        """Return the token that follows the last decode call, which must have asked for logits."""
        return sampler.sample(self._context, -1)

    def cut(self, sequence: Sequence, length: int) -> None:
        """Forget a sequence's tokens from `length` on; all of them where the model cannot forget only some."""
        if length < len(sequence.tokens):
            del sequence.tokens[length:]
            self._take_back(sequence)

    def warm_up(self) -> float:
        """Run every kind of decode call once, so that no request pays for it; return tokens a second of a prompt.

        A whole micro-batch is decoded where that takes at most 2 s, else as much of one as does.
        """
        sequence = Sequence(0)
        self._time(sequence, 1)
        few = min(_WARM_UP_TOKENS, self.batch_size)
        rate = few / self._time(sequence, few)
        many = min(self._ubatch_size, self.batch_size, self.context_size, int(rate * _WARM_UP_S))
        return max(rate, many / self._time(sequence, many)) if many > few else rate

    def close(self) -> None:
        """Free everything, in the order that llama.cpp wants. Samplers must be closed before."""
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _time(self, sequence: Sequence, count: int) -> float:
        start = time.perf_counter()
        self.decode(sequence, [self.vocabulary.bos or 0] * count, logits=True)
        llama_cpp.llama_synchronize(self._context)
        elapsed = time.perf_counter() - start
        self.cut(sequence, 0)
        return elapsed

    def _take_back(self, sequence: Sequence) -> None:
        """Bring the cache back to what the sequence says."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, sequence.id, len(sequence.tokens), -1):
            llama_cpp.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)
            sequence.tokens.clear()


class _Batch:
    """The arguments of a decode call, allocated once. ctypes checks the bounds, which llama.cpp does not."""

    def __init__(self, size: int) -> None:
        self._tokens = (llama_cpp.llama_token * size)()
        self._positions = (llama_cpp.llama_pos * size)()
        self._counts = (ctypes.c_int32 * size)(*[1] * size)
        self._ids = (llama_cpp.llama_seq_id * size)()
        self._logits = (ctypes.c_int8 * size)()
        id_type = ctypes.POINTER(llama_cpp.llama_seq_id)
        first, step = ctypes.addressof(self._ids), ctypes.sizeof(llama_cpp.llama_seq_id)
        self._id_rows = (id_type * size)(*[ctypes.cast(first + row * step, id_type) for row in range(size)])
        self.native = llama_cpp.llama_batch(
            n_tokens=0,
            token=self._tokens,
            pos=self._positions,
            n_seq_id=self._counts,
            seq_id=self._id_rows,
            logits=self._logits,
        )

    def fill(self, sequence_id: int, position: int, tokens: abc.Sequence[int], *, logits: bool) -> None:
        count = len(tokens)
        self._logits[max(0, self.native.n_tokens - 1)] = 0
        self._tokens[:count] = tokens
        self._positions[:count] = range(position, position + count)
        self._ids[:count] = (sequence_id,) * count
        self._logits[count - 1] = logits
        self.native.n_tokens = count


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
    parameters.n_ctx = load.context_size
    parameters.n_batch = load.batch_size
    parameters.n_ubatch = load.ubatch_size
    parameters.n_seq_max = _SEQUENCES
    parameters.n_outputs_max = _SEQUENCES  # by default there is room for the logits of every row of a batch
    parameters.n_threads = load.threads
    parameters.n_threads_batch = load.threads_batch
    parameters.type_k = parameters.type_v = _GGML_TYPES[load.kv_type]
    context = llama_cpp.llama_init_from_model(model, parameters)
    if not context:
        what = f"llama.cpp cannot make a context of {load.context_size} tokens"
        raise LoadError(_reason(what, log, "set a smaller LLM_CONTEXT_SIZE, or LLM_KV_TYPE=f16"))
    return context


def _reason(what: str, log: NativeLog, remedy: str) -> str:
    """Put llama.cpp's first error into a sentence: the later ones only say that the load failed."""
    said = f": {log.errors[0]}" if log.errors else ""
    return f"{what}{said}; {remedy}."
