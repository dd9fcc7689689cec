"""What is true at the moment of an utterance, as the bracketed line says it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from dialogues import words

WEEKDAYS = words.words("weekday")
FEELINGS = ["happy", "sad", "angry", "surprised"]


@dataclass(frozen=True)
class Moment:
    """Readings that the robot has now; None where it has none. Battery and humidity in percent, temperature in C, distance in cm.

    `failed` is an action that did not work, and what was the matter.
    """

    weekday: str
    hour: int
    minute: int
    shown: bool = True
    battery: float | None = None
    charging: bool = False
    temperature: str | None = None
    humidity: float | None = None
    distance: float | None = None
    touched: bool = False
    sees: str | None = None
    failed: tuple[str, str] | None = None
    feels: str | None = None

    @property
    def clock(self) -> str:
        """The time as HH:MM."""
        return f"{self.hour:02d}:{self.minute:02d}"

    def blank(self) -> Moment:
        """The same moment for a robot that was told nothing of it."""
        return Moment(self.weekday, self.hour, self.minute, shown=False)

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
        if self.failed:
            facts.append(f"{self.failed[0]} failed: {self.failed[1]}")
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
        battery, charging = (rng.randint(0, 100), rng.random() < 0.25) if sensors.battery else (None, False)
    else:
        passed = before.hour * 60 + before.minute + (rng.randint(0, 3) if rng.random() < 0.8 else rng.randint(5, 400))
        passed += rng.randint(0, 10_000) if rng.random() < 0.04 else 0
        weekday = WEEKDAYS[(WEEKDAYS.index(before.weekday) + passed // 1440) % 7]
        hour, minute = passed // 60 % 24, passed % 60
        battery, charging = before.battery, before.charging
        if battery is not None and rng.random() < 0.7:
            battery = min(100, max(1, battery + (rng.randint(0, 4) if charging else -rng.randint(0, 9))))
        if sensors.battery and (rng.random() < 0.1 or (battery or 0) < 3):
            charging, battery = rng.random() < 0.4, rng.randint(0, 100)
    now = Moment(weekday, hour, minute, battery=battery, charging=charging)
    return replace(
        now,
        temperature=reading("temperature", rng) if sensors.temperature else None,
        humidity=reading("humidity", rng) if sensors.humidity else None,
        distance=reading("distance", rng) if sensors.distance and rng.random() < 0.8 else None,
        touched=rng.random() < 0.1,
        sees=words.seen_thing(rng) if sensors.camera and rng.random() < 0.75 else None,
        feels=rng.choice(FEELINGS) if sensors.face and rng.random() < 0.45 else None,
    )


def reading(name: str, rng: random.Random) -> Any:
    """A reading called `name`, as a field of Moment holds it."""
    if name == "temperature":
        degrees = rng.randint(-200, 500) / 10 if rng.random() < 0.35 else rng.randint(120, 320) / 10
        return f"{degrees if rng.random() < 0.7 else round(degrees):.1f}".removesuffix(".0")
    if name == "humidity":
        return _tenths(rng.randint(0, 99), rng)
    if name == "distance":
        return _tenths(rng.choice([rng.randint(1, 60), rng.randint(2, 400), rng.randint(2, 999)]), rng)
    if name == "battery":
        return _tenths(rng.choice([rng.randint(0, 24), rng.randint(0, 99), rng.randint(5, 99)]), rng, 0.04)
    return {"sees": words.seen_thing, "feels": lambda rng: rng.choice(FEELINGS), "touched": lambda _: True}[name](rng)


def _tenths(whole: int, rng: random.Random, share: float = 0.15) -> float:
    """`whole`, now and then with a decimal place."""
    return whole + rng.randint(1, 9) / 10 if rng.random() < share else whole


def failure(actions: list[str], rng: random.Random) -> tuple[str, str]:
    """One of `actions` that did not work, and what was the matter in one to four words."""
    matter = words.word("trouble", rng) if rng.random() < 0.7 else words.made_up(rng)
    if rng.random() < 0.12:
        matter = f"{words.word('part', rng)} {words.made_up(rng) if rng.random() < 0.4 else rng.choice(['broken', 'stuck', 'jammed', 'missing', 'loose', 'too hot'])}"
    return rng.choice(actions), matter
