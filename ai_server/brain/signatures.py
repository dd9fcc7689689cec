"""What can be done, as a prompt lists it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ai_server.protocol.device import Parameter


def signature(name: str, parameters: Mapping[str, Parameter]) -> str:
    """Return something that can be done such as `turn(side: left|right, degrees: 1..180)`."""
    return f"{name}({', '.join(f'{each}: {_values(parameter)}' for each, parameter in parameters.items())})"


def _values(parameter: Parameter) -> str:
    match parameter.type:
        case "boolean":
            return "true|false"
        case "string":
            return "|".join(parameter.enum) or "text"
        case "integer" | "number":
            low, high = (_decimal(bound, parameter.places) for bound in parameter.range)
            return f"{low}..{high}"


def _decimal(units: int, places: int) -> str:
    text = f"{Decimal(units).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if places else text
