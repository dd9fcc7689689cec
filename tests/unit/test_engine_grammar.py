from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.gbnf import GrammarError
from ai_server.llm.engine.grammar import Grammar, compiled
from tests.grammars import LANGUAGES, Language

REPLY = r"""
# A tag, words, then actions, one a line.
root    ::= "[" emotion "] " words action*
emotion ::= "happy" | "sad" | "surprised"
words   ::= [^{}\n\x00-\x1F]+
action  ::= "\n{\"action\": " ("\"move\", \"distance_cm\": " number | "\"stop\"") "}"
number  ::= "-"? ("0" | [1-9] [0-9]{0,2})
"""
NESTED = """
root ::= value
value ::= "[" (value ("," value)*)? "]" | [0-9]
"""


def accepts(grammar: str, data: str | bytes) -> bool:
    state = Grammar(grammar).start.after(data.encode() if isinstance(data, str) else data)
    return state is not None and state.may_end


def test_the_same_grammar_is_compiled_once_and_anew_when_it_is_worn(monkeypatch):
    first = compiled(REPLY)
    assert compiled(REPLY) is first
    assert compiled(NESTED) is not first
    monkeypatch.setattr("ai_server.llm.engine.grammar._WORN_VISITS", 0)
    second = compiled(REPLY)
    assert second is not first
    assert second.start.after(b"[happy] ") is not None


def test_a_wrong_grammar_is_refused_each_time():
    for _ in range(2):
        with pytest.raises(GrammarError, match="no rule 'root'"):
            compiled('begin ::= "a"')


@pytest.mark.parametrize(
    ("grammar", "text", "accepted"),
    [
        (REPLY, "[happy] Čau! 🐎", True),
        (REPLY, '[sad] No.\n{"action": "stop"}\n{"action": "move", "distance_cm": -50}', True),
        (REPLY, "[happy] ", False),
        (REPLY, "[sleepy] Hello!", False),
        (REPLY, '[sad] No.\n{"action": "move", "distance_cm": 007}', False),
        (REPLY, '[sad] No.\n{"action": "move", "distance_cm": 5000}', False),
        (NESTED, "[1,[2,[]],[[[3]]]]", True),
        (NESTED, "[1,[2,[],[[[3]]]]", False),
        (NESTED, "[" * 3000 + "]" * 3000, True),
        ('root ::= "(" root ")" | ""', "((()))", True),
        ('root ::= list\nlist ::= "a" ("," list)?', ",".join("a" * 3000), True),
        ('root ::= ("a"* "b"?)* "c"', "aabbabc", True),
        ('root ::= "a" root | "b" other\nother ::= root | "c"', "aabbaabc", True),
        ('root ::= (("" | ("a"{0}){2000}){2000}){2000} "a"', "a", True),
        ("root ::= ((" + '""{2000}){2000}){2000} "a"', "a", True),
        ("root ::=", "", True),
        ("root ::=", "a", False),
    ],
)
def test_a_grammar_accepts_its_language_and_nothing_else(grammar, text, accepted):
    assert accepts(grammar, text) is accepted


@given(data=st.data(), language=LANGUAGES)
def test_a_text_of_the_language_is_accepted_and_so_is_what_it_begins_with(data, language: Language):
    text = data.draw(st.from_regex(re.compile(language.expression), fullmatch=True)).encode()
    state = Grammar(language.grammar).start
    for byte in text:
        state = state[byte]
        assert state is not None
    assert state.may_end


@given(language=LANGUAGES, text=st.text(alphabet='abc09 {":éä🐎', max_size=6))
def test_any_other_text_is_rejected(language: Language, text):
    assert accepts(language.grammar, text) == bool(re.fullmatch(language.expression, text))


@given(
    ends=st.lists(st.characters(exclude_categories=["Cs"], min_codepoint=1), min_size=2, max_size=2),
    other=st.characters(exclude_categories=["Cs"], min_codepoint=1),
)
def test_a_range_of_characters_holds_for_every_length_of_utf_8(ends, other):
    low, high = sorted(ends)
    for negation in ("", "^"):
        grammar = f'root ::= [{negation}\\U{ord(low):08X}-\\U{ord(high):08X}] | ""'
        assert accepts(grammar, other) == ((low <= other <= high) != bool(negation))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
        b"\0",
    ],
)
def test_what_is_no_utf_8_is_rejected_by_any_grammar(data):
    assert Grammar("root ::= .* | [^a]*").start.after(data) is None


def test_a_reply_may_not_end_within_a_character():
    start = Grammar("root ::= .*").start
    assert start.may_end
    within = start.after("🐎".encode()[:3])
    assert within is not None
    assert not within.may_end


@pytest.mark.parametrize("grammar", ["", "# nothing\n", 'begin ::= "a"'])
def test_a_grammar_without_a_root_is_refused(grammar):
    with pytest.raises(GrammarError, match="the grammar has no rule 'root'"):
        Grammar(grammar)


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= root "a" | "b"',
        'root ::= other "a" | "b"\nother ::= root "c"',
        'root ::= outer root "a" | "b"\nouter ::= empty\nempty ::= "" | "c"',
        'root ::= "a"? root "a" | "b"',
        "root ::= " + " | ".join(f'"{number}"' for number in range(2000)),
    ],
)
def test_left_recursion_and_too_wide_a_choice_are_refused(grammar):
    with pytest.raises(GrammarError, match="rule 'root' of the grammar can begin with itself, or in too many ways"):
        Grammar(grammar)


@pytest.mark.parametrize("grammar", ["root ::= root", "root ::= other\nother ::= root | other"])
def test_a_grammar_that_allows_nothing_is_refused(grammar):
    with pytest.raises(GrammarError, match="the grammar allows no reply"):
        Grammar(grammar)


@pytest.mark.parametrize("grammar", ['root ::= ("a"{2000}){2000}', "root ::= " + '("' + "a" * 400 + '"{0,1500})'])
def test_a_grammar_that_is_too_large_when_written_out_is_refused(grammar):
    with pytest.raises(GrammarError, match="more than 100000 steps when its repetitions are written out"):
        Grammar(grammar)


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= "a" root "b" | "a" root "c" | "a"',
        "root ::= [^b] (root (. | root) [^c] | ) |",
        'root ::= ("a"? "a"?){0,1000} "b"',
    ],
)
def test_a_reply_with_too_many_readings_is_an_error_and_not_a_hang(grammar):
    with pytest.raises(GrammarError, match=r"too many ways|too long"):
        Grammar(grammar).start.after(b"a" * 10_000)
