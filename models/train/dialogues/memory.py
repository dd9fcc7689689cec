"""Turns that need what was said before: names, what people tell about themselves (memories.txt), and repeating."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from dialogues import words
from dialogues.requests import abilities_reply
from dialogues.scene import Exchange, Scene

_OPENINGS = (
    "(by the way|you know|just so you know|guess what|well|so|um|oh|and|also|hey|hey {robot}|{robot}|listen|fyi|btw|ok so|actually|to be honest|in fact|hello|hi|hi {robot}|please note|let me tell you something|i want to tell you something|i have to tell you something|one thing about me|something about me|this may interest you|for your information|not that it matters but|funny thing|fun fact|did i mention|did i tell you|oh and|right|look|yes|no), ",
)
_CLAUSE_OPENINGS = (
    "(did you know [that]|remember [that]|please remember [that]|can you remember that|don't forget [that]|keep in mind that|you should know [that]|i should tell you [that]|i wanted to say that|i want you to know [that]|i want you to remember that|note that|it so happens that|i think you should know that|i forgot to tell you that|i told you that|what you don't know is that|let me tell you that|i must say that|people know that|would you believe that|write down that|save that|store that|learn that|it is true that) ",
)
_ENDINGS = (
    "[,] (remember that [please]|don't forget [it|that]|ok|okay|you know|you see|just so you know|please remember it|by the way|i think|now you know|so yeah|lol|haha|please keep it in mind|got it|right|and that's that|if you want to know|to tell the truth|can you remember that|will you remember that|remember it for me|keep that in mind|btw|{robot}|my friend|little robot)",
    ". (it's true|i just wanted to say that|keep it to yourself|that's me|now you know|that's all|can you remember that|will you remember|i hope you remember|please remember that|remember it|don't forget it|so now you know it|what do you say|isn't that nice)",
)
_BEFORE = "(i am home [now]|it was a long day|hello|hi there|good morning|good evening|nice weather today|i want to talk about me|let's talk about me|i'm back|i was just thinking|today was fun|i have some time|listen up|i am bored|it is me again|are you listening|are you there|let me tell you about me|let me think|good that you ask|ok here is something). "
_LONGER_BEFORE = (
    "(it was raining|the bus was late|i had a long day|i slept badly|i was at work|we had guests|i just got up|dinner was late|my {relation} called|i am a bit tired|the {thing} broke|i met {person}|it is {weekday}) [today] and ",
    "(i was talking to my {relation}|i was telling {person}|we were talking about it|i was cleaning up|i was thinking about it) and (i said that|it came up that|as you may know,|the thing is that) ",
    "(before i forget|before we go on|since you asked|now that we talk about it|as you want to know more about me|in case you wonder|in case anybody asks|so that you know|while we are at it|if i may say so|between you and me|people always ask me, so|one day you may need it, so), ",
    "(i don't tell this to everybody|you may not believe it|it is not a big thing|i never told you this|it's a bit silly|this is important|i am not sure if i told you), but ",
)
_LONGER_AFTER = (
    " (and|, and) (i am happy about it|that's how it is|my {relation} knows that too|nobody knew it|i thought you should know|everybody laughs about it|i'm proud of it|that is a long story|i'll tell you more later|now i have to go to work|the weather is nice)",
    ", (but that is another story|but you knew that|but my {relation} doesn't know|but don't tell {person}|although nobody believes it|as everybody knows|as i said|which is nice|which my {relation} finds funny|so now you know it|so please keep it in mind|if that is of interest|in case you need it)",
    ". (my {relation} told me to tell you|it was a nice day otherwise|the {thing} is broken, by the way|anyway, how nice to talk to you|we should talk more often|the rest is boring)",
)
_SLIPS = (
    ", (no|no sorry|sorry|no wait|wait|oh no|i mean|no no), (i mean|i meant|rather|it's|make that|make it|that's wrong, i meant) {x} [not {y}|and not {y}|instead]",
    ". (no|sorry|wait|oops|hmm no|that's wrong), (i mean|i meant|i wanted to say) {x} [not {y}|and not {y}]",
    ", (or rather|or better|well, actually|correction|scratch that|no, what am i saying,) {x}",
    ", not {y}, sorry, (i mean|i meant) {x}",
)
_COMMAND = re.compile(r"^(\(remember|remember|please|look|this|meet|say|here|may|don't|keep|you know|by |greetings)")
_ASK_OPENINGS = "(so|and|hey|ok|now|um|well|tell me|quick question|memory test|little test|quiz|let's see|hmm|{robot}|hey {robot}|excuse me|sorry|one question|question|help me|i forgot|wait|come on|be honest|please tell me|think back|try to remember|as i said before|oh no), "
_ASK_ENDINGS = "[,] (again|do you remember|do you know|do you still know it|please|{robot}|remember|i forgot|can you tell me|i told you|i told you before|you should know that|come on|now|actually|any idea|tell me|i can't remember|as far as you know)"
_INDIRECT = "(do you (remember|know|recall|still know|still remember|happen to know)|can you (remember|tell me|remind me|recall|say)|could you (tell|remind) me|tell me|please tell me|remind me|i forgot|i can't remember|i don't remember|i do not know any more|have you forgotten|you forgot|i bet you forgot|i wonder if you (remember|know)|would you know|did i (tell you|mention|say)|i told you|let's see if you (know|remember)|show me that you remember|try to remember|i want to know|i'd like to hear|are you able to remember|you must remember|say|do you by any chance (know|remember)|would you (remember|remind me)|is it still in your memory|have you kept in mind|have you stored|did you (notice|note|keep|learn|hear|write down)|did you remember|what do you think, do you know|you surely know|surely you remember|please remind me|help me remember|help me out,|quick,|between us,|i was wondering if you (know|remember)|my {relation} asks|my {relation} would like to know|{person} wants to know|you were told|i said it before,|i know i told you) {c}"
_NOUNS = "(what was {c} [again]|what did i say {c} was|do you (remember|know|recall) {c}|(tell|remind) me [of] {c}|and {c}|{c}|{c} please|what about {c}|have you noted {c}|did i (mention|tell you) {c}|did you save {c}|can you repeat {c}|can you remember {c}|say {c}|i need {c}|name {c}|what do you know about {c}|give me {c}|{c}, what was it [again]|{c}, do you still know|i forgot {c}|i can't think of {c}|do you have {c} for me|help me with {c}|{c} again please|what do you remember of {c}|let me hear {c})"
_SAID = (
    "{w} did i (say|tell you|mention) [that] {c} [again]",
    "{w} was it (again|) that i said, {w} {c}",
    "{w} {c}, do you (still|) (know|remember) (that|it|)",
    "{w} {c}, (can|could) you tell me",
    "{w} {c}, that is what i (want to know|ask you|forgot)",
    "{w} do you (think|believe|say) {c}",
    "according to me, {w} {c}",
    "do you still have in mind {w} {c}",
)
_PRONOUN = "((what is|what was|what's) (his|her|its|their) name [again]|do you remember (his|her|its) name|(his|her|its) name was|say (his|her|its) name|what (is|was) (he|she|it) called [again])"
_UNTOLD = "(You have not told me that yet.|You have not told me that yet. Will you tell me?|I do not know, you have not told me.)"
_KEPT = "[I will remember that.|I will remember.]"
_OPEN_LABELS = {"item", "companion", "kept_thing", "belonging", "secret", "appointment", "attribute", "countable"}
# The same with another word, as people ask.
_OTHER_WORDS = {
    "mum": "mother", "mom": "mother", "mother": "mum", "dad": "father", "father": "dad", "grandma": "grandmother", "granny": "grandma", "nan": "grandmother",
    "grandpa": "grandfather", "grandmother": "grandma", "grandfather": "grandpa", "bunny": "rabbit", "kitten": "cat", "puppy": "dog", "little dog": "dog",
    "budgie": "bird", "phone": "mobile", "bag": "handbag", "glasses": "specs", "bike": "bicycle", "little brother": "brother", "big sister": "sister",
    "flatmate": "roommate", "teacher": "class teacher", "film": "movie", "movie": "film", "colour": "color", "color": "colour", "exam": "test", "supper": "dinner",
    "best friend": "bestie", "plane": "flight", "flight": "plane", "old dog": "dog", "old cat": "cat", "car keys": "keys to the car", "coat": "jacket",
}  # fmt: skip
_EXCLUSIVE = (
    {"birthmonth", "birthday"},
    {"petname", "petkind"},
    {"ate", "eating"},
    {"street", "floor"},
    {"trait", "job", "nationality"},
    {"count", "siblings"},
    {"floor", "flatnumber"},
    {"code", "entry"},
    {"departure", "appointment"},
    {"petkind", "petcoat"},
    {"learning", "instrument"},
)


@dataclass
class _Questions:
    """Ways to ask for a memory, and the answer to all of them."""

    asks: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)
    nouns: list[str] = field(default_factory=list)
    answer: str = ""


@dataclass
class _Kind:
    """A kind of thing that people tell: ways to tell it, to ask for it, and to answer."""

    name: str
    values: list[str]
    labels: str
    mood: str
    tells: list[tuple[str, str]] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    questions: list[_Questions] = field(default_factory=list)
    acks: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The sentence that says what was told."""
        return self.questions[0].answer

    def key(self, scene: Scene) -> str:
        """A key for a new thing of this kind: its name, and what of."""
        return f"{self.name}|{_label(self.labels, scene)}"


