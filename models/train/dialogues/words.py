"""Words that fill the slots of templates: names, things, and made-up words nobody has seen before."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
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
_CODAS = [
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "n",
    "r",
    "l",
    "s",
    "t",
    "m",
    "k",
    "ck",
    "nd",
    "rt",
    "x",
    "th",
    "ng",
    "z",
    "p",
    "b",
    "d",
    "g",
]
_RUDE = re.compile(
    r"shit|cock|dick|fag|nazi|tits|crap|sex|penis|nig|anal|^rape?|piss|^ass$|arse|coon|kike|homo|hoe$|slut|pussy"
)
_COUNTS = ["two", "three", "four", "five", "many", "some", "a few", "ten", "3"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TITLES = [
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "Miss",
    "Captain",
    "Aunt",
    "Uncle",
    "Sir",
    "Professor",
    "Coach",
    "Lady",
    "Big",
    "Little",
]


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
    """A word that means nothing, in lower case: mostly one to be spoken, now and then any letters."""
    count = syllables or rng.choice([1, 2, 2, 2, 2, 3, 3])
    while True:
        if syllables is None and rng.random() < 0.06:
            made = "".join(rng.choice(_LETTERS) for _ in range(rng.randint(3, 9)))
        else:
            made = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        if len(made) > 2 and made not in _KNOWN and not _RUDE.search(made):
            return made


def fresh(rng: random.Random) -> str:
    """A value nobody has seen: one made-up word or two, capitals, a hyphen, an apostrophe, or one beside a known word."""
    draw = rng.random()
    first = made_up(rng)
    if draw < 0.42:
        return first
    if draw < 0.56:
        return first.capitalize()
    second = made_up(rng)
    if draw < 0.68:
        return f"{first} {second}"
    if draw < 0.76:
        return f"{first.capitalize()} {second.capitalize()}"
    if draw < 0.82:
        return f"{first}-{second}"
    if draw < 0.86:
        return f"{first.capitalize()}'s {second}"
    return f"{word('adjective', rng)} {first}" if draw < 0.93 else f"{first} {word('object', rng)}"


def person_name(rng: random.Random) -> str:
    """A first name with a capital: a real one, or more often one that nobody bears."""
    draw = rng.random()
    if draw < 0.42:
        return word("name", rng)
    name = _blend(rng) if rng.random() < 0.4 else made_up(rng, rng.choice([None, 1, 2, 2, 2, 3])).capitalize()
    if draw < 0.85:
        return name
    other = made_up(rng, rng.choice([1, 2])).capitalize() if rng.random() < 0.5 else word("name", rng)
    if draw < 0.9:
        return f"{name} {other}"
    if draw < 0.93:
        return f"{name}-{other}"
    if draw < 0.955:
        return rng.choice(_TITLES) + " " + name
    if draw < 0.975:
        return rng.choice(["O'", "D'", "Mc", "Mac", "De", "Al-", "Van "]) + name
    return "".join(rng.choice(_LETTERS) for _ in range(2)).upper() if draw < 0.985 else f"{name} {name}"


def _blend(rng: random.Random) -> str:
    """A name that nobody bears, of the beginning of one and the end of another."""
    first, second = (re.sub(r"\W.*", "", word("name", rng)) for _ in range(2))
    made = (first[: rng.randint(2, 4)] + second[-rng.randint(2, 4) :].lower()).capitalize()
    return second if _RUDE.search(made.lower()) else made


def robot_name(rng: random.Random) -> str:
    """A robot's name: Naila half of the time."""
    draw = rng.random()
    if draw < 0.5:
        return "Naila"
    return word("robot_name", rng) if draw < 0.75 else made_up(rng).capitalize()


def seen_thing(rng: random.Random) -> str:
    """What a camera reports: mostly a thing with its article, also a name, several things or a bare word."""
    draw = rng.random()
    if draw < 0.1:
        return person_name(rng)
    if draw < 0.18:
        return rng.choice(
            ["a person", "a person", "a face", "a man", "a woman", "a child", "a cat", "a dog", "two people"]
        )
    thing = word("object", rng) if rng.random() < 0.6 else made_up(rng)
    if draw < 0.23:
        return thing
    if draw < 0.28:
        return f"{rng.choice(_COUNTS)} {word('plural', rng)}"
    if rng.random() < 0.3:
        thing = f"{word('adjective', rng)} {thing}"
    if draw < 0.33:
        return f"{rng.choice(['the', 'my', 'your', 'some'])} {thing}"
    seen = article(thing)
    if draw < 0.4:
        seen += rng.choice(
            [" and " + article(word("object", rng)), " of " + made_up(rng), " on " + article(word("spot", rng))]
        )
    return seen


