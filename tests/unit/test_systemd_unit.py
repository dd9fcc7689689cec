"""The unit and the files beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ai_server.settings import _SECRET_FILES, _SECRETS, Settings, load_settings

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"


def entries(file: str) -> dict[str, dict[str, list[str]]]:
    """Return the values of each key of each section; a key may come more than once."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in (SYSTEMD / file).read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def only(section: dict[str, list[str]], key: str) -> str:
    (value,) = section[key]
    return value


@pytest.fixture
def service() -> dict[str, list[str]]:
    return entries("naila.service")["Service"]


def test_the_daemon_tells_systemd_how_it_is_and_alone_may(service: dict[str, list[str]]) -> None:
    assert only(service, "Type") == "notify"
    assert only(service, "NotifyAccess") == "main"
    assert only(service, "ExecStart").endswith("/naila run")
    assert int(only(service, "WatchdogSec")) > 0


def test_stopping_leaves_time_to_drain(service: dict[str, list[str]]) -> None:
    assert only(service, "KillMode") == "mixed"
    drain: float = Settings.model_fields["naila_drain_timeout_s"].default
    assert int(only(service, "TimeoutStopSec")) >= 2 * drain


def test_it_comes_back_unless_a_setting_is_wrong_and_not_for_ever(service: dict[str, list[str]]) -> None:
    assert only(service, "Restart") == "always"
    assert only(service, "RestartPreventExitStatus") == "2"
    unit = entries("naila.service")["Unit"]
    within, every = int(only(unit, "StartLimitIntervalSec")), int(only(service, "RestartSec"))
    assert int(only(unit, "StartLimitBurst")) * every < within


def test_an_engine_killed_for_memory_does_not_take_the_daemon_along(service: dict[str, list[str]]) -> None:
    assert only(service, "OOMPolicy") == "continue"
    assert int(only(service, "OOMScoreAdjust")) < 0


def test_it_cannot_take_all_of_the_host(service: dict[str, list[str]]) -> None:
    assert 50 <= int(only(service, "MemoryMax").removesuffix("%")) <= 95
    assert int(only(service, "TasksMax")) > 0


def test_its_secrets_are_credentials_by_the_names_of_their_settings(service: dict[str, list[str]]) -> None:
    loaded = dict(entry.split(":") for entry in service["LoadCredential"])
    assert loaded == {name: f"naila.{name}" for name in sorted(_SECRETS | _SECRET_FILES)}
    assert loaded.keys() <= Settings.model_fields.keys()
    assert "credstore/naila.mqtt_password" in (ROOT / "config" / "mosquitto" / "setup").read_text()
    assert "PASSWORD=" not in (SYSTEMD / "naila.env").read_text()


def test_what_people_said_is_the_services_alone(service: dict[str, list[str]]) -> None:
    assert only(service, "User") == only(service, "Group") == "naila"
    assert only(service, "StateDirectoryMode") == "0700"
    assert only(service, "UMask") == "0077"
    assert only(service, "LimitCORE") == "0"
    assert only(service, "MemorySwapMax") == "0"


def test_the_service_runs_as_a_user_without_rights_in_a_closed_file_system(service: dict[str, list[str]]) -> None:
    assert only(service, "CapabilityBoundingSet") == ""
    assert only(service, "ProtectSystem") == "strict"
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "MemoryDenyWriteExecute"):
        assert only(service, key) == "yes"
    assert "ProcSubset" not in service, "/proc/meminfo must be readable: the hardware plan needs it"


def test_the_drop_in_opens_the_gpu_and_no_other_device() -> None:
    service = entries("naila-nvidia.conf")["Service"]
    assert only(service, "PrivateDevices") == "no"
    assert only(service, "DevicePolicy") == "closed"
    assert all(device.startswith("char-nvidia") for device in service["DeviceAllow"])


def test_the_user_of_the_unit_is_the_one_that_is_created(service: dict[str, list[str]]) -> None:
    (line,) = (line for line in (SYSTEMD / "naila.sysusers").read_text().splitlines() if not line.startswith("#"))
    assert line.split()[:2] == ["u", only(service, "User")]
    assert line.endswith(f"/var/lib/{only(service, 'StateDirectory').split()[0]}")


def test_every_setting_in_the_environment_file_is_one_and_allowed(tmp_path: Path) -> None:
    text = (SYSTEMD / "naila.env").read_text()
    everything = tmp_path / "naila.env"
    uncommented = re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.MULTILINE)
    everything.write_text(f"{uncommented}MQTT_TLS_KEY_FILE={tmp_path}/key\n")
    assert load_settings(everything).mqtt_tls
    assert load_settings(SYSTEMD / "naila.env").data_dir == Path("/var/lib/naila")


if sys.platform == "linux":  # elsewhere there is no systemd, and the tests above read the unit

    @pytest.mark.parametrize("drop_in", [None, "naila-nvidia.conf"])
    def test_systemd_verifies_the_unit_and_rates_its_exposure_low(drop_in: str | None, tmp_path: Path) -> None:
        unit = tmp_path / "naila.service"
        unit.write_text((SYSTEMD / unit.name).read_text().replace("/opt/naila/venv/bin/naila", "/bin/true"))
        if drop_in is not None:
            (tmp_path / "naila.service.d").mkdir()
            shutil.copy(SYSTEMD / drop_in, tmp_path / "naila.service.d" / drop_in)
        verified = analyze("verify", str(unit))
        assert (verified.returncode, verified.stderr) == (0, "")
        rated = analyze("security", "--offline=true", "--no-pager", "--threshold=15", str(unit))
        assert rated.returncode == 0, rated.stdout.splitlines()[-1]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "the unit is tested with systemd's own tool: apt-get install systemd"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
