"""Turns that are answered from the bracketed line: readings, clock, what the camera shows, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from dialogues import words
from dialogues.moment import WEEKDAYS, reading
from dialogues.scene import Exchange, Scene

_BLIND = "(I cannot tell, I have no {sensor} reading right now.|I have no {sensor} reading right now.)"
_CHARGING = (
    "are you (charging|plugged in|being charged|on the charger|on your dock|docked|connected to power|on the cable) [now|right now|at the moment|yet]",
    "is your battery (charging|being charged|filling up|getting charged)",
    "is (the|your) (charger|cable|plug|power cable) (plugged in|connected|in|on|working)",
    "are you getting (power|electricity|energy|charge) [now|from the cable]",
    "did i plug you in",
    "do you run on (battery|your battery|cable|the cable)",
    "is there power on your plug",
    "are you still charging",
    "did you start charging",
    "have you (stopped|finished) charging",
    "is the charging working",
    "does your charger work",
    "charging",
    "still plugged in",
    "are you eating electricity [right now]",
    "am i charging you",
)
_NEED = (
    "is your battery (low|full|ok|okay|good|empty|fine|dead|almost empty|nearly full|flat|all right) [now]",
    "do you need (charging|to charge|power|a charge|to be charged|your charger|electricity|a new battery|energy|to be plugged in) [soon|now]",
    "are you (low on|running out of|short of|running low on) (battery|power|energy|charge|juice)",
    "are you about to (run out [of battery]|shut down|die|switch off|turn off)",
    "will your battery (last|hold|be enough) [for today|the day|for an hour]",
    "do you have enough (power|battery|energy|charge|juice) [left|to play|for today|to go on]",
    "should i (charge you|plug you in|get the charger|get your charger|put you on the charger) [now]",
    "(are you|you) (hungry|hungry for power|tired, is your battery low)",
    "do i have to (charge you|plug you in)",
    "can you (go on|keep going|hold out) without charging",
    "is it time to (charge|plug you in)",
    "when do you need to charge",
    "how long (will (your|the) battery last|can you go on|do you have left|until you are empty)",
    "are you (full|empty|charged|fully charged|full of energy)",
    "have you got enough (juice|power|battery)",
    "got enough (juice|power|battery)",
    "how is your energy",
    "do you want (your charger|some power|to be charged)",
)
_LEVEL = (
    "how much (battery|power|charge|energy|juice) (do you have|is|have you got|have you|you got|is in you|remains|has your battery got) [left] [now]",
    "what (is|was) your battery [level|status|percentage|at|charge] [right now|now]",
    "what's your (battery|charge|power|power level|battery level|battery status) [at|level|like|now]",
    "how is your battery [doing|today|now]",
    "how's your (battery|power|charge) [doing|looking]",
    "battery [level|status|please|check|now|percentage]",
    "how (full|charged|empty) is (your|the) battery",
    "(check|tell me|read|show me|give me|report) your battery [level|status] [please]",
    "how charged are you",
    "how many percent [battery|of battery|charge] (do you have|have you got|are left)",
    "what percent[age] (are you at|is your battery at|have you got|do you have)",
    "how is your (charge|power|energy) [level]",
    "do you have battery left",
    "power level",
    "charge level [please]",
    "is there any (battery|power|juice) left [in you]",
    "(can you tell me|i'd like to know|i want to know|tell me) how (full your battery is|much battery you have|charged you are|much power is left)",
    "and (the|your) battery",
    "what about your battery",
    "your battery",
    "what does your battery say",
    "at what percent is your battery",
    "where is your battery at",
    "how far down is your battery",
    "(number|percent) of (the|your) battery [please]",
    "let me know your battery level",
    "any idea how much battery you have",
    "how much percent",
    "what's the state of your battery",
)
_TIME = (
    "what time is it [now|please|right now|there|again|by now]",
    "what's the time [now|please|again]",
    "whats the time",
    "what is the (time|hour|exact time|current time) [now|please]",
    "(do you know|can you tell me|tell me|could you tell me|would you tell me|please tell me|do you happen to know|i need to know|may i ask) (the time|what time it is|how late it is) [please]",
    "how late is it [now|already]",
    "(got|do you have|have you got|you got) the time",
    "time please",
    "time",
    "and the time",
    "what about the time",
    "what does (the|your) clock say",
    "what's the clock [say|now]",
    "current time [please]",
    "what hour is it",
    "look at (the|your) clock",
    "(check|read) the (clock|time) [for me] [please]",
    "do you have a (clock|watch), what does it say",
    "my watch is broken, what time is it",
    "i (lost my watch|have no watch|forgot my watch), what's the time",
    "i lost track of time, how late is it",
    "what time do we have",
    "what time do you have",
    "is it (noon|midnight|lunchtime|bedtime|dinner time|time for bed|tea time|time to go|time for lunch|time for school) [already|yet|now]",
    "am i (late|too late|early)",
    "how early is it",
    "what is it on the clock",
    "give me the time [please]",
    "say the time",
    "the time [please]",
    "what's the current time",
    "is it (past|after|before) (noon|midnight|six|eight|ten|lunch)",
    "has the clock struck (twelve|ten|eight)",
)
_PART = (
    "is it {part} [already|yet|now|still]",
    "is it still {part}",
    "do we have {part} [now]",
    "it's {part}, (right|isn't it|is it)",
    "would you say that it is {part}",
    "is (it|this) the {part} [now]",
    "are we in the {part} [already]",
)
_DAYPART = (
    "(what|which) (part of the day|time of day) is it",
    "is it (day or night|morning or evening|light or dark out, i mean what time of day is it|night or day)",
    "is it (morning|day) or (evening|night)",
    "what time of day do we have",
)
_LATE = (
    "is it (late|very late|getting late|too late [to call|to play|for tea|to eat|to go out]|late already)",
    "is it (early|very early|too early [to call|to get up])",
    "should i go to (bed|sleep) [now]",
    "is it (time to sleep|time for bed|bedtime) [for me]",
    "isn't it (late|early)",
    "how late did it get",
    "am i up too late",
    "should i be (asleep|in bed|sleeping) [by now]",
)
_TODAY = (
    "what day is (it|today|this) [today|now|again|please]",
    "(what|which) day of the week (is it|do we have|is today|are we on) [today]",
    "which day is (it|today)",
    "what's today",
    "what is today",
    "what day today",
    "(do you know|can you tell me|tell me|could you tell me|please tell me|any idea|do you happen to know) (what day (it is|we have|today is)|which day it is|the day|today's day|what weekday it is) [please|today]",
    "what weekday is (it|today)",
    "weekday [please]",
    "day of the week [please]",
    "today is what day",
    "what's the day [today|now]",
    "what day do we have [today]",
    "which weekday is it",
    "what day are we on",
    "i forgot what day it is",
    "i lost track of the days, what is today",
    "what's the name of today",
    "name the day [of the week]",
    "and the day",
    "what is the day",
    "remind me what day it is",
    "is today (monday|tuesday|friday|sunday) or what day is it",
    "we are on which day",
)
_TOMORROW = (
    "what day (is|will it be|comes|do we have|is it) tomorrow",
    "which day is (tomorrow|it tomorrow)",
    "what is tomorrow",
    "and tomorrow",
    "tomorrow is what day",
    "what day comes (next|after today)",
    "what weekday is tomorrow",
    "(tell me|do you know|can you tell me) (what day is tomorrow|tomorrow's day|what tomorrow is)",
    "what will tomorrow be",
    "what's tomorrow",
    "what day follows today",
)
_YESTERDAY = (
    "what day was [it] yesterday",
    "which day was (yesterday|it yesterday)",
    "yesterday was what day",
    "what was yesterday",
    "what day (came|was) before today",
    "what weekday was yesterday",
    "and yesterday",
    "(tell me|do you know|can you tell me) what day yesterday was",
)
_WEEKEND = (
    "is it (the weekend|weekend|a weekend) [today|already|yet|now]",
    "is today (a weekend|the weekend|a work day|a working day|a school day|a weekday)",
    "is it a (work|working|school) day [today]",
    "do i have to (work|go to work|go to school|get up early) today",
    "(do i have|is there) school today",
    "(can|may) i sleep in today",
    "is the weekend here",
    "are we in the weekend [yet|already]",
    "do i have the day off today",
    "weekend or weekday",
)
_DATE = (
    "what (date|month|year) is it [today|now]",
    "what is (the date|today's date|the date today)",
    "what's the (date|year|month) [today]",
    "which (year|month|date) is it",
    "tell me the date [please]",
    "(do you know|can you tell me) (the date|today's date|what date it is|what month it is|what year it is)",
    "the date [please]",
    "in (what|which) (year|month) are we",
    "what is the exact date",
    "how many days (until|till) (christmas|my birthday|summer|the holidays)",
)
_WARMTH = (
    "how (warm|cold|hot|cool|chilly) is it [here|in here|now|right now|in the room|there|inside|today|at the moment|where you are]",
    "what (is|was) the temperature [here|now|in here|in this room|right now|inside|like|at your place|around you]",
    "what's the temperature [like|in here|now|right now|inside|please]",
    "temperature [please|now|here|reading|in here|check|inside]",
    "is it (warm|cold|hot|chilly|cool|freezing|warm enough|too hot|too cold|too warm|boiling|cosy|nice and warm|mild|quite warm|rather cold) [here|in here|in the room|today|there|inside|in this room|right now|at home]",
    "how many degrees (is it|do we have|are there|have we got|does it have) [here|in here|now]",
    "(tell me|check|read|measure|give me|take|report|show me) the temperature [please|now|in here|in the room]",
    "are you (cold|warm|hot|freezing|cold right now|too hot|warm enough)",
    "do you feel (cold|warm|hot|the heat|the cold)",
    "what does (the|your) (thermometer|temperature sensor) (say|show|read)",
    "room temperature [please]",
    "what temperature (is it|do you measure|have you got|do we have|is the room|does the room have|is the air|do you feel)",
    "(do|would) i need a (jacket|sweater|jumper|coat|blanket) in here",
    "should i (turn on the heating|open a window|wear a sweater|put on a jumper|turn the heating up|turn the heating down)",
    "is the (room|house|air|kitchen|place) (warm|cold|hot|cool|warm enough|too hot|heated)",
    "do we need (the heating|the heater|the fan) [on]",
    "and the temperature",
    "what about the temperature",
    "degrees [please]",
    "(can you tell me|do you know|i want to know|could you measure) (how warm it is|the temperature|how cold it is|how hot it is) [in here|here|please]",
    "is it me or is it (cold|hot|warm) in here",
    "how's the temperature [in here]",
    "how is the temperature",
    "it is (cold|hot|warm|chilly) in here, isn't it",
    "what's it like in here, warm or cold",
    "isn't it (a bit cold|hot|warm|freezing) in here",
    "how does the air feel, warm or cold",
    "is the heating (on|working)",
    "celsius please",
    "is it comfortable in (here|the room)",
    "could it be warmer in here",
    "brr, how cold is it",
    "phew, how hot is it [in here]",
)
_DAMP = (
    "how (humid|damp|dry|wet|moist|muggy) is (it|the air|the room) [here|in here|now|right now|inside|today]",
    "what (is|was) the (humidity|air humidity|moisture|relative humidity|humidity level) [here|now|in here|right now|in this room]",
    "what's the (humidity|moisture|humidity level|air humidity) [here|now|like|in here]",
    "humidity [please|level|now|reading|check|here|percentage]",
    "is (it|the air|the room) (humid|dry|damp|too dry|too humid|too damp|moist|wet|muggy|sticky) [here|in here|today|inside]",
    "(check|tell me|measure|read|give me|report|show me) the (humidity|moisture|air humidity) [please|now|in here]",
    "how much (moisture|water|humidity) is (in the air|there|in here)",
    "what does (the|your) (humidity sensor|hygrometer) (say|show|read)",
    "what humidity (do you measure|do we have|have we got|is it|does the room have)",
    "and the humidity",
    "what about the humidity",
    "how many percent (humidity|moisture) [do we have|is it]",
    "(can you tell me|do you know|i want to know) (how humid it is|the humidity|how dry the air is|how damp it is) [in here|please]",
    "do (i|we) need (a humidifier|to air the room|to open a window because it is damp)",
    "is the air (good for plants|okay, or too dry|okay, or too damp)",
    "how's the humidity [in here]",
    "how is the (humidity|air moisture)",
    "does the air feel (dry|damp|humid)",
    "it's (dry|damp|humid|muggy|sticky) in here, isn't it",
    "air humidity [please]",
    "moisture level",
    "is there (a lot of|much) moisture in the air",
    "my skin is dry, how is the humidity",
    "will my (washing|laundry) dry in here, how humid is it",
)
_FAR = (
    "how far (is|away is|off is) (the wall|the {thing}|it|that|the obstacle|the next thing|the nearest thing|the next obstacle|the thing in front of you) [from you|in front of you|now]",
    "(is there|is) (something|anything|an obstacle|a wall|someone) (in front of you|ahead|in your way|ahead of you|close to you|near you|close)",
    "how far (am i|are you) [away] [from (you|me|the wall|the {thing})]",
    "what is (the distance|in the way|your distance|the distance to the wall|the distance to me) [in front of you|now|right now]",
    "what's the distance [now|to the wall|to me|ahead|in front of you]",
    "distance [please|now|reading|check|ahead|to the wall]",
    "is (the way|the path|your way|the road|your path|the way ahead) (free|clear|blocked|open|safe)",
    "how close (am i|is the wall|are you [to the wall|to me]|is it|is the {thing}|is the nearest thing|is that)",
    "(measure|tell me|check|read|give me|report|show me) the distance [please|to the wall|now|in front of you]",
    "is anything (in your way|close to you|blocking you|near you|in front of you)",
    "how much (space|room|free space) (do you have|is there|is in front of you|is ahead|have you got) [in front of you|ahead]",
    "how many (centimetres|centimeters|cm) (to the wall|is it|away am i|are there|are in front of you|do you have)",
    "what does (the|your) (distance sensor|sonar|ultrasonic sensor|range sensor) (say|show|measure|read)",
    "and the distance",
    "what about the distance",
    "(can you tell me|do you know|i want to know) (how far the wall is|the distance|how far away i am|how far i am|how close the wall is) [please]",
    "will you (hit|bump into|crash into) (the wall|something|anything|me|the {thing})",
    "are you (close|too close|near) to (the wall|me|something|the {thing}|anything)",
    "can you (drive|go|move) (on|ahead|further) without hitting something",
    "how far can you (go|drive|see ahead|move) [forward]",
    "am i (close|too close|near|far away|in your way|near enough)",
    "what's ahead [of you], how far",
    "do you have (room|space) (in front of you|to move|ahead)",
    "are you about to (hit|bump into) something",
    "how near is the (wall|{thing}|next thing)",
    "how long is the way ahead",
    "what distance do you (measure|have|see|read)",
    "how far off am i",
    "the wall, how far is it",
)
_FELT = (
    "did (i|somebody|anyone|someone|anybody) touch you [just now]",
    "can you feel (that|this|me|my hand|my touch|my finger|it when i touch you)",
    "do you feel (that|this|my hand|me touching you|my touch|something|anything|my finger|a touch|me)",
    "did you feel (that|this|it|something|anything|my hand|my touch)",
    "am i touching you [now|right now]",
    "are you being (touched|petted|stroked|tickled|poked) [now]",
    "feel this",
    "is (someone|somebody|anybody|anyone|my hand) touching you",
    "who touched you",
    "what do you feel on your (head|skin|back|body|hand)",
    "has (somebody|anybody|someone) touched you",
    "was that a touch",
    "does that tickle",
    "is my hand on (you|your head)",
    "did you notice my (hand|touch|finger)",
    "what does your touch sensor say",
    "touch sensor [status|please|check]",
    "do you sense (a touch|my hand|my touch|me)",
    "have i touched you",
    "did that tickle",
    "can you sense (that|my touch|my hand|this)",
    "do you know that i (touch|am touching|touched) you",
    "are my fingers on you",
    "have you been touched [just now]",
    "could you feel that",
    "when i do this, do you feel it",
)
_LOOK = (
    "what (do|can|did) you see [now|there|right now|in front of you|here|with your camera|at the moment|around you]",
    "what is (in front of you|in your view|there|before you|before your camera|in front of your camera|ahead of you|over there)",
    "what's (in front of you|that|this|there|before you|in view|in sight|in front of your camera|over there|ahead of you)",
    "what is (this|that) [here|thing|in my hand|object]",
    "what are you looking at [now|there]",
    "what (am i holding|am i showing you|do i have in my hand|is in my hand|do i hold|have i got here|do i have here|am i pointing at|am i holding up|have i got in my hand) [now]",
    "(can|do) you see (anything|something|this|what i have here|what this is|anything interesting) [now|there|out there]",
    "describe what (you see|is in front of you|your camera sees)",
    "look, what is this",
    "look at this [, what is it]",
    "(look|have a look), what do you see",
    "tell me what (you see|is in front of you|you are looking at|i am holding|this is|you can see)",
    "what does your camera (see|show|tell you|say)",
    "see anything",
    "see this",
    "is there (something|anything|anyone|anybody) there",
    "(can|do) you (recognise|recognize|know) (this|what this is|this thing|that)",
    "what (object|thing) is (this|that)",
    "(can|could) you (describe|tell me|name) what (you see|this is|is there)",
    "i (have|am holding) something [in my hand], what is it",
    "guess what i (have|am holding) [here|in my hand]",
    "and what do you see",
    "and now, what do you see",
    "what do you see now",
    "name what you see",
    "your camera, what does it show",
    "use your (camera|eyes) and tell me what is there",
    "what can you make out",
    "what have you got in front of you",
    "what did you spot",
    "have you spotted (something|anything)",
    "any idea what this is",
    "do you know what i am holding",
    "what is standing there",
    "open your eyes, what is there",
)
_WHO = (
    "who (do|can) you see [there|now|in front of you]",
    "(can|do) you see (me|someone|somebody|anyone|anybody) [now|there]",
    "who is (there|in front of you|in front of the camera|in the room|standing there|here)",
    "who's (there|here|in front of you)",
    "is (somebody|someone|anybody|anyone) (there|here|in front of you|in the room)",
    "who are you looking at",
    "am i in (your view|front of your camera|the picture)",
    "are you looking at (me|somebody|someone)",
    "who does your camera (see|show)",
    "whose face do you see",
)
_MOOD = (
    "how do i look [today|now|to you|right now]",
    "how am i (feeling|doing) [now|today|do you think]",
    "what (mood|emotion) (am i in|do you see|do i have|do i show|is on my face|do you read)",
    "how do i feel [today|now]",
    "can you (tell|see|guess|read|sense|recognise) (how i feel|my mood|my face|my emotion|what i feel|my feelings|how i am feeling)",
    "do i look (happy|sad|angry|surprised|okay|tired|cross|upset|cheerful|worried|annoyed|fine) [to you|today]",
    "am i (happy|sad|angry|upset|cheerful|smiling|frowning|in a good mood|in a bad mood|surprised)",
    "guess (my mood|how i feel|what i feel|how i'm feeling)",
    "what do you see in my (face|eyes)",
    "what does my face (say|tell you|show|look like)",
    "do you (know|see|notice|sense) how i feel",
    "what is my (mood|face like|emotion|feeling) [now|today]",
    "what's my mood [like] [today|now]",
    "look at my face [, what do you see|, how do i feel]",
    "how would you say i feel",
    "what kind of mood am i in",
    "do i seem (happy|sad|angry|okay|upset|tired|down) [to you]",
    "read my (face|mood|emotions)",
    "which (feeling|emotion|face) do i (show|have|make)",
    "can you see if i am (happy|sad|angry)",
    "tell me how i (feel|look|seem)",
    "(is|was) i in a good mood",
    "what's on my face",
    "do you see (my smile|that i am sad|that i am happy|that i am angry|my mood)",
    "what face am i making",
    "am i making (a happy|a sad|an angry|a funny) face",
    "how does my face look",
    "my mood",
    "what emotion is this",
)
_STATUS = (
    "status [report|please|update|check]",
    "give me (a|your) (status|status report|full report)",
    "how are your (sensors|systems|readings|values)",
    "report [status|your readings|all values]",
    "system status",
    "what do your sensors (say|show|measure|tell you)",
    "sensor (readings|values|report|data) [please]",
    "what do you (measure|sense) [right now]",
    "diagnostics",
    "run a (self check|self test|check|diagnosis)",
    "what is your status",
    "tell me all your (readings|sensor values|values|measurements)",
    "what are your readings",
    "all readings please",
    "read out your sensors",
    "what can you measure right now",
)
_WRONG = (
    "what (went wrong|is the problem|was the problem|was wrong)",
    "what's (the problem|the trouble|the error|broken)",
    "did (it|that|this) work [out|now]",
    "did you (do it|make it|manage|succeed|finish|do that|get it done|really do it|manage it)",
    "why (did|does|do|could) (you not|it not) (work|do it|do that|move|go|react|do anything|manage)",
    "why didn't (you (do it|do that|move|go|react|do anything|manage)|it work)",
    "why (does|do|is) nothing (happen|happening|move|moving)",
    "nothing (happened|happens|moved|moves|is happening)",
    "(it|that) (did not|didn't|doesn't) (work|happen)",
    "you (did not|didn't|don't) (move|do it|do anything|do that|react)",
    "is (something|anything|everything) (wrong|broken|okay|all right|stuck|fine) [with you|there]",
    "was there (a problem|an error|any trouble|any problem)",
    "do you have a problem",
    "are you (stuck|broken|blocked|in trouble|having trouble|having problems) [now]",
    "why (have you|did you) (stopped|stop|failed|fail)",
    "how did (it|that) go",
    "how did that work out",
    "what stopped you",
    "what is (keeping|stopping|blocking) you",
    "explain what (happened|went wrong)",
    "tell me what (happened|went wrong|is wrong|the problem is)",
    "any (errors|problems|trouble|issues)",
    "what (error|problem|issue) (do you have|is it|was it|did you get)",
    "error",
    "which error do you get",
    "did (anything|something) go wrong",
    "did something fail",
    "what failed",
    "why did (it|that) fail",
    "why are you (not moving|standing still|still here|not doing it|doing nothing)",
    "come on, why don't you do it",
    "(was|were) you successful",
    "and, did it work",
    "well, what happened",
    "did the (last action|action|command|thing i asked) work",
    "you are not doing it",
)
_WRONG_VAGUE = (
    "what (happened|is wrong|is the matter|was that|is it|is going on)",
    "what's (wrong|the matter|up with you|going on|happened|up)",
    "have you done it",
    "is it done",
    "all done",
    "done",
    "why not",
    "everything okay [with you|there]",
    "hello, i asked you to do something",
    "i am waiting",
    "could you do it",
    "and",
    "so",
    "well",
    "hm, nothing",
    "why are you so quiet",
    "you look unhappy",
    "what's the matter with you",
    "is there something you want to tell me",
    "did you do what i said",
    "what did you do",
    "and, is it done",
)
_WRONG_ACTION = (
    "why did you not {act}",
    "why didn't you {act}",
    "did the {act} work",
    "what about the {act}",
    "what happened to the {act}",
    "what is wrong with the {act}",
    "what's wrong with {act}",
    "did {act} work",
    "(has|did) the {act} fail[ed]",
    "why did the {act} fail",
    "why does {act} not work",
    "is the {act} done",
    "how did the {act} go",
    "you were supposed to {act}",
)
_AND_NOW = (
    "and now",
    "(how|what) about now",
    "(check|measure|look|try|read it) again [please|now]",
    "and what is it now",
    "has it changed [yet|now]",
    "is it still the same [now]",
    "and at the moment",
    "what is it now",
    "any change",
    "did it change",
    "now",
    "check once more",
)
_GREETINGS = "(hi|hello|hey|good morning|good evening|good afternoon|hi there|hello there|hey there|hello robot|hi robot|hello {robot}|hi {robot}|hey {robot}|i'm back|i am home|how are you|how are you [doing] [today]|how's it going|what's up|are you ok|how are things|all good|hello again|hey you|how do you feel|everything all right|how is it going with you)"


def _hear(scene: Scene, asks: tuple[str, ...], /, **slots: str) -> str:
    return scene.hear(scene.rng.choice(asks), **slots)[0]


def _shown(scene: Scene, name: str, share: float = 0.6) -> bool:
    """Whether the line holds a reading; where the robot has none, `share` of the time it gets one for this moment."""
    now = scene.moment
    if now.shown and not getattr(now, name) and scene.rng.random() < share:
        scene.moment = replace(now, **{name: reading(name, scene.rng)})
    value = getattr(scene.moment, name)
    return scene.moment.shown and value is not None and value is not False


def _blind(scene: Scene, user: str, sensor: str) -> Exchange:
    return Exchange(user, scene.speak(_BLIND, sensor=sensor))


def _later(topic: Callable[..., Exchange], scene: Scene) -> partial[Exchange] | None:
    """Now and then the same is asked again, when the line says something new."""
    return partial(topic, asks=_AND_NOW) if scene.rng.random() < 0.12 else None


def battery(scene: Scene, asks: tuple[str, ...] = ()) -> Exchange:
    """How full is the battery, is it charging, does it need to?"""
    asked = asks or scene.rng.choices([_LEVEL, _NEED, _CHARGING], [5, 3, 3])[0]
    user = _hear(scene, asked)
    if not _shown(scene, "battery"):
        return _blind(scene, user, "battery")
    if asked is _CHARGING and not scene.moment.charging and scene.rng.random() < 0.3:
        scene.moment = replace(scene.moment, charging=True)
    now = scene.moment
    level = f"{now.battery} percent"
    if asked is _CHARGING:
        if now.charging:
            return Exchange(user, scene.speak(f"Yes, I am charging. My battery is at {level}."), "happy")
        return Exchange(user, scene.speak(f"No, I am not charging. My battery is at {level}."))
    if now.charging:
        return Exchange(user, scene.speak(f"I am charging, my battery is at {level}."), "happy")
    if (now.battery or 0) < 25:
        soon = "I need to charge soon." if asked is _NEED else "[I need to charge soon.]"
        return Exchange(user, scene.speak(f"My battery is low, {level}. {soon}"), "sad")
    if asked is _NEED:
        return Exchange(user, scene.speak(f"My battery is fine, {level}."), "happy")
    return Exchange(user, scene.speak(f"My battery is at {level}."), follow=_later(battery, scene))


_PARTS = {
    "morning": range(5, 12),
    "afternoon": range(12, 18),
    "evening": range(18, 22),
    "night": (22, 23, 0, 1, 2, 3, 4),
}


def _part(hour: int) -> str:
    return next(part for part, hours in _PARTS.items() if hour in hours)


def clock(scene: Scene) -> Exchange:
    """What time is it, and what part of the day?"""
    rng, now = scene.rng, scene.moment
    draw = rng.random()
    part = _part(now.hour)
    asked = part if rng.random() < 0.5 else rng.choice(list(_PARTS))
    asks = _TIME if draw < 0.68 else _PART if draw < 0.84 else _LATE if draw < 0.94 else _DAYPART
    user = _hear(scene, asks, part=asked)
    if not now.shown:
        return Exchange(user, scene.speak("(I do not know the time right now, sorry.|I cannot see a clock right now.)"))
    if asks is _TIME:
        return Exchange(user, scene.speak(f"(It is {now.clock}.|It is {now.clock} now.)"))
    if asks is _PART:
        return Exchange(user, f"{'Yes' if asked == part else 'No'}, it is {part}, {now.clock}.")
    if asks is _LATE:
        late = "that is late" if part == "night" else "that is early" if now.hour < 8 else f"it is {part}"
        return Exchange(user, f"It is {now.clock}, {late}.")
    return Exchange(user, f"It is {part}, {now.clock}.")


def day(scene: Scene) -> Exchange:
    """What day is it, was it or will it be?"""
    rng, now = scene.rng, scene.moment
    at = WEEKDAYS.index(now.weekday)
    draw = rng.random()
    if draw < 0.18:
        user, reply = _hear(scene, _TOMORROW), f"Tomorrow is {WEEKDAYS[(at + 1) % 7]}."
    elif draw < 0.3:
        user, reply = _hear(scene, _YESTERDAY), f"Yesterday was {WEEKDAYS[(at - 1) % 7]}."
    elif draw < 0.42:
        user, reply = (
            _hear(scene, _WEEKEND),
            f"It is {now.weekday}, {'so it is the weekend' if at >= 5 else 'a working day'}.",
        )
    elif draw < 0.56:
        asked = rng.choice(WEEKDAYS) if rng.random() < 0.6 else now.weekday
        user, _ = scene.hear(
            "(is (it|today) {weekday} [today|already]|today is {weekday}[,] right|isn't it {weekday} [today]|it's {weekday}, isn't it|do we have {weekday} [today]|is {weekday} today|have we got {weekday} today)",
            weekday=asked,
        )
        reply = f"{'Yes' if asked == now.weekday else 'No'}, it is {now.weekday}."
    else:
        user, reply = _hear(scene, _TODAY), rng.choice([f"It is {now.weekday}.", f"Today is {now.weekday}."])
    if not now.shown:
        reply = scene.speak("(I do not know the day right now, sorry.|I cannot see a calendar right now.)")
    return Exchange(user, reply)


def date(scene: Scene) -> Exchange:
    """The date, which the line does not hold."""
    user = _hear(scene, _DATE)
    now = scene.moment
    if not now.shown:
        return Exchange(user, "I do not know the date, sorry.")
    return Exchange(user, f"I do not know the date, only that it is {now.weekday}, {now.clock}.")


def temperature(scene: Scene, asks: tuple[str, ...] = _WARMTH) -> Exchange:
    """How warm is it?"""
    user = _hear(scene, asks)
    if not _shown(scene, "temperature"):
        return _blind(scene, user, "temperature")
    return Exchange(
        user, f"It is {scene.moment.temperature} degrees here, {_warmth(scene)}.", follow=_later(temperature, scene)
    )


def _warmth(scene: Scene) -> str:
    degrees = float(scene.moment.temperature or 0)
    steps = ((8, "very cold"), (17, "cool"), (26, "pleasant"), (32, "warm"))
    return next((word for limit, word in steps if degrees < limit), "hot")


def humidity(scene: Scene, asks: tuple[str, ...] = _DAMP) -> Exchange:
    """How humid is the air?"""
    user = _hear(scene, asks)
    if not _shown(scene, "humidity"):
        return _blind(scene, user, "humidity")
    percent = scene.moment.humidity or 0
    comment = "dry" if percent < 35 else "fine" if percent < 61 else "humid"
    return Exchange(user, f"The humidity is {percent} percent, {comment}.", follow=_later(humidity, scene))


def distance(scene: Scene, asks: tuple[str, ...] = _FAR) -> Exchange:
    """How far away is what stands in front?"""
    user = _hear(scene, asks)
    if not _shown(scene, "distance"):
        return _blind(scene, user, "distance")
    far = scene.moment.distance or 0
    near = ", that is close" if far < 20 else ""
    return Exchange(user, f"Something is {far} centimetres in front of me{near}.", follow=_later(distance, scene))


def touch(scene: Scene) -> Exchange:
    """Did somebody touch the robot?"""
    user = _hear(scene, _FELT)
    if _shown(scene, "touched", 0.4):
        return Exchange(user, scene.speak("(Yes, I felt your touch!|Yes, I can feel that!)"), "happy")
    return Exchange(user, scene.speak("(No, I do not feel a touch right now.|I feel no touch right now.)"))


def sight(scene: Scene, asks: tuple[str, ...] = ()) -> Exchange:
    """What does the robot see?"""
    rng = scene.rng
    if not asks and rng.random() < 0.3:
        return _is_there(scene)
    user = _hear(scene, asks or (_WHO if rng.random() < 0.2 else _LOOK))
    if not _shown(scene, "sees", 0.5):
        return Exchange(user, scene.speak("(I do not see anything right now.|I cannot see anything right now.)"))
    return Exchange(
        user,
        scene.speak("(I see {x}.|I see {x}.|I can see {x}.)", x=scene.moment.sees or ""),
        follow=_later(sight, scene),
    )


def _is_there(scene: Scene) -> Exchange:
    rng = scene.rng
    _shown(scene, "sees", 0.5)
    now = scene.moment
    asked = now.sees if now.sees and rng.random() < 0.5 else words.seen_thing(rng)
    user, _ = scene.hear(
        "((do|can) you see {x} [now|there|here|anywhere]|is there {x} [in front of you|there|here]|is that {x}|are you looking at {x}|is this {x}|have you spotted {x}|is it {x} that you see|you see {x}, right|do i have {x} in my hand|am i holding {x}|does your camera show {x})",
        x=asked,
    )
    if not now.sees or not now.shown:
        return Exchange(user, scene.speak("(I do not see anything right now.|I cannot see anything right now.)"))
    if asked == now.sees:
        return Exchange(user, scene.speak("Yes, I see {x}.", x=now.sees), "happy")
    return Exchange(user, scene.speak("No, I see {x}.", x=now.sees))


def feeling(scene: Scene) -> Exchange:
    """How does the person look?"""
    user = _hear(scene, _MOOD)
    if not _shown(scene, "feels", 0.5):
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
    }[scene.moment.feels or "happy"]
    return Exchange(user, scene.speak(reply), emotion)


def report(scene: Scene) -> Exchange:
    """Everything at once."""
    user = _hear(scene, _STATUS)
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
        return Exchange(user, scene.speak("I have no readings right now, but I am here."))
    if now.failed:
        parts.append(_plain(now.failed[0]) + " failed: " + now.failed[1])
    return Exchange(user, f"Here is my status: {', '.join(parts)}.")


_SEVERAL: dict[str, tuple[str, Callable[[Scene], str]]] = {
    "clock": (
        "(what time is it|what's the time|the time|how late is it)",
        lambda scene: f"it is {scene.moment.clock}",
    ),
    "day": (
        "(what day is it|which day it is|what day is today|the day)",
        lambda scene: f"it is {scene.moment.weekday}",
    ),
    "battery": (
        "(how is your battery|how much battery do you have|what's your battery level|your battery|the battery)",
        lambda scene: f"my battery is at {scene.moment.battery} percent",
    ),
    "temperature": (
        "(how warm is it|what is the temperature|how cold is it [in here]|the temperature|is it warm)",
        lambda scene: f"it is {scene.moment.temperature} degrees here",
    ),
    "humidity": (
        "(how humid is it|what is the humidity|the humidity|is the air dry)",
        lambda scene: f"the humidity is {scene.moment.humidity} percent",
    ),
    "distance": (
        "(how far is the wall|what is the distance|the distance|is something in front of you)",
        lambda scene: f"something is {scene.moment.distance} centimetres in front of me",
    ),
    "sees": (
        "(what do you see|what can you see|what is in front of you|what am i holding)",
        lambda scene: f"I see {scene.moment.sees}",
    ),
}


def several(scene: Scene) -> Exchange:
    """Two readings asked for at once."""
    rng = scene.rng
    first, second = rng.sample(list(_SEVERAL), 2)
    link = "(and|, and|? and|, also|, and also|and also tell me|?)"
    user, _ = scene.hear(
        f"[tell me|please tell me|can you tell me|{{robot}},|i want to know] {_SEVERAL[first][0]} {link} {_SEVERAL[second][0]}"
    )
    answers = [_one_of_several(scene, name) for name in (first, second)]
    return Exchange(user, scene.speak("{a}, and {b}.", a=answers[0], b=answers[1]))


def _one_of_several(scene: Scene, name: str) -> str:
    if name in {"clock", "day"}:
        return (
            _SEVERAL[name][1](scene)
            if scene.moment.shown
            else f"I do not know the {'time' if name == 'clock' else name}"
        )
    if _shown(scene, name, 0.8):
        return _SEVERAL[name][1](scene)
    return "I see nothing" if name == "sees" else f"I have no {name} reading"


def _plain(name: str) -> str:
    return name.replace("_", " ")


_SORRY = "(Sorry, my {act} failed: {matter}.|Sorry, the {act} failed: {matter}.|I am sorry, {act} failed: {matter}.)"


def trouble(scene: Scene) -> Exchange:
    """Did it work, and why not? Answered from the failed action on the line."""
    rng, now = scene.rng, scene.moment
    acts = [action.name for action in scene.body.actions]
    failed = now.failed if now.shown else None
    act = _plain(failed[0]) if failed else _plain(rng.choice(acts)) if acts else "that"
    by_name = rng.random() < 0.3 and acts
    asks = _WRONG_ACTION if by_name else (*_WRONG, *_WRONG_VAGUE) if failed else _WRONG
    user = _hear(scene, asks, act=act)
    follow = partial(_after_trouble, act=failed[0]) if failed and rng.random() < 0.3 else None
    if failed:
        return Exchange(user, scene.speak(_SORRY, act=act, matter=failed[1]), "sad", follow=follow)
    return Exchange(user, scene.speak("(I know of no problem.|All is fine, I know of no problem.)"))


def _after_trouble(scene: Scene, act: str) -> Exchange:
    """What people say when they heard that it failed: try again, or kind words."""
    last = next((past for past in reversed(scene.past) if past.actions), None)
    if last and last.actions[-1]["action"] == act and len(last.actions) == 1 and scene.rng.random() < 0.5:
        user, _ = scene.hear(
            "((please|) try (again|it again|once more|one more time)|do it again|again please|one more try|(can|could) you try [it] again|try that again|give it another try|have another go|then try again|i fixed it, try again|it is free now, try again|i helped you, now try again|and now try again|i moved it, try again)"
        )
        return Exchange(user, scene.speak("(OK, I will try again.|All right, I try again.)"), actions=last.actions)
    user, _ = scene.hear(
        "(oh|oh no|no problem|that's okay|it's fine|don't worry [about it]|poor you|i will help you|let me help you|let me fix it|let me look|i will check|not your fault|thanks for telling me|that is a pity|too bad|i'll fix that|you did your best|i'll take care of it|wait, i will help)"
    )
    return Exchange(user, scene.speak("(Thank you! You are kind.|Thank you for your help.)"), "happy")


def apologise(scene: Scene) -> Exchange:
    """A greeting while the line tells of a failed action: the robot says so by itself."""
    failed = scene.moment.failed if scene.moment.shown else None
    if not failed:
        return trouble(scene)
    user, _ = scene.hear(_GREETINGS)
    return Exchange(
        user,
        scene.speak(f"(Hello!|Hi!|Hello!) {_SORRY}", act=_plain(failed[0]), matter=failed[1]),
        "sad",
        follow=partial(_after_trouble, act=failed[0]),
    )
