from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.intent.intent import Intent
from ai_server.configfile import ConfigError

SHIPPED = resources.config_dir() / "intents" / "en.toml"
ENGLISH = IntentClassifier.load(SHIPPED, names=("Naila",))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hello!", "greeting"),
        ("hey there, Naila", "greeting"),
        ("Good morning", "greeting"),
        ("hi, how are you doing today?", "greeting"),
        ("Goodbye", "goodbye"),
        ("bye-bye, see you tomorrow!", "goodbye"),
        ("Good night, sleep well, Naila.", "goodbye"),
        ("I have to go now", "goodbye"),
        ("Thanks!", "gratitude"),
        ("thank you so much for your help", "gratitude"),
        ("I really appreciate it.", "gratitude"),
        ("What time is it?", "time_query"),
        ("whats the time", "time_query"),
        ("Naila, could you please tell me what time it is now?", "time_query"),
        ("hello, what's the time please", "time_query"),
        ("What's today's date?", "date_query"),
        ("which day is it today", "date_query"),
        ("Is it Friday already?", "date_query"),
        ("Stop!", "cancel"),
        ("please stop talking", "cancel"),
        ("Never mind, cancel that.", "cancel"),
        ("shut up", "cancel"),
        ("I changed my mind", "cancel"),
        ("Say that again, please.", "repeat"),
        ("Pardon?", "repeat"),
        ("sorry, what did you say?", "repeat"),
        ("I didn't catch that", "repeat"),
        ("could you repeat that more slowly?", "repeat"),
        ("Yes.", "affirm"),
        ("yes please, Naila", "affirm"),
        ("Okay!", "affirm"),
        ("sure, go ahead", "affirm"),
        ("just do it", "affirm"),
        ("Uh-huh", "affirm"),
        ("no", "deny"),
        ("No, thank you.", "deny"),
        ("not now", "deny"),
        ("I'd rather not", "deny"),
        ("no, don't", "cancel"),
    ],
)
def test_everyday_ways_to_say_it_are_understood(text: str, intent: str) -> None:
    assert ENGLISH.classify(text).name == intent


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("How's your battery?", "battery"),
        ("how much charge do you have left", "battery"),
        ("Are you charging?", "battery"),
        ("battery level please", "battery"),
        ("What's the temperature in here?", "temperature"),
        ("how warm is it in this room", "temperature"),
        ("How humid is it?", "humidity"),
        ("what is the humidity", "humidity"),
        ("How far away is the nearest wall?", "distance"),
        ("is there anything in front of you", "distance"),
        ("What do you see?", "vision"),
        ("Naila, can you see anyone?", "vision"),
        ("Did I touch you?", "touch"),
    ],
)
def test_a_question_about_a_sensor_names_it(text: str, sensor: str) -> None:
    intent = ENGLISH.classify(text)
    assert (intent.name, intent.slots) == ("sensor_query", {"sensor": sensor})


def test_a_question_about_all_sensors_names_none() -> None:
    assert ENGLISH.classify("What do your sensors say?").slots == {}


@pytest.mark.parametrize(
    "text",
    [
        "sometimes I feel lost",
        "What was that time we met?",
        "hello, can you tell me a story",
        "Do you remember the time we went to the sea?",
        "What time is it in Tokyo?",
        "What's the date tomorrow?",
        "What day is it three days from now?",
        "time flies when you are having fun",
        "I want to stop smoking",
        "I want to end it all",
        "I don't want to go on",
        "I need to stop",
        "how do I stop it",
        "My battery is empty and my phone is dead",
        "What temperature should I roast a chicken at?",
        "how hot is it in the desert",
        "what is a goodbye party",
        "She said thanks to me and left",
        "So what?",
        "now what",
        "Today is Friday, hooray!",
        "can you repeat the experiment with water",
        "what do you see in her",
        "Tell me what you did today",
        "I see a cup",
        "Naila",
        "please",
        "...",
        "",
        "你好",
        "¿Qué hora es?",
    ],
)
def test_what_only_looks_like_it_is_conversation(text: str) -> None:
    assert ENGLISH.classify(text).name == "conversation"


@pytest.mark.parametrize(
    "text",
    [
        "okay Naila",
        "I don't know, okay?",
        "I'm not sure",
        "are you sure",
        "yes but slowly",
        "no yes",
        "maybe",
        "I guess so",
        "fine",
        "why not",
        "that's okay",
        "yeah right",
        "can you do that",
        "yes and no",
        "yes or no",
        "please",
    ],
)
def test_what_is_no_clear_yes_is_none(text: str) -> None:
    assert ENGLISH.classify(text).name != "affirm"


