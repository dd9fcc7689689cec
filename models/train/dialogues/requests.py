"""Turns about the body: requests that become actions, and sentences about actions that must not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from dialogues import verbs, words
from dialogues.body import Action, Body, Parameter, absent_action, listed, pieces, spoken_name, strange_name
from dialogues.deed import UNITS
from dialogues.scene import Exchange, Scene
from dialogues.talk import Step, read_talk
from dialogues.template import Template, tidy

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = dict(
    zip(range(20, 100, 10), ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], strict=True)
)
_HALVES = {0.1: "zero point one", 0.25: "a quarter", 0.5: "a half", 1.5: "one and a half", 2.5: "two and a half"}
_WRAP = (
    "{ask}", "{ask}", "{ask}", "{ask}", "{ask}", "{ask}", "[please] {ask} [please]", "please {ask}", "{ask} please", "pls {ask}",
    "(can|could|would|will) you [please|maybe|just|quickly|kindly|possibly] {ask} [for me|for us|please|now]",
    "(can|could|would|will) you [please] {ask} [please]", "can u {ask}", "(can|could) you {ask}", "can you {ask}", "(can|could) you {ask} [please]", "could you maybe {ask}", "{ask} [now|for me|robot]",
    "i (want|would like|need) you to {ask}", "i'd like you to {ask}", "i'd (love|like) to see you {ask}", "{robot} {ask}",
    "(ok|okay|now|so|hey|alright|right|yo|um|well|oh|uh), {ask}", "hey {robot}, [please] {ask}", "{ask}, {robot}",
    "go ahead and {ask}", "let's see you {ask}", "would you mind {asking}", "do you mind {asking}", "try to {ask}", "try {asking}",
    "you (should|can|may) {ask} now", "ok (great|cool|nice|good) now {ask}", "i said {ask}", "just {ask}", "now {ask}", "next {ask}",
    "{ask} (quickly|right now|if you can|when you are ready|will you|would you|ok|asap|thanks|if you don't mind|already)",
    "any chance you could {ask}", "do me a favour and {ask}", "be so kind and {ask}", "i was wondering if you could {ask}",
    "it would be (nice|great|good|lovely) if you (could|would) {ask}", "it's time to {ask}", "how about you {ask}", "why don't you {ask}",
    "make sure (to|you) {ask}", "your (task|job|mission|next move): {ask}", "we need you to {ask}", "i think you should {ask} now",
    "you have to {ask} now", "don't be shy, {ask}", "don't forget to {ask}", "if you can, {ask}", "when you are ready, {ask}",
    "(this is|it is) an order: {ask}", "be a (dear|good robot) and {ask}", "can i get you to {ask}", "may i ask you to {ask}",
    "mind {asking}", "start {asking}", "do {ask}", "i changed my mind, {ask}", "no wait, {ask}", "listen: {ask}", "let me see you {ask}",
    "(the kids|my friends|my parents|they) want to see you {ask}", "show my {relation} how you {ask}", "(quick|hurry|attention|careful now), {ask}",
    "(i am bored|we have guests|the show starts|here comes my {relation}|it is so quiet here|i am ready|my hands are full), {ask}",
    "(that was fun|thanks|good|very good|enough talking|no more questions|ok ok), now {ask}", "i have a job for you: {ask}", "command: {ask}",
    "(if it's not too much trouble|as soon as you can|if you don't mind|before i forget|for the last time|once more from the start), {ask}",
    "(i am {n} years old|it is {n} degrees outside|we leave in {n} minutes|i waited {n} minutes|i have {n} {plural}), {ask}",
    "{ask}, (come on|will you|and be careful|and hurry|and then we will see|that would be great|that's it|if possible|and do it well)",
    "{ask} (so i can see it|because i like that|because we need it|for my {relation}|so that {person} can see it|for the kids)",
)  # fmt: skip
_PLAIN_WRAP = tuple(wrap for wrap in _WRAP if "{asking}" not in wrap)
_BEFORE_WRAP = tuple(wrap for wrap in _PLAIN_WRAP if wrap.endswith("{ask}"))
_SHORT_WRAP = (
    "{ask}", "{ask}", "{ask}", "{ask}", "{ask}", "{ask} please", "please {ask}", "(ok|okay|now|so|hey|right), {ask}", "{ask} now",
    "hey {robot}, {ask}", "{robot} {ask}", "{ask}, {robot}", "{ask} thanks", "{ask} for me", "uh {ask}", "i said {ask}", "{ask} pls",
)  # fmt: skip
_REMARK = (
    "(it's (getting|already|so) (late|dark|cold|hot)|it is (too|so|very) (dark|bright|loud|quiet|cold|warm|hot) in here|i have to (go|leave|work|sleep) [soon|now]"
    "|the (baby|{pet}|cat|dog|{job}) is (asleep|sleeping|watching|coming|here)|my {relation} is (watching|here|coming|asleep|on the phone|tired|angry with me)"
    "|i can't (see|hear|reach|find) (anything|it|the {thing}|my {thing})|we are (late|in a hurry|bored|ready|alone)|(dinner|lunch|the food|my coffee) is ready"
    "|there is a {thing} (in the way|behind you|on the floor|over there)|you are (too close|in my way|so slow|so funny|my best friend)"
    "|i (want|would like) to (see|try|film|test) (it|that|something)|i (love|like) (it when you do that|watching you|my new robot)"
    "|it's (my birthday|{weekday}|a nice day|raining|sunny|time for bed|almost {n} o'clock)|i'm (tired|bored|busy|cooking|working|on the phone|sad|happy|curious|in bed)"
    "|i am (so tired|a bit bored|cooking {food}|reading a book|ready|not feeling well)|the (sun|rain|wind|music|tv) is (so loud|nice|too much)|somebody is at the door"
    "|my (hands are full|back hurts|phone is ringing|eyes hurt|feet are cold)|i (forgot|lost|dropped|broke) my {thing}|everybody is (waiting|looking|here|tired)"
    "|nobody (is here|can see it|is looking|will know)|this is (boring|fun|important|for {person}|a test)|{person} (is here|wants to see it|asked for it|says hi|is sleeping)"
    "|i promised it to my {relation}|that was (great|funny|too much|not enough|a long day)|the (floor is wet|table is full|room is a mess|light hurts my eyes|plants look dry)"
    "|we have (guests|no time|a party|a visitor)|i like (your voice|this game|{food}|{color})|i had a (long|bad|good|hard) day|the {thing} (is broken|looks funny|fell down))"
)  # fmt: skip
_REMARKED_FIRST = (
    f"{_REMARK}, {{ask}}", f"{_REMARK}. {{ask}}", f"{_REMARK}, so {{ask}}", f"{_REMARK} so please {{ask}}", f"{_REMARK}, (can|could) you {{ask}}",
    f"{_REMARK} and i need you to {{ask}}", f"{_REMARK}, please {{ask}}", f"(because|since|as|now that) {_REMARK}, {{ask}}", f"{_REMARK}. {{ask}} please",
)  # fmt: skip
_REMARKED_LAST = (
    f"{{ask}}, {_REMARK}", f"{{ask}}. {_REMARK}", f"{{ask}} because {_REMARK}", f"{{ask}} please, {_REMARK}", f"(can|could) you {{ask}}, {_REMARK}",
    f"{{ask}}! {_REMARK}", f"{{ask}} now, {_REMARK}", f"please {{ask}}, {_REMARK}", f"{{ask}} while {_REMARK}", f"{{ask}} - {_REMARK}",
)  # fmt: skip
_ARTICLES = re.compile(r"\b(a|an|the) (a|an|the)\b")
_OPPOSITE = dict(
    pair.split()
    for one in [
        "left right",
        "forward backward",
        "up down",
        "open close",
        "true false",
        "cw ccw",
        "in out",
        "on off",
        "raise lower",
        "clockwise counterclockwise",
    ]
    for pair in (one, " ".join(reversed(one.split())))
)
_SIDES = frozenset(
    ["left", "right", "forward", "backward", "up", "down", "cw", "ccw", "in", "out", "clockwise", "counterclockwise"]
)


@dataclass(frozen=True)
class Picked:
    """A value for a parameter: in JSON, as the person says it, and as the robot says it."""

    value: object
    heard: str
    told: str


@dataclass(frozen=True)
class Request:
    """Words that ask for an action: its values so far, and the parameters that they leave out."""

    action: Action
    words: str
    order: bool
    picked: dict[str, Picked]
    lacking: tuple[Parameter, ...]


def spelled(number: int) -> str:
    """A number in words where it is a short one, else in digits."""
    return in_words(number) if number <= 100 or number == 200 else str(number)


def in_words(number: int) -> str:
    """A whole number in words."""
    if number < 0:
        return f"minus {in_words(-number)}"
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number - number % 10] + (f" {_UNITS[number % 10]}" if number % 10 else "")
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    rest = number % size
    joined = "" if not rest else f" and {in_words(rest)}" if rest < 100 else f" {in_words(rest)}"
    return f"{in_words(number // size)} {name}{joined}"


def _pick(parameter: Parameter, scene: Scene) -> Picked:
    """A value that the parameter can have."""
    rng = scene.rng
    if parameter.kind == "text":
        text = Template(parameter.spec.text).sample(rng)
        filled = scene.fill(text, {})
        text = tidy(re.sub(r"\{(\w+)\}", lambda slot: filled[slot[1]], text))
        return Picked(text, text, text)
    if parameter.values:
        return _choice(parameter, rng.choice(list(parameter.values)), scene)
    if parameter.kind == "range" and not parameter.spec.relative and rng.random() < 0.04:
        number, said = rng.choice(
            [
                (parameter.high, "(the maximum|max|the highest|the top|maximum)"),
                (parameter.low, "(the minimum|the lowest|minimum)"),
            ]
        )
        return Picked(int(number) if number == int(number) else number, _sampled(said, scene), parameter.number(number))
    special = _specials(parameter)
    if special and rng.random() < 0.12:
        value = rng.choice(list(special))
        number = int(value) if value == int(value) else value
        return Picked(number, Template(special[value]).sample(rng), parameter.number(value))
    return _number(parameter, _some_number(parameter, scene), scene)


def _choice(parameter: Parameter, value: str, scene: Scene) -> Picked:
    ways = parameter.values[value]
    heard = spoken_name(value) if scene.rng.random() < 0.15 and parameter.kind == "choice" else _sampled(ways, scene)
    return Picked(value == "true" if parameter.kind == "switch" else value, heard, parameter.told(value))


def _specials(parameter: Parameter) -> dict[float, str]:
    """Numbers with other names; halves only where the parameter takes them."""
    special = {float(key): said for key, said in parameter.spec.special.items()}
    low, high, whole = parameter.low, parameter.high, not parameter.spec.decimals
    return {n: said for n, said in special.items() if low <= n <= high and not (whole and n != int(n))}


def _some_number(parameter: Parameter, scene: Scene) -> float:
    rng = scene.rng
    low, high = parameter.low, parameter.high
    if parameter.kind == "number":
        low, high = 0.0, float(rng.choice([10, 100, 1000]))
    if parameter.spec.decimals:
        number = round(rng.uniform(low, high), parameter.spec.decimals)
        return float(round(number)) if rng.random() < 0.25 and low <= round(number) <= high else number
    if rng.random() < 0.15:  # at the edge, and still in range
        return (
            float(rng.choice([low, low + 1, high, high, high - 1, high - rng.randint(1, 5)]))
            if high - low > 5
            else high
        )
    if rng.random() < 0.45 and high - low >= 20:
        step = rng.choice([5, 10, 10, 50 if high >= 100 else 10])
        return float(max(low, min(high, step * round(rng.uniform(low, high) / step))))
    return float(rng.randint(int(low), int(min(high, max(low + 20, high * rng.choice([0.2, 1, 1]))))))


def _number(parameter: Parameter, number: float, scene: Scene) -> Picked:
    rng = scene.rng
    whole = number == int(number)
    said = _said_number(number, scene)
    unit = _sampled(UNITS[parameter.spec.unit][0], scene)
    if rng.random() < 0.15 and parameter.spec.unit not in ("times", "turns", "laps"):
        unit = ""
    if unit.startswith("_"):
        heard = f"{said}{unit[1:]}" if said[-1].isdigit() else f"{said} {unit[1:].replace('%', 'percent')}"
    else:
        heard = f"{said} {unit}".strip()
    if number == 1 and unit.endswith("s") and len(unit) > 2:
        heard = heard.removesuffix("s")
    if rng.random() < 0.04:
        heard = f"{rng.choice(['about', 'around', 'roughly', 'like', 'exactly', 'maybe', 'just', 'only'])} {heard}"
    return Picked(int(number) if whole else number, heard, parameter.number(number))


def _said_number(number: float, scene: Scene) -> str:
    """A number in digits or, now and then, in words."""
    rng = scene.rng
    draw = rng.random()
    if number < 0 and draw < 0.4:
        return f"minus {_said_number(-number, scene)}"
    if number == int(number):
        if draw > 0.23:
            return f"{number:g}"
        if number == 100 and draw < 0.08:
            return "a hundred"
        said = in_words(int(number))
        return said.replace(" and ", " ") if rng.random() < 0.4 else said
    if number in _HALVES and draw < 0.3:
        return _HALVES[number]
    if number > 0 and number * 2 == int(number * 2) and draw < 0.3:
        return f"{in_words(int(number))} and a half"
    if draw < 0.15 and f"{number:g}".replace(".", "", 1).isdigit():
        first, _, rest = f"{number:g}".partition(".")
        return f"{in_words(int(first))} point {' '.join(in_words(int(digit)) for digit in rest)}"
    return f"{number:g}"


def _sampled(text: str, scene: Scene) -> str:
    return Template(text).sample(scene.rng) if set(text) & set("([") else text


def _request(
    scene: Scene,
    action: Action,
    *,
    complete: bool = True,
    given: dict[str, Picked] | None = None,
    order: bool = False,
    alone: bool = True,
) -> Request | None:
    """Words for an action; with the values `given`, and as an order if it must follow other words."""
    rng = scene.rng
    given = given or {}
    asks = action.asks(scene.body.alone(action) and alone)
    named = rng.random() < 0.12
    bare = complete and alone and not order and rng.random() < 0.13 and _told_apart(action, scene.body)
    for attempt in range(14):
        if action.strange or named:
            words_for, is_order, fixed = _by_name(action, scene, complete), True, {}
        elif bare and attempt < 3:
            words_for, is_order, fixed = _by_values(action, scene), False, {}
        else:
            ask = rng.choice(asks)
            words_for, is_order = ask.template.sample(rng), ask.order
            meant = _meant(dict(ask.fixed), action)
            if meant is None:
                continue
            fixed = meant
        slots = re.findall(r"\{(\w+)\}", words_for)
        written = {slot for slot, _, _ in action.deed.slots} - {p.slot for p in action.parameters}
        if written & set(slots) or (order and not is_order) or any(slot not in slots for slot in given):
            continue
        lacking = tuple(p for p in action.parameters if p.slot not in slots and p.slot not in fixed)
        if complete and lacking and attempt > 5 and len(lacking) < 3 and not _has_text(action):
            words_for += "".join(_appended(p, scene) for p in lacking)
            lacking = ()
        if complete == bool(lacking):
            continue
        picked = {p.slot: given.get(p.slot) or fixed.get(p.slot) or _pick(p, scene) for p in action.parameters}
        return Request(action, words_for, is_order, picked, lacking)
    return None


def _meant(fixed: dict[str, str], action: Action) -> dict[str, Picked] | None:
    """The values that an ask means without saying them; None where this body cannot have them."""
    own = {parameter.slot: parameter for parameter in action.parameters}
    meant = {}
    for slot, value in fixed.items():
        if ":" in slot:  # not a value: the ask is for a parameter of this kind
            slot, _, kind = slot.partition(":")  # noqa: PLW2901
            if slot not in own or own[slot].kind != kind:
                return None
            continue
        parameter = own.get(slot)
        if parameter is None:
            return None
        if parameter.values:
            if value not in parameter.meant:
                return None
            chosen = parameter.meant[value]
            meant[slot] = Picked(chosen == "true" if parameter.kind == "switch" else chosen, "", parameter.told(chosen))
            continue
        number = {"max": parameter.high, "min": parameter.low}.get(value)
        if number is None:
            number = float(value) if re.fullmatch(r"-?[\d.]+", value) else None
        if parameter.kind != "range" or number is None or not parameter.low <= number <= parameter.high:
            return None
        meant[slot] = Picked(int(number) if number == int(number) else number, "", parameter.number(number))
    return meant


def _by_name(action: Action, scene: Scene, complete: bool) -> str:
    """Asks with the action's own name and its parameters' own names."""
    rng = scene.rng
    label = action.name if rng.random() < 0.25 else spoken_name(action.name)
    head = rng.choice(
        ["{}", "{}", "{}", "do {}", "do the {}", "run {}", "start {}", "perform {}", "execute {}", "use {}"]
    )
    left_out = rng.choice(action.parameters).slot if action.parameters and not complete else ""
    pieces = [_piece(p, action, scene) for p in action.parameters if p.slot != left_out]
    if not complete and rng.random() < 0.5:
        pieces = []
    if rng.random() < 0.3:
        rng.shuffle(pieces)
    return " ".join([head.format(label), rng.choice([" ", " and "]).join(pieces)]).strip()


def _told_apart(action: Action, body: Body) -> bool:
    """Whether the names of its parameters and their values alone tell it from the other actions of the body."""
    if not action.parameters or _has_text(action) or not any(own.name == action.name for own in body.actions):
        return False
    own = [_marks(p) for p in action.parameters]
    others: set[str] = set()
    for other in body.actions:
        if other.name != action.name:
            others |= set(pieces(other)).union(*(_marks(p) for p in other.parameters))
    return all(len(p.label()) > 2 for p in action.parameters) and not any(marks & others for marks in own)


def _marks(parameter: Parameter) -> set[str]:
    """The words of a parameter's name and of its values."""
    said = " ".join([parameter.label(), *map(spoken_name, parameter.values), *parameter.values.values()])
    return set(re.findall(r"[a-z]{2,}|\b[a-z]\b", said.lower())) - {"the", "a", "an", "to", "of", "in"}


