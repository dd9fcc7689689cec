"""`python -m ai_server.llm.embedding_process FD MODEL THREADS` makes vectors of texts.

FD is its end of a socket pair with the daemon.
"""

from __future__ import annotations

import faulthandler
import signal
import socket
import sys
from collections.abc import Iterable

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from ai_server.llm.embedding_wire import Failed, Ready, Vectors, decode_texts, packed
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.wire import HEADER_BYTES, body_length

_MAX_TOKENS = 256
"""Of a text; what is longer is cut. A model that generates needs a megabyte for each, as its head sees them all."""


class EmbeddingModel:
    """A GGUF model whose vectors are pooled as the file says, and as their mean where it says nothing.

    Raises:
        ValueError: the file cannot be loaded, or makes no vectors of whole texts.
    """

    def __init__(self, path: str, threads: int) -> None:
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 0  # the card is for the model that speaks
        self._model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
        if not self._model:
            raise ValueError("llama.cpp cannot load it")
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        trained = llama_cpp.llama_model_n_ctx_train(self._model)
        self._most_tokens = min(trained, _MAX_TOKENS) if trained > 0 else _MAX_TOKENS
        self._context = self._new_context(threads, llama_cpp.LLAMA_POOLING_TYPE_UNSPECIFIED)
        if llama_cpp.llama_pooling_type(self._context) == llama_cpp.LLAMA_POOLING_TYPE_NONE:
            llama_cpp.llama_free(self._context)
            self._context = self._new_context(threads, llama_cpp.LLAMA_POOLING_TYPE_MEAN)
        if llama_cpp.llama_pooling_type(self._context) == llama_cpp.LLAMA_POOLING_TYPE_RANK:
            raise ValueError("it ranks pairs of texts and makes no vectors")
        self._batch = llama_cpp.llama_batch_init(self._most_tokens, 0, 1)
        self.dimension = int(llama_cpp.llama_model_n_embd(self._model))

    def embed(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a text, of length 1; zeros where the text has no tokens.

        Raises:
            ValueError: llama.cpp refuses.
        """
        tokens = self._tokens(text)
        if not tokens:
            return np.zeros(self.dimension, dtype=np.float32)
        self._fill(tokens)
        memory = llama_cpp.llama_get_memory(self._context)
        if memory:  # a model that only encodes has none
            llama_cpp.llama_memory_clear(memory, True)  # noqa: FBT003
        code = llama_cpp.llama_decode(self._context, self._batch)
        vector = llama_cpp.llama_get_embeddings_seq(self._context, 0)
        if code != 0 or not vector:
            raise ValueError(f"llama_decode gave {code}")
        found = np.ctypeslib.as_array(vector, (self.dimension,)).astype(np.float32)
        length = float(np.linalg.norm(found))
        if not np.isfinite(length) or length == 0:
            raise ValueError("its vector has no direction")
        return found / np.float32(length)

    def _new_context(self, threads: int, pooling: int) -> llama_cpp.llama_context_p:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = self._most_tokens
        parameters.n_seq_max = 1
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.embeddings = True
        parameters.pooling_type = pooling
        context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not context:
            raise ValueError("there is no memory for its context")
        return context

    def _tokens(self, text: str) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), tokens, room, True, False)  # noqa: FBT003
        if count < 0:
            raise ValueError(f"llama_tokenize gave {count}")
        found = list(tokens[:count])
        # Some models end each text with a token of its own.
        return found if count <= self._most_tokens else [*found[: self._most_tokens - 1], found[-1]]

    def _fill(self, tokens: list[int]) -> None:
        self._batch.n_tokens = len(tokens)
        for position, token in enumerate(tokens):
            self._batch.token[position] = token
            self._batch.pos[position] = position
            self._batch.n_seq_id[position] = 1
            self._batch.seq_id[position][0] = 0
            self._batch.logits[position] = 1


def main() -> None:
    """Serve the daemon until it closes its end or dies."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; stopping is for the daemon to say
    end, path, threads = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    log = NativeLog()
    llama_cpp.llama_backend_init()
    with socket.socket(fileno=end) as connection:
        try:
            model = EmbeddingModel(path, threads)
        except ValueError as error:
            connection.sendall(packed(Failed("; ".join([str(error), *log.errors]))))
            return
        connection.sendall(packed(Ready(model.dimension)))
        for texts in _asked(connection):
            connection.sendall(packed(_answer(model, texts)))


def _answer(model: EmbeddingModel, texts: Iterable[str]) -> Vectors | Failed:
    try:
        return Vectors(np.array([model.embed(each) for each in texts], dtype="<f2").tobytes())
    except ValueError as error:
        return Failed(str(error))


def _asked(connection: socket.socket) -> Iterable[list[str]]:
    with connection.makefile("rb") as stream:
        while len(header := stream.read(HEADER_BYTES)) == HEADER_BYTES:
            yield decode_texts(stream.read(body_length(header)))


if __name__ == "__main__":
    main()
