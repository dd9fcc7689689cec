"""The engine's process dies in the middle of replies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import naila, until
from tests.faults.account import Account
from tests.faults.observer import Observer
from tests.faults.simulator import Simulator
from tests.faults.speech import WORDS
from tests.model_variants import endless, truncated


def killed_engine(
    directory: Path,
    broker: BrokerOptions,
    how: signal.Signals,
    *,
    robots: int = 3,
    turns: int = 1,
    tokens: int = 200,
    **environment: str,
) -> Account:
    """Kill the engine while it speaks: the daemon stays connected, says `degraded`, and is `ready` again."""
    settings = {
        "LLM_MODEL_PATH": str(endless(directory)),
        "LLM_MAX_TOKENS": str(tokens),
        "LLM_THREADS": "1",
        **environment,
    }
    with (
        Observer(broker) as observer,
        naila(directory, broker, **settings) as daemon,
        Simulator(broker, robots, name="listener") as simulator,
    ):
        seen = len(observer.states)
        said = simulator.say(["tell me a very long story"] * turns)
        until(lambda: any("delta" in request.events for request in said))
        os.kill(daemon.engine_pid, how)
        seen = observer.wait_for_state("degraded", seen)
        assert how.name in observer.statuses[seen - 1]["reason"]
        account = simulator.settle()
        observer.wait_for_state("ready", seen)
        assert observer.wait_for_metrics()["mqtt"]["connects"] == 1
        assert daemon.stop() == 0, daemon.trouble()
    account.assert_nothing_lost()
    return account


def truncated_model(directory: Path, broker: BrokerOptions, *, robots: int = 3) -> Account:
    """Start with a model file whose download stopped: the fallback answers, and the status says why."""
    model = truncated(directory)
    with (
        naila(directory, broker, ready="degraded", LLM_MODEL_PATH=str(model)) as daemon,
        Simulator(broker, robots, name="curious") as simulator,
    ):
        assert model.name in daemon.wait_for("degraded")["reason"]
        simulator.say(WORDS)
        account = simulator.settle()
        assert daemon.stop() == 0, daemon.trouble()
    assert {request.reply["source"] for request in account.requests} <= {"fallback", "skill"}
    return account
