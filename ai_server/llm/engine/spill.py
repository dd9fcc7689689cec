"""What leaves the KV cache: kept in host memory, then in files, until it comes back or is forgotten."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ai_server.llm.chat import Message

_PREAMBLE = struct.Struct("<8sIQI")  # magic with the format's version, bytes of header and of data, checksum
_MAGIC = b"NAILAKV1"
_FILE = re.compile(r"[0-9a-f]{32}\.kv")
_TEMPORARY = ".kv.tmp"
_DIRECTORY_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Spill:
    """A part of the KV cache outside of it.

    Attributes:
        tokens: all of the sequence, from position 0.
        start: `data` holds the positions from here on; those before are in a shared prefix.
        data: llama.cpp's state of the sequence from `start` on.
        replies: the tokens that were generated for each reply of the conversation, by its text.
        turns: where turns begin in the sequence.
        first: the user message that the conversation begins with since its oldest turns were dropped; None where none
            were.
    """

    tokens: tuple[int, ...]
    start: int
    data: bytes
    replies: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    turns: tuple[int, ...] = ()
    first: Message | None = None


class SpillStore:
    """Keeps one spill a name, in memory or on disk; what was put last stays longest. For one thread and one process.

    A spill counts with its data and its header (tokens, replies), in memory as on disk. One that is larger than a bound
    is not kept there. Whatever is wrong with the disk costs spills and never raises: a file that is damaged, cut short
    or foreign is deleted and counted; that the directory cannot be used is said on stderr, once.

    Files are written aside and renamed, and not flushed: one that a power cut damaged is refused by its checksum.
    That is CRC-32, since it guards against accidents alone: who can write here is the same user as the engine. It
    reads 2 to 4 GB/s where BLAKE2b reads 0.8, which would double the time to restore a long conversation.

    Args:
        memory_bytes: at most so much is kept in memory; what was put longest ago goes to disk. 0: all goes to disk.
        disk_bytes: at most so much is kept on disk; what was put longest ago goes. 0: none; what is there is erased.
        directory: made with mode 0700 where it is missing; what an earlier process left there is kept. None: no disk.
        key: of everything that must match (model, KV types, library version, ...); spills with another are refused.

    Attributes:
        refused: files found damaged or foreign.
    """

    def __init__(self, *, memory_bytes: int, disk_bytes: int, directory: Path | None, key: bytes) -> None:
        self.refused = 0
        self._key = key
        self._memory: dict[str, _Packed] = {}  # put longest ago first
        self._memory_bound = memory_bytes
        self._disk = _Disk(directory, disk_bytes)
        self._last_put = self._disk.newest

    @property
    def memory_bytes_used(self) -> int:
        """How much is in memory."""
        return sum(packed.size for packed in self._memory.values())

    @property
    def disk_bytes_used(self) -> int:
        """How much is on disk."""
        return self._disk.bytes_used

    def put(self, name: str, spill: Spill, *, at_once: bool = False) -> None:
        """Keep a spill in place of the one of this name. Its name appears inside of files, never in a file's name.

        Args:
            name: to find it by.
            spill: to keep.
            at_once: on disk, where there is one, so that it is there even if this process is killed.
        """
        self.drop(name)
        packed = self._packed(name, spill)
        if at_once:
            self._disk.write(name, packed)
        if self._disk.holds(name):
            return
        if packed.size > self._memory_bound:
            self._disk.write(name, packed)
            return
        while self.memory_bytes_used + packed.size > self._memory_bound:
            oldest = next(iter(self._memory))
            self._disk.write(oldest, self._memory.pop(oldest))
        self._memory[name] = packed

    def put_in_memory(self, name: str, spill: Spill) -> bool:
        """Keep a spill in memory if nothing else has to leave it for that; say whether it is kept."""
        packed = self._packed(name, spill)
        if self.memory_bytes_used + packed.size > self._memory_bound:
            return False
        self.drop(name)
        self._memory[name] = packed
        return True

    def take(self, name: str) -> Spill | None:
        """Return the spill of this name and keep it no longer; None where none is whole and has the key."""
        spill = self.read(name)
        self.drop(name)
        return spill

    def read(self, name: str) -> Spill | None:
        """Return the spill of this name and keep it; None where none is whole and has the key."""
        packed = self._memory.get(name)
        if packed is not None:
            return _unpack(_decode_header(packed.header), packed.data)
        try:
            return self._disk.read(name, self._key)
        except _RefusedError:
            self.refused += 1
            return None

    def holds(self, name: str) -> bool:
        """Say whether there is a spill of this name."""
        return name in self._memory or self._disk.holds(name)

    def drop(self, name: str) -> None:
        """Erase the spill of this name, in memory and on disk."""
        self._memory.pop(name, None)
        self._disk.erase(name)

    def clear(self) -> None:
        """Erase all spills, in memory and on disk."""
        self._memory.clear()
        self._disk.clear()

    def write_down(self) -> None:
        """Move what is in memory to disk as far as it may be there: what was put last first, should time run out."""
        while self._memory:
            self._disk.write(*self._memory.popitem())

    def _packed(self, name: str, spill: Spill) -> _Packed:
        known = (spill.tokens, spill.start, dict(spill.replies), spill.turns, spill.first)
        return _Packed(_encode_header(_Header(self._key, name, *known)), spill.data, self._now())

    def _now(self) -> int:
        """Return the time in ns, later than any before, also of an earlier process and where the clock was set back."""
        self._last_put = max(self._last_put + 1, time.time_ns())
        return self._last_put


def erase_file(directory: Path, name: str) -> None:
    """Erase the file of a spill, also where no store, or another process's, knows of it."""
    _unlink(directory / _file_name(name))


