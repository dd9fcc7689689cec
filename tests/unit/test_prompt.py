from __future__ import annotations

from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.body import Body
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Exchange, Prompt, assistant_message, messages, system_message, user_message
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Message
from ai_server.llm.reply import ReplyParser
from ai_server.protocol.device import ActionDeclaration

NAILA = Persona.load(resources.config_dir() / "personas", "naila")
COMPACT = Prompt.load(resources.config_dir() / "prompts" / "compact.txt")
FULL = Prompt.load(resources.config_dir() / "prompts" / "system.txt")


def declaration(name: str, **properties: object) -> ActionDeclaration:
    return ActionDeclaration.model_validate(
        {"name": name, "description": "A deed.", "parameters": {"properties": properties}}
    )


def listed(*actions: ActionDeclaration) -> str:
    return Body(actions).lines(descriptions=False)


MOVE = declaration(
    "move",
    direction={"type": "string", "enum": ["forward", "backward"]},
    distance_cm={"type": "integer", "minimum": 1, "maximum": 200},
)
TURN = declaration(
    "turn",
    direction={"type": "string", "enum": ["left", "right"]},
    degrees={"type": "integer", "minimum": 1, "maximum": 360},
)
WAVE = declaration("wave")


def test_the_compact_prompt_without_actions_is_what_the_embedded_model_was_taught() -> None:
    assert system_message(COMPACT, NAILA, listed()) == Message(
        "system", "You are Naila, a small friendly robot.\nActions: none"
    )


def test_the_compact_prompt_lists_the_actions_as_the_embedded_model_was_taught() -> None:
    assert system_message(COMPACT, NAILA, listed(MOVE, TURN, WAVE)).content == (
        "You are Naila, a small friendly robot.\n"
        "Actions:\n"
        "move(direction: forward|backward, distance_cm: 1..200)\n"
        "turn(direction: left|right, degrees: 1..360)\n"
        "wave()"
    )


def test_the_full_prompt_is_the_persona_the_rules_and_the_actions() -> None:
    content = system_message(FULL, NAILA, listed(MOVE)).content
    assert content.startswith("You are Naila, a small friendly robot.")
    assert NAILA.style in content
    assert NAILA.show_examples() in content
    assert "[neutral] when nothing moves you" in content
    assert content.endswith("Actions:\nmove(direction: forward|backward, distance_cm: 1..200)")
    assert "$" not in content


def test_prompts_of_robots_differ_only_at_their_end() -> None:
    mine, yours = (system_message(FULL, NAILA, listed(*actions)).content for actions in ([MOVE, WAVE], [MOVE, TURN]))
    common = mine[: mine.index("wave()")]
    assert yours.startswith(common)


def test_a_persons_words_stand_below_what_is_true_now() -> None:
    facts = "Saturday 14:05; battery 72%; touched; person feels sad"
    assert user_message(facts, "Hello") == Message("user", f"[{facts}]\nHello")
    assert user_message("", "Hello") == Message("user", "Hello")


def test_a_reply_is_told_as_it_was_given() -> None:
    call = ActionCall("move", {"direction": "forward", "distance_cm": 50})
    message = assistant_message("happy", "On my way!", [call, ActionCall("wave", {})])
    assert message == Message(
        "assistant",
        '[happy] On my way!\n{"action": "move", "direction": "forward", "distance_cm": 50}\n{"action": "wave"}',
    )
    parser = ReplyParser()
    events = parser.feed(message.content)
    assert events[0] == EmotionTag("happy")
    assert Delta("On my way!") in events
    assert events[-2:] == [call, ActionCall("wave", {})]


def test_a_chat_runs_from_the_system_message_to_the_newest_words() -> None:
    system = system_message(COMPACT, NAILA, listed())
    past = Exchange("Saturday 14:05", "Hi", "happy", "Hello!", (ActionCall("wave", {}),))
    chat = messages(system, [past, Exchange("", "Bye", "sad", "Oh.")], "Saturday 14:06", "Wait")
    assert chat == (
        system,
        Message("user", "[Saturday 14:05]\nHi"),
        Message("assistant", '[happy] Hello!\n{"action": "wave"}'),
        Message("user", "Bye"),
        Message("assistant", "[sad] Oh."),
        Message("user", "[Saturday 14:06]\nWait"),
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("You are $nane.", r"unknown placeholder \$nane; those allowed: \$name, \$character, \$style, \$default"),
        ("It costs 5 $.", r"holds a \$ that begins no placeholder"),
    ],
)
def test_a_wrong_prompt_file_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "system.txt").write_text(content)
    with pytest.raises(ConfigError, match=complaint):
        Prompt.load(tmp_path / "system.txt")
