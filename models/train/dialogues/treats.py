"""Jokes, facts, riddles and small numbers."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from dialogues import words
from dialogues.requests import spelled
from dialogues.scene import Exchange, Scene

_TREATS: dict[str, list[str]] = {
    block.split("\n", 1)[0].strip("# "): block.split("\n")[1:]
    for block in re.split(r"\n\n", (Path(__file__).parent / "treats.txt").read_text().strip())
}
_MORE = "[(tell me|give me|do you (know|have)|how about|can i (have|hear)|let's hear|go on,|i want|and|ok,|ok now|now)] (another|one more|another one|another {kind}|a different one|one more {kind}|more|again|a new one|the next one|next|a better one|more {kind}s|a second one|something else|a new {kind}|the following one)"
_JOKE = "(([please|can you|could you|will you|would you|why don't you] (tell|give) (me|us) [a|another|a funny|a good|one|your best|a silly|a robot|an animal|a short|a clean|some] joke[s] [please|now]|(do|don't) you know (a joke|any jokes|a good joke|something funny|some jokes|a funny one)|make (me|us) (laugh|smile|giggle)|joke [please|time|now]|jokes|(i want|i'd like|i would like|i wanna|let me|i need) [to] hear a joke|say something (funny|hilarious|silly)|be funny|let's hear a joke|got any [good] jokes|know any [good] jokes|tell (me|us) something funny|(i|we) [could] need (a laugh|a joke|cheering up)|can you make me laugh|are you funny|entertain (me|us)|crack a joke|have you got a joke [for me]|a joke please|tell us a funny story|how about a joke|what about a joke|what's your best joke|do you do jokes|can you [tell] joke[s]|any jokes [today]|what is the funniest joke you know|i love jokes, tell me one|tell joke|tell me joke|say a joke|hit me with a joke|give us a joke|humour me|cheer me up with a joke|do you have a joke for me|could i have a joke|a dad joke please|joke of the day))"
_FACT = "(([please|can you|could you|would you] (tell|give) (me|us) [a|another|a fun|an interesting|some|a random|a cool|a strange|an animal|a science|one] fact[s] [please|now]|(do|don't) you know (a fact|any facts|something interesting|something cool|an interesting thing|some facts|fun facts)|fun fact [please|time]|random fact|teach (me|us) something [new|interesting|today]|fact [please]|[give me|share|say] a fact|tell (me|us) something (interesting|new|i don't know|cool|smart|amazing|surprising|clever|strange|useful|educational)|surprise me|did you know something|what facts do you know|what can you teach me|(i want|i'd like|i would like|i wanna) to (learn something [new]|hear a fact)|tell me something|tell me something about the world|fact of the day|got any [fun|good|interesting] facts|know any [fun] facts|how about a fact|what is an interesting fact|did you know anything cool|amaze me|make me smarter|what do you know that i don't|share something interesting|a fact please|facts please|say something (interesting|smart|clever|new)|any facts|let's hear a fact|i am bored, teach me something|what did you learn [today]|do you have a fun fact [for me]|what is your favourite fact))"
_RIDDLE = "(([please|can you|could you|would you] (tell|give|ask|read) (me|us) [a|another|a hard|a good|an easy|one] (riddle|puzzle|brain teaser) [please|now]|(do|don't) you know (a riddle|any riddles|a good riddle|a puzzle|riddles)|riddle [me|please|time]|riddles|riddle me this|(i want|i'd like|i would like|i wanna) [to hear] a riddle|(got|know) any [good] riddles|let's (do|hear|play|solve) (a riddle|riddles)|ask me a (riddle|hard question|puzzle|tricky question)|test my brain|give me something to (think about|solve|guess)|how about a riddle|let me guess something|a riddle please|quiz me|have you got a riddle|give me a puzzle|make me think|challenge me [with a riddle]|can you do riddles|i like riddles|i love riddles|any riddles|puzzle me|try me with a riddle|what's your best riddle|a brain teaser please|riddle of the day))"
# What people say to a treat, by its kind: their words, the robot's face and its answer.
_SAID: dict[str, tuple[tuple[str, str, str], ...]] = {
    "joke": (
        (
            "(haha|ha ha|lol|hahaha|hehe|lmao|rofl|that's (funny|good|hilarious|great|a good one|brilliant|so funny|clever|cute)|that (was|is) [so|very|really|quite] (funny|good|great|clever|silly)|very funny|good one|nice one|funny|i like that [one|joke]|you are [so] funny|hilarious|ha|good joke|i love (it|that)|you made me laugh|great joke|now i am laughing|i'm laughing|that made my day|brilliant|classic|i must tell my {relation})",
            "happy",
            "(I am glad that you like it!|Hee hee! Do you want another one?|I love to make people laugh!)",
        ),
        (
            "(that (is|was|'s) [so|not very|really] (not funny|bad|terrible|lame|old|stupid|awful|dumb|boring|silly|corny|a bad joke)|not [that|very] funny|bad joke|lame|i know that (one|joke)|boring|what a bad joke|i've heard that [one|before]|old joke|you told that already|that one is old|booo|boo|terrible|groan|oh no|oh dear|worst joke ever|that was no joke|i did not laugh|nobody laughs|not your best|you can do better|that joke is older than me|everybody knows that one|meh)",
            "neutral",
            "(Oh, then I need to practise my jokes.|Sorry! I will try a better one next time.)",
        ),
        (
            "(i don't (get|understand) (it|that|the joke|that one)|don't get it|didn't get it|what|why|why is that funny|explain [it|the joke|that]|what does that mean|i do not understand [it|the joke]|what's funny about that|how is that funny|can you explain (it|the joke|that)|huh|is that the joke|and where is the joke|what's so funny|i'm confused|sorry, i don't get it|what do you mean|was that a joke)",
            "neutral",
            "(It is a play with words. Do you want another one?|Jokes are hard to explain. It is a play with words!)",
        ),
    ),
    "fact": (
        (
            "(wow|really|is that true|interesting|i did not know that|cool|that's [so|really|very] (cool|interesting|amazing|crazy|weird|strange|funny|great)|amazing|no way|are you sure|oh|good to know|fascinating|seriously|i never knew that|i didn't know that|incredible|unbelievable|is that so|for real|you are kidding|that can't be true|i don't believe (you|that|it)|who knew|strange|crazy|how interesting|now i know|nice fact|thanks, i learned something|is that really true|that is hard to believe|great fact|that's a good one|i like that [one|fact])",
            "happy",
            "(Yes, it is true! Do you want another fact?|Isn't that amazing?|Yes! The world is full of wonders.)",
        ),
        (
            "(why|how|why is that|how come|how so|who found that out|how do (you|they|people) know [that]|who says so|says who|where did you learn that|explain [that|it]|how is that possible|tell me more [about that]|what else about it|why do they do that|can you explain (that|it)|what is the reason|how does that work|more about that|prove it|what does that mean|i don't get it|since when)",
            "neutral",
            "(That is all I know about it, sorry.|I only know that it is true, not why. Sorry!)",
        ),
        (
            "(i knew that [already]|i know that [one|already]|you told me that [already|before]|everybody knows that|old news|boring|that's boring|not interesting|i've heard that [before]|that is not new|who cares|so what|that was not interesting|tell me something i don't know|common knowledge)",
            "neutral",
            "(You know a lot! Do you want another one?|Then you are clever! Shall I try another one?)",
        ),
    ),
}  # fmt: skip


def joke(scene: Scene) -> Exchange:
    """A joke that was not told in this conversation, or now and then a riddle."""
    if scene.rng.random() < 0.3:
        return riddle(scene)
    user, _ = scene.hear(_JOKE)
    return _treat(scene, user, "joke", "happy")


def fact(scene: Scene) -> Exchange:
    """A fact that was not told in this conversation."""
    user, _ = scene.hear(_FACT)
    return _treat(scene, user, "fact", "neutral")


def _treat(scene: Scene, user: str, kind: str, emotion: str) -> Exchange:
    return Exchange(user, _unheard(scene, kind), emotion, follow=partial(_more, kind=kind, emotion=emotion))


def _more(scene: Scene, kind: str, emotion: str) -> Exchange:
    """What comes after a treat: the wish for another one, praise, doubt."""
    if scene.rng.random() < 0.45:
        user, _ = scene.hear(_MORE.replace("{kind}", kind) + " [please]")
        return _treat(scene, user, kind, emotion)
    said, face, answer = scene.rng.choice(_SAID[kind])
    user, _ = scene.hear(said)
    reply = scene.speak(answer)
    again = partial(offered, kind=kind, emotion=emotion) if "Do you" in reply or "Shall I" in reply else None
    return Exchange(user, reply, face, follow=again or partial(_more, kind=kind, emotion=emotion))


def offered(scene: Scene, kind: str = "joke", emotion: str = "happy") -> Exchange:
    """The answer to "do you want to hear a joke?": yes, and the robot tells it, or no."""
    if scene.rng.random() < 0.65:
        user, _ = scene.hear(
            "(yes [please|i do|go on|tell me|of course]|yeah [sure|go on]|sure|ok|okay|please|of course|yes please|why not|go ahead|go on|yep|alright|i'd love to|absolutely|definitely|let's hear it|fine|hit me|do it|one more|sure thing|gladly|all right|oh yes)"
        )
        return _treat(scene, user, kind, emotion)
    user, _ = scene.hear(
        "(no [thanks|thank you|that's enough]|nope|not now|maybe later|later|that's enough|enough|no more|please don't|i'm good|nah|one is enough|not today|no, stop|i've had enough|another time|no i don't)"
    )
    return Exchange(user, scene.speak("(All right, no problem.|OK, maybe later.)"))


def riddle(scene: Scene) -> Exchange:
    """A riddle that was not told in this conversation."""
    user, _ = scene.hear(_RIDDLE)
    return _riddle(scene, user)


def _riddle(scene: Scene, user: str) -> Exchange:
    asked, answer = _unheard(scene, "riddle").split(" = ")
    return Exchange(user, asked, "happy", follow=partial(_solved, answer=answer))


def _solved(scene: Scene, answer: str) -> Exchange:
    """The person gives up, finds the answer, or guesses wrong."""
    draw = scene.rng.random()
    noun = re.sub(r"^(a|an|the|your) ", "", answer.lower())
    if draw < 0.45:
        user, _ = scene.hear(
            "(i (give up|don't know|do not know|have no idea|can't guess [it])|no idea|[ok|please|just] tell me [the answer]|what is it|what's the answer|what is the answer|idk|dunno|hmm|i don't get it|too hard|that's [too] hard|what|[please] say it|the answer please|no clue|i have no clue|you tell me|i can't think of anything|solve it|pass|what could it be|i am not sure|why|give me the answer|what's the solution|i'm stuck|tell me)"
        )
        reply, emotion = scene.speak(f"(It is {answer}!|The answer is {answer}!)"), "happy"
    elif draw < 0.75:
        user, _ = scene.hear(
            f"([is it|i think it is|it is|it's|it must be|maybe|i know,|easy,|could it be|that is|a|the|i say] {noun}|{answer}|{noun}|is it {answer}|i think {answer}|it's {answer}|{answer} of course)"
        )
        reply, emotion = (
            scene.speak(f"(Yes, that is right! It is {answer}.|Right! It is {answer}. Well done!)"),
            "happy",
        )
    else:
        wrong = scene.slot(scene.rng.choice(["thing", "animal", "food", "person", "hobby", "word"]))
        if wrong.lower() == noun:
            wrong = words.made_up(scene.rng)
        user, _ = scene.hear(
            "([is it|i think it is|it is|it's|it must be|maybe|easy,|could it be|that is|i say] [a|the] {wrong}|a {wrong}|{wrong}|is it you|you|me|nothing|everything)",
            wrong=wrong,
        )
        reply, emotion = scene.speak(f"(No, it is {answer}!|Not quite. It is {answer}!)"), "happy"
    return Exchange(user, reply, emotion, follow=_next_riddle)


def _next_riddle(scene: Scene) -> Exchange:
    """What comes after the answer of a riddle."""
    if scene.rng.random() < 0.6:
        user, _ = scene.hear(_MORE.replace("{kind}", "riddle") + " [please]")
        return _riddle(scene, user)
    user, _ = scene.hear(
        "(that's (good|clever|hard|easy|a good one|silly|too easy)|clever|i like riddles|good one|nice one|oh|ah|of course|i should have known|that was (hard|easy|fun|tricky)|i see|ha|tricky|makes sense|i was close|wow|nice riddle|i knew it|i don't get it)"
    )
    return Exchange(user, scene.speak("(That was fun!|Riddles are fun!)"), "happy", follow=_next_riddle)


def _unheard(scene: Scene, kind: str) -> str:
    """The clock's last digit picks the group, so that the same wish gets another answer a minute later."""
    treats = [treat for treat in _TREATS[f"{kind}s"] if treat not in scene.told]
    group = [
        treat
        for index, treat in enumerate(_TREATS[f"{kind}s"])
        if index % 10 == scene.moment.minute % 10 and treat not in scene.told
    ]
    told = scene.rng.choice(group if group and scene.moment.shown else treats)
    scene.told.add(told)
    return told


