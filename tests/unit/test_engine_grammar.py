"""Grammars that would abort, hang or starve llama.cpp are refused before it sees them, and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.grammar import GrammarError, check_grammar

REPLY = r"""
# A tag, words, then actions.
root    ::= "[" emotion "] " words action*
emotion ::= "happy" | "sad" |
            "angry"
words   ::= [^{}\n\x00-\x1F\u2028]+
action  ::= "\n{\"action\": " (
    "\"move\", \"distance_cm\": " number  # in the direction it looks
  | "\"stop\""
) "}"
number  ::= "-"? ("0" | [1-9] [0-9]{0,3}) ("." [0-9]{1,})?
"""


def chain(length: int, rule: str, end: str) -> str:
    """Rules that each begin with the next one."""
    rules = [rule.format(number + 1) for number in range(length)]
    return "\n".join(f"r{number} ::= {body}" for number, body in enumerate([*rules, end])) + "\nroot ::= r0"


@pytest.mark.parametrize(
    "grammar",
    [
        REPLY,
        'root ::= "a"',
        "root ::=",
        'root ::= ""',
        "root ::= .",
        "root::=[-a][a-][^-]",
        'root ::= "ž🐎" [あ-ん]+ "\\u017E" "\\x7E" "\\U0001F40E"',
        'root ::= (("a" | "b"){2,3} "c"?){1,}',
        'root ::= "(" root ")" | ""',
        'root ::= list\r\nlist ::= "a" list | "a"\r\n',
        'root ::= "a"{2000}',
        "root ::= " + "(" * 100 + '"a"' + ")" * 100,
    ],
)
def test_a_valid_grammar_passes(grammar):
    check_grammar(grammar)


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("", "has no rules"),
        ("# nothing\n", "has no rules"),
        ('begin ::= "a"', "no rule 'root'"),
        ("root", "line 1, column 5: expected '::='"),
        ('root = "a"', "line 1, column 6: expected '::='"),
        ('root ::= "a"\n  | "b"', "line 2, column 3: did not expect '|'"),
        ('root ::= "a" )', "line 1, column 14: did not expect ')'"),
        ("root ::= 'a'", 'line 1, column 10: did not expect "\'"'),
        ('root ::= "a" word\n', "line 1, column 14: rule 'word' is not defined"),
        ('root ::= "a"\nroot ::= "b"', "line 2, column 1: rule 'root' is defined twice"),
        ('root ::= "a', "column 10: the quote is not closed"),
        ('root ::= "a\\', "column 12: unknown escape"),
        ("root ::= [a", "column 10: the bracket is not closed"),
        ("root ::= [a-", "column 10: the bracket is not closed"),
        ('root ::= ("a" "b"', "column 10: the parenthesis is not closed"),
        ('root ::= ("a"\nnext ::= "b")', "line 2, column 6: did not expect ':'"),
        ('root ::= "\\d"', "column 11: unknown escape"),
        ('root ::= "\\x4"', "column 11: unknown escape"),
        ("root ::= []", "column 10: a pair of brackets is empty"),
        ("root ::= [^]", "column 10: a pair of brackets is empty"),
        ("root ::= [z-a]", "column 11: a range of characters runs backwards"),
        ('root ::= "\\x00"', "no text contains U+0000"),
        ('root ::= "\\uD83D"', "no text contains U+D83D"),
        ('root ::= "\\U00110000"', "no text contains U+110000"),
        ("root ::= *", "column 10: there is nothing to repeat"),
        ('root ::= ""+', "column 12: there is nothing to repeat"),
        ('root ::= "a" | ?', "column 16: there is nothing to repeat"),
        ('root ::= "a"{', "column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{,3}', "column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{99999999999999999999}', "column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{5,3}', "column 13: a repetition runs from 5 down to 3"),
        ('root ::= "a"{5,0}', "column 13: a repetition runs from 5 down to 0"),
        ('root ::= "a"{2001}', "column 13: repeats more than 2000 times"),
        ('root ::= "a"{0,2001}', "column 13: repeats more than 2000 times"),
        ('root ::= "a"{50}{50}', "column 17: repeats more than 2000 times"),
        ('root ::= ("a"{0,50}){50}', "column 21: repeats more than 2000 times"),
        ("root ::= <|eot_id|>", "column 10: tokens by name or number are not supported"),
        ("root ::= !<[7]>", "column 10: tokens by name or number are not supported"),
        ('root ::= "a\0"', "contains a NUL character"),
        ('root ::= "\ud83d"', "half of a surrogate pair"),
        ('root ::= "a" # long\n' * 4000, "and at most 65536 are allowed"),
        ("root ::= " + "(" * 60_000, "more than 100 parentheses are within one another"),
        ('root ::= ("' + "a" * 400 + '"{1500})', "more than 500000 elements"),
    ],
)
def test_an_invalid_grammar_is_refused_with_what_is_wrong_and_where(grammar, reason):
    with pytest.raises(GrammarError) as refusal:
        check_grammar(grammar)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= root "a" | "b"',
        'root ::= other "a" | "b"\nother ::= root "c"',
        'root ::= empty root "a" | "b"\nempty ::= ""',
        'root ::= outer root "a" | "b"\nouter ::= empty\nempty ::= "" | "c"',
        'root ::= "a"? root "a" | "b"',
        "root ::= root",
        'root ::= ("a"*)*',
        'root ::= ("a" | "")+',
    ],
)
def test_left_recursion_is_refused_also_behind_what_may_be_empty(grammar):
    with pytest.raises(GrammarError, match=r"rule 'root' .* can begin with itself"):
        check_grammar(grammar)


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        (chain(30, "r{0} | r{0}", '"a"'), "in too many ways"),
        (chain(30, "r{0} r{0}", '"" | "a"'), "in too many ways"),
        (chain(1001, "r{0}", '"a"'), "more than 1000 rules"),
        (chain(101, "r{0}", '""'), "more than 100 rules"),
    ],
)
def test_rules_that_llama_cpp_would_never_have_done_with_are_refused(grammar, reason):
    with pytest.raises(GrammarError, match=reason):
        check_grammar(grammar)


@given(st.text(alphabet='abroot "[]()|*+?{},0123\n:=^-\\.#<>!\0\ud800', max_size=40))
def test_any_text_passes_or_is_refused(text):
    try:
        check_grammar(f"root ::= {text}")
    except GrammarError as refusal:
        assert str(refusal)
