"""Whatever happens around a reply, its text is what `llama_cpp.Llama` generates for the same tokens.

Fifty conversations of two turns, greedily answered on one thread with a KV cache of f16. The reference reads each
turn's prompt from nothing.

No call has more than 32 rows here, for from 64 on llama.cpp computes attention in another way, which moves the embedded
model's logits by up to 0.2. Below that they are the same to the last bit, but for a full cache, where a sequence gets
its cells in another order: that can turn two tokens whose logits are within 0.04. So the conversations are the first
fifty of the candidates in which every token of the reference leads by more than `CLEAR`. What differs then is wrong.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.llm.chat import Message, Sampling
from ai_server.llm.engine.speculation import Acceptance
from ai_server.llm.engine.template import ChatTemplate
from tests.engines import Answer, Bench, bench, chat

MAX_TOKENS = 40
FIRST = [
    "Hello!",
    "Who are you?",
    "Tell me a joke.",
    "I feel sad today.",
    "What can you do?",
    "My name is Ada.",
    "Good morning, little robot.",
    "Do you like music?",
    "Sing me a song.",
    "I passed my exam!",
    "How old are you?",
    "What is the weather like?",
    "Can you fly?",
    "Thank you!",
    "Tell me a fact.",
    "Where do you live?",
    "I am tired.",
    "Are you a real robot?",
    "What do you like to do?",
    "Count to five.",
    "Do you have friends?",
    "I am afraid of the dark.",
    "What is two plus two?",
    "Say something nice.",
    "Good night.",
    "Do you sleep?",
    "What is your favourite colour?",
    "Can you wave?",
]
SECOND = ["Who are you?", "Tell me a joke, please, a short one about robots.", "What did you just say?", "Thank you!"]
CANDIDATES = [(first, second) for first in FIRST for second in SECOND]
COUNT = 50
BATCH_SIZE = 32
CLEAR = 0.1

REFERENCE = """
import json, sys
import llama_cpp, numpy
llama = llama_cpp.Llama(
    sys.argv[1], n_ctx=2048, n_batch=32, n_threads=1, n_threads_batch=1, flash_attn=True, verbose=False
)
def generate(prompt):
    llama.reset()
    tokens, leads, unread = [], [], prompt
    while len(tokens) < max_tokens:
        llama.eval(unread)
        logits = numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(llama.ctx, -1), (llama.n_vocab(),))
        leads.append(float(numpy.diff(numpy.partition(logits, -2)[-2:])[0]))
        token = llama.sample(temp=0)
        if token == llama.token_eos():
            break
        tokens.append(token)
        unread = [token]
    return tokens, min(leads)
max_tokens, count, clear = json.loads(sys.argv[2])
for candidate, (first, between) in enumerate(json.load(sys.stdin)):
    reply, lead = generate(first)
    second, lead_of_second = generate(first + reply + between)
    if min(lead, lead_of_second) > clear and all(0 < len(said) < max_tokens for said in (reply, second)):
        print(json.dumps([candidate, reply, second]))
        count -= 1
    if not count:
        break
"""


@dataclass
class Case:
    """A conversation of two turns, and the replies of the reference."""

    first: str
    second: str
    replies: list[str]
    prompts: list[int]
    """How many tokens each prompt has."""

    def chat(self, turn: int) -> list[Message]:
        return chat(self.first, self.replies[0], self.second) if turn else chat(self.first)


@pytest.fixture(scope="module")
def cases(shared_directory: Path) -> list[Case]:
    """The conversations, which whichever process comes first has the reference answer for all."""
    with bench() as reading:
        prompts = [prompts_of(reading.template, *candidate) for candidate in CANDIDATES]
        kept = shared_directory / "reference"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_text(reference(prompts))
        output = kept.read_text()
        found = []
        for candidate, *replies in map(json.loads, output.splitlines()):
            opening, between = prompts[candidate]
            texts = [b"".join(map(reading.runner.vocabulary.piece, reply)).decode() for reply in replies]
            lengths = [len(opening), len(opening) + len(replies[0]) + len(between)]
            found.append(Case(*CANDIDATES[candidate], texts, lengths))
    assert len(found) == COUNT
    return found


def reference(prompts: list[tuple[list[int], list[int]]]) -> str:
    program = [sys.executable, "-c", REFERENCE, str(resources.embedded_model())]
    asked = [*program, json.dumps([MAX_TOKENS, COUNT, CLEAR])]
    return subprocess.run(asked, input=json.dumps(prompts), check=True, stdout=subprocess.PIPE, text=True).stdout


def prompts_of(template: ChatTemplate, first: str, second: str) -> tuple[list[int], list[int]]:
    """The first turn's prompt, and what stands between its reply and the next one."""
    layout = template.lay_out(chat(first, "", second), "")
    return template.lay_out(chat(first), "").tokens, layout.tokens[layout.ends[2] :]


