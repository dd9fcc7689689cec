"""The rest of what people say: questions about the world, stories from their day, and words that mean nothing."""

from __future__ import annotations

from dialogues import words
from dialogues.scene import Exchange, Scene

_ABOUT = (
    "(what do you (know|think|understand) (about|of)|tell me [something|more|a bit|a little|everything|all] about|do you know (anything|something|much|a lot|a thing or two|stuff) about|have you [ever] heard (of|about)|can you [please] explain|explain|could you tell me about|what can you tell me about|what can you say about|are you (interested in|an expert on|good at|into)|do you understand|teach me [something] about|i (want|need|would like|wanna) to (know|learn|hear) [more|something] about|what's your (opinion|view|take) on|i have a question about|i wanted to ask [you] about|talk to me about|give me [some] (information|info|facts|details) about|give me (an overview|a summary) of|write [me] (a poem|an essay|a text|a speech|something|a story|a report|a song) about|help me with|i need help with|can you help me with|can you describe|describe|do you follow|what's the deal with|any news about|what's new in|who can tell me about|do you have [any] (information|info|news|facts) (about|on)|summarise|summarize|i am curious about|what should i know about|let me ask you about|so what about this thing called|ever heard of|you know|what do people say about|give me the history of|i'm studying|quiz me on|i have an exam (on|about)|my teacher asked us about|my (son|daughter|boss) wants to know about) {topic}",
    "(what is|what's|what are|whats|who is|who was|who's|where is|where's|where was|when was|when is|define|definition of|meaning of|what does it mean,|what exactly is|what the heck is|what on earth is|what in the world is|who invented|who discovered|who made|who started|who came up with|why is|why was|why are|how does|how is|how are|how did|is|are|was) {topic} [(made of|from|about|like|for|work|so important|so famous|invented|called|used for|important|real|dangerous|famous|made|anyway|exactly|in simple words|good for|popular|happening)]",
    "(i heard [something|a lot] about {topic}, what is (it|that)|{topic}, what is (that|it)|what do you think, is {topic} (good|bad|important|interesting|worth it|real|a good idea)|(what is|what's) (so special|so great|the point|the problem|the story|your favourite thing|the best thing|the truth) (about|of|with|behind) {topic}|how (does|do) {topic} work|why (do|did) people (like|hate|need|care about|talk about|study|believe in) {topic}|how (can|do) i (learn|get better at|start with|get into|understand|find out more about) {topic}|is it true [that] {topic} (is|are) (dangerous|expensive|dying|from {country}|very old|a lie|not real|good for you)|when did {topic} (start|begin|end|happen|become popular|exist)|where does {topic} come from|do you (like or hate|believe in|recommend|remember) {topic}|what (happened to|became of|caused|comes after|was before) {topic}|who (is the best at|is in charge of|likes|knows most about) {topic}|what are the (rules|basics|dangers|benefits|parts|causes|effects|kinds|types) of {topic}|how (old|big|important|popular|expensive|safe|complicated) (is|are) {topic}|which (book|film|website|expert) is good (for|on|about) {topic}|{topic}, explain|{topic} please explain|and {topic}|what about {topic}|how about {topic}|does {topic} (exist|matter|make sense|hurt|cost much|mean anything to you)|can you (compare|rate|review|rank) {topic}|compare {topic} (and|with|to) {topic2}|(what is|what's) the difference between {topic} and {topic2}|give me (one|a|an) (fact|example|reason|quote) about {topic}|tell me why {topic} (is|are) (important|famous|bad|good))",
)
_TYPED: dict[str, str] = {
    "invention": "((who (invented|created|built|developed|thought of|made the first|came up with)|who had the idea for|what do you know about the history of|what was there before|how do they make) {invention}|(when|where|how|why|in what year|by whom) was {invention} (invented|first made|made|discovered)|when did (we|people) (get|start to use|invent) {invention}|how does {invention} work|was {invention} invented in {country}|how old is {invention})",
    "celebrity": "((who (is|was|exactly is|exactly was)|tell me about|do you know|have you met|did you ever meet|how old is|how tall is|how rich is|who is married to|what is|do you like|what do you think of|where is|have you heard of|who was the wife of|who came after) {celebrity}|(when|where) was {celebrity} born|(when|how|where) did {celebrity} (die|live|become famous|start)|is {celebrity} (alive|still alive|dead|real|rich|married|the best|a good person)|what did {celebrity} (do|say|invent|write|win|look like)|why is {celebrity} [so] famous|was {celebrity} (a king|an artist|a scientist|tall|nice)|did {celebrity} really exist|how many (children|goals|wives|films|songs|records) did {celebrity} have|can you sing like {celebrity}|what is {celebrity} famous for)",
    "country": "((what is the (population|president|currency|king|flag|anthem|size|history|language|religion|biggest city|oldest town|national dish|time) (of|in)|who (rules|runs|is the president of|is the king of|governs|discovered)|what language do they speak in|how many people live in|where is|what is it like in|what can i (see|do|eat) in|which countries are next to|how do i get to|what do people eat in|what do you know about|how is life in|what is the news from|what happened in|how many rivers are in|what is the oldest castle in) {country}|how (big|old|far|hot|rich|safe|cold|large) is {country}|is it (cold|warm|expensive|safe|nice|raining) in {country}|when (was {country} founded|did {country} become a country)|is {country} (in europe|in asia|a country|an island|rich|safe|bigger than {country2})|how long is the flight to {country})",
    "city": "((how (do i|can i|do you) get to|how far (is it to|away is)|what should i see in|where is|which country is|who is the mayor of|what is the weather like in|how much is a (flight|ticket|hotel|flat) (to|in)|what time is it in|when is the next train to|how many people live in|how old is|what is the best (bar|pub|school|museum|restaurant) in|how is the traffic in|what is happening in|tell me something about|what is the news from|which river flows through|what is there to do in) {city}|is there a good (hotel|restaurant|cafe|beach|museum) in {city}|is {city} (big|nice|a city|expensive|safe|worth a visit)|how (is|was) the weather in {city}|will it rain in {city}|how long is the (drive|trip|flight) to {city}|is it warm in {city} [in summer|now])",
    "landmark": "(how (tall|old|big|long|deep|high|far away|wide|heavy|cold) is {landmark}|(where is|who built|what is|can i visit|what is inside|who owns|have you seen|how many people visit|how do i get to|tell me about|why did they build|what is special about) {landmark}|(when|why|how) was {landmark} (built|finished|made)|is it true that you can see {landmark} from space|how many (steps|rooms|stones|fish) (does|do) {landmark} have|is {landmark} (open today|worth a visit|in {country}|the tallest|the biggest))",
    "dish": "((how (do i|do you|can i|to|would you) (make|cook|bake|prepare)|(what is|what's|tell me|give me|do you have|have you got) (a|the|your) [good|best|easy] recipe for|what (goes|do i put|is|ingredients do i need) in[to]|how many calories are in|teach me how to (make|cook)|recipe for|which wine goes with|how hot should the oven be for|where can i (get|eat|buy) [good]|who has the best|how long do i (cook|bake|heat)|what do i need for|how much sugar is in|what spices go in) {dish}|how do i make {dish} for {n} people|is {dish} healthy|how much is {dish} at the restaurant|what is {dish} made of|where does {dish} come from|who invented {dish}|can you (make|cook) {dish} [for me])",
    "illness": "((what (should|can) i (do|take) (for|about|against)|how do (i|you) (treat|cure|get rid of|prevent|recognise|catch)|what (causes|helps against|are the symptoms of|is the best medicine for)|can you (cure|treat)|is there a cure for|which pill helps with|how dangerous is|can i go to work with|what is|is this|do you think i have|how do doctors treat|what are the signs of|tell me about) {illness}|how long does {illness} last|is {illness} (dangerous|contagious|serious|deadly)|can (children|my {pet}) get {illness}|how do i know if i have {illness}|why do i have {illness})",
    "event": "((who (won|will win|is going to win|wins|lost)|when is|what was the score of|where is|what happened (at|in|during|after|before)|who (fought in|played in|started|was at)|how many people died in|what (caused|ended|started)|can i still get tickets for|tell me about|how long was|why was there|what is|what year was|what do you know about|who remembers) {event}|when (does|did|will) {event} (start|end|happen|begin)|when is {event} this year|which (team|country|song|film) won {event}|on what date is {event}|how did {event} (start|end|begin)|why did {event} happen|who won {event} in {n})",
    "team": "(did {team} (win|lose|play) [yesterday|today|last night|on {weekday}|at the weekend]|how (did|do) {team} (play|do) [yesterday|today|this season]|(who is playing against|what is the score of|what was the result of|who (coaches|scored for|plays for|beat)|are you a fan of|do you support|how good are|what do you think of|how is the game of|any news of) {team}|when (do|does) {team} play [next]|will {team} win [tonight|tomorrow|the cup|on {weekday}]|how many goals did {team} score|is {team} (playing|winning|losing) [now|today|tonight]|where are {team} in the table)",
    "work": "((who (wrote|painted|composed|directed|made|stars in|is the hero of|played in|sings)|what is|what happens (in|at the end of)|have you (seen|read|heard|played)|tell me the (plot|story) of|can you quote|what do you think of|do you know|where can i watch|what year is|how old is|who dies in) {work}|how (does|did) {work} end|when was {work} (written|made|released)|how many (pages|episodes|parts|songs) does {work} have|is {work} (any good|good|scary|for children|worth it|long)|what is {work} about|did you like {work}|why is {work} so (famous|popular|good))",
    "company": "((who (founded|owns|runs|started)|should i buy (shares|something) from|what is the share price of|what is new at|how do i contact|how rich is|how many people work at|tell me about|what do you think of|how much is|who is the boss of|what is|how do i get a job at|what does the name mean of) {company}|(when|where) was {company} (founded|started)|what does {company} (make|sell|do)|is {company} (good|expensive|better than {company2}|down|evil|safe)|why is {company} so (big|expensive|rich)|where is {company} from|can you open {company}|which is better, {company} or {company2})",
    "science": "((what is|explain|teach me|why do we (need|study|learn)|who invented|what do you learn in|can you help me with my|i have homework in|quiz me on|give me a lesson in|what are the basics of|can you do|i don't understand|what is the use of|tell me about|are you good at|what is the hardest part of|who is the father of|when do we need) {science}|how (does|do) {science} work|how (hard|old|useful|boring) is {science}|explain {science} (to me|in simple words|like i'm five|for beginners)|is {science} (hard|useful|a science|fun|real)|what is {science} (about|good for)|why is {science} important|(help me with|do) my {science} homework)",
    "creature": "(what does the {creature} eat|where does the {creature} live|how (big|fast|old|heavy|long|dangerous|smart) is the {creature}|how long does the {creature} live|can the {creature} (swim|fly|jump|see well|be a pet)|what is the {creature}|is the {creature} (dangerous|poisonous|a fish|a mammal|a bird|extinct|real)|how many (teeth|babies|eyes|eggs) does the {creature} have|why does the {creature} look like that|tell me [something] about the {creature}|do you know the {creature}|what do you know about the {creature}|where can i see the {creature}|how does the {creature} sleep|what colour is the {creature}|when did the {creature} die out)",
    "word": "(what (does|do) {word} mean|what is [a|an|the] {word}|define {word}|what's [a|an|the] {word}|do you know [a|the] {word}|meaning of {word}|explain {word}|what is the meaning of {word}|who is {word}|where is {word}|what does the word {word} mean|is {word} a (word|real word|place|person|fruit|language)|have you heard of {word}|what do you call a {word}|how do you pronounce {word}|use {word} in a sentence|is there a {word} (here|near here)|what colour is a {word}|how many {word}s are there|why do people say {word}|tell me about {word}|who invented the {word}|what do you think of {word}|how does a {word} work)",
    "topic": "((which|what) is (better|bigger|older|faster|more expensive|healthier|more dangerous|heavier|cheaper|nicer), {topic} or {topic2}|what is the (best|worst|most important|hardest) (thing|part) about {topic}|what does {topic} mean to you|who told you about {topic}|can you predict {topic}|how (many|much) {topic} (is|are) there|have you learned about {topic}|would you say that {topic} (is|are) good|say something (clever|about) {topic}|i need facts about {topic}|{topic}, yes or no|what would you ask about {topic})",
    "field": "(what will happen (with|to) {field}|what is the future of {field}|how will {field} change|do you think {field} will (go up|go down|disappear|win|change)|in a hundred years, will we still have {field}|what comes after {field}|how much does {field} cost|is {field} (worth it|safe|legal|allowed|fun|dying out|still a thing)|am i allowed to do {field} at home|what are the laws (about|on|for) {field}|can i make money with {field}|who started {field}|how do experts see {field}|what is the latest on {field}|what do i need for {field}|where can i learn {field}|is {field} (good|bad) for (me|the world|kids))",
}
_OPEN = (
    "(how (many|much) {plural} (are there|do i need|are in {place}|cost|are there in the world|exist|can you buy for {n} dollars)|how (tall|old|big|far|heavy|fast|deep|long|expensive|rare) (is|are) (the {adjective} {thing}|a {animal}|{person}|the {plural}|{place}|{plural}|that {thing})|where (is|was) {person} [born|now|from]|where do {plural} come from|where can i buy {plural}|how high can a {animal} jump|how long (can|does) a {animal} (live|sleep|swim|run)|how many (teeth|bones|babies|eyes) does a {animal} have)",
    "(what is the (best|biggest|tallest|cheapest|fastest|oldest|smallest|rarest|most expensive|longest|deepest|worst) {thing} [in the world|in {place}|of all time|you can buy]|which {thing} (is better|should i buy|do you recommend|is the cheapest|lasts longest)|how do (i|you) (fix|build|clean|repair|install|draw|open|paint|sell|replace) [a|the|my] {thing}|why (do|are) {plural} [so] (exist|expensive|important|{adjective}|dangerous|loud|popular)|who (made|makes|sells|needs|invented) {plural}|who (painted|made|broke|took|bought) the {adjective} {thing}|what year was {person} born|who is the (king|president|boss|winner|inventor|author|owner) of {place})",
    "(what (time does|is on at) the (shop|bank|museum|train|bus|cinema|library|pool|school|pharmacy) [open|close|leave]|when does the next (bus|train|plane|ferry|tram) [to {place}] (leave|come|arrive)|what's on (tv|at the cinema) [tonight]|what is my (ip address|password|phone number|email|blood type|shoe size|star sign|bank balance|weight)|what are the lottery numbers|how much money do i have|who is calling|what is the wifi password)",
    "(solve (this equation|x plus {n} equals {n2}|this for me)|what is the square root of {n}|what is {n} percent of {n2}|how many (seconds|grams|inches|ounces|feet|litres|millimetres) are in a (week|pound|mile|cup|ton|gallon|metre)|convert {n} (miles|pounds|dollars|inches|feet|gallons|degrees) to (km|kilos|euros|cm|metres|litres|celsius)|how much is {n} (dollars|pounds|yen) in (euros|dollars|pesos)|what is {n} squared|what is {n} to the power of {n2}|what is the (derivative|integral|logarithm|cosine|sine) of x|what is pi to ten digits|is {n} a prime number|write {n} in roman numerals|what is a third of {n}|how many zeros are in a (million|billion|trillion))",
    "(what did (my {relation}|{person}|the {job}) (say|do|eat|buy|think|want|dream) [yesterday|last night|about me]|what is (my {relation}|{person}|the {job}) (doing|thinking|hiding|planning|eating|afraid of)|who (is in love with|talked to|called|saw|married) (my {relation}|{person})|does {person} (like|love|hate|miss|know) me|is {person} (lying|at home|married|coming|angry with me|rich|sick)|how old is (my {relation}|{person})|where does {person} live|what is {person}'s (phone number|address|secret|password|job|birthday)|do you know (my {relation}|{person}|a good {job}|any {job}s|who {person} is))",
    "(what should i (buy|read|watch|study|name my {pet}|call my {pet}) [today|tonight|for dinner|for my {relation}]|what should i give my {relation} [for (christmas|her birthday|his birthday)]|which (phone|car|school|bank|laptop|doctor|dentist|brand|hotel) is (the best|better|the cheapest)|should i (marry|call|trust|forgive|invite|hire|vote for) {person}|can you (recommend|suggest) (a|some|me a) (film|book|restaurant|hotel|song|recipe|{thing}|museum|podcast|present))",
    "(if a (train|car) leaves {place} at {n}, when does it arrive|how many {plural} fit in[to] a {thing}|what weighs more, a {animal} or a {thing}|who would win, a {animal} or a {animal2}|can a {animal} eat {food}|is {food} good for a {animal}|how far is {place} from {place2}|what came first, the {thing} or the {thing2}|how many people (like|own|have) {plural}|what do {job}s (do|earn|wear|know about {plural})|how much does a {job} earn|how do i become a {job}|what is the {adjective} {thing} for|when was the {thing} invented|who brought the {thing} here|what does this (sign|word|button|letter|noise) mean|what song is this|what is that (song|smell|noise|bird|star) called)",
)
_UNSURE_TOPIC = (
    "(I do not know much about {x}, sorry.|Sorry, I do not know much about {x}.|I do not know much about {x}. I am only a small robot.|I know very little about {x}, sorry.|I do not know much about {x}. [Shall we talk about something else?|Can you tell me about it?])",
    "(I do not know that, sorry. I am only a small robot.|That is too hard for my small head, sorry.|Good question! I do not know the answer.)",
)
_UNSURE = "(I do not know that, sorry. I am only a small robot.|Sorry, I do not know that.|Good question! I do not know the answer.|I do not know that, sorry. Shall we talk about something else?|I cannot find that out, sorry.)"


