"""How German says numbers, durations, times and dates."""

from __future__ import annotations

from ai_server.brain.slots.spoken import Spelling
from ai_server.brain.slots.wording import Wording, named, words

_WEEKDAYS = named(
    {
        0: "montag",
        1: "dienstag",
        2: "mittwoch",
        3: "donnerstag",
        4: "freitag",
        5: "samstag|sonnabend",
        6: "sonntag",
    }
) | {"wochenende": 5}
_UHR = "(?: uhr)?"
_PART = "(?: <part>)?"
_YEAR = r"(?: (?P<year>(?:19|20)\d\d))?"
_PERIOD = "<period>"
_MINUTE = r"(?P<minute>\d\d?|<minutes>)(?: (?:minuten?|min))?"
_NO_DATE = r"(?! (?:uhr|stunden?|minuten?|sekunden?|grad|prozent|%|meter|kilometer|euro)(?!\S))"

_HALVES = "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn"

GERMAN = Wording(
    spelling=Spelling(
        "de",
        has_decimal_comma=True,
        ordinal_dot=True,
        variants={
            "zwo": "zwei",
            "fuenf": "fünf",
            "zwoelf": "zwölf",
            "fuenfzehn": "fünfzehn",
            "fuenfzig": "fünfzig",
            "dreissig": "dreißig",
            "fünfunddreissig": "fünfunddreißig",
            "fuenfundzwanzig": "fünfundzwanzig",
            "fuenfundvierzig": "fünfundvierzig",
        },
    ),
    phrases={
        "number": ("<quantity>", r"eine (?P<quantity>10{6}|10{9})"),
        "duration": (r"<parts>(?: (?:und )?(?P<rest>\d\d?)(?= <following>|$))?",),
        "delay": (r"in <parts>(?P<rest>)",),
        "level": (
            r"<quantity> (?:von|aus) (?P<of>\d+)",
            r"(?P<quantity>\d+)/(?P<of>\d+)",
            "<quantity>(?: (?P<percent>prozent|%))?",
            "<level>",
        ),
        "percent": ("<quantity>(?: (?:prozent|%))",),
        "measure": ("<quantity> <measure>",),
        "unit": ("<measure>",),
        "choice": (
            r"(?:(?:der|die|das|den|dem) )?<ordinal>(?: (?:option|wecker|timer|erinnerung|davon))?",
            r"(?:(?:die|den|das) )?(?:nummer|option) (?P<number>\d\d?)",
        ),
        "language": ("<language>",),
        "repeats": (
            "<repeats>(?: (?P<part>morgens|abends|nachts|mittags|nachmittags|vormittags))?",
            f"jeden {_PERIOD}",
            "jede <period>",
            f"(?:jeden|jedem|immer am) <weekdays>(?: ?{_PERIOD})?",
            "<every_weekday>",
        ),
        "clock": (
            rf"<hour>[:.](?P<minute>\d\d)(?::(?P<second>\d\d))?{_UHR}{_PART}",
            rf"<hour> uhr(?: und)? (?P<minute>\d\d?|<minutes>)(?: minuten)?{_PART}(?! (?:prozent|%|grad))",
            rf"<hour> uhr{_PART}",
            rf"<hour> (?P<minute>[0-5]\d){_PART}",
            rf"{_MINUTE} (?:nach|(?P<to>vor)) (?:(?P<half>halb) )?<hour>{_UHR}{_PART}",
            rf"(?P<half>halb) <hour>{_UHR}{_PART}",
            rf"(?P<quarter>viertel) <hour>{_UHR}{_PART}",
            rf"(?P<to>(?P<minute>dreiviertel|3 viertel)) <hour>{_UHR}{_PART}",
            "<hour> <part>",
            r"<hour>h(?P<minute>\d\d)",
            "(?:12 uhr )?(?P<hour>mitternacht|mittag|mittags)",
        ),
        "bare_clock": ("<hour>",),
        "part": ("<part>",),
        "day": ("<days>",),
        "weekday": (
            (
                "(?:(?P<this>diesen|dieser|diesem|kommenden|kommender|nächsten|nächster|nächstem)"
                f"|(?P<last>letzten|letzter|vergangenen)) <weekday>(?: ?{_PERIOD})?"
            ),
            f"<weekday>(?: ?{_PERIOD})?(?: (?P<next>nächste woche|der nächsten woche|nächster woche|kommende woche))?",
            "<weekday> (?P<later>in einer woche|in 1 woche)",
            "(?P<next>nächste woche|kommende woche)(?: am)? <weekday>",
        ),
        "month_day": (
            rf"(?:<weekday> )?(?:den |dem |der |am )?<day> <month>{_YEAR}",
            rf"(?:<weekday> )?(?:den |dem |der |am )?(?P<day>#\d\d?) (?P<month>#\d\d?){_YEAR}",
            rf"(?P<day>\d\d?)[./](?P<month>1[0-2]|0?[1-9])(?:[./](?P<year>\d{{4}}|\d\d))?{_NO_DATE}",
            r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
        ),
        "day_of_month": (
            r"(?:<weekday> )?(?:den |dem |am |der )?(?P<day>#\d+)(?: (?:dieses|des) monats)?",
            r"(?:am|<weekday> den) (?P<day>\d\d?)(?=$)",
        ),
        "in_span": (
            "in <quantity> <span>",
            "<quantity> <span> nach <days>",
            "<days> in <quantity> <span>",
            "<weekday> in <quantity> <span>",
            "nächste[ns] (?P<span>monat|jahr)",
        ),
        "holiday": (rf"<holiday>{_YEAR}",),
    },
    leads={
        "time": words("um ab gegen bis vor nach für auf von punkt etwa ca zirka circa kurz"),
        "date": words("am zum an bis ab vor nach für auf von den dem der"),
        "datetime": words("am zum an bis ab um gegen für auf von den punkt"),
        "repeats": words("immer"),
        "duration": words("für auf von in nach um weitere noch"),
        "level": words("auf stufe lautstärke zu bis die das"),
        "language": words("auf in zu ins nach"),
        "number": words("nummer"),
        "name": words("heiße heisse bin nenn nenne ist mich heiß"),
        "place": words("in für aus bei nach"),
    },
    following=words(
        "| bitte morgen heute übermorgen am an im in jeden jeden um und für dass damit weil wenn danke stell stelle mit"
        " wecken weckst aufstehen klingeln zum zur den die das bis oder ab mich ein auf stellen wach früh namens"
        " nochmal täglich werktags erinnern los weg"
    )
    | _WEEKDAYS.keys(),
    joining=words("um am an im in den und ab gegen für der die punkt dem"),
    conjunction="und",
    more="(?:weitere|weiteren|mehr|zusätzliche)",
    amounts={
        **named({1.0: "eine|einen|einer|einem|eines|ne|ner", 12.0: "1 dutzend|dutzend"}),
        **named(
            {
                0.5: "halbe|halben|halbes|halber|halb|eine halbe|1 halbe|1 halben|1 halbes|einen halben|einer halben"
                "|einem halben|ne halbe|½",
                0.25: "1 viertel|viertel|einer viertel|eine viertel|¼",
                0.75: "3 viertel|dreiviertel|eine dreiviertel|einer dreiviertel|¾",
                1 / 3: "1 drittel",
                2 / 3: "2 drittel",
                1.5: "anderthalb|eineinhalb|einundeinhalb|einenhalb",
                6.0: "1 halbes dutzend",
            }
        ),
        **{f"{said}einhalb": count + 0.5 for count, said in enumerate(_HALVES.split(), start=1)},
        **{f"{said}einviertel": count + 0.25 for count, said in enumerate(_HALVES.split(), start=1)},
        **{f"{said}undeinhalb": count + 0.5 for count, said in enumerate(_HALVES.split(), start=1)},
    },
    fractions=named(
        {
            0.5: "einhalb|1 halb|und eine halbe|und einhalb|und 1 halb|und 1 halbe|und 1 halbes|und 1 halben"
            "|und einen halben|½|1/2",
            0.25: "einviertel|1 viertel|und 1 viertel|und eine viertel|¼|1/4",
            0.75: "dreiviertel|3 viertel|¾|3/4",
        }
    ),
    units=named(
        {
            0.001: "millisekunde|millisekunden",
            1.0: "sekunde|sekunden|sek|s",
            60.0: "minute|minuten|min|minütigen|minütiger|m",
            3600.0: "stunde|stunden|std|stündigen|stündiger|h",
            900.0: "viertelstunde|viertelstunden",
            2700.0: "dreiviertelstunde|dreiviertelstunden",
            1800.0: "halbstunde",
            86400.0: "tag|tage|tagen",
            604800.0: "woche|wochen",
        }
    ),
    hours={"mitternacht": 0, "mittag": 12, "mittags": 12},
    minutes={"viertel": 15, "dreiviertel": 15, "3 viertel": 15, "halb": 30},
    parts=named(
        {
            "morning": "morgens|am morgen|früh|frühmorgens|in der früh|am vormittag|vormittags|vormittag|heute morgen"
            "|heute früh|heute vormittag|am frühen morgen",
            "afternoon": "mittags|am mittag|mittag|nachmittags|am nachmittag|nachmittag|heute mittag|heute nachmittag"
            "|am frühen nachmittag|am späten nachmittag",
            "evening": "abends|am abend|abend|heute abend|am frühen abend|am späten abend",
            "night": "nachts|in der nacht|nacht|heute nacht",
        }
    ),
    periods=named(
        {
            "morning": "morgen|vormittag",
            "afternoon": "mittag|nachmittag",
            "evening": "abend",
            "night": "nacht",
        }
    ),
    days=named(
        {
            -2: "vorgestern",
            -1: "gestern",
            0: "heute|heute morgen|heute früh|heute vormittag|heute mittag|heute nachmittag|heute abend|heute nacht",
            1: "morgen",
            2: "übermorgen|uebermorgen",
            3: "überübermorgen",
            7: "nächste woche|heute in einer woche|heute in 1 woche|in der nächsten woche",
        }
    ),
    weekdays=_WEEKDAYS,
    every_weekday={
        f"{name}s": number for name, number in _WEEKDAYS.items() if name.endswith(("tag", "abend", "mittwoch"))
    },
    months=named(
        {
            1: "januar|jänner|jan",
            2: "februar|feber|feb",
            3: "märz|maerz",
            4: "april|apr",
            5: "mai",
            6: "juni|juno|jun",
            7: "juli|julei|jul",
            8: "august|aug",
            9: "september|sept",
            10: "oktober|okt",
            11: "november|nov",
            12: "dezember|dez",
        }
    ),
    holidays=named(
        {
            (12, 6): "nikolaus|nikolaustag",
            (12, 24): "heiligabend|heilig abend|heiliger abend|heiligen abend",
            (12, 25): "weihnachten|#1 weihnachtstag|#1 weihnachtsfeiertag",
            (12, 26): "#2 weihnachtstag|#2 weihnachtsfeiertag",
            (12, 31): "silvester|sylvester",
            (1, 1): "neujahr|neujahrstag",
            (2, 14): "valentinstag",
            (5, 1): "tag der arbeit",
            (10, 3): "tag der deutschen einheit",
            (10, 31): "halloween",
        }
    ),
    spans=named({1: "tag|tage|tagen", 7: "woche|wochen", -1: "monat|monate|monaten", -12: "jahr|jahre|jahren"}),
    repeats=named(
        {
            "daily": "jeden tag|täglich|alle tage|jeden einzelnen tag",
            "weekdays": "werktags|wochentags|unter der woche|an werktagen|jeden werktag|montag bis freitag"
            "|von montag bis freitag|montags bis freitags|an wochentagen|jeden wochentag",
            "weekends": "jedes wochenende|an wochenenden|wochenends|immer am wochenende",
        }
    ),
    levels=named(
        {
            100: "maximum|maximal|ganz laut|volle lautstärke|voll|maximale lautstärke|am lautesten|anschlag",
            50: "hälfte|mittel|mitte|die hälfte|halbe lautstärke|mittlere lautstärke",
            0: "minimum|minimal|ganz leise|stumm|aus",
        }
    ),
    measures=named(
        {
            "mm": "millimeter|mm",
            "cm": "zentimeter|centimeter|cm",
            "m": "meter|metern|m",
            "km": "kilometer|kilometern|km",
            "in": "zoll",
            "ft": "fuß",
            "yd": "yard",
            "mi": "meile|meilen",
            "mg": "milligramm|mg",
            "g": "gramm|g",
            "kg": "kilo|kilogramm|kilos|kg",
            "t": "tonne|tonnen",
            "oz": "unze|unzen",
            "lb": "pfund",
            "ml": "milliliter|ml",
            "cl": "zentiliter|cl",
            "l": "liter|litern|l",
            "tsp": "teelöffel",
            "tbsp": "esslöffel",
            "cup": "tasse|tassen",
            "gal": "gallone|gallonen",
            "°": "grad|°",
            "°C": "grad celsius|celsius|° c",
            "°F": "grad fahrenheit|fahrenheit|° f",
            "K": "kelvin",
            "m/s": "meter pro sekunde|meter in der sekunde|m/s",
            "km/h": "kilometer pro stunde|stundenkilometer|kilometer in der stunde|kmh|km / h|kilometer die stunde",
            "mph": "meilen pro stunde",
            "kn": "knoten",
            "ms": "millisekunde|millisekunden|ms",
            "s": "sekunde|sekunden",
            "min": "minute|minuten",
            "h": "stunde|stunden",
            "d": "tag|tage|tagen",
            "wk": "woche|wochen",
        }
    ),
    languages=named(
        {
            "ar": "arabisch",
            "bg": "bulgarisch",
            "cs": "tschechisch",
            "da": "dänisch",
            "de": "deutsch",
            "el": "griechisch",
            "en": "englisch",
            "es": "spanisch",
            "fi": "finnisch",
            "fr": "französisch",
            "he": "hebräisch",
            "hi": "hindi",
            "hr": "kroatisch",
            "hu": "ungarisch",
            "it": "italienisch",
            "ja": "japanisch",
            "ko": "koreanisch",
            "nb": "norwegisch",
            "nl": "niederländisch|holländisch",
            "pl": "polnisch",
            "pt": "portugiesisch",
            "ro": "rumänisch",
            "ru": "russisch",
            "sv": "schwedisch",
            "tr": "türkisch",
            "uk": "ukrainisch",
            "vi": "vietnamesisch",
            "zh": "chinesisch|mandarin",
        }
    ),
    ordinals=named({-1: "letzte|letzten|letzter|letztes", -2: "vorletzte|vorletzten|vorletzter|vorletztes"}),
    function_words=words(
        "leid tut gut schlecht ein eine einen einer der die das den dem des ich du er sie es wir ihr mich mir dich"
        " dir mein meine dein deine sein ihre bin bist ist sind war heiße heisse heißt heisst nenn nenne nennen nennst"
        " name namen und oder aber nicht kein ja nein bitte danke hallo tschüss in im an am auf aus bei mit nach von"
        " vom zu zum zur für über um ab jetzt hier da wer was wie wann wo warum dass wenn als so sehr nur auch noch"
        " schon kannst kann will möchte sag sage alle roboter niemand etwas man gerne einfach lieber künftig"
    ),
    particles=words("von van vom zu zum zur der den de la und"),
)
