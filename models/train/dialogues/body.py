"""What a robot's body can do: its declared actions, common ones and arbitrary ones, and how people ask for them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from dialogues import words


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: choices (each with ways to say it), a range, text or true/false."""

    name: str
    choices: dict[str, str] | None = None
    low: float | None = None
    high: float | None = None
    decimal: bool = False
    kind: str = "choice"

    def declaration(self) -> str:
        """As the list of actions in the prompt writes it."""
        if self.choices is not None:
            return f"{self.name}: {'|'.join(self.choices)}"
        if self.kind == "range":
            return f"{self.name}: {self.low:g}..{self.high:g}"
        return f"{self.name}: {'text' if self.kind == 'text' else 'true|false'}"


@dataclass(frozen=True)
class Action:
    """A declared action. In `asks` and `done`, `{a}` and `{b}` stand for the parameters.

    `vague` asks leave parameters out: each has the ask, the slots it lacks, and what the robot asks back.
    """

    name: str
    parameters: tuple[Parameter, ...]
    verb: str
    asks: tuple[str, ...]
    done: tuple[str, ...]
    vague: tuple[tuple[str, str, str], ...] = ()
    unit: str = ""
    emotion: str = "neutral"

    def declaration(self) -> str:
        """As the list of actions in the prompt writes it."""
        return f"{self.name}({', '.join(parameter.declaration() for parameter in self.parameters)})"


@dataclass(frozen=True)
class Body:
    """The actions that a robot declares; none for one that only talks."""

    actions: tuple[Action, ...]

    def lines(self) -> str:
        """The part of the prompt that lists them."""
        if not self.actions:
            return "Actions: none"
        return "\n".join(["Actions:", *(action.declaration() for action in self.actions)])


def choice(name: str, *values: str) -> Parameter:
    """A parameter of a few values; `value=(ways|to|say) it` where it is not said as it is written."""
    pairs = (value.partition("=") for value in values)
    return Parameter(name, {value: spoken or value for value, _, spoken in pairs})


def span(name: str, low: float, high: float, decimal: bool = False) -> Parameter:
    """A parameter with a range."""
    return Parameter(name, None, low, high, decimal, "range")


def _move(rng: random.Random, common: bool) -> Action:
    forward, back = "(forward|forwards|ahead|straight ahead)", "(back|backward|backwards)"
    ways = (
        [("forward", "backward")]
        if common
        else [("forward", "backward"), ("forward", "back"), ("ahead", "back"), ("fwd", "rev")]
    )
    first, second = rng.choice(ways)
    direction = choice(
        "direction" if common else rng.choice(["direction", "dir", "way", "heading"]),
        f"{first}={forward}",
        f"{second}={back}",
    )
    verb = "move" if common else rng.choice(["move", "drive", "go", "travel", "roll", "walk", "ride"])
    high = (
        rng.choice([200, 200, 200, 100, 50, 300, 500])
        if common
        else rng.choice([10, 20, 30, 40, 60, 80, 100, 120, 150, 250, 400, 1000])
    )
    unit, name = "(cm|centimetres|centimeters)", "distance_cm"
    number = span(name if common else rng.choice([name, "distance", "cm", "length_cm"]), 1, high)
    if not common and rng.random() < 0.35:
        draw = rng.random()
        if draw < 0.35:
            unit, number = (
                "(m|metres|meters)",
                span(rng.choice(["distance_m", "metres"]), 0.1, rng.choice([1.5, 2.5, 5, 10]), True),
            )
        elif draw < 0.7:
            unit, number = "steps", span("steps", 1, rng.choice([5, 10, 20, 50]))
        else:
            unit, number = "(mm|millimetres)", span("distance_mm", rng.choice([1, 10]), rng.choice([500, 1000, 2000]))
    say = "(move|go|drive)" if verb == "move" else f"({verb}|{verb}|move|go)"
    word = {
        "(cm|centimetres|centimeters)": "centimetres",
        "(m|metres|meters)": "metres",
        "steps": "steps",
        "(mm|millimetres)": "millimetres",
    }[unit]
    return Action(
        verb,
        (direction, number),
        verb,
        (
            f"{say} {{a}} {{b}} {unit}",
            f"{say} {{a}} [by|for] {{b}} {unit}",
            f"{say} {{b}} {unit} {{a}}",
            f"{{a}} {{b}} {unit}",
            f"take yourself {{b}} {unit} {{a}}",
            f"{say} {{a}} {{b}}",
            f"{say} a distance of {{b}} {unit} {{a}}",
            f"come {{a}} {{b}} {unit}",
        ),
        (f"(Going|Moving) {{a}} {{b}} {word}.", f"OK, {{b}} {word} {{a}}.", f"Here I go, {{b}} {word} {{a}}."),
        (
            (f"{say} {{a}}", "b", f"How (many {word}|far) should I go?"),
            (f"{say} [a bit|a little|some more] {{a}}", "b", f"How (many {word}|far) should I go?"),
            (f"({say}|come) {{a}} [a bit|a little|slowly|now]", "b", f"How (many {word}|far) should I go?"),
            (f"{say} {{b}} {unit}", "a", f"{first.capitalize()} or {second}?"),
            (
                f"({say}|{say} around|{say} a bit|start moving|{say} somewhere|get moving|take a step)",
                "ab",
                "How far, and which way?",
            ),
        ),
        unit,
    )