def _label(kind: str, scene: Scene) -> str:
    rng = scene.rng
    if not kind:
        return ""
    if kind == "person_label":
        return words.person_name(rng)
    if "/" in kind:
        return rng.choice(kind.split("/"))
    if kind in _OPEN_LABELS and rng.random() < 0.12:
        return words.made_up(rng)
    return rng.choice(list(words.ITEMS)) if kind == "item" else _filled(words.word(kind, rng), scene)


def _filled(text: str, scene: Scene) -> str:
    for slot, filling in scene.fill(text, {}).items():
        text = text.replace(f"{{{slot}}}", filling)
    return text


def _read(block: str) -> _Kind:
    head, *lines = block.split("\n")
    name, *settings = head.strip("# ").split("; ")
    setting = dict(item.split("=", 1) for item in settings)
    values = setting["x"].split("/" if setting["x"].startswith("!") else ",")
    kind = _Kind(name, values, setting.get("k", ""), setting.get("mood", "happy"))
    kind.questions.append(_Questions())
    for line in lines:
        mark, text = line.split(" ", 1)
        if mark in "?@*" and kind.questions[-1].answer:
            kind.questions.append(_Questions())
        questions = kind.questions[-1]
        if mark == ">":
            tell, _, ack = text.partition(" => ")
            kind.tells.append((tell, ack))
        elif mark == "=":
            questions.answer = text
        else:
            {
                "-": kind.fragments,
                "?": questions.asks,
                "@": questions.clauses,
                "*": questions.nouns,
                "+": kind.acks,
                "%": kind.checks,
            }[mark].append(text)
    return kind


@cache
def _kinds() -> dict[str, _Kind]:
    text = (Path(__file__).parent / "memories.txt").read_text().strip()
    return {kind.name: kind for kind in map(_read, text.split("\n\n"))}


def _parts(key: str) -> tuple[_Kind, str]:
    name, label = key.split("|")
    return _kinds()[name], label


@cache
def _shares() -> tuple[list[str], list[float]]:
    kinds = _kinds()
    often = {
        "favourite": 8.0,
        "kinname": 4.0,
        "petname": 4.0,
        "whereis": 4.0,
        "home": 3.0,
        "code": 3.0,
        "likes": 3.0,
        "age": 2.5,
        "job": 2.5,
    }
    return list(kinds), [often.get(name, 1.0 + len(kind.tells) / 10) for name, kind in kinds.items()]


