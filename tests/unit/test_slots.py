from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.slots.reading import find, read

A_WEDNESDAY = datetime(2026, 11, 18, 15, 0, tzinfo=ZoneInfo("Europe/Berlin"))
CASES = Path(__file__).parent / "slots"
KINDS = [
    *("number", "percent", "level", "quantity", "unit", "ordinal", "duration", "time"),
    *("date", "repeats", "datetime", "language", "name", "place", "text"),
]


def cases(language: str) -> list[dict]:
    """The cases of a language: those the phrases were made with, and those that were written after them."""
    lines = [
        line
        for name in (f"{language}.jsonl", f"{language}_later.jsonl")
        for line in (CASES / name).read_text().splitlines()
    ]
    return [json.loads(line) for line in lines]


def said(case: dict, language: str) -> object:
    if case.get("whole"):
        return read(case["kind"], case["words"], language, A_WEDNESDAY)
    found = find(case["kind"], case["words"], language, A_WEDNESDAY)
    return found and found[2]


@pytest.mark.parametrize(("language", "fewest", "share"), [("en", 300, 0.97), ("es", 100, 0.95), ("de", 100, 0.95)])
def test_nearly_all_that_people_say_is_read_as_they_mean_it(language, fewest, share):
    written = cases(language)
    wrong = [f"{case} was read as {slots}" for case in written if (slots := said(case, language)) != case["slots"]]
    assert len(written) >= fewest
    assert len(wrong) <= (1 - share) * len(written), "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_a_stretch_that_was_found_reads_as_the_same_by_itself(language):
    for case in cases(language):
        found = find(case["kind"], case["words"], language, A_WEDNESDAY)
        if found:
            start, end, slots = found
            assert read(case["kind"], case["words"][start:end], language, A_WEDNESDAY) == slots, case


