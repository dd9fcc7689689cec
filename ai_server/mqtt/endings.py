"""How network connections end, in words that say what to mend."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from ai_server.mqtt.options import BrokerOptions, Protocol

_UNSUPPORTED_PROTOCOL = 0x84
_WRONG_CLIENT_ID = 0x85
_WRONG_PASSWORD = (0x86, 0x87)
_KEEPALIVE_TIMEOUT = 0x8D
_TAKEN_OVER = 0x8E


class Outcome(Enum):
    """How a network connection ended."""

    UNREACHABLE = auto()
    SILENT = auto()
    UNSUPPORTED = auto()
    REFUSED = auto()
    TAKEN_OVER = auto()
    LOST = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a network connection: its kind, and words that say what to mend."""

    outcome: Outcome
    words: str


def unreachable(error: OSError | ValueError, options: BrokerOptions, timeout_s: float) -> Ending:
    """Say why there is no connection to send a CONNECT over."""
    return Ending(Outcome.UNREACHABLE, _why_unreachable(error, options, timeout_s))


def refused(reason: ReasonCode, protocol: Protocol, options: BrokerOptions) -> Ending:
    """Say what a CONNACK found wrong."""
    where = _where(options)
    if reason.value == _UNSUPPORTED_PROTOCOL:
        return Ending(Outcome.UNSUPPORTED, f"{where} does not speak MQTT {protocol}: set MQTT_PROTOCOL=auto")
    if reason.value in _WRONG_PASSWORD:
        login = f"user {options.username!r}" if options.username else "a client without a user name"
        return Ending(Outcome.REFUSED, f"{where} refused {login} ({reason}): check MQTT_USERNAME and MQTT_PASSWORD")
    if reason.value == _WRONG_CLIENT_ID:
        return Ending(Outcome.REFUSED, f"{where} refused the client id {options.client_id!r}: check MQTT_CLIENT_ID")
    return Ending(Outcome.REFUSED, f"{where} refused the connection: {reason}")


def subscription_refused(topic: str, reason: ReasonCode, options: BrokerOptions) -> Ending:
    """Say which topic a SUBACK does not let us read."""
    user = options.username or "(anonymous)"
    words = f"the broker refused the subscription to {topic} ({reason}): allow MQTT user {user} to read it"
    return Ending(Outcome.REFUSED, words)


def silent(missing: str, options: BrokerOptions, timeout_s: float) -> Ending:
    """Say which packet never came."""
    words = f"{_where(options)} sent no {missing} within {timeout_s:.0f} s: is it an MQTT broker, is it overloaded?"
    return Ending(Outcome.SILENT, words)


def no_connack(options: BrokerOptions) -> Ending:
    """Say what may have led the other side to close the connection instead of answering a CONNECT."""
    hint = "a client certificate (MQTT_TLS_CERT_FILE)" if options.tls else "TLS (MQTT_TLS=true)"
    words = f"{_where(options)} closed the connection without a CONNACK: is it an MQTT broker, does it want {hint}?"
    return Ending(Outcome.SILENT, words)


def disconnected(reason: ReasonCode, options: BrokerOptions, *, accepted: bool, by_broker: bool) -> Ending | None:
    """Say what paho or a DISCONNECT packet gives as the reason; None where that is none."""
    where = _where(options)
    if reason.value == _KEEPALIVE_TIMEOUT and not accepted:
        return silent("CONNACK", options, options.keepalive)
    if reason.value == _KEEPALIVE_TIMEOUT:
        return Ending(Outcome.LOST, f"{where} did not answer a ping within {options.keepalive} s")
    if not by_broker:
        return None
    if reason.value == _TAKEN_OVER:
        words = f"another client connected to {where} with the client id {options.client_id!r}"
        return Ending(Outcome.TAKEN_OVER, words)
    return Ending(Outcome.LOST, f"{where} ended the connection: {reason}")


def broken(result: MQTTErrorCode, options: BrokerOptions) -> Ending:
    """Say that the connection ended without a word."""
    return Ending(Outcome.LOST, f"the connection to {_where(options)} broke ({result.name})")


def _where(options: BrokerOptions) -> str:
    return f"{options.host}:{options.port}"


def _why_unreachable(error: OSError | ValueError, options: BrokerOptions, timeout_s: float) -> str:
    where = _where(options)
    match error:
        case socket.gaierror() | UnicodeError():
            return f"the broker's host name {options.host!r} is not known ({error}): check MQTT_HOST"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {where} is not trusted ({error.verify_message}): check MQTT_TLS_CA_FILE"
        case ssl.SSLError() | ConnectionResetError() if options.tls:
            return f"no TLS with {where} ({error}): check MQTT_TLS and MQTT_PORT"
        case TimeoutError():
            return f"no answer from {where} within {timeout_s:.0f} s: check MQTT_HOST and MQTT_PORT"
        case ConnectionRefusedError():
            return f"nothing listens on {where}: start the broker, or check MQTT_HOST and MQTT_PORT"
    return f"{where} cannot be reached: {error}"
