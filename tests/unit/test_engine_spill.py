import contextlib
import os
import resource
import shutil
import struct
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ai_server.llm.chat import Message
from ai_server.llm.engine.spill import Spill, SpillStore

KEY = b"model, f16"
PLENTY = 1 << 20


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spill"


def store(directory: Path | None, *, memory_bytes: int = 0, disk_bytes: int = PLENTY, key: bytes = KEY) -> SpillStore:
    return SpillStore(memory_bytes=memory_bytes, disk_bytes=disk_bytes, directory=directory, key=key)


def spill(data: bytes = b"state " * 20) -> Spill:
    return Spill(
        tokens=(128000, 5, 7, 7),
        start=2,
        data=data,
        replies={"[happy] Grüße!": (5, 7)},
        turns=(1, 3),
        first=Message("user", "¿Qué tal?"),
    )


def size_of(name: str, kept: Spill) -> int:
    scales = store(None, memory_bytes=PLENTY)
    scales.put(name, kept)
    return scales.memory_bytes_used


def files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.exists() else []


def only_file(directory: Path) -> Path:
    (path,) = files(directory)
    return path


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses to write more, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("memory_bytes", [0, PLENTY])
def test_what_was_put_is_taken_as_it_was_and_only_once(directory: Path, memory_bytes: int):
    kept = store(directory, memory_bytes=memory_bytes)
    kept.put("robot-1", spill())
    assert kept.take("robot-1") == spill()
    assert kept.take("robot-1") is None
    assert (kept.memory_bytes_used, kept.disk_bytes_used, files(directory)) == (0, 0, [])


@pytest.mark.parametrize("memory_bytes", [0, PLENTY])
def test_a_name_keeps_the_newest_spill_alone(directory: Path, memory_bytes: int):
    kept = store(directory, memory_bytes=memory_bytes)
    kept.put("robot-1", spill(b"old"))
    kept.put("robot-1", spill(b"new"))
    assert kept.memory_bytes_used + kept.disk_bytes_used == size_of("robot-1", spill(b"new"))
    assert kept.take("robot-1") == spill(b"new")
    assert kept.take("robot-1") is None


@pytest.mark.parametrize("memory_bytes", [0, PLENTY])
def test_what_is_dropped_is_gone(directory: Path, memory_bytes: int):
    kept = store(directory, memory_bytes=memory_bytes)
    kept.put("robot-1", spill())
    kept.drop("robot-1")
    kept.drop("robot-2")
    assert kept.take("robot-1") is None
    assert (kept.memory_bytes_used, kept.disk_bytes_used, files(directory)) == (0, 0, [])


def test_memory_does_not_copy_the_data():
    data = bytes(1000)
    kept = store(None, memory_bytes=PLENTY)
    kept.put("robot-1", spill(data))
    assert kept.take("robot-1").data is data


def test_what_was_put_longest_ago_goes_to_disk_first(directory: Path):
    size = size_of("robot-1", spill())
    kept = store(directory, memory_bytes=2 * size)
    for number in (1, 2, 1, 3):
        kept.put(f"robot-{number}", spill())
    assert (kept.memory_bytes_used, kept.disk_bytes_used) == (2 * size, size)
    only_file(directory).unlink()
    assert [kept.take(f"robot-{number}") for number in (1, 2, 3)] == [spill(), None, spill()]


def test_what_was_put_longest_ago_leaves_the_disk_first(directory: Path):
    size = size_of("robot-1", spill())
    kept = store(directory, disk_bytes=2 * size)
    for number in (1, 2, 1, 3):
        kept.put(f"robot-{number}", spill())
    assert kept.disk_bytes_used == sum(path.stat().st_size for path in files(directory)) == 2 * size
    assert [kept.take(f"robot-{number}") for number in (1, 2, 3)] == [spill(), None, spill()]


def test_a_spill_larger_than_memory_may_hold_goes_to_disk_and_moves_nothing_else(directory: Path):
    kept = store(directory, memory_bytes=size_of("robot-1", spill()))
    kept.put("robot-1", spill())
    kept.put("robot-2", spill(bytes(1000)))
    assert kept.memory_bytes_used == size_of("robot-1", spill())
    assert kept.disk_bytes_used == size_of("robot-2", spill(bytes(1000)))
    assert kept.take("robot-2") == spill(bytes(1000))


def test_what_is_put_where_memory_has_room_for_it_moves_nothing_else(directory: Path):
    kept = store(directory, memory_bytes=2 * size_of("robot-1", spill()))
    assert [kept.put_in_memory(f"robot-{number}", spill()) for number in (1, 2, 3)] == [True, True, False]
    assert (kept.disk_bytes_used, kept.holds("robot-3")) == (0, False)
    assert [kept.take(f"robot-{number}") for number in (1, 2)] == [spill(), spill()]


