from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.grammar import reply_grammar
from ai_server.llm.chat import ActionCall, EmotionTag
from ai_server.llm.engine.grammar import Grammar, State
from ai_server.llm.reply import ReplyParser
from ai_server.protocol.device import ActionDeclaration, Capabilities
from ai_server.protocol.terms import EMOTIONS
from tests.declared import DECLARATIONS, is_valid, random_reply
from tests.grammars import random_text

TAG = re.compile(rf"\[({'|'.join(EMOTIONS)})\] (?=\S)")
RANDOM = st.integers(0, 2**32).map(random.Random)


def declared(**properties: object) -> list[ActionDeclaration]:
    """A body with the one action `do`."""
    return Capabilities.model_validate({"actions": [{"name": "do", "parameters": {"properties": properties}}]}).actions


def accepts(state: State, text: str) -> bool:
    after = state.after(text.encode())
    return after is not None and after.may_end


@cache
def start(type_: str, minimum: float, maximum: float) -> State:
    """The start of the grammar of a body with one action of one number `x`."""
    return Grammar(reply_grammar(declared(x={"type": type_, "minimum": minimum, "maximum": maximum}), 1)).start


def allows(type_: str, minimum: float, maximum: float, written: str) -> bool:
    return accepts(start(type_, minimum, maximum), f'[happy] Yes.\n{{"action": "do", "x": {written}}}')


@given(actions=DECLARATIONS, max_actions=st.integers(0, 3), rng=RANDOM)
def test_whatever_the_grammar_allows_is_a_tag_words_and_valid_actions(actions, max_actions, rng):
    text = random_text(reply_grammar(actions, max_actions), rng)
    assert TAG.match(text)
    words, *lines = re.split(r"\n(?=\{)", text)
    assert not set("{}[]") & set(words.partition("]")[2])
    assert len(lines) <= max_actions
    for line in lines:
        pairs = json.loads(line, object_pairs_hook=list)
        action = next(action for action in actions if action.name == pairs[0][1])
        assert [name for name, _ in pairs] == ["action", *action.parameters.properties]
        assert is_valid(dict(pairs), actions)


@given(actions=DECLARATIONS, rng=RANDOM)
def test_whatever_the_grammar_allows_is_read_to_the_letter(actions, rng):
    text = random_text(reply_grammar(actions, 3), rng)
    parser = ReplyParser()
    events = [*parser.feed(text), *parser.close(truncated=False)]
    calls = [event for event in events if isinstance(event, ActionCall)]
    assert parser.malformed == 0
    assert sum(isinstance(event, EmotionTag) for event in events) == 1
    assert len(calls) == text.count('\n{"action": ')
    assert all(is_valid({"action": call.name, **call.arguments}, actions) for call in calls)


@given(actions=DECLARATIONS, max_actions=st.integers(0, 3), rng=RANDOM)
def test_a_reply_with_valid_actions_is_allowed(actions, max_actions, rng):
    text = random_reply(actions, max_actions, rng)
    assert accepts(Grammar(reply_grammar(actions, max_actions)).start, text), text


@given(actions=DECLARATIONS.filter(bool), rng=RANDOM)
def test_one_action_more_than_a_reply_may_have_is_not_allowed(actions, rng):
    text = random_reply(actions, 3, rng)
    count = text.count('\n{"action": ')
    if count:
        assert not accepts(Grammar(reply_grammar(actions, count - 1)).start, text)


