"""The grammar of a reply, in llama.cpp's notation (its grammars/README.md): what a body can do is all that can be said.

Every reply that it admits begins with an emotion and has words; no value can lie outside of what was declared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ai_server.brain.tools import Tool
from ai_server.protocol.device import ActionDeclaration, Parameter
from ai_server.protocol.terms import EMOTIONS

# What may come is named, since llama.cpp takes [^...] to rule out all characters that begin with the same bytes.
_HEARD = r"\x20-\x5A\x5C\x5E-\x7A\x7C\x7E\u00A0-\u2027\u202A-\uD7FF\uE000-\U0010FFFF"
_SEEN = (
    r"\x21-\x5A\x5C\x5E-\x7A\x7C\x7E\u00A1-\u167F\u1681-\u1FFF\u2010-\u2027\u202A-\u202E\u2030-\u205E\u2065-\u2FFF"
    r"\u3001-\uD7FF\uE000-\uFEFE\uFF00-\U0010FFFF"
)
_IN_QUOTES = r"\x20-\x21\x23-\x5B\x5D-\x7E\u00A0-\u2027\u202A-\uD7FF\uE000-\U0010FFFF"

_WORDS = rf"""words ::= seen heard* (nl seen heard*)*
nl ::= "\n" "\n"?
seen ::= [{_SEEN}]
heard ::= [{_HEARD}]
"""
_TEXT = rf"""char ::= [{_IN_QUOTES}] | "\\" ["\\n]
"""


def reply_grammar(actions: Sequence[ActionDeclaration], max_actions: int, tools: Sequence[Tool] = ()) -> str:
    r"""Return the grammar of one reply in GBNF, from its rule `root`.

    A reply is `[emotion] `, words, and then at most `max_actions` lines of JSON, each one of `actions` in the form of
    `json.dumps({"action": name, **arguments}, ensure_ascii=False)` with the parameters in their declared order; nothing
    follows the last; calls of `tools` may stand in their place. A blank line may stand before a line. Words hold no
    brackets, braces or control characters, and each of their lines begins with a character that can be seen, so that
    `{` at the start of a line is an action.

    Integers have no sign but a minus, no leading zeros and no `-0`; numbers at most three decimal places besides, which
    may be zeros. Of control characters a text has only `\n`, so that none is cut short in firmware.
    """
    emotions = " | ".join(map(_literal, EMOTIONS))
    root = f'root ::= "[" ({emotions}) "] " words'
    if not (actions or tools) or max_actions == 0:
        return f"{root}\n{_WORDS}"
    texts = _TEXT if any(each.max_length for each in _parameters(actions, tools)) else ""
    alternatives = " |\n  ".join([*map(_action, actions), *map(_call, tools)])
    return f"{root} (nl action){{0,{max_actions}}}\n{_WORDS}{texts}action ::= (\n  {alternatives}\n)\n"


def _parameters(actions: Sequence[ActionDeclaration], tools: Sequence[Tool]) -> list[Parameter]:
    sets = [*(action.parameters.properties for action in actions), *(tool.parameters for tool in tools)]
    return [parameter for parameters in sets for parameter in parameters.values()]


def _action(action: ActionDeclaration) -> str:
    """Return what stands for one action; the text between two values is one literal."""
    parts, before = [], f'{{"action": "{action.name}"'
    for name, parameter in action.parameters.properties.items():
        quote = '"' if parameter.type == "string" else ""
        parts += [_literal(f'{before}, "{name}": {quote}'), _value(parameter)]
        before = quote
    return " ".join([*parts, _literal(f"{before}}}")])


def _call(tool: Tool) -> str:
    """Return what stands for a call of a skill."""
    parts = [_literal(f'{{"action": "{tool.name}"')]
    for name, parameter in tool.parameters.items():
        quote = '"' if parameter.type == "string" else ""
        part = [_literal(f', "{name}": {quote}'), _value(parameter), *([_literal(quote)] if quote else [])]
        parts.append(f"({' '.join(part)})?" if name in tool.optional else " ".join(part))
    return " ".join([*parts, _literal("}")])


def _value(parameter: Parameter) -> str:
    match parameter.type:
        case "boolean":
            return '("true" | "false")'
        case "string" if parameter.enum:
            return _any(_literal(json.dumps(value, ensure_ascii=False)[1:-1]) for value in parameter.enum)
        case "string":
            return f"char{{0,{parameter.max_length}}}"
        case "integer" | "number":
            return _between(*parameter.range, parameter.places)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _any(alternatives: Iterable[str]) -> str:
    several = list(alternatives)
    return several[0] if len(several) == 1 else f"({' | '.join(several)})"


def _between(low: int, high: int, places: int) -> str:
    """Return what stands for the numbers from `low` to `high`, both in units of the last of so many decimal places."""
    alternatives = []
    if low < 0:
        alternatives.append(f'"-" {_any(_magnitudes(max(1, -high), -low, places))}')
    if high >= 0:
        alternatives += _magnitudes(max(0, low), high, places)
    return _any(alternatives)


def _magnitudes(low: int, high: int, places: int) -> list[str]:
    if places == 0:
        return _wholes(low, high)
    unit = 10**places
    (first, low_rest), (last, high_rest) = divmod(low, unit), divmod(high, unit)
    if first == last:
        return [f'"{first}" {_fraction(low_rest, high_rest, places)}']
    alternatives = []
    if low_rest > 0:
        alternatives.append(f'"{first}" {_fraction(low_rest, unit - 1, places)}')
        first += 1
    if high_rest < unit - 1:
        alternatives.append(f'"{last}" {_fraction(0, high_rest, places)}')
        last -= 1
    if first <= last:
        alternatives.append(f"{_any(_wholes(first, last))} {_fraction(0, unit - 1, places)}")
    return alternatives


def _fraction(low: int, high: int, places: int) -> str:
    point = f'"." {_digits(f"{low:0{places}}", f"{high:0{places}}", may_stop=True)}'
    return point if low else f"({point})?"


def _wholes(low: int, high: int) -> list[str]:
    """Return what stands for the whole numbers from `low` to `high`, neither below 0, by how many digits they have."""
    fewest, most = len(str(low)), len(str(high))
    if fewest == most:
        return [_digits(str(low), str(high))]
    alternatives = [_digits(str(low), "9" * fewest), _digits("1" + "0" * (most - 1), str(high))]
    if most - fewest > 1:
        alternatives.append(f"[1-9] {_any_digits(fewest, most - 2)}")
    return alternatives


def _digits(low: str, high: str, *, may_stop: bool = False) -> str:
    """Return what stands for the digits from `low` to `high`, as many; with `may_stop`, zeros at their end can go."""
    if low[0] == high[0]:
        return f'"{low[0]}" {_rest(low[1:], high[1:], may_stop=may_stop)}'.rstrip()
    first, last = int(low[0]), int(high[0])
    zeros, nines = "0" * (len(low) - 1), "9" * (len(low) - 1)
    alternatives = []
    if low[1:] != zeros:
        alternatives.append(f'"{first}" {_rest(low[1:], nines, may_stop=may_stop)}')
        first += 1
    if high[1:] != nines:
        alternatives.append(f'"{last}" {_rest(zeros, high[1:], may_stop=may_stop)}')
        last -= 1
    if first <= last:
        digit = _literal(str(first)) if first == last else f"[{first}-{last}]"
        alternatives.append(f"{digit} {_rest(zeros, nines, may_stop=may_stop)}".rstrip())
    return _any(alternatives)


def _rest(low: str, high: str, *, may_stop: bool) -> str:
    """Return what stands for the digits after the first; none at all are zeros where they can go."""
    count = len(low)
    if (low, high) == ("0" * count, "9" * count):
        return _any_digits(0 if may_stop else count, count) if count else ""
    digits = _digits(low, high, may_stop=may_stop)
    return f"({digits})?" if may_stop and not low.strip("0") else digits


def _any_digits(fewest: int, most: int) -> str:
    return f"[0-9]{{{most}}}" if fewest == most else f"[0-9]{{{fewest},{most}}}"
