"""Words that fill the slots of templates: names, things, and made-up words nobody has seen before."""

from __future__ import annotations

import random
from pathlib import Path

_LISTS = {
    block.split("\n", 1)[0].strip("# "): [
        word.strip() for word in block.split("\n", 1)[1].replace("\n", ",").split(",") if word.strip()
    ]
    for block in (Path(__file__).parent / "words.txt").read_text().split("\n\n")
}
_KNOWN = {
    "the",
    "and",
    "you",
    "are",
    "what",
    "that",
    "this",
    "here",
    "there",
    "now",
    "not",
    "back",
    "see",
    "say",
    "have",
    "with",
}
_ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "ch",
    "cl",
    "cr",
    "dr",
    "fl",
    "gr",
    "kr",
    "pl",
    "pr",
    "qu",
    "sh",
    "sk",
    "sl",
    "st",
    "th",
    "tr",
    "tw",
    "",
]
_VOWELS = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ee", "ie", "oo", "ou", "y"]
_CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "ck", "nd", "rt", "x", "th", "ng", "z", "p", "b", "d", "g"]


def word(kind: str, rng: random.Random) -> str:
    """A word of `kind`: the name of a list in words.txt."""
    return rng.choice(_LISTS[kind])


def words(kind: str) -> list[str]:
    """All words of `kind`."""
    return _LISTS[kind]


def is_kind(kind: str) -> bool:
    """Whether there is a list called `kind`."""
    return kind in _LISTS


def made_up(rng: random.Random, syllables: int | None = None) -> str:
    """A pronounceable word that means nothing, in lower case, so that copying is learnt as copying."""
    count = syllables or rng.choice([1, 2, 2, 2, 3, 3, 4])
    while True:
        made = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        if len(made) > 2 and made not in _KNOWN:
            return made


def person_name(rng: random.Random) -> str:
    """A first name, as often made up as real, with a capital."""
    return word("name", rng) if rng.random() < 0.45 else made_up(rng).capitalize()


def robot_name(rng: random.Random) -> str:
    """A robot's name: Naila half of the time."""
    draw = rng.random()
    if draw < 0.5:
        return "Naila"
    return word("robot_name", rng) if draw < 0.75 else made_up(rng).capitalize()


def seen_thing(rng: random.Random) -> str:
    """What a camera reports, with its article."""
    thing = word("object", rng) if rng.random() < 0.75 else made_up(rng)
    if rng.random() < 0.25:
        thing = f"{word('adjective', rng)} {thing}"
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"


def topic(rng: random.Random) -> str:
    """Something to ask about that the robot knows nothing of."""
    draw = rng.random()
    if draw < 0.55:
        return word("topic", rng)
    if draw < 0.7:
        return f"{word('adjective', rng)} {word('plural', rng)}"
    if draw < 0.85:
        return made_up(rng)
    return made_up(rng).capitalize() + (f" {made_up(rng).capitalize()}" if rng.random() < 0.4 else "")
