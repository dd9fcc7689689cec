"""`python -m benchmarks.intents FILE`: how long it takes to make languages ready, and to tell what an utterance is for.

FILE holds utterances as `naila intents eval` takes them. The peer of matching phrases is Python's `re`: the same
templates as regular expressions, tried one after the other. It does less: it reads no slots and knows no courtesies.
All figures are CPU time, in milliseconds.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseFiles
from ai_server.brain.intent.template import Named, Slot, Word, parse
from ai_server.brain.intent.template import Sequence as Parsed
from ai_server.brain.intent.words import Words
from ai_server.commands.intents import Utterance
from benchmarks.figures import Figure

_FOLDER = resources.config_dir() / "intents"
_NAMES = ("Naila",)
_LOAD_AIM_MS, _LEARN_AIM_MS = 50.0, 2000.0
_P50_AIM_MS, _P99_AIM_MS = 0.5, 2.0


def main() -> None:
    """Print the tables; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="utterances, lines of JSON")
    parser.add_argument("--language", default="en", help="of the utterances")
    options = parser.parse_args()
    lines = options.file.read_bytes().splitlines()
    texts = [msgspec.json.decode(line, type=Utterance).text for line in lines if line.strip()]
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        console.print(_readiness(Path(folder)))
        console.print(_understanding(Path(folder), texts, options.language))


def _readiness(cache: Path) -> Table:
    """Measure what is done without a cache, and then with the one that this filled."""
    table = Table("what is done", "without a cache", "with it", "ratio", "aim", title="CPU ms to make languages ready")
    compiled = _cpu_ms(partial(_load, cache))
    recalled = _cpu_ms(partial(_load, cache))
    classifier = _load(cache)
    names = classifier.languages
    table.add_row(*_cells(f"load {len(names)} languages", compiled, recalled, f"with it: at most {_LOAD_AIM_MS:g}"))
    for name in names:
        learnt = _cpu_ms(partial(classifier.warm, name))
        recalled = _cpu_ms(partial(_load(cache).warm, name))
        table.add_row(*_cells(f"warm {name}", learnt, recalled, f"without: at most {_LEARN_AIM_MS:g}"))
    return table


def _understanding(cache: Path, texts: Sequence[str], language: str) -> Table:
    classifier, now = _load(cache), datetime.now(UTC).astimezone()
    classifier.warm(language)
    classify = partial(classifier.classify, language=language, now=now)
    first, again = ([_cpu_ms(partial(classify, text)) for text in texts] for _ in range(2))
    book = PhraseFiles(_FOLDER).phrasebook(language)
    words, expressions = Words(book.spellings), list(_expressions(book))
    peer = [_cpu_ms(partial(_first_match, expressions, words, text)) for text in texts]
    title = f"CPU ms for each of {len(texts)} utterances"
    table = Table("of the utterances", "first time", "again", "re alone", "ratio to re", "aim", title=title)
    for percent, aim in ((50, _P50_AIM_MS), (99, _P99_AIM_MS), (100, None)):
        ours, warm, theirs = (Figure.of([samples], percent).value for samples in (first, again, peer))
        named = f"p{percent}" if aim else "slowest"
        shown = f"at most {aim:g}" if aim else ""
        table.add_row(named, f"{ours:.2f}", f"{warm:.2f}", f"{theirs:.2f}", f"x{ours / theirs:.2f}", shown)
    return table


def _load(cache: Path) -> IntentClassifier:
    return IntentClassifier.load(_FOLDER, names=_NAMES, cache=cache)


def _cells(what: str, without: float, kept: float, aim: str) -> tuple[str, ...]:
    return what, f"{without:.0f}", f"{kept:.1f}", f"x{kept / without:.3f}", aim


def _cpu_ms(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return (time.process_time() - began) * 1000


def _expressions(book: Phrasebook) -> Iterable[re.Pattern[str]]:
    words = Words(book.spellings)
    lists = {name: parse(template) for name, template in book.lists.items()}
    for group in book.groups:
        if not group.learnt_only:
            yield from (re.compile(_expression(parse(phrase), lists, words)) for phrase in group.phrases)


def _expression(parsed: Parsed, lists: Mapping[str, Parsed], words: Words) -> str:
    parts = []
    for item in parsed:
        if isinstance(item, Word):
            parts += [f" {re.escape(word)}" for word in words.of(item.text)]
        elif isinstance(item, Slot):
            parts.append(r"(?: \S+){1,10}?")
        elif isinstance(item, Named):
            parts.append(_expression(lists[item.name], lists, words))
        else:
            parts.append(f"(?:{'|'.join(_expression(option, lists, words) for option in item.options)})")
    return "".join(parts)


def _first_match(expressions: Sequence[re.Pattern[str]], words: Words, text: str) -> int | None:
    said = "".join(f" {word}" for word in words.of(text))
    return next((number for number, expression in enumerate(expressions) if expression.fullmatch(said)), None)


if __name__ == "__main__":
    main()