def _turn(rng: random.Random, common: bool) -> Action:
    left, right = (
        ("left", "right") if common or rng.random() < 0.6 else ("ccw=(left|counterclockwise)", "cw=(right|clockwise)")
    )
    direction = choice("direction" if common else rng.choice(["direction", "side", "dir", "way"]), left, right)
    verb = "turn" if common else rng.choice(["turn", "rotate", "spin", "pivot", "swivel"])
    high = rng.choice([360, 360, 180, 90]) if common else rng.choice([45, 90, 120, 180, 270, 360, 720])
    number = span("degrees" if common else rng.choice(["degrees", "angle", "deg", "angle_deg"]), 1, high)
    say = "(turn|rotate)" if verb == "turn" else f"({verb}|{verb}|turn)"
    return Action(
        verb,
        (direction, number),
        verb,
        (
            f"{say} {{a}} {{b}} degrees",
            f"{say} {{b}} degrees [to the] {{a}}",
            f"{say} [to the] {{a}} by {{b}} degrees",
            f"{say} {{a}} {{b}}",
            f"{say} yourself {{b}} degrees to the {{a}}",
            "{b} degrees [to the] {a}",
            f"{say} {{b}} {{a}}",
            "make a {b} degree turn to the {a}",
            "{a} {b} degrees",
        ),
        ("Turning {a} {b} degrees.", "OK, {b} degrees to the {a}.", "Turning {b} degrees to the {a}."),
        (
            (f"{say} [to the] {{a}}", "b", "How many degrees should I turn?"),
            (f"{say} {{a}} [a bit|a little|now]", "b", "How many degrees should I turn?"),
            (f"({{a}} turn|{say} to your {{a}}|make a {{a}} turn)", "b", "How many degrees should I turn?"),
            (f"{say} {{b}} degrees", "a", "Left or right?"),
            (
                f"({say}|{say} around|{say} round|do a turn|{say} yourself|{say} a bit|make a turn)",
                "ab",
                "How many degrees, left or right?",
            ),
        ),
        "degrees",
    )


def _light(rng: random.Random, common: bool) -> Action:
    pool = ["red", "green", "blue", "white", "yellow", "purple", "orange", "pink", "cyan"]
    colors = ["red", "green", "blue", "white"] if common and rng.random() < 0.6 else rng.sample(pool, rng.randint(2, 6))
    name = (
        "light" if common else rng.choice(["light", "led", "lamp", "set_light", "set_led", "glow", "light_up", "eyes"])
    )
    off = "off=(off|off|off now)"
    values = [*colors, off] if rng.random() < 0.8 else colors
    noun = "light" if name not in ("lamp", "eyes", "led") else name
    parameter = choice("color" if common else rng.choice(["color", "colour", "hue", "value"]), *values)
    return Action(
        name,
        (parameter,),
        "change my light" if common else f"change my {noun}",
        (
            f"(make|turn|set|switch) (your|the) {noun} [to] {{a}}",
            f"(turn|set) (your|the) {noun} [to] {{a}}",
            "(make|turn) it {a}",
            f"{noun} {{a}}",
            "(turn|go|glow) {a}",
            f"{{a}} {noun}",
            f"show [me] (a|the|your) {{a}} {noun}",
            f"turn {{a}} (the|your) {noun}",
            f"i want [the|your] {noun} [to be] {{a}}",
            f"change (the|your) {noun} to {{a}}",
        ),
        (f"My {noun} is {{a}} now.", f"{noun.capitalize()} {{a}}!", f"Here you are, {noun} {{a}}."),
        (
            (
                f"((turn|switch) on (your|the) {noun}|{noun} on|light up|change (your|the) {noun}|change (your|the) (colour|color)|show me your {noun}|shine|glow|i want another colour|turn your {noun} on)",
                "a",
                "Which colour would you like?",
            ),
        ),
        emotion="happy",
    )


