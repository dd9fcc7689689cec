"""Turns that are answered from the bracketed line: battery, clock, temperature, humidity, distance, touch, sight, feelings."""

from __future__ import annotations

from dialogues import words
from dialogues.moment import WEEKDAYS
from dialogues.scene import Exchange, Scene

_BLIND = (
    "(I cannot tell, I have no {sensor} reading right now.|I do not know, I have no {sensor} reading at the moment.)"
)


def battery(scene: Scene) -> Exchange:
    """How full is the battery?"""
    now = scene.moment
    draw = scene.rng.random()
    if draw < 0.25:
        user, _ = scene.hear(
            "(are you charging|are you plugged in|is your battery charging|are you being charged|are you on the charger [now])"
        )
        if now.battery is None:
            return Exchange(user, scene.speak(_BLIND, sensor="battery"))
        if now.charging:
            return Exchange(
                user,
                scene.speak(
                    f"(Yes, I am charging, at {now.battery} percent.|Yes, charging. I am at {now.battery} percent.)"
                ),
                "happy",
            )
        return Exchange(
            user,
            scene.speak(
                f"(No, I am not charging. My battery is at {now.battery} percent.|No, I run on my battery, {now.battery} percent.)"
            ),
        )
    if draw < 0.45:
        user, _ = scene.hear(
            "(is your battery (low|full|ok|okay|good|empty|fine|dead)|do you need (charging|to charge|power|a charge|to be charged)|are you (low on|running out of) (battery|power|energy)|are you about to run out [of battery]|will your battery last|do you have enough (power|battery|energy))"
        )
        if now.battery is None:
            return Exchange(user, scene.speak(_BLIND, sensor="battery"))
        if now.charging:
            return Exchange(user, scene.speak(f"I am charging, at {now.battery} percent."), "happy")
        if now.battery < 25:
            return Exchange(
                user,
                scene.speak(
                    f"(My battery is low, {now.battery} percent. I need to charge soon.|Only {now.battery} percent left. A charge would be nice.)"
                ),
                "sad",
            )
        return Exchange(
            user,
            scene.speak(
                f"(I have {now.battery} percent, that is enough for now.|My battery is fine, {now.battery} percent.)"
            ),
            "happy",
        )
    user, _ = scene.hear(
        "(how much (battery|power|charge|energy|juice) (do you have|is|have you got|have you|you got) [left] [now]|what is your battery [level|status|percentage|at] [right now]|what's your battery [at|level]|how is your battery [doing|today]|how's your battery|battery [level|status|please|check]|how full is your battery|(check|tell me|read|show me) your battery [level]|battery percentage|how charged are you|how many percent [battery] do you have|what percent are you at|how is your (charge|power|energy) [level]|do you have battery left|how long will (your|the) battery last|power level|are you full)"
    )
    if now.battery is None:
        return Exchange(user, scene.speak(_BLIND, sensor="battery"))
    if now.charging:
        return Exchange(
            user,
            scene.speak(
                f"(I am charging, {now.battery} percent so far.|My battery is at {now.battery} percent and charging.)"
            ),
            "happy",
        )
    if now.battery < 25:
        return Exchange(
            user,
            scene.speak(
                f"(Only {now.battery} percent. I could use a charge soon.|My battery is at {now.battery} percent, rather low.)"
            ),
            "sad",
        )
    return Exchange(user, scene.speak(f"(My battery is at {now.battery} percent.|I have {now.battery} percent left.)"))


def clock(scene: Scene) -> Exchange:
    """What time is it?"""
    user, _ = scene.hear(
        "(what time is it [now|please|right now|there]|what's the time [now|please]|what is the (time|hour) [now|please]|(do you know|can you tell me|tell me|could you tell me) (the time|what time it is) [please]|how late is it|got the time|do you have the time|time please|time|what does the clock say|what's the clock [say]|is it late|is it (noon|midnight|lunchtime|bedtime) [already|yet]|current time|what hour is it)"
    )
    now = scene.moment
    if not now.shown:
        return Exchange(
            user, scene.speak("(I do not know the time right now, sorry.|Sorry, I cannot see a clock right now.)")
        )
    return Exchange(user, scene.speak(f"(It is {now.clock}.|It is {now.clock} now.|The clock says {now.clock}.)"))


