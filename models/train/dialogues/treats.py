"""Jokes, facts and little sums."""

from __future__ import annotations

import re
from pathlib import Path

from dialogues.requests import spelled
from dialogues.scene import Exchange, Scene

_TREATS: dict[str, list[str]] = {
    block.split("\n", 1)[0].strip("# "): block.split("\n")[1:]
    for block in re.split(r"\n\n", (Path(__file__).parent / "treats.txt").read_text().strip())
}
_MORE = "[(tell me|give me|do you (know|have)|how about)] (another|one more|another one|another joke|a different one|one more joke|more|again|a new one)"


def joke(scene: Scene) -> Exchange:
    """A joke that was not told in this conversation."""
    user, _ = scene.hear(
        "([please|can you|could you|will you] tell (me|us) [a|another|a funny|a good|one] joke [please]|do you know (a joke|any jokes|a good joke|something funny)|make me laugh|joke [please]|[i want|i'd like] [to hear] a joke|say something funny|be funny|let's hear a joke|got any jokes|know any jokes|tell me something funny|i need a laugh|can you make me laugh|are you funny|entertain me|crack a joke|have you got a joke|a joke please|do you know jokes|tell us a funny story)"
    )
    return _treat(scene, user, "jokes", "happy")


def fact(scene: Scene) -> Exchange:
    """A fact that was not told in this conversation."""
    user, _ = scene.hear(
        "([please|can you|could you] tell me [a|another|a fun|an interesting|some|a random|a cool] fact [please]|do you know (a fact|any facts|something interesting|something cool)|fun fact [please]|teach me something [new]|fact [please]|[give me|share|say] a fact|tell me something (interesting|new|i don't know|cool|smart)|surprise me|did you know something|what (facts do you know|can you teach me)|i want to learn something|tell me something|tell me something about the world)"
    )
    return _treat(scene, user, "facts", "neutral")


def _treat(scene: Scene, user: str, kind: str, emotion: str) -> Exchange:
    told = _unheard(scene, kind)

    def more(scene: Scene) -> Exchange:
        draw = scene.rng.random()
        if draw < 0.45:
            user, _ = scene.hear(_MORE + " [please]")
            return Exchange(user, _unheard(scene, kind), emotion, follow=more)
        if kind == "jokes":
            if draw < 0.8:
                user, _ = scene.hear(
                    "(haha|ha ha|lol|hahaha|that's (funny|good|hilarious|great)|that was (funny|good|great)|very funny|good one|nice one|funny|i like that [one|joke]|you are funny|hilarious|ha)"
                )
                return Exchange(
                    user,
                    scene.speak(
                        "(I am glad that you like it!|Hee hee! Do you want another one?|I love to make people laugh!)"
                    ),
                    "happy",
                    follow=more,
                )
            user, _ = scene.hear(
                "(that (is|was) (not funny|bad|terrible|lame|old|stupid)|not funny|i don't get it|bad joke|lame|i know that one|boring|what a bad joke|i don't understand [the joke])"
            )
            return Exchange(
                user,
                scene.speak(
                    "(Oh, then I need to practise my jokes.|Sorry! Robot humour is special.|I will try a better one next time.)"
                ),
                scene.rng.choice(["sad", "neutral"]),
            )
        user, _ = scene.hear(
            "(wow|really|is that true|interesting|i did not know that|cool|that's (cool|interesting|amazing|crazy)|amazing|i knew that|no way|are you sure|oh|good to know|fascinating)"
        )
        return Exchange(
            user,
            scene.speak(
                "(Yes, it is true! Do you want another fact?|Isn't that amazing?|Yes! The world is full of wonders.)"
            ),
            "happy",
            follow=more,
        )

    return Exchange(user, told, emotion, follow=more)


def _unheard(scene: Scene, kind: str) -> str:
    """The clock's last digit picks the group, so that the same wish gets another answer a minute later."""
    treats = [treat for treat in _TREATS[kind] if treat not in scene.told]
    group = [
        treat
        for index, treat in enumerate(_TREATS[kind])
        if index % 10 == scene.moment.minute % 10 and treat not in scene.told
    ]
    told = scene.rng.choice(group if group and scene.moment.shown else treats)
    scene.told.add(told)
    return told


def sum_up(scene: Scene) -> Exchange:
    """A sum of two numbers up to ten; larger ones are too hard."""
    rng = scene.rng
    first, second = rng.randint(0, 10), rng.randint(0, 10)
    sign = rng.choice(["plus", "plus", "minus", "times"])
    if sign == "minus" and second > first:
        first, second = second, first
    if sign == "times":
        first, second = rng.randint(1, 5), rng.randint(1, 5)
    result = {"plus": first + second, "minus": first - second, "times": first * second}[sign]
    left, right = (str(first), str(second)) if rng.random() < 0.6 else (spelled(first), spelled(second))
    symbol = {"plus": "(plus|+|and)", "minus": "minus", "times": "times"}[sign]
    user, _ = scene.hear(
        f"(what is|what's|how much is|can you add up|calculate|do you know|) {left} {symbol} {right}"
        if sign == "plus"
        else f"(what is|what's|how much is|calculate|) {left} {symbol} {right}"
    )
    user = user.replace("add up", "calculate")
    return Exchange(user, scene.speak(f"(That is {result}.|{first} {sign} {second} is {result}.)"), "happy")
