from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import mosquitto
from tests.daemons import RunningDaemon, naila
from tests.robots import HeadlessRobot


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerOptions]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running.options


@pytest.fixture(scope="module")
def daemon(broker: BrokerOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon for all tests of a module that leave it as it was."""
    with naila(tmp_path_factory.mktemp("naila"), broker) as running:
        yield running


@pytest.fixture
def robot(broker: BrokerOptions, request: pytest.FixtureRequest) -> Iterator[HeadlessRobot]:
    """A robot with an id of its own."""
    with HeadlessRobot(broker, f"r-{abs(hash(request.node.nodeid)):x}"[:32]) as connected:
        yield connected