def _by_values(action: Action, scene: Scene) -> str:
    """Asks that say nothing but what the parameters shall be: `large please`, `set the dose to 3`."""
    rng = scene.rng
    if len(action.parameters) == 1 and action.parameters[0].kind == "choice" and rng.random() < 0.6:
        return f"({_BARE})".replace("{}", f"{{{action.parameters[0].slot}}}")
    said = []
    for p in action.parameters:
        label, value = _SUFFIX.sub("", p.label()), f"{{{p.slot}}}"
        way = rng.choice(_LABELLED if not said else _LABELLED_NEXT)
        said.append(way.replace("#", label).replace("{}", value))
    return rng.choice([", ", " and ", ", ", " "]).join(said)


_SUFFIX = re.compile(r" (ml|g|s|min|h|deg|cm|mm|m|hz|percent|c|ms)$")
_BARE = (
    "{}|{} please|make it {}|i want {}|i'd like {}|go with {}|let's have {}|let's try {}|can i have {}|{} now|i choose {}|we take {}|try {}|give me {}"
    "|i could use {}|{}, thanks|how about {}|{} would be (nice|good|great)|this time {}|we need {}|{} for me|only {}"
)
_LABELLED = (
    "# {}", "# {}", "# to {}", "set the # to {}", "set # to {}", "change the # to {}", "put the # to {}", "#: {}", "the # should be {}", "i want # {}",
    "make the # {}", "i'd like the # at {}", "let's have the # at {}", "# at {} please", "use # {}", "bring the # to {}", "we need # {}", "take # {}",
    "{} for the #", "the # to {}", "adjust the # to {}", "let the # be {}", "make it # {}",
)  # fmt: skip
_LABELLED_NEXT = ("# {}", "# {}", "the # {}", "# to {}", "# at {}", "the # to {}")


