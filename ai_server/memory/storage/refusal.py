"""What a database refuses, in words that say how to mend it."""

from __future__ import annotations

from pathlib import Path

from ai_server.memory.migrations import HEAD

HELD_ELSEWHERE = ("another process holds the database", "end the program that writes to it")
"""What is wrong, and how it is mended, where a lock is not to be had."""


class DatabaseError(Exception):
    """The database cannot do what was asked.

    Attributes:
        where: the database: its file, or the server and the name it has there.
        what: what is wrong.
        mend: what to do about it.
        damaged: whether the database's file is: it will not serve again, and a new start begins a fresh one.
        passing: whether the same can be tried again: the disk is full, or the server does not answer.
        held: whether another program has the database to itself: a daemon that runs.
    """

    def __init__(
        self,
        where: Path | str,
        what: str,
        mend: str,
        *,
        damaged: bool = False,
        passing: bool = False,
        held: bool = False,
    ) -> None:
        super().__init__(f"{where}: {what}: {mend}")
        self.where = str(where)
        self.what = what
        self.mend = mend
        self.damaged = damaged
        self.passing = passing
        self.held = held

    @classmethod
    def of_row(cls, where: Path | str, what: str) -> DatabaseError:
        """Say that the database is one, and a row of it holds what nobody wrote there."""
        return cls(where, f"a row cannot be read ({what})", "restore a backup; everything else can be read")

    @classmethod
    def of_fault(cls, where: Path | str, detail: str) -> DatabaseError:
        """Say that the database was asked for what it cannot do."""
        return cls(where, f"the database refused ({detail})", "this is a fault of NAILA: please report it")

    @classmethod
    def of_newer_version(cls, where: Path | str, revision: str) -> DatabaseError:
        """Say that this program is older than the database."""
        return cls(
            where,
            f"a newer version of NAILA has written it (schema {revision}, this one knows {HEAD})",
            "install that version again, or restore a backup from before it",
        )

    @classmethod
    def of_other_version(cls, where: Path | str, revision: str | None) -> DatabaseError:
        """Say that the database is to be read by the program that wrote it, or to be brought up to date."""
        return cls(
            where,
            f"it has schema {revision or 'none'}, and this program reads {HEAD}",
            "run the same version of NAILA as the daemon; an older database is brought up to date when that starts",
        )