def erase_files(directory: Path) -> None:
    """Erase the files of all spills."""
    for path in directory.glob("*.kv"):
        if _FILE.fullmatch(path.name):
            _unlink(path)


def erase_unfinished(directory: Path) -> None:
    """Erase what processes that were killed had not finished; none may be writing."""
    for path in directory.glob(f"*{_TEMPORARY}"):
        _unlink(path)


class _Header(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    name: str
    tokens: tuple[int, ...]
    start: int
    replies: dict[str, tuple[int, ...]]
    turns: tuple[int, ...]
    first: Message | None


_encode_header = msgspec.msgpack.Encoder().encode
_decode_header = msgspec.msgpack.Decoder(_Header).decode


@dataclass(frozen=True, slots=True)
class _Packed:
    """A spill as it lies in memory and in a file; `put_at` as of `SpillStore._now`."""

    header: bytes
    data: bytes
    put_at: int

    @property
    def size(self) -> int:
        return _PREAMBLE.size + len(self.header) + len(self.data)


def _unpack(header: _Header, data: bytes) -> Spill:
    return Spill(header.tokens, header.start, data, header.replies, header.turns, header.first)


class _RefusedError(Exception):
    """A file is damaged or foreign."""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    put_at: int


class _Disk:
    """The files in one directory; their times of change say in what order they were put."""

    def __init__(self, directory: Path | None, bound: int) -> None:
        self._directory = directory
        self._bound = bound
        self._files: dict[str, _File] = {}
        self._has_complained = False
        if directory is not None:
            self._find(directory)
        self._erase_oldest(self.bytes_used - bound)

    @property
    def bytes_used(self) -> int:
        return sum(file.size for file in self._files.values())

    @property
    def newest(self) -> int:
        return max((file.put_at for file in self._files.values()), default=0)

    def write(self, name: str, packed: _Packed) -> None:
        """Write a file, where there is room for it beside those that were put later."""
        kept = sum(file.size for file in self._files.values() if file.put_at > packed.put_at)
        if self._directory is None or kept + packed.size > self._bound:
            return
        self._erase_oldest(self.bytes_used + packed.size - self._bound)
        file = _File(self._directory / _file_name(name), packed.size, packed.put_at)
        try:
            _write_file(file.path, packed)
        except OSError as error:
            self._complain(self._directory, error)
            return
        self._files[file.path.name] = file

    def holds(self, name: str) -> bool:
        return _file_name(name) in self._files

    def read(self, name: str, key: bytes) -> Spill | None:
        """Read a file.

        Raises:
            _RefusedError: it is of no use; it is erased.
        """
        file = self._files.get(_file_name(name))
        if file is None:
            return None
        try:
            return _read_file(file.path, name, key)
        except FileNotFoundError:  # somebody made room by hand
            self.erase(name)
            return None
        except (OSError, _RefusedError) as error:
            self.erase(name)
            raise _RefusedError from error

    def erase(self, name: str) -> None:
        file = self._files.pop(_file_name(name), None)
        if file is not None:
            _unlink(file.path)

    def clear(self) -> None:
        """Erase all files."""
        while self._files:
            _unlink(self._files.popitem()[1].path)

    def _erase_oldest(self, excess: int) -> None:
        for file in sorted(self._files.values(), key=lambda file: file.put_at):
            if excess <= 0:
                return
            _unlink(self._files.pop(file.path.name).path)
            excess -= file.size

    def _find(self, directory: Path) -> None:
        """Take in what an earlier process left, but for what it had not finished."""
        try:
            if self._bound:
                directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            elif not directory.exists():
                return
            for path in directory.iterdir():
                if path.name.endswith(_TEMPORARY):
                    _unlink(path)
                elif _FILE.fullmatch(path.name) and path.is_file():
                    status = path.stat()
                    self._files[path.name] = _File(path, status.st_size, status.st_mtime_ns)
        except OSError as error:
            self._complain(directory, error)

    def _complain(self, directory: Path, error: OSError) -> None:
        if not self._has_complained:
            _warn(
                f"conversations cannot be kept in {directory}: {error.strerror}. Those that leave memory are read anew "
                "when they come back, which is slower. Make room there, or make it writable."
            )
        self._has_complained = True


def _file_name(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest() + ".kv"


def _write_file(path: Path, packed: _Packed) -> None:
    checksum = _checksum(packed.header, packed.data)
    preamble = _PREAMBLE.pack(_MAGIC, len(packed.header), len(packed.data), checksum)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=_TEMPORARY)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(preamble + packed.header)
            file.write(packed.data)
        os.utime(temporary, ns=(packed.put_at, packed.put_at))
        Path(temporary).replace(path)
    except OSError:
        _unlink(Path(temporary))
        raise


def _read_file(path: Path, name: str, key: bytes) -> Spill:
    with path.open("rb") as file:
        preamble = file.read(_PREAMBLE.size)
        if len(preamble) < _PREAMBLE.size:
            raise _RefusedError
        magic, header_bytes, data_bytes, checksum = _PREAMBLE.unpack(preamble)
        if magic != _MAGIC or os.fstat(file.fileno()).st_size != _PREAMBLE.size + header_bytes + data_bytes:
            raise _RefusedError
        packed_header, data = file.read(header_bytes), file.read(data_bytes)
    if checksum != _checksum(packed_header, data):
        raise _RefusedError
    try:
        header = _decode_header(packed_header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _RefusedError from error
    if (header.name, header.key) != (name, key):
        raise _RefusedError
    return _unpack(header, data)


def _checksum(header: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(header))


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _warn(f"a spilled conversation cannot be erased from disk: {error.strerror}. Delete {path} by hand.")


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr, flush=True)  # noqa: T201
