from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ai_server.brain.body import Body
from ai_server.brain.tools import Tool, tool_lines, tools_of
from ai_server.llm.engine.grammar import Grammar
from tests.grammars import random_text

DESCRIBED: list[dict[str, Any]] = [
    {
        "name": "set_alarm",
        "description": "Set an alarm.",
        "parameters": {
            "type": "object",
            "properties": {
                "time": {"type": "string", "pattern": r"^\d\d:\d\d$", "description": "HH:MM"},
                "count": {"type": "integer", "minimum": 1, "maximum": 20},
                "name": {"type": "string", "maxLength": 60},
            },
            "required": ["time"],
            "additionalProperties": False,
        },
    },
    {
        "name": "repeat",
        "description": "Say it again.",
        "parameters": {"type": "object", "properties": {}, "required": []},
    },
]
TOOLS = tools_of(DESCRIBED)


def allows(grammar: str, text: str) -> bool:
    state = Grammar(grammar).start.after(text.encode())
    return state is not None and state.may_end


def test_a_prompt_lists_skills_as_it_lists_actions_and_says_what_may_be_left_out() -> None:
    _, *lines = tool_lines(TOOLS).splitlines()
    assert lines == [
        "set_alarm(time: text, count?: 1..20, name?: text) - Set an alarm.",
        "repeat() - Say it again.",
    ]


@pytest.mark.parametrize(
    "call",
    [
        {"action": "set_alarm", "time": "07:30"},
        {"action": "set_alarm", "time": "07:30", "name": "school"},
        {"action": "set_alarm", "time": "07:30", "count": 20, "name": "school"},
        {"action": "repeat"},
    ],
)
def test_a_skill_may_be_called_with_or_without_what_is_optional(call: dict[str, Any]) -> None:
    assert allows(Body().grammar(2, TOOLS), f"[neutral] Yes.\n{json.dumps(call)}")


@pytest.mark.parametrize(
    "call",
    [
        {"action": "set_alarm"},
        {"action": "set_alarm", "time": "07:30", "count": 21},
        {"action": "set_alarm", "time": "07:30", "name": "school", "count": 2},
        {"action": "set_alarm", "time": "half past seven"},
        {"action": "repeat", "name": "x"},
        {"action": "explode"},
    ],
)
def test_no_skill_can_be_called_in_another_way(call: dict[str, Any]) -> None:
    assert not allows(Body().grammar(2, TOOLS), f"[neutral] Yes.\n{json.dumps(call)}")


def test_whatever_the_grammar_allows_has_the_required_parameters_and_no_others() -> None:
    grammar = Body().grammar(3, TOOLS)
    rng = random.Random(1)
    called = 0
    for _ in range(200):
        for line in random_text(grammar, rng).splitlines():
            if line.startswith("{"):
                call = json.loads(line)
                name = call.pop("action")
                tool: Tool = next(each for each in TOOLS if each.name == name)
                assert tool.parameters.keys() - tool.optional <= call.keys() <= tool.parameters.keys()
                called += 1
    assert called > 20