_LARGEST = 20
_ASKED = "[so|ok|now|and|please|quick question,|hey,|can you tell me|tell me|do you know|i need to know|my homework says,|quick,|and] (what is|what's|whats|how much is|what does|what do you get for|what would be|calculate|compute|work out|solve|what are|)"
_SUMS = {
    "plus": (
        "(" + _ASKED + " {a} (plus|+|and|added to) {b} [make|equal|equals|together|=|altogether]"
        "|(add|can you add|please add|could you add [up]|add up|add together) {a} (and|to|plus|+) {b} [for me|please]|[what is] the sum of {a} and {b}|{a} (plus|+) {b} (is|equals|makes|=) [what]"
        "|(if i have|i have|there are|say i have|tom has|my {relation} has|you have) {a} {plural} and (get|buy|find|somebody gives me|you give me|take) {b} more, how many [{plural}] (do i have|are there|is that|is it) [now|in total|altogether|then]"
        "|how (much|many) (is|are|do) {a} {plural} (and|plus) {b} {plural} [make]|i am {a}, how old am i in {b} years|what do {a} and {b} make)"
    ),
    "minus": (
        "("
        + _ASKED
        + " {a} (minus|-|take away|less) {b} [make|equal|equals|=]|(subtract|take|take away) {b} from {a} [for me|please]|[what is] the difference between {a} and {b}|{a} (minus|-|take away) {b} (is|equals|makes|=) [what]"
        "|(if i have|i have|i had|there are|say i have|tom has|my {relation} had|you have) {a} {plural} and (eat|lose|sell|give away|break|throw away|take away) {b} [of them], how many [{plural}] (do i have|are left|are there|remain) [now|left|then]|what is {b} less than {a}|how much is left if i take {b} from {a})"
    ),
    "times": (
        "("
        + _ASKED
        + " {a} (times|x|*|multiplied by) {b} [make|equal|equals|=]|(multiply|can you multiply) {a} (by|with|and) {b} [for me|please]|[what is] the product of {a} and {b}|{a} (times|x|*) {b} (is|equals|makes|=) [what]"
        "|(if i have|i have|there are) {a} (boxes|bags|baskets) with {b} {plural} each, how many [{plural}] (do i have|are there|is that) [in total|altogether])"
    ),
}