def running(**changes: object) -> AbstractContextManager[Bench]:
    return bench(batch_size=BATCH_SIZE, **changes)


def check(case: Case, turn: int, answer: Answer) -> None:
    assert (answer.text, answer.end.reason) == (case.replies[turn], "stop")
    assert answer.begun.prompt_tokens == case.prompts[turn]


def most_is_cached(cases: list[Case], answers: list[Answer]) -> bool:
    """Whether the whole first turn was found in the cache, wherever it had been."""
    pairs = zip(cases, answers, strict=True)
    return all(answer.begun.cached_tokens > case.prompts[0] for case, answer in pairs)


def begin_all(engine: Bench, cases: list[Case]) -> None:
    """Have the first turn of all conversations answered."""
    for number, case in enumerate(cases):
        check(case, 0, engine.ask(f"robot-{number}", case.chat(0)))
        engine.rest()


def end_all(engine: Bench, cases: list[Case]) -> list[Answer]:
    """Have the second turn of all conversations answered."""
    answers = []
    for number, case in enumerate(cases):
        answers.append(engine.ask(f"robot-{number}", case.chat(1)))
        check(case, 1, answers[-1])
    return answers


def test_each_alone(cases):
    with running() as engine:
        begin_all(engine, cases)
        end_all(engine, cases)


def test_eight_at_once(cases):
    with running() as engine:
        for first in range(0, len(cases), 8):
            eight = list(enumerate(cases))[first : first + 8]
            for turn in (0, 1):
                asked = [engine.submit(f"robot-{number}", case.chat(turn)) for number, case in eight]
                for (_, case), answer in zip(eight, engine.finish(*asked), strict=True):
                    check(case, turn, answer)
            engine.check()


@pytest.mark.parametrize("drafted", [0, 8])
def test_with_as_many_tokens_drafted_in_every_step(cases, monkeypatch, drafted):
    monkeypatch.setattr(Acceptance, "length", lambda _self, most, _cost: min(most, drafted))
    with running() as engine:
        begin_all(engine, cases)
        end_all(engine, cases)
        seen = engine.engine.statistics()
        assert (0 < seen.accepted_tokens < seen.drafted_tokens) == (drafted > 0)


SAMPLED = Sampling(temperature=1.0, top_p=0.95, repetition_penalty=1.1, seed=5)
GRAMMAR = 'root ::= "[" [a-z]+ "] " [A-Za-z ,\'.!?:-]+ ("\\n" [a-z]+)?'


@pytest.mark.parametrize("changes", [{"sampling": SAMPLED}, {"grammar": GRAMMAR}, {"stop": ("ro", "me!")}])
def test_drafts_change_nothing_of_what_is_chosen_by_chance_by_grammar_or_until_a_stop_string(
    cases, monkeypatch, changes
):
    answers: list[list[tuple[str, str, int]]] = []
    for drafted in (0, 8):
        monkeypatch.setattr(Acceptance, "length", lambda _self, most, _cost, drafted=drafted: min(most, drafted))
        with running() as engine:
            asked = [engine.ask(f"robot-{number}", case.chat(1), **changes) for number, case in enumerate(cases[:16])]
            answers.append([(each.text, each.end.reason, each.end.completion_tokens) for each in asked])
            assert (engine.engine.statistics().accepted_tokens > 0) == (drafted > 0)
    assert answers[0] == answers[1]


