"""What this host offers: processors, memory, GPUs, and what its cgroup leaves of them.

llama.cpp is not imported: what it says of its devices is handed in.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeAlias

import psutil

DeviceKind: TypeAlias = Literal["gpu", "igpu", "accel"]

PERFORMANCE_CAPACITY_SHARE: Final = 2 / 3
"""A core of at least this share of the largest `cpu_capacity` is a performance core (RK3588: A76 1024, A55 530)."""


@dataclass(frozen=True, slots=True)
class Device:
    """One of llama.cpp's devices that is not the CPU; memory in bytes."""

    name: str
    """llama.cpp's name for it, such as `CUDA0`, `MTL0` or `Vulkan0`."""
    description: str
    kind: DeviceKind
    """`gpu` has memory of its own (or Metal's share), `igpu` shares the host's, `accel` helps the CPU (BLAS)."""
    memory_total: int
    memory_free: int

    @property
    def backend(self) -> str:
        """The name of its backend, such as `cuda` or `metal`: llama.cpp numbers its devices (`CUDA0`, `MTL0`)."""
        name = self.name.rstrip("0123456789").lower()
        return "metal" if name == "mtl" else name


@dataclass(frozen=True, slots=True)
class Host:
    """What a host offers this process. Memory is in bytes."""

    cpu_model: str
    x86: bool
    """Whether it is a processor of Intel's and AMD's kind."""
    board: str | None
    """The board's name from the device tree, such as `Raspberry Pi 5 Model B Rev 1.0`; None on PCs."""
    physical_cores: int
    performance_cores: int
    """The physical cores of the fastest kind; all of them where there is only one kind."""
    usable_cores: int
    """Distinct cores that this process may run on: of the fastest kind, unless it is confined to the others."""
    cpu_quota: float | None
    """CPUs' worth of time that the cgroup grants, the least along its chain; None where it is unlimited."""
    memory_total: int
    memory_available: int
    memory_limit: int | None
    """The cgroup's memory limit, where one below the host's memory is set."""
    memory_limit_free: int | None
    """What is left of that limit, counting file cache as free."""
    devices: tuple[Device, ...]

    @property
    def unified_memory(self) -> bool:
        """Whether the GPU and the CPU share one memory: integrated GPUs, Jetson boards, Apple silicon."""
        shared = any(device.kind == "igpu" or device.backend == "metal" for device in self.offload_devices)
        return shared or (bool(self.offload_devices) and "Jetson" in (self.board or ""))

    @property
    def offload_devices(self) -> tuple[Device, ...]:
        """The devices that llama.cpp puts layers on: integrated GPUs only where there is no other."""
        return self._of_kind("gpu") or self._of_kind("igpu")

    @property
    def memory_usable(self) -> int:
        """Free memory, of the host or of what its cgroup leaves, whichever is less."""
        limits = [self.memory_available, self.memory_limit_free]
        return min(limit for limit in limits if limit is not None)

    def _of_kind(self, kind: DeviceKind) -> tuple[Device, ...]:
        return tuple(device for device in self.devices if device.kind == kind)


def detect(
    devices: Sequence[Device] = (), *, root: Path = Path("/"), sysctl: Callable[[str], str | None] | None = None
) -> Host:
    """Look at this host. What cannot be found out is estimated from what can; nothing is raised.

    Args:
        devices: llama.cpp's devices, as the engine's process reports them.
        root: where `proc` and `sys` lie.
        sysctl: reads one value of macOS's `sysctl`; by default it asks the system where that is macOS.
    """
    files = _Files(root)
    ask = sysctl or _sysctl
    cores = _Cores.of_linux(files) or _Cores.of_macos(ask) or _Cores.unknown()
    total, available = _memory(files)
    limit, limit_free = _memory_limit(files, total)
    board = (files.text("proc/device-tree/model") or "").rstrip("\0") or None
    return Host(
        cpu_model=_cpu_model(files) or ask("machdep.cpu.brand_string") or board or platform.machine(),
        x86=files.field("proc/cpuinfo", "flags") is not None,  # ARM's are called Features
        board=board,
        physical_cores=cores.physical,
        performance_cores=cores.performance,
        usable_cores=cores.usable,
        cpu_quota=_cpu_quota(files),
        memory_total=total,
        memory_available=available,
        memory_limit=limit,
        memory_limit_free=limit_free,
        devices=tuple(devices),
    )


