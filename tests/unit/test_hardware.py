"""Detection from described file trees, and plans for described machines."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.gguf import KvType, ModelHeader
from ai_server.hardware import Device, DeviceKind, Host, detect
from ai_server.plan import (
    DEFAULT_CONTEXT_SIZE,
    GPU_HEADROOM_BYTES,
    MIN_CONTEXT_SIZE,
    Plan,
    PlanError,
    Wishes,
    plan,
)

GIB = 1 << 30
MIB = 1 << 20


def llama_8b() -> ModelHeader:
    """Llama 3.1 8B Instruct Q4_K_M as its file describes it: half of the blocks have Q6_K projections."""
    heavy, light = 138_936_320, 122_716_160
    layers = [heavy if i < 4 or i >= 28 or (i - 4) % 3 == 2 else light for i in range(32)]
    return ModelHeader(
        path=Path("llama-8b.gguf"),
        file_bytes=4_920_739_232,
        architecture="llama",
        name="Meta Llama 3.1 8B Instruct",
        quantisation="Q4_K_M",
        layers=32,
        embedding_length=4096,
        feed_forward_length=14336,
        heads=32,
        kv_heads=8,
        key_length=128,
        value_length=128,
        context_length=131_072,
        vocab_size=128_256,
        weight_bytes=sum(layers) + 430_956_544 + 295_501_824,
        layer_bytes=tuple(layers),
        output_bytes=430_956_544,
        embedding_bytes=295_501_824,
        token_parameters=7_504_924_736,
        tied_head=False,
        chat_template=None,
        metadata={},
    )


def tiny() -> ModelHeader:
    """A small model of 6 MB with a tied head."""
    return dataclasses.replace(
        llama_8b(),
        path=Path("tiny.gguf"),
        name="Tiny",
        file_bytes=6_000_000,
        layers=6,
        embedding_length=256,
        feed_forward_length=768,
        heads=4,
        kv_heads=2,
        key_length=64,
        value_length=64,
        context_length=1024,
        vocab_size=3072,
        weight_bytes=5_900_000,
        layer_bytes=(840_000,) * 6,
        output_bytes=860_000,
        embedding_bytes=860_000,
        token_parameters=5_000_000,
        tied_head=True,
    )


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def machine(*, cores: list[list[int]], total_kb: int, available_kb: int, allowed: str | None = None) -> dict[str, str]:
    """Describe a Linux host: each core by the CPUs that are its threads."""
    count = sum(len(threads) for threads in cores)
    files = {
        "sys/devices/system/cpu/online": f"0-{count - 1}\n",
        "proc/meminfo": f"MemTotal: {total_kb} kB\nMemFree: 1 kB\nMemAvailable: {available_kb} kB\n",
        "proc/self/status": f"Name:\tnaila\nCpus_allowed_list:\t{allowed or f'0-{count - 1}'}\n",
        "proc/self/cgroup": "0::/system.slice/naila.service\n",
    }
    for threads in cores:
        listed = ",".join(map(str, threads))
        files |= {f"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list": listed for cpu in threads}
    return files


def single_threaded(count: int) -> list[list[int]]:
    return [[cpu] for cpu in range(count)]


RASPBERRY_PI_5 = machine(cores=single_threaded(4), total_kb=8_256_000, available_kb=7_600_000) | {
    "proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
}
JETSON_ORIN_NANO = machine(cores=single_threaded(6), total_kb=7_800_000, available_kb=6_600_000) | {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: ARMv8 Processor rev 1 (v8l)\n",
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
}
# 8 performance cores with two threads each (CPUs 0 to 15), 16 efficiency cores (CPUs 16 to 31).
CORE_I9_13900K = machine(
    cores=[[2 * i, 2 * i + 1] for i in range(8)] + [[cpu] for cpu in range(16, 32)],
    total_kb=65_700_000,
    available_kb=60_000_000,
) | {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: 13th Gen Intel(R) Core(TM) i9-13900K\nflags\t\t: fpu avx2\n",
    "sys/devices/cpu_core/cpus": "0-15\n",
    "sys/devices/cpu_atom/cpus": "16-31\n",
}
CONTAINER = machine(cores=[[i, i + 8] for i in range(8)], total_kb=32_000_000, available_kb=30_000_000) | {
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/cpu.max": "200000 100000\n",
    "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
    "sys/fs/cgroup/memory.current": f"{GIB}\n",
    "sys/fs/cgroup/memory.stat": f"anon {256 * MIB}\ninactive_file {256 * MIB}\nactive_file {512 * MIB}\n",
}
JETSON_GPU = Device("CUDA0", "Orin", "igpu", 7_800_000 * 1024, 6_600_000 * 1024)
RTX_3090 = Device("CUDA0", "NVIDIA GeForce RTX 3090", "gpu", 24 * GIB, 24_000 * MIB)
M2_GPU = Device("MTL0", "Apple M2", "gpu", 11_453 * MIB, 11_453 * MIB)
M2_SYSCTL = {
    "hw.physicalcpu": "8",
    "hw.perflevel0.physicalcpu": "4",
    "machdep.cpu.brand_string": "Apple M2",
}


@pytest.fixture
def pi(tmp_path: Path) -> Host:
    return detect(root=tree(tmp_path, RASPBERRY_PI_5))


@pytest.fixture
def jetson(tmp_path: Path) -> Host:
    return detect([JETSON_GPU], root=tree(tmp_path, JETSON_ORIN_NANO))


@pytest.fixture
def desktop(tmp_path: Path) -> Host:
    return detect(root=tree(tmp_path, CORE_I9_13900K))


@pytest.fixture
def container(tmp_path: Path) -> Host:
    return detect(root=tree(tmp_path, CONTAINER))


@pytest.fixture
def mac(tmp_path: Path) -> Host:
    host = detect([M2_GPU], root=tmp_path, sysctl=M2_SYSCTL.get)
    return dataclasses.replace(host, memory_total=16 * GIB, memory_available=11 * GIB)


def with_gpu(host: Host, free: int, *more: Device) -> Host:
    return dataclasses.replace(host, devices=(dataclasses.replace(RTX_3090, memory_free=free), *more))


def with_memory(host: Host, available: int) -> Host:
    return dataclasses.replace(host, memory_available=available)


def refusal(host: Host, model: ModelHeader, wishes: Wishes) -> str:
    with pytest.raises(PlanError) as caught:
        plan(host, model, wishes)
    return str(caught.value)


# What is detected.


def test_a_raspberry_pi_is_described(pi: Host) -> None:
    assert pi.cpu_model == pi.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert (pi.physical_cores, pi.performance_cores, pi.usable_cores) == (4, 4, 4)
    assert (pi.memory_total, pi.memory_available) == (8_256_000 * 1024, 7_600_000 * 1024)
    assert (pi.cpu_quota, pi.memory_limit, pi.memory_limit_free, pi.devices) == (None, None, None, ())
    assert not pi.unified_memory


def test_hyper_threads_and_efficiency_cores_are_told_apart(desktop: Host) -> None:
    assert desktop.cpu_model == "13th Gen Intel(R) Core(TM) i9-13900K"
    assert (desktop.physical_cores, desktop.performance_cores, desktop.usable_cores) == (24, 8, 8)


@pytest.mark.parametrize(("allowed", "usable"), [("0-3", 2), ("0,2,4,16-31", 3), ("16-23", 8), ("5", 1), ("40", 1)])
def test_only_the_cores_that_the_process_may_run_on_are_usable(tmp_path: Path, allowed: str, usable: int) -> None:
    status = {"proc/self/status": f"Cpus_allowed_list:\t{allowed}\n"}
    assert detect(root=tree(tmp_path, CORE_I9_13900K | status)).usable_cores == usable


def test_offline_cpus_are_not_counted(tmp_path: Path) -> None:
    host = detect(root=tree(tmp_path, RASPBERRY_PI_5 | {"sys/devices/system/cpu/online": "0,2-3\n"}))
    assert (host.physical_cores, host.usable_cores) == (3, 3)


def test_the_big_cores_of_an_arm_board_are_found_by_their_capacity(tmp_path: Path) -> None:
    capacity = {f"sys/devices/system/cpu/cpu{i}/cpu_capacity": "530" if i < 4 else "1024" for i in range(8)}
    rk3588 = machine(cores=single_threaded(8), total_kb=16_000_000, available_kb=15_000_000) | capacity
    host = detect(root=tree(tmp_path, rk3588))
    assert (host.physical_cores, host.performance_cores, host.usable_cores) == (8, 4, 4)


def test_an_apple_chip_is_described_by_sysctl(mac: Host) -> None:
    assert mac.cpu_model == "Apple M2"
    assert (mac.physical_cores, mac.performance_cores, mac.usable_cores) == (8, 4, 4)
    assert mac.unified_memory


def test_a_container_has_its_quota_and_what_is_left_of_its_memory(container: Host) -> None:
    assert container.cpu_quota == 2.0
    assert container.memory_limit == 2 * GIB
    assert container.memory_limit_free == 2 * GIB - 256 * MIB
    assert container.memory_usable == container.memory_limit_free


def test_the_lowest_limit_along_the_cgroup_chain_counts(tmp_path: Path) -> None:
    chain = {
        "sys/fs/cgroup/system.slice/naila.service/cpu.max": "max 100000\n",
        "sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/cpu.max": "300000 100000\n",
        "sys/fs/cgroup/system.slice/naila.service/memory.max": "max\n",
        "sys/fs/cgroup/system.slice/naila.service/memory.high": f"{3 * GIB}\n",
        "sys/fs/cgroup/system.slice/memory.max": f"{4 * GIB}\n",
        "sys/fs/cgroup/system.slice/memory.current": f"{2 * GIB}\n",
    }
    host = detect(root=tree(tmp_path, RASPBERRY_PI_5 | chain))
    assert host.cpu_quota == 1.5
    assert (host.memory_limit, host.memory_limit_free) == (4 * GIB, 2 * GIB)


def test_cgroups_of_version_1_are_read(tmp_path: Path) -> None:
    version_1 = {
        "proc/self/cgroup": "5:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n0::/\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "50000\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": f"{GIB}\n",
        "sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": f"{512 * MIB}\n",
        "sys/fs/cgroup/memory/docker/x/memory.stat": f"cache 1\ntotal_inactive_file {MIB}\ntotal_active_file {MIB}\n",
    }
    host = detect(root=tree(tmp_path, RASPBERRY_PI_5 | version_1))
    assert host.cpu_quota == 0.5
    assert (host.memory_limit, host.memory_limit_free) == (GIB, 514 * MIB)


def test_a_cgroup_path_from_outside_the_container_ends_at_the_mount(tmp_path: Path) -> None:
    outside = {"proc/self/cgroup": "0::/../../kubepods/pod1\n"}
    assert detect(root=tree(tmp_path, CONTAINER | outside)).cpu_quota == 2.0


def test_a_host_that_says_nothing_is_measured_by_psutil(tmp_path: Path) -> None:
    host = detect(root=tmp_path, sysctl={}.get)
    assert host.memory_total == psutil.virtual_memory().total
    assert 1 <= host.usable_cores <= host.physical_cores
    assert (host.board, host.cpu_quota, host.memory_limit) == (None, None, None)


def test_files_that_say_nonsense_are_passed_over(tmp_path: Path) -> None:
    nonsense = dict.fromkeys([*CONTAINER, "proc/cpuinfo", "sys/devices/cpu_core/cpus"], "x-y,: ; -\n\0")
    host = detect(root=tree(tmp_path, nonsense))
    assert host.usable_cores >= 1
    assert (host.cpu_quota, host.memory_limit) == (None, None)


def test_this_very_host_is_described() -> None:
    host = detect()
    assert host.cpu_model
    assert 1 <= host.usable_cores <= host.physical_cores <= (psutil.cpu_count() or 1)
    assert 0 < host.memory_usable <= host.memory_total


# Threads.


@pytest.mark.parametrize(
    ("machine_name", "threads"), [("pi", 3), ("jetson", 5), ("desktop", 7), ("container", 2), ("mac", 3)]
)
def test_each_machine_gets_its_threads(machine_name: str, threads: int, request: pytest.FixtureRequest) -> None:
    made = plan(request.getfixturevalue(machine_name), tiny(), Wishes())
    assert (made.threads, made.threads_batch) == (threads, threads)


@pytest.mark.parametrize(("quota", "threads"), [(0.5, 1), (1.9, 1), (3.0, 3), (4.0, 3), (16.0, 7)])
def test_a_quota_caps_the_threads_rounded_down(desktop: Host, quota: float, threads: int) -> None:
    assert plan(dataclasses.replace(desktop, cpu_quota=quota), tiny(), Wishes()).threads == threads


def test_threads_that_are_set_win_and_too_many_are_warned_of(container: Host) -> None:
    made = plan(container, tiny(), Wishes(threads=8))
    assert made.threads == 8
    assert "CPU quota of 2" in made.reasons["threads"]
    assert "slow" in made.reasons["threads"]
    assert "slow" not in plan(container, tiny(), Wishes(threads=2)).reasons["threads"]


# Llama 3.1 8B on each machine.


def test_a_raspberry_pi_holds_the_8b_model_once(pi: Host) -> None:
    made = plan(pi, llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration) == (0, "cpu")
    assert (made.context_size, made.kv_type) == (4096, "f16")
    assert made.load_mode == "none"
    assert "read them once" in made.reasons["load_mode"]


def test_a_raspberry_pi_short_of_memory_shrinks_the_context_first_and_the_kv_type_next(pi: Host) -> None:
    squeezed = [plan(with_memory(pi, int(gib * GIB)), llama_8b(), Wishes()) for gib in (5.6, 5.35, 5.1, 4.98)]
    assert [made.kv_type for made in squeezed] == ["f16", "f16", "q8_0", "q4_0"]
    assert squeezed[0].context_size == DEFAULT_CONTEXT_SIZE
    assert MIN_CONTEXT_SIZE <= squeezed[1].context_size < DEFAULT_CONTEXT_SIZE
    assert all(made.context_size >= MIN_CONTEXT_SIZE for made in squeezed)
    assert "shrunk from 4096" in squeezed[1].reasons["context_size"]
    assert "where f16 takes 128, to fit" in squeezed[2].reasons["kv_type"]


def test_a_raspberry_pi_of_4_gb_is_told_to_take_a_smaller_model(pi: Host) -> None:
    message = refusal(with_memory(pi, int(3.6 * GIB)), llama_8b(), Wishes())
    assert "weights 4.58 GiB" in message
    assert "3.60 GiB" in message
    assert "smaller model" in message


def test_a_jetson_takes_all_layers_once_and_leaves_room_for_the_host(jetson: Host) -> None:
    made = plan(jetson, llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration, made.load_mode) == (33, "cuda", "none")
    assert made.memory.total <= jetson.memory_available
    assert made.memory.gpu <= jetson.memory_available - GPU_HEADROOM_BYTES
    assert "shares this memory" in made.reasons["load_mode"]


def test_a_jetson_counts_its_memory_once(jetson: Host) -> None:
    """What the GPU reports as free is the host's own memory, which other programs have taken since."""
    tight = with_memory(jetson, int(5.6 * GIB))
    made = plan(tight, llama_8b(), Wishes())
    assert made.memory.total <= tight.memory_available
    assert "does not fit" in refusal(with_memory(jetson, 4 * GIB), llama_8b(), Wishes())


