"""Many robots in one process, that number all they send and keep an account of all they get.

Each does what docs/firmware.md asks of firmware: QoS 1, the same `request_id` again where no `accepted` comes, at a new
connection what has no reply yet once more, and again after an error that says when.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import until
from tests.faults.account import Account, Request

_TICK_S = 0.01
_FILTERS = (
    "naila/ai/responses/stream/{id}",
    "naila/ai/responses/text/{id}",
    "naila/ai/responses/error/{id}",
    "naila/devices/{id}/actions/+",
)


@dataclass(frozen=True)
class Manners:
    """How the robots behave.

    Attributes:
        unanswered: a robot says nothing new while so many of its utterances have no answer.
        hands_in_one_by_one: it waits for `accepted` before it says the next thing; else it relies on the broker alone.
        resend_s: after so long without `accepted` it sends the same again.
        ask_again_s: after so long without a reply it sends the same again.
        takes_no_for_an_answer: rather than sending again when it is told to.
        clean_session: whether it wants what waited for it at the broker thrown away when it connects.
        fields: of each utterance, beside its words and its `request_id`.
    """

    unanswered: int = 4
    hands_in_one_by_one: bool = True
    resend_s: float = 3.0
    ask_again_s: float = 8.0
    takes_no_for_an_answer: bool = False
    clean_session: bool = False
    fields: dict[str, Any] = field(default_factory=lambda: {"ttl_ms": 600_000})


SILENT = Manners(resend_s=math.inf, ask_again_s=math.inf)
"""They say everything once: what is lost on the way stays lost."""

INSISTENT = Manners(hands_in_one_by_one=False, resend_s=0.5, ask_again_s=1.0)
"""They say everything again and again: what is answered twice is seen."""


class Simulator:
    """Robots `{name}-1`, `{name}-2`, ... dealt onto `connections` MQTT connections; a context manager.

    Inside it the robots talk by themselves. `say` gives them words, `settle` waits for the answers.

    Attributes:
        manners: how they behave.
        requests: of all robots, by `request_id`.
    """

    def __init__(
        self,
        broker: BrokerOptions,
        robots: int,
        *,
        connections: int | None = None,
        manners: Manners | None = None,
        name: str = "robot",
    ) -> None:
        self.manners = manners or Manners()
        self.requests: dict[str, Request] = {}
        self._robots = {f"{name}-{number}": _Robot(f"{name}-{number}") for number in range(1, robots + 1)}
        self._lock = threading.RLock()
        self._heard = 0
        self._problems: list[str] = []
        self._stop = threading.Event()
        self._links = self._connect(broker, connections or robots)
        self._thread = threading.Thread(target=self._talk, name="robots", daemon=True)

    def __enter__(self) -> Self:
        for link in self._links:
            link.open()
        until(lambda: all(link.ready for link in self._links), TIMEOUT_S)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for link in self._links:
            link.close()

    @property
    def device_ids(self) -> list[str]:
        return list(self._robots)

    @property
    def answered(self) -> int:
        """How many requests have an answer, or were refused."""
        with self._lock:
            return sum(request.settled for request in self.requests.values())

    @property
    def idle(self) -> bool:
        """Whether no request waits for its answer."""
        with self._lock:
            return all(request.settled for request in self.requests.values())

    def say(self, texts: Iterable[str], device_id: str | None = None) -> list[Request]:
        """Give words to one robot, or the same words to each; they go out as its manners allow."""
        texts = list(texts)
        with self._lock:
            robots = [self._robots[device_id]] if device_id else self._robots.values()
            said = [robot.plan(text) for text in texts for robot in robots]
            self.requests.update((request.request_id, request) for request in said)
        return said

    def declare(self, body: Mapping[str, Any]) -> None:
        """Declare what each robot can do, retained."""
        for link in self._links:
            for device_id in link.robots:
                link.publish(f"naila/devices/{device_id}/capabilities", json.dumps(body).encode(), retain=True)

    def settle(self, timeout_s: float = TIMEOUT_S, listen_s: float = 0.5) -> Account:
        """Wait until each request is answered or refused, then a little for what should not come; return the account.

        What is not settled in time is lost: the account tells.
        """
        self.wait_for(len(self.requests), timeout_s)
        time.sleep(listen_s)
        return self.account()

    def wait_for(self, answered: int, timeout_s: float = TIMEOUT_S) -> bool:
        """Wait until so many requests are settled; return whether they are."""
        give_up = time.monotonic() + timeout_s
        while self.answered < answered:
            if time.monotonic() > give_up:
                return False
            time.sleep(_TICK_S)
        return True

    def account(self) -> Account:
        with self._lock:
            return Account(list(self.requests.values()), list(self._problems))

    def _connect(self, broker: BrokerOptions, connections: int) -> list[_Link]:
        hands = deal(list(self._robots), connections)
        return [
            _Link(broker, hand, self._hear, self._ask_again, clean_session=self.manners.clean_session) for hand in hands
        ]

    def _talk(self) -> None:
        while not self._stop.wait(_TICK_S):
            for link in self._links:
                if not link.ready:
                    continue
                with self._lock:
                    due = [request for id_ in link.robots for request in self._robots[id_].due(self.manners)]
                for request in due:
                    words = {"text": request.text, "request_id": request.request_id, **self.manners.fields}
                    link.publish(f"naila/devices/{request.device_id}/text", json.dumps(words).encode())

    def _ask_again(self, device_ids: Sequence[str]) -> None:
        with self._lock:
            for device_id in device_ids:
                self._robots[device_id].ask_again()

    def _hear(self, message: MQTTMessage) -> None:
        now = time.monotonic()
        with self._lock:
            try:
                self._sort(message.topic, json.loads(message.payload), now)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                self._problems.append(f"{message.topic}: {error!r}: {message.payload!r}")

    def _sort(self, topic: str, payload: dict[str, Any], now: float) -> None:
        match topic.split("/"):
            case [_, "ai", "responses", "stream", device_id]:
                self._request(device_id, payload).hear_event(payload["type"])
            case [_, "ai", "responses", "text", device_id]:
                self._heard += 1
                self._request(device_id, payload).hear_reply(payload, self._heard, now)
            case [_, "ai", "responses", "error", device_id]:
                request = self._request(device_id, {"request_id": payload["correlation_id"]})
                request.hear_error(payload, now, final=self.manners.takes_no_for_an_answer)
            case [_, "devices", device_id, "actions", name]:
                self._request(device_id, payload).actions.append({"topic": name, **payload})

    def _request(self, device_id: str, payload: dict[str, Any]) -> Request:
        request = self.requests[payload["request_id"]]
        if request.device_id != device_id:
            raise ValueError(f"{device_id} heard what is for {request.device_id}")
        return request


class _Robot:
    def __init__(self, device_id: str) -> None:
        self._device_id = device_id
        self._planned: deque[Request] = deque()
        self._under_way: list[Request] = []
        self._count = 0

    def plan(self, text: str) -> Request:
        self._count += 1
        request = Request(self._device_id, f"{self._device_id}.{self._count}", self._count, text)
        self._planned.append(request)
        return request

    def due(self, manners: Manners) -> list[Request]:
        """Return what is to be published now."""
        if not self._planned and not self._under_way:
            return []
        now = time.monotonic()
        self._under_way = [request for request in self._under_way if not request.settled]
        due = [request for request in self._under_way if _is_due(request, manners, now)]
        while self._may_speak(manners):
            request = self._planned.popleft()
            request.first_sent = now
            self._under_way.append(request)
            due.append(request)
        for request in due:
            request.sends += 1
            request.last_sent = now
            request.send_again_at = None
        return due

    def ask_again(self) -> None:
        for request in self._under_way:
            request.send_again_at = 0.0

    def _may_speak(self, manners: Manners) -> bool:
        if not self._planned or len(self._under_way) >= manners.unanswered:
            return False
        return not manners.hands_in_one_by_one or all(request.accepted for request in self._under_way)


def _is_due(request: Request, manners: Manners, now: float) -> bool:
    if request.send_again_at is not None:
        return now >= request.send_again_at
    patience_s = manners.ask_again_s if request.accepted else manners.resend_s
    return now >= request.last_sent + patience_s


class _Link:
    """One MQTT connection of several robots, that paho makes again whenever it is lost."""

    def __init__(
        self,
        broker: BrokerOptions,
        robots: Sequence[str],
        on_message: Callable[[MQTTMessage], None],
        on_return: Callable[[Sequence[str]], None],
        *,
        clean_session: bool,
    ) -> None:
        self.robots = robots
        self.ready = False
        self._broker = broker
        self._on_return = on_return
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=robots[0], clean_session=clean_session)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._be_ready
        self._client.on_disconnect = self._be_away
        self._client.on_message = lambda client, userdata, message: on_message(message)

    def open(self) -> None:
        self._client.connect(self._broker.host, self._broker.port, keepalive=30)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe([(topic.format(id=robot), 1) for robot in self.robots for topic in _FILTERS])

    def _be_ready(self, *_: object) -> None:
        self._on_return(self.robots)
        self.ready = True

    def _be_away(self, *_: object) -> None:
        self.ready = False


def deal(names: Sequence[str], hands: int) -> list[list[str]]:
    """Deal names onto so many hands, as evenly as it goes."""
    return [list(names[start::hands]) for start in range(min(hands, len(names)))]
