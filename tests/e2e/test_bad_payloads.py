from __future__ import annotations

import json

from ai_server.mqtt.options import BrokerOptions
from tests.bad_payloads import bad_payloads
from tests.brokers import Robot
from tests.daemons import RunningDaemon, until
from tests.robots import HeadlessRobot


def test_each_bad_payload_gets_its_error_and_nothing_else_changes(daemon: RunningDaemon, broker: BrokerOptions):
    with (
        Robot(broker, "naila/system/errors/#", client_id="operator") as operator,
        Robot(broker, "naila/ai/responses/#", "naila/devices/+/actions/#", client_id="listener") as listener,
        HeadlessRobot(broker, "good") as good,
    ):
        pid_before = daemon.wait_for("ready")
        kinds = bad_payloads("bad-robot")
        for bad in kinds:
            operator.publish(bad.topic, bad.payload)
            told = operator.hear()
            error = json.loads(told.payload)
            assert told.topic == "naila/system/errors/protocol", bad.what
            assert (error["error"], error["error_code"]) == (True, bad.code), bad.what
            assert bad.names in error["error_message"], bad.what
        assert good.say("what time is it").reply
        assert operator.messages.empty(), "one error each"
        topics = set()
        while "naila/ai/responses/text/good" not in topics:
            topics.add(listener.hear().topic)
        assert topics <= {
            "naila/ai/responses/error/bad-robot",
            "naila/ai/responses/stream/good",
            "naila/ai/responses/text/good",
        }
        assert daemon.wait_for("ready") == pid_before, "the status was not touched"
        assert _refused(broker) == len(kinds)


def _refused(broker: BrokerOptions) -> int:
    """The newest count in the metrics, once it stands still."""
    counts: list[int] = []
    with Robot(broker, "naila/ai/metrics", client_id="metrics-reader") as reader:

        def steady() -> bool:
            counts.append(json.loads(reader.hear().payload)["mqtt"]["refused"])
            return len(counts) > 2 and counts[-1] == counts[-2] > 0

        until(steady)
    return counts[-1]
