"""The files of `config/intents/`: what people say in a language, and what they mean by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from ai_server.brain.intent.phrases import Automaton, TemplateError, slots_of
from ai_server.brain.intent.response import KNOWN, placeholders
from ai_server.brain.intent.slotreader import KINDS
from ai_server.brain.slots import SlotValue
from ai_server.configfile import ConfigError, ConfigModel, YamlFile, config_files, load_yaml, read_text

SUFFIXES = (".yaml", ".yml")

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
_LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
_Templates = Annotated[tuple[str, ...], Field(min_length=1)]
_LANGUAGE = re.compile(r"([a-z]{2,3})(\.|$)")
_LANGUAGE_LINE = re.compile(r"""^language: *["']?([a-z]{2,3})["']?\s*(?:#.*)?$""", re.MULTILINE)


class Courtesies(ConfigModel):
    """What people say around a phrase, and some of it around a command to the body as well.

    Attributes:
        before: before a phrase alone.
        after: after a phrase alone.
        before_commands: before both.
        after_commands: after both.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before_commands: tuple[str, ...] = ()
    after_commands: tuple[str, ...] = ()

    @property
    def before_phrases(self) -> tuple[str, ...]:
        """All that may stand before a phrase."""
        return self.before_commands + self.before

    @property
    def after_phrases(self) -> tuple[str, ...]:
        """All that may stand after a phrase."""
        return self.after_commands + self.after


class Commands(ConfigModel):
    """What bodies are told to do.

    Attributes:
        words: templates of what is said for the English words of names, parameters and values.
        last: the same for verbs that stand at the end.
        fillers: words that mean nothing among them.
    """

    words: Mapping[str, str] = {}
    last: Mapping[str, str] = {}
    fillers: tuple[str, ...] = ()


class PhraseGroup(ConfigModel):
    """Phrases that mean the same.

    Attributes:
        intent: what they are for; `conversation` where they only look like something else.
        phrases: templates.
        slots: what is wanted whenever one of them is said.
        alone: they count without courtesies only.
        learnt_only: the classifier learns from them, and nothing is matched against them: for phrases without number.
        matched_only: they are matched, and the classifier learns nothing from them: for what is to be said just so.
        threshold: how probable the intent must be for the classifier to say it; None for the usual.
        response: an answer, a template; empty where a skill answers.
    """

    intent: _Name
    phrases: _Templates
    slots: Mapping[str, SlotValue] = {}
    alone: bool = False
    learnt_only: bool = False
    matched_only: bool = False
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    response: str = ""


class FollowUps(ConfigModel):
    """What people say to go on from an intent.

    Attributes:
        after: the intents that it goes on from.
        phrases: templates.
        intent: what it is for; None for the same as before.
        slots: what is wanted whenever one of them is said.
    """

    after: Annotated[tuple[_Name, ...], Field(min_length=1)]
    phrases: _Templates
    intent: _Name | None = None
    slots: Mapping[str, SlotValue] = {}


class _PhraseFile(ConfigModel):
    language: _LanguageTag | None = None
    spellings: Mapping[str, str] = {}
    courtesies: Courtesies = Courtesies()
    lists: Mapping[str, str] = {}
    typical: Mapping[str, _Templates] = {}
    intents: tuple[PhraseGroup, ...] = ()
    followups: tuple[FollowUps, ...] = ()
    choices: tuple[str, ...] = ()
    commands: Commands = Commands()


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """What people say in one language: all that its files hold, the owner's own before the shipped one.

    Attributes:
        typical: words that the classifier learns from in the place of each kind of slot.
        choices: what is said to choose by `{ordinal}`, where the robot asked which of several.
    """

    spellings: Mapping[str, str]
    courtesies: Courtesies
    lists: Mapping[str, str]
    typical: Mapping[str, Sequence[str]]
    groups: Sequence[PhraseGroup]
    followups: Sequence[FollowUps]
    choices: Sequence[str]
    commands: Commands

    @property
    def taught(self) -> Phrasebook:
        """The same without the groups that the classifier learns nothing from."""
        return replace(self, groups=[group for group in self.groups if not group.matched_only])


class PhraseFiles:
    """Reads the phrase files of a folder.

    A file is of the language that a line of it names, such as `language: en`, or else of that which its name begins
    with: `en.yaml`, and an owner's `en.cafe.yaml`.

    Attributes:
        folder: which.

    Args:
        folder: which.
        needed: languages that must have a file.

    Raises:
        ConfigError: if a file cannot be read or is missing, or its language is unknown.
    """

    def __init__(self, folder: Path, needed: Iterable[str] = ()) -> None:
        self.folder = folder
        self._texts: dict[str, dict[Path, str]] = {}
        for path in config_files(folder, *SUFFIXES):
            text = read_text(path)
            self._texts.setdefault(_language(path, text), {})[path] = text
        for language in needed:
            if language not in self._texts:
                raise ConfigError(folder / f"{language}.yaml", "is missing")

    @property
    def languages(self) -> Sequence[str]:
        """The languages that have files, as primary tags of BCP 47."""
        return list(self._texts)

    def contents(self, language: str) -> list[str]:
        """Return all that what the files of a language hold depends on."""
        return [part for path in self._paths(language) for part in (path.stem, self._texts[language][path])]

    def have_changed(self, language: str) -> bool:
        """Return whether somebody has edited the files of a language since they were looked at.

        Raises:
            ConfigError: if one of them cannot be read.
        """
        return any(read_text(path) != text for path, text in self._texts[language].items())

    def phrasebooks(self) -> dict[str, Phrasebook]:
        """Return what the files hold, by language.

        Raises:
            ConfigError: if a file is wrong, or files of one language contradict each other.
        """
        return {language: self.phrasebook(language) for language in self._texts}

    def phrasebook(self, language: str) -> Phrasebook:
        """Return what the files of a language hold.

        Raises:
            ConfigError: if a file is wrong, or files contradict each other.
        """
        files = self._files(language)
        contents = [file.content for file in files]
        return Phrasebook(
            spellings=_merged(files, "spellings"),
            courtesies=Courtesies(
                **{
                    key: tuple(phrase for content in contents for phrase in getattr(content.courtesies, key))
                    for key in Courtesies.model_fields
                }
            ),
            lists=_merged(files, "lists"),
            typical={kind: values for content in contents for kind, values in content.typical.items()},
            groups=[group for content in contents for group in content.intents],
            followups=[group for content in contents for group in content.followups],
            choices=[phrase for content in contents for phrase in content.choices],
            commands=Commands(
                words=_merged(files, "commands.words"),
                last=_merged(files, "commands.last"),
                fillers=tuple(word for content in contents for word in content.commands.fillers),
            ),
        )

    def mistake(self, language: str, words: Callable[[str], Sequence[str]]) -> ConfigError | None:
        """Return what is wrong with the first template that is, with its file and line; None where none is."""
        files = self._files(language)
        lists = {name: template for file in files for name, template in file.content.lists.items()}
        for file in files:
            for place, template in _templates(file.content):
                try:
                    Automaton.of([f"word {template}" if place[0] == "lists" else template], lists, words, KINDS)
                except TemplateError as error:
                    return file.error(place, str(error))
        return None

    def misanswered(self, language: str) -> ConfigError | None:
        """Return what is wrong with the first answer that names in braces what nobody says; None where none does.

        Raises:
            TemplateError: if a template is malformed.
        """
        files = self._files(language)
        lists = {name: template for file in files for name, template in file.content.lists.items()}
        for file in files:
            for number, group in enumerate(file.content.intents):
                if wrong := _misanswer(group, lists):
                    return file.error(("intents", number, "response"), wrong)
        return None

    def _paths(self, language: str) -> list[Path]:
        return sorted(self._texts[language], key=lambda path: (path.stem == language, path))

    def _files(self, language: str) -> list[YamlFile[_PhraseFile]]:
        files = [load_yaml(path, _PhraseFile) for path in self._paths(language)]
        for file in files:
            if file.content.language not in {None, language}:
                raise file.error(("language",), f"write `language: {file.content.language}` as a line of its own")
        return files


def _language(path: Path, text: str) -> str:
    named = _LANGUAGE_LINE.search(text) or _LANGUAGE.match(path.stem)
    if named:
        return named[1]
    load_yaml(path, _PhraseFile)
    raise ConfigError(
        path, "line 1: language is missing: write `language: en` here, or begin the file's name with `en.`"
    )


def _merged(files: Iterable[YamlFile[_PhraseFile]], key: str) -> dict[str, str]:
    """Return what several files have under a key, which may be within another: `commands.words`."""
    texts_of = attrgetter(key)
    merged: dict[str, str] = {}
    for file in files:
        for name, text in texts_of(file.content).items():
            if merged.setdefault(name, text) != text:
                raise file.error((*key.split("."), name), f"{key}.{name} is something else in another file: rename it")
    return merged


def _misanswer(group: PhraseGroup, lists: Mapping[str, str]) -> str:
    """Return what is wrong with a group's answer; empty where nothing is."""
    named = placeholders(group.response)
    if not named:
        return ""
    slots = {slot.name or slot.kind for phrase in group.phrases for slot in slots_of(phrase, lists)}
    allowed = KNOWN | slots | group.slots.keys()
    known = ", ".join(f"{{{each}}}" for each in sorted(allowed))
    unknown = [each for each in named if each not in allowed]
    return f"{{{unknown[0]}}} stands for nothing here; there are {known}" if unknown else ""


def _templates(content: _PhraseFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, template in content.lists.items():
        yield ("lists", name), template
    for key in Courtesies.model_fields:
        for number, template in enumerate(getattr(content.courtesies, key)):
            yield ("courtesies", key, number), template
    for number, template in enumerate(content.choices):
        yield ("choices", number), template
    for key, said in (("words", content.commands.words), ("last", content.commands.last)):
        for english, template in said.items():
            yield ("commands", key, english), template
    yield from _phrases("intents", content.intents)
    yield from _phrases("followups", content.followups)


def _phrases(kind: str, groups: Sequence[PhraseGroup | FollowUps]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for place, group in enumerate(groups):
        for number, template in enumerate(group.phrases):
            yield (kind, place, "phrases", number), template
