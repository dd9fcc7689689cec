"""Rules: robots speak of what their sensors tell, once, and not at night; a mistake in the file has a line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.robots import Situation
from ai_server.brain.rules import Rules
from ai_server.brain.sensor_watch import SensorWatch
from ai_server.configfile import ConfigError
from ai_server.memory.said_rules import SaidRules
from tests.alarms import BERLIN, SAYINGS, House

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=BERLIN)

LOW = """
rules:
  - name: battery_low
    when: battery under 20 %
    until: battery over 30 %
    unless: charging
    quiet: 22:00-07:00
    every: 30 min
    emotion: sad
    say:
      en: My battery is at $value percent.
      de: Mein Akku ist bei $value Prozent.
"""


class Home(House):
    """A house in which sensors are watched by a file of rules."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "naila.db")
        self.file = folder / "rules.yaml"
        self.write(LOW)

    def write(self, text: str) -> None:
        self.file.write_text(text)
        self.rules = Rules.load(self.file)

    async def open(self) -> None:
        await super().open()
        self.watch = SensorWatch(
            rules=lambda: self.rules,
            said=SaidRules(self.database, max_kept=4),
            speaker=self,
            robots=self.robots,
            sayings=lambda: SAYINGS,
        )
        await self.watch.load()

    async def reads(self, *, at: datetime = NOON, device_id: str = "rover", **readings: object) -> list[str]:
        """What is said when a robot's sensors tell this."""
        before = len(self.said)
        self.watch.reading(device_id, Situation(**readings), at)  # type: ignore[arg-type]
        if tasks := list(self.watch._at_it.values()):
            await asyncio.wait(tasks)
        return [text for text, _, _ in self.said[before:]]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    opened = Home(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_low_battery_is_told_once_and_again_only_after_a_charge(home: Home) -> None:
    later = NOON + timedelta(hours=2)
    assert await home.reads(battery_percent=21) == []
    assert await home.reads(battery_percent=19) == ["My battery is at 19 percent."]
    assert await home.reads(battery_percent=5, at=later) == []
    assert await home.reads(battery_percent=25, at=later) == [], "back, but not far enough"
    assert await home.reads(battery_percent=19, at=later) == []
    assert await home.reads(battery_percent=31, at=later) == []
    assert await home.reads(battery_percent=18.5, at=later) == ["My battery is at 18.5 percent."]


async def test_each_robot_speaks_for_itself(home: Home) -> None:
    assert len(await home.reads(battery_percent=19)) == 1
    assert len(await home.reads(battery_percent=19, device_id="other")) == 1


async def test_nothing_is_said_while_it_charges_or_the_sensor_is_silent(home: Home) -> None:
    assert await home.reads(battery_percent=5, charging=True) == []
    assert await home.reads(temperature_c=20) == []
    assert len(await home.reads(battery_percent=5)) == 1


@pytest.mark.parametrize(("hour", "minute", "says"), [(21, 59, 1), (22, 0, 0), (3, 0, 0), (6, 59, 0), (7, 0, 1)])
async def test_nothing_is_said_in_the_quiet_hours(home: Home, hour: int, minute: int, says: int) -> None:
    assert len(await home.reads(battery_percent=5, at=NOON.replace(hour=hour, minute=minute))) == says


async def test_what_still_holds_after_the_quiet_hours_is_said_then(home: Home) -> None:
    assert await home.reads(battery_percent=15, at=NOON.replace(hour=23)) == []
    assert await home.reads(battery_percent=9, at=NOON + timedelta(hours=20)) == ["My battery is at 9 percent."]


async def test_two_times_are_at_least_so_far_apart(home: Home) -> None:
    await home.reads(battery_percent=15)
    await home.reads(battery_percent=40)
    assert await home.reads(battery_percent=15, at=NOON + timedelta(minutes=29)) == []
    assert len(await home.reads(battery_percent=15, at=NOON + timedelta(minutes=30))) == 1


async def test_a_restart_says_nothing_again_and_knows_when_it_may(home: Home) -> None:
    await home.reads(battery_percent=15)
    await home.reads(battery_percent=15, device_id="other")
    await home.reads(battery_percent=40, device_id="other")
    await home.close()
    await home.open()
    later = NOON + timedelta(hours=1)
    assert await home.reads(battery_percent=14, at=later) == []
    assert len(await home.reads(battery_percent=14, at=later, device_id="other")) == 1


async def test_the_reply_is_the_skills_with_the_rules_emotion_and_the_robots_language(home: Home) -> None:
    home.robots.hear("rover")
    home.robots.robot("rover").language = "de"
    await home.reads(battery_percent=12)
    (reply,) = await home.publications()
    told = {key: reply[key] for key in ("text", "language", "emotion", "intent", "source")}
    assert told == {
        "text": "Mein Akku ist bei 12 Prozent.",
        "language": "de",
        "emotion": "sad",
        "intent": "rule_battery_low",
        "source": "skill",
    }


async def test_of_too_many_robots_the_oldest_are_forgotten(home: Home) -> None:
    for number in range(6):
        await home.reads(battery_percent=15, device_id=f"r{number}")
    assert len(await SaidRules(home.database, max_kept=100).load()) == 4
    assert len(home.watch._said) == 4


async def test_a_rule_that_was_edited_holds_at_once(home: Home) -> None:
    home.write(LOW.replace("under 20", "under 10"))
    assert await home.reads(battery_percent=15) == []


@pytest.mark.parametrize(
    ("line", "wrong", "says"),
    [
        (
            "when: battery under 20 %",
            "when: battery below 20 %",
            "line 4: rules.0.when: a value is under or over another",
        ),
        ("when: battery under 20 %", "when: mood under 20 %", "there is no sensor 'mood'"),
        ("when: battery under 20 %", "when: battery under 20 cm", "battery is measured in %, not in cm"),
        ("when: battery under 20 %", "when: low", "must be such as battery under 20 %"),
        ("until: battery over 30 %", "until: battery over 10 %", "until: would be true while when is"),
        ("until: battery over 30 %", "until: temperature over 30 C", "until: must be of the same sensor, battery"),
        ("until: battery over 30 %", "until: battery under 30 %", "until: must be the other way round"),
        ("quiet: 22:00-07:00", "quiet: at night", "line 7: rules.0.quiet: must be such as 22:00-07:00"),
        ("every: 30 min", "every: now and then", "line 8: rules.0.every: must be such as 30 min"),
        ("emotion: sad", "emotion: bored", "line 9: rules.0.emotion"),
        ("      en: My battery is at $value percent.\n", "", "say: en is missing"),
        ("$value percent", "$percent percent", "may hold $value and nothing else"),
        ("unless: charging", "unles: charging", "line 6: rules.0.unles is not known here; did you mean unless?"),
        ("name: battery_low", "name: Battery Low", "line 3: rules.0.name"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, line: str, wrong: str, says: str) -> None:
    file = tmp_path / "rules.yaml"
    assert line in LOW
    file.write_text(LOW.replace(line, wrong))
    with pytest.raises(ConfigError) as error:
        Rules.load(file)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{file}: line ")


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(LOW + LOW.replace("\nrules:", ""))
    with pytest.raises(ConfigError, match="line 14: there is a rule battery_low already"):
        Rules.load(file)


def test_a_file_without_rules_makes_nobody_speak(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("# nothing\n")
    assert Rules.load(file).rules == ()


def test_the_shipped_rules_speak_english_spanish_and_german() -> None:
    rules = Rules.load(resources.config_dir() / "rules.yaml").rules
    assert [rule.name for rule in rules] == ["battery_low", "too_hot"]
    assert all({"en", "es", "de"} <= rule.say.keys() for rule in rules)
