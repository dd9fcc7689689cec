"""Turns: what is kept, and what of it is history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import TOKENS_AROUND_A_TURN, History, PastTurn, Turn, Turns, estimated_tokens
from ai_server.protocol.reply import ActionMessage, Reply, Timings, Usage

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def turn(number: int, *, device_id: str = "rover", words: str = "Hello", text: str = "Hi there", **reply: Any) -> Turn:
    return Turn(
        at=AT + timedelta(seconds=number),
        words=words,
        reply=Reply(**{"request_id": f"q{number}", "device_id": device_id, "text": text, "source": "llm"} | reply),
    )


def numbers(found: History) -> list[int]:
    return [int(each.request_id[1:]) for each in found.turns]


async def test_a_turn_comes_back_exactly_as_it_was_added(turns: Turns) -> None:
    stored = Turn(
        at=AT,
        words="Geh vor! 🤖 <|eot_id|>",
        facts="[Sunday 12:30; battery 80 %]",
        user_id="ada",
        person_emotion="sad",
        reply=Reply(
            request_id="q1",
            device_id="rover",
            timestamp=AT + timedelta(seconds=2),
            text="Schön, los!",
            emotion="happy",
            language="de",
            intent="motion",
            confidence=0.75,
            source="llm",
            finish_reason="length",
            actions=[ActionMessage(command_id="c1", request_id="q1", action="move", arguments={"cm": 5, "fast": True})],
            usage=Usage(prompt_tokens=100, cached_tokens=90, completion_tokens=12),
            timings=Timings(queue_ms=1.5, first_token_ms=40.25, total_ms=200.5, tokens_per_second=30.5),
        ),
    )
    assert await turns.add(stored) == []
    assert await turns.find("rover", "q1") == stored


async def test_times_of_any_zone_come_back_in_utc(turns: Turns) -> None:
    await turns.add(Turn(at=AT.astimezone(timezone(timedelta(hours=5))), words="Hi", reply=turn(1).reply))
    found = await turns.find("rover", "q1")
    assert found is not None
    assert (found.at, found.at.tzinfo) == (AT, UTC)


async def test_a_second_turn_of_the_same_request_is_refused_and_the_first_kept(turns: Turns) -> None:
    await turns.add(turn(1, text="first"))
    assert await turns.add(turn(1, text="second")) is None
    assert [each.text for each in (await turns.recent("rover", None, 1000)).turns] == ["first"]


async def test_robots_may_choose_the_same_request_id_and_see_only_their_own_turns(turns: Turns) -> None:
    await turns.add(turn(1, text="for the rover"))
    await turns.add(turn(1, device_id="owl", text="for the owl"))
    assert [each.text for each in (await turns.recent("owl", None, 1000)).turns] == ["for the owl"]
    assert await turns.find("cat", "q1") is None


async def test_a_recent_turn_has_all_that_the_model_was_told_of_it(turns: Turns) -> None:
    waved = ActionMessage(command_id="c1", request_id="q1", action="wave", arguments={"times": 2})
    said = turn(1, emotion="happy", actions=[waved])
    await turns.add(Turn(at=AT, words="Wave!", facts="Sunday 12:30", reply=said.reply))
    assert (await turns.recent("rover", None, 1000)).turns == (
        PastTurn(
            id=1,
            request_id="q1",
            facts="Sunday 12:30",
            words="Wave!",
            emotion="happy",
            text="Hi there",
            actions=(waved,),
        ),
    )


async def test_recent_turns_come_oldest_first(turns: Turns) -> None:
    for number in range(3):
        await turns.add(turn(number))
    assert numbers(await turns.recent("rover", None, 1000)) == [0, 1, 2]


@pytest.mark.parametrize("budget", [0, 1, 50, 75, 137, 400, 10_000])
async def test_history_holds_the_newest_turns_without_a_gap_and_never_exceeds_its_budget(
    turns: Turns, budget: int
) -> None:
    stored = [turn(number, words="word " * (1 + number % 7)) for number in range(40)]
    for number, newest in enumerate(stored):
        await turns.add(newest)
        found = numbers(await turns.recent("rover", None, budget))
        assert found == list(range(number + 1 - len(found), number + 1))
        assert sum(estimated_tokens(stored[each]) for each in found) <= budget


async def test_what_the_robot_said_of_its_own_accord_is_no_history(turns: Turns) -> None:
    for number, words in enumerate(["Hello", "", "How are you?"]):
        await turns.add(turn(number, words=words))
    assert numbers(await turns.recent("rover", None, 1000)) == [0, 2]
    last = await turns.last("rover", None)
    assert last is not None
    assert last.reply.request_id == "q2"


async def test_actions_come_back_with_the_time_at_which_they_expire(turns: Turns) -> None:
    action = ActionMessage(command_id="c", request_id="q1", action="wave", expires_at=datetime.now(UTC))
    reply = Reply(request_id="q1", device_id="rover", text="Hi", source="llm", actions=[action])
    await turns.add(Turn(at=datetime.now(UTC), words="Hello", reply=reply))
    found = await turns.find("rover", "q1")
    assert found is not None
    assert found.reply.to_json() == reply.to_json()


async def test_history_uses_at_least_half_of_its_budget_where_turns_are_short(turns: Turns) -> None:
    for number in range(60):
        await turns.add(turn(number))
    assert len(numbers(await turns.recent("rover", None, 400))) * estimated_tokens(turn(0)) >= 200


async def test_history_drops_old_turns_in_blocks_so_that_most_prompts_continue_the_one_before(turns: Turns) -> None:
    starts = []
    for number in range(100):
        await turns.add(turn(number))
        starts.append(numbers(await turns.recent("rover", None, 400))[0])
    assert starts[-1] > 50
    assert len(set(starts)) <= 100 * estimated_tokens(turn(0)) / 100 + 1


async def test_the_newest_turn_is_history_wherever_it_alone_fits(turns: Turns) -> None:
    await turns.add(turn(0, words="a" * 1400))
    await turns.add(turn(1, words="b" * 1300))
    assert numbers(await turns.recent("rover", None, estimated_tokens(turn(1, words="b" * 1300)))) == [1]


async def test_a_newest_turn_beyond_the_whole_budget_leaves_no_history(turns: Turns) -> None:
    await turns.add(turn(0))
    await turns.add(turn(1, words="a" * 4000))
    assert await turns.recent("rover", None, 500) == History(1, AT, left_until=2)


async def test_turns_that_failed_or_expired_are_no_history(turns: Turns) -> None:
    await turns.add(turn(0))
    await turns.add(turn(1, finish_reason="error"))
    await turns.add(turn(2, finish_reason="expired"))
    await turns.add(turn(3, finish_reason="length"))
    assert numbers(await turns.recent("rover", None, 1000)) == [0, 3]


async def test_a_cancelled_turn_is_history_only_where_something_was_said(turns: Turns) -> None:
    await turns.add(turn(0, finish_reason="cancelled", text="Once upon"))
    await turns.add(turn(1, finish_reason="cancelled", text=""))
    assert numbers(await turns.recent("rover", None, 1000)) == [0]


async def test_an_unknown_robot_has_no_history_and_nothing_to_repeat(turns: Turns) -> None:
    assert (await turns.recent("rover", None, 1000)).turns == ()
    assert await turns.last("rover", None) is None


async def test_the_last_turn_is_the_newest_in_which_something_was_said(turns: Turns) -> None:
    await turns.add(turn(0, text="Said"))
    await turns.add(turn(1, text="", finish_reason="cancelled"))
    found = await turns.last("rover", None)
    assert found is not None
    assert found.reply.text == "Said"


async def test_a_reset_begins_a_new_conversation_for_that_robot_alone(turns: Turns) -> None:
    await turns.add(turn(0))
    await turns.add(turn(0, device_id="owl"))
    await turns.reset("rover")
    assert (await turns.recent("rover", None, 1000)).turns == ()
    assert await turns.last("rover", None) is None
    assert numbers(await turns.recent("owl", None, 1000)) == [0]


async def test_a_reset_keeps_the_stored_replies(turns: Turns) -> None:
    await turns.add(turn(0))
    await turns.reset("rover")
    assert await turns.find("rover", "q0") is not None


async def test_resets_without_a_word_between_them_begin_one_conversation(turns: Turns, database: Database) -> None:
    await turns.reset("rover")
    await turns.add(turn(0))
    for _ in range(5):
        await turns.reset("rover")
    count = text("SELECT count(*) FROM conversations")
    assert await database.read(lambda connection: connection.execute(count).scalar_one()) == 2


async def test_people_have_conversations_of_their_own_with_one_robot(turns: Turns) -> None:
    for number, user_id in enumerate([None, "ada", "bob", "ada"]):
        await turns.add(replace(turn(number), user_id=user_id))
    assert [numbers(await turns.recent("rover", user_id, 1000)) for user_id in (None, "ada", "bob", "eve")] == [
        [0],
        [1, 3],
        [2],
        [],
    ]


async def test_a_person_hears_again_what_was_said_to_them_or_to_all(turns: Turns) -> None:
    await turns.add(replace(turn(0, text="The code is 4711"), user_id="ada"))
    assert await turns.last("rover", "bob") is None
    assert await turns.last("rover", None) is None
    await turns.add(turn(1, words="", text="Your tea is ready"))
    await turns.add(replace(turn(2, text="Hi Bob"), user_id="bob"))
    said = [await turns.last("rover", user_id) for user_id in ("ada", "bob", None)]
    assert [each and each.reply.text for each in said] == ["Your tea is ready", "Hi Bob", "Your tea is ready"]
    newest = await turns.last_of_robot("rover")
    assert newest is not None
    assert newest.reply.text == "Hi Bob"


async def test_a_reset_of_one_person_leaves_the_others_theirs(turns: Turns) -> None:
    for number, user_id in enumerate([None, "ada", "bob"]):
        await turns.add(replace(turn(number), user_id=user_id))
    assert await turns.reset("rover", "ada") == ["ada"]
    assert [numbers(await turns.recent("rover", user_id, 1000)) for user_id in (None, "ada", "bob")] == [[0], [], [2]]
    assert sorted(await turns.reset("rover")) == ["", "ada", "bob"]
    assert [numbers(await turns.recent("rover", user_id, 1000)) for user_id in (None, "ada", "bob")] == [[], [], []]
    assert await turns.last_of_robot("rover") is None


async def test_a_conversation_ends_after_a_pause_and_a_reply_can_be_heard_again_all_the_same(
    database: Database,
) -> None:
    clock = SimpleNamespace(now=AT)
    turns = Turns(database, pause=timedelta(minutes=30), now=lambda: clock.now)
    first = turn(0, timestamp=AT)
    await turns.add(first)
    clock.now = AT + timedelta(minutes=30)
    assert numbers(await turns.recent("rover", None, 1000)) == [0]
    clock.now += timedelta(seconds=1)
    assert await turns.recent("rover", None, 1000) == History()
    assert await turns.last("rover", None) == first
    await turns.add(replace(turn(1, timestamp=clock.now), at=clock.now))
    assert numbers(await turns.recent("rover", None, 1000)) == [1]


async def test_what_the_robot_says_of_its_own_accord_does_not_draw_a_conversation_out(database: Database) -> None:
    turns = Turns(database, pause=timedelta(minutes=30), now=lambda: AT + timedelta(minutes=45))
    await turns.add(turn(0, timestamp=AT))
    later = AT + timedelta(minutes=29)
    await turns.add(replace(turn(1, words="", timestamp=later), at=later))
    assert (await turns.recent("rover", None, 1000)).conversation_id is None


async def test_history_tells_which_turn_was_the_last_to_leave_it(turns: Turns) -> None:
    for number in range(40):
        await turns.add(turn(number))
        found = await turns.recent("rover", None, 400)
        assert found.left_until == found.turns[0].id - 1


async def test_what_the_words_tell_is_kept_with_the_turn_or_not_at_all(turns: Turns, database: Database) -> None:
    nuts = NewFact("user", "allergy", "nuts", "You are allergic to nuts.", 0.9, "rule")
    said = replace(turn(0), user_id="ada", learned=(nuts,))
    assert await turns.add(said, within=lambda _: False) is None
    facts = Facts(database)
    assert await facts.known("rover", "ada") == []
    await turns.add(said)
    (fact,) = await facts.known("rover", "ada")
    assert (fact.text, fact.turn_id, fact.learned_at) == (nuts.text, 1, said.at)
    assert await facts.known("rover", "bob") == []


async def test_turns_of_all_robots_and_conversations_are_counted(turns: Turns) -> None:
    await turns.add(turn(0))
    await turns.reset("rover")
    await turns.add(turn(1))
    await turns.add(turn(0, device_id="owl"))
    assert await turns.count() == 3


def test_tokens_are_estimated_from_all_bytes_of_the_prompt() -> None:
    plain = turn(0, words="1234567", text="")
    assert estimated_tokens(plain) == 2 + TOKENS_AROUND_A_TURN
    assert estimated_tokens(turn(0, words="ü" * 7, text="")) == 4 + TOKENS_AROUND_A_TURN
    action = ActionMessage(command_id="c", request_id="q0", action="move", arguments={"distance_cm": 50})
    assert estimated_tokens(turn(0, words="1234567", text="", actions=[action])) > estimated_tokens(plain)
