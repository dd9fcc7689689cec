"""`naila demo`: a demo broker, the daemon, and a simulated robot to talk through, in one terminal."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import typer
from pydantic import SecretStr

from ai_server.commands.chat import chat
from ai_server.commands.link import RobotError
from ai_server.commands.robot import SimulatedRobot
from ai_server.lifecycle import Daemon
from ai_server.mqtt.broker import EmbeddedBroker, EmbeddedBrokerError
from ai_server.protocol.status import State
from ai_server.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ai_server.settings import Settings

_POLL_S = 0.05


class _DaemonEndedError(Exception):
    """The daemon ended before it was asked to."""


def run_demo(settings: Settings) -> int:
    """Run the demo until the person leaves, or the piped lines are said; return the exit code."""
    directory = settings.data_dir / "demo"
    log_file = directory / "naila.log"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with log_file.open("a", encoding="utf-8") as stream:
            logs.configure(settings.naila_log_level, settings.naila_log_format, stream)
            return asyncio.run(_demo(settings, directory, log_file))
    except OSError as error:
        typer.echo(
            f"{directory} cannot be written: {error.strerror}. Set NAILA_DATA_DIR to a directory of yours.", err=True
        )
    except (EmbeddedBrokerError, RobotError, _DaemonEndedError) as error:
        typer.echo(str(error), err=True)
    except KeyboardInterrupt:
        return 130
    return 1


async def _demo(settings: Settings, directory: Path, log_file: Path) -> int:
    async with EmbeddedBroker() as broker:
        typer.echo(broker.describe(), err=True)
        settings = _on_demo_broker(settings, broker, directory)
        async with (
            _daemon(settings) as ended,
            SimulatedRobot(
                broker.host,
                broker.port,
                username=broker.username,
                password=broker.password,
                protocol=broker.protocol,
                device_id="demo",
                body="rover",
            ) as robot,
        ):
            await _until_awake(robot, ended, log_file)
            return await chat(robot, settings=settings)


def _on_demo_broker(settings: Settings, broker: EmbeddedBroker, directory: Path) -> Settings:
    return settings.model_copy(
        update={
            **dict.fromkeys(("mqtt_tls_ca_file", "mqtt_tls_cert_file", "mqtt_tls_key_file")),
            "mqtt_tls": False,
            "mqtt_host": broker.host,
            "mqtt_port": broker.port,
            "mqtt_username": broker.username,
            "mqtt_password": SecretStr(broker.password),
            "mqtt_protocol": broker.protocol,
            "naila_data_dir": directory,
        }
    )


@asynccontextmanager
async def _daemon(settings: Settings) -> AsyncIterator[asyncio.Task[int]]:
    daemon = Daemon(settings)
    task = asyncio.create_task(daemon.run(), name="daemon")
    try:
        yield task
    finally:
        daemon.stop()
        await task


async def _until_awake(robot: SimulatedRobot, ended: asyncio.Task[int], log_file: Path) -> None:
    """Wait until the brain is ready, or says why it is not."""
    typer.echo(f"The brain wakes up; its log is {log_file}", err=True)
    while robot.status is None or robot.status.state not in {State.READY, State.DEGRADED}:
        if ended.done():
            raise _DaemonEndedError(f"The brain did not start. The last lines of {log_file} say why.")
        await asyncio.sleep(_POLL_S)