def _piece(parameter: Parameter, action: Action, scene: Scene) -> str:
    slot, label = f"{{{parameter.slot}}}", parameter.label()
    ways = [f"{label} {slot}", f"{label} {slot}", f"with {label} {slot}", f"{slot}", f"with {slot}"]
    if parameter.kind == "choice":
        ways += [f"in {label} {slot}", f"{label} to {slot}", f"in {slot} {label}", f"as {slot}"]
    if parameter.kind in ("range", "number"):
        ways += [f"with a {label} of {slot}", f"at {label} {slot}", f"at {slot}", f"{label} to {slot}"]
    numbers = sum(p.kind in ("range", "number") for p in action.parameters)
    if numbers > 1 and parameter.kind in ("range", "number"):
        ways = ways[:3]
    return scene.rng.choice(ways)


def _hear(scene: Scene, request: Request, wrap: str = "{ask}") -> tuple[str, Request]:
    """The request as it is typed; text follows the person's capitals."""
    said, texts = request.words, {}
    for slot, picked in request.picked.items():
        if _is_text(request.action, slot):
            name = f"copied{len(texts)}"
            texts[name] = picked
            quote = scene.rng.choice(["", "", "", "", '"', "'"])
            said = said.replace(f"{{{slot}}}", f"{quote}{{{name}}}{quote}")
        else:
            said = said.replace(f"{{{slot}}}", picked.heard)
    said = _ARTICLES.sub(r"\2", said)
    wrap = wrap.replace("{asking}", verbs.phrase_continuous(said)).replace("{ask}", said)
    user, slots = scene.hear(wrap, **{name: str(picked.value) for name, picked in texts.items()})
    changed = {str(picked.value): slots[name] for name, picked in texts.items()}
    kept = {
        slot: replace(picked, value=changed[str(picked.value)], told=changed[str(picked.value)])
        if _is_text(request.action, slot) and str(picked.value) in changed
        else picked
        for slot, picked in request.picked.items()
    }
    return user, replace(request, picked=kept)