def sum_up(scene: Scene) -> Exchange:
    """A little work with numbers up to twenty; larger ones are too hard."""
    draw = scene.rng.random()
    if draw < 0.13:
        return _too_hard(scene)
    if draw < 0.3:
        return _compared(scene)
    return _sum(scene)


def _written(number: int, scene: Scene, in_words: bool) -> str:
    if in_words and (number > 0 or scene.rng.random() < 0.5):
        return spelled(number)
    return str(number)


def _sum(scene: Scene) -> Exchange:
    """The answer says the sum in digits, however it was asked: so reading and reckoning are learnt apart."""
    rng = scene.rng
    sign = rng.choice(["plus", "plus", "minus", "minus", "times"])
    if sign == "times":
        first, second = rng.randint(1, 5), rng.randint(1, 5)
    else:
        total = rng.randint(0, 10) if rng.random() < 0.4 else rng.randint(0, _LARGEST)
        part = rng.randint(min(1, total) if rng.random() < 0.8 else 0, total)
        first, second = (part, total - part) if sign == "plus" else (total, part)
    result = {"plus": first + second, "minus": first - second, "times": first * second}[sign]
    in_words = rng.random() < 0.45
    user, _ = scene.hear(
        _SUMS[sign], a=_written(first, scene, in_words), b=_written(second, scene, in_words != (rng.random() < 0.1))
    )
    follow = _another_sum if rng.random() < 0.9 else None
    return Exchange(user, f"{first} {sign} {second} is {result}.", "happy", follow=follow)


