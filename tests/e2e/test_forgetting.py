"""What was forgotten is in no byte below the data directory, with the shipped model and conversations on the disk."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import msgspec

from ai_server.llm.engine.spill import _PREAMBLE, _Header
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot
from tests.daemons import RunningDaemon, naila, until
from tests.robots import HeadlessRobot

WORD = "Zzyzxquillington"
OTHER = "Brobdingnagopolis"


def files_with(word: str, data: Path) -> list[str]:
    """The files that hold a word, in whichever capitals, in UTF-8, UTF-16 or as JSON escapes it."""
    spellings = [word.lower().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    files = [path for path in data.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(data)) for path in files if any(each in path.read_bytes().lower() for each in spellings)
    ]


def spilled(data: Path) -> dict[str, bytes]:
    """The conversations on the disk by their names, with the bytes of their tokens; prefixes are not among them."""
    found = {}
    for path in (data / "kv-cache").glob("*.kv"):
        content = path.read_bytes()
        _, header_bytes, _, _ = _PREAMBLE.unpack(content[: _PREAMBLE.size])
        header = msgspec.msgpack.decode(content[_PREAMBLE.size : _PREAMBLE.size + header_bytes], type=_Header)
        if not header.name.startswith("prefix:"):
            found[header.name] = msgspec.msgpack.encode(header.tokens)
    return found


def tell(robot: HeadlessRobot) -> None:
    """Have two people say words that nobody else says, and the robot say them again."""
    for user_id, word in (("ada", WORD), ("bob", OTHER)):
        robot.say(f"My name is {word}", user_id=user_id)
        robot.say(f"Tell me a story about {word} and a tree", user_id=user_id)
        robot.say(f"I am allergic to {word}", user_id=user_id)


def forget(broker: BrokerOptions, robot: HeadlessRobot, **scope: str) -> dict[str, int]:
    with Robot(broker, f"naila/ai/responses/memory/{robot.device_id}", client_id="listener") as listener:
        robot.control("forget", request_id="f1", **scope)
        answer = json.loads(listener.hear().payload)
    assert (answer["command"], answer["request_id"]) == ("forget", "f1")
    return dict(answer["erased"])


def test_after_forget_no_byte_is_left_also_of_what_the_engine_keeps(broker: BrokerOptions, tmp_path: Path):
    with naila(tmp_path, broker, LLM_SPILL_DISK_MB="64") as daemon, HeadlessRobot(broker, "rover") as robot:
        tell(robot)
        daemon.stop()  # writes conversations down
        before = spilled(daemon.data)
        assert set(before) == {"rover/ada", "rover/bob"}
        assert files_with(WORD, daemon.data)

        start_again(daemon)
        erased = forget(broker, robot, about=WORD)
        assert (erased["turns"], erased["names"], erased["scrubbed"]) == (3, 1, True)
        assert erased["facts"] >= 1
        assert files_with(WORD, daemon.data) == []
        assert set(spilled(daemon.data)) == {"rover/bob"}
        assert files_with(OTHER, daemon.data), "what was not forgotten is there"

        robot.say("Do you remember me?", user_id="ada")
        daemon.stop()
        assert files_with(WORD, daemon.data) == []
        assert "rover/ada" in spilled(daemon.data)


def start_again(daemon: RunningDaemon) -> None:
    daemon.start()
    daemon.wait_for("ready")


def test_killed_while_it_forgets_it_has_forgotten_all_or_nothing_once_it_is_back(broker: BrokerOptions, tmp_path: Path):
    with naila(tmp_path, broker, LLM_SPILL_DISK_MB="64") as daemon, HeadlessRobot(broker, "owl") as robot:
        tell(robot)
        robot.control("forget", about=WORD)
        database = daemon.data / "naila.db"
        until(
            lambda: b"by words" in database.with_name("naila.db-wal").read_bytes() or not files_with(WORD, daemon.data)
        )
        engine = daemon.engine_pid
        daemon.stop(signal.SIGKILL)
        until(lambda: not Path(f"/proc/{engine}").exists())  # it writes down what it has read
        start_again(daemon)
        until(lambda: not files_with(WORD, daemon.data))
        assert files_with(OTHER, daemon.data)


def test_beside_an_encrypted_database_no_conversation_is_on_the_disk(broker: BrokerOptions, tmp_path: Path):
    key, before = tmp_path / "key", tmp_path / "data" / "kv-cache" / f"{0:032x}.kv"
    key.write_text("5" * 64)
    before.parent.mkdir(parents=True)
    before.write_text(f"what somebody said of {WORD} before there was a key")
    with (
        naila(tmp_path, broker, LLM_SPILL_DISK_MB="64", NAILA_DATABASE_KEY_FILE=str(key)) as daemon,
        HeadlessRobot(broker, "rover") as robot,
    ):
        tell(robot)
        daemon.stop()
        assert not list((daemon.data / "kv-cache").iterdir())
        assert files_with(WORD, daemon.data) == []
