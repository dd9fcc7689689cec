"""The files of `config/facts/`: by which rules facts are found in a language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ai_server.brain.intent.phrases import Automaton, TemplateError, slots_of
from ai_server.brain.intent.words import Words
from ai_server.configfile import ConfigModel, Place, YamlFile, load_yaml

KINDS = ("value", "thing", "name", "age", "year", "day", "when", "place", "where", "who")
"""The kinds of slots that need no set."""

_DERIVED = ("", "_said", "_noun")
_GIVEN = frozenset({"names"})


def _valid(text: str) -> str:
    if not Template(text).is_valid():
        raise ValueError(f"has a dollar sign that no word follows; a dollar sign itself is written $$: {text!r}")
    return text


_Text = Annotated[str, Field(min_length=1), AfterValidator(_valid)]
_Words = frozenset[str]
_Templates = tuple[str, ...]
_Set = str | Mapping[str, str]


class Keep(ConfigModel):
    """A fact to keep of what was said; the texts hold slots as `$value`."""

    kind: _Text
    subject: _Text = "user"
    value: _Text = "$value"
    tell: str = ""


class Rule(ConfigModel):
    """What people say to let a fact be known.

    Attributes:
        kind: of the fact.
        phrases: templates of what somebody says of themselves.
        tell: the sentence to tell it back with; empty for what was said, told back.
        others: templates of what somebody says of somebody else, who is the slot `who`.
        tell_others: the sentence for these.
        subject: whom or what it is about; who speaks, or `who`, where it is empty.
        value: what is kept.
        several: each part of an enumeration is a fact by itself.
        told: it counts only where somebody asks to remember it.
        also: further facts.
    """

    kind: _Text
    phrases: _Templates = ()
    tell: _Text | Literal[""] = ""
    others: _Templates = ()
    tell_others: _Text | Literal[""] = ""
    subject: _Text | Literal[""] = ""
    value: _Text = "$value"
    several: bool = False
    told: bool = False
    also: tuple[Keep, ...] = ()

    @model_validator(mode="after")
    def _has_phrases(self) -> Self:
        if not self.phrases and not self.others:
            raise ValueError("has neither phrases nor others: write what people say")
        if not self.told and ((self.phrases and not self.tell) or (self.others and not self.tell_others)):
            raise ValueError("has phrases and no tell, or others and no tell_others: write how it is told back")
        return self

    def keeps(self, *, is_others: bool) -> tuple[Keep, ...]:
        """Return what is kept where one of the phrases, or of those of others, is said."""
        subject = self.subject or ("$who" if is_others else "user")
        tell = self.tell_others if is_others else self.tell
        return Keep(kind=self.kind, subject=subject, value=self.value, tell=tell), *self.also


class Query(ConfigModel):
    """What people say to ask for facts.

    Attributes:
        kinds: of the facts; each may hold slots.
        phrases: templates of what somebody asks of themselves, or of the slot `subject`.
        others: templates of what somebody asks of somebody else, who is the slot `who`.
    """

    kinds: Annotated[tuple[_Text, ...], Field(min_length=1)]
    phrases: _Templates = ()
    others: _Templates = ()


class Remembering(ConfigModel):
    """What people say to have something remembered, up to what that is.

    Attributes:
        strictly: any sentence may follow.
        loosely: only what a rule finds may follow.
        for_all: any sentence may follow, and it is for everybody.
        no_note: words that begin no sentence to remember.
    """

    strictly: _Templates = ()
    loosely: _Templates = ()
    for_all: _Templates = ()
    no_note: _Words = frozenset()


class RuleFile(ConfigModel):
    """What a file holds; its own comments say what each key is for."""

    spellings: Mapping[str, str] = {}
    joining: _Words = frozenset()
    beginning: _Words = frozenset()
    enumerating: _Words = frozenset()
    pairs: _Words = frozenset()
    before: _Templates = ()
    after: _Templates = ()
    never: _Templates = ()
    taken_back: _Templates = ()
    articles: _Words = frozenset()
    adjectives: _Words = frozenset()
    no_value: _Words = frozenset()
    no_first: _Words = frozenset()
    cut: _Words = frozenset()
    places: _Words = frozenset()
    no_place: _Words = frozenset()
    only: _Words = frozenset()
    flip: Mapping[str, str] = {}
    unflippable: _Words = frozenset()
    quoted: _Text = "$said"
    notes_quoted: bool = False
    oneself: _Words = frozenset()
    empty: _Words = frozenset()
    remember: Remembering = Remembering()
    forget: _Templates = ()
    months: Annotated[tuple[str, ...], Field(min_length=12, max_length=12)]
    date: _Text = "$day $month $year"
    yearless: _Text = "$day $month"
    at: _Text = "$date $time"
    lists: Mapping[str, str] = {}
    sets: Mapping[str, _Set] = {}
    facts: tuple[Rule, ...] = ()
    queries: tuple[Query, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of slots that phrases may have."""
        return (*KINDS, *self.sets)


def load_rules(path: Path) -> RuleFile:
    """Read a file of rules.

    Raises:
        ConfigError: if it is missing or wrong; it names the file, the line and what is wrong there.
    """
    file = load_yaml(path, RuleFile)
    content, words = file.content, Words(file.content.spellings).of
    for place, template in _templates(content):
        try:
            Automaton.of([template], content.lists, words, content.kinds)
        except TemplateError as error:
            raise file.error(place, str(error)) from None
    _check_texts(file)
    return content


def _templates(content: RuleFile) -> Iterator[tuple[Place, str]]:
    for name, template in content.lists.items():
        yield ("lists", name), f"word {template}"
    for key in ("before", "after", "never", "taken_back", "forget"):
        yield from _numbered((key,), getattr(content, key))
    for key in ("strictly", "loosely", "for_all"):
        yield from _numbered(("remember", key), getattr(content.remember, key))
    groups: Mapping[str, Sequence[Rule | Query]] = {"facts": content.facts, "queries": content.queries}
    for name, several in groups.items():
        for number, group in enumerate(several):
            for key in ("phrases", "others"):
                yield from _numbered((name, number, key), getattr(group, key))


def _numbered(place: Place, templates: Sequence[str]) -> Iterator[tuple[Place, str]]:
    return (((*place, number), template) for number, template in enumerate(templates))


def _check_texts(file: YamlFile[RuleFile]) -> None:
    for number, rule in enumerate(file.content.facts):
        for key in ("phrases", "others"):
            for which, template in enumerate(getattr(rule, key)):
                slots = {slot.name or slot.kind for slot in slots_of(template, file.content.lists)}
                known = {f"{slot}{end}" for slot in slots for end in _DERIVED} | _GIVEN
                for keep in rule.keeps(is_others=key == "others"):
                    if unknown := _placeholders(keep) - known:
                        message = f"${min(unknown)} stands in the rule, and this phrase has no such slot: {template!r}"
                        raise file.error(("facts", number, key, which), message)


def _placeholders(keep: Keep) -> set[str]:
    texts = (keep.kind, keep.subject, keep.value, keep.tell)
    return {name for text in texts for name in Template(text).get_identifiers()}
