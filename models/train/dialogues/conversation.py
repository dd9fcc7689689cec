"""Whole conversations: a robot, a body, and a mixture of turns."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from pathlib import Path

from dialogues import catchall, facts, feelings, memory, requests, treats, words
from dialogues.body import random_body
from dialogues.moment import Sensors, failure, moment
from dialogues.scene import Exchange, Scene
from dialogues.talk import Step, read_talk

Topic = Callable[[Scene], Exchange]
LONGEST, LONGER = 1100, 2600  # characters: about 400 and 900 tokens


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
    (58, requests.ask), (4, requests.impossible), (5, requests.forbid), (10, requests.narrate), (2, requests.able), (5, requests.question_about),
    (1.2, requests.abilities), (0.5, requests.body_question),
    (7, facts.battery), (5, facts.clock), (3, facts.day), (0.4, facts.date), (3.5, facts.temperature), (2.5, facts.humidity), (3, facts.distance),
    (1.5, facts.touch), (7.5, facts.sight), (2, facts.feeling), (0.6, facts.report), (3, facts.several), (0.8, facts.trouble),
    (6, memory.tell_name), (2, memory.recall_name), (0.5, memory.ask_name), (10, memory.tell_fact), (9, memory.recall), (2.4, memory.recall_fact),
    (1.2, memory.said_before), (1.2, memory.repeat), (0.8, memory.say_after), (1, memory.use_name),
    (2.2, feelings.greet), (2.4, feelings.confide), (1.2, treats.joke), (1.2, treats.fact), (1.3, treats.sum_up),
    (4, catchall.unknown), (1.6, catchall.story), (0.7, catchall.nonsense),
)  # fmt: skip
_TALK_WEIGHT = 22.0
# How much of a conversation is about what. In some the robot is driven, in some there is much to be remembered.
_GROUPS = ("requests", "facts", "memory", "talk")
_SHARES = {
    "talking": (0.46, 0.12, 0.05, 0.37),
    "driving": (0.90, 0.03, 0.02, 0.05),
    "mindful": (0.38, 0.12, 0.30, 0.20),
}
_MANNERS = (*["driving"] * 7, *["talking"] * 9, *["mindful"] * 4)


@cache
def _talk() -> tuple[list[Step], list[float]]:
    """All blocks and their weights, added up: the ones that say more come more often."""
    folder = Path(__file__).parent / "talk"
    steps = [step for path in sorted(folder.glob("*.txt")) for step in read_talk(path)]
    return steps, list(accumulate(min(sum(map(len, step.asks)), 2_500) ** 0.5 for step in steps))


@cache
def _topics() -> tuple[list[Topic], list[str], dict[str, float]]:
    """All kinds of turns, which group each belongs to, and the weight of each group."""
    topics: list[Topic] = [*(topic for _, topic in _TOPICS), _some_talk]
    groups = [topic.__module__.rsplit(".", 1)[1] for topic in topics]
    groups = [group if group in _GROUPS else "talk" for group in groups]
    whole: dict[str, float] = dict.fromkeys(_GROUPS, 0.0)
    for group, weight in zip(groups, _weights(), strict=True):
        whole[group] += weight
    return topics, groups, whole


def _weights() -> list[float]:
    return [*(weight for weight, _ in _TOPICS), _TALK_WEIGHT]


@cache
def _mixture(manner: str, *, named: bool, told: bool) -> tuple[list[Topic], list[float]]:
    """The kinds of turns, and their weights added up, for a manner of conversation and what is known so far."""
    topics, groups, whole = _topics()
    shares = dict(zip(_GROUPS, _SHARES[manner], strict=True))
    weights = [weight * shares[group] / whole[group] for weight, group in zip(_weights(), groups, strict=True)]
    factors: dict[Topic, float] = {
        memory.tell_name: 0.5 if named else 1.6,
        memory.recall_name: 1.5 if named else 0.5,
        memory.recall: 2.8 if named or told else 0.0,
        memory.tell_fact: 0.8 if told else 1.3,
        memory.use_name: 1.0 if named else 0.0,
    }
    return topics, list(
        accumulate(weight * factors.get(topic, 1.0) for topic, weight in zip(topics, weights, strict=True))
    )


def _some_talk(scene: Scene) -> Exchange:
    steps, weights = _talk()
    return scene.rng.choices(steps, cum_weights=weights)[0].exchange(scene)


def converse(rng: random.Random) -> Dialogue:
    """One conversation of one to sixteen turns."""
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
    bare, long = rng.random() < 0.06, rng.random() < 0.2
    manner = rng.choice(_MANNERS if scene.body.actions else _MANNERS[7:])
    limit = LONGER if long else LONGEST
    count = rng.randint(8, 16) if long else rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 8])
    for turn in range(count):
        _now(scene, sensors, bare=bare, first=not turns)
        exchange = typed(_next(scene, manner, last=turn == count - 1 or size > limit - 220), scene)
        scene.past.append(exchange)
        user = scene.moment.line() + exchange.user
        reply = "\n".join(
            [f"[{exchange.emotion}] {exchange.reply}", *(json.dumps(action) for action in exchange.actions)]
        )
        size += len(user) + len(reply) + 40
        if turns and size > limit:
            break
        turns.append((user, reply))
    return Dialogue(system, tuple(turns))


def _now(scene: Scene, sensors: Sensors, *, bare: bool, first: bool) -> None:
    """Let a little time pass; now and then the last action has failed since, or the line is missing."""
    rng = scene.rng
    before = scene.moment
    if not first:
        scene.moment = moment(rng, sensors, replace(before, shown=True))
    if bare or rng.random() < 0.04:
        scene.moment = scene.moment.blank()
        return
    done = [str(action["action"]) for action in scene.past[-1].actions] if scene.past else []
    if done and rng.random() < 0.15:
        scene.moment = replace(scene.moment, failed=failure(done, rng))
    elif before.failed and rng.random() < 0.4:
        scene.moment = replace(scene.moment, failed=before.failed)
    elif scene.body.actions and rng.random() < 0.02:
        scene.moment = replace(scene.moment, failed=failure([action.name for action in scene.body.actions], rng))


def _next(scene: Scene, manner: str, *, last: bool) -> Exchange:
    rng = scene.rng
    follow = scene.past[-1].follow if scene.past else None
    if follow is not None and rng.random() < 0.6:
        return follow(scene)
    named, told = scene.person is not None, any("|" in key for key in scene.known)
    if last and (named or told) and rng.random() < 0.5:
        return memory.recall(scene)
    if scene.moment.failed and rng.random() < 0.4:
        return facts.apologise(scene) if rng.random() < 0.2 else facts.trouble(scene)
    topics, weights = _mixture(manner, named=named, told=told)
    return rng.choices(topics, cum_weights=weights)[0](scene)


_NAME_FIRST = (
    "{name}, ",
    "{name} ",
    "hey {name}, ",
    "ok {name}, ",
    "hi {name}, ",
    "dear {name}, ",
    "hello {name}, ",
    "{name}! ",
    "yo {name}, ",
    "listen {name}, ",
)
_FIRST = (
    "um, ", "well, ", "so, ", "oh, ", "ok, ", "okay, ", "hmm, ", "and ", "but ", "hey, ", "uh ", "listen, ", "ah, ", "hi, ", "hello, ", "thanks, ",
    "cool, ", "haha, ", "great, ", "nice, ", "ok thanks, ", "good, ", "actually, ", "by the way, ", "btw ", "alright, ", "right, ", "now, ", "yeah, ",
    "ok so ", "so um ", "like, ", "erm, ", "er, ", "anyway, ", "i see, ", "ok cool, ", "wow, ", "sorry, ", "excuse me, ", "one more thing, ", "just wondering, ",
    "look, ", "wait, ", "hm, ", "ooh, ", "and now, ", "good morning, ", "good evening, ", "hey there, ", "lol, ", "you know, ", "well well, ", "ha, ",
    "ok next, ", "another thing, ", "oh and ", "also, ", "huh, ", "hey you, ", "my friend, ", "buddy, ", "robot, ", "little robot, ", "got it, ", "fine, ",
)  # fmt: skip
_SENTENCE_FIRST = (
    "i'm back. ", "just got home. ", "ok. ", "sorry to bother you. ", "quick question. ", "hello there. ", "me again. ", "long day today. ", "thank you. ",
    "let me think. ", "never mind. ", "i was just thinking. ", "thanks for that. ", "ok, good to know. ", "hello. ", "alright. ", "that's nice. ", "there you are. ",
    "good morning. ", "i have one more. ", "oh well. ", "that was fun. ", "ok thank you. ", "next one. ", "hi again. ", "nice. ",
)  # fmt: skip
_LAST = (
    " {name}", " {name}", ", {name}", " haha", " lol", ", ok", ", buddy", ", mate", ", my friend", " hehe", ", little one", " :D", ", dear", ", robot",
    ", you know", ", man", " hm", ", little robot", " <3",
)  # fmt: skip
_SHORT = {
    "you": "u", "are": "r", "your": "ur", "please": "plz", "because": "cuz", "what": "wat", "thanks": "thx", "tomorrow": "tmrw", "really": "rly", "okay": "k",
    "about": "abt", "with": "w", "and": "n", "know": "kno", "why": "y", "something": "smth", "people": "ppl", "before": "b4",
    "going": "goin", "doing": "doin", "right": "rite", "great": "gr8", "think": "thnk", "want": "wnt", "have": "hav", "this": "dis", "that": "dat",
}  # fmt: skip
_NUMBERS = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    "hundred", "thousand", "half", "quarter", "left", "right", "forward", "backward", "on", "off",
}  # fmt: skip
_MERGED = {
    "want to": "wanna",
    "going to": "gonna",
    "don't know": "dunno",
    "kind of": "kinda",
    "give me": "gimme",
    "let me": "lemme",
    "what are you": "whatcha",
    "got to": "gotta",
}
_CONTRACTED = re.compile(
    r"\b(i'm|don't|can't|won't|isn't|aren't|doesn't|didn't|wasn't|haven't|couldn't|wouldn't|shouldn't|hasn't|what's|who's|where's|how's|that's|there's|it's|let's|you're|they're|i've|you've|when's)\b",
    re.IGNORECASE,
)
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioposdfghjklkxcvbnmn", strict=True))


def typed(exchange: Exchange, scene: Scene) -> Exchange:
    """The exchange as people type it: with a word before or after, in haste, with mistakes; what is to be copied stays."""
    rng = scene.rng
    user = exchange.user
    if len(user) >= 4 and rng.random() < 0.16:
        user = _opened(user, exchange.reply, scene)
    if len(user) >= 4 and rng.random() < 0.03:
        ending = rng.choice(_LAST).replace("{name}", scene.name if user[0].isupper() else scene.name.lower())
        user = re.sub(r"([.!?]*)$", lambda match: ending + match[1], user, count=1)
    draw = rng.random()
    if draw > 0.17:
        return replace(exchange, user=user)
    kept = _kept(exchange, scene)
    if draw < 0.012 and not any(word in kept for word in _plain_words(user)):
        user = user.upper()
    elif draw < 0.06:
        user = _CONTRACTED.sub(lambda match: match[0].replace("'", ""), user)
    elif draw < 0.1:
        user = _shortened(user, kept, rng)
    elif draw < 0.13:
        user = _dropped(user, kept, rng)
    else:
        user = _mistyped(user, kept, rng)
    return replace(exchange, user=user)


def _plain_words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9']+", text.lower()) if len(word) > 3 or word.isdigit()]


def _kept(exchange: Exchange, scene: Scene) -> set[str]:
    """Words that the robot says, does or has to remember: nobody mistypes these."""
    text = " ".join(
        [
            exchange.reply,
            json.dumps(exchange.actions),
            scene.person or "",
            *scene.known.values(),
            scene.moment.sees or "",
        ]
    )
    return _NUMBERS | set(re.findall(r"[a-z0-9']+", text.lower()))


def _opened(user: str, reply: str, scene: Scene) -> str:
    """Words with an opening: the robot's name, a filler, a short sentence."""
    rng = scene.rng
    draw = rng.random()
    opening = rng.choice(_NAME_FIRST if draw < 0.35 else _FIRST if draw < 0.85 else _SENTENCE_FIRST)
    if not user[0].isupper():
        opening = re.sub(r"[,!]", "", opening.replace("{name}", scene.name.lower()))
        return (opening.replace(".", "") if rng.random() < 0.5 else opening) + user
    first = user.split(" ", maxsplit=1)[0].rstrip(",.!?")
    named = first in {"I", "I'm", "I'll", "I've", scene.name} or first in words.words("name")
    keep = draw >= 0.85 or named or any(first in text for text in (reply, *scene.known.values(), scene.person or ""))
    opening = opening.replace("{name}", scene.name)
    return opening[0].upper() + opening[1:] + (user if keep or user.isupper() else user[0].lower() + user[1:])


