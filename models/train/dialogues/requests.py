"""Turns about the body: requests that become actions, and sentences about actions that must not."""

from __future__ import annotations

import re
from functools import partial

from dialogues.body import Action, Parameter, absent_action
from dialogues.scene import Exchange, Scene

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
_TENS = {
    20: "twenty",
    30: "thirty",
    40: "forty",
    50: "fifty",
    60: "sixty",
    70: "seventy",
    80: "eighty",
    90: "ninety",
    100: "one hundred",
}
_WRAP = (
    "{ask}",
    "{ask}",
    "{ask}",
    "{ask}",
    "[please] {ask} [please]",
    "(can|could|would|will) you [please] {ask} [for me] [please]",
    "please {ask}",
    "{ask} [now|for me|robot]",
    "i (want|would like|need) you to {ask}",
    "(ok|okay|now|so|hey|alright), {ask}",
    "{robot} {ask}",
    "hey {robot}, [please] {ask}",
    "go ahead and {ask}",
    "let's see you {ask}",
    "would you mind, {ask}",
    "try to {ask}",
    "you (should|can) {ask} [now]",
    "ok (great|cool|nice|good) now {ask}",
    "i said {ask}",
    "just {ask}",
    "{ask} (quickly|right now|if you can)",
)
_OK = "(Sure|Of course|Right away|With pleasure|All right)!"


