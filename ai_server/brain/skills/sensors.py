"""What the robot's sensors told last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from ai_server.brain.robots import Situation
from ai_server.brain.skills.forms import Forms
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import one_of, takes

_LOW_BATTERY_PERCENT = 20
_A_PERSON = "a person"
"""What `Robots` calls somebody whose name it does not know."""


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skill of this module."""
    return (Sensors(parts),)


class Sensors:
    """Tells what a sensor measured; without a sensor, what all of them did."""

    name = "read_sensor"
    description = "Tell what one of your sensors measures now: your battery, the temperature, what you see and so on."
    intents = frozenset({"sensor_query"})
    parameters = takes(
        "sensor",
        sensor=one_of("which one", "battery", "temperature", "humidity", "distance", "vision", "touch"),
    )

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return the reading."""
        sayings = self._parts.sayings()
        teller = _Teller(partial(sayings.say, question.language), sayings.form(question.language), question.situation)
        return teller.tell(str(question.slots.get("sensor", "")))


class _Teller:
    def __init__(self, say: Callable[..., str], form: Forms, situation: Situation) -> None:
        self._say = say
        self._form = form
        self._situation = situation
        self._tellers: Mapping[str, Callable[[], Answer]] = {
            "battery": self._battery,
            "temperature": self._temperature,
            "humidity": self._humidity,
            "distance": self._distance,
            "vision": self._vision,
            "touch": self._touch,
        }

    def tell(self, sensor: str) -> Answer:
        return self._tellers.get(sensor, self._everything)()

    def _battery(self) -> Answer:
        situation = self._situation
        if situation.battery_percent is None:
            return Answer(self._say("sensors.no_battery"))
        percent = self._form.number(situation.battery_percent, 0)
        if situation.charging:
            return Answer(self._say("sensors.battery_charging", percent=percent))
        if situation.battery_percent < _LOW_BATTERY_PERCENT:
            return Answer(self._say("sensors.battery_low", percent=percent), "sad")
        return Answer(self._say("sensors.battery", percent=percent))

    def _temperature(self) -> Answer:
        if self._situation.temperature_c is None:
            return Answer(self._say("sensors.no_temperature"))
        return Answer(self._say("sensors.temperature", degrees=self._form.number(self._situation.temperature_c)))

    def _humidity(self) -> Answer:
        if self._situation.humidity_percent is None:
            return Answer(self._say("sensors.no_humidity"))
        return Answer(self._say("sensors.humidity", percent=self._form.number(self._situation.humidity_percent, 0)))

    def _distance(self) -> Answer:
        if self._situation.distance_cm is None:
            return Answer(self._say("sensors.no_distance"))
        return Answer(self._say("sensors.distance", centimetres=self._form.number(self._situation.distance_cm)))

    def _vision(self) -> Answer:
        if not self._situation.sees:
            return Answer(self._say("sensors.no_vision"))
        thing = self._say("sensors.a_person") if self._situation.sees == _A_PERSON else self._situation.sees
        return Answer(self._say("sensors.vision", thing=thing))

    def _touch(self) -> Answer:
        return Answer(self._say("sensors.touch" if self._situation.touched else "sensors.no_touch"))

    def _everything(self) -> Answer:
        situation = self._situation
        known = (
            (situation.battery_percent, self._battery),
            (situation.temperature_c, self._temperature),
            (situation.humidity_percent, self._humidity),
            (situation.distance_cm, self._distance),
            (situation.sees, self._vision),
        )
        told = [tell() for value, tell in known if value is not None]
        if not told:
            return Answer(self._say("sensors.nothing"))
        return Answer(" ".join(answer.text for answer in told), told[0].emotion)
