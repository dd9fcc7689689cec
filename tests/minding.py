"""What goes with a memory, for tests of what stands around it: nobody adapts, and nothing has to be refreshed."""

from __future__ import annotations

from pathlib import Path

from ai_server.brain.personality import Adaptation
from ai_server.brain.tones import Tones
from ai_server.memory.personalities import Personalities, Traits
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.storage.database import Database


def unadapted(database: Database) -> Adaptation:
    """Personalities that stay as they are."""
    return Adaptation(
        Personalities(database, max_kept=8), tones=lambda: Tones({}), traits=lambda _: Traits(), enabled=False
    )


def erasure_of(database: Database, directory: Path) -> Erasure:
    """Erases from a database alone, and from the directory that it is in."""
    return Erasure(
        database,
        data_dir=directory,
        forget=lambda _device_id, _user_id: None,
        forget_all=lambda: None,
        refresh=_nothing_to_refresh,
    )


async def _nothing_to_refresh() -> None:
    pass