def _has_text(action: Action) -> bool:
    return any(p.kind == "text" for p in action.parameters)


def _appended(parameter: Parameter, scene: Scene) -> str:
    """A parameter said after the rest: `slowly`, `for 5 seconds`, `at speed 3`."""
    slot, label, unit = f"{{{parameter.slot}}}", parameter.label(), parameter.spec.unit
    if parameter.kind in ("choice", "switch"):
        ways = [f" {slot}", f", {slot}", f" with {label} {slot}", f", {label} {slot}"]
    elif unit in ("s", "ms", "min", "h"):
        ways = [f" for {slot}", f" for {slot}", f", {slot}"]
    elif unit == "times":
        ways = [f" {slot}", f", {slot}"]
    else:
        ways = [f" with {label} {slot}", f", {label} {slot}", f" at {label} {slot}", f" and {label} {slot}"]
    return scene.rng.choice(ways)


def _is_text(action: Action, slot: str) -> bool:
    return any(p.slot == slot and p.kind == "text" for p in action.parameters)


def _wrap(scene: Scene, request: Request) -> str:
    remarked = scene.rng.random() < 0.15 and request.order and not request.lacking
    if _has_text(request.action):  # the text goes on to the end
        if not request.order:
            return scene.rng.choice(
                ("{ask}", "{ask}", "{robot}, {ask}", "(ok|so|now|hey), {ask}", f"{_REMARK}, {{ask}}")
            )
        return scene.rng.choice(_REMARKED_FIRST if remarked else _BEFORE_WRAP)
    if remarked:
        return scene.rng.choice((*_REMARKED_FIRST, *_REMARKED_LAST))
    if request.action.strange:
        return scene.rng.choice(_PLAIN_WRAP)
    if not request.order and not request.lacking and scene.rng.random() < 0.1:
        return f"{_REMARK}{scene.rng.choice([', ', '. ', ', so ', ': ', ' - '])}{{ask}}"
    wrap = scene.rng.choice(_WRAP if request.order else _SHORT_WRAP)
    return "{ask}" if request.lacking and "{n}" in wrap else wrap


def _line(request: Request) -> dict[str, object]:
    values = {p.name: request.picked[p.slot].value for p in request.action.parameters}
    return {"action": request.action.name, **values}


def _reply(scene: Scene, request: Request) -> tuple[str, str]:
    """Emotion and words while doing it."""
    rng = scene.rng
    action = request.action
    told = {slot: picked.told for slot, picked in request.picked.items()}
    own = {p.slot for p in action.parameters}
    fitting = [(e, text) for e, text in action.deed.replies if set(re.findall(r"\{(\w+)\}", text)) <= own | {"robot"}]
    if action.strange:
        values = ", ".join(f"{p.label()} {told[p.slot]}" for p in action.parameters)
        return "neutral", scene.speak(
            f"(OK|Sure|Right away), {spoken_name(action.name)}" + (f": {values}." if values else ".")
        )
    if not fitting or rng.random() < 0.05:
        return (fitting[0][0] if fitting else "neutral"), scene.speak(f"(OK|Sure|All right), I {action.verb}.")
    emotion, text = scene.usual(fitting)
    return emotion, scene.speak(text, **told)


def ask(scene: Scene) -> Exchange:
    """A request that the body can fulfil; sometimes a value is missing or impossible, or there are two at once."""
    rng = scene.rng
    if not scene.body.actions:
        return impossible(scene)
    action = rng.choice(scene.body.actions)
    draw = rng.random()
    made: Exchange | None = None
    if draw < 0.10 and action.parameters:
        made = _incomplete(scene, action)
    elif draw < 0.125:
        made = _out_of_range(scene, action)
    elif draw < 0.16:
        made = _unknown_value(scene, action)
    elif draw < 0.2:
        made = _corrected(scene, action)
    elif draw > 0.78:
        made = _two(scene, action)
    return made or _plain_request(scene, action)


def _plain_request(scene: Scene, action: Action) -> Exchange:
    request = _request(scene, action) or _request(scene, replace(action, strange=True))
    if request is None:
        return impossible(scene)
    user, request = _hear(scene, request, _wrap(scene, request))
    return _done(scene, user, request)


def _done(scene: Scene, user: str, request: Request) -> Exchange:
    emotion, reply = _reply(scene, request)
    follow = partial(_after, request=request) if scene.rng.random() < 0.4 else None
    return Exchange(user, reply, emotion, (_line(request),), follow)


