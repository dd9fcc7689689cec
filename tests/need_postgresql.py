"""Sees that PostgreSQL is there, installing it where that is allowed; otherwise says the one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

MEND = "The tests need a real PostgreSQL: sudo apt-get install -y postgresql (macOS: brew install postgresql)"
_OF_DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """Return the directory of the newest server's programs; None where there is none."""
    versions = sorted(_OF_DEBIAN.glob("*/bin/postgres"), key=lambda program: float(program.parts[-3]))
    found = versions[-1] if versions else shutil.which("postgres")
    return Path(found).parent if found else None


def main() -> None:
    if programs():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing PostgreSQL, which the tests run against ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.call(["apt-get", "update", "-qq"], env=environment)
        subprocess.call(["apt-get", "install", "-y", "-qq", "postgresql"], env=environment)
    if not programs():
        sys.exit(MEND)


if __name__ == "__main__":
    main()