_BEFORE = "(i am bored.|my teacher asked us,|i have a test tomorrow,|i always wanted to know,|random question,|my {relation} and i had an argument,|my son wants to know,|my daughter asks,|for my homework,|quick one,|serious question,|stupid question but|i keep wondering,|in your opinion,|since you are a robot,|out of curiosity,|just for fun,|you seem smart,|maybe you know this,|here is a hard one,|i was reading a book,|they talked about it on tv,|we learned it at school but i forgot,|i can't sleep,|tell me one thing,|let me test you,|you as a robot,|my friend {person} says that you know everything,|before i forget,|one more question,|next question,|can i ask you something,|i bet you don't know this,|help me out,|settle this for me,)"


def unknown(scene: Scene) -> Exchange:
    """A question that a small robot cannot answer: it says so."""
    rng = scene.rng
    draw = rng.random()
    before = f"{_BEFORE} " if rng.random() < 0.15 else ""
    if draw < 0.4:
        user, slots = scene.hear(before + rng.choice(_ABOUT[:1] * 3 + _ABOUT[1:] * 2), topic=words.topic(rng))
        return _ignorance(user, slots["topic"], scene)
    if draw < 0.7:
        kind = rng.choice(list(_TYPED))
        value = scene.slot(kind) if rng.random() < 0.85 else words.made_up(rng)
        user, slots = scene.hear(before + _TYPED[kind], n=str(rng.randint(2, 60)), **{kind: value})
        return _ignorance(user, f"the {slots[kind]}" if kind == "creature" else slots[kind], scene)
    user, _ = scene.hear(before + rng.choice(_OPEN), n=str(rng.randint(21, 999)), n2=str(rng.randint(21, 99)))
    user = _estranged(user, scene)
    return Exchange(user, scene.speak(_UNSURE), follow=_pressed if rng.random() < 0.3 else None)


