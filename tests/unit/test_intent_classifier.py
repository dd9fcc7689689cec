"""What the classifier makes of words that no phrase matches, of slots, of follow-ups, and of an owner's own phrases."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.matcher import Context
from ai_server.configfile import ConfigError
from tests.daemons import CACHE

NOW = datetime(2026, 5, 5, 15, 0, tzinfo=ZoneInfo("Europe/Berlin"))
OWN = """
language: en
intents:
  - intent: opening_hours
    phrases: ["when do you (open|close)", "what are your (opening|business) hours", "are you open on {date}"]
    response: We open at nine.
  - intent: conversation
    phrases: ["when do you open your eyes"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intents")
    shutil.copy(resources.config_dir() / "intents" / "en.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def english(folder: Path) -> IntentClassifier:
    classifier = IntentClassifier.load(folder, names=("Naila",), cache=CACHE)
    classifier.warm()
    return classifier


def understood(classifier: IntentClassifier, text: str, context: Context | None = None) -> Intent:
    return classifier.classify(text, context=context, now=NOW)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hey, I would so like to know what time it is by now at all", "time_query"),
        ("get a coin and flip it up in the air for me", "coin_flip"),
        ("let us see how it goes when you roll some dice", "dice_roll"),
        ("I'd really love it if you spoke a lot slower to me", "speech_rate_set"),
        ("the forecast for the weekend in Oslo, how is the weather", "weather_query"),
    ],
)
def test_words_that_no_phrase_matches_are_told_by_what_they_are_like(
    english: IntentClassifier, text: str, intent: str
) -> None:
    found = understood(english, text)
    assert (found.name, found.rule) == (intent, "classifier")
    assert 0.5 <= found.confidence < 1


@pytest.mark.parametrize(
    "text",
    [
        "Sometimes I feel lost.",
        "We had such a good time in Rome last summer.",
        "My alarm clock woke up the neighbours and they were furious.",
        "Her name is Bella and she is a poodle.",
        "Where did I leave the keys to the shed?",
        "Tell me how a volcano works.",
        "I flipped through the pages of an old book.",
        "What do you think about the weather gods of the Greeks?",
        "xqlor mnifft brazzle",
    ],
)
def test_what_only_sounds_like_a_skill_is_conversation(english: IntentClassifier, text: str) -> None:
    assert understood(english, text).name == "conversation"


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("set a timer for ten minutes called tea", "timer_set", {"duration": 600.0, "name": "Tea"}),
        ("Please wake me up at 7:30 am tomorrow.", "alarm_set", {"time": "07:30", "date": "2026-05-06"}),
        ("what time is it in Tokyo?", "time_query", {"place": "Tokyo"}),
        ("remind me in two hours to call my mother", "reminder_set", {"duration": 7200.0, "text": "call my mother"}),
        ("turn the volume up", "volume_set", {"change": "up"}),
        ("set the volume to 40 percent", "volume_set", {"level": 40}),
        ("speak German", "language_set", {"language": "de"}),
        ("call me Ishmael", "user_name_set", {"name": "Ishmael"}),
        ("what is 12 times 12", "calculation", {"expression": "12 times 12"}),
    ],
)
def test_slots_are_read_from_phrases(
    english: IntentClassifier, text: str, intent: str, slots: dict[str, object]
) -> None:
    found = understood(english, text)
    assert (found.name, dict(found.slots)) == (intent, slots)


def test_slots_are_found_where_no_phrase_matches(english: IntentClassifier) -> None:
    found = understood(english, "okay robot, oven is on, so timer, ten minutes, go ahead and set it")
    assert (found.name, found.rule, found.slots["duration"]) == ("timer_set", "classifier", 600.0)


def test_an_intent_whose_slot_is_missing_keeps_its_name(english: IntentClassifier) -> None:
    found = understood(english, "set a timer")
    assert (found.name, dict(found.slots)) == ("timer_set", {})


