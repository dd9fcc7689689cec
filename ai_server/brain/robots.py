"""What is known of each robot at this moment: its latest readings, what it sees, and what its body can do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ai_server.protocol.device import ActionDeclaration, Capabilities, Heartbeat, SensorReading, VisionEvent
from ai_server.protocol.fields import Emotion

_READING_FRESH_S = 600
"""A sensor that was silent for so long is not spoken of."""

_SIGHT_FRESH_S = 60
"""What the camera saw is true for so long."""

_PERSON_SEEN = frozenset({"person_detected", "person_recognized", "face_detected"})
"""The vision events that mean a person is there, named or not."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true of a robot now; None where it is not known, or was not heard of lately."""

    battery_percent: float | None = None
    charging: bool = False
    temperature_c: float | None = None
    humidity_percent: float | None = None
    distance_cm: float | None = None
    touched: bool = False
    sees: str | None = None
    person_emotion: Emotion | None = None

    def facts(self, now: datetime) -> str:
        """Return the line of what is true now, without its brackets; the newest user turn begins with it."""
        battery = _number(self.battery_percent, "battery {}%" + (" charging" if self.charging else ""))
        facts = (
            f"{now:%A %H:%M}",
            battery,
            _number(self.temperature_c, "temperature {} C"),
            _number(self.humidity_percent, "humidity {}%"),
            _number(self.distance_cm, "distance {} cm"),
            "touched" if self.touched else "",
            f"sees {self.sees}" if self.sees else "",
            f"person feels {self.person_emotion}" if self.person_emotion else "",
        )
        return "; ".join(fact for fact in facts if fact)


@dataclass(slots=True)
class Robot:
    """One robot, as it told of itself. The readings' and the sight's times are of the registry's clock, in seconds."""

    device_id: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    heartbeat: Heartbeat | None = None
    readings: dict[str, tuple[float, SensorReading]] = field(default_factory=dict)
    sight: tuple[float, VisionEvent] | None = None

    @property
    def actions(self) -> tuple[ActionDeclaration, ...]:
        """What its body can do without asking the person first."""
        return tuple(action for action in self.capabilities.actions if not action.confirm)


class Robots:
    """All robots that were heard of; the latest reading of each sensor, and nothing older."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._robots: dict[str, Robot] = {}

    def __len__(self) -> int:
        return len(self._robots)

    def robot(self, device_id: str) -> Robot:
        """Return what is known of a robot; one that was never heard of is taken in."""
        robot = self._robots.get(device_id)
        if robot is None:
            robot = self._robots[device_id] = Robot(device_id)
        return robot

    def read_sensor(self, device_id: str, sensor: str, reading: SensorReading) -> None:
        """Keep the latest reading of one sensor."""
        self.robot(device_id).readings[sensor] = (self._clock(), reading)

    def see(self, device_id: str, event: VisionEvent) -> None:
        """Keep the latest vision event."""
        self.robot(device_id).sight = (self._clock(), event)

    def beat(self, device_id: str, heartbeat: Heartbeat) -> None:
        """Keep the latest heartbeat."""
        self.robot(device_id).heartbeat = heartbeat

    def declare(self, device_id: str, capabilities: Capabilities) -> None:
        """Keep what a robot says that its body can do."""
        self.robot(device_id).capabilities = capabilities

    def situation(self, device_id: str, person_emotion: Emotion | None = None) -> Situation:
        """Return what is true of a robot now; `person_emotion` from the utterance wins over what the camera saw."""
        robot = self.robot(device_id)
        known: dict[str, object] = {}
        for read_at, reading in sorted(robot.readings.values(), key=lambda item: item[0]):
            if self._clock() - read_at <= _READING_FRESH_S:
                known.update(_of_reading(reading))
        if robot.sight and self._clock() - robot.sight[0] <= _SIGHT_FRESH_S:
            known.update(_of_sight(robot.sight[1]))
        if person_emotion:
            known["person_emotion"] = person_emotion
        return Situation(**known)  # type: ignore[arg-type]


def _of_reading(reading: SensorReading) -> dict[str, object]:
    known = {
        "battery_percent": reading.percentage,
        "charging": reading.charging,
        "temperature_c": reading.temperature_c,
        "humidity_percent": reading.humidity_percent,
        "distance_cm": reading.distance_cm,
        "touched": reading.touched,
    }
    return {name: value for name, value in known.items() if value is not None}


def _of_sight(event: VisionEvent) -> dict[str, object]:
    sees = event.object or event.person_id or ("a person" if event.event_type in _PERSON_SEEN else None)
    return {name: value for name, value in (("sees", sees), ("person_emotion", event.emotion)) if value is not None}


def _number(value: float | None, words: str) -> str:
    return "" if value is None else words.format(f"{value:.1f}".removesuffix(".0"))