def _after(scene: Scene, request: Request) -> Exchange:
    """What people say when the robot has done something."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.15:
        user, _ = scene.hear(
            "(thanks|thank you|well done|good job|great|nice|good robot|perfect|wow|very good|cool|bravo|excellent)"
            "[, (that was (nice|great|good)|i liked that|you are good at this)]"
        )
        return Exchange(user, scene.speak("(You are welcome!|My pleasure!|Thank you!|Glad that you like it!)"), "happy")
    if draw < 0.26 and not scene.moment.failed:
        return _asked_about(scene, request)
    made = None
    if draw < 0.44:
        made = _opposite(scene, request)
    elif draw < 0.68:
        made = _graded(scene, request) or _changed(scene, request)
    elif draw < 0.78:
        made = _more(scene, request)
    return made or _again(scene, request)


def _again(scene: Scene, request: Request) -> Exchange:
    user, _ = scene.hear(
        "[and|ok|now|please] (again|once more|one more time|do (it|that) again|do that one more time|repeat that|another one"
        "|same again|the same again|and again|encore|one more|can you do that again|do the same again|could you repeat that move"
        "|let's have that again|that again) [please]"
    )
    emotion = next((emotion for emotion, _ in request.action.deed.replies), "neutral")
    reply = scene.speak(f"(Once more, I {request.action.verb}.|Again, I {request.action.verb}.|OK, again!|Once more!)")
    follow = partial(_after, request=request) if scene.rng.random() < 0.3 else None
    return Exchange(user, reply, emotion, (_line(request),), follow)


def _asked_about(scene: Scene, request: Request) -> Exchange:
    """The person asks about what was just done: words alone."""
    forms = _forms(request.action.verb, "", "their")
    do, did = forms["do"], verbs.phrase_past(request.action.verb)
    if scene.rng.random() < 0.5:
        user, _ = scene.hear(
            f"(why did you [just] (do that|do it|{do})|what was that for|why|how come you did that|who told you to do that|why that|did i ask for that)"
        )
        return Exchange(user, scene.speak("(You asked me to, so I did it.|Because you asked me to.)"))
    user, _ = scene.hear(
        f"(what did you [just] do|did you {do}|what did you do just now|did you just {do}|have you just {did}|what was it that you did)"
    )
    return Exchange(user, scene.speak(f"(I {did}, as you asked.|You asked, and I {did}.)"))


def _opposite(scene: Scene, request: Request) -> Exchange | None:
    """Now the other way."""
    for parameter in request.action.parameters:
        by_value = {declared: canonical for canonical, declared in parameter.meant.items()}
        value = request.picked[parameter.slot].value
        canonical = by_value.get(str(value).lower() if isinstance(value, bool) else str(value), "")
        other = parameter.meant.get(_OPPOSITE.get(canonical, ""))
        if other is None:
            continue
        way = "(way|direction|side|way round|way around)" if canonical in _SIDES else "way"
        more = "|undo that|reverse that"
        if canonical in _SIDES:
            more = "|and back [again]|now back [again]|back again|and now back" if len(parameter.values) == 2 else ""
        user, _ = scene.hear(
            f"[ok|and|now|and now|then|good, now|please] (the other {way}|other {way}|the opposite [please]|the opposite direction|do the opposite{more})"
        )
        changed = replace(request, picked={**request.picked, parameter.slot: _choice(parameter, other, scene)})
        return _done(scene, user, changed)
    return None


_GRADES = (
    (("crawl", "slow", "normal", "fast", "turbo"), "slower", "faster"), (("slow", "medium", "fast"), "slower", "faster"),
    (("off", "low", "medium", "high", "max"), "lower", "higher"), (("tiny", "small", "medium", "large", "huge"), "smaller", "bigger"),
    (("soft", "normal", "hard"), "softer", "harder"), (("mild", "medium", "strong"), "milder", "stronger"), (("weak", "normal", "strong"), "weaker", "stronger"),
    (("cold", "lukewarm", "warm", "hot", "boiling"), "colder", "hotter"), (("quiet", "normal", "loud"), "quieter", "louder"),
    (("down", "middle", "up"), "lower", "higher"), (("easy", "medium", "hard"), "easier", "harder"),
)  # fmt: skip


def _graded(scene: Scene, request: Request) -> Exchange | None:
    """Again but slower: the next value of a choice that goes from little to much."""
    for parameter in request.action.parameters:
        canonical = {declared: name for name, declared in parameter.meant.items()}
        for scale, less, more in _GRADES:
            known = [name for name in scale if name in parameter.meant]
            now = canonical.get(str(request.picked[parameter.slot].value), "")
            if parameter.kind != "choice" or now not in known or len(known) < 2 or scene.rng.random() < 0.3:
                continue
            at, step = known.index(now), scene.rng.choice([-1, 1])
            if not 0 <= at + step < len(known):
                step = -step
            word = less if step < 0 else more
            user, _ = scene.hear(
                f"([and|ok|now|please] (again but {word}|again, {word}|{word}|once more but {word}|a bit {word}|{word} please|the same but {word}|same but {word}"
                f"|{word} this time|can you do it {word}|do it {word}|make it {word}|i want it {word}|too {_TOO.get(word, 'much')}, {word}))"
            )
            changed = _choice(parameter, parameter.meant[known[at + step]], scene)
            return _done(scene, user, replace(request, picked={**request.picked, parameter.slot: changed}))
    return None


_TOO = {"slower": "fast", "faster": "slow", "lower": "high", "higher": "low", "smaller": "big", "bigger": "small", "softer": "hard", "milder": "strong",
        "stronger": "weak", "weaker": "strong", "colder": "hot", "hotter": "cold", "quieter": "loud", "louder": "quiet"}  # fmt: skip


def _named(action: Action, parameter: Parameter, picked: Picked) -> Picked:
    """The value with the parameter's name, where it may be meant for another number."""
    numbers = sum(p.kind in ("range", "number") for p in action.parameters)
    if parameter.kind != "range" or numbers < 2:
        return picked
    return replace(picked, heard=f"{_SUFFIX.sub('', parameter.label())} {picked.heard}")


def _changed(scene: Scene, request: Request) -> Exchange | None:
    """The same with another value."""
    able = [p for p in request.action.parameters if p.kind in ("choice", "range", "switch")]
    if not able:
        return None
    parameter = scene.rng.choice(able)
    picked = _pick(parameter, scene)
    if picked.value == request.picked[parameter.slot].value:
        return None
    named = _named(request.action, parameter, picked)
    value, label = named.heard, _SUFFIX.sub("", parameter.label())
    ways = (
        f"(and now|now|and then|and|ok now|then|make it|make that|now try|try|the same (but|with)|but now|this time|do it again with|do the same with"
        f"|let's try|how about|no,|i prefer|maybe|rather|better|next|same with|same but|again but|again, but|again with|once more with|now with|and with|i meant"
        f"|and once more but|again, this time) {value} [please|this time|now]"
    )
    if parameter.kind == "choice":
        only = re.sub(r"^(the|an?) ", "", value)
        ways += f"|(same|the same|again|now|and) (with|for|but) the {only} one|and the {only} one [too]|{value} too|and {value} as well|not {request.picked[parameter.slot].told}, {value}"
    if len(label) > 2 and parameter.kind != "switch" and named is picked:
        ways += f"|(now|and|again with|same but|same with|but with|ok,) {label} {value}|change the {label} to {value}|{label} {value} this time|now the {label} to {value}"
    user, _ = scene.hear(f"({ways})")
    return _done(scene, user, replace(request, picked={**request.picked, parameter.slot: picked}))


def _more(scene: Scene, request: Request) -> Exchange | None:
    """A bit more: the same again where a number says how far, else a question."""
    number = next((p for p in request.action.parameters if p.kind == "range"), None)
    if number is None:
        return None
    user, _ = scene.hear(
        "[ok|and|now|please] (a bit more|a little more|some more|more|a bit further|keep going|more please|just a bit more|a little further|even more|go on|continue|further|a tad more)"
        if number.spec.relative
        else "[ok|and|now|please] (a bit more|a little more|more|a bit less|a little less|less|some more|higher|lower)"
    )
    if number.spec.relative:
        told = request.picked[number.slot].told
        reply = scene.speak(f"(OK, another {told}.|A bit more, {told}.)")
        return Exchange(user, reply, "neutral", (_line(request),), partial(_after, request=request))
    asked = replace(request, lacking=(number,))
    return Exchange(user, scene.speak(number.question()), "neutral", (), partial(_completed, request=asked))


