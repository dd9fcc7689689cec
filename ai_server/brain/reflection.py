"""What the brain does while nobody speaks: it ends conversations, sums them up, and looks for facts in them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime

import structlog

from ai_server.brain.extract import extract
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.llm.chat import ChatModel, ChatRequest, Finished, Message, ModelError, Sampling, TooLongError
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.summaries import SUMMARY_TOKENS, Maker, Said, Summaries, Told, Unreflected, tokens_of
from ai_server.memory.turns import Turns

log = structlog.get_logger(__name__)

CONVERSATION = "reflection:"
"""By which the model keeps what it reads here; no robot's id has a colon in it."""

_READ_TOKENS = 900
"""So much of a conversation is read for one summary or one search for facts, by estimate."""

_FEWEST_TURNS = 4
"""In a conversation that goes on, the model looks for facts in no fewer turns at once."""

_FACT_TOKENS = 400
_TIMEOUT_S = 300.0
_POLL_S = 0.5

_TASK = (
    "Here is a part of a conversation between a person and a robot. Write down, in at most four short sentences, what "
    "the robot should remember of it: what the person told, likes, wants or decided, with names, numbers and dates. "
    "Say only what stands there. Call them the person and the robot. Write nothing but these sentences."
)
_BEFORE = "What was written down of the time before; keep what matters of it"
_SENTENCE_END = re.compile(r"[.!?。！？](?=\s|$)")  # noqa: RUF001


