"""`naila facts`: how well facts are found in what people say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
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
    from ai_server.brain.facts.rules import FactRules

app = typer.Typer(help="Measure how well facts are found in what people say.", no_args_is_help=True)

SAID_AT = datetime(2026, 5, 4, 10, tzinfo=UTC)
"""A Monday: what days are counted from in the sentences of a file."""

_EXAMPLE = '{"text": "I like tea", "facts": [{"subject": "user", "kind": "likes", "value": "tea"}]}'


class Sentence(msgspec.Struct):
    """A line of a file to measure with: what is said, and the `subject`, `kind` and `value` of each fact in it."""

    text: str
    facts: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """How well facts of one kind are found.

    Attributes:
        of: such facts in the sentences.
        found: such facts that the rules found.
        right: of these, those that are there.
    """

    kind: str
    of: int
    found: int
    right: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How well facts are found.

    Attributes:
        rows: by kind, in the order of the alphabet.
        times_ms: how long each sentence took, sorted.
        faults: the sentences that were not understood as they should be.
    """

    rows: Sequence[Row]
    times_ms: Sequence[float]
    faults: Sequence[str]

    @property
    def precision(self) -> float | None:
        """The share of what was found that is there; None where nothing was found."""
        return _share(sum(row.right for row in self.rows), sum(row.found for row in self.rows))

    @property
    def recall(self) -> float | None:
        """The share of what is there that was found; None where nothing is."""
        return _share(sum(row.right for row in self.rows), sum(row.of for row in self.rows))

    def time_ms(self, share: float) -> float:
        """Return how long a sentence took that was slower than this share of them."""
        return time_ms(self.times_ms, share)


@app.command("eval")
def evaluate(
    file: Annotated[Path, typer.Argument(help=f"Sentences: lines of JSON, {_EXAMPLE}.")],
    *,
    language: Annotated[str, typer.Option(help="The language of the sentences, as its primary BCP 47 tag.")] = "en",
    folder: Annotated[
        Path | None, typer.Option(help="The folder of rules.", show_default="facts in NAILA_CONFIG_DIR")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure on a file: precision and recall of each kind, what was not understood, and the time it takes.

    The sentences count as said on Monday, 4 May 2026.
    """
    from ai_server.brain.facts.rules import FactRules

    try:
        sentences = read_sentences(file)
        rules = FactRules.load(folder or load_settings().config_dir / "facts")
    except (ConfigError, SettingsError, ValueError) as error:
        fail(str(error))
    figures = measure(rules, sentences, language, SAID_AT)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(_as_json(figures))).decode())
    else:
        _print_table(figures, file.name)


def read_sentences(file: Path) -> list[Sentence]:
    """Return the sentences of a file.

    Raises:
        ValueError: if it cannot be read, or a line of it is wrong; it names the line.
    """
    return read_examples(file, Sentence, _EXAMPLE)


def measure(rules: FactRules, sentences: Sequence[Sentence], language: str, now: datetime) -> Figures:
    """Return how well rules find the facts in sentences of a language, of which there is at least one."""
    of: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    times_ms, faults = [], []
    rules.extract(sentences[0].text, language, now)  # what is made on first use is made now
    for sentence in sentences:
        began = time.perf_counter()
        extracted = rules.extract(sentence.text, language, now)
        times_ms.append(1000 * (time.perf_counter() - began))
        there = {_key(fact) for fact in sentence.facts}
        taken = {(fact.subject, fact.kind, fact.value.casefold()) for fact in extracted}
        of.update(kind for _, kind, _ in there)
        found.update(kind for _, kind, _ in taken)
        right.update(kind for _, kind, _ in there & taken)
        faults += [sentence.text] if there != taken else []
    kinds = sorted({*of, *found})
    return Figures([Row(kind, of[kind], found[kind], right[kind]) for kind in kinds], sorted(times_ms), faults)


def _key(fact: Mapping[str, str]) -> tuple[str, str, str]:
    return fact["subject"], fact["kind"], fact["value"].casefold()


def _as_json(figures: Figures) -> dict[str, Any]:
    return {
        "precision": figures.precision,
        "recall": figures.recall,
        "p50_ms": figures.time_ms(0.5),
        "p99_ms": figures.time_ms(0.99),
        "kinds": [
            {
                "kind": row.kind,
                "of": row.of,
                "precision": _share(row.right, row.found),
                "recall": _share(row.right, row.of),
            }
            for row in figures.rows
        ],
        "faults": figures.faults,
    }


def _print_table(figures: Figures, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("kind", title=title)
    for column in ("of", "recall", "precision"):
        table.add_column(column, justify="right")
    for row in figures.rows:
        table.add_row(row.kind, str(row.of), _percent(row.right, row.of), _percent(row.right, row.found))
    console = Console()
    console.print(table)
    for fault in figures.faults:
        console.print(f"not as it should be: {fault}")
    right = sum(row.right for row in figures.rows)
    console.print(f"precision: {_percent(right, sum(row.found for row in figures.rows)) or 'nothing was found'}")
    console.print(f"recall: {_percent(right, sum(row.of for row in figures.rows)) or 'there is no fact in it'}")
    console.print(f"time: p50 {figures.time_ms(0.5):.2f} ms, p99 {figures.time_ms(0.99):.2f} ms")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
