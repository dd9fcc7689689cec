from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from ai_server.commands.pose import TO_WALL_CM, Deed, SimulatedBody
from ai_server.protocol.reply import ActionMessage


@pytest.fixture
def rover() -> SimulatedBody:
    return SimulatedBody("rover")


def do(body: SimulatedBody, name: str, **arguments: JsonValue) -> Deed:
    return body.perform(ActionMessage(command_id="c1", request_id="q1", action=name, arguments=arguments))


def test_a_square_leads_back_to_where_it_began(rover: SimulatedBody) -> None:
    for _ in range(4):
        assert do(rover, "move", direction="forward", distance_cm=100).words == "rover moves forward 100 cm"
        assert do(rover, "turn", direction="right", degrees=90).words == "rover turns right 90 degrees"
    assert (rover.x, rover.y, rover.heading) == (pytest.approx(0), pytest.approx(0), 0)


def test_to_the_right_of_ahead_is_the_right_of_the_room(rover: SimulatedBody) -> None:
    do(rover, "turn", direction="left", degrees=270)
    do(rover, "move", direction="backward", distance_cm=40)
    assert (rover.x, rover.y, rover.heading) == (pytest.approx(-40), pytest.approx(0), 90)


def test_a_move_into_the_wall_fails_where_the_wall_is_and_the_way_back_is_free(rover: SimulatedBody) -> None:
    do(rover, "move", direction="forward", distance_cm=120)
    bump = do(rover, "move", direction="forward", distance_cm=50)
    assert bump.words == "rover moves forward 30 cm and hits the wall"
    assert (bump.result.status, bump.result.detail) == ("failed", "wall after 30 cm")
    assert do(rover, "move", direction="forward", distance_cm=1).detail == "wall after 0 cm"
    assert do(rover, "move", direction="backward", distance_cm=200).status == "done"
    assert rover.y == pytest.approx(-50)


def test_the_lamp_keeps_its_colour(rover: SimulatedBody) -> None:
    deed = do(rover, "light", color="red")
    assert (deed.words, deed.result.status, rover.lamp) == ("rover sets its lamp to red", "done", "red")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("wave", {}, "rover waves"),
        ("stop", {}, "rover stops"),
        ("look", {"direction": "up"}, "rover looks up"),
        ("face", {"emotion": "happy"}, "rover does face happy"),
    ],
)
def test_what_moves_nothing_is_said(
    rover: SimulatedBody, name: str, arguments: dict[str, JsonValue], words: str
) -> None:
    assert do(rover, name, **arguments).words == words


def test_what_comes_too_late_is_refused_and_changes_nothing(rover: SimulatedBody) -> None:
    action = ActionMessage(command_id="c1", request_id="q1", action="light", arguments={"color": "red"})
    late = rover.perform(action.model_copy(update={"expires_at": datetime.now(UTC) - timedelta(seconds=1)}))
    assert (late.status, late.detail, rover.lamp) == ("refused", "too late", "off")
    in_time = rover.perform(action.model_copy(update={"expires_at": datetime.now(UTC) + timedelta(hours=1)}))
    assert (in_time.status, rover.lamp) == ("done", "red")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("move"), st.sampled_from(["forward", "backward"]), st.integers(1, 200)),
            st.tuples(st.just("turn"), st.sampled_from(["left", "right"]), st.integers(1, 360)),
        ),
        max_size=30,
    )
)
def test_no_drive_leaves_the_room(drive: list[tuple[str, str, int]]) -> None:
    rover = SimulatedBody("rover")
    for name, direction, amount in drive:
        do(rover, name, direction=direction, **{"distance_cm" if name == "move" else "degrees": amount})
        assert abs(rover.x) <= TO_WALL_CM + 1e-6
        assert abs(rover.y) <= TO_WALL_CM + 1e-6
