"""Kinds of answers: a time, a number, a name, a place, what people say of themselves."""

from __future__ import annotations

import re
from functools import cache

_TIME = {
    "en": """
        monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
        september october november december spring summer autumn winter morning noon afternoon evening night midnight
        today tomorrow yesterday weekend half quarter past week month year first second third fourth fifth sixth
        seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth
        nineteenth twentieth thirtieth one two three four five six seven eight nine ten eleven twelve
        mondays tuesdays wednesdays thursdays fridays saturdays sundays clock
        """,
    "de": """
        montag montags dienstag dienstags mittwoch mittwochs donnerstag donnerstags freitag freitags samstag
        samstags sonntag sonntags januar februar märz april mai juni juli
        august september oktober november dezember frühling sommer herbst winter morgen morgens mittag mittags
        nachmittag nachmittags
        abend abends nacht nachts heute gestern wochenende uhr halb viertel woche monat jahr ersten zweiten dritten
        vierten fünften
        sechsten siebten achten neunten zehnten elften zwölften zwanzigsten dreißigsten eins zwei drei vier fünf sechs
        sieben acht neun zehn elf zwölf
        """,
    "es": """
        lunes martes miércoles jueves viernes sábado sábados domingo domingos enero febrero marzo abril mayo junio
        julio agosto
        septiembre octubre noviembre diciembre primavera verano otoño invierno mañana tarde noche mediodía hoy ayer
        semana mes año uno dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta
        """,
}
"""Words of times and days; digits do as well."""

_NUMBER = {
    "en": """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half once twice
        """,
    "de": """
        eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn
        sechzehn siebzehn achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert
        tausend million halb
        einmal zweimal
        """,
    "es": """
        uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta
        cincuenta sesenta setenta ochenta noventa cien mil millón medio
        """,
}
"""Words of numbers; digits do as well."""

_NAME = {
    "en": "called named name lady woman man mr mrs ms dr",
    "de": "heißt heiße name namens frau herr dr",
    "es": "llama llamo nombre señora señor",
}
"""Words that come with names."""

_PLACE = {
    "en": "in at on under behind near beside inside next between above below into onto from to by opposite",
    "de": "in im an am auf unter hinter neben bei zwischen über vor aus nach ins",
    "es": "en sobre bajo detrás junto cerca dentro entre de a",
}
"""Words that come before places."""

_SELF = {
    "en": "i im ive id my mine me myself we our ours us",
    "de": "ich mein meine meinem meinen meiner meines mich mir wir unser unsere unserem unseren unserer uns",
    "es": "yo mi mis mí mío mía me nosotros nuestra nuestro nuestras nuestros nos soy estoy tengo tenemos vivo vivimos",
    "fr": "je j mon ma mes moi me nous notre nos",
    "it": "io mio mia miei mie mi me noi nostro nostra ho sono abbiamo siamo",
    "pt": "eu meu minha meus minhas mim me nós nosso nossa tenho temos sou somos",
    "ru": "я мой моя мое моё мои мне меня мной мы наш наша наши нас нам",
}
"""Words with which people speak of themselves and of theirs."""

_ASKED = {
    "en": {
        "time": r"\bwhen\b|\b(?:what|which) (?:time|day|date|month|year)\b|\bhow long ago\b|\bdue\b",
        "number": r"\bhow (?:much|many|old|tall|big|long|far|often|heavy|high|warm|hot|cold|fast)\b"
        r"|\b(?:number|size|code|pin|temperature|price|cost|weigh|height|weight)\b",
        "name": r"\bwho\b|\bwhose\b|\b(?:name|names|called|which (?:school|city|town|country|company|doctor))\b",
        "place": r"\bwhere\b",
    },
    "de": {
        "time": r"\bwann\b|\bum wie ?viel uhr\b|\ban welchem tag\b",
        "number": r"\bwie ?(?:viele?|alt|groß|lang|weit|oft|schwer|hoch)\b|\bnummer\b",
        "name": r"\bwer\b|\b(?:name|heißt)\b",
        "place": r"\bwo\b|\bwohin\b",
    },
    "es": {
        "time": r"\bcuándo\b|\bqué (?:hora|día)\b",
        "number": r"\bcuánt[oa]s?\b|\bnúmero\b",
        "name": r"\bquién\b|\b(?:nombre|llama)\b",
        "place": r"\bdónde\b",
    },
}
"""By language and kind: regular expressions of questions that ask for it."""

SELF = "self"
"""The kind of what people say of themselves."""

_LISTS = {"time": _TIME, "number": _NUMBER, "name": _NAME, "place": _PLACE, SELF: _SELF}

_WORD = re.compile(r"\w+")
_WITHIN = re.compile(r"(?<=[\w,;] )[A-Z]\w+")
"""A word with a capital letter within a sentence."""

_CAPITALS_ARE_NAMES = ("en", "es", "fr", "it", "pt", "ru")


def kinds_told(text: str, language: str) -> tuple[str, ...]:
    """Return of which kinds a text has something; its language may be empty."""
    words = _WORD.findall(text.lower())
    spoken = set(words)
    found = {kind for kind in _LISTS if not spoken.isdisjoint(_words(kind, language))}
    if any(each[0].isdecimal() for each in words):
        found |= {"time", "number"}
    if _has_name(text, language):
        found.add("name")
    return tuple(kind for kind in _LISTS if kind in found)


def kinds_asked(text: str, language: str) -> tuple[str, ...]:
    """Return the kinds of answer that a question asks for; its language may be empty."""
    asked = text.lower()
    languages = (language,) if language else tuple(_ASKED)
    found = [kind for each in languages for kind, pattern in _ASKED.get(each, {}).items() if re.search(pattern, asked)]
    if not _words(SELF, language).isdisjoint(_WORD.findall(asked)):
        found.append(SELF)
    return tuple(dict.fromkeys(found))


def _has_name(text: str, language: str) -> bool:
    if language not in _CAPITALS_ARE_NAMES:
        return False
    return any(each.lower() not in _words("time", language) for each in _WITHIN.findall(text))


@cache
def _words(kind: str, language: str) -> frozenset[str]:
    lists = _LISTS[kind]
    return frozenset(word for each in ((language,) if language else lists) for word in lists.get(each, "").split())
