"""How a model is loaded on a host: threads, GPU layers, context, KV cache, spill, and the reason for each in words."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from ai_server.gguf import KvType, ModelHeader
from ai_server.hardware import Device, Host

FlashAttention: TypeAlias = Literal["auto", "on"]
"""`auto`: wherever llama.cpp finds that the device can."""

LoadMode: TypeAlias = Literal["mmap", "none"]
"""How llama.cpp reads the weights, by its own names (`llama_load_mode_name`)."""

DEFAULT_CONTEXT_SIZE: Final = 4096
DEFAULT_BATCH_SIZE: Final = 512
DEFAULT_PARALLEL: Final = 8
DEFAULT_STEP_BUDGET_MS: Final = 100.0
DEFAULT_SPILL_DISK_BYTES: Final = 1 << 30
MIN_CONTEXT_SIZE: Final = 2048
"""The context is not shrunk below this of itself: persona, a few turns and a reply need it."""
CONVERSATIONS: Final = 4
"""The KV cache is made for so many conversations of the longest length, where there is room."""
CELLS_PER_REPLY: Final = 512
"""With fewer cells for each, fewer are generated at once: a short prompt and its reply need so many."""
FEW_THREADS: Final = 4
LARGE_MODEL_BYTES: Final = 2 << 30
SLOW_PARALLEL: Final = 4
"""With fewer threads and a larger model than these, so many replies at once: there computing takes the time, and more
tokens in a step are no faster in sum."""
MAX_SPILL_BYTES: Final = 1 << 30
SPILL_SHARE: Final = 0.25
"""Of the memory that the plan leaves unused."""
MAX_UBATCH_SIZE: Final = 512
"""llama.cpp's own default; larger ones cost memory and gain little."""
LEAST_CPU_UBATCH_SIZE: Final = 64
CPU_UBATCH_TOKENS: Final = 32
"""Of a thread, where the CPU computes: it reads a prompt no faster in larger ones, which cost memory, as computing with
the weights takes much longer then than reading them from memory."""
HOST_HEADROOM_BYTES: Final = 256 << 20
"""At least this much memory is left to the daemon and everything else on the host."""
HOST_HEADROOM_SHARE: Final = 0.05
GPU_HEADROOM_BYTES: Final = 1 << 30
"""At least this much GPU memory is left free, as llama.cpp's own `--fit` leaves."""
GPU_HEADROOM_SHARE: Final = 0.1
GPU_RUNTIME_BYTES: Final = 380_000_000
"""What the driver's context and kernels take on each GPU beside the compute buffer: 0.5 GB with it for an 8B model."""

_CONTEXT_PADDING: Final = 256  # llama.cpp rounds the context up to this (llama-context.cpp)
_KV_TYPES: Final[tuple[KvType, ...]] = ("f16", "q8_0", "q4_0")
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30


class PlanError(Exception):
    """The model does not fit as wished; the message is what does not fit, the numbers in GiB, and what would fit."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was set explicitly; None is automatic."""

    context_size: int | None = None
    """Tokens."""
    threads: int | None = None
    gpu_layers: int | None = None
    """As llama.cpp counts: blocks from the last one up, and one more for the output; -1 is all of them."""
    batch_size: int | None = None
    """Tokens in one decode call."""
    kv_type: KvType | None = None
    cells: int | None = None
    """Tokens in the KV cache, at least `context_size`."""
    parallel: int | None = None
    """Replies generated at once."""
    step_budget_ms: float | None = None
    spill_bytes: int | None = None
    spill_disk_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Where the memory goes, in bytes; an upper estimate."""

    weights: int
    kv: int
    """Of all cells."""
    compute: int
    """llama.cpp's scratch buffers, and the GPU driver's."""
    gpu: int
    """So much of the total is on the GPU."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv + self.compute

    @property
    def host(self) -> int:
        """What is not on the GPU."""
        return self.total - self.gpu


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is loaded on this host. Every field has its reason, in words, under its name in `reasons`."""

    threads: int
    threads_batch: int
    gpu_layers: int
    context_size: int
    """Tokens of the longest conversation, its reply included."""
    cells: int
    """Tokens in the KV cache, which all conversations share."""
    parallel: int
    """Replies generated at once; others wait."""
    batch_size: int
    ubatch_size: int
    step_budget_ms: float
    """A step that generates reads no more of a prompt than fits this time."""
    kv_type: KvType
    flash_attention: FlashAttention
    load_mode: LoadMode
    spill_bytes: int
    """Of host memory, for conversations that leave the KV cache; taken only as they do, and beside `memory`."""
    spill_disk_bytes: int
    """Of the disk, for conversations that leave host memory, or are to survive the process."""
    acceleration: str
    """What computes: `cpu`, `cuda`, `metal`, `vulkan`, `rocm`, ..."""
    memory: MemoryEstimate
    reasons: Mapping[str, str]


def plan(host: Host, model: ModelHeader, wishes: Wishes) -> Plan:
    """Decide how to load a model on a host. Wishes win where they can fit; docs/hardware.md has the policy.

    Raises:
        PlanError: it cannot fit as wished, or not at all.
    """
    return _Planner(host, model, wishes).plan()


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the search varies."""

    gpu_layers: int
    context_size: int
    kv_type: KvType
    cells: int