def test_a_spill_larger_than_the_disk_may_hold_is_not_kept_and_moves_nothing_else(directory: Path):
    kept = store(directory, disk_bytes=size_of("robot-1", spill()))
    kept.put("robot-1", spill())
    kept.put("robot-2", spill(bytes(1000)))
    assert kept.take("robot-2") is None
    assert kept.take("robot-1") == spill()


def test_without_a_directory_memory_alone_is_used():
    size = size_of("robot-1", spill())
    kept = store(None, memory_bytes=size)
    kept.put("robot-1", spill())
    kept.put("robot-2", spill())
    assert (kept.memory_bytes_used, kept.disk_bytes_used) == (size, 0)
    assert (kept.take("robot-1"), kept.take("robot-2")) == (None, spill())


def test_without_bytes_of_disk_no_directory_is_made(directory: Path, capsys):
    kept = store(directory, memory_bytes=PLENTY, disk_bytes=0)
    kept.put("robot-1", spill())
    kept.write_down()
    assert kept.take("robot-1") is None
    assert not directory.exists()
    assert capsys.readouterr().err == ""


def test_without_bytes_of_disk_what_is_there_is_erased(directory: Path):
    store(directory).put("robot-1", spill())
    store(directory, disk_bytes=0)
    assert files(directory) == []


def test_the_directory_and_its_files_are_for_their_owner_alone(directory: Path):
    store(directory).put("robot-1", spill())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert only_file(directory).stat().st_mode & 0o777 == 0o600


def test_nothing_of_a_name_is_in_the_name_of_its_file(directory: Path):
    store(directory).put("../../etc/passwd", spill())
    assert set(only_file(directory).stem) <= set("0123456789abcdef")


def test_a_later_process_finds_what_was_written_down(directory: Path):
    first = store(directory, memory_bytes=PLENTY)
    first.put("robot-1", spill(b"one"))
    first.put("robot-2", spill(b"two"))
    first.write_down()
    assert first.memory_bytes_used == 0
    second = store(directory, memory_bytes=PLENTY)
    assert second.disk_bytes_used == first.disk_bytes_used > 0
    assert [second.take("robot-1"), second.take("robot-2")] == [spill(b"one"), spill(b"two")]


def test_what_was_put_last_is_written_down_where_not_all_fits(directory: Path):
    size = size_of("robot-1", spill())
    store(directory).put("robot-0", spill())
    kept = store(directory, memory_bytes=PLENTY, disk_bytes=2 * size)
    for number in (1, 2, 3):
        kept.put(f"robot-{number}", spill())
    kept.write_down()
    assert [kept.take(f"robot-{number}") for number in range(4)] == [None, None, spill(), spill()]


def test_a_later_process_knows_what_was_put_longest_ago(directory: Path):
    size = size_of("robot-1", spill())
    first = store(directory, memory_bytes=PLENTY)
    for number in (1, 2, 3):
        first.put(f"robot-{number}", spill())
    first.write_down()
    second = store(directory, disk_bytes=2 * size)
    assert [second.take(f"robot-{number}") for number in (1, 2, 3)] == [None, spill(), spill()]


def test_a_clock_that_was_set_back_does_not_make_new_spills_old(directory: Path):
    size = size_of("robot-1", spill())
    store(directory).put("robot-1", spill())
    tomorrow = time.time() + 86400
    os.utime(only_file(directory), (tomorrow, tomorrow))
    kept = store(directory, disk_bytes=size)
    kept.put("robot-2", spill())
    assert [kept.take("robot-1"), kept.take("robot-2")] == [None, spill()]


def test_what_an_earlier_process_had_not_finished_is_removed_and_other_peoples_files_are_not(directory: Path):
    directory.mkdir()
    (directory / "tmpabc.kv.tmp").write_bytes(b"half")
    (directory / "notes.txt").write_bytes(b"mine")
    (directory / ("0" * 32 + ".kv")).mkdir()
    kept = store(directory, disk_bytes=1)
    assert [path.name for path in files(directory)] == ["0" * 32 + ".kv", "notes.txt"]
    assert kept.disk_bytes_used == 0


def test_a_spill_under_another_key_is_refused_counted_and_deleted(directory: Path):
    store(directory).put("robot-1", spill())
    other = store(directory, key=b"model, q8_0")
    assert other.take("robot-1") is None
    assert (other.refused, other.disk_bytes_used, files(directory)) == (1, 0, [])


