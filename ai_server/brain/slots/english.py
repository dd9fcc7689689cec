"""How English says numbers, durations, times and dates."""

from __future__ import annotations

from ai_server.brain.slots.spoken import Spelling
from ai_server.brain.slots.wording import Wording

_UNITS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1.0),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 60.0),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3600.0),
    **dict.fromkeys(("day", "days", "d"), 86400.0),
    **dict.fromkeys(("week", "weeks", "wk", "wks"), 604800.0),
    **dict.fromkeys(("fortnight", "fortnights"), 1209600.0),
}
_OF = ("", " of", " a", " an", " of a", " of an")
_AMOUNTS = {
    **dict.fromkeys(("a", "an"), 1.0),
    **{f"{half}{of}": 0.5 for half in ("half", "a half", "1 half", "½") for of in _OF},
    **{f"{quarter}{of}": 0.25 for quarter in ("a quarter", "1 quarter", "quarter", "¼") for of in _OF},
    **{f"{quarters}{of}": 0.75 for quarters in ("3 quarters", "3 quarter", "¾") for of in _OF},
    **{f"{third}{of}": 1 / 3 for third in ("a #3", "1 #3") for of in _OF},
    **{f"2 #3{of}": 2 / 3 for of in _OF},
    **dict.fromkeys(("a couple", "a couple of", "couple of"), 2.0),
    **dict.fromkeys(("a dozen", "1 dozen"), 12.0),
    **dict.fromkeys(("half a dozen", "a half dozen"), 6.0),
}
_FRACTIONS = {
    **dict.fromkeys(("and a half", "and 1 half", "and half", "½", "1/2"), 0.5),
    **dict.fromkeys(("and a quarter", "and 1 quarter", "¼", "1/4"), 0.25),
    **dict.fromkeys(("and 3 quarters", "¾", "3/4"), 0.75),
    **dict.fromkeys(("and a #3", "and 1 #3"), 1 / 3),
    "and 2 #3": 2 / 3,
}
_PARTS = {
    **dict.fromkeys(("am", "a m"), "am"),
    **dict.fromkeys(("pm", "p m"), "pm"),
    **dict.fromkeys(("in the morning", "this morning", "morning", "of the morning"), "morning"),
    **dict.fromkeys(("in the afternoon", "this afternoon", "afternoon"), "afternoon"),
    **dict.fromkeys(("in the evening", "this evening", "evening"), "evening"),
    **dict.fromkeys(("at night", "tonight", "night", "in the night"), "night"),
}
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mon",
            "tuesday tues tue",
            "wednesday wed",
            "thursday thurs thu",
            "friday fri",
            "saturday sat",
            "sunday sun",
        ]
    )
    for name in names.split()
}
_DAYS = {
    **dict.fromkeys(("today", "tonight", "this morning", "this afternoon", "this evening"), 0),
    **dict.fromkeys(("tomorrow", "tomorow", "tmrw"), 1),
    **dict.fromkeys(("the day after tomorrow", "day after tomorrow", "overmorrow"), 2),
    "yesterday": -1,
    **dict.fromkeys(("the day before yesterday", "day before yesterday"), -2),
    "next week": 7,
}
_HOLIDAYS = {
    "christmas eve": (12, 24),
    **dict.fromkeys(("christmas", "christmas day", "xmas"), (12, 25)),
    "boxing day": (12, 26),
    **dict.fromkeys(("new years eve", "new year eve"), (12, 31)),
    **dict.fromkeys(("new years day", "new years", "new year"), (1, 1)),
    **dict.fromkeys(("halloween", "haloween"), (10, 31)),
    **dict.fromkeys(("valentines day", "valentines", "valentine day"), (2, 14)),
    **dict.fromkeys(("april fools day", "april fools"), (4, 1)),
    **dict.fromkeys(("st patricks day", "saint patricks day"), (3, 17)),
    "independence day": (7, 4),
}
_SPANS = {"day": 1, "days": 1, "week": 7, "weeks": 7, "fortnight": 14, "month": -1, "months": -1}
_SPANS |= {"year": -12, "years": -12}

_TO = "to|till|til|before|of"
_OCLOCK = r"(?: (?:oclock|o clock))?"
_PART = r"(?: <part>)?"
_YEAR = r"(?:(?: in)? (?P<year>(?:19|20) ?\d\d))?"

