"""The key that a database is encrypted with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ai_server.memory.storage.refusal import DatabaseError

HEX_DIGITS = 64
"""Of a key: the 256 bits of AES-256."""

_MEND = "put the key there, its owner's alone to read; a new database takes a new one: openssl rand -hex 32"


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
            DatabaseError: if the file cannot be read, or holds something else.
        """
        try:
            return cls(file.read_text("ascii").strip().lower())
        except OSError as error:
            raise DatabaseError(file, f"the key cannot be read ({error.strerror})", _MEND) from error
        except ValueError:  # the error would quote what is there
            raise DatabaseError(file, f"this is no key of {HEX_DIGITS} hexadecimal digits", _MEND) from None
