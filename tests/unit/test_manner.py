from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from ai_server.gguf import ModelHeader
from ai_server.llm.manner import manner_of, wishes_of
from ai_server.plan import Wishes
from ai_server.settings import Settings, load_settings

RECOMMENDED = {"naila.prompt": "compact", "naila.temperature": 0.2, "naila.top_p": 0.5, "naila.max_tokens": 96}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


def _header(**metadata: object) -> ModelHeader:
    return cast("ModelHeader", SimpleNamespace(metadata=metadata))


def test_a_models_file_recommends_how_it_is_asked_to_speak():
    manner = manner_of(load_settings(None), _header(**RECOMMENDED))
    assert manner.prompt == "compact"
    assert (manner.sampling.temperature, manner.sampling.top_p, manner.max_tokens) == (0.2, 0.5, 96)


def test_what_somebody_set_wins_over_the_file():
    manner = manner_of(load_settings(None, llm_temperature=0.0, llm_max_tokens=512), _header(**RECOMMENDED))
    assert (manner.sampling.temperature, manner.sampling.top_p, manner.max_tokens) == (0.0, 0.5, 512)


@pytest.mark.parametrize("header", [None, _header(), _header(**{"naila.temperature": "hot"})])
def test_without_recommendations_the_defaults_hold(header):
    manner = manner_of(load_settings(None), header)
    assert manner.prompt == "system"
    assert (manner.sampling.temperature, manner.sampling.top_p, manner.max_tokens) == (0.7, 0.9, 512)


def test_a_default_is_no_wish():
    assert wishes_of(load_settings(None)).context_size is None
    assert wishes_of(load_settings(None, llm_context_size=4096)).context_size == 4096


def test_how_the_engine_is_loaded_is_a_wish_only_where_it_was_set():
    assert wishes_of(load_settings(None)) == Wishes()
    given = {
        "llm_kv_cells": 8192,
        "llm_parallel": 2,
        "llm_step_budget_ms": 50,
        "llm_spill_mb": 3,
        "llm_spill_disk_mb": 0,
    }
    wishes = wishes_of(load_settings(None, **given))
    assert (wishes.cells, wishes.parallel, wishes.step_budget_ms) == (8192, 2, 50)
    assert (wishes.spill_bytes, wishes.spill_disk_bytes) == (3 << 20, 0)


def test_tokens_are_chosen_as_somebody_set():
    given = {"llm_top_k": 0, "llm_min_p": 0.05, "llm_repetition_penalty": 1.1, "llm_seed": 7}
    sampling = manner_of(load_settings(None, **given), _header(**RECOMMENDED)).sampling
    assert (sampling.top_k, sampling.min_p, sampling.repetition_penalty, sampling.seed) == (0, 0.05, 1.1, 7)


def test_conversations_stay_off_the_disk_where_the_database_is_encrypted():
    wishes = wishes_of(load_settings(None, naila_database_key_file="/etc/key", llm_spill_disk_mb=64))
    assert wishes.spill_disk_bytes == 0