def _simple(rng: random.Random, common: bool, kind: str) -> Action:
    verb, names, asks, done, emotion = _SIMPLE[kind]
    return Action(kind if common else rng.choice(names), (), verb, asks, done, emotion=emotion)


_SIMPLE: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str]] = {
    "wave": (
        "wave",
        ("wave", "wave_hand", "wave_arm", "say_hi"),
        (
            "wave",
            "wave [your hand|your arm|at me|to me|back]",
            "give (me|us) a wave",
            "wave (hello|goodbye|to everyone|at the camera)",
            "do a [little] wave",
            "show me (a|your) wave",
            "wave at (my|the) {relation}",
        ),
        ("I am waving!", "Look, I am waving!", "Here is a wave for you!"),
        "happy",
    ),
    "nod": (
        "nod",
        ("nod", "nod_head"),
        (
            "nod",
            "nod [your head]",
            "give (me|us) a nod",
            "nod (for me|yes)",
            "show me a nod",
            "nod if you (hear|understand) me",
        ),
        ("I am nodding.", "A nod for you!", "Nodding my head."),
        "happy",
    ),
    "dance": (
        "dance",
        ("dance", "do_dance", "dance_now"),
        (
            "dance",
            "dance [for me|for us|a little|with me]",
            "do a [little|silly|happy] dance",
            "show me (your|a) dance [moves]",
            "let's dance",
            "start dancing",
            "shake it",
            "bust a move",
        ),
        ("Let's dance!", "Watch my moves!", "I love dancing!"),
        "happy",
    ),
    "stop": (
        "stop",
        ("stop", "halt", "stop_moving", "brake"),
        (
            "stop",
            "stop [now|moving|it|there|right there]",
            "halt",
            "freeze",
            "hold still",
            "stand still",
            "hold it",
            "stop stop stop",
            "whoa stop",
        ),
        ("Stopping.", "I have stopped.", "OK, I stop."),
        "neutral",
    ),
    "sit": (
        "sit",
        ("sit", "sit_down"),
        ("sit", "sit [down]", "take a seat", "sit down for (me|us)"),
        ("I am sitting.", "Sitting down."),
        "neutral",
    ),
    "stand": (
        "stand up",
        ("stand", "stand_up", "get_up"),
        ("stand [up]", "get up", "stand up [straight|now]", "rise"),
        ("Standing up.", "Up I get!"),
        "neutral",
    ),
    "jump": (
        "jump",
        ("jump", "hop"),
        ("jump", "jump [up|for me|once]", "do a jump", "hop", "hop for me"),
        ("Jump!", "Hop!"),
        "happy",
    ),
    "bow": (
        "bow",
        ("bow", "take_bow"),
        ("bow", "take a bow", "bow [for us|to the audience|down]"),
        ("I bow to you.", "Here is my bow."),
        "happy",
    ),
    "photo": (
        "take a photo",
        ("photo", "take_photo", "snap", "picture"),
        ("take a (photo|picture) [of me|of us|please]", "snap a (photo|picture)", "make a photo", "photo"),
        ("Say cheese!", "Taking a photo."),
        "happy",
    ),
    "dock": (
        "go to my charger",
        ("dock", "go_home", "charge", "return_home"),
        (
            "go (home|to your charger|and charge|to your dock)",
            "dock",
            "charge yourself",
            "return to (base|your station|your charger)",
            "go back to your (dock|station|charger)",
        ),
        ("Off to my charger.", "Going home."),
        "neutral",
    ),
    "beep": (
        "beep",
        ("beep", "honk", "horn"),
        ("beep", "beep [once|for me]", "make a beep", "honk", "honk [your horn|the horn]", "sound the horn"),
        ("Beep!", "Beep beep!"),
        "happy",
    ),
    "shake": (
        "shake my head",
        ("shake_head", "shake"),
        ("shake your head", "shake your head [for me|no]"),
        ("Shaking my head.",),
        "neutral",
    ),
    "hug": (
        "hug",
        ("hug", "give_hug"),
        ("hug me", "give me a hug", "hug", "i need a hug", "can i get a hug"),
        ("A big hug for you!", "Come here, a hug!"),
        "happy",
    ),
    "blink": (
        "blink",
        ("blink", "wink"),
        ("blink", "blink [at me|your eyes|for me]", "wink [at me]", "give me a wink"),
        ("Blink!", "Did you see me blink?"),
        "happy",
    ),
    "patrol": (
        "patrol",
        ("patrol", "start_patrol"),
        ("patrol", "start (patrolling|your patrol)", "go on patrol", "patrol the (house|room)"),
        ("Starting my patrol.",),
        "neutral",
    ),
    "sleep": (
        "go to sleep",
        ("sleep", "rest"),
        ("go to sleep", "sleep now", "take a nap", "rest now", "time to sleep"),
        ("I am going to sleep.", "Time for a nap."),
        "neutral",
    ),
}


