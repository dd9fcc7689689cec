"""Sees that Mosquitto is there, installing it where that is allowed; otherwise says the one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def main() -> None:
    if shutil.which("mosquitto", path=PATH):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Mosquitto, which the tests run against ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.call(["apt-get", "update", "-qq"], env=environment)
        subprocess.call(["apt-get", "install", "-y", "-qq", "mosquitto"], env=environment)
    if not shutil.which("mosquitto", path=PATH):
        sys.exit("The tests need a real Mosquitto: sudo apt-get install -y mosquitto (macOS: brew install mosquitto)")


if __name__ == "__main__":
    main()