def test_an_older_jetson_whose_gpu_does_not_say_that_it_is_integrated_is_known_by_its_board(jetson: Host) -> None:
    older = dataclasses.replace(jetson, devices=(dataclasses.replace(JETSON_GPU, kind="gpu"),))
    assert older.unified_memory
    assert plan(older, llama_8b(), Wishes()).load_mode == "none"


def test_a_small_container_has_no_room_for_the_8b_model_but_runs_the_tiny_one(container: Host) -> None:
    assert "cgroup's limit" in refusal(container, llama_8b(), Wishes())
    made = plan(container, tiny(), Wishes())
    assert (made.context_size, made.kv_type, made.load_mode) == (1024, "f16", "mmap")
    assert "trained on (1024)" in made.reasons["context_size"]


def test_a_workstation_without_a_gpu_maps_the_file(desktop: Host) -> None:
    made = plan(desktop, llama_8b(), Wishes())
    assert (made.gpu_layers, made.context_size, made.kv_type, made.load_mode) == (0, 4096, "q8_0", "mmap")
    assert "attends to it faster" in made.reasons["kv_type"]
    assert plan(desktop, llama_8b(), Wishes(kv_type="f16")).kv_type == "f16"
    assert "sees no GPU" in made.reasons["gpu_layers"]