TENS = {
    "en": "twenty thirty forty fifty",
    "es": "veinte treinta cuarenta cincuenta",
    "de": "zwanzig dreißig vierzig fünfzig",
}
ONES = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen",
    "es": "cero un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
    " dieciocho diecinueve veinte veintiún veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete"
    " veintiocho veintinueve",
    "de": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
    " siebzehn achtzehn neunzehn",
}
BOTH = {"en": "{tens} {ones}", "es": "{tens} y {ones}", "de": "{ones}und{tens}"}
UNITS = {
    "en": (("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
    "es": (("hora", "horas"), ("minuto", "minutos"), ("segundo", "segundos")),
    "de": (("stunde", "stunden"), ("minute", "minuten"), ("sekunde", "sekunden")),
}
AND = {"en": "and", "es": "y", "de": "und"}
languages = st.sampled_from(["en", "es", "de"])


def in_words(number: int, language: str) -> str:
    low = ONES[language].split()
    if number < len(low):
        return low[number]
    tens, ones = TENS[language].split()[number // 10 - 2], number % 10
    return BOTH[language].format(tens=tens, ones=low[ones]) if ones else tens


@given(languages, st.integers(0, 59), st.integers(0, 59), st.integers(0, 59), st.booleans(), st.booleans())
def test_a_duration_in_words_is_read_back_exactly(language, hours, minutes, seconds, has_digits, has_and):
    parts = [
        f"{count if has_digits else in_words(count, language)} {one if count == 1 else many}"
        for count, (one, many) in zip((hours, minutes, seconds), UNITS[language], strict=True)
        if count
    ]
    joint = f" {AND[language]} " if has_and else " "
    expected = {"duration": hours * 3600.0 + minutes * 60 + seconds} if parts else None
    assert read("duration", joint.join(parts), language, A_WEDNESDAY) == expected


def hour_in_words(hour: int, language: str) -> str:
    return {"en": "one", "es": "una", "de": "eins"}[language] if hour == 1 else in_words(hour, language)


def spoken_time(hour: int, minute: int, language: str) -> str:
    """A time of the 12 h clock as people say it, the hour that is near."""
    near = hour if minute <= 30 else hour % 12 + 1
    named = hour_in_words(near, language)
    left = in_words(60 - minute if minute > 30 else minute, language)
    quarter = {"en": "quarter", "es": "cuarto", "de": "viertel"}[language]
    left = quarter if minute in {15, 45} else left
    if minute == 0:
        return {"en": f"{named} o'clock", "es": f"las {named} en punto", "de": f"{in_words(near, language)} uhr"}[
            language
        ]
    if minute == 30:
        coming = hour_in_words(hour % 12 + 1, language)
        return {"en": f"half past {named}", "es": f"las {named} y media", "de": f"halb {coming}"}[language]
    return {
        "en": f"{left} {'past' if minute < 30 else 'to'} {named}",
        "es": f"las {named} {'y' if minute < 30 else 'menos'} {left}",
        "de": f"{left} {'nach' if minute < 30 else 'vor'} {named}",
    }[language]


@given(languages, st.integers(1, 12), st.integers(0, 59))
def test_a_time_in_words_is_read_back_exactly(language, hour, minute):
    slots = read("time", spoken_time(hour, minute, language), language, A_WEDNESDAY)
    assert slots is not None
    assert slots["ambiguous"] is True
    hours, minutes = map(int, str(slots["time"]).split(":"))
    assert (hours % 12, minutes) == (hour % 12, minute)


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_part_of_the_day_tells_which_half_of_it_a_time_is_in(hour, minute):
    half = "am" if hour < 12 else "pm"
    expected = {"time": f"{hour:02}:{minute:02}"}
    assert read("time", f"{(hour + 11) % 12 + 1}:{minute:02} {half}", "en", A_WEDNESDAY) == expected


@given(languages, st.dates(datetime(2026, 11, 18).date(), datetime(2099, 12, 31).date()))  # noqa: DTZ001
def test_a_date_in_full_is_read_back_exactly(language, day):
    months = {
        "en": "january february march april may june july august september october november december",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "de": "januar februar märz april mai juni juli august september oktober november dezember",
    }
    month = months[language].split()[day.month - 1]
    words = {"en": f"{month} {day.day} {day.year}", "es": f"el {day.day} de {month} de {day.year}"}
    said_so = words.get(language, f"am {day.day}. {month} {day.year}")
    assert read("date", said_so, language, A_WEDNESDAY) == {"date": day.isoformat()}


@given(st.text(max_size=200), st.sampled_from(KINDS), st.sampled_from(["en", "es", "de", "fr", "ru", "zh", "xx"]))
def test_whatever_is_said_a_stretch_lies_within_it(words, kind, language):
    read(kind, words, language, A_WEDNESDAY)
    found = find(kind, words, language, A_WEDNESDAY)
    assert found is None or 0 <= found[0] < found[1] <= len(words)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["5 minutes and ", "every monday at 7 ", "1", "half past ", "a ", "in mary "])
def test_an_utterance_as_long_as_may_be_is_read_too(kind, part):
    words = (part * 4000)[:4000]
    found = find(kind, words, "en", A_WEDNESDAY)
    assert found is None or found[1] <= len(words)


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(KeyError):
        read("colour", "red", "en", A_WEDNESDAY)


@pytest.mark.parametrize(
    ("words", "days"), [("wednesday", 7), ("this wednesday", 0), ("next friday", 9), ("friday", 2)]
)
def test_a_weekday_is_the_next_after_today_unless_said_otherwise(words, days):
    expected = (A_WEDNESDAY.date() + timedelta(days)).isoformat()
    assert read("date", words, "en", A_WEDNESDAY) == {"date": expected}


def test_next_friday_is_that_of_the_next_week_whatever_day_it_is_said_on():
    for day in range(16, 23):
        said_on = A_WEDNESDAY.replace(day=day)
        assert read("date", "next friday", "en", said_on) == {"date": "2026-11-27"}


def test_the_hours_after_midnight_belong_to_the_night_before():
    expected = {"date": "2026-11-19", "time": "02:00"}
    assert read("datetime", "tonight at two", "en", A_WEDNESDAY) == expected
    assert read("datetime", "heute nacht um zwei", "de", A_WEDNESDAY) == expected


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "the sun is shining"), ("en", "i sat down and we may march"), ("de", "so mi do fr"), ("es", "el mar")],
)
def test_words_that_are_also_short_for_a_day_are_no_date(language, words):
    assert find("date", words, language, A_WEDNESDAY) is None


