"""The shipped model behind its own chat format."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import llama_cpp
import pytest

MODEL = Path(__file__).resolve().parents[2] / "models" / "naila-tiny.gguf"
ROVER = (
    "Actions:\nmove(direction: forward|backward, distance_cm: 1..200)\nturn(direction: left|right, degrees: 1..360)\n"
    "wave()\nlight(color: red|green|blue|white|off)"
)


class Robot:
    """Says things to the model as the daemon does, greedily, and keeps the conversation."""

    def __init__(self, model: llama_cpp.Llama, name: str, body: str, moment: str) -> None:
        self._model = model
        self._system = f"You are {name}, a small friendly robot.\n{body}"
        self._moment = moment
        self._turns: list[tuple[str, str]] = []

    def hears(self, words: str, moment: str | None = None) -> str:
        """The raw reply to `words`, with the bracketed line of `moment` before them."""
        user = f"[{moment or self._moment}]\n{words}"
        self._turns.append(("user", user))
        reply = "".join(self._pieces())
        self._turns.append(("assistant", reply))
        return reply

    def hears_by_token(self, words: str) -> list[str]:
        """The raw reply to `words`, a piece for each token."""
        self._turns.append(("user", f"[{self._moment}]\n{words}"))
        return self._pieces()

    def _pieces(self) -> list[str]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        return [decoder.decode(self._model.detokenize([token], special=True)) for token in self._generated()]

    def _generated(self) -> list[int]:
        said: list[int] = []
        for token in self._model.generate(self._prompt(), temp=0.0):
            if token == self._model.token_eos() or len(said) == 96:
                break
            said.append(token)
        return said

    def _prompt(self) -> list[int]:
        ids = self._template("<|begin_of_text|>")
        for role, content in [("system", self._system), *self._turns]:
            ids += self._template(f"<|start_header_id|>{role}<|end_header_id|>\n\n")
            ids += self._model.tokenize(content.encode(), add_bos=False, special=False) + self._template("<|eot_id|>")
        return ids + self._template("<|start_header_id|>assistant<|end_header_id|>\n\n")

    def _template(self, text: str) -> list[int]:
        return self._model.tokenize(text.encode(), add_bos=False, special=True)


def actions(reply: str) -> list[Any]:
    """The action lines of a reply, parsed."""
    return [json.loads(line) for line in reply.split("\n")[1:]]


@pytest.fixture(scope="session")
def model() -> llama_cpp.Llama:
    return llama_cpp.Llama(str(MODEL), n_ctx=2048, n_threads=1, n_threads_batch=1, verbose=False)


@pytest.fixture
def robot(model: llama_cpp.Llama):
    """Makes a robot: `robot()`, or with another name, body or moment."""

    def make(name: str = "Naila", body: str = ROVER, moment: str = "Saturday 14:05; battery 72%") -> Robot:
        return Robot(model, name, body, moment)

    return make
