"""A watched file: read when it has changed and come to rest, whichever way it was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_server.brain.watchedfile import WatchedFile
from ai_server.configfile import ConfigError, read_text, toml_files


def load(path: Path) -> str:
    text = read_text(path)
    if not text.endswith("."):
        raise ConfigError(path, f"{text!r} has no full stop")
    return text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("One.")
    return path


@pytest.fixture
def file(path: Path) -> WatchedFile[str]:
    return WatchedFile.read(path, load)


def looks(file: WatchedFile[str], count: int = 2) -> list[bool]:
    return [file.look() for _ in range(count)]


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)


def replace(path: Path, text: str) -> None:
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def move_away_and_write(path: Path, text: str) -> None:
    path.rename(path.with_suffix(".bak"))
    path.write_text(text)


def test_a_file_that_is_wrong_at_first_is_refused(path: Path) -> None:
    path.write_text("One")
    with pytest.raises(ConfigError, match="'One' has no full stop"):
        WatchedFile.read(path, load)


def test_a_file_that_does_not_change_is_read_once(path: Path) -> None:
    reads = []

    def counted(path: Path) -> str:
        reads.append(path)
        return load(path)

    file = WatchedFile.read(path, counted)
    assert looks(file, 5) == [False] * 5
    assert len(reads) == 1


@pytest.mark.parametrize("write", [rewrite, replace, move_away_and_write])
def test_a_change_is_read_whichever_way_an_editor_writes(
    file: WatchedFile[str], path: Path, write: Callable[[Path, str], None]
) -> None:
    write(path, "Number two.")
    assert looks(file, 3) == [False, True, False]
    assert (file.content, file.problem) == ("Number two.", "")


def test_a_text_of_the_same_length_and_time_is_read_too(file: WatchedFile[str], path: Path) -> None:
    times = path.stat()
    while path.stat().st_ctime_ns == times.st_ctime_ns:  # the clock of a file system ticks slowly
        path.write_text("Two.")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    looks(file)
    assert file.content == "Two."


def test_a_file_that_is_still_being_written_is_not_read(file: WatchedFile[str], path: Path) -> None:
    for text in ("", "Number two.", "Number two. And a h", "Number two. And a half."):
        path.write_text(text)
        assert not file.look()
        assert file.content == "One."
    assert file.look()
    assert (file.content, file.problem) == ("Number two. And a half.", "")


def test_a_file_that_changes_while_it_is_read_is_read_again(path: Path) -> None:
    def load_and_disturb(path: Path) -> str:
        text = load(path)
        if text == "Number two.":
            path.write_text("Number two and a half.")
        return text

    file = WatchedFile.read(path, load_and_disturb)
    path.write_text("Number two.")
    assert looks(file) == [False, False]
    assert file.content == "One."
    assert looks(file) == [False, True]
    assert file.content == "Number two and a half."


def test_a_wrong_file_keeps_its_last_good_content_and_says_what_is_wrong(file: WatchedFile[str], path: Path) -> None:
    path.write_text("Two")
    assert looks(file, 3) == [False, True, False]
    assert (file.content, file.problem) == ("One.", f"{path}: 'Two' has no full stop")
    path.write_text("Three.")
    assert looks(file) == [False, True]
    assert (file.content, file.problem) == ("Three.", "")


def test_a_missing_file_keeps_its_last_good_content_until_it_comes_back(file: WatchedFile[str], path: Path) -> None:
    path.unlink()
    assert looks(file, 3) == [False, True, False]
    assert file.is_missing
    assert (file.content, file.problem) == ("One.", f"{path}: cannot be read: No such file or directory")
    path.write_text("Two.")
    assert looks(file) == [False, True]
    assert not file.is_missing
    assert (file.content, file.problem) == ("Two.", "")


def test_a_file_that_is_missing_for_a_moment_is_never_wrong(file: WatchedFile[str], path: Path) -> None:
    path.unlink()
    assert not file.look()
    path.write_text("Number two.")
    assert looks(file) == [False, True]
    assert (file.content, file.problem) == ("Number two.", "")


def test_a_file_behind_a_link_that_points_elsewhere_now_is_read(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name}.")
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "v1")
    file = WatchedFile.read(link / "a.txt", load)
    link.unlink()
    link.symlink_to(tmp_path / "v2")
    looks(file)
    assert file.content == "v2."


def test_a_folder_is_read_as_one_when_a_file_in_it_changes_comes_or_goes(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.toml").write_text("One.")
    watched = WatchedFile.read(folder, lambda path: " ".join(map(load, toml_files(path))))
    assert watched.content == "One."
    (folder / "b.toml").write_text("Two.")
    assert looks(watched, 3) == [False, True, False]
    assert watched.content == "One. Two."
    (folder / "b.toml").write_text("Number two.")
    assert looks(watched) == [False, True]
    assert watched.content == "One. Number two."
    (folder / "a.toml").unlink()
    (folder / "b.toml").write_text("wrong")
    assert looks(watched) == [False, True]
    assert (watched.content, watched.problem) == ("One. Number two.", f"{folder / 'b.toml'}: 'wrong' has no full stop")
    (folder / ".#b.toml").symlink_to("somebody@nowhere.1234")
    (folder / "b.toml~").write_text("wrong too")
    assert looks(watched, 3) == [False, False, False]
    (folder / "b.toml").unlink()
    folder.joinpath(".#b.toml").unlink()
    (folder / "b.toml~").unlink()
    folder.rmdir()
    assert looks(watched) == [False, True]
    assert (watched.content, watched.is_missing) == ("One. Number two.", True)


def test_a_file_that_is_to_be_forgotten_is_read_at_the_next_look(file: WatchedFile[str]) -> None:
    file.forget()
    assert looks(file) == [True, False]


def test_a_file_that_was_not_read_yet_is_read_at_the_first_look(path: Path) -> None:
    file = WatchedFile[str | None](path, load, None)
    assert file.content is None
    assert looks(file) == [True, False]
    assert file.content == "One."
