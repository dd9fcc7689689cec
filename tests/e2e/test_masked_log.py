"""The log of a daemon that talks with people: without their secrets, and with every other number."""

from __future__ import annotations

import re
from pathlib import Path

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import naila
from tests.robots import HeadlessRobot

_MASKED = re.compile(r"<(?:email|phone|card|iban|id)>")


def test_a_debug_log_has_no_secret_of_people_and_every_number_of_its_own(broker: BrokerOptions, tmp_path: Path) -> None:
    everyday = "request 1763745473123 was said at 17:30 on 2026-11-21, turn 90 degrees 1234567 times"
    with (
        naila(tmp_path, broker, NAILA_LOG_LEVEL="debug", LANG="en_US.UTF-8", LC_ALL="") as daemon,
        HeadlessRobot(broker, "2024561414") as robot,
    ):
        for words in (everyday, "my card is 4111 1111 1111 1111", "call (202) 456-1414 or write to ada@example.com"):
            assert robot.say(words, request_id=f"2024561{words.count(' ')}").reply
        robot.control("cancel", request_id="ada@example.com")
        assert daemon.stop() == 0
        lines = daemon.log.read_text().splitlines()
    heard = [line for line in lines if '"event":"heard"' in line.replace('": "', '":"')]
    log = "\n".join(lines)
    assert "4111 1111" not in log
    assert "456-1414" not in log
    assert "ada@example.com" not in log
    assert '"device_id": "2024561414"' in log
    assert any("turn 90 degrees 1234567 times" in line for line in heard)
    assert any("my card is <card>" in line for line in heard)
    masked = [line for line in lines if _MASKED.search(line)]
    assert [line for line in masked if "card is" not in line and "write to" not in line] == []