def article(noun: str) -> str:
    """`noun` with a or an."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


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


def value(kind: str, rng: random.Random, label: str = "") -> str:
    """Something that a person tells about themselves, of `kind`; `label` says what of, where that matters."""
    if kind == "favourite":
        kind = ITEMS.get(label, "")
    maker = _VALUES.get(kind)
    if maker is not None:
        return maker(rng)
    return word(kind, rng) if kind in _LISTS and rng.random() < 0.45 else fresh(rng)


ITEMS = {
    "colour": "color", "color": "color", "food": "eaten", "animal": "animal", "hobby": "pastime", "place": "town", "city": "town", "country": "town",
    "song": "title", "book": "title", "movie": "title", "film": "title", "band": "title", "game": "title", "team": "club", "football team": "club",
    "drink": "drink", "season": "season", "flower": "flower", "subject": "school_subject", "singer": "name", "actor": "name", "sport": "sport", "dish": "eaten",
    "toy": "seen", "number": "number", "lucky number": "number", "holiday": "", "writer": "name", "author": "name", "word": "", "shop": "", "show": "title", "series": "title", "fruit": "fruit",
    "vegetable": "", "ice cream": "", "snack": "eaten", "sweet": "", "cake": "", "meal": "eaten", "breakfast": "eaten", "pizza": "", "soup": "", "cheese": "", "restaurant": "", "cafe": "", "park": "",
    "beach": "", "street": "", "day": "weekday", "day of the week": "weekday", "month": "month", "instrument": "instrument", "car": "car_make", "bird": "", "fish": "", "tree": "",
    "teacher": "name", "uncle": "name", "friend": "name", "planet": "", "dinosaur": "", "superhero": "", "character": "", "player": "name", "artist": "name", "painter": "name", "poem": "title",
    "letter": "", "language": "tongue", "smell": "", "time of day": "", "room": "spot", "chair": "", "shirt": "", "robot": "", "joke": "", "app": "", "website": "", "board game": "title", "video game": "title",
    "card game": "", "dance": "", "music": "", "kind of music": "", "tea": "", "coffee": "drink", "sandwich": "eaten", "dessert": "eaten", "spice": "", "pet": "name", "dog breed": "", "cousin": "name",
    "cartoon": "title", "story": "title", "fairy tale": "title", "museum": "", "mountain": "", "lake": "", "island": "", "stone": "", "pen": "", "bag": "", "hat": "",
}  # fmt: skip
_ADJECTIVES = [
    "spicy",
    "fresh",
    "sweet",
    "hot",
    "cold",
    "fried",
    "home-made",
    "salted",
    "green",
    "big",
    "crunchy",
    "sour",
]


def _eaten(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.35:
        return word("food", rng)
    if draw < 0.5:
        return f"{rng.choice(_ADJECTIVES)} {word('food', rng)}"
    if draw < 0.6:
        return (
            f"{word('food', rng)} and {word('food', rng)}"
            if rng.random() < 0.5
            else f"{made_up(rng)} with {word('food', rng)}"
        )
    return fresh(rng)


def _title(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.2:
        return word("work", rng) if is_kind("work") else word("topic", rng)
    if draw < 0.45:
        noun = word("object", rng) if rng.random() < 0.5 else made_up(rng)
        title = rng.choice([f"the {word('adjective', rng)} {noun}", f"{noun} of {made_up(rng)}", f"the {noun}"])
        return title.title() if rng.random() < 0.5 else title
    return fresh(rng)


def _where(rng: random.Random) -> str:
    spot = word("spot", rng) if rng.random() < 0.6 else made_up(rng)
    if rng.random() < 0.45:
        spot = f"{word('adjective', rng) if rng.random() < 0.7 else made_up(rng)} {spot}"
    return f"{rng.choice(_PLACES)} the {spot}"


def _when(rng: random.Random) -> str:
    day = rng.choice(
        [
            f"on {word('weekday', rng)}",
            "tomorrow",
            "today",
            f"next {word('weekday', rng)}",
            _date(rng),
            "tonight",
            "next week",
        ]
    )
    hour = rng.randint(1, 12)
    clock = rng.choice(
        [
            f"at {hour}",
            f"at {hour} {rng.choice(['am', 'pm'])}",
            f"at {rng.randint(7, 22)}:{rng.choice([0, 15, 30, 45]):02d}",
            f"at half past {hour}",
            "at noon",
            f"at {hour} o'clock",
        ]
    )
    return rng.choice([day, clock, f"{day} {clock}", f"{day} {clock}"])


def _date(rng: random.Random) -> str:
    number, month = rng.randint(1, 28), word("month", rng)
    tail = "th" if 10 < number < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "on " + rng.choice(
        [f"{month} {number}", f"the {number}{tail} of {month}", f"{number} {month}", f"{month} {number}{tail}"]
    )


def _siblings(rng: random.Random) -> str:
    some = [
        ("a brother", "brother"),
        ("one sister", "sister"),
        ("a twin sister", ""),
        ("no siblings", ""),
        ("a little brother", ""),
    ]
    count = rng.choice(["two", "three", "four", "five", "2", "3", "six"])
    many = [
        f"{count} brothers",
        f"{count} sisters",
        f"{count} sisters and a brother",
        f"{count} siblings",
        f"a brother and {count} sisters",
    ]
    return rng.choice([rng.choice(some)[0], rng.choice(many), rng.choice(many)])


def _code(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.3:
        return str(rng.randint(10, 99999))
    if draw < 0.45:
        return f"{made_up(rng)} {rng.randint(1, 99)}"
    if draw < 0.55:
        return f"{rng.choice(_LETTERS).upper()}{rng.randint(1, 99)}"
    return f"{word('adjective', rng)} {word('animal', rng)}" if draw < 0.65 else fresh(rng)


def _job(rng: random.Random) -> str:
    job = word("calling", rng) if rng.random() < 0.55 else made_up(rng)
    return article(f"{made_up(rng)} {job}" if rng.random() < 0.12 else job)


_PLACES = ["in", "in", "on", "on", "under", "behind", "next to", "inside", "on top of", "beside", "near", "below"]
_VALUES: dict[str, Callable[[random.Random], str]] = {
    "name": person_name,
    "eaten": _eaten,
    "title": _title,
    "seen": lambda rng: article(
        f"{word('adjective', rng)} {word('object', rng) if rng.random() < 0.5 else made_up(rng)}"
    ),
    "where": _where,
    "when": _when,
    "date": _date,
    "siblings": _siblings,
    "code": _code,
    "job": _job,
    "few": lambda rng: rng.choice(
        [
            str(rng.randint(2, 40)),
            rng.choice(["two", "three", "four", "five", "six", "seven", "eight", "ten", "twelve"]),
        ]
    ),
    "kilos": lambda rng: str(rng.randint(15, 140)),
    "nation": lambda rng: word("nation", rng),
    "trait": lambda rng: word("trait", rng),
    "number": lambda rng: str(rng.choice([rng.randint(0, 30), rng.randint(0, 999)])),
    "age": lambda rng: str(rng.randint(3, 99)),
    "year": lambda rng: str(rng.randint(1930, 2022)),
    "shoe": lambda rng: rng.choice(
        [
            str(rng.randint(20, 49)),
            str(rng.randint(3, 13)),
            f"{rng.randint(3, 13)} and a half",
            f"{rng.randint(35, 46)}.5",
        ]
    ),
    "height": lambda rng: rng.choice(
        [f"{rng.randint(90, 210)} cm", f"1.{rng.randint(10, 99)} m", f"{rng.randint(4, 6)} foot {rng.randint(1, 11)}"]
    ),
    "hour": lambda rng: rng.choice(
        [
            str(rng.randint(4, 12)),
            f"{rng.randint(4, 23)}:{rng.choice([0, 15, 20, 30, 45]):02d}",
            f"half past {rng.randint(4, 11)}",
            f"{rng.randint(4, 11)} {rng.choice(['am', 'pm'])}",
        ]
    ),
    "car": lambda rng: article(
        f"{rng.choice(['', '', 'red ', 'blue ', 'old ', 'white '])}{word('car_make', rng) if rng.random() < 0.5 else made_up(rng).capitalize()}"
    ),
    "pet_kind": lambda rng: article(word("companion", rng) if rng.random() < 0.7 else made_up(rng)),
    "weekday": lambda rng: word("weekday", rng),
    "month": lambda rng: word("month", rng),
    "season": lambda rng: word("season", rng),
    "tongue": lambda rng: word("tongue", rng) if rng.random() < 0.6 else made_up(rng).capitalize(),
}
