"""Finds the skills, and answers with them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog

from ai_server.brain import skills as package
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.samples import CONVERSATION
from ai_server.brain.skills.own import OwnAnswer
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, KnowingSkill, Question, Skill

log = structlog.get_logger(__name__)

_ASKED_IN_TALK = "fact_query"
"""A question that a fact answers may be put in any words, and seem to be conversation."""


class Skills:
    """The skills by the intents that they answer. What goes wrong within one is said, and logged, and never raised."""

    def __init__(self, skills: Iterable[Skill], parts: Parts) -> None:
        """Take these skills.

        Raises:
            ValueError: if two of them have the same name or answer the same intent.
        """
        self._parts = parts
        self._named: dict[str, _Guarded] = {}
        self._by_intent: dict[str, _Guarded] = {}
        for skill in skills:
            guarded = _Guarded(skill, parts)
            _claim(self._named, skill.name, guarded)
            for intent in skill.intents:
                _claim(self._by_intent, intent, guarded)

    @classmethod
    def discover(cls, parts: Parts) -> Skills:
        """Return the skills of all modules in this package: of those that have a function `skills`, what it returns."""
        return cls(_discovered(parts), parts)

    @property
    def intents(self) -> frozenset[str]:
        """The intents that a skill answers."""
        return frozenset(self._by_intent)

    def for_intent(self, name: str, response: str = "") -> Skill | None:
        """Return who answers an intent: what its owner wrote, where there is a `response`; None where nobody does."""
        if response:
            return _Guarded(OwnAnswer(self._parts, response), self._parts)
        return self._by_intent.get(name)

    async def confirm(self, intent: Intent, question: Question) -> Intent:
        """Return what an utterance is for as far as what is known bears it out.

        Conversation that asks for a fact which is known is a question for it; whatever only a skill could answer that
        knows nothing of it is conversation.
        """
        name = _ASKED_IN_TALK if intent.name == CONVERSATION else intent.name
        skill = self._by_intent.get(name)
        if intent.response or skill is None or not skill.needs_to_know:
            return intent
        if not await skill.knows(question):
            return Intent(CONVERSATION, intent.confidence)
        return intent if name == intent.name else Intent(name, 1.0, rule="it is known")

    def named(self, name: str) -> Skill | None:
        """Return the skill that a model calls by this name; None where there is none."""
        return self._named.get(name)

    def tools(self) -> list[dict[str, Any]]:
        """Return what a model is told of the skills, as `name`, `description` and `parameters` of each, by name.

        A skill without a description is not offered.
        """
        offered = (skill for _, skill in sorted(self._named.items()) if skill.description)
        return [
            {"name": skill.name, "description": skill.description, "parameters": dict(skill.parameters)}
            for skill in offered
        ]


class _Guarded:
    """A skill that answers whatever happens in it."""

    def __init__(self, skill: Skill, parts: Parts) -> None:
        self.name = skill.name
        self.description = skill.description
        self.intents: frozenset[str] = skill.intents
        self.parameters: Mapping[str, Any] = skill.parameters
        self._skill = skill
        self._parts = parts

    @property
    def needs_to_know(self) -> bool:
        return isinstance(self._skill, KnowingSkill)

    async def knows(self, question: Question) -> bool:
        try:
            return not isinstance(self._skill, KnowingSkill) or await self._skill.knows(question)
        except Exception:
            log.exception("a skill failed", skill=self.name, intent=question.intent)
            return False

    async def answer(self, question: Question) -> Answer:
        try:
            return await self._skill.answer(question)
        except Exception:
            log.exception("a skill failed", skill=self.name, intent=question.intent, slots=dict(question.slots))
            return Answer(self._parts.sayings().say(question.language, "common.failed"), "sad")


def _discovered(parts: Parts) -> Iterator[Skill]:
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        if hasattr(module, "skills"):
            yield from module.skills(parts)


def _claim(taken: dict[str, _Guarded], key: str, skill: _Guarded) -> None:
    if key in taken:
        raise ValueError(f"two skills claim {key}: {taken[key].name} and {skill.name}: one of them must let it go")
    taken[key] = skill