@given(data=st.data(), ends=st.tuples(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12)))
def test_an_integer_is_allowed_just_within_its_range(data, ends):
    low, high = sorted(ends)
    near = [low, high, 0, -low, -high, low // 10, high * 10, 10 ** len(str(abs(low)))]
    number = data.draw(st.sampled_from(near)) + data.draw(st.integers(-2, 2))
    assert allows("integer", low, high, str(number)) == (low <= number <= high)


@pytest.mark.parametrize(("low", "high"), [(-120, 130), (0, 0), (1, 200), (-7, -7), (-101, -3), (95, 1005), (-1, 0)])
def test_every_integer_of_a_range_is_allowed_and_no_other(low, high):
    allowed = [number for number in range(-1200, 1201) if allows("integer", low, high, str(number))]
    assert allowed == list(range(low, high + 1))


@given(data=st.data(), ends=st.tuples(st.integers(-40_000, 40_000), st.integers(-40_000, 40_000)))
def test_a_number_is_allowed_just_within_its_range(data, ends):
    low, high = (Decimal(end).scaleb(-3) for end in sorted(ends))
    near = data.draw(st.sampled_from([low, high, Decimal(0), -low, (low + high) / 2]))
    places = data.draw(st.integers(0, 3))
    step = Decimal(data.draw(st.integers(-11, 11))).scaleb(-places)
    number = round(near, places) + step
    written = f"{abs(number) if number == 0 else number:.{places}f}"
    assert allows("number", float(low), float(high), written) == (low <= number <= high), written


@pytest.mark.parametrize(
    ("low", "high"), [(0.5, 2.25), (-0.004, 0.003), (0.999, 1.001), (-2, -1.5), (0, 1), (-1.05, -1.05), (0.1, 0.12)]
)
def test_every_number_of_three_places_in_a_range_is_allowed_and_no_other(low, high):
    allowed = [
        each for each in range(-2500, 2501) if allows("number", low, high, str(Decimal(each).scaleb(-3).normalize()))
    ]
    assert allowed == list(range(round(low * 1000), round(high * 1000) + 1))


@pytest.mark.parametrize(
    "written", ["007", "-0", "+5", "5.0", "5.", "1e1", " 5", "", "\u0665", "0x5", "--5", '"5"', "00"]
)
def test_an_integer_has_one_spelling(written):
    assert allows("integer", -9, 20, "5")
    assert not allows("integer", -9, 20, written)


@pytest.mark.parametrize("written", ["-0", "-0.0", "-0.000", "01.5", ".5", "1.", "1.0000", "1.2345", "1e0", "1,5"])
def test_a_number_has_no_spelling_but_that_of_json_with_three_decimal_places_at_most(written):
    assert not allows("number", -9, 20, written)


@pytest.mark.parametrize("written", ["2", "2.0", "2.00", "2.000", "1.5", "1.50"])
def test_zeros_may_end_a_number_lest_a_model_that_writes_them_must_go_on_with_another_digit(written):
    assert allows("number", 0.5, 2.25, written)


@pytest.mark.parametrize(("bound", "beyond"), [(2.25, "2.251"), (2.25, "2.26"), (2.25, "3"), (2.0, "2.001")])
def test_no_decimal_place_leads_past_a_bound(bound, beyond):
    assert not allows("number", 0.5, bound, beyond)


def test_bounds_of_more_places_are_those_within_them():
    assert [each for each in ("0.123", "0.124", "0.125", "0.126") if allows("number", 0.1231, 0.1259, each)] == [
        "0.124", "0.125",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("Hello!", True),
        ("One.\nTwo.\n\nThree.", True),
        ("Ends with spaces  ", True),
        ("", False),
        ("\u200b", False),
        (" ", False),
        (" leading", False),
        ("\u00a0", False),
        ("\u3000", False),
        ("Ends with a line\n", False),
        ("Three\n\n\nline ends", False),
        ("An indented\n  line", False),
        ("\tTab", False),
        ("a\rb", False),
        ("a\u2028b", False),
        ("a\x9bb", False),
        ("*waves* [smiles]", False),
        ("Set {x}", False),
        ('Stop. {"action": "do"}', False),
        ('Stop.\n{"action": "do"}', True),
        ('Stop.\n\n{"action": "do"}', True),
        ('Stop.\n {"action": "do"}', False),
        ('Stop.\n{"action":"do"}', False),
        ('Stop.\n{"action": "do"} ', False),
        ('Stop.\n{"action": "do"}\n', False),
        ('Stop.\n{"action": "do"}\nDone.', False),
        ('Stop.\n{"action": "do"}\n{"action": "do"}', True),
        ('Stop.\n{"action": "do"}{"action": "do"}', False),
        ('Stop.\n{"action": "do", "x": 1}', False),
        ('Stop.\n{"action": "undo"}', False),
        ('{"action": "do"}', False),
    ],
)
def test_words_come_first_and_are_never_an_action(text, allowed):
    assert accepts(Grammar(reply_grammar(declared(), 3)).start, f"[sad] {text}") is allowed


@pytest.mark.parametrize("tag", ["[sleepy] ", "[Happy] ", "[happy]", "happy ", "", "[happy]  ", "[happy]\n"])
def test_a_reply_begins_with_one_of_the_five_emotions(tag):
    assert not accepts(Grammar(reply_grammar([], 3)).start, f"{tag}Hello")


@pytest.mark.parametrize("body", [[], declared()])
def test_without_actions_there_are_words_alone(body):
    within = Grammar(reply_grammar(body, 0)).start
    assert accepts(within, "[happy] Hello.\nHow are you?")
    assert not accepts(within, '[happy] Hello.\n{"action": "do"}')


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", True), ("abcdé", True), ("🐎🐎🐎🐎🐎", True), ('"\\\n"\\', True), ("{[]}:", True),
        ("abcdef", False), ("a\tb", False), ("\x00", False), ("\x7f", False),
    ],
)  # fmt: skip
def test_a_text_is_escaped_as_json_has_it_and_no_longer_than_declared(value, allowed):
    line = json.dumps({"action": "do", "x": value}, ensure_ascii=False)
    within = Grammar(reply_grammar(declared(x={"type": "string", "maxLength": 5}), 1)).start
    assert accepts(within, f"[happy] Yes.\n{line}") is allowed


def test_the_largest_body_that_can_be_declared_has_a_grammar_that_can_be_followed():
    wide = {"type": "number", "minimum": -987654321987.654, "maximum": 987654321987.654}
    quotes = {"type": "string", "enum": [str(number).ljust(46, "\\") for number in range(32)]}
    actions = [
        {
            "name": f"{letter * 47}{number}",
            "parameters": {"properties": {f"{'p' * 47}{each}": wide for each in range(2)}},
        }
        for letter in "abc"
        for number in range(8)
    ]
    actions.append({"name": "last", "parameters": {"properties": {"a": quotes, "b": quotes}}})
    body = Capabilities.model_validate({"actions": actions})
    within = Grammar(reply_grammar(body.actions, 3)).start
    assert accepts(within, random_reply(body.actions, 3, random.Random(1)))
