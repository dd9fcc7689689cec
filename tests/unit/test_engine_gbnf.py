from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.gbnf import Characters, Choice, GrammarError, Reference, Repetition, Sequence, parse_gbnf


def characters(*ranges: str) -> Characters:
    """Of ranges like `az`, or single characters."""
    return Characters(tuple((ord(each[0]), ord(each[-1])) for each in ranges))


def word(text: str) -> Sequence:
    return Sequence(tuple(map(characters, text)))


@pytest.mark.parametrize(
    ("right", "expression"),
    [
        ("", Sequence(())),
        ('""', Sequence(())),
        ('"ab"', word("ab")),
        ('"ž" "🐎"', Sequence((word("ž"), word("🐎")))),
        (r'"\x41\u017E\U0001F40E"', word("Až🐎")),
        (r'"\t\r\n\\\"\[\]\-"', word('\t\r\n\\"[]-')),
        ("[a-z0]", characters("0", "az")),
        ("[a-]", characters("-", "a")),
        ("[-a]", characters("-", "a")),
        (r"[\]\-^]", characters("-", "]^")),
        ("[a-cb-d]", characters("ad")),
        (r"[^\x00-\x1F]", characters("\x20\ud7ff", "\ue000\U0010ffff")),
        (r"[^^\x20-\uFFFF]", characters("\x01\x1f", "\U00010000\U0010ffff")),
        (".", characters("\x01\ud7ff", "\ue000\U0010ffff")),
        ("root", Reference("root")),
        ('"a" | ("b") |', Choice((word("a"), word("b"), Sequence(())))),
        ('"a"*', Repetition(word("a"), 0, None)),
        ('"a" +', Repetition(word("a"), 1, None)),
        ('"a"?', Repetition(word("a"), 0, 1)),
        ('"a"{3}', Repetition(word("a"), 3, 3)),
        ('"a"{ 3 , }', Repetition(word("a"), 3, None)),
        ('"a"{3,5}', Repetition(word("a"), 3, 5)),
        ('("a"+)?', Repetition(Repetition(word("a"), 1, None), 0, 1)),
        ('("a"\n  "b" # both\n)*', Repetition(Sequence((word("a"), word("b"))), 0, None)),
        ('"a" |\n  "b"', Choice((word("a"), word("b")))),
    ],
)
def test_each_form_of_the_notation_is_read(right, expression):
    assert parse_gbnf(f"root ::= {right}") == {"root": expression}


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r", "  # end\n\n# more\n"])
def test_rules_stand_on_lines_of_their_own(line):
    grammar = f'# first\n root::=  other-2{line}other-2 ::=\n"a"{line}'
    assert parse_gbnf(grammar) == {"root": Reference("other-2"), "other-2": word("a")}


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("root", "line 1, column 5: expected '::=' after 'root'"),
        ('root = "a"', "line 1, column 6: expected '::=' after 'root'"),
        ('root ::= "a"\n  | "b"', "line 2, column 3: did not expect '|'"),
        ('root ::= "a" )', "line 1, column 14: did not expect ')'"),
        ("root ::= 'a'", 'line 1, column 10: did not expect "\'"'),
        ("root ::= \0", "line 1, column 10: did not expect '\\x00'"),
        ('root ::= "a" word\n', "line 1, column 14: rule 'word' is not defined"),
        ('root ::= "a"\nroot ::= "b"', "line 2, column 1: rule 'root' is defined twice"),
        ('root ::= "a', "line 1, column 10: the quote is not closed"),
        ('root ::= "a\\', "line 1, column 12: unknown escape"),
        ("root ::= [a", "line 1, column 10: the bracket is not closed"),
        ("root ::= [a-", "line 1, column 10: the bracket is not closed"),
        ('root ::= ("a" "b"', "line 1, column 10: the parenthesis is not closed"),
        ('root ::= ("a"\nnext ::= "b")', "line 2, column 6: did not expect ':'"),
        ('root ::= "\\d"', "line 1, column 11: unknown escape"),
        ('root ::= "\\x4"', "line 1, column 11: unknown escape"),
        ("root ::= []", "line 1, column 10: no character is in these brackets"),
        ("root ::= [^]", "line 1, column 10: no character is in these brackets"),
        (r"root ::= [^\x00-\U0010FFFF]", "line 1, column 10: no character is in these brackets"),
        ("root ::= [z-a]", "line 1, column 11: a range of characters runs backwards"),
        ('root ::= "a\0b"', "line 1, column 12: no text contains U+0000"),
        ('root ::= "\\uD83D"', "line 1, column 11: no text contains U+D83D"),
        ('root ::= "\ud83d"', "line 1, column 11: no text contains U+D83D"),
        ('root ::= "\\U00110000"', "line 1, column 11: no text contains U+110000"),
        ("root ::= *", "line 1, column 10: did not expect '*'"),
        ('root ::= "a" | ?', "line 1, column 16: did not expect '?'"),
        ('root ::= "a"{2}{3}', "line 1, column 16: did not expect '{'"),
        ('root ::= "a"' + "?" * 60_000, "line 1, column 14: did not expect '?'"),
        ('root ::= "a"{', "line 1, column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{,3}', "line 1, column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{99999999999999999999}', "line 1, column 13: expected {m}, {m,} or {m,n}"),
        ('root ::= "a"{5,3}', "line 1, column 13: a repetition runs from 5 down to 3"),
        ('root ::= "a"{2001}', "line 1, column 13: repeats more than 2000 times"),
        ('root ::= "a"{0,2001}', "line 1, column 13: repeats more than 2000 times"),
        ("root ::= <|eot_id|>", "line 1, column 10: tokens by name or number are not supported"),
        ("root ::= !<[7]>", "line 1, column 10: tokens by name or number are not supported"),
        ("root ::= " + "(" * 60_000, "line 1, column 60: more than 50 parentheses are within one another"),
        ('root ::= "a" # long\n' * 4000, "the grammar has 80000 characters, and at most 65536 are allowed"),
    ],
)
def test_what_is_no_grammar_is_refused_with_what_is_wrong_and_where(grammar, reason):
    with pytest.raises(GrammarError) as refusal:
        parse_gbnf(grammar)
    assert reason in str(refusal.value)
    assert str(refusal.value).isprintable()


@given(st.text(alphabet='abroot "[]()|*+?{},0123\n:=^-\\.#<>!\0\ud800', max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        assert "root" in parse_gbnf(f"root ::= {text}")
    except GrammarError as refusal:
        assert str(refusal)
