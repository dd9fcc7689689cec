"""Answers that a clock, a sensor or the memory knows better and sooner than a language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ai_server.brain.robots import Situation
from ai_server.brain.skills.skill import Answer
from ai_server.brain.slots import SlotValue

_LOW_BATTERY_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What a skill may look at: the time, the robot's situation, the intent's slots, and what was said last."""

    now: datetime
    situation: Situation
    slots: Mapping[str, SlotValue]
    last: Answer | None


def _time(question: Question) -> Answer:
    return Answer(f"It is {question.now:%H:%M}.")


def _date(question: Question) -> Answer:
    return Answer(f"Today is {question.now:%A}, {question.now.day} {question.now:%B %Y}.")


def _repeat(question: Question) -> Answer:
    return question.last or Answer("I have not said anything yet.")


def _cancel(_: Question) -> Answer:
    return Answer("Okay.")


def _sensor(question: Question) -> Answer:
    tell = _SENSORS.get(str(question.slots.get("sensor", "")), _everything)
    return tell(question.situation)


def _battery(situation: Situation) -> Answer:
    if situation.battery_percent is None:
        return Answer("My battery has not told me its charge.")
    charging = " and charging" if situation.charging else ""
    low = situation.battery_percent < _LOW_BATTERY_PERCENT and not situation.charging
    text = f"My battery is at {situation.battery_percent:.0f} percent{charging}."
    return Answer(f"{text} I could use a charge.", "sad") if low else Answer(text)


def _temperature(situation: Situation) -> Answer:
    if situation.temperature_c is None:
        return Answer("I have no temperature reading.")
    return Answer(f"It is {_plain(situation.temperature_c)} degrees Celsius here.")


def _humidity(situation: Situation) -> Answer:
    if situation.humidity_percent is None:
        return Answer("I have no humidity reading.")
    return Answer(f"The humidity is {situation.humidity_percent:.0f} percent.")


def _distance(situation: Situation) -> Answer:
    if situation.distance_cm is None:
        return Answer("I have no distance reading.")
    return Answer(f"The nearest thing is {_plain(situation.distance_cm)} centimetres away.")


def _vision(situation: Situation) -> Answer:
    return Answer(f"I see {situation.sees}." if situation.sees else "I see nothing that I could name.")


def _touch(situation: Situation) -> Answer:
    return Answer("Yes, I feel a touch." if situation.touched else "I feel no touch.")


def _everything(situation: Situation) -> Answer:
    known = [
        (situation.battery_percent, _battery),
        (situation.temperature_c, _temperature),
        (situation.humidity_percent, _humidity),
        (situation.distance_cm, _distance),
        (situation.sees, _vision),
    ]
    told = [tell(situation) for value, tell in known if value is not None]
    if not told:
        return Answer("None of my sensors has told me anything yet.")
    return Answer(" ".join(answer.text for answer in told), told[0].emotion)


def _plain(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


_SENSORS: Mapping[str, Callable[[Situation], Answer]] = {
    "battery": _battery,
    "temperature": _temperature,
    "humidity": _humidity,
    "distance": _distance,
    "vision": _vision,
    "touch": _touch,
}

SKILLS: Mapping[str, Callable[[Question], Answer]] = {
    "time_query": _time,
    "date_query": _date,
    "sensor_query": _sensor,
    "repeat": _repeat,
    "cancel": _cancel,
}
"""The intents that are answered with no model call."""