def _an(text: str, value: str) -> str:
    """`text` with its articles before vowels put right, unless that would change `value`."""
    right = re.sub(r"\b([Aa]) (?=[aeioAEIO]|un[^i])", r"\1n ", text)
    return right if value in right else text


def _hear(scene: Scene, text: str, /, **slots: str) -> tuple[str, dict[str, str]]:
    """What the person types, now and then all in capitals."""
    user, slots = scene.hear(text, **slots)
    user = _an(user, slots.get("x", ""))
    if scene.rng.random() < 0.02:
        return user.upper(), {slot: value.upper() for slot, value in slots.items()}
    return user, slots


def _verb(label: str) -> dict[str, str]:
    plural = label.endswith("s") and not label.endswith("ss")
    return {"v": "are" if plural else "is", "w": "they" if plural else "it"}


def _value(kind: _Kind, label: str, scene: Scene) -> str:
    value = scene.rng.choice(kind.values)
    if kind.values[0].startswith("!"):
        return _filled(value.strip("!"), scene)
    return _filled(words.value(value, scene.rng, label), scene)


def _dressed(tell: str, scene: Scene) -> str:
    """A telling with what people say before and after it."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.22:
        tell = rng.choice(_OPENINGS) + tell
    elif draw < 0.36:
        tell = (rng.choice(_OPENINGS) if _COMMAND.match(tell) else rng.choice(_CLAUSE_OPENINGS)) + tell
    elif draw < 0.42:
        tell = _BEFORE + tell
    elif draw < 0.54 and not _COMMAND.match(tell):
        tell = rng.choice(_LONGER_BEFORE) + tell
    draw = rng.random()
    if draw < 0.2:
        return tell + rng.choice(_ENDINGS)
    return tell + rng.choice(_LONGER_AFTER) if draw < 0.3 and tell[-1] not in "?!" else tell


def _wondered(ask: str, scene: Scene) -> str:
    """A question with what people say before and after it."""
    draw = scene.rng.random()
    if draw < 0.2:
        ask = _ASK_OPENINGS + ask
    return ask + _ASK_ENDINGS if draw > 0.82 else ask


def _question(questions: _Questions, scene: Scene) -> str:
    """One of the many ways to ask for a memory."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.14 and questions.clauses:
        found = re.match(r"(what|where|when|who) ((?:i|my|the|\(the\|my\)) .*)", rng.choice(questions.clauses))
        if found:
            return rng.choice(_SAID).replace("{w}", found[1]).replace("{c}", found[2])
    if draw < 0.38 and questions.clauses:
        return _INDIRECT.replace("{c}", rng.choice(questions.clauses))
    if draw < 0.52 and questions.nouns:
        return _NOUNS.replace("{c}", rng.choice(questions.nouns))
    return _wondered(rng.choice(questions.asks), scene)


