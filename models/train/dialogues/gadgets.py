"""Deeds of devices nobody has seen: what they mean shows only by the words that they are declared with.

`gadgets.txt` lists verbs, nouns, choices (`names: values`), numbers (`names; unit; lows; highs; how`), texts and switches.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dialogues import verbs, words
from dialogues.deed import UNITS, Ask, Deed, Spec
from dialogues.template import Template

_SUFFIX = re.compile(r"_(ml|g|s|min|h|deg|cm|mm|m|hz|rpm|percent|c|ms)$")
_THE = "(the|the|the|your|my|)"


@dataclass(frozen=True)
class Setting:
    """A parameter with ways to say it: after the deed, and as the robot tells it."""

    spec: Spec
    label: str
    how: str
    told: str

    @property
    def value(self) -> str:
        """Its slot."""
        return f"{{{self.spec.names[0]}}}"


def gadget(rng: random.Random) -> Deed:
    """One deed."""
    return made(rng, _verb(rng), _noun(rng), _settings(rng))


def device(rng: random.Random) -> list[Deed]:
    """Deeds of one device: one noun or verb for all, or the same parameters, or each its own."""
    count, draw = rng.randint(2, 6), rng.random()
    verb, noun, shared = _verb(rng), _noun(rng), _settings(rng)
    made_so: list[Deed] = []
    for _ in range(count):
        settings = shared if rng.random() < 0.35 else _settings(rng)
        if draw < 0.2:
            made_so.append(made(rng, _verb(rng), noun, settings, ways=(0, 1)))
        elif draw < 0.35:
            made_so.append(made(rng, verb, _noun(rng), settings, ways=(0, 1, 2)))
        else:
            made_so.append(made(rng, _verb(rng), _noun(rng), settings))
    return made_so


def made(
    rng: random.Random, verb: str, noun: str, settings: list[Setting], ways: tuple[int, ...] = (0, 0, 1, 2, 2, 3, 4)
) -> Deed:
    """A deed named after a verb and a noun, or after one of them, or after what is set."""
    way = rng.choice(ways)
    part = noun.replace(" ", "_")
    if way == 4 and (len(settings) != 1 or settings[0].spec.kind in ("text", "switch") or _vague(settings[0].label)):
        way = 0
    slots = tuple((each.spec.names[0], False, (each.spec,)) for each in settings)
    if way == 3:
        return _only_verb(verb, settings, slots)
    if way == 4:
        return _only_setting(rng, noun, settings[0], slots)
    names = {
        0: (f"{verb}_{part}", f"{verb}_{part}", f"{verb}_the_{part}", f"do_{verb}_{part}"),
        1: (f"{part}_{verb}", f"{part}_{verb}", f"{verb}_{part}"),
        2: (part, part, f"{part}_control", f"use_{part}", f"set_{part}", f"{part}_ctl", f"run_{part}"),
    }[way]
    said = [verb] if way < 2 else ["set", "use", "run", "put"]
    asks = [ask for word in said for ask in _orders(word, noun, settings)]
    asks += [Ask(Template(text), order=False, loose=True) for text in _noun_asks(noun, settings)]
    if way < 2:
        asks += _inflected(verb, noun, settings)
        asks += [Ask(Template(text), loose=True) for text in _verb_asks(verb, settings)]
    if way == 2 and len(settings) == 1:
        asks += _switched(noun, settings[0])
    does = f"{verb if way < 2 else 'use'} the {noun}"
    return _deed(rng.sample(names, 1) + list(names), does, slots, asks, settings)


def _deed(names: list[str], does: str, slots: tuple, asks: list[Ask], settings: list[Setting]) -> Deed:
    told = "".join(each.told for each in settings)
    replies = (("neutral", f"(OK|Sure|Right), I {does}{told}."), ("neutral", f"I {does}{told}."))
    return Deed(tuple(names), does, does, f"gadget {does}", slots, tuple(asks), replies)


def _only_verb(verb: str, settings: list[Setting], slots: tuple) -> Deed:
    names = [verb, verb, f"do_{verb}", f"{verb}_now", f"start_{verb}", f"run_{verb}"]
    asks = [Ask(Template(text)) for text in _verb_asks(verb, settings)]
    return _deed(names, verb, slots, asks, settings)


def _only_setting(rng: random.Random, noun: str, setting: Setting, slots: tuple) -> Deed:
    """`set_kettle_warmth(value: 0..10)`."""
    part, label, value = noun.replace(" ", "_"), setting.label, setting.value
    end = label.replace(" ", "_")
    names = [f"set_{part}_{end}", f"{part}_{end}", f"{end}_of_{part}", f"adjust_{part}_{end}", f"{part}_{end}_set"]
    rng.shuffle(names)
    the = f"{_THE} {noun} {label}"
    texts = (
        f"(set|change|put|turn|bring|adjust|move) {the} to {value}", f"(set|change|put|bring) {_THE} {label} of {_THE} {noun} to {value}",
        f"(make|give) {the} {value}", f"(choose|pick|select|use) {value} for {the}", f"(set|change) {the}", f"(put|use) {value} as {the}",
        f"(set|change|adjust) {_THE} {label} of {_THE} {noun}", f"(have|leave|keep) {the} at {value}",
    )  # fmt: skip
    more = (
        f"{noun} {label} {value}", f"{noun} {label} (to|at|=|:) {value}", f"{the} should be {value}", f"(i want|i'd like|we need) {the} (at|to be) {value}",
        f"let's have {the} at {value}", f"{value} for {the}", f"{label} of {_THE} {noun} {value}", f"{the} must (go|be) to {value}",
    )  # fmt: skip
    asks = [Ask(Template(text)) for text in texts] + [Ask(Template(text), order=False) for text in more]
    does = f"set the {noun} {label}"
    replies = (("neutral", f"The {noun} {label} is {value} now."), ("neutral", f"OK, {noun} {label} {value}."))
    return Deed(tuple(names), does, does, f"gadget {does}", slots, tuple(asks), replies)


def _orders(verb: str, noun: str, settings: list[Setting]) -> list[Ask]:
    """Orders with verb and noun."""
    say = f"{verb} {_THE} {noun}"
    return [Ask(Template(text)) for text in [say, *(f"{say}{how}" for how in _hows(settings))]]


_ON = ("on", "enabled", "active", "state", "power", "running")
_MASS = ("ml", "g", "l", "cups", "pieces", "portions")


def _inflected(verb: str, noun: str, settings: list[Setting]) -> list[Ask]:
    """Other forms of the verb, and other words for it: `get the kettle drained`, `give the kettle a shake`."""
    the, done, doing = f"{_THE} {noun}", verbs.past(verb), verbs.continuous(verb)
    hows = ["", *_hows(settings)]
    orders = [f"start {doing} {the}", f"do (the|some) {noun} {doing}", f"give {the} a {verb}", f"begin {doing} {the}"]
    more = [f"(time for|let's have) some {doing} of {the}", f"{the} could use a {verb}"]
    if done.endswith("ed"):
        orders += [f"(get|have) {the} {done}"]
        more += [f"{the} (must|should|needs to|has to) be {done}", f"(i want|i need|i'd like|we need) {the} {done}"]
    asks = [
        Ask(Template(f"{text}{how}")) for text in orders for how in random.Random(text).sample(hows, min(len(hows), 3))
    ]
    asks += [
        Ask(Template(f"{text}{how}"), order=False)
        for text in more
        for how in random.Random(text).sample(hows, min(len(hows), 3))
    ]
    others = [word for word in OTHER_WORDS.get(verb, ()) if " " not in word]
    return asks + [Ask(Template(f"{word} {the}{how}"), loose=True) for word in others for how in hows[:6]]


def _switched(noun: str, setting: Setting) -> list[Ask]:
    """Orders for what is switched or moved: `turn the fan off`, `stop the fan`, `bring the arm up`."""
    name, value, the = setting.spec.names[0], setting.value, f"{_THE} {noun}"
    if setting.spec.kind == "switch" and name in _ON:
        texts = {f"(turn|switch|put) {the} {value}": "", f"(turn|switch) {value} {the}": "", f"(start|activate|fire up) {the}": "true",
                 f"(stop|deactivate|kill|cut) {the}": "false"}  # fmt: skip
        return [Ask(Template(text), fixed=((name, meant),) if meant else ()) for text, meant in texts.items()]
    if setting.spec.kind == "choice":
        return [
            Ask(Template(f"(put|bring|get|turn|switch|move|take|make|leave) {the} {way}{value}"))
            for way in ("", "to ", "")
        ]
    return []


def _noun_asks(noun: str, settings: list[Setting]) -> list[str]:
    """What people say of a thing without saying what is to be done."""
    if not settings:
        return [f"{noun} please", f"{noun} now", f"(i want|i need|let's have|time for) the {noun}"]
    texts = [f"{noun}{how}" for how in _hows(settings)]
    if len(settings) == 1 and settings[0].spec.kind != "text":
        value, label = settings[0].value, settings[0].label
        texts += [
            f"{noun} {value}", f"{noun}, {value}", f"{noun}: {value}", f"{value} for the {noun}", f"{value} on the {noun}",
            f"(i want|i'd like|i could use|we need|let's have) {_THE} {noun}, {value}", f"the {noun} (needs|should have|wants|gets) {value}",
            f"{noun} with {label} {value}", f"{noun} {label} {value}", f"(let's have|can i have|could i get) {_THE} {noun} (at|with|on) {value}",
            f"{noun} at {label} {value}", f"the {noun} to {value}", f"{noun} {label} (at|to|should be) {value}",
            f"could the {noun} (go|be) {value}", f"it's time for the {noun}, {value}", f"the {noun} is (all wrong|not right), {value}",
        ]  # fmt: skip
        if settings[0].spec.unit in _MASS:
            texts += [
                f"(i need|i could use|give me|let's have|i'd like|can i have|we need) {value} (of|from the) {noun}",
                f"{value} of {noun}",
            ]
    return texts


def _verb_asks(verb: str, settings: list[Setting]) -> list[str]:
    """What people say of a deed without saying of what."""
    them = "(it|this|that|everything|)"
    doing, done = verbs.continuous(verb), verbs.past(verb)
    hows = ["", *_hows(settings)]
    inflected = [f"(do|start|begin) some {doing}{how}" for how in hows] + [f"start {doing} {them}{how}" for how in hows]
    if done.endswith("ed"):
        inflected += [f"(get|have) (it|this|that|everything) {done}{how}" for how in hows]
    texts = [
        *inflected[:: 2 if len(hows) > 4 else 1],
        f"{verb} {them}",
        f"{verb} now",
        *(f"{verb} {them}{how}" for how in _hows(settings)),
    ]
    if len(settings) == 1 and settings[0].spec.kind == "choice":
        texts += [f"{verb} {settings[0].value}", f"{verb} (a|the) {settings[0].value} one"]
    return [*texts, f"do (a|the|some) {verb}", *(f"(do a|one) {verb}{how}" for how in _hows(settings))]


def _hows(settings: list[Setting]) -> list[str]:
    """Ways to say all parameters, in both orders, by their names or without."""
    if not settings:
        return []
    if len(settings) == 1:
        return [each for setting in settings for each in _ways(setting)]
    orders = [settings, settings[::-1]] if settings[-1].spec.kind != "text" else [settings]
    lists = []
    for order in orders:
        by_name = [
            each.how.strip(" ,").removeprefix("with ") if each.spec.kind == "switch" else f"{each.label} {each.value}"
            for each in order
        ]
        lists += [
            "".join(each.how for each in order), " with " + " and ".join(by_name), ", " + ", ".join(by_name),
            order[0].how + " and " + by_name[1] + "".join(f", {rest}" for rest in by_name[2:]), "".join(each.how for each in order),
        ]  # fmt: skip
    return [*lists, *(each.how for each in settings)]


def _ways(setting: Setting) -> list[str]:
    value, label = setting.value, setting.label
    ways = [setting.how, setting.how, setting.how]
    if setting.spec.kind == "switch":
        return [*ways, f", {value}"]
    ways += [
        f" with {label} {value}",
        f", {label} {value}",
        f" and set the {label} to {value}",
        f" with a {label} of {value}",
    ]
    if setting.spec.kind == "choice":
        ways += [
            f" in {value}",
            f" to {value}",
            f" with {value}",
            f", {value}",
            f" in {value} {label}",
            f", make it {value}",
        ]
    if setting.spec.kind == "range":
        ways += [f", {value}", f" at {label} {value}", f" to {value}", f", make it {value}", f" on {label} {value}"]
    return ways


def _vague(label: str) -> bool:
    return len(label) < 3 or label in ("which", "what", "who", "where", "when", "item", "kind", "type", "to", "at")


def _verb(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.07:
        return words.made_up(rng)
    return rng.choice(_lists()["verbs"]) if draw < 0.8 else words.word("deed_verb", rng)


def _noun(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.08:
        return words.made_up(rng, 2)
    noun = rng.choice(_lists()["nouns"]) if draw < 0.75 else words.word("deed_part", rng)
    return f"{rng.choice(_lists()['kinds'])} {noun}" if rng.random() < 0.18 else noun


def _settings(rng: random.Random) -> list[Setting]:
    count = rng.choice([0, 1, 1, 1, 1, 1, 2, 2, 2, 3])
    kept: dict[str, Setting] = {}
    for _ in range(count):
        setting = rng.choices([_number, _choice, _switch, _text], [43, 38, 10, 9])[0](rng)
        if not any(_alike(setting, other) for other in kept.values()):
            kept[setting.spec.names[0]] = setting
    return sorted(kept.values(), key=lambda setting: setting.spec.kind == "text")


def _alike(one: Setting, other: Setting) -> bool:
    """Whether what is said of one may be meant for the other."""
    both = [each.spec for each in (one, other)]
    values = [{name for names, _ in spec.values for name in names} for spec in both]
    same_unit = all(spec.kind == "range" and spec.unit for spec in both) and both[0].unit == both[1].unit
    choices = all(spec.kind == "choice" for spec in both) and bool(values[0] & values[1])
    return one.label == other.label or same_unit or choices


def _number(rng: random.Random) -> Setting:
    names, unit, lows, highs, how = rng.choice(_lists()["numbers"]).split("; ")
    how, decimals, _ = how.partition(" d1")
    name = rng.choice(names.split(","))
    label = _label(name)
    spec = Spec(
        (name,),
        "range",
        lows=(rng.choice(lows.split("/")),),
        highs=tuple(highs.split("/")),
        decimals=1 if decimals or "." in lows + highs else 0,
        unit=unit.strip(),
        relative=UNITS[unit.strip()][2],
        special=UNITS[unit.strip()][3],
    )
    how = " " + how.replace("{#}", label).replace("{}", f"{{{name}}}")
    return Setting(spec, label, how, how if spec.unit in ("s", "min", "h", "times") else f", {{{name}}}")


def _choice(rng: random.Random) -> Setting:
    names, _, listed = rng.choice(_lists()["choices"]).partition(": ")
    name = rng.choice(names.split(","))
    values = listed.split("|")
    picked = rng.sample(values, rng.randint(2, min(len(values), 6)))
    if rng.random() < 0.07:
        picked = [f"{rng.choice(_lists()['kinds'])}_{value}" for value in picked]
    if rng.random() < 0.06:
        picked = [words.made_up(rng, 2) for _ in picked]
    spec = Spec((name,), "choice", tuple(((value,), _said(value, picked)) for value in dict.fromkeys(picked)))
    label, value = _label(name), f"{{{name}}}"
    told = f", {value}"
    how = rng.choice([f" (in|on|to|with) {value}", f" {value}", f", {value}", f" with {label} {value}", f" {value}"])
    return Setting(spec, label, how, told)


_SAID = {
    "slow": "slowly", "quick": "quickly", "gentle": "gently", "soft": "softly", "quiet": "quietly|silent", "strong": "strongly", "smooth": "smoothly",
    "large": "big", "small": "little", "max": "maximum|full", "medium": "middle|mid", "fast": "quickly|quick", "center": "middle", "both": "both of them",
    "off": "nothing", "front": "forward", "rear": "back", "low": "weak", "high": "strong", "normal": "as usual", "tiny": "very small", "huge": "very big",
    "port": "left", "starboard": "right", "up": "upwards", "down": "downwards", "left": "to the left", "right": "to the right", "half": "halfway",
    "closed": "shut", "open": "wide open", "iced": "ice cold", "hot": "very hot", "all": "every one", "auto": "automatic", "eco": "economy", "mild": "a mild",
    "english": "in english", "storm": "stormy", "rain": "rainy", "snow": "snowy", "dark": "darker", "straight": "straight on", "double": "twice as much",
    "coarse": "rough", "deep": "deeply", "moon": "the moon", "sirius": "the star sirius", "dog": "the dog", "cat": "the cat", "kitchen": "the kitchen",
    "lawn": "the lawn", "porch": "the porch", "hall": "the hall", "sun": "the sun", "roses": "the roses", "basil": "the basil", "clockwise": "with the clock",
    "first": "number one", "second": "number two", "tonight": "this evening", "later": "not now", "now": "at once", "spin": "spinning", "dry": "drying",
}  # fmt: skip


def _said(value: str, values: list[str]) -> str:
    """What people say for a value: mostly its name, now and then a form of it that is no other value."""
    ways = [way for way in _SAID.get(value, "").split("|") if way and not set(way.split()) & set(values)]
    name = value.replace("_", " ")
    return f"({'|'.join([name] * 5 + ways)})" if ways else name


def _switch(rng: random.Random) -> Setting:
    names, _, said = rng.choice(_lists()["switches"]).partition(": ")
    name = rng.choice(names.split(","))
    yes, no = said.split(", ")
    spec = Spec((name,), "switch", ((("true",), yes), (("false",), no)))
    how = f" {{{name}}}" if name in ("on", "open", "opened", "state") else f" with {name} {{{name}}}"
    return Setting(spec, name, how, f", {name} {{{name}}}" if " with " in how else f", {{{name}}}")


def _text(rng: random.Random) -> Setting:
    names, _, text = rng.choice(_lists()["texts"]).partition(": ")
    name = rng.choice(names.split(","))
    return Setting(
        Spec((name,), "text", text=f"({text})"),
        name,
        rng.choice([" {0}", ": {0}", " with {1} {0}"]).format(f"{{{name}}}", name),
        f": {{{name}}}",
    )


def _label(name: str) -> str:
    return _SUFFIX.sub("", name).replace("_", " ")


@cache
def _lists() -> dict[str, list[str]]:
    """The lists of `gadgets.txt`."""
    lists: dict[str, list[str]] = {}
    kind = ""
    for line in (Path(__file__).parent / "gadgets.txt").read_text().split("\n"):
        if line.startswith("# "):
            kind = line[2:]
        elif line:
            lists.setdefault(kind, []).extend(line.split(",") if kind in ("verbs", "nouns", "kinds") else [line])
    return {kind: list(dict.fromkeys(entries)) for kind, entries in lists.items()}


OTHER_WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(others.split(","))
    for name, _, others in (
        pair.partition("=")
        for pair in """open=open up|close=shut|start=switch on,turn on,activate,begin with|stop=switch off,turn off,halt|raise=lift,put up,bring up|lower=put down,bring down,drop
        |set=adjust,change|tilt=tip,lean|shake=rattle,jiggle|lift=raise,pick up|fill=fill up,top up|empty=clear out,drain|heat=warm up,heat up|cool=chill,cool down|clean=wash,tidy,wipe
        |print=print out|scan=look over,examine|record=tape|measure=gauge,take the measure of|push=shove,press|pull=tug,drag|press=push|fold=fold up|extend=stretch out,put out,push out
        |retract=pull in,pull back,draw in|swing=sway|squeeze=squash,pinch|deploy=put out,set up|load=load up|unload=take the load off|toggle=flip,switch|rotate=turn,spin|change=swap,switch
        |freeze=ice|dry=dry off|move=shift,bring|slide=shift|spin=turn,whirl|twist=turn,wring|turn=rotate,spin|flip=turn over,flip over|throw=toss,fling|grab=take,grasp,seize|release=let go of,free
        |kick=boot|hit=strike,whack|knock=bang|mute=silence|dim=turn down,darken|light=light up,illuminate|show=display,present|hide=put away,cover|draw=sketch|check=inspect,look at,test
        |inspect=check,look over|watch=keep an eye on,look at|fetch=bring,get,go and get|deliver=bring,hand over|plant=put in|water=give water to,moisten|feed=give food to|cut=chop,snip
        |mix=stir,blend|pour=tip out|run=start,turn on|pause=hold|charge=recharge|dock=park|trim=cut|focus=sharpen|blink=flash|save=store,keep|send=transmit|dig=dig up|harvest=pick,gather
        |lock=lock up,bolt|unlock=undo|ring=sound|spray=squirt,mist|inflate=blow up,pump up|sweep=brush|vacuum=hoover|boil=heat up|level=even out|center=bring to the middle of""".replace(
            "\n", ""
        ).split("|")
    )
    for name, others in [(name.strip(), others)]
}  # fmt: skip
