"""What the settings say of the model: how it is loaded, and how it is asked to speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ai_server.gguf import ModelHeader
from ai_server.llm.chat import Sampling
from ai_server.plan import Wishes
from ai_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked to speak.

    Attributes:
        prompt: the file in `prompts/`, without .txt: `compact` for small models trained on it, else `system`.
        sampling: how tokens are chosen.
        max_tokens: of one reply.
        literal_numbers: an action's number must be one that the person said, where the person said any.
        english_only: it speaks no other language.
        grammar: whether its replies are held to their form by a grammar.
    """

    prompt: Literal["system", "compact"]
    sampling: Sampling
    max_tokens: int
    literal_numbers: bool = False
    english_only: bool = False
    grammar: bool = True


def manner_of(settings: Settings, header: ModelHeader | None) -> Manner:
    """Return the manner for a model.

    A model's file may recommend values under `naila.prompt`, `naila.temperature`, `naila.top_p`, `naila.max_tokens` and
    `naila.literal_numbers`; what somebody set explicitly wins over it. One that wants the compact prompt was trained on
    English alone. `header` is None where no model is configured.
    """
    recommended = header.metadata if header else {}
    prompt: Literal["system", "compact"] = "compact" if recommended.get("naila.prompt") == "compact" else "system"

    def choose(field: str, key: str) -> float:
        value = recommended.get(key)
        if settings.explicit(field) or not isinstance(value, int | float):
            return float(getattr(settings, field))
        return float(value)

    return Manner(
        prompt=prompt,
        sampling=Sampling(
            temperature=choose("llm_temperature", "naila.temperature"),
            top_p=choose("llm_top_p", "naila.top_p"),
            seed=settings.llm_seed,
            top_k=settings.llm_top_k,
            min_p=settings.llm_min_p,
            repetition_penalty=settings.llm_repetition_penalty,
        ),
        max_tokens=int(choose("llm_max_tokens", "naila.max_tokens")),
        literal_numbers=recommended.get("naila.literal_numbers") is True,
        english_only=prompt == "compact",
        grammar=settings.llm_grammar,
    )


def wishes_of(settings: Settings) -> Wishes:
    """Return what somebody set explicitly of how a model is loaded; the rest is planned.

    Where a key encrypts the database, conversations stay off the disk: the engine's files would hold them in the clear.
    """

    def wish(field: str) -> Any:
        return getattr(settings, field) if settings.explicit(field) else None

    return Wishes(
        context_size=wish("llm_context_size"),
        threads=settings.llm_threads,
        gpu_layers=settings.llm_gpu_layers,
        batch_size=wish("llm_batch_size"),
        kv_type=settings.llm_kv_type,
        cells=settings.llm_kv_cells,
        parallel=settings.llm_parallel,
        step_budget_ms=wish("llm_step_budget_ms"),
        spill_bytes=_bytes(settings.llm_spill_mb),
        spill_disk_bytes=0 if settings.database_key_file else _bytes(wish("llm_spill_disk_mb")),
    )


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes << 20
