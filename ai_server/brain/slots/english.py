"""How English says numbers, durations, times and dates."""

from __future__ import annotations

from ai_server.brain.slots.spoken import Spelling
from ai_server.brain.slots.wording import Wording, named, words

_MONTHS = named(
    {
        1: "january|jan",
        2: "february|feb",
        3: "march|mar",
        4: "april|apr",
        5: "may",
        6: "june|jun",
        7: "july|jul",
        8: "august|aug",
        9: "september|sept|sep",
        10: "october|oct",
        11: "november|nov",
        12: "december|dec",
    }
)
_WEEKDAYS = named(
    {
        0: "monday|mon",
        1: "tuesday|tues|tue",
        2: "wednesday",
        3: "thursday|thurs|thur|thu",
        4: "friday|fri",
        5: "saturday",
        6: "sunday",
    }
) | {"weekend": 5}
_EVERY_WEEKDAY = {f"{name}s": number for name, number in _WEEKDAYS.items() if name.endswith("day")}
_MINUTE = r"(?P<minute>\d\d?|<minutes>)(?: (?:minutes?|mins?))?"
_TO = "(?P<to>to|till|til|before|of)"
_OCLOCK = "(?: (?:oclock|o clock))"
_PART = "(?: <part>)?"
_YEAR = r"(?:(?: in)? (?P<year>(?:19|20) ?\d\d))?"
_PERIOD = "(?P<part>morning|afternoon|evening|night)"

