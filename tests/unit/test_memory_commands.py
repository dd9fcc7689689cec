"""`naila memory` without a daemon."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from ai_server.cli import app
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.settings import Settings
from ai_server.telemetry import logs
from tests.postgresql import PASSWORD
from tests.remembered import fill


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data directory that the commands look into; nothing is there yet."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NAILA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # once for a whole process
    monkeypatch.chdir(tmp_path)
    with structlog.testing.capture_logs():
        yield tmp_path / "data"


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which little was said."""
    database = tmp_path_factory.mktemp("remembered") / "naila.db"
    asyncio.run(fill(database))
    return database


@pytest.fixture
def household(data: Path, remembered: Path) -> Path:
    """The data directory, with a copy of that database."""
    data.mkdir()
    shutil.copy(remembered, data)
    return data


def memory(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["memory", *arguments], input=typed)


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def document(result: Result) -> dict[str, object]:
    (only,) = lines(result)
    return only


@pytest.mark.parametrize("command", ["list", "facts", "stats", "audit", "export", "backup"])
def test_before_the_first_start_nothing_is_remembered(command, data):
    result = memory(command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{data}/naila.db: nothing is remembered yet" in result.stderr
    assert not data.exists()


def test_what_is_not_there_is_told_with_its_exit_code(household):
    for arguments in (["list", "--robot", "nobody"], ["search", "zebra"], ["show", "t99"], ["facts", "--person", "-"]):
        result = memory(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), arguments
        assert result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["forget"], ["forget", "--everything", "--robot", "rover"], ["forget", "--about", "!?"],
     ["forget", "f1", "--robot", "rover"], ["forget", "t1"], ["show", "12"],
     ["correct", "t1", "x"], ["list", "--since", "soon"], ["list", "--since", "today", "--until", "3d"],
     ["rekey", "key", "--plain"], ["remember", "hello"], ["remember", "--robot", "a robot", "hello"],
     ["correct", "f1", " "]],
)  # fmt: skip
def test_what_is_typed_wrong_is_refused(arguments, household):
    assert memory(*arguments).exit_code == 2


