"""Pulling and verifying models with the real client, against an HTTP server that speaks as the hub does."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from ai_server.llm.catalogue import CatalogueModel
from ai_server.llm.download import DownloadError, downloaded_bytes, pull
from ai_server.llm.verification import Verification, VerificationError, recall, sha256_of, verify

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CHUNK = 10 * 1024 * 1024  # The client writes what it receives in pieces of this size.
REPO = "bartowski/Llama-3.2-1B-Instruct-GGUF"
FILE = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
MODEL = CatalogueModel(
    name="llama-3.2-1b",
    title="A small Llama",
    repo=REPO,
    file=FILE,
    size_bytes=25_000_000,
    parameters="6 M",
    licence="none",
    memory_bytes=30_000_000,
    hardware="Anything.",
)


def gguf(seed: int = 0) -> bytes:
    """Write a GGUF file of one tensor, 24 MiB long: more than two pieces of the client."""

    def string(text: str) -> bytes:
        return struct.pack("<Q", len(text)) + text.encode()

    def number(key: str, value: int) -> bytes:
        return string(key) + struct.pack("<II", 4, value)

    metadata = [
        string("general.architecture") + struct.pack("<I", 8) + string("llama"),
        number("general.alignment", 32),
        number("general.file_type", 0),
        number("llama.block_count", 1),
        number("llama.context_length", 128),
        number("llama.embedding_length", 64),
        number("llama.feed_forward_length", 128),
        number("llama.attention.head_count", 2),
        number("llama.attention.head_count_kv", 2),
        number("llama.vocab_size", 98_304),
    ]
    rows = 98_304
    tensor = string("token_embd.weight") + struct.pack("<IQQIQ", 2, 64, rows, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata)) + b"".join(metadata) + tensor
    head += b"\0" * (-len(head) % 32)
    return head + (bytes([seed]) * 64 + b"naila...") * (64 * rows * 4 // 72) + b"\0" * (64 * rows * 4 % 72)


@dataclass
class Hub:
    """What the hub offers, how it misbehaves, and what it was asked."""

    url: str = ""
    body: bytes = b""
    sha256: str = ""
    size: int = 0
    answer: tuple[int, dict[str, str]] | None = None
    """Answer every request so, rather than with the file."""
    cut_after: list[int] = field(default_factory=list)
    """End each of the next bodies after so many bytes."""
    fail_after_cut: bool = False
    ignore_range: bool = False
    stall_after: int | None = None
    """Send so many bytes of the next body, then nothing more."""
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    heads: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    """The Range of each request for the file's bytes."""
    tokens_seen: list[tuple[str, str | None]] = field(default_factory=list)

    def offer(self, body: bytes) -> None:
        self.body = body
        self.sha256 = hashlib.sha256(body).hexdigest()
        self.size = len(body)

    @property
    def storage_url(self) -> str:
        """Where the bytes are: another origin, as the hub's storage is."""
        return self.url.replace("127.0.0.1", "localhost") + f"/storage/{self.sha256}"


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.hub.heads.append(self.path)
        self._resolve()

    def do_GET(self) -> None:
        place = "storage" if self.path.startswith("/storage/") else "hub"
        self.hub.tokens_seen.append((place, self.headers.get("Authorization")))
        if place == "storage":
            self._send_bytes()
        else:
            self._resolve()

    def _resolve(self) -> None:
        if self.hub.answer is not None:
            self._answer(*self.hub.answer)
        elif self.path not in {f"/{REPO}/resolve/main/{FILE}", f"/{REPO}/resolve/{COMMIT}/{FILE}"}:
            self._answer(404, {"X-Error-Code": "RepoNotFound"})
        else:
            self._answer(
                302,
                {
                    "Location": self.hub.storage_url,
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{self.hub.sha256}"',
                    "X-Linked-Size": str(self.hub.size),
                },
            )

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_bytes(self) -> None:
        hub = self.hub
        asked = self.headers.get("Range")
        hub.ranges.append(asked)
        if hub.fail_after_cut and len(hub.ranges) > 1:
            self._answer(503, {})
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and not hub.ignore_range else 0
        body = hub.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(hub.body) - 1}/{len(hub.body)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if hub.stall_after is not None:
            self.wfile.write(body[: hub.stall_after])
            hub.stall_after = None
            hub.stalled.set()
            hub.release.wait()
            self.close_connection = True
            return
        cut = hub.cut_after.pop(0) if hub.cut_after else len(body)
        with contextlib.suppress(ConnectionError):  # A client whose disk is full hangs up.
            self.wfile.write(body[:cut])
        self.close_connection = cut < len(body)


@pytest.fixture(scope="session")
def model_bytes() -> bytes:
    return gguf()


@pytest.fixture
def hub(model_bytes: bytes) -> Iterator[Hub]:
    hub = Hub()
    hub.offer(model_bytes)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    hub.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def said() -> list[str]:
    return []


def pull_from(hub: Hub, directory: Path, said: list[str] | None = None) -> Verification:
    return pull(MODEL, directory, say=([] if said is None else said).append, endpoint=hub.url)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_pulled_model_is_verified_and_remembered(hub: Hub, tmp_path: Path) -> None:
    verification = pull_from(hub, tmp_path / "models")
    path = tmp_path / "models" / FILE
    assert path.read_bytes() == hub.body
    assert names(path.parent) == {FILE, f"{FILE}.verified.json"}
    assert verification == recall(path) == verify(path)
    assert (verification.sha256, verification.size_bytes) == (hub.sha256, len(hub.body))
    assert (verification.repo, verification.revision) == (REPO, COMMIT)


def test_the_bytes_are_those_of_the_commit_whose_digest_was_given(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    assert hub.heads == [f"/{REPO}/resolve/main/{FILE}"]
    assert hub.ranges == [None]


def test_a_cut_connection_continues_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = [CHUNK + 1_000]
    pull_from(hub, tmp_path)
    assert hub.ranges == [None, f"bytes={CHUNK}-"]
    assert (tmp_path / FILE).read_bytes() == hub.body


def test_a_download_that_failed_is_continued_by_the_next_pull(hub: Hub, tmp_path: Path, said: list[str]) -> None:
    hub.cut_after = [CHUNK + 1_000]
    hub.fail_after_cut = True
    with pytest.raises(DownloadError, match=r"answered 503.*is kept and continued"):
        pull_from(hub, tmp_path)
    assert downloaded_bytes(MODEL, tmp_path) == CHUNK
    assert not (tmp_path / FILE).exists()

    hub.fail_after_cut = False
    hub.ranges.clear()
    pull_from(hub, tmp_path, said)
    assert hub.ranges == [f"bytes={CHUNK}-"]
    assert f"continuing at {CHUNK:,}" in said[0]
    assert (tmp_path / FILE).read_bytes() == hub.body


def test_a_server_that_ignores_the_range_still_yields_the_right_file(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = [CHUNK + 1_000]
    hub.ignore_range = True
    pull_from(hub, tmp_path)
    assert (tmp_path / FILE).read_bytes() == hub.body


def test_an_unfinished_download_of_an_older_version_is_dropped(hub: Hub, tmp_path: Path, said: list[str]) -> None:
    older = tmp_path / f"{FILE}.{'0' * 12}.part"
    older.write_bytes(b"GGUF and more")
    pull_from(hub, tmp_path, said)
    assert "another version" in said[0]
    assert hub.ranges == [None]
    assert names(tmp_path) == {FILE, f"{FILE}.verified.json"}


def test_a_body_that_differs_from_the_digest_is_refused_and_deleted(hub: Hub, tmp_path: Path) -> None:
    hub.body = hub.body[:-1] + b"x"
    with pytest.raises(DownloadError, match=f"damaged on its way.*{hub.sha256}.*deleted: pull again"):
        pull_from(hub, tmp_path)
    assert names(tmp_path) == set()


def test_a_file_that_is_no_model_is_refused_though_its_digest_is_right(hub: Hub, tmp_path: Path) -> None:
    hub.offer(b"<!DOCTYPE html><html><body>Not Found</body></html>" * 100)
    with pytest.raises(DownloadError, match=f"{REPO} offers a file that is no GGUF model"):
        pull_from(hub, tmp_path)
    assert names(tmp_path) == set()


def test_a_login_page_in_place_of_the_metadata_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.answer = (200, {"Content-Type": "text/html"})
    with pytest.raises(DownloadError, match=r"gave no revision, size and SHA-256.*log in first"):
        pull_from(hub, tmp_path)
    assert names(tmp_path) == set()


def test_a_login_page_in_place_of_the_file_is_refused_and_not_continued(hub: Hub, tmp_path: Path) -> None:
    hub.body = b"<!DOCTYPE html><html><body>Welcome to our hotel</body></html>"
    with pytest.raises(DownloadError, match=r"sent something else.*log in"):
        pull_from(hub, tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (403, "GatedRepo", f"{REPO} is gated: accept its licence at .*{REPO}, set HF_TOKEN"),
        (401, "RepoNotFound", f"has no repository {REPO}, or it is private"),
        (404, "EntryNotFound", f"has no file {FILE}"),
        (500, "", "answered 500 .*try again later"),
    ],
)
def test_what_the_hub_refuses_is_said_in_a_sentence(
    hub: Hub, tmp_path: Path, status: int, code: str, sentence: str
) -> None:
    hub.answer = (status, {"X-Error-Code": code})
    with pytest.raises(DownloadError, match=sentence) as caught:
        pull_from(hub, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(DownloadError, match=f"connection to {endpoint} failed.*check the network"):
            pull(MODEL, tmp_path, say=print, endpoint=endpoint)


def test_an_endpoint_that_is_no_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="HF_ENDPOINT"):
        pull(MODEL, tmp_path, say=print, endpoint="http://127.0.0.1:port")


def test_a_download_larger_than_the_disk_is_refused_before_it_starts(hub: Hub, tmp_path: Path) -> None:
    hub.size = 10**18
    with pytest.raises(DownloadError, match=r"GB free and the download needs 1,000,000,000\.0 GB: free some space"):
        pull_from(hub, tmp_path)
    assert hub.ranges == []
    assert names(tmp_path) == set()


def test_a_disk_that_fills_up_on_the_way_is_said(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.{hub.sha256[:12]}.part").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"The disk of .* is full: free some space and pull again"):
        pull_from(hub, tmp_path)


def test_a_directory_that_cannot_be_made_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="file/models cannot be used for models"):
        pull_from(hub, tmp_path / "file" / "models")


def test_a_model_that_is_here_and_verified_asks_nothing_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    first = pull_from(hub, tmp_path)
    hub.heads.clear()
    hub.ranges.clear()
    assert pull_from(hub, tmp_path) == first
    assert hub.heads == hub.ranges == []


def test_a_damaged_model_is_replaced(hub: Hub, tmp_path: Path, said: list[str]) -> None:
    pull_from(hub, tmp_path)
    flip_a_byte(tmp_path / FILE)
    pull_from(hub, tmp_path, said)
    assert any("is damaged" in line and "will be replaced" in line for line in said)
    assert (tmp_path / FILE).read_bytes() == hub.body


def test_a_file_brought_by_hand_is_verified_without_downloading_it(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(hub.body)
    pull_from(hub, tmp_path)
    assert hub.ranges == []
    assert verify(tmp_path / FILE).sha256 == hub.sha256


def test_another_file_of_the_same_name_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"somebody's own model")
    with pytest.raises(DownloadError, match=r"is not the file of.*move it away"):
        pull_from(hub, tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"somebody's own model"


def test_two_downloads_into_one_directory_do_not_mix(hub: Hub, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(DownloadError, match=r"Another download into .* is running"):
        pull_from(hub, tmp_path)
    os.close(descriptor)
    pull_from(hub, tmp_path)


def test_the_access_token_goes_to_the_hub_and_not_to_its_storage(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pull_from(hub, tmp_path)
    assert hub.tokens_seen == [("hub", "Bearer hf_secret"), ("storage", None)]


def flip_a_byte(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(-1_000, os.SEEK_END)
        byte = stream.read(1)[0]
        stream.seek(-1_000, os.SEEK_END)
        stream.write(bytes([byte ^ 1]))


def test_a_flipped_byte_is_found(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    flip_a_byte(tmp_path / FILE)
    with pytest.raises(VerificationError, match=f"is damaged: its SHA-256 is .* was {hub.sha256}"):
        verify(tmp_path / FILE)


def test_a_truncated_file_is_found_with_the_missing_bytes(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    os.truncate(tmp_path / FILE, len(hub.body) - 1_234)
    with pytest.raises(VerificationError, match="is truncated: 1,234 bytes are missing"):
        verify(tmp_path / FILE)


def test_a_file_without_a_record_cannot_be_verified(tmp_path: Path, model_bytes: bytes) -> None:
    (tmp_path / FILE).write_bytes(model_bytes)
    with pytest.raises(VerificationError, match="was never verified"):
        verify(tmp_path / FILE)


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=rf"{tmp_path} cannot be read \(Is a directory\)"):
        sha256_of(tmp_path)


def test_a_record_that_is_damaged_is_named_and_mended_by_a_pull(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    record = tmp_path / f"{FILE}.verified.json"
    record.write_text("{")
    with pytest.raises(VerificationError, match=str(record)):
        verify(tmp_path / FILE)
    hub.ranges.clear()
    pull_from(hub, tmp_path)
    assert hub.ranges == []
    assert json.loads(record.read_text())["sha256"] == hub.sha256


def naila(*arguments: str, hub: Hub | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    with start_naila(*arguments, hub=hub, **variables) as process:
        output, errors = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def start_naila(*arguments: str, hub: Hub | None = None, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        env=environment(hub, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("naila")), "models", *arguments]


def environment(hub: Hub | None, **variables: str) -> dict[str, str]:
    endpoint = {} if hub is None else {"HF_ENDPOINT": hub.url}
    return {**os.environ, **endpoint, **variables}


def test_pull_ends_with_the_line_for_the_env_file(hub: Hub, tmp_path: Path) -> None:
    home = tmp_path / "it's a robot's"
    done = naila("pull", "llama-3.2-1b", hub=hub, NAILA_DATA_DIR=str(home))
    assert done.returncode == 0, done.stderr
    env_file = tmp_path / "env"
    env_file.write_text(done.stdout.splitlines()[-1])
    assert dotenv_values(env_file) == {"LLM_MODEL_PATH": str(home / "models" / FILE)}


def test_list_shows_what_is_here_one_line_a_model(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    (tmp_path / f"Llama-3.2-3B-Instruct-Q4_K_M.gguf.{'0' * 12}.part").write_bytes(b"\0" * 25_000_000)
    done = naila("list", "--directory", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = {line.split("\t")[0]: line.split("\t")[1:4] for line in done.stdout.splitlines()}
    assert rows["name"] == ["size", "memory", "state"]
    assert rows["llama-3.1-8b"] == ["4.9 GB", "6.0 GB", "not here"]
    assert rows["llama-3.2-3b"] == ["2.0 GB", "3.0 GB", "1 % downloaded"]
    assert rows["llama-3.2-1b"] == [f"{len(hub.body) / 1e6:.1f} MB", "1.5 GB", "verified"]
    assert rows["naila-tiny"][2] == "embedded"


def test_verify_says_what_each_model_is_and_fails_where_one_is_damaged(hub: Hub, tmp_path: Path) -> None:
    pull_from(hub, tmp_path)
    whole = naila("verify", "--directory", str(tmp_path))
    assert whole.returncode == 0, whole.stderr
    assert f"llama-3.2-1b: as downloaded from {REPO}" in whole.stdout
    assert "naila-tiny: a whole GGUF file" in whole.stdout

    flip_a_byte(tmp_path / FILE)
    damaged = naila("verify", "--directory", str(tmp_path))
    assert damaged.returncode == 1
    assert "is damaged" in damaged.stderr
    assert "`naila models pull llama-3.2-1b` mends it." in damaged.stderr


def test_verify_fails_for_a_model_that_is_asked_for_and_not_here(tmp_path: Path) -> None:
    done = naila("verify", "llama-3.1-8b", "--directory", str(tmp_path))
    assert done.returncode == 1
    assert "does not exist" in done.stderr


def test_a_stopped_pull_says_how_to_continue_and_continues(hub: Hub, tmp_path: Path) -> None:
    hub.stall_after = CHUNK + 1_000
    with start_naila("pull", "llama-3.2-1b", "--directory", str(tmp_path), hub=hub) as process:
        assert hub.stalled.wait(timeout=60)
        while downloaded_bytes(MODEL, tmp_path) < CHUNK:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "Stopped. `naila models pull llama-3.2-1b` continues where it stopped.\n"

    hub.ranges.clear()
    done = naila("pull", "llama-3.2-1b", "--directory", str(tmp_path), hub=hub)
    assert done.returncode == 0, done.stderr
    assert hub.ranges == [f"bytes={CHUNK}-"]


def test_a_failed_pull_says_one_sentence_and_exits_with_1(hub: Hub, tmp_path: Path) -> None:
    hub.answer = (403, {"X-Error-Code": "GatedRepo"})
    done = naila("pull", "llama-3.2-1b", "--directory", str(tmp_path), hub=hub)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{REPO} is gated")
    assert done.stderr.count("\n") == 1


def test_offline_mode_is_named(tmp_path: Path) -> None:
    done = naila("pull", "llama-3.2-1b", "--directory", str(tmp_path), HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert done.stderr.startswith("HF_HUB_OFFLINE is set")


def naila_on_a_terminal(*arguments: str, hub: Hub | None = None) -> str:
    """Run the command with a terminal of 160 columns as its output, and return what the terminal was sent."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    process = subprocess.Popen(command(*arguments), env=environment(hub), stdin=its, stdout=its, stderr=its)
    os.close(its)
    output = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody holds with EIO.
        while piece := os.read(ours, 65_536):
            output += piece
    os.close(ours)
    assert process.wait() == 0, output.decode()
    return output.decode()


def test_a_pull_draws_a_progress_bar_on_a_terminal(hub: Hub, tmp_path: Path) -> None:
    assert "100%|" in naila_on_a_terminal("pull", "llama-3.2-1b", "--directory", str(tmp_path), hub=hub)


def test_a_pull_draws_no_progress_bar_into_a_log(hub: Hub, tmp_path: Path) -> None:
    done = naila("pull", "llama-3.2-1b", "--directory", str(tmp_path), hub=hub)
    assert done.stderr == ""
    assert "\r" not in done.stdout


def test_list_draws_a_table_on_a_terminal(tmp_path: Path) -> None:
    lines = naila_on_a_terminal("list", "--directory", str(tmp_path)).splitlines()
    assert any("│" in line and "llama-3.1-8b" in line and "4.9 GB" in line for line in lines)
    assert str(tmp_path) in lines[-1]


def test_the_command_loads_the_hub_client_only_when_it_is_used() -> None:
    script = "import sys, ai_server.commands.models; print('huggingface_hub' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_unknown_name_exits_with_2(tmp_path: Path) -> None:
    done = naila("pull", "llama-3.1-80b", "--directory", str(tmp_path))
    assert done.returncode == 2
    assert "did you mean llama-3.1-8b?" in done.stderr


def test_the_embedded_model_needs_no_pull() -> None:
    done = naila("pull", "naila-tiny")
    assert done.returncode == 0
    assert "there is nothing to download" in done.stdout
