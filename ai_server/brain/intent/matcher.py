"""Matches whole utterances against the phrases of one language, and reads the slots in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from ai_server.brain.intent.around import Around
from ai_server.brain.intent.commandwords import CommandWords
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.phrasefile import FollowUps, Phrasebook, PhraseGroup
from ai_server.brain.intent.phrases import Automaton, Match, State, slots_of
from ai_server.brain.intent.slotreader import KINDS, Reader
from ai_server.brain.intent.template import Slot
from ai_server.brain.intent.words import Spoken, Words
from ai_server.brain.slots import SlotValue

_FREE_KINDS = frozenset({"text", "name"})
"""Slots that nearly any words fill: they are only where a phrase has them."""

_MOST_AROUND_CHOICE = 4
_READINGS = 256
_EXACT = 1.0
_WITH_COURTESIES = 0.95


@dataclass(frozen=True, slots=True)
class Context:
    """What the last skill answered, for what goes on from there.

    Attributes:
        intent: what it was asked.
        slots: what exactly.
        choices: what it asked to choose from, in that order; `yes` and `no` where it asked whether to.
    """

    intent: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    choices: Sequence[str] = ()


class Compiled(msgspec.Struct, frozen=True):
    """The phrases of a language as states of automata, made ready to be matched and kept.

    Attributes:
        slots: that the phrases for each intent have, as their kinds and names.
    """

    phrases: Sequence[State]
    followups: Sequence[State]
    choices: Sequence[State]
    before: Sequence[State]
    after: Sequence[State]
    before_commands: Sequence[State]
    after_commands: Sequence[State]
    commands: Sequence[State]
    last_commands: Sequence[State]
    slots: Mapping[str, Sequence[tuple[str, str]]]

    @classmethod
    def of(cls, book: Phrasebook) -> Compiled:
        """Compile phrases; some thousand take a second.

        Raises:
            TemplateError: if a template is malformed.
        """
        words = Words(book.spellings)

        def states(templates: Iterable[str]) -> Sequence[State]:
            return Automaton.of(templates, book.lists, words.of, KINDS).states

        states(phrase for group in book.groups if group.learnt_only for phrase in group.phrases)
        return cls(
            phrases=states(phrase for _, phrase in _rules(book)),
            followups=states(phrase for _, phrase in _follow_rules(book)),
            choices=states(book.choices),
            before=states(book.courtesies.before_phrases),
            after=states(book.courtesies.after_phrases),
            before_commands=states(book.courtesies.before_commands),
            after_commands=states(book.courtesies.after_commands),
            commands=states(book.commands.words.values()),
            last_commands=states(book.commands.last.values()),
            slots=_slots(book),
        )


class PhraseMatcher:
    """Matches whole utterances against phrases.

    Attributes:
        words: splits them.
        commands: what bodies are told to do in this language.

    Args:
        language: a primary tag of BCP 47.
        book: what people say in it.
        names: what robots are called; said before or after a phrase, a name is a courtesy.
        reader: reads slots.
        compiled: the phrases as they were compiled before; None for compiling them now.

    Raises:
        TemplateError: if a template is malformed.
    """

    def __init__(
        self,
        language: str,
        book: Phrasebook,
        names: Iterable[str],
        reader: Reader,
        compiled: Compiled | None = None,
    ) -> None:
        compiled = compiled or Compiled.of(book)
        self.words = Words(book.spellings)
        self._language = language
        self._find = reader.find
        self._read_words = lru_cache(_READINGS)(reader.read)
        self._rules = _rules(book)
        self._follow_rules = _follow_rules(book)
        self._phrases = Automaton(compiled.phrases)
        self._followups = Automaton(compiled.followups)
        self._choices = Automaton(compiled.choices)
        self._slots = {intent: [Slot(*slot) for slot in slots] for intent, slots in compiled.slots.items()}
        spoken_names = (" ".join(words) for name in names if (words := self.words.of(name)))
        called = Automaton.of(spoken_names, {}, self.words.of)
        self._around = Around(Automaton(compiled.before), Automaton(compiled.after), called)
        self.commands = CommandWords(
            language,
            words=Words(self._spellings_of_commands(book, reader)),
            around=Around(Automaton(compiled.before_commands), Automaton(compiled.after_commands), called),
            said=Automaton(compiled.commands),
            english=book.commands.words,
            last=Automaton(compiled.last_commands),
            english_last=book.commands.last,
            fillers=book.commands.fillers,
            reader=reader,
        )

    def _spellings_of_commands(self, book: Phrasebook, reader: Reader) -> dict[str, str]:
        """Return spellings but for units that change nothing elsewhere, such as "grad" in German."""
        now = datetime.now(UTC)
        return {
            short: written
            for short, written in book.spellings.items()
            if written or reader.read("unit", short, self._language, now) is None
        }

    def warm(self) -> None:
        """Read a word as each kind of slot, for what reads them makes its tables on first use."""
        now = datetime.now(UTC).astimezone()
        for kind in KINDS:
            self._find(kind, "1", self._language, now)

    def match(self, spoken: Spoken, now: datetime) -> Intent | None:
        """Return what a whole utterance is for; None where no phrase matches it."""
        size = len(spoken.words)
        ends = self._around.ends(spoken)
        for start in self._around.starts(spoken):
            for match in _longest_first(self._phrases.fillings(spoken.words, start, ends)):
                group, phrase = self._rules[match.rule]
                is_whole = (start, match.end) == (0, size)
                if group.alone and not is_whole:
                    continue
                slots = self._read(match, spoken, now)
                if slots is not None:
                    confidence = _EXACT if is_whole else _WITH_COURTESIES
                    return Intent(group.intent, confidence, {**group.slots, **slots}, phrase, group.response)
        return None

    def slots(self, spoken: Spoken, intent: str, now: datetime) -> Mapping[str, SlotValue]:
        """Return what the words say of the slots that phrases for an intent have, wherever in the words that is."""
        slots: dict[str, SlotValue] = {}
        for slot in self._slots.get(intent, ()):
            if slot.kind in _FREE_KINDS:
                continue
            if found := self._find(slot.kind, spoken.text, self._language, now):
                slots.update(_renamed(found, slot))
        return {**slots, **self._within(spoken, intent, now)}

    def _within(self, spoken: Spoken, intent: str, now: datetime) -> Mapping[str, SlotValue]:
        """Return the slots of the longest phrase for an intent that stands anywhere in the words; none where none."""
        size = len(spoken.words)
        longest: tuple[int, Mapping[str, SlotValue]] = (0, {})
        for start in range(size):
            for match in self._phrases.fillings(spoken.words, start, range(start + 1, size + 1)):
                group, _ = self._rules[match.rule]
                if group.intent != intent or match.end - start <= longest[0]:
                    continue
                slots = self._read(match, spoken, now)
                if slots is not None:
                    longest = (match.end - start, {**group.slots, **slots})
        return longest[1]

    def follow(self, spoken: Spoken, context: Context, now: datetime) -> Intent | None:
        """Return what a whole utterance is for that goes on from what was said; None where it does not."""
        ends = self._around.ends(spoken)
        for start in self._around.starts(spoken):
            for match in _longest_first(self._followups.fillings(spoken.words, start, ends)):
                group, _ = self._follow_rules[match.rule]
                slots = self._read(match, spoken, now) if context.intent in group.after else None
                if slots is not None:
                    return _following(group, {**group.slots, **slots}, context)
        return None

    def choose(self, spoken: Spoken, context: Context, now: datetime) -> Intent | None:
        """Return what a whole utterance is for that chooses, by number or by name; None where it does not."""
        chosen = self._by_number(spoken, context.choices, now) or self._by_name(spoken, context.choices)
        if chosen is None:
            return None
        return Intent(context.intent, _EXACT, {**context.slots, "choice": chosen}, "context")

    def _by_number(self, spoken: Spoken, choices: Sequence[str], now: datetime) -> str | None:
        ends = self._around.ends(spoken)
        for start in self._around.starts(spoken):
            for match in self._choices.fillings(spoken.words, start, ends):
                number = (self._read(match, spoken, now) or {}).get("ordinal")
                if isinstance(number, int) and 1 <= number <= len(choices):
                    return choices[number - 1]
                if number == -1:
                    return choices[-1]
        return None

    def _by_name(self, spoken: Spoken, choices: Sequence[str]) -> str | None:
        """Return the one choice that was named, among few other words, by all that tells it from the others."""
        said, of_choices = set(spoken.words), {choice: set(self.words.of(choice)) for choice in choices}
        shared = set.intersection(*of_choices.values()) if len(choices) > 1 else set()
        named = [choice for choice, words in of_choices.items() if (own := words - shared) and own <= said]
        if len(named) != 1 or len(spoken.words) > len(of_choices[named[0]]) + _MOST_AROUND_CHOICE:
            return None
        return named[0]

    def bare(self, spoken: Spoken) -> Sequence[str]:
        """Return the words without the courtesies at both ends; none where there is nothing else."""
        return self._around.bare(spoken)

    def _read(self, match: Match, spoken: Spoken, now: datetime) -> dict[str, SlotValue] | None:
        slots: dict[str, SlotValue] = {}
        for filled in match.filled:
            words = spoken.stretch(filled.start, filled.end)
            read = self._read_words(filled.slot.kind, words, self._language, now)
            if read is None:
                return None
            slots.update(_renamed(read, filled.slot))
        return slots


def _rules(book: Phrasebook) -> list[tuple[PhraseGroup, str]]:
    return [(group, phrase) for group in book.groups if not group.learnt_only for phrase in group.phrases]


def _follow_rules(book: Phrasebook) -> list[tuple[FollowUps, str]]:
    return [(group, phrase) for group in book.followups for phrase in group.phrases]


def _slots(book: Phrasebook) -> dict[str, list[tuple[str, str]]]:
    slots: dict[str, dict[tuple[str, str], None]] = {}
    for group, phrase in _rules(book):
        of_intent = slots.setdefault(group.intent, {})
        if "{" in phrase or "<" in phrase:
            of_intent.update(((slot.kind, slot.name), None) for slot in slots_of(phrase, book.lists))
    return {intent: list(of_intent) for intent, of_intent in slots.items()}


def _renamed(slots: Mapping[str, SlotValue], slot: Slot) -> dict[str, SlotValue]:
    return {slot.name if name == slot.kind and slot.name else name: value for name, value in slots.items()}


def _longest_first(matches: Iterator[Match]) -> list[Match]:
    return sorted(matches, key=lambda match: (-match.end, match.rule))


def _following(group: FollowUps, slots: Mapping[str, SlotValue], context: Context) -> Intent:
    if group.intent and group.intent != context.intent:
        return Intent(group.intent, _EXACT, slots, "context")
    return Intent(context.intent, _EXACT, {**context.slots, **slots}, "context")
