"""A server on this host that speaks as Open-Meteo does, and as well or ill as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TODAY = date(2026, 11, 1)
PLACES = {
    "berlin": {"id": 2950159, "name": "Berlin", "latitude": 52.52437, "longitude": 13.41053, "country": "Germany"},
    "sydney": {"id": 2147714, "name": "Sydney", "latitude": -33.86785, "longitude": 151.20732, "country": "Australia"},
}

Answer = Callable[["Service", BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """What the server answers, and what it was asked.

    Attributes:
        port: where it listens.
        asked: path and parameters of each request.
        today: of the places, by latitude; `TODAY` for others.
        answer: writes another answer in place of the usual one.
        ended: set at the end, so that nothing keeps the server waiting.
    """

    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    today: dict[str, date] = field(default_factory=dict)
    answer: Answer | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def forecast_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/forecast"

    @property
    def geocoding_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/search"

    def usual(self, path: str, wanted: dict[str, str]) -> dict[str, Any]:
        """Return what Open-Meteo would."""
        if path == "/v1/search":
            found = PLACES.get(wanted["name"].lower())
            return {"results": [found], "generationtime_ms": 0.5} if found else {"generationtime_ms": 0.4}
        return forecast(self.today.get(wanted["latitude"], TODAY), int(wanted["forecast_days"]))


def forecast(today: date, days: int) -> dict[str, Any]:
    """Return a forecast with all that the service sends, more than is asked of it included.

    The last day is one that the models know nothing of.
    """
    codes = [61, 0, 3, 95, 71, 45, 2, 80, 51, 66, 96, 85, 1, 77, 63, None]
    return {
        "latitude": 52.52,
        "longitude": 13.42,
        "generationtime_ms": 0.105,
        "utc_offset_seconds": 3600,
        "timezone": "Europe/Berlin",
        "timezone_abbreviation": "CET",
        "elevation": 38.0,
        "current_units": {"time": "iso8601", "interval": "seconds", "temperature_2m": "°C", "weather_code": "wmo code"},
        "current": {"time": f"{today}T09:00", "interval": 900, "temperature_2m": 7.6, "weather_code": 3},
        "daily_units": {"time": "iso8601", "weather_code": "wmo code", "temperature_2m_min": "°C"},
        "daily": {
            "time": [str(today + timedelta(day)) for day in range(days)],
            "weather_code": codes[:days],
            "temperature_2m_min": [-2.4, *range(1, days - 1), None],
            "temperature_2m_max": [9.5, *range(11, days + 9), None],
            "precipitation_probability_max": [80, 5, None, *[20] * (days - 3)],
        },
    }


@contextmanager
def weather_service() -> Iterator[Service]:
    """A service that runs until the block ends."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            wanted = {name: values[0] for name, values in parse_qs(parts.query).items()}
            service.asked.append((parts.path, wanted))
            if service.answer:
                service.answer(service, self)
            else:
                send(self, json.dumps(service.usual(parts.path, wanted)).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        service.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    """Answer with this body."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json; charset=utf-8")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def sends(body: bytes, status: int = 200) -> Answer:
    """Return an answer with this body."""
    return lambda _, handler: send(handler, body, status)


def never(service: Service, _: BaseHTTPRequestHandler) -> None:
    """Take the question and say nothing."""
    service.ended.wait(60)


def drips(service: Service, handler: BaseHTTPRequestHandler) -> None:
    """Say something again and again, and never all of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        while not service.ended.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        return


def hangs_up(_: Service, handler: BaseHTTPRequestHandler) -> None:
    """Break off in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"current":')
    handler.close_connection = True


def floods(service: Service, handler: BaseHTTPRequestHandler) -> None:
    """Say far too much."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not service.ended.is_set():
            handler.wfile.write(b" " * 65536)
            time.sleep(0)
    except OSError:
        return
