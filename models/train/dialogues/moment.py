"""What is true at the moment of an utterance, as the bracketed line says it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from dialogues import words

WEEKDAYS = words.words("weekday")
FEELINGS = ["happy", "sad", "angry", "surprised"]


@dataclass(frozen=True)
class Moment:
    """Readings that the robot has now; None where it has none. Battery and humidity in percent, temperature in C, distance in cm."""

    weekday: str
    hour: int
    minute: int
    shown: bool = True
    battery: int | None = None
    charging: bool = False
    temperature: str | None = None
    humidity: int | None = None
    distance: int | None = None
    touched: bool = False
    sees: str | None = None
    feels: str | None = None

    @property
    def clock(self) -> str:
        """The time as HH:MM."""
        return f"{self.hour:02d}:{self.minute:02d}"

    def line(self) -> str:
        """The bracketed line, or nothing when it is not shown."""
        if not self.shown:
            return ""
        facts = [f"{self.weekday} {self.clock}"]
        if self.battery is not None:
            facts.append(f"battery {self.battery}%" + (" charging" if self.charging else ""))
        if self.temperature is not None:
            facts.append(f"temperature {self.temperature} C")
        if self.humidity is not None:
            facts.append(f"humidity {self.humidity}%")
        if self.distance is not None:
            facts.append(f"distance {self.distance} cm")
        if self.touched:
            facts.append("touched")
        if self.sees:
            facts.append(f"sees {self.sees}")
        if self.feels:
            facts.append(f"person feels {self.feels}")
        return f"[{'; '.join(facts)}]\n"


@dataclass(frozen=True)
class Sensors:
    """Which readings a robot sends at all."""

    battery: bool
    temperature: bool
    humidity: bool
    distance: bool
    camera: bool
    face: bool

    @classmethod
    def random(cls, rng: random.Random) -> Sensors:
        """A robot with some sensors."""
        rich = rng.choice([0.25, 0.5, 0.8])
        return cls(rng.random() < max(rich, 0.6), *(rng.random() < rich for _ in range(5)))


def moment(rng: random.Random, sensors: Sensors, before: Moment | None) -> Moment:
    """The moment a little after `before`, or a first one."""
    if before is None:
        weekday, hour, minute = rng.choice(WEEKDAYS), rng.randrange(24), rng.randrange(60)
        battery, charging = (rng.randint(1, 100), rng.random() < 0.2) if sensors.battery else (None, False)
    else:
        passed = before.hour * 60 + before.minute + (rng.randint(0, 3) if rng.random() < 0.8 else rng.randint(5, 400))
        weekday = WEEKDAYS[(WEEKDAYS.index(before.weekday) + passed // 1440) % 7]
        hour, minute = passed // 60 % 24, passed % 60
        battery, charging = before.battery, before.charging
        if battery is not None and rng.random() < 0.7:
            battery = min(100, max(1, battery + (rng.randint(0, 4) if charging else -rng.randint(0, 9))))
        if sensors.battery and rng.random() < 0.1:
            charging, battery = rng.random() < 0.4, rng.randint(1, 100)
    now = Moment(weekday, hour, minute, battery=battery, charging=charging)
    degrees = rng.randint(-50, 450) / 10 if rng.random() < 0.3 else rng.randint(150, 300) / 10
    return replace(
        now,
        temperature=rng.choice([f"{degrees:.1f}", f"{degrees:.1f}", f"{degrees:.0f}"]) if sensors.temperature else None,
        humidity=rng.randint(10, 99) if sensors.humidity else None,
        distance=rng.choice([rng.randint(2, 60), rng.randint(2, 400)])
        if sensors.distance and rng.random() < 0.8
        else None,
        touched=rng.random() < 0.1,
        sees=words.seen_thing(rng) if sensors.camera and rng.random() < 0.75 else None,
        feels=rng.choice(FEELINGS) if sensors.face and rng.random() < 0.45 else None,
    )