def _another_sum(scene: Scene) -> Exchange:
    """Sums come in rows; between them people praise and doubt."""
    draw = scene.rng.random()
    if draw < 0.7:
        return _sum(scene)
    if draw < 0.8:
        return _too_hard(scene)
    user, _ = scene.hear(
        "(right|correct|that's (right|correct)|well done|good|very good|you can count|you are good at maths|clever|you are clever|exactly|yes|perfect|great|good job|wow|you know maths|smart robot|are you sure|really|is that right)"
    )
    return Exchange(
        user, scene.speak("(Thank you! Small sums are fun.|Yes! I like small numbers.)"), "happy", follow=_another_sum
    )


def _too_hard(scene: Scene) -> Exchange:
    rng = scene.rng
    first, second = str(rng.randint(21, 9999 if rng.random() < 0.3 else 999)), str(rng.randint(6, 999))
    user, _ = scene.hear(
        f"({_ASKED} {{a}} (plus|+|minus|-|times|x|*|divided by|/|over) {{b}} [equal|equals|=]|divide {{a}} by {{b}}|multiply {{a}} by {{b}}|add {{a}} and {{b}}|subtract {{b}} from {{a}}|{{a}} (times|plus|minus|divided by) {{b}}|[what is] the sum of {{a}} and {{b}}|(what is|what's) the square root of {{a}}|{{b}} percent of {{a}}|what is {{a}} squared|(add|calculate|work out) {{a}} (plus|times|minus) {{b}} for me)",
        a=first,
        b=second,
    )
    return Exchange(
        user, scene.speak("(That is too hard for me, sorry. I can do small sums up to twenty.|Such big numbers are too hard for me, sorry.)")
    )  # fmt: skip


