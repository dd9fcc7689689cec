"""Puts a conversation into the words that the model reads; what seldom changes comes first, so that it stays cached."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ai_server.brain.persona import Persona
from ai_server.configfile import ConfigError, read_text
from ai_server.llm.chat import ActionCall, Message
from ai_server.protocol.terms import Emotion

_PLACEHOLDERS = ("name", "character", "style", "default_emotion", "examples", "actions")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of the past.

    Attributes:
        facts: what was true then, as in the line that the user message began with; empty for none.
        words: what the person said.
        emotion: the reply's.
        text: the reply's words.
        actions: what the robot was told to do.
    """

    facts: str
    words: str
    emotion: Emotion
    text: str
    actions: tuple[ActionCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """The template of a system message: `$actions`, and of the persona `$name`, `$character`, and so on."""

    template: Template

    @classmethod
    def load(cls, path: Path) -> Prompt:
        """Read a file of `prompts/`: `system.txt` for large models, `compact.txt` for the embedded one.

        Raises:
            ConfigError: if it cannot be read or holds an unknown placeholder.
        """
        template = Template(read_text(path).strip())
        if not template.is_valid():
            raise ConfigError(path, "holds a $ that begins no placeholder; a dollar sign is written $$")
        unknown = sorted(set(template.get_identifiers()) - set(_PLACEHOLDERS))
        if unknown:
            allowed = ", ".join(f"${name}" for name in _PLACEHOLDERS)
            raise ConfigError(path, f"holds the unknown placeholder ${unknown[0]}; those allowed: {allowed}")
        return cls(template)


def messages(
    system: Message, history: Iterable[Exchange], facts: str, words: str, known: str = ""
) -> tuple[Message, ...]:
    """Return the whole chat: the system message, what is known, the turns so far, and what was said now.

    Args:
        system: who the model is; the same for everybody.
        history: from the oldest turn on.
        facts: what is true now, without the brackets.
        words: what was said.
        known: of the person who speaks; empty for nothing.
    """
    turns = [
        message
        for turn in history
        for message in (
            user_message(turn.facts, turn.words),
            assistant_message(turn.emotion, turn.text, turn.actions),
        )
    ]
    of_person = [Message("system", known)] if known else []
    return (system, *of_person, *turns, user_message(facts, words))


def system_message(prompt: Prompt, persona: Persona, actions: str) -> Message:
    """Return who the model is and what its body can do, as `Body.lines` tells it."""
    content = prompt.template.substitute(
        name=persona.name,
        character=persona.character,
        style=persona.style,
        default_emotion=persona.default_emotion,
        examples=persona.show_examples(),
        actions=actions,
    )
    return Message("system", content)


def user_message(facts: str, words: str) -> Message:
    """Return what the person said, below a bracketed line of what is true now; `facts` comes without the brackets."""
    return Message("user", f"[{facts}]\n{words}" if facts else words)


def assistant_message(emotion: Emotion, text: str, actions: Iterable[ActionCall]) -> Message:
    """Return a reply in the form in which the model gives it: `[emotion] words`, then a JSON object for each action."""
    lines = [json.dumps({"action": call.name, **call.arguments}, ensure_ascii=False) for call in actions]
    return Message("assistant", "\n".join([f"[{emotion}] {text}", *lines]))
