"""A file, or a folder of files, that people edit while the daemon runs: read again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from ai_server.configfile import ConfigError, config_files

Content = TypeVar("Content")

_Stamp = tuple[object, ...]

_SUFFIXES = (".toml", ".yaml", ".yml")


class WatchedFile(Generic[Content]):
    """The last good content of a file, or of the TOML and YAML files in a folder, and what is wrong with it now.

    Nothing but the times, sizes and inodes is looked at until one of them changes. That works on network file systems
    too, which tell nobody of a change that another host made.

    Attributes:
        path: which file or folder.
        content: its last good content.
        problem: what is wrong with the file as it is now, a line for each mistake; empty where nothing is.
    """

    def __init__(self, path: Path, load: Callable[[Path], Content], content: Content) -> None:
        """Prepare.

        Args:
            path: which file or folder.
            load: reads it; raises ConfigError if it is missing or wrong.
            content: what to take it for until it is read.
        """
        self.path = path
        self.content = content
        self.problem = ""
        self._load = load
        self._read_at: _Stamp | None = None
        self._seen_at: _Stamp = _stamp(path)

    @classmethod
    def read(cls, path: Path, load: Callable[[Path], Content]) -> WatchedFile[Content]:
        """Return a file that is read already.

        Raises:
            ConfigError: if it is missing or wrong.
        """
        stamp = _stamp(path)
        file = cls(path, load, load(path))
        file._read_at = stamp
        return file

    @property
    def is_missing(self) -> bool:
        """Whether it was missing when it was last to be read."""
        return self._read_at == ()

    def look(self) -> bool:
        """Read the file if it has changed, but not since the last look; return whether anything of it may be new.

        Editors empty a file before they write it, or put another in its place: what is half written or missing for a
        moment is not to be taken for what somebody wants.
        """
        stamp, seen_at = _stamp(self.path), self._seen_at
        self._seen_at = stamp
        if stamp == self._read_at or stamp != seen_at:
            return False
        try:
            content, problem = self._load(self.path), ""
        except ConfigError as error:
            content, problem = self.content, str(error)
        if _stamp(self.path) != stamp:
            return False
        self.content, self.problem, self._read_at = content, problem, stamp
        return True

    def forget(self) -> None:
        """Have the next look read the file though it has not changed, because what `load` makes of it has."""
        self._read_at = None


def _stamp(path: Path) -> _Stamp:
    """Return what changes whenever a file, or one in a folder, does; nothing for what is not there."""
    try:
        if path.is_dir():
            return tuple((file.name, *_file_stamp(file)) for file in config_files(path, *_SUFFIXES))
        return _file_stamp(path)
    except (OSError, ConfigError):
        return ()


def _file_stamp(path: Path) -> _Stamp:
    status = path.stat()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