def test_an_rtx_3090_takes_the_whole_8b_model(desktop: Host) -> None:
    made = plan(with_gpu(desktop, RTX_3090.memory_free), llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration) == (33, "cuda")
    assert (made.context_size, made.kv_type, made.load_mode) == (4096, "f16", "mmap")
    # 131 MB a layer, 431 MB of output, 2 GiB of KV cache and 0.5 GB of compute.
    assert made.memory.gpu == pytest.approx(131e6 * 32 + 431e6 + 2 * GIB + 0.5e9, rel=0.01)


def test_an_apple_m2_maps_the_file_for_metal(mac: Host) -> None:
    made = plan(mac, llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration, made.load_mode) == (33, "metal", "mmap")
    assert "Metal" in made.reasons["load_mode"]


# GPUs with less room.


def test_a_smaller_gpu_gives_up_context_then_kv_type_then_layers(desktop: Host) -> None:
    plans = [plan(with_gpu(desktop, int(gib * GIB)), llama_8b(), Wishes()) for gib in (6.6, 6.1, 5.95, 5.85, 5.0, 3.0)]
    assert [made.kv_type for made in plans] == ["f16", "f16", "q8_0", "q4_0", "q8_0", "q8_0"]
    assert [made.gpu_layers == 33 for made in plans] == [True, True, True, True, False, False]
    assert plans[0].context_size == 4096
    assert 2048 <= plans[1].context_size < 4096
    assert 0 < plans[5].gpu_layers < plans[4].gpu_layers < 33
    assert "room to layers" in plans[4].reasons["kv_type"]
    assert f"the last {plans[4].gpu_layers - 1} of 32 blocks" in plans[4].reasons["gpu_layers"]


