"""The files that people edit, on a real disk and watched: what is used after each change, and what is said of it."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ai_server import resources
from ai_server.brain.characters import CharacterFiles, Characters
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Prompt
from ai_server.brain.wording import Wording
from ai_server.configfile import ConfigError
from tests.daemons import CACHE

LOOK_S = 0.02
PIRATE = 'name = "Anne"\ncharacter = "a pirate"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resources.config_dir(), tmp_path / "config"))


@pytest.fixture
def personas(config: Path) -> Path:
    return config / "personas"


class Watched:
    """Character files that are watched while a test edits them."""

    def __init__(self, files: CharacterFiles) -> None:
        self.files = files
        self._changed = asyncio.Event()
        files.on_change = self._changed.set

    @property
    def current(self) -> Characters:
        return self.files.current

    async def until(self, holds: Callable[[Characters], bool]) -> None:
        while not holds(self.current):
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def watched(config: Path, persona: str = "naila") -> AsyncIterator[Watched]:
    files = CharacterFiles(config, persona=persona, prompt="system", cache=CACHE)
    task = asyncio.create_task(files.run(LOOK_S))
    try:
        yield Watched(files)
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def read(config: Path, persona: str = "naila") -> Characters:
    return CharacterFiles(config, persona=persona, prompt="system", cache=CACHE).current


def test_the_shipped_files_are_all_right() -> None:
    characters = read(resources.config_dir())
    assert sorted(characters.personas) == ["nabu", "naila", "ollie"]
    assert characters.problems == ()
    assert characters.ailment == ""


def test_a_robot_gets_the_persona_that_it_wants_or_else_the_default_one() -> None:
    characters = read(resources.config_dir(), persona="nabu")
    assert [characters.persona(name).name for name in ("ollie", None, "nobody")] == ["Ollie", "Nabu", "Nabu"]


def test_an_unknown_persona_is_logged_once() -> None:
    characters = read(resources.config_dir())
    with capture_logs() as logs:
        for name in ("nobody", "nobody", "noone", "nobody", "ollie", None):
            characters.persona(name)
    assert [(entry["log_level"], entry["persona"]) for entry in logs] == [("warning", "nobody"), ("warning", "noone")]
    assert logs[0]["known"] == "nabu, naila, ollie"


def test_no_flood_of_unknown_personas_fills_the_memory_or_the_log() -> None:
    characters = read(resources.config_dir())
    with capture_logs() as logs:
        for number in range(3000):
            characters.persona(f"nobody-{number}")
    assert len(logs) == 1000


@pytest.mark.parametrize(
    "name",
    [
        "personas/naila.toml",
        "prompts/system.txt",
        "phrases/fallback/en.toml",
        "phrases/actions.toml",
        "intents/en.yaml",
        "feelings/signs.toml",
        "tones/signs.toml",
    ],
)
@pytest.mark.parametrize("content", [b"= $$$ {", None])
def test_a_start_with_a_wrong_or_missing_file_is_refused_by_its_name(
    config: Path, name: str, content: bytes | None
) -> None:
    if content is None:
        (config / name).unlink()
    else:
        (config / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(config)
    assert caught.value.path == config / name


async def test_a_start_with_another_persona_wrong_says_so_and_does_without_it(config: Path, personas: Path) -> None:
    (personas / "ollie.toml").write_text("name = 'Ollie'")
    (personas / "anne.toml").write_text(PIRATE)
    with capture_logs() as logs:
        async with watched(config) as files:
            assert sorted(files.current.personas) == ["anne", "nabu", "naila"]
            assert files.current.problems == (f"{personas / 'ollie.toml'}: character is missing",)
            (personas / "anne.toml").unlink()
            await files.until(lambda now: "anne" not in now.personas)
    assert [entry["reason"] for entry in logs if entry["log_level"] == "error"] == list(files.current.problems)


def test_a_file_that_cannot_be_asked_for_by_its_name_is_named(config: Path, personas: Path) -> None:
    (personas / "My Robot.toml").write_text(PIRATE)
    name_of_file = "the name of a persona's file is 1 to 32 of a-z 0-9 _ - and then .toml: rename it"
    assert read(config).ailment == f"{personas / 'My Robot.toml'}: {name_of_file}"


def test_what_editors_keep_beside_the_files_is_passed_over(config: Path, personas: Path) -> None:
    for name in (".ollie.toml.swp", "ollie.toml~", "#ollie.toml#", "._ollie.toml", "4913"):
        (personas / name).write_bytes(b"\x00\x05")
    (personas / ".#ollie.toml").symlink_to("somebody@nowhere.1234")
    characters = read(config)
    assert (sorted(characters.personas), characters.problems) == (["nabu", "naila", "ollie"], ())


@pytest.mark.parametrize("name", ["personas/ollie.toml", "prompts/system.txt", "phrases/actions.toml"])
def test_whatever_people_write_is_taken_or_refused_and_nothing_else_comes_of_it(config: Path, name: str) -> None:
    path = config / name
    text = path.read_text()
    rng = random.Random(name)
    loaders: dict[str, Callable[[Path], object]] = {
        "personas/ollie.toml": lambda path: Persona.load(path.parent, path.stem),
        "prompts/system.txt": Prompt.load,
        "phrases/actions.toml": Wording.load,
    }
    refused = 0
    for _ in range(100):
        at = rng.randrange(len(text))
        wrong = rng.choice("[]{}()<>|\"'=\\#$\n\t, a0é\x00\u2028") * rng.choice([1, 2, 3, 50, 3000])
        path.write_text(text[:at] + wrong + text[at + rng.choice([0, 1, 60, len(text)]) :])
        try:
            loaders[name](path)
        except ConfigError as error:
            refused += 1
            assert error.path == path
            assert str(error).startswith(f"{path}: ")
    assert 0 < refused < 100


async def test_a_changed_persona_is_used_and_what_a_turn_has_taken_stays(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        before = files.current
        (personas / "naila.toml").write_text('name = "Naila"\ncharacter = "a small brave robot"')
        await files.until(lambda now: now.default.character == "a small brave robot")
        assert before.default.character == "a small friendly robot"
        assert files.files.reloads == 1


async def test_each_kind_of_file_is_read_again(config: Path) -> None:
    def edit(name: str, old: str, new: str) -> None:
        path = config / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    (config / "intents" / "en.yaml").write_text("intents:\n  - {intent: date_query, phrases: [what day is it]}\n")
    async with watched(config) as files:
        edit("prompts/system.txt", "You are $name", "Thou art $name")
        await files.until(lambda now: "Thou art $name" in now.prompt.template.template)
        edit("phrases/actions.toml", 'yes = "Okay."', 'yes = "Aye."')
        await files.until(lambda now: now.wording.yes == "Aye.")
        edit("intents/en.yaml", "phrases: [what day is it", "phrases: [ahoy date, what day is it")
        await files.until(lambda now: now.classifier.classify("ahoy date").name == "date_query")
        assert files.current.feelings.of("I am feeling cattywampus", "en") is None
        edit("feelings/en.toml", "[sad]\nphrases = [", '[sad]\nphrases = [\n"i am feeling cattywampus",')
        await files.until(lambda now: now.feelings.of("I am feeling cattywampus", "en") == "sad")
        assert files.current.problems == ()


async def test_a_new_persona_is_there_and_its_name_is_known_to_the_intents(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        assert files.current.classifier.classify("What time is it, Anne?").confidence != 0.95
        (personas / "anne.toml").write_text(PIRATE)
        await files.until(lambda now: now.classifier.classify("What time is it, Anne?").confidence == 0.95)
        assert files.current.persona("anne") == Persona(name="Anne", character="a pirate")


async def test_a_deleted_persona_is_gone(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        (personas / "ollie.toml").unlink()
        await files.until(lambda now: "ollie" not in now.personas)
        assert files.current.problems == ()
        assert files.current.persona("ollie").name == "Naila"
        assert files.files.refusals == 0


async def test_a_deleted_default_persona_stays_and_says_so(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        (personas / "naila.toml").unlink()
        await files.until(lambda now: bool(now.problems))
        assert files.current.default.name == "Naila"
        assert files.current.ailment.startswith(f"{personas / 'naila.toml'}: there is no persona 'naila'")


async def test_a_broken_file_keeps_what_it_held_while_others_go_on_changing(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        with capture_logs() as logs:
            (personas / "ollie.toml").write_text('name = "Ollie"\ncharacter = an octopus')
            await files.until(lambda now: bool(now.problems))
        assert files.current.personas["ollie"].character == "an empathic octopus who lives in a robot"
        assert [entry["reason"] for entry in logs if entry["log_level"] == "error"] == list(files.current.problems)
        assert files.current.problems[0].startswith(f"{personas / 'ollie.toml'}: is not TOML: ")
        assert "line 2" in files.current.problems[0]
        (personas / "nabu.toml").write_text('name = "Nabu"\ncharacter = "a curt voice"')
        await files.until(lambda now: now.personas["nabu"].character == "a curt voice")
        assert len(files.current.problems) == 1
        (personas / "ollie.toml").write_text('name = "Ollie"\ncharacter = "an octopus"')
        await files.until(lambda now: not now.problems)
        assert files.current.personas["ollie"].character == "an octopus"
        assert (files.files.reloads, files.files.refusals) == (2, 1)


async def test_several_wrong_files_are_counted_in_one_line(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        (personas / "nabu.toml").write_text("")
        (personas / "ollie.toml").write_text("")
        (config / "prompts" / "system.txt").write_text("You are $nobody")
        await files.until(lambda now: len(now.problems) == 3)
        assert files.current.ailment == f"{personas / 'nabu.toml'}: name is missing, and 2 more"


async def test_a_broken_intents_file_takes_a_new_name_once_it_is_mended(config: Path, personas: Path) -> None:
    intents = config / "intents" / "en.yaml"
    good = intents.read_text()
    async with watched(config) as files:
        intents.write_text("intents: nothing")
        await files.until(lambda now: bool(now.problems))
        (personas / "anne.toml").write_text(PIRATE)
        await files.until(lambda now: "anne" in now.personas)
        assert files.current.classifier.classify("What time is it?").name == "time_query"
        intents.write_text(good)
        await files.until(lambda now: now.classifier.classify("Anne, what time is it?").confidence == 0.95)


async def test_a_folder_that_goes_away_as_a_whole_keeps_everybody(config: Path, personas: Path) -> None:
    async with watched(config) as files:
        personas.rename(config / "elsewhere")
        await files.until(lambda now: len(now.problems) == 4)
        assert sorted(files.current.personas) == ["nabu", "naila", "ollie"]
        assert f"{personas}: cannot be listed: No such file or directory" in files.current.problems
        (config / "elsewhere").rename(personas)
        await files.until(lambda now: not now.problems)
        assert sorted(files.current.personas) == ["nabu", "naila", "ollie"]
