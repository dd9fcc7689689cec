"""Tells what is written into a reply and not meant to be said: stage directions, emoticons and emoji."""

from __future__ import annotations

import re
import unicodedata

from ai_server.protocol.terms import EMOTIONS

# ruff: noqa: RUF001

# What somebody is said to do with their face, voice or body, as it stands in stage directions.
_ENGLISH = re.compile(
    r"(?:(?:smil|giggl|chuckl|wav|wiggl|wriggl|danc|sniffl|gaz|bounc|bob|bobb|wag|wagg|nod|nodd|hug|hugg|hum|humm|grin"
    r"|grinn|spin|spinn|clap|clapp|laugh|wink|blink|sigh|gasp|yawn|shrug|shrugg|bow|beep|whir|whirr|purr|squeal|cheer|sob|sobb"
    r"|whistl|twirl|tilt|whisper|snicker|smirk|frown|pout|blush|snort|groan|gulp|shiver|curts|sparkl|perk|lean|star"
    r")(?:e?s|ies|ing|ed|e)?"
    r"|laughter|pauses?|pausing|silence|softly|quietly|gently|warmly|cheerfully|happily|excitedly|thoughtfully|sadly"
    r"|playfully|nervously|proudly|shyly|clears|rolls|scratches|crosses|looks|tilting|waving)"
)
_OTHERS = re.compile(
    # German
    r"lächelt|lächelnd|lacht|lachend|lach|winkt|winkend|nickt|nickend|kichert|kichernd|grinst|grinsend|grins|seufzt|seufz"
    r"|seufzend|zwinkert|zwinkernd|zwinker|blinzelt|gähnt|schmunzelt|strahlt|piepst|flüstert|hüpft|tanzt|verbeugt|pause"
    # Spanish
    r"|sonríe|sonriendo|ríe|riendo|risas|risa|saluda|saludando|asiente|suspira|suspirando|guiña|guiño|bosteza|parpadea"
    r"|susurra|baila|pausa"
    # French
    r"|sourit|souriant|rit|riant|rires|rire|salue|hoche|soupire|soupir|cligne|bâille|chuchote|danse"
    # Italian
    r"|sorride|sorridendo|ride|ridendo|risate|saluta|salutando|annuisce|sospira|sospiro|sbadiglia|sussurra|balla"
    # Portuguese
    r"|sorri|sorrindo|ri|rindo|risos|acena|acenando|suspira|suspiro|pisca|piscando|boceja|sussurra|dança"
    # Russian
    r"|улыбается|улыбаясь|смеётся|смеется|смеясь|машет|кивает|вздыхает|подмигивает|моргает|зевает|хихикает|шепчет"
    r"|танцует|пауза"
)
_CJK = re.compile(
    r"(?:轻轻|温柔地?|开心地?)?(?:微笑|笑|大笑|偷笑|傻笑|挥手|点头|叹气|眨眼|鞠躬|歪头|拍手|挥挥手|点点头|眨眨眼)"
    r"|(?:手を振|微笑|笑|にっこり|ニコニコ|にこにこ|うなず|頷|ため息|ウインク|お辞儀|首をかしげ|拍手)"
    r"|(?:웃|미소|손을 흔들|고개를|한숨|윙크|끄덕|박수)"
)
_LONGEST_CJK = 14
_SKIPPED = frozenset({"se", "si", "sich", "en", "a", "an", "big", "small", "little", "slightly"})
_TAGS = re.compile(r"/?(?:INST|[A-Z]+_[A-Z_]+)|\W*|[xX]|[\d\s,.;:\[\]+-]*")
_FACE_MARKS = frozenset("^_≧≦╥╯ωツ´｀▽")
_EMOTICON = re.compile(r"[:;]['’]?[-o^]?(?:[)(\]\[|/\\*@$]+|[DPp])|=(?:[)(]+|[DPp])|<3+|\^[_.-]?\^+|[xX]D+")
_EMOTICON_BEGINS = re.compile(r"[:;]['’]?[-o^]?|=|<|\^[_.-]?|[xX]")

_EMOJI_PLANES = range(0x1F000, 0x1FB00)
_INVISIBLE = frozenset({*range(0xFE00, 0xFE10), 0x20E3, *range(0xE0000, 0xE0080), 0xFFFC, 0x200B, 0x2060, 0xFEFF, 0xAD})


def is_pictured(char: str) -> bool:
    """Say whether a character is an emoji, a part of one, or another picture that has no sound, such as `★`.

    The pictures of Unicode are its `So` characters; those that are spoken, as `°` and `℃`, are not among them.
    """
    code = ord(char)
    if code < 0x80:
        return False
    if code in _EMOJI_PLANES or code in _INVISIBLE:
        return True
    is_spoken = code < 0x2190 or 0x3000 <= code < 0x1D000
    return not is_spoken and unicodedata.category(char) == "So"


def is_emoticon(text: str) -> bool:
    """Say whether a text is an emoticon such as `:-)`."""
    return _EMOTICON.fullmatch(text) is not None


def begins_emoticon(text: str) -> bool:
    """Say whether a text is an emoticon, or can become one."""
    return is_emoticon(text) or _EMOTICON_BEGINS.fullmatch(text) is not None


def is_starred_direction(text: str, *, begins_sentence: bool) -> bool:
    """Say whether what stands between two asterisks is a stage direction, and not words that are stressed.

    It is one where it names a gesture; also where it stands at the beginning of a sentence and begins with a small
    letter, as no sentence does.
    """
    first = next((char for char in text if char.isalnum()), "")
    return not first or _is_gesture(text) or (begins_sentence and first.islower())


def is_bracketed_direction(text: str, *, begins_sentence: bool) -> bool:
    """Say whether what stands in round brackets is a stage direction or a face, and not a remark.

    Between sentences it is one where it begins with a gesture; within one it must be a gesture and no more.
    """
    if _is_face(text):
        return True
    is_short = len(text.split()) <= 2 and "," not in text
    return _is_gesture(text) and (begins_sentence or is_short)


def is_tag(text: str, *, begins_sentence: bool) -> bool:
    """Say whether what stands in square brackets is none of the words: an emotion, a gesture, a footnote, a check mark.

    A name or a remark, which begins with a capital letter or is longer than three words, is spoken.
    """
    is_small = begins_sentence and text[:1].islower() and len(text.split()) <= 3
    return is_small or _TAGS.fullmatch(text) is not None or text.strip().lower() in EMOTIONS or _is_gesture(text)


def _is_gesture(text: str) -> bool:
    bare = text.strip(" *_~.!…。！")
    if _CJK.match(bare):
        return len(bare) <= _LONGEST_CJK
    words = re.findall(r"\w+", bare.lower())
    while words and (words[0] in _SKIPPED or words[0].endswith("ly")) and len(words) > 1:
        words = words[1:]
    return bool(words) and (
        words[0] in EMOTIONS[1:] or any(gestures.fullmatch(words[0]) for gestures in (_ENGLISH, _OTHERS))
    )


def _is_face(text: str) -> bool:
    letters = sum(map(str.isalnum, text))
    has_space = any(map(str.isspace, text))
    return text == "T_T" or (letters <= 1 and not has_space and not _FACE_MARKS.isdisjoint(text))