@pytest.mark.parametrize("gib", [6.6, 5.0, 3.0, 2.5])
def test_a_gpu_keeps_its_headroom(desktop: Host, gib: float) -> None:
    free = int(gib * GIB)
    assert plan(with_gpu(desktop, free), llama_8b(), Wishes()).memory.gpu <= free - GPU_HEADROOM_BYTES


def test_a_large_gpu_keeps_a_tenth_free(desktop: Host) -> None:
    wide = Wishes(context_size=131_072)
    assert plan(with_gpu(desktop, int(23.5 * GIB)), llama_8b(), wide).kv_type == "f16"
    assert plan(with_gpu(desktop, int(22.5 * GIB)), llama_8b(), wide).kv_type == "q8_0"


def test_a_gpu_that_others_have_filled_is_left_alone(desktop: Host) -> None:
    made = plan(with_gpu(desktop, GIB), llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration) == (0, "cpu")
    assert "CUDA0 (1.00 GiB free)" in made.reasons["gpu_layers"]


def test_a_gpu_too_small_for_the_output_says_so(desktop: Host) -> None:
    made = plan(with_gpu(desktop, int(1.2 * GIB)), llama_8b(), Wishes())
    assert made.gpu_layers == 0
    assert "not even the output fits" in made.reasons["gpu_layers"]