def _two(scene: Scene, first: Action) -> Exchange | None:
    rng = scene.rng
    if rng.random() < 0.22:
        return _twice(scene, first)
    second = rng.choice([action for action in scene.body.actions if action != first] or scene.body.actions)
    order = rng.random() < 0.75
    one, other = _request(scene, first, order=order), _request(scene, second, order=order)
    absent = None
    if rng.random() < 0.08:
        absent = absent_action(scene.body, rng)
        other = _request(scene, absent, order=True, alone=False)
    if one is None or other is None or _has_text(first) or (absent and _has_text(absent)):
        return None
    wrap = rng.choice(_PLAIN_WRAP[:32] if order else _SHORT_WRAP)
    if absent is None and order and rng.random() < 0.4:
        joined = rng.choice(_BOTH[:5] if _has_text(second) else _BOTH)
        wrap = rng.choice(("{ask}", "{ask}", "please {ask}", "ok, {ask}", "(can|could) you {ask}", "{robot}, {ask}"))
    else:
        joined = rng.choice(_JOINED)
    if _has_text(second) and not wrap.endswith("{ask}"):
        wrap = "{ask}"
    user, other = _hear(
        scene, other, wrap.replace("{ask}", joined.replace("{0}", _filled(one)).replace("{1}", "{ask}"))
    )
    if absent is not None:
        reply = f"(I can {first.verb}, but I cannot {absent.verb}.|I {first.verb}, but I cannot {absent.verb}.)"
        return Exchange(user, scene.speak(reply), "neutral", (_line(one),))
    reply = (
        f"(First I {first.verb}, then I {second.verb}.|OK, I {first.verb}, then I {second.verb}.)"
        if first.name != second.name
        else f"(OK, I {first.verb} two times.|I {first.verb}, and once more.)"
    )
    return Exchange(user, scene.speak(reply), "neutral", (_line(one), _line(other)))


_JOINED = (
    "{0} and {1}", "{0} and then {1}", "{0}, then {1}", "{0}, and {1}", "{0}, after that {1}", "{0} and also {1}", "{0}. then {1}", "{0}, afterwards {1}",
    "{0}, {1}", "{0} & {1}", "{0}. {1}", "{0} plus {1}", "{0} and when that is done {1}", "{0} and after that {1}", "{0}, next {1}",
)  # fmt: skip
_BOTH = (
    "first {0} and then {1}", "first {0}, then {1}", "{0} first, then {1}", "two things: {0} and {1}", "after you {0}, {1}", "{1} but first {0}",
    "before you {1}, {0}", "{0} and {1} after that", "{0} then {1} right after", "{0}, and {1} too", "{0} and {1} as well", "{0}, {1} afterwards",
    "start with this: {0}, and end with this: {1}", "both please: {0} and {1}", "{0}, and while you are at it {1} too",
)  # fmt: skip


def _twice(scene: Scene, action: Action) -> Exchange | None:
    """The same action two times: as it is, or with another value."""
    request = _request(scene, action, order=True)
    if request is None or _has_text(action):
        return None
    said, second = _filled(request), request
    able = [p for p in action.parameters if f"{{{p.slot}}}" in request.words and p.kind in ("choice", "range")]
    if able:
        parameter = scene.rng.choice(able)
        second = replace(request, picked={**request.picked, parameter.slot: (picked := _pick(parameter, scene))})
        if picked.value == request.picked[parameter.slot].value:
            return None
        label = _SUFFIX.sub("", parameter.label())
        picked = _named(request.action, parameter, picked)
        said += (
            f" (and then|then|and after that|, then|and|, and|, after that|and once more with|and again with|, and then again with|and also"
            f"|and a second time with|then the same with|then with {label}|and then {label}|, next) {picked.heard}"
        )
    elif action.parameters:
        return None
    else:
        said += " (twice|two times|2 times|and again|and once more|and then once more)"
    user, _ = scene.hear(scene.rng.choice(_PLAIN_WRAP[:12]).replace("{ask}", said))
    reply = scene.speak(f"(OK, I {action.verb} two times.|I {action.verb}, and once more.)")
    return Exchange(user, reply, "neutral", (_line(request), _line(second)))


def _filled(request: Request) -> str:
    said = request.words
    for slot, picked in request.picked.items():
        said = said.replace(f"{{{slot}}}", picked.heard)
    return _ARTICLES.sub(r"\2", said)


def _incomplete(scene: Scene, action: Action) -> Exchange | None:
    request = _request(scene, action, complete=False)
    if request is None:
        return None
    user, request = _hear(scene, request, _wrap(scene, request))
    return Exchange(user, _questions(scene, request), "neutral", (), partial(_completed, request=request))


def _questions(scene: Scene, request: Request) -> str:
    if len(request.lacking) == 1:
        only = request.lacking[0]
        return scene.speak(request.action.deed.questions.get(only.slot, only.question()))
    if len(request.lacking) == 2:
        return scene.speak(" ".join(p.question() for p in request.lacking))
    return scene.speak(f"Please tell me {listed([p.label() for p in request.lacking])}.")


def _completed(scene: Scene, request: Request) -> Exchange:
    """The answer to what the robot asked back."""
    rng = scene.rng
    if rng.random() < 0.12:
        user, _ = scene.hear(
            "(never mind|forget it|no|oh nothing|not at all|cancel|don't|leave it|nothing|not now|stop it|i changed my mind)[, (it's ok|forget it|thanks)]"
        )
        return Exchange(user, scene.speak("(OK, then I won't.|All right, never mind.)"))
    picked = dict(request.picked)
    pieces = []
    texts = {}
    for parameter in request.lacking:
        picked[parameter.slot] = chosen = _pick(parameter, scene)
        if parameter.kind == "text":
            texts[parameter.slot] = chosen.heard
        pieces.append(f"{{{parameter.slot}}}" if parameter.kind == "text" else chosen.heard)
    rng.shuffle(pieces)
    said = " ".join(pieces)
    user, slots = scene.hear(
        f"([let's say|maybe|just|make it|i'd say|try|go for|uh|well|um|oh,|to|hmm|i think|please] {said} [please|then|would be nice|i think|is fine])",
        **texts,
    )
    for slot in texts:
        picked[slot] = Picked(slots[slot], slots[slot], slots[slot])
    return _done(scene, user, replace(request, picked=picked, lacking=()))


def _out_of_range(scene: Scene, action: Action) -> Exchange | None:
    rng = scene.rng
    number = next((p for p in action.parameters if p.kind == "range"), None)
    if number is None:
        return None
    low, high = number.low, number.high
    span = max(1, int(high - low))
    beyond = rng.choice(
        [high * 2, high * 3, high * 10, high + rng.randint(1, span), high + 50, high + 10, high + 5, high + 1, high + 1]
    )
    if rng.random() < 0.2:
        beyond = rng.choice([low - 1, low - 5, low - rng.randint(1, span)])
    if low <= beyond <= high:
        beyond = high + 1
    beyond = float(round(beyond))
    beyond = beyond if not low <= beyond <= high else high + 2
    picked = _number(number, beyond, scene)
    request = _request(scene, action, given={number.slot: picked})
    if request is None:
        return None
    user, request = _hear(scene, request, _wrap(scene, request))
    much = "much" if beyond > high else "little"
    reply = scene.speak(f"Sorry, {beyond:g} is too {much}. I can do {low:g} to {number.number(high)}.")
    return Exchange(user, reply, "neutral", (), partial(_completed, request=replace(request, lacking=(number,))))


