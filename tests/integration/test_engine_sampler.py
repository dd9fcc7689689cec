"""The samplers of llama.cpp on the embedded model: its own logits, or logits that a test writes in their place."""

from __future__ import annotations

import ctypes
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import llama_cpp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_server import resources
from ai_server.llm.chat import Sampling
from ai_server.llm.engine.sampler import GrammarError, Sampler, SamplingRoom
from ai_server.llm.engine.vocabulary import Vocabulary
from tests.grammars import LANGUAGES

SILENT = llama_cpp.llama_log_callback(lambda *_: None)  # kept for good: llama.cpp calls it as long as it lives
GREEDY = Sampling(temperature=0)
FREE = Sampling(temperature=1, top_p=1, top_k=0, seed=1)
WILD = Sampling(temperature=2, top_p=1, top_k=0, seed=1)
PROMPT = (
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nTell me a story."
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)
ACTION = r"""
root   ::= "[" ("happy" | "sad") "]\n" action
action ::= "{\"action\": \"move\", \"direction\": \"" ("forward" | "back") "\", \"distance_cm\": " number "}"
number ::= [1-9] [0-9]{0,2}
"""


class Model:
    """The embedded model and one sequence."""

    def __init__(self, path: Path) -> None:
        llama_cpp.llama_log_set(SILENT, ctypes.c_void_p(0))
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_outputs_max = 512
        parameters.n_threads = parameters.n_threads_batch = 1
        self.context = llama_cpp.llama_init_from_model(self._model, parameters)
        self.vocabulary = Vocabulary(self._model)
        self.room = SamplingRoom(self.vocabulary)
        self.prompt = self.vocabulary.tokenise(PROMPT, special=True)

    def read(self, tokens: Sequence[int]) -> None:
        """Decode these alone; every row gets its logits."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        for row, token in enumerate(tokens):
            batch.token[row], batch.pos[row] = token, row
            batch.n_seq_id[row], batch.seq_id[row][0], batch.logits[row] = 1, 0, 1
        batch.n_tokens = len(tokens)
        assert llama_cpp.llama_decode(self.context, batch) == 0
        llama_cpp.llama_batch_free(batch)

    def go_on(self, token: int) -> None:
        batch = llama_cpp.llama_batch_get_one((llama_cpp.llama_token * 1)(token), 1)
        assert llama_cpp.llama_decode(self.context, batch) == 0

    def logits(self, row: int = -1) -> np.ndarray:
        """The model's own memory: what is written there is what samplers see."""
        pointer = llama_cpp.llama_get_logits_ith(self.context, row)
        return np.ctypeslib.as_array(pointer, (self.vocabulary.size,))

    def wish(self, **logits: float) -> None:
        """Make these tokens that likely, and all others far less."""
        self.read(self.prompt)
        self.logits()[:] = -20
        for text, logit in logits.items():
            self.logits()[self.token(text)] = logit

    def token(self, text: str) -> int:
        (token,) = self.vocabulary.tokenise(text, special=True)
        return token

    def generate(
        self, sampler: Sampler, count: int = 60, before: Callable[[np.ndarray], None] = lambda _: None
    ) -> list[int]:
        """Answer the prompt with at most `count` tokens; `before` may change what the model wishes."""
        self.read(self.prompt)
        tokens: list[int] = []
        while len(tokens) < count:
            before(self.logits())
            tokens.append(sampler.sample(self.context, -1))
            if self.vocabulary.piece(tokens[-1]) is None:
                break
            self.go_on(tokens[-1])
        return tokens

    def text(self, tokens: Sequence[int]) -> str:
        return b"".join(self.vocabulary.piece(token) or b"" for token in tokens).decode()

    def has_ended(self, tokens: Sequence[int]) -> bool:
        return self.vocabulary.piece(tokens[-1]) is None

    def close(self) -> None:
        self.room.close()
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self._model)


@pytest.fixture(scope="module")
def model():
    model = Model(resources.embedded_model())
    yield model
    model.close()


