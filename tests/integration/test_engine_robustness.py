"""What goes wrong stays where it went wrong, and what is kept is used: the engine with the embedded model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server.llm.chat import Message
from ai_server.llm.engine.cache import _name
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.runner import LoadError
from ai_server.llm.engine.spill import Spill
from ai_server.llm.wire import Begun, Done, Failed, Refused
from tests import model_variants
from tests.engines import SYSTEM, Answer, Bench, bench, chat

WORDS = ["Hello!", "Who are you?", "Tell me a joke.", "I feel sad today."]
LONG = "Tell me a long story about a robot, please. " * 8


@pytest.fixture(scope="module")
def endless_model(tmp_path_factory) -> Path:
    return model_variants.endless(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """What a robot of its own answers to each of the words."""
    with bench(batch_size=32) as engine:
        return {words: engine.ask(words, chat(words)).text for words in WORDS}


def begin(engine: Bench, *words: str, **changes: object) -> list[int]:
    """Have a robot for each of the words, and wait until all are being answered."""
    asked = [engine.submit(f"robot {number}", chat(each), **changes) for number, each in enumerate(words)]
    while not all(engine.answers[number].text for number in asked):
        engine.step()
    return asked


# What fails.


def test_a_request_that_llama_cpp_refuses_fails_alone(texts):
    with bench(batch_size=32) as engine:
        asked = begin(engine, *WORDS)
        broken = engine.engine._active[1]
        broken.tokens[-1] = engine.runner.vocabulary.size + 1
        answers = engine.finish(*asked)
        assert answers[1].end == Failed(asked[1], "llama.cpp refused the batch as invalid (llama_decode returned -1)")
        others = [0, 2, 3]
        assert [answers[number].text for number in others] == [texts[WORDS[number]] for number in others]
        engine.check()
        again = engine.ask("robot 1", chat(WORDS[1]))
        assert again.text == texts[WORDS[1]]


def test_a_system_message_that_llama_cpp_refuses_fails_all_that_wait_for_it_and_no_other():
    other = Message("system", "You are a train.")
    with bench(batch_size=32) as engine:
        waiting = [engine.submit(f"robot {number}", chat("Hello!")) for number in range(3)]
        well = engine.submit("train", chat("Hello!", system=other))
        engine.step()
        reading = next(reply for reply in engine.engine._active if reply.request.id == waiting[0])
        reading.conversation.prefix.tokens[-1] = engine.runner.vocabulary.size + 1
        answers = engine.finish(*waiting, well)
        assert [type(answer.end) for answer in answers] == [Failed, Failed, Failed, Done]
        engine.rest()
        engine.check()


def test_a_second_loss_of_the_context_under_the_same_reply_fails_it():
    with bench(batch_size=32) as engine:
        (asked,) = begin(engine, LONG)
        engine.fail_next_decode()
        engine.step()
        assert engine.engine.statistics().rebuilds == 1
        engine.fail_next_decode()
        engine.step()
        assert engine.answers[asked].end == Failed(asked, "llama.cpp was aborted (llama_decode returned 2)")
        assert engine.ask("another", chat("Hello!")).end.reason == "stop"
        engine.check()


def test_where_there_is_no_memory_for_another_context_the_engine_says_so_and_can_be_closed(monkeypatch):
    def refuse() -> None:
        raise LoadError("llama.cpp cannot make a KV cache")

    with bench(batch_size=32) as engine:
        begin(engine, *WORDS)
        monkeypatch.setattr(engine.runner, "renew", refuse)
        engine.fail_next_decode()
        with pytest.raises(LoadError, match="cannot make a KV cache"):
            engine.rest()


def test_a_grammar_that_is_not_valid_is_an_error_of_its_request_alone(texts):
    with bench(batch_size=32) as engine:
        wrong = engine.submit("robot", chat("Hello!"), grammar="root ::= nowhere")
        right = engine.submit("another", chat("Hello!"), grammar='root ::= "[happy] " [a-z ]+ "."')
        free = engine.submit("third", chat("Hello!"))
        answers = engine.finish(wrong, right, free)
        assert isinstance(answers[0].end, Failed)
        assert "nowhere" in answers[0].end.reason
        assert answers[1].text.startswith("[happy] ")
        assert answers[2].text == texts["Hello!"]


def test_a_reply_for_which_no_cell_is_left_ends_with_length_and_another_goes_on(monkeypatch, endless_model):
    monkeypatch.setattr(Engine, "_has_room", lambda *_: True)
    with bench(endless_model, cells=256, context_size=256, batch_size=32) as engine:
        asked = [engine.submit(f"robot {number}", chat("Hello!"), max_tokens=200) for number in range(2)]
        lengths = sorted(answer.end.completion_tokens for answer in engine.finish(*asked))
        assert [answer.end.reason for answer in engine.finish(*asked)] == ["length", "length"]
        assert lengths[0] < lengths[1] == 200
        engine.check()


def test_replies_wait_until_there_is_room_for_all_that_they_may_become(endless_model):
    with bench(endless_model, cells=256, context_size=256, batch_size=32) as engine:
        asked = [engine.submit(f"robot {number}", chat("Hello!"), max_tokens=90) for number in range(4)]
        most = 0
        while not all(engine.answers[number].end for number in asked):
            engine.step()
            most = max(most, len(engine.engine._active))
        assert most == 2
        assert {engine.answers[number].end.completion_tokens for number in asked} == {90}


def test_no_reply_needs_more_room_than_the_longest_conversation(endless_model):
    with bench(endless_model, cells=512, context_size=128, batch_size=32) as engine:
        asked = [engine.submit(f"robot {number}", chat("Hello!"), max_tokens=10_000) for number in range(3)]
        engine.step()
        assert len(engine.engine._active) == 3
        for answer in engine.finish(*asked):
            assert answer.begun.prompt_tokens + answer.end.completion_tokens == 128


def test_a_request_without_time_ends_with_length_before_it_reads_anything():
    with bench(batch_size=32) as engine:
        answer = engine.ask("robot", chat(LONG), timeout_s=0.0)
        assert (answer.end.reason, answer.end.completion_tokens) == ("length", 0)
        engine.check()


def test_words_too_long_for_the_context_are_refused_and_the_conversation_goes_on(texts):
    with bench(batch_size=32, context_size=128) as engine:
        refused = engine.ask("robot", chat(LONG * 3))
        assert isinstance(refused.end, Refused)
        assert engine.ask("robot", chat("Hello!")).text == texts["Hello!"]
        engine.check()


# Spills.


def keep(directory: Path) -> dict[str, object]:
    return {"batch_size": 32, "spill_disk_bytes": 1 << 28, "spill_directory": directory}


def spill_all(directory: Path, **changes: object) -> list[Path]:
    """Have all words said to a robot each, and leave what they were on disk."""
    with bench(**{**keep(directory), **changes}) as engine:
        for words in WORDS:
            engine.ask(words, chat(words))
        engine.rest()
    return sorted(directory.iterdir())


def answers_after(directory: Path, **changes: object) -> tuple[list[Answer], int]:
    """Have the words said again; return the answers and how many spills were refused."""
    with bench(**{**keep(directory), **changes}) as engine:
        answers = [engine.ask(words, chat(words)) for words in WORDS]
        engine.check()
        return answers, engine.engine.statistics().spills_refused


def test_what_was_spilled_is_used_after_a_restart(tmp_path, texts):
    assert len(spill_all(tmp_path)) == len(WORDS) + 1  # each robot and the system message
    answers, refused = answers_after(tmp_path)
    assert [answer.text for answer in answers] == [texts[words] for words in WORDS]
    assert [answer.begun.prompt_tokens - answer.begun.cached_tokens for answer in answers] == [1] * len(WORDS)
    assert refused == 0


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:-9] + b"\x55" + data[-8:], lambda _: b""]
)
def test_damaged_spills_are_read_anew_and_counted(tmp_path, texts, damage):
    for path in spill_all(tmp_path):
        path.write_bytes(damage(path.read_bytes()))
    answers, refused = answers_after(tmp_path)
    assert [answer.text for answer in answers] == [texts[words] for words in WORDS]
    assert answers[0].begun.cached_tokens == 0
    assert refused == len(WORDS) + 1


def test_spills_of_another_kind_of_cache_are_read_anew_and_counted(tmp_path):
    spill_all(tmp_path, kv_type="q8_0")
    answers, refused = answers_after(tmp_path)
    assert answers[0].begun.cached_tokens == 0
    assert refused == len(WORDS) + 1


def test_a_spill_that_llama_cpp_does_not_take_is_read_anew_and_counted(texts):
    with bench(batch_size=32) as engine:
        engine.ask("another", chat("Hello!"))
        tokens = tuple(engine.template.lay_out(chat("Hello!"), "").tokens)
        (prefix,) = engine.cache._prefixes.values()
        spill = Spill(tokens=tokens, start=len(prefix.tokens), data=b"\x00" * 5000)
        engine.cache._spills.put("robot", spill)
        assert engine.ask("robot", chat("Hello!")).text == texts["Hello!"]
        assert engine.engine.statistics().spills_refused == 1
        engine.check()


def test_a_system_message_that_llama_cpp_does_not_take_back_is_read_anew_and_counted(tmp_path):
    with bench(**keep(tmp_path)) as engine:
        engine.prepare(SYSTEM)
        engine.rest()
        (prefix,) = engine.cache._prefixes.values()
        engine.cache._spills.put(_name(prefix.tokens), Spill(tokens=tuple(prefix.tokens), start=0, data=b"\x00" * 5000))
    with bench(**keep(tmp_path)) as engine:
        assert engine.ask("robot", chat("Hello!")).begun.cached_tokens == 0
        assert engine.engine.statistics().spills_refused == 1
        engine.check()


def test_a_cache_of_eight_bits_comes_back_as_it_was(tmp_path):
    with bench(batch_size=32, kv_type="q8_0") as engine:
        warm = engine.ask("robot", chat(LONG)).text
        again = engine.ask("robot", chat(LONG, warm, "Hello!")).text
    with bench(**keep(tmp_path), kv_type="q8_0") as engine:
        assert engine.ask("robot", chat(LONG)).text == warm
    with bench(**keep(tmp_path), kv_type="q8_0") as engine:
        answer = engine.ask("robot", chat(LONG, warm, "Hello!"))
        assert answer.text == again
        assert engine.engine.statistics().restored_tokens > 50


def test_what_is_forgotten_is_erased_from_disk_too(tmp_path):
    before = spill_all(tmp_path)
    with bench(**keep(tmp_path)) as engine:
        for words in WORDS:
            engine.engine.forget(words)
        left = sorted(tmp_path.iterdir())
    assert len(left) == 1  # the system message
    assert set(left) < set(before)


# What is kept.


def test_requests_of_one_conversation_are_answered_in_their_order_and_those_of_others_meanwhile(endless_model):
    with bench(endless_model, batch_size=32) as engine:
        ours = [engine.submit("robot", chat(words), max_tokens=20) for words in WORDS]
        other = engine.submit("another", chat("Hello!"), max_tokens=20)
        order = []
        while engine.engine.busy:
            order += [(type(signal), signal.id) for signal in engine.step() if isinstance(signal, Begun | Done)]
        mine = [(kind, number) for kind, number in order if number != other]
        assert mine == [(kind, number) for number in ours for kind in (Begun, Done)]
        assert order.index((Begun, other)) == 1


def test_the_system_message_is_read_once_for_robots_that_begin_at_once():
    with bench(batch_size=32) as engine:
        asked = [engine.submit(f"robot {number}", chat(WORDS[number % 4])) for number in range(8)]
        answers = engine.finish(*asked)
        layout = engine.template.lay_out(chat("Hello!"), "")
        shared = layout.ends[0]
        own = sum(answer.begun.prompt_tokens - shared for answer in answers)
        assert engine.engine.statistics().prefilled_tokens == shared + own
        assert sorted(answer.begun.cached_tokens for answer in answers) == [0] + [shared] * 7


def test_a_prepared_system_message_is_in_the_cache_when_the_first_robot_speaks():
    with bench(batch_size=32) as engine:
        engine.prepare(SYSTEM)
        engine.rest()
        begun = engine.ask("robot", chat("Hello!")).begun
        assert begun.cached_tokens == engine.template.lay_out(chat("Hello!"), "").ends[0]


def test_what_is_told_to_be_cached_is_what_was_not_decoded():
    with bench(batch_size=32) as engine:
        history: list[str] = []
        for words in [*WORDS, LONG, "Thank you!"]:
            before = engine.engine.statistics()
            answer = engine.ask("robot", chat(*history, words))
            after = engine.engine.statistics()
            assert after.prefilled_tokens - before.prefilled_tokens == (
                answer.begun.prompt_tokens - answer.begun.cached_tokens
            )
            assert after.reused_tokens - before.reused_tokens == answer.begun.cached_tokens
            history += [words, answer.text]
            engine.rest()


def talk_for_long(engine: Bench) -> list[int]:
    """Say more than the context holds; return how many turns were dropped in each turn."""
    history: list[str] = []
    dropped = []
    for number in range(40):
        words = f"{WORDS[number % 4]} For the {number}th time."
        messages = chat(*history, words)
        answer = engine.ask("robot", messages)
        assert answer.end.reason == "stop"
        assert number == 0 or answer.begun.prompt_tokens - answer.begun.cached_tokens < 30
        dropped.append(answer.begun.dropped_turns)
        conversation = engine.cache._conversations["robot"]
        kept = [SYSTEM, *messages[1 + 2 * dropped[-1] :]]
        expected = engine.template.lay_out(kept, "", conversation.replies).tokens
        assert conversation.sequence.tokens[: len(expected)] == expected
        history += [words, answer.text]
        engine.rest()
        engine.check()
    return dropped


@pytest.mark.parametrize("can_shift", [True, False])
def test_a_conversation_that_outgrows_the_context_loses_old_turns_and_stays_cached(can_shift):
    with bench(batch_size=32, context_size=512) as engine:
        engine.runner.can_shift = can_shift
        dropped = talk_for_long(engine)
        assert dropped == sorted(dropped)
        assert dropped[-1] > 20
        assert len(set(dropped)) < 15  # several turns go at once, and then none for a while


def test_what_stays_of_a_trimmed_conversation_is_not_read_again_where_llama_cpp_can_move_it():
    read = []
    for can_shift in (True, False):
        with bench(batch_size=32, context_size=512) as engine:
            engine.runner.can_shift = can_shift
            talk_for_long(engine)
            read.append(engine.engine.statistics().prefilled_tokens)
    assert read[0] < read[1] / 2


def test_what_was_moved_and_not_computed_since_is_not_spilled_but_read_anew():
    first, second = "My name is Ada and I like trains and songs very much.", "Who are you and what can you do for me?"
    with bench(batch_size=32) as engine:
        fresh = engine.ask("another", chat(second)).text
        reply = engine.ask("robot", chat(first)).text
        engine.ask("robot", chat(first, reply, second))
        engine.rest()
        engine.listen("robot", chat(second))  # without its first turn
        engine.rest()
        while engine.cache.evict():
            pass
        assert engine.ask("robot", chat(second)).text == fresh
        engine.check()


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_what_comes_back_into_the_cache_is_bit_for_bit_what_left_it(kv_type):
    with bench(batch_size=32, kv_type=kv_type) as engine:
        engine.ask("robot", chat(LONG))
        conversation = engine.cache._conversations["robot"]
        sequence, prefix = conversation.sequence, conversation.prefix.sequence
        tokens, saved = list(sequence.tokens), engine.runner.save(sequence, conversation.shared)
        engine.runner.cut(sequence, 0)
        assert engine.runner.restore(sequence, saved, tokens, prefix)
        assert engine.runner.save(sequence, conversation.shared) == saved
        engine.check()


def test_after_a_reply_everything_up_to_the_next_words_is_read_while_nobody_waits():
    with bench(batch_size=32) as engine:
        first = engine.ask("robot", chat("Hello!"))
        engine.rest()
        second = engine.ask("robot", chat("Hello!", first.text, "Who are you?"))
        closing = engine.template.closing("")
        assert second.begun.cached_tokens == (first.begun.prompt_tokens + first.end.completion_tokens + len(closing))


def test_nothing_is_read_ahead_while_anybody_is_answered():
    with bench(batch_size=32) as engine:
        asked = engine.submit("robot", chat("Hello!"))
        while not engine.answers[asked].text:
            engine.step()
        read = engine.engine.statistics().prefilled_tokens
        engine.listen("another", chat(LONG))
        engine.prepare(Message("system", "You are a train."))
        while not engine.answers[asked].end:
            engine.step()
        assert engine.engine.statistics().prefilled_tokens == read
        engine.rest()
        assert engine.engine.statistics().prefilled_tokens > read + 50


def test_what_is_heard_of_a_conversation_that_is_being_answered_is_not_read():
    with bench(batch_size=32) as engine:
        asked = engine.submit("robot", chat("Hello!"))
        engine.step()
        engine.listen("robot", chat(LONG))
        engine.finish(asked)
        engine.rest()
        assert engine.engine.statistics().prefilled_tokens < 60
        engine.check()
