from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ai_server import resources
from ai_server.brain.feelings import Feelings
from ai_server.brain.hearing import Hearing
from ai_server.brain.language import Languages
from ai_server.brain.opening import Moment
from ai_server.brain.robots import Situation
from ai_server.protocol.utterance import Utterance

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def feelings() -> Feelings:
    return Feelings.load(resources.config_dir() / "feelings")


@pytest.fixture(scope="module")
def hearing(feelings: Feelings) -> Hearing:
    return Hearing(lambda: feelings, Languages("en"))


def said(words: str, **fields: str) -> Utterance:
    return Utterance(device_id="rover", request_id="q1", text=words, **fields)


def test_the_language_of_the_message_wins_over_that_of_its_words(hearing):
    assert hearing.language(said("could you tell me a joke", language="de-AT"), None, "en") == "de"


def test_a_language_that_the_words_tell_is_answered_in(hearing):
    assert hearing.language(said("kannst du mir bitte einen Witz erzählen"), "en", "en") == "de"


def test_words_that_tell_nothing_keep_the_last_language_and_before_that_the_personas(hearing):
    assert hearing.language(said("ok"), "fr", "en") == "fr"
    assert hearing.language(said("ok"), None, "pt-BR") == "pt"


def test_beside_a_model_that_speaks_english_alone_only_the_message_names_another_language(feelings):
    deaf = Hearing(lambda: feelings, None)
    assert deaf.language(said("wie spät ist es", language="de-AT"), "fr", "en") == "de"
    assert deaf.language(said("wie spät ist es", language="und"), "fr", "de") == "en"
    assert deaf.language(said("kannst du mir einen Witz erzählen"), "fr", "de") == "en"


def test_a_model_that_speaks_english_alone_is_never_asked_for_another_language(feelings):
    moment = Moment(NOW, Situation())
    assert Hearing(lambda: feelings, None).hear(said("hola"), moment, "es").facts == "Saturday 14:05"


def test_the_line_of_the_moment_names_the_language_where_it_is_not_english(hearing):
    moment = Moment(NOW, Situation(person_emotion="happy"))
    assert hearing.hear(said("hola"), moment, "es").facts == "Saturday 14:05; person feels happy; speaks Spanish"
    assert hearing.hear(said("hello"), moment, "en").facts == "Saturday 14:05; person feels happy"


def test_what_the_camera_saw_wins_over_what_the_words_sound_like(hearing):
    moment = Moment(NOW, Situation(person_emotion="angry"))
    assert hearing.hear(said("my dog died yesterday"), moment, "en").facts == "Saturday 14:05; person feels angry"
