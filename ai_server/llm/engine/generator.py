"""One model at work: a request becomes a prompt, the prompt tokens, the tokens text, a step at a time."""

from __future__ import annotations

import time

from ai_server.llm.engine.pace import PrefillPace
from ai_server.llm.engine.prompt import fit_prompt
from ai_server.llm.engine.runner import NoRoomError, Runner
from ai_server.llm.engine.sampler import Sampler
from ai_server.llm.engine.sequence import Reply, Sequence
from ai_server.llm.engine.template import ChatTemplate
from ai_server.llm.engine.text import TextStream
from ai_server.llm.wire import Generate
from ai_server.protocol.reply import FinishReason

_CHUNK_S = 0.25


class Generator:
    """Generates on one sequence of a runner; what the sequence holds is used again wherever a prompt begins with it.

    Args:
        runner: with a model that is warm.
        template: of that model.
        prefill_rate: tokens of a prompt a second, as measured.
    """

    def __init__(self, runner: Runner, template: ChatTemplate, prefill_rate: float) -> None:
        self._runner = runner
        self._template = template
        self._sequence = Sequence(0)
        self._pace = PrefillPace(prefill_rate, chunk_s=_CHUNK_S, largest=runner.batch_size)

    def begin(self, request: Generate) -> Reply:
        """Lay out a request's prompt, and keep of the KV cache what it begins with.

        Raises:
            PromptTooLongError: it cannot fit.
            TemplateError: it cannot be laid out.
        """
        prompt = fit_prompt(
            request.messages,
            context_size=self._runner.context_size,
            max_tokens=request.max_tokens,
            tokenise=lambda messages: self._template.tokenise(messages, request.date),
        )
        # The cache holds no logits, so the last token is always decoded again.
        common = min(self._sequence.common_prefix(prompt.tokens), len(prompt.tokens) - 1)
        self._runner.cut(self._sequence, common)
        return Reply(request, prompt, len(self._sequence.tokens), Sampler(request.sampling), TextStream(request.stop))

    def advance(self, reply: Reply) -> FinishReason | None:
        """Decode a part of the prompt or one token of the reply; return why the reply is over, or None.

        Raises:
            DecodeError: llama.cpp failed; the reply cannot go on, other requests can.
        """
        if reply.first_token is None:
            return self._prefill(reply)
        if len(self._sequence.tokens) >= self._runner.context_size:
            return "length"
        try:
            self._runner.decode(self._sequence, (reply.last_token,), logits=True)
        except NoRoomError:
            return "length"
        return self._take(reply, self._runner.sample(reply.sampler))

    def close(self) -> None:
        """Free the model."""
        self._runner.close()

    def _prefill(self, reply: Reply) -> FinishReason | None:
        start = len(self._sequence.tokens)
        part = reply.prompt.tokens[start : start + min(self._pace.chunk, reply.chunk_limit)]
        is_last = start + len(part) == len(reply.prompt.tokens)
        before = time.monotonic()
        try:
            self._runner.decode(self._sequence, part, logits=is_last)
        except NoRoomError:
            if len(part) == 1:
                raise
            reply.chunk_limit = len(part) // 2
            return None
        self._pace.learn(len(part), time.monotonic() - before)
        return self._take(reply, self._runner.sample(reply.sampler)) if is_last else None

    def _take(self, reply: Reply, token: int) -> FinishReason | None:
        reply.newest_token = time.monotonic()
        if reply.first_token is None:
            reply.first_token = reply.newest_token
        piece = self._runner.vocabulary.piece(token)
        if piece is None:
            return "stop"
        reply.last_token = token
        reply.completion_tokens += 1
        reply.unsent_tokens += 1
        reply.unsent += reply.text.feed(piece)
        if reply.text.stopped:
            return "stop"
        return "length" if reply.completion_tokens >= reply.request.max_tokens else None