def test_a_file_that_holds_another_name_is_refused(directory: Path):
    kept = store(directory)
    kept.put("robot-1", spill(b"one"))
    first = only_file(directory)
    kept.put("robot-2", spill(b"two"))
    (second,) = (path for path in files(directory) if path != first)
    shutil.copy(second, first)
    assert (kept.take("robot-1"), kept.refused) == (None, 1)


def test_a_file_of_another_format_is_refused(directory: Path):
    kept = store(directory)
    kept.put("robot-1", spill())
    only_file(directory).write_bytes(b"NAILAKV9" * 20)
    assert (kept.take("robot-1"), kept.refused, files(directory)) == (None, 1, [])


def test_a_file_whose_header_is_no_header_is_refused_though_its_checksum_is_right(directory: Path):
    kept = store(directory)
    kept.put("robot-1", spill())
    path = only_file(directory)
    magic, header_bytes, data_bytes, checksum = struct.unpack("<8sIQI", path.read_bytes()[:24])
    moved = struct.pack("<8sIQI", magic, header_bytes - 1, data_bytes + 1, checksum)
    path.write_bytes(moved + path.read_bytes()[24:])
    assert (kept.take("robot-1"), kept.refused, files(directory)) == (None, 1, [])


def test_a_file_that_cannot_be_read_is_refused_and_the_store_goes_on(directory: Path, capsys):
    kept = store(directory)
    kept.put("robot-1", spill())
    path = only_file(directory)
    path.unlink()
    path.mkdir()
    assert (kept.take("robot-1"), kept.refused, kept.disk_bytes_used) == (None, 1, 0)
    assert f"Delete {path} by hand." in capsys.readouterr().err
    kept.put("robot-2", spill())
    assert kept.take("robot-2") == spill()


def test_a_file_that_somebody_deleted_is_no_spill_and_not_counted_as_refused(directory: Path, capsys):
    kept = store(directory)
    kept.put("robot-1", spill())
    only_file(directory).unlink()
    assert (kept.take("robot-1"), kept.refused, kept.disk_bytes_used) == (None, 0, 0)
    assert capsys.readouterr().err == ""


def written(directory: Path) -> bytes:
    store(directory).put("robot-1", spill())
    return only_file(directory).read_bytes()


@given(place=st.integers(0), flipped=st.integers(1, 255))
def test_a_file_with_any_byte_changed_is_refused(place, flipped):
    with tempfile.TemporaryDirectory() as temporary:
        data = bytearray(written(Path(temporary)))
        data[place % len(data)] ^= flipped
        only_file(Path(temporary)).write_bytes(data)
        kept = store(Path(temporary))
        assert (kept.take("robot-1"), kept.refused, files(Path(temporary))) == (None, 1, [])


@given(place=st.integers(0), added=st.binary(max_size=8))
def test_a_file_cut_short_or_grown_is_refused(place, added):
    with tempfile.TemporaryDirectory() as temporary:
        data = written(Path(temporary))
        only_file(Path(temporary)).write_bytes(data + added if added else data[: place % len(data)])
        kept = store(Path(temporary))
        assert (kept.take("robot-1"), kept.refused, files(Path(temporary))) == (None, 1, [])


def test_a_spill_that_cannot_be_written_is_lost_and_said_once_and_the_store_goes_on(directory: Path, capsys):
    kept = store(directory)
    kept.put("robot-1", spill())
    with files_no_larger_than(1000):
        kept.put("robot-2", spill(bytes(5000)))
        kept.put("robot-3", spill(bytes(5000)))
    assert [kept.take(f"robot-{number}") for number in (1, 2, 3)] == [spill(), None, None]
    assert (kept.refused, files(directory)) == (0, [])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: conversations cannot be kept in {directory}: File too large.")
    kept.put("robot-2", spill(bytes(5000)))
    assert kept.take("robot-2") == spill(bytes(5000))


def test_a_directory_that_disappears_costs_what_is_in_it_alone(directory: Path, capsys):
    kept = store(directory, memory_bytes=size_of("robot-1", spill()))
    kept.put("robot-1", spill())
    kept.put("robot-2", spill())
    shutil.rmtree(directory)
    kept.put("robot-3", spill())
    assert [kept.take(f"robot-{number}") for number in (1, 2, 3)] == [None, None, spill()]
    assert "No such file or directory" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_leaves_the_memory(tmp_path: Path, capsys):
    (tmp_path / "file").write_bytes(b"")
    kept = store(tmp_path / "file" / "spill", memory_bytes=size_of("robot-1", spill()))
    kept.put("robot-1", spill())
    kept.put("robot-2", spill())
    assert [kept.take("robot-1"), kept.take("robot-2")] == [None, spill()]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_cannot_be_erased_is_named_and_not_taken_again(directory: Path, capsys):
    kept = store(directory)
    kept.put("robot-1", spill())
    path = only_file(directory)
    path.unlink()
    path.mkdir()
    kept.drop("robot-1")
    assert kept.take("robot-1") is None
    assert f"Delete {path} by hand." in capsys.readouterr().err


