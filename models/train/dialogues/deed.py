"""Reads the deed files: what bodies can do, the names it goes by, and how people ask for it, written down by hand.

A block is one deed:

    = names|it|may|go_by                       the first is the usual one; people say it too
    do: turn my head                           what it is, as the robot says it of itself
    x: head                                    never two deeds of one kind in a body (as a rule what `do` says)
    @ direction|side: left=(left|to the left), right/r       a parameter: its names, then values/aliases=(ways to say it)
    @? speed: ~slow, normal, fast              one that only some bodies have; `~`: some of these values
    @ degrees|angle: 1..90/180/360 deg; 90=a quarter turn    a range: lows..highs, the unit, numbers with other names
    | text|words: text (hello|good {weekday})  another way to declare the parameter before; words said as they stand
    > turn your head {direction} {degrees}     an order; `[optional]` parts and parameters left out make it incomplete
    > face me || direction=left                one that means a value which is not said (also `max` and `min`)
    > turn by {degrees} || degrees:range       one for a parameter that is declared in this way
    >> eyes {direction}                        not an order in form: said as it is, without "could you"
    >~ look {direction}                        only where no other action of this file is in the body (also `>>~`)
    [happy] Looking {direction}!               what the robot says
    ? degrees: How far?                        what it asks back; without it: "Which direction: left or right?"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dialogues import words
from dialogues.template import Template

# Unit: ways to say it after a number (`_` glues), what the robot says, whether "a bit more" can repeat it, numbers with other names.
UNITS: dict[str, tuple[str, str, bool, dict[str, str]]] = {
    "": ("", "", False, {}),
    "cm": (
        "(cm|cm|_cm|centimetres|centimeters|cms|centimetre)",
        "centimetres",
        True,
        {"50": "half a (metre|meter)", "100": "(a|one) (metre|meter)", "200": "two (metres|meters)"},
    ),
    "m": ("(m|_m|metres|metres|meters)", "metres", True, {"0.5": "half a metre", "1.5": "one and a half metres"}),
    "mm": ("(mm|_mm|millimetres|millimeters)", "millimetres", True, {}),
    "km": ("(km|kilometres)", "kilometres", True, {}),
    "inches": ("(inches|inch)", "inches", True, {}),
    "feet": ("(feet|ft)", "feet", True, {}),
    "deg": ("(degrees|degrees|degrees|deg)", "degrees", True, {}),
    "percent": ("(percent|percent|_%|%|per cent)", "percent", False, {"50": "(half|halfway)", "100": "(full|maximum)"}),
    "s": ("(seconds|seconds|secs|sec|_s|s)", "seconds", True, {"60": "(a|one) minute", "30": "half a minute"}),
    "ms": ("(ms|_ms|milliseconds)", "milliseconds", True, {}),
    "min": ("(minutes|minutes|min|mins)", "minutes", True, {"30": "half an hour", "60": "(an|one) hour"}),
    "h": ("(hours|_h|h)", "hours", True, {}),
    "times": ("(times|times|times|x)", "times", True, {"1": "once", "2": "twice"}),
    "steps": ("(steps|steps|paces)", "steps", True, {}),
    "turns": ("(turns|rounds)", "turns", True, {}),
    "c": ("(degrees|degrees|degrees celsius|_c|c)", "degrees", False, {}),
    "hz": ("(hz|hertz|_hz)", "hertz", False, {}),
    "rpm": ("rpm", "rpm", False, {}),
    "g": ("(grams|grams|g|_g)", "grams", True, {}),
    "kg": ("(kilos|kg|_kg)", "kilos", True, {}),
    "ml": ("(ml|_ml|millilitres|milliliters)", "millilitres", True, {}),
    "l": ("(litres|litres|liters|l|_l)", "litres", True, {"0.5": "half a litre", "1": "(a|one) litre"}),
    "cups": ("cups", "cups", True, {}),
    "portions": ("(portions|servings)", "portions", True, {"1": "a portion"}),
    "pages": ("(pages|copies)", "pages", True, {}),
    "pieces": ("pieces", "pieces", True, {"1": "one piece"}),
    "balls": ("balls", "balls", True, {}),
    "people": ("people", "people", False, {}),
    "laps": ("(laps|rounds)", "laps", True, {}),
}


@dataclass(frozen=True, eq=False)
class Spec:
    """A parameter as it is written down: a choice of values, a range, a text or a number without bounds."""

    names: tuple[str, ...]
    kind: str
    values: tuple[tuple[tuple[str, ...], str], ...] = ()
    some: bool = False
    lows: tuple[str, ...] = ()
    highs: tuple[str, ...] = ()
    decimals: int = 0
    unit: str = ""
    special: dict[str, str] = field(default_factory=dict)
    text: str = ""
    relative: bool = False


@dataclass(frozen=True, eq=False)
class Ask:
    """One way to ask; `order` if it can follow "could you", `loose` if only this file's only action understands it."""

    template: Template
    order: bool = True
    loose: bool = False
    fixed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Deed:
    """What a body may be able to do."""

    names: tuple[str, ...]
    verb: str
    kind: str
    group: str
    slots: tuple[tuple[str, bool, tuple[Spec, ...]], ...]
    asks: tuple[Ask, ...]
    replies: tuple[tuple[str, str], ...] = ()
    questions: dict[str, str] = field(default_factory=dict)


