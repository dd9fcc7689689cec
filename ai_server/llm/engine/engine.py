"""One model at work for many conversations: admit, plan a step, decode, sample, tell."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import cast

from ai_server.llm.engine.ahead import Ahead
from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.conversation import Prefix, form_of
from ai_server.llm.engine.decoding import Decoding, Turn
from ai_server.llm.engine.figures import Figures
from ai_server.llm.engine.pace import StepPace
from ai_server.llm.engine.placement import Placement
from ai_server.llm.engine.prompt import Prompt, PromptTooLongError, trim_ahead
from ai_server.llm.engine.runner import MAX_DRAFT, ContextLostError, Part, Runner
from ai_server.llm.engine.sampler import GrammarError, Sampler
from ai_server.llm.engine.scheduler import Scheduler, Share
from ai_server.llm.engine.sequence import Sequence as KvSequence
from ai_server.llm.engine.speculation import Acceptance
from ai_server.llm.engine.template import ChatTemplate, TemplateError
from ai_server.llm.engine.text import TextStream
from ai_server.llm.engine.work import PrefixReading, Reading, Reply, Work
from ai_server.llm.wire import (
    AnySignal,
    Begun,
    Done,
    Failed,
    Generate,
    Listen,
    Prepare,
    Refused,
    Statistics,
    Step,
    Text,
)
from ai_server.protocol.terms import FinishReason

_FLUSH_S = 0.050  # each message wakes the daemon, which on a small host takes a core away from llama.cpp
_URGENT = frozenset("].!?\n。！？…")  # noqa: RUF001
"""What may end the emotion, which can then be shown, or a sentence, which can be spoken."""

_SPECULATING = 2
"""Replies at once at which speculation may pay: more of them fill the step themselves."""

_REBUILDS = 1
"""How often a reply survives that the context is lost; a second time it is taken for the cause."""


class Engine:
    """Answers requests and reads ahead, a step at a time.

    Args:
        runner: with a model that is warm.
        template: of that model.
        cache: of that runner.
        pace: learns how long its steps take.
        parallel: replies at once.
    """

    def __init__(self, runner: Runner, template: ChatTemplate, cache: Cache, pace: StepPace, *, parallel: int) -> None:
        self._runner = runner
        self._cache = cache
        self._pace = pace
        self._scheduler = Scheduler(pace, runner.batch_size)
        self._parallel = parallel
        self._waiting: deque[Generate] = deque()
        self._active: list[Reply] = []
        self._placement = Placement(runner, template, cache)
        self._ahead = Ahead(self._placement, cache)
        self._decoding = Decoding(runner, cache)
        self._acceptance = Acceptance()
        self._figures = Figures()
        self._out: list[AnySignal] = []
        self._full = False
        self._to_forget: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return bool(self._active or self._waiting or self._ahead or self._cache.is_crowded)

    # What is asked of it.

    def submit(self, request: Generate) -> None:
        """Take in a request; requests of one conversation are answered one after the other."""
        self._waiting.append(request)

    def cancel(self, request_id: int) -> None:
        """End a request, waiting or running, before the next step; an unknown one is ignored."""
        for reply in self._active:
            if reply.request.id == request_id:
                self._finish(reply, "cancelled")
                return
        for request in self._waiting:
            if request.id == request_id:
                self._waiting.remove(request)
                self._out.append(Done(request_id, "cancelled", completion_tokens=0, prefill_ms=0, decode_ms=0))
                return

    def listen(self, heard: Listen) -> None:
        """Read ahead what is known of the next prompt; what cannot be read ahead is not."""
        awaited = {request.conversation_id for request in self._waiting}
        awaited |= {reply.request.conversation_id for reply in self._active}
        if heard.conversation_id not in awaited:
            self._ahead.hear(heard)

    def prepare(self, wish: Prepare) -> None:
        """Read system messages ahead, for all conversations that begin with them."""
        try:
            prefix = self._placement.system(wish.messages, wish.date)
        except TemplateError:  # the request itself will be told
            return
        if prefix:
            self._ahead.keep(prefix)

    def forget(self, conversation_id: str) -> None:
        """Erase what is kept of a conversation; of one that is being answered, or waits for that, after that."""
        self._ahead.drop(conversation_id)
        self._cache.forget(conversation_id)
        if any(request.conversation_id == conversation_id for request in self._waiting):
            self._to_forget.add(conversation_id)

    def forget_all(self) -> None:
        """Erase what is kept of all conversations, and of what they begin with."""
        self._ahead.clear()
        self._cache.forget_all()
        self._to_forget |= {request.conversation_id for request in self._waiting}

    def abandon(self, reason: str) -> list[AnySignal]:
        """Fail every request, since there will be no more steps."""
        for reply in list(self._active):
            self._fail(reply, reason)
        self._out += [Failed(request.id, reason) for request in self._waiting]
        self._waiting.clear()
        return self._take_out()

    # What it does.

    def admit(self) -> list[AnySignal]:
        """Begin what can be begun; return what is to be told of it, better before the next step than after."""
        for reply in [reply for reply in self._active if reply.is_late]:
            self._finish(reply, "length")
        while self._waiting and len(self._active) < self._parallel and not self._full:
            answered = {reply.request.conversation_id for reply in self._active}
            request = next((each for each in self._waiting if each.conversation_id not in answered), None)
            if request is None or not self._begin(request):
                break
        return self._take_out()

    def step(self) -> list[AnySignal]:
        """Do one step, if there is one to do; return what is to be told of it.

        Raises:
            LoadError: llama.cpp lost its context and has no memory for another.
        """
        self._out = self.admit()
        turns = self._plan()
        if turns:
            self._perform(turns)
        elif self._active:
            self._fail(self._active[0], "the KV cache has no room for it")
        elif not self._ahead and self._cache.is_crowded:
            self._cache.thin_out()
        return self._take_out()

    def statistics(self) -> Statistics:
        """Return how it is, and what it did; rates and times are of the time since this was asked last."""
        figures, cache = self._figures, self._cache
        tokens_per_second, step_ms = figures.take_rates()
        return Statistics(
            active=len(self._active),
            waiting=len(self._waiting),
            conversations=cache.resident,
            cells=self._runner.cells,
            cells_used=cache.cells_used,
            prefilled_tokens=figures.prefilled_tokens,
            reused_tokens=figures.reused_tokens,
            restored_tokens=cache.restored_tokens,
            generated_tokens=figures.generated_tokens,
            tokens_per_second=tokens_per_second,
            steps=figures.steps,
            step_ms=step_ms,
            drafted_tokens=figures.drafted_tokens,
            accepted_tokens=figures.accepted_tokens,
            spilled_bytes=cache.spilled_bytes,
            spilled_disk_bytes=cache.spilled_disk_bytes,
            spills_refused=cache.spills_refused,
            rebuilds=figures.rebuilds,
        )

    def close(self) -> None:
        """Keep on disk what may be kept, and free the model."""
        for reply in self._active:
            reply.sampler.close()
            self._cache.let_go(reply.conversation)
        self._ahead.clear()
        self._cache.write_down()
        self._runner.close()

    # Admission.

    def _begin(self, request: Generate) -> bool:
        """Take up a request; False where it has to wait until another reply is over."""
        self._ahead.drop(request.conversation_id)
        conversation = self._cache.conversation(request.conversation_id)
        try:
            prompt = self._placement.prompt(conversation, request.messages, request.date, request.max_tokens)
            if self._active and not self._has_room(prompt, request):
                self._full = True
                self._cache.let_go(conversation)
                return False
            sampler = Sampler(request.sampling, self._runner.sampling_room, request.grammar)
        except PromptTooLongError as error:
            self._out.append(Refused(request.id, str(error)))
        except (TemplateError, GrammarError) as error:
            self._out.append(Failed(request.id, str(error)))
        else:
            reply = Reply(request, conversation, prompt, sampler, TextStream(request.stop), list(prompt.tokens))
            self._waiting.remove(request)
            self._take_up(reply)
            return True
        self._waiting.remove(request)
        self._cache.let_go(conversation)
        return True

    def _has_room(self, prompt: Prompt, request: Generate) -> bool:
        """Say whether every reply that runs and this one could become as long as it may."""
        asked = [(reply.prompt, reply.request) for reply in self._active] + [(prompt, request)]
        longest: int = self._runner.context_size
        own = sum(min(len(each.tokens) + of.max_tokens, longest) - each.shared for each, of in asked)
        shared = {tuple(each.tokens[: each.shared]) for each, _ in asked}
        return own + sum(map(len, shared)) <= self._runner.cells

    def _take_up(self, reply: Reply) -> None:
        self._active.append(reply)
        reply.conversation.busy = True
        if reply.conversation.id in self._to_forget:
            reply.conversation.forgotten = True
            self._to_forget.remove(reply.conversation.id)
        reused = self._reused(reply)
        self._figures.reused_tokens += reused
        self._out.append(
            Begun(reply.request.id, len(reply.prompt.tokens), reused, reply.prompt.dropped_turns, time.monotonic_ns())
        )

    def _reused(self, reply: Reply) -> int:
        """Return how much of the prompt need not be decoded for this reply."""
        conversation = reply.conversation
        if self._placement.place(reply):
            return len(reply.prompt.tokens) - reply.pending
        prefix = conversation.prefix
        if prefix is None:
            return 0
        awaited = any(other.conversation.prefix is prefix for other in self._active if other is not reply)
        return len(prefix.tokens) if awaited else len(prefix.sequence.tokens)

    # One step.

    def _plan(self) -> list[Turn]:
        generating: list[Work] = []
        reading: dict[int, Work] = {}
        for reply in self._active:
            if not self._placement.place(reply):
                if prefix := reply.conversation.prefix:
                    reading.setdefault(id(prefix), PrefixReading(prefix))
                    self._ahead.keep(prefix)
            elif reply.pending == 1:
                generating.append(reply)
            else:
                reading[id(reply)] = reply
        ahead = None if self._active else self._ahead.next()
        drafts = 0 if reading or len(generating) > _SPECULATING else MAX_DRAFT // max(1, len(generating))
        shares = self._scheduler.plan(generating, list(reading.values()), [ahead] if ahead else [])
        return [self._turn(share, drafts, len(generating)) for share in shares]

    def _turn(self, share: Share[Work], drafts: int, generating: int) -> Turn:
        work = share.work
        sequence = cast("KvSequence", work.sequence)  # what is not in place is not planned
        begin = len(sequence.tokens)
        tokens = work.tokens[begin : begin + share.tokens]
        if not isinstance(work, Reply) or share.tokens < work.pending:
            return Turn(work, Part(sequence, tokens))
        draft = self._draft(work, drafts, generating) if len(tokens) == 1 else []
        return Turn(work, Part(sequence, tokens + draft, outputs=1 + len(draft)), draft)

    def _draft(self, reply: Reply, most: int, generating: int) -> list[int]:
        """Guess how a reply goes on, where that pays."""
        room = self._runner.context_size - len(reply.tokens)
        most = min(most, room, reply.request.max_tokens - reply.completion_tokens - 1)
        if most <= 0 or not self._runner.can_share:
            return []
        length = self._acceptance.length(most, lambda rows: self._pace.generating_s(generating - 1 + rows))
        return reply.conversation.lookup.draft(reply.tokens, length) if length else []

    def _perform(self, turns: list[Turn]) -> None:
        before = time.monotonic()
        try:
            done, failures = self._decoding.decode(turns)
        except ContextLostError as error:
            self._rebuild(str(error))
            return
        for failure in failures:
            self._give_up(failure.work, failure.reason, no_room=failure.no_room)
        if not done:
            return
        if not any(turn.part.outputs for turn in done):
            self._runner.wait()
        sampled = [(turn, turn.work, self._sample(turn, turn.work)) for turn in done if isinstance(turn.work, Reply)]
        self._learn(done, time.monotonic() - before)
        for turn, reply, tokens in sampled:
            self._go_on(turn, reply, tokens)

    def _sample(self, turn: Turn, reply: Reply) -> list[int] | GrammarError:
        """Return the tokens that follow: one, and one more for each guess that was right."""
        try:
            return self._tokens_after(turn, reply)
        except GrammarError as error:
            return error

    def _tokens_after(self, turn: Turn, reply: Reply) -> list[int]:
        tokens: list[int] = []
        for offset in range(turn.part.outputs):
            tokens.append(self._runner.sample(reply.sampler, turn.part.row + offset))
            if offset < len(turn.draft) and tokens[-1] != turn.draft[offset]:
                break
        return tokens

    def _learn(self, turns: list[Turn], seconds: float) -> None:
        reading = [turn.part for turn in turns if len(turn.part.tokens) != turn.part.outputs]
        rows = sum(turn.part.outputs for turn in turns if len(turn.part.tokens) == turn.part.outputs)
        read = sum(len(part.tokens) for part in reading)
        positions = sum(len(part.tokens) * (len(part.sequence.tokens) - len(part.tokens)) for part in reading)
        self._pace.learn(rows, read, seconds, positions / max(1, read))
        self._figures.count_step(seconds, read)

    def _go_on(self, turn: Turn, reply: Reply, tokens: list[int] | GrammarError) -> None:
        if isinstance(tokens, GrammarError):
            self._fail(reply, str(tokens))
            return
        if not tokens:
            self._out.append(Step(reply.request.id))
            return
        if turn.draft:
            self._figures.drafted_tokens += len(turn.draft)
            self._figures.accepted_tokens += len(tokens) - 1
            self._acceptance.learn(len(turn.draft), len(tokens) - 1)
        reason = self._take(reply, tokens)
        self._runner.cut(turn.part.sequence, len(reply.tokens) - (0 if reason == "stop" and reply.ended else 1))
        if reason:
            self._finish(reply, reason)
        elif reply.newest_token - reply.sent >= _FLUSH_S or not _URGENT.isdisjoint(reply.unsent):
            self._flush(reply)

    def _take(self, reply: Reply, tokens: list[int]) -> FinishReason | None:
        """Append what was sampled to a reply; return why it is over, or None."""
        reply.newest_token = time.monotonic()
        if reply.first_token is None:
            reply.first_token = reply.newest_token
        for token in tokens:
            piece = self._runner.vocabulary.piece(token)
            if piece is None:
                reply.ended = True
                return "stop"
            reply.tokens.append(token)
            reply.raw.append(piece)
            reply.unsent_tokens += 1
            reply.unsent += reply.text.feed(piece)
            self._figures.generated_tokens += 1
            if reply.text.stopped:
                return "stop"
            if reply.completion_tokens >= reply.request.max_tokens or len(reply.tokens) >= self._runner.context_size:
                return "length"
        return None

    # How replies end.

    def _finish(self, reply: Reply, reason: FinishReason) -> None:
        self._drop(reply)
        reply.unsent += reply.text.close()
        self._flush(reply)
        self._out.append(
            Done(
                reply.request.id,
                reason,
                reply.completion_tokens,
                prefill_ms=reply.prefill_ms,
                decode_ms=reply.decode_ms,
                confidence=reply.sampler.confidence,
            )
        )
        if reason in {"stop", "length"} and not reply.conversation.forgotten:
            self._remember(reply)

    def _remember(self, reply: Reply) -> None:
        """Keep the reply's tokens for when it comes back in the history; read ahead what follows it in any case."""
        conversation, prompt = reply.conversation, reply.prompt
        forms = {form_of(message.content) for message in reply.request.messages if message.role == "assistant"}
        conversation.replies = {form: tokens for form, tokens in conversation.replies.items() if form in forms}
        conversation.replies[form_of(b"".join(reply.raw).decode(errors="replace"))] = tuple(
            reply.tokens[len(prompt.tokens) :]
        )
        if not reply.ended:
            return
        tokens = reply.tokens + self._placement.closing(reply.request.date)
        sizes = {"context_size": self._runner.context_size, "max_tokens": reply.request.max_tokens}
        if count := trim_ahead(prompt, len(tokens), **sizes):
            tokens = tokens[: prompt.kept] + tokens[prompt.turns[count] :]
            prompt = prompt.drop(count)
            conversation.first = prompt.users[0]
        self._ahead.add(Reading(conversation, prompt, tokens))

    def _give_up(self, work: Work, reason: str, *, no_room: bool) -> None:
        match work:
            case Reply() if no_room and work.first_token is not None:
                self._finish(work, "length")
            case Reply():
                self._fail(work, reason)
            case Reading():
                self._ahead.drop(work.conversation.id)
            case PrefixReading():
                self._lose_prefix(work.prefix, reason)

    def _lose_prefix(self, prefix: Prefix, reason: str) -> None:
        """Fail whoever waits for a prefix that cannot be read."""
        for reply in [reply for reply in self._active if reply.conversation.prefix is prefix]:
            self._fail(reply, reason)
        self._ahead.drop_prefix(prefix)

    def _fail(self, reply: Reply, reason: str) -> None:
        self._drop(reply)
        self._out.append(Failed(reply.request.id, reason))

    def _drop(self, reply: Reply) -> None:
        reply.sampler.close()
        self._active.remove(reply)
        self._full = False
        self._cache.let_go(reply.conversation)

    def _flush(self, reply: Reply) -> None:
        if reply.unsent:
            self._out.append(Text(reply.request.id, reply.unsent, reply.unsent_tokens, time.monotonic_ns()))
            reply.unsent, reply.unsent_tokens, reply.sent = "", 0, reply.newest_token

    def _rebuild(self, reason: str) -> None:
        """Make the context anew; what is being answered goes on from its tokens."""
        print(f"error: the context was lost and is made anew: {reason}", file=sys.stderr, flush=True)  # noqa: T201
        self._figures.rebuilds += 1
        self._ahead.clear()
        for reply in list(self._active):
            reply.rebuilds += 1
            if reply.rebuilds > _REBUILDS:
                self._fail(reply, reason)
        self._cache.lose_all()
        self._runner.renew()

    def _take_out(self) -> list[AnySignal]:
        out, self._out = self._out, []
        return out
