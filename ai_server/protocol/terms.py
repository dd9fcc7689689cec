"""The words that some fields are limited to, without the libraries that check fields."""

from typing import Literal

Emotion = Literal["neutral", "happy", "sad", "angry", "surprised"]
EMOTIONS: tuple[Emotion, ...] = ("neutral", "happy", "sad", "angry", "surprised")
Source = Literal["llm", "skill", "fallback"]
FinishReason = Literal["stop", "length", "cancelled", "expired", "error"]