ENGLISH = Wording(
    spelling=Spelling(
        "en",
        variants={"oh": "o"},
        seldom_ordinal=frozenset({"second"}),
        before_ordinal=frozenset({"the"} | _MONTHS.keys()),
        tens=frozenset({"twenty", "thirty"}),
    ),
    phrases={
        "number": ("<quantity>",),
        "duration": (r"<parts>(?: (?:and )?(?P<rest>\d\d?))?",),
        "clock": (
            rf"<hour>[:.](?P<minute>\d\d)(?::(?P<second>\d\d))?{_OCLOCK}{_PART}",
            rf"<hour> (?P<minute>[0-5]\d)(?: hours)?{_OCLOCK}{_PART}",
            rf"(?P<minute>\d\d?|<minutes>)(?: minutes?)? (?:past|after|(?P<to>{_TO})) <hour>{_OCLOCK}{_PART}",
            rf"(?P<minute>half)(?: of)? <hour>{_OCLOCK}{_PART}",
            rf"<hour> (?:oclock|o clock)(?: sharp)?{_PART}",
            r"<hour>(?: sharp)? <part>",
            r"(?P<hour>1?\d)(?P<minute>[0-5]\d) (?P<part>am|pm|a m|p m)",
            r"(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d) hours",
            r"(?:12 )?(?P<hour>noon|midday|midnight)",
        ),
        "bare_clock": (
            r"<hour>(?: sharp)?",
            r"(?P<hour>\d|1[0-2])(?P<minute>[0-5]\d)",
        ),
        "day": ("<days>",),
        "weekday": (
            r"(?:(?P<this>this|this coming|coming|the coming)|(?P<next>next)|(?P<last>last)) <weekday>",
            r"(?P<next>next) week(?: on)? <weekday>",
            "<weekday>(?: (?:(?P<next>(?:of )?next week)|(?P<later>week)))?",
            "(?P<later>a week|1 week)(?: from| on)? <weekday>",
        ),
        "month_day": (
            rf"(?:<weekday> )?(?:the )?<day>(?: of)? <month>{_YEAR}",
            rf"(?:<weekday> )?<month>(?: the)? <day>{_YEAR}",
            r"(?P<month>\d\d?)/(?P<day>\d\d?)(?:/(?P<year>\d{4}|\d\d))?",
            r"(?P<day>[123]\d)/(?P<month>\d\d?)(?:/(?P<year>\d{4}|\d\d))?",
            r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
        ),
        "day_of_month": (r"(?:<weekday> )?the #(?P<day>\d+)(?: of (?:the|this) month)?", r"<weekday> #(?P<day>\d+)"),
        "in_span": (
            "in <quantity>(?: more)? <span>",
            "<quantity> <span> from (?:<days>|now|<weekday>)",
            "<quantity> <span> after <days>",
        ),
        "holiday": (rf"<holiday>{_YEAR}",),
    },
    leads={
        "time": frozenset(
            ["at", "by", "around", "about", "until", "till", "from", "for", "before", "after", "to", "exactly"]
        ),
        "date": frozenset(["on", "by", "for", "until", "till", "before", "after", "from", "this"]),
        "duration": frozenset(["for", "in", "after", "of", "about"]),
    },
    following=frozenset(
        [
            "please",
            "tomorrow",
            "today",
            "tonight",
            "on",
            "in",
            "every",
            "each",
            "to",
            "for",
            "and",
            "this",
            "next",
            "so",
            "because",
            "then",
            "thanks",
            "when",
            "sharp",
            "with",
            "that",
            "until",
            "or",
            "called",
            "named",
            "if",
            "i",
            "we",
            "from",
            "now",
            "again",
            "the",
            "because",
            "instead",
        ]
    )
    | _WEEKDAYS.keys(),
    joining=frozenset(["at", "on", "in", "by", "for", "and"]),
    conjunction="and",
    amounts=_AMOUNTS,
    fractions=_FRACTIONS,
    units=_UNITS,
    hours={"noon": 12, "midday": 12, "midnight": 0},
    minutes={"quarter": 15, "a quarter": 15, "half": 30},
    parts=_PARTS,
    days=_DAYS,
    weekdays=_WEEKDAYS,
    months=_MONTHS,
    holidays=_HOLIDAYS,
    spans=_SPANS,
)