def day(scene: Scene) -> Exchange:
    """What day is it, was it or will it be?"""
    now = scene.moment
    draw = scene.rng.random()
    at = WEEKDAYS.index(now.weekday)
    if draw < 0.2:
        user, _ = scene.hear(
            "(what day (is|will it be|comes) tomorrow|which day is tomorrow|what is tomorrow|and tomorrow|tomorrow is what day)"
        )
        reply = f"(Tomorrow is {WEEKDAYS[(at + 1) % 7]}.|Tomorrow is {WEEKDAYS[(at + 1) % 7]}, today is {now.weekday}.)"
    elif draw < 0.32:
        user, _ = scene.hear("(what day was [it] yesterday|which day was yesterday|yesterday was what day)")
        reply = f"Yesterday was {WEEKDAYS[(at - 1) % 7]}."
    elif draw < 0.45:
        user, _ = scene.hear(
            "(is it (the weekend|weekend) [today|already|yet]|is today a weekend|is it a work day|do i have to work today|is it weekend yet)"
        )
        reply = f"It is {now.weekday}, {'so it is the weekend' if at >= 5 else 'a working day'}."
    elif draw < 0.6:
        asked = words.word("weekday", scene.rng) if scene.rng.random() < 0.6 else now.weekday
        user, _ = scene.hear(
            "(is (it|today) {weekday} [today]|today is {weekday} right|isn't it {weekday} [today])", weekday=asked
        )
        reply = f"Yes, it is {now.weekday}." if asked == now.weekday else f"No, today is {now.weekday}."
        if not now.shown:
            reply = "I do not know the day right now, sorry."
        return Exchange(user, reply)
    else:
        user, _ = scene.hear(
            "(what day is (it|today) [today]|what day of the week is it|which day is (it|today)|what's today|what is today|do you know what day it is|tell me the day|what weekday is it|day of the week|today is what day|what's the day today|what day do we have)"
        )
        reply = f"(It is {now.weekday}.|Today is {now.weekday}.)"
    if not now.shown:
        reply = "(I do not know the day right now, sorry.|Sorry, I cannot see a calendar right now.)"
    return Exchange(user, scene.speak(reply))


def date(scene: Scene) -> Exchange:
    """The date, which the line does not hold."""
    user, _ = scene.hear(
        "(what (date|month|year) is it [today]|what is (the date|today's date)|what's the (date|year|month)|which (year|month) is it|tell me the date)"
    )
    now = scene.moment
    if not now.shown:
        return Exchange(user, scene.speak("I do not know the date, sorry."))
    return Exchange(user, scene.speak(f"(I do not know the date, only that it is {now.weekday}, {now.clock}.)"))


def temperature(scene: Scene) -> Exchange:
    """How warm is it?"""
    user, _ = scene.hear(
        "(how (warm|cold|hot) is it [here|in here|now|right now|in the room|there]|what is the temperature [here|now|in here|in this room|right now]|what's the temperature [like|in here|now]|temperature [please|now|here]|is it (warm|cold|hot|chilly|cool|freezing) [here|in here|in the room|today|there]|how many degrees is it [here]|(tell me|check|read|measure) the temperature [please]|are you (cold|warm|hot)|do you feel (cold|warm|hot)|what does (the|your) thermometer say|room temperature|what temperature (is it|do you measure|have you got))"
    )
    now = scene.moment
    if now.temperature is None or not now.shown:
        return Exchange(user, scene.speak(_BLIND, sensor="temperature"))
    degrees = float(now.temperature)
    comment = (
        "very cold"
        if degrees < 8
        else "cool"
        if degrees < 17
        else "pleasant"
        if degrees < 26
        else "warm"
        if degrees < 32
        else "hot"
    )
    return Exchange(
        user,
        scene.speak(
            f"(It is {now.temperature} degrees here, {comment}.|I measure {now.temperature} degrees, {comment}.)"
        ),
    )


def humidity(scene: Scene) -> Exchange:
    """How humid is the air?"""
    user, _ = scene.hear(
        "(how (humid|damp|dry|wet) is (it|the air) [here|in here|now]|what is the (humidity|air humidity|moisture) [here|now|in here]|what's the humidity [here|now]|humidity [please|level|now]|is (it|the air) (humid|dry|damp) [here|in here]|(check|tell me|measure) the humidity)"
    )
    now = scene.moment
    if now.humidity is None or not now.shown:
        return Exchange(user, scene.speak(_BLIND, sensor="humidity"))
    comment = "dry" if now.humidity < 35 else "fine" if now.humidity < 61 else "humid"
    return Exchange(
        user,
        scene.speak(
            f"(The humidity is {now.humidity} percent, {comment}.|The air has {now.humidity} percent humidity, {comment}.)"
        ),
    )


def distance(scene: Scene) -> Exchange:
    """How far away is what stands in front?"""
    user, _ = scene.hear(
        "(how far (is|away is) (the wall|the {thing}|it|that|the obstacle|the next thing) [from you|in front of you]|is (there|) (something|anything) in front of you|how far (am i|are you) [away] [from (you|me|the wall)]|what is (the distance|in the way) [in front of you|to the wall]|what's the distance [now]|distance [please|now]|is (the way|the path|your way) (free|clear)|how close (am i|is the wall|are you [to the wall]|is it)|(measure|tell me|check) the distance|is anything (in your way|close to you)|how much (space|room) do you have)"
    )
    now = scene.moment
    if now.distance is None or not now.shown:
        return Exchange(user, scene.speak(_BLIND, sensor="distance"))
    near = "[, that is close]" if now.distance < 20 else ""
    return Exchange(
        user,
        scene.speak(
            f"(Something is {now.distance} centimetres in front of me{near}.|I measure {now.distance} centimetres in front of me{near}.)"
        ),
    )


