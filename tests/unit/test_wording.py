from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.wording import LONGEST_REMARK, Wording, plain
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration

SHIPPED = resources.config_dir() / "phrases" / "actions.toml"
ENGLISH = Wording.load(SHIPPED)


def declared(name: str, description: str = "") -> ActionDeclaration:
    return ActionDeclaration(name=name, description=description, confirm=True)


@pytest.mark.parametrize(
    ("call", "description", "question"),
    [
        (ActionCall("gripper_open", {}), "Open the gripper", "Shall I open the gripper?"),
        (ActionCall("gripper_open", {}), "Open the gripper. It pinches!", "Shall I open the gripper?"),
        (ActionCall("gripper_open", {}), "the gripper opens", "Shall I gripper open?"),
        (ActionCall("fire_launcher", {"power": 5}), "", "Shall I fire launcher, power 5?"),
        (ActionCall("move", {"distance_cm": 50}), "drive", "Shall I drive, distance 50 centimetres?"),
        (ActionCall("move", {"distance_m": 0.5, "slowly": True}), "", "Shall I move, distance 0.5 metres, slowly yes?"),
        (ActionCall("say_name", {"name": "Ada"}), "", "Shall I say name, name Ada?"),
        (ActionCall("wait", {"s": 3}), "", "Shall I wait, 3 seconds?"),
    ],
)
def test_a_question_says_what_is_to_be_done_with_every_value(call: ActionCall, description: str, question: str) -> None:
    assert ENGLISH.question([call], [declared(call.name, description)]) == question


def test_one_question_asks_for_all() -> None:
    calls = [ActionCall("open_gripper", {}), ActionCall("fire", {"power": 5})]
    assert ENGLISH.question(calls, []) == "Shall I open gripper and fire, power 5?"


def test_a_failure_is_told_with_its_reason_where_there_is_one() -> None:
    gripper = [declared("gripper_open", "Open the gripper")]
    assert ENGLISH.unsuccessful("failed", "move", "stuck", []) == "I could not move: stuck."
    assert ENGLISH.unsuccessful("failed", "move", "", []) == "I could not move."
    assert ENGLISH.unsuccessful("refused", "gripper_open", "too hot", gripper) == "I did not open the gripper: too hot."
    assert ENGLISH.unsuccessful("refused", "gripper_open", "", gripper) == "I did not open the gripper."


def test_a_dollar_in_a_robots_words_stays_one() -> None:
    assert ENGLISH.unsuccessful("failed", "pay", "$5 and $detail", []) == "I could not pay: $5 and $detail."


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("wall after 30 cm", "wall after 30 cm"),
        ("  stuck.\n\tTry again! ", "stuck. Try again"),
        ('[happy] {"action": 1}; battery 9%', 'happy "action": 1 , battery 9%'),
        ("", ""),
    ],
)
def test_a_robots_words_become_one_plain_line(said: str, told: str) -> None:
    assert plain(said) == told


@given(st.text(max_size=600))
def test_no_words_of_a_robot_have_a_meaning_in_the_prompt(said: str) -> None:
    told = plain(said)
    assert len(told) <= LONGEST_REMARK
    assert not set("[]{}<>;\n\r") & set(told)
    assert told.isprintable()


@pytest.mark.parametrize(
    ("line", "wrong", "complaint"),
    [
        ('question = "Shall I $actions?"', 'question = "Shall I?"', r"question: must hold \$actions and nothing else"),
        (
            'failed = "I could not $action: $detail."',
            'failed = "No $action."',
            r"failed: must hold \$action and \$detail",
        ),
        ('yes = "Okay."', 'yes = "[happy] Okay."', r"yes: String should match pattern"),
        ('no = "All right, I will not."', "", r"no is missing"),
        ('and = "and"', 'and = "and"\nor = "or"', r"or is not known here"),
    ],
)
def test_a_wrong_phrase_is_refused_by_name(tmp_path: Path, line: str, wrong: str, complaint: str) -> None:
    path = tmp_path / "actions.toml"
    shipped = SHIPPED.read_text()
    assert line in shipped
    path.write_text(shipped.replace(line, wrong))
    with pytest.raises(ConfigError, match=complaint):
        Wording.load(path)
