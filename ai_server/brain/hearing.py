"""How an utterance is spoken: in which language, and with what feeling."""

from __future__ import annotations

from collections.abc import Callable

from ai_server.brain.feelings import Feelings
from ai_server.brain.language import Languages, name, named, primary
from ai_server.brain.opening import Moment
from ai_server.protocol.utterance import Utterance

_ENGLISH = "en"


class Hearing:
    """Tells what a person's words tell beside what they say.

    Args:
        feelings: returns what infers them from words, which people may edit.
        languages: tells them by words; None where the model speaks English alone: it is asked for nothing else, and
            what a message does not call anything else is English.
    """

    def __init__(self, feelings: Callable[[], Feelings], languages: Languages | None) -> None:
        self._feelings = feelings
        self._languages = languages

    def language(self, utterance: Utterance, last: str | None, default: str) -> str:
        """Return what to answer in, a primary tag of BCP 47.

        Args:
            utterance: what was said.
            last: what the robot was answered in before.
            default: the language that its persona prefers, a tag.
        """
        if self._languages is None:
            return named(utterance.language) or _ENGLISH
        return self._languages.of(utterance.language, utterance.text, last or primary(default))

    def hear(self, utterance: Utterance, moment: Moment, language: str) -> Moment:
        """Return the moment as the words tell more of it.

        The feeling is the one that the message names, else what the camera saw, else what the words sound like.
        """
        felt = utterance.emotion or moment.situation.person_emotion or self._feelings().of(utterance.text, language)
        asked_for = language != _ENGLISH and self._languages is not None
        return moment.spoken(felt, name(language) if asked_for else None)
