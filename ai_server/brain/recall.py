"""What comes to mind when somebody speaks: what they said before that has to do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from functools import partial

import structlog

from ai_server.brain.dates import day_in_words
from ai_server.brain.slots.reading import without_days
from ai_server.memory.privacy.erasure import RECALLED
from ai_server.memory.search.search import Found, Search
from ai_server.memory.storage.database import DatabaseError

log = structlog.get_logger(__name__)

TIMEOUT_S = 0.02
"""A recall that is not there by then is left out: a reply does not wait for it."""

_MOST = 3
_LONGEST = 120
"""Characters that are quoted of one turn's words, or of its reply."""

_PLAIN = str.maketrans({"[": "(", "]": ")", '"': "'", "“": "'", "”": "'", ";": ","})


class Recall:
    """Looks for what serves to answer somebody.

    Args:
        search: finds it.
        now: the local time, with its zone.
        timeout_s: how long it may take.
    """

    def __init__(self, search: Search, now: Callable[[], datetime], *, timeout_s: float = TIMEOUT_S) -> None:
        self._search = search
        self._now = now
        self._timeout_s = timeout_s

    async def of(
        self,
        device_id: str,
        user_id: str | None,
        words: str,
        *,
        language: str,
        before_turn: int | None,
        known: Collection[int],
    ) -> tuple[str, ...]:
        """Return what came to mind; nothing where it cannot be read or takes too long.

        A word such as "today" is another day each day: what has it in common was said on the same day.

        Args:
            device_id: the robot that is spoken to.
            user_id: who speaks; None for somebody whom it does not know.
            words: what they say.
            language: in which language.
            before_turn: the id of the oldest turn that the prompt holds; None where it holds none.
            known: the ids of the facts that the prompt tells.
        """
        now = self._now()
        recall = partial(
            self._search.recall, device_id, user_id, language=language, limit=_MOST, before_turn=before_turn
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await _of_any_day(recall, words, language, now)
        except TimeoutError:
            log.debug("nothing was recalled in time")
            return ()
        except DatabaseError as error:
            log.error("nothing can be recalled", reason=str(error))  # noqa: TRY400  the reason says it all
            return ()
        new = [each for each in found if each.kind == "turn" or each.id not in known]
        return tuple(told(each, now) for each in new)


async def _of_any_day(
    recall: Callable[[str], Awaitable[list[Found]]], words: str, language: str, now: datetime
) -> list[Found]:
    """Recall what serves, and what was said today where the words name a day by how far it is from today."""
    timeless = without_days(words, language)
    found = await recall(timeless) if timeless.strip() else []
    if timeless == words:
        return found
    seen = {(each.kind, each.id) for each in found}
    of_today = (each for each in await recall(words) if each.at.astimezone(now.tzinfo).date() == now.date())
    return [*found, *(each for each in of_today if (each.kind, each.id) not in seen)][:_MOST]


def line_of(facts: str, gone: str, recalled: Iterable[str]) -> str:
    """Return the bracketed line of what somebody says, without its brackets.

    Args:
        facts: what is true now.
        gone: what is told of turns that have left the prompt; empty for nothing.
        recalled: what came to mind.
    """
    remembers = [f"earlier in this conversation: {gone}"] if gone else []
    remembers += recalled
    return "; ".join(filter(None, (facts, RECALLED + "; ".join(remembers) if remembers else "")))


def told(found: Found, now: datetime) -> str:
    """Return in words what was found, with its day."""
    day = day_in_words(found.at, now)
    if found.kind == "fact":
        return f'noted {day}, in words to the person: "{_quoted(found.text)}"'
    answered = (
        f', and you answered "{_quoted(found.reply)}"' if found.reply and found.text.rstrip().endswith("?") else ""
    )
    return f'{day} the person said "{_quoted(found.text)}"{answered}'


def _quoted(text: str) -> str:
    text = " ".join(text.translate(_PLAIN).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} …"