def _look(rng: random.Random, common: bool) -> Action:
    values = (
        ["left", "right", "up", "down"]
        if rng.random() < 0.6
        else rng.sample(["left", "right", "up", "down"], rng.randint(2, 4))
    )
    if rng.random() < 0.4:
        middle = rng.choice(
            [
                "center=(straight|straight ahead|to the center)",
                "ahead=(ahead|straight ahead)",
                "straight=(straight|straight ahead)",
            ]
        )
        values.append(middle)
    name = "look" if common else rng.choice(["look", "head", "look_at", "turn_head", "gaze"])
    return Action(
        name,
        (choice("direction" if common else rng.choice(["direction", "where", "to", "side"]), *values),),
        "look around",
        (
            "look {a}",
            "look [to the] {a}",
            "look over {a}",
            "(turn|move) your head {a}",
            "have a look {a}",
            "point your (head|eyes|camera) {a}",
            "take a look {a}",
        ),
        ("Looking {a}.", "OK, I look {a}."),
        (
            (
                "(look around|move your head|turn your head|look somewhere else|look over there|look at something)",
                "a",
                "Which way should I look?",
            ),
        ),
    )


def _gripper(rng: random.Random, common: bool) -> Action:
    first, second = (
        ("open", "close")
        if common or rng.random() < 0.5
        else rng.choice([("opened=open", "closed=close"), ("release=(release|open)", "grab=(grab|close)")])
    )
    name = "gripper" if common else rng.choice(["gripper", "claw", "hand", "grip", "set_gripper"])
    noun = "hand" if name == "hand" else "claw" if name == "claw" else "gripper"
    return Action(
        name,
        (choice("state" if common else rng.choice(["state", "position", "mode", "to"]), first, second),),
        f"use my {noun}",
        (
            f"{{a}} (the|your) {noun}",
            f"{{a}} {noun}",
            f"{{a}} your {noun}",
            f"{noun} {{a}}",
            f"i want you to {{a}} (the|your) {noun}",
        ),
        (f"OK, {noun} {{a}}.", f"{noun.capitalize()}: {{a}}."),
        (
            (
                f"((use|move|try|set) (the|your) {noun}|do something with (the|your) {noun})",
                "a",
                f"Should I {first.split('=')[0]} or {second.split('=')[0]} it?",
            ),
        ),
    )


def _switch(rng: random.Random) -> Action:
    thing = rng.choice(
        [
            "light",
            "lamp",
            "fan",
            "heater",
            "pump",
            "motor",
            "camera",
            "radio",
            "alarm",
            "siren",
            "vacuum",
            "laser",
            "display",
            "music",
            "headlight",
        ]
    )
    name = rng.choice([thing, f"set_{thing}", f"{thing}_power", f"switch_{thing}"])
    parameter = Parameter(
        rng.choice(["on", "on", "enabled", "active", "state", "power"]), {"true": "on", "false": "off"}
    )
    return Action(
        name,
        (parameter,),
        f"switch the {thing}",
        (
            f"(turn|switch|put) {{a}} (the|your) {thing}",
            f"(turn|switch|put) (the|your) {thing} {{a}}",
            f"{thing} {{a}}",
            f"i want the {thing} {{a}}",
        ),
        (f"The {thing} is {{a}}.", f"OK, {thing} {{a}}."),
    )


