"""`python -m benchmarks.stop`: from "stop" to the published action, while the robot is in the middle of a reply.

The peer is the broker alone: the way of a message from the robot to itself.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.figures import Figure
from tests.brokers import mosquitto
from tests.daemons import naila
from tests.model_variants import endless
from tests.robots import HeadlessRobot


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stops, echoes = _measure(Path(folder), options.stops)
    table = Table("measure", "p50 ms", "p99 ms", "aim", title=f"{options.stops} stops of a robot that speaks")
    for name, samples, aim in (("stop to the action", stops, "p99 under 10"), ("the broker alone", echoes, "")):
        table.add_row(name, *(f"{Figure.of([samples], percent).value:.2f}" for percent in (50, 99)), aim)
    ratio = Figure.of([stops]).value / Figure.of([echoes]).value
    table.add_row("ratio", f"{ratio:.1f}", "", "")
    Console().print(table)


def _measure(folder: Path, count: int) -> tuple[list[float], list[float]]:
    stops, echoes = [], []
    with (
        mosquitto(folder) as broker,
        naila(
            folder,
            broker.options,
            LLM_MODEL_PATH=str(endless(folder)),
            LLM_MAX_TOKENS="3500",
            NAILA_RATE_PER_DEVICE="1000",
        ) as _,
        HeadlessRobot(broker.options, "runner") as robot,
    ):
        robot.publish("naila/devices/runner/capabilities", json.dumps({"actions": [{"name": "stop"}]}), retain=True)
        for number in track(range(count), "stops"):
            spoken = robot.send("tell me a very long story", ttl_ms=600_000)
            robot.wait_for_event(spoken, "delta")
            stops.append(_stop(robot, f"stop-{number}"))
            robot.wait(spoken)
            robot.wait(f"stop-{number}")
            echoes.append(_echo(robot))
            robot.heard.clear()
    return stops, echoes


def _stop(robot: HeadlessRobot, request_id: str) -> float:
    began = time.perf_counter()
    robot.send("stop", request_id=request_id)
    return _until(robot, lambda: bool(robot.turn(request_id).actions), began)


def _echo(robot: HeadlessRobot) -> float:
    robot.copies.clear()
    began = time.perf_counter()
    robot.publish("naila/devices/runner/inbox", "{}")
    return _until(robot, lambda: bool(robot.copies), began)


def _until(robot: HeadlessRobot, condition: Callable[[], bool], began: float) -> float:
    """Return the milliseconds since `began` once a condition holds."""
    while not condition():
        robot.listen_once()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