@pytest.mark.parametrize(
    ("context", "text", "intent", "slots"),
    [
        (Context("weather_query", {"place": "Oslo"}), "and tomorrow?", "weather_query", "2026-05-06"),
        (Context("timer_set"), "ten minutes", "timer_set", 600.0),
        (Context("volume_set", {"change": "up"}), "a bit more", "volume_set", "up"),
        (Context("time_query"), "and in Paris?", "time_query", "Paris"),
        (Context("dice_roll"), "again", "dice_roll", None),
    ],
)
def test_follow_ups_are_understood_in_context(
    english: IntentClassifier, context: Context, text: str, intent: str, slots: object
) -> None:
    found = understood(english, text, context)
    assert (found.name, found.rule) == (intent, "context")
    assert slots is None or slots in found.slots.values()
    assert context.slots.items() <= found.slots.items()


def test_a_follow_up_without_its_context_is_none(english: IntentClassifier) -> None:
    assert understood(english, "and tomorrow?").rule != "context"
    assert understood(english, "and tomorrow?", Context("coin_flip")).rule != "context"


@pytest.mark.parametrize(
    ("text", "choice"), [("the second one", "eggs"), ("the last one please", "pizza"), ("the tea one", "tea")]
)
def test_one_of_several_is_chosen_by_number_or_by_name(english: IntentClassifier, text: str, choice: str) -> None:
    asked = Context("timer_cancel", {"all": False}, ("tea", "eggs", "pizza"))
    found = understood(english, text, asked)
    assert (found.name, found.rule) == ("timer_cancel", "context")
    assert dict(found.slots) == {"all": False, "choice": choice}


def test_what_all_choices_have_in_common_need_not_be_said(english: IntentClassifier) -> None:
    asked = Context("timer_cancel", choices=("timer tea", "timer of 5 minutes"))
    assert understood(english, "the tea one", asked).slots == {"choice": "timer tea"}
    assert understood(english, "the timer please", asked).rule != "context"


def test_a_yes_answers_what_was_asked_and_is_a_yes_elsewhere(english: IntentClassifier) -> None:
    asked = Context("timer_cancel", choices=("yes", "no"))
    assert understood(english, "yes please", asked).slots == {"choice": "yes"}
    assert understood(english, "no", asked).slots == {"choice": "no"}
    assert understood(english, "yes please", Context("timer_cancel")).name == "affirm"


def test_a_command_is_no_answer_to_a_question(english: IntentClassifier) -> None:
    assert understood(english, "stop", Context("timer_set")).name == "cancel"


def test_owners_add_intents_and_answers_by_a_file_of_their_own(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "shop.yaml").write_text(OWN)
    classifier = IntentClassifier.load(tmp_path / "intents", cache=CACHE)
    found = understood(classifier, "When do you open, please?")
    assert (found.name, found.response) == ("opening_hours", "We open at nine.")
    assert understood(classifier, "are you open on Friday").slots == {"date": "2026-05-08"}
    assert understood(classifier, "when do you open your eyes").name == "conversation"
    assert understood(classifier, "what time is it").name == "time_query"


def test_a_file_without_a_language_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "Our shop.yaml").write_text("intents: []")
    with pytest.raises(ConfigError, match=r"Our shop\.yaml: line 1: language is missing"):
        IntentClassifier.load(tmp_path / "intents")


def test_a_language_that_is_named_out_of_sight_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "en.ours.yaml").write_text("{intents: [],\n language: de}")
    with pytest.raises(ConfigError, match=r"en\.ours\.yaml: line 2: write `language: de` as a line of its own"):
        IntentClassifier.load(tmp_path / "intents", cache=CACHE)


def test_lists_of_two_files_that_contradict_each_other_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "en.ours.yaml").write_text("lists:\n  friend: mate\n")
    with pytest.raises(ConfigError, match=r"lists\.friend is something else in another file"):
        IntentClassifier.load(tmp_path / "intents")