_TELL_NAME = (
    "(my name is|i'm|i am|call me|my name's|it's|it is|this is) {x} [here|by the way]",
    "(hello|hi|hey|good morning|good evening)[,] (my name is|i'm|i am|it's|this is|my name's) {x}",
    "(you can call me|they call me|everyone calls me|everybody calls me|people call me|you may call me|my friends call me|my family calls me|most people call me|just call me|call me) {x}",
    "(the name is|the name's|i am called|i'm called|i'm known as|i go by|i go by the name of|my first name is|my nickname is|my full name is|my parents named me|my real name is|my given name is|they named me) {x}",
    "{x} is (my name|what they call me|what everybody calls me|the name|my first name|who i am|how people call me|what you can call me)",
    "{x} here",
    "{x} (speaking|talking|is speaking|is here|is back)",
    "this is {x} (speaking|talking|here|by the way)",
    "i'm {x} (and i am your new owner|and i live here|and i built you|and i will play with you|from next door|your new friend|and i am {n} years old|and i like robots)",
    "(hi|hello|hey), {x} here",
    "i'm {x}, (nice to meet you|who are you|and you|pleased to meet you|your new owner|your friend|your new boss|hello)",
    "(remember|note|keep in mind) [that] my name is {x}",
    "please (remember|call) me [as] {x}",
    "(let me introduce myself|allow me to introduce myself|may i introduce myself|i should introduce myself|we haven't met), (i'm|i am|my name is) {x}",
    "you're (talking|speaking) (to|with) {x}",
    "(you are|you're) (looking at|listening to) {x}",
    "my name is {x}, (what's yours|what is your name|remember it|don't forget it|please remember that|nice to meet you|not that you asked)",
    "(i was|today was|it was) (tired|at work|a long day|at school|thinking), (my name is|i'm) {x} by the way",
    "so (my name is|i'm|i am) {x} and (we will be friends|i want to talk to you|i hope we get along|this is my home|i bought you|i have a question)",
    "my (name|first name) (would be|should be known to you, it is|is easy, it's|is simply) {x}",
    "i don't think we have met, i'm {x}",
    "(did you know|do you know) [that] (my name is|i am called) {x}",
    "(can|could|would|will) you (call me {x}|remember that i'm {x}|remember that my name is {x}) [please]",
    "i want you to call me {x}",
    "i (would like|prefer|want) to be called {x}",
    "my name is {y} but (everyone calls me|you can call me|call me|people call me|i go by|my friends say) {x}",
    "(it's|its) me, {x}",
    "it is me again, {x}",
    "who am i? i'm {x}",
    "save my name, it is {x}",
    "(you know who i am|guess who|surprise), (it's|i'm|i am) {x}",
    "name: {x}",
    "{x} is my name, (robots are my game|nice to meet you|and yours|don't wear it out)",
    "(ok|okay|well|so|um|oh), (my name is|i'm|i am|it's) {x}",
    "mein name, i mean my name, is {x}",
    "my name begins with {c}, it's {x}",
    "my mum (calls me|named me) {x}",
    "people around here (know me as|call me) {x}",
    "i introduce myself: {x}",
    "greetings, i am {x}",
    "i am {x} and this is my (house|room|kitchen|robot|office)",
    "you have a new friend, (i'm|my name is|it's) {x}",
    "{x}",
    "i am the one they call {x}",
    "my badge says {x}",
    "tell me {robot}, do you know that i'm {x}",
    "(yo|sup|howdy|hiya), (i'm|it's|name's) {x}",
    "i'm new here, (i'm|my name is|call me) {x}",
    "(don't|do not) forget, (i'm|i am|my name is) {x}",
    "(it was raining|i had a long day|i just got home|i am a bit tired) [today], but anyway, (i'm|i am|my name is) {x}",
    "(before we start|before i forget|so that you know|in case you wonder|since you ask), (my name is|i'm|i am|they call me) {x}",
    "i (am|was) {y}, no sorry, i mean {x}",
    "my name is {y}, (no wait|no|sorry|just kidding), it's {x}",
    "{y} is my {relation}, (i'm|i am|my name is) {x}",
    "you may know my {relation} {y}, (i'm|i am|my name is) {x}",
    "(i'm not|i am not) {y}, (i'm|i am|my name is) {x}",
    "the one who (talks|speaks) to you is (called|) {x}",
    "with me, {x}, you can talk about anything",
    "here (speaks|is) {x}",
    "{x} is (talking|speaking) to you",
    "whenever you see me, think of the name {x}",
    "put me down as {x}",
    "just think of me as {x}",
    "my name is {x} {c}.",
)
_SPELLED_NAME = (
    "(my name is|i'm|it's|i am) {x}, (that's|spelled|that is|you spell it|i spell it|in letters) {s}",
    "{x}, (that's|spelled) {s}",
    "{s}, {x}",
    "my name is {s}, {x}",
    "my name is spelled {s}",
    "i spell my name {s}, {x}",
    "(i'm|my name is|it's) {x} with the letter {c}",
    "(i'm|my name is) {x}, with {c} (at the beginning|as in {word}|at the start)",
)
_RENAME = (
    "(no|sorry|wait|oops), (my name is|it's|it is|i'm|i am|call me|i meant|i said) {x}",
    "actually (my name is|it's|i'm|call me) {x}",
    "(from now on|now|today) [please] call me {x}",
    "my name is not {old}, (it is|it's|i'm) {x}",
    "(i'm|i am) not {old}, (i'm|my name is|it's|i am) {x}",
    "not {old}, {x}",
    "no, (it's|i am) {x}, not {old}",
    "{x}, not {old}",
    "(you got it wrong|that's wrong|wrong name|that's not my name|wrong), (i'm|i am|it's|my name is) {x}",
    "my (real|new|true) name is {x}",
    "please don't call me {old}, (i'm|call me|my name is) {x}",
    "i changed my name to {x}",
    "i changed my name, (it's|now i'm|i am) {x} (now|)",
    "(you can|better|just) call me {x} (now|from now on|instead)",
    "i was joking, (my name is|i'm|it's) {x}",
    "i lied, (my name is|i'm) {x}",
    "(i mean|i meant) {x}",
    "{old} is (my brother|my sister|gone|not here), (i'm|i am|this is) {x}",
    "now it's {x} (speaking|talking|here)",
    "(this is|now it is) {x} (now|here), {old} is (out|away|gone)",
    "my friends call me {x}, not {old}",
    "{old} is my last name, my first name is {x}",
    "sorry, {x} [is my name]",
    "a new person is here, (i'm|my name is|it's) {x}",
)
_RECALL_NAME = (
    "(what is|what's|whats|what was|and what's|so what is) my name [again|please|then]",
    "who am i [again|then]",
    "what am i called",
    "how am i called",
    "do you (remember|know|still know|recall|still remember) (my name|who i am|me|what i am called|what my name is|what i'm called|my name still|what to call me)",
    "(tell|remind) me (my name|who i am|what my name is|what i am called)",
    "(can|could) you (remember|recall|say|repeat|tell me|remind me of) my name [please]",
    "what did i say my name (was|is)",
    "did i (tell you|mention|say) my name",
    "(say|name|repeat) my name [please]",
    "(have you forgotten|did you forget|you forgot|i think you forgot|i bet you forgot|don't tell me you forgot) (my name|who i am|me)",
    "what name did i (give you|say|tell you)",
    "(and|so|ok|now) (who am i|what is my name|what's my name)",
    "what do you call me",
    "what (should|would|will) you call me",
    "how (should|would|will) you (call|greet|address) me",
    "(remember|recall) my name",
    "who (are you talking to|are you speaking with|is talking to you|is speaking|is this|is here|told you about me|is in front of you and talks) [right now]",
    "with whom are you (speaking|talking)",
    "do you know who (you are talking to|is talking|this is|i am|is speaking)",
    "by which name do you know me",
    "what's the name i (told|gave) you",
    "(i forgot|i can't remember) my (own name|name), (what is it|can you help|who am i|help me)",
    "(test|quiz|memory test|question|quick question): what is my name",
    "are you sure you know my name",
    "i wonder if you (remember|know) my name",
    "let's see if you (remember|know) (my name|who i am)",
    "(you know|you remember) my name, (right|don't you)",
    "my name",
    "what was my name",
    "have i told you (my name|who i am)",
    "is there a name for me",
    "(hey|hello|hi) {robot}, who am i",
    "which name (is mine|did i tell you|do i have)",
    "what name do i (have|go by)",
    "how do people call me",
    "what do my friends call me",
    "who is your (owner|friend|human|boss) [now]",
    "use my name",
    "can you greet me by (my|) name",
    "what's the name of your (friend|owner|human)",
    "who am i (to you|for you|according to you)",
    "(what|which) name do you have for me",
    "(what|how) did i (call myself|introduce myself)",
    "as who did i introduce myself",
    "what was it that (people|they|my friends) call me",
    "do you (still|) have my name [in your memory]",
    "(is my name|am i) still in your (memory|head)",
    "i told you (my name|who i am), (what was it|do you still know it|remember)",
    "you know me, (don't you|right), so who am i",
    "(say|tell me) who (i am|you are talking to|is here with you)",
    "what (would|do) you say if somebody asks who i am",
    "my {relation} asks who i am, what do you say",
    "if you had to write my name, what would you write",
    "(whose|who is the) voice (is this|do you hear|are you hearing)",
    "(guess|remember) who (i am|this is)",
    "what's the (name|word) for me",
    "have you kept my name",
    "did you get my name",
    "(am i|are you sure that i am) somebody you know",
)
_GREETED = "(Nice to meet you, {x}!|Nice to meet you, {x}!|Nice to meet you, {x}! I will remember your name.|Hello, {x}! Nice to meet you.|Hello, {x}! I am {robot}.)"
_YOUR_NAME = "(You are {x}.|Your name is {x}.|Your name is {x}.)"


