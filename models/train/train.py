"""Trains the network on encoded dialogues: Muon for the matrices, AdamW for the rest, a cosine schedule.

Each worker is a process with one thread and its own share of every batch. Two threads in one process would wait for each
other in every matrix product; two processes meet once a step, which also holds up on a busy machine.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.multiprocessing
from corpus import Batch, Sample, batches
from network import Network
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train. Training ends at `steps` or after `minutes`, whichever comes first."""

    steps: int
    minutes: float
    rate: float = 2e-3
    warmup: int = 50
    tokens: int = 4608
    workers: int = 2
    stretched_share: float = 0.25
    seed: int = 1


class Meeting:
    """Where the workers meet once in a step: memory that all of them see, and a barrier.

    A worker writes into its own row only, and reads the others' between two barriers.
    """

    def __init__(self, workers: int, size: int) -> None:
        """Room for `size` floats of each worker."""
        self.workers = workers
        self._rows = torch.zeros(workers, size).share_memory_()
        self._barrier = torch.multiprocessing.get_context("spawn").Barrier(workers)

    def mean(self, rank: int, tensors: list[Tensor]) -> None:
        """Replace each of `tensors` by its mean over the workers."""
        self._write(rank, tensors)
        self._barrier.wait()
        _scatter(self._rows[:, : sum(t.numel() for t in tensors)].mean(0), tensors)
        self._barrier.wait()

    def collect(self, rank: int, owned: list[list[Tensor]]) -> None:
        """Take over from each worker the tensors that it owns: `owned[worker]`."""
        self._write(rank, owned[rank])
        self._barrier.wait()
        for worker, tensors in enumerate(owned):
            if worker != rank:
                _scatter(self._rows[worker], tensors)
        self._barrier.wait()

    def _write(self, rank: int, tensors: list[Tensor]) -> None:
        row, at = self._rows[rank], 0
        for tensor in tensors:
            row[at : at + tensor.numel()].view_as(tensor).copy_(tensor)
            at += tensor.numel()