def _ignorance(user: str, subject: str, scene: Scene) -> Exchange:
    """The honest answer about `subject`."""
    reply = _UNSURE_TOPIC[0] if scene.rng.random() < 0.88 else _UNSURE_TOPIC[1]
    return Exchange(user, scene.speak(reply, x=subject), follow=_pressed if scene.rng.random() < 0.3 else None)


_PRESSED: tuple[tuple[str, str, str], ...] = (
    (
        "(can you (look it up|google it|find out|search for it|check|look that up|ask the internet)|(google|search|check|look up) (it|that) [please|for me]|look it up|just google it|search the internet|check online|ask google|find out for me)",
        "neutral",
        "(I have no internet, so I cannot look it up, sorry.|I cannot look it up, I have no internet.)",
    ),
    (
        "(why not|why don't you know [that|it]|how come|how can you not know that|why do you not know|everybody knows that|that's easy|any child knows that|but you are a robot|robots know everything|my phone knows that|alexa knows that|you should know that|a computer should know that)",
        "neutral",
        "(My head is very small, and I have no internet.|I am a small robot, I only know a few things.)",
    ),
    (
        "(take a guess|just guess|guess|try|try it|have a go|what do you think|give it a try|come on|make something up|just say something|invent an answer|at least try)",
        "neutral",
        "(I would only guess wrong, sorry.|I do not want to tell you something wrong.)",
    ),
    (
        "([ok|oh] (no problem|that's okay|that's fine|never mind|too bad|no worries|it's ok|all right|okay then|fair enough|don't worry|not a problem|pity|it does not matter)|i see|oh well|ok|okay)",
        "neutral",
        "(Thank you! What else would you like to talk about?|Shall we talk about something else?)",
    ),
    (
        "((so|then|and|) what do you know [then]|what can you tell me [then]|do you know anything [at all]|is there anything you know|what do you know about|so you know nothing|you don't know much|you know nothing|you don't know anything|you are not very smart)",
        "neutral",
        "(I know jokes, fun facts and small sums. Ask me for one!|I know a few animals, colours and numbers, and some jokes.)",
    ),
    (
        "(shall i tell you [about it]|do you want to know|i can tell you|i know the answer|i know it|let me explain it [to you]|i will explain it|i can explain it to you|should i tell you|i'll teach you)",
        "happy",
        "(Yes, please tell me!|Oh yes, please! I like to learn.)",
    ),
    (
        "(thanks for being honest|at least you are honest|i like that you are honest|good that you say so|honest answer|thanks anyway|thank you anyway|thanks for trying|well, thanks|you are honest)",
        "happy",
        "(You are welcome! I always try to be honest.|I try to be honest with you.)",
    ),
)