def _text(rng: random.Random) -> Action:
    kind = rng.choice(["say", "play", "show", "write", "goto", "find"])
    name, parameter, verb, asks, done = {
        "say": (
            rng.choice(["say", "speak", "announce"]),
            rng.choice(["text", "words", "message"]),
            "say things",
            ("say {a}", "say the words {a}", "announce {a}", "speak the words {a}"),
            ("I say it.", "OK, saying it."),
        ),
        "play": (
            rng.choice(["play", "play_song", "play_music"]),
            rng.choice(["song", "title", "name"]),
            "play music",
            ("play {a}", "play [the song] {a}", "put on {a}", "i want to hear {a}"),
            ("Playing {a}.", "Here comes {a}!"),
        ),
        "show": (
            rng.choice(["show", "display", "show_text", "screen"]),
            rng.choice(["text", "message", "content"]),
            "show text",
            ("show {a} on (the|your) (screen|display)", "display {a}", "show the text {a}"),
            ("Showing {a}.", "It is on the screen."),
        ),
        "write": (
            rng.choice(["write", "note", "print", "draw"]),
            rng.choice(["text", "note", "what"]),
            "write things",
            ("write {a}", "write down {a}", "print {a}", "note {a}"),
            ("Noted.", "Writing {a}."),
        ),
        "goto": (
            rng.choice(["goto", "go_to", "navigate", "drive_to"]),
            rng.choice(["place", "room", "target"]),
            "go to a place",
            ("go to {a}", "drive to {a}", "navigate to {a}", "take yourself to {a}"),
            ("Going to {a}.", "On my way to {a}."),
        ),
        "find": (
            rng.choice(["find", "search", "look_for", "fetch"]),
            rng.choice(["object", "item", "thing"]),
            "look for things",
            ("find {a}", "look for {a}", "search for {a}", "fetch {a}"),
            ("Looking for {a}.", "I will look for {a}."),
        ),
    }[kind]
    return Action(name, (Parameter(parameter, kind="text"),), verb, asks, done)


def _arbitrary(rng: random.Random) -> Action:
    verb = words.word("verb", rng) if rng.random() < 0.85 else words.made_up(rng)
    thing = words.word("part", rng) if rng.random() < 0.85 else words.made_up(rng)
    draw = rng.random()
    name = f"{verb}_{thing}" if draw < 0.7 else f"{thing}_{verb}" if draw < 0.8 else verb
    phrase = f"{verb} the {thing}" if draw < 0.8 else verb
    say = f"{verb} (the|your|that|my) {thing}" if draw < 0.8 else verb
    if draw >= 0.9:
        name, phrase, say = thing, f"use my {thing}", f"(use|set|work) (the|your) {thing}"
    count = rng.choices([0, 1, 2], [3, 5, 2])[0]
    picked = (
        rng.sample([_some_number, _some_choice], count)
        if count == 2
        else [rng.choice([_some_number, _some_choice])]
        if count
        else []
    )
    parameters, phrases = [], []
    vague: tuple[tuple[str, str, str], ...] = ()
    for slot, make in zip("ab", picked, strict=False):
        parameter, how = make(rng)
        parameters.append(parameter)
        phrases.append(how.replace("{}", f"{{{slot}}}"))
    rest = " ".join(phrases)
    for index, parameter in enumerate(parameters):
        kept = " ".join([say, *(p for other, p in enumerate(phrases) if other != index)])
        label = parameter.name.replace("_", " ")
        if parameter.choices is not None:
            listed = list(parameter.choices)
            vague += ((kept, "ab"[index], f"Which {label}: {', '.join(listed[:-1])} or {listed[-1]}?"),)
        else:
            vague += ((kept, "ab"[index], f"Which {label}, from {parameter.low:g} to {parameter.high:g}?"),)
    asks = (f"{say} {rest}", f"{say} {rest}", f"{say} {' '.join(reversed(phrases))}")
    done = ("(OK|Sure|Right), I " + f"{phrase} {rest}.", "(On it|Right away|Doing it now|OK, here I go|Will do)!")
    return Action(name, tuple(parameters), phrase, asks, done, vague)


