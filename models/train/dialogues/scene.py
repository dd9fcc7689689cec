"""The scene of a conversation: who the robot is, what is true now, what was said, and how the person types."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dialogues import words
from dialogues.body import Body
from dialogues.moment import Moment
from dialogues.template import T, Template, tidy, usual

# How often the robot says what comes first among its answers to the same words. A network of this size spends itself on
# telling which of several answers came, where the same one would do.
HABIT = 0.8
_QUESTION = re.compile(
    r"^(?:\w+[,!] )?(?:and |so |but |well |hey |ok |um )?(what|who|where|when|why|how|which|whose|are|is|am|do|does|did|can|could|will|would|should|have|has"
    r"|may|were|was|what's|who's|how's|where's|aren't|isn't|don't|can't|any)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exchange:
    """What the person says and what the robot answers; `follow` makes a turn that may come straight after."""

    user: str
    reply: str
    emotion: str = "neutral"
    actions: tuple[dict[str, object], ...] = ()
    follow: Callable[[Scene], Exchange] | None = None


@dataclass
class Scene:
    """One conversation in the making."""

    rng: random.Random
    name: str
    character: str
    body: Body
    moment: Moment
    person: str | None = None
    known: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    past: list[Exchange] = field(default_factory=list)
    hasty: float = 0.5

    def hear(self, text: str, /, **slots: str) -> tuple[str, dict[str, str]]:
        """What the person types for a template, and the slots as they stand in it (typing may lose their capitals)."""
        said = _template(text).sample(self.rng)
        slots = self.fill(said, slots)
        manner = self._manner()
        said = manner(self._typo(said), self.rng)
        if manner is _hasty:
            slots = {key: value.lower() for key, value in slots.items()}
        return tidy(_fill(said, slots)), slots

    def speak(self, text: str, /, **slots: str) -> str:
        """What the robot says for a template."""
        said = _template(text).sample(self.rng, HABIT)
        said = tidy(_fill(said, {**self.fill(said, slots), **slots}))
        return said[:1].upper() + said[1:]

    def usual(self, answers: Sequence[T]) -> T:
        """One of several answers, mostly the first."""
        return usual(answers, self.rng, HABIT)

    def fill(self, text: str, slots: dict[str, str]) -> dict[str, str]:
        """`slots`, with a word for each further slot of `text`."""
        filled = dict(slots)
        for slot in re.findall(r"\{(\w+)\}", text):
            if slot not in filled:
                filled[slot] = self.slot(slot)
        return filled

    def slot(self, slot: str) -> str:
        """A value for a slot named after what it holds."""
        kind = slot.rstrip("0123456789")
        special: dict[str, Callable[[], str]] = {
            "robot": lambda: self.name,
            "character": lambda: self.character,
            "person": lambda: words.person_name(self.rng),
            "topic": lambda: words.topic(self.rng),
            "thing": lambda: words.word("object", self.rng),
            "word": lambda: words.made_up(self.rng),
            "n": lambda: str(self.rng.randint(2, 99)),
        }
        if kind in special:
            return special[kind]()
        return words.word(kind, self.rng)

    def _manner(self) -> Callable[[str, random.Random], str]:
        draw = self.rng.random()
        if draw < self.hasty:
            return _hasty
        return _loose if draw > 0.9 else _neat

    def _typo(self, text: str) -> str:
        if self.rng.random() > 0.06:
            return text
        plain = list(re.finditer(r"(?<![{\w'])[a-zA-Z]{4,}(?![}\w'])", text))
        if not plain:
            return text
        match = self.rng.choice(plain)
        at = self.rng.randrange(match.start() + 1, match.end() - 1)
        kind = self.rng.random()
        if kind < 0.35:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if kind < 0.75:
            return text[:at] + text[at + 1 :]
        return text[:at] + text[at] + text[at:]


@lru_cache(maxsize=20_000)
def _template(text: str) -> Template:
    return Template(text)


def _fill(text: str, slots: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: slots.get(match[1], match[0]), text)


def _neat(text: str, rng: random.Random) -> str:
    text = text[:1].upper() + text[1:]
    text = re.sub(r"\bi\b(?!\.)", "I", text)
    if text[-1:] in ".!?":
        return text
    if _QUESTION.match(text):
        return text + "?"
    return text + rng.choice([".", ".", ".", "!", ""])


def _loose(text: str, rng: random.Random) -> str:
    text = text[:1].upper() + text[1:]
    return text + rng.choice(["", "", "?" if _QUESTION.match(text) else "", "..."])


def _hasty(text: str, rng: random.Random) -> str:
    text = re.sub(r"(?<=\w)[,!;]", "", text.lower()).rstrip(".!")
    return text.replace("?", "") if rng.random() < 0.7 else text