def _value(parameter: Parameter, scene: Scene) -> tuple[object, str]:
    """A value inside the range and how it is said."""
    rng = scene.rng
    if parameter.choices is not None:
        value = rng.choice(list(parameter.choices))
        return (
            {"true": True, "false": False}[value] if set(parameter.choices) == {"true", "false"} else value
        ), parameter.choices[value]
    if parameter.kind == "text":
        text = scene.speak(
            rng.choice(
                [
                    "{topic}",
                    "{word}",
                    "{word} {word2}",
                    "hello {person}",
                    "good morning",
                    "the {adjective} {thing}",
                    "{person}",
                    "{food}",
                    "i like {food}",
                    "welcome {person}",
                    "{word} {thing}",
                    "{place}",
                    "my {adjective} {thing}",
                ]
            )
        )
        return text, "{text}"
    low, high = parameter.low or 0, parameter.high or 0
    if parameter.name == "distance_cm" and high >= 200 and rng.random() < 0.06:
        return rng.choice(
            [
                (50, "half a metre"),
                (50, "half a meter"),
                (100, "a metre"),
                (100, "one metre"),
                (200, "two metres"),
                (100, "one meter"),
            ]
        )
    if parameter.decimal:
        number = round(rng.uniform(low, high), 1)
        return (int(number), str(int(number))) if number == int(number) and number >= low else (number, f"{number:.1f}")
    if rng.random() < 0.5 and high >= 20:
        step = rng.choice([5, 10, 10, 50 if high >= 100 else 10])
        whole = max(int(low), min(int(high), step * rng.randint(1, max(1, int(high) // step))))
    else:
        whole = rng.randint(int(low), int(high))
    return whole, spelled(whole) if rng.random() < 0.2 else str(whole)


def spelled(number: int) -> str:
    """A number in words where it is a short one, else in digits."""
    if number < 20:
        return _UNITS[number]
    if number in _TENS:
        return _TENS[number]
    if number < 100 and number % 10:
        return f"{_TENS[number - number % 10]} {_UNITS[number % 10]}"
    return "two hundred" if number == 200 else str(number)


def _arguments(action: Action, scene: Scene) -> tuple[dict[str, object], dict[str, str]]:
    values: dict[str, object] = {}
    said: dict[str, str] = {}
    for slot, parameter in zip("ab", action.parameters, strict=False):
        values[parameter.name], said[slot] = _value(parameter, scene)
    return values, said


def _hear(
    scene: Scene, template: str, said: dict[str, str], values: dict[str, object]
) -> tuple[str, dict[str, object]]:
    """The typed request; text parameters follow the person's capitals."""
    for slot, words_for in said.items():
        template = template.replace(f"{{{slot}}}", words_for)
    text = next((value for value in values.values() if isinstance(value, str) and "{text}" in template), "")
    user, slots = scene.hear(template, **({"text": text} if text else {}))
    if text:
        values = {key: slots["text"] if value == text else value for key, value in values.items()}
    return user, values


def _spoken(scene: Scene, template: str, action: Action, values: dict[str, object]) -> str:
    said = {slot: _plain(values[parameter.name]) for slot, parameter in zip("ab", action.parameters, strict=False)}
    for slot, parameter in zip("ab", action.parameters, strict=False):
        if parameter.choices is not None and parameter.choices.keys() == {"true", "false"}:
            said[slot] = "on" if values[parameter.name] else "off"
    return scene.speak(template, **said)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _line(action: Action, values: dict[str, object]) -> dict[str, object]:
    return {"action": action.name, **values}


def ask(scene: Scene) -> Exchange:
    """A request that the body can fulfil; sometimes the number is missing, too large, or there are two at once."""
    rng = scene.rng
    if not scene.body.actions:
        return impossible(scene)
    action = rng.choice(scene.body.actions)
    number = next((p for p in action.parameters if p.kind == "range"), None)
    draw = rng.random()
    if draw < 0.15 and action.vague:
        return _incomplete(scene, action)
    if number is not None and draw < 0.25 and not number.decimal:
        return _too_far(scene, action, number)
    if draw > 0.88:
        return _two(scene, action)
    return _plain_request(scene, action)


def _plain_request(scene: Scene, action: Action) -> Exchange:
    rng = scene.rng
    values, said = _arguments(action, scene)
    request = rng.choice(action.asks)
    if any("met" in phrase for phrase in said.values()):
        request = request.replace(action.unit, "")
    user, values = _hear(scene, rng.choice(_WRAP).replace("{ask}", request), said, values)
    done = rng.choice(action.done)
    if rng.random() < 0.25 and not done.startswith(("OK", "(O")):
        done = f"{_OK} {done}"
    reply = _spoken(scene, done, action, values)
    return Exchange(
        user,
        reply,
        action.emotion,
        (_line(action, values),),
        partial(_again, action=action, values=values) if rng.random() < 0.3 else None,
    )


def _again(scene: Scene, action: Action, values: dict[str, object]) -> Exchange:
    rng = scene.rng
    if rng.random() < 0.4:
        user, _ = scene.hear(
            "(thanks|thank you|well done|good job|great|nice|good robot|perfect|wow|very good|cool|bravo|excellent)[, (that was (nice|great|good)|i liked that|you are good at this)]"
        )
        return Exchange(user, scene.speak("(You are welcome!|My pleasure!|Thank you!|Glad that you like it!)"), "happy")
    user, _ = scene.hear(
        "[and|ok|now|please] (again|once more|one more time|do (it|that) again|do that one more time|repeat that move|another one|same again) [please]"
    )
    reply = scene.speak("(Once more!|Here it is again.|OK, again!)")
    return Exchange(user, reply, action.emotion, (_line(action, values),))


def _two(scene: Scene, first: Action) -> Exchange:
    rng = scene.rng
    second = rng.choice(scene.body.actions)
    values, said = _arguments(first, scene)
    more, also = _arguments(second, scene)
    if any(p.kind == "text" for action in (first, second) for p in action.parameters):
        return _plain_request(scene, first)
    start, end = rng.choice(first.asks), rng.choice(second.asks)
    if any("met" in phrase for phrase in (*said.values(), *also.values())):
        return _plain_request(scene, first)
    for slot, words_for in said.items():
        start = start.replace(f"{{{slot}}}", words_for)
    for slot, words_for in also.items():
        end = end.replace(f"{{{slot}}}", words_for)
    user, _ = scene.hear(
        rng.choice(_WRAP[:8]).replace("{ask}", f"{start} (and|and then|then|, then|, and|, after that) {end}")
    )
    reply = scene.speak(
        "(OK, first one, then the other.|Both, one after the other!|Two things, here I go!|OK, I do both.)"
    )
    return Exchange(user, reply, "happy", (_line(first, values), _line(second, more)))


def _incomplete(scene: Scene, action: Action) -> Exchange:
    rng = scene.rng
    values, said = _arguments(action, scene)
    vague, lacking, question = rng.choice(action.vague)
    user, values = _hear(scene, rng.choice(_WRAP[:12]).replace("{ask}", vague), said, values)
    return Exchange(
        user, scene.speak(question), "neutral", (), partial(_completed, action=action, values=values, lacking=lacking)
    )


def _completed(scene: Scene, action: Action, values: dict[str, object], lacking: str) -> Exchange:
    rng = scene.rng
    if rng.random() < 0.12:
        user, _ = scene.hear(
            "(never mind|forget it|no|oh nothing|not at all|cancel|don't|leave it)[, (it's ok|forget it|thanks)]"
        )
        return Exchange(user, scene.speak("(OK, I stay where I am.|All right, never mind.|OK, then I won't.)"))
    pieces = []
    for slot in lacking:
        parameter = action.parameters["ab".index(slot)]
        value, said = _value(parameter, scene)
        values = {**values, parameter.name: value}
        pieces.append(said if parameter.kind != "range" else f"{said} [{action.unit or 'please'}]")
    rng.shuffle(pieces)
    said = " ".join(pieces)
    user, _ = scene.hear(f"[let's say|maybe|just|make it|i'd say|try|go for|uh|well] {said} [please]")
    return Exchange(
        user, _spoken(scene, rng.choice(action.done), action, values), action.emotion, (_line(action, values),)
    )


def _too_far(scene: Scene, action: Action, number: Parameter) -> Exchange:
    rng = scene.rng
    values, said = _arguments(action, scene)
    high = int(number.high or 0)
    beyond = rng.choice(
        [high * 2, high * 3, high * 5, high * 10, high + rng.randint(1, high), high * 100, high + 50, high + 100]
    )
    slot = "ab"[action.parameters.index(number)]
    user, _ = _hear(
        scene,
        rng.choice(_WRAP).replace("{ask}", rng.choice([a for a in action.asks if f"{{{slot}}}" in a])),
        {**said, slot: str(beyond)},
        values,
    )
    reply = scene.speak(
        f"(Sorry, {beyond} is too much for me. I can go up to {high}.|{beyond} is more than I can do. At most {high}.|That is too much, {high} is my limit.)"
    )
    return Exchange(user, reply, "surprised", (), partial(_smaller, action=action, values=values, number=number))


def _smaller(scene: Scene, action: Action, values: dict[str, object], number: Parameter) -> Exchange:
    value, said = _value(number, scene)
    user, _ = scene.hear(
        f"(ok then|then|ok|fine,|alright,|make it|how about) {said} [{action.unit or 'then'}] [please|then]"
    )
    values = {**values, number.name: value}
    return Exchange(
        user, _spoken(scene, scene.rng.choice(action.done), action, values), action.emotion, (_line(action, values),)
    )


_CHORES = (
    "fly [to the moon|around the room|up]",
    "make me (a coffee|a tea|breakfast|a sandwich|dinner)",
    "(cook|bake) (me|us) [some] {food}",
    "bring me (a beer|my {thing}|the {thing}|a glass of water|some {food})",
    "wash (the dishes|my car|my clothes)",
    "clean (my room|the house|the kitchen|the windows)",
    "do my homework",
    "do the (laundry|shopping|dishes|ironing)",
    "(open|close) the (door|window|fridge|curtains)",
    "call (my {relation}|{person}|the police|a taxi)",
    "send (an email|a message|a text) to (my {relation}|{person})",
    "order (a pizza|some {food}|a taxi)",
    "book (a flight to {place}|a table|a hotel)",
    "set (an alarm|a timer) [for ({n} minutes|seven|tomorrow)]",
    "remind me to (call my {relation}|buy {food}|go {hobby})",
    "swim",
    "climb (the stairs|a tree|up the wall)",
    "drive (my car|to {place})",
    "play (a game of {hobby}|the {hobby}|football) with me",
    "turn on the (tv|television|radio|oven|dishwasher|coffee machine)",
    "turn off the (tv|television|radio|oven)",
    "pick up (the|that|my) {thing}",
    "catch the {thing}",
    "carry (the|my) {thing}",
    "throw (me) the {thing}",
    "give me (the {thing}|your hand|a massage|some money)",
    "walk (the|my) {pet}",
    "feed (the|my) {pet}",
    "water the plants",
    "buy (me) [a] {thing}",
    "teleport [to {place}]",
    "become invisible",
    "lift (me|the {thing})",
    "fix my {thing}",
    "paint (me|a picture|the wall)",
    "take out the trash",
    "go (outside|upstairs|to {place}|to the shop)",
    "fold (the|my) {thing}",
    "search the internet [for {topic}]",
    "google {topic}",
    "play (music|a song|some {topic})",
    "shoot lasers",
    "grow (bigger|wings)",
    "sing",
    "whistle",
    "follow me",
    "chase the {pet}",
    "scratch my back",
    "hold my {thing}",
    "draw (me) a {animal}",
    "translate this",
    "check my email",
    "read (me) (the news|my email|a book)",
    "mow the lawn",
    "run",
    "swim in the pool",
    "crawl under the {thing}",
)


def impossible(scene: Scene) -> Exchange:
    """A request for something that this body cannot do: an honest no and no action."""
    rng = scene.rng
    if rng.random() < 0.5:
        action = absent_action(scene.body, rng)
        values, said = _arguments(action, scene)
        request, verb = (
            rng.choice([*action.asks, *(vague for vague, _, _ in action.vague)]),
            re.sub(r"\bmy\b", "a", action.verb),
        )
        user, _ = _hear(scene, rng.choice(_WRAP).replace("{ask}", request), said, values)
        reply = scene.speak(
            f"(Sorry, I cannot {verb} with this body.|I am sorry, my body cannot do that.|I wish I could {verb}, but my body cannot.|My body cannot {verb}, sorry.)"
        )
        return Exchange(user, reply)
    if rng.random() < 0.06 and all(action.verb != "stop" for action in scene.body.actions):
        user, _ = scene.hear("(stop|stop [moving|now|it]|halt|freeze|stand still|hold still|don't move)")
        return Exchange(user, scene.speak("(I am not moving.|I stand still.)"))
    user, _ = scene.hear(
        rng.choice(_WRAP).replace("{ask}", rng.choice(_CHORES).replace("{n}", str(rng.randint(2, 60))))
    )
    reply = scene.speak(
        "(Sorry, my body cannot do that.|I am sorry, I cannot do that.|That is too much for a small robot, sorry.|I wish I could, but my body cannot do that.|I am only a small robot, I cannot do that.)"
    )
    return Exchange(user, reply)


def forbid(scene: Scene) -> Exchange:
    """Somebody says not to do it."""
    rng = scene.rng
    action = (
        rng.choice(scene.body.actions) if scene.body.actions and rng.random() < 0.8 else absent_action(scene.body, rng)
    )
    values, said = _arguments(action, scene)
    wrap = rng.choice(
        [
            "(don't|do not|please don't|never|please do not|you must not|you should not|you shouldn't|don't you dare|don't ever|you better not|you don't have to|you don't need to|no need to|i don't want you to|i never said you should) {ask}",
            "(don't|do not) {ask} [now|yet|please|any more|ok]",
            "whatever you do, (don't|never) {ask}",
            "i told you not to {ask}",
            "please (stop trying to|avoid to) {ask}",
            "(wait|no|stop), (don't|do not) {ask}",
            "not now, don't {ask}",
            "i'd rather you did not {ask}",
            "{ask}? no, (don't|please don't)",
        ]
    )
    user, _ = _hear(
        scene,
        wrap.replace("{ask}", rng.choice([*action.asks[:5], *(vague for vague, _, _ in action.vague)])),
        said,
        values,
    )
    return Exchange(
        user,
        scene.speak(
            "(OK, I won't.|All right, I will not do that.|OK, I stay as I am.|Understood, I won't.|Don't worry, I won't.)"
        ),
    )


_NARRATION = (
    "(yesterday|last week|this morning|today|just now|on monday|last night) (i|my {relation}|we|{person}|the {pet}) (moved|walked|went|drove|turned|waved|danced|looked|nodded|jumped|ran|stopped) [(forward|back|left|right|around|up|down|away|home)] [at (the|a) (church|corner|{thing}|light|station)|for {n} (minutes|hours|metres|km)|[{n}] times]",
    "the (road|car|bus|street|path|river|train) (turns|goes|went|turned|stops) (left|right|back|straight) (after|at|before|near) the (church|school|bridge|station|{thing}|corner)",
    "(i|we|they|my {relation}) (like|love|hate|want|used|have|need) to (dance|wave|turn left|move|drive|look at the {thing}|walk forward|go back|jump|move {n} cm)",
    "my {relation} (dances|drives|waves|moves|turns|walks|stops|looks) (very well|slowly|all day|a lot|like a robot|too fast|every day)",
    "the (light|lamp|led|traffic light|sky|wall|{thing}) (is|was|turned|went|looks|became) (red|green|blue|white|off|on)",
    "(i|my {relation}|{person}) (turned|switched) (off|on) the (light|tv|radio|lamp) [before i left|yesterday]",
    "i (saw|met|watched) (a|the) (man|woman|dog|robot|{animal}) (wave|dance|move|turn left|jump|walk backwards)",
    "(my favourite|the best) (dance|move|colour|light) is (red|green|blue|the waltz|white)",
    "(that was a (nice|good|strange|funny) (wave|dance|move|turn)|i like (your|the) (wave|dance|moves|light)|you (moved|turned|danced|waved) (well|very fast|nicely|a lot))",
    "(i am|we are|my {relation} is) (moving|turning {n}|dancing|going back|driving|looking) (to {place}|tomorrow|next week|for {n} days|all night|[with {person}])",
    "{person} (told me to|said i should|wants me to) (turn left|move forward|dance|wave|stop|look up|go {n} metres)",
    "(the|my) {pet} (jumped|moved|turned around|looked at me|ran {n} metres|danced|stopped)",
    "i (parked|drove|walked|ran|moved) {n} (cm|metres|km|miles|steps) [(forward|back|away)] [today|yesterday]",
    "the (movie|show|game|song) (was about|had) a (robot|car) that (turned left|could dance|moved {n} metres|waved)",
    "it (moved|turned|stopped|fell) (by itself|{n} degrees|{n} cm|when i touched it)",
)


def narrate(scene: Scene) -> Exchange:
    """Somebody tells a story with action words in it: an answer in words alone."""
    n = str(scene.rng.randint(2, 300))
    user, _ = scene.hear(scene.rng.choice(_NARRATION).replace("{n}", n))
    reply = scene.speak(
        "(Oh, I see!|That is interesting.|Really?|Nice story.|I see.) (Tell me more.|What happened then?|Thanks for telling me.|How was that for you?)"
    )
    return Exchange(user, reply)


def able(scene: Scene) -> Exchange:
    """A question about what the body can do, which is no request."""
    rng = scene.rng
    owned = bool(scene.body.actions) and rng.random() < 0.6
    action = rng.choice(scene.body.actions) if owned else absent_action(scene.body, rng)
    number = next((p for p in action.parameters if p.kind == "range"), None)
    choices = next((p for p in action.parameters if p.choices is not None and "true" not in p.choices), None)
    if owned and number is not None and rng.random() < 0.3:
        user, _ = scene.hear(
            f"(how (far|much|long) can you (at most|) {action.verb}|what is (the most|the limit) for {action.name.replace('_', ' ')}|how many {number.name.replace('_', ' ')} can you {action.verb})"
        )
        return Exchange(user, scene.speak(f"From {number.low:g} to {number.high:g} at once."))
    if owned and choices is not None and choices.choices is not None and rng.random() < 0.3:
        listed = _listed(list(choices.choices))
        user, _ = scene.hear(
            f"(which|what) {choices.name.replace('_', ' ')}s? (can you (do|show|use|make)|do you (know|have)) [for {action.name.replace('_', ' ')}]".replace(
                "s?", "s"
            )
        )
        return Exchange(user, scene.speak(f"I know {listed}."))
    verb = re.sub(r"\bmy\b", "your", action.verb)
    own = action.verb if owned else re.sub(r"\bmy\b", "a", action.verb)
    user, _ = scene.hear(
        f"(are you able to|do you know how to|is it true that you can|have you learned to|did you learn to|so you can|i wonder if you can|do you have the ability to|tell me if you can) {verb}"
    )
    if owned:
        return Exchange(
            user, scene.speak(f"(Yes, I can {action.verb}.|Yes, I know how to {action.verb}.) [Just ask me!]"), "happy"
        )
    return Exchange(user, scene.speak(f"(No, I cannot {own}.|No, my body cannot {own}.|I am afraid I cannot {own}.)"))


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
    listed = _listed([action.name.replace("_", " ") for action in scene.body.actions][:8])
    return scene.speak(
        f"(My body knows {listed}. I can also talk and tell jokes.|I know {listed}. And I can chat, tell jokes and facts.)"
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
    listed = _listed([action.name.replace("_", " ") for action in scene.body.actions][:5])
    return Exchange(user, scene.speak(f"My body can do this: {listed}."))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def question_about(scene: Scene) -> Exchange:
    """Wondering aloud about an action, with no wish that it be done."""
    rng = scene.rng
    action = (
        rng.choice(scene.body.actions) if scene.body.actions and rng.random() < 0.8 else absent_action(scene.body, rng)
    )
    verb = re.sub(r"\bmy\b", "your", action.verb)
    user, _ = scene.hear(
        f"(what happens (if|when) you {verb}|why would you {verb}|do you like to {verb}|did you {verb} [just now|today|yesterday]|should (i|we) {verb}|who taught you to {verb}|when did you last {verb}|how do you {verb}|do you {verb} often|is it hard to {verb}|is it fun to {verb}|what does it mean to {verb}|maybe you can {verb} later|you can {verb} tomorrow|i will ask you to {verb} later)"
    )
    if user.lower().startswith(("maybe", "you can", "i will")):
        return Exchange(
            user, scene.speak("(OK, just tell me when.|Sure, later then.|All right, I wait for your word.)")
        )
    if action in scene.body.actions:
        return Exchange(
            user,
            scene.speak(
                "(I only do it when you ask me.|When you ask, my motors do the work.|I like doing it when somebody asks me.)"
            ),
        )
    return Exchange(user, scene.speak("(My body cannot do that, so I do not know.|I cannot do that with my body.)"))