def _compared(scene: Scene) -> Exchange:
    """Which number is bigger, and which comes next?"""
    rng = scene.rng
    first, second = rng.sample(range(_LARGEST + 1), 2)
    in_words = rng.random() < 0.45
    a, b = _written(first, scene, in_words), _written(second, scene, in_words)
    low, high = sorted((first, second))
    kind = rng.choice(["bigger", "smaller", "next", "before", "double"])
    if kind == "bigger":
        asked = "((what|which|which number) is (bigger|more|larger|higher|greater), {a} or {b}|what is more, {a} or {b}|is {a} (bigger|more) or {b}|{a} or {b}, which is (bigger|more|larger)|tell me which is (bigger|larger), {a} or {b})"
        reply = f"{high} is bigger than {low}."
    elif kind == "smaller":
        asked = "((what|which|which number) is (smaller|less|lower), {a} or {b}|what is less, {a} or {b}|{a} or {b}, which is (smaller|less)|tell me which is smaller, {a} or {b})"
        reply = f"{low} is smaller than {high}."
    elif kind == "next":
        asked = "((what|which number|what number) (comes|is|follows) (after|next after) {a}|(what is|what's) the number after {a}|(what is|what's) the next number after {a}|count on from {a}|what is one more than {a}|and what comes after {a})"
        reply = f"After {first} comes {first + 1}."
    elif kind == "before":
        first, a = first + 1, _written(first + 1, scene, in_words)
        asked = "((what|which number|what number) (comes|is) before {a}|(what is|what's) the number before {a}|what is one less than {a}|which number is just before {a})"
        reply = f"Before {first} comes {first - 1}."
    else:
        first = rng.randint(1, 10)
        a = _written(first, scene, in_words)
        asked = "((what is|what's|tell me|) [the] (double|twice) [of] {a}|double {a}|what is {a} doubled|what is two times {a}|(what is|what's|) {a} and {a}|{a} plus {a})"
        reply = f"{first} plus {first} is {2 * first}."
    user, _ = scene.hear(asked, a=a, b=b)
    return Exchange(user, reply, "happy", follow=_another_sum if rng.random() < 0.4 else None)