@cache
def deeds() -> tuple[Deed, ...]:
    """All that are written down."""
    folder = Path(__file__).parent / "deeds"
    return tuple(deed for path in sorted(folder.glob("*.txt")) for deed in read_deeds(path.read_text(), path.stem))


def read_deeds(text: str, group: str) -> list[Deed]:
    """The deeds of a file; raises ValueError naming the line that has no meaning."""
    blocks = ["\n".join(line for line in block.split("\n") if not line.startswith("#")) for block in text.split("\n\n")]
    return [_deed(block.strip().split("\n"), group) for block in blocks if block.strip()]


def _deed(lines: list[str], group: str) -> Deed:
    names: tuple[str, ...] = ()
    verb = kind = ""
    slots: list[tuple[str, bool, list[Spec]]] = []
    asks: list[Ask] = []
    replies: list[tuple[str, str]] = []
    questions: dict[str, str] = {}
    for line in lines:
        mark, _, rest = line.partition(" ")
        if mark == "=":
            names = tuple(rest.split("|"))
        elif mark == "do:":
            verb = rest
        elif mark == "x:":
            kind = rest
        elif mark in ("@", "@?"):
            spec = _spec(rest)
            slots.append((spec.names[0], mark == "@?", [spec]))
        elif mark == "|":
            slots[-1][2].append(_spec(rest))
        elif mark.startswith(">"):
            asks.append(_ask(mark, rest))
        elif mark == "?":
            slot, _, question = rest.partition(": ")
            questions[slot] = question
        elif mark in ("[neutral]", "[happy]", "[sad]", "[angry]", "[surprised]"):
            replies.append((mark.strip("[]"), rest))
        else:
            raise ValueError(f"{group}: no such line in a deed: {line!r}")
    if not (names and verb and asks):
        raise ValueError(f"{group}: a deed needs names, what it does, and asks: {lines!r}")
    kept = tuple((slot, optional, tuple(specs)) for slot, optional, specs in slots)
    return Deed(names, verb, kind or verb, group, kept, tuple(asks), tuple(replies), questions)


def _ask(mark: str, rest: str) -> Ask:
    said, _, meant = rest.partition(" || ")
    fixed = tuple((pair.partition("=")[0].strip(), pair.partition("=")[2].strip()) for pair in meant.split(";") if pair)
    return Ask(Template(said), not mark.startswith(">>"), mark.endswith("~"), fixed)


def _spec(text: str) -> Spec:
    names, _, rest = text.partition(": ")
    if rest.startswith("text"):
        return Spec(tuple(names.split("|")), "text", text=rest[5:])
    kind = "number" if rest.startswith("number ") else "range"
    number = re.match(r"(?:number )?(-?[\d./-]+?)\.\.(-?[\d./]+)(?: (?!abs|d\d)([a-z]+))?( abs)?( d\d)?(?:; |$)", rest)
    if number is None:
        return _choice(tuple(names.split("|")), rest)
    lows, highs, unit, absolute, decimals = number.groups()
    _, _, relative, special = UNITS[unit or ""]
    special = special | dict(pair.split("=", 1) for pair in rest[number.end() :].split("; ") if pair)
    digits = max(len(bound.partition(".")[2]) for bound in [*lows.split("/"), *highs.split("/")])
    return Spec(
        tuple(names.split("|")),
        kind,
        lows=tuple(lows.split("/")),
        highs=tuple(highs.split("/")),
        decimals=int(decimals.strip(" d")) if decimals else digits,
        unit=unit or "",
        special=special,
        relative=relative and not absolute,
    )


def _choice(names: tuple[str, ...], text: str) -> Spec:
    values: list[tuple[tuple[str, ...], str]] = []
    for entry in text.lstrip("~").split(", "):
        listed = re.fullmatch(r"\{(\w+)\}", entry)
        if listed:
            values += [((value.replace(" ", "_"),), value) for value in words.words(listed[1])]
            continue
        written, _, said = entry.partition("=")
        aliases = tuple(written.strip().split("/"))
        values.append((aliases, said or aliases[0].replace("_", " ")))
    kind = "switch" if {aliases[0] for aliases, _ in values} == {"true", "false"} else "choice"
    return Spec(names, kind, tuple(values), text.startswith("~"))
