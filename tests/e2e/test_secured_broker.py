"""A conversation over a broker with TLS, passwords, certificates and an access list, as it is shipped."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot
from tests.daemons import RunningDaemon
from tests.robots import HeadlessRobot
from tests.secured_broker import SecuredBroker, secured_broker

BODY = {
    "actions": [
        {
            "name": "move",
            "description": "drive",
            "parameters": {
                "type": "object",
                "properties": {
                    "direction": {"type": "string", "enum": ["forward", "backward"]},
                    "distance_cm": {"type": "integer", "minimum": 1, "maximum": 200},
                },
            },
        }
    ]
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as running:
        yield running


@contextlib.contextmanager
def naila_over_tls(
    directory: Path, broker: SecuredBroker, options: BrokerOptions, **environment: str
) -> Iterator[RunningDaemon]:
    """Run the daemon on a listener with TLS; the operator watches it come up."""
    tls = {"MQTT_TLS": "true", "MQTT_TLS_CA_FILE": str(broker.ca_file)}
    daemon = RunningDaemon(directory, options, **tls, **environment)
    daemon.broker = broker.operator
    daemon.start()
    try:
        daemon.wait_for("ready")
        yield daemon
    finally:
        daemon.kill()


def test_a_robot_made_by_the_script_converses_with_a_brain_over_tls(broker, tmp_path):
    brain = broker.by_password("naila", None)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    password = (broker.etc / "credstore" / "naila.mqtt_password").read_bytes()
    (credentials / "mqtt_password").write_bytes(password)
    with (
        naila_over_tls(tmp_path, broker, brain, CREDENTIALS_DIRECTORY=str(credentials)),
        HeadlessRobot(broker.add_robot("kitchen-1"), "kitchen-1", protocol="5") as robot,
        HeadlessRobot(broker.add_robot("garden_2"), "garden_2") as other,
    ):
        robot.publish("naila/devices/kitchen-1/capabilities", json.dumps(BODY), retain=True)
        robot.sense("battery", percentage=72)
        turn = robot.say("drive forward 50 centimetres")
        assert turn.types()[0] == "accepted"
        assert turn.types()[-1] == "finished"
        assert turn.reply
        assert turn.reply["source"] == "llm"
        while not turn.actions:
            robot.listen(0.1)
        assert turn.actions == turn.reply["actions"]
        assert "72" in robot.say("how is your battery?").reply["text"]
        assert robot.say("hello", ttl_ms=0).errors[0]["error_code"] == "invalid_field"
        assert other.say("hello").reply["device_id"] == "garden_2"
        robot.publish(
            "naila/devices/kitchen-1/text",
            json.dumps({"text": "hello", "request_id": "mine"}),
            ResponseTopic="naila/devices/kitchen-1/inbox",
            CorrelationData=b"7",
        )
        while not robot.copies:
            robot.listen(0.1)
        assert robot.copies[0][0] == b"7"
        assert set(other.heard) == {"q1"}


def test_a_brain_with_a_client_certificate_answers_too(broker, tmp_path):
    brain = broker.by_certificate(broker.files / "naila.pem")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt_tls_key_file").write_bytes((broker.files / "naila.key").read_bytes())
    certificate = {"MQTT_TLS_CERT_FILE": str(broker.files / "naila.pem"), "CREDENTIALS_DIRECTORY": str(credentials)}
    broker.run("add-robot", "--certificate", "attic-3")
    robots = broker.by_certificate(broker.files / "robots" / "attic-3.pem")
    with (
        naila_over_tls(tmp_path, broker, brain, **certificate),
        HeadlessRobot(robots, "attic-3") as robot,
        Robot(broker.operator, "naila/ai/metrics", client_id="operator") as operator,
    ):
        assert robot.say("hello").reply["device_id"] == "attic-3"
        assert json.loads(operator.hear().payload)["mqtt"]["connected"]
