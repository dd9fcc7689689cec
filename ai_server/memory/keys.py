"""The key that a database is encrypted with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

HEX_DIGITS = 64
"""Of a key: the 256 bits of AES-256."""

_MAKE_ONE = "write one there with `openssl rand -hex 32`"


class KeyFileError(Exception):
    """The file of a key cannot be read, or holds none; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """256 bits that encrypt a database; printing one does not show it.

    Attributes:
        digits: the same as 64 hexadecimal digits.
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(f"[0-9a-f]{{{HEX_DIGITS}}}", self.digits):
            raise ValueError(f"a key is {HEX_DIGITS} hexadecimal digits, in small letters")

    @classmethod
    def read(cls, file: Path) -> Key:
        """Read a key from a file that holds its digits, with or without a line end.

        Raises:
            KeyFileError: if the file cannot be read, or holds something else.
        """
        try:
            return cls(file.read_text("ascii").strip().lower())
        except OSError as error:
            raise KeyFileError(f"the key {file} cannot be read ({error.strerror}): {_MAKE_ONE}") from error
        except ValueError:
            raise KeyFileError(f"{file} does not hold {HEX_DIGITS} hexadecimal digits: {_MAKE_ONE}") from None

    @property
    def pragma(self) -> str:
        """The value of SQLCipher's `PRAGMA key`, of `ATTACH ... KEY` and of the like: no passphrase, the key itself."""
        return f"\"x'{self.digits}'\""
