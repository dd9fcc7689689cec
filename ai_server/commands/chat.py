"""`naila chat`: be a robot on a broker, and talk to the brain from the terminal or a pipe."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

if TYPE_CHECKING:
    import ssl

    from ai_server.commands.robot import SimulatedRobot
    from ai_server.settings import Settings

_Emotion = Literal["neutral", "happy", "sad", "angry", "surprised"]
_BROKER = "Broker"
_ROBOT = "Robot"


async def chat(
    robot: SimulatedRobot,
    *,
    emotion: _Emotion | None = None,
    timings: bool = False,
    raw: bool = False,
    settings: Settings | None = None,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> int:
    """Talk through a connected robot until the input ends or the person leaves.

    Args:
        robot: inside its `async with`.
        emotion: how the person seems to feel, sent with each utterance.
        timings: show a line of figures under each reply where the output is not a terminal too.
        raw: show every message as it travels.
        settings: the brain's, for `/why`; None where it is on another host.
        stdin: where the lines come from; None for the standard input.
        stdout: where the conversation is shown; None for the standard output.

    Returns:
        The exit code: 0, or 1 where lines from a pipe or file did not all get their answers.
    """
    from ai_server.commands.conversation import Conversation
    from ai_server.commands.lines import read_lines
    from ai_server.commands.transcript import PlainTranscript, TerminalTranscript

    source, target = stdin or sys.stdin, stdout or sys.stdout
    at_terminal = source.isatty() and target.isatty()
    transcript = TerminalTranscript(target) if at_terminal else PlainTranscript(target, timings=timings)
    if raw:
        robot.link.tap = transcript.raw
    conversation = Conversation(robot, transcript, emotion, settings)
    if at_terminal:
        await conversation.attend(read_lines(source))
        return 0
    await conversation.follow(read_lines(source))
    return 0 if conversation.all_answered else 1


def chat_command(
    *,
    host: Annotated[
        str | None, typer.Option(help="The broker.", show_default="MQTT_HOST", rich_help_panel=_BROKER)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Its port.", show_default="MQTT_PORT", rich_help_panel=_BROKER)
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(help="The robot's user name.", show_default="MQTT_USERNAME", rich_help_panel=_BROKER),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            help="Its password; others on this machine can see it here, in .env they cannot.",
            show_default="MQTT_PASSWORD",
            rich_help_panel=_BROKER,
        ),
    ] = None,
    protocol: Annotated[
        Literal["auto", "5", "3.1.1"] | None,
        typer.Option(help="The version of MQTT.", show_default="MQTT_PROTOCOL", rich_help_panel=_BROKER),
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option("--tls/--no-tls", help="Encrypt.", show_default="MQTT_TLS", rich_help_panel=_BROKER),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            help="The authority to trust, a PEM file.", show_default="MQTT_TLS_CA_FILE", rich_help_panel=_BROKER
        ),
    ] = None,
    device_id: Annotated[
        str, typer.Option(help="The robot's id, 1 to 64 of A-Z a-z 0-9 _ -", rich_help_panel=_ROBOT)
    ] = "robot-1",
    body: Annotated[
        Literal["none", "rover"],
        typer.Option(help="What it can do; rover drives, turns, lights, waves and looks.", rich_help_panel=_ROBOT),
    ] = "none",
    persona: Annotated[
        str | None,
        typer.Option(
            help="Who it is: a file of personas/, without .toml.", show_default="NAILA_PERSONA", rich_help_panel=_ROBOT
        ),
    ] = None,
    emotion: Annotated[
        _Emotion | None, typer.Option(help="How the person seems to feel.", rich_help_panel=_ROBOT)
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds of silence after which a reply is given up.", min=0.1, rich_help_panel=_ROBOT)
    ] = 120.0,
    timings: Annotated[bool, typer.Option("--timings", help="Show latency outside of a terminal too.")] = False,
    raw: Annotated[bool, typer.Option("--json", help="Show every message as it travels.")] = False,
    env_file: Annotated[Path, typer.Option(help="The file with settings; the environment wins over it.")] = Path(
        ".env"
    ),
) -> None:
    """Be a robot on a broker: say what is typed or piped in, and show what the brain answers.

    In a terminal the reply streams in; /help shows the commands, Ctrl-C cancels a reply, Ctrl-D leaves.
    Piped lines are said one after another. Exits with 1 where one got no answer, or nobody is there to answer.
    """
    settings = _settings(
        env_file,
        mqtt_host=host,
        mqtt_port=port,
        mqtt_username=username,
        mqtt_password=password,
        mqtt_protocol=protocol,
        mqtt_tls=tls,
        mqtt_tls_ca_file=ca_file,
    )
    from ai_server.commands.link import RobotError

    try:
        robot = _robot(settings, device_id, body, persona, timeout)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--device-id") from None
    try:
        code = asyncio.run(_run(robot, emotion, settings, timings=timings, raw=raw))
    except RobotError as error:
        typer.echo(str(error), err=True)
        code = 1
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


async def _run(robot: SimulatedRobot, emotion: _Emotion | None, settings: Settings, *, timings: bool, raw: bool) -> int:
    async with robot:
        return await chat(robot, emotion=emotion, timings=timings, raw=raw, settings=settings)


def _settings(env_file: Path, **given: Any) -> Settings:
    from ai_server.settings import SettingsError, load_settings

    try:
        return load_settings(env_file, **{name: value for name, value in given.items() if value is not None})
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _robot(settings: Settings, device_id: str, body: str, persona: str | None, timeout_s: float) -> SimulatedRobot:
    from ai_server.commands.robot import SimulatedRobot

    password = settings.mqtt_password
    return SimulatedRobot(
        settings.mqtt_host,
        settings.mqtt_port,
        username=settings.mqtt_username,
        password=password.get_secret_value() if password else None,
        protocol=settings.mqtt_protocol,
        tls=_tls(settings) if settings.mqtt_tls else None,
        device_id=device_id,
        body=body,
        persona=persona,
        timeout_s=timeout_s,
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=settings.mqtt_tls_ca_file)
        if settings.mqtt_tls_cert_file:
            context.load_cert_chain(settings.mqtt_tls_cert_file, settings.mqtt_tls_key_file)
    except (OSError, ssl.SSLError) as error:
        typer.echo(f"The TLS files cannot be used: {error}. Look at the MQTT_TLS settings.", err=True)
        raise typer.Exit(2) from None
    return context
