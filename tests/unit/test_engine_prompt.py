import pytest

from ai_server.llm.chat import Message
from ai_server.llm.engine.prompt import PromptTooLongError, fit_prompt


def tokenise(messages) -> list[int]:
    """A token a character, and one in front of each message."""
    return [ord(char) for message in messages for char in f"|{message.content}"]


def words(prompt) -> str:
    return "".join(map(chr, prompt.tokens))


def fit(*contents: str, context_size: int, max_tokens: int = 10):
    roles = ["system", *["user", "assistant"] * len(contents)]
    messages = [Message(role, content) for role, content in zip(roles, contents, strict=False)]
    return fit_prompt(messages, context_size=context_size, max_tokens=max_tokens, tokenise=tokenise)


def test_a_prompt_that_fits_is_left_whole():
    prompt = fit("persona", "a", "b", "c", context_size=100)
    assert (words(prompt), prompt.dropped_turns) == ("|persona|a|b|c", 0)


def test_the_oldest_turns_go_and_the_persona_and_the_newest_words_stay():
    prompt = fit("persona", "a" * 10, "b" * 10, "c" * 10, "d" * 10, "newest", context_size=60)
    assert (words(prompt), prompt.dropped_turns) == (f"|persona|{'c' * 10}|{'d' * 10}|newest", 1)


def test_no_more_turns_go_than_must():
    prompt = fit("p", "a", "b", "c", "d", "e", "f", "g", context_size=30, max_tokens=20)
    assert (words(prompt), prompt.dropped_turns) == ("|p|a|b|c|d|e|f|g", 0)
    prompt = fit("p", "a", "b", "c", "d", "e", "f", "g", context_size=20, max_tokens=20)
    assert (words(prompt), prompt.dropped_turns) == ("|p|c|d|e|f|g", 1)


def test_every_old_turn_goes_where_only_the_newest_words_fit():
    prompt = fit("p", "a" * 30, "b", "c" * 30, "d", "newest", context_size=20, max_tokens=1)
    assert (words(prompt), prompt.dropped_turns) == ("|p|newest", 2)


def test_at_most_a_quarter_of_the_context_is_kept_for_the_reply():
    assert len(fit("", "x" * 73, context_size=100, max_tokens=10_000).tokens) == 75


def test_newest_words_that_cannot_fit_are_refused_with_both_lengths():
    with pytest.raises(
        PromptTooLongError, match="are 99 tokens long, and at most 90 fit: the context holds 100, of which 10"
    ):
        fit("persona", "old", "old", "x" * 90, context_size=100)