@pytest.fixture
def sampler(model) -> Iterator[Callable[..., Sampler]]:
    samplers: list[Sampler] = []

    def create(sampling: Sampling, grammar: str | None = None) -> Sampler:
        samplers.append(Sampler(sampling, model.room, grammar))
        return samplers[-1]

    yield create
    for each in samplers:
        each.close()


def draw(model: Model, sampler: Sampler, count: int) -> list[int]:
    """Choose again and again from the same logits."""
    return [sampler.sample(model.context, -1) for _ in range(count)]


# Without a grammar.


def test_the_confidence_is_the_mean_probability_that_the_model_gave_to_its_tokens(model):
    probabilities: list[np.ndarray] = []

    def note(logits: np.ndarray) -> None:
        weights = np.exp(logits.astype(np.float64) - logits.max())
        probabilities.append(weights / weights.sum())

    sampler = Sampler(FREE, model.room)
    assert sampler.confidence is None
    tokens = model.generate(sampler, before=note)
    chosen = [each[token] for each, token in zip(probabilities, tokens, strict=True)]
    assert sampler.confidence == pytest.approx(float(np.exp(np.mean(np.log(chosen)))), rel=1e-3)
    sampler.close()


def test_a_token_that_the_grammar_forces_counts_as_unlikely_as_it_was(model):
    free, bound = Sampler(GREEDY, model.room), Sampler(GREEDY, model.room, 'root ::= "xyzzy"')
    model.generate(free)
    model.generate(bound)
    assert bound.confidence < 0.1 < free.confidence < 1
    free.close()
    bound.close()


def test_temperature_0_takes_the_likeliest_token(model, sampler):
    likeliest: list[int] = []
    tokens = model.generate(sampler(GREEDY), before=lambda logits: likeliest.append(int(logits.argmax())))
    assert tokens == likeliest


def test_top_k_of_1_takes_the_likeliest_token(model, sampler):
    only = Sampling(temperature=2, top_p=1, top_k=1)
    assert model.generate(sampler(only)) == model.generate(sampler(GREEDY))


@pytest.mark.parametrize("seed", [0, 7, -1, 2**32 - 1, 2**32, 2**63])
def test_the_same_seed_gives_the_same_tokens(model, sampler, seed):
    sampling = Sampling(temperature=2, top_p=1, top_k=0, seed=seed)
    assert model.generate(sampler(sampling)) == model.generate(sampler(sampling))


def test_another_seed_or_none_gives_other_tokens(model, sampler):
    model.read(model.prompt)
    seeds = [1, 2, 3, None, None, None]
    drawn = [draw(model, sampler(Sampling(temperature=2, top_p=1, top_k=0, seed=seed)), 60) for seed in seeds]
    assert len(set(map(tuple, drawn))) == len(seeds)


def test_the_same_tokens_come_from_the_rows_of_one_batch_as_from_one_after_the_other(model, sampler):
    sampling = Sampling(temperature=1, seed=5, repetition_penalty=1.1)
    tokens = model.generate(sampler(sampling), count=30)
    model.read([*model.prompt, *tokens[:-1]])
    again = sampler(sampling)
    rows = range(len(model.prompt) - 1, len(model.prompt) - 1 + len(tokens))
    assert [again.sample(model.context, row) for row in rows] == tokens


def test_top_k_draws_from_the_likeliest_tokens_alone(model, sampler):
    model.read(model.prompt)
    likeliest = set(np.argsort(model.logits())[-5:].tolist())
    assert set(draw(model, sampler(Sampling(temperature=5, top_p=1, top_k=5, seed=1)), 300)) == likeliest


def test_min_p_draws_no_token_below_its_share_of_the_likeliest(model, sampler):
    model.wish(a=np.log(0.5), b=np.log(0.3), c=np.log(0.15), d=np.log(0.05))
    all_four = {model.token(text) for text in "abcd"}
    assert set(draw(model, sampler(FREE), 300)) == all_four
    drawn = set(draw(model, sampler(Sampling(temperature=1, top_p=1, top_k=0, min_p=0.2, seed=1)), 300))
    assert drawn == all_four - {model.token("d")}


