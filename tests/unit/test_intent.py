from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.configfile import ConfigError
from tests.daemons import CACHE

SHIPPED = resources.config_dir() / "intents" / "en.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shipped English phrases alone."""
    folder = tmp_path_factory.mktemp("intents")
    shutil.copy(SHIPPED, folder)
    return folder


@pytest.fixture(scope="module")
def english(folder: Path) -> IntentClassifier:
    classifier = IntentClassifier.load(folder, names=("Naila",), cache=CACHE)
    classifier.warm()
    return classifier


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
def test_everyday_ways_to_say_it_are_understood(english: IntentClassifier, text: str, intent: str) -> None:
    assert english.classify(text).name == intent


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
def test_a_question_about_a_sensor_names_it(english: IntentClassifier, text: str, sensor: str) -> None:
    intent = english.classify(text)
    assert (intent.name, intent.slots) == ("sensor_query", {"sensor": sensor})


def test_a_question_about_all_sensors_names_none(english: IntentClassifier) -> None:
    assert english.classify("What do your sensors say?").slots == {}


@pytest.mark.parametrize(
    "text",
    [
        "sometimes I feel lost",
        "What was that time we met?",
        "hello, can you tell me a story",
        "Do you remember the time we went to the sea?",
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
def test_what_only_looks_like_it_is_conversation(english: IntentClassifier, text: str) -> None:
    assert english.classify(text).name == "conversation"


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
def test_what_is_no_clear_yes_is_none(english: IntentClassifier, text: str) -> None:
    assert english.classify(text).name != "affirm"


@pytest.mark.parametrize(
    ("text", "intent"), [("yes, what time is it", "time_query"), ("yes stop", "cancel"), ("okay thanks", "gratitude")]
)
def test_what_comes_after_a_yes_counts(english: IntentClassifier, text: str, intent: str) -> None:
    assert english.classify(text).name == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I was hoping you could set a timer for ten minutes", "timer_set"),
        ("any chance you could tell me the weather for tomorrow", "weather_query"),
        ("I need you to go ahead and cancel what I just asked", "cancel"),
        ("do me a favor and wake me up at six", "alarm_set"),
        ("it would be great if you could speak a little slower", "speech_rate_set"),
        ("would it be possible for you to speak Spanish", "language_set"),
        ("I will need you to remind me to feed the fish", "reminder_set"),
        ("remind me of my reminders", "reminder_query"),
        ("what name do you have on file for me", "user_name_query"),
        ("I guess this is goodbye", "goodbye"),
        ("wow thanks, that is a big help", "gratitude"),
        ("what sorts of things can you help me with", "capabilities_query"),
    ],
)
def test_long_winded_ways_to_say_it_are_understood(english: IntentClassifier, text: str, intent: str) -> None:
    assert english.classify(text).name == intent


@pytest.mark.parametrize(
    "text",
    [
        "how long does it take to boil an egg",
        "what is the time difference between Rome and Tokyo",
        "I'm running out of time",
        "remind me what a gerund is",
        "my alarm didn't go off and I was late",
        "change my pin",
        "what is your favorite name",
        "cancel my flight",
        "what is a repeat offender",
        "call me later",
        "your name is pretty",
        "I want you to be happy",
        "you should be ashamed",
        "do you have any pets",
        "how do you say goodbye in French",
    ],
)
def test_what_has_the_words_of_a_skill_and_means_something_else_is_conversation(
    english: IntentClassifier, text: str
) -> None:
    assert english.classify(text).name == "conversation"


def test_phrases_that_stand_alone_are_no_phrases_among_courtesies(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        courtesies: {before: [well]}
        intents:
          - {intent: agree, alone: true, phrases: [okay]}
          - {intent: leave, phrases: [bye]}
        """,
    )
    assert [rules(classifier, text) for text in ("okay", "well okay", "well bye")] == [
        {"agree"},
        {"conversation"},
        {"leave"},
    ]


def test_confidence_says_how_the_utterance_matched(english: IntentClassifier) -> None:
    exact, polite, nothing = (
        english.classify(text) for text in ("What time is it?", "Naila, what time is it, please?", "Tell me a story")
    )
    assert (exact.confidence, polite.confidence) == (1.0, 0.95)
    assert nothing.name == "conversation"
    assert nothing.confidence > 0.5
    assert exact.rule
    assert exact.rule == polite.rule


@pytest.mark.parametrize(("name", "said"), [("R2-D2", "r2 d2"), ("Mr. (Robot)", "Mr Robot,"), ("!", "")])
def test_any_name_of_a_robot_is_taken(folder: Path, name: str, said: str) -> None:
    classifier = IntentClassifier.load(folder, names=(name,), cache=CACHE)
    assert classifier.classify(f"{said} what time is it").name == "time_query"


def load(tmp_path: Path, content: str) -> IntentClassifier:
    (tmp_path / "en.yaml").write_text(textwrap.dedent(content))
    return IntentClassifier.load(tmp_path)


def rules(classifier: IntentClassifier, *texts: str) -> set[str]:
    """Return the names of the intents whose phrases match; what only looks like one is conversation."""
    found = [classifier.classify(text) for text in texts]
    return {"conversation" if intent.rule in {"", "classifier"} else intent.name for intent in found}


def test_templates_have_alternatives_options_lists_and_nesting(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        lists: {thing: "(ball|[red] box)"}
        intents:
          - intent: fetch
            phrases: ["(get|bring (me|us)) [(the|that) [old]] <thing>"]
        """,
    )
    assert rules(classifier, "get ball", "bring us box", "get the ball", "bring me that old red box") == {"fetch"}
    others = ("ball", "bring ball", "get old ball", "get the red ball", "get the ball now", "get")
    assert rules(classifier, *others) == {"conversation"}


