"""What is stored of a turn with secrets."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from ai_server.dialogue.masked import masked
from ai_server.masking import Masking
from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import ActionMessage, Reply
from tests.migrated import new_database

US = Masking(("US",))
SECRETS = ("ada@example.com", "202-456-1414", "4111 1111 1111 1111")


def turn() -> Turn:
    email, phone, card = SECRETS
    return Turn(
        at=datetime(2026, 3, 1, tzinfo=UTC),
        words=f"My mail is {email}, call {phone}",
        reply=Reply(
            request_id="q1",
            device_id="rover",
            text=f"I will write to {email} and call {phone} at 17:30.",
            source="llm",
            actions=[
                ActionMessage(command_id="c1", request_id="q1", action="dial", arguments={"number": phone, "n": 3})
            ],
        ),
        facts=f"Saturday 14:05; remembers: you said your card is {card}",
        user_id="ada",
        learned=(
            NewFact(
                subject="user",
                kind="email",
                value=email,
                text=f"Your e-mail is {email}.",
                confidence=1.0,
                source="rule",
            ),
        ),
        trace={"route": "skill", "slots": {"to": email, "numbers": [phone, 1.5]}, "understood_ms": 0.25},
    )


async def test_nothing_of_a_secret_is_stored(tmp_path: Path) -> None:
    database = await new_database(tmp_path / "naila.db")
    turns = Turns(database)
    await turns.add(masked(turn(), US))
    stored = await turns.find("rover", "q1")
    assert stored is not None
    assert stored.words == "My mail is <email>, call <phone>"
    assert stored.reply.text == "I will write to <email> and call <phone> at 17:30."
    assert stored.facts == "Saturday 14:05; remembers: you said your card is <card>"
    assert stored.reply.actions[0].arguments == {"number": "<phone>", "n": 3}
    assert stored.trace == {
        "route": "skill",
        "slots": {"to": "<email>", "numbers": ["<phone>", 1.5]},
        "understood_ms": 0.25,
    }
    (fact,) = await Facts(database).known("rover", "ada")
    assert (fact.value, fact.text) == ("<email>", "Your e-mail is <email>.")
    await database.close()
    found = "".join(path.read_text(encoding="latin1") for path in tmp_path.glob("naila.db*"))
    assert "<email>" in found
    assert [secret for secret in SECRETS if secret in found] == []


def test_what_is_sent_stays_as_it_is() -> None:
    said = turn()
    before = deepcopy(said)
    masked(said, US)
    assert said == before
