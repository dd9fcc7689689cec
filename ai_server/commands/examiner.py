"""Asks a model what is in the examination's sets, as the brain would, and scores what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ai_server.brain.body import Body
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Exchange, Prompt, messages, system_message
from ai_server.commands.engine import Answer, Engine
from ai_server.examination.judgement import (
    Heard,
    action_fault,
    everyday_fault,
    take_apart,
    unasked_fault,
    words_fault,
)
from ai_server.examination.sets import USUAL_BODY, RecallCase, Sets
from ai_server.llm.manner import Manner
from ai_server.llm.wire import Generate

WELL_FORMED = "well-formed replies"
"""The measure of all replies of the sets: a tag, and no action but declared ones within their range."""

_DISTANCES = (10, 20, 40, 60)
_PROBES = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the model, and how its reply is judged: `judge` returns what is wrong, None where nothing is."""

    id: str
    facts: str
    words: str
    judge: Callable[[Heard], str | None]
    body: str = USUAL_BODY
    history: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A question and what came of it; `fault` says what is wrong with the reply, None where nothing is."""

    question: Question
    heard: Heard
    fault: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """What came of one set.

    Attributes:
        measure: what it measures.
        results: of its cases.
        aim: the share that is to be right at least; None for none.
        faults_counted: instead, how many are wrong is counted, and `aim` is the largest share of those.
    """

    measure: str
    results: tuple[Result, ...]
    aim: float | None = None
    faults_counted: bool = False

    @property
    def count(self) -> int:
        """How many are right, or wrong where `faults_counted`."""
        wrong = sum(result.fault is not None for result in self.results)
        return wrong if self.faults_counted else len(self.results) - wrong

    @property
    def share(self) -> float:
        """`count` of all, 0 to 1."""
        return self.count / len(self.results) if self.results else 0.0

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        return self.share <= self.aim if self.faults_counted else self.share >= self.aim


class Examiner:
    """Examines the model that an engine has loaded.

    It asks one question after the other: replies that are generated together differ from one run to the next in the
    last bits of their numbers, and so in a word now and then.

    Args:
        engine: with the model loaded.
        manner: how the model is asked to speak.
        persona: who it speaks as.
        prompt: the template of its system message.
        bodies: by their names.
        max_actions: of one reply, where the manner wants replies held to a grammar.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        manner: Manner,
        persona: Persona,
        prompt: Prompt,
        bodies: Mapping[str, Body],
        max_actions: int,
    ) -> None:
        self._engine = engine
        self._manner = manner
        self._bodies = bodies
        self._max_actions = max_actions
        descriptions = manner.prompt == "system"
        self._systems = {
            name: system_message(prompt, persona, body.lines(descriptions=descriptions))
            for name, body in bodies.items()
        }

    async def examine(self, sets: Sets) -> AsyncIterator[Score]:
        """Yield the score of each set, and last how many of all these replies were well-formed.

        Raises:
            EngineError: the engine does not answer.
        """
        formed: list[Result] = []
        async for score in self._each_set(sets):
            formed += map(_by_form, score.results)
            yield score
        yield Score(WELL_FORMED, tuple(formed))

    async def distances(self, cases: Sequence[RecallCase]) -> AsyncIterator[Score]:
        """Yield how well what was told is recalled after 10 to 60 turns of other talk, as long as they fit the context.

        Raises:
            EngineError: the engine does not answer.
        """
        talk = list(dict.fromkeys(words for case in cases for words in case.talk))
        for turns in _DISTANCES:
            other = [talk[number % len(talk)] for number in range(turns)]
            results, tokens = [], 0
            for question in (_asked_after(case, other) for case in cases[:_PROBES]):
                answer = await self._ask(question)
                if answer.begun.dropped_turns:
                    return
                results.append(self._judged(question, answer))
                tokens = max(tokens, answer.begun.prompt_tokens)
            yield Score(f"recall after {turns} turns ({tokens:,} tokens)", tuple(results))

    async def _each_set(self, sets: Sets) -> AsyncIterator[Score]:
        yield Score("everyday: sensible", await self._put(_everyday(sets)), aim=0.85)
        yield Score("exact action", await self._put(_actions(sets)), aim=0.9)
        yield Score("unasked actions", await self._put(_negatives(sets)), aim=0, faults_counted=True)
        recalled = [await self._recall(case) for case in sets.recall]
        yield Score("name and preference recall", tuple(recalled), aim=0.95)
        yield Score("facts", await self._put(_facts(sets)), aim=0.95)

    async def _put(self, questions: Iterable[Question]) -> tuple[Result, ...]:
        return tuple([self._judged(question, await self._ask(question)) for question in questions])

    async def _recall(self, case: RecallCase) -> Result:
        """Have the conversation of a case, with the model's own replies, and ask."""
        history: tuple[Exchange, ...] = ()
        for words in (*case.tell, *case.talk):
            said = Question(case.id, case.facts, words, unasked_fault, history=history)
            heard = self._judged(said, await self._ask(said)).heard
            history += (Exchange(case.facts, words, heard.emotion, heard.words, heard.actions),)
        asked = Question(case.id, case.facts, case.ask, partial(words_fault, case), history=history)
        return self._judged(asked, await self._ask(asked))

    def _judged(self, question: Question, answer: Answer) -> Result:
        heard = take_apart(
            "".join(text.text for text in answer.texts),
            self._bodies[question.body],
            question.words,
            literal_numbers=self._manner.literal_numbers,
            truncated=answer.done.reason != "stop",
        )
        return Result(question, heard, question.judge(heard))

    async def _ask(self, question: Question) -> Answer:
        request = Generate(
            id=0,
            conversation_id="",
            messages=messages(self._systems[question.body], question.history, question.facts, question.words),
            sampling=self._manner.sampling,
            max_tokens=self._manner.max_tokens,
            date=dt.datetime.now().astimezone().date().isoformat(),
            grammar=self._bodies[question.body].grammar(self._max_actions) if self._manner.grammar else None,
        )
        (answer,) = await self._engine.answer([request])
        return answer


def _everyday(sets: Sets) -> Iterator[Question]:
    for case in sets.everyday:
        yield Question(case.id, case.facts, case.user, partial(everyday_fault, case))


def _actions(sets: Sets) -> Iterator[Question]:
    for case in sets.actions:
        yield Question(case.id, case.facts, case.user, partial(action_fault, case), body=case.body)


def _negatives(sets: Sets) -> Iterator[Question]:
    for case in sets.negatives:
        yield Question(case.id, case.facts, case.user, unasked_fault, body=case.body)


def _facts(sets: Sets) -> Iterator[Question]:
    for case in sets.facts:
        before = (Exchange(case.earlier, "hello", "happy", "Hello! Nice to see you."),) if case.earlier else ()
        yield Question(case.id, case.facts, case.user, partial(words_fault, case), history=before)


def _asked_after(case: RecallCase, talk: Sequence[str]) -> Question:
    """Return the question of a case after other talk, which was answered with the same words each time."""
    said = (*case.tell, *talk)
    history = tuple(Exchange(case.facts, words, "neutral", "I see! Thank you for telling me.") for words in said)
    return Question(case.id, case.facts, case.ask, partial(words_fault, case), history=history)


def _by_form(result: Result) -> Result:
    return Result(result.question, result.heard, "; ".join(result.heard.flaws) or None)