def test_two_gpus_share_the_layers_with_a_layer_of_slack(desktop: Host) -> None:
    second = dataclasses.replace(RTX_3090, name="CUDA1", memory_free=4 * GIB)
    both = plan(with_gpu(desktop, 4 * GIB, second), llama_8b(), Wishes())
    one = plan(with_gpu(desktop, 4 * GIB), llama_8b(), Wishes())
    assert both.gpu_layers > one.gpu_layers
    assert both.memory.gpu <= 2 * 3 * GIB - max(llama_8b().layer_bytes)


def test_an_integrated_gpu_beside_a_card_is_not_used(desktop: Host) -> None:
    integrated = Device("Vulkan0", "Intel UHD 770", "igpu", 32 * GIB, 30 * GIB)
    made = plan(dataclasses.replace(desktop, devices=(integrated, RTX_3090)), llama_8b(), Wishes())
    assert made.acceleration == "cuda"
    assert not dataclasses.replace(desktop, devices=(integrated, RTX_3090)).unified_memory


def test_an_accelerator_of_the_cpu_takes_no_layers(desktop: Host) -> None:
    blas = Device("BLAS", "OpenBLAS", "accel", 0, 0)
    made = plan(dataclasses.replace(desktop, devices=(blas,)), llama_8b(), Wishes())
    assert (made.gpu_layers, made.acceleration) == (0, "cpu")