def test_the_first_phrase_in_the_file_counts(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        intents:
          - {intent: first, phrases: [go (home|away)]}
          - {intent: second, phrases: [go home, go on]}
        """,
    )
    assert rules(classifier, "go home") == {"first"}
    assert rules(classifier, "go on") == {"second"}


def test_spellings_are_written_out_in_phrases_and_in_speech(tmp_path: Path) -> None:
    classifier = load(
        tmp_path,
        """
        spellings: {"'s": is, wassup: what is up}
        intents:
          - {intent: check, phrases: [what's up]}
        """,
    )
    assert rules(classifier, "what is up", "What\u2019s up?!", "WASSUP") == {"check"}


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("go (home", "a bracket is not closed"),
        ("go home)", "'\\)' stands outside of brackets"),
        ("go [home)", "'\\]' is missing before '\\)'"),
        ("go | stop", "'\\|' stands outside of brackets"),
        ("go[ing] home", "brackets stand between words"),
        ("go {home", "'{' means nothing in a template"),
        ("go {house}", "there is no kind of slot {house}; those that exist: "),
        ("go <place>", "there is no list <place>; those that exist: <loop>"),
        ("[go] [home]", "'\\[go\\] \\[home\\]' would match silence"),
        ("", "'' would match silence"),
    ],
)
def test_a_wrong_phrase_is_refused_with_its_line_and_the_reason(tmp_path: Path, phrase: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=rf"en\.yaml: line 5: .*{complaint}"):
        load(
            tmp_path,
            f"""\
            lists: {{loop: round}}
            intents:
              - intent: go
                phrases:
                  - "{phrase}"
            """,
        )


def test_a_list_that_contains_itself_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"en\.yaml: line 3: the list <loop> contains itself"):
        load(
            tmp_path,
            """\
            lists:
              fine: round
              loop: a <loop>
            intents:
              - {intent: go, phrases: [go <loop>]}
            """,
        )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("intents:\n  - intent: go\n", "line 2: intents.0.phrases is missing"),
        ("intents:\n  - intent: go\n    phrase: [go]\n    phrases: [go]\n", "line 3: .* did you mean phrases?"),
        ("intents:\n  - intent: Go!\n    phrases: [go]\n", "line 2: intents.0.intent: "),
        ("intents:\n  - intent: go\n    phrases: [go\n", "line 4: is not YAML: "),
        ("intents:\n  - intent: go\n    phrases: [1]\n", "line 3: .*must be text: put it in quotes"),
        ("lists: {}\nlists: {}\n", "line 2: lists is here twice"),
        ("intents:\n  - {intent: go, phrases: [go], threshold: 2}\n", "line 2: intents.0.threshold: "),
    ],
)
def test_a_wrong_file_is_refused_with_the_line_and_what_is_allowed(
    tmp_path: Path, content: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=rf"en\.yaml: {complaint}"):
        load(tmp_path, content)


def test_words_that_yaml_takes_for_something_else_are_words(tmp_path: Path) -> None:
    classifier = load(tmp_path, "intents:\n  - {intent: deny, phrases: [no, off]}")
    assert rules(classifier, "no", "off") == {"deny"}


def test_a_very_long_utterance_is_classified(english: IntentClassifier) -> None:
    assert english.classify("please " * 600 + "stop").name == "cancel"
    assert english.classify("thank you " * 400 + "banana").name == "conversation"


@given(st.text(max_size=200))
def test_any_text_gets_an_intent(english: IntentClassifier, text: str) -> None:
    assert 0 < english.classify(text).confidence <= 1


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=12))
def test_a_strange_word_makes_it_no_phrase(english: IntentClassifier, word: str) -> None:
    assert english.classify(f"what xq{word} time is it").rule in {"", "classifier"}
