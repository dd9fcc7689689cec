"""What a robot remembers of people, tells them and forgets, through the daemon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import RunningDaemon, naila
from tests.robots import HeadlessRobot


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, broker: BrokerOptions) -> Iterator[RunningDaemon]:
    with naila(tmp_path_factory.mktemp("naila"), broker, LLM_TEMPERATURE="0") as running:
        yield running


def answer(robot: HeadlessRobot, words: str, user_id: str | None = None) -> dict[str, str]:
    turn = robot.say(words, **({"user_id": user_id} if user_id else {}))
    assert turn.reply is not None, f"no reply to {words!r}"
    return turn.reply


@pytest.mark.usefixtures("daemon")
def test_what_is_remembered_is_told_when_asked_for_and_gone_when_forgotten(broker: BrokerOptions) -> None:
    with HeadlessRobot(broker, "keeper") as robot:
        kept = answer(robot, "Remember that my keys are in the blue box")
        assert (kept["intent"], kept["text"]) == (
            "fact_remember",
            "I'll remember that your keys are in the blue box.",
        )
        assert answer(robot, "where are my keys?")["text"] == "Your keys are in the blue box."
        forgotten = answer(robot, "forget where my keys are")
        assert (forgotten["source"], forgotten["intent"]) == ("skill", "fact_forget")
        assert answer(robot, "where are my keys?")["intent"] == "conversation"


def test_one_fact_that_is_forgotten_by_voice_is_gone_with_the_words_that_said_it(
    daemon: RunningDaemon, broker: BrokerOptions
) -> None:
    with HeadlessRobot(broker, "birthdays") as robot:
        answer(robot, "My birthday is on the third of May.", "ada")
        assert answer(robot, "When is my birthday?", "ada")["text"] == "Your birthday is on 3 May."
        answer(robot, "Forget when my birthday is", "ada")
        assert answer(robot, "When is my birthday?", "ada")["intent"] == "conversation"
    held = b"".join(path.read_bytes() for path in daemon.data.rglob("*") if path.is_file())
    for said in (b"the third of May", b"birthday is on 3 May"):
        assert said not in held


@pytest.mark.usefixtures("daemon")
def test_what_people_say_in_passing_is_told_to_them_alone(broker: BrokerOptions) -> None:
    with HeadlessRobot(broker, "listener") as robot:
        answer(robot, "By the way, I'm allergic to nuts.", "ada")
        answer(robot, "I live in Leeds.", "bob")
        assert answer(robot, "What am I allergic to?", "ada")["text"] == "You are allergic to nuts."
        assert answer(robot, "What am I allergic to?", "bob")["intent"] == "conversation"
        assert answer(robot, "What do you know about me?", "bob")["text"] == "You live in Leeds."


@pytest.mark.usefixtures("daemon")
def test_everything_is_forgotten_after_a_yes(broker: BrokerOptions) -> None:
    with HeadlessRobot(broker, "forgetter") as robot:
        answer(robot, "Call me Ada")
        answer(robot, "I'm allergic to nuts.")
        asked = answer(robot, "Forget everything about me")
        assert asked["text"].startswith("Shall I forget everything about you?")
        assert answer(robot, "no")["text"] == "Okay, I keep it."
        assert "allergic to nuts" in answer(robot, "what do you know about me?")["text"]
        answer(robot, "Forget everything about me")
        assert answer(robot, "yes")["text"] == "I have forgotten everything about you."
        assert answer(robot, "what do you know about me?")["text"] == "I do not know anything about you yet."
