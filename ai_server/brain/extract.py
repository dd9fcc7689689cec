"""A summary without a model: the sentences of a conversation that tell most, in the words of the person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_server.memory.summaries import Said, tokens_of

_LONGEST = 160
"""Characters of a sentence that are kept."""

_FEWEST_WORDS = 3
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.](?=\w)[^.!?\n]+)*[.!?]*")
_QUOTES = str.maketrans({"\u2019": "'", '"': "'", "“": "'", "”": "'", "„": "'", "\n": " ", "[": "(", "]": ")"})

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def _words(*listed: str) -> frozenset[str]:
    return frozenset(" ".join(listed).split())


_FIRST_PERSON = _words(
    "i i'm i've i'll i'd my mine me we we're our us",
    "ich mir mich mein meine meiner meinem meinen wir uns unser unsere",
    "yo mi mis me nosotros nosotras nuestro nuestra nuestros nuestras",
)
_LIKES = _words(
    "like likes love loves hate hates enjoy enjoys prefer prefers favourite favorite afraid allergic",
    "mag mögen liebe hasse lieblingsfarbe lieblingsessen lieblingsfilm allergisch",
    "gusta gustan encanta odio prefiero favorito favorita alérgico alérgica",
)
_DECIDES = _words(
    "will want wants going need needs decided let's plan planning remember moved born married died bought",
    "werde möchte brauche entschieden plane merk vergiss gestorben gekauft",
    "voy quiero necesito decidido recuerda",
)
_DAYS = _words(
    "today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday birthday",
    "heute morgen gestern montag dienstag mittwoch donnerstag freitag samstag sonntag geburtstag",
    "hoy mañana ayer lunes martes miércoles jueves viernes sábado domingo cumpleaños",
)
_CAPITALISE_NOUNS = frozenset({"de"})
_MOST_NAMES = 2


@dataclass(frozen=True, slots=True)
class _Sentence:
    turn: Said
    at: int
    text: str
    score: float


def extract(turns: Sequence[Said], tokens: int) -> str:
    """Return what the person said that tells most, in order; empty where nothing tells anything.

    What tells are first person statements, names, numbers, days, likes and decisions; questions tell less, and of two
    that tell as much the later one is taken. It takes less than a millisecond for a block of a prompt's history.

    Args:
        turns: oldest first.
        tokens: the result is estimated to take so many at most.
    """
    sentences = [sentence for turn in turns for sentence in _sentences(turn)]
    best = sorted(sentences, key=lambda each: (each.score, each.turn.id, each.at), reverse=True)
    chosen: list[_Sentence] = []
    left = tokens
    said: set[str] = set()
    for sentence in best:
        cost = tokens_of(f' "{sentence.text}" ')
        if sentence.score <= 0 or cost > left or sentence.text.casefold() in said:
            continue
        chosen.append(sentence)
        said.add(sentence.text.casefold())
        left -= cost
    in_order = sorted(chosen, key=lambda each: (each.turn.id, each.at))
    return " ".join(f'"{sentence.text}"' for sentence in in_order)


def _sentences(turn: Said) -> Iterator[_Sentence]:
    for at, sentence in enumerate(_SENTENCE.findall(turn.words)):
        text = sentence.translate(_QUOTES).strip()
        if len(text.split()) >= _FEWEST_WORDS:
            yield _Sentence(turn, at, _shortened(text), _score(text, turn.language))


def _score(text: str, language: str) -> float:
    words = _WORD.findall(text)
    small = {word.casefold() for word in words}
    weighed = ((2.0, _LIKES), (1.5, _FIRST_PERSON), (1.5, _DECIDES), (1.0, _DAYS))
    score: float = sum(weight for weight, telling in weighed if not telling.isdisjoint(small))
    score += any(word[0].isdigit() for word in words)
    names = sum(word[0].isupper() and word.casefold() not in _FIRST_PERSON for word in words[1:])
    score += (0.3 if language in _CAPITALISE_NOUNS else 1.0) * min(_MOST_NAMES, names)
    return score * 0.3 if text.endswith("?") else score


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} …"
