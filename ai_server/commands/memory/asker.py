"""Who asks, and how a request of theirs is told from others."""

from __future__ import annotations

import getpass
import os
import uuid


def who() -> str:
    """Return who asks, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"cli:{os.getuid()}"


def new_id() -> str:
    """Return an id for a request."""
    return uuid.uuid4().hex