@pytest.mark.parametrize(
    ("text", "intent"), [("yes, what time is it", "time_query"), ("yes stop", "cancel"), ("okay thanks", "gratitude")]
)
def test_what_comes_after_a_yes_counts(text: str, intent: str) -> None:
    assert ENGLISH.classify(text).name == intent


def test_phrases_that_stand_alone_are_no_phrases_among_courtesies(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        courtesies = {before = ["well"]}
        intents = [{name = "agree", alone = true, phrases = ["okay"]}, {name = "leave", phrases = ["bye"]}]
        """,
    )
    assert [classifier.classify(text).name for text in ("okay", "well okay", "well bye")] == [
        "agree",
        "conversation",
        "leave",
    ]


def test_confidence_says_how_the_utterance_matched() -> None:
    exact, polite, nothing = (
        ENGLISH.classify(text) for text in ("What time is it?", "Naila, what time is it, please?", "Tell me a story")
    )
    assert (exact.confidence, polite.confidence) == (1.0, 0.95)
    assert nothing == Intent("conversation", 0.9)
    assert exact.rule
    assert exact.rule == polite.rule


@pytest.mark.parametrize(("name", "said"), [("R2-D2", "r2 d2"), ("Mr. (Robot)", "Mr Robot,"), ("!", "")])
def test_any_name_of_a_robot_is_taken(name: str, said: str) -> None:
    classifier = IntentClassifier.load(SHIPPED, names=(name,))
    assert classifier.classify(f"{said} what time is it").name == "time_query"


def load(tmp_path: Path, content: str) -> IntentClassifier:
    path = tmp_path / "xx.toml"
    path.write_text(content)
    return IntentClassifier.load(path)


def test_templates_have_alternatives_options_lists_and_nesting(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        lists.thing = "(ball|[red] box)"
        [[intents]]
        name = "fetch"
        phrases = ["(get|bring (me|us)) [(the|that) [old]] <thing>"]
        """,
    )
    fetched = ["get ball", "bring us box", "get the ball", "bring me that old red box"]
    assert {classifier.classify(text).name for text in fetched} == {"fetch"}
    others = ["ball", "bring ball", "get old ball", "get the red ball", "get the ball now", "get"]
    assert {classifier.classify(text).name for text in others} == {"conversation"}


def test_the_first_phrase_in_the_file_counts(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        intents = [{name = "first", phrases = ["go (home|away)"]}, {name = "second", phrases = ["go home", "go on"]}]
        """,
    )
    assert classifier.classify("go home").name == "first"
    assert classifier.classify("go on").name == "second"


def test_spellings_are_written_out_in_phrases_and_in_speech(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        intents = [{name = "check", phrases = ["what's up"]}]
        [spellings]
        "'s" = "is"
        "wassup" = "what is up"
        """,
    )
    for text in ("what is up", "What\u2019s up?!", "WASSUP"):
        assert classifier.classify(text).name == "check"


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("go (home", "a bracket is not closed"),
        ("go home)", "'\\)' stands outside of brackets"),
        ("go [home)", "'\\]' is missing before '\\)'"),
        ("go | stop", "'\\|' stands outside of brackets"),
        ("go[ing] home", "brackets stand between words"),
        ("go {place}", "'{' means nothing in a template"),
        ("go <place>", "there is no list <place>; those that exist: <loop>"),
        ("go <loop>", "the list <loop> contains itself"),
        ("[go] [home]", "'\\[go\\] \\[home\\]' would match silence"),
        ("", "'' would match silence"),
    ],
)
def test_a_wrong_phrase_is_refused_with_the_reason(tmp_path: Path, phrase: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(tmp_path, f'lists.loop = "a <loop>"\nintents = [{{name = "go", phrases = ["go", "{phrase}"]}}]')


def test_a_wrong_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"intents.0.phrases is missing"):
        load(tmp_path, '[[intents]]\nname = "go"')


def test_a_very_long_utterance_is_classified() -> None:
    assert ENGLISH.classify("please " * 600 + "stop").name == "cancel"
    assert ENGLISH.classify("thank you " * 400 + "banana").name == "conversation"


@given(st.text(max_size=200))
def test_any_text_gets_an_intent(text: str) -> None:
    assert 0 < ENGLISH.classify(text).confidence <= 1


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=12))
def test_a_strange_word_makes_it_conversation(word: str) -> None:
    assert ENGLISH.classify(f"what xq{word} time is it").name == "conversation"
