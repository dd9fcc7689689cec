"""llama.cpp's own grammar engine as the judge of what the grammar of a reply allows."""

from __future__ import annotations

import ctypes
import json
import random
import re
from collections.abc import Iterator

import llama_cpp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.grammar import reply_grammar
from ai_server.commands.bodies import BODIES
from ai_server.llm.engine.grammar import Grammar
from ai_server.llm.engine.vocabulary import Vocabulary
from ai_server.protocol.device import Capabilities
from tests.declared import DECLARATIONS, is_valid, random_reply
from tests.grammars import random_text

SILENT = llama_cpp.llama_log_callback(lambda *_: None)  # kept for good: llama.cpp calls it as long as it lives
RANDOM = st.integers(0, 2**32).map(random.Random)
ROVER = Capabilities.model_validate(BODIES["rover"]).actions


class Judge:
    """llama.cpp's grammars on the vocabulary of the embedded model."""

    def __init__(self) -> None:
        llama_cpp.llama_log_set(SILENT, ctypes.c_void_p(0))
        parameters = llama_cpp.llama_model_default_params()
        parameters.vocab_only = True
        self._model = llama_cpp.llama_model_load_from_file(str(resources.embedded_model()).encode(), parameters)
        self._vocabulary = Vocabulary(self._model)

    def accepts(self, grammar: str, text: str) -> bool:
        """Whether a reply may come so, token by token, and end there."""
        sampler = llama_cpp.llama_sampler_init_grammar(self._vocabulary.native, grammar.encode(), b"root")
        assert sampler, grammar
        try:
            return all(self._takes(sampler, token) for token in self._tokens(text)) and self._allows(
                sampler, self._vocabulary.eos or 0
            )
        finally:
            llama_cpp.llama_sampler_free(sampler)

    def close(self) -> None:
        llama_cpp.llama_model_free(self._model)

    def _tokens(self, text: str) -> tuple[int, ...]:
        return self._vocabulary.tokenise(text, special=False)

    def _takes(self, sampler: llama_cpp.llama_sampler_p, token: int) -> bool:
        if not self._allows(sampler, token):
            return False
        llama_cpp.llama_sampler_accept(sampler, token)
        return True

    @staticmethod
    def _allows(sampler: llama_cpp.llama_sampler_p, token: int) -> bool:
        candidate = llama_cpp.llama_token_data(token, 1.0, 0.0)
        array = llama_cpp.llama_token_data_array(ctypes.pointer(candidate), 1, -1, False)
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
        return bool(candidate.logit == 1.0)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.close()


def ours(grammar: str, text: str) -> bool:
    state = Grammar(grammar).start.after(text.encode())
    return state is not None and state.may_end


@settings(max_examples=60, deadline=None)
@given(actions=DECLARATIONS, max_actions=st.integers(0, 3), rng=RANDOM)
def test_llama_cpp_allows_what_the_grammar_describes(judge, actions, max_actions, rng):
    grammar = reply_grammar(actions, max_actions)
    assert judge.accepts(grammar, random_text(grammar, rng))


@settings(max_examples=60, deadline=None)
@given(actions=DECLARATIONS, max_actions=st.integers(0, 3), rng=RANDOM)
def test_llama_cpp_allows_a_reply_with_valid_actions(judge, actions, max_actions, rng):
    assert judge.accepts(reply_grammar(actions, max_actions), random_reply(actions, max_actions, rng))


@settings(max_examples=200, deadline=None)
@given(actions=DECLARATIONS.filter(bool), rng=RANDOM)
def test_llama_cpp_and_the_engine_agree_on_a_reply_that_was_tampered_with(judge, actions, rng):
    grammar, text = reply_grammar(actions, 2), random_reply(actions, 2, rng)
    at = rng.randrange(len(text))
    if rng.random() < 0.5:  # where the actions are
        at = rng.randrange(text.find("\n{") if "\n{" in text else 0, len(text))
    text = text[:at] + rng.choice(["", *'0123456789-.,:"\\{}[] \nae']) + text[at + rng.randint(0, 1) :]
    allowed = judge.accepts(grammar, text)
    assert ours(grammar, text) == allowed
    if allowed:
        lines = re.split(r"\n(?=\{)", text)[1:]
        assert all(is_valid(json.loads(line), actions) for line in lines)


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ('{"action": "move", "direction": "forward", "distance_cm": 50}', True),
        ('{"action": "move", "direction": "forward", "distance_cm": 200}', True),
        ('{"action": "move", "direction": "forward", "distance_cm": 201}', False),
        ('{"action": "move", "direction": "forward", "distance_cm": 0}', False),
        ('{"action": "move", "direction": "up", "distance_cm": 50}', False),
        ('{"action": "move", "distance_cm": 50, "direction": "forward"}', False),
        ('{"action": "fly"}', False),
        ('{"action": "wave"}', True),
    ],
)
def test_llama_cpp_allows_the_rover_what_it_declared(judge, line, allowed):
    assert judge.accepts(reply_grammar(ROVER, 3), f"[happy] Here I go!\n{line}") is allowed
