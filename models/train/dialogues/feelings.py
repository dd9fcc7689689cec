"""Greetings and feelings: answered by what the person says and by what their face shows."""

from __future__ import annotations

from dialogues import words
from dialogues.scene import Exchange, Scene

_ROBOT = "[robot|{robot}|my friend|buddy|again|little robot|mate|my dear]"
_HELLO = (
    f"(hi|hello|hey|hi there|hello there|hey there|yo|greetings|howdy|hiya|heya|hullo|hallo|ello|g'day|oh hi|oh hello|well hello|hey ho|hi hi|hello hello|hola|bonjour|ciao) {_ROBOT}",
    f"(hi|hello|hey|hi there|hello there|hey there|yo|hiya) {_ROBOT}",
    "(good day|hello friend|hey you|hello sunshine|hello cutie|hello little one|hello old friend|hi pal|hey buddy|hello my little friend|hello dear robot|hello from me|hi from {place}|hi it's me|hello it's me {person}|i say hello|just saying hi|i wanted to say hello|hey i'm here|hello i'm here|nice to see you|good to see you|lovely to see you|great to see you|nice to see you again|good to see you again|happy to see you|look who it is|there you are|hi again|hello again|hey again|we meet again)",
    f"(good morning|morning|mornin|gm|good morning to you|a very good morning|top of the morning|rise and shine|good morning sunshine|hello good morning|hi good morning|good morning everyone|morning morning|a good morning to you) {_ROBOT}",
    f"(good evening|evening|good evening to you|a good evening|hello good evening|good evening everyone|hi good evening) {_ROBOT}",
    f"(good afternoon|afternoon|good afternoon to you|a very good afternoon|hello good afternoon|good afternoon everyone) {_ROBOT}",
)
_HOW_ARE_YOU = (
    "[(hi|hello|hey|good morning|good evening|hi there|hey there|hi {robot}|hello {robot}|well),] (how are you|how are you doing|how are you today|how are you doing today|how's it going|how is it going|how are things|how are things going|how goes it|how have you been|how do you feel|how do you feel today|how are you feeling|how are you feeling today|how's life|how is life|how's everything|how is everything|how are you getting on|how's it hanging|how are we today|how's my favourite robot|how are you this morning|how are you tonight|how are you right now|how was your day|how is your day|how is your day going|how's your day|how's your day been|how you doing|how you doin|how ya doing|how r u|how are u|how are ya|howre you)",
    "(how are you|how are you [doing] [today]|how's it going|how are you, {robot}|how are you my friend|how are you feeling)",
    "[hi|hello|hey] (are you ok|are you okay|are you well|are you all right|are you alright|are you doing well|are you feeling well|are you fine|you ok|you okay|you alright|you all right|all good with you|everything ok|everything okay|everything all right|is everything okay|all well|all good|is all well with you|you good|u ok|doing well|feeling ok|feeling good today|do you feel good today)",
    "(what's up|what is up|sup|wassup|whats up {robot}|what's up robot|what's new with you|alright mate|what's the mood today|what's your mood [today]|tell me how you are|tell me how you feel|i want to know how you are|i'd like to know how you are|i hope you are well|hope you're well|hope you are doing well|i trust you are well)",
)


def greet(scene: Scene) -> Exchange:
    """A greeting or a how-are-you; the answer minds the person's face and the hour that was wished."""
    rng = scene.rng
    asked = rng.random() < 0.5
    user, _ = scene.hear(rng.choice(_HOW_ARE_YOU if asked else _HELLO))
    name = f", {scene.person}" if scene.person and rng.random() < 0.6 else ""
    hello = _hello_back(user) + name
    minded = _mind_face(scene, user, hello, asked)
    if minded is not None:
        return minded
    now = scene.moment
    if asked and now.battery is not None and now.battery < 20 and not now.charging and now.shown:
        reply = f"(A little tired, my battery is at {now.battery} percent. How are you{name}?|I am fine, only my battery is low. How are you{name}?)"
        return Exchange(user, scene.speak(reply), "neutral", follow=_tells_mood)
    if asked:
        reply = f"(I am very well, thank you{name}! How are you?|I feel great, thank you! How are you{name}?|All is well with me! And how are you{name}?|I am doing fine, thanks. And you{name}?)"
    else:
        reply = f"({hello}! How are you today?|{hello}! Nice to see you.|{hello}! What shall we do?|{hello}! I am glad that you are here.|{hello}! How are you?)"
    return Exchange(user, scene.speak(reply), "happy", follow=_tells_mood)