def tell_name(scene: Scene) -> Exchange:
    """The person says their name, perhaps another one than before."""
    rng = scene.rng
    if scene.person and rng.random() < 0.6:
        return _rename(scene)
    draw = rng.random()
    name = words.person_name(rng)
    if draw < 0.1:
        return _introduced(scene, name)
    if draw < 0.3:
        return _tell_two(scene)
    letters = (
        rng.choice(["-", "-", "."] if "aa" in name.lower() else [" ", "-", "."]).join(name.upper())
        if name.isalpha() and len(name) < 10
        else ""
    )
    template = rng.choice(_SPELLED_NAME if letters and draw < 0.36 else _TELL_NAME[:5] if draw < 0.6 else _TELL_NAME)
    if rng.random() < 0.15:
        template = rng.choice((_BEFORE, *_OPENINGS)) + template
    user, slots = _hear(
        scene, template, x=name, y=words.person_name(rng), s=letters, c=rng.choice([name[0], name[-1]]).upper()
    )
    scene.person = slots["x"]
    return Exchange(user, scene.speak(_GREETED, x=slots["x"]), "happy", follow=_after_name(scene))


def _after_name(scene: Scene) -> partial[Exchange] | None:
    draw = scene.rng.random()
    if draw < 0.12:
        return partial(_rename)
    return partial(recall_name) if draw < 0.24 else None


def _rename(scene: Scene) -> Exchange:
    user, slots = _hear(scene, scene.rng.choice(_RENAME), x=words.person_name(scene.rng), old=scene.person or "")
    scene.person = slots["x"]
    reply = "(Sorry, {x}! I will remember that.|Oh, sorry, {x}! I will remember your name.|Thank you, {x}, I will remember that.)"
    return Exchange(
        user, scene.speak(reply, x=slots["x"]), "neutral", follow=recall_name if scene.rng.random() < 0.25 else None
    )


def _introduced(scene: Scene, name: str) -> Exchange:
    """A name and a question in one go."""
    kind = scene.rng.choice(["who", "how", "what"])
    question = {
        "who": "(who are you|what is your name|what's your name|and you|what's yours|what are you called)",
        "how": "(how are you [today]|how's it going|how do you do|how are you doing)",
        "what": "(what can you do|what are you able to do)",
    }[kind]
    user, slots = _hear(scene, f"[hi|hello|hey] (my name is|i'm|i am|this is) {{x}}[,] [and] {question}", x=name)
    scene.person = slots["x"]
    if kind == "what":
        return Exchange(user, scene.speak("Hello, {x}! ", x=slots["x"]) + " " + abilities_reply(scene), "happy")
    reply = "(Nice to meet you, {x}!|Hello, {x}!) " + (
        "I am {robot}, {character}." if kind == "who" else "I am very well, thank you."
    )
    return Exchange(user, scene.speak(reply, x=slots["x"]), "happy")


def recall_name(scene: Scene) -> Exchange:
    """What is my name?"""
    rng = scene.rng
    draw = rng.random()
    if scene.person and draw < 0.1:
        other = words.person_name(rng) if rng.random() < 0.6 else scene.person
        user, slots = _hear(
            scene, "(is my name {x}|am i {x}|my name is {x}, right|i am {x}, right|am i called {x})", x=other
        )
        if slots["x"].lower() == scene.person.lower():
            return Exchange(user, scene.speak("Yes, you are {x}!", x=scene.person), "happy")
        return Exchange(user, scene.speak("No, you told me that you are {x}.", x=scene.person), "neutral")
    if draw < 0.14:
        user, _ = _hear(
            scene,
            "(what is your name|what's your name|who are you|and your name|do you know your own name|what are you called|and who are you|i know my name, but what is yours)",
        )
        return Exchange(user, scene.speak("(I am {robot}.|My name is {robot}.)"), "happy")
    if scene.person and draw < 0.24 and _keys(scene):
        return _recall_two(scene)
    template = rng.choice(_RECALL_NAME[:6]) if draw < 0.5 else rng.choice(_RECALL_NAME)
    if rng.random() < 0.15:
        template = _ASK_OPENINGS + template
    user, _ = _hear(scene, template)
    if scene.person:
        return Exchange(user, scene.speak(_YOUR_NAME, x=scene.person), "happy")
    reply = "(You have not told me your name yet. What is it?|I do not know your name yet. What is it?)"
    return Exchange(user, scene.speak(reply), "neutral", follow=_given_name)