def _scatter(row: Tensor, tensors: list[Tensor]) -> None:
    at = 0
    for tensor in tensors:
        tensor.copy_(row[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()


class Optimizer:
    """Keeps float32 masters of the bfloat16 weights; orthogonalised momentum (Muon) for matrices, AdamW for the rest.

    Each worker updates its share of the matrices, for that is a fifth of a step's work, and hands it to the others.
    """

    def __init__(self, network: Network, meeting: Meeting, rank: int) -> None:
        blocks = {name: p for name, p in network.named_parameters() if name.startswith("blk.") and p.dim() == 2}
        shapes: dict[tuple[int, ...], list[Tensor]] = {}
        for parameter in blocks.values():
            shapes.setdefault(tuple(parameter.shape), []).append(parameter)
        self._rank, self._meeting = rank, meeting
        self._parameters = list(network.parameters())
        self._shares = [
            [group[worker :: meeting.workers] for group in shapes.values()] for worker in range(meeting.workers)
        ]
        self._masters = [torch.stack([p.detach().float() for p in group]) for group in self._shares[rank]]
        self._momenta = [torch.zeros_like(master) for master in self._masters]
        self._rest = [p for name, p in network.named_parameters() if name not in blocks]
        self._rest_masters = [p.detach().float().clone().requires_grad_() for p in self._rest]
        self._adam = torch.optim.AdamW(self._rest_masters, betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, rate: float) -> None:
        """Apply the mean of all workers' gradients at learning rate `rate` and clear them."""
        self._meeting.mean(self._rank, [_gradient(p) for p in self._parameters])
        with torch.no_grad():
            for group, master, momentum in zip(self._shares[self._rank], self._masters, self._momenta, strict=True):
                gradient = torch.stack([_gradient(p).float() for p in group])
                momentum.lerp_(gradient, 0.05)
                update = _orthogonal(gradient.lerp(momentum, 0.95))
                scale = 0.2 * max(master.shape[1:]) ** 0.5
                master.mul_(1 - rate * 0.1).add_(update, alpha=-rate * scale)
                for parameter, row in zip(group, master, strict=True):
                    parameter.copy_(row)
            self._meeting.collect(self._rank, [[p for group in share for p in group] for share in self._shares])
        for parameter, rest in zip(self._rest, self._rest_masters, strict=True):
            rest.grad = _gradient(parameter).float()
        self._adam.param_groups[0]["lr"] = rate
        self._adam.step()
        with torch.no_grad():
            for parameter, rest in zip(self._rest, self._rest_masters, strict=True):
                parameter.copy_(rest)
        for parameter in self._parameters:
            parameter.grad = None

    def masters(self, network: Network) -> dict[str, Tensor]:
        """The float32 weights by name, gathered from all workers; every worker has to ask at the same step."""
        whole: dict[int, Tensor] = {
            id(p): torch.empty(p.shape) for share in self._shares for group in share for p in group
        }
        mine = [p for group in self._shares[self._rank] for p in group]
        for parameter, row in zip(mine, (row for master in self._masters for row in master), strict=True):
            whole[id(parameter)] = row.detach().clone()
        self._meeting.collect(self._rank, [[whole[id(p)] for group in share for p in group] for share in self._shares])
        whole.update({id(p): m.detach().clone() for p, m in zip(self._rest, self._rest_masters, strict=True)})
        return {name: whole[id(p)] for name, p in network.named_parameters()}


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError("a parameter has no gradient: the loss does not reach it")
    return parameter.grad


def _orthogonal(batch: Tensor) -> Tensor:
    """Five Newton-Schulz steps towards the nearest orthogonal matrices (Jordan, "Muon", 2024)."""
    wide = batch.shape[1] <= batch.shape[2]
    x = (batch if wide else batch.mT).bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x if wide else x.mT).float()


def loss_of(network: Network, batch: Batch) -> Tensor:
    """Mean cross-entropy over the learnt tokens of a batch."""
    logits = network(batch.ids, batch.positions, batch.learnt).float()
    return functional.cross_entropy(logits, batch.targets[batch.learnt])


def train(network: Network, samples: list[Sample], held_out: list[Sample], plan: Plan, checkpoint: Path) -> Network:
    """Train `network` in bfloat16 and return its float32 weights, which `checkpoint` holds too."""
    meeting = Meeting(plan.workers, 1 + sum(p.numel() for p in network.parameters()))
    arguments = (network, samples, held_out, plan, checkpoint, meeting)
    torch.multiprocessing.spawn(_work, args=arguments, nprocs=plan.workers)
    network.load_state_dict(torch.load(checkpoint))
    return network


def _work(
    rank: int,
    network: Network,
    samples: list[Sample],
    held_out: list[Sample],
    plan: Plan,
    checkpoint: Path,
    meeting: Meeting,
) -> None:
    torch.set_num_threads(1)
    network = network.bfloat16()
    for block in network.blk:
        block.compile(dynamic=True)
    optimizer = Optimizer(network, meeting, rank)
    stream = batches(samples[rank :: plan.workers], plan.tokens, random.Random(plan.seed + rank), plan.stretched_share)
    checks = _first(batches(held_out, plan.tokens, random.Random(plan.seed), 0.0), 16)
    started = time.monotonic()
    seen, mean, step = 0, 0.0, 0
    progress = torch.zeros(1)
    while True:
        elapsed = time.monotonic() - started
        progress[0] = max(step / plan.steps, elapsed / (60 * plan.minutes))
        meeting.mean(rank, [progress])
        if progress.item() >= 1:
            break
        cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * progress.item())) / 2
        batch = next(stream)
        loss = loss_of(network, batch)
        loss.backward()
        optimizer.step(plan.rate * min(1.0, (step + 1) / plan.warmup) * cosine)
        step += 1
        seen += batch.ids.numel() * plan.workers
        mean = loss.item() if step == 1 else 0.98 * mean + 0.02 * loss.item()
        if rank == 0 and step % 50 == 0:
            line = f"step {step} tokens {seen / 1e6:.2f} M loss {mean:.3f} {seen / elapsed:.0f} tokens/s {elapsed / 60:.1f} min"
            print(line if step % 250 else f"{line} held-out {_check(network, checks):.3f}", flush=True)
        if step % 250 == 0:
            _save(optimizer.masters(network), rank, checkpoint)
    _save(optimizer.masters(network), rank, checkpoint)
    if rank == 0:
        minutes, held = (time.monotonic() - started) / 60, _check(network, checks)
        print(f"done: {step} steps, {seen} tokens, {minutes:.1f} min, held-out loss {held:.4f}", flush=True)


def _save(weights: dict[str, Tensor], rank: int, checkpoint: Path) -> None:
    if rank == 0:
        torch.save(weights, checkpoint)


@torch.no_grad()
def _check(network: Network, checks: list[Batch]) -> float:
    return sum(loss_of(network, check).item() for check in checks) / len(checks)


def _first(stream: Iterator[Batch], count: int) -> list[Batch]:
    return [next(stream) for _ in range(count)]
