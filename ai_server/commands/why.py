"""`naila why`: why a turn was answered as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from ai_server.commands.memory.glance import turn_to_explain
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn
from ai_server.settings import Settings


def tell(settings: Settings, request_id: str | None, device_id: str | None, *, as_json: bool) -> int:
    """Print why the newest turn of a request, or of a robot, was answered so; return 0, or 1 where there is none."""
    try:
        place = place_of(settings)
        turn = turn_to_explain(place, request_id, device_id)
    except DatabaseError as error:
        typer.echo(str(error), err=True)
        return 1
    if turn is None:
        typer.echo(_nothing(place, request_id, device_id), err=True)
        return 1
    if as_json:
        typer.echo(json.dumps(_document(turn), ensure_ascii=False))
    else:
        typer.echo("\n".join(explanation(turn)))
    return 0


def explanation(turn: Turn) -> list[str]:
    """Return what `naila why` shows of a turn, line by line."""
    said = f'"{turn.words}"' if turn.words else "Of its own accord"
    when = turn.at.astimezone().strftime("%d %B %Y, %H:%M:%S")
    title = f"{said}: {turn.reply.device_id}, request {turn.reply.request_id}, {when}"
    return [title, *(f"{name:<13}{value}" for name, value in _rows(turn))]


def _rows(turn: Turn) -> Iterator[tuple[str, str]]:
    trace, reply = turn.trace, turn.reply
    if trace:
        yield "intent", f"{reply.intent}, probability {trace['probability']:g}"
        yield "rule", trace["rule"] or "none matched"
        if trace["slots"]:
            yield "slots", ", ".join(f"{name} {value}" for name, value in trace["slots"].items())
        yield "answered by", f"{trace['route']}: {trace['reason']}"
        if "prompt_characters" in trace:
            yield "memory", ", ".join(_remembered(trace))
            yield "prompt", f"{trace['prompt_characters']} characters{_tokens(turn)}"
    else:
        yield "intent", reply.intent
        yield "answered by", f"{reply.source}: nobody noted why"
    if turn.facts:
        yield "facts", turn.facts
    yield "timings", ", ".join(_timings(turn))
    yield "reply", f"[{reply.emotion}] {reply.text} ({reply.source}, {reply.finish_reason})"
    for action in reply.actions:
        yield "action", f"{action.action} {json.dumps(action.arguments, ensure_ascii=False)}"


def _remembered(trace: Mapping[str, Any]) -> Iterator[str]:
    yield f"{trace['history_turns']} earlier turns"
    if known := trace.get("known_facts"):
        yield f"{len(known)} facts (ids {', '.join(map(str, known))})"
    if covers := trace.get("summary_of"):
        yield f"a summary of turns {covers[0]} to {covers[1]}"
    if recalled := trace.get("recalled"):
        yield f"{recalled} recalled"


def _tokens(turn: Turn) -> str:
    usage = turn.reply.usage
    return f", {usage.prompt_tokens} tokens, {usage.cached_tokens} of them cached" if usage.prompt_tokens else ""


def _timings(turn: Turn) -> Iterator[str]:
    trace, timings = turn.trace, turn.reply.timings
    yield f"waited {timings.queue_ms:.1f} ms"
    for key, what in (("understood_ms", "understood in"), ("prompted_ms", "remembered in")):
        if key in trace:
            yield f"{what} {trace[key]:.1f} ms"
    if timings.first_token_ms is not None:
        yield f"first word after {timings.first_token_ms:.1f} ms"
    yield f"whole after {timings.total_ms:.1f} ms"


def _document(turn: Turn) -> dict[str, object]:
    return {
        "at": turn.at.isoformat(),
        "words": turn.words,
        "facts": turn.facts,
        "trace": dict(turn.trace),
        "reply": turn.reply.model_dump(mode="json", exclude_none=True),
    }


def _nothing(place: Place, request_id: str | None, device_id: str | None) -> str:
    of = [f"request {request_id}"] if request_id else []
    of += [f"robot {device_id}"] if device_id else []
    what = f"no turn of {' and '.join(of)}" if of else "no turn"
    return f"{place} has {what}: NAILA_DATA_DIR and NAILA_DATABASE_URL say where the daemon keeps it"