def small(folder: Path, phrases: str = "") -> IntentClassifier:
    folder.mkdir(exist_ok=True)
    (folder / "en.yaml").write_text(
        "intents:\n"
        f"  - {{intent: lamp, threshold: 0.8, phrases: ['switch the (lamp|light) on', 'light the lamp'{phrases}]}}\n"
        "  - {intent: door, threshold: 0.8, phrases: ['open the (door|gate)', 'let me in']}\n"
    )
    classifier = IntentClassifier.load(folder, cache=folder / "cache")
    classifier.warm()
    return classifier


def kept(folder: Path) -> dict[str, int]:
    """What the cache keeps, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}


def test_phrases_count_before_anything_is_learnt_and_the_rest_is_conversation(tmp_path: Path) -> None:
    warm, cold = small(tmp_path), IntentClassifier.load(tmp_path)
    assert [classifier.is_warm("en") for classifier in (warm, cold)] == [True, False]
    assert [understood(each, "open the gate").name for each in (warm, cold)] == ["door", "door"]
    assert [understood(each, "open up that gate").name for each in (warm, cold)] == ["door", "conversation"]


def test_what_was_learnt_is_kept_and_is_the_same_when_recalled(tmp_path: Path) -> None:
    learnt = small(tmp_path)
    stamps = kept(tmp_path)
    recalled = IntentClassifier.load(tmp_path, cache=tmp_path / "cache")
    assert recalled.is_warm("en")
    text = "could somebody open up that gate"
    assert understood(recalled, text) == understood(learnt, text)
    assert understood(recalled, "switch the light on").rule == "switch the (lamp|light) on"
    assert understood(recalled, text).name == "door"
    assert kept(tmp_path) == stamps


@pytest.mark.parametrize("damage", [b"", b"not what it was", None])
@pytest.mark.parametrize("kind", ["phrases", "learnt"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, kind: str, damage: bytes | None) -> None:
    small(tmp_path)
    (path,) = (tmp_path / "cache").glob(f"{kind}-en-*")
    good = path.read_bytes()
    path.write_bytes(bytes([*good[:-9], good[-9] ^ 1, *good[-8:]]) if damage is None else damage)
    assert understood(small(tmp_path), "open up that gate").name == "door"
    assert understood(small(tmp_path), "open the gate").rule == "open the (door|gate)"
    assert path.read_bytes() == good


def test_what_was_kept_of_other_phrases_is_not_taken_for_these(tmp_path: Path) -> None:
    small(tmp_path / "one")
    small(tmp_path / "other", phrases=", 'i want it bright'")
    for kind in ("phrases", "learnt"):
        (one,) = (tmp_path / "one" / "cache").glob(f"{kind}-*")
        (other,) = (tmp_path / "other" / "cache").glob(f"{kind}-*")
        other.write_bytes(one.read_bytes())
    assert understood(small(tmp_path / "other", phrases=", 'i want it bright'"), "i want it bright").name == "lamp"


def test_other_phrases_are_learnt_anew(tmp_path: Path) -> None:
    small(tmp_path)
    before = kept(tmp_path)
    changed = small(tmp_path, phrases=", 'i want it bright'")
    assert understood(changed, "i want it bright").name == "lamp"
    assert len(kept(tmp_path).keys() - before.keys()) == 2


def test_a_mistake_is_found_though_the_file_was_right_when_it_was_kept(tmp_path: Path) -> None:
    small(tmp_path)
    with pytest.raises(ConfigError, match=r"en\.yaml: line 2: .*a bracket is not closed"):
        small(tmp_path, phrases=", 'i want it (bright'")
    assert understood(small(tmp_path), "light the lamp").name == "lamp"


def test_a_mistake_in_what_is_only_learnt_from_is_found(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text("intents:\n  - {intent: sing, learnt_only: true, phrases: [sing <song>]}\n")
    with pytest.raises(ConfigError, match=r"en\.yaml: line 2: there is no list <song>"):
        IntentClassifier.load(tmp_path)


def test_a_mistake_in_the_words_of_commands_is_found(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text("commands:\n  words:\n    turn: '(veer'\n")
    with pytest.raises(ConfigError, match=r"en\.yaml: line 3: .*a bracket is not closed"):
        IntentClassifier.load(tmp_path)


def test_an_answer_that_names_what_nobody_says_is_refused_by_its_line(tmp_path: Path) -> None:
    answer = "intents:\n  - intent: table\n    phrases: ['table for {number}']\n    response: 'Take {numbre}!'\n"
    (tmp_path / "en.yaml").write_text(answer)
    with pytest.raises(ConfigError, match=r"en\.yaml: line 4: \{numbre\} stands for nothing.*\{number\}"):
        IntentClassifier.load(tmp_path)
    (tmp_path / "en.yaml").write_text(answer.replace("numbre", "number"))
    assert IntentClassifier.load(tmp_path).classify("table for four").slots == {"number": 4}


def test_the_name_that_people_gave_a_robot_is_a_courtesy(english: IntentClassifier) -> None:
    for text in ("Big Bob, what time is it?", "what time is it, big bob", "hey big bob what time is it please"):
        assert english.classify(text, called="Big Bob").is_phrase
        assert english.classify(text, called="Big Bob").name == "time_query"
    assert not english.classify("big bob what time is it").is_phrase


def test_old_phrases_are_let_go_of_after_many_changes(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / "en.yaml").write_text(f"intents:\n  - {{intent: count, phrases: [count to n{number}]}}\n")
        classifier = IntentClassifier.load(tmp_path, cache=tmp_path / "cache")
    assert understood(classifier, "count to n19").name == "count"
    assert len(kept(tmp_path)) == 16


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with capture_logs() as logs:
        classifier = small(tmp_path)
    assert understood(classifier, "open up that gate").name == "door"
    assert {entry["event"] for entry in logs} == {"what phrases teach cannot be kept"}


def test_a_threshold_keeps_an_intent_from_being_guessed(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(
        "intents:\n"
        "  - {intent: lamp, threshold: 1, phrases: [switch the (lamp|light) on, light the lamp]}\n"
        "  - {intent: door, threshold: 0.8, phrases: [open the (door|gate), let me in]}\n"
    )
    classifier = IntentClassifier.load(tmp_path)
    classifier.warm()
    assert understood(classifier, "switch on that lamp").name == "conversation"
    assert understood(classifier, "switch the lamp on").name == "lamp"
    assert understood(classifier, "open up that gate").name == "door"


SMALL = (
    "intents:\n"
    "  - {intent: lamp, phrases: [switch the (lamp|light) on, light the lamp]}\n"
    "  - {intent: door, phrases: [open the (door|gate), let me in]}\n"
)


def test_where_hardly_any_phrase_is_known_to_mean_nothing_whole_phrases_alone_count(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(SMALL + "  - {intent: conversation, phrases: [let me be, a light meal]}\n")
    classifier = IntentClassifier.load(tmp_path)
    classifier.warm()
    for text in ("the lamp is nice", "let me think", "open your heart", "the gate is open"):
        assert understood(classifier, text).name == "conversation"
    assert understood(classifier, "please open the gate").name == "conversation", "there are no courtesies"
    assert understood(classifier, "open the gate").name == "door"


def test_few_phrases_beside_the_shipped_ones_trigger_on_no_shared_word(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "en.home.yaml").write_text(SMALL)
    classifier = IntentClassifier.load(tmp_path / "intents", cache=CACHE)
    classifier.warm()
    assert understood(classifier, "could you open the gate, please?").name == "door"
    for text in (
        "the gate of heaven is far away",
        "let me think about it",
        "he opened my heart",
        "the light of my life",
    ):
        assert understood(classifier, text).name == "conversation"


def test_english_commands_are_understood_beside_another_language(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "intents")
    (tmp_path / "intents" / "de.yaml").write_text("intents:\n  - {intent: cancel, phrases: [halt, hör auf]}\n")
    classifier = IntentClassifier.load(tmp_path / "intents", cache=CACHE)
    assert classifier.classify("Hör auf!", language="de").name == "cancel"
    assert classifier.classify("stop", language="de").name == "cancel"
    assert classifier.classify("stop", language="pl").name == "cancel"
    assert classifier.languages == ["de", "en"]
