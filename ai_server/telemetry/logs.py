"""Logging: one line an event on stderr, for people or as JSON, whether it is ours or a library's."""

from __future__ import annotations

import logging
import logging.config
import os
import sys
from typing import Any, Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from ai_server.masking import Masking

PRIVATE = frozenset({"prompt", "text", "words"})
"""Fields that hold what people said or what the model was asked: they are written where the level is debug only."""

_UNMASKED = frozenset({"timestamp", "level", "logger", "device_id", "request_id"})
"""Fields that what people said is never in, and whose digits operators need."""

_OURS = ("ai_server", "__main__")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""The priorities of syslog, which the journal takes from the start of a line (sd-daemon(3))."""


def configure(
    level: Literal["debug", "info", "warning", "error"],
    log_format: Literal["console", "json"],
    stream: TextIO | None = None,
    masking: Masking | None = None,
) -> None:
    """Set up the logging of this process; called once, before anything is logged.

    Loggers are made by `structlog.get_logger(__name__)`. What is bound by `structlog.contextvars.bound_contextvars`
    (`device_id`, `request_id`) is on every line written within it, in the tasks it starts and in the libraries it
    calls. Libraries are heard from warnings on. Under systemd every line carries its priority, for `journalctl -p`,
    and console lines carry no time, since the journal shows it. `stream` takes the lines, stderr without one.
    `masking` masks every line, tracebacks too; without one it is that of the host's locale.
    """
    masking = masking or Masking.of_host(os.environ)
    stream = stream or sys.stderr
    in_journal = _is_journal(stream)
    chain = _chain(level, log_format, with_time=log_format == "json" or not in_journal)
    formatter = {
        "()": _JournalFormatter if in_journal else ProcessorFormatter,
        "foreign_pre_chain": chain,
        "processors": [
            ProcessorFormatter.remove_processors_meta,
            # Plain tracebacks: structured ones hold local variables, which are what people said.
            structlog.processors.format_exc_info,
            _Masked(masking),
            *_renderers(log_format, stream),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": stream, "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": "ERROR" if level == "error" else "WARNING"},
            "loggers": {name: {"level": level.upper()} for name in _OURS},
        }
    )
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*chain, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class _JournalFormatter(ProcessorFormatter):
    """Begins every line, those of a traceback too, with the record's priority."""

    def format(self, record: logging.LogRecord) -> str:
        priority = f"<{_PRIORITIES.get(record.levelno, 5)}>"
        return priority + super().format(record).replace("\n", f"\n{priority}")


def _chain(level: str, log_format: str, *, with_time: bool) -> list[Processor]:
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
    ]
    if level != "debug":
        chain.append(_withhold_private)
    if with_time and log_format == "json":
        chain.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
    elif with_time:
        chain.append(structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False))
    return chain


def _renderers(log_format: str, stream: TextIO) -> list[Processor]:
    if log_format == "json":
        return [_in_order, structlog.processors.JSONRenderer(ensure_ascii=False)]
    colors = stream.isatty() and "NO_COLOR" not in os.environ
    return [
        structlog.dev.ConsoleRenderer(
            colors=colors,
            # Strings are quoted, so that a control character in one does nothing to the terminal.
            repr_native_str=True,
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _withhold_private(_: Any, __: str, event: EventDict) -> EventDict:
    for name in PRIVATE.intersection(event):
        event[name] = f"({len(str(event[name]))} characters, shown at debug)"
    return event


class _Masked:
    """Masks what a line says."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking

    def __call__(self, _: Any, __: str, event: EventDict) -> EventDict:
        for name, value in event.items():
            if name not in _UNMASKED:
                event[name] = self._masking.mask_all(value)
        return event


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """Put first what every line has, so that a stream of lines can be read by eye too."""
    return {name: event.pop(name) for name in ("timestamp", "level", "event", "logger")} | dict(event)


def _is_journal(stream: TextIO) -> bool:
    """Say whether a stream is the journal's, as systemd.exec(5) has programs find out."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
