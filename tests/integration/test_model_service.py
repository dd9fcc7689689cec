"""The model service and the failover, with the embedded model in a real engine process that is really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from ai_server import resources
from ai_server.llm.chat import (
    ChatEvent,
    ChatRequest,
    Delta,
    EmotionTag,
    Finished,
    ListenRequest,
    Message,
    ModelError,
    Sampling,
    Sentence,
    Started,
    TooLongError,
)
from ai_server.llm.engine.spill import _file_name
from ai_server.llm.failover import Failover
from ai_server.llm.service import EngineState, ModelService
from ai_server.llm.wire import Statistics
from ai_server.plan import Wishes
from tests import model_variants

WISHES = Wishes(threads=1, context_size=1024, parallel=2)
SYSTEM = Message("system", "You are NAILA, a small friendly robot.")


def request(words: str = "Hello!", **changes: object) -> ChatRequest:
    messages = (SYSTEM, Message("user", words))
    fields = {"messages": messages, "sampling": Sampling(temperature=0), "max_tokens": 40}
    return ChatRequest(request_id="r1", **{"conversation_id": "robot", **fields, **changes})


ENDLESS = request(max_tokens=900, sampling=Sampling(temperature=1, seed=1))


class Fallback:
    """Says one word without a model."""

    async def stream(self, request: ChatRequest) -> AsyncIterator[ChatEvent]:
        yield Started("fallback")
        yield Finished("stop", "Sorry!")


@asynccontextmanager
async def running(
    path: Path,
    *,
    hang_timeout_s: float = 30,
    on_change: Callable[[EngineState], None] = lambda _: None,
    spill_directory: Path | None = None,
) -> AsyncIterator[ModelService]:
    service = ModelService(
        path, WISHES, hang_timeout_s=hang_timeout_s, on_change=on_change, spill_directory=spill_directory
    )
    await service.start()
    try:
        yield service
    finally:
        await service.close()


@pytest.fixture
async def service():
    async with running(resources.embedded_model()) as service:
        await service.wait_loaded()
        yield service


@pytest.fixture
def changes():
    """The states of the endless service, oldest first."""
    return []


@pytest.fixture
async def endless(tmp_path, changes):
    """With a model that never ends its turn."""
    async with running(model_variants.endless(tmp_path), on_change=changes.append) as service:
        await service.wait_loaded()
        yield service


async def settled(service: ModelService) -> EngineState:
    with suppress(ModelError):
        await service.wait_loaded()
    return service.state


async def all_of(events: AsyncIterator[ChatEvent]) -> list[ChatEvent]:
    return [event async for event in events]


# A reply.


async def test_a_reply_comes_as_typed_events_in_their_order(service):
    events = await all_of(service.stream(request()))
    started, emotion, *middle, finished = events
    assert started.source == "llm"
    assert started.first_decode > 0
    assert isinstance(emotion, EmotionTag)
    assert "".join(event.text for event in middle if isinstance(event, Delta)) == finished.text != ""
    assert any(isinstance(event, Sentence) for event in middle)
    assert finished.reason == "stop"
    assert finished.usage.prompt_tokens > finished.usage.cached_tokens
    assert finished.usage.completion_tokens > 0
    assert finished.prefill_ms > 0


async def test_a_second_turn_reuses_what_the_engine_has_read(service):
    await all_of(service.stream(request()))
    *_, finished = await all_of(service.stream(request("Hello there!")))
    assert finished.usage.cached_tokens > 10


async def test_two_robots_are_answered_at_once(endless):
    order: list[tuple[str, type[ChatEvent]]] = []

    async def answer(robot: str) -> None:
        async for event in endless.stream(request(conversation_id=robot, max_tokens=200)):
            order.append((robot, type(event)))

    await asyncio.gather(answer("one"), answer("two"))
    last_begin = max(order.index((robot, Started)) for robot in ("one", "two"))
    first_end = min(order.index((robot, Finished)) for robot in ("one", "two"))
    assert last_begin < first_end


async def test_an_utterance_that_is_too_long_is_refused_with_both_lengths(service):
    with pytest.raises(TooLongError, match=r"are \d{4} tokens long, and at most 984 fit: the context holds 1024"):
        await all_of(service.stream(request("a very long story " * 500)))
    assert (await all_of(service.stream(request())))[-1].reason == "stop"


async def test_closing_the_iterator_frees_the_engine_for_the_next_request(endless):
    async with aclosing(endless.stream(ENDLESS)) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    *_, finished = await all_of(endless.stream(request(max_tokens=5)))
    assert finished.usage.completion_tokens == 5


async def test_cancelling_the_consumer_frees_the_engine_for_the_next_request(endless):
    begun = asyncio.Event()

    async def consume() -> None:
        async for _ in endless.stream(ENDLESS):
            begun.set()

    task = asyncio.create_task(consume())
    await begun.wait()
    task.cancel()
    assert (await all_of(endless.stream(request(max_tokens=5))))[-1].reason == "length"
    assert task.cancelled()


# Reading ahead.

LONG = "I have been wondering all day long what it would be like to live at the bottom of the sea with "


async def prefilled(service: ModelService, tokens: int) -> None:
    """Wait until the engine has read so many tokens."""
    async with asyncio.timeout(30):
        while (service.work.statistics or Statistics()).prefilled_tokens < tokens:  # noqa: ASYNC110  it tells no more
            await asyncio.sleep(0.01)


async def unread(model: ModelService | Failover, request: ChatRequest) -> int:
    """How much of a prompt was not read before it came."""
    *_, finished = await all_of(model.stream(request))
    return finished.usage.prompt_tokens - finished.usage.cached_tokens


@pytest.mark.parametrize("through", [lambda service: service, lambda service: Failover(service, Fallback())])
async def test_of_words_that_were_listened_to_only_the_rest_is_read_when_it_comes(service, through):
    model = through(service)
    words = await unread(model, request(LONG, conversation_id="another"))
    model.listen(ListenRequest("robot", request(LONG).messages))
    await prefilled(service, words + 20)
    assert await unread(model, request(LONG + "crabs")) < 15


async def test_a_system_message_that_was_prepared_is_not_read_again_for_any_robot(service):
    ship = Message("system", "You are a ship on the sea. " * 6)
    whole = await unread(service, request())
    Failover(service, Fallback()).prepare(ship)
    await prefilled(service, whole + 35)  # most of the system message
    prepared = (ship, Message("user", "Hello!"))
    left = [await unread(service, request(messages=prepared, conversation_id=robot)) for robot in ("one", "two")]
    assert left[0] == left[1] < 20


async def test_what_is_not_loaded_listens_to_nothing_and_raises_nothing():
    async with running(resources.embedded_model()) as service:
        for model in (service, Failover(service, Fallback()), Failover(None, Fallback())):
            model.listen(ListenRequest("robot", request(LONG).messages))
            model.prepare(SYSTEM)
            model.forget("robot")
        await service.wait_loaded()
        *_, finished = await all_of(service.stream(request(LONG)))
    assert finished.usage.cached_tokens == 0


async def test_a_conversation_that_is_forgotten_is_read_again(service):
    await unread(service, request(LONG))
    again = await unread(service, request(LONG))
    Failover(service, Fallback()).forget("robot")
    forgotten = await unread(service, request(LONG))
    assert again < 15 < forgotten
    assert forgotten == await unread(service, request(LONG, conversation_id="another"))


@pytest.mark.parametrize("forget", [False, True])
async def test_what_is_to_be_forgotten_while_the_model_loads_is_not_found_on_the_disk(tmp_path, forget):
    async with running(resources.embedded_model(), spill_directory=tmp_path) as service:
        await service.wait_loaded()
        await all_of(service.stream(request(LONG)))
    async with running(resources.embedded_model(), spill_directory=tmp_path) as service:
        if forget:
            service.forget("robot")
        await service.wait_loaded()
        left = await unread(service, request(LONG))
    assert (left > 15) is forget


# Its state.


async def test_start_returns_at_once_and_the_states_follow_until_loaded():
    states: list[EngineState] = []
    async with running(resources.embedded_model(), on_change=states.append) as service:
        assert service.state.status == "loading"
        with pytest.raises(ModelError, match="being loaded"):
            await all_of(service.stream(request()))
        await service.wait_loaded()
        state = service.state
    assert state.model.name == "naila-tiny"
    assert (state.plan.threads, state.context_size, state.restarts) == (1, 1024, 0)
    assert state.load_ms > 0
    assert state.warmup_ms > 0
    assert state.last_sign_of_life > 0
    assert not psutil.pid_exists(state.pid)
    statuses = [state.status for state in states]
    assert list(dict.fromkeys(statuses)) == ["loading", "loaded", "unloaded"]
    assert 1 in [state.progress for state in states if state.status == "loading"]


@pytest.mark.parametrize("make", [model_variants.truncated, model_variants.of_another_family])
async def test_a_file_that_cannot_be_used_gives_one_sentence_and_no_restart(tmp_path, make):
    path = make(tmp_path)
    async with running(path) as service:
        state = await settled(service)
        assert (state.status, state.restarts, state.pid) == ("error", 0, None)
        assert str(path) in state.reason
        assert "\n" not in state.reason
        with pytest.raises(ModelError, match=path.name):
            await all_of(service.stream(request()))


async def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    async with running(tmp_path / "none.gguf") as service:
        state = await settled(service)
        assert state.status == "error"
        assert "There is no model file at" in state.reason


async def test_a_plan_that_cannot_be_is_an_error_that_says_what_could():
    service = ModelService(
        resources.embedded_model(), Wishes(context_size=2**30), hang_timeout_s=30, on_change=lambda _: None
    )
    await service.start()
    state = await settled(service)
    await service.close()
    assert state.status == "error"
    assert "LLM_CONTEXT_SIZE=" in state.reason


async def test_a_service_that_was_closed_refuses_and_leaves_no_process(endless):
    events = endless.stream(ENDLESS)
    await anext(events)
    pid = endless.state.pid
    await endless.close()
    with pytest.raises(ModelError, match="was unloaded"):
        await all_of(events)
    with pytest.raises(ModelError, match="was unloaded"):
        await all_of(endless.stream(request()))
    assert not psutil.pid_exists(pid)


# What goes wrong.


async def broken(service: ModelService, request: ChatRequest, number: signal.Signals, times: int) -> list[ChatEvent]:
    """The events of a turn whose engine gets a signal the first `times` times that it begins."""
    events = []
    async for event in Failover(service, Fallback()).stream(request):
        events.append(event)
        if isinstance(event, Started) and event.source == "llm" and times > 0:
            times -= 1
            os.kill(service.state.pid, number)
    return events


def sources(events: list[ChatEvent]) -> list[str]:
    return [event.source for event in events if isinstance(event, Started)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_turn_on_which_the_engine_dies_is_tried_once_more_and_answered(endless, changes, number):
    first_pid = endless.state.pid
    events = await broken(endless, request(max_tokens=300), number, times=1)
    assert sources(events) == ["llm", "llm"]
    assert events[-1].usage.completion_tokens == 300
    assert endless.state.restarts == 1
    assert endless.state.pid != first_pid
    assert any(f"killed by {number.name}" in state.reason for state in changes if state.reason)


async def test_a_turn_on_which_the_engine_hangs_is_tried_once_more_and_answered(tmp_path):
    changes = []
    async with running(model_variants.endless(tmp_path), hang_timeout_s=1, on_change=changes.append) as service:
        await service.wait_loaded()
        events = await broken(service, request(max_tokens=300), signal.SIGSTOP, times=1)
        assert service.state.restarts == 1
    assert sources(events) == ["llm", "llm"]
    assert events[-1].usage.completion_tokens == 300
    assert any("gave no sign of life" in state.reason for state in changes if state.reason)


async def test_an_idle_engine_that_hangs_is_restarted_and_one_that_lives_is_not():
    restarting = asyncio.Event()
    async with running(
        resources.embedded_model(), hang_timeout_s=1, on_change=lambda state: state.restarts and restarting.set()
    ) as service:
        await service.wait_loaded()
        await asyncio.sleep(1.5)
        assert service.state.restarts == 0
        os.kill(service.state.pid, signal.SIGSTOP)
        await restarting.wait()
        await service.wait_loaded()


async def test_a_turn_that_breaks_twice_is_answered_by_the_fallback(endless):
    events = await broken(endless, ENDLESS, signal.SIGKILL, times=2)
    assert sources(events) == ["llm", "llm", "fallback"]
    assert events[-1].text == "Sorry!"


async def test_a_broken_turn_does_not_wait_for_the_engine_longer_than_its_timeout(endless):
    late = replace(ENDLESS, timeout_s=0.3)
    assert sources(await broken(endless, late, signal.SIGKILL, times=1)) == ["llm", "fallback"]


# The failover.


async def test_the_fallback_answers_at_once_while_the_model_loads():
    async with running(resources.embedded_model()) as service:
        model = Failover(service, Fallback())
        events = await all_of(model.stream(request()))
        assert service.state.status == "loading"
    assert events[0].source == "fallback"


async def test_the_fallback_answers_where_no_model_is_configured():
    events = await all_of(Failover(None, Fallback()).stream(request()))
    assert [event.source for event in events[:1]] == ["fallback"]


async def test_the_fallback_does_not_answer_what_is_too_long(service):
    with pytest.raises(TooLongError):
        await all_of(Failover(service, Fallback()).stream(request("a very long story " * 500)))


async def test_closing_a_failovers_iterator_cancels_the_engines_reply(endless):
    async with aclosing(Failover(endless, Fallback()).stream(ENDLESS)) as events:
        await anext(events)
    assert (await all_of(endless.stream(request(max_tokens=5))))[-1].usage.completion_tokens == 5


DAEMON = """
import asyncio, sys
from pathlib import Path
from ai_server.plan import Wishes
from ai_server.llm.service import ModelService
async def main():
    service = ModelService(Path(sys.argv[1]), Wishes(threads=1), hang_timeout_s=30, on_change=lambda state: None)
    await service.start()
    await service.wait_loaded()
    print(service.state.pid, "llama_cpp" in sys.modules, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_the_daemon_never_imports_llama_cpp_and_leaves_no_engine_when_it_is_killed():
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(resources.embedded_model())],
        stdout=subprocess.PIPE,
        cwd=Path(resources.__file__).parents[1],
    )
    line = next(
        line for line in daemon.stdout if line[:1].isdigit() and len(line.split()) == 2
    )  # the others are logged
    pid, imported = line.split()
    assert imported == b"False"
    engine = psutil.Process(int(pid))
    daemon.kill()
    daemon.communicate()
    assert not psutil.wait_procs([engine], timeout=10)[1]


async def test_what_is_forgotten_while_the_engine_is_away_is_erased_from_the_disk_at_once(tmp_path):
    async with running(resources.embedded_model(), spill_directory=tmp_path) as service:
        await service.wait_loaded()
        for name in ("robot", "another", "third"):
            await all_of(service.stream(request(LONG, conversation_id=name)))
    before = len(list(tmp_path.iterdir()))
    (tmp_path / "left.kv.tmp").write_bytes(b"of an engine that was killed")
    service.forget("robot")
    assert len(list(tmp_path.iterdir())) == before - 1
    service.forget_all()
    assert list(tmp_path.iterdir()) == []


async def test_what_an_engine_had_not_forgotten_when_it_was_killed_is_forgotten_by_the_next(tmp_path):
    async with running(resources.embedded_model(), spill_directory=tmp_path) as service:
        await service.wait_loaded()
        engine = psutil.Process(service.state.pid)
        engine.suspend()
        service.forget("robot")
        spill = tmp_path / _file_name("robot")
        spill.write_bytes(b"what it wrote down before it read that")
        engine.kill()
        while service.state.restarts == 0 or service.state.status != "loaded":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert not spill.exists()
