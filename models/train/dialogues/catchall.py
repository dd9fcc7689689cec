"""The rest of what people say: questions about the world, stories from their day, and words that mean nothing."""

from __future__ import annotations

from dialogues import words
from dialogues.scene import Exchange, Scene

_ABOUT = (
    "(what do you (know|think) about|tell me [something|more|a bit] about|do you know (anything|something|much) about|have you heard (of|about)|can you explain|explain|what can you tell me about|are you interested in|do you understand|teach me about|i want to (know|learn) about|what's your opinion on|let's talk about|i have a question about|talk to me about|can we talk about|give me information about|write (a poem|an essay|something|a story) about|help me with|i need help with|describe|do you follow|what's the deal with|any news about) {topic}",
    "(what is|what's|what are|who is|who was|where is|define|what does it mean,|what exactly is|who invented|who discovered|who made|why is|how does|when was) {topic} [(made of|from|about|like|for|work|so important|invented|called)]",
)
_OPEN = (
    "(who (wrote|painted|built|won|directed|sang|founded) {topic}|when (did|will|was) {topic} (start|end|happen|begin|born)|where (can i (find|buy|see) {topic}|is {place}|was {person} born|do {plural} come from|can i buy {plural})|how (many|much) {plural} (are there|do i need|are in {place}|cost|are there in the world)|how (tall|old|big|far|heavy|fast|deep|long) (is|are) (the {adjective} {thing}|{topic}|a {animal}|{person}|the {plural}|{place}))",
    "(what is the (capital|population|president|history|currency|language|weather|price|size|age|king) of {topic}|what is the (best|biggest|tallest|cheapest|fastest|oldest) {thing} [in the world|in {place}]|which {thing} (is better|should i buy|do you recommend)|how do (i|you) (make|cook|fix|build|clean|repair|install|draw) [a|the|some] {thing}|why (do|are) {plural} [so] (exist|expensive|important|{adjective}|dangerous|loud)|what year was {topic}|how is {topic} made|what causes {topic}|who is the (king|president|boss|winner|inventor|author) of {topic}|is {topic} (good|bad|dangerous|true|expensive|real|better than {topic2}))",
    "(what (time does|is on at) the (shop|bank|museum|train|bus|cinema) [open|close|leave]|when does the next (bus|train|plane) [to {place}] (leave|come|arrive)|what will the weather be [like] [tomorrow|today|in {place}]|will it rain [tomorrow|today|later]|is it raining|what's the weather [like] [today|outside]|how is the weather [outside|in {place}|today]|what's on tv [tonight]|who won the (game|match|election|race)|what happened in the news|what are the lottery numbers|what is my (ip address|password|phone number|email)|where are my (keys|glasses|shoes)|where is my (phone|{thing}|{relation})|where did i (put|leave) my {thing})",
    "(how do you spell {word}|translate {food} [in]to (french|spanish|german|japanese)|what does {word} mean|what is {word} in (french|spanish|german|latin)|how do you say {food} in (french|spanish|german)|solve this equation|what is the square root of {n}|what is {n} percent of {n2}|what is {n} (times|divided by|plus|minus) {n2}|how many (seconds|grams|inches|ounces) are in a (week|pound|mile|cup)|convert {n} (miles|pounds|dollars|inches) to (km|kilos|euros|cm)|how much is {n} dollars in euros)",
    "(can you (recommend|suggest) (a|some|me a) (film|book|restaurant|hotel|song|recipe|{thing})|what should i (wear|cook|buy|read|watch|eat|do) [today|tonight|for dinner|for my {relation}]|what should i give my {relation} [for (christmas|her birthday|his birthday)]|which (phone|car|school|bank|laptop) is (the best|better)|should i (marry|call|trust|forgive) {person}|do you know (my {relation}|{person}|a good {job}|any {job}s|who {person} is))",
)
_UNSURE_TOPIC = (
    "(I am a small robot and I don't know much about {topic}.|I don't know much about {topic}, I am only a small robot.|Sorry, I know very little about {topic}.|My head is too small for {topic}, sorry.|I have never learned about {topic}, sorry.)",
    "(I am a small robot and I don't know much about that.|That is too hard for my small head, sorry.|Good question! I do not know the answer.)",
)
_UNSURE = "(I am a small robot and I don't know that.|Sorry, I do not know that, I am only a small robot.|Good question! I do not know the answer.|That is more than a small robot knows, sorry.|I don't know that, sorry. Ask me about my body or my battery!|I cannot find that out, sorry.)"


