from __future__ import annotations

from ai_server.memory.privacy.audit import Audit, note
from ai_server.memory.storage.database import Database


async def test_who_did_what_is_told_with_the_newest_first(database: Database):
    audit = Audit(database)
    await audit.note("cli:root", "read", "robot rover", 3)
    await database.run(
        lambda connection: note(connection, who="mqtt:operator", what="export", scope="everything", count=70)
    )
    newest = await audit.newest(9)
    assert [(each.who, each.what, each.scope, each.count) for each in newest] == [
        ("mqtt:operator", "export", "everything", 70),
        ("cli:root", "read", "robot rover", 3),
    ]
    assert newest[0].at >= newest[1].at
    assert await audit.newest(1) == newest[:1]


async def test_of_too_many_entries_the_oldest_go(database: Database):
    audit = Audit(database, max_entries=3)
    for count in range(5):
        await audit.note("cli:root", "read", "everything", count)
    assert [each.count for each in await audit.newest(9)] == [4, 3, 2]
