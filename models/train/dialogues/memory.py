"""Turns that need what was said before: names, preferences, and repeating."""

from __future__ import annotations

from functools import partial

from dialogues import words
from dialogues.requests import abilities_reply
from dialogues.scene import Exchange, Scene

_TELL_NAME = (
    "(my name is|i'm|i am|call me|you can call me|they call me|everyone calls me|this is|it's|it is|my name's|the name is|i am called|you may call me|people call me|hello i am|hi, i'm|hi my name is|hey, my name is) {x} [here|by the way]",
    "({x} is my name|{x} is what they call me|{x} here|i'm {x} and i am your new owner|i'm {x}, (nice to meet you|who are you|and you)|(remember|note) [that] my name is {x}|please (remember|call) me [as] {x}|my friends call me {x}|hi, {x} here|let me introduce myself, i'm {x}|you're talking to {x})",
)
_ITEMS = ("color", "food", "animal", "hobby", "place")
_ITEM_WORDS = {"color": "(colour|color)", "food": "food", "animal": "animal", "hobby": "hobby", "place": "place"}
_OTHERS = (
    "song",
    "book",
    "movie",
    "band",
    "game",
    "team",
    "drink",
    "season",
    "flower",
    "subject",
    "singer",
    "sport",
    "dish",
    "toy",
    "number",
    "holiday",
    "writer",
    "word",
    "shop",
    "film",
)


def tell_name(scene: Scene) -> Exchange:
    """The person says their name, perhaps another one than before."""
    rng = scene.rng
    name = words.person_name(rng)
    if scene.person and rng.random() < 0.6:
        user, slots = scene.hear(
            "(no, my name is|actually my name is|no i am|sorry, i meant|my (real|new) name is|from now on call me|no, it's|please call me|my name is not {old}, it is|you got it wrong, i am) {x}",
            x=name,
            old=scene.person,
        )
        scene.person = slots["x"]
        return Exchange(
            user,
            scene.speak(
                "(Sorry, {x}!|Oh, sorry, {x}! I will remember that.|Thank you, {x}, I will remember that.)",
                x=slots["x"],
            ),
            "surprised",
        )
    if rng.random() < 0.12:
        return _introduced(scene, name)
    user, slots = scene.hear(_TELL_NAME[0] if rng.random() < 0.7 else _TELL_NAME[1], x=name)
    scene.person = slots["x"]
    reply = scene.speak(
        "(Nice to meet you, {x}!|Hello, {x}! Nice to meet you.|Hello, {x}, I will remember your name.|Pleased to meet you, {x}!|What a nice name, {x}! I am {robot}.)",
        x=slots["x"],
    )
    return Exchange(user, reply, "happy", follow=recall_name if rng.random() < 0.2 else None)


def _introduced(scene: Scene, name: str) -> Exchange:
    """A name and a question in one go."""
    kind = scene.rng.choice(["who", "how", "what"])
    question = {
        "who": "(who are you|what is your name|what's your name|and you|what's yours)",
        "how": "(how are you [today]|how's it going|how do you do)",
        "what": "(what can you do|what are you able to do)",
    }[kind]
    user, slots = scene.hear(f"[hi|hello|hey] (my name is|i'm|i am|this is) {{x}}[,] [and] {question}", x=name)
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
    if scene.person and rng.random() < 0.15:
        other = words.person_name(rng) if rng.random() < 0.6 else scene.person
        user, slots = scene.hear("(is my name {x}|am i {x}|my name is {x}, right|i am {x}, right)", x=other)
        if slots["x"].lower() == scene.person.lower():
            return Exchange(user, scene.speak("Yes, you are {x}!", x=scene.person), "happy")
        return Exchange(user, scene.speak("No, you told me that you are {x}.", x=scene.person), "neutral")
    user, _ = scene.hear(
        "(what is my name|what's my name|do you (remember|know) (my name|who i am|me|what i am called)|who am i|(tell|remind) me my name|can you remember my name|what am i called|how am i called|what did i say my name was|did i tell you my name|say my name|have you forgotten my name|you forgot my name|what name did i give you|and who am i|so who am i|do you still know (my name|who i am)|what do you call me|remember my name|who are you talking to|what was my name [again])"
    )
    if scene.person:
        return Exchange(
            user,
            scene.speak(
                "(You are {x}.|Your name is {x}.|You are {x}, of course!|You told me that your name is {x}.)",
                x=scene.person,
            ),
            "happy",
        )
    return Exchange(
        user,
        scene.speak("(You have not told me your name yet. What is it?|I do not know your name yet. What is it?)"),
        "neutral",
        follow=_given_name,
    )