def unknown(scene: Scene) -> Exchange:
    """A question that a small robot cannot answer: it says so."""
    rng = scene.rng
    n, other = str(rng.randint(11, 999)), str(rng.randint(11, 99))
    if rng.random() < 0.6:
        shape = rng.choice(_ABOUT[:1] * 3 + _ABOUT[1:] * 2)
        user, slots = scene.hear(shape, topic=words.topic(rng))
        return Exchange(
            user, scene.speak(_UNSURE_TOPIC[0] if rng.random() < 0.75 else _UNSURE_TOPIC[1], topic=slots["topic"])
        )
    user, _ = scene.hear(rng.choice(_OPEN), n=n, n2=other)
    user = _estranged(user, scene)
    return Exchange(user, scene.speak(_UNSURE))


def _estranged(user: str, scene: Scene) -> str:
    """Now and then a word that nobody knows: the form of the sentence has to do."""
    rng = scene.rng
    pieces = user.split(" ")
    places = [index for index, piece in enumerate(pieces) if index and len(piece) > 3 and piece.isalpha()]
    if not places or rng.random() > 0.25:
        return user
    for index in rng.sample(places, min(len(places), rng.choice([1, 1, 2]))):
        pieces[index] = words.made_up(rng)
    return " ".join(pieces)


_WHO = "(i|we|my {relation}|my {relation}|{person}|my {pet}|the {job}|my {relation} and i|our neighbour|some people|a man|they|everybody|the kids|my team|she|he)"
_WHEN = "[yesterday|today|this morning|last night|last week|last summer|on {weekday}|tomorrow|again|at work|at school|at home|in the garden|in {place}|for an hour|two days ago|right now|every day]"
_PAST = (
    "bought a [{adjective}] {thing}",
    "sold the [{adjective}] {thing}",
    "lost (my|a|the) {thing}",
    "found (a|my) {thing}",
    "broke (the|my) {thing}",
    "went to (the shop|the park|work|school|the dentist|{place}|a party|a concert|the beach|church|bed)",
    "saw a [{adjective}] {animal}",
    "ate [too much|some] {food}",
    "cooked {food}",
    "made {food} for dinner",
    "watched (a film|tv|the news|a match|{topic})",
    "read a book [about {topic}]",
    "played {hobby}",
    "met {person}",
    "called {person}",
    "visited {place}",
    "had {food} for (lunch|dinner|breakfast)",
    "talked about {topic}",
    "started {hobby}",
    "forgot (the|my) {thing}",
    "painted the {thing} {color}",
    "fixed the {thing}",
    "cleaned the (house|kitchen|{thing})",
    "is learning about {topic}",
    "likes {hobby}",
    "loves {food}",
    "wants a [{adjective}] {thing}",
    "has a [new] {thing}",
    "works as a {job}",
    "has {n} {plural}",
    "is (tall|nice|funny|very old|loud|strange|at work)",
    "took the (bus|train) to {place}",
    "waited for the (bus|train|{job})",
    "slept (badly|well|all day)",
    "woke up (early|late)",
    "got a (letter|present|haircut|new job|raise|cold)",
    "dreamed about (a {animal}|{topic}|{plural})",
    "moved to {place}",
    "is coming to visit",
    "is sitting on the {thing}",
    "put the {thing} on the {thing2}",
    "dropped the {thing}",
    "drank (coffee|tea|too much)",
    "is talking too much",
    "needs a new {thing}",
    "collects {plural}",
    "gave me a {thing}",
    "told me about {topic}",
    "hates {food}",
    "never liked {plural}",
    "is afraid of {plural}",
)
_BASE = (
    "i (like|love|enjoy|prefer|really like|adore) ({food}|{hobby}|{plural}|{topic}|{animal}s|the {adjective} {thing})",
    "i (hate|don't like|dislike|can't stand) ({food}|{hobby}|{plural}|{topic}|mondays)",
    "i have (a {thing}|{n} {plural}|a lot of {plural}|no {thing}|a question|an idea|a secret|a problem|a meeting|homework|two {relation}s)",
    "i (want|need) (a {thing}|some {food}|to buy a {thing}|to visit {place}|a holiday|a new {thing}|to learn {hobby}|to sleep|to eat something)",
    "i am going to (visit {place}|buy a {thing}|eat {food}|meet {person}|the shop|{place}|play {hobby})",
    "there is a {thing} (on|under|behind|next to) the {thing2}",
    "the {thing} is ({adjective}|broken|on the {thing2}|too big|expensive|mine|under the {thing2})",
    "it (is raining|is snowing|is a nice day|is late|smells of {food}|was a long day|tastes good)",
    "i think ({plural} are {adjective}|{topic} is (boring|great|difficult)|so|we should talk|it will rain)",
    "{plural} are (nice|{adjective}|dangerous|expensive)",
    "i (can|can't|cannot) (find my {thing}|play {hobby}|cook|swim|sleep|sing)",
    "tomorrow (is my birthday|i go to {place}|we have a test|will be better)",
    "people say that {plural} are {adjective}",
    "my {thing} is ({adjective}|broken|older than you|made of wood)",
    "my {pet} is (asleep|hungry|very lazy|playing with the {thing})",
    "i just (came home|woke up|ate {food}|finished work|saw {person})",
    "we are (having {food}|going to {place}|playing {hobby}|at home)",
)