NAMES = ["robot-1", "robot-2", "robot-3", "robot-4"]
BLOCK = 64


class StoreOverTime(RuleBasedStateMachine):
    """The store against a model of it: two rows of spills, put longest ago first, with their sizes."""

    memory_bytes = 500
    disk_bytes = 900

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = Path(self.temporary.name) / "spill"
        self.marks = count(1)
        self.memory: dict[str, Spill] = {}
        self.disk: dict[str, Spill] = {}
        self.when: dict[str, int] = {}
        self.refused = 0
        self.open()

    def open(self) -> None:
        self.store = store(self.directory, memory_bytes=self.memory_bytes, disk_bytes=self.disk_bytes)
        self.refused = 0

    def used(self, part: dict[str, Spill]) -> int:
        return sum(size_of(name, kept) for name, kept in part.items())

    def to_disk(self, name: str, kept: Spill) -> None:
        size = size_of(name, kept)
        older = sorted((other for other in self.disk if self.when[other] < self.when[name]), key=self.when.__getitem__)
        newer = {other: self.disk[other] for other in self.disk if other not in older}
        if self.used(newer) + size > self.disk_bytes:
            return
        while self.used(self.disk) + size > self.disk_bytes:
            del self.disk[older.pop(0)]
        self.disk[name] = kept

    @rule(name=st.sampled_from(NAMES), blocks=st.integers(0, 15))
    def put(self, name: str, blocks: int) -> None:
        mark = next(self.marks)
        kept = spill(mark.to_bytes(8, "big") * (1 + blocks * BLOCK // 8))
        self.store.put(name, kept)
        self.forget(name)
        self.when[name] = mark
        if size_of(name, kept) > self.memory_bytes:
            self.to_disk(name, kept)
            return
        while self.used(self.memory) + size_of(name, kept) > self.memory_bytes:
            oldest = next(iter(self.memory))
            self.to_disk(oldest, self.memory.pop(oldest))
        self.memory[name] = kept

    @rule(name=st.sampled_from(NAMES))
    def take(self, name: str) -> None:
        assert self.store.take(name) == (self.memory.get(name) or self.disk.get(name))
        self.forget(name)

    @rule(name=st.sampled_from(NAMES))
    def drop(self, name: str) -> None:
        self.store.drop(name)
        self.forget(name)

    @rule()
    def write_down(self) -> None:
        self.store.write_down()
        while self.memory:
            self.to_disk(*self.memory.popitem())

    @rule()
    def die_and_start_again(self) -> None:
        self.memory.clear()
        self.open()

    @precondition(lambda self: self.disk)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.disk)))
        (path,) = (path for path in files(self.directory) if self.holds(path, name))
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
        assert self.store.take(name) is None
        self.forget(name)
        self.refused += 1

    def holds(self, path: Path, name: str) -> bool:
        return name.encode() in path.read_bytes()

    def forget(self, name: str) -> None:
        self.memory.pop(name, None)
        self.disk.pop(name, None)

    @invariant()
    def the_figures_are_right_and_within_the_bounds(self) -> None:
        assert self.store.memory_bytes_used == self.used(self.memory) <= self.memory_bytes
        assert self.store.disk_bytes_used == self.used(self.disk) <= self.disk_bytes
        assert self.store.refused == self.refused

    @invariant()
    def on_disk_is_what_should_be_there_and_nothing_else(self) -> None:
        written = [path.read_bytes() for path in files(self.directory)]
        assert sum(map(len, written)) == self.used(self.disk)
        for name, kept in self.disk.items():
            assert sum(name.encode() in data and data.endswith(kept.data) for data in written) == 1

    def teardown(self) -> None:
        self.temporary.cleanup()


class StoreOnDiskOverTime(StoreOverTime):
    memory_bytes = 0


class StoreInMemoryOverTime(StoreOverTime):
    disk_bytes = 0


TestStoreOverTime = StoreOverTime.TestCase
TestStoreOnDiskOverTime = StoreOnDiskOverTime.TestCase
TestStoreInMemoryOverTime = StoreInMemoryOverTime.TestCase
TestStoreOverTime.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestStoreOnDiskOverTime.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestStoreInMemoryOverTime.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
