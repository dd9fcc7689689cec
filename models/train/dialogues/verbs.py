"""Forms of English verbs: `drove`, `driving`, and whose hand it was."""

from __future__ import annotations

import re

_PAST = dict(
    pair.split()
    for pair in """be was|become became|begin began|bend bent|blow blew|break broke|bring brought|build built|catch caught|choose chose
    |close closed|come came|cut cut|dive dived|do did|draw drew|drive drove|drink drank|eat ate|fall fell|feed fed|feel felt|find found
    |fly flew|freeze froze|get got|give gave|go went|grab grabbed|hang hung|have had|hide hid|hit hit|hold held|keep kept|kneel knelt
    |lay laid|lead led|lean leaned|leave left|let let|lie lay|light lit|look looked|make made|pay paid|play played|put put|read read
    |ride rode|ring rang|rise rose|roll rolled|run ran|say said|scan scanned|see saw|send sent|set set|shake shook|shine shone
    |shoot shot|show showed|shut shut|sing sang|sit sat|sleep slept|slide slid|speak spoke|spin spun|spread spread|stand stood
    |stick stuck|strike struck|sweep swept|swim swam|swing swung|take took|tell told|throw threw|turn turned|twist twisted|wake woke
    |wear wore|whistle whistled|wind wound|write wrote|sow sowed|steer steered|bust busted|beam beamed|open opened|back backed
    |enter entered|lower lowered|level levelled|water watered|follow followed|park parked|face faced|obey obeyed|hover hovered
    |power powered|answer answered|trigger triggered|monitor monitored|reset reset|quit quit|spit spat|tilt tilted|trim trimmed|creep crept|dig dug|sink sank|seek sought|sling slung|undo undid|stride strode
    |grind ground|unwind unwound|unwrap unwrapped|sidestep sidestepped|unplug unplugged|patrol patrolled""".replace(
        "\n", ""
    ).split("|")
)  # fmt: skip
_UNDOUBLED = (
    "open enter lower water power answer trigger monitor hover follow show play cover deliver flutter whisper murmur wiggle "
    "empty level visit target pivot swivel register remember season wander gather wonder consider shiver volley"
)
_STEADY = frozenset(_UNDOUBLED.split())


def past(verb: str) -> str:
    """The past form of one verb."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    return _doubled(verb) + "ed"


def continuous(verb: str) -> str:
    """The form in -ing."""
    if verb in ("be", "see", "free"):
        return verb + "ing"
    if verb in ("reset", "sidestep", "unplug", "unwrap", "patrol"):
        return verb + verb[-1] + "ing"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e"):
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def phrase_past(phrase: str) -> str:
    """`turn my head` as `turned my head`."""
    verb, space, rest = phrase.partition(" ")
    if not verb.isalpha():
        return f"did {phrase}"
    return past(verb) + space + rest


def phrase_continuous(phrase: str) -> str:
    """`turn my head` as `turning my head`."""
    verb, space, rest = phrase.partition(" ")
    if not verb.isalpha():
        return f"doing {phrase}"
    return continuous(verb) + space + rest


def whose(phrase: str, owner: str) -> str:
    """`turn my head` or `turn your head` as `turn his head` for the owner `his`."""
    self = {"my": "myself", "your": "yourself", "his": "himself", "her": "herself", "their": "themselves"}
    phrase = re.sub(r"\b(my|your)self\b", self[owner], phrase)
    return re.sub(r"\b(my|your)\b", owner, phrase)


def _doubled(verb: str) -> str:
    if verb in _STEADY or len(verb) > 6:
        return verb
    return verb + verb[-1] if re.search(r"^[^aeiou]*(?:[^aeiou]|qu)[aeiou][bdgmnprt]$", verb) else verb