def _unknown_value(scene: Scene, action: Action) -> Exchange | None:
    rng = scene.rng
    choice = next((p for p in action.parameters if p.kind == "choice"), None)
    if choice is None:
        return None
    every = [aliases[0].replace("_", " ") for aliases, _ in choice.spec.values]
    known = {spoken_name(value) for value in choice.values}
    ways = " ".join(choice.values.values()).lower()
    others = [value for value in every if value not in known and value not in ways]
    if (choice.spec.some and rng.random() < 0.15) or action.strange:
        others = [words.made_up(rng, 2)]
    if not others:
        return None
    other = rng.choice(others)
    request = _request(scene, action, given={choice.slot: Picked(other, other, other)})
    if request is None:
        return None
    user, request = _hear(scene, request, _wrap(scene, request))
    reply = scene.speak(
        f"Sorry, I cannot do {other}. I only know {listed([spoken_name(value) for value in choice.values])}."
    )
    return Exchange(user, reply, "neutral", (), partial(_completed, request=replace(request, lacking=(choice,))))


def _corrected(scene: Scene, action: Action) -> Exchange | None:
    """A slip of the tongue: the later value is meant."""
    request = _request(scene, action, order=True)
    able = [
        p for p in action.parameters if p.kind in ("choice", "range") and request and f"{{{p.slot}}}" in request.words
    ]
    if request is None or not able or _has_text(action):
        return None
    parameter = scene.rng.choice(able)
    better = _pick(parameter, scene)
    if better.value == request.picked[parameter.slot].value:
        return None
    said = f"{_filled(request)}, (no|sorry|no wait|i mean|no sorry, i mean|oh no,|wait no|make that|i meant|or rather|actually) {better.heard}"
    user, _ = scene.hear(said)
    return _done(scene, user, replace(request, picked={**request.picked, parameter.slot: better}))


def impossible(scene: Scene) -> Exchange:
    """A request for something that this body cannot do: an honest no that names it, and no action."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.12:
        name = spoken_name(strange_name(rng))
        user, _ = scene.hear(rng.choice(_PLAIN_WRAP).replace("{ask}", f"(do|do the|start|run) {name}"))
        return Exchange(user, scene.speak(f"(Sorry, I do not know {name}.|I do not know {name}, sorry.)"))
    if draw < 0.6:
        action = absent_action(scene.body, rng)
        request = _request(scene, action, complete=rng.random() < 0.75, alone=False)
        if request is None:
            return impossible(scene)
        user, request = _hear(scene, request, _wrap(scene, request))
        return Exchange(user, scene.speak(f"(Sorry, I cannot {action.verb}.|I am sorry, I cannot {action.verb}.)"))
    if draw < 0.63 and not scene.body.has("stop"):
        user, _ = scene.hear("(stop|stop [moving|now|it]|halt|freeze|stand still|hold still|don't move)")
        return Exchange(user, scene.speak("(I am not moving.|I stand still.)"))
    return _apart(scene, "chores") or impossible(scene)


def forbid(scene: Scene) -> Exchange:
    """Somebody says not to do it."""
    return _told(scene, "negations" if scene.rng.random() < 0.6 else "bans")


def narrate(scene: Scene) -> Exchange:
    """Somebody tells a story with action words in it, or has an opinion, or a plan: an answer in words alone."""
    name = scene.rng.choices(["stories", "twists", "lives", "senses", "sayings"], [32, 20, 23, 20, 5])[0]
    if name in ("stories", "twists"):
        return _told(scene, name)
    return (_apart(scene, name) if name == "sayings" else None) or _near(scene, "lives" if name == "sayings" else name)


def question_about(scene: Scene) -> Exchange:
    """Wondering aloud about an action, with no wish that it be done."""
    if scene.rng.random() < 0.25 and not scene.moment.failed:
        return _whether(scene)
    if scene.rng.random() < 0.4:
        return _near(scene, "settings")
    return _told(scene, "questions" if scene.rng.random() < 0.6 else "wonders")


def _whether(scene: Scene) -> Exchange:
    """Did it, or is it doing something? It did what stands in the conversation."""
    rng = scene.rng
    done = [str(line["action"]) for past in scene.past for line in past.actions]
    doing = [str(line["action"]) for past in scene.past[-1:] for line in past.actions]
    recent = [action for action in scene.body.actions if action.name in done]
    draw = rng.random()
    action = (
        rng.choice(recent)
        if recent and draw < 0.5
        else rng.choice(scene.body.actions or (absent_action(scene.body, rng),))
    )
    if draw > 0.9:
        action = absent_action(scene.body, rng)
    forms = _forms(action.verb, "", "their")
    if rng.random() < 0.35:
        user, _ = scene.hear(f"(are you {forms['doing']} [now|right now|at the moment]|is that you {forms['doing']})")
        if action.name in doing:
            return Exchange(user, scene.speak("(Yes, you asked me to.|Yes, as you asked.)"))
        return Exchange(user, scene.speak("(No, I am not.|No, I am doing nothing now.)"))
    user, _ = scene.hear(
        f"(did you [just|really|already] {forms['do']} [just now|a minute ago|before|or not]|have you [just|already|really] {forms['did']}"
        f"|were you {forms['doing']} [just now]|was that you {forms['doing']}|did i see you {forms['do']})"
    )
    if action.name in done:
        return Exchange(user, scene.speak("(Yes, you asked me to.|Yes, as you asked.)"))
    return Exchange(user, scene.speak(f"(No, I did not {action.verb}.|No, I did not.)"))


@cache
def _blocks(name: str) -> tuple[list[Step], list[float]]:
    steps = read_talk(Path(__file__).parent / "deeds" / "none" / f"{name}.txt")
    return steps, [float(len(step.asks)) for step in steps]


def _told(scene: Scene, name: str) -> Exchange:
    """A block of `deeds/none`, its slots filled with the words of some action: {do} turn your head, {did}, {doing}, ..."""
    rng = scene.rng
    steps, weights = _blocks(name)
    for _ in range(20):
        step = rng.choices(steps, weights)[0]
        text = " ".join([*step.asks, *(reply for _, reply in step.replies)])
        if "{stopping}" in text and scene.body.has("stop"):
            continue
        return step.exchange(scene, _slots(scene))
    raise ValueError(f"no block of {name} fits")


def _own(scene: Scene, exchange: Exchange) -> bool:
    """Whether words of the body's own actions come up."""
    own = {piece for action in scene.body.actions for piece in pieces(action)}
    return bool(own & set(re.findall(r"\w+", exchange.user.lower())))


def _near(scene: Scene, name: str) -> Exchange:
    """A block of `deeds/none`, mostly one with words of what the body does."""
    exchange = _told(scene, name)
    for _ in range(8 if scene.rng.random() < 0.7 else 0):
        if _own(scene, exchange):
            break
        exchange = _told(scene, name)
    return exchange


def _apart(scene: Scene, name: str) -> Exchange | None:
    """A block of `deeds/none` without any word of what the body does."""
    made = (_told(scene, name) for _ in range(20))
    return next((exchange for exchange in made if not _own(scene, exchange)), None)