@pytest.mark.parametrize("words", ["7 am", "7am", "7 A.M.", "7 a.m.", "seven a m", "SEVEN AM", "7:00 am"])
def test_the_spelling_of_a_time_does_not_matter(words):
    assert read("time", words, "en", A_WEDNESDAY) == {"time": "07:00"}


def test_where_a_stretch_stands_is_told_in_characters_of_what_was_said():
    words = "Please, wake me at Quarter-to-Seven tomorrow."
    found = find("datetime", words, "en", A_WEDNESDAY)
    assert found is not None
    assert words[found[0] : found[1]] == "Quarter-to-Seven tomorrow"


def test_a_part_of_the_day_alone_is_told_beside_the_date():
    assert read("datetime", "tomorrow morning", "en", A_WEDNESDAY) == {"date": "2026-11-19", "part": "morning"}


def test_a_day_without_a_year_is_the_next_from_today_on():
    assert read("date", "november 18th", "en", A_WEDNESDAY) == {"date": "2026-11-18"}
    assert read("date", "november 17th", "en", A_WEDNESDAY) == {"date": "2027-11-17"}
    assert read("date", "february 29th", "en", A_WEDNESDAY) == {"date": "2028-02-29"}


def test_months_from_the_end_of_a_long_one_end_with_the_short_one():
    assert read("date", "in a month", "en", datetime(2027, 1, 31, tzinfo=ZoneInfo("UTC"))) == {"date": "2027-02-28"}


@pytest.mark.parametrize(
    ("kind", "words", "slots"),
    [
        ("level", "fifty percent", {"level": 50}),
        ("level", "seven", {"level": 70}),
        ("level", "level 7 of 10", {"level": 70}),
        ("level", "45", {"level": 45}),
        ("level", "half", {"level": 50}),
        ("level", "maximum", {"level": 100}),
        ("level", "a hundred and twenty", None),
        ("percent", "2.5 %", {"percent": 2.5}),
        ("quantity", "minus five degrees celsius", {"number": -5, "unit": "°C"}),
        ("quantity", "five and a half miles", {"number": 5.5, "unit": "mi"}),
        ("unit", "kilometres", {"unit": "km"}),
        ("ordinal", "the second one", {"ordinal": 2}),
        ("ordinal", "number three", {"ordinal": 3}),
        ("ordinal", "the last", {"ordinal": -1}),
        ("language", "german", {"language": "de"}),
        ("repeats", "every monday and thursday", {"repeats": "monday,thursday"}),
        ("repeats", "weekends", {"repeats": "weekends"}),
        ("place", "rio de janeiro", {"place": "Rio de Janeiro"}),
        ("place", "tomorrow", None),
        ("name", "mary mcdonald o'neil", {"name": "Mary McDonald O'Neil"}),
        ("name", "one two three four five", None),
        ("text", " buy milk ", {"text": "buy milk"}),
        ("text", " ", None),
    ],
)
def test_the_other_kinds_are_read_too(kind, words, slots):
    assert read(kind, words, "en", A_WEDNESDAY) == slots


@pytest.mark.parametrize(
    ("language", "kind", "words", "slots"),
    [
        ("fr", "duration", "vingt-cinq minutes", {"duration": 1500.0}),
        ("fr", "time", "sept heures trente", {"time": "07:30", "ambiguous": True}),
        ("it", "number", "ventuno", {"number": 21}),
        ("pt", "duration", "2,5 horas", {"duration": 9000.0}),
        ("ru", "duration", "10 минут", {"duration": 600.0}),
        ("zh", "duration", "25分钟", {"duration": 1500.0}),
        ("ja", "time", "7時30分", {"time": "07:30", "ambiguous": True}),
        ("ko", "duration", "3시간", {"duration": 10800.0}),
        ("sv", "number", "17", {"number": 17}),
    ],
)
def test_digits_are_read_in_every_language(language, kind, words, slots):
    assert read(kind, words, language, A_WEDNESDAY) == slots