def _hello_back(user: str) -> str:
    """The greeting for the time of day that the person wished."""
    said = user.lower()
    for part in ("morning", "evening", "afternoon"):
        if part in said:
            return f"Good {part}"
    return "Hello"


def _mind_face(scene: Scene, user: str, hello: str, asked: bool) -> Exchange | None:
    """What to answer to a greeting of somebody whose face shows a feeling; None where it shows none or need not be named."""
    feels = scene.moment.feels if scene.moment.shown else None
    fine = "I am fine, but you look" if asked else f"{hello}. You look"
    if feels == "sad":
        reply = f"({hello}. You look a little sad. Do you want to talk?|{fine} sad. What is wrong?|{fine} a little sad. Do you want to tell me about it?)"
        return Exchange(user, scene.speak(reply), "sad", follow=_opens_up)
    if feels == "angry":
        reply = f"({hello}. You look a bit upset. I am listening.|{hello}. Is something bothering you? I am listening.|{fine} a bit upset. What happened?)"
        return Exchange(user, scene.speak(reply), "neutral", follow=_opens_up)
    if feels == "surprised" and scene.rng.random() < 0.5:
        reply = f"({hello}! You look surprised. What happened?|{fine} surprised. What happened?)"
        return Exchange(user, scene.speak(reply), "surprised")
    if feels == "happy" and scene.rng.random() < 0.7:
        reply = (
            "(I am very well! And you look happy, how nice.|I am fine, thank you! And you look happy, that is wonderful.)"
            if asked
            else f"({hello}! You look happy today!|{hello}! What a nice smile!|{hello}! You look happy, that is wonderful.)"
        )
        return Exchange(user, scene.speak(reply), "happy", follow=_why_good)
    return None


_AM = "(i am|i'm|i feel|i'm feeling|i am feeling|feeling|i feel [so|a bit|really|very]|i am [so|a bit|really|very|quite|pretty]|i'm [so|a bit|really|very]|today i feel|i have been feeling|just)"
_COMFORT = "(Oh no, I am sorry to hear that.|I am sorry that you feel that way.|That must be hard.|Oh, that makes me sad too.) (Do you want to tell me about it?|I am here for you.|What happened?|You can tell me everything.)"
_CHEER = "(That is wonderful!|How lovely!|That makes me happy too!|Hooray!|I am so glad to hear that!) [What made you feel so good?|Tell me more!|Keep smiling!|Let's enjoy it!]"
_CALM = "(I understand that you are angry.|That sounds really annoying.|I can see why that is frustrating.) (Let's take a slow breath together.|I am listening, tell me what happened.|Do you want to tell me about it?)"
_REST = "(You should get some rest.|Maybe a little nap would help?|It was a long day, was it?|Rest well, I will keep quiet.|A good sleep will help.)"
_BRAVE = "(It is all right to be nervous.|That sounds scary, but I am with you.|Take a slow breath, I am right here.|Do not worry, I am with you.) [What is on your mind?|Do you want to talk about it?]"


def _answer(mood: str, scene: Scene) -> tuple[str, str, str]:
    """The emotion and words for a mood, and which kind it was."""
    for kind, emotion, reply in (
        ("mood_good", "happy", _CHEER),
        ("mood_bad", "sad", _COMFORT),
        ("mood_angry", "neutral", _CALM),
        ("mood_tired", "neutral", _REST),
        ("mood_afraid", "sad", _BRAVE),
    ):
        if mood in words.words(kind):
            return emotion, scene.speak(reply), kind
    raise ValueError(f"no such mood: {mood}")