def _given_name(scene: Scene) -> Exchange:
    if scene.rng.random() < 0.1:
        user, _ = _hear(
            scene, "(i won't tell you|that's a secret|guess|not telling|none of your business|why do you want to know)"
        )
        return Exchange(user, scene.speak("(That is fine, a secret is a secret.|OK, you can tell me later.)"))
    user, slots = _hear(scene, "(it's|it is|my name is|i'm|i am|call me||||) {x}", x=words.person_name(scene.rng))
    scene.person = slots["x"]
    return Exchange(user, scene.speak(_GREETED, x=slots["x"]), "happy", follow=_after_name(scene))


def ask_name(scene: Scene) -> Exchange:
    """The person greets, the robot asks who is there."""
    if scene.person:
        return recall_name(scene)
    user, _ = _hear(
        scene,
        "(guess who i am|we have not met [yet]|i am new here|do we know each other|have we met [before]|you don't know me|ask me my name|i forgot to introduce myself|you don't know my name yet|do you want to know my name|i haven't told you my name)",
    )
    reply = "(What is your name?|Who are you? Tell me your name.|Nice to have you here! What is your name?)"
    return Exchange(user, scene.speak(reply), "happy", follow=_given_name)


def _keys(scene: Scene) -> list[str]:
    return [key for key in scene.known if "|" in key]


def _free_key(scene: Scene) -> str:
    """A key that nothing was told for, and that no other thing told would answer."""
    names, weights = _shares()
    told = {key.split("|")[0] for key in _keys(scene)}
    while True:
        name = scene.rng.choices(names, weights)[0]
        key = _kinds()[name].key(scene)
        if key not in scene.known and not any(name in group and told & (group - {name}) for group in _EXCLUSIVE):
            return key


def tell_fact(scene: Scene) -> Exchange:
    """The person says something about themselves that can be asked for later."""
    rng = scene.rng
    keys = _keys(scene)
    draw = rng.random()
    if keys and draw < 0.2:
        return _retell(scene, rng.choice(keys))
    if draw < 0.32:
        return _tell_two(scene) if draw > 0.23 else _tell_three(scene)
    key = _free_key(scene)
    if keys and rng.random() < 0.25:
        key = _sibling(scene, rng.choice(keys)) or key
    kind, label = _parts(key)
    if kind.fragments and rng.random() < 0.08:
        tell, ack = rng.choice(kind.fragments), ""
    else:
        tell, ack = rng.choice(kind.tells)
        slip = rng.random() < 0.07 and tell.count("{x}") == 1 and not ack
        tell = tell.replace("{x}", "{y}") + rng.choice(_SLIPS) if slip else _dressed(tell, scene)
    slots = {"x": _value(kind, label, scene), "y": _value(kind, label, scene), "k": label, **_verb(label)}
    user, slots = _hear(scene, tell, **slots)
    scene.known[key] = slots["x"]
    return Exchange(user, _noted(kind, ack, slots, scene), kind.mood, follow=_after_fact(scene, key))


def _sibling(scene: Scene, key: str) -> str | None:
    """A free key of the same kind: another pet, another favourite."""
    kind, _ = _parts(key)
    other = kind.key(scene)
    return other if kind.labels and other not in scene.known else None


def _noted(kind: _Kind, ack: str, slots: dict[str, str], scene: Scene) -> str:
    """What the robot says to what it was told: mostly the same sentence that it will say when asked."""
    draw = scene.rng.random()
    if ack:
        return _an(scene.speak(ack, **slots), slots["x"])
    if draw < 0.72:
        return scene.speak(f"{kind.answer} {_KEPT}", **slots)
    return scene.speak(scene.usual(kind.acks), **slots)


def _after_fact(scene: Scene, key: str) -> partial[Exchange] | None:
    draw = scene.rng.random()
    if draw < 0.08:
        return partial(_retell, key=key, close=True)
    return partial(recall_fact, key=key, close=True) if draw < 0.2 else None


def _retell(scene: Scene, key: str, *, close: bool = False) -> Exchange:
    """Another value for something told before; right after it the value alone will do."""
    rng = scene.rng
    kind, label = _parts(key)
    old = scene.known[key]
    if close and rng.random() < 0.6:
        tell = "(no|sorry|wait|oops|i mean|no wait|no, sorry|correction|sorry, that was wrong|that's not right|hmm no|ah no|i was wrong|wrong), (i meant|it's|it is|i mean||make that|rather|i should have said) {x} [not {old}|and not {old}|instead]"
        if kind.labels not in {"", "item"} or rng.random() < 0.3:
            tell = "(no|sorry|wait|oops|i mean|no wait|no, sorry|not {old}|forget {old}|i was wrong), (i meant|i mean|i meant to say) {x} [not {old}|instead]"
    else:
        tell = (
            "(actually|no|sorry|wait|well|oh|hmm|i changed my mind|correction|that has changed|not any more|things changed|update|listen, it is different now|by the way|now|these days|today), "
            + rng.choice(kind.tells)[0]
        )
        tell += rng.choice(["", "", "", " now", ", not {old}", " (from now on|these days)"])
    user, slots = _hear(scene, tell, x=_value(kind, label, scene), k=label, old=old, **_verb(label))
    scene.known[key] = slots["x"]
    answer = scene.speak(kind.answer, **slots)
    follow = partial(recall_fact, key=key) if rng.random() < 0.25 else None
    return Exchange(user, scene.speak(f"(OK!|All right!|Oh!) {{a}} {_KEPT}", a=answer), "neutral", follow=follow)


