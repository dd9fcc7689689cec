"""Downloading a model of the catalogue: resumed where it stopped, and kept only if it is the hub's file.

`huggingface_hub.hf_hub_download` throws away what it has when it fails or is interrupted, which for 5 GB on a robot's
Wi-Fi may mean never. Its building block `http_get` (retries, `Range`, progress bar) continues a file that we keep.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from ai_server.llm.catalogue import CatalogueModel
from ai_server.llm.verification import (
    Verification,
    VerificationError,
    recall,
    remember,
    sha256_of,
    verify,
    verify_gguf,
)

_BRANCH = "main"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DownloadError(Exception):
    """A model could not be downloaded; the message says why and what to do."""


@dataclass(frozen=True)
class _HubFile:
    """A file on the hub as its metadata describes it."""

    repo: str
    file: str
    revision: str
    size_bytes: int
    sha256: str
    url: str


def pull(
    model: CatalogueModel, directory: Path, *, say: Callable[[str], None], endpoint: str | None = None
) -> Verification:
    """Make sure that a model's file lies in `directory`, whole and verified, downloading what is missing.

    A file that is there and verified is kept. A damaged one is replaced once its successor is verified. A download
    that stops, for whatever reason, is continued by the next call.

    Args:
        model: a model of the catalogue that is not embedded.
        directory: where models are kept; it is created.
        say: told, in a sentence, what is being done. The progress bar goes to stderr where that is a terminal.
        endpoint: the hub's address; by default `HF_ENDPOINT` or the public hub.

    Raises:
        DownloadError: one sentence on what is wrong and how to mend it.
    """
    if model.repo is None:
        raise DownloadError(f"{model.name} travels with NAILA: there is nothing to download.")
    path = directory / model.file
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _sole_pull(directory):
            return _kept(path, say) or _fetched(_look_up(model.repo, model.file, endpoint), path, say)
    except VerificationError as error:
        raise DownloadError(str(error)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise DownloadError(_explain(error, model, directory, endpoint)) from error


def downloaded_bytes(model: CatalogueModel, directory: Path) -> int:
    """Return how many bytes of a model an unfinished download has left in `directory`."""
    return max((part.stat().st_size for part in directory.glob(f"{model.file}.*.part")), default=0)


@contextmanager
def _sole_pull(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadError(f"Another download into {directory} is running: wait for it to end.") from error
        yield
    finally:
        os.close(descriptor)


def _kept(path: Path, say: Callable[[str], None]) -> Verification | None:
    if not path.exists() or _unrecorded(path):
        return None
    say(f"{path} is here: comparing it with its SHA-256.")
    try:
        return verify(path)
    except VerificationError as error:
        say(f"{error} It will be replaced.")
        return None


def _unrecorded(path: Path) -> bool:
    try:
        return recall(path) is None
    except VerificationError:
        return True


def _look_up(repo: str, file: str, endpoint: str | None) -> _HubFile:
    metadata = get_hf_file_metadata(hf_hub_url(repo, file, revision=_BRANCH, endpoint=endpoint), endpoint=endpoint)
    if metadata.commit_hash is None or not metadata.size or not _SHA256.fullmatch(metadata.etag or ""):
        raise DownloadError(
            f"{endpoint or constants.ENDPOINT} gave no revision, size and SHA-256 for {repo}/{file}, as the hub would: "
            "check HF_ENDPOINT, and whether the network asks you to log in first."
        )
    return _HubFile(
        repo=repo,
        file=file,
        revision=metadata.commit_hash,
        size_bytes=metadata.size,
        sha256=metadata.etag,
        url=hf_hub_url(repo, file, revision=metadata.commit_hash, endpoint=endpoint),
    )


def _fetched(hub_file: _HubFile, path: Path, say: Callable[[str], None]) -> Verification:
    if path.exists() and _unrecorded(path):
        _require_same(path, hub_file)
    else:
        part = _download(hub_file, path, say)
        say("Comparing the download with the hub's SHA-256.")
        _require_whole(part, hub_file)
        part.replace(path)
    verification = Verification(
        file=hub_file.file,
        size_bytes=hub_file.size_bytes,
        sha256=hub_file.sha256,
        repo=hub_file.repo,
        revision=hub_file.revision,
        verified_at=datetime.now(UTC),
    )
    remember(path, verification)
    return verification


def _require_same(path: Path, hub_file: _HubFile) -> None:
    if path.stat().st_size != hub_file.size_bytes or sha256_of(path) != hub_file.sha256:
        raise DownloadError(
            f"{path} is not the file of {hub_file.repo} (its SHA-256 differs), and nothing says where it came from: "
            "move it away, then pull again."
        )
    verify_gguf(path)


def _download(hub_file: _HubFile, path: Path, say: Callable[[str], None]) -> Path:
    part = path.with_name(f"{path.name}.{hub_file.sha256[:12]}.part")
    for stale in set(path.parent.glob(f"{path.name}.*.part")) - {part}:
        say(f"The hub has another version of {path.name} now: {stale.name} is deleted.")
        stale.unlink()
    done = part.stat().st_size if part.exists() else 0
    if done > hub_file.size_bytes:
        part.unlink()
        done = 0
    if done < hub_file.size_bytes:
        _require_space(path.parent, hub_file.size_bytes - done)
        start = f", continuing at {done:,}" if done else ""
        say(f"Downloading {hub_file.size_bytes:,} bytes from {hub_file.repo}{start}.")
        _receive(hub_file, part, done)
    return part


def _receive(hub_file: _HubFile, part: Path, done: int) -> None:
    try:
        with part.open("ab") as stream:
            http_get(
                hub_file.url,
                stream,
                resume_size=done,
                headers={**build_hf_headers(library_name="naila"), "Accept-Encoding": "identity"},
                expected_size=hub_file.size_bytes,
                displayed_filename=hub_file.file,
            )
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if error.errno is not None or isinstance(error, HfHubHTTPError | ConnectionError):
            raise
        # http_get's own complaint about the size: what came is some other file, such as a login page.
        part.unlink()
        raise DownloadError(
            f"The hub announced {hub_file.size_bytes:,} bytes for {hub_file.file} and sent something else, "
            "which was deleted: check whether the network asks you to log in, then pull again."
        ) from error


def _require_space(directory: Path, needed: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise DownloadError(
            f"{directory} has {free / 1e9:,.1f} GB free and the download needs {needed / 1e9:,.1f} GB: "
            "free some space, or choose another place with --directory or NAILA_DATA_DIR."
        )


def _require_whole(part: Path, hub_file: _HubFile) -> None:
    digest = sha256_of(part)
    if digest != hub_file.sha256:
        part.unlink()
        raise DownloadError(
            f"The download of {hub_file.file} was damaged on its way (its SHA-256 is {digest}, the hub's is "
            f"{hub_file.sha256}) and was deleted: pull again."
        )
    try:
        verify_gguf(part)
    except VerificationError as error:
        part.unlink()
        raise DownloadError(
            f"{hub_file.repo} offers a file that is no GGUF model, and it was deleted: {error}"
        ) from error


def _explain(error: Exception, model: CatalogueModel, directory: Path, endpoint: str | None) -> str:
    hub = endpoint or constants.ENDPOINT
    if isinstance(error, HfHubHTTPError):
        return _explain_refusal(error, model, hub)
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, which forbids downloads: unset it and pull again."
    if isinstance(error, httpx2.InvalidURL):
        return f"{hub} is not an address ({error}): correct HF_ENDPOINT."
    if isinstance(error, httpx2.HTTPError):
        return (
            f"The connection to {hub} failed ({error}): check the network and pull again; "
            "what has been downloaded is kept and continued."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk of {directory} is full: free some space and pull again, which continues the download."
    return f"{directory} cannot be used for models: {error}."


def _explain_refusal(error: HfHubHTTPError, model: CatalogueModel, hub: str) -> str:
    if isinstance(error, GatedRepoError):
        return (
            f"{model.repo} is gated: accept its licence at {hub}/{model.repo}, set HF_TOKEN to your access token, "
            "and pull again."
        )
    if isinstance(error, RepositoryNotFoundError):
        return f"{hub} has no repository {model.repo}, or it is private and HF_TOKEN must be set."
    if isinstance(error, RemoteEntryNotFoundError):
        return f"{model.repo} at {hub} has no file {model.file}."
    return (
        f"{hub} answered {error.response.status_code} for {model.repo}: try again later; "
        "what has been downloaded is kept and continued."
    )