def _pressed(scene: Scene) -> Exchange:
    """What people say to a robot that does not know."""
    said, emotion, reply = scene.rng.choice(_PRESSED)
    user, _ = scene.hear(said)
    return Exchange(user, scene.speak(reply), emotion)


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
_WHEN = "[yesterday|today|this morning|last night|last week|last summer|on {weekday}|again|at work|at school|at home|in the garden|two days ago|just now|earlier|at the weekend|an hour ago|on the way home]"
_MORE = "(Tell me more.|Tell me about it!|How was that?|What happened then?)"
# What people tell, the robot's face and its answer; {x} is a word that the answer takes up.
_TOLD: tuple[tuple[str, str, str, str], ...] = (
    ("thing", "{who} (bought|got|ordered|picked up) a [new|used|second hand] {x} {when}", "happy", "A {x}? How nice! (What is it like?|Tell me about it!)"),
    ("thing", "{who} (has|have|got) a [new|brand new] {x} {when}", "happy", "A new {x}! (How nice!|What is it like?)"),
    ("thing", "{who} (want|wants|need|needs|would like) a [new|{adjective}] {x}", "neutral", "A {x}? (That sounds good.|I hope that it works out.) [Tell me more.]"),
    ("thing", "{who} (sold|gave away|threw away|lent somebody) the [old] {x} {when}", "neutral", "Oh, the {x}! (Was it hard to let it go?|How do you feel about it?)"),
    ("thing", "{who} (lost|cannot find|can't find|misplaced) (my|the|a) {x} {when}", "sad", "Oh no, the {x}! I hope that you find it."),
    ("thing", "{who} found (my|the|a|the lost) {x} [again] {when}", "happy", "You found the {x}? (How lucky!|That is great news!)"),
    ("thing", "{who} (broke|dropped|smashed|damaged|ruined) (my|the) {x} {when}", "sad", "Oh no, the {x}! (Can it be fixed?|I hope that nobody is hurt.)"),
    ("thing", "{who} (fixed|repaired|mended|glued) (my|the) [old|broken] {x} {when}", "happy", "(Well done! Now the {x} is fine again.|Great, the {x} works again!)"),
    ("thing", "{who} (cleaned|washed|painted|polished) the {x} {when}", "happy", "The {x} must look nice now!"),
    ("thing", "{who} (forgot|left) (my|the) {x} (at home|at work|at school|on the bus|in the car)", "sad", "Oh no, the {x}! I hope that you get it back."),
    ("thing", "{who} gave me a [{adjective}] {x} {when}", "happy", "A {x} as a present? How kind! Do you like it?"),
    ("thing", "{who} (built|made|designed) a [{adjective}] {x} {when}", "happy", "You made a {x}? (That is clever!|I am impressed!)"),
    ("thing", "(somebody|someone|a thief|they) (stole|took) my {x} {when}", "sad", "Oh no, I am sorry about your {x}! That is not fair."),
    ("thing", "my {x} (is broken|does not work|stopped working|fell down|is gone|is dead|is kaputt|is old and slow)", "sad", "Oh no, your {x}! I am sorry. Can it be fixed?"),
    ("thing", "(the|my) {x} is (on the table|in the kitchen|too big|very old|expensive|{color}|heavy|next to me|almost new|from my {relation}|made of wood|my favourite)", "neutral", "I see, the {x}. (Tell me more about it.|Do you like it?)"),
    ("animal", "{who} saw a [big|little|wild|white|baby] {x} {when}", "surprised", "A {x}? (How exciting!|Really?) What did it do?"),
    ("animal", "there (is|was) a {x} (in the garden|in the kitchen|on the street|in my room|outside) {when}", "surprised", "A {x}? (Really?|How exciting!) What did it do?"),
    ("creature", "{who} (saw|met|drew|dreamed about) (a|an) {x} {when}", "surprised", "(Oh, the {x}!|Really? The {x}?) Tell me more."),
    ("food", "{who} (ate|had|tried|got|ordered) [too much|some|a lot of] {x} {when}", "happy", "Yum, {x}! (Was it good?|Did you like it?)"),
    ("food", "{who} (cooked|made|baked|prepared) [some] {x} {when}", "happy", "(Yum, {x}! Did it taste good?|Homemade {x}? How nice!)"),
    ("dish", "{who} (made|cooked|had|is making|are having|want|tried to make) {x} (for dinner|for lunch|tonight|{when})", "happy", "(Yum, {x}!|Oh, {x}!) I hope that it tastes good."),
    ("food", "(the|my) {x} (is|was|tasted) (burnt|cold|awful|too salty|terrible|disgusting|gone)", "sad", "Oh, what a pity about the {x}!"),
    ("food", "(the|my) {x} (is|was|tasted|smells) (delicious|great|so good|lovely|perfect|amazing)", "happy", "(Yum!|How nice!) I wish I could taste {x}."),
    ("place", "{who} (went|drove|flew|travelled|took the train) to {x} {when}", "happy", "{x}! How was it there?"),
    ("city", "{who} (visited|went to|came back from|spent a week in|was in|were in) {x} {when}", "happy", "{x}! How was it there?"),
    ("country", "{who} (visited|was in|were in|spent the summer in|came back from) {x} {when}", "happy", "{x}! How was it there?"),
    ("city", "{who} (moved|is moving|are moving|want to move|moved away) to {x} {when}", "surprised", "To {x}? That is a big change! How do you feel about it?"),
    ("country", "(i am|we are|my {relation} is|i'm|we're) (going|flying|driving|off|travelling) to {x} (tomorrow|next week|soon|in summer|on {weekday}|for a week)", "happy", "To {x}? How exciting! Have a good trip!"),
    ("city", "(i am|i'm|my {relation} is|we are|i was born) (from|in) {x}", "happy", "{x}? (How nice!|I have never been there.) What is it like?"),
    ("hobby", "{who} (started|tried|did|learned|practised) {x} {when}", "happy", "{x}? (That sounds like fun!|Well done!) How is it going?"),
    ("hobby", "(i|we) (like|love|enjoy|adore|am good at) {x} [a lot|very much|on sundays|with my {relation}]", "happy", "{x} sounds like fun! (What do you like about it?|Tell me about it!)"),
    ("hobby", "(i|we) (hate|don't like|can't stand|am bad at|gave up|quit) {x}", "neutral", "That is fine, not everybody likes {x}."),
    ("topic", "{who} (watched|saw) (a film|a show|something|a video) about {x} {when}", "neutral", "About {x}? (That sounds interesting.|Oh!) What did you learn?"),
    ("topic", "{who} (read|am reading|bought|wrote) (a book|an article|a story|something) about {x} {when}", "neutral", "About {x}? That sounds interesting. Is it good?"),
    ("topic", "{who} (talked|learned|heard|argued|dreamed) about {x} {when}", "neutral", "About {x}? (That sounds interesting.|Oh!) Tell me more."),
    ("topic", "(i|we) (like|love|enjoy|adore|am crazy about|am a fan of|am into) {x}", "happy", "You like {x}? How nice! What do you like about it?"),
    ("topic", "(i|we) (hate|don't like|dislike|can't stand|am tired of) {x}", "neutral", "I see, you do not like {x}. What do you like?"),
    ("work", "{who} (watched|saw|read|finished|played|listened to|started) {x} {when}", "neutral", "{x}? I do not know it well. Did you like it?"),
    ("team", "{who} (watched|saw) {x} (play|win|lose) {when}", "neutral", "{x}? Was it a good game?"),
    ("plural", "{who} (saw|bought|collect|collects|painted|found|counted) [some|many|a lot of] {x} {when}", "neutral", "{x}? (How interesting!|Oh!) Tell me more."),
    ("relation", "my {x} (called|visited|came to see|helped|hugged|texted|wrote to|invited) me {when}", "happy", "How nice of your {x}! Did you have a good time?"),
    ("relation", "my {x} (shouted at|yelled at|ignored|lied to|left|laughed at|is angry with|is mad at) me {when}", "sad", "I am sorry. That was not nice of your {x}."),
    ("relation", "my {x} is (coming to visit|here|visiting us|coming for dinner|on the way) [today|tomorrow|soon|on {weekday}]", "happy", "Your {x}? How nice! Say hello from me."),
    ("relation", "my {x} (works as a {job}|is a {job}|is {n} years old|lives in {city}|likes {hobby}|collects {plural}|talks a lot|is very tall|has a {thing})", "neutral", "Oh, your {x}! (That sounds interesting.|Tell me more.)"),
    ("person", "(i|we) (met|saw|called|visited|talked to|had lunch with) {x} {when}", "happy", "Oh, {x}! (How was it?|Did you have a good time?)"),
    ("job", "(i am|i'm|my {relation} is|i work as|i want to be|i used to be) a {x}", "happy", "A {x}? (That sounds interesting!|How nice!) What is it like?"),
    ("pet", "my {x} is (asleep|playing|very lazy|funny|so cute|running around|next to me|in the garden)", "happy", "How nice! Say hello to your {x}."),
    ("word", "{who} (bought|saw|found|met|made|got|ate|wants|has) a {x} {when}", "surprised", "A {x}? I do not know what that is. Tell me about it!"),
    ("word", "{who} (went|travelled|walked|moved) to {x} {when}", "neutral", "{x}? I do not know that place. What is it like?"),
    ("word", "(i|we) (play|like|love|study|do|teach|am learning) {x} [every day|at school|on {weekday}s]", "neutral", "{x}? I do not know what that is. Tell me about it!"),
)  # fmt: skip
_PAST = (
    "(had (a meeting|a party|a test|a long day|visitors|a phone call)|waited for the (bus|train|{job})|woke up (early|late)|got a (letter|haircut|phone call)|took the (bus|train|tram)|was at (work|school|home|the shop)|went to (the shop|the park|work|school|a party|a concert|the beach|church|bed)|stayed at home|did (the laundry|the dishes|nothing|some work)|walked (home|in the park|for an hour)|put the {thing} on the {thing2}|talked for an hour|came home late|met some friends|sat in the garden|went for a walk|watched (tv|a film|the news|a match)|listened to music|cleaned the (house|kitchen|garden))",
)
_BASE = (
    "i have (a lot of {plural}|no {thing}|an idea|two {relation}s|{n} {plural}|a meeting|some homework)",
    "there is a {thing} (on|under|behind|next to) the {thing2}",
    "it (is late|smells of {food}|was a long day|tastes good|takes a long time|happened {when})",
    "people say that {plural} are {adjective}",
    "we are (having {food}|going to {place}|playing {hobby}|at home|on our way)",
    "i just (came home|woke up|ate {food}|finished work|saw {person})",
    "(so|well|then|and then) (i|we|they|my {relation}) (said|told me|thought|decided) that (it was {adjective}|the {thing} was {adjective}|we should go|{person} was right|it is time)",
)