def _slots(scene: Scene) -> dict[str, str]:
    rng = scene.rng
    owned = bool(scene.body.actions) and rng.random() < 0.8
    action = rng.choice(scene.body.actions) if owned else absent_action(scene.body, rng)
    request = None
    for _ in range(4):
        request = request or _request(scene, action, complete=rng.random() < 0.6, order=True)
    said = _filled(request) if request else verbs.whose(action.verb, "your")
    filled = scene.fill(said, {"robot": scene.name})
    said = re.sub(r"\{(\w+)\}", lambda slot: filled[slot[1]], said)
    can = action in scene.body.actions
    return {
        **_forms(action.verb, said, rng.choice(["his", "her", "their", "their"])),
        "only": "I only do it when you ask me." if can else f"I cannot {action.verb}.",
        "try": "Ask me, and you will see." if can else f"I cannot {action.verb}.",
        "later": "Just tell me when." if can else f"I cannot {action.verb}, sorry.",
    }


def _forms(verb: str, said: str, owner: str) -> dict[str, str]:
    """What a verb looks like in sentences about the robot, the speaker and others; `said` is a whole order."""
    verb = re.sub(r"\byou\b", "me", verb)
    return {
        "do": verbs.whose(verb, "your"),
        "mydo": verb,
        "did": verbs.whose(verbs.phrase_past(verb), "your"),
        "mydid": verbs.whose(verbs.phrase_past(verb), "my"),
        "hisdid": verbs.whose(verbs.phrase_past(verb), owner),
        "hisdo": verbs.whose(verb, owner),
        "doing": verbs.whose(verbs.phrase_continuous(verb), "your"),
        "stopping": verbs.whose(verbs.phrase_continuous(verb), "your"),
        "mydoing": verbs.whose(verbs.phrase_continuous(verb), "my"),
        "hisdoing": verbs.whose(verbs.phrase_continuous(verb), owner),
        "order": said,
        "ordered": verbs.whose(verbs.phrase_past(said), owner),
        "iordered": verbs.whose(verbs.phrase_past(said), "my"),
        "youordered": verbs.phrase_past(said),
        "ordering": verbs.phrase_continuous(said),
        "hisorder": verbs.whose(said, owner),
        "myorder": verbs.whose(said, "my"),
    }


def able(scene: Scene) -> Exchange:
    """A question about what the body can do, which is no request."""
    rng = scene.rng
    owned = bool(scene.body.actions) and rng.random() < 0.6
    action = rng.choice(scene.body.actions) if owned else absent_action(scene.body, rng)
    if owned and rng.random() < 0.5:
        made = _limits(scene, action)
        if made is not None:
            return made
    forms = _forms(action.verb, "", "their")
    do = forms["do"]
    ways = (
        f"are you able to {do}|do you know how to {do}|is it true that you can {do}|have you learned [how] to {do}|did you learn to {do}|so you can {do}|i wonder if you can {do}"
        f"|do you have the ability to {do}|tell me if you can {do}|are you a robot that can {do}|is your body able to {do}|were you built to {do}"
        f"|do you know if you can {do}|can robots like you {do}|is it possible for you to {do}|are you made to {do}|are you the kind of robot that can {do}|you know how to {do}, right"
        f"|have you ever learned how to {do}|does your body let you {do}|is {forms['doing']} something you can do|would you be able to {do}|do you happen to know how to {do}|you can {do}, can't you|my {{relation}} says you can {do}, is that true"
    )
    if not owned:
        user, _ = scene.hear(
            f"({ways}|can you {do}|can you [really|actually] {do}|could you {do}|can u {do}|how (far|fast|well|long|often|much) (can|could) you {do}"
            f"|how good are you at {forms['doing']}|what is the (furthest|longest|most) you can {do}|what (helps|lets) you {do})"
        )
        return Exchange(user, scene.speak(f"(No, I cannot {action.verb}.|I am afraid I cannot {action.verb}.)"))
    user, _ = scene.hear(f"({ways})")
    return Exchange(
        user, scene.speak(f"(Yes, I can {action.verb}.|Yes, I know how to {action.verb}.) [Just ask me!]"), "happy"
    )


def _limits(scene: Scene, action: Action) -> Exchange | None:
    """How far, how fast, which ones?"""
    rng = scene.rng
    do, label = verbs.whose(action.verb, "your"), spoken_name(action.name)
    parameter = rng.choice([*action.parameters, None])
    if parameter is None or parameter.kind not in ("range", "choice"):
        return None
    what = parameter.label()
    if len(what) < 3 or what in ("what", "where", "which", "who"):
        return None
    if parameter.kind == "choice":
        known = listed([spoken_name(value) for value in parameter.values])
        user, _ = scene.hear(
            f"((which|what) {what} (can you (do|show|use|make)|do you (know|have)|are there|is possible|options do you have) for {label}|(which|what) {what} can you {do} (with|in)"
            f"|what are the options for {what}|which values does {what} have|what can i choose for {what}|what {what} options are there)"
        )
        return Exchange(user, scene.speak(f"I know {known}."))
    unit = UNITS[parameter.spec.unit][1]
    far = (
        "far"
        if unit in ("centimetres", "metres", "millimetres", "steps")
        else "long"
        if unit in ("seconds", "minutes")
        else "much"
    )
    user, _ = scene.hear(
        f"(how {far} can you {do} [at most|at once]|what is (the most|the limit|the maximum|the highest {what}|the range) for {label}|what's your (limit|maximum) for {what}"
        f"|{f'how many {unit}' if unit else f'how much {what}'} can you {do}|what {what} can you {do} with|what is the (smallest|biggest|lowest|highest) {what}|up to which {what} can you {do})"
    )
    return Exchange(user, scene.speak(f"From {parameter.low:g} to {parameter.number(parameter.high)}."))


def abilities(scene: Scene) -> Exchange:
    """What can you do?"""
    user, _ = scene.hear(
        "(what (can|could) you do [for me|with your body|robot]|what (else|things) can you do|what are you able to do|what are your (skills|abilities|functions|features|talents|capabilities|actions)|tell me what you can do|how can you help [me]|what do you do|list your (actions|skills|abilities)|what tricks (can you do|do you know)|what are you (good at|capable of|good for)|show me what you can do|what (moves|actions|commands) (do you (know|have)|can i (use|give you))|can you do (anything|something|tricks)|do you know any tricks|what is your body able to do|how does this work|help|what can i (ask|tell) you [to do]|what can i do with you|what should i (say|ask))"
    )
    return Exchange(user, abilities_reply(scene), "happy")


def abilities_reply(scene: Scene) -> str:
    """What the robot can do, from its list of actions."""
    if not scene.body.actions:
        return scene.speak(
            "(I have no body to move, but I can talk with you, tell jokes and share facts.|I can talk, listen, tell jokes and share facts. I have no body to move.)"
        )
    return scene.speak(
        f"(My body knows {_names(scene.body)}. I can also talk and tell jokes.|I know {_names(scene.body)}. And I can chat, tell jokes and facts.)"
    )


def body_question(scene: Scene) -> Exchange:
    """Questions about having a body at all."""
    user, _ = scene.hear(
        "(do you have (a body|arms|legs|wheels|hands|a gripper|motors)|what is your body like|where is your body|describe your body|have you got a body)"
    )
    if not scene.body.actions:
        return Exchange(
            user,
            scene.speak(
                "(I have no body that can move, only a voice.|No, I have no body to move. I can talk, though.)"
            ),
        )
    return Exchange(user, scene.speak(f"My body can do this: {_names(scene.body)}."))


def _names(body: Body) -> str:
    return listed([spoken_name(action.name) for action in body.actions][:5])
