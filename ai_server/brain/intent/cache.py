"""Keeps what is made of phrase files, so that it need not be made again."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_MOST_KEPT = 16
_DIGEST = hashlib.sha256().digest_size


class Cache:
    """A folder of files that are named by what they were made of.

    Args:
        folder: made when it is needed; None for keeping nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def recall(self, kind: str, key: str) -> bytes | None:
        """Return what was kept; None where nothing was, or where it is not what was written."""
        if self._folder is None:
            return None
        try:
            content = self._path(self._folder, kind, key).read_bytes()
        except OSError:
            return None
        digest, kept = content[:_DIGEST], content[_DIGEST:]
        return kept if digest == _digest(kind, key, kept) else None

    def keep(self, kind: str, key: str, content: bytes) -> None:
        """Write it, and let go of the oldest of its kind; where that cannot be done, the log tells.

        Args:
            kind: of what it is, a part of the name of a file.
            key: tells it from others of the kind, likewise.
            content: what to keep.
        """
        if self._folder is None:
            return
        path = self._path(self._folder, kind, key)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_digest(kind, key, content) + content)
            temporary.replace(path)
            kept = sorted(self._folder.glob(f"{kind}-*{path.suffix}"), key=lambda each: each.stat().st_mtime_ns)
            for old in kept[:-_MOST_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("what phrases teach cannot be kept", path=str(path), reason=error.strerror)

    @staticmethod
    def _path(folder: Path, kind: str, key: str) -> Path:
        return folder / f"{kind}-{key}.bin"


def fingerprint(*contents: str | bytes) -> str:
    """Return what tells these contents from any others, fit for a key."""
    summed = hashlib.sha256()
    for content in contents:
        encoded = content.encode() if isinstance(content, str) else content
        summed.update(b"%d:" % len(encoded) + encoded)
    return summed.hexdigest()[:32]


def _digest(kind: str, key: str, content: bytes) -> bytes:
    return hashlib.sha256(f"{kind} {key} ".encode() + content).digest()