def test_top_p_draws_from_the_smallest_set_of_that_probability(model, sampler):
    model.wish(a=np.log(0.5), b=np.log(0.3), c=np.log(0.15), d=np.log(0.05))
    drawn = draw(model, sampler(Sampling(temperature=1, top_p=0.75, top_k=0, seed=1)), 300)
    assert set(drawn) == {model.token("a"), model.token("b")}
    assert 0.5 < drawn.count(model.token("a")) / 300 < 0.75


def test_temperature_draws_unlikely_tokens_less_or_more(model, sampler):
    model.wish(a=1, b=0)
    unlikely = model.token("b")
    cold, warm, hot = (draw(model, sampler(Sampling(temperature=t, seed=1)), 500).count(unlikely) for t in (0.3, 1, 3))
    assert cold < warm < hot


@pytest.mark.parametrize(("likely", "less_likely"), [(4, 3), (-1, -1.5)])
def test_a_repetition_penalty_makes_a_token_less_likely(model, sampler, likely, less_likely):
    model.wish(a=likely, b=less_likely)
    assert model.text(draw(model, sampler(GREEDY), 2)) == "aa"
    assert model.text(draw(model, sampler(Sampling(temperature=0, repetition_penalty=2)), 2)) == "ab"


def test_a_token_is_penalised_as_long_as_it_is_among_the_last_64(model, sampler):
    model.wish()
    model.logits()[100:200] = np.linspace(10, 9, 100)
    drawn = draw(model, sampler(Sampling(temperature=0, repetition_penalty=2)), 195)
    assert drawn == [*range(100, 165)] * 3


def test_a_sampler_can_be_closed_twice(model):
    for grammar in (None, ACTION):
        sampler = Sampler(GREEDY, model.room, grammar)
        sampler.close()
        sampler.close()


# With a grammar.


@pytest.mark.parametrize(
    "sampling", [GREEDY, FREE, WILD, Sampling(seed=1), Sampling(min_p=0.2, repetition_penalty=1.3)]
)
def test_a_tag_and_an_action_come_out_as_the_grammar_wants(model, sampler, sampling):
    tokens = model.generate(sampler(sampling, ACTION), count=200)
    assert model.has_ended(tokens)
    tag, action = model.text(tokens).split("\n")
    assert tag in ("[happy]", "[sad]")
    assert json.loads(action).keys() == {"action", "direction", "distance_cm"}


@pytest.mark.parametrize("sampling", [GREEDY, FREE, WILD])
def test_a_grammar_is_followed_against_every_wish_of_the_model(model, sampler, sampling):
    wishes: list[str] = []

    def wish(logits: np.ndarray) -> None:
        logits[model.token(" the")] = 50
        wishes.append(model.text([int(logits.argmax())]))

    tokens = model.generate(sampler(sampling, 'root ::= ("#" | "~" | "@"){12}'), before=wish)
    assert model.has_ended(tokens)
    assert re.fullmatch(r"[#~@]{12}", model.text(tokens))
    assert set(wishes) == {" the"}


def test_the_likeliest_of_the_allowed_tokens_is_taken(model, sampler):
    digits = [
        token for token in range(model.vocabulary.size) if re.fullmatch(rb"[0-9]", model.vocabulary.piece(token) or b"")
    ]
    expected: list[int] = []
    tokens = model.generate(
        sampler(GREEDY, "root ::= [0-9]{8}"),
        before=lambda logits: expected.append(digits[int(logits[digits].argmax())]),
    )
    assert tokens[:8] == expected[:8]


def test_an_allowed_token_is_found_however_unlikely_it_is(model, sampler):
    def wish(logits: np.ndarray) -> None:
        logits[model.token("~")] = logits.min() - 1

    assert model.text(model.generate(sampler(WILD, 'root ::= "~~~"'), before=wish)) == "~~~"


