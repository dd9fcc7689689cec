"""The skills are found, answer by intent or as a model's tool, and whatever happens in one is said."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from structlog.testing import capture_logs

from ai_server import resources
from ai_server.brain import skills as package
from ai_server.brain.robots import Robots, Situation
from ai_server.brain.skills.registry import Skills
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer, Question
from ai_server.brain.skills.tool import NOTHING
from ai_server.configfile import ConfigError
from ai_server.memory.storage.database import Database
from ai_server.protocol.device import VisionEvent
from tests.asking import Asker, declared


class Broken:
    name = "broken"
    description = "Breaks."
    intents = frozenset({"break"})
    parameters = NOTHING

    async def answer(self, question: Question) -> Answer:
        raise ZeroDivisionError(question.text)


def test_every_skill_is_found_by_its_intents(asker: Asker) -> None:
    assert asker.skills.intents >= {
        "time_query",
        "date_query",
        "weather_query",
        "timer_set",
        "alarm_set",
        "reminder_set",
        "reminder_query",
        "volume_set",
        "speech_rate_set",
        "language_set",
        "user_name_set",
        "user_name_query",
        "robot_name_set",
        "calculation",
        "coin_flip",
        "dice_roll",
        "sensor_query",
        "capabilities_query",
        "repeat",
        "cancel",
    }


@pytest.mark.parametrize("intent", ["conversation", "greeting", "goodbye", "gratitude", "affirm", "deny"])
def test_what_is_warmer_from_the_model_is_left_to_it(asker: Asker, intent: str) -> None:
    assert asker.skills.for_intent(intent) is None


def test_a_model_is_told_of_each_skill_by_a_schema(asker: Asker) -> None:
    tools = asker.skills.tools()
    assert {"tell_time", "calculate", "roll_dice", "read_sensor", "set_volume", "tell_weather"} <= {
        tool["name"] for tool in tools
    }
    for tool in tools:
        assert tool.keys() == {"name", "description", "parameters"}
        assert "\n" not in tool["description"]
        Draft202012Validator.check_schema(tool["parameters"])
        assert tool["parameters"]["type"] == "object"
        assert set(tool["parameters"]["required"]) <= set(tool["parameters"]["properties"])


async def test_every_tool_answers_a_model_that_calls_it_with_nothing(database: Database) -> None:
    asker = Asker(database)
    with capture_logs() as logs:
        for tool in asker.skills.tools():
            answer = await asker.call(tool["name"])
            assert answer.text.strip(), tool["name"]
    assert [log for log in logs if log["log_level"] == "error"] == []


@pytest.mark.parametrize(
    "value", ["", "\x00[]{}$x" * 50, -1, 10**30, 0.5, True, float("nan"), float("inf"), "2026-13-99"]
)
async def test_whatever_a_model_puts_in_a_tool_is_answered(database: Database, value: Any) -> None:
    asker = Asker(database)
    with capture_logs() as logs:
        for tool in asker.skills.tools():
            if "snooze" not in tool["name"]:
                answer = await asker.call(tool["name"], **dict.fromkeys(tool["parameters"]["properties"], value))
                assert answer.text.strip(), tool["name"]
    assert [log for log in logs if log["log_level"] == "error"] == []


async def test_a_skill_that_fails_says_so_and_the_log_says_why(asker: Asker) -> None:
    skill = Skills([Broken()], asker.parts).for_intent("break")
    assert skill is not None
    with capture_logs() as logs:
        answer = await skill.answer(asker._question("break", "the bank", {}))
    assert answer == Answer("Something went wrong in me, and I cannot answer that.", "sad")
    assert [(log["event"], log["skill"]) for log in logs] == [("a skill failed", "broken")]


def test_two_skills_for_one_intent_are_refused(asker: Asker) -> None:
    with pytest.raises(ValueError, match="broken and broken"):
        Skills([Broken(), Broken()], asker.parts)


async def test_the_last_answer_is_said_again_with_its_feeling_and_without_its_actions(asker: Asker) -> None:
    assert (await asker.ask("repeat", last=None)).text == "I have not said anything yet."
    assert await asker.ask("repeat", last=Answer("Hooray!", "happy")) == Answer("Hooray!", "happy")


async def test_a_cancel_is_acknowledged(asker: Asker) -> None:
    assert await asker.ask("cancel") == Answer("Okay.")


@pytest.mark.parametrize(
    ("sensor", "situation", "said"),
    [
        ("battery", Situation(battery_percent=72.4), "My battery is at 72 percent."),
        ("battery", Situation(battery_percent=5, charging=True), "My battery is at 5 percent and charging."),
        ("temperature", Situation(temperature_c=21.5), "It is 21.5 degrees Celsius here."),
        ("temperature", Situation(temperature_c=0), "It is 0 degrees Celsius here."),
        ("temperature", Situation(temperature_c=-3.04), "It is minus 3 degrees Celsius here."),
        ("humidity", Situation(humidity_percent=40), "The humidity is 40 percent."),
        ("distance", Situation(distance_cm=30), "The nearest thing is 30 centimetres away."),
        ("vision", Situation(sees="a cup"), "I see a cup."),
        ("touch", Situation(touched=True), "Yes, I feel a touch."),
    ],
)
async def test_a_sensor_is_told(asker: Asker, sensor: str, situation: Situation, said: str) -> None:
    assert (await asker.ask("sensor_query", situation=situation, sensor=sensor)).text == said


@pytest.mark.parametrize("sensor", ["battery", "temperature", "humidity", "distance", "vision", "touch", ""])
async def test_a_silent_sensor_is_admitted(asker: Asker, sensor: str) -> None:
    text = (await asker.ask("sensor_query", sensor=sensor)).text
    assert any(word in text for word in ("no ", "not ", "nothing", "None"))


@pytest.mark.parametrize(("language", "said"), [("en", "a person"), ("de", "einen Menschen"), ("es", "una persona")])
async def test_a_person_without_a_name_is_seen_in_every_language(asker: Asker, language: str, said: str) -> None:
    robots = Robots(max_robots=1, max_sensors=1)
    robots.see("r1", VisionEvent(event_type="person_detected"))
    situation = robots.situation("r1")
    assert said in (await asker.ask("sensor_query", language=language, situation=situation, sensor="vision")).text


async def test_a_low_battery_is_sad_unless_it_charges(asker: Asker) -> None:
    low = await asker.ask("sensor_query", situation=Situation(battery_percent=10), sensor="battery")
    assert low == Answer("My battery is at 10 percent. I could use a charge.", "sad")
    charging = Situation(battery_percent=10, charging=True)
    assert (await asker.ask("sensor_query", situation=charging, sensor="battery")).emotion == "neutral"


async def test_without_a_named_sensor_all_that_is_known_is_told(asker: Asker) -> None:
    text = (await asker.ask("sensor_query", situation=Situation(battery_percent=50, temperature_c=20))).text
    assert text == "My battery is at 50 percent. It is 20 degrees Celsius here."


async def test_a_robot_tells_what_it_can_do_by_its_skills_and_its_body(asker: Asker) -> None:
    text = (await asker.ask("capabilities_query", body=declared({"name": "wave_hand"}, {"name": "blink"}))).text
    assert text == (
        "I can talk with you, tell the time and the date, do sums, flip coins and roll dice, "
        "set timers, alarms and reminders, change my voice and remember names. "
        "My body can do these things: wave hand and blink."
    )


async def test_of_many_actions_only_a_few_are_told(asker: Asker) -> None:
    body = declared(*({"name": f"act_{letter}"} for letter in "abcdefgh"))
    text = (await asker.ask("capabilities_query", body=body, situation=Situation(battery_percent=5))).text
    assert "read my sensors" in text
    assert text.endswith("My body can do 8 things, among them act a, act b, act c, act d, act e and act f.")


async def test_a_robot_without_a_body_says_so(asker: Asker) -> None:
    assert "not told me of anything" in (await asker.ask("capabilities_query")).text


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("We open at nine, {person}.", "We open at nine, Ada."),
        ("It is {time} on {date}.", "It is 09:07 on Sunday, 1 November 2026."),
        ("{robot} here. You said {number}.", "Naila here. You said 7."),
        ("{battery} percent left.", "55 percent left."),
        ("Nothing to fill in {here or there}.", "Nothing to fill in {here or there}."),
    ],
)
async def test_an_owners_answer_is_filled_in(database: Database, response: str, said: str) -> None:
    asker = Asker(database)
    await asker.names.call_person("r1", None, "Ada")
    answer = await asker.ask("hours", response=response, number=7, situation=Situation(battery_percent=55))
    assert answer == Answer(said)


async def test_what_nobody_knows_is_left_out_of_an_owners_answer(database: Database) -> None:
    asker = Asker(database)
    assert (await asker.ask("hours", response="We open at nine, {person}.")).text == "We open at nine."
    assert (await asker.ask("hours", response="{person}, {battery} it is. {unknown}")).text == "it is."


def _said_in_code() -> Iterator[tuple[Path, str, set[str | None]]]:
    """Yield the keys of sayings that are written out in the skills, and the names of the values they are said with."""
    for path in Path(package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Attribute(attr="say"), [_, ast.Constant(str(key))], keywords) if "." in key:
                    yield path, key, {keyword.arg for keyword in keywords}


def test_every_saying_of_the_skills_is_written_with_no_more_than_it_is_said_with() -> None:
    sayings = Sayings.load(resources.config_dir() / "phrases" / "skills")._sayings["en"]
    found = list(_said_in_code())
    assert len(found) >= 30
    for path, key, values in found:
        assert key in sayings, f"{path.name} says {key}"
        for wording in sayings[key]:
            assert None in values or set(Template(wording).get_identifiers()) <= values, f"{path.name} says {key}"


def _folder(tmp_path: Path, **files: str) -> Path:
    for language, content in files.items():
        (tmp_path / f"{language}.toml").write_text(content, encoding="utf-8")
    return tmp_path


def test_wordings_are_said_in_turn_and_what_a_language_lacks_is_said_in_english(tmp_path: Path) -> None:
    folder = _folder(tmp_path, nl='[chance]\nheads = ["Kop.", "Het is kop.", "Kop!"]\n[weather.sky]\nrain = "regen"\n')
    sayings = Sayings.load(folder)
    assert [sayings.say("nl", "chance.heads") for _ in range(4)] == ["Kop.", "Het is kop.", "Kop!", "Kop."]
    assert sayings.say("nl", "weather.sky.rain") == "regen"
    assert sayings.say("nl", "chance.tails") == "Tails."
    assert sayings.say("xx", "chance.heads") == "Heads."


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[chance]\nhaeds = "Kop."\n', r"nl\.toml: chance\.haeds is not known here; did you mean chance\.heads\?"),
        ('[clock]\ntime = "Het is $uur."\n', r"nl\.toml: clock\.time: may hold these placeholders: \$time"),
        ('[clock]\ntime = "Het is $."\n', r"nl\.toml: clock\.time.*dollar sign"),
        ("[clock]\ntime = 5\n", r"nl\.toml: clock\.time"),
        ("[clock]\ntime = []\n", r"nl\.toml: clock\.time"),
        ('[forms]\nand = "en"\n', r"nl\.toml: forms\.weekdays is missing"),
        ("[clock\n", r"nl\.toml: is not TOML"),
    ],
)
def test_a_mistake_in_a_file_of_sayings_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Sayings.load(_folder(tmp_path, nl=content))


def test_english_of_an_owners_own_is_said_in_place_of_the_shipped_and_held_to_it(tmp_path: Path) -> None:
    sayings = Sayings.load(_folder(tmp_path, en='[chance]\nheads = "Heads up!"\n'))
    assert sayings.say("en", "chance.heads") == "Heads up!"
    assert sayings.say("en", "chance.tails") == "Tails."
    assert sayings.form("xx").count_days(2) == "2 days"
    with pytest.raises(ConfigError, match=r"en\.toml: chance\.heads: may hold these placeholders: none"):
        Sayings.load(_folder(tmp_path, en='[chance]\nheads = "$result!"\n'))


def test_a_folder_of_sayings_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be listed"):
        Sayings.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (5400, "1 hour and 30 minutes"),
        (90061, "1 day, 1 hour, 1 minute and 1 second"),
        (59.6, "1 minute"),
    ],
)
def test_a_span_of_time_is_said_without_its_empty_parts(seconds: float, said: str) -> None:
    assert Sayings.load(resources.config_dir() / "phrases" / "skills").form("en").duration(seconds) == said
