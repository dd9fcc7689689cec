"""The interface to whatever speaks: a request goes in, a stream of typed events comes out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from ai_server.protocol.terms import Emotion, FinishReason, Source

if TYPE_CHECKING:  # it takes 10 MB that the engine's process has no use for
    from pydantic import JsonValue

Role = Literal["system", "user", "assistant"]


def conversation_id(device_id: str, user_id: str | None) -> str:
    """Return by which the model keeps a robot's conversation with a person, None or empty for somebody unknown."""
    return f"{device_id}/{user_id}" if user_id else device_id


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message of a chat. Its content is text and nothing else: control tokens typed in it stay pieces of text."""

    role: Role
    content: str


class Sampling(msgspec.Struct, frozen=True, array_like=True):
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: the smallest set of tokens with this probability is drawn from; 1 is off.
        seed: the same seed, prompt and model give the same text; None draws one.
        top_k: no more than so many of the likeliest tokens are drawn from; 0 is off.
        min_p: tokens below this share of the likeliest one's probability are not drawn; 0 is off.
        repetition_penalty: of tokens among the last 64 of the reply; 1 is off, more makes them less likely.
    """

    temperature: float = 0.7
    top_p: float = 0.9
    seed: int | None = None
    top_k: int = 40
    min_p: float = 0.0
    repetition_penalty: float = 1.0


class ChatRequest(msgspec.Struct, frozen=True):
    """What is to be answered.

    Attributes:
        request_id: for logs.
        conversation_id: requests of one conversation share most of their prompt; the KV cache is kept by it.
        messages: the system message first, the newest user message last.
        sampling: how tokens are chosen.
        max_tokens: at most so many are generated.
        stop: generation ends before any of these strings.
        timeout_s: so long after it began generation stops with `length`; None for never.
        grammar: GBNF that the whole reply must follow, from its rule `root`; None for none.
        intent: what the utterance was taken for; the fallback chooses its answer by it.
        emotion: how the person seems to feel; the fallback chooses its answer by it.
        language: what is to be answered in, a primary tag of BCP 47; the fallback chooses its answer by it.
        persona: the name of the persona's file; None for the default one.
        verbatim: the text is for no person: no emotion, sentences or actions are looked for in it.
    """

    request_id: str
    conversation_id: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    timeout_s: float | None = None
    grammar: str | None = None
    intent: str = "conversation"
    emotion: Emotion = "neutral"
    language: str = "en"
    persona: str | None = None
    verbatim: bool = False


class ListenRequest(msgspec.Struct, frozen=True):
    """What is being said: the `ChatRequest` for it is to come, once it is complete.

    Attributes:
        conversation_id: that of the `ChatRequest`.
        messages: those of the `ChatRequest`, but for the words of the last one, which go on or change still.
        max_tokens: that of the `ChatRequest`.
    """

    conversation_id: str
    messages: tuple[Message, ...]
    max_tokens: int = 512


class Started(msgspec.Struct, frozen=True):
    """The model begins. A second one in a stream means that the reply begins anew: what came before it is void.

    Attributes:
        source: who speaks.
        first_decode: `time.monotonic_ns()` just before the first decode call; None where none is made.
    """

    source: Source
    first_decode: int | None = None


class EmotionTag(msgspec.Struct, frozen=True):
    """The emotion of the reply; comes before any word of it."""

    emotion: Emotion


class Delta(msgspec.Struct, frozen=True):
    """The next piece of the words, as they are generated; the deltas joined are the text."""

    text: str


class Sentence(msgspec.Struct, frozen=True):
    """A sentence is complete and can be spoken."""

    text: str


class ActionCall(msgspec.Struct, frozen=True):
    """The model wants the robot's body to do something. Not yet checked against what the robot declared."""

    name: str
    arguments: dict[str, JsonValue]


class TokenUsage(msgspec.Struct, frozen=True):
    """Tokens of one reply; `cached_tokens` of the prompt were in the KV cache already."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class Finished(msgspec.Struct, frozen=True):
    """The reply is complete; always the last event.

    Attributes:
        reason: `stop`, `length` (the text then ends at its last full sentence), `cancelled` or `error`.
        text: the whole of the words.
        usage: tokens.
        prefill_ms: from the first decode call to the first token.
        decode_ms: from the first token to the last.
        dropped_turns: old messages left out because the prompt did not fit the context.
        confidence: how sure the model was, 0 to 1; None where no model spoke.
    """

    reason: FinishReason
    text: str
    usage: TokenUsage = TokenUsage()
    prefill_ms: float = 0
    decode_ms: float = 0
    dropped_turns: int = 0
    confidence: float | None = None


ChatEvent = Started | EmotionTag | Delta | Sentence | ActionCall | Finished


class ChatModel(Protocol):
    """Whatever can answer a chat."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield the events of one reply; closing the generator cancels generation before the next token.

        Raises:
            TooLongError: if the persona and the newest words alone do not fit the model's context.
            ModelError: if the model broke on this request or is not there.
        """
        ...


class ListeningModel(ChatModel, Protocol):
    """A chat model that keeps what it has read, and can read ahead.

    Nothing of this raises, or waits, or delays an answer: what cannot be done is not done.
    """

    def listen(self, request: ListenRequest) -> None:
        """Read what is being said while it is not complete."""
        ...

    def prepare(self, system: Message) -> None:
        """Read the system message of conversations to come."""
        ...

    def forget(self, conversation_id: str) -> None:
        """Forget what was read of a conversation."""
        ...

    def forget_all(self) -> None:
        """Forget what was read of all conversations, and what they begin with."""
        ...


class ModelError(Exception):
    """The model could not answer; the message says why."""


class TooLongError(Exception):
    """The persona and the newest words alone do not fit the context; the message gives both lengths in tokens."""