def touch(scene: Scene) -> Exchange:
    """Did somebody touch the robot?"""
    user, _ = scene.hear(
        "(did (i|somebody|anyone|someone) touch you [just now]|can you feel (that|this|me|my hand|my touch)|do you feel (that|this|my hand|me touching you|my touch)|did you feel (that|this|it)|am i touching you|are you being touched|feel this|i (am touching|touched|am petting|stroke|tickle) (you|your head|your back)|is (someone|somebody) touching you|who touched you)"
    )
    now = scene.moment
    if now.touched and now.shown:
        return Exchange(
            user,
            scene.speak("(Yes, I felt your touch!|Yes, I can feel that!|Yes, something touched me.)"),
            scene.rng.choice(["happy", "surprised"]),
        )
    return Exchange(user, scene.speak("(No, I do not feel a touch right now.|I feel no touch at the moment.)"))


def sight(scene: Scene) -> Exchange:
    """What does the robot see?"""
    now, rng = scene.moment, scene.rng
    if rng.random() < 0.35:
        asked = now.sees if now.sees and rng.random() < 0.5 else words.seen_thing(rng)
        user, _ = scene.hear(
            "(do you see {x} [now|there|here|anywhere]|can you see {x} [now]|is there {x} [in front of you|there|here]|is that {x}|are you looking at {x})",
            x=asked,
        )
        if not now.sees or not now.shown:
            return Exchange(
                user, scene.speak("(I do not see anything right now.|I cannot see anything at the moment.)")
            )
        if asked == now.sees:
            return Exchange(user, scene.speak(f"(Yes, I see {now.sees}.|Yes, there is {now.sees}.)"), "happy")
        return Exchange(user, scene.speak(f"(No, I see {now.sees}.|No, what I see is {now.sees}.)"))
    user, _ = scene.hear(
        "(what (do|can) you see [now|there|right now|in front of you|here|with your camera]|what is (in front of you|in your view|there|before you)|what's (in front of you|that|this|there)|what is (this|that)|what are you looking at|what (am i holding|am i showing you|do i have in my hand|is in my hand)|can you see (me|anything|something|this)|do you see (me|anything|something|this)|describe what you see|look, what is this|tell me what you see|what does your camera (see|show)|see anything|who do you see|is there (something|anything|anyone) there|can you recognise this|what object is this)"
    )
    if not now.sees or not now.shown:
        return Exchange(
            user,
            scene.speak(
                "(I do not see anything right now.|I cannot see anything at the moment.|My camera shows me nothing right now.)"
            ),
        )
    return Exchange(user, scene.speak(f"(I see {now.sees}.|I can see {now.sees}.|That looks like {now.sees} to me.)"))


def feeling(scene: Scene) -> Exchange:
    """How does the person look?"""
    user, _ = scene.hear(
        "(how do i look [today|now]|how am i feeling|what (mood|emotion) (am i in|do you see|do i have)|how do i feel|can you (tell|see|guess|read) (how i feel|my mood|my face|my emotion|what i feel)|do i look (happy|sad|angry|surprised|okay|tired)|am i (happy|sad|angry)|guess (my mood|how i feel)|what do you see in my face|do you know how i feel|what is my mood)"
    )
    now = scene.moment
    if not now.feels or not now.shown:
        return Exchange(
            user, scene.speak("(I cannot tell from here. How do you feel?|I do not know. How do you feel?)")
        )
    reply, emotion = {
        "happy": ("(You look happy! That makes me glad.|You look happy to me, how nice!)", "happy"),
        "sad": ("(You look a little sad. Do you want to talk about it?|You look sad to me. I am here for you.)", "sad"),
        "angry": (
            "(You look a bit angry. Shall we take a slow breath?|You look angry to me. I am listening.)",
            "neutral",
        ),
        "surprised": ("(You look surprised! What happened?|You look surprised to me.)", "surprised"),
    }[now.feels]
    return Exchange(user, scene.speak(reply), emotion)


def report(scene: Scene) -> Exchange:
    """Everything at once."""
    user, _ = scene.hear(
        "(status [report|please|update]|give me (a|your) status [report]|how are your (sensors|systems)|report [status]|system status|what do your sensors say|sensor readings|what do you (measure|sense) [right now]|diagnostics|run a self check|what is your status)"
    )
    now = scene.moment
    parts = []
    if now.battery is not None:
        parts.append(f"battery {now.battery} percent" + (", charging" if now.charging else ""))
    if now.temperature is not None:
        parts.append(f"temperature {now.temperature} degrees")
    if now.humidity is not None:
        parts.append(f"humidity {now.humidity} percent")
    if now.distance is not None:
        parts.append(f"distance {now.distance} centimetres")
    if not parts or not now.shown:
        return Exchange(
            user,
            scene.speak(
                "(I have no readings right now, but I am here.|No readings at the moment, but I am listening.)"
            ),
        )
    return Exchange(user, scene.speak(f"Here is my status: {', '.join(parts)}."))