@pytest.mark.parametrize(
    ("name", "acceleration"), [("ROCm0", "rocm"), ("Vulkan1", "vulkan"), ("SYCL0", "sycl"), ("MTL0", "metal")]
)
def test_the_acceleration_is_named_after_the_device(desktop: Host, name: str, acceleration: str) -> None:
    host = dataclasses.replace(desktop, devices=(dataclasses.replace(RTX_3090, name=name),))
    assert plan(host, llama_8b(), Wishes()).acceleration == acceleration


def test_a_tied_head_on_the_gpu_is_a_second_copy(desktop: Host) -> None:
    on_cpu = plan(desktop, tiny(), Wishes()).memory
    on_gpu = plan(with_gpu(desktop, 8 * GIB), tiny(), Wishes()).memory
    assert on_gpu.weights - on_cpu.weights == tiny().output_bytes


# The KV cache of all conversations, and where they go when they leave it.


def test_a_roomy_host_has_cells_for_four_long_conversations(desktop: Host) -> None:
    made = plan(desktop, llama_8b(), Wishes())
    assert (made.cells, made.parallel) == (4 * made.context_size, 8)
    assert made.memory.kv == made.cells * llama_8b().kv_bytes_per_token("q8_0")
    assert "4 conversations" in made.reasons["cells"]


def test_cells_beyond_one_conversation_take_half_of_what_a_host_has_left(pi: Host) -> None:
    least, made = (plan(pi, llama_8b(), wishes) for wishes in (Wishes(cells=4096), Wishes()))
    left = int(0.95 * pi.memory_usable) - least.memory.total
    assert 4096 < made.cells < 4 * 4096
    assert made.cells % 256 == 0
    assert made.memory.total - least.memory.total == pytest.approx(left / 2, rel=0.05)
    assert "half of what is left" in made.reasons["cells"]


def test_cells_give_way_before_the_context_does(pi: Host) -> None:
    tight = plan(with_memory(pi, int(5.6 * GIB)), llama_8b(), Wishes())
    tighter = plan(with_memory(pi, int(5.3 * GIB)), llama_8b(), Wishes())
    assert (tight.context_size, tight.kv_type) == (DEFAULT_CONTEXT_SIZE, "f16")
    assert tight.cells < 2 * DEFAULT_CONTEXT_SIZE
    assert tighter.cells == tighter.context_size < DEFAULT_CONTEXT_SIZE
    assert "no memory is left for more" in tighter.reasons["cells"]


def test_a_cards_memory_is_for_the_cells_to_the_last(desktop: Host) -> None:
    made = plan(with_gpu(desktop, 7 * GIB), llama_8b(), Wishes())
    one_more = plan(with_gpu(desktop, 7 * GIB), llama_8b(), Wishes(cells=made.cells + 256))
    assert 4096 < made.cells < 4 * 4096
    assert "what the GPU has left" in made.reasons["cells"]
    assert (one_more.kv_type, made.kv_type) == ("q8_0", "f16")


def test_cells_that_are_set_bound_the_automatic_context(desktop: Host) -> None:
    assert plan(desktop, llama_8b(), Wishes(cells=2048)).context_size == 2048
    made = plan(desktop, llama_8b(), Wishes(cells=20_000))
    assert (made.cells, made.context_size) == (20_224, 4096)  # as llama.cpp rounds them up
    assert made.reasons["cells"].startswith("as set")


def test_cells_that_do_not_fit_are_refused_with_what_fits(pi: Host) -> None:
    message = refusal(pi, llama_8b(), Wishes(cells=131_072, kv_type="f16"))
    fitting = int(message.split("LLM_KV_CELLS=")[1].rstrip("."))
    assert "131072 tokens in f16" in message
    assert plan(pi, llama_8b(), Wishes(cells=fitting, kv_type="f16")).cells == fitting
    assert "does not fit" in refusal(pi, llama_8b(), Wishes(cells=fitting + 256, kv_type="f16"))