def story(scene: Scene) -> Exchange:
    """Something from a person's life: the robot takes up a word of it."""
    rng = scene.rng
    if rng.random() < 0.75:
        return _taken_up(scene)
    told = f"{_WHO} {rng.choice(_PAST)} {_WHEN}" if rng.random() < 0.6 else rng.choice(_BASE).replace("{when}", _WHEN)
    user, _ = scene.hear(told, n=str(rng.randint(2, 40)))
    user = _estranged(user, scene)
    reply = scene.speak(
        f"(Oh, I see!|That sounds interesting.|Really?|Thanks for telling me.|Interesting!) ({_MORE}|How do you feel about it?|I like to listen.)"
    )
    return Exchange(user, reply, follow=_heard if rng.random() < 0.5 else None)


def _taken_up(scene: Scene) -> Exchange:
    kind, told, emotion, answer = scene.rng.choice(_TOLD)
    strange = kind in ("thing", "animal", "food", "city", "hobby", "topic") and scene.rng.random() < 0.25
    value = words.made_up(scene.rng) if strange else scene.slot(kind)
    told = told.replace("{who}", _WHO).replace("{when}", _WHEN)
    user, slots = scene.hear(told, x=value, n=str(scene.rng.randint(2, 40)))
    follow = _heard if emotion != "sad" and scene.rng.random() < 0.4 else None
    return Exchange(user, scene.speak(answer, x=slots["x"]), emotion, follow=follow)


