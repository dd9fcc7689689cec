"""What is read in languages whose phrases are not known: digits, numbers in words where a library has them, units."""

from __future__ import annotations

from collections.abc import Mapping

from ai_server.brain.slots.spoken import Spelling
from ai_server.brain.slots.wording import Wording, named

_NUMBERS_IN_WORDS = frozenset({"fr", "it", "nl", "pt"})
_DECIMAL_POINT = frozenset({"ja", "ko", "zh"})

_UNITS: Mapping[str, Mapping[float, str]] = {
    "fr": {1.0: "seconde|secondes", 60.0: "minute|minutes|min", 3600.0: "heure|heures|h", 86400.0: "jour|jours"},
    "it": {1.0: "secondo|secondi", 60.0: "minuto|minuti|min", 3600.0: "ora|ore|h", 86400.0: "giorno|giorni"},
    "pt": {1.0: "segundo|segundos", 60.0: "minuto|minutos|min", 3600.0: "hora|horas|h", 86400.0: "dia|dias"},
    "ru": {
        1.0: "секунда|секунды|секунд|секунду",
        60.0: "минута|минуты|минут|минуту|мин",
        3600.0: "час|часа|часов|ч",
        86400.0: "день|дня|дней",
    },
    "zh": {1.0: "秒|秒钟|秒鐘", 60.0: "分钟|分鐘|分", 3600.0: "小时|小時|个小时|個小時", 86400.0: "天"},
    "ja": {1.0: "秒|秒間", 60.0: "分|分間", 3600.0: "時間", 86400.0: "日間"},
    "ko": {1.0: "초", 60.0: "분", 3600.0: "시간", 86400.0: "일"},
}
_AND = {"fr": "et", "it": "e", "pt": "e", "ru": "и"}
_OCLOCK = {
    "fr": "heures?|h",
    "it": "e",
    "pt": "horas?|h|e",
    "ru": "часов|часа|час",
    "zh": "点|點",
    "ja": "時",
    "ko": "시",
}
_MINUTES = {"zh": " 分?", "ja": " 分", "ko": " 분"}


def other(language: str) -> Wording:
    """Return what is known of a language: a primary tag, of any language."""
    oclock = _OCLOCK.get(language, "(?!)")
    minutes = _MINUTES.get(language, "")
    units = {" ".join(word) if minutes else word: unit for word, unit in named(_UNITS.get(language, {})).items()}
    return Wording(
        spelling=Spelling(
            language if language in _NUMBERS_IN_WORDS else "",
            has_decimal_comma=language not in _DECIMAL_POINT,
        ),
        phrases={
            "number": ("<quantity>",),
            "duration": ("<parts>(?P<rest>)",),
            "level": ("<quantity>(?: (?P<percent>%))?",),
            "percent": ("<quantity> %",),
            "clock": (
                r"<hour>:(?P<minute>\d\d)(?::(?P<second>\d\d))?",
                rf"<hour> (?:{oclock})(?: (?P<minute>\d\d?){minutes})?",
            ),
            "bare_clock": ("<hour>",),
            "month_day": (
                r"(?P<day>\d\d?)[/.](?P<month>\d\d?)(?:[/.](?P<year>\d{4}|\d\d))?",
                r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
            ),
        },
        leads={"time": frozenset()},
        conjunction=_AND.get(language, "(?!)"),
        units=units,
    )