class _Planner:
    """Searches, in the order of preference, for the first choice that fits."""

    def __init__(self, host: Host, model: ModelHeader, wishes: Wishes) -> None:
        self._host = host
        self._model = model
        self._wishes = wishes
        self._budget = _Budget.of(host, model, reserved=wishes.spill_bytes or 0)
        self._all_layers = model.layers + 1
        automatic = min(DEFAULT_CONTEXT_SIZE, model.context_length, wishes.cells or DEFAULT_CONTEXT_SIZE)
        self._context_top = automatic if wishes.context_size is None else wishes.context_size
        self._batch_top = DEFAULT_BATCH_SIZE if wishes.batch_size is None else wishes.batch_size
        supported = tuple(kind for kind in _KV_TYPES if model.supports_kv_type(kind))
        self._kv_types: tuple[KvType, ...] = (wishes.kv_type,) if wishes.kv_type else supported
        self._kv_types_of_cpu = self._kv_types[1:] if host.x86 and len(self._kv_types) > 1 else self._kv_types

    def plan(self) -> Plan:
        self._check_wishes()
        choice = next((choice for choice in self._choices() if self._fits(choice)), None)
        if choice is None:
            raise PlanError(self._refusal())
        choice = self._with_room_for_more(choice)
        memory = self._estimate(choice)
        threads, threads_reason = self._threads()
        parallel, parallel_reason = self._parallel(choice, threads)
        spill, spill_reason = self._spill(memory)
        load_mode, load_reason = self._load_mode(choice, memory)
        acceleration, acceleration_reason = self._acceleration(choice)
        batch = self._batch_size(choice)
        return Plan(
            threads=threads,
            threads_batch=threads,
            gpu_layers=choice.gpu_layers,
            context_size=choice.context_size,
            cells=choice.cells,
            parallel=parallel,
            batch_size=batch,
            ubatch_size=self._ubatch_size(choice),
            step_budget_ms=self._wishes.step_budget_ms or DEFAULT_STEP_BUDGET_MS,
            kv_type=choice.kv_type,
            flash_attention="auto" if choice.kv_type == "f16" else "on",
            load_mode=load_mode,
            spill_bytes=spill,
            spill_disk_bytes=self._spill_disk_bytes(),
            acceleration=acceleration,
            memory=memory,
            reasons=MappingProxyType(
                {
                    "threads": threads_reason,
                    "threads_batch": "as many as for single tokens: reading a prompt shares their barriers",
                    "gpu_layers": self._gpu_reason(choice),
                    "context_size": self._context_reason(choice),
                    "cells": self._cells_reason(choice),
                    "parallel": parallel_reason,
                    "batch_size": self._batch_reason(choice),
                    "ubatch_size": f"the batch, at most {self._most_at_once(choice)}: the compute buffer is as large",
                    "step_budget_ms": f"{_set_or_default(self._wishes.step_budget_ms)}: no prompt that is read holds "
                    "up the replies in the making for longer",
                    "kv_type": self._kv_reason(choice),
                    "flash_attention": _flash_reason(choice),
                    "load_mode": load_reason,
                    "spill_bytes": spill_reason,
                    "spill_disk_bytes": self._spill_disk_reason(choice),
                    "acceleration": acceleration_reason,
                    "memory": self._memory_reason(memory),
                }
            ),
        )

    def _check_wishes(self) -> None:
        kind = self._wishes.kv_type
        if kind and not self._model.supports_kv_type(kind):
            raise PlanError(
                f"LLM_KV_TYPE={kind} does not fit this model: its heads are {self._model.key_length} values wide, and "
                f"{kind} stores whole blocks of 32. What fits: LLM_KV_TYPE=f16."
            )
        if self._wishes.gpu_layers and not self._budget.gpu:
            raise PlanError(
                f"LLM_GPU_LAYERS={self._wishes.gpu_layers} needs a GPU, and llama.cpp "
                f"{self._budget.gpu_reason}. What fits: LLM_GPU_LAYERS=0 or auto."
            )

    # The search.

    def _choices(self) -> Iterator[_Choice]:
        """Yield what to try: less context first, then a smaller KV type, then fewer layers on the GPU."""
        if self._wishes.gpu_layers is not None:
            yield from self._shrinking(self._wished_layers(self._wishes.gpu_layers))
            return
        if self._budget.gpu:
            yield from self._shrinking(self._all_layers)
            yield from (replace(self._compact(), gpu_layers=layers) for layers in range(self._model.layers, 0, -1))
        yield from self._shrinking(0)

    def _shrinking(self, gpu_layers: int) -> Iterator[_Choice]:
        for kv_type in self._kv_types if gpu_layers else self._kv_types_of_cpu:
            for context in self._contexts():
                yield _Choice(gpu_layers, context, kv_type, self._least_cells(context))

    def _least_cells(self, context_size: int) -> int:
        """Return the cells that one conversation needs, or that were set; llama.cpp rounds both up."""
        return _pad_up(context_size if self._wishes.cells is None else self._wishes.cells)

    def _contexts(self) -> Iterator[int]:
        yield self._context_top
        if self._wishes.context_size is None and self._wishes.cells is None:
            yield from range(_pad_down(self._context_top - 1), MIN_CONTEXT_SIZE - 1, -_CONTEXT_PADDING)

    def _compact(self) -> _Choice:
        """Return the small KV cache that is kept when layers have to leave the GPU.

        It stops at q8_0: q4_0 would save half a layer of an 8B model and costs quality.
        """
        *_, context = self._contexts()
        kv_type: KvType = "q8_0" if "q8_0" in self._kv_types else self._kv_types[0]
        return _Choice(0, context, kv_type, self._least_cells(context))

    def _with_room_for_more(self, choice: _Choice) -> _Choice:
        """Give the KV cache cells for more conversations: what the GPU has left, or half of what the host has."""
        if self._wishes.cells is not None:
            return choice
        alone = self._estimate(choice)
        sizes = range(choice.cells, CONVERSATIONS * choice.cells + 1, _CONTEXT_PADDING)

        def too_many(cells: int) -> bool:
            memory = self._estimate(replace(choice, cells=cells))
            grown = self._budget.on_host(memory) - self._budget.on_host(alone)
            return not self._budget.covers(memory) or grown > self._budget.left(alone) / 2

        return replace(choice, cells=sizes[max(0, bisect_left(sizes, x=True, key=too_many) - 1)])

    def _wished_layers(self, layers: int) -> int:
        return self._all_layers if layers < 0 else min(layers, self._all_layers)

    def _batch_size(self, choice: _Choice) -> int:
        return min(self._batch_top, choice.context_size)

    def _ubatch_size(self, choice: _Choice) -> int:
        return min(self._batch_size(choice), self._most_at_once(choice))

    def _most_at_once(self, choice: _Choice) -> int:
        """Return the largest ubatch that pays."""
        if choice.gpu_layers:
            return MAX_UBATCH_SIZE
        threads, _ = self._threads()
        return min(MAX_UBATCH_SIZE, max(LEAST_CPU_UBATCH_SIZE, CPU_UBATCH_TOKENS * threads))

    def _fits(self, choice: _Choice) -> bool:
        return self._budget.covers(self._estimate(choice))

    def _estimate(self, choice: _Choice) -> MemoryEstimate:
        model = self._model
        blocks = max(0, choice.gpu_layers - 1)
        kv = choice.cells * model.kv_bytes_per_token(choice.kv_type)
        ubatch = self._ubatch_size(choice)
        parallel = self._wishes.parallel or DEFAULT_PARALLEL
        logits, scratch = _logits_bytes(model, parallel), _compute_bytes(model, choice.cells, ubatch, parallel)
        if choice.gpu_layers == 0:
            return MemoryEstimate(weights=model.weight_bytes, kv=kv, compute=scratch + logits, gpu=0)
        gpu_weights = sum(model.layer_bytes[model.layers - blocks :]) + model.output_bytes
        gpu_kv = choice.cells * model.kv_bytes_per_token(choice.kv_type, blocks)
        gpu_scratch = len(self._budget.devices) * (scratch + GPU_RUNTIME_BYTES)
        # A tied head on the GPU is a second copy of the token embedding, which stays on the host.
        copied = model.output_bytes if model.tied_head else 0
        return MemoryEstimate(
            weights=model.weight_bytes + copied,
            kv=kv,
            compute=scratch + logits + gpu_scratch,
            gpu=gpu_weights + gpu_kv + gpu_scratch,
        )

    # What cannot be.

    def _refusal(self) -> str:
        best = self._least()
        memory = self._estimate(best)
        return (
            f"{self._model.name} does not fit: {self._needs(best, memory)}, but {self._budget.describe()}. "
            f"{self._what_would_fit(best)}"
        )

    def _least(self) -> _Choice:
        """Return the choice that came nearest to fitting."""
        return min(self._choices(), key=lambda choice: self._budget.excess(self._estimate(choice)))

    def _needs(self, choice: _Choice, memory: MemoryEstimate) -> str:
        where = f", {_size(memory.gpu)} of it on the GPU for {choice.gpu_layers} layers" if choice.gpu_layers else ""
        return (
            f"it needs {_size(memory.total)} (weights {_size(memory.weights)}, KV cache {_size(memory.kv)} for "
            f"{choice.cells} tokens in {choice.kv_type}, compute {_size(memory.compute)}){where}"
        )

    def _what_would_fit(self, choice: _Choice) -> str:
        offers = [
            offer for offer in (self._kv_offer(choice), self._cells_offer(choice), self._layer_offer(choice)) if offer
        ]
        if offers:
            return f"What would fit: {', or '.join(offers)}."
        return "No setting makes it fit: free memory, or choose a smaller model (`naila models list`)."

    def _kv_offer(self, choice: _Choice) -> str | None:
        for kv_type in _KV_TYPES:
            if self._model.supports_kv_type(kv_type) and self._fits(replace(choice, kv_type=kv_type)):
                return f"LLM_KV_TYPE={kv_type}"
        return None

    def _cells_offer(self, choice: _Choice) -> str | None:
        setting, least = "LLM_CONTEXT_SIZE", 1
        if self._wishes.cells is not None:
            setting, least = "LLM_KV_CELLS", self._wishes.context_size or 1
        sizes = range(choice.cells - _CONTEXT_PADDING, least - 1, -_CONTEXT_PADDING)

        def fits(cells: int) -> bool:
            return self._fits(replace(choice, cells=cells, context_size=min(choice.context_size, cells)))

        most = bisect_left(sizes, x=True, key=fits)
        return f"{setting}={sizes[most]}" if most < len(sizes) else None

    def _layer_offer(self, choice: _Choice) -> str | None:
        for layers in range(choice.gpu_layers - 1, -1, -1):
            if self._fits(replace(choice, gpu_layers=layers)):
                return f"LLM_GPU_LAYERS={layers}"
        return None

    # The decisions, and their reasons in words.

    def _threads(self) -> tuple[int, str]:
        host, wished = self._host, self._wishes.threads
        quota = math.inf if host.cpu_quota is None else math.floor(host.cpu_quota)
        most = int(max(1, min(host.usable_cores, quota)))
        limited = f"a CPU quota of {host.cpu_quota:g}" if quota < host.usable_cores else _cores_in_words(host)
        if wished is not None:
            slow = f"; with {limited}, more than {most} wait for each other and slow it down" if wished > most else ""
            return wished, f"as set{slow}"
        if most < 4:
            return most, f"{limited}"
        return most - 1, f"{limited}, less one for the daemon and the network"

    def _gpu_reason(self, choice: _Choice) -> str:
        if self._wishes.gpu_layers is not None:
            return f"as set; all {self._model.layers} blocks and the output would be {self._all_layers}"
        if not self._budget.gpu:
            return f"llama.cpp {self._budget.gpu_reason}"
        if choice.gpu_layers == self._all_layers:
            return f"all {self._model.layers} blocks and the output fit on {self._budget.device_names()}"
        if choice.gpu_layers == 0:
            return f"not even the output fits: {self._budget.describe()}"
        return (
            f"the output and the last {choice.gpu_layers - 1} of {self._model.layers} blocks: {self._budget.describe()}"
        )

    def _context_reason(self, choice: _Choice) -> str:
        trained = self._model.context_length
        if self._wishes.context_size is not None:
            beyond = (
                f"; the model was trained on {trained} and may lose the thread" if choice.context_size > trained else ""
            )
            return f"as set{beyond}"
        if choice.context_size < self._context_top:
            return f"shrunk from {self._context_top} {self._why_shrunk(choice)}"
        if choice.context_size < DEFAULT_CONTEXT_SIZE:
            return f"all that the model was trained on ({trained})"
        return "the default, and it fits"

    def _cells_reason(self, choice: _Choice) -> str:
        if self._wishes.cells is not None:
            return "as set: shared by all conversations"
        alone = self._least_cells(choice.context_size)
        if choice.cells == CONVERSATIONS * alone:
            return f"{CONVERSATIONS} conversations of the longest length; all share them"
        if choice.cells == alone:
            return "one conversation of the longest length: no memory is left for more; all share them"
        room = "what the GPU has left" if self._takes_the_gpus_rest(choice) else "half of what is left"
        return f"one conversation of the longest length ({alone}), and {room} for more; all share them"

    def _takes_the_gpus_rest(self, choice: _Choice) -> bool:
        return choice.gpu_layers > 0 and not self._fits(replace(choice, cells=choice.cells + _CONTEXT_PADDING))

    def _parallel(self, choice: _Choice, threads: int) -> tuple[int, str]:
        if self._wishes.parallel is not None:
            return self._wishes.parallel, "as set"
        most, reason = DEFAULT_PARALLEL, "the default"
        weights = self._model.weight_bytes
        if choice.gpu_layers == 0 and threads < FEW_THREADS and weights > LARGE_MODEL_BYTES:
            most = SLOW_PARALLEL
            reason = f"more would be no faster in sum, on {threads} threads with a model of {_size(weights)}"
        roomy = max(1, choice.cells // CELLS_PER_REPLY)
        if roomy < most:
            return roomy, f"{choice.cells} cells, {CELLS_PER_REPLY} for each"
        return most, reason

    def _spill(self, memory: MemoryEstimate) -> tuple[int, str]:
        if self._wishes.spill_bytes is not None:
            return self._wishes.spill_bytes, "as set" if self._wishes.spill_bytes else "as set: off"
        left = self._budget.left(memory)
        share = min(MAX_SPILL_BYTES, int(left * SPILL_SHARE) // _MIB * _MIB)
        if share == 0:
            return 0, "off: no memory is left for it"
        at_most = f", at most {_size(MAX_SPILL_BYTES)}" if share == MAX_SPILL_BYTES else ""
        return share, f"a quarter of the {_size(left)} that are left{at_most}"

    def _spill_disk_bytes(self) -> int:
        wish = self._wishes.spill_disk_bytes
        return DEFAULT_SPILL_DISK_BYTES if wish is None else wish

    def _spill_disk_reason(self, choice: _Choice) -> str:
        if self._wishes.spill_disk_bytes == 0:
            return "as set: off"
        each = _size(1000 * self._model.kv_bytes_per_token(choice.kv_type))
        return f"{_set_or_default(self._wishes.spill_disk_bytes)}: 1,000 tokens of a conversation take {each}"

    def _batch_reason(self, choice: _Choice) -> str:
        if self._batch_top > choice.context_size:
            return "the whole context"
        return _set_or_default(self._wishes.batch_size)

    def _kv_reason(self, choice: _Choice) -> str:
        size = f"{self._model.kv_bytes_per_token(choice.kv_type) / 1024:g} KiB a token"
        if self._wishes.kv_type is not None:
            return f"as set: {size}"
        if choice.kv_type == "f16":
            return f"exact, and it fits: {size}"
        if not choice.gpu_layers and choice.kv_type == self._kv_types_of_cpu[0]:
            return f"{size}: this processor attends to it faster than to f16, and it is half as large"
        return f"{size} where f16 takes {self._model.kv_bytes_per_token('f16') / 1024:g}, {self._why_shrunk(choice)}"

    def _why_shrunk(self, choice: _Choice) -> str:
        if 0 < choice.gpu_layers < self._all_layers and self._wishes.gpu_layers is None:
            return "to leave the GPU's room to layers"
        return "to fit"

    def _load_mode(self, choice: _Choice, memory: MemoryEstimate) -> tuple[LoadMode, str]:
        devices = self._budget.devices if choice.gpu_layers else ()
        if any(device.backend == "metal" for device in devices):
            return "mmap", "Metal computes on the mapped file itself"
        if any(device.kind == "igpu" for device in devices) or (devices and self._host.unified_memory):
            return "none", "the GPU shares this memory, and a mapped file would stand in it a second time"
        mapped = memory.host + self._model.file_bytes
        if mapped <= self._budget.host:
            return "mmap", "the mapped file fits beside the weights that are rearranged for the CPU: a restart is quick"
        return "none", f"a mapped file beside the rearranged weights would take {_size(mapped)}: read them once instead"

    def _acceleration(self, choice: _Choice) -> tuple[str, str]:
        if choice.gpu_layers == 0:
            return "cpu", "no layer is on a GPU"
        device = self._budget.devices[0]
        return device.backend, f"{device.name} is {device.description}"

    def _memory_reason(self, memory: MemoryEstimate) -> str:
        parts = f"weights {_size(memory.weights)}, KV cache {_size(memory.kv)}, compute {_size(memory.compute)}"
        gpu = f", {_size(memory.gpu)} of it on the GPU" if memory.gpu else ""
        return f"{_size(memory.total)} ({parts}){gpu}; {self._budget.describe()}"


@dataclass(frozen=True, slots=True)
class _Budget:
    """The memory that a plan may take, in bytes: free less headroom."""

    devices: tuple[Device, ...]
    gpu: int
    """0 where there is no GPU to put layers on."""
    host: int
    reserved: int
    """Of the host's, for what was set to be spilled there."""
    free: int
    unified: bool
    limited: bool
    """Whether it is the cgroup's limit that binds, not the host's memory."""
    gpu_reason: str
    """What llama.cpp sees where `gpu` is 0."""

    @classmethod
    def of(cls, host: Host, model: ModelHeader, *, reserved: int) -> _Budget:
        free = host.memory_usable
        devices = tuple(device for device in host.offload_devices if device.memory_total or device.kind == "igpu")
        gpu = sum(_headed(_device_free(device, host), GPU_HEADROOM_BYTES, GPU_HEADROOM_SHARE) for device in devices)
        # Layers are dealt out whole: each further device may be left with most of a layer's room.
        gpu -= max(0, len(devices) - 1) * max(model.layer_bytes, default=0)
        return cls(
            devices=devices,
            gpu=max(0, gpu),
            host=max(0, _headed(free, HOST_HEADROOM_BYTES, HOST_HEADROOM_SHARE) - reserved),
            reserved=reserved,
            free=free,
            unified=host.unified_memory,
            limited=free == host.memory_limit_free,
            gpu_reason=_no_gpu(host),
        )

    def covers(self, memory: MemoryEstimate) -> bool:
        return self.excess(memory) == 0

    def excess(self, memory: MemoryEstimate) -> int:
        """Return how many bytes are wanted beyond the budget."""
        return max(0, memory.gpu - self.gpu) + max(0, self.on_host(memory) - self.host)

    def on_host(self, memory: MemoryEstimate) -> int:
        return memory.total if self.unified else memory.host

    def left(self, memory: MemoryEstimate) -> int:
        """Return how many bytes of the host's share a plan does not take."""
        return max(0, self.host - self.on_host(memory))

    def device_names(self) -> str:
        return " and ".join(f"{device.name} ({device.description})" for device in self.devices)

    def describe(self) -> str:
        of_what = "that the cgroup's limit leaves" if self.limited else "of free memory"
        host = f"{_size(self.host)} of the {_size(self.free)} {of_what} can be used"
        if self.reserved:
            host += f" beside LLM_SPILL_MB={self.reserved // _MIB}"
        if not self.devices:
            return host
        free = sum(device.memory_free for device in self.devices)
        return f"{_size(self.gpu)} of the {_size(free)} free on {self.device_names()} and {host}"


def _no_gpu(host: Host) -> str:
    seen = ", ".join(f"{device.name} ({_size(device.memory_free)} free)" for device in host.offload_devices)
    return f"sees too little memory on {seen}" if seen else "sees no GPU"


def _device_free(device: Device, host: Host) -> int:
    if device.kind == "igpu" or host.unified_memory:
        return min(device.memory_free or host.memory_usable, host.memory_usable)
    return device.memory_free


def _headed(free: int, least: int, share: float) -> int:
    return max(0, free - max(least, int(free * share)))


def _logits_bytes(model: ModelHeader, parallel: int) -> int:
    """Return what llama.cpp keeps in host memory for the logits of a step: a row for each sequence, and one to spare.

    There are as many sequences as `llm/engine/runner.py` asks for: 5 + 2 x `parallel`.
    """
    return 4 * model.vocab_size * min(256, 6 + 2 * parallel)


def _compute_bytes(model: ModelHeader, cells: int, ubatch_size: int, parallel: int) -> int:
    """Return llama.cpp's scratch for one ubatch: activations, the attention mask, and half as much as the logits take.

    Fitted to what llama-cpp-python 0.3.36 reserves with flash attention for the 8B shape, from 512 to 16,384 cells,
    ubatches of 128 to 512 and 1 to 64 replies at once: with the logits from 1 % to 20 % too high.
    """
    activations = 2 * model.feed_forward_length + 7 * model.embedding_length
    return 4 * ubatch_size * (activations + cells) + _logits_bytes(model, parallel) // 2


def _pad_down(tokens: int) -> int:
    return tokens // _CONTEXT_PADDING * _CONTEXT_PADDING


def _pad_up(tokens: int) -> int:
    return -(-tokens // _CONTEXT_PADDING) * _CONTEXT_PADDING


def _size(count: int) -> str:
    return f"{count / _GIB:.2f} GiB" if count >= _GIB // 10 else f"{count / _MIB:.0f} MiB"


def _set_or_default(wish: float | None) -> str:
    return "the default" if wish is None else "as set"


def _flash_reason(choice: _Choice) -> str:
    if choice.kv_type == "f16":
        return "wherever the device can, as llama.cpp finds out"
    return f"llama.cpp reads values in {choice.kv_type} in no other way"


def _cores_in_words(host: Host) -> str:
    kind = "performance cores" if host.performance_cores < host.physical_cores else "cores"
    if host.usable_cores == 1:
        return f"1 usable {kind.removesuffix('s')}"
    return f"{host.usable_cores} usable {kind}"