# What people add to a story, the robot's face and its answer.
_ADDED: tuple[tuple[str, str, str], ...] = (
    (
        "(it was [really|very|so|pretty|quite|] (great|good|fun|nice|lovely|exciting|wonderful|fantastic|amazing|beautiful|interesting)|i (liked|loved|enjoyed) it [a lot]|it was a lot of fun|we had a (good|great|lovely) time|it (makes|made) me happy|i feel good about it|[really|very|pretty] (good|great|nice)|the best day ever|i'm happy with it|i am glad about it|it works well|we laughed a lot|i can't complain|much better than i thought|i would do it again|everybody liked it)",
        "happy",
        "(That is lovely!|I am glad to hear that!|How nice!)",
    ),
    (
        "(it was [really|very|so|pretty|quite|a bit|] (terrible|bad|boring|awful|sad|horrible|stressful|too long|disappointing|not good)|i (hated it|did not like it|didn't like it|did not enjoy it)|not (so|very) good|[really|very|pretty] bad|it makes me sad|i feel bad about it|it was not nice|it was not good at all|everything went wrong|worse than i thought|i would not do it again|nobody liked it|we had a bad time|it was a bad idea|it did not work)",
        "sad",
        "(Oh, I am sorry to hear that.|That is a pity.) [I hope that the next time is better.]",
    ),
    (
        "(it was (okay|fine|long|strange|normal|so so|all right)|nothing [special|more|else]|that's all|not much [more]|i don't know [yet]|never mind|there is not much to tell|then we went home|well, that is it|and then {person} came|it was my idea|it's a long story|no more to say|i forgot the rest|we will see|ask me tomorrow|nothing happened|and that was it|that's the whole story|it is what it is|so so|as always|like every day|i can't say|hard to say)",
        "neutral",
        "(I see.|All right.|OK.) (Thanks for telling me.|I like listening to you.)",
    ),
)


def _heard(scene: Scene) -> Exchange:
    """What people add to a story when they are asked how it was."""
    said, emotion, answer = scene.rng.choice(_ADDED)
    user, _ = scene.hear(said)
    return Exchange(user, scene.speak(answer), emotion)


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
                "{mash}",
                "{mash} {mash2}",
                "{mash}",
                "(b|c|d|e|f|g|h|j|k|l|m|o|p|q|r|s|t|u|v|w|x|y|z)",
                "(i i i|th th th|um um|so so so|w w w|but but but) (i|the|you) {thing}",
                "(the|a|my) {adjective}",
                "(in|on|under|from|with|of|to) the {thing}",
                "(i|you|we|they) {word} the {word2}",
                "{word} is {word2} and {word3}",
                "(when|if|while|although|since|unless) (i|you|the {thing}|{person})",
                "{food} {animal} {word}",
                "(colour|clock|wall|paper|seven|window|grass) {thing} (of|by|or) {plural}",
                "the {word} (of|in|on) the {word2}",
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
