"""Whether a model file is still, byte for byte, the one that was verified when it was downloaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ai_server.gguf import ModelFileError, read_header


class VerificationError(Exception):
    """A model file is missing, damaged or of unknown origin; the message says which and how to mend it."""


class Verification(BaseModel):
    """What was found true of a model file; kept beside it as `FILE.verified.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    size_bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """The digest that the hub gave and the file had, in hexadecimal."""
    repo: str
    """The repository on the hub, `owner/name`."""
    revision: str
    """The commit of that repository."""
    verified_at: AwareDatetime
    """When the file was compared with the hub's digest, UTC."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal. A file of 5 GB takes from seconds to half a minute.

    Raises:
        VerificationError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise VerificationError(
            f"{path} cannot be read ({error.strerror}): check the disk and who may read it."
        ) from error


def remember(path: Path, verification: Verification) -> None:
    """Keep beside the model file what was verified, for `recall` and `verify`."""
    record = _record_path(path)
    new = record.with_name(record.name + ".new")
    with new.open("w", encoding="utf-8") as stream:
        stream.write(verification.model_dump_json(indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(record)


def recall(path: Path) -> Verification | None:
    """Return what was verified of this model file, or None where nothing was.

    Raises:
        VerificationError: there is a record, but it cannot be read.
    """
    record = _record_path(path)
    try:
        return Verification.model_validate_json(record.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise VerificationError(
            f"{record} cannot be read as the record of a verification, so {path.name} cannot be verified."
        ) from error


def verify(path: Path) -> Verification:
    """Compare a downloaded model file with what was verified when it was downloaded.

    Raises:
        VerificationError: it is missing or unreadable, has no record, or differs from it in size or content.
    """
    if not path.exists():
        raise VerificationError(f"{path} does not exist.")
    verification = recall(path)
    if verification is None:
        raise VerificationError(f"{path} was never verified: nothing says where it came from.")
    size = path.stat().st_size
    if size < verification.size_bytes:
        raise VerificationError(f"{path} is truncated: {verification.size_bytes - size:,} bytes are missing.")
    if size > verification.size_bytes:
        raise VerificationError(f"{path} is {size - verification.size_bytes:,} bytes longer than what was downloaded.")
    digest = sha256_of(path)
    if digest != verification.sha256:
        raise VerificationError(
            f"{path} is damaged: its SHA-256 is {digest}, and was {verification.sha256} when it was downloaded."
        )
    return verification


def verify_gguf(path: Path) -> None:
    """Check that a file is a whole GGUF model: all that can be said where there is no digest to compare with.

    Raises:
        VerificationError: it is missing, not GGUF, or shorter than its header says.
    """
    try:
        read_header(path)
    except ModelFileError as error:
        raise VerificationError(str(error)) from error


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")