def _shortened(user: str, kept: set[str], rng: random.Random) -> str:
    """Words as they stand in text messages."""
    for long, short in _MERGED.items():
        if long in user and rng.random() < 0.7:
            user = user.replace(long, short)
    return re.sub(
        r"(?<![\w'])[a-z]+(?![\w'])",
        lambda match: (
            _SHORT[match[0]] if match[0] in _SHORT and match[0] not in kept and rng.random() < 0.6 else match[0]
        ),
        user,
    )


def _dropped(user: str, kept: set[str], rng: random.Random) -> str:
    """A small word is missing."""
    small = [match for match in re.finditer(r" (the|a|an|is|are|do|to|of|you|it|me|my) ", user) if match[1] not in kept]
    if not small:
        return user
    match = rng.choice(small)
    return user[: match.start()] + " " + user[match.end() :]


def _mistyped(user: str, kept: set[str], rng: random.Random) -> str:
    """A letter is doubled, missing, swapped with the next or a neighbour on the keyboard."""
    plain = [match for match in re.finditer(r"(?<![\w'])[a-zA-Z]{4,}(?![\w'])", user) if match[0].lower() not in kept]
    if not plain:
        return user
    match = rng.choice(plain)
    at = rng.randrange(match.start() + 1, match.end() - 1)
    draw = rng.random()
    if draw < 0.3:
        return user[:at] + user[at + 1] + user[at] + user[at + 2 :]
    if draw < 0.6:
        return user[:at] + user[at + 1 :]
    if draw < 0.8:
        return user[:at] + user[at] + user[at:]
    return user[:at] + _NEIGHBOURS.get(user[at], "e") + user[at + 1 :]