def test_after_a_restore_from_memory(cases):
    with running(cells=512) as engine:
        begin_all(engine, cases)
        before = engine.engine.statistics()
        assert before.conversations < 25
        assert before.spilled_disk_bytes == 0
        answers = end_all(engine, cases)
        assert most_is_cached(cases, answers)
        assert engine.engine.statistics().restored_tokens > 20 * len(cases)
        engine.check()


def test_after_a_restore_from_disk(cases, tmp_path):
    with running(cells=512, spill_bytes=0, spill_disk_bytes=1 << 30, spill_directory=tmp_path) as engine:
        begin_all(engine, cases)
        assert engine.engine.statistics().spilled_bytes == 0
        answers = end_all(engine, cases)
        assert most_is_cached(cases, answers)
        assert engine.engine.statistics().spills_refused == 0


def test_after_a_restart(cases, tmp_path):
    kept = {"spill_disk_bytes": 1 << 30, "spill_directory": tmp_path}
    with running(**kept) as engine:
        begin_all(engine, cases)
    with running(**kept) as engine:
        answers = end_all(engine, cases)
        assert most_is_cached(cases, answers)


def test_where_nothing_is_kept(cases):
    with running(cells=512, spill_bytes=0) as engine:
        begin_all(engine, cases)
        end_all(engine, cases)
        assert engine.engine.statistics().restored_tokens == 0


def test_after_a_reply_of_the_same_conversation_was_cancelled(cases):
    with running() as engine:
        begin_all(engine, cases)
        for number, case in enumerate(cases):
            for words in (case.second, "Tell me something else, then."):
                cancelled = engine.submit(f"robot-{number}", chat(case.first, case.replies[0], words))
                while not engine.answers[cancelled].text:
                    engine.step()
                engine.engine.cancel(cancelled)
        end_all(engine, cases)
        engine.check()
        assert sum(answer.end.reason == "cancelled" for answer in engine.answers.values()) == 2 * len(cases)


def test_after_a_long_prompt_of_the_same_conversation_was_cancelled(cases):
    with running() as engine:
        begin_all(engine, cases)
        for number, case in enumerate(cases):
            cancelled = engine.submit(f"robot-{number}", chat(case.first, case.replies[0], "a very long story " * 60))
            engine.step()
            engine.step()
            engine.engine.cancel(cancelled)
            engine.step()
            assert engine.answers[cancelled].end.completion_tokens == 0
        end_all(engine, cases)
        engine.check()


def test_after_words_that_changed_while_they_were_heard(cases):
    with running() as engine:
        begin_all(engine, cases)
        for number, case in enumerate(cases):
            words = case.second.split()
            for heard in (
                "Well",
                *(" ".join(words[:count]) for count in range(1, len(words))),
                "Who would",
                "Tell her",
            ):
                engine.listen(f"robot-{number}", chat(case.first, case.replies[0], heard))
                engine.rest()
            engine.listen(f"robot-{number}", chat(case.first, case.replies[0], case.second))
            engine.rest()
            answer = engine.ask(f"robot-{number}", case.chat(1))
            check(case, 1, answer)
            assert answer.begun.prompt_tokens - answer.begun.cached_tokens < 10
        engine.check()


def test_after_the_context_was_lost_in_the_middle_of_the_replies(cases):
    with running() as engine:
        begin_all(engine, cases)
        for first in range(0, len(cases), 4):
            four = list(enumerate(cases))[first : first + 4]
            asked = [engine.submit(f"robot-{number}", case.chat(1)) for number, case in four]
            while not all(engine.answers[number].text for number in asked):
                engine.step()
            engine.fail_next_decode()
            for (_, case), answer in zip(four, engine.finish(*asked), strict=True):
                check(case, 1, answer)
            engine.check()
        assert engine.engine.statistics().rebuilds > 0
