"""Whole conversations: a robot, a body, and a mixture of turns."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from dialogues import catchall, facts, feelings, memory, requests, treats, words
from dialogues.body import random_body
from dialogues.moment import Sensors, moment
from dialogues.scene import Exchange, Scene
from dialogues.talk import Step, read_talk

Topic = Callable[[Scene], Exchange]
LONGEST, LONGER = 1100, 2400  # characters: about 400 and 850 tokens


@dataclass(frozen=True)
class Dialogue:
    """A training example: the system prompt, and the user's and the robot's texts in turn."""

    system: str
    turns: tuple[tuple[str, str], ...]

    def texts(self) -> Iterator[str]:
        """All texts, as the vocabulary is learnt from."""
        yield self.system
        for user, reply in self.turns:
            yield user
            yield reply


_TOPICS: tuple[tuple[float, Topic], ...] = (
    (30, requests.ask), (3, requests.impossible), (3, requests.forbid), (2, requests.narrate), (2, requests.able), (1.2, requests.question_about),
    (2.5, requests.abilities), (0.5, requests.body_question),
    (8, facts.battery), (5, facts.clock), (3, facts.day), (0.3, facts.date), (5, facts.temperature), (3, facts.humidity), (3, facts.distance),
    (0.8, facts.touch), (6, facts.sight), (1.5, facts.feeling), (0.5, facts.report),
    (8, memory.tell_name), (6, memory.recall_name), (0.5, memory.ask_name), (4, memory.tell_fact), (3, memory.recall_fact), (1.5, memory.said_before),
    (1.5, memory.repeat), (1, memory.say_after), (1.2, memory.use_name),
    (3, feelings.greet), (4.5, feelings.confide), (2.5, treats.joke), (2.5, treats.fact), (0.8, treats.sum_up),
    (12, catchall.unknown), (5, catchall.story), (2, catchall.nonsense),
)  # fmt: skip
_TALK_WEIGHT = 45.0


@cache
def _talk() -> tuple[list[Step], list[float]]:
    """All blocks, the ones that say more more often."""
    folder = Path(__file__).parent / "talk"
    steps = [step for path in sorted(folder.glob("*.txt")) for step in read_talk(path)]
    return steps, [sum(len(ask) for ask in step.asks) ** 0.6 for step in steps]


def _some_talk(scene: Scene) -> Exchange:
    steps, weights = _talk()
    return scene.rng.choices(steps, weights)[0].exchange(scene)


def converse(rng: random.Random) -> Dialogue:
    """One conversation of one to eight turns."""
    sensors = Sensors.random(rng)
    scene = Scene(
        rng,
        words.robot_name(rng),
        words.word("character", rng),
        random_body(rng),
        moment(rng, sensors, None),
        hasty=rng.choice([0.1, 0.5, 0.9]),
    )
    system = f"You are {scene.name}, {scene.character}.\n{scene.body.lines()}"
    turns: list[tuple[str, str]] = []
    size = len(system)
    bare = rng.random() < 0.07
    long = rng.random() < 0.1
    for _ in range(rng.randint(8, 14) if long else rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 8])):
        if turns:
            scene.moment = moment(rng, sensors, replace(scene.moment, shown=True))
        if bare or rng.random() < 0.04:
            scene.moment = replace(
                scene.moment,
                shown=False,
                battery=None,
                temperature=None,
                humidity=None,
                distance=None,
                touched=False,
                sees=None,
                feels=None,
            )
        exchange = _addressed(_next(scene), scene)
        scene.past.append(exchange)
        user = scene.moment.line() + exchange.user
        reply = "\n".join(
            [f"[{exchange.emotion}] {exchange.reply}", *(json.dumps(action) for action in exchange.actions)]
        )
        size += len(user) + len(reply) + 40
        if turns and size > (LONGER if long else LONGEST):
            break
        turns.append((user, reply))
    return Dialogue(system, tuple(turns))


def _next(scene: Scene) -> Exchange:
    follow = scene.past[-1].follow if scene.past else None
    if follow is not None and scene.rng.random() < 0.65:
        return follow(scene)
    remembers = 2.0 if scene.person else 0.7
    weights = [
        weight * (remembers if topic in (memory.recall_name, memory.use_name) else 1.0) for weight, topic in _TOPICS
    ]
    topics: list[Topic] = [topic for _, topic in _TOPICS]
    return scene.rng.choices([*topics, _some_talk], [*weights, _TALK_WEIGHT])[0](scene)


def _addressed(exchange: Exchange, scene: Scene) -> Exchange:
    """Now and then people say the robot's name or a filler word first."""
    rng = scene.rng
    if rng.random() > 0.12 or len(exchange.user) < 4:
        return exchange
    name = scene.name if exchange.user[0].isupper() else scene.name.lower()
    opening = rng.choice(
        [
            f"{name}, ",
            f"{name} ",
            f"hey {name}, ",
            f"ok {name}, ",
            f"hi {name}, ",
            "um, ",
            "well, ",
            "so, ",
            "oh, ",
            "ok, ",
            "hmm, ",
            "and ",
            "but ",
            "hey, ",
            "uh ",
            "listen, ",
            "ah, ",
            "hi, ",
            "hello, ",
            "thanks, ",
            "cool, ",
            "haha, ",
            "great, ",
            "nice, ",
            "ok thanks, ",
            "good, ",
            "{name}",
        ]
    )
    if opening == "{name}":
        return replace(exchange, user=re.sub(r"([.!?]*)$", rf" {name}\1", exchange.user, count=1))
    if not exchange.user[0].isupper():
        opening = opening.replace(",", "")
        return replace(exchange, user=opening + exchange.user)
    keep = exchange.user.split(" ")[0].rstrip(",.!?") in {
        "I",
        "I'm",
        "I'll",
        "I've",
        scene.name,
        scene.person,
    } or exchange.user.split(" ")[0] in words.words("name")
    rest = exchange.user if keep else exchange.user[0].lower() + exchange.user[1:]
    return replace(exchange, user=opening[0].upper() + opening[1:] + rest)
