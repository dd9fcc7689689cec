"""Figures of several rounds with their spread, and the table that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, TypeAlias

from rich.table import Table

Comparison: TypeAlias = Literal["itself", "ratio", "difference"]


@dataclass(frozen=True)
class Figure:
    """One figure: of all rounds together, and the least and the most of any round alone."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]], percent: float = 50) -> Figure:
        """Take a percentile of the samples of several rounds."""
        alone = [_percentile(samples, percent) for samples in rounds]
        return cls(_percentile([sample for samples in rounds for sample in samples], percent), min(alone), max(alone))

    def __str__(self) -> str:
        return f"{_number(self.value)} ({_number(self.low)} to {_number(self.high)})"


@dataclass(frozen=True)
class Measure:
    """A figure of ours, what it is compared with, and what is aimed at.

    Attributes:
        what: is measured, with its unit.
        peer: the same of what the daemon is built on; None where our figure stands for itself.
        by: how the two are compared: ours divided by the peer's, or less it.
        aim: for the comparison; at most so much where `at_most`, else at least.
    """

    what: str
    ours: Figure
    aim: float
    peer: Figure | None = None
    by: Comparison = "itself"
    at_most: bool = True

    @property
    def compared(self) -> float:
        if self.peer is None:
            return self.ours.value
        return self.ours.value / self.peer.value if self.by == "ratio" else self.ours.value - self.peer.value

    @property
    def met(self) -> bool:
        return self.compared <= self.aim if self.at_most else self.compared >= self.aim

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        sign = {"itself": "", "ratio": "x", "difference": "+"}[self.by]
        compared = "" if self.peer is None else f"{sign}{_number(self.compared)}"
        aim = f"{'at most' if self.at_most else 'at least'} {sign}{self.aim:.3g}"
        return self.what, str(self.ours), str(self.peer or ""), compared, aim, "yes" if self.met else "no"


def table(title: str, measures: Sequence[Measure]) -> Table:
    """Return the measures as a table: medians, with the medians of the lowest and the highest round."""
    shown = Table("measure", "ours", "peer", "compared", "aim", "met", title=title)
    for measure in measures:
        shown.add_row(*measure.cells())
    return shown


def _percentile(samples: Sequence[float], percent: float) -> float:
    """By nearest rank."""
    return sorted(samples)[max(0, ceil(len(samples) * percent / 100) - 1)]


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
