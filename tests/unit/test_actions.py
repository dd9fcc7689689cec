from __future__ import annotations

import pytest

from ai_server.brain.actions import unsaid_number
from ai_server.llm.chat import ActionCall


@pytest.mark.parametrize(
    ("words", "distance", "passes"),
    [
        ("go 40 cm forward", 40, True),
        ("go 40 cm forward", 100, False),
        ("go 1.5 forward", 1.5, True),
        ("go forward", 100, True),
        ("go half a metre forward", 50, True),
        ("go 5 or 50 forward", 50, True),
        ("go minus 20", -20, True),
        ("go twenty five forward", 25, True),
        ("go twenty-five forward", 52, False),
        ("go two hundred and forty forward", 240, True),
        ("go two and a half forward", 2.5, True),
        ("go 40 cm and turn ninety degrees", 90, True),
        ("no one is there, go forward", 100, True),
        ("go one step", 30, True),
        ("wait a second and go forward", 100, True),
    ],
)
def test_a_small_model_acts_on_no_number_but_those_that_were_said(words, distance, passes):
    reason = unsaid_number(ActionCall("move", {"direction": "forward", "distance_cm": distance}), words)
    assert (reason is None) == passes
