"""What a robot's body can do: its declared actions, with usual names and strange ones, and how people ask for them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from dialogues import gadgets, words
from dialogues.deed import UNITS, Ask, Deed, Spec, deeds
from dialogues.gadgets import OTHER_WORDS
from dialogues.template import Template


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: a choice (each value with ways to say it), a switch, a range, a text or any number."""

    slot: str
    name: str
    spec: Spec
    values: dict[str, str]
    meant: dict[str, str]
    low: float = 0
    high: float = 0

    @property
    def kind(self) -> str:
        """What it takes: choice, switch, range, number or text."""
        return self.spec.kind

    def declaration(self) -> str:
        """As the list of actions in the prompt writes it."""
        if self.kind == "choice":
            return f"{self.name}: {'|'.join(self.values)}"
        if self.kind == "range":
            return f"{self.name}: {self.low:g}..{self.high:g}"
        return f"{self.name}: " + {"text": "text", "switch": "true|false", "number": "number"}[self.kind]

    def label(self) -> str:
        """Its name as it is spoken."""
        return spoken_name(self.name)

    def question(self) -> str:
        """What to ask where it is missing."""
        label = self.label()
        small = len(label) < 3 or label in ("what", "who", "where", "which", "how", "when", "with", "into")
        if self.kind == "choice":
            label = "one" if small and len(label) > 1 else label
            return f"Which {label}: {listed([spoken_name(value) for value in self.values], 'or')}?"
        if self.kind == "switch":
            return f"{self.told('true').capitalize()} or {self.told('false')}?"
        if self.kind == "text":
            return "Which one?" if small else f"Which {label}?"
        unit = UNITS[self.spec.unit][1]
        what = f"How many {unit}" if unit else f"Which {'number' if small and len(label) > 1 else label}"
        return f"{what}?" if self.kind == "number" else f"{what}, from {self.low:g} to {self.high:g}?"

    def told(self, value: str) -> str:
        """A choice as the robot says it."""
        if self.kind == "switch":
            return self.values[value].strip("(").split("|")[0].split(")")[0]
        return spoken_name(value)

    def number(self, value: float) -> str:
        """A number with its unit, as the robot says it."""
        unit = UNITS[self.spec.unit][1]
        if value in (1, -1):
            unit = {"degrees": "degree", "hertz": "hertz", "percent": "percent", "rpm": "rpm", "people": "person"}.get(
                unit, unit.removesuffix("s")
            )
        return f"{value:g} {unit}".strip()


@dataclass(frozen=True)
class Action:
    """A declared action; a strange one is asked for by its name alone."""

    name: str
    verb: str
    deed: Deed
    parameters: tuple[Parameter, ...]
    strange: bool = False

    def declaration(self) -> str:
        """As the list of actions in the prompt writes it."""
        return f"{self.name}({', '.join(parameter.declaration() for parameter in self.parameters)})"

    def asks(self, alone: bool) -> tuple[Ask, ...]:
        """How people ask for it; `alone` where no other action of the body is of its group."""
        return self.deed.asks if alone else _firm(self.deed)


@cache
def _firm(deed: Deed) -> tuple[Ask, ...]:
    return tuple(ask for ask in deed.asks if not ask.loose) or deed.asks


@dataclass(frozen=True)
class Body:
    """The actions that a robot declares, none for one that only talks; and some like them that it lacks."""

    actions: tuple[Action, ...]
    lacking: tuple[Action, ...] = ()

    def lines(self) -> str:
        """The part of the prompt that lists them."""
        if not self.actions:
            return "Actions: none"
        return "\n".join(["Actions:", *(action.declaration() for action in self.actions)])

    def alone(self, action: Action) -> bool:
        """Whether no other action is of the same group, or has words of a gadget's name."""
        if action.deed.group.startswith("gadget "):
            own = set(pieces(action))
            return not any(own & set(pieces(other)) for other in self.actions if other.name != action.name)
        return sum(own.deed.group == action.deed.group for own in self.actions if own.name != action.name) == 0

    def has(self, kind: str) -> bool:
        """Whether an action is of this kind, or one half of it."""
        return any(_whole(action.deed.kind) == _whole(kind) for action in self.actions)