class _Files:
    """The small text files under `/proc` and `/sys`, or under a folder that stands for `/`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def text(self, path: str | PurePosixPath) -> str | None:
        """Return a file's text; None where there is none to be had."""
        try:
            return (self._root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def cpus(self, path: str) -> frozenset[int]:
        """Return the CPUs of a list such as `0-3,8`; none where it cannot be read."""
        return _cpu_list(self.text(path) or "")

    def field(self, path: str, name: str) -> str | None:
        """Return what follows `name:` in the first line that begins with it."""
        for line in (self.text(path) or "").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
        return None


def _cpu_list(text: str) -> frozenset[int]:
    cpus: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            cpus.update(range(int(first), int(last or first) + 1))
    return frozenset(cpus)


def _number(text: str | None) -> int | None:
    """Return a whole number; None for `max`, for -1 (no limit in version 1) and for what is no number."""
    return int(text) if text and text.isdecimal() else None


@dataclass(frozen=True, slots=True)
class _Cores:
    physical: int
    performance: int
    usable: int

    @classmethod
    def of_linux(cls, files: _Files) -> _Cores | None:
        online = files.cpus("sys/devices/system/cpu/online")
        if not online:
            return None
        core_of = {cpu: _first_sibling(files, cpu) for cpu in online}
        fast = _fast_cpus(files, online)
        allowed = (_cpu_list(files.field("proc/self/status", "Cpus_allowed_list") or "") or _affinity()) & online
        return cls(
            physical=len(set(core_of.values())),
            performance=len({core_of[cpu] for cpu in fast}),
            usable=max(1, len({core_of[cpu] for cpu in (allowed & fast) or allowed})),
        )

    @classmethod
    def of_macos(cls, ask: Callable[[str], str | None]) -> _Cores | None:
        physical = _number(ask("hw.physicalcpu"))
        if not physical:
            return None
        performance = _number(ask("hw.perflevel0.physicalcpu")) or physical
        return cls(physical, performance, performance)

    @classmethod
    def unknown(cls) -> _Cores:
        physical = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
        return cls(physical, physical, max(1, min(physical, len(_affinity()) or physical)))


def _first_sibling(files: _Files, cpu: int) -> int:
    """Return the lowest CPU of the same core: hyper-threads share it."""
    topology = f"sys/devices/system/cpu/cpu{cpu}/topology"
    siblings = files.cpus(f"{topology}/core_cpus_list") or files.cpus(f"{topology}/thread_siblings_list")
    return min(siblings, default=cpu)


def _fast_cpus(files: _Files, online: frozenset[int]) -> frozenset[int]:
    """Return the CPUs of the fastest kind: Intel's hybrid PMU names them, Arm's big.LITTLE rates every one."""
    fast = files.cpus("sys/devices/cpu_core/cpus") & online
    if fast:
        return fast
    capacity = {cpu: _number(files.text(f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity")) or 0 for cpu in online}
    enough = max(capacity.values()) * PERFORMANCE_CAPACITY_SHARE
    return frozenset(cpu for cpu in online if capacity[cpu] >= enough)


def _affinity() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def _cpu_model(files: _Files) -> str | None:
    return files.field("proc/cpuinfo", "model name") or files.field("proc/cpuinfo", "Model")


def _memory(files: _Files) -> tuple[int, int]:
    """Return the host's memory and what of it is available, in bytes."""
    total, available = (
        _number((files.field("proc/meminfo", name) or "").removesuffix(" kB")) for name in ("MemTotal", "MemAvailable")
    )
    if total is None or available is None:
        memory = psutil.virtual_memory()
        return memory.total, memory.available
    return total * 1024, available * 1024


def _cgroups(files: _Files, controller: str) -> Iterator[PurePosixPath]:
    """Yield the folders of this process's cgroups that may carry a controller, each before its parent."""
    mounts = PurePosixPath("sys/fs/cgroup")
    for line in (files.text("proc/self/cgroup") or "0::/").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        names = [part for part in PurePosixPath(path).parts if part not in {"/", ".."}]
        bases = {mounts / controllers, mounts / controller} if controllers else {mounts, mounts / "unified"}
        for base in sorted(bases):
            for depth in range(len(names), -1, -1):
                yield base.joinpath(*names[:depth])


def _cpu_quota(files: _Files) -> float | None:
    quotas = []
    for group in _cgroups(files, "cpu"):
        quota, _, period = (files.text(group / "cpu.max") or "").partition(" ")
        granted = _number(quota) or _number(files.text(group / "cpu.cfs_quota_us"))
        per = _number(period) or _number(files.text(group / "cpu.cfs_period_us"))
        if granted and per:
            quotas.append(granted / per)
    return min(quotas, default=None)


def _memory_limit(files: _Files, total: int) -> tuple[int | None, int | None]:
    """Return the tightest limit along the cgroup chain and what is left of it; None where none binds."""
    limits = []
    for group in _cgroups(files, "memory"):
        names = ("memory.max", "memory.high", "memory.limit_in_bytes")
        set_here = [limit for name in names if (limit := _number(files.text(group / name))) is not None]
        limit = min(set_here, default=total)
        if limit < total:
            limits.append((max(0, limit - _unreclaimable(files, group)), limit))
    free, limit = min(limits, default=(None, None))
    return limit, free


def _unreclaimable(files: _Files, group: PurePosixPath) -> int:
    """Return the memory in use that the kernel cannot free by dropping file cache, as mapped weights are."""
    used = _number(files.text(group / "memory.current")) or _number(files.text(group / "memory.usage_in_bytes")) or 0
    usage = dict(
        line.split(maxsplit=1) for line in (files.text(group / "memory.stat") or "").splitlines() if " " in line
    )
    for prefix in ("total_", ""):
        if f"{prefix}inactive_file" in usage:
            cache = (_number(usage.get(f"{prefix}{kind}_file")) or 0 for kind in ("inactive", "active"))
            return max(0, used - sum(cache))
    return used


def _sysctl(name: str) -> str | None:
    """Ask macOS for one value; None elsewhere, or where it has none."""
    if not psutil.MACOS:
        return None
    try:
        answer = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
