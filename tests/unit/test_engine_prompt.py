import pytest

from ai_server.llm.chat import Message
from ai_server.llm.engine.prompt import (
    Prompt,
    PromptTooLongError,
    fit_prompt,
    room_for_prompt,
    trim_ahead,
    whole_prompt,
)
from ai_server.llm.engine.template import Layout

PERSONA = "persona"


def chat(*contents: str) -> list[Message]:
    """A system message, then what user and assistant say in turns."""
    roles = ["system", *["user", "assistant"] * len(contents)]
    return [Message(role, content) for role, content in zip(roles, contents, strict=False)]


def laid_out(messages: list[Message]) -> Layout:
    """A token a character, and a header of one in front of each message."""
    tokens: list[int] = []
    begins, ends = [], []
    for message in messages:
        tokens.append(ord("|"))
        begins.append(len(tokens))
        tokens += map(ord, message.content)
        ends.append(len(tokens))
    return Layout(tokens, begins, ends)


def whole(*contents: str) -> Prompt:
    messages = chat(*contents)
    return whole_prompt(messages, laid_out(messages))


def fit(*contents: str, context_size: int, max_tokens: int = 10, first: Message | None = None) -> Prompt:
    return fit_prompt(whole(*contents), context_size=context_size, max_tokens=max_tokens, first=first)


def words(prompt: Prompt) -> str:
    return "".join(map(chr, prompt.tokens))


def turns(prompt: Prompt) -> list[str]:
    """What the prompt says from each turn to the next."""
    ends = [*prompt.turns[1:], len(prompt.tokens)]
    return ["".join(map(chr, prompt.tokens[begin:end])) for begin, end in zip(prompt.turns, ends, strict=True)]


def test_a_prompt_that_fits_is_left_whole():
    prompt = fit(PERSONA, "a", "b", "c", context_size=100)
    assert (words(prompt), prompt.dropped_turns) == ("|persona|a|b|c", 0)


def test_what_all_conversations_with_a_system_message_share_ends_with_its_words():
    prompt = whole(PERSONA, "a", "b", "c")
    assert words(prompt)[: prompt.shared] == "|persona"
    assert prompt.turns[0] == prompt.kept


def test_of_several_system_messages_the_first_alone_is_shared_and_all_are_kept():
    messages = [Message("system", PERSONA), Message("system", "Ada"), *chat("", "old", "b", "c", "d", "new")[1:]]
    prompt = whole_prompt(messages, laid_out(messages))
    assert words(prompt)[: prompt.shared] == "|persona"
    assert words(prompt)[: prompt.kept] == "|persona|Ada|"
    assert prompt.turns[0] == prompt.kept
    assert words(prompt.drop(1)) == "|persona|Ada|c|d|new"


def test_turns_begin_with_the_words_of_each_user_message():
    prompt = whole(PERSONA, "a", "b", "c", "d", "e")
    assert turns(prompt) == ["a|b|", "c|d|", "e"]
    assert [user.content for user in prompt.users] == ["a", "c", "e"]


def test_an_assistant_message_right_after_the_system_message_is_a_turn_too():
    messages = [Message("system", "p"), Message("assistant", "a"), Message("user", "b")]
    prompt = whole_prompt(messages, laid_out(messages))
    assert turns(prompt) == ["a|", "b"]


def test_a_chat_without_a_system_message_shares_nothing():
    messages = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    prompt = whole_prompt(messages, laid_out(messages))
    assert (prompt.shared, turns(prompt)) == (0, ["a|b|", "c"])


def test_the_oldest_turns_go_and_the_persona_and_the_newest_words_stay():
    prompt = fit(PERSONA, "a" * 10, "b" * 10, "c" * 10, "d" * 10, "newest", context_size=60)
    assert (words(prompt), prompt.dropped_turns) == (f"|persona|{'c' * 10}|{'d' * 10}|newest", 1)
    assert turns(prompt)[-1] == "newest"
    assert prompt.turns[0] == prompt.kept


def test_once_turns_must_go_a_quarter_of_the_room_is_left_for_those_to_come():
    contents = ["p", *["x"] * 99]
    assert fit(*contents, context_size=201, max_tokens=1).dropped_turns == 0
    shorter = fit(*contents, context_size=200, max_tokens=1)
    assert len(shorter.tokens) <= 0.75 * 199 < len(shorter.tokens) + 4


def test_every_old_turn_goes_where_only_the_newest_words_fit():
    prompt = fit("p", "a" * 30, "b", "c" * 30, "d", "newest", context_size=20, max_tokens=1)
    assert (words(prompt), prompt.dropped_turns) == ("|p|newest", 2)


def test_turns_that_were_dropped_last_time_stay_dropped_though_they_would_fit():
    prompt = fit(PERSONA, "a", "b", "c", "d", "e", context_size=100, first=Message("user", "c"))
    assert (words(prompt), prompt.dropped_turns) == ("|persona|c|d|e", 1)


def test_another_conversation_than_last_time_keeps_all_of_its_turns():
    prompt = fit(PERSONA, "a", "b", "c", context_size=100, first=Message("user", "gone"))
    assert prompt.dropped_turns == 0


def test_at_most_a_quarter_of_the_context_is_kept_for_the_reply():
    assert room_for_prompt(100, 10_000) == 75
    assert len(fit("", "x" * 73, context_size=100, max_tokens=10_000).tokens) == 75


def test_newest_words_that_cannot_fit_are_refused_with_both_lengths():
    with pytest.raises(
        PromptTooLongError, match="are 99 tokens long, and at most 90 fit: the context holds 100, of which 10"
    ):
        fit(PERSONA, "old", "old", "x" * 90, context_size=100)


def test_a_turn_that_leaves_room_for_the_next_needs_no_trimming():
    assert trim_ahead(whole("p", "a", "b", "c"), 50, context_size=100, max_tokens=10) == 0


def test_a_turn_after_which_the_next_would_hardly_fit_is_trimmed_to_three_quarters_of_the_room():
    prompt = whole("p", *["x" * 10] * 7)
    length = len(prompt.tokens) + 10
    count = trim_ahead(prompt, length, context_size=length + 10, max_tokens=10)
    assert length - (prompt.turns[count] - prompt.kept) <= 0.75 * length
    assert length - (prompt.turns[count - 1] - prompt.kept) > 0.75 * length


def test_a_turn_that_fills_the_context_alone_is_not_trimmed_away():
    assert trim_ahead(whole("p", "x" * 80), 90, context_size=100, max_tokens=10) == 0