def listed(names: list[str], last: str = "and") -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def spoken_name(name: str) -> str:
    """`openGripper` or `open_gripper` as people say it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("_", " ").strip()


def make(deed: Deed, rng: random.Random, plain: bool) -> Action:
    """An action as a body may declare it; a `plain` one has the usual names and values."""
    parameters = []
    for slot, optional, specs in deed.slots:
        if optional and rng.random() < (0.75 if plain else 0.55):
            continue
        spec = specs[0] if plain or len(specs) == 1 else rng.choice([specs[0], *specs])
        made = _parameter(slot, spec, rng, plain)
        if not plain and rng.random() < 0.06:
            letter = rng.choice("bcdefgkmnpqtvwxyz")
            made = replace(
                made, name=rng.choice([words.made_up(rng, 2), letter, f"p{len(parameters) + 1}", "value", "arg"])
            )
        parameters.append(made)
    if not plain and len(parameters) > 1 and rng.random() < 0.3:
        rng.shuffle(parameters)
    kept = _apart(parameters)
    if plain:
        return Action(deed.names[0], deed.verb, deed, kept)
    name = rng.choice(deed.names)
    if rng.random() < 0.13:
        return _estranged(Action(name, deed.verb, deed, kept, True), rng)
    return Action(_written(name, rng), deed.verb, deed, kept)


def _apart(parameters: list[Parameter]) -> tuple[Parameter, ...]:
    """Parameters with different names."""
    return tuple({parameter.name: parameter for parameter in parameters}.values())


def _written(name: str, rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.05 and "_" in name:
        first, *rest = name.split("_")
        return first + "".join(piece.capitalize() for piece in rest)
    if draw < 0.09:
        return rng.choice(["do_", "robot_", "my_", "cmd_", "start_", "act_"]) + name
    if draw < 0.11:
        return name + rng.choice(["_1", "_2", "_now", "_action", "_cmd", "_a", "_b"])
    return name


def strange_name(rng: random.Random) -> str:
    """A name that says nothing."""
    made = words.made_up(rng, rng.choice([1, 2, 2, 3]))
    number = rng.randint(1, 12)
    names = (
        made,
        made,
        made,
        made,
        f"do_{number}",
        f"{made}_{number}",
        f"{made}_{words.made_up(rng, 1)}",
        f"cmd{number}",
    )
    more = (
        f"m{number}",
        f"action_{number}",
        f"x{number}",
        f"{made}_{words.word('deed_part', rng)}",
        f"program_{number}",
    )
    mixed = (
        f"{words.word('deed_verb', rng)}_{made}",
        f"set_{made}",
        f"{words.word('animal', rng)}_mode",
        f"trick_{number}",
    )
    return rng.choice([*names, *more, *mixed])


def _estranged(action: Action, rng: random.Random) -> Action:
    """The same parameters, or others that say as little, under a name that says nothing."""
    draw = rng.random()
    parameters = list(action.parameters)
    if draw < 0.45:
        parameters = [_strange_parameter(rng, index) for index in range(rng.choice([0, 0, 1, 1, 1, 2, 2, 3]))]
    name = strange_name(rng)
    deed = replace(action.deed, kind=name, group=name, replies=(), questions={})
    said = name.replace("_", " ")
    return Action(name, said if said.startswith("do ") else f"do {said}", deed, _apart(parameters), True)


def _strange_parameter(rng: random.Random, index: int) -> Parameter:
    made = words.made_up(rng, rng.choice([1, 2]))
    letter = rng.choice("bcdefgkmnpqtvwxyz")
    name = rng.choice([made, made, f"p{index + 1}", letter, "value", "level", "mode", "n", "amount", "kind", "arg"])
    draw = rng.random()
    if draw < 0.45:
        return _parameter(name, _any_range(name, rng), rng, False)
    if draw < 0.92:
        return _parameter(name, Spec((name,), "choice", _strange_values(rng)), rng, False)
    return _parameter(name, Spec((name,), "text", text="({word}|{thing}|{word} {word2}|{person})"), rng, False)


def _strange_values(rng: random.Random) -> tuple[tuple[tuple[str, ...], str], ...]:
    count = rng.choice([2, 2, 3, 3, 4, 5])
    letter = rng.choice("abcdfgkmnpqrtvxz")
    kinds = (
        [words.made_up(rng, rng.choice([1, 2])) for _ in range(count)],
        [f"{letter}{number + 1}" for number in range(count)],
        rng.sample("abcdefgh", count),
        rng.sample(words.words("animal"), count),
        rng.sample(words.words("deed_part"), count),
        rng.sample(words.words("color"), count),
    )
    return tuple(((value,), value) for value in dict.fromkeys(rng.choice([kinds[0], kinds[0], *kinds])))


def _any_range(name: str, rng: random.Random) -> Spec:
    low = rng.choice(["0", "0", "1", "1", "1", "2", "5", "-10", "-5", "-100"])
    if rng.random() < 0.12:
        return Spec((name,), "range", lows=("0", "0.1"), highs=("1", "2.5", "9.9"), decimals=1)
    return Spec(
        (name,), "range", lows=(low,), highs=("5", "9", "10", "20", "40", "64", "99", "100", "255", "500", "1000")
    )


def _parameter(slot: str, spec: Spec, rng: random.Random, plain: bool) -> Parameter:
    name = spec.names[0] if plain else rng.choice([spec.names[0], *spec.names])
    if spec.kind in ("choice", "switch"):
        return _chosen(slot, name, spec, rng, plain)
    if spec.kind != "range":
        return Parameter(slot, name, spec, {}, {})
    low = float(rng.choice(spec.lows) if not plain else spec.lows[0])
    high = float(rng.choice(spec.highs))
    if low < 0 and abs(low) != high and rng.random() < 0.8:
        low = -high
    if not plain and rng.random() < 0.35:
        high = round(max(high, 1) * rng.uniform(0.4, 2.2), spec.decimals)
        low = -high if low < 0 and rng.random() < 0.7 else low
    return Parameter(slot, name, spec, {}, {}, low, high if high > low + 1 or spec.decimals else low + 5)


def _chosen(slot: str, name: str, spec: Spec, rng: random.Random, plain: bool) -> Parameter:
    entries = list(spec.values)
    if spec.some and len(entries) > 2:
        entries = rng.sample(entries, rng.randint(2, min(len(entries), 6)))
    if spec.kind == "choice" and not plain and rng.random() < 0.06:
        entries = [((words.made_up(rng, 2),), "") for _ in entries[:5]]
    if not plain and rng.random() < 0.3 and spec.kind == "choice":
        rng.shuffle(entries)
    style = rng.random()
    values, meant = {}, {}
    for aliases, said in entries:
        value = aliases[0] if plain or style < 0.6 else aliases[int(style * 1000) % len(aliases)]
        values[value] = said or value
        meant[aliases[0]] = value
    return Parameter(slot, name, spec, values, meant)


def _about(rng: random.Random) -> Deed:
    """A deed put together from a verb and a part, with parameters of any sort."""
    return _verb_and_part(_some_verb(rng), _some_part(rng), rng)


def _some_verb(rng: random.Random) -> str:
    return words.word("deed_verb", rng) if rng.random() < 0.9 else words.made_up(rng)


def _some_part(rng: random.Random) -> str:
    return words.word("deed_part", rng) if rng.random() < 0.9 else words.made_up(rng, 2)


def _verb_and_part(verb: str, part: str, rng: random.Random, *, others: bool = True) -> Deed:
    """A deed of that name; people also use `others` words for the verb."""
    name = f"{verb}_{part}" if rng.random() < 0.75 else f"{part}_{verb}"
    made = rng.sample([_some_number, _some_choice], 2)[: rng.choice([0, 1, 1, 1, 2])]
    slots, hows = [], []
    for invent in made:
        spec, how = invent(rng)
        if any(spec.names[0] == slot for slot, _, _ in slots):
            continue
        slots.append((spec.names[0], False, (spec,)))
        hows.append(f"[{how}]" if rng.random() < 0.2 else how)
    said = [verb, *(OTHER_WORDS.get(verb, ()) if others else ())]
    orders = set()
    for word in said:
        say = f"{word} (the|your|that|my|the|your) {part}"
        orders |= {
            f"{say} {' '.join(hows)}",
            f"{say} {' '.join(reversed(hows))}",
            *(f"{say} {how}" for how in hows),
            say,
        }
    told = " ".join(re.sub(r"[\[\]]", "", how) for how in hows)
    replies = (
        ("neutral", f"(OK|Sure|Right), I {verb} the {part} {told}."),
        ("neutral", f"I {verb} the {part} {told}."),
    )
    asks = tuple(Ask(Template(order)) for order in sorted(orders))
    return Deed((name, name, f"{part}_{verb}"), f"{verb} the {part}", name, name, tuple(slots), asks, replies)


def _kindred(rng: random.Random) -> list[Deed]:
    """Deeds that look alike: one part with several verbs or settings, or one verb or setting of several parts."""
    count, draw = rng.randint(3, 6), rng.random()
    if draw < 0.35:
        part = _some_part(rng)
        return [_verb_and_part(verb, part, rng, others=False) for verb in _apart_verbs(rng, count)]
    parts = [_some_part(rng) for _ in range(count)]
    if draw < 0.65:
        verb = _some_verb(rng)
        return [_verb_and_part(verb, part, rng) for part in parts]
    if draw < 0.85:
        return [_setting(rng, parts[0]) for _ in range(count)] + [_verb_and_part(_some_verb(rng), parts[0], rng)]
    return [rng.choice([_setting, _switching])(rng, part) for part in parts]


def _apart_verbs(rng: random.Random, count: int) -> list[str]:
    """Verbs none of which is another word for another one."""
    verbs: list[str] = []
    while len(verbs) < count:
        verb = _some_verb(rng)
        meant = {verb, *OTHER_WORDS.get(verb, ())}
        if not any(meant & {own, *OTHER_WORDS.get(own, ())} for own in verbs):
            verbs.append(verb)
    return verbs


def _setting(rng: random.Random, part: str = "") -> Deed:
    """Something of a part that can be set: the speed of the fan, the colour of the hat."""
    part = part or _some_part(rng)
    quality, spec = _quality(rng)
    value, what = f"{{{spec.names[0]}}}", f"{part} {quality.replace('_', ' ')}"
    names = (
        f"set_{part}_{quality}",
        f"{part}_{quality}",
        f"{part}_{quality}",
        f"{quality}_{part}",
        f"change_{part}_{quality}",
    )
    asks = (
        Ask(Template(f"(set|change|put|turn|bring|adjust) the {what} to {value}")),
        Ask(Template(f"(set|change|put|turn) the {quality} of (the|your|my) {part} to {value}")),
        Ask(Template(f"(make|give) (the|your) {part} {quality} {value}")),
        Ask(Template(f"turn (up|down) the {what} to {value}")),
        Ask(Template(f"(set|change|adjust) (the|your) {what}")),
        Ask(Template(f"{what} {value}"), order=False),
        Ask(Template(f"(i want|i'd like|we need) {what} {value}"), order=False),
        Ask(Template(f"(the|your) {what} should be {value}"), order=False),
    )
    replies = (("neutral", f"The {what} is {value} now."), ("neutral", f"OK, {what} {value}."))
    return Deed(names, f"set the {what}", names[1], names[1], ((spec.names[0], False, (spec,)),), asks, replies)


def _quality(rng: random.Random) -> tuple[str, Spec]:
    levels = rng.sample(
        ["low", "medium", "high", "off", "max", "normal", "slow", "fast", "soft", "hard"], rng.randint(2, 4)
    )
    quality = rng.choice(
        [
            "speed",
            "angle",
            "level",
            "height",
            "power",
            "position",
            "brightness",
            "temperature",
            "rate",
            "timer",
            "size",
            "strength",
        ]
    )
    name = rng.choice([quality, "value", "level", "to", "amount"])
    draw = rng.random()
    if draw < 0.12:
        colors = rng.sample(words.words("color"), rng.randint(2, 5))
        return "color", Spec((rng.choice(["color", "value"]),), "choice", tuple(((color,), color) for color in colors))
    if draw < 0.35:
        return quality, Spec((name,), "choice", tuple(((level,), level) for level in levels))
    unit = {"angle": "deg", "height": "cm", "timer": "s", "temperature": "c", "brightness": "percent"}.get(quality, "")
    highs = ("5", "9", "10", "20", "30", "45", "60", "99", "100", "120", "180", "250", "255", "500", "1000")
    return quality, Spec((name,), "range", lows=(rng.choice("0011125"),), highs=highs, unit=unit)


def _switching(rng: random.Random, part: str = "") -> Deed:
    """Something that is on or off, or open or closed."""
    part = part or _some_part(rng)
    first, second = rng.choice([("on", "off"), ("on", "off"), ("up", "down"), ("in", "out"), ("open", "closed")])
    turn = "(turn|switch)" if first == "on" else "(put|move|bring)"
    slot = rng.choice(
        ["on", "state", "enabled", "active"] if first == "on" else ["state", "position", "to", "direction"]
    )
    switch = first == "on" and rng.random() < 0.6
    values = ((("true" if switch else first,), first), (("false" if switch else second,), second))
    spec = Spec((slot,), "switch" if switch else "choice", values)
    names = (part, part, f"set_{part}", f"switch_{part}" if first == "on" else f"move_{part}", f"{part}_power")[
        : 5 if first == "on" else 4
    ]
    value = f"{{{slot}}}"
    asks = (
        Ask(Template(f"{turn} (the|your|my) {part} {value}")),
        Ask(Template(f"{turn} {value} (the|your|my) {part}")),
        Ask(Template(f"{turn} (the|your|my) {part} {value}")),
        Ask(Template(f"(use|work|change) (the|your) {part}")),
        Ask(Template(f"{part} {value}"), order=False),
        Ask(Template(f"(i want|i need) (the|your) {part} {value}"), order=False),
        *_moves(part, slot, first, second),
    )
    verb = f"{'switch' if first == 'on' else 'move'} the {part}"
    replies = (("neutral", f"The {part} is {value}."), ("neutral", f"OK, {part} {value}."))
    return Deed(names, verb, part, part, ((slot, False, (spec,)),), asks, replies)


def _moves(part: str, slot: str, first: str, second: str) -> list[Ask]:
    """Asks with a verb that says the value: `lift the flag`."""
    ways = {"on": "(start|activate|fire up)", "off": "(stop|deactivate|kill)", "up": "(raise|lift)", "down": "(lower|drop)",
            "in": "(retract|pull in)", "out": "(extend|stretch out)", "open": "open", "closed": "(close|shut)"}  # fmt: skip
    values = {"on": "true", "off": "false"}
    return [
        Ask(Template(f"{ways[value]} (the|your|my) {part}"), fixed=((slot, meant),))
        for value in (first, second)
        for meant in (values.get(value, value), value)
    ]


_INVENTIONS = (_about, _about, _setting, _switching, *[gadgets.gadget] * 5)


def _some_number(rng: random.Random) -> tuple[Spec, str]:
    name, how, unit = rng.choice(_NUMBERS)
    if rng.random() < 0.15:
        spec = Spec((name,), "range", lows=("0.1", "0.5"), highs=("1.5", "2.5", "5", "9.5"), decimals=1, unit=unit)
    else:
        highs = ("6", "8", "10", "12", "20", "30", "50", "60", "100", "150", "250", "500", "1000")
        spec = Spec((name,), "range", lows=(rng.choice("011125"),), highs=highs, unit=unit)
    return replace(spec, relative=UNITS[unit][2], special=UNITS[unit][3]), how.replace("{}", f"{{{name}}}")


_NUMBERS = (
    ("seconds", "for {}", "s"), ("times", "{}", "times"), ("percent", "to {}", "percent"), ("level", "[to] level {}", ""),
    ("angle", "by {}", "deg"), ("speed", "at speed {}", ""), ("height_cm", "by {}", "cm"), ("count", "{}", "times"),
    ("minutes", "for {}", "min"), ("volume", "at volume {}", ""), ("power", "with power {}", ""), ("amount", "by {}", ""),
    ("position", "to position {}", ""), ("grams", "with {}", "g"), ("duration_s", "for {}", "s"), ("repeat", "{}", "times"),
    ("millilitres", "with {}", "ml"), ("rpm", "at {}", "rpm"), ("value", "to {}", ""), ("steps", "by {}", "steps"),
)  # fmt: skip


def _some_choice(rng: random.Random) -> tuple[Spec, str]:
    name, values, how = rng.choice(_CHOICES)
    picked = list(values) if values else [words.made_up(rng, 2) for _ in range(5)]
    picked = rng.sample(picked, min(len(picked), rng.randint(2, 5)))
    spec = Spec((name,), "choice", tuple(((value,), value) for value in dict.fromkeys(picked)))
    return spec, how.replace("{}", f"{{{name}}}")


_CHOICES = (
    ("color", tuple(words.words("color")), "in {}"), ("speed", ("slow", "normal", "fast", "medium"), "at {} speed"),
    ("side", ("left", "right", "front", "rear"), "on the {} side"), ("size", ("small", "medium", "large"), "in {} size"),
    ("room", ("kitchen", "bedroom", "bathroom", "hall", "garage", "office", "garden"), "in the {}"),
    ("mode", ("quiet", "eco", "turbo", "night", "party", "auto", "manual", "soft", "strong"), "in {} mode"),
    ("mode", (), "in {} mode"), ("level", ("low", "medium", "high", "max"), "to {}"), ("kind", (), "of kind {}"),
    ("target", ("north", "south", "east", "west"), "to the {}"), ("shape", ("circle", "square", "star", "heart"), "as a {}"),
    ("tone", ("high", "low", "soft", "loud"), "with a {} tone"), ("which", ("first", "second", "third", "last"), "the {} one"),
    ("style", (), "in {} style"), ("when", ("now", "later", "tonight"), "{}"),
)  # fmt: skip


@cache
def _by_name() -> dict[str, Deed]:
    return {deed.names[0]: deed for deed in deeds()}


_USUAL = ("move", "turn", "wave", "light", "stop", "nod", "look", "gripper", "dance")


def random_body(rng: random.Random) -> Body:
    """A body: none, the common robot, or one of any deeds."""
    draw = rng.random()
    if draw < 0.12:
        return Body(())
    if draw < 0.22:
        actions = tuple(make(_by_name()[name], rng, True) for name in _USUAL[:4])
        return Body(tuple(map(_bare, actions)) if rng.random() < 0.6 else actions)
    if draw < 0.36:
        chosen = [_by_name()[name] for name in rng.sample(_USUAL, rng.randint(2, 6))]
        return Body(_distinct([make(deed, rng, rng.random() < 0.8) for deed in chosen]))
    plain = rng.choice([0.1, 0.3, 0.7])
    if draw < 0.5:
        made = _distinct([make(deed, rng, True) for deed in _kindred(rng)])
        rest = [make(rng.choice(deeds()), rng, rng.random() < plain) for _ in range(rng.randint(0, 2))]
        return Body(_distinct([*made[1:], *rest]), made[:1])
    return Body(_distinct([make(deed, rng, rng.random() < plain) for deed in _several(rng)]))


def _bare(action: Action) -> Action:
    """The action as most robots declare it: without what only some have, and lights in a few colours."""
    optional = {slot for slot, is_optional, _ in action.deed.slots if is_optional}
    kept = tuple(parameter for parameter in action.parameters if parameter.slot not in optional)
    if action.name == "light":
        said = {aliases[0]: ways for aliases, ways in kept[0].spec.values}
        values = {value: said[value] for value in ("red", "green", "blue", "white", "off")}
        kept = (replace(kept[0], values=values, meant={value: value for value in values}),)
    return replace(action, parameters=kept)


def _several(rng: random.Random) -> list[Deed]:
    count = rng.choice([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8])
    every = deeds()
    draw = rng.random()
    if draw < 0.08:
        return [*_kindred(rng), *(rng.choice(every) for _ in range(rng.randint(0, 2)))]
    if draw < 0.38:
        return [*gadgets.device(rng), *(rng.choice(every) for _ in range(rng.choice([0, 0, 1, 2])))]
    if draw < 0.53:  # some that look alike
        one = rng.choice(every)
        every = tuple(deed for deed in every if deed.group == one.group)
        count = min(count, 4)
    chosen = [rng.choice(_INVENTIONS)(rng) if rng.random() < 0.4 else rng.choice(every) for _ in range(count)]
    chosen += [other for deed in chosen for other in _other_half(deed) if rng.random() < 0.75]
    if rng.random() < 0.12:
        chosen.append(_by_name()[rng.choice(_USUAL)])
    return chosen


def _other_half(deed: Deed) -> list[Deed]:
    """The neighbour of one of a pair, and now and then the pair beside it."""
    if deed.group != "pairs":
        return []
    pairs = [other for other in deeds() if other.group == "pairs"]
    at = pairs.index(deed)
    same = [other for other in pairs if _whole(other.kind) == _whole(deed.kind) and other is not deed]
    beside = pairs[at + 2 : at + 4] if _whole(deed.kind) == "travel" else []
    return [*same, *beside]


def _distinct(actions: list[Action]) -> tuple[Action, ...]:
    """Actions with different names and meanings; `kind/up` and `kind/down` go together, but not with `kind`."""
    kept: dict[str, Action] = {}
    for action in actions:
        kind, half = _whole(action.deed.kind), "/" in action.deed.kind
        others = [own.deed.kind for own in kept.values() if _whole(own.deed.kind) == kind]
        if action.name.lower() not in kept and all(half and "/" in own and own != action.deed.kind for own in others):
            kept[action.name.lower()] = action
    return tuple(kept.values())


def _whole(kind: str) -> str:
    return kind.partition("/")[0]


_SMALL = frozenset(
    [
        "my",
        "the",
        "a",
        "an",
        "to",
        "on",
        "off",
        "of",
        "up",
        "down",
        "in",
        "out",
        "it",
        "at",
        "go",
        "set",
        "do",
        "turn",
        "make",
        "take",
        "make",
        "start",
        "put",
        "use",
        "play",
    ]
)


def absent_action(body: Body, rng: random.Random) -> Action:
    """An action that people might well ask for and this body does not have."""
    if body.lacking and rng.random() < 0.5:
        return rng.choice(body.lacking)
    taken = {piece for own in body.actions for piece in pieces(own)}
    groups = {own.deed.group for own in body.actions}
    while True:
        deed = rng.choice(_INVENTIONS)(rng) if rng.random() < 0.15 else rng.choice(deeds())
        if _whole(deed.kind) in ("stop", "travel", "turn") and groups & {"drive", "legs", "air", "pairs"}:
            continue
        if deed.group in groups and rng.random() < 0.6:
            continue
        action = make(deed, rng, True)
        if not body.has(deed.kind) and deed.kind != "stop" and not taken & set(pieces(action)):
            return action


def pieces(action: Action) -> Iterator[str]:
    """The words that tell an action from others."""
    said = f"{action.verb} {spoken_name(action.name)} {' '.join(spoken_name(name) for name in action.deed.names)}"
    return (piece for piece in said.lower().split() if piece not in _SMALL)
