"""`naila intents`: how well utterances are understood."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from ai_server.commands.measuring import fail, read_examples, time_ms
from ai_server.configfile import ConfigError
from ai_server.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from ai_server.brain.intent.classifier import IntentClassifier

app = typer.Typer(help="Measure how well utterances are understood.", no_args_is_help=True)

_CONVERSATION = "conversation"
_EXAMPLE = '{"text": "what time is it", "intent": "time_query"}'


class Utterance(msgspec.Struct):
    """A line of a file to measure with: what is said, and what it is for."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class Row:
    """How well one intent is told from others.

    Attributes:
        of: utterances that are for it.
        right: of these, those that were taken for it.
        taken: utterances that were taken for it, rightly or not.
        triggered: of these, those that are conversation.
    """

    intent: str
    of: int
    right: int
    taken: int
    triggered: int

    @property
    def recall(self) -> float | None:
        """The share of its utterances that were taken for it; None where there are none."""
        return self.right / self.of if self.of else None

    @property
    def precision(self) -> float | None:
        """The share of what was taken for it that is; None where nothing was."""
        return self.right / self.taken if self.taken else None


@dataclass(frozen=True, slots=True)
class Figures:
    """How well utterances are understood.

    Attributes:
        rows: by intent, the one with most utterances first.
        times_ms: how long each utterance took, sorted.
    """

    rows: Sequence[Row]
    times_ms: Sequence[float]

    @property
    def recognised(self) -> float | None:
        """The share of utterances for anything but conversation that were taken for the right intent."""
        skills = [row for row in self.rows if row.intent != _CONVERSATION]
        of = sum(row.of for row in skills)
        return sum(row.right for row in skills) / of if of else None

    @property
    def false_triggers(self) -> float | None:
        """The share of conversation that was taken for anything else."""
        return next((1 - row.right / row.of for row in self.rows if row.intent == _CONVERSATION and row.of), None)

    def time_ms(self, share: float) -> float:
        """Return how long an utterance took that was slower than this share of them."""
        return time_ms(self.times_ms, share)


@app.command("eval")
def evaluate(
    file: Annotated[Path, typer.Argument(help=f"Utterances: lines of JSON, {_EXAMPLE}.")],
    *,
    language: Annotated[str, typer.Option(help="The language of the utterances, as its primary BCP 47 tag.")] = "en",
    folder: Annotated[
        Path | None, typer.Option(help="The folder of phrases.", show_default="intents in NAILA_CONFIG_DIR")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure on a file: precision and recall of each intent, false triggers, and the time it takes."""
    try:
        utterances = read_examples(file, Utterance, _EXAMPLE)
        classifier = _load(folder)
    except (ConfigError, SettingsError, ValueError) as error:
        fail(str(error))
    if language not in classifier.languages:
        fail(f"there are no phrases of {language!r}; there are those of {', '.join(classifier.languages)}")
    classifier.warm(language)
    figures = measure(classifier, utterances, language)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(_as_json(figures))).decode())
    else:
        _print_table(figures, file.name)


def measure(classifier: IntentClassifier, utterances: Sequence[Utterance], language: str) -> Figures:
    """Return how well a classifier understands utterances of a language; at least one."""
    now = datetime.now(UTC).astimezone()
    pairs: Counter[tuple[str, str]] = Counter()
    times_ms = []
    for utterance in utterances:
        began = time.perf_counter()
        taken_for = classifier.classify(utterance.text, language=language, now=now).name
        times_ms.append(1000 * (time.perf_counter() - began))
        pairs[utterance.intent, taken_for] += 1
    names = {name for pair in pairs for name in pair}
    rows = [_row(name, pairs) for name in names]
    return Figures(sorted(rows, key=lambda row: (-row.of, row.intent)), sorted(times_ms))


def _row(intent: str, pairs: Counter[tuple[str, str]]) -> Row:
    return Row(
        intent=intent,
        of=sum(count for (meant, _), count in pairs.items() if meant == intent),
        right=pairs[intent, intent],
        taken=sum(count for (_, taken_for), count in pairs.items() if taken_for == intent),
        triggered=pairs[_CONVERSATION, intent] if intent != _CONVERSATION else 0,
    )


def _load(folder: Path | None) -> IntentClassifier:
    from ai_server.brain.intent.classifier import IntentClassifier

    if folder:
        return IntentClassifier.load(folder)
    settings = load_settings()
    return IntentClassifier.load(settings.config_dir / "intents", cache=settings.cache_dir)


def _as_json(figures: Figures) -> dict[str, Any]:
    return {
        "recognised": figures.recognised,
        "false_triggers": figures.false_triggers,
        "p50_ms": figures.time_ms(0.5),
        "p99_ms": figures.time_ms(0.99),
        "intents": [
            {
                "intent": row.intent,
                "of": row.of,
                "recall": row.recall,
                "precision": row.precision,
                "false_triggers": row.triggered,
            }
            for row in figures.rows
        ],
    }


def _print_table(figures: Figures, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("intent", title=title)
    for column in ("of", "recall", "precision", "false triggers"):
        table.add_column(column, justify="right")
    for row in figures.rows:
        table.add_row(row.intent, str(row.of), _share(row.recall), _share(row.precision), str(row.triggered or ""))
    console = Console()
    console.print(table)
    console.print(f"skill intents recognised: {_share(figures.recognised) or 'none here'}")
    console.print(f"conversation that triggers a skill: {_share(figures.false_triggers) or 'none here'}")
    console.print(f"time: p50 {figures.time_ms(0.5):.2f} ms, p99 {figures.time_ms(0.99):.2f} ms")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
