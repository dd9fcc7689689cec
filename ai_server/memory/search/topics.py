"""Topics of everyday talk: what a text tells of, and what a question asks for, where they share no word."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from ai_server.memory.search.terms import all_words, forms
from ai_server.memory.search.topic_words import TOPICS

_LONGEST = 4
"""Words of an expression."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The topics of each expression, a tuple of stems."""

    asked: Mapping[tuple[str, ...], tuple[str, ...]]
    told: Mapping[tuple[str, ...], tuple[str, ...]]


def strongly(topic: str) -> str:
    """Return what stands for a topic that is told of by more than one word."""
    return f"{topic}+"


def topics_told(text: str, language: str) -> tuple[str, ...]:
    """Return the topics that a text tells of, each once; those of all languages that have some if it is empty."""
    found: Counter[str] = Counter()
    words = all_words(text)
    for each in (language,) if language else TOPICS:
        if each in TOPICS:
            found.update(chain.from_iterable(dict(_found_in(words, _lexicon(each).told, each)).values()))
    return (*found, *(strongly(topic) for topic, count in found.items() if count > 1))


def topics_asked(text: str, language: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the expressions of a question that ask for topics, as their words, with these topics."""
    words = all_words(text)
    languages = (language,) if language else tuple(TOPICS)
    return [pair for each in languages if each in TOPICS for pair in _found_in(words, _lexicon(each).asked, each)]


def _found_in(
    words: Sequence[str], lexicon: Mapping[tuple[str, ...], tuple[str, ...]], language: str
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    stems = [forms(word, language)[0] for word in words]
    for first in range(len(stems)):
        for last in range(first + 1, min(first + _LONGEST, len(stems)) + 1):
            if topics := lexicon.get(tuple(stems[first:last])):
                yield tuple(words[first:last]), topics


@cache
def _lexicon(language: str) -> _Lexicon:
    asked: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    told: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for line in TOPICS[language].strip().splitlines():
        if line.strip().startswith("#") or not line.strip():
            continue
        asking, _, telling = line.partition("/")
        topic = f"{language}#{asking.split()[0]}"
        for each in asking.split():
            asked[_stems(each, language)].append(topic)
        for each in dict.fromkeys((*asking.split(), *telling.split())):
            told[_stems(each, language)].append(topic)
    return _Lexicon(*({key: tuple(dict.fromkeys(value)) for key, value in each.items()} for each in (asked, told)))


def _stems(expression: str, language: str) -> tuple[str, ...]:
    return tuple(forms(word, language)[0] for word in all_words(expression.replace("_", " ")))
