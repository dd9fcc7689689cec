"""Named places on the way of an utterance at which a test can have the process killed."""

from __future__ import annotations

import sys
from typing import Final

AFTER_RECEIVE: Final = "after_receive"  # a message came from the broker; nothing is stored
AFTER_COMMIT: Final = "after_commit"  # it is on disk, and not acknowledged to the broker
AFTER_PUBACK: Final = "after_puback"  # it is acknowledged, and not answered
MID_GENERATION: Final = "mid_generation"  # some of the reply's words have been streamed
AFTER_REPLY_COMMIT: Final = "after_reply_commit"  # the reply is on disk, and not published
AFTER_PUBLISH: Final = "after_publish"  # the broker was sent it, and has not acknowledged it
BEFORE_MARKED: Final = "before_marked"  # the broker has it, and the store does not know yet

NAMES: Final = (
    AFTER_RECEIVE,
    AFTER_COMMIT,
    AFTER_PUBACK,
    MID_GENERATION,
    AFTER_REPLY_COMMIT,
    AFTER_PUBLISH,
    BEFORE_MARKED,
)

EVENT: Final = "naila.failpoint"


def failpoint(name: str) -> None:
    """Announce that the process reached one of `NAMES`.

    It raises an audit event (`sys.audit`) and nothing else: with no audit hook it does nothing. Only code can install
    a hook, and none of this package does, so no setting, environment variable or message can arm a failpoint.
    """
    sys.audit(EVENT, name)