def test_a_key_for_a_file_that_is_not_encrypted_is_refused(household, tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("0f" * 32)
    monkeypatch.setenv("NAILA_DATABASE_KEY_FILE", str(key))
    for command in (["list"], ["remember", "--robot", "rover", "hello"]):
        result = memory(*command)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "it is not encrypted" in result.stderr


def test_everything_is_shown_as_json_too(household):
    conversations = lines(memory("list", "--json"))
    assert [each["last_words"] for each in conversations][:2] == ["where is Tom", "what time is it"]
    (fact,) = lines(memory("facts", "--json"))
    assert (fact["text"], fact["device_id"], fact["user_id"]) == ("You are allergic to nuts.", "rover", "ada")
    whole = document(memory("show", str(fact["id"]), "--json"))
    assert whole["said_in"]["words"] == "I am allergic to nuts"
    conversation = document(memory("show", str(conversations[0]["id"]), "--json"))
    assert [turn["words"] for turn in conversation["turns"]] == ["where is Tom"]
    assert {each["id"] for each in lines(memory("search", "Tom", "--json"))} == {"t2", "t4"}
    later = memory("search", "Tom", "--since", "2026-05-03T12:00:00Z", "--limit", "1", "--json")
    assert {each["id"] for each in lines(later)} == {"t4"}
    stats = document(memory("stats", "--json"))
    assert (stats["turns"], stats["facts"], stats["encrypted"]) == (4, 1, False)


def test_where_nothing_is_found_it_says_of_what(household):
    assert memory("search", "xylophone").stderr == "nothing found: no turns or facts with 'xylophone'\n"
    assert memory("facts", "--person", "bob").stderr == "nothing found: no facts of person bob\n"


def test_in_a_pipe_each_thing_is_a_line_with_tabs(household):
    head, *rows = memory("list").stdout.splitlines()
    assert head.split("\t") == ["id", "robot", "person", "began", "last", "state", "turns", "last words"]
    assert [row.split("\t")[1:3] for row in rows] == [
        ["kitchen", "bob"],
        ["rover", "-"],
        ["rover", "ada"],
        ["rover", "ada"],
    ]


def test_what_an_owner_forgets_is_shown_first_and_asked_for(household):
    kept = memory("forget", "--about", "Tom", typed="n\n")
    assert kept.exit_code == 1
    assert "2 turns" in kept.stderr
    assert '"Tom comes to dinner on Friday"' in kept.stderr
    assert len(lines(memory("search", "Tom", "--json"))) == 2
    gone = memory("forget", "--about", "Tom", typed="y\n")
    assert gone.exit_code == 0
    assert "Forgotten: 2 turns" in gone.stdout
    assert memory("search", "Tom").exit_code == 1
    assert b"Tom comes" not in b"".join(file.read_bytes() for file in household.iterdir() if file.is_file())


def test_single_facts_are_forgotten_by_their_ids_with_the_turns_that_said_them(household):
    asked = memory("forget", "f1", typed="y\n")
    assert asked.exit_code == 0
    assert "1 turn" in asked.stderr
    assert "You are allergic to nuts." in asked.stderr
    assert '"I am allergic to nuts"' in asked.stderr
    assert memory("facts").exit_code == 1
    assert len(lines(memory("list", "--json"))) == 3
    assert b"allergic to nuts" not in b"".join(file.read_bytes() for file in household.iterdir() if file.is_file())
    assert memory("forget", "f1", "--yes").exit_code == 1


def test_what_an_engine_left_on_the_disk_goes_with_what_is_forgotten(household):
    spill = household / "kv-cache" / "rover.kv"
    spill.parent.mkdir()
    spill.write_bytes(b"Tom comes to dinner")
    assert document(memory("forget", "--robot", "rover", "--yes", "--json"))["turns"] == 3
    assert not spill.exists()


def test_what_is_exported_can_be_taken_in_elsewhere(household, tmp_path, monkeypatch):
    assert memory("export", "all.jsonl").exit_code == 0
    assert (tmp_path / "all.jsonl").stat().st_mode & 0o777 == 0o600
    before = lines(memory("list", "--json"))
    assert memory("forget", "--everything", "--yes").exit_code == 0
    assert memory("list").exit_code == 1
    assert document(memory("import", "all.jsonl", "--json"))["added"] > 4
    assert [each["last_words"] for each in lines(memory("list", "--json"))] == [each["last_words"] for each in before]
    assert document(memory("import", "all.jsonl", "--json"))["added"] == 0, "the same again changes nothing"


def test_what_one_robot_knows_can_be_taken_in_by_another(household):
    assert memory("export", "rover.jsonl", "--robot", "rover", "--person", "ada").exit_code == 0
    assert memory("import", "rover.jsonl", "--robot", "attic").exit_code == 0
    assert [each["text"] for each in lines(memory("facts", "--robot", "attic", "--json"))] == [
        "You are allergic to nuts."
    ]


def test_an_export_overwrites_nothing(household, tmp_path):
    (tmp_path / "mine").write_text("precious")
    result = memory("export", "mine")
    assert (result.exit_code, (tmp_path / "mine").read_text()) == (3, "precious")
    assert "it is there already" in result.stderr


def test_a_dash_exports_to_the_standard_output(household, tmp_path):
    assert len(memory("export", "-").stdout.splitlines()) == len(memory("export").stdout.splitlines())
    assert not (tmp_path / "-").exists()


def test_a_line_that_cannot_be_taken_in_is_named(household, tmp_path):
    exported = memory("export").stdout
    assert memory("forget", "--everything", "--yes").exit_code == 0
    (tmp_path / "bad.jsonl").write_text(exported + "nonsense\n")
    result = memory("import", "bad.jsonl")
    assert result.exit_code == 3
    assert f"line {len(exported.splitlines()) + 1}: " in result.stderr
    assert memory("list").exit_code == 1, "nothing was taken in"


def test_a_backup_brings_back_what_was_forgotten_since(household):
    written = document(memory("backup", "--json"))
    assert Path(str(written["file"])).parent == household.with_name("data-backups")
    assert memory("forget", "--everything", "--yes").exit_code == 0
    assert memory("list").exit_code == 1
    assert memory("restore", str(written["file"]), "--yes").exit_code == 0
    assert len(lines(memory("list", "--json"))) == 4


def test_with_a_key_the_file_is_encrypted_and_read_with_it_alone(household, tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("0f" * 32)
    assert f"set NAILA_DATABASE_KEY_FILE={key.resolve()}" in memory("rekey", "key").stdout
    assert b"allergic" not in (household / "naila.db").read_bytes()
    refused = memory("list")
    assert refused.exit_code == 3
    assert "no key is set" in refused.stderr
    monkeypatch.setenv("NAILA_DATABASE_KEY_FILE", str(key))
    assert len(lines(memory("list", "--json"))) == 4
    assert document(memory("stats", "--json"))["encrypted"] is True
    assert memory("rekey", "--plain").exit_code == 0
    monkeypatch.delenv("NAILA_DATABASE_KEY_FILE")
    assert len(lines(memory("list", "--json"))) == 4


def test_each_look_and_each_change_is_in_the_audit_log(household):
    for arguments in (
        ["list"], ["search", "Tom"], ["show", "t1"], ["facts"], ["remember", "--robot", "rover", "Hello."],
        ["correct", "f1", "peas"], ["export", "x"], ["import", "x"], ["backup"], ["forget", "--person", "bob", "--yes"],
    ):  # fmt: skip
        assert memory(*arguments).exit_code == 0, arguments
    entries = list(reversed(lines(memory("audit", "--json"))))
    assert [entry["what"] for entry in entries] == [
        "read", "search", "read", "read", "remember", "correct", "export", "import", "backup", "erase",
    ]  # fmt: skip
    assert all(str(entry["who"]).startswith("cli:") for entry in entries)
    assert "Tom" not in json.dumps(entries)


def test_personalities_that_drifted_are_shown_and_reset(household):
    def personality(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["personality", *arguments])

    (shown,) = lines(personality("show", "--robot", "rover", "--json"))
    assert (shown["user_id"], shown["traits"]["warmth"]) == ("ada", 0.12)
    assert document(personality("reset", "--person", "bob", "--yes", "--json")) == {"reset": 0}
    assert document(personality("reset", "--yes", "--json")) == {"reset": 1}
    assert personality("show").exit_code == 1


def test_the_commands_work_on_a_server_too(data, server, tmp_path, monkeypatch):
    name = str(server.new().url.database)
    monkeypatch.setenv("NAILA_DATABASE_URL", server.url(name))
    asyncio.run(fill(PostgresqlServer.of_url(server.url(name), data)))
    assert len(lines(memory("list", "--json"))) == 4
    assert {each["id"] for each in lines(memory("search", "Tom", "--json"))} == {"t2", "t4"}
    stats = document(memory("stats", "--json"))
    assert (stats["database"], stats["encrypted"], stats["turns"]) == ("postgresql", None, 4)
    assert PASSWORD not in str(stats)
    assert document(memory("correct", "f1", "peas", "--json")) == {"id": "f2"}
    assert memory("backup", "all.backup").exit_code == 0
    assert memory("export", "all.jsonl").exit_code == 0
    assert memory("forget", "--everything", "--yes").exit_code == 0
    assert memory("list").exit_code == 1
    assert memory("import", "all.jsonl").exit_code == 0
    assert memory("forget", "--everything", "--yes").exit_code == 0
    restored = memory("restore", "all.backup", "--yes")
    assert restored.exit_code == 0, restored.stderr
    assert len(lines(memory("list", "--json"))) == 4
    refused = memory("rekey", "key")
    assert (refused.exit_code, "a server encrypts" in refused.stderr) == (3, True)
