"""Who asks, and how a request of theirs is told from others."""

from __future__ import annotations

import os
import pwd
import uuid


def who() -> str:
    """Return who asks, for the audit log: the user whom this program runs as, and who became that one by sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as in a container
        name = str(os.getuid())
    sudoer = os.environ.get("SUDO_USER", "")[:32]
    return f"cli:{sudoer} as {name[:20]}" if sudoer else f"cli:{name[:32]}"


def new_id() -> str:
    """Return an id for a request."""
    return uuid.uuid4().hex