def _some_number(rng: random.Random) -> tuple[Parameter, str]:
    name, how = rng.choice(
        [
            ("seconds", "for {} seconds"),
            ("times", "{} times"),
            ("percent", "to {} percent"),
            ("level", "[to] level {}"),
            ("angle", "by {} degrees"),
            ("speed", "at speed {}"),
            ("height_cm", "by {} cm"),
            ("count", "{} times"),
            ("minutes", "for {} minutes"),
            ("volume", "at volume {}"),
            ("power", "with power {}"),
            ("amount", "by {}"),
            ("position", "to position {}"),
            ("grams", "with {} grams"),
            ("duration_s", "for {} seconds"),
            ("repeat", "{} times"),
            ("millilitres", "with {} millilitres"),
            ("rpm", "at {} rpm"),
            ("value", "to {}"),
        ]
    )
    if rng.random() < 0.15:
        return span(name, 0.1 if rng.random() < 0.6 else 0.5, rng.choice([1.5, 2.5, 5, 9.5]), True), how
    return span(
        name, rng.choice([0, 1, 1, 1, 2, 5]), rng.choice([6, 8, 10, 12, 20, 30, 50, 60, 100, 100, 150, 250, 500, 1000])
    ), how


def _some_choice(rng: random.Random) -> tuple[Parameter, str]:
    name, values, how = rng.choice(
        [
            ("color", words.words("color"), "in {}"),
            ("speed", ["slow", "normal", "fast", "medium"], "at {} speed"),
            ("side", ["left", "right", "both", "front", "rear"], "on the {} side"),
            ("size", ["small", "medium", "large", "huge"], "in {} size"),
            ("room", ["kitchen", "bedroom", "bathroom", "hall", "garage", "office", "garden"], "in the {}"),
            ("mode", ["quiet", "eco", "turbo", "night", "party", "auto", "manual", "soft", "strong"], "in {} mode"),
            ("mode", [words.made_up(rng, 2) for _ in range(4)], "in {} mode"),
            ("level", ["low", "medium", "high", "max"], "to {}"),
            ("target", ["north", "south", "east", "west"], "to the {}"),
            ("shape", ["circle", "square", "star", "heart"], "as a {}"),
            ("tone", ["high", "low", "soft", "loud"], "with a {} tone"),
            ("which", ["first", "second", "third", "last"], "the {} one"),
            ("kind", [words.made_up(rng, 2) for _ in range(5)], "of kind {}"),
        ]
    )
    return choice(name, *dict.fromkeys(rng.sample(values, min(len(values), rng.randint(2, 5))))), how


_COMMON = ["move", "turn", "wave", "light", "stop", "nod", "look", "gripper", "dance"]


def make(kind: str, rng: random.Random, common: bool) -> Action:
    """An action of `kind`; a `common` one has the usual names."""
    usual = {"move": _move, "turn": _turn, "light": _light, "look": _look, "gripper": _gripper}
    rare = {"switch": _switch, "text": _text, "arbitrary": _arbitrary}
    if kind in usual:
        return usual[kind](rng, common)
    return rare[kind](rng) if kind in rare else _simple(rng, common, kind)


def random_body(rng: random.Random) -> Body:
    """A body: none, the common robot, or one with arbitrary actions."""
    draw = rng.random()
    if draw < 0.15:
        return Body(())
    if draw < 0.25:
        return Body(tuple(make(kind, rng, True) for kind in ("move", "turn", "wave", "light")))
    if draw < 0.6:
        kinds = rng.sample(_COMMON, rng.randint(2, 7))
        return Body(_distinct([make(kind, rng, rng.random() < 0.8) for kind in kinds]))
    pool = [
        *_COMMON,
        *_SIMPLE,
        "switch",
        "text",
        "arbitrary",
        "arbitrary",
        "arbitrary",
        "arbitrary",
        "arbitrary",
        "arbitrary",
        "arbitrary",
        "switch",
        "text",
    ]
    kinds = rng.sample(pool, rng.randint(1, 5))
    return Body(_distinct([make(kind, rng, rng.random() < 0.4) for kind in kinds]))


def _distinct(actions: list[Action]) -> tuple[Action, ...]:
    named = {action.name: action for action in actions}
    return tuple({action.verb: action for action in named.values()}.values())


def absent_action(body: Body, rng: random.Random) -> Action:
    """An action that people might well ask for and this body does not have."""
    while True:
        action = make(rng.choice([*_COMMON, *_COMMON, *_SIMPLE, "arbitrary", "arbitrary", "switch"]), rng, True)
        if (
            action.name != "stop"
            and all(action.name != own.name and action.verb != own.verb for own in body.actions)
            and not (
                set(action.name.split("_"))
                & {piece for own in body.actions for piece in [*own.name.split("_"), *own.verb.split()]}
            )
        ):
            return action
