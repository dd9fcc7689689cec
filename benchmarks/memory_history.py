"""`python -m benchmarks.memory_history`: how much of a conversation's history the model reads again, turn by turn.

A real engine with the embedded model goes through a long conversation, with a real database and what a large model is
told: the turns, before them what is known of the person, and a summary of the turns that have left once a block of them
does. What of the prompt was in the engine's cache is what it reports itself. `turns alone` is what the embedded model
is told.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import llama_cpp
from rich.console import Console
from rich.table import Table

from ai_server import resources
from ai_server.brain.known import Known
from ai_server.brain.past import Past, Pasts
from ai_server.brain.prompt import messages
from ai_server.brain.recall import line_of
from ai_server.brain.reflection import Reflection
from ai_server.llm.chat import ChatRequest, EmotionTag, Finished, Message, Sampling, conversation_id
from ai_server.llm.engine.template import ChatTemplate
from ai_server.llm.engine.vocabulary import Vocabulary
from ai_server.llm.service import ModelService
from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turn, Turns
from ai_server.plan import Wishes
from ai_server.protocol.reply import Reply
from ai_server.protocol.terms import Emotion

AIM = 0.05
_ROBOT, _PERSON = "rover", "ada"
_SYSTEM = Message("system", "You are Naila, a small friendly robot.\nActions: none")
_THINGS = ("kite", "lamp", "bicycle", "teapot", "drum", "ladder", "violin", "basket")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAY_OUT_LOG = llama_cpp.llama_log_callback(lambda *_: None)


@dataclass(frozen=True)
class Step:
    """One turn as the engine read its prompt; in tokens.

    Attributes:
        history: of the prompt before the newest words, without the system message that all share.
        again: of those, that were not in the cache.
        is_border: turns have left the prompt just before.
    """

    history: int
    again: int
    is_border: bool


class Talk:
    """A conversation, on a real engine and a real database.

    Args:
        service: the engine, loaded.
        database: open, with nothing in it.
        history_tokens: how much of it a prompt holds.
        tells_more: what is known of the person is told, as to a large model.
        reply_tokens: how long a reply may be.
    """

    def __init__(
        self,
        service: ModelService,
        database: Database,
        *,
        history_tokens: int,
        tells_more: bool,
        reply_tokens: int = 48,
    ) -> None:
        self._service = service
        self._now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self._turns = Turns(database, now=lambda: self._now)
        summaries = Summaries(database)
        known = Known(
            name=lambda *_: "Ada",
            facts=Facts(database),
            summaries=summaries,
            personality=_no_manner,
            now=lambda: self._now,
        )
        self._pasts = Pasts(
            turns=self._turns, history_tokens=history_tokens, known=known if tells_more else None, recall=None
        )
        self._reflection = Reflection(
            turns=self._turns,
            summaries=summaries,
            model=None,
            finder=None,
            busy=lambda: False,
            forget=service.forget,
            history_tokens=history_tokens,
            now=lambda: self._now,
        )
        self._reply_tokens = reply_tokens
        self._layout = _template()
        self._since: int | None = None
        self._count = 0

    async def say(self) -> Step:
        """Say something, have it answered and stored, and let the brain reflect."""
        self._count += 1
        self._now += timedelta(seconds=40)
        words, facts = self._words(), f"{self._now:%A %H:%M}; battery {90 - self._count // 5}%"
        past = await self._pasts.read(_ROBOT, _PERSON) or Past()
        facts = line_of(facts, past.gone.text, ())
        prompt = messages(_SYSTEM, past.turns, facts, words, past.known.text)
        emotion, finished = await self._answer(prompt)
        is_border = past.since != self._since and self._since is not None
        self._since = past.since
        reply = Reply(
            request_id=f"q{self._count}",
            device_id=_ROBOT,
            text=finished.text,
            emotion=emotion,
            source="llm",
            timestamp=self._now,
        )
        likes = _THINGS[self._count % len(_THINGS)]
        learned = (NewFact("user", "likes", likes, f"You like the {likes}.", 0.9, "rule"),)
        await self._turns.add(
            Turn(at=self._now, words=words, reply=reply, facts=facts, user_id=_PERSON, learned=learned)
        )
        await self._reflection.step()
        layout = self._layout.lay_out(prompt, date="")
        shared, newest = layout.ends[0], layout.begins[-1]
        return Step(newest - shared, max(0, newest - max(shared, finished.usage.cached_tokens)), is_border)

    def _words(self) -> str:
        thing, day = _THINGS[self._count % len(_THINGS)], _DAYS[self._count % len(_DAYS)]
        return f"I saw a {thing} on {day} and thought of my friend number {self._count}, could you tell me more of it"

    async def _answer(self, prompt: Sequence[Message]) -> tuple[Emotion, Finished]:
        request = ChatRequest(
            request_id=f"q{self._count}",
            conversation_id=conversation_id(_ROBOT, _PERSON),
            messages=tuple(prompt),
            sampling=Sampling(temperature=0),
            max_tokens=self._reply_tokens,
        )
        emotion: Emotion = "neutral"
        async for event in self._service.stream(request):
            if isinstance(event, EmotionTag):
                emotion = event.emotion
            if isinstance(event, Finished):
                return emotion, event
        raise RuntimeError("a reply had no end")


def share_read_again(steps: Sequence[Step]) -> float:
    """Return how much of the history is read again in a turn, on average, as a part of the history."""
    return fmean(step.again for step in steps) / fmean(step.history for step in steps)


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--history-tokens", type=int, nargs="+", default=[1024, 2048])
    options = parser.parse_args()
    table = Table(
        *("what is told", "history tokens", "history in a prompt", "turns after which some left", "read again"),
        *("to the aim of 5 %",),
        title=f"a conversation of {options.turns} turns",
    )
    for history_tokens in options.history_tokens:
        for tells_more in (False, True):
            steps = asyncio.run(_run(options.turns, history_tokens, tells_more=tells_more))
            share = share_read_again(steps)
            table.add_row(
                "turns and what is known" if tells_more else "turns alone",
                str(history_tokens),
                f"{fmean(step.history for step in steps):.0f}",
                str(sum(step.is_border for step in steps)),
                f"{100 * share:.2f} %",
                f"{share / AIM:.2f}",
            )
    Console().print(table)


async def _run(turns: int, history_tokens: int, *, tells_more: bool) -> list[Step]:
    wishes = Wishes(context_size=4096, cells=6144)
    service = ModelService(resources.embedded_model(), wishes, hang_timeout_s=60, on_change=lambda _: None)
    await service.start()
    await service.wait_loaded()
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "naila.db")
        talk = Talk(service, database, history_tokens=history_tokens, tells_more=tells_more)
        steps = [await talk.say() for _ in range(turns)]
        await database.close()
    await service.close()
    return steps


def _template() -> ChatTemplate:
    """Return the embedded model's template; the vocabulary behind it stays as long as the process."""
    llama_cpp.llama_log_set(_LAY_OUT_LOG, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(resources.embedded_model()).encode(), parameters)
    return ChatTemplate(None, Vocabulary(model))


async def _no_manner(_device_id: str, _user_id: str | None, _since: datetime) -> str:
    return ""


if __name__ == "__main__":
    main()
