from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ai_server import __version__, resources
from ai_server.mqtt.options import BrokerOptions
from ai_server.settings import Settings
from tests.daemons import CACHE, RunningDaemon
from tests.forkserver import can_fork, forkserver

ALONE = {"LLM_SEED": "1", "LLM_THREADS": "1"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return {**bare, "NAILA_DATA_DIR": str(tmp_path / "data"), "NAILA_CACHE_DIR": str(CACHE), **ALONE}


def _naila(*arguments: str, cwd: Path, env: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = ["-m", "ai_server", *arguments]
    assert can_fork(program, env)
    return forkserver().run(program, cwd=cwd, env=env, stdin=stdin, timeout=90)


def test_the_version_is_printed(tmp_path, environment):
    done = _naila("--version", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (0, f"naila {__version__}\n")


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("run",),
        ("demo",),
        ("chat",),
        ("doctor",),
        ("bench",),
        ("graph",),
        ("models",),
        ("models", "pull"),
        ("memory",),
        ("memory", "forget"),
        ("personality",),
    ],
)
def test_every_command_explains_itself(command, tmp_path, environment):
    done = _naila(*command, "--help", cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_help_imports_neither_llama_cpp_nor_langgraph(tmp_path, environment):
    probe = (
        "import sys; sys.argv = ['naila', '--help']\n"
        "from ai_server.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'llama_cpp', 'langgraph', 'sqlalchemy', 'paho', 'huggingface_hub', 'numpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_daemon_never_imports_llama_cpp(tmp_path, environment):
    probe = "import sys, ai_server.lifecycle, ai_server.reporter\nsys.exit('llama_cpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], env=environment, check=False).returncode == 0


def test_piped_lines_are_said_and_answered(tmp_path, environment):
    done = _naila("demo", cwd=tmp_path, env=environment, stdin="what time is it\nhello\n")
    assert done.returncode == 0, done.stderr
    assert re.search(r"you> what time is it\nnaila> \[neutral\] It is \d\d:\d\d\.\nyou> hello\nnaila> \[", done.stdout)
    assert "\x1b" not in done.stdout
    assert "demo broker" in done.stderr.lower()


def test_the_demo_remembers_its_last_conversation(tmp_path, environment):
    _naila("demo", cwd=tmp_path, env=environment, stdin="what time is it\n")
    done = _naila("demo", cwd=tmp_path, env=environment, stdin="can you repeat that\n")
    assert re.search(r"naila> \[neutral\] It is \d\d:\d\d\.", done.stdout), done.stdout


def test_the_graph_is_printed_as_mermaid(tmp_path, environment):
    done = _naila("graph", cwd=tmp_path, env=environment)
    for edge in ("intent -.-> memory", "intent -.-> skill", "memory -.-> respond"):
        assert edge in done.stdout


def test_the_doctor_finds_a_healthy_house_well(daemon: RunningDaemon, broker: BrokerOptions, tmp_path):
    done = _naila("doctor", cwd=tmp_path, env=daemon.environment)
    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout
    for name in ("settings", "directory", "config", "model", "engine", "hardware", "plan", "broker", "database"):
        assert re.search(rf"^ok +{name} ", done.stdout, re.MULTILINE), done.stdout
    assert "a file of SQLite, not encrypted (NAILA_DATABASE_KEY_FILE encrypts it)" in done.stdout
    assert f"backups: none in {daemon.data}-backups" in done.stdout
    assert _naila("memory", "backup", cwd=tmp_path, env=daemon.environment).returncode == 0
    done = _naila("doctor", cwd=tmp_path, env=daemon.environment)
    assert f"backups: the newest in {daemon.data}-backups is 0 hours old" in done.stdout


def test_the_doctor_shows_the_personas_and_what_is_wrong_with_them(tmp_path, environment):
    config = Path(shutil.copytree(resources.config_dir(), tmp_path / "config"))
    (config / "personas" / "ollie.toml").write_text('name = "Ollie"')
    settings = {"NAILA_CONFIG_DIR": str(config), "NAILA_PERSONA": "nabu", "MQTT_PORT": "1"}
    done = _naila("doctor", cwd=tmp_path, env={**environment, **settings})
    assert re.search(rf"^WRONG config +{config}/personas/ollie.toml: character is missing$", done.stdout, re.MULTILINE)
    assert "persona nabu, the default: Nabu, a concise voice assistant; " in done.stdout
    assert "persona naila: Naila, a small friendly robot; " in done.stdout


def test_the_doctor_names_everything_that_is_wrong(tmp_path, environment):
    model = tmp_path / "page.gguf"
    model.write_text("<html>not found</html>")
    data = tmp_path / "a-file"
    data.write_text("")
    settings = {"LLM_MODEL_PATH": str(model), "MQTT_PORT": "1", "NAILA_PERSONA": "nobody", "NAILA_DATA_DIR": str(data)}
    done = _naila("doctor", cwd=tmp_path, env={**environment, **settings})
    assert done.returncode == 1
    for name in ("config", "model", "broker", "database"):
        assert re.search(rf"^WRONG {name} ", done.stdout, re.MULTILINE), done.stdout
    assert "Traceback" not in done.stderr


def test_the_doctor_reports_wrong_settings(tmp_path, environment):
    done = _naila("doctor", cwd=tmp_path, env={**environment, "MQTT_PORT": "no"})
    assert done.returncode == 2
    assert "WRONG settings" in done.stdout


def test_the_bench_compares_this_host_with_its_limit(tmp_path, environment):
    done = _naila("bench", "--seconds", "0.3", "--json", cwd=tmp_path, env={**environment, "LLM_PARALLEL": "3"})
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["memory_bytes_per_second"] > figures["bytes_read_per_token"] > 1e6
    one, three, prompt = figures["rates"]
    assert three["measure"] == "replies at once: 3"
    assert all(rate["share"] == pytest.approx(rate["tokens_per_second"] / rate["limit"]) for rate in (one, three))
    assert all(rate["tokens_per_second"] > 0 for rate in figures["rates"])
    assert prompt["limit"] is None
    assert figures["prompt_flops_per_second"] == prompt["tokens_per_second"] * figures["flops_per_token"]


def test_the_bench_prints_a_table_of_shares(tmp_path, environment):
    done = _naila("bench", "--seconds", "0", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert re.search(r"one reply.*%", done.stdout)
    assert "GB/s" in done.stdout


def test_a_bench_without_a_model_says_so(tmp_path, environment):
    done = _naila("bench", cwd=tmp_path, env={**environment, "LLM_MODEL_PATH": "none"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "no model to measure" in done.stderr
