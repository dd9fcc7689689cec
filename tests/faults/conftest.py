from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import RunningBroker, mosquitto
from tests.faults.outages import shipped_configuration


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """Mosquitto that keeps what it has over a kill, as the shipped configuration asks it to."""
    with mosquitto(tmp_path_factory.mktemp("broker"), configuration=shipped_configuration()) as running:
        yield running


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "naila"
    path.mkdir()
    return path
