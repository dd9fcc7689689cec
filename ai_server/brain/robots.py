"""What is known of each robot at this moment: its latest readings, what it sees, and what its body can do."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from ai_server.brain.body import Body
from ai_server.protocol.device import Capabilities, Heartbeat, SensorReading, VisionEvent
from ai_server.protocol.terms import Emotion

_SILENT_S = 600
"""A sensor that was silent for so long is not spoken of; it, or a robot, may have to make room for another one."""

_SIGHT_FRESH_S = 60
"""What the camera saw is true for so long."""

_PERSON_SEEN = frozenset({"person_detected", "person_recognized", "face_detected"})
"""The vision events that mean a person is there, named or not."""

_PERSON_GONE = frozenset({"person_left", "person_lost"})

_SURE_OF_PERSON = 0.7
"""A face that the camera is less sure of is nobody's: what one person said must not be told to another."""


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
    failures: tuple[str, ...] = ()
    """What its body could not do lately, each such as `move failed: stuck`."""
    person_emotion: Emotion | None = None
    language: str | None = None
    """What the person speaks, in English, such as `German`; None where it is English."""

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
            *self.failures,
            f"person feels {self.person_emotion}" if self.person_emotion else "",
            f"speaks {self.language}" if self.language else "",
        )
        return "; ".join(fact for fact in facts if fact)


class TooManyRobotsError(Exception):
    """There is no room for one more robot: all that are known were heard of lately.

    Attributes:
        retry_after_s: when the longest silent one makes room, if it stays silent.
    """

    def __init__(self, known: int, retry_after_s: float) -> None:
        super().__init__(f"{known} robots are known, and all were heard of in the last {_SILENT_S // 60} minutes")
        self.retry_after_s = retry_after_s


class TooManySensorsError(Exception):
    """There is no room for one more sensor of a robot: all that are known were heard of lately."""

    def __init__(self, known: int) -> None:
        super().__init__(
            f"{known} sensor types of this robot are known, and all were heard of in the last {_SILENT_S // 60} minutes"
        )


@dataclass(slots=True)
class Robot:
    """One robot, as it told of itself.

    All times are of the registry's clock, in seconds; it was heard minus infinity ago where it is known only by what
    the broker retained, or has gone offline. `body` is what its `capabilities` come to.
    """

    device_id: str
    heard_at: float = -math.inf
    capabilities: Capabilities = field(default_factory=Capabilities)
    body: Body = field(default_factory=Body)
    heartbeat: Heartbeat | None = None
    readings: dict[str, tuple[float, SensorReading]] = field(default_factory=dict)
    sight: tuple[float, VisionEvent] | None = None
    person: tuple[float, str] | None = None
    """When somebody was recognised, and who."""
    language: str | None = None
    """What it was spoken to in last, a primary tag of BCP 47."""