@pytest.mark.parametrize(("cells", "parallel"), [(512, 1), (1024, 2), (2048, 4), (4096, 8), (16_384, 8)])
def test_no_more_replies_at_once_than_the_cells_have_room_for(desktop: Host, cells: int, parallel: int) -> None:
    assert plan(desktop, llama_8b(), Wishes(cells=cells)).parallel == parallel


def test_few_threads_answer_four_at_once_with_a_large_model_and_eight_with_a_small_one(pi: Host) -> None:
    large = plan(pi, llama_8b(), Wishes())
    assert large.parallel == 4
    assert "3 threads" in large.reasons["parallel"]
    assert plan(pi, tiny(), Wishes()).parallel == 8


def test_conversations_spill_into_a_quarter_of_the_memory_that_is_left_and_a_gibibyte_at_most(
    pi: Host, desktop: Host
) -> None:
    made = plan(pi, llama_8b(), Wishes())
    left = int(0.95 * pi.memory_usable) - made.memory.total
    assert left / 4 - MIB < made.spill_bytes <= left / 4
    assert plan(desktop, llama_8b(), Wishes()).spill_bytes == GIB
    full = plan(with_memory(pi, int(5.05 * GIB)), llama_8b(), Wishes())
    assert full.spill_bytes < 32 * MIB


def test_memory_that_is_set_for_spilling_is_kept_from_the_model(pi: Host) -> None:
    made = plan(pi, llama_8b(), Wishes(spill_bytes=GIB))
    assert made.spill_bytes == GIB
    assert made.memory.total + made.spill_bytes <= 0.95 * pi.memory_usable
    assert made.cells < plan(pi, llama_8b(), Wishes()).cells
    assert "beside LLM_SPILL_MB=3072" in refusal(pi, llama_8b(), Wishes(spill_bytes=3 * GIB))


def test_spilling_can_be_switched_off(desktop: Host) -> None:
    made = plan(desktop, llama_8b(), Wishes(spill_bytes=0, spill_disk_bytes=0))
    assert (made.spill_bytes, made.spill_disk_bytes) == (0, 0)
    assert made.reasons["spill_bytes"] == made.reasons["spill_disk_bytes"] == "as set: off"


# Wishes.


def test_wishes_win(desktop: Host) -> None:
    wishes = Wishes(
        context_size=8192,
        threads=4,
        gpu_layers=20,
        batch_size=1024,
        kv_type="q8_0",
        cells=10_240,
        parallel=20,
        step_budget_ms=50,
        spill_bytes=5 * MIB,
        spill_disk_bytes=7 * MIB,
    )
    made = plan(with_gpu(desktop, RTX_3090.memory_free), llama_8b(), wishes)
    names = {field.name for field in dataclasses.fields(Wishes)}
    assert {name: getattr(made, name) for name in names} == dataclasses.asdict(wishes)
    assert made.ubatch_size == 512
    assert all(made.reasons[name].startswith("as set") for name in names)


def test_no_gpu_layers_is_a_wish(desktop: Host) -> None:
    made = plan(with_gpu(desktop, RTX_3090.memory_free), llama_8b(), Wishes(gpu_layers=0))
    assert (made.gpu_layers, made.acceleration, made.memory.gpu) == (0, "cpu", 0)


@pytest.mark.parametrize("layers", [-1, 33, 99])
def test_more_layers_than_there_are_means_all(desktop: Host, layers: int) -> None:
    assert plan(with_gpu(desktop, RTX_3090.memory_free), llama_8b(), Wishes(gpu_layers=layers)).gpu_layers == 33


def test_layers_wished_for_without_a_gpu_are_refused(pi: Host) -> None:
    assert "sees no GPU" in refusal(pi, llama_8b(), Wishes(gpu_layers=20))


def test_too_many_layers_are_refused_with_what_fits(desktop: Host) -> None:
    host = with_gpu(desktop, 4 * GIB)
    message = refusal(host, llama_8b(), Wishes(gpu_layers=33))
    fitting = int(message.split("LLM_GPU_LAYERS=")[1].rstrip("."))
    assert "4.00 GiB free on CUDA0" in message
    assert plan(host, llama_8b(), Wishes(gpu_layers=fitting, context_size=2048, kv_type="q4_0")).gpu_layers == fitting


