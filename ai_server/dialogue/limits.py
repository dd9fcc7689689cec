"""How much the brain takes from robots: how many of them, how much of each, and how often it says what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from token_bucket import Limiter, MemoryStorage

from ai_server.brain.robots import Robots, TooManyRobotsError, TooManySensorsError
from ai_server.protocol.device import Control, SensorReading, WakeWord
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.inbound import Inbound, Message
from ai_server.protocol.utterance import Utterance

_BURST_S = 5
"""So many seconds' worth may come at once."""

_ERRORS_PER_ROBOT = (1.0, 100)
_ERRORS_OF_ALL = (20.0, 2000)
"""Errors a second, and how many of them at once: every mistake of a person is told, a flood of them is not."""

_TOKENS = "tokens"


class Limits:
    """Admits messages as long as their robot keeps within its limits.

    What stops a robot, `cancel` and a wake word, is always admitted, also of a robot that is not known: it makes no
    room necessary, and a second one has nothing left to stop.
    """

    def __init__(
        self, *, robots: Robots, max_robots: int, rate_per_device: float, sensor_rate_per_device: float
    ) -> None:
        self._robots = robots
        self._messages = _buckets(rate_per_device, _burst(rate_per_device), max_robots)
        self._partials = _buckets(rate_per_device, _burst(rate_per_device), max_robots)
        self._readings = _buckets(sensor_rate_per_device, _burst(sensor_rate_per_device), max_robots)
        self._errors = _buckets(*_ERRORS_PER_ROBOT, max_robots)
        self._errors_of_all = _Bucket(*_ERRORS_OF_ALL)

    def admit(self, inbound: Inbound) -> None:
        """Take note of a message, and of its robot.

        Raises:
            ProtocolError: if it is one too many: `too_many_robots`, `too_many_sensors` or `rate_limited`.
        """
        message = inbound.message
        if isinstance(message, WakeWord) or (isinstance(message, Control) and message.command == "cancel"):
            return
        self._make_room(inbound)
        what, buckets = self._allowance(message)
        bucket = buckets(inbound.device_id)
        if not bucket.take():
            raise _refusal(
                inbound,
                ErrorCode.RATE_LIMITED,
                f"payload: more than {bucket.rate:g} {what} a second of this robot",
                bucket.wait_s(),
            )

    def may_report(self, device_id: str | None) -> bool:
        """Say whether one more error of a robot (None: of one that is not known) may be told and logged now."""
        return self._errors(device_id or "").take() and self._errors_of_all.take()

    def _allowance(self, message: Message) -> tuple[str, Callable[[str], _Bucket]]:
        match message:
            case SensorReading():
                return "readings", self._readings
            case Utterance(is_final=False):  # however many there are, the complete words are taken
                return "partial transcripts", self._partials
            case _:
                return "messages", self._messages

    def _make_room(self, inbound: Inbound) -> None:
        try:
            self._robots.hear(inbound.device_id, retained=inbound.retained)
            if inbound.sensor:
                self._robots.make_room(inbound.device_id, inbound.sensor)
        except TooManyRobotsError as full:
            raise _refusal(inbound, ErrorCode.TOO_MANY_ROBOTS, f"topic: {full}", full.retry_after_s) from None
        except TooManySensorsError as full:
            raise _refusal(inbound, ErrorCode.TOO_MANY_SENSORS, f"topic: {full}") from None


class ActionLimit:
    """Admits what robots' bodies are to do, as long as it is not too much for any of them.

    Args:
        rate_per_device: actions a second of each robot.
        max_robots: of so many robots it is known how much they did.
        may_report: says whether one more error of a robot may be told and logged now.
    """

    def __init__(self, *, rate_per_device: float, max_robots: int, may_report: Callable[[str], bool]) -> None:
        self.may_report = may_report
        self._actions = _buckets(rate_per_device, _burst(rate_per_device), max_robots)

    def admit(self, device_id: str, name: str) -> None:
        """Take note of an action.

        Raises:
            ProtocolError: if it is one too many: `action_rate_limited`.
        """
        bucket = self._actions(device_id)
        if not bucket.take():
            raise ProtocolError(
                ErrorCode.ACTION_RATE_LIMITED,
                f"{name}: more than {bucket.rate:g} actions a second of this robot; it was not carried out",
                device_id=device_id,
            )


class _Bucket:
    """A token bucket that is full at first.

    Attributes:
        rate: tokens a second.
    """

    __slots__ = ("_limiter", "_storage", "rate")

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self._storage = MemoryStorage()
        self._limiter = Limiter(rate, burst, self._storage)

    def take(self) -> bool:
        """Take a token; False where there is none."""
        return self._limiter.consume(_TOKENS)

    def wait_s(self) -> float:
        """Return in how many seconds there will be a token, at least 0.1."""
        return max(0.1, round((1 - self._storage.get_token_count(_TOKENS)) / self.rate, 1))


def _buckets(rate: float, burst: int, count: int) -> Callable[[str], _Bucket]:
    """Give each robot a bucket; those of the last `count` robots are kept."""

    @lru_cache(maxsize=count)
    def bucket(_device_id: str) -> _Bucket:
        return _Bucket(rate, burst)

    return bucket


def _burst(rate: float) -> int:
    return max(1, round(rate * _BURST_S))


def _refusal(inbound: Inbound, code: ErrorCode, why: str, retry_after_seconds: float | None = None) -> ProtocolError:
    message = inbound.message
    request_id = message.request_id if isinstance(message, Utterance | Control) else None
    return ProtocolError(
        code, why, device_id=inbound.device_id, correlation_id=request_id, retry_after_seconds=retry_after_seconds
    )