def _tell_two(scene: Scene) -> Exchange:
    """A name and a fact, or two facts, in one go."""
    rng = scene.rng
    key = _free_key(scene)
    kind, label = _parts(key)
    second, _ = rng.choice(
        [tell for tell in kind.tells if not tell[1] and not _COMMAND.match(tell[0])] or kind.tells[:1]
    )
    slots = {"x": _value(kind, label, scene), "k": label, **_verb(label)}
    link = "(, and| and|. |, and by the way,|, also|,| but|. oh and|; and)"
    if scene.person is None or rng.random() < 0.3:
        first = rng.choice(_TELL_NAME[:5])
        if rng.random() < 0.2:
            template = f"{second}{link} (my name is|i'm|i am called|call me) {{z}}"
        else:
            template = f"{first.replace('{x}', '{z}')}{link} {second}"
        user, slots = _hear(scene, template, z=words.person_name(rng), **slots)
        scene.person = slots["z"]
        reply = scene.speak("Nice to meet you, {z}!", z=slots["z"])
    else:
        old, scene.known[key] = scene.known.get(key), slots["x"]
        other = _free_key(scene)
        scene.known.pop(key) if old is None else None
        kind2, label2 = _parts(other)
        if kind2.labels == "belonging" and kind.labels == "belonging":
            return tell_name(scene)
        first, _ = rng.choice(kind2.tells)
        slots2 = {"z": _value(kind2, label2, scene), "j": label2}
        if kind2.labels == "belonging":
            slots |= _verb(label2)
        template = f"{_renamed(first)}{link} {second}"
        user, slots = _hear(scene, template, **slots, **slots2)
        scene.known[other] = slots["z"]
        reply = scene.speak(_renamed(kind2.answer), **slots)
    scene.known[key] = slots["x"]
    return Exchange(user, f"{reply} {scene.speak(kind.answer, **slots)}", "happy", follow=_after_fact(scene, key))


def _tell_three(scene: Scene) -> Exchange:
    """A name and two facts, or three facts, in one go."""
    rng = scene.rng
    tells, replies, slots = [], [], {}
    if scene.person is None:
        slots["x9"] = words.person_name(rng)
        tells, replies = [rng.choice(_TELL_NAME[:3]).replace("{x}", "{x9}")], ["Nice to meet you, {x9}!"]
    keys: list[str] = []
    for number in range(3 - len(tells)):
        key = _free_key(scene)
        kind, label = _parts(key)
        scene.known[key] = ""
        keys.append(key)
        plain = [tell for tell, ack in kind.tells if not ack and not _COMMAND.match(tell)]
        values = {"x": _value(kind, label, scene), "k": label, **_verb(label)}
        slots |= {f"{slot}{number}": value for slot, value in values.items()}
        tells.append(_numbered(rng.choice(plain or [kind.tells[0][0]]), number))
        replies.append(_numbered(kind.answer, number))
    first, last = rng.choice([(", ", " and "), (", ", ", and "), (" and ", " and "), (". ", ". "), ("; ", "; and ")])
    user, slots = _hear(scene, f"{tells[0]}{first}{tells[1]}{last}{tells[2]}", **slots)
    for number, key in enumerate(keys):
        scene.known[key] = slots[f"x{number}"]
    scene.person = slots.get("x9", scene.person)
    reply = " ".join(scene.speak(reply, **slots) for reply in replies)
    return Exchange(user, reply, "happy", follow=_after_fact(scene, rng.choice(keys)))


def _numbered(text: str, number: int) -> str:
    """A template whose own slots carry a number."""
    return re.sub(r"\{([xkvw])\}", rf"{{\g<1>{number}}}", text)


def _renamed(text: str) -> str:
    """A template that uses other slots for its value and label."""
    return text.replace("{x}", "{z}").replace("{k}", "{j}")


def _recall_two(scene: Scene) -> Exchange:
    """Two things asked for at once: the name and something else."""
    rng = scene.rng
    key = rng.choice(_keys(scene))
    kind, label = _parts(key)
    if rng.random() < 0.4:
        user, _ = _hear(
            scene,
            "(what do you (know|remember) about me|tell me (everything|all|what) you know about me|what have i told you [about me]|what did i tell you about (me|myself)|do you know anything about me|do you remember what i told you about me|what can you say about me)",
        )
        key = next(iter(_keys(scene)))
        kind, label = _parts(key)
        slots = {"k": label}
    else:
        user, slots = _hear(
            scene,
            f"(what is my name|what's my name|who am i|do you know my name)(, and| and|? and|,) {rng.choice(kind.questions[0].asks)}",
            k=label,
            **_verb(label),
        )
    told = scene.speak(kind.answer, **{**slots, **_verb(label), "x": scene.known[key]})
    return Exchange(user, f"{scene.speak('(You are {x}.|Your name is {x}.)', x=scene.person or '')} {told}", "happy")


def recall_fact(scene: Scene, key: str = "", *, close: bool = False) -> Exchange:
    """A question about something the person told, or did not."""
    rng = scene.rng
    keys = _keys(scene)
    if not keys or (not key and rng.random() < 0.18):
        return _untold(scene, keys)
    key = key if key in keys else rng.choice(keys)
    kind, label = _parts(key)
    told = scene.known[key]
    label = _reworded(label, keys) if rng.random() < 0.12 else label
    verb = _verb(label)
    if kind.checks and rng.random() < 0.07:
        other = told if rng.random() < 0.5 else _value(kind, label, scene)
        user, slots = _hear(scene, rng.choice(kind.checks), y=other, k=label, **verb)
        answer = scene.speak(kind.answer, **{**slots, **verb, "x": told})
        right = slots["y"].lower() == told.lower()
        return Exchange(
            user, f"{'Yes' if right else 'No'}, {answer[:1].lower()}{answer[1:]}", "happy" if right else "neutral"
        )
    questions = kind.questions[0] if len(kind.questions) == 1 or rng.random() < 0.75 else rng.choice(kind.questions[1:])
    ask = _question(questions, scene)
    if close and kind.name in {"petname", "kinname", "called"} and rng.random() < 0.3:
        ask, questions = _PRONOUN, kind.questions[0]
    user, slots = _hear(scene, ask, k=label, x=told, **verb)
    answer = scene.speak(questions.answer, **{**slots, **verb, "x": told})
    return Exchange(user, _an(answer, told), "happy")