def _pick(scene: Scene, tell: str) -> Exchange:
    kind = scene.rng.choice(["mood_good", "mood_bad", "mood_bad", "mood_angry", "mood_tired", "mood_afraid"])
    user, slots = scene.hear(tell, x=words.word(kind, scene.rng))
    emotion, reply, kind = _answer(slots["x"], scene)
    return Exchange(
        user,
        reply,
        emotion,
        follow={"mood_bad": _opens_up, "mood_angry": _opens_up, "mood_afraid": _opens_up, "mood_good": _why_good}.get(
            kind
        ),
    )


def _tells_mood(scene: Scene) -> Exchange:
    rng = scene.rng
    if rng.random() < 0.35:
        user, _ = scene.hear(
            "([i am|i'm|||] (fine|good|ok|okay|great|very well|not bad|all right|super|doing well|pretty good|excellent|alright) [too|thanks|thank you|thanks for asking|as well|as always])"
        )
        return Exchange(
            user,
            scene.speak(
                "(I am glad to hear that!|That is nice to hear!|Good!) (What shall we do?|What would you like to talk about?|Nice to have you here.)"
            ),
            "happy",
        )
    if rng.random() < 0.2:
        user, _ = scene.hear(
            "(so so|could be better|meh|not great|i don't know|it's complicated|been better|a bit meh|nothing special|same as always)"
        )
        return Exchange(
            user,
            scene.speak(
                "(Oh. Do you want to talk about it?|I hope that the day gets better. Do you want to hear a joke?)"
            ),
            "sad",
            follow=_opens_up,
        )
    return _pick(scene, rng.choice(["{x}", "[i'm|i am|i feel] [a bit|very|so|really] {x} [today|thanks|and you]"]))


_BAD_NEWS = (
    "my (dog|cat|{pet}|hamster|grandmother|grandfather) (died|is dead|passed away|is very sick|ran away|is ill)",
    "i (lost|broke) my (job|favourite {thing}|{thing}|phone|wallet|glasses)",
    "nobody (likes me|loves me|came to my party|talks to me|understands me|cares [about me]|listens to me)",
    "i (failed|did not pass) (my|the|an) (exam|test|driving test|math test|interview)",
    "my (boyfriend|girlfriend|friend|{relation}) (left me|is leaving|is angry with me|moved away|does not talk to me|broke up with me|shouted at me|forgot my birthday)",
    "i had a (bad|terrible|horrible|awful|hard|long|rough) (day|week|night|dream|time at work|day at school)",
    "everything (is terrible|goes wrong|is my fault|hurts|is too much)",
    "i (miss|really miss) (my {relation}|home|my {pet}|{person}|my old friends|her|him)",
    "i (want to cry|am crying|cried all day|can't sleep|feel alone|have no friends|feel sick|have a headache|got fired|am ill|am sick|hurt my (knee|hand|head)|made a mistake|feel like crying|have a cold|can't do anything right)",
    "(they|the kids at school|people|my colleagues) (laughed at me|are mean to me|ignore me|bully me)",
    "(it|this|that) makes me sad",
    "life is hard",
    "this is (a bad|a terrible|the worst) day",
    "my {thing} (is broken|got stolen|does not work)",
    "i'm having a hard time",
    "i am all alone",
    "my heart is broken",
    "we lost the (game|match)",
    "my (team|club) lost",
)
_GOOD_NEWS = (
    "i (passed|aced) (my|the) (exam|test|driving test|interview)",
    "i got (a new job|the job|a good grade|a raise|engaged|married|a new {thing}|promoted|good news)",
    "(today is|it is|it's) my birthday",
    "we won (the game|the match|first prize|the lottery|the cup)",
    "i am (in love|getting married|going to be a father|going to be a mother|having a baby|so lucky)",
    "my {relation} (had a baby|got a new job|made me {food}|said yes|won a prize)",
    "(school|work|the exam) is (over|finished|done)",
    "i made a new friend",
    "i finished my (work|homework|project|book|{thing})",
    "i (learned to|can now) (swim|cook|ride a bike|drive|play {hobby})",
    "guess what, i (won|got the job|passed)",
    "she said yes",
    "my team won",
)
_RAGE = (
    "(my {relation}|{person}|my boss|my computer|this {thing}|the neighbour|my colleague) (makes me (angry|so mad|furious|crazy)|is driving me crazy|lied to me|took my {thing}|broke my {thing}|is so annoying|never listens|is an idiot)",
    "i (hate|am sick of) (this|my job|everything|my boss|traffic|waiting|mondays|people)",
    "this is (so annoying|unfair|not fair|ridiculous|driving me crazy|outrageous)",
    "i (want to scream|could scream|am going to explode|am losing my patience|had a fight with (my {relation}|{person}))",
    "it's not fair",
    "nothing works",
    "i can't take it any more",
    "why does (nothing|this never) work",
    "i am so done with this",
)
_FEAR = (
    "i am (afraid|scared) of (the dark|spiders|dogs|flying|{plural}|being alone|tomorrow|the exam|heights)",
    "i (had a nightmare|heard a strange noise|think somebody is there|am worried about (my {relation}|the exam|money|tomorrow|work))",
    "i can't stop worrying",
    "what if (i fail|it goes wrong|they laugh at me|nobody comes)",
)