ENGLISH = Wording(
    spelling=Spelling(
        "en",
        variants={"oh": "o"},
        seldom_ordinal=frozenset({"second"}),
        before_ordinal=frozenset({"the", *_MONTHS}),
        tens=frozenset({"twenty", "thirty"}),
    ),
    phrases={
        "number": ("<quantity>", r"(?P<numerator>\d+) #(?P<denominator>\d+)"),
        "duration": (
            r"(?!a second (?!please|and|or|from|then))<parts>(?: (?:and )?(?P<rest>\d\d?)(?= <following>|$))?",
        ),
        "delay": (r"in <parts>(?P<rest>)", r"<parts>(?P<rest>) from now"),
        "level": (
            r"<quantity> (?:out of|of|over|from) (?P<of>\d+)",
            r"(?P<quantity>\d+)/(?P<of>\d+)",
            "<quantity>(?: (?P<percent>percent|per cent|%))?",
            "<level>",
        ),
        "percent": ("<quantity>(?: (?:percent|per cent|%))",),
        "measure": ("<quantity> <measure>",),
        "unit": ("<measure>",),
        "choice": (
            r"(?:the )?<ordinal>(?: (?:1|option|choice|item|entry|timer|alarm|reminder|of them))?",
            r"(?:number|option|choice|item) (?P<number>\d\d?)",
        ),
        "language": ("<language>",),
        "repeats": (
            "<repeats>(?: (?:in the )?(?P<part>mornings?|afternoons?|evenings?|nights?))?",
            f"(?:every|each) {_PERIOD}",
            f"(?:every|each) <weekdays>(?: {_PERIOD})?",
            "<every_weekday>",
        ),
        "clock": (
            rf"<hour>[:.](?P<minute>\d\d)(?::(?P<second>\d\d))?{_OCLOCK}?{_PART}",
            rf"<hour> (?P<minute>[0-5]\d)(?: hours)?{_OCLOCK}?{_PART}",
            rf"(?<!from ){_MINUTE} (?:past|after|{_TO}) <hour>{_OCLOCK}?{_PART}",
            rf"(?P<minute>half) <hour>{_OCLOCK}?{_PART}",
            rf"<hour>{_OCLOCK}(?: sharp)?{_PART}",
            r"<hour>(?: sharp)? <part>",
            r"(?P<hour>1?\d)(?P<minute>[0-5]\d) (?P<part>am|pm|a m|p m)",
            r"(?P<hour>[01]?\d|2[0-4])(?P<minute>[0-5]\d) (?P<exact>hours)",
            r"(?P<hour>\d\d?)h(?P<minute>\d\d)",
            r"(?P<hour>\d\d?) h (?P<minute>\d\d)",
            r"(?:12 )?(?P<hour>noon|midday|midnight)(?: (?P<part>tonight))?",
        ),
        "bare_clock": ("<hour>(?: sharp)?", r"(?P<hour>\d|0\d|1[0-2])(?P<minute>[0-5]\d)"),
        "part": ("<part>",),
        "day": ("<days>",),
        "weekday": (
            "(?P<this>this|(?:(?:this|the) )?(?:coming|following|upcoming)) <weekday>",
            "(?:(?P<next>next)|(?P<last>last)) <weekday>",
            "<weekday>(?: (?:(?P<next>(?:of )?next week)|(?P<this>this week)|(?P<later>week)))?",
            "(?P<next>next) week(?: on)? <weekday>",
            "(?P<later>a week|1 week) on <weekday>",
        ),
        "month_day": (
            rf"(?:<weekday> )?(?:the )?<day>(?: of)? <month>{_YEAR}",
            rf"(?:<weekday> )?<month>(?: the)? <day>{_YEAR}",
            r"(?P<month>\d\d?)/(?P<day>\d\d?)(?:/(?P<year>\d{4}|\d\d))?",
            r"(?P<day>1[3-9]|[23]\d)/(?P<month>\d\d?)(?:/(?P<year>\d{4}|\d\d))?",
            r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})",
            r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
        ),
        "day_of_month": (
            r"(?:<weekday> )?the (?P<day>#\d+)(?: of (?:the|this) month)?",
            r"<weekday> (?P<day>#\d+)",
        ),
        "in_span": (
            "in <quantity>(?: more)? <span>",
            "<quantity> <span> (?:from|after) (?:<days>|now|<weekday>)",
            "next (?P<span>month|year)",
        ),
        "holiday": (rf"<holiday>{_YEAR}",),
    },
    leads={
        "time": words("at by around about until till from for before after to exactly past"),
        "date": words("on by for until till before after from"),
        "datetime": words("at on by for until till before after from around about"),
        "repeats": words("on"),
        "duration": words("for in after of about another"),
        "level": words("to at level volume"),
        "language": words("in to into speak"),
        "number": words("number"),
        "name": words("is am me called named name i'm im it's this to yourself"),
        "place": words("in at for near of to from"),
    },
    following=words(
        "| please tomorrow today tonight on in every each to for and this next so because then thanks when sharp ish as"
        " with that until or called named if i we from now again the instead"
    )
    | _WEEKDAYS.keys(),
    joining=words("at on in by for and the about around early of"),
    conjunction="and",
    more="(?:more|extra|additional|full|whole)",
    amounts=named(
        {
            1.0: "a|an|another",
            2.0: "a couple|couple",
            6.0: "half a dozen|a half dozen|half dozen",
            12.0: "a dozen|1 dozen|dozen",
            24.0: "2 dozen",
            0.5: "half|a half|1 half|½|1/2",
            0.25: "a quarter|1 quarter|quarter|1 #4|a #4|¼|1/4",
            0.75: "3 quarters|3 quarter|3 #4|¾|3/4",
            1 / 3: "a #3|1 #3",
            2 / 3: "2 #3",
            0.2: "a #5|1 #5",
            0.1: "a #10|1 #10",
        }
    ),
    of="(?:of an|of a|of|an|a)",
    fractions=named(
        {
            0.5: "and a half|and 1 half|and half|½|1/2",
            0.25: "and a quarter|and 1 quarter|¼|1/4",
            0.75: "and 3 quarters|and 3 quarter|¾|3/4",
            1 / 3: "and a #3|and 1 #3|1/3",
            2 / 3: "and 2 #3|2/3",
        }
    ),
    units=named(
        {
            0.001: "millisecond|milliseconds|ms",
            1.0: "second|seconds|sec|secs|s",
            60.0: "minute|minutes|min|mins|m",
            3600.0: "hour|hours|hr|hrs|h",
            86400.0: "day|days|d",
            604800.0: "week|weeks|wk|wks",
            1209600.0: "fortnight|fortnights",
        }
    ),
    hours={"noon": 12, "midday": 12, "midnight": 0},
    minutes={"quarter": 15, "a quarter": 15, "half": 30},
    parts=named(
        {
            "am": "am|a m",
            "pm": "pm|p m",
            "morning": "in the morning|this morning|morning|of the morning|mornings",
            "afternoon": "in the afternoon|this afternoon|afternoon|afternoons",
            "evening": "in the evening|this evening|evening|evenings",
            "night": "at night|tonight|night|nights|in the night",
        }
    ),
    days=named(
        {
            -2: "the day before yesterday|day before yesterday",
            -1: "yesterday",
            0: "today|tonight|this morning|this afternoon|this evening",
            1: "tomorrow|tmrw|tomorow",
            2: "the day after tomorrow|day after tomorrow",
            7: "next week|a week today",
        }
    ),
    weekdays=_WEEKDAYS,
    every_weekday=_EVERY_WEEKDAY,
    months=_MONTHS,
    holidays=named(
        {
            (12, 24): "christmas eve",
            (12, 25): "christmas|christmas day|xmas",
            (12, 26): "boxing day",
            (12, 31): "new years eve|new year eve",
            (1, 1): "new years day|new years|new year",
            (10, 31): "halloween",
            (2, 14): "valentines day|valentines|valentine day",
            (4, 1): "april fools day|april fools",
            (3, 17): "st patricks day|saint patricks day",
            (7, 4): "independence day",
        }
    ),
    spans=named({1: "day|days", 7: "week|weeks", 14: "fortnight|fortnights", -1: "month|months", -12: "year|years"}),
    repeats=named(
        {
            "daily": "every day|each day|daily|every single day|everyday|seven days a week",
            "weekdays": "weekdays|every weekday|each weekday|every week day|every working day|every workday|on workdays"
            "|monday to friday|monday through friday|monday till friday|every monday to friday",
            "weekends": "weekends|every weekend|at weekends|at the weekend|each weekend",
        }
    ),
    levels=named(
        {
            100: "maximum|max|full|full volume|the maximum|the max|highest|loudest|all the way up|full blast|as loud as"
            " possible|as loud as you can|the top|the loudest",
            50: "medium|middle|the middle|halfway|half way",
            0: "minimum|min|the minimum|lowest|zero|the lowest|off|silent|all the way down",
        }
    ),
    measures=named(
        {
            "mm": "millimetre|millimetres|millimeter|millimeters|mm",
            "cm": "centimetre|centimetres|centimeter|centimeters|cm",
            "m": "metre|metres|meter|meters|m",
            "km": "kilometre|kilometres|kilometer|kilometers|km|kilometre s|k m",
            "in": "inch|inches",
            "ft": "foot|feet|ft",
            "yd": "yard|yards|yd",
            "mi": "mile|miles|mi",
            "mg": "milligram|milligrams|mg",
            "g": "gram|grams|gramme|grammes|g",
            "kg": "kilogram|kilograms|kilo|kilos|kg",
            "t": "tonne|tonnes|ton|tons",
            "oz": "ounce|ounces|oz",
            "lb": "pound|pounds|lb|lbs",
            "st": "stone",
            "ml": "millilitre|millilitres|milliliter|milliliters|ml",
            "cl": "centilitre|centilitres|centiliter|centiliters|cl",
            "l": "litre|litres|liter|liters|l",
            "tsp": "teaspoon|teaspoons|tsp",
            "tbsp": "tablespoon|tablespoons|tbsp",
            "cup": "cup|cups",
            "pt": "pint|pints",
            "qt": "quart|quarts",
            "gal": "gallon|gallons",
            "°": "degree|degrees|°",
            "°C": "degrees celsius|degree celsius|celsius|degrees centigrade|centigrade|° c|degrees c",
            "°F": "degrees fahrenheit|degree fahrenheit|fahrenheit|° f|degrees f",
            "K": "kelvin|degrees kelvin",
            "m/s": "metres per second|meters per second|metres a second|meters a second|m/s",
            "km/h": "kilometres per hour|kilometers per hour|kilometres an hour|kilometers an hour|kmh|kph|km h|km / h",
            "mph": "miles per hour|miles an hour|mph",
            "kn": "knot|knots",
            "ms": "millisecond|milliseconds|ms",
            "s": "second|seconds|sec|secs",
            "min": "minute|minutes|min|mins",
            "h": "hour|hours|hr|hrs",
            "d": "day|days",
            "wk": "week|weeks",
        }
    ),
    languages=named(
        {
            "ar": "arabic",
            "bg": "bulgarian",
            "ca": "catalan",
            "cs": "czech",
            "da": "danish",
            "de": "german",
            "el": "greek",
            "en": "english",
            "es": "spanish|castilian",
            "fa": "persian|farsi",
            "fi": "finnish",
            "fr": "french",
            "he": "hebrew",
            "hi": "hindi",
            "hr": "croatian",
            "hu": "hungarian",
            "id": "indonesian",
            "it": "italian",
            "ja": "japanese",
            "ko": "korean",
            "nb": "norwegian",
            "nl": "dutch",
            "pl": "polish",
            "pt": "portuguese",
            "ro": "romanian",
            "ru": "russian",
            "sk": "slovak",
            "sr": "serbian",
            "sv": "swedish",
            "th": "thai",
            "tr": "turkish",
            "uk": "ukrainian",
            "vi": "vietnamese",
            "zh": "chinese|mandarin|mandarin chinese",
        }
    ),
    ordinals=named(
        {-1: "last|final", -2: "second to last|#2 to last|last but 1|next to last", 2: "second", 1: "former"}
    ),
    function_words=words(
        "a an the this that these those it its i im me my mine myself you your yours he him his she her hers we us"
        " our they them their who whom what which when where why how is am are was were be been being do does did done"
        " have has had would shall should can could might must not isnt arent wont good bad fine great important no"
        " yes ok okay please and or but if because so as at by for from in into of on onto to up down with about than"
        " then too very just now here there call calls called calling name named names rename yourself change say tell"
        " know set hello hi hey bye thanks thank robot nobody anything something nothing everyone someone dont doing"
        " going gonna want wanna like hungry tired sorry speaking go goes really kind actually just"
    ),
    particles=words("van von der den de la del da di dos du le el al bin ben ibn y"),
)
