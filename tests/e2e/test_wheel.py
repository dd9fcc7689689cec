from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ai_server.settings import Settings

ROOT = Path(__file__).parents[2]


def test_an_installed_wheel_talks_from_any_directory(tmp_path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel]
    subprocess.run(pip, check=True)
    bare = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    environment = {**bare, "PYTHONPATH": str(site), "NAILA_DATA_DIR": str(tmp_path / "data")}

    def naila(*arguments: str, said: str = "") -> str:
        command = [sys.executable, "-m", "ai_server", *arguments]
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, input=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [sys.executable, "-c", "import ai_server; print(ai_server.__file__)"]
    assert str(site) in subprocess.check_output(where, cwd=elsewhere, env=environment, text=True)
    assert "naila> [" in naila("demo", said="hello\n")
    assert "a whole GGUF file" in naila("models", "verify", "naila-tiny")
    assert "llama-3.1-8b" in naila("models", "list")
