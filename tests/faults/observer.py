"""An operator's client: keeps what the brain publishes about itself."""

from __future__ import annotations

import json
from collections import defaultdict
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import until

_STATUS, _METRICS, _ERRORS = "naila/ai/status", "naila/ai/metrics", "naila/system/errors/"


class Observer:
    """Listens until the block ends, whatever happens to the broker.

    Attributes:
        statuses: that were published, oldest first.
        metrics: the same.
        errors: that operators were told of, by the service that told them.
    """

    def __init__(self, broker: BrokerOptions) -> None:
        self.statuses: list[dict[str, Any]] = []
        self.metrics: list[dict[str, Any]] = []
        self.errors: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._broker = broker
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="observer", clean_session=False)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._be_subscribed
        self._client.on_message = self._hear

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        until(lambda: self._subscribed, TIMEOUT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def states(self) -> list[str]:
        return [status["state"] for status in self.statuses]

    @property
    def worst_lag_ms(self) -> float:
        """The event loop's worst lag that any of the metrics tell of."""
        return max(each["process"]["event_loop_lag_ms"] for each in self.metrics)

    def wait_for_metrics(self) -> dict[str, Any]:
        """Return the second metrics from now: they tell of this moment."""
        count = len(self.metrics)
        until(lambda: len(self.metrics) >= count + 2)
        return self.metrics[-1]

    def wait_for_state(self, state: str, after: int = 0) -> int:
        """Wait for a state among the statuses from the `after`-th; return how many there are up to it."""
        until(lambda: state in self.states[after:])
        return self.states.index(state, after) + 1

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe([(_STATUS, 1), (_METRICS, 1), (_ERRORS + "+", 1)])

    def _be_subscribed(self, *_: object) -> None:
        self._subscribed = True

    def _hear(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        service = message.topic.removeprefix(_ERRORS)
        heard = {_STATUS: self.statuses, _METRICS: self.metrics}.get(message.topic)
        (self.errors[service] if heard is None else heard).append(json.loads(message.payload))