def _given_name(scene: Scene) -> Exchange:
    if scene.rng.random() < 0.1:
        user, _ = scene.hear(
            "(i won't tell you|that's a secret|guess|not telling|none of your business|why do you want to know)"
        )
        return Exchange(user, scene.speak("(That is fine, a secret is a secret.|OK, you can tell me later.)"))
    user, slots = scene.hear("(it's|it is|my name is|i'm|i am||||) {x}", x=words.person_name(scene.rng))
    scene.person = slots["x"]
    return Exchange(
        user, scene.speak("(Nice to meet you, {x}!|Thank you, {x}, I will remember it.)", x=slots["x"]), "happy"
    )


def ask_name(scene: Scene) -> Exchange:
    """The person greets, the robot asks who is there."""
    if scene.person:
        return recall_name(scene)
    user, _ = scene.hear(
        "(guess who i am|we have not met [yet]|i am new here|do we know each other|have we met [before]|you don't know me|ask me my name|i forgot to introduce myself)"
    )
    return Exchange(
        user,
        scene.speak("(What is your name?|Who are you? Tell me your name.|Nice to have you here! What is your name?)"),
        "happy",
        follow=_given_name,
    )


def tell_fact(scene: Scene) -> Exchange:
    """The person says something about themselves that can be asked for later."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.3:
        kind = rng.choice(_ITEMS)
        label, value = _ITEM_WORDS[kind], words.word(kind, rng) if rng.random() < 0.6 else words.made_up(rng)
        return _told(
            scene,
            f"favourite {kind}",
            f"(my (favourite|favorite) {label} is {{x}}|{{x}} is my (favourite|favorite) {label}|the {label} i like (best|most) is {{x}})",
            value,
            f"(your favourite {label} is {{x}}|I remember: {{x}})",
            f"(what is|what's) my (favourite|favorite) {label}",
            "(Nice choice, {x}!|I will remember that: {x}.|Good to know: {x}!)",
        )
    if draw < 0.42:
        thing = rng.choice(_OTHERS)
        value = rng.choice(
            [
                words.made_up(rng),
                f"{words.made_up(rng)} {words.made_up(rng)}",
                words.topic(rng),
                words.made_up(rng).capitalize(),
            ]
        )
        return _told(
            scene,
            f"favourite {thing}",
            f"(my (favourite|favorite) {thing} is {{x}}|{{x}} is my (favourite|favorite) {thing})",
            value,
            f"your favourite {thing} is {{x}}",
            f"(what is|what's) my (favourite|favorite) {thing}",
            "(Nice choice, {x}!|I will remember that: {x}.|Good to know: {x}!)",
        )
    if draw < 0.6:
        pet = words.word("pet", rng)
        value = words.person_name(rng)
        return _told(
            scene,
            f"{pet}'s name",
            f"(my {pet} is called|my {pet}'s name is|i have a {pet} (called|named)|we have a {pet} (called|named)|the name of my {pet} is) {{x}}",
            value,
            f"your {pet} is called {{x}}",
            f"(what is my {pet} called|what's my {pet}'s name|what is the name of my {pet}|do you remember my {pet}'s name|how is my {pet} called)",
            "(What a lovely name, {x}!|Say hello to {x} from me.|I will remember {x}.)",
        )
    if draw < 0.75:
        relation = words.word("relation", rng)
        value = words.person_name(rng)
        return _told(
            scene,
            f"{relation}'s name",
            f"(my {relation} is called|my {relation}'s name is|i have a {relation} (called|named)|the name of my {relation} is) {{x}}",
            value,
            f"your {relation} is called {{x}}",
            f"(what is my {relation} called|what's my {relation}'s name|what is the name of my {relation}|do you (remember|know) my {relation}'s name)",
            "(What a nice name, {x}!|Say hello to {x} from me.|I will remember {x}.)",
        )
    if draw < 0.86:
        value = words.word("place", rng) if rng.random() < 0.5 else words.made_up(rng).capitalize()
        return _told(
            scene,
            "home",
            "(i live in|i come from|i'm from|i am from|my home is in|we live in|i moved to|my hometown is) {x}",
            value,
            "you told me about {x}",
            "(where do i live|where am i from|where do i come from|do you remember where i live)",
            "(I would love to see {x}.|I have never been to {x}. Do you like it there?|Oh, {x}! I would love to see it.)",
        )
    if draw < 0.94:
        value = words.word("job", rng)
        return _told(
            scene,
            "job",
            "(i work as a|i am a|i'm a|my job is|i am working as a) {x}",
            value,
            "you work as a {x}",
            "(what is my job|what do i do [for work|for a living]|what do i work as|do you remember my job)",
            "(To be a {x} sounds interesting!|I admire every {x}.)",
        )
    value = str(rng.randint(4, 95))
    return _told(
        scene,
        "age",
        "(i am|i'm) {x} [years old]",
        value + " years old",
        "you are {x}",
        "(how old am i|what is my age|do you remember my age)",
        "(That is a good age!|Oh! I am much younger.)",
    )


def _told(scene: Scene, key: str, tell: str, value: str, answer: str, question: str, reply: str) -> Exchange:
    user, slots = scene.hear(tell, x=value)
    scene.known[key] = slots["x"]
    scene.known[f"ask {key}"], scene.known[f"answer {key}"] = question, answer
    return Exchange(
        user,
        scene.speak(reply, x=slots["x"]),
        "happy",
        follow=partial(recall_fact, key=key) if scene.rng.random() < 0.1 else None,
    )


def recall_fact(scene: Scene, key: str = "") -> Exchange:
    """A question about something the person told, or did not."""
    rng = scene.rng
    keys = [k for k in scene.known if f"ask {k}" in scene.known]
    if keys and rng.random() < 0.85:
        key = key if key in keys else rng.choice(keys)
        user, _ = scene.hear(f"{scene.known[f'ask {key}']} [again]")
        return Exchange(user, scene.speak(scene.known[f"answer {key}"] + ".", x=scene.known[key]), "happy")
    options = {f"favourite {kind}": f"(what is|what's) my (favourite|favorite) {_ITEM_WORDS[kind]}" for kind in _ITEMS}
    options |= {f"favourite {thing}": f"(what is|what's) my (favourite|favorite) {thing}" for thing in _OTHERS}
    options |= {f"{pet}'s name": f"(what is my {pet} called|what's my {pet}'s name)" for pet in words.words("pet")}
    options |= {"home": "where do i live", "age": "how old am i", "job": "(what is my job|what do i do [for work])"}
    missing = [k for k in options if k not in scene.known]
    user, _ = scene.hear(options[rng.choice(missing)])
    return Exchange(
        user,
        scene.speak(
            "(You have not told me that yet.|I do not know, you have not told me.|I do not know that yet. Will you tell me?)"
        ),
    )


def said_before(scene: Scene) -> Exchange:
    """What did I just say?"""
    user, _ = scene.hear(
        "(what did i [just] (say|tell you|ask [you])|what was (the last thing i said|my last question|my question|i saying)|do you remember what i [just] said|did you hear what i [just] said|repeat what i [just] said|say what i said|what did you hear|what have i [just] said|what was that i said|can you repeat what i said)"
    )
    last = next((past for past in reversed(scene.past)), None)
    if last is None:
        return Exchange(
            user, scene.speak("(You have not said anything before that.|That was the first thing you said to me.)")
        )
    said = last.user.rstrip(".!?")
    return Exchange(user, scene.speak("(You said: {x}.|You just said: {x}.)", x=said))


def repeat(scene: Scene) -> Exchange:
    """Can you repeat that?"""
    user, _ = scene.hear(
        "(can you (repeat|say) that [again] [please]|repeat [that|please]|say that again [please]|what did you [just] say|pardon|sorry [what|i did not hear you]|what was that|excuse me, what|come again|i did not (hear|catch|get) that|once again please|could you repeat [that|it]|what|huh|i didn't hear you [can you repeat]|say again|one more time please, i did not hear you|repeat your (answer|last words|last sentence)|what were you saying)"
    )
    last = next((past for past in reversed(scene.past)), None)
    if last is None:
        return Exchange(
            user, scene.speak("(I have not said anything yet.|I have said nothing so far. Ask me something!)")
        )
    return Exchange(user, scene.speak("I said: {x}", x=last.reply))


def say_after(scene: Scene) -> Exchange:
    """Say these words."""
    rng = scene.rng
    phrase = scene.speak(
        rng.choice(
            [
                "{word} {word2}",
                "hello {person}",
                "i like {food}",
                "{topic}",
                "good morning",
                "the {adjective} {thing}",
                "{word}",
                "welcome home",
                "{food} and {food2}",
                "my {relation} is great",
                "i am a robot",
                "{person} is the best",
            ]
        )
    )
    if any(action.parameters and action.parameters[0].kind == "text" for action in scene.body.actions):
        return recall_name(scene)
    user, slots = scene.hear(
        "(say: {x}|repeat after me: {x}|(can|could) you say {x}|please say {x}|say {x} [for me]|repeat after me, {x})",
        x=phrase,
    )
    return Exchange(user, scene.speak("(As you wish: {x}!|Gladly: {x}!)", x=slots["x"]), "happy")


def use_name(scene: Scene) -> Exchange:
    """Greetings and goodbyes that use a known name."""
    if scene.person is None:
        return tell_name(scene)
    rng = scene.rng
    if rng.random() < 0.5:
        user, _ = scene.hear(
            "(bye|goodbye|see you [later|soon|tomorrow]|good night|i have to go [now]|see ya|talk to you later|take care|ciao|i'm off|farewell|until tomorrow|bye bye)"
        )
        return Exchange(
            user, scene.speak("(Goodbye, {x}!|Bye, {x}, see you soon!|Take care, {x}!)", x=scene.person), "happy"
        )
    user, _ = scene.hear(
        "(say hello to me|greet me|say hi|hello again|say my name and hello|say something nice to me|i am back [again]|greet me by (my |)name)"
    )
    return Exchange(user, scene.speak("(Hello, {x}!|Hello again, {x}! How nice to see you.)", x=scene.person), "happy")