def test_what_the_grammar_allows_is_drawn_by_its_probability(model, sampler):
    model.wish(a=np.log(0.9), b=np.log(0.075), c=np.log(0.025))
    drawn = draw(model, sampler(FREE, 'root ::= ("b" | "c"){400}'), 400)
    assert set(drawn) == {model.token("b"), model.token("c")}
    assert 0.68 < drawn.count(model.token("b")) / 400 < 0.82


def test_a_reply_does_not_end_before_the_grammar_does(model, sampler):
    def wish(logits: np.ndarray) -> None:
        logits[model.vocabulary.eos] = 50

    tokens = model.generate(sampler(GREEDY, 'root ::= "at least this" [0-9]*'), before=wish)
    assert model.has_ended(tokens)
    assert model.text(tokens) == "at least this"


def test_a_reply_ends_where_the_grammar_allows_nothing_more(model, sampler):
    def wish(logits: np.ndarray) -> None:
        logits[model.vocabulary.eos] = logits.min() - 1

    tokens = model.generate(sampler(GREEDY, 'root ::= "no more"'), before=wish)
    assert model.has_ended(tokens)
    assert model.text(tokens) == "no more"


def test_control_tokens_are_no_text_that_a_grammar_allows(model, sampler):
    def wish(logits: np.ndarray) -> None:
        logits[model.token("<|start_header_id|>")] = 50

    for grammar in (r"root ::= [^\n]{20}", 'root ::= "<|start_header_id|>"'):
        tokens = model.generate(sampler(WILD, grammar), count=40, before=wish)
        assert model.token("<|start_header_id|>") not in tokens
    assert model.text(tokens) == "<|start_header_id|>"


def test_characters_of_several_tokens_come_out_whole(model, sampler):
    words = "žluťoučký 🐎 馬"
    assert model.text(model.generate(sampler(WILD, f'root ::= "{words}"'))) == words


def test_a_rejected_token_is_not_penalised(model, sampler):
    model.wish(a=10, b=5, c=9)
    penalising = sampler(Sampling(temperature=0, repetition_penalty=2), 'root ::= "b" ("a" | "c")')
    assert model.text(draw(model, penalising, 2)) == "ba"


def test_a_rejected_token_does_not_change_how_those_after_it_are_drawn(model, sampler):
    letters = dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 1.0)

    def say(first: str) -> list[int]:
        within = sampler(FREE, 'root ::= "~" [a-z]{40}')
        model.wish(**{first: 50.0})
        start = draw(model, within, 1)
        assert model.text(start) == "~"
        model.wish(**letters)
        return draw(model, within, 40)

    assert say("~") == say("#")


def test_a_grammar_that_no_token_can_follow_is_an_error_of_the_request(model, sampler):
    within = sampler(FREE, 'root ::= "~"')
    model.wish()
    model.logits()[:] = -np.inf
    model.logits()[model.token("#")] = 1
    with pytest.raises(GrammarError, match="no token of the model"):
        within.sample(model.context, -1)


@pytest.mark.parametrize(
    "grammar", ["", 'root ::= "a', 'begin ::= "a"', 'root ::= root "a" | "b"', 'root ::= "a"{5,3}']
)
def test_an_invalid_grammar_is_refused(model, grammar):
    with pytest.raises(GrammarError, match="grammar"):
        Sampler(GREEDY, model.room, grammar)


@settings(max_examples=60, deadline=None)
@given(language=LANGUAGES, sampling=st.sampled_from([GREEDY, FREE, WILD, Sampling(seed=3)]))
def test_what_is_generated_is_in_the_language_of_the_grammar(model, language, sampling):
    sampler = Sampler(sampling, model.room, language.grammar)
    try:
        tokens = model.generate(sampler, count=150)
    finally:
        sampler.close()
    assert model.has_ended(tokens)
    assert re.fullmatch(language.expression, model.text(tokens))


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet='abroot "[]()|*+?{},0123\n:=^-\\.#<>!', max_size=30))
def test_a_grammar_fails_alone_or_can_be_followed(model, text):
    try:
        sampler = Sampler(FREE, model.room, f"root ::= {text}")
    except GrammarError:
        return
    try:
        assert model.generate(sampler, count=4)
    finally:
        sampler.close()
