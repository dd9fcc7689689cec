"""Judges replies: words by patterns, actions exactly; `models/train/eval/RUBRIC.md` says it in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ai_server.brain.actions import unsaid_number
from ai_server.brain.body import Body
from ai_server.examination.sets import ActionCase, EverydayCase, WordsCase
from ai_server.llm.chat import ActionCall, EmotionTag
from ai_server.llm.reply import ReplyParser
from ai_server.protocol.terms import EMOTIONS, Emotion

_TAG = re.compile(rf"\s*\[({'|'.join(EMOTIONS)})\] \S")


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply as the brain takes it.

    Attributes:
        raw: what the model said.
        emotion: the face that the robot makes.
        words: what it speaks.
        actions: what leaves the brain.
        flaws: what is wrong with its form: no tag, a broken action, or one that the body did not declare so.
    """

    raw: str
    emotion: Emotion
    words: str
    actions: tuple[ActionCall, ...] = ()
    flaws: tuple[str, ...] = ()


def take_apart(raw: str, body: Body, said: str, *, literal_numbers: bool, truncated: bool = False) -> Heard:
    """Return a reply as the brain takes it.

    Args:
        raw: what the model said.
        body: the robot's.
        said: what the person said.
        literal_numbers: an action's number must be one that the person said, where the person said any.
        truncated: the model did not come to its end.
    """
    parser = ReplyParser()
    events = [*parser.feed(raw), *parser.close(truncated=truncated)]
    emotion = next(event.emotion for event in events if isinstance(event, EmotionTag))
    flaws = [] if _TAG.match(raw) else ["it begins with no emotion tag and words"]
    flaws += ["an action is no JSON object that names one"] * parser.malformed
    actions = []
    for call in (event for event in events if isinstance(event, ActionCall)):
        if (reason := body.objection(call)) is not None:
            flaws.append(reason)
        elif not (literal_numbers and unsaid_number(call, said)):
            actions.append(call)
    return Heard(raw, emotion, parser.text, tuple(actions), tuple(flaws))


def everyday_fault(case: EverydayCase, heard: Heard) -> str | None:
    """Return what is wrong with the reply to an everyday utterance; None where nothing is."""
    if heard.emotion not in case.emotion:
        return f"looks {heard.emotion}, not {' or '.join(case.emotion)}"
    return unasked_fault(heard) or words_fault(case, heard)


def words_fault(case: WordsCase, heard: Heard) -> str | None:
    """Return what is wrong with the words of a reply; None where nothing is."""
    for pattern in case.reject:
        if found := re.search(pattern, heard.words, re.IGNORECASE):
            return f"says {found[0]!r}"
    if not any(re.search(pattern, heard.words, re.IGNORECASE) for pattern in case.accept):
        return "says nothing of what was looked for"
    return None


def action_fault(case: ActionCase, heard: Heard) -> str | None:
    """Return what is wrong with what leaves the brain on a request; None where it is just what was expected."""
    return None if heard.actions == case.calls else f"does {_shown(heard.actions)}, not {_shown(case.calls)}"


def unasked_fault(heard: Heard) -> str | None:
    """Return what leaves the brain though nothing was asked for; None where nothing does."""
    return f"does {_shown(heard.actions)} unasked" if heard.actions else None


def _shown(calls: Iterable[ActionCall]) -> str:
    return " and ".join(json.dumps({"action": call.name, **call.arguments}) for call in calls) or "nothing"