def test_a_context_that_does_not_fit_is_refused_with_what_fits(pi: Host) -> None:
    message = refusal(pi, llama_8b(), Wishes(context_size=131_072, kv_type="f16"))
    fitting = int(message.split("LLM_CONTEXT_SIZE=")[1].rstrip("."))
    assert "131072 tokens in f16" in message
    assert "16.00 GiB" in message
    assert plan(pi, llama_8b(), Wishes(context_size=fitting, kv_type="f16")).context_size == fitting
    assert "does not fit" in refusal(pi, llama_8b(), Wishes(context_size=fitting + 256, kv_type="f16"))


def test_a_kv_type_that_does_not_fit_is_refused_with_one_that_does(pi: Host) -> None:
    message = refusal(pi, llama_8b(), Wishes(context_size=24_576, kv_type="f16"))
    assert "LLM_KV_TYPE=q8_0" in message
    assert plan(pi, llama_8b(), Wishes(context_size=24_576)).kv_type == "q8_0"


def test_a_context_set_beyond_the_trained_one_is_kept_and_said(desktop: Host) -> None:
    made = plan(desktop, tiny(), Wishes(context_size=2048))
    assert made.context_size == 2048
    assert "trained on 1024" in made.reasons["context_size"]


def test_a_batch_is_no_longer_than_the_context(desktop: Host) -> None:
    made = plan(desktop, llama_8b(), Wishes(context_size=512, batch_size=2048))
    assert (made.batch_size, made.ubatch_size) == (512, 32 * made.threads)


def test_a_quantised_cache_is_refused_where_the_heads_are_too_narrow(desktop: Host) -> None:
    narrow = dataclasses.replace(tiny(), key_length=16, value_length=16)
    assert "LLM_KV_TYPE=f16" in refusal(desktop, narrow, Wishes(kv_type="q8_0"))
    assert plan(desktop, narrow, Wishes()).kv_type == "f16"


# Every plan.


def test_every_decision_has_its_reason(pi: Host, desktop: Host, mac: Host) -> None:
    decisions = {field.name for field in dataclasses.fields(Plan)} - {"reasons"}
    for host in (pi, desktop, mac, with_gpu(desktop, 3 * GIB)):
        reasons = plan(host, llama_8b(), Wishes()).reasons
        assert set(reasons) == decisions
        assert all(reasons.values())


HOST = Host("CPU", False, None, 8, 8, 8, None, 64 * GIB, 0, None, None, ())


@given(
    available=st.integers(0, 64 * GIB),
    gpu_free=st.none() | st.integers(0, 48 * GIB),
    kind=st.sampled_from(["gpu", "igpu"]),
    context_size=st.none() | st.integers(512, 131_072),
    gpu_layers=st.none() | st.integers(0, 40),
    kv_type=st.none() | st.sampled_from(["f16", "q8_0", "q4_0"]),
    cells=st.none() | st.integers(131_072, 300_000),
    spill_mib=st.none() | st.integers(0, 8192),
)
def test_a_plan_never_takes_more_than_is_free(
    available: int,
    gpu_free: int | None,
    kind: DeviceKind,
    context_size: int | None,
    gpu_layers: int | None,
    kv_type: KvType | None,
    cells: int | None,
    spill_mib: int | None,
) -> None:
    devices = () if gpu_free is None else (Device("CUDA0", "GPU", kind, 48 * GIB, gpu_free),)
    host = dataclasses.replace(HOST, memory_available=available, devices=devices)
    spill_bytes = None if spill_mib is None else spill_mib * MIB
    wishes = Wishes(context_size, None, gpu_layers, None, kv_type, cells, spill_bytes=spill_bytes)
    try:
        made = plan(host, llama_8b(), wishes)
    except PlanError:
        return
    unknown = available if kind == "igpu" and gpu_free == 0 else 0  # some drivers do not say what is free
    assert made.memory.gpu <= (gpu_free or unknown)
    assert made.spill_bytes + (made.memory.total if host.unified_memory else made.memory.host) <= available
    assert made.cells >= made.context_size
    assert context_size in {None, made.context_size}
    assert kv_type in {None, made.kv_type}
    assert gpu_layers is None or made.gpu_layers == min(gpu_layers, 33)
