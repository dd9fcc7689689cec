"""A look into the daemon's database, from outside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.daemons import RunningDaemon, until
from tests.faults.account import Account


@dataclass(frozen=True)
class Store:
    """What is stored: the texts of all turns of each request, the utterances that wait, and what is not delivered."""

    texts: dict[tuple[str, str], list[str]]
    waiting: int
    undelivered: int

    @property
    def idle(self) -> bool:
        return self.waiting == self.undelivered == 0

    def assert_one_answer_each(self, account: Account) -> None:
        """Fail unless each request has one stored turn, which is what the robot heard, and nothing is left to do."""
        counts = Counter({key: len(texts) for key, texts in self.texts.items()})
        sent = {(request.device_id, request.request_id) for request in account.requests}
        assert counts == Counter(sent), (counts - Counter(sent), Counter(sent) - counts)
        for request in account.requests:
            heard = "".join(reply["text"] for reply in request.replies[:1])
            assert self.texts[request.device_id, request.request_id] == [heard]
        assert self.idle


def end(daemon: RunningDaemon, account: Account) -> None:
    """Stop the daemon once nothing is left to do, and fail unless each request has one stored answer."""
    daemon.wait_for("ready", "degraded")
    until(lambda: look(daemon.data).idle)
    assert daemon.stop() == 0, daemon.trouble()
    look(daemon.data).assert_one_answer_each(account)


def look(data: Path) -> Store:
    """Look into the database of a data directory; the daemon need not be there."""
    with closing(sqlite3.connect(data / "naila.db", timeout=10)) as connection:
        texts: dict[tuple[str, str], list[str]] = {}
        for device_id, request_id, text in connection.execute("SELECT device_id, request_id, text FROM turns"):
            texts.setdefault((device_id, request_id), []).append(text)
        (waiting,) = connection.execute("SELECT count(*) FROM inbox").fetchone()
        (undelivered,) = connection.execute("SELECT count(*) FROM outbox WHERE delivered_at IS NULL").fetchone()
    return Store(texts, waiting, undelivered)