class Robots:
    """The robots that were heard of; of each the latest reading of each sensor, and nothing older.

    There is room for `max_robots`, and for `max_sensors` sensor types of each. One more takes the place of the one that
    was silent for longest, if that was silent for ten minutes: a robot that is there sends a heartbeat more often, and
    one that comes back declares its body again.
    """

    def __init__(self, *, max_robots: int, max_sensors: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_robots = max_robots
        self._max_sensors = max_sensors
        self._clock = clock
        self._robots: OrderedDict[str, Robot] = OrderedDict()
        """The longest silent one comes first."""

    def __len__(self) -> int:
        return len(self._robots)

    def robot(self, device_id: str) -> Robot:
        """Return what is known of a robot; nothing, of one that was never heard of."""
        return self._robots.get(device_id) or Robot(device_id)

    def hear(self, device_id: str, *, retained: bool = False) -> None:
        """Note that a robot was heard, and take in a new one; what was `retained` does not show that it is there.

        Raises:
            TooManyRobotsError: if there is no room for one more.
        """
        robot = self._robots.get(device_id)
        if robot is None:
            robot = self._take_in(device_id, retained=retained)
        if not retained:
            robot.heard_at = self._clock()
            self._robots.move_to_end(device_id)

    def make_room(self, device_id: str, sensor: str) -> None:
        """See to it that there is room for a sensor's reading.

        Raises:
            TooManySensorsError: if there is none.
        """
        readings = self.robot(device_id).readings
        if sensor in readings or len(readings) < self._max_sensors:
            return
        longest_silent = min(readings, key=lambda each: readings[each][0])
        if self._clock() - readings[longest_silent][0] < _SILENT_S:
            raise TooManySensorsError(len(readings))
        del readings[longest_silent]

    def read_sensor(self, device_id: str, sensor: str, reading: SensorReading) -> None:
        """Keep the latest reading of one sensor."""
        self.make_room(device_id, sensor)
        self._known(device_id).readings[sensor] = (self._clock(), reading)

    def see(self, device_id: str, event: VisionEvent) -> None:
        """Keep the latest vision event, and who is there, until somebody else is or nobody."""
        robot = self._known(device_id)
        robot.sight = (self._clock(), event)
        if event.event_type in _PERSON_SEEN:
            sure = event.confidence is None or event.confidence >= _SURE_OF_PERSON
            robot.person = (self._clock(), event.person_id) if sure and event.person_id else None
        elif event.event_type in _PERSON_GONE:
            robot.person = None

    def person(self, device_id: str) -> str | None:
        """Return the id of the person whom a robot's camera recognised, a minute ago at most; None for nobody."""
        person = self.robot(device_id).person
        return person[1] if person and self._clock() - person[0] <= _SIGHT_FRESH_S else None

    def beat(self, device_id: str, heartbeat: Heartbeat) -> None:
        """Keep the latest heartbeat; a robot that is offline makes room first."""
        self._known(device_id).heartbeat = heartbeat
        if heartbeat.status == "offline":
            self._robots[device_id].heard_at = -math.inf
            self._robots.move_to_end(device_id, last=False)

    def declare(self, device_id: str, capabilities: Capabilities) -> bool:
        """Keep what a robot says that its body can do; return whether that is anything new."""
        robot = self._known(device_id)
        if robot.capabilities == capabilities:
            return False
        robot.capabilities, robot.body = capabilities, Body(capabilities.actions)
        return True

    def restore(self, declared: Iterable[tuple[str, Capabilities]]) -> None:
        """Take in, at the start, the robots that declared something before it; no more than there is room for."""
        for device_id, capabilities in islice(declared, self._max_robots):
            self.hear(device_id, retained=True)
            self.declare(device_id, capabilities)

    def last_heard(self, count: int) -> list[Robot]:
        """Return so many robots, the one that was heard last first."""
        return list(islice(reversed(self._robots.values()), count))

    def situation(self, device_id: str, person_emotion: Emotion | None = None) -> Situation:
        """Return what is true of a robot now; `person_emotion` from the utterance wins over what the camera saw."""
        robot = self.robot(device_id)
        known: dict[str, object] = {}
        for read_at, reading in sorted(robot.readings.values(), key=lambda item: item[0]):
            if self._clock() - read_at <= _SILENT_S:
                known.update(_of_reading(reading))
        if robot.sight and self._clock() - robot.sight[0] <= _SIGHT_FRESH_S:
            known.update(_of_sight(robot.sight[1]))
        if person_emotion:
            known["person_emotion"] = person_emotion
        return Situation(**known)  # type: ignore[arg-type]

    def _known(self, device_id: str) -> Robot:
        if device_id not in self._robots:
            self.hear(device_id)
        return self._robots[device_id]

    def _take_in(self, device_id: str, *, retained: bool) -> Robot:
        if len(self._robots) >= self._max_robots:
            self._forget_longest_silent(for_retained=retained)
        robot = self._robots[device_id] = Robot(device_id)
        self._robots.move_to_end(device_id, last=False)
        return robot

    def _forget_longest_silent(self, *, for_retained: bool) -> None:
        first = next(iter(self._robots.values()))
        silent_s = self._clock() - first.heard_at
        if silent_s < _SILENT_S or for_retained:
            raise TooManyRobotsError(len(self._robots), max(1.0, _SILENT_S - silent_s))
        del self._robots[first.device_id]


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
