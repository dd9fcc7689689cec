"""What a robot declared is in force over restarts of the brain, until it declares something else."""

from __future__ import annotations

import json
from pathlib import Path

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import naila
from tests.robots import HeadlessRobot

SMALL = {"max_payload_bytes": 128}


def parts_of_a_reply(robot: HeadlessRobot, request_id: str) -> int:
    """How many messages bring the reply to a question; 1 for one that comes whole."""
    robot.publish(f"naila/devices/{robot.device_id}/text", json.dumps({"text": "help", "request_id": request_id}))
    while True:
        message = robot.hear()
        reply = json.loads(message.payload)
        if "/text/" in message.topic and reply["request_id"] == request_id:
            return int(reply.get("parts", 1))


def declare(robot: HeadlessRobot, payload: str) -> None:
    """Publish a declaration, not retained, so that it is the brain that keeps it."""
    robot.publish(f"naila/devices/{robot.device_id}/capabilities", payload)


def refusal(robot: HeadlessRobot) -> str:
    while "/error/" not in (message := robot.hear()).topic:
        pass
    return str(json.loads(message.payload)["error_code"])


def test_the_last_good_declaration_is_in_force_after_a_restart(broker: BrokerOptions, tmp_path: Path):
    with HeadlessRobot(broker, "small-1") as robot:
        with naila(tmp_path, broker, LLM_MODEL_PATH="none") as daemon:
            declare(robot, json.dumps(SMALL))
            assert parts_of_a_reply(robot, "a") > 1
            declare(robot, '{"max_payload_bytes": 5}')
            assert refusal(robot) == "invalid_field"
            declare(robot, json.dumps({"actions": [{"name": f"trick_{number}"} for number in range(26)]}))
            assert refusal(robot) == "too_many_actions"
            assert parts_of_a_reply(robot, "b") > 1
            daemon.kill()
        with naila(tmp_path, broker, LLM_MODEL_PATH="none"):
            assert parts_of_a_reply(robot, "c") > 1
            declare(robot, "")
            assert parts_of_a_reply(robot, "d") == 1
        with naila(tmp_path, broker, LLM_MODEL_PATH="none"):
            assert parts_of_a_reply(robot, "e") == 1
