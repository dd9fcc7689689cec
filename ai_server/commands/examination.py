"""`naila models eval`: how a model scores on the examination's fixed sets, through NAILA's own prompts and engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import typer

from ai_server import hardware, resources
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Prompt
from ai_server.commands.engine import Engine, EngineError
from ai_server.commands.examiner import WELL_FORMED, Examiner, Score
from ai_server.examination.sets import Sets, SetsError, read_sets
from ai_server.gguf import ModelFileError, ModelHeader, read_header
from ai_server.llm.manner import Manner, manner_of, wishes_of
from ai_server.plan import PlanError, plan
from ai_server.settings import Settings
from ai_server.telemetry import logs

_SEED = 1


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a model is examined.

    Attributes:
        sets: the folder of the sets.
        temperature: 0 takes the likeliest token.
        grammar: replies follow the grammar of the robot's body.
        distances: also ask after long conversations.
    """

    sets: Path
    temperature: float = 0.0
    grammar: bool = True
    distances: bool = False


def default_sets() -> Path:
    """Return where the sets are in a source tree."""
    return resources.models_dir() / "train" / "eval"


def run_examination(model: Path, settings: Settings, conditions: Conditions, *, wrong: bool, as_json: bool) -> int:
    """Examine, print a table or JSON, and return 0, or 1 where the model cannot be examined.

    Args:
        model: a GGUF file.
        settings: the daemon's: how the model is loaded.
        conditions: how it is examined.
        wrong: show the replies that are wrong below the table.
        as_json: instead of the table; holds all replies.
    """
    logs.configure("error", "console")
    try:
        scores = asyncio.run(_examine(model, settings, conditions))
    except (EngineError, ModelFileError, PlanError, SetsError) as error:
        typer.echo(str(error), err=True)
        return 1
    if as_json:
        typer.echo(_json(model, conditions, scores))
        return 0
    _print_table(model, conditions, scores)
    if wrong:
        _print_wrong(scores)
    return 0


async def _examine(model: Path, settings: Settings, conditions: Conditions) -> list[Score]:
    sets = await asyncio.to_thread(read_sets, conditions.sets)
    header = await asyncio.to_thread(read_header, model)
    engine = await Engine.start()
    try:
        await engine.load(header.path, plan(hardware.detect(engine.devices), header, wishes_of(settings)))
        return await _scores(_examiner(engine, settings, header, conditions, sets), conditions, sets)
    finally:
        await engine.end()


async def _scores(examiner: Examiner, conditions: Conditions, sets: Sets) -> list[Score]:
    scores = []
    _say(f"Asking {len(sets.cases)} questions ...")
    async for score in examiner.examine(sets):
        _say(f"{score.measure}: {score.count} of {len(score.results)}")
        scores.append(score)
    if conditions.distances:
        _say("Asking after long conversations ...")
        scores += [score async for score in examiner.distances(sets.recall)]
    return scores


def _examiner(engine: Engine, settings: Settings, header: ModelHeader, conditions: Conditions, sets: Sets) -> Examiner:
    manner = _manner(settings, header, conditions)
    config = resources.config_dir()
    return Examiner(
        engine,
        manner=manner,
        persona=Persona.load(config / "personas", "naila"),
        prompt=Prompt.load(config / "prompts" / f"{manner.prompt}.txt"),
        bodies=sets.bodies,
        max_actions=settings.naila_max_actions_per_reply,
    )


def _manner(settings: Settings, header: ModelHeader, conditions: Conditions) -> Manner:
    manner = manner_of(settings, header)
    sampling = msgspec.structs.replace(manner.sampling, temperature=conditions.temperature, seed=_SEED)
    return replace(manner, sampling=sampling, grammar=conditions.grammar)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _json(model: Path, conditions: Conditions, scores: Sequence[Score]) -> str:
    figures = {
        "model": str(model),
        "sets": str(conditions.sets),
        "temperature": conditions.temperature,
        "grammar": conditions.grammar,
        "measures": [
            {
                "measure": score.measure,
                "count": score.count,
                "of": len(score.results),
                "share": score.share,
                "aim": score.aim,
                "met": score.met,
            }
            for score in scores
        ],
        "replies": [
            {
                "measure": score.measure,
                "id": result.question.id,
                "words": result.question.words,
                "reply": result.heard.raw,
                "fault": result.fault,
            }
            for score in scores
            if score.measure != WELL_FORMED
            for result in score.results
        ],
    }
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def _print_table(model: Path, conditions: Conditions, scores: Sequence[Score]) -> None:
    from rich.console import Console
    from rich.table import Table

    following = "under the grammar" if conditions.grammar else "without a grammar"
    table = Table("measure", title=f"{model.name}, {following}, temperature {conditions.temperature:g}")
    for column in ("count", "of", "share", "aim"):
        table.add_column(column, justify="right")
    for score in scores:
        style = {True: "green", False: "red", None: None}[score.met]
        table.add_row(
            score.measure, str(score.count), str(len(score.results)), f"{score.share:.0%}", _aim(score), style=style
        )
    Console().print(table)


def _aim(score: Score) -> str:
    if score.aim is None:
        return ""
    return f"{score.aim:.0%}" if score.faults_counted else f"at least {score.aim:.0%}"


def _print_wrong(scores: Sequence[Score]) -> None:
    for score in scores:
        wrong = [result for result in score.results if result.fault is not None]
        if wrong:
            typer.echo(f"\n{score.measure}:")
        for result in wrong:
            typer.echo(f"  {result.question.id} {result.question.words!r} -> {result.heard.raw!r}: {result.fault}")