class Reflection:
    """Reflects on one conversation after the other, while no robot is answered and nobody speaks.

    It gives way at once to whoever speaks, and begins again later what it was at. What it has done is on the disk, with
    the turns that it is about, in one transaction: whatever ends this process costs no more than the piece it was at.

    Args:
        turns: what was said.
        summaries: where what is made of it goes.
        model: writes summaries and finds facts; None leaves it to the sentences that tell most, and to rules.
        finder: what the model is asked for facts with; None asks for none.
        busy: whether a robot is being answered, or has somebody to answer.
        forget: has the model forget what it read by this name.
        history_tokens: how much of a conversation a prompt holds: what leaves it next is summed up before.
        now: the time, with a zone.
        quiet_s: nothing was heard for so long before it begins.
        look_s: how often it looks where there was nothing to do.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        summaries: Summaries,
        model: ChatModel | None,
        finder: ModelFacts | None,
        busy: Callable[[], bool],
        forget: Callable[[str], None],
        history_tokens: int,
        now: Callable[[], datetime],
        quiet_s: float = 5.0,
        look_s: float = 30.0,
    ) -> None:
        self._turns = turns
        self._summaries = summaries
        self._model = model
        self._finder = finder
        self._busy = busy
        self._forget = forget
        self._history_tokens = history_tokens
        self._now = now
        self._quiet_s = quiet_s
        self._look_s = look_s
        self._heard_at = -quiet_s
        self._asking: asyncio.Task[str] | None = None
        self._speechless: set[int] = set()

    def interrupt(self) -> None:
        """Somebody speaks: the model stops before its next token, and nothing is begun for a while."""
        self._heard_at = time.monotonic()
        if self._asking:
            self._asking.cancel()

    async def run(self) -> None:
        """Reflect until cancelled."""
        while True:
            await self._wait_for_quiet()
            try:
                worked = await self.step()
            except DatabaseError as error:
                log.warning("the brain cannot reflect", reason=str(error))
                worked = False
            if not worked:
                await asyncio.sleep(self._look_s)

    async def step(self) -> bool:
        """Do the next piece of what there is to do; False where there is nothing, or somebody speaks.

        Raises:
            DatabaseError: if the database refused.
        """
        await self._turns.end_paused()
        for conversation in await self._summaries.unreflected():
            if await self._reflect(conversation):
                return True
        return False

    @property
    def _is_quiet(self) -> bool:
        return time.monotonic() - self._heard_at >= self._quiet_s and not self._busy()

    async def _wait_for_quiet(self) -> None:
        while not self._is_quiet:
            since = time.monotonic() - self._heard_at
            await asyncio.sleep(max(_POLL_S, self._quiet_s - since))

    async def _reflect(self, conversation: Unreflected) -> bool:
        if await self._summarise(conversation) or await self._find_facts(conversation):
            return True
        if not conversation.has_ended or await self._is_awaited(conversation):
            return False
        await self._summaries.finish(conversation.id, self._now())
        return True

    async def _is_awaited(self, conversation: Unreflected) -> bool:
        """Say whether the model has still something to do of a conversation that has ended."""
        if self._model is None:
            return False
        newest = await self._summaries.newest_turn(conversation.id)
        told = await self._summaries.told(conversation.id, newest, "model") if newest else None
        is_summed_up = told is None or not told.rest or conversation.id in self._speechless
        return not is_summed_up or (self._finder is not None and conversation.facts_until < newest)

    # Summaries.

    async def _summarise(self, conversation: Unreflected) -> bool:
        """Sum up what there is of a conversation that has ended, or what its prompt is to lose next."""
        if conversation.has_ended:
            until = await self._summaries.newest_turn(conversation.id)
        else:
            until = await self._turns.leave_next(conversation.id, self._history_tokens)
        if not until:
            return False
        if self._model is not None and await self._summarise_by_model(conversation, until):
            return True
        return await self._summarise_by_extract(conversation, until)

    async def _summarise_by_model(self, conversation: Unreflected, until: int) -> bool:
        told = await self._summaries.told(conversation.id, until, "model")
        if told is None or not told.rest or conversation.id in self._speechless:
            return False
        part = _first_part(told)
        text = await self._ask(summary_prompt(part), max_tokens=SUMMARY_TOKENS)
        if text is None:
            return False
        if not (summary := _whole_sentences(text)):
            self._speechless.add(conversation.id)  # until the next start
            return False
        return await self._store(part, conversation, summary, "model")

    async def _summarise_by_extract(self, conversation: Unreflected, until: int) -> bool:
        """Choose sentences, where nobody has summed up all of it yet: they stand until the model has done it."""
        if (covering := await self._summaries.told(conversation.id, until)) is None or not covering.rest:
            return False
        told = await self._summaries.told(conversation.id, until, "extract")
        if told is None or not told.rest:
            return False
        whole = Told(told.began_at, None, await self._summaries.said_until(conversation.id, until))
        text = extract(whole.rest, SUMMARY_TOKENS)
        return await self._store(whole, conversation, f"The person said: {text}" if text else "", "extract")

    async def _store(self, told: Told, conversation: Unreflected, text: str, made_by: Maker) -> bool:
        return await self._summaries.add(told, conversation, text, made_by=made_by, at=self._now())

    # Facts.

    async def _find_facts(self, conversation: Unreflected) -> bool:
        """Have the model look for facts in the next turns that it has not looked through."""
        if self._model is None or self._finder is None:
            return False
        said = await self._summaries.said_after(conversation.id, conversation.facts_until)
        said = _first(said, _READ_TOKENS)
        if not said or (len(said) < _FEWEST_TURNS and not conversation.has_ended):
            return False
        text = await self._ask(self._finder.prompt(said), max_tokens=_FACT_TOKENS, grammar=self._finder.grammar())
        if text is None:
            return False
        found = [(each.turn, each.fact) for each in self._finder.parse(text, said)]
        await self._summaries.add_facts(conversation, said, found)
        return True

    # The model.

    async def _ask(self, words: str, *, max_tokens: int, grammar: str | None = None) -> str | None:
        """Return what the model makes of it; None where somebody speaks, or it is not there."""
        if self._model is None or not self._is_quiet:
            return None
        request = ChatRequest(
            request_id=CONVERSATION,
            conversation_id=CONVERSATION,
            messages=(Message("user", words),),
            sampling=Sampling(temperature=0.2),
            max_tokens=max_tokens,
            timeout_s=_TIMEOUT_S,
            grammar=grammar,
            verbatim=True,
        )
        self._asking = asyncio.create_task(_complete(self._model, request))
        try:
            await asyncio.wait([self._asking])
            text = None if self._asking.cancelled() else self._asking.result()
        except ModelError as error:
            log.debug("the model cannot reflect", reason=str(error))
            return None  # it is not there, and has read nothing
        except TooLongError:
            text = ""
        finally:
            self._asking.cancel()
            self._asking = None
        self._forget(CONVERSATION)
        return text


def summary_prompt(told: Told) -> str:
    """Return what the model is asked for a summary with."""
    before = f"{_BEFORE}:\n{told.summary.text}\n\n" if told.summary and told.summary.text else ""
    return f"{_TASK}\n\n{before}The conversation:\n{_script(told.rest)}"


async def _complete(model: ChatModel, request: ChatRequest) -> str:
    async with aclosing(model.stream(request)) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.text
    return ""


def _script(turns: Sequence[Said]) -> str:
    return "\n".join(f"Person: {_line(turn.words)}\nRobot: {_line(turn.text)}" for turn in turns)


def _line(text: str) -> str:
    return " ".join(text.split())


def _first_part(told: Told) -> Told:
    return Told(told.began_at, told.summary, _first(told.rest, _READ_TOKENS))


def _first(turns: Sequence[Said], tokens: int) -> tuple[Said, ...]:
    """Return the first turns that take so many tokens, and one at least."""
    taken, left = 0, tokens
    for turn in turns:
        left -= tokens_of(_script([turn]))
        if left < 0 and taken:
            break
        taken += 1
    return tuple(turns[:taken])


def _whole_sentences(text: str) -> str:
    """Return a text up to its last full sentence, if there is one, in one line."""
    text = _line(text)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text
