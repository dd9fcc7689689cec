"""What robots say to the engine in the benchmarks: words without sense, but conversations of the lengths of life."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from ai_server.llm.chat import Message
from benchmarks.engine_client import Engine, Reply

_WORDS = (
    "the a one we you they it he she robot house garden kitchen window door table light morning evening water "
    "music story friend dog cat bird tree rain sun sea road school game book ball color red green small big "
    "old new good happy tired slow quick warm cold near far left right up down go come see hear tell think "
    "know want like find make take give play walk run turn stop wait and but because when where what who how "
    "why today tomorrow again never always maybe"
)


def words(rng: random.Random, count: int) -> str:
    """Return so many words."""
    return " ".join(rng.choices(_WORDS.split(), k=count))


@dataclass
class Conversation:
    """One robot's, as the daemon sends it: each time the whole of it, the engine's own replies included."""

    id: str
    messages: list[Message]

    @classmethod
    def opened(cls, name: str, persona: str) -> Conversation:
        return cls(name, [Message("system", persona)])

    def with_words(self, text: str) -> tuple[Message, ...]:
        """Return the conversation as it is when the person has said this."""
        return (*self.messages, Message("user", text))

    def begin(self, engine: Engine, text: str, max_tokens: int) -> Reply:
        """Say something; `keep` what was answered when it is over."""
        reply = engine.begin(self.id, self.with_words(text), max_tokens)
        self.messages.append(Message("user", text))
        return reply

    def keep(self, reply: Reply) -> None:
        """Let the reply be part of the conversation."""
        self.messages.append(Message("assistant", reply.text))

    def say(self, engine: Engine, text: str, max_tokens: int) -> Reply:
        """Say something and listen to the end."""
        (reply,) = say_together(engine, [(self, text)], max_tokens)
        return reply


def say_together(engine: Engine, said: Iterable[tuple[Conversation, str]], max_tokens: int) -> list[Reply]:
    """Say something in each of several conversations at once, and listen to the end of all."""
    begun = [(conversation, conversation.begin(engine, text, max_tokens)) for conversation, text in said]
    replies = [reply for _, reply in begun]
    engine.finish(*replies)
    for conversation, reply in begun:
        conversation.keep(reply)
    return replies
