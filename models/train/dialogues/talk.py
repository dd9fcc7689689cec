"""Reads the talk files: what people say and what the robot may answer, written down by hand.

A block is a few lines `> what they say`, then lines `[emotion] what to answer`. A block may go on after a line `--` with
what the person may say next. All are templates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dialogues.scene import Exchange, Scene

EMOTIONS = ("neutral", "happy", "sad", "angry", "surprised")


@dataclass(frozen=True)
class Step:
    """One turn of a block and the steps that may come next."""

    asks: tuple[str, ...]
    replies: tuple[tuple[str, str], ...]
    following: tuple[Step, ...] = ()

    def exchange(self, scene: Scene, slots: dict[str, str] | None = None) -> Exchange:
        """This turn in a scene; follow-ups share its slots."""
        rng = scene.rng
        ask = rng.choice(self.asks)
        emotion, reply = scene.usual(self.replies)
        wanted = {**scene.fill(f"{ask} {reply}", slots or {}), "robot": scene.name, "character": scene.character}
        user, slots = scene.hear(ask, **wanted)
        slots = {**slots, "robot": scene.name, "character": scene.character}
        follow = partial(_next, self.following, slots) if self.following else None
        return Exchange(user, scene.speak(reply, **slots), emotion, follow=follow)


def _next(following: tuple[Step, ...], slots: dict[str, str], scene: Scene) -> Exchange:
    return scene.rng.choice(following).exchange(scene, slots)


def read_talk(path: Path) -> list[Step]:
    """The blocks of a talk file; raises ValueError naming the line that has no meaning."""
    steps = []
    for block in re.split(r"\n\s*\n", path.read_text().strip()):
        lines = [line for line in block.split("\n") if not line.startswith("#")]
        if not lines:
            continue
        parts = [_step(part, path) for part in "\n".join(lines).split("\n--\n")]
        first = parts[0]
        steps.append(Step(first.asks, first.replies, tuple(parts[1:])))
    return steps


def _step(part: str, path: Path) -> Step:
    asks, replies = [], []
    for line in part.split("\n"):
        tag = re.match(r"\[(\w+)\] (.+)$", line)
        if line.startswith("> "):
            asks.append(line[2:])
        elif tag and tag[1] in EMOTIONS:
            replies.append((tag[1], tag[2]))
        else:
            raise ValueError(f"{path.name}: expected '> words' or '[emotion] words', found {line!r}")
    if not asks or not replies:
        raise ValueError(f"{path.name}: a block needs both words and answers: {part!r}")
    return Step(tuple(asks), tuple(replies))