def _reworded(label: str, keys: list[str]) -> str:
    """Another word for a label, unless it would not be clear which is meant."""
    other = _OTHER_WORDS.get(label, label)
    return label if any(key.split("|")[1] == other for key in keys) else other


def _untold(scene: Scene, keys: list[str]) -> Exchange:
    """A question for what was never told, often close to something that was."""
    rng = scene.rng
    key = _free_key(scene)
    if keys and rng.random() < 0.5:
        key = _sibling(scene, rng.choice(keys)) or key
    kind, label = _parts(key)
    user, _ = _hear(scene, _question(kind.questions[0], scene), k=label, **_verb(label))
    return Exchange(user, scene.speak(_UNTOLD), follow=partial(_tells_it, key=key))


def _tells_it(scene: Scene, key: str) -> Exchange:
    """After the robot said that it was not told: the person tells it."""
    rng = scene.rng
    kind, label = _parts(key)
    tell = rng.choice(kind.tells)[0]
    if rng.random() < 0.4 and kind.name not in {"ate", "whereis"}:
        tell = "(it's|it is|) {x}"
    elif rng.random() < 0.4:
        tell = "(ok|okay|sure|then i tell you|all right|you're right|oh), " + tell
    user, slots = _hear(scene, tell, x=_value(kind, label, scene), k=label, **_verb(label))
    scene.known[key] = slots["x"]
    reply = scene.speak(f"{kind.answer} {_KEPT}", **slots)
    return Exchange(user, reply, "happy", follow=_after_fact(scene, key))


def recall(scene: Scene) -> Exchange:
    """A question for whatever this conversation has told."""
    known = len(_keys(scene))
    if scene.person and known and scene.rng.random() < 0.08:
        return _recall_two(scene)
    if scene.person and (not known or scene.rng.random() < 0.9 / (0.9 + known)):
        return recall_name(scene)
    return recall_fact(scene)


def said_before(scene: Scene) -> Exchange:
    """What did I just say?"""
    user, _ = scene.hear(
        "(what did i [just] (say|tell you|ask [you])|what was (the last thing i said|my last question|my question|i saying|my last sentence|the last thing i told you)|do you remember what i [just] said|did you hear what i [just] said|repeat what i [just] said|say what i said|what did you hear|what have i [just] said|what was that i said|can you repeat what i said|what were my last words|tell me what i [just] said|did you understand what i said|repeat my (words|last words|sentence) [please])"
    )
    last = next((past for past in reversed(scene.past)), None)
    if last is None:
        return Exchange(
            user, scene.speak("(You have not said anything before that.|That was the first thing you said to me.)")
        )
    return Exchange(user, scene.speak("(You said: {x}.|You just said: {x}.)", x=last.user.rstrip(".!?")))


def repeat(scene: Scene) -> Exchange:
    """Can you repeat that?"""
    user, _ = scene.hear(
        "(can you (repeat|say) that [again] [please]|repeat [that|please]|say that again [please]|what did you [just] say|pardon|pardon me|sorry [what|i did not hear you|come again|say again]|what was that|excuse me, what|come again|i (did not|didn't) (hear|catch|get|understand) (that|you|it)|once again please|could you repeat [that|it] [please]|what|huh|i didn't hear you [can you repeat]|say again|one more time please, i did not hear you|repeat your (answer|last words|last sentence)|what were you saying|i missed that|you said what|what did you tell me|would you say that again)"
    )
    last = next((past for past in reversed(scene.past)), None)
    if last is None:
        return Exchange(
            user, scene.speak("(I have not said anything yet.|I have said nothing so far. Ask me something!)")
        )
    return Exchange(user, scene.speak("I said: {x}", x=last.reply))


_PHRASES = (
    "{word} {word2}", "hello {person}", "i like {food}", "{topic}", "good morning", "the {adjective} {thing}", "{word}", "welcome home",
    "{food} and {food2}", "my {relation} is great", "i am a robot", "{person} is the best", "{word} {word2} {word3}", "happy birthday {person}",
    "the {animal} is {adjective}", "dinner is ready", "{person} and {person2}", "i love {topic}", "where is my {thing}",
)  # fmt: skip


def say_after(scene: Scene) -> Exchange:
    """Say these words."""
    if any(action.parameters and action.parameters[0].kind == "text" for action in scene.body.actions):
        return recall_name(scene)
    user, slots = scene.hear(
        "(say: {x}|repeat after me: {x}|(can|could|would) you say {x}|please say {x}|say {x} [for me|please]|repeat after me, {x}|i want you to say {x}|say the words {x}|now say {x}|try to say {x}|just say {x})",
        x=scene.speak(scene.rng.choice(_PHRASES)),
    )
    return Exchange(user, scene.speak("(As you wish: {x}!|Gladly: {x}!)", x=slots["x"]), "happy")


def use_name(scene: Scene) -> Exchange:
    """Greetings and goodbyes that use a known name."""
    if scene.person is None:
        return tell_name(scene)
    if scene.rng.random() < 0.5:
        user, _ = scene.hear(
            "(bye|goodbye|see you [later|soon|tomorrow]|good night|i have to go [now]|see ya|talk to you later|take care|ciao|i'm off|farewell|until tomorrow|bye bye|bye {robot}|goodbye {robot}|that's all, bye|i'm leaving now|have a good night|good night {robot})"
        )
        return Exchange(
            user, scene.speak("(Goodbye, {x}!|Bye, {x}, see you soon!|Take care, {x}!)", x=scene.person), "happy"
        )
    user, _ = scene.hear(
        "(say hello to me|greet me|say hi|hello again|say my name and hello|say something nice to me|i am back [again]|greet me by (my |)name|say hello|welcome me)"
    )
    return Exchange(user, scene.speak("(Hello, {x}!|Hello again, {x}! How nice to see you.)", x=scene.person), "happy")
