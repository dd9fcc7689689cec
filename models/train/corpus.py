"""Encoded dialogues on their way to the trainer: token ids, which of them are learnt, and batches of similar length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from dialogues.conversation import Dialogue
from tokenizer import ChatEncoder
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """One encoded dialogue; `turns` are the places where a user turn starts."""

    ids: np.ndarray
    learnt: np.ndarray
    turns: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """Inputs, rope positions and targets; only where `learnt` is true a target counts."""

    ids: Tensor
    positions: Tensor
    targets: Tensor
    learnt: Tensor


def encode(dialogue: Dialogue, encoder: ChatEncoder, rng: random.Random, broken_share: float) -> Sample:
    """Encode a dialogue; in `broken_share` of them what the person says is tokenised with dropout."""
    broken = rng.random() < broken_share
    end = encoder.ids["<|eot_id|>"]
    ids = [encoder.ids["<|begin_of_text|>"], *encoder.header("system"), *encoder.content(dialogue.system), end]
    learnt = [False] * len(ids)
    turns = []
    for user, reply in dialogue.turns:
        turns.append(len(ids))
        asked = [*encoder.header("user"), *encoder.content(user, broken), end, *encoder.header("assistant")]
        answered = [*encoder.content(reply), end]
        ids += asked + answered
        learnt += [False] * len(asked) + [True] * len(answered)
    return Sample(np.array(ids, np.uint16), np.array(learnt, bool), tuple(turns))


def echo(encoder: ChatEncoder, rng: random.Random) -> Sample:
    """Random tokens and, after others, the same ones again: nothing is learnt from it but to copy.

    Attention learns to look back for what followed before (Olsson et al., "In-context Learning and Induction Heads",
    2022) from such samples sooner than from dialogues, where a copied token is one in ten.
    """
    ordinary = range(min(encoder.ids.values()))
    heard = [rng.choice(ordinary) for _ in range(rng.randint(4, 40))]
    between = [rng.choice(ordinary) for _ in range(rng.randint(0, 40))]
    start = rng.randrange(len(heard) - 2)
    again = heard[start:]
    ids = [encoder.ids["<|begin_of_text|>"], *heard, *between, *again]
    learnt = [False] * (len(ids) - len(again) + 1) + [True] * (len(again) - 1)
    return Sample(np.array(ids, np.uint16), np.array(learnt, bool), ())


def batches(samples: list[Sample], tokens: int, rng: random.Random, stretched_share: float) -> Iterator[Batch]:
    """Batches of about `tokens` ids, padded at the end to the longest; an endless, shuffled stream.

    In `stretched_share` of the samples the rope positions jump ahead between turns, up to 2,048 in all, so that
    distances longer than any sample are not new to the network.
    """
    while True:
        order = list(range(len(samples)))
        rng.shuffle(order)
        for start in range(0, len(order), 2048):
            pool = sorted(order[start : start + 2048], key=lambda index: len(samples[index].ids))
            groups = list(_groups(pool, samples, tokens))
            rng.shuffle(groups)
            for group in groups:
                yield _collate([samples[index] for index in group], rng, stretched_share)


def _groups(pool: list[int], samples: list[Sample], tokens: int) -> Iterator[list[int]]:
    group: list[int] = []
    for index in pool:
        if group and (len(group) + 1) * len(samples[index].ids) > tokens:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _collate(group: list[Sample], rng: random.Random, stretched_share: float) -> Batch:
    length = max(len(sample.ids) for sample in group) - 1
    ids = np.zeros((len(group), length), np.int64)
    targets = np.zeros((len(group), length), np.int64)
    learnt = np.zeros((len(group), length), bool)
    positions = np.tile(np.arange(length), (len(group), 1))
    for row, sample in enumerate(group):
        size = len(sample.ids) - 1
        ids[row, :size] = sample.ids[:-1]
        targets[row, :size] = sample.ids[1:]
        learnt[row, :size] = sample.learnt[1:]
        if rng.random() < stretched_share:
            room = int(2 ** rng.uniform(5, 11)) - 1
            for turn in sample.turns[1:]:
                positions[row, turn:] += rng.randint(0, 2 * room // max(1, len(sample.turns) - 1))
    return Batch(
        torch.from_numpy(ids), torch.from_numpy(positions), torch.from_numpy(targets), torch.from_numpy(learnt)
    )