def confide(scene: Scene) -> Exchange:
    """A mood, or news that carry one."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.08:
        user, _ = scene.hear(
            "((i am|i'm) [very|so|a bit|just|always|still|already|not|really] {state} [today|now|again]|(i feel|i'm feeling|i am feeling) [a bit|so|very|rather] {word} [today|now]|i feel like (a {thing}|a {animal}|{food}|i should {hobby}|dancing|nothing))"
        )
        return Exchange(
            user,
            scene.speak(
                "(Oh, I see!|I see.|Is that so?) (Tell me more about it.|How is that for you?|Thank you for telling me.)"
            ),
        )
    if draw < 0.35:
        return _pick(
            scene,
            f"{_AM} {{x}} [today|right now|now|again|at the moment|these days|lately|because of (work|school|my {{relation}}|the weather)|about (work|school|my {{relation}}|tomorrow|it)|because my {{relation}} (left|is away|is here|came home|called)]",
        )
    if draw < 0.6:
        user, _ = scene.hear(f"{rng.choice(_BAD_NEWS)} [today|yesterday|again]")
        return Exchange(user, scene.speak(_COMFORT), "sad", follow=_opens_up)
    if draw < 0.8:
        user, _ = scene.hear(rng.choice(_GOOD_NEWS))
        reply = (
            "(Happy birthday to you!|Happy birthday! I wish you a wonderful day.)"
            if "birthday" in user and "tomorrow" not in user.lower()
            else "(Congratulations!|That is wonderful news!|Hooray for you!|How exciting!|I am so happy for you!) [You can be proud.|Tell me more!|Let's celebrate!|Well done!]"
        )
        return Exchange(user, scene.speak(reply), "happy", follow=_why_good)
    if draw < 0.9:
        user, _ = scene.hear(rng.choice(_RAGE))
        return Exchange(user, scene.speak(_CALM), "neutral", follow=_opens_up)
    user, _ = scene.hear(rng.choice(_FEAR))
    return Exchange(user, scene.speak(_BRAVE), "sad", follow=_opens_up)


def _opens_up(scene: Scene) -> Exchange:
    """After comfort: the person tells more, declines, or thanks."""
    rng = scene.rng
    draw = rng.random()
    if draw < 0.2:
        user, _ = scene.hear(
            "(yes|yes please|ok|okay|sure|yeah|yep|ya|mhm|i think so|i would like that|i'd like that|yes i do|yes i would|maybe|if you want|i guess|i guess so|if you like|if you have time|well ok|ok then|can i|may i|really?|you want to hear it?|do you have time|sure why not|if you don't mind|where do i start|i don't know where to start|i'll try|it's hard to say)"
        )
        return Exchange(
            user,
            scene.speak("(I am listening. Take your time.|I am all ears. What happened?|Tell me, I am listening.)"),
            "neutral",
            follow=_opens_up,
        )
    if draw < 0.38:
        user, _ = scene.hear(
            "(no|no thanks|not really|no thank you|not now|i don't want to talk about it|i'd rather not talk about it|rather not|i'd rather not|leave me alone|i don't want to|maybe later|another time|nah|nope|no i don't|i can't talk about it|it's too hard|i don't feel like talking|it doesn't matter|never mind|forget it|it's ok|it's private|you wouldn't understand|you can't help me|there's nothing to say|let's talk about something else|not today)"
        )
        return Exchange(
            user,
            scene.speak(
                "(That is all right. I am here if you need me.|OK. I am here whenever you like.|No problem. I stay close to you.)"
            ),
            "neutral",
        )
    if draw < 0.56:
        user, _ = scene.hear(
            "(thanks|thank you|thx|ty|aww|aw thanks|that's nice [of you]|that's sweet [of you]|you are (sweet|kind|nice|a good friend|so kind|a good listener)|you're (sweet|kind|nice|a good friend|the best|a good listener)|that helps|that helped|thanks for listening|thanks for asking|i feel better [now]|i feel a bit better|you are right|you're right|thank you, {robot}|thanks {robot}|that is kind of you|i appreciate it|it helps to talk|i'm glad you're here|good to know|that means a lot)"
        )
        return Exchange(
            user,
            scene.speak("(I am glad that I can help.|You are welcome, I am your friend.|Always! I am here for you.)"),
            "happy",
        )
    if draw < 0.7:
        user, _ = scene.hear(
            "(what should i do|what can i do [now]|can you help me|do you have any advice|help me|how can i feel better|cheer me up|can you cheer me up|make me feel better|any tips|say something nice|what would you do|how do i get over it|what now|what do i do now|tell me what to do|i don't know what to do|do you know what helps|what helps)"
        )
        return Exchange(
            user,
            scene.speak(
                "(Take a slow breath, drink some water, and be kind to yourself.|Maybe talk to a good friend, or take a little walk.|You are stronger than you think. One small step after the other.|You are a wonderful person, and this will pass.)"
            ),
            "happy",
        )
    if draw < 0.85:
        user, _ = scene.hear(f"[because|well|it's because|it is just that] {rng.choice([*_BAD_NEWS, *_RAGE])}")
    else:
        user, _ = scene.hear(
            "(it's (my job|my {relation}|school|work|my health|money|the weather|complicated|nothing|a long story)|because of (my {relation}|work|school|{person}|the weather|everything)|just (tired|work|life|everything)|i don't know [why]|no reason|it is a long story|everything)"
        )
    return Exchange(
        user,
        scene.speak(
            "(That sounds hard.|I understand.|Oh, that is not easy.) (I am with you.|Thank you for telling me.|I hope that it gets better soon.|It will get better.)"
        ),
        "sad",
        follow=_opens_up if rng.random() < 0.4 else None,
    )


def _why_good(scene: Scene) -> Exchange:
    rng = scene.rng
    if rng.random() < 0.6:
        user, _ = scene.hear(
            f"[because|well] ({'|'.join(g for g in _GOOD_NEWS[:12])}|the weather is nice|i am with you|it is the weekend|i slept well|everything is fine|i don't know|just because|of you|life is good)"
        )
    else:
        user, _ = scene.hear(
            "(thanks|thank you|thank you so much|yes it is|i know|me too|yay|that's nice of you|yes|i am so happy)"
        )
    return Exchange(
        user, scene.speak("(That is really nice!|I am happy with you!|How wonderful!|Good for you!)"), "happy"
    )
