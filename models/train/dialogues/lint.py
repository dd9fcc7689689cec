"""Finds broken dialogues before a model learns from them."""

from __future__ import annotations

import json
import re

from dialogues.conversation import Dialogue

_WRONG = {
    "an unfilled slot": re.compile(r"\{[a-z]+\d?\}"),
    "a doubled space": re.compile(r"  "),
    "a space before punctuation": re.compile(r"\w [.,!?](?!\.)"),
    "a left-over bracket or bar": re.compile(r"[()|]|\]\w"),
    "a word glued to a number": re.compile(r"\d(?!st|nd|rd|th)[a-z]{3,}"),
    "a doubled article": re.compile(r"\b(a|an|the) (a|an|the)\b", re.IGNORECASE),
}
_REPLY = re.compile(r"\[(neutral|happy|sad|angry|surprised)\] \S.*")


def lint(dialogue: Dialogue) -> None:
    """Raise ValueError naming what is wrong and where, if something is."""
    for user, reply in dialogue.turns:
        words, *actions = reply.split("\n")
        if not _REPLY.fullmatch(words):
            raise ValueError(f"a reply without its tag: {reply!r}")
        for action in actions:
            name = json.loads(action)["action"]
            if f"\n{name}(" not in dialogue.system:
                raise ValueError(f"an undeclared action {name!r} in {reply!r}")
        for text in (user.split("\n")[-1], words.split("] ", 1)[1]):
            for what, pattern in _WRONG.items():
                if pattern.search(text):
                    raise ValueError(f"{what} in {text!r}")