def story(scene: Scene) -> Exchange:
    """Something from a person's life: the robot shows interest."""
    rng = scene.rng
    n = str(rng.randint(2, 40))
    told = f"{_WHO} {rng.choice(_PAST)} {_WHEN}" if rng.random() < 0.6 else rng.choice(_BASE)
    user, _ = scene.hear(told, n=n)
    user = _estranged(user, scene)
    reply = scene.speak(
        "(Oh, I see!|That sounds interesting.|Really?|Thanks for telling me.|Interesting!|How nice that you tell me.) (Tell me more.|How was that?|How do you feel about it?|What happened then?|I like to listen.)"
    )
    return Exchange(user, reply, follow=_heard if rng.random() < 0.5 else None)


def _heard(scene: Scene) -> Exchange:
    user, _ = scene.hear(
        "(it was (great|good|fun|okay|nice|boring|terrible|long|fine|strange)|nothing [special|more|else]|that's all|not much [more]|i don't know|i liked it|i did not like it|it was a lot of fun|never mind|there is not much to tell|we had a good time|then we went home|well, that is it|and then {person} came|it makes me happy|i feel good about it|not so good|it was my idea|it's a long story|no more to say)"
    )
    low = user.lower()
    if any(bad in low for bad in ("terrible", "did not like", "boring", "not so good")):
        return Exchange(
            user,
            scene.speak("(Oh, I am sorry to hear that.|That is a pity.) [I hope that the next time is better.]"),
            "sad",
        )
    if any(good in low for good in ("great", "good", "fun", "nice", "liked", "happy")):
        return Exchange(user, scene.speak("(That is lovely!|I am glad to hear that!|How nice!)"), "happy")
    return Exchange(
        user,
        scene.speak(
            "(I see.|All right.|OK.) (Thanks for telling me.|I like listening to you.|Do you want to hear a joke?)"
        ),
    )


def nonsense(scene: Scene) -> Exchange:
    """Words that mean nothing, noise and fragments."""
    rng = scene.rng
    user, _ = scene.hear(
        rng.choice(
            [
                "{word}",
                "{word} {word2}",
                "{word} {word2} {word3}",
                "{thing} {adjective} {plural}",
                "the {thing} the",
                "{food}",
                "{topic}",
                "{animal}",
                "{n}",
                "a",
                "hmm {word}",
                "{color} {color2}",
                "if the {thing}",
                "because {word}",
                "{plural}",
                "and then the {thing} of",
                "{thing}",
                "{n} {n2}",
                "so the thing is",
            ]
        ),
        n=str(rng.randint(0, 999)),
        n2=str(rng.randint(0, 99)),
    )
    return Exchange(
        user,
        scene.speak(
            "(Sorry, I did not understand that.|I did not get that, sorry.|I am not sure what you mean.) (Can you say it differently?|Can you say it again?|What do you mean?)"
        ),
    )
