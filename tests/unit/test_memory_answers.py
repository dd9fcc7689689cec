from __future__ import annotations

from ai_server.memory.privacy.answers import Answers
from ai_server.memory.storage.database import Database


async def test_an_answer_is_found_by_its_command_and_request(database: Database):
    answers = Answers(database)
    await answers.keep("memory.forget", "a1", b'{"ok": true}')
    assert await Answers(database).find("memory.forget", "a1") == b'{"ok": true}'
    assert await answers.find("memory.stats", "a1") is None
    assert await answers.find("memory.forget", "a2") is None


async def test_the_newest_answers_are_kept(database: Database):
    answers = Answers(database, max_kept=3)
    for number in range(5):
        await answers.keep("memory.stats", str(number), b"{}")
    assert [await answers.find("memory.stats", str(number)) for number in range(5)] == [None, None, b"{}", b"{}", b"{}"]
